//! What the cells of a tile receive: which part of each cell every candidate lights, and the power there.
//!
//! A straight shadow that falls into a square takes or leaves at least one of its corners, so corners decide first, and
//! neighbours share them. Where a cell's corners agree, one path stands for it; else many receivers in it are asked. The
//! mirrors' outlines decide for each point whether a path over them can reach it: cheap arithmetic, four points at a time.
//! Only then is it asked what stands in the way.

use super::discover::{Candidates, mirrors};
use super::field::{self, Layer};
use super::path::{self, Candidate, Hints, Path};
use super::plane::Mirror;
use super::scene::Scene;
use super::task::Task;
use crate::city::HeightRaster;
use crate::empirical::rooftop_loss;
use glam::{UVec2, Vec3};
use wide::f32x4;

/// Most receivers of a cell.
pub const MAX_SAMPLES: u32 = 64;
/// Points in a register.
const LANES: usize = 4;
/// Receivers of a cell that are asked first whether anything stands in the way, and the others only where these disagree
/// among themselves or with the corners.
const ASKED_FIRST: u32 = 8;

/// Every path of a task to one receiver, the direct one first. Single reflections are looked for in every mirror, others
/// among the candidates.
pub fn paths(task: &Task<'_>, candidates: &Candidates, to: Vec3) -> Vec<Path> {
    let tile = task.tiling().at(to.truncate());
    let signatures = tile.into_iter().flat_map(|t| candidates.in_tile(t));
    let several = signatures.map(|i| mirrors(&candidates.signatures[i as usize])).filter(|s| s.len() > 1);
    let through = |signature: &[u32]| {
        path::through(task.scene, &Candidate::for_task(task, signature)?, to, &mut Hints::default())
    };
    let single = (0..task.scene.mirrors.len() as u32).filter(|_| task.depth > 0).filter_map(|i| through(&[i]));
    through(&[]).into_iter().chain(single).chain(several.filter_map(through)).collect()
}

/// Points, four to a register.
#[derive(Debug, Default)]
struct Points {
    groups: Vec<[f32x4; 3]>,
    all: Vec<Vec3>,
}

impl Points {
    fn of(points: impl Iterator<Item = Vec3>) -> Self {
        let all: Vec<Vec3> = points.collect();
        let groups = all.chunks(LANES).map(|four| {
            let at = |lane: usize| four.get(lane).copied().unwrap_or(four[0]);
            std::array::from_fn(|axis| f32x4::new(std::array::from_fn(|lane| at(lane)[axis])))
        });
        Self { groups: groups.collect(), all }
    }

    /// Calls with each point that the candidate's images see through all of its mirrors' outlines.
    fn each_seen(&self, scene: &Scene, candidate: &Candidate<'_>, mut call: impl FnMut(usize)) {
        for (g, group) in self.groups.iter().enumerate() {
            let mut goal = *group;
            let mut seen = 0b1111u32;
            for (k, index) in candidate.mirrors.iter().enumerate().rev() {
                seen &= through(&scene.mirrors[*index as usize], candidate.images[k + 1], &mut goal);
                if seen == 0 {
                    break;
                }
            }
            while seen != 0 {
                let i = LANES * g + seen.trailing_zeros() as usize;
                seen &= seen - 1;
                if i < self.all.len() {
                    call(i);
                }
            }
        }
    }
}

/// Moves each goal to where its line from `image` comes through the mirror, and tells which do so within the mirror's box.
#[inline]
fn through(mirror: &Mirror, image: Vec3, goal: &mut [f32x4; 3]) -> u32 {
    let behind = f32x4::splat(mirror.height(image));
    let normal = mirror.normal.map(f32x4::splat);
    let before = normal[0] * goal[0] + normal[1] * goal[1] + normal[2] * goal[2] - f32x4::splat(mirror.offset);
    let t = behind / (behind - before);
    let mut within = (behind * before).simd_lt(f32x4::splat(0.0));
    let image = image.to_array();
    for axis in 0..3 {
        let from = f32x4::splat(image[axis]);
        goal[axis] = from + (goal[axis] - from) * t;
        let (lo, hi) = (mirror.lo[axis] - Mirror::SLACK, mirror.hi[axis] + Mirror::SLACK);
        within = within & goal[axis].simd_ge(f32x4::splat(lo)) & goal[axis].simd_le(f32x4::splat(hi));
    }
    within.to_bitmask()
}

