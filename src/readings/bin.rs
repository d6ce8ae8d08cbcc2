//! Readings of the same few metres taken together, so that a place where somebody waited counts no more than any other.

use super::Reading;
use crate::geodesy::{LocalFrame, LonLat};
use crate::units::{Db, Dbm};
use glam::{DVec2, I64Vec2};
use std::collections::HashMap;

/// Sums of the readings of one square.
#[derive(Default)]
struct Sums {
    place: DVec2,
    power: f64,
    count: u32,
}

/// Number of a square to the east and to the north, cell, device, and the bits of the frequency.
type Key = (I64Vec2, Option<u32>, Option<u32>, Option<u64>);

/// Readings by the squares that they lie in, those of each cell, device and frequency apart.
pub struct Bins {
    frame: LocalFrame,
    side: f64,
    numbers: HashMap<Key, usize>,
    /// The first reading of each, and the sums of all.
    sums: Vec<(Reading, Sums)>,
}

impl Bins {
    /// None yet; the squares of `side` metres lie as they do around `centre`.
    pub fn around(centre: LonLat, side: f64) -> Self {
        Self { frame: LocalFrame::new(centre), side, numbers: HashMap::new(), sums: Vec::new() }
    }

    /// Takes a reading in.
    pub fn add(&mut self, reading: &Reading) {
        let place = self.frame.to_local(reading.at);
        let square = (place / self.side).floor().as_i64vec2();
        let frequency = reading.frequency.map(|f| f.0.to_bits());
        let all = &mut self.sums;
        let number = *self.numbers.entry((square, reading.cell, reading.device, frequency)).or_insert_with(|| {
            all.push((*reading, Sums::default()));
            all.len() - 1
        });
        let sums = &mut all[number].1;
        sums.place += place;
        sums.power += Db(reading.level.0).linear();
        sums.count += 1;
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.sums.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// Their means: powers are averaged before they become decibels, the place is that of all readings, time and line those of the
    /// first. Those of fewer than `least` readings are left out.
    pub fn means(self, least: u32) -> Vec<Reading> {
        let mean = |(reading, sums): (Reading, Sums)| {
            let n = f64::from(sums.count);
            let at: LonLat = self.frame.to_lonlat(sums.place / n);
            (sums.count >= least).then(|| Reading { at, level: Dbm(Db::from_linear(sums.power / n).0), ..reading })
        };
        self.sums.into_iter().filter_map(mean).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(east: f64, level: f64, cell: u32) -> Reading {
        let frame = LocalFrame::new(LonLat::new(11.0, 48.0));
        let at = frame.to_lonlat(DVec2::new(east, 1.0));
        Reading {
            at,
            level: Dbm(level),
            cell: Some(cell),
            device: None,
            frequency: None,
            time: None,
            line: east as u32,
        }
    }

    fn binned(readings: &[Reading], side: f64, least: u32) -> Vec<Reading> {
        let mut bins = Bins::around(readings.first().map_or(LonLat::default(), |first| first.at), side);
        for reading in readings {
            bins.add(reading);
        }
        bins.means(least)
    }

    #[test]
    fn powers_are_averaged_and_cells_kept_apart() {
        let readings =
            [reading(0.0, -100.0, 0), reading(2.0, -90.0, 0), reading(3.0, -70.0, 1), reading(30.0, -80.0, 0)];
        let bins = binned(&readings, 5.0, 1);
        let levels: Vec<f64> = bins.iter().map(|r| (r.level.0 * 1e3).round() / 1e3).collect();
        // (1 + 10) / 2 of the weaker: 7.404 dB above it.
        assert_eq!(levels, [-92.596, -70.0, -80.0]);
        let frame = LocalFrame::new(LonLat::new(11.0, 48.0));
        assert!((frame.to_local(bins[0].at) - DVec2::new(1.0, 1.0)).length() < 0.01);
        assert_eq!(bins.iter().map(|r| r.line).collect::<Vec<_>>(), [0, 3, 30]);
        assert_eq!(binned(&readings, 5.0, 2).len(), 1, "one square alone has two");
        assert!(binned(&[], 5.0, 1).is_empty());
    }
}
