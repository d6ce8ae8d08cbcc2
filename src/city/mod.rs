//! The city: buildings as prisms, woods and the terrain, in local metres. Knows nothing of radio.

pub mod archive;
#[cfg(feature = "import")]
pub mod build;
pub mod heights;
mod join;
mod mvt;
mod open;
mod parts;
mod raster;
mod schema;
mod shares;
pub mod terrain;
mod vantage;
pub mod woods;

pub use open::{Around, Extent, MAX_PIECES, MAX_VERTICES, Opened};
pub use raster::{Crossing, HeightRaster};
pub use shares::HeightShares;
pub use terrain::Terrain;
pub use woods::{Canopy, Wood};

use crate::geodesy::{LocalFrame, LonLat};
use crate::material::Material;
use geo::{Polygon, Rect};
use glam::DVec2;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// Least height of a building whose assumed height is scaled, metres.
const LEAST_HEIGHT: f32 = 1.0;

/// Where a building's height comes from, best first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeightSource {
    /// Measured or modelled in three dimensions.
    Model,
    /// A height tag.
    Tag,
    /// Storeys × 3.2 m + 1 m.
    Levels,
    /// The median of its neighbours.
    Neighbours,
    /// Nothing known: the default height.
    #[default]
    Default,
}

impl HeightSource {
    /// Every source, best first.
    pub const ALL: [HeightSource; 5] =
        [HeightSource::Model, HeightSource::Tag, HeightSource::Levels, HeightSource::Neighbours, HeightSource::Default];

    /// Whether it is no knowledge of the building itself: its neighbours', or none at all.
    pub const fn is_assumed(self) -> bool {
        matches!(self, HeightSource::Neighbours | HeightSource::Default)
    }

    /// The name used in city archives.
    pub const fn name(self) -> &'static str {
        match self {
            HeightSource::Model => "model",
            HeightSource::Tag => "tag",
            HeightSource::Levels => "levels",
            HeightSource::Neighbours => "neighbours",
            HeightSource::Default => "default",
        }
    }

    /// The source of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }
}

/// A building or a part of one: a vertical prism over its footprint.
#[derive(Clone, Debug, PartialEq)]
pub struct Building {
    /// Stable across tiles and builds of the same source.
    pub id: u64,
    /// Outline and courtyards, local metres; the exterior counter-clockwise.
    pub footprint: Polygon<f64>,
    /// Underside above the local datum, metres. Where it stands on the ground: 0 on flat ground, and on terrain the lowest
    /// ground under its corners.
    pub base: f32,
    /// Roof above the local datum, metres.
    pub top: f32,
    /// How the height is known.
    pub height_source: HeightSource,
    /// Material of the walls.
    pub wall: Material,
    /// Material of the roof.
    pub roof: Material,
}

/// A city around a reference point.
#[derive(Clone, Debug)]
pub struct City {
    /// Short name, such as `munich`.
    pub name: String,
    /// Who must be credited on the map.
    pub attribution: String,
    /// The local frame of every coordinate here.
    pub frame: LocalFrame,
    /// What the archive covers, local metres.
    pub bounds: Rect<f64>,
    /// The buildings.
    pub buildings: Vec<Building>,
    /// Material of the ground.
    pub ground: Material,
    /// The ground's heights; without them it is the plane z = 0.
    pub terrain: Option<Arc<Terrain>>,
    /// Where trees stand.
    pub woods: Vec<Wood>,
}

impl City {
    /// Height of the ground at `p`, metres above the local datum.
    pub fn ground_at(&self, p: DVec2) -> f32 {
        self.terrain.as_ref().map_or(0.0, |t| t.at(p.as_vec2()))
    }

    /// The ground that a building of this footprint stands on, metres above the local datum.
    pub fn ground_under(&self, footprint: &Polygon<f64>) -> f32 {
        self.terrain.as_ref().map_or(0.0, |t| t.under(footprint))
    }

    /// Underside and roof of one of its buildings above the ground that it stands on, metres; the underside is 0 where it
    /// stands on the ground or reaches into it.
    pub fn above_ground(&self, building: &Building) -> (f32, f32) {
        let ground = self.ground_under(&building.footprint);
        ((building.base - ground).max(0.0), building.top - ground)
    }

    /// Whether the height of any building is assumed.
    pub fn has_assumed_heights(&self) -> bool {
        self.buildings.iter().any(|building| building.height_source.is_assumed())
    }

    /// The same with heights above the ground that are assumed times a factor.
    pub fn with_assumed_heights(&self, factor: f64) -> Cow<'_, Self> {
        if factor == 1.0 || !self.has_assumed_heights() {
            return Cow::Borrowed(self);
        }
        let mut city = self.clone();
        for building in city.buildings.iter_mut().filter(|building| building.height_source.is_assumed()) {
            let ground = self.ground_under(&building.footprint);
            let top = ground + factor as f32 * (building.top - ground);
            building.top = top.max(building.base + LEAST_HEIGHT);
        }
        Cow::Owned(city)
    }

    /// Whether `p` lies within the area that the archive covers.
    pub fn contains(&self, p: LonLat) -> bool {
        self.frame.is_within(self.bounds, p)
    }
}
