//! Simplifying a lattice of heights to a right-triangulated irregular network (Evans, Kirkpatrick & Townsend 2001): right
//! isosceles triangles, halved where the ground bends, without cracks, each halving at a point of the lattice.
//!
//! A halving is needed where the middle of the longest side misses the ground by more than the tolerance, or where one of
//! the halves needs one. The misses of nested triangles may add up, so the tolerance is that of each midpoint and not of
//! the whole; what the whole misses is measured afterwards by the caller.

use glam::UVec2;

/// The corners of a triangle, right-angled at the last, in points of the lattice.
type Corners = [UVec2; 3];

/// Replaces the `(side + 1)²` heights by those of a simplified surface and gives its triangles as indices of points.
///
/// `side` is a power of two. A midpoint is left out where it misses by at most `tolerance`, which is doubled until no more
/// than `most` triangles are left; points that do not `matter` are never missed.
pub fn simplify(
    heights: &mut [f32],
    side: u32,
    tolerance: f32,
    most: usize,
    matter: impl Fn(u32) -> bool,
) -> Vec<[u32; 3]> {
    let lattice = Lattice { side };
    let misses = lattice.misses(heights, matter);
    let mut tolerance = tolerance;
    let mut triangles = Vec::new();
    // With heights within ±10 km the tolerance passes every miss long before the last round.
    for _ in 0..32 {
        triangles.clear();
        let (origin, far) = (UVec2::ZERO, UVec2::splat(side));
        lattice.split([origin, far, UVec2::new(side, 0)], &misses, tolerance, &mut triangles);
        lattice.split([far, origin, UVec2::new(0, side)], &misses, tolerance, &mut triangles);
        if triangles.len() <= most {
            break;
        }
        tolerance *= 2.0;
    }
    lattice.flatten(heights, &misses, tolerance);
    triangles
}

struct Lattice {
    side: u32,
}

impl Lattice {
    fn index(&self, p: UVec2) -> u32 {
        p.y * (self.side + 1) + p.x
    }

    /// Number of triangles that can be halved: those larger than half a cell, over all levels.
    fn count(&self) -> u32 {
        2 * self.side * self.side - 2
    }

    /// The `i`-th of them, coarse before fine: each bit of `i + 2` from the second highest down chooses a half.
    fn triangle(&self, i: u32) -> Corners {
        let id = i + 2;
        let levels = id.ilog2();
        let (origin, far) = (UVec2::ZERO, UVec2::splat(self.side));
        let mut corners = if id >> (levels - 1) & 1 == 0 {
            [origin, far, UVec2::new(self.side, 0)]
        } else {
            [far, origin, UVec2::new(0, self.side)]
        };
        for level in (0..levels - 1).rev() {
            let [first, second] = halves(corners);
            corners = if id >> level & 1 == 0 { first } else { second };
        }
        corners
    }

    /// How much is missed if the triangles around a midpoint stay whole, point by point.
    fn misses(&self, heights: &[f32], matter: impl Fn(u32) -> bool) -> Vec<f32> {
        let mut misses = vec![0.0f32; heights.len()];
        for i in (0..self.count()).rev() {
            let corners = self.triangle(i);
            let [a, b, _] = corners.map(|p| heights[self.index(p) as usize]);
            let at = self.index(middle(corners));
            let own = if matter(at) { (f32::midpoint(a, b) - heights[at as usize]).abs() } else { 0.0 };
            let mut worst = misses[at as usize].max(own);
            for half in halves(corners) {
                if divisible(half) {
                    worst = worst.max(misses[self.index(middle(half)) as usize]);
                }
            }
            misses[at as usize] = worst;
        }
        misses
    }

    /// The triangles that remain of `corners`.
    fn split(&self, corners: Corners, misses: &[f32], tolerance: f32, into: &mut Vec<[u32; 3]>) {
        // Each level halves the area, so there are at most two a power of two.
        if divisible(corners) && misses[self.index(middle(corners)) as usize] > tolerance {
            for half in halves(corners) {
                self.split(half, misses, tolerance, into);
            }
        } else {
            into.push(corners.map(|p| self.index(p)));
        }
    }

    /// Gives points that were left out the height of the triangle that they lie in.
    fn flatten(&self, heights: &mut [f32], misses: &[f32], tolerance: f32) {
        for i in 0..self.count() {
            let corners = self.triangle(i);
            let at = self.index(middle(corners)) as usize;
            if misses[at] <= tolerance {
                let [a, b, _] = corners.map(|p| heights[self.index(p) as usize]);
                heights[at] = f32::midpoint(a, b);
            }
        }
    }
}

/// The middle of the longest side.
fn middle([a, b, _]: Corners) -> UVec2 {
    (a + b) / 2
}

/// The two halves.
fn halves(corners: Corners) -> [Corners; 2] {
    let ([a, b, c], m) = (corners, middle(corners));
    [[c, a, m], [b, c, m]]
}

/// Whether the middle of the longest side is a point of the lattice: not where that side is a cell's diagonal.
fn divisible([a, b, _]: Corners) -> bool {
    a.x.abs_diff(b.x) != 1 || a.y.abs_diff(b.y) != 1
}
