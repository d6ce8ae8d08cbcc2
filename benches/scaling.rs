//! How a traced map's time and memory grow: with its cells, with the buildings around it, with the sectors of a mast, with
//! the sites, and with the size of the city up to 100 km² of 200,000 buildings. Prints a table.
//!
//! Each row is a process of its own, which this one starts: so the memory is the most that it ever held, as the system
//! counts it. The first row of a block is central Munich as the page asks for it by default (cells of 5 m, three reflections,
//! rooftops, one sector), but for the last block's, whose houses stand on a lattice. Times are medians; every run moves the
//! masts by a centimetre, so that nothing of the run before is remembered, and "turned" turns the sectors alone, which
//! casts no rays. CPU seconds count all threads, wall-clock time has all of them.

use anyhow::{Context, Result, bail};
use cpu_time::ProcessTime;
use farfield::city::archive::Bytes;
use farfield::city::{Building, City, HeightSource};
use farfield::coverage::Gap;
use farfield::empirical::rooftops;
use farfield::engine::{Engine, Job, grid_of};
use farfield::geodesy::{LocalFrame, LonLat};
use farfield::material::Material;
use farfield::scenario::{Scenario, Sector, Site};
use farfield::trace::Tracer;
use farfield::trace::scene::Scene;
use geo::{LineString, Polygon, Rect, Translate, coord};
use glam::DVec2;
use pollster::block_on;
use serde::{Deserialize, Serialize};
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Names this process as one that measures a row.
const ROW: &str = "--row";
/// Most runs of a row, and how long they may take before no further one begins.
const RUNS: usize = 3;
const LONG: Duration = Duration::from_secs(6);

/// What grows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Axis {
    Cells,
    Buildings,
    Sectors,
    Sites,
    Area,
    /// The largest of [`Axis::Area`] in finer cells.
    Finer,
}

impl Axis {
    fn steps(self) -> &'static [u32] {
        match self {
            Self::Cells | Self::Buildings | Self::Area => &[1, 4, 16],
            Self::Sectors => &[1, 2, 3, 6],
            Self::Sites => &[1, 4, 16, 100],
            Self::Finer => &[4],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Cells => "cells",
            Self::Buildings => "buildings",
            Self::Sectors => "sectors",
            Self::Sites => "sites",
            Self::Area => "area",
            Self::Finer => "its cells",
        }
    }

    /// What a row of it is about.
    fn input(self, times: u32) -> Result<(City, Scenario)> {
        let mut scenario = Scenario::default();
        let city = match self {
            Self::Area => town(times),
            Self::Finer => town(16),
            _ => munich()?,
        };
        match self {
            Self::Cells => scenario.receivers.cell /= f64::from(times).sqrt(),
            Self::Buildings => return Ok((tiled(&city, f64::from(times).sqrt() as i32), scenario)),
            Self::Sectors => {
                let azimuth = |i: u32| f64::from(i) * 360.0 / f64::from(times);
                let sector = |i| Sector { azimuth: azimuth(i), ..Sector::default() };
                scenario.sites[0].sectors = (0..times).map(sector).collect();
            }
            Self::Sites => scenario.sites = sites(&city, times),
            Self::Area | Self::Finer => {
                scenario.sites = sites(&city, 1);
                scenario.receivers.cell = if self == Self::Finer { 5.0 } else { 10.0 };
            }
        }
        Ok((city, scenario))
    }
}

fn munich() -> Result<City> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/cities/munich.pmtiles");
    let bytes = Bytes::from(std::fs::read(path).context("the city that ships with the page")?);
    Ok(block_on(City::open(&bytes, "munich"))?)
}

/// The same city among `side`² − 1 others like it, of which only the buildings are there.
fn tiled(city: &City, side: i32) -> City {
    let (width, height) = (city.bounds.width(), city.bounds.height());
    let tiles = (0..side * side).map(|i| (i % side - side / 2, i / side - side / 2));
    let moved = |(x, y): (i32, i32)| {
        city.buildings.iter().map(move |b| Building {
            footprint: b.footprint.translate(f64::from(x) * width, f64::from(y) * height),
            ..b.clone()
        })
    };
    City { buildings: tiles.flat_map(moved).collect(), ..city.clone() }
}

/// A town of 12,500 houses on 2.5 × 2.5 km, or so many times that: each on a plot of its own, L-shaped, turned a little, of
/// two to seven storeys. Heights are those of storeys, as in maps of real towns, so many roofs are level with one another.
fn town(times: u32) -> City {
    let (area, houses) = (6.25e6 * f64::from(times), 12_500 * times);
    let (across, side) = (area.sqrt(), f64::from(houses).sqrt().ceil() as u32);
    let plot = across / f64::from(side);
    let bounds = Rect::new(coord! { x: -across / 2.0, y: -across / 2.0 }, coord! { x: across / 2.0, y: across / 2.0 });
    let house = |i: u32| {
        let chance = i.wrapping_mul(2_654_435_769);
        let turn = DVec2::from_angle(0.6 * f64::from(chance >> 16) / 65_536.0 - 0.3);
        let middle = (DVec2::new(f64::from(i % side), f64::from(i / side)) + 0.5) * plot - across / 2.0;
        let at = |x: f64, y: f64| <(f64, f64)>::from(middle + turn.rotate(DVec2::new(x, y)));
        let (w, d) = (7.0, 6.0);
        let outline = vec![at(-w, -d), at(w, -d), at(w, 0.0), at(0.0, 0.0), at(0.0, d), at(-w, d)];
        Building {
            id: u64::from(i),
            footprint: Polygon::new(LineString::from(outline), Vec::new()),
            base: 0.0,
            top: 1.0 + 3.2 * (2 + chance % 6) as f32,
            height_source: HeightSource::Levels,
            wall: Material::Concrete,
            roof: Material::Concrete,
        }
    };
    City {
        name: "town".into(),
        attribution: String::new(),
        frame: LocalFrame::new(LonLat::new(11.5, 48.1)),
        bounds,
        buildings: (0..houses).map(house).collect(),
        ground: Material::MediumDryGround,
        terrain: None,
        woods: Vec::new(),
    }
}

