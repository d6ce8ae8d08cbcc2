//! The question which column is what.

use super::{Asked, Brought};
use crate::app::dialogue::Dialogue;
use crate::app::files;
use crate::app::store::Store;
use crate::readings::{Mapping, Role};
use leptos::prelude::*;
use std::sync::Arc;
use wasm_bindgen::JsCast;
use web_sys::{HtmlFormElement, HtmlSelectElement};

/// The dialogue that asks.
#[component]
pub fn Columns() -> impl IntoView {
    let brought: Brought = expect_context();
    let body = move || brought.asked.get().map(|asked| question(brought, &asked));
    view! { <Dialogue open=brought.asking title="Which column is what?" name="columns">{body}</Dialogue> }
}

fn question(brought: Brought, asked: &Arc<Asked>) -> impl IntoView + use<> {
    let store: Store = expect_context();
    let Asked { question, address } = &**asked;
    let missing = RwSignal::new(None::<Role>);
    let answer = {
        let (file, address) = (question.file.clone(), address.clone());
        move |ev: leptos::ev::SubmitEvent| {
            ev.prevent_default();
            let form = event_target::<HtmlFormElement>(&ev).elements();
            let mut mapping = Mapping::default();
            for role in Role::ALL {
                let select = form.named_item(role.name()).and_then(|e| e.dyn_into::<HtmlSelectElement>().ok());
                mapping.set(role, select.and_then(|select| select.value().parse().ok()));
            }
            missing.set(mapping.missing());
            if mapping.missing().is_none() {
                brought.asking.set(false);
                files::import(store, brought, file.clone(), address.clone(), Some(mapping));
            }
        }
    };
    let choice = |role: Role| {
        let chosen = question.guess.column(role);
        let none = if role.is_needed() { "choose …" } else { "not in this file" };
        let options = question.columns.iter().enumerate().map(|(i, name)| {
            view! { <option value=i.to_string() selected=chosen == Some(i)>{name.clone()}</option> }
        });
        let id = format!("column-{}", role.name());
        view! {
            <div class="field">
                <label for=id.clone()>{role.name()}</label>
                <div class="box">
                    <select id=id name=role.name()>
                        <option value="" selected=chosen.is_none()>{none}</option>
                        {options.collect_view()}
                    </select>
                </div>
            </div>
        }
    };
    let cells = |row: &[String]| row.iter().map(|text| view! { <td>{text.clone()}</td> }).collect_view();
    let rows = question.sample.iter().map(|row| view! { <tr>{cells(row)}</tr> }).collect_view();
    let names = question.columns.iter().map(|name| view! { <th scope="col">{name.clone()}</th> }).collect_view();
    view! {
        <p>{format!("{} begins like this:", question.file)}</p>
        <div class="sample" tabindex="0" role="region" aria-label="The first lines">
            <table><thead><tr>{names}</tr></thead><tbody>{rows}</tbody></table>
        </div>
        <form class="columns-form" on:submit=answer>
            <div class="grid">{Role::ALL.map(choice).into_iter().collect_view()}</div>
            <p class="hint" role="alert">
                {move || missing.get().map(|role| format!("Say which column holds the {}.", role.name()))}
            </p>
            <button type="submit" class="quiet" data-action="read">"Read it so"</button>
        </form>
    }
}
