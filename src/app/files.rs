//! Cities from the user's own machine, dropped on the page or picked: archives as they are, and files that a worker makes
//! archives of. They are read where they lie and never uploaded, so a link to such a city opens it only where the file is
//! opened again.

use super::crew::is_there;
use super::engines::ended;
use super::icons;
use super::store::{Notice, Store, Tone, Topic};
use crate::worker::Absent;
use crate::worker::importer::{Dropped, Importer, News};
use gloo::worker::{Spawnable, WorkerBridge};
use js_sys::{Array, Uint8Array};
use leptos::prelude::*;
use std::cell::RefCell;
use std::collections::HashMap;
use wasm_bindgen::JsCast;
use web_sys::{Blob, DragEvent, File, Url};

/// How a scenario names a city that is a file.
pub const SCHEME: &str = "file:";
/// The endings of archives, and of files that archives are made of.
const ARCHIVE: &str = ".pmtiles";
const IMPORTED: [&str; 3] = [".osm.pbf", ".geojson", ".json"];

/// What may be picked, as a file field wants it.
pub const ACCEPT: &str = ".pmtiles,.pbf,.geojson,.json";

/// The worker's script.
const LOADER: &str = "importer_loader.js";

/// How far an import is.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// The file.
    pub name: String,
    /// What is being done.
    pub stage: String,
    /// How much of it is done, 0–1.
    pub fraction: f32,
}

thread_local! {
    /// The addresses at which this page's own files are read, by file name.
    static OPENED: RefCell<HashMap<String, String>> = RefCell::default();
    /// The worker that imports, while it does.
    static AT_WORK: RefCell<Option<WorkerBridge<Importer<Absent>>>> = const { RefCell::new(None) };
}

/// Where a city named `file:…` is read; `None` when it has not been opened in this page.
pub fn address_of(city: &str) -> Option<String> {
    OPENED.with_borrow(|all| all.get(city.strip_prefix(SCHEME)?).cloned())
}

/// Opens a file as the city.
pub fn open(store: Store, file: &File) {
    store.dismiss(|n| n.topic == Topic::File);
    let name = file.name();
    let ends = |ending: &str| name.to_ascii_lowercase().ends_with(ending);
    let Ok(address) = Url::create_object_url_with_blob(file) else {
        complain(store, &format!("This browser can't read {name}"));
        return;
    };
    if ends(ARCHIVE) {
        show(store, name, address);
    } else if IMPORTED.into_iter().any(ends) {
        import(store, name, address);
    } else {
        let kinds = "a .pmtiles archive, an .osm.pbf extract or a .geojson file of buildings";
        complain(store, &format!("{name} is no file that a city can be made of: drop {kinds}"));
    }
}

/// Makes the archive at `address` the city.
fn show(store: Store, name: String, address: String) {
    let city = format!("{SCHEME}{name}");
    let before = OPENED.with_borrow_mut(|all| all.insert(name, address));
    if let Some(before) = before {
        // A name that was opened before may hold other bytes now.
        let _ = Url::revoke_object_url(&before);
        store.reread.update(|n| *n += 1);
    }
    store.choose_city(&city);
}

/// Has a worker make an archive of a file; a newer file takes the place of one that is at work.
fn import(store: Store, name: String, address: String) {
    store.import.set(Some(Import { name: name.clone(), stage: "starting".into(), fraction: 0.0 }));
    let file = Dropped { name: name.clone(), url: address.clone() };
    let hear = move |news| {
        // What comes from a worker that was stopped, or replaced, concerns nobody.
        if store.import.with_untracked(|i| i.as_ref().is_none_or(|i| i.name != name)) {
            return;
        }
        match news {
            News::Progress { stage, fraction } => {
                store.import.set(Some(Import { name: name.clone(), stage, fraction }));
                return;
            }
            News::Done { archive, summary } => match blob_of(&archive) {
                Some(made) => {
                    show(store, name.clone(), made);
                    tell(store, Tone::Info, &format!("{name}: {summary}"));
                }
                None => complain(store, &format!("This browser can't keep the archive of {name}")),
            },
            News::Failed(why) => complain(store, &why),
        }
        // The source itself is needed no more.
        let _ = Url::revoke_object_url(&address);
        stop(store);
    };
    leptos::task::spawn_local(async move {
        if let Err(why) = is_there(LOADER).await {
            complain(store, &format!("The importer can't be loaded: {why}"));
            stop(store);
        }
    });
    let worker = Importer::<Absent>::spawner().callback(hear).with_loader(true).as_module(true).spawn(LOADER);
    worker.send(file);
    AT_WORK.set(Some(worker));
}

/// Ends an import.
pub fn stop(store: Store) {
    store.import.set(None);
    AT_WORK.take();
}

/// An address for bytes of the page's own.
fn blob_of(bytes: &[u8]) -> Option<String> {
    let parts = Array::of1(&Uint8Array::from(bytes));
    let blob = Blob::new_with_u8_array_sequence(&parts).ok()?;
    Url::create_object_url_with_blob(&blob).ok()
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

/// How far the import is, with a way to stop it.
#[component]
pub fn ImportLine() -> impl IntoView {
    let store: Store = expect_context();
    let text = move |i: &Import| format!("{}: {} · {:.0} %", i.name, i.stage, i.fraction * 100.0);
    view! {
        <Show when=move || store.import.with(Option::is_some)>
            <div class="notice" role="status" data-import="">
                <p>{move || store.import.with(|i| i.as_ref().map(text))}</p>
                <button type="button" class="icon" data-action="stop-import" aria-label="Stop the import"
                    title="Stop the import" on:click=move |_| stop(store)>{icons::cross()}</button>
            </div>
        </Show>
    }
}

/// Says something of a file, which is called by its name: no capital is put on that.
fn tell(store: Store, tone: Tone, text: &str) {
    store.notify(Notice { topic: Topic::File, tone, text: ended(text), retry: None });
}

fn complain(store: Store, why: &str) {
    tell(store, Tone::Trouble, why);
}
