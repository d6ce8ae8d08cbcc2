//! Reading a tile: layers, their polygons and tags.

use super::protobuf::{Wire, field, unzigzag, varint};
use geo::{LineString, Polygon};

const CUT: &str = "it is cut short";
const FOREIGN: &str = "it is not a vector tile";
/// Positions further from the tile than this many tile sides are errors.
const REACH: i64 = 16;

/// A layer of a tile, borrowed from its bytes.
#[derive(Debug)]
pub struct Layer<'a> {
    /// Its name.
    pub name: &'a str,
    /// Side of the tile in the units of its positions.
    pub extent: u32,
    features: Vec<&'a [u8]>,
    keys: Vec<&'a str>,
    values: Vec<Value<'a>>,
}

/// The value of a tag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Text.
    Text(&'a str),
    /// A number of any kind.
    Number(f64),
    /// Yes or no.
    Flag(bool),
}

impl Value<'_> {
    /// The number it is or says; a unit after it is ignored ("12 m").
    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Number(n) => Some(*n),
            Value::Text(text) => text.split_whitespace().next()?.trim_end_matches('m').parse().ok(),
            Value::Flag(_) => None,
        }
        .filter(|n: &f64| n.is_finite())
    }

    /// Whether it says yes, in any of the ways to write that.
    pub fn is_true(&self) -> bool {
        match self {
            Value::Flag(flag) => *flag,
            Value::Number(n) => *n == 1.0,
            Value::Text(text) => matches!(*text, "true" | "yes" | "1"),
        }
    }

    /// The text it is.
    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }
}

/// A feature made of polygons.
#[derive(Debug, PartialEq)]
pub struct Polygons<'a> {
    /// Its id, when it has one.
    pub id: Option<u64>,
    /// Its tags.
    pub tags: Vec<(&'a str, Value<'a>)>,
    /// In tile units, y southwards; at least one.
    pub parts: Vec<Polygon<f64>>,
}

/// The layers of a tile.
pub fn layers(mut tile: &[u8]) -> Result<Vec<Layer<'_>>, &'static str> {
    let mut layers = Vec::new();
    while !tile.is_empty() {
        if let (3, Wire::Bytes(content)) = field(&mut tile).ok_or(FOREIGN)? {
            layers.push(layer(content)?);
        }
    }
    Ok(layers)
}

fn layer(mut bytes: &[u8]) -> Result<Layer<'_>, &'static str> {
    let mut layer = Layer { name: "", extent: 4096, features: Vec::new(), keys: Vec::new(), values: Vec::new() };
    while !bytes.is_empty() {
        match field(&mut bytes).ok_or(CUT)? {
            (1, Wire::Bytes(name)) => layer.name = text(name)?,
            (2, Wire::Bytes(feature)) => layer.features.push(feature),
            (3, Wire::Bytes(key)) => layer.keys.push(text(key)?),
            (4, Wire::Bytes(content)) => layer.values.push(value(content)?),
            (5, Wire::Varint(extent)) => {
                let extent = u32::try_from(extent).ok().filter(|e| (1..=1 << 24).contains(e));
                layer.extent = extent.ok_or("its extent makes no sense")?;
            }
            (15, Wire::Varint(version)) if version != 1 && version != 2 => return Err("its version is unknown"),
            _ => {}
        }
    }
    Ok(layer)
}

fn text(bytes: &[u8]) -> Result<&str, &'static str> {
    std::str::from_utf8(bytes).map_err(|_| "its text is not UTF-8")
}

fn value(mut bytes: &[u8]) -> Result<Value<'_>, &'static str> {
    let mut value = Value::Text("");
    while !bytes.is_empty() {
        value = match field(&mut bytes).ok_or(CUT)? {
            (1, Wire::Bytes(content)) => Value::Text(text(content)?),
            (2, Wire::Fixed32(number)) => Value::Number(f64::from(f32::from_le_bytes(number))),
            (3, Wire::Fixed64(number)) => Value::Number(f64::from_le_bytes(number)),
            (4, Wire::Varint(number)) => Value::Number(number as i64 as f64),
            (5, Wire::Varint(number)) => Value::Number(number as f64),
            (6, Wire::Varint(number)) => Value::Number(unzigzag(number) as f64),
            (7, Wire::Varint(number)) => Value::Flag(number != 0),
            _ => value,
        };
    }
    Ok(value)
}

