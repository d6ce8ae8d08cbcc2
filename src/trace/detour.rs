//! Ways around a corner with a mirror before it, behind it, or on both sides: off a wall around a corner, and around a corner
//! down a street from wall to wall.
//!
//! Which of them may matter where is found by rays. Those from the mast that meet one mirror know the edges of the faces that
//! they meet next. Each edge, lit straight or over a mirror, then sends rays of its own: an edge turns what lights it onto a
//! cone (Keller 1962), so the distance at which a ray comes down tells the point on the edge that it leaves from, and
//! distance and angle about the edge cover the receivers' level around it, also where walls fold it. What rays have told is
//! evaluated exactly, receiver by receiver ([`bent::find`]).

use super::bent::{self, CLEARANCE};
use super::bvh::NO_PLANE;
use super::discover::{Aim, Candidates, Net};
use super::edge::Edge;
use super::over::most;
use super::path::{self, Candidate, Path};
use super::scene::Scene;
use super::task::Task;
use super::utd::Ray;
use glam::{DVec3, Vec3};
use std::f64::consts::PI;

/// How far apart the rays of an edge come down, as a share of a tile's side: its neighbours hear of a ray too.
const STRIDE: f64 = 1.0;
/// How far from an edge they come down at most, metres along the way.
const REACH: f64 = 200.0;
/// A mirror whose unit normal points so far up or down lies rather than stands.
const FLAT: f32 = 0.7;
/// Path gain below which no way is looked for: 20 dB below the noise of any receiver.
const LEAST_GAIN: f32 = 1e-14;

/// A way around one edge that may lead to a tile. The edge is lit over a mirror, or sends over one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Detour {
    /// The edge's number.
    pub edge: u32,
    /// The mirror between the mast and the edge.
    pub before: Option<u32>,
    /// The mirror between the edge and the receiver.
    pub after: Option<u32>,
}

impl Detour {
    /// The transmitter's side of it.
    pub fn start<'a>(&'a self, scene: &Scene, transmitter: Vec3) -> Option<Candidate<'a>> {
        Candidate::bare(scene, self.before.as_slice(), transmitter)
    }

    /// Its path from there to a receiver at `to`.
    pub fn path(&self, scene: &Scene, start: &Candidate<'_>, to: Vec3, hints: &mut bent::Hints) -> Option<Path> {
        let end = Candidate::bare(scene, self.after.as_slice(), to)?;
        bent::find(scene, start, self.edge, &end, hints)
    }

    /// The most that may come over it to a receiver at `to`, of isotropic antennas and over perfect mirrors; `None` where
    /// there is no such way.
    pub fn most(&self, scene: &Scene, start: &Candidate<'_>, to: Vec3, wavelength: f32) -> Option<f32> {
        let wedge = &scene.edges().all.get(self.edge as usize)?.wedge;
        let end = match self.after {
            Some(mirror) => scene.mirrors.get(mirror as usize)?.image(to),
            None => to,
        };
        let image = start.images[start.mirrors.len()];
        let ray = wedge.ray(image.as_dvec3(), end.as_dvec3())?;
        Some(most(wedge.n() as f32, &ray, wavelength))
    }
}

/// All paths of a task to `to` that may lead there, of the candidates of its tile.
pub fn paths<'a>(task: &'a Task<'_>, candidates: &'a Candidates, to: Vec3) -> impl Iterator<Item = Path> + 'a {
    let tile = task.tiling().at(to.truncate());
    tile.into_iter().flat_map(|tile| candidates.detours_in(tile)).filter_map(move |detour| {
        detour.path(task.scene, &detour.start(task.scene, task.transmitter)?, to, &mut bent::Hints::default())
    })
}

/// Tells of the upright edges that ray `i` of `aim` may light over one mirror, each with that.
pub fn glimpse(task: &Task<'_>, aim: &Aim<'_>, i: u32, mut tell: impl FnMut(u32, u32)) {
    let (scene, along) = (task.scene, aim.direction(i));
    let Some(first) = scene.first_hit(aim.from, along, f32::INFINITY, NO_PLANE) else { return };
    let plane = scene.facets[first.facet as usize].plane;
    let (at, along) = (aim.from + along * first.t, mirrored(scene, along, plane));
    let Some(second) = scene.first_hit(at, along, f32::INFINITY, plane) else { return };
    let edges = &scene.edges().all;
    for index in scene.edges().of_facet(second.facet) {
        let edge = &edges[*index as usize];
        if task.diffraction.bends_at(edge) && !edge.planes.contains(&plane) {
            tell(*index, plane);
        }
    }
}

/// `along` behind a mirror.
fn mirrored(scene: &Scene, along: Vec3, plane: u32) -> Vec3 {
    let normal = Vec3::from(scene.mirrors[plane as usize].normal);
    (along - 2.0 * along.dot(normal) * normal).normalize_or_zero()
}

/// An edge and what lights it.
#[derive(Clone, Copy, Debug)]
pub struct Lit {
    /// The edge's number.
    pub edge: u32,
    /// The part of it, metres from its start.
    pub ends: [f64; 2],
    /// The mirror over which it is lit.
    pub before: Option<u32>,
}

