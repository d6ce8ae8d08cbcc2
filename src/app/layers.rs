//! The toggle between the maps, and the line under it that says how the one in front came about.

use super::city_map::layer_name;
use super::icons;
use super::store::{Activity, Desk, Store};
use crate::scenario::Layer;
use leptos::prelude::*;

/// The layers in the order of the toggle, with their names and keys.
pub const LAYERS: [(Layer, &str, &str); 4] = [
    (Layer::Learned, "Learned", "L"),
    (Layer::Traced, "Ray traced", "R"),
    (Layer::Difference, "Difference", "D"),
    (Layer::Empirical, "Empirical", "E"),
];

/// The name of a layer, for the user.
pub fn name(layer: Layer) -> &'static str {
    LAYERS.into_iter().find(|(other, ..)| *other == layer).map_or("", |(_, name, _)| name)
}

/// The toggle.
#[component]
pub fn LayerToggle() -> impl IntoView {
    let store: Store = expect_context();
    let front = Memo::new(move |_| store.scenario.with(|s| s.view.layer));
    let buttons = LAYERS.map(|(layer, name, key)| {
        let busy = move || desks(store, layer).iter().any(|d| matches!(d.activity.get(), Activity::Running { .. }));
        view! {
            <button
                type="button"
                class="segment"
                data-layer=layer_name(layer)
                aria-pressed=move || (front.get() == layer).to_string()
                aria-keyshortcuts=key
                title=format!("{name} ({key})")
                data-busy=move || busy().then_some("")
                on:click=move |_| store.bring(layer)
            >
                {name}
            </button>
        }
    });
    view! {
        <div class="segments" role="group" aria-label="Coverage map in front">
            {buttons.into_iter().collect_view()}
        </div>
    }
}

/// How the map in front came about, or how far it is, with a way to stop it.
#[component]
pub fn StatusLine(stop: Callback<()>, again: Callback<()>) -> impl IntoView {
    let store: Store = expect_context();
    let front = Memo::new(move |_| store.scenario.with(|s| s.view.layer));
    let running = Memo::new(move |_| {
        let front = front.get();
        let others = LAYERS.into_iter().filter(|(layer, ..)| *layer != Layer::Difference && *layer != front);
        in_progress(store, front).or_else(|| {
            others.into_iter().find_map(|(layer, name, _)| {
                in_progress(store, layer).map(|(fraction, stage)| (fraction, format!("{name}: {stage}")))
            })
        })
    });
    let stopped = Memo::new(move |_| desks(store, front.get()).iter().any(|d| d.activity.get() == Activity::Stopped));
    let is_running = Memo::new(move |_| running.get().is_some());
    let percent = move || running.get().map_or(0.0, |(f, _)| f64::from(f) * 100.0);
    let at_rest = move || {
        view! {
            <p class="status-text">{move || describe(store, front.get())}</p>
            <Show when=move || stopped.get()>
                <button type="button" class="quiet" data-action="again" on:click=move |_| again.run(())>
                    "Run again"
                </button>
            </Show>
        }
    };
    view! {
        <div class="status" aria-live="polite">
            <Show when=move || is_running.get() fallback=at_rest>
                <div class="progress-row">
                    <div
                        class="progress"
                        role="progressbar"
                        aria-label="Prediction"
                        aria-valuemin="0"
                        aria-valuemax="100"
                        aria-valuenow=move || format!("{:.0}", percent())
                    >
                        <div class="progress-bar" style:width=move || format!("{:.1}%", percent())></div>
                    </div>
                    <span class="progress-text">
                        {move || running.get().map(|(_, stage)| format!("{stage} · {:.0} %", percent()))}
                    </span>
                    <button
                        type="button"
                        class="icon"
                        data-action="cancel"
                        aria-label="Stop the prediction"
                        title="Stop the prediction"
                        on:click=move |_| stop.run(())
                    >
                        {icons::cross()}
                    </button>
                </div>
            </Show>
        </div>
    }
}

/// How far a map is, while it is being made: that of the slower engine where it takes both.
fn in_progress(store: Store, layer: Layer) -> Option<(f32, String)> {
    let running = desks(store, layer).into_iter().filter_map(|d| match d.activity.get() {
        Activity::Running { fraction, stage } => Some((fraction, stage)),
        _ => None,
    });
    running.min_by(|a, b| a.0.total_cmp(&b.0))
}

fn desks(store: Store, layer: Layer) -> Vec<Desk> {
    match layer {
        Layer::Learned => vec![store.learned],
        Layer::Traced => vec![store.traced],
        Layer::Difference => vec![store.learned, store.traced],
        Layer::Empirical => vec![store.empirical],
    }
}

fn describe(store: Store, layer: Layer) -> String {
    let desks = desks(store, layer);
    if desks.iter().any(|d| d.activity.get() == Activity::Stopped) {
        return "Stopped. What is shown may be of the scenario before.".into();
    }
    if desks.iter().any(|d| d.activity.get() == Activity::Failed) {
        return "No map of this scenario.".into();
    }
    if desks.iter().any(|d| d.activity.get() == Activity::Loading) {
        return "Loading the engine…".into();
    }
    if layer == Layer::Difference {
        return store.difference.get().map_or_else(String::new, |d| difference_summary(&d.values));
    }
    let Some(made) = desks.first().and_then(|d| d.made.get()) else { return String::new() };
    let millis = made.millis;
    let time = if millis < 1000.0 { format!("{millis:.0} ms") } else { format!("{:.1} s", millis / 1000.0) };
    match layer {
        Layer::Learned => format!("Neural network, in this browser · {time}"),
        Layer::Empirical => format!("Closed-form baseline · {time}"),
        _ => format!("{} · {time}", made.machine),
    }
}

/// Mean and spread of a map of differences in words.
fn difference_summary(values: &[f32]) -> String {
    let (mut n, mut sum, mut squares) = (0.0f64, 0.0, 0.0);
    for v in values.iter().filter(|v| v.is_finite()) {
        let v = f64::from(*v);
        n += 1.0;
        sum += v;
        squares += v * v;
    }
    if n == 0.0 {
        return "No cell has a prediction of both engines.".into();
    }
    let mean = sum / n;
    let spread = (squares / n - mean * mean).max(0.0).sqrt();
    format!("Learned less ray traced: mean {mean:+.1} dB, spread {spread:.1} dB")
}
