//! A measured network: RSRP of a live TD-LTE network in Chengdu on a 5 m grid, as `cells.csv`, `points.parquet` and
//! `ground.parquet`. It trains the network and tells how good an engine is. Coordinates are UTM metres (EPSG:32648), used
//! as local metres: over the 2 km that a window reaches, the grid's scale error is below one metre.

use super::features::Link;
use super::land::{CELL, Cover, Land, LandCell};
use crate::antenna::{Pattern, Pointing, Polarisation};
use crate::units::Hertz;
use glam::DVec2;
use parquet::column::reader::ColumnReader;
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde::Deserialize;
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Reference-signal power that every sector is taken to have, dBm: the mean of the data. The sectors' nominal powers
/// explain nothing of the measured levels (−0.05 dB per dB with distance and azimuth accounted for), so taking them at
/// their word would only add their spread to the error.
pub const REFERENCE_POWER: f64 = 11.26;
/// Receiver height, metres: a phone in a hand.
pub const RECEIVER: f32 = 1.5;
/// Height of an antenna above the roof it stands on, where its height says it would be inside the building, metres.
const MAST: f32 = 3.0;
/// Side of the blocks that the folds are made of, metres.
const BLOCK: f64 = 2000.0;
/// Number of folds.
pub const FOLDS: u64 = 5;
/// The fold that no training sees.
pub const HELD_OUT: u64 = 0;
/// Most cells the ground may span: a guard against absurd coordinates.
const MAX_GROUND: i64 = 1 << 28;

/// Why the data can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A file can't be opened.
    #[error("{path} can't be read: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not the table it should be.
    #[error("{path} is not the table that was expected: {what}")]
    Table {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

/// One sector of the network, as the table has it.
#[derive(Clone, Debug, Deserialize)]
pub struct CellRow {
    /// Its number.
    pub cell: i32,
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

/// One measured cell of 5 m.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Where.
    pub at: DVec2,
    /// RSRP, dBm.
    pub rsrp: f32,
}

/// How much of the surroundings a predictor is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Knowledge {
    /// All that the data has.
    #[default]
    All,
    /// What a city archive would have: roofs on flat ground without land cover, and no word of what is unknown.
    CityArchive,
}

/// The whole data set.
#[derive(Debug)]
pub struct Dataset {
    /// The sectors, in the order of the table.
    pub sectors: Vec<CellRow>,
    readings: HashMap<i32, Vec<Reading>>,
    ground: Ground,
}

impl CellRow {
    /// Where it stands.
    pub fn at(&self) -> DVec2 {
        DVec2::new(self.x_m, self.y_m)
    }

    /// Antenna above the ground, metres; on a mast above the roof where the table puts it inside a building.
    pub fn height(&self) -> f32 {
        if self.height_m > self.building_height_m { self.height_m } else { self.building_height_m + MAST }
    }

    /// How it is pointed, with both tilts.
    pub fn pointing(&self) -> Pointing {
        Pointing {
            polarisation: Polarisation::default(),
            pattern: Pattern::Tr38901,
            azimuth_deg: self.azimuth_deg,
            downtilt_deg: self.electrical_tilt_deg + self.mechanical_tilt_deg,
        }
    }

    /// The fold of the 2 km block that it stands in: all sectors of a block go to the same side of a split.
    pub fn fold(&self) -> u64 {
        let block = (self.at() / BLOCK).floor();
        mix((block.x as u64) << 32 ^ block.y as u64) % FOLDS
    }

    /// A link from it over `land`.
    pub fn link<'a>(&self, land: &'a Land) -> Link<'a> {
        Link {
            land,
            at: self.at(),
            height: self.height(),
            pointing: self.pointing(),
            frequency: Hertz::from_mhz(self.frequency_mhz),
            receiver: RECEIVER,
        }
    }
}

impl Dataset {
    /// Reads the three tables in `folder`.
    pub fn open(folder: &Path) -> Result<Self, DatasetError> {
        let sectors = read_sectors(&folder.join("cells.csv"))?;
        let ground = Ground::read(&folder.join("ground.parquet"))?;
        let readings = read_points(&folder.join("points.parquet"))?;
        Ok(Self { sectors, readings, ground })
    }

    /// The readings of a sector, in the order of the table.
    pub fn readings(&self, sector: &CellRow) -> &[Reading] {
        self.readings.get(&sector.cell).map_or(&[], Vec::as_slice)
    }

