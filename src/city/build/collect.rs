//! Features of files of footprints (`GeoJSON`, `GeoParquet`): which of them are buildings, which the map, and which nothing.
//!
//! The tags of `OpenStreetMap` decide. A polygon that says nothing else is taken for a building, because that is what files
//! of footprints look like.

use super::coast::join;
use super::draft::{Draft, Feature, MAX_CORNERS, MAX_FEATURES, MAX_OUTLINES, Meaning, Outline, Shape, hash, meaning};
use super::error::Fault;
use super::kinds;
use super::report::{Repair, Skip};
use super::tags::{Tags, traits};
use crate::geodesy::Area;
use geo::{BoundingRect, Coord, CoordsIter, LineString, MultiPolygon};

/// Properties that tell a polygon from a building.
const OTHER: [&str; 12] = [
    "highway", "railway", "waterway", "natural", "landuse", "leisure", "amenity", "boundary", "place", "barrier",
    "man_made", "power",
];

/// A geometry that is kept, longitudes and latitudes in degrees.
#[derive(Clone, Debug, PartialEq)]
pub enum Geometry {
    /// A point.
    Point(Coord<f64>),
    /// Lines.
    Lines(Vec<LineString<f64>>),
    /// Areas, and how many of their rings had to be closed.
    Areas(MultiPolygon<f64>, u64),
    /// More corners than are read.
    TooManyCorners,
    /// One that can't be read.
    Unreadable,
}

impl Geometry {
    fn coords(&self) -> Box<dyn Iterator<Item = Coord<f64>> + '_> {
        match self {
            Geometry::Point(at) => Box::new(std::iter::once(*at)),
            Geometry::Lines(lines) => Box::new(lines.iter().flat_map(|l| l.0.iter().copied())),
            Geometry::Areas(area, _) => Box::new(area.coords_iter()),
            Geometry::TooManyCorners | Geometry::Unreadable => Box::new(std::iter::empty()),
        }
    }
}

/// Makes a [`Draft`] of features.
pub struct Collector {
    draft: Draft,
    area: Option<Area>,
    corners: usize,
}

impl Collector {
    /// Keeps what touches `area`.
    pub fn new(area: Option<Area>) -> Self {
        Self { draft: Draft::default(), area, corners: 0 }
    }

    /// Adds a feature with its own id, where it has one outside of its tags.
    pub fn take(&mut self, own: Option<&str>, tags: &Tags<'_>, geometry: Option<Geometry>) -> Result<(), Fault> {
        let id = id(own, tags, geometry.as_ref());
        let name = || tags.first(&["@id", "id", "osm_id"]).or(own).map_or_else(|| id.to_string(), str::to_owned);
        let is_area = matches!(geometry, Some(Geometry::Areas(..)));
        let other = || tags.first(&OTHER).is_some() || tags.get("building") == Some("no");
        let is_coast = tags.get("natural") == Some("coastline");
        let meaning = meaning(tags).or_else(|| {
            (is_area && !other()).then(|| match traits(tags, false) {
                Ok(traits) => Meaning::Building(traits),
                Err(why) => Meaning::Skipped(why),
            })
        });
        match (meaning, geometry) {
            (Some(Meaning::Skipped(why)), _) => self.draft.skip(why, name),
            (Some(Meaning::Building(traits)), Some(Geometry::Areas(shape, closed))) => {
                if shape.bounding_rect().is_some_and(|around| self.area.is_some_and(|area| !area.touches(around))) {
                    self.draft.skip(Skip::Outside, name);
                    return Ok(());
                }
                self.draft.log.repairs.add_many(Repair::RingClosed, closed, name);
                self.corners += shape.coords_count();
                self.draft.found += 1;
                self.draft.outlines.push(Outline { id, shape, traits });
            }
            (Some(Meaning::Building(_)), Some(Geometry::TooManyCorners)) => self.draft.skip(Skip::TooManyCorners, name),
            (Some(Meaning::Building(_)), Some(Geometry::Unreadable) | None) => self.draft.skip(Skip::BadGeometry, name),
            (Some(Meaning::Building(_)), Some(_)) => self.draft.skip(Skip::NoOutline, name),
            (Some(Meaning::Map(kind)), Some(Geometry::Areas(area, _))) if kind.area => {
                self.corners += area.coords_count();
                self.draft.features.push(Feature { id, kind, shape: Shape::Area(area) });
            }
            (Some(Meaning::Map(kind)), Some(Geometry::Lines(lines))) if !kind.area => {
                self.corners += lines.iter().map(CoordsIter::coords_count).sum::<usize>();
                self.draft.features.push(Feature { id, kind, shape: Shape::Lines(lines) });
            }
            (None, Some(Geometry::Lines(lines))) if is_coast => {
                self.corners += lines.iter().map(CoordsIter::coords_count).sum::<usize>();
                self.draft.coast.extend(lines);
            }
            (None, Some(Geometry::Point(at))) => {
                if let Some(kind) = kinds::point(tags) {
                    self.draft.features.push(Feature { id, kind, shape: Shape::Point(at) });
                }
            }
            // Outlines that can't be read may be of buildings: nobody can tell.
            (None, Some(Geometry::TooManyCorners)) if !other() => self.draft.skip(Skip::TooManyCorners, name),
            (None, Some(Geometry::Unreadable)) if !other() => self.draft.skip(Skip::BadGeometry, name),
            _ => {}
        }
        Fault::unless("buildings", self.draft.outlines.len(), MAX_OUTLINES)?;
        Fault::unless("features", self.draft.features.len(), MAX_FEATURES)?;
        Fault::unless("corners", self.corners, MAX_CORNERS)
    }

    /// All that was taken.
    pub fn finish(mut self) -> Draft {
        // Positions have no names here: lines meet where the numbers are the same.
        let key = |at: &Coord<f64>| [at.x.to_bits(), at.y.to_bits()];
        let lines: Vec<Vec<[u64; 2]>> = self.draft.coast.iter().map(|line| line.0.iter().map(key).collect()).collect();
        let lines: Vec<&[[u64; 2]]> = lines.iter().map(Vec::as_slice).collect();
        let at = |[x, y]: [u64; 2]| Coord { x: f64::from_bits(x), y: f64::from_bits(y) };
        self.draft.coast = join(&lines).into_iter().map(|line| line.into_iter().map(at).collect()).collect();
        self.draft
    }
}

/// A number for a feature: its own, or made of its name or, where it has neither, of where it is.
fn id(own: Option<&str>, tags: &Tags<'_>, geometry: Option<&Geometry>) -> u64 {
    let number = |text: &str| text.parse().ok().filter(|id| (1..1u64 << 53).contains(id));
    let named = own.or_else(|| tags.first(&["@id", "id", "osm_id"])).filter(|text| !text.is_empty());
    if let Some(text) = named {
        return number(text).unwrap_or_else(|| hash(text.bytes()));
    }
    let corners = geometry.into_iter().flat_map(Geometry::coords);
    hash(corners.flat_map(|c| [c.x, c.y]).flat_map(f64::to_le_bytes))
}
