//! The loop of a worker: opens its desk, runs jobs one after another for each engine, hears cancellations between.

#[cfg(any(feature = "gpu", feature = "onnx"))]
use super::pause::turn;
use super::pause::yielder;
use super::protocol::{Backend, CityFacts, JobId, Open, Reply, Request, Rows, Trouble};
use crate::coverage::CoverageMap;
use crate::engine::{Cancel, EngineError, Job, Progress};
use crate::geodesy::LonLat;
use crate::scenario::{EngineKind, Scenario};
use crate::trace::Reception;
use crate::trace::calibrate::{Calibration, CalibrationError, Heard, Sought, Step};
use crate::trace::discover::Share;
use crate::trace::scout::Findings;
use crate::verdict::{Attempt, Trial};
use futures_util::future::{AbortHandle, abortable};
use gloo::worker::{HandlerId, Registrable, Worker, WorkerScope};
use js_sys::Date;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::DedicatedWorkerGlobalScope;

/// Progress is reported at most this often, milliseconds.
const REPORT_MS: f64 = 50.0;

/// What a worker does: reads what it needs, then runs engines.
pub trait Desk: Sized + 'static {
    /// Reads the city and whatever else the engines need.
    fn open(open: Open) -> impl Future<Output = Result<Self, Trouble>>;

    /// The city that was read, and what the tracer runs on.
    fn facts(&self) -> (CityFacts, Option<Backend>);

    /// Runs one engine: its map of levels, and after it what else it tells, as [`Reply::Done`] has it. Waits while the same engine
    /// is busy with another job.
    fn predict(
        &self,
        engine: EngineKind,
        scenario: &Scenario,
        rows: Option<Rows>,
        job: &mut Job,
    ) -> impl Future<Output = Result<Vec<CoverageMap>, EngineError>>;

    /// Traces coarse maps likewise, where the engine has such. Waits like [`Desk::predict`].
    fn draft(&self, _: &Scenario, _: &mut Job) -> impl Future<Output = Result<Vec<CoverageMap>, EngineError>> {
        std::future::ready(Err(EngineError::Failed("this worker makes no drafts".into())))
    }

    /// Casts a share of the rays of a trace, where the engine casts rays. Waits like [`Desk::predict`].
    fn scout(
        &self,
        _: &Scenario,
        _: Share,
        _: &mut Job,
    ) -> impl Future<Output = Result<Option<Findings>, EngineError>> {
        std::future::ready(Err(EngineError::Failed("this worker casts no rays".into())))
    }

    /// Takes in what the rays of all workers have found.
    fn brief(&self, _: Scenario, _: Vec<Findings>) {}

    /// What the tracer made its last map on, for the user.
    fn made_on(&self) -> String {
        String::new()
    }

    /// What the tracer runs on since the last job, if that has changed.
    fn moved(&self) -> Option<Backend> {
        None
    }

    /// Calibrates the tracer, where there is one; `tell` hears of each step. Waits like [`Desk::predict`].
    fn calibrate(
        &self,
        _: &Scenario,
        _: &[Heard],
        _: Sought,
        _: &mut dyn FnMut(Step),
        _: &mut Job,
    ) -> impl Future<Output = Result<Calibration, CalibrationError>> {
        std::future::ready(Err(EngineError::Failed("this worker calibrates nothing".into()).into()))
    }

    /// Tries the engines on measurements. Waits like [`Desk::predict`].
    fn attempt(&self, _: &Scenario, _: &Trial, _: &mut Job) -> impl Future<Output = Result<Attempt, CalibrationError>> {
        std::future::ready(Err(EngineError::Failed("this worker tries nothing".into()).into()))
    }

    /// Whether the nearest antenna is in sight of each place, where the engine knows what stands between. Waits like [`Desk::predict`].
    fn look(
        &self,
        _: &Scenario,
        _: &[LonLat],
        _: &mut Job,
    ) -> impl Future<Output = Result<Vec<Option<bool>>, EngineError>> {
        std::future::ready(Err(EngineError::Failed("this worker sees nothing".into())))
    }

    /// Takes in what predictions are to be corrected by, where the engine is one that learns so.
    fn adapt(&self, _: Vec<Heard>) {}

    /// Lists the paths to a receiver, where the engine knows paths. Waits like [`Desk::predict`].
    fn paths(&self, _: &Scenario, _: LonLat, _: &mut Job) -> impl Future<Output = Result<Reception, EngineError>> {
        std::future::ready(Err(EngineError::Failed("this worker traces no paths".into())))
    }
}

