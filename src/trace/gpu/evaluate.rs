//! Power of stored paths and its derivatives on the GPU: twin of [`Evaluation`], in f32.

use super::pace::Pace;
use super::{Gpu, MOST_AT_ONCE};
use crate::engine::{EngineError, Job};
use crate::trace::store::packed::{PackedModel, PackedStore, Params};
use crate::trace::store::{Evaluation, Parameter, PathStore, SignalModel};

const EVALUATE: &str = concat!(include_str!("field.wgsl"), include_str!("evaluate.wgsl"));
/// Most numbers that one submission gives back: 16 MiB.
const MOST_NUMBERS: usize = 1 << 22;
/// Receivers of the first submission.
const FIRST_SIZE: u32 = 1024;

/// The shader that evaluates stores, compiled.
pub struct Evaluator<'a> {
    gpu: &'a Gpu,
    pipeline: wgpu::ComputePipeline,
}

/// A store on the GPU, for as many models as are asked about. It borrows the store, which can't change meanwhile.
pub struct Loaded<'a> {
    evaluator: &'a Evaluator<'a>,
    store: &'a PathStore,
    buffers: Vec<wgpu::Buffer>,
}

/// Gains and derivatives of all receivers of a store.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// Of each receiver, as a ratio of powers.
    pub powers: Vec<f32>,
    /// The derivatives of their decibels, receiver after receiver: the Jacobian. All 0 where no path arrives.
    pub slopes: Vec<f32>,
}

impl Gpu {
    /// Compiles what evaluates stores.
    pub async fn evaluator(&self) -> Result<Evaluator<'_>, EngineError> {
        Ok(Evaluator { gpu: self, pipeline: self.device.pipeline("evaluate", EVALUATE, &[]).await? })
    }
}

impl<'a> Evaluator<'a> {
    /// Brings a store to the GPU.
    pub fn load(&'a self, store: &'a PathStore) -> Result<Loaded<'a>, EngineError> {
        let buffers = self.gpu.device.upload(&PackedStore::of(store).inputs())?;
        Ok(Loaded { evaluator: self, store, buffers })
    }
}

impl Loaded<'_> {
    /// The power of each receiver and its derivatives by `parameters`, as [`Evaluation::gradient`]. What f32 rounds is a part
    /// of each path's own slope: where paths' slopes cancel, the sum is known no better than its parts.
    pub async fn rows(
        &self,
        model: &SignalModel,
        parameters: &[Parameter],
        job: &mut Job,
    ) -> Result<Rows, EngineError> {
        let evaluation = Evaluation::new(self.store, model).map_err(|e| EngineError::Failed(e.to_string()))?;
        let packed = PackedModel::of(&evaluation, parameters);
        let receivers = self.store.receivers() as u32;
        let words = 1 + parameters.len();
        let most = (MOST_NUMBERS / words).clamp(1, MOST_AT_ONCE as usize) as u32;
        let most = most.min(receivers);
        let Evaluator { gpu, pipeline } = self.evaluator;
        let of_model = gpu.device.upload(&packed.inputs())?;
        let inputs = self.buffers.iter().chain(&of_model);
        let pass = gpu.device.pass(pipeline, size_of::<Params>(), inputs, most as usize * words)?;
        let mut params = packed.params;
        let mut rows = Rows { powers: Vec::new(), slopes: Vec::new() };
        let mut pace = Pace::new(FIRST_SIZE, most);
        let mut start = 0;
        while start < receivers {
            job.checkpoint(start as f32 / receivers as f32, "evaluating paths").await?;
            params.first = start;
            params.count = pace.size().min(receivers - start).min(most);
            let count = params.count;
            let answer: Vec<f32> =
                pace.time(pass.run(bytemuck::bytes_of(&params), count, count as usize * words)).await?;
            for row in answer.chunks_exact(words) {
                rows.powers.push(row[0]);
                rows.slopes.extend(&row[1..]);
            }
            start += count;
        }
        Ok(rows)
    }
}
