//! What the user names on the command line: a city, a scenario, a model.

use crate::city::City;
use crate::city::archive::{ArchiveError, FileReader};
use crate::scenario::{Link, Scenario};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// Longest scenario file, bytes.
const MAX_SCENARIO: u64 = 16 << 20;

/// The city of that name among the page's own, or in the archive at that path.
pub fn city(named: &str) -> Result<City> {
    let is_name = named.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    let path = if is_name { shipped(&format!("www/cities/{named}.pmtiles")) } else { PathBuf::from(named) };
    let file = path.display().to_string();
    let reader = FileReader::open(&path).map_err(|fault| ArchiveError { file: file.clone(), fault })?;
    let mut city = pollster::block_on(City::open(&reader, &file))?;
    city.name = path.file_stem().map_or_else(|| named.to_owned(), |stem| stem.to_string_lossy().into_owned());
    Ok(city)
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

/// A file that ships with the project: below the current folder, or else where the project was built.
pub fn shipped(path: &str) -> PathBuf {
    let here = PathBuf::from(path);
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if !here.exists() && built.exists() { built } else { here }
}
