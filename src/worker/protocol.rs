//! What the page and a worker say to each other. Messages travel as bytes (bincode), maps as `f32` vectors.
//!
//! A worker is opened once with a city; then every prediction, draft, share of rays and question for paths is a numbered job that ends in
//! exactly one of [`Reply::Done`], [`Reply::Scouted`], [`Reply::Heard`], [`Reply::Calibrated`], [`Reply::Tried`], [`Reply::Seen`] and [`Reply::Failed`]. A worker that panics says [`Reply::Crashed`] and closes itself.

use crate::city::{Extent, HeightShares, Opened};
use crate::coverage::CoverageMap;
use crate::engine::EngineError;
use crate::geodesy::{LocalFrame, LonLat};
use crate::scenario::{EngineKind, Scenario};
use crate::trace::Reception;
use crate::trace::calibrate::{Calibration, CalibrationError, Heard, Sought, Step};
use crate::trace::discover::Share;
use crate::trace::scout::Findings;
use crate::verdict::{Attempt, Trial};
use geo::{Rect, coord};
use glam::DVec2;
use serde::{Deserialize, Serialize};

/// Height of a first antenna where no roof carries one, metres.
const MAST: f64 = 25.0;

/// Number of a job; the page counts up, so a higher number is a newer job.
pub type JobId = u32;

/// A range of grid rows, from the first to one past the last, counted from the south.
pub type Rows = (u32, u32);

/// From the page to a worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Request {
    /// Read the city (and the model) and say what came of it.
    Open(Open),
    /// Predict a map, or some of its rows. Where the scenario's view shows another aspect than the signal, the ray tracer tells
    /// all of how paths arrive, too.
    Predict {
        /// Number of the job.
        id: JobId,
        /// Which engine.
        engine: EngineKind,
        /// What to predict.
        scenario: Scenario,
        /// Which rows; all when absent. The learned engine always predicts all.
        rows: Option<Rows>,
    },
    /// Trace a coarse map at once. Only a tracer can.
    Draft {
        /// Number of the job.
        id: JobId,
        /// What to predict.
        scenario: Scenario,
    },
    /// Cast a share of the rays of a trace. Only a tracer can.
    Scout {
        /// Number of the job.
        id: JobId,
        /// What is to be predicted.
        scenario: Scenario,
        /// Which share.
        share: Share,
    },
    /// Know what all shares have found, for the predictions to come.
    Brief {
        /// What it was found for.
        scenario: Scenario,
        /// By share.
        found: Vec<Findings>,
    },
    /// List the paths to a receiver. Only a tracer answers this with paths.
    Paths {
        /// Number of the job.
        id: JobId,
        /// What is asked.
        scenario: Scenario,
        /// Where the receiver stands.
        at: LonLat,
    },
    /// Calibrate the tracer. Only a tracer can.
    Calibrate {
        /// Number of the job.
        id: JobId,
        /// What is believed.
        scenario: Scenario,
        /// What was measured.
        heard: Vec<Heard>,
        /// What to look for.
        sought: Sought,
    },
    /// Predict measured levels without having learned from them, in every way that the worker's engines can.
    Try {
        /// Number of the job.
        id: JobId,
        /// What is believed.
        scenario: Scenario,
        /// What was measured, and what may be learned from which of it.
        trial: Trial,
    },
    /// Tell whether the nearest antenna is in sight of each of these places. Only a tracer can.
    Look {
        /// Number of the job.
        id: JobId,
        /// Where the antennas stand.
        scenario: Scenario,
        /// Where receivers stand.
        places: Vec<LonLat>,
    },
    /// From now on correct what the network predicts by these measurements; as it was published where there are none. Only a
    /// learner can, and answers nothing.
    Adapt {
        /// What was measured.
        heard: Vec<Heard>,
    },
    /// Stop a job. One that has ended, or never was, is none of anyone's concern.
    Cancel {
        /// Number of the job.
        id: JobId,
    },
}

/// What a worker needs before it can predict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Open {
    /// Short name of the city.
    pub name: String,
    /// Where its `PMTiles` archive is read.
    pub source: Source,
    /// Where the first site stands: of a large archive the part around it is opened.
    pub site: LonLat,
    /// Absolute address of the ONNX model; only the learner reads it.
    pub model_url: String,
    /// What the tracer may run on.
    pub backend: BackendChoice,
}

/// Where an archive is read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Its absolute address.
    pub url: String,
    /// The archives beside it where its address leads to none: those of the user's own files, by name and address.
    pub beside: Vec<(String, String)>,
}

/// What the tracer may run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BackendChoice {
    /// The GPU when it is a real one and passes its probe, else the CPU.
    #[default]
    Auto,
    /// The GPU, also a software adapter; no tracing without one.
    Gpu,
    /// The CPU.
    Cpu,
}

/// What a tracer worker runs on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Backend {
    /// Whether it traces on the GPU.
    pub gpu: bool,
    /// Name of the adapter, or why there is none.
    pub detail: String,
}

/// What the page needs to know of a city that a worker has read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CityFacts {
    /// Short name.
    pub name: String,
    /// Who must be credited.
    pub attribution: String,
    /// Reference point of the local frame.
    pub origin: LonLat,
    /// South-west corner of what the archive covers, local metres.
    pub south_west: DVec2,
    /// North-east corner, local metres.
    pub north_east: DVec2,
    /// How many buildings have their height from where.
    pub heights: HeightShares,
    /// Where a first antenna may stand, and its height above the ground, metres.
    pub vantage: (LonLat, f64),
    /// What the archive covers.
    pub archive: Extent,
    /// The terrain that it names and that can't be reached from it: the ground is taken as level.
    pub missing_terrain: Option<String>,
}

