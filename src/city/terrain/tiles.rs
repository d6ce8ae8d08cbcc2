//! Terrain from an archive of pictures: heights as colours by the Terrarium encoding, red · 256 + green + blue / 256 −
//! 32,768 metres, the value of a pixel being that of its centre.

use super::{MARGIN, Terrain};
use crate::city::archive::{Archive, Fault, MAX_TILES, Place, RangeReader, TileKind, tiles_between};
use crate::geodesy::{LocalFrame, LonLat, Tile};
use geo::Rect;
use glam::DVec2;

/// Pixels along the side of a picture.
pub const SIDE: u32 = 256;
/// Largest picture that others may have, pixels a side.
const MAX_PICTURE: u32 = 1024;
/// Most pixels of all pictures of one city, 64 MB of heights; where there are more, a coarser zoom is read.
const MAX_PIXELS: u64 = 16 << 20;

/// The height that a colour stands for, metres.
pub fn decode([red, green, blue]: [u8; 3]) -> f32 {
    f32::from(red) * 256.0 + f32::from(green) + f32::from(blue) / 256.0 - 32_768.0
}

/// The colour that stands for a height: within 2 mm of it, for heights of ±32 km.
pub fn encode(height: f64) -> [u8; 3] {
    let units = ((height + 32_768.0) * 256.0).round().clamp(0.0, f64::from((1u32 << 24) - 1)) as u32;
    [(units >> 16) as u8, (units >> 8) as u8, units as u8]
}

/// Key of a city archive's metadata: the address of its terrain, relative to its own.
pub const KEY: &str = "farfield:terrain";

/// What became of the terrain that a city archive names.
pub(crate) enum Named {
    /// It names none: its ground is flat.
    Nothing,
    /// It lies where nothing lies beside it, as in memory or in a file that was opened by itself: this is what it names.
    OutOfReach(String),
    /// The terrain.
    Read(Terrain),
}

/// The terrain of `bounds`, local metres of `frame`, that a city archive with this metadata names.
pub(crate) async fn named(
    reader: &impl RangeReader,
    metadata: &serde_json::Value,
    frame: &LocalFrame,
    bounds: Rect<f64>,
) -> Result<Named, Fault> {
    let Some(name) = metadata.get(KEY).and_then(serde_json::Value::as_str) else {
        return Ok(Named::Nothing);
    };
    let wrong = |fault| Fault::Terrain { file: name.into(), fault: Box::new(fault) };
    let Some(archive) = reader.beside(name).map_err(wrong)? else { return Ok(Named::OutOfReach(name.into())) };
    read(&archive, frame, bounds).await.map(Named::Read).map_err(wrong)
}

/// Reads the terrain of `bounds`, local metres of `frame`.
async fn read(reader: &impl RangeReader, frame: &LocalFrame, bounds: Rect<f64>) -> Result<Terrain, Fault> {
    let mut archive = Archive::open_any(reader).await?;
    let header = archive.header;
    if header.kind != TileKind::Png {
        return Err(Fault::NotTerrain("its tiles are no PNG pictures"));
    }
    let metadata = archive.metadata().await?;
    if metadata.get("encoding").is_some_and(|e| e != "terrarium") {
        return Err(Fault::NotTerrain("its heights are not encoded as Terrarium"));
    }
    let reach = DVec2::splat(MARGIN);
    let (low, high) = (bounds.min(), bounds.max());
    let corners = [DVec2::new(low.x, low.y) - reach, DVec2::new(high.x, high.y) + reach].map(|p| frame.to_lonlat(p));
    let min = LonLat::new(corners[0].lon.max(header.min.lon), corners[0].lat.max(header.min.lat));
    let max = LonLat::new(corners[1].lon.min(header.max.lon), corners[1].lat.min(header.max.lat));
    // Written so that a NaN is elsewhere.
    let covers = min.lon < max.lon && min.lat < max.lat;
    if !covers {
        return Err(Fault::NotTerrain("it lies elsewhere"));
    }
    let fits =
        |zoom: &u8| tiles_between(min, max, *zoom).is_ok_and(|t| t.len() as u64 * u64::from(SIDE * SIDE) <= MAX_PIXELS);
    let zoom = (header.zooms.0..=header.zooms.1).rev().find(fits);
    let too_large = Fault::TooLarge { what: "tiles of terrain", found: MAX_TILES + 1, limit: MAX_TILES };
    let zoom = zoom.ok_or(too_large)?;
    let tiles = tiles_between(min, max, zoom)?;
    let mut mosaic = Mosaic::new(&tiles, min, max);
    archive.read_tiles(&tiles, |place, bytes| mosaic.put(place, bytes)).await?;
    if !tiles.into_iter().all(|t| mosaic.has(t)) {
        return Err(Fault::NotTerrain("tiles are missing where it says that it covers the ground"));
    }
    let spacing = mosaic.pixel_size(frame);
    let terrain = Terrain::new(bounds, spacing, |p| mosaic.at(frame.to_lonlat(p)));
    terrain.map_err(|_| Fault::NotTerrain("its heights make no sense"))
}

/// Pictures side by side.
struct Mosaic {
    /// The first tile of the north-west corner.
    first: Tile,
    /// Tiles from west to east and from north to south.
    count: (u32, u32),
    /// Where heights are known.
    min: LonLat,
    max: LonLat,
    /// Pixels along the side of a picture; 0 before the first.
    side: u32,
    /// Row-major from the north-west.
    heights: Vec<f32>,
}

