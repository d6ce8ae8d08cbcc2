//! The edges of a real city.

mod common;

use farfield::trace::edge::{Polygon, edges};
use farfield::trace::reference::read_scene;

#[test]
fn munich_has_edges_where_its_faces_meet() {
    let Some(path) = common::shared("munich_has_edges_where_its_faces_meet", "oracle/geometry/munich.npz") else {
        return;
    };
    let scene = read_scene(&path, 0.1).expect("Munich");
    let polygons = scene.facets.iter().map(|facet| {
        let mut corners = facet.corners().to_vec();
        corners.dedup();
        Polygon { corners, plane: facet.plane, surface: facet.surface }
    });
    let start = std::time::Instant::now();
    let found = edges(polygons, |p| p.z < 0.05);
    let took = start.elapsed();
    let rims = found.iter().filter(|e| e.planes[0] == e.planes[1]).count();
    let upright = found.iter().filter(|e| e.wedge.along().z.abs() > 0.99).count();
    println!("{} facets, {} edges, {rims} rims, {upright} upright, {took:?}", scene.facets.len(), found.len());
    // Counted apart from this code, side by side, before pieces are joined: 808 rims, 26 954 sides of two triangles with air
    // before them, 17 of more than two.
    assert_eq!(rims, 808);
    assert!((found.len() - rims).abs_diff(26_954) < 30, "{}", found.len());
    for edge in &found {
        let n = edge.wedge.n();
        assert!(n > 1.0 && n <= 2.0, "{edge:?}");
        for end in edge.wedge.ends() {
            assert!(
                edge.planes.iter().all(|p| scene.mirrors[*p as usize].height(end.as_vec3()).abs() < 0.02),
                "{edge:?}"
            );
            assert!(end.z > -1.0 && end.is_finite());
        }
    }
}