impl CityFacts {
    /// What the page needs to know of a city.
    pub fn of(opened: &Opened) -> Self {
        let Opened { city, extent, missing_terrain, .. } = opened;
        let (min, max) = (city.bounds.min(), city.bounds.max());
        let middle = || (city.frame.to_lonlat(DVec2::new(city.bounds.center().x, city.bounds.center().y)), MAST);
        Self {
            name: city.name.clone(),
            attribution: city.attribution.clone(),
            origin: city.frame.origin(),
            south_west: DVec2::new(min.x, min.y),
            north_east: DVec2::new(max.x, max.y),
            heights: HeightShares::of(&city.buildings),
            vantage: city.vantage().unwrap_or_else(middle),
            archive: *extent,
            missing_terrain: missing_terrain.clone(),
        }
    }

    /// Whether `p` lies within the area that was read.
    pub fn contains(&self, p: LonLat) -> bool {
        self.frame().is_within(self.bounds(), p)
    }

    /// Whether the archive has a part around `site` that is not the one that was read.
    pub fn has_more_at(&self, site: LonLat) -> bool {
        !self.archive.whole && self.archive.area.contains(site) && !self.contains(site)
    }

    /// What was read, local metres.
    pub fn bounds(&self) -> Rect<f64> {
        let (low, high) = (self.south_west, self.north_east);
        Rect::new(coord! { x: low.x, y: low.y }, coord! { x: high.x, y: high.y })
    }

    /// The local frame of the city.
    pub fn frame(&self) -> LocalFrame {
        LocalFrame::new(self.origin)
    }
}

/// What a fault concerns, so that the page knows what to retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Fault {
    /// Stopped on request; not a fault to show.
    Cancelled,
    /// The city archive.
    City,
    /// The model file.
    Model,
    /// The GPU: missing, or lost on the way.
    Gpu,
    /// The scenario, such as a site outside the city.
    Scenario,
    /// Readings that tell nothing.
    Readings,
    /// The engine or the worker itself.
    Engine,
}

/// Something went wrong, in words for the user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trouble {
    /// What it concerns.
    pub fault: Fault,
    /// The sentence to show.
    pub message: String,
}

impl From<EngineError> for Trouble {
    fn from(error: EngineError) -> Self {
        let fault = match &error {
            EngineError::Cancelled => Fault::Cancelled,
            EngineError::Scenario(_)
            | EngineError::OutsideCity { .. }
            | EngineError::ReceiverOutside { .. }
            | EngineError::ReceiverIndoors
            | EngineError::Grid { .. } => Fault::Scenario,
            EngineError::NoAdapter(_) | EngineError::DeviceLost(_) => Fault::Gpu,
            EngineError::Model(_) => Fault::Model,
            EngineError::Failed(_) => Fault::Engine,
        };
        Self { fault, message: error.to_string() }
    }
}

impl From<CalibrationError> for Trouble {
    fn from(error: CalibrationError) -> Self {
        match error {
            CalibrationError::Engine(error) => error.into(),
            other => Self { fault: Fault::Readings, message: other.to_string() },
        }
    }
}

/// From a worker to the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// The city is read and the engines stand ready.
    Opened {
        /// The city.
        city: CityFacts,
        /// What the tracer runs on; the learner has none.
        backend: Option<Backend>,
    },
    /// The worker can't be used as it was opened; it may be opened again.
    Refused(Trouble),
    /// A job goes on.
    Progress {
        /// Number of the job.
        id: JobId,
        /// Done so far, 0–1.
        fraction: f32,
        /// What is going on.
        stage: String,
    },
    /// A job has ended with a map. Rows that were not asked for are NaN.
    Done {
        /// Number of the job.
        id: JobId,
        /// The map of levels; after it how paths arrive, where that was asked for, or how far measurements spread, of the
        /// learned engine.
        maps: Vec<CoverageMap>,
        /// What the tracer made them on, for the user; empty of other engines.
        made_on: String,
    },
    /// A job has ended with what a share of the rays has found; nothing where there was no need to look.
    Scouted {
        /// Number of the job.
        id: JobId,
        /// What it has found.
        found: Option<Findings>,
    },
    /// A job has ended with the paths to a receiver.
    Heard {
        /// Number of the job.
        id: JobId,
        /// What is heard there.
        reception: Reception,
    },
    /// A calibration has made a step; before the first it tells where it starts.
    Step {
        /// Number of the job.
        id: JobId,
        /// How far it is.
        step: Step,
    },
    /// A job has ended with what a calibration found.
    Calibrated {
        /// Number of the job.
        id: JobId,
        /// What it found.
        found: Calibration,
    },
    /// A job has ended with what was predicted in a trial.
    Tried {
        /// Number of the job.
        id: JobId,
        /// By method and number of readings.
        attempt: Attempt,
    },
    /// A job has ended with what is in sight.
    Seen {
        /// Number of the job.
        id: JobId,
        /// Of each place; nothing where no receiver stands.
        sight: Vec<Option<bool>>,
    },
    /// A job has ended without a result.
    Failed {
        /// Number of the job.
        id: JobId,
        /// Why.
        trouble: Trouble,
    },
    /// The tracer has lost its GPU for good, and what it was doing goes on elsewhere.
    Moved(Backend),
    /// The worker panicked and is gone.
    Crashed(String),
}
