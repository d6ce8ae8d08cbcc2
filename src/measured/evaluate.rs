//! How well an engine predicts a measured network, in figures that leave no reading out.
//!
//! Readings farther than [`RANGE`] from their antenna are mostly phones that were located wrongly (their levels depend neither
//! on distance nor on azimuth): the engines say nothing there, and the mean level of such readings in other sectors stands in
//! for them. So does the mean level of all where an engine says nothing nearer by. Both are counted.

use super::plain::Plain;
use super::predict::{Prediction, Predictor, half};
use super::{Environment, Knowledge, Offsets, RECEIVER, Reading, Sector, Survey};
use crate::engine::EngineError;
use crate::learn::RANGE;
use crate::learn::adapt::{Adaptation, Place};
use crate::learn::land::Land;
use crate::readings::{Score, Tally};
use crate::verdict::mix;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The least share of the way to a receiver over which the land must be known before it is said to be in sight or not.
const SIGHT_KNOWN: f32 = 0.8;
/// Ends of the distance bands, metres.
const BANDS: [(f64, &str); 5] = [
    (200.0, "0.0–0.2 km"),
    (500.0, "0.2–0.5 km"),
    (1000.0, "0.5–1.0 km"),
    (RANGE, "1.0–2.0 km"),
    (f64::INFINITY, "beyond 2 km"),
];
/// A normal distribution's middle 50 % and 90 % lie within so many standard deviations.
const MIDDLE: [f64; 2] = [0.674_49, 1.644_85];

/// What is to be evaluated.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The network.
    pub survey: &'a Survey,
    /// Who predicts.
    pub predictor: &'a Predictor,
    /// The indices of the sectors.
    pub sectors: &'a [usize],
    /// What the predictor is told.
    pub knowledge: Knowledge,
    /// Readings of each sector that it adapts to first; they are not evaluated. At most half of them.
    pub adapt: usize,
}

/// Figures of one group of readings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// What the readings are grouped by.
    pub by: &'static str,
    /// The group.
    pub name: String,
    /// Its figures.
    #[serde(flatten)]
    pub score: Score,
}

/// How far the measurements lie from where they were predicted, beside how far they were said to lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Calibration {
    /// Readings with a spread.
    pub n: u64,
    /// Share within the middle 50 % of what was predicted.
    pub within_50: f64,
    /// Share within the middle 90 %.
    pub within_90: f64,
    /// Root of the mean squared spread, dB.
    pub spread_db: f64,
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Sectors.
    pub sectors: usize,
    /// Figures over all readings that are evaluated.
    #[serde(flatten)]
    pub score: Score,
    /// Those of them for which a mean stands in.
    pub n_no_prediction: u64,
    /// Readings of each sector that were adapted to.
    pub adapt: usize,
    /// Of the spread, where the engine tells one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// Figures of the parts.
    pub groups: Vec<Group>,
}

/// Evaluates; the mean levels that stand in, and the plain formulas, are fitted on the sectors that are not evaluated, where
/// there are any. `done` hears of each sector.
///
/// # Errors
/// [`EngineError::Failed`] where there is no reading, [`EngineError::Model`] where the network fails.
pub fn evaluate(question: &Question, done: impl Fn() + Sync) -> Result<Evaluation, EngineError> {
    let Question { survey, sectors, .. } = question;
    let others: Vec<usize> = (0..survey.sectors.len()).filter(|i| !sectors.contains(i)).collect();
    let plain = Plain::fit(survey, &others);
    let counts = sectors
        .par_iter()
        .map(|index| {
            let counts = question.sector(*index, &plain)?;
            done();
            Ok(counts)
        })
        .collect::<Result<Vec<Counts>, EngineError>>()?;
    let mut all = Counts::default();
    for counts in &counts {
        all.merge(counts);
    }
    let score = all.tally.score().ok_or_else(|| EngineError::Failed("there is no reading to evaluate".into()))?;
    let groups = all.groups.iter();
    let groups = groups.filter_map(|((by, name), tally)| Some(Group { by, name: name.clone(), score: tally.score()? }));
    Ok(Evaluation {
        sectors: sectors.len(),
        score,
        n_no_prediction: all.no_prediction,
        adapt: question.adapt,
        calibration: all.spread.calibration(),
        groups: groups.collect(),
    })
}

/// Everything that is counted, of one sector or of all.
#[derive(Clone, Debug, Default)]
struct Counts {
    tally: Tally,
    groups: BTreeMap<(&'static str, String), Tally>,
    no_prediction: u64,
    spread: Spreads,
}

#[derive(Clone, Copy, Debug, Default)]
struct Spreads {
    n: u64,
    within: [u64; 2],
    squares: f64,
}

impl Spreads {
    fn add(&mut self, error: f64, spread: f64) {
        self.n += 1;
        self.squares += spread * spread;
        for (within, middle) in self.within.iter_mut().zip(MIDDLE) {
            *within += u64::from(error.abs() <= middle * spread);
        }
    }

