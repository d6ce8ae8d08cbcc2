//! Blocks of an archive in memory; those that were not used for longest go first.

use lru::LruCache;
use std::sync::Arc;

/// Side of a block, bytes: as much as the header and the root directory may take, so that opening costs one.
pub const BLOCK: u64 = 16 << 10;

/// The blocks, within a budget of bytes.
#[derive(Debug)]
pub struct Blocks {
    kept: LruCache<u64, Arc<[u8]>>,
    bytes: usize,
    budget: usize,
}

impl Blocks {
    /// None yet; at most `budget` bytes of them.
    pub fn new(budget: usize) -> Self {
        Self { kept: LruCache::unbounded(), bytes: 0, budget }
    }

    /// The block of that index, which is used by asking for it.
    pub fn get(&mut self, index: u64) -> Option<Arc<[u8]>> {
        self.kept.get(&index).map(Arc::clone)
    }

    /// Keeps a block, and drops others for it.
    pub fn put(&mut self, index: u64, block: Arc<[u8]>) {
        self.bytes += block.len();
        if let Some(before) = self.kept.put(index, block) {
            self.bytes -= before.len();
        }
        while self.bytes > self.budget
            && let Some((_, dropped)) = self.kept.pop_lru()
        {
            self.bytes -= dropped.len();
        }
    }

    /// Drops all.
    pub fn clear(&mut self) {
        self.kept.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(length: usize) -> Arc<[u8]> {
        vec![0; length].into()
    }

    #[test]
    fn what_was_used_last_stays_within_the_budget() {
        let mut blocks = Blocks::new(300);
        for index in 0..3 {
            blocks.put(index, block(100));
        }
        assert!(blocks.get(0).is_some());
        blocks.put(3, block(100));
        assert!(blocks.get(1).is_none(), "unused for longest");
        assert!(blocks.get(0).is_some() && blocks.get(2).is_some() && blocks.get(3).is_some());
        blocks.put(4, block(400));
        assert!((0..5).all(|index| blocks.get(index).is_none()), "larger than the budget");
    }

    #[test]
    fn a_block_that_is_put_twice_counts_once() {
        let mut blocks = Blocks::new(250);
        for _ in 0..10 {
            blocks.put(7, block(100));
        }
        blocks.put(8, block(100));
        assert!(blocks.get(7).is_some() && blocks.get(8).is_some());
    }
}
