//! The help: what the maps are and which keys there are.

use super::icons;
use super::keys::KEYS;
use leptos::html::Button;
use leptos::prelude::*;

/// The help, over the map.
#[component]
pub fn Help(open: RwSignal<bool>) -> impl IntoView {
    let close = NodeRef::<Button>::new();
    Effect::new(move |_| {
        if let (true, Some(button)) = (open.get(), close.get()) {
            // Without the focus the dialogue still closes by Escape.
            let _ = button.focus();
        }
    });
    let keys = || KEYS.map(|(key, what)| view! { <dt><kbd>{key}</kbd></dt><dd>{what}</dd> }).into_iter().collect_view();
    view! {
        <Show when=move || open.get()>
            <div class="backdrop" on:click=move |_| open.set(false)></div>
            <section class="help" role="dialog" aria-modal="true" aria-labelledby="help-title">
                <header>
                    <h2 id="help-title">"Four maps of one question"</h2>
                    <button
                        node_ref=close
                        type="button"
                        class="icon"
                        aria-label="Close the help"
                        on:click=move |_| open.set(false)
                    >
                        {icons::cross()}
                    </button>
                </header>
                <p>
                    "Drag the site, click anywhere on the map, or type into the panel: coverage follows. Everything is
                    computed in this browser; nothing leaves it. The address bar holds the whole scenario."
                </p>
                <ul>
                    <li><b>"Learned"</b>" is a neural network, trained on measurements, that corrects the urban-macro formula by
                    what it sees of the buildings."</li>
                    <li><b>"Ray traced"</b>" follows direct, reflected and over-rooftop rays through the buildings."</li>
                    <li><b>"Difference"</b>" is learned less ray traced, cell by cell."</li>
                    <li><b>"Empirical"</b>" is the formula a planner would start from."</li>
                </ul>
                <dl class="keys">{keys()}</dl>
            </section>
        </Show>
    }
}
