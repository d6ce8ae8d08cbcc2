//! A verdict as CSV, for a spreadsheet.

use super::{Interval, Verdict};
use std::fmt::Write;

impl Verdict {
    /// The table of methods, and after an empty line the curve of what they err by the number of readings learned from.
    pub fn csv(&self) -> String {
        let mut text = String::from(
            "method,readings,rmse_db,rmse_low_db,rmse_high_db,mae_db,bias_db,sd_db,rank_correlation,rmse_in_sight_db,rmse_out_of_sight_db,f1_at_-110_dbm,f1_at_-100_dbm,f1_at_-90_dbm,share_without_prediction,seconds\n",
        );
        for row in &self.rows {
            let [low, high] = ends(row.rmse);
            let rank = figure(row.rank);
            let s = row.score;
            let _ = writeln!(
                text,
                "\"{}\",{},{:.3},{low},{high},{:.3},{:.3},{:.3},{rank},{},{:.4},{:.2}",
                row.method.name(),
                s.n,
                s.rmse_db,
                s.mae_db,
                s.bias_db,
                s.sd_db,
                row.by_sight.iter().chain(&row.f1).map(|v| figure(*v)).collect::<Vec<_>>().join(","),
                row.silent,
                row.seconds
            );
        }
        text.push_str("\nmethod,learned_from,rmse_db\n");
        for point in &self.curve {
            let _ = writeln!(text, "\"{}\",{},{:.3}", point.method.name(), point.size, point.rmse_db);
        }
        text
    }
}

fn figure(value: Option<f64>) -> String {
    value.map_or(String::new(), |v| format!("{v:.3}"))
}

fn ends(interval: Option<Interval>) -> [String; 2] {
    interval.map_or([String::new(), String::new()], |i| [i.low, i.high].map(|v| format!("{v:.3}")))
}
