//! The map: a thin binding of `www/map.js` (`MapLibre GL JS`), and the effects that keep it showing what the store holds.

use super::engines::{ENGINES, sentence};
use super::store::{Hover, Notice, Store, Tone, Topic};
use crate::antenna::Pattern;
use crate::coverage::CoverageMap;
use crate::geodesy::LonLat;
use crate::scenario::{EngineKind, Footing, Layer, MapView, Scenario};
use crate::worker::protocol::{CityFacts, Source};
use glam::DVec2;
use js_sys::{Object, Reflect};
use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

/// Metres that the arrow keys move the site by, and with Shift.
const NUDGE: (f64, f64) = (5.0, 25.0);

#[wasm_bindgen(module = "/www/map.js")]
extern "C" {
    /// The JavaScript map with Farfield's layers on it.
    #[derive(Clone)]
    pub type CityMap;

    #[wasm_bindgen(constructor, catch)]
    fn new(
        container: &HtmlElement,
        handle: &HtmlElement,
        pin: &HtmlElement,
        view: &JsValue,
        on: &JsValue,
    ) -> Result<CityMap, JsValue>;
    /// `beside` holds the addresses of the archives beside it, by their names.
    #[wasm_bindgen(method, js_name = openCity)]
    fn open_city(this: &CityMap, url: &str, beside: &JsValue);
    #[wasm_bindgen(method, js_name = setArea)]
    fn set_area(this: &CityMap, corners: &[f64]);
    #[wasm_bindgen(method, js_name = setCoverage)]
    fn set_coverage(this: &CityMap, layer: &str, rgba: &[u8], width: u32, height: u32, corners: &[f64]);
    #[wasm_bindgen(method, js_name = clearCoverage)]
    fn clear_coverage(this: &CityMap, layer: &str);
    #[wasm_bindgen(method, js_name = showLayer)]
    fn show_layer(this: &CityMap, layer: &str, opacity: f64);
    /// Whether buildings let what is predicted inside them or on their roofs be seen.
    #[wasm_bindgen(method, js_name = seeThrough)]
    fn see_through(this: &CityMap, through: bool);
    #[wasm_bindgen(method, js_name = setSite)]
    fn set_site(this: &CityMap, site: &JsValue);
    /// Puts the receiver's pin somewhere, or away with `null`.
    #[wasm_bindgen(method, js_name = setReceiver)]
    pub fn set_receiver(this: &CityMap, place: &JsValue);
    #[wasm_bindgen(method, js_name = setRays)]
    pub fn set_rays(this: &CityMap, rays: &JsValue);
    /// Draws readings: longitude and latitude by turns; none of an empty list.
    #[wasm_bindgen(method, js_name = setReadings)]
    pub fn set_readings(this: &CityMap, places: &[f64]);
    /// Red, green and blue of each.
    #[wasm_bindgen(method, js_name = paintReadings)]
    pub fn paint_readings(this: &CityMap, colours: &[u8]);
    /// Singles a ray out, none with −1; stale ones are pale.
    #[wasm_bindgen(method, js_name = pointRay)]
    pub fn point_ray(this: &CityMap, ray: i32, stale: bool);
    #[wasm_bindgen(method, js_name = jumpTo)]
    fn jump_to(this: &CityMap, view: &JsValue);
    /// Where a point of the ground is drawn, in CSS pixels of the window.
    #[wasm_bindgen(method)]
    pub fn project(this: &CityMap, lon: f64, lat: f64) -> Vec<f64>;
}

/// The map, once it stands; a signal, so that effects run again when it does.
pub type MapHandle = RwSignal<Option<CityMap>, LocalStorage>;

