//! What a calibration may change, and what is believed of it beforehand.

use crate::material::Material;
use crate::trace::store::{Parameter, SignalModel};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// Highest scattering coefficient that is looked for: at 1 nothing is mirrored any more.
const MOST_SCATTERED: f64 = 0.9;

/// A number that a calibration looks for. Sectors and devices are known by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Unknown {
    /// The factor to a material's relative permittivity εr, at all frequencies.
    Permittivity(Material),
    /// The factor to a material's conductivity σ, at all frequencies.
    Conductivity(Material),
    /// A material's scattering coefficient S.
    Scattering(Material),
    /// What a sector radiates more than its power says, dB.
    Power(u32),
    /// What is to be added to a sector's azimuth, degrees.
    Azimuth(u32),
    /// What is to be added to a sector's downtilt, degrees.
    Downtilt(u32),
    /// The factor to a sector's half-power beamwidth in azimuth.
    Horizontal(u32),
    /// The factor to a sector's half-power beamwidth in elevation.
    Vertical(u32),
    /// What a device reads more than others, dB.
    Device(u32),
    /// The factor to the heights of buildings that are assumed.
    Heights,
}

/// Kinds of unknowns to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Sought {
    /// Powers of sectors.
    pub power: bool,
    /// Azimuths and downtilts of sectors.
    pub pointing: bool,
    /// Beamwidths of sectors that have a direction.
    pub beamwidths: bool,
    /// Permittivities of materials.
    pub permittivity: bool,
    /// Conductivities of materials.
    pub conductivity: bool,
    /// Scattering coefficients of materials: what they take from mirrored waves, while what they give back is in maps alone.
    pub scattering: bool,
    /// What devices read more than the one with most readings.
    pub devices: bool,
    /// Heights of buildings that are assumed, for which everything is traced anew.
    pub heights: bool,
}

impl Default for Sought {
    fn default() -> Self {
        Self {
            power: true,
            pointing: true,
            beamwidths: false,
            permittivity: true,
            conductivity: false,
            scattering: false,
            devices: true,
            heights: false,
        }
    }
}

/// What is believed of an unknown beforehand. Numbers are as the solver has them: nothing is changed at 0, and factors are
/// logarithms.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Prior {
    /// Standard deviation.
    pub deviation: f64,
    /// What it may be.
    pub range: RangeInclusive<f64>,
}

impl Unknown {
    /// The number of the sector that it is of; none where it is of all.
    pub const fn sector(self) -> Option<u32> {
        match self {
            Self::Power(sector)
            | Self::Azimuth(sector)
            | Self::Downtilt(sector)
            | Self::Horizontal(sector)
            | Self::Vertical(sector) => Some(sector),
            _ => None,
        }
    }

    /// The material that it is of.
    pub const fn material(self) -> Option<Material> {
        match self {
            Self::Permittivity(material) | Self::Conductivity(material) | Self::Scattering(material) => Some(material),
            _ => None,
        }
    }

    /// Whether it is a number of this sector's signal model: offsets of devices and heights are of none.
    pub(super) fn is_of(self, sector: u32) -> bool {
        !matches!(self, Self::Device(_) | Self::Heights) && self.sector().is_none_or(|own| own == sector)
    }

    /// The parameter of a sector's signal model that it changes.
    pub(super) const fn parameter(self) -> Parameter {
        match self {
            Self::Permittivity(material) => Parameter::Relative(material),
            Self::Conductivity(material) => Parameter::Conductivity(material),
            Self::Scattering(material) => Parameter::Scattering(material),
            Self::Power(_) => Parameter::Offset,
            Self::Azimuth(_) => Parameter::Azimuth,
            Self::Downtilt(_) => Parameter::Downtilt,
            Self::Horizontal(_) => Parameter::Horizontal,
            Self::Vertical(_) => Parameter::Vertical,
            Self::Device(_) | Self::Heights => Parameter::ReceiverOffset,
        }
    }

    /// Whether it is a factor.
    pub const fn is_factor(self) -> bool {
        matches!(
            self,
            Self::Permittivity(_) | Self::Conductivity(_) | Self::Horizontal(_) | Self::Vertical(_) | Self::Heights
        )
    }

    /// What is believed of it, where the sectors that it changes are these.
    ///
    /// Walls that are called by one name differ: of the permittivities of concrete and brick that ITU-R P.2040 is made from,
    /// those of different samples lie about a third apart, conductivities a factor of two. Masts are surveyed to some degrees.
    /// Cables, loads and bodies cost decibels that nobody knows.
    pub(super) fn prior<'a>(self, models: impl Iterator<Item = &'a SignalModel>) -> Prior {
        // The least and the greatest of the parameter among the sectors.
        let values = models.map(|model| model.value(self.parameter()));
        let (least, most) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
        let known = least.is_finite() && most.is_finite();
        let (least, most) = if known { (least, most) } else { (0.0, 0.0) };
        let (deviation, low, high) = match self {
            // εr stays above 1.
            Self::Permittivity(_) => (0.3, (1.01 / least.max(1.01)).ln().max(-1.1), 1.1),
            Self::Conductivity(_) => (0.7, -3.5, 3.5),
            Self::Scattering(_) => (0.2, -least, (MOST_SCATTERED - most).max(0.0)),
            Self::Power(_) => (15.0, -60.0, 60.0),
            Self::Azimuth(_) => (15.0, -90.0, 90.0),
            Self::Downtilt(_) => (5.0, (-45.0 - least).min(0.0), (45.0 - most).max(0.0)),
            // Panels are from 30 to 120 degrees wide.
            Self::Horizontal(_) | Self::Vertical(_) => (0.3, -1.2, 1.2),
            Self::Device(_) => (5.0, -30.0, 30.0),
            // Blocks have a storey or two more or less than their neighbours.
            Self::Heights => (0.3, -0.6, 0.6),
        };
        Prior { deviation, range: low..=high }
    }

    /// The value that a change makes of a parameter.
    pub(super) fn changed(self, before: f64, change: f64) -> f64 {
        if self.is_factor() { before * change.exp() } else { before + change }
    }

    /// The derivative of that by the change.
    pub(super) fn by_change(self, value: f64) -> f64 {
        if self.is_factor() { value } else { 1.0 }
    }

    /// A change as it is told: a factor, or what is added.
    pub(super) fn told(self, change: f64) -> f64 {
        if self.is_factor() { change.exp() } else { change }
    }
}
