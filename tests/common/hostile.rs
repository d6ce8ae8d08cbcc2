//! What the fuzz targets (`fuzz/`) and the tests feed to the reader of archives: one function a target. Each takes any
//! bytes whatever; it must come back soon, in bounded memory, with a city or with a sentence that names the file.

#![allow(dead_code, reason = "each fuzz target and each test uses some of these")]

use farfield::city::City;
use farfield::city::archive::{Bytes, Fault};

/// How the archives here are called.
pub const FILE: &str = "hostile.pmtiles";
/// The one tile that the archives made here have something in: 14/8718/5685, central Munich.
pub const ZOOM: u8 = 14;

/// The bytes as an archive.
pub fn archive(data: &[u8]) {
    let _ = open(data.to_vec());
}

/// The bytes as root directory, as leaf directories and as tiles.
pub fn directory(data: &[u8]) {
    let _ = open(archive_of(data, data, data));
}

/// The bytes as a tile.
pub fn tile(data: &[u8]) {
    let _ = open(archive_of(&one_entry(1 << 40, data.len()), &[], data));
}

/// Opens an archive; an error is checked for what it says.
pub fn open(bytes: Vec<u8>) -> Result<City, Fault> {
    pollster::block_on(City::open(&Bytes::from(bytes), FILE)).map_err(|error| {
        let sentence = error.to_string();
        assert!(sentence.contains(FILE) && sentence.len() < 500, "{sentence}");
        error.fault
    })
}

/// A directory of one entry, for all tiles from the first: a run of tiles, or a leaf where the run is 0.
pub fn one_entry(run: u64, length: usize) -> Vec<u8> {
    // Their number, the first tile, the run, the length, and the offset plus one (specification, section 4).
    let mut bytes = Vec::new();
    for number in [1, 0, run, length as u64, 1] {
        varint(&mut bytes, number);
    }
    bytes
}

/// An archive of central Munich with this root directory, these leaf directories and these tiles, none compressed.
pub fn archive_of(root: &[u8], leaves: &[u8], tiles: &[u8]) -> Vec<u8> {
    let metadata = b"{}";
    let mut bytes = b"PMTiles\x03".to_vec();
    let mut end = 127u64;
    for part in [root, metadata, leaves, tiles] {
        bytes.extend(end.to_le_bytes());
        bytes.extend((part.len() as u64).to_le_bytes());
        end += part.len() as u64;
    }
    bytes.resize(96, 0);
    bytes.extend([1, 1, 1, 1, ZOOM, ZOOM]);
    // Corners inside of the one tile.
    for degrees in [11.570, 48.1385, 11.575, 48.1395] {
        bytes.extend(((degrees * 1e7) as i32).to_le_bytes());
    }
    bytes.resize(127, 0);
    [&bytes, root, metadata, leaves, tiles].concat()
}

pub fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 128 {
        bytes.push(value as u8 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// A tile with one building: its steps from corner to corner, and the value of its tag `height` as a message.
pub fn building(steps: &[(i64, i64)], height: &[u8]) -> Vec<u8> {
    let zigzag = |step: i64| ((step << 1) ^ (step >> 63)) as u64;
    let mut geometry = Vec::new();
    for (i, (dx, dy)) in steps.iter().enumerate() {
        match i {
            0 => varint(&mut geometry, 1 << 3 | 1),
            1 => varint(&mut geometry, (steps.len() as u64 - 1) << 3 | 2),
            _ => {}
        }
        varint(&mut geometry, zigzag(*dx));
        varint(&mut geometry, zigzag(*dy));
    }
    varint(&mut geometry, 1 << 3 | 7);
    let mut feature = Vec::new();
    field(&mut feature, 2, &[0, 0]);
    feature.extend([3 << 3, 3]);
    field(&mut feature, 4, &geometry);
    let mut layer = Vec::new();
    field(&mut layer, 1, b"buildings");
    field(&mut layer, 2, &feature);
    field(&mut layer, 3, b"height");
    field(&mut layer, 4, height);
    layer.extend([15 << 3, 2]);
    let mut tile = Vec::new();
    field(&mut tile, 3, &layer);
    tile
}

fn field(message: &mut Vec<u8>, number: u64, content: &[u8]) {
    varint(message, number << 3 | 2);
    varint(message, content.len() as u64);
    message.extend(content);
}
