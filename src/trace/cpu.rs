//! The tracer on the CPU: twin of the shaders, the oracle in their tests and the fallback where there is no GPU.
//!
//! Natively the rows are shared out over threads; in the browser a page gives each of its workers some rows. Every
//! receiver is computed alone, so the map is the same bit by bit however it is shared out.

use super::detour;
use super::discover::{Aim, Candidates, Lists, Search, Share, Signature, Told, Trail, shoot};
use super::fan;
use super::field::Layer;
use super::gather::Tile;
use super::glance;
use super::lit::{Stretch, lit};
use super::path::Candidate;
use super::scatter::shoot::{Brought, Rays};
use super::scatter::tally::Tally;
use super::spread::Sum;
use super::task::{Diffraction, Task};
use crate::engine::{EngineError, Job};
use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

/// Rays between two checkpoints, a multiple of a thread's share: some 10 ms of one core.
const RAYS_A_STEP: u32 = if cfg!(feature = "cli") { 32_768 } else { 4_096 };
/// Facets between two checkpoints, likewise.
const FACETS_A_STEP: u32 = if cfg!(feature = "cli") { 16_384 } else { 2_048 };
/// Facets of one thread's share.
const FACETS_A_SHARE: u32 = 512;
/// Edges between two checkpoints, and of one thread's share.
const EDGES_A_STEP: usize = if cfg!(feature = "cli") { 16_384 } else { 512 };
const EDGES_A_SHARE: usize = 64;
/// Stretches of edges between two checkpoints, and of one thread's share.
const STRETCHES_A_STEP: usize = if cfg!(feature = "cli") { 2_048 } else { 16 };
const STRETCHES_A_SHARE: usize = 16;
/// One ray in so many looks for edges behind a mirror.
const GLIMPSES: u32 = 2;
/// Rays of one thread's share.
const RAYS_A_SHARE: u32 = 2_048;
/// The same of rays that are scattered, which take longer and remember where they were.
const SCATTERED_A_STEP: u32 = RAYS_A_STEP / 4;
const SCATTERED_A_SHARE: u32 = RAYS_A_SHARE / 4;

/// Finds the signatures worth trying, and the edges. Without reflections there is none.
pub async fn discover(task: &Task<'_>, job: &mut Job) -> Result<Candidates, EngineError> {
    let told = scout(task, Share::ALL, Search::default(), job).await?;
    conclude(task, &told, job).await
}

/// What a share of the rays tells, and those at small facets; from where the search is now.
pub async fn scout(task: &Task<'_>, share: Share, mut search: Search, job: &mut Job) -> Result<Told, EngineError> {
    let (net, aim) = (task.net(), task.aim());
    let rays_of = |piece: u32| piece * RAYS_A_SHARE..(piece + 1).saturating_mul(RAYS_A_SHARE).min(aim.rays);
    let pieces = search.cast / RAYS_A_SHARE..aim.rays.div_ceil(RAYS_A_SHARE);
    let pieces: Vec<u32> = pieces.filter(|piece| share.has(*piece)).collect();
    for step in pieces.chunks((RAYS_A_STEP / RAYS_A_SHARE) as usize) {
        job.checkpoint(search.cast as f32 / aim.rays as f32, "casting rays").await?;
        let found = share_out(step, |piece| {
            let mut found: Vec<(u32, Signature)> = Vec::new();
            let mut trail = Trail::default();
            for i in rays_of(*piece).filter(|i| *i >= search.cast) {
                shoot(task, &net, aim.direction(i), &mut trail, |tile, signature| {
                    found.push((tile, signature));
                });
            }
            found
        });
        search.told.extend(found.into_iter().flatten());
        search.cast = step.last().map_or(aim.rays, |piece| rays_of(*piece).end);
    }
    let Search { mut told, .. } = search;
    if aim.rays > 0 {
        told.extend(glance_at_facets(task, &aim, share, job).await?);
    }
    Ok(told)
}

/// What is worth trying, from what all rays have told: their signatures, and the edges.
pub async fn conclude(task: &Task<'_>, told: &Told, job: &mut Job) -> Result<Candidates, EngineError> {
    let mut candidates = Candidates::collect(&task.tiling(), told);
    if task.diffraction.over_edges() && task.depth > 0 {
        look_over_edges(task, &mut candidates, job).await?;
    }
    if task.diffraction == Diffraction::RooftopsAndDetours && task.depth > 1 {
        look_for_detours(task, &mut candidates, job).await?;
    }
    Ok(candidates)
}

