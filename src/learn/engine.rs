//! The learned engine: windows of features, tiled over the city, corrected by the network, and laid onto the grid.

use super::adapt::{Adaptation, NO_DEVICE, Place};
use super::features::{Link, Window, WindowFeatures};
use super::land::{CELL, Land};
use super::network::{Correction, Network, SIDE};
use crate::city::City;
use crate::coverage::{CoverageMap, Gap, MAX_CELLS, Quantity};
use crate::empirical::rooftops;
use crate::engine::{Engine, EngineError, Job, grid_of, place_sites};
use crate::scenario::{EngineKind, Footing, Scenario};
use crate::trace::calibrate::Heard;
use glam::DVec2;
use std::ops::Range;

/// How far from an antenna the model says anything, metres: the training knows nothing of phones farther away. Cells
/// beyond it have no prediction.
pub const RANGE: f64 = 2000.0;
/// Cells on each side of a tile that its neighbour computes too: no cell near a seam lacks surroundings, and over twice as
/// many one tile fades into the other.
const MARGIN: usize = 16;
/// The coarsest stride of a network: neighbouring tiles see the land through the same lattice.
const STRIDE: usize = 16;
/// Most cells a side of a tile, which can't be cancelled while the network looks at it.
const MOST: usize = 320;
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

    /// The map of levels, and after it how far measurements spread around them: the standard deviation that the network
    /// expects, of the strongest sector of each cell.
    ///
    /// # Errors
    /// As of [`Engine::predict`].
    pub async fn predict_with_spread(
        &mut self,
        city: &City,
        scenario: &Scenario,
        job: &mut Job,
    ) -> Result<[CoverageMap; 2], EngineError> {
        self.predict_adapted(city, scenario, &[], job).await
    }

    /// The same, levels corrected by what was measured of each sector ([`super::adapt`]); the spread stays that of the network,
    /// which is too large near measurements.
    ///
    /// # Errors
    /// As of [`Engine::predict`].
    pub async fn predict_adapted(
        &mut self,
        city: &City,
        scenario: &Scenario,
        heard: &[Heard],
        job: &mut Job,
    ) -> Result<[CoverageMap; 2], EngineError> {
        let sites = place_sites(city, scenario)?;
        let grid = grid_of(city, scenario)?;
        job.checkpoint(0.0, "looking at the surroundings").await?;
        let mut lattice = Lattice::over(city, &self.network)?;
        let land = Land::of_city(city);
        let receiver = scenario.receivers.height as f32;
        let links: Vec<(Link, f32)> = sites
            .iter()
            .flat_map(|(at, site)| site.sectors.iter().map(move |sector| (*at, site, sector)))
            .map(|(at, site, sector)| {
                let (pointing, frequency) = (sector.pointing(), sector.frequency);
                let link = Link { land: &land, at, height: site.height as f32, pointing, frequency, receiver };
                (link, sector.power.0 as f32)
            })
            .collect();
        for (i, (link, power)) in links.iter().enumerate() {
            let mut levels = vec![Said::NOTHING; lattice.best.len()];
            let near: Vec<&Tile> = lattice.tiles.iter().filter(|tile| tile.distance(link.at) < RANGE).collect();
            for (j, tile) in near.iter().enumerate() {
                let fraction = (i as f32 + j as f32 / near.len() as f32) / links.len() as f32;
                let (features, correction) = self.window(link, tile.window, job, fraction).await?;
                lattice.fade_in(tile, &features, &correction, &mut levels);
            }
            let own: Vec<&Heard> = heard.iter().filter(|h| h.sector as usize == i).collect();
            if !own.is_empty() {
                job.checkpoint((i as f32 + 0.9) / links.len() as f32, "learning from the readings").await?;
                lattice.adapt(city, link.at, *power, &own, &mut levels);
            }
            lattice.strengthen(link.at, *power, &levels);
        }
        let roofs = rooftops(city);
        let under_roof = match scenario.receivers.footing {
            Footing::Ground => Gap::Indoors,
            Footing::Roofs => Gap::OnRoof,
        };
        let mut map = CoverageMap::empty(grid, Quantity::Rsrp);
        let mut spread = map.values.clone();
        for iy in 0..grid.ny {
            for ix in 0..grid.nx {
                let (p, cell) = (grid.centre(ix, iy), grid.index(ix, iy));
                if roofs.covers(roofs.standing(p.as_vec2(), receiver)) {
                    map.explain(cell, under_roof);
                } else {
                    let said = lattice.sample(p);
                    (map.values[cell], spread[cell]) = (said.level, said.spread);
                    map.explain(cell, Gap::TooFar);
                }
            }
        }
        let spread = map.beside(Quantity::Deviation, spread);
        Ok([map, spread])
    }

    /// What the network sees in a window, and how it corrects that.
    async fn window(
        &self,
        link: &Link<'_>,
        window: Window,
        job: &mut Job,
        fraction: f32,
    ) -> Result<(WindowFeatures, Correction), EngineError> {
        let mut features = WindowFeatures::empty(window);
        for iy in 0..window.ny {
            if iy % ROWS == 0 {
                job.checkpoint(fraction, "looking at the surroundings").await?;
            }
            features.fill_row(link, iy);
        }
        job.checkpoint(fraction, "running the network").await?;
        let correction = self.network.run(&features)?;
        Ok((features, correction))
    }
}

