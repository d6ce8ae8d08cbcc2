//! Which mirrors, in which order, may carry power to which part of the map: rays are shot from the transmitter, and
//! every one that comes through the receivers' level notes its signature in the tile it comes through.
//!
//! A signature found by one ray serves its whole tile and the tiles around it, so that a map needs a hundred times fewer
//! rays than one that counts them.

use super::bvh::NO_PLANE;
use super::detour::Detour;
use super::level::Level;
use super::lit::Stretch;
use super::path::MAX_ORDER;
use super::scene::Scene;
use super::task::Task;
use super::wide::Hint;
use crate::coverage::Grid;
use glam::{UVec2, Vec2, Vec3};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::f32::consts::TAU;

/// Side of a tile, metres.
const TILE_SIDE: f64 = 20.0;
/// A level nearer than this above or below the transmitter is aimed at as if it were this far, metres.
const LEAST_RISE: f32 = 1.0;
/// How the way to the point aimed at grows with the share of the rays that are aimed nearer: a power of ½ would cover the
/// level evenly, a larger one covers what is near, and so strong, more closely.
const NEARNESS: f32 = 0.75;
/// One ray in so many is aimed over the sphere.
const OVER_SPHERE: u32 = 4;
/// 2³² divided by the golden ratio: successive multiples spread evenly over the circle.
const GOLDEN: u32 = 2_654_435_769;
/// Rays of a ring, a Fibonacci number, and the one before it: by steps of that the golden lattice goes around in order.
const RING: u32 = 610;
const STEP: u32 = 377;

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

    /// `tile` and the tiles around it.
    pub fn around(&self, tile: u32) -> impl Iterator<Item = u32> + use<> {
        let (x, y) = (tile % self.count.x, tile / self.count.x);
        let (width, far) = (self.count.x, self.count - 1);
        (y.saturating_sub(1)..=(y + 1).min(far.y))
            .flat_map(move |y| (x.saturating_sub(1)..=(x + 1).min(far.x)).map(move |x| y * width + x))
    }
}

/// Where rays are aimed from a transmitter: three in four at the receivers' level, the others over the sphere.
///
/// Walls keep a ray's elevation, so unfolding the reflections lays every path straight on that plane: a cover of the plane
/// covers all receivers by any walls, where an even sphere leaves the far ones out. The sphere finds what slanted roofs
/// throw down. Paths longer than the way to the farthest corner are not aimed for: they are too weak to matter.
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
        Self { from, level, reach: farthest, rays }
    }

    /// Rays a steradian around the unit vector `along`, in the mean.
    pub fn density(&self, along: Vec3) -> f32 {
        let [at_level, over_sphere] = self.parts().map(|rays| rays as f32);
        let even = over_sphere / (2.0 * TAU);
        let under = self.from.truncate();
        let rise = self.level.ground_at(under) + self.level.height - self.from.z;
        let way = rise / along.z;
        let radius = way * along.truncate().length();
        if !(way > 0.0 && radius > 0.0 && radius < self.reach) {
            return even;
        }
        // From rays a square metre of the level, by the square metres a steradian.
        let share = (radius / self.reach).powf(1.0 / NEARNESS) / (NEARNESS * TAU * radius * radius);
        even + at_level * share * way * way / along.z.abs()
    }

    /// How many rays are aimed at the level, and how many over the sphere.
    const fn parts(&self) -> [u32; 2] {
        let over_sphere = self.rays / OVER_SPHERE;
        [self.rays - over_sphere, over_sphere]
    }

    /// Unit direction of ray `i`: first those at the plane, then those over the sphere. Both are golden lattices, cut
    /// into rings whose rays follow one another around the transmitter, so that neighbours walk the same part of the scene.
    pub fn direction(&self, i: u32) -> Vec3 {
        let [at_level, over_sphere] = self.parts();
        let at_plane = i < at_level;
        let (i, count) = if at_plane { (i, at_level) } else { (i - at_level, over_sphere) };
        let (ring, place) = (i / RING * RING, i % RING);
        let whole = ring + RING <= count;
        let i = ring + if whole { place * STEP % RING } else { place };
        let (sin, cos) = (TAU * (i.wrapping_mul(GOLDEN) >> 8) as f32 / (1u32 << 24) as f32).sin_cos();
        let share = (i as f32 + 0.5) / count as f32;
        if at_plane {
            let radius = self.reach * share.powf(NEARNESS);
            let way = Vec2::new(radius * cos, radius * sin);
            let rise = self.level.at(self.from.truncate() + way) - self.from.z;
            let rise = if rise.abs() < LEAST_RISE { LEAST_RISE.copysign(rise) } else { rise };
            way.extend(rise).normalize()
        } else {
            let z = 1.0 - 2.0 * share;
            let radius = (1.0 - z * z).max(0.0).sqrt();
            Vec3::new(radius * cos, radius * sin, z)
        }
    }
}

