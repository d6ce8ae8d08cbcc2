//! The legend: what the colours mean, with ends that the user can move, and the pictures made by it.

use super::store::{Store, round};
use crate::coverage::colour::colourise;
use crate::coverage::{CoverageMap, Quantity};
use crate::scenario::{Layer, View};
use leptos::prelude::*;
use web_sys::HtmlInputElement;

/// Both ends of the legend of differences, dB.
pub const DIFFERENCE_LIMIT: f64 = 30.0;
/// Opacity of levels below the legend's lower end, of 255.
const FAINT: u8 = 70;
/// Colours in the legend's gradient.
const STOPS: usize = 24;

/// The legend of the map in front.
#[component]
pub fn Legend() -> impl IntoView {
    let store: Store = expect_context();
    let view = Memo::new(move |_| store.scenario.with(|s| s.view));
    let is_difference = Memo::new(move |_| view.get().layer == Layer::Difference);
    let colours = move || gradient(if is_difference.get() { Quantity::Difference } else { Quantity::Rsrp });
    let limit = DIFFERENCE_LIMIT;
    view! {
        <section class="legend" aria-label="Legend">
            <div class="legend-bar" style:background=colours></div>
            <Show
                when=move || is_difference.get()
                fallback=move || view! {
                    <div class="legend-ends">
                        <End name="legend-min" label="Lower end of the legend, dBm" get=|v| v.range.0 set=|v, x| v.range.0 = x />
                        <span class="legend-mid">"· fainter below"</span>
                        <End name="legend-max" label="Upper end of the legend, dBm" get=|v| v.range.1 set=|v, x| v.range.1 = x />
                    </div>
                }
            >
                <div class="legend-ends">
                    <span>{format!("−{limit:.0} dB")}<small>"ray traced stronger"</small></span>
                    <span class="legend-mid">"0"</span>
                    <span class="end">{format!("+{limit:.0} dB")}<small>"learned stronger"</small></span>
                </div>
            </Show>
            <label class="opacity">
                <span>"Opacity"</span>
                <input
                    type="range"
                    name="opacity"
                    min="0"
                    max="1"
                    step="0.05"
                    prop:value=move || view.get().opacity
                    on:input:target=move |ev| {
                        if let Ok(value) = ev.target().value().parse::<f64>() {
                            store.show(|v| v.opacity = value);
                        }
                    }
                />
            </label>
        </section>
    }
}

/// One end of the legend.
#[component]
fn End(name: &'static str, label: &'static str, get: fn(&View) -> f64, set: fn(&mut View, f64)) -> impl IntoView {
    let store: Store = expect_context();
    let shown = move || round(store.scenario.with(|s| get(&s.view)), 1).to_string();
    let apply = move |ev: leptos::ev::Targeted<leptos::ev::Event, HtmlInputElement>| {
        if let Ok(value) = ev.target().value().parse::<f64>() {
            store.show(|v| set(v, value));
        }
        // An end that makes no legend, such as a lower one above the upper, springs back.
        ev.target().set_value(&shown());
    };
    view! {
        <span class="legend-end">
            <input type="number" name=name aria-label=label step="5" prop:value=shown on:change:target=apply />
            <small>"dBm"</small>
        </span>
    }
}

/// The picture of a map: RGBA rows from the north. Levels below the lower end are faint, so that what counts as coverage
/// stands out. The opacity of the whole is the map's affair.
pub fn picture(map: &CoverageMap, range: (f64, f64)) -> Vec<u8> {
    let mut rgba = colourise(map, range, map.quantity.scale(), 1.0);
    if map.quantity == Quantity::Difference {
        return rgba;
    }
    let rows = map.values.chunks_exact(map.grid.nx as usize).rev();
    for (value, pixel) in rows.flatten().zip(rgba.chunks_exact_mut(4)) {
        if f64::from(*value) < range.0 {
            pixel[3] = FAINT;
        }
    }
    rgba
}

/// The colours of the legend from its lower to its upper end.
fn gradient(quantity: Quantity) -> String {
    let colour = |i: usize| {
        let [r, g, b] = quantity.scale().rgb(i as f32 / STOPS as f32);
        format!("rgb({r} {g} {b})")
    };
    let stops: Vec<String> = (0..=STOPS).map(colour).collect();
    format!("linear-gradient(90deg, {})", stops.join(", "))
}
