//! The tracer worker: the city, the ray tracer on whatever it runs on, and the baselines.

use super::host::{Desk, Shelf, seconds};
use super::protocol::{Backend, BackendChoice, CityFacts, Open, Rows, Trouble};
use crate::city::{City, Opened};
use crate::coverage::CoverageMap;
use crate::empirical::Empirical;
use crate::engine::{Engine, EngineError, Job};
use crate::geodesy::LonLat;
use crate::scenario::{Aspect, EngineKind, Layer, Scenario};
use crate::trace::calibrate::{Calibration, CalibrationError, Heard, Sought, Step};
use crate::trace::discover::Share;
use crate::trace::scout::Findings;
use crate::trace::{Reception, Tracer};
use crate::verdict::{self, Attempt, Trial};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};

/// What the tracer worker works with.
pub struct TracerDesk {
    opened: Opened,
    tracer: Shelf<Tracer>,
    /// What the tracer is to know before it goes on.
    briefing: RefCell<Option<(Scenario, Vec<Findings>)>>,
    backend: RefCell<Backend>,
    /// Whether the backend has changed since the page was told.
    moved: Cell<bool>,
    /// What the last map was made on, for the user.
    made_on: RefCell<String>,
}

impl TracerDesk {
    /// The city of a scenario.
    fn city(&self, scenario: &Scenario) -> Cow<'_, City> {
        self.opened.city.with_assumed_heights(scenario.assumed_heights)
    }

    fn brief_now(&self, tracer: &mut Tracer) {
        if let Some((scenario, found)) = self.briefing.take() {
            tracer.brief(&self.city(&scenario), &scenario, &found);
        }
    }

    /// Takes the tracer back after a job, which may have cost it its GPU.
    fn put_back(&self, tracer: Tracer) {
        self.made_on.replace(tracer.made_on().told.clone());
        let mut backend = self.backend.borrow_mut();
        if let Some(why) = tracer.lost().filter(|_| backend.gpu) {
            *backend = Backend { gpu: false, detail: why.to_owned() };
            self.moved.set(true);
        }
        self.tracer.put_back(tracer);
    }
}

impl Desk for TracerDesk {
    async fn open(open: Open) -> Result<Self, Trouble> {
        let opened = super::read_city(&open).await?;
        let (tracer, backend) = choose(open.backend).await;
        Ok(Self {
            opened,
            tracer: Shelf::holding(tracer),
            briefing: RefCell::default(),
            backend: RefCell::new(backend),
            moved: Cell::default(),
            made_on: RefCell::default(),
        })
    }

    fn facts(&self) -> (CityFacts, Option<Backend>) {
        (CityFacts::of(&self.opened), Some(self.backend.borrow().clone()))
    }

    async fn predict(
        &self,
        engine: EngineKind,
        scenario: &Scenario,
        rows: Option<Rows>,
        job: &mut Job,
    ) -> Result<Vec<CoverageMap>, EngineError> {
        if engine == EngineKind::Empirical {
            return Ok(vec![Empirical.predict(&self.city(scenario), scenario, job).await?]);
        }
        let mut tracer = self.tracer.take(job).await?;
        self.brief_now(&mut tracer);
        let rows = rows.map_or(0..u32::MAX, |(first, end)| first..end);
        let result = match scenario.view.aspect.on(Layer::Traced) {
            Aspect::Signal => tracer.predict_rows(&self.city(scenario), scenario, rows, job).await.map(|map| vec![map]),
            _ => tracer.predict_arrival(&self.city(scenario), scenario, rows, job).await,
        };
        self.put_back(tracer);
        result
    }

    async fn draft(&self, scenario: &Scenario, job: &mut Job) -> Result<Vec<CoverageMap>, EngineError> {
        let mut tracer = self.tracer.take(job).await?;
        let result = match scenario.view.aspect.on(Layer::Traced) {
            Aspect::Signal => tracer.draft(&self.city(scenario), scenario, job).await.map(|map| vec![map]),
            _ => tracer.draft_arrival(&self.city(scenario), scenario, job).await,
        };
        self.put_back(tracer);
        result
    }

    async fn scout(&self, scenario: &Scenario, share: Share, job: &mut Job) -> Result<Option<Findings>, EngineError> {
        let mut tracer = self.tracer.take(job).await?;
        let result = tracer.scout(&self.city(scenario), scenario, share, job).await;
        self.put_back(tracer);
        result
    }

    fn brief(&self, scenario: Scenario, found: Vec<Findings>) {
        self.briefing.replace(Some((scenario, found)));
    }

    fn made_on(&self) -> String {
        self.made_on.borrow().clone()
    }

    fn moved(&self) -> Option<Backend> {
        self.moved.take().then(|| self.backend.borrow().clone())
    }

    async fn calibrate(
        &self,
        scenario: &Scenario,
        heard: &[Heard],
        sought: Sought,
        tell: &mut dyn FnMut(Step),
        job: &mut Job,
    ) -> Result<Calibration, CalibrationError> {
        let mut tracer = self.tracer.take(job).await?;
        self.brief_now(&mut tracer);
        let found = tracer.calibrate(&self.opened.city, scenario, heard, sought, job, tell).await;
        self.put_back(tracer);
        found
    }

    async fn attempt(&self, scenario: &Scenario, trial: &Trial, job: &mut Job) -> Result<Attempt, CalibrationError> {
        let mut tracer = self.tracer.take(job).await?;
        self.brief_now(&mut tracer);
        let runs = verdict::traced::runs(&mut tracer, &self.city(scenario), scenario, trial, seconds, job).await;
        self.put_back(tracer);
        runs
    }

    async fn look(
        &self,
        scenario: &Scenario,
        places: &[LonLat],
        job: &mut Job,
    ) -> Result<Vec<Option<bool>>, EngineError> {
        let mut tracer = self.tracer.take(job).await?;
        let sight = tracer.in_sight(&self.city(scenario), scenario, places, job).await;
        self.put_back(tracer);
        sight
    }

    async fn paths(&self, scenario: &Scenario, at: LonLat, job: &mut Job) -> Result<Reception, EngineError> {
        let mut tracer = self.tracer.take(job).await?;
        self.brief_now(&mut tracer);
        let result = tracer.paths_at(&self.city(scenario), scenario, at, job).await;
        self.put_back(tracer);
        result
    }
}

/// The tracer on the best that the choice allows. Where no adapter serves it is the CPU, whatever was asked: the page says
/// why, and everything else goes on.
async fn choose(choice: BackendChoice) -> (Tracer, Backend) {
    let on_cpu = |detail: String| (Tracer::cpu(), Backend { gpu: false, detail });
    if choice == BackendChoice::Cpu {
        return on_cpu("as asked".into());
    }
    match Tracer::gpu(choice == BackendChoice::Gpu).await {
        Ok(tracer) => {
            let detail = tracer.adapter().unwrap_or_default();
            (tracer, Backend { gpu: true, detail })
        }
        Err(error) => on_cpu(error.to_string()),
    }
}
