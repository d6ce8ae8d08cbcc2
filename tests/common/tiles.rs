//! Archives as other tools make them, written here from the specifications and apart from the code under test: polygons
//! clipped to each tile and a margin around it, rounded to the tile's grid, in one uncompressed `PMTiles` directory.

use farfield::geodesy::LonLat;
use geo::{Area, BooleanOps, BoundingRect, Coord, MapCoords, MultiPolygon, Polygon, Rect, coord};
use std::collections::BTreeMap;

/// The value of a tag.
#[derive(Clone, Debug, PartialEq)]
#[allow(dead_code, reason = "not every test that makes tiles makes every kind of tag")]
pub enum Tag {
    Text(&'static str),
    Number(f64),
    Flag(bool),
}

/// A polygon with its tags.
#[derive(Clone, Debug)]
pub struct Feature {
    pub id: Option<u64>,
    pub layer: &'static str,
    pub tags: Vec<(&'static str, Tag)>,
    /// In the unit square of the Web-Mercator map.
    pub outline: Polygon<f64>,
}

/// How the tiles are cut.
#[derive(Clone, Copy, Debug)]
pub struct Cutting {
    pub zoom: u8,
    /// Units to a side of a tile.
    pub extent: u32,
    /// What a tile shows beyond its edge, units.
    pub margin: f64,
}

impl Cutting {
    /// Units to a side of the world.
    pub fn units(&self) -> f64 {
        f64::from(1u32 << self.zoom) * f64::from(self.extent)
    }
}

/// Features of one tile: what they were cut from, and their parts in tile units.
type Pieces<'a> = Vec<(&'a Feature, Vec<Polygon<f64>>)>;

/// An archive of these features.
pub fn archive(features: &[Feature], cutting: Cutting, corners: (LonLat, LonLat), metadata: &str) -> Vec<u8> {
    let mut tiles: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
    for ((x, y), pieces) in cut(features, cutting) {
        tiles.insert(tile_id(cutting.zoom, x, y), tile(&pieces, cutting.extent));
    }
    // Numbers of the tiles as steps, run lengths, lengths, and offsets that follow from each other (section 4).
    let mut directory = Vec::new();
    varint(&mut directory, tiles.len() as u64);
    let mut last = 0;
    for id in tiles.keys() {
        varint(&mut directory, id - last);
        last = *id;
    }
    for _ in tiles.keys() {
        varint(&mut directory, 1);
    }
    for tile in tiles.values() {
        varint(&mut directory, tile.len() as u64);
    }
    for i in 0..tiles.len() {
        varint(&mut directory, u64::from(i == 0));
    }
    let contents = tiles.values().flatten().copied().collect::<Vec<u8>>();

    let mut header = vec![0; 127];
    header[..8].copy_from_slice(b"PMTiles\x03");
    let mut end = 127;
    for (i, length) in [directory.len(), metadata.len(), 0, contents.len()].into_iter().enumerate() {
        header[8 + 16 * i..16 + 16 * i].copy_from_slice(&(end as u64).to_le_bytes());
        header[16 + 16 * i..24 + 16 * i].copy_from_slice(&(length as u64).to_le_bytes());
        end += length;
    }
    // Clustered; neither directories nor tiles compressed; vector tiles; one zoom.
    header[96..102].copy_from_slice(&[1, 1, 1, 1, cutting.zoom, cutting.zoom]);
    let (low, high) = corners;
    let middle = LonLat::new(f64::midpoint(low.lon, high.lon), f64::midpoint(low.lat, high.lat));
    for (at, p) in [(102, low), (110, high), (119, middle)] {
        for (at, degrees) in [(at, p.lon), (at + 4, p.lat)] {
            header[at..at + 4].copy_from_slice(&((degrees * 1e7).round() as i32).to_le_bytes());
        }
    }
    header[118] = cutting.zoom;
    [header, directory, metadata.as_bytes().to_vec(), contents].concat()
}

/// The features of each tile, clipped and rounded.
fn cut(features: &[Feature], cutting: Cutting) -> BTreeMap<(u32, u32), Pieces<'_>> {
    let (units, side, margin) = (cutting.units(), f64::from(cutting.extent), cutting.margin);
    let mut tiles: BTreeMap<(u32, u32), Pieces> = BTreeMap::new();
    for feature in features {
        let outline = feature.outline.map_coords(|c| c * units);
        let bounds = outline.bounding_rect().expect("corners");
        let tile_of = |v: f64| (v / side).floor() as u32;
        for x in tile_of(bounds.min().x - margin)..=tile_of(bounds.max().x + margin) {
            for y in tile_of(bounds.min().y - margin)..=tile_of(bounds.max().y + margin) {
                let corner = coord! { x: f64::from(x) * side, y: f64::from(y) * side };
                let near = outline.map_coords(|c| c - corner);
                let parts: Vec<Polygon<f64>> =
                    clipped(&near, -margin, side + margin).into_iter().filter_map(|p| rounded(&p)).collect();
                if !parts.is_empty() {
                    tiles.entry((x, y)).or_default().push((feature, parts));
                }
            }
        }
    }
    tiles
}

