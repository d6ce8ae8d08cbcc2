//! The paths between two points beside the reference tracer's lists: every strong path is found, with its power, delay and
//! angles, and no other.

mod common;

use farfield::antenna::{Pointing, ReceiverAntenna};
use farfield::coverage::Grid;
use farfield::engine::Job;
use farfield::scenario::Footing;
use farfield::trace::cpu;
use farfield::trace::facet::{Facet, Span};
use farfield::trace::field::{Beam, free_space, polarisation, transport};
use farfield::trace::gather::paths;
use farfield::trace::path::{Kind, Path};
use farfield::trace::reference::read_scene;
use farfield::trace::scene::Scene;
use farfield::trace::seen::{paths as over_edges, seen};
use farfield::trace::task::{Diffraction, Sampling, Task};
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
    #[serde(default)]
    edge_diffraction: bool,
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
    let letter = |k: Kind| match k {
        Kind::Reflection => 'R',
        Kind::Transmission => 'T',
        Kind::Diffraction => 'D',
    };
    let kind: String = met.iter().map(|m| letter(m.kind)).collect();
    let departure = (met.first().map_or(path.to, |m| m.point) - path.from).normalize();
    let arrival = (met.last().map_or(path.from, |m| m.point) - path.to).normalize();
    let (re, im) = transport(path, polarisation(&Pointing::ISOTROPIC, departure), &layers, beam.frequency);
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
        let right = if m.kind == Kind::Diffraction { (come - go).dot(n).abs() } else { straight.distance(go) };
        right < 2e-3 && scene.facets.iter().any(|f| lies_on(f, p, 1e-4))
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

/// Whether the reference has the edge of a path of ours without its mode for the rims of meshes.
fn is_wedge(path: &Path) -> bool {
    path.bend.is_some_and(|b| b.surfaces[0] == b.surfaces[1] && b.wedge.n() < 1.999)
}

/// Whether a listed path bends at the foot of a wall, where the reference has the rim of a sheet and the world has none.
fn bends_at_a_foot(path: &Listed) -> bool {
    path.kind.chars().zip(&path.vertices).any(|(kind, p)| kind == 'D' && p.z < 0.05)
}

/// What a comparison of paths over edges found.
#[derive(Default)]
struct Diffracted {
    /// Paths listed.
    listed: usize,
    /// Of those, how many of ours have the same way, delay and angles.
    missing: Vec<String>,
    /// How far the power of the others is from the listed one, dB: the reference's terms for reflected waves have a wrong
    /// sign, and what is a solid eave here is the rim of a half-plane there, so this is told and not checked.
    apart: Vec<f32>,
    /// Paths of ours that the lists lack, whether each holds, and how many there are of ours.
    extra: Vec<(String, bool)>,
    ours: usize,
}

