//! Bounding-volume hierarchy over facets: built once by the surface-area heuristic. The GPU walks it as it is, the CPU four
//! boxes at a time ([`super::wide`]).
//!
//! Rays are segments `origin + t·direction`; `t` is in units of the direction's length. A ray that starts on a plane names
//! it, and facets of that plane are not hit: exact, and without an epsilon.

use super::facet::Facet;
use bytemuck::{Pod, Zeroable};
use glam::Vec3;

/// No plane is left out.
pub const NO_PLANE: u32 = u32::MAX;
/// Most facets in a leaf that could still be split.
const LEAF: usize = 4;
/// Bins of the surface-area heuristic.
const BINS: usize = 16;
/// From this depth on nodes are split in halves, which bounds the depth whatever the geometry.
const SAH_DEPTH: u32 = 32;
/// Deepest stack of a walk: SAH levels and then log₂ of at most 2²⁴ facets, with one waiting sibling a level.
pub const STACK: usize = 64;
/// By how much a facet is widened, in barycentric units, so that rays do not slip through shared edges.
pub(super) const SEAM: f32 = 1e-5;
/// A ray lies in a facet's plane when their determinant is smaller than this.
pub(super) const PARALLEL: f32 = 1e-12;
/// Direction components smaller than this are taken as this in the slab test, so that no 0 · ∞ appears.
pub(super) const TINY: f32 = 1e-20;

/// An inner node or a leaf, 32 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Node {
    /// Least corner of the box.
    pub lo: [f32; 3],
    /// Leaf: the first facet. Inner node: the first of its two children, which are neighbours.
    pub first: u32,
    /// Greatest corner of the box.
    pub hi: [f32; 3],
    /// Leaf: number of facets. Inner node: 0.
    pub count: u32,
}

/// What a ray meets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Where along the ray.
    pub t: f32,
    /// Which facet, in the order of the hierarchy.
    pub facet: u32,
}

#[derive(Clone, Copy)]
struct Bounds {
    lo: Vec3,
    hi: Vec3,
}

impl Bounds {
    const EMPTY: Self = Self { lo: Vec3::INFINITY, hi: Vec3::NEG_INFINITY };

    fn of(t: &Facet) -> Self {
        t.corners().into_iter().fold(Self::EMPTY, |b, c| b.join(Self { lo: c, hi: c }))
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

/// Orders `facets` by leaves and gives the nodes; the root is node 0. No facets, no nodes.
pub fn build(facets: &mut [Facet]) -> Vec<Node> {
    if facets.is_empty() {
        return Vec::new();
    }
    let mut items: Vec<(Bounds, Facet)> = facets.iter().map(|t| (Bounds::of(t), *t)).collect();
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
    for (to, (_, from)) in facets.iter_mut().zip(items) {
        *to = from;
    }
    nodes
}

/// Partitions the items and tells where the second half begins; `None` where a leaf is cheaper.
fn split(items: &mut [(Bounds, Facet)], bounds: Bounds, depth: u32) -> Option<usize> {
    let centre = |b: &Bounds| (b.lo + b.hi) * 0.5;
    let centres = items.iter().fold(Bounds::EMPTY, |b, (i, _)| b.join(Bounds { lo: centre(i), hi: centre(i) }));
    let halves = |items: &mut [(Bounds, Facet)]| {
        let (middle, axis) = (items.len() / 2, (centres.hi - centres.lo).max_position());
        items.select_nth_unstable_by(middle, |a, b| centre(&a.0)[axis].total_cmp(&centre(&b.0)[axis]));
        Some(middle)
    };
    let bin_of = |b: &Bounds, cut: Cut| match cut {
        Cut::Across(axis) => {
            let scale = BINS as f32 / (centres.hi - centres.lo)[axis];
            (((centre(b)[axis] - centres.lo[axis]) * scale) as usize).min(BINS - 1)
        }
        // From a share of 2⁻¹⁵ of the whole on, a bin for each doubling.
        Cut::BySize => ((b.area() / bounds.area()).log2() + (BINS - 1) as f32).clamp(0.0, (BINS - 1) as f32) as usize,
    };
    let cuts = [Cut::Across(0), Cut::Across(1), Cut::Across(2), Cut::BySize];
    let tried = cuts.into_iter().filter(|_| depth < SAH_DEPTH).filter_map(|cut| {
        let mut bins = [(Bounds::EMPTY, 0usize); BINS];
        for (b, _) in items.iter() {
            let bin = &mut bins[bin_of(b, cut)];
            *bin = (bin.0.join(*b), bin.1 + 1);
        }
        cheapest(&bins).map(|(cost, first)| (cost, first, cut))
    });
    let best = tried.min_by(|a, b| a.0.total_cmp(&b.0));
    // A visit of a node costs about as much as a facet.
    let leaf_cost = bounds.area() * (items.len() as f32 - 1.0);
    let Some((_, first, cut)) = best.filter(|(cost, ..)| items.len() > LEAF || *cost < leaf_cost) else {
        return if items.len() <= LEAF { None } else { halves(items) };
    };
    let mut at = 0;
    for i in 0..items.len() {
        if bin_of(&items[i].0, cut) < first {
            items.swap(i, at);
            at += 1;
        }
    }
    Some(at)
}

/// How items are sorted into bins.
#[derive(Clone, Copy)]
enum Cut {
    /// By where they are along an axis.
    Across(usize),
    /// By the area of their box: what is as large as everything together would blow up any half it is in.
    BySize,
}

/// The cheapest way to part the bins in two, and its first bin of the second part.
fn cheapest(bins: &[(Bounds, usize); BINS]) -> Option<(f32, usize)> {
    let mut right = [(0.0f32, 0usize); BINS];
    let mut tail = (Bounds::EMPTY, 0);
    for i in (1..BINS).rev() {
        tail = (tail.0.join(bins[i].0), tail.1 + bins[i].1);
        right[i] = (tail.0.area(), tail.1);
    }
    let mut best = None;
    let mut head = (Bounds::EMPTY, 0);
    for i in 1..BINS {
        head = (head.0.join(bins[i - 1].0), head.1 + bins[i - 1].1);
        let cost = head.0.area() * head.1 as f32 + right[i].0 * right[i].1 as f32;
        if head.1 > 0 && right[i].1 > 0 && best.is_none_or(|(least, _)| cost < least) {
            best = Some((cost, i));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::super::facet::Span;
    use super::*;

    #[test]
    fn equal_facets_still_give_a_bounded_tree() {
        let one = Facet::new([Vec3::ZERO, Vec3::X, Vec3::Y], Span::Triangle, 0, 0);
        let mut many = vec![one; 1000];
        let nodes = build(&mut many);
        assert!(nodes.iter().all(|n| n.count as usize <= LEAF));
        assert_eq!(nodes.iter().map(|n| n.count).sum::<u32>(), 1000);
    }
}
