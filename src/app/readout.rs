//! What stands under the pointer: the levels of all engines, or how the ray tracer's paths arrive, the distance to the site, and
//! why the map in front is empty there.

use super::layers::LAYERS;
use super::store::{Hover, Store};
use crate::coverage::Quantity;
use crate::scenario::{Aspect, EngineKind, Layer};
use leptos::prelude::*;

/// Distance of the box from the pointer, and the box's own size at most, CSS pixels.
const GAP: f64 = 16.0;
const BOX: (f64, f64) = (210.0, 130.0);
/// Distance of the box from the middle of a finger.
const FINGER: f64 = 36.0;

/// The box that follows the pointer.
#[component]
pub fn Readout() -> impl IntoView {
    let store: Store = expect_context();
    let inside = move || {
        let hover = store.hover.get()?;
        let local = store.local(hover.at)?;
        let city = store.city.get()?;
        city.contains(hover.at).then_some((hover, local, city))
    };
    move || {
        let (hover, local, city) = inside()?;
        let front = store.scenario.with(|s| s.view.layer);
        let site = store.scenario.with(|s| s.sites.get(s.chosen().0).map(|s| s.position))?;
        let distance = (city.frame().to_local(site) - local).length();
        let rows = LAYERS.map(|(layer, name, _)| {
            let text = reading(store, layer, hover.at);
            view! {
                <dt class:front=move || layer == front>{name}</dt>
                <dd class:front=move || layer == front>{text}</dd>
            }
        });
        let why = store.gap(front, hover.at).map_or_else(String::new, |gap| format!(", {}", gap.words()));
        let (left, top) = corner(hover);
        Some(view! {
            <div class="readout" aria-hidden="true" style:translate=format!("{left:.0}px {top:.0}px")>
                <dl>{rows.into_iter().collect_view()}</dl>
                <p>{format!("{distance:.0} m from the site{why}")}</p>
            </div>
        })
    }
}

/// The box's upper left corner: beside a pointer, above a finger.
fn corner(hover: Hover) -> (f64, f64) {
    let (width, height) = window_size();
    let (x, y) = hover.pointer;
    if hover.touch {
        return ((x - BOX.0 / 2.0).clamp(0.0, (width - BOX.0).max(0.0)), (y - BOX.1 - FINGER).max(0.0));
    }
    (if x + GAP + BOX.0 > width { x - GAP - BOX.0 } else { x + GAP }, (y + GAP).min(height - BOX.1))
}

fn reading(store: Store, layer: Layer, at: crate::geodesy::LonLat) -> String {
    let level = |engine| store.value(engine, at);
    let tell = |engine, aspect: Aspect| {
        store.told(engine, aspect, at).map_or_else(|| "–".into(), |v| Quantity::from(aspect).tell(v))
    };
    match layer {
        // A level without how sure it is says half of what the network does.
        Layer::Learned => match store.told(EngineKind::Learned, Aspect::Deviation, at) {
            Some(deviation) => format!("{} ± {deviation:.1}", tell(EngineKind::Learned, Aspect::Signal)),
            None => tell(EngineKind::Learned, Aspect::Signal),
        },
        Layer::Traced => tell(EngineKind::Traced, store.scenario.with(|s| s.view.aspect.on(layer))),
        Layer::Empirical => tell(EngineKind::Empirical, Aspect::Signal),
        Layer::Difference => match (level(EngineKind::Learned), level(EngineKind::Traced)) {
            (Some(a), Some(b)) => format!("{:+.1} dB", a - b),
            _ => "–".into(),
        },
    }
}

fn window_size() -> (f64, f64) {
    let size = |v: Result<wasm_bindgen::JsValue, _>| v.ok().and_then(|v| v.as_f64()).unwrap_or(f64::INFINITY);
    (size(window().inner_width()), size(window().inner_height()))
}
