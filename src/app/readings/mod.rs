//! The readings that the user brings: the lines that tell what was read, and the dots on the map. They stay in this tab.

mod columns;
mod counted;
mod errors;
mod learn;
mod verdict;

pub use columns::Columns;
pub use counted::Counted;
pub use verdict::Report;

use super::city_map::CityMap;
use super::engines::ENGINES;
use super::files;
use super::legend::{DIFFERENCE_LIMIT, gradient};
use super::lessons::{Lessons, Sighted};
use super::store::{Notice, Store, Tone, Topic};
use crate::coverage::Quantity;
use crate::geodesy::{LocalFrame, LonLat};
use crate::readings::{MOST_IN_LINK, Outcome, Question, Reading, Readings, Sites, packed};
use crate::scenario::{Aspect, Layer, Sector};
use counted::{Choice, MOST_DOTS};
use errors::{ErrorView, Group, band};
use js_sys::Date;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::sync::Arc;
use wasm_bindgen::JsValue;
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
    /// Whose dots are shown; all where there is none.
    group: RwSignal<Option<Group>>,
    /// What of them counts.
    counted: RwSignal<Arc<Counted>>,
    /// How many lie outside of the city.
    outside: RwSignal<usize>,
    /// Whether the link is to carry what counts.
    shared: RwSignal<bool>,
    /// What of them the link carries, as [`packed`] writes it.
    pub in_link: RwSignal<Option<Arc<str>>>,
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

/// Most cells to choose from: those with the most readings.
const MOST_CELLS: usize = 500;
/// What may be chosen for it.
const LEAST: [u32; 5] = [1, 2, 3, 5, 10];
/// Sides of squares to choose from, metres.
const SIDES: [f64; 6] = [0.0, 5.0, 10.0, 25.0, 50.0, 100.0];
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
            // What one file was asked for is not asked for of the next.
            self.shared.set(false);
            self.cell.set(None);
            self.group.set(None);
            // Nothing of another file counts any more, not even for a moment.
            self.counted.set(Arc::default());
            self.readings.set(Some(Arc::new(*readings)));
        }
    }

    /// Takes readings in that a link has carried; it goes on to.
    pub fn carry(self, readings: Readings) {
        self.clear();
        self.shared.set(true);
        self.readings.set(Some(Arc::new(readings)));
    }

    /// Forgets the address of a file that came to nothing, unless it still is that of the readings.
    pub fn release(self, address: &str) {
        if self.asked.with_untracked(|asked| asked.as_ref().is_none_or(|asked| asked.address != address)) {
            let _ = Url::revoke_object_url(address);
        }
    }

    /// Keeps what counts at what was chosen, and what lies outside at the city.
    fn follow(self, store: Store) {
        let newest = newest();
        Effect::new(move |_| {
            let choice = Choice { cell: self.cell.get(), side: self.side.get(), least: self.least.get() };
            let (readings, wanted) = (self.readings.get(), newest());
            spawn_local(async move {
                let all = readings.as_ref().map_or(&[][..], |r| &r.all);
                if let Some(counted) = Counted::of(all, choice, wanted).await {
                    self.counted.set(Arc::new(counted));
                }
            });
        });
        Effect::new(move |_| {
            let shared = self.shared.get();
            let letters = shared.then(|| self.letters()).flatten();
            // What became too much for a link is not taken up again unasked.
            if shared && letters.is_none() && self.counted.with(|counted| !counted.readings.is_empty()) {
                self.shared.set(false);
            }
            self.in_link.set(letters.map(Arc::from));
        });
        let newest = self::newest();
        Effect::new(move |_| {
            let (readings, city, wanted) = (self.readings.get(), store.city.get(), newest());
            spawn_local(async move {
                let Some((readings, city)) = readings.zip(city) else { return self.outside.set(0) };
                if let Some(count) = counted::outside(&readings.all, &city, wanted).await {
                    self.outside.set(count);
                }
            });
        });
    }

    /// What counts as a link carries it; nothing where that is too much.
    fn letters(self) -> Option<String> {
        self.readings.with(|readings| self.counted.with(|counted| packed(readings.as_ref()?, &counted.readings)))
    }

    /// Puts the readings away.
    fn clear(self) {
        if let Some(asked) = self.asked.get_untracked() {
            let _ = Url::revoke_object_url(&asked.address);
        }
        self.counted.set(Arc::default());
        self.readings.set(None);
        self.asked.set(None);
        self.cell.set(None);
        self.group.set(None);
        self.shared.set(false);
    }
}

