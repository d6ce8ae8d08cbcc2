//! Traced maps as training windows: what a network learns where nobody has measured. Antennas stand at random on roofs and in
//! streets of cities, at random frequencies, and every cell outdoors is a reading of the ray tracer.

use super::RECEIVER;
use super::chengdu::FOLDS;
use super::export::{SIDE, Sample, write};
use crate::antenna::Pattern;
use crate::city::{City, HeightRaster};
use crate::engine::{Engine, EngineError, Job};
use crate::learn::features::{Link, Window, WindowFeatures};
use crate::learn::land::{CELL, Land};
use crate::scenario::{Scenario, Sector, Site};
use crate::trace::Tracer;
use crate::units::{Dbm, Hertz};
use crate::verdict::mix;
use geo::{Area, InteriorPoint};
use glam::{DVec2, UVec2};
use std::io;
use std::path::Path;

/// The network's range of carrier frequencies, GHz.
const FREQUENCIES: [f64; 2] = [0.6, 6.0];
/// A roof that carries an antenna is at least this large, square metres.
const LEAST_ROOF: f64 = 150.0;
/// Height of an antenna above its roof, metres.
const ABOVE_ROOF: f64 = 3.0;
/// The share of antennas that stand in streets, and their least and greatest height above the ground, metres.
const STREETS: (f64, [f64; 2]) = (0.3, [6.0, 25.0]);
/// The share of isotropic antennas.
const ISOTROPIC: f64 = 0.2;
/// Greatest downtilt, degrees.
const DOWNTILT: f64 = 12.0;
/// Residuals are held to this, dB: where no wave arrives a tracer knows no bound.
const MOST: f32 = 40.0;
/// How often a place for an antenna is looked for before the middle of the city serves.
const TRIES: usize = 100;

/// An antenna in a city, and the window around it.
struct Plan<'a> {
    number: usize,
    city: &'a City,
    fold: u64,
    scenario: Scenario,
    at: DVec2,
    /// Column and row of the window's first cell on the city's grid.
    first: UVec2,
}

/// Numbers between 0 and 1 that are the same for a seed on every machine.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = mix(self.0);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, [low, high]: [f64; 2]) -> f64 {
        low + (high - low) * self.unit()
    }

    fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f64) as usize).min(n.saturating_sub(1))
    }
}

/// Traces maps of `antennas` antennas in each of `cities` and writes their windows into `folder`, one fold a city; `done` hears
/// of each window that is finished, and `begin` of their number.
///
/// # Errors
/// What the disk says, and [`EngineError`] in its words where a map can't be traced.
pub fn export(
    cities: &[City],
    antennas: usize,
    folder: &Path,
    begin: impl FnOnce(usize),
    done: impl Fn() + Sync,
) -> io::Result<()> {
    let rasters: Vec<HeightRaster> = cities.iter().map(|city| HeightRaster::of(city, CELL)).collect();
    let plan = |number: usize| {
        let which = number % cities.len();
        Plan::draw(number, &cities[which], which as u64 % FOLDS, &rasters[which])
    };
    let plans: Vec<Plan> = (0..antennas * cities.len()).map(plan).collect();
    begin(plans.len());
    let named = |plan: &Plan| (plan.number.to_string(), plan.fold);
    write(folder, &plans, 0.0, named, |plan| {
        let sample = plan.sample();
        done();
        sample.map_err(io::Error::other)
    })
}

impl<'a> Plan<'a> {
    fn draw(number: usize, city: &'a City, fold: u64, roofs: &HeightRaster) -> Self {
        let mut random = Random(mix(number as u64));
        let (at, height) = place(city, roofs, &mut random);
        let isotropic = random.unit() < ISOTROPIC;
        let sector = Sector {
            frequency: Hertz(1e9 * FREQUENCIES[0] * (FREQUENCIES[1] / FREQUENCIES[0]).powf(random.unit())),
            power: Dbm(0.0),
            azimuth: random.between([0.0, 360.0]),
            downtilt: random.between([0.0, DOWNTILT]),
            pattern: if isotropic { Pattern::Isotropic } else { Pattern::Tr38901 },
            ..Sector::default()
        };
        let site = Site { position: city.frame.to_lonlat(at), height, sectors: vec![sector] };
        let mut scenario = Scenario { sites: vec![site], ..Scenario::default() };
        scenario.receivers.cell = CELL.into();
        scenario.receivers.height = RECEIVER.into();
        let mut first = |n: u32| random.below((n as usize).saturating_sub(SIDE) + 1) as u32;
        let first = UVec2::new(first(roofs.nx), first(roofs.ny));
        Self { number, city, fold, scenario, at, first }
    }

    fn sample(&self) -> Result<Sample, EngineError> {
        let Self { city, scenario, .. } = self;
        let map = pollster::block_on(Tracer::cpu().predict(city, scenario, &mut Job::silent()))?;
        let window = Window::square(map.grid.origin + self.first.as_dvec2() * f64::from(CELL), SIDE);
        let land = Land::of_city(city);
        let site = &scenario.sites[0];
        let sector = &site.sectors[0];
        let link = Link {
            land: &land,
            at: self.at,
            height: site.height as f32,
            pointing: sector.pointing(),
            frequency: sector.frequency,
            receiver: RECEIVER,
        };
        let features = WindowFeatures::of(&link, window);
        let label = |i: usize| {
            let level = map.at(window.centre(i % SIDE, i / SIDE)).filter(|level| level.is_finite())?;
            Some((i as u32, (level - features.baseline[i]).clamp(-MOST, MOST)))
        };
        Ok(Sample { labels: (0..SIDE * SIDE).filter_map(label).collect(), features })
    }
}

/// Where an antenna stands, local metres, and its height above the ground: on a roof or in a street.
fn place(city: &City, roofs: &HeightRaster, random: &mut Random) -> (DVec2, f64) {
    let (min, max) = (city.bounds.min(), city.bounds.max());
    let in_street = random.unit() < STREETS.0 || city.buildings.is_empty();
    for _ in 0..TRIES {
        if in_street {
            let at = DVec2::new(random.between([min.x, max.x]), random.between([min.y, max.y]));
            if roofs.top_at(at.as_vec2()) <= 0.0 {
                return (at, random.between(STREETS.1));
            }
        } else {
            let building = &city.buildings[random.below(city.buildings.len())];
            let inside = building.footprint.interior_point().map(|p| DVec2::new(p.x(), p.y()));
            let large = building.footprint.unsigned_area() >= LEAST_ROOF;
            if let Some(at) = inside.filter(|at| large && city.contains(city.frame.to_lonlat(*at))) {
                return (at, f64::from(building.top - city.ground_at(at)) + ABOVE_ROOF);
            }
        }
    }
    (DVec2::new(min.x + max.x, min.y + max.y) / 2.0, STREETS.1[1])
}
