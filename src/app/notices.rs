//! The sentences about trouble, each with a way to try again or to put it away.

use super::files::ImportLine;
use super::icons;
use super::store::{Notice, Retry, Store, Tone};
use leptos::prelude::*;

/// The stack of notices.
#[component]
pub fn Notices(retry: Callback<Retry>) -> impl IntoView {
    let store: Store = expect_context();
    let line = move |notice: Notice| {
        let topic = notice.topic;
        let trouble = notice.tone == Tone::Trouble;
        let button = notice.retry.map(|what| {
            view! {
                <button type="button" class="quiet" data-action="retry" on:click=move |_| retry.run(what)>
                    "Retry"
                </button>
            }
        });
        view! {
            <div class="notice" class:trouble=trouble data-notice="" role=if trouble { "alert" } else { "status" }>
                <p>{notice.text.clone()}</p>
                {button}
                <button
                    type="button"
                    class="icon"
                    data-action="dismiss"
                    aria-label="Put this message away"
                    on:click=move |_| store.dismiss(|n| n.topic == topic)
                >
                    {icons::cross()}
                </button>
            </div>
        }
    };
    view! {
        <div class="notices">
            <ImportLine />
            <For each=move || store.notices.get() key=|n| (n.topic, n.text.clone()) children=line />
        </div>
    }
}
