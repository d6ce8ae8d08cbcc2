//! The page's end of the workers: starts them, keeps one run a engine going for the present scenario, and puts the maps
//! that come back where the components see them.

use super::crew::{Crew, Who};
use super::draft::{self, Draft};
use super::files;
use super::inquiry::Inquiry;
use super::lessons::{Lessons, Tutor};
use super::readings::Counted;
use super::run::{Run, Share};
use super::store::{Activity, Made, Notice, Retry, Store, Tone, Topic, inputs_of};
use crate::coverage::{CoverageMap, Grid};
use crate::geodesy::LonLat;
use crate::scenario::{EngineKind, Scenario, View};
use crate::trace::KEPT_SITES;
use crate::trace::calibrate::Heard;
use crate::trace::scout::Findings;
use crate::worker::protocol::{Backend, BackendChoice, CityFacts, Fault, JobId, Open, Reply, Request, Source, Trouble};
use leptos::prelude::*;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;

/// All engines. The baseline comes first: it is the quickest, and runs in the tracer's worker.
pub const ENGINES: [EngineKind; 3] = [EngineKind::Empirical, EngineKind::Traced, EngineKind::Learned];

/// The engines, for components that ask something of them.
pub type Handle = StoredValue<Rc<Engines>, LocalStorage>;

/// The engines behind their workers.
pub struct Engines {
    store: Store,
    open: RefCell<Open>,
    crew: RefCell<Crew>,
    runs: RefCell<HashMap<EngineKind, Run>>,
    /// What was read last of an archive that goes on beyond it.
    part: RefCell<Option<CityFacts>>,
    /// What was stopped or came to grief: not asked for again until it changes or the user says so.
    given_up: RefCell<HashMap<EngineKind, Scenario>>,
    draft: Draft,
    inquiry: Inquiry,
    lessons: Lessons,
    tutor: Tutor,
    next: RefCell<JobId>,
}

impl Engines {
    /// The engines, not started yet.
    pub fn new(store: Store, lessons: Lessons, open: Open) -> Rc<Self> {
        Rc::new_cyclic(|me: &Weak<Self>| Self {
            store,
            open: RefCell::new(open),
            crew: RefCell::new(Crew::new({
                let me = me.clone();
                move |who, reply| {
                    if let Some(engines) = me.upgrade() {
                        engines.hear(who, reply);
                    }
                }
            })),
            runs: RefCell::default(),
            part: RefCell::default(),
            given_up: RefCell::default(),
            draft: Draft::default(),
            inquiry: Inquiry::default(),
            lessons,
            tutor: Tutor::new(lessons),
            next: RefCell::new(1),
        })
    }

    /// Starts both workers, or starts them anew, on the city that is read at `source`.
    pub fn open(&self, name: &str, source: &Source) {
        {
            let mut open = self.open.borrow_mut();
            open.name = name.into();
            open.source = source.clone();
            open.site = self.site();
        }
        self.part.take();
        self.clear();
        self.retry(Retry::City);
    }

    /// Opens the part of the archive around the site, in the workers that have read another part of it.
    fn move_on(&self) {
        self.open.borrow_mut().site = self.site();
        self.clear();
        self.store.dismiss(|n| matches!(n.topic, Topic::Fault(..)));
        for who in [Who::Tracer(0), Who::Learner(0)] {
            self.tutor.lose(&self.crew.borrow(), who);
            for &engine in who.engines() {
                self.forget(engine);
            }
            self.crew.borrow_mut().reopen(who, &self.open.borrow());
        }
    }

    /// Whether the site has left the part of the archive that was read, for another that the archive has. A part that
    /// could not be read is left for any other.
    fn moves_on(&self) -> bool {
        let site = self.site();
        let loading = ENGINES.iter().any(|e| self.store.desk(*e).activity.with_untracked(|a| *a == Activity::Loading));
        let lost = !loading && self.store.city.with_untracked(Option::is_none);
        let leaves = |facts: &CityFacts| facts.has_more_at(site) || (lost && facts.archive.area.contains(site));
        site != self.open.borrow().site && self.part.borrow().as_ref().is_some_and(leaves)
    }

    /// Where the first site stands.
    fn site(&self) -> LonLat {
        self.store.scenario.with_untracked(|s| s.sites.first().map(|s| s.position)).unwrap_or_default()
    }

