//! The bodies of the importers' fuzz targets on mutated seeds: no panic, no hang, and no more memory than is stated.

#[path = "common/elements.rs"]
mod elements;
#[path = "common/mutate.rs"]
mod mutate;
#[path = "common/pbf.rs"]
mod pbf;
#[path = "common/sources.rs"]
mod sources;

use elements::{Element, describe};
use mutate::{run, seeds};
use peak_alloc::PeakAlloc;
use std::cell::Cell;
use std::path::Path;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// A comb of so many teeth, each so wide, its corners in units that the source counts in.
fn comb(teeth: i64, wide: i64) -> Vec<(i64, i64)> {
    let mut corners: Vec<(i64, i64)> = (0..2 * teeth).map(|i| (i % 2 * 1000, wide * i)).collect();
    corners.extend([(-1000, 2 * wide * teeth), (-1000, 0)]);
    corners
}

fn collection(geometry: &str, properties: &str) -> Vec<u8> {
    let feature = format!(r#"{{"type":"Feature","id":7,"properties":{properties},"geometry":{geometry}}}"#);
    format!(r#"{{"type":"FeatureCollection","features":[{feature}]}}"#).into_bytes()
}

fn ring(corners: impl Iterator<Item = (f64, f64)>) -> String {
    let mut corners: Vec<String> = corners.map(|(x, y)| format!("[{x:.7},{y:.7}]")).collect();
    corners.push(corners[0].clone());
    format!("[{}]", corners.join(","))
}

/// Descriptions of extracts: a house, a block around a courtyard with a tower, a shore with an island.
fn described() -> Vec<Vec<u8>> {
    let square = |x: i8, y: i8, side: i8| {
        [(0, 0), (side, 0), (side, side), (0, side)].map(|(dx, dy)| Element::Node(x + dx, y + dy))
    };
    let ring = |nodes, tags| Element::Way { nodes, closed: true, tags };
    let house = ring(&[0, 1, 2, 3], &[("building", "yes"), ("height", "10")]);
    let block = [
        Element::Way { nodes: &[0, 1, 2], closed: false, tags: &[] },
        Element::Way { nodes: &[2, 3, 0], closed: false, tags: &[] },
        ring(&[4, 5, 6, 7], &[]),
        ring(&[8, 9, 10, 11], &[("building:part", "yes"), ("min_height", "4 m"), ("building:levels", "3")]),
        Element::Relation {
            ways: &[(0, "outer"), (1, "outer"), (2, "inner")],
            tags: &[("type", "multipolygon"), ("building", "yes"), ("building:levels", "3")],
        },
    ];
    let shore = [
        Element::Way { nodes: &[0, 4, 8, 2], closed: false, tags: &[("natural", "coastline")] },
        ring(&[9, 10, 11], &[("natural", "coastline")]),
        ring(&[4, 5, 6, 7], &[("building", "yes")]),
        ring(&[0, 1, 2, 3], &[("natural", "water")]),
    ];
    let nodes = [square(-40, -40, 80), square(-20, -20, 30), square(-38, 20, 15)].concat();
    [&[house][..], &block, &shore].map(|elements| describe(&[&nodes, elements].concat())).to_vec()
}

/// One test, since all of them share the memory that is counted.
#[test]
fn mutated_extracts_features_and_elevations_end_soon_and_in_bounded_memory() {
    let house = [(0, 0), (2000, 0), (2000, 1000), (0, 1000)];
    let files = [pbf::building(&house), pbf::building(&comb(20, 50)), Vec::new()];
    run(MEMORY, |data| _ = sources::pbf(data), seeds("pbf", &files), 4000);

    let cities = Cell::new(0);
    let count = |data: &[u8]| cities.set(cities.get() + u32::from(sources::pbf(&elements::extract(data)) > 0));
    run(MEMORY, count, seeds("osm", &described()), 4000);
    assert!(cities.get() > 500, "{} of 4000 become a city", cities.get());

    let at = |(x, y): (i64, i64)| (24.94 + x as f64 * 1e-7, 60.17 + y as f64 * 1e-7);
    let square = ring(house.into_iter().map(at));
    let polygon = format!(r#"{{"type":"Polygon","coordinates":[{square}]}}"#);
    let multi = format!(r#"{{"type":"MultiPolygon","coordinates":[[{square},{square}],[{square}]]}}"#);
    let collections = [
        collection(&polygon, r#"{"height":12.5,"num_floors":3,"roof_shape":"gabled"}"#),
        collection(&multi, r#"{"building":"yes","building:levels":"4","min_height":"2 m"}"#),
        collection(&polygon, r#"{"height":1e999,"min_height":-1e999,"levels":"NaN"}"#),
        collection(
            r#"{"type":"Polygon","coordinates":[[[1e300,2147483648],[-2147483649,91],[0,0],[1e300,2147483648]]]}"#,
            "{}",
        ),
        b"{".repeat(100_000),
        b"[".repeat(100_000),
    ];
    run(MEMORY, |data| _ = sources::geojson(data), seeds("geojson", &collections), 4000);

    let written = ["utm_tiles_deflate_float.tif", "geographic_strips_lzw_int.tif", "mercator_matrix_plain.tif"];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/terrain");
    let models: Vec<Vec<u8>> = written.iter().map(|n| std::fs::read(folder.join(n)).expect("a file")).collect();
    run(MEMORY, sources::geotiff, seeds("geotiff", &models), 6000);

    // Needles as long as the largest city touch each of its tiles, by their bounds: a few are written, thousands refused.
    let needle = |i: usize| {
        let west = 24.0 + i as f64 * 1e-5;
        let outline = [(west, 59.9), (west + 1e-4, 59.9), (west + 1.0, 60.4)];
        let polygon = format!(r#"{{"type":"Polygon","coordinates":[{}]}}"#, ring(outline.into_iter()));
        format!(r#"{{"type":"Feature","properties":{{"building":"yes"}},"geometry":{polygon}}}"#)
    };
    let needles: String = (0..20_000).map(|i| needle(i) + "\n").collect();
    run(MEMORY, |data| assert!(sources::geojson(data) > 20_000), &[needles.into_bytes()], 1);

    // A long outline is a building, and one of a million corners is left out and counted; both soon.
    for (teeth, wide, read) in [(1000, 50, true), (500_000, 1, false)] {
        let corners = comb(teeth, wide);
        run(MEMORY, |data| assert_eq!(sources::pbf(data) > 1900, read), &[pbf::building(&corners)], 1);
        let outline = ring(corners.into_iter().map(at));
        let polygon = format!(r#"{{"type":"Polygon","coordinates":[{outline}]}}"#);
        run(MEMORY, |data| assert_eq!(sources::geojson(data) > 1900, read), &[collection(&polygon, "{}")], 1);
    }
}
