//! Readings in a city: the paths to them, what a scenario's sectors bring there, and a scenario with what was found.

use super::{Calibration, CalibrationError, Observed, On, Reading, Sought, Step, Unknown, calibrate};
use crate::city::City;
use crate::engine::{EngineError, Job, grid_of, place_sites};
use crate::geodesy::LonLat;
use crate::material::Material;
use crate::scenario::{ASSUMED_HEIGHTS, Scenario, Sector, Walls};
use crate::trace::Tracer;
use crate::trace::field::Beam;
use crate::trace::store::{Evaluation, PathStore, SignalModel, StoreError, collect};
use crate::trace::tracer::{beams, mast};
use crate::trace::wide::Hint;
use glam::{Vec2, Vec3};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Most paths that are kept of a reading.
const MOST_PATHS: usize = 30;

/// A level that was measured somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    /// Where.
    pub at: LonLat,
    /// What was measured, dBm.
    pub level: f64,
    /// Number of the sector that was measured, counted through all sites of the scenario.
    pub sector: u32,
    /// Number of the device.
    pub device: u32,
}

/// The paths to readings, traced once.
#[derive(Clone, Debug)]
pub struct Traced {
    sectors: Vec<OfSector>,
    /// The paths from each mast on each of its carriers.
    stores: Vec<PathStore>,
    /// Whether the antenna that was heard is in sight of each reading, of those that were traced.
    sight: Vec<bool>,
}

/// The readings of one sector.
#[derive(Clone, Debug)]
struct OfSector {
    number: u32,
    store: usize,
    /// Number of each reading among all, and of its receiver in the store.
    readings: Vec<(usize, Reading)>,
}

impl Tracer {
    /// Traces the paths from the sectors of `scenario` to where they were heard. Readings outside of the city, and those under
    /// a roof that nothing comes through, have none.
    ///
    /// # Errors
    /// [`CalibrationError::Engine`] where the scenario doesn't fit the city, the job is stopped, or there are more readings
    /// than [`crate::trace::store::MOST_POINTS`].
    pub async fn trace_heard(
        &mut self,
        city: &City,
        scenario: &Scenario,
        heard: &[Heard],
        job: &mut Job,
    ) -> Result<Traced, CalibrationError> {
        let (sites, grid) = (place_sites(city, scenario)?, grid_of(city, scenario)?);
        self.machine.ready().await;
        job.checkpoint(0.0, "building the scene").await?;
        let stage = self.stage(city, scenario.engines.trace.walls);
        let solid = scenario.engines.trace.walls == Walls::Solid;
        let standing = |heard: &Heard| -> Option<Vec3> {
            let local = city.frame.to_local(heard.at);
            grid.locate(local).filter(|_| city.contains(heard.at))?;
            let to = stage.standing(local.as_vec2(), &scenario.receivers);
            (!solid || !stage.roofs.covers(to)).then_some(to)
        };
        let standing: Vec<Option<Vec3>> = heard.iter().map(standing).collect();
        let mut traced = Traced { sectors: Vec::new(), stores: Vec::new(), sight: vec![false; heard.len()] };
        let mut first = 0u32;
        let mut hint = Hint::default();
        for (at, site) in sites {
            let (all, from) = (beams(site, scenario), mast(city, at, site));
            let mut carriers: Vec<f64> = site.sectors.iter().map(|s| s.frequency.0).collect();
            carriers.sort_by(f64::total_cmp);
            carriers.dedup();
            for carrier in carriers {
                let mut points = Vec::new();
                let of: Vec<(u32, Beam)> =
                    (first..).zip(all.iter().copied()).filter(|(_, b)| b.frequency.0 == carrier).collect();
                for (number, _) in &of {
                    let mut readings = Vec::new();
                    for (i, one) in heard.iter().enumerate().filter(|(_, h)| h.sector == *number) {
                        let Some(to) = standing[i] else { continue };
                        let receiver = points.len() as u32;
                        points.push(to);
                        traced.sight[i] = stage.sees(from, to, &mut hint);
                        let at: Vec2 = to.truncate();
                        readings.push((i, Reading { receiver, level: one.level, device: one.device, at }));
                    }
                    traced.sectors.push(OfSector { number: *number, store: traced.stores.len(), readings });
                }
                let beams: Vec<Beam> = of.into_iter().map(|(_, beam)| beam).collect();
                let task = self.task(&stage, scenario, from, &beams, grid);
                let candidates = self.candidates(stage.fingerprint, &task, job).await?;
                let store = collect(&task, &candidates, &points, MOST_PATHS, job).await;
                traced.stores.push(store.map_err(|error| match error {
                    StoreError::Engine(error) => error,
                    other => EngineError::Failed(other.to_string()),
                })?);
            }
            first += site.sectors.len() as u32;
        }
        Ok(traced)
    }
}

impl Traced {
    /// The unknowns that are `sought`: of the sectors that were heard, of the materials that paths to them meet, and of all
    /// devices but that with most readings.
    pub fn unknowns(&self, sought: Sought) -> Vec<Unknown> {
        let mut unknowns = Vec::new();
        for of in self.sectors.iter().filter(|of| !of.readings.is_empty()) {
            let number = of.number;
            unknowns.extend(sought.power.then_some(Unknown::Power(number)));
            if sought.pointing {
                unknowns.extend([Unknown::Azimuth(number), Unknown::Downtilt(number)]);
            }
            if sought.beamwidths {
                unknowns.extend([Unknown::Horizontal(number), Unknown::Vertical(number)]);
            }
        }
        let met: BTreeSet<Material> = self.stores.iter().flat_map(PathStore::met).collect();
        // What a metal is made of makes no difference.
        for material in met.into_iter().filter(|m| *m != Material::Metal) {
            unknowns.extend(sought.permittivity.then_some(Unknown::Permittivity(material)));
            unknowns.extend(sought.conductivity.then_some(Unknown::Conductivity(material)));
            unknowns.extend(sought.scattering.then_some(Unknown::Scattering(material)));
        }
        let mut devices: BTreeMap<u32, usize> = BTreeMap::new();
        for (_, reading) in self.sectors.iter().flat_map(|of| &of.readings) {
            *devices.entry(reading.device).or_default() += 1;
        }
        let usual = devices.iter().max_by_key(|(_, count)| **count).map(|(device, _)| *device);
        if sought.devices {
            unknowns.extend(devices.into_keys().filter(|d| Some(*d) != usual).map(Unknown::Device));
        }
        unknowns
    }

