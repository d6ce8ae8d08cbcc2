//! Measured networks: sectors, readings of their levels, and what is known of the land around them. [`chengdu`] and [`duke`]
//! read the two data sets that the project is judged on, and any other in their layouts; [`evaluate`] tells how well an engine
//! predicts one, also after it has learned from a sector's own readings ([`crate::learn::adapt`]).

pub mod chengdu;
pub mod duke;
pub mod evaluate;
pub mod export;
pub mod plain;
mod predict;
pub mod raster;
pub mod simulate;
pub mod study;

pub use predict::Predictor;

use crate::antenna::{Pattern, Pointing, Polarisation};
use crate::city::City;
use crate::learn::features::Link;
use crate::learn::land::{CELL, Land};
use crate::units::Hertz;
use glam::DVec2;
use raster::Raster;
use std::path::PathBuf;
use std::sync::Arc;

/// Receiver height, metres: a phone in a hand.
pub const RECEIVER: f32 = 1.5;
/// Half the side of the square around a sector that tells its environment, cells: 500 m.
const ENVIRONMENT_HALF: u32 = (500.0 / CELL) as u32;
/// The least share of that square that has to be known.
const ENVIRONMENT_KNOWN: f64 = 0.02;

/// Why a data set can't be used.
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

/// One sector.
#[derive(Clone, Debug, PartialEq)]
pub struct Sector {
    /// What the tables call it.
    pub name: String,
    /// Where it stands, local metres.
    pub at: DVec2,
    /// Antenna above the ground, metres.
    pub height: f32,
    /// Degrees from north, clockwise.
    pub azimuth_deg: f32,
    /// Both tilts together, degrees below the horizon.
    pub downtilt_deg: f32,
    /// Carrier frequency.
    pub frequency: Hertz,
    /// The fold of the block that it stands in: all sectors of a block go to the same side of a split.
    pub fold: u64,
    /// Altitude of the ground that it stands on, metres.
    pub ground: f32,
}

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Where, local metres.
    pub at: DVec2,
    /// RSRP, dBm.
    pub rsrp: f32,
    /// Number of the device among the survey's.
    pub device: u16,
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

/// How densely the land around a sector is built up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Environment {
    /// At least 4 m of building over each point of the known land within 500 m, on average.
    Urban,
    /// At least 2 m.
    Suburban,
    /// Less.
    Rural,
    /// Hardly any of that land is known.
    Unknown,
}

impl Environment {
    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Environment::Urban => "urban",
            Environment::Suburban => "suburban",
            Environment::Rural => "rural",
            Environment::Unknown => "unknown",
        }
    }

    /// The environment around a place, of a land that reaches at least 500 m from there.
    pub fn around(at: DVec2, land: &Land) -> Self {
        let (mut known, mut volume, mut all) = (0.0, 0.0, 0.0);
        let half = i32::try_from(ENVIRONMENT_HALF).unwrap_or_default();
        for iy in -half..=half {
            for ix in -half..=half {
                let p = at + DVec2::new(f64::from(ix), f64::from(iy)) * f64::from(CELL);
                let cell = land.at(p.as_vec2());
                all += 1.0;
                if cell.known {
                    known += 1.0;
                    volume += f64::from(cell.roof);
                }
            }
        }
        match volume / known {
            _ if known < ENVIRONMENT_KNOWN * all => Environment::Unknown,
            depth if depth >= 4.0 => Environment::Urban,
            depth if depth >= 2.0 => Environment::Suburban,
            _ => Environment::Rural,
        }
    }
}

/// What the readings of a sector have in common that nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offsets {
    /// Nothing: powers are known as far as they matter.
    None,
    /// A level for each sector and device, as neither radiated powers nor the devices' offsets are known: it is fitted on all
    /// of their readings before errors are counted.
    SectorAndDevice,
}

/// A measured network.
#[derive(Debug)]
pub struct Survey {
    /// The layout that it was read from.
    pub format: &'static str,
    /// The sectors, in the order of the table.
    pub sectors: Vec<Sector>,
    /// The devices' names; one without a name where the tables tell none.
    pub devices: Vec<String>,
    /// The power that every sector is taken to have, dBm of a reference signal.
    pub power: f64,
    /// What is not known of the levels.
    pub offsets: Offsets,
    /// The readings of each sector.
    readings: Vec<Vec<Reading>>,
    surroundings: Surroundings,
}

/// What is known of the land.
#[derive(Debug)]
enum Surroundings {
    /// Heights of ground and roofs where somebody measured.
    Raster(Raster),
    /// Buildings on flat ground.
    City { city: Box<City>, land: Arc<Land> },
}

impl Sector {
    /// How it is pointed, with the three-dimensional element of TR 38.901.
    pub fn pointing(&self) -> Pointing {
        Pointing {
            polarisation: Polarisation::default(),
            pattern: Pattern::Tr38901,
            azimuth_deg: self.azimuth_deg,
            downtilt_deg: self.downtilt_deg,
            ..Pointing::ISOTROPIC
        }
    }

    /// A link from it over `land`.
    pub fn link<'a>(&self, land: &'a Land) -> Link<'a> {
        Link {
            land,
            at: self.at,
            height: self.height,
            pointing: self.pointing(),
            frequency: self.frequency,
            receiver: RECEIVER,
        }
    }
}

impl Survey {
    /// The readings of the sector with this index, in the order of the table.
    pub fn readings(&self, sector: usize) -> &[Reading] {
        self.readings.get(sector).map_or(&[], Vec::as_slice)
    }

    /// The land within `half` cells of a sector, as far as `knowledge` goes; its datum is the ground that the sector stands on.
    pub fn land_around(&self, sector: &Sector, half: u32, knowledge: Knowledge) -> Arc<Land> {
        match &self.surroundings {
            Surroundings::Raster(raster) => Arc::new(raster.land_around(sector, half, knowledge)),
            Surroundings::City { land, .. } => Arc::clone(land),
        }
    }

    /// The buildings within `reach` metres of a sector, and where it stands among them.
    pub fn city_around(&self, sector: &Sector, reach: f64) -> (std::borrow::Cow<'_, City>, DVec2) {
        match &self.surroundings {
            Surroundings::Raster(raster) => {
                (std::borrow::Cow::Owned(raster.city_around(sector.at, reach)), DVec2::ZERO)
            }
            Surroundings::City { city, .. } => (std::borrow::Cow::Borrowed(&**city), sector.at),
        }
    }
}
