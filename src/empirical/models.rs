//! Path-loss formulas: functions of distance, heights and frequency alone. Losses are positive decibels.

use crate::units::{Hertz, SPEED_OF_LIGHT};

/// The geometry of one link, metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Horizontal distance.
    pub d2: f64,
    /// Base-station antenna above the ground.
    pub base: f64,
    /// User terminal above the ground.
    pub user: f64,
}

impl Span {
    /// Distance from antenna to antenna, at least one metre.
    pub fn d3(&self) -> f64 {
        self.d2.hypot(self.base - self.user).max(1.0)
    }
}

/// Free-space loss, dB: 20 lg(4πd/λ) (Friis; ITU-R P.525).
pub fn free_space(distance: f64, frequency: Hertz) -> f64 {
    20.0 * (4.0 * std::f64::consts::PI * distance / frequency.wavelength()).log10()
}

/// Okumura-Hata (below 1500 MHz) and COST-231 Hata (above) median loss of a medium-sized city, dB.
///
/// Made for 150–2000 MHz, 1–20 km, base stations of 30–200 m and terminals of 1–10 m; heights are held to that range,
/// distance and frequency extrapolate. Never below free space.
pub fn cost231_hata(span: Span, frequency: Hertz) -> f64 {
    let f = frequency.mhz();
    let (hb, hm) = (span.base.clamp(30.0, 200.0), span.user.clamp(1.0, 10.0));
    let d = (span.d2 / 1000.0).max(0.01).log10();
    let correction = (1.1 * f.log10() - 0.7) * hm - (1.56 * f.log10() - 0.8);
    let slope = (44.9 - 6.55 * hb.log10()) * d;
    let loss = if f < 1500.0 {
        69.55 + 26.16 * f.log10() - 13.82 * hb.log10() - correction + slope
    } else {
        46.3 + 33.9 * f.log10() - 13.82 * hb.log10() - correction + slope
    };
    loss.max(free_space(span.d3(), frequency))
}

/// TR 38.901 urban macro (table 7.4.1-1) between antennas of given heights at a frequency, dB: what doesn't depend on the
/// distance is worked out once. Made for 0.5–100 GHz and 10 m – 5 km.
#[derive(Clone, Copy, Debug)]
pub struct Uma {
    /// Base-station antenna above the user terminal, metres.
    rise: f64,
    /// Horizontal distance beyond which the loss with line of sight rises faster, metres.
    breakpoint: f64,
    /// Losses at 1 m, from which the loss rises: with line of sight up to the breakpoint and beyond it, and without.
    at_one: [f64; 3],
}

impl Uma {
    /// Between antennas `base` and `user` metres above the ground.
    pub fn new(base: f64, user: f64, frequency: Hertz) -> Self {
        let rise = base - user;
        // Effective environment height 1 m: terminals below 13 m.
        let breakpoint = 4.0 * (base - 1.0).max(0.1) * (user - 1.0).max(0.1) * frequency.0 / SPEED_OF_LIGHT;
        let of_frequency = 20.0 * frequency.ghz().log10();
        let near = 28.0 + of_frequency;
        let far = near - 9.0 * (breakpoint.powi(2) + rise.powi(2)).log10();
        let hidden = 13.54 + of_frequency - 0.6 * (user - 1.5);
        Self { rise, breakpoint, at_one: [near, far, hidden] }
    }

    /// Loss over the horizontal distance `d2` in metres, with line of sight or without.
    pub fn loss(&self, d2: f64, sight: bool) -> f64 {
        let [near, far, hidden] = self.at_one;
        let lg = d2.hypot(self.rise).max(1.0).log10();
        let los = if d2 <= self.breakpoint { near + 22.0 * lg } else { far + 40.0 * lg };
        if sight { los } else { los.max(hidden + 39.08 * lg) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACRO: Span = Span { d2: 1000.0, base: 25.0, user: 1.5 };

    #[test]
    fn free_space_at_one_kilometre_and_one_gigahertz_is_92_45_db() {
        // ITU-R P.525: 92.45 + 20 lg f_GHz + 20 lg d_km.
        assert!((free_space(1000.0, Hertz(1e9)) - 92.45).abs() < 0.01);
    }

    #[test]
    fn hata_at_900_mhz_and_one_kilometre_matches_a_hand_calculation() {
        // f 900, hb 30, hm 1.5: 69.55 + 77.28 − 20.41 − 0.016 + 0 = 126.40 dB (textbook value 126.4).
        let loss = cost231_hata(Span { base: 30.0, ..MACRO }, Hertz::from_mhz(900.0));
        assert!((loss - 126.40).abs() < 0.03, "{loss}");
    }

    #[test]
    fn cost231_at_1800_mhz_and_one_kilometre_matches_a_hand_calculation() {
        // 46.3 + 33.9·3.25527 − 13.82·1.47712 − 0.043 = 136.2 dB.
        let loss = cost231_hata(Span { base: 30.0, ..MACRO }, Hertz::from_mhz(1800.0));
        assert!((loss - 136.20).abs() < 0.05, "{loss}");
    }

    #[test]
    fn uma_is_continuous_at_the_break_point() {
        let f = Hertz(3.5e9);
        let breakpoint = 4.0 * 24.0 * 0.5 * 3.5e9 / SPEED_OF_LIGHT;
        let at = |d2: f64| Uma::new(MACRO.base, MACRO.user, f).loss(d2, true);
        assert!((at(breakpoint * 0.99999) - at(breakpoint * 1.00001)).abs() < 0.01);
    }

    #[test]
    fn uma_without_sight_matches_the_table_at_one_kilometre() {
        // 13.54 + 39.08·lg(1000.276) + 20·lg 3.5 = 141.67 dB.
        let loss = Uma::new(MACRO.base, MACRO.user, Hertz(3.5e9)).loss(MACRO.d2, false);
        assert!((loss - 141.67).abs() < 0.01, "{loss}");
    }
}
