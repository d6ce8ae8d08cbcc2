//! `farfield city …`: archives from other forms of city.

use super::terrain::write_beside;
use crate::city::City;
use crate::city::build::draft::{Draft, Feature};
use crate::city::build::elevation::Lattice;
use crate::city::build::mitsuba::{self, SceneFiles};
use crate::city::build::report::Report;
use crate::city::build::{Identity, ImportError, Progress, Tell, finish, geojson, geoparquet, osm, to_pmtiles};
use crate::geodesy::{Area, LonLat};
use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Whom maps of `OpenStreetMap` must credit.
const OPENSTREETMAP: &str = "© OpenStreetMap contributors";

/// The forms that are read.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// From an `OpenStreetMap` extract (.osm.pbf): buildings, roads, water, green and names.
    Osm(Import),
    /// From `GeoJSON`: a `FeatureCollection`, or one feature a line; tags of `OpenStreetMap` or Overture.
    Geojson(Import),
    /// From `GeoParquet`, such as Overture's buildings.
    Geoparquet(Import),
    /// From a Mitsuba scene (XML + PLY), such as those of Sionna RT: `SCENE.xml`, or `PACKAGE.whl#SCENE`.
    Mitsuba(Import),
    /// The ground below a city, from an elevation model (`GeoTIFF`).
    Terrain(super::terrain::Terrain),
}

/// Options of all forms.
#[derive(Debug, Args)]
pub struct Import {
    /// What to read.
    source: String,
    /// Short name of the city; by default the source's.
    #[arg(long)]
    name: Option<String>,
    /// Who must be credited on the map; needed unless the source is `OpenStreetMap`'s.
    #[arg(long)]
    attribution: Option<String>,
    /// Latitude and longitude of the local frame's origin, degrees; by default the middle of the city.
    #[arg(long, value_name = "LAT,LON", value_parser = parse_position, allow_hyphen_values = true)]
    origin: Option<LonLat>,
    /// Only what lies between these ends, degrees.
    #[arg(long, value_name = "WEST,SOUTH,EAST,NORTH", value_parser = parse_box, allow_hyphen_values = true, conflicts_with = "around")]
    bbox: Option<Area>,
    /// Only what lies around this position, within --radius.
    #[arg(long, value_name = "LAT,LON", value_parser = parse_position, allow_hyphen_values = true)]
    around: Option<LonLat>,
    /// Half the side of the square around --around, metres.
    #[arg(long, value_name = "METRES", default_value_t = 1000.0)]
    radius: f64,
    /// Also write what became of the source, as JSON.
    #[arg(long, value_name = "FILE.json")]
    report: Option<PathBuf>,
    /// The archive to write.
    #[arg(short, long, value_name = "FILE.pmtiles")]
    output: PathBuf,
}

impl Command {
    /// Imports, writes, and says what was done.
    pub fn run(self) -> Result<()> {
        match self {
            Command::Osm(options) => {
                options.file(Some(OPENSTREETMAP), |file, name, area, _, tell| osm::read(file, name, area, tell))
            }
            Command::Geojson(options) => {
                options.file(None, |file, name, area, size, tell| geojson::read(file, name, size, area, tell))
            }
            Command::Geoparquet(options) => {
                options.file(None, |file, name, area, _, tell| geoparquet::read(file, name, area, tell))
            }
            Command::Mitsuba(options) => options.scene(),
            Command::Terrain(options) => options.run(),
        }
    }
}

