//! What the cells of a tile receive over single edges.
//!
//! Of a stretch that the transmitter sees, a cell is reached where the way over the edge meets it: that part is cut out of
//! the cell, as the cones of mirrors are. What stands between it and the edge is asked at its corners, which neighbours
//! share, and, if they do not agree, more closely. What an edge could bring at most is known from angles and lengths alone;
//! so edges are taken from the strongest to the weakest, and only those are asked that may still add something to what a
//! cell has.

use super::bent::CLEARANCE;
use super::bvh::NO_PLANE;
use super::cone::{HalfSpace, Part, Triangle, area, middle, quarters};
use super::edge::Edge;
use super::field::{self, Layer};
use super::lit::Stretch;
use super::path::{Bend, Interaction, Kind, Path};
use super::spread::{Sum, Way};
use super::task::{Task, left_by_leaves};
use super::utd::{Beside, Ray};
use super::wide::Hint;
use glam::{Vec2, Vec3};
use std::f32::consts::{PI, TAU};

/// What may add less than this share to what a cell has is left out.
const NEGLIGIBLE: f32 = 1e-2;
/// Where half a cell turns the ray by these shares of its angle from the nearest boundary of the field, power is taken at
/// several places, and at many: amplitudes go with the inverse of that angle, so the mean of their squares is 14 %
/// above that in the middle at the first.
const STEEP: [f32; 2] = [0.35, 1.5];

/// Where the cells of a tile are, row by row.
pub struct Spots<'a> {
    /// The middle of each cell; `None` where it has no receiver.
    pub centres: &'a [Option<Vec3>],
    /// The corners of the cells, row by row, one more each way; none where the middle decides alone.
    pub corners: &'a [Vec3],
    /// Cells in a row.
    pub width: usize,
}

/// What becomes of the way over an edge to one place.
#[derive(Clone, Copy, PartialEq)]
enum Answer {
    Clear,
    /// This facet is in the way.
    Hidden(u32),
    /// The place is behind both faces.
    Inside,
}

/// The part of a cell whose ways meet a stretch.
struct Reached {
    cell: usize,
    part: Part,
    /// Whether that is the whole cell.
    whole: bool,
    /// The way to its middle, or to a corner, and the most that may come over it, of isotropic antennas.
    ray: Ray,
    most: f32,
}

/// A stretch beside a tile.
struct Near<'a> {
    edge: &'a Edge,
    ends: [f64; 2],
    mast: Beside,
    /// What it may bring to the tile at most.
    most: f32,
    reached: Vec<Reached>,
    /// What hid a way to a receiver last.
    hint: Hint,
}

impl<'a> Near<'a> {
    fn new(task: &Task<'a>, stretch: &Stretch) -> Option<Self> {
        let edge = task.scene.edges().all.get(stretch.edge as usize)?;
        let mast = edge.wedge.beside(task.transmitter.as_dvec3());
        let ends = stretch.ends.map(f64::from);
        Some(Self { edge, ends, mast, most: 0.0, reached: Vec::new(), hint: Hint::default() })
    }

    /// Where the way to `to` meets the edge's line, metres beyond the stretch's start.
    fn meets(&self, to: Vec3) -> f32 {
        (self.mast.crossing(self.edge.wedge.beside(to.as_dvec3())) - self.ends[0]) as f32
    }

    /// The way to `to`, by geometry alone.
    fn way(&self, task: &Task<'_>, to: Vec3) -> Option<Ray> {
        self.edge.wedge.ray(task.transmitter.as_dvec3(), to.as_dvec3())
    }

    /// Takes in a part of a cell at the height `z`.
    fn take(&mut self, task: &Task<'_>, cell: usize, (part, whole): (Part, bool), z: f32) {
        // Of a cell at a wall the middle may be inside.
        let mut places = std::iter::once(part.middle()).chain(part.corners().iter().copied());
        if let Some(ray) = places.find_map(|p| self.way(task, p.extend(z))) {
            let n = self.edge.wedge.n() as f32;
            let beams = task.beams.iter().map(|beam| most(n, &ray, beam.frequency.wavelength() as f32));
            let most = beams.fold(0.0, f32::max);
            self.most = self.most.max(most);
            self.reached.push(Reached { cell, part, whole, ray, most });
        }
    }

