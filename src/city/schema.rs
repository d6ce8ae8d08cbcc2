//! Which layers and tags of an archive are read, over the schemas that publishers use.
//!
//! | | ours | Protomaps, to 3 | Protomaps 4 | Overture | `OpenMapTiles` |
//! |---|---|---|---|---|---|
//! | layer | `buildings` | `buildings` | `buildings` | `building`, `building_part` | `building` |
//! | height | `height` | `height` | `height` | `height` | `render_height`, where it isn't 5 |
//! | storeys | – | – | – | `num_floors` | – |
//! | underside | `min_height` | `min_height` | `min_height` | `min_height`, `min_floor` | `render_min_height` |
//! | id | feature's | feature's | feature's | feature's, else `id` | feature's |
//! | a part | – | `pmap:kind` = `building_part` | `kind` = `building_part` | layer `building_part` | – |
//! | an outline with parts | – | covered by parts | covered by parts | `has_parts` | `hide_3d` |
//! | left out | – | – | – | `is_underground` | – |
//!
//! Other spellings of the same are read too: `levels`, `building:levels`, `building_levels` for storeys, `min_level`,
//! `building:min_level` for the first storey. `OpenMapTiles` writes a height of 5 m where nothing is known, so 5 counts as
//! unknown there; what it makes of storeys can't be told from a tag.

use super::HeightSource;
use super::heights::{Known, STOREY};
use super::mvt::{Polygons, Value};
use crate::material::Material;

/// Height that `OpenMapTiles` gives to a building of which it knows none, metres.
const UNKNOWN: f64 = 5.0;

/// Whether the buildings of a layer of that name are read.
pub fn is_read(layer: &str) -> bool {
    matches!(layer, "buildings" | "building" | "building_part")
}

/// How a feature relates to others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A building by itself, as far as it says.
    #[default]
    Whole,
    /// The outline of a building whose parts are features of their own.
    Outline,
    /// A part of a building.
    Part,
}

/// Id and tags of a building, as they order and join its pieces. Bits stand for the numbers, so that they have an order.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Traits {
    /// What it is called across tiles.
    pub id: Option<u64>,
    /// What it is to others.
    pub role: Role,
    height: Option<u32>,
    levels: Option<u32>,
    base: u32,
    source: Option<HeightSource>,
    /// Material of its walls.
    pub wall: Material,
    /// Material of its roof.
    pub roof: Material,
}

impl Traits {
    /// Those of a feature of `layer`; `None` for what is no building above the ground.
    pub fn of(layer: &str, feature: &Polygons<'_>) -> Option<Self> {
        let find = |names: &[&str]| {
            names.iter().find_map(|name| feature.tags.iter().find(|(key, _)| key == name)).map(|tag| tag.1)
        };
        let number = |names: &[&str]| find(names).as_ref().and_then(Value::number);
        let text = |name: &str| find(&[name]).and_then(|value| value.text().map(str::to_owned));
        let is = |name: &str| find(&[name]).is_some_and(|value| value.is_true());
        let material = |name| text(name).as_deref().and_then(Material::from_name).unwrap_or_default();
        if is("is_underground") {
            return None;
        }
        let kind = text("kind").or_else(|| text("pmap:kind"));
        let role = if layer == "building_part" || kind.as_deref() == Some("building_part") {
            Role::Part
        } else if is("has_parts") || is("hide_3d") {
            Role::Outline
        } else {
            Role::Whole
        };
        let height = number(&["height"]).or_else(|| number(&["render_height"]).filter(|h| *h != UNKNOWN));
        let base = number(&["min_height", "render_min_height"]).or_else(|| {
            number(&["min_level", "building:min_level", "min_floor"]).map(|floor| floor * f64::from(STOREY))
        });
        let bits = |n: f64| (n as f32).to_bits();
        Some(Self {
            id: feature.id.filter(|id| *id != 0).or_else(|| text("id").map(|name| hash(name.bytes()))),
            role,
            height: height.map(bits),
            levels: number(&["levels", "building:levels", "building_levels", "num_floors"]).map(bits),
            base: bits(base.unwrap_or_default()),
            source: text("height_source").as_deref().and_then(HeightSource::from_name),
            wall: material("wall_material"),
            roof: material("roof_material"),
        })
    }