    fn clear(&self) {
        self.store.city.set(None);
        self.store.dismiss(|n| n.topic == Topic::Terrain);
        for engine in ENGINES {
            self.store.desk(engine).made.set(None);
        }
    }

    /// Tries again what went wrong.
    pub fn retry(&self, what: Retry) {
        self.store.dismiss(|n| n.retry == Some(what) || (what == Retry::City && matches!(n.topic, Topic::Fault(..))));
        if what != Retry::Learner {
            self.start(Who::Tracer(0), &[EngineKind::Empirical, EngineKind::Traced]);
        }
        if what != Retry::Tracer {
            self.start(Who::Learner(0), &[EngineKind::Learned]);
        }
    }

    fn start(&self, who: Who, engines: &[EngineKind]) {
        self.tutor.lose(&self.crew.borrow(), who);
        for &engine in engines {
            self.forget(engine);
        }
        self.crew.borrow_mut().start(who, &self.open.borrow());
    }

    /// Forgets what an engine was doing, because its worker loads.
    fn forget(&self, engine: EngineKind) {
        if engine == EngineKind::Traced {
            self.inquiry.forget();
            self.store.heard.set(None);
            self.lose_draft();
        }
        self.runs.borrow_mut().remove(&engine);
        self.given_up.borrow_mut().remove(&engine);
        self.store.desk(engine).activity.set(Activity::Loading);
    }

    /// Asks for every map that the present scenario lacks, and for the paths. What runs for an older scenario is stopped.
    /// A draft goes ahead of everything.
    pub fn request(&self) {
        if self.moves_on() {
            self.move_on();
            return;
        }
        let scenario = self.store.scenario.get_untracked();
        self.take_model(&scenario);
        for engine in ENGINES {
            let outdated = |run: &Run| run.inputs != inputs_of(engine, &scenario);
            if self.runs.borrow().get(&engine).is_some_and(outdated) {
                self.stop_run(engine);
            }
        }
        self.inquiry.withdraw_outdated(self.store, &self.crew.borrow());
        if self.draft.is_under_way() || self.begin_draft(&scenario) {
            return;
        }
        for engine in ENGINES {
            self.request_one(engine, &scenario);
        }
        self.trace_after(EngineKind::Empirical);
        // Where many look for signatures the paths wait for them.
        if !self.runs.borrow().get(&EngineKind::Traced).is_some_and(Run::is_casting) {
            self.ask();
        }
    }

    /// Has the learner open the network of the scenario, if it has opened another.
    fn take_model(&self, scenario: &Scenario) {
        let url = super::models::address(&scenario.engines.model);
        if self.open.borrow().model_url != url {
            self.open.borrow_mut().model_url = url;
            self.stop_run(EngineKind::Learned);
            self.forget(EngineKind::Learned);
            self.store.dismiss(|n| matches!(n.topic, Topic::Fault(Fault::Model, _)));
            self.tutor.lose(&self.crew.borrow(), Who::Learner(0));
            self.crew.borrow_mut().reopen(Who::Learner(0), &self.open.borrow());
        }
    }

    /// Calibrates the tracer of the present scenario by what was heard.
    pub fn calibrate(&self, heard: Vec<Heard>) {
        let whole = Scenario { view: View::default(), ..self.store.scenario.get_untracked() };
        let scenario = inputs_of(EngineKind::Traced, &whole);
        self.tutor.calibrate(&self.crew.borrow(), self.number(), scenario, heard);
    }

    /// Tries all engines of the present scenario on what was heard.
    pub fn attempt(&self, heard: Vec<Heard>) {
        let scenario = Scenario { view: View::default(), ..self.store.scenario.get_untracked() };
        self.tutor.attempt(&self.crew.borrow(), || self.number(), &scenario, heard);
    }

    /// Asks which of what counts the antenna is in sight of.
    pub fn look(&self, counted: Arc<Counted>) {
        let scenario = inputs_of(EngineKind::Traced, &self.store.scenario.get_untracked());
        self.tutor.look(&self.crew.borrow(), self.number(), scenario, counted);
    }

    /// Stops the lessons that go on.
    pub fn stop_lessons(&self) {
        self.tutor.stop(&self.crew.borrow());
    }

