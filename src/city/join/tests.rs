use super::{Piece, TooComplex, join};
use geo::orient::Direction;
use geo::{Area, LineString, Orient, Polygon, polygon};
use std::collections::BTreeSet;

/// Units to a side of the tiles here.
const SIDE: u32 = 4096;

/// A rectangle in tile units.
fn rect(x0: f64, y0: f64, x1: f64, y1: f64) -> Polygon<f64> {
    polygon![(x: x0, y: y0), (x: x1, y: y0), (x: x1, y: y1), (x: x0, y: y1)]
}

fn piece(key: u32, has_id: bool, tile: (u32, u32), outline: Polygon<f64>) -> Piece<u32> {
    Piece { key, has_id, tile, extent: SIDE, outline }
}

fn joined(pieces: Vec<Piece<u32>>) -> Vec<(u32, Polygon<f64>)> {
    let tiles: BTreeSet<(u32, u32)> = pieces.iter().map(|p| p.tile).collect();
    join(pieces, &tiles).expect("simple")
}

/// Area in square tile units.
fn area(outline: &Polygon<f64>) -> f64 {
    outline.unsigned_area() * f64::from(SIDE) * f64::from(SIDE)
}

#[test]
fn a_building_cut_with_a_margin_has_no_wall_at_the_cut() {
    for has_id in [true, false] {
        let whole = joined(vec![
            piece(7, has_id, (0, 0), rect(3700.0, 1600.0, 4160.0, 2000.0)),
            piece(7, has_id, (1, 0), rect(-64.0, 1600.0, 400.0, 2000.0)),
        ]);
        assert_eq!(whole.len(), 1);
        assert_eq!(whole[0].1.exterior().0.len(), 5, "a rectangle: {whole:?}");
        assert!((area(&whole[0].1) - 796.0 * 400.0).abs() < 1e-6);
    }
}

#[test]
fn a_building_cut_exactly_at_the_edge_has_no_wall_at_the_cut() {
    for has_id in [true, false] {
        // The wall that slants is cut between two grid points, and rounded differently by the two tiles.
        let left =
            polygon![(x: 3700.0, y: 1600.0), (x: 4096.0, y: 1651.0), (x: 4096.0, y: 2000.0), (x: 3700.0, y: 2000.0)];
        let right = polygon![(x: 0.0, y: 1650.0), (x: 400.0, y: 1700.0), (x: 400.0, y: 2000.0), (x: 0.0, y: 2000.0)];
        let whole = joined(vec![piece(7, has_id, (0, 0), left), piece(7, has_id, (1, 0), right)]);
        assert_eq!(whole.len(), 1);
        assert_eq!(whole[0].1.exterior().0.len(), 5, "{whole:?}");
        assert!((area(&whole[0].1) - 350.0 * 796.0).abs() < 1e-6, "{}", area(&whole[0].1));
    }
}

#[test]
fn it_does_not_matter_which_way_the_pieces_turn() {
    let turned = |p: Polygon<f64>| p.orient(Direction::Reversed);
    let whole = joined(vec![
        piece(7, true, (0, 0), turned(rect(3700.0, 1600.0, 4160.0, 2000.0))),
        piece(7, true, (1, 0), rect(-64.0, 1600.0, 400.0, 2000.0)),
    ]);
    assert_eq!(whole.len(), 1);
    assert!((area(&whole[0].1) - 796.0 * 400.0).abs() < 1e-6);
}

#[test]
fn whole_copies_in_several_tiles_are_one_building() {
    let copy = |x: f64, y: f64| rect(3700.0 - x, 3700.0 - y, 4400.0 - x, 4400.0 - y);
    let pieces = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(x, y)| {
        let side = f64::from(SIDE);
        piece(3, true, (x, y), copy(f64::from(x) * side, f64::from(y) * side))
    });
    let whole = joined(pieces.to_vec());
    assert_eq!(whole.len(), 1);
    assert!((area(&whole[0].1) - 700.0 * 700.0).abs() < 1e-6);
}

