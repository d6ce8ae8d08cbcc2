//! The keyboard: what each key does, in one list that the help shows too.

use super::store::Store;
use crate::scenario::Layer;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

/// Keys and what they do.
pub const KEYS: [(&str, &str); 11] = [
    ("Space or F", "flip between learned and ray traced"),
    ("1 or L", "learned"),
    ("2 or R", "ray traced"),
    ("3 or D", "difference"),
    ("4 or E", "empirical"),
    ("C", "choose a city"),
    ("P", "paths to a point"),
    ("Ctrl Z", "undo"),
    ("Ctrl Shift Z", "redo"),
    ("Esc", "put the paths away, stop what runs, close this"),
    ("?", "this list"),
];

/// What a key asks for beyond the store.
#[derive(Clone, Copy)]
pub struct Verbs {
    /// Stops what runs.
    pub stop: Callback<()>,
    /// Opens or closes the help.
    pub help: RwSignal<bool>,
    /// Opens or closes the choice of cities.
    pub cities: RwSignal<bool>,
}

/// Listens to the keyboard as long as the page lives.
pub fn listen(store: Store, verbs: Verbs) {
    let _ = window_event_listener(leptos::ev::keydown, move |ev| {
        if ev.ctrl_key() || ev.meta_key() {
            if is_typing(&ev) {
                return;
            }
            match (ev.key().to_ascii_lowercase().as_str(), ev.shift_key()) {
                ("z", false) => store.undo(),
                ("z", true) | ("y", false) => store.redo(),
                _ => return,
            }
            ev.prevent_default();
            return;
        }
        if ev.alt_key() || ev.default_prevented() || is_typing(&ev) {
            return;
        }
        let key = ev.key().to_ascii_lowercase();
        // Behind an open dialogue nothing changes; Escape closes it by itself.
        let (cities, help) = (verbs.cities.get_untracked(), verbs.help.get_untracked());
        let columns = document().query_selector("dialog.columns[open]").ok().flatten().is_some();
        if columns || (cities && key != "c") || (help && key != "?") {
            return;
        }
        match key.as_str() {
            // Space belongs to a button or a switch that has the focus.
            " " if has_focus(&ev, "button:not(.site), a, [type=checkbox]") => return,
            " " | "f" => store.flip(),
            "1" | "l" => store.bring(Layer::Learned),
            "2" | "r" => store.bring(Layer::Traced),
            "3" | "d" => store.bring(Layer::Difference),
            "4" | "e" => store.bring(Layer::Empirical),
            "c" => verbs.cities.update(|open| *open = !*open),
            "?" => verbs.help.update(|open| *open = !*open),
            "p" => store.toggle_paths(),
            "escape" if store.picking.get_untracked() => store.leave_paths(),
            "escape" => verbs.stop.run(()),
            _ => return,
        }
        ev.prevent_default();
    });
}

/// Whether the key goes into a field.
fn is_typing(ev: &KeyboardEvent) -> bool {
    has_focus(ev, "input:not([type=range]):not([type=checkbox]), select, textarea")
}

fn has_focus(ev: &KeyboardEvent, selector: &str) -> bool {
    let target = ev.target().and_then(|t| t.dyn_into::<HtmlElement>().ok());
    target.is_some_and(|t| t.matches(selector).unwrap_or(false))
}
