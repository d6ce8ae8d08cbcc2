//! What a receiver at one point hears of a sector: every path with its vertices, its power, its delay and its angles.
//!
//! They are the very paths that the map adds up in a cell, so in the middle of a cell their powers add up to the map's
//! value; what rough surfaces scatter is no list of paths and told as one number beside them. The direct way over rooftops
//! is computed as straight, with the loss of Bullington's equivalent edge. It is listed bent at that edge, which stands where the
//! steepest lines of sight from both ends meet: its vertices, delay and angles are those of the bent way.
//!
//! Two sums are told: that of the powers, which is the map's, and that of the voltages with their phases, which is one draw
//! of the fading around the point. The way over rooftops has the phase of its bent length alone.

use super::bent;
use super::detour;
use super::direct::Direct;
use super::discover::{Candidates, mirrors};
use super::field::{self, Beam, Layer};
use super::path::{self, Candidate, Hints, Kind, Path};
use super::task::{Diffraction, Task, left_by_leaves};
use crate::empirical::foliage_loss;
use crate::material::Material;
use crate::units::SPEED_OF_LIGHT;
use glam::{DVec2, Vec3};
use num_complex::Complex64;
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// What a receiver hears of the sector that is strongest there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reception {
    /// The sector's site, and its number among that site's sectors.
    pub server: (usize, usize),
    /// Power of all that arrives, dBm, the paths added in power; `None` where nothing does.
    pub level: Option<f32>,
    /// The same with the paths added with their phases, as they interfere at this very point; what is scattered has none and
    /// adds in power.
    pub coherent: Option<f32>,
    /// The part of it that rough surfaces scatter, dBm; `None` where nothing is scattered.
    pub scattered: Option<f32>,
    /// The paths, the strongest first.
    pub paths: Vec<Arrival>,
}

/// A path as it arrives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arrival {
    /// Received power, dBm.
    pub level: f32,
    /// How long it was on its way, nanoseconds.
    pub delay: f32,
    /// Where it left to.
    pub departure: Direction,
    /// Where it came from, as seen by the receiver.
    pub arrival: Direction,
    /// What rooftops, hills and the crowns that it leads over take of it, dB; only the direct way pays this.
    pub rooftop_loss: f32,
    /// Metres of it that lie in leaves.
    pub leaves: f32,
    /// What those take of it, dB.
    pub foliage_loss: f32,
    /// The transmitter, where something happens to it, the receiver.
    pub vertices: Vec<Vertex>,
    /// What happens at the vertices between both ends.
    pub events: Vec<Event>,
}

/// A direction in degrees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Direction {
    /// Clockwise from north, 0–360.
    pub azimuth: f32,
    /// Above the horizon.
    pub elevation: f32,
}

/// A point of a path.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vertex {
    /// Local metres: east, north, up from the local datum.
    pub at: Vec3,
    /// Metres above the ground there.
    pub above_ground: f32,
}

/// What happens to a path at a vertex.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// What it is.
    pub kind: Kind,
    /// What the surface is made of; none at the equivalent edge of the rooftops.
    pub material: Option<Material>,
}

impl Reception {
    /// Root mean square of the delays around their mean, weighted with the paths' powers, nanoseconds; `None` without a
    /// path.
    pub fn delay_spread(&self) -> Option<f64> {
        let powers = self.paths.iter().map(|p| (10f64.powf(0.1 * f64::from(p.level)), f64::from(p.delay)));
        let [sum, first] = powers.clone().fold([0.0; 2], |[sum, first], (p, t)| [sum + p, first + p * t]);
        let mean = first / sum;
        let second: f64 = powers.map(|(p, t)| p * (t - mean).powi(2)).sum();
        (sum > 0.0).then(|| (second / sum).sqrt())
    }

    /// The mean direction that the paths come from, each angle for itself: that of Σ Pᵢ e^{jφᵢ}, as
    /// [`Moments`](super::spread::Moments) have it; `None` without a path.
    pub fn direction(&self) -> Option<Direction> {
        let turn = |angle: fn(&Direction) -> f32| {
            let part = |path: &Arrival| {
                DVec2::from_angle(f64::from(angle(&path.arrival)).to_radians())
                    * 10f64.powf(0.1 * f64::from(path.level))
            };
            self.paths.iter().map(part).sum::<DVec2>().to_angle().to_degrees()
        };
        let azimuth = turn(|d| d.azimuth).rem_euclid(360.0) as f32;
        let elevation = turn(|d| d.elevation) as f32;
        // Just west of north rounds up to a whole turn.
        (!self.paths.is_empty())
            .then_some(Direction { azimuth: if azimuth < 360.0 { azimuth } else { 0.0 }, elevation })
    }
}

