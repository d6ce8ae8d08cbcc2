//! `farfield compare-reference`: whole maps beside those of the reference tracer, on its own meshes.

use super::write_json;
use crate::engine::{EngineError, Job};
use crate::trace::cpu;
use crate::trace::gpu::Gpu;
use crate::trace::reference::{Agreement, MapFacts, Mode, agreement, read_maps, read_scene};
use crate::trace::task::{Sampling, Task};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use cpu_time::ProcessTime;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Receivers in a cell if not said: the reference's cells hold the mean of all rays that come through.
const SAMPLES: u32 = 32;

/// Options of `farfield compare-reference`.
#[derive(Debug, Args)]
pub struct CompareReference {
    /// The folder: `maps/NAME.npz` and `.json`, `geometry/NAME.npz`.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Only this city; by default every one that has maps there.
    #[arg(long, value_name = "NAME")]
    city: Option<String>,
    /// Only this mode; by default all that the maps have.
    #[arg(long, value_enum)]
    mode: Option<Mode>,
    /// What traces.
    #[arg(long, value_enum, default_value_t = On::Cpu)]
    backend: On,
    /// Rays that look for paths, if not by default.
    #[arg(long)]
    rays: Option<u32>,
    /// Receivers in a cell, if not by default.
    #[arg(long)]
    samples: Option<u32>,
    /// Where to write the list as JSON; `-` is the standard output.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
enum On {
    Cpu,
    Gpu,
}

/// One map beside its reference.
#[derive(Debug, Serialize)]
struct Row {
    city: String,
    tx: usize,
    mode: Mode,
    ref_cells: usize,
    found_share: f64,
    median_abs_db: f32,
    p90_abs_db: f32,
    bias_db: f32,
    cpu_s: f64,
    wall_s: f64,
    backend: On,
}

impl CompareReference {
    /// Traces every map, prints a line for each, and writes the list.
    pub fn run(self) -> Result<()> {
        let cities = match &self.city {
            Some(city) => vec![city.clone()],
            None => cities(&self.dir)?,
        };
        let gpu = if self.backend == On::Gpu { Some(pollster::block_on(Gpu::open(true))?) } else { None };
        eprintln!(
            "{:<16} {:>2} {:<16} {:>7} {:>6} {:>7} {:>7} {:>7} {:>7} {:>7}",
            "city", "tx", "mode", "cells", "found", "median", "p90", "bias", "cpu s", "wall s"
        );
        let mut rows = Vec::new();
        for city in cities {
            self.compare(&city, gpu.as_ref(), &mut rows)?;
        }
        if rows.is_empty() {
            bail!("{} has no map to compare with", self.dir.display());
        }
        let json = serde_json::to_string_pretty(&rows)?;
        write_json(self.json.as_deref(), &json)
    }

    /// Every asked-for map of one city.
    fn compare(&self, city: &str, gpu: Option<&Gpu>, rows: &mut Vec<Row>) -> Result<()> {
        let maps = self.dir.join("maps").join(format!("{city}.npz"));
        let facts = MapFacts::read(&maps.with_extension("json"))?;
        let scene = read_scene(&self.dir.join("geometry").join(format!("{city}.npz")), facts.thickness_m)?;
        let beams = [facts.beam()];
        let rays = self.rays.unwrap_or(Sampling::default().rays);
        let sampling = Sampling { rays, samples: self.samples.unwrap_or(SAMPLES) };
        for mode in Mode::ALL {
            if self.mode.is_some_and(|m| m != mode) || !facts.has(mode) {
                continue;
            }
            let scene = match mode {
                Mode::DiffrWedge | Mode::DiffrWedgeEdge => scene.clone().with_edges(|edge| mode.keeps(edge)),
                _ => scene.clone(),
            };
            let references = read_maps(&maps, mode)?;
            for (tx, reference) in references.iter().enumerate() {
                let task = facts.task(&scene, &beams, mode, tx, sampling);
                let task = task.with_context(|| format!("{city} has more maps than antennas"))?;
                let (ours, took) = trace(&task, gpu)?;
                let Agreement { cells, found, median, p90, bias } = agreement(ours.iter().zip(reference), mode.level());
                let row = Row {
                    city: city.into(),
                    tx,
                    mode,
                    ref_cells: cells,
                    found_share: found,
                    median_abs_db: median,
                    p90_abs_db: p90,
                    bias_db: bias,
                    cpu_s: took.cpu.as_secs_f64(),
                    wall_s: took.wall.as_secs_f64(),
                    backend: self.backend,
                };
                row.tell();
                rows.push(row);
            }
        }
        Ok(())
    }
}

/// How long a map took.
struct Took {
    /// Of all threads.
    cpu: Duration,
    wall: Duration,
}

/// The map of a task in dB, and how long it took.
fn trace(task: &Task<'_>, gpu: Option<&Gpu>) -> Result<(Vec<f32>, Took)> {
    let (cpu, wall) = (ProcessTime::now(), Instant::now());
    let gains: Result<Vec<Vec<f32>>, EngineError> = pollster::block_on(async {
        let (mut job, rows) = (Job::silent(), 0..task.grid.ny);
        match gpu {
            None => cpu::gather(task, &cpu::discover(task, &mut job).await?, rows, &mut job).await,
            Some(gpu) => gpu.gather(task, &gpu.discover(task, &mut job).await?, rows, &mut job).await,
        }
    });
    let took = Took { cpu: cpu.elapsed(), wall: wall.elapsed() };
    Ok((gains?.iter().flatten().map(|g| 10.0 * g.log10()).collect(), took))
}

impl Row {
    fn tell(&self) {
        eprintln!(
            "{:<16} {:>2} {:<16} {:>7} {:>6.3} {:>7.3} {:>7.3} {:>7.3} {:>7.2} {:>7.2}",
            self.city,
            self.tx,
            self.mode.name(),
            self.ref_cells,
            self.found_share,
            self.median_abs_db,
            self.p90_abs_db,
            self.bias_db,
            self.cpu_s,
            self.wall_s
        );
    }
}

/// The cities that have maps in `dir`, by name.
fn cities(dir: &Path) -> Result<Vec<String>> {
    let maps = dir.join("maps");
    let entries = std::fs::read_dir(&maps).with_context(|| format!("{} can't be read", maps.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(|e| Some(e.ok()?.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "npz"))
        .filter_map(|p| Some(p.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}
