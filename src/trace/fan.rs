//! Where a stretch of an edge may send what comes straight from the transmitter.
//!
//! An edge sends what it is lit with on cones about itself (Keller 1962): at each of its points one direction for every
//! angle φ. So point and angle together cover the receivers' level. Both are halved until neighbours come down within a
//! tile of each other, and a ray each then tells whether anything stands in the way. A part whose corners and middle facets
//! of one plane hide is left alone: most of what an edge sends into a street ends at its other side, which takes a few
//! questions.

use super::bent::CLEARANCE;
use super::bvh::NO_PLANE;
use super::discover::Net;
use super::edge::Edge;
use super::lit::Stretch;
use super::over::most;
use super::task::Task;
use super::utd::Ray;
use super::wide::Hint;
use glam::{DVec3, Vec2, Vec3};
use std::f64::consts::PI;

/// How far apart rays may come down, as a share of a tile's side: its neighbours hear of a ray too.
const STRIDE: f32 = 1.0;
/// How far below the level a ray may begin that comes down on it, metres along the ray.
const ROUNDING: f64 = 1e-6;
/// How often a stretch and its angles are halved at least, and at most.
const HALVINGS: [u32; 2] = [3, 14];
/// Path gain below which no way over an edge is looked for: 30 dB below the noise of any receiver.
const LEAST_GAIN: f32 = 1e-15;

/// A place on an edge: where, and what all rays that it sends have in common.
#[derive(Clone, Copy)]
struct Place {
    /// As a share of the edge's length.
    along: f64,
    point: DVec3,
    /// The part of their unit vectors along the edge, and the length of that across it.
    forth: DVec3,
    across: f64,
}

/// An angle about an edge: φ, and the unit vector across the edge.
#[derive(Clone, Copy)]
struct Angle {
    phi: f64,
    away: DVec3,
}

/// A part of an edge, and of the angles about it, each from one end to the other.
#[derive(Clone, Copy)]
struct Part {
    along: [Place; 2],
    around: [Angle; 2],
    halvings: u32,
}

impl Part {
    fn corners(&self) -> [(Place, Angle); 4] {
        let ([a, b], [low, high]) = (self.along, self.around);
        [(a, low), (b, low), (a, high), (b, high)]
    }
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
    /// How far away a receiver may be, metres.
    reach: f64,
    /// What hid a ray last.
    hint: Hint,
}

impl Sender<'_> {
    /// The place at a share of the edge's length.
    fn place(&self, along: f64) -> Place {
        let wedge = &self.edge.wedge;
        let [start, end] = wedge.ends();
        let point = start.lerp(end, along);
        let forth = (point - self.task.transmitter.as_dvec3()).normalize_or_zero().dot(wedge.along());
        Place { along, point, forth: wedge.along() * forth, across: (1.0 - forth * forth).max(0.0).sqrt() }
    }

    /// The angle φ.
    fn angle(&self, phi: f64) -> Angle {
        let (sin, cos) = phi.sin_cos();
        Angle { phi, away: self.edge.wedge.tangents()[0] * cos + self.edge.wedge.normals()[0] * sin }
    }

    /// Where what a place sends at an angle comes down, if nothing stands in the way, and after how many metres.
    fn landing(&self, (place, angle): &(Place, Angle)) -> Option<(Vec2, f64)> {
        let way = place.forth + angle.away * place.across;
        let t = (f64::from(self.level) - place.point.z) / way.z;
        let p = (place.point + way * t).truncate().as_vec2();
        (t > -ROUNDING && p.is_finite()).then_some((p, t.max(0.0)))
    }

    /// Whether a part sends anything onto the map: by how much its ends are apart there, along the edge and around it, and
    /// whether all of it comes down.
    fn extent(&self, part: &Part) -> Option<([f32; 2], bool)> {
        let corners = part.corners().map(|corner| self.landing(&corner).map(|l| l.0));
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
        (part.halvings < HALVINGS[0] || corners.iter().any(Option::is_some)).then_some((extent, whole))
    }

    /// Whether so much may come down there that it counts.
    fn matters(&self, sent: &(Place, Angle)) -> bool {
        let Some((_, after)) = self.landing(sent) else { return false };
        let (Place { point, forth, across, .. }, Angle { phi, away }) = *sent;
        let outgoing = forth + away * across;
        let come = point - self.task.transmitter.as_dvec3();
        let before = come.length();
        let incoming = come / before;
        let sin_beta = incoming.cross(self.edge.wedge.along()).length();
        let ray = Ray { point, incoming, outgoing, before, after, sin_beta, phi_in: self.phi_in, phi_out: phi };
        most(self.edge.wedge.n() as f32, &ray, self.wavelength) > LEAST_GAIN
    }

    /// Where a leg begins and ends: where it comes down, or far away.
    fn leg(&self, (place, angle): &(Place, Angle)) -> [Vec3; 2] {
        let (point, way) = (place.point, place.forth + angle.away * place.across);
        let t = (f64::from(self.level) - point.z) / way.z;
        let t = if t > 0.0 && t < self.reach { t } else { self.reach };
        [point.as_vec3() + self.edge.air() * CLEARANCE, (point + way * t).as_vec3()]
    }

    /// What stands in the way of a ray.
    fn hidden(&mut self, sent: &(Place, Angle)) -> Option<u32> {
        let ([start, end], scene) = (self.leg(sent), self.task.scene);
        scene
            .blocked_again(start, end, [NO_PLANE; 2], self.hint)
            .or_else(|| scene.blocked(start, end, [NO_PLANE; 2], &mut self.hint))
    }

    /// Whether all of a part is hidden, whose middle is by `facet`: its corners are too, by facets of the same plane.
    fn hides(&mut self, part: &Part, facet: u32) -> bool {
        let facets = &self.task.scene.facets;
        let same = |met: u32| facets[met as usize].plane == facets[facet as usize].plane;
        part.corners().iter().all(|corner| self.hidden(corner).is_some_and(same))
    }
}

