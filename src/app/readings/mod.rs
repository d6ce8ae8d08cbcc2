//! The readings that the user brings: the lines that tell what was read, and the dots on the map. They stay in this tab.

mod columns;
mod errors;
mod learn;
mod verdict;

pub use columns::Columns;
pub use verdict::Report;

use super::city_map::CityMap;
use super::engines::ENGINES;
use super::files;
use super::legend::{DIFFERENCE_LIMIT, gradient};
use super::store::{Notice, Store, Tone, Topic};
use crate::coverage::Quantity;
use crate::geodesy::{LocalFrame, LonLat};
use crate::readings::{Outcome, Question, Reading, Readings, Sites, binned};
use crate::scenario::{Aspect, Layer};
use errors::{ErrorView, band};
use leptos::prelude::*;
use std::sync::Arc;
use web_sys::{HtmlInputElement, HtmlSelectElement, Url};

/// The camera comes along where no reading lies within this many metres of what it looks at.
const NEAR: f64 = 800.0;
/// Numbers of lines that are named for one reason.
const LINES: usize = 8;

/// A file of readings and the address where this page reads it.
#[derive(Clone, Debug)]
pub struct Asked {
    question: Question,
    address: String,
}

/// The readings of this page.
#[derive(Clone, Copy, Default)]
pub struct Brought {
    readings: RwSignal<Option<Arc<Readings>>>,
    /// How its columns are, or may be, understood.
    asked: RwSignal<Option<Arc<Asked>>>,
    /// Whether that is being asked.
    asking: RwSignal<bool>,
    /// What the dots show.
    shown: RwSignal<Shown>,
    /// The number of the cell whose readings count; all where there is none.
    cell: RwSignal<Option<u32>>,
    /// Side of the squares whose readings are averaged, metres; 0 where each counts by itself.
    side: RwSignal<f64>,
    /// Fewest readings of a square that count.
    least: RwSignal<Least>,
    /// The band of distances whose dots are shown; all where there is none.
    band: RwSignal<Option<usize>>,
    /// What of them counts.
    counted: RwSignal<Arc<Vec<Reading>>>,
}

/// What the dots on the map show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shown {
    /// What was measured.
    #[default]
    Level,
    /// How far the map in front lies from it.
    Error,
    /// Nothing.
    Nothing,
}

impl Shown {
    const ALL: [(Shown, &'static str, &'static str); 3] = [
        (Shown::Level, "level", "Measured level"),
        (Shown::Error, "error", "Error of the map in front"),
        (Shown::Nothing, "nothing", "Nothing"),
    ];
}

/// Fewest readings of a square that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Least(u32);

impl Default for Least {
    fn default() -> Self {
        Self(LEAST[0])
    }
}

/// What may be chosen for it.
const LEAST: [u32; 5] = [1, 2, 3, 5, 10];
/// Sides of squares to choose from, metres.
const SIDES: [f64; 5] = [0.0, 5.0, 10.0, 25.0, 50.0];
/// A dot where a map says nothing.
const SILENT: [u8; 3] = [128, 128, 128];

impl Brought {
    /// Takes what a file was read as; a question is asked at once.
    pub fn take(self, store: Store, outcome: Outcome, address: &str) {
        let (readings, question) = match outcome {
            Outcome::Read(readings, question) => (Some(readings), question),
            Outcome::Ask(question) => (None, question),
            Outcome::Sites(sites) => {
                let _ = Url::revoke_object_url(address);
                place(store, &sites);
                return;
            }
        };
        let before = self.asked.get_untracked();
        if let Some(before) = before.filter(|before| before.address != address) {
            let _ = Url::revoke_object_url(&before.address);
        }
        self.asked.set(Some(Arc::new(Asked { question, address: address.into() })));
        self.asking.set(readings.is_none());
        if let Some(readings) = readings {
            come_along(store, &readings);
            self.shown.update(|s| *s = if *s == Shown::Nothing { Shown::Level } else { *s });
            self.cell.set(None);
            self.band.set(None);
            self.readings.set(Some(Arc::new(readings)));
        }
    }

    /// Forgets the address of a file that came to nothing, unless it still is that of the readings.
    pub fn release(self, address: &str) {
        if self.asked.with_untracked(|asked| asked.as_ref().is_none_or(|asked| asked.address != address)) {
            let _ = Url::revoke_object_url(address);
        }
    }

