//! Elevation models as `GeoTIFF`: where their pixels lie (OGC 19-008r4), and their heights.
//!
//! Only what is asked for is decoded, strip by strip or tile by tile, so a country's model costs the memory of a city.

use super::lattice::fill;
use super::projection::Crs;
use crate::city::terrain::HIGHEST;
use crate::geodesy::LonLat;
use glam::{DMat2, DVec2};
use std::io::{Read, Seek};
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

/// Most pixels of the part that is read, 256 MB.
pub const MAX_PIXELS: u64 = 64 << 20;
/// Most bytes of one decoded strip or tile.
const MAX_CHUNK: usize = 256 << 20;
/// Positions along each side of an area whose pixels are looked up: projections bend straight lines.
const STEPS: u32 = 16;
/// Pixels read around an area, for the interpolation.
const FRINGE: f64 = 2.0;

/// Keys of the directory of geographic keys.
mod key {
    pub const MODEL_TYPE: u16 = 1024;
    pub const RASTER_TYPE: u16 = 1025;
    pub const GEOGRAPHIC: u16 = 2048;
    pub const PROJECTED: u16 = 3072;
    pub const VERTICAL_UNITS: u16 = 4099;
}

/// The decoder's words; it lists every value of a damaged field, thousands of them.
fn in_short(error: &TiffError) -> String {
    const MOST: usize = 200;
    let words = error.to_string();
    match words.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

/// Why an elevation model can't be read.
#[derive(Debug, thiserror::Error)]
pub enum GeoTiffError {
    /// The file can't be read as a TIFF.
    #[error("it can't be read as a TIFF: {}", in_short(.0))]
    Tiff(#[from] TiffError),
    /// A strip or tile can't be decoded.
    #[error("its strip or tile {index} is damaged: {}", in_short(.source))]
    Chunk {
        /// Which, in the order of the file.
        index: u32,
        /// What is wrong.
        source: TiffError,
    },
    /// Something that is not read here.
    #[error("{0}")]
    Unsupported(&'static str),
    /// A coordinate system that is not read here.
    #[error(
        "its coordinate system is EPSG:{0}, and only 4326, 4258, 4269, 3857 and the zones of UTM are read: convert it (gdalwarp -t_srs EPSG:4326)"
    )]
    Crs(u16),
    /// It does not say where it lies.
    #[error("it has no georeference ({0})")]
    NoGeoreference(&'static str),
    /// It is larger than can be held.
    #[error("{found} pixels are needed of it, and the most is {MAX_PIXELS}: choose a smaller area or a coarser model")]
    TooLarge {
        /// How many.
        found: u64,
    },
    /// It lies somewhere else.
    #[error("it does not cover the area asked for")]
    Elsewhere,
    /// No pixel has a height.
    #[error("it has no heights there")]
    NoHeights,
}

/// A part of an elevation model.
#[derive(Clone, Debug)]
pub struct Elevation {
    crs: Crs,
    /// From coordinates to pixels: the centre of the first pixel of the file is (0, 0).
    to_pixel: DMat2,
    first_pixel: DVec2,
    /// First column and row that are held.
    start: (u32, u32),
    /// Columns and rows that are held.
    size: (u32, u32),
    /// Metres, row-major from the north; NaN where nothing is known.
    heights: Vec<f32>,
}

/// Where the pixels of a file lie.
struct Georeference {
    crs: Crs,
    /// From pixels to coordinates.
    to_coordinates: DMat2,
    /// Coordinates of the centre of the first pixel.
    first_pixel: DVec2,
    /// Metres in a unit of height.
    unit: f64,
}

impl Elevation {
    /// Reads the part of a model between a south-west and a north-east corner, or all of it.
    pub fn read(file: impl Read + Seek, area: Option<(LonLat, LonLat)>) -> Result<Self, GeoTiffError> {
        let mut limits = Limits::default();
        limits.decoding_buffer_size = MAX_CHUNK;
        limits.intermediate_buffer_size = MAX_CHUNK;
        let mut decoder = Decoder::new(file)?.with_limits(limits);
        let (width, height) = decoder.dimensions()?;
        if width == 0 || height == 0 {
            return Err(GeoTiffError::NoHeights);
        }
        if !matches!(decoder.colortype()?, ColorType::Gray(_)) {
            return Err(GeoTiffError::Unsupported(
                "it has several bands or colours, and an elevation model has one band",
            ));
        }
        let georeference = Georeference::read(&mut decoder)?;
        let nodata = decoder.find_tag(Tag::GdalNodata)?.and_then(|v| v.into_string().ok());
        let nodata = nodata.and_then(|text| text.trim_matches(['\0', ' ', '\n']).parse::<f64>().ok());
        let mut part = Self {
            crs: georeference.crs,
            to_pixel: georeference.to_coordinates.inverse(),
            first_pixel: georeference.first_pixel,
            start: (0, 0),
            size: (width, height),
            heights: Vec::new(),
        };
        if let Some((min, max)) = area {
            part.narrow(min, max)?;
        }
        let found = u64::from(part.size.0) * u64::from(part.size.1);
        if found > MAX_PIXELS {
            return Err(GeoTiffError::TooLarge { found });
        }
        part.heights = vec![f32::NAN; found as usize];
        part.decode(&mut decoder, (width, height), nodata, georeference.unit)?;
        if part.heights.iter().all(|h| h.is_nan()) {
            return Err(GeoTiffError::NoHeights);
        }
        Ok(part)
    }

    /// Keeps only the columns and rows around an area.
    fn narrow(&mut self, min: LonLat, max: LonLat) -> Result<(), GeoTiffError> {
        let share = |i: u32| f64::from(i) / f64::from(STEPS);
        let steps = (0..=STEPS).flat_map(|i| (0..=STEPS).map(move |j| (share(i), share(j))));
        let pixels = steps.map(|(u, v)| {
            self.pixel(LonLat::new(min.lon + (max.lon - min.lon) * u, min.lat + (max.lat - min.lat) * v))
        });
        let (low, high) =
            pixels.fold((DVec2::INFINITY, DVec2::NEG_INFINITY), |(low, high), p| (low.min(p), high.max(p)));
        let range = |low: f64, high: f64, size: u32| {
            let last = f64::from(size) - 1.0;
            // Written so that a NaN is elsewhere.
            let overlaps = low <= last + 0.5 && high >= -0.5;
            overlaps.then(|| {
                let first = (low - FRINGE).floor().clamp(0.0, last) as u32;
                let end = (high + FRINGE).ceil().clamp(0.0, last) as u32 + 1;
                (first, end - first)
            })
        };
        let columns = range(low.x, high.x, self.size.0).ok_or(GeoTiffError::Elsewhere)?;
        let rows = range(low.y, high.y, self.size.1).ok_or(GeoTiffError::Elsewhere)?;
        (self.start, self.size) = ((columns.0, rows.0), (columns.1, rows.1));
        Ok(())
    }

    /// Decodes the strips or tiles that reach into the part.
    fn decode<R: Read + Seek>(
        &mut self,
        decoder: &mut Decoder<R>,
        (width, height): (u32, u32),
        nodata: Option<f64>,
        unit: f64,
    ) -> Result<(), GeoTiffError> {
        let (wide, high) = decoder.chunk_dimensions();
        if wide == 0 || high == 0 {
            return Err(GeoTiffError::Unsupported("its strips or tiles are empty"));
        }
        let (across, down) = (width.div_ceil(wide), height.div_ceil(high));
        let end = (self.start.0 + self.size.0, self.start.1 + self.size.1);
        let missing = |v: f64| {
            nodata.is_some_and(|n| v == n || v as f32 == n as f32) || !v.is_finite() || (v * unit).abs() > HIGHEST
        };
        for row in self.start.1 / high..end.1.div_ceil(high).min(down) {
            for column in self.start.0 / wide..end.0.div_ceil(wide).min(across) {
                let index = row.checked_mul(across).and_then(|first| first.checked_add(column));
                let index = index.ok_or(GeoTiffError::Unsupported("it has too many strips or tiles"))?;
                let damaged = |source| GeoTiffError::Chunk { index, source };
                let values = decoder.read_chunk(index).map_err(damaged)?;
                let (columns, rows) = decoder.chunk_data_dimensions(index);
                let value = reader_of(&values)
                    .ok_or(GeoTiffError::Unsupported("its numbers are of a kind that is not read"))?;
                for y in 0..rows {
                    for x in 0..columns {
                        let at = (column * wide + x, row * high + y);
                        let inside = at.0 >= self.start.0 && at.1 >= self.start.1 && at.0 < end.0 && at.1 < end.1;
                        let found = if inside { value(y as usize * columns as usize + x as usize) } else { None };
                        if let Some(v) = found.filter(|v| !missing(*v)) {
                            let i =
                                (at.1 - self.start.1) as usize * self.size.0 as usize + (at.0 - self.start.0) as usize;
                            self.heights[i] = (v * unit) as f32;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Where a position lies in pixels: whole numbers are centres, counted from the first pixel of the file.
    fn pixel(&self, p: LonLat) -> DVec2 {
        self.to_pixel * (self.crs.from_lonlat(p) - self.first_pixel)
    }

    /// Height at a position, metres, between the four nearest pixels; `None` beyond the part, and where none of the four
    /// has a height.
    pub fn at(&self, p: LonLat) -> Option<f64> {
        let q = self.pixel(p) - DVec2::new(f64::from(self.start.0), f64::from(self.start.1));
        let last = DVec2::new(f64::from(self.size.0) - 1.0, f64::from(self.size.1) - 1.0);
        // Written so that a NaN is beyond.
        let within = q.cmpge(DVec2::splat(-0.5)).all() && q.cmple(last + 0.5).all();
        within.then(|| self.between(q.clamp(DVec2::ZERO, last))).flatten()
    }

    /// As [`Elevation::at`], and beyond the part the height of its edge.
    pub fn at_nearest(&self, p: LonLat) -> Option<f64> {
        let q = self.pixel(p) - DVec2::new(f64::from(self.start.0), f64::from(self.start.1));
        let last = DVec2::new(f64::from(self.size.0) - 1.0, f64::from(self.size.1) - 1.0);
        q.is_finite().then(|| self.between(q.clamp(DVec2::ZERO, last))).flatten()
    }

    /// Bilinear between pixels within the part; pixels without a height leave their share to the others.
    fn between(&self, q: DVec2) -> Option<f64> {
        let low = q.floor();
        let (x, y) = (low.x as u32, low.y as u32);
        let t = q - low;
        let (mut sum, mut weight) = (0.0, 0.0);
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            let (x, y) = ((x + dx).min(self.size.0 - 1), (y + dy).min(self.size.1 - 1));
            let height = self.heights[y as usize * self.size.0 as usize + x as usize];
            let share = [1.0 - t.x, t.x][dx as usize] * [1.0 - t.y, t.y][dy as usize];
            if !height.is_nan() {
                sum += share * f64::from(height);
                weight += share;
            }
        }
        (weight > 1e-9).then(|| sum / weight)
    }

    /// Gives pixels without a height that of the nearest ones that have one.
    pub fn fill(&mut self) {
        fill(&mut self.heights, (self.size.0 as usize, self.size.1 as usize));
    }

    /// How many of the part's pixels have no height.
    pub fn unknown(&self) -> usize {
        self.heights.iter().filter(|h| h.is_nan()).count()
    }

    /// South-west and north-east corner of the part.
    pub fn bounds(&self) -> (LonLat, LonLat) {
        let (start, size) = (self.start, self.size);
        let low = DVec2::new(f64::from(start.0), f64::from(start.1)) - 0.5;
        let extent = DVec2::new(f64::from(size.0), f64::from(size.1));
        let share = |i: u32| f64::from(i) / f64::from(STEPS);
        let steps = (0..=STEPS).flat_map(|i| (0..=STEPS).map(move |j| DVec2::new(share(i), share(j))));
        let to_coordinates = self.to_pixel.inverse();
        let places = steps.map(|t| self.crs.to_lonlat(self.first_pixel + to_coordinates * (low + extent * t)));
        places.fold((LonLat::new(180.0, 90.0), LonLat::new(-180.0, -90.0)), |(min, max), p| {
            (LonLat::new(min.lon.min(p.lon), min.lat.min(p.lat)), LonLat::new(max.lon.max(p.lon), max.lat.max(p.lat)))
        })
    }

    /// Side of a pixel in the middle of the part, metres: the geometric mean of both sides.
    pub fn resolution(&self) -> f64 {
        let (min, max) = self.bounds();
        let middle = LonLat::new(f64::midpoint(min.lon, max.lon), f64::midpoint(min.lat, max.lat));
        let frame = crate::geodesy::LocalFrame::new(middle);
        let at = self.crs.from_lonlat(middle);
        let to_coordinates = self.to_pixel.inverse();
        let local = |step: DVec2| frame.to_local(self.crs.to_lonlat(at + to_coordinates * step));
        let (here, east, south) = (local(DVec2::ZERO), local(DVec2::X), local(DVec2::Y));
        ((east - here).length() * (south - here).length()).sqrt()
    }
}

impl Georeference {
    fn read<R: Read + Seek>(decoder: &mut Decoder<R>) -> Result<Self, GeoTiffError> {
        let no = GeoTiffError::NoGeoreference;
        let keys = decoder.find_tag_unsigned_vec::<u16>(Tag::GeoKeyDirectoryTag)?.ok_or(no("no directory of keys"))?;
        let (_, entries) = keys.split_at_checked(4).ok_or(no("its directory of keys is cut short"))?;
        // Keys that stand in the directory itself: an entry is the key, where its value is (0: here), a count, the value.
        let value = |key: u16| entries.chunks_exact(4).find(|e| e[0] == key && e[1] == 0).map(|e| e[3]);
        let projected = match value(key::MODEL_TYPE) {
            Some(1) => true,
            Some(2) => false,
            _ => value(key::PROJECTED).is_some(),
        };
        let code = value(if projected { key::PROJECTED } else { key::GEOGRAPHIC });
        let code = code.ok_or(no("it names no coordinate system"))?;
        let crs = Crs::from_epsg(code).ok_or(GeoTiffError::Crs(code))?;
        let unit = match value(key::VERTICAL_UNITS) {
            None | Some(9001 | 0) => 1.0,
            Some(9002) => 0.3048,
            Some(9003) => 1200.0 / 3937.0,
            Some(_) => return Err(GeoTiffError::Unsupported("its heights are neither in metres nor in feet")),
        };
        let doubles = |decoder: &mut Decoder<R>, tag| -> Result<Option<Vec<f64>>, TiffError> {
            decoder.find_tag(tag)?.map(tiff::decoder::ifd::Value::into_f64_vec).transpose()
        };
        let scale = doubles(decoder, Tag::ModelPixelScaleTag)?;
        let tie = doubles(decoder, Tag::ModelTiepointTag)?;
        let matrix = doubles(decoder, Tag::ModelTransformationTag)?;
        let (to_coordinates, corner) = match (matrix.as_deref(), scale.as_deref(), tie.as_deref()) {
            (Some(&[a, b, _, x, c, d, _, y, ..]), _, _) => {
                (DMat2::from_cols(DVec2::new(a, c), DVec2::new(b, d)), DVec2::new(x, y))
            }
            (None, Some(&[sx, sy, ..]), Some(&[i, j, _, x, y, _, ..])) => {
                let matrix = DMat2::from_diagonal(DVec2::new(sx, -sy));
                (matrix, DVec2::new(x, y) - matrix * DVec2::new(i, j))
            }
            _ => return Err(no("neither a tie point with a scale nor a matrix says where its pixels lie")),
        };
        // Where pixels are areas their corners lie at whole numbers, where they are points their centres.
        let centre = if value(key::RASTER_TYPE) == Some(2) { 0.0 } else { 0.5 };
        let first_pixel = corner + to_coordinates * DVec2::splat(centre);
        let inverse = to_coordinates.inverse();
        let sound = to_coordinates.is_finite() && inverse.is_finite() && first_pixel.is_finite();
        if sound { Ok(Self { crs, to_coordinates, first_pixel, unit }) } else { Err(no("its place makes no sense")) }
    }
}

/// How to read the numbers of a decoded strip or tile; `None` for kinds without a height in them.
fn reader_of(values: &DecodingResult) -> Option<Box<dyn Fn(usize) -> Option<f64> + '_>> {
    macro_rules! numbers {
        ($v:expr) => {
            Some(Box::new(move |i| $v.get(i).map(|n| f64::from(*n))))
        };
    }
    match values {
        DecodingResult::U8(v) => numbers!(v),
        DecodingResult::U16(v) => numbers!(v),
        DecodingResult::U32(v) => numbers!(v),
        DecodingResult::I8(v) => numbers!(v),
        DecodingResult::I16(v) => numbers!(v),
        DecodingResult::I32(v) => numbers!(v),
        DecodingResult::F32(v) => numbers!(v),
        DecodingResult::F64(v) => numbers!(v),
        DecodingResult::F16(_) | DecodingResult::U64(_) | DecodingResult::I64(_) => None,
    }
}
