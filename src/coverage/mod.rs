//! The one currency of the engines: a grid of levels, or of how paths arrive. Knows nothing of who made it.

pub mod colour;
#[cfg(feature = "cli")]
pub mod export;
mod gap;
mod quantity;
mod statistics;

pub use gap::Gap;
pub use quantity::Quantity;
pub use statistics::{Comparison, Errors, Reasons, Spread, Statistics};

use gap::Gaps;
use geo::Rect;
use glam::DVec2;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A regular grid of square cells in local metres. Row 0 is the south; a cell is named by its centre.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// South-west corner of the south-west cell, metres east and north.
    pub origin: DVec2,
    /// Side of a cell, metres.
    pub cell: f64,
    /// Cells from west to east.
    pub nx: u32,
    /// Cells from south to north.
    pub ny: u32,
}

/// More cells than this are refused: 16 M cells are 64 MB a map.
pub const MAX_CELLS: u64 = 16 << 20;

impl Grid {
    /// The grid of `cell`-metre cells that covers `area`, anchored at its south-west corner. `None` when the cell is not
    /// positive and finite, or there would be no cell or more than [`MAX_CELLS`].
    pub fn covering(area: Rect<f64>, cell: f64) -> Option<Self> {
        if !(cell.is_finite() && cell > 0.0) {
            return None;
        }
        let (nx, ny) = ((area.width() / cell).ceil(), (area.height() / cell).ceil());
        if !(nx >= 1.0 && ny >= 1.0 && nx * ny <= MAX_CELLS as f64) {
            return None;
        }
        Some(Self { origin: DVec2::new(area.min().x, area.min().y), cell, nx: nx as u32, ny: ny as u32 })
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.nx as usize * self.ny as usize
    }

    /// Whether there is no cell.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Centre of the cell in column `ix` and row `iy`.
    pub fn centre(&self, ix: u32, iy: u32) -> DVec2 {
        self.origin + DVec2::new(f64::from(ix) + 0.5, f64::from(iy) + 0.5) * self.cell
    }

    /// Position of a cell in the row-major values of a map.
    pub fn index(&self, ix: u32, iy: u32) -> usize {
        iy as usize * self.nx as usize + ix as usize
    }

    /// Column and row of the cell that holds `p`.
    pub fn locate(&self, p: DVec2) -> Option<(u32, u32)> {
        let q = (p - self.origin) / self.cell;
        let inside = q.x >= 0.0 && q.y >= 0.0 && q.x < f64::from(self.nx) && q.y < f64::from(self.ny);
        inside.then_some((q.x as u32, q.y as u32))
    }

    /// The north-east corner.
    pub fn far_corner(&self) -> DVec2 {
        self.origin + DVec2::new(f64::from(self.nx), f64::from(self.ny)) * self.cell
    }
}

/// A map of one number a cell: f32, of the quantity's unit; NaN where nothing is predicted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoverageMap {
    /// Where the cells lie.
    pub grid: Grid,
    /// What the numbers are.
    pub quantity: Quantity,
    /// Row-major from the south-west cell; NaN = no prediction.
    pub values: Vec<f32>,
    /// Why there is none, where there is none.
    gaps: Gaps,
}

impl CoverageMap {
    /// A map without any prediction yet.
    pub fn empty(grid: Grid, quantity: Quantity) -> Self {
        Self::of(grid, quantity, vec![f32::NAN; grid.len()])
    }

    /// A map of these values; nobody has said why some are missing.
    pub fn of(grid: Grid, quantity: Quantity, values: Vec<f32>) -> Self {
        Self { grid, quantity, gaps: Gaps::unasked(values.len()), values }
    }

    /// A map of another quantity of the same cells; where it has no value it is for the reasons that are noted here.
    #[must_use]
    pub fn beside(&self, quantity: Quantity, values: Vec<f32>) -> Self {
        Self { grid: self.grid, quantity, values, gaps: self.gaps.clone() }
    }

    /// The value of the cell that holds `p`, if `p` is on the grid and the cell has a prediction.
    pub fn at(&self, p: DVec2) -> Option<f32> {
        let (ix, iy) = self.grid.locate(p)?;
        Some(self.values[self.grid.index(ix, iy)]).filter(|v| !v.is_nan())
    }

    /// Why the cell that holds `p` has no prediction, if `p` is on the grid and it has none.
    pub fn gap_at(&self, p: DVec2) -> Option<Gap> {
        let (ix, iy) = self.grid.locate(p)?;
        self.gap(self.grid.index(ix, iy))
    }

    /// Why a cell has no prediction, if it has none.
    pub fn gap(&self, cell: usize) -> Option<Gap> {
        self.values[cell].is_nan().then(|| self.gaps.of(cell))
    }

    /// Notes why a cell has no prediction, in case it stays without.
    pub fn explain(&mut self, cell: usize, gap: Gap) {
        self.gaps.set(cell, gap);
    }

    /// Takes `rows` from a map of the same grid.
    pub fn take_rows(&mut self, rows: Range<u32>, from: &CoverageMap) {
        let cells = self.grid.index(0, rows.start)..self.grid.index(0, rows.end);
        self.values[cells.clone()].copy_from_slice(&from.values[cells.clone()]);
        cells.for_each(|cell| self.gaps.set(cell, from.gaps.of(cell)));
    }