/// Numbers what is begun: each call gives a question whether it still is the last.
fn newest() -> impl Fn() -> Box<dyn Fn() -> bool> + Copy + 'static {
    let last = StoredValue::new(0u32);
    move || {
        last.update_value(|n| *n += 1);
        let mine = last.get_value();
        Box::new(move || last.try_get_value() == Some(mine))
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
    store.edit(None, |s| {
        s.sites.clone_from(places);
        s.view.sector = None;
    });
    let text = told.join(" ");
    store.notify(Notice { topic: Topic::File, tone: Tone::Info, text, retry: None });
}

/// Turns the camera to readings that lie out of its sight.
fn come_along(store: Store, readings: &Readings) {
    // Of very many, every so manyth tells as well where they are.
    let stride = readings.all.len() / MOST_DOTS + 1;
    let frame = LocalFrame::new(store.camera.with_untracked(|c| c.centre));
    if readings.all.iter().step_by(stride).any(|r| frame.to_local(r.at).length() < NEAR) {
        return;
    }
    let middle = |of: fn(&LonLat) -> f64| {
        let mut all: Vec<f64> = readings.all.iter().step_by(stride).map(|r| of(&r.at)).collect();
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
            <span>"Measured levels to compare with: drop a CSV, GeoJSON or Parquet, or choose one. It stays on this machine. A CSV with azimuths brings sites."</span>
            <input type="file" name="readings" accept=files::ACCEPT_READINGS on:change:target=pick />
        </label>
    }
}

/// What was read, and what was not.
fn told(brought: Brought, readings: &Readings) -> impl IntoView + use<> {
    let count = readings.all.len();
    let outside = move || {
        let text = match brought.outside.get() {
            0 => None,
            n if n == count => Some("None of them lies in this city.".to_owned()),
            1 => Some("One of them lies outside of this city.".to_owned()),
            n => Some(format!("{} of them lie outside of this city.", grouped(n as u64))),
        };
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
        <Sharing />
        <div class="row">
            <Show when=move || brought.asked.with(Option::is_some)>
                <button type="button" class="quiet" data-action="columns" on:click=move |_| brought.asking.set(true)>
                    "Columns…"
                </button>
            </Show>
            <button type="button" class="quiet" data-action="forget-readings" on:click=move |_| brought.clear()>
                "Remove"
            </button>
        </div>
    }
}

/// Whether the link carries the readings, and how long that makes it.
#[component]
fn Sharing() -> impl IntoView {
    let brought: Brought = expect_context();
    let size = Memo::new(move |_| brought.letters().map(|letters| letters.len()));
    let text = move || match size.get() {
        Some(size) => format!("In the link, which gets {} longer: whoever has it sees these readings", kilobytes(size)),
        None => {
            format!("A link carries at most {} readings: choose a cell or average them", grouped(MOST_IN_LINK as u64))
        }
    };
    view! {
        <label class="check">
            <input type="checkbox" name="readings-in-link" disabled=move || size.get().is_none()
                prop:checked=move || brought.shared.get() && size.get().is_some()
                on:change=move |_| brought.shared.update(|shared| *shared = !*shared) />
            <span>{text}</span>
        </label>
    }
}

/// A length in bytes or kilobytes.
fn kilobytes(bytes: usize) -> String {
    if bytes < 1000 { format!("{bytes} bytes") } else { format!("{:.0} kB", bytes as f64 / 1e3) }
}

