//! Errors of traced levels, their slopes by the unknowns, and the steps that make them smaller.

use super::on::{Asked, Ready};
use super::unknown::Prior;
use super::{ALIKE, CalibrationError, ENTANGLED, Estimate, FEWEST, FREEDOM, Observed, On, Reading, UNTOLD, Unknown};
use crate::engine::Job;
use crate::trace::store::{Parameter, SignalModel};
use glam::Vec2;
use nalgebra::{Cholesky, DMatrix, DVector};
use std::collections::BTreeMap;

/// Least scale of the errors, dB: readings are rounded to whole decibels.
const LEAST_SCALE: f64 = 0.3;
/// Information of a reading beside that of one with normal errors: that of Student's distribution.
const INFORMATION: f64 = (FREEDOM + 1.0) / (FREEDOM + 3.0);
/// A normal distribution's standard deviation over the median of its absolute values.
const NORMAL: f64 = 1.4826;

/// What is fitted to what.
pub(super) struct Fit<'a> {
    observed: &'a [Observed<'a>],
    unknowns: &'a [Unknown],
    priors: Vec<Prior>,
    ready: Ready<'a>,
}

/// Errors and slopes where some values of the unknowns lead.
pub(super) struct State {
    /// Level brought less level measured, dB, of each reading; not a number where no path arrives.
    errors: Vec<f64>,
    /// Their derivatives, reading after reading.
    slopes: Vec<f64>,
}

impl State {
    /// How much is believed of each error, 0–1 and a little more.
    fn weight(error: f64, scale: f64) -> f64 {
        (FREEDOM + 1.0) / (FREEDOM + (error / scale).powi(2))
    }

    fn heard(&self) -> impl Iterator<Item = f64> {
        self.errors.iter().copied().filter(|e| e.is_finite())
    }

    /// The scale of the errors' distribution, likeliest of all, from a first guess.
    pub(super) fn scale(&self, guess: f64) -> f64 {
        let mut scale = guess;
        for _ in 0..100 {
            let (mut sum, mut count) = (0.0, 0.0);
            for error in self.heard() {
                sum += Self::weight(error, scale) * error * error;
                count += 1.0;
            }
            let next = (sum / f64::max(count, 1.0)).sqrt().max(LEAST_SCALE);
            if (next / scale - 1.0).abs() < 1e-6 {
                break;
            }
            scale = next;
        }
        scale
    }

    /// Root of the mean squared error, dB.
    pub(super) fn rmse(&self) -> f64 {
        let (sum, count) = self.heard().fold((0.0, 0.0), |(sum, count), e| (sum + e * e, count + 1.0));
        (sum / f64::max(count, 1.0)).sqrt()
    }
}

/// A first guess of the scale: what half of the errors lie within.
pub(super) fn first_scale(state: &State) -> f64 {
    let mut sizes: Vec<f64> = state.heard().map(f64::abs).collect();
    let half = sizes.len() / 2;
    let median = sizes.get(half).is_some().then(|| *sizes.select_nth_unstable_by(half, f64::total_cmp).1);
    (NORMAL * median.unwrap_or_default()).max(LEAST_SCALE)
}

