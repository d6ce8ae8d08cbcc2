//! Archives that nobody here made: their layers and tags, and which part of them is opened.

mod common;
#[path = "common/tiles.rs"]
mod tiles;

use common::shared;
use farfield::city::archive::{Bytes, Fault, FileReader};
use farfield::city::woods::DEFAULT_CANOPY;
use farfield::city::{Around, Canopy, City, HeightRaster, HeightSource, Opened};
use farfield::geodesy::{LocalFrame, LonLat};
use geo::{Area, BooleanOps, BoundingRect, Contains, Coord, MapCoords, Point, Polygon, Rect, coord};
use glam::{DVec2, Vec3};
use pollster::block_on;
use tiles::{Cutting, Feature, Tag, archive, rounded};

const ORIGIN: LonLat = LonLat::new(11.2558, 43.7731);

/// A square of 20 m whose south-west corner lies so many metres east and north of the origin.
fn square(x: f64, y: f64, side: f64) -> Polygon<f64> {
    let frame = LocalFrame::new(ORIGIN);
    let to_map = |c: Coord<f64>| frame.to_lonlat(DVec2::new(c.x, c.y)).to_mercator().to_array().into();
    Rect::new(coord! { x: x, y: y }, coord! { x: x + side, y: y + side }).to_polygon().map_coords(to_map)
}

fn feature(layer: &'static str, outline: Polygon<f64>, tags: &[(&'static str, Tag)]) -> Feature {
    Feature { id: None, layer, tags: tags.to_vec(), outline }
}

const CUTTING: Cutting = Cutting { zoom: 14, extent: 4096, margin: 64.0 };

fn open(features: &[Feature]) -> City {
    let corners = (LonLat::new(11.24, 43.76), LonLat::new(11.27, 43.79));
    let metadata = format!("{{\"farfield:origin\":[{},{}]}}", ORIGIN.lon, ORIGIN.lat);
    let bytes = Bytes::from(archive(features, CUTTING, corners, &metadata));
    block_on(City::open(&bytes, "schema.pmtiles")).expect("a city")
}

/// Undersides, roofs and where these come from, lowest first.
fn heights(city: &City) -> Vec<(f32, f32, HeightSource)> {
    let mut heights: Vec<_> = city.buildings.iter().map(|b| (b.base, b.top, b.height_source)).collect();
    heights.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
    heights
}

#[test]
fn overtures_parts_stand_for_their_outline_and_nothing_is_underground() {
    let number = |name, value| (name, Tag::Number(value));
    let city = open(&[
        feature("building", square(0.0, 0.0, 40.0), &[number("height", 50.0), ("has_parts", Tag::Flag(true))]),
        feature("building_part", square(0.0, 0.0, 40.0), &[number("height", 10.0)]),
        feature("building_part", square(10.0, 10.0, 10.0), &[number("height", 50.0), number("min_height", 10.0)]),
        feature("building", square(100.0, 0.0, 20.0), &[number("num_floors", 4.0), ("id", Tag::Text("08b2a"))]),
        feature("building", square(200.0, 0.0, 20.0), &[number("height", 9.0), ("is_underground", Tag::Flag(true))]),
    ]);
    let tag = HeightSource::Tag;
    assert_eq!(heights(&city), [(0.0, 10.0, tag), (0.0, 13.8, HeightSource::Levels), (10.0, 50.0, tag)]);
}

#[test]
fn open_map_tiles_says_render_height_and_hides_outlines() {
    let rendered = |height, base| [("render_height", Tag::Number(height)), ("render_min_height", Tag::Number(base))];
    let hidden = [("render_height", Tag::Number(30.0)), ("hide_3d", Tag::Flag(true))];
    let city = open(&[
        feature("building", square(0.0, 0.0, 40.0), &hidden),
        // Its parts lie in the same layer and say nothing of it.
        feature("building", square(0.0, 0.0, 20.0), &rendered(30.0, 0.0)),
        feature("building", square(20.0, 20.0, 20.0), &rendered(12.0, 4.0)),
        feature("building", square(100.0, 0.0, 20.0), &rendered(5.0, 0.0)),
    ]);
    let tag = HeightSource::Tag;
    assert_eq!(heights(&city), [(0.0, 8.0, HeightSource::Default), (0.0, 30.0, tag), (4.0, 12.0, tag)]);
}

