//! Every archive that ships with the page, of a city or of its terrain, checked as `pmtiles verify` would, and with an outside
//! reader of its tiles.

use farfield::city::City;
use farfield::city::archive::FileReader;
use flate2::read::GzDecoder;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Most bytes of all archives together.
const BUDGET: usize = 6_000_000;

fn archives() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/cities");
    let files = std::fs::read_dir(folder).expect("the cities").map(|entry| entry.expect("a file").path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|e| e == "pmtiles")).collect();
    files.sort();
    files
}

fn unpack(bytes: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut unpacked).expect("gzip");
    unpacked
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return value;
        }
    }
}

/// A directory by the letter of the specification: id, run length, length and offset of each entry.
fn directory(bytes: &[u8]) -> Vec<[u64; 4]> {
    let bytes = unpack(bytes);
    let mut rest = bytes.as_slice();
    let mut entries = vec![[0; 4]; varint(&mut rest) as usize];
    let mut id = 0;
    for entry in &mut entries {
        id += varint(&mut rest);
        entry[0] = id;
    }
    for field in [1, 2] {
        for entry in &mut entries {
            entry[field] = varint(&mut rest);
        }
    }
    let mut end = 0;
    for entry in &mut entries {
        let code = varint(&mut rest);
        entry[3] = if code == 0 { end } else { code - 1 };
        end = entry[3] + entry[2];
    }
    assert!(rest.is_empty(), "nothing follows the last entry");
    entries
}

/// Zoom, column and row of a tile's number, by the Hilbert curve.
fn tile_of(id: u64) -> (u32, u64, u64) {
    let mut zoom = 0;
    let mut below = 0;
    while id >= below + (1 << (2 * zoom)) {
        below += 1 << (2 * zoom);
        zoom += 1;
    }
    let (mut along, mut x, mut y) = (id - below, 0u64, 0u64);
    for level in 0..zoom {
        let side = 1 << level;
        let rx = 1 & (along / 2);
        let ry = 1 & (along ^ rx);
        if ry == 0 {
            if rx == 1 {
                (x, y) = (side - 1 - x, side - 1 - y);
            }
            (x, y) = (y, x);
        }
        x += side * rx;
        y += side * ry;
        along /= 4;
    }
    (zoom, x, y)
}

/// West, south, east and north of a tile, degrees.
fn bounds(zoom: u32, x: u64, y: u64) -> [f64; 4] {
    let side = f64::from(1u32 << zoom);
    let lon = |x: u64| x as f64 / side * 360.0 - 180.0;
    let lat = |y: u64| (std::f64::consts::PI * (1.0 - 2.0 * y as f64 / side)).sinh().atan().to_degrees();
    [lon(x), lat(y + 1), lon(x + 1), lat(y)]
}

