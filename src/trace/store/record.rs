//! A path as turns and angles.

use super::{Bent, BentFace, Meeting, PathStore, Trail, Turn};
use crate::trace::field::way_over;
use crate::trace::path::{Bend, Interaction, Kind, Path};
use crate::trace::utd::shares;
use crate::units::Hertz;
use glam::{DVec3, Vec3};
use num_complex::Complex64;
use std::f64::consts::TAU;

/// Nearer to straight up or down than this, as a sine, a direction's θ̂ points north: as in [`crate::trace::field`].
const UPRIGHT: f64 = 1e-6;

/// θ̂ of the world for a wave along `along`: the first of its axes, and −φ̂ is the second.
pub(super) fn theta(along: DVec3) -> DVec3 {
    let down = along * along.z - DVec3::Z;
    let length = down.length();
    if length < UPRIGHT { DVec3::Y } else { down / length }
}

/// Cosine and sine from the axes e, e × k to those of `to`, both across a wave along `along`.
fn turn(from: DVec3, to: DVec3, along: DVec3) -> [f64; 2] {
    let (cos, sin) = (from.dot(to), from.cross(along).dot(to));
    let length = cos.hypot(sin);
    if length > 0.0 { [cos / length, sin / length] } else { [1.0, 0.0] }
}

/// The unit vector across a wave along `along` and an axis; any across where both are one.
fn across(along: DVec3, axis: DVec3) -> DVec3 {
    let across = along.cross(axis);
    if across.length_squared() < 1e-12 { along.any_orthonormal_vector() } else { across.normalize() }
}

fn narrow(turn: [f64; 2]) -> Turn {
    turn.map(|v| v as f32)
}

/// Unit direction from `a` to `b`, or `otherwise` where they are one.
fn direction(a: Vec3, b: Vec3, otherwise: DVec3) -> DVec3 {
    (b.as_dvec3() - a.as_dvec3()).normalize_or(otherwise)
}

impl PathStore {
    /// Keeps `path` as one of the receiver that is being added.
    pub(super) fn record(&mut self, path: &Path, left: f32) {
        let met = path.interactions();
        let first = self.meetings.len() as u32;
        let start = met.first().map_or(path.to, |m| m.point);
        // Rounded as it is kept, so that the axes are those that are found again.
        let departure = direction(path.from, start, DVec3::X).as_vec3();
        let mut along = departure.as_dvec3().normalize();
        let mut axis = theta(along);
        let (mut at, mut behind) = (path.from, 0.0f32);
        for (i, interaction) in met.iter().enumerate() {
            along = direction(at, interaction.point, along);
            behind += interaction.point.distance(at);
            let next = met.get(i + 1).map_or(path.to, |m| m.point);
            let (meeting, leaving) = match (interaction.kind, &path.bend) {
                (Kind::Diffraction, Some(bend)) => {
                    let unit = |a: Vec3, b: Vec3| (b - a).normalize_or_zero();
                    let way = [interaction.point, unit(at, interaction.point), unit(interaction.point, next)];
                    let metres = [behind, path.length() - behind];
                    let (bent, entering, leaving) = bent(bend, way, metres, self.frequency);
                    self.bends.push(bent);
                    let index = self.bends.len() as u32 - 1;
                    let turn = narrow(turn(axis, entering, along));
                    (Meeting { kind: Kind::Diffraction, index, cos: 0.0, turn }, leaving)
                }
                (Kind::Diffraction, None) => {
                    self.bends.push(Bent::NOTHING);
                    let index = self.bends.len() as u32 - 1;
                    (Meeting { kind: Kind::Diffraction, index, cos: 0.0, turn: [1.0, 0.0] }, axis)
                }
                (kind, _) => {
                    let entering = across(along, normal(interaction));
                    let cos = along.dot(normal(interaction)).abs().min(1.0) as f32;
                    let turn = narrow(turn(axis, entering, along));
                    (Meeting { kind, index: interaction.surface, cos, turn }, entering)
                }
            };
            self.meetings.push(meeting);
            axis = leaving;
            at = interaction.point;
        }
        let arrival = direction(at, path.to, if met.is_empty() { DVec3::X } else { along }).as_vec3();
        let last = arrival.as_dvec3().normalize();
        let turn = narrow(turn(axis, theta(last), last));
        self.trails.push(Trail { length: path.length(), left, departure, arrival, turn, first });
    }
}

fn normal(interaction: &Interaction) -> DVec3 {
    interaction.normal.as_dvec3().normalize_or(DVec3::Z)
}

impl Bent {
    /// An edge that lets nothing through.
    const NOTHING: Self = {
        let zero = Complex64::new(0.0, 0.0);
        let face = BentFace { surface: 0, share: zero, cos: 1.0, turns: [[1.0, 0.0]; 2] };
        Self { direct: zero, faces: [face; 2] }
    };
}

/// What an edge does to a wave on this way (point, direction before and behind it, and metres), and the first of its axes
/// before and behind the edge. Nothing where no ray leads that way.
fn bent(bend: &Bend, way: [Vec3; 3], metres: [f32; 2], frequency: Hertz) -> (Bent, DVec3, DVec3) {
    let wedge = &bend.wedge;
    let edge = wedge.along();
    // As the field has it, to the bit: on a boundary, where a term jumps, both are to be on the same side.
    let Some(ray) = way_over(bend, way, metres) else {
        let [_, before, behind] = way.map(Vec3::as_dvec3);
        return (Bent::NOTHING, across(before, edge), across(behind, edge));
    };
    let kl = TAU / frequency.wavelength() * ray.distance_parameter();
    let [d1, d2, d3, d4] = shares(wedge.n(), ray.phi_in, ray.phi_out, kl);
    let entering = across(ray.incoming, edge);
    let face = |i: usize, share: Complex64| {
        let normal = wedge.normals()[i];
        let plane = across(ray.incoming, normal);
        let mirrored = ray.incoming - 2.0 * ray.incoming.dot(normal) * normal;
        BentFace {
            surface: bend.surfaces[i],
            share,
            cos: ray.incoming.dot(normal).abs().min(1.0),
            turns: [turn(entering, plane, ray.incoming), turn(plane, across(mirrored, edge), mirrored)],
        }
    };
    let bent = Bent { direct: d1 + d2, faces: [face(0, d4), face(1, d3)] };
    let finite = [d1, d2, d3, d4].iter().all(|d| d.re.is_finite() && d.im.is_finite());
    (if finite { bent } else { Bent::NOTHING }, entering, across(ray.outgoing, edge))
}
