//! Specular paths by the image method: a signature names the mirrors in order, and the path between two points through
//! them is unique.
//!
//! A path is checked by one query a segment: the first thing met must be the next mirror, which says at once that the
//! reflection point lies on a facet and that nothing stands before it.

use super::bvh::NO_PLANE;
use super::scene::Scene;
use crate::scenario::MAX_DEPTH;
use glam::Vec3;

/// Most reflections of a path.
pub const MAX_ORDER: usize = MAX_DEPTH as usize;
/// A segment is followed this much farther than its mirror, as a share and in metres, for coplanar facets lie within a
/// tolerance of their plane.
const OVERSHOOT: (f32, f32) = (1e-3, 0.1);

/// One reflection of a path.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounce {
    /// Where, local metres.
    pub point: Vec3,
    /// Unit normal of the mirror.
    pub normal: Vec3,
    /// Index of the surface met.
    pub surface: u32,
}

/// A path from transmitter to receiver.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Path {
    /// The transmitter.
    pub from: Vec3,
    /// The receiver.
    pub to: Vec3,
    bounces: [Bounce; MAX_ORDER],
    order: usize,
}

impl Path {
    /// The straight path, whether or not something stands in it.
    pub fn direct(from: Vec3, to: Vec3) -> Self {
        Self { from, to, bounces: [Bounce::default(); MAX_ORDER], order: 0 }
    }

    /// The reflections from transmitter to receiver.
    pub fn bounces(&self) -> &[Bounce] {
        &self.bounces[..self.order]
    }

    /// Its length, metres.
    pub fn length(&self) -> f32 {
        let mut last = self.from;
        let mut sum = 0.0;
        for b in self.bounces() {
            sum += last.distance(b.point);
            last = b.point;
        }
        sum + last.distance(self.to)
    }
}

/// The path between two points over the mirrors of `signature`, if it exists in the scene. A signature longer than
/// [`MAX_ORDER`] or with a mirror that isn't there has no path.
pub fn find(scene: &Scene, signature: &[u32], from: Vec3, to: Vec3) -> Option<Path> {
    let mut path = Path { order: signature.len(), ..Path::direct(from, to) };
    let mut images = [Vec3::ZERO; MAX_ORDER + 1];
    if signature.len() > MAX_ORDER {
        return None;
    }
    images[0] = from;
    for (i, index) in signature.iter().enumerate() {
        images[i + 1] = scene.mirrors.get(*index as usize)?.image(images[i]);
    }
    let mut target = to;
    for i in (0..signature.len()).rev() {
        let mirror = &scene.mirrors[signature[i] as usize];
        let (behind, before) = (mirror.height(images[i + 1]), mirror.height(target));
        if behind * before >= 0.0 {
            return None;
        }
        let point = images[i + 1].lerp(target, behind / (behind - before));
        if !mirror.near(point) {
            return None;
        }
        path.bounces[i] = Bounce { point, normal: mirror.normal.into(), surface: 0 };
        target = point;
    }
    let last = signature.len().checked_sub(1);
    let leave = last.map_or(from, |i| path.bounces[i].point);
    // The street end is blocked most often, so it is looked at first.
    if scene.blocked(leave, to, last.map_or(NO_PLANE, |i| signature[i])) {
        return None;
    }
    let (mut at, mut on) = (from, NO_PLANE);
    for (bounce, plane) in path.bounces.iter_mut().zip(signature) {
        let leg = bounce.point - at;
        let limit = 1.0 + OVERSHOOT.0 + OVERSHOOT.1 / leg.length();
        let hit = scene.first_hit(at, leg, limit, on)?;
        let triangle = &scene.triangles[hit.triangle as usize];
        if triangle.plane != *plane {
            return None;
        }
        bounce.surface = triangle.surface;
        (at, on) = (bounce.point, *plane);
    }
    Some(path)
}
