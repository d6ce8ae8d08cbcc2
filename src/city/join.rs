//! Makes whole buildings of the pieces that tiles cut them into, so that a cut edge is never a wall.
//!
//! Tiles hold a building as a whole in each tile it touches (as ours do), or cut at the tile's edge plus a margin. Pieces
//! belong together when they have the same id and the same tags; where there is no id, when they have the same tags and
//! reach beyond their tile's edge towards each other. Equal pieces are one; others are united.

use geo::orient::Direction;
use geo::{BoundingRect, CoordsIter, Orient, Polygon, Simplify, unary_union};
use std::collections::BTreeMap;

/// Work allowed for uniting pieces: the sum over all unions of the square of their vertices.
const MAX_WORK: u64 = 500_000_000;

/// A polygon of one tile, in tile sides (x eastwards, y southwards, whole numbers at the tiles' corners).
#[derive(Clone, Debug)]
pub struct Piece<K> {
    /// Id and tags; pieces of one building agree in it.
    pub key: K,
    /// Whether the key has an id: otherwise only pieces at the tiles' edges belong together.
    pub has_id: bool,
    /// Column and row of its tile.
    pub tile: (u32, u32),
    /// Its outline.
    pub outline: Polygon<f64>,
}

/// The pieces that belong together need more work than is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooComplex;

/// The buildings' outlines with their keys, in the order of the keys. `precision` is the grid of the positions, in tile
/// sides: steps smaller than it that appear where pieces meet are smoothed away.
pub fn join<K: Ord + Clone>(pieces: Vec<Piece<K>>, precision: f64) -> Result<Vec<(K, Polygon<f64>)>, TooComplex> {
    let mut groups: BTreeMap<K, Vec<Piece<K>>> = BTreeMap::new();
    for piece in pieces {
        groups.entry(piece.key.clone()).or_default().push(piece);
    }
    let mut whole = Vec::new();
    let mut work = 0u64;
    for (key, mut group) in groups {
        let mut seen: Vec<Polygon<f64>> = Vec::new();
        if group[0].has_id {
            let several_tiles = group.iter().any(|p| p.tile != group[0].tile);
            seen.extend(unite(group, several_tiles, precision, &mut work)?);
        } else {
            let (edge, inner): (Vec<_>, Vec<_>) = group.drain(..).partition(reaches_edge);
            seen.extend(inner.into_iter().map(|p| p.outline));
            for cluster in clusters(edge, &mut work)? {
                seen.extend(unite(cluster, true, precision, &mut work)?);
            }
        }
        whole.extend(seen.into_iter().map(|outline| (key.clone(), outline)));
    }
    Ok(whole)
}

/// One outline for each connected part of `group`.
fn unite<K>(group: Vec<Piece<K>>, cut: bool, precision: f64, work: &mut u64) -> Result<Vec<Polygon<f64>>, TooComplex> {
    let mut outlines: Vec<Polygon<f64>> = group.into_iter().map(|p| p.outline).collect();
    if !cut {
        return Ok(outlines);
    }
    outlines.sort_by(|a, b| order(a).partial_cmp(&order(b)).unwrap_or(std::cmp::Ordering::Equal));
    outlines.dedup_by(|a, b| a == b);
    spend(work, (outlines.len() as u64).saturating_pow(2))?;
    if outlines.len() < 2 || !outlines.iter().enumerate().any(|(i, a)| outlines[..i].iter().any(|b| touch(a, b))) {
        return Ok(outlines);
    }
    let vertices = outlines.iter().map(CoordsIter::coords_count).sum::<usize>() as u64;
    spend(work, vertices.saturating_mul(vertices))?;
    // A union counts only what turns counter-clockwise, which tiles of version 1 don't promise.
    let outlines: Vec<Polygon<f64>> = outlines.iter().map(|p| p.orient(Direction::Default)).collect();
    let united = unary_union(&outlines);
    Ok(united.into_iter().map(|p| p.simplify(precision)).filter(|p| p.exterior().0.len() > 3).collect())
}

/// An order in which equal outlines come together.
fn order(p: &Polygon<f64>) -> (f64, f64, f64, f64, usize) {
    let b = bounds(p);
    (b[0], b[1], b[2], b[3], p.coords_count())
}

/// West, north, east and south ends.
fn bounds(p: &Polygon<f64>) -> [f64; 4] {
    p.bounding_rect().map_or([0.0; 4], |b| [b.min().x, b.min().y, b.max().x, b.max().y])
}

fn touch(a: &Polygon<f64>, b: &Polygon<f64>) -> bool {
    overlap(bounds(a), bounds(b))
}

fn overlap(a: [f64; 4], b: [f64; 4]) -> bool {
    a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3]
}

fn reaches_edge<K>(piece: &Piece<K>) -> bool {
    let b = bounds(&piece.outline);
    let (x, y) = (f64::from(piece.tile.0), f64::from(piece.tile.1));
    b[0] <= x || b[1] <= y || b[2] >= x + 1.0 || b[3] >= y + 1.0
}

