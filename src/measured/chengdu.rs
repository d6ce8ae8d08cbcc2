//! The layout of the measured network of Chengdu: RSRP of a live TD-LTE network on a 5 m grid, as `cells.csv`, `points.parquet`
//! and `ground.parquet`. It trains the network and tells how good an engine is. Coordinates are UTM metres (EPSG:32648), used
//! as local metres: over the 2 km that a window reaches, the grid's scale error is below one metre.

use super::raster::{Raster, RasterCell};
use super::{DatasetError, Offsets, Reading, Sector, Surroundings, Survey};
use crate::learn::land::Cover;
use crate::units::Hertz;
use crate::verdict::mix;
use glam::{DVec2, I64Vec2};
use parquet::column::reader::ColumnReader;
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde::Deserialize;
use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

/// Reference-signal power that every sector is taken to have, dBm: the mean of the data. The sectors' nominal powers
/// explain nothing of the measured levels (−0.05 dB per dB with distance and azimuth accounted for), so taking them at
/// their word would only add their spread to the error.
pub const REFERENCE_POWER: f64 = 11.26;
/// Height of an antenna above the roof it stands on, where its height says it would be inside the building, metres.
const MAST: f32 = 3.0;
/// Side of the blocks that the folds are made of, metres.
const BLOCK: f64 = 2000.0;
/// Number of folds.
pub const FOLDS: u64 = 5;

/// A line of `cells.csv`.
#[derive(Debug, Deserialize)]
struct Row {
    cell: i32,
    x_m: f64,
    y_m: f64,
    height_m: f32,
    azimuth_deg: f32,
    electrical_tilt_deg: f32,
    mechanical_tilt_deg: f32,
    frequency_mhz: f64,
    ground_altitude_m: f32,
    building_height_m: f32,
}

impl Row {
    fn sector(&self) -> Sector {
        let at = DVec2::new(self.x_m, self.y_m);
        let block = (at / BLOCK).floor();
        Sector {
            name: self.cell.to_string(),
            at,
            // On a mast above the roof where the table puts it inside a building.
            height: if self.height_m > self.building_height_m { self.height_m } else { self.building_height_m + MAST },
            azimuth_deg: self.azimuth_deg,
            downtilt_deg: self.electrical_tilt_deg + self.mechanical_tilt_deg,
            frequency: Hertz::from_mhz(self.frequency_mhz),
            fold: mix((block.x as u64) << 32 ^ block.y as u64) % FOLDS,
            ground: self.ground_altitude_m,
        }
    }
}

/// Reads the three tables in `folder`.
///
/// # Errors
/// [`DatasetError`] where one is missing or no such table.
pub fn open(folder: &Path) -> Result<Survey, DatasetError> {
    let rows = read_sectors(&folder.join("cells.csv"))?;
    let ground = read_ground(&folder.join("ground.parquet"))?;
    let mut readings = read_points(&folder.join("points.parquet"))?;
    Ok(Survey {
        format: "chengdu",
        readings: rows.iter().map(|row| readings.remove(&row.cell).unwrap_or_default()).collect(),
        sectors: rows.iter().map(Row::sector).collect(),
        devices: vec![String::new()],
        power: REFERENCE_POWER,
        offsets: Offsets::None,
        surroundings: Surroundings::Raster(ground),
    })
}

fn read_ground(path: &Path) -> Result<Raster, DatasetError> {
    let table = |what: &str| DatasetError::Table { path: path.to_owned(), what: what.to_owned() };
    let columns = read_columns(path, &["x_m", "y_m", "altitude_m", "building_height_m", "clutter"], &[])?.ints;
    let [x, y, altitude, roof, clutter] = columns.as_slice() else { return Err(table("five columns")) };
    let place = |i: usize| Raster::column_row(DVec2::new(f64::from(x[i]), f64::from(y[i])));
    let ends = (0..x.len()).map(place).fold(None, |ends: Option<(I64Vec2, I64Vec2)>, p| {
        Some(ends.map_or((p, p), |(first, last)| (first.min(p), last.max(p))))
    });
    let (first, last) = ends.ok_or_else(|| table("no rows"))?;
    let blank = Raster::blank(first, last);
    let mut raster = blank.ok_or_else(|| table("coordinates that span too large an area"))?;
    for i in 0..x.len() {
        let cover = cover_of(clutter[i]);
        raster.set(place(i), RasterCell { altitude: altitude[i] as i16, roof: roof[i] as i16, cover });
    }
    Ok(raster)
}

