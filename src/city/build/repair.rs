//! Geometry repair: from outlines as people draw them to polygons that enclose an area once. Every change is counted.

use super::clean::{Repairs, clean, without_repeated};
use super::draft::MAX_OUTLINE_CORNERS;
use super::report::{Log, Repair, Skip};
use crate::geodesy::{LocalFrame, LonLat};
use geo::algorithm::bool_ops::FillRule;
use geo::coordinate_position::{CoordPos, CoordinatePosition};
use geo::line_intersection::{LineIntersection, line_intersection};
use geo::orient::Direction;
use geo::{Area, BooleanOps, BoundingRect, Coord, CoordsIter, Line, LineString, MultiPolygon, Orient, Polygon, Rect};

/// Pairs of walls compared for one outline; beyond that it is too entangled to be a building.
const MAX_PAIRS: u64 = 20_000_000;
/// Pairs compared for all outlines of a source, which bounds the time over a hostile one.
const MAX_PAIRS_IN_ALL: u64 = 4_000_000_000;
/// Crossings of one outline with itself that are cut apart.
const MAX_CROSSINGS: u64 = 10_000;
/// Pairs of outer and inner rings compared in one relation.
const MAX_NESTED: usize = 20_000_000;

/// Repairs the outlines of one source.
pub struct Repairer<'a> {
    frame: &'a LocalFrame,
    /// What was repaired and left out so far.
    pub log: Log,
    pairs: u64,
}

impl<'a> Repairer<'a> {
    /// Goes on counting in `log`, and gives local metres of `frame`.
    pub fn new(frame: &'a LocalFrame, log: Log) -> Self {
        Self { frame, log, pairs: 0 }
    }

    /// The polygons of an outline given in degrees: exteriors counter-clockwise, no ring meeting another or itself.
    pub fn outline(&mut self, shape: MultiPolygon<f64>, name: &dyn Fn() -> String) -> Result<Vec<Polygon<f64>>, Skip> {
        if shape.coords_count() > MAX_OUTLINE_CORNERS {
            return Err(Skip::TooManyCorners);
        }
        let (mut bad, mut repairs) = (0, Repairs::default());
        let mut ring = |line: LineString<f64>| {
            let before = line.0.len();
            let sound = line.0.into_iter().map(|c| LonLat::new(c.x, c.y)).filter(|p| p.is_valid());
            let local: LineString<f64> = sound.map(|p| Coord::from(self.frame.to_local(p).to_array())).collect();
            bad += before - local.0.len();
            without_repeated(local, &mut repairs)
        };
        let local = shape.into_iter().map(|polygon| {
            let (exterior, holes) = polygon.into_inner();
            Polygon::new(ring(exterior), holes.into_iter().map(&mut ring).collect())
        });
        let local: Vec<Polygon<f64>> = local.collect();
        self.log.repairs.add_many(Repair::BadCoordinate, bad as u64, name);
        self.log.repairs.add_many(Repair::RepeatedPoint, repairs.repeated_points as u64, name);
        // A ring that crosses itself may have no area on the whole, so crossings come before slivers.
        let mut whole = Vec::new();
        for polygon in local {
            let parts = match self.meets_itself(&polygon) {
                Meeting::Never => MultiPolygon(vec![polygon]),
                Meeting::Often => return Err(Skip::TooManyCorners),
                Meeting::Sometimes => {
                    self.log.repairs.add(Repair::CrossedItself, name);
                    let nothing = MultiPolygon::<f64>(Vec::new());
                    MultiPolygon(vec![polygon]).union_with_fill_rule(&nothing, FillRule::EvenOdd)
                }
            };
            whole.extend(self.clean(parts, name));
        }
        let whole: Vec<_> =
            whole.into_iter().map(|p| self.without_stray_courtyards(p, name).orient(Direction::Default)).collect();
        if whole.is_empty() { Err(Skip::NoArea) } else { Ok(whole) }
    }

