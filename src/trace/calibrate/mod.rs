//! Calibration: what materials, antennas, powers and devices must be like for traced paths to bring what was measured.
//!
//! Paths are traced once and kept ([`super::store`]); what changes is only what they bring, whose derivatives are exact. So
//! the errors in decibels are fitted by Levenberg and Marquardt's method in tens of steps. They are taken to be of Student's
//! t distribution with [`FREEDOM`] degrees, which doubts what lies far off (Lange, Little & Taylor 1989, J. Am. Stat. Assoc.
//! 84(408) 881–896): its scale is fitted along. What is believed beforehand is a normal distribution of each unknown, within
//! bounds: the materials of ITU-R P.2040, the scenario's powers and angles.
//!
//! Standard errors are the larger of two: those that the curvature tells, and those that tell that readings near each other
//! err alike (the sandwich of White 1980, Econometrica 48(4) 817–838, over squares of [`ALIKE`] metres). An unknown whose
//! standard error is more than half of what it was beforehand is not told by the data, and is said to be so.
//!
//! | file | what lives there |
//! |---|---|
//! | this | [`calibrate`] and what comes of it |
//! | `unknown` | [`Unknown`] and what is believed of it beforehand |
//! | `fit` | errors, their slopes, and steps |
//! | `on` | where errors and slopes are worked out: on this machine's cores or on a GPU |
//! | `heights` | the one unknown that needs paths to be traced anew |
//! | `places` | readings in a city, traced, and a scenario with what was found |

mod fit;
mod heights;
mod on;
mod places;
mod unknown;

pub use on::On;
pub use places::{Heard, Traced};
pub use unknown::{Sought, Unknown};

use crate::engine::{EngineError, Job};
use crate::trace::store::{PathStore, SignalModel};
use fit::{Fit, State};
use glam::Vec2;
use serde::{Deserialize, Serialize};

/// Degrees of freedom of the errors' distribution: of a reading four standard deviations off a quarter is believed.
pub const FREEDOM: f64 = 4.0;
/// Readings within a square of this side are taken to err alike, metres: shadows of buildings are about as large.
pub const ALIKE: f32 = 50.0;
/// Most unknowns.
pub const MOST_UNKNOWNS: usize = 64;
/// Most steps.
const MOST_STEPS: usize = 40;
/// It is over when a step improves the fit by less than this share of it.
const SETTLED: f64 = 1e-6;
/// A standard error above this share of what was believed beforehand tells nothing.
const UNTOLD: f64 = 0.5;
/// Correlation from which two unknowns can't be told apart.
const ENTANGLED: f64 = 0.95;
/// Fewest readings with paths.
const FEWEST: usize = 5;

/// What was measured of one sector, and the paths to where.
#[derive(Clone, Debug)]
pub struct Observed<'a> {
    /// Number of the sector, as unknowns name it.
    pub sector: u32,
    /// The paths.
    pub store: &'a PathStore,
    /// The sector as it is believed to be.
    pub model: SignalModel,
    /// Its power, dBm.
    pub power: f64,
    /// The readings.
    pub readings: Vec<Reading>,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Number of the receiver in the store.
    pub receiver: u32,
    /// What was measured, dBm.
    pub level: f64,
    /// Number of the device.
    pub device: u32,
    /// Where, local metres.
    pub at: Vec2,
}

/// How far a calibration is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Root of the mean squared error, dB.
    pub rmse_db: f64,
    /// The scale of the errors' distribution, dB: what most of them are like.
    pub scale_db: f64,
}

/// What was found of an unknown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Which.
    pub unknown: Unknown,
    /// A factor, or what is to be added.
    pub change: f64,
    /// Its standard error: of a factor that of its natural logarithm.
    pub standard_error: f64,
    /// Whether the data tells it.
    pub told: bool,
    /// Whether it lies at the end of what it may be.
    pub at_bound: bool,
    /// What it can't be told apart from.
    pub entangled: Option<Unknown>,
}

