//! The hierarchy as the CPU walks it: four boxes and four facets at a time, one in each lane of a SIMD register.
//!
//! It is the binary hierarchy of [`super::bvh`] with every other level taken out, so both backends meet the same facets.
//!
//! | module | what lives there |
//! |---|---|
//! | `lanes` | four boxes and four facets, and how a ray meets them |
//! | `search` | walks that look for the first facet, for any, or for all |
//! | `leaves` | what reaches into a shaft, looked up once for many rays |

mod lanes;
mod leaves;
mod search;

pub use lanes::Four;
pub use search::{Hint, MAX_HITS};

use super::bvh::Node;
use super::facet::Facet;
use glam::Vec3;
use lanes::{Branch, LANES, Pack, lanes};

/// Marks a leaf among children.
const LEAF: u32 = 1 << 31;
/// No child.
const NONE: u32 = u32::MAX;
/// Children that wait in one frame of a walk; a deeper walk goes on in a further frame.
const WAITING: usize = 32;

/// The hierarchy.
#[derive(Clone, Debug, Default)]
pub struct Wide {
    branches: Vec<Branch>,
    packs: Vec<Pack>,
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

#[cfg(test)]
mod tests {
    use super::super::bvh::{NO_PLANE, SEAM, build};
    use super::super::facet::Span;
    use super::super::shaft::Shaft;
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
                let found = wide.first_hit(o, d, f32::INFINITY, except, &mut Hint::default()).map_or(f32::INFINITY, |h| h.t);
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
        let hit = wide
            .first_hit(Vec3::new(0.3, 0.2, -5.0), Vec3::Z, f32::INFINITY, NO_PLANE, &mut Hint::default())
            .expect("a hit");
        assert_eq!(facets[hit.facet as usize].plane, 0);
    }
}