    fn clean(&mut self, shape: MultiPolygon<f64>, name: &dyn Fn() -> String) -> Vec<Polygon<f64>> {
        let mut repairs = Repairs::default();
        let parts = clean(shape, &mut repairs);
        self.log.repairs.add_many(Repair::Sliver, repairs.slivers as u64, name);
        parts
    }

    /// Whether any two walls of a polygon have a point in common but the corner between neighbours.
    fn meets_itself(&mut self, polygon: &Polygon<f64>) -> Meeting {
        let mut walls: Vec<Wall> = Vec::with_capacity(polygon.coords_count());
        for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
            let (first, count) = (walls.len(), ring.0.len().saturating_sub(1));
            for (i, line) in ring.lines().enumerate() {
                walls.push(Wall { line, before: first + (i + count - 1) % count, this: first + i });
            }
        }
        walls.sort_by(|a, b| a.west().total_cmp(&b.west()));
        let (mut crossings, mut pairs) = (0, 0);
        let mut open: Vec<&Wall> = Vec::new();
        for wall in &walls {
            open.retain(|other| other.east() >= wall.west());
            pairs += open.len() as u64;
            if pairs > MAX_PAIRS || self.pairs + pairs > MAX_PAIRS_IN_ALL {
                return Meeting::Often;
            }
            crossings += open.iter().filter(|other| other.meets(wall)).count() as u64;
            if crossings > MAX_CROSSINGS {
                return Meeting::Often;
            }
            open.push(wall);
        }
        self.pairs += pairs;
        if crossings == 0 { Meeting::Never } else { Meeting::Sometimes }
    }

    /// Rings that meet nowhere are inside of each other or outside: a hole that is outside is no hole.
    fn without_stray_courtyards(&mut self, polygon: Polygon<f64>, name: &dyn Fn() -> String) -> Polygon<f64> {
        if polygon.interiors().is_empty() {
            return polygon;
        }
        let (exterior, holes) = polygon.into_inner();
        let whole = Polygon::new(exterior, Vec::new());
        let before = holes.len();
        let holes: Vec<_> = holes.into_iter().filter(|hole| is_inside(hole, &whole)).collect();
        self.log.repairs.add_many(Repair::StrayCourtyard, (before - holes.len()) as u64, name);
        Polygon::new(whole.into_inner().0, holes)
    }
}

/// How often the walls of a polygon meet where they should not.
#[derive(Debug, PartialEq, Eq)]
enum Meeting {
    Never,
    Sometimes,
    /// More often than can be cut apart, or than can be told in bounded time.
    Often,
}

/// A side of a ring, and the number of the one before it.
struct Wall {
    line: Line<f64>,
    before: usize,
    this: usize,
}

impl Wall {
    fn west(&self) -> f64 {
        self.line.start.x.min(self.line.end.x)
    }

    fn east(&self) -> f64 {
        self.line.start.x.max(self.line.end.x)
    }

    fn meets(&self, other: &Self) -> bool {
        let (a, b) = (self.line, other.line);
        if a.start.y.max(a.end.y) < b.start.y.min(b.end.y) || a.start.y.min(a.end.y) > b.start.y.max(b.end.y) {
            return false;
        }
        let neighbours = self.before == other.this || other.before == self.this;
        match line_intersection(a, b) {
            None => false,
            Some(LineIntersection::SinglePoint { .. }) => !neighbours,
            Some(LineIntersection::Collinear { intersection }) => !neighbours || intersection.start != intersection.end,
        }
    }
}

