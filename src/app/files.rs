//! City archives from the user's own machine, dropped on the page or picked. They are read where they lie and never
//! uploaded, so a link to such a city opens it only where the file is opened again.

use super::engines::sentence;
use super::store::{Notice, Store, Tone, Topic};
use leptos::prelude::*;
use std::cell::RefCell;
use std::collections::HashMap;
use wasm_bindgen::JsCast;
use web_sys::{DragEvent, File, Url};

/// How a scenario names a city that is a file.
pub const SCHEME: &str = "file:";

thread_local! {
    /// The addresses at which this page's own files are read, by file name.
    static OPENED: RefCell<HashMap<String, String>> = RefCell::default();
}

/// Where a city named `file:…` is read; `None` when it has not been opened in this page.
pub fn address_of(city: &str) -> Option<String> {
    OPENED.with_borrow(|all| all.get(city.strip_prefix(SCHEME)?).cloned())
}

/// Opens a file as the city.
pub fn open(store: Store, file: &File) {
    let name = file.name();
    if !name.to_ascii_lowercase().ends_with(".pmtiles") {
        complain(store, &format!("{name} is not a city archive: drop a .pmtiles file with a layer of buildings"));
        return;
    }
    let Ok(address) = Url::create_object_url_with_blob(file) else {
        complain(store, &format!("this browser can't read {name}"));
        return;
    };
    let before = OPENED.with_borrow_mut(|all| all.insert(name.clone(), address));
    if let Some(before) = before {
        // A name that was opened before may hold other bytes now.
        let _ = Url::revoke_object_url(&before);
        store.reread.update(|n| *n += 1);
    }
    store.choose_city(&format!("{SCHEME}{name}"));
}

/// Takes files that are dropped anywhere on the page.
pub fn listen(store: Store) {
    let _ = window_event_listener(leptos::ev::dragover, |ev| ev.prevent_default());
    let _ = window_event_listener(leptos::ev::drop, move |ev| {
        ev.prevent_default();
        let dropped = ev.unchecked_ref::<DragEvent>().data_transfer().and_then(|d| d.files()).and_then(|f| f.get(0));
        if let Some(file) = dropped {
            open(store, &file);
        }
    });
}

fn complain(store: Store, why: &str) {
    let text = sentence(why);
    store.notify(Notice { topic: Topic::File, tone: Tone::Trouble, text, retry: None });
}
