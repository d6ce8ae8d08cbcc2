//! The learned engine: a small convolutional network that corrects the urban-macro baseline by what it learned from
//! measurements. [`features`] defines its input once, for training and inference; [`land`] is what the features read;
//! [`catalogue`] lists the models to choose from; [`adapt`] learns from readings of the very sector.

pub mod adapt;
pub mod catalogue;
pub mod features;
pub mod land;

#[cfg(feature = "onnx")]
mod engine;
#[cfg(feature = "onnx")]
mod network;

#[cfg(feature = "onnx")]
pub use engine::{Learned, RANGE};
#[cfg(feature = "onnx")]
pub use network::{Correction, Network, SIDE};
