//! Which column of a table is what, guessed from its name.

use serde::{Deserialize, Serialize};

/// What a column may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    /// Degrees north.
    Latitude,
    /// Degrees east.
    Longitude,
    /// dBm.
    Level,
    /// Name of the cell that was measured.
    Cell,
    /// Name of the device that measured.
    Device,
    /// Carrier frequency.
    Frequency,
    /// When it was measured.
    Time,
}

impl Role {
    /// All of them; the first three are needed.
    pub const ALL: [Role; 7] =
        [Role::Latitude, Role::Longitude, Role::Level, Role::Cell, Role::Device, Role::Frequency, Role::Time];

    /// Its name for the user.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Latitude => "latitude",
            Role::Longitude => "longitude",
            Role::Level => "level",
            Role::Cell => "cell",
            Role::Device => "device",
            Role::Frequency => "frequency",
            Role::Time => "time",
        }
    }

    /// Whether a reading needs it.
    pub const fn is_needed(self) -> bool {
        matches!(self, Role::Latitude | Role::Longitude | Role::Level)
    }

    /// What such columns are called, as [`essence`] has it, the surest first.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Role::Latitude => {
                &["latitude", "lat", "gpslatitude", "gpslat", "latwgs84", "breitengrad", "breite", "latitud", "y"]
            }
            Role::Longitude => &[
                "longitude",
                "lon",
                "lng",
                "long",
                "gpslongitude",
                "gpslon",
                "gpslong",
                "lonwgs84",
                "längengrad",
                "laengengrad",
                "länge",
                "longitud",
                "x",
            ],
            Role::Level => &[
                "rsrp",
                "ssrsrp",
                "nrssrsrp",
                "ltersrp",
                "nrrsrp",
                "servingrsrp",
                "pcellrsrp",
                "cellrsrp",
                "csirsrp",
                "rsrpavg",
                "rscp",
                "rxlev",
                "level",
                "signal",
                "signallevel",
                "signalstrength",
                "strength",
                "receivedpower",
                "rxpower",
                "power",
                "pegel",
                "dbm",
                "rssi",
                "lterssi",
            ],
            Role::Cell => &[
                "cell",
                "cellname",
                "cellid",
                "cid",
                "eci",
                "nci",
                "ecellid",
                "ecgi",
                "cgi",
                "ncgi",
                "sector",
                "sectorname",
                "sectorid",
                "servingcell",
                "pci",
                "physicalcellid",
                "cellpci",
                "servingpci",
                "psc",
            ],
            Role::Device => {
                &["device", "devicename", "devicemodel", "phone", "handset", "terminal", "ue", "ueid", "model", "imei"]
            }
            Role::Frequency => {
                &["frequency", "freq", "dlfrequency", "dlfreq", "carrierfrequency", "centrefrequency", "carrier"]
            }
            Role::Time => &[
                "timestamp",
                "time",
                "datetime",
                "date",
                "utc",
                "timeutc",
                "utctime",
                "gpstime",
                "localtime",
                "zeit",
                "zeitstempel",
                "measuredat",
                "createdat",
                "epoch",
                "unixtime",
            ],
        }
    }
}

/// The columns of a table by what they hold, counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping([Option<usize>; Role::ALL.len()]);

impl Mapping {
    /// As the columns' names say. No column holds two things.
    pub fn guess(columns: &[String]) -> Self {
        let mut mapping = Self::default();
        for role in Role::ALL {
            // Numbers have units, names have none.
            let has_unit = !matches!(role, Role::Cell | Role::Device | Role::Time);
            let essences: Vec<String> = columns.iter().map(|name| essence(name, has_unit)).collect();
            let surest = |essence: &String| role.names().iter().position(|name| name == essence);
            // A longer name may hold one of the telling words: RSRP of the best of many antennas, say.
            let told = |essence: &String| {
                let rank = surest(essence);
                rank.or_else(|| (role == Role::Level && essence.contains("rsrp")).then_some(role.names().len()))
            };
            let ranked = essences.iter().enumerate().filter_map(|(i, essence)| Some((told(essence)?, i)));
            mapping.set(role, ranked.filter(|(_, i)| !mapping.0.contains(&Some(*i))).min().map(|(_, i)| i));
        }
        mapping
    }

    /// The column that holds it.
    pub fn column(&self, role: Role) -> Option<usize> {
        self.0[role as usize]
    }

    /// Says which column holds it.
    pub fn set(&mut self, role: Role, column: Option<usize>) {
        self.0[role as usize] = column;
    }

    /// The first thing that a reading needs and no column holds.
    pub fn missing(&self) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.is_needed() && self.column(*role).is_none())
    }
}

/// What is left of a column's name without case and punctuation, and without its unit.
pub(super) fn essence(name: &str, has_unit: bool) -> String {
    const UNITS: [&str; 8] = ["dbm", "db", "deg", "degrees", "mhz", "ghz", "khz", "hz"];
    let name = name.to_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let telling: String = words.iter().filter(|word| !(has_unit && UNITS.contains(word))).copied().collect();
    if telling.is_empty() { words.concat() } else { telling }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(names: &str) -> Vec<Option<usize>> {
        let names: Vec<String> = names.split('|').map(Into::into).collect();
        Role::ALL.map(|role| Mapping::guess(&names).column(role)).to_vec()
    }

    #[test]
    fn columns_are_known_by_the_names_that_tools_give_them() {
        assert_eq!(guess("pci|lat|lon|device|rsrp_dbm"), [Some(1), Some(2), Some(4), Some(0), Some(3), None, None]);
        let survey = "Time|Latitude|Longitude|Carrier|Cell ID|RSSI|SINR|RSRP|RSRQ";
        assert_eq!(guess(survey), [Some(1), Some(2), Some(7), Some(4), None, Some(3), Some(0)]);
        let spoken = "Breitengrad|Längengrad|Pegel [dBm]|Freq (MHz)";
        assert_eq!(guess(spoken), [Some(0), Some(1), Some(2), None, None, Some(3), None]);
        let names = "timestamp|lat|lon|accuracy|wifi_rssi|cell_type|cell_dbm|cell_rsrp|cell_pci";
        assert_eq!(guess(names)[..4], [Some(1), Some(2), Some(7), Some(8)]);
        assert_eq!(guess("x|y|dBm"), [Some(1), Some(0), Some(2), None, None, None, None]);
        assert_eq!(guess("NR SS-RSRP best beam|lng|LAT")[..3], [Some(2), Some(1), Some(0)]);
    }

    #[test]
    fn what_tells_nothing_is_asked_for() {
        let names = ["a".to_owned(), "latitude".to_owned()];
        assert_eq!(Mapping::guess(&names).missing(), Some(Role::Longitude));
        assert_eq!(Mapping::guess(&[]).missing(), Some(Role::Latitude));
    }
}
