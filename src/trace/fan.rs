//! Which edges may carry power to which part of the map, straight from the transmitter.
//!
//! An edge sends what it is lit with on cones about itself (Keller 1962): at each of its points one direction for every
//! angle φ. So point and angle together cover the receivers' level. Both are halved until neighbours come down within a
//! tile and a half of each other, and one ray each then tells whether anything stands in the way: an edge beside the mast
//! sends hundreds over the whole map, most edges a few into their street. Whether a piece of an edge is lit takes one ray,
//! and no piece is left out, where rays shot from the mast would miss far ones.

use super::bent::CLEARANCE;
use super::bvh::NO_PLANE;
use super::discover::Net;
use super::edge::Edge;
use super::over::most;
use super::scene::Scene;
use super::task::Task;
use super::utd::Ray;
use super::wide::Hint;
use glam::{DVec3, Vec2, Vec3};
use std::f64::consts::PI;

/// Longest piece of an edge that is lit as one, metres.
const PIECE: f64 = 10.0;
/// Most pieces of an edge; a longer edge has longer ones.
const MOST_PIECES: f64 = 64.0;
/// How far apart rays may come down, as a share of a tile's side: its neighbours hear of a ray too.
const STRIDE: f32 = 1.5;
/// How often a piece and its angles are halved at least, and at most.
const HALVINGS: [u32; 2] = [3, 12];
/// Path gain below which no way over an edge is looked for: 30 dB below the noise of any receiver.
const LEAST_GAIN: f32 = 1e-15;

/// The pieces of an edge, as shares of its length.
fn pieces(edge: &Edge) -> impl Iterator<Item = [f64; 2]> + use<> {
    let [start, end] = edge.wedge.ends();
    let count = (start.distance(end) / PIECE).ceil().clamp(1.0, MOST_PIECES);
    (0..count as u32).map(move |i| [f64::from(i) / count, f64::from(i + 1) / count])
}

/// Those pieces of an edge whose middle `from` sees.
pub fn lit<'a>(scene: &'a Scene, edge: &'a Edge, from: Vec3) -> impl Iterator<Item = [f64; 2]> + use<'a> {
    let sees = edge.wedge.angle(from.as_dvec3()).is_some();
    let [start, end] = edge.wedge.ends();
    let mut hint = Hint::default();
    pieces(edge).filter(move |[a, b]| {
        let point = start.lerp(end, 0.5 * (a + b)).as_vec3() + edge.air() * CLEARANCE;
        sees && scene.blocked(point, from, [NO_PLANE; 2], &mut hint).is_none()
    })
}

/// A part of an edge, and of the angles about it.
#[derive(Clone, Copy)]
struct Part {
    along: [f64; 2],
    around: [f64; 2],
    halvings: u32,
}

/// An edge that is lit, over a map.
struct Sender<'a> {
    task: &'a Task<'a>,
    net: &'a Net<'a>,
    edge: &'a Edge,
    /// The angle at which the transmitter stands.
    phi_in: f64,
    /// Height of the receivers under the edge.
    level: f32,
    /// Longest wave of the beams, metres.
    wavelength: f32,
}

