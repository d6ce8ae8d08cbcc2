//! Makes whole buildings of the pieces that tiles cut them into, so that a cut edge is never a wall.
//!
//! Tiles hold a building as a whole in each tile it touches (as ours do), or cut at the tile's edge, or at a margin beyond
//! it. What lies in the margin alone is left to the tile next door. Of the rest, pieces of neighbouring tiles belong
//! together when they have the same tags and the same id; where there is no id, when they have the same tags and agree
//! about the ground that both cover. Equal pieces are one; others are united ([`unite`]).

#[cfg(test)]
mod tests;
mod unite;

use geo::{Area, BooleanOps, BoundingRect, Coord, CoordsIter, Line, LineString, MapCoords, Polygon, Rect, coord};
use std::collections::{BTreeMap, BTreeSet};
use unite::unite;

/// Work allowed for uniting pieces: the sum over all unions of the square of their vertices.
const MAX_WORK: u64 = 500_000_000;
/// Pieces without an id agree when they share more than this part of what one of them covers of their common ground.
/// Pieces of one building share all of it but for rounding; neighbours share nothing.
const AGREEMENT: f64 = 0.5;
/// Common ground thinner than this, tile units, is rounding.
const THIN: f64 = 2.0;

/// A polygon of one tile.
#[derive(Clone, Debug)]
pub struct Piece<K> {
    /// Id and tags; pieces of one building agree in it.
    pub key: K,
    /// Whether the key has an id.
    pub has_id: bool,
    /// Column and row of its tile.
    pub tile: (u32, u32),
    /// Units to a side of the tile.
    pub extent: u32,
    /// Its outline: whole tile units from the tile's north-west corner, y southwards.
    pub outline: Polygon<f64>,
}

/// The pieces that belong together need more work than is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooComplex;

/// The buildings' outlines, in tile sides (x eastwards, y southwards, whole numbers at the tiles' corners), with their
/// keys and in the order of the keys. `tiles` are those that were read.
pub fn join<K: Ord + Clone>(
    pieces: Vec<Piece<K>>,
    tiles: &BTreeSet<(u32, u32)>,
) -> Result<Vec<(K, Polygon<f64>)>, TooComplex> {
    let mut groups: BTreeMap<(K, u32), Vec<Piece<K>>> = BTreeMap::new();
    for piece in pieces.into_iter().filter(|piece| !is_next_door(piece, tiles)) {
        groups.entry((piece.key.clone(), piece.extent)).or_default().push(piece);
    }
    let mut whole = Vec::new();
    let mut work = 0u64;
    for ((key, extent), group) in groups {
        let has_id = group[0].has_id;
        // Near the pieces, so that sums of products stay exact.
        let base = group[0].tile;
        let group: Vec<Cut> = group.iter().map(|piece| Cut::of(piece, base)).collect();
        let side = f64::from(extent);
        let (edge, inner): (Vec<_>, Vec<_>) = group.into_iter().partition(|cut| cut.reaches_edge(side));
        let mut outlines: Vec<Polygon<f64>> = inner.into_iter().map(|cut| cut.outline).collect();
        for cluster in clusters(edge, side, has_id, &mut work)? {
            outlines.extend(unite(&cluster, side, &mut work)?);
        }
        let to_sides = |c: Coord<f64>| coord! { x: f64::from(base.0) + c.x / side, y: f64::from(base.1) + c.y / side };
        whole.extend(outlines.into_iter().map(|outline| (key.clone(), outline.map_coords(to_sides))));
    }
    Ok(whole)
}

/// A piece in tile units from the north-west corner of a tile that it shares with others.
#[derive(Clone, Debug)]
struct Cut {
    /// Columns and rows from that tile.
    tile: (i64, i64),
    outline: Polygon<f64>,
    /// West, north, east and south ends.
    bounds: [f64; 4],
}

impl Cut {
    fn of<K>(piece: &Piece<K>, base: (u32, u32)) -> Self {
        let tile = (i64::from(piece.tile.0) - i64::from(base.0), i64::from(piece.tile.1) - i64::from(base.1));
        let side = f64::from(piece.extent);
        let (dx, dy) = (tile.0 as f64 * side, tile.1 as f64 * side);
        let outline = piece.outline.map_coords(|c| coord! { x: c.x + dx, y: c.y + dy });
        let bounds = bounds(&outline);
        Self { tile, outline, bounds }
    }

    /// West, north, east and south edge of its tile.
    fn edges(&self, side: f64) -> [f64; 4] {
        let (x, y) = (self.tile.0 as f64 * side, self.tile.1 as f64 * side);
        [x, y, x + side, y + side]
    }

    fn reaches_edge(&self, side: f64) -> bool {
        let (b, e) = (self.bounds, self.edges(side));
        b[0] <= e[0] || b[1] <= e[1] || b[2] >= e[2] || b[3] >= e[3]
    }

    /// Whether it reaches beyond its tile.
    fn reaches_over(&self, side: f64) -> bool {
        let (b, e) = (self.bounds, self.edges(side));
        b[0] < e[0] || b[1] < e[1] || b[2] > e[2] || b[3] > e[3]
    }
}

