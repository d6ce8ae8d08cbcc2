//! What receivers at single points hear, one or a list of them: the paths that the map adds up in their tile, evaluated
//! where they stand.

use super::cpu::{self, share_out};
use super::reception::{Brought, Listing, Reception};
use super::tracer::{Tracer, beams, mast};
use crate::city::City;
use crate::engine::{EngineError, Job, grid_of, place_sites};
use crate::geodesy::LonLat;
use crate::scenario::{Scenario, Walls};
use glam::Vec3;
use std::collections::BTreeMap;

/// Receivers between two checkpoints.
const RECEIVERS_A_STEP: usize = if cfg!(feature = "cli") { 256 } else { 16 };

/// A receiver that is asked about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Receiver {
    /// Where it stands.
    pub at: LonLat,
    /// Height above what the scenario's receivers stand on, metres; one above the ground that is higher than the building
    /// there is out in the open.
    pub height: f64,
}

/// Where one stands, and in which cell.
struct Standing {
    /// Its number in the list.
    number: usize,
    to: Vec3,
    cell: (u32, u32),
}

impl Tracer {
    /// The paths of the sector that is strongest at `point`, to a receiver of the scenario's height there. Where their
    /// signatures are known no rays are cast.
    pub async fn paths_at(
        &mut self,
        city: &City,
        scenario: &Scenario,
        point: LonLat,
        job: &mut Job,
    ) -> Result<Reception, EngineError> {
        let receiver = Receiver { at: point, height: scenario.receivers.height };
        let heard = self.paths_to(city, scenario, &[receiver], job).await?;
        heard.into_iter().next().unwrap_or_else(|| Err(EngineError::ReceiverOutside { city: city.name.clone() }))
    }

    /// The same for each of a list of receivers; those of one height share their rays. One that stands outside the city,
    /// under a roof, or at a height that no scenario may have, has an error of its own.
    pub async fn paths_to(
        &mut self,
        city: &City,
        scenario: &Scenario,
        receivers: &[Receiver],
        job: &mut Job,
    ) -> Result<Vec<Result<Reception, EngineError>>, EngineError> {
        let outside = || EngineError::ReceiverOutside { city: city.name.clone() };
        let mut heard: Vec<Result<Reception, EngineError>> = receivers.iter().map(|_| Err(outside())).collect();
        let mut levels = BTreeMap::<u64, Vec<usize>>::new();
        for (number, receiver) in receivers.iter().enumerate() {
            levels.entry(receiver.height.to_bits()).or_default().push(number);
        }
        for (height, numbers) in levels {
            let mut raised = scenario.clone();
            raised.receivers.height = f64::from_bits(height);
            if let Err(error) = raised.validate() {
                // Another number of the scenario would be an error for all.
                scenario.validate()?;
                for number in numbers {
                    heard[number] = Err(error.clone().into());
                }
                continue;
            }
            self.listen(city, &raised, receivers, &numbers, &mut heard, job).await?;
        }
        Ok(heard)
    }

    /// Puts what those of `receivers` hear that have these `numbers`, and stand at the scenario's height.
    async fn listen(
        &mut self,
        city: &City,
        scenario: &Scenario,
        receivers: &[Receiver],
        numbers: &[usize],
        heard: &mut [Result<Reception, EngineError>],
        job: &mut Job,
    ) -> Result<(), EngineError> {
        let (sites, grid) = (place_sites(city, scenario)?, grid_of(city, scenario)?);
        self.machine.ready().await;
        job.checkpoint(0.0, "building the scene").await?;
        let stage = self.stage(city, scenario.engines.trace.walls);
        let solid = scenario.engines.trace.walls == Walls::Solid;
        let mut standing = Vec::new();
        for number in numbers {
            let at = receivers[*number].at;
            let local = city.frame.to_local(at);
            let Some(cell) = grid.locate(local).filter(|_| city.contains(at)) else { continue };
            let to = stage.standing(local.as_vec2(), &scenario.receivers);
            heard[*number] =
                if solid && stage.roofs.covers(to) { Err(EngineError::ReceiverIndoors) } else { Ok(SILENCE) };
            if heard[*number].is_ok() {
                standing.push(Standing { number: *number, to, cell });
            }
        }
        let Some(first) = standing.iter().map(|s| s.cell.1).min() else { return Ok(()) };
        let rows = first..standing.iter().map(|s| s.cell.1 + 1).max().unwrap_or(first);
        for (number, (at, site)) in sites.into_iter().enumerate() {
            let beams = beams(site, scenario);
            let task = self.task(&stage, scenario, mast(city, at, site), &beams, grid);
            let candidates = self.candidates(stage.fingerprint, &task, job).await?;
            let mut scattered = vec![vec![0.0; rows.len() * grid.nx as usize]; beams.len()];
            cpu::add_scattered(&task, &rows, &mut scattered, job).await?;
            for (i, step) in standing.chunks(RECEIVERS_A_STEP).enumerate() {
                let done = (i * RECEIVERS_A_STEP) as f32 / standing.len() as f32;
                job.checkpoint(done, "listing paths").await?;
                let strongest = share_out(step, |receiver| {
                    let listing = Listing::new(&task, &candidates, receiver.to);
                    let (ix, iy) = receiver.cell;
                    let cell = grid.index(ix, iy - rows.start);
                    let of = |i: usize| {
                        let power = site.sectors[i].power.0 as f32;
                        let dbm = |gain: f32| (gain > 0.0).then(|| power + 10.0 * gain.log10());
                        let Brought { gain, coherent, paths } = listing.of_beam(i, power);
                        let scattered = scattered[i][cell];
                        Reception {
                            server: (number, i),
                            level: dbm(gain + scattered),
                            coherent: dbm(coherent + scattered),
                            scattered: dbm(scattered),
                            paths,
                        }
                    };
                    (0..beams.len()).map(of).fold(SILENCE, stronger)
                });
                for (receiver, one) in step.iter().zip(strongest) {
                    let heard = &mut heard[receiver.number];
                    let before = std::mem::replace(heard, Ok(SILENCE));
                    *heard = before.map(|before| stronger(before, one));
                }
            }
        }
        Ok(())
    }
}

/// Where nothing arrives.
const SILENCE: Reception =
    Reception { server: (0, 0), level: None, coherent: None, scattered: None, paths: Vec::new() };

fn stronger(a: Reception, b: Reception) -> Reception {
    if b.level > a.level { b } else { a }
}
