//! The tracer on the CPU: twin of the shaders, the oracle in their tests and the fallback where there is no GPU.
//!
//! Natively the rows are shared out over threads; in the browser a page gives each of its workers some rows. Every
//! receiver is computed alone, so the map is the same bit by bit however it is shared out.

use super::discover::{Aim, Candidates, Signature, shoot};
use super::field::{self, Layer};
use super::path::{self, Path};
use super::task::Task;
use crate::empirical::rooftop_loss;
use crate::engine::{EngineError, Job};
use std::collections::HashSet;
use std::ops::Range;

/// Rays between two checkpoints: some 10 ms of one core.
const RAYS_A_STEP: u32 = if cfg!(feature = "cli") { 32_768 } else { 4_096 };
/// Rays of one thread's share.
const RAYS_A_SHARE: u32 = 2_048;
/// Rows between two checkpoints.
const ROWS_A_STEP: u32 = if cfg!(feature = "cli") { 8 } else { 1 };

/// Finds the signatures worth trying. Without reflections there are none.
pub async fn discover(task: &Task<'_>, job: &mut Job) -> Result<Candidates, EngineError> {
    let net = task.net();
    let mut told = HashSet::new();
    let rays = if task.depth == 0 { 0 } else { task.sampling.rays };
    let aim = Aim::new(task.transmitter, net.level, &task.grid, rays);
    let order = aim.order();
    let mut start = 0;
    while start < rays {
        job.checkpoint(start as f32 / rays as f32, "casting rays").await?;
        let end = (start + RAYS_A_STEP).min(rays);
        let shares: Vec<u32> = (start..end).step_by(RAYS_A_SHARE as usize).collect();
        let found = share_out(&shares, |first| {
            let mut found: Vec<(u32, Signature)> = Vec::new();
            for i in *first..(first + RAYS_A_SHARE).min(end) {
                let along = aim.direction(order[i as usize]);
                shoot(task.scene, &net, task.transmitter, along, task.depth, |tile, signature| {
                    found.push((tile, signature));
                });
            }
            found
        });
        told.extend(found.into_iter().flatten());
        start = end;
    }
    Ok(Candidates::collect(&net.tiling, &told))
}

/// Path gain, as a ratio of powers, of each beam in each cell of `rows`: beam-major, then row-major. NaN indoors, 0 where
/// no path arrives.
pub async fn gather(
    task: &Task<'_>,
    candidates: &Candidates,
    rows: Range<u32>,
    job: &mut Job,
) -> Result<Vec<Vec<f32>>, EngineError> {
    let layers: Vec<Vec<Layer>> = task.beams.iter().map(|b| task.layers(b.frequency)).collect();
    let mut gains = vec![Vec::with_capacity(rows.len() * task.grid.nx as usize); task.beams.len()];
    let mut start = rows.start;
    while start < rows.end {
        let done = (start - rows.start) as f32 / rows.len() as f32;
        job.checkpoint(done, "collecting paths").await?;
        let end = (start + ROWS_A_STEP).min(rows.end);
        let cells: Vec<(u32, u32)> = (start..end).flat_map(|iy| (0..task.grid.nx).map(move |ix| (ix, iy))).collect();
        for cell in share_out(&cells, |(ix, iy)| cell_gains(task, candidates, &layers, *ix, *iy)) {
            for (all, one) in gains.iter_mut().zip(cell) {
                all.push(one);
            }
        }
        start = end;
    }
    Ok(gains)
}

/// Path gain of each beam in one cell.
fn cell_gains(task: &Task<'_>, candidates: &Candidates, layers: &[Vec<Layer>], ix: u32, iy: u32) -> Vec<f32> {
    if task.indoors(ix, iy) {
        return vec![f32::NAN; task.beams.len()];
    }
    let mut sums = vec![0.0; task.beams.len()];
    let tile = task.tiling().of_cell(ix, iy);
    let mut count = 0.0;
    for receiver in task.receivers(ix, iy) {
        count += 1.0;
        let direct = Path::direct(task.transmitter, receiver);
        let roofs = task.roofs.filter(|_| task.diffraction);
        if roofs.is_some() || path::find(task.scene, &[], task.transmitter, receiver).is_some() {
            for ((sum, beam), layers) in sums.iter_mut().zip(task.beams).zip(layers) {
                let wavelength = beam.frequency.wavelength() as f32;
                let loss = roofs.map_or(0.0, |r| rooftop_loss(r, task.transmitter, receiver, wavelength));
                *sum += field::gain(&direct, beam, layers) * 10f32.powf(-0.1 * loss);
            }
        }
        for signature in candidates.in_tile(tile) {
            if let Some(path) = path::find(task.scene, signature, task.transmitter, receiver) {
                for ((sum, beam), layers) in sums.iter_mut().zip(task.beams).zip(layers) {
                    *sum += field::gain(&path, beam, layers);
                }
            }
        }
    }
    for sum in &mut sums {
        *sum /= count;
    }
    sums
}

/// `work` for each item, in order; over all threads where there are any.
#[cfg(feature = "cli")]
fn share_out<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
    use rayon::prelude::*;
    items.par_iter().map(work).collect()
}

/// `work` for each item, in order.
#[cfg(not(feature = "cli"))]
fn share_out<T, R>(items: &[T], work: impl Fn(&T) -> R) -> Vec<R> {
    items.iter().map(work).collect()
}
