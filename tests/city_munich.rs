//! The shipped city: complete, true to the scene that it was made from, and readable by others.

mod common;

use common::shared;
use farfield::city::archive::Bytes;
use farfield::city::{City, HeightSource};
use farfield::geodesy::LonLat;
use farfield::material::Material;
use geo::{Area, Centroid, Contains, LineString, Polygon};
use serde_json::Value;
use std::path::Path;

const ORIGIN: LonLat = LonLat::new(11.57552, 48.13802);

fn bytes() -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("www/cities/munich.pmtiles")).expect("the shipped city")
}

fn munich() -> City {
    pollster::block_on(City::open(&Bytes::from(bytes()), "munich")).expect("a city")
}

fn ring(value: &Value) -> LineString<f64> {
    let point = |p: &Value| (p[0].as_f64().expect("x"), p[1].as_f64().expect("y"));
    value.as_array().expect("a ring").iter().map(point).collect()
}

#[test]
fn it_is_small_and_says_whose_it_is() {
    assert!(bytes().len() < 600_000, "{} bytes", bytes().len());
    let city = munich();
    assert!(city.attribution.contains("OpenStreetMap contributors"));
    assert_eq!(city.ground, Material::Concrete);
    let miss = city.frame.to_local(ORIGIN);
    assert!(miss.length() < 1e-6, "{miss}");
    // The ground of the scene: 1475.5 × 1205.6 m.
    assert!((city.bounds.width() - 1475.5).abs() < 0.1 && (city.bounds.height() - 1205.6).abs() < 0.1);
}

#[test]
fn every_building_comes_out_once_and_whole() {
    let city = munich();
    let mut ids: Vec<u64> = city.buildings.iter().map(|b| b.id).collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=1194).collect::<Vec<u64>>(), "as many as the importer made, each once");
    for b in &city.buildings {
        assert!(b.top > b.base && b.base >= 0.0 && b.top < 120.0, "{b:?}");
        assert_eq!(b.height_source, HeightSource::Model);
        assert!(b.footprint.signed_area() > 0.0, "the exterior is counter-clockwise: {b:?}");
    }
}

/// The reference footprints are made by another tool from the same meshes (they leave out objects under a few square
/// metres), the reference roofs are area-weighted means.
#[test]
fn footprints_and_roofs_are_those_of_the_scene() {
    let Some(path) = shared("footprints_and_roofs_are_those_of_the_scene", "oracle/geometry/munich_footprints.json")
    else {
        return;
    };
    let reference: Value = serde_json::from_slice(&std::fs::read(path).expect("footprints")).expect("JSON");
    let reference = reference["buildings"].as_array().expect("buildings");
    let city = munich();
    let centres: Vec<_> = city.buildings.iter().map(|b| b.footprint.centroid()).collect();
    let (mut alike, mut outlines, mut total, mut off) = (0, 0.0, 0.0, Vec::new());
    for building in reference {
        let holes = building["holes"].as_array().map(|h| h.iter().map(ring).collect()).unwrap_or_default();
        let outline = Polygon::new(ring(&building["exterior"]), holes);
        let roof = building["roof_mean_z"].as_f64().expect("a height");
        let area = outline.unsigned_area();
        let same = city.buildings.iter().zip(&centres).find(|(b, centre)| {
            let near =
                outline.centroid().zip(**centre).is_some_and(|(a, b)| (a.x() - b.x()).hypot(a.y() - b.y()) < 0.5);
            near && (b.footprint.unsigned_area() / area - 1.0).abs() < 0.01 && (f64::from(b.top) - roof).abs() < 0.02
        });
        total += area;
        if let Some((b, _)) = same {
            alike += 1;
            outlines += b.footprint.unsigned_area();
        } else {
            off.push(building["name"].as_str().unwrap_or_default());
        }
    }
    let share = f64::from(alike) / reference.len() as f64;
    eprintln!(
        "{alike} of {} footprints and roofs alike, {outlines:.0} of {total:.0} m²; not: {off:?}",
        reference.len()
    );
    assert!(share > 0.99, "{share}: {off:?}");
    let all: f64 = city.buildings.iter().map(|b| b.footprint.unsigned_area()).sum();
    assert!((all / total - 1.0).abs() < 0.01, "{all} m² and {total} m²");
}

#[test]
fn a_known_roof_stands_where_it_stands() {
    // The cathedral's nave, south of its towers: OpenStreetMap has it around 48.1386, 11.5736.
    let city = munich();
    let p = city.frame.to_local(LonLat::new(11.5736, 48.1386));
    let over = city.buildings.iter().find(|b| b.footprint.contains(&geo::Point::new(p.x, p.y))).expect("a building");
    assert!(over.footprint.unsigned_area() > 2000.0 && over.top > 20.0, "{over:?}");
}

/// An outside reader of vector tiles finds in our tiles what we find.
#[test]
fn another_decoder_reads_the_same_tiles() {
    let (mut seen, mut names) = (0, std::collections::BTreeSet::new());
    let bytes = Bytes::from(bytes());
    pollster::block_on(farfield::city::archive::each_tile(&bytes, |tile, content| {
        let reader = mvt_reader::Reader::new(content.to_vec()).expect("a tile");
        for layer in reader.get_layer_metadata().expect("layers") {
            assert_eq!((layer.name.as_str(), layer.version), ("buildings", 2));
            for feature in reader.get_features(layer.layer_index).expect("features") {
                let tags = feature.properties.expect("tags");
                names.extend(tags.keys().cloned());
                assert!(tags.contains_key("height"), "{tags:?}");
                seen += usize::from(tile.z == 16);
            }
        }
    }))
    .expect("tiles");
    assert!(seen >= 1194, "{seen}: each building at least once");
    for name in ["height", "min_height", "height_source", "wall_material", "roof_material"] {
        assert!(names.contains(name), "{name}");
    }
}
