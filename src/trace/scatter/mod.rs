//! Diffuse scattering: what rough surfaces throw on, by any mixture of mirroring and scattering up to the task's depth.
//!
//! A wave that meets a rough wall leaves it in every direction, so its paths are not found but summed. Rays leave the
//! transmitter evenly over its sphere, each with its share of it ([`shoot`]). At every wall that one is mirrored at,
//! another leaves in a random direction by the wall's lobe ([`draw`]) and goes on, mirrored or scattered again as chance
//! has it, with a weight that makes the mean right ([`crate::material::finish`] names the model).
//!
//! A ray that carries w steradians' worth of power and goes ℓ metres through a volume V brings its mean power
//! (λ/4π)² · w · ℓ/V there. So every ray is counted in every block of the map that it goes through at about the height of
//! the receivers ([`lattice`]), not only where it comes through their level, which a ray that skims it does with a weight
//! without bound. Scattered power varies slowly along a street, so neighbours that see each other share what they found
//! ([`smooth`]): what is left of the noise falls with the square root of the number of rays.
//!
//! Two other ways were measured and left. Rays from the receivers that look for lit walls miss what is small and bright:
//! the walls around the mast, seen from afar. Asking points of lit walls straight from each receiver, drawn by weight,
//! finds those, but not what is mirrored after it was scattered, and costs what as many rays more do.

pub mod draw;
pub mod lattice;
pub mod shoot;
pub mod smooth;
pub mod tally;