/// One of several shares of the rays, for workers that look for signatures together: every so-and-so-many-th piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Which one, from 0.
    pub number: u32,
    /// Of how many.
    pub of: u32,
}

impl Share {
    /// All rays.
    pub const ALL: Self = Self { number: 0, of: 1 };

    /// Whether a piece of the work belongs to it.
    pub const fn has(self, piece: u32) -> bool {
        piece % if self.of == 0 { 1 } else { self.of } == self.number
    }
}

/// Which signatures come to which tiles, each once.
pub type Told = HashSet<(u32, Signature)>;

/// What rays have told so far. A search that is broken off goes on from here, on either backend.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Those before this one have been cast.
    pub cast: u32,
    /// What they told.
    pub told: Told,
}

/// What was told of a task of some `depth`, as words: for each the tile, then as many mirrors as a path may have.
pub fn pack(told: &Told, depth: usize) -> Vec<u32> {
    let depth = depth.min(MAX_ORDER);
    told.iter().flat_map(|(tile, signature)| std::iter::once(*tile).chain(signature[..depth].iter().copied())).collect()
}

/// What [`pack`] made words of; what is beyond the tiling is left out.
pub fn unpack<'a>(words: &'a [u32], depth: usize, tiling: &Tiling) -> impl Iterator<Item = (u32, Signature)> + use<'a> {
    let (depth, tiles) = (depth.min(MAX_ORDER), tiling.len());
    words.chunks_exact(depth + 1).filter(move |entry| (entry[0] as usize) < tiles).map(move |entry| {
        let mut signature = [NO_PLANE; MAX_ORDER];
        signature[..depth].copy_from_slice(&entry[1..]);
        (entry[0], signature)
    })
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

impl Net<'_> {
    /// How far along the ray `origin + t·direction` it may still come through.
    fn reach(&self, [origin, direction]: [Vec3; 2]) -> Option<f32> {
        self.level.reach(&self.tiling, self.ceiling, origin, direction)
    }

    /// Tells of the tiles in which the ray `origin + t·direction`, 0 < t < `limit`, comes through.
    pub(super) fn crossings(&self, [origin, direction]: [Vec3; 2], limit: f32, mut tell: impl FnMut(u32)) {
        let Self { tiling, level, ceiling } = self;
        let Some(roofs) = level.roofs else {
            let tiles = level.crossings(tiling, *ceiling, origin, direction, limit);
            return tiles.into_iter().flatten().for_each(tell);
        };
        level.crossings_over(roofs, (tiling, *ceiling), (origin, direction), limit, |p| {
            tiling.at(p).into_iter().for_each(&mut tell);
        });
    }
}

/// A ray on its way.
#[derive(Clone, Copy)]
struct Ray {
    at: Vec3,
    along: Vec3,
    /// The plane that it leaves.
    on: u32,
    signature: Signature,
    reflections: usize,
    interactions: usize,
}

/// Where the legs of the ray before ended.
pub type Trail = [Hint; MAX_ORDER + 1];

