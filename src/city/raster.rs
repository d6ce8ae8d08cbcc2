//! The city as a height field: the highest roof over each square cell, and the ground between them. Line of sight and
//! diffraction over rooftops read this; walls and reflections do not.

use super::{City, Terrain};
use geo::{BoundingRect, CoordsIter, Line, LineString, Polygon, Rect};
use glam::{DVec2, Vec2, Vec3};
use std::sync::Arc;

/// Highest roof above the local datum over each cell, metres. Row 0 is the south; outside it there is no roof.
#[derive(Clone, Debug, PartialEq)]
pub struct HeightRaster {
    /// South-west corner, local metres.
    pub origin: DVec2,
    /// Side of a cell, metres.
    pub cell: f32,
    /// Cells from west to east.
    pub nx: u32,
    /// Cells from south to north.
    pub ny: u32,
    /// The ground; without it, the plane z = 0, which stands in nobody's way.
    pub ground: Option<Arc<Terrain>>,
    /// Row-major heights from the south-west cell; 0 where there is no roof.
    top: Vec<f32>,
    /// The highest of each block of [`BLOCK`] by [`BLOCK`] cells, likewise.
    blocks: Vec<f32>,
}

/// Cells along a side of a block.
const BLOCK: u32 = 8;

/// One cell that a ray passes: from where to where along it, and how high the roof is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crossing {
    /// Entry, as a fraction of the way from start to end.
    pub from: f32,
    /// Exit, likewise.
    pub to: f32,
    /// Height of the roof, metres; 0 where there is none.
    pub top: f32,
}

impl HeightRaster {
    /// A field of `nx` by `ny` cells without roofs, on level ground.
    pub fn level(origin: DVec2, cell: f32, [nx, ny]: [u32; 2]) -> Self {
        Self::of_tops(origin, cell, [nx, ny], vec![0.0; nx as usize * ny as usize])
    }

    /// A field of `nx` by `ny` cells with roofs of these heights, row-major from the south-west, on level ground. Where
    /// there are fewer heights than cells, the rest has no roof.
    pub fn of_tops(origin: DVec2, cell: f32, [nx, ny]: [u32; 2], mut top: Vec<f32>) -> Self {
        top.resize(nx as usize * ny as usize, 0.0);
        let columns = nx.div_ceil(BLOCK) as usize;
        let mut blocks = vec![f32::NEG_INFINITY; columns * ny.div_ceil(BLOCK) as usize];
        for (iy, row) in top.chunks(nx.max(1) as usize).enumerate() {
            for (block, tops) in row.chunks(BLOCK as usize).enumerate() {
                let highest = &mut blocks[iy / BLOCK as usize * columns + block];
                *highest = tops.iter().copied().fold(*highest, f32::max);
            }
        }
        Self { origin, cell, nx, ny, ground: None, top, blocks }
    }

    /// Whether its cells are those of `other`.
    pub fn lies_over(&self, other: &Self) -> bool {
        let cells = |r: &Self| (r.origin, r.cell, r.nx, r.ny);
        cells(self) == cells(other)
    }

    /// Row-major heights of the roofs from the south-west cell; 0 where there is none.
    pub fn tops(&self) -> &[f32] {
        &self.top
    }

    /// A field without roofs over `area`, on level ground.
    pub fn over(area: Rect<f64>, cell: f32) -> Self {
        let (min, max) = (area.min(), area.max());
        let side = f64::from(cell);
        let nx = (((max.x - min.x) / side).ceil() as u32).max(1);
        let ny = (((max.y - min.y) / side).ceil() as u32).max(1);
        Self::level(DVec2::new(min.x, min.y), cell, [nx, ny])
    }

    /// The rooftops of `city` at its cells of `cell` metres. A cell takes the height of the building over its centre.
    pub fn of(city: &City, cell: f32) -> Self {
        let mut raster = Self::over(city.bounds, cell);
        raster.ground.clone_from(&city.terrain);
        for building in &city.buildings {
            raster.raise(&building.footprint, building.top);
        }
        raster
    }