    /// The readings that count: those of the chosen cell, averaged as it was chosen.
    fn counted(self) -> Arc<Vec<Reading>> {
        self.counted.get()
    }

    /// Keeps what counts at what was chosen.
    fn follow(self) {
        Effect::new(move |_| {
            let (cell, side, Least(least)) = (self.cell.get(), self.side.get(), self.least.get());
            let counts = |r: &&Reading| cell.is_none() || r.cell == cell;
            let chosen: Vec<Reading> =
                self.readings.with(|r| r.iter().flat_map(|r| r.all.iter().filter(counts).copied()).collect());
            self.counted.set(Arc::new(if side > 0.0 { binned(&chosen, side, least) } else { chosen }));
        });
    }

    /// Puts the readings away.
    fn clear(self) {
        if let Some(asked) = self.asked.get_untracked() {
            let _ = Url::revoke_object_url(&asked.address);
        }
        self.readings.set(None);
        self.asked.set(None);
    }
}

/// Has the scenario's sites be those of a table, and tells what was made of it; one step of undo.
fn place(store: Store, sites: &Sites) {
    let Sites { file, sites: places, sectors, assumed, rejected } = sites;
    let word = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let mut told = vec![format!("{file}: {} at {}.", word(*sectors, "sector"), word(places.len(), "site"))];
    if !assumed.is_empty() {
        told.push(format!("No column tells of {}: the usual is taken.", assumed.join(", ")));
    }
    for (reason, refusal) in rejected.by_reason() {
        let lines: Vec<String> = refusal.lines.iter().take(LINES).map(ToString::to_string).collect();
        told.push(format!("{} × {reason}: line {}.", grouped(refusal.count), lines.join(", ")));
    }
    store.edit(None, |s| s.sites.clone_from(places));
    let text = told.join(" ");
    store.notify(Notice { topic: Topic::File, tone: Tone::Info, text, retry: None });
}

/// Turns the camera to readings that lie out of its sight.
fn come_along(store: Store, readings: &Readings) {
    let frame = LocalFrame::new(store.camera.with_untracked(|c| c.centre));
    if readings.all.iter().any(|r| frame.to_local(r.at).length() < NEAR) {
        return;
    }
    let middle = |of: fn(&LonLat) -> f64| {
        let mut all: Vec<f64> = readings.all.iter().map(|r| of(&r.at)).collect();
        let half = all.len() / 2;
        *all.select_nth_unstable_by(half, f64::total_cmp).1
    };
    let centre = LonLat::new(middle(|p| p.lon), middle(|p| p.lat));
    store.camera.update(|c| c.centre = centre);
    store.recentre.update(|n| *n += 1);
}

/// The part of the panel that tells of the readings.
#[component]
pub fn ReadingsGroup() -> impl IntoView {
    let brought: Brought = expect_context();
    let body = move || match brought.readings.get() {
        None => invitation().into_any(),
        Some(readings) => told(brought, &readings).into_any(),
    };
    view! { <section class="group readings" aria-label="Readings"><h2>"Readings"</h2>{body}</section> }
}

fn invitation() -> impl IntoView {
    let store: Store = expect_context();
    let brought: Brought = expect_context();
    let pick = move |ev: leptos::ev::Targeted<leptos::ev::Event, HtmlInputElement>| {
        if let Some(files) = ev.target().files().filter(|files| files.length() > 0) {
            files::open(store, brought, &files);
        }
        ev.target().set_value("");
    };
    view! {
        <label class="own-model">
            <span>"Measured levels to compare with: drop a CSV or GeoJSON, or choose one. It stays on this machine. A CSV with azimuths brings sites."</span>
            <input type="file" name="readings" accept=files::ACCEPT_READINGS on:change:target=pick />
        </label>
    }
}