    /// Corrects the learned map by what was heard, or no longer where there is nothing.
    pub fn adapt(&self, heard: Option<Arc<Vec<Heard>>>) {
        self.lessons.adapted.set(heard);
        self.tell_adapted();
        self.stop_run(EngineKind::Learned);
        self.given_up.borrow_mut().remove(&EngineKind::Learned);
        self.store.learned.made.set(None);
        self.request();
    }

    fn tell_adapted(&self) {
        // A sector that is shown alone is the first of its scenario.
        let alone = self.store.scenario.with_untracked(Scenario::alone);
        let of = |h: &Heard| match alone {
            Some(number) => (h.sector == number).then_some(Heard { sector: 0, ..*h }),
            None => Some(*h),
        };
        let heard = self.lessons.adapted.with_untracked(|h| h.iter().flat_map(|h| h.iter().filter_map(of)).collect());
        self.crew.borrow().send(Who::Learner(0), Request::Adapt { heard });
    }

    /// Asks for the paths.
    fn ask(&self) {
        self.inquiry.ask(self.store, &self.crew.borrow(), || self.number());
    }

    /// Has the first tracer make a draft of the present scenario, if that is of use: where there is no map of it, nor one
    /// under way. Whether it does.
    fn begin_draft(&self, scenario: &Scenario) -> bool {
        let inputs = inputs_of(EngineKind::Traced, scenario);
        let desk = self.store.traced;
        let is_made = desk.made.with_untracked(|m| m.as_ref().is_some_and(|m| m.serves(&inputs)));
        let is_ready = self.crew.borrow().ready_for(EngineKind::Traced).contains(&Who::Tracer(0));
        let is_open = self.store.city.with_untracked(Option::is_some);
        let given_up = self.given_up.borrow().get(&EngineKind::Traced) == Some(&inputs);
        let runs = self.runs.borrow().contains_key(&EngineKind::Traced);
        if is_made || given_up || runs || !is_ready || !is_open || inputs.sites.len() > draft::MOST_SITES {
            return false;
        }
        desk.activity.set(Activity::Running { fraction: 0.0, stage: "sketching".into() });
        self.draft.begin(&self.crew.borrow(), self.number(), inputs);
        true
    }

    /// Goes on with what waited for a draft that never comes.
    fn lose_draft(&self) {
        if self.draft.forget() {
            self.request_one(EngineKind::Learned, &self.store.scenario.get_untracked());
        }
    }

    /// The next number of a job.
    fn number(&self) -> JobId {
        self.next.replace_with(|id| *id + 1)
    }

    fn request_one(&self, engine: EngineKind, scenario: &Scenario) {
        let inputs = inputs_of(engine, scenario);
        if self.runs.borrow().get(&engine).is_some_and(|run| run.inputs == inputs)
            || self.given_up.borrow().get(&engine) == Some(&inputs)
        {
            return;
        }
        self.given_up.borrow_mut().remove(&engine);
        let desk = self.store.desk(engine);
        let made = untrack(|| desk.holds(&inputs));
        let workers = self.crew.borrow().ready_for(engine);
        let Some(city) = self.store.city.get_untracked() else { return };
        if made || workers.is_empty() {
            if desk.activity.with_untracked(|a| *a != Activity::Loading && (made || *a != Activity::Failed)) {
                desk.activity.set(Activity::Idle);
            }
            return;
        }
        let on_cpu = self.store.backend.with_untracked(|b| b.as_ref().is_some_and(|b| !b.gpu));
        let rows = grid_of(&city, scenario).map_or(0, |g| g.ny);
        let by_rows = engine == EngineKind::Traced && on_cpu && rows > 0;
        let sectors = inputs.sectors();
        // What corrects a map is known to the first learner alone.
        let by_sectors =
            engine == EngineKind::Learned && sectors > 1 && untrack(|| self.lessons.adapted.with(Option::is_none));
        if by_sectors {
            self.crew.borrow_mut().start_learners(sectors, &self.open.borrow());
        }
        let mut parts = match (by_rows, by_sectors) {
            (true, _) => Run::strips(rows, Crew::most_tracers()),
            (_, true) => Run::sectors(sectors),
            _ => vec![Share::Whole],
        };
        // What is seen over edges is not the rays' to find.
        if by_rows && inputs.sites.len() <= KEPT_SITES && !inputs.engines.trace.corners {
            parts.splice(0..0, Run::rays(workers.len() as u32));
        }
        let run = Run::new(inputs, parts);
        self.runs.borrow_mut().insert(engine, run);
        desk.activity.set(Activity::Running { fraction: 0.0, stage: "starting".into() });
        for who in workers {
            self.hand_out(engine, who);
        }
    }

