//! The ray tracer: line of sight, specular reflections and diffraction over rooftops.
//!
//! In two steps. *Discover*: rays shot from the mast tell which mirrors, in which order, carry power to which part of the
//! map ([`discover`]). *Gather*: every receiver tries the candidates of its part by the image method, which gives exact
//! paths ([`path`]), and sums the power they bring ([`field`]). So there is no noise, and what only moves power about
//! (tilt, azimuth, materials) needs no new rays.
//!
//! | module | what lives there |
//! |---|---|
//! | [`scene`], [`plane`], [`bvh`] | triangles, the planes they mirror in, the hierarchy that rays walk |
//! | [`discover`], [`level`], [`path`], [`field`] | signatures, where rays come down to the receivers, exact paths, the field they carry |
//! | [`task`] | one transmitter over one grid: what both backends compute |
//! | [`cpu`], `gpu` | the two backends |

pub mod bvh;
pub mod cpu;
pub mod discover;
pub mod field;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod level;
pub mod path;
pub mod plane;
#[cfg(feature = "cli")]
pub mod reference;
pub mod scene;
pub mod task;
mod tracer;

pub use tracer::{Backend, Tracer};
