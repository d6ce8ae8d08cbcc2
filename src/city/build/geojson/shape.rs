//! Geometries of features. Coordinates may come before the type that says what they are, so they are read by their depth.

use crate::city::build::collect::Geometry;
use crate::city::build::draft::MAX_OUTLINE_CORNERS;
use geo::{Coord, LineString, MultiPolygon, Polygon};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::fmt;

/// A geometry, or `null`, or one that means nothing here.
pub struct Maybe(pub Option<Geometry>);

impl<'de> Deserialize<'de> for Maybe {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyGeometry)
    }
}

struct AnyGeometry;

impl<'de> Visitor<'de> for AnyGeometry {
    type Value = Maybe;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a geometry, or null")
    }

    fn visit_unit<E>(self) -> Result<Maybe, E> {
        Ok(Maybe(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Maybe, A::Error> {
        let (mut kind, mut nested) = (None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "type" => kind = Some(map.next_value::<String>()?),
                "coordinates" => {
                    let left = Cell::new(MAX_OUTLINE_CORNERS);
                    nested = Some(map.next_value_seed(AnyDepth(&left))?);
                    if left.get() == 0 {
                        nested = Some(Nested::TooMany);
                    }
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let (Some(kind), Some(nested)) = (kind, nested) else { return Ok(Maybe(None)) };
        if matches!(nested, Nested::TooMany) {
            return Ok(Maybe(Some(Geometry::TooManyCorners)));
        }
        Ok(Maybe(geometry(&kind, nested).unwrap_or(Some(Geometry::Unreadable))))
    }
}

/// Coordinates of some depth: a position, or an array of arrays of … positions.
enum Nested {
    Position(Coord<f64>),
    Many(Vec<Nested>),
    /// A row of positions, which is nearly all there is: kept flat.
    Row(Vec<Coord<f64>>),
    /// More than an outline may have; the rest was passed over.
    TooMany,
}

/// Reads coordinates while any positions and arrays are left to be read; all that comes later is passed over.
struct AnyDepth<'l>(&'l Cell<usize>);

impl<'de> DeserializeSeed<'de> for AnyDepth<'_> {
    type Value = Nested;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Nested, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

/// A number or an array.
enum Item {
    Number(f64),
    Array(Nested),
}

struct AnyItem<'l>(&'l Cell<usize>);

impl<'de> DeserializeSeed<'de> for AnyItem<'_> {
    type Value = Item;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Item, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyItem<'_> {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or an array")
    }

    fn visit_f64<E>(self, number: f64) -> Result<Item, E> {
        Ok(Item::Number(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Item, E> {
        Ok(Item::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Item, E> {
        Ok(Item::Number(number as f64))
    }

    fn visit_unit<E>(self) -> Result<Item, E> {
        Ok(Item::Number(f64::NAN))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Item, A::Error> {
        AnyDepth(self.0).visit_seq(seq).map(Item::Array)
    }
}

impl<'de> Visitor<'de> for AnyDepth<'_> {
    type Value = Nested;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("coordinates")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Nested, A::Error> {
        let mixed = || A::Error::custom("numbers and arrays are mixed in coordinates");
        let (mut row, mut many) = (Vec::new(), Vec::new());
        self.0.set(self.0.get().saturating_sub(1));
        let item = || AnyItem(self.0);
        let Some(first) = seq.next_element_seed(item())? else { return Ok(Nested::Many(Vec::new())) };
        let mut next = match first {
            Item::Number(x) => {
                let Some(Item::Number(y)) = seq.next_element_seed(item())? else { return Err(mixed()) };
                // Heights and whatever else comes after.
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(Nested::Position(Coord { x, y }));
            }
            Item::Array(nested) => Some(nested),
        };
        while let Some(nested) = next {
            match nested {
                Nested::Position(at) if many.is_empty() => row.push(at),
                nested if row.is_empty() => many.push(nested),
                _ => return Err(A::Error::custom("positions and arrays are mixed in coordinates")),
            }
            if self.0.get() == 0 {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(Nested::TooMany);
            }
            next = match seq.next_element_seed(item())? {
                Some(Item::Array(nested)) => Some(nested),
                Some(Item::Number(_)) => return Err(mixed()),
                None => None,
            };
        }
        Ok(if many.is_empty() { Nested::Row(row) } else { Nested::Many(many) })
    }
}

/// The geometry of that type with these coordinates; `Err` where they don't fit each other.
fn geometry(kind: &str, nested: Nested) -> Result<Option<Geometry>, ()> {
    let mut closed = 0;
    Ok(Some(match (kind, nested) {
        ("Point", Nested::Position(at)) => Geometry::Point(at),
        ("LineString", Nested::Row(row)) => Geometry::Lines(vec![LineString(row)]),
        ("MultiLineString", Nested::Many(many)) => {
            Geometry::Lines(many.into_iter().map(row).map(|r| r.map(LineString)).collect::<Result<_, _>>()?)
        }
        ("Polygon", Nested::Many(rings)) => {
            let area = MultiPolygon(polygon(rings, &mut closed)?.into_iter().collect());
            Geometry::Areas(area, closed)
        }
        ("MultiPolygon", Nested::Many(polygons)) => {
            let mut area = Vec::new();
            for rings in polygons {
                let Nested::Many(rings) = rings else { return Err(()) };
                area.extend(polygon(rings, &mut closed)?);
            }
            Geometry::Areas(MultiPolygon(area), closed)
        }
        ("Point" | "LineString" | "MultiLineString" | "Polygon" | "MultiPolygon", _) => return Err(()),
        _ => return Ok(None),
    }))
}

fn row(nested: Nested) -> Result<Vec<Coord<f64>>, ()> {
    match nested {
        Nested::Row(row) => Ok(row),
        Nested::Many(many) if many.is_empty() => Ok(Vec::new()),
        _ => Err(()),
    }
}

/// The polygon of an exterior and its holes; `None` without any.
fn polygon(rings: Vec<Nested>, closed: &mut u64) -> Result<Option<Polygon<f64>>, ()> {
    let mut rings = rings.into_iter().map(row);
    let Some(exterior) = rings.next() else { return Ok(None) };
    let mut ring = |row: Vec<Coord<f64>>| {
        *closed += u64::from(row.first() != row.last());
        LineString(row)
    };
    let exterior = ring(exterior?);
    let holes = rings.map(|row| row.map(&mut ring)).collect::<Result<_, _>>()?;
    Ok(Some(Polygon::new(exterior, holes)))
}