/// Follows the task's ray along `direction` through up to its depth of interactions and tells of each crossing of the
/// receivers' level inside the tiling, with the signature so far; where nothing was reflected yet there is none to tell.
/// Where paths go through walls, so does the ray, while another part of it is reflected.
pub fn shoot(task: &Task<'_>, net: &Net<'_>, direction: Vec3, trail: &mut Trail, mut tell: impl FnMut(u32, Signature)) {
    let (scene, depth) = (task.scene, task.depth.min(MAX_ORDER));
    let signature = [NO_PLANE; MAX_ORDER];
    let whole =
        Ray { at: task.transmitter, along: direction, on: NO_PLANE, signature, reflections: 0, interactions: 0 };
    // Every part waits at most once at each depth.
    let mut open = [whole; MAX_ORDER + 1];
    let mut count = 1;
    while count > 0 {
        count -= 1;
        let ray = open[count];
        let hint = &mut trail[ray.interactions];
        if ray.interactions == depth {
            last_leg(scene, net, &ray, hint, |tile| tell(tile, ray.signature));
            continue;
        }
        let hit = scene.first_hit_near(ray.at, ray.along, f32::INFINITY, ray.on, hint);
        if ray.reflections > 0 {
            let limit = hit.map_or(f32::INFINITY, |h| h.t);
            net.crossings([ray.at, ray.along], limit, |tile| tell(tile, ray.signature));
        }
        let Some(hit) = hit else { continue };
        let facet = &scene.facets[hit.facet as usize];
        let met = Ray { at: ray.at + ray.along * hit.t, on: facet.plane, interactions: ray.interactions + 1, ..ray };
        if task.transmission && scene.surfaces[facet.surface as usize].thickness.is_some() {
            open[count] = met;
            count += 1;
        }
        let normal = Vec3::from(scene.mirrors[facet.plane as usize].normal);
        let mut reflected = Ray {
            along: (ray.along - 2.0 * ray.along.dot(normal) * normal).normalize_or_zero(),
            reflections: ray.reflections + 1,
            ..met
        };
        reflected.signature[ray.reflections] = facet.plane;
        open[count] = reflected;
        count += 1;
    }
}

/// Tells of the tiles in which a ray that may meet nothing any more comes through.
fn last_leg(scene: &Scene, net: &Net<'_>, ray: &Ray, hint: &mut Hint, tell: impl FnMut(u32)) {
    let line = [ray.at, ray.along];
    let Some(reach) = net.reach(line).filter(|_| ray.reflections > 0) else { return };
    if !net.level.is_flat() {
        let hit = scene.first_hit_near(ray.at, ray.along, reach, ray.on, hint);
        return net.crossings(line, hit.map_or(f32::INFINITY, |h| h.t), tell);
    }
    // It comes through where its reach ends, or not at all: whatever is on the way hides that.
    let end = ray.at + ray.along * reach;
    let hidden = scene.blocked_again(ray.at, end, [ray.on; 2], *hint).is_some();
    if !hidden && scene.blocked(ray.at, end, [ray.on; 2], hint).is_none() {
        net.crossings(line, f32::INFINITY, tell);
    }
}

/// A list of numbers for each tile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lists {
    /// Tile `i` holds `entries[starts[i]..starts[i + 1]]`.
    pub starts: Vec<u32>,
    /// The numbers, ascending in each tile.
    pub entries: Vec<u32>,
}

impl Lists {
    /// The lists of so many tiles, from pairs of a tile and a number in any order; each pair counts once.
    pub fn of(tiles: usize, mut pairs: Vec<(u32, u32)>) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        let mut starts = vec![0u32; tiles + 1];
        for (tile, _) in &pairs {
            starts[*tile as usize + 1] += 1;
        }
        for i in 0..tiles {
            starts[i + 1] += starts[i];
        }
        Self { starts, entries: pairs.into_iter().map(|(_, s)| s).collect() }
    }

    /// The numbers of a tile.
    pub fn in_tile(&self, tile: u32) -> &[u32] {
        let bounds = self.starts.get(tile as usize..tile as usize + 2).map_or(0..0, |s| s[0] as usize..s[1] as usize);
        &self.entries[bounds]
    }
}

