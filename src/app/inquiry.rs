//! The receiver on the map whose paths are shown, and the question for them: one at a time, the newest, put to the first
//! tracer.

use super::crew::{Crew, Who};
use super::store::{Store, inputs_of, round};
use crate::geodesy::LonLat;
use crate::scenario::{EngineKind, Scenario};
use crate::trace::Reception;
use crate::worker::protocol::{JobId, Request};
use leptos::prelude::*;
use std::cell::RefCell;
use std::sync::Arc;

/// What paths are asked for: where, and of what.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Where the receiver stands.
    pub at: LonLat,
    /// The part of the scenario that its paths depend on.
    pub inputs: Scenario,
}

/// What a receiver hears, or why that is not known.
#[derive(Debug)]
pub struct Heard {
    /// What was asked.
    pub question: Question,
    /// The paths, or a sentence.
    pub answer: Result<Reception, String>,
}

impl Store {
    /// Puts the receiver, whose paths are shown, at `at`.
    pub fn place_receiver(&self, at: LonLat) {
        self.picking.set(true);
        self.show(|v| v.receiver = Some(LonLat::new(round(at.lon, 6), round(at.lat, 6))));
    }

    /// Begins to show paths: where to is for the next click to say. Or puts them away.
    pub fn toggle_paths(&self) {
        if self.picking.get_untracked() {
            self.leave_paths();
        } else {
            self.picking.set(true);
        }
    }

    /// Puts the paths and their receiver away.
    pub fn leave_paths(&self) {
        self.picking.set(false);
        self.show(|v| v.receiver = None);
    }

    /// The paths that are asked for.
    pub fn question(&self) -> Option<Question> {
        self.scenario.with(|s| {
            let at = s.view.receiver?;
            Some(Question { at, inputs: inputs_of(EngineKind::Traced, s) })
        })
    }
}

/// The question that is open.
#[derive(Default)]
pub struct Inquiry(RefCell<Option<(JobId, Question)>>);

impl Inquiry {
    /// Asks for the paths of the present scenario, unless they are known or asked for already. An older question is
    /// withdrawn. Without a tracer that is ready nothing is asked.
    pub fn ask(&self, store: Store, crew: &Crew, number: impl FnOnce() -> JobId) {
        let Some(question) = untrack(|| store.question()) else {
            self.withdraw(crew);
            store.heard.set(None);
            return;
        };
        let open = self.0.borrow().as_ref().is_some_and(|(_, q)| *q == question);
        let known = store.heard.with_untracked(|h| h.as_ref().is_some_and(|h| h.question == question));
        if open || known || !crew.ready_for(EngineKind::Traced).contains(&Who::Tracer(0)) {
            return;
        }
        self.withdraw(crew);
        let id = number();
        let request = Request::Paths { id, scenario: question.inputs.clone(), at: question.at };
        self.0.replace(Some((id, question)));
        crew.send(Who::Tracer(0), request);
    }

    /// Withdraws a question that is no longer asked.
    pub fn withdraw_outdated(&self, store: Store, crew: &Crew) {
        let question = untrack(|| store.question());
        if self.0.borrow().as_ref().is_some_and(|(_, open)| Some(open) != question.as_ref()) {
            self.withdraw(crew);
        }
    }

    fn withdraw(&self, crew: &Crew) {
        if let Some((id, _)) = self.0.take() {
            crew.send(Who::Tracer(0), Request::Cancel { id });
        }
    }

    /// Takes an answer, or why there is none. Whether it is one to the open question.
    pub fn answer(&self, store: Store, id: JobId, answer: Result<Reception, String>) -> bool {
        let Some((_, question)) = self.0.borrow_mut().take_if(|(open, _)| *open == id) else { return false };
        store.pointed.set(None);
        store.heard.set(Some(Arc::new(Heard { question, answer })));
        true
    }

    /// Forgets the question, because the worker that would answer it is gone.
    pub fn forget(&self) {
        self.0.take();
    }
}
