//! `farfield city …`: archives from other forms of city.

use crate::city::build::mitsuba::{Identity, Report, SceneFiles, import};
use crate::city::build::to_pmtiles;
use crate::geodesy::LonLat;
use anyhow::{Context, Result, anyhow};
use clap::Args;
use std::path::PathBuf;

/// The forms that are read.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// From a Mitsuba scene (XML + PLY), such as those of Sionna RT.
    Mitsuba(Mitsuba),
    /// The ground below a city, from an elevation model (`GeoTIFF`).
    Terrain(super::terrain::Terrain),
}

/// Options of `farfield city mitsuba`.
#[derive(Debug, Args)]
pub struct Mitsuba {
    /// The scene: `SCENE.xml`, or `PACKAGE.whl#SCENE` for one inside a Python wheel.
    scene: String,
    /// Latitude and longitude of the scene's origin, degrees.
    #[arg(long, value_name = "LAT,LON", value_parser = parse_position, allow_hyphen_values = true)]
    origin: LonLat,
    /// Short name of the city.
    #[arg(long)]
    name: String,
    /// Who must be credited on the map.
    #[arg(long)]
    attribution: String,
    /// The archive to write.
    #[arg(short, long, value_name = "FILE.pmtiles")]
    output: PathBuf,
}

impl Command {
    /// Imports, writes, and says what was done.
    pub fn run(self) -> Result<()> {
        let options = match self {
            Command::Mitsuba(options) => options,
            Command::Terrain(options) => return options.run(),
        };
        let mut files = SceneFiles::open(&options.scene)?;
        let identity = Identity { name: options.name, attribution: options.attribution, origin: options.origin };
        let (city, report) = import(&mut files, identity)?;
        let bytes = to_pmtiles(&city)?;
        std::fs::write(&options.output, &bytes)
            .with_context(|| format!("{} can't be written", options.output.display()))?;
        let (w, h) = (city.bounds.width(), city.bounds.height());
        println!("{}: {w:.0} × {h:.0} m, {} bytes", options.output.display(), bytes.len());
        tell(&report);
        Ok(())
    }
}

fn tell(report: &Report) {
    let Report { objects, buildings, from_above, left_out, repairs } = report;
    println!("{objects} objects became {buildings} buildings");
    println!("repaired: {} repeated corners, {} parts without area", repairs.repeated_points, repairs.slivers);
    for (what, names) in [("footprint from above", from_above), ("left out", left_out)] {
        if !names.is_empty() {
            println!("{what}: {}", names.join(", "));
        }
    }
}

/// `48.13802,11.57552`: latitude first, as people write it.
fn parse_position(text: &str) -> Result<LonLat> {
    let position = text.split_once(',').and_then(|(lat, lon)| {
        Some(LonLat::new(lon.trim().parse().ok()?, lat.trim().parse().ok()?)).filter(|p| p.is_valid())
    });
    position.ok_or_else(|| anyhow!("a position is LATITUDE,LONGITUDE in degrees, such as 48.13802,11.57552"))
}