impl Mosaic {
    /// A mosaic of `tiles`, which are all of a rectangle, without pictures.
    fn new(tiles: &[Tile], min: LonLat, max: LonLat) -> Self {
        let fold = |of: fn(&Tile) -> u32| tiles.iter().map(of).fold((u32::MAX, 0), |(a, b), v| (a.min(v), b.max(v)));
        let ((x0, x1), (y0, y1)) = (fold(|t| t.x), fold(|t| t.y));
        let first = Tile { z: tiles.first().map_or(0, |t| t.z), x: x0, y: y0 };
        Self {
            first,
            count: (x1.saturating_sub(x0) + 1, y1.saturating_sub(y0) + 1),
            min,
            max,
            side: 0,
            heights: Vec::new(),
        }
    }

    fn width(&self) -> usize {
        (self.count.0 * self.side) as usize
    }

    /// Where the first pixel of a tile lies.
    fn corner(&self, tile: Tile) -> usize {
        let (x, y) = (tile.x - self.first.x, tile.y - self.first.y);
        (y * self.side) as usize * self.width() + (x * self.side) as usize
    }

    /// Puts the picture of a tile into its place.
    fn put(&mut self, place: Place, bytes: &[u8]) -> Result<(), Fault> {
        let (tile, damaged) = (place.tile, |why| place.damaged(why));
        let (side, heights) = picture(bytes).map_err(damaged)?;
        if self.side == 0 {
            let pixels = u64::from(self.count.0) * u64::from(self.count.1) * u64::from(side) * u64::from(side);
            // Pictures of others may be sixteen times as large as ours.
            let limit = MAX_PIXELS * 16;
            if pixels > limit {
                return Err(Fault::TooLarge { what: "pixels of terrain", found: pixels, limit });
            }
            self.side = side;
            self.heights = vec![f32::NAN; pixels as usize];
        }
        if side != self.side {
            return Err(damaged("its picture is of another size than the others"));
        }
        let (corner, width) = (self.corner(tile), self.width());
        for (row, line) in heights.chunks_exact(side as usize).enumerate() {
            let start = corner + row * width;
            self.heights[start..start + side as usize].copy_from_slice(line);
        }
        Ok(())
    }

    fn has(&self, tile: Tile) -> bool {
        self.side > 0 && !self.heights[self.corner(tile)].is_nan()
    }

    /// Side of a pixel in the middle, metres.
    fn pixel_size(&self, frame: &LocalFrame) -> f64 {
        let middle = LonLat::new(f64::midpoint(self.min.lon, self.max.lon), f64::midpoint(self.min.lat, self.max.lat));
        let tile = Tile::containing(middle, self.first.z);
        let local = |t: f64| frame.to_local(tile.to_lonlat(t, 0.5));
        (local(1.0) - local(0.0)).length() / f64::from(self.side.max(1))
    }

    /// Height at a position, between the four nearest pixels; beyond the known that of its edge.
    fn at(&self, p: LonLat) -> f64 {
        let held = LonLat::new(p.lon.clamp(self.min.lon, self.max.lon), p.lat.clamp(self.min.lat, self.max.lat));
        let last = DVec2::new(self.width() as f64 - 1.0, f64::from(self.count.1 * self.side) - 1.0);
        let q = (self.first.fraction(held) * f64::from(self.side) - 0.5).clamp(DVec2::ZERO, last);
        let low = q.floor();
        let (t, x, y) = (q - low, low.x as usize, low.y as usize);
        let (x1, y1) = ((x + 1).min(last.x as usize), (y + 1).min(last.y as usize));
        let height = |x: usize, y: usize| f64::from(self.heights[y * self.width() + x]);
        let row = |y: usize| height(x, y) * (1.0 - t.x) + height(x1, y) * t.x;
        row(y) * (1.0 - t.y) + row(y1) * t.y
    }
}

/// Side and heights of a picture, row-major from the north.
fn picture(bytes: &[u8]) -> Result<(u32, Vec<f32>), &'static str> {
    const NO_PNG: &str = "it is no PNG picture";
    let limits = png::Limits { bytes: (MAX_PICTURE * MAX_PICTURE * 16) as usize };
    let mut decoder = png::Decoder::new_with_limits(std::io::Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(|_| NO_PNG)?;
    let (side, height) = (reader.info().width, reader.info().height);
    if side != height || side > MAX_PICTURE || side == 0 {
        return Err("its picture is no square of at most 1,024 pixels a side");
    }
    let channels = match reader.output_color_type() {
        (png::ColorType::Rgb, png::BitDepth::Eight) => 3,
        (png::ColorType::Rgba, png::BitDepth::Eight) => 4,
        _ => return Err("its picture has no colours"),
    };
    let mut pixels = vec![0; side as usize * side as usize * channels];
    reader.next_frame(&mut pixels).map_err(|_| NO_PNG)?;
    let heights = pixels.chunks_exact(channels).map(|p| decode([p[0], p[1], p[2]])).collect();
    Ok((side, heights))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_colours_are_known_heights() {
        // The sea, and the examples of the encoding's description.
        assert_eq!(decode([128, 0, 0]), 0.0);
        assert_eq!(decode([128, 100, 128]), 100.5);
        assert_eq!(encode(-1.0), [127, 255, 0]);
    }

    proptest! {
        #[test]
        fn a_height_comes_back_within_two_millimetres(height in -11_000.0..9_000.0f64) {
            prop_assert!((f64::from(decode(encode(height))) - height).abs() <= 0.5 / 256.0 + 1e-9);
        }

        #[test]
        fn no_bytes_are_too_absurd_for_a_picture(bytes in prop::collection::vec(any::<u8>(), 0..300), with_magic: bool) {
            let magic: &[u8] = if with_magic { b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" } else { b"" };
            let _ = picture(&[magic, &bytes].concat());
        }
    }
}
