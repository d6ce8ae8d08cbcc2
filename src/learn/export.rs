//! Writes the features and the measured residuals of every sector for the training code under `models/`.
//!
//! The folder then holds `features.f16` (sector by sector, [`CHANNELS`] × [`SIDE`] × [`SIDE`] half-precision numbers,
//! little-endian), `labels.bin` (records of a u32 cell index in the window and an f32 residual in dB), `sectors.csv` (one
//! line a sector: cell, fold, first label, number of labels) and `meta.json`.

use super::chengdu::{Dataset, Knowledge, REFERENCE_POWER, Reading, mix};
use super::features::{CHANNEL_NAMES, CHANNELS, Window, WindowFeatures};
use super::land::CELL;
use glam::DVec2;
use half::f16;
use rayon::prelude::*;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Cells a side of an exported window.
pub const SIDE: usize = 256;
/// The window's middle lies up to this many cells from the antenna, east or west and north or south, so that training
/// sees more distances and no antenna always in the middle.
const JITTER: u64 = 64;

/// Exports every sector of `data`, or the first `limit`, into `folder`; `done` hears of each sector that is finished.
pub fn export(data: &Dataset, folder: &Path, limit: usize, done: impl Fn() + Sync) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let sectors = &data.sectors[..limit.min(data.sectors.len())];
    let features = File::create(folder.join("features.f16"))?;
    let labels = sectors
        .par_iter()
        .enumerate()
        .map(|(i, sector)| {
            let half = (SIDE as u64 / 2 + JITTER + 1) as u32;
            let Some(land) = data.land_around(sector, half, Knowledge::All) else { return Ok(Vec::new()) };
            let seed = mix(sector.cell as u64);
            let shift = |bits: u64| (bits % (2 * JITTER + 1)) as f64 - JITTER as f64;
            let middle = sector.at() + DVec2::new(shift(seed), shift(seed >> 32)) * f64::from(CELL);
            let window = WindowFeatures::of(&sector.link(&land), Window::around(middle, SIDE));
            let bytes: Vec<u8> = window.planes.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect();
            features.write_all_at(&bytes, (i * bytes.len()) as u64)?;
            let label = |reading: &Reading| {
                let (ix, iy) = window.window.locate(reading.at)?;
                let at = iy * SIDE + ix;
                Some((at as u32, reading.rsrp - REFERENCE_POWER as f32 - window.baseline[at]))
            };
            done();
            Ok(data.readings(sector).iter().filter_map(label).collect())
        })
        .collect::<io::Result<Vec<Vec<(u32, f32)>>>>()?;
    let mut index = io::BufWriter::new(File::create(folder.join("sectors.csv"))?);
    let mut records = io::BufWriter::new(File::create(folder.join("labels.bin"))?);
    writeln!(index, "cell,fold,first,count")?;
    let mut first = 0;
    for (sector, labels) in sectors.iter().zip(&labels) {
        writeln!(index, "{},{},{first},{}", sector.cell, sector.fold(), labels.len())?;
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
        "reference_power_dbm": REFERENCE_POWER, "sectors": sectors.len(),
    });
    std::fs::write(folder.join("meta.json"), meta.to_string())
}
