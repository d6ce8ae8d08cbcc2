//! What the engines learn from the readings that the user brought: one calibration and one trial at a time, in the workers.

use super::crew::{Crew, Who};
use super::engines::sentence;
use super::readings::Counted;
use crate::scenario::Scenario;
use crate::trace::calibrate::{Calibration, Heard, Sought, Step};
use crate::verdict::{Attempt, Folds, Trial, Verdict};
use crate::worker::protocol::{JobId, Request, Trouble};
use leptos::prelude::*;
use std::cell::RefCell;
use std::sync::Arc;

/// What comes of a lesson.
#[derive(Clone, Debug, Default)]
pub enum Stage<T> {
    /// It was not asked for.
    #[default]
    None,
    /// It goes on.
    Running {
        /// Done so far, 0–1.
        fraction: f32,
        /// What is going on.
        stage: String,
    },
    /// It has ended so.
    Done(Arc<T>),
    /// It came to nothing; a sentence says why.
    Failed(String),
}

impl<T> Stage<T> {
    /// Whether it goes on.
    pub const fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. })
    }

    fn starting() -> Self {
        Self::Running { fraction: 0.0, stage: "starting".into() }
    }
}

/// What was found, and what was believed before.
#[derive(Clone, Debug)]
pub struct Found {
    /// What was believed.
    pub before: Scenario,
    /// What was found.
    pub calibration: Calibration,
}

/// A verdict, and what it was of.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The scenario, as far as engines depend on it.
    pub scenario: Scenario,
    /// What came of the trial.
    pub verdict: Verdict,
}

/// What the page knows of lessons.
#[derive(Clone, Copy)]
pub struct Lessons {
    /// What a calibration looks for.
    pub sought: RwSignal<Sought>,
    /// The last calibration.
    pub calibration: RwSignal<Stage<Found>>,
    /// Its steps.
    pub steps: RwSignal<Vec<Step>>,
    /// The last trial.
    pub trial: RwSignal<Stage<Judged>>,
    /// Whether the report of that is shown.
    pub report: RwSignal<bool>,
    /// Of which of what counts the nearest antenna is in sight.
    pub sight: RwSignal<Option<Sighted>>,
    /// The learned map's errors before it was adapted and after, where both are known.
    pub adaptation: RwSignal<Vec<Step>>,
    /// Readings that the learned map is corrected by.
    pub adapted: RwSignal<Option<Arc<Vec<Heard>>>>,
}

impl Lessons {
    /// None yet.
    pub fn new() -> Self {
        Self {
            sought: RwSignal::default(),
            calibration: RwSignal::default(),
            steps: RwSignal::default(),
            trial: RwSignal::default(),
            report: RwSignal::default(),
            sight: RwSignal::default(),
            adaptation: RwSignal::default(),
            adapted: RwSignal::default(),
        }
    }
}

/// Whether the nearest antenna is in sight of readings.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighted {
    /// The readings.
    pub of: Arc<Counted>,
    /// Of each; nothing where no receiver stands.
    pub sight: Arc<Vec<Option<bool>>>,
}

impl Sighted {
    /// Of each of what counts, where it is of that.
    pub fn of(this: Option<&Self>, counted: &Arc<Counted>) -> Option<Arc<Vec<Option<bool>>>> {
        this.filter(|sighted| Arc::ptr_eq(&sighted.of, counted)).map(|sighted| Arc::clone(&sighted.sight))
    }
}

/// A trial that goes on in two workers.
struct Tried {
    open: Vec<(JobId, Who)>,
    scenario: Scenario,
    trial: Trial,
    folds: Folds,
    attempt: Attempt,
}

impl Tried {
    /// Whether a job is one of its own that goes on.
    fn has(&self, id: JobId) -> bool {
        self.open.iter().any(|(open, _)| *open == id)
    }
}

/// Whether a worker can be given jobs.
fn is_ready(crew: &Crew, who: Who) -> bool {
    who.engines().iter().any(|engine| crew.ready_for(*engine).contains(&who))
}

/// What is said where one can't.
fn not_ready(who: Who) -> String {
    format!("The {} isn't ready: see to it first.", who.name())
}

/// The lessons that go on.
pub struct Tutor {
    lessons: Lessons,
    calibrating: RefCell<Option<(JobId, Scenario)>>,
    trying: RefCell<Option<Tried>>,
    looking: RefCell<Option<(JobId, Arc<Counted>)>>,
}

impl Tutor {
    /// Tells `lessons`.
    pub fn new(lessons: Lessons) -> Self {
        Self { lessons, calibrating: RefCell::default(), trying: RefCell::default(), looking: RefCell::default() }
    }

    /// Begins a calibration of `scenario`.
    pub fn calibrate(&self, crew: &Crew, id: JobId, scenario: Scenario, heard: Vec<Heard>) {
        self.stop_calibrating(crew);
        self.lessons.steps.set(Vec::new());
        if !is_ready(crew, Who::Tracer(0)) {
            self.lessons.calibration.set(Stage::Failed(not_ready(Who::Tracer(0))));
            return;
        }
        self.lessons.calibration.set(Stage::starting());
        let sought = self.lessons.sought.get_untracked();
        let request = Request::Calibrate { id, scenario: scenario.clone(), heard, sought };
        self.calibrating.replace(Some((id, scenario)));
        crew.send(Who::Tracer(0), request);
    }

