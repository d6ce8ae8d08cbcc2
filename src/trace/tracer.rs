//! The engine: a city and a scenario in, a map of the strongest sector out.

use super::bvh::NO_PLANE;
use super::calibrate::On;
use super::cpu;
use super::discover::{Candidates, Tiling};
use super::field::Beam;
use super::machine::{Machine, MadeOn};
use super::scene::Scene;
use super::spread::{Moments, Sum};
use super::task::{Diffraction, Sampling, Task};
use super::wide::Hint;
use crate::antenna::ReceiverAntenna;
use crate::city::{Canopy, City, HeightRaster};
use crate::coverage::{CoverageMap, Gap, Grid, Quantity};
use crate::empirical::{Indoors, rooftops};
use crate::engine::{Engine, EngineError, Job, grid_of, place_sites};
use crate::geodesy::LonLat;
use crate::scenario::{EngineKind, Footing, Receivers, Scenario, Sector, Site, TraceSettings, Walls};
use geo::CoordsIter;
use glam::{DVec2, UVec2, Vec2, Vec3};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

/// Sites whose signatures are kept for sure.
pub const KEPT_SITES: usize = 8;
/// Those of more are kept up to so many bytes: of a hundred sites in a town.
const KEPT_BYTES: usize = 64 << 20;

/// What a draft is sampled with: a sixteenth of the rays.
const DRAFT: Sampling = Sampling { rays: 1 << 13, samples: 1 };
/// Places that are looked at between two checkpoints: a few milliseconds.
const PLACES_A_STEP: usize = 4096;

/// What the tracer runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Compute shaders.
    Gpu,
    /// This machine's cores, or this worker.
    Cpu,
}

/// The ray tracer. It keeps the city's scene and the last sites' signatures, so that what moves no mast shoots no rays.
pub struct Tracer {
    pub(super) machine: Machine,
    made_on: MadeOn,
    sampling: Sampling,
    stage: Option<Arc<Stage>>,
    kept: Vec<Known>,
}

/// A city made ready.
pub(super) struct Stage {
    /// Tells cities apart.
    pub(super) fingerprint: u64,
    scene: Scene,
    pub(super) roofs: HeightRaster,
    woods: Option<Canopy>,
}

/// All that signatures depend on, but for the number of rays.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Key {
    city: u64,
    transmitter: Vec3,
    /// The tiles that they are listed by; cells of any size that fill them are served.
    tiles: (Vec2, f32, UVec2),
    height: f32,
    footing: Footing,
    depth: usize,
    /// Where edges are among them.
    over: Option<Diffraction>,
}

/// The signatures that are known.
struct Known {
    key: Key,
    /// Rays that found them.
    rays: u32,
    candidates: Arc<Candidates>,
}

impl Key {
    fn of(city: u64, task: &Task<'_>) -> Self {
        let Tiling { origin, side, count, .. } = task.tiling();
        let Task { transmitter, height, footing, depth, diffraction, .. } = *task;
        let over = Some(diffraction).filter(|d| d.over_edges());
        Self { city, transmitter, tiles: (origin, side, count), height, footing, depth, over }
    }
}

impl Stage {
    /// Where one of the scenario's receivers stands.
    pub(super) fn standing(&self, p: Vec2, receivers: &Receivers) -> Vec3 {
        let height = receivers.height as f32;
        match receivers.footing {
            Footing::Ground => self.roofs.standing(p, height),
            Footing::Roofs => self.roofs.standing_on_top(p, height),
        }
    }

    /// Whether no building and no ground stands between two points. What hid the last is asked first.
    pub(super) fn sees(&self, from: Vec3, to: Vec3, hint: &mut Hint) -> bool {
        self.scene.blocked(from, to, [NO_PLANE; 2], hint).is_none()
    }
}

impl Tracer {
    /// A tracer on the CPU.
    pub fn cpu() -> Self {
        Self::on(Machine::default())
    }

    /// A tracer on the GPU. Without one, or with a software adapter that is not allowed, or with one that fails the
    /// known-answer probe, [`EngineError::NoAdapter`] says why. A GPU that is lost later is opened again; where that fails,
    /// the map is finished on the CPU, and so are those after it: [`Tracer::lost`].
    #[cfg(feature = "gpu")]
    pub async fn gpu(allow_software: bool) -> Result<Self, EngineError> {
        Ok(Self::on(Machine::on(super::gpu::Gpu::open(allow_software).await?)))
    }

    fn on(machine: Machine) -> Self {
        Self { machine, made_on: MadeOn::default(), sampling: Sampling::default(), stage: None, kept: Vec::new() }
    }

    /// How finely it traces, if not by default.
    #[must_use]
    pub fn with_sampling(mut self, sampling: Sampling) -> Self {
        self.sampling = sampling;
        self
    }

