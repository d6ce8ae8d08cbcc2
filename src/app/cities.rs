//! Which city: the ones that ship with the page, any archive by its address, or a file dropped on the map.

use super::dialogue::Dialogue;
use super::engines::ENGINES;
use super::files;
use super::icons;
use super::readings::Brought;
use super::store::{Activity, Store};
use crate::city::HeightShares;
use leptos::prelude::*;

/// The cities that ship with the page: their names in links, and as the user reads them.
const SHIPPED: [(&str, &str, &str); 5] = [
    ("munich", "Munich", "Germany"),
    ("helsinki", "Helsinki", "Finland"),
    ("paris-etoile", "Paris, Étoile", "France"),
    ("florence", "Florence", "Italy"),
    ("san-francisco", "San Francisco", "United States"),
];

/// The button in the panel that tells which city is open, and opens the choice.
#[component]
pub fn CityButton(open: RwSignal<bool>) -> impl IntoView {
    let store: Store = expect_context();
    let name = Memo::new(move |_| store.scenario.with(|s| s.city.clone()));
    let facts = move || {
        store.city.with(|c| {
            c.as_ref().map(|c| {
                let size = (c.north_east - c.south_west) / 1000.0;
                format!("{} buildings · {:.1} × {:.1} km", c.heights.total(), size.x, size.y)
            })
        })
    };
    let reading = move || ENGINES.into_iter().any(|e| store.desk(e).activity.with(|a| *a == Activity::Loading));
    let instead = move || if reading() { "Reading the city…" } else { "can't be read" };
    view! {
        <button
            type="button"
            class="city-button"
            data-action="cities"
            aria-haspopup="dialog"
            title="Choose a city (C)"
            on:click=move |_| open.set(true)
        >
            <span class="city-name">{move || title(&name.get())}</span>
            <span class="facts">{move || facts().unwrap_or_else(|| instead().into())}</span>
            {icons::chevron()}
        </button>
    }
}

/// The line that tells how the heights of the city are known: what is predicted is no better than they are.
#[component]
pub fn Heights() -> impl IntoView {
    let store: Store = expect_context();
    let shares = Memo::new(move |_| store.city.with(|c| c.as_ref().map(|c| c.heights)));
    let line = move |shares: HeightShares| {
        let assumed = shares.mostly_assumed();
        let title = "Where the heights of the buildings come from";
        view! {
            <p class="heights" class:assumed=assumed data-heights="" title=title>
                {format!("Heights: {shares}")}
                {assumed.then_some(". Shadows are rough.")}
            </p>
        }
    };
    move || shares.get().map(line)
}

/// The choice.
#[component]
pub fn Cities(open: RwSignal<bool>) -> impl IntoView {
    let store: Store = expect_context();
    let brought: Brought = expect_context();
    let choose = move |city: &str| {
        open.set(false);
        store.choose_city(city);
    };
    let card = move |(name, title, country): (&'static str, &'static str, &'static str)| {
        let current = move || store.scenario.with(|s| s.city == name);
        view! {
            <button
                type="button"
                class="city-card"
                data-city=name
                aria-current=move || current().then_some("true")
                on:click=move |_| choose(name)
            >
                <img src=format!("cities/{name}.png") alt="" loading="lazy" width="360" height="200" />
                <b>{title}</b>
                <small>{country}</small>
            </button>
        }
    };
    let cards = move || SHIPPED.map(card).into_iter().collect_view();
    let address = move |ev: leptos::ev::SubmitEvent| {
        ev.prevent_default();
        let typed = event_target::<web_sys::HtmlFormElement>(&ev)
            .elements()
            .named_item("city-address")
            .and_then(|e| wasm_bindgen::JsCast::dyn_into::<web_sys::HtmlInputElement>(e).ok())
            .map(|input| input.value().trim().to_owned());
        if let Some(url) = typed.filter(|t| !t.is_empty()) {
            choose(&url);
        }
    };
    let picked = move |ev: leptos::ev::Targeted<leptos::ev::Event, web_sys::HtmlInputElement>| {
        if let Some(files) = ev.target().files().filter(|files| files.length() > 0) {
            open.set(false);
            files::open(store, brought, &files);
        }
    };
    view! {
        <Dialogue open=open title="Choose a city" name="cities">
            <div class="city-cards">{cards()}</div>
            <form class="city-address" on:submit=address>
                <label for="city-address">"Or any PMTiles archive with buildings, by its address"</label>
                <div class="row">
                    <input id="city-address" name="city-address" type="url" required
                        placeholder="https://example.org/city.pmtiles" autocomplete="off" />
                    <button type="submit" class="quiet">"Open"</button>
                </div>
            </form>
            <label class="city-file">
                <input type="file" name="city-file" multiple accept=files::ACCEPT on:change:target=picked />
                <span>
                    "Or drop a file anywhere on the page: an "<b>".osm.pbf"</b>" extract, a "<b>".geojson"</b>" of
                    buildings or a "<b>".pmtiles"</b>" archive, with its terrain if it has one. It stays on this machine."
                </span>
            </label>
        </Dialogue>
    }
}

/// A city as the user reads it: by its own name where it ships with the page, else by that of its archive.
fn title(city: &str) -> String {
    if let Some((_, title, _)) = SHIPPED.iter().find(|(name, ..)| *name == city) {
        return (*title).into();
    }
    let path = city.split(['?', '#']).next().unwrap_or(city);
    let file = path.rsplit(['/', ':']).next().filter(|f| !f.is_empty()).unwrap_or(path);
    file.trim_end_matches(".pmtiles").into()
}
