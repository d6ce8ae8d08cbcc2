//! Cutting lines and areas into tiles: halving the range of tiles again and again, so that the work grows with what there
//! is to cut and not with the number of tiles.

use crate::geodesy::{LonLat, Tile};
use geo::{Coord, LineString, Polygon, Rect, coord};

/// A block of tiles of one zoom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiles {
    /// Their zoom.
    pub zoom: u8,
    /// First and last column.
    columns: (u32, u32),
    /// First and last row.
    rows: (u32, u32),
}

impl Tiles {
    /// Those between a south-west and a north-east corner.
    pub fn between(min: LonLat, max: LonLat, zoom: u8) -> Self {
        let (west, east) = (Tile::containing(min, zoom), Tile::containing(max, zoom));
        Self { zoom, columns: (west.x, east.x), rows: (east.y, west.y) }
    }

    /// Those of them that a box touches, which is given in tile units (`side` a tile) of the whole world.
    pub fn within(self, bounds: Rect<f64>, side: f64) -> impl Iterator<Item = Tile> {
        let clamped = |low: f64, high: f64, (first, last): (u32, u32)| {
            let of = |v: f64| (v / side).floor().clamp(0.0, f64::from(u32::MAX)) as u32;
            of(low).max(first)..=of(high).min(last)
        };
        let rows = clamped(bounds.min().y, bounds.max().y, self.rows);
        let columns = clamped(bounds.min().x, bounds.max().x, self.columns);
        columns.flat_map(move |x| rows.clone().map(move |y| Tile { z: self.zoom, x, y }))
    }
}

/// A direction to cut in.
#[derive(Clone, Copy, Debug)]
pub enum Axis {
    /// Columns.
    East,
    /// Rows.
    South,
}

/// What can be cut by a strip between two lines of longitude or latitude.
pub trait Cut: Sized {
    /// The part of it between `low` and `high`.
    fn cut(&self, axis: Axis, low: f64, high: f64) -> Vec<Self>;
}

/// Gives each of `tiles` its part of `shapes`, with a margin around it; `each` hears the tile and its north-west corner.
/// Everything is in tile units of the whole world, `side` a tile.
pub fn distribute<S: Cut>(
    shapes: Vec<S>,
    tiles: Tiles,
    side: f64,
    margin: f64,
    each: &mut impl FnMut(Tile, Coord<f64>, Vec<S>),
) {
    // Depth first; a block of 2^k tiles is halved k times, so the stack stays small.
    let mut open = vec![(tiles, shapes, false)];
    while let Some((tiles, shapes, cut)) = open.pop() {
        if shapes.is_empty() {
            continue;
        }
        let ((west, east), (north, south)) = (tiles.columns, tiles.rows);
        if !cut {
            let strip =
                |(first, last): (u32, u32)| (f64::from(first) * side - margin, (f64::from(last) + 1.0) * side + margin);
            let ((x0, x1), (y0, y1)) = (strip(tiles.columns), strip(tiles.rows));
            let columns = shapes.iter().flat_map(|s| s.cut(Axis::East, x0, x1));
            let rows: Vec<S> = columns.collect::<Vec<_>>().iter().flat_map(|s| s.cut(Axis::South, y0, y1)).collect();
            open.push((tiles, rows, true));
            continue;
        }
        if west == east && north == south {
            let corner = coord! { x: f64::from(west) * side, y: f64::from(north) * side };
            each(Tile { z: tiles.zoom, x: west, y: north }, corner, shapes);
            continue;
        }
        let wide = east - west >= south - north;
        let (first, last) = if wide { tiles.columns } else { tiles.rows };
        let middle = first + (last - first) / 2;
        for half in [(middle + 1, last), (first, middle)] {
            let part = if wide { Tiles { columns: half, ..tiles } } else { Tiles { rows: half, ..tiles } };
            let axis = if wide { Axis::East } else { Axis::South };
            let (low, high) = (f64::from(half.0) * side - margin, (f64::from(half.1) + 1.0) * side + margin);
            let inside = shapes.iter().flat_map(|s| s.cut(axis, low, high)).collect();
            open.push((part, inside, true));
        }
    }
}

fn along(axis: Axis, c: Coord<f64>) -> f64 {
    match axis {
        Axis::East => c.x,
        Axis::South => c.y,
    }
}

/// Where the segment meets the line `at` of the axis.
fn meet(axis: Axis, a: Coord<f64>, b: Coord<f64>, at: f64) -> Coord<f64> {
    let t = (at - along(axis, a)) / (along(axis, b) - along(axis, a));
    match axis {
        Axis::East => coord! { x: at, y: a.y + (b.y - a.y) * t },
        Axis::South => coord! { x: a.x + (b.x - a.x) * t, y: at },
    }
}

