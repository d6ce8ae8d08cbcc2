//! An archive on a static server, read by HTTP ranges.

use super::{Bytes, Fault, RangeReader};
use gloo::net::http::{Request, Response};
use std::cell::RefCell;

/// A server that ignores ranges sends the whole archive, which must fit in memory: 256 MiB.
const MAX_WHOLE: u64 = 256 << 20;

/// An archive at an address.
#[derive(Debug)]
pub struct HttpReader {
    url: String,
    /// Filled when the server sent the whole archive instead of a range.
    whole: RefCell<Option<Bytes>>,
}

impl HttpReader {
    /// The archive at `url`; nothing is fetched yet.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), whole: RefCell::new(None) }
    }
}

impl RangeReader for HttpReader {
    async fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>, Fault> {
        if length == 0 {
            return Ok(Vec::new());
        }
        if let Some(whole) = &*self.whole.borrow() {
            return Ok(whole.slice(offset, length).to_vec());
        }
        let last = offset.saturating_add(length - 1);
        let range = format!("bytes={offset}-{last}");
        let response = Request::get(&self.url).header("Range", &range).send().await.map_err(|e| unreachable(&e))?;
        match response.status() {
            206 => {
                let mut bytes = response.binary().await.map_err(|e| unreachable(&e))?;
                bytes.truncate(length as usize);
                Ok(bytes)
            }
            200 => {
                if let Some(found) = content_length(&response).filter(|n| *n > MAX_WHOLE) {
                    return Err(Fault::TooLarge {
                        what: "bytes from a server without ranges",
                        found,
                        limit: MAX_WHOLE,
                    });
                }
                let whole = Bytes::from(response.binary().await.map_err(|e| unreachable(&e))?);
                let part = whole.slice(offset, length).to_vec();
                self.whole.replace(Some(whole));
                Ok(part)
            }
            // A range that starts past the end: nothing is there.
            416 => Ok(Vec::new()),
            404 | 410 => Err(Fault::Missing),
            status => Err(Fault::Status(status)),
        }
    }
}

fn content_length(response: &Response) -> Option<u64> {
    response.headers().get("Content-Length")?.parse().ok()
}

fn unreachable(error: &gloo::net::Error) -> Fault {
    Fault::Unreachable(error.to_string())
}
