//! The edges that diffract: where two faces meet at an angle, and where a sheet ends.
//!
//! Polygons meet here where they share both corners of a side. Around each such side all faces are sorted by their angle,
//! and the widest gap between neighbours is the air: so a thin sheet's rim (one face, n = 2), a building's corner (two), and
//! houses that share a wall (three or more) are one case; where no gap is wider than π nothing diffracts. A side that
//! ends within another polygon's longer side counts as that sheet's rim.

use super::utd::Wedge;
use glam::{DVec3, Vec3};
use std::collections::{BTreeMap, HashMap};
use std::f64::consts::{PI, TAU};

/// Corners nearer than this are one, metres: above the rounding of f32 at 10 km.
const WELD: f32 = 5e-3;
/// Edges flatter than this, (n − 1)π = 3°, are left out: what they diffract is far below what they reflect.
const LEAST_N: f64 = 1.0 + 3.0 / 180.0;
/// Cosine of the angle within which one edge goes on as another: 0.08°.
const STRAIGHT: f64 = 1.0 - 1e-6;

/// A flat polygon of a scene.
#[derive(Clone, Debug, PartialEq)]
pub struct Polygon {
    /// Its corners in order around it, metres; counter-clockwise seen from the air where it bounds a solid.
    pub corners: Vec<Vec3>,
    /// Index of its mirror plane.
    pub plane: u32,
    /// Index of its surface.
    pub surface: u32,
}

/// An edge that diffracts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// Where it lies and how its faces stand.
    pub wedge: Wedge,
    /// Mirror planes of face 0 and face n; the same for the rim of a sheet.
    pub planes: [u32; 2],
    /// Surfaces of face 0 and face n.
    pub surfaces: [u32; 2],
}

impl Edge {
    /// Unit direction from the edge into the middle of the air before it.
    pub fn air(&self) -> Vec3 {
        let [up_0, up_n] = self.wedge.normals();
        let [face_0, face_n] = self.wedge.tangents();
        (up_0 + up_n - face_0 - face_n).normalize_or_zero().as_vec3()
    }
}

/// A polygon at one of its sides.
struct Side {
    /// The polygon's number.
    polygon: u32,
    /// From the side into the polygon, unit.
    inward: DVec3,
    /// Unit normal by the order of its corners.
    normal: DVec3,
    plane: u32,
    surface: u32,
}

/// The diffracting edges of `polygons`, pieces of one straight edge joined. Edges with both ends where `grounded` says that
/// a wall stands on the ground are left out, as are those whose air lies behind both faces (inner corners of a solid).
/// Polygons with fewer than three corners, or with one that is not finite, are passed over.
pub fn edges(polygons: impl IntoIterator<Item = Polygon>, grounded: impl Fn(Vec3) -> bool) -> Vec<Edge> {
    bounding(polygons, grounded).into_iter().map(|(edge, _)| edge).collect()
}

/// Those edges, each with the polygons around it, numbered as they came.
pub fn bounding(polygons: impl IntoIterator<Item = Polygon>, grounded: impl Fn(Vec3) -> bool) -> Vec<(Edge, Vec<u32>)> {
    let mut corners = Corners::default();
    let mut sides: BTreeMap<[usize; 2], Vec<Side>> = BTreeMap::new();
    let mut count = 0;
    for (number, polygon) in polygons.into_iter().enumerate() {
        collect(number as u32, &polygon, &mut corners, &mut sides);
        count = number + 1;
    }
    let (mut pieces, mut bodies) = (Vec::new(), (0..count).collect::<Vec<usize>>());
    for (between, around) in sides {
        for side in &around {
            let (x, y) = (root(&mut bodies, around[0].polygon as usize), root(&mut bodies, side.polygon as usize));
            bodies[x.max(y)] = x.min(y);
        }
        let ends = between.map(|corner| corners.at[corner]);
        if !ends.iter().all(|e| grounded(*e)) {
            let found = edge(ends.map(Vec3::as_dvec3), &around);
            let around = around.iter().map(|s| s.polygon).collect();
            pieces.extend(found.map(|(edge, outward)| Piece { between, edge, outward, around }));
        }
    }
    join(&without_inner_corners(pieces, &mut bodies))
}

