//! Writing a layer.

use super::protobuf::put_varint;
use geo::{LineString, Polygon};
use std::collections::BTreeMap;

/// A value to be written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tag<'a> {
    /// Text.
    Text(&'a str),
    /// A number.
    Number(f32),
    /// Yes or no.
    Flag(bool),
}

/// Where a feature is, in whole numbers of tile units, y southwards.
#[derive(Clone, Copy, Debug)]
pub enum Geometry<'a> {
    /// Points.
    Points(&'a [(i64, i64)]),
    /// Lines.
    Lines(&'a [LineString<f64>]),
    /// Areas.
    Polygons(&'a [Polygon<f64>]),
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

    /// Adds a feature. Rings without area and lines without length are left out; whether anything is left is returned.
    pub fn push(&mut self, id: u64, tags: &[(&'static str, Tag<'_>)], geometry: Geometry<'_>) -> bool {
        let mut commands = Vec::new();
        let mut cursor = (0, 0);
        let kind = match geometry {
            Geometry::Points(points) => {
                put_points(&mut commands, &mut cursor, points);
                1
            }
            Geometry::Lines(lines) => {
                for line in lines {
                    put_line(&mut commands, &mut cursor, line);
                }
                2
            }
            Geometry::Polygons(polygons) => {
                for polygon in polygons {
                    put_polygon(&mut commands, &mut cursor, polygon);
                }
                3
            }
        };
        if commands.is_empty() {
            return false;
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
        feature.extend([3 << 3, kind]);
        put_bytes(&mut feature, 4, &commands);
        self.features.push(feature);
        true
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.features.is_empty()
    }

    /// The layer as it stands in a tile; a tile is its layers one after the other.
    pub fn to_bytes(&self) -> Vec<u8> {
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

/// Appends one command for all points.
fn put_points(commands: &mut Vec<u8>, cursor: &mut (i64, i64), points: &[(i64, i64)]) {
    if !points.is_empty() {
        put_varint(commands, (points.len() as u64) << 3 | 1);
        for point in points {
            put_step(commands, cursor, *point);
        }
    }
}

fn put_line(commands: &mut Vec<u8>, cursor: &mut (i64, i64), line: &LineString<f64>) {
    let points = whole(line);
    if points.len() > 1 {
        put_path(commands, cursor, &points);
    }
}

fn put_polygon(commands: &mut Vec<u8>, cursor: &mut (i64, i64), polygon: &Polygon<f64>) {
    let rings = std::iter::once((polygon.exterior(), true)).chain(polygon.interiors().iter().map(|r| (r, false)));
    for (ring, exterior) in rings {
        let mut points = whole(ring);
        if points.len() > 1 && points.first() == points.last() {
            points.pop();
        }
        let area = super::decode::twice_area(&points);
        if area == 0.0 {
            if exterior {
                return;
            }
            continue;
        }
        // Exteriors have a positive area with y southwards, holes a negative one (specification, section 4.3.4.4).
        if (area > 0.0) != exterior {
            points.reverse();
        }
        put_path(commands, cursor, &points);
        put_varint(commands, 1 << 3 | 7);
    }
}

/// The positions of a line as whole numbers, none equal to the one before.
fn whole(line: &LineString<f64>) -> Vec<(i64, i64)> {
    let mut points: Vec<(i64, i64)> = line.0.iter().map(|c| (c.x as i64, c.y as i64)).collect();
    points.dedup();
    points
}

/// Appends the commands of one line: move to, line to.
fn put_path(commands: &mut Vec<u8>, cursor: &mut (i64, i64), points: &[(i64, i64)]) {
    for (i, point) in points.iter().enumerate() {
        match i {
            0 => put_varint(commands, 1 << 3 | 1),
            1 => put_varint(commands, (points.len() as u64 - 1) << 3 | 2),
            _ => {}
        }
        put_step(commands, cursor, *point);
    }
}

fn put_step(commands: &mut Vec<u8>, cursor: &mut (i64, i64), (x, y): (i64, i64)) {
    put_varint(commands, zigzag(x - cursor.0));
    put_varint(commands, zigzag(y - cursor.1));
    *cursor = (x, y);
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
        Tag::Flag(flag) => bytes.extend([7 << 3, u8::from(flag)]),
    }
    bytes
}

fn put_bytes(message: &mut Vec<u8>, field: u64, content: &[u8]) {
    put_varint(message, field << 3 | 2);
    put_varint(message, content.len() as u64);
    message.extend(content);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outside_reader_reads_points_lines_and_flags() {
        let mut layer = LayerWriter::new("roads", 4096);
        let line: LineString<f64> = vec![(0.0, 0.0), (10.0, 5.0), (10.0, 5.0), (20.0, -3.0)].into();
        assert!(layer.push(7, &[("tunnel", Tag::Flag(true))], Geometry::Lines(std::slice::from_ref(&line))));
        assert!(layer.push(8, &[("name", Tag::Text("here"))], Geometry::Points(&[(3, 4)])));
        let dot: LineString<f64> = vec![(1.0, 1.0), (1.0, 1.0)].into();
        assert!(!layer.push(9, &[], Geometry::Lines(&[dot])), "a line without length is none");
        let reader = mvt_reader::Reader::new(layer.to_bytes()).expect("a tile");
        let features = reader.get_features(0).expect("features");
        let lengths: Vec<usize> = features.iter().map(|f| geo::CoordsIter::coords_count(&f.geometry)).collect();
        assert_eq!(lengths, [3, 1], "{features:?}");
        let tags = features[0].properties.clone().expect("tags");
        assert!(matches!(tags["tunnel"], mvt_reader::feature::Value::Bool(true)), "{tags:?}");
    }
}
