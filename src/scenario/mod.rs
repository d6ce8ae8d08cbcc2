//! What the user asked: the city, the sites, the engines' settings, the grid and what is shown. Knows nothing of how it is
//! computed.
//!
//! A scenario is the product's one document: the link, the JSON file and the undo stack all hold this type.

mod aspect;
mod history;
mod link;

pub use aspect::{Aspect, Legends};
pub use history::History;
pub use link::{Link, LinkError, MapView};

use crate::antenna::{BEAMWIDTHS, Pattern, Pointing, Polarisation, ReceiverPattern};
use crate::geodesy::LonLat;
use crate::material::finish::{MAX_EXPONENT, MAX_ROUGHNESS};
use crate::material::{Finishes, Lobe};
use crate::units::{Dbm, Hertz};
use serde::{Deserialize, Serialize};

/// The city that the page opens on.
pub const DEFAULT_CITY: &str = "munich";
/// The network of a scenario that names none.
pub const DEFAULT_MODEL: &str = "coverage";
/// Lowest and highest frequency the engines are made for, Hz.
pub const FREQUENCY_RANGE: (Hertz, Hertz) = (Hertz(0.4e9), Hertz(60e9));
/// Most sites in one scenario.
pub const MAX_SITES: usize = 1000;
/// Least and greatest share of places that entry losses are asked for: the tails of their distribution are little known.
pub const ENTRY_PROBABILITIES: (f64, f64) = (0.01, 0.99);
/// How thick a wall is that is a layer, metres, as the layers of Sionna RT's scenes are.
pub const SHEET_THICKNESS: f32 = 0.1;
/// Narrowest beam of a sector, degrees.
pub const MIN_BEAMWIDTH: f64 = 1.0;
/// Longest name of a sector, bytes.
pub const MAX_NAME: usize = 100;
/// Least and greatest factor to heights of buildings that are assumed.
pub const ASSUMED_HEIGHTS: (f64, f64) = (0.2, 5.0);
/// Highest specular reflection order.
pub const MAX_DEPTH: u8 = 8;

/// Whether a city or a model is called by the name of one that ships with Farfield, and not by an address or a path.
pub fn is_name(named: &str) -> bool {
    !named.is_empty() && named.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// A whole scenario. Fields that a link leaves out take their defaults; fields it has beyond these are ignored. None is left out
/// in writing: workers are sent the same type as bytes that don't tell which fields they hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scenario {
    /// A city that ships with the page, by name, or the address of a `PMTiles` archive.
    pub city: String,
    /// Where the antennas stand.
    pub sites: Vec<Site>,
    /// The receivers.
    pub receivers: Receivers,
    /// What sets surfaces apart from what ITU-R P.2040 has of their materials; those that are not named are smooth.
    pub materials: Finishes,
    /// The factor to the heights of buildings that are assumed, of neighbours or for want of anything else.
    pub assumed_heights: f64,
    /// How the engines work.
    pub engines: EngineSettings,
    /// What the page shows.
    pub view: View,
}

/// A mast or a roof with sectors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Site {
    /// Where it stands.
    pub position: LonLat,
    /// Height of the antennas above the ground, metres.
    pub height: f64,
    /// Its sectors.
    pub sectors: Vec<Sector>,
}

/// One antenna.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sector {
    /// What it is called, where anything calls it.
    pub name: String,
    /// Carrier frequency.
    pub frequency: Hertz,
    /// Reference-signal power (energy per resource element) at the antenna port.
    pub power: Dbm,
    /// Degrees clockwise from north.
    pub azimuth: f64,
    /// Downtilt, degrees, positive below the horizon.
    pub downtilt: f64,
    /// Antenna pattern.
    pub pattern: Pattern,
    /// Half-power beamwidths of the sector element in azimuth and elevation, degrees.
    pub beamwidths: [f64; 2],
    /// Which way its field swings.
    pub polarisation: Polarisation,
}

/// Where coverage is predicted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Receivers {
    /// Side of a cell, metres.
    pub cell: f64,
    /// Height above what they stand on, metres.
    pub height: f64,
    /// What that is.
    pub footing: Footing,
    /// How the gain of their antennas depends on where waves come from.
    pub pattern: ReceiverPattern,
    /// What their antennas take in: one polarisation, upright, or all that arrives.
    pub polarisation: Option<Polarisation>,
    /// How waves get to receivers inside buildings; without a say nothing is predicted there.
    pub indoors: Option<BuildingEntry>,
}

/// What receivers stand on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Footing {
    /// The ground, also inside buildings.
    #[default]
    Ground,
    /// The roof where there is one, else the ground.
    Roofs,
}

