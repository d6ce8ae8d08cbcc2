//! A list of points, traced.

use super::PathStore;
use crate::antenna::{Pointing, ReceiverAntenna, ReceiverPattern};
use crate::engine::{EngineError, Job};
use crate::trace::bent;
use crate::trace::cpu::share_out;
use crate::trace::detour;
use crate::trace::discover::Candidates;
use crate::trace::field::{self, Beam, Layer, gain};
use crate::trace::path::{self, Candidate, Hints, Path};
use crate::trace::task::{Diffraction, Task, left_by_leaves};
use glam::Vec3;

/// Most points of a store.
pub const MOST_POINTS: usize = 1 << 16;
/// Most paths that are kept of a point: with as many points as there may be, a store of paths with two interactions takes
/// 370 MB. In a city a point has some ten.
pub const MOST_PATHS: usize = 64;
/// Points between two checkpoints: some 10 ms of one core in a browser.
const POINTS_A_STEP: usize = if cfg!(feature = "cli") { 1024 } else { 64 };
/// Points of one thread's share.
const POINTS_A_SHARE: usize = 32;

/// Why points were not traced. Each message is a sentence for the user.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StoreError {
    /// The task has no beam, which says at what carrier to trace.
    #[error("there is no sector to trace paths of")]
    NoBeam,
    /// More points than [`MOST_POINTS`].
    #[error("{0} points are too many to keep their paths: the most is {MOST_POINTS}")]
    TooManyPoints(usize),
    /// A point is not anywhere.
    #[error("point {0} has a coordinate that is not a number")]
    NotFinite(usize),
    /// The job was stopped.
    #[error("{0}")]
    Engine(#[from] EngineError),
}

/// Traces the paths of `task` to each of `points`, local metres, over the `candidates` found for its grid: directly (over
/// rooftops where the task diffracts so), over mirrors and through walls, and over the edges that the transmitter sees. Up
/// to `most` paths of a point are kept, and no more than [`MOST_PATHS`]: those that an upright isotropic antenna would be heard over best.
///
/// The carrier is that of the task's first beam. Points should stand at about the task's height within its grid, for it is
/// there that candidates were looked for; outside of the grid only the direct way is known. A point inside of a house is
/// traced like any other.
pub async fn collect(
    task: &Task<'_>,
    candidates: &Candidates,
    points: &[Vec3],
    most: usize,
    job: &mut Job,
) -> Result<PathStore, StoreError> {
    let beam = task.beams.first().ok_or(StoreError::NoBeam)?;
    if points.len() > MOST_POINTS {
        return Err(StoreError::TooManyPoints(points.len()));
    }
    if let Some(i) = points.iter().position(|p| !p.is_finite()) {
        return Err(StoreError::NotFinite(i));
    }
    let finder = Finder::new(task, candidates, beam, most.min(MOST_PATHS));
    let mut store = PathStore::new(beam.frequency, &task.scene.surfaces);
    for (i, step) in points.chunks(POINTS_A_STEP).enumerate() {
        job.checkpoint((i * POINTS_A_STEP) as f32 / points.len() as f32, "collecting paths").await?;
        let shares: Vec<&[Vec3]> = step.chunks(POINTS_A_SHARE).collect();
        for part in share_out(&shares, |share| finder.store(share)) {
            store.append(&part);
        }
    }
    Ok(store)
}

/// Finds the paths to a point.
struct Finder<'a> {
    task: &'a Task<'a>,
    candidates: &'a Candidates,
    direct: Option<Candidate<'a>>,
    known: Vec<Option<Candidate<'a>>>,
    /// By which paths are told strong from weak.
    beam: Beam,
    /// What receivers listen with, whose gain stays with a path.
    pattern: ReceiverPattern,
    layers: Vec<Layer>,
    most: usize,
}

impl<'a> Finder<'a> {
    fn new(task: &'a Task<'a>, candidates: &'a Candidates, beam: &Beam, most: usize) -> Self {
        // Upright: which paths are kept does not depend on where the sector looks.
        let pointing = Pointing { polarisation: beam.pointing.polarisation, ..Pointing::ISOTROPIC };
        Self {
            task,
            candidates,
            direct: Candidate::for_task(task, &[]),
            known: Candidate::all(task, candidates),
            beam: Beam { pointing, receiver: ReceiverAntenna::ISOTROPIC, ..*beam },
            pattern: beam.receiver.pattern,
            layers: task.layers(beam.frequency),
            most,
        }
    }

    /// The paths to some points, which are best near to each other.
    fn store(&self, points: &[Vec3]) -> PathStore {
        let mut store = PathStore::new(self.beam.frequency, &self.task.scene.surfaces);
        let mut found = Vec::new();
        for to in points {
            found.clear();
            self.find(*to, &mut found);
            if found.len() > self.most {
                store.left_out += found.len() - self.most;
                found.sort_by_cached_key(|(path, left)| {
                    // Powers are not negative, so their bits are in their order.
                    std::cmp::Reverse((gain(path, &self.beam, &self.layers) * left).to_bits())
                });
                found.truncate(self.most);
            }
            store.push(found.iter().map(|(path, left)| (path, *left)));
        }
        store
    }

    /// Every path to `to`, each with what rooftops and leaves leave of it, times the gain of the receiver's pattern.
    fn find(&self, to: Vec3, found: &mut Vec<(Path, f32)>) {
        let (task, scene) = (self.task, self.task.scene);
        let heard = |path: &Path| self.pattern.gain(field::came_from(path), path.from - path.to);
        let whole = |path: Path| {
            let leaves = task.in_leaves(path.points());
            (path, left_by_leaves(leaves, self.beam.frequency) * heard(&path))
        };
        match (task.diffraction, task.roofs) {
            (bends, Some(roofs)) if bends.over_rooftops() => {
                let direct = task.direct_over(roofs, to, self.beam.frequency);
                let path = Path::direct(task.transmitter, to);
                found.push((path, direct.left * heard(&path)));
            }
            (Diffraction::EdgesAlone, _) => {}
            _ => {
                let direct = self.direct.as_ref();
                found.extend(direct.and_then(|c| path::through(scene, c, to, &mut Hints::default())).map(whole));
            }
        }
        let Some(tile) = task.tiling().at(to.truncate()) else { return };
        for candidate in self.candidates.in_tile(tile).filter_map(|i| self.known[i as usize].as_ref()) {
            found.extend(path::through(scene, candidate, to, &mut Hints::default()).map(whole));
        }
        let (Some(there), Some(here)) =
            (Candidate::of(scene, &[], task.transmitter, 0), Candidate::of(scene, &[], to, 0))
        else {
            return;
        };
        let bent = |edge: u32| bent::find(scene, &there, edge, &here, &mut bent::Hints::default());
        found.extend(self.candidates.edges_in(tile).into_iter().filter_map(bent).map(whole));
        found.extend(detour::paths(task, self.candidates, to).map(whole));
    }
}
