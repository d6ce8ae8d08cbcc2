//! `farfield paths`: the paths to a receiver, as a table or as JSON, or to each of a list.

use super::{inputs, points, write_json};
use crate::city::City;
use crate::engine::Job;
use crate::geodesy::LonLat;
use crate::scenario::Scenario;
use crate::trace::Tracer;
use crate::trace::reception::{Arrival, Reception};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::path::PathBuf;

/// Options of `farfield paths`.
#[derive(Debug, Args)]
pub struct Paths {
    /// Where the receiver stands, degrees: latitude,longitude.
    #[arg(long, value_name = "LAT,LON", value_parser = position, allow_hyphen_values = true)]
    #[arg(required_unless_present = "points", conflicts_with = "points")]
    at: Option<LonLat>,
    /// A list of receivers: a CSV file with columns for latitude and longitude in degrees and, where it is not the scenario's,
    /// the height above the ground in metres; one higher than the building there stands on its roof. What comes out has a
    /// line for each.
    #[arg(long, value_name = "FILE.csv")]
    points: Option<PathBuf>,
    /// A city that ships with the page, by name, or a `PMTiles` file; by default the scenario's.
    #[arg(long, value_name = "NAME|FILE.pmtiles")]
    city: Option<String>,
    /// A JSON file or a link of the page; by default the scenario that the page opens with.
    #[arg(long, value_name = "FILE.json|LINK")]
    scenario: Option<String>,
    /// Where to write the paths with their vertices as JSON, of a list an object a line; `-` is the standard output, in
    /// place of the table.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Paths {
    /// Traces on the CPU and says what arrives.
    pub fn run(self) -> Result<()> {
        let scenario = self.scenario.as_deref().map_or_else(|| Ok(Scenario::default()), inputs::scenario)?;
        let site = scenario.sites.first().context("the scenario has no site")?.position;
        let city = inputs::city_near(self.city.as_deref().unwrap_or(&scenario.city), site)?;
        let (scenario, city) = (scenario.shown(), city.with_assumed_heights(scenario.assumed_heights));
        match (&self.points, self.at) {
            (Some(points), _) => points::run(&city, &scenario, points, self.json.as_deref()),
            (None, Some(at)) => self.run_one(&city, &scenario, at),
            (None, None) => bail!("where does the receiver stand? --at LAT,LON or --points FILE.csv"),
        }
    }

    fn run_one(&self, city: &City, scenario: &Scenario, at: LonLat) -> Result<()> {
        let heard = pollster::block_on(Tracer::cpu().paths_at(city, scenario, at, &mut Job::silent()))?;
        write_json(self.json.as_deref(), &serde_json::to_string(&heard)?)?;
        if self.json.as_ref().is_none_or(|to| to.as_os_str() != "-") {
            tell(&heard);
        }
        Ok(())
    }
}

/// Prints the table, the strongest path first.
fn tell(heard: &Reception) {
    let Some(level) = heard.level else {
        println!("nothing arrives there");
        return;
    };
    let spread = heard.delay_spread().map_or_else(String::new, |s| format!(", RMS delay spread {s:.1} ns"));
    println!("{level:.2} dBm over {} paths{spread}", heard.paths.len());
    if let Some(coherent) = heard.coherent {
        println!("{coherent:.2} dBm with their phases, as they interfere at this very point");
    }
    if let Some(scattered) = heard.scattered {
        println!("of which rough surfaces scatter {scattered:.2} dBm");
    }
    println!("{:>8} {:>9}  {:>12}  {:>12}  way", "dBm", "ns", "left to", "came from");
    for path in &heard.paths {
        let Arrival { level, delay, .. } = path;
        let [left, came] = [path.departure, path.arrival].map(|d| format!("{:.1}° {:+.1}°", d.azimuth, d.elevation));
        println!("{level:>8.2} {delay:>9.2}  {left:>12}  {came:>12}  {}", path.way());
    }
}

/// A position from its latitude and longitude.
fn position(text: &str) -> Result<LonLat> {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let parts = text.split_once(',').map(|(lat, lon)| (number(lat), number(lon)));
    let Some((Some(lat), Some(lon))) = parts else {
        bail!("a position is a latitude and a longitude, as in 48.137,11.575")
    };
    let at = LonLat::new(lon, lat);
    if at.is_valid() { Ok(at) } else { bail!("{lat}, {lon} is no place on earth") }
}