    /// The land within `half` cells of a sector, as far as `knowledge` goes; its datum is the ground that the sector stands
    /// on.
    pub fn land_around(&self, sector: &CellRow, half: u32, knowledge: Knowledge) -> Option<Land> {
        let side = 2 * half + 1;
        let origin = sector.at() - (f64::from(half) + 0.5) * f64::from(CELL);
        let corner = self.ground.column_row(sector.at()) - i64::from(half);
        let mut cells = Vec::with_capacity(side as usize * side as usize);
        for iy in 0..i64::from(side) {
            for ix in 0..i64::from(side) {
                let cell = self.ground.cell(corner.x + ix, corner.y + iy, sector.ground_altitude_m);
                cells.push(match knowledge {
                    Knowledge::All => cell,
                    Knowledge::CityArchive => LandCell { known: true, roof: cell.roof, ..LandCell::default() },
                });
            }
        }
        Land::new(origin, side, side, cells)
    }
}

/// The ground as dense rows; altitude [`UNKNOWN`] where nobody measured.
#[derive(Debug)]
struct Ground {
    first: glam::I64Vec2,
    nx: i64,
    ny: i64,
    cells: Vec<GroundCell>,
}

#[derive(Clone, Copy, Debug)]
struct GroundCell {
    altitude: i16,
    roof: i16,
    clutter: i8,
}

/// Marks a cell of which nothing is known.
const UNKNOWN: i16 = i16::MIN;

impl Ground {
    fn read(path: &Path) -> Result<Self, DatasetError> {
        let table = |what: &str| DatasetError::Table { path: path.to_owned(), what: what.to_owned() };
        let mut columns = read_columns(path, &["x_m", "y_m", "altitude_m", "building_height_m", "clutter"], &[])?.ints;
        let [x, y, altitude, roof, clutter] = columns.as_mut_slice() else { return Err(table("five columns")) };
        let lattice = |v: &i32| i64::from(v.div_euclid(CELL as i32));
        let bounds = |v: &[i32]| Some((v.iter().map(lattice).min()?, v.iter().map(lattice).max()?));
        let (Some((x0, x1)), Some((y0, y1))) = (bounds(x), bounds(y)) else { return Err(table("no rows")) };
        let (nx, ny) = (x1 - x0 + 1, y1 - y0 + 1);
        if nx.saturating_mul(ny) > MAX_GROUND {
            return Err(table("coordinates that span too large an area"));
        }
        let blank = GroundCell { altitude: UNKNOWN, roof: 0, clutter: 0 };
        let mut cells = vec![blank; (nx * ny) as usize];
        for i in 0..x.len() {
            let at = (lattice(&y[i]) - y0) * nx + lattice(&x[i]) - x0;
            cells[at as usize] =
                GroundCell { altitude: altitude[i] as i16, roof: roof[i] as i16, clutter: clutter[i] as i8 };
        }
        Ok(Self { first: glam::I64Vec2::new(x0, y0), nx, ny, cells })
    }

    /// Column and row of the cell around a multiple of the cell size: the table names a cell by its centre.
    fn column_row(&self, at: DVec2) -> glam::I64Vec2 {
        (at / f64::from(CELL)).round().as_i64vec2() - self.first
    }

    fn cell(&self, ix: i64, iy: i64, datum: f32) -> LandCell {
        if ix < 0 || iy < 0 || ix >= self.nx || iy >= self.ny {
            return LandCell::default();
        }
        let cell = self.cells[(iy * self.nx + ix) as usize];
        if cell.altitude == UNKNOWN {
            return LandCell::default();
        }
        LandCell {
            known: true,
            // The table writes 0 where it has no altitude; the network lies near 500 m.
            ground: if cell.altitude > 0 { f32::from(cell.altitude) - datum } else { 0.0 },
            roof: f32::from(cell.roof).max(0.0),
            cover: cover_of(cell.clutter),
        }
    }
}

/// Land cover of a clutter class: 6 is streets, 7–9 are lawns, shrubs and woods.
fn cover_of(clutter: i8) -> Cover {
    match clutter {
        ..=0 => Cover::Unknown,
        6 => Cover::Street,
        7..=9 => Cover::Vegetation,
        _ => Cover::Other,
    }
}

fn read_sectors(path: &Path) -> Result<Vec<CellRow>, DatasetError> {
    let table = |e: csv::Error| DatasetError::Table { path: path.to_owned(), what: e.to_string() };
    csv::Reader::from_path(path).map_err(table)?.deserialize().collect::<Result<_, _>>().map_err(table)
}

fn read_points(path: &Path) -> Result<HashMap<i32, Vec<Reading>>, DatasetError> {
    let Columns { ints, floats } = read_columns(path, &["cell", "x_m", "y_m"], &["rsrp_dbm"])?;
    let mut readings: HashMap<i32, Vec<Reading>> = HashMap::new();
    if let ([cell, x, y], [rsrp]) = (ints.as_slice(), floats.as_slice()) {
        for i in 0..cell.len() {
            let at = DVec2::new(f64::from(x[i]), f64::from(y[i]));
            readings.entry(cell[i]).or_default().push(Reading { at, rsrp: rsrp[i] });
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

/// The output function of `SplitMix64` (Steele, Lea & Flood 2014): a fixed scramble, so that folds and jitter are the same
/// on every machine.
pub fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
