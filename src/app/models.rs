//! The choice of the network: those that ship with the page, and the user's own.

use super::files::{self, SCHEME};
use super::readings::Brought;
use super::store::Store;
use super::{absolute, address};
use crate::learn::catalogue::{Catalogue, Model};
use crate::scenario::{DEFAULT_MODEL, Layer, is_name};
use gloo::net::http::Request;
use leptos::prelude::*;
use web_sys::{HtmlInputElement, HtmlSelectElement};

/// Where the models and their list lie.
const FOLDER: &str = "models";

/// Where the network that a scenario names is read. The query's `model` takes the place of the default one.
pub fn address(model: &str) -> String {
    if model.starts_with(SCHEME) {
        return files::address_in_page(model);
    }
    let asked = address::query("model").filter(|_| model == DEFAULT_MODEL);
    let shipped = || if is_name(model) { format!("{FOLDER}/{model}.onnx") } else { model.into() };
    absolute(&asked.unwrap_or_else(shipped))
}

/// The models to choose from, once the page has read their list.
#[derive(Clone, Copy)]
struct Listed(RwSignal<Catalogue>);

/// Reads the list of models for the components below.
pub fn provide() {
    let listed = RwSignal::default();
    provide_context(Listed(listed));
    leptos::task::spawn_local(async move {
        let answer = Request::get(&absolute(&format!("{FOLDER}/index.json"))).send().await;
        let list = match answer {
            Ok(answer) if answer.ok() => answer.json::<Catalogue>().await.map_err(|e| e.to_string()),
            Ok(answer) => Err(format!("the server answered with HTTP status {}", answer.status())),
            Err(error) => Err(error.to_string()),
        };
        match list {
            Ok(list) => listed.set(list),
            // The model itself may well be there: nothing but the choice is missing.
            Err(why) => leptos::logging::warn!("the list of models can't be read: {why}"),
        }
    });
}

/// What of the scenario the chosen model was not trained for, while its map is in front.
#[component]
pub fn Misfit() -> impl IntoView {
    let store: Store = expect_context();
    let Listed(listed) = expect_context();
    let misfit = Memo::new(move |_| {
        let scenario = store.scenario.get();
        let in_front = matches!(scenario.view.layer, Layer::Learned | Layer::Difference);
        let model = listed.with(|list| named(list, &scenario.engines.model)).filter(|_| in_front)?;
        model.valid.misfit(&scenario)
    });
    move || misfit.get().map(|text| view! { <p class="hint misfit" data-misfit="">{text}</p> })
}

/// What the list says of a model.
fn named(list: &Catalogue, name: &str) -> Option<Model> {
    list.models.iter().find(|model| model.name == name).cloned()
}

/// The choice, with what the chosen one was made from.
#[component]
pub fn ModelChoice() -> impl IntoView {
    let store: Store = expect_context();
    let brought: Brought = expect_context();
    let Listed(listed) = expect_context();
    let name = Memo::new(move |_| store.scenario.with(|s| s.engines.model.clone()));
    let apply = move |ev: leptos::ev::Targeted<leptos::ev::Event, HtmlSelectElement>| {
        let chosen = ev.target().value();
        store.edit(None, |s| s.engines.model = chosen);
    };
    let option = move |value: String, text: String| {
        let selected = {
            let value = value.clone();
            move || name.get() == value
        };
        view! { <option value=value.clone() selected=selected>{text}</option> }
    };
    let options = move || {
        let models = listed.with(|list| list.models.clone());
        let own = Some(name.get()).filter(|name| models.iter().all(|m| m.name != *name));
        let listed = models.into_iter().map(|m| option(m.name, m.title)).collect_view();
        (listed, own.map(|name| option(name.clone(), name.strip_prefix(SCHEME).unwrap_or(&name).to_owned())))
    };
    let pick = move |ev: leptos::ev::Targeted<leptos::ev::Event, HtmlInputElement>| {
        if let Some(files) = ev.target().files().filter(|files| files.length() > 0) {
            files::open(store, brought, &files);
        }
        ev.target().set_value("");
    };
    let about = move || {
        listed.with(|list| named(list, &name.get())).map(|model| {
            let card = absolute(&format!("{FOLDER}/{}", model.card));
            view! {
                <p class="hint">
                    {format!("{} {} ", model.summary, model.licence)}
                    <a href=card target="_blank" rel="noopener">"Its card"</a>
                </p>
            }
        })
    };
    view! {
        <div class="field">
            <label for="field-model">"Learned model"</label>
            <div class="box">
                <select id="field-model" name="model" prop:value=move || name.get() on:change:target=apply>
                    {options}
                </select>
            </div>
        </div>
        {about}
        <label class="own-model">
            <span>"Open your own model (.onnx)"</span>
            <input type="file" name="own-model" accept=".onnx" on:change:target=pick />
        </label>
    }
}