impl<'a> Fit<'a> {
    pub(super) fn new(observed: &'a [Observed<'a>], unknowns: &'a [Unknown], on: &'a On<'a>) -> Self {
        let prior =
            |unknown: &Unknown| unknown.prior(observed.iter().filter(|o| unknown.is_of(o.sector)).map(|o| &o.model));
        let stores = observed.iter().map(|o| o.store);
        Self { observed, unknowns, priors: unknowns.iter().map(prior).collect(), ready: on.ready(stores) }
    }

    /// Number of all readings.
    pub(super) fn readings(&self) -> usize {
        self.observed.iter().map(|o| o.readings.len()).sum()
    }

    fn each(&self) -> impl Iterator<Item = (&Observed<'a>, &Reading)> {
        self.observed.iter().flat_map(|o| o.readings.iter().map(move |r| (o, r)))
    }

    /// The number of readings with paths, where something can be learned from them.
    pub(super) fn check(&self, state: &State) -> Result<usize, CalibrationError> {
        let heard: Vec<&Reading> =
            self.each().zip(&state.errors).filter(|(_, e)| e.is_finite()).map(|((_, r), _)| r).collect();
        let Some(first) = heard.first().filter(|_| heard.len() >= FEWEST) else {
            return Err(CalibrationError::TooFew { heard: heard.len(), all: self.readings() });
        };
        if heard.iter().all(|r| r.at.distance(first.at) < 1.0) {
            return Err(CalibrationError::OnePlace);
        }
        if heard.iter().all(|r| r.level == first.level) {
            return Err(CalibrationError::OneLevel(first.level));
        }
        Ok(heard.len())
    }

    /// A sector's model with the unknowns at these values.
    fn model(&self, observed: &Observed<'_>, at: &[f64]) -> SignalModel {
        let mut model = observed.model;
        for (unknown, change) in self.unknowns.iter().zip(at).filter(|(u, _)| u.is_of(observed.sector)) {
            let value = model.value_mut(unknown.parameter());
            *value = unknown.changed(*value, *change);
        }
        model
    }

    /// Errors and slopes at these values.
    pub(super) async fn evaluate(&self, at: &[f64], job: &mut Job) -> Result<State, CalibrationError> {
        let (all, columns) = (self.readings(), self.unknowns.len());
        let mut state = State { errors: Vec::with_capacity(all), slopes: Vec::with_capacity(all * columns) };
        let offsets: BTreeMap<u32, (usize, f64)> = self
            .unknowns
            .iter()
            .zip(at)
            .enumerate()
            .filter_map(|(i, (unknown, change))| match unknown {
                Unknown::Device(device) => Some((*device, (i, *change))),
                _ => None,
            })
            .collect();
        for (number, observed) in self.observed.iter().enumerate() {
            let model = self.model(observed, at);
            // The columns that this sector's levels depend on, but for those of devices.
            let own: Vec<(usize, f64)> = self
                .unknowns
                .iter()
                .enumerate()
                .filter(|(_, u)| u.is_of(observed.sector))
                .map(|(i, u)| (i, u.by_change(model.value(u.parameter()))))
                .collect();
            let parameters: Vec<Parameter> = own.iter().map(|(i, _)| self.unknowns[*i].parameter()).collect();
            let done = state.errors.len() as f32 / all as f32;
            let asked = Asked { number, observed, model: &model, parameters: &parameters, done };
            let rows = self.ready.rows(&asked, job).await?;
            let slopes = rows.slopes.chunks(parameters.len().max(1)).chain(std::iter::repeat(&[][..]));
            for ((reading, gain), by) in observed.readings.iter().zip(rows.gains).zip(slopes) {
                let mut row = vec![0.0; columns];
                own.iter().zip(by).for_each(|((i, by_change), slope)| row[*i] = slope * by_change);
                let mut offset = 0.0;
                if let Some((i, change)) = offsets.get(&reading.device) {
                    (row[*i], offset) = (1.0, *change);
                }
                state.errors.push(observed.power + gain + offset - reading.level);
                state.slopes.extend(row);
            }
        }
        Ok(state)
    }

    /// What is made small: the negative logarithm of the likelihood and of what was believed beforehand, but for constants.
    pub(super) fn cost(&self, state: &State, at: &[f64], scale: f64) -> f64 {
        let of = |error: f64| 0.5 * (FREEDOM + 1.0) * ((error / scale).powi(2) / FREEDOM).ln_1p();
        let beforehand = self.priors.iter().zip(at).map(|(prior, x)| 0.5 * (x / prior.deviation).powi(2));
        state.heard().map(of).sum::<f64>() + beforehand.sum::<f64>()
    }

    /// Gauss and Newton's curvature of it, and its slope.
    pub(super) fn normal(&self, state: &State, at: &[f64], scale: f64) -> (DMatrix<f64>, DVector<f64>) {
        let n = self.unknowns.len();
        let (mut curvature, mut slope) = (DMatrix::zeros(n, n), DVector::zeros(n));
        for (error, slopes) in state.errors.iter().zip(state.slopes.chunks_exact(n)).filter(|(e, _)| e.is_finite()) {
            let weight = State::weight(*error, scale) / (scale * scale);
            for (i, by) in slopes.iter().enumerate().filter(|(_, by)| **by != 0.0) {
                slope[i] += weight * error * by;
                for (j, other) in slopes[..=i].iter().enumerate() {
                    curvature[(i, j)] += weight * by * other;
                }
            }
        }
        for (i, (prior, x)) in self.priors.iter().zip(at).enumerate() {
            let known = prior.deviation.powi(-2);
            slope[i] += known * x;
            curvature[(i, i)] += known;
        }
        curvature.fill_upper_triangle_with_lower_triangle();
        (curvature, slope)
    }

    /// Where a step leads: within bounds, along which unknowns stay whose slope leads out.
    pub(super) fn step(&self, curvature: &DMatrix<f64>, slope: &DVector<f64>, at: &[f64], damping: f64) -> Vec<f64> {
        let (mut curvature, mut slope) = (curvature.clone(), slope.clone());
        for i in 0..at.len() {
            let range = &self.priors[i].range;
            let stays = (at[i] <= *range.start() && slope[i] > 0.0) || (at[i] >= *range.end() && slope[i] < 0.0);
            if stays {
                curvature.row_mut(i).fill(0.0);
                curvature.column_mut(i).fill(0.0);
                slope[i] = 0.0;
                curvature[(i, i)] = 1.0;
            }
            curvature[(i, i)] *= 1.0 + damping;
        }
        let Some(factor) = Cholesky::new(curvature) else { return at.to_vec() };
        let step = factor.solve(&slope);
        let there = at.iter().zip(&step).zip(&self.priors);
        // A step of many standard deviations is of a linear world that ends before.
        let bounded = |step: f64, prior: &Prior| step.clamp(-2.0 * prior.deviation, 2.0 * prior.deviation);
        there.map(|((x, step), p)| (x - bounded(*step, p)).clamp(*p.range.start(), *p.range.end())).collect()
    }

    /// The unknowns with their standard errors.
    pub(super) fn estimates(&self, state: &State, at: &[f64], scale: f64) -> Vec<Estimate> {
        let n = self.unknowns.len();
        let (mut curvature, _) = self.normal(state, at, scale);
        let known =
            DMatrix::from_diagonal(&DVector::from_iterator(n, self.priors.iter().map(|p| p.deviation.powi(-2))));
        curvature = (curvature - &known) * INFORMATION + &known;
        // What was believed beforehand makes it positive definite.
        let spread = Cholesky::new(curvature).map_or_else(|| DMatrix::zeros(n, n), |factor| factor.inverse());
        let sandwich = &spread * (self.alike(state, scale) + &known) * &spread;
        let estimate = |(i, unknown): (usize, &Unknown)| {
            let prior = &self.priors[i];
            let standard_error = spread[(i, i)].max(sandwich[(i, i)]).sqrt();
            let correlation = |j: usize| spread[(i, j)] / (spread[(i, i)] * spread[(j, j)]).sqrt();
            let others = (0..n).filter(|j| *j != i).map(|j| (j, correlation(j).abs()));
            let nearest = others.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, c)| *c > ENTANGLED);
            let told = standard_error < UNTOLD * prior.deviation;
            Estimate {
                unknown: *unknown,
                change: unknown.told(at[i]),
                standard_error,
                told,
                at_bound: at[i] <= *prior.range.start() || at[i] >= *prior.range.end(),
                entangled: nearest.map(|(j, _)| self.unknowns[j]).filter(|_| !told),
            }
        };
        self.unknowns.iter().enumerate().map(estimate).collect()
    }

    /// The covariance of the slope, where the errors of a square go together.
    fn alike(&self, state: &State, scale: f64) -> DMatrix<f64> {
        let n = self.unknowns.len();
        let mut squares: BTreeMap<(u32, [i32; 2]), DVector<f64>> = BTreeMap::new();
        let rows = self.each().zip(&state.errors).zip(state.slopes.chunks_exact(n));
        for (((observed, reading), error), slopes) in rows.filter(|((_, e), _)| e.is_finite()) {
            let square: Vec2 = (reading.at / ALIKE).floor();
            let sum =
                squares.entry((observed.sector, square.as_ivec2().to_array())).or_insert_with(|| DVector::zeros(n));
            let weight = State::weight(*error, scale) * error / (scale * scale);
            sum.iter_mut().zip(slopes).for_each(|(sum, by)| *sum += weight * by);
        }
        squares.values().fold(DMatrix::zeros(n, n), |sum, one| sum + one * one.transpose())
    }
}
