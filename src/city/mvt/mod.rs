//! Mapbox Vector Tiles, version 2 of the specification: polygons with their tags.
//!
//! A decoder of our own, because it borrows from the tile instead of copying, so that what a tile costs is bounded by its
//! size: decoders that reserve for every ring as much as for the whole feature let a small tile claim terabytes.

mod decode;
#[cfg(feature = "import")]
mod encode;
mod protobuf;

pub use decode::{Layer, Polygons, Value, layers};
#[cfg(feature = "import")]
pub use encode::{Geometry, LayerWriter, Tag};
#[cfg(any(test, feature = "import"))]
pub(crate) use protobuf::put_varint;
pub(crate) use protobuf::varint;
#[cfg(feature = "import")]
pub(crate) use protobuf::{Wire, field, unzigzag};