/// Groups pieces whose bounds touch, from west to east.
fn clusters<K>(mut pieces: Vec<Piece<K>>, work: &mut u64) -> Result<Vec<Vec<Piece<K>>>, TooComplex> {
    pieces.sort_by(|a, b| bounds(&a.outline)[0].total_cmp(&bounds(&b.outline)[0]));
    let boxes: Vec<[f64; 4]> = pieces.iter().map(|p| bounds(&p.outline)).collect();
    let mut parent: Vec<usize> = (0..pieces.len()).collect();
    let mut open: Vec<usize> = Vec::new();
    for i in 0..pieces.len() {
        open.retain(|&j| boxes[j][2] >= boxes[i][0]);
        spend(work, open.len() as u64)?;
        for &j in &open {
            if overlap(boxes[i], boxes[j]) {
                let (a, b) = (root(&mut parent, i), root(&mut parent, j));
                parent[a.max(b)] = a.min(b);
            }
        }
        open.push(i);
    }
    let mut grouped: BTreeMap<usize, Vec<Piece<K>>> = BTreeMap::new();
    for (i, piece) in pieces.into_iter().enumerate() {
        grouped.entry(root(&mut parent, i)).or_default().push(piece);
    }
    Ok(grouped.into_values().collect())
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

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Area, polygon};

    fn rect(x0: f64, y0: f64, x1: f64, y1: f64) -> Polygon<f64> {
        polygon![(x: x0, y: y0), (x: x1, y: y0), (x: x1, y: y1), (x: x0, y: y1)]
    }

    fn piece(key: u32, has_id: bool, tile: (u32, u32), outline: Polygon<f64>) -> Piece<u32> {
        Piece { key, has_id, tile, outline }
    }

    const PRECISION: f64 = 1.0 / 4096.0;

    #[test]
    fn a_building_cut_with_a_margin_has_no_wall_at_the_cut() {
        let pieces = vec![
            piece(7, true, (0, 0), rect(0.9, 0.4, 1.015625, 0.5)),
            piece(7, true, (1, 0), rect(0.984375, 0.4, 1.1, 0.5)),
        ];
        let whole = join(pieces, PRECISION).expect("simple");
        assert_eq!(whole.len(), 1);
        let outline = &whole[0].1;
        assert_eq!(outline.exterior().0.len(), 5, "a rectangle: {outline:?}");
        assert!((outline.unsigned_area() - 0.02).abs() < 1e-6);
    }

    #[test]
    fn a_building_cut_exactly_at_the_edge_has_no_wall_at_the_cut() {
        let pieces =
            vec![piece(7, true, (0, 0), rect(0.9, 0.4, 1.0, 0.5)), piece(7, true, (1, 0), rect(1.0, 0.4, 1.1, 0.5))];
        let whole = join(pieces, PRECISION).expect("simple");
        assert_eq!(whole.len(), 1);
        assert_eq!(whole[0].1.exterior().0.len(), 5);
    }

    #[test]
    fn it_does_not_matter_which_way_the_pieces_turn() {
        let turned = |p: Polygon<f64>| p.orient(Direction::Reversed);
        let pieces = vec![
            piece(7, true, (0, 0), turned(rect(0.9, 0.4, 1.01, 0.5))),
            piece(7, true, (1, 0), rect(0.99, 0.4, 1.1, 0.5)),
        ];
        let whole = join(pieces, PRECISION).expect("simple");
        assert_eq!(whole.len(), 1);
        assert!((whole[0].1.unsigned_area() - 0.02).abs() < 1e-6);
    }

    #[test]
    fn whole_copies_in_several_tiles_are_one_building() {
        let copy = rect(0.9, 0.9, 1.1, 1.1);
        let pieces = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|tile| piece(3, true, tile, copy.clone()));
        assert_eq!(join(pieces.to_vec(), PRECISION).expect("simple"), vec![(3, copy)]);
    }

    #[test]
    fn without_ids_only_pieces_at_tile_edges_are_united() {
        let pieces = vec![
            piece(0, false, (0, 0), rect(0.9, 0.4, 1.01, 0.5)),
            piece(0, false, (1, 0), rect(0.99, 0.4, 1.1, 0.5)),
            piece(0, false, (0, 0), rect(0.2, 0.2, 0.3, 0.3)),
            piece(0, false, (0, 0), rect(0.3, 0.2, 0.4, 0.3)),
        ];
        assert_eq!(join(pieces, PRECISION).expect("simple").len(), 3);
    }

    #[test]
    fn work_that_grows_without_bound_is_refused() {
        let wide = |i: u32| piece(0, false, (0, 0), rect(-1.0, f64::from(i), 2.0, f64::from(i) + 0.5));
        assert_eq!(join((0..100_000).map(wide).collect(), PRECISION), Err(TooComplex));
    }
}
