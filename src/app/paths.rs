//! The paths to a point: the button that begins with it, and the card with the profile and the list.

use super::icons;
use super::inquiry::Heard;
use super::profile::profile;
use super::rays::{DYNAMIC_RANGE, css_colour, listed};
use super::store::Store;
use crate::scenario::EngineKind;
use crate::trace::Reception;
use crate::trace::reception::{Arrival, Direction};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// The button over the map.
#[component]
pub fn PathsButton() -> impl IntoView {
    let store: Store = expect_context();
    view! {
        <button
            type="button"
            class="paths-button"
            data-action="paths"
            aria-pressed=move || store.picking.get().to_string()
            aria-keyshortcuts="P"
            title="Show the paths to a point (P)"
            on:click=move |_| store.toggle_paths()
        >
            {icons::paths()}
            "Paths"
        </button>
    }
}

/// The card, while paths are shown.
#[component]
pub fn Paths() -> impl IntoView {
    let store: Store = expect_context();
    let placed = Memo::new(move |_| store.scenario.with(|s| s.view.receiver.is_some()));
    let body = move || {
        if !placed.get() {
            return invitation(store).into_any();
        }
        match store.heard.get().as_deref() {
            None => view! { <p class="paths-word">"Tracing the paths…"</p> }.into_any(),
            Some(Heard { answer: Err(why), .. }) => view! { <p class="paths-word">{why.clone()}</p> }.into_any(),
            Some(Heard { answer: Ok(reception), .. }) => answer(store, reception).into_any(),
        }
    };
    let told = move || placed.get().then(|| store.heard.with(|h| h.as_deref().map(in_words))).flatten();
    view! {
        <Show when=move || store.picking.get()>
            <section class="paths" aria-labelledby="paths-title">
                <header>
                    <h2 id="paths-title">"Paths to the receiver"</h2>
                    <button type="button" class="icon" data-action="leave-paths" aria-label="Put the paths away"
                        title="Put the paths away (Esc)" on:click=move |_| store.leave_paths()>{icons::cross()}</button>
                </header>
                <p class="unseen" role="status">{told}</p>
                <div class="paths-body">{body}</div>
            </section>
        </Show>
    }
}

/// What to do first. The keyboard goes on from here to the receiver.
fn invitation(store: Store) -> impl IntoView {
    let button = NodeRef::<leptos::html::Button>::new();
    Effect::new(move |_| {
        // An element that can't take the focus leaves it where it is.
        button.get().iter().for_each(|b| _ = b.focus());
    });
    let here = move |_| {
        store.place_receiver(store.camera.get_untracked().centre);
        request_animation_frame(|| {
            let pin = document().query_selector("[data-receiver]").ok().flatten();
            pin.and_then(|p| p.dyn_into::<HtmlElement>().ok()).iter().for_each(|p| _ = p.focus());
        });
    };
    view! {
        <p class="paths-word">"Click the map where a receiver is to stand, out in the open."</p>
        <button type="button" class="quiet" data-action="receiver-here" node_ref=button on:click=here>
            "Middle of the map"
        </button>
    }
}

/// An answer in a sentence, for those who hear the page.
fn in_words(heard: &Heard) -> String {
    let reception = match &heard.answer {
        Ok(reception) => reception,
        Err(why) => return why.clone(),
    };
    let Some(level) = reception.level else { return "No path arrives here.".into() };
    let Some(strongest) = reception.paths.first() else { return format!("{level:.1} dBm, all of it scattered.") };
    let spread = reception.delay_spread().unwrap_or_default();
    let count = reception.paths.len();
    let paths = if count == 1 { "path" } else { "paths" };
    let Arrival { level: most, delay, .. } = strongest;
    let way = strongest.way();
    format!(
        "{level:.1} dBm over {count} {paths}, delay spread {spread:.0} nanoseconds. The strongest: {way}, {most:.1} dBm after \
         {delay:.0} nanoseconds."
    )
}

