//! How far predictions lie from measurements, and the plain formulas that a model has to beat.

use serde::Serialize;

/// Errors in dB over a set of readings: prediction less measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    count: u64,
    sum: f64,
    squares: f64,
    absolute: f64,
}

/// A [`Tally`] in the usual figures of merit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Score {
    /// Readings.
    pub n: u64,
    /// Root of the mean squared error, dB.
    pub rmse_db: f64,
    /// Mean absolute error, dB.
    pub mae_db: f64,
    /// Mean error, dB: positive where the prediction is too strong.
    pub bias_db: f64,
    /// Standard deviation of the errors, dB: what is left of the RMSE without the bias.
    pub sd_db: f64,
}

impl Tally {
    /// Counts one error.
    pub fn add(&mut self, error: f64) {
        self.count += 1;
        self.sum += error;
        self.squares += error * error;
        self.absolute += error.abs();
    }

    /// Counts all that `other` counted.
    pub fn merge(&mut self, other: &Tally) {
        self.count += other.count;
        self.sum += other.sum;
        self.squares += other.squares;
        self.absolute += other.absolute;
    }

    /// The figures; `None` where nothing was counted.
    pub fn score(&self) -> Option<Score> {
        let n = self.count as f64;
        let (squares, bias) = (self.squares / n, self.sum / n);
        (self.count > 0).then(|| Score {
            n: self.count,
            rmse_db: squares.sqrt(),
            mae_db: self.absolute / n,
            bias_db: bias,
            sd_db: (squares - bias * bias).max(0.0).sqrt(),
        })
    }
}

/// Least squares over three regressors, by the normal equations.
#[derive(Clone, Copy, Debug, Default)]
pub struct Regression {
    moments: [[f64; 4]; 3],
}

/// What a [`Regression`] found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Formula(pub [f64; 3]);

impl Regression {
    /// Takes in one observation.
    pub fn add(&mut self, regressors: [f64; 3], observed: f64) {
        for (row, a) in self.moments.iter_mut().zip(regressors) {
            for (moment, b) in row.iter_mut().zip([regressors[0], regressors[1], regressors[2], observed]) {
                *moment += a * b;
            }
        }
    }

    /// The coefficients; `None` where the observations don't determine them.
    pub fn solve(&self) -> Option<Formula> {
        let mut m = self.moments;
        for pivot in 0..3 {
            let best = (pivot..3).max_by(|a, b| m[*a][pivot].abs().total_cmp(&m[*b][pivot].abs()))?;
            m.swap(pivot, best);
            let scale = m[pivot][pivot];
            if scale.abs() < 1e-9 {
                return None;
            }
            for row in 0..3 {
                if row != pivot {
                    let factor = m[row][pivot] / scale;
                    let above = m[pivot];
                    for (x, a) in m[row].iter_mut().zip(above) {
                        *x -= factor * a;
                    }
                }
            }
        }
        Some(Formula([m[0][3] / m[0][0], m[1][3] / m[1][1], m[2][3] / m[2][2]]))
    }
}

impl Formula {
    /// The formula's value.
    pub fn at(&self, regressors: [f64; 3]) -> f64 {
        self.0.iter().zip(regressors).map(|(c, x)| c * x).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn errors_of_plus_and_minus_three_have_no_bias_and_an_rmse_of_three() {
        let mut tally = Tally::default();
        tally.add(3.0);
        tally.add(-3.0);
        assert_eq!(tally.score(), Some(Score { n: 2, rmse_db: 3.0, mae_db: 3.0, bias_db: 0.0, sd_db: 3.0 }));
        assert_eq!(Tally::default().score(), None);
    }

    proptest! {
        #[test]
        fn a_regression_finds_the_formula_behind_noiseless_observations(a in -9.0..9.0f64, b in -9.0..9.0f64, c in -9.0..9.0f64) {
            let mut regression = Regression::default();
            for i in 0..40 {
                let x = [1.0, f64::from(i) * 0.1, (f64::from(i) * 0.7).sin()];
                regression.add(x, a * x[0] + b * x[1] + c * x[2]);
            }
            let found = regression.solve().expect("determined").0;
            for (f, t) in found.iter().zip([a, b, c]) {
                prop_assert!((f - t).abs() < 1e-6, "{found:?}");
            }
        }
    }

    #[test]
    fn observations_of_one_kind_determine_nothing() {
        let mut regression = Regression::default();
        for _ in 0..5 {
            regression.add([1.0, 2.0, 3.0], 4.0);
        }
        assert_eq!(regression.solve(), None);
    }
}
