use super::*;
use crate::geodesy::LonLat;
use proptest::prelude::*;

/// A degree to each side at the equator, where both are as long.
fn covered() -> Covered {
    Covered::between(LonLat::new(0.0, 0.0), LonLat::new(1.0, 1.0)).expect("a box")
}

fn line(points: &[(f64, f64)]) -> LineString<f64> {
    LineString::from(points.to_vec())
}

/// A square ring, counter-clockwise: land inside.
fn island(x: f64, y: f64, side: f64) -> LineString<f64> {
    line(&[(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)])
}

fn turned(mut line: LineString<f64>) -> LineString<f64> {
    line.0.reverse();
    line
}

fn water(coast: &[LineString<f64>]) -> MultiPolygon<f64> {
    sea(coast, &covered(), &[]).expect("a sea").water
}

fn wet(water: &MultiPolygon<f64>, x: f64, y: f64) -> bool {
    water.contains(&Point::new(x, y))
}

fn same(area: f64, expected: f64) -> bool {
    (area - expected).abs() < 1e-6
}

#[test]
fn where_there_is_no_coastline_there_is_no_sea() {
    assert_eq!(water(&[]).0.len(), 0);
    // One that lies elsewhere says nothing of here, an island's neither.
    assert_eq!(water(&[line(&[(2.0, -1.0), (2.0, 3.0)]), island(3.0, 0.4, 0.2)]).0.len(), 0);
}

#[test]
fn water_is_on_the_right_of_a_coast() {
    let north = line(&[(0.4, -0.5), (0.4, 1.5)]);
    let east = water(std::slice::from_ref(&north));
    assert!(same(east.unsigned_area(), 0.6) && wet(&east, 0.9, 0.5) && !wet(&east, 0.1, 0.5));
    let west = water(&[turned(north)]);
    assert!(same(west.unsigned_area(), 0.4) && wet(&west, 0.1, 0.5));
}

#[test]
fn a_bay_is_water_as_far_as_it_reaches_and_a_cape_is_land() {
    let bay = line(&[(1.2, 0.7), (0.5, 0.7), (0.5, 0.3), (1.2, 0.3)]);
    let outside = water(std::slice::from_ref(&bay));
    assert!(same(outside.unsigned_area(), 1.0 - 0.5 * 0.4), "the land is a cape");
    let inside = water(&[turned(bay)]);
    assert!(same(inside.unsigned_area(), 0.5 * 0.4) && wet(&inside, 0.8, 0.5), "the water is a bay");
}

#[test]
fn a_strait_lies_between_two_coasts() {
    let (west, east) = (line(&[(0.3, -1.0), (0.3, 2.0)]), line(&[(0.6, 2.0), (0.6, -1.0)]));
    let strait = water(&[east.clone(), west.clone()]);
    assert!(same(strait.unsigned_area(), 0.3) && wet(&strait, 0.45, 0.5));
    // With the land between them there is water to both sides.
    let sides = water(&[turned(east), turned(west)]);
    assert_eq!(sides.0.len(), 2);
    assert!(same(sides.unsigned_area(), 0.7) && !wet(&sides, 0.45, 0.5));
}

#[test]
fn a_coast_that_leaves_and_comes_back_is_cut_there() {
    // Land in the north; the coast touches the bounds' east side twice.
    let coast = line(&[(-0.1, 0.5), (0.9, 0.5), (1.3, 0.6), (0.9, 0.7), (0.9, 0.8), (1.1, 0.8)]);
    let coast = water(&[coast]);
    assert_eq!(coast.0.len(), 2);
    assert!(wet(&coast, 0.5, 0.2) && !wet(&coast, 0.5, 0.75) && wet(&coast, 0.97, 0.7));
}

#[test]
fn an_island_is_a_hole_in_the_sea() {
    let sea = water(&[island(0.2, 0.2, 0.5)]);
    assert!(same(sea.unsigned_area(), 0.75) && wet(&sea, 0.1, 0.1) && !wet(&sea, 0.4, 0.4));
    let before_a_coast = water(&[line(&[(0.4, -0.5), (0.4, 1.5)]), island(0.6, 0.6, 0.2)]);
    assert!(same(before_a_coast.unsigned_area(), 0.6 - 0.04) && !wet(&before_a_coast, 0.7, 0.7));
    // One that the bounds cut, wherever its ring begins.
    for start in 0..4 {
        let mut ring = island(0.8, 0.3, 0.4);
        ring.0.pop();
        ring.0.rotate_left(start);
        ring.close();
        let cut = water(&[ring]);
        assert!(same(cut.unsigned_area(), 1.0 - 0.2 * 0.4) && !wet(&cut, 0.9, 0.5), "{start}");
    }
    // An island without a shore in sight.
    assert_eq!(water(&[island(-1.0, -1.0, 3.0)]).0.len(), 0);
}