/// Land cover of a clutter class: 6 is streets, 7–9 are lawns, shrubs and woods.
fn cover_of(clutter: i32) -> Cover {
    match clutter {
        ..=0 => Cover::Unknown,
        6 => Cover::Street,
        7..=9 => Cover::Vegetation,
        _ => Cover::Other,
    }
}

fn read_sectors(path: &Path) -> Result<Vec<Row>, DatasetError> {
    let table = |e: csv::Error| DatasetError::Table { path: path.to_owned(), what: e.to_string() };
    csv::Reader::from_path(path).map_err(table)?.deserialize().collect::<Result<_, _>>().map_err(table)
}

fn read_points(path: &Path) -> Result<HashMap<i32, Vec<Reading>>, DatasetError> {
    let Columns { ints, floats } = read_columns(path, &["cell", "x_m", "y_m"], &["rsrp_dbm"])?;
    let mut readings: HashMap<i32, Vec<Reading>> = HashMap::new();
    if let ([cell, x, y], [rsrp]) = (ints.as_slice(), floats.as_slice()) {
        for i in 0..cell.len() {
            let at = DVec2::new(f64::from(x[i]), f64::from(y[i]));
            readings.entry(cell[i]).or_default().push(Reading { at, rsrp: rsrp[i], device: 0 });
        }
    }
    Ok(readings)
}

struct Columns {
    ints: Vec<Vec<i32>>,
    floats: Vec<Vec<f32>>,
}

/// The named columns of a Parquet file, all of one length; a null anywhere is an error.
fn read_columns(path: &Path, ints: &[&str], floats: &[&str]) -> Result<Columns, DatasetError> {
    let table = |what: String| DatasetError::Table { path: path.to_owned(), what };
    let broken = |e: parquet::errors::ParquetError| table(e.to_string());
    let file = File::open(path).map_err(|source| DatasetError::Io { path: path.to_owned(), source })?;
    let reader = SerializedFileReader::new(file).map_err(broken)?;
    let schema = reader.metadata().file_metadata().schema_descr();
    let find = |name: &&str| {
        let found = (0..schema.num_columns()).find(|i| schema.column(*i).name() == *name);
        found.ok_or_else(|| table(format!("no column {name}")))
    };
    let int_at = ints.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    let float_at = floats.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    let mut columns = Columns { ints: vec![Vec::new(); ints.len()], floats: vec![Vec::new(); floats.len()] };
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(broken)?;
        let rows = group.metadata().num_rows() as usize;
        for (column, at) in columns.ints.iter_mut().zip(&int_at) {
            let ColumnReader::Int32ColumnReader(mut r) = group.get_column_reader(*at).map_err(broken)? else {
                return Err(table("a column of whole numbers has another type".into()));
            };
            let mut defined = Vec::new();
            let (_, values, _) = r.read_records(rows, Some(&mut defined), None, column).map_err(broken)?;
            if values != rows {
                return Err(table("nulls".into()));
            }
        }
        for (column, at) in columns.floats.iter_mut().zip(&float_at) {
            let ColumnReader::FloatColumnReader(mut r) = group.get_column_reader(*at).map_err(broken)? else {
                return Err(table("a column of numbers has another type".into()));
            };
            let mut defined = Vec::new();
            let (_, values, _) = r.read_records(rows, Some(&mut defined), None, column).map_err(broken)?;
            if values != rows {
                return Err(table("nulls".into()));
            }
        }
    }
    Ok(columns)
}
