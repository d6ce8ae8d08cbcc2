//! What the fuzz targets (`fuzz/`) and the tests feed to the importers: one function a target. Each takes any bytes
//! whatever; it must come back soon, in bounded memory, with buildings or heights, or with a sentence that names the file.

#![allow(dead_code, reason = "each fuzz target uses one of these")]

use farfield::city::build::draft::Draft;
use farfield::city::build::elevation::Elevation;
use farfield::city::build::{Identity, ImportError, finish, geojson, osm, to_pmtiles};
use std::io::Cursor;

/// How the files here are called.
const FILE: &str = "hostile.source";

/// The bytes as an extract of `OpenStreetMap`. The corners of the buildings in it.
pub fn pbf(data: &[u8]) -> usize {
    import(osm::read(Cursor::new(data), FILE, None, &mut |_| ()))
}

/// The bytes as `GeoJSON`. The corners of the buildings in it.
pub fn geojson(data: &[u8]) -> usize {
    import(geojson::read(Cursor::new(data), FILE, data.len() as u64, None, &mut |_| ()))
}

/// The bytes as an elevation model.
pub fn geotiff(data: &[u8]) {
    match Elevation::read(Cursor::new(data), None) {
        Ok(mut model) => {
            model.fill();
            let (min, max) = model.bounds();
            assert!([min.lon, min.lat, max.lon, max.lat].iter().all(|v| v.is_finite()));
            assert!(model.at_nearest(min).is_none_or(f64::is_finite));
        }
        Err(error) => assert!(error.to_string().len() < 500, "{error}"),
    }
}

/// Goes on to the archive, as an import does. The corners of the buildings that were found.
fn import(draft: Result<Draft, ImportError>) -> usize {
    let draft = match draft {
        Ok(draft) => draft,
        Err(error) => {
            let sentence = error.to_string();
            assert!(sentence.contains(FILE) && sentence.len() < 500, "{sentence}");
            return 0;
        }
    };
    let Ok(imported) = finish(draft, Identity::default(), None) else { return 0 };
    let buildings = &imported.city.buildings;
    assert!(buildings.iter().all(|b| b.top.is_finite() && b.base < b.top));
    let _ = to_pmtiles(&imported.city, &imported.map);
    buildings.iter().map(|b| b.footprint.exterior().0.len()).sum()
}