    /// What becomes of the way to `to`.
    fn ask(&mut self, task: &Task<'_>, to: Vec3) -> Answer {
        let wedge = &self.edge.wedge;
        if !wedge.is_open_to(to.as_dvec3()) {
            return Answer::Inside;
        }
        let along = self.mast.crossing(wedge.beside(to.as_dvec3())).clamp(self.ends[0], self.ends[1]);
        let start = wedge.at(along).as_vec3() + self.edge.air() * CLEARANCE;
        let known = task.scene.blocked_again(start, to, [NO_PLANE; 2], self.hint);
        let hidden = known.or_else(|| task.scene.blocked(start, to, [NO_PLANE; 2], &mut self.hint));
        hidden.map_or(Answer::Clear, Answer::Hidden)
    }

    /// Adds, beam by beam, what comes to the lit pieces of a cell, as a share of the cell.
    fn bring(
        &self,
        task: &Task<'_>,
        layers: &[Vec<Layer>],
        reached: &Reached,
        lit: &[Piece],
        mut add: impl FnMut(usize, f32, &Path),
    ) {
        let sum: f32 = lit.iter().map(|(_, size)| size).sum();
        if sum <= 0.0 {
            return;
        }
        let every = (task.grid.cell * task.grid.cell) as f32;
        let turn = 0.5 * sum.sqrt() / (reached.ray.after * reached.ray.sin_beta) as f32;
        let mut bring = |path: &Path, share: f32| {
            let leaves = task.in_leaves(path.points());
            for (b, (beam, layers)) in task.beams.iter().zip(layers).enumerate() {
                add(b, share * (field::gain(path, beam, layers) * left_by_leaves(leaves, beam.frequency)), path);
            }
        };
        let steep = turn / to_boundary(self.edge.wedge.n() as f32, &reached.ray);
        if steep < STEEP[0] {
            let centre = lit.iter().map(|(p, size)| *p * *size).sum::<Vec2>() / sum;
            if let Some(path) = self.path(task, centre) {
                bring(&path, sum / every);
                return;
            }
        }
        let step = if steep < STEEP[1] { 4 } else { 1 };
        let taken: f32 = lit.iter().step_by(step).map(|(_, size)| size).sum();
        for (p, size) in lit.iter().step_by(step) {
            let Some(path) = self.path(task, *p) else { continue };
            bring(&path, size / taken * sum / every);
        }
    }

    /// The path over the edge to a receiver at `p`, whatever stands in its way.
    fn path(&self, task: &Task<'_>, p: Vec2) -> Option<Path> {
        let (to, wedge) = (task.receiver_at(p), self.edge.wedge);
        let point = self.way(task, to)?.point.as_vec3();
        let surfaces = self.edge.surfaces;
        let normal = wedge.along().as_vec3();
        let turn = Interaction { kind: Kind::Diffraction, point, normal, surface: surfaces[0] };
        Path::over(task.transmitter, to, [turn], Some(Bend { wedge, surfaces }))
    }
}

/// A place in the middle of a piece of a cell, and the piece's area, square metres.
type Piece = (Vec2, f32);

