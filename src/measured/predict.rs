//! Levels at a sector's readings, by each engine.

use super::plain::Plain;
use super::{RECEIVER, Reading, Sector, Survey};
use crate::city::City;
use crate::engine::{Engine, EngineError, Job};
use crate::learn::features::{Window, WindowFeatures};
use crate::learn::land::{CELL, Land};
use crate::learn::{Network, RANGE, SIDE};
use crate::scenario::{EmpiricalModel, Scenario, Site};
use crate::trace::Tracer;
use crate::units::Dbm;
use glam::DVec2;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Cells that a tile answers for, on each side: a window less a margin at either end.
const CORE: usize = SIDE - 32;
/// Cells that the network sees around the readings of a tile, and what the sides of such windows are multiples of.
const AROUND: usize = 32;
const SIDES: usize = 32;
/// What a traced city reaches beyond the farthest reading, metres: what stands behind a receiver reflects too.
const BEHIND: f64 = 200.0;

/// Who predicts.
#[derive(Clone, Debug)]
pub enum Predictor {
    /// The network.
    Learned(Network),
    /// The ray tracer, on the CPU, as the page has it by default.
    Traced,
    /// TR 38.901 urban macro with the element's pattern.
    Empirical,
    /// The logarithm of the distance and a parabola of the azimuth, fitted on other sectors.
    LogDistance,
    /// The mean level of other sectors.
    Constant,
}

/// A level, and how far measurements spread around it where the engine knows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// RSRP, dBm.
    pub level: f64,
    /// Standard deviation, dB.
    pub spread: Option<f64>,
}

impl From<f64> for Prediction {
    fn from(level: f64) -> Self {
        Self { level, spread: None }
    }
}

impl Predictor {
    /// Its name in tables.
    pub const fn name(&self) -> &'static str {
        match self {
            Predictor::Learned(_) => "learned",
            Predictor::Traced => "traced",
            Predictor::Empirical => "empirical",
            Predictor::LogDistance => "log-distance",
            Predictor::Constant => "constant",
        }
    }

    /// Levels at the readings of the sector with this index; `None` where the engine says nothing: the engines beyond
    /// [`RANGE`], and the tracer also inside buildings. `land` is what they are told of the surroundings.
    pub(super) fn predict(
        &self,
        survey: &Survey,
        index: usize,
        land: &Land,
        plain: &Plain,
    ) -> Result<Vec<Option<Prediction>>, EngineError> {
        let (sector, readings) = (&survey.sectors[index], survey.readings(index));
        let each = |level: &dyn Fn(&Reading) -> f64| readings.iter().map(|r| Some(level(r).into())).collect();
        match self {
            Predictor::Learned(network) => learned(survey, sector, readings, network, land),
            Predictor::Traced => traced(survey, sector, readings),
            Predictor::Empirical => Ok(empirical(survey, sector, readings, land)),
            Predictor::LogDistance => Ok(each(&|reading| plain.level(sector, reading))),
            Predictor::Constant => Ok(each(&|_| plain.constant)),
        }
    }
}

fn empirical(survey: &Survey, sector: &Sector, readings: &[Reading], land: &Land) -> Vec<Option<Prediction>> {
    let link = sector.link(land);
    let level = |r: &Reading| (survey.power + f64::from(link.features(r.at.as_vec2()).baseline)).into();
    readings.iter().map(|r| (r.at.distance(sector.at) <= RANGE).then(|| level(r))).collect()
}

/// By the network: only windows around readings are run.
fn learned(
    survey: &Survey,
    sector: &Sector,
    readings: &[Reading],
    network: &Network,
    land: &Land,
) -> Result<Vec<Option<Prediction>>, EngineError> {
    let link = sector.link(land);
    let core = CORE as f64 * f64::from(CELL);
    let mut tiles: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
    for (i, reading) in readings.iter().enumerate() {
        let offset = reading.at - sector.at;
        if offset.length() <= RANGE {
            let tile = (offset / core).round().as_i64vec2();
            tiles.entry((tile.x, tile.y)).or_default().push(i);
        }
    }
    let mut predicted = vec![None; readings.len()];
    for ((x, y), inside) in tiles {
        let mut window = window_around(sector.at, inside.iter().map(|i| readings[*i].at));
        if !network.takes(window.ny, window.nx) {
            window = Window::around(sector.at + DVec2::new(x as f64, y as f64) * core, SIDE);
        }
        let features = WindowFeatures::of(&link, window);
        let correction = network.run(&features)?;
        for i in inside {
            let Some(at) = features.window.locate(readings[i].at) else { continue };
            let level = survey.power + f64::from(features.baseline[at] + correction.mean[at]);
            predicted[i] = Some(Prediction { level, spread: Some(correction.spread[at].into()) });
        }
    }
    Ok(predicted)
}

