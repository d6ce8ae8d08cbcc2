//! Delay spread and angles of arrival beside those of the reference tracer's lists of paths.

mod common;

use farfield::antenna::{Pointing, Polarisation, ReceiverAntenna};
use farfield::coverage::Grid;
use farfield::engine::Job;
use farfield::scenario::Footing;
use farfield::trace::cpu;
use farfield::trace::field::{Beam, gain};
use farfield::trace::gather::paths;
use farfield::trace::reference::read_scene;
use farfield::trace::spread::{Moments, Sum, Way};
use farfield::trace::task::{Diffraction, Sampling, Task};
use farfield::units::Hertz;
use glam::{DVec2, Vec2, Vec3};
use pollster::block_on;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Lists {
    frequency_hz: f64,
    tx: Vec3,
    rx: Vec<Vec3>,
    #[serde(default = "sheet")]
    thickness_m: f32,
    sets: BTreeMap<String, Set>,
}

fn sheet() -> f32 {
    0.1
}

#[derive(Deserialize)]
struct Set {
    options: Options,
    paths: Vec<Vec<Listed>>,
}

#[derive(Deserialize)]
struct Options {
    max_depth: usize,
    #[serde(default)]
    refraction: bool,
    #[serde(default)]
    diffraction: bool,
}

/// A path as listed: `theta_r` counts from the zenith, `phi_r` from the east, both to where the wave comes from.
#[derive(Deserialize)]
struct Listed {
    gain_db: f64,
    tau_s: f64,
    theta_r: f64,
    phi_r: f64,
}

/// RMS delay spread, ns, and azimuth, its spread and elevation of arrival, degrees, by their definitions.
fn of_list(paths: &[Listed]) -> [f64; 4] {
    let power = |p: &Listed| 10f64.powf(0.1 * p.gain_db);
    let sum: f64 = paths.iter().map(power).sum();
    let mean = |f: &dyn Fn(&Listed) -> f64| paths.iter().map(|p| power(p) * f(p)).sum::<f64>() / sum;
    let middle = mean(&|p| p.tau_s);
    let delay_spread = mean(&|p| (p.tau_s - middle).powi(2)).sqrt() * 1e9;
    let heading = DVec2::new(mean(&|p| p.phi_r.cos()), mean(&|p| p.phi_r.sin()));
    let slope = DVec2::new(mean(&|p| p.theta_r.sin()), mean(&|p| p.theta_r.cos()));
    let spread = (-2.0 * heading.length().min(1.0).ln()).sqrt().to_degrees();
    [delay_spread, heading.x.atan2(heading.y).to_degrees(), spread, slope.y.atan2(slope.x).to_degrees()]
}

/// Whether two lists, by their powers in dB, have as many strong paths and the same sum. Where they have not, one lacks a path,
/// or has another material where two sheets meet: `oracle_paths` looks into that.
fn agree(ours: &[f64], theirs: &[f64]) -> bool {
    let strongest = theirs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let strong = |all: &[f64]| all.iter().filter(|db| **db > strongest - 40.0).count();
    let sum = |all: &[f64]| 10.0 * all.iter().map(|db| 10f64.powf(0.1 * db)).sum::<f64>().log10();
    strong(ours) == strong(theirs) && (sum(ours) - sum(theirs)).abs() < 0.1
}

/// Compares at every receiver whose paths the lists agree about. Gives how many those are, and all to which paths lead.
fn compare(test: &str, lists: &str, geometry: &str) -> Option<(usize, usize)> {
    let lists = common::shared(test, &format!("oracle/{lists}"))?;
    let geometry = common::shared(test, &format!("oracle/geometry/{geometry}"))?;
    let lists: Lists = serde_json::from_slice(&std::fs::read(lists).expect("lists")).expect("lists");
    let scene = read_scene(&geometry, lists.thickness_m).expect("a scene");
    let receiver = ReceiverAntenna { polarisation: Some(Polarisation::Vertical), ..ReceiverAntenna::ISOTROPIC };
    let beams = [Beam { pointing: Pointing::ISOTROPIC, frequency: Hertz(lists.frequency_hz), receiver }];
    let (mut lo, mut hi) = (Vec2::INFINITY, Vec2::NEG_INFINITY);
    for rx in lists.rx.iter().chain([&lists.tx]) {
        (lo, hi) = (lo.min(rx.truncate() - 20.0), hi.max(rx.truncate() + 20.0));
    }
    let size = (hi - lo) / 5.0;
    let grid = Grid { origin: DVec2::from(lo), cell: 5.0, nx: size.x as u32 + 1, ny: size.y as u32 + 1 };
    let layers = |task: &Task<'_>| task.layers(beams[0].frequency);
    let (mut compared, mut all) = (0, 0);
    for (name, set) in lists.sets.iter().filter(|(_, s)| !s.options.diffraction) {
        let task = Task {
            scene: &scene,
            roofs: None,
            diffraction: Diffraction::None,
            transmitter: lists.tx,
            beams: &beams,
            grid,
            height: 1.5,
            footing: Footing::Ground,
            depth: set.options.max_depth,
            transmission: set.options.refraction,
            finishes: None,
            woods: None,
            sampling: Sampling { rays: 1 << 20, samples: 1 },
        };
        let candidates = block_on(cpu::discover(&task, &mut Job::silent())).expect("candidates");
        let layers = layers(&task);
        for (i, (rx, theirs)) in lists.rx.iter().zip(&set.paths).enumerate().filter(|(_, (_, p))| !p.is_empty()) {
            let mut moments = Moments::default();
            let mut strong = Vec::new();
            for path in paths(&task, &candidates, *rx) {
                let power = gain(&path, &beams[0], &layers);
                moments.add(power, || Way::of(&path));
                strong.push(10.0 * f64::from(power).log10());
            }
            all += 1;
            let theirs_strong: Vec<f64> = theirs.iter().map(|p| p.gain_db).collect();
            if !agree(&strong, &theirs_strong) {
                continue;
            }
            let told = (moments.delay_spread(), moments.azimuth(), moments.azimuth_spread(), moments.elevation());
            let (Some(delay), Some(azimuth), Some(spread), Some(elevation)) = told else {
                panic!("{name} rx{i}: nothing arrives");
            };
            let ours = [delay, azimuth, spread, elevation].map(f64::from);
            let theirs = of_list(theirs);
            let turn = (ours[1] - theirs[1] + 180.0).rem_euclid(360.0) - 180.0;
            let tell = format!("{name} rx{i}: {ours:.3?}, theirs {theirs:.3?}");
            assert!((ours[0] - theirs[0]).abs() < 0.1 + 0.01 * theirs[0], "{tell}");
            assert!(turn.abs() < 0.1 && (ours[3] - theirs[3]).abs() < 0.1, "{tell}");
            assert!((ours[2] - theirs[2]).abs() < 0.1 + 0.01 * theirs[2], "{tell}");
            compared += 1;
        }
    }
    Some((compared, all))
}

#[test]
fn in_the_street_canyon_they_are_those_of_the_references_paths() {
    let test = "in_the_street_canyon_they_are_those_of_the_references_paths";
    let compared = compare(test, "street_canyon/paths.json", "simple_street_canyon.npz");
    assert!(compared.is_none_or(|(compared, all)| all > 40 && compared == all), "{compared:?}");
}

#[test]
fn in_munich_they_are_those_of_the_references_paths() {
    let test = "in_munich_they_are_those_of_the_references_paths";
    let compared = compare(test, "munich_paths/paths.json", "munich.npz");
    assert!(compared.is_none_or(|(compared, all)| all > 30 && compared * 3 > all * 2), "{compared:?}");
}
