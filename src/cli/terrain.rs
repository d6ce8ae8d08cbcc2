//! `farfield city terrain`: an elevation model to an archive of terrain, and a city put on it.

use crate::city;
use crate::city::archive::{FileReader, Header, RangeReader};
use crate::city::build::elevation::{Elevation, Lattice, Relief};
use crate::city::build::relabel;
use crate::city::terrain::tiles::KEY;
use crate::geodesy::{LocalFrame, LonLat};
use anyhow::{Context, Result, bail};
use clap::Args;
use glam::DVec2;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// How far around a city its ground is taken along, metres: as far as the tracer's ground reaches, and a pixel more.
const MARGIN: f64 = 600.0;

/// Options of `farfield city terrain`.
#[derive(Debug, Args)]
pub struct Terrain {
    /// The elevation model: a `GeoTIFF` in EPSG:4326, 3857 or UTM.
    model: PathBuf,
    /// The city that stands on it: only its surroundings are taken, and its archive is changed to name the terrain.
    #[arg(long, value_name = "CITY.pmtiles")]
    city: Option<PathBuf>,
    /// Who must be credited on the map.
    #[arg(long, default_value = "")]
    attribution: String,
    /// The archive to write; with a city, in the same folder.
    #[arg(short, long, value_name = "FILE.pmtiles")]
    output: PathBuf,
}

impl Terrain {
    /// Imports, writes, and says what was done.
    pub fn run(self) -> Result<()> {
        let city = self.city.as_deref().map(|path| City::at(path, &self.output)).transpose()?;
        let model = self.model.display();
        let file = File::open(&self.model).with_context(|| format!("{model} can't be read"))?;
        let around = city.as_ref().map(City::surroundings);
        let mut elevation = Elevation::read(BufReader::new(file), around)
            .with_context(|| format!("the elevation model {model} can't be used"))?;
        let unknown = elevation.unknown();
        elevation.fill();
        let (min, max) = elevation.bounds();
        let area = around.map_or((min, max), |(low, high)| {
            (
                LonLat::new(low.lon.max(min.lon), low.lat.max(min.lat)),
                LonLat::new(high.lon.min(max.lon), high.lat.min(max.lat)),
            )
        });
        let name = self.output.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let relief = Relief { area, resolution: elevation.resolution(), name: &name, attribution: &self.attribution };
        let bytes =
            relief.to_pmtiles(|p| elevation.at_nearest(p)).with_context(|| format!("{model} can't be written"))?;
        fs::write(&self.output, &bytes).with_context(|| format!("{} can't be written", self.output.display()))?;
        let (resolution, zoom) = (relief.resolution, relief.zoom());
        println!("{}: cells of {resolution:.1} m, zoom {zoom}, {} bytes", self.output.display(), bytes.len());
        if unknown > 0 {
            println!("{unknown} cells without a height took that of their neighbours");
        }
        if let Some(city) = city {
            if !city.within(area) {
                println!("the model covers only a part of the city: beyond it the ground goes on as at its edge");
            }
            city.put_on(&self.output)?;
        }
        Ok(())
    }
}

/// Writes the ground of a city that is to be written to `output` beside it, and gives the city's archive with its name.
pub fn write_beside(city: &city::City, ground: &Lattice, output: &Path, archive: &[u8]) -> Result<Vec<u8>> {
    let stem = output.file_stem().and_then(|stem| stem.to_str()).context("the archive's file has no name")?;
    let file = format!("{stem}-terrain.pmtiles");
    let (low, high) = (ground.bounds().min(), ground.bounds().max());
    let corner = |x: f64, y: f64| city.frame.to_lonlat(DVec2::new(x, y));
    let area = (corner(low.x, low.y), corner(high.x, high.y));
    let relief = Relief { area, resolution: ground.spacing(), name: &city.name, attribution: &city.attribution };
    let bytes = relief.to_pmtiles(|p| Some(ground.at(city.frame.to_local(p))))?;
    let path = output.with_file_name(&file);
    fs::write(&path, &bytes).with_context(|| format!("{} can't be written", path.display()))?;
    println!("{}: cells of {:.1} m, zoom {}, {} bytes", path.display(), relief.resolution, relief.zoom(), bytes.len());
    Ok(relabel(archive, |metadata| metadata[KEY] = file.into())?)
}

/// The archive of the city.
struct City<'a> {
    path: &'a Path,
    header: Header,
}

impl<'a> City<'a> {
    /// Reads where it lies; the terrain is to lie in the same folder.
    fn at(path: &'a Path, terrain: &Path) -> Result<Self> {
        if path.parent() != terrain.parent() {
            bail!("the terrain must lie in the folder of the city, whose archive names it by its file");
        }
        let cannot = || format!("the city archive {} can't be opened", path.display());
        let reader = FileReader::open(path).with_context(cannot)?;
        let first = pollster::block_on(reader.read(0, 127)).with_context(cannot)?;
        Ok(Self { path, header: Header::parse(&first).with_context(cannot)? })
    }

    fn surroundings(&self) -> (LonLat, LonLat) {
        let around = |corner: LonLat, step: f64| LocalFrame::new(corner).to_lonlat(DVec2::splat(step));
        (around(self.header.min, -MARGIN), around(self.header.max, MARGIN))
    }

    fn within(&self, (min, max): (LonLat, LonLat)) -> bool {
        let Header { min: low, max: high, .. } = self.header;
        low.lon >= min.lon && low.lat >= min.lat && high.lon <= max.lon && high.lat <= max.lat
    }

    /// Lets its archive name the terrain.
    fn put_on(&self, terrain: &Path) -> Result<()> {
        let name = terrain.file_name().and_then(|n| n.to_str()).context("the terrain's file has no name")?;
        let archive = fs::read(self.path)?;
        let named = relabel(&archive, |metadata| metadata[KEY] = name.into())
            .with_context(|| format!("{} can't be changed", self.path.display()))?;
        fs::write(self.path, named).with_context(|| format!("{} can't be written", self.path.display()))?;
        println!("{} stands on it", self.path.display());
        Ok(())
    }
}
