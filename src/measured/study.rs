//! The comparison that Farfield is about, over many measured sectors: on the readings of each, every engine as it is, the ray
//! tracer calibrated and the network adapted, each judged on blocks of land that it has not learned from ([`crate::verdict`]).

use super::plain::Plain;
use super::predict::{half, staged};
use super::{Environment, Knowledge, Offsets, Predictor, Survey};
use crate::engine::{EngineError, Job};
use crate::learn::RANGE;
use crate::learn::adapt::Place;
use crate::trace::Tracer;
use crate::trace::calibrate::{CalibrationError, Heard, Sought};
use crate::verdict::learned::{Levels, adapted};
use crate::verdict::{Method, Trial, Verdict, traced};
use pollster::block_on;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Instant;

/// Fewest readings of a sector within the engines' range: of fewer no folds can be made that tell anything.
pub const FEWEST: usize = 100;
/// Most readings of a sector: of more every so-manieth is taken.
const MOST: usize = 4000;

/// What came of one sector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The sector's name.
    pub sector: String,
    /// How densely the land around it is built up.
    pub environment: String,
    /// How each method did.
    pub verdict: Verdict,
}

/// Figures of one method over a group of sectors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// The method.
    pub method: &'static str,
    /// The environment; all where there is none.
    pub environment: Option<String>,
    /// Sectors.
    pub sectors: usize,
    /// Readings.
    pub n: u64,
    /// Over all of their readings, dB.
    pub rmse_db: f64,
    /// Likewise.
    pub mae_db: f64,
    /// Likewise, without each sector's own mean error.
    pub sd_db: f64,
    /// Sectors where it has the smallest RMSE of all methods.
    pub best_in: usize,
    /// Median over the sectors of the seconds that it took on one thread.
    pub seconds: f64,
}

/// A point of the curve of errors by the number of readings learned from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CurvePoint {
    /// The method.
    pub method: &'static str,
    /// Readings that it learned from; all of the other folds where there is none.
    pub learned_from: Option<u32>,
    /// Sectors that have so many.
    pub sectors: usize,
    /// Over all of their readings, dB.
    pub rmse_db: f64,
}

/// Tries all engines on the sector with this index; nothing where it has fewer than [`FEWEST`] readings in range.
///
/// # Errors
/// [`EngineError`] where an engine fails.
pub fn study(survey: &Survey, index: usize, network: &Predictor) -> Result<Option<Outcome>, EngineError> {
    let (sector, all) = (&survey.sectors[index], survey.readings(index));
    let near: Vec<usize> = (0..all.len()).filter(|i| all[*i].at.distance(sector.at) <= RANGE).collect();
    let chosen: Vec<usize> = near.iter().copied().step_by(near.len().div_ceil(MOST).max(1)).collect();
    if chosen.len() < FEWEST {
        return Ok(None);
    }
    let (city, scenario, mast) = staged(survey, sector, all);
    let local = |i: usize| mast + (all[i].at - sector.at);
    let heard = |i: &usize| Heard {
        at: city.frame.to_lonlat(local(*i)),
        level: all[*i].rsrp.into(),
        sector: 0,
        device: all[*i].device.into(),
    };
    let (trial, folds) = Trial::new(chosen.iter().map(heard).collect(), Sought::default());
    let clock = Instant::now();
    let now = || clock.elapsed().as_secs_f64();
    let failed = |error: CalibrationError| match error {
        CalibrationError::Engine(error) => error,
        other => EngineError::Failed(other.to_string()),
    };
    let job = &mut Job::silent();
    let traced = block_on(traced::runs(&mut Tracer::cpu(), &city, &scenario, &trial, now, job)).map_err(failed)?;
    let start = now();
    let land = survey.land_around(sector, half(), Knowledge::All);
    // Nothing stands in where the network says nothing.
    let plain = Plain::fit(survey, &[]);
    let predicted = network.predict(survey, index, &land, &plain)?;
    let level = |i: &usize| predicted[*i].map_or(f32::NAN, |p| p.level as f32);
    let levels = Levels {
        levels: chosen.iter().map(level).collect(),
        seconds: now() - start,
        power_known: survey.offsets == Offsets::None,
    };
    let places: Vec<Place> = chosen.iter().map(|i| Place { at: local(*i), device: all[*i].device.into() }).collect();
    let learned = block_on(adapted(levels, &[mast], &places, &trial, now, job))?;
    let verdict = Verdict::of(&trial, &folds, &traced.with(learned));
    let environment = Environment::around(sector.at, &land).name().into();
    Ok(Some(Outcome { sector: sector.name.clone(), environment, verdict }))
}

/// The table of methods over all sectors and over those of each environment.
pub fn lines(outcomes: &[Outcome]) -> Vec<Line> {
    let mut environments: Vec<Option<&str>> = vec![None];
    let named: std::collections::BTreeSet<&str> = outcomes.iter().map(|o| o.environment.as_str()).collect();
    environments.extend(named.into_iter().map(Some));
    let line = |environment: Option<&str>, method: Method| {
        let of = outcomes.iter().filter(|o| environment.is_none_or(|e| o.environment == e));
        let rows: Vec<_> = of.filter_map(|o| Some((o, o.verdict.row(method)?))).collect();
        let n: u64 = rows.iter().map(|(_, row)| row.score.n).sum();
        let mean = |of: &dyn Fn(&crate::readings::Score) -> f64| {
            rows.iter().map(|(_, row)| of(&row.score) * row.score.n as f64).sum::<f64>() / n as f64
        };
        let best = |o: &Outcome| {
            let least = o.verdict.rows.iter().min_by(|a, b| a.score.rmse_db.total_cmp(&b.score.rmse_db));
            least.is_some_and(|row| row.method == method)
        };
        let mut seconds: Vec<f64> = rows.iter().map(|(_, row)| row.seconds).collect();
        seconds.sort_by(f64::total_cmp);
        (n > 0).then(|| Line {
            method: method.name(),
            environment: environment.map(str::to_owned),
            sectors: rows.len(),
            n,
            rmse_db: mean(&|s| s.rmse_db * s.rmse_db).sqrt(),
            mae_db: mean(&|s| s.mae_db),
            sd_db: mean(&|s| s.sd_db * s.sd_db).sqrt(),
            best_in: rows.iter().filter(|(o, _)| best(o)).count(),
            seconds: seconds[seconds.len() / 2],
        })
    };
    environments.iter().flat_map(|e| Method::ALL.iter().filter_map(|m| line(*e, *m)).collect::<Vec<_>>()).collect()
}

/// The curve over all sectors that have as many readings.
pub fn curve(outcomes: &[Outcome]) -> Vec<CurvePoint> {
    let mut sums: BTreeMap<(Method, u32), (usize, f64, f64)> = BTreeMap::new();
    for outcome in outcomes {
        let points = &outcome.verdict.curve;
        for point in points {
            let last = points.iter().filter(|p| p.method == point.method).map(|p| p.size).max() == Some(point.size);
            let size = if last { u32::MAX } else { point.size };
            let (sectors, squares, n) = sums.entry((point.method, size)).or_default();
            let common = outcome.verdict.common as f64;
            *sectors += 1;
            *squares += point.rmse_db * point.rmse_db * common;
            *n += common;
        }
    }
    let point = |((method, size), (sectors, squares, n)): ((Method, u32), (usize, f64, f64))| CurvePoint {
        method: method.name(),
        learned_from: (size < u32::MAX).then_some(size),
        sectors,
        rmse_db: (squares / n).sqrt(),
    };
    sums.into_iter().map(point).collect()
}
