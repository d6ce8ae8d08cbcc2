//! What a wave loses on its way into a building: Recommendation ITU-R P.2109-2.
//!
//! The loss is that of a place somewhere inside, below the level just outside of the building's lit face at the same
//! height; it knows neither rooms nor how far inside the place is. Its spread over buildings and places is that of two
//! combined lognormal variables.

use crate::scenario::{BuildingEntry, Construction};
use crate::units::Hertz;

/// What a degree of elevation costs, dB.
const A_DEGREE: f64 = 0.212;
/// C of the formula, dB: the least that is lost, about.
const LEAST: f64 = -3.0;

/// The entry loss at one frequency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EntryLoss {
    /// A(P) for a level path, and B(P), dB.
    level: f64,
    other: f64,
}

impl EntryLoss {
    /// That of `entry` at `frequency`, for 80 MHz–100 GHz.
    pub fn new(entry: BuildingEntry, frequency: Hertz) -> Self {
        // Table 1 of the Recommendation.
        let [r, s, t, u, v, w, x, y, z] = match entry.construction {
            Construction::Traditional => [12.64, 3.72, 0.96, 9.6, 2.0, 9.1, -3.0, 4.5, -2.0],
            Construction::ThermallyEfficient => [28.19, -3.0, 8.48, 13.5, 3.8, 27.8, -2.9, 9.4, -2.1],
        };
        let f = frequency.ghz().log10();
        let deviations = standard_normal(entry.probability);
        let (median, sigma) = (r + s * f + t * f * f, u + v * f);
        let (other_median, other_sigma) = (w + x * f, y + z * f);
        Self { level: deviations * sigma + median, other: deviations * other_sigma + other_median }
    }

    /// dB, for a path that meets the façade `elevation` degrees above or below the horizontal.
    pub fn at(&self, elevation: f64) -> f64 {
        let power = |db: f64| 10f64.powf(0.1 * db);
        let sum = power(self.level + A_DEGREE * elevation.abs()) + power(self.other) + power(LEAST);
        10.0 * sum.log10()
    }
}

/// How many standard deviations above its mean a normal variable is exceeded with probability 1 − `p`, 0 < `p` < 1: the
/// inverse of its distribution, right to a relative 1.2·10⁻⁹ (P. J. Acklam, 2003).
fn standard_normal(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969683028665376e1,
        2.209460984245205e2,
        -2.759285104469687e2,
        1.38357751867269e2,
        -3.066479806614716e1,
        2.506628277459239,
    ];
    const B: [f64; 6] = [
        -5.447609879822406e1,
        1.615858368580409e2,
        -1.556989798598866e2,
        6.680131188771972e1,
        -1.328068155288572e1,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784894002430293e-3,
        -3.223964580411365e-1,
        -2.400758277161838,
        -2.549732539343734,
        4.374664141464968,
        2.938163982698783,
    ];
    const D: [f64; 5] = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1.0];
    /// Below this, and above 1 less it, the tails have a formula of their own.
    const TAIL: f64 = 0.02425;
    let polynomial = |factors: &[f64], x: f64| factors.iter().fold(0.0, |sum, factor| sum * x + factor);
    let tail = |p: f64| {
        let q = (-2.0 * p.ln()).sqrt();
        polynomial(&C, q) / polynomial(&D, q)
    };
    if p < TAIL {
        tail(p)
    } else if p > 1.0 - TAIL {
        -tail(1.0 - p)
    } else {
        let q = p - 0.5;
        q * polynomial(&A, q * q) / polynomial(&B, q * q)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn loss(construction: Construction, ghz: f64, probability: f64, elevation: f64) -> f64 {
        EntryLoss::new(BuildingEntry { construction, probability }, Hertz(ghz * 1e9)).at(elevation)
    }

    #[test]
    fn losses_are_those_of_the_workbook_of_itu_study_group_3() {
        // "Clutter and BEL workbook", which gives three digits: frequency, share of places, elevation, both constructions.
        for (ghz, percent, elevation, traditional, efficient) in [
            (28.0, 0.1, 0.0, 1.671, 4.774),
            (28.0, 1.0, 0.0, 2.769, 9.369),
            (28.0, 10.0, 0.0, 6.891, 19.484),
            (28.0, 99.77001, 0.0, 55.440, 95.448),
            (2.0, 1.0, 45.0, 3.508, 8.605),
            (2.0, 10.0, 45.0, 11.251, 20.566),
            (2.0, 99.77001, 45.0, 52.300, 79.101),
        ] {
            for (construction, expected) in
                [(Construction::Traditional, traditional), (Construction::ThermallyEfficient, efficient)]
            {
                let found = loss(construction, ghz, percent / 100.0, elevation);
                assert!((found - expected).abs() < 2e-3, "{construction:?} {ghz} GHz {percent} %: {found} {expected}");
            }
        }
    }

    #[test]
    fn the_median_at_one_gigahertz_is_the_sum_of_the_first_coefficients() {
        // lg f = 0 and no deviation: 10 lg(10^1.264 + 10^0.91 + 10^−0.3) = 14.313 dB.
        assert!((loss(Construction::Traditional, 1.0, 0.5, 0.0) - 14.313).abs() < 1e-3);
        assert!((loss(Construction::ThermallyEfficient, 1.0, 0.5, 0.0) - 31.011).abs() < 1e-3);
    }

    #[test]
    fn normal_quantiles_are_those_of_the_tables() {
        for (p, expected) in [(0.5, 0.0), (0.975, 1.959_963_985), (0.01, -2.326_347_874), (0.841_344_746, 1.0)] {
            assert!((standard_normal(p) - expected).abs() < 1e-8, "{p}");
        }
    }

    proptest! {
        #[test]
        fn more_places_steeper_paths_and_insulation_cost_more(
            ghz in 0.08..100.0f64, p in 0.005..0.98f64, elevation in 0.0..80.0f64,
        ) {
            for construction in [Construction::Traditional, Construction::ThermallyEfficient] {
                let here = loss(construction, ghz, p, elevation);
                prop_assert!(loss(construction, ghz, p + 0.01, elevation) > here);
                prop_assert!(loss(construction, ghz, p, elevation + 1.0) > here);
                prop_assert_eq!(loss(construction, ghz, p, -elevation), here);
            }
            let half = |construction| loss(construction, ghz, 0.5, elevation);
            prop_assert!(half(Construction::ThermallyEfficient) > half(Construction::Traditional));
        }
    }
}
