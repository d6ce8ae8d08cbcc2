//! Where levels and slopes are worked out: on this machine's cores, or on a GPU, which holds the paths meanwhile.

use super::{CalibrationError, Observed};
#[cfg(feature = "gpu")]
use crate::engine::EngineError;
use crate::engine::Job;
use crate::trace::cpu::share_out;
#[cfg(feature = "gpu")]
use crate::trace::gpu::{Evaluator, Loaded};
use crate::trace::store::{Evaluation, Parameter, PathStore, SignalModel};
use std::marker::PhantomData;

/// Readings between two checkpoints: some 10 ms of one core in a browser.
const READINGS_A_STEP: usize = if cfg!(feature = "cli") { 4096 } else { 512 };

/// What works them out.
#[derive(Default)]
pub struct On<'a> {
    #[cfg(feature = "gpu")]
    evaluator: Option<Evaluator<'a>>,
    of: PhantomData<&'a ()>,
}

impl<'a> On<'a> {
    /// This machine's cores.
    pub fn cores() -> Self {
        Self::default()
    }

    /// A GPU.
    #[cfg(feature = "gpu")]
    pub fn gpu(evaluator: Evaluator<'a>) -> Self {
        Self { evaluator: Some(evaluator), of: PhantomData }
    }

    /// Whether it is a GPU.
    pub fn is_gpu(&self) -> bool {
        #[cfg(feature = "gpu")]
        let is_gpu = self.evaluator.is_some();
        #[cfg(not(feature = "gpu"))]
        let is_gpu = false;
        is_gpu
    }

    /// Has the paths of `stores` where they are needed. Such as a GPU can't hold stay with the cores.
    pub(super) fn ready<'s>(&'s self, stores: impl Iterator<Item = &'s PathStore>) -> Ready<'s> {
        #[cfg(feature = "gpu")]
        let loaded = stores.map(|store| self.evaluator.as_ref().and_then(|e| e.load(store).ok())).collect();
        #[cfg(not(feature = "gpu"))]
        drop(stores);
        Ready {
            #[cfg(feature = "gpu")]
            loaded,
            of: PhantomData,
        }
    }
}

/// What works out the levels of certain stores.
pub(super) struct Ready<'a> {
    /// Each store, where a GPU holds it.
    #[cfg(feature = "gpu")]
    loaded: Vec<Option<Loaded<'a>>>,
    of: PhantomData<&'a ()>,
}

/// What is to be worked out.
pub(super) struct Asked<'a> {
    /// The number of what was observed, among all.
    #[cfg_attr(not(feature = "gpu"), expect(dead_code, reason = "only a GPU holds stores by their numbers"))]
    pub number: usize,
    /// What was observed.
    pub observed: &'a Observed<'a>,
    /// The model whose levels there are asked for.
    pub model: &'a SignalModel,
    /// What derivatives are asked by.
    pub parameters: &'a [Parameter],
    /// How much of the whole is done, 0–1.
    pub done: f32,
}

/// What a model brings to the readings of a sector.
pub(super) struct Rows {
    /// The gain of each, dB; −∞ where no path arrives.
    pub gains: Vec<f64>,
    /// Its derivatives by each of the parameters, reading after reading.
    pub slopes: Vec<f64>,
}

#[cfg_attr(not(feature = "gpu"), expect(clippy::unused_self, reason = "only a GPU holds something"))]
impl Ready<'_> {
    /// Works out what is asked.
    pub(super) async fn rows(&self, asked: &Asked<'_>, job: &mut Job) -> Result<Rows, CalibrationError> {
        #[cfg(feature = "gpu")]
        if let Some(loaded) = self.loaded.get(asked.number).and_then(Option::as_ref) {
            match of_gpu(loaded, asked, job).await {
                Ok(rows) => return Ok(rows),
                Err(EngineError::Cancelled) => return Err(EngineError::Cancelled.into()),
                // What became of the GPU is told by who has it; the cores go on.
                Err(_) => {}
            }
        }
        of_cores(asked, job).await
    }
}

async fn of_cores(asked: &Asked<'_>, job: &mut Job) -> Result<Rows, CalibrationError> {
    let Asked { observed, model, parameters, done, .. } = *asked;
    let evaluation = Evaluation::new(observed.store, model).map_err(|e| CalibrationError::Model(e.to_string()))?;
    let mut rows = Rows { gains: Vec::new(), slopes: Vec::new() };
    for step in observed.readings.chunks(READINGS_A_STEP) {
        job.checkpoint(done, "calibrating").await?;
        let of_step = share_out(step, |reading| {
            let mut slopes = vec![0.0; parameters.len()];
            (evaluation.row(reading.receiver as usize, parameters, &mut slopes), slopes)
        });
        for (gain, slopes) in of_step {
            rows.gains.push(gain);
            rows.slopes.extend(slopes);
        }
    }
    Ok(rows)
}

#[cfg(feature = "gpu")]
async fn of_gpu(loaded: &Loaded<'_>, asked: &Asked<'_>, job: &mut Job) -> Result<Rows, EngineError> {
    let all = loaded.rows(asked.model, asked.parameters, job).await?;
    let (width, mut rows) = (asked.parameters.len(), Rows { gains: Vec::new(), slopes: Vec::new() });
    for reading in &asked.observed.readings {
        let receiver = reading.receiver as usize;
        rows.gains.push(10.0 * f64::from(all.powers[receiver]).log10());
        rows.slopes.extend(all.slopes[receiver * width..][..width].iter().map(|slope| f64::from(*slope)));
    }
    Ok(rows)
}