    /// Raises the cells whose centres lie in `polygon` to at least `height`. Where a corner or the height is not finite
    /// there is no building.
    pub fn raise(&mut self, polygon: &Polygon<f64>, height: f32) {
        let finite = height.is_finite() && polygon.coords_iter().all(|c| c.x.is_finite() && c.y.is_finite());
        let Some(bounds) = polygon.bounding_rect().filter(|_| finite) else { return };
        let side = f64::from(self.cell);
        let row_of = |y: f64| (y - self.origin.y) / side - 0.5;
        let first = row_of(bounds.min().y).ceil().max(0.0) as u32;
        let last = row_of(bounds.max().y).floor().min(f64::from(self.ny) - 1.0);
        if last < 0.0 {
            return;
        }
        let middle_of = |iy: u32| self.origin.y + (f64::from(iy) + 0.5) * side;
        let mut crossings: Vec<(u32, f64)> = Vec::new();
        for line in std::iter::once(polygon.exterior()).chain(polygon.interiors()).flat_map(LineString::lines) {
            let (low, high) = (line.start.y.min(line.end.y), line.start.y.max(line.end.y));
            let rows = (row_of(low).floor().max(0.0) as u32).max(first)..=row_of(high).ceil().clamp(0.0, last) as u32;
            crossings.extend(rows.filter_map(|iy| Some((iy, crossing(&line, middle_of(iy))?))));
        }
        crossings.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        for row in crossings.chunk_by(|a, b| a.0 == b.0) {
            for span in row.chunks_exact(2) {
                let iy = span[0].0;
                let column_of = |x: f64| (x - self.origin.x) / side - 0.5;
                let start = column_of(span[0].1).ceil().max(0.0) as u32;
                let end = column_of(span[1].1).floor().min(f64::from(self.nx) - 1.0);
                for ix in start..(end + 1.0).max(0.0) as u32 {
                    let i = iy as usize * self.nx as usize + ix as usize;
                    self.top[i] = self.top[i].max(height);
                    let block = &mut self.blocks[(iy / BLOCK * self.nx.div_ceil(BLOCK) + ix / BLOCK) as usize];
                    *block = block.max(height);
                }
            }
        }
    }

    /// The same with every roof raised by what `ground` says of the middle of its cell.
    #[must_use]
    pub fn lifted(mut self, ground: impl Fn(Vec2) -> f32) -> Self {
        let mut top = std::mem::take(&mut self.top);
        for (i, top) in top.iter_mut().enumerate().filter(|(_, top)| **top > 0.0) {
            let cell = DVec2::new((i % self.nx as usize) as f64 + 0.5, (i / self.nx as usize) as f64 + 0.5);
            *top += ground((self.origin + cell * f64::from(self.cell)).as_vec2());
        }
        Self { ground: self.ground, ..Self::of_tops(self.origin, self.cell, [self.nx, self.ny], top) }
    }

    /// Height of the ground at `p`.
    pub fn ground_at(&self, p: Vec2) -> f32 {
        self.ground.as_ref().map_or(0.0, |g| g.at(p))
    }

    /// Who stands at `p`, `height` metres above the ground.
    pub fn standing(&self, p: Vec2, height: f32) -> Vec3 {
        p.extend(self.ground_at(p) + height)
    }

    /// Who stands at `p` on the roof there, if there is one, `height` metres above that.
    pub fn standing_on_top(&self, p: Vec2, height: f32) -> Vec3 {
        p.extend(self.top_at(p).max(self.ground_at(p)) + height)
    }

    /// Which of the cells, row-major, holds `p`; `None` outside.
    pub fn index_at(&self, p: Vec2) -> Option<usize> {
        let q = (p.as_dvec2() - self.origin) / f64::from(self.cell);
        let inside = q.x >= 0.0 && q.y >= 0.0 && q.x < f64::from(self.nx) && q.y < f64::from(self.ny);
        inside.then(|| q.y as usize * self.nx as usize + q.x as usize)
    }

    /// Height of the roof at `p`; 0 where there is none.
    pub fn top_at(&self, p: Vec2) -> f32 {
        self.index_at(p).map_or(0.0, |i| self.top[i])
    }

    /// Whether `p` lies under a roof. A roof below the ground, as where a house leans on a slope, covers nobody.
    pub fn covers(&self, p: Vec3) -> bool {
        self.top_at(p.truncate()) > p.z
    }

    /// Visits every cell crossed from `a` to `b` in order (Amanatides & Woo 1987) while `visit` returns true. At most
    /// `nx + ny + 2` cells; cells outside the raster are passed over.
    pub fn walk(&self, a: Vec2, b: Vec2, visit: impl FnMut(Crossing) -> bool) {
        if let Some((way, part)) = self.way(a, b) {
            Sheet { nx: self.nx, ny: self.ny, top: &self.top }.walk(&way, part, visit);
        }
    }

    /// Visits the cells from `a` to `b` in order, but only those of blocks for which `promises` says so: it hears of the
    /// part of the way in a block, and of the highest roof there.
    pub fn walk_where(
        &self,
        a: Vec2,
        b: Vec2,
        mut promises: impl FnMut(Crossing) -> bool,
        mut visit: impl FnMut(Crossing),
    ) {
        let Some((way, part)) = self.way(a, b) else { return };
        let cells = Sheet { nx: self.nx, ny: self.ny, top: &self.top };
        let blocks = Sheet { nx: self.nx.div_ceil(BLOCK), ny: self.ny.div_ceil(BLOCK), top: &self.blocks };
        let side = BLOCK as f32;
        blocks.walk(&Way { start: way.start / side, d: way.d / side }, part, |block| {
            if promises(block) {
                cells.walk(&way, (block.from, block.to), |cell| {
                    visit(cell);
                    true
                });
            }
            true
        });
    }