impl<'a> Layer<'a> {
    /// The features that are polygons, one by one; points and lines are passed over.
    pub fn polygons(&self) -> impl Iterator<Item = Result<Polygons<'a>, &'static str>> {
        self.features.iter().filter_map(|bytes| self.feature(bytes).transpose())
    }

    fn feature(&self, mut bytes: &'a [u8]) -> Result<Option<Polygons<'a>>, &'static str> {
        const POLYGON: u64 = 3;
        let (mut id, mut kind, mut tag_bytes, mut geometry) = (None, 0, [].as_slice(), [].as_slice());
        while !bytes.is_empty() {
            match field(&mut bytes).ok_or(CUT)? {
                (1, Wire::Varint(number)) => id = Some(number),
                (2, Wire::Bytes(content)) => tag_bytes = content,
                (3, Wire::Varint(number)) => kind = number,
                (4, Wire::Bytes(content)) => geometry = content,
                _ => {}
            }
        }
        if kind != POLYGON {
            return Ok(None);
        }
        let parts = polygons(geometry, i64::from(self.extent) * REACH)?;
        if parts.is_empty() {
            return Ok(None);
        }
        Ok(Some(Polygons { id, tags: self.tags(tag_bytes)?, parts }))
    }

    fn tags(&self, mut bytes: &[u8]) -> Result<Vec<(&'a str, Value<'a>)>, &'static str> {
        const STRAY: &str = "a tag points nowhere";
        let mut tags = Vec::new();
        while !bytes.is_empty() {
            let mut index = || varint(&mut bytes).and_then(|i| usize::try_from(i).ok());
            let key = index().and_then(|i| self.keys.get(i)).ok_or(STRAY)?;
            let value = index().and_then(|i| self.values.get(i)).ok_or(STRAY)?;
            tags.push((*key, *value));
        }
        Ok(tags)
    }
}

/// Decodes the commands of a polygon feature (specification, section 4.3). A ring that turns like the first is an
/// exterior, one that turns the other way a hole in the exterior before it. Rings without area are dropped.
fn polygons(mut bytes: &[u8], reach: i64) -> Result<Vec<Polygon<f64>>, &'static str> {
    const FAR: &str = "its positions lie far outside of it";
    let mut parts: Vec<Polygon<f64>> = Vec::new();
    let mut ring: Vec<(i64, i64)> = Vec::new();
    let (mut x, mut y) = (0i64, 0i64);
    let mut sense = 0.0;
    while !bytes.is_empty() {
        let command = varint(&mut bytes).ok_or(CUT)?;
        match (command & 7, command >> 3) {
            (7, _) => {
                let area = twice_area(&ring);
                if sense == 0.0 {
                    sense = area.signum();
                }
                if area != 0.0 {
                    let line: LineString<f64> = ring.iter().map(|&(x, y)| (x as f64, y as f64)).collect();
                    match parts.last_mut() {
                        Some(last) if area.signum() != sense => last.interiors_push(line),
                        _ => parts.push(Polygon::new(line, Vec::new())),
                    }
                }
                ring.clear();
            }
            (kind @ (1 | 2), count) => {
                if kind == 1 {
                    ring.clear();
                }
                // Each point takes two bytes or more, so a lying count ends at the end of the bytes.
                for _ in 0..count {
                    let dx = unzigzag(varint(&mut bytes).ok_or(CUT)?);
                    let dy = unzigzag(varint(&mut bytes).ok_or(CUT)?);
                    x = x.checked_add(dx).filter(|x| x.abs() <= reach).ok_or(FAR)?;
                    y = y.checked_add(dy).filter(|y| y.abs() <= reach).ok_or(FAR)?;
                    if ring.last() != Some(&(x, y)) {
                        ring.push((x, y));
                    }
                }
            }
            _ => return Err("it has an unknown drawing command"),
        }
    }
    Ok(parts)
}

/// Twice the signed area; 0 for fewer than three points. Exact: positions are whole numbers below 2^28.
pub(super) fn twice_area(ring: &[(i64, i64)]) -> f64 {
    let next = ring.iter().cycle().skip(1);
    let sum: i128 =
        ring.iter().zip(next).map(|(a, b)| i128::from(a.0) * i128::from(b.1) - i128::from(b.0) * i128::from(a.1)).sum();
    if sum == 0 { 0.0 } else { sum as f64 }
}
