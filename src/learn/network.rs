//! The network itself: an ONNX model run by tract, behind a door that says what is wrong with a file that isn't one.

use super::features::{CHANNELS, Window, WindowFeatures};
use crate::engine::EngineError;
use std::collections::HashMap;
use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::Factoid;

/// Cells a side of the window that every model takes.
pub const SIDE: usize = 256;
/// Name of the model's input, `[1, CHANNELS, rows, columns]`.
pub const INPUT: &str = "features";
/// Name of the model's output, `[1, 2, rows, columns]`: the correction in dB and the logarithm of its spread.
pub const OUTPUT: &str = "correction";
/// A model larger than this is refused before it is parsed, bytes.
const MAX_MODEL: usize = 64 << 20;

/// What the network says of one window.
#[derive(Clone, Debug, PartialEq)]
pub struct Correction {
    /// To be added to the baseline, dB, row-major from the south-west.
    pub mean: Vec<f32>,
    /// Standard deviation of the measurements around it, dB.
    pub spread: Vec<f32>,
}

/// A model that is ready to run. Clones share it.
#[derive(Clone, Debug)]
pub struct Network {
    model: Arc<InferenceModel>,
    plans: Arc<Mutex<Plans>>,
}

/// What runs, by the rows and columns that it was optimised for.
type Plans = HashMap<[usize; 2], Arc<TypedRunnableModel>>;

impl Network {
    /// The network in the bytes of an ONNX file.
    ///
    /// # Errors
    /// [`EngineError::Model`] when the bytes are no ONNX model, or one with other inputs, outputs or shapes.
    pub fn from_onnx(bytes: &[u8]) -> Result<Self, EngineError> {
        if bytes.len() > MAX_MODEL {
            return Err(refuse(format!("the file has {} bytes, more than a coverage model can have", bytes.len())));
        }
        let not_one = |e: TractError| refuse(format!("the file is not a readable ONNX model ({e})"));
        let model = onnx().model_for_read(&mut Cursor::new(bytes)).map_err(not_one)?;
        named(&model, "input", model.inputs.as_slice(), INPUT)?;
        named(&model, "output", model.outputs.as_slice(), OUTPUT)?;
        bound(&model, [SIDE, SIDE])?;
        Ok(Self { model: Arc::new(model), plans: Arc::default() })
    }

    /// Whether it also runs over windows of so many rows and columns: a network of convolutions does, if its strides divide
    /// them, and any other may be bound to [`SIDE`].
    pub fn takes(&self, rows: usize, columns: usize) -> bool {
        self.plan([rows, columns]).is_ok()
    }

    fn plan(&self, [rows, columns]: [usize; 2]) -> Result<Arc<TypedRunnableModel>, EngineError> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = plans.get(&[rows, columns]) {
            return Ok(Arc::clone(plan));
        }
        let typed = bound(&self.model, [rows, columns])?.into_optimized().map_err(|e| misfit([rows, columns], &e))?;
        let plan = typed.into_runnable().map_err(|e| misfit([rows, columns], &e))?;
        plans.insert([rows, columns], Arc::clone(&plan));
        Ok(plan)
    }

    /// Runs the network over a window.
    ///
    /// # Errors
    /// [`EngineError::Model`] when the network doesn't take the window's shape, or the result is not finite.
    pub fn run(&self, features: &WindowFeatures) -> Result<Correction, EngineError> {
        let failed = |e: TractError| refuse(format!("it fails to run ({})", e.root_cause()));
        let Window { nx, ny, .. } = features.window;
        let input = Tensor::from_shape(&[1, CHANNELS, ny, nx], &features.planes).map_err(failed)?;
        let outputs = self.plan([ny, nx])?.run(tvec!(input.into())).map_err(failed)?;
        let view = outputs[0].to_plain_array_view::<f32>().map_err(failed)?;
        let values: Vec<f32> = view.iter().copied().collect();
        if values.iter().any(|v| !v.is_finite()) {
            return Err(refuse("it computes numbers that are not finite".into()));
        }
        let (mean, spread) = values.split_at(nx * ny);
        Ok(Correction { mean: mean.to_vec(), spread: spread.iter().map(|s| s.exp()).collect() })
    }
}

/// The model over a window of so many rows and columns, if its output is what it should be.
fn bound(model: &InferenceModel, [rows, columns]: [usize; 2]) -> Result<InferenceModel, EngineError> {
    let refused = |e: TractError| misfit([rows, columns], &e);
    // What the file says of its output's shape is of the one window that it was exported with.
    let mut model =
        model.clone().with_input_fact(0, f32::fact([1, CHANNELS, rows, columns]).into()).map_err(refused)?;
    model.set_output_fact(0, InferenceFact::default()).map_err(refused)?;
    model.analyse(false).map_err(refused)?;
    let fact = model.output_fact(0).map_err(refused)?;
    let expected = [1, 2, rows, columns];
    let shape = fact.shape.as_concrete_finite().map_err(refused)?;
    let fits = fact.datum_type.concretize() == Some(f32::datum_type()) && shape.as_deref() == Some(&expected[..]);
    if fits { Ok(model) } else { Err(refuse(format!("its output is {fact:?} where f32 {expected:?} is needed"))) }
}

fn misfit([rows, columns]: [usize; 2], why: &TractError) -> EngineError {
    let shape = [1, CHANNELS, rows, columns];
    refuse(format!("its layers don't fit an input of {shape:?} ({})", why.root_cause()))
}

fn refuse(why: String) -> EngineError {
    EngineError::Model(why)
}

/// Checks that the model has exactly one input or output, called `name`.
fn named(model: &InferenceModel, what: &str, outlets: &[OutletId], name: &str) -> Result<(), EngineError> {
    let called = |o: &OutletId| {
        let label = model.outlet_label(*o).unwrap_or_default();
        label == name || model.nodes.get(o.node).is_some_and(|n| n.name == name)
    };
    match outlets {
        [one] if called(one) => Ok(()),
        _ => Err(refuse(format!("it has no single {what} called “{name}”"))),
    }
}
