//! One run of one engine: its parts, who works on them, and the map that they add up to.

use super::crew::Who;
use super::store::Made;
use crate::coverage::CoverageMap;
use crate::scenario::Scenario;
use crate::trace::discover::Share as Rays;
use crate::trace::scout::Findings;
use crate::worker::protocol::{JobId, Rows};
use std::collections::{HashMap, HashSet, VecDeque};

/// Strips a worker gets in a run that is split by rows: more, and the quick ones wait less for the slow ones.
const STRIPS_PER_WORKER: u32 = 4;

/// Shares of the rays that a worker gets, likewise.
const SHARES_PER_WORKER: u32 = 2;

/// What a part covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// The whole map.
    Whole,
    /// A share of the rays, before any row.
    Rays(Rays),
    /// Some of its rows.
    Strip(Rows),
    /// All that one of the sectors covers, by its number.
    Sector(usize),
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
    maps: Vec<CoverageMap>,
    /// What the last of them was made on.
    made_on: String,
    /// What each share of the rays has found, of a run that begins with rays.
    found: Vec<Option<Findings>>,
    /// Who knows it.
    briefed: HashSet<Who>,
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
            maps: Vec::new(),
            made_on: String::new(),
            found: Vec::new(),
            briefed: HashSet::new(),
        }
    }

    /// `rows` rows in strips for so many workers.
    pub fn strips(rows: u32, workers: u32) -> Vec<Share> {
        let strips = (workers * STRIPS_PER_WORKER).clamp(1, rows.max(1));
        (0..strips).map(|i| Share::Strip((rows * i / strips, rows * (i + 1) / strips))).collect()
    }

    /// Each sector by itself.
    pub fn sectors(count: usize) -> Vec<Share> {
        (0..count).map(Share::Sector).collect()
    }

    /// All rays in shares for so many workers; none where there is nobody to share them with.
    pub fn rays(workers: u32) -> Vec<Share> {
        let of = if workers > 1 { workers * SHARES_PER_WORKER } else { 0 };
        (0..of).map(|number| Share::Rays(Rays { number, of })).collect()
    }

    /// The next part to be handed out, if one waits. Rows wait for all rays.
    pub fn next_part(&mut self) -> Option<Share> {
        let casting = self.is_casting();
        self.waiting.pop_front_if(|share| matches!(share, Share::Rays(_)) || !casting)
    }

    /// Whether rays are still to be cast.
    pub fn is_casting(&self) -> bool {
        let rays = |share: &Share| matches!(share, Share::Rays(_));
        self.waiting.front().is_some_and(rays) || self.busy.values().any(|part| rays(&part.share))
    }

    /// What all rays have found, for a worker that doesn't know it yet.
    pub fn briefing(&mut self, who: Who) -> Option<Vec<Findings>> {
        let found: Option<Vec<Findings>> = self.found.iter().cloned().collect();
        found.filter(|found| !found.is_empty() && self.briefed.insert(who))
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

    /// Takes in what a share of the rays has found.
    pub fn hear(&mut self, id: JobId, found: Option<Findings>) {
        if self.busy.remove(&id).is_some() {
            self.finished += 1;
            self.found.push(found);
        }
    }

    /// Takes in the maps of a part. Whether the run is complete.
    pub fn finish(&mut self, id: JobId, maps: Vec<CoverageMap>, made_on: String) -> bool {
        let Some(part) = self.busy.remove(&id) else { return false };
        self.finished += 1;
        self.made_on = made_on;
        match part.share {
            Share::Strip((first, end)) if CoverageMap::are_alike(&self.maps, &maps) => {
                for (whole, map) in self.maps.iter_mut().zip(&maps) {
                    whole.take_rows(first..end, map);
                }
            }
            Share::Sector(_) if !self.maps.is_empty() => CoverageMap::take_stronger(&mut self.maps, &maps),
            _ => self.maps = maps,
        }
        self.finished == self.total
    }

    /// The result, when there is one.
    pub fn into_made(self) -> Option<Made> {
        let millis = self.started.map_or(0.0, |started| now() - started);
        Made::new(self.maps, self.inputs, self.made_on, millis, false)
    }
}

/// Milliseconds since the page was opened.
pub fn now() -> f64 {
    leptos::prelude::window().performance().map_or_else(js_sys::Date::now, |p| p.now())
}
