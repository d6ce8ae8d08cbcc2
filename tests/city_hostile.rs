//! Archives that are missing, damaged or made to harm: a sentence each, and bounded work.

#[path = "common/hostile.rs"]
mod hostile;

use farfield::city::archive::{ArchiveError, Bytes, Fault, FileReader};
use farfield::city::{Around, City};
use farfield::geodesy::LonLat;
use proptest::prelude::*;
use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

static MUNICH: LazyLock<Vec<u8>> = LazyLock::new(|| {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("www/cities/munich.pmtiles")).expect("the shipped city")
});

fn open(bytes: Vec<u8>) -> Result<City, ArchiveError> {
    pollster::block_on(City::open(&Bytes::from(bytes), "test.pmtiles"))
}

fn fault(bytes: Vec<u8>) -> Fault {
    open(bytes).expect_err("not a city").fault
}

/// The shipped city with some bytes replaced.
fn changed(at: usize, with: &[u8]) -> Vec<u8> {
    let mut bytes = MUNICH.clone();
    bytes[at..at + with.len()].copy_from_slice(with);
    bytes
}

#[test]
fn what_is_wrong_is_said_in_a_sentence_that_names_the_file() {
    let cases: [(Vec<u8>, &str); 6] = [
        (Vec::new(), "an empty file"),
        (b"<!DOCTYPE html><title>404</title>".to_vec(), "a web page"),
        (MUNICH[..100].to_vec(), "cut short"),
        (MUNICH[..MUNICH.len() / 2].to_vec(), "cut short"),
        (changed(7, &[2]), "version 2 of PMTiles"),
        (changed(98, &[3]), "compressed with Brotli"),
    ];
    for (bytes, expected) in cases {
        let sentence = open(bytes).expect_err(expected).to_string();
        assert!(sentence.starts_with("the city archive test.pmtiles can't be opened: "), "{sentence}");
        assert!(sentence.contains(expected), "{sentence}");
    }
}

#[test]
fn a_missing_file_is_missing() {
    assert_eq!(FileReader::open(Path::new("/nowhere/city.pmtiles")).expect_err("missing"), Fault::Missing);
}

#[test]
fn a_damaged_tile_is_named() {
    // The last tiles are those of the highest zoom, which are read.
    let end = MUNICH.len();
    let Fault::DamagedTile { tile, .. } = fault(changed(end - 40, &[0x55; 20])) else { panic!("no tile was blamed") };
    assert_eq!(tile.z, 16);
}

#[test]
fn an_area_that_the_archive_does_not_reach_says_so() {
    let around = Around { centre: LonLat::new(2.35, 48.85), radius: 1000.0 };
    let paris = pollster::block_on(City::open_around(&Bytes::from(MUNICH.clone()), "test.pmtiles", around));
    let fault = paris.expect_err("Paris").fault;
    assert_eq!(fault, Fault::Outside(around.centre));
    assert!(fault.to_string().contains("48.85"), "{fault}");
}

#[test]
fn a_part_of_the_city_has_its_buildings_and_no_others() {
    let around = Around { centre: LonLat::new(11.57552, 48.13802), radius: 100.0 };
    let bytes = Bytes::from(MUNICH.clone());
    let part = pollster::block_on(City::open_around(&bytes, "test.pmtiles", around)).expect("a part");
    let whole = open(MUNICH.clone()).expect("a city");
    assert!(part.buildings.len() < whole.buildings.len());
    assert!((part.bounds.width() - 200.0).abs() < 1.0);
    for b in &part.buildings {
        assert!(whole.buildings.contains(b), "{b:?}");
    }
}

#[test]
fn lengths_beyond_the_limits_are_refused_before_they_are_read() {
    let huge = u64::MAX.to_le_bytes();
    for at in [16, 32] {
        assert!(matches!(fault(changed(at, &huge)), Fault::TooLarge { .. }), "length at {at}");
    }
    assert!(matches!(fault(changed(8, &huge)), Fault::Truncated { .. }), "offset of the root directory");
    assert!(open(changed(56, &huge)).is_err(), "offset of the tiles");
}

#[test]
fn a_directory_that_leads_back_to_itself_ends() {
    let leaf = hostile::one_entry(0, 5);
    assert_eq!(leaf.len(), 5, "the leaf is all of the leaves");
    let bytes = hostile::archive_of(&leaf, &leaf, &[]);
    let at = bytes.len() as u64 - 5;
    let Fault::Damaged { part, offset, why } = hostile::open(bytes).expect_err("a loop") else { panic!("no loop") };
    assert_eq!((part, offset), ("directory", at));
    assert!(why.contains("too deep"), "{why}");
}

#[test]
fn an_absurd_count_is_no_reason_to_reserve_anything() {
    let mut directory = Vec::new();
    hostile::varint(&mut directory, u64::MAX);
    let fault = hostile::open(hostile::archive_of(&directory, &[], &[])).expect_err("no entries");
    assert!(matches!(fault, Fault::Damaged { part: "root directory", offset: 127, .. }), "{fault:?}");
}

/// A double as the value of a tag.
fn double(number: f64) -> Vec<u8> {
    [&[3 << 3 | 1], number.to_le_bytes().as_slice()].concat()
}

fn with_tile(tile: &[u8]) -> Result<City, Fault> {
    hostile::open(hostile::archive_of(&hostile::one_entry(1 << 40, tile.len()), &[], tile))
}

#[test]
fn positions_at_the_end_of_the_world_name_their_tile_and_its_place() {
    for far in [1 << 31, i64::MAX, -(1 << 31), i64::MIN] {
        let tile = hostile::building(&[(10, 10), (far, 0), (0, 100)], &double(9.0));
        let Fault::DamagedTile { tile, offset, .. } = with_tile(&tile).expect_err("far") else { panic!("{far}") };
        assert_eq!((tile.z, tile.x, tile.y), (14, 8718, 5685));
        assert!(offset > 127, "{offset}");
    }
}

#[test]
fn heights_that_are_no_heights_count_as_unknown() {
    let square = [(100, 100), (300, 0), (0, 300), (-300, 0)];
    for height in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -5.0, 0.0] {
        let city = with_tile(&hostile::building(&square, &double(height))).expect("a city");
        let building = &city.buildings[0];
        assert_eq!(building.height_source, farfield::city::HeightSource::Default, "{height}");
        assert!(building.top > 0.0 && building.top < 100.0 && building.base == 0.0, "{height}: {building:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_change_of_the_bytes_panics_or_hangs(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut bytes = MUNICH.clone();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let start = Instant::now();
        let _ = open(bytes);
        prop_assert!(start.elapsed() < Duration::from_mins(1));
    }

    #[test]
    fn no_change_of_header_and_directories_panics_or_hangs(at in 7usize..600, value: u8, second in 7usize..600, other: u8) {
        let mut bytes = MUNICH.clone();
        bytes[at] = value;
        bytes[second] = other;
        let start = Instant::now();
        let _ = open(bytes);
        prop_assert!(start.elapsed() < Duration::from_mins(1));
    }

    #[test]
    fn a_cut_archive_is_an_error(cut in 0.0..0.999f64) {
        let length = (MUNICH.len() as f64 * cut) as usize;
        prop_assert!(open(MUNICH[..length].to_vec()).is_err());
    }

    #[test]
    fn arbitrary_bytes_are_no_archive(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(open(bytes).is_err());
    }
}
