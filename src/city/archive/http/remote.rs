//! Reads ranges of an archive through a transport: cached, checked, and tried again.

use super::blocks::{BLOCK, Blocks};
use super::judge::{MAX_WHOLE, Outcome, Problem, RangeFault, most, outcome, total_of};
use super::transport::{Answer, Ask, Head, Store, Transport};
use crate::city::archive::{Bytes, Fault, RangeReader, Section};
use futures_util::future::join_all;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// Blocks kept in memory, bytes.
const MEMORY: usize = 64 << 20;
/// Longest range that can be read at once, bytes.
const MAX_READ: u64 = 64 << 20;
/// How often a request is made before it is given up.
const TRIES: u32 = 4;
/// Pause before the second try, milliseconds; it doubles with each further one, and chance makes it 0.5 to 1.5 times that.
const FIRST_PAUSE: u32 = 250;
/// A server that wants to be left alone for longer, seconds, is given up.
const MAX_RETRY_AFTER: u64 = 10;

/// An archive behind a transport.
#[derive(Debug)]
pub struct Remote<T, S> {
    transport: T,
    store: S,
    blocks: RefCell<Blocks>,
    /// What is known of the version that the blocks are of.
    version: RefCell<Version>,
    /// Filled where the archive was read as a whole.
    whole: RefCell<Option<Bytes>>,
    /// Whether caches on the way hold another version.
    fresh: Cell<bool>,
    /// Whether the server ever gave what was asked for.
    answered: Cell<bool>,
}

impl<T: Transport, S: Store> Remote<T, S> {
    /// The archive that `transport` reaches; nothing is fetched yet.
    pub fn new(transport: T, store: S) -> Self {
        Self {
            transport,
            store,
            blocks: RefCell::new(Blocks::new(MEMORY)),
            version: RefCell::default(),
            whole: RefCell::default(),
            fresh: Cell::new(false),
            answered: Cell::new(false),
        }
    }

    /// The blocks from `first` to `last`; fewer, or a shorter last one, where the archive ends before.
    async fn blocks(&self, first: u64, last: u64) -> Result<Vec<Arc<[u8]>>, Fault> {
        let mut found: Vec<Option<Arc<[u8]>>> =
            (first..=last).map(|index| self.blocks.borrow_mut().get(index)).collect();
        self.recall(first, &mut found).await;
        let mut at = 0;
        while at < found.len() {
            let missing = found[at..].iter().take_while(|block| block.is_none()).count();
            if missing == 0 {
                at += 1;
                continue;
            }
            let start = first + at as u64;
            let range = Section { offset: start * BLOCK, length: missing as u64 * BLOCK };
            let Some(part) = self.fetch(range).await? else { return Ok(Vec::new()) };
            let blocks: Vec<Arc<[u8]>> = part.chunks(BLOCK as usize).map(Arc::from).collect();
            for (i, block) in blocks.iter().enumerate() {
                self.blocks.borrow_mut().put(start + i as u64, Arc::clone(block));
                found[at + i] = Some(Arc::clone(block));
            }
            if let Some(stamp) = self.version.borrow().stamp() {
                self.store.keep(&stamp, start, &blocks);
            }
            if (part.len() as u64) < range.length {
                break;
            }
            at += missing;
        }
        Ok(found.into_iter().map_while(|block| block).collect())
    }

    /// Looks in the store for blocks that memory lacks, once the version is known that they must be of.
    async fn recall(&self, first: u64, found: &mut [Option<Arc<[u8]>>]) {
        let Some(stamp) = self.version.borrow().stamp() else { return };
        let missing: Vec<usize> = (0..found.len()).filter(|i| found[*i].is_none()).collect();
        let recalled = join_all(missing.iter().map(|i| self.store.recall(&stamp, first + *i as u64))).await;
        for (i, block) in missing.into_iter().zip(recalled) {
            let index = first + i as u64;
            let length = self.version.borrow().length_of(index);
            if let Some(block) = block.filter(|block| block.len() as u64 == length) {
                let block: Arc<[u8]> = block.into();
                self.blocks.borrow_mut().put(index, Arc::clone(&block));
                found[i] = Some(block);
            }
        }
    }

    /// The bytes of `range`, as far as there are any; nothing where the whole archive came instead.
    async fn fetch(&self, range: Section) -> Result<Option<Vec<u8>>, Fault> {
        match self.ask(Some(range), TRIES).await {
            Ok(Outcome::Part(part)) => Ok(Some(part)),
            Ok(Outcome::Whole(whole)) => {
                self.whole.replace(Some(whole.into()));
                Ok(None)
            }
            Err(Problem::Ranges(trouble)) => self.fetch_whole(trouble).await.map(|()| None),
            // Browsers hide what they can't unpack, and refuse a header that the server doesn't allow, behind the same
            // silence; a request without a range may be answered.
            Err(Problem::Final(fault @ (Fault::Unreachable(_) | Fault::ShutOut(_)))) if !self.answered.get() => {
                match self.ask(None, 1).await {
                    Ok(Outcome::Whole(whole)) => {
                        self.whole.replace(Some(whole.into()));
                        Ok(None)
                    }
                    _ => Err(fault),
                }
            }
            Err(Problem::Again(fault, _) | Problem::Final(fault)) => Err(fault),
        }
    }

