//! Tables of text: separated values of any dialect.

use super::columns::{Mapping, Role, essence};
use super::dialect::{decoded, moment, number, reader, separator, text};
use super::sites::{self, are_sites};
use super::{
    LEVELS, MAX_NAMES, MAX_READINGS, Outcome, Question, Reading, Readings, ReadingsError, Reason, Rejected, Summary,
};
use crate::geodesy::LonLat;
use crate::units::{Dbm, Hertz};
use csv::ByteRecord;
use std::collections::HashMap;

/// Lines in which the columns' names are looked for.
const PREAMBLE: usize = 30;
/// Lines that are shown to the user.
pub(super) const SAMPLE: usize = 5;
/// Most columns.
pub(super) const MAX_COLUMNS: usize = 1000;
/// A field that goes on for more lines than this began with a quotation mark that was none.
const MAX_LINES: u64 = 16;
/// How often the progress is told, lines.
pub(super) const STEP: usize = 1 << 14;

/// The columns of `CellMapper`'s exports, which have no names: latitude, longitude, altitude, MCC, MNC, LAC, CID, signal, type,
/// subtype, ARFCN, PSC or PCI.
const CELLMAPPER: [(Role, usize); 4] = [(Role::Latitude, 0), (Role::Longitude, 1), (Role::Level, 7), (Role::Cell, 6)];

/// What the columns are, and where the values begin.
struct Head {
    question: Question,
    /// Lines before the first values.
    skip: usize,
}

/// Reads a table.
pub fn read(
    file: &str,
    bytes: &[u8],
    mapping: Option<&Mapping>,
    tell: &mut dyn FnMut(f32),
) -> Result<Outcome, ReadingsError> {
    let bytes = decoded(bytes);
    let no_table = |why: &str| ReadingsError::NoTable { file: file.into(), why: why.into() };
    if bytes.iter().take(1 << 12).any(|b| *b == 0) {
        return Err(no_table("it is not text"));
    }
    let (separator, start) = separator(&bytes);
    let table = &bytes[start..];
    let head = head(file, table, separator).ok_or_else(|| no_table("it is empty"))?;
    if head.question.columns.len() > MAX_COLUMNS {
        return Err(no_table(&format!("it has more than {MAX_COLUMNS} columns")));
    }
    let columns = &head.question.columns;
    if mapping.is_none()
        && head.question.guess.column(Role::Level).is_none_or(|i| is_power(&columns[i]))
        && are_sites(columns)
    {
        return sites::read(file, table, separator, columns, head.skip, u32::from(start > 0));
    }
    let Some(mut taker) = Taker::of(&head.question, mapping) else { return Ok(Outcome::Ask(head.question)) };
    let mut skip = head.skip;
    // Lines before the table that the reader sees.
    let mut before = u32::from(start > 0);
    let (mut rest, mut quoting) = (table, true);
    'tables: loop {
        let mut reader = reader(rest, separator, quoting);
        let mut record = ByteRecord::new();
        let mut seen = 0;
        loop {
            let (offset, line) = (reader.position().byte(), reader.position().line());
            if !reader.read_byte_record(&mut record).unwrap_or(false) {
                break 'tables;
            }
            // Empty lines lie before what a record begins with.
            let (at, first) = record.position().map_or((offset, line), |p| (p.byte(), p.line()));
            let number = before + u32::try_from(first).unwrap_or(u32::MAX);
            seen += 1;
            if skip > 0 {
                skip -= 1;
                continue;
            }
            if reader.position().line() - first > MAX_LINES {
                // From the next line on, such marks are letters like any other.
                taker.readings.rejected.add(Reason::Quote, number);
                let tail = &rest[(at as usize).min(rest.len())..];
                let next = tail.iter().position(|b| *b == b'\n').map_or(tail.len(), |end| end + 1);
                (rest, before, quoting) = (&tail[next..], number, false);
                continue 'tables;
            }
            taker.take(number, |column| record.get(column).map(text))?;
            if seen % STEP == 0 {
                let done = table.len() - rest.len() + reader.position().byte() as usize;
                tell(done as f32 / table.len() as f32);
            }
        }
    }
    taker.finish(head.question)
}