/// What buildings take from waves that come in (ITU-R P.2109).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BuildingEntry {
    /// How they are built.
    pub construction: Construction,
    /// The share of buildings and places inside in which no more is lost, 0–1.
    pub probability: f64,
}

/// The two ways of building that are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Construction {
    /// Masonry and plain glass.
    #[default]
    Traditional,
    /// Metallised glass or foil-backed panels, whatever the walls are of.
    ThermallyEfficient,
}

/// The settings of all engines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EngineSettings {
    /// The network: the name of one that ships with the page, or `file:` and the name of the user's own.
    pub model: String,
    /// The ray tracer's.
    pub trace: TraceSettings,
    /// The baseline's.
    pub empirical: EmpiricalModel,
}

/// What the walls and roofs of buildings are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Walls {
    /// The surface of a solid body: nothing comes through, and buildings have no inside.
    #[default]
    Solid,
    /// A single layer of [`SHEET_THICKNESS`]: buildings are hollow, waves come in and out of them.
    Sheets,
}

/// What the ray tracer takes into account.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct TraceSettings {
    /// Highest order of specular reflection; 0 is line of sight alone.
    pub depth: u8,
    /// Knife-edge diffraction over rooftops.
    pub diffraction: bool,
    /// Diffraction around the corners of buildings, one corner a path; without that over rooftops, over any single edge.
    pub corners: bool,
    /// With corners and rooftops: also a reflection before the corner, behind it, or both.
    pub detours: bool,
    /// What stands in the way: bodies, or layers that let waves through.
    pub walls: Walls,
    /// What woods and trees take of paths through them.
    pub vegetation: bool,
}

/// The baselines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EmpiricalModel {
    /// Friis.
    FreeSpace,
    /// COST-231 Hata (Okumura-Hata below 1.5 GHz).
    Cost231Hata,
    /// 3GPP TR 38.901 urban macro, line of sight decided by the buildings.
    #[default]
    Uma,
}

/// The engines that can make a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EngineKind {
    /// The network.
    Learned,
    /// The ray tracer.
    Traced,
    /// The baseline.
    Empirical,
}

/// What the map shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// The network's map.
    Learned,
    /// The ray tracer's map.
    #[default]
    Traced,
    /// Learned less ray traced.
    Difference,
    /// The baseline's map.
    Empirical,
}

impl From<EngineKind> for Layer {
    fn from(engine: EngineKind) -> Self {
        match engine {
            EngineKind::Learned => Self::Learned,
            EngineKind::Traced => Self::Traced,
            EngineKind::Empirical => Self::Empirical,
        }
    }
}

/// What the page shows and how.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// The layer in front.
    pub layer: Layer,
    /// What of the map in front is shown, where its engine tells it.
    pub aspect: Aspect,
    /// Lower and upper end of the legend, dBm.
    pub range: (f64, f64),
    /// Those of other aspects than the signal.
    pub legends: Legends,
    /// Opacity of the coverage, 0–1.
    pub opacity: f64,
    /// Where a receiver stands whose paths are shown.
    pub receiver: Option<LonLat>,
    /// The number of the sector that is shown alone, counted through all sites; the strongest of all where there is none of it.
    pub sector: Option<u32>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            city: DEFAULT_CITY.into(),
            sites: vec![Site::default()],
            receivers: Receivers::default(),
            materials: Finishes::default(),
            assumed_heights: 1.0,
            engines: EngineSettings::default(),
            view: View::default(),
        }
    }
}

impl Default for Site {
    fn default() -> Self {
        // On the church by the market, from where two of Munich's widest streets are in sight.
        Self { position: LonLat::new(11.57696, 48.1362), height: 45.0, sectors: vec![Sector::default()] }
    }
}

impl Default for Sector {
    fn default() -> Self {
        Self {
            name: String::new(),
            frequency: Hertz(3.5e9),
            power: Dbm(18.0),
            azimuth: 120.0,
            downtilt: 6.0,
            pattern: Pattern::default(),
            beamwidths: BEAMWIDTHS.map(f64::from),
            polarisation: Polarisation::default(),
        }
    }
}

impl Receivers {
    /// What takes in waves inside buildings: nothing for those that stand on roofs.
    pub fn indoors(&self) -> Option<BuildingEntry> {
        self.indoors.filter(|_| self.footing == Footing::Ground)
    }

    /// How high a terminal is held on a floor above the ground, 0 being the ground floor: 3 n + 1.5 m (3GPP TR 38.901,
    /// table 7.4.1-1).
    pub fn height_on(floor: u32) -> f64 {
        3.0 * f64::from(floor) + 1.5
    }

