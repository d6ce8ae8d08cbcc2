//! Bounding-volume hierarchy over triangles: built once by the surface-area heuristic, walked alike by CPU and GPU.
//!
//! Rays are segments `origin + t·direction`; `t` is in units of the direction's length. A ray that starts on a plane names
//! it, and triangles of that plane are not hit: exact, and without an epsilon.

use super::scene::Triangle;
use glam::Vec3;

/// No plane is left out.
pub const NO_PLANE: u32 = u32::MAX;
/// Most triangles in a leaf that could still be split.
const LEAF: usize = 4;
/// Bins of the surface-area heuristic.
const BINS: usize = 16;
/// From this depth on nodes are split in halves, which bounds the depth whatever the geometry.
const SAH_DEPTH: u32 = 32;
/// Deepest stack of a walk: SAH levels and then log₂ of at most 2²⁴ triangles, with one waiting sibling a level.
pub const STACK: usize = 64;
/// By how much a triangle is widened, in barycentric units, so that rays do not slip through shared edges.
const SEAM: f32 = 1e-5;
/// A ray lies in a triangle's plane when their determinant is smaller than this.
const PARALLEL: f32 = 1e-12;
/// Direction components smaller than this are taken as this in the slab test, so that no 0 · ∞ appears.
const TINY: f32 = 1e-20;

/// An inner node or a leaf, 32 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "gpu", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[repr(C)]
pub struct Node {
    /// Least corner of the box.
    pub lo: [f32; 3],
    /// Leaf: the first triangle. Inner node: the first of its two children, which are neighbours.
    pub first: u32,
    /// Greatest corner of the box.
    pub hi: [f32; 3],
    /// Leaf: number of triangles. Inner node: 0.
    pub count: u32,
}

/// What a ray meets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Where along the ray.
    pub t: f32,
    /// Which triangle, in the order of the hierarchy.
    pub triangle: u32,
}

#[derive(Clone, Copy)]
struct Bounds {
    lo: Vec3,
    hi: Vec3,
}

impl Bounds {
    const EMPTY: Self = Self { lo: Vec3::INFINITY, hi: Vec3::NEG_INFINITY };

    fn of(t: &Triangle) -> Self {
        let [a, b, c] = t.corners();
        Self { lo: a.min(b).min(c), hi: a.max(b).max(c) }
    }

    fn join(self, o: Self) -> Self {
        Self { lo: self.lo.min(o.lo), hi: self.hi.max(o.hi) }
    }

    /// Half the surface area; 0 when empty.
    fn area(self) -> f32 {
        let d = (self.hi - self.lo).max(Vec3::ZERO);
        d.x * d.y + d.y * d.z + d.z * d.x
    }
}

/// Orders `triangles` by leaves and gives the nodes; the root is node 0. No triangles, no nodes.
pub fn build(triangles: &mut [Triangle]) -> Vec<Node> {
    if triangles.is_empty() {
        return Vec::new();
    }
    let mut items: Vec<(Bounds, Triangle)> = triangles.iter().map(|t| (Bounds::of(t), *t)).collect();
    let mut nodes = vec![Node::default()];
    let mut open = vec![(0usize, 0usize, items.len(), 0u32)];
    while let Some((index, start, end, depth)) = open.pop() {
        let slice = &mut items[start..end];
        let bounds = slice.iter().fold(Bounds::EMPTY, |b, (i, _)| b.join(*i));
        let split = if slice.len() <= 1 { None } else { split(slice, bounds, depth) };
        let node = Node { lo: bounds.lo.into(), hi: bounds.hi.into(), first: start as u32, count: slice.len() as u32 };
        nodes[index] = node;
        if let Some(at) = split {
            let child = nodes.len();
            nodes[index] = Node { first: child as u32, count: 0, ..node };
            nodes.extend([Node::default(); 2]);
            open.push((child, start, start + at, depth + 1));
            open.push((child + 1, start + at, end, depth + 1));
        }
    }
    for (to, (_, from)) in triangles.iter_mut().zip(items) {
        *to = from;
    }
    nodes
}

