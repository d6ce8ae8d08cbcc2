//! One outline of the pieces of one building.
//!
//! A tile's own corners are exact: whoever cut the tiles rounded each corner of the building to the tile's grid, and
//! corners fall on the same grid in every tile. The points where an outline was cut are not: they are rounded sideways,
//! off the wall that they lie on, so that the union of the pieces has slivers and bends at the cuts. Each corner of the
//! building lies in some tile, whose piece shows it; so of the union's points those are kept that are a corner of a piece
//! within its own tile, and the walls between them come out straight.

use super::{Cut, TooComplex, spend};
use geo::orient::Direction;
use geo::{Area, Coord, CoordsIter, Euclidean, Length, LineString, Orient, Polygon, Simplify, unary_union};
use std::collections::BTreeSet;

/// A union's point this near to a grid point is that grid point, tile units.
const NEAR: f64 = 0.01;
/// Rounding moves a cut this far off its wall at most, tile units: half a unit along each axis, in each of two tiles.
const ROUNDING: f64 = 1.5;

/// The outlines that these pieces of a building make: one, unless they don't meet.
pub fn unite(cuts: &[Cut], side: f64, work: &mut u64) -> Result<Vec<Polygon<f64>>, TooComplex> {
    let mut outlines: Vec<Polygon<f64>> = Vec::new();
    for cut in cuts {
        spend(work, outlines.len() as u64)?;
        if !outlines.contains(&cut.outline) {
            outlines.push(cut.outline.clone());
        }
    }
    if outlines.len() < 2 {
        return Ok(outlines);
    }
    let vertices = outlines.iter().map(CoordsIter::coords_count).sum::<usize>() as u64;
    spend(work, vertices.saturating_mul(vertices))?;
    // A union counts only what turns counter-clockwise, which tiles of version 1 don't promise.
    let turned: Vec<Polygon<f64>> = outlines.iter().map(|p| p.orient(Direction::Default)).collect();
    let corners = Corners::of(cuts, side);
    let whole = |united: Polygon<f64>| corners.straighten(&united).or_else(|| simplified(&united));
    Ok(unary_union(&turned).into_iter().filter_map(whole).collect())
}

/// The outline without bends that rounding can make; `None` for what is nothing else.
fn simplified(united: &Polygon<f64>) -> Option<Polygon<f64>> {
    Some(united.simplify(1.0)).filter(|p| p.exterior().0.len() > 3 && p.unsigned_area() > ROUNDING)
}

/// The corners of a building that its pieces show.
struct Corners {
    /// On the grid.
    exact: BTreeSet<(i64, i64)>,
    /// The tiles that show them.
    tiles: BTreeSet<(i64, i64)>,
    /// Whether the pieces reach beyond their tiles, so that a corner on a tile's edge is one of the building.
    margin: bool,
    side: f64,
}

/// What a point of a union is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A corner of the building.
    Corner,
    /// It lies on an edge between tiles without a margin: a corner, or a cut.
    OnEdge,
    /// A cut.
    Cut,
}

impl Corners {
    fn of(cuts: &[Cut], side: f64) -> Self {
        let margin = cuts.iter().any(|cut| cut.reaches_over(side));
        let within = |cut: &Cut, c: &Coord<f64>| {
            let e = cut.edges(side);
            c.x >= e[0] && c.x <= e[2] && c.y >= e[1] && c.y <= e[3]
        };
        let exact = cuts
            .iter()
            .flat_map(|cut| cut.outline.coords_iter().filter(|c| within(cut, c)).map(|c| (c.x as i64, c.y as i64)))
            .collect();
        Self { exact, tiles: cuts.iter().map(|cut| cut.tile).collect(), margin, side }
    }

    fn kind(&self, c: Coord<f64>) -> Kind {
        let grid = (c.x.round(), c.y.round());
        if (c.x - grid.0).hypot(c.y - grid.1) < NEAR && self.exact.contains(&(grid.0 as i64, grid.1 as i64)) {
            let on_edge = grid.0 % self.side == 0.0 || grid.1 % self.side == 0.0;
            return if on_edge && !self.margin { Kind::OnEdge } else { Kind::Corner };
        }
        // Where no tile shows its own part, the neighbour's margin is all there is.
        let tile = ((c.x / self.side).floor() as i64, (c.y / self.side).floor() as i64);
        if self.tiles.contains(&tile) { Kind::Cut } else { Kind::Corner }
    }

    /// The building of a union of its pieces; `None` where its corners don't make it up.
    fn straighten(&self, united: &Polygon<f64>) -> Option<Polygon<f64>> {
        let exterior = self.ring(united.exterior())?;
        let interiors = united.interiors().iter().filter_map(|ring| self.ring(ring)).collect();
        let straight = Polygon::new(exterior, interiors);
        // Straightening moves walls by rounding and nothing else.
        let most = ROUNDING * Euclidean.length(united.exterior());
        ((straight.unsigned_area() - united.unsigned_area()).abs() <= most).then_some(straight)
    }

    /// The corners of a ring; `None` where they enclose nothing.
    fn ring(&self, ring: &LineString<f64>) -> Option<LineString<f64>> {
        let points = ring.0.get(1..)?;
        let kinds: Vec<(Coord<f64>, Kind)> =
            points.iter().map(|c| (*c, self.kind(*c))).filter(|(_, kind)| *kind != Kind::Cut).collect();
        let n = kinds.len();
        let corner_from = |at: usize, step: usize| {
            (1..n).map(|i| kinds[(at + i * step) % n]).find(|(_, kind)| *kind == Kind::Corner).map(|(c, _)| c)
        };
        let kept = (0..n).filter(|&i| {
            let (c, kind) = kinds[i];
            // n - 1 steps forward are one step back.
            let wall = corner_from(i, n - 1).zip(corner_from(i, 1));
            kind == Kind::Corner || wall.is_none_or(|(a, b)| off(c, a, b) > ROUNDING)
        });
        let snapped = |i: usize| {
            let c = kinds[i].0;
            let grid = Coord { x: c.x.round(), y: c.y.round() };
            if (c.x - grid.x).hypot(c.y - grid.y) < NEAR { grid } else { c }
        };
        let mut corners: Vec<Coord<f64>> = kept.map(snapped).collect();
        corners.dedup();
        (corners.len() >= 3).then(|| {
            let mut ring = LineString(corners);
            ring.close();
            ring
        })
    }
}

/// How far `c` lies off the line through `a` and `b`, or from `a` where they are one.
fn off(c: Coord<f64>, a: Coord<f64>, b: Coord<f64>) -> f64 {
    let (along, to) = (b - a, c - a);
    let length = along.x.hypot(along.y);
    if length == 0.0 { to.x.hypot(to.y) } else { (along.x * to.y - along.y * to.x).abs() / length }
}
