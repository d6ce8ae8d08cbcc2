//! Figures of what was tried, how sure they are, and what they say.

use super::{Attempt, FOLDS, Folds, Method, Run, THRESHOLDS, Trial, mix};
use crate::readings::{Score, Tally, f1, spearman};
use serde::{Deserialize, Serialize};

/// Draws of the bootstrap.
const DRAWS: usize = 1000;
/// The least share of the draws on either side of an interval: 95 % lie within.
const TAIL: f64 = 0.025;
/// Fewest blocks that intervals are drawn from.
const FEWEST_BLOCKS: usize = 6;

/// Where a figure lies in 95 of 100 draws of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// How well a method predicts readings that it has not learned from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The method.
    pub method: Method,
    /// Errors over the readings that all methods predict.
    pub score: Score,
    /// Of its RMSE, dB.
    pub rmse: Option<Interval>,
    /// Rank correlation with the measurements.
    pub rank: Option<f64>,
    /// Its RMSE where the antenna is in sight and where it isn't, dB.
    pub by_sight: [Option<f64>; 2],
    /// How well it tells where there are at least [`THRESHOLDS`] dBm: F1.
    pub f1: [Option<f64>; 3],
    /// Share of all readings that it predicts nothing for.
    pub silent: f64,
    /// Seconds that it took.
    pub seconds: f64,
}

/// What a method errs that has learned from so many readings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The method.
    pub method: Method,
    /// Readings that it learned from; in the mean of the folds where it learned from all others.
    pub size: u32,
    /// Over the readings that all methods predict, dB.
    pub rmse_db: f64,
}

/// Which side to trust.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trust {
    /// The method with the smallest RMSE of the ray tracer's two and the learned model's two.
    pub best: Method,
    /// The better method of the other side.
    pub rival: Method,
    /// The rival's RMSE less that of the best, dB.
    pub gain_db: f64,
    /// Of that.
    pub gain: Option<Interval>,
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// By method.
    pub rows: Vec<Row>,
    /// By method and number of readings learned from.
    pub curve: Vec<Point>,
    /// Which side to trust, where both predict.
    pub trust: Option<Trust>,
    /// Readings that all methods predict.
    pub common: usize,
    /// All readings.
    pub all: usize,
    /// Blocks of land that they lie in.
    pub blocks: usize,
    /// Side of a block, metres.
    pub side: f64,
}

impl Trust {
    /// Whether the difference is more than chance.
    pub fn significant(&self) -> bool {
        self.gain.is_some_and(|gain| gain.low > 0.0)
    }
}

/// Sums of squared errors of the blocks.
struct Squares {
    sums: Vec<f64>,
}

impl Verdict {
    /// Of what was tried. Runs may be of some methods alone; the blend is made here.
    pub fn of(trial: &Trial, folds: &Folds, attempt: &Attempt) -> Self {
        let mut runs: Vec<Run> =
            attempt.runs.iter().filter(|run| run.levels.len() == trial.heard.len()).cloned().collect();
        runs.extend(blend(trial, &runs));
        let whole: Vec<&Run> = runs.iter().filter(|run| run.size.is_none()).collect();
        let predicted = |i: &usize| whole.iter().all(|run| run.levels[*i].is_finite());
        let common: Vec<usize> = (0..trial.heard.len()).filter(predicted).collect();
        let mut counts = vec![0usize; folds.count()];
        for i in &common {
            counts[folds.blocks[*i] as usize] += 1;
        }
        let draws = draws(&counts);
        let mut rows: Vec<(Row, Squares)> = Vec::new();
        for run in &whole {
            let mut tally = Tally::default();
            let mut sums = vec![0.0; folds.count()];
            let mut pairs = Vec::with_capacity(common.len());
            let mut by_sight = [Tally::default(); 2];
            for i in &common {
                let (level, measured) = (f64::from(run.levels[*i]), trial.heard[*i].level);
                tally.add(level - measured);
                sums[folds.blocks[*i] as usize] += (level - measured).powi(2);
                pairs.push((level, measured));
                if let Some(sight) = attempt.sight.get(*i) {
                    by_sight[usize::from(!sight)].add(level - measured);
                }
            }
            let Some(score) = tally.score() else { continue };
            let squares = Squares { sums };
            let rmses = draws.iter().map(|draw| squares.rmse(draw, &counts)).collect();
            let silent = run.levels.iter().filter(|l| !l.is_finite()).count() as f64 / trial.heard.len() as f64;
            let (method, seconds) = (run.method, run.seconds);
            let row = Row {
                method,
                score,
                rmse: interval(rmses),
                rank: spearman(&pairs),
                by_sight: by_sight.map(|tally| tally.score().map(|s| s.rmse_db)),
                f1: THRESHOLDS.map(|threshold| f1(&pairs, threshold)),
                silent,
                seconds,
            };
            rows.push((row, squares));
        }
        let trust = trust(&rows, &draws, &counts);
        let mut curve: Vec<Point> = Vec::new();
        for run in runs.iter().filter(|run| matches!(run.method, Method::Calibrated | Method::Adapted)) {
            let all: usize = (0..FOLDS).map(|fold| folds.others(fold)).sum();
            let size = run.size.unwrap_or((all / usize::from(FOLDS)) as u32);
            let mut tally = Tally::default();
            for i in common.iter().filter(|i| run.levels[**i].is_finite()) {
                tally.add(f64::from(run.levels[*i]) - trial.heard[*i].level);
            }
            curve.extend(tally.score().map(|s| Point { method: run.method, size, rmse_db: s.rmse_db }));
        }
        curve.sort_by_key(|point| (point.method, point.size));
        let (common, all) = (common.len(), trial.heard.len());
        let mut rows: Vec<Row> = rows.into_iter().map(|(row, _)| row).collect();
        rows.sort_by_key(|row| row.method);
        Self { rows, curve, trust, common, all, blocks: counts.iter().filter(|n| **n > 0).count(), side: folds.side }
    }