/// Partitions the items and tells where the second half begins; `None` where a leaf is cheaper.
fn split(items: &mut [(Bounds, Triangle)], bounds: Bounds, depth: u32) -> Option<usize> {
    let centre = |b: &Bounds| (b.lo + b.hi) * 0.5;
    let centres = items.iter().fold(Bounds::EMPTY, |b, (i, _)| b.join(Bounds { lo: centre(i), hi: centre(i) }));
    let extent = centres.hi - centres.lo;
    let axis = extent.max_position();
    let halves = |items: &mut [(Bounds, Triangle)]| {
        let middle = items.len() / 2;
        items.select_nth_unstable_by(middle, |a, b| centre(&a.0)[axis].total_cmp(&centre(&b.0)[axis]));
        Some(middle)
    };
    if depth >= SAH_DEPTH {
        return if items.len() <= LEAF { None } else { halves(items) };
    }
    let scale = BINS as f32 / extent[axis];
    if !scale.is_finite() {
        return if items.len() <= LEAF { None } else { halves(items) };
    }
    let bin_of = |b: &Bounds| (((centre(b)[axis] - centres.lo[axis]) * scale) as usize).min(BINS - 1);
    let mut bins = [(Bounds::EMPTY, 0usize); BINS];
    for (b, _) in items.iter() {
        let bin = &mut bins[bin_of(b)];
        *bin = (bin.0.join(*b), bin.1 + 1);
    }
    let mut right = [(0.0f32, 0usize); BINS];
    let mut tail = (Bounds::EMPTY, 0);
    for i in (1..BINS).rev() {
        tail = (tail.0.join(bins[i].0), tail.1 + bins[i].1);
        right[i] = (tail.0.area(), tail.1);
    }
    let mut best = (f32::INFINITY, 0);
    let mut head = (Bounds::EMPTY, 0);
    for i in 1..BINS {
        head = (head.0.join(bins[i - 1].0), head.1 + bins[i - 1].1);
        let cost = head.0.area() * head.1 as f32 + right[i].0 * right[i].1 as f32;
        if head.1 > 0 && right[i].1 > 0 && cost < best.0 {
            best = (cost, i);
        }
    }
    // A visit of a node costs about as much as a triangle.
    let leaf_cost = bounds.area() * (items.len() as f32 - 1.0);
    if best.1 == 0 || (items.len() <= LEAF && best.0 >= leaf_cost) {
        return if items.len() <= LEAF { None } else { halves(items) };
    }
    let mut at = 0;
    for i in 0..items.len() {
        if bin_of(&items[i].0) < best.1 {
            items.swap(i, at);
            at += 1;
        }
    }
    Some(at)
}

/// Where the ray enters the node's box, if it does before `limit`.
#[inline]
fn enter(node: &Node, origin: Vec3, inverse: Vec3, limit: f32) -> Option<f32> {
    let a = (Vec3::from(node.lo) - origin) * inverse;
    let b = (Vec3::from(node.hi) - origin) * inverse;
    let near = a.min(b).max_element().max(0.0);
    let far = a.max(b).min_element().min(limit);
    (near <= far).then_some(near)
}

/// Where the ray meets the triangle (Möller & Trumbore 1997), either side.
#[inline]
fn intersect(triangle: &Triangle, origin: Vec3, direction: Vec3) -> Option<f32> {
    let (e1, e2) = (Vec3::from(triangle.e1), Vec3::from(triangle.e2));
    let p = direction.cross(e2);
    let determinant = e1.dot(p);
    if determinant.abs() < PARALLEL {
        return None;
    }
    let inverse = 1.0 / determinant;
    let s = origin - Vec3::from(triangle.v0);
    let u = s.dot(p) * inverse;
    let q = s.cross(e1);
    let v = direction.dot(q) * inverse;
    let inside = u >= -SEAM && v >= -SEAM && u + v <= 1.0 + SEAM;
    inside.then(|| e2.dot(q) * inverse)
}

