//! The layout of the measured cells on the campus of Duke University: `cells.csv`, `measurements.csv` (their columns are
//! those of the structs below), and buildings with heights as `GeoJSON`, in `duke_buildings.geojson` or the only other file of
//! that kind.

use super::{DatasetError, Offsets, Reading, Sector, Surroundings, Survey};
use crate::city::build::{Identity, finish, geojson};
use crate::geodesy::{LocalFrame, LonLat};
use crate::learn::land::Land;
use crate::units::Hertz;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Readings farther from their cell than this are left out: it doesn't serve there.
const REACH: f64 = 650.0;
/// Downtilt where the table tells none, degrees: what macro cells of this height commonly have.
const DOWNTILT: f32 = 6.0;

#[derive(Debug, Deserialize)]
struct CellRow {
    pci: String,
    lat: f64,
    lon: f64,
    height_m: f32,
    azimuth_deg: f32,
    freq_ghz: f64,
}

#[derive(Debug, Deserialize)]
struct Measurement {
    pci: String,
    lat: f64,
    lon: f64,
    device: String,
    rsrp_dbm: f32,
}

/// Reads the tables and the buildings in `folder`.
///
/// # Errors
/// [`DatasetError`] where one is missing or not what it should be.
pub fn open(folder: &Path) -> Result<Survey, DatasetError> {
    let cells_path = folder.join("cells.csv");
    let cells: Vec<CellRow> = rows(&cells_path)?;
    let measurements_path = folder.join("measurements.csv");
    let measurements: Vec<Measurement> = rows(&measurements_path)?;
    let table = |path: &Path, what: &str| DatasetError::Table { path: path.to_owned(), what: what.to_owned() };
    let place = |lat: f64, lon: f64, path: &Path| {
        let place = LonLat::new(lon, lat);
        if place.is_valid() { Ok(place) } else { Err(table(path, &format!("{lat}, {lon} is no place on earth"))) }
    };
    let first = cells.first().ok_or_else(|| table(&cells_path, "no cells"))?;
    let origin = place(first.lat, first.lon, &cells_path)?;
    let frame = LocalFrame::new(origin);
    let buildings = buildings(folder)?;
    let read = |path: &Path| -> Result<_, DatasetError> {
        let file = File::open(path).map_err(|source| DatasetError::Io { path: path.to_owned(), source })?;
        let size = file.metadata().map_or(0, |m| m.len());
        let identity = Identity { name: "the campus".into(), attribution: "its own".into(), origin: Some(origin) };
        let draft = geojson::read(file, &path.display().to_string(), size, None, &mut |_| ());
        let broken = |e: &dyn std::fmt::Display| table(path, &e.to_string());
        finish(draft.map_err(|e| broken(&e))?, identity, None).map_err(|e| broken(&e)).map(|imported| imported.city)
    };
    let city = read(&buildings)?;
    let mut sectors = Vec::new();
    for row in &cells {
        sectors.push(Sector {
            name: row.pci.clone(),
            at: frame.to_local(place(row.lat, row.lon, &cells_path)?),
            height: row.height_m,
            azimuth_deg: row.azimuth_deg,
            downtilt_deg: DOWNTILT,
            frequency: Hertz(row.freq_ghz * 1e9),
            fold: 0,
            ground: 0.0,
        });
    }
    let mut devices: Vec<String> = Vec::new();
    let mut readings = vec![Vec::new(); sectors.len()];
    for row in &measurements {
        let at = frame.to_local(place(row.lat, row.lon, &measurements_path)?);
        let sector = sectors.iter().position(|s| s.name == row.pci);
        let sector =
            sector.ok_or_else(|| table(&measurements_path, &format!("the cell {} is in no table", row.pci)))?;
        let known = devices.iter().position(|d| *d == row.device);
        let device = known.unwrap_or_else(|| {
            devices.push(row.device.clone());
            devices.len() - 1
        });
        if at.distance(sectors[sector].at) <= REACH {
            readings[sector].push(Reading { at, rsrp: row.rsrp_dbm, device: device as u16 });
        }
    }
    Ok(Survey {
        format: "duke",
        sectors,
        devices,
        power: 0.0,
        offsets: Offsets::SectorAndDevice,
        readings,
        surroundings: Surroundings::City { land: Arc::new(Land::of_city(&city)), city: Box::new(city) },
    })
}

/// The file of buildings.
fn buildings(folder: &Path) -> Result<PathBuf, DatasetError> {
    let usual = folder.join("duke_buildings.geojson");
    if usual.exists() {
        return Ok(usual);
    }
    let io = |source| DatasetError::Io { path: folder.to_owned(), source };
    let files = std::fs::read_dir(folder).map_err(io)?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut found: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|e| e == "geojson")).collect();
    match (found.pop(), found.is_empty()) {
        (Some(path), true) => Ok(path),
        _ => Err(DatasetError::Table { path: usual, what: "it is missing".into() }),
    }
}

/// All lines of a table.
fn rows<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, DatasetError> {
    let table = |e: csv::Error| DatasetError::Table { path: path.to_owned(), what: e.to_string() };
    csv::Reader::from_path(path).map_err(table)?.deserialize().collect::<Result<_, _>>().map_err(table)
}