impl Arrival {
    /// What happens to it on its way, in words: "reflection off brick ×2, 12 m through leaves (−5.1 dB)".
    pub fn way(&self) -> String {
        let mut way = self.meetings();
        if self.leaves > 0.0 {
            _ = write!(way, ", {:.0} m through leaves (−{:.1} dB)", self.leaves, self.foliage_loss);
        }
        way
    }

    /// What it meets besides leaves, in words.
    fn meetings(&self) -> String {
        let event = |e: &Event| {
            let material = e.material.map(|m| m.name().replace('_', " "));
            match (e.kind, material) {
                (Kind::Reflection, Some(material)) => format!("reflection off {material}"),
                (Kind::Transmission, Some(material)) => format!("through {material}"),
                (Kind::Diffraction, Some(material)) => format!("around an edge of {material}"),
                (Kind::Reflection, None) => "reflection".into(),
                (Kind::Transmission, None) => "through a wall".into(),
                (Kind::Diffraction, None) => "over the rooftops".into(),
            }
        };
        match (self.events.as_slice(), self.rooftop_loss > 0.0) {
            ([], false) => "line of sight".into(),
            ([], true) => "line of sight, close past rooftops".into(),
            (events, _) => {
                let in_a_row = events.chunk_by(|a, b| a == b).map(|same| match same.len() {
                    1 => event(&same[0]),
                    n => format!("{} ×{n}", event(&same[0])),
                });
                in_a_row.collect::<Vec<_>>().join(", ")
            }
        }
    }
}

impl Direction {
    /// Of a vector, east-north-up; the zero vector points north.
    fn of(along: Vec3) -> Self {
        let azimuth = along.x.atan2(along.y).to_degrees().rem_euclid(360.0);
        Self { azimuth, elevation: along.z.atan2(along.truncate().length()).to_degrees() }
    }
}

/// A path as one beam of the task feeds it.
struct Fed {
    path: Path,
    gain: f32,
    /// What rooftops and leaves leave of its power.
    left: f32,
    rooftop_loss: f32,
    /// The equivalent edge of the rooftops.
    edge: Option<Vec3>,
    /// Metres in leaves, and what they take, dB.
    leaves: (f32, f32),
}

impl Fed {
    /// Its ends, and what it meets between them.
    fn points(&self) -> Vec<Vec3> {
        match self.edge {
            Some(edge) => vec![self.path.from, edge, self.path.to],
            None => self.path.points().collect(),
        }
    }

    /// What it brings to the receiver's ports.
    fn voltages(&self, beam: &Beam, layers: &[Layer]) -> [Complex64; 2] {
        let left = f64::from(self.left).sqrt();
        field::voltages(&self.path, length(&self.points()), beam, layers).map(|voltage| left * voltage)
    }
}

/// Metres of the way over `points`.
fn length(points: &[Vec3]) -> f64 {
    points.windows(2).map(|leg| leg[0].as_dvec3().distance(leg[1].as_dvec3())).sum()
}

/// What a beam brings over all paths.
#[derive(Default)]
pub(super) struct Brought {
    /// Path gain, as a ratio of powers, of the paths added in power.
    pub(super) gain: f32,
    /// The same added with their phases.
    pub(super) coherent: f32,
    /// The paths, the strongest first.
    pub(super) paths: Vec<Arrival>,
}

/// The paths of a task to a receiver, as its maps have them, and what each beam brings over them.
pub(super) struct Listing<'a> {
    task: &'a Task<'a>,
    to: Vec3,
    paths: Vec<Path>,
}

