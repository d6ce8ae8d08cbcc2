//! Four boxes and four facets, one in each lane of a SIMD register, and how a ray meets them.

use super::super::bvh::{Hit, Node, PARALLEL, SEAM, TINY};
use super::super::facet::{Facet, Span};
use super::NONE;
use super::search::Search;
use glam::Vec3;
use wide::{f32x4, u32x4};

/// Children of a node, and facets of a leaf.
pub const LANES: usize = 4;

/// Four vectors.
pub type Four = [f32x4; 3];

fn splat(v: Vec3) -> Four {
    v.to_array().map(f32x4::splat)
}

fn cross(a: &Four, b: &Four) -> Four {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn dot(a: &Four, b: &Four) -> f32x4 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Vectors lane by lane.
pub fn lanes(of: impl Fn(usize) -> [f32; 3]) -> Four {
    let all: [[f32; 3]; LANES] = std::array::from_fn(of);
    std::array::from_fn(|axis| f32x4::new(all.map(|v| v[axis])))
}

/// An inner node: the boxes of its children, and which they are.
#[derive(Clone, Copy, Debug)]
pub struct Branch {
    /// Least corners, then greatest ones.
    pub corners: [Four; 2],
    pub children: [u32; LANES],
}

/// The facets of a leaf.
#[derive(Clone, Copy, Debug)]
pub struct Pack {
    v0: Four,
    e1: Four,
    e2: Four,
    /// 1 for triangles, where u + v is bounded; 0 for parallelograms, where u is.
    slant: f32x4,
    plane: u32x4,
    facets: [u32; LANES],
}

/// A ray, made ready.
pub struct Ray {
    origin: Four,
    direction: Four,
    inverse: Four,
    /// For each axis, which of a box's corners it meets first.
    first: [usize; 3],
    except: [u32x4; 2],
}

impl Ray {
    pub fn new(origin: Vec3, direction: Vec3, except: [u32; 2]) -> Self {
        let one = |d: f32| 1.0 / if d.abs() < TINY { TINY.copysign(d) } else { d };
        let inverse = direction.to_array().map(one);
        Self {
            origin: splat(origin),
            direction: splat(direction),
            inverse: inverse.map(f32x4::splat),
            first: inverse.map(|d| usize::from(d < 0.0)),
            except: except.map(u32x4::splat),
        }
    }
}

impl Branch {
    pub const EMPTY: Self = Self {
        corners: [[f32x4::splat(f32::INFINITY); 3], [f32x4::splat(f32::NEG_INFINITY); 3]],
        children: [NONE; LANES],
    };

    /// Where the ray enters each box, and a bit for each box that it enters before `limit`.
    #[inline]
    pub fn enter(&self, ray: &Ray, limit: f32) -> (f32x4, u32) {
        let (mut near, mut far) = (f32x4::splat(0.0), f32x4::splat(limit));
        for axis in 0..3 {
            let first = ray.first[axis];
            let at = |corner: usize| (self.corners[corner][axis] - ray.origin[axis]) * ray.inverse[axis];
            near = at(first).fast_max(near);
            far = at(1 - first).fast_min(far);
        }
        (near, near.simd_le(far).to_bitmask())
    }
}

impl Pack {
    pub fn of(facets: &[Facet], node: &Node) -> Self {
        let at = |lane: usize| {
            let facet = ((lane as u32) < node.count).then(|| facets[node.first as usize + lane]);
            facet.unwrap_or_default()
        };
        let slant = |lane| if at(lane).span == Span::Parallelogram as u32 { 0.0 } else { 1.0 };
        Self {
            v0: lanes(|lane| at(lane).v0),
            e1: lanes(|lane| at(lane).e1),
            e2: lanes(|lane| at(lane).e2),
            slant: f32x4::new(std::array::from_fn(slant)),
            plane: u32x4::new(std::array::from_fn(|lane| at(lane).plane)),
            facets: std::array::from_fn(|lane| node.first + lane as u32),
        }
    }

    /// Meets all four (Möller & Trumbore 1997), either side; whether that ends the search.
    #[inline]
    pub fn meet<S: Search>(&self, ray: &Ray, search: &mut S) -> bool {
        let p = cross(&ray.direction, &self.e2);
        let determinant = dot(&self.e1, &p);
        let inverse = f32x4::splat(1.0) / determinant;
        let s: Four = std::array::from_fn(|axis| ray.origin[axis] - self.v0[axis]);
        let u = dot(&s, &p) * inverse;
        let q = cross(&s, &self.e1);
        let v = dot(&ray.direction, &q) * inverse;
        let t = dot(&self.e2, &q) * inverse;
        let (least, most) = (f32x4::splat(-SEAM), f32x4::splat(1.0 + SEAM));
        let inside = u.simd_ge(least) & v.simd_ge(least) & v.simd_le(most) & (u + self.slant * v).simd_le(most);
        let ahead = t.simd_gt(f32x4::splat(0.0)) & t.simd_lt(f32x4::splat(search.limit()));
        let meets = inside & ahead & determinant.abs().simd_ge(f32x4::splat(PARALLEL));
        let left_out = self.plane.simd_eq(ray.except[0]) | self.plane.simd_eq(ray.except[1]);
        let mut met = meets.to_bitmask() & !left_out.to_bitmask();
        let t = t.to_array();
        while met != 0 {
            let lane = met.trailing_zeros() as usize;
            met &= met - 1;
            if search.hear(Hit { t: t[lane], facet: self.facets[lane] }, self.plane.as_array()[lane]) {
                return true;
            }
        }
        false
    }
}
