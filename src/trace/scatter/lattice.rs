//! Blocks of the map, which count what goes through them.

use crate::trace::task::Task;
use glam::{UVec2, Vec2, Vec3};
use std::ops::Range;

/// Blocks are no smaller than this, metres; where cells are, a block is several.
const PITCH: f64 = 5.0;
/// Rays count from so far below the receivers to so far above, metres; not below the ground.
const REACH: f32 = 1.5;
/// Points along a block's side that are asked whether they are outdoors.
const ASKED: u32 = 4;

/// Blocks of cells, row by row from the south-west.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lattice {
    /// Cells along a block.
    pub cells: u32,
    /// Blocks from west to east and from south to north.
    pub count: UVec2,
    /// Cells of the map likewise.
    extent: UVec2,
    /// South-west corner, local metres.
    origin: Vec2,
    /// Side of a block, metres.
    pub side: f32,
    /// Metres below and above the receivers.
    reach: f32,
    /// No part of a ray counts above this or below that, metres above the local datum.
    bounds: (f32, f32),
}

impl Lattice {
    /// That of a task's grid.
    pub fn of(task: &Task<'_>) -> Self {
        let cells = (PITCH / task.grid.cell).round().max(1.0) as u32;
        let extent = UVec2::new(task.grid.nx, task.grid.ny);
        let level = task.level();
        let reach = REACH.min(level.height);
        let [least, most] = level.bounds();
        Self {
            cells,
            count: UVec2::new(extent.x.div_ceil(cells), extent.y.div_ceil(cells)),
            extent,
            origin: task.grid.origin.as_vec2(),
            side: (f64::from(cells) * task.grid.cell) as f32,
            reach,
            bounds: (least - reach, most + reach),
        }
    }

    /// The rows of blocks that say something about `rows` of cells, when each looks `margin` blocks around.
    pub fn lines(&self, rows: &Range<u32>, margin: u32) -> Range<u32> {
        let (first, end) = (rows.start / self.cells, rows.end.div_ceil(self.cells));
        first.saturating_sub(margin)..(end + margin).min(self.count.y)
    }

    /// Number of blocks.
    pub fn len(&self) -> usize {
        self.count.x as usize * self.count.y as usize
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The block of a cell.
    pub fn block_of(&self, ix: u32, iy: u32) -> usize {
        (iy / self.cells * self.count.x + ix / self.cells) as usize
    }

    /// The cells of a block, row by row.
    pub fn cells_of(&self, block: UVec2) -> impl Iterator<Item = UVec2> + use<> {
        let (first, end) = (block * self.cells, ((block + 1) * self.cells).min(self.extent));
        (first.y..end.y).flat_map(move |y| (first.x..end.x).map(move |x| UVec2::new(x, y)))
    }

    /// The volume in which a block counts, cubic metres. Where rooftops are known it is what is outdoors of it, so that its
    /// mean is that of its streets; else the whole, as a map does that is a mean over cells.
    pub fn volume(&self, task: &Task<'_>, block: UVec2) -> f32 {
        let corner = self.origin + block.as_vec2() * self.side;
        let outdoors = task.roofs.map_or(1.0, |_| {
            let points = (0..ASKED * ASKED).map(|i| UVec2::new(i % ASKED, i / ASKED).as_vec2() + 0.5);
            let points = points.map(|p| corner + p * self.side / ASKED as f32);
            let open = points.filter(|p| !task.covers(task.receiver_at(*p))).count();
            open as f32 / (ASKED * ASKED) as f32
        });
        outdoors * self.side * self.side * 2.0 * self.reach
    }

    /// Calls with each block that the way `from + t·along`, 0 < t < `limit`, goes through at about the receivers' height, and
    /// from where to where it does, metres. `along` is a unit vector.
    pub fn walk(&self, task: &Task<'_>, from: Vec3, along: Vec3, limit: f32, mut call: impl FnMut(usize, Range<f32>)) {
        let level = task.level();
        let far = self.origin + self.count.as_vec2() * self.side;
        let mut part = 0.0..limit;
        for (start, along, low, high) in [
            (from.x, along.x, self.origin.x, far.x),
            (from.y, along.y, self.origin.y, far.y),
            (from.z, along.z, self.bounds.0, self.bounds.1),
        ] {
            part = within(&part, start, along, low, high);
        }
        // A way has at most one piece in each row and column.
        let most = self.count.x + self.count.y + 2;
        let last = self.count - 1;
        for _ in 0..most {
            if part.start >= part.end {
                return;
            }
            // The block just ahead, by a step that rounding doesn't swallow.
            let step = (1e-4 * self.side).max(1e-6 * part.start);
            let ahead = (from + along * (part.start + step)).truncate();
            let block = ((ahead - self.origin) / self.side).max(Vec2::ZERO).as_uvec2().min(last);
            let corner = self.origin + block.as_vec2() * self.side;
            let mut end = part.end;
            for (start, along, low) in [(from.x, along.x, corner.x), (from.y, along.y, corner.y)] {
                if along != 0.0 {
                    let edge = if along > 0.0 { low + self.side } else { low };
                    end = end.min(((edge - start) / along).max(part.start + step));
                }
            }
            let middle = (from + along * (0.5 * (part.start + end))).truncate();
            let height = level.at(middle);
            let counted = within(&(part.start..end), from.z, along.z, height - self.reach, height + self.reach);
            if counted.end > counted.start {
                call((block.y * self.count.x + block.x) as usize, counted);
            }
            part.start = end;
        }
    }
}

/// The part of `start + t·along` between `low` and `high`.
fn within(part: &Range<f32>, start: f32, along: f32, low: f32, high: f32) -> Range<f32> {
    if along == 0.0 {
        return if start > low && start < high { part.clone() } else { 0.0..0.0 };
    }
    let (a, b) = ((low - start) / along, (high - start) / along);
    part.start.max(a.min(b))..part.end.min(a.max(b))
}
