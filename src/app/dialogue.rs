//! A dialogue over the map: a title, a way to close it, and whatever it is about.
//!
//! It is the browser's own: while it is open the keyboard stays in it, Escape closes it, and then the focus goes back to
//! where it was.

use super::icons;
use leptos::html;
use leptos::prelude::*;

/// A dialogue that shows while `open`; a click beside it closes it.
#[component]
pub fn Dialogue(
    open: RwSignal<bool>,
    /// What its title says, and its name for the style sheet.
    title: &'static str,
    name: &'static str,
    children: ChildrenFn,
) -> impl IntoView {
    let element = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = element.get() else { return };
        match (open.get(), dialog.open()) {
            // One that is shown already can't be shown again, and that is all that can fail.
            (true, false) => _ = dialog.show_modal(),
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    // What is inside covers all of it, so only a click beside it meets the dialogue itself.
    let beside = move |ev: leptos::ev::MouseEvent| {
        if ev.target().zip(ev.current_target()).is_some_and(|(target, own)| target == own) {
            open.set(false);
        }
    };
    let title_id = format!("{name}-title");
    let children = StoredValue::new(children);
    view! {
        <dialog
            node_ref=element
            class=format!("dialogue {name}")
            aria-labelledby=title_id.clone()
            on:cancel=move |_: leptos::ev::Event| open.set(false)
            on:close=move |_| open.set(false)
            on:click=beside
        >
            <div class="inside">
                <header>
                    <h2 id=title_id.clone()>{title}</h2>
                    <button type="button" class="icon" aria-label="Close this" on:click=move |_| open.set(false)>
                        {icons::cross()}
                    </button>
                </header>
                <Show when=move || open.get()>{children.with_value(|children| children())}</Show>
            </div>
        </dialog>
    }
}
