//! What the page knows: one set of signals that every component reads and a few verbs that change them.

use super::files::Import;
use super::inquiry::Heard;
use crate::coverage::{CoverageMap, Gap};
use crate::geodesy::LonLat;
use crate::scenario::{Aspect, EngineKind, History, Layer, MapView, Scenario, Site, View};
use crate::worker::protocol::{Backend, CityFacts, Fault};
use glam::DVec2;
use leptos::prelude::*;
use std::sync::Arc;

/// The camera that the page opens with: central Munich, seen from the south at a slant.
pub const OPENING_VIEW: MapView =
    MapView { zoom: 15.6, centre: LonLat::new(11.5755, 48.1378), bearing: -18.0, pitch: 42.0 };
/// How far above a roof an antenna is put when it is dropped there, metres.
const ABOVE_ROOF: f64 = 3.0;

/// A map that an engine has made, and what it was made from.
#[derive(Debug)]
pub struct Made {
    /// The map of levels.
    pub map: CoverageMap,
    /// What else the engine tells: how paths arrive, where that was asked for, or how far measurements spread.
    pub others: Vec<CoverageMap>,
    /// The part of the scenario that it depends on ([`inputs_of`]).
    pub inputs: Scenario,
    /// What the tracer made it on, in words; empty of other engines.
    pub machine: String,
    /// From its beginning to the whole map, milliseconds.
    pub millis: f64,
    /// Whether it is a coarse map that goes ahead of the one that was asked for.
    pub draft: bool,
}

impl Made {
    /// That of maps as they come from a worker; `None` of none.
    pub fn new(maps: Vec<CoverageMap>, inputs: Scenario, machine: String, millis: f64, draft: bool) -> Option<Self> {
        let mut maps = maps.into_iter();
        let map = maps.next()?;
        Some(Self { map, others: maps.collect(), inputs, machine, millis, draft })
    }

    /// Whether it is what was asked for with these inputs.
    pub fn is_of(&self, inputs: &Scenario) -> bool {
        !self.draft && self.serves(inputs)
    }

    /// The same of a draft too. What tells how paths arrive serves where only the signal is asked for.
    pub fn serves(&self, inputs: &Scenario) -> bool {
        let aspect = if inputs.view.aspect == Aspect::Signal { Aspect::Signal } else { self.inputs.view.aspect };
        let view = View { aspect, ..self.inputs.view };
        view == inputs.view && Scenario { view, ..self.inputs.clone() } == *inputs
    }

    /// The map of an aspect, where there is one.
    pub fn of_aspect(&self, aspect: Aspect) -> Option<&CoverageMap> {
        let quantity = aspect.into();
        std::iter::once(&self.map).chain(&self.others).find(|map| map.quantity == quantity)
    }
}

/// What an engine is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Activity {
    /// Its worker is loading.
    #[default]
    Loading,
    /// Nothing.
    Idle,
    /// A job.
    Running {
        /// Done so far, 0–1.
        fraction: f32,
        /// What is going on.
        stage: String,
    },
    /// The user stopped its job.
    Stopped,
    /// Its last job, or its worker, came to grief; a notice says why.
    Failed,
}

/// An engine as the page sees it.
#[derive(Clone, Copy)]
pub struct Desk {
    /// Its last map; stays while a newer one is made.
    pub made: RwSignal<Option<Arc<Made>>>,
    /// What it is doing.
    pub activity: RwSignal<Activity>,
}

/// How serious a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Good to know.
    Info,
    /// Something doesn't work.
    Trouble,
}

/// What can be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// Read the city again, everywhere.
    City,
    /// Start the tracer worker afresh.
    Tracer,
    /// Start the learner worker afresh.
    Learner,
}

/// What a notice is about; a newer one about the same thing replaces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The link that was opened.
    Link,
    /// The basemap.
    Basemap,
    /// A file that was dropped.
    File,
    /// The ground of the city.
    Terrain,
    /// What the tracer runs on.
    Backend,
    /// Something that a worker said.
    Fault(Fault, Retry),
}

