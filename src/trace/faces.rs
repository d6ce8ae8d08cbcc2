//! The facets of each mirror plane: whether a point of the plane lies on one, and on which.

use super::bvh::SEAM;
use super::facet::{Facet, Span};
use glam::Vec3;
use wide::f32x4;

/// Facets tested at once.
const LANES: usize = 4;

/// Four facets of a plane. A point p lies on one where 0 ≤ u, 0 ≤ v ≤ 1 and u + slant·v ≤ 1, with u = along · p − start
/// and v likewise.
#[derive(Clone, Copy, Debug)]
struct Pack {
    /// For u and for v: the dual vector of the facet's edge, and the first corner's share in it.
    along: [[f32x4; 3]; 2],
    start: [f32x4; 2],
    slant: f32x4,
    surfaces: [u32; LANES],
}

/// The facets of all planes.
#[derive(Clone, Debug, Default)]
pub struct Faces {
    /// The packs of plane `i` are `starts[i]..starts[i + 1]`.
    starts: Vec<u32>,
    packs: Vec<Pack>,
}

impl Faces {
    /// Sorts `facets` by their planes, of which there are so many.
    pub fn of(facets: &[Facet], planes: usize) -> Self {
        // The numbers of the facets, plane by plane: first where each plane begins, then, as they are put there, where it ends.
        let mut ends = vec![0u32; planes + 1];
        for facet in facets {
            ends[facet.plane as usize + 1] += 1;
        }
        for plane in 0..planes {
            ends[plane + 1] += ends[plane];
        }
        let mut order = vec![0u32; facets.len()];
        for (number, facet) in facets.iter().enumerate() {
            let end = &mut ends[facet.plane as usize];
            order[*end as usize] = number as u32;
            *end += 1;
        }
        let mut faces = Self { starts: vec![0], packs: Vec::new() };
        let mut start = 0;
        for end in &ends[..planes] {
            let of_plane = &order[start..*end as usize];
            faces.packs.extend(of_plane.chunks(LANES).map(|numbers| Pack::of(facets, numbers)));
            faces.starts.push(faces.packs.len() as u32);
            start = *end as usize;
        }
        faces
    }

    /// The surface of a facet of `plane` on which its point `p` lies.
    #[inline]
    pub fn surface_at(&self, plane: u32, p: Vec3) -> Option<u32> {
        let (start, end) = (self.starts[plane as usize] as usize, self.starts[plane as usize + 1] as usize);
        self.packs[start..end].iter().find_map(|pack| pack.surface_at(p))
    }
}

impl Pack {
    fn of(facets: &[Facet], numbers: &[u32]) -> Self {
        let lane = |i: usize| {
            // An empty lane holds no point: u is 2 everywhere.
            let Some(facet) = numbers.get(i).map(|number| &facets[*number as usize]) else {
                return ([Vec3::ZERO; 2], [-2.0, 0.0], 0.0, 0);
            };
            let (v0, e1, e2) = (Vec3::from(facet.v0), Vec3::from(facet.e1), Vec3::from(facet.e2));
            let normal = e1.cross(e2);
            let size = normal.length_squared();
            let duals = [e2.cross(normal) / size, normal.cross(e1) / size];
            let slant = if facet.span == Span::Parallelogram as u32 { 0.0 } else { 1.0 };
            (duals, duals.map(|d| d.dot(v0)), slant, facet.surface)
        };
        let lanes: [_; LANES] = std::array::from_fn(lane);
        Self {
            along: [0, 1].map(|k| [0, 1, 2].map(|axis| f32x4::new(lanes.map(|l| l.0[k][axis])))),
            start: [0, 1].map(|k| f32x4::new(lanes.map(|l| l.1[k]))),
            slant: f32x4::new(lanes.map(|l| l.2)),
            surfaces: lanes.map(|l| l.3),
        }
    }

    #[inline]
    fn surface_at(&self, p: Vec3) -> Option<u32> {
        let at = |k: usize| {
            let [x, y, z] = self.along[k];
            x * f32x4::splat(p.x) + y * f32x4::splat(p.y) + z * f32x4::splat(p.z) - self.start[k]
        };
        let (u, v) = (at(0), at(1));
        let (least, most) = (f32x4::splat(-SEAM), f32x4::splat(1.0 + SEAM));
        let inside = u.simd_ge(least) & v.simd_ge(least) & v.simd_le(most) & (u + self.slant * v).simd_le(most);
        let met = inside.to_bitmask();
        (met != 0).then(|| self.surfaces[met.trailing_zeros() as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_lies_on_the_facet_that_holds_it() {
        let corner = |x: f32, z: f32| Vec3::new(x, 300.0, z);
        let facet = |at: [Vec3; 3], span, surface| Facet::new(at, span, 0, surface);
        let wall = [corner(0.0, 0.0), corner(10.0, 0.0), corner(0.0, 6.0)];
        let gable = [corner(20.0, 0.0), corner(26.0, 0.0), corner(20.0, 6.0)];
        let faces = Faces::of(&[facet(wall, Span::Parallelogram, 3), facet(gable, Span::Triangle, 4)], 1);
        assert_eq!(faces.surface_at(0, corner(9.0, 5.5)), Some(3));
        assert_eq!(faces.surface_at(0, corner(21.0, 1.0)), Some(4));
        for outside in [corner(25.0, 5.5), corner(15.0, 1.0), corner(-0.1, 1.0), corner(1.0, 6.1), corner(5.0, -0.1)] {
            assert_eq!(faces.surface_at(0, outside), None, "{outside}");
        }
    }
}