    /// What it runs on now.
    pub fn backend(&self) -> Backend {
        if self.machine.adapter().is_some() { Backend::Gpu } else { Backend::Cpu }
    }

    /// What made its last map.
    pub fn made_on(&self) -> &MadeOn {
        &self.made_on
    }

    /// The GPU's name for humans.
    pub fn adapter(&self) -> Option<String> {
        self.machine.adapter().map(str::to_owned)
    }

    /// Why it has given up the GPU that it was opened on and runs on the CPU, in words that go on after "tracing on the
    /// CPU: ".
    pub fn lost(&self) -> Option<&str> {
        self.machine.lost()
    }

    /// A coarse map of the whole city, for while a mast is dragged: a cell for each tile, a sixteenth of the rays, and nothing
    /// around corners. Where the signatures of a finer map of the same masts are known, they serve.
    pub async fn draft(&mut self, city: &City, scenario: &Scenario, job: &mut Job) -> Result<CoverageMap, EngineError> {
        let coarse = coarse(city, scenario)?;
        self.predict_sampled(city, &coarse, 0..u32::MAX, DRAFT, None, job).await
    }

    /// Predicts the cells of `rows`; the map is that of the whole city, and NaN in all other rows. Rows predicted apart
    /// are the same, bit by bit, as rows predicted together on the same backend.
    pub async fn predict_rows(
        &mut self,
        city: &City,
        scenario: &Scenario,
        rows: Range<u32>,
        job: &mut Job,
    ) -> Result<CoverageMap, EngineError> {
        self.predict_sampled(city, scenario, rows, self.sampling, None, job).await
    }

    /// As [`Tracer::predict_rows`], with how paths arrive: RSRP first, then all of [`Quantity::ARRIVAL`]. Where signatures are
    /// known no rays are cast.
    ///
    /// Each cell tells of the sector that is strongest there, over the paths that its level is the sum of, with the powers
    /// that they have behind the antennas of both ends. As the level, that is of a receiver in the cell's centre, or with
    /// more samples of the cell's lit parts; there delays count from the straight way to each part. What rough surfaces
    /// scatter is in the level, not in these; inside buildings, where levels come from the walls around, they have none.
    pub async fn predict_arrival(
        &mut self,
        city: &City,
        scenario: &Scenario,
        rows: Range<u32>,
        job: &mut Job,
    ) -> Result<Vec<CoverageMap>, EngineError> {
        self.arrival_sampled(city, scenario, rows, self.sampling, job).await
    }

    /// As [`Tracer::draft`], with how paths arrive.
    pub async fn draft_arrival(
        &mut self,
        city: &City,
        scenario: &Scenario,
        job: &mut Job,
    ) -> Result<Vec<CoverageMap>, EngineError> {
        let coarse = coarse(city, scenario)?;
        self.arrival_sampled(city, &coarse, 0..u32::MAX, DRAFT, job).await
    }

    async fn arrival_sampled(
        &mut self,
        city: &City,
        scenario: &Scenario,
        rows: Range<u32>,
        sampling: Sampling,
        job: &mut Job,
    ) -> Result<Vec<CoverageMap>, EngineError> {
        let mut served = Vec::new();
        let map = self.predict_sampled(city, scenario, rows, sampling, Some(&mut served), job).await?;
        let of = |quantity: Quantity| {
            let values = served.iter().map(|cell| cell.get(quantity).unwrap_or(f32::NAN)).collect();
            map.beside(quantity, values)
        };
        let arrival = Quantity::ARRIVAL.map(of);
        Ok(std::iter::once(map).chain(arrival).collect())
    }

