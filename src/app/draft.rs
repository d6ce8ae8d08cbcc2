//! The coarse map that comes first. While a mast is dragged there is always one under way, and nothing else: it is never
//! cancelled, so that something is seen however fast the pointer goes, and the newest scenario is next.

use super::crew::{Crew, Who};
use super::store::Made;
use crate::coverage::CoverageMap;
use crate::scenario::Scenario;
use crate::worker::protocol::{JobId, Request};
use std::cell::RefCell;

/// Most sites of which a draft is made: each costs as much as the first.
pub const MOST_SITES: usize = 4;

/// The draft that is under way.
#[derive(Default)]
pub struct Draft(RefCell<Option<UnderWay>>);

/// A draft that is, or was, being made.
pub struct UnderWay {
    id: JobId,
    /// What it is made from.
    pub inputs: Scenario,
    started: f64,
}

impl UnderWay {
    /// What came of it.
    pub fn into_made(self, maps: Vec<CoverageMap>, made_on: String) -> Option<Made> {
        Made::new(maps, self.inputs, made_on, super::run::now() - self.started, true)
    }
}

impl Draft {
    /// Whether one is under way.
    pub fn is_under_way(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Has the first tracer make one.
    pub fn begin(&self, crew: &Crew, id: JobId, inputs: Scenario) {
        crew.send(Who::Tracer(0), Request::Draft { id, scenario: inputs.clone() });
        self.0.replace(Some(UnderWay { id, inputs, started: super::run::now() }));
    }

    /// Job `id`, if it is the draft, has ended.
    pub fn end(&self, id: JobId) -> Option<UnderWay> {
        self.0.borrow_mut().take_if(|draft| draft.id == id)
    }

    /// Stops it. Whether there was one.
    pub fn withdraw(&self, crew: &Crew) -> bool {
        let Some(UnderWay { id, .. }) = self.0.take() else { return false };
        crew.send(Who::Tracer(0), Request::Cancel { id });
        true
    }

    /// Forgets it, because its worker is gone. Whether there was one.
    pub fn forget(&self) -> bool {
        self.0.take().is_some()
    }
}