/// Compares the paths over edges.
fn compare_diffracted(test: &str, lists: &str, geometry: &str) -> Option<Diffracted> {
    let lists = common::shared(test, &format!("oracle/{lists}"))?;
    let geometry = common::shared(test, &format!("oracle/geometry/{geometry}"))?;
    let lists: Lists = serde_json::from_slice(&std::fs::read(lists).expect("lists")).expect("lists");
    let scene = read_scene(&geometry, lists.thickness_m).expect("a scene");
    let beams = [Beam {
        pointing: Pointing::ISOTROPIC,
        frequency: Hertz(lists.frequency_hz),
        receiver: ReceiverAntenna::ISOTROPIC,
    }];
    let sets: Vec<(&String, &Set)> = lists.sets.iter().filter(|(_, s)| s.options.diffraction).collect();
    let depth = sets.iter().map(|(_, s)| s.options.max_depth).max()?;
    let task = Task {
        scene: &scene,
        roofs: None,
        diffraction: Diffraction::Edges,
        transmitter: lists.tx,
        beams: &beams,
        grid: Grid { origin: DVec2::ZERO, cell: 5.0, nx: 1, ny: 1 },
        height: 1.5,
        footing: Footing::Ground,
        depth,
        transmission: false,
        finishes: None,
        woods: None,
        sampling: Sampling::default(),
    };
    let there = seen(&scene, lists.tx, depth - 1, 1 << 21);
    let mut outcome = Diffracted::default();
    for (i, rx) in lists.rx.iter().enumerate() {
        let here = seen(&scene, *rx, depth - 1, 1 << 20);
        let all = over_edges(&scene, [lists.tx, *rx], [&there, &here], depth);
        for (name, set) in &sets {
            let theirs = &set.paths[i];
            let strongest = theirs.iter().map(|p| p.gain_db).fold(f32::NEG_INFINITY, f32::max);
            let fits = |p: &&Path| {
                p.interactions().len() <= set.options.max_depth && (set.options.edge_diffraction || is_wedge(p))
            };
            let ours: Vec<(Found, &Path)> = all.iter().filter(fits).map(|p| (found(p, &task), p)).collect();
            let diffracted = |p: &&Listed| p.kind.contains('D') && !bends_at_a_foot(p);
            for listed in theirs.iter().filter(diffracted).filter(|p| p.gain_db > strongest - RANGE) {
                outcome.listed += 1;
                let same: Vec<_> = ours.iter().filter(|(p, _)| listed.is_but_for_power(p)).collect();
                if same.is_empty() {
                    outcome.missing.push(format!("{name} rx{i} {} {:?}", listed.tell(), listed.vertices));
                }
                outcome.apart.extend(same.first().map(|(p, _)| (p.gain_db - listed.gain_db).abs()));
            }
            for (p, path) in ours.iter().filter(|(p, _)| p.gain_db > strongest - RANGE && strongest.is_finite()) {
                outcome.ours += 1;
                if !theirs.iter().any(|t| t.is_but_for_power(p)) {
                    let points: Vec<Vec3> = path.points().collect();
                    outcome.extra.push((format!("{name} rx{i} {} {points:?}", p.tell()), holds(&scene, path)));
                }
            }
        }
    }
    Some(outcome)
}

fn check_diffracted(test: &str, lists: &str, geometry: &str) {
    let Some(outcome) = compare_diffracted(test, lists, geometry) else { return };
    let Diffracted { listed, missing, extra, ours, mut apart } = outcome;
    apart.sort_by(f32::total_cmp);
    let quantiles = [0.1, 0.5, 0.9].map(|q| apart[((apart.len() - 1) as f32 * q) as usize]);
    println!("{test}: {listed} listed, {} missing; {ours} ours, {} beyond the lists", missing.len(), extra.len());
    println!("power apart {quantiles:.2?} dB; missing {missing:#?}");
    assert!(listed > 500, "{listed}");
    // One of Munich's passes a face of its own edge by less than corners are known to.
    assert!(missing.len() <= 1, "{missing:#?}");
    // What the reference lacks must be its miss, but for a few at corners where two houses meet within millimetres: what
    // stands there is not met within the clearance of legs from their edge.
    let wrong: Vec<_> = extra.iter().filter(|(_, holds)| !holds).collect();
    assert!(wrong.len() * 100 <= ours, "{wrong:#?}");
}

#[test]
fn the_street_canyons_paths_over_edges_are_the_references() {
    let test = "the_street_canyons_paths_over_edges_are_the_references";
    check_diffracted(test, "street_canyon/paths.json", "simple_street_canyon.npz");
}

#[test]
fn munichs_paths_over_edges_are_the_references() {
    check_diffracted("munichs_paths_over_edges_are_the_references", "munich_paths/paths.json", "munich.npz");
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
    let beams = [Beam {
        pointing: Pointing::ISOTROPIC,
        frequency: Hertz(lists.frequency_hz),
        receiver: ReceiverAntenna::ISOTROPIC,
    }];
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
