//! The legend: what the colours mean, with ends that the user can move, and the pictures made by it.

use super::store::{Store, round};
use crate::coverage::colour::colourise;
use crate::coverage::{CoverageMap, Quantity};
use crate::scenario::{Aspect, Layer};
use leptos::prelude::*;
use web_sys::HtmlInputElement;

/// Both ends of the legend of differences, dB.
pub const DIFFERENCE_LIMIT: f64 = 30.0;
/// Opacity of levels below the legend's lower end, of 255.
const FAINT: u8 = 70;
/// Colours in the legend's gradient.
const STOPS: usize = 24;
/// What waves that come from there are named, once around.
const COMPASS: [&str; 5] = ["north", "east", "south", "west", "north"];

/// The legend of the map in front.
#[component]
pub fn Legend() -> impl IntoView {
    let store: Store = expect_context();
    let view = Memo::new(move |_| store.scenario.with(|s| s.view));
    let shown = Memo::new(move |_| match view.get() {
        view if view.layer == Layer::Difference => Quantity::Difference,
        view => view.front_aspect().into(),
    });
    let aspect = Memo::new(move |_| view.get().front_aspect());
    view! {
        <section class="legend" aria-label="Legend">
            <div class="legend-bar" style:background=move || gradient(shown.get())></div>
            {move || match shown.get() {
                Quantity::Difference => differences().into_any(),
                quantity if quantity.is_cyclic() => directions().into_any(),
                quantity => ends(aspect.get(), quantity).into_any(),
            }}
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

/// Both ends of a legend that can be moved.
fn ends(aspect: Aspect, quantity: Quantity) -> impl IntoView {
    let fainter = quantity.is_level().then_some("· fainter below");
    view! {
        <div class="legend-ends">
            <End aspect=aspect quantity=quantity upper=false />
            <span class="legend-mid">{fainter}</span>
            <End aspect=aspect quantity=quantity upper=true />
        </div>
    }
}

fn differences() -> impl IntoView {
    let limit = DIFFERENCE_LIMIT;
    view! {
        <div class="legend-ends">
            <span>{format!("−{limit:.0} dB")}<small>"ray traced stronger"</small></span>
            <span class="legend-mid">"0"</span>
            <span class="end">{format!("+{limit:.0} dB")}<small>"learned stronger"</small></span>
        </div>
    }
}

fn directions() -> impl IntoView {
    let names = COMPASS.map(|name| view! { <span class="legend-mid">{name}</span> });
    view! { <div class="legend-ends compass" aria-label="Waves come from">{names.into_iter().collect_view()}</div> }
}

/// One end of the legend.
#[component]
fn End(aspect: Aspect, quantity: Quantity, upper: bool) -> impl IntoView {
    let store: Store = expect_context();
    let (name, which) = if upper { ("legend-max", "Upper") } else { ("legend-min", "Lower") };
    let unit = quantity.unit();
    let of = move |(low, high): (f64, f64)| if upper { high } else { low };
    let shown = move || round(of(store.scenario.with(|s| s.view.ends(aspect))), 1).to_string();
    let apply = move |ev: leptos::ev::Targeted<leptos::ev::Event, HtmlInputElement>| {
        if let Ok(value) = ev.target().value().parse::<f64>() {
            store.show(|v| {
                let (low, high) = v.ends(aspect);
                v.set_ends(aspect, if upper { (low, value) } else { (value, high) });
            });
        }
        // An end that makes no legend, such as a lower one above the upper, springs back.
        ev.target().set_value(&shown());
    };
    let label = format!("{which} end of the legend, {unit}");
    view! {
        <span class="legend-end">
            <input type="number" name=name aria-label=label step="5" prop:value=shown on:change:target=apply />
            <small>{unit}</small>
        </span>
    }
}

/// The picture of a map: RGBA rows from the north. Levels below the lower end are faint, so that what counts as coverage
/// stands out. The opacity of the whole is the map's affair.
pub fn picture(map: &CoverageMap, range: (f64, f64)) -> Vec<u8> {
    let mut rgba = colourise(map, range, map.quantity.scale(), 1.0);
    if !map.quantity.is_level() {
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
pub fn gradient(quantity: Quantity) -> String {
    let colour = |i: usize| {
        let [r, g, b] = quantity.scale().rgb(i as f32 / STOPS as f32);
        format!("rgb({r} {g} {b})")
    };
    let stops: Vec<String> = (0..=STOPS).map(colour).collect();
    format!("linear-gradient(90deg, {})", stops.join(", "))
}
