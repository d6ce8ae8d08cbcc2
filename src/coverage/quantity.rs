//! What the numbers of a map are, and how each of them is shown.

use super::colour::Scale;
use crate::scenario::Aspect;
use serde::{Deserialize, Serialize};

/// What the numbers of a map are.
///
/// Those of arrival ([`Quantity::ARRIVAL`]) are of the strongest sector of each cell, over the paths that its level is the
/// sum of, weighted with their powers at the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantity {
    /// Received over transmitted power between isotropic antennas, dB.
    PathGain,
    /// Reference-signal received power, dBm.
    Rsrp,
    /// One engine's RSRP less another's, dB.
    Difference,
    /// RMS delay spread, nanoseconds.
    DelaySpread,
    /// Mean azimuth of arrival, degrees clockwise from north: where the waves come from.
    AzimuthOfArrival,
    /// Azimuth spread of arrival, degrees.
    AzimuthSpread,
    /// Mean elevation of arrival, degrees above the horizon.
    ElevationOfArrival,
    /// Standard deviation of measurements around a predicted level, dB.
    Deviation,
}

impl Quantity {
    /// How paths arrive, in the order in which engines tell it.
    pub const ARRIVAL: [Self; 4] =
        [Self::DelaySpread, Self::AzimuthOfArrival, Self::AzimuthSpread, Self::ElevationOfArrival];

    /// Its name, as in a sentence.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PathGain => "path gain",
            Self::Rsrp => "RSRP",
            Self::Difference => "difference",
            Self::DelaySpread => "RMS delay spread",
            Self::AzimuthOfArrival => "azimuth of arrival",
            Self::AzimuthSpread => "azimuth spread of arrival",
            Self::ElevationOfArrival => "elevation of arrival",
            Self::Deviation => "standard deviation",
        }
    }

    /// Its unit.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::PathGain | Self::Difference | Self::Deviation => "dB",
            Self::Rsrp => "dBm",
            Self::DelaySpread => "ns",
            Self::AzimuthOfArrival | Self::AzimuthSpread | Self::ElevationOfArrival => "°",
        }
    }

    /// The scale for maps of it: one for levels, another for what is no level, and a ring for what comes round to its start.
    pub const fn scale(self) -> Scale {
        match self {
            Self::PathGain | Self::Rsrp => Scale::Viridis,
            Self::Difference => Scale::CoolWarm,
            Self::DelaySpread | Self::AzimuthSpread | Self::ElevationOfArrival | Self::Deviation => Scale::Cividis,
            Self::AzimuthOfArrival => Scale::Twilight,
        }
    }

    /// Whether it is a power or a ratio of powers, of which there are differences in dB.
    pub const fn is_level(self) -> bool {
        matches!(self, Self::PathGain | Self::Rsrp)
    }

    /// Whether it comes round to its start: neither order nor median, but a direction.
    pub const fn is_cyclic(self) -> bool {
        matches!(self, Self::AzimuthOfArrival)
    }

    /// A value with its unit, as a reader wants it.
    pub fn tell(self, value: f32) -> String {
        match self {
            Self::PathGain | Self::Rsrp | Self::Deviation => format!("{value:.1} {}", self.unit()),
            Self::Difference => format!("{value:+.1} dB"),
            Self::DelaySpread if value < 100.0 => format!("{value:.1} ns"),
            Self::DelaySpread => format!("{value:.0} ns"),
            // 359.7° is 0°, not 360°.
            Self::AzimuthOfArrival => format!("{:.0}°", value.round().rem_euclid(360.0)),
            Self::AzimuthSpread => format!("{value:.1}°"),
            Self::ElevationOfArrival => format!("{value:+.1}°"),
        }
    }
}

impl From<Aspect> for Quantity {
    fn from(aspect: Aspect) -> Self {
        match aspect {
            Aspect::Signal => Self::Rsrp,
            Aspect::DelaySpread => Self::DelaySpread,
            Aspect::AzimuthOfArrival => Self::AzimuthOfArrival,
            Aspect::AzimuthSpread => Self::AzimuthSpread,
            Aspect::ElevationOfArrival => Self::ElevationOfArrival,
            Aspect::Deviation => Self::Deviation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_with_their_units() {
        let told = [
            (Quantity::Rsrp, -87.25, "-87.2 dBm"),
            (Quantity::Difference, 3.0, "+3.0 dB"),
            (Quantity::DelaySpread, 43.21, "43.2 ns"),
            (Quantity::DelaySpread, 1234.4, "1234 ns"),
            (Quantity::AzimuthOfArrival, 359.7, "0°"),
            (Quantity::AzimuthSpread, 31.04, "31.0°"),
            (Quantity::ElevationOfArrival, 12.0, "+12.0°"),
            (Quantity::Deviation, 7.12, "7.1 dB"),
        ];
        for (quantity, value, expected) in told {
            assert_eq!(quantity.tell(value), expected);
        }
    }

    #[test]
    fn what_comes_round_has_the_same_colour_at_both_ends_and_nothing_else_has() {
        for quantity in Quantity::ARRIVAL {
            let ends = [0.0, 1.0].map(|t| quantity.scale().rgb(t));
            assert_eq!(ends[0] == ends[1], quantity.is_cyclic(), "{quantity:?}");
        }
    }
}
