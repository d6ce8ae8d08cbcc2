//! Writes the features and the measured residuals of every sector for the training code under `models/`.
//!
//! The folder then holds `features.f16` (window by window, [`CHANNELS`] × [`SIDE`] × [`SIDE`] half-precision numbers,
//! little-endian), `labels.bin` (records of a u32 cell index in the window and an f32 residual in dB), `windows.csv` (one
//! line a window: sector, fold, first label, number of labels) and `meta.json`.

use super::{Knowledge, Reading, Sector, Survey};
use crate::learn::RANGE;
use crate::learn::features::{CHANNEL_NAMES, CHANNELS, Window, WindowFeatures};
use crate::learn::land::CELL;
use crate::verdict::mix;
use glam::DVec2;
use half::f16;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Cells a side of an exported window.
pub const SIDE: usize = 256;
/// A window with a smaller share of its sector's readings within [`RANGE`] is left out.
const LEAST_SHARE: f64 = 0.04;

/// A window that holds readings of a sector.
struct Plan<'a> {
    sector: &'a Sector,
    window: Window,
    readings: Vec<Reading>,
}

/// What is written of a window: its features, and the residual of each reading by its cell's index.
pub(super) struct Sample {
    pub(super) features: WindowFeatures,
    pub(super) labels: Vec<(u32, f32)>,
}

/// Exports every sector of `survey`, or the first `limit`, into `folder`; `done` hears of each window that is finished, and
/// `begin` of their number.
pub fn export(
    survey: &Survey,
    folder: &Path,
    limit: usize,
    begin: impl FnOnce(usize),
    done: impl Fn() + Sync,
) -> io::Result<()> {
    let count = limit.min(survey.sectors.len());
    let plans: Vec<Plan> = (0..count).into_par_iter().flat_map(|index| plans(survey, index)).collect();
    begin(plans.len());
    let named = |plan: &Plan| (plan.sector.name.clone(), plan.sector.fold);
    write(folder, &plans, survey.power, named, |plan| {
        done();
        Ok(plan.sample(survey))
    })
}

/// The windows that hold a sector's readings, of a lattice at a place that the sector's name tells: so antennas stand
/// anywhere in theirs.
fn plans(survey: &Survey, index: usize) -> Vec<Plan<'_>> {
    let sector = &survey.sectors[index];
    let seed = mix(sector.name.bytes().fold(0, |seed, byte| mix(seed ^ u64::from(byte))));
    let side = SIDE as f64 * f64::from(CELL);
    let shift = DVec2::new((seed % SIDE as u64) as f64, ((seed >> 32) % SIDE as u64) as f64) * f64::from(CELL);
    let corner = sector.at - shift - f64::from(CELL) / 2.0;
    let mut tiles: BTreeMap<(i64, i64), Vec<Reading>> = BTreeMap::new();
    let near = survey.readings(index).iter().filter(|r| r.at.distance(sector.at) <= RANGE);
    let mut count = 0;
    for reading in near {
        let tile = ((reading.at - corner) / side).floor().as_i64vec2();
        tiles.entry((tile.x, tile.y)).or_default().push(*reading);
        count += 1;
    }
    let enough = |readings: &Vec<Reading>| readings.len() as f64 >= LEAST_SHARE * f64::from(count);
    let plan = |((x, y), readings): ((i64, i64), Vec<Reading>)| {
        let origin = corner + DVec2::new(x as f64, y as f64) * side;
        Plan { sector, window: Window::square(origin, SIDE), readings }
    };
    tiles.into_iter().filter(|(_, readings)| enough(readings)).map(plan).collect()
}

impl Plan<'_> {
    fn sample(&self, survey: &Survey) -> Sample {
        let middle = self.window.origin + SIDE as f64 / 2.0 * f64::from(CELL);
        let away = (middle - self.sector.at).abs().max_element() / f64::from(CELL);
        let half = away.ceil() as u32 + SIDE as u32 / 2 + 1;
        let land = survey.land_around(self.sector, half, Knowledge::All);
        let features = WindowFeatures::of(&self.sector.link(&land), self.window);
        let label = |reading: &Reading| {
            let at = self.window.locate(reading.at)?;
            Some((at as u32, reading.rsrp - survey.power as f32 - features.baseline[at]))
        };
        Sample { labels: self.readings.iter().filter_map(label).collect(), features }
    }
}

/// Writes a sample for each of `plans` into `folder`, under the sector's name and fold.
pub(super) fn write<P: Sync>(
    folder: &Path,
    plans: &[P],
    power: f64,
    named: impl Fn(&P) -> (String, u64),
    sample: impl Fn(&P) -> io::Result<Sample> + Sync,
) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let features = File::create(folder.join("features.f16"))?;
    let write_one = |(i, plan): (usize, &P)| {
        let sample = sample(plan)?;
        let bytes: Vec<u8> = sample.features.planes.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect();
        features.write_all_at(&bytes, (i * bytes.len()) as u64)?;
        Ok(sample.labels)
    };
    let labels = plans.par_iter().enumerate().map(write_one).collect::<io::Result<Vec<Vec<(u32, f32)>>>>()?;
    let mut index = io::BufWriter::new(File::create(folder.join("windows.csv"))?);
    let mut records = io::BufWriter::new(File::create(folder.join("labels.bin"))?);
    writeln!(index, "sector,fold,first,count")?;
    let mut first = 0;
    for (plan, labels) in plans.iter().zip(&labels) {
        let (sector, fold) = named(plan);
        writeln!(index, "{sector},{fold},{first},{}", labels.len())?;
        first += labels.len();
        for (at, residual) in labels {
            records.write_all(&at.to_le_bytes())?;
            records.write_all(&residual.to_le_bytes())?;
        }
    }
    index.flush()?;
    records.flush()?;
    let meta = serde_json::json!({
        "channels": CHANNEL_NAMES, "count": CHANNELS, "side": SIDE, "cell_m": CELL,
        "reference_power_dbm": power, "windows": plans.len(),
    });
    std::fs::write(folder.join("meta.json"), meta.to_string())
}
