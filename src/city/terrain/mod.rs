//! The ground: heights on a square lattice, and the triangles that rays meet.
//!
//! One surface serves every engine: receivers and masts stand on exactly the triangles that the tracer reflects from, and
//! the profile of a diffracted path runs over the same. So the lattice is first simplified (`mesh`) and its heights then
//! *are* those of the simplified triangles: between its points the ground is flat on each half of a cell.
//!
//! Heights count from the local datum, which is the lowest ground rounded down to a whole metre: numbers stay small
//! whatever the source counts from (geoid or ellipsoid), and no roof lies below 0.

mod mesh;
pub mod tiles;

pub(crate) use tiles::{Named, named};

use super::Building;
use geo::{CoordsIter, Polygon, Rect};
use glam::{DVec2, Vec2, Vec3};
use std::hash::{DefaultHasher, Hash, Hasher};

/// How far the ground reaches beyond the city on every side, metres.
const MARGIN: f64 = 500.0;
/// Most cells along a side of the lattice; a larger area gets larger cells.
pub const MAX_SIDE: u32 = 2048;
/// Smallest cell, metres.
const LEAST_CELL: f64 = 1.0;
/// Heights further than this from 0 are mistakes of the source, metres.
pub const HIGHEST: f64 = 10_000.0;
/// By how much simplifying may miss each midpoint that it leaves out, metres: half of what the best public elevation
/// models err by.
const TOLERANCE: f32 = 0.5;
/// Most triangles; rougher ground is simplified more.
pub const MAX_TRIANGLES: usize = 100_000;

/// Why heights are no terrain.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum TerrainError {
    /// A height is not a number, or absurd.
    #[error("the ground at {at} (metres east and north) is {height} m high; only ±{HIGHEST} m makes sense")]
    Height {
        /// Where, local metres.
        at: DVec2,
        /// What the source says.
        height: f64,
    },
    /// The area has no extent, or its numbers make no sense.
    #[error("the area of the terrain is empty")]
    Area,
}

/// The ground of a city.
#[derive(Clone, Debug, PartialEq)]
pub struct Terrain {
    origin: DVec2,
    cell: f32,
    side: u32,
    heights: Vec<f32>,
    triangles: Vec<[u32; 3]>,
    datum: f64,
    flattened: f32,
    fingerprint: u64,
}

impl Terrain {
    /// The ground of `area` (local metres) on a lattice of `spacing` metres or a little more, of which `height` tells the
    /// metres above any datum. Beyond `area` the ground goes on for 500 m and more, coarsely, so `height` is asked there
    /// too.
    pub fn new(area: Rect<f64>, spacing: f64, mut height: impl FnMut(DVec2) -> f64) -> Result<Self, TerrainError> {
        let longest = area.width().max(area.height());
        let sensible = longest > 0.0 && longest.is_finite() && area.min().x.is_finite() && area.min().y.is_finite();
        if !sensible {
            return Err(TerrainError::Area);
        }
        let needed = longest + 2.0 * MARGIN;
        // Written so that a NaN becomes the least.
        let spacing = if spacing > LEAST_CELL { spacing } else { LEAST_CELL };
        let side = ((needed / spacing).ceil().min(f64::from(MAX_SIDE)) as u32).next_power_of_two();
        let cell = spacing.max(needed / f64::from(side)) as f32;
        let centre = DVec2::new(area.center().x, area.center().y);
        let origin = centre - 0.5 * f64::from(side) * f64::from(cell);

        let points = side as usize + 1;
        let place = |i: usize| origin + DVec2::new((i % points) as f64, (i / points) as f64) * f64::from(cell);
        let mut exact = Vec::with_capacity(points * points);
        for i in 0..points * points {
            let (at, metres) = (place(i), height(place(i)));
            // Written so that a NaN is refused.
            let fits = metres.abs() <= HIGHEST;
            if !fits {
                return Err(TerrainError::Height { at, height: metres });
            }
            exact.push(metres);
        }
        let datum = exact.iter().copied().fold(f64::INFINITY, f64::min).floor();
        let exact: Vec<f32> = exact.into_iter().map(|h| (h - datum) as f32).collect();

        let skirt = f64::from(cell);
        let (low, high) =
            (DVec2::new(area.min().x, area.min().y) - skirt, DVec2::new(area.max().x, area.max().y) + skirt);
        let matters = |i: u32| {
            let p = place(i as usize);
            p.cmpge(low).all() && p.cmple(high).all()
        };
        let mut heights = exact.clone();
        let triangles = mesh::simplify(&mut heights, side, TOLERANCE, MAX_TRIANGLES, matters);
        let missed =
            (0..).zip(heights.iter().zip(&exact)).filter(|(i, _)| matters(*i)).map(|(_, (a, b))| (a - b).abs());
        let flattened = missed.fold(0.0, f32::max);
        let fingerprint = fingerprint(origin, cell, &heights);
        Ok(Self { origin, cell, side, heights, triangles, datum, flattened, fingerprint })
    }

