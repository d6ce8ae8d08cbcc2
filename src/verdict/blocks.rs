//! Blocks of land, and folds of whole blocks.

use crate::geodesy::LocalFrame;
use crate::trace::calibrate::Heard;
use std::collections::BTreeMap;

/// Folds.
pub const FOLDS: u8 = 5;
/// Sides of blocks, metres: the largest that gives enough blocks.
const SIDES: [f64; 5] = [200.0, 100.0, 50.0, 25.0, 12.5];
/// Enough blocks: some for each fold, and enough to draw from.
const ENOUGH: usize = 20;

/// Readings in blocks, and blocks in folds.
#[derive(Clone, Debug, PartialEq)]
pub struct Folds {
    /// Side of a block, metres.
    pub side: f64,
    /// The block of each reading.
    pub blocks: Vec<u32>,
    /// The fold of each block.
    fold_of: Vec<u8>,
}

impl Folds {
    /// Blocks of the largest side of which there are enough, each in the fold that has fewest readings so far, the largest
    /// first.
    pub fn of(heard: &[Heard]) -> Self {
        let frame = heard.first().map(|first| LocalFrame::new(first.at));
        let blocks_of = |side: f64| -> Vec<u32> {
            let Some(frame) = &frame else { return Vec::new() };
            let mut numbers = BTreeMap::new();
            let number = |h: &Heard| {
                let block = (frame.to_local(h.at) / side).floor().as_i64vec2().to_array();
                let next = numbers.len() as u32;
                *numbers.entry(block).or_insert(next)
            };
            heard.iter().map(number).collect()
        };
        let count = |blocks: &[u32]| blocks.iter().max().map_or(0, |n| *n as usize + 1);
        let side = SIDES.into_iter().find(|side| count(&blocks_of(*side)) >= ENOUGH).unwrap_or(SIDES[SIDES.len() - 1]);
        let blocks = blocks_of(side);
        let mut sizes = vec![0usize; count(&blocks)];
        for block in &blocks {
            sizes[*block as usize] += 1;
        }
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        order.sort_by_key(|b| (std::cmp::Reverse(sizes[*b]), *b));
        let (mut loads, mut fold_of) = ([0usize; FOLDS as usize], vec![0u8; sizes.len()]);
        for block in order {
            let fold = (0..loads.len()).min_by_key(|f| loads[*f]).unwrap_or_default();
            loads[fold] += sizes[block];
            fold_of[block] = fold as u8;
        }
        Self { side, blocks, fold_of }
    }

    /// Number of blocks.
    pub fn count(&self) -> usize {
        self.fold_of.len()
    }

    /// The fold of each reading.
    pub fn folds(&self) -> Vec<u8> {
        self.blocks.iter().map(|b| self.fold_of[*b as usize]).collect()
    }

    /// Readings that are not of a fold.
    pub fn others(&self, fold: u8) -> usize {
        self.blocks.iter().filter(|b| self.fold_of[**b as usize] != fold).count()
    }
}
