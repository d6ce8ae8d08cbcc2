//! Tags of buildings as people write them: `OpenStreetMap`'s keys, and those of Overture's buildings schema for the same
//! things.

use super::report::Skip;
use crate::city::HeightSource;
use crate::city::heights::{HIGHEST, Known};
use crate::material::Material;

/// A storey count above this is a mistake: no tower has more.
const MOST_LEVELS: f32 = 200.0;
/// One foot, metres.
const FOOT: f64 = 0.3048;
/// One inch, metres.
const INCH: f64 = 0.0254;

/// Keys and values of one element.
#[derive(Clone, Debug, Default)]
pub struct Tags<'a>(pub Vec<(&'a str, &'a str)>);

impl<'a> Tags<'a> {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(k, _)| *k == key).map(|(_, v)| *v)
    }

    /// The value of the first of `keys` that is there.
    pub fn first(&self, keys: &[&str]) -> Option<&'a str> {
        keys.iter().find_map(|key| self.get(key))
    }

    fn is(&self, key: &str, values: &[&str]) -> bool {
        self.get(key).is_some_and(|v| values.contains(&v))
    }

    /// Whether it has the key with a value other than `no`.
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some_and(|v| v != "no")
    }
}

/// What the tags of a building say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traits {
    /// A part of a building, which replaces the outline that it covers.
    pub part: bool,
    /// Height, storeys and roof.
    pub known: Known,
    /// Underside above the ground, metres.
    pub min_height: Option<f32>,
    /// Storeys left open below.
    pub min_level: Option<f32>,
    /// Material of the walls.
    pub wall: Option<Material>,
    /// Material of the roof.
    pub roof: Option<Material>,
    /// Heights and storeys that can't be read.
    pub unreadable: u8,
    /// Materials that are none of ours.
    pub other_materials: u8,
}

/// Whether the tags are those of a building, and which; or why it is left out.
pub fn building(tags: &Tags<'_>) -> Option<Result<Traits, Skip>> {
    let part = tags.has("building:part") || tags.has("building_id") || tags.is("type", &["building_part"]);
    (part || tags.has("building")).then(|| traits(tags, part))
}

/// What the tags say of something that is a building (or a part of one) for certain.
pub fn traits(tags: &Tags<'_>, part: bool) -> Result<Traits, Skip> {
    const GONE: [&str; 8] =
        ["construction", "proposed", "planned", "demolished", "razed", "ruins", "collapsed", "destroyed"];
    const OPEN: [&str; 3] = ["roof", "canopy", "carport"];
    let yes = ["yes", "true", "1"];
    let kind = tags.first(&["building:part", "building", "class"]).unwrap_or_default();
    let below = tags.is("location", &["underground", "underwater"])
        || tags.is("underground", &yes)
        || tags.is("is_underground", &yes)
        || tags.is("building", &["underground"]);
    if below {
        return Err(Skip::Underground);
    }
    if GONE.contains(&kind) || tags.is("building", &GONE) {
        return Err(Skip::NotStanding);
    }
    if OPEN.contains(&kind) || tags.is("wall", &["no"]) {
        return Err(Skip::RoofOnly);
    }
    let mut unreadable = 0;
    let mut number = |keys: &[&str], read: fn(&str) -> Option<f64>, most: f32| {
        let value = read(tags.first(keys)?).map(|v| v as f32).filter(|v| (0.0..=most).contains(v));
        unreadable += u8::from(value.is_none());
        value
    };
    let known = Known {
        height: number(&["height", "building:height", "est_height"], metres, HIGHEST),
        levels: number(&["building:levels", "num_floors", "levels"], plain, MOST_LEVELS),
        roof: number(&["roof:height", "roof_height"], metres, HIGHEST),
        source: tags.get("height_source").and_then(HeightSource::from_name),
    };
    let min_height = number(&["min_height", "building:min_height"], metres, HIGHEST);
    let min_level = number(&["building:min_level", "min_floor", "min_level"], plain, MOST_LEVELS);
    let mut other_materials = 0;
    let mut of = |keys: &[&str]| {
        let material = material(tags.first(keys)?);
        other_materials += u8::from(material.is_none());
        material
    };
    let wall = of(&["building:material", "building:facade:material", "facade_material", "wall_material"]);
    let roof = of(&["roof:material", "roof_material"]);
    Ok(Traits { part, known, min_height, min_level, wall, roof, unreadable, other_materials })
}

/// The P.2040 material that stands for what a façade or a roof is made of.
fn material(name: &str) -> Option<Material> {
    let name = name.split(';').next().unwrap_or_default().trim();
    Some(match name {
        "brick" | "bricks" | "brickwork" | "clay" | "roof_tiles" | "tile" | "tiles" | "adobe" | "terracotta" => {
            Material::Brick
        }
        "concrete" | "cement" | "cement_block" | "reinforced_concrete" | "eternit" | "asphalt" | "gravel" => {
            Material::Concrete
        }
        "glass" | "mirror" => Material::Glass,
        "metal" | "steel" | "copper" | "tin" | "zinc" | "aluminium" | "metal_sheet" | "corrugated_metal" => {
            Material::Metal
        }
        "wood" | "timber" | "timber_framing" | "log" => Material::Wood,
        "stone" | "marble" | "granite" | "limestone" | "sandstone" | "masonry" | "slate" => Material::Marble,
        "plaster" | "stucco" => Material::Plasterboard,
        other => return Material::from_name(other),
    })
}

