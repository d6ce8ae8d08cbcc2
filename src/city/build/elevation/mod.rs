//! Elevation models: from a `GeoTIFF` or a mesh to an archive of terrain.

pub mod geotiff;
mod lattice;
pub mod projection;
mod terrarium;

pub use geotiff::{Elevation, GeoTiffError};
pub use lattice::Lattice;
pub use terrarium::Relief;
