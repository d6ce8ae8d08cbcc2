//! Heights as an archive of Terrarium pictures, which the engines read and maps show as relief.
//!
//! Heights are rounded to 1/16 m, far below what any elevation model knows, so that the pictures pack well.

use crate::city::archive::{Compression, Fault, TileKind, tile_id, tiles_between};
use crate::city::build::WriteError;
use crate::city::build::pack::{Label, Pack};
use crate::city::terrain::tiles::{SIDE, encode};
use crate::geodesy::{LonLat, Tile};
use serde_json::json;

/// Steps in a metre that heights are rounded to.
const STEPS: f64 = 16.0;
/// Zooms of the archive below its highest: for maps that are zoomed out.
const OVERVIEWS: u8 = 4;
/// Finest zoom: pixels of 4.8 m at the equator and 3.2 m in Munich.
const MAX_ZOOM: u8 = 15;
/// The earth's circumference at the equator, metres, as Web Mercator has it.
const EQUATOR: f64 = 40_075_016.686;

/// An elevation model on its way into an archive.
#[derive(Clone, Copy, Debug)]
pub struct Relief<'a> {
    /// South-west and north-east corner of what is written.
    pub area: (LonLat, LonLat),
    /// Side of a cell of the source, metres.
    pub resolution: f64,
    /// Short name.
    pub name: &'a str,
    /// Who must be credited.
    pub attribution: &'a str,
}

impl Relief<'_> {
    /// The coarsest zoom whose pixels are no larger than the source's cells, as far as there are such.
    pub fn zoom(&self) -> u8 {
        let latitude = f64::midpoint(self.area.0.lat, self.area.1.lat).to_radians();
        let at_zoom_0 = EQUATOR * latitude.cos() / f64::from(SIDE);
        // A pixel a tenth larger than a cell loses nothing that is worth four times the tiles.
        let zoom = (at_zoom_0 / (1.1 * self.resolution)).log2().ceil();
        zoom.clamp(f64::from(OVERVIEWS), f64::from(MAX_ZOOM)) as u8
    }

    /// The archive's bytes; `height` tells the metres at any position near the area.
    pub fn to_pmtiles(self, height: impl Fn(LonLat) -> Option<f64>) -> Result<Vec<u8>, WriteError> {
        let (min, max) = self.area;
        let zooms = (self.zoom() - OVERVIEWS, self.zoom());
        let mut pack = Pack::default();
        for zoom in zooms.0..=zooms.1 {
            let mut tiles: Vec<(u64, Tile)> =
                tiles_between(min, max, zoom)?.into_iter().map(|t| (tile_id(t), t)).collect();
            tiles.sort_unstable_by_key(|(id, _)| *id);
            for (id, tile) in tiles {
                pack.push(id, picture(tile, &height)?);
            }
        }
        let metadata = json!({
            "name": self.name,
            "type": "baselayer",
            "format": "png",
            "encoding": "terrarium",
            "attribution": self.attribution,
        });
        let label = Label { kind: TileKind::Png, packing: Compression::None, zooms, min, max, centre_zoom: zooms.1 };
        pack.into_archive(label, &metadata)
    }
}

/// The picture of a tile; every pixel has the height at its centre.
fn picture(tile: Tile, height: impl Fn(LonLat) -> Option<f64>) -> Result<Vec<u8>, WriteError> {
    let share = |i: u32| (f64::from(i) + 0.5) / f64::from(SIDE);
    let mut pixels = Vec::with_capacity((SIDE * SIDE * 3) as usize);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let known = height(tile.to_lonlat(share(x), share(y)));
            let metres = known.ok_or(Fault::NotTerrain("a height is missing"))?;
            pixels.extend(encode((metres * STEPS).round() / STEPS));
        }
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, SIDE, SIDE);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::Adaptive);
    let failed = |e: png::EncodingError| WriteError::Pack(std::io::Error::other(e));
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}
