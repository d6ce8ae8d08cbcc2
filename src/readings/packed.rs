//! Readings in few letters, for a link that carries them: differences from one to the next, as numbers of few bytes.

use super::{LEVELS, MAX_NAMES, Reading, Readings, Rejected, Summary};
use crate::geodesy::LonLat;
use crate::units::{Dbm, Hertz};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Most readings that a link carries: a chat or a mail breaks longer ones.
pub const MOST_IN_LINK: usize = 20_000;
/// The version that is written before the letters.
const VERSION: &str = "1.";
/// Steps of a degree: a metre is one.
const DEGREE: f64 = 1e5;
/// Steps of a decibel.
const DECIBEL: f64 = 10.0;
/// Most steps of a frequency or a time.
const MOST_STEPS: f64 = 1e12;
/// Most letters: an address that is longer is refused as a whole.
const MOST_LETTERS: usize = 500_000;
/// No time lies later, seconds since 1970 began.
const LATEST: f64 = 1e10;
/// Hertz of a step of the frequency.
const HERTZ: f64 = 1e3;

/// Readings as columns, each of differences. One that says nothing at all is empty; else what a reading lacks is 0, and what it
/// has is one more.
#[derive(Default, Serialize, Deserialize)]
struct Columns {
    file: String,
    quantity: String,
    cell_names: Vec<String>,
    device_names: Vec<String>,
    longitude: Vec<i64>,
    latitude: Vec<i64>,
    level: Vec<i64>,
    cell: Vec<i64>,
    device: Vec<i64>,
    frequency: Vec<i64>,
    time: Vec<i64>,
}

/// Why letters are no readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackedError {
    /// Of a version that this page doesn't know.
    #[error("the readings in this link are of a newer Farfield")]
    Newer,
    /// Cut short, or changed on the way.
    #[error("the readings in this link are damaged")]
    Damaged,
}

/// The letters of `counted`, which are of `readings`; `None` of none, of more than [`MOST_IN_LINK`], and of too long ones. Places are kept to a metre,
/// levels to a tenth of a decibel, times to a second.
pub fn packed(readings: &Readings, counted: &[Reading]) -> Option<String> {
    if counted.is_empty() || counted.len() > MOST_IN_LINK {
        return None;
    }
    let (mut cells, mut devices) = (Names::default(), Names::default());
    let column = |of: &mut dyn FnMut(&Reading) -> i64| differences(&counted.iter().map(of).collect::<Vec<_>>());
    let some = |value: Option<f64>, step: f64| value.map_or(0, |v| (v / step).round().min(MOST_STEPS) as i64 + 1);
    let columns = Columns {
        file: readings.file.clone(),
        quantity: readings.quantity.clone(),
        longitude: column(&mut |r| (r.at.lon * DEGREE).round() as i64),
        latitude: column(&mut |r| (r.at.lat * DEGREE).round() as i64),
        level: column(&mut |r| (r.level.0 * DECIBEL).round() as i64),
        cell: column(&mut |r| cells.number(r.cell)),
        device: column(&mut |r| devices.number(r.device)),
        frequency: column(&mut |r| some(r.frequency.map(|f| f.0), HERTZ)),
        time: column(&mut |r| some(r.time, 1.0)),
        cell_names: cells.of(&readings.cells),
        device_names: devices.of(&readings.devices),
    };
    let bytes = postcard::to_allocvec(&columns).ok()?;
    let letters = format!("{VERSION}{}", URL_SAFE_NO_PAD.encode(bytes));
    (letters.len() <= MOST_LETTERS).then_some(letters)
}

