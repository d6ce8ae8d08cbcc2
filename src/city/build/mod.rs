//! Making city archives: natively, by the command line. What is written here is read by [`City::open`].
//!
//! [`City::open`]: super::City::open

pub mod elevation;
mod footprint;
pub mod mitsuba;
mod pack;
mod ply;
mod pmtiles;

pub use mitsuba::{ImportError, SceneFiles};
pub use pack::relabel;
pub use pmtiles::{WriteError, to_pmtiles};