/// The window of the lattice around `middle` that holds `places`, with surroundings on all sides.
fn window_around(middle: DVec2, places: impl Iterator<Item = DVec2>) -> Window {
    let cells = places.map(|p| ((p - middle) / f64::from(CELL)).round());
    let (low, high) = cells.fold((DVec2::MAX, DVec2::MIN), |(low, high), p| (low.min(p), high.max(p)));
    let low = low - AROUND as f64;
    let n = |from: f64, to: f64| ((to - from) as usize + 1 + AROUND).next_multiple_of(SIDES);
    let origin = middle + (low - 0.5) * f64::from(CELL);
    Window { origin, nx: n(low.x, high.x), ny: n(low.y, high.y) }
}

/// The buildings around a sector that has these readings, the sector as a scenario has it, and where it stands.
pub(super) fn staged<'a>(
    survey: &'a Survey,
    sector: &Sector,
    readings: &[Reading],
) -> (Cow<'a, City>, Scenario, DVec2) {
    let distances = readings.iter().map(|r| r.at.distance(sector.at)).filter(|d| *d <= RANGE);
    let reach = distances.fold(0.0, f64::max) + BEHIND;
    let (city, mast) = survey.city_around(sector, reach);
    let mut scenario =
        Scenario { sites: vec![site(survey, sector, city.frame.to_lonlat(mast))], ..Scenario::default() };
    scenario.receivers.cell = CELL.into();
    scenario.receivers.height = RECEIVER.into();
    scenario.engines.empirical = EmpiricalModel::default();
    (city, scenario, mast)
}

/// By the tracer: the map that the page would show, over the buildings that are known.
fn traced(survey: &Survey, sector: &Sector, readings: &[Reading]) -> Result<Vec<Option<Prediction>>, EngineError> {
    let (city, scenario, mast) = staged(survey, sector, readings);
    let map = pollster::block_on(Tracer::cpu().predict(&city, &scenario, &mut Job::silent()))?;
    let level = |reading: &Reading| {
        let offset = reading.at - sector.at;
        let level = (offset.length() <= RANGE).then(|| map.at(mast + offset)).flatten();
        level.filter(|level| level.is_finite()).map(|level| f64::from(level).into())
    };
    Ok(readings.iter().map(level).collect())
}

/// A sector as a scenario has it.
fn site(survey: &Survey, sector: &Sector, position: crate::geodesy::LonLat) -> Site {
    let own = crate::scenario::Sector {
        frequency: sector.frequency,
        power: Dbm(survey.power),
        azimuth: sector.azimuth_deg.into(),
        downtilt: sector.downtilt_deg.into(),
        pattern: sector.pointing().pattern,
        ..crate::scenario::Sector::default()
    };
    Site { position, height: sector.height.into(), sectors: vec![own] }
}

/// Cells from an antenna to the edge of the land that its windows can see.
pub(super) fn half() -> u32 {
    (RANGE / f64::from(CELL)) as u32 + SIDE as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn readings_of_a_tile_lie_in_one_window_with_surroundings_on_the_sector_s_lattice(
            places in prop::collection::vec((-550.0..550.0f64, -550.0..550.0f64), 1..20),
        ) {
            let middle = DVec2::new(1234.0, -77.0);
            let places: Vec<DVec2> = places.into_iter().map(|(x, y)| middle + DVec2::new(x, y)).collect();
            let window = window_around(middle, places.iter().copied());
            prop_assert!(window.nx.is_multiple_of(SIDES) && window.ny.is_multiple_of(SIDES) && window.nx.max(window.ny) <= 320);
            for place in places {
                let at = window.locate(place).expect("in the window");
                let (ix, iy) = (at % window.nx, at / window.nx);
                for (i, n) in [(ix, window.nx), (iy, window.ny)] {
                    prop_assert!(i + 1 >= AROUND && i + AROUND <= n, "{i} of {n}");
                }
                let cells = (window.centre(ix, iy) - middle) / f64::from(CELL);
                prop_assert!((cells - cells.round()).length() < 1e-9);
            }
        }
    }
}
