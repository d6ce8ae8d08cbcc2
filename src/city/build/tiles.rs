//! A city and its map, cut into vector tiles.
//!
//! A building stands whole in every tile that it touches, so no wall is ever cut; only one that would reach more than a
//! tile beyond its own is cut, because map renderers clamp what lies further out. The rest of the map is for the eye: cut
//! at the tile's edge plus a margin, and simplified at low zooms.

use super::clip::{Tiles, distribute};
use super::draft::{Feature, Kind, Layer, Shape};
use crate::city::archive::{Fault, tile_id};
use crate::city::mvt::{Geometry, LayerWriter, Tag};
use crate::city::{Building, City};
use crate::geodesy::{LonLat, Tile};
use geo::{Area, BooleanOps, BoundingRect, Coord, CoordsIter, LineString, MapCoords, Polygon, Rect, Simplify, coord};
use glam::DVec2;
use std::collections::BTreeMap;

/// Name of the layer of buildings.
pub const BUILDINGS: &str = "buildings";
/// Zooms with buildings; the engines read the highest.
pub const BUILDING_ZOOMS: (u8, u8) = (13, 16);
/// Zooms of the rest of the map.
pub const MAP_ZOOMS: (u8, u8) = (12, 16);
/// The lowest zoom whose buildings are exact; those of the zooms below are for the eye.
const EXACT_ZOOM: u8 = 14;
/// Units around the world, as a power of 2, of the grid on which buildings have their corners from [`EXACT_ZOOM`] up: 9.3 mm
/// at the equator, 6.2 mm in Munich. All buildings of the shipped cities keep area and length of walls to 0.5 % on it;
/// twice as coarse, 12 don't.
const GRID: u8 = 32;
/// Units to a side of a tile with buildings for the eye.
const COARSE_EXTENT: u32 = 4096;
/// Tile units of the rest of the map.
const MAP_EXTENT: u32 = 4096;
/// How far the rest of the map reaches beyond its tile, tile units.
const MARGIN: f64 = 64.0;
/// Tolerance of simplification below the highest zoom, tile units.
const SIMPLIFY: f64 = 2.0;
/// Areas of the map smaller than this are left out below the highest zoom, square tile units.
const LEAST_AREA: f64 = 64.0;
/// A building may reach this many tile sides beyond its tile.
const REACH: f64 = 1.0;
/// A building or a feature of the map stands in this many tiles of a zoom at no cost; nearly all stand in one to four.
const FREE_TILES: usize = 8;
/// What standing in one more tile costs besides its corners: its tags, and the tile's own.
const TILE_COST: u64 = 32;
/// Most that all of this may cost. A sea over the whole of the largest city costs 3 million; thousands of buildings as long
/// as the city, which only a file made to harm has, would be copied into tiles for hours.
const MAX_COST: u64 = 100_000_000;

/// Tiles by their number, not yet packed.
#[derive(Default)]
pub struct TileSet {
    layers: BTreeMap<u64, BTreeMap<Order, LayerWriter>>,
    cost: u64,
}

/// Layers in the order in which they stand in a tile.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    Map(Layer),
    Buildings,
}

impl TileSet {
    /// The tiles of a city; an error where too much of it is too wide.
    pub fn of(city: &City, map: &[Feature], min: LonLat, max: LonLat) -> Result<Self, Fault> {
        let mut set = Self::default();
        for building in &city.buildings {
            let outline = building.footprint.map_coords(|c| mercator(city, c));
            for zoom in BUILDING_ZOOMS.0..=BUILDING_ZOOMS.1 {
                set.add_building(building, city.above_ground(building), &outline, Tiles::between(min, max, zoom))?;
            }
        }
        for feature in map {
            for zoom in feature.kind.zoom.max(MAP_ZOOMS.0)..=MAP_ZOOMS.1 {
                set.add_feature(feature, Tiles::between(min, max, zoom))?;
            }
        }
        Ok(set)
    }

    /// Counts what it costs that something of so many corners stands in one more tile.
    fn spend(&mut self, corners: usize) -> Result<(), Fault> {
        self.cost += corners as u64 + TILE_COST;
        let over = self.cost > MAX_COST;
        let fault = Fault::TooLarge { what: "corners of wide features in tiles", found: self.cost, limit: MAX_COST };
        if over { Err(fault) } else { Ok(()) }
    }