#[test]
fn row_houses_without_ids_stay_apart_across_a_tile_edge() {
    let houses = [(1000.0, 1100.0), (1100.0, 1200.0), (1200.0, 1300.0)];
    let left = houses.map(|(y0, y1)| piece(0, false, (0, 0), rect(3900.0, y0, 4160.0, y1)));
    let right = houses.map(|(y0, y1)| piece(0, false, (1, 0), rect(-64.0, y0, 300.0, y1)));
    let whole = joined(left.into_iter().chain(right).collect());
    assert_eq!(whole.len(), 3);
    for (_, house) in whole {
        assert!((area(&house) - 496.0 * 100.0).abs() < 1e-6);
    }
}

#[test]
fn what_lies_in_the_margin_alone_is_left_to_the_next_tile() {
    // The margin shows a corner of a house of the next tile, too thin to be told from rounding.
    let pieces = vec![
        piece(0, false, (0, 0), rect(4100.0, 50.0, 4160.0, 90.0)),
        piece(0, false, (1, 0), rect(4.0, 50.0, 200.0, 90.0)),
    ];
    assert_eq!(joined(pieces.clone()).len(), 1);
    // Of a tile that was not read it is all there is.
    let read = BTreeSet::from([(0, 0)]);
    assert_eq!(join(pieces[..1].to_vec(), &read).expect("simple").len(), 1);
}

#[test]
fn a_ring_of_walls_around_a_courtyard_is_whole_again() {
    let yard = |x: f64| {
        let outer = rect(3800.0 - x, 1000.0, 4400.0 - x, 1600.0);
        Polygon::new(outer.exterior().clone(), vec![rect(3950.0 - x, 1150.0, 4250.0 - x, 1450.0).exterior().clone()])
    };
    // Cut by hand at the margins of 64 units: each tile sees a bracket.
    let left = polygon![
        (x: 3800.0, y: 1000.0), (x: 4160.0, y: 1000.0), (x: 4160.0, y: 1150.0), (x: 3950.0, y: 1150.0),
        (x: 3950.0, y: 1450.0), (x: 4160.0, y: 1450.0), (x: 4160.0, y: 1600.0), (x: 3800.0, y: 1600.0),
    ];
    let right = polygon![
        (x: -64.0, y: 1000.0), (x: 304.0, y: 1000.0), (x: 304.0, y: 1600.0), (x: -64.0, y: 1600.0),
        (x: -64.0, y: 1450.0), (x: 154.0, y: 1450.0), (x: 154.0, y: 1150.0), (x: -64.0, y: 1150.0),
    ];
    for has_id in [true, false] {
        let whole = joined(vec![piece(7, has_id, (0, 0), left.clone()), piece(7, has_id, (1, 0), right.clone())]);
        assert_eq!(whole.len(), 1, "{whole:?}");
        assert_eq!(whole[0].1.interiors().len(), 1);
        assert!((area(&whole[0].1) - yard(0.0).unsigned_area()).abs() < 1e-6);
    }
}

#[test]
fn courtyards_that_touch_the_outer_wall_in_a_corner_stay_open() {
    let triangle = |tip: (f64, f64), a, b| LineString::from(vec![tip, a, b, tip]);
    for yard in [
        triangle((3900.0, 1000.0), (3850.0, 1200.0), (3950.0, 1200.0)),
        triangle((3900.0, 1600.0), (3850.0, 1400.0), (3950.0, 1400.0)),
        triangle((3700.0, 1300.0), (3900.0, 1250.0), (3900.0, 1350.0)),
    ] {
        let left = Polygon::new(rect(3700.0, 1000.0, 4160.0, 1600.0).exterior().clone(), vec![yard]);
        let right = rect(-64.0, 1000.0, 304.0, 1600.0);
        for has_id in [true, false] {
            let whole = joined(vec![piece(7, has_id, (0, 0), left.clone()), piece(7, has_id, (1, 0), right.clone())]);
            assert_eq!(whole.len(), 1, "{whole:?}");
            assert!((area(&whole[0].1) - (700.0 * 600.0 - 10_000.0)).abs() < 1e-6, "{whole:?}");
        }
    }
}

#[test]
fn work_that_grows_without_bound_is_refused() {
    let wide = |i: u32| piece(0, false, (i % 2, 0), rect(-4000.0, f64::from(i), 8000.0, f64::from(i) + 0.5));
    let pieces: Vec<_> = (0..100_000).map(wide).collect();
    assert_eq!(join(pieces, &BTreeSet::from([(0, 0), (1, 0)])), Err(TooComplex));
}
