//! Parts of buildings: where they cover an outline, they are the building, and the outline is left out.
//!
//! The rule: the parts replace an outline when they cover at least nine tenths of its area. Otherwise the outline stays as
//! it is and the parts stand in it as further prisms: a tower rises above its nave. A part without a height has its
//! outline's.

use super::finish::Prism;
use super::report::{Log, Repair};
use geo::coordinate_position::{CoordPos, CoordinatePosition};
use geo::{Area, BooleanOps, BoundingRect, Centroid, CoordsIter, Polygon, unary_union};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

/// Share of an outline that its parts must cover to replace it.
pub const LEAST_COVER: f64 = 0.9;
/// Outlines and parts with more corners than this together are compared by the parts' areas instead of by cutting.
const MAX_CUT: usize = 5_000;
/// Parts compared with one outline; nobody draws more.
const MAX_PARTS: usize = 2_000;

/// Leaves out the outlines that their parts cover.
pub fn replace(mut prisms: Vec<Prism>, log: &mut Log) -> Vec<Prism> {
    let parts: Vec<usize> = (0..prisms.len()).filter(|i| prisms[*i].traits.part).collect();
    if parts.is_empty() {
        return prisms;
    }
    let boxes = parts.iter().filter_map(|i| Some(GeomWithData::new(rectangle(&prisms[*i].footprint)?, *i)));
    let tree = RTree::bulk_load(boxes.collect());
    let mut replaced = vec![false; prisms.len()];
    for i in 0..prisms.len() {
        let Some(around) = rectangle(&prisms[i].footprint).filter(|_| !prisms[i].traits.part) else { continue };
        let near = tree.locate_in_envelope_intersecting(&AABB::from_corners(around.lower(), around.upper()));
        let mut near: Vec<usize> = near.map(|found| found.data).take(MAX_PARTS).collect();
        near.sort_unstable();
        let known = prisms[i].traits.known;
        for part in near.iter().copied().filter(|_| known.resolve().is_some()) {
            let stands = stands_in(&prisms[part].footprint, &prisms[i].footprint);
            let part = &mut prisms[part];
            if stands && part.traits.known.resolve().is_none() {
                part.traits.known = known;
                log.repairs.add(Repair::HeightOfOutline, || part.name());
            }
        }
        if !near.is_empty() && covered(&prisms, &prisms[i].footprint, &near) >= LEAST_COVER {
            replaced[i] = true;
            // The polygons of one outline follow each other, and count once.
            let same = i > 0 && replaced[i - 1] && prisms[i - 1].id == prisms[i].id;
            log.repairs.add_many(Repair::ReplacedByParts, u64::from(!same), || prisms[i].name());
        }
    }
    let mut replaced = replaced.into_iter();
    prisms.retain(|_| !replaced.next().unwrap_or(false));
    prisms
}

/// Share of the outline's area that the parts cover.
fn covered(prisms: &[Prism], outline: &Polygon<f64>, parts: &[usize]) -> f64 {
    let parts: Vec<&Polygon<f64>> = parts.iter().map(|i| &prisms[*i].footprint).collect();
    let corners = outline.coords_count() + parts.iter().map(|p| p.coords_count()).sum::<usize>();
    let area = if corners <= MAX_CUT {
        outline.intersection(&unary_union(parts)).unsigned_area()
    } else {
        parts.iter().filter(|p| stands_in(p, outline)).map(|p| p.unsigned_area()).sum()
    };
    area / outline.unsigned_area()
}

/// Whether the middle of a part lies in an outline.
fn stands_in(part: &Polygon<f64>, outline: &Polygon<f64>) -> bool {
    part.centroid().is_some_and(|c| outline.coordinate_position(&c.0) == CoordPos::Inside)
}

fn rectangle(polygon: &Polygon<f64>) -> Option<Rectangle<[f64; 2]>> {
    let bounds = polygon.bounding_rect()?;
    Some(Rectangle::from_corners(bounds.min().into(), bounds.max().into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::city::HeightSource;
    use crate::city::build::draft::Ids;
    use crate::city::build::tags::Traits;
    use crate::city::heights::Known;
    use geo::polygon;

    fn prism(id: u64, part: bool, height: Option<f32>, [x0, y0, x1, y1]: [f64; 4]) -> Prism {
        let known = Known { height, ..Known::default() };
        let traits = Traits { part, known, ..Traits::default() };
        let footprint = polygon![(x: x0, y: y0), (x: x1, y: y0), (x: x1, y: y1), (x: x0, y: y1)];
        Prism { id, ids: Ids::Plain, footprint, traits }
    }

    fn left(prisms: Vec<Prism>) -> (Vec<u64>, Log) {
        let mut log = Log::default();
        (replace(prisms, &mut log).iter().map(|p| p.id).collect(), log)
    }

    #[test]
    fn parts_that_cover_the_outline_replace_it() {
        let whole = prism(1, false, None, [0.0, 0.0, 10.0, 10.0]);
        let parts = [prism(2, true, None, [0.0, 0.0, 5.0, 10.0]), prism(3, true, None, [5.0, 0.0, 9.1, 10.0])];
        let (ids, log) = left([vec![whole], parts.to_vec()].concat());
        assert_eq!(ids, [2, 3]);
        assert_eq!(log.repairs.of(Repair::ReplacedByParts), 1);
    }

    #[test]
    fn a_tower_stands_in_its_nave() {
        let nave = prism(1, false, Some(20.0), [0.0, 0.0, 50.0, 10.0]);
        let tower = prism(2, true, Some(60.0), [0.0, 0.0, 10.0, 10.0]);
        assert_eq!(left(vec![nave, tower]).0, [1, 2]);
    }

    #[test]
    fn parts_that_overlap_cover_what_they_cover_once() {
        let whole = prism(1, false, None, [0.0, 0.0, 10.0, 10.0]);
        let half = prism(2, true, None, [0.0, 0.0, 5.0, 10.0]);
        assert_eq!(left(vec![whole, half.clone(), Prism { id: 3, ..half }]).0, [1, 2, 3]);
    }

    #[test]
    fn a_neighbours_part_replaces_nothing() {
        let whole = prism(1, false, None, [0.0, 0.0, 10.0, 10.0]);
        assert_eq!(left(vec![whole, prism(2, true, None, [10.0, 0.0, 20.0, 10.0])]).0, [1, 2]);
    }

    #[test]
    fn a_part_without_a_height_has_its_outlines() {
        let whole = prism(1, false, Some(30.0), [0.0, 0.0, 10.0, 10.0]);
        let mut log = Log::default();
        let prisms = replace(vec![whole, prism(2, true, None, [0.0, 0.0, 10.0, 10.0])], &mut log);
        assert_eq!(prisms[0].traits.known.resolve(), Some((30.0, HeightSource::Tag)));
        assert_eq!(log.repairs.of(Repair::HeightOfOutline), 1);
    }
}
