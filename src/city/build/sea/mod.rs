//! The sea, from coastlines: land lies on their left, water on their right. They are cut at the bounds of what a city
//! covers and closed along them; islands become holes.
//!
//! A coastline that ends inland leaves it open where the water ends, and one that runs the wrong way puts it where the town
//! is. There is no sea then, and [`Doubt`] says why: a map that lacks its water can be read, a drowned one can't.

#[cfg(test)]
mod tests;

use super::clip::{Axis, Cut};
use super::draft::{Feature, Kind, Layer, Shape, hash};
use super::report::{Log, Repair};
use crate::geodesy::Area as Covered;
use geo::algorithm::bool_ops::FillRule;
use geo::{Area, BooleanOps, Contains, Coord, CoordsIter, LineString, MultiPolygon, Point, Polygon, Rect, coord};

/// An end inside of the bounds is carried on to them when it is no further from them than this share of their shorter side:
/// extracts keep the nodes inside of their bounds, or the ways that touch them, and a coastline ends with the last.
const REACH: f64 = 0.2;
/// Most ends inside of the bounds; each is held against each.
const MAX_ENDS: usize = 2000;
/// Buildings looked up in the water, evenly out of all.
const SAMPLE: usize = 1024;
/// Most corners of water that these look-ups may pass, which bounds their time.
const MAX_PASSED: usize = 100_000_000;
/// A sea with more than this share of the buildings in it is none. A harbour has some, on its piers.
const DROWNED: f64 = 0.25;

/// The water of an area.
#[derive(Clone, Debug, PartialEq)]
pub struct Sea {
    /// Degrees.
    pub water: MultiPolygon<f64>,
    /// Rings in the water with their land outside: islands all the same.
    pub turned: u64,
}

/// Why coastlines make no sea.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Doubt {
    /// One of them ends here, inland.
    Open(Coord<f64>),
    /// One of them leaves the area here, and so does the next along its bounds: the land is on both sides of one.
    Facing(Coord<f64>),
    /// This share of the buildings would stand in it.
    Drowned(f64),
}

/// The sea as a feature of the map, where there is one; what is wrong with the coastlines is counted.
pub fn feature(
    coast: &[LineString<f64>],
    covered: &Covered,
    buildings: &[Coord<f64>],
    log: &mut Log,
) -> Option<Feature> {
    let told = |at: Coord<f64>| format!("{:.5},{:.5}", at.y, at.x);
    match sea(coast, covered, buildings) {
        Ok(Sea { water, turned }) => {
            log.repairs.add_many(Repair::TurnedIsland, turned, || "coastline".into());
            let kind = Kind { zoom: 12, area: true, ..Kind::of(Layer::Water, "sea") };
            let id = hash(b"sea".iter().copied());
            (!water.0.is_empty()).then_some(Feature { id, kind, shape: Shape::Area(water) })
        }
        Err(Doubt::Open(at) | Doubt::Facing(at)) => {
            log.repairs.add(Repair::BrokenCoast, || told(at));
            None
        }
        Err(Doubt::Drowned(share)) => {
            log.repairs.add(Repair::DrownedTown, || format!("{:.0} % of the buildings", 100.0 * share));
            None
        }
    }
}

/// The water of an area, from coastlines joined to the longest lines there are, degrees.
pub fn sea(coast: &[LineString<f64>], covered: &Covered, buildings: &[Coord<f64>]) -> Result<Sea, Doubt> {
    let bounds =
        Rect::new(coord! { x: covered.min.lon, y: covered.min.lat }, coord! { x: covered.max.lon, y: covered.max.lat });
    let (mut shores, mut islands, mut lakes) = (Vec::new(), Vec::new(), Vec::new());
    for line in carried_on(coast, bounds)? {
        for part in within(&line, bounds) {
            if part.is_closed() {
                let ring = Polygon::new(part, Vec::new());
                match ring.signed_area() {
                    area if area > 0.0 => islands.push(ring),
                    area if area < 0.0 => lakes.push(ring),
                    _ => {}
                }
            } else {
                shores.push(part);
            }
        }
    }
    let mut water = if shores.is_empty() && !islands.is_empty() {
        MultiPolygon(vec![bounds.to_polygon()])
    } else {
        closed_along(&shores, bounds)?
    };
    if !islands.is_empty() {
        water = water.difference_with_fill_rule(&MultiPolygon(islands), FillRule::NonZero);
    }
    let mut turned = 0;
    if !lakes.is_empty() {
        // With land around it such a ring is a lake; with water around it, an island drawn the wrong way.
        let lakes = MultiPolygon(lakes);
        turned = lakes.intersection(&water).0.len() as u64;
        water = water.xor(&lakes);
    }
    let share = share_in(&water, buildings);
    if share > DROWNED { Err(Doubt::Drowned(share)) } else { Ok(Sea { water, turned }) }
}

