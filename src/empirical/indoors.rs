//! Levels inside buildings, from those that arrive at the walls around.
//!
//! A cell under a roof takes the strongest of what comes in through the walls around it: from each of eight directions,
//! along which the first cell outdoors stands for what arrives there, less the entry loss at the antenna's elevation seen
//! from that cell. ITU-R P.2109 counts from the lit face of the building; which buildings share their walls is not
//! asked, so that rows of houses, parts and courtyards need no rule of their own.

use super::entry::EntryLoss;
use crate::city::HeightRaster;
use crate::coverage::{CoverageMap, Grid};
use crate::scenario::BuildingEntry;
use crate::units::Hertz;
use glam::Vec3;
use std::ops::Range;

/// Walls farther away than this bring nothing, metres: beyond, a place inside has no prediction.
pub const REACH: f64 = 100.0;

/// Where walls are looked for.
const DIRECTIONS: [(i64, i64); 8] = [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)];

/// The cells under roofs in some rows of a grid, and the cells outdoors around them.
#[derive(Clone, Debug)]
pub struct Indoors<'a> {
    roofs: &'a HeightRaster,
    grid: Grid,
    height: f32,
    entry: BuildingEntry,
    rows: Range<u32>,
    /// Those rows and as many around as may matter, and which of their cells are outdoors.
    known: Range<u32>,
    open: Vec<bool>,
}

impl<'a> Indoors<'a> {
    /// Those of `rows`, for receivers `height` metres above the ground.
    pub fn of(roofs: &'a HeightRaster, grid: Grid, height: f32, entry: BuildingEntry, rows: Range<u32>) -> Self {
        let reach = (REACH / grid.cell) as u32;
        let known = rows.start.saturating_sub(reach)..rows.end.saturating_add(reach).min(grid.ny);
        let cells = known.clone().flat_map(|iy| (0..grid.nx).map(move |ix| grid.centre(ix, iy).as_vec2()));
        let open = cells.map(|p| !roofs.covers(roofs.standing(p, height))).collect();
        Self { roofs, grid, height, entry, rows, known, open }
    }

    /// The rows whose levels outdoors it asks for: those that it is of, and others with walls around their cells.
    pub fn needs(&self) -> Range<u32> {
        self.inside()
            .flat_map(|(ix, iy)| self.around(ix, iy))
            .fold(self.rows.clone(), |rows, (_, iy)| rows.start.min(iy)..rows.end.max(iy + 1))
    }

    /// Raises the cells inside to what an antenna at `mast` brings them. `arriving` tells its level in dBm at a cell
    /// outdoors of [`Indoors::needs`], NaN where nothing arrives.
    pub fn strengthen(&self, map: &mut CoverageMap, mast: Vec3, frequency: Hertz, arriving: impl Fn(usize) -> f32) {
        let loss = EntryLoss::new(self.entry, frequency);
        for (ix, iy) in self.inside() {
            let value = &mut map.values[self.grid.index(ix, iy)];
            for (ix, iy) in self.around(ix, iy) {
                let level = arriving(self.grid.index(ix, iy));
                if !level.is_nan() {
                    let wall = self.roofs.standing(self.grid.centre(ix, iy).as_vec2(), self.height);
                    let up = mast - wall;
                    let elevation = f64::from(up.z.atan2(up.truncate().length())).to_degrees();
                    *value = value.max(level - loss.at(elevation) as f32);
                }
            }
        }
    }

    /// The cells inside.
    fn inside(&self) -> impl Iterator<Item = (u32, u32)> {
        let cells = self.rows.clone().flat_map(|iy| (0..self.grid.nx).map(move |ix| (ix, iy)));
        cells.filter(|(ix, iy)| !self.is_open(*ix, *iy))
    }

    /// The first cells outdoors around one inside.
    fn around(&self, ix: u32, iy: u32) -> impl Iterator<Item = (u32, u32)> {
        let outdoors = move |(dx, dy): (i64, i64)| {
            let steps = (REACH / self.grid.cell / ((dx * dx + dy * dy) as f64).sqrt()) as i64;
            let cells = (1..=steps).map(|k| (i64::from(ix) + k * dx, i64::from(iy) + k * dy));
            let on_grid = |&(x, y): &(i64, i64)| {
                (0..i64::from(self.grid.nx)).contains(&x) && (0..i64::from(self.grid.ny)).contains(&y)
            };
            let cells = cells.take_while(on_grid).map(|(x, y)| (x as u32, y as u32));
            cells.into_iter().find(|(x, y)| self.is_open(*x, *y))
        };
        DIRECTIONS.into_iter().filter_map(outdoors)
    }

    fn is_open(&self, ix: u32, iy: u32) -> bool {
        self.open[self.grid.index(ix, iy - self.known.start)]
    }
}
