//! Extracts of `OpenStreetMap`, imported: as many buildings and as much area as other tools find in them, and no harm from
//! files that are damaged or made to harm.
//!
//! The reference numbers are those that `tests/import_osm.py` prints, which reads the same files with osmium and shapely.

mod common;
#[path = "common/pbf.rs"]
mod pbf;

use common::shared;
use farfield::city::archive::Bytes;
use farfield::city::build::report::{Repair, Skip};
use farfield::city::build::{Fault, Identity, ImportError, Imported, finish, osm, to_pmtiles};
use farfield::city::woods::DEFAULT_TREE;
use farfield::city::{Building, Canopy, City, HeightRaster};
use farfield::geodesy::{Area, LonLat};
use geo::{Area as _, BoundingRect, Euclidean, Length};
use pbf::{blob, field, file};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;

fn import(path: &Path, area: Option<Area>) -> Imported {
    let file = std::fs::File::open(path).expect("the extract");
    let draft = osm::read(file, &path.display().to_string(), area.as_ref(), &mut |_| ()).expect("a draft");
    let identity = Identity { attribution: "© OpenStreetMap contributors".into(), ..Identity::default() };
    finish(draft, identity, area).expect("a city")
}

/// What other tools find in a file.
struct Reference {
    file: &'static str,
    /// Outlines and parts, those of roofs without walls and the like left out.
    outlines: u64,
    /// Outlines that their parts cover by nine tenths.
    replaced: u64,
    /// Area of the rest, square metres.
    area: f64,
    /// Share by which the areas may differ.
    tolerance: f64,
}

const REFERENCES: [Reference; 5] = [
    Reference { file: "Helsinki.osm.pbf", outlines: 559, replaced: 11, area: 613_091.0, tolerance: 2e-6 },
    // Seven relations of 2012 are described by their outer ways: osmium passes over them, and so over two courtyards.
    Reference { file: "liechtenstein-latest.osm.pbf", outlines: 8979, replaced: 0, area: 2_192_468.0, tolerance: 5e-4 },
    Reference { file: "monaco-latest.osm.pbf", outlines: 1198, replaced: 1, area: 706_129.0, tolerance: 2e-6 },
    Reference { file: "nyc.osm.pbf", outlines: 1568, replaced: 6, area: 347_557.0, tolerance: 2e-6 },
    Reference { file: "sf-downtown.osm.pbf", outlines: 8552, replaced: 86, area: 4_665_577.0, tolerance: 2e-6 },
];

#[test]
fn real_extracts_have_the_buildings_that_other_tools_find() {
    for reference in REFERENCES {
        let test = "real_extracts_have_the_buildings_that_other_tools_find";
        let Some(path) = shared(test, &format!("data/osm/{}", reference.file)) else { continue };
        let Imported { report, .. } = import(&path, None);
        let log = &report.log;
        // What has no area is an outline to them.
        let left_out: u64 = log.skipped.iter().filter(|(why, _)| *why != Skip::NoArea).map(|(_, c)| c.count).sum();
        let twice = log.repairs.of(Repair::SaidTwice);
        assert_eq!(report.found - left_out, reference.outlines, "{}, {twice} said twice", reference.file);
        assert_eq!(log.repairs.of(Repair::ReplacedByParts), reference.replaced, "{}", reference.file);
        let miss = (report.footprint_m2 / reference.area - 1.0).abs();
        assert!(miss < reference.tolerance, "{}: {} m²", reference.file, report.footprint_m2);
    }
}

#[test]
fn another_reader_finds_the_same_tagged_ways() {
    let Some(path) = shared("another_reader_finds_the_same_tagged_ways", "data/osm/sf-downtown.osm.pbf") else {
        return;
    };
    let mut heights: BTreeMap<u64, String> = BTreeMap::new();
    let reader = osmpbf::ElementReader::from_path(&path).expect("a file");
    reader
        .for_each(|element| {
            if let osmpbf::Element::Way(way) = element {
                let tags: BTreeMap<_, _> = way.tags().collect();
                let plain = tags.get("height").and_then(|h| h.parse::<f32>().ok()).is_some_and(|h| h > 0.0);
                if tags.get("building").is_some_and(|b| *b == "yes") && plain {
                    heights.insert(way.id() as u64 * 10 + 2, tags["height"].to_owned());
                }
            }
        })
        .expect("elements");
    let Imported { city, .. } = import(&path, None);
    let compared = city.buildings.iter().filter_map(|b| Some((b, heights.get(&b.id)?)));
    let mut count = 0;
    for (building, told) in compared {
        let told: f32 = told.parse().expect("a number");
        assert!((building.top - told).abs() < 1e-3, "{building:?} and {told} m");
        count += 1;
    }
    assert!(count > 4000, "{count} buildings with a height in metres");
}

