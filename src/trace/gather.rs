//! What the cells of a tile receive: which part of each cell every candidate lights, and the power there.
//!
//! The cone through a candidate's mirrors is cut out of each cell exactly; only what stands in the way has to be asked for
//! point by point. A cell that lies in the cone as a whole shares its corners with its neighbours. The shadow of whatever is
//! found in the way is exact too: it is taken out of this cell and those after it, and what is left is asked in its middle.

use super::bent;
use super::cone::{Cone, Part, Shadow, area, middle, quarters, shadow};
use super::detour::Detour;
use super::discover::{Candidates, mirrors};
use super::field::{self, Beam, Layer};
use super::gap::Gaps;
use super::lit::Stretch;
use super::over::Spots;
use super::path::{self, Answer, Candidate, Hints, Obstacle, Path};
use super::scene::Scene;
use super::spread::{Sum, Way};
use super::task::{Diffraction, Task, left_by_leaves};
use crate::city::HeightRaster;
use glam::{UVec2, Vec2, Vec3};

/// Most receivers of a cell.
pub const MAX_SAMPLES: u32 = 64;

/// Places asked in what the shadows known so far leave of a cell.
const MOST_ASKED: usize = 8;
/// A part whose halves make up so much of it is lit as a whole: all of it, but for rounding.
const LIT_WHOLE: f32 = 0.999;
/// What may add less than this share to what a cell has is left out.
const NEGLIGIBLE: f32 = 1e-2;
/// Shadows remembered of one candidate in one tile.
const MOST_SHADOWS: usize = 12;

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

/// The outdoor part of the map that one receiver stands for, and a box around it.
#[derive(Clone, Copy, Debug)]
struct Cell {
    centre: Vec3,
    half: Vec3,
}

/// What is known of one candidate in one tile.
#[derive(Default)]
struct Light {
    hints: Hints,
    /// Its cone in the tile, and in one cell.
    tile: Cone,
    cell: Cone,
    /// For each corner of a cell that was asked, whether it is lit.
    corners: Vec<Option<bool>>,
    /// What is in the way somewhere in the tile, and the shadow behind it.
    shadows: Vec<(Obstacle, Shadow)>,
    /// Where a cell may have light.
    gaps: Gaps,
}

impl Light {
    /// Begins with a candidate; whether its cone touches the tile.
    fn begin(&mut self, candidate: &Candidate<'_>, tile: &Tile<'_>) -> bool {
        self.corners.clear();
        self.corners.resize(tile.corners.len(), None);
        self.shadows.clear();
        let Cell { centre, half } = tile.around;
        let touches = candidate.cone.narrow(centre, half, &mut self.tile);
        self.hints.clear();
        // On a slope the part is no flat outline.
        if touches && candidate.walls == 0 && half.z == 0.0 && !tile.corners.is_empty() {
            let part = self.tile.part(centre, half.truncate());
            let corners: Vec<Vec3> = part.corners().iter().map(|c| c.extend(centre.z)).collect();
            self.hints.look_towards(tile.task.scene, candidate, &corners);
        }
        touches
    }

    /// What becomes of the candidate at `to`. A shadow that was not known falls on the gaps.
    fn ask(&mut self, scene: &Scene, candidate: &Candidate<'_>, to: Vec3) -> Answer {
        let answer = path::ask(scene, candidate, to, &mut self.hints);
        if let Answer::Hidden(obstacle) = answer
            && self.shadows.len() < MOST_SHADOWS
            && self.shadows.iter().all(|(known, _)| *known != obstacle)
        {
            let shadow = shadow(scene, candidate, obstacle, to);
            self.gaps.darken(&shadow);
            self.shadows.push((obstacle, shadow));
        }
        answer
    }

    /// Whether the candidate arrives at corner `i` of the tile, which is at `to`.
    fn is_lit(&mut self, scene: &Scene, candidate: &Candidate<'_>, to: Vec3, i: usize) -> bool {
        if let Some(known) = self.corners[i] {
            return known;
        }
        let lit = self.ask(scene, candidate, to) == Answer::Clear;
        self.corners[i] = Some(lit);
        lit
    }
}

/// What is lit of a cell.
#[derive(Default)]
struct Lit {
    area: f32,
    /// Area times place.
    moment: Vec2,
    /// A place in it.
    last: Option<Vec2>,
}

