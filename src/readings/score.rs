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

/// How well predictions order measurements, −1 to 1: Spearman's rank correlation of pairs, equal values sharing their rank.
/// `None` where either is the same everywhere.
pub fn spearman(pairs: &[(f64, f64)]) -> Option<f64> {
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let (a, b) = (ranks(&a), ranks(&b));
    let middle = (pairs.len() as f64 - 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - middle) * (b - middle)).sum::<f64>();
    let scale = (product(&a, &a) * product(&b, &b)).sqrt();
    (scale > 0.0).then(|| product(&a, &b) / scale)
}

/// The rank of each value, from 0; equal ones have the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    for equal in order.chunk_by(|a, b| values[*a].total_cmp(&values[*b]).is_eq()) {
        let first = order.partition_point(|i| values[*i].total_cmp(&values[equal[0]]).is_lt());
        for i in equal {
            ranks[*i] = first as f64 + (equal.len() as f64 - 1.0) / 2.0;
        }
    }
    ranks
}

/// How well pairs of prediction and measurement agree on where there are at least `threshold` dBm: twice the places where both
/// say so, over the places where the one does and where the other does. `None` where neither ever does.
pub fn f1(pairs: &[(f64, f64)], threshold: f64) -> Option<f64> {
    let covered = |of: fn(&(f64, f64)) -> f64| pairs.iter().filter(|pair| of(pair) >= threshold).count();
    let both = pairs.iter().filter(|(a, b)| a.min(*b) >= threshold).count();
    let sum = covered(|pair| pair.0) + covered(|pair| pair.1);
    (sum > 0).then(|| 2.0 * both as f64 / sum as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_compared_and_not_values() {
        let pairs = [(1.0, -50.0), (2.0, -49.0), (9.0, 1000.0)];
        assert_eq!(spearman(&pairs), Some(1.0));
        assert_eq!(spearman(&pairs.map(|(a, b)| (a, -b))), Some(-1.0));
        // With ties, as Pearson's correlation of the ranks 0.5 0.5 2 3 and 0 1 2 3: 4.5 / √(4.5 · 5).
        let tied = spearman(&[(1.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 4.0)]).expect("both vary");
        assert!((tied - 4.5 / (4.5f64 * 5.0).sqrt()).abs() < 1e-12, "{tied}");
        assert_eq!(spearman(&[(1.0, 2.0), (1.0, 3.0)]), None);
        assert_eq!(spearman(&[]), None);
    }

    #[test]
    fn coverage_is_agreed_on_where_both_have_it() {
        let pairs = [(-90.0, -95.0), (-90.0, -105.0), (-120.0, -99.0), (-130.0, -131.0)];
        // One place by both; two by the one, two by the other.
        assert_eq!(f1(&pairs, -100.0), Some(0.5));
        assert_eq!(f1(&pairs, -60.0), None);
        assert_eq!(f1(&pairs, -140.0), Some(1.0));
    }

    #[test]
    fn errors_of_plus_and_minus_three_have_no_bias_and_an_rmse_of_three() {
        let mut tally = Tally::default();
        tally.add(3.0);
        tally.add(-3.0);
        assert_eq!(tally.score(), Some(Score { n: 2, rmse_db: 3.0, mae_db: 3.0, bias_db: 0.0, sd_db: 3.0 }));
        assert_eq!(Tally::default().score(), None);
    }
}