/// The cells of one tile of the map.
pub struct Tile<'a> {
    task: &'a Task<'a>,
    layers: &'a [Vec<Layer>],
    /// Its south-west cell, and its cells along each axis.
    first: UVec2,
    count: UVec2,
    /// The corners of its cells; none where each cell has a single receiver, which decides alone.
    corners: Points,
    /// The receivers of each cell; none indoors.
    cells: Vec<Points>,
}

impl<'a> Tile<'a> {
    /// Tile number `tile`. `layers` are the surfaces as each beam finds them.
    pub fn new(task: &'a Task<'a>, layers: &'a [Vec<Layer>], tile: u32) -> Self {
        let tiling = task.tiling();
        let first = UVec2::new(tile % tiling.count.x, tile / tiling.count.x) * tiling.cells;
        let count = UVec2::splat(tiling.cells).min(UVec2::new(task.grid.nx, task.grid.ny) - first);
        let corners = (0..=count.y).flat_map(|y| (0..=count.x).map(move |x| task.corner(first + UVec2::new(x, y))));
        let corners = Points::of(corners.filter(|_| task.samples() > 1));
        let receivers = |i: u32| {
            let (ix, iy) = (first.x + i % count.x, first.y + i / count.x);
            if task.indoors(ix, iy) { Points::default() } else { Points::of(task.receivers(ix, iy)) }
        };
        let cells = (0..count.x * count.y).map(receivers).collect();
        Self { task, layers, first, count, corners, cells }
    }

