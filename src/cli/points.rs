//! `farfield paths --points`: what each of a list of receivers hears.

use crate::city::City;
use crate::engine::{EngineError, Job};
use crate::geodesy::LonLat;
use crate::scenario::Scenario;
use crate::trace::Tracer;
use crate::trace::listen::Receiver;
use crate::trace::reception::{Arrival, Reception};
use anyhow::{Context, Result, bail};
use csv::{ReaderBuilder, StringRecord, Trim, Writer};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

/// Receivers that are traced, told and forgotten at a time: the paths of all might not fit into memory.
const AT_A_TIME: usize = 1 << 13;

/// Longest line of a list, bytes.
const MAX_LINE: u64 = 64 << 10;

/// The columns of the table.
const COLUMNS: [&str; 14] = [
    "latitude",
    "longitude",
    "height_m",
    "level_dbm",
    "path_gain_db",
    "coherent_dbm",
    "site",
    "sector",
    "paths",
    "delay_spread_ns",
    "azimuth_deg",
    "elevation_deg",
    "strongest_path",
    "why_not",
];

/// Where the columns of a list are.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Columns {
    latitude: usize,
    longitude: usize,
    height: Option<usize>,
}

impl Columns {
    fn of(header: &StringRecord) -> Option<Self> {
        let find = |names: &[&str]| {
            let is = |name: &str| names.iter().any(|known| name.eq_ignore_ascii_case(known));
            header.iter().position(|name| is(name.trim_start_matches('\u{feff}')))
        };
        Some(Self {
            latitude: find(&["lat", "latitude"])?,
            longitude: find(&["lon", "lng", "long", "longitude"])?,
            height: find(&["height", "height_m"]),
        })
    }

    /// The receiver of a line, or what is wrong with it. `usual` is its height where none is said.
    fn read(self, line: &StringRecord, usual: f64) -> Result<Receiver> {
        let number = |column: usize, what: &str| {
            let text = line.get(column).unwrap_or_default();
            text.parse::<f64>().ok().with_context(|| format!("the {what} is “{text}”, which is no number"))
        };
        let at = LonLat::new(number(self.longitude, "longitude")?, number(self.latitude, "latitude")?);
        if !at.is_valid() {
            bail!("latitude {} and longitude {} are no place on earth", at.lat, at.lon);
        }
        let said = self.height.filter(|column| line.get(*column).is_some_and(|text| !text.is_empty()));
        let height = said.map_or(Ok(usual), |column| number(column, "height"))?;
        Ok(Receiver { at, height })
    }
}

/// Where what is heard is written.
enum Told {
    /// A line of CSV each.
    Table(Box<Writer<Box<dyn Write>>>),
    /// A JSON object each.
    Lines(Box<dyn Write>),
}

/// Reads the list, traces on the CPU, and tells of each receiver in its order: to `json`, or in a table on the standard
/// output.
pub fn run(city: &City, scenario: &Scenario, list: &Path, json: Option<&Path>) -> Result<()> {
    let named = || list.display().to_string();
    let mut lines = lines(File::open(list).with_context(named)?).zip(1u64..);
    let header = lines.next().map_or_else(|| Ok(Vec::new()), |(line, _)| line).with_context(named)?;
    let delimiter = delimiter(&header);
    // What is no text names no column.
    let columns = cells(&header, delimiter).ok().and_then(|header| Columns::of(&header));
    let columns = columns.with_context(|| format!("{}: no columns named latitude and longitude", named()))?;
    let mut told = Told::to(json)?;
    let bar = ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{pos} receivers, {per_sec} {msg}")?);
    let mut tracer = Tracer::cpu();
    // An empty line is no receiver, and nothing is wrong with it.
    let mut lines = lines.filter(|(line, _)| !line.as_ref().is_ok_and(|line| line.trim_ascii().is_empty()));
    loop {
        let mut receivers = Vec::new();
        for (line, number) in lines.by_ref().take(AT_A_TIME) {
            let line = line.with_context(named)?;
            let receiver = cells(&line, delimiter).and_then(|line| columns.read(&line, scenario.receivers.height));
            receivers.push(receiver.with_context(|| format!("{}, line {number}", named()))?);
        }
        if receivers.is_empty() {
            break;
        }
        let mut job = Job::silent();
        let shown = bar.clone();
        job.on_progress = Some(Box::new(move |progress| shown.set_message(progress.stage)));
        let heard = pollster::block_on(tracer.paths_to(city, scenario, &receivers, &mut job))?;
        for (receiver, heard) in receivers.iter().zip(&heard) {
            told.tell(scenario, receiver, heard)?;
        }
        bar.inc(receivers.len() as u64);
    }
    bar.finish_and_clear();
    told.flush()
}

/// The lines of a table; one longer than [`MAX_LINE`] comes in pieces. A receiver has one line, quoted or not: counted like
/// this, lines have the numbers that editors give them, beside empty ones too.
fn lines(file: File) -> impl Iterator<Item = io::Result<Vec<u8>>> {
    let mut file = BufReader::new(file);
    std::iter::from_fn(move || {
        let mut line = Vec::new();
        let read = file.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
        read.map(|bytes| (bytes > 0).then_some(line)).transpose()
    })
}

