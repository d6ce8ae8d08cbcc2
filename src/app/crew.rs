//! The workers themselves: spawned with gloo, found by who they are, replaced when they break.

use crate::scenario::EngineKind;
use crate::worker::protocol::{Fault, Open, Reply, Request, Trouble};
use crate::worker::{Absent, Host};
use gloo::net::http;
use gloo::worker::{Spawnable, WorkerBridge};
use leptos::prelude::set_timeout;
use std::cell::Cell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::time::Duration;
use wasm_bindgen_futures::spawn_local;

/// Most workers that share a trace on the CPU: each has its own copy of the city, 130 MB in the middle of Florence, and a tab
/// is to stay below 1 GB.
const MOST_TRACERS: u32 = 6;

/// Most workers that share the sectors of a learned map, likewise.
const MOST_LEARNERS: u32 = 4;

/// A worker that hasn't said a word by then is given up.
const PATIENCE: Duration = Duration::from_mins(2);

/// Which worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Who {
    /// A tracer; the first also runs the baseline, the others only help on the CPU.
    Tracer(u32),
    /// A learner; the others only help where there are several sectors.
    Learner(u32),
}

impl Who {
    /// The engines that fail with this worker.
    pub fn engines(self) -> &'static [EngineKind] {
        match self {
            Who::Tracer(0) => &[EngineKind::Empirical, EngineKind::Traced],
            Who::Tracer(_) => &[EngineKind::Traced],
            Who::Learner(_) => &[EngineKind::Learned],
        }
    }

    fn loader(self) -> &'static str {
        match self {
            Who::Tracer(_) => "tracer_loader.js",
            Who::Learner(_) => "learner_loader.js",
        }
    }

    /// What the user calls it.
    pub fn name(self) -> &'static str {
        match self {
            Who::Tracer(_) => "ray tracer",
            Who::Learner(_) => "learned engine",
        }
    }

    /// Whether it only helps another.
    pub fn helps(self) -> bool {
        matches!(self, Who::Tracer(1..) | Who::Learner(1..))
    }

    /// Whether it helps `other`.
    fn helps_with(self, other: Self) -> bool {
        match other {
            Who::Tracer(0) => matches!(self, Who::Tracer(1..)),
            Who::Learner(0) => matches!(self, Who::Learner(1..)),
            _ => false,
        }
    }
}

/// Asks the server for a worker's script, since a worker whose script is missing says nothing.
pub async fn is_there(loader: &str) -> Result<(), String> {
    let answer = http::Request::get(loader).send().await.map_err(|e| e.to_string())?;
    if answer.ok() { Ok(()) } else { Err(format!("the server answered with HTTP status {}", answer.status())) }
}

struct Member {
    bridge: WorkerBridge<Host<Absent>>,
    ready: bool,
    /// Whether it has ever said anything; goes with the member.
    _heard: Rc<Cell<bool>>,
}

fn refusal(who: Who, why: &str) -> Reply {
    let message = format!("the {} can't be loaded: {why}", who.name());
    Reply::Refused(Trouble { fault: Fault::Engine, message })
}

type Listener = Rc<dyn Fn(Who, Reply)>;

/// The workers that run.
pub struct Crew {
    members: HashMap<Who, Member>,
    listener: Listener,
}

impl Crew {
    /// No worker yet; `listener` hears whatever one says.
    pub fn new(listener: impl Fn(Who, Reply) + 'static) -> Self {
        Self { members: HashMap::new(), listener: Rc::new(listener) }
    }

    /// Spawns a worker, in place of the one before it, and opens it. Replacing the first of its kind dismisses its helpers.
    pub fn start(&mut self, who: Who, open: &Open) {
        self.members.retain(|w, _| !w.helps_with(who));
        let listener = Rc::clone(&self.listener);
        let heard = Rc::new(Cell::new(false));
        let hear = Rc::downgrade(&heard);
        let callback = move |reply| {
            hear.upgrade().iter().for_each(|h| h.set(true));
            listener(who, reply);
        };
        let bridge = Host::<Absent>::spawner().callback(callback).with_loader(true).as_module(true).spawn(who.loader());
        bridge.send(Request::Open(open.clone()));
        self.watch(who, Rc::downgrade(&heard));
        self.members.insert(who, Member { bridge, ready: false, _heard: heard });
    }

    /// Has a worker that runs open something else; starts it if it doesn't run. What it was opening is superseded.
    pub fn reopen(&mut self, who: Who, open: &Open) {
        self.members.retain(|w, _| !w.helps_with(who));
        match self.members.get_mut(&who) {
            Some(member) => {
                member.ready = false;
                member.bridge.send(Request::Open(open.clone()));
            }
            None => self.start(who, open),
        }
    }

    /// Speaks for a worker that can't speak for itself, because its files are missing or never arrive.
    fn watch(&self, who: Who, heard: Weak<Cell<bool>>) {
        let listener = Rc::clone(&self.listener);
        let late = Rc::clone(&self.listener);
        let mute = move |heard: &Weak<Cell<bool>>| heard.upgrade().is_some_and(|h| !h.get());
        let still = heard.clone();
        spawn_local(async move {
            if let Err(why) = is_there(who.loader()).await
                && mute(&still)
            {
                listener(who, refusal(who, &why));
            }
        });
        let in_time = move || {
            if mute(&heard) {
                late(who, refusal(who, "it takes too long to load"));
            }
        };
        set_timeout(in_time, PATIENCE);
    }

    /// Spawns as many more tracers as there are processors to spare.
    pub fn start_helpers(&mut self, open: &Open) {
        for i in 1..Self::most_tracers() {
            self.start(Who::Tracer(i), open);
        }
    }

    /// Spawns learners for so many sectors, as far as there are processors, where they don't run yet.
    pub fn start_learners(&mut self, sectors: usize, open: &Open) {
        let most = Self::processors().min(MOST_LEARNERS).min(u32::try_from(sectors).unwrap_or(u32::MAX));
        for who in (1..most).map(Who::Learner) {
            if !self.members.contains_key(&who) {
                self.start(who, open);
            }
        }
    }

    /// How many tracers may share a trace on the CPU: one a processor.
    pub fn most_tracers() -> u32 {
        Self::processors().clamp(1, MOST_TRACERS)
    }

    fn processors() -> u32 {
        leptos::prelude::window().navigator().hardware_concurrency() as u32
    }

    /// Notes whether a worker can be given jobs.
    pub fn set_ready(&mut self, who: Who, ready: bool) {
        if let Some(member) = self.members.get_mut(&who) {
            member.ready = ready;
        }
    }

    /// The workers that can run an engine now; more than one only where a trace is shared on the CPU.
    pub fn ready_for(&self, engine: EngineKind) -> Vec<Who> {
        let fits = |who: Who| match engine {
            EngineKind::Learned => matches!(who, Who::Learner(_)),
            EngineKind::Traced => matches!(who, Who::Tracer(_)),
            EngineKind::Empirical => who == Who::Tracer(0),
        };
        let mut ready: Vec<Who> =
            self.members.iter().filter(|(who, m)| m.ready && fits(**who)).map(|(who, _)| *who).collect();
        ready.sort_unstable();
        ready
    }

    /// Sends a request to a worker, if it is there.
    pub fn send(&self, who: Who, request: Request) {
        if let Some(member) = self.members.get(&who) {
            member.bridge.send(request);
        }
    }
}