/// The readings of letters that [`packed`] has made. Their lines are their numbers.
///
/// # Errors
/// [`PackedError`] where they are something else.
pub fn unpacked(letters: &str) -> Result<Readings, PackedError> {
    let letters = letters.strip_prefix(VERSION).ok_or(PackedError::Newer)?;
    let bytes = URL_SAFE_NO_PAD.decode(letters).map_err(|_| PackedError::Damaged)?;
    let columns: Columns = postcard::from_bytes(&bytes).map_err(|_| PackedError::Damaged)?;
    // What is 0 everywhere is left out, even a longitude.
    let count = [&columns.longitude, &columns.latitude, &columns.level].map(Vec::len).into_iter().max().unwrap_or(0);
    if count == 0 || count > MOST_IN_LINK || columns.cell_names.len().max(columns.device_names.len()) > MAX_NAMES {
        return Err(PackedError::Damaged);
    }
    let column = |differences: &[i64]| -> Result<Vec<i64>, PackedError> {
        match sums(differences) {
            sums if sums.len() == count => Ok(sums),
            sums if sums.is_empty() => Ok(vec![0; count]),
            _ => Err(PackedError::Damaged),
        }
    };
    let (lon, lat, level) = (column(&columns.longitude)?, column(&columns.latitude)?, column(&columns.level)?);
    let (cell, device) = (column(&columns.cell)?, column(&columns.device)?);
    let (frequency, time) = (column(&columns.frequency)?, column(&columns.time)?);
    let named = |number: i64, names: &[String]| match number {
        0 => Ok(None),
        n => u32::try_from(n - 1).ok().filter(|n| (*n as usize) < names.len()).map(Some).ok_or(PackedError::Damaged),
    };
    let value = |number: i64, step: f64| (number > 0).then(|| (number - 1) as f64 * step);
    let reading = |i: usize| {
        let at = LonLat::new(lon[i] as f64 / DEGREE, lat[i] as f64 / DEGREE);
        let level = level[i] as f64 / DECIBEL;
        if !at.is_valid() || !(LEVELS.0..=LEVELS.1).contains(&level) {
            return Err(PackedError::Damaged);
        }
        Ok(Reading {
            at,
            level: Dbm(level),
            cell: named(cell[i], &columns.cell_names)?,
            device: named(device[i], &columns.device_names)?,
            frequency: value(frequency[i], HERTZ).map(Hertz),
            time: value(time[i], 1.0).filter(|time| *time < LATEST),
            line: i as u32 + 1,
        })
    };
    let all = (0..count).map(reading).collect::<Result<Vec<_>, _>>()?;
    let Columns { file, quantity, cell_names: cells, device_names: devices, .. } = columns;
    let summary = Summary::of(&all, cells.len());
    Ok(Readings { file, quantity, cells, devices, all, rejected: Rejected::default(), summary })
}

/// Names that are used, in the order in which they come.
#[derive(Default)]
struct Names(HashMap<u32, usize>, Vec<u32>);

impl Names {
    /// The new number of a name, from 1; 0 of none.
    fn number(&mut self, old: Option<u32>) -> i64 {
        let Some(old) = old else { return 0 };
        let numbers = &mut self.1;
        let number = self.0.entry(old).or_insert_with(|| {
            numbers.push(old);
            numbers.len()
        });
        *number as i64
    }

    fn of(&self, names: &[String]) -> Vec<String> {
        self.1.iter().map(|old| names.get(*old as usize).cloned().unwrap_or_default()).collect()
    }
}

/// What each is more than the one before; nothing where all are 0.
fn differences(values: &[i64]) -> Vec<i64> {
    if values.iter().all(|value| *value == 0) {
        return Vec::new();
    }
    let before = std::iter::once(0).chain(values.iter().copied());
    values.iter().zip(before).map(|(value, before)| value - before).collect()
}

