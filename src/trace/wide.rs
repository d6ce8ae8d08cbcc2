//! The hierarchy as the CPU walks it: four boxes and four facets at a time, one in each lane of a SIMD register.
//!
//! It is the binary hierarchy of [`super::bvh`] with every other level taken out, so both backends meet the same facets.

use super::bvh::{Hit, Node, PARALLEL, SEAM, TINY};
use super::facet::{Facet, Span};
use super::shaft::Shaft;
use glam::Vec3;
use wide::{f32x4, u32x4};

/// Children of a node, and facets of a leaf.
const LANES: usize = 4;
/// Marks a leaf among children.
const LEAF: u32 = 1 << 31;
/// No child.
const NONE: u32 = u32::MAX;
/// Most facets that a search for all of them gives.
pub const MAX_HITS: usize = 8;
/// Children that wait in one frame of a walk; a deeper walk goes on in a further frame.
const WAITING: usize = 32;

/// Four vectors.
pub type Four = [f32x4; 3];

fn splat(v: Vec3) -> Four {
    v.to_array().map(f32x4::splat)
}

fn cross(a: &Four, b: &Four) -> Four {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn dot(a: &Four, b: &Four) -> f32x4 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Vectors lane by lane.
fn lanes(of: impl Fn(usize) -> [f32; 3]) -> Four {
    let all: [[f32; 3]; LANES] = std::array::from_fn(of);
    std::array::from_fn(|axis| f32x4::new(all.map(|v| v[axis])))
}

/// An inner node: the boxes of its children, and which they are.
#[derive(Clone, Copy, Debug)]
struct Branch {
    /// Least corners, then greatest ones.
    corners: [Four; 2],
    children: [u32; LANES],
}

/// The facets of a leaf.
#[derive(Clone, Copy, Debug)]
struct Pack {
    v0: Four,
    e1: Four,
    e2: Four,
    /// 1 for triangles, where u + v is bounded; 0 for parallelograms, where u is.
    slant: f32x4,
    plane: u32x4,
    facets: [u32; LANES],
}

/// The hierarchy.
#[derive(Clone, Debug, Default)]
pub struct Wide {
    branches: Vec<Branch>,
    packs: Vec<Pack>,
}

/// A ray, made ready.
struct Ray {
    origin: Four,
    direction: Four,
    inverse: Four,
    /// For each axis, which of a box's corners it meets first.
    first: [usize; 3],
    except: [u32x4; 2],
}

impl Wide {
    /// The hierarchy over `nodes`, whose leaves hold at most four of `facets` each.
    pub fn of(nodes: &[Node], facets: &[Facet]) -> Self {
        let mut wide = Self::default();
        if nodes.is_empty() {
            return wide;
        }
        // Children are filled in after their parent: the node they stand for waits in `open`.
        wide.branches.push(Branch::EMPTY);
        let mut open = vec![(0usize, children_of(nodes, 0))];
        while let Some((index, children)) = open.pop() {
            let mut numbers = [NONE; LANES];
            for (number, child) in numbers.iter_mut().zip(&children) {
                let node = &nodes[*child as usize];
                if node.count > 0 {
                    *number = LEAF | wide.packs.len() as u32;
                    wide.packs.push(Pack::of(facets, node));
                } else {
                    *number = wide.branches.len() as u32;
                    open.push((wide.branches.len(), children_of(nodes, *child)));
                    wide.branches.push(Branch::EMPTY);
                }
            }
            let corner = |of: fn(&Node) -> [f32; 3], empty: f32| {
                lanes(|lane| children.get(lane).map_or([empty; 3], |child| of(&nodes[*child as usize])))
            };
            let corners = [corner(|n| n.lo, f32::INFINITY), corner(|n| n.hi, f32::NEG_INFINITY)];
            wide.branches[index] = Branch { corners, children: numbers };
        }
        wide
    }

    /// The first facet with 0 < t < `limit` along `origin + t·direction` that is not of the plane `except`.
    pub fn first_hit(&self, origin: Vec3, direction: Vec3, limit: f32, except: u32) -> Option<Hit> {
        let ray = self.ray(origin, direction, [except; 2])?;
        let mut nearest = Nearest { limit, hit: None };
        self.walk(&ray, 0, &mut nearest);
        nearest.hit
    }

    /// Any facet that is of neither plane of `except`. The leaf in which it was found is put into `hint`.
    pub fn any_hit(&self, origin: Vec3, direction: Vec3, limit: f32, except: [u32; 2], hint: &mut Hint) -> Option<u32> {
        let mut any = Any { limit, facet: None };
        *hint = Hint(self.walk(&self.ray(origin, direction, except)?, 0, &mut any)?);
        any.facet
    }

    /// The same, but only where one was found before.
    pub fn hit_again(&self, origin: Vec3, direction: Vec3, limit: f32, except: [u32; 2], hint: Hint) -> Option<u32> {
        let mut any = Any { limit, facet: None };
        let pack = self.packs.get(hint.0 as usize)?;
        pack.meet(&self.ray(origin, direction, except)?, &mut any);
        any.facet
    }

    /// Puts the leaves that may reach into `shaft` into `leaves`; whether there are `most` of them at most.
    pub fn leaves_in(&self, shaft: &Shaft, most: usize, leaves: &mut Vec<u32>) -> bool {
        leaves.clear();
        let mut waiting = [0u32; WAITING];
        let mut top = usize::from(!self.branches.is_empty());
        while top > 0 {
            top -= 1;
            let branch = &self.branches[waiting[top] as usize];
            let mut met = shaft.touches(&branch.corners);
            while met != 0 {
                let child = branch.children[met.trailing_zeros() as usize];
                met &= met - 1;
                let full = if child & LEAF != 0 { leaves.len() == most } else { top == WAITING };
                if full {
                    return false;
                }
                if child & LEAF != 0 {
                    leaves.push(child & !LEAF);
                } else {
                    waiting[top] = child;
                    top += 1;
                }
            }
        }
        true
    }

    /// As [`Wide::any_hit`], in these leaves alone. That in which a facet was found is put first.
    pub fn any_hit_in(
        &self,
        leaves: &mut [u32],
        origin: Vec3,
        direction: Vec3,
        limit: f32,
        except: [u32; 2],
    ) -> Option<u32> {
        if leaves.is_empty() {
            return None;
        }
        let ray = self.ray(origin, direction, except)?;
        let mut any = Any { limit, facet: None };
        let found = leaves.iter().position(|leaf| self.packs[*leaf as usize].meet(&ray, &mut any))?;
        leaves.swap(0, found);
        any.facet
    }

    /// A facet of each plane that is met, but for the planes of `except`, in order; `None` where there are more than `most`.
    pub fn all_hits(
        &self,
        origin: Vec3,
        direction: Vec3,
        limit: f32,
        except: [u32; 2],
        most: usize,
    ) -> Option<impl Iterator<Item = Hit>> {
        let nowhere = (Hit { t: 0.0, facet: NONE }, NONE);
        let mut all = All { limit, most, hits: [nowhere; MAX_HITS], count: 0 };
        let too_many = self.ray(origin, direction, except).is_some_and(|ray| self.walk(&ray, 0, &mut all).is_some());
        let All { mut hits, count, .. } = all;
        hits[..count].sort_unstable_by(|a, b| a.0.t.total_cmp(&b.0.t));
        (!too_many).then(|| hits.into_iter().take(count).map(|(hit, _)| hit))
    }

    /// A ray made ready; `None` where there is nothing to meet. Comparisons take a number that is none for one that fits,
    /// so there is no such ray.
    fn ray(&self, origin: Vec3, direction: Vec3, except: [u32; 2]) -> Option<Ray> {
        let sound = !self.branches.is_empty() && origin.is_finite() && direction.is_finite();
        sound.then(|| Ray::new(origin, direction, except))
    }

    /// Walks the part below `start`; the leaf in which the search ended before its time.
    fn walk<S: Search>(&self, ray: &Ray, start: u32, search: &mut S) -> Option<u32> {
        let mut waiting = [(0u32, 0.0f32); WAITING];
        let mut top = 0;
        let mut next = Some(start);
        while let Some(index) = next {
            next = None;
            if index & LEAF != 0 {
                let pack = index & !LEAF;
                if self.packs[pack as usize].meet(ray, search) {
                    return Some(pack);
                }
            } else {
                let branch = &self.branches[index as usize];
                let (near, mut met) = branch.enter(ray, search.limit());
                let near = near.to_array();
                let from = top;
                while met != 0 {
                    let lane = met.trailing_zeros() as usize;
                    met &= met - 1;
                    if top == WAITING {
                        let ended = self.walk(ray, branch.children[lane], search);
                        if ended.is_some() {
                            return ended;
                        }
                        continue;
                    }
                    // The nearest comes last, to be taken first.
                    let mut at = top;
                    while S::NEAREST_FIRST && at > from && waiting[at - 1].1 < near[lane] {
                        waiting[at] = waiting[at - 1];
                        at -= 1;
                    }
                    waiting[at] = (branch.children[lane], near[lane]);
                    top += 1;
                }
            }
            while next.is_none() && top > 0 {
                top -= 1;
                let (index, near) = waiting[top];
                if !S::NEAREST_FIRST || near < search.limit() {
                    next = Some(index);
                }
            }
        }
        None
    }
}

/// Up to four nodes that stand for the node `of`: its children, the largest inner ones replaced by their own.
fn children_of(nodes: &[Node], of: u32) -> Vec<u32> {
    let area = |n: u32| {
        let node = &nodes[n as usize];
        let d = Vec3::from(node.hi) - Vec3::from(node.lo);
        d.x * d.y + d.y * d.z + d.z * d.x
    };
    let mut found = vec![of];
    while found.len() < LANES {
        let inner = (0..found.len()).filter(|i| nodes[found[*i] as usize].count == 0);
        let Some(largest) = inner.max_by(|a, b| area(found[*a]).total_cmp(&area(found[*b]))) else { break };
        let first = nodes[found[largest] as usize].first;
        found[largest] = first;
        found.push(first + 1);
    }
    found
}

/// What a walk looks for.
trait Search {
    /// Whether boxes are walked from near to far.
    const NEAREST_FIRST: bool;
    /// How far to look.
    fn limit(&self) -> f32;
    /// Hears of a facet that is met before the limit; whether that ends the search.
    fn hear(&mut self, hit: Hit, plane: u32) -> bool;
}

/// Looks for the first facet.
struct Nearest {
    limit: f32,
    hit: Option<Hit>,
}

impl Search for Nearest {
    const NEAREST_FIRST: bool = true;

    fn limit(&self) -> f32 {
        self.limit
    }

    fn hear(&mut self, hit: Hit, _: u32) -> bool {
        if hit.t < self.limit {
            self.limit = hit.t;
            self.hit = Some(hit);
        }
        false
    }
}

/// Looks for any facet.
struct Any {
    limit: f32,
    facet: Option<u32>,
}

impl Search for Any {
    const NEAREST_FIRST: bool = false;

    fn limit(&self) -> f32 {
        self.limit
    }

    fn hear(&mut self, hit: Hit, _: u32) -> bool {
        self.facet = Some(hit.facet);
        true
    }
}

/// Looks for every facet, up to so many. Facets of one plane are one wall: a ray comes through a plane once.
struct All {
    limit: f32,
    most: usize,
    hits: [(Hit, u32); MAX_HITS],
    count: usize,
}

impl Search for All {
    const NEAREST_FIRST: bool = false;

    fn limit(&self) -> f32 {
        self.limit
    }

    fn hear(&mut self, hit: Hit, plane: u32) -> bool {
        if self.hits[..self.count].iter().any(|(_, p)| *p == plane) {
            return false;
        }
        if self.count == self.most.min(MAX_HITS) {
            return true;
        }
        self.hits[self.count] = (hit, plane);
        self.count += 1;
        false
    }
}

/// The leaf that hid something last.
#[derive(Clone, Copy, Debug)]
pub struct Hint(u32);

impl Default for Hint {
    fn default() -> Self {
        Self(NONE)
    }
}

impl Ray {
    fn new(origin: Vec3, direction: Vec3, except: [u32; 2]) -> Self {
        let one = |d: f32| 1.0 / if d.abs() < TINY { TINY.copysign(d) } else { d };
        let inverse = direction.to_array().map(one);
        Self {
            origin: splat(origin),
            direction: splat(direction),
            inverse: inverse.map(f32x4::splat),
            first: inverse.map(|d| usize::from(d < 0.0)),
            except: except.map(u32x4::splat),
        }
    }
}

impl Branch {
    const EMPTY: Self = Self {
        corners: [[f32x4::splat(f32::INFINITY); 3], [f32x4::splat(f32::NEG_INFINITY); 3]],
        children: [NONE; LANES],
    };

    /// Where the ray enters each box, and a bit for each box that it enters before `limit`.
    #[inline]
    fn enter(&self, ray: &Ray, limit: f32) -> (f32x4, u32) {
        let (mut near, mut far) = (f32x4::splat(0.0), f32x4::splat(limit));
        for axis in 0..3 {
            let first = ray.first[axis];
            let at = |corner: usize| (self.corners[corner][axis] - ray.origin[axis]) * ray.inverse[axis];
            near = at(first).fast_max(near);
            far = at(1 - first).fast_min(far);
        }
        (near, near.simd_le(far).to_bitmask())
    }
}

impl Pack {
    fn of(facets: &[Facet], node: &Node) -> Self {
        let at = |lane: usize| {
            let facet = ((lane as u32) < node.count).then(|| facets[node.first as usize + lane]);
            facet.unwrap_or_default()
        };
        let slant = |lane| if at(lane).span == Span::Parallelogram as u32 { 0.0 } else { 1.0 };
        Self {
            v0: lanes(|lane| at(lane).v0),
            e1: lanes(|lane| at(lane).e1),
            e2: lanes(|lane| at(lane).e2),
            slant: f32x4::new(std::array::from_fn(slant)),
            plane: u32x4::new(std::array::from_fn(|lane| at(lane).plane)),
            facets: std::array::from_fn(|lane| node.first + lane as u32),
        }
    }

    /// Meets all four (Möller & Trumbore 1997), either side; whether that ends the search.
    #[inline]
    fn meet<S: Search>(&self, ray: &Ray, search: &mut S) -> bool {
        let p = cross(&ray.direction, &self.e2);
        let determinant = dot(&self.e1, &p);
        let inverse = f32x4::splat(1.0) / determinant;
        let s: Four = std::array::from_fn(|axis| ray.origin[axis] - self.v0[axis]);
        let u = dot(&s, &p) * inverse;
        let q = cross(&s, &self.e1);
        let v = dot(&ray.direction, &q) * inverse;
        let t = dot(&self.e2, &q) * inverse;
        let (least, most) = (f32x4::splat(-SEAM), f32x4::splat(1.0 + SEAM));
        let inside = u.simd_ge(least) & v.simd_ge(least) & v.simd_le(most) & (u + self.slant * v).simd_le(most);
        let ahead = t.simd_gt(f32x4::splat(0.0)) & t.simd_lt(f32x4::splat(search.limit()));
        let meets = inside & ahead & determinant.abs().simd_ge(f32x4::splat(PARALLEL));
        let left_out = self.plane.simd_eq(ray.except[0]) | self.plane.simd_eq(ray.except[1]);
        let mut met = meets.to_bitmask() & !left_out.to_bitmask();
        let t = t.to_array();
        while met != 0 {
            let lane = met.trailing_zeros() as usize;
            met &= met - 1;
            if search.hear(Hit { t: t[lane], facet: self.facets[lane] }, self.plane.as_array()[lane]) {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::bvh::{NO_PLANE, build};
    use super::*;
    use proptest::prelude::*;

    /// Facets here and there, every third a parallelogram.
    fn soup(seed: u64, n: usize) -> Vec<Facet> {
        let mut state = seed | 1;
        let mut unit = move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 40) as f32 / (1u32 << 24) as f32
        };
        let mut point = |spread: f32| Vec3::new(unit() - 0.5, unit() - 0.5, unit() - 0.5) * spread;
        (0..n)
            .map(|i| {
                let at = point(100.0);
                let span = if i % 3 == 0 { Span::Parallelogram } else { Span::Triangle };
                Facet::new([at, at + point(10.0), at + point(10.0)], span, i as u32, 0)
            })
            .collect()
    }

    /// Where the ray meets one facet (Möller & Trumbore 1997).
    fn intersect(facet: &Facet, origin: Vec3, direction: Vec3) -> Option<f32> {
        let (e1, e2) = (Vec3::from(facet.e1), Vec3::from(facet.e2));
        let p = direction.cross(e2);
        let inverse = 1.0 / e1.dot(p);
        let s = origin - Vec3::from(facet.v0);
        let u = s.dot(p) * inverse;
        let q = s.cross(e1);
        let v = direction.dot(q) * inverse;
        let most = if facet.span == Span::Triangle as u32 { u + v } else { u.max(v) };
        let t = e2.dot(q) * inverse;
        (u >= -SEAM && v >= -SEAM && most <= 1.0 + SEAM && t > 0.0).then_some(t)
    }

    proptest! {
        #[test]
        fn the_first_hit_is_that_of_trying_every_facet(seed in 0u64..1000, x in -60.0..60.0f32, y in -60.0..60.0f32, z in -60.0..60.0f32, dx in -1.0..1.0f32, dy in -1.0..1.0f32, dz in -1.0..1.0f32, except in 0u32..300) {
            let mut facets = soup(seed, 300);
            let nodes = build(&mut facets);
            let wide = Wide::of(&nodes, &facets);
            let (o, d) = (Vec3::new(x, y, z), Vec3::new(dx, dy, dz));
            for except in [NO_PLANE, except] {
                let others = facets.iter().filter(|f| f.plane != except);
                let expected = others.filter_map(|t| intersect(t, o, d)).fold(f32::INFINITY, f32::min);
                let found = wide.first_hit(o, d, f32::INFINITY, except).map_or(f32::INFINITY, |h| h.t);
                let same = found == expected || (found / expected - 1.0).abs() < 1e-4;
                prop_assert!(same, "{found} {expected}");
                let mut hint = Hint::default();
                let any = wide.any_hit(o, d, f32::INFINITY, [except; 2], &mut hint);
                prop_assert_eq!(any.is_some(), expected.is_finite());
                prop_assert_eq!(wide.hit_again(o, d, f32::INFINITY, [except; 2], hint), any);
            }
        }

        #[test]
        fn what_hides_a_point_from_another_is_in_the_shaft_between_them(seed in 0u64..1000, x in -60.0..60.0f32, y in -60.0..60.0f32, z in -60.0..60.0f32, u in 0.0..1.0f32, v in 0.0..1.0f32, start in 0.0..0.5f32) {
            let mut facets = soup(seed, 300);
            let nodes = build(&mut facets);
            let wide = Wide::of(&nodes, &facets);
            let (apex, first) = (Vec3::new(x, y, z), Vec3::new(z, x, y) * 0.5);
            let ends = [first, first + Vec3::X * 20.0, first + Vec3::new(20.0, 15.0, 0.0), first + Vec3::Y * 15.0];
            let starts = ends.map(|end| apex.lerp(end, start));
            let mut leaves = Vec::new();
            prop_assert!(wide.leaves_in(&Shaft::between(apex, &starts, &ends), facets.len(), &mut leaves));
            let to = first + Vec3::new(20.0 * u, 15.0 * v, 0.0);
            let from = apex.lerp(to, start);
            let expected = wide.any_hit(from, to - from, 1.0, [NO_PLANE; 2], &mut Hint::default());
            let found = wide.any_hit_in(&mut leaves, from, to - from, 1.0, [NO_PLANE; 2]);
            prop_assert_eq!(found.is_some(), expected.is_some());
            if found.is_some() {
                prop_assert_eq!(wide.any_hit_in(&mut leaves[..1], from, to - from, 1.0, [NO_PLANE; 2]), found);
            }
        }
    }

    #[test]
    fn a_walk_deeper_than_a_frame_still_finds_the_facet() {
        // Boxes within boxes, all of which every ray enters.
        let mut facets: Vec<Facet> = (0..2000)
            .map(|i| {
                let size = 1.0 + i as f32;
                let corners =
                    [Vec3::new(-size, -size, size), Vec3::new(size, -size, size), Vec3::new(-size, size, size)];
                Facet::new(corners, Span::Parallelogram, i, 0)
            })
            .collect();
        let wide = Wide::of(&build(&mut facets), &facets);
        let hit = wide.first_hit(Vec3::new(0.3, 0.2, -5.0), Vec3::Z, f32::INFINITY, NO_PLANE).expect("a hit");
        assert_eq!(facets[hit.facet as usize].plane, 0);
    }
}