/// Tells of the tiles into which what lights an edge goes on over a mirror, before the edge or behind it.
pub fn spread(task: &Task<'_>, net: &Net<'_>, lit: &Lit, mut tell: impl FnMut(u32, Detour)) {
    let Lit { before, .. } = *lit;
    let scene = task.scene;
    let Some(edge) = scene.edges().all.get(lit.edge as usize) else { return };
    let Some(start) = Candidate::bare(scene, before.as_slice(), task.transmitter) else { return };
    let source = start.images[start.mirrors.len()].as_dvec3();
    let Some(phi_in) = edge.wedge.angle(source) else { return };
    let [least, greatest] = lit.ends;
    let middle = edge.wedge.at(0.5 * (least + greatest)).truncate().as_vec2();
    let (level, ground) = (f64::from(task.level().at(middle)), f64::from(task.level().ground_at(middle)));
    let wavelength = task.beams.iter().map(|b| b.frequency.wavelength() as f32).fold(0.0, f32::max);
    let mirrors_left = task.depth.saturating_sub(1 + start.mirrors.len()).min(1);
    let stride = STRIDE * f64::from(net.tiling.side);
    let rings = (0..(REACH / stride) as u32).map(|ring| (f64::from(ring) + 0.5) * stride);
    // Walls keep a ray's slope and fold the level; the ground turns it up, so behind that the level is as far below.
    for (mirror, level) in [(Mirrors::Upright, level), (Mirrors::Flat, 2.0 * ground - level)] {
        if mirror == Mirrors::Flat && mirrors_left == 0 {
            continue;
        }
        for away in rings.clone() {
            let along = leaves_at(edge, source, level, away).filter(|s| (least..=greatest).contains(s));
            let Some(point) = along.map(|along| edge.wedge.at(along)) else { continue };
            if before.is_some() && !is_lit(scene, &start, point.as_vec3() + edge.air() * CLEARANCE) {
                continue;
            }
            let incoming = (point - source).normalize_or_zero();
            let forth = incoming.dot(edge.wedge.along());
            let across = (1.0 - forth * forth).max(0.0).sqrt();
            let steps = (edge.wedge.n() * PI * away / stride).ceil().max(1.0);
            for step in 0..steps as u32 {
                let phi = edge.wedge.n() * PI * (f64::from(step) + 0.5) / steps;
                let (sin, cos) = phi.sin_cos();
                let outgoing = edge.wedge.along() * forth
                    + (edge.wedge.tangents()[0] * cos + edge.wedge.normals()[0] * sin) * across;
                let way = Ray {
                    point,
                    incoming,
                    outgoing,
                    before: point.distance(source),
                    after: away,
                    sin_beta: across,
                    phi_in,
                    phi_out: phi,
                };
                if most(edge.wedge.n() as f32, &way, wavelength) > LEAST_GAIN {
                    follow(scene, net, lit, (point, outgoing), (mirror, mirrors_left), &mut tell);
                }
            }
        }
    }
}

/// Which mirrors a ray of an edge is followed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mirrors {
    Upright,
    Flat,
}

impl Mirrors {
    /// Whether that of this unit normal is one of them.
    fn hold(self, normal: Vec3) -> bool {
        (normal.z.abs() > FLAT) == (self == Self::Flat)
    }
}

/// Whether a point of an edge is lit over the mirrors of `start`.
fn is_lit(scene: &Scene, start: &Candidate<'_>, point: Vec3) -> bool {
    path::ask(scene, start, point, &mut path::Hints::default()) == path::Answer::Clear
}

/// How far from its start a ray leaves an edge, metres, that comes down to `level` after `away` metres aside: with the slope
/// that it came with from `source`.
fn leaves_at(edge: &Edge, source: DVec3, level: f64, away: f64) -> Option<f64> {
    let [foot, _] = edge.wedge.ends();
    let aside = source.truncate().distance(foot.truncate());
    let z = (level * aside + source.z * away) / (aside + away);
    let along = (z - foot.z) / edge.wedge.along().z;
    along.is_finite().then_some(along)
}

/// Follows one ray of an edge over so many mirrors.
fn follow(
    scene: &Scene,
    net: &Net<'_>,
    lit: &Lit,
    (point, outgoing): (DVec3, DVec3),
    (mirrors, mirrors_left): (Mirrors, usize),
    tell: &mut impl FnMut(u32, Detour),
) {
    let Some(edge) = scene.edges().all.get(lit.edge as usize) else { return };
    let mut detour = Detour { edge: lit.edge, before: lit.before, after: None };
    let (mut at, mut along, mut on) = (point.as_vec3() + edge.air() * CLEARANCE, outgoing.as_vec3(), NO_PLANE);
    loop {
        let hit = scene.first_hit(at, along, f32::INFINITY, on);
        if detour.before.is_some() || detour.after.is_some() {
            let limit = hit.map_or(f32::INFINITY, |h| h.t);
            net.crossings([at, along], limit, |tile| tell(tile, detour));
        }
        let Some(hit) = hit.filter(|_| mirrors_left > 0 && detour.after.is_none()) else { return };
        let plane = scene.facets[hit.facet as usize].plane;
        if edge.planes.contains(&plane) || !mirrors.hold(scene.mirrors[plane as usize].normal.into()) {
            return;
        }
        (at, along, on) = (at + along * hit.t, mirrored(scene, along, plane), plane);
        detour.after = Some(plane);
    }
}