    /// Gives a worker the next part of a run, if there is one. The first tracer does the baseline before it traces, since
    /// that takes a moment and the other way round it would wait for seconds.
    fn hand_out(&self, engine: EngineKind, who: Who) {
        let mut runs = self.runs.borrow_mut();
        if engine == EngineKind::Traced && who == Who::Tracer(0) && runs.contains_key(&EngineKind::Empirical) {
            return;
        }
        let Some(run) = runs.get_mut(&engine).filter(|run| !run.is_busy(who)) else { return };
        let Some(share) = run.next_part() else { return };
        let id = self.number();
        run.begin(id, who, share);
        if !run.is_casting() {
            if let Some(found) = run.briefing(who) {
                self.crew.borrow().send(who, Request::Brief { scenario: run.inputs.clone(), found });
            }
            // The paths come before the map, which would keep the tracer for longer.
            if who == Who::Tracer(0) && engine == EngineKind::Traced {
                self.ask();
            }
        }
        let scenario = run.inputs.clone();
        let request = match share {
            Share::Whole => Request::Predict { id, engine, scenario, rows: None },
            Share::Rays(share) => Request::Scout { id, scenario, share },
            Share::Strip(rows) => Request::Predict { id, engine, scenario, rows: Some(rows) },
            Share::Sector(number) => {
                Request::Predict { id, engine, scenario: scenario.with_sector_alone(number), rows: None }
            }
        };
        self.crew.borrow().send(who, request);
    }

    /// Stops what runs, on the user's request.
    pub fn stop(&self) {
        let scenario = self.store.scenario.get_untracked();
        let waiting = self.draft.withdraw(&self.crew.borrow());
        for engine in ENGINES {
            let activity = self.store.desk(engine).activity;
            let inputs = inputs_of(engine, &scenario);
            let is_made = untrack(|| self.store.desk(engine).holds(&inputs));
            let is_up = activity.with_untracked(|a| matches!(a, Activity::Idle | Activity::Running { .. }));
            if self.give_up(engine) || (waiting && is_up && !is_made) {
                self.given_up.borrow_mut().insert(engine, inputs);
                activity.set(Activity::Stopped);
            }
        }
    }

    /// Runs again what was stopped.
    pub fn again(&self) {
        self.given_up.borrow_mut().clear();
        self.request();
    }

    fn stop_run(&self, engine: EngineKind) -> Option<Run> {
        let run = self.runs.borrow_mut().remove(&engine)?;
        for (id, who) in run.parts() {
            self.crew.borrow().send(who, Request::Cancel { id });
        }
        Some(run)
    }

    fn give_up(&self, engine: EngineKind) -> bool {
        let Some(run) = self.stop_run(engine) else { return false };
        self.given_up.borrow_mut().insert(engine, run.inputs);
        true
    }

    fn hear(&self, who: Who, reply: Reply) {
        match reply {
            Reply::Opened { city, backend } => self.opened(who, city, backend),
            Reply::Refused(trouble) => self.refused(who, &trouble),
            Reply::Progress { id, fraction, stage } => {
                self.tutor.progress(id, fraction, &stage);
                self.progress(id, fraction, stage);
            }
            Reply::Step { id, step } => self.tutor.step(id, step),
            Reply::Calibrated { id, found } => self.tutor.found(id, found),
            Reply::Tried { id, attempt } => self.tutor.tried(id, attempt),
            Reply::Seen { id, sight } => self.tutor.seen(id, sight),
            Reply::Done { id, maps, made_on } => self.done(who, id, maps, made_on),
            Reply::Scouted { id, found } => self.scouted(who, id, found),
            Reply::Heard { id, reception } => _ = self.inquiry.answer(self.store, id, Ok(reception)),
            Reply::Failed { id, trouble } => self.failed(who, id, &trouble),
            Reply::Moved(backend) => self.runs_on(backend, Some(Retry::Tracer)),
            Reply::Crashed(text) => self.crashed(who, &text),
        }
    }