#[test]
fn what_is_imported_is_what_is_opened() {
    let Some(path) = shared("what_is_imported_is_what_is_opened", "data/osm/Helsinki.osm.pbf") else { return };
    let Imported { city, map, .. } = import(&path, None);
    let bytes = to_pmtiles(&city, &map).expect("an archive");
    let opened = pollster::block_on(City::open(&Bytes::from(bytes), "helsinki")).expect("a city");
    assert_eq!(opened.buildings.len(), city.buildings.len());
    let by_id = |city: &City| {
        let mut told: BTreeMap<u64, (f64, f64, f32)> = BTreeMap::new();
        for Building { id, footprint, top, .. } in &city.buildings {
            let rings = std::iter::once(footprint.exterior()).chain(footprint.interiors());
            let walls: f64 = rings.map(|ring| Euclidean.length(ring)).sum();
            let entry = told.entry(*id).or_default();
            *entry = (entry.0 + footprint.unsigned_area(), entry.1 + walls, entry.2.max(*top));
        }
        told
    };
    let (before, after) = (by_id(&city), by_id(&opened));
    for (id, (area, walls, top)) in before {
        let (found, _, height) = after[&id];
        // Corners lie on a grid of 4.6 mm here, so walls move by at most half its diagonal.
        assert!((found - area).abs() < 0.0033 * walls, "{id}: {area} m² became {found} m²");
        assert!((height - top).abs() < 0.006, "{id}: {top} m became {height} m");
    }
}

/// Osmium counts 649 nodes `natural=tree` and 8 ways `natural=tree_row` in the file, none with a height or a crown.
#[test]
fn trees_of_an_extract_are_the_canopy_of_its_city() {
    let Some(path) = shared("trees_of_an_extract_are_the_canopy_of_its_city", "data/osm/Helsinki.osm.pbf") else {
        return;
    };
    let Imported { city, map, .. } = import(&path, None);
    let of_class = |class: &str| map.iter().filter(|f| f.kind.class == class).count();
    // A few stand outside of the bounds.
    assert!((620..=649).contains(&of_class("tree")) && (5..=8).contains(&of_class("tree_row")));
    let bytes = to_pmtiles(&city, &map).expect("an archive");
    let opened = pollster::block_on(City::open(&Bytes::from(bytes), "helsinki")).expect("a city");
    assert!(opened.woods.iter().all(|wood| wood.height == DEFAULT_TREE));
    // Where a tile's edge cuts a crown its pieces are read once each, and with the margin twice.
    let cover: f64 = opened.woods.iter().map(|wood| wood.outline.unsigned_area()).sum();
    let crowns = of_class("tree") as f64 * 9.0 * std::f64::consts::PI;
    assert!(cover > 0.98 * crowns && cover < 1.5 * crowns, "{cover} m² for {crowns} m² and rows");
    let canopy = Canopy::of(&opened, &HeightRaster::of(&opened, 2.0)).expect("trees");
    let leafy = canopy.crowns().tops().iter().filter(|top| **top > 0.0).count() as f64 * 4.0;
    assert!(leafy > 0.8 * crowns && leafy < 1.5 * crowns, "{leafy} m² of cells for {crowns}");
}

#[test]
fn a_part_of_an_extract_has_what_touches_it_and_nothing_else() {
    let test = "a_part_of_an_extract_has_what_touches_it_and_nothing_else";
    let Some(path) = shared(test, "data/osm/sf-downtown.osm.pbf") else { return };
    let area = Area::around(LonLat::new(-122.401, 37.785), 400.0).expect("an area");
    let part = import(&path, Some(area));
    let whole = import(&path, None);
    let ids = |imported: &Imported| {
        let frame = imported.city.frame;
        let inside = imported.city.buildings.iter().filter(|b| {
            let bounds = b.footprint.bounding_rect().expect("a footprint");
            let corner = |c: geo::Coord| frame.to_lonlat(glam::DVec2::new(c.x, c.y));
            area.contains(corner(bounds.min())) && area.contains(corner(bounds.max()))
        });
        let mut ids: Vec<u64> = inside.map(|b| b.id).collect();
        ids.sort_unstable();
        ids
    };
    assert!(ids(&part).len() > 100);
    assert_eq!(ids(&part), ids(&whole), "every building that lies wholly in the area, by id");
    assert!((part.city.bounds.width() - 800.0).abs() < 1.0 && (part.city.bounds.height() - 800.0).abs() < 1.0);
    for building in &part.city.buildings {
        let bounds = building.footprint.bounding_rect().expect("a footprint");
        let of = part.city.bounds;
        let touches = bounds.min().x <= of.max().x && bounds.max().x >= of.min().x;
        assert!(touches && bounds.min().y <= of.max().y && bounds.max().y >= of.min().y, "{building:?}");
    }
}

fn fault(bytes: Vec<u8>) -> Fault {
    let ImportError { file, fault } = osm::read(Cursor::new(bytes), "x.pbf", None, &mut |_| ()).expect_err("damaged");
    assert_eq!(file, "x.pbf");
    fault
}

