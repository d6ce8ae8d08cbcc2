//! Elevation models: files that other tools wrote come out where and as high as those tools say, and no file is too broken
//! for an answer.

mod common;

use farfield::city::build::elevation::{Elevation, GeoTiffError};
use farfield::geodesy::LonLat;
use proptest::prelude::*;
use std::io::Cursor;
use std::path::Path;
use std::sync::LazyLock;

/// Files written by GDAL 3.12 (rasterio 1.5): all that matters differs between them.
fn written(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/terrain").join(name);
    std::fs::read(path).expect("a file of the tests")
}

fn open(bytes: &[u8]) -> Result<Elevation, GeoTiffError> {
    Elevation::read(Cursor::new(bytes), None)
}

#[test]
fn a_plane_in_utm_is_that_plane_in_tiles_of_predicted_floats() {
    let model = open(&written("utm_tiles_deflate_float.tif")).expect("a model");
    // z = 100 + 0.01·(east − 551,000) + 0.02·(north − 4,183,000); the positions by PROJ.
    for (lon, lat, east, north) in [
        (-122.414756458, 37.803278393, 551520.0, 4184150.0),
        (-122.410452254, 37.801005913, 551900.5, 4183900.25),
        (-122.412343163, 37.802014461, 551733.33, 4184011.1),
    ] {
        let plane = 100.0 + 0.01 * (east - 551_000.0) + 0.02 * (north - 4_183_000.0);
        let found = model.at(LonLat::new(lon, lat)).expect("within");
        assert!((found - plane).abs() < 1e-3, "{found} and {plane}");
    }
    assert!((model.resolution() - 12.5).abs() < 0.01, "{}", model.resolution());
    assert_eq!(model.at(LonLat::new(-122.5, 37.8)), None);
    assert_eq!(model.unknown(), 0);
}

#[test]
fn pixels_that_are_points_have_their_height_at_whole_numbers_and_holes_have_none() {
    let mut model = open(&written("geographic_strips_lzw_int.tif")).expect("a model");
    // Column c, row r: 500 + 3·c − 2·r at 11.5 + c/1000, 48.2 − r/1000.
    let at = |c: f64, r: f64| LonLat::new(11.5 + c / 1000.0, 48.2 - r / 1000.0);
    for (c, r) in [(0.0, 0.0), (7.0, 3.0), (7.5, 3.25), (49.0, 39.0)] {
        let found = model.at(at(c, r)).expect("within");
        assert!((found - (500.0 + 3.0 * c - 2.0 * r)).abs() < 1e-6, "{found} at {c} {r}");
    }
    assert_eq!(model.unknown(), 20);
    assert_eq!(model.at(at(22.0, 12.0)), None);
    model.fill();
    assert_eq!(model.unknown(), 0);
    let filled = model.at(at(22.0, 12.0)).expect("filled");
    assert!((530.0..556.0).contains(&filled), "{filled}");
}

#[test]
fn a_matrix_may_turn_the_pixels() {
    let model = open(&written("mercator_matrix_plain.tif")).expect("a model");
    // East of 1,288,000 m of EPSG:3857 by one metre is one metre higher; the positions by PROJ.
    for (lon, lat, east) in [
        (11.572097490, 48.138336300, 1288200.0),
        (11.573292249, 48.137736820, 1288333.0),
        (11.571378838, 48.137598938, 1288120.0),
    ] {
        let found = model.at(LonLat::new(lon, lat)).expect("within");
        assert!((found - (200.0 + east - 1_288_000.0)).abs() < 0.6, "{found} at {east}");
    }
}