    /// Number and content of each tile, in ascending order.
    pub fn tiles(&self) -> impl Iterator<Item = (u64, Vec<u8>)> {
        let content = |layers: &BTreeMap<Order, LayerWriter>| {
            layers.values().filter(|l| !l.is_empty()).flat_map(LayerWriter::to_bytes).collect::<Vec<u8>>()
        };
        self.layers.iter().map(move |(id, layers)| (*id, content(layers))).filter(|(_, bytes)| !bytes.is_empty())
    }

    fn layer(&mut self, tile: Tile, order: Order, extent: u32) -> &mut LayerWriter {
        let name = match order {
            Order::Buildings => BUILDINGS,
            Order::Map(layer) => layer.name(),
        };
        let layers = self.layers.entry(tile_id(tile)).or_default();
        layers.entry(order).or_insert_with(|| LayerWriter::new(name, extent))
    }

    /// Adds a building, given in the unit square, to those of `tiles` that it touches; its underside and roof count from the
    /// ground under it.
    fn add_building(
        &mut self,
        building: &Building,
        (base, top): (f32, f32),
        outline: &Polygon<f64>,
        tiles: Tiles,
    ) -> Result<(), Fault> {
        let extent = if tiles.zoom < EXACT_ZOOM { COARSE_EXTENT } else { 1 << (GRID - tiles.zoom) };
        let side = f64::from(extent);
        let outline = on_grid(outline, tiles.zoom, extent);
        let Some(bounds) = outline.bounding_rect() else { return Ok(()) };
        let centimetres = |m: f32| (m * 100.0).round() / 100.0;
        let mut tags = vec![("height", Tag::Number(centimetres(top)))];
        if base > 0.0 {
            tags.push(("min_height", Tag::Number(centimetres(base))));
        }
        tags.push(("height_source", Tag::Text(building.height_source.name())));
        tags.push(("wall_material", Tag::Text(building.wall.name())));
        tags.push(("roof_material", Tag::Text(building.roof.name())));
        let corners = outline.coords_count();
        for (i, tile) in tiles.within(bounds, side).enumerate() {
            if i >= FREE_TILES {
                self.spend(corners)?;
            }
            let corner = coord! { x: f64::from(tile.x) * side, y: f64::from(tile.y) * side };
            let parts = within_reach(&outline, bounds, corner, side);
            let layer = self.layer(tile, Order::Buildings, extent);
            for part in parts {
                let part = part.map_coords(|c| c - corner);
                layer.push(building.id, &tags, Geometry::Polygons(&[part]));
            }
        }
        Ok(())
    }