/// Leaves out the pieces whose air is the inside of a solid; `bodies` are the polygons as [`root`] has those that hang together. Which side is which, a body tells by most of its edges, for some
/// meshes have all their faces turned inside out.
fn without_inner_corners(pieces: Vec<Piece>, bodies: &mut [usize]) -> Vec<Piece> {
    let mut outward: HashMap<usize, i64> = HashMap::new();
    let mut body = |piece: &Piece| root(bodies, piece.around[0] as usize);
    for piece in &pieces {
        *outward.entry(body(piece)).or_default() += piece.outward;
    }
    let looks_out = |piece: &Piece| piece.outward * outward[&body(piece)].signum() >= 0;
    let keep: Vec<bool> = pieces.iter().map(looks_out).collect();
    pieces.into_iter().zip(keep).filter_map(|(piece, keep)| keep.then_some(piece)).collect()
}

/// An edge between two corners.
struct Piece {
    between: [usize; 2],
    edge: Edge,
    /// 1 where both faces look into its air, −1 where neither does, 0 else.
    outward: i64,
    /// The polygons that meet there.
    around: Vec<u32>,
}

/// Enters each side of `polygon`.
fn collect(number: u32, polygon: &Polygon, corners: &mut Corners, sides: &mut BTreeMap<[usize; 2], Vec<Side>>) {
    let points = &polygon.corners;
    if points.len() < 3 || !points.iter().all(|p| p.is_finite()) {
        return;
    }
    let following = || points.iter().zip(points.iter().cycle().skip(1)).map(|(a, b)| (a.as_dvec3(), b.as_dvec3()));
    // Twice the area as a vector (Newell), about the first corner so that nothing cancels far from the origin.
    let first = points[0].as_dvec3();
    let area: DVec3 = following().map(|(a, b)| (a - first).cross(b - first)).sum();
    let Some(normal) = area.try_normalize() else { return };
    for (a, b) in following() {
        let ends = [corners.place(a.as_vec3()), corners.place(b.as_vec3())];
        let Some(inward) = normal.cross(b - a).try_normalize() else { continue };
        if ends[0] != ends[1] {
            let key = [ends[0].min(ends[1]), ends[0].max(ends[1])];
            let side = Side { polygon: number, inward, normal, plane: polygon.plane, surface: polygon.surface };
            sides.entry(key).or_default().push(side);
        }
    }
}

/// The edge between `ends` with these polygons around it, if it diffracts, and whether its faces look into the air.
fn edge(ends: [DVec3; 2], around: &[Side]) -> Option<(Edge, i64)> {
    let along = (ends[1] - ends[0]).try_normalize()?;
    let x = around.first()?.inward.reject_from_normalized(along).try_normalize()?;
    let y = along.cross(x);
    let mut turns: Vec<(f64, &Side)> =
        around.iter().map(|s| (s.inward.dot(y).atan2(s.inward.dot(x)).rem_euclid(TAU), s)).collect();
    turns.sort_by(|a, b| a.0.total_cmp(&b.0));
    let next = turns.iter().cycle().skip(1);
    let gaps = turns.iter().zip(next).enumerate().map(|(i, (a, b))| {
        let round = if i + 1 == turns.len() { TAU } else { 0.0 };
        (b.0 - a.0 + round, a.1, b.1)
    });
    let (gap, face_0, face_n) = gaps.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let n = (gap / PI).min(2.0);
    if n < LEAST_N {
        return None;
    }
    let wedge = Wedge::new(ends, face_0.inward, along.cross(face_0.inward), n)?;
    let [up_0, up_n] = wedge.normals();
    let outward = [face_0.normal.dot(up_0), face_n.normal.dot(up_n)].map(|d| if d < 0.0 { -1 } else { 1 });
    let edge = Edge { wedge, planes: [face_0.plane, face_n.plane], surfaces: [face_0.surface, face_n.surface] };
    Some((edge, i64::midpoint(outward[0], outward[1])))
}

