//! The model learns from readings of the very sector: what it errs there is a Gaussian process, of an offset of the sector, one
//! of each device, a slope over the distance, and errors that neighbouring places share.
//!
//! Rasmussen & Williams, *Gaussian Processes for Machine Learning* (2006), § 2.2. The constants are the moments of the shipped
//! network's errors on held-out sectors of the network of Chengdu; they are not fitted to the sector that is adapted to.
//! Readings beyond [`MOST`] are first taken together by squares, which share what the noise leaves.

use super::land::CELL;
use glam::DVec2;
use nalgebra::{Cholesky, DMatrix, DVector, Dyn};
use std::collections::BTreeMap;

/// Standard deviation of a sector's mean error, dB, where powers are known.
const OFFSET: f64 = 3.5;
/// The same where they are not.
const UNKNOWN_OFFSET: f64 = 20.0;
/// Standard deviation of a device's offset where devices differ, dB.
const DEVICE: f64 = 4.0;
/// Standard deviation of the error of the slope, dB a decade.
const SLOPE: f64 = 5.0;
/// Errors that places share which lie near each other: standard deviation, dB, and the distance at which e⁻¹ of it is left, m.
const SHARED: [(f64, f64); 2] = [(4.0, 25.0), (3.5, 200.0)];
/// Standard deviation of what is left, dB.
const NOISE: f64 = 5.0;
/// Most errors that are learned from one by one: a second of one core in a browser.
pub const MOST: usize = 1000;
/// Side of the smallest squares that more are taken together by, metres.
const SQUARE: f64 = 5.0;

/// The device of nobody: of it no offset is known.
pub const NO_DEVICE: u32 = u32::MAX;

/// Where something was measured, and with what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Local metres.
    pub at: DVec2,
    /// Number of the device.
    pub device: u32,
}

/// What a model errs around one sector.
#[derive(Clone, Debug)]
pub struct Adaptation {
    mast: DVec2,
    offset: f64,
    known: Vec<Place>,
    factor: Option<Cholesky<f64, Dyn>>,
    /// The inverse covariance times the errors.
    weights: DVector<f64>,
}

/// A measurement less what the model predicts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// What it is expected to be, dB.
    pub mean: f64,
    /// How far it spreads around that: standard deviation, dB.
    pub spread: f64,
}

impl Adaptation {
    /// Learns from measured less predicted levels, dB, of the sector at `mast`; whether its power is known. Those that are not
    /// finite are left out.
    pub fn learn(mast: DVec2, power_known: bool, errors: &[(Place, f64)]) -> Self {
        let errors = together(errors);
        let offset = if power_known { OFFSET } else { UNKNOWN_OFFSET };
        let known = errors.iter().map(|e| e.place).collect();
        let mut adaptation = Self { mast, offset, known, factor: None, weights: DVector::zeros(errors.len()) };
        let n = errors.len();
        let covariance = |i: usize, j: usize| {
            let own = if i == j { NOISE * NOISE / errors[i].count } else { 0.0 };
            adaptation.covariance(&errors[i].place, &errors[j].place) + own
        };
        let mut matrix = DMatrix::zeros(n, n);
        for j in 0..n {
            for i in j..n {
                matrix[(i, j)] = covariance(i, j);
            }
        }
        // Positive definite: the noise is its least eigenvalue. Only the lower triangle is read.
        adaptation.factor = Cholesky::new(matrix);
        if let Some(factor) = &adaptation.factor {
            adaptation.weights = factor.solve(&DVector::from_iterator(n, errors.iter().map(|e| e.error)));
        }
        adaptation
    }

    /// What a measurement at `place` is expected to be off.
    pub fn error(&self, place: &Place) -> Expected {
        let shared = DVector::from_iterator(self.known.len(), self.known.iter().map(|k| self.covariance(k, place)));
        let told = self.factor.as_ref().and_then(|factor| factor.l_dirty().solve_lower_triangular(&shared));
        let told = told.map_or(0.0, |t| t.norm_squared());
        let left = (self.covariance(place, place) - told).max(0.0) + NOISE * NOISE;
        Expected { mean: shared.dot(&self.weights), spread: left.sqrt() }
    }

    /// What a measurement at `place` is expected to be off, without how far it spreads: much quicker.
    pub fn mean(&self, place: &Place) -> f64 {
        self.known.iter().zip(self.weights.iter()).map(|(known, weight)| self.covariance(known, place) * weight).sum()
    }