    /// Puts into `served`, where it is asked for, what arrives from each cell's strongest sector.
    async fn predict_sampled(
        &mut self,
        city: &City,
        scenario: &Scenario,
        rows: Range<u32>,
        sampling: Sampling,
        mut served: Option<&mut Vec<Moments>>,
        job: &mut Job,
    ) -> Result<CoverageMap, EngineError> {
        let sites = place_sites(city, scenario)?;
        let grid = grid_of(city, scenario)?;
        let rows = rows.start.min(grid.ny)..rows.end.min(grid.ny);
        let mut map = CoverageMap::empty(grid, Quantity::Rsrp);
        if let Some(served) = &mut served {
            served.resize(grid.len(), Moments::default());
        }
        self.machine.ready().await;
        job.checkpoint(0.0, "building the scene").await?;
        let walls = scenario.engines.trace.walls;
        let stage = self.stage(city, walls);
        let height = scenario.receivers.height as f32;
        let of_rows = |entry| Indoors::of(&stage.roofs, grid, height, entry, rows.clone());
        // Where waves come through the walls, they are no longer told by statistics what that costs.
        let entry = scenario.receivers.indoors().filter(|_| walls == Walls::Solid);
        let indoors = entry.map(of_rows);
        let needed = indoors.as_ref().map_or(rows.clone(), Indoors::needs);
        let (asked, first) = (grid.index(0, rows.start)..grid.index(0, rows.end), grid.index(0, needed.start));
        for (at, site) in sites {
            let beams = beams(site, scenario);
            let task = Task { sampling, ..self.task(&stage, scenario, mast(city, at, site), &beams, grid) };
            let candidates = self.candidates(stage.fingerprint, &task, job).await?;
            let mut moments = Vec::new();
            let gains = if served.is_none() {
                self.machine.gather(&task, &candidates, needed.clone(), job).await?
            } else {
                moments = self.machine.collect(&task, &candidates, needed.clone(), job).await?;
                let powers = |beam: &Vec<Moments>| beam.iter().map(Moments::power).collect();
                let mut gains = moments.iter().map(powers).collect::<Vec<Vec<f32>>>();
                cpu::add_scattered(&task, &needed, &mut gains, job).await?;
                gains
            };
            self.made_on = self.machine.made_on(&task);
            for (i, (sector, gains)) in site.sectors.iter().zip(gains).enumerate() {
                let power = sector.power.0 as f32;
                let level = |cell: usize| {
                    let gain = gains[cell - first];
                    if gain > 0.0 { power + 10.0 * gain.log10() } else { f32::NAN }
                };
                for cell in asked.clone() {
                    let (before, now) = (map.values[cell], level(cell));
                    if let (Some(served), Some(moments)) = (&mut served, moments.get(i))
                        && (now > before || before.is_nan())
                    {
                        served[cell] = moments[cell - first];
                    }
                    map.values[cell] = before.max(now);
                    map.explain(cell, if gains[cell - first].is_nan() { Gap::Indoors } else { Gap::NoPath });
                }
                if let Some(indoors) = &indoors {
                    indoors.strengthen(&mut map, task.transmitter, sector.frequency, level);
                }
            }
        }
        Ok(map)
    }

    /// Whether the nearest antenna of `scenario` is in sight of a receiver at each of these places: whether no building and no ground
    /// stands between. `None` where no receiver stands, outside of the city and under roofs. It takes a ray a place.
    ///
    /// # Errors
    /// [`EngineError`] where the scenario doesn't fit the city, or the job is stopped.
    pub async fn in_sight(
        &mut self,
        city: &City,
        scenario: &Scenario,
        places: &[LonLat],
        job: &mut Job,
    ) -> Result<Vec<Option<bool>>, EngineError> {
        let masts: Vec<Vec3> =
            place_sites(city, scenario)?.into_iter().map(|(at, site)| mast(city, at, site)).collect();
        let stage = self.stage(city, scenario.engines.trace.walls);
        let (mut sight, mut hint) = (Vec::with_capacity(places.len()), Hint::default());
        for slice in places.chunks(PLACES_A_STEP) {
            job.checkpoint(sight.len() as f32 / places.len() as f32, "looking for the antenna").await?;
            sight.extend(slice.iter().map(|place| {
                let local = city.frame.to_local(*place).as_vec2();
                let to = stage.standing(local, &scenario.receivers);
                if !city.contains(*place) || stage.roofs.covers(to) {
                    return None;
                }
                let apart = |mast: &&Vec3| mast.truncate().distance_squared(local);
                let nearest = masts.iter().min_by(|a, b| apart(a).total_cmp(&apart(b)))?;
                Some(stage.sees(*nearest, to, &mut hint))
            }));
        }
        Ok(sight)
    }

