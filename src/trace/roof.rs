//! Roofs: outlines cut into triangles, where that comes to an end.
//!
//! Cutting off ears is quick for outlines that don't cross themselves. For those that do, the cutter tries to split them
//! along every diagonal, which takes the cube of their corners: longer than anyone waits for some thousands. So large
//! outlines are looked over first, and one that crosses itself has walls and no roof.

use geo::{Line, Polygon};
use glam::DVec2;

/// Corners of an outline that is cut without having been looked over.
const FEW: usize = 64;
/// Pairs of walls that are compared, for each wall; an outline that needs more counts as tangled.
const PAIRS_A_WALL: usize = 512;
/// Walls that pass each other's ends by less, metres, touch: finer than any grid of tiles, coarser than rounding.
const TOUCHING: f64 = 1e-6;

/// The triangles of a flat roof over `footprint`; none where it can't be cut.
pub fn triangles(footprint: &Polygon<f64>) -> Vec<[DVec2; 3]> {
    let (mut corners, mut holes) = (Vec::new(), Vec::new());
    for ring in std::iter::once(footprint.exterior()).chain(footprint.interiors()) {
        if !corners.is_empty() {
            holes.push(corners.len() / 2);
        }
        corners.extend(ring.lines().flat_map(|line| [line.start.x, line.start.y]));
    }
    if corners.len() / 2 > FEW && is_tangled(footprint) {
        return Vec::new();
    }
    let cut = earcutr::earcut(&corners, &holes, 2).unwrap_or_default();
    let at = |i: usize| DVec2::new(corners[2 * i], corners[2 * i + 1]);
    cut.chunks_exact(3).map(|t| [at(t[0]), at(t[1]), at(t[2])]).collect()
}

/// Whether two walls cross, as far as a bounded search from west to east tells.
fn is_tangled(footprint: &Polygon<f64>) -> bool {
    let rings = std::iter::once(footprint.exterior()).chain(footprint.interiors());
    let ends = |line: Line<f64>| [line.start, line.end].map(|c| DVec2::new(c.x, c.y));
    let mut walls: Vec<[DVec2; 2]> = rings.flat_map(|ring| ring.lines().map(ends)).collect();
    let west = |[a, b]: &[DVec2; 2]| a.x.min(b.x);
    walls.sort_by(|a, b| west(a).total_cmp(&west(b)));
    let mut left = walls.len() * PAIRS_A_WALL;
    for (i, wall) in walls.iter().enumerate() {
        let east = wall[0].x.max(wall[1].x);
        for other in walls[i + 1..].iter().take_while(|other| west(other) <= east) {
            if left == 0 || cross(wall, other) {
                return true;
            }
            left -= 1;
        }
    }
    false
}

/// Whether each wall has its ends on either side of the other.
fn cross(a: &[DVec2; 2], b: &[DVec2; 2]) -> bool {
    let parts = |[from, to]: &[DVec2; 2], others: &[DVec2; 2]| {
        let along = (to - from).normalize_or_zero();
        let [p, q] = others.map(|p| along.perp_dot(p - from));
        p.min(q) < -TOUCHING && p.max(q) > TOUCHING
    };
    parts(a, b) && parts(b, a)
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Area, LineString};
    use std::f64::consts::TAU;

    /// A round outline of so many corners, of which each is joined with the one `turns` further on.
    fn star(points: u32, turns: u32) -> Polygon<f64> {
        let corner = |i: u32| (f64::from(i * turns % points) / f64::from(points) * TAU).sin_cos();
        let corners: Vec<(f64, f64)> = (0..points).map(|i| (corner(i).0 * 40.0, corner(i).1 * 40.0)).collect();
        Polygon::new(LineString::from(corners), Vec::new())
    }

    fn area(triangles: &[[DVec2; 3]]) -> f64 {
        triangles.iter().map(|[a, b, c]| 0.5 * (b - a).perp_dot(c - a).abs()).sum()
    }

    #[test]
    fn a_large_outline_has_a_roof_of_its_area() {
        let mut round = star(2001, 1);
        assert!((area(&triangles(&round)) - round.unsigned_area()).abs() < 1e-6);
        // A courtyard that touches the wall in a corner is no crossing.
        let corner = round.exterior().0[0];
        round.interiors_push(vec![(corner.x, corner.y), (0.0, 10.0), (10.0, 0.0)]);
        assert!((area(&triangles(&round)) - round.unsigned_area()).abs() < 1e-6);
    }

    #[test]
    fn a_large_outline_that_crosses_itself_has_none() {
        assert!(triangles(&star(10_001, 5_000)).is_empty());
    }
}
