//! What of the readings counts: those of the chosen cell, averaged over squares where that was chosen. A million of them are gone
//! through in slices, between which the page draws and hears.

use super::{Least, SIDES};
use crate::geodesy::LonLat;
use crate::readings::{Bins, Reading};
use crate::worker::protocol::CityFacts;
use crate::worker::turn;

/// Readings of a slice, which takes a few milliseconds.
const SLICE: usize = 1 << 13;
/// Most dots: of more readings, the means of the smallest squares that leave no more are shown and judged.
pub const MOST_DOTS: usize = 50_000;

/// Which readings count, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Choice {
    /// The number of the cell whose readings count; all where there is none.
    pub cell: Option<u32>,
    /// Side of the squares whose readings are averaged, metres; 0 where each counts by itself.
    pub side: f64,
    /// Fewest readings of a square that count.
    pub least: Least,
}

/// What counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counted {
    /// The readings, or the means of squares.
    pub readings: Vec<Reading>,
    /// Side of the squares, metres; greater than was chosen where those would be too many.
    pub side: f64,
}

impl Counted {
    /// What counts of `all`; `None` once that is no longer `wanted`.
    pub(super) async fn of(all: &[Reading], choice: Choice, wanted: impl Fn() -> bool) -> Option<Self> {
        let counts = |r: &&Reading| choice.cell.is_none() || r.cell == choice.cell;
        if choice.side == 0.0 {
            let mut readings = Vec::new();
            let take = |slice: &[Reading]| {
                readings.extend(slice.iter().filter(counts).copied());
                wanted() && readings.len() <= MOST_DOTS
            };
            if in_slices(all, take).await {
                return Some(Self { readings, side: 0.0 });
            }
        }
        let sides = SIDES.into_iter().filter(|side| *side > 0.0 && *side >= choice.side);
        for side in sides {
            let is_last = SIDES.last() == Some(&side);
            let mut bins = Bins::around(all.first().map_or(LonLat::default(), |r| r.at), side);
            let take = |slice: &[Reading]| {
                slice.iter().filter(counts).for_each(|reading| bins.add(reading));
                wanted() && (is_last || bins.len() <= MOST_DOTS)
            };
            if in_slices(all, take).await {
                breathe(all).await;
                // Where squares were not asked for, none is left out.
                let least = if choice.side > 0.0 { choice.least.0 } else { 1 };
                let readings = bins.means(least);
                breathe(all).await;
                return wanted().then_some(Self { readings, side });
            }
            if !wanted() {
                return None;
            }
        }
        None
    }
}

/// How many of `all` lie outside of the city; `None` once that is no longer `wanted`.
pub async fn outside(all: &[Reading], city: &CityFacts, wanted: impl Fn() -> bool) -> Option<usize> {
    let (frame, bounds) = (city.frame(), city.bounds());
    let mut outside = 0;
    let count = |slice: &[Reading]| {
        outside += slice.iter().filter(|r| !frame.is_within(bounds, r.at)).count();
        wanted()
    };
    in_slices(all, count).await.then_some(outside)
}

/// Gives the page a turn where there is much to do.
async fn breathe(all: &[Reading]) {
    if all.len() > SLICE {
        turn().await;
    }
}

/// Goes through `all` as long as `step` wants more, and tells whether it came to the end.
async fn in_slices(all: &[Reading], mut step: impl FnMut(&[Reading]) -> bool) -> bool {
    for (i, slice) in all.chunks(SLICE).enumerate() {
        if i > 0 {
            turn().await;
        }
        if !step(slice) {
            return false;
        }
    }
    true
}
