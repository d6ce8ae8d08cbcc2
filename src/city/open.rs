//! From an archive to a [`City`]: which tiles, which layers, which tags.

use super::archive::{Archive, ArchiveError, Fault, RangeReader, tiles_between};
use super::heights::{Known, complete};
use super::join::{Piece, join};
use super::mvt::{Polygons, Value, layers};
use super::{Building, City, HeightSource};
use crate::geodesy::{LocalFrame, LonLat};
use crate::material::Material;
use geo::orient::Direction;
use geo::{Centroid, CoordsIter, MapCoords, Orient, Polygon, Rect, Translate, coord};
use glam::DVec2;

/// Names that publishers give the layer of buildings: ours and Protomaps; `OpenMapTiles` and Overture.
const LAYERS: [&str; 3] = ["buildings", "building", "building_part"];
/// Most pieces of buildings in one city.
pub const MAX_PIECES: u64 = 500_000;
/// Most vertices of them.
pub const MAX_VERTICES: u64 = 10_000_000;

/// Longest side of one city, metres: its height raster of 2 m cells stays under 1 GB.
pub const MAX_SIDE: f64 = 30_000.0;

/// A part of the world: everything within `radius` metres of `centre`, and a little more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Around {
    /// The middle.
    pub centre: LonLat,
    /// Half the side of the square, metres.
    pub radius: f64,
}

/// Id and tags of a building, as they order and join its pieces. Bits stand for the numbers, so that they have an order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    id: Option<u64>,
    height: Option<u32>,
    levels: Option<u32>,
    base: u32,
    source: Option<HeightSource>,
    wall: Material,
    roof: Material,
}

impl City {
    /// Reads the whole archive; `name` is what the user knows it by.
    pub async fn open(reader: &impl RangeReader, name: &str) -> Result<City, ArchiveError> {
        open_twice(reader, name, None).await
    }

    /// Reads the part of the archive around a position: for archives of whole countries.
    pub async fn open_around(reader: &impl RangeReader, name: &str, around: Around) -> Result<City, ArchiveError> {
        open_twice(reader, name, Some(around)).await
    }
}

/// Opens the archive; once more where it changed meanwhile.
async fn open_twice(reader: &impl RangeReader, name: &str, around: Option<Around>) -> Result<City, ArchiveError> {
    let mut result = open(reader, name, around).await;
    if result.as_ref().is_err_and(|fault| *fault == Fault::Changed) {
        reader.forget();
        result = open(reader, name, around).await;
    }
    result.map_err(|fault| ArchiveError { file: name.into(), fault })
}

async fn open(reader: &impl RangeReader, name: &str, around: Option<Around>) -> Result<City, Fault> {
    let mut archive = Archive::open(reader).await?;
    let metadata = archive.metadata().await?;
    let header = archive.header;
    let zoom = header.zooms.1;
    let (min, max) = window(header.min, header.max, around)?;
    let frame = LocalFrame::new(origin(&metadata).unwrap_or_else(|| middle(min, max)));
    let whole_archive = around.is_none();
    let bounds = own_bounds(&metadata).filter(|_| whole_archive).unwrap_or_else(|| local_bounds(&frame, min, max));
    let side = bounds.width().max(bounds.height());
    if side > MAX_SIDE {
        return Err(Fault::TooLarge { what: "metres across", found: side as u64, limit: MAX_SIDE as u64 });
    }
    let tiles = tiles_between(min, max, zoom)?;

    let mut pieces = Vec::new();
    let mut vertices = 0u64;
    let mut precision = 0.0f64;
    archive
        .read_tiles(&tiles, |place, bytes| {
            let (tile, damaged) = (place.tile, |why| place.damaged(why));
            for layer in layers(bytes).map_err(damaged)?.iter().filter(|l| LAYERS.contains(&l.name)) {
                let side = f64::from(layer.extent);
                precision = precision.max(1.0 / side);
                for feature in layer.polygons() {
                    let feature = feature.map_err(damaged)?;
                    let key = key_of(&feature);
                    for part in feature.parts {
                        vertices += part.coords_count() as u64;
                        let outline = part.map_coords(|c| coord! { x: c.x / side, y: c.y / side });
                        let outline = outline.translate(f64::from(tile.x), f64::from(tile.y));
                        pieces.push(Piece {
                            key: key.clone(),
                            has_id: key.id.is_some(),
                            tile: (tile.x, tile.y),
                            outline,
                        });
                    }
                    let found = pieces.len() as u64;
                    if found > MAX_PIECES {
                        return Err(Fault::TooLarge { what: "buildings", found, limit: MAX_PIECES });
                    }
                    if vertices > MAX_VERTICES {
                        return Err(Fault::TooLarge {
                            what: "corners of buildings",
                            found: vertices,
                            limit: MAX_VERTICES,
                        });
                    }
                }
            }
            Ok(())
        })
        .await?;

    let whole = join(pieces, precision).map_err(|_| Fault::Entangled)?;
    let buildings = buildings(whole, zoom, &frame);
    if buildings.is_empty() {
        return Err(Fault::NoBuildings);
    }
    let text = |key: &str| metadata.get(key).and_then(|v| v.as_str());
    let ground = text("farfield:ground").and_then(Material::from_name).unwrap_or(Material::MediumDryGround);
    Ok(City {
        name: name.into(),
        attribution: text("attribution").unwrap_or_default().into(),
        frame,
        bounds,
        buildings,
        ground,
        terrain: None,
    })
}