/// What was read, and what was not.
fn told(brought: Brought, readings: &Readings) -> impl IntoView + use<> {
    let store: Store = expect_context();
    let places: Vec<LonLat> = readings.all.iter().map(|r| r.at).collect();
    let count = places.len();
    let outside = Memo::new(move |_| {
        let inside = |c: &crate::worker::protocol::CityFacts| places.iter().filter(|p| c.contains(**p)).count();
        store.city.with(|c| c.as_ref().map(|c| count - inside(c))).filter(|outside| *outside > 0)
    });
    let outside = move || {
        let text = outside.get().map(|n| match n {
            n if n == count => "None of them lies in this city.".to_owned(),
            1 => "One of them lies outside of this city.".to_owned(),
            n => format!("{} of them lie outside of this city.", grouped(n as u64)),
        });
        text.map(|text| view! { <p class="hint">{text}</p> })
    };
    view! {
        <p class="readings-file" data-readings=readings.all.len().to_string()>
            <b>{readings.file.clone()}</b>
            <span>{summary(readings)}</span>
        </p>
        {outside}
        {rejected(readings)}
        <div class="grid">{cell_choice(brought, readings)}{side_choice(brought)}{shown_choice(brought)}</div>
        <ErrorView />
        <learn::Learn />
        <div class="row">
            <button type="button" class="quiet" data-action="columns" on:click=move |_| brought.asking.set(true)>
                "Columns…"
            </button>
            <button type="button" class="quiet" data-action="forget-readings" on:click=move |_| brought.clear()>
                "Remove"
            </button>
        </div>
    }
}

/// Whose readings count, where there are several cells.
fn cell_choice(brought: Brought, readings: &Readings) -> Option<impl IntoView + use<>> {
    let names = readings.cells.clone();
    let option = move |(i, name): (usize, String)| view! { <option value=i.to_string()>{name}</option> };
    let apply = move |ev: leptos::ev::Targeted<leptos::ev::Event, HtmlSelectElement>| {
        brought.cell.set(ev.target().value().parse().ok());
    };
    (names.len() > 1).then(|| {
        view! {
            <div class="field">
                <label for="readings-cell">"Cell"</label>
                <div class="box">
                    <select id="readings-cell" name="readings-cell" on:change:target=apply>
                        <option value="">"All"</option>
                        {names.into_iter().enumerate().map(option).collect_view()}
                    </select>
                </div>
            </div>
        }
    })
}

/// Over which squares readings are averaged.
fn side_choice(brought: Brought) -> impl IntoView {
    let apply = move |ev: leptos::ev::Targeted<leptos::ev::Event, HtmlSelectElement>| {
        brought.side.set(ev.target().value().parse().unwrap_or_default());
    };
    let apply_least = move |ev: leptos::ev::Targeted<leptos::ev::Event, HtmlSelectElement>| {
        brought.least.set(Least(ev.target().value().parse().unwrap_or(LEAST[0])));
    };
    let least = move |n: u32| {
        let text = if n == 1 { "Any number".into() } else { format!("At least {n}") };
        view! { <option value=n.to_string() selected=move || brought.least.get() == Least(n)>{text}</option> }
    };
    let option = move |side: f64| {
        let text = if side > 0.0 { format!("Squares of {side} m") } else { "Each by itself".into() };
        view! { <option value=side.to_string() selected=move || brought.side.get() == side>{text}</option> }
    };
    view! {
        <div class="field">
            <label for="readings-side">"Averaged"</label>
            <div class="box">
                <select id="readings-side" name="readings-side" on:change:target=apply>
                    {SIDES.map(option).into_iter().collect_view()}
                </select>
            </div>
        </div>
        <Show when=move || { brought.side.get() > 0.0 }>
            <div class="field">
                <label for="readings-least">"Readings a square"</label>
                <div class="box">
                    <select id="readings-least" name="readings-least" on:change:target=apply_least>
                        {LEAST.map(least).into_iter().collect_view()}
                    </select>
                </div>
            </div>
        </Show>
    }
}

/// What the dots show.
fn shown_choice(brought: Brought) -> impl IntoView {
    let apply = move |ev: leptos::ev::Targeted<leptos::ev::Event, HtmlSelectElement>| {
        let value = ev.target().value();
        let chosen = Shown::ALL.into_iter().find(|(_, name, _)| *name == value);
        if let Some((shown, ..)) = chosen {
            brought.shown.set(shown);
        }
    };
    let option = move |(shown, name, text): (Shown, &'static str, &'static str)| {
        view! { <option value=name selected=move || brought.shown.get() == shown>{text}</option> }
    };
    view! {
        <div class="field wide">
            <label for="readings-shown">"Dots show"</label>
            <div class="box">
                <select id="readings-shown" name="readings-shown" on:change:target=apply>
                    {Shown::ALL.map(option).into_iter().collect_view()}
                </select>
            </div>
        </div>
        <Show when=move || brought.shown.get() == Shown::Error>
            <div class="wide legend-ends error-legend">
                <div class="legend-bar" style:background=gradient(Quantity::Difference)></div>
                <span>{format!("−{DIFFERENCE_LIMIT:.0} dB")}<small>"measured stronger"</small></span>
                <span class="end">{format!("+{DIFFERENCE_LIMIT:.0} dB")}<small>"predicted stronger"</small></span>
            </div>
        </Show>
    }
}

