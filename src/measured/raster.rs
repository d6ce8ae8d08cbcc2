//! What is known of the land as heights on a square lattice: terrain, roofs and land cover.

use super::{Knowledge, Sector};
use crate::city::{Building, City, HeightSource};
use crate::geodesy::{LocalFrame, LonLat};
use crate::learn::land::{CELL, Cover, Land, LandCell};
use crate::material::Material;
use geo::{Coord, Rect};
use glam::{DVec2, I64Vec2};

/// Most cells that a raster may span: a guard against absurd coordinates.
pub const MAX_CELLS: i64 = 1 << 28;
/// Marks a cell of which nothing is known.
const UNKNOWN: i16 = i16::MIN;

/// Dense rows from the south-west; cells are named by their centres, which are multiples of the cell size.
#[derive(Debug)]
pub struct Raster {
    first: I64Vec2,
    nx: i64,
    ny: i64,
    cells: Vec<RasterCell>,
}

/// What is known of a cell.
#[derive(Clone, Copy, Debug)]
pub struct RasterCell {
    /// Metres above the sea; 0 or less where nobody says.
    pub altitude: i16,
    /// Roof above the ground, metres; 0 where there is no building.
    pub roof: i16,
    /// Land cover.
    pub cover: Cover,
}

const BLANK: RasterCell = RasterCell { altitude: UNKNOWN, roof: 0, cover: Cover::Unknown };

impl Raster {
    /// A raster that reaches from the lattice's column and row `first` to `last`; `None` where it has no cell or too many.
    pub fn blank(first: I64Vec2, last: I64Vec2) -> Option<Self> {
        let size = last.checked_sub(first)? + 1;
        let fits = size.min_element() > 0 && size.x.checked_mul(size.y).is_some_and(|n| n <= MAX_CELLS);
        fits.then(|| Self { first, nx: size.x, ny: size.y, cells: vec![BLANK; (size.x * size.y) as usize] })
    }

    /// Column and row of the lattice's cell around a place.
    pub fn column_row(at: DVec2) -> I64Vec2 {
        (at / f64::from(CELL)).round().as_i64vec2()
    }

    /// Sets a cell; one beyond the raster is ignored.
    pub fn set(&mut self, at: I64Vec2, cell: RasterCell) {
        if let Some(i) = self.index(at) {
            self.cells[i] = cell;
        }
    }

    fn index(&self, at: I64Vec2) -> Option<usize> {
        let I64Vec2 { x, y } = at - self.first;
        (x >= 0 && y >= 0 && x < self.nx && y < self.ny).then(|| (y * self.nx + x) as usize)
    }

    fn known(&self, at: I64Vec2) -> Option<RasterCell> {
        self.index(at).map(|i| self.cells[i]).filter(|cell| cell.altitude != UNKNOWN)
    }

    /// The land within `half` cells of a sector; its datum is the ground that the sector stands on.
    pub fn land_around(&self, sector: &Sector, half: u32, knowledge: Knowledge) -> Land {
        let side = 2 * half + 1;
        let origin = sector.at - (f64::from(half) + 0.5) * f64::from(CELL);
        let corner = Self::column_row(sector.at) - i64::from(half);
        let cell = |i: u32| {
            let at = corner + I64Vec2::new(i64::from(i % side), i64::from(i / side));
            let cell = self.known(at).map_or_else(LandCell::default, |cell| LandCell {
                known: true,
                // The table writes 0 where it has no altitude.
                ground: if cell.altitude > 0 { f32::from(cell.altitude) - sector.ground } else { 0.0 },
                roof: f32::from(cell.roof).max(0.0),
                cover: cell.cover,
            });
            match knowledge {
                Knowledge::All => cell,
                Knowledge::CityArchive => LandCell { known: true, roof: cell.roof, ..LandCell::default() },
            }
        };
        let cells = (0..side * side).map(cell).collect();
        Land::new(origin, [side, side], cells)
    }

    /// The buildings within `reach` metres of `at`, which becomes the origin, as prisms on flat ground: rectangles of cells of
    /// one height.
    pub fn city_around(&self, at: DVec2, reach: f64) -> City {
        let half = (reach / f64::from(CELL)).ceil() as i64;
        let middle = Self::column_row(at);
        let roof = |x: i64, y: i64| self.known(middle + I64Vec2::new(x, y)).map_or(0, |cell| cell.roof.max(0));
        let mut buildings = Vec::new();
        // The stretches of the row before that may grow on: first and last column, height, first row.
        let mut open: Vec<(i64, i64, i16, i64)> = Vec::new();
        let lattice = middle.as_dvec2() * f64::from(CELL) - at;
        let mut close = |(from, to, height, first): (i64, i64, i16, i64), last: i64| {
            let corner = |x: i64, y: i64| {
                let p = lattice + (DVec2::new(x as f64, y as f64) - 0.5) * f64::from(CELL);
                Coord { x: p.x, y: p.y }
            };
            buildings.push(Building {
                id: buildings.len() as u64,
                footprint: Rect::new(corner(from, first), corner(to + 1, last + 1)).to_polygon(),
                base: 0.0,
                top: f32::from(height),
                height_source: HeightSource::Model,
                wall: Material::default(),
                roof: Material::default(),
            });
        };
        for y in -half..=half + 1 {
            let mut stretches: Vec<(i64, i64, i16, i64)> = Vec::new();
            for x in -half..=half {
                let height = if y > half { 0 } else { roof(x, y) };
                match stretches.last_mut() {
                    Some(last) if last.2 == height && last.1 == x - 1 => last.1 = x,
                    _ if height > 0 => stretches.push((x, x, height, y)),
                    _ => {}
                }
            }
            for stretch in &mut stretches {
                if let Ok(i) = open.binary_search_by_key(&stretch.0, |s| s.0)
                    && (open[i].1, open[i].2) == (stretch.1, stretch.2)
                {
                    stretch.3 = open[i].3;
                }
            }
            for ended in &open {
                let goes_on =
                    stretches.binary_search_by_key(&ended.0, |s| s.0).is_ok_and(|i| stretches[i].3 == ended.3);
                if !goes_on {
                    close(*ended, y - 1);
                }
            }
            open = stretches;
        }
        let far = half as f64 * f64::from(CELL);
        City {
            name: "the measured network".into(),
            attribution: String::new(),
            // Where on earth it lies plays no part: everything is told in local metres.
            frame: LocalFrame::new(LonLat::new(0.0, 0.0)),
            bounds: Rect::new(Coord { x: -far, y: -far }, Coord { x: far, y: far }),
            buildings,
            ground: Material::default(),
            terrain: None,
            woods: Vec::new(),
        }
    }
}