/// What is worth trying in each tile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Candidates {
    /// Every signature once, in order.
    pub signatures: Vec<Signature>,
    /// Tile `i` holds `entries[starts[i]..starts[i + 1]]`.
    pub starts: Vec<u32>,
    /// Indices into `signatures`, ascending in each tile.
    pub entries: Vec<u32>,
    /// The stretches of edges that the transmitter sees.
    pub stretches: Vec<Stretch>,
    /// Over which of them something may come to each tile.
    pub spread: Lists,
    /// Ways around corners with mirrors, in order, and which to try in each tile.
    pub detours: Vec<Detour>,
    /// Those of each tile.
    pub around: Lists,
}

impl Candidates {
    /// Sorts what the rays told into lists, each tile's shared with the tiles around it. The same set gives the same
    /// lists, whatever its order.
    pub fn collect(tiling: &Tiling, told: &Told) -> Self {
        let mut signatures: Vec<Signature> = told.iter().map(|(_, s)| *s).collect();
        signatures.sort_unstable();
        signatures.dedup();
        let mut pairs = Vec::with_capacity(told.len() * 9);
        for (tile, signature) in told {
            // Every signature told is in the list.
            let index = signatures.binary_search(signature).unwrap_or_default() as u32;
            pairs.extend(tiling.around(*tile).map(|t| (t, index)));
        }
        let Lists { starts, entries } = Lists::of(tiling.len(), pairs);
        Self { signatures, starts, entries, ..Self::default() }
    }

    /// What they take of memory.
    pub fn bytes(&self) -> usize {
        size_of_val(&self.signatures[..])
            + size_of_val(&self.starts[..])
            + size_of_val(&self.entries[..])
            + size_of_val(&self.stretches[..])
            + size_of_val(&self.spread.starts[..])
            + size_of_val(&self.spread.entries[..])
            + size_of_val(&self.detours[..])
            + size_of_val(&self.around.starts[..])
            + size_of_val(&self.around.entries[..])
    }

    /// The stretches of edges to try in `tile`.
    pub fn stretches_in(&self, tile: u32) -> impl Iterator<Item = &Stretch> {
        self.spread.in_tile(tile).iter().filter_map(|i| self.stretches.get(*i as usize))
    }

    /// The ways around corners with mirrors to try in `tile`.
    pub fn detours_in(&self, tile: u32) -> impl Iterator<Item = &Detour> {
        self.around.in_tile(tile).iter().filter_map(|i| self.detours.get(*i as usize))
    }

    /// The numbers of the edges that they are of.
    pub fn edges_in(&self, tile: u32) -> Vec<u32> {
        // An edge's stretches follow one another.
        let mut edges: Vec<u32> = self.stretches_in(tile).map(|stretch| stretch.edge).collect();
        edges.dedup();
        edges
    }

    /// The numbers of the signatures to try in `tile`.
    pub fn in_tile(&self, tile: u32) -> impl Iterator<Item = u32> {
        let bounds = self.starts.get(tile as usize..tile as usize + 2).map_or(0..0, |s| s[0] as usize..s[1] as usize);
        self.entries[bounds].iter().copied()
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
    fn a_quarter_of_the_directions_is_spread_evenly_over_the_sphere_and_the_others_over_the_level() {
        let rays = 40_000;
        let level = Level { ground: None, roofs: None, height: 2.0 };
        let aim = Aim { from: Vec3::Z * 12.0, level, reach: 100.0, rays };
        let sphere = || (rays - rays / 4..rays).map(|i| aim.direction(i));
        let n = rays as f32 / 4.0;
        let mean = sphere().sum::<Vec3>() / n;
        assert!(mean.length() < 1e-3, "{mean}");
        let squares = sphere().map(|d| d.x.powi(2)).sum::<f32>() / n;
        assert!((squares - 1.0 / 3.0).abs() < 1e-3, "{squares}");
        let on_plane = |d: Vec3| d.truncate() * (-10.0 / d.z);
        let near = (0..rays - rays / 4).filter(|i| on_plane(aim.direction(*i)).length() < 50.0).count() as f32;
        assert!((near / (3.0 * n) - 0.5f32.powf(1.0 / NEARNESS)).abs() < 1e-3, "{near}");
        let turns = (1..RING).map(|i| aim.direction(i - 1).truncate().angle_to(aim.direction(i).truncate()).abs());
        assert!(turns.fold(0.0, f32::max) < 0.02);
    }
}
