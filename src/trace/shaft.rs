//! The space between a point and a flat outline, cut short by planes: what does not reach into it hides nothing of the
//! outline, so the hierarchy is asked once and not for each of many rays (Haines & Wallace 1991, shaft culling).

use super::wide::Four;
use glam::Vec3;
use wide::f32x4;

/// Boxes this near are let in, metres: more than rounding.
const SLACK: f32 = 0.01;
/// Most corners of an outline.
pub const MAX_CORNERS: usize = 16;

/// One of its sides: the points p with normal · p ≥ offset, in all lanes.
#[derive(Clone, Copy, Debug)]
struct Side {
    normal: Four,
    offset: f32x4,
    /// For each axis, which of a box's corners is farthest inside.
    inmost: [usize; 3],
}

/// A convex piece of space that holds all straight ways from one outline to another.
#[derive(Clone, Debug)]
pub struct Shaft {
    /// Least and greatest corner of a box around it.
    low: Four,
    high: Four,
    sides: [Option<Side>; MAX_CORNERS],
}

impl Shaft {
    /// From each point of `starts` to that of `ends` with the same number: on straight lines through `apex`, in order around
    /// a convex outline.
    pub fn between(apex: Vec3, starts: &[Vec3], ends: &[Vec3]) -> Self {
        let points = || starts.iter().chain(ends);
        let low = points().fold(Vec3::INFINITY, |low, p| low.min(*p)) - SLACK;
        let high = points().fold(Vec3::NEG_INFINITY, |high, p| high.max(*p)) + SLACK;
        let middle = ends.iter().sum::<Vec3>() / ends.len().max(1) as f32;
        let side = |i: usize| {
            let ahead = ends.get(i)? - apex;
            let across = ahead.cross(ends[(i + 1) % ends.len()] - apex).try_normalize()?;
            let normal = across * across.dot(middle - apex).signum();
            let inmost = normal.to_array().map(|n| usize::from(n > 0.0));
            let offset = f32x4::splat(normal.dot(apex) - SLACK);
            Some(Side { normal: normal.to_array().map(f32x4::splat), offset, inmost })
        };
        let corners = |v: Vec3| v.to_array().map(f32x4::splat);
        Self { low: corners(low), high: corners(high), sides: std::array::from_fn(side) }
    }

    /// A bit for each of four boxes, given by their least and greatest corners, that may reach into it.
    #[inline]
    pub fn touches(&self, corners: &[Four; 2]) -> u32 {
        let [least, greatest] = corners;
        let overlap = |axis: usize| least[axis].simd_le(self.high[axis]) & greatest[axis].simd_ge(self.low[axis]);
        let mut inside = overlap(0) & overlap(1) & overlap(2);
        for side in self.sides.iter().flatten() {
            let [x, y, z] = std::array::from_fn(|axis| corners[side.inmost[axis]][axis] * side.normal[axis]);
            inside &= (x + y + z).simd_ge(side.offset);
        }
        inside.to_bitmask()
    }
}
