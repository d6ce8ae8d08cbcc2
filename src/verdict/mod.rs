//! Which engine to trust on measured levels: each predicts readings that it has not learned from, and their errors are
//! compared.
//!
//! Readings near each other err alike, so folds are whole blocks of land, never single readings, and so are what intervals are
//! drawn from: the bootstrap takes blocks (Roberts et al. 2017, Ecography 40(8) 913–929). All methods are compared on the
//! readings that all of them predict; what share each leaves out is told beside it.
//!
//! | file | what lives there |
//! |---|---|
//! | this | what is tried, and what comes of a try |
//! | `blocks` | blocks of land, and folds of them |
//! | `compare` | [`Verdict`]: figures, intervals, the curve, the sentence |
//! | `traced`, `learned` | the engines, tried |
//! | `table` | a verdict as CSV |

mod blocks;
mod compare;
#[cfg(feature = "onnx")]
pub mod learned;
mod table;
pub mod traced;

pub use blocks::{FOLDS, Folds};
pub use compare::{Interval, Point, Row, Trust, Verdict};

use crate::trace::calibrate::{Heard, Sought};
use serde::{Deserialize, Serialize};

/// Levels from which a place counts as covered, dBm, for F1.
pub const THRESHOLDS: [f64; 3] = [-110.0, -100.0, -90.0];

/// Numbers of readings that engines learn from, for the curve; and after these all that there are.
pub const SIZES: [u32; 6] = [10, 30, 100, 300, 1000, 3000];

/// How levels are predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The baseline.
    Empirical,
    /// The ray tracer as the scenario has it.
    Traced,
    /// The ray tracer, calibrated.
    Calibrated,
    /// The network as it was published.
    Learned,
    /// The network, adapted.
    Adapted,
    /// The calibrated ray tracer and the adapted network, weighed by how well they predict other blocks.
    Blend,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Empirical, Self::Traced, Self::Calibrated, Self::Learned, Self::Adapted, Self::Blend];

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empirical => "empirical",
            Self::Traced => "ray traced, as is",
            Self::Calibrated => "ray traced, calibrated",
            Self::Learned => "learned, as is",
            Self::Adapted => "learned, adapted",
            Self::Blend => "blend of both",
        }
    }

    /// Its name in a sentence.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Empirical => "the empirical model",
            Self::Traced => "the ray tracer as it is",
            Self::Calibrated => "the calibrated ray tracer",
            Self::Learned => "the learned model as it is",
            Self::Adapted => "the adapted learned model",
            Self::Blend => "the blend of both",
        }
    }
}

/// What engines are tried with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The readings.
    pub heard: Vec<Heard>,
    /// The fold of each: it is predicted by what learned from all others.
    pub folds: Vec<u8>,
    /// What the ray tracer is calibrated by.
    pub sought: Sought,
    /// Numbers of readings to learn from besides all.
    pub sizes: Vec<u32>,
}

/// What a method predicts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// How.
    pub method: Method,
    /// From how many readings at most it learned; all of the other folds where there is none, or nothing at all.
    pub size: Option<u32>,
    /// The level at each reading, dBm; not a number where there is none.
    pub levels: Vec<f32>,
    /// What it took, seconds: to predict all, and to learn in every fold.
    pub seconds: f64,
}

/// What the engines of one worker predict in a trial.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// By method and number of readings.
    pub runs: Vec<Run>,
    /// Whether the antenna is in sight of each reading, where the engines know; empty where they don't.
    pub sight: Vec<bool>,
}

impl Attempt {
    /// Both together.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.runs.extend(other.runs);
        if self.sight.is_empty() {
            self.sight = other.sight;
        }
        self
    }
}

impl Trial {
    /// The trial of these readings, and the folds that it is made of.
    pub fn new(heard: Vec<Heard>, sought: Sought) -> (Self, Folds) {
        let folds = Folds::of(&heard);
        let least = (0..FOLDS).map(|fold| folds.others(fold)).min().unwrap_or_default();
        let sizes = SIZES.into_iter().filter(|n| (*n as usize) < least).collect();
        let of = folds.folds();
        (Self { heard, folds: of, sought, sizes }, folds)
    }

    /// The readings to learn from so that `fold` can be predicted: `size` of them, drawn from all its other folds, or all. A
    /// larger draw holds every smaller one.
    pub fn lessons(&self, fold: u8, size: Option<u32>) -> Vec<usize> {
        let mut others: Vec<usize> = (0..self.heard.len()).filter(|i| self.folds[*i] != fold).collect();
        if let Some(size) = size {
            others.sort_by_cached_key(|i| (mix(*i as u64), *i));
            others.truncate(size as usize);
            others.sort_unstable();
        }
        others
    }

    /// All sizes, the greatest last.
    pub fn all_sizes(&self) -> impl Iterator<Item = Option<u32>> {
        self.sizes.iter().copied().map(Some).chain([None])
    }
}

/// A number's bits, stirred (Steele, Lea & Flood 2014, `SplitMix64`).
pub fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
