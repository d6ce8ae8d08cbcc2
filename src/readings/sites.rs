//! Tables of sites: where antennas stand and how they are pointed, a line a sector.

use super::columns::essence;
use super::dialect::{number, reader, text};
use super::table::{likely_unit, unit};
use super::{Outcome, ReadingsError, Reason, Rejected, Sites};
use crate::antenna::Pattern;
use crate::geodesy::LonLat;
use crate::scenario::{MAX_SITES, Sector, Site};
use crate::units::{Dbm, Hertz};
use csv::ByteRecord;
use std::collections::BTreeMap;

/// What a column of such a table may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Name,
    Latitude,
    Longitude,
    Height,
    Azimuth,
    Downtilt,
    ElectricalTilt,
    MechanicalTilt,
    Power,
    Frequency,
    Pattern,
}

impl Column {
    const ALL: [Self; 11] = [
        Self::Name,
        Self::Latitude,
        Self::Longitude,
        Self::Height,
        Self::Azimuth,
        Self::Downtilt,
        Self::ElectricalTilt,
        Self::MechanicalTilt,
        Self::Power,
        Self::Frequency,
        Self::Pattern,
    ];

    /// What such columns are called, as [`essence`] has it, the surest first.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Name => &[
                "cell",
                "cellname",
                "cellid",
                "sector",
                "sectorname",
                "sectorid",
                "pci",
                "eci",
                "nci",
                "cid",
                "name",
                "id",
            ],
            Self::Latitude => &["latitude", "lat", "gpslatitude", "breitengrad", "breite", "y"],
            Self::Longitude => &["longitude", "lon", "lng", "long", "gpslongitude", "längengrad", "länge", "x"],
            Self::Height => &[
                "height",
                "antennaheight",
                "heightm",
                "antennaheightm",
                "agl",
                "heightagl",
                "hba",
                "antennaheightagl",
                "höhe",
            ],
            Self::Azimuth => &["azimuth", "azimut", "antennaazimuth", "bearing", "direction", "az"],
            Self::Downtilt => &["downtilt", "tilt", "totaltilt", "antennatilt"],
            Self::ElectricalTilt => &["electricaltilt", "etilt", "electricaldowntilt", "edt", "ret"],
            Self::MechanicalTilt => &["mechanicaltilt", "mtilt", "mechanicaldowntilt", "mdt"],
            Self::Power => &["rspower", "referencesignalpower", "epre", "power", "txpower", "ssbpower", "crspower"],
            Self::Frequency => &["frequency", "freq", "dlfrequency", "dlfreq", "carrierfrequency", "carrier"],
            Self::Pattern => &["pattern", "antenna", "antennapattern"],
        }
    }

    const fn has_unit(self) -> bool {
        !matches!(self, Self::Name | Self::Pattern)
    }
}

/// The columns of a table by what they hold.
struct Columns(BTreeMap<Column, usize>);

impl Columns {
    /// As the columns' names say.
    fn of(names: &[String]) -> Self {
        let find = |column: Column| {
            let essences = names.iter().map(|name| essence(name, column.has_unit()));
            let rank = |essence: String| column.names().iter().position(|known| *known == essence);
            essences.enumerate().filter_map(|(i, essence)| Some((rank(essence)?, i))).min().map(|(_, i)| (column, i))
        };
        Self(Column::ALL.into_iter().filter_map(find).collect())
    }

    /// Whether they are those of sites: of places with azimuths.
    fn tell_sites(&self) -> bool {
        [Column::Latitude, Column::Longitude, Column::Azimuth].iter().all(|c| self.0.contains_key(c))
    }
}

/// Whether the columns of a table with these names are those of sites.
pub(super) fn are_sites(names: &[String]) -> bool {
    Columns::of(names).tell_sites()
}