    fn opened(&self, who: Who, city: CityFacts, backend: Option<Backend>) {
        self.crew.borrow_mut().set_ready(who, true);
        if who == Who::Learner(0) {
            self.tell_adapted();
        }
        if let Some(backend) = backend.filter(|_| who == Who::Tracer(0)) {
            self.runs_on(backend, None);
        }
        for engine in who.engines() {
            let activity = self.store.desk(*engine).activity;
            if activity.with_untracked(|a| *a == Activity::Loading) {
                activity.set(Activity::Idle);
            }
        }
        self.store.dismiss(|n| n.topic != Topic::Backend && n.retry == Some(retry_of(Fault::Engine, who)));
        self.city_opens(who);
        if !city.archive.whole {
            self.part.replace(Some(city.clone()));
        }
        if self.store.city.with_untracked(|c| c.as_ref() != Some(&city)) {
            self.store.arrive(&city);
            files::tell_terrain(self.store, &city);
            self.store.city.set(Some(city));
        }
        self.request();
        // A helper that comes late takes its share of a run that is already going.
        if who.helps() {
            who.engines().iter().for_each(|engine| self.hand_out(*engine, who));
        }
    }

    /// Hears what the first tracer runs on; `retry` is what may bring a lost GPU back. On the CPU it gets helpers.
    fn runs_on(&self, backend: Backend, retry: Option<Retry>) {
        if !backend.gpu {
            let open = Open { backend: BackendChoice::Cpu, ..self.open.borrow().clone() };
            self.crew.borrow_mut().start_helpers(&open);
        }
        self.tell_backend(&backend, retry);
        self.store.backend.set(Some(backend));
    }

    /// A city that `who` could open is sound again: whoever found it wanting opens it once more.
    fn city_opens(&self, who: Who) {
        let wanting = |n: &Notice| matches!(n.topic, Topic::Fault(Fault::City, _));
        if !self.store.notices.with_untracked(|all| all.iter().any(wanting)) {
            return;
        }
        self.store.dismiss(wanting);
        for other in [Who::Tracer(0), Who::Learner(0)].into_iter().filter(|other| *other != who) {
            let failed = |e: &EngineKind| self.store.desk(*e).activity.with_untracked(|a| *a == Activity::Failed);
            if other.engines().iter().all(failed) {
                self.start(other, other.engines());
            }
        }
    }

    /// Says in one line when tracing falls back to the CPU.
    fn tell_backend(&self, backend: &Backend, retry: Option<Retry>) {
        let asked = self.open.borrow().backend;
        if backend.gpu || asked == BackendChoice::Cpu {
            self.store.dismiss(|n| n.topic == Topic::Backend);
            return;
        }
        let text = sentence(&format!("Tracing on the CPU: {}", backend.detail));
        self.store.notify(Notice { topic: Topic::Backend, tone: Tone::Info, text, retry });
    }

    fn refused(&self, who: Who, trouble: &Trouble) {
        self.crew.borrow_mut().set_ready(who, false);
        // A helper that can't open its city is only missed; the first of its kind says what is wrong.
        if !who.helps() {
            for engine in who.engines() {
                self.store.desk(*engine).activity.set(Activity::Failed);
            }
            self.complain(who, trouble);
        }
    }

    fn progress(&self, id: JobId, fraction: f32, stage: String) {
        let mut runs = self.runs.borrow_mut();
        let Some((engine, run)) = runs.iter_mut().find(|(_, run)| run.has(id)) else { return };
        let fraction = run.advance(id, fraction);
        self.store.desk(*engine).activity.set(Activity::Running { fraction, stage });
    }

