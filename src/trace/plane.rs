//! Mirror planes: coplanar facets share one, so that a path's signature names few things.

use super::bvh::NO_PLANE;
use super::facet::{Facet, Span};
use bytemuck::{Pod, Zeroable};
use glam::{Vec2, Vec3};
use std::collections::HashMap;

/// How far a facet's corners may lie off a plane and still share it, metres: far below a wavelength's Fresnel zone on
/// any wall, far above the rounding of f32 coordinates at 10 km.
const TOLERANCE: f32 = 5e-3;
/// Edge of the cells in which planes with like normals are looked up: the cosine-space distance of neighbours.
const NORMAL_CELL: f32 = 1e-2;
/// Depth of those cells, metres along the normal.
const OFFSET_CELL: f32 = 0.5;

/// A plane that mirrors, and the box around all that lies in it. 48 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Mirror {
    /// Unit normal.
    pub normal: [f32; 3],
    /// The plane is normal · x = offset.
    pub offset: f32,
    /// Least corner of the box, metres.
    pub lo: [f32; 3],
    /// Keeps the next field at a multiple of 16 bytes.
    pub padding: u32,
    /// Greatest corner of the box, metres.
    pub hi: [f32; 3],
    /// Keeps the size a multiple of 16 bytes.
    pub padding2: u32,
}

impl Mirror {
    /// How far beside the box a point still counts as near, metres.
    pub const SLACK: f32 = 0.01;

    /// Height of `p` above the plane, metres along the normal.
    #[inline]
    pub fn height(&self, p: Vec3) -> f32 {
        Vec3::from(self.normal).dot(p) - self.offset
    }

    /// The mirror image of `p`.
    #[inline]
    pub fn image(&self, p: Vec3) -> Vec3 {
        p - 2.0 * self.height(p) * Vec3::from(self.normal)
    }

    /// Whether `p` lies in the box around the plane's facets, within a centimetre.
    #[inline]
    pub fn near(&self, p: Vec3) -> bool {
        p.cmpge(Vec3::from(self.lo) - Self::SLACK).all() && p.cmple(Vec3::from(self.hi) + Self::SLACK).all()
    }
}

/// The planes found so far.
#[derive(Debug, Default)]
pub struct Planes {
    mirrors: Vec<Mirror>,
    /// The last plane of each cell of twice the size of those of [`Planes::key`].
    last: HashMap<[i32; 4], u32>,
    /// For each plane, the one before it in its cell, or [`NO_PLANE`].
    before: Vec<u32>,
}

impl Planes {
    /// The plane of a facet of some area: a known one if all its corners lie in that, else a new one.
    pub fn place(&mut self, corners: [Vec3; 3], span: Span) -> u32 {
        let [a, b, c] = corners;
        let d = if span == Span::Parallelogram { b + c - a } else { c };
        let mut normal = (b - a).cross(c - a).normalize_or(Vec3::Z);
        // One of the two normals of a plane, so that both sides of a wall share it.
        let lead = [normal.z, normal.y, normal.x].into_iter().find(|v| v.abs() > 0.1).unwrap_or(1.0);
        normal *= lead.signum();
        let centre = (a + b + c) / 3.0;
        let offset = normal.dot(centre);
        let key = Self::key(normal, offset);
        let index = self.find(key, corners).unwrap_or_else(|| {
            let none = [f32::INFINITY; 3];
            let most = [f32::NEG_INFINITY; 3];
            self.mirrors.push(Mirror { normal: normal.into(), offset, lo: none, hi: most, padding: 0, padding2: 0 });
            let index = self.mirrors.len() as u32 - 1;
            let before = self.last.insert(key.map(|k| k >> 1), index);
            self.before.push(before.unwrap_or(NO_PLANE));
            index
        });
        let mirror = &mut self.mirrors[index as usize];
        mirror.lo = Vec3::from(mirror.lo).min(a).min(b).min(c).min(d).into();
        mirror.hi = Vec3::from(mirror.hi).max(a).max(b).max(c).max(d).into();
        index
    }