/// The map with the handles of the site and of the receiver. `on_ready` runs once, when the map can be used.
#[component]
pub fn CityMapView(map: MapHandle, source: Signal<Source>, on_ready: Callback<()>) -> impl IntoView {
    let store: Store = expect_context();
    let container = NodeRef::<Div>::new();
    let handle = NodeRef::<leptos::html::Button>::new();
    let pin = NodeRef::<leptos::html::Button>::new();
    let standing = RwSignal::new(false);

    Effect::new(move |_| {
        let (Some(container), Some(handle), Some(pin)) = (container.get(), handle.get(), pin.get()) else { return };
        let ready = move || {
            standing.set(true);
            mark("map-interactive");
            on_ready.run(());
        };
        let on = callbacks(store, ready);
        match CityMap::new(&container, &handle, &pin, &view_object(store.camera.get_untracked()), &on) {
            Ok(made) => map.set(Some(made)),
            Err(error) => {
                let why = Reflect::get(&error, &"message".into()).ok().and_then(|m| m.as_string()).unwrap_or_default();
                let text = format!("The map can't be drawn, because this browser offers no WebGL. {}", sentence(&why));
                store.notify(Notice { topic: Topic::Basemap, tone: Tone::Trouble, text, retry: None });
                on_ready.run(());
            }
        }
    });

    let with_map = move |act: &dyn Fn(&CityMap)| {
        if standing.get() {
            map.with(|m| m.iter().for_each(act));
        }
    };
    Effect::new(move |_| {
        let Source { url, beside } = source.get();
        let beside: Vec<_> = beside.iter().map(|(name, url)| (name.as_str(), url.into())).collect();
        with_map(&|m| m.open_city(&url, &object(&beside)));
    });
    Effect::new(move |_| {
        if let Some(city) = store.city.get() {
            with_map(&|m| m.set_area(&area_corners(&city)));
        }
    });
    let site = Memo::new(move |_| {
        store.scenario.with(|s| {
            let (number, sector) = s.chosen();
            Some((s.sites.get(number)?.clone(), sector))
        })
    });
    Effect::new(move |_| {
        let Some((site, sector)) = site.get() else { return };
        let sector = site.sectors.get(sector);
        let isotropic = sector.is_some_and(|s| s.pattern == Pattern::Isotropic);
        let drawn = object(&[
            ("lon", site.position.lon.into()),
            ("lat", site.position.lat.into()),
            ("height", site.height.into()),
            ("azimuth", sector.map_or(0.0, |s| s.azimuth).into()),
            ("isotropic", isotropic.into()),
        ]);
        with_map(&|m| m.set_site(&drawn));
    });
    let view = Memo::new(move |_| store.scenario.with(|s| s.view));
    Effect::new(move |_| {
        let view = view.get();
        with_map(&|m| m.show_layer(layer_name(view.layer), view.opacity));
    });
    let under = |s: &Scenario| s.predicts_inside() || s.receivers.footing == Footing::Roofs;
    let through = Memo::new(move |_| store.scenario.with(under));
    Effect::new(move |_| {
        let through = through.get();
        with_map(&|m| m.see_through(through));
    });
    Effect::new(move |_| {
        if store.recentre.get() > 0 {
            with_map(&|m| m.jump_to(&view_object(store.camera.get_untracked())));
        }
    });
    for engine in ENGINES {
        let desk = store.desk(engine);
        let legend = Memo::new(move |_| {
            let view = store.scenario.with(|s| s.view);
            let aspect = view.aspect.on(engine.into());
            (aspect, view.ends(aspect))
        });
        Effect::new(move |_| {
            let ((aspect, ends), made) = (legend.get(), desk.made.get());
            let map = made.as_ref().and_then(|m| m.of_aspect(aspect));
            with_map(&|m| paint(m, store, engine_name(engine), map, ends));
            if let Some(made) = made.filter(|_| standing.get()) {
                mark(&format!("first-{}-{}", if made.draft { "draft" } else { "map" }, engine_name(engine)));
            }
        });
    }
    Effect::new(move |_| {
        let difference = store.difference.get();
        with_map(&|m| {
            let limit = super::legend::DIFFERENCE_LIMIT;
            paint(m, store, "difference", difference.as_deref(), (-limit, limit));
        });
    });

    super::rays::follow(store, with_map);
    super::readings::follow(store, with_map);

    let nudge = move |ev: leptos::ev::KeyboardEvent| {
        let Some(moved) = nudged(store, &ev) else { return };
        store.edit_site(Some("nudge"), |site| {
            let LonLat { lon, lat } = moved(site.position);
            site.position = LonLat::new(super::store::round(lon, 6), super::store::round(lat, 6));
        });
    };
    let nudge_receiver = move |ev: leptos::ev::KeyboardEvent| {
        let receiver = store.scenario.with_untracked(|s| s.view.receiver);
        if let Some((moved, at)) = nudged(store, &ev).zip(receiver) {
            store.place_receiver(moved(at));
        }
    };
    view! {
        <div id="map" class="map" node_ref=container on:contextmenu=|ev| ev.prevent_default()>
            <button
                class="site"
                data-site="0"
                type="button"
                node_ref=handle
                on:keydown=nudge
                aria-label="Site: drag it, or move it with the arrow keys"
                title="Drag to move the site"
            ></button>
            <button
                class="receiver"
                data-receiver=""
                type="button"
                node_ref=pin
                hidden
                on:keydown=nudge_receiver
                aria-label="Receiver: drag it, or move it with the arrow keys"
                title="Drag to move the receiver"
            ></button>
        </div>
    }
}

/// Where an arrow key moves things to; other keys are left alone.
fn nudged(store: Store, ev: &leptos::ev::KeyboardEvent) -> Option<impl Fn(LonLat) -> LonLat + use<>> {
    let step = match ev.key().as_str() {
        "ArrowUp" => DVec2::Y,
        "ArrowDown" => DVec2::NEG_Y,
        "ArrowLeft" => DVec2::NEG_X,
        "ArrowRight" => DVec2::X,
        _ => return None,
    };
    ev.prevent_default();
    ev.stop_propagation();
    let way = step * if ev.shift_key() { NUDGE.1 } else { NUDGE.0 };
    let frame = store.city.with_untracked(|c| c.as_ref().map(CityFacts::frame))?;
    Some(move |at| frame.to_lonlat(frame.to_local(at) + way))
}