/// A sentence for the user.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// What it is about.
    pub topic: Topic,
    /// How serious it is.
    pub tone: Tone,
    /// The sentence.
    pub text: String,
    /// What its button does, if it has one.
    pub retry: Option<Retry>,
}

/// Where the pointer, or a finger that reads, is over the map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hover {
    /// The point of the ground.
    pub at: LonLat,
    /// The pointer, CSS pixels of the window.
    pub pointer: (f64, f64),
    /// Whether it is a finger, which hides what lies beside and below it.
    pub touch: bool,
}

/// All that the page knows.
#[derive(Clone, Copy)]
pub struct Store {
    /// What is asked.
    pub scenario: RwSignal<Scenario>,
    /// What was asked before.
    pub history: RwSignal<History>,
    /// The camera.
    pub camera: RwSignal<MapView>,
    /// Counts up when the camera is to follow [`Store::camera`] rather than lead it.
    pub recentre: RwSignal<u32>,
    /// The city, once a worker has read it.
    pub city: RwSignal<Option<CityFacts>>,
    /// Whether the city was chosen without a place in it: the site goes where the city suggests once it is read.
    pub arriving: RwSignal<bool>,
    /// The import of a file that is going on.
    pub import: RwSignal<Option<Import>>,
    /// Counts up when the city's archive is to be read again.
    pub reread: RwSignal<u32>,
    /// What the tracer runs on.
    pub backend: RwSignal<Option<Backend>>,
    /// The network.
    pub learned: Desk,
    /// The ray tracer.
    pub traced: Desk,
    /// The baseline.
    pub empirical: Desk,
    /// Learned less ray traced.
    pub difference: Memo<Option<Arc<CoverageMap>>>,
    /// Sentences on show.
    pub notices: RwSignal<Vec<Notice>>,
    /// The pointer.
    pub hover: RwSignal<Option<Hover>>,
    /// Whether a click on the map puts the receiver there, rather than the site.
    pub picking: RwSignal<bool>,
    /// What the receiver hears; it may be of a scenario before.
    pub heard: RwSignal<Option<Arc<Heard>>>,
    /// The path that is pointed at, by its number.
    pub pointed: RwSignal<Option<usize>>,
}

impl Desk {
    fn new() -> Self {
        Self { made: RwSignal::new(None), activity: RwSignal::new(Activity::default()) }
    }

    /// Whether its map is what was asked for with these inputs.
    pub fn holds(&self, inputs: &Scenario) -> bool {
        self.made.with(|m| m.as_ref().is_some_and(|m| m.is_of(inputs)))
    }
}

impl Store {
    /// The page's knowledge at its start.
    pub fn new(scenario: Scenario, camera: MapView) -> Self {
        let (learned, traced) = (Desk::new(), Desk::new());
        let picking = scenario.view.receiver.is_some();
        Self {
            scenario: RwSignal::new(scenario),
            history: RwSignal::default(),
            camera: RwSignal::new(camera),
            recentre: RwSignal::new(0),
            city: RwSignal::new(None),
            arriving: RwSignal::new(false),
            import: RwSignal::new(None),
            reread: RwSignal::new(0),
            backend: RwSignal::new(None),
            learned,
            traced,
            empirical: Desk::new(),
            difference: difference_of(learned, traced),
            notices: RwSignal::default(),
            hover: RwSignal::new(None),
            picking: RwSignal::new(picking),
            heard: RwSignal::new(None),
            pointed: RwSignal::new(None),
        }
    }

    /// The engine of that kind.
    pub fn desk(&self, engine: EngineKind) -> Desk {
        match engine {
            EngineKind::Learned => self.learned,
            EngineKind::Traced => self.traced,
            EngineKind::Empirical => self.empirical,
        }
    }