    /// The floor that is meant by a height above the ground.
    pub fn floor(&self) -> u32 {
        ((self.height - 1.5) / 3.0).round().max(0.0) as u32
    }
}

impl Default for Receivers {
    fn default() -> Self {
        Self {
            cell: 5.0,
            height: 1.5,
            footing: Footing::Ground,
            pattern: ReceiverPattern::Isotropic,
            polarisation: None,
            indoors: None,
        }
    }
}

impl Default for BuildingEntry {
    fn default() -> Self {
        Self { construction: Construction::default(), probability: 0.5 }
    }
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self { model: DEFAULT_MODEL.into(), trace: TraceSettings::default(), empirical: EmpiricalModel::default() }
    }
}

impl Default for TraceSettings {
    fn default() -> Self {
        Self { depth: 3, diffraction: true, corners: false, detours: false, walls: Walls::Solid, vegetation: true }
    }
}

impl Default for View {
    fn default() -> Self {
        Self {
            layer: Layer::default(),
            aspect: Aspect::default(),
            range: (-120.0, -60.0),
            legends: Legends::default(),
            opacity: 0.8,
            receiver: None,
            sector: None,
        }
    }
}

impl View {
    /// What the map in front shows.
    pub fn front_aspect(&self) -> Aspect {
        self.aspect.on(self.layer)
    }

    /// Both ends of an aspect's legend, in its unit.
    pub fn ends(&self, aspect: Aspect) -> (f64, f64) {
        match aspect {
            Aspect::Signal => self.range,
            Aspect::DelaySpread => self.legends.delay_spread,
            Aspect::AzimuthOfArrival => (0.0, 360.0),
            Aspect::AzimuthSpread => self.legends.azimuth_spread,
            Aspect::ElevationOfArrival => self.legends.elevation,
            Aspect::Deviation => self.legends.deviation,
        }
    }

    /// Moves them; those of the azimuth stay.
    pub fn set_ends(&mut self, aspect: Aspect, ends: (f64, f64)) {
        match self.legends.get_mut(aspect) {
            Some(of) => *of = ends,
            None if aspect == Aspect::Signal => self.range = ends,
            None => {}
        }
    }
}

impl Sector {
    /// The pattern as it is pointed.
    pub fn pointing(&self) -> Pointing {
        Pointing {
            pattern: self.pattern,
            azimuth_deg: self.azimuth as f32,
            downtilt_deg: self.downtilt as f32,
            polarisation: self.polarisation,
            beamwidths_deg: self.beamwidths.map(|width| width as f32),
        }
    }
}

/// What is wrong with a scenario's numbers; each message says which number and what it may be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ScenarioError {
    /// There is nothing to predict.
    #[error("the scenario has no site, or a site without a sector")]
    NoSector,
    /// More sites than [`MAX_SITES`].
    #[error("the scenario has {0} sites; the most is {MAX_SITES}")]
    TooManySites(usize),
    /// A number is not finite or outside its range.
    #[error("{what} is {value}, but must be between {min} and {max}")]
    OutOfRange {
        /// Which number.
        what: &'static str,
        /// Its value.
        value: f64,
        /// The least it may be.
        min: f64,
        /// The most it may be.
        max: f64,
    },
}

fn within(what: &'static str, value: f64, min: f64, max: f64) -> Result<(), ScenarioError> {
    let fits = value >= min && value <= max;
    if fits { Ok(()) } else { Err(ScenarioError::OutOfRange { what, value, min, max }) }
}

impl Scenario {
    /// Number of sectors.
    pub fn sectors(&self) -> usize {
        self.sites.iter().map(|site| site.sectors.len()).sum()
    }

    /// The same with one sector alone: that with this number, counted through all sites. Without any, where there is none.
    #[must_use]
    pub fn with_sector_alone(&self, number: usize) -> Self {
        let alone = self.place_of(number).map(|(site, sector)| {
            let site = &self.sites[site];
            Site { sectors: vec![site.sectors[sector].clone()], ..site.clone() }
        });
        let sites = alone.into_iter().collect();
        Self { sites, ..self.clone() }
    }

    /// The site and its sector that are edited, by their numbers: those of the sector that is shown alone, else the first.
    pub fn chosen(&self) -> (usize, usize) {
        self.alone().and_then(|number| self.place_of(number as usize)).unwrap_or((0, 0))
    }

    /// The number of the sector that is shown alone, where there is that sector.
    pub fn alone(&self) -> Option<u32> {
        self.view.sector.filter(|number| self.place_of(*number as usize).is_some())
    }