    /// The share of the way from `a` to `b` that lies over the raster, 0–1.
    pub fn share_over(&self, a: Vec2, b: Vec2) -> f32 {
        self.way(a, b).map_or(0.0, |(_, (from, to))| to - from)
    }

    /// The way from `a` to `b` in cells, and the part of it that lies over the raster.
    fn way(&self, a: Vec2, b: Vec2) -> Option<(Way, (f32, f32))> {
        let start = ((a.as_dvec2() - self.origin) / f64::from(self.cell)).as_vec2();
        let d = (b - a) / self.cell;
        let part = clip(start, d, self.nx as f32, self.ny as f32)?;
        Some((Way { start, d }, part))
    }

    /// Whether neither a roof nor the ground stands between `a` and `b`. Ground beyond the raster is not looked at.
    pub fn clear(&self, a: Vec3, b: Vec3) -> bool {
        let mut clear = true;
        self.walk(a.truncate(), b.truncate(), |c| {
            let (from, to) = (a.z + (b.z - a.z) * c.from, a.z + (b.z - a.z) * c.to);
            clear = c.top <= from.min(to);
            if let Some(ground) = self.ground.as_ref().filter(|_| clear) {
                clear = ground.at(a.lerp(b, c.from).truncate()) <= from && ground.at(a.lerp(b, c.to).truncate()) <= to;
            }
            clear
        });
        clear
    }
}

/// A straight way over a sheet of cells, in cells.
struct Way {
    start: Vec2,
    d: Vec2,
}

/// Heights of square cells, row-major.
struct Sheet<'a> {
    nx: u32,
    ny: u32,
    top: &'a [f32],
}

impl Sheet<'_> {
    /// Visits the cells from one place of the way to another, both over the sheet.
    fn walk(&self, Way { start, d }: &Way, (mut t, end): (f32, f32), mut visit: impl FnMut(Crossing) -> bool) {
        let p = *start + *d * t;
        let mut ix = (p.x.floor() as i32).clamp(0, self.nx as i32 - 1);
        let mut iy = (p.y.floor() as i32).clamp(0, self.ny as i32 - 1);
        let step = (if d.x > 0.0 { 1 } else { -1 }, if d.y > 0.0 { 1 } else { -1 });
        let next = |i: i32, s: i32, from: f32, by: f32| {
            if by == 0.0 { f32::INFINITY } else { ((i + i32::from(s > 0)) as f32 - from) / by }
        };
        for _ in 0..=(self.nx + self.ny + 1) {
            let tx = next(ix, step.0, start.x, d.x);
            let ty = next(iy, step.1, start.y, d.y);
            let leave = tx.min(ty).clamp(t, end);
            let top = self.top[iy as usize * self.nx as usize + ix as usize];
            // What is only touched, at a corner or where the walk begins, is not crossed.
            if (leave > t && !visit(Crossing { from: t, to: leave, top })) || leave >= end {
                return;
            }
            if tx <= ty {
                ix += step.0;
            } else {
                iy += step.1;
            }
            if ix < 0 || iy < 0 || ix >= self.nx as i32 || iy >= self.ny as i32 {
                return;
            }
            t = leave;
        }
    }
}

/// Where the horizontal line at `y` meets a wall, by the half-open rule (each vertex counts once).
fn crossing(wall: &Line<f64>, y: f64) -> Option<f64> {
    let crosses = (wall.start.y <= y) != (wall.end.y <= y);
    crosses.then(|| {
        let t = (y - wall.start.y) / (wall.end.y - wall.start.y);
        wall.start.x + t * (wall.end.x - wall.start.x)
    })
}