#[test]
fn protomaps_writes_heights_as_numbers_or_text_and_parts_as_a_kind() {
    for kind in ["kind", "pmap:kind"] {
        let city = open(&[
            feature(
                "buildings",
                square(0.0, 0.0, 20.0),
                &[("height", Tag::Text("25.0")), (kind, Tag::Text("building"))],
            ),
            feature("buildings", square(100.0, 0.0, 40.0), &[("height", Tag::Number(18.0))]),
            feature(
                "buildings",
                square(100.0, 0.0, 39.0),
                &[("height", Tag::Number(6.0)), (kind, Tag::Text("building_part"))],
            ),
            feature(
                "buildings",
                square(110.0, 10.0, 10.0),
                &[("height", Tag::Number(18.0)), ("min_height", Tag::Number(6.0)), (kind, Tag::Text("building_part"))],
            ),
        ]);
        let tag = HeightSource::Tag;
        assert_eq!(heights(&city), [(0.0, 6.0, tag), (0.0, 25.0, tag), (6.0, 18.0, tag)], "{kind}");
    }
}

#[test]
fn woods_are_found_in_every_publishers_layer_and_tiles_do_not_cut_them() {
    let house = || feature("buildings", square(0.0, 0.0, 20.0), &[("height", Tag::Number(9.0))]);
    let text = |name, value| (name, Tag::Text(value));
    for (layer, tags) in [
        ("green", vec![text("class", "wood")]),
        ("landuse", vec![text("kind", "forest")]),
        ("natural", vec![text("landuse", "forest")]),
        ("landuse", vec![text("pmap:kind", "wood")]),
        ("landcover", vec![text("class", "grass"), text("subclass", "wood")]),
        ("land", vec![text("subtype", "forest"), ("height", Tag::Number(15.0))]),
    ] {
        // Wider than a tile, so it is cut at least once.
        let city = open(&[house(), feature(layer, square(-900.0, -900.0, 1800.0), &tags)]);
        assert!(city.woods.len() > 1, "{layer}: {} pieces", city.woods.len());
        assert!(city.woods.iter().all(|w| w.height == DEFAULT_CANOPY), "{layer}");
        let canopy = Canopy::of(&city, &HeightRaster::of(&city, 2.0)).expect("leaves");
        let through = |z: f32| canopy.metres(Vec3::new(-1100.0, 30.0, z), Vec3::new(1100.0, 30.0, z));
        assert!((through(5.0) - 1800.0).abs() < 4.0, "{layer}: {} m", through(5.0));
        assert_eq!(through(DEFAULT_CANOPY + 0.1), 0.0, "{layer}");
    }
    for (layer, tag) in [("landuse", "park"), ("roads", "wood"), ("buildings", "wood")] {
        let city = open(&[house(), feature(layer, square(-90.0, -90.0, 50.0), &[text("kind", tag)])]);
        assert!(
            city.woods.is_empty() && Canopy::of(&city, &HeightRaster::of(&city, 2.0)).is_none(),
            "{layer} of kind {tag}"
        );
    }
}

/// An archive of 40 × 40 km with houses all along its middle.
fn country() -> Bytes {
    let house = |i: i32| feature("building", square(f64::from(i) * 100.0, 0.0, 20.0), &[("height", Tag::Number(9.0))]);
    let features: Vec<Feature> = (-150..150).map(house).collect();
    let corners = (LonLat::new(11.0, 43.6), LonLat::new(11.5, 43.95));
    Bytes::from(archive(&features, CUTTING, corners, "{}"))
}

