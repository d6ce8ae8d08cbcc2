//! The surface that receivers stand on, lifted to their height: a plane over flat ground, the shape of the ground on
//! terrain. Rays that come through it are heard around there.

use super::discover::Tiling;
use crate::city::Terrain;
use glam::{Vec2, Vec3};

/// Crossings of one segment that are told; a ray that skims a crest has one more where it comes through on the way down.
pub const CROSSINGS: usize = 2;
/// Steps in which the ground is looked at along a tile.
const STEPS_A_TILE: f32 = 2.0;
/// Most steps along a segment; a longer one gets longer steps.
const MAX_STEPS: f32 = 1024.0;
/// How far above the highest receiver a segment is still followed, metres: more than rounding.
const HEADROOM: f32 = 1.0;

/// Nothing is followed so far below the local datum, metres.
const LOWEST: f32 = -1e5;

/// Receivers `height` metres above the ground.
#[derive(Clone, Copy, Debug)]
pub struct Level<'a> {
    /// The ground; without it, the plane z = 0.
    pub ground: Option<&'a Terrain>,
    /// Metres above it.
    pub height: f32,
}

impl Level<'_> {
    /// Height of a receiver at `p` above the local datum, metres.
    pub fn at(&self, p: Vec2) -> f32 {
        self.ground.map_or(0.0, |g| g.at(p)) + self.height
    }

    /// A height above the local datum that no receiver on terrain reaches, metres.
    pub fn ceiling(&self) -> f32 {
        self.ground.map_or(0.0, |g| g.heights().iter().copied().fold(0.0, f32::max)) + self.height + HEADROOM
    }

    /// Where the ray `origin + t·direction`, 0 < t < `limit`, comes through: up to [`CROSSINGS`] points of the tiling, the
    /// first ones. `ceiling` is [`Level::ceiling`].
    pub fn crossings(
        &self,
        tiling: &Tiling,
        ceiling: f32,
        origin: Vec3,
        direction: Vec3,
        limit: f32,
    ) -> [Option<u32>; CROSSINGS] {
        if self.ground.is_none() {
            let t = (self.height - origin.z) / direction.z;
            let tile = (t > 0.0 && t < limit).then(|| tiling.at((origin + direction * t).truncate())).flatten();
            return [tile, None];
        }
        let mut found = [None; CROSSINGS];
        let Some((from, to)) = part_below(tiling, ceiling, origin, direction, limit) else { return found };
        let speed = direction.truncate().length();
        let steps = ((to - from) * speed * STEPS_A_TILE / tiling.side).ceil().clamp(1.0, MAX_STEPS);
        let step = (to - from) / steps;
        let above = |t: f32| {
            let p = origin + direction * t;
            p.z - self.at(p.truncate())
        };
        let (mut count, mut last) = (0, above(from));
        for i in 0..steps as u32 {
            let t = from + step * i as f32;
            let next = above(t + step);
            if (last < 0.0) != (next < 0.0) {
                let at = origin + direction * (t + step * last / (last - next));
                found[count] = tiling.at(at.truncate());
                count += 1;
                if count == CROSSINGS {
                    break;
                }
            }
            last = next;
        }
        found
    }
}

/// The part of a ray, 0 ≤ t ≤ `limit`, over the tiling and below the ceiling.
fn part_below(tiling: &Tiling, ceiling: f32, origin: Vec3, direction: Vec3, limit: f32) -> Option<(f32, f32)> {
    let far = tiling.origin + tiling.count.as_vec2() * tiling.side;
    let (mut from, mut to) = (0.0f32, limit);
    for (start, along, low, high) in [
        (origin.x, direction.x, tiling.origin.x, far.x),
        (origin.y, direction.y, tiling.origin.y, far.y),
        (origin.z, direction.z, LOWEST, ceiling),
    ] {
        if along == 0.0 {
            if start < low || start > high {
                return None;
            }
        } else {
            let (a, b) = ((low - start) / along, (high - start) / along);
            from = from.max(a.min(b));
            to = to.min(a.max(b));
        }
    }
    (from < to).then_some((from, to))
}