    /// Changes the scenario; one step of undo, or a part of one while `streak` lasts.
    pub fn edit(&self, streak: Option<&'static str>, change: impl FnOnce(&mut Scenario)) {
        let before = self.scenario.get_untracked();
        let mut after = before.clone();
        change(&mut after);
        if after != before {
            self.history.update(|h| h.record(before, streak));
            self.scenario.set(after);
        }
    }

    /// Changes what is shown, which is not a step of undo.
    pub fn show(&self, change: impl FnOnce(&mut View)) {
        let mut after = self.scenario.get_untracked();
        change(&mut after.view);
        if after.validate().is_ok() {
            self.scenario.set(after);
        }
    }

    /// Brings a layer to the front.
    pub fn bring(&self, layer: Layer) {
        self.show(|v| v.layer = layer);
    }

    /// Flips between the learned and the ray-traced map.
    pub fn flip(&self) {
        self.show(|v| v.layer = if v.layer == Layer::Learned { Layer::Traced } else { Layer::Learned });
    }

    /// Changes the site that is edited.
    pub fn edit_site(&self, streak: Option<&'static str>, change: impl FnOnce(&mut Site)) {
        self.edit(streak, |s| {
            let (number, _) = s.chosen();
            if let Some(site) = s.sites.get_mut(number) {
                change(site);
            }
        });
    }

    /// Puts the site at `at`. An antenna that would then be inside the building under it rises above its roof.
    pub fn place_site(&self, at: LonLat, roof: f64) {
        self.edit_site(Some("place"), |site| {
            site.position = LonLat::new(round(at.lon, 5), round(at.lat, 5));
            if site.height < roof + 1.0 {
                site.height = round(roof + ABOVE_ROOF, 1);
            }
        });
        self.history.update(History::settle);
    }

    /// Goes to another city; one step of undo.
    pub fn choose_city(&self, city: &str) {
        if self.scenario.with_untracked(|s| s.city == city) {
            return;
        }
        self.arriving.set(true);
        self.edit(None, |s| s.city = city.into());
    }

    /// A city was read: after [`Store::choose_city`] the site goes to a roof in it, and a camera that looks elsewhere
    /// comes along.
    pub fn arrive(&self, city: &CityFacts) {
        let (roof, height) = city.vantage;
        if self.arriving.get_untracked() {
            self.arriving.set(false);
            self.scenario.update(|s| {
                s.sites.truncate(1);
                s.view.receiver = None;
                if let Some(site) = s.sites.first_mut() {
                    site.position = LonLat::new(round(roof.lon, 5), round(roof.lat, 5));
                    site.height = round(height, 1);
                }
            });
        }
        if !city.contains(self.camera.with_untracked(|c| c.centre)) {
            let site = self.scenario.with_untracked(|s| s.sites.first().map(|s| s.position));
            let centre = site.filter(|p| city.contains(*p)).unwrap_or(roof);
            self.camera.set(MapView { centre, ..OPENING_VIEW });
            self.recentre.update(|n| *n += 1);
        }
    }

    /// Steps back. What is shown stays as it is.
    pub fn undo(&self) {
        self.step(History::undo);
    }

    /// Steps forward again.
    pub fn redo(&self) {
        self.step(History::redo);
    }

    fn step(&self, step: impl FnOnce(&mut History, &Scenario) -> Option<Scenario>) {
        let present = self.scenario.get_untracked();
        let Some(Some(mut other)) = self.history.try_update(|h| step(h, &present)) else { return };
        other.view = present.view;
        self.scenario.set(other);
    }

    /// Shows a sentence.
    pub fn notify(&self, notice: Notice) {
        self.notices.update(|all| {
            all.retain(|n| n.topic != notice.topic);
            all.push(notice);
        });
    }

