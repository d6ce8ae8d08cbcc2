//! How well an engine predicts a measured network, beside the plain formulas that it has to beat.
//!
//! The formulas are fitted on every sector that is not evaluated and not in the held-out fold; nothing is fitted on what
//! is evaluated. Readings farther than [`RANGE`] from their antenna are mostly phones that were located wrongly (their
//! levels depend neither on distance nor on azimuth): the engines say nothing there, and the mean level of such readings
//! in the training sectors stands in for them, so that no reading is dropped in silence.

use super::chengdu::{CellRow, Dataset, HELD_OUT, Knowledge, REFERENCE_POWER, Reading};
use super::engine::RANGE;
use super::features::{Link, Window, WindowFeatures};
use super::land::CELL;
use super::network::{Network, SIDE};
use super::score::{Formula, Regression, Score, Tally};
use crate::engine::EngineError;
use glam::DVec2;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Cells that a tile answers for, on each side: a window less a margin at either end.
const CORE: usize = SIDE - 32;
/// Every how many training sectors the baseline's offset is fitted on.
const OFFSET_STRIDE: usize = 10;

/// The predictor that is looked at.
#[derive(Clone, Debug)]
pub enum Predictor {
    /// The network.
    Learned(Network),
    /// TR 38.901 urban macro with the element's pattern, and one offset fitted on the training sectors.
    Empirical,
}

/// Errors over the readings within reach of the engines, beyond it, and over all.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Report {
    /// Within [`RANGE`] of the antenna.
    pub within: Option<Score>,
    /// Farther away, where a constant stands in.
    pub beyond: Option<Score>,
    /// Both.
    pub all: Option<Score>,
}

/// What came out.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// Sectors that were evaluated.
    pub sectors: usize,
    /// Their readings' number.
    pub readings: usize,
    /// The predictor.
    pub engine: Report,
    /// A constant, fitted on the training sectors.
    pub constant: Report,
    /// Logarithm of the distance and a parabola of the azimuth, fitted on all readings of the training sectors.
    pub log_distance_azimuth: Report,
    /// The same form fitted on their readings within [`RANGE`], with the engine's stand-in beyond: the fairest rival.
    pub log_distance_azimuth_within: Report,
}

/// Evaluates `predictor` on the sectors of `data` whose numbers are in `cells` (the held-out fold without it).
///
/// # Errors
/// [`EngineError::Failed`] where no sector is left, [`EngineError::Model`] where the network fails.
pub fn evaluate(
    data: &Dataset,
    predictor: &Predictor,
    cells: Option<&BTreeSet<i32>>,
    knowledge: Knowledge,
    done: impl Fn() + Sync,
) -> Result<Evaluation, EngineError> {
    let chosen = |s: &CellRow| cells.map_or(s.fold() == HELD_OUT, |c| c.contains(&s.cell));
    let (evaluated, rest): (Vec<&CellRow>, Vec<&CellRow>) = data.sectors.iter().partition(|s| chosen(s));
    let training: Vec<&CellRow> = rest.into_iter().filter(|s| s.fold() != HELD_OUT).collect();
    if evaluated.is_empty() || training.is_empty() {
        return Err(EngineError::Failed("no sector to evaluate, or none to fit the formulas on".into()));
    }
    let yardsticks = Yardsticks::fit(data, &training, knowledge, matches!(predictor, Predictor::Empirical));
    let tallies = evaluated
        .par_iter()
        .map(|sector| {
            let tallies = yardsticks.compare(data, sector, predictor, knowledge);
            done();
            tallies
        })
        .collect::<Result<Vec<_>, _>>()?;
    let report = |kind: usize| {
        let (mut within, mut beyond) = (Tally::default(), Tally::default());
        for tally in &tallies {
            within.merge(&tally[kind][0]);
            beyond.merge(&tally[kind][1]);
        }
        let mut all = within;
        all.merge(&beyond);
        Report { within: within.score(), beyond: beyond.score(), all: all.score() }
    };
    Ok(Evaluation {
        sectors: evaluated.len(),
        readings: evaluated.iter().map(|s| data.readings(s).len()).sum(),
        engine: report(0),
        constant: report(1),
        log_distance_azimuth: report(2),
        log_distance_azimuth_within: report(3),
    })
}

/// What the training sectors say without a network.
struct Yardsticks {
    constant: f64,
    formula: Formula,
    formula_within: Formula,
    beyond: f64,
    /// To be added to the empirical baseline, dB.
    offset: f64,
}

/// Tallies of the engine, the constant and the two formulas, each within [`RANGE`] and beyond.
type Tallies = [[Tally; 2]; 4];

