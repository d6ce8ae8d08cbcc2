//! The paths between two points beside the reference tracer's lists: every strong path is found, with its power, delay and
//! angles, and no other.

mod common;

use farfield::antenna::Pointing;
use farfield::coverage::Grid;
use farfield::engine::Job;
use farfield::trace::cpu;
use farfield::trace::facet::{Facet, Span};
use farfield::trace::field::{Beam, free_space, polarisation, transport};
use farfield::trace::gather::paths;
use farfield::trace::path::{Kind, Path};
use farfield::trace::reference::read_scene;
use farfield::trace::scene::Scene;
use farfield::trace::task::{Sampling, Task};
use farfield::units::{Hertz, SPEED_OF_LIGHT};
use glam::{DVec2, DVec3, Vec2, Vec3};
use serde::Deserialize;
use std::collections::{HashMap, HashSet};

/// Paths this far below the strongest do not count, dB.
const RANGE: f32 = 40.0;

#[derive(Deserialize)]
struct Lists {
    frequency_hz: f64,
    tx: Vec3,
    rx: Vec<Vec3>,
    #[serde(default = "sheet")]
    thickness_m: f32,
    sets: HashMap<String, Set>,
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

/// A path as listed: `theta` counts from the zenith, and the angles of arrival point to where the wave comes from.
#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "type")]
    kind: String,
    gain_db: f32,
    tau_s: f64,
    theta_t: f32,
    phi_t: f32,
    theta_r: f32,
    phi_r: f32,
    vertices: Vec<Vec3>,
}

/// A path of ours in the same terms: kind, gain, delay, and unit vectors of departure and towards where it comes from.
struct Found {
    kind: String,
    gain_db: f32,
    tau: f64,
    departure: Vec3,
    arrival: Vec3,
}

fn towards(theta: f32, phi: f32) -> Vec3 {
    Vec3::new(theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos())
}

fn found(path: &Path, task: &Task<'_>) -> Found {
    let beam = &task.beams[0];
    let layers = task.layers(beam.frequency);
    let met = path.interactions();
    let letter = |k: Kind| if k == Kind::Reflection { 'R' } else { 'T' };
    let kind: String = met.iter().map(|m| letter(m.kind)).collect();
    let departure = (met.first().map_or(path.to, |m| m.point) - path.from).normalize();
    let arrival = (met.last().map_or(path.from, |m| m.point) - path.to).normalize();
    let (re, im) = transport(path, polarisation(&Pointing::ISOTROPIC, departure), &layers);
    let vertical = polarisation(&Pointing::ISOTROPIC, -arrival);
    let power = re.dot(vertical).powi(2) + im.dot(vertical).powi(2);
    let gain_db = 10.0 * (power * free_space(path.length(), beam.frequency)).log10();
    let points: Vec<DVec3> = path.points().map(Vec3::as_dvec3).collect();
    let length: f64 = points.windows(2).map(|w| w[0].distance(w[1])).sum();
    let kind = if kind.is_empty() { "LOS".into() } else { kind };
    Found { kind, gain_db, tau: length / SPEED_OF_LIGHT, departure, arrival }
}

impl Listed {
    fn is(&self, ours: &Found) -> bool {
        self.is_but_for_power(ours) && (self.gain_db - ours.gain_db).abs() < 0.5
    }

    fn is_but_for_power(&self, ours: &Found) -> bool {
        let apart = |a: Vec3, b: Vec3| a.angle_between(b).to_degrees();
        self.kind == ours.kind
            && (self.tau_s - ours.tau).abs() < 0.1e-9
            && apart(towards(self.theta_t, self.phi_t), ours.departure) < 0.1
            && apart(towards(self.theta_r, self.phi_r), ours.arrival) < 0.1
    }

    fn tell(&self) -> String {
        let (t, r) = (towards(self.theta_t, self.phi_t), towards(self.theta_r, self.phi_r));
        format!("{} {:.2} dB {:.3} ns {t:.4} {r:.4}", self.kind, self.gain_db, self.tau_s * 1e9)
    }
}

impl Found {
    fn tell(&self) -> String {
        let Self { kind, gain_db, tau, departure, arrival } = self;
        format!("{kind} {gain_db:.2} dB {:.3} ns {departure:.4} {arrival:.4}", tau * 1e9)
    }
}

/// Whether a point lies on a facet, or beside it by no more than `slack` of its edges.
fn lies_on(facet: &Facet, p: DVec3, slack: f64) -> bool {
    let [v0, e1, e2] = [facet.v0, facet.e1, facet.e2].map(|v| Vec3::from(v).as_dvec3());
    let (n, s) = (e1.cross(e2), p - v0);
    let (u, v) = (s.cross(e2).dot(n) / n.length_squared(), e1.cross(s).dot(n) / n.length_squared());
    let most = if facet.span == Span::Triangle as u32 { u + v } else { u.max(v) };
    s.dot(n.normalize()).abs() < 5e-3 && u > -slack && v > -slack && most < 1.0 + slack
}

/// Whether one of a listed path's points lies on two sheets of different materials at once, such as a house's bottom on
/// the ground: which of them counts is anyone's choice.
fn is_tie(scene: &Scene, path: &Listed) -> bool {
    path.vertices.iter().any(|p| {
        let surfaces = scene.facets.iter().filter(|f| lies_on(f, p.as_dvec3(), 1e-4)).map(|f| f.surface);
        surfaces.collect::<HashSet<u32>>().len() > 1
    })
}