    /// What works out levels of stored paths and their slopes: the GPU, where it computes on one.
    pub(crate) async fn evaluator(&self) -> On<'_> {
        self.machine.evaluator().await
    }

    /// The city made ready with such walls, anew when it or they changed.
    pub(super) fn stage(&mut self, city: &City, walls: Walls) -> Arc<Stage> {
        let fingerprint = fingerprint(city, walls);
        if let Some(stage) = self.stage.as_ref().filter(|s| s.fingerprint == fingerprint) {
            return Arc::clone(stage);
        }
        let roofs = rooftops(city);
        let woods = Canopy::of(city, &roofs);
        let stage = Arc::new(Stage { fingerprint, scene: Scene::with_walls(city, walls), roofs, woods });
        self.stage = Some(Arc::clone(&stage));
        stage
    }

    /// What is to be traced for one site.
    pub(super) fn task<'a>(
        &self,
        stage: &'a Stage,
        scenario: &'a Scenario,
        transmitter: Vec3,
        beams: &'a [Beam],
        grid: Grid,
    ) -> Task<'a> {
        let TraceSettings { depth, diffraction, detours, walls, vegetation, .. } = scenario.engines.trace;
        let footing = scenario.receivers.footing;
        // What edges send is followed down to one level, and roofs have many.
        let corners = scenario.engines.trace.corners && footing == Footing::Ground;
        Task {
            scene: &stage.scene,
            roofs: Some(&stage.roofs),
            diffraction: match (diffraction, corners) {
                (true, true) if detours => Diffraction::RooftopsAndDetours,
                (false, false) => Diffraction::None,
                (true, false) => Diffraction::Rooftops,
                (true, true) => Diffraction::RooftopsAndCorners,
                (false, true) => Diffraction::Edges,
            },
            transmitter,
            beams,
            grid,
            height: scenario.receivers.height as f32,
            footing,
            depth: usize::from(depth),
            transmission: walls == Walls::Sheets,
            finishes: Some(&scenario.materials),
            woods: stage.woods.as_ref().filter(|_| vegetation),
            sampling: self.sampling,
        }
    }

    /// The signatures of a task, from memory where they are known.
    pub(super) async fn candidates(
        &mut self,
        city: u64,
        task: &Task<'_>,
        job: &mut Job,
    ) -> Result<Arc<Candidates>, EngineError> {
        if let Some(known) = self.known(city, task) {
            return Ok(known);
        }
        let candidates = Arc::new(self.machine.discover(task, job).await?);
        // Those of a draft are of use to nothing else, and would drive out what took long.
        if task.sampling.rays >= self.sampling.rays {
            self.keep(city, task, Arc::clone(&candidates));
        }
        Ok(candidates)
    }

    /// The signatures of a task, where they are known from as many rays.
    pub(super) fn known(&self, city: u64, task: &Task<'_>) -> Option<Arc<Candidates>> {
        let key = Key::of(city, task);
        let known = self.kept.iter().find(|k| k.key == key && k.rays >= task.sampling.rays);
        known.map(|k| Arc::clone(&k.candidates))
    }

    /// Remembers the signatures of a task.
    pub(super) fn keep(&mut self, city: u64, task: &Task<'_>, candidates: Arc<Candidates>) {
        let bytes = |kept: &[Known]| kept.iter().map(|k| k.candidates.bytes()).sum::<usize>() + candidates.bytes();
        while self.kept.len() >= KEPT_SITES && bytes(&self.kept) > KEPT_BYTES {
            self.kept.remove(0);
        }
        self.kept.push(Known { key: Key::of(city, task), rays: task.sampling.rays, candidates });
    }
}

impl Engine for Tracer {
    fn kind(&self) -> EngineKind {
        EngineKind::Traced
    }

    async fn predict(&mut self, city: &City, scenario: &Scenario, job: &mut Job) -> Result<CoverageMap, EngineError> {
        self.predict_rows(city, scenario, 0..u32::MAX, job).await
    }
}

/// The scenario of a draft.
fn coarse(city: &City, scenario: &Scenario) -> Result<Scenario, EngineError> {
    let mut coarse = scenario.clone();
    coarse.engines.trace.corners = false;
    coarse.receivers.cell = f64::from(Tiling::of(&grid_of(city, scenario)?).side);
    Ok(coarse)
}

/// The sectors of a site as the tracer sees them.
pub(super) fn beams(site: &Site, scenario: &Scenario) -> Vec<Beam> {
    let Receivers { pattern, polarisation, .. } = scenario.receivers;
    let receiver = ReceiverAntenna { pattern, polarisation };
    let beam = |s: &Sector| Beam { pointing: s.pointing(), frequency: s.frequency, receiver };
    site.sectors.iter().map(beam).collect()
}

/// Where the antennas of a site at `at` are, local metres.
pub(super) fn mast(city: &City, at: DVec2, site: &Site) -> Vec3 {
    at.as_vec2().extend(city.ground_at(at) + site.height as f32)
}

/// Tells cities apart by all that the tracer reads of them.
fn fingerprint(city: &City, walls: Walls) -> u64 {
    let mut hash = DefaultHasher::new();
    let mut number = |v: f64| v.to_bits().hash(&mut hash);
    for corner in [city.bounds.min(), city.bounds.max()] {
        number(corner.x);
        number(corner.y);
    }
    for b in &city.buildings {
        number(f64::from(b.base));
        number(f64::from(b.top));
        number(f64::from(b.wall as u8));
        number(f64::from(b.roof as u8));
        for ring in std::iter::once(b.footprint.exterior()).chain(b.footprint.interiors()) {
            for c in ring.coords() {
                number(c.x);
                number(c.y);
            }
            number(f64::NAN);
        }
    }
    for wood in &city.woods {
        number(f64::from(wood.height));
        wood.outline.coords_iter().for_each(|c| {
            number(c.x);
            number(c.y);
        });
        number(f64::NAN);
    }
    number(f64::from(walls as u8));
    number(f64::from(city.ground as u8));
    number(f64::from_bits(city.terrain.as_ref().map_or(0, |t| t.fingerprint())));
    hash.finish()
}