    /// Adds a feature of the map, given in degrees, to those of `tiles` that it touches.
    fn add_feature(&mut self, feature: &Feature, tiles: Tiles) -> Result<(), Fault> {
        let Feature { id, kind, shape } = feature;
        let side = f64::from(MAP_EXTENT);
        let unit = |c: Coord<f64>| Coord::from(LonLat::new(c.x, c.y).to_mercator().to_array());
        let order = Order::Map(kind.layer);
        let tags = tags(kind, tiles.zoom);
        let simplify = if tiles.zoom < MAP_ZOOMS.1 { SIMPLIFY } else { SIMPLIFY / 4.0 };
        let grid = |c: Coord<f64>| on_grid_point(unit(c), tiles.zoom, MAP_EXTENT);
        let (mut stands_in, mut result) = (0, Ok(()));
        let mut spend = |set: &mut Self, corners: usize| {
            stands_in += 1;
            if stands_in > FREE_TILES && result.is_ok() {
                result = set.spend(corners);
            }
            result.is_ok()
        };
        match shape {
            Shape::Point(at) => {
                let at = grid(*at);
                for tile in tiles.within(Rect::new(at, at), side) {
                    let (x, y) = (at.x - f64::from(tile.x) * side, at.y - f64::from(tile.y) * side);
                    self.layer(tile, order, MAP_EXTENT).push(*id, &tags, Geometry::Points(&[(x as i64, y as i64)]));
                }
            }
            Shape::Lines(lines) => {
                let lines: Vec<LineString<f64>> =
                    lines.iter().map(|line| line.map_coords(grid).simplify(simplify)).collect();
                distribute(lines, tiles, side, MARGIN, &mut |tile, corner, lines: Vec<LineString<f64>>| {
                    let lines: Vec<_> = lines.iter().map(|line| line.map_coords(|c| round(c - corner))).collect();
                    if spend(self, lines.iter().map(CoordsIter::coords_count).sum()) {
                        self.layer(tile, order, MAP_EXTENT).push(*id, &tags, Geometry::Lines(&lines));
                    }
                });
            }
            Shape::Area(area) => {
                let small = |p: &Polygon<f64>| tiles.zoom < MAP_ZOOMS.1 && p.unsigned_area() < LEAST_AREA;
                let polygons: Vec<Polygon<f64>> =
                    area.iter().map(|p| p.map_coords(grid).simplify(simplify)).filter(|p| !small(p)).collect();
                distribute(polygons, tiles, side, MARGIN, &mut |tile, corner, parts: Vec<Polygon<f64>>| {
                    let parts: Vec<_> = parts.iter().map(|part| part.map_coords(|c| round(c - corner))).collect();
                    if spend(self, parts.iter().map(CoordsIter::coords_count).sum()) {
                        self.layer(tile, order, MAP_EXTENT).push(*id, &tags, Geometry::Polygons(&parts));
                    }
                });
            }
        }
        result
    }
}

/// The tags of a feature at a zoom: names of streets only where there is room for them.
fn tags(kind: &Kind, zoom: u8) -> Vec<(&'static str, Tag<'_>)> {
    let mut tags = vec![("class", Tag::Text(kind.class))];
    let named = match kind.layer {
        Layer::Places => true,
        Layer::Roads | Layer::Water => zoom > kind.zoom || zoom >= 14,
        Layer::Green => zoom >= 15,
    };
    if let Some(name) = kind.name.as_deref().filter(|_| named) {
        tags.push(("name", Tag::Text(name)));
    }
    if let Some(height) = kind.height {
        tags.push(("height", Tag::Number((height * 100.0).round() as f32 / 100.0)));
    }
    if kind.bridge {
        tags.push(("bridge", Tag::Flag(true)));
    }
    if kind.tunnel {
        tags.push(("tunnel", Tag::Flag(true)));
    }
    tags
}

/// Position in the unit square of the Web-Mercator map.
fn mercator(city: &City, local: Coord<f64>) -> Coord<f64> {
    city.frame.to_lonlat(DVec2::new(local.x, local.y)).to_mercator().to_array().into()
}

/// Rounded once for the whole world, so that copies in different tiles are equal to the last digit.
fn on_grid(outline: &Polygon<f64>, zoom: u8, extent: u32) -> Polygon<f64> {
    outline.map_coords(|c| on_grid_point(c, zoom, extent))
}

fn on_grid_point(c: Coord<f64>, zoom: u8, extent: u32) -> Coord<f64> {
    let units = f64::from(1u32 << zoom) * f64::from(extent);
    coord! { x: (c.x * units).round(), y: (c.y * units).round() }
}

fn round(c: Coord<f64>) -> Coord<f64> {
    coord! { x: c.x.round(), y: c.y.round() }
}

/// The part of `outline` near the tile whose north-west corner is given: nearly always all of it.
fn within_reach(outline: &Polygon<f64>, bounds: Rect<f64>, corner: Coord<f64>, side: f64) -> Vec<Polygon<f64>> {
    let reach = REACH * side;
    let near = Rect::new(
        coord! { x: corner.x - reach, y: corner.y - reach },
        coord! { x: corner.x + side + reach, y: corner.y + side + reach },
    );
    let inside =
        |p: Coord<f64>| p.x >= near.min().x && p.x <= near.max().x && p.y >= near.min().y && p.y <= near.max().y;
    if inside(bounds.min()) && inside(bounds.max()) {
        return vec![outline.clone()];
    }
    let cut = outline.intersection(&near.to_polygon());
    cut.into_iter().map(|p| p.map_coords(round)).collect()
}