fn clipped(outline: &Polygon<f64>, low: f64, high: f64) -> MultiPolygon<f64> {
    let view = Rect::new(coord! { x: low, y: low }, coord! { x: high, y: high });
    let bounds = outline.bounding_rect().expect("corners");
    let inside = |c: Coord<f64>| c.x >= low && c.y >= low && c.x <= high && c.y <= high;
    if inside(bounds.min()) && inside(bounds.max()) {
        return outline.clone().into();
    }
    outline.intersection(&view.to_polygon())
}

/// On the grid of whole units, without courtyards that have no area there; `None` where nothing is left.
pub fn rounded(outline: &Polygon<f64>) -> Option<Polygon<f64>> {
    let round = |ring: &geo::LineString<f64>| {
        let mut ring = ring.map_coords(|c| coord! { x: c.x.round(), y: c.y.round() });
        ring.0.dedup();
        ring
    };
    let open = |ring: &geo::LineString<f64>| Polygon::new(ring.clone(), Vec::new()).unsigned_area() > 0.0;
    let interiors = outline.interiors().iter().map(round).filter(open).collect();
    let outline = Polygon::new(round(outline.exterior()), interiors);
    (outline.unsigned_area() > 0.0).then_some(outline)
}

/// A vector tile (version 2.1): one layer for each name.
fn tile(pieces: &Pieces<'_>, extent: u32) -> Vec<u8> {
    let mut names: Vec<&str> = pieces.iter().map(|(feature, _)| feature.layer).collect();
    names.sort_unstable();
    names.dedup();
    let mut tile = Vec::new();
    for name in names {
        let (mut keys, mut values): (Vec<&str>, Vec<&Tag>) = (Vec::new(), Vec::new());
        let mut layer = Vec::new();
        bytes(&mut layer, 1, name.as_bytes());
        for (feature, parts) in pieces.iter().filter(|(feature, _)| feature.layer == name) {
            let mut tags = Vec::new();
            for (key, value) in &feature.tags {
                varint(&mut tags, place(&mut keys, *key));
                varint(&mut tags, place(&mut values, value));
            }
            let mut message = Vec::new();
            if let Some(id) = feature.id {
                number(&mut message, 1, id);
            }
            bytes(&mut message, 2, &tags);
            number(&mut message, 3, 3);
            bytes(&mut message, 4, &geometry(parts));
            bytes(&mut layer, 2, &message);
        }
        for key in keys {
            bytes(&mut layer, 3, key.as_bytes());
        }
        for value in values {
            let mut message = Vec::new();
            match value {
                Tag::Text(text) => bytes(&mut message, 1, text.as_bytes()),
                Tag::Number(n) => {
                    varint(&mut message, 3 << 3 | 1);
                    message.extend(n.to_le_bytes());
                }
                Tag::Flag(flag) => number(&mut message, 7, u64::from(*flag)),
            }
            bytes(&mut layer, 4, &message);
        }
        number(&mut layer, 5, u64::from(extent));
        number(&mut layer, 15, 2);
        bytes(&mut tile, 3, &layer);
    }
    tile
}

fn geometry(parts: &[Polygon<f64>]) -> Vec<u8> {
    let mut commands = Vec::new();
    let (mut x, mut y) = (0, 0);
    for part in parts {
        let rings = std::iter::once((part.exterior(), 1.0)).chain(part.interiors().iter().map(|ring| (ring, -1.0)));
        for (ring, sense) in rings {
            let mut points = ring.0[1..].to_vec();
            // Exteriors have a positive area with y southwards, holes a negative one.
            if Polygon::new(ring.clone(), Vec::new()).signed_area() * sense < 0.0 {
                points.reverse();
            }
            for (i, point) in points.iter().enumerate() {
                match i {
                    0 => varint(&mut commands, 1 << 3 | 1),
                    1 => varint(&mut commands, (points.len() as u64 - 1) << 3 | 2),
                    _ => {}
                }
                for (now, last) in [(point.x as i64, &mut x), (point.y as i64, &mut y)] {
                    let step: i64 = now - *last;
                    varint(&mut commands, ((step << 1) ^ (step >> 63)) as u64);
                    *last = now;
                }
            }
            varint(&mut commands, 1 << 3 | 7);
        }
    }
    commands
}

fn place<T: PartialEq>(all: &mut Vec<T>, one: T) -> u64 {
    let at = all.iter().position(|other| *other == one).unwrap_or(all.len());
    if at == all.len() {
        all.push(one);
    }
    at as u64
}

fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 128 {
        bytes.push(value as u8 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn number(message: &mut Vec<u8>, field: u64, value: u64) {
    varint(message, field << 3);
    varint(message, value);
}

fn bytes(message: &mut Vec<u8>, field: u64, content: &[u8]) {
    varint(message, field << 3 | 2);
    varint(message, content.len() as u64);
    message.extend(content);
}

/// Position along the Hilbert curve of a zoom, after all lower zooms.
fn tile_id(zoom: u8, x: u32, y: u32) -> u64 {
    let below: u64 = (0..zoom).map(|z| 1 << (2 * z)).sum();
    let (mut x, mut y, mut along) = (u64::from(x), u64::from(y), 0);
    let mut half = (1u64 << zoom) / 2;
    while half > 0 {
        let (right, down) = (u64::from(x & half > 0), u64::from(y & half > 0));
        along += half * half * ((3 * right) ^ down);
        if down == 0 {
            if right == 1 {
                x = (half - 1).wrapping_sub(x);
                y = (half - 1).wrapping_sub(y);
            }
            (x, y) = (y, x);
        }
        half /= 2;
    }
    below + along
}