/// So many sites on a square lattice over the city.
fn sites(city: &City, count: u32) -> Vec<Site> {
    let side = f64::from(count).sqrt().ceil() as u32;
    let area = DVec2::new(city.bounds.width(), city.bounds.height());
    let corner = DVec2::new(city.bounds.min().x, city.bounds.min().y);
    let at = |i: u32| corner + (DVec2::new(f64::from(i % side), f64::from(i / side)) + 0.5) / f64::from(side) * area;
    (0..count).map(|i| Site { position: city.frame.to_lonlat(at(i)), ..Site::default() }).collect()
}

/// CPU seconds and wall-clock milliseconds.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Time {
    cpu: f64,
    wall: f64,
}

/// The medians of some runs.
fn timed(mut run: impl FnMut() -> Result<()>) -> Result<Time> {
    let (begun, mut times) = (Instant::now(), Vec::new());
    loop {
        let (cpu, wall) = (ProcessTime::now(), Instant::now());
        run()?;
        times.push(Time { cpu: cpu.elapsed().as_secs_f64(), wall: wall.elapsed().as_secs_f64() * 1e3 });
        if times.len() == RUNS || begun.elapsed() > LONG {
            break;
        }
    }
    let median = |of: fn(&Time) -> f64| {
        let mut all: Vec<f64> = times.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    Ok(Time { cpu: median(|t| t.cpu), wall: median(|t| t.wall) })
}

/// What a row says.
#[derive(Serialize, Deserialize)]
struct Row {
    cells: usize,
    buildings: usize,
    scene: Time,
    anew: Time,
    turned: Time,
    /// Most memory that the process held, megabytes.
    memory: f64,
}

fn measure(axis: Axis, times: u32) -> Result<Row> {
    let (city, mut scenario) = axis.input(times)?;
    let scene = timed(|| {
        black_box((Scene::of(&city), rooftops(&city)));
        Ok(())
    })?;
    let mut tracer = Tracer::cpu();
    let mut map = |scenario: &Scenario| {
        let map = block_on(tracer.predict(&city, scenario, &mut Job::silent()))?;
        let known = (0..map.values.len()).all(|i| !map.values[i].is_nan() || map.gap(i) != Some(Gap::NotAsked));
        if known { Ok(()) } else { bail!("a cell has neither a level nor a reason") }
    };
    // The scene is made once.
    map(&scenario)?;
    let anew = timed(|| {
        scenario.sites.iter_mut().for_each(|s| s.height += 0.01);
        map(&scenario)
    })?;
    let turned = timed(|| {
        scenario.sites.iter_mut().flat_map(|s| &mut s.sectors).for_each(|s| s.azimuth = (s.azimuth + 10.0) % 360.0);
        map(&scenario)
    })?;
    let cells = grid_of(&city, &scenario)?.len();
    Ok(Row { cells, buildings: city.buildings.len(), scene, anew, turned, memory: peak_memory()? })
}

/// Megabytes that this process held at most, as Linux counts them.
fn peak_memory() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("only Linux tells its peak memory")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1024.0 / 1e6)
}

/// The row that another process measures.
fn ask(axis: Axis, times: u32) -> Result<Row> {
    let mut other = Command::new(std::env::current_exe()?);
    other.arg(ROW).arg(serde_json::to_string(&(axis, times))?).stderr(Stdio::inherit());
    let told = other.output()?;
    if !told.status.success() {
        bail!("{} ×{times}: {}", axis.name(), told.status);
    }
    Ok(serde_json::from_slice(&told.stdout)?)
}

/// A number with its ratio to that of the row before.
fn grown(now: f64, before: Option<f64>, digits: usize) -> String {
    let ratio = before.map(|before| format!(" (×{:.1})", now / before)).unwrap_or_default();
    format!("{now:.digits$}{ratio}")
}

fn table() -> Result<()> {
    println!("| | cells | buildings | scene, CPU s | map, CPU s | map, ms | turned, CPU s | MB at most |");
    println!("|---|---:|---:|---:|---:|---:|---:|---:|");
    let mut last: Option<Row> = None;
    for axis in [Axis::Cells, Axis::Buildings, Axis::Sectors, Axis::Sites, Axis::Area, Axis::Finer] {
        for times in axis.steps() {
            let before = last.take().filter(|_| *times > 1);
            let row = ask(axis, *times)?;
            let cell = |of: fn(&Row) -> f64, digits| grown(of(&row), before.as_ref().map(of), digits);
            println!(
                "| {} ×{times} | {} | {} | {} | {} | {} | {} | {} |",
                axis.name(),
                row.cells,
                row.buildings,
                cell(|r| r.scene.cpu, 2),
                cell(|r| r.anew.cpu, 2),
                cell(|r| r.anew.wall, 0),
                cell(|r| r.turned.cpu, 2),
                cell(|r| r.memory, 0),
            );
            last = Some(row);
        }
    }
    Ok(())
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|a| a == ROW).and_then(|at| arguments.get(at + 1)) {
        Some(row) => {
            let (axis, times) = serde_json::from_str(row).context("which row?")?;
            println!("{}", serde_json::to_string(&measure(axis, times)?)?);
            Ok(())
        }
        None => table(),
    }
}