    /// Begins a trial of all engines.
    pub fn attempt(&self, crew: &Crew, mut number: impl FnMut() -> JobId, scenario: &Scenario, heard: Vec<Heard>) {
        self.stop_trying(crew);
        let both = [Who::Tracer(0), Who::Learner(0)];
        if let Some(who) = both.into_iter().find(|who| !is_ready(crew, *who)) {
            self.lessons.trial.set(Stage::Failed(not_ready(who)));
            return;
        }
        self.lessons.trial.set(Stage::starting());
        let (trial, folds) = Trial::new(heard, self.lessons.sought.get_untracked());
        let mut open = Vec::new();
        for who in both {
            let id = number();
            open.push((id, who));
            crew.send(who, Request::Try { id, scenario: scenario.clone(), trial: trial.clone() });
        }
        self.trying.replace(Some(Tried {
            open,
            scenario: scenario.clone(),
            trial,
            folds,
            attempt: Attempt::default(),
        }));
    }

    /// Asks which of what counts the nearest antenna is in sight of; what was asked before is withdrawn.
    pub fn look(&self, crew: &Crew, id: JobId, scenario: Scenario, counted: Arc<Counted>) {
        if let Some((before, _)) = self.looking.take() {
            crew.send(Who::Tracer(0), Request::Cancel { id: before });
        }
        if is_ready(crew, Who::Tracer(0)) {
            let places = counted.readings.iter().map(|r| r.at).collect();
            self.looking.replace(Some((id, counted)));
            crew.send(Who::Tracer(0), Request::Look { id, scenario, places });
        } else {
            self.lessons.sight.set(None);
        }
    }

    /// Takes what is in sight.
    pub fn seen(&self, id: JobId, sight: Vec<Option<bool>>) {
        if let Some((_, of)) = self.looking.borrow_mut().take_if(|(open, _)| *open == id) {
            self.lessons.sight.set(Some(Sighted { of, sight: Arc::new(sight) }));
        }
    }

    /// Stops what goes on, on the user's request.
    pub fn stop(&self, crew: &Crew) {
        if self.stop_calibrating(crew) {
            self.lessons.calibration.set(Stage::None);
        }
        if self.stop_trying(crew) {
            self.lessons.trial.set(Stage::None);
        }
    }

    fn stop_calibrating(&self, crew: &Crew) -> bool {
        let Some((id, _)) = self.calibrating.take() else { return false };
        crew.send(Who::Tracer(0), Request::Cancel { id });
        true
    }

    fn stop_trying(&self, crew: &Crew) -> bool {
        let Some(tried) = self.trying.take() else { return false };
        for (id, who) in tried.open {
            crew.send(who, Request::Cancel { id });
        }
        true
    }

    /// Takes how far a job is, if it is one of these.
    pub fn progress(&self, id: JobId, fraction: f32, stage: &str) {
        if self.calibrating.borrow().as_ref().is_some_and(|(open, _)| *open == id) {
            self.lessons.calibration.set(Stage::Running { fraction, stage: stage.to_owned() });
        }
        if self.trying.borrow().as_ref().is_some_and(|tried| tried.has(id)) {
            self.lessons.trial.set(Stage::Running { fraction, stage: stage.to_owned() });
        }
    }

    /// Takes a step of a calibration.
    pub fn step(&self, id: JobId, step: Step) {
        if self.calibrating.borrow().as_ref().is_some_and(|(open, _)| *open == id) {
            self.lessons.steps.update(|steps| steps.push(step));
        }
    }

    /// Takes what a calibration found.
    pub fn found(&self, id: JobId, calibration: Calibration) {
        let Some((_, before)) = self.calibrating.borrow_mut().take_if(|(open, _)| *open == id) else { return };
        self.lessons.calibration.set(Stage::Done(Arc::new(Found { before, calibration })));
    }

    /// Takes what one worker predicted in a trial.
    pub fn tried(&self, id: JobId, attempt: Attempt) {
        let mut trying = self.trying.borrow_mut();
        let Some(tried) = trying.as_mut().filter(|tried| tried.has(id)) else { return };
        tried.open.retain(|(open, ..)| *open != id);
        tried.attempt = std::mem::take(&mut tried.attempt).with(attempt);
        if tried.open.is_empty() {
            let verdict = Verdict::of(&tried.trial, &tried.folds, &tried.attempt);
            let scenario = tried.scenario.clone();
            *trying = None;
            self.lessons.trial.set(Stage::Done(Arc::new(Judged { scenario, verdict })));
        }
    }

    /// Takes why a job ended, if it is one of these. Whether it is.
    pub fn failed(&self, crew: &Crew, id: JobId, trouble: &Trouble) -> bool {
        let why = sentence(&trouble.message);
        // Errors are told without it.
        if self.looking.borrow_mut().take_if(|(open, _)| *open == id).is_some() {
            self.lessons.sight.set(None);
            return true;
        }
        if self.calibrating.borrow_mut().take_if(|(open, _)| *open == id).is_some() {
            self.lessons.calibration.set(Stage::Failed(why));
            return true;
        }
        let is_open = self.trying.borrow().as_ref().is_some_and(|tried| tried.has(id));
        if is_open {
            self.stop_trying(crew);
            self.lessons.trial.set(Stage::Failed(why));
        }
        is_open
    }

    /// Ends what a worker that is gone was doing.
    pub fn lose(&self, crew: &Crew, who: Who) {
        let why = || format!("The {} stopped before it was done.", who.name());
        if who == Who::Tracer(0) && self.calibrating.take().is_some() {
            self.lessons.calibration.set(Stage::Failed(why()));
        }
        let is_open = self.trying.borrow().as_ref().is_some_and(|tried| tried.open.iter().any(|(_, w)| *w == who));
        if is_open {
            self.stop_trying(crew);
            self.lessons.trial.set(Stage::Failed(why()));
        }
    }
}
