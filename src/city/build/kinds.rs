//! Which elements of `OpenStreetMap` become the map: roads, water, green, trees and names.

use super::draft::{Kind, Layer};
use super::tags::{Tags, metres};
use crate::city::woods::HIGHEST_TREE;

/// Longest name kept, bytes.
const LONGEST_NAME: usize = 200;
/// Width of a tree's crown where it is not tagged, metres: an assumption, of trees that line streets.
const CROWN: f64 = 6.0;
/// Widest crown, metres; a larger number is a mistake.
const WIDEST_CROWN: f64 = 60.0;

/// What the tags make of an element on the map, if anything.
pub fn kind(tags: &Tags<'_>) -> Option<Kind> {
    if tags.get("natural") == Some("tree_row") {
        return Some(trees("tree_row", tags));
    }
    let (layer, class, zoom, area) = road(tags).or_else(|| water(tags)).or_else(|| green(tags))?;
    Some(Kind {
        zoom,
        area,
        bridge: layer == Layer::Roads && tags.has("bridge"),
        tunnel: tags.has("tunnel") && !matches!(layer, Layer::Green),
        name: name(tags),
        height: if class == "wood" { height(tags) } else { None },
        ..Kind::of(layer, class)
    })
}

/// What the tags make of a point on the map, if anything.
pub fn point(tags: &Tags<'_>) -> Option<Kind> {
    if tags.get("natural") == Some("tree") { Some(trees("tree", tags)) } else { place(tags) }
}

/// A tree or a row of them.
fn trees(class: &'static str, tags: &Tags<'_>) -> Kind {
    let width = tags.get("diameter_crown").and_then(metres).filter(|w| (0.0..=WIDEST_CROWN).contains(w) && *w > 0.0);
    Kind { crown: width.or(Some(CROWN)), height: height(tags), zoom: 16, ..Kind::of(Layer::Green, class) }
}

/// How high trees are, if that is said.
fn height(tags: &Tags<'_>) -> Option<f64> {
    tags.get("height").and_then(metres).filter(|h| *h > 0.0 && *h <= f64::from(HIGHEST_TREE))
}

/// What the tags make of a place, if it is one.
fn place(tags: &Tags<'_>) -> Option<Kind> {
    let (class, zoom) = match tags.get("place")? {
        "city" => ("city", 12),
        "town" => ("town", 12),
        "borough" | "suburb" => ("suburb", 12),
        "quarter" => ("quarter", 13),
        "neighbourhood" => ("neighbourhood", 14),
        "village" => ("village", 12),
        "hamlet" | "isolated_dwelling" => ("hamlet", 13),
        "island" | "islet" => ("island", 13),
        "square" => ("square", 15),
        "locality" => ("locality", 14),
        _ => return None,
    };
    let name = Some(name(tags)?);
    Some(Kind { zoom, name, ..Kind::of(Layer::Places, class) })
}