/// Polygons of outer rings with the inner rings that lie in them, each in the smallest; and how many lie in none.
pub fn nest(outer: Vec<LineString<f64>>, inner: Vec<LineString<f64>>) -> (MultiPolygon<f64>, u64) {
    let mut polygons: Vec<Polygon<f64>> = outer.into_iter().map(|ring| Polygon::new(ring, Vec::new())).collect();
    if inner.is_empty() {
        return (MultiPolygon(polygons), 0);
    }
    let mut order: Vec<(f64, Option<Rect<f64>>, usize)> =
        polygons.iter().enumerate().map(|(i, p)| (p.unsigned_area(), p.bounding_rect(), i)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let bare = polygons.clone();
    let (mut stray, mut compared) = (0, 0);
    for ring in inner {
        compared += order.len();
        let bounds = ring.bounding_rect();
        let home = order.iter().filter(|_| compared < MAX_NESTED).find(|(_, around, i)| {
            let near = around.zip(bounds).is_some_and(|(a, b)| {
                a.min().x <= b.min().x && a.min().y <= b.min().y && a.max().x >= b.max().x && a.max().y >= b.max().y
            });
            near && is_inside(&ring, &bare[*i])
        });
        match home {
            Some((.., i)) => polygons[*i].interiors_push(ring),
            None => stray += 1,
        }
    }
    (MultiPolygon(polygons), stray)
}

/// Whether a ring that does not cross `polygon` (which has no holes) lies in it: the first corner or middle of a side
/// that is not on its edge tells. A ring that is all edge is the polygon itself, and no hole in it.
fn is_inside(ring: &LineString<f64>, polygon: &Polygon<f64>) -> bool {
    let middles = ring.lines().map(|l| (l.start + l.end) / 2.0);
    let told = ring.0.iter().copied().chain(middles).map(|c| polygon.coordinate_position(&c));
    told.filter(|at| *at != CoordPos::OnBoundary).map(|at| at == CoordPos::Inside).next().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ORIGIN: LonLat = LonLat::new(11.5, 48.1);

    /// Repairs rings given in metres; the areas of what comes out, ascending.
    fn repaired(rings: &[&[(f64, f64)]]) -> (Result<Vec<f64>, Skip>, Log) {
        let frame = LocalFrame::new(ORIGIN);
        let degrees = |ring: &[(f64, f64)]| -> LineString<f64> {
            let of = |p: &(f64, f64)| frame.to_lonlat(glam::DVec2::new(p.0, p.1));
            ring.iter().map(|p| Coord { x: of(p).lon, y: of(p).lat }).collect()
        };
        let holes = rings[1..].iter().map(|r| degrees(r)).collect();
        let shape = MultiPolygon(vec![Polygon::new(degrees(rings[0]), holes)]);
        let mut repairer = Repairer::new(&frame, Log::default());
        let polygons = repairer.outline(shape, &|| "it".into());
        let areas = polygons.map(|polygons| {
            let mut areas: Vec<f64> = polygons.iter().map(Area::signed_area).collect();
            areas.sort_by(f64::total_cmp);
            areas
        });
        (areas, repairer.log)
    }

    const SQUARE: &[(f64, f64)] = &[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)];

    fn near(found: &[f64], expected: &[f64]) -> bool {
        found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-3)
    }

    #[test]
    fn a_sound_outline_is_left_as_it_is() {
        let court = &[(2.0, 2.0), (4.0, 2.0), (4.0, 4.0), (2.0, 4.0)];
        let (areas, log) = repaired(&[SQUARE, court]);
        assert!(near(&areas.expect("a polygon"), &[96.0]));
        assert_eq!(log, Log::default());
    }

    #[test]
    fn a_bow_tie_becomes_its_two_halves() {
        let (areas, log) = repaired(&[&[(0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, 10.0)]]);
        assert!(near(&areas.expect("two polygons"), &[25.0, 25.0]));
        assert_eq!(log.repairs.of(Repair::CrossedItself), 1);
    }

    #[test]
    fn a_ring_that_passes_a_corner_twice_does_not_cancel_itself() {
        let (areas, _) = repaired(&[&[(0.0, 0.0), (5.0, 5.0), (10.0, 0.0), (10.0, 10.0), (5.0, 5.0), (0.0, 10.0)]]);
        let sum: f64 = areas.expect("polygons").iter().sum();
        assert!((sum - 50.0).abs() < 1e-3, "{sum}");
    }

    #[test]
    fn a_spike_is_cut_off() {
        let (areas, log) = repaired(&[&[(0.0, 0.0), (10.0, 0.0), (20.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]]);
        assert!(near(&areas.expect("a polygon"), &[100.0]));
        assert_eq!(log.repairs.of(Repair::CrossedItself), 1);
    }

    #[test]
    fn repeated_and_impossible_corners_are_taken_away() {
        let (areas, log) =
            repaired(&[&[(0.0, 0.0), (10.0, 0.0), (10.0, 0.0), (10.0, 10.0), (f64::NAN, 3.0), (0.0, 10.0)]]);
        assert!(near(&areas.expect("a polygon"), &[100.0]));
        assert_eq!((log.repairs.of(Repair::RepeatedPoint), log.repairs.of(Repair::BadCoordinate)), (1, 1));
    }

    #[test]
    fn without_area_there_is_no_building() {
        assert_eq!(repaired(&[&[(0.0, 0.0), (10.0, 0.0), (20.0, 0.0)]]).0, Err(Skip::NoArea));
        assert_eq!(repaired(&[&[]]).0, Err(Skip::NoArea));
    }

    #[test]
    fn a_courtyard_outside_is_none() {
        let (areas, log) = repaired(&[SQUARE, &[(20.0, 0.0), (24.0, 0.0), (24.0, 4.0), (20.0, 4.0)]]);
        assert!(near(&areas.expect("a polygon"), &[100.0]));
        assert_eq!(log.repairs.of(Repair::StrayCourtyard), 1);
    }

    #[test]
    fn inner_rings_find_the_smallest_outer_ring_around_them() {
        let ring = |low: f64, high: f64| {
            LineString::from(vec![(low, low), (high, low), (high, high), (low, high), (low, low)])
        };
        let (nested, stray) = nest(
            vec![ring(0.0, 100.0), ring(20.0, 40.0)],
            vec![ring(10.0, 50.0), ring(25.0, 30.0), ring(200.0, 201.0)],
        );
        let holes: Vec<usize> = nested.iter().map(|p| p.interiors().len()).collect();
        assert_eq!((holes, stray), (vec![1, 1], 1));
        assert!((nested.unsigned_area() - (10000.0 - 1600.0 + 400.0 - 25.0)).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn whatever_is_drawn_comes_out_sound_or_not_at_all(points in prop::collection::vec((-50.0..50.0f64, -50.0..50.0f64), 0..24)) {
            let frame = LocalFrame::new(ORIGIN);
            let of = |p: &(f64, f64)| frame.to_lonlat(glam::DVec2::new(p.0, p.1));
            let ring: LineString<f64> = points.iter().map(|p| Coord { x: of(p).lon, y: of(p).lat }).collect();
            let shape = MultiPolygon(vec![Polygon::new(ring, Vec::new())]);
            for polygon in Repairer::new(&frame, Log::default()).outline(shape, &String::new).unwrap_or_default() {
                prop_assert!(polygon.signed_area() > 0.0);
                // Rings may touch in a corner after a cut, but no two walls cross properly any more.
                let lines: Vec<Line<f64>> = polygon.exterior().lines().chain(polygon.interiors().iter().flat_map(LineString::lines)).collect();
                for (i, a) in lines.iter().enumerate() {
                    for b in &lines[..i] {
                        if let Some(LineIntersection::SinglePoint { intersection, is_proper: true }) = line_intersection(*a, *b) {
                            let apart = [a.start, a.end, b.start, b.end].iter().all(|c| (c.x - intersection.x).hypot(c.y - intersection.y) > 1e-6);
                            prop_assert!(!apart, "{a:?} crosses {b:?}");
                        }
                    }
                }
            }
        }
    }
}