    /// Fits `unknowns` of `scenario`, which is the one that was traced, to the readings that `counts` picks by their numbers, `on`
    /// cores or a GPU.
    ///
    /// # Errors
    /// [`CalibrationError`] where there is nothing to learn, or nothing to learn from.
    pub async fn calibrate(
        &self,
        scenario: &Scenario,
        unknowns: &[Unknown],
        counts: impl Fn(usize) -> bool,
        on: &On<'_>,
        job: &mut Job,
        tell: &mut dyn FnMut(Step),
    ) -> Result<Calibration, CalibrationError> {
        let all = (0..self.sight.len()).filter(|i| counts(*i)).count();
        let observed: Vec<Observed<'_>> = self
            .models(scenario)
            .map(|(of, store, model, sector)| Observed {
                sector: of.number,
                store,
                model,
                power: sector.power.0,
                readings: of.readings.iter().filter(|(i, _)| counts(*i)).map(|(_, r)| *r).collect(),
            })
            .filter(|observed: &Observed<'_>| !observed.readings.is_empty())
            .collect();
        let placed: usize = observed.iter().map(|o| o.readings.len()).sum();
        let mut found = calibrate(&observed, unknowns, on, job, tell).await.map_err(|error| match error {
            CalibrationError::TooFew { heard, .. } => CalibrationError::TooFew { heard, all },
            other => other,
        })?;
        found.silent += all - placed;
        Ok(found)
    }

    /// What the sectors of `scenario`, whose masts are where they were traced from, bring to each reading, dBm; not a number
    /// where no path arrives.
    pub fn levels(&self, scenario: &Scenario) -> Vec<f64> {
        let mut levels = vec![f64::NAN; self.sight.len()];
        for (of, store, model, sector) in self.models(scenario) {
            let Ok(evaluation) = Evaluation::new(store, &model) else { continue };
            for (i, reading) in &of.readings {
                let power = evaluation.power(reading.receiver as usize);
                if power > 0.0 {
                    levels[*i] = sector.power.0 + 10.0 * power.log10();
                }
            }
        }
        levels
    }

    /// Whether the antenna that was heard is in sight of each reading: whether no building and no ground stands between.
    pub fn in_sight(&self) -> &[bool] {
        &self.sight
    }

    /// The sectors with their paths and signal models.
    fn models<'a>(
        &'a self,
        scenario: &'a Scenario,
    ) -> impl Iterator<Item = (&'a OfSector, &'a PathStore, SignalModel, &'a Sector)> {
        let sites = scenario.sites.iter().flat_map(|site| {
            let beams = beams(site, scenario);
            site.sectors.iter().zip(beams).collect::<Vec<_>>()
        });
        let sectors: Vec<(&Sector, Beam)> = sites.collect();
        self.sectors.iter().filter_map(move |of| {
            let (sector, beam) = *sectors.get(of.number as usize)?;
            let store = &self.stores[of.store];
            let model = SignalModel::of(&beam, store.frequency(), Some(&scenario.materials));
            Some((of, store, model, sector))
        })
    }
}

impl Calibration {
    /// `scenario` with what was found, as far as a scenario has it: what devices read more is theirs.
    #[must_use]
    pub fn applied(&self, scenario: &Scenario) -> Scenario {
        let mut scenario = scenario.clone();
        for estimate in &self.estimates {
            let change = estimate.change;
            if estimate.unknown == Unknown::Heights {
                let (low, high) = ASSUMED_HEIGHTS;
                scenario.assumed_heights = (scenario.assumed_heights * change).clamp(low, high);
            }
            let mut sectors = scenario.sites.iter_mut().flat_map(|site| &mut site.sectors);
            if let Some(sector) = estimate.unknown.sector().and_then(|number| sectors.nth(number as usize)) {
                match estimate.unknown {
                    Unknown::Azimuth(_) => sector.azimuth = (sector.azimuth + change).rem_euclid(360.0),
                    Unknown::Downtilt(_) => sector.downtilt += change,
                    Unknown::Horizontal(_) => sector.beamwidths[0] *= change,
                    Unknown::Vertical(_) => sector.beamwidths[1] *= change,
                    _ => sector.power.0 += change,
                }
            }
            if let Some(material) = estimate.unknown.material() {
                let mut finish = scenario.materials.of(material);
                let by = change as f32;
                match estimate.unknown {
                    Unknown::Permittivity(_) => finish.permittivity *= by,
                    Unknown::Conductivity(_) => finish.conductivity *= by,
                    _ => finish.scattering = (finish.scattering + by).clamp(0.0, 1.0),
                }
                scenario.materials.set(material, finish);
            }
        }
        scenario
    }

    /// What a device reads more than others, dB, as far as it was found.
    pub fn of_device(&self, device: u32) -> f64 {
        let found = self.estimates.iter().find(|e| e.unknown == Unknown::Device(device));
        found.map_or(0.0, |e| e.change)
    }
}
