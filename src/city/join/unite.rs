//! One outline of the pieces of one building.
//!
//! What a tile shows of itself is exact: whoever cut the tiles rounded each corner of the building to the tile's grid.
//! What it shows of its margin may be rounded otherwise than the next tile does, and the points where an outline was cut
//! are rounded sideways, off the wall that they lie on. So each piece gives way to the others within their tiles; of the
//! union's points those are kept that are a corner of a piece within its own tile, and the walls between them come out
//! straight.

use super::{Cut, TooComplex, spend};
use geo::orient::Direction;
use geo::{
    Area, BooleanOps, Coord, CoordsIter, Euclidean, Intersects, Length, LineString, MultiPolygon, Orient, Polygon,
    Rect, Simplify, unary_union,
};
use std::collections::BTreeSet;

/// A union's point this near to a grid point is that grid point, tile units.
const NEAR: f64 = 0.01;
/// Rounding moves a cut this far off its wall at most, tile units: half a unit along each axis, in each of two tiles.
const ROUNDING: f64 = 1.5;

/// The outlines that these pieces of a building make: one, unless they don't meet.
pub fn unite(cuts: &[Cut], side: f64, work: &mut u64) -> Result<Vec<Polygon<f64>>, TooComplex> {
    let corners = Corners::of(cuts, side);
    if let Some(first) = cuts.first().filter(|first| cuts.iter().all(|cut| cut.outline == first.outline)) {
        // Without a margin even a tip that reaches over by less than a unit is cut off.
        let straight = if corners.margin { None } else { corners.straighten(&first.outline) };
        return Ok(vec![straight.unwrap_or_else(|| first.outline.clone())]);
    }
    let vertices = cuts.iter().map(|cut| cut.outline.coords_count() as u64 + 4).sum::<u64>();
    spend(work, vertices.saturating_mul(vertices))?;
    let own: Vec<Polygon<f64>> = cuts.iter().flat_map(|cut| corners.own_part(cut)).collect();
    let whole = |united: Polygon<f64>| corners.straighten(&united).or_else(|| simplified(&united));
    Ok(unary_union(&own).into_iter().filter_map(whole).collect())
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

    /// What a piece shows that no other piece of the building shows of its own tile.
    fn own_part(&self, cut: &Cut) -> Vec<Polygon<f64>> {
        // A union counts only what turns counter-clockwise, which tiles of version 1 don't promise.
        let outline = cut.outline.orient(Direction::Default);
        let square = |tile: &(i64, i64)| {
            let corner = Coord { x: tile.0 as f64 * self.side, y: tile.1 as f64 * self.side };
            Rect::new(corner, corner + Coord { x: self.side, y: self.side })
        };
        let others: Vec<Polygon<f64>> = self
            .tiles
            .iter()
            .filter(|tile| **tile != cut.tile)
            .map(square)
            .filter(|square| outline.intersects(square))
            .map(Rect::to_polygon)
            .collect();
        if others.is_empty() {
            return vec![outline];
        }
        // What is left comes with those courtyards turned like the outer wall that touch it in a corner.
        outline.difference(&MultiPolygon(others)).orient(Direction::Default).0
    }

    fn kind(&self, c: Coord<f64>) -> Kind {
        let grid = snapped(c);
        let is_on_grid = grid.x == grid.x.trunc() && grid.y == grid.y.trunc();
        if is_on_grid && self.exact.contains(&(grid.x as i64, grid.y as i64)) {
            let on_edge = grid.x % self.side == 0.0 || grid.y % self.side == 0.0;
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
        let mut points: Vec<(Coord<f64>, Kind)> =
            points.iter().map(|c| (snapped(*c), self.kind(*c))).filter(|(_, kind)| *kind != Kind::Cut).collect();
        points.dedup_by_key(|(c, _)| *c);
        // Each round takes one point away.
        while let Some(bend) = least_bend(&points) {
            points.remove(bend);
        }
        let corners: Vec<Coord<f64>> = points.into_iter().map(|(c, _)| c).collect();
        (corners.len() >= 3).then(|| {
            let mut ring = LineString(corners);
            ring.close();
            ring
        })
    }
}

/// The point on an edge between tiles that is least off the wall through its neighbours, if it is within rounding of it.
fn least_bend(points: &[(Coord<f64>, Kind)]) -> Option<usize> {
    let n = points.len();
    let bends = (0..n).filter(|i| points[*i].1 == Kind::OnEdge).map(|i| {
        let (before, after) = (points[(i + n - 1) % n].0, points[(i + 1) % n].0);
        (i, off(points[i].0, before, after))
    });
    let (least, off) = bends.min_by(|(_, a), (_, b)| a.total_cmp(b))?;
    (off <= ROUNDING).then_some(least)
}

/// The point of the grid that `c` stands for, if it stands for one.
fn snapped(c: Coord<f64>) -> Coord<f64> {
    let grid = Coord { x: c.x.round(), y: c.y.round() };
    if (c.x - grid.x).hypot(c.y - grid.y) < NEAR { grid } else { c }
}

/// How far `c` lies off the line through `a` and `b`, or from `a` where they are one.
fn off(c: Coord<f64>, a: Coord<f64>, b: Coord<f64>) -> f64 {
    let (along, to) = (b - a, c - a);
    let length = along.x.hypot(along.y);
    if length == 0.0 { to.x.hypot(to.y) } else { (along.x * to.y - along.y * to.x).abs() / length }
}