/// Colours a map and hands it over; takes the picture away when there is no map.
fn paint(target: &CityMap, store: Store, layer: &str, map: Option<&CoverageMap>, range: (f64, f64)) {
    let facts = store.city.get_untracked();
    let (Some(map), Some(facts)) = (map, facts) else {
        target.clear_coverage(layer);
        return;
    };
    let rgba = super::legend::picture(map, range);
    let (min, max) = (map.grid.origin, map.grid.far_corner());
    let frame = facts.frame();
    let corners: Vec<f64> = [(min.x, max.y), (max.x, max.y), (max.x, min.y), (min.x, min.y)]
        .into_iter()
        .flat_map(|(x, y)| {
            let p = frame.to_lonlat(DVec2::new(x, y));
            [p.lon, p.lat]
        })
        .collect();
    target.set_coverage(layer, &rgba, map.grid.nx, map.grid.ny, &corners);
}

fn area_corners(city: &CityFacts) -> Vec<f64> {
    let (min, max) = (city.south_west, city.north_east);
    let frame = city.frame();
    let corners = [min, DVec2::new(max.x, min.y), max, DVec2::new(min.x, max.y)];
    corners.into_iter().map(|c| frame.to_lonlat(c)).flat_map(|p| [p.lon, p.lat]).collect()
}

/// What the map calls when something happens on it. They live as long as the page.
fn callbacks(store: Store, ready: impl Fn() + 'static) -> JsValue {
    let moved = Closure::<dyn Fn(JsValue)>::new(move |view: JsValue| {
        if let Some(camera) = read_view(&view) {
            store.camera.set(camera);
        }
    });
    let placed = Closure::<dyn Fn(f64, f64, f64)>::new(move |lon, lat, roof| {
        store.place_site(LonLat::new(lon, lat), roof);
    });
    let clicked = Closure::<dyn Fn(f64, f64, f64)>::new(move |lon, lat, roof| {
        let at = LonLat::new(lon, lat);
        if store.picking.get_untracked() { store.place_receiver(at) } else { store.place_site(at, roof) }
    });
    let received = Closure::<dyn Fn(f64, f64)>::new(move |lon, lat| store.place_receiver(LonLat::new(lon, lat)));
    let dragged = Closure::<dyn Fn(f64, f64)>::new(move |lon, lat| {
        store.edit_site(Some("place"), |site| site.position = LonLat::new(lon, lat));
    });
    let reads = |touch| {
        Closure::<dyn Fn(f64, f64, f64, f64)>::new(move |lon, lat, x, y| {
            store.hover.set(Some(Hover { at: LonLat::new(lon, lat), pointer: (x, y), touch }));
        })
    };
    let left = Closure::<dyn Fn()>::new(move || store.hover.set(None));
    // What is wrong with the archive the tracer says in words; what MapLibre says goes to the console.
    let failed = Closure::<dyn Fn(String)>::new(move |text: String| leptos::logging::warn!("map: {text}"));
    object(&[
        ("ready", Closure::<dyn Fn()>::new(ready).into_js_value()),
        ("moved", moved.into_js_value()),
        ("clicked", clicked.into_js_value()),
        ("placed", placed.into_js_value()),
        ("received", received.into_js_value()),
        ("dragged", dragged.into_js_value()),
        ("hovered", reads(false).into_js_value()),
        ("touched", reads(true).into_js_value()),
        ("left", left.into_js_value()),
        ("failed", failed.into_js_value()),
    ])
}

/// A JavaScript object of these fields.
pub fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        // Setting a field of a plain object can't fail.
        let _ = Reflect::set(&object, &JsValue::from_str(name), value);
    }
    object.into()
}

fn view_object(view: MapView) -> JsValue {
    object(&[
        ("lon", view.centre.lon.into()),
        ("lat", view.centre.lat.into()),
        ("zoom", view.zoom.into()),
        ("bearing", view.bearing.into()),
        ("pitch", view.pitch.into()),
    ])
}

fn read_view(view: &JsValue) -> Option<MapView> {
    let number = |name: &str| Reflect::get(view, &name.into()).ok()?.as_f64();
    Some(MapView {
        zoom: number("zoom")?,
        centre: LonLat::new(number("lon")?, number("lat")?),
        bearing: number("bearing")?,
        pitch: number("pitch")?,
    })
}

/// Sets a performance mark, once.
fn mark(name: &str) {
    let Some(performance) = window().performance() else { return };
    if performance.get_entries_by_name(name).length() == 0 {
        // A mark that can't be set is missed by a bench only.
        let _ = performance.mark(name);
    }
}

/// The name of a layer in links, in the document and on the map.
pub fn layer_name(layer: Layer) -> &'static str {
    match layer {
        Layer::Learned => "learned",
        Layer::Traced => "traced",
        Layer::Difference => "difference",
        Layer::Empirical => "empirical",
    }
}

/// The name of an engine, likewise.
pub fn engine_name(engine: EngineKind) -> &'static str {
    match engine {
        EngineKind::Learned => "learned",
        EngineKind::Traced => "traced",
        EngineKind::Empirical => "empirical",
    }
}
