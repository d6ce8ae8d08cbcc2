//! What a source hands over: outlines and map features in degrees, as they are in the source, with what is known of them.

use super::report::{Log, Skip};
use super::tags::{Tags, Traits};
use crate::geodesy::LonLat;
use geo::{BoundingRect, Coord, LineString, MultiPolygon, Rect};

/// Most outlines of one city; more can't be opened at once anyway.
pub const MAX_OUTLINES: usize = 2_000_000;
/// Most map features.
pub const MAX_FEATURES: usize = 2_000_000;
/// Most corners of all outlines and features, which is what bounds the memory: 16 bytes each.
pub const MAX_CORNERS: usize = 40_000_000;
/// A building with more corners than this is left out.
pub const MAX_OUTLINE_CORNERS: usize = 100_000;

/// The outline of a building or of a part of one.
#[derive(Clone, Debug)]
pub struct Outline {
    /// The same in every build from the same source; below 2^53, which a browser's numbers hold exactly.
    pub id: u64,
    /// Longitudes and latitudes, degrees.
    pub shape: MultiPolygon<f64>,
    /// What its tags say.
    pub traits: Traits,
}

/// A layer of the map besides the buildings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// Water, areas and lines.
    Water,
    /// Parks, woods, meadows and what else is green.
    Green,
    /// Streets, paths and rails.
    Roads,
    /// Names of towns and quarters, as points.
    Places,
}

impl Layer {
    /// Every layer, in the order in which they are drawn.
    pub const ALL: [Layer; 4] = [Layer::Green, Layer::Water, Layer::Roads, Layer::Places];

    /// The layer's name in the tiles.
    pub const fn name(self) -> &'static str {
        match self {
            Layer::Water => "water",
            Layer::Green => "green",
            Layer::Roads => "roads",
            Layer::Places => "places",
        }
    }
}

/// Where a feature of the map is.
#[derive(Clone, Debug)]
pub enum Shape {
    /// An area.
    Area(MultiPolygon<f64>),
    /// Lines.
    Lines(Vec<LineString<f64>>),
    /// A point.
    Point(Coord<f64>),
}

impl Shape {
    /// The box that holds it; `None` where it has no point.
    pub fn bounds(&self) -> Option<Rect<f64>> {
        match self {
            Shape::Area(area) => area.bounding_rect(),
            Shape::Lines(lines) => lines.iter().filter_map(LineString::bounding_rect).reduce(|a, b| {
                Rect::new(
                    Coord { x: a.min().x.min(b.min().x), y: a.min().y.min(b.min().y) },
                    Coord { x: a.max().x.max(b.max().x), y: a.max().y.max(b.max().y) },
                )
            }),
            Shape::Point(at) => Some(Rect::new(*at, *at)),
        }
    }
}

/// What a feature of the map is.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    /// Its layer.
    pub layer: Layer,
    /// Its class in the layer, such as `primary` or `park`.
    pub class: &'static str,
    /// The lowest zoom that shows it.
    pub zoom: u8,
    /// Whether it is an area where it closes.
    pub area: bool,
    /// It runs over a bridge.
    pub bridge: bool,
    /// It runs through a tunnel.
    pub tunnel: bool,
    /// What it is called.
    pub name: Option<String>,
    /// How high its trees are, metres, where that is said.
    pub height: Option<f64>,
    /// How wide the crowns of trees are that are points or lines, metres.
    pub crown: Option<f64>,
}

impl Kind {
    /// One of a class, of which nothing else is known.
    pub fn of(layer: Layer, class: &'static str) -> Self {
        let (zoom, area, bridge, tunnel) = (0, false, false, false);
        Self { layer, class, zoom, area, bridge, tunnel, name: None, height: None, crown: None }
    }
}

/// A road, a lake, a park or a name.
#[derive(Clone, Debug)]
pub struct Feature {
    /// The same in every build from the same source.
    pub id: u64,
    /// What it is.
    pub kind: Kind,
    /// Longitudes and latitudes, degrees.
    pub shape: Shape,
}

/// What the ids of a source are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ids {
    /// The source's own numbers, or hashes of its names.
    #[default]
    Plain,
    /// Elements of `OpenStreetMap`: ten times the id, and 1 for a node, 2 for a way or 3 for a relation.
    OpenStreetMap,
}

impl Ids {
    /// What the report calls the building with this id.
    pub fn name(self, id: u64) -> String {
        match (self, id % 10) {
            (Ids::OpenStreetMap, 1) => format!("node/{}", id / 10),
            (Ids::OpenStreetMap, 2) => format!("way/{}", id / 10),
            (Ids::OpenStreetMap, 3) => format!("relation/{}", id / 10),
            _ => id.to_string(),
        }
    }
}

/// All that a source has.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// Buildings and their parts.
    pub outlines: Vec<Outline>,
    /// The rest of the map.
    pub features: Vec<Feature>,
    /// Coastlines in degrees, land on their left; as long as they get, rings with the first position at the end again.
    pub coast: Vec<LineString<f64>>,
    /// South-west and north-east corner of what the source says that it covers.
    pub covers: Option<(LonLat, LonLat)>,
    /// What the ids are made of.
    pub ids: Ids,
    /// Buildings that the source has, those left out among them.
    pub found: u64,
    /// What was repaired and left out on the way here.
    pub log: Log,
}

impl Draft {
    /// Counts a building that is left out.
    pub fn skip(&mut self, why: Skip, name: impl FnOnce() -> String) {
        self.found += 1;
        self.log.skipped.add(why, name);
    }
}

/// What an element is to us.
#[derive(Clone, Debug)]
pub enum Meaning {
    /// A building or a part of one.
    Building(Traits),
    /// A building that is left out.
    Skipped(Skip),
    /// Something for the map.
    Map(Kind),
}

/// What the tags of an element mean; `None` where they mean nothing to us.
pub fn meaning(tags: &Tags<'_>) -> Option<Meaning> {
    match super::tags::building(tags) {
        Some(Ok(traits)) => Some(Meaning::Building(traits)),
        Some(Err(why)) => Some(Meaning::Skipped(why)),
        None => super::kinds::kind(tags).map(Meaning::Map),
    }
}

/// A number for a name: FNV-1a, folded to 53 bits.
pub fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    let hash = crate::city::schema::hash(bytes);
    ((hash >> 53) ^ (hash & ((1 << 53) - 1))).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_stable_and_fits_a_browsers_number() {
        // FNV-1a of "a" is af63dc4c8601ec8c, folded to 53 bits.
        assert_eq!(
            hash(b"a".iter().copied()),
            (0xaf63_dc4c_8601_ec8c_u64 >> 53) ^ (0xaf63_dc4c_8601_ec8c & ((1 << 53) - 1))
        );
        assert!(hash(b"08f2830828052d25020004a2e6c5b2cc".iter().copied()) < 1 << 53);
    }
}
