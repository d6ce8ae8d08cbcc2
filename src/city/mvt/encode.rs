//! Writing a layer of polygons.

use super::protobuf::put_varint;
use geo::Polygon;
use std::collections::BTreeMap;

/// A value to be written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tag<'a> {
    /// Text.
    Text(&'a str),
    /// A number.
    Number(f32),
}

/// Collects the features of one layer of one tile.
#[derive(Debug)]
pub struct LayerWriter {
    name: &'static str,
    extent: u32,
    features: Vec<Vec<u8>>,
    keys: BTreeMap<&'static str, u64>,
    values: BTreeMap<Vec<u8>, u64>,
}

impl LayerWriter {
    /// An empty layer.
    pub fn new(name: &'static str, extent: u32) -> Self {
        Self { name, extent, features: Vec::new(), keys: BTreeMap::new(), values: BTreeMap::new() }
    }

    /// Adds a polygon whose positions are whole numbers of tile units, y southwards. Rings without area are left out;
    /// whether anything is left is returned.
    pub fn push(&mut self, id: u64, tags: &[(&'static str, Tag<'_>)], polygon: &Polygon<f64>) -> bool {
        let mut geometry = Vec::new();
        let mut cursor = (0, 0);
        let rings = std::iter::once((polygon.exterior(), true)).chain(polygon.interiors().iter().map(|r| (r, false)));
        for (ring, exterior) in rings {
            let mut points: Vec<(i64, i64)> = ring.0.iter().map(|c| (c.x as i64, c.y as i64)).collect();
            points.dedup();
            if points.len() > 1 && points.first() == points.last() {
                points.pop();
            }
            let area = super::decode::twice_area(&points);
            if area == 0.0 {
                if exterior {
                    return false;
                }
                continue;
            }
            // Exteriors have a positive area with y southwards, holes a negative one (specification, section 4.3.4.4).
            if (area > 0.0) != exterior {
                points.reverse();
            }
            put_ring(&mut geometry, &mut cursor, &points);
        }
        let mut packed_tags = Vec::new();
        for (key, tag) in tags {
            let next = self.keys.len() as u64;
            put_varint(&mut packed_tags, *self.keys.entry(key).or_insert(next));
            let next = self.values.len() as u64;
            put_varint(&mut packed_tags, *self.values.entry(value_bytes(*tag)).or_insert(next));
        }
        let mut feature = vec![1 << 3];
        put_varint(&mut feature, id);
        put_bytes(&mut feature, 2, &packed_tags);
        feature.extend([3 << 3, 3]);
        put_bytes(&mut feature, 4, &geometry);
        self.features.push(feature);
        true
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.features.is_empty()
    }

    /// The tile that holds this layer alone.
    pub fn to_tile(&self) -> Vec<u8> {
        let mut layer = vec![15 << 3, 2];
        put_bytes(&mut layer, 1, self.name.as_bytes());
        for feature in &self.features {
            put_bytes(&mut layer, 2, feature);
        }
        let mut keys: Vec<_> = self.keys.iter().map(|(key, index)| (index, key.as_bytes())).collect();
        keys.sort_unstable();
        for (_, key) in keys {
            put_bytes(&mut layer, 3, key);
        }
        let mut values: Vec<_> = self.values.iter().map(|(value, index)| (index, value)).collect();
        values.sort_unstable();
        for (_, value) in values {
            put_bytes(&mut layer, 4, value);
        }
        layer.push(5 << 3);
        put_varint(&mut layer, u64::from(self.extent));
        let mut tile = Vec::new();
        put_bytes(&mut tile, 3, &layer);
        tile
    }
}

/// Appends the commands of one ring: move to, line to, close.
fn put_ring(geometry: &mut Vec<u8>, cursor: &mut (i64, i64), points: &[(i64, i64)]) {
    for (i, &(x, y)) in points.iter().enumerate() {
        match i {
            0 => put_varint(geometry, 1 << 3 | 1),
            1 => put_varint(geometry, (points.len() as u64 - 1) << 3 | 2),
            _ => {}
        }
        put_varint(geometry, zigzag(x - cursor.0));
        put_varint(geometry, zigzag(y - cursor.1));
        *cursor = (x, y);
    }
    put_varint(geometry, 1 << 3 | 7);
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn value_bytes(tag: Tag<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    match tag {
        Tag::Text(text) => put_bytes(&mut bytes, 1, text.as_bytes()),
        Tag::Number(number) => {
            bytes.push(2 << 3 | 5);
            bytes.extend(number.to_le_bytes());
        }
    }
    bytes
}

fn put_bytes(message: &mut Vec<u8>, field: u64, content: &[u8]) {
    put_varint(message, field << 3 | 2);
    put_varint(message, content.len() as u64);
    message.extend(content);
}
