//! Footprints of building meshes: the ring in which the walls meet the ground.

use super::ply::Mesh;
use geo::algorithm::bool_ops::FillRule;
use geo::orient::Direction;
use geo::{Area, BooleanOps, CoordsIter, LineString, MultiPolygon, Orient, Polygon, Simplify, coord, unary_union};
use glam::Vec3;

use std::collections::BTreeMap;

/// Vertices closer than this are one, metres.
const WELD: f32 = 1e-3;
/// An edge belongs to the bottom when both its ends are this close to the lowest vertex, metres.
const LEVEL: f32 = 0.05;
/// What a footprint of projected triangles is simplified by, metres.
const SIMPLIFY: f64 = 0.01;

/// Walls whose ring covers less than this share of what is covered from above don't stand for the whole building.
const LEAST_SHARE: f64 = 0.99;

/// How a footprint was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// As the ring in which the walls meet the ground.
    Ring,
    /// As the outline from above, because the ring is open, or cancels itself where parts of the building overlap.
    FromAbove,
}

/// The footprint of a building of these walls and of all these meshes.
pub fn of(walls: &[&Mesh], all: &[&Mesh]) -> (MultiPolygon<f64>, Found) {
    let above = from_above(all);
    match under_walls(walls) {
        Some(ring) if ring.unsigned_area() >= LEAST_SHARE * above.unsigned_area() => (ring, Found::Ring),
        _ => (above, Found::FromAbove),
    }
}

/// A vertex on a grid of [`WELD`].
type Welded = (i32, i32, i32);

fn weld(v: Vec3) -> Welded {
    let v = (v / WELD).round();
    (v.x as i32, v.y as i32, v.z as i32)
}

/// The footprint under the walls: the edges at their lowest level that only one triangle has, as rings by the even-odd
/// rule. `None` where those edges do not close.
fn under_walls(walls: &[&Mesh]) -> Option<MultiPolygon<f64>> {
    let lowest = walls.iter().flat_map(|m| &m.vertices).map(|v| v.z).fold(f32::INFINITY, f32::min);
    let mut uses: BTreeMap<(Welded, Welded), u32> = BTreeMap::new();
    for [a, b, c] in walls.iter().flat_map(|m| m.corners()) {
        for (from, to) in [(a, b), (b, c), (c, a)] {
            let (from_key, to_key) = (weld(from), weld(to));
            if from_key != to_key && from.z < lowest + LEVEL && to.z < lowest + LEVEL {
                *uses.entry((from_key.min(to_key), from_key.max(to_key))).or_default() += 1;
            }
        }
    }
    let mut around: BTreeMap<Welded, Vec<Welded>> = BTreeMap::new();
    for ((a, b), _) in uses.into_iter().filter(|(_, count)| *count == 1) {
        around.entry(a).or_default().push(b);
        around.entry(b).or_default().push(a);
    }
    if around.is_empty() || around.values().any(|neighbours| neighbours.len() % 2 == 1) {
        return None;
    }
    // Every vertex has an even number of edges, so each walk ends where it began; which way it turns where rings touch
    // makes no difference under the even-odd rule.
    let mut rings = Vec::new();
    while let Some((&start, _)) = around.first_key_value() {
        let (mut ring, mut at) = (vec![start], start);
        while let Some(next) = around.get_mut(&at).and_then(Vec::pop) {
            if around[&at].is_empty() {
                around.remove(&at);
            }
            if let Some(back) = around.get_mut(&next) {
                if let Some(i) = back.iter().position(|v| *v == at) {
                    back.swap_remove(i);
                }
                if back.is_empty() {
                    around.remove(&next);
                }
            }
            ring.push(next);
            at = next;
        }
        let metres = |v: i32| f64::from(v) * f64::from(WELD);
        let line: LineString<f64> = ring.iter().map(|v| coord! { x: metres(v.0), y: metres(v.1) }).collect();
        rings.push(Polygon::new(line, Vec::new()));
    }
    if let [ring] = rings.as_slice()
        && is_simple(ring)
    {
        return Some(MultiPolygon(rings));
    }
    let empty = MultiPolygon::<f64>(Vec::new());
    Some(MultiPolygon(rings).union_with_fill_rule(&empty, FillRule::EvenOdd)).filter(|p| !p.0.is_empty())
}

