//! `farfield compare-reference`: whole maps beside those of the reference tracer, on its own meshes.

use crate::antenna::{Pattern, Pointing};
use crate::engine::{EngineError, Job};
use crate::trace::cpu;
use crate::trace::field::Beam;
use crate::trace::gpu::Gpu;
use crate::trace::reference::{Agreement, MapFacts, Mode, agreement, read_maps, read_scene};
use crate::trace::scene::Scene;
use crate::trace::task::{Sampling, Task};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use cpu_time::ProcessTime;
use glam::Vec3;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The reference's antenna: isotropic, vertical, upright.
const UPRIGHT: Pointing = Pointing { pattern: Pattern::Isotropic, azimuth_deg: 0.0, downtilt_deg: 0.0 };

/// The modes that are traced so far.
const TRACED: [Mode; 3] = [Mode::Los, Mode::Refl, Mode::ReflRefr];

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
    /// Only this mode; by default all that the maps have and that are traced.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
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

impl Serialize for On {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(if *self == Self::Cpu { "cpu" } else { "gpu" })
    }
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
        match self.json.as_deref() {
            Some(path) if path == Path::new("-") => println!("{json}"),
            Some(path) => std::fs::write(path, format!("{json}\n")).with_context(|| path.display().to_string())?,
            None => {}
        }
        Ok(())
    }

    /// Every asked-for map of one city.
    fn compare(&self, city: &str, gpu: Option<&Gpu>, rows: &mut Vec<Row>) -> Result<()> {
        let maps = self.dir.join("maps").join(format!("{city}.npz"));
        let facts = MapFacts::read(&maps.with_extension("json"))?;
        let scene = read_scene(&self.dir.join("geometry").join(format!("{city}.npz")), facts.thickness_m)?;
        for mode in Mode::ALL {
            if self.mode.is_some_and(|m| m != mode) || !facts.has(mode) {
                continue;
            }
            if !TRACED.contains(&mode) {
                eprintln!("{city}: {} is not traced yet", mode.name());
                continue;
            }
            let references = read_maps(&maps, mode)?;
            for (tx, (at, reference)) in facts.tx.iter().zip(&references).enumerate() {
                let row = self.map(&facts, &scene, mode, Vec3::from(*at), reference, gpu)?;
                let row = Row { city: city.into(), tx, ..row };
                row.tell();
                rows.push(row);
            }
        }
        Ok(())
    }

    fn map(
        &self,
        facts: &MapFacts,
        scene: &Scene,
        mode: Mode,
        at: Vec3,
        reference: &[f32],
        gpu: Option<&Gpu>,
    ) -> Result<Row> {
        let beams = [Beam { pointing: UPRIGHT, frequency: facts.frequency() }];
        let rays = self.rays.unwrap_or(Sampling::default().rays);
        let sampling = Sampling { rays, samples: self.samples.unwrap_or(SAMPLES) };
        let task = Task {
            scene,
            roofs: None,
            diffraction: false,
            transmitter: at,
            beams: &beams,
            grid: facts.grid(),
            height: facts.rx_height_m,
            depth: facts.depth(mode),
            transmission: mode == Mode::ReflRefr,
            sampling,
        };
        let (cpu, wall) = (ProcessTime::now(), Instant::now());
        let ours: Result<Vec<Vec<f32>>, EngineError> = pollster::block_on(async {
            let (mut job, rows) = (Job::silent(), 0..task.grid.ny);
            match gpu {
                None => cpu::gather(&task, &cpu::discover(&task, &mut job).await?, rows, &mut job).await,
                Some(gpu) => gpu.gather(&task, &gpu.discover(&task, &mut job).await?, rows, &mut job).await,
            }
        });
        let (cpu_s, wall_s) = (cpu.elapsed().as_secs_f64(), wall.elapsed().as_secs_f64());
        let ours: Vec<f32> = ours?.iter().flatten().map(|g| 10.0 * g.log10()).collect();
        let Agreement { cells, found, median, p90, bias } = agreement(ours.iter().zip(reference), mode.level());
        Ok(Row {
            city: String::new(),
            tx: 0,
            mode,
            ref_cells: cells,
            found_share: found,
            median_abs_db: median,
            p90_abs_db: p90,
            bias_db: bias,
            cpu_s,
            wall_s,
            backend: self.backend,
        })
    }
}

impl Row {
    fn tell(&self) {
        let mode = self.mode.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default();
        eprintln!(
            "{:<16} {:>2} {mode:<16} {:>7} {:>6.3} {:>7.3} {:>7.3} {:>7.3} {:>7.2} {:>7.2}",
            self.city,
            self.tx,
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
