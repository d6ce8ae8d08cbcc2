//! Which mirrors, in which order, may carry power to which part of the map: rays are shot from the transmitter, and
//! every one that comes through the receivers' level notes its signature in the tile it comes through.
//!
//! A signature found by one ray serves its whole tile and the tiles around it, so that a map needs a hundred times fewer
//! rays than one that counts them.

use super::bvh::NO_PLANE;
use super::level::Level;
use super::path::MAX_ORDER;
use super::scene::Scene;
use crate::coverage::Grid;
use glam::{UVec2, Vec2, Vec3};
use std::collections::HashSet;
use std::f32::consts::TAU;

/// Side of a tile, metres.
const TILE_SIDE: f64 = 20.0;
/// A level nearer than this above or below the transmitter is aimed at as if it were this far, metres.
const LEAST_RISE: f32 = 1.0;
/// How far rays are aimed, as a multiple of the distance to the farthest corner: reflections make detours.
const REACH: f32 = 2.0;
/// 2³² divided by the golden ratio: successive multiples spread evenly over the circle.
const GOLDEN: u32 = 2_654_435_769;

/// The mirrors of a path in order, [`NO_PLANE`] after the last.
pub type Signature = [u32; MAX_ORDER];

/// The map cut into square tiles of whole cells, row-major from the south-west.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tiling {
    /// South-west corner, local metres.
    pub origin: Vec2,
    /// Side of a tile, metres.
    pub side: f32,
    /// Cells along a side.
    pub cells: u32,
    /// Tiles from west to east and from south to north.
    pub count: UVec2,
}

impl Tiling {
    /// The tiling of `grid`.
    pub fn of(grid: &Grid) -> Self {
        let cells = ((TILE_SIDE / grid.cell).round() as u32).max(1);
        Self {
            origin: grid.origin.as_vec2(),
            side: (f64::from(cells) * grid.cell) as f32,
            cells,
            count: UVec2::new(grid.nx.div_ceil(cells), grid.ny.div_ceil(cells)),
        }
    }

    /// Number of tiles.
    pub fn len(&self) -> usize {
        self.count.x as usize * self.count.y as usize
    }

    /// Whether there is no tile.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The tile that holds `p`.
    pub fn at(&self, p: Vec2) -> Option<u32> {
        let q = (p - self.origin) / self.side;
        let inside = q.x >= 0.0 && q.y >= 0.0 && q.x < self.count.x as f32 && q.y < self.count.y as f32;
        inside.then(|| q.y as u32 * self.count.x + q.x as u32)
    }

    /// The tile of the cell in column `ix` and row `iy`.
    pub fn of_cell(&self, ix: u32, iy: u32) -> u32 {
        iy / self.cells * self.count.x + ix / self.cells
    }

    /// `tile` and the tiles around it.
    pub fn around(&self, tile: u32) -> impl Iterator<Item = u32> + use<> {
        let (x, y) = (tile % self.count.x, tile / self.count.x);
        let (width, far) = (self.count.x, self.count - 1);
        (y.saturating_sub(1)..=(y + 1).min(far.y))
            .flat_map(move |y| (x.saturating_sub(1)..=(x + 1).min(far.x)).map(move |x| y * width + x))
    }
}

/// Where rays are aimed from a transmitter: in turn evenly over the sphere, and evenly over the receivers' level.
///
/// Walls keep a ray's elevation, so unfolding the reflections lays every path straight on that plane: an even cover of
/// the plane is an even cover of all receivers by any walls, where an even sphere leaves the far ones out.
#[derive(Clone, Copy, Debug)]
pub struct Aim<'a> {
    /// The transmitter.
    pub from: Vec3,
    /// Where the receivers are.
    pub level: Level<'a>,
    /// How far from the transmitter, along the ground, metres.
    pub reach: f32,
    /// Number of rays.
    pub rays: u32,
}

impl<'a> Aim<'a> {
    /// From `from` at the receivers over and around `grid`.
    pub fn new(from: Vec3, level: Level<'a>, grid: &Grid, rays: u32) -> Self {
        let at = from.truncate();
        let (a, b) = (grid.origin.as_vec2(), grid.far_corner().as_vec2());
        let farthest = (at - a).abs().max((at - b).abs()).length();
        Self { from, level, reach: farthest * REACH, rays }
    }

    /// The rays in an order in which neighbours go the same way, so that they walk through the same part of the scene:
    /// half the sphere or plane for each bit of a Morton code.
    pub fn order(&self) -> Vec<u32> {
        let spread = |v: u32| (0..12).fold(0u32, |code, bit| code | (v >> bit & 1) << (2 * bit));
        let code = |i: u32| {
            let turn = (i / 2).wrapping_mul(GOLDEN) >> 20;
            let share = (u64::from(i / 2) * 4096 / u64::from(self.rays.div_ceil(2))) as u32;
            (i % 2, spread(turn) | spread(share) << 1, i)
        };
        let mut order: Vec<u32> = (0..self.rays).collect();
        order.sort_unstable_by_key(|i| code(*i));
        order
    }

