//! Specular paths by the image method: a signature names the mirrors in order, and the path between two points through
//! them is unique.
//!
//! Each point of reflection must lie on a facet of its mirror, and nothing may stand between one and the next. A segment
//! leaves out the planes of both its ends, for coplanar facets lie within a tolerance of their plane.

use super::bvh::NO_PLANE;
use super::gather::Candidate;
use super::scene::Scene;
use super::wide::Hint;
use crate::scenario::MAX_DEPTH;
use glam::Vec3;

/// Most reflections of a path.
pub const MAX_ORDER: usize = MAX_DEPTH as usize;
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
    through(scene, &Candidate::of(scene, signature, from)?, to, &mut Hints::default())
}

/// What hid each leg of a path last.
pub type Hints = [Hint; MAX_ORDER + 1];

/// The path of `candidate` to `to`, if it exists in the scene.
pub fn through(scene: &Scene, candidate: &Candidate<'_>, to: Vec3, hints: &mut Hints) -> Option<Path> {
    let Candidate { mirrors, images } = candidate;
    let order = mirrors.len();
    let mut path = Path { order, ..Path::direct(images[0], to) };
    let mut target = to;
    for i in (0..order).rev() {
        let mirror = &scene.mirrors[mirrors[i] as usize];
        let (behind, before) = (mirror.height(images[i + 1]), mirror.height(target));
        if behind * before >= 0.0 {
            return None;
        }
        let point = images[i + 1].lerp(target, behind / (behind - before));
        if !mirror.near(point) {
            return None;
        }
        let surface = scene.faces.surface_at(mirrors[i], point)?;
        path.bounces[i] = Bounce { point, normal: mirror.normal.into(), surface };
        target = point;
    }
    let end = |i: usize| if i == order { (to, NO_PLANE) } else { (path.bounces[i].point, mirrors[i]) };
    // The street end is hidden most often, so it is looked at first.
    for i in (0..=order).rev() {
        let (from, left) = if i == 0 { (path.from, NO_PLANE) } else { end(i - 1) };
        let (to, reached) = end(i);
        if scene.blocked(from, to, [left, reached], &mut hints[i]) {
            return None;
        }
    }
    Some(path)
}