impl Sender<'_> {
    /// A point of the edge and the direction in which it sends at angle φ.
    fn ray(&self, along: f64, phi: f64) -> (DVec3, DVec3) {
        let wedge = &self.edge.wedge;
        let [start, end] = wedge.ends();
        let point = start.lerp(end, along);
        let forth = (point - self.task.transmitter.as_dvec3()).normalize_or_zero().dot(wedge.along());
        let (sin, cos) = phi.sin_cos();
        let away = wedge.tangents()[0] * cos + wedge.normals()[0] * sin;
        (point, wedge.along() * forth + away * (1.0 - forth * forth).max(0.0).sqrt())
    }

    /// Where that comes down, if nothing stands in the way, and after how many metres.
    fn landing(&self, along: f64, phi: f64) -> Option<(Vec2, f64)> {
        let (point, way) = self.ray(along, phi);
        let t = (f64::from(self.level) - point.z) / way.z;
        let p = (point + way * t).truncate().as_vec2();
        (t > 0.0 && p.is_finite()).then_some((p, t))
    }

    /// Whether a part sends anything onto the map, and by how much its ends are apart there, along the edge and around it.
    fn extent(&self, part: &Part) -> Option<[f32; 2]> {
        let [[a, b], [low, high]] = [part.along, part.around];
        let corners = [(a, low), (b, low), (a, high), (b, high)].map(|(t, phi)| self.landing(t, phi).map(|l| l.0));
        let (mut lo, mut hi) = (Vec2::INFINITY, Vec2::NEG_INFINITY);
        corners.iter().flatten().for_each(|p| (lo, hi) = (lo.min(*p), hi.max(*p)));
        let whole = corners.iter().all(Option::is_some);
        let tiling = &self.net.tiling;
        let far = tiling.origin + tiling.side * tiling.count.as_vec2();
        if whole && (lo.cmpgt(far).any() || hi.cmplt(tiling.origin).any()) {
            return None;
        }
        let apart = |i: usize, k: usize| match (corners[i], corners[k]) {
            (Some(a), Some(b)) => a.distance(b),
            (None, None) => 0.0,
            _ => f32::INFINITY,
        };
        let extent = [apart(0, 1).max(apart(2, 3)), apart(0, 2).max(apart(1, 3))];
        (part.halvings < HALVINGS[0] || corners.iter().any(Option::is_some)).then_some(extent)
    }

    /// Whether so much may come down there that it counts.
    fn matters(&self, along: f64, phi: f64) -> bool {
        let Some((_, after)) = self.landing(along, phi) else { return false };
        let (point, outgoing) = self.ray(along, phi);
        let come = point - self.task.transmitter.as_dvec3();
        let before = come.length();
        let incoming = come / before;
        let sin_beta = incoming.cross(self.edge.wedge.along()).length();
        let ray = Ray { point, incoming, outgoing, before, after, sin_beta, phi_in: self.phi_in, phi_out: phi };
        most(self.edge.wedge.n() as f32, &ray, self.wavelength) > LEAST_GAIN
    }

    /// Sends one ray and tells of the tiles in which it comes down.
    fn send(&self, along: f64, phi: f64, tell: &mut impl FnMut(u32)) {
        let (point, way) = self.ray(along, phi);
        let (start, way) = (point.as_vec3() + self.edge.air() * CLEARANCE, way.as_vec3());
        let net = self.net;
        let crossings = |limit| net.level.crossings(&net.tiling, net.ceiling, start, way, limit);
        if crossings(f32::INFINITY)[0].is_some() {
            let hit = self.task.scene.first_hit(start, way, f32::INFINITY, NO_PLANE);
            crossings(hit.map_or(f32::INFINITY, |h| h.t)).into_iter().flatten().for_each(tell);
        }
    }
}

/// Tells of the tiles into which the edge number `edge` sends what comes straight from the transmitter.
pub fn spread(task: &Task<'_>, net: &Net<'_>, edge: u32, mut tell: impl FnMut(u32)) {
    let Some(edge) = task.scene.edges().all.get(edge as usize) else { return };
    let Some(phi_in) = edge.wedge.angle(task.transmitter.as_dvec3()) else { return };
    let [start, end] = edge.wedge.ends();
    let level = task.level().at(start.midpoint(end).truncate().as_vec2());
    let wavelength = task.beams.iter().map(|b| b.frequency.wavelength() as f32).fold(0.0, f32::max);
    let sender = Sender { task, net, edge, phi_in, level, wavelength };
    let stride = STRIDE * net.tiling.side;
    for along in lit(task.scene, edge, task.transmitter) {
        let mut open = vec![Part { along, around: [0.0, edge.wedge.n() * PI], halvings: 0 }];
        while let Some(part) = open.pop() {
            let Some([length, turn]) = sender.extent(&part) else { continue };
            let [a, b] = part.along;
            let [low, high] = part.around;
            let middle = (0.5 * (a + b), 0.5 * (low + high));
            let fine = length.max(turn) <= stride && part.halvings >= HALVINGS[0];
            if fine || part.halvings >= HALVINGS[1] {
                if sender.matters(middle.0, middle.1) {
                    sender.send(middle.0, middle.1, &mut tell);
                }
                continue;
            }
            let halvings = part.halvings + 1;
            let halves = if turn >= length || part.halvings < HALVINGS[0] {
                [[low, middle.1], [middle.1, high]].map(|around| Part { around, halvings, ..part })
            } else {
                [[a, middle.0], [middle.0, b]].map(|along| Part { along, halvings, ..part })
            };
            open.extend(halves);
        }
    }
}
