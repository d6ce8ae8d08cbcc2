//! Quantities that would compile when mixed up: levels, gains, frequencies.
//!
//! Inner loops use bare `f32` and say so; these types guard the doors.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Neg, Sub};

/// Speed of light in vacuum, m/s (SI, exact).
pub const SPEED_OF_LIGHT: f64 = 299_792_458.0;

/// A ratio of powers, in decibels: a gain when positive, a loss when negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Db(pub f64);

/// A power level, in decibels above one milliwatt.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dbm(pub f64);

/// A frequency, in hertz.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hertz(pub f64);

impl Db {
    /// The ratio of powers this gain stands for.
    pub fn linear(self) -> f64 {
        10f64.powf(self.0 / 10.0)
    }

    /// The gain in decibels of a ratio of powers. Zero gives −∞.
    pub fn from_linear(ratio: f64) -> Self {
        Self(10.0 * ratio.log10())
    }
}

impl Hertz {
    /// A frequency given in megahertz.
    pub const fn from_mhz(mhz: f64) -> Self {
        Self(mhz * 1e6)
    }

    /// This frequency in megahertz.
    pub const fn mhz(self) -> f64 {
        self.0 / 1e6
    }

    /// This frequency in gigahertz.
    pub const fn ghz(self) -> f64 {
        self.0 / 1e9
    }

    /// The wavelength in vacuum, in metres.
    pub const fn wavelength(self) -> f64 {
        SPEED_OF_LIGHT / self.0
    }
}

impl Add<Db> for Dbm {
    type Output = Dbm;
    fn add(self, gain: Db) -> Dbm {
        Dbm(self.0 + gain.0)
    }
}

impl Sub<Db> for Dbm {
    type Output = Dbm;
    fn sub(self, loss: Db) -> Dbm {
        Dbm(self.0 - loss.0)
    }
}

impl Sub for Dbm {
    type Output = Db;
    fn sub(self, other: Dbm) -> Db {
        Db(self.0 - other.0)
    }
}

impl Add for Db {
    type Output = Db;
    fn add(self, other: Db) -> Db {
        Db(self.0 + other.0)
    }
}

impl Sub for Db {
    type Output = Db;
    fn sub(self, other: Db) -> Db {
        Db(self.0 - other.0)
    }
}

impl Neg for Db {
    type Output = Db;
    fn neg(self) -> Db {
        Db(-self.0)
    }
}

impl fmt::Display for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} dB", self.0)
    }
}

impl fmt::Display for Dbm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} dBm", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_plus_a_gain_is_a_level() {
        assert_eq!(Dbm(18.0) + Db(8.0) - Db(120.0), Dbm(-94.0));
        assert_eq!(Dbm(-94.0) - Dbm(-90.0), Db(-4.0));
    }

    #[test]
    fn ten_decibels_are_a_factor_of_ten() {
        assert!((Db(10.0).linear() - 10.0).abs() < 1e-12);
        assert!((Db::from_linear(0.5).0 + 3.0103).abs() < 1e-4);
    }

    #[test]
    fn wavelength_at_3_ghz_is_about_ten_centimetres() {
        assert!((Hertz::from_mhz(2997.92458).wavelength() - 0.1).abs() < 1e-12);
    }
}