/// Whether no two corners of a ring are equal: it then touches itself nowhere but, at worst, along an edge.
fn is_simple(ring: &Polygon<f64>) -> bool {
    let mut corners: Vec<_> = ring.exterior().coords_iter().skip(1).map(|c| (c.x.to_bits(), c.y.to_bits())).collect();
    let count = corners.len();
    corners.sort_unstable();
    corners.dedup();
    corners.len() == count
}

/// The shadow of the triangles at noon.
fn from_above(meshes: &[&Mesh]) -> MultiPolygon<f64> {
    let flat = |v: Vec3| coord! { x: f64::from(v.x), y: f64::from(v.y) };
    let triangles: Vec<Polygon<f64>> = meshes
        .iter()
        .flat_map(|m| m.corners())
        .filter(|[a, b, c]| (*b - *a).cross(*c - *a).z.abs() > 1e-6)
        // A union counts only what turns counter-clockwise.
        .map(|[a, b, c]| {
            Polygon::new(LineString(vec![flat(a), flat(b), flat(c)]), Vec::new()).orient(Direction::Default)
        })
        .collect();
    unary_union(&triangles).simplify(SIMPLIFY)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walls of height 3 m over the given rings.
    fn walls(rings: &[&[(f32, f32)]]) -> Mesh {
        let mut mesh = Mesh::default();
        for ring in rings {
            for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                let first = mesh.vertices.len() as u32;
                let corner = |p: &(f32, f32), z| Vec3::new(p.0, p.1, z);
                mesh.vertices.extend([corner(a, 0.0), corner(b, 0.0), corner(b, 3.0), corner(a, 3.0)]);
                mesh.triangles.extend([[first, first + 1, first + 2], [first, first + 2, first + 3]]);
            }
        }
        mesh
    }

    const SQUARE: &[(f32, f32)] = &[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)];

    #[test]
    fn walls_around_a_courtyard_leave_it_open() {
        let court = &[(2.0, 2.0), (5.0, 2.0), (5.0, 5.0), (2.0, 5.0)];
        let footprint = under_walls(&[&walls(&[SQUARE, court])]).expect("closed");
        assert_eq!(footprint.0.len(), 1);
        assert!((footprint.unsigned_area() - 91.0).abs() < 1e-3);
    }

    #[test]
    fn rings_that_touch_in_a_point_are_all_kept() {
        let other = &[(10.0, 10.0), (14.0, 10.0), (14.0, 14.0), (10.0, 14.0)];
        let footprint = under_walls(&[&walls(&[SQUARE, other])]).expect("closed");
        assert!((footprint.unsigned_area() - 116.0).abs() < 1e-3);
    }

    #[test]
    fn an_open_ring_is_no_footprint() {
        let mut open = walls(&[SQUARE]);
        open.triangles.truncate(6);
        assert_eq!(under_walls(&[&open]), None);
    }

    #[test]
    fn parts_that_overlap_are_seen_from_above() {
        let mut parts = walls(&[SQUARE, &[(5.0, 5.0), (15.0, 5.0), (15.0, 15.0), (5.0, 15.0)]]);
        let first = parts.vertices.len() as u32;
        for low in [0.0, 5.0] {
            let corners = [(low, low), (low + 10.0, low), (low + 10.0, low + 10.0), (low, low + 10.0)];
            parts.vertices.extend(corners.map(|(x, y)| Vec3::new(x, y, 3.0)));
        }
        parts.triangles.extend([0, 4].into_iter().flat_map(|i| {
            let i = first + i;
            [[i, i + 1, i + 2], [i, i + 2, i + 3]]
        }));
        let (footprint, found) = of(&[&parts], &[&parts]);
        assert_eq!(found, Found::FromAbove);
        assert!((footprint.unsigned_area() - 175.0).abs() < 1e-3);
    }

    #[test]
    fn a_flat_roof_casts_its_own_shape_whichever_way_its_triangles_turn() {
        let corner = |x, y| Vec3::new(x, y, 5.0);
        let roof = Mesh {
            vertices: vec![corner(0.0, 0.0), corner(4.0, 0.0), corner(4.0, 2.0), corner(0.0, 2.0)],
            triangles: vec![[0, 1, 2], [0, 3, 2]],
        };
        assert!((from_above(&[&roof]).unsigned_area() - 8.0).abs() < 1e-6);
    }
}
