//! Maps as files: a picture to look at, a `GeoTIFF` to compute with.

use super::CoverageMap;
use super::colour::{Scale, colourise};
use crate::geodesy::LonLat;
use std::io::{Seek, Write};
use tiff::encoder::colortype::Gray32Float;
use tiff::encoder::{Compression, DeflateLevel, TiffEncoder};
use tiff::tags::Tag;

/// Why a file can't be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The picture's encoder or the disk failed.
    #[error("the picture can't be written: {0}")]
    Png(#[from] png::EncodingError),
    /// The `GeoTIFF`'s encoder or the disk failed.
    #[error("the GeoTIFF can't be written: {0}")]
    Tiff(#[from] tiff::TiffError),
}

/// Writes the map as an RGBA picture, one pixel a cell, north up, coloured from `range` (in the map's unit).
pub fn write_png(
    out: impl Write,
    map: &CoverageMap,
    range: (f64, f64),
    scale: Scale,
    opacity: f64,
) -> Result<(), ExportError> {
    let mut encoder = png::Encoder::new(out, map.grid.nx, map.grid.ny);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&colourise(map, range, scale, opacity))?;
    writer.finish()?;
    Ok(())
}

/// Writes the map as a one-band float `GeoTIFF`, north up, NaN for cells without a prediction.
///
/// Its coordinates are the map's own metres: an azimuthal equidistant projection on WGS 84 centred at `origin`, which
/// differs from the tangent plane by r³/6R², 2 cm at 15 km. So no cell is resampled.
pub fn write_geotiff(out: impl Write + Seek, map: &CoverageMap, origin: LonLat) -> Result<(), ExportError> {
    let grid = map.grid;
    let mut encoder = TiffEncoder::new(out)?.with_compression(Compression::Deflate(DeflateLevel::Balanced));
    let mut image = encoder.new_image::<Gray32Float>(grid.nx, grid.ny)?;
    let north_west = [grid.origin.x, grid.far_corner().y];
    let tags = image.encoder();
    tags.write_tag(Tag::ModelPixelScaleTag, [grid.cell, grid.cell, 0.0].as_slice())?;
    tags.write_tag(Tag::ModelTiepointTag, [0.0, 0.0, 0.0, north_west[0], north_west[1], 0.0].as_slice())?;
    tags.write_tag(Tag::GeoKeyDirectoryTag, GEO_KEYS.as_flattened())?;
    tags.write_tag(Tag::GeoDoubleParamsTag, [origin.lon, origin.lat].as_slice())?;
    tags.write_tag(Tag::GeoAsciiParamsTag, CITATION)?;
    tags.write_tag(Tag::GdalNodata, "nan")?;
    let unit = map.quantity.unit().replace('°', "degrees");
    tags.write_tag(Tag::ImageDescription, format!("{}, {unit}", map.quantity.name()).as_str())?;
    let rows = map.values.chunks_exact((grid.nx as usize).max(1)).rev();
    let north_up: Vec<f32> = rows.flatten().copied().collect();
    image.write_data(&north_up)?;
    Ok(())
}

/// Name of the projection; the bar ends it (`GeoTIFF` 1.1, section 7.1.3).
const CITATION: &str = "Farfield local metres|";
const DOUBLES: u16 = 34736;
const ASCII: u16 = 34737;
const USER_DEFINED: u16 = 32767;

/// The header and the keys, sorted: key, where its value is (0: here), how many, the value or its place.
const GEO_KEYS: [[u16; 4]; 12] = [
    [1, 1, 0, 11],                           // version 1.1.0, eleven keys
    [1024, 0, 1, 1],                         // model: projected
    [1025, 0, 1, 1],                         // raster: a pixel is an area
    [2048, 0, 1, 4326],                      // on WGS 84
    [2054, 0, 1, 9102],                      // in degrees
    [3072, 0, 1, USER_DEFINED],              // a projected system of its own
    [3073, ASCII, CITATION.len() as u16, 0], // its name
    [3074, 0, 1, USER_DEFINED],              // a projection of its own
    [3075, 0, 1, 12],                        // azimuthal equidistant
    [3076, 0, 1, 9001],                      // metres
    [3088, DOUBLES, 1, 0],                   // longitude of the centre
    [3089, DOUBLES, 1, 1],                   // latitude of the centre
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::{Grid, Quantity};
    use crate::geodesy::LocalFrame;
    use glam::DVec2;
    use std::io::Cursor;
    use tiff::decoder::{Decoder, DecodingResult};

    fn map() -> CoverageMap {
        let grid = Grid { origin: DVec2::new(-100.0, 50.0), cell: 5.0, nx: 3, ny: 2 };
        let values = vec![-120.0, -100.0, -80.0, f32::NAN, -60.0, -90.0];
        CoverageMap::of(grid, Quantity::Rsrp, values)
    }

    #[test]
    fn a_geotiff_keeps_every_value_north_up_and_where_it_lies() {
        let mut file = Cursor::new(Vec::new());
        write_geotiff(&mut file, &map(), LonLat::new(11.5, 48.0)).expect("written");
        file.set_position(0);
        let mut decoder = Decoder::new(file).expect("a TIFF");
        assert_eq!(decoder.dimensions().expect("dimensions"), (3, 2));
        let tie = decoder.get_tag_f64_vec(Tag::ModelTiepointTag).expect("a tie point");
        assert_eq!(tie[3..5], [-100.0, 60.0], "north-west corner");
        assert_eq!(decoder.get_tag_f64_vec(Tag::GeoDoubleParamsTag).expect("a centre"), [11.5, 48.0]);
        let DecodingResult::F32(values) = decoder.read_image().expect("values") else { panic!("not floats") };
        assert!(values[0].is_nan());
        assert_eq!(values[1..], [-60.0, -90.0, -120.0, -100.0, -80.0]);
    }

    /// PROJ, through GDAL, reads a written file's (−700, −600) as this position.
    #[test]
    fn the_named_projection_is_the_local_frame() {
        let frame = LocalFrame::new(LonLat::new(11.57552, 48.13802));
        let local = frame.to_local(LonLat::new(11.566115681081666, 48.13262358988519));
        assert!((local - DVec2::new(-700.0, -600.0)).length() < 0.01, "{local}");
    }

    #[test]
    fn geo_keys_are_counted_and_sorted() {
        assert_eq!(usize::from(GEO_KEYS[0][3]), GEO_KEYS.len() - 1);
        assert!(GEO_KEYS[1..].is_sorted_by_key(|key| key[0]));
    }

    #[test]
    fn a_picture_has_a_pixel_a_cell() {
        let mut file = Vec::new();
        write_png(&mut file, &map(), (-120.0, -60.0), Scale::Viridis, 1.0).expect("written");
        let mut reader = png::Decoder::new(Cursor::new(file)).read_info().expect("a PNG");
        let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
        reader.next_frame(&mut pixels).expect("pixels");
        assert_eq!(pixels.len(), 3 * 2 * 4);
        assert_eq!(pixels[..8], [0, 0, 0, 0, 253, 231, 37, 255], "north-west, then the strongest");
    }
}
