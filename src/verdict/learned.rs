//! The network, as it was published and adapted.

use super::traced::mapped;
use super::{Attempt, FOLDS, Method, Run, Trial};
use crate::city::City;
use crate::engine::{EngineError, Job};
use crate::learn::Learned;
use crate::learn::adapt::{Adaptation, Place};
use crate::scenario::{Scenario, Site};
use glam::DVec2;

/// Tries the network. `now` is a clock, in seconds.
///
/// # Errors
/// [`EngineError`] where it can't predict or the job is stopped.
pub async fn runs(
    network: &mut Learned,
    city: &City,
    scenario: &Scenario,
    trial: &Trial,
    now: impl Fn() -> f64,
    job: &mut Job,
) -> Result<Attempt, EngineError> {
    let start = now();
    let levels = mapped(network, city, scenario, &trial.heard, job).await?;
    let predicting = now() - start;
    let masts = masts(city, scenario);
    let places: Vec<Place> =
        trial.heard.iter().map(|h| Place { at: city.frame.to_local(h.at), device: h.device }).collect();
    adapted(Levels { levels, seconds: predicting, power_known: false }, &masts, &places, trial, now, job).await
}

/// What a network predicts at all readings of a trial.
#[derive(Clone, Debug)]
pub struct Levels {
    /// dBm; not a number where there is none.
    pub levels: Vec<f32>,
    /// What that took, seconds.
    pub seconds: f64,
    /// Whether the sectors' powers are known as far as they matter.
    pub power_known: bool,
}

/// Tries to adapt a network whose sectors have these `masts` to readings at these `places`.
///
/// # Errors
/// [`EngineError::Cancelled`] where the job is stopped.
pub async fn adapted(
    predicted: Levels,
    masts: &[DVec2],
    places: &[Place],
    trial: &Trial,
    now: impl Fn() -> f64,
    job: &mut Job,
) -> Result<Attempt, EngineError> {
    let Levels { levels, seconds, power_known } = predicted;
    let mut runs = Vec::new();
    for size in trial.all_sizes() {
        let start = now();
        let mut adapted = vec![f32::NAN; levels.len()];
        for fold in 0..FOLDS {
            job.checkpoint(f32::from(fold) / f32::from(FOLDS), "adapting the model").await?;
            let lessons = trial.lessons(fold, size);
            for (sector, mast) in masts.iter().enumerate() {
                let of = |i: &usize| trial.heard[*i].sector as usize == sector && levels[*i].is_finite();
                let error = |i: usize| (places[i], trial.heard[i].level - f64::from(levels[i]));
                let errors: Vec<(Place, f64)> = lessons.iter().copied().filter(of).map(error).collect();
                let adaptation = Adaptation::learn(*mast, power_known, &errors);
                for i in (0..levels.len()).filter(|i| trial.folds[*i] == fold && of(i)) {
                    adapted[i] = levels[i] + adaptation.mean(&places[i]) as f32;
                }
            }
        }
        runs.push(Run { method: Method::Adapted, size, levels: adapted, seconds: seconds + now() - start });
    }
    runs.push(Run { method: Method::Learned, size: None, levels, seconds });
    Ok(Attempt { runs, sight: Vec::new() })
}

/// Where the antenna of each sector stands, local metres.
fn masts(city: &City, scenario: &Scenario) -> Vec<DVec2> {
    let of_site = |site: &Site| vec![city.frame.to_local(site.position); site.sectors.len()];
    scenario.sites.iter().flat_map(of_site).collect()
}