fn inverse(direction: Vec3) -> Vec3 {
    let one = |d: f32| 1.0 / if d.abs() < TINY { TINY.copysign(d) } else { d };
    Vec3::new(one(direction.x), one(direction.y), one(direction.z))
}

/// The first triangle with 0 < t < `limit` that is not of the plane `except`. With `any`, some triangle instead of the
/// first.
pub fn trace(
    nodes: &[Node],
    triangles: &[Triangle],
    origin: Vec3,
    direction: Vec3,
    limit: f32,
    except: u32,
    any: bool,
) -> Option<Hit> {
    let inverse = inverse(direction);
    let mut best: Option<Hit> = None;
    let mut limit = limit;
    let mut stack = [(0u32, 0.0f32); STACK];
    let mut top = 0;
    let mut next = nodes.first().and_then(|n| enter(n, origin, inverse, limit)).map(|_| 0u32);
    while let Some(index) = next {
        let node = &nodes[index as usize];
        next = None;
        if node.count > 0 {
            for i in node.first..node.first + node.count {
                let triangle = &triangles[i as usize];
                if triangle.plane == except {
                    continue;
                }
                if let Some(t) = intersect(triangle, origin, direction).filter(|t| *t > 0.0 && *t < limit) {
                    limit = t;
                    best = Some(Hit { t, triangle: i });
                    if any {
                        return best;
                    }
                }
            }
        } else {
            let (left, right) = (node.first, node.first + 1);
            let a = enter(&nodes[left as usize], origin, inverse, limit);
            let b = enter(&nodes[right as usize], origin, inverse, limit);
            match (a, b) {
                (Some(a), Some(b)) => {
                    let (near, far) = if a <= b { (left, (right, b)) } else { (right, (left, a)) };
                    next = Some(near);
                    stack[top] = far;
                    top += 1;
                }
                (Some(_), None) => next = Some(left),
                (None, Some(_)) => next = Some(right),
                (None, None) => {}
            }
        }
        while next.is_none() && top > 0 {
            top -= 1;
            let (index, near) = stack[top];
            if near < limit {
                next = Some(index);
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn soup(seed: u64, n: usize) -> Vec<Triangle> {
        let mut state = seed | 1;
        let mut unit = move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 40) as f32 / (1u32 << 24) as f32
        };
        let mut point = |spread: f32| Vec3::new(unit() - 0.5, unit() - 0.5, unit() - 0.5) * spread;
        (0..n)
            .map(|i| {
                let at = point(100.0);
                Triangle::new([at, at + point(10.0), at + point(10.0)], i as u32, 0)
            })
            .collect()
    }

    #[test]
    fn equal_triangles_still_give_a_bounded_tree() {
        let one = soup(1, 1)[0];
        let mut many = vec![one; 1000];
        let nodes = build(&mut many);
        assert!(nodes.iter().all(|n| n.count as usize <= LEAF));
        assert_eq!(nodes.iter().map(|n| n.count).sum::<u32>(), 1000);
    }

    proptest! {
        #[test]
        fn the_first_hit_is_that_of_trying_every_triangle(seed in 0u64..1000, x in -60.0..60.0f32, y in -60.0..60.0f32, z in -60.0..60.0f32, dx in -1.0..1.0f32, dy in -1.0..1.0f32, dz in -1.0..1.0f32) {
            let mut triangles = soup(seed, 300);
            let nodes = build(&mut triangles);
            let (o, d) = (Vec3::new(x, y, z), Vec3::new(dx, dy, dz));
            let expected = triangles.iter().filter_map(|t| intersect(t, o, d)).filter(|t| *t > 0.0).fold(f32::INFINITY, f32::min);
            let found = trace(&nodes, &triangles, o, d, f32::INFINITY, NO_PLANE, false).map_or(f32::INFINITY, |h| h.t);
            prop_assert_eq!(found, expected);
            let blocked = trace(&nodes, &triangles, o, d, f32::INFINITY, NO_PLANE, true).is_some();
            prop_assert_eq!(blocked, expected.is_finite());
        }
    }
}
