//! The learned engine: windows of features, tiled over the city, corrected by the network, and laid onto the grid.

use super::features::{Link, Window, WindowFeatures};
use super::land::{CELL, Land};
use super::network::{Network, SIDE};
use crate::city::City;
use crate::coverage::{CoverageMap, Gap, MAX_CELLS, Quantity};
use crate::empirical::rooftops;
use crate::engine::{Engine, EngineError, Job, grid_of, place_sites};
use crate::scenario::{EngineKind, Footing, Scenario};
use glam::DVec2;
use std::ops::Range;

/// How far from an antenna the model says anything, metres: the training knows nothing of phones farther away. Cells
/// beyond it have no prediction.
pub const RANGE: f64 = 2000.0;
/// Cells on each side of a tile that its neighbour computes too, so that no cell near a seam lacks surroundings.
const MARGIN: usize = 16;
/// Rows of features between two checkpoints.
const ROWS: usize = 4;

/// The learned engine.
#[derive(Clone, Debug)]
pub struct Learned {
    network: Network,
}

impl Learned {
    /// The engine whose network is in the bytes of an ONNX file.
    ///
    /// # Errors
    /// [`EngineError::Model`] when the bytes are no coverage model.
    pub fn from_onnx(bytes: &[u8]) -> Result<Self, EngineError> {
        Ok(Self { network: Network::from_onnx(bytes)? })
    }

    /// RSRP over a window for 0 dBm of reference-signal power, dBm, row-major from the south-west.
    pub async fn window(
        &self,
        link: &Link<'_>,
        window: Window,
        job: &mut Job,
        fraction: f32,
    ) -> Result<Vec<f32>, EngineError> {
        let mut features = WindowFeatures::empty(window);
        for iy in 0..window.n {
            if iy % ROWS == 0 {
                job.checkpoint(fraction, "looking at the surroundings").await?;
            }
            features.fill_row(link, iy);
        }
        job.checkpoint(fraction, "running the network").await?;
        let correction = self.network.run(&features)?;
        Ok(features.baseline.iter().zip(&correction.mean).map(|(b, c)| b + c).collect())
    }
}

impl Engine for Learned {
    fn kind(&self) -> EngineKind {
        EngineKind::Learned
    }

    async fn predict(&mut self, city: &City, scenario: &Scenario, job: &mut Job) -> Result<CoverageMap, EngineError> {
        let sites = place_sites(city, scenario)?;
        let grid = grid_of(city, scenario)?;
        job.checkpoint(0.0, "looking at the surroundings").await?;
        let mut lattice = Lattice::over(city)?;
        let land = Land::of_city(city);
        let receiver = scenario.receivers.height as f32;
        let tiles = lattice.tiles();
        let links: Vec<(Link, f32)> = sites
            .iter()
            .flat_map(|(at, site)| site.sectors.iter().map(move |sector| (*at, site, sector)))
            .map(|(at, site, sector)| {
                let (pointing, frequency) = (sector.pointing(), sector.frequency);
                let link = Link { land: &land, at, height: site.height as f32, pointing, frequency, receiver };
                (link, sector.power.0 as f32)
            })
            .collect();
        let total = (tiles.len() * links.len()) as f32;
        for (i, tile) in tiles.iter().enumerate() {
            for (j, (link, power)) in links.iter().enumerate() {
                if tile.distance(link.at) < RANGE {
                    let fraction = (i * links.len() + j) as f32 / total;
                    let levels = self.window(link, tile.window, job, fraction).await?;
                    lattice.strengthen(tile, link.at, *power, &levels);
                }
            }
        }
        let roofs = rooftops(city);
        let under_roof = match scenario.receivers.footing {
            Footing::Ground => Gap::Indoors,
            Footing::Roofs => Gap::OnRoof,
        };
        let mut map = CoverageMap::empty(grid, Quantity::Rsrp);
        for iy in 0..grid.ny {
            for ix in 0..grid.nx {
                let (p, cell) = (grid.centre(ix, iy), grid.index(ix, iy));
                if roofs.covers(roofs.standing(p.as_vec2(), receiver)) {
                    map.explain(cell, under_roof);
                } else {
                    map.values[cell] = lattice.sample(p);
                    map.explain(cell, Gap::TooFar);
                }
            }
        }
        Ok(map)
    }
}

/// The strongest level in each [`CELL`] of the city, and how it is cut into windows.
struct Lattice {
    origin: DVec2,
    nx: usize,
    ny: usize,
    best: Vec<f32>,
}

/// A window, and the part of the lattice that takes its values.
struct Tile {
    window: Window,
    columns: Range<usize>,
    rows: Range<usize>,
    first: (usize, usize),
}