/// Layer, class, lowest zoom, and whether it is an area.
type Found = (Layer, &'static str, u8, bool);

fn road(tags: &Tags<'_>) -> Option<Found> {
    let (class, zoom) = match tags.get("highway") {
        Some(highway) => match highway.strip_suffix("_link").unwrap_or(highway) {
            "motorway" => ("motorway", 12),
            "trunk" => ("trunk", 12),
            "primary" => ("primary", 12),
            "secondary" => ("secondary", 12),
            "tertiary" => ("tertiary", 12),
            "residential" | "unclassified" | "living_street" | "road" => ("minor", 13),
            "pedestrian" => ("pedestrian", 14),
            "service" | "track" => ("service", 14),
            "footway" | "path" | "steps" | "cycleway" | "bridleway" => ("path", 15),
            _ => return None,
        },
        None => match tags.get("railway")? {
            "rail" | "light_rail" | "subway" | "narrow_gauge" | "funicular" => ("rail", 13),
            "tram" => ("tram", 14),
            _ => return None,
        },
    };
    // A square is drawn as its outline, which would look like a street around it.
    (!tags.has("area")).then_some((Layer::Roads, class, zoom, false))
}

fn water(tags: &Tags<'_>) -> Option<Found> {
    let area = |class, zoom| Some((Layer::Water, class, zoom, true));
    match (tags.get("natural"), tags.get("waterway"), tags.get("landuse"), tags.get("leisure")) {
        (Some("water"), ..) => area(if tags.get("water") == Some("river") { "river" } else { "lake" }, 12),
        (Some("bay"), ..) => area("sea", 12),
        (_, Some("riverbank"), ..) => area("river", 12),
        (_, Some("dock"), ..) => area("dock", 13),
        (_, _, Some("reservoir" | "basin"), _) => area("basin", 13),
        (.., Some("swimming_pool")) => area("pool", 15),
        (_, Some("river"), ..) => Some((Layer::Water, "river", 12, false)),
        (_, Some("canal"), ..) => Some((Layer::Water, "canal", 13, false)),
        (_, Some("stream"), ..) => Some((Layer::Water, "stream", 14, false)),
        _ => None,
    }
}

fn green(tags: &Tags<'_>) -> Option<Found> {
    let (class, zoom) = match (tags.get("leisure"), tags.get("landuse"), tags.get("natural")) {
        (Some("park" | "garden" | "dog_park" | "nature_reserve" | "playground"), ..) => ("park", 12),
        (Some("pitch" | "golf_course" | "track"), ..) => ("pitch", 14),
        (_, Some("forest"), _) | (.., Some("wood")) => ("wood", 12),
        (_, Some("grass" | "meadow" | "village_green" | "recreation_ground" | "greenfield" | "flowerbed"), _)
        | (.., Some("grassland")) => ("grass", 13),
        (.., Some("scrub" | "heath")) => ("scrub", 13),
        (_, Some("cemetery"), _) => ("cemetery", 13),
        (_, Some("farmland" | "orchard" | "vineyard" | "allotments" | "plant_nursery"), _) => ("farmland", 12),
        (.., Some("wetland")) => ("wetland", 12),
        _ => return None,
    };
    Some((Layer::Green, class, zoom, true))
}

fn name(tags: &Tags<'_>) -> Option<String> {
    let name = tags.get("name").map(str::trim).filter(|n| !n.is_empty() && n.len() <= LONGEST_NAME)?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_find_their_layer_and_class() {
        let of = |key, value| kind(&Tags(vec![(key, value)])).map(|k| (k.layer, k.class, k.area));
        assert_eq!(of("highway", "primary_link"), Some((Layer::Roads, "primary", false)));
        assert_eq!(of("highway", "street_lamp"), None);
        assert_eq!(of("railway", "tram"), Some((Layer::Roads, "tram", false)));
        assert_eq!(of("natural", "water"), Some((Layer::Water, "lake", true)));
        assert_eq!(of("waterway", "river"), Some((Layer::Water, "river", false)));
        assert_eq!(of("landuse", "forest"), Some((Layer::Green, "wood", true)));
        assert_eq!(of("amenity", "cafe"), None);
    }

    #[test]
    fn trees_have_a_crown_and_the_height_that_is_tagged() {
        let tree = point(&Tags(vec![("natural", "tree"), ("height", "12.5 m"), ("diameter_crown", "8")]));
        let tree = tree.expect("a tree");
        assert_eq!((tree.class, tree.height, tree.crown), ("tree", Some(12.5), Some(8.0)));
        let row = kind(&Tags(vec![("natural", "tree_row"), ("height", "900")])).expect("a row");
        assert_eq!((row.class, row.area, row.height, row.crown), ("tree_row", false, None, Some(CROWN)));
        let wood = kind(&Tags(vec![("landuse", "forest"), ("height", "22")])).expect("a wood");
        assert_eq!((wood.class, wood.height, wood.crown), ("wood", Some(22.0), None));
    }

    #[test]
    fn a_place_needs_a_name() {
        assert_eq!(place(&Tags(vec![("place", "town")])), None);
        let town = place(&Tags(vec![("place", "town"), ("name", "Vaduz")])).expect("a place");
        assert_eq!((town.class, town.name.as_deref()), ("town", Some("Vaduz")));
    }
}