#[test]
fn of_a_large_archive_the_part_around_the_site_is_opened() {
    let bytes = country();
    let site = LocalFrame::new(ORIGIN).to_lonlat(DVec2::new(9_000.0, 0.0));
    let Opened { city, extent, .. } = block_on(City::open_near(&bytes, "country", site)).expect("a part");
    assert!(!extent.whole && extent.area.contains(site));
    assert!((city.bounds.width() - 2000.0).abs() < 1.0 && city.contains(site));
    // Twenty houses within, and those on the margin of 200 m on either side.
    assert!((23..=26).contains(&city.buildings.len()), "{}", city.buildings.len());
    assert!(city.frame.to_local(site).length() < 1.0, "the frame is the part's own");
}

#[test]
fn a_site_outside_of_the_archive_gets_the_part_that_the_archive_shows_first() {
    let Opened { city, extent, .. } =
        block_on(City::open_near(&country(), "country", LonLat::new(2.3, 48.9))).expect("a part");
    assert!(!extent.area.contains(LonLat::new(2.3, 48.9)));
    assert!(city.contains(LonLat::new(11.25, 43.775)), "the middle");
    let around = Around { centre: LonLat::new(2.3, 48.9), radius: 1000.0 };
    let fault = block_on(City::open_around(&country(), "country", around)).expect_err("Paris").fault;
    assert_eq!(fault, Fault::Outside(around.centre));
}

#[test]
fn what_tiles_round_to_nothing_is_left_out() {
    // A few millimetres across: nothing on a grid of 0.4 m.
    assert_eq!(rounded(&square(0.0, 0.0, 0.003).map_coords(|c| c * CUTTING.units())), None);
}

/// Florence in the older schema of Protomaps: ids, text for heights, a margin of 256 units, zoom 14.
#[test]
fn florence_as_protomaps_has_it_comes_out_once_and_whole() {
    let name = "florence_as_protomaps_has_it_comes_out_once_and_whole";
    let Some(path) = shared(name, "data/tiles/protomaps_firenze_ODbL.pmtiles") else { return };
    let reader = FileReader::open(&path).expect("a file");
    let site = LonLat::new(11.2558, 43.7731);
    let Opened { city, extent, .. } = block_on(City::open_near(&reader, "florence", site)).expect("a part");
    assert!(!extent.whole, "an archive of 14 × 12 km");
    assert!(city.attribution.contains("OpenStreetMap"));

    // The cathedral: 8,300 m² by its plans, its height as it is tagged.
    let p = city.frame.to_local(LonLat::new(11.2560, 43.7731));
    let cathedral = city.buildings.iter().find(|b| b.footprint.contains(&Point::new(p.x, p.y))).expect("a cathedral");
    let area = cathedral.footprint.unsigned_area();
    assert!((7_500.0..9_500.0).contains(&area), "{area}");
    assert_eq!((cathedral.top, cathedral.height_source), (25.0, HeightSource::Tag));

    let mut ids: Vec<u64> = city.buildings.iter().map(|b| b.id).collect();
    let found = ids.len();
    ids.sort_unstable();
    ids.dedup();
    let twice = found - ids.len();
    let tagged = city.buildings.iter().filter(|b| b.height_source == HeightSource::Tag).count();
    // Buildings that overlap by more than half of the smaller one would be copies.
    let mut order: Vec<(Rect<f64>, &Polygon<f64>)> =
        city.buildings.iter().filter_map(|b| Some((b.footprint.bounding_rect()?, &b.footprint))).collect();
    order.sort_by(|(a, _), (b, _)| a.min().x.total_cmp(&b.min().x));
    let mut copies = 0;
    for (i, (a, p)) in order.iter().enumerate() {
        for (b, q) in order[i + 1..].iter().take_while(|(b, _)| b.min().x <= a.max().x) {
            if b.min().y <= a.max().y && a.min().y <= b.max().y {
                let shared = p.intersection(*q).unsigned_area();
                copies += usize::from(shared > 0.5 * p.unsigned_area().min(q.unsigned_area()));
            }
        }
    }
    eprintln!("{found} buildings, {tagged} with a height, {twice} ids twice, {copies} pairs on the same ground");
    assert!(found > 3_000, "{found}");
    assert!(copies * 200 < found, "{copies} of {found}");
}
