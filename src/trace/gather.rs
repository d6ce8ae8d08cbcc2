//! What the cells of a tile receive: which part of each cell every candidate lights, and the power there.
//!
//! The cone through a candidate's mirrors is cut out of each cell exactly; only what stands in the way has to be asked for
//! point by point. A cell that lies in the cone as a whole shares its corners with its neighbours. Where every point asked
//! agrees, that is it: what hides all of them must hide everything between, which a single convex facet does for sure.
//! Else the part is asked more closely.

use super::cone::{Cone, Part, area, middle, quarters, shadow};
use super::discover::{Candidates, mirrors};
use super::field::{self, Layer};
use super::gap::Gaps;
use super::lit::Stretch;
use super::over::Spots;
use super::path::{self, Answer, Candidate, Hints, Obstacle, Path};
use super::scene::Scene;
use super::spread::{Sum, Way};
use super::task::{Diffraction, Task};
use crate::city::HeightRaster;
use crate::empirical::{OverRooftops, over_rooftops};
use glam::{UVec2, Vec2, Vec3};

/// Most receivers of a cell.
pub const MAX_SAMPLES: u32 = 64;

/// Gaps between shadows that are looked into for a sliver of light, where a cell looks dark.
const GAPS_ASKED: usize = 8;

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
    /// For each corner of a cell that was asked, the answer.
    corners: Vec<Option<Answer>>,
    /// Where a cell may have light, though none was found yet.
    gaps: Gaps,
}

impl Light {
    /// Begins with a candidate; whether its cone touches the tile.
    fn begin(&mut self, candidate: &Candidate<'_>, tile: &Tile<'_>) -> bool {
        self.corners.clear();
        self.corners.resize(tile.corners.len(), None);
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

    /// What becomes of the candidate at corner `i` of the tile, which is at `to`.
    fn at_corner(&mut self, scene: &Scene, candidate: &Candidate<'_>, to: Vec3, i: usize) -> Answer {
        *self.corners[i].get_or_insert_with(|| path::ask(scene, candidate, to, &mut self.hints))
    }
}

/// What was heard of one part of a cell so far.
struct Survey {
    all_lit: bool,
    all_dark: bool,
    /// Where something was in the way first, and what.
    hidden: Option<(Vec3, Obstacle)>,
}

impl Default for Survey {
    fn default() -> Self {
        Self { all_lit: true, all_dark: true, hidden: None }
    }
}

impl Survey {
    /// Hears what becomes of the candidate at `to`; whether a path arrives.
    fn hear(&mut self, to: Vec3, answer: Answer) -> bool {
        let lit = answer == Answer::Clear;
        self.all_lit &= lit;
        self.all_dark &= !lit;
        if let Answer::Hidden(obstacle) = answer {
            self.hidden.get_or_insert((to, obstacle));
        }
        lit
    }