/// A length in metres: `12`, `12 m`, `12,5`, `40'`, `40 ft`, `5'10"`; of several (`5;6`, `5-6`) the largest.
pub fn metres(text: &str) -> Option<f64> {
    largest(text, |one| {
        if let Some((feet, inches)) = one.split_once('\'') {
            let inches = inches.trim().trim_end_matches(['"', '\'']).trim();
            let inches = if inches.is_empty() { 0.0 } else { number(inches)? };
            return Some(number(feet)? * FOOT + inches * INCH);
        }
        let end = one.find(|c: char| c.is_alphabetic()).unwrap_or(one.len());
        let (value, unit) = one.split_at(end);
        let scale = match unit.trim().trim_end_matches('.') {
            "" | "m" | "metre" | "metres" | "meter" | "meters" => 1.0,
            "ft" | "feet" | "foot" => FOOT,
            "cm" => 0.01,
            _ => return None,
        };
        Some(number(value)? * scale)
    })
}

/// A plain number, such as of storeys: `5`, `4.5`, `4,5`; of several the largest.
pub fn plain(text: &str) -> Option<f64> {
    largest(text, number)
}

/// The largest of the values that `;` or a dash between numbers parts.
fn largest(text: &str, read: impl Fn(&str) -> Option<f64>) -> Option<f64> {
    let text = text.trim().trim_start_matches(['~', '≈']);
    let inner = |c: char| c == ';' || c == '–';
    // A dash that is not a sign: there is something before it.
    let dash = text.char_indices().skip(1).find(|(_, c)| *c == '-').map(|(i, _)| i);
    let (head, tail) = dash.map_or((text, ""), |i| (&text[..i], &text[i + 1..]));
    let mut best = None;
    for one in head.split(inner).chain(tail.split(inner).filter(|t| !t.is_empty())) {
        let value = read(one.trim()).filter(|v| v.is_finite())?;
        best = Some(best.map_or(value, |b: f64| b.max(value)));
    }
    best
}

fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    // Rust reads "inf" and "nan" too, which nobody means.
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '+')) {
        return None;
    }
    text.replacen(',', ".", 1).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_people_write_them() {
        let cases = [
            ("12", 12.0),
            ("12 m", 12.0),
            ("12m", 12.0),
            ("12,5", 12.5),
            ("12.5 metres", 12.5),
            ("40'", 12.192),
            ("40 ft", 12.192),
            ("5'10\"", 1.778),
            ("5' 10\"", 1.778),
            ("5;6", 6.0),
            ("10-12 m", 12.0),
            ("~ 8", 8.0),
            ("-3", -3.0),
            (".5", 0.5),
        ];
        for (text, expected) in cases {
            let read = metres(text).expect(text);
            assert!((read - expected).abs() < 1e-9, "{text}: {read}");
        }
        for text in ["", "tall", "12 storeys", "m", "inf", "NaN", "1e999", "'", "5;", ";", "12 m 5", "--1"] {
            assert_eq!(metres(text), None, "{text}");
        }
    }

    #[test]
    fn both_vocabularies_say_the_same() {
        let osm = Tags(vec![
            ("building", "yes"),
            ("height", "20"),
            ("building:levels", "5"),
            ("roof:height", "2"),
            ("building:min_level", "1"),
            ("building:material", "brick"),
            ("roof:material", "copper"),
        ]);
        let overture = Tags(vec![
            ("height", "20"),
            ("num_floors", "5"),
            ("roof_height", "2"),
            ("min_floor", "1"),
            ("facade_material", "brick"),
            ("roof_material", "copper"),
        ]);
        let (a, b) = (building(&osm).expect("a building"), traits(&overture, false));
        assert_eq!(a, b);
        assert_eq!(a.expect("standing").wall, Some(Material::Brick));
    }

    #[test]
    fn what_does_not_stand_or_has_no_walls_is_left_out() {
        for (key, value, why) in [
            ("building", "roof", Skip::RoofOnly),
            ("building", "construction", Skip::NotStanding),
            ("location", "underground", Skip::Underground),
            ("is_underground", "true", Skip::Underground),
        ] {
            let tags = Tags(vec![(key, value), ("building", "yes")]);
            assert_eq!(building(&tags), Some(Err(why)), "{key}={value}");
        }
        assert_eq!(building(&Tags(vec![("building", "no")])), None);
    }

    #[test]
    fn what_can_not_be_read_is_counted() {
        let tags =
            Tags(vec![("building", "yes"), ("height", "very"), ("building:levels", "1e9"), ("roof:material", "x")]);
        let traits = building(&tags).expect("a building").expect("standing");
        assert_eq!((traits.unreadable, traits.other_materials), (2, 1));
        assert_eq!(traits.known, Known::default());
    }
}