/// Whether a path of ours holds by trying every facet in double precision: it is mirrored where it says, on a facet, and
/// comes through no more walls than it says.
fn holds(scene: &Scene, path: &Path) -> bool {
    let met = path.interactions();
    let points: Vec<DVec3> = path.points().map(Vec3::as_dvec3).collect();
    let mirrored = met.iter().enumerate().all(|(i, m)| {
        let (a, p, b) = (points[i], points[i + 1], points[i + 2]);
        let n = m.normal.as_dvec3();
        let (come, go) = ((p - a).normalize(), (b - p).normalize());
        let straight = if m.kind == Kind::Reflection { come - 2.0 * come.dot(n) * n } else { come };
        straight.distance(go) < 2e-3 && scene.facets.iter().any(|f| lies_on(f, p, 1e-4))
    });
    let clear = points.windows(2).all(|w| {
        let d = w[1] - w[0];
        // A centimetre at both ends belongs to the walls that are met there.
        let end = 0.01 / d.length();
        scene.facets.iter().all(|f| {
            let (v0, n) = (Vec3::from(f.v0).as_dvec3(), Vec3::from(f.e1).as_dvec3().cross(Vec3::from(f.e2).as_dvec3()));
            let t = (v0 - w[0]).dot(n) / d.dot(n);
            !(t > end && t < 1.0 - end && lies_on(f, w[0] + d * t, 0.0))
        })
    });
    mirrored && clear
}

/// What a comparison found.
#[derive(Default)]
struct Outcome {
    /// Paths listed.
    listed: usize,
    /// Paths of ours that the lists lack, and whether each holds.
    extra: Vec<(String, bool)>,
    /// Paths of the lists that we lack.
    missing: Vec<String>,
}

/// Compares the sets of specular paths.
fn compare(test: &str, lists: &str, geometry: &str) -> Option<Outcome> {
    let lists = common::shared(test, &format!("oracle/{lists}"))?;
    let geometry = common::shared(test, &format!("oracle/geometry/{geometry}"))?;
    let lists: Lists = serde_json::from_slice(&std::fs::read(lists).expect("lists")).expect("lists");
    let scene = read_scene(&geometry, lists.thickness_m).expect("a scene");
    let beams = [Beam { pointing: Pointing::ISOTROPIC, frequency: Hertz(lists.frequency_hz), receiver: None }];
    let (mut lo, mut hi) = (Vec2::INFINITY, Vec2::NEG_INFINITY);
    for rx in lists.rx.iter().chain([&lists.tx]) {
        (lo, hi) = (lo.min(rx.truncate() - 20.0), hi.max(rx.truncate() + 20.0));
    }
    let size = (hi - lo) / 5.0;
    let grid = Grid { origin: DVec2::from(lo), cell: 5.0, nx: size.x as u32 + 1, ny: size.y as u32 + 1 };
    let mut outcome = Outcome::default();
    for (name, set) in lists.sets.iter().filter(|(_, s)| !s.options.diffraction) {
        let task = Task {
            scene: &scene,
            roofs: None,
            diffraction: false,
            transmitter: lists.tx,
            beams: &beams,
            grid,
            height: 1.5,
            depth: set.options.max_depth,
            transmission: set.options.refraction,
            finishes: None,
            sampling: Sampling { rays: 1 << 20, samples: 1 },
        };
        let candidates = pollster::block_on(cpu::discover(&task, &mut Job::silent())).expect("candidates");
        for (i, (rx, theirs)) in lists.rx.iter().zip(&set.paths).enumerate() {
            let paths = paths(&task, &candidates, *rx);
            let ours: Vec<Found> = paths.iter().map(|p| found(p, &task)).collect();
            let strongest = theirs.iter().map(|p| p.gain_db).fold(f32::NEG_INFINITY, f32::max);
            let strong = |gain: f32| gain > strongest - RANGE;
            for theirs in theirs.iter().filter(|p| strong(p.gain_db)) {
                outcome.listed += 1;
                let close = |p: &Found| theirs.is(p) || (theirs.is_but_for_power(p) && is_tie(&scene, theirs));
                if !ours.iter().any(close) {
                    outcome.missing.push(format!("{name} rx{i} {}", theirs.tell()));
                }
            }
            for (ours, path) in ours.iter().zip(&paths).filter(|(p, _)| strong(p.gain_db) && strongest.is_finite()) {
                if !theirs.iter().any(|p| p.is(ours)) {
                    let holds = holds(&scene, path);
                    outcome.extra.push((format!("{name} rx{i} {}", ours.tell()), holds));
                }
            }
        }
    }
    Some(outcome)
}

fn check(test: &str, lists: &str, geometry: &str) {
    let Some(Outcome { listed, extra, missing }) = compare(test, lists, geometry) else { return };
    println!("{listed} listed; beyond the list: {extra:#?}");
    assert!(listed > 100, "{listed}");
    assert!(missing.is_empty(), "missing {missing:#?}");
    // What the reference lacks must be its miss.
    assert!(extra.iter().all(|(_, holds)| *holds), "{extra:#?}");
    assert!(extra.len() * 10 < listed, "{extra:#?}");
}

#[test]
fn the_street_canyons_paths_are_the_references() {
    let test = "the_street_canyons_paths_are_the_references";
    check(test, "street_canyon/paths.json", "simple_street_canyon.npz");
}

#[test]
fn munichs_paths_are_the_references() {
    check("munichs_paths_are_the_references", "munich_paths/paths.json", "munich.npz");
}
