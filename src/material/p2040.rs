//! Electrical properties of building materials and ground: ITU-R P.2040-3, table 3.

use super::{Complex, Material};
use crate::units::Hertz;
use std::f64::consts::TAU;

/// Permittivity of vacuum, F/m (CODATA 2018).
pub(crate) const EPSILON_0: f64 = 8.854_187_812_8e-12;

/// Row of the table: εr = a·f^b and σ = c·f^d with f in GHz, valid over a range of GHz.
struct Row {
    a: f64,
    b: f64,
    c: f64,
    d: f64,
    valid: (f64, f64),
}

const fn row(valid: (f64, f64), a: f64, b: f64, c: f64, d: f64) -> Row {
    Row { a, b, c, d, valid }
}

/// What a material does to a field at one frequency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Permittivity {
    /// Real part of the relative permittivity, εr.
    pub relative: f64,
    /// Conductivity σ, S/m.
    pub conductivity: f64,
    /// Whether the frequency lies outside the range that the table is valid for, so that its formula was continued.
    pub extrapolated: bool,
}

impl Material {
    /// εr and σ at `frequency`. Outside the material's range the formula is continued from the nearest end, and said so.
    pub fn permittivity(self, frequency: Hertz) -> Permittivity {
        let r = self.row();
        let f = frequency.ghz();
        Permittivity {
            relative: r.a * f.powf(r.b),
            conductivity: r.c * f.powf(r.d),
            extrapolated: f < r.valid.0 || f > r.valid.1,
        }
    }

    const fn row(self) -> Row {
        match self {
            Self::Concrete => row((1.0, 100.0), 5.24, 0.0, 0.0462, 0.7822),
            Self::Brick => row((1.0, 40.0), 3.91, 0.0, 0.0238, 0.16),
            Self::Plasterboard => row((1.0, 100.0), 2.73, 0.0, 0.0085, 0.9395),
            Self::Wood => row((0.001, 100.0), 1.99, 0.0, 0.0047, 1.0718),
            Self::Glass => row((0.1, 100.0), 6.31, 0.0, 0.0036, 1.3394),
            Self::CeilingBoard => row((1.0, 100.0), 1.48, 0.0, 0.0011, 1.0750),
            Self::Chipboard => row((1.0, 100.0), 2.58, 0.0, 0.0217, 0.7800),
            Self::Plywood => row((1.0, 40.0), 2.71, 0.0, 0.33, 0.0),
            Self::Marble => row((1.0, 60.0), 7.074, 0.0, 0.0055, 0.9262),
            Self::Floorboard => row((50.0, 100.0), 3.66, 0.0, 0.0044, 1.3515),
            Self::Metal => row((1.0, 100.0), 1.0, 0.0, 1e7, 0.0),
            Self::VeryDryGround => row((1.0, 10.0), 3.0, 0.0, 0.00015, 2.52),
            Self::MediumDryGround => row((1.0, 10.0), 15.0, -0.1, 0.035, 1.63),
            Self::WetGround => row((1.0, 10.0), 30.0, -0.4, 0.15, 1.30),
        }
    }
}

impl Permittivity {
    /// Complex relative permittivity η = εr − jσ/(ωε₀), for fields that go as e^{+jωt} (P.2040-3 eq. 9).
    pub fn eta(&self, frequency: Hertz) -> Complex {
        Complex::new(self.relative as f32, (-self.conductivity / (TAU * frequency.0 * EPSILON_0)) as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concrete_at_one_gigahertz_has_the_coefficients_of_the_table() {
        let p = Material::Concrete.permittivity(Hertz(1e9));
        assert_eq!((p.relative, p.conductivity, p.extrapolated), (5.24, 0.0462, false));
    }

    #[test]
    fn a_frequency_below_the_range_is_said_to_be_extrapolated() {
        assert!(Material::Concrete.permittivity(Hertz::from_mhz(800.0)).extrapolated);
        assert!(!Material::Wood.permittivity(Hertz::from_mhz(800.0)).extrapolated);
    }
}
