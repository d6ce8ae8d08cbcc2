//! The page: Leptos components around the map. It computes nothing; the workers do.

mod address;
mod aspects;
mod cities;
mod city_map;
mod crew;
mod dialogue;
mod draft;
mod engines;
mod fields;
mod files;
mod help;
mod hook;
mod icons;
mod inquiry;
mod keys;
mod layers;
mod legend;
mod lessons;
mod models;
mod notices;
mod panel;
mod paths;
mod profile;
mod rays;
mod readings;
mod readout;
mod run;
mod store;

use crate::geodesy::LonLat;
use crate::scenario::is_name;
use crate::worker::protocol::{BackendChoice, Open, Source};
use aspects::{AspectChoice, SectorChoice};
use cities::{Cities, CityButton, Heights};
use city_map::{CityMapView, MapHandle};
use engines::Engines;
use help::Help;
use layers::{LayerToggle, StatusLine};
use legend::Legend;
use leptos::prelude::*;
use lessons::Lessons;
use models::Misfit;
use notices::Notices;
use panel::Fields;
use paths::{Paths, PathsButton};
use readings::{Brought, Columns, ReadingsGroup, Report};
use readout::Readout;
use std::rc::Rc;
use std::time::Duration;
use store::{Retry, Store};

/// The maps follow a change after this rest.
const DEBOUNCE: Duration = Duration::from_millis(90);
/// How long the word "copied" stays.
const COPIED: Duration = Duration::from_millis(1600);
/// Windows narrower than this start with the panel folded, as in `www/panel.css`.
const NARROW: f64 = 720.0;

/// Mounts the page.
pub fn mount() {
    console_error_panic_hook::set_once();
    mount_to_body(App);
}

/// The page.
#[component]
pub fn App() -> impl IntoView {
    let opening = address::read();
    let store = Store::new(opening.scenario, opening.camera);
    store.arriving.set(opening.arriving);
    provide_context(store);
    if let Some(notice) = opening.trouble {
        store.notify(notice);
    }
    let map: MapHandle = RwSignal::new_local(None);
    let help = RwSignal::new(false);
    let cities = RwSignal::new(false);
    let folded = RwSignal::new(is_narrow());

    let open = Open {
        name: String::new(),
        source: Source::default(),
        site: LonLat::default(),
        model_url: store.scenario.with_untracked(|s| models::address(&s.engines.model)),
        backend: backend_choice(),
    };
    let lessons = Lessons::new();
    provide_context(lessons);
    let engines = StoredValue::new_local(Engines::new(store, lessons, open));
    provide_context(engines);
    let with_engines = move |act: &dyn Fn(&Rc<Engines>)| engines.with_value(act);
    let city = Memo::new(move |_| store.scenario.with(|s| s.city.clone()));
    let source = Signal::derive(move || {
        store.reread.track();
        source_of(&city.get())
    });

    // The workers load once the map stands, so that the page can be used first.
    let started = RwSignal::new(false);
    let on_ready = Callback::new(move |()| started.set(true));
    Effect::new(move |_| {
        if started.get() {
            let (name, source) = (city.get(), source.get());
            with_engines(&|e| e.open(&name, &source));
        }
    });
    let waiting = StoredValue::new_local(None::<TimeoutHandle>);
    Effect::new(move |_| {
        store.scenario.track();
        if let Some(handle) = waiting.with_value(|w| *w) {
            handle.clear();
        }
        let ask = move || with_engines(&|e| e.request());
        waiting.set_value(set_timeout_with_handle(ask, DEBOUNCE).ok());
    });

    let stop = Callback::new(move |()| with_engines(&|e| e.stop()));
    let again = Callback::new(move |()| with_engines(&|e| e.again()));
    let retry = Callback::new(move |what| {
        if what == Retry::City {
            store.reread.update(|n| *n += 1);
        } else {
            with_engines(&|e| e.retry(what));
        }
    });
    let brought = Brought::default();
    provide_context(brought);
    if let Some(readings) = opening.readings {
        brought.carry(readings);
    }
    address::follow(store, brought);
    keys::listen(store, keys::Verbs { stop, help, cities });
    files::listen(store, brought, cities);
    models::provide();
    hook::expose(store, map);

    view! {
        <CityMapView map=map source=source on_ready=on_ready />
        <aside class="panel" class:folded=move || folded.get() aria-label="Scenario">
            <Header help=help folded=folded />
            <CityButton open=cities />
            <Heights />
            <LayerToggle />
            <div class="aspects">
                <AspectChoice />
                <SectorChoice />
            </div>
            <StatusLine stop=stop again=again />
            <Misfit />
            <Legend />
            <div class="fields" id="fields">
                <ReadingsGroup />
                <Fields />
            </div>
        </aside>
        <PathsButton />
        <Paths />
        <Notices retry=retry />
        <Readout />
        <Help open=help />
        <Cities open=cities />
        <Columns />
        <Report />
    }
}