    /// Whether both are lists of the same quantities over the same grids.
    pub fn are_alike(maps: &[Self], others: &[Self]) -> bool {
        let alike = |(a, b): (&Self, &Self)| a.grid == b.grid && a.quantity == b.quantity;
        maps.len() == others.len() && maps.iter().zip(others).all(alike)
    }

    /// Takes the cells of `other` that are stronger than those of `maps`, whose first is a map of levels as that of `other` is:
    /// what the others tell goes with the level. Both are lists of the same quantities over the same grid, or nothing is taken.
    pub fn take_stronger(maps: &mut [Self], other: &[Self]) {
        let Some(cells) = maps.first().map(|m| m.values.len()).filter(|_| Self::are_alike(maps, other)) else { return };
        for cell in 0..cells {
            let (mine, theirs) = (maps[0].values[cell], other[0].values[cell]);
            if theirs > mine || mine.is_nan() {
                for (map, from) in maps.iter_mut().zip(other) {
                    map.values[cell] = from.values[cell];
                }
            }
        }
    }

    /// This map less `other`, cell by cell, NaN where either has no prediction. `None` when the grids differ, or either is no
    /// map of levels.
    pub fn difference(&self, other: &CoverageMap) -> Option<CoverageMap> {
        let levels = self.quantity.is_level() && other.quantity.is_level();
        (levels && self.grid == other.grid).then(|| {
            let values = self.values.iter().zip(&other.values).map(|(a, b)| a - b).collect();
            let mut difference = Self::of(self.grid, Quantity::Difference, values);
            for cell in 0..self.values.len() {
                if let Some(gap) = self.gap(cell).or_else(|| other.gap(cell)) {
                    difference.explain(cell, gap);
                }
            }
            difference
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::coord;

    fn area() -> Rect<f64> {
        Rect::new(coord! { x: -10.0, y: 0.0 }, coord! { x: 15.0, y: 12.0 })
    }

    #[test]
    fn the_south_west_cell_comes_first() {
        let grid = Grid::covering(area(), 5.0).expect("a grid");
        assert_eq!((grid.nx, grid.ny), (5, 3));
        assert_eq!(grid.centre(0, 0), DVec2::new(-7.5, 2.5));
        assert_eq!(grid.locate(DVec2::new(-7.5, 7.5)), Some((0, 1)));
        assert_eq!(grid.locate(DVec2::new(-10.1, 7.5)), None);
        assert_eq!(grid.index(0, 1), 5);
    }

    #[test]
    fn absurd_grids_are_refused() {
        for cell in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-9] {
            assert_eq!(Grid::covering(area(), cell), None, "{cell}");
        }
    }

    #[test]
    fn rows_are_taken_with_what_is_said_of_them() {
        let grid = Grid::covering(area(), 5.0).expect("a grid");
        let (mut whole, mut part) =
            (CoverageMap::empty(grid, Quantity::Rsrp), CoverageMap::empty(grid, Quantity::Rsrp));
        (part.values[5], part.values[1]) = (-80.0, -80.0);
        part.explain(6, Gap::NoPath);
        whole.take_rows(1..2, &part);
        assert_eq!((whole.values[5], whole.gap(6), whole.gap(5)), (-80.0, Some(Gap::NoPath), None));
        assert_eq!(whole.gap(1), Some(Gap::NotAsked));
        let far = grid.centre(1, 1);
        assert_eq!((whole.gap_at(far), whole.gap_at(far + 1e3)), (Some(Gap::NoPath), None));
    }

    #[test]
    fn the_stronger_of_two_maps_brings_along_what_belongs_to_it() {
        let grid = Grid::covering(area(), 5.0).expect("a grid");
        let pair = |levels: [f32; 3], deviations: [f32; 3]| {
            let mut map = CoverageMap::empty(grid, Quantity::Rsrp);
            let mut beside = map.clone();
            beside.quantity = Quantity::Deviation;
            map.values[..3].copy_from_slice(&levels);
            beside.values[..3].copy_from_slice(&deviations);
            [map, beside]
        };
        let mut maps = pair([-80.0, -90.0, f32::NAN], [5.0, 6.0, f32::NAN]);
        CoverageMap::take_stronger(&mut maps, &pair([-85.0, -70.0, -100.0], [7.0, 8.0, 9.0]));
        assert_eq!((&maps[0].values[..3], &maps[1].values[..3]), (&[-80.0, -70.0, -100.0][..], &[5.0, 8.0, 9.0][..]));
        assert!(maps[0].values[3].is_nan());
    }

    #[test]
    fn a_difference_has_no_value_where_either_map_has_none() {
        let grid = Grid::covering(area(), 5.0).expect("a grid");
        let mut a = CoverageMap::empty(grid, Quantity::Rsrp);
        let mut b = a.clone();
        a.values[3] = -80.0;
        b.values[3] = -90.0;
        a.values[4] = -70.0;
        a.explain(5, Gap::NoPath);
        b.explain(4, Gap::Indoors);
        b.explain(5, Gap::TooFar);
        let d = a.difference(&b).expect("same grid");
        assert_eq!(d.values[3], 10.0);
        assert!(d.values[4].is_nan());
        assert_eq!([3, 4, 5, 6].map(|i| d.gap(i)), [None, Some(Gap::Indoors), Some(Gap::NoPath), Some(Gap::NotAsked)]);
        assert_eq!(d.quantity, Quantity::Difference);
    }
}