impl Spots<'_> {
    /// Adds to `gains`, beam by beam and cell by cell, what comes over `stretches`.
    pub fn collect<'s, S: Sum>(
        &self,
        task: &Task<'_>,
        layers: &[Vec<Layer>],
        stretches: impl Iterator<Item = &'s Stretch>,
        gains: &mut [S],
    ) {
        let mut met = Vec::new();
        let mut near: Vec<Near<'_>> = Vec::new();
        for stretch in stretches {
            let Some(mut one) = Near::new(task, stretch) else { continue };
            met.clear();
            met.extend(self.corners.iter().map(|corner| one.meets(*corner)));
            for (cell, centre) in self.centres.iter().enumerate() {
                let Some(centre) = centre else { continue };
                if let Some(part) = self.part(task, &one, cell, *centre, &met) {
                    one.take(task, cell, part, centre.z);
                }
            }
            if one.most > 0.0 {
                near.push(one);
            }
        }
        near.sort_by(|a, b| b.most.total_cmp(&a.most));
        let cells = self.centres.len();
        let mut corners = vec![None; self.corners.len()];
        for near in &mut near {
            corners.fill(None);
            if self.all_hidden(task, near, &mut corners) {
                continue;
            }
            for reached in std::mem::take(&mut near.reached) {
                let matters = task.beams.iter().enumerate().any(|(b, beam)| {
                    let antenna = 10f32.powf(0.1 * beam.pointing.gain_dbi(reached.ray.incoming.as_vec3()));
                    reached.most * antenna * beam.receiver.pattern.peak()
                        > NEGLIGIBLE * gains[b * cells + reached.cell].power()
                });
                if matters {
                    let lit = self.lit(task, near, &reached, &mut corners);
                    near.bring(task, layers, &reached, &lit, |b, gain, path| {
                        gains[b * cells + reached.cell].add(gain, || Way::of(path));
                    });
                }
            }
        }
    }

    /// The part of a cell whose ways meet the stretch, and whether that is the whole of it. `met` is where those to all
    /// corners do.
    fn part(&self, task: &Task<'_>, near: &Near<'_>, cell: usize, centre: Vec3, met: &[f32]) -> Option<(Part, bool)> {
        let side = task.grid.cell as f32;
        let length = (near.ends[1] - near.ends[0]) as f32;
        let all = Part::rectangle(centre.truncate(), Vec2::splat(0.5 * side));
        if self.corners.is_empty() {
            return (0.0..=length).contains(&near.meets(centre)).then_some((all, true));
        }
        let [a, b, c, d] = self.corners_of(cell).map(|i| met[i]);
        let (least, greatest) = (a.min(b).min(c).min(d), a.max(b).max(c).max(d));
        if !(least <= length && greatest >= 0.0) {
            return None;
        }
        if least >= 0.0 && greatest <= length {
            return Some((all, true));
        }
        // In a cell the place met goes nearly straight with the receiver's.
        let slope = Vec2::new(b + c - a - d, c + d - a - b) / (2.0 * side);
        let start = slope.dot(centre.truncate()) - 0.25 * (a + b + c + d);
        let within = [HalfSpace::new(slope.extend(0.0), start), HalfSpace::new(-slope.extend(0.0), -start - length)];
        let mut part = all;
        for side in &within {
            part.cut(side, 0.0);
        }
        (part.corners().len() > 2).then_some((part, false))
    }

    /// Whether one facet hides the corners of the whole tile.
    fn all_hidden(&self, task: &Task<'_>, near: &mut Near<'_>, corners: &mut [Option<Answer>]) -> bool {
        let Some(last) = self.corners.len().checked_sub(1) else { return false };
        let mut heard = [0, self.width, last - self.width, last].into_iter().map(|i| {
            let answer = near.ask(task, self.corners[i]);
            corners[i] = Some(answer);
            answer
        });
        let first = heard.next();
        matches!(first, Some(Answer::Hidden(_))) && heard.all(|answer| Some(answer) == first)
    }

    /// What the stretch lights of a part of a cell.
    fn lit(
        &self,
        task: &Task<'_>,
        near: &mut Near<'_>,
        reached: &Reached,
        corners: &mut [Option<Answer>],
    ) -> Vec<Piece> {
        let part = &reached.part;
        let centre = part.middle();
        if self.corners.is_empty() {
            let clear = near.ask(task, task.receiver_at(centre)) == Answer::Clear;
            return if clear { vec![(centre, (task.grid.cell * task.grid.cell) as f32)] } else { Vec::new() };
        }
        let heard: Vec<Answer> = if reached.whole {
            let corner = |i: usize| *corners[i].get_or_insert_with(|| near.ask(task, self.corners[i]));
            self.corners_of(reached.cell).map(corner).to_vec()
        } else {
            part.corners().iter().map(|p| near.ask(task, task.receiver_at(*p))).collect()
        };
        // One facet that hides all corners hides all, for it is convex. So it is with what is inside.
        if heard[0] != Answer::Clear && heard.iter().all(|answer| *answer == heard[0]) {
            return Vec::new();
        }
        let inner = near.ask(task, task.receiver_at(centre));
        let plane = |answer: Answer| match answer {
            Answer::Hidden(facet) => Some(task.scene.facets[facet as usize].plane),
            Answer::Inside => Some(NO_PLANE),
            Answer::Clear => None,
        };
        // Facets of one plane that hide all around mostly hang together.
        if plane(inner).is_some() && heard.iter().all(|answer| plane(*answer) == plane(inner)) {
            return Vec::new();
        }
        let mut lit = Vec::new();
        for (i, triangle) in part.fan().enumerate() {
            let around = [heard[i], heard[(i + 1) % heard.len()], inner].map(|answer| answer == Answer::Clear);
            let mut ask = |t: &Triangle| near.ask(task, task.receiver_at(middle(t))) == Answer::Clear;
            let [first, others @ ..] = quarters(triangle);
            // Where its corners agree its middle decides for all of a triangle; where they are lit it is.
            let agreed = around[0] == around[1] && around[0] == around[2];
            let clear = (agreed && around[0]) || ask(&first);
            let known = (agreed && clear == around[0]).then_some(clear);
            lit.extend(clear.then(|| (middle(&first), area(&first))));
            lit.extend(others.iter().filter(|t| known.unwrap_or_else(|| ask(t))).map(|t| (middle(t), area(t))));
        }
        lit
    }

    /// Which corners are a cell's, around it.
    fn corners_of(&self, cell: usize) -> [usize; 4] {
        let south_west = cell / self.width * (self.width + 1) + cell % self.width;
        [0, 1, self.width + 2, self.width + 1].map(|offset| south_west + offset)
    }
}