    /// The cell of like normals and offsets that a plane is in.
    fn key(normal: Vec3, offset: f32) -> [i32; 4] {
        let cell = |v: f32, size: f32| (v / size).floor() as i32;
        let [x, y, z] = normal.to_array().map(|v| cell(v, NORMAL_CELL));
        [x, y, z, cell(offset, OFFSET_CELL)]
    }

    /// A plane in the cells around `key` that all `corners` lie in: the oldest in the first of these cells that has one.
    fn find(&self, key: [i32; 4], corners: [Vec3; 3]) -> Option<u32> {
        let mut found: Option<(i64, u32)> = None;
        // Two cells of twice the size hold three along each axis: sixteen are looked up instead of 81.
        for step in 0..16 {
            let at = |axis: usize| (key[axis].saturating_sub(1) >> 1) + (step >> axis & 1);
            let mut next = self.last.get(&[at(0), at(1), at(2), at(3)]).copied().unwrap_or(NO_PLANE);
            while let Some(mirror) = self.mirrors.get(next as usize) {
                let of = Self::key(mirror.normal.into(), mirror.offset);
                let apart: [i64; 4] = std::array::from_fn(|axis| i64::from(of[axis]) - i64::from(key[axis]));
                let near = apart.iter().all(|cells| cells.abs() <= 1);
                if near && corners.iter().all(|c| mirror.height(*c).abs() < TOLERANCE) {
                    let place = apart.iter().rev().fold(0, |place, cells| 3 * place + cells + 1);
                    found = Some(found.map_or((place, next), |before| before.min((place, next))));
                }
                next = self.before[next as usize];
            }
        }
        found.map(|(_, plane)| plane)
    }

    /// The planes, by index.
    pub fn into_mirrors(self) -> Vec<Mirror> {
        self.mirrors
    }
}

/// The corners, in order, of a rectangle around the facets of each plane: one side of it is level.
pub fn outlines(mirrors: &[Mirror], facets: &[Facet]) -> Vec<[Vec3; 4]> {
    let axes = |mirror: &Mirror| {
        let normal = Vec3::from(mirror.normal);
        let level = Vec3::Z.cross(normal).normalize_or(Vec3::X);
        [level, normal.cross(level)]
    };
    let mut ranges = vec![[Vec2::INFINITY, Vec2::NEG_INFINITY]; mirrors.len()];
    for facet in facets {
        let [u, v] = axes(&mirrors[facet.plane as usize]);
        let [least, most] = &mut ranges[facet.plane as usize];
        for corner in facet.corners() {
            let at = Vec2::new(u.dot(corner), v.dot(corner));
            (*least, *most) = (least.min(at), most.max(at));
        }
    }
    let outline = |(mirror, [least, most]): (&Mirror, [Vec2; 2])| {
        let [u, v] = axes(mirror);
        let foot = Vec3::from(mirror.normal) * mirror.offset;
        let at = |x: f32, y: f32| foot + u * x + v * y;
        [at(least.x, least.y), at(most.x, least.y), at(most.x, most.y), at(least.x, most.y)]
    };
    mirrors.iter().zip(ranges).map(outline).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_and_both_sides_of_a_wall_share_a_plane() {
        let mut planes = Planes::default();
        let [a, b, c, d] = [(0.0, 0.0), (10.0, 0.0), (10.0, 5.0), (0.0, 5.0)].map(|(x, z)| Vec3::new(x, 700.0, z));
        let one = planes.place([a, b, c], Span::Triangle);
        assert_eq!(one, planes.place([a, c, d], Span::Triangle));
        assert_eq!(one, planes.place([c, b, a], Span::Triangle));
        let shifted = [a, b, c].map(|p| p + Vec3::Y * 0.02);
        assert_ne!(one, planes.place(shifted, Span::Triangle));
    }

    #[test]
    fn an_image_lies_as_far_behind_the_mirror_as_the_source_before_it() {
        let mut planes = Planes::default();
        planes.place([Vec3::new(5.0, 0.0, 0.0), Vec3::new(5.0, 1.0, 0.0), Vec3::new(5.0, 0.0, 1.0)], Span::Triangle);
        let mirror = planes.into_mirrors()[0];
        assert!((mirror.image(Vec3::new(2.0, 3.0, 4.0)) - Vec3::new(8.0, 3.0, 4.0)).length() < 1e-6);
    }
}