impl Engine for Learned {
    fn kind(&self) -> EngineKind {
        EngineKind::Learned
    }

    async fn predict(&mut self, city: &City, scenario: &Scenario, job: &mut Job) -> Result<CoverageMap, EngineError> {
        let [map, _] = self.predict_with_spread(city, scenario, job).await?;
        Ok(map)
    }
}

/// What is said of a cell.
#[derive(Clone, Copy, Debug)]
struct Said {
    /// dBm.
    level: f32,
    /// Standard deviation, dB.
    spread: f32,
}

impl Said {
    /// Where tiles are added up.
    const NOTHING: Self = Self { level: 0.0, spread: 0.0 };
    const UNKNOWN: Self = Self { level: f32::NAN, spread: f32::NAN };

    /// Between this and `other`; exactly this at 0, even where the other is unknown.
    fn mix(self, other: Self, t: f32) -> Self {
        let mix = |a: f32, b: f32| if t == 0.0 { a } else { a + (b - a) * t };
        Self { level: mix(self.level, other.level), spread: mix(self.spread, other.spread) }
    }
}

/// What the strongest sector has in each [`CELL`] of the city, and how the city is cut into tiles.
struct Lattice {
    origin: DVec2,
    nx: usize,
    ny: usize,
    best: Vec<Said>,
    tiles: Vec<Tile>,
}

/// A window of the network, and where it lies.
struct Tile {
    window: Window,
    columns: Span,
    rows: Span,
}

impl Lattice {
    fn over(city: &City, network: &Network) -> Result<Self, EngineError> {
        let (min, max) = (city.bounds.min(), city.bounds.max());
        let cells = |from: f64, to: f64| ((to - from) / f64::from(CELL)).ceil().max(1.0);
        let (nx, ny) = (cells(min.x, max.x), cells(min.y, max.y));
        let fits = nx * ny <= MAX_CELLS as f64;
        if !fits {
            let text =
                format!("{} covers more land than the learned model can look at: open a smaller area", city.name);
            return Err(EngineError::Failed(text));
        }
        let origin = DVec2::new(min.x, min.y);
        let (nx, ny) = (nx as usize, ny as usize);
        let (mut columns, mut rows) = (spans(nx, STRIDE..MOST), spans(ny, STRIDE..MOST));
        if !network.takes(rows[0].cells.len(), columns[0].cells.len()) {
            (columns, rows) = (spans(nx, SIDE..SIDE), spans(ny, SIDE..SIDE));
        }
        let tile = |rows: &Span, columns: &Span| {
            let first = DVec2::new(columns.cells.start as f64, rows.cells.start as f64);
            let (nx, ny) = (columns.cells.len(), rows.cells.len());
            let window = Window { origin: origin + first * f64::from(CELL), nx, ny };
            Tile { window, columns: columns.clone(), rows: rows.clone() }
        };
        let tiles = rows.iter().flat_map(|rows| columns.iter().map(move |columns| tile(rows, columns))).collect();
        Ok(Self { origin, nx, ny, best: vec![Said::UNKNOWN; nx * ny], tiles })
    }

    /// Adds what a tile says to `levels`, for 0 dBm of reference-signal power: the less the nearer a cell is to a seam, where
    /// its neighbour says the rest.
    fn fade_in(&self, tile: &Tile, features: &WindowFeatures, correction: &Correction, levels: &mut [Said]) {
        for iy in tile.rows.cells.start..tile.rows.cells.end.min(self.ny) {
            for ix in tile.columns.cells.start..tile.columns.cells.end.min(self.nx) {
                let weight = tile.rows.weight(iy) * tile.columns.weight(ix);
                let i = (iy - tile.rows.cells.start) * tile.window.nx + ix - tile.columns.cells.start;
                let said = &mut levels[iy * self.nx + ix];
                said.level += weight * (features.baseline[i] + correction.mean[i]);
                said.spread += weight * correction.spread[i];
            }
        }
    }

    /// Corrects `levels`, which are for 0 dBm, by what was measured of a sector with this `power`. The correction is smooth: it
    /// is worked out at every other cell.
    fn adapt(&self, city: &City, antenna: DVec2, power: f32, heard: &[&Heard], levels: &mut [Said]) {
        let side = f64::from(CELL);
        let error = |heard: &&Heard| {
            let at = city.frame.to_local(heard.at);
            let cell = ((at - self.origin) / side).floor();
            let inside = cell.cmpge(DVec2::ZERO).all() && cell.x < self.nx as f64 && cell.y < self.ny as f64;
            let i = cell.y as usize * self.nx + cell.x as usize;
            let near = inside && at.distance(antenna) <= RANGE;
            near.then(|| (Place { at, device: heard.device }, heard.level - f64::from(levels[i].level + power)))
        };
        let errors: Vec<(Place, f64)> = heard.iter().filter_map(error).collect();
        let adaptation = Adaptation::learn(antenna, false, &errors);
        let (nx, ny) = (self.nx.div_ceil(2) + 1, self.ny.div_ceil(2) + 1);
        let mean = |i: usize| {
            let cell = DVec2::new((i % nx) as f64, (i / nx) as f64) * 2.0 + 0.5;
            adaptation.mean(&Place { at: self.origin + cell * side, device: NO_DEVICE }) as f32
        };
        let coarse: Vec<f32> = (0..nx * ny).map(mean).collect();
        for (i, said) in levels.iter_mut().enumerate() {
            let (ix, iy) = (i % self.nx, i / self.nx);
            let corner = |dx: usize, dy: usize| coarse[(iy / 2 + dy * (iy % 2)) * nx + ix / 2 + dx * (ix % 2)];
            said.level += 0.25 * (corner(0, 0) + corner(1, 0) + corner(0, 1) + corner(1, 1));
        }
    }

