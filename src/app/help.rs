//! The help: what the maps are and which keys there are.

use super::dialogue::Dialogue;
use super::keys::KEYS;
use leptos::prelude::*;

/// The help, over the map.
#[component]
pub fn Help(open: RwSignal<bool>) -> impl IntoView {
    let keys = || KEYS.map(|(key, what)| view! { <dt><kbd>{key}</kbd></dt><dd>{what}</dd> }).into_iter().collect_view();
    view! {
        <Dialogue open=open title="Four maps of one question" name="help">
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
            <p>
                "With "<b>"Paths"</b>" pressed, a click on the map shows how the waves get there: every path the ray tracer
                finds, with its level, delay and angles."
            </p>
            <dl class="keys">{keys()}</dl>
        </Dialogue>
    }
}
