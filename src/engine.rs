//! What every predictor is: something that turns a city and a scenario into a map, while reporting to a job that may be
//! cancelled.

use crate::city::City;
use crate::coverage::{CoverageMap, Grid};
use crate::scenario::{EngineKind, Scenario, ScenarioError, Site};
use glam::DVec2;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A predictor of coverage. The result is RSRP in dBm of the strongest sector on the grid of [`grid_of`].
pub trait Engine {
    /// Which one it is.
    fn kind(&self) -> EngineKind;

    /// Predicts the whole map. Calls [`Job::checkpoint`] often enough that a cancellation takes effect within 100 ms; one
    /// window of the network, about 300 ms in a browser, is the exception.
    fn predict(
        &mut self,
        city: &City,
        scenario: &Scenario,
        job: &mut Job,
    ) -> impl Future<Output = Result<CoverageMap, EngineError>>;
}

/// Why there is no map. Each message is a sentence for the user.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EngineError {
    /// The user, or a newer job, stopped it.
    #[error("cancelled")]
    Cancelled,
    /// The scenario's numbers are off.
    #[error("{0}")]
    Scenario(#[from] ScenarioError),
    /// A site stands outside the city.
    #[error("the site lies outside {city}: move it onto the map, or open the city it stands in")]
    OutsideCity {
        /// Name of the city.
        city: String,
    },
    /// The receiver asked about stands outside the city.
    #[error("the point lies outside {city}: choose one on the map")]
    ReceiverOutside {
        /// Name of the city.
        city: String,
    },
    /// The receiver asked about stands under a roof.
    #[error("the point lies inside a building, where no paths are traced: choose one outdoors")]
    ReceiverIndoors,
    /// The grid would be empty or too large.
    #[error("cells of {cell} m make no usable grid over this city: choose a cell size between 1 and 50 m")]
    Grid {
        /// Side of a cell, metres.
        cell: f64,
    },
    /// No GPU adapter.
    #[error("{0}")]
    NoAdapter(String),
    /// The GPU was lost in the middle of a job. The tracer outlives this.
    #[error("the GPU was lost ({0}): run it again, or trace on the CPU")]
    DeviceLost(String),
    /// The model file can't be used.
    #[error("the model can't be used: {0}")]
    Model(String),
    /// The engine was given something it can't compute with.
    #[error("{0}")]
    Failed(String),
}

/// What a job is doing, for a progress bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Done so far, 0–1.
    pub fraction: f32,
    /// What is going on, such as "casting rays".
    pub stage: &'static str,
}

/// A flag shared with whoever may stop a job.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Stops the job at its next checkpoint.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the job was stopped.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Lets others run for a moment: in a worker, the event loop, so that a cancellation can arrive.
pub type Yielder = Box<dyn FnMut() -> futures_util::future::LocalBoxFuture<'static, ()>>;

/// One run of an engine: hears its progress and can stop it.
#[derive(Default)]
pub struct Job {
    /// Stops it.
    pub cancel: Cancel,
    /// Hears of progress.
    pub on_progress: Option<Box<dyn FnMut(Progress)>>,
    /// Lets others run; natively there is none.
    pub yielder: Option<Yielder>,
}

impl Job {
    /// A job nobody listens to.
    pub fn silent() -> Self {
        Self::default()
    }

    /// Reports progress, lets others run, and tells whether to go on.
    pub async fn checkpoint(&mut self, fraction: f32, stage: &'static str) -> Result<(), EngineError> {
        if let Some(report) = &mut self.on_progress {
            report(Progress { fraction, stage });
        }
        if let Some(pause) = &mut self.yielder {
            pause().await;
        }
        if self.cancel.is_cancelled() { Err(EngineError::Cancelled) } else { Ok(()) }
    }
}

/// The grid of a scenario: the whole city in cells of the scenario's size.
pub fn grid_of(city: &City, scenario: &Scenario) -> Result<Grid, EngineError> {
    let cell = scenario.receivers.cell;
    Grid::covering(city.bounds, cell).ok_or(EngineError::Grid { cell })
}

/// Checks the scenario against the city and gives each site with its position in local metres.
pub fn place_sites<'a>(city: &City, scenario: &'a Scenario) -> Result<Vec<(DVec2, &'a Site)>, EngineError> {
    scenario.validate()?;
    let place = |site: &'a Site| {
        let inside = city.contains(site.position);
        inside
            .then(|| (city.frame.to_local(site.position), site))
            .ok_or_else(|| EngineError::OutsideCity { city: city.name.clone() })
    };
    scenario.sites.iter().map(place).collect()
}