/// What [`differences`] were made of. Such as leave the range of numbers, as only a damaged link has them, wrap around.
fn sums(differences: &[i64]) -> Vec<i64> {
    let add = |sum: &mut i64, difference: &i64| {
        *sum = sum.wrapping_add(*difference);
        Some(*sum)
    };
    differences.iter().scan(0, add).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn readings(all: Vec<Reading>) -> Readings {
        let names = |what: &str| (0..4).map(|i| format!("{what} {i}")).collect();
        Readings {
            file: "drive.csv".into(),
            quantity: "RSRP".into(),
            cells: names("cell"),
            devices: names("phone"),
            all,
            rejected: Rejected::default(),
            summary: Summary::default(),
        }
    }

    prop_compose! {
        fn any_reading()(
            lon in -180.0..180.0f64, lat in -90.0..90.0f64, level in LEVELS.0..LEVELS.1,
            cell in prop::option::of(0..4u32), device in prop::option::of(0..4u32),
            frequency in prop::option::of(1e8..6e9f64), time in prop::option::of(1e8..1e10f64),
        ) -> Reading {
            let (at, level) = (LonLat::new(lon, lat), Dbm(level));
            Reading { at, level, cell, device, frequency: frequency.map(Hertz), time, line: 0 }
        }
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(all in prop::collection::vec(any_reading(), 1..50)) {
            let before = readings(all);
            let after = unpacked(&packed(&before, &before.all).expect("few")).expect("whole");
            prop_assert_eq!((&after.file, &after.quantity), (&before.file, &before.quantity));
            prop_assert_eq!(after.all.len(), before.all.len());
            for (a, b) in after.all.iter().zip(&before.all) {
                prop_assert!((a.at.lon - b.at.lon).abs() < 0.51 / DEGREE && (a.at.lat - b.at.lat).abs() < 0.51 / DEGREE);
                prop_assert!((a.level.0 - b.level.0).abs() < 0.051);
                let name = |names: &[String], i: Option<u32>| i.map(|i| names[i as usize].clone());
                prop_assert_eq!(name(&after.cells, a.cell), name(&before.cells, b.cell));
                prop_assert_eq!(name(&after.devices, a.device), name(&before.devices, b.device));
                let near = |a: Option<f64>, b: Option<f64>, step: f64| match (a, b) {
                    (Some(a), Some(b)) => (a - b).abs() <= step,
                    (a, b) => a == b,
                };
                prop_assert!(near(a.frequency.map(|f| f.0), b.frequency.map(|f| f.0), HERTZ) && near(a.time, b.time, 1.0));
            }
        }

        #[test]
        fn damaged_letters_are_refused_or_are_readings(
            all in prop::collection::vec(any_reading(), 1..20), at in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_.-]",
        ) {
            let readings = readings(all);
            let mut letters = packed(&readings, &readings.all).expect("few");
            let at = at.index(letters.len());
            letters.replace_range(at..=at, &letter);
            if let Ok(told) = unpacked(&letters) {
                prop_assert!(told.all.iter().all(|r| r.at.is_valid() && r.level.0.is_finite()));
            }
            prop_assert_eq!(unpacked(&letters[..at.max(2)]).err().is_some(), true);
        }
    }

    #[test]
    fn what_no_reading_has_is_left_out() {
        let reading = Reading {
            at: LonLat::new(0.0, 51.48),
            level: Dbm(-90.0),
            cell: None,
            device: None,
            frequency: Some(Hertz(1e300)),
            time: Some(1e14),
            line: 0,
        };
        let readings = readings(vec![reading]);
        let told = unpacked(&packed(&readings, &readings.all).expect("one")).expect("on the meridian");
        assert_eq!((told.all[0].at, told.all[0].time, told.summary.times), (LonLat::new(0.0, 51.48), None, None));
    }

    #[test]
    fn a_walk_takes_some_eight_letters_a_reading() {
        let at = |i: usize| LonLat::new(11.5 + 2e-5 * i as f64, 48.1 + 1e-5 * (i % 7) as f64);
        let reading = |i: usize| Reading {
            at: at(i),
            level: Dbm(-90.0 - (i % 13) as f64),
            cell: Some(0),
            device: None,
            frequency: None,
            time: None,
            line: 0,
        };
        let readings = readings((0..1000).map(reading).collect());
        let letters = packed(&readings, &readings.all).expect("few");
        assert!(letters.len() < 8200, "{}", letters.len());
        let many = vec![readings.all[0]; MOST_IN_LINK + 1];
        assert_eq!(packed(&readings, &many), None);
        assert_eq!(unpacked("2.AAAA"), Err(PackedError::Newer));
        assert_eq!(unpacked("1.AAAA"), Err(PackedError::Damaged));
    }
}