/// How many, of what, and how strong.
fn summary(readings: &Readings) -> String {
    let levels = readings.all.iter().map(|r| r.level.0);
    let (low, high) = levels.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), l| (low.min(l), high.max(l)));
    let of = |names: &[String], what: &str| match names {
        [] => String::new(),
        [name] => format!(" · {what} {name}"),
        names => format!(" · {} {what}s", grouped(names.len() as u64)),
    };
    let (count, quantity) = (grouped(readings.all.len() as u64), &readings.quantity);
    let names = of(&readings.cells, "cell") + &of(&readings.devices, "device");
    format!("{count} × {quantity}{names} · {low:.0} to {high:.0} dBm")
}

/// The lines that are no reading, by reason.
fn rejected(readings: &Readings) -> Option<impl IntoView + use<>> {
    let count = readings.rejected.count();
    let line = |text: String| view! { <li>{text}</li> };
    let reasons = readings.rejected.by_reason().into_iter().map(|(reason, refusal)| {
        let named: Vec<String> = refusal.lines.iter().take(LINES).map(ToString::to_string).collect();
        let more = if refusal.count as usize > named.len() { " …" } else { "" };
        let word = if refusal.count == 1 { "line" } else { "lines" };
        line(format!("{} × {reason}: {word} {}{more}", grouped(refusal.count), named.join(", ")))
    });
    let reasons = reasons.collect_view();
    let summary = format!("{} {} no reading", grouped(count), if count == 1 { "line is" } else { "lines are" });
    (count > 0).then(|| {
        view! {
            <details class="rejected" data-rejected=count.to_string()>
                <summary>{summary}</summary>
                <ul>{reasons}</ul>
            </details>
        }
    })
}

/// A number in groups of three digits.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join("\u{202f}")
}

/// Keeps the map's dots at the readings that count, in the colours of the legend of levels or of errors.
pub fn follow(store: Store, with_map: impl Fn(&dyn Fn(&CityMap)) + Copy + 'static) {
    let brought: Brought = expect_context();
    brought.follow();
    let site = Memo::new(move |_| store.scenario.with(|s| s.sites.first().map(|s| s.position)));
    let dots = Memo::new(move |_| {
        if brought.shown.get() == Shown::Nothing {
            return Arc::default();
        }
        let Some((chosen, site)) = brought.band.get().zip(site.get()) else { return brought.counted() };
        let frame = LocalFrame::new(site);
        let inside = |r: &&Reading| band(frame.to_local(r.at).length()) == chosen;
        Arc::new(brought.counted().iter().filter(inside).copied().collect::<Vec<_>>())
    });
    Effect::new(move |_| {
        let places: Vec<f64> = dots.with(|dots| dots.iter().flat_map(|r| [r.at.lon, r.at.lat]).collect());
        with_map(&|m| m.set_readings(&places));
    });
    let ends = Memo::new(move |_| store.scenario.with(|s| s.view.ends(Aspect::Signal)));
    let front = Memo::new(move |_| store.scenario.with(|s| s.view.layer));
    Effect::new(move |_| {
        let (dots, (low, high)) = (dots.get(), ends.get());
        let levels = Quantity::from(Aspect::Signal).scale();
        let level = |r: &Reading| levels.rgb(((r.level.0 - low) / (high - low)).clamp(0.0, 1.0) as f32);
        let engine = ENGINES.into_iter().find(|engine| Layer::from(*engine) == front.get());
        let engine = engine.filter(|_| brought.shown.get() == Shown::Error);
        let errors = Quantity::Difference.scale();
        let error = |engine, r: &Reading| {
            let error = store.value(engine, r.at).map(|v| f64::from(v) - r.level.0);
            error.map_or(SILENT, |e| errors.rgb((0.5 + e / (2.0 * DIFFERENCE_LIMIT)).clamp(0.0, 1.0) as f32))
        };
        let colour = |r: &Reading| engine.map_or_else(|| level(r), |engine| error(engine, r));
        let colours: Vec<u8> = dots.iter().flat_map(colour).collect();
        with_map(&|m| m.paint_readings(&colours));
    });
}