    fn calibration(&self) -> Option<Calibration> {
        let n = self.n as f64;
        let [within_50, within_90] = self.within.map(|count| count as f64 / n);
        (self.n > 0).then(|| Calibration { n: self.n, within_50, within_90, spread_db: (self.squares / n).sqrt() })
    }
}

impl Counts {
    fn merge(&mut self, other: &Counts) {
        self.tally.merge(&other.tally);
        self.no_prediction += other.no_prediction;
        for (group, tally) in &other.groups {
            self.groups.entry(group.clone()).or_default().merge(tally);
        }
        self.spread.n += other.spread.n;
        self.spread.squares += other.spread.squares;
        for (mine, theirs) in self.spread.within.iter_mut().zip(other.spread.within) {
            *mine += theirs;
        }
    }
}

impl Question<'_> {
    fn sector(&self, index: usize, plain: &Plain) -> Result<Counts, EngineError> {
        let (survey, sector) = (self.survey, &self.survey.sectors[index]);
        let readings = survey.readings(index);
        let land = survey.land_around(sector, half(), Knowledge::All);
        let told = match self.knowledge {
            Knowledge::All => Arc::clone(&land),
            less @ Knowledge::CityArchive => survey.land_around(sector, half(), less),
        };
        let mut predicted = self.predictor.predict(survey, index, &told, plain)?;
        let mut evaluated = vec![true; readings.len()];
        if self.adapt > 0 {
            let chosen = draw(readings.len(), self.adapt.min(readings.len() / 2), index as u64);
            let place = |reading: &Reading| Place { at: reading.at, device: reading.device.into() };
            let error = |i: &usize| Some((place(&readings[*i]), f64::from(readings[*i].rsrp) - predicted[*i]?.level));
            let errors: Vec<(Place, f64)> = chosen.iter().filter_map(error).collect();
            let adaptation = Adaptation::learn(sector.at, survey.offsets == Offsets::None, &errors);
            for (reading, predicted) in readings.iter().zip(&mut predicted) {
                *predicted = predicted.map(|p| {
                    let off = adaptation.error(&place(reading));
                    Prediction { level: p.level + off.mean, spread: Some(off.spread) }
                });
            }
            for i in chosen {
                evaluated[i] = false;
            }
        }
        let stand_in = |reading: &Reading| {
            let far = reading.at.distance(sector.at) > RANGE;
            Prediction::from(if far { plain.beyond } else { plain.constant })
        };
        let mut errors: Vec<(usize, f64)> = Vec::new();
        let mut counts = Counts::default();
        for i in (0..readings.len()).filter(|i| evaluated[*i]) {
            let Prediction { level, .. } = predicted[i].unwrap_or_else(|| stand_in(&readings[i]));
            counts.no_prediction += u64::from(predicted[i].is_none());
            errors.push((i, level - f64::from(readings[i].rsrp)));
        }
        if survey.offsets == Offsets::SectorAndDevice && self.adapt == 0 {
            without_offsets(&mut errors, |i| (readings[i].device, predicted[i].is_some()));
        }
        let environment = Environment::around(sector.at, &land).name();
        let fold = sector.fold.to_string();
        for (i, error) in errors {
            let reading = &readings[i];
            counts.tally.add(error);
            let distance = reading.at.distance(sector.at);
            let band = BANDS.iter().find(|(end, _)| distance <= *end).map_or("", |(_, name)| name);
            let mut groups = vec![("distance", band), ("environment", environment)];
            groups.push(("sight", sight(sector, &land, reading, distance)));
            if survey.offsets == Offsets::SectorAndDevice {
                groups.push(("sector", sector.name.as_str()));
                groups.push(("device", survey.devices.get(usize::from(reading.device)).map_or("", String::as_str)));
            }
            if survey.format == "chengdu" {
                groups.push(("fold", &fold));
            }
            for (by, name) in groups {
                counts.groups.entry((by, name.to_owned())).or_default().add(error);
            }
            if let Some(spread) = predicted[i].and_then(|p| p.spread) {
                counts.spread.add(error, spread);
            }
        }
        Ok(counts)
    }
}

/// Whether a receiver sees the antenna over the roofs that are known.
fn sight(sector: &Sector, land: &Land, reading: &Reading, distance: f64) -> &'static str {
    let (a, b) = (sector.at.as_vec2(), reading.at.as_vec2());
    if distance > RANGE {
        return "too far";
    }
    if land.known_share(a, b) < SIGHT_KNOWN {
        return "unknown";
    }
    let base = a.extend(land.ground_at(a) + sector.height);
    let user = b.extend(land.ground_at(b) + RECEIVER);
    if land.obstacles().clear(base, user) { "LOS" } else { "NLOS" }
}

/// Takes the mean error of each kind of reading away from them.
fn without_offsets<K: Ord>(errors: &mut [(usize, f64)], kind: impl Fn(usize) -> K) {
    let mut tallies: BTreeMap<K, Tally> = BTreeMap::new();
    for (i, error) in errors.iter() {
        tallies.entry(kind(*i)).or_default().add(*error);
    }
    for (i, error) in errors {
        *error -= tallies[&kind(*i)].score().map_or(0.0, |s| s.bias_db);
    }
}

/// `count` of `n` numbers, drawn without repetition, the same every time for a `seed`.
fn draw(n: usize, count: usize, seed: u64) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..n).collect();
    for i in 0..count.min(n) {
        let left = (n - i) as u64;
        let j = i + (mix(mix(seed) ^ i as u64) % left) as usize;
        numbers.swap(i, j);
    }
    numbers.truncate(count);
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_drawn_is_in_range_and_no_number_twice(n in 0usize..500, count in 0usize..500, seed: u64) {
            let mut drawn = draw(n, count.min(n), seed);
            prop_assert_eq!(drawn.len(), count.min(n));
            drawn.sort_unstable();
            drawn.dedup();
            prop_assert_eq!(drawn.len(), count.min(n));
            prop_assert!(drawn.iter().all(|i| *i < n));
        }
    }
}
