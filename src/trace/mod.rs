//! The ray tracer: line of sight, specular reflections, ways through walls, and diffraction over rooftops.
//!
//! In two steps. *Discover*: rays shot from the mast tell which mirrors, in which order, carry power to which part of the
//! map ([`discover`]). *Gather*: every receiver tries the candidates of its part by the image method, which gives exact
//! paths ([`path`]), and sums the power they bring ([`field`]). So there is no noise, and what only moves power about
//! (tilt, azimuth, materials) needs no new rays.
//!
//! | module | what lives there |
//! |---|---|
//! | [`scene`], `roof`, [`facet`], [`plane`], [`faces`] | what rays meet: facets and the planes they mirror in |
//! | [`bvh`], [`wide`], [`shaft`] | the hierarchy that rays walk, on the GPU and on the CPU |
//! | [`discover`], [`glance`], [`level`], [`path`], [`field`] | signatures, where rays come down to the receivers, exact paths, the field they carry |
//! | [`task`], [`direct`] | one transmitter over one grid: what both backends compute; the direct way over roofs and woods |
//! | [`gather`], [`gap`] | what the cells of a tile receive |
//! | [`spread`] | what a cell keeps of it: power, or also delays and directions |
//! | [`reception`], [`listen`] | the paths to one receiver, with powers, delays and angles, and to a list of them |
//! | [`scatter`] | diffuse scattering |
//! | [`edge`], [`edges`], [`utd`], [`bent`] | the edges that diffract, diffraction at a wedge, and paths over an edge |
//! | [`lit`], [`fan`], [`over`] | what of the edges the transmitter sees, where that sends to, and what cells receive over it |
//! | [`detour`] | ways around a corner with mirrors beside it |
//! | [`seen`] | all paths over an edge between two points |
//! | [`store`] | traced paths kept for a list of points, their power and its exact derivatives |
//! | [`calibrate`] | what materials and sectors must be like to bring what was measured |
//! | [`cpu`], `gpu`, `machine` | the two backends, and what becomes of a map when its GPU is lost |

pub mod bent;
pub mod bvh;
pub mod calibrate;
pub mod cone;
pub mod cpu;
pub mod detour;
pub mod direct;
pub mod discover;
pub mod edge;
pub mod edges;
pub mod faces;
pub mod facet;
pub mod fan;
pub mod field;
pub mod gap;
pub mod gather;
pub mod glance;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod level;
pub mod listen;
pub mod lit;
mod machine;
pub mod over;
pub mod path;
pub mod plane;
pub mod reception;
#[cfg(feature = "cli")]
pub mod reference;
mod roof;
pub mod scatter;
pub mod scene;
pub mod scout;
pub mod seen;
pub mod shaft;
pub mod spread;
pub mod store;
pub mod task;
mod tracer;
pub mod utd;
pub mod wide;

pub use machine::MadeOn;
pub use reception::Reception;
pub use tracer::{Backend, KEPT_SITES, Tracer};