    /// Keeps the stronger of what is known and `levels` + `power`, within [`RANGE`] of the antenna.
    fn strengthen(&mut self, antenna: DVec2, power: f32, levels: &[Said]) {
        let side = f64::from(CELL);
        let around = |at: f64, n: usize| {
            let [from, to] = [at - RANGE, at + RANGE].map(|end| (end / side).clamp(0.0, n as f64));
            from as usize..to.ceil() as usize
        };
        let at = antenna - self.origin;
        for iy in around(at.y, self.ny) {
            for ix in around(at.x, self.nx) {
                let cell = DVec2::new(ix as f64 + 0.5, iy as f64 + 0.5) * side;
                let i = iy * self.nx + ix;
                let (best, level) = (&mut self.best[i], levels[i].level + power);
                if cell.distance(at) <= RANGE && (best.level.is_nan() || level > best.level) {
                    *best = Said { level, ..levels[i] };
                }
            }
        }
    }

    /// What is said of `p`, bilinear between the centres of the cells; unknown where a neighbour is.
    fn sample(&self, p: DVec2) -> Said {
        let q = (p - self.origin) / f64::from(CELL) - 0.5;
        let q = q.clamp(DVec2::ZERO, DVec2::new(self.nx as f64 - 1.0, self.ny as f64 - 1.0));
        let (x0, y0) = (q.x as usize, q.y as usize);
        let (x1, y1) = ((x0 + 1).min(self.nx - 1), (y0 + 1).min(self.ny - 1));
        let (tx, ty) = ((q.x - x0 as f64) as f32, (q.y - y0 as f64) as f32);
        let along = |y: usize| self.best[y * self.nx + x0].mix(self.best[y * self.nx + x1], tx);
        along(y0).mix(along(y1), ty)
    }
}

impl Tile {
    /// From `p` to the nearest point of the tile, metres.
    fn distance(&self, p: DVec2) -> f64 {
        let size = DVec2::new(self.window.nx as f64, self.window.ny as f64);
        p.distance(p.clamp(self.window.origin, self.window.origin + size * f64::from(CELL)))
    }
}

/// The columns or rows of a tile.
#[derive(Clone, Debug)]
struct Span {
    cells: Range<usize>,
    /// Whether a tile comes before it, and one after it.
    seams: [bool; 2],
}

impl Span {
    /// How much a cell of it counts: what tiles say that lie over each other adds up to one.
    fn weight(&self, cell: usize) -> f32 {
        let fade = |seam: bool, depth: usize| {
            if seam { ((depth as f32 + 0.5) / (2 * MARGIN) as f32).min(1.0) } else { 1.0 }
        };
        fade(self.seams[0], cell - self.cells.start) * fade(self.seams[1], self.cells.end - 1 - cell)
    }
}

/// Spans that cover `n` cells, all equally long and at least and at most as long as `sides` says; the last may hang over.
/// Neighbours have twice [`MARGIN`] cells in common and begin a multiple of [`STRIDE`] apart.
fn spans(n: usize, sides: Range<usize>) -> Vec<Span> {
    let common = 2 * MARGIN;
    let own = n.saturating_sub(common).max(1);
    let count = own.div_ceil(sides.end - common);
    let stride = own.div_ceil(count).next_multiple_of(STRIDE).max(sides.start.saturating_sub(common));
    let span = |i: usize| Span { cells: i * stride..(i + 1) * stride + common, seams: [i > 0, i + 1 < count] };
    (0..count).map(span).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn tiles_cover_every_cell_with_weights_of_one_in_all(n in 1usize..5000, bound: bool) {
            let sides = if bound { SIDE..SIDE } else { STRIDE..MOST };
            let mut weights = vec![0.0; n];
            for span in spans(n, sides.clone()) {
                prop_assert!(span.cells.len() <= sides.end && span.cells.len().is_multiple_of(STRIDE));
                prop_assert!(!bound || span.cells.len() == SIDE);
                prop_assert!(span.cells.start < n);
                for (cell, weight) in weights.iter_mut().enumerate().take(span.cells.end).skip(span.cells.start) {
                    *weight += span.weight(cell);
                }
            }
            prop_assert!(weights.iter().all(|w| (w - 1.0f32).abs() < 1e-6), "{weights:?}");
        }
    }
}