impl Lattice {
    fn over(city: &City) -> Result<Self, EngineError> {
        let (min, max) = (city.bounds.min(), city.bounds.max());
        let cells = |from: f64, to: f64| ((to - from) / f64::from(CELL)).ceil().max(1.0);
        let (nx, ny) = (cells(min.x, max.x), cells(min.y, max.y));
        let fits = nx * ny <= MAX_CELLS as f64;
        if !fits {
            let text =
                format!("{} covers more land than the learned model can look at: open a smaller area", city.name);
            return Err(EngineError::Failed(text));
        }
        let (nx, ny) = (nx as usize, ny as usize);
        Ok(Self { origin: DVec2::new(min.x, min.y), nx, ny, best: vec![f32::NAN; nx * ny] })
    }

    fn tiles(&self) -> Vec<Tile> {
        let columns = spans(self.nx);
        let tile = |(y0, rows): &(usize, Range<usize>), (x0, columns): &(usize, Range<usize>)| {
            let origin = self.origin + DVec2::new(*x0 as f64, *y0 as f64) * f64::from(CELL);
            let window = Window { origin, n: SIDE };
            Tile { window, columns: columns.clone(), rows: rows.clone(), first: (*x0, *y0) }
        };
        spans(self.ny).iter().flat_map(|rows| columns.iter().map(move |columns| tile(rows, columns))).collect()
    }

    /// Keeps the stronger of what is known and `levels` + `power`, within [`RANGE`] of the antenna.
    fn strengthen(&mut self, tile: &Tile, antenna: DVec2, power: f32, levels: &[f32]) {
        for iy in tile.rows.clone() {
            for ix in tile.columns.clone() {
                let (wx, wy) = (ix - tile.first.0, iy - tile.first.1);
                if tile.window.centre(wx, wy).distance(antenna) <= RANGE {
                    let best = &mut self.best[iy * self.nx + ix];
                    *best = best.max(levels[wy * SIDE + wx] + power);
                }
            }
        }
    }

    /// The level at `p`, bilinear between the centres of the cells; NaN where a neighbour has none.
    fn sample(&self, p: DVec2) -> f32 {
        let q = (p - self.origin) / f64::from(CELL) - 0.5;
        let q = q.clamp(DVec2::ZERO, DVec2::new(self.nx as f64 - 1.0, self.ny as f64 - 1.0));
        let (x0, y0) = (q.x as usize, q.y as usize);
        let (x1, y1) = ((x0 + 1).min(self.nx - 1), (y0 + 1).min(self.ny - 1));
        let (tx, ty) = ((q.x - x0 as f64) as f32, (q.y - y0 as f64) as f32);
        let along = |y: usize| mix(self.best[y * self.nx + x0], self.best[y * self.nx + x1], tx);
        mix(along(y0), along(y1), ty)
    }
}

/// Between `a` and `b`; exactly `a` at 0, even where `b` has no value.
fn mix(a: f32, b: f32, t: f32) -> f32 {
    if t == 0.0 { a } else { a + (b - a) * t }
}

impl Tile {
    /// From `p` to the nearest point of the tile, metres.
    fn distance(&self, p: DVec2) -> f64 {
        let far = self.window.origin + SIDE as f64 * f64::from(CELL);
        p.distance(p.clamp(self.window.origin, far))
    }
}

/// First cells of the windows that cover `n` cells, and the cells that each answers for. The windows stand a multiple of
/// the network's coarsest stride apart, so that neighbours see the land through the same lattice; the last hangs over.
fn spans(n: usize) -> Vec<(usize, Range<usize>)> {
    let stride = SIDE - 2 * MARGIN;
    let count = n.saturating_sub(2 * MARGIN).div_ceil(stride).max(1);
    let span = |i: usize| {
        let from = if i == 0 { 0 } else { i * stride + MARGIN };
        let to = if i + 1 == count { n } else { (i + 1) * stride + MARGIN };
        (i * stride, from..to)
    };
    (0..count).map(span).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn tiles_cover_every_cell_once_with_a_margin_to_every_seam(n in 1usize..5000) {
            let mut next = 0;
            for (first, cells) in spans(n) {
                prop_assert_eq!(cells.start, next);
                prop_assert!(cells.start >= first && cells.end <= first + SIDE && cells.start < cells.end);
                prop_assert!(cells.start == 0 || cells.start >= first + MARGIN);
                prop_assert!(cells.end == n || cells.end <= first + SIDE - MARGIN);
                next = cells.end;
            }
            prop_assert_eq!(next, n);
        }
    }
}
