//! A [`City`] and its map as a `PMTiles` archive: clustered, gzip, equal tiles stored once, the same bytes for the same
//! city.

use super::draft::{Feature, Layer};
use super::pack::{Label, Pack, gzip};
use super::tiles::{BUILDING_ZOOMS, BUILDINGS, MAP_ZOOMS, TileSet};
use crate::city::City;
use crate::city::archive::{Compression, Fault, TileKind};
use crate::geodesy::LonLat;
use glam::DVec2;
use serde_json::json;

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
pub fn to_pmtiles(city: &City, map: &[Feature]) -> Result<Vec<u8>, WriteError> {
    if city.buildings.is_empty() {
        return Err(WriteError::Empty);
    }
    let (min, max) = corners(city);
    let set = TileSet::of(city, map, min, max)?;
    let mut pack = Pack::default();
    for (id, content) in set.tiles() {
        pack.push(id, gzip(&content)?);
    }
    let lowest = if map.is_empty() { BUILDING_ZOOMS.0 } else { MAP_ZOOMS.0 };
    let label = Label {
        kind: TileKind::Vector,
        packing: Compression::Gzip,
        zooms: (lowest, BUILDING_ZOOMS.1),
        min,
        max,
        centre_zoom: BUILDING_ZOOMS.1 - 1,
    };
    pack.into_archive(label, &metadata(city, map))
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

fn metadata(city: &City, map: &[Feature]) -> serde_json::Value {
    let (origin, low, high) = (city.frame.origin(), city.bounds.min(), city.bounds.max());
    let bounds = [low.x, low.y, high.x, high.y].map(|m| (m * 1000.0).round() / 1000.0);
    let mut layers = vec![json!({
        "id": BUILDINGS,
        "minzoom": BUILDING_ZOOMS.0,
        "maxzoom": BUILDING_ZOOMS.1,
        "fields": {
            "height": "Number",
            "min_height": "Number",
            "height_source": "String",
            "wall_material": "String",
            "roof_material": "String",
        },
    })];
    for layer in Layer::ALL {
        if !map.iter().any(|feature| feature.kind.layer == layer) {
            continue;
        }
        let mut fields = json!({ "class": "String", "name": "String" });
        if layer == Layer::Roads {
            fields["bridge"] = json!("Boolean");
        }
        if matches!(layer, Layer::Roads | Layer::Water) {
            fields["tunnel"] = json!("Boolean");
        }
        layers.push(json!({ "id": layer.name(), "minzoom": MAP_ZOOMS.0, "maxzoom": MAP_ZOOMS.1, "fields": fields }));
    }
    json!({
        "name": city.name,
        "type": "overlay",
        "format": "pbf",
        "attribution": city.attribution,
        "vector_layers": layers,
        "farfield:origin": [origin.lon, origin.lat],
        "farfield:bounds": bounds,
        "farfield:ground": city.ground.name(),
    })
}