fn answer(store: Store, reception: &Reception) -> impl IntoView + use<> {
    let Some(level) = reception.level else {
        return view! { <p class="paths-word">"No path arrives here."</p> }.into_any();
    };
    let shown = listed(&reception.paths);
    let strongest = shown.first().map_or(level, |p| p.level);
    let weaker = reception.paths.len() - shown.len();
    let more = (weaker > 0).then(|| {
        let paths = if weaker == 1 { "path is" } else { "paths are" };
        let text = format!("{weaker} more {paths} weaker than the strongest by over {DYNAMIC_RANGE:.0} dB.");
        view! { <p class="paths-more">{text}</p> }
    });
    let rows = shown.iter().enumerate().map(|(i, path)| row(store, i, path, strongest)).collect_view();
    view! {
        {summary(store, reception, level)}
        {(!shown.is_empty()).then(|| profile(store, shown))}
        <div class="paths-list">
            <table>
                <thead>
                    <tr>
                        <th scope="col">"Way"</th>
                        <th scope="col">"dBm"</th>
                        <th scope="col">"ns"</th>
                        <th scope="col" title="Azimuth and elevation at the site">"Left to"</th>
                        <th scope="col" title="Azimuth and elevation at the receiver">"Came from"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            {more}
        </div>
    }
    .into_any()
}

/// The numbers that sum the paths up.
fn summary(store: Store, reception: &Reception, level: f32) -> impl IntoView + use<> {
    let spread = reception.delay_spread().map_or_else(|| "–".into(), |s| format!("{s:.0} ns"));
    let count = reception.paths.len();
    let cell = move || {
        let value = store.scenario.with(|s| s.view.receiver).and_then(|at| store.value(EngineKind::Traced, at));
        value.map_or_else(|| "–".into(), dbm)
    };
    let scattered = reception.scattered.map(|s| {
        view! { <div><dt>"Scattered"</dt><dd>{dbm(s)}</dd></div> }
    });
    let coherent = reception.coherent.map_or_else(|| "–".into(), dbm);
    view! {
        <dl class="paths-sum">
            <div title="The paths added in power, as on the map">
                <dt>"Level"</dt><dd data-paths="level">{dbm(level)}</dd>
            </div>
            <div title="The paths added with their phases: how they interfere at this very point, which is another a few \
                        centimetres away">
                <dt>"With phases"</dt><dd data-paths="coherent">{coherent}</dd>
            </div>
            <div title="The map's value in the cell around it, which is that of the cell's middle">
                <dt>"Map's cell"</dt><dd>{cell}</dd>
            </div>
            <div><dt>"Paths"</dt><dd data-paths="count">{count}</dd></div>
            <div title="Root mean square of the delays around their mean"><dt>"Delay spread"</dt><dd>{spread}</dd></div>
            {scattered}
        </dl>
    }
}

/// One path. The pointer and the keyboard single it out.
fn row(store: Store, i: usize, path: &Arrival, strongest: f32) -> impl IntoView + use<> {
    let loss = (path.rooftop_loss >= 0.05).then(|| {
        view! { <small title="What rooftops and hills take of it">{format!(" −{:.1} dB", path.rooftop_loss)}</small> }
    });
    let direction = |d: Direction| {
        view! { <td>{format!("{:.0}°", d.azimuth)}<small>{format!(" {:+.1}°", d.elevation).replace('-', "−")}</small></td> }
    };
    view! {
        <tr
            tabindex="0"
            class:pointed=move || store.pointed.get() == Some(i)
            on:pointerenter=move |_| store.pointed.set(Some(i))
            on:pointerleave=move |_| store.pointed.set(None)
            on:focus=move |_| store.pointed.set(Some(i))
            on:blur=move |_| store.pointed.set(None)
        >
            <th scope="row">
                <span class="swatch" style:background=css_colour(path.level, strongest)></span>
                <span>{capital(&path.way())}{loss}</span>
            </th>
            <td>{format!("{:.1}", path.level).replace('-', "−")}</td>
            <td>{format!("{:.0}", path.delay)}</td>
            {direction(path.departure)}
            {direction(path.arrival)}
        </tr>
    }
}

fn dbm(level: f32) -> String {
    format!("{level:.1} dBm").replace('-', "−")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default() + letters.as_str()
}
