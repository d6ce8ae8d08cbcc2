//! What the reader needs of the world: something that fetches, a clock, and something that remembers.

use crate::city::archive::Section;

/// What is asked of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Which bytes; all of them where there is none.
    pub range: Option<Section>,
    /// Whether caches on the way are to be passed by, because they hold another version.
    pub fresh: bool,
}

impl Ask {
    /// The value of the header `Range`.
    pub fn header(&self) -> Option<String> {
        let Section { offset, length } = self.range?;
        Some(format!("bytes={offset}-{}", offset.saturating_add(length).saturating_sub(1)))
    }
}

/// What an answer begins with. Across origins a browser shows only some of it, so all but the status may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Status code.
    pub status: u16,
    /// `Content-Range`.
    pub content_range: Option<String>,
    /// `Content-Length`, bytes.
    pub content_length: Option<u64>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
    /// `Retry-After`.
    pub retry_after: Option<String>,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Its beginning.
    pub head: Head,
    /// As much of its body as was wanted, and perhaps a little more.
    pub body: Vec<u8>,
    /// Whether there was more of the body than was wanted.
    pub more: bool,
}

/// No answer, or none to the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(pub String);

/// Fetches from one address.
pub trait Transport {
    /// Asks once. `most` says, from the head of the answer, how many bytes of its body are wanted; what goes beyond is not
    /// waited for. Dropping the future stops the request.
    fn get(&self, ask: Ask, most: &dyn Fn(&Head) -> u64) -> impl Future<Output = Result<Answer, Failure>>;

    /// What fetches from an address relative to this one; `None` where it makes no address.
    fn beside(&self, name: &str) -> Option<Self>
    where
        Self: Sized,
    {
        let _ = name;
        None
    }

    /// After a failure: the origin of the page, where a server stands at the address but doesn't let pages of that origin
    /// read from it.
    fn shut_out(&self) -> impl Future<Output = Option<String>>;

    /// Waits so many milliseconds.
    fn pause(&self, millis: u32) -> impl Future<Output = ()>;

    /// A number between 0 and 1 by chance, so that many visitors don't try again all at once.
    fn chance(&self) -> f64;
}

/// Remembers blocks of one archive between visits. It may forget any of them, and never fails: what it can't keep is
/// fetched again.
pub trait Store {
    /// The block `index` of the archive's version `stamp`.
    fn recall(&self, stamp: &str, index: u64) -> impl Future<Output = Option<Vec<u8>>>;

    /// What remembers the archive at an address relative to this one's.
    fn beside(&self, name: &str) -> Option<Self>
    where
        Self: Sized,
    {
        let _ = name;
        None
    }

    /// Keeps blocks of that version, from the index `first` on.
    fn keep(&self, stamp: &str, first: u64, blocks: &[std::sync::Arc<[u8]>]);
}

/// Remembers nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forget;

impl Store for Forget {
    async fn recall(&self, _: &str, _: u64) -> Option<Vec<u8>> {
        None
    }

    fn keep(&self, _: &str, _: u64, _: &[std::sync::Arc<[u8]>]) {}
}