    /// Takes away the sentences that `gone` picks.
    pub fn dismiss(&self, gone: impl Fn(&Notice) -> bool) {
        if self.notices.with_untracked(|all| all.iter().any(&gone)) {
            self.notices.update(|all| all.retain(|n| !gone(n)));
        }
    }

    /// RSRP in dBm that an engine predicts at a point.
    pub fn value(&self, engine: EngineKind, at: LonLat) -> Option<f32> {
        self.told(engine, Aspect::Signal, at)
    }

    /// What the map of `engine` tells of an aspect at a point.
    pub fn told(&self, engine: EngineKind, aspect: Aspect, at: LonLat) -> Option<f32> {
        let local = self.local(at)?;
        self.desk(engine).made.with(|made| made.as_ref()?.of_aspect(aspect)?.at(local))
    }

    /// Why the map of a layer has nothing at a point, where it has nothing.
    pub fn gap(&self, layer: Layer, at: LonLat) -> Option<Gap> {
        let local = self.local(at)?;
        let of = |engine| self.desk(engine).made.with(|m| m.as_ref().and_then(|m| m.map.gap_at(local)));
        match layer {
            Layer::Learned => of(EngineKind::Learned),
            Layer::Traced => {
                let aspect = self.scenario.with(|s| s.view.aspect.on(layer));
                self.traced.made.with(|m| m.as_ref()?.of_aspect(aspect)?.gap_at(local))
            }
            Layer::Empirical => of(EngineKind::Empirical),
            Layer::Difference => self.difference.with(|d| d.as_ref().and_then(|d| d.gap_at(local))),
        }
    }

    /// Whether the map of `engine` is that of the present scenario.
    pub fn is_current(&self, engine: EngineKind) -> bool {
        let inputs = self.scenario.with(|s| inputs_of(engine, s));
        self.desk(engine).holds(&inputs)
    }

    /// The point in the local metres of the city.
    pub fn local(&self, at: LonLat) -> Option<DVec2> {
        self.city.with(|c| c.as_ref().map(|c| c.frame().to_local(at)))
    }
}

/// The part of a scenario that the map of `engine` depends on: all but what is shown and the other engines' settings. Of
/// what is shown, the ray tracer's depends on whether that tells how paths arrive, which all comes at once.
pub fn inputs_of(engine: EngineKind, scenario: &Scenario) -> Scenario {
    let mut inputs = Scenario { view: View::default(), ..scenario.shown() };
    if engine == EngineKind::Traced && scenario.view.aspect.on(Layer::Traced) != Aspect::Signal {
        inputs.view.aspect = Aspect::DelaySpread;
    }
    if engine == EngineKind::Learned {
        inputs.receivers.indoors = None;
    }
    let settings = &mut inputs.engines;
    if engine != EngineKind::Learned {
        settings.model = crate::scenario::EngineSettings::default().model;
    }
    if engine != EngineKind::Traced {
        settings.trace = crate::scenario::TraceSettings::default();
    }
    if engine != EngineKind::Empirical {
        settings.empirical = crate::scenario::EmpiricalModel::default();
    }
    inputs
}

/// Both maps' difference. While one of them is a draft or of an older scenario the last difference stays.
fn difference_of(learned: Desk, traced: Desk) -> Memo<Option<Arc<CoverageMap>>> {
    let same = |a: Option<&Option<Arc<CoverageMap>>>, b: Option<&Option<Arc<CoverageMap>>>| match (a, b) {
        (Some(Some(a)), Some(Some(b))) => !Arc::ptr_eq(a, b),
        (Some(None), Some(None)) => false,
        _ => true,
    };
    Memo::new_with_compare(
        move |last| {
            let (learned, traced) = (learned.made.get()?, traced.made.get()?);
            if traced.draft || learned.inputs.sites != traced.inputs.sites {
                return last.cloned().flatten();
            }
            learned.map.difference(&traced.map).map(Arc::new)
        },
        same,
    )
}

/// `value` with so many digits after the point.
pub fn round(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale
}
