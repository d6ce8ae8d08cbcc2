//! Cities, models and readings from the user's own machine, dropped on the page or picked: archives and networks as they are,
//! and files that a worker makes archives or readings of. They are read where they lie and never uploaded, so a link to such a city opens it only
//! where the file is opened again.

use super::crew::is_there;
use super::engines::ended;
use super::icons;
use super::readings::Brought;
use super::store::{Notice, Store, Tone, Topic};
use crate::city::archive::{HEADER_LEN, Header, TileKind};
use crate::readings::{Mapping, Outcome, TABLES};
use crate::scenario::Layer;
use crate::worker::Absent;
use crate::worker::importer::{Dropped, Importer, Made, News};
use crate::worker::protocol::{CityFacts, Source};
use gloo::worker::{Spawnable, WorkerBridge};
use js_sys::{Array, Uint8Array};
use leptos::prelude::*;
use std::cell::RefCell;
use std::collections::HashMap;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, DragEvent, File, FileList, Url};

/// How a scenario names a city or a model that is a file.
pub const SCHEME: &str = "file:";
/// The endings of models, of archives, and of files that archives are made of.
const MODEL: &str = ".onnx";
const ARCHIVE: &str = ".pmtiles";
const IMPORTED: [&str; 3] = [".osm.pbf", ".geojson", ".json"];

/// What may be picked as a city, and as readings, as a file field wants it.
pub const ACCEPT: &str = ".pmtiles,.pbf,.geojson,.json";
pub const ACCEPT_READINGS: &str = ".csv,.tsv,.txt,.geojson,.json,.parquet";

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

/// Where a city named `file:…` is read, with all files opened in this page beside it. The name itself stands for the
/// address where it has not been opened in this page.
pub fn source_of(city: &str) -> Source {
    let url = address_in_page(city);
    OPENED.with_borrow(|all| {
        let beside = all.iter().map(|(name, url)| (name.clone(), url.clone())).collect();
        Source { url, beside }
    })
}

/// Where something named `file:…` is read; the name itself where it has not been opened in this page.
pub fn address_in_page(named: &str) -> String {
    let opened = |all: &HashMap<String, String>| all.get(named.strip_prefix(SCHEME)?).cloned();
    OPENED.with_borrow(opened).unwrap_or_else(|| named.into())
}

/// Opens files that come together: one of them becomes the city, and archives of terrain lie beside it; a table of readings,
/// or a model, is opened beside that.
pub fn open(store: Store, brought: Brought, files: &FileList) {
    store.dismiss(|n| n.topic == Topic::File);
    let files = (0..files.length()).filter_map(|i| files.get(i));
    let (models, files): (Vec<File>, Vec<File>) = files.partition(|file| ends(file, MODEL));
    models.last().into_iter().for_each(|file| open_model(store, file));
    let is_table = |file: &File| TABLES.iter().any(|ending| ends(file, ending));
    let (tables, files): (Vec<File>, Vec<File>) = files.into_iter().partition(is_table);
    // There is one importer, and a city goes first: its readings are dropped again.
    match (tables.as_slice(), files.is_empty()) {
        ([.., table], true) => open_table(store, brought, table),
        ([.., table], false) => {
            tell(store, Tone::Info, &format!("Drop {} again once the city is there", table.name()));
        }
        ([], _) => {}
    }
    leptos::task::spawn_local(async move {
        let (mut cities, mut terrains) = (Vec::new(), Vec::new());
        for file in files {
            if is_terrain(&file).await { terrains.push(file) } else { cities.push(file) }
        }
        let names: Vec<String> = terrains.iter().map(File::name).collect();
        for file in &terrains {
            if let Some(address) = address_of(store, file) {
                keep(file.name(), address);
            }
        }
        match (cities.as_slice(), names.first()) {
            ([], None) => {}
            ([], Some(name)) => add_terrain(store, &names, name),
            ([file], _) => open_city(store, brought, file),
            ([file, ..], _) => {
                open_city(store, brought, file);
                tell(store, Tone::Info, &format!("Only one city can be open: this is {}", file.name()));
            }
        }
    });
}

/// Has the learner open a file as its network.
fn open_model(store: Store, file: &File) {
    let Some(address) = address_of(store, file) else { return };
    keep(file.name(), address);
    let model = format!("{SCHEME}{}", file.name());
    store.edit(None, |s| s.engines.model = model);
    store.bring(Layer::Learned);
}

fn ends(file: &File, ending: &str) -> bool {
    file.name().to_ascii_lowercase().ends_with(ending)
}

/// Opens a file as readings.
fn open_table(store: Store, brought: Brought, file: &File) {
    if let Some(address) = address_of(store, file) {
        import(store, brought, file.name(), address, None);
    }
}

