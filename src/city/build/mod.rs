//! Making city archives. What is written here is read by [`City::open`].
//!
//! A source ([`osm`], [`geojson`], `geoparquet`) hands over a [`draft::Draft`]: outlines and map features in degrees, with what is known
//! of them. [`finish`] makes a [`City`] of it, the same way for every source: `repair`, then `parts`, then the
//! heights; and a [`report::Report`] that leaves nothing unsaid. Scenes (`mitsuba`) are in metres and have their heights
//! already, so they share the report and the writer only. [`to_pmtiles`] writes.
//!
//! [`City::open`]: super::City::open
//! [`City`]: super::City

mod clean;
mod clip;
mod coast;
mod collect;
pub mod draft;
#[cfg(feature = "scenes")]
pub mod elevation;
mod error;
mod finish;
#[cfg(feature = "scenes")]
mod footprint;
pub mod geojson;
#[cfg(feature = "geoparquet")]
pub mod geoparquet;
mod kinds;
#[cfg(feature = "scenes")]
pub mod mitsuba;
pub mod osm;
mod pack;
mod parts;
#[cfg(feature = "scenes")]
mod ply;
mod pmtiles;
mod repair;
pub mod report;
mod sea;
mod tags;
mod tiles;
mod trees;
#[cfg(feature = "geoparquet")]
mod wkb;

pub use error::{Fault, ImportError, Progress, Tell};
pub use finish::{Identity, Imported, finish};
pub use pack::relabel;
pub use pmtiles::{WriteError, to_pmtiles};
