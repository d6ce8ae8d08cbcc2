//! What the cells of a tile receive over single edges.
//!
//! Hundreds of edges look into a tile and a few of them carry nearly all that comes over edges. What an edge could bring at
//! most is known from angles and lengths alone; so edges are taken from the strongest to the weakest, and only those are
//! asked for shadows and fields that may still add something to what a cell has.

use super::bent::CLEARANCE;
use super::bvh::NO_PLANE;
use super::edge::Edge;
use super::field::{self, Layer};
use super::path::{Bend, Interaction, Kind, Path};
use super::task::Task;
use super::utd::Ray;
use super::wide::Hint;
use glam::Vec3;
use std::f32::consts::{PI, TAU};

/// What may add less than this share to what a cell has is left out.
const NEGLIGIBLE: f32 = 1e-3;

/// Where the cells of a tile are, row by row.
pub struct Spots<'a> {
    /// The middle of each cell; `None` where it has no receiver.
    pub centres: &'a [Option<Vec3>],
    /// The corners of the cells, row by row, one more each way; none where the middle decides alone.
    pub corners: &'a [Vec3],
    /// Cells in a row.
    pub width: usize,
}

/// An edge beside a tile.
struct Near<'a> {
    edge: &'a Edge,
    /// What it may bring to the tile at most.
    most: f32,
    /// What hid its ways to the transmitter and to receivers last.
    hints: [Hint; 2],
}

impl Spots<'_> {
    /// Adds to `gains`, beam by beam and cell by cell, what comes over `edges`.
    pub fn collect(&self, task: &Task<'_>, layers: &[Vec<Layer>], edges: &[u32], gains: &mut [f32]) {
        let all = &task.scene.edges().all;
        let near = |index: &u32| {
            let edge = all.get(*index as usize)?;
            let at = |to: &Vec3| Some(most_of(task, edge, &way(task, edge, *to)?));
            let most = self.centres.iter().flatten().step_by(3).filter_map(at).fold(0.0, f32::max);
            (most > 0.0).then(|| Near { edge, most, hints: Default::default() })
        };
        let mut near: Vec<Near<'_>> = edges.iter().filter_map(near).collect();
        near.sort_by(|a, b| b.most.total_cmp(&a.most));
        let mut corners = vec![None; self.corners.len()];
        for near in &mut near {
            corners.fill(None);
            for (cell, centre) in self.centres.iter().enumerate() {
                if let Some(centre) = centre {
                    self.add(task, layers, near, (cell, *centre), &mut corners, gains);
                }
            }
        }
    }

    /// One edge to one cell.
    fn add(
        &self,
        task: &Task<'_>,
        layers: &[Vec<Layer>],
        near: &mut Near<'_>,
        (cell, centre): (usize, Vec3),
        corners: &mut [Option<bool>],
        gains: &mut [f32],
    ) {
        let edge = near.edge;
        let Some(ray) = way(task, edge, centre) else { return };
        let most = most_of(task, edge, &ray);
        let matters = task.beams.iter().enumerate().any(|(b, beam)| {
            let antenna = 10f32.powf(0.1 * beam.pointing.gain_dbi(ray.incoming.as_vec3()));
            most * antenna > NEGLIGIBLE * gains[b * self.centres.len() + cell]
        });
        if !matters {
            return;
        }
        let mut lit = u32::from(clear(task, near, &ray, centre));
        let mut share = lit as f32;
        let mut at = lit.eq(&1).then_some((centre, ray));
        if !self.corners.is_empty() {
            let south_west = cell / self.width * (self.width + 1) + cell % self.width;
            for offset in [0, 1, self.width + 1, self.width + 2] {
                let corner = self.corners[south_west + offset];
                let ray = way(task, edge, corner);
                let known = &mut corners[south_west + offset];
                if *known.get_or_insert_with(|| ray.is_some_and(|ray| clear(task, near, &ray, corner))) {
                    lit += 1;
                    at = at.or(ray.map(|ray| (corner, ray)));
                }
            }
            share = lit as f32 / 5.0;
        }
        let Some((to, ray)) = at else { return };
        let turn = Interaction {
            kind: Kind::Diffraction,
            point: ray.point.as_vec3(),
            normal: edge.wedge.along().as_vec3(),
            surface: edge.surfaces[0],
        };
        let bend = Bend { wedge: edge.wedge, surfaces: edge.surfaces };
        let Some(path) = Path::over(task.transmitter, to, [turn], Some(bend)) else { return };
        for (b, (beam, layers)) in task.beams.iter().zip(layers).enumerate() {
            gains[b * self.centres.len() + cell] += share * field::gain(&path, beam, layers);
        }
    }
}

/// Most that comes over an edge, of isotropic antennas.
fn most_of(task: &Task<'_>, edge: &Edge, ray: &Ray) -> f32 {
    let beams = task.beams.iter().map(|beam| most(edge.wedge.n() as f32, ray, beam.frequency.wavelength() as f32));
    beams.fold(0.0, f32::max)
}

/// The way over an edge, by geometry alone.
fn way(task: &Task<'_>, edge: &Edge, to: Vec3) -> Option<Ray> {
    edge.wedge.ray(task.transmitter.as_dvec3(), to.as_dvec3())
}

/// Whether nothing stands in it.
fn clear(task: &Task<'_>, near: &mut Near<'_>, ray: &Ray, to: Vec3) -> bool {
    let start = ray.point.as_vec3() + near.edge.air() * CLEARANCE;
    let [there, here] = &mut near.hints;
    let open = |end: Vec3, hint| task.scene.blocked(start, end, [NO_PLANE; 2], hint).is_none();
    open(to, here) && open(task.transmitter, there)
}

/// Most that a wedge of `n`π lets through, of an isotropic antenna: its four terms ([`super::utd::shares`]) with every
/// face a perfect mirror and all in phase. |F(x)| is at most √(πx) and at most 1.
pub(super) fn most(n: f32, ray: &Ray, wavelength: f32) -> f32 {
    let kl = TAU / wavelength * ray.distance_parameter() as f32;
    let far = (2.0 * kl).sqrt().recip();
    let (difference, sum) = ((ray.phi_out - ray.phi_in) as f32, (ray.phi_out + ray.phi_in) as f32);
    let turn = TAU * n;
    let term = |x: f32| {
        let x = x - turn * (x / turn).round();
        let tan = (0.5 * x / n).tan().abs();
        // On its boundary a term is one half; 0/0 comes to that too.
        ((PI.sqrt() * (0.5 * x).sin().abs()).min(far) / (2.0 * n * PI.sqrt() * tan)).min(0.5)
    };
    let terms: f32 = [PI + difference, PI - difference, PI + sum, PI - sum].map(term).iter().sum();
    let length = (ray.before + ray.after) as f32;
    terms * terms * (wavelength / (2.0 * TAU * length.max(wavelength))).powi(2)
}