/// Joins pieces that go on straight between the same two faces.
fn join(pieces: &[Piece]) -> Vec<(Edge, Vec<u32>)> {
    /// An edge at one of its corners: which edge, and its direction away from there.
    type At = (usize, DVec3);
    let mut whole: Vec<usize> = (0..pieces.len()).collect();
    let mut waiting: HashMap<(usize, [u32; 4]), Vec<At>> = HashMap::new();
    for (i, Piece { between: [a, b], edge, .. }) in pieces.iter().enumerate() {
        let along = edge.wedge.along();
        for (corner, away) in [(*a, along), (*b, -along)] {
            let here = waiting.entry((corner, faces(edge))).or_default();
            match here.iter().position(|(_, other)| other.dot(away) < -STRAIGHT) {
                Some(k) => {
                    let (other, _) = here.swap_remove(k);
                    let (x, y) = (root(&mut whole, i), root(&mut whole, other));
                    whole[x.max(y)] = x.min(y);
                }
                None => here.push((i, away)),
            }
        }
    }
    let mut groups: BTreeMap<usize, Vec<&Piece>> = BTreeMap::new();
    for (i, piece) in pieces.iter().enumerate() {
        groups.entry(root(&mut whole, i)).or_default().push(piece);
    }
    let one = |group: Vec<&Piece>| {
        let mut around: Vec<u32> = group.iter().flat_map(|p| p.around.iter().copied()).collect();
        around.sort_unstable();
        around.dedup();
        Some((span(&group)?, around))
    };
    groups.into_values().filter_map(one).collect()
}

/// Both faces, whichever comes first.
fn faces(edge: &Edge) -> [u32; 4] {
    let mut faces = [(edge.planes[0], edge.surfaces[0]), (edge.planes[1], edge.surfaces[1])];
    faces.sort_unstable();
    [faces[0].0, faces[0].1, faces[1].0, faces[1].1]
}

/// The first of those that `i` was joined with.
fn root(whole: &mut [usize], mut i: usize) -> usize {
    while whole[i] != i {
        whole[i] = whole[whole[i]];
        i = whole[i];
    }
    i
}

/// One edge as long as all of `group`, which lie on one line.
fn span(group: &[&Piece]) -> Option<Edge> {
    let edge = group.first()?.edge;
    let ([start, _], along) = (edge.wedge.ends(), edge.wedge.along());
    let ends = group.iter().flat_map(|p| p.edge.wedge.ends()).map(|end| (end - start).dot(along));
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), t| (low.min(t), high.max(t)));
    let ends = [start + along * low, start + along * high];
    let wedge = Wedge::new(ends, edge.wedge.tangents()[0], edge.wedge.normals()[0], edge.wedge.n())?;
    Some(Edge { wedge, ..edge })
}

/// Corners, each but once.
#[derive(Default)]
struct Corners {
    at: Vec<Vec3>,
    cells: HashMap<[i64; 3], Vec<usize>>,
}

