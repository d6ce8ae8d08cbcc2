//! The paths to the receiver as rays on the map, and their colours.

use super::city_map::{CityMap, object};
use super::inquiry::Heard;
use super::store::Store;
use crate::coverage::colour::Scale;
use crate::geodesy::LocalFrame;
use crate::trace::reception::Arrival;
use crate::worker::protocol::CityFacts;
use js_sys::{Array, Float64Array};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

/// Paths that are weaker than the strongest by more than this, dB, are counted, but neither drawn nor listed.
pub const DYNAMIC_RANGE: f32 = 40.0;
/// The part of the colour scale between the weakest and the strongest path: what can be told from both a dark and a light
/// ground.
const COLOURS: (f32, f32) = (0.3, 0.88);
/// Widths of the weakest and of the strongest ray, CSS pixels.
const WIDTHS: (f32, f32) = (1.6, 4.2);

/// The paths within [`DYNAMIC_RANGE`] of the strongest, which come first.
pub fn listed(paths: &[Arrival]) -> &[Arrival] {
    let least = paths.first().map_or(0.0, |p| p.level - DYNAMIC_RANGE);
    &paths[..paths.partition_point(|p| p.level >= least)]
}

/// From 0 for the weakest path to 1 for the strongest.
fn rank(level: f32, strongest: f32) -> f32 {
    (1.0 - (strongest - level) / DYNAMIC_RANGE).clamp(0.0, 1.0)
}

fn colour(level: f32, strongest: f32) -> [u8; 3] {
    Scale::Inferno.rgb(COLOURS.0 + (COLOURS.1 - COLOURS.0) * rank(level, strongest))
}

/// The colour of a path of so many dBm beside the strongest, for a style.
pub fn css_colour(level: f32, strongest: f32) -> String {
    let [r, g, b] = colour(level, strongest);
    format!("rgb({r} {g} {b})")
}

/// The rays that the map draws, the weakest first; none without an answer.
pub fn drawn(heard: Option<&Heard>, city: Option<&CityFacts>) -> JsValue {
    let paths = heard.and_then(|h| h.answer.as_ref().ok()).map_or(&[][..], |r| listed(&r.paths));
    let Some(city) = city else { return Array::new().into() };
    let (frame, strongest) = (city.frame(), paths.first().map_or(0.0, |p| p.level));
    paths.iter().map(|path| ray(path, strongest, &frame)).collect::<Array>().into()
}

/// `{ points, colour, width }`: longitude, latitude and height above the ground of each vertex, one after the other; red,
/// green and blue from 0 to 1; CSS pixels.
fn ray(path: &Arrival, strongest: f32, frame: &LocalFrame) -> JsValue {
    let points: Vec<f64> = path
        .vertices
        .iter()
        .flat_map(|v| {
            let p = frame.to_lonlat(v.at.truncate().as_dvec2());
            [p.lon, p.lat, f64::from(v.above_ground)]
        })
        .collect();
    let shade = colour(path.level, strongest).map(|c| f64::from(c) / 255.0);
    let width = WIDTHS.0 + (WIDTHS.1 - WIDTHS.0) * rank(path.level, strongest);
    object(&[
        ("points", Float64Array::from(points.as_slice()).into()),
        ("colour", Float64Array::from(shade.as_slice()).into()),
        ("width", width.into()),
    ])
}

/// Keeps the map's rays and its receiver at what the store holds. `with_map` runs what it is given once the map stands.
pub fn follow(store: Store, with_map: impl Fn(&dyn Fn(&CityMap)) + Copy + 'static) {
    Effect::new(move |_| {
        let (heard, city) = (store.heard.get(), store.city.get());
        let rays = drawn(heard.as_deref(), city.as_ref());
        with_map(&|m| m.set_rays(&rays));
    });
    let stale = Memo::new(move |_| {
        let question = store.question();
        store.heard.with(|h| h.as_ref().is_some_and(|h| Some(&h.question) != question.as_ref()))
    });
    Effect::new(move |_| {
        let (pointed, stale) = (store.pointed.get(), stale.get());
        with_map(&|m| m.point_ray(pointed.map_or(-1, |i| i as i32), stale));
    });
    let receiver = Memo::new(move |_| store.scenario.with(|s| s.view.receiver.map(|at| (at, s.receivers.height))));
    Effect::new(move |_| {
        let place = receiver.get().map_or(JsValue::NULL, |(at, height)| {
            object(&[("lon", at.lon.into()), ("lat", at.lat.into()), ("height", height.into())])
        });
        with_map(&|m| m.set_receiver(&place));
    });
}
