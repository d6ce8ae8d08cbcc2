//! One run of one engine: its parts, who works on them, and the map that they add up to.

use super::crew::Who;
use super::store::Made;
use crate::coverage::CoverageMap;
use crate::scenario::Scenario;
use crate::worker::protocol::{JobId, Rows};
use std::collections::{HashMap, VecDeque};

/// Strips a worker gets in a run that is split by rows: more, and the quick ones wait less for the slow ones.
const STRIPS_PER_WORKER: u32 = 4;

/// What a part covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// The whole map.
    Whole,
    /// Some of its rows.
    Strip(Rows),
}

impl Share {
    /// The rows to ask for; none where it is all of them.
    pub fn rows(self) -> Option<Rows> {
        match self {
            Share::Whole => None,
            Share::Strip(rows) => Some(rows),
        }
    }
}

/// One part of a run that a worker is busy with.
struct Part {
    who: Who,
    share: Share,
    fraction: f32,
}

/// A run for one scenario. The map is the same however many workers share it.
pub struct Run {
    /// What it is made from.
    pub inputs: Scenario,
    started: Option<f64>,
    total: usize,
    finished: usize,
    waiting: VecDeque<Share>,
    busy: HashMap<JobId, Part>,
    map: Option<CoverageMap>,
}

impl Run {
    /// A run of these parts.
    pub fn new(inputs: Scenario, parts: Vec<Share>) -> Self {
        Self {
            inputs,
            started: None,
            total: parts.len(),
            finished: 0,
            waiting: parts.into(),
            busy: HashMap::new(),
            map: None,
        }
    }

    /// `rows` rows in strips for so many workers.
    pub fn strips(rows: u32, workers: u32) -> Vec<Share> {
        let strips = (workers * STRIPS_PER_WORKER).clamp(1, rows.max(1));
        (0..strips).map(|i| Share::Strip((rows * i / strips, rows * (i + 1) / strips))).collect()
    }

    /// The next part to be handed out, if one waits.
    pub fn next_part(&mut self) -> Option<Share> {
        self.waiting.pop_front()
    }

    /// Notes that a worker is busy with a part.
    pub fn begin(&mut self, id: JobId, who: Who, share: Share) {
        self.started.get_or_insert_with(now);
        self.busy.insert(id, Part { who, share, fraction: 0.0 });
    }

    /// Whether a worker has a part of this run.
    pub fn is_busy(&self, who: Who) -> bool {
        self.busy.values().any(|part| part.who == who)
    }

    /// Whether a job is a part of this run.
    pub fn has(&self, id: JobId) -> bool {
        self.busy.contains_key(&id)
    }

    /// The jobs under way and their workers.
    pub fn parts(&self) -> impl Iterator<Item = (JobId, Who)> {
        self.busy.iter().map(|(id, part)| (*id, part.who))
    }

    /// Notes the progress of a part and gives that of the run.
    pub fn advance(&mut self, id: JobId, fraction: f32) -> f32 {
        if let Some(part) = self.busy.get_mut(&id) {
            part.fraction = fraction;
        }
        let under_way: f32 = self.busy.values().map(|p| p.fraction).sum();
        (self.finished as f32 + under_way) / self.total as f32
    }

    /// Takes in the map of a part. Whether the run is complete.
    pub fn finish(&mut self, id: JobId, map: CoverageMap) -> bool {
        let Some(part) = self.busy.remove(&id) else { return false };
        self.finished += 1;
        match (&mut self.map, part.share) {
            (Some(whole), Share::Strip((first, end))) if whole.grid == map.grid => {
                whole.take_rows(first..end, &map);
            }
            (whole, _) => *whole = Some(map),
        }
        self.finished == self.total
    }

    /// The result, when there is one.
    pub fn into_made(self) -> Option<Made> {
        let millis = self.started.map_or(0.0, |started| now() - started);
        self.map.map(|map| Made { map, inputs: self.inputs, millis, draft: false })
    }
}

/// Milliseconds since the page was opened.
pub fn now() -> f64 {
    leptos::prelude::window().performance().map_or_else(js_sys::Date::now, |p| p.now())
}