/// Looks for the columns' names among the first lines.
fn head(file: &str, table: &[u8], separator: u8) -> Option<Head> {
    let fields = |record: &ByteRecord| record.iter().map(|field| text(field).into_owned()).collect::<Vec<String>>();
    let mut reader = reader(table, separator, true);
    let lines: Vec<Vec<String>> =
        reader.byte_records().take(PREAMBLE + SAMPLE).map_while(Result::ok).map(|r| fields(&r)).collect();
    let question = |columns: Vec<String>, skip: usize, guess: Mapping| Head {
        question: Question {
            file: file.into(),
            columns,
            sample: lines.iter().skip(skip).take(SAMPLE).cloned().collect(),
            guess,
        },
        skip,
    };
    for (i, names) in lines.iter().take(PREAMBLE).enumerate() {
        let guess = Mapping::guess(names);
        if guess.column(Role::Latitude).is_some() && guess.column(Role::Longitude).is_some() {
            return Some(question(names.clone(), i + 1, guess));
        }
    }
    let first = lines.first()?;
    let numbered = || (1..=first.len()).map(|i| format!("column {i}")).collect();
    if is_cellmapper(first) {
        let mut mapping = Mapping::default();
        for (role, column) in CELLMAPPER {
            mapping.set(role, Some(column));
        }
        return Some(question(numbered(), 0, mapping));
    }
    let is_named = first.iter().all(|field| number(field).is_none());
    Some(if is_named {
        question(first.clone(), 1, Mapping::guess(first))
    } else {
        question(numbered(), 0, Mapping::default())
    })
}

/// Whether a column may hold what is sent as well as what is received.
fn is_power(column: &str) -> bool {
    essence(column, true) == "power"
}

/// Whether a line is one of `CellMapper`'s, which name the kind of the network in their ninth field.
fn is_cellmapper(fields: &[String]) -> bool {
    const NETWORKS: [&str; 6] = ["GSM", "UMTS", "CDMA", "LTE", "NR", "5G"];
    fields.len() >= 11 && NETWORKS.contains(&fields[8].as_str()) && number(&fields[0]).is_some()
}

/// Makes readings of rows, whatever the rows come from.
pub(super) struct Taker {
    pub(super) mapping: Mapping,
    columns: Vec<String>,
    cells: Names,
    devices: Names,
    /// Hertz that a number in the column of the frequency stands for, where its name tells.
    unit: Option<f64>,
    pub(super) readings: Readings,
}

/// Names in the order in which they come.
#[derive(Default)]
struct Names(HashMap<String, u32>, Vec<String>);

impl Names {
    /// The number of a name; `None` of an empty one.
    fn number(&mut self, name: &str) -> Option<u32> {
        if name.is_empty() {
            return None;
        }
        if let Some(number) = self.0.get(name) {
            return Some(*number);
        }
        let number = self.1.len() as u32;
        self.0.insert(name.to_owned(), number);
        self.1.push(name.to_owned());
        Some(number)
    }
}

impl Taker {
    /// That of a table whose columns are as `mapping` says, or else as was guessed; `None` where one that is needed has to be asked for.
    pub(super) fn of(question: &Question, mapping: Option<&Mapping>) -> Option<Self> {
        let mapping = *mapping.unwrap_or(&question.guess);
        mapping.missing().is_none().then(|| Self::new(&question.file, question.columns.clone(), mapping))
    }

    fn new(file: &str, columns: Vec<String>, mapping: Mapping) -> Self {
        let name = |role: Role| mapping.column(role).and_then(|i| columns.get(i)).map_or("", String::as_str);
        let readings = Readings {
            file: file.into(),
            quantity: name(Role::Level).into(),
            cells: Vec::new(),
            devices: Vec::new(),
            all: Vec::new(),
            rejected: Rejected::default(),
            summary: Summary::default(),
        };
        let unit = unit(name(Role::Frequency));
        Self { mapping, columns, cells: Names::default(), devices: Names::default(), unit, readings }
    }

