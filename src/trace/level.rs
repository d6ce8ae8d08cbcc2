//! The surface that receivers stand on, lifted to their height: a plane over flat ground, the shape of the ground on
//! terrain, and that of the rooftops where receivers stand on those. Rays that come through it are heard around there.

use super::discover::Tiling;
use crate::city::{HeightRaster, Terrain};
use glam::{Vec2, Vec3};
use std::cell::{Cell, RefCell};

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

/// Receivers `height` metres above what they stand on.
#[derive(Clone, Copy, Debug)]
pub struct Level<'a> {
    /// The ground; without it, the plane z = 0.
    pub ground: Option<&'a Terrain>,
    /// The roofs that they stand on; `None` where they all stand on the ground.
    pub roofs: Option<&'a HeightRaster>,
    /// Metres above that.
    pub height: f32,
}

impl Level<'_> {
    /// Height of a receiver at `p` above the local datum, metres.
    pub fn at(&self, p: Vec2) -> f32 {
        let ground = self.ground_at(p);
        self.roofs.map_or(ground, |roofs| roofs.top_at(p).max(ground)) + self.height
    }

    /// Height of the ground at `p`, likewise.
    pub fn ground_at(&self, p: Vec2) -> f32 {
        self.ground.map_or(0.0, |g| g.at(p))
    }

    /// The lowest and the highest receiver that there may be, likewise.
    pub fn bounds(&self) -> [f32; 2] {
        let plane: &[f32] = &[0.0];
        let heights = self.ground.map_or(plane, Terrain::heights).iter();
        let tops = self.roofs.map_or(plane, HeightRaster::tops).iter();
        let least = heights.clone().copied().fold(f32::INFINITY, f32::min);
        let most = heights.chain(tops).copied().fold(f32::NEG_INFINITY, f32::max);
        [least + self.height, most + self.height]
    }

    /// A height above the local datum that no receiver on terrain or on roofs reaches, metres.
    pub fn ceiling(&self) -> f32 {
        self.bounds()[1].max(self.height) + HEADROOM
    }

    /// Tells of the places where the ray `origin + t·direction`, 0 < t < `limit`, comes through a level over rooftops inside
    /// of the tiling, cell by cell of the roofs. `ceiling` is [`Level::ceiling`].
    pub fn crossings_over(
        &self,
        roofs: &HeightRaster,
        (tiling, ceiling): (&Tiling, f32),
        (origin, direction): (Vec3, Vec3),
        limit: f32,
        tell: impl FnMut(Vec2),
    ) {
        let Some((from, to)) = part_below(tiling, ceiling, origin, direction, limit) else { return };
        let [a, b] = [from, to].map(|t| origin + direction * t);
        if !b.is_finite() {
            return;
        }
        let below = Cell::new(a.z < self.at(a.truncate()));
        let tell = RefCell::new(tell);
        let now = |at: Vec3, is_below: bool| {
            if below.replace(is_below) != is_below {
                tell.borrow_mut()(at.truncate());
            }
        };
        roofs.walk_where(
            a.truncate(),
            b.truncate(),
            |block| {
                let lowest = a.lerp(b, block.from).z.min(a.lerp(b, block.to).z);
                // Blocks without a roof tell nothing of the ground.
                let comes_near = self.ground.is_some() || lowest < block.top.max(0.0) + self.height;
                if !comes_near {
                    now(a.lerp(b, block.from), false);
                }
                comes_near
            },
            |cell| {
                for at in [cell.from, cell.to].map(|t| a.lerp(b, t)) {
                    now(at, at.z < cell.top.max(self.ground_at(at.truncate())) + self.height);
                }
            },
        );
    }

    /// Whether it is one height, over no ground and no roofs.
    pub const fn is_flat(&self) -> bool {
        self.ground.is_none() && self.roofs.is_none()
    }

    /// How far along the ray `origin + t·direction` it may still come through inside of the tiling; `None` where it does not
    /// from the start. `ceiling` is [`Level::ceiling`].
    pub fn reach(&self, tiling: &Tiling, ceiling: f32, origin: Vec3, direction: Vec3) -> Option<f32> {
        if !self.is_flat() {
            return part_below(tiling, ceiling, origin, direction, f32::INFINITY).map(|(_, to)| to);
        }
        let t = (self.height - origin.z) / direction.z;
        (t > 0.0 && tiling.at((origin + direction * t).truncate()).is_some()).then_some(t)
    }

    /// Where the ray `origin + t·direction`, 0 < t < `limit`, comes through: up to [`CROSSINGS`] points of the tiling, the
    /// first ones. `ceiling` is [`Level::ceiling`]. Of the ground alone: [`Level::crossings_over`] knows roofs.
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
