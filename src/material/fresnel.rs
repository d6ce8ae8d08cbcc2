//! Plane waves at a flat surface: the reflection coefficients of a half-space and the reflection and transmission
//! coefficients of a slab (ITU-R P.2040-3 § 2.2.2).
//!
//! Fields go as e^{+jωt}. TE is the polarisation perpendicular to the plane of incidence. In TM the reflected unit vector
//! is e⊥ × k of the reflected wave, so at normal incidence the two coefficients differ in sign only.

use super::Complex;
use std::f32::consts::TAU;

/// A pair of coefficients, one a polarisation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefficients {
    /// Electric field perpendicular to the plane of incidence.
    pub te: Complex,
    /// Electric field in the plane of incidence.
    pub tm: Complex,
}

/// √(η − sin²θ) for the cosine of the angle of incidence θ, as √(η − 1 + cos²θ): nothing cancels at grazing incidence.
fn transverse(eta: Complex, cos: f32) -> Complex {
    Complex::new((eta.re - 1.0) + cos * cos, eta.im).sqrt()
}

/// Reflection from air into a half-space of relative permittivity `eta`: P.2040-3 eq. 31. `cos` is the cosine of the
/// angle of incidence, 0–1.
pub fn half_space(eta: Complex, cos: f32) -> Coefficients {
    let root = transverse(eta, cos);
    let c = Complex::from(cos);
    Coefficients { te: (c - root) / (c + root), tm: (eta * cos - root) / (eta * cos + root) }
}

/// Reflection from and transmission through a slab of relative permittivity `eta` in air, `thickness` wavelengths (in
/// vacuum) thick: P.2040-3 eqs. 43 and 44.
pub fn slab(eta: Complex, thickness: f32, cos: f32) -> (Coefficients, Coefficients) {
    let face = half_space(eta, cos);
    let q = transverse(eta, cos) * thickness;
    let once = phasor(q);
    let twice = once * once;
    let through = |r: Complex| {
        let echo = Complex::ONE - r * r * twice;
        (r * (Complex::ONE - twice) / echo, (Complex::ONE - r * r) * once / echo)
    };
    let ((te_r, te_t), (tm_r, tm_t)) = (through(face.te), through(face.tm));
    (Coefficients { te: te_r, tm: tm_r }, Coefficients { te: te_t, tm: tm_t })
}

/// e^{−j2πq}, with whole turns taken out first so that thick slabs keep their phase in f32.
fn phasor(q: Complex) -> Complex {
    let (sin, cos) = (TAU * q.re.fract()).sin_cos();
    let decay = (TAU * q.im).exp();
    Complex::new(decay * cos, -decay * sin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_passive_surface_reflects_more_than_it_gets(er in 1.0..80.0f32, ei in 0.0..1e8f32, cos in 0.0..1.0f32, d in 0.0..100.0f32) {
            let eta = Complex::new(er, -ei);
            let r = half_space(eta, cos);
            prop_assert!(r.te.norm_squared() <= 1.0001 && r.tm.norm_squared() <= 1.0001);
            let (r, t) = slab(eta, d, cos.max(1e-3));
            prop_assert!(r.te.norm_squared() + t.te.norm_squared() <= 1.001);
            prop_assert!(r.tm.norm_squared() + t.tm.norm_squared() <= 1.001);
        }

        #[test]
        fn a_lossless_slab_keeps_the_energy(er in 1.1..10.0f32, cos in 0.05..1.0f32, d in 0.0..10.0f32) {
            let (r, t) = slab(Complex::new(er, 0.0), d, cos);
            prop_assert!((r.te.norm_squared() + t.te.norm_squared() - 1.0).abs() < 1e-3);
            prop_assert!((r.tm.norm_squared() + t.tm.norm_squared() - 1.0).abs() < 1e-3);
        }
    }

    #[test]
    fn at_brewsters_angle_nothing_of_tm_comes_back() {
        let cos = (4.0f32.sqrt()).atan().cos();
        assert!(half_space(Complex::new(4.0, 0.0), cos).tm.norm_squared() < 1e-12);
    }
}