    /// Takes a row in, whose fields by column `field` tells.
    pub(super) fn take<'r>(
        &mut self,
        line: u32,
        field: impl Fn(usize) -> Option<std::borrow::Cow<'r, str>>,
    ) -> Result<(), ReadingsError> {
        let of = |role: Role| self.mapping.column(role).and_then(&field);
        let file = || self.readings.file.clone();
        let (Some(latitude), Some(longitude), Some(level)) = (of(Role::Latitude), of(Role::Longitude), of(Role::Level))
        else {
            self.readings.rejected.add(Reason::Short, line);
            return Ok(());
        };
        match place_and_level(&latitude, &longitude, &level) {
            Err(reason) => self.readings.rejected.add(reason, line),
            Ok(_) if self.readings.all.len() >= MAX_READINGS => return Err(ReadingsError::TooMany { file: file() }),
            Ok((at, level)) => {
                let cell = of(Role::Cell).and_then(|name| self.cells.number(&name));
                let device = of(Role::Device).and_then(|name| self.devices.number(&name));
                for (names, role) in [(&self.cells, Role::Cell), (&self.devices, Role::Device)] {
                    if names.1.len() > MAX_NAMES {
                        let column = self.mapping.column(role).and_then(|i| self.columns.get(i)).cloned();
                        let (file, column) = (file(), column.unwrap_or_default());
                        return Err(ReadingsError::Names { file, column, what: role.name() });
                    }
                }
                let hertz = |value: f64| Hertz(value * self.unit.unwrap_or_else(|| likely_unit(value)));
                let frequency = of(Role::Frequency).and_then(|f| number(&f)).filter(|f| *f > 0.0).map(hertz);
                let time = of(Role::Time).and_then(|time| moment(&time));
                self.readings.all.push(Reading { at, level, cell, device, frequency, time, line });
            }
        }
        Ok(())
    }

    /// What came of all rows.
    pub(super) fn finish(self, question: Question) -> Result<Outcome, ReadingsError> {
        let mut readings = self.readings;
        (readings.cells, readings.devices) = (self.cells.1, self.devices.1);
        if readings.all.is_empty() {
            let why = readings.rejected.mostly();
            return Err(ReadingsError::Empty { file: readings.file, why });
        }
        readings.summary = Summary::of(&readings.all, readings.cells.len());
        let question = Question { guess: self.mapping, ..question };
        Ok(Outcome::Read(readings.into(), question))
    }
}

fn place_and_level(latitude: &str, longitude: &str, level: &str) -> Result<(LonLat, Dbm), Reason> {
    let degrees = number(longitude).zip(number(latitude)).ok_or(Reason::NoPlace)?;
    let at = LonLat::new(degrees.0, degrees.1);
    if !at.is_valid() {
        return Err(Reason::NotOnEarth);
    }
    if at == LonLat::new(0.0, 0.0) {
        return Err(Reason::NoFix);
    }
    let level = number(level).ok_or(Reason::NoLevel)?;
    if level < LEVELS.0 || level > LEVELS.1 { Err(Reason::Level) } else { Ok((at, Dbm(level))) }
}

/// Hertz of the unit that a column's name tells.
pub(super) fn unit(column: &str) -> Option<f64> {
    let name = column.to_lowercase();
    [("ghz", 1e9), ("mhz", 1e6), ("khz", 1e3), ("hz", 1.0)]
        .iter()
        .find(|(unit, _)| name.contains(unit))
        .map(|(_, hz)| *hz)
}

/// Hertz of the unit in which a carrier's frequency would be such a number.
pub(super) fn likely_unit(value: f64) -> f64 {
    match value {
        v if v < 100.0 => 1e9,
        v if v < 1e5 => 1e6,
        v if v < 1e8 => 1e3,
        _ => 1.0,
    }
}
