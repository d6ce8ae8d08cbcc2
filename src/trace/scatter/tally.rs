//! What all rays brought to each block.

use super::lattice::Lattice;
use super::shoot::Brought;
use super::smooth;
use crate::trace::task::Task;
use glam::UVec2;
use std::ops::Range;

/// Sums over rays, block by block.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    /// For each beam, power times the way through the block, metres.
    sums: Vec<Vec<f32>>,
    /// Of all beams together, the same and its squares.
    moments: Vec<[f32; 2]>,
}

impl Tally {
    /// Nothing yet, for so many beams.
    pub fn new(lattice: &Lattice, beams: usize) -> Self {
        Self { sums: vec![vec![0.0; lattice.len()]; beams], moments: vec![[0.0; 2]; lattice.len()] }
    }

    /// Adds what some rays brought.
    pub fn add(&mut self, brought: &Brought) {
        let beams = self.sums.len().max(1);
        for (block, powers) in brought.blocks.iter().zip(brought.powers.chunks_exact(beams)) {
            let block = *block as usize;
            self.sums.iter_mut().zip(powers).for_each(|(sums, power)| sums[block] += power);
            let all: f32 = powers.iter().sum();
            self.moments[block][0] += all;
            self.moments[block][1] += all * all;
        }
    }

    /// How many rays of the same strength would tell as much about a block (Kish's effective number).
    fn rays(&self, block: usize) -> f32 {
        let [first, second] = self.moments[block];
        if second > 0.0 { first * first / second } else { 0.0 }
    }

    /// For each beam and block the mean power, neighbours having shared what they hold, right for `rows` of cells: what is
    /// too far away from them to matter is left as it is. `share_out` does some work for each
    /// of the blocks it is given, in order.
    pub fn settle(
        mut self,
        task: &Task<'_>,
        lattice: &Lattice,
        rows: &Range<u32>,
        share_out: impl FnOnce(&[UVec2], &(dyn Fn(&UVec2) -> (f32, [f32; 2]) + Sync)) -> Vec<(f32, [f32; 2])>,
    ) -> Vec<Vec<f32>> {
        let width = lattice.count.x;
        let blocks: Vec<UVec2> = (0..lattice.len() as u32).map(|i| UVec2::new(i % width, i / width)).collect();
        let rays = |block: UVec2| self.rays((block.y * width + block.x) as usize);
        let lines = lattice.lines(rows, smooth::PASSES as u32 + 1);
        let found = share_out(&blocks, &|block| {
            if !lines.contains(&block.y) {
                return (0.0, [0.0; 2]);
            }
            let sees = smooth::sights(task, lattice, *block, |b| rays(b) > 0.0);
            let beside = [UVec2::X, UVec2::Y].map(|step| rays((*block + step).min(lattice.count - 1)));
            let share = |k: usize| if sees[k] { smooth::conductance(rays(*block) + beside[k]) } else { 0.0 };
            (lattice.volume(task, *block), [share(0), share(1)])
        });
        let (mut volumes, shares): (Vec<f32>, Vec<[f32; 2]>) = found.into_iter().unzip();
        smooth::share(&mut volumes, &shares, width as usize);
        for sums in &mut self.sums {
            smooth::share(sums, &shares, width as usize);
            for (sum, volume) in sums.iter_mut().zip(&volumes) {
                // What is left of differences of almost equal numbers may be less than nothing.
                *sum = if *volume > 0.0 { sum.max(0.0) / volume } else { 0.0 };
            }
        }
        self.sums
    }
}
