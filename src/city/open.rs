//! From an archive to a [`City`]: which tiles, which layers, which tags.

use super::archive::{Archive, ArchiveError, Fault, Header, Place, RangeReader, tiles_between};
use super::heights::complete;
use super::join::{Piece, join};
use super::mvt::{Layer, layers};
use super::parts::replace_outlines;
use super::schema::{Traits, hash, is_read};
use super::terrain::Named;
use super::woods::{self, Wood};
use super::{Building, City, HeightSource, terrain};
use crate::geodesy::{Area, LocalFrame, LonLat};
use crate::material::Material;
use geo::orient::Direction;
use geo::{
    BoundingRect, Centroid, Coord, CoordsIter, Euclidean, Intersects, Length, MapCoords, MapCoordsInPlace, Orient,
    Polygon, Rect, coord,
};
use glam::DVec2;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most pieces of buildings in one city.
pub const MAX_PIECES: u64 = 500_000;
/// Most vertices of them.
pub const MAX_VERTICES: u64 = 10_000_000;
/// Most corners of woods in one city.
pub const MAX_WOOD_CORNERS: u64 = 4_000_000;
/// Longest outline of all woods together, kilometres: what a raster of 2 m cells meets it in takes 160 MB at most.
pub const MAX_WOOD_OUTLINE: u64 = 20_000;

/// Longest side of one city, metres: its height raster of 2 m cells stays under 1 GB.
pub const MAX_SIDE: f64 = 30_000.0;
/// An archive whose longest side is at most this, metres, is opened as a whole: it is one of a city.
pub const WHOLE_SIDE: f64 = 6_000.0;
/// Of a larger one the square around the site is opened, whose half side this is, metres.
pub const NEAR: f64 = 1_000.0;
/// Buildings this far outside of the part that is opened are read too, metres: they stand in the way of waves, and a
/// building that the part's edge crosses is whole.
const MARGIN: f64 = 200.0;

/// A part of the world: everything within `radius` metres of `centre`, and a little more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Around {
    /// The middle.
    pub centre: LonLat,
    /// Half the side of the square, metres.
    pub radius: f64,
}

/// How much of an archive is read.
#[derive(Clone, Copy, Debug)]
enum Scope {
    Whole,
    Around(Around),
    /// The whole of a city; of anything larger the part around a position.
    Near(LonLat),
}

/// What an archive covers, and whether the city that was opened is all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Extent {
    /// What it covers.
    pub area: Area,
    /// Whether all of it was read.
    pub whole: bool,
}

/// A city, and the archive that it was read from.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The city.
    pub city: City,
    /// The archive.
    pub extent: Extent,
    /// The terrain that the archive names and that can't be reached from it, since it is a file by itself. The city then
    /// stands on level ground.
    pub missing_terrain: Option<String>,
    /// Bytes of its tiles that were decoded, unpacked.
    pub unpacked: u64,
}

impl City {
    /// Reads the whole archive; `name` is what the user knows it by.
    pub async fn open(reader: &impl RangeReader, name: &str) -> Result<City, ArchiveError> {
        open_twice(reader, name, Scope::Whole).await.map(|opened| opened.city)
    }

    /// Reads the part of the archive around a position: for archives of whole countries.
    pub async fn open_around(reader: &impl RangeReader, name: &str, around: Around) -> Result<City, ArchiveError> {
        open_twice(reader, name, Scope::Around(around)).await.map(|opened| opened.city)
    }

    /// Reads the whole archive of a city; of a larger one the square of 2 km around `site`, or, where the archive doesn't
    /// reach there, around the position that it shows first.
    pub async fn open_near(reader: &impl RangeReader, name: &str, site: LonLat) -> Result<Opened, ArchiveError> {
        open_twice(reader, name, Scope::Near(site)).await
    }
}

/// Opens the archive; once more where it changed meanwhile.
async fn open_twice(reader: &impl RangeReader, name: &str, scope: Scope) -> Result<Opened, ArchiveError> {
    let mut result = open(reader, name, scope).await;
    if result.as_ref().is_err_and(|fault| *fault == Fault::Changed) {
        reader.forget();
        result = open(reader, name, scope).await;
    }
    result.map_err(|fault| ArchiveError { file: name.into(), fault })
}

