//! What of a file is no reading, and why.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Most lines that are named for one reason.
#[cfg(feature = "import")]
const NAMED: usize = 20;

/// Why a line is no reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Reason {
    /// It ends before the columns that are needed.
    Short,
    /// No number for the latitude or the longitude.
    NoPlace,
    /// No such place on earth.
    NotOnEarth,
    /// Latitude and longitude are 0, which is what a receiver without a fix writes.
    NoFix,
    /// No number for the level.
    NoLevel,
    /// A level that no receiver measures.
    Level,
    /// A feature that isn't a point.
    NoPoint,
    /// A quotation mark that is closed nowhere near.
    Quote,
    /// A height, an angle, a power or a frequency that no site has.
    Impossible,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Short => "a line that ends too early",
            Reason::NoPlace => "no number for the place",
            Reason::NotOnEarth => "no such place on earth",
            Reason::NoFix => "the place 0, 0: no fix",
            Reason::NoLevel => "no number for the level",
            Reason::Level => "a level that is none in dBm",
            Reason::NoPoint => "a feature that is no point",
            Reason::Impossible => "a height, angle, power or frequency that no site has",
            Reason::Quote => "a quotation mark that is not closed",
        })
    }
}

/// The lines with one fault.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// How many.
    pub count: u64,
    /// The first of them, by their number in the file.
    pub lines: Vec<u32>,
}

/// All that was rejected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected(BTreeMap<Reason, Refusal>);

impl Rejected {
    /// Counts a line.
    #[cfg(feature = "import")]
    pub(super) fn add(&mut self, reason: Reason, line: u32) {
        let refusal = self.0.entry(reason).or_default();
        refusal.count += 1;
        if refusal.lines.len() < NAMED {
            refusal.lines.push(line);
        }
    }

    /// Number of lines.
    pub fn count(&self) -> u64 {
        self.0.values().map(|refusal| refusal.count).sum()
    }

    /// What is wrong with most lines of a table that came to nothing.
    #[cfg(feature = "import")]
    pub(super) fn mostly(&self) -> String {
        self.by_reason().first().map_or_else(
            || "it has no lines beside the names of its columns".to_owned(),
            |(reason, refusal)| format!("{} of its lines have {reason}", refusal.count),
        )
    }

    /// By reason, the most frequent first.
    pub fn by_reason(&self) -> Vec<(Reason, &Refusal)> {
        let mut all: Vec<(Reason, &Refusal)> = self.0.iter().map(|(reason, refusal)| (*reason, refusal)).collect();
        all.sort_by_key(|(_, refusal)| std::cmp::Reverse(refusal.count));
        all
    }
}