    /// The numbers of the site and of its sector that this is, counted through all sites.
    fn place_of(&self, mut number: usize) -> Option<(usize, usize)> {
        for (i, site) in self.sites.iter().enumerate() {
            if number < site.sectors.len() {
                return Some((i, number));
            }
            number -= site.sectors.len();
        }
        None
    }

    /// What is to be predicted for what the view shows: the same with the sector alone that it shows, if any.
    #[must_use]
    pub fn shown(&self) -> Self {
        self.alone().map_or_else(|| self.clone(), |number| self.with_sector_alone(number as usize))
    }

    /// Whether receivers inside of buildings have predictions, and so floors.
    pub fn predicts_inside(&self) -> bool {
        let hollow = self.engines.trace.walls == Walls::Sheets;
        self.receivers.footing == Footing::Ground && (hollow || self.receivers.indoors.is_some())
    }

    /// Checks every number, so that no engine meets a NaN, a zero frequency or an absurd grid.
    pub fn validate(&self) -> Result<(), ScenarioError> {
        if self.sites.is_empty() || self.sites.iter().any(|s| s.sectors.is_empty()) {
            return Err(ScenarioError::NoSector);
        }
        if self.sites.len() > MAX_SITES {
            return Err(ScenarioError::TooManySites(self.sites.len()));
        }
        for site in &self.sites {
            within("a site's longitude", site.position.lon, -180.0, 180.0)?;
            within("a site's latitude", site.position.lat, -85.0, 85.0)?;
            within("a site's height in metres", site.height, 0.5, 1000.0)?;
            for sector in &site.sectors {
                within("the length of a sector's name", sector.name.len() as f64, 0.0, MAX_NAME as f64)?;
                let (low, high) = FREQUENCY_RANGE;
                within("a sector's frequency in Hz", sector.frequency.0, low.0, high.0)?;
                within("a sector's power in dBm", sector.power.0, -60.0, 80.0)?;
                within("a sector's azimuth in degrees", sector.azimuth, -360.0, 360.0)?;
                within("a sector's downtilt in degrees", sector.downtilt, -90.0, 90.0)?;
                for width in sector.beamwidths {
                    within("a sector's beamwidth in degrees", width, MIN_BEAMWIDTH, 360.0)?;
                }
            }
        }
        within("the cell size in metres", self.receivers.cell, 0.5, 200.0)?;
        within("the receivers' height in metres", self.receivers.height, 0.1, 300.0)?;
        if let Some(entry) = self.receivers.indoors {
            let (low, high) = ENTRY_PROBABILITIES;
            within("the share of places that entry losses are for", entry.probability, low, high)?;
        }
        let (low, high) = ASSUMED_HEIGHTS;
        within("the factor to assumed heights", self.assumed_heights, low, high)?;
        within("the reflection depth", f64::from(self.engines.trace.depth), 0.0, f64::from(MAX_DEPTH))?;
        for (_, finish) in self.materials.iter() {
            within("a factor to a permittivity", f64::from(finish.permittivity), 0.1, 10.0)?;
            within("a factor to a conductivity", f64::from(finish.conductivity), 0.0, 1000.0)?;
            within("a scattering coefficient", f64::from(finish.scattering), 0.0, 1.0)?;
            within("a share of cross-polarisation", f64::from(finish.cross_polarisation), 0.0, 1.0)?;
            within("a roughness in metres", f64::from(finish.roughness), 0.0, f64::from(MAX_ROUGHNESS))?;
            let (exponents, forward_share) = match finish.lobe {
                Lobe::Lambertian => ([1, 1], 1.0),
                Lobe::Directive { exponent } => ([exponent, 1], 1.0),
                Lobe::Backscattering { exponent, back, forward_share } => ([exponent, back], forward_share),
            };
            for exponent in exponents {
                within("a lobe's exponent", f64::from(exponent), 1.0, f64::from(MAX_EXPONENT))?;
            }
            within("a lobe's forward share", f64::from(forward_share), 0.0, 1.0)?;
        }
        within("the legend's lower end in dBm", self.view.range.0, -300.0, 100.0)?;
        within("the legend's upper end in dBm", self.view.range.1, self.view.range.0 + 1.0, 101.0)?;
        self.view.legends.validate()?;
        if let Some(at) = self.view.receiver {
            within("the receiver's longitude", at.lon, -180.0, 180.0)?;
            within("the receiver's latitude", at.lat, -85.0, 85.0)?;
        }
        within("the opacity", self.view.opacity, 0.0, 1.0)
    }
}