/// Finds which edges the transmitter sees, and what may come over them to where.
async fn look_over_edges(task: &Task<'_>, candidates: &mut Candidates, job: &mut Job) -> Result<(), EngineError> {
    let net = task.net();
    job.checkpoint(0.0, "looking for edges").await?;
    let edges = &task.scene.edges().all;
    let all: Vec<u32> = (0..edges.len() as u32).filter(|e| task.diffraction.bends_at(&edges[*e as usize])).collect();
    for (i, step) in all.chunks(EDGES_A_STEP).enumerate() {
        job.checkpoint((i * EDGES_A_STEP) as f32 / all.len() as f32, "looking for edges").await?;
        let shares: Vec<&[u32]> = step.chunks(EDGES_A_SHARE).collect();
        let seen = share_out(&shares, |share| {
            let parts = |edge: &u32| {
                let parts = lit(task.scene, &edges[*edge as usize], task.transmitter);
                let edge = *edge;
                parts.into_iter().map(move |ends| Stretch { edge, ends: ends.map(|along| along as f32) })
            };
            share.iter().flat_map(parts).collect::<Vec<_>>()
        });
        candidates.stretches.extend(seen.into_iter().flatten());
    }
    let all: Vec<u32> = (0..candidates.stretches.len() as u32).collect();
    let mut pairs = Vec::new();
    for (i, step) in all.chunks(STRETCHES_A_STEP).enumerate() {
        job.checkpoint((i * STRETCHES_A_STEP) as f32 / all.len() as f32, "looking over edges").await?;
        let shares: Vec<&[u32]> = step.chunks(STRETCHES_A_SHARE).collect();
        let reached = share_out(&shares, |stretches| {
            let mut pairs = Vec::new();
            for index in *stretches {
                fan::spread(task, &net, &candidates.stretches[*index as usize], |tile| {
                    pairs.extend(net.tiling.around(tile).map(|tile| (tile, *index)));
                });
            }
            pairs
        });
        pairs.extend(reached.into_iter().flatten());
    }
    candidates.spread = Lists::of(net.tiling.len(), pairs);
    Ok(())
}

/// Finds ways around corners with mirrors beside them.
async fn look_for_detours(task: &Task<'_>, candidates: &mut Candidates, job: &mut Job) -> Result<(), EngineError> {
    let (net, tiling) = (task.net(), task.tiling());
    let aim = Aim::new(task.transmitter, task.level(), &task.grid, task.rays() / GLIMPSES);
    let mut glimpsed = BTreeSet::new();
    let pieces: Vec<u32> = (0..aim.rays.div_ceil(RAYS_A_SHARE)).collect();
    for step in pieces.chunks((RAYS_A_STEP / RAYS_A_SHARE) as usize) {
        job.checkpoint(0.0, "looking around corners").await?;
        let found = share_out(step, |piece| {
            let mut found = Vec::new();
            for i in piece * RAYS_A_SHARE..((piece + 1) * RAYS_A_SHARE).min(aim.rays) {
                detour::glimpse(task, &aim, i, |edge, mirror| found.push((edge, mirror)));
            }
            found
        });
        glimpsed.extend(found.into_iter().flatten());
    }
    let edges = &task.scene.edges().all;
    let straight = candidates.stretches.iter().map(|Stretch { edge, ends }| {
        let ends = ends.map(f64::from);
        detour::Lit { edge: *edge, ends, before: None }
    });
    let mirrored = glimpsed.into_iter().map(|(edge, mirror)| {
        let ends = [0.0, edges[edge as usize].wedge.length()];
        detour::Lit { edge, ends, before: Some(mirror) }
    });
    let all: Vec<detour::Lit> = straight.chain(mirrored).collect();
    let mut told = HashSet::new();
    for (i, step) in all.chunks(STRETCHES_A_STEP).enumerate() {
        job.checkpoint((i * STRETCHES_A_STEP) as f32 / all.len() as f32, "looking around corners").await?;
        let shares: Vec<&[detour::Lit]> = step.chunks(STRETCHES_A_SHARE).collect();
        let found = share_out(&shares, |lit| {
            let mut found = HashSet::new();
            for lit in *lit {
                detour::spread(task, &net, lit, |tile, detour| _ = found.insert((tile, detour)));
            }
            found
        });
        told.extend(found.into_iter().flatten());
    }
    candidates.detours = told.iter().map(|(_, detour)| *detour).collect::<BTreeSet<_>>().into_iter().collect();
    let mut pairs = Vec::new();
    for (tile, detour) in &told {
        // Every one that was told is in the list.
        let index = candidates.detours.binary_search(detour).unwrap_or_default() as u32;
        pairs.extend(tiling.around(*tile).map(|tile| (tile, index)));
    }
    candidates.around = Lists::of(tiling.len(), pairs);
    Ok(())
}

/// What rays find that are shot at facets which those of `aim` are likely to miss; nothing where there are more facets than
/// rays, and so most would be: a sketch makes do with its rays.
async fn glance_at_facets(
    task: &Task<'_>,
    aim: &Aim<'_>,
    share: Share,
    job: &mut Job,
) -> Result<Vec<(u32, Signature)>, EngineError> {
    let net = task.net();
    let facets = task.scene.facets.len() as u32;
    let all = if facets > aim.rays { 0 } else { facets.div_ceil(FACETS_A_SHARE) };
    let pieces: Vec<u32> = (0..all).filter(|piece| share.has(*piece)).collect();
    let mut told = Vec::new();
    for (i, step) in pieces.chunks((FACETS_A_STEP / FACETS_A_SHARE) as usize).enumerate() {
        let done = i as f32 * FACETS_A_STEP as f32 / facets as f32 * share.of as f32;
        job.checkpoint(done, "looking at small facets").await?;
        let found = share_out(step, |piece| {
            let mut found = Vec::new();
            let first = piece * FACETS_A_SHARE;
            for facet in first..(first + FACETS_A_SHARE).min(facets) {
                glance::at_facet(task, &net, aim, facet, |tile, signature| found.push((tile, signature)));
            }
            found
        });
        told.extend(found.into_iter().flatten());
    }
    Ok(told)
}

