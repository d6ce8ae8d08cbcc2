//! What leaves and branches take from a wave that goes through them.
//!
//! The loss grows with the metres on the way through foliage by Weissberger's modified exponential decay (M. A. Weissberger,
//! "An initial critical summary of models for predicting the attenuation of radio waves by trees", ESD-TR-81-101, 1982): in
//! full leaf, for 0.23–95 GHz and up to 400 m, which of the common formulas is the only one that spans all carriers asked
//! for here. With f in GHz and d in metres,
//!
//! A = 0.45 f^0.284 d to 14 m, 1.33 f^0.284 d^0.588 beyond.
//!
//! Both meet at 13.9 m, and there one goes over into the other, so that the loss never falls: by 0.02 dB at 1 GHz other than
//! as published. What goes around, over the crowns and off other trees, leaves off no more than the maximum attenuation that
//! ITU-R P.833-10 § 2.1 gives woods with one terminal in them, for f in MHz
//!
//! A ≤ A₁ f^α,
//!
//! here with A₁ = 1.37 dB and α = 0.42 of mixed forest, measured at 0.1–2.1 GHz and continued above. It is reached 100–300 m
//! into a wood, so the 400 m of the first formula never are.
//!
//! The state of the trees is not known: without leaves broad-leaved trees take less, wet ones more. Waves are not turned and
//! not delayed.

use crate::units::Hertz;

/// dB a metre at 1 GHz where little was on the way.
const FIRST_METRES: f64 = 0.45;
/// dB at 1 GHz behind the first metre of the law for more.
const FURTHER: f64 = 1.33;
/// Its exponent.
const SLOWER: f64 = 0.588;
/// By which exponent of the frequency both grow.
const BY_FREQUENCY: f64 = 0.284;
/// The most that is lost at 1 MHz, dB, and by which exponent of the frequency that grows.
const MOST: (f64, f64) = (1.37, 0.42);

/// Loss in dB of `metres` of foliage on a wave's way; 0 where that is no positive number. Finite, and never less for more of
/// it or for a higher frequency.
pub fn foliage_loss(metres: f32, frequency: Hertz) -> f32 {
    // Written so that a NaN is nothing, too.
    if !(metres > 0.0 && frequency.0 > 0.0) {
        return 0.0;
    }
    let metres = f64::from(metres);
    let through = frequency.ghz().powf(BY_FREQUENCY) * (FIRST_METRES * metres).min(FURTHER * metres.powf(SLOWER));
    let (one, exponent) = MOST;
    through.min(one * (1e3 * frequency.ghz()).powf(exponent)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn loss(metres: f32, ghz: f64) -> f64 {
        foliage_loss(metres, Hertz(ghz * 1e9)).into()
    }

    #[test]
    fn short_and_long_ways_lose_as_weissberger_says() {
        for (metres, ghz, expected) in [
            (1.0, 1.0, 0.45),
            (10.0, 1.0, 4.5),
            (10.0, 3.5, 4.5 * 3.5f64.powf(0.284)),
            (14.0, 1.0, 1.33 * 14f64.powf(0.588)),
            (100.0, 1.0, 1.33 * 100f64.powf(0.588)),
            (30.0, 28.0, 1.33 * 28f64.powf(0.284) * 30f64.powf(0.588)),
        ] {
            assert!((loss(metres, ghz) - expected).abs() < 0.005, "{metres} m at {ghz} GHz: {}", loss(metres, ghz));
        }
    }

    /// The most lost in mixed forest near St. Petersburg, as P.833 lists it.
    #[test]
    fn the_most_that_is_lost_is_what_the_recommendation_measured() {
        for (mhz, expected) in [(466.475, 18.0), (949.0, 26.5), (1852.2, 29.0), (2117.5, 34.1)] {
            let most = loss(5_000.0, mhz / 1e3);
            assert!((most / expected - 1.0).abs() < 0.15, "{most} dB for {expected} at {mhz} MHz");
            assert!(loss(400.0, mhz / 1e3) >= most, "it is not reached within 400 m at {mhz} MHz");
        }
    }

    #[test]
    fn what_is_no_way_loses_nothing_and_an_endless_one_a_finite_number() {
        for metres in [0.0, -1.0, f32::NAN, f32::NEG_INFINITY] {
            assert_eq!(foliage_loss(metres, Hertz(3.5e9)), 0.0);
        }
        for hertz in [0.0, -1.0, f64::NAN] {
            assert_eq!(foliage_loss(10.0, Hertz(hertz)), 0.0);
        }
        assert!((30.0..60.0).contains(&foliage_loss(f32::INFINITY, Hertz(3.5e9))));
    }

    proptest! {
        #[test]
        fn more_leaves_and_higher_frequencies_never_lose_less(
            metres in 0.0..2_000.0f32, more in 0.0..50.0f32, ghz in 0.4..60.0f64, higher in 1.0..2.0f64,
        ) {
            let here = loss(metres, ghz);
            prop_assert!(here.is_finite() && here >= 0.0);
            prop_assert!(loss(metres + more, ghz) >= here);
            prop_assert!(loss(metres, ghz * higher) >= here);
            // By the law of the first metres at most.
            prop_assert!(loss(metres + more, ghz) - here <= 0.45 * ghz.powf(0.284) * f64::from(more) + 1e-3);
        }
    }
}
