//! The transition function of the uniform theory of diffraction.
//!
//! F(x) = 2j√x e^{jx} ∫_{√x}^∞ e^{−jτ²} dτ (Kouyoumjian and Pathak 1974), which goes from √(πx) e^{jπ/4} at its
//! shadow boundary to 1 far from it. With u = √x it is u·G(u), where G(u) = √π e^{jπ/4} erfcx(u e^{jπ/4}) is smooth on all
//! of u ≥ 0: what a wedge needs is G, since there u is divided out again.
//!
//! Three pieces, good to 10⁻¹² of each other where they meet: the power series of erf (Abramowitz and Stegun 1964, eq.
//! 7.1.6) up to u = 2.5, Laplace's continued fraction (ibid., eq. 7.1.14) up to u = 6, the asymptotic series (ibid., eq.
//! 7.1.23) beyond.

use num_complex::Complex64;
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// e^{jπ/4}.
pub(super) const EIGHTH_TURN: Complex64 = Complex64::new(FRAC_1_SQRT_2, FRAC_1_SQRT_2);
/// Up to here the power series: its greatest term is e^{u²}, so that no more than three digits cancel.
const SERIES_END: f64 = 2.5;
/// From here on the asymptotic series: its least term is e^{−u²}.
const ASYMPTOTIC_START: f64 = 6.0;
/// Terms after which the power series has no more to add at its end.
const SERIES_TERMS: u32 = 50;
/// Levels of the continued fraction, enough where it begins.
const FRACTION_LEVELS: u32 = 70;
/// Terms of the asymptotic series, fewer than lead to its least one.
const ASYMPTOTIC_TERMS: u32 = 18;

/// F(x) for x ≥ 0; NaN for any other.
pub fn transition(x: f64) -> Complex64 {
    let u = x.sqrt();
    if u >= ASYMPTOTIC_START { asymptotic(u) } else { smooth(u) * u }
}

/// G(u) = F(u²)/u for u ≥ 0.
pub(super) fn smooth(u: f64) -> Complex64 {
    if u <= SERIES_END {
        series(u)
    } else if u < ASYMPTOTIC_START {
        fraction(u)
    } else {
        asymptotic(u) / u
    }
}

/// G(u) = √π e^{jπ/4} e^{ju²} − 2ju Σ (2ju²)ⁿ/(2n + 1)!!.
fn series(u: f64) -> Complex64 {
    let x = u * u;
    let step = Complex64::new(0.0, 2.0 * x);
    let (mut term, mut sum) = (Complex64::new(1.0, 0.0), Complex64::new(1.0, 0.0));
    for n in 1..=SERIES_TERMS {
        term = term * step / f64::from(2 * n + 1);
        sum += term;
        if term.norm_sqr() < 1e-36 {
            break;
        }
    }
    let (sin, cos) = x.sin_cos();
    EIGHTH_TURN * Complex64::new(cos, sin) * PI.sqrt() - Complex64::new(0.0, 2.0 * u) * sum
}

/// G(u) = e^{jπ/4} / (z + ½/(z + 1/(z + (3/2)/(z + …)))), z = u e^{jπ/4}.
fn fraction(u: f64) -> Complex64 {
    let z = EIGHTH_TURN * u;
    let tail = (1..=FRACTION_LEVELS).rev().fold(z, |below, n| z + below.inv() * (0.5 * f64::from(n)));
    EIGHTH_TURN / tail
}

/// F(u²) = Σ (2n − 1)!! (j/2u²)ⁿ = 1 + j/2u² − 3/4u⁴ − ….
fn asymptotic(u: f64) -> Complex64 {
    let step = Complex64::new(0.0, 0.5 / (u * u));
    let (mut term, mut sum) = (Complex64::new(1.0, 0.0), Complex64::new(1.0, 0.0));
    for n in 1..=ASYMPTOTIC_TERMS {
        term = term * step * f64::from(2 * n - 1);
        sum += term;
        if term.norm_sqr() < 1e-36 {
            break;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// √π e^{jπ/4} erfcx(z) = 2 e^{jπ/4} ∫₀^∞ e^{−t² − 2zt} dt by the trapezoidal rule with the end corrected.
    fn by_quadrature(u: f64) -> Complex64 {
        let z = EIGHTH_TURN * u;
        let (steps, reach) = (200_000, 8.0);
        let h = reach / f64::from(steps);
        let at = |t: f64| {
            let e = -z * (2.0 * t) - t * t;
            Complex64::new(e.im.cos(), e.im.sin()) * e.re.exp()
        };
        let inner = (1..steps).fold(at(0.0) * 0.5, |sum, i| sum + at(f64::from(i) * h));
        // Euler and Maclaurin: the slope at 0 is −2z.
        EIGHTH_TURN * 2.0 * (inner * h - z * (h * h / 6.0))
    }

    #[test]
    fn it_is_the_integral_that_defines_it() {
        for u in [0.0, 0.01, 0.3, 1.0, 2.0, 2.49, 2.51, 3.5, 5.0, 5.99, 6.01, 9.0, 20.0] {
            let (ours, expected) = (smooth(u), by_quadrature(u));
            assert!((ours - expected).norm_sqr().sqrt() < 1e-10, "{ours} but {expected} at {u}");
        }
    }

    #[test]
    fn its_pieces_meet_to_1e_12() {
        let off = |a: Complex64, b: Complex64| (a - b).norm_sqr().sqrt();
        assert!(off(series(SERIES_END), fraction(SERIES_END)) < 1e-12);
        let u = ASYMPTOTIC_START;
        assert!(off(fraction(u) * u, asymptotic(u)) < 1e-12);
    }

    #[test]
    fn it_starts_as_the_root_and_ends_at_one() {
        let x = 1e-8;
        let root = EIGHTH_TURN * (PI * x).sqrt();
        assert!((transition(x) - root).norm_sqr().sqrt() < 3e-8);
        assert_eq!(transition(0.0), Complex64::new(0.0, 0.0));
        assert_eq!(transition(f64::INFINITY), Complex64::new(1.0, 0.0));
        assert!((transition(1e6) - Complex64::new(1.0, 5e-7)).norm_sqr().sqrt() < 1e-11);
    }

    proptest! {
        #[test]
        fn it_never_jumps(u in 0.0..40.0f64) {
            let step = transition((u + 1e-9).powi(2)) - transition(u * u);
            prop_assert!(step.norm_sqr().sqrt() < 1e-8, "{step} at {u}");
        }
    }
}
