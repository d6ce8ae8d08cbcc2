//! A dialogue over the map: a title, a way to close it, and whatever it is about.

use super::icons;
use leptos::html::Button;
use leptos::prelude::*;

/// A dialogue that shows while `open`; a click beside it closes it, as does Escape (see [`super::keys`]).
#[component]
pub fn Dialogue(
    open: RwSignal<bool>,
    /// What its title says, and its name for the style sheet.
    title: &'static str,
    name: &'static str,
    children: ChildrenFn,
) -> impl IntoView {
    let close = NodeRef::<Button>::new();
    Effect::new(move |_| {
        if let (true, Some(button)) = (open.get(), close.get()) {
            // Without the focus the dialogue still closes by Escape.
            let _ = button.focus();
        }
    });
    let title_id = format!("{name}-title");
    let children = StoredValue::new(children);
    view! {
        <Show when=move || open.get()>
            <div class="backdrop" on:click=move |_| open.set(false)></div>
            <section class=format!("dialogue {name}") role="dialog" aria-modal="true" aria-labelledby=title_id.clone()>
                <header>
                    <h2 id=title_id.clone()>{title}</h2>
                    <button
                        node_ref=close
                        type="button"
                        class="icon"
                        aria-label="Close this"
                        on:click=move |_| open.set(false)
                    >
                        {icons::cross()}
                    </button>
                </header>
                {children.with_value(|children| children())}
            </section>
        </Show>
    }
}