/// The arguments of the four terms: angles from their boundaries, in ±nπ.
fn angles(n: f32, ray: &Ray) -> [f32; 4] {
    let (difference, sum) = ((ray.phi_out - ray.phi_in) as f32, (ray.phi_out + ray.phi_in) as f32);
    let turn = TAU * n;
    [PI + difference, PI - difference, PI + sum, PI - sum].map(|x| x - turn * (x / turn).round())
}

/// Angle from the nearest shadow or reflection boundary, radians.
fn to_boundary(n: f32, ray: &Ray) -> f32 {
    angles(n, ray).into_iter().map(f32::abs).fold(f32::INFINITY, f32::min)
}

/// Most that a wedge of `n`π lets through, of an isotropic antenna: its four terms ([`super::utd::shares`]) with every
/// face a perfect mirror and all in phase. |F(x)| is at most √(πx) and at most 1.
pub(super) fn most(n: f32, ray: &Ray, wavelength: f32) -> f32 {
    let kl = TAU / wavelength * ray.distance_parameter() as f32;
    let far = (2.0 * kl).sqrt().recip();
    let term = |x: f32| {
        let tan = (0.5 * x / n).tan().abs();
        // On its boundary a term is one half; 0/0 comes to that too.
        ((PI.sqrt() * (0.5 * x).sin().abs()).min(far) / (2.0 * n * PI.sqrt() * tan)).min(0.5)
    };
    let terms: f32 = angles(n, ray).map(term).iter().sum();
    let length = (ray.before + ray.after) as f32;
    terms * terms * (wavelength / (2.0 * TAU * length.max(wavelength))).powi(2)
}