/// The part of `start + d·t`, 0 ≤ t ≤ 1, inside the box from (0, 0) to (nx, ny).
fn clip(start: Vec2, d: Vec2, nx: f32, ny: f32) -> Option<(f32, f32)> {
    let (mut from, mut to) = (0.0f32, 1.0f32);
    for (s, d, n) in [(start.x, d.x, nx), (start.y, d.y, ny)] {
        if d == 0.0 {
            if s < 0.0 || s >= n {
                return None;
            }
        } else {
            let (a, b) = ((0.0 - s) / d, (n - s) / d);
            from = from.max(a.min(b));
            to = to.min(a.max(b));
        }
    }
    (from <= to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::polygon;
    use proptest::prelude::*;

    fn flat(nx: u32, ny: u32) -> HeightRaster {
        HeightRaster::level(DVec2::ZERO, 1.0, [nx, ny])
    }

    #[test]
    fn a_square_with_a_courtyard_covers_its_area() {
        let mut r = flat(20, 20);
        let mut p = polygon![(x: 2.0, y: 2.0), (x: 12.0, y: 2.0), (x: 12.0, y: 12.0), (x: 2.0, y: 12.0)];
        p.interiors_push(LineString::from(vec![(5.0, 5.0), (8.0, 5.0), (8.0, 8.0), (5.0, 8.0)]));
        r.raise(&p, 10.0);
        assert_eq!(r.top.iter().filter(|t| **t == 10.0).count(), 100 - 9);
        assert_eq!(r.top_at(Vec2::new(6.5, 6.5)), 0.0);
        assert_eq!(r.top_at(Vec2::new(3.5, 6.5)), 10.0);
    }

    #[test]
    fn a_wall_hides_what_is_behind_it_and_not_what_is_above() {
        let mut r = flat(20, 20);
        r.raise(&polygon![(x: 10.0, y: 0.0), (x: 11.0, y: 0.0), (x: 11.0, y: 20.0), (x: 10.0, y: 20.0)], 10.0);
        let mast = Vec3::new(1.5, 9.5, 12.0);
        assert!(!r.clear(mast, Vec3::new(18.5, 9.5, 1.5)));
        assert!(r.clear(mast, Vec3::new(8.5, 9.5, 1.5)));
        assert!(r.clear(mast, Vec3::new(18.5, 9.5, 11.0)));
    }

    proptest! {
        #[test]
        fn a_walk_is_gapless_and_ends_at_the_end(ax in -5.0..25.0f32, ay in -5.0..25.0f32, bx in -5.0..25.0f32, by in -5.0..25.0f32) {
            let r = flat(20, 20);
            let mut last: Option<f32> = None;
            let mut count = 0;
            r.walk(Vec2::new(ax, ay), Vec2::new(bx, by), |c| {
                if let Some(t) = last { assert_eq!(t, c.from); }
                assert!(c.to >= c.from && (0.0..=1.0).contains(&c.from) && c.to <= 1.0);
                last = Some(c.to);
                count += 1;
                true
            });
            prop_assert!(count <= 42);
        }

        #[test]
        fn cells_are_raised_whose_middles_lie_within_by_the_even_odd_rule(
            corners in prop::collection::vec((-4.0..24.0f64, -4.0..24.0f64), 3..12),
        ) {
            let mut r = flat(20, 20);
            let polygon = Polygon::new(LineString::from(corners), Vec::new());
            r.raise(&polygon, 7.0);
            for (ix, iy) in (0..20u8).flat_map(|iy| (0..20u8).map(move |ix| (ix, iy))) {
                let (x, y) = (f64::from(ix) + 0.5, f64::from(iy) + 0.5);
                let (mut west, mut near) = (0, false);
                for wall in polygon.exterior().lines() {
                    let along = (y - wall.start.y) / (wall.end.y - wall.start.y);
                    let meets = wall.start.x + along * (wall.end.x - wall.start.x);
                    if (0.0..1.0).contains(&along) {
                        west += u32::from(meets < x);
                        near |= (meets - x).abs() < 1e-9;
                    }
                    near |= (wall.start.y - y).abs() < 1e-9;
                }
                let top = r.top_at(Vec2::new(x as f32, y as f32));
                prop_assert!(near || top == if west % 2 == 1 { 7.0 } else { 0.0 }, "{x} {y}: {top}, {west} walls");
            }
            let highest = r.top.iter().copied().fold(0.0, f32::max);
            prop_assert_eq!(r.blocks.iter().copied().fold(0.0, f32::max), highest);
        }

        #[test]
        fn sight_is_mutual(ax in 0.0..20.0f32, ay in 0.0..20.0f32, bx in 0.0..20.0f32, by in 0.0..20.0f32, h in 1.0..20.0f32) {
            let mut r = flat(20, 20);
            r.raise(&polygon![(x: 7.0, y: 5.0), (x: 13.0, y: 5.0), (x: 10.0, y: 15.0)], h);
            let (a, b) = (Vec3::new(ax, ay, 9.3), Vec3::new(bx, by, 1.7));
            // Rays that graze a cell's corner or a roof's edge may go either side of it; stay clear of those.
            let mut grazes = false;
            r.walk(a.truncate(), b.truncate(), |c| {
                let near = |t: f32| (a.z + (b.z - a.z) * t - c.top).abs() < 1e-3;
                grazes |= c.to - c.from < 1e-3 || near(c.from) || near(c.to);
                true
            });
            prop_assume!(!grazes);
            prop_assert_eq!(r.clear(a, b), r.clear(b, a));
        }
    }
}