    /// Nothing known but the role.
    #[cfg(test)]
    pub fn with_role(role: Role) -> Self {
        Self { role, ..Self::default() }
    }

    /// What is known of its height.
    pub fn known(&self) -> Known {
        let (height, levels) = (self.height.map(f32::from_bits), self.levels.map(f32::from_bits));
        Known { height, levels, source: self.source, ..Known::default() }
    }

    /// Its underside above the ground, metres, as it says.
    pub fn base(&self) -> f32 {
        f32::from_bits(self.base)
    }
}

/// FNV-1a.
pub fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traits(layer: &str, tags: &[(&'static str, Value<'static>)]) -> Option<Traits> {
        Traits::of(layer, &Polygons { id: Some(4), tags: tags.to_vec(), parts: Vec::new() })
    }

    #[test]
    fn a_height_is_found_under_each_publishers_name() {
        for (layer, tag, value) in [
            ("buildings", "height", Value::Number(12.5)),
            ("buildings", "height", Value::Text("12.5")),
            ("building", "height", Value::Text("12.5 m")),
            ("building", "render_height", Value::Number(12.5)),
        ] {
            let known = traits(layer, &[(tag, value)]).expect("a building").known();
            assert_eq!(known.height, Some(12.5), "{tag}");
        }
        let storeys = traits("building", &[("num_floors", Value::Number(4.0))]).expect("a building").known();
        assert_eq!((storeys.height, storeys.levels), (None, Some(4.0)));
        let unknown = traits("building", &[("render_height", Value::Number(5.0))]).expect("a building").known();
        assert_eq!(unknown.height, None, "what OpenMapTiles writes for nothing");
    }

    #[test]
    fn an_underside_may_be_given_in_metres_or_storeys() {
        for (tag, value, base) in [("min_height", 6.0, 6.0), ("render_min_height", 6.0, 6.0), ("min_floor", 2.0, 6.4)] {
            let found = traits("building_part", &[(tag, Value::Number(value))]).expect("a part").base();
            assert!((found - base).abs() < 1e-6, "{tag}: {found}");
        }
    }

    #[test]
    fn outlines_and_parts_are_told_apart() {
        let role = |layer, tags: &[_]| traits(layer, tags).expect("a building").role;
        assert_eq!(role("building", &[("has_parts", Value::Flag(true))]), Role::Outline);
        assert_eq!(role("building", &[("has_parts", Value::Flag(false))]), Role::Whole);
        assert_eq!(role("building", &[("hide_3d", Value::Number(1.0))]), Role::Outline);
        assert_eq!(role("building_part", &[]), Role::Part);
        assert_eq!(role("buildings", &[("kind", Value::Text("building_part"))]), Role::Part);
        assert_eq!(role("buildings", &[("pmap:kind", Value::Text("building_part"))]), Role::Part);
        assert_eq!(role("buildings", &[("kind", Value::Text("building"))]), Role::Whole);
    }

    #[test]
    fn what_is_underground_is_no_building() {
        assert_eq!(traits("building", &[("is_underground", Value::Flag(true))]), None);
        assert!(traits("building", &[("is_underground", Value::Flag(false))]).is_some());
    }

    #[test]
    fn a_name_serves_as_an_id_where_there_is_no_number() {
        let named = |name| {
            let tags = vec![("id", Value::Text(name))];
            Traits::of("building", &Polygons { id: None, tags, parts: Vec::new() }).expect("a building").id
        };
        assert!(named("08b2").is_some());
        assert_ne!(named("08b2"), named("08b3"));
    }
}
