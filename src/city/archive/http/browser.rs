//! In the browser: fetch, and the Cache API between visits.

use super::remote::Remote;
use super::transport::{Answer, Ask, Failure, Head, Store, Transport};
use futures_util::future::{Either, select};
use gloo::net::http::{Request, Response};
use gloo::timers::future::TimeoutFuture;
use js_sys::{Array, JsString, Reflect, Uint8Array, encode_uri_component};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortController, Cache, CacheStorage, ReadableStreamDefaultReader, RequestCache, RequestMode, Url};

/// A connection on which nothing arrives for so long is given up, milliseconds.
const PATIENCE: u32 = 20_000;
/// Where blocks lie between visits; a new name where their form changes.
const CACHE: &str = "farfield-archives-1";
/// Most blocks kept between visits, of all archives together: 64 MiB.
const MOST_KEPT: u32 = 4096;

/// An archive at an address.
pub type HttpReader = Remote<Fetch, CacheStore>;

impl HttpReader {
    /// The archive at `url`; nothing is fetched yet. `beside` are those that lie beside it by name, with the addresses at
    /// which they are read, where its own leads nowhere: that of a file in the user's hands.
    pub fn at(url: &str, beside: &[(String, String)]) -> Self {
        let place = Rc::new(Place { url: url.into(), beside: beside.to_vec() });
        Self::new(Fetch(Rc::clone(&place)), CacheStore(place))
    }
}

/// Where an archive lies.
#[derive(Debug)]
struct Place {
    url: String,
    beside: Vec<(String, String)>,
}

impl Place {
    /// Where the archive lies that this one calls `name`.
    fn beside(&self, name: &str) -> Option<Rc<Self>> {
        let in_hand = self.beside.iter().find(|(known, _)| known == name).map(|(_, url)| url.clone());
        let url = in_hand.or_else(|| address(name, &self.url))?;
        Some(Rc::new(Self { url, beside: Vec::new() }))
    }
}

/// The browser's fetch.
#[derive(Debug)]
pub struct Fetch(Rc<Place>);

/// Stops the request when it goes out of scope: a no-op for one that has ended.
struct AbortOnDrop(Option<AbortController>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}

impl Transport for Fetch {
    async fn get(&self, ask: Ask, most: &dyn Fn(&Head) -> u64) -> Result<Answer, Failure> {
        let abort = AbortOnDrop(AbortController::new().ok());
        let signal = abort.0.as_ref().map(AbortController::signal);
        let mut request = Request::get(&self.0.url).abort_signal(signal.as_ref());
        if let Some(range) = ask.header() {
            request = request.header("Range", &range);
        }
        if ask.fresh {
            request = request.cache(RequestCache::Reload);
        }
        let response = patient(request.send()).await?.map_err(|e| Failure(e.to_string()))?;
        let head = head_of(&response);
        let (body, more) = body_of(&response, most(&head)).await?;
        Ok(Answer { head, body, more })
    }

    fn beside(&self, name: &str) -> Option<Self> {
        self.0.beside(name).map(Self)
    }

    async fn shut_out(&self) -> Option<String> {
        let own: String = Reflect::get(&js_sys::global(), &"origin".into()).ok()?.as_string()?;
        let other = Url::new(&self.0.url).ok()?.origin();
        if other == own {
            return None;
        }
        // The answer to a request without CORS can't be read, but it tells that somebody answers.
        let anyone = Request::get(&self.0.url).method(gloo::net::http::Method::HEAD).mode(RequestMode::NoCors);
        patient(anyone.send()).await.ok()?.ok()?;
        Some(own)
    }

    async fn pause(&self, millis: u32) {
        TimeoutFuture::new(millis).await;
    }

    fn chance(&self) -> f64 {
        js_sys::Math::random()
    }
}

/// The address that a document at `base` calls `name`.
fn address(name: &str, base: &str) -> Option<String> {
    let url = Url::new_with_base(name, base).ok()?;
    matches!(url.protocol().as_str(), "http:" | "https:").then(|| url.href())
}

/// The result of `work`, unless it takes too long.
async fn patient<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    match select(pin!(work), TimeoutFuture::new(PATIENCE)).await {
        Either::Left((result, _)) => Ok(result),
        Either::Right(_) => Err(Failure(format!("nothing arrived for {} s", PATIENCE / 1000))),
    }
}

