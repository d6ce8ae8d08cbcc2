//! The choice of what the ray tracer's map tells: the signal, or how its paths arrive.

use super::store::Store;
use crate::scenario::{Aspect, Layer};
use leptos::prelude::*;

/// The aspects to choose from: value, name in the document, and what the user reads.
const ASPECTS: [(Aspect, &str, &str); 5] = [
    (Aspect::Signal, "signal", "Signal (RSRP)"),
    (Aspect::DelaySpread, "delay-spread", "Delay spread"),
    (Aspect::AzimuthOfArrival, "azimuth-of-arrival", "Angle of arrival"),
    (Aspect::AzimuthSpread, "azimuth-spread", "Angular spread"),
    (Aspect::ElevationOfArrival, "elevation-of-arrival", "Elevation of arrival"),
];

/// The choice, while the ray tracer's map is in front.
#[component]
pub fn AspectChoice() -> impl IntoView {
    let store: Store = expect_context();
    let view = Memo::new(move |_| store.scenario.with(|s| (s.view.layer, s.view.aspect)));
    let is_traced = Memo::new(move |_| view.get().0 == Layer::Traced);
    let chosen = move || ASPECTS.iter().find(|a| a.0 == view.get().1).map_or("", |a| a.1);
    let apply = move |ev: leptos::ev::Targeted<leptos::ev::Event, web_sys::HtmlSelectElement>| {
        let name = ev.target().value();
        if let Some((aspect, ..)) = ASPECTS.iter().find(|a| a.1 == name) {
            store.show(|v| v.aspect = *aspect);
        }
    };
    let option = move |(aspect, name, text): (Aspect, &'static str, &'static str)| {
        view! { <option value=name selected=move || view.get().1 == aspect>{text}</option> }
    };
    view! {
        <Show when=move || is_traced.get()>
            <div class="aspect">
                <label for="aspect">"Show"</label>
                <div class="box">
                    <select id="aspect" name="aspect" prop:value=chosen on:change:target=apply>
                        {ASPECTS.map(option).into_iter().collect_view()}
                    </select>
                </div>
            </div>
        </Show>
    }
}