    /// That of a method.
    pub fn row(&self, method: Method) -> Option<&Row> {
        self.rows.iter().find(|row| row.method == method)
    }

    /// Which to trust here, by how much, and whether that is more than chance.
    pub fn sentence(&self) -> String {
        let Some((trust, row)) = self.trust.and_then(|trust| Some((trust, self.row(trust.best)?))) else {
            return "Nothing can be said: there are no readings that both engines predict.".into();
        };
        let (best, rival) = (trust.best.in_words(), trust.rival.in_words());
        let over = format!("over {} readings in {} blocks of {} m", self.common, self.blocks, self.side);
        let within = |interval: Option<Interval>| {
            interval.map_or(String::new(), |i| format!(" ({:.1} to {:.1} dB in 95 of 100 draws)", i.low, i.high))
        };
        let figure = format!("{:.1} dB RMSE {over} that it had not learned from", row.score.rmse_db);
        let by = format!("{:.1} dB less than {rival}{}", trust.gain_db, within(trust.gain));
        let said = if trust.significant() {
            format!("Trust {best} here: {figure}, {by}.")
        } else if trust.gain.is_none() {
            format!(
                "Too few blocks to be sure, but {best} did best here: {figure}, {by}. Readings from farther apart would tell."
            )
        } else {
            format!(
                "Neither engine is clearly better here: {best} has {figure}, {by}, which may be chance. More readings, or from \
                 farther apart, would tell."
            )
        };
        let blend = self.row(Method::Blend).filter(|blend| blend.score.rmse_db < row.score.rmse_db - 0.05);
        let blended = blend.map_or(String::new(), |blend| {
            format!(" A blend of both does better than either: {:.1} dB.", blend.score.rmse_db)
        });
        said + &blended
    }
}

impl Squares {
    /// The RMSE over a draw of blocks.
    fn rmse(&self, draw: &[usize], counts: &[usize]) -> f64 {
        let sum: f64 = draw.iter().map(|b| self.sums[*b]).sum();
        let count: usize = draw.iter().map(|b| counts[*b]).sum();
        (sum / count as f64).sqrt()
    }
}

/// Draws of as many blocks as there are with readings, with replacement; none where these are too few.
fn draws(counts: &[usize]) -> Vec<Vec<usize>> {
    let blocks: Vec<usize> = (0..counts.len()).filter(|b| counts[*b] > 0).collect();
    if blocks.len() < FEWEST_BLOCKS {
        return Vec::new();
    }
    let mut drawn = 0u64;
    let mut one = |_: &usize| {
        drawn += 1;
        blocks[(mix(drawn) % blocks.len() as u64) as usize]
    };
    (0..DRAWS).map(|_| blocks.iter().map(&mut one).collect()).collect()
}

fn interval(mut values: Vec<f64>) -> Option<Interval> {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values.get(((values.len() as f64 - 1.0) * share).round().max(0.0) as usize).copied();
    Some(Interval { low: at(TAIL)?, high: at(1.0 - TAIL)? })
}

/// The better of both sides, and by how much.
fn trust(rows: &[(Row, Squares)], draws: &[Vec<usize>], counts: &[usize]) -> Option<Trust> {
    let better = |methods: [Method; 2]| {
        let of = rows.iter().filter(|(row, _)| methods.contains(&row.method));
        of.min_by(|a, b| a.0.score.rmse_db.total_cmp(&b.0.score.rmse_db))
    };
    let traced = better([Method::Traced, Method::Calibrated])?;
    let learned = better([Method::Learned, Method::Adapted])?;
    let first = traced.0.score.rmse_db <= learned.0.score.rmse_db;
    let (best, rival) = if first { (traced, learned) } else { (learned, traced) };
    let gains = draws.iter().map(|draw| rival.1.rmse(draw, counts) - best.1.rmse(draw, counts)).collect();
    Some(Trust {
        best: best.0.method,
        rival: rival.0.method,
        gain_db: rival.0.score.rmse_db - best.0.score.rmse_db,
        gain: interval(gains),
    })
}

/// The calibrated ray tracer and the adapted network together, each fold weighed so that the errors of all others would have
/// been least.
fn blend(trial: &Trial, runs: &[Run]) -> Option<Run> {
    let whole = |method| runs.iter().find(|run| run.method == method && run.size.is_none());
    let (traced, learned) = (whole(Method::Calibrated)?, whole(Method::Adapted)?);
    let share = |fold: u8| {
        let (mut product, mut square) = (0.0, 0.0);
        for (i, heard) in trial.heard.iter().enumerate().filter(|(i, _)| trial.folds[*i] != fold) {
            let (a, b) = (f64::from(traced.levels[i]), f64::from(learned.levels[i]));
            if (a + b).is_finite() {
                product += (heard.level - b) * (a - b);
                square += (a - b).powi(2);
            }
        }
        if square > 0.0 { (product / square).clamp(0.0, 1.0) } else { 0.5 }
    };
    let shares: Vec<f64> = (0..FOLDS).map(share).collect();
    let level = |i: usize| {
        let (a, b) = (f64::from(traced.levels[i]), f64::from(learned.levels[i]));
        let share = shares[usize::from(trial.folds[i])];
        match (a.is_finite(), b.is_finite()) {
            (true, true) => share * a + (1.0 - share) * b,
            (true, false) => a,
            _ => b,
        }
    };
    let levels = (0..trial.heard.len()).map(|i| level(i) as f32).collect();
    Some(Run { method: Method::Blend, size: None, levels, seconds: traced.seconds + learned.seconds })
}