/// Whose readings count, where there are several cells.
fn cell_choice(brought: Brought, readings: &Readings) -> Option<impl IntoView + use<>> {
    let mut counts: Vec<(u32, usize)> = readings.summary.of_cells.iter().copied().zip(0..).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let left_out = counts.len().saturating_sub(MOST_CELLS);
    counts.truncate(MOST_CELLS);
    counts.sort_unstable_by_key(|(_, cell)| *cell);
    let names: Vec<(usize, String)> =
        counts.into_iter().map(|(_, cell)| (cell, readings.cells[cell].clone())).collect();
    let option = move |(i, name): (usize, String)| view! { <option value=i.to_string()>{name}</option> };
    let rest = (left_out > 0).then(|| {
        let text = format!("{} with fewer readings", grouped(left_out as u64));
        view! { <option disabled>{text}</option> }
    });
    let store: Store = expect_context();
    let apply = move |ev: leptos::ev::Targeted<leptos::ev::Event, HtmlSelectElement>| {
        let cell: Option<u32> = ev.target().value().parse().ok();
        brought.cell.set(cell);
        // Of the scenario's sectors the one that was measured is judged.
        let name = brought.readings.with_untracked(|r| r.as_ref()?.cells.get(cell? as usize).cloned());
        let is_it = |s: &Sector| Some(&s.name) == name.as_ref();
        let sector = store.scenario.with_untracked(|s| s.sites.iter().flat_map(|s| &s.sectors).position(is_it));
        store.show(|v| v.sector = sector.map(|number| number as u32));
    };
    (names.len() > 1).then(|| {
        view! {
            <div class="field">
                <label for="readings-cell">"Cell"</label>
                <div class="box">
                    <select id="readings-cell" name="readings-cell" on:change:target=apply>
                        <option value="">"All"</option>
                        {names.into_iter().map(option).collect_view()}
                        {rest}
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
    let coarser = move || {
        let taken = brought.counted.with(|counted| counted.side);
        let text = move || {
            format!(
                "Averaged over squares of {taken} m: more than {} dots would be too many.",
                grouped(MOST_DOTS as u64)
            )
        };
        (taken > brought.side.get()).then(|| view! { <p class="hint wide">{text()}</p> })
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
        {coarser}
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
    let (low, high) = readings.summary.levels.unwrap_or_default();
    let of = |names: &[String], what: &str| match names {
        [] => String::new(),
        [name] => format!(" · {what} {name}"),
        names => format!(" · {} {what}s", grouped(names.len() as u64)),
    };
    let (count, quantity) = (grouped(readings.all.len() as u64), &readings.quantity);
    let names = of(&readings.cells, "cell") + &of(&readings.devices, "device");
    format!("{count} × {quantity}{names} · {low:.0} to {high:.0} dBm{}", span(readings))
}

/// From when to when they were measured, by the file's clock.
fn span(readings: &Readings) -> String {
    let Some((first, last)) = readings.summary.times else { return String::new() };
    // Day and minute, as ISO 8601 writes them.
    let told = |seconds: f64| {
        let text: String = Date::new(&JsValue::from_f64(1e3 * seconds)).to_iso_string().into();
        (text.get(..10).unwrap_or_default().to_owned(), text.get(11..16).unwrap_or_default().to_owned())
    };
    let ((day, from), (last_day, to)) = (told(first), told(last));
    if day == last_day { format!(" · {day} {from}–{to}") } else { format!(" · {day} to {last_day}") }
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
    brought.follow(store);
    learn::follow(store, brought);
    let lessons: Lessons = expect_context();
    let site = Memo::new(move |_| store.scenario.with(|s| s.shown().sites.first().map(|s| s.position)));
    let dots = Memo::new(move |_| {
        if brought.shown.get() == Shown::Nothing {
            return Arc::default();
        }
        let counted = brought.counted.get();
        let frame = site.get().map(LocalFrame::new);
        let sight = lessons.sight.with(|sight| Sighted::of(sight.as_ref(), &counted));
        let Some(group) = brought.group.get() else { return counted };
        let is_of_it = |(i, r): &(usize, &Reading)| match group {
            Group::Band(number) => frame.as_ref().is_some_and(|f| band(f.to_local(r.at).length()) == number),
            Group::Sight(seen) => sight.as_ref().is_some_and(|sight| sight.get(*i) == Some(&Some(seen))),
        };
        let readings = counted.readings.iter().enumerate().filter(is_of_it).map(|(_, r)| *r).collect();
        Arc::new(Counted { readings, side: counted.side })
    });
    Effect::new(move |_| {
        let places: Vec<f64> = dots.with(|dots| dots.readings.iter().flat_map(|r| [r.at.lon, r.at.lat]).collect());
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
        let error = |predicted: Option<f32>, r: &Reading| {
            let error = predicted.map(|p| f64::from(p) - r.level.0);
            error.map_or(SILENT, |e| errors.rgb((0.5 + e / (2.0 * DIFFERENCE_LIMIT)).clamp(0.0, 1.0) as f32))
        };
        let all = &dots.readings;
        let colours: Vec<u8> = match engine {
            None => all.iter().flat_map(level).collect(),
            Some(engine) => store.city.with(|city| {
                store.desk(engine).made.with(|made| {
                    let map = made.as_ref().zip(city.as_ref()).map(|(made, city)| (&made.map, city.frame()));
                    let at = |r: &Reading| map.as_ref().and_then(|(map, frame)| map.at(frame.to_local(r.at)));
                    all.iter().flat_map(|r| error(at(r), r)).collect()
                })
            }),
        };
        with_map(&|m| m.paint_readings(&colours));
    });
}