/// The name and the verbs that concern the whole scenario.
#[component]
fn Header(help: RwSignal<bool>, folded: RwSignal<bool>) -> impl IntoView {
    let store: Store = expect_context();
    let brought: Brought = expect_context();
    let copied = RwSignal::new(None::<&'static str>);
    let copy = move |_| {
        leptos::task::spawn_local(async move {
            let said = if address::copy(store, brought).await.is_ok() {
                "Link copied"
            } else {
                "Copy it from the address bar"
            };
            copied.set(Some(said));
            set_timeout(move || copied.set(None), COPIED);
        });
    };
    let can_undo = Memo::new(move |_| store.history.with(crate::scenario::History::can_undo));
    let can_redo = Memo::new(move |_| store.history.with(crate::scenario::History::can_redo));
    view! {
        <header class="head">
            {icons::mark()}
            <h1>"Farfield"</h1>
            <div class="verbs">
                <button type="button" class="icon" data-action="undo" aria-label="Undo" title="Undo (Ctrl Z)"
                    disabled=move || !can_undo.get() on:click=move |_| store.undo()>{icons::undo()}</button>
                <button type="button" class="icon" data-action="redo" aria-label="Redo" title="Redo (Ctrl Shift Z)"
                    disabled=move || !can_redo.get() on:click=move |_| store.redo()>{icons::redo()}</button>
                <button type="button" class="icon" data-action="copy" aria-label="Copy the link"
                    title="Copy the link to this scenario" on:click=copy>{icons::link()}</button>
                <button type="button" class="icon" data-action="help" aria-label="Help and keys"
                    title="Help and keys (?)" on:click=move |_| help.update(|h| *h = !*h)>{icons::help()}</button>
                <button type="button" class="icon fold" data-action="fold" aria-controls="fields"
                    aria-label="Fold the panel" aria-expanded=move || (!folded.get()).to_string()
                    on:click=move |_| folded.update(|f| *f = !*f)>{icons::chevron()}</button>
            </div>
            <span class="copied" role="status">{move || copied.get()}</span>
        </header>
    }
}

/// Where a city's archive is read: one that ships with the page, by its name, a file that the user opened, or an address.
fn source_of(city: &str) -> Source {
    if city.starts_with(files::SCHEME) {
        return files::source_of(city);
    }
    let url = absolute(&if is_name(city) { format!("cities/{city}.pmtiles") } else { city.into() });
    Source { url, beside: Vec::new() }
}

/// An address against the page's own.
pub fn absolute(address: &str) -> String {
    let base = document().base_uri().ok().flatten().unwrap_or_default();
    web_sys::Url::new_with_base(address, &base).map_or_else(|_| address.into(), |url| url.href())
}

fn backend_choice() -> BackendChoice {
    match address::query("backend").as_deref() {
        Some("gpu") => BackendChoice::Gpu,
        Some("cpu") => BackendChoice::Cpu,
        _ => BackendChoice::Auto,
    }
}

fn is_narrow() -> bool {
    window().inner_width().ok().and_then(|w| w.as_f64()).is_some_and(|w| w < NARROW)
}
