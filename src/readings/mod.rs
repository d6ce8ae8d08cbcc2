//! Readings of signal levels that a user brings, such as a drive test, and the sites that they were measured of: tables as many tools write them, read as tolerantly as
//! is safe. What can't be used is counted, with its reason and its line, and nothing is left out in silence.

mod bin;
mod columns;
#[cfg(feature = "import")]
mod dialect;
#[cfg(feature = "import")]
mod geojson;
mod packed;
#[cfg(feature = "import")]
mod parquet;
mod rejected;
mod score;
#[cfg(feature = "import")]
mod sites;
#[cfg(feature = "import")]
mod table;

pub use bin::Bins;
pub use columns::{Mapping, Role};
pub use packed::{MOST_IN_LINK, PackedError, packed, unpacked};
pub use rejected::{Reason, Refusal, Rejected};
pub use score::{Score, Tally, f1, spearman};

use crate::geodesy::LonLat;
use crate::scenario::Site;
use crate::units::{Dbm, Hertz};
use serde::{Deserialize, Serialize};

/// Most readings of one file.
pub const MAX_READINGS: usize = 4_000_000;
/// Most different cells or devices of one file: a column with more names something else.
pub const MAX_NAMES: usize = 50_000;
/// The endings of tables: of text, and Parquet.
pub const TABLES: [&str; 4] = [".csv", ".tsv", ".txt", ".parquet"];
/// The endings of files of points; any other is a table of text.
#[cfg(feature = "import")]
const POINTS: [&str; 2] = [".geojson", ".json"];
/// Levels that a receiver can have measured, dBm. What phones write for “unknown” lies outside.
pub const LEVELS: (f64, f64) = (-170.0, -10.0);

/// A level, measured at a place.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Where.
    pub at: LonLat,
    /// What was measured there.
    pub level: Dbm,
    /// Number of the cell among [`Readings::cells`].
    pub cell: Option<u32>,
    /// Number of the device among [`Readings::devices`].
    pub device: Option<u32>,
    /// Carrier frequency.
    pub frequency: Option<Hertz>,
    /// When, seconds since 1970 began: by UTC, or by the clock of the file where that names no zone.
    pub time: Option<f64>,
    /// Number of its line in the file, or of its feature, from 1.
    pub line: u32,
}

/// What a file of readings holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Readings {
    /// Name of the file.
    pub file: String,
    /// What the level is called there.
    pub quantity: String,
    /// The names of the cells, in the order in which they come.
    pub cells: Vec<String>,
    /// The names of the devices.
    pub devices: Vec<String>,
    /// The readings, in the order of the file.
    pub all: Vec<Reading>,
    /// What of the file is no reading.
    pub rejected: Rejected,
    /// All of them in a few numbers.
    pub summary: Summary,
}

/// Readings in a few numbers, so that nobody has to go through a million of them for that.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Least and greatest level, dBm.
    pub levels: Option<(f64, f64)>,
    /// First and last time, seconds since 1970 began.
    pub times: Option<(f64, f64)>,
    /// Number of readings of each cell.
    pub of_cells: Vec<u32>,
}

impl Summary {
    /// That of readings of so many cells.
    pub fn of(readings: &[Reading], cells: usize) -> Self {
        let mut summary = Self { of_cells: vec![0; cells], ..Self::default() };
        let widen = |range: &mut Option<(f64, f64)>, value: f64| {
            *range = Some(range.map_or((value, value), |(low, high)| (low.min(value), high.max(value))));
        };
        for reading in readings {
            widen(&mut summary.levels, reading.level.0);
            if let Some(time) = reading.time {
                widen(&mut summary.times, time);
            }
            if let Some(count) = reading.cell.and_then(|cell| summary.of_cells.get_mut(cell as usize)) {
                *count += 1;
            }
        }
        summary
    }
}

/// A file whose columns have to be told apart by the user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Name of the file.
    pub file: String,
    /// The columns' names, or their numbers where they have none.
    pub columns: Vec<String>,
    /// The first lines.
    pub sample: Vec<Vec<String>>,
    /// What they look like.
    pub guess: Mapping,
}

/// What came of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// Its readings, and how its columns were understood.
    Read(Box<Readings>, Question),
    /// Place or level are in no column that could be told by its name.
    Ask(Question),
    /// It is no table of readings but one of sites.
    Sites(Sites),
}

/// What a table of sites holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sites {
    /// Name of the file.
    pub file: String,
    /// The sites: the sectors of one place and height together, with their names.
    pub sites: Vec<Site>,
    /// Number of all sectors.
    pub sectors: usize,
    /// What no column tells, and what is taken for it.
    pub assumed: Vec<String>,
    /// What of the file is no sector.
    pub rejected: Rejected,
}

/// Why a file can't be used at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadingsError {
    /// Not a table.
    #[error("{file} is no table of readings: {why}")]
    NoTable {
        /// Name of the file.
        file: String,
        /// Why.
        why: String,
    },
    /// Nothing of it is a reading.
    #[error("{file} has no usable reading: {why}")]
    Empty {
        /// Name of the file.
        file: String,
        /// What is wrong with most of its lines.
        why: String,
    },
    /// More than can be worked with.
    #[error("{file} has more than {MAX_READINGS} readings: bring a part of them")]
    TooMany {
        /// Name of the file.
        file: String,
    },
    /// Nothing of it is a sector.
    #[error("{file} has no usable site: {why}")]
    NoSites {
        /// Name of the file.
        file: String,
        /// What is wrong with most of its lines.
        why: String,
    },
    /// More sites than a scenario has.
    #[error("{file} has more than {} sites: bring a part of them", crate::scenario::MAX_SITES)]
    TooManySites {
        /// Name of the file.
        file: String,
    },
    /// A column that was taken for names holds something else.
    #[error("the column “{column}” of {file} has more than {MAX_NAMES} different values: it names no {what}s")]
    Names {
        /// Name of the file.
        file: String,
        /// The column.
        column: String,
        /// What it was taken for.
        what: &'static str,
    },
}

/// Reads a file: Parquet and `GeoJSON` of points where its name ends so, else a table of text. Columns are as `mapping` says, or else as
/// their names say. `tell` hears how much is done, 0–1.
///
/// # Errors
/// [`ReadingsError`] where no reading comes of it.
#[cfg(feature = "import")]
pub fn read(
    file: &str,
    bytes: &[u8],
    mapping: Option<&Mapping>,
    tell: &mut dyn FnMut(f32),
) -> Result<Outcome, ReadingsError> {
    let name = file.to_ascii_lowercase();
    if name.ends_with(".parquet") {
        parquet::read(file, bytes, mapping, tell)
    } else if POINTS.iter().any(|ending| name.ends_with(ending)) {
        geojson::read(file, bytes, mapping, tell)
    } else {
        table::read(file, bytes, mapping, tell)
    }
}