/// What came of a calibration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// The unknowns.
    pub estimates: Vec<Estimate>,
    /// The fit before the first step, and after each.
    pub steps: Vec<Step>,
    /// Readings that it was fitted to.
    pub readings: usize,
    /// Readings where no path arrives, or that stand where nothing is traced: they tell nothing.
    pub silent: usize,
    /// Whether it ended before the most steps that it may take.
    pub settled: bool,
    /// How unlikely the readings are, and what was found of the unknowns: the negative logarithm, a reading.
    pub misfit: f64,
}

/// Why nothing can be learned. Each message is a sentence for the user.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CalibrationError {
    /// Nothing to look for.
    #[error("nothing is chosen that could be calibrated")]
    NoUnknowns,
    /// More than can be looked for at a time.
    #[error("{0} unknowns are too many to look for at a time: the most is {MOST_UNKNOWNS}")]
    TooManyUnknowns(usize),
    /// Hardly any reading has a path.
    #[error("paths arrive at {heard} of {all} readings; at least {FEWEST} are needed to calibrate from")]
    TooFew {
        /// Readings with paths.
        heard: usize,
        /// All readings.
        all: usize,
    },
    /// One place.
    #[error("all readings with a path are from one place: that tells nothing of materials or antennas")]
    OnePlace,
    /// No difference between readings.
    #[error("all readings have the same level, {0:.1} dBm: that is a receiver's limit rather than a measurement")]
    OneLevel(f64),
    /// A model that can't be.
    #[error("{0}")]
    Model(String),
    /// The job was stopped, or the tracer failed.
    #[error("{0}")]
    Engine(#[from] EngineError),
}

/// Fits `unknowns` to what was `observed`, working it out `on` cores or a GPU. `tell` hears of the fit before the first step and
/// after each.
///
/// # Errors
/// [`CalibrationError`] where there is nothing to learn, or nothing to learn from.
pub async fn calibrate(
    observed: &[Observed<'_>],
    unknowns: &[Unknown],
    on: &On<'_>,
    job: &mut Job,
    tell: &mut dyn FnMut(Step),
) -> Result<Calibration, CalibrationError> {
    match unknowns.len() {
        0 => return Err(CalibrationError::NoUnknowns),
        1..=MOST_UNKNOWNS => {}
        many => return Err(CalibrationError::TooManyUnknowns(many)),
    }
    let fit = Fit::new(observed, unknowns, on);
    let mut at = vec![0.0; unknowns.len()];
    let mut state = fit.evaluate(&at, job).await?;
    let heard = fit.check(&state)?;
    let mut scale = state.scale(fit::first_scale(&state));
    let step = |state: &State, scale: f64| Step { rmse_db: state.rmse(), scale_db: scale };
    let mut steps = vec![step(&state, scale)];
    tell(steps[0]);
    let (mut damping, mut settled) = (1e-3, false);
    while steps.len() <= MOST_STEPS && !settled {
        let (curvature, slope) = fit.normal(&state, &at, scale);
        let before = fit.cost(&state, &at, scale);
        let mut accepted = None;
        while damping < 1e9 {
            let trial = fit.step(&curvature, &slope, &at, damping);
            if trial == at {
                break;
            }
            let there = fit.evaluate(&trial, job).await?;
            let gained = before - fit.cost(&there, &trial, scale);
            if gained > 0.0 {
                accepted = Some((trial, there, gained));
                damping = (0.2 * damping).max(1e-9);
                break;
            }
            damping *= 10.0;
        }
        let Some((trial, there, gained)) = accepted else {
            settled = true;
            break;
        };
        (at, state) = (trial, there);
        let narrower = state.scale(scale);
        let same = (narrower / scale - 1.0).abs() < 1e-4;
        scale = narrower;
        steps.push(step(&state, scale));
        tell(step(&state, scale));
        settled = gained < SETTLED * before.abs().max(1.0) && same;
    }
    let estimates = fit.estimates(&state, &at, scale);
    let misfit = scale.ln() + fit.cost(&state, &at, scale) / heard as f64;
    Ok(Calibration { estimates, steps, readings: heard, silent: fit.readings() - heard, settled, misfit })
}