impl<'a> Listing<'a> {
    /// Those to the receiver at `to`. The direct way over rooftops, which depends on the wavelength, is none of them yet.
    pub(super) fn new(task: &'a Task<'a>, candidates: &Candidates, to: Vec3) -> Self {
        let tile = task.tiling().at(to.truncate());
        let signatures = tile.into_iter().flat_map(|t| candidates.in_tile(t));
        let specular = signatures.map(|i| mirrors(&candidates.signatures[i as usize]));
        let over = task.pays_for_rooftops();
        let direct = task.diffraction != Diffraction::EdgesAlone && (!over || task.transmission);
        let through = |signature: &[u32]| {
            path::through(task.scene, &Candidate::for_task(task, signature)?, to, &mut Hints::default())
        };
        let straight: &[u32] = &[];
        let mut paths: Vec<Path> = direct.then_some(straight).into_iter().chain(specular).filter_map(through).collect();
        if task.diffraction.over_edges() && task.depth > 0 {
            let ends = [task.transmitter, to].map(|end| Candidate::of(task.scene, &[], end, 0));
            if let [Some(from), Some(to)] = ends {
                let edges = tile.into_iter().flat_map(|t| candidates.edges_in(t));
                paths.extend(edges.filter_map(|e| bent::find(task.scene, &from, e, &to, &mut Default::default())));
            }
            paths.extend(detour::paths(task, candidates, to));
        }
        // The way over the rooftops is one for each wavelength; what comes straight through walls is beside it.
        paths.retain(|path| !(over && path.interactions().is_empty()));
        Self { task, to, paths }
    }

    fn fed(&self, beam: &Beam, layers: &[Layer]) -> Vec<Fed> {
        let task = self.task;
        let leaves = |metres: f32| (metres, foliage_loss(metres, beam.frequency));
        let exact = |path: &Path| {
            let metres = task.in_leaves(path.points());
            let left = left_by_leaves(metres, beam.frequency);
            let gain = field::gain(path, beam, layers) * left;
            Fed { path: *path, gain, left, rooftop_loss: 0.0, edge: None, leaves: leaves(metres) }
        };
        // Only what came straight meets nothing but walls.
        let is_straight = |path: &Path| path.interactions().iter().all(|met| met.kind == Kind::Transmission);
        let beside = task.is_beside_rooftops(self.to, beam.frequency);
        let mut fed: Vec<Fed> = self.paths.iter().filter(|path| beside || !is_straight(path)).map(exact).collect();
        // Into a hollow house waves come through its walls.
        let outdoors = !(task.transmission && task.covers(self.to));
        if let Some(roofs) = task.roofs.filter(|_| task.diffraction.over_rooftops() && outdoors) {
            let path = Path::direct(task.transmitter, self.to);
            let Direct { bend, rooftop_loss, leaves: metres, left } = task.direct_over(roofs, self.to, beam.frequency);
            let gain = field::gain(&path, beam, layers) * left;
            fed.push(Fed { path, gain, left, rooftop_loss, edge: bend, leaves: leaves(metres) });
        }
        fed
    }

    /// What beam number `beam` brings over all of them, with the paths as of a transmitter of `power` dBm.
    pub(super) fn of_beam(&self, beam: usize, power: f32) -> Brought {
        let Some(beam) = self.task.beams.get(beam) else { return Brought::default() };
        let layers = self.task.layers(beam.frequency);
        let mut fed = self.fed(beam, &layers);
        fed.retain(|f| f.gain > 0.0);
        fed.sort_by(|a, b| b.gain.total_cmp(&a.gain));
        let voltages = fed.iter().fold([Complex64::ZERO; 2], |[a, b], f| {
            let [to_a, to_b] = f.voltages(beam, &layers);
            [a + to_a, b + to_b]
        });
        Brought {
            gain: fed.iter().map(|f| f.gain).sum(),
            coherent: voltages.iter().map(Complex64::norm_sqr).sum::<f64>() as f32,
            paths: fed.iter().map(|f| self.arrival(f, power)).collect(),
        }
    }

    fn arrival(&self, fed: &Fed, power: f32) -> Arrival {
        let (scene, level) = (self.task.scene, self.task.level());
        let points = fed.points();
        let met = fed.path.interactions().iter();
        let material = |surface: u32| scene.surfaces.get(surface as usize).map(|s| s.material);
        let over = fed.edge.map(|_| Event { kind: Kind::Diffraction, material: None });
        Arrival {
            level: power + 10.0 * fed.gain.log10(),
            delay: (length(&points) / SPEED_OF_LIGHT * 1e9) as f32,
            departure: Direction::of(points[1] - points[0]),
            arrival: Direction::of(points[points.len() - 2] - points[points.len() - 1]),
            rooftop_loss: fed.rooftop_loss,
            leaves: fed.leaves.0,
            foliage_loss: fed.leaves.1,
            vertices: points
                .iter()
                .map(|p| Vertex { at: *p, above_ground: p.z - level.ground_at(p.truncate()) })
                .collect(),
            events: met.map(|i| Event { kind: i.kind, material: material(i.surface) }).chain(over).collect(),
        }
    }
}
