//! What is known of the land around an antenna, on a square lattice: the surroundings that the features read.
//!
//! A city archive knows every building and nothing of the terrain or the land cover; a measured network knows all three,
//! but only near where somebody measured. Both become a [`Land`], which says for each cell what it knows.

use crate::city::{City, Crossing, HeightRaster};
use glam::{DVec2, Vec2};

/// Side of a cell of the land and of the network's windows, metres.
pub const CELL: f32 = 5.0;
/// Height given to cells without a building, so that neither line of sight nor diffraction meets the terrain of a measured
/// network: its rise over a few hundred metres of a city is within the error of that data.
const NO_OBSTACLE: f32 = -1.0e4;
/// Height given to cells of which nothing is known: no obstacle either, but told apart by [`Land::known_share`].
const UNKNOWN: f32 = -2.0e4;

/// Land cover, as far as it changes propagation beyond what the buildings say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cover {
    /// Nobody said.
    #[default]
    Unknown,
    /// Open, water or built over.
    Other,
    /// Grass, shrubs, trees.
    Vegetation,
    /// Streets and squares.
    Street,
}

/// What one cell holds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LandCell {
    /// Whether anything below is known.
    pub known: bool,
    /// Terrain above the local datum, metres.
    pub ground: f32,
    /// Roof above the terrain, metres; 0 where there is no building.
    pub roof: f32,
    /// Land cover.
    pub cover: Cover,
}

/// The cells around an antenna. Outside the lattice nothing is known.
#[derive(Clone, Debug)]
pub struct Land {
    /// Roofs above the local datum, for line of sight and diffraction.
    obstacles: HeightRaster,
    cells: Vec<LandCell>,
    /// Whether every cell is known.
    is_known: bool,
}

impl Land {
    /// The land with the given cells, row-major from the south-west corner at `origin`; what is missing at the end is unknown.
    pub fn new(origin: DVec2, size: [u32; 2], mut cells: Vec<LandCell>) -> Self {
        cells.resize_with(size[0] as usize * size[1] as usize, LandCell::default);
        let top = |c: &LandCell| match c {
            LandCell { known: false, .. } => UNKNOWN,
            LandCell { roof, ground, .. } if *roof > 0.0 => ground + roof,
            _ => NO_OBSTACLE,
        };
        let obstacles = HeightRaster::of_tops(origin, CELL, size, cells.iter().map(top).collect());
        let is_known = cells.iter().all(|c| c.known);
        Self { obstacles, cells, is_known }
    }

    /// The land of a city archive: every building is known, and the ground if the archive has it; the land cover is
    /// unknown. Hills stand in the way as buildings do: of what the network knows, a hill's shadow is most like theirs.
    pub fn of_city(city: &City) -> Self {
        let obstacles = HeightRaster::of(city, CELL);
        let columns = obstacles.nx as usize;
        let cell = |(i, top): (usize, &f32)| {
            let centre =
                obstacles.origin + (DVec2::new((i % columns) as f64, (i / columns) as f64) + 0.5) * f64::from(CELL);
            let ground = city.ground_at(centre);
            // What stands lower than the ground in the middle of the cell leans on a slope below it.
            let roof = if *top > 0.0 { (top - ground).max(0.0) } else { 0.0 };
            LandCell { known: true, ground, roof, cover: Cover::Unknown }
        };
        let cells = obstacles.tops().iter().enumerate().map(cell).collect();
        Self { obstacles, cells, is_known: true }
    }

    /// What is known at `p`, local metres.
    pub fn at(&self, p: Vec2) -> LandCell {
        self.obstacles.index_at(p).map_or_else(LandCell::default, |i| self.cells[i])
    }

    /// Height of the ground at `p` above the local datum, metres: to the point where a city archive has it, else that of
    /// the cell.
    pub fn ground_at(&self, p: Vec2) -> f32 {
        self.obstacles.ground.as_ref().map_or_else(|| self.at(p).ground, |terrain| terrain.at(p))
    }

    /// The share of the way from `a` to `b` that lies over known cells, 0–1.
    pub fn known_share(&self, a: Vec2, b: Vec2) -> f32 {
        if self.is_known {
            return self.obstacles.share_over(a, b);
        }
        let mut share = 0.0;
        let visit = |c: Crossing| {
            if c.top > UNKNOWN {
                share += c.to - c.from;
            }
        };
        self.obstacles.walk_where(a, b, |block| block.top > UNKNOWN, visit);
        share
    }

    /// The roofs, and the hills of a city archive, as a height field.
    pub fn obstacles(&self) -> &HeightRaster {
        &self.obstacles
    }
}
