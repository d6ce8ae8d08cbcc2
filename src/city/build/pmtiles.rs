//! A [`City`] as a `PMTiles` archive with a layer `buildings`: clustered, gzip, the same bytes for the same city.
//!
//! A building stands whole in every tile that it touches, so no wall is ever cut; only one that would reach more than a
//! tile beyond its own is cut, because map renderers clamp what lies further out.

use crate::city::archive::{Compression, DirectoryEntry as Entry, Fault, Header, Section, TileKind, encode, tile_id};
use crate::city::mvt::{LayerWriter, Tag};
use crate::city::{Building, City};
use crate::geodesy::{LonLat, Tile};
use flate2::write::GzEncoder;
use geo::{BooleanOps, BoundingRect, Coord, MapCoords, Polygon, Rect, coord};
use glam::DVec2;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;

/// The layer's name.
const LAYER: &str = "buildings";
/// Zooms below the highest serve the display alone.
const ZOOMS: (u8, u8) = (13, 15);
/// Tile units at the highest zoom, which the engines read: 2.5 cm in Munich.
const FINE: u32 = 32768;
/// Tile units at the other zooms: 0.4 m at zoom 14.
const COARSE: u32 = 4096;
/// A building may reach this many tile sides beyond its tile.
const REACH: f64 = 1.0;
/// The root directory must end within the first 16 KiB (specification, section 4).
const MAX_ROOT: usize = (16 << 10) - 127;
/// Entries of a leaf directory.
const LEAF_ENTRIES: usize = 4096;

