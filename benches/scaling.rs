//! How a traced map's time and memory grow with its cells, the city's buildings, the sectors of a mast and the sites: a table.
//!
//! The first row of each block is central Munich as the page asks for it by default: cells of 5 m, three reflections,
//! diffraction, one sector. Times are the CPU seconds of the process, on one thread; memory is the most that was allocated
//! at once, less what was before. "turned" is the same tracer asked again with other azimuths.

use cpu_time::ProcessTime;
use farfield::city::archive::Bytes;
use farfield::city::{Building, City};
use farfield::engine::{Engine, Job, grid_of};
use farfield::scenario::{Scenario, Sector, Site};
use farfield::trace::Tracer;
use geo::Translate;
use glam::DVec2;
use peak_alloc::PeakAlloc;
use pollster::block_on;
use std::path::Path;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

fn munich() -> City {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/cities/munich.pmtiles");
    let bytes = Bytes::from(std::fs::read(path).expect("the city that ships with the page"));
    block_on(City::open(&bytes, "munich")).expect("a city")
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

/// So many sites on a square lattice over the city.
fn sites(city: &City, count: u32) -> Vec<Site> {
    let side = f64::from(count).sqrt().ceil() as u32;
    let area = DVec2::new(city.bounds.width(), city.bounds.height());
    let corner = DVec2::new(city.bounds.min().x, city.bounds.min().y);
    let at = |i: u32| corner + (DVec2::new(f64::from(i % side), f64::from(i / side)) + 0.5) / f64::from(side) * area;
    (0..count).map(|i| Site { position: city.frame.to_lonlat(at(i)), ..Site::default() }).collect()
}

/// Traces a map anew and then with its sectors turned, and prints a row.
fn row(what: &str, city: &City, scenario: &Scenario) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let mut tracer = Tracer::cpu();
    let mut seconds = |scenario: &Scenario| {
        let start = ProcessTime::now();
        block_on(tracer.predict(city, scenario, &mut Job::silent())).expect("a map");
        start.elapsed().as_secs_f64()
    };
    let anew = seconds(scenario);
    let mut turned = scenario.clone();
    turned.sites.iter_mut().flat_map(|s| &mut s.sectors).for_each(|s| s.azimuth = (s.azimuth + 10.0) % 360.0);
    let again = seconds(&turned);
    let megabytes = (MEMORY.peak_usage() - before) as f64 / 1e6;
    let cells = grid_of(city, scenario).expect("a grid").len() as f64;
    let speed = cells / anew / 1e3;
    println!("| {what} | {} | {anew:.2} | {again:.2} | {speed:.0} | {megabytes:.0} |", city.buildings.len());
}

fn main() {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    threads.install(|| {
        let (city, scenario) = (munich(), Scenario::default());
        println!("| | buildings | CPU s | turned, CPU s | thousand cells/s | MB |\n|---|---:|---:|---:|---:|---:|");
        for (share, what) in [(1.0, "cells ×1"), (0.5, "cells ×4"), (0.25, "cells ×16")] {
            let mut scenario = scenario.clone();
            scenario.receivers.cell *= share;
            row(what, &city, &scenario);
        }
        for (side, what) in [(1, "buildings ×1"), (2, "buildings ×4"), (4, "buildings ×16")] {
            row(what, &tiled(&city, side), &scenario);
        }
        for count in [1, 2, 3, 6] {
            let mut scenario = scenario.clone();
            let azimuth = |i: u32| f64::from(i) * 360.0 / f64::from(count);
            let sector = |i| Sector { azimuth: azimuth(i), ..Sector::default() };
            scenario.sites[0].sectors = (0..count).map(sector).collect();
            row(&format!("sectors ×{count}"), &city, &scenario);
        }
        for count in [1, 4, 16, 100] {
            let scenario = Scenario { sites: sites(&city, count), ..scenario.clone() };
            row(&format!("sites ×{count}"), &city, &scenario);
        }
    });
}