impl Yardsticks {
    fn fit(data: &Dataset, training: &[&CellRow], knowledge: Knowledge, baseline: bool) -> Self {
        let (mut regression, mut regression_within) = (Regression::default(), Regression::default());
        let (mut constant, mut beyond) = (Tally::default(), Tally::default());
        for sector in training {
            for reading in data.readings(sector) {
                let level = f64::from(reading.rsrp);
                regression.add(regressors(sector, reading), level);
                constant.add(level);
                if reading.at.distance(sector.at()) > RANGE {
                    beyond.add(level);
                } else {
                    regression_within.add(regressors(sector, reading), level);
                }
            }
        }
        let mean = |t: &Tally| t.score().map_or(0.0, |s| s.bias);
        let constant = mean(&constant);
        let solved = |r: &Regression| r.solve().unwrap_or(Formula([constant, 0.0, 0.0]));
        let mut offset = Tally::default();
        if baseline {
            for sector in training.iter().step_by(OFFSET_STRIDE) {
                for (reading, predicted) in data.readings(sector).iter().zip(empirical(data, sector, knowledge)) {
                    if let Some(level) = predicted {
                        offset.add(f64::from(reading.rsrp) - level);
                    }
                }
            }
        }
        Self {
            constant,
            formula: solved(&regression),
            formula_within: solved(&regression_within),
            beyond: mean(&beyond),
            offset: mean(&offset),
        }
    }

    fn compare(
        &self,
        data: &Dataset,
        sector: &CellRow,
        predictor: &Predictor,
        knowledge: Knowledge,
    ) -> Result<Tallies, EngineError> {
        let predicted = match predictor {
            Predictor::Learned(network) => learned(data, sector, network, knowledge)?,
            Predictor::Empirical => {
                empirical(data, sector, knowledge).into_iter().map(|p| p.map(|level| level + self.offset)).collect()
            }
        };
        let mut tallies = Tallies::default();
        for (reading, predicted) in data.readings(sector).iter().zip(predicted) {
            let level = f64::from(reading.rsrp);
            let far = usize::from(reading.at.distance(sector.at()) > RANGE);
            tallies[0][far].add(predicted.unwrap_or(self.beyond) - level);
            tallies[1][far].add(self.constant - level);
            tallies[2][far].add(self.formula.at(regressors(sector, reading)) - level);
            let within = if far == 0 { self.formula_within.at(regressors(sector, reading)) } else { self.beyond };
            tallies[3][far].add(within - level);
        }
        Ok(tallies)
    }
}

/// One, the logarithm of the distance, and the horizontal loss of the TR 38.901 element.
fn regressors(sector: &CellRow, reading: &Reading) -> [f64; 3] {
    let d = reading.at - sector.at();
    let off = d.x.atan2(d.y).to_degrees() - f64::from(sector.pointing().azimuth_deg);
    let off = (off + 180.0).rem_euclid(360.0) - 180.0;
    [1.0, d.length().max(CELL.into()).log10(), (12.0 * (off / 65.0).powi(2)).min(30.0)]
}

/// Levels by the baseline, dBm; `None` beyond [`RANGE`].
fn empirical(data: &Dataset, sector: &CellRow, knowledge: Knowledge) -> Vec<Option<f64>> {
    let Some(land) = data.land_around(sector, half(), knowledge) else { return Vec::new() };
    let link = sector.link(&land);
    let level = |r: &Reading| REFERENCE_POWER + f64::from(link.features(r.at.as_vec2()).baseline);
    data.readings(sector).iter().map(|r| (r.at.distance(sector.at()) <= RANGE).then(|| level(r))).collect()
}

/// Levels by the network, dBm; `None` beyond [`RANGE`]. Only the windows that hold readings are run.
fn learned(
    data: &Dataset,
    sector: &CellRow,
    network: &Network,
    knowledge: Knowledge,
) -> Result<Vec<Option<f64>>, EngineError> {
    let readings = data.readings(sector);
    let Some(land) = data.land_around(sector, half(), knowledge) else { return Ok(vec![None; readings.len()]) };
    let link = sector.link(&land);
    let core = CORE as f64 * f64::from(CELL);
    let mut tiles: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
    for (i, reading) in readings.iter().enumerate() {
        let offset = reading.at - sector.at();
        if offset.length() <= RANGE {
            let tile = (offset / core).round().as_i64vec2();
            tiles.entry((tile.x, tile.y)).or_default().push(i);
        }
    }
    let mut predicted = vec![None; readings.len()];
    for ((x, y), inside) in tiles {
        let middle = sector.at() + DVec2::new(x as f64, y as f64) * core;
        let levels = window_levels(&link, Window::around(middle, SIDE), network)?;
        for i in inside {
            let cell = levels.window.locate(readings[i].at);
            predicted[i] = cell.map(|(ix, iy)| REFERENCE_POWER + f64::from(levels.values[iy * SIDE + ix]));
        }
    }
    Ok(predicted)
}

struct Levels {
    window: Window,
    values: Vec<f32>,
}

fn window_levels(link: &Link, window: Window, network: &Network) -> Result<Levels, EngineError> {
    let features = WindowFeatures::of(link, window);
    let correction = network.run(&features)?;
    Ok(Levels { window, values: features.baseline.iter().zip(&correction.mean).map(|(b, c)| b + c).collect() })
}

/// Cells from an antenna to the edge of the land that its windows can see.
fn half() -> u32 {
    (RANGE / f64::from(CELL)) as u32 + SIDE as u32
}