/// Opens a file as the city, or as readings where it turns out to hold points alone.
fn open_city(store: Store, brought: Brought, file: &File) {
    let name = file.name();
    let ends = |ending: &str| ends(file, ending);
    let Some(address) = address_of(store, file) else { return };
    if ends(ARCHIVE) {
        show(store, name, address);
    } else if IMPORTED.into_iter().any(ends) {
        import(store, brought, name, address, None);
    } else {
        let kinds = "a .pmtiles archive, an .osm.pbf extract, a .geojson file of buildings, or readings as .csv";
        complain(store, &format!("Nothing can be made of {name}: drop {kinds}"));
    }
}

/// Terrain came by itself: the city that lacks it is read again.
fn add_terrain(store: Store, names: &[String], first: &str) {
    let missing = store.city.with_untracked(|c| c.as_ref().and_then(|c| c.missing_terrain.clone()));
    if missing.is_some_and(|missing| names.contains(&missing)) {
        store.reread.update(|n| *n += 1);
    } else {
        complain(store, &format!("{first} holds terrain and no buildings: drop it together with its city"));
    }
}

/// Whether a file is an archive of pictures, as terrain is.
async fn is_terrain(file: &File) -> bool {
    let head = async {
        let part = file.slice_with_i32_and_i32(0, HEADER_LEN as i32)?;
        let buffer = JsFuture::from(part.array_buffer()).await?;
        Ok::<_, JsValue>(Uint8Array::new(&buffer).to_vec())
    };
    // What can't be read is no terrain; whoever reads it as a city says what is wrong with it.
    head.await.is_ok_and(|bytes| Header::parse(&bytes).is_ok_and(|header| header.kind == TileKind::Png))
}

/// The address at which this page reads a file.
fn address_of(store: Store, file: &File) -> Option<String> {
    let address = Url::create_object_url_with_blob(file).ok();
    if address.is_none() {
        complain(store, &format!("This browser can't read {}", file.name()));
    }
    address
}

/// Keeps the address of a file. A name that was opened before may hold other bytes now.
fn keep(name: String, address: String) {
    if let Some(before) = OPENED.with_borrow_mut(|all| all.insert(name, address)) {
        let _ = Url::revoke_object_url(&before);
    }
}

/// Makes the archive at `address` the city; where a city of that name is open, as by a link, it is read again.
fn show(store: Store, name: String, address: String) {
    let city = format!("{SCHEME}{name}");
    keep(name, address);
    if store.scenario.with_untracked(|s| s.city == city) {
        store.reread.update(|n| *n += 1);
    } else {
        store.choose_city(&city);
    }
}

/// Says that a city stands on level ground because its terrain can't be reached.
pub fn tell_terrain(store: Store, city: &CityFacts) {
    let Some(terrain) = &city.missing_terrain else { return };
    let text = format!(
        "The ground is taken as level: its heights are in {terrain}, which a file can't reach by itself. Drop that file \
         here too."
    );
    store.notify(Notice { topic: Topic::Terrain, tone: Tone::Info, text, retry: None });
}

/// Has a worker make something of a file; a newer file takes the place of one that is at work. `columns` tells what those of a
/// table are, where the user has said so.
pub fn import(store: Store, brought: Brought, name: String, address: String, columns: Option<Mapping>) {
    store.import.set(Some(Import { name: name.clone(), stage: "starting".into(), fraction: 0.0 }));
    let file = Dropped { name: name.clone(), url: address.clone(), columns };
    let parts = RefCell::new(Vec::new());
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
            News::Part { of, readings } => {
                let mut all = parts.borrow_mut();
                let missing = of.saturating_sub(all.len());
                all.reserve_exact(missing);
                all.extend(readings);
                return;
            }
            News::Done(Made::City { archive, summary }) => {
                match blob_of(&archive) {
                    Some(made) => {
                        show(store, name.clone(), made);
                        tell(store, Tone::Info, &format!("{name}: {summary}"));
                    }
                    None => complain(store, &format!("This browser can't keep the archive of {name}")),
                }
                // The source itself is needed no more.
                let _ = Url::revoke_object_url(&address);
            }
            // Readings may be read again, by other columns.
            News::Done(Made::Readings(mut outcome)) => {
                if let Outcome::Read(readings, _) = &mut outcome {
                    readings.all = parts.take();
                }
                brought.take(store, outcome, &address);
            }
            News::Failed(why) => {
                complain(store, &why);
                brought.release(&address);
            }
        }
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

/// Takes files that are dropped anywhere on the page, also while the choice of cities is open.
pub fn listen(store: Store, brought: Brought, choice: RwSignal<bool>) {
    let _ = window_event_listener(leptos::ev::dragover, |ev| ev.prevent_default());
    let _ = window_event_listener(leptos::ev::drop, move |ev| {
        ev.prevent_default();
        let dropped = ev.unchecked_ref::<DragEvent>().data_transfer().and_then(|d| d.files());
        if let Some(files) = dropped.filter(|files| files.length() > 0) {
            choice.set(false);
            open(store, brought, &files);
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
