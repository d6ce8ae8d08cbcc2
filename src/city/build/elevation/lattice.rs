//! The ground mesh of a scene as heights on a lattice, in local metres.

use crate::city::build::ply::Mesh;
use geo::{Rect, coord};
use glam::{DVec2, Vec2, Vec3};

/// Most points of the lattice.
const MAX_POINTS: f64 = 16_777_216.0;

/// Steps to each side in which the edge is looked at from beyond it.
const BEYOND_STEPS: i32 = 4;

/// Heights on a lattice.
#[derive(Clone, Debug)]
pub struct Lattice {
    origin: DVec2,
    spacing: f64,
    size: (usize, usize),
    /// Metres, row-major from the south-west.
    heights: Vec<f32>,
}

impl Lattice {
    /// The highest ground of `meshes` at the points of a lattice of about their own fineness; where they have none, that of
    /// the nearest points that have one. `None` for meshes without extent.
    pub fn of(meshes: &[&Mesh]) -> Option<Self> {
        let vertices = meshes.iter().flat_map(|m| &m.vertices);
        let (low, high) = vertices.fold((Vec3::INFINITY, Vec3::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
        let extent = (high - low).truncate().as_dvec2();
        let (area, triangles) = (extent.x * extent.y, meshes.iter().map(|m| m.triangles.len()).sum::<usize>() as f64);
        // Written so that a NaN is no extent.
        let has_extent = area > 0.0 && area.is_finite() && triangles > 0.0;
        if !has_extent {
            return None;
        }
        // As many squares as pairs of triangles, but no more than fit.
        let spacing = (2.0 * area / triangles).max(area / MAX_POINTS).sqrt().max(0.5);
        let size = ((extent.x / spacing) as usize + 2, (extent.y / spacing) as usize + 2);
        let mut lattice =
            Self { origin: low.truncate().as_dvec2(), spacing, size, heights: vec![f32::NAN; size.0 * size.1] };
        for triangle in meshes.iter().flat_map(|m| m.corners()) {
            lattice.raise(triangle);
        }
        fill(&mut lattice.heights, size);
        Some(lattice)
    }

    /// Raises the points under a triangle to at least its height.
    fn raise(&mut self, corners: [Vec3; 3]) {
        let [a, b, c] = corners.map(|v| ((v.truncate().as_dvec2() - self.origin) / self.spacing).as_vec2());
        let area = (b - a).perp_dot(c - a);
        if area == 0.0 {
            return;
        }
        let last = Vec2::new(self.size.0 as f32 - 1.0, self.size.1 as f32 - 1.0);
        let low = a.min(b).min(c).ceil().clamp(Vec2::ZERO, last);
        let high = a.max(b).max(c).floor().clamp(Vec2::ZERO, last);
        for iy in low.y as usize..=high.y as usize {
            for ix in low.x as usize..=high.x as usize {
                let p = Vec2::new(ix as f32, iy as f32);
                let shares = [(b, c), (c, a), (a, b)].map(|(from, to)| (to - from).perp_dot(p - from) / area);
                // A little more than the triangle, so that no point falls between two.
                if shares.iter().all(|s| *s >= -1e-4) {
                    let height = shares.iter().zip(corners).map(|(s, v)| s * v.z).sum::<f32>();
                    let at = &mut self.heights[iy * self.size.0 + ix];
                    *at = at.max(height);
                }
            }
        }
    }

    /// Side of a cell, metres.
    pub fn spacing(&self) -> f64 {
        self.spacing
    }

    /// What the mesh covers, local metres.
    pub fn bounds(&self) -> Rect<f64> {
        let far = self.origin + DVec2::new(self.size.0 as f64 - 2.0, self.size.1 as f64 - 2.0) * self.spacing;
        Rect::new(coord! { x: self.origin.x, y: self.origin.y }, coord! { x: far.x, y: far.y })
    }

    /// Height at `p`, local metres, between the four nearest points. Beyond the mesh it is the mean of its edge over a
    /// stretch that widens with the distance: the edge alone would go on as furrows.
    pub fn at(&self, p: DVec2) -> f64 {
        let (low, high) = (self.bounds().min(), self.bounds().max());
        let held = p.clamp(DVec2::new(low.x, low.y), DVec2::new(high.x, high.y));
        let beyond = p.distance(held);
        if beyond == 0.0 {
            return self.within(p);
        }
        let steps = || (-BEYOND_STEPS..=BEYOND_STEPS).map(|i| f64::from(i) / f64::from(BEYOND_STEPS));
        let around = steps().flat_map(|u| steps().map(move |v| held + DVec2::new(u, v) * beyond));
        around.map(|q| self.within(q)).sum::<f64>() / f64::from((2 * BEYOND_STEPS + 1).pow(2))
    }

    /// As [`Lattice::at`], beyond the mesh the height of its edge.
    fn within(&self, p: DVec2) -> f64 {
        // The last column and row lie beyond the mesh.
        let last = DVec2::new(self.size.0 as f64 - 2.0, self.size.1 as f64 - 2.0);
        let q = ((p - self.origin) / self.spacing).clamp(DVec2::ZERO, last);
        let low = q.floor();
        let (t, x, y) = (q - low, low.x as usize, low.y as usize);
        let height = |x: usize, y: usize| f64::from(self.heights[y * self.size.0 + x]);
        let row = |y: usize| height(x, y) * (1.0 - t.x) + height(x + 1, y) * t.x;
        row(y) * (1.0 - t.y) + row(y + 1) * t.y
    }
}

/// Gives points without a height (NaN) the mean of their neighbours that have one, ring by ring.
pub fn fill(heights: &mut [f32], (nx, ny): (usize, usize)) {
    let around = |i: usize| {
        let (x, y) = (i % nx, i / nx);
        let neighbours = [
            (x > 0).then(|| i - 1),
            (x + 1 < nx).then(|| i + 1),
            (y > 0).then(|| i - nx),
            (y + 1 < ny).then(|| i + nx),
        ];
        neighbours.into_iter().flatten()
    };
    let mut ring: Vec<usize> =
        (0..nx * ny).filter(|i| heights[*i].is_nan() && around(*i).any(|j| !heights[j].is_nan())).collect();
    // Each ring fills points that were empty, so there are no more rings than points.
    while !ring.is_empty() {
        let mean = |i: &usize| {
            let known = around(*i).map(|j| heights[j]).filter(|h| !h.is_nan());
            let (sum, count) = known.fold((0.0f32, 0.0f32), |(s, n), h| (s + h, n + 1.0));
            sum / count
        };
        let filled: Vec<f32> = ring.iter().map(mean).collect();
        for (i, height) in ring.iter().zip(filled) {
            heights[*i] = height;
        }
        ring = ring.iter().flat_map(|i| around(*i)).filter(|j| heights[*j].is_nan()).collect();
        ring.sort_unstable();
        ring.dedup();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mesh of squares of 5 m over 100 × 60 m, without those that `hole` picks.
    fn mesh(height: impl Fn(f32, f32) -> f32, hole: impl Fn(u32, u32) -> bool) -> Mesh {
        let mut mesh = Mesh::default();
        for j in 0..=12u32 {
            for i in 0..=20u32 {
                let (x, y) = (i as f32 * 5.0 - 30.0, j as f32 * 5.0 + 7.0);
                mesh.vertices.push(Vec3::new(x, y, height(x, y)));
                if i < 20 && j < 12 && !hole(i, j) {
                    let first = j * 21 + i;
                    mesh.triangles.extend([[first, first + 1, first + 22], [first, first + 22, first + 21]]);
                }
            }
        }
        mesh
    }

    #[test]
    fn a_plane_comes_out_as_it_went_in() {
        let lattice = Lattice::of(&[&mesh(|x, y| 3.0 + 0.2 * x - 0.1 * y, |_, _| false)]).expect("a ground");
        assert!((lattice.spacing() - 5.0).abs() < 0.01);
        for (x, y) in [(-30.0, 7.0), (0.0, 30.0), (69.0, 66.0), (12.3, 45.6)] {
            let found = lattice.at(DVec2::new(x, y));
            assert!((found - (3.0 + 0.2 * x - 0.1 * y)).abs() < 1e-3, "{found} at {x} {y}");
        }
    }

    #[test]
    fn holes_are_filled_from_their_rim() {
        let lattice =
            Lattice::of(&[&mesh(|_, _| 8.0, |i, j| (5..9).contains(&i) && (3..6).contains(&j))]).expect("a ground");
        assert!(lattice.heights.iter().all(|h| (h - 8.0).abs() < 1e-4));
    }

    #[test]
    fn a_mesh_without_extent_is_no_ground() {
        let wall = Mesh { vertices: vec![Vec3::ZERO, Vec3::X, Vec3::Z], triangles: vec![[0, 1, 2]] };
        assert!(Lattice::of(&[&wall]).is_none() && Lattice::of(&[]).is_none());
    }
}