impl Corners {
    /// The number of the corner at `p`, or near enough.
    fn place(&mut self, p: Vec3) -> usize {
        // In cells four times as large a corner's neighbours lie in at most the eight cells nearest to it.
        let cell = |v: Vec3| (v / (4.0 * WELD)).floor().to_array().map(|c| c as i64);
        let known = (0..8).find_map(|k| {
            let to = |bit: i32| if k & bit == 0 { -WELD } else { WELD };
            let near = self.cells.get(&cell(p + Vec3::new(to(1), to(2), to(4))))?;
            near.iter().copied().find(|i| self.at[*i].distance(p) < WELD)
        });
        known.unwrap_or_else(|| {
            self.at.push(p);
            self.cells.entry(cell(p)).or_default().push(self.at.len() - 1);
            self.at.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glam::Vec2;

    /// A prism without floor; each wall a plane of its own, each cut in `cuts` rows of two triangles.
    fn prism(ring: &[Vec2], height: f32, cuts: u8) -> Vec<Polygon> {
        let mut all = Vec::new();
        for (i, a) in ring.iter().enumerate() {
            let b = ring[(i + 1) % ring.len()];
            for cut in 0..cuts {
                let at = |p: Vec2, k: u8| p.extend(height * f32::from(k) / f32::from(cuts));
                let [p, q, r, s] = [at(*a, cut), at(b, cut), at(b, cut + 1), at(*a, cut + 1)];
                for corners in [vec![p, q, r], vec![p, r, s]] {
                    all.push(Polygon { corners, plane: i as u32, surface: 0 });
                }
            }
        }
        let corners = ring.iter().map(|p| p.extend(height)).collect();
        all.push(Polygon { corners, plane: ring.len() as u32, surface: 1 });
        all
    }

    fn on_ground(p: Vec3) -> bool {
        p.z < 0.01
    }

    fn lengths(edges: &[Edge], upright: bool) -> Vec<f64> {
        let chosen = edges.iter().filter(|e| (e.wedge.along().z.abs() > 0.5) == upright);
        chosen.map(|e| e.wedge.ends()[0].distance(e.wedge.ends()[1])).collect()
    }

    const SQUARE: [Vec2; 4] = [Vec2::ZERO, Vec2::new(10.0, 0.0), Vec2::new(10.0, 10.0), Vec2::new(0.0, 10.0)];

    #[test]
    fn a_box_on_the_ground_has_four_corners_and_four_eaves() {
        for cuts in [1, 3] {
            let found = edges(prism(&SQUARE, 9.0, cuts), on_ground);
            assert_eq!(lengths(&found, true), [9.0; 4]);
            assert_eq!(lengths(&found, false), [10.0; 4]);
            for edge in &found {
                assert!((edge.wedge.n() - 1.5).abs() < 1e-6 && edge.planes[0] != edge.planes[1], "{edge:?}");
                let [tangent, _] = edge.wedge.tangents();
                let [up, _] = edge.wedge.normals();
                let middle = (edge.wedge.ends()[0] + edge.wedge.ends()[1]) / 2.0;
                let inside = |p: DVec3| p.cmpgt(DVec3::ZERO).all() && p.cmplt(DVec3::new(10.0, 10.0, 9.0)).all();
                assert!(inside(middle + 0.1 * tangent - 0.05 * up) && !inside(middle + 0.1 * tangent + 0.05 * up));
            }
        }
        assert_eq!(edges(prism(&SQUARE, 9.0, 1), |_| false).len(), 12, "floating");
    }

    #[test]
    fn the_inner_corner_of_an_l_does_not_diffract() {
        let ring = [(0.0, 0.0), (20.0, 0.0), (20.0, 8.0), (8.0, 8.0), (8.0, 20.0), (0.0, 20.0)].map(Vec2::from);
        let found = edges(prism(&ring, 5.0, 2), on_ground);
        assert_eq!((lengths(&found, true).len(), lengths(&found, false).len()), (5, 6));
    }

    #[test]
    fn the_rim_of_a_sheet_is_a_half_plane() {
        let sheet = Polygon {
            corners: [[0.0, 0.0], [4.0, 0.0], [4.0, 3.0], [0.0, 3.0]].map(|[x, z]| Vec3::new(x, 0.0, z)).to_vec(),
            plane: 7,
            surface: 2,
        };
        let twice = edges([sheet.clone(), sheet], on_ground);
        assert_eq!(twice.len(), 3);
        assert!(twice.iter().all(|e| e.wedge.n() > 1.999 && e.planes == [7, 7] && e.surfaces == [2, 2]));
    }

    #[test]
    fn corners_that_miss_each_other_by_rounding_are_one() {
        let mut shifted = prism(&SQUARE, 9.0, 1);
        for (i, polygon) in shifted.iter_mut().enumerate() {
            for corner in &mut polygon.corners {
                *corner += Vec3::splat(1e-3 * (i % 3) as f32);
            }
        }
        assert_eq!(edges(shifted, |p| p.z < 0.1).len(), 8);
    }

    #[test]
    fn what_is_no_polygon_is_passed_over() {
        let polygon = |corners: &[Vec3]| Polygon { corners: corners.to_vec(), plane: 0, surface: 0 };
        let bad = [
            polygon(&[]),
            polygon(&[Vec3::ZERO, Vec3::X]),
            polygon(&[Vec3::ZERO; 3]),
            polygon(&[Vec3::ZERO, Vec3::X, Vec3::X * 2.0]),
            polygon(&[Vec3::ZERO, Vec3::X, Vec3::NAN]),
            polygon(&[Vec3::ZERO, Vec3::X, Vec3::INFINITY]),
        ];
        assert!(edges(bad, |_| false).is_empty());
    }
}
