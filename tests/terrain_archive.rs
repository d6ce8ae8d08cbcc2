//! A city on terrain: written as two archives and read again, it stands where it stood; and what is wrong with the terrain
//! is said, never passed over.

use farfield::city::archive::{ArchiveError, Bytes, Compression, Fault, FileReader, Header, TileKind, each_tile};
use farfield::city::build::elevation::Relief;
use farfield::city::build::{relabel, to_pmtiles};
use farfield::city::terrain::tiles::{KEY, decode};
use farfield::city::{Building, City, HeightSource, Terrain};
use farfield::geodesy::{LocalFrame, LonLat};
use farfield::material::Material;
use geo::{Rect, coord, polygon};
use glam::DVec2;
use pollster::block_on;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

const ORIGIN: LonLat = LonLat::new(-122.41281, 37.80172);

/// Metres above the sea.
fn hills(p: DVec2) -> f64 {
    60.0 + 40.0 * (p.x / 180.0).sin() * (p.y / 140.0).cos()
}

fn city() -> City {
    let block = |i: u64| {
        let (x, y) = (-300.0 + 90.0 * (i % 7) as f64, -250.0 + 110.0 * (i / 7) as f64);
        let footprint = polygon![(x: x, y: y), (x: x + 30.0, y: y), (x: x + 30.0, y: y + 22.0), (x: x, y: y + 22.0)];
        // Every fifth stands on pillars.
        let base = if i.is_multiple_of(5) { 4.0 } else { 0.0 };
        let top = 9.0 + i as f32;
        Building {
            id: i + 1,
            footprint,
            base,
            top,
            height_source: HeightSource::Tag,
            wall: Material::Brick,
            roof: Material::Metal,
        }
    };
    let bounds = Rect::new(coord! { x: -400.0, y: -300.0 }, coord! { x: 400.0, y: 300.0 });
    let terrain = Terrain::new(bounds, 5.0, hills).expect("a terrain");
    let mut buildings: Vec<Building> = (0..35).map(block).collect();
    terrain.lift(&mut buildings);
    City {
        name: "hills".into(),
        attribution: "us".into(),
        frame: LocalFrame::new(ORIGIN),
        bounds,
        buildings,
        ground: Material::Concrete,
        terrain: Some(Arc::new(terrain)),
        woods: Vec::new(),
    }
}

fn relief() -> Vec<u8> {
    let frame = LocalFrame::new(ORIGIN);
    let area = (frame.to_lonlat(DVec2::new(-1000.0, -900.0)), frame.to_lonlat(DVec2::new(1000.0, 900.0)));
    let relief = Relief { area, resolution: 5.0, name: "hills", attribution: "us" };
    relief.to_pmtiles(|p| Some(hills(frame.to_local(p)))).expect("an archive")
}

/// The city's archive, which calls its terrain `name`, and that terrain under another name if there is one.
fn written(name: &str, terrain: Option<&str>) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let archive = to_pmtiles(&city(), &[]).expect("an archive");
    let named = relabel(&archive, |metadata| metadata[KEY] = name.into()).expect("new metadata");
    std::fs::write(folder.path().join("hills.pmtiles"), named).expect("room");
    if let Some(file) = terrain {
        std::fs::write(folder.path().join(file), relief()).expect("room");
    }
    folder
}

fn open(folder: &Path) -> Result<City, ArchiveError> {
    let reader = FileReader::open(&folder.join("hills.pmtiles")).expect("the file");
    block_on(City::open(&reader, "hills"))
}

#[test]
fn a_city_stands_again_where_it_stood() {
    let folder = written("hills-terrain.pmtiles", Some("hills-terrain.pmtiles"));
    let (before, after) = (city(), open(folder.path()).expect("a city"));
    let (old, new) = (before.terrain.as_ref().expect("ground"), after.terrain.as_ref().expect("ground"));
    let mut worst = 0.0f64;
    for i in 0..40 {
        for j in 0..30 {
            let p = DVec2::new(-390.0 + 20.0 * f64::from(i), -290.0 + 20.0 * f64::from(j));
            let above_sea = f64::from(new.at(p.as_vec2())) + new.datum();
            worst = worst.max((above_sea - hills(p)).abs());
        }
    }
    assert!(worst < 1.0, "{worst}: twice what a midpoint may miss");
    assert_eq!(after.buildings.len(), before.buildings.len());
    for building in &after.buildings {
        let known = before.buildings.iter().find(|b| b.id == building.id).expect("the same");
        let [here, there] = [(new, building), (old, known)]
            .map(|(t, b)| (b.base - t.under(&b.footprint), b.top - t.under(&b.footprint)));
        assert!((here.0 - there.0).abs() < 0.011 && (here.1 - there.1).abs() < 0.011, "{here:?} {there:?}");
        let above_sea = |t: &Terrain, b: &Building| f64::from(b.top) + t.datum();
        assert!((above_sea(new, building) - above_sea(old, known)).abs() < 1.0);
        assert_eq!(here.0 > 1.0, (building.id - 1).is_multiple_of(5), "pillars");
    }
}