#[test]
fn only_the_part_that_is_asked_for_is_read() {
    let bytes = written("geographic_strips_lzw_int.tif");
    let area = (LonLat::new(11.505, 48.19), LonLat::new(11.51, 48.195));
    let part = Elevation::read(Cursor::new(&bytes), Some(area)).expect("a part");
    let whole = open(&bytes).expect("a model");
    let (min, max) = part.bounds();
    // Five pixels, and up to three on each side for the interpolation.
    assert!(max.lon - min.lon < 0.0111 && max.lat - min.lat < 0.0111, "{min:?} {max:?}");
    let inside = LonLat::new(11.5072, 48.1931);
    assert_eq!(part.at(inside), whole.at(inside));
    let elsewhere = (LonLat::new(12.0, 48.0), LonLat::new(12.1, 48.1));
    assert!(matches!(Elevation::read(Cursor::new(&bytes), Some(elsewhere)), Err(GeoTiffError::Elsewhere)));
}

#[test]
fn san_francisco_is_as_high_as_gdal_says() {
    let file = "data/terrain/rio-rgbify_elev_SF.tif";
    let Some(path) = common::shared("san_francisco_is_as_high_as_gdal_says", file) else { return };
    let model = Elevation::read(std::fs::File::open(path).expect("a file"), None).expect("a model");
    // By rasterio and PROJ, between the same four pixels.
    for (lon, lat, metres) in [
        (-122.41281, 37.80172, 16.7879),
        (-122.419, 37.8024, 70.9541),
        (-122.4194, 37.801, 90.7805),
        (-122.435, 37.793, 76.8174),
        (-122.44, 37.8, 7.0556),
        (-122.41295, 37.7932, 86.2849),
    ] {
        let found = model.at(LonLat::new(lon, lat)).expect("within");
        assert!((found - metres).abs() < 1e-3, "{found} and {metres}");
    }
    let (min, max) = model.bounds();
    for (found, known) in
        [(min.lon, -122.441_779_56), (min.lat, 37.790_925_32), (max.lon, -122.410_863_44), (max.lat, 37.812_944_57)]
    {
        assert!((found - known).abs() < 1e-7, "{found} and {known}");
    }
}

/// A file that says that it is of another kind, by changing the value of an entry of its directory of keys.
fn with_key(key: u16, value: u16) -> Vec<u8> {
    let mut bytes = written("utm_tiles_deflate_float.tif");
    let entry: Vec<u8> = [key, 0, 1].iter().flat_map(|v| v.to_le_bytes()).collect();
    let at = bytes.windows(6).position(|w| w == entry).expect("the key");
    bytes[at + 6..at + 8].copy_from_slice(&value.to_le_bytes());
    bytes
}

#[test]
fn what_is_not_read_is_refused_by_name() {
    assert!(matches!(open(&with_key(3072, 27700)), Err(GeoTiffError::Crs(27700))));
    assert!(matches!(open(&with_key(1024, 2)), Err(GeoTiffError::NoGeoreference(_))));
    assert!(matches!(open(b"no TIFF at all"), Err(GeoTiffError::Tiff(_))));
    assert!(matches!(open(b""), Err(GeoTiffError::Tiff(_))));
}

static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    ["utm_tiles_deflate_float.tif", "geographic_strips_lzw_int.tif", "mercator_matrix_plain.tif"].map(written).to_vec()
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_damage_is_more_than_an_error(
        file in 0usize..3,
        damage in prop::collection::vec((0usize..1400, any::<u8>()), 1..6),
        words in prop::collection::vec((0usize..350, prop::sample::select(vec![0u32, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x0001_0000])), 0..3),
        cut in 0usize..2800,
    ) {
        let mut bytes = FILES[file].clone();
        for (at, value) in damage {
            if let Some(byte) = bytes.get_mut(at) { *byte = value; }
        }
        for (at, value) in words {
            if let Some(word) = bytes.get_mut(4 * at..4 * at + 4) { word.copy_from_slice(&value.to_le_bytes()); }
        }
        bytes.truncate(cut.max(8));
        if let Ok(mut model) = open(&bytes) {
            let (min, max) = model.bounds();
            let _ = (model.at(min), model.at_nearest(max), model.resolution());
            model.fill();
        }
    }
}
