//! Paths over one edge, with mirrors before and after it.
//!
//! The transmitter is imaged in the mirrors before the edge and the receiver in those after it. Between both images the
//! way over the edge is the one of equal angles, in closed form ([`Wedge::ray`](super::utd::Wedge::ray)); from the point
//! on the edge the mirrors are then taken on either side as on any specular path.

use super::bvh::NO_PLANE;
use super::path::{Bend, Candidate, Interaction, Kind, MAX_ORDER, Path, mirrored};
use super::scene::Scene;
use super::wide::Hint;

/// How far from an edge, into the air before it, legs begin and end, metres: past the faces, which may miss the edge by the
/// tolerance of corners.
pub(super) const CLEARANCE: f32 = 5e-3;
/// A mirror nearer to the edge than this, metres, is a part of the corner itself.
const LEAST_LEG: f32 = 0.01;

/// What hid each leg of a path last: two legs more than mirrors.
pub type Hints = [Hint; MAX_ORDER + 2];

/// The path from the transmitter of `before` over its mirrors, over the edge number `edge`, and over the mirrors of
/// `after` backwards, to the point where `after` starts: both are candidates without walls to go through, and both lead
/// to the edge. `None` where there is no such path in the scene.
pub fn find(
    scene: &Scene,
    before: &Candidate<'_>,
    edge: u32,
    after: &Candidate<'_>,
    hints: &mut Hints,
) -> Option<Path> {
    let edge = scene.edges().all.get(edge as usize)?;
    let sides = [before, after];
    // A face of the edge mirrors nothing towards it: that is a part of the diffraction itself.
    if sides.iter().any(|side| side.mirrors.last().is_some_and(|m| edge.planes.contains(m))) {
        return None;
    }
    let [from, to] = sides.map(|side| side.images[side.mirrors.len()].as_dvec3());
    let ray = edge.wedge.ray(from, to)?;
    let point = ray.point.as_vec3();
    let [there, back] = sides.map(|side| mirrored(scene, side, point));
    let (there, back) = (there?, back?);
    let [there, back] = [there.interactions(), back.interactions()];
    let start = point + edge.air() * CLEARANCE;
    let mut hint = hints.iter_mut();
    for (side, met) in sides.into_iter().zip([there, back]) {
        let count = side.mirrors.len();
        if count > 0 && met[count - 1].point.distance(point) < LEAST_LEG {
            return None;
        }
        // From the edge outwards, where things are hidden most often.
        let (mut at, mut left) = (start, NO_PLANE);
        for i in (0..=count).rev() {
            let (next, plane) = match i.checked_sub(1) {
                Some(k) => (met[k].point, side.mirrors[k]),
                None => (side.images[0], NO_PLANE),
            };
            if scene.blocked(at, next, [left, plane], hint.next()?).is_some() {
                return None;
            }
            (at, left) = (next, plane);
        }
    }
    let normal = edge.wedge.along().as_vec3();
    let turn = Interaction { kind: Kind::Diffraction, point, normal, surface: edge.surfaces[0] };
    let bend = Bend { wedge: edge.wedge, surfaces: edge.surfaces };
    Path::over(
        before.images[0],
        after.images[0],
        there.iter().copied().chain([turn]).chain(back.iter().rev().copied()),
        Some(bend),
    )
}