    /// What its cells receive over the direct way and all candidates.
    pub fn collect<'c>(&self, candidates: impl Iterator<Item = &'c Candidate<'c>>) -> Received {
        let cells = self.cells.len();
        let mut gains = vec![0.0; cells * self.task.beams.len()];
        let mut lit = vec![None; self.corners.all.len()];
        match self.task.roofs.filter(|_| self.task.diffraction) {
            Some(roofs) => self.collect_over_roofs(roofs, &mut gains),
            None => {
                if let Some(direct) = Candidate::for_task(self.task, &[]) {
                    self.collect_one(&direct, &mut lit, &mut gains);
                }
            }
        }
        for candidate in candidates {
            self.collect_one(candidate, &mut lit, &mut gains);
        }
        for cell in (0..cells).filter(|c| self.cells[*c].all.is_empty()) {
            gains.iter_mut().skip(cell).step_by(cells).for_each(|g| *g = f32::NAN);
        }
        Received { gains, first_row: self.first.y, count: self.count }
    }

    /// The direct way, which pays for the rooftops instead of ending at them.
    fn collect_over_roofs(&self, roofs: &HeightRaster, gains: &mut [f32]) {
        let from = self.task.transmitter;
        for cell in 0..self.cells.len() {
            if self.cells[cell].all.is_empty() {
                continue;
            }
            let to = self.centre(cell);
            let path = Path::direct(from, to);
            for (b, (beam, layers)) in self.task.beams.iter().zip(self.layers).enumerate() {
                let loss = rooftop_loss(roofs, from, to, beam.frequency.wavelength() as f32);
                gains[b * self.cells.len() + cell] += field::gain(&path, beam, layers) * 10f32.powf(-0.1 * loss);
            }
        }
    }

    fn centre(&self, cell: usize) -> Vec3 {
        let i = cell as u32;
        self.task.centre(self.first.x + i % self.count.x, self.first.y + i / self.count.x)
    }

    /// One candidate; `lit` is room for what it does to each corner.
    fn collect_one(&self, candidate: &Candidate<'_>, lit: &mut [Option<usize>], gains: &mut [f32]) {
        let scene = self.task.scene;
        let mut hints = Hints::default();
        let corners = &self.corners;
        lit.fill(None);
        corners.each_seen(scene, candidate, |i| {
            lit[i] = path::through(scene, candidate, corners.all[i], &mut hints).map(|p| p.interactions().len());
        });
        let cells = self.cells.len();
        for cell in 0..cells {
            let corners = self.corners_of(cell).map(|i| lit.get(i).copied().flatten());
            self.part(cell, corners, candidate, &mut hints, |path, share| {
                for (b, (beam, layers)) in self.task.beams.iter().zip(self.layers).enumerate() {
                    gains[b * cells + cell] += share * field::gain(path, beam, layers);
                }
            });
        }
    }

    /// The paths that stand for the part of a cell which the candidate lights, each with the share of the cell that it
    /// stands for. `corners` are the cell's: lit through how many surfaces, if at all.
    fn part(
        &self,
        cell: usize,
        corners: [Option<usize>; 4],
        candidate: &Candidate<'_>,
        hints: &mut Hints,
        mut add: impl FnMut(&Path, f32),
    ) {
        let scene = self.task.scene;
        let receivers = &self.cells[cell];
        if receivers.all.is_empty() {
            return;
        }
        let count = corners.iter().flatten().count();
        if let Some(met) = corners[0].filter(|_| corners.iter().all(|c| *c == corners[0])) {
            // What lights all corners of a cell may still stop at a post in its middle.
            let path = path::through(scene, candidate, self.centre(cell), hints);
            if let Some(path) = path.filter(|p| p.interactions().len() == met) {
                add(&path, 1.0);
                return;
            }
        }
        let every = receivers.all.len() as f32;
        if candidate.walls > 0 {
            // Neighbours may be behind different walls: each counts for itself.
            receivers.each_seen(scene, candidate, |i| {
                if let Some(path) = path::through(scene, candidate, receivers.all[i], hints) {
                    add(&path, 1.0 / every);
                }
            });
            return;
        }
        let (mut seen, mut asked, mut lit, mut sum, mut any) = (0u32, 0u32, 0u32, Vec3::ZERO, None);
        receivers.each_seen(scene, candidate, |i| {
            seen += 1;
            let agree = if lit == 0 { count == 0 } else { lit == asked };
            if asked >= ASKED_FIRST && agree {
                return;
            }
            asked += 1;
            if let Some(path) = path::through(scene, candidate, receivers.all[i], hints) {
                lit += 1;
                sum += receivers.all[i];
                any = Some(path);
            }
        });
        let Some(any) = any else { return };
        // The middle of what is lit stands for it, if a path leads there.
        let middle = if lit > 1 { path::through(scene, candidate, sum / lit as f32, hints) } else { None };
        add(&middle.unwrap_or(any), lit as f32 / asked as f32 * seen as f32 / every);
    }

    /// Which of the tile's corners are a cell's.
    fn corners_of(&self, cell: usize) -> [usize; 4] {
        let width = self.count.x as usize;
        let south_west = cell / width * (width + 1) + cell % width;
        [0, 1, width + 1, width + 2].map(|offset| south_west + offset)
    }
}

/// Gain of each beam in the cells of a tile: NaN indoors, 0 where no path arrives.
pub struct Received {
    /// Beam by beam, row by row.
    gains: Vec<f32>,
    first_row: u32,
    count: UVec2,
}

impl Received {
    /// Those of row `iy` of the map, west to east.
    pub fn row(&self, beam: usize, iy: u32) -> &[f32] {
        let [width, height] = self.count.to_array().map(|n| n as usize);
        let start = (beam * height + (iy - self.first_row) as usize) * width;
        &self.gains[start..start + width]
    }
}
