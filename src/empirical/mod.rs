//! The baselines: formulas that planners have used for decades, as a third engine. Knows nothing of GPUs and models.

mod diffraction;
mod entry;
mod indoors;
mod models;
mod vegetation;

pub use diffraction::{OverRooftops, knife_edge_loss, over_rooftops, rooftop_loss};
pub use entry::EntryLoss;
pub use indoors::Indoors;
pub use models::{Span, Uma, cost231_hata, free_space};
pub use vegetation::foliage_loss;

use crate::city::{City, HeightRaster};
use crate::coverage::{CoverageMap, Gap, Quantity};
use crate::engine::{Engine, EngineError, Job, grid_of, place_sites};
use crate::scenario::{EmpiricalModel, EngineKind, Footing, Scenario, Sector};
use glam::Vec3;

/// Cell of the height raster that line of sight is read from, metres.
pub const RASTER_CELL: f32 = 2.0;
/// Most cells along a side of it: a large city gets a coarser one, which still fits a GPU buffer.
const RASTER_SIDE: f64 = 5000.0;

/// The baseline that the scenario names.
#[derive(Clone, Copy, Debug, Default)]
pub struct Empirical;

/// The rooftops of a city as all engines know them.
pub fn rooftops(city: &City) -> HeightRaster {
    let side = city.bounds.width().max(city.bounds.height());
    HeightRaster::of(city, RASTER_CELL.max((side / RASTER_SIDE) as f32))
}

/// Path gain in dB of `model` from the antenna at `site` to the receiver at `user`, local metres.
///
/// On terrain the effective heights of the formulas are those above the ground at each end: the convention of TR 38.901,
/// and for Hata's formula a simplification of the height above the mean ground 3–15 km away, which no city archive holds.
/// Free space takes the true distance.
pub fn path_gain(model: EmpiricalModel, raster: &HeightRaster, site: Vec3, user: Vec3, sector: &Sector) -> f32 {
    let d2 = f64::from(site.truncate().distance(user.truncate()));
    let above_ground = |p: Vec3| f64::from(p.z - raster.ground_at(p.truncate()));
    let span = Span { d2, base: above_ground(site), user: above_ground(user) };
    let loss = match model {
        EmpiricalModel::FreeSpace => {
            let straight = Span { d2, base: f64::from(site.z), user: f64::from(user.z) };
            free_space(straight.d3(), sector.frequency)
        }
        EmpiricalModel::Cost231Hata => cost231_hata(span, sector.frequency),
        EmpiricalModel::Uma => Uma::new(span.base, span.user, sector.frequency).loss(d2, raster.clear(site, user)),
    };
    -loss as f32
}

impl Engine for Empirical {
    fn kind(&self) -> EngineKind {
        EngineKind::Empirical
    }

    async fn predict(&mut self, city: &City, scenario: &Scenario, job: &mut Job) -> Result<CoverageMap, EngineError> {
        let sites = place_sites(city, scenario)?;
        let grid = grid_of(city, scenario)?;
        let raster = rooftops(city);
        let model = scenario.engines.empirical;
        let height = scenario.receivers.height as f32;
        let mut map = CoverageMap::empty(grid, Quantity::Rsrp);
        let indoors = scenario.receivers.indoors().map(|entry| Indoors::of(&raster, grid, height, entry, 0..grid.ny));
        let sectors: Vec<(Vec3, &Sector)> = sites
            .iter()
            .map(|(at, site)| (at.as_vec2().extend(city.ground_at(*at) + site.height as f32), site))
            .flat_map(|(base, site)| site.sectors.iter().map(move |sector| (base, sector)))
            .collect();
        let total = (sectors.len() * grid.ny as usize) as f32;
        let mut levels = vec![f32::NAN; grid.len()];
        for (i, (base, sector)) in sectors.into_iter().enumerate() {
            let pointing = sector.pointing();
            for iy in 0..grid.ny {
                if iy % 8 == 0 {
                    let done = i * grid.ny as usize + iy as usize;
                    job.checkpoint(done as f32 / total, "applying the formula").await?;
                }
                for ix in 0..grid.nx {
                    let at = grid.centre(ix, iy).as_vec2();
                    let user = match scenario.receivers.footing {
                        Footing::Ground => raster.standing(at, height),
                        Footing::Roofs => raster.standing_on_top(at, height),
                    };
                    if raster.covers(user) {
                        map.explain(grid.index(ix, iy), Gap::Indoors);
                    } else {
                        let gain = path_gain(model, &raster, base, user, sector);
                        levels[grid.index(ix, iy)] = sector.power.0 as f32 + pointing.gain_dbi(user - base) + gain;
                    }
                }
            }
            map.values.iter_mut().zip(&levels).for_each(|(best, level)| *best = best.max(*level));
            if let Some(indoors) = &indoors {
                indoors.strengthen(&mut map, base, sector.frequency, |cell| levels[cell]);
            }
        }
        Ok(map)
    }
}