/// Path gain, as a ratio of powers, of each beam in each cell of `rows`: beam-major, then row-major. NaN indoors, 0 where
/// no path arrives.
pub async fn gather(
    task: &Task<'_>,
    candidates: &Candidates,
    rows: Range<u32>,
    job: &mut Job,
) -> Result<Vec<Vec<f32>>, EngineError> {
    let mut gains = vec![Vec::new(); task.beams.len()];
    collect(task, candidates, &rows, &mut gains, job).await?;
    add_scattered(task, &rows, &mut gains, job).await?;
    Ok(gains)
}

/// What is not scattered of [`gather`]'s gains, as any [`Sum`]: adds to those of each beam the rows that are not there yet.
/// Rows are taken as they are which all beams have; part of a row is not.
pub async fn collect<S: Sum>(
    task: &Task<'_>,
    candidates: &Candidates,
    rows: &Range<u32>,
    gains: &mut [Vec<S>],
    job: &mut Job,
) -> Result<(), EngineError> {
    let width = task.grid.nx as usize;
    let kept = gains.iter().map(|g| g.len() / width).min().unwrap_or_default();
    for gains in gains.iter_mut() {
        gains.truncate(kept * width);
    }
    let mut start = rows.start + kept as u32;
    if start >= rows.end {
        return Ok(());
    }
    let layers: Vec<Vec<Layer>> = task.beams.iter().map(|b| task.layers(b.frequency)).collect();
    let known = Candidate::all(task, candidates);
    let tiling = task.tiling();
    while start < rows.end {
        let done = (start - rows.start) as f32 / rows.len() as f32;
        job.checkpoint(done, "collecting paths").await?;
        // Whole rows of tiles, the last one cut where the rows end.
        let end = ((start / tiling.cells + 1) * tiling.cells).min(rows.end);
        let tiles: Vec<u32> = (0..tiling.count.x).map(|x| start / tiling.cells * tiling.count.x + x).collect();
        let collected = share_out(&tiles, |tile| {
            let specular = candidates.in_tile(*tile).filter_map(|i| known[i as usize].as_ref());
            let cells = Tile::new(task, &layers, *tile);
            cells.collect(specular, candidates.stretches_in(*tile), candidates.detours_in(*tile))
        });
        for (b, gains) in gains.iter_mut().enumerate() {
            for iy in start..end {
                for tile in &collected {
                    gains.extend_from_slice(tile.row(b, iy));
                }
            }
        }
        start = end;
    }
    Ok(())
}

/// Adds to `gains`, as [`gather`] gives them, what rough surfaces scatter to the same rows; nothing where all are smooth.
pub async fn add_scattered(
    task: &Task<'_>,
    rows: &Range<u32>,
    gains: &mut [Vec<f32>],
    job: &mut Job,
) -> Result<(), EngineError> {
    if !task.scatters() {
        return Ok(());
    }
    let layers: Vec<Vec<Layer>> = task.beams.iter().map(|b| task.layers(b.frequency)).collect();
    let rays = Rays::new(task, &layers, task.sampling.rays);
    let lattice = rays.lattice;
    let mut tally = Tally::new(&lattice, task.beams.len());
    let mut start = 0;
    while start < rays.count {
        job.checkpoint(start as f32 / rays.count as f32, "scattering").await?;
        let end = (start + SCATTERED_A_STEP).min(rays.count);
        let shares: Vec<u32> = (start..end).step_by(SCATTERED_A_SHARE as usize).collect();
        let brought = share_out(&shares, |first| {
            let mut brought = Brought::default();
            (*first..(first + SCATTERED_A_SHARE).min(end)).for_each(|i| rays.follow(i, &mut brought));
            brought
        });
        for brought in &brought {
            tally.add(brought);
        }
        start = end;
    }
    let found = tally.settle(task, &lattice, rows, |blocks, work| share_out(blocks, work));
    for (gains, found) in gains.iter_mut().zip(&found) {
        let cells = rows.clone().flat_map(|iy| (0..task.grid.nx).map(move |ix| (ix, iy)));
        gains.iter_mut().zip(cells).for_each(|(gain, (ix, iy))| *gain += found[lattice.block_of(ix, iy)]);
    }
    Ok(())
}

/// `work` for each item, in order; over all threads where there are any.
#[cfg(feature = "cli")]
pub(super) fn share_out<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
    use rayon::prelude::*;
    items.par_iter().map(work).collect()
}

/// `work` for each item, in order.
#[cfg(not(feature = "cli"))]
pub(super) fn share_out<T, R>(items: &[T], work: impl Fn(&T) -> R) -> Vec<R> {
    items.iter().map(work).collect()
}