impl Lit {
    fn add(&mut self, at: Vec2, area: f32) {
        self.area += area;
        self.moment += area * at;
        self.last = Some(at);
    }
}

/// The cells of one tile of the map.
pub struct Tile<'a> {
    task: &'a Task<'a>,
    layers: &'a [Vec<Layer>],
    /// Its south-west cell, and its cells along each axis.
    first: UVec2,
    count: UVec2,
    /// The corners of its cells; none where each cell has a single receiver, which decides alone.
    corners: Vec<Vec3>,
    /// The cells outdoors.
    cells: Vec<Option<Cell>>,
    /// A box around all of them.
    around: Cell,
}

impl<'a> Tile<'a> {
    /// Tile number `tile`. `layers` are the surfaces as each beam finds them.
    pub fn new(task: &'a Task<'a>, layers: &'a [Vec<Layer>], tile: u32) -> Self {
        let tiling = task.tiling();
        let first = UVec2::new(tile % tiling.count.x, tile / tiling.count.x) * tiling.cells;
        let count = UVec2::splat(tiling.cells).min(UVec2::new(task.grid.nx, task.grid.ny) - first);
        let corner = |x: u32, y: u32| task.corner(first + UVec2::new(x, y));
        let mut corners = Vec::new();
        if task.samples() > 1 {
            corners.extend((0..=count.y).flat_map(|y| (0..=count.x).map(move |x| (x, y))).map(|(x, y)| corner(x, y)));
        }
        let cell = |i: u32| {
            let (x, y) = (i % count.x, i / count.x);
            let around = [corner(x, y), corner(x + 1, y), corner(x + 1, y + 1), corner(x, y + 1)];
            let centre = task.centre(first.x + x, first.y + y);
            let rise = around.iter().map(|c| (c.z - centre.z).abs()).fold(0.0, f32::max);
            let half = Vec2::splat(0.5 * task.grid.cell as f32).extend(rise);
            (!task.indoors(first.x + x, first.y + y)).then_some(Cell { centre, half })
        };
        let cells: Vec<Option<Cell>> = (0..count.x * count.y).map(cell).collect();
        let bounds = cells.iter().flatten().fold([Vec3::INFINITY, Vec3::NEG_INFINITY], |[lo, hi], c| {
            [lo.min(c.centre - c.half), hi.max(c.centre + c.half)]
        });
        let around = Cell { centre: (bounds[0] + bounds[1]) * 0.5, half: (bounds[1] - bounds[0]) * 0.5 };
        Self { task, layers, first, count, corners, cells, around }
    }

