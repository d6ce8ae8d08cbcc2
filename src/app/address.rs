//! The address bar: it always holds the whole state, and what is pasted into it is opened.

use super::engines::sentence;
use super::readings::Brought;
use super::store::{Notice, OPENING_VIEW, Retry, Store, Tone, Topic};
use crate::readings::{Readings, unpacked};
use crate::scenario::{DEFAULT_CITY, Link, LinkError, MapView, Scenario};
use leptos::prelude::*;
use std::time::Duration;
use wasm_bindgen::JsValue;
use web_sys::UrlSearchParams;

/// The address is rewritten at most this often: browsers refuse more than some hundred rewrites in half a minute.
const THROTTLE: Duration = Duration::from_millis(400);

/// The part of the address that carries readings, where the user asked for that.
const READINGS: &str = "r=";

/// What the page is opened with.
pub struct Opening {
    /// The scenario: the link's, or the default.
    pub scenario: Scenario,
    /// The camera: the link's, or the default.
    pub camera: MapView,
    /// Whether the scenario names a city and no place in it.
    pub arriving: bool,
    /// The readings that the link carries.
    pub readings: Option<Readings>,
    /// What is wrong with the link, if anything.
    pub trouble: Option<Notice>,
}

/// Reads the address. A link that can't be read gives the default scenario and a sentence. The query's city counts where
/// the link holds no scenario.
pub fn read() -> Opening {
    let hash = window().location().hash().unwrap_or_default();
    let (link, trouble) = match hash.parse::<Link>() {
        Ok(link) => (link, None),
        Err(error) => (Link::default(), Some(link_notice(&error))),
    };
    let asked = query("city").filter(|city| link.scenario.is_none() && city != DEFAULT_CITY);
    let arriving = asked.is_some();
    let anew = || Scenario { city: asked.unwrap_or_else(|| DEFAULT_CITY.into()), ..Scenario::default() };
    let scenario = link.scenario.unwrap_or_else(anew);
    let (readings, unread) = carried(&hash);
    let camera = link.map.unwrap_or(OPENING_VIEW);
    Opening { scenario, camera, arriving, readings, trouble: trouble.or(unread) }
}

/// The readings that an address carries, and what is wrong with them.
fn carried(hash: &str) -> (Option<Readings>, Option<Notice>) {
    let letters = hash.trim_start_matches('#').split('&').find_map(|part| part.strip_prefix(READINGS));
    match letters.map(unpacked) {
        None => (None, None),
        Some(Ok(readings)) => (Some(readings), None),
        Some(Err(error)) => {
            let text = format!("{}, and are left out.", sentence(&error.to_string()).trim_end_matches('.'));
            (None, Some(Notice { topic: Topic::Link, tone: Tone::Trouble, text, retry: None }))
        }
    }
}

/// A parameter of the address's query.
pub fn query(name: &str) -> Option<String> {
    let search = window().location().search().ok()?;
    UrlSearchParams::new_with_str(&search).ok()?.get(name).filter(|v| !v.is_empty())
}

/// Keeps the address at what the store holds, and the store at what is pasted into the address.
pub fn follow(store: Store, brought: Brought) {
    let waiting = StoredValue::new_local(None::<TimeoutHandle>);
    Effect::new(move |_| {
        store.scenario.track();
        store.camera.track();
        brought.in_link.track();
        if waiting.with_value(Option::is_some) {
            return;
        }
        let write = move || {
            waiting.set_value(None);
            write(store, brought);
        };
        waiting.set_value(set_timeout_with_handle(write, THROTTLE).ok());
    });
    let _ = window_event_listener(leptos::ev::hashchange, move |_| open(store, brought));
}

/// The link to what the page shows now.
pub fn link(store: Store, brought: Brought) -> String {
    let link = Link { map: Some(store.camera.get_untracked()), scenario: Some(store.scenario.get_untracked()) };
    brought.in_link.with_untracked(|readings| match readings {
        Some(readings) => format!("{link}&{READINGS}{readings}"),
        None => link.to_string(),
    })
}

/// Writes the address at once.
pub fn write(store: Store, brought: Brought) {
    let Ok(history) = window().history() else { return };
    // A browser may refuse a rewrite that comes too soon after others; the next one carries the same state.
    let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&link(store, brought)));
}

/// Copies the whole address. Where the clipboard is closed to pages, the address bar still holds it.
pub async fn copy(store: Store, brought: Brought) -> Result<(), JsValue> {
    write(store, brought);
    let address = window().location().href()?;
    let clipboard = window().navigator().clipboard();
    wasm_bindgen_futures::JsFuture::from(clipboard.write_text(&address)).await.map(|_| ())
}

fn open(store: Store, brought: Brought) {
    let hash = window().location().hash().unwrap_or_default();
    match hash.parse::<Link>() {
        Ok(link) => {
            store.dismiss(|n| n.topic == Topic::Link);
            if let Some(scenario) = link.scenario {
                store.edit(None, |s| *s = scenario);
            }
            if let Some(view) = link.map {
                store.camera.set(view);
                store.recentre.update(|n| *n += 1);
            }
            let (readings, unread) = carried(&hash);
            if let Some(readings) = readings {
                brought.carry(readings);
            }
            if let Some(notice) = unread {
                store.notify(notice);
            }
        }
        Err(error) => {
            store.notify(link_notice(&error));
            store.edit(None, |s| *s = Scenario::default());
            write(store, brought);
        }
    }
}

fn link_notice(error: &LinkError) -> Notice {
    let text = format!("{} The default scenario is shown instead.", sentence(&error.to_string()));
    Notice { topic: Topic::Link, tone: Tone::Trouble, text, retry: None::<Retry> }
}