fn head_of(response: &Response) -> Head {
    let headers = response.headers();
    Head {
        status: response.status(),
        content_range: headers.get("Content-Range"),
        content_length: headers.get("Content-Length").and_then(|text| text.parse().ok()),
        content_encoding: headers.get("Content-Encoding"),
        content_type: headers.get("Content-Type"),
        etag: headers.get("ETag"),
        last_modified: headers.get("Last-Modified"),
        retry_after: headers.get("Retry-After"),
    }
}

/// At least `most` bytes of the body if there are as many, and whether there are more.
async fn body_of(response: &Response, most: u64) -> Result<(Vec<u8>, bool), Failure> {
    let mut body = Vec::new();
    let Some(stream) = response.body() else { return Ok((body, false)) };
    let broken = |e: JsValue| {
        let said = e.dyn_ref::<js_sys::Error>().map(|e| String::from(e.message()));
        Failure(said.unwrap_or_else(|| "the connection was lost".into()))
    };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    loop {
        let piece = patient(JsFuture::from(reader.read())).await?.map_err(broken)?;
        let field = |name: &str| Reflect::get(&piece, &name.into()).map_err(broken);
        if field("done")?.is_truthy() {
            return Ok((body, false));
        }
        let bytes: Uint8Array = field("value")?.unchecked_into();
        if body.len() as u64 + u64::from(bytes.length()) > most {
            let room = most.saturating_sub(body.len() as u64) as u32;
            body.extend(bytes.subarray(0, room).to_vec());
            return Ok((body, true));
        }
        body.extend(bytes.to_vec());
    }
}

/// The Cache API. Where there is none (a page without TLS, a private window) nothing is remembered.
#[derive(Debug)]
pub struct CacheStore(Rc<Place>);

impl CacheStore {
    /// The address under which a block is kept. No server is asked for it.
    fn key(&self, stamp: &str, index: u64) -> String {
        let (url, stamp) = (encode_uri_component(&self.0.url), encode_uri_component(stamp));
        format!("https://farfield.invalid/{url}/{stamp}/{index}")
    }
}

impl Store for CacheStore {
    fn beside(&self, name: &str) -> Option<Self> {
        self.0.beside(name).map(Self)
    }

    async fn recall(&self, stamp: &str, index: u64) -> Option<Vec<u8>> {
        let cache = open_cache().await?;
        let found = JsFuture::from(cache.match_with_str(&self.key(stamp, index))).await.ok()?;
        let response: web_sys::Response = found.dyn_into().ok()?;
        let buffer = JsFuture::from(response.array_buffer().ok()?).await.ok()?;
        Some(Uint8Array::new(&buffer).to_vec())
    }

    fn keep(&self, stamp: &str, first: u64, blocks: &[Arc<[u8]>]) {
        let kept: Vec<(String, Arc<[u8]>)> =
            (first..).map(|index| self.key(stamp, index)).zip(blocks.iter().map(Arc::clone)).collect();
        spawn_local(async move {
            let Some(cache) = open_cache().await else { return };
            for (key, block) in kept {
                let bytes = Uint8Array::from(block.as_ref());
                let Ok(response) = web_sys::Response::new_with_opt_js_u8_array(Some(&bytes)) else { return };
                // No room, or no leave to keep anything: the next visit fetches it again.
                if JsFuture::from(cache.put_with_str(&key, &response)).await.is_err() {
                    return;
                }
            }
            trim(&cache).await;
        });
    }
}

/// Drops what was kept first, beyond the number of blocks that is kept.
async fn trim(cache: &Cache) {
    let Ok(keys) = JsFuture::from(cache.keys()).await else { return };
    let keys: Array = keys.unchecked_into();
    for i in 0..keys.length().saturating_sub(MOST_KEPT) {
        let key: web_sys::Request = keys.get(i).unchecked_into();
        // One that is gone already is none of our concern.
        let _ = JsFuture::from(cache.delete_with_request(&key)).await;
    }
}

/// The cache, from a worker or a page.
async fn open_cache() -> Option<Cache> {
    let global = js_sys::global();
    // Absent outside of secure contexts, whatever the bindings promise.
    let caches = Reflect::get(&global, &JsString::from("caches")).ok().filter(JsValue::is_truthy)?;
    let caches: CacheStorage = caches.dyn_into().ok()?;
    JsFuture::from(caches.open(CACHE)).await.ok()?.dyn_into().ok()
}
