//! The choice of what the map in front tells: the signal, how the ray tracer's paths arrive, or how sure the network is; and of
//! which sector.

use super::store::Store;
use crate::scenario::{Aspect, Layer, Scenario, Sector};
use leptos::prelude::*;

/// The aspects to choose from: value, name in the document, and what the user reads.
const ASPECTS: [(Aspect, &str, &str); 6] = [
    (Aspect::Signal, "signal", "Signal (RSRP)"),
    (Aspect::DelaySpread, "delay-spread", "Delay spread"),
    (Aspect::AzimuthOfArrival, "azimuth-of-arrival", "Angle of arrival"),
    (Aspect::AzimuthSpread, "azimuth-spread", "Angular spread"),
    (Aspect::ElevationOfArrival, "elevation-of-arrival", "Elevation of arrival"),
    (Aspect::Deviation, "deviation", "Standard deviation"),
];

/// The choice, while a map is in front that leaves one.
#[component]
pub fn AspectChoice() -> impl IntoView {
    let store: Store = expect_context();
    let layer = Memo::new(move |_| store.scenario.with(|s| s.view.layer));
    let aspect = Memo::new(move |_| store.scenario.with(|s| s.view.front_aspect()));
    let has_choice = Memo::new(move |_| matches!(layer.get(), Layer::Traced | Layer::Learned));
    let chosen = move || ASPECTS.iter().find(|a| a.0 == aspect.get()).map_or("", |a| a.1);
    let apply = move |ev: leptos::ev::Targeted<leptos::ev::Event, web_sys::HtmlSelectElement>| {
        let name = ev.target().value();
        if let Some((aspect, ..)) = ASPECTS.iter().find(|a| a.1 == name) {
            store.show(|v| v.aspect = *aspect);
        }
    };
    let option = move |(of, name, text): (Aspect, &'static str, &'static str)| {
        view! { <option value=name selected=move || aspect.get() == of>{text}</option> }
    };
    let options = move || {
        let layer = layer.get();
        ASPECTS.into_iter().filter(|a| a.0.on(layer) == a.0).map(option).collect_view()
    };
    view! {
        <Show when=move || has_choice.get()>
            <div class="aspect">
                <label for="aspect">"Show"</label>
                <div class="box">
                    <select id="aspect" name="aspect" prop:value=chosen on:change:target=apply>
                        {options}
                    </select>
                </div>
            </div>
        </Show>
    }
}

/// The choice of the sector that is shown, where there are several.
#[component]
pub fn SectorChoice() -> impl IntoView {
    let store: Store = expect_context();
    let names = Memo::new(move |_| store.scenario.with(sector_names));
    let chosen = move || store.scenario.with(|s| s.view.sector.map_or(String::new(), |number| number.to_string()));
    let apply = move |ev: leptos::ev::Targeted<leptos::ev::Event, web_sys::HtmlSelectElement>| {
        let sector = ev.target().value().parse().ok();
        store.show(|v| v.sector = sector);
    };
    let option = move |(number, name): (usize, String)| {
        let (value, own) = (number.to_string(), number.to_string());
        view! { <option value=value selected=move || chosen() == own>{name}</option> }
    };
    view! {
        <Show when=move || names.with(|names| names.len() > 1)>
            <div class="aspect">
                <label for="sector">"Of"</label>
                <div class="box">
                    <select id="sector" name="sector" prop:value=chosen on:change:target=apply>
                        <option value="">"The strongest sector"</option>
                        {move || names.get().into_iter().enumerate().map(option).collect_view()}
                    </select>
                </div>
            </div>
        </Show>
    }
}

/// What the sectors are called, in the order in which they are counted.
pub fn sector_names(scenario: &Scenario) -> Vec<String> {
    let sectors = scenario.sites.iter().flat_map(|site| &site.sectors).enumerate();
    let name = |(number, sector): (usize, &Sector)| match sector.name.as_str() {
        "" => format!("Sector {}", number + 1),
        name => name.to_owned(),
    };
    sectors.map(name).collect()
}