    fn done(&self, who: Who, id: JobId, maps: Vec<CoverageMap>, made_on: String) {
        if let Some(draft) = self.draft.end(id) {
            self.store.traced.made.set(draft.into_made(maps, made_on).map(Arc::<Made>::new));
            self.request();
            return;
        }
        let Some(engine) = self.engine_of(id) else { return };
        let finished = self.runs.borrow_mut().get_mut(&engine).is_some_and(|run| run.finish(id, maps, made_on));
        if !finished {
            self.hand_out(engine, who);
            return;
        }
        let Some(made) = self.runs.borrow_mut().remove(&engine).and_then(Run::into_made) else { return };
        self.trace_after(engine);
        let desk = self.store.desk(engine);
        self.store.dismiss(|n| matches!(n.topic, Topic::Fault(Fault::Scenario, _)));
        desk.activity.set(Activity::Idle);
        desk.made.set(Some(Arc::<Made>::new(made)));
    }

    /// Goes on with the next share of the rays, or with the rows once all are cast.
    fn scouted(&self, who: Who, id: JobId, found: Option<Findings>) {
        let Some(engine) = self.engine_of(id) else { return };
        let casting = self.runs.borrow_mut().get_mut(&engine).is_some_and(|run| {
            run.hear(id, found);
            run.is_casting()
        });
        if casting {
            self.hand_out(engine, who);
            return;
        }
        let workers = self.crew.borrow().ready_for(engine);
        for who in workers {
            self.hand_out(engine, who);
        }
    }

    fn failed(&self, who: Who, id: JobId, trouble: &Trouble) {
        if self.inquiry.answer(self.store, id, Err(sentence(&trouble.message))) {
            return;
        }
        if self.tutor.failed(&self.crew.borrow(), id, trouble) {
            return;
        }
        if let Some(draft) = self.draft.end(id) {
            self.given_up.borrow_mut().insert(EngineKind::Traced, draft.inputs);
            self.store.traced.activity.set(Activity::Failed);
            self.complain(who, trouble);
            self.request();
            return;
        }
        let Some(engine) = self.engine_of(id) else { return };
        self.give_up(engine);
        self.trace_after(engine);
        self.store.desk(engine).activity.set(Activity::Failed);
        self.complain(who, trouble);
    }

    fn crashed(&self, who: Who, text: &str) {
        leptos::logging::error!("{who:?} crashed: {text}");
        self.crew.borrow_mut().set_ready(who, false);
        self.tutor.lose(&self.crew.borrow(), who);
        if who == Who::Tracer(0) {
            self.inquiry.forget();
            self.lose_draft();
        }
        for engine in who.engines() {
            self.stop_run(*engine);
            self.store.desk(*engine).activity.set(Activity::Failed);
        }
        let message = format!("The {} stopped unexpectedly.", who.name());
        self.complain(who, &Trouble { fault: Fault::Engine, message });
    }

    fn complain(&self, who: Who, trouble: &Trouble) {
        let retry = retry_of(trouble.fault, who);
        // Every engine finds the same fault in a city or a scenario; the user reads it once.
        let shared = matches!(trouble.fault, Fault::City | Fault::Scenario);
        let topic = Topic::Fault(trouble.fault, if shared { Retry::City } else { retry });
        let retry = (trouble.fault != Fault::Scenario).then_some(retry);
        self.store.notify(Notice { topic, tone: Tone::Trouble, text: sentence(&trouble.message), retry });
    }

    /// Goes on with the trace that waited for the baseline.
    fn trace_after(&self, engine: EngineKind) {
        if engine == EngineKind::Empirical {
            self.hand_out(EngineKind::Traced, Who::Tracer(0));
        }
    }

    fn engine_of(&self, id: JobId) -> Option<EngineKind> {
        self.runs.borrow().iter().find(|(_, run)| run.has(id)).map(|(engine, _)| *engine)
    }
}

/// What mends a fault.
fn retry_of(fault: Fault, who: Who) -> Retry {
    match (fault, who) {
        (Fault::City, _) => Retry::City,
        (_, Who::Learner(_)) => Retry::Learner,
        (_, Who::Tracer(_)) => Retry::Tracer,
    }
}

/// The grid of a scenario over a city that only a worker has read.
fn grid_of(city: &CityFacts, scenario: &Scenario) -> Option<Grid> {
    Grid::covering(city.bounds(), scenario.receivers.cell)
}

/// An error's text as a sentence: with a capital and a full stop.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let capital = letters.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default();
    ended(&format!("{capital}{}", letters.as_str()))
}

/// A text with a full stop, where it has no end of its own.
pub fn ended(text: &str) -> String {
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{text}{end}")
}