/// Tells of the tiles into which `stretch` sends something.
pub fn spread(task: &Task<'_>, net: &Net<'_>, stretch: &Stretch, mut tell: impl FnMut(u32)) {
    let Some(edge) = task.scene.edges().all.get(stretch.edge as usize) else { return };
    let Some(phi_in) = edge.wedge.angle(task.transmitter.as_dvec3()) else { return };
    let length = edge.wedge.length();
    let along = stretch.ends.map(|end| f64::from(end) / length);
    let [start, end] = edge.wedge.ends();
    let middle = start.midpoint(end).truncate().as_vec2();
    let tiling = &net.tiling;
    let (near, far) = (tiling.origin, tiling.origin + tiling.side * tiling.count.as_vec2());
    let reach = f64::from((near - middle).abs().max((far - middle).abs()).length());
    let level = task.level().at(middle);
    let wavelength = task.beams.iter().map(|b| b.frequency.wavelength() as f32).fold(0.0, f32::max);
    let mut sender = Sender { task, net, edge, phi_in, level, wavelength, reach, hint: Hint::default() };
    let stride = STRIDE * tiling.side;
    // Rays come down from between the receivers' level and the transmitter's, and the farther the higher they begin.
    let turns = [f64::from(level), f64::from(task.transmitter.z)].map(|z| (z - start.z) / (end.z - start.z));
    let mut cuts = vec![along[0], along[1]];
    cuts.extend(turns.into_iter().filter(|t| *t > along[0] && *t < along[1]));
    cuts.sort_unstable_by(f64::total_cmp);
    let around = [0.0, edge.wedge.n() * PI].map(|phi| sender.angle(phi));
    let part = |cut: &[f64]| Part { along: [cut[0], cut[1]].map(|t| sender.place(t)), around, halvings: 0 };
    let mut open: Vec<Part> = cuts.windows(2).map(part).collect();
    while let Some(part) = open.pop() {
        let Some(([length, turn], whole)) = sender.extent(&part) else { continue };
        let [a, b] = part.along;
        let [low, high] = part.around;
        let middle = (sender.place(0.5 * (a.along + b.along)), sender.angle(0.5 * (low.phi + high.phi)));
        // A part so large says little of what lies within.
        if part.halvings >= HALVINGS[0] {
            let hidden = sender.hidden(&middle);
            if length.max(turn) <= stride || part.halvings >= HALVINGS[1] {
                if hidden.is_none() && sender.matters(&middle) {
                    let landing = sender.landing(&middle);
                    landing.and_then(|(p, _)| tiling.at(p)).into_iter().for_each(&mut tell);
                }
                continue;
            }
            if hidden.is_some_and(|facet| whole && sender.hides(&part, facet)) {
                continue;
            }
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