    /// Covariance of the errors at two places, without what each measurement has of its own, dB².
    fn covariance(&self, a: &Place, b: &Place) -> f64 {
        let apart = a.at.distance(b.at);
        let shared: f64 = SHARED.iter().map(|(sd, scale)| sd * sd * (-apart / scale).exp()).sum();
        let device = if a.device == b.device { DEVICE * DEVICE } else { 0.0 };
        self.offset * self.offset + device + SLOPE * SLOPE * self.decades(a.at) * self.decades(b.at) + shared
    }

    /// Decades beyond a distance of 300 m.
    fn decades(&self, p: DVec2) -> f64 {
        (p.distance(self.mast).max(CELL.into()) / 300.0).log10()
    }
}

/// Errors taken together.
#[derive(Clone, Copy)]
struct Mean {
    place: Place,
    error: f64,
    count: f64,
}

/// At most [`MOST`] errors: each by itself, or the means over the smallest squares that are few enough.
fn together(errors: &[(Place, f64)]) -> Vec<Mean> {
    let finite = errors.iter().filter(|(_, error)| error.is_finite());
    let all: Vec<Mean> = finite.map(|(place, error)| Mean { place: *place, error: *error, count: 1.0 }).collect();
    let (mut means, mut side) = (all.clone(), SQUARE);
    while means.len() > MOST {
        let mut squares: BTreeMap<([i64; 2], u32), Mean> = BTreeMap::new();
        for one in &all {
            let square = (one.place.at / side).floor().as_i64vec2().to_array();
            let sum = squares.entry((square, one.place.device));
            let sum = sum.or_insert(Mean { place: Place { at: DVec2::ZERO, ..one.place }, error: 0.0, count: 0.0 });
            sum.place.at += one.place.at;
            sum.error += one.error;
            sum.count += 1.0;
        }
        let mean = |sum: Mean| Mean {
            place: Place { at: sum.place.at / sum.count, ..sum.place },
            error: sum.error / sum.count,
            count: sum.count,
        };
        means = squares.into_values().map(mean).collect();
        side *= 1.5;
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(x: f64, y: f64, device: u32) -> Place {
        Place { at: DVec2::new(x, y), device }
    }

    #[test]
    fn what_was_measured_is_believed_near_by_and_less_farther_away() {
        let errors: Vec<(Place, f64)> = (0..20).map(|i| (place(100.0 + f64::from(i), 50.0, 0), 6.0)).collect();
        let adaptation = Adaptation::learn(DVec2::ZERO, true, &errors);
        let (near, far) = (adaptation.error(&place(110.0, 50.0, 0)), adaptation.error(&place(900.0, 900.0, 0)));
        assert!((near.mean - 6.0).abs() < 1.0 && far.mean > 0.5 && far.mean < near.mean, "{near:?} {far:?}");
        assert!(near.spread < far.spread && near.spread > NOISE);
        assert!((adaptation.mean(&place(110.0, 50.0, 0)) - near.mean).abs() < 1e-9);
        let nothing = Adaptation::learn(DVec2::ZERO, true, &[(place(1.0, 1.0, 0), f64::NAN)]);
        assert_eq!(nothing.error(&place(5.0, 5.0, 0)).mean, 0.0);
    }

    #[test]
    fn an_unknown_power_is_all_made_up_for_and_devices_are_told_apart() {
        let errors: Vec<(Place, f64)> = (0..400)
            .map(|i| {
                let device = i % 2;
                (place(f64::from(i % 20) * 40.0, f64::from(i / 20) * 40.0, device), 30.0 + 4.0 * f64::from(device))
            })
            .collect();
        let adaptation = Adaptation::learn(DVec2::new(-300.0, 0.0), false, &errors);
        let at = |device| adaptation.mean(&place(410.0, 390.0, device));
        assert!((at(0) - 30.0).abs() < 0.7 && (at(1) - at(0) - 4.0).abs() < 0.7, "{} {}", at(0), at(1));
    }

    #[test]
    fn many_errors_are_taken_together_and_tell_the_same() {
        let errors: Vec<(Place, f64)> =
            (0..6000).map(|i| (place(f64::from(i % 100) * 3.0, f64::from(i / 100) * 3.0, 0), 5.0)).collect();
        let means = together(&errors);
        assert!(means.len() <= MOST && means.iter().map(|m| m.count).sum::<f64>() == 6000.0, "{}", means.len());
        let adaptation = Adaptation::learn(DVec2::new(-300.0, 0.0), true, &errors);
        assert!((adaptation.mean(&place(150.0, 90.0, 0)) - 5.0).abs() < 0.1);
    }
}