#[test]
fn a_city_in_memory_lies_beside_nothing_is_flat_and_tells_what_it_misses() {
    let folder = written("hills-terrain.pmtiles", None);
    let bytes = std::fs::read(folder.path().join("hills.pmtiles")).expect("the file");
    let reader = Bytes::from(bytes);
    let opened = block_on(City::open_near(&reader, "hills", LonLat::default())).expect("a city");
    assert_eq!(opened.missing_terrain.as_deref(), Some("hills-terrain.pmtiles"));
    let city = opened.city;
    assert!(city.terrain.is_none());
    let first = city.buildings.iter().find(|b| b.id == 2).expect("a building");
    assert!(first.base == 0.0 && (first.top - 10.0).abs() < 0.011, "{first:?}");
}

#[test]
fn a_terrain_that_is_missing_elsewhere_or_none_is_an_error_that_names_it() {
    let fault = |name: &str, file: Option<&str>| {
        let error = open(written(name, file).path()).expect_err("no city");
        let Fault::Terrain { file, fault } = error.fault else { panic!("{error}") };
        assert_eq!(file, name);
        *fault
    };
    assert_eq!(fault("gone.pmtiles", None), Fault::Missing);
    for outside in ["../hills-terrain.pmtiles", "/etc/hostname", "https://example.org/terrain.pmtiles"] {
        assert!(matches!(fault(outside, Some("hills-terrain.pmtiles")), Fault::Unreachable(_)), "{outside}");
    }
    assert!(matches!(fault("hills.pmtiles", None), Fault::NotTerrain(_)), "a city is no terrain");
}

#[test]
fn a_damaged_picture_is_an_error_that_names_its_tile() {
    let folder = written("t.pmtiles", None);
    let mut bytes = relief();
    let at = bytes.windows(4).rposition(|w| w == b"IHDR").expect("a picture");
    bytes[at + 4..at + 12].fill(0xff);
    std::fs::write(folder.path().join("t.pmtiles"), bytes).expect("room");
    let error = open(folder.path()).expect_err("no city");
    let Fault::Terrain { fault, .. } = &error.fault else { panic!("{error}") };
    assert!(matches!(**fault, Fault::DamagedTile { tile, .. } if tile.z == 15), "{error}");
}

#[test]
fn terrain_is_an_archive_of_pictures_for_anyone() {
    let bytes = relief();
    assert_eq!(bytes, relief(), "the same bytes for the same ground");
    let header = Header::parse(&bytes).expect("a header");
    assert_eq!((header.kind, header.packing, header.zooms), (TileKind::Png, Compression::None, (11, 15)));
    let frame = LocalFrame::new(ORIGIN);
    let mut tiles = 0;
    block_on(each_tile(&Bytes::from(bytes), |tile, content| {
        let mut reader = png::Decoder::new(std::io::Cursor::new(content)).read_info().expect("a picture");
        assert_eq!((reader.info().width, reader.info().height), (256, 256));
        let mut pixels = vec![0; 256 * 256 * 3];
        reader.next_frame(&mut pixels).expect("pixels");
        for (x, y) in [(0usize, 0usize), (255, 0), (100, 200), (255, 255)] {
            let i = (y * 256 + x) * 3;
            let found = f64::from(decode([pixels[i], pixels[i + 1], pixels[i + 2]]));
            let centre = |i: usize| (i as f64 + 0.5) / 256.0;
            let known = hills(frame.to_local(tile.to_lonlat(centre(x), centre(y))));
            assert!((found - known).abs() <= 1.0 / 32.0 + 1e-9, "{found} and {known}");
        }
        tiles += 1;
    }))
    .expect("tiles");
    assert_eq!(tiles as u64, header.counts[0]);
    assert!(tiles > 5);
}
