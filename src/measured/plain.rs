//! The plain formulas that a model has to beat, fitted on sectors that are not evaluated.

use super::{Reading, Sector, Survey};
use crate::learn::RANGE;
use crate::learn::land::CELL;
use crate::readings::Tally;
use serde::Serialize;

/// What the readings of other sectors say, without a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plain {
    /// Their mean, dBm.
    pub constant: f64,
    /// Their mean beyond [`RANGE`], dBm.
    pub beyond: f64,
    /// One, the logarithm of the distance, and the horizontal loss of the element to dBm.
    pub formula: Formula,
}

/// Fitted on all 3,457 sectors of the network of Chengdu, for surveys that have no sector beside those evaluated.
const CHENGDU: Plain = Plain { constant: -91.8142, beyond: -95.7775, formula: Formula([-58.2981, -13.4951, -0.1754]) };

impl Plain {
    /// Fits on the sectors with these indices; without any, what the network of Chengdu says as a whole.
    pub fn fit(survey: &Survey, sectors: &[usize]) -> Self {
        let mut regression = Regression::default();
        let (mut constant, mut beyond) = (Tally::default(), Tally::default());
        for index in sectors {
            let sector = &survey.sectors[*index];
            for reading in survey.readings(*index) {
                let level = f64::from(reading.rsrp);
                constant.add(level);
                if reading.at.distance(sector.at) > RANGE {
                    beyond.add(level);
                } else {
                    regression.add(regressors(sector, reading), level);
                }
            }
        }
        let Some(mean) = constant.score().map(|s| s.bias_db) else { return CHENGDU };
        Self {
            constant: mean,
            beyond: beyond.score().map_or(mean, |s| s.bias_db),
            formula: regression.solve().unwrap_or(Formula([mean, 0.0, 0.0])),
        }
    }

    /// The formula's level, dBm; beyond [`RANGE`] the mean of such readings.
    pub fn level(&self, sector: &Sector, reading: &Reading) -> f64 {
        if reading.at.distance(sector.at) > RANGE { self.beyond } else { self.formula.at(regressors(sector, reading)) }
    }
}

/// One, the logarithm of the distance, and the horizontal loss of the TR 38.901 element.
fn regressors(sector: &Sector, reading: &Reading) -> [f64; 3] {
    let d = reading.at - sector.at;
    let off = d.x.atan2(d.y).to_degrees() - f64::from(sector.azimuth_deg);
    let off = (off + 180.0).rem_euclid(360.0) - 180.0;
    [1.0, d.length().max(CELL.into()).log10(), (12.0 * (off / 65.0).powi(2)).min(30.0)]
}

/// Least squares over three regressors, by the normal equations.
#[derive(Clone, Copy, Debug, Default)]
pub struct Regression {
    moments: [[f64; 4]; 3],
}

/// What a [`Regression`] found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Formula(pub [f64; 3]);

impl Regression {
    /// Takes in one observation.
    pub fn add(&mut self, regressors: [f64; 3], observed: f64) {
        for (row, a) in self.moments.iter_mut().zip(regressors) {
            for (moment, b) in row.iter_mut().zip([regressors[0], regressors[1], regressors[2], observed]) {
                *moment += a * b;
            }
        }
    }

    /// The coefficients; `None` where the observations don't determine them.
    pub fn solve(&self) -> Option<Formula> {
        let mut m = self.moments;
        for pivot in 0..3 {
            let best = (pivot..3).max_by(|a, b| m[*a][pivot].abs().total_cmp(&m[*b][pivot].abs()))?;
            m.swap(pivot, best);
            let scale = m[pivot][pivot];
            if scale.abs() < 1e-9 {
                return None;
            }
            for row in 0..3 {
                if row != pivot {
                    let factor = m[row][pivot] / scale;
                    let above = m[pivot];
                    for (x, a) in m[row].iter_mut().zip(above) {
                        *x -= factor * a;
                    }
                }
            }
        }
        Some(Formula([m[0][3] / m[0][0], m[1][3] / m[1][1], m[2][3] / m[2][2]]))
    }
}

impl Formula {
    /// The formula's value.
    pub fn at(&self, regressors: [f64; 3]) -> f64 {
        self.0.iter().zip(regressors).map(|(c, x)| c * x).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_regression_finds_the_formula_behind_noiseless_observations(a in -9.0..9.0f64, b in -9.0..9.0f64, c in -9.0..9.0f64) {
            let mut regression = Regression::default();
            for i in 0..40 {
                let x = [1.0, f64::from(i) * 0.1, (f64::from(i) * 0.7).sin()];
                regression.add(x, a * x[0] + b * x[1] + c * x[2]);
            }
            let found = regression.solve().expect("determined").0;
            for (f, t) in found.iter().zip([a, b, c]) {
                prop_assert!((f - t).abs() < 1e-6, "{found:?}");
            }
        }
    }

    #[test]
    fn observations_of_one_kind_determine_nothing() {
        let mut regression = Regression::default();
        for _ in 0..5 {
            regression.add([1.0, 2.0, 3.0], 4.0);
        }
        assert_eq!(regression.solve(), None);
    }
}
