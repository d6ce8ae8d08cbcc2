//! The legend: what the colours mean, with ends that the user can move, and the pictures made by it.

use super::store::{Store, round};
use crate::coverage::CoverageMap;
use crate::scenario::{Layer, View};
use leptos::prelude::*;
use web_sys::HtmlInputElement;

/// Both ends of the legend of differences, dB.
pub const DIFFERENCE_LIMIT: f64 = 30.0;
/// Colours in the legend's gradient.
const STOPS: usize = 24;

/// The legend of the map in front.
#[component]
pub fn Legend() -> impl IntoView {
    let store: Store = expect_context();
    let view = Memo::new(move |_| store.scenario.with(|s| s.view));
    let is_difference = Memo::new(move |_| view.get().layer == Layer::Difference);
    let limit = DIFFERENCE_LIMIT;
    view! {
        <section class="legend" aria-label="Legend">
            <div class="legend-bar" style:background=move || gradient(is_difference.get())></div>
            <Show
                when=move || is_difference.get()
                fallback=move || view! {
                    <div class="legend-ends">
                        <End name="legend-min" label="Lower end of the legend, dBm" get=|v| v.range.0 set=|v, x| v.range.0 = x />
                        <span class="legend-mid">{move || middle(view.get().range)}</span>
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

fn middle(range: (f64, f64)) -> String {
    format!("{:.0}", f64::midpoint(range.0, range.1))
}

/// The picture of a map: RGBA rows from the north.
pub fn picture(map: &CoverageMap, range: (f64, f64)) -> Vec<u8> {
    let nx = map.grid.nx as usize;
    let diff = map.quantity == crate::coverage::Quantity::Difference;
    let mut out = Vec::with_capacity(map.values.len() * 4);
    for row in map.values.chunks_exact(nx).rev() {
        for v in row {
            if v.is_nan() {
                out.extend([0, 0, 0, 0]);
                continue;
            }
            let t = ((f64::from(*v) - range.0) / (range.1 - range.0)).clamp(0.0, 1.0);
            let [r, g, b] = standin(t, diff);
            out.extend([r, g, b, 255]);
        }
    }
    out
}
fn standin(t: f64, diff: bool) -> [u8; 3] {
    const V: [[f64; 3]; 5] = [[68., 1., 84.], [59., 82., 139.], [33., 145., 140.], [94., 201., 98.], [253., 231., 37.]];
    const D: [[f64; 3]; 5] =
        [[33., 102., 172.], [146., 197., 222.], [247., 247., 247.], [244., 165., 130.], [178., 24., 43.]];
    let s = if diff { D } else { V };
    let x = t * 4.0;
    let i = (x as usize).min(3);
    let f = x - i as f64;
    [0, 1, 2].map(|k| (s[i][k] * (1.0 - f) + s[i + 1][k] * f) as u8)
}
fn gradient(diff: bool) -> String {
    let stops: Vec<String> = (0..=STOPS)
        .map(|i| {
            let [r, g, b] = standin(i as f64 / STOPS as f64, diff);
            format!("rgb({r} {g} {b})")
        })
        .collect();
    format!("linear-gradient(90deg, {})", stops.join(", "))
}