/// The lines, and from ends inside of the bounds on to these, by the shortest way. Where the next line begins nearer than
/// the bounds are, there is a gap instead.
fn carried_on(coast: &[LineString<f64>], bounds: Rect<f64>) -> Result<Vec<LineString<f64>>, Doubt> {
    // A degree of longitude is shorter than one of latitude.
    let squeeze = bounds.min().y.to_radians().cos();
    let ends = coast.iter().filter(|line| !line.is_closed()).flat_map(|line| {
        let (first, last) = (line.0.first(), line.0.last());
        [(first, true), (last, false)].into_iter().filter_map(|(end, begins)| Some((*end?, begins)))
    });
    let ends: Vec<(Coord<f64>, bool)> = ends.filter(|(end, _)| bounds.contains(end)).collect();
    if ends.len() > MAX_ENDS {
        return Err(Doubt::Open(ends[0].0));
    }
    let on = |end: Coord<f64>, begins: bool| {
        let (away, at) = nearest(end, bounds, squeeze);
        let is_gap = |other: &(Coord<f64>, bool)| {
            other.1 != begins && ((end.x - other.0.x) * squeeze).hypot(end.y - other.0.y) < away
        };
        let near = REACH * (bounds.width() * squeeze).min(bounds.height());
        (bounds.contains(&end) && away <= near && !ends.iter().any(is_gap)).then_some(at)
    };
    let carried = coast.iter().map(|line| {
        let mut line = line.clone();
        if line.is_closed() {
            return line;
        }
        if let Some(at) = line.0.first().and_then(|end| on(*end, true)) {
            line.0.insert(0, at);
        }
        if let Some(at) = line.0.last().and_then(|end| on(*end, false)) {
            line.0.push(at);
        }
        line
    });
    Ok(carried.collect())
}

/// The nearest point on the bounds to one inside of them, and how far it is, degrees of latitude.
fn nearest(p: Coord<f64>, bounds: Rect<f64>, squeeze: f64) -> (f64, Coord<f64>) {
    let (low, high) = (bounds.min(), bounds.max());
    let sides = [
        ((p.x - low.x) * squeeze, coord! { x: low.x, y: p.y }),
        ((high.x - p.x) * squeeze, coord! { x: high.x, y: p.y }),
        (p.y - low.y, coord! { x: p.x, y: low.y }),
        (high.y - p.y, coord! { x: p.x, y: high.y }),
    ];
    sides.into_iter().fold((f64::INFINITY, p), |best, side| if side.0 < best.0 { side } else { best })
}

/// The parts of a line inside of the bounds; a ring that lies wholly in them stays closed.
fn within(line: &LineString<f64>, bounds: Rect<f64>) -> Vec<LineString<f64>> {
    let (low, high) = (bounds.min(), bounds.max());
    let closed = line.is_closed();
    let columns = line.cut(Axis::East, low.x, high.x);
    let mut parts: Vec<_> = columns.iter().flat_map(|part| part.cut(Axis::South, low.y, high.y)).collect();
    // What only touches the bounds from outside has no length.
    parts.retain(|part| part.0.iter().any(|c| *c != part.0[0]));
    // A ring that leaves the bounds may begin inside of them: its ends are no ends.
    let meets = |a: &LineString<f64>, b: &LineString<f64>| a.0.last() == b.0.first();
    if closed
        && parts.len() > 1
        && meets(&parts[parts.len() - 1], &parts[0])
        && let Some(mut last) = parts.pop()
    {
        last.0.extend_from_slice(&parts[0].0[1..]);
        parts[0] = last;
    }
    parts
}

