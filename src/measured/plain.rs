//! The plain formulas that a model has to beat, fitted on sectors that are not evaluated.

use super::score::{Formula, Regression, Tally};
use super::{Reading, Sector, Survey};
use crate::learn::RANGE;
use crate::learn::land::CELL;

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
