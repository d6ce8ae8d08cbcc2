//! The ray tracer, as it is and calibrated, and the baseline.

use super::{Attempt, FOLDS, Method, Run, Trial};
use crate::city::City;
use crate::empirical::Empirical;
use crate::engine::{Engine, EngineError, Job};
use crate::scenario::Scenario;
use crate::trace::Tracer;
use crate::trace::calibrate::{CalibrationError, Heard, On, Traced, Unknown};

/// Tries the baseline and the ray tracer. `now` is a clock, in seconds.
///
/// # Errors
/// [`CalibrationError`] where paths can't be traced or the job is stopped. A calibration that comes to nothing, as of too few
/// readings, leaves the ray tracer as it is.
pub async fn runs(
    tracer: &mut Tracer,
    city: &City,
    scenario: &Scenario,
    trial: &Trial,
    now: impl Fn() -> f64,
    job: &mut Job,
) -> Result<Attempt, CalibrationError> {
    let start = now();
    let baseline = mapped(&mut Empirical, city, scenario, &trial.heard, job).await?;
    let mut runs = vec![Run { method: Method::Empirical, size: None, levels: baseline, seconds: now() - start }];
    let start = now();
    let traced = tracer.trace_heard(city, scenario, &trial.heard, job).await?;
    let levels: Vec<f32> = traced.levels(scenario).into_iter().map(|l| l as f32).collect();
    let tracing = now() - start;
    runs.push(Run { method: Method::Traced, size: None, levels, seconds: tracing });
    let unknowns = traced.unknowns(trial.sought);
    let on = tracer.evaluator().await;
    for size in trial.all_sizes() {
        let start = now();
        let levels = calibrated(&traced, scenario, trial, &unknowns, size, &on, job).await?;
        runs.push(Run { method: Method::Calibrated, size, levels, seconds: tracing + now() - start });
    }
    Ok(Attempt { runs, sight: traced.in_sight().to_vec() })
}

/// Levels by calibrations, each fold by that to the others.
async fn calibrated(
    traced: &Traced,
    scenario: &Scenario,
    trial: &Trial,
    unknowns: &[Unknown],
    size: Option<u32>,
    on: &On<'_>,
    job: &mut Job,
) -> Result<Vec<f32>, CalibrationError> {
    let mut levels = vec![f32::NAN; trial.heard.len()];
    for fold in 0..FOLDS {
        let mut counts = vec![false; levels.len()];
        trial.lessons(fold, size).into_iter().for_each(|i| counts[i] = true);
        let found = traced.calibrate(scenario, unknowns, |i| counts[i], on, job, &mut |_| ()).await;
        let found = match found {
            Ok(found) => Some(found),
            Err(CalibrationError::Engine(stopped)) => return Err(stopped.into()),
            Err(_) => None,
        };
        let there = traced.levels(&found.as_ref().map_or_else(|| scenario.clone(), |f| f.applied(scenario)));
        for (i, level) in there.into_iter().enumerate().filter(|(i, _)| trial.folds[*i] == fold) {
            let offset = found.as_ref().map_or(0.0, |f| f.of_device(trial.heard[i].device));
            levels[i] = (level + offset) as f32;
        }
    }
    Ok(levels)
}

/// Levels at readings from the maps of an engine, of each reading's own sector.
pub(super) async fn mapped(
    engine: &mut impl Engine,
    city: &City,
    scenario: &Scenario,
    heard: &[Heard],
    job: &mut Job,
) -> Result<Vec<f32>, EngineError> {
    let mut levels = vec![f32::NAN; heard.len()];
    for sector in 0..scenario.sectors() {
        if !heard.iter().any(|h| h.sector as usize == sector) {
            continue;
        }
        let map = engine.predict(city, &scenario.with_sector_alone(sector), job).await?;
        for (level, heard) in levels.iter_mut().zip(heard).filter(|(_, h)| h.sector as usize == sector) {
            *level = map.at(city.frame.to_local(heard.at)).unwrap_or(f32::NAN);
        }
    }
    Ok(levels)
}