async fn open(reader: &impl RangeReader, name: &str, scope: Scope) -> Result<Opened, Fault> {
    let mut archive = Archive::open(reader).await?;
    let metadata = archive.metadata().await?;
    let header = archive.header;
    let around = part_of(&header, scope);
    let covered = Area { min: header.min, max: header.max };
    let read = window(covered, around)?;
    let frame = LocalFrame::new(origin(&metadata, read.middle()));
    let bounds = own_bounds(&metadata).filter(|_| around.is_none()).unwrap_or_else(|| read.local(&frame));
    let side = bounds.width().max(bounds.height());
    if side > MAX_SIDE {
        return Err(Fault::TooLarge { what: "metres across", found: side as u64, limit: MAX_SIDE as u64 });
    }
    let wide = around.map(|around| Around { radius: around.radius + MARGIN, ..around });
    let wide = window(covered, wide)?;
    let tiles = tiles_between(wide.min, wide.max, header.zooms.1)?;

    let mut pieces = Pieces::default();
    archive.read_tiles(&tiles, |place, bytes| pieces.add(place, bytes)).await?;
    let whole = join(pieces.found, &pieces.tiles).map_err(|_| Fault::Entangled)?;
    let whole = replace_outlines(whole).map_err(|_| Fault::Entangled)?;
    let within = around.map(|_| wide.local(&frame));
    let mut buildings = buildings(whole, header.zooms.1, &frame, within);
    if buildings.is_empty() {
        return Err(Fault::NoBuildings);
    }
    let woods = in_metres(pieces.woods, header.zooms.1, &frame)?;
    let (terrain, missing_terrain) = match terrain::named(reader, &metadata, &frame, bounds).await? {
        Named::Nothing => (None, None),
        Named::OutOfReach(name) => (None, Some(name)),
        Named::Read(terrain) => (Some(terrain), None),
    };
    if let Some(terrain) = &terrain {
        terrain.lift(&mut buildings);
    }
    let text = |key: &str| metadata.get(key).and_then(|v| v.as_str());
    let ground = text("farfield:ground").and_then(Material::from_name).unwrap_or(Material::MediumDryGround);
    let city = City {
        name: name.into(),
        attribution: text("attribution").unwrap_or_default().into(),
        frame,
        bounds,
        buildings,
        ground,
        terrain: terrain.map(Arc::new),
        woods,
    };
    let extent = Extent { area: covered, whole: around.is_none() };
    Ok(Opened { city, extent, missing_terrain, unpacked: pieces.unpacked })
}

/// The pieces of buildings that the tiles hold.
#[derive(Default)]
struct Pieces {
    found: Vec<Piece<Traits>>,
    /// The woods, in tile sides.
    woods: Vec<Wood>,
    wood_corners: u64,
    tiles: BTreeSet<(u32, u32)>,
    vertices: u64,
    unpacked: u64,
}

impl Pieces {
    fn add(&mut self, place: Place, bytes: &[u8]) -> Result<(), Fault> {
        let tile = (place.tile.x, place.tile.y);
        self.tiles.insert(tile);
        self.unpacked += bytes.len() as u64;
        for layer in &layers(bytes).map_err(|why| place.damaged(why))? {
            if woods::is_read(layer.name) {
                self.add_woods(place, layer)?;
            }
            if !is_read(layer.name) {
                continue;
            }
            for feature in layer.polygons() {
                let feature = feature.map_err(|why| place.damaged(why))?;
                let Some(key) = Traits::of(layer.name, &feature) else { continue };
                for outline in feature.parts {
                    self.vertices += outline.coords_count() as u64;
                    let (key, has_id) = (key.clone(), key.id.is_some());
                    self.found.push(Piece { key, has_id, tile, extent: layer.extent, outline });
                }
                within_limit("buildings", self.found.len() as u64, MAX_PIECES)?;
                within_limit("corners of buildings", self.vertices, MAX_VERTICES)?;
            }
        }
        Ok(())
    }

    fn add_woods(&mut self, place: Place, layer: &Layer<'_>) -> Result<(), Fault> {
        let side = f64::from(layer.extent);
        let (x, y) = (f64::from(place.tile.x), f64::from(place.tile.y));
        let in_sides = |c: Coord<f64>| coord! { x: x + c.x / side, y: y + c.y / side };
        for feature in layer.polygons() {
            let feature = feature.map_err(|why| place.damaged(why))?;
            let Some(height) = woods::canopy_of(&feature) else { continue };
            for outline in &feature.parts {
                self.wood_corners += outline.coords_count() as u64;
                within_limit("corners of woods", self.wood_corners, MAX_WOOD_CORNERS)?;
                self.woods.push(Wood { outline: outline.map_coords(in_sides), height });
            }
        }
        Ok(())
    }
}

fn within_limit(what: &'static str, found: u64, limit: u64) -> Result<(), Fault> {
    if found > limit { Err(Fault::TooLarge { what, found, limit }) } else { Ok(()) }
}

