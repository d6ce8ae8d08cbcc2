//! Looking for signatures together: in a browser each worker casts a share of the rays, and all take in what any has found.

use super::cpu;
use super::discover::{Candidates, Search, Share, Told, pack, unpack};
use super::tracer::{Backend, Tracer, mast};
use crate::city::City;
use crate::engine::{EngineError, Job, grid_of, place_sites};
use crate::scenario::Scenario;
use std::sync::Arc;

/// What a share of the rays has found, for each site, as words.
pub type Findings = Vec<Vec<u32>>;

impl Tracer {
    /// Casts a share of the rays of each site; `None` where all that rays could find is known already, or where a GPU casts
    /// them faster alone.
    pub async fn scout(
        &mut self,
        city: &City,
        scenario: &Scenario,
        share: Share,
        job: &mut Job,
    ) -> Result<Option<Findings>, EngineError> {
        let (sites, grid) = (place_sites(city, scenario)?, grid_of(city, scenario)?);
        job.checkpoint(0.0, "building the scene").await?;
        let stage = self.stage(city, scenario.engines.trace.walls);
        let task = |(at, site)| self.task(&stage, scenario, mast(city, at, site), &[], grid);
        let tasks: Vec<_> = sites.into_iter().map(task).collect();
        if self.backend() == Backend::Gpu || tasks.iter().all(|task| self.known(stage.fingerprint, task).is_some()) {
            return Ok(None);
        }
        let mut findings = Findings::with_capacity(tasks.len());
        for task in &tasks {
            findings.push(pack(&cpu::scout(task, share, Search::default(), job).await?, task.depth));
        }
        Ok(Some(findings))
    }

    /// Takes in what all shares of the rays have found for a scenario. What doesn't fit it is left out.
    pub fn brief(&mut self, city: &City, scenario: &Scenario, found: &[Findings]) {
        let (Ok(sites), Ok(grid)) = (place_sites(city, scenario), grid_of(city, scenario)) else { return };
        let stage = self.stage(city, scenario.engines.trace.walls);
        for (i, (at, site)) in sites.into_iter().enumerate() {
            let task = self.task(&stage, scenario, mast(city, at, site), &[], grid);
            if self.known(stage.fingerprint, &task).is_some() {
                continue;
            }
            let tiling = task.tiling();
            let words = found.iter().filter_map(|share| share.get(i));
            let told: Told = words.flat_map(|words| unpack(words, task.depth, &tiling)).collect();
            self.keep(stage.fingerprint, &task, Arc::new(Candidates::collect(&tiling, &told)));
        }
    }
}
