//! How far predictions lie from measurements.

use serde::{Deserialize, Serialize};

/// Errors in dB over a set of readings: prediction less measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    count: u64,
    sum: f64,
    squares: f64,
    absolute: f64,
}

/// A [`Tally`] in the usual figures of merit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_plus_and_minus_three_have_no_bias_and_an_rmse_of_three() {
        let mut tally = Tally::default();
        tally.add(3.0);
        tally.add(-3.0);
        assert_eq!(tally.score(), Some(Score { n: 2, rmse_db: 3.0, mae_db: 3.0, bias_db: 0.0, sd_db: 3.0 }));
        assert_eq!(Tally::default().score(), None);
    }
}
