//! What the user names on the command line: a city, a scenario, a model.

use crate::city::archive::{ArchiveError, FileReader};
use crate::city::{City, Opened};
use crate::geodesy::LonLat;
use crate::scenario::{Link, Scenario, is_name};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// Longest scenario file, bytes.
const MAX_SCENARIO: u64 = 16 << 20;

/// The city of that name among the page's own, or in the archive at that path.
pub fn city(named: &str) -> Result<City> {
    let (path, reader) = archive(named)?;
    let city = pollster::block_on(City::open(&reader, &path.display().to_string()))?;
    Ok(titled(city, &path))
}

/// As [`city`]; of an archive larger than a city the part around `site`, as the page opens it, which is then said.
pub fn city_near(named: &str, site: LonLat) -> Result<City> {
    let (path, reader) = archive(named)?;
    let Opened { city, extent, .. } = pollster::block_on(City::open_near(&reader, &path.display().to_string(), site))?;
    if !extent.whole {
        let (width, height) = (city.bounds.width() / 1000.0, city.bounds.height() / 1000.0);
        let around =
            if extent.area.contains(site) { "the site" } else { "its middle, since the site lies outside of it" };
        eprintln!("{} is larger than a city: read are {width:.1} × {height:.1} km around {around}", path.display());
    }
    Ok(titled(city, &path))
}

fn archive(named: &str) -> Result<(PathBuf, FileReader)> {
    let path = if is_name(named) { shipped(&format!("www/cities/{named}.pmtiles")) } else { PathBuf::from(named) };
    let reader = FileReader::open(&path).map_err(|fault| ArchiveError { file: path.display().to_string(), fault })?;
    Ok((path, reader))
}

/// The city, called by its file's name.
fn titled(mut city: City, path: &Path) -> City {
    city.name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    city
}

/// A scenario from a JSON file, or from a link of the page.
pub fn scenario(named: &str) -> Result<Scenario> {
    if let Some((_, hash)) = named.split_once('#').filter(|_| !Path::new(named).exists()) {
        let link: Link = hash.parse()?;
        return link.scenario.context("this link holds no scenario (a part that starts with s=)");
    }
    let length = fs::metadata(named).with_context(|| format!("the scenario {named} can't be read"))?.len();
    if length > MAX_SCENARIO {
        bail!("the scenario {named} is too long: {length} bytes, and the most is {MAX_SCENARIO}");
    }
    let text = fs::read(named).with_context(|| format!("the scenario {named} can't be read"))?;
    let scenario: Scenario =
        serde_json::from_slice(&text).with_context(|| format!("{named} does not hold a scenario"))?;
    scenario.validate().with_context(|| format!("the scenario {named} can't be used"))?;
    Ok(scenario)
}

/// Where the network lies that a scenario names: one that ships, or a file; the page's own files are only in the page.
pub fn model(named: &str) -> Result<PathBuf> {
    if named.starts_with("file:") {
        bail!("the scenario's model {named} is open in the page alone: name its file with --model");
    }
    Ok(if is_name(named) { shipped(&format!("models/{named}.onnx")) } else { PathBuf::from(named) })
}

/// A file that ships with the project: below the current folder, or else where the project was built.
pub fn shipped(path: &str) -> PathBuf {
    let here = PathBuf::from(path);
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if !here.exists() && built.exists() { built } else { here }
}