/// Whether a piece lies beyond its own tile altogether, in tiles that say themselves what they hold.
fn is_next_door<K>(piece: &Piece<K>, tiles: &BTreeSet<(u32, u32)>) -> bool {
    let side = f64::from(piece.extent);
    let b = bounds(&piece.outline);
    let outside = b[2] <= 0.0 || b[3] <= 0.0 || b[0] >= side || b[1] >= side;
    let tile_of = |v: f64, own: u32, last: bool| {
        // What ends exactly at a tile's edge doesn't reach into the next.
        let over = if last { (v / side).ceil() - 1.0 } else { (v / side).floor() };
        own.checked_add_signed(over as i32)
    };
    let span = |low, high, own| Some(tile_of(low, own, false)?..=tile_of(high, own, true)?);
    let Some((columns, rows)) = span(b[0], b[2], piece.tile.0).zip(span(b[1], b[3], piece.tile.1)) else {
        return false;
    };
    outside && columns.into_iter().all(|x| rows.clone().all(|y| tiles.contains(&(x, y))))
}

/// West, north, east and south ends.
fn bounds(p: &Polygon<f64>) -> [f64; 4] {
    p.bounding_rect().map_or([0.0; 4], |b| [b.min().x, b.min().y, b.max().x, b.max().y])
}

fn overlap(a: [f64; 4], b: [f64; 4]) -> bool {
    a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3]
}

/// Groups the pieces of one key that belong together, from west to east.
fn clusters(mut cuts: Vec<Cut>, side: f64, has_id: bool, work: &mut u64) -> Result<Vec<Vec<Cut>>, TooComplex> {
    cuts.sort_by(|a, b| a.bounds[0].total_cmp(&b.bounds[0]));
    let mut parent: Vec<usize> = (0..cuts.len()).collect();
    let mut open: Vec<usize> = Vec::new();
    for (i, cut) in cuts.iter().enumerate() {
        open.retain(|&j| cuts[j].bounds[2] >= cut.bounds[0]);
        spend(work, open.len() as u64)?;
        for &j in &open {
            let other = &cuts[j];
            if cut.tile != other.tile
                && overlap(cut.bounds, other.bounds)
                && root(&mut parent, i) != root(&mut parent, j)
                && (has_id || agree(cut, other, side, work)?)
            {
                let (a, b) = (root(&mut parent, i), root(&mut parent, j));
                parent[a.max(b)] = a.min(b);
            }
        }
        open.push(i);
    }
    let mut grouped: BTreeMap<usize, Vec<Cut>> = BTreeMap::new();
    for (i, cut) in cuts.into_iter().enumerate() {
        grouped.entry(root(&mut parent, i)).or_default().push(cut);
    }
    Ok(grouped.into_values().collect())
}

/// Whether pieces of two tiles show the same building where both look.
fn agree(a: &Cut, b: &Cut, side: f64, work: &mut u64) -> Result<bool, TooComplex> {
    if a.outline == b.outline {
        return Ok(true);
    }
    let vertices = (a.outline.coords_count() + b.outline.coords_count()) as u64;
    spend(work, vertices.saturating_mul(vertices))?;
    let common = Rect::new(
        coord! { x: a.bounds[0].max(b.bounds[0]), y: a.bounds[1].max(b.bounds[1]) },
        coord! { x: a.bounds[2].min(b.bounds[2]), y: a.bounds[3].min(b.bounds[3]) },
    );
    if common.width() > THIN && common.height() > THIN {
        let ground = common.to_polygon();
        let within = |outline: &Polygon<f64>| outline.intersection(&ground).unsigned_area();
        let shared = a.outline.intersection(&b.outline).unsigned_area();
        return Ok(shared > AGREEMENT * within(&a.outline).min(within(&b.outline)));
    }
    // Tiles cut without a margin have no common ground: their pieces share the cut.
    let upright = a.tile.0 != b.tile.0;
    let line = if upright { a.tile.0.max(b.tile.0) } else { a.tile.1.max(b.tile.1) } as f64 * side;
    let (of_a, of_b) = (runs_along(&a.outline, upright, line), runs_along(&b.outline, upright, line));
    let length = |runs: &[(f64, f64)]| runs.iter().map(|(from, to)| to - from).sum::<f64>();
    let both = |a: &(f64, f64), b: &(f64, f64)| (a.1.min(b.1) - a.0.max(b.0)).max(0.0);
    let shared: f64 = of_a.iter().flat_map(|a| of_b.iter().map(move |b| both(a, b))).sum();
    Ok(shared > AGREEMENT * length(&of_a).min(length(&of_b)))
}

/// Where an outline runs along a tile's edge, which stands upright or lies: from where to where.
fn runs_along(outline: &Polygon<f64>, upright: bool, line: f64) -> Vec<(f64, f64)> {
    let rings = std::iter::once(outline.exterior()).chain(outline.interiors());
    let run = |edge: Line<f64>| {
        let (start, end) = (edge.start.x_y(), edge.end.x_y());
        let ((across, from), (across_end, to)) =
            if upright { (start, end) } else { ((start.1, start.0), (end.1, end.0)) };
        (across == line && across_end == line && from != to).then(|| (from.min(to), from.max(to)))
    };
    rings.flat_map(LineString::lines).filter_map(run).collect()
}

/// The representative of `i`; halves the path on the way.
fn root(parent: &mut [usize], mut i: usize) -> usize {
    while parent[i] != i {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    i
}

fn spend(work: &mut u64, cost: u64) -> Result<(), TooComplex> {
    *work = work.saturating_add(cost);
    if *work > MAX_WORK { Err(TooComplex) } else { Ok(()) }
}
