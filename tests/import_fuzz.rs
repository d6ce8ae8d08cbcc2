//! The bodies of the importers' fuzz targets on mutated seeds: no panic, no hang, and no more memory than is stated.

#[path = "common/mutate.rs"]
mod mutate;
#[path = "common/pbf.rs"]
mod pbf;
#[path = "common/sources.rs"]
mod sources;

use mutate::run;
use peak_alloc::PeakAlloc;
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

/// One test, since all of them share the memory that is counted.
#[test]
fn mutated_extracts_features_and_elevations_end_soon_and_in_bounded_memory() {
    let house = [(0, 0), (2000, 0), (2000, 1000), (0, 1000)];
    run(
        MEMORY,
        |data| _ = sources::pbf(data),
        &[pbf::building(&house), pbf::building(&comb(20, 50)), Vec::new()],
        4000,
    );

    let at = |(x, y): (i64, i64)| (24.94 + x as f64 * 1e-7, 60.17 + y as f64 * 1e-7);
    let square = ring(house.into_iter().map(at));
    let polygon = format!(r#"{{"type":"Polygon","coordinates":[{square}]}}"#);
    let multi = format!(r#"{{"type":"MultiPolygon","coordinates":[[{square},{square}],[{square}]]}}"#);
    let seeds = [
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
    run(MEMORY, |data| _ = sources::geojson(data), &seeds, 4000);

    let written = ["utm_tiles_deflate_float.tif", "geographic_strips_lzw_int.tif", "mercator_matrix_plain.tif"];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/terrain");
    let models: Vec<Vec<u8>> = written.iter().map(|n| std::fs::read(folder.join(n)).expect("a file")).collect();
    run(MEMORY, sources::geotiff, &models, 6000);

    // A long outline is a building, and one of a million corners is left out and counted; both soon.
    for (teeth, wide, read) in [(1000, 50, true), (500_000, 1, false)] {
        let corners = comb(teeth, wide);
        run(MEMORY, |data| assert_eq!(sources::pbf(data) > 1900, read), &[pbf::building(&corners)], 1);
        let outline = ring(corners.into_iter().map(at));
        let polygon = format!(r#"{{"type":"Polygon","coordinates":[{outline}]}}"#);
        run(MEMORY, |data| assert_eq!(sources::geojson(data) > 1900, read), &[collection(&polygon, "{}")], 1);
    }
}