#[test]
fn every_archive_keeps_the_promises_of_its_header() {
    let mut total = 0;
    for path in archives() {
        let file = path.display();
        let bytes = std::fs::read(&path).expect("an archive");
        total += bytes.len();
        let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        let degrees = |at: usize| f64::from(i32::from_le_bytes(bytes[at..at + 4].try_into().expect("four"))) / 1e7;
        let section = |at: usize| &bytes[number(at) as usize..(number(at) + number(at + 8)) as usize];
        assert_eq!((&bytes[..7], bytes[7], bytes[96]), (b"PMTiles".as_slice(), 3, 1), "{file}: version 3, clustered");
        assert!(number(8) + number(16) <= 16384, "{file}: the root directory lies within the first 16 KiB");
        assert_eq!(number(56) + number(64), bytes.len() as u64, "{file}: nothing follows the tiles");

        let mut entries = Vec::new();
        for entry in directory(section(8)) {
            let [id, run, length, offset] = entry;
            if run == 0 {
                let leaf = directory(&section(40)[offset as usize..(offset + length) as usize]);
                assert_eq!(leaf[0][0], id, "{file}: a leaf starts where its pointer says");
                entries.extend(leaf);
            } else {
                entries.push(entry);
            }
        }
        let mut contents = BTreeMap::new();
        let (mut end, mut last, mut zooms) = (0, None, [u32::MAX, 0]);
        for [id, run, length, offset] in &entries {
            assert!(*run > 0 && *length > 0, "{file}: tile {id} has content");
            assert!(last.is_none_or(|last| *id > last), "{file}: tile {id} comes in order and once");
            last = Some(id + run - 1);
            // Clustered: each content follows the one before it, or is one of those before it.
            assert!(*offset == end || contents.get(offset) == Some(length), "{file}: tile {id} lies in order");
            contents.insert(*offset, *length);
            end = end.max(offset + length);
            for id in *id..id + run {
                let (zoom, x, y) = tile_of(id);
                zooms = [zooms[0].min(zoom), zooms[1].max(zoom)];
                let tile = bounds(zoom, x, y);
                let meets = tile[0] < degrees(110)
                    && tile[2] > degrees(102)
                    && tile[1] < degrees(114)
                    && tile[3] > degrees(106);
                assert!(meets, "{file}: tile {zoom}/{x}/{y} lies in the bounds of the header");
            }
        }
        assert_eq!(end, number(64), "{file}: the tiles fill their section");
        let counts = [entries.iter().map(|e| e[1]).sum::<u64>(), entries.len() as u64, contents.len() as u64];
        assert_eq!(counts, [number(72), number(80), number(88)], "{file}: the counts of the header");
        assert_eq!(zooms, [u32::from(bytes[100]), u32::from(bytes[101])], "{file}: the zooms of the header");
        assert!(u32::from(bytes[118]) >= zooms[0] && u32::from(bytes[118]) <= zooms[1]);

        let metadata: serde_json::Value = serde_json::from_slice(&unpack(section(24))).expect("metadata");
        if bytes[99] == 2 {
            assert_eq!((bytes[98], metadata["encoding"].as_str()), (1, Some("terrarium")), "{file}");
            for [_, _, length, offset] in &entries {
                let picture = std::io::Cursor::new(&section(56)[*offset as usize..(offset + length) as usize]);
                let mut picture = png::Decoder::new(picture).read_info().expect("a picture");
                assert_eq!((picture.info().width, picture.info().height), (256, 256), "{file}");
                let mut pixels = vec![0; picture.output_buffer_size().expect("a size")];
                picture.next_frame(&mut pixels).expect("pixels");
            }
            continue;
        }
        let mut seen: BTreeMap<String, [u32; 2]> = BTreeMap::new();
        for [id, _, length, offset] in &entries {
            let tile = unpack(&section(56)[*offset as usize..(offset + length) as usize]);
            let reader = mvt_reader::Reader::new(tile).expect("a tile");
            for layer in reader.get_layer_metadata().expect("layers") {
                let zoom = tile_of(*id).0;
                let ends = seen.entry(layer.name.clone()).or_insert([zoom; 2]);
                *ends = [ends[0].min(zoom), ends[1].max(zoom)];
                assert_eq!(layer.version, 2);
                let features = reader.get_features(layer.layer_index).expect("features");
                assert!(!features.is_empty(), "{file}: no layer is empty");
                for feature in features {
                    assert!(feature.id.is_some_and(|id| id > 0 && id < 1 << 53), "{file}: ids a browser can hold");
                }
            }
        }
        for layer in metadata["vector_layers"].as_array().expect("layers") {
            let ends = seen.remove(layer["id"].as_str().expect("a name")).expect("a layer that is there");
            let said = [layer["minzoom"].as_u64(), layer["maxzoom"].as_u64()].map(|z| z.expect("a zoom") as u32);
            assert!(ends[0] >= said[0] && ends[1] == said[1], "{file}: {layer} and {ends:?}");
        }
        assert!(seen.is_empty(), "{file}: layers that the metadata do not name: {seen:?}");
    }
    assert!(total < BUDGET, "{total} bytes");
}

#[test]
fn every_archive_opens_as_a_city() {
    for path in archives() {
        let file = path.display().to_string();
        if file.ends_with("-terrain.pmtiles") {
            continue;
        }
        let reader = FileReader::open(&path).expect("an archive");
        let city = pollster::block_on(City::open(&reader, &file)).expect("a city");
        let beside = path.with_file_name(format!("{}-terrain.pmtiles", path.file_stem().expect("a name").display()));
        assert_eq!(city.terrain.is_some(), beside.exists(), "{file}: it stands on the terrain that lies beside it");
        assert!(city.attribution.contains("OpenStreetMap"), "{file}");
        assert!(city.buildings.len() > 200, "{file}: {}", city.buildings.len());
        for building in &city.buildings {
            assert!(
                building.top > building.base && building.base >= 0.0 && building.top < 400.0,
                "{file}: {building:?}"
            );
        }
        eprintln!(
            "{file}: {} buildings, {:.0} × {:.0} m",
            city.buildings.len(),
            city.bounds.width(),
            city.bounds.height()
        );
    }
}