    /// Whether it is all dark for sure: so far it was, and one facet hides the whole of it.
    fn is_dark(&self, scene: &Scene, candidate: &Candidate<'_>, part: &Part, z: f32) -> bool {
        let hides = |(to, obstacle): (Vec3, Obstacle)| part.is_within(&shadow(scene, candidate, obstacle, to), z);
        self.all_dark && self.hidden.is_some_and(hides)
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

impl FromIterator<(Vec2, f32)> for Lit {
    /// From places and the areas that they stand for.
    fn from_iter<I: IntoIterator<Item = (Vec2, f32)>>(places: I) -> Self {
        places.into_iter().fold(Self::default(), |lit, (at, area)| Self {
            area: lit.area + area,
            moment: lit.moment + area * at,
            last: Some(at),
        })
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
    ) -> Received<S> {
        let cells = self.cells.len();
        let mut gains = vec![S::default(); cells * self.task.beams.len()];
        let mut light = Light::default();
        match (self.task.diffraction, self.task.roofs) {
            (bends, Some(roofs)) if bends.over_rooftops() => self.collect_over_roofs(roofs, &mut gains),
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
        for cell in (0..cells).filter(|c| self.cells[*c].is_none()) {
            gains.iter_mut().skip(cell).step_by(cells).for_each(|g| *g = S::INDOORS);
        }
        Received { gains, first_row: self.first.y, count: self.count }
    }

    /// The direct way, which pays for the rooftops instead of ending at them.
    fn collect_over_roofs<S: Sum>(&self, roofs: &HeightRaster, gains: &mut [S]) {
        let from = self.task.transmitter;
        for cell in 0..self.cells.len() {
            if self.cells[cell].is_none() {
                continue;
            }
            let to = self.centre(cell);
            let path = Path::direct(from, to);
            let mut known = None;
            for (b, (beam, layers)) in self.task.beams.iter().zip(self.layers).enumerate() {
                // The sectors of a mast mostly share a frequency, and then the profile.
                let wavelength = beam.frequency.wavelength() as f32;
                let over = match known {
                    Some((of, over)) if of == wavelength => over,
                    _ => over_rooftops(roofs, from, to, wavelength),
                };
                known = Some((wavelength, over));
                let OverRooftops { loss, edge } = over;
                let gain = field::gain(&path, beam, layers) * 10f32.powf(-0.1 * loss);
                let way = || Way::bent(&path, edge.filter(|_| loss > 0.0));
                gains[b * self.cells.len() + cell].add(gain, way);
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
        for cell in 0..cells {
            self.part(cell, candidate, light, |path, share| {
                for (b, (beam, layers)) in self.task.beams.iter().zip(self.layers).enumerate() {
                    gains[b * cells + cell].add(share * field::gain(path, beam, layers), || Way::of(path));
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
        let close = || part.fan().flat_map(quarters).map(|t| (middle(&t), area(&t)));
        if candidate.walls > 0 {
            // Neighbours may be behind different walls: each counts for itself.
            for (p, size) in close() {
                if let Some(path) = path::through(scene, candidate, self.task.receiver_at(p), &mut light.hints) {
                    add(&path, size / every);
                }
            }
            return;
        }
        let mut survey = Survey::default();
        if light.cell.is_everything() {
            for i in self.corners_of(cell) {
                survey.hear(self.corners[i], light.at_corner(scene, candidate, self.corners[i], i));
            }
        }
        if survey.is_dark(scene, candidate, &part, centre.z) {
            return;
        }
        let mut ask = |p: Vec2| {
            let to = self.task.receiver_at(p);
            survey.hear(to, path::ask(scene, candidate, to, &mut light.hints))
        };
        let halves = part.halves().map(|t| (middle(&t), area(&t)));
        let mut lit: Lit = halves.filter(|(p, _)| ask(*p)).collect();
        if !survey.all_lit {
            if survey.is_dark(scene, candidate, &part, centre.z) {
                return;
            }
            let Survey { all_dark, hidden, .. } = survey;
            let sliver = |light: &mut Light| self.sliver(candidate, light, &part, centre.z, hidden);
            let found = if all_dark { sliver(light) } else { None };
            if all_dark && found.is_none() {
                return;
            }
            let mut ask =
                |p: &Vec2| path::ask(scene, candidate, self.task.receiver_at(*p), &mut light.hints) == Answer::Clear;
            lit = close().filter(|(p, _)| ask(p)).collect();
            if lit.last.is_none() {
                lit = found.or_else(|| sliver(light)).into_iter().collect();
            }
        }
        let Some(last) = lit.last else { return };
        // The middle of what is lit stands for it, if there is such a path.
        let path = path::mirrored(scene, candidate, self.task.receiver_at(lit.moment / lit.area));
        if let Some(path) = path.or_else(|| path::mirrored(scene, candidate, self.task.receiver_at(last))) {
            add(&path, lit.area / every);
        }
    }

    /// A place and the area around it, in a part of a cell in which no light was found yet, that may be lit between the
    /// shadows of what is in the way.
    fn sliver(
        &self,
        candidate: &Candidate<'_>,
        light: &mut Light,
        part: &Part,
        z: f32,
        hidden: Option<(Vec3, Obstacle)>,
    ) -> Option<(Vec2, f32)> {
        let scene = self.task.scene;
        let Light { gaps, hints, .. } = light;
        gaps.begin(part, z);
        if let Some((to, obstacle)) = hidden {
            gaps.darken(&shadow(scene, candidate, obstacle, to));
        }
        for _ in 0..GAPS_ASKED {
            let (area, piece) = gaps.largest()?;
            let to = self.task.receiver_at(piece.middle());
            match path::ask(scene, candidate, to, hints) {
                Answer::Clear => return Some((to.truncate(), area)),
                Answer::Nowhere => gaps.put_halves((area, piece)),
                Answer::Hidden(obstacle) => {
                    gaps.put((area, piece));
                    gaps.darken(&shadow(scene, candidate, obstacle, to));
                }
            }
        }
        None
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
