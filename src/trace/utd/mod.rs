//! Diffraction at a straight wedge: the uniform theory (UTD) of Kouyoumjian and Pathak, "A uniform geometrical theory of
//! diffraction for an edge in a perfectly conducting surface", Proc. IEEE 62 (1974), with the heuristic coefficients of
//! Luebbers, "Finite conductivity uniform GTD versus knife edge diffraction in prediction of propagation path loss", IEEE
//! Trans. Antennas Propag. 32 (1984), for walls that are no conductors.
//!
//! It is a pure function of geometry, wavelength and materials, in f64: phases kL reach 10⁵ radians at 28 GHz, and near
//! grazing incidence the four terms cancel to a thousandth of each. Fields go as e^{+jωt}. As in [`super::field`] the
//! phase of the way is not part of the field: a path's length tells it.
//!
//! | module | what lives there |
//! |---|---|
//! | [`Wedge`], [`Ray`] | the wedge, and the way over its edge |
//! | [`transition`] | the function that bridges shadow and reflection boundaries |
//! | [`Face`], [`diffract`] | what its faces reflect, and the field beyond |
//! | [`total`] | direct, reflected and diffracted waves of one wedge alone |

mod diffract;
mod face;
pub mod total;
mod transition;
mod wedge;

pub use diffract::{diffract, shares};
pub use face::{Face, Field};
pub use transition::transition;
pub use wedge::{Beside, Ray, Wedge};
