//! An engine learns from readings of the very sector: what it errs there is a Gaussian process, of an offset of the sector, one
//! of each device, a slope over the distance, and errors that neighbouring places share.
//!
//! Rasmussen & Williams, *Gaussian Processes for Machine Learning* (2006), § 2.2. The constants are the moments of the shipped
//! network's errors on held-out sectors of the network of Chengdu; they are not fitted to the sector that is adapted to.

use super::predict::Prediction;
use super::{Offsets, Reading, Sector};
use crate::learn::land::CELL;
use glam::DVec2;

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

/// What an engine errs around one sector.
#[derive(Clone, Debug)]
pub struct Adaptation<'a> {
    sector: &'a Sector,
    offset: f64,
    readings: Vec<Reading>,
    /// The lower triangle of the covariance's Cholesky factor, row by row.
    factor: Vec<f64>,
    /// The inverse covariance times the errors.
    weights: Vec<f64>,
}

impl<'a> Adaptation<'a> {
    /// Learns from pairs of a reading of `sector` and the engine's level there, dBm. Errors that are not finite are left out.
    pub fn learn(sector: &'a Sector, offsets: Offsets, pairs: &[(Reading, f64)]) -> Self {
        let pairs = pairs.iter().filter(|(reading, level)| level.is_finite() && reading.rsrp.is_finite());
        let (readings, errors): (Vec<Reading>, Vec<f64>) = pairs.map(|(r, l)| (*r, f64::from(r.rsrp) - l)).unzip();
        let offset = match offsets {
            Offsets::None => OFFSET,
            Offsets::SectorAndDevice => UNKNOWN_OFFSET,
        };
        let mut adaptation = Self { sector, offset, readings, factor: Vec::new(), weights: Vec::new() };
        adaptation.factor = adaptation.cholesky();
        let halfway = adaptation.solve_lower(&errors);
        adaptation.weights = adaptation.solve_upper(&halfway);
        adaptation
    }

    /// The engine's prediction at a reading's place and device, corrected: the spread is that of what is left.
    pub fn correct(&self, reading: &Reading, predicted: Prediction) -> Prediction {
        let shared: Vec<f64> = self.readings.iter().map(|known| self.covariance(known, reading)).collect();
        let correction: f64 = shared.iter().zip(&self.weights).map(|(k, w)| k * w).sum();
        let told: f64 = self.solve_lower(&shared).iter().map(|v| v * v).sum();
        let left = (self.covariance(reading, reading) - told).max(0.0) + NOISE * NOISE;
        Prediction { level: predicted.level + correction, spread: Some(left.sqrt()) }
    }

    /// Covariance of the errors at two readings, without what each has of its own, dB².
    fn covariance(&self, a: &Reading, b: &Reading) -> f64 {
        let apart = a.at.distance(b.at);
        let shared: f64 = SHARED.iter().map(|(sd, scale)| sd * sd * (-apart / scale).exp()).sum();
        let device = if a.device == b.device { DEVICE * DEVICE } else { 0.0 };
        self.offset * self.offset + device + SLOPE * SLOPE * self.decades(a.at) * self.decades(b.at) + shared
    }

    /// Decades beyond a distance of 300 m.
    fn decades(&self, p: DVec2) -> f64 {
        (p.distance(self.sector.at).max(CELL.into()) / 300.0).log10()
    }

    fn cholesky(&self) -> Vec<f64> {
        let n = self.readings.len();
        let mut l = Vec::with_capacity(n * (n + 1) / 2);
        for i in 0..n {
            let row = l.len();
            for j in 0..=i {
                let other = j * (j + 1) / 2;
                let product: f64 = (0..j).map(|k| l[row + k] * l[other + k]).sum();
                let own = if i == j { NOISE * NOISE } else { 0.0 };
                let left = self.covariance(&self.readings[i], &self.readings[j]) + own - product;
                // Never below the noise but for rounding: the covariance is positive definite.
                l.push(if i == j { left.max(1e-9).sqrt() } else { left / l[other + j] });
            }
        }
        l
    }

    fn solve_lower(&self, right: &[f64]) -> Vec<f64> {
        let mut x: Vec<f64> = Vec::with_capacity(right.len());
        for (i, value) in right.iter().enumerate() {
            let row = &self.factor[i * (i + 1) / 2..];
            let known: f64 = x.iter().zip(row).map(|(x, l)| x * l).sum();
            x.push((value - known) / row[i]);
        }
        x
    }

    fn solve_upper(&self, right: &[f64]) -> Vec<f64> {
        let mut x = right.to_vec();
        for i in (0..x.len()).rev() {
            let row = &self.factor[i * (i + 1) / 2..];
            x[i] /= row[i];
            let value = x[i];
            for (other, l) in x[..i].iter_mut().zip(row) {
                *other -= l * value;
            }
        }
        x
    }
}