    /// Reads the whole archive from a server that can't serve parts. Where that fails too, the first trouble is told.
    async fn fetch_whole(&self, trouble: RangeFault) -> Result<(), Fault> {
        match self.ask(None, TRIES).await {
            Ok(Outcome::Whole(whole)) => {
                self.whole.replace(Some(whole.into()));
                Ok(())
            }
            Err(Problem::Final(Fault::Changed)) => Err(Fault::Changed),
            Err(Problem::Final(Fault::TooLarge { found, .. })) => {
                Err(Fault::TooLarge { what: "bytes from a server that can't serve parts", found, limit: MAX_WHOLE })
            }
            _ => Err(Fault::Ranges(trouble)),
        }
    }

    /// Asks, and asks again while that may help.
    async fn ask(&self, range: Option<Section>, tries: u32) -> Result<Outcome, Problem> {
        let mut tried = 0;
        loop {
            tried += 1;
            let ask = Ask { range, fresh: self.fresh.get() };
            let problem = match self.transport.get(ask, &|head| most(range, head)).await {
                Ok(answer) => match self.check(range, answer) {
                    Ok(outcome) => return Ok(outcome),
                    Err(problem) => problem,
                },
                Err(failure) => Problem::Again(Fault::Unreachable(failure.0), None),
            };
            let Problem::Again(fault, wish) = problem else { return Err(problem) };
            if tried == tries || wish.is_some_and(|seconds| seconds > MAX_RETRY_AFTER) {
                return Err(Problem::Final(self.explain(fault).await));
            }
            let backoff = f64::from(FIRST_PAUSE << (tried - 1)) * (0.5 + self.transport.chance());
            let wish = wish.unwrap_or_default() as u32 * 1000;
            self.transport.pause(wish.max(backoff as u32)).await;
        }
    }

    /// What the answer holds, if it is of the version that is being read.
    fn check(&self, range: Option<Section>, answer: Answer) -> Result<Outcome, Problem> {
        let version = Version::of(&answer.head);
        let outcome = outcome(range, answer)?;
        let mut known = self.version.borrow_mut();
        if known.contradicts(&version) {
            return Err(Problem::Final(Fault::Changed));
        }
        known.learn(version);
        self.answered.set(true);
        Ok(outcome)
    }

    /// Silence from another origin is often a refusal, which the browser tells nobody but its console.
    async fn explain(&self, fault: Fault) -> Fault {
        if !matches!(fault, Fault::Unreachable(_)) {
            return fault;
        }
        self.transport.shut_out().await.map_or(fault, Fault::ShutOut)
    }
}

impl<T: Transport, S: Store> RangeReader for Remote<T, S> {
    async fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>, Fault> {
        if length > MAX_READ {
            return Err(Fault::TooLarge { what: "bytes at once", found: length, limit: MAX_READ });
        }
        let end = offset.checked_add(length).ok_or(Fault::Truncated { offset, needed: length, found: 0 })?;
        let slice = || self.whole.borrow().as_ref().map(|whole| whole.slice(offset, length).to_vec());
        if let Some(part) = slice() {
            return Ok(part);
        }
        if length == 0 {
            return Ok(Vec::new());
        }
        let first = offset / BLOCK;
        let blocks = self.blocks(first, (end - 1) / BLOCK).await?;
        if let Some(part) = slice() {
            return Ok(part);
        }
        let skip = (offset - first * BLOCK) as usize;
        let mut bytes = blocks.concat();
        bytes.truncate(skip + length as usize);
        bytes.drain(..skip.min(bytes.len()));
        Ok(bytes)
    }

    fn beside(&self, name: &str) -> Result<Option<Self>, Fault> {
        let parts = self.transport.beside(name).zip(self.store.beside(name));
        Ok(parts.map(|(transport, store)| Self::new(transport, store)))
    }

    fn forget(&self) {
        self.blocks.borrow_mut().clear();
        self.version.take();
        self.whole.take();
        self.fresh.set(true);
    }
}

/// What tells one version of a file from another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Version {
    etag: Option<String>,
    modified: Option<String>,
    total: Option<u64>,
}

impl Version {
    fn of(head: &Head) -> Self {
        // A weak tag is as good here: a file that is served byte by byte is not rewritten on the way.
        let etag = head.etag.as_deref().map(|tag| tag.trim_start_matches("W/").to_owned());
        Self { etag, modified: head.last_modified.clone(), total: total_of(head) }
    }

    fn contradicts(&self, other: &Self) -> bool {
        fn differ<T: PartialEq>(a: Option<&T>, b: Option<&T>) -> bool {
            a.zip(b).is_some_and(|(a, b)| a != b)
        }
        differ(self.etag.as_ref(), other.etag.as_ref())
            || differ(self.modified.as_ref(), other.modified.as_ref())
            || differ(self.total.as_ref(), other.total.as_ref())
    }

    fn learn(&mut self, other: Self) {
        self.etag = self.etag.take().or(other.etag);
        self.modified = self.modified.take().or(other.modified);
        self.total = self.total.or(other.total);
    }

    /// A name for this version, where enough is known to trust it between visits.
    fn stamp(&self) -> Option<String> {
        let mark = self.etag.as_ref().or(self.modified.as_ref())?;
        Some(self.total.map_or_else(|| mark.clone(), |total| format!("{mark}/{total}")))
    }

    /// The length of a block of this version; a short last one is not trusted where the archive's length is unknown.
    fn length_of(&self, index: u64) -> u64 {
        self.total.map_or(BLOCK, |total| total.saturating_sub(index * BLOCK).min(BLOCK))
    }
}
