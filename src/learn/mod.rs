//! The learned engine: a small convolutional network that corrects the urban-macro baseline by what it learned from
//! measurements. [`features`] defines its input once, for training and inference; [`land`] is what the features read.

pub mod features;
pub mod land;

#[cfg(feature = "onnx")]
mod engine;
#[cfg(feature = "onnx")]
mod network;

#[cfg(feature = "onnx")]
pub use engine::{Learned, RANGE};
#[cfg(feature = "onnx")]
pub use network::{Correction, Network};

#[cfg(feature = "cli")]
pub mod chengdu;
#[cfg(feature = "cli")]
pub mod evaluate;
#[cfg(feature = "cli")]
pub mod export;
#[cfg(feature = "cli")]
pub mod score;