    /// Height of the ground at `p` above the local datum, metres; beyond the lattice that of its edge.
    pub fn at(&self, p: Vec2) -> f32 {
        let last = self.side as f32;
        let q = ((p - self.origin.as_vec2()) / self.cell).clamp(Vec2::ZERO, Vec2::splat(last));
        let low = q.floor().min(Vec2::splat(last - 1.0));
        let (ix, iy) = (low.x as u32, low.y as u32);
        let Vec2 { x: u, y: v } = q - low;
        let height = |dx: u32, dy: u32| self.heights[((iy + dy) * (self.side + 1) + ix + dx) as usize];
        let (sw, se, nw, ne) = (height(0, 0), height(1, 0), height(0, 1), height(1, 1));
        // Each cell is cut along a diagonal, in turn this way and that, as the mesh is.
        if (ix + iy).is_multiple_of(2) {
            if u >= v { sw + u * (se - sw) + v * (ne - se) } else { sw + v * (nw - sw) + u * (ne - nw) }
        } else if u + v <= 1.0 {
            sw + u * (se - sw) + v * (nw - sw)
        } else {
            ne + (1.0 - u) * (nw - ne) + (1.0 - v) * (se - ne)
        }
    }

    /// The lowest ground under the corners of a footprint: what a building on it stands on.
    pub fn under(&self, footprint: &Polygon<f64>) -> f32 {
        let corners = footprint.exterior().coords_iter().map(|c| self.at(DVec2::new(c.x, c.y).as_vec2()));
        let lowest = corners.fold(f32::INFINITY, f32::min);
        if lowest.is_finite() { lowest } else { 0.0 }
    }

    /// Lifts buildings whose heights count from the ground onto it.
    pub fn lift(&self, buildings: &mut [Building]) {
        for building in buildings {
            let ground = self.under(&building.footprint);
            building.base += ground;
            building.top += ground;
        }
    }

    /// The triangles of the ground, local metres; [`Terrain::at`] lies on them.
    pub fn triangles(&self) -> impl Iterator<Item = [Vec3; 3]> {
        let points = self.side + 1;
        let corner = move |i: u32| {
            let at = self.origin + DVec2::new(f64::from(i % points), f64::from(i / points)) * f64::from(self.cell);
            at.as_vec2().extend(self.heights[i as usize])
        };
        self.triangles.iter().map(move |t| t.map(corner))
    }

    /// South-west corner of the lattice, local metres.
    pub fn origin(&self) -> DVec2 {
        self.origin
    }

    /// Side of a cell, metres.
    pub fn cell(&self) -> f32 {
        self.cell
    }

    /// Cells along a side of the lattice, a power of two; there is one more point than cells.
    pub fn side(&self) -> u32 {
        self.side
    }

    /// The heights at the lattice's points, row-major from the south-west, metres above the local datum.
    pub fn heights(&self) -> &[f32] {
        &self.heights
    }

    /// The local datum in the heights of the source, metres: add it to come back to them.
    pub fn datum(&self) -> f64 {
        self.datum
    }

    /// By how much simplifying moved the ground within the city at most, metres.
    pub fn flattened(&self) -> f32 {
        self.flattened
    }

    /// Tells terrains apart.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }
}

fn fingerprint(origin: DVec2, cell: f32, heights: &[f32]) -> u64 {
    let mut hash = DefaultHasher::new();
    [origin.x.to_bits(), origin.y.to_bits(), u64::from(cell.to_bits())].hash(&mut hash);
    for height in heights {
        height.to_bits().hash(&mut hash);
    }
    hash.finish()
}

#[cfg(test)]
mod tests;