/// South-west and north-east corner of what is read.
fn window(min: LonLat, max: LonLat, around: Option<Around>) -> Result<(LonLat, LonLat), Fault> {
    let Some(Around { centre, radius }) = around else { return Ok((min, max)) };
    let frame = LocalFrame::new(centre);
    let (low, high) = (frame.to_lonlat(DVec2::splat(-radius)), frame.to_lonlat(DVec2::splat(radius)));
    let min = LonLat::new(low.lon.max(min.lon), low.lat.max(min.lat));
    let max = LonLat::new(high.lon.min(max.lon), high.lat.min(max.lat));
    // Written so that a NaN is empty too.
    if min.lon < max.lon && min.lat < max.lat { Ok((min, max)) } else { Err(Fault::NoBuildings) }
}

fn middle(min: LonLat, max: LonLat) -> LonLat {
    LonLat::new(f64::midpoint(min.lon, max.lon), f64::midpoint(min.lat, max.lat))
}

/// The reference point that the archive names.
fn origin(metadata: &serde_json::Value) -> Option<LonLat> {
    let pair = metadata.get("farfield:origin")?.as_array()?;
    let [lon, lat] = pair.as_slice() else { return None };
    Some(LonLat::new(lon.as_f64()?, lat.as_f64()?)).filter(|p| p.is_valid() && p.lat.abs() < 89.0)
}

/// What the archive says that it covers, local metres from west, south to east, north.
fn own_bounds(metadata: &serde_json::Value) -> Option<Rect<f64>> {
    const FURTHEST: f64 = 100_000.0;
    let numbers = metadata.get("farfield:bounds")?.as_array()?;
    let numbers: Vec<f64> = numbers.iter().filter_map(serde_json::Value::as_f64).collect();
    let &[west, south, east, north] = numbers.as_slice() else { return None };
    let sensible = west < east && south < north && numbers.iter().all(|n| n.abs() < FURTHEST);
    sensible.then(|| Rect::new(coord! { x: west, y: south }, coord! { x: east, y: north }))
}

fn local_bounds(frame: &LocalFrame, min: LonLat, max: LonLat) -> Rect<f64> {
    let corners = [min, max, LonLat::new(min.lon, max.lat), LonLat::new(max.lon, min.lat)].map(|p| frame.to_local(p));
    let low = corners.into_iter().fold(DVec2::INFINITY, DVec2::min);
    let high = corners.into_iter().fold(DVec2::NEG_INFINITY, DVec2::max);
    Rect::new(coord! { x: low.x, y: low.y }, coord! { x: high.x, y: high.y })
}

fn key_of(feature: &Polygons<'_>) -> Key {
    let find =
        |names: &[&str]| names.iter().find_map(|name| feature.tags.iter().find(|(key, _)| key == name)).map(|t| t.1);
    let number = |names: &[&str]| find(names).as_ref().and_then(Value::number).map(|n| n as f32);
    let text = |name: &str| find(&[name]).and_then(|v| v.text().map(str::to_owned));
    let material = |name| text(name).as_deref().and_then(Material::from_name).unwrap_or_default();
    Key {
        id: feature.id.filter(|id| *id != 0),
        height: number(&["height", "render_height"]).map(f32::to_bits),
        levels: number(&["levels", "building:levels", "building_levels", "num_floors"]).map(f32::to_bits),
        base: number(&["min_height", "render_min_height"]).unwrap_or_default().to_bits(),
        source: text("height_source").as_deref().and_then(HeightSource::from_name),
        wall: material("wall_material"),
        roof: material("roof_material"),
    }
}

/// Prisms in local metres, their heights completed.
fn buildings(whole: Vec<(Key, Polygon<f64>)>, zoom: u8, frame: &LocalFrame) -> Vec<Building> {
    let side = f64::from(1u32 << zoom);
    let to_local = |x: f64, y: f64| frame.to_local(LonLat::from_mercator(DVec2::new(x, y) / side));
    let (mut prisms, mut places, mut known_heights) = (Vec::new(), Vec::new(), Vec::new());
    for (key, outline) in whole {
        let footprint = outline.map_coords(|c| to_local(c.x, c.y).to_array().into()).orient(Direction::Default);
        let Some(centre) = footprint.centroid() else { continue };
        places.push(DVec2::new(centre.x(), centre.y()));
        known_heights.push(known(&key).resolve());
        prisms.push(Building {
            id: key.id.unwrap_or_else(|| id_of(&outline)),
            footprint,
            base: f32::from_bits(key.base),
            top: 0.0,
            height_source: HeightSource::Default,
            wall: key.wall,
            roof: key.roof,
        });
    }
    for (prism, (top, source)) in prisms.iter_mut().zip(complete(&places, &known_heights)) {
        (prism.top, prism.height_source) = (top, source);
        if !(prism.base > 0.0 && prism.base < top) {
            prism.base = 0.0;
        }
    }
    prisms
}

fn known(key: &Key) -> Known {
    Known { height: key.height.map(f32::from_bits), levels: key.levels.map(f32::from_bits), source: key.source }
}

/// An id for a building without one, from where it stands: FNV-1a over its first corner.
fn id_of(outline: &Polygon<f64>) -> u64 {
    let corner = outline.exterior().0.first().copied().unwrap_or_default();
    let bytes = corner.x.to_bits().to_le_bytes().into_iter().chain(corner.y.to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