impl Cut for LineString<f64> {
    fn cut(&self, axis: Axis, low: f64, high: f64) -> Vec<Self> {
        let inside = |c: &Coord<f64>| (low..=high).contains(&along(axis, *c));
        if self.0.iter().all(inside) {
            return vec![self.clone()];
        }
        let (mut parts, mut part) = (Vec::new(), Vec::new());
        for line in self.lines() {
            let (from, to) = (along(axis, line.start), along(axis, line.end));
            if from.max(to) < low || from.min(to) > high {
                continue;
            }
            let start = if from < low { meet(axis, line.start, line.end, low) } else { line.start };
            let start = if from > high { meet(axis, line.start, line.end, high) } else { start };
            let end = if to < low { meet(axis, line.start, line.end, low) } else { line.end };
            let end = if to > high { meet(axis, line.start, line.end, high) } else { end };
            if part.is_empty() {
                part.push(start);
            }
            part.push(end);
            if !(low..=high).contains(&to) {
                parts.push(LineString(std::mem::take(&mut part)));
            }
        }
        if part.len() > 1 {
            parts.push(LineString(part));
        }
        parts
    }
}

impl Cut for Polygon<f64> {
    /// By Sutherland and Hodgman (1974): parts may stay joined by edges on the cut, which a filled area does not show.
    fn cut(&self, axis: Axis, low: f64, high: f64) -> Vec<Self> {
        let inside = |c: &Coord<f64>| (low..=high).contains(&along(axis, *c));
        if self.exterior().0.iter().all(inside) {
            return vec![self.clone()];
        }
        let ring = |line: &LineString<f64>| {
            let above = half(axis, &line.0, |v| v >= low, low);
            let ring = half(axis, &above, |v| v <= high, high);
            (ring.len() > 3).then_some(LineString(ring))
        };
        let exterior = ring(self.exterior());
        let holes = || self.interiors().iter().filter_map(ring).collect();
        exterior.map(|exterior| Polygon::new(exterior, holes())).into_iter().collect()
    }
}

/// The part of a closed ring on one side of the line `at`, closed again.
fn half(axis: Axis, ring: &[Coord<f64>], inside: impl Fn(f64) -> bool, at: f64) -> Vec<Coord<f64>> {
    let mut kept = Vec::with_capacity(ring.len());
    for pair in ring.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let (a_in, b_in) = (inside(along(axis, a)), inside(along(axis, b)));
        if a_in {
            kept.push(a);
        }
        if a_in != b_in {
            kept.push(meet(axis, a, b, at));
        }
    }
    if let Some(first) = kept.first().copied() {
        kept.push(first);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Area, Euclidean, Length};
    use proptest::prelude::*;

    fn block(columns: (u32, u32), rows: (u32, u32)) -> Tiles {
        Tiles { zoom: 10, columns, rows }
    }

    #[test]
    fn a_line_that_leaves_and_comes_back_is_two() {
        let line = LineString::from(vec![(0.0, 0.0), (20.0, 0.0), (20.0, 5.0), (0.0, 5.0)]);
        let parts = line.cut(Axis::East, -1.0, 10.0);
        assert_eq!(
            parts,
            vec![LineString::from(vec![(0.0, 0.0), (10.0, 0.0)]), LineString::from(vec![(10.0, 5.0), (0.0, 5.0)])]
        );
    }

    proptest! {
        #[test]
        fn without_a_margin_the_tiles_share_a_line_out(points in prop::collection::vec((0.0..80.0f64, 0.0..80.0f64), 2..20)) {
            let line = LineString::from(points);
            let mut length = 0.0;
            distribute(vec![line.clone()], block((0, 7), (0, 7)), 10.0, 0.0, &mut |tile, corner, parts: Vec<LineString<f64>>| {
                assert_eq!((corner.x, corner.y), (f64::from(tile.x) * 10.0, f64::from(tile.y) * 10.0));
                for part in parts {
                    for c in &part.0 {
                        assert!(c.x >= corner.x - 1e-9 && c.x <= corner.x + 10.0 + 1e-9 && c.y >= corner.y - 1e-9 && c.y <= corner.y + 10.0 + 1e-9);
                    }
                    length += Euclidean.length(&part);
                }
            });
            prop_assert!((length - Euclidean.length(&line)).abs() < 1e-6);
        }

        #[test]
        fn without_a_margin_the_tiles_share_an_area_out(x in 0.0..40.0f64, y in 0.0..40.0f64, w in 1.0..40.0f64, h in 1.0..40.0f64) {
            let ring = LineString::from(vec![(x, y), (x + w, y), (x + w / 3.0, y + h)]);
            let hole = LineString::from(vec![(x + w / 3.0, y + h / 9.0), (x + w / 2.0, y + h / 9.0), (x + w / 3.0, y + h / 3.0)]);
            let area = Polygon::new(ring, vec![hole]);
            let mut sum = 0.0;
            distribute(vec![area.clone()], block((0, 7), (0, 7)), 10.0, 0.0, &mut |_, _, parts: Vec<Polygon<f64>>| {
                sum += parts.iter().map(Area::unsigned_area).sum::<f64>();
            });
            prop_assert!((sum - area.unsigned_area()).abs() < 1e-6);
        }
    }
}