#[test]
fn what_is_wrong_with_a_file_is_said_in_a_sentence() {
    for foreign in [b"".as_slice(), b"<?xml version=\"1.0\"?>", b"PK\x03\x04 and so on", &[0; 100], &[0xff; 100]] {
        assert!(matches!(fault(foreign.to_vec()), Fault::Foreign { .. }), "{foreign:?}");
    }
    let newer = blob("OSMHeader", &field(4, b"OsmSchema-V0.7"));
    assert_eq!(fault(newer).to_string(), "it needs OsmSchema-V0.7, which is not understood here");
    let good = file(&[""], &[&[]]);
    let header = good.len() - blob("OSMData", &[field(1, &field(1, b"")), field(2, &[])].concat()).len();
    let cut = fault(good[..good.len() - 1].to_vec());
    assert!(matches!(cut, Fault::Damaged { offset, why: "it is cut short" } if offset > header as u64), "{cut}");
    let empty = osm::read(Cursor::new(good), "x.pbf", None, &mut |_| ()).expect("an empty file is a file");
    let nothing = finish(empty, Identity::default(), None).err().expect("but no city");
    assert_eq!(nothing.to_string(), "there are no buildings in it");
}

#[test]
fn a_string_or_a_group_that_is_not_there_names_its_blob() {
    // A way with key 7 of a table of one.
    let way = field(3, &[vec![1 << 3, 5], field(2, &[7]), field(3, &[7])].concat());
    let bytes = file(&[""], &[&way]);
    let Fault::Damaged { offset, why } = fault(bytes.clone()) else { panic!("not damaged") };
    assert_eq!(why, "a string is missing");
    assert!(offset > 20 && offset < bytes.len() as u64, "{offset}");
}

#[test]
fn counts_that_lie_are_refused_before_they_are_believed() {
    // A blob that says it is 2 GB long, in a file of a few bytes.
    let mut header = field(1, b"OSMHeader");
    header.extend([3 << 3, 0xff, 0xff, 0xff, 0xff, 7]);
    let bytes = [(header.len() as u32).to_be_bytes().to_vec(), header].concat();
    assert!(matches!(fault(bytes), Fault::Foreign { .. }));
    // A million and more empty strings.
    let table = field(1, &[0x0a, 0].repeat((1 << 20) + 1));
    let block = [blob("OSMHeader", &[]), blob("OSMData", &table)].concat();
    assert!(matches!(fault(block), Fault::Damaged { why: "a block has too many strings", .. }));
    // Nodes at impossible places, ids that overflow: no position, and no panic.
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    let dense = [field(1, &huge.repeat(3)), field(8, &huge.repeat(3)), field(9, &huge.repeat(3))].concat();
    assert!(osm::read(Cursor::new(file(&[""], &[&field(2, &dense)])), "x.pbf", None, &mut |_| ()).is_ok());
}

/// A small real file, unpacked so that changes reach what is inside.
fn small() -> Option<Vec<u8>> {
    let path = shared("no_change_of_the_bytes_panics_or_hangs", "data/osm/nyc.osm.pbf")?;
    let bytes = std::fs::read(path).expect("the extract");
    let mut plain = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let length = u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize;
        let reader = osmpbf::BlobReader::new(Cursor::new(&bytes[at..])).next().expect("a blob").expect("sound");
        let kind = if at == 0 { "OSMHeader" } else { "OSMData" };
        let size = reader_size(&bytes[at + 4..at + 4 + length]);
        let packed = &bytes[at + 4 + length..at + 4 + length + size];
        plain.extend(blob(kind, &unpacked(packed)));
        at += 4 + length + size;
        drop(reader);
    }
    Some(plain)
}

/// The size that a blob's header names.
fn reader_size(header: &[u8]) -> usize {
    let at = header.iter().rposition(|b| *b == 3 << 3).expect("a size");
    header[at + 1..].iter().enumerate().fold(0, |size, (i, b)| size | usize::from(b & 0x7f) << (7 * i))
}

/// The content of a packed blob: what follows the field of compressed data.
fn unpacked(blob: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let start = blob.windows(2).position(|w| w[0] == 0x78 && matches!(w[1], 0x01 | 0x5e | 0x9c | 0xda)).expect("zlib");
    let mut bytes = Vec::new();
    flate2::read::ZlibDecoder::new(&blob[start..]).read_to_end(&mut bytes).expect("sound");
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_change_of_the_bytes_panics_or_hangs(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40), cut in any::<prop::sample::Index>(), cuts: bool) {
        static SMALL: std::sync::LazyLock<Option<Vec<u8>>> = std::sync::LazyLock::new(small);
        let Some(mut bytes) = SMALL.clone() else { return Ok(()) };
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(draft) = osm::read(Cursor::new(bytes), "x.pbf", None, &mut |_| ())
            && let Ok(imported) = finish(draft, Identity::default(), None)
        {
            prop_assert!(imported.city.buildings.iter().all(|b| b.top.is_finite() && b.base < b.top));
        }
    }

    #[test]
    fn arbitrary_bytes_are_no_extract(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(osm::read(Cursor::new(bytes), "x.pbf", None, &mut |_| ()).is_err());
    }
}