/// Areas of water between lines that each enter and leave the bounds: along a line, from where it leaves clockwise along the
/// bounds to where the next one enters, and so on until the first is reached again.
fn closed_along(shores: &[LineString<f64>], bounds: Rect<f64>) -> Result<MultiPolygon<f64>, Doubt> {
    let mut ends = Vec::with_capacity(2 * shores.len());
    for (shore, line) in shores.iter().enumerate() {
        for (at, leaves) in [(line.0[0], false), (line.0[line.0.len() - 1], true)] {
            let along = clockwise(at, bounds).ok_or(Doubt::Open(at))?;
            ends.push(End { at, along, shore, leaves });
        }
    }
    ends.sort_by(|a, b| a.along.total_cmp(&b.along).then(b.leaves.cmp(&a.leaves)));
    let mut next = vec![None; shores.len()];
    for (i, end) in ends.iter().enumerate() {
        let after = &ends[(i + 1) % ends.len()];
        if end.leaves == after.leaves {
            return Err(Doubt::Facing(end.at));
        }
        if end.leaves {
            next[end.shore] = Some((after.shore, corners(end.along, after.along, bounds)));
        }
    }
    let mut areas = Vec::new();
    for first in 0..shores.len() {
        let (mut ring, mut shore) = (Vec::new(), first);
        // Each round uses up a shore, or is the last.
        while let Some((after, corners)) = next[shore].take() {
            ring.extend_from_slice(&shores[shore].0);
            ring.extend(corners);
            shore = after;
        }
        if !ring.is_empty() {
            // Closes itself.
            areas.push(Polygon::new(LineString(ring), Vec::new()));
        }
    }
    Ok(MultiPolygon(areas))
}

/// Where a line enters or leaves the bounds.
struct End {
    at: Coord<f64>,
    /// How far along the bounds, by [`clockwise`].
    along: f64,
    shore: usize,
    leaves: bool,
}

/// How far along the bounds a point on them is, in sides, clockwise from the south-west corner; `None` off the bounds.
fn clockwise(p: Coord<f64>, bounds: Rect<f64>) -> Option<f64> {
    let (low, high, w, h) = (bounds.min(), bounds.max(), bounds.width(), bounds.height());
    if p.x == low.x {
        Some((p.y - low.y) / h)
    } else if p.y == high.y {
        Some(1.0 + (p.x - low.x) / w)
    } else if p.x == high.x {
        Some(2.0 + (high.y - p.y) / h)
    } else if p.y == low.y {
        Some(3.0 + (high.x - p.x) / w)
    } else {
        None
    }
}

/// The corners of the bounds that lie between two places along them, clockwise.
fn corners(from: f64, to: f64, bounds: Rect<f64>) -> Vec<Coord<f64>> {
    let (low, high) = (bounds.min(), bounds.max());
    let all = [low, coord! { x: low.x, y: high.y }, high, coord! { x: high.x, y: low.y }];
    let to = if to < from { to + 4.0 } else { to };
    let between = |corner: &usize| *corner as f64 > from && (*corner as f64) < to;
    (1..8).filter(between).map(|corner| all[corner % 4]).collect()
}

/// The share of the buildings that stand in the water.
fn share_in(water: &MultiPolygon<f64>, buildings: &[Coord<f64>]) -> f64 {
    let most = (MAX_PASSED / water.coords_count().max(1)).clamp(1, SAMPLE);
    let step = buildings.len().div_ceil(most).max(1);
    let (mut wet, mut all) = (0.0, 0.0);
    for at in buildings.iter().step_by(step) {
        all += 1.0;
        wet += f64::from(u8::from(water.contains(&Point::from(*at))));
    }
    if all > 0.0 { wet / all } else { 0.0 }
}