/// Reads a file of a size: with its name, the area asked for, and a listener.
type Reader = fn(File, &str, Option<&Area>, u64, &mut Tell<'_>) -> Result<Draft, ImportError>;

impl Import {
    fn file(self, attribution: Option<&str>, read: Reader) -> Result<()> {
        let start = Instant::now();
        let area = self.area()?;
        let identity = self.identity(attribution)?;
        let failed = || format!("{} can't be imported", self.source);
        let file = File::open(&self.source).with_context(failed)?;
        let size = file.metadata().with_context(failed)?.len();
        let bar = Bar::new();
        let draft = read(file, &self.source, area.as_ref(), size, &mut |progress| bar.show(progress))?;
        bar.show(Progress { stage: "repairing and completing", done: 0, total: 1 });
        let imported =
            finish(draft, identity, area).map_err(|fault| ImportError { file: self.source.clone(), fault })?;
        bar.done();
        self.write(start, &imported.city, &imported.map, &imported.report, None)
    }

    fn scene(self) -> Result<()> {
        let start = Instant::now();
        ensure!(self.area()?.is_none(), "a scene is imported as a whole: --bbox and --around are for files of places");
        let identity = self.identity(None)?;
        let scene = mitsuba::import(&mut SceneFiles::open(&self.source)?, identity)?;
        self.write(start, &scene.city, &[], &scene.report, scene.ground.as_ref())
    }

    fn area(&self) -> Result<Option<Area>> {
        match self.around {
            None => Ok(self.bbox),
            Some(centre) => Area::around(centre, self.radius)
                .map(Some)
                .ok_or_else(|| anyhow!("--radius is between 1 and 100000 metres, and --around not at a pole")),
        }
    }

    fn identity(&self, attribution: Option<&str>) -> Result<Identity> {
        let stem = || {
            let file = self.source.rsplit(['/', '#']).next().unwrap_or_default();
            file.split('.').next().unwrap_or_default().to_lowercase()
        };
        let attribution = self.attribution.as_deref().or(attribution);
        let attribution = attribution.context("say who must be credited on the map: --attribution \"© …\"")?;
        let name = self.name.clone().unwrap_or_else(stem);
        Ok(Identity { name, attribution: attribution.into(), origin: self.origin })
    }

    fn write(
        &self,
        start: Instant,
        city: &City,
        map: &[Feature],
        report: &Report,
        ground: Option<&Lattice>,
    ) -> Result<()> {
        let mut bytes = to_pmtiles(city, map)?;
        if let Some(ground) = ground {
            bytes = write_beside(city, ground, &self.output, &bytes)?;
        }
        let failed = |path: &Path| format!("{} can't be written", path.display());
        std::fs::write(&self.output, &bytes).with_context(|| failed(&self.output))?;
        let seconds = start.elapsed().as_secs_f64();
        let (w, h) = (city.bounds.width(), city.bounds.height());
        println!("{}: {w:.0} × {h:.0} m, {} bytes", self.output.display(), bytes.len());
        print!("{report}");
        if let Some(path) = &self.report {
            let told = json!({
                "source": self.source,
                "bytes": bytes.len(),
                "seconds": seconds,
                "peak_memory_bytes": peak_memory(),
                "report": report,
            });
            std::fs::write(path, serde_json::to_vec_pretty(&told)?).with_context(|| failed(path))?;
        }
        Ok(())
    }
}

/// The most memory that this process has held, bytes, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(kilobytes.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024)
}

/// A bar for each stage.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::new(1);
        let style = ProgressStyle::with_template("{msg:36} {bar:30} {percent:>3} % {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self(bar)
    }

    fn show(&self, Progress { stage, done, total }: Progress) {
        if self.0.message() != stage {
            self.0.set_message(stage);
        }
        self.0.set_length(total.max(1));
        self.0.set_position(done);
    }

    fn done(&self) {
        self.0.finish_and_clear();
    }
}

/// `48.13802,11.57552`: latitude first, as people write it.
fn parse_position(text: &str) -> Result<LonLat> {
    let position = text.split_once(',').and_then(|(lat, lon)| {
        Some(LonLat::new(lon.trim().parse().ok()?, lat.trim().parse().ok()?)).filter(|p| p.is_valid())
    });
    position.ok_or_else(|| anyhow!("a position is LATITUDE,LONGITUDE in degrees, such as 48.13802,11.57552"))
}

/// `11.56,48.13,11.59,48.15`: longitude first, as boxes are written.
fn parse_box(text: &str) -> Result<Area> {
    let ends: Vec<f64> = text.split(',').map_while(|end| end.trim().parse().ok()).collect();
    let area = match ends.as_slice() {
        [west, south, east, north] => Area::between(LonLat::new(*west, *south), LonLat::new(*east, *north)),
        _ => None,
    };
    area.ok_or_else(|| anyhow!("a box is WEST,SOUTH,EAST,NORTH in degrees, such as 11.56,48.13,11.59,48.15"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_and_boxes_are_read_as_people_write_them() {
        assert_eq!(parse_position("48.1, 11.5").expect("a position"), LonLat::new(11.5, 48.1));
        assert!(parse_position("91,0").is_err() && parse_position("48.1").is_err());
        let area = parse_box("-74.02,40.7,-73.9,40.8").expect("a box");
        assert_eq!((area.min, area.max), (LonLat::new(-74.02, 40.7), LonLat::new(-73.9, 40.8)));
        assert!(parse_box("1,2,3").is_err() && parse_box("3,2,1,4").is_err() && parse_box("a,b,c,d").is_err());
    }
}