/// The desk of nobody: what the page names when it spawns a worker, since gloo knows a worker by the type of its loop and
/// the page compiles no engine.
pub struct Absent;

impl Desk for Absent {
    async fn open(_: Open) -> Result<Self, Trouble> {
        Ok(Self)
    }

    fn facts(&self) -> (CityFacts, Option<Backend>) {
        let nothing = glam::DVec2::ZERO;
        let city = CityFacts {
            name: String::new(),
            attribution: String::new(),
            origin: LonLat::default(),
            south_west: nothing,
            north_east: nothing,
            heights: crate::city::HeightShares::default(),
            vantage: Default::default(),
            archive: crate::city::Extent::default(),
            missing_terrain: None,
        };
        (city, None)
    }

    async fn predict(
        &self,
        _: EngineKind,
        _: &Scenario,
        _: Option<Rows>,
        _: &mut Job,
    ) -> Result<Vec<CoverageMap>, EngineError> {
        Err(EngineError::Failed("this worker runs no engine".into()))
    }
}

/// An engine that one job at a time takes out and puts back.
#[cfg(any(feature = "gpu", feature = "onnx"))]
pub(super) struct Shelf<T>(RefCell<Option<T>>);

#[cfg(any(feature = "gpu", feature = "onnx"))]
impl<T> Shelf<T> {
    pub(super) fn holding(engine: T) -> Self {
        Self(RefCell::new(Some(engine)))
    }

    /// Waits for the engine, unless the job is cancelled meanwhile.
    pub(super) async fn take(&self, job: &Job) -> Result<T, EngineError> {
        loop {
            if job.cancel.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            if let Some(engine) = self.0.borrow_mut().take() {
                return Ok(engine);
            }
            turn().await;
        }
    }

    pub(super) fn put_back(&self, engine: T) {
        *self.0.borrow_mut() = Some(engine);
    }
}

/// The loop of a worker around the desk `D`.
pub struct Host<D: Desk> {
    desk: Rc<RefCell<Option<Rc<D>>>>,
    /// Stops the opening under way.
    opening: RefCell<Option<AbortHandle>>,
    jobs: Rc<RefCell<HashMap<JobId, Cancel>>>,
}

/// Runs the loop in the worker that this binary is. A panic is told to the page before the worker closes itself.
pub fn serve<D: Desk>() {
    Host::<D>::registrar().register();
}

impl<D: Desk> Host<D> {
    fn open(&self, scope: WorkerScope<Self>, id: HandlerId, open: Open) {
        for (_, cancel) in self.jobs.borrow_mut().drain() {
            cancel.cancel();
        }
        // A newer city supersedes an older one: what is still fetched for that is stopped.
        let (opening, handle) = abortable(D::open(open));
        if let Some(before) = self.opening.replace(Some(handle)) {
            before.abort();
        }
        let slot = Rc::clone(&self.desk);
        spawn_local(async move {
            let Ok(opened) = opening.await else { return };
            let reply = match opened {
                Ok(desk) => {
                    let (city, backend) = desk.facts();
                    *slot.borrow_mut() = Some(Rc::new(desk));
                    Reply::Opened { city, backend }
                }
                Err(trouble) => {
                    *slot.borrow_mut() = None;
                    Reply::Refused(trouble)
                }
            };
            scope.respond(id, reply);
        });
    }

    /// Runs a job at the desk: `work` gives the reply that it ends in.
    fn run<W, E>(&self, reply: Replier<D>, work: W)
    where
        W: AsyncFnOnce(&D, &mut Job) -> Result<Reply, E> + 'static,
        E: Into<Trouble>,
    {
        let id = reply.job;
        let Some(desk) = self.desk.borrow().clone() else {
            reply.send(Reply::Failed { id, trouble: EngineError::Failed("no city is open yet".into()).into() });
            return;
        };
        let mut job = Job { on_progress: Some(reply.progress()), yielder: Some(yielder()), ..Job::silent() };
        self.jobs.borrow_mut().insert(id, job.cancel.clone());
        let jobs = Rc::clone(&self.jobs);
        spawn_local(async move {
            let result = work(&desk, &mut job).await;
            jobs.borrow_mut().remove(&id);
            if let Some(backend) = desk.moved() {
                reply.send(Reply::Moved(backend));
            }
            reply.send(result.unwrap_or_else(|error| Reply::Failed { id, trouble: error.into() }));
        });
    }
}

/// Answers one job's bridge.
struct Replier<D: Desk> {
    scope: WorkerScope<Host<D>>,
    bridge: HandlerId,
    job: JobId,
}