#[test]
fn a_ring_turned_clockwise_is_a_lake_on_land_and_an_island_in_the_sea() {
    let lake = turned(island(0.2, 0.2, 0.5));
    assert!(same(water(std::slice::from_ref(&lake)).unsigned_area(), 0.25));
    let lagoon = [island(0.1, 0.1, 0.8), lake];
    assert!(same(water(&lagoon).unsigned_area(), 1.0 - 0.64 + 0.25));
    let wrong = [line(&[(0.4, -0.5), (0.4, 1.5)]), turned(island(0.6, 0.6, 0.2))];
    let told = sea(&wrong, &covered(), &[]).expect("a sea");
    assert!(told.turned == 1 && same(told.water.unsigned_area(), 0.6 - 0.04), "{told:?}");
}

#[test]
fn a_coast_with_a_gap_makes_no_sea() {
    let broken = [line(&[(0.4, -0.5), (0.4, 0.3)]), line(&[(0.4, 0.5), (0.4, 1.5)])];
    assert_eq!(sea(&broken, &covered(), &[]), Err(Doubt::Open(coord! { x: 0.4, y: 0.3 })));
    let near = [line(&[(0.9, -0.5), (0.9, 0.45)]), line(&[(0.9, 0.5), (0.9, 1.5)])];
    assert!(matches!(sea(&near, &covered(), &[]), Err(Doubt::Open(_))), "the gap is nearer than the bounds");
    let ring = line(&[(0.1, 0.1), (0.3, 0.1), (0.3, 0.3), (0.1, 0.3), (0.1, 0.15)]);
    assert!(matches!(sea(&[ring], &covered(), &[]), Err(Doubt::Open(_))), "a ring that does not close");
    // Extracts end with the last node inside of the bounds.
    let short = water(&[line(&[(0.4, 0.1), (0.4, 0.99)])]);
    assert!(same(short.unsigned_area(), 0.6));
}

#[test]
fn coasts_with_their_land_to_one_another_and_no_water_between_make_no_sea() {
    // Both go north: the strip between them is water of the one and land of the other.
    let coasts = [line(&[(0.3, -1.0), (0.3, 2.0)]), line(&[(0.6, -1.0), (0.6, 2.0)])];
    assert!(matches!(sea(&coasts, &covered(), &[]), Err(Doubt::Facing(_))));
}

#[test]
fn a_town_in_the_sea_stands_on_land() {
    let north = line(&[(0.4, -0.5), (0.4, 1.5)]);
    let town: Vec<Coord<f64>> = (0..5000).map(|i| coord! { x: 0.39 - f64::from(i) * 5e-5, y: 0.5 }).collect();
    assert!(sea(std::slice::from_ref(&north), &covered(), &town).is_ok());
    assert_eq!(sea(&[turned(north)], &covered(), &town), Err(Doubt::Drowned(1.0)));
}

#[test]
fn what_is_wrong_with_a_coast_is_counted_and_named() {
    let mut log = Log::default();
    let gap = [line(&[(0.4, -0.5), (0.4, 0.3)])];
    assert!(feature(&gap, &covered(), &[], &mut log).is_none());
    let told = log.repairs.iter().map(|(kind, count)| (kind, count.examples.clone())).collect::<Vec<_>>();
    assert_eq!(told, [(Repair::BrokenCoast, vec!["0.30000,0.40000".to_owned()])]);
    let coast = [line(&[(0.4, -0.5), (0.4, 1.5)])];
    let sea = feature(&coast, &covered(), &[], &mut Log::default()).expect("a sea");
    assert_eq!((sea.kind.layer, sea.kind.class), (Layer::Water, "sea"));
}

proptest! {
    #[test]
    fn land_and_water_of_a_coast_make_up_the_area(steps in prop::collection::vec(-0.2..0.2f64, 1..30), from in -0.5..1.5f64) {
        // A coast from the west to the east that goes up and down.
        let mut y = from;
        let count = steps.len() as f64;
        let points: Vec<(f64, f64)> = std::iter::once((-0.1, from))
            .chain(steps.iter().enumerate().map(|(i, step)| {
                y += step;
                (-0.1 + 1.2 * (i as f64 + 1.0) / count, y)
            }))
            .collect();
        let coast = line(&points);
        let [south, north] = [coast.clone(), turned(coast.clone())].map(|c| water(&[c]));
        if within(&coast, Rect::new((0.0, 0.0), (1.0, 1.0))).is_empty() {
            prop_assert!(south.0.is_empty() && north.0.is_empty(), "a coast that passes by");
        } else {
            prop_assert!(same(south.unsigned_area() + north.unsigned_area(), 1.0));
            prop_assert!(same(south.intersection(&north).unsigned_area(), 0.0));
        }
    }

    #[test]
    fn any_lines_at_all_make_a_sea_inside_of_the_bounds_or_none(
        lines in prop::collection::vec((prop::collection::vec((-0.5..1.5f64, -0.5..1.5f64), 0..12), any::<bool>()), 0..8),
    ) {
        let lines: Vec<LineString<f64>> = lines
            .into_iter()
            .map(|(points, close)| {
                let mut line = LineString::from(points);
                if close {
                    line.close();
                }
                line
            })
            .collect();
        if let Ok(Sea { water, .. }) = sea(&lines, &covered(), &[]) {
            prop_assert!(water.coords_iter().all(|c| (-1e-6..=1.0 + 1e-6).contains(&c.x) && (-1e-6..=1.0 + 1e-6).contains(&c.y)));
        }
    }
}