/// Reads the sites of a table whose values begin after `skip` lines, the last of which names the columns. `before` lines come
/// before it.
pub(super) fn read(
    file: &str,
    table: &[u8],
    separator: u8,
    names: &[String],
    skip: usize,
    before: u32,
) -> Result<Outcome, ReadingsError> {
    let columns = Columns::of(names);
    let told = |column: Column| columns.0.contains_key(&column);
    let hertz = columns.0.get(&Column::Frequency).and_then(|i| unit(&names[*i]));
    let mut sites: Vec<Site> = Vec::new();
    let mut rejected = Rejected::default();
    let mut reader = reader(table, separator, true);
    let mut record = ByteRecord::new();
    let mut sectors = 0;
    let mut lines = 0;
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        lines += 1;
        if lines <= skip {
            continue;
        }
        let line = before + record.position().map_or(0, |p| u32::try_from(p.line()).unwrap_or(u32::MAX));
        let field = |column: Column| Some(text(record.get(*columns.0.get(&column)?)?));
        let value = |column: Column| field(column).and_then(|text| number(&text));
        let (Some(lat), Some(lon)) = (value(Column::Latitude), value(Column::Longitude)) else {
            rejected.add(Reason::NoPlace, line);
            continue;
        };
        let at = LonLat::new(lon, lat);
        let usual = Site::default();
        let sector = Sector {
            name: field(Column::Name).map(std::borrow::Cow::into_owned).unwrap_or_default(),
            frequency: value(Column::Frequency)
                .map_or(Sector::default().frequency, |f| Hertz(f * hertz.unwrap_or_else(|| likely_unit(f)))),
            power: value(Column::Power).map_or(Sector::default().power, Dbm),
            azimuth: value(Column::Azimuth).unwrap_or_default(),
            downtilt: downtilt(&value).unwrap_or(Sector::default().downtilt),
            pattern: field(Column::Pattern).map_or(Pattern::default(), |text| pattern(&text)),
            ..Sector::default()
        };
        let height = value(Column::Height).unwrap_or(usual.height);
        let possible = |site: &Site| {
            let alone = crate::scenario::Scenario { sites: vec![site.clone()], ..Default::default() };
            alone.validate().is_ok()
        };
        let site = Site { position: at, height, sectors: vec![sector] };
        if !at.is_valid() {
            rejected.add(Reason::NotOnEarth, line);
        } else if !possible(&site) {
            rejected.add(Reason::Impossible, line);
        } else {
            sectors += 1;
            let same = sites.iter().position(|s| s.position == site.position && s.height == site.height);
            match same {
                Some(same) => sites[same].sectors.extend(site.sectors),
                None if sites.len() < MAX_SITES => sites.push(site),
                None => return Err(ReadingsError::TooManySites { file: file.into() }),
            }
        }
    }
    if sites.is_empty() {
        return Err(ReadingsError::NoSites { file: file.into(), why: rejected.mostly() });
    }
    let tilted = [Column::Downtilt, Column::ElectricalTilt, Column::MechanicalTilt].into_iter().any(told);
    let mut assumed = Vec::new();
    for (is_told, what) in [
        (told(Column::Height), format!("height ({} m)", Site::default().height)),
        (tilted, format!("downtilt ({}°)", Sector::default().downtilt)),
        (told(Column::Power), format!("power ({} dBm)", Sector::default().power.0)),
        (told(Column::Frequency), format!("frequency ({} GHz)", Sector::default().frequency.0 / 1e9)),
    ] {
        if !is_told {
            assumed.push(what);
        }
    }
    Ok(Outcome::Sites(Sites { file: file.into(), sites, sectors, assumed, rejected }))
}

/// Both tilts together, or the one that the table has.
fn downtilt(value: &dyn Fn(Column) -> Option<f64>) -> Option<f64> {
    value(Column::Downtilt).or_else(|| {
        let parts = [value(Column::ElectricalTilt), value(Column::MechanicalTilt)];
        parts.iter().any(Option::is_some).then(|| parts.into_iter().flatten().sum())
    })
}

/// The pattern of that name: without a direction where it says so.
fn pattern(name: &str) -> Pattern {
    let name = essence(name, false);
    if ["omni", "isotropic", "iso"].iter().any(|known| name.starts_with(known)) {
        Pattern::Isotropic
    } else {
        Pattern::default()
    }
}
