//! What of an engine's map is shown, and between which ends.

use super::{Layer, ScenarioError, within};
use serde::{Deserialize, Serialize};

/// What of an engine's map is shown. All but the signal are of the sector that is strongest in each cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    /// How much arrives.
    #[default]
    Signal,
    /// How far delays spread about their mean.
    DelaySpread,
    /// Where waves come from in the mean.
    AzimuthOfArrival,
    /// How far directions spread about it.
    AzimuthSpread,
    /// How steeply they come down in the mean.
    ElevationOfArrival,
    /// How far measurements spread around the signal.
    Deviation,
}

impl Aspect {
    /// What the map of a layer shows where this is chosen: the ray tracer tells how paths arrive, the network how sure it is,
    /// and all tell the signal.
    #[must_use]
    pub fn on(self, layer: Layer) -> Self {
        let told_by = if self == Self::Deviation { Layer::Learned } else { Layer::Traced };
        if layer == told_by { self } else { Self::Signal }
    }
}

/// Ends of the legends of what is no signal. Azimuths go all the way round.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Legends {
    /// Nanoseconds.
    pub delay_spread: (f64, f64),
    /// Degrees.
    pub azimuth_spread: (f64, f64),
    /// Degrees above the horizon.
    pub elevation: (f64, f64),
    /// Decibels.
    pub deviation: (f64, f64),
}

impl Default for Legends {
    fn default() -> Self {
        Self {
            delay_spread: (0.0, 200.0),
            azimuth_spread: (0.0, 90.0),
            elevation: (-10.0, 50.0),
            deviation: (4.0, 12.0),
        }
    }
}

impl Legends {
    /// The ends of an aspect's legend that can be moved; none of the signal's and the azimuth's.
    pub(super) fn get_mut(&mut self, aspect: Aspect) -> Option<&mut (f64, f64)> {
        match aspect {
            Aspect::Signal | Aspect::AzimuthOfArrival => None,
            Aspect::DelaySpread => Some(&mut self.delay_spread),
            Aspect::AzimuthSpread => Some(&mut self.azimuth_spread),
            Aspect::ElevationOfArrival => Some(&mut self.elevation),
            Aspect::Deviation => Some(&mut self.deviation),
        }
    }

    /// Checks that each has a lower end below the upper one.
    pub(super) fn validate(&self) -> Result<(), ScenarioError> {
        for (what, (low, high), (least, most)) in [
            ("a legend's end in nanoseconds", self.delay_spread, (0.0, 1e6)),
            ("a legend's end in degrees of spread", self.azimuth_spread, (0.0, 360.0)),
            ("a legend's end in degrees of elevation", self.elevation, (-90.0, 90.0)),
            ("a legend's end in decibels of deviation", self.deviation, (0.0, 100.0)),
        ] {
            within(what, low, least, most - 1.0)?;
            within(what, high, low + 1.0, most)?;
        }
        Ok(())
    }
}