    /// What its cells receive over the direct way, all candidates, and `stretches` of edges.
    pub fn collect<'c, S: Sum>(
        &self,
        candidates: impl Iterator<Item = &'c Candidate<'c>>,
        stretches: impl Iterator<Item = &'c Stretch>,
        detours: impl Iterator<Item = &'c Detour>,
    ) -> Received<S> {
        let cells = self.cells.len();
        let mut gains = vec![S::default(); cells * self.task.beams.len()];
        let mut light = Light::default();
        match (self.task.diffraction, self.task.roofs) {
            (bends, Some(roofs)) if bends.over_rooftops() => {
                self.collect_over_roofs(roofs, &mut gains);
                if let Some(direct) = Candidate::for_task(self.task, &[]).filter(|direct| direct.walls > 0) {
                    self.collect_one(&direct, &mut light, &mut gains);
                }
            }
            (Diffraction::EdgesAlone, _) => {}
            _ => {
                if let Some(direct) = Candidate::for_task(self.task, &[]) {
                    self.collect_one(&direct, &mut light, &mut gains);
                }
            }
        }
        for candidate in candidates {
            self.collect_one(candidate, &mut light, &mut gains);
        }
        let centres: Vec<Option<Vec3>> = self.cells.iter().map(|cell| cell.as_ref().map(|c| c.centre)).collect();
        let spots = Spots { centres: &centres, corners: &self.corners, width: self.count.x as usize };
        spots.collect(self.task, self.layers, stretches, &mut gains);
        self.collect_detours(detours, &mut gains);
        for cell in (0..cells).filter(|c| self.cells[*c].is_none()) {
            gains.iter_mut().skip(cell).step_by(cells).for_each(|g| *g = S::INDOORS);
        }
        Received { gains, first_row: self.first.y, count: self.count }
    }

    /// The direct way, which pays for the rooftops instead of ending at them.
    fn collect_over_roofs<S: Sum>(&self, roofs: &HeightRaster, gains: &mut [S]) {
        let from = self.task.transmitter;
        for cell in 0..self.cells.len() {
            let to = self.centre(cell);
            // Into a hollow house waves come through its walls.
            if self.cells[cell].is_none() || (self.task.transmission && roofs.covers(to)) {
                continue;
            }
            let path = Path::direct(from, to);
            let mut known = None;
            for (b, (beam, layers)) in self.task.beams.iter().zip(self.layers).enumerate() {
                // The sectors of a mast mostly share a frequency, and then the profile.
                let direct = match known {
                    Some((of, direct)) if of == beam.frequency => direct,
                    _ => self.task.direct_over(roofs, to, beam.frequency),
                };
                known = Some((beam.frequency, direct));
                let gain = field::gain(&path, beam, layers) * direct.left;
                gains[b * self.cells.len() + cell].add(gain, || Way::bent(&path, direct.bend));
            }
        }
    }

    /// What comes around corners with mirrors, to the middle of each cell; the strongest first, until what may still come
    /// is nothing beside what the cell has.
    fn collect_detours<'c, S: Sum>(&self, detours: impl Iterator<Item = &'c Detour>, gains: &mut [S]) {
        let (task, scene, cells) = (self.task, self.task.scene, self.cells.len());
        let starts = detours.filter_map(|d| Some((d, d.start(scene, task.transmitter)?, Default::default())));
        let mut all: Vec<(&Detour, Candidate<'_>, bent::Hints)> = starts.collect();
        let wavelength = task.beams.iter().map(|b| b.frequency.wavelength() as f32).fold(0.0, f32::max);
        let antennas = |beam: &Beam| 10f32.powf(0.1 * beam.pointing.peak_dbi()) * beam.receiver.pattern.peak();
        let antennas: Vec<f32> = task.beams.iter().map(antennas).collect();
        let mut promising = Vec::new();
        for cell in (0..cells).filter(|c| self.cells[*c].is_some()) {
            let to = self.centre(cell);
            promising.clear();
            let promises = |(i, (detour, start, _)): (usize, &(&Detour, Candidate<'_>, bent::Hints))| {
                Some((detour.most(scene, start, to, wavelength)?, i))
            };
            promising.extend(all.iter().enumerate().filter_map(promises));
            promising.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
            for (most, i) in &promising {
                let matters =
                    |(b, antennas): (usize, &f32)| most * antennas > NEGLIGIBLE * gains[b * cells + cell].power();
                if !antennas.iter().enumerate().any(matters) {
                    break;
                }
                let (detour, start, hints) = &mut all[*i];
                let Some(path) = detour.path(scene, start, to, hints) else { continue };
                let leaves = task.in_leaves(path.points());
                for (b, (beam, layers)) in task.beams.iter().zip(self.layers).enumerate() {
                    let gain = field::gain(&path, beam, layers) * left_by_leaves(leaves, beam.frequency);
                    gains[b * cells + cell].add(gain, || Way::of(&path));
                }
            }
        }
    }

    fn centre(&self, cell: usize) -> Vec3 {
        let i = cell as u32;
        self.task.centre(self.first.x + i % self.count.x, self.first.y + i / self.count.x)
    }

    /// One candidate.
    fn collect_one<S: Sum>(&self, candidate: &Candidate<'_>, light: &mut Light, gains: &mut [S]) {
        if !light.begin(candidate, self) {
            return;
        }
        let cells = self.cells.len();
        // Where the direct way leads over the rooftops, it counts here only if it comes through walls.
        let known = candidate.mirrors.is_empty() && self.task.pays_for_rooftops();
        for cell in 0..cells {
            self.part(cell, candidate, light, |path, share| {
                if known && path.interactions().is_empty() {
                    return;
                }
                let leaves = self.task.in_leaves(path.points());
                for (b, (beam, layers)) in self.task.beams.iter().zip(self.layers).enumerate() {
                    if known && !self.task.is_beside_rooftops(path.to, beam.frequency) {
                        continue;
                    }
                    let gain = field::gain(path, beam, layers) * left_by_leaves(leaves, beam.frequency);
                    gains[b * cells + cell].add(share * gain, || Way::of(path));
                }
            });
        }
    }

    /// The paths that stand for the part of a cell which the candidate lights, each with the share of the cell that it
    /// stands for.
    fn part(&self, cell: usize, candidate: &Candidate<'_>, light: &mut Light, mut add: impl FnMut(&Path, f32)) {
        let scene = self.task.scene;
        let Some(Cell { centre, half }) = self.cells[cell] else { return };
        if !light.tile.narrow(centre, half, &mut light.cell) {
            return;
        }
        if self.corners.is_empty() {
            if let Some(path) = path::through(scene, candidate, centre, &mut light.hints) {
                add(&path, 1.0);
            }
            return;
        }
        let (part, every) = (light.cell.part(centre, half.truncate()), 4.0 * half.x * half.y);
        if candidate.walls > 0 {
            // Neighbours may be behind different walls: each counts for itself.
            for (p, size) in part.fan().flat_map(quarters).map(|t| (middle(&t), area(&t))) {
                if let Some(path) = path::through(scene, candidate, self.task.receiver_at(p), &mut light.hints) {
                    add(&path, size / every);
                }
            }
            return;
        }
        let lit = self.lit(cell, candidate, light, &part, centre.z);
        let Some(last) = lit.last else { return };
        // The middle of what is lit stands for it, if there is such a path.
        let path = path::mirrored(scene, candidate, self.task.receiver_at(lit.moment / lit.area));
        if let Some(path) = path.or_else(|| path::mirrored(scene, candidate, self.task.receiver_at(last))) {
            add(&path, lit.area / every);
        }
    }

    /// What the candidate lights of a part of a cell, at height `z`.
    fn lit(&self, cell: usize, candidate: &Candidate<'_>, light: &mut Light, part: &Part, z: f32) -> Lit {
        let (scene, mut lit) = (self.task.scene, Lit::default());
        light.gaps.begin(part, z);
        for (_, shadow) in &light.shadows {
            light.gaps.darken(shadow);
        }
        if light.gaps.is_empty() {
            return lit;
        }
        let mut around = light.cell.is_everything();
        if around {
            for i in self.corners_of(cell) {
                around &= light.is_lit(scene, candidate, self.corners[i], i);
            }
        }
        // Light all around and no shadow: the middle decides. Of a part whose corners are not the tile's, its halves do.
        let halves = light.gaps.is_whole() && !around;
        for half in part.halves().filter(|_| halves) {
            let (at, area) = (middle(&half), area(&half));
            if light.ask(scene, candidate, self.task.receiver_at(at)) == Answer::Clear {
                lit.add(at, area);
            }
        }
        if halves && light.gaps.is_whole() && lit.area >= LIT_WHOLE * part.area() {
            return lit;
        }
        lit = Lit::default();
        for _ in 0..MOST_ASKED {
            let Some((area, piece)) = light.gaps.largest() else { break };
            let (at, known) = (piece.middle(), light.shadows.len());
            match light.ask(scene, candidate, self.task.receiver_at(at)) {
                Answer::Clear => lit.add(at, area),
                Answer::Hidden(_) if light.shadows.len() > known => {
                    light.gaps.put((area, piece), &light.shadows[known].1);
                }
                Answer::Hidden(_) | Answer::Nowhere => light.gaps.put_halves((area, piece)),
            }
        }
        lit
    }

    /// Which of the tile's corners are a cell's.
    fn corners_of(&self, cell: usize) -> [usize; 4] {
        let width = self.count.x as usize;
        let south_west = cell / width * (width + 1) + cell % width;
        [0, 1, width + 1, width + 2].map(|offset| south_west + offset)
    }
}

/// What each beam brings to the cells of a tile.
pub struct Received<S> {
    /// Beam by beam, row by row.
    gains: Vec<S>,
    first_row: u32,
    count: UVec2,
}

impl<S> Received<S> {
    /// That of row `iy` of the map, west to east.
    pub fn row(&self, beam: usize, iy: u32) -> &[S] {
        let [width, height] = self.count.to_array().map(|n| n as usize);
        let start = (beam * height + (iy - self.first_row) as usize) * width;
        &self.gains[start..start + width]
    }
}