/// Woods given in tile sides of `zoom`, in local metres.
fn in_metres(mut woods: Vec<Wood>, zoom: u8, frame: &LocalFrame) -> Result<Vec<Wood>, Fault> {
    let side = f64::from(1u32 << zoom);
    let to_local = |c: Coord<f64>| {
        let at = frame.to_local(LonLat::from_mercator(DVec2::new(c.x, c.y) / side));
        coord! { x: at.x, y: at.y }
    };
    let mut metres = 0.0;
    for wood in &mut woods {
        wood.outline.map_coords_in_place(to_local);
        let rings = std::iter::once(wood.outline.exterior()).chain(wood.outline.interiors());
        metres += rings.map(|ring| Euclidean.length(ring)).sum::<f64>();
    }
    within_limit("kilometres of woods' outlines", (metres / 1e3) as u64, MAX_WOOD_OUTLINE)?;
    Ok(woods)
}

/// The part of an archive that is opened; all of it where there is none.
fn part_of(header: &Header, scope: Scope) -> Option<Around> {
    let site = match scope {
        Scope::Whole => return None,
        Scope::Around(around) => return Some(around),
        Scope::Near(site) => site,
    };
    let covered = Area { min: header.min, max: header.max };
    let all = covered.local(&LocalFrame::new(covered.middle()));
    if all.width().max(all.height()) <= WHOLE_SIDE {
        return None;
    }
    let candidates = [site, header.centre, covered.middle()];
    let centre = candidates.into_iter().find(|p| covered.contains(*p))?;
    Some(Around { centre, radius: NEAR })
}

/// What is read of an archive that covers `covered`.
fn window(covered: Area, around: Option<Around>) -> Result<Area, Fault> {
    let Some(Around { centre, radius }) = around else { return Ok(covered) };
    let frame = LocalFrame::new(centre);
    let (low, high) = (frame.to_lonlat(DVec2::splat(-radius)), frame.to_lonlat(DVec2::splat(radius)));
    let min = LonLat::new(low.lon.max(covered.min.lon), low.lat.max(covered.min.lat));
    let max = LonLat::new(high.lon.min(covered.max.lon), high.lat.min(covered.max.lat));
    // Written so that a NaN is empty too.
    if min.lon < max.lon && min.lat < max.lat { Ok(Area { min, max }) } else { Err(Fault::Outside(centre)) }
}

/// The reference point: the one that the archive names, if it is near the middle of what is read, else that middle.
fn origin(metadata: &serde_json::Value, middle: LonLat) -> LonLat {
    let named = || {
        let pair = metadata.get("farfield:origin")?.as_array()?;
        let [lon, lat] = pair.as_slice() else { return None };
        Some(LonLat::new(lon.as_f64()?, lat.as_f64()?))
    };
    let near = |p: &LonLat| LocalFrame::new(middle).to_local(*p).length() <= MAX_SIDE;
    named().filter(|p| p.is_valid() && p.lat.abs() < 89.0 && near(p)).unwrap_or(middle)
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

/// Prisms in local metres, their heights completed; only those that touch `within`, where that is given.
fn buildings(
    whole: Vec<(Traits, Polygon<f64>)>,
    zoom: u8,
    frame: &LocalFrame,
    within: Option<Rect<f64>>,
) -> Vec<Building> {
    let side = f64::from(1u32 << zoom);
    let to_local = |x: f64, y: f64| frame.to_local(LonLat::from_mercator(DVec2::new(x, y) / side));
    let (mut prisms, mut places, mut known_heights) = (Vec::new(), Vec::new(), Vec::new());
    for (traits, outline) in whole {
        let footprint = outline.map_coords(|c| to_local(c.x, c.y).to_array().into()).orient(Direction::Default);
        let Some(centre) = footprint.centroid() else { continue };
        if within.is_some_and(|area| footprint.bounding_rect().is_none_or(|b| !b.intersects(&area))) {
            continue;
        }
        places.push(DVec2::new(centre.x(), centre.y()));
        known_heights.push(traits.known().resolve());
        prisms.push(Building {
            id: traits.id.unwrap_or_else(|| id_of(&outline)),
            footprint,
            base: traits.base(),
            top: 0.0,
            height_source: HeightSource::Default,
            wall: traits.wall,
            roof: traits.roof,
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

/// An id for a building without one, from where it stands.
fn id_of(outline: &Polygon<f64>) -> u64 {
    let corner = outline.exterior().0.first().copied().unwrap_or_default();
    hash(corner.x.to_bits().to_le_bytes().into_iter().chain(corner.y.to_bits().to_le_bytes()))
}
