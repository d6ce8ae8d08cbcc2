//! `window.farfield`: a small read-only window on the page, so that browser tests read levels instead of pixels. What it
//! offers is documented in `tests/browser/README.md`.

use super::city_map::{MapHandle, engine_name, object};
use super::engines::ENGINES;
use super::store::{Activity, Made, Store, Tone};
use crate::city::{HeightShares, HeightSource};
use crate::geodesy::LonLat;
use crate::scenario::{Aspect, EngineKind, Layer};
use js_sys::{Array, JSON, Reflect};
use leptos::prelude::*;
use std::sync::Arc;
use wasm_bindgen::prelude::*;

/// Hangs the hook on the window.
pub fn expose(store: Store, map: MapHandle) {
    let ready = Closure::<dyn Fn(String) -> bool>::new(move |name: String| {
        engine(&name).is_some_and(|e| untrack(|| store.is_current(e)))
    });
    let made = Closure::<dyn Fn(String) -> JsValue>::new(move |name: String| {
        let made = engine(&name).and_then(|e| store.desk(e).made.get_untracked());
        let told = |m: Arc<Made>| object(&[("draft", m.draft.into()), ("millis", m.millis.into())]);
        made.map_or(JsValue::NULL, told)
    });
    let value = Closure::<dyn Fn(String, f64, f64) -> JsValue>::new(move |name: String, lon, lat| {
        let level = engine(&name).and_then(|e| untrack(|| store.value(e, LonLat::new(lon, lat))));
        level.map_or(JsValue::NULL, JsValue::from)
    });
    let arrival = Closure::<dyn Fn(f64, f64) -> JsValue>::new(move |lon, lat| {
        let view = store.scenario.with_untracked(|s| s.view);
        let engine = ENGINES.into_iter().find(|e| Layer::from(*e) == view.layer);
        let aspect = Some(view.front_aspect()).filter(|aspect| *aspect != Aspect::Signal);
        let told = engine.zip(aspect).and_then(|(e, aspect)| untrack(|| store.told(e, aspect, LonLat::new(lon, lat))));
        told.map_or(JsValue::NULL, JsValue::from)
    });
    let state = Closure::<dyn Fn() -> JsValue>::new(move || untrack(|| state(store)));
    let project = Closure::<dyn Fn(f64, f64) -> JsValue>::new(move |lon, lat| {
        let at = map.with_untracked(|m| m.as_ref().map(|m| m.project(lon, lat)));
        at.map_or(JsValue::NULL, |at| at.into_iter().map(JsValue::from).collect::<Array>().into())
    });
    let paths = Closure::<dyn Fn() -> JsValue>::new(move || untrack(|| paths(store)));
    let hook = object(&[
        ("ready", ready.into_js_value()),
        ("made", made.into_js_value()),
        ("value", value.into_js_value()),
        ("arrival", arrival.into_js_value()),
        ("state", state.into_js_value()),
        ("project", project.into_js_value()),
        ("paths", paths.into_js_value()),
    ]);
    // Nothing but tests misses it.
    let _ = Reflect::set(&window(), &"farfield".into(), &hook);
}

fn state(store: Store) -> JsValue {
    let busy: Array = ENGINES
        .into_iter()
        .filter(|e| matches!(store.desk(*e).activity.get(), Activity::Running { .. } | Activity::Loading))
        .map(|e| JsValue::from_str(engine_name(e)))
        .collect();
    let camera = store.camera.get();
    let error = store.notices.with(|all| all.iter().rev().find(|n| n.tone == Tone::Trouble).map(|n| n.text.clone()));
    let backend = store.backend.with(|b| b.as_ref().map(|b| if b.gpu { "gpu" } else { "cpu" }));
    object(&[
        ("scenario", store.scenario.with(as_js)),
        (
            "map",
            object(&[
                ("zoom", camera.zoom.into()),
                ("lon", camera.centre.lon.into()),
                ("lat", camera.centre.lat.into()),
                ("bearing", camera.bearing.into()),
                ("pitch", camera.pitch.into()),
            ]),
        ),
        ("backend", backend.map_or(JsValue::NULL, JsValue::from)),
        ("adapter", store.backend.with(|b| b.as_ref().map_or(JsValue::NULL, |b| b.detail.clone().into()))),
        ("busy", busy.into()),
        ("error", error.map_or(JsValue::NULL, JsValue::from)),
        ("heights", store.city.with(|c| c.as_ref().map_or(JsValue::NULL, |c| heights(c.heights)))),
    ])
}

/// Buildings by the source of their height.
fn heights(shares: HeightShares) -> JsValue {
    object(&HeightSource::ALL.map(|source| (source.name(), shares.count(source).into())))
}

/// What the receiver hears now, or why that is not known.
fn paths(store: Store) -> JsValue {
    let question = store.question();
    store.heard.with(|heard| match heard.as_ref().filter(|h| Some(&h.question) == question.as_ref()) {
        Some(heard) => heard.answer.as_ref().map_or_else(Into::into, as_js),
        None => JsValue::NULL,
    })
}

fn as_js(value: &impl serde::Serialize) -> JsValue {
    serde_json::to_string(value).ok().and_then(|text| JSON::parse(&text).ok()).unwrap_or(JsValue::NULL)
}

fn engine(name: &str) -> Option<EngineKind> {
    ENGINES.into_iter().find(|e| engine_name(*e) == name)
}
