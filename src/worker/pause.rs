//! Pauses that let an event loop turn: in a worker, so that a cancellation can arrive in the middle of a job, and on the page, so
//! that it stays awake.

use crate::engine::Yielder;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use js_sys::{Date, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::MessageChannel;

/// A job runs this long between two turns of the event loop, milliseconds: one frame, well under the 100 ms within which
/// a cancellation must take effect, and long enough that the turn itself costs nothing.
const SLICE_MS: f64 = 16.0;

/// A [`Yielder`] for jobs in a worker: gives the event loop a turn whenever a slice of 16 ms is used up.
pub fn yielder() -> Yielder {
    let mut last = Date::now();
    Box::new(move || {
        let now = Date::now();
        if now - last < SLICE_MS {
            return std::future::ready(()).boxed_local();
        }
        last = now;
        turn()
    })
}

/// One turn of the event loop. Through a message channel, because timers are clamped to 4 ms when nested.
pub fn turn() -> LocalBoxFuture<'static, ()> {
    async {
        let Ok(channel) = MessageChannel::new() else { return };
        let promise = Promise::new(&mut |resolve, _| {
            channel.port1().set_onmessage(Some(&resolve));
            // Posting null to an open port can't fail; were it to, the job would go on without this turn.
            if channel.port2().post_message(&JsValue::NULL).is_err() {
                let _ = resolve.call0(&JsValue::NULL);
            }
        });
        let _ = JsFuture::from(promise).await;
        channel.port1().close();
    }
    .boxed_local()
}