/// What parts the cells of a table with this first line: what that has most of.
fn delimiter(header: &[u8]) -> u8 {
    let header = String::from_utf8_lossy(header);
    let most = |c: &char| (header.matches(*c).count(), *c == ',');
    [',', ';', '\t'].into_iter().max_by_key(most).unwrap_or(',') as u8
}

/// The cells of one line.
fn cells(line: &[u8], delimiter: u8) -> Result<StringRecord> {
    let mut table = ReaderBuilder::new();
    table.delimiter(delimiter).has_headers(false).trim(Trim::All).buffer_capacity(line.len() + 1);
    let record = table.from_reader(line).into_records().next().unwrap_or_else(|| Ok(StringRecord::new()));
    record.context("it is no text in UTF-8")
}

impl Told {
    fn to(json: Option<&Path>) -> Result<Self> {
        let standard = || Box::new(BufWriter::new(io::stdout())) as Box<dyn Write>;
        let Some(path) = json else {
            let mut table = Writer::from_writer(standard());
            table.write_record(COLUMNS)?;
            return Ok(Self::Table(Box::new(table)));
        };
        if path == Path::new("-") {
            return Ok(Self::Lines(standard()));
        }
        let file = File::create(path).with_context(|| format!("{} can't be written", path.display()))?;
        Ok(Self::Lines(Box::new(BufWriter::new(file))))
    }

    fn tell(&mut self, scenario: &Scenario, receiver: &Receiver, heard: &Result<Reception, EngineError>) -> Result<()> {
        let Receiver { at, height } = receiver;
        let why_not = match heard {
            Ok(heard) if heard.level.is_some() => String::new(),
            Ok(_) => "nothing arrives there".into(),
            Err(error) => error.to_string(),
        };
        match self {
            Self::Lines(to) => {
                let mut line = json!({ "latitude": at.lat, "longitude": at.lon, "height_m": height });
                match heard {
                    Ok(heard) => line["heard"] = serde_json::to_value(heard)?,
                    Err(_) => line["why_not"] = why_not.into(),
                }
                writeln!(to, "{line}")?;
            }
            Self::Table(table) => {
                let heard = heard.as_ref().ok().filter(|heard| heard.level.is_some());
                let of = |say: &dyn Fn(&Reception) -> Option<String>| heard.and_then(say).unwrap_or_default();
                table.write_record([
                    at.lat.to_string(),
                    at.lon.to_string(),
                    height.to_string(),
                    of(&|heard| heard.level.map(|level| format!("{level:.2}"))),
                    of(&|heard| gain(scenario, heard).map(|gain| format!("{gain:.2}"))),
                    of(&|heard| heard.coherent.map(|level| format!("{level:.2}"))),
                    of(&|heard| Some(heard.server.0.to_string())),
                    of(&|heard| Some(heard.server.1.to_string())),
                    of(&|heard| Some(heard.paths.len().to_string())),
                    of(&|heard| heard.delay_spread().map(|spread| format!("{spread:.2}"))),
                    of(&|heard| heard.direction().map(|from| format!("{:.2}", from.azimuth))),
                    of(&|heard| heard.direction().map(|from| format!("{:.2}", from.elevation))),
                    of(&|heard| heard.paths.first().map(Arrival::way)),
                    why_not,
                ])?;
            }
        }
        Ok(())
    }

    fn flush(self) -> Result<()> {
        match self {
            Self::Table(mut table) => table.flush()?,
            Self::Lines(mut to) => to.flush()?,
        }
        Ok(())
    }
}

/// What arrives less what its sector sends, dB, the antennas of both ends included.
fn gain(scenario: &Scenario, heard: &Reception) -> Option<f64> {
    let sector = scenario.sites.get(heard.server.0)?.sectors.get(heard.server.1)?;
    Some(f64::from(heard.level?) - sector.power.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(header: &str) -> Option<Columns> {
        Columns::of(&StringRecord::from(header.split(',').collect::<Vec<_>>()))
    }

    #[test]
    fn columns_are_found_by_their_usual_names_in_any_order() {
        let expected = Columns { latitude: 1, longitude: 0, height: None };
        assert_eq!(columns("\u{feff}lon,LAT"), Some(expected));
        assert_eq!(columns("id,Latitude,Longitude,height_m").and_then(|c| c.height), Some(3));
        assert_eq!(columns("east,north"), None);
    }

    #[test]
    fn what_is_no_receiver_is_told_by_its_own_words() {
        let read = |line: &str| {
            let columns = columns("lat,lon,height").expect("columns");
            columns.read(&StringRecord::from(line.split(',').collect::<Vec<_>>()), 1.5).map_err(|e| e.to_string())
        };
        assert_eq!(read("48.1,11.5,").map(|r| r.height), Ok(1.5));
        assert_eq!(read("48.1,11.5,20").map(|r| r.height), Ok(20.0));
        for (line, word) in [("north,11.5,", "north"), ("NaN,11.5,", "NaN"), ("95,11.5,", "95"), ("48.1", "longitude")]
        {
            assert!(read(line).is_err_and(|said| said.contains(word)), "{line}");
        }
    }
}