impl<D: Desk> Replier<D> {
    fn send(&self, reply: Reply) {
        self.scope.respond(self.bridge, reply);
    }

    fn progress(&self) -> Box<dyn FnMut(Progress)> {
        let (scope, bridge, id) = (self.scope.clone(), self.bridge, self.job);
        let mut last = 0.0;
        Box::new(move |p| {
            let now = Date::now();
            if now - last >= REPORT_MS {
                last = now;
                scope.respond(bridge, Reply::Progress { id, fraction: p.fraction, stage: p.stage.into() });
            }
        })
    }
}

impl<D: Desk> Worker for Host<D> {
    type Message = ();
    type Input = Request;
    type Output = Reply;

    fn create(_: &WorkerScope<Self>) -> Self {
        Self { desk: Rc::default(), opening: RefCell::default(), jobs: Rc::default() }
    }

    fn update(&mut self, _: &WorkerScope<Self>, (): ()) {}

    fn connected(&mut self, scope: &WorkerScope<Self>, id: HandlerId) {
        let scope = scope.clone();
        report_panics(move |text| scope.respond(id, Reply::Crashed(text)));
    }

    fn received(&mut self, scope: &WorkerScope<Self>, request: Request, bridge: HandlerId) {
        let replier = |job| Replier { scope: scope.clone(), bridge, job };
        match request {
            Request::Open(open) => self.open(scope.clone(), bridge, open),
            Request::Predict { id, engine, scenario, rows } => self.run(replier(id), async move |desk, job| {
                let maps = desk.predict(engine, &scenario, rows, job).await?;
                Ok::<_, EngineError>(Reply::Done { id, maps, made_on: desk.made_on() })
            }),
            Request::Draft { id, scenario } => self.run(replier(id), async move |desk, job| {
                let maps = desk.draft(&scenario, job).await?;
                Ok::<_, EngineError>(Reply::Done { id, maps, made_on: desk.made_on() })
            }),
            Request::Scout { id, scenario, share } => self.run(replier(id), async move |desk, job| {
                let found = desk.scout(&scenario, share, job).await?;
                Ok::<_, EngineError>(Reply::Scouted { id, found })
            }),
            Request::Brief { scenario, found } => {
                if let Some(desk) = &*self.desk.borrow() {
                    desk.brief(scenario, found);
                }
            }
            Request::Calibrate { id, scenario, heard, sought } => {
                let steps = replier(id);
                self.run(replier(id), async move |desk, job| {
                    let mut tell = |step| steps.send(Reply::Step { id, step });
                    let found = desk.calibrate(&scenario, &heard, sought, &mut tell, job).await?;
                    Ok::<_, CalibrationError>(Reply::Calibrated { id, found })
                });
            }
            Request::Try { id, scenario, trial } => self.run(replier(id), async move |desk, job| {
                let attempt = desk.attempt(&scenario, &trial, job).await?;
                Ok::<_, CalibrationError>(Reply::Tried { id, attempt })
            }),
            Request::Look { id, scenario, places } => self.run(replier(id), async move |desk, job| {
                let sight = desk.look(&scenario, &places, job).await?;
                Ok::<_, EngineError>(Reply::Seen { id, sight })
            }),
            Request::Adapt { heard } => {
                if let Some(desk) = &*self.desk.borrow() {
                    desk.adapt(heard);
                }
            }
            Request::Paths { id, scenario, at } => self.run(replier(id), async move |desk, job| {
                let reception = desk.paths(&scenario, at, job).await?;
                Ok::<_, EngineError>(Reply::Heard { id, reception })
            }),
            Request::Cancel { id } => {
                if let Some(cancel) = self.jobs.borrow_mut().remove(&id) {
                    cancel.cancel();
                }
            }
        }
    }
}

/// A clock for what takes long, seconds.
#[cfg(any(feature = "gpu", feature = "onnx"))]
pub(super) fn seconds() -> f64 {
    Date::now() / 1000.0
}

/// From now on a panic is written to the console, told to the page, and ends this worker: after a panic its memory can't
/// be trusted, and the page starts another.
pub(super) fn report_panics(tell: impl Fn(String) + 'static) {
    type Tell = Box<dyn Fn(String)>;
    thread_local! {
        static TELL: RefCell<Option<Tell>> = const { RefCell::new(None) };
    }
    TELL.set(Some(Box::new(tell)));
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        TELL.with_borrow(|tell| {
            if let Some(tell) = tell {
                tell(info.to_string());
            }
        });
        if let Ok(worker) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() {
            worker.close();
        }
    }));
}