/// Why an archive can't be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There is nothing to write.
    #[error("the city has no buildings")]
    Empty,
    /// The archive can't be read, or would be too large.
    #[error("{0}")]
    Archive(#[from] Fault),
    /// Packing failed.
    #[error("the tiles can't be packed: {0}")]
    Pack(#[from] std::io::Error),
}

/// The archive's bytes.
pub fn to_pmtiles(city: &City) -> Result<Vec<u8>, WriteError> {
    if city.buildings.is_empty() {
        return Err(WriteError::Empty);
    }
    let mut layers: BTreeMap<u64, LayerWriter> = BTreeMap::new();
    for building in &city.buildings {
        let outline = building.footprint.map_coords(|c| mercator(city, c));
        for zoom in ZOOMS.0..=ZOOMS.1 {
            add(&mut layers, building, &outline, zoom);
        }
    }
    layers.retain(|_, layer| !layer.is_empty());

    let (mut tiles, mut entries) = (Vec::new(), Vec::new());
    for (id, layer) in &layers {
        let packed = gzip(&layer.to_tile())?;
        let section = Section { offset: tiles.len() as u64, length: packed.len() as u64 };
        entries.push(Entry { id: *id, run: 1, section });
        tiles.extend(packed);
    }
    let (root, leaves) = directories(&entries)?;
    let metadata = gzip(metadata(city).to_string().as_bytes())?;

    let mut end = 127;
    let mut place = |bytes: &[u8]| {
        let section = Section { offset: end, length: bytes.len() as u64 };
        end += section.length;
        section
    };
    let count = entries.len() as u64;
    let (min, max) = corners(city);
    let header = Header {
        root: place(&root),
        metadata: place(&metadata),
        leaves: place(&leaves),
        tiles: place(&tiles),
        counts: [count; 3],
        internal: Compression::Gzip,
        packing: Compression::Gzip,
        kind: TileKind::Vector,
        zooms: ZOOMS,
        min,
        max,
        centre_zoom: ZOOMS.1,
        centre: LonLat::new(f64::midpoint(min.lon, max.lon), f64::midpoint(min.lat, max.lat)),
    };
    Ok([header.to_bytes().as_slice(), &root, &metadata, &leaves, &tiles].concat())
}

/// Position in the unit square of the Web-Mercator map.
fn mercator(city: &City, local: Coord<f64>) -> Coord<f64> {
    city.frame.to_lonlat(DVec2::new(local.x, local.y)).to_mercator().to_array().into()
}

/// Adds a building, given in the unit square, to all tiles of `zoom` that it touches.
fn add(layers: &mut BTreeMap<u64, LayerWriter>, building: &Building, outline: &Polygon<f64>, zoom: u8) {
    let extent = if zoom == ZOOMS.1 { FINE } else { COARSE };
    let (units, side) = (f64::from(1u32 << zoom) * f64::from(extent), f64::from(extent));
    // Rounded once for the whole world, so that copies in different tiles are equal to the last digit.
    let outline = outline.map_coords(|c| coord! { x: (c.x * units).round(), y: (c.y * units).round() });
    let Some(bounds) = outline.bounding_rect() else { return };
    let tile_of = |v: f64| (v / side).floor().clamp(0.0, f64::from((1u32 << zoom) - 1)) as u32;
    let centimetres = |m: f32| (m * 100.0).round() / 100.0;
    let mut tags = vec![("height", Tag::Number(centimetres(building.top)))];
    if building.base > 0.0 {
        tags.push(("min_height", Tag::Number(centimetres(building.base))));
    }
    tags.push(("height_source", Tag::Text(building.height_source.name())));
    tags.push(("wall_material", Tag::Text(building.wall.name())));
    tags.push(("roof_material", Tag::Text(building.roof.name())));
    for x in tile_of(bounds.min().x)..=tile_of(bounds.max().x) {
        for y in tile_of(bounds.min().y)..=tile_of(bounds.max().y) {
            let corner = (f64::from(x) * side, f64::from(y) * side);
            let layer =
                layers.entry(tile_id(Tile { z: zoom, x, y })).or_insert_with(|| LayerWriter::new(LAYER, extent));
            for part in within_reach(&outline, bounds, corner, side) {
                layer.push(building.id, &tags, &part.map_coords(|c| coord! { x: c.x - corner.0, y: c.y - corner.1 }));
            }
        }
    }
}

/// The part of `outline` near the tile whose north-west corner is given: nearly always all of it.
fn within_reach(outline: &Polygon<f64>, bounds: Rect<f64>, corner: (f64, f64), side: f64) -> Vec<Polygon<f64>> {
    let reach = REACH * side;
    let near = Rect::new(
        coord! { x: corner.0 - reach, y: corner.1 - reach },
        coord! { x: corner.0 + side + reach, y: corner.1 + side + reach },
    );
    let inside =
        |p: Coord<f64>| p.x >= near.min().x && p.x <= near.max().x && p.y >= near.min().y && p.y <= near.max().y;
    if inside(bounds.min()) && inside(bounds.max()) {
        return vec![outline.clone()];
    }
    let cut = outline.intersection(&near.to_polygon());
    cut.into_iter().map(|p| p.map_coords(|c| coord! { x: c.x.round(), y: c.y.round() })).collect()
}

/// The packed root directory and leaf directories.
fn directories(entries: &[Entry]) -> Result<(Vec<u8>, Vec<u8>), WriteError> {
    let root = gzip(&encode(entries))?;
    if root.len() <= MAX_ROOT {
        return Ok((root, Vec::new()));
    }
    let (mut leaves, mut pointers) = (Vec::new(), Vec::new());
    for chunk in entries.chunks(LEAF_ENTRIES) {
        let leaf = gzip(&encode(chunk))?;
        let section = Section { offset: leaves.len() as u64, length: leaf.len() as u64 };
        pointers.push(Entry { id: chunk[0].id, run: 0, section });
        leaves.extend(leaf);
    }
    Ok((gzip(&encode(&pointers))?, leaves))
}

/// South-west and north-east corner of what the city covers.
fn corners(city: &City) -> (LonLat, LonLat) {
    let (low, high) = (city.bounds.min(), city.bounds.max());
    let corners = [(low.x, low.y), (high.x, low.y), (low.x, high.y), (high.x, high.y)];
    let corners = corners.map(|(x, y)| city.frame.to_lonlat(DVec2::new(x, y)));
    let ends = |of: fn(&LonLat) -> f64| {
        let values = corners.iter().map(of);
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
    };
    let (lon, lat) = (ends(|p| p.lon), ends(|p| p.lat));
    (LonLat::new(lon.0, lat.0), LonLat::new(lon.1, lat.1))
}

fn metadata(city: &City) -> serde_json::Value {
    let (origin, low, high) = (city.frame.origin(), city.bounds.min(), city.bounds.max());
    let bounds = [low.x, low.y, high.x, high.y].map(|m| (m * 1000.0).round() / 1000.0);
    let fields = json!({
        "height": "Number",
        "min_height": "Number",
        "height_source": "String",
        "wall_material": "String",
        "roof_material": "String",
    });
    json!({
        "name": city.name,
        "type": "overlay",
        "format": "pbf",
        "attribution": city.attribution,
        "vector_layers": [{ "id": LAYER, "minzoom": ZOOMS.0, "maxzoom": ZOOMS.1, "fields": fields }],
        "farfield:origin": [origin.lon, origin.lat],
        "farfield:bounds": bounds,
        "farfield:ground": city.ground.name(),
    })
}

/// Packs without a time stamp, so that the same input gives the same bytes.
fn gzip(bytes: &[u8]) -> Result<Vec<u8>, std::io::Error> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}