    /// Unit direction of ray `i`.
    pub fn direction(&self, i: u32) -> Vec3 {
        let n = self.rays.div_ceil(2);
        let turn = ((i / 2).wrapping_mul(GOLDEN) >> 8) as f32 / (1u32 << 24) as f32;
        let (sin, cos) = (TAU * turn).sin_cos();
        let share = ((i / 2) as f32 + 0.5) / n as f32;
        if i.is_multiple_of(2) {
            let z = 1.0 - 2.0 * share;
            let radius = (1.0 - z * z).max(0.0).sqrt();
            Vec3::new(radius * cos, radius * sin, z)
        } else {
            let radius = self.reach * share.sqrt();
            let rise = self.level.at(self.from.truncate() + Vec2::new(radius * cos, radius * sin)) - self.from.z;
            let rise = if rise.abs() < LEAST_RISE { LEAST_RISE.copysign(rise) } else { rise };
            Vec3::new(radius * cos, radius * sin, rise).normalize()
        }
    }
}

/// What rays come through: the receivers' level over the tiles of the map.
#[derive(Clone, Copy, Debug)]
pub struct Net<'a> {
    /// The tiles.
    pub tiling: Tiling,
    /// The receivers' level.
    pub level: Level<'a>,
    /// Its [`Level::ceiling`].
    pub ceiling: f32,
}

/// Follows the ray from `origin` through up to `depth` reflections and tells of each crossing of the receivers' level
/// inside the tiling, with the signature so far; crossings of the direct ray are not told.
pub fn shoot(
    scene: &Scene,
    net: &Net<'_>,
    origin: Vec3,
    direction: Vec3,
    depth: usize,
    mut tell: impl FnMut(u32, Signature),
) {
    let mut signature = [NO_PLANE; MAX_ORDER];
    let (mut at, mut along, mut on) = (origin, direction, NO_PLANE);
    for order in 0..=depth.min(MAX_ORDER) {
        let hit = scene.first_hit(at, along, f32::INFINITY, on);
        if order > 0 {
            let limit = hit.map_or(f32::INFINITY, |h| h.t);
            let crossings = net.level.crossings(&net.tiling, net.ceiling, at, along, limit);
            crossings.into_iter().flatten().for_each(|tile| tell(tile, signature));
        }
        let Some(hit) = hit.filter(|_| order < depth.min(MAX_ORDER)) else { return };
        on = scene.triangles[hit.triangle as usize].plane;
        signature[order] = on;
        let normal = Vec3::from(scene.mirrors[on as usize].normal);
        at += along * hit.t;
        along = (along - 2.0 * along.dot(normal) * normal).normalize_or_zero();
    }
}

/// The signatures worth trying in each tile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Candidates {
    /// Every signature once, in order.
    pub signatures: Vec<Signature>,
    /// Tile `i` holds `entries[starts[i]..starts[i + 1]]`.
    pub starts: Vec<u32>,
    /// Indices into `signatures`, ascending in each tile.
    pub entries: Vec<u32>,
}

impl Candidates {
    /// Sorts what the rays told into lists, each tile's shared with the tiles around it. The same set gives the same
    /// lists, whatever its order.
    pub fn collect(tiling: &Tiling, told: &HashSet<(u32, Signature)>) -> Self {
        let mut signatures: Vec<Signature> = told.iter().map(|(_, s)| *s).collect();
        signatures.sort_unstable();
        signatures.dedup();
        let mut pairs = Vec::with_capacity(told.len() * 9);
        for (tile, signature) in told {
            // Every signature told is in the list.
            let index = signatures.binary_search(signature).unwrap_or_default() as u32;
            pairs.extend(tiling.around(*tile).map(|t| (t, index)));
        }
        pairs.sort_unstable();
        pairs.dedup();
        let mut starts = vec![0u32; tiling.len() + 1];
        for (tile, _) in &pairs {
            starts[*tile as usize + 1] += 1;
        }
        for i in 0..tiling.len() {
            starts[i + 1] += starts[i];
        }
        Self { signatures, starts, entries: pairs.into_iter().map(|(_, s)| s).collect() }
    }

    /// The signatures to try in `tile`.
    pub fn in_tile(&self, tile: u32) -> impl Iterator<Item = &[u32]> {
        let bounds = self.starts.get(tile as usize..tile as usize + 2).map_or(0..0, |s| s[0] as usize..s[1] as usize);
        self.entries[bounds].iter().map(|i| mirrors(&self.signatures[*i as usize]))
    }
}

/// The part of a signature before [`NO_PLANE`].
pub fn mirrors(signature: &Signature) -> &[u32] {
    let order = signature.iter().position(|p| *p == NO_PLANE).unwrap_or(MAX_ORDER);
    &signature[..order]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_the_directions_are_spread_evenly_over_the_sphere_and_half_over_the_plane() {
        let rays = 20_000;
        let level = Level { ground: None, height: 2.0 };
        let aim = Aim { from: Vec3::Z * 12.0, level, reach: 100.0, rays };
        let half = |odd: u32| (0..rays / 2).map(move |i| aim.direction(2 * i + odd));
        let n = rays as f32 / 2.0;
        let mean = half(0).sum::<Vec3>() / n;
        assert!(mean.length() < 1e-3, "{mean}");
        let mut order = aim.order();
        order.sort_unstable();
        assert!(order.into_iter().eq(0..rays));
        let squares = half(0).map(|d| d.x.powi(2)).sum::<f32>() / n;
        assert!((squares - 1.0 / 3.0).abs() < 1e-3, "{squares}");
        let on_plane = |d: Vec3| d.truncate() * (-10.0 / d.z);
        let within = half(1).filter(|d| on_plane(*d).length() < 50.0).count() as f32;
        assert!((within / n - 0.25).abs() < 1e-3, "{within}");
    }
}
