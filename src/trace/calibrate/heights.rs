//! Heights of buildings that nobody has measured: the one unknown that changes where paths go. Everything is traced and fitted anew
//! for each factor that is tried, and the likeliest is taken.

use super::unknown::Prior;
use super::{ALIKE, Calibration, CalibrationError, Estimate, Heard, Sought, Step, UNTOLD, Unknown};
use crate::city::City;
use crate::engine::Job;
use crate::scenario::{ASSUMED_HEIGHTS, Scenario};
use crate::trace::Tracer;
use std::collections::BTreeSet;

/// What is tried at first: natural logarithms of factors.
const TRIED: [f64; 5] = [0.0, -0.2, 0.2, -0.4, 0.4];
/// What is tried after that, each between the likeliest and what is likeliest beside it.
const REFINED: usize = 3;
/// A parabola through what was tried within this of the likeliest tells how sure that is.
const NEAR: f64 = 0.25;

/// A factor that was tried.
struct Attempt {
    /// Its natural logarithm.
    at: f64,
    /// Negative logarithm of the likelihood and of what was believed beforehand.
    cost: f64,
    found: Calibration,
}

impl Tracer {
    /// Calibrates what is `sought` of a scenario on what was heard, on the GPU where there is one. With heights powers are sought.
    /// `tell` hears of each step; where heights are sought, of the best fit after each factor.
    ///
    /// # Errors
    /// [`CalibrationError`] where there is nothing to learn, or nothing to learn from.
    pub async fn calibrate(
        &mut self,
        city: &City,
        scenario: &Scenario,
        heard: &[Heard],
        sought: Sought,
        job: &mut Job,
        tell: &mut dyn FnMut(Step),
    ) -> Result<Calibration, CalibrationError> {
        if !sought.heights || !city.has_assumed_heights() {
            let city = city.with_assumed_heights(scenario.assumed_heights);
            let traced = self.trace_heard(&city, scenario, heard, job).await?;
            return traced
                .calibrate(scenario, &traced.unknowns(sought), |_| true, &self.evaluator().await, job, tell)
                .await;
        }
        let prior = Unknown::Heights.prior(std::iter::empty());
        // Readings near each other err alike: as many as lie in a square count as one.
        let alike = heard.len() as f64 / squares(city, heard).max(1) as f64;
        let [least, most] = [ASSUMED_HEIGHTS.0, ASSUMED_HEIGHTS.1].map(|end| (end / scenario.assumed_heights).ln());
        // What is higher may as well be louder.
        let sought = Sought { power: true, ..sought };
        let mut tried: Vec<Attempt> = Vec::new();
        for round in 0..TRIED.len() + REFINED {
            let at = TRIED.get(round).copied().unwrap_or_else(|| between(&tried, &prior)).clamp(least, most);
            let factor = scenario.assumed_heights * at.exp();
            let raised = city.with_assumed_heights(factor);
            let traced = self.trace_heard(&raised, scenario, heard, job).await?;
            let unknowns = traced.unknowns(sought);
            let found =
                traced.calibrate(scenario, &unknowns, |_| true, &self.evaluator().await, job, &mut |_| ()).await;
            let found = match found {
                // Heights that hide all readings are not those of this city.
                Err(CalibrationError::TooFew { .. } | CalibrationError::OnePlace) if !tried.is_empty() => continue,
                found => found?,
            };
            // Readings that no path arrives at are taken to be as likely as the others.
            let cost = found.misfit * heard.len() as f64 / alike + 0.5 * (at / prior.deviation).powi(2);
            tried.push(Attempt { at, cost, found });
            tried.sort_by(|a, b| a.cost.total_cmp(&b.cost));
            if let Some(step) = tried.first().and_then(|best| best.found.steps.last()) {
                tell(*step);
            }
        }
        let variance = variance(&tried);
        let best = tried.swap_remove(0);
        let standard_error = variance.map_or(prior.deviation, |v| v.sqrt().min(prior.deviation));
        let estimate = Estimate {
            unknown: Unknown::Heights,
            change: best.at.exp(),
            standard_error,
            told: standard_error < UNTOLD * prior.deviation,
            at_bound: best.at <= *prior.range.start() || best.at >= *prior.range.end(),
            entangled: None,
        };
        let mut found = best.found;
        found.estimates.push(estimate);
        Ok(found)
    }
}

/// The number of squares of [`ALIKE`] metres in which something was heard.
fn squares(city: &City, heard: &[Heard]) -> usize {
    let square = |h: &Heard| {
        let square = (city.frame.to_local(h.at) / f64::from(ALIKE)).floor().as_i64vec2();
        (h.sector, square.to_array())
    };
    heard.iter().map(square).collect::<BTreeSet<_>>().len()
}

/// What to try next, of what was tried from the likeliest on: the middle between the likeliest and its likelier neighbour, or a step
/// on where it is the outermost.
fn between(tried: &[Attempt], prior: &Prior) -> f64 {
    let best = tried[0].at;
    let beside = |side: f64| {
        let others = tried.iter().filter(|t| (t.at - best) * side > 0.0);
        others.min_by(|a, b| (a.at - best).abs().total_cmp(&(b.at - best).abs()))
    };
    let (low, high) = (beside(-1.0), beside(1.0));
    let at = match (low, high) {
        (Some(low), Some(high)) => 0.5 * (best + if low.cost < high.cost { low.at } else { high.at }),
        (None, _) => best - 0.1,
        (_, None) => best + 0.1,
    };
    at.clamp(*prior.range.start(), *prior.range.end())
}

/// The variance of the likeliest by the curvature of the costs around it: of the parabola that fits them best. `None` where they don't
/// curve.
fn variance(tried: &[Attempt]) -> Option<f64> {
    let best = tried.first()?.at;
    let near: Vec<(f64, f64)> = tried.iter().map(|t| (t.at - best, t.cost)).filter(|(x, _)| x.abs() < NEAR).collect();
    // Least squares of a + b x + c x².
    let sum = |f: &dyn Fn(f64, f64) -> f64| near.iter().map(|(x, y)| f(*x, *y)).sum::<f64>();
    let power = |n: i32| sum(&|x, _| x.powi(n));
    let matrix = nalgebra::Matrix3::new(
        power(0),
        power(1),
        power(2),
        power(1),
        power(2),
        power(3),
        power(2),
        power(3),
        power(4),
    );
    let right = nalgebra::Vector3::new(sum(&|_, y| y), sum(&|x, y| x * y), sum(&|x, y| x * x * y));
    let curvature = 2.0 * matrix.lu().solve(&right)?.z;
    (curvature > 0.0).then(|| 1.0 / curvature)
}
