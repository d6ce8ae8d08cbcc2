//! The reader against a server that misbehaves as it is told.

use super::transport::{Answer, Ask, Failure, Head, Store, Transport};
use super::{Forget, RangeFault, Remote};
use crate::city::archive::{Fault, RangeReader, Section};
use pollster::block_on;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

/// What the server does with a request.
#[derive(Clone, Copy, Debug)]
enum Trick {
    /// What it should.
    Honest,
    /// Sends the whole file, status 200.
    IgnoresRange,
    /// A status and nothing else; after so many seconds it may be asked again.
    Status(u16, Option<u64>),
    /// Ends the connection before the answer.
    Drops,
    /// Ends the connection where a range is asked for.
    DropsRanges,
    /// Ends the body early, unnoticed by the transport.
    CutsBody,
    /// Sends more than it announces.
    Overflows,
    /// Sends the range one byte further on.
    Shifts,
    /// Wraps the range in parts.
    Multipart,
    /// Says that the body is compressed.
    Compresses,
    /// Says nothing but the status, as browsers show it across origins.
    Silent,
}

/// A file on a server of tricks.
#[derive(Clone, Default)]
struct Server(Rc<State>);

#[derive(Default)]
struct State {
    file: RefCell<Vec<u8>>,
    etag: RefCell<String>,
    /// What comes first; then `then`.
    script: RefCell<VecDeque<Trick>>,
    then: Cell<Option<Trick>>,
    asked: RefCell<Vec<Ask>>,
    pauses: RefCell<Vec<u32>>,
    origin: RefCell<Option<String>>,
}

impl Server {
    fn of(length: usize) -> Self {
        let server = Self::default();
        server.0.file.replace(pattern(length, 0));
        server.0.etag.replace("\"one\"".into());
        server
    }

    fn first(self, tricks: &[Trick]) -> Self {
        self.0.script.replace(tricks.iter().copied().collect());
        self
    }

    fn always(self, trick: Trick) -> Self {
        self.0.then.set(Some(trick));
        self
    }

    fn open(&self) -> Remote<Server, Forget> {
        Remote::new(self.clone(), Forget)
    }

    fn ranges(&self) -> Vec<Option<(u64, u64)>> {
        self.0.asked.borrow().iter().map(|ask| ask.range.map(|r| (r.offset, r.length))).collect()
    }
}

fn pattern(length: usize, salt: usize) -> Vec<u8> {
    (0..length).map(|i| ((i + salt) * 31 % 251) as u8).collect()
}

impl Transport for Server {
    async fn get(&self, ask: Ask, most: &dyn Fn(&Head) -> u64) -> Result<Answer, Failure> {
        self.0.asked.borrow_mut().push(ask);
        let trick = self.0.script.borrow_mut().pop_front().or(self.0.then.get()).unwrap_or(Trick::Honest);
        let file = self.0.file.borrow();
        let total = file.len() as u64;
        let mut head = Head { status: 206, etag: Some(self.0.etag.borrow().clone()), ..Head::default() };
        let range = ask.range.filter(|_| !matches!(trick, Trick::IgnoresRange));
        let mut body = match range {
            Some(Section { offset, .. }) if offset >= total => {
                head.status = 416;
                head.content_range = Some(format!("bytes */{total}"));
                Vec::new()
            }
            Some(Section { offset, length }) => {
                let end = (offset + length).min(total);
                head.content_range = Some(format!("bytes {offset}-{}/{total}", end - 1));
                file[offset as usize..end as usize].to_vec()
            }
            None => {
                head.status = 200;
                file.clone()
            }
        };
        head.content_length = Some(body.len() as u64);
        match trick {
            Trick::DropsRanges if range.is_some() => return Err(Failure("can't be unpacked".into())),
            Trick::Drops => return Err(Failure("connection reset".into())),
            Trick::Status(status, after) => {
                head = Head { status, retry_after: after.map(|seconds| seconds.to_string()), ..Head::default() };
                body.clear();
            }
            Trick::CutsBody => body.truncate(body.len() / 2),
            Trick::Overflows if range.is_some() => body.extend([0; 100]),
            Trick::Shifts if range.is_some() => head.content_range = Some(format!("bytes 1-{}/{total}", body.len())),
            Trick::Multipart if range.is_some() => head.content_type = Some("multipart/byteranges; boundary=x".into()),
            Trick::Compresses if range.is_some() => head.content_encoding = Some("gzip".into()),
            Trick::Silent => head = Head { status: head.status, ..Head::default() },
            _ => {}
        }
        let most = most(&head);
        let more = body.len() as u64 > most;
        body.truncate(most as usize);
        Ok(Answer { head, body, more })
    }

    async fn shut_out(&self) -> Option<String> {
        self.0.origin.borrow().clone()
    }

    async fn pause(&self, millis: u32) {
        self.0.pauses.borrow_mut().push(millis);
    }

    fn chance(&self) -> f64 {
        0.5
    }
}

/// Blocks by their version and index.
type Kept = BTreeMap<(String, u64), Vec<u8>>;

/// Remembers blocks as the browser's store does by address.
#[derive(Clone, Default)]
struct Shelf(Rc<RefCell<Kept>>);

impl Store for Shelf {
    async fn recall(&self, stamp: &str, index: u64) -> Option<Vec<u8>> {
        self.0.borrow().get(&(stamp.to_owned(), index)).cloned()
    }

    fn keep(&self, stamp: &str, first: u64, blocks: &[Arc<[u8]>]) {
        for (index, block) in (first..).zip(blocks) {
            self.0.borrow_mut().insert((stamp.to_owned(), index), block.to_vec());
        }
    }
}

const KIB: u64 = 1024;

#[test]
fn a_range_is_read_once_in_whole_blocks() {
    let server = Server::of(100_000);
    let remote = server.open();
    for _ in 0..2 {
        assert_eq!(block_on(remote.read(20_000, 30_000)), Ok(pattern(100_000, 0)[20_000..50_000].to_vec()));
    }
    assert_eq!(server.ranges(), [Some((16 * KIB, 48 * KIB))], "blocks 1 to 3, in one request");
    assert_eq!(block_on(remote.read(10_000, 60_000)), Ok(pattern(100_000, 0)[10_000..70_000].to_vec()));
    assert_eq!(server.ranges()[1..], [Some((0, 16 * KIB)), Some((64 * KIB, 16 * KIB))], "only what was missing");
}

#[test]
fn a_read_beyond_the_end_gives_what_there_is() {
    let server = Server::of(20_000);
    let remote = server.open();
    assert_eq!(block_on(remote.read(19_000, 5_000)).map(|b| b.len()), Ok(1_000));
    assert_eq!(block_on(remote.read(40_000, 10)), Ok(Vec::new()));
    assert_eq!(block_on(remote.read(5, 0)), Ok(Vec::new()));
    assert!(matches!(block_on(remote.read(0, u64::MAX)), Err(Fault::TooLarge { .. })));
    assert!(matches!(block_on(remote.read(u64::MAX, 9)), Err(Fault::Truncated { .. })));
}

#[test]
fn what_fails_for_the_moment_is_tried_again_after_growing_pauses() {
    use Trick::{CutsBody, Drops, Status};
    let server = Server::of(50_000).first(&[Drops, Status(503, None), CutsBody]);
    assert_eq!(block_on(server.open().read(0, 1000)), Ok(pattern(50_000, 0)[..1000].to_vec()));
    assert_eq!(*server.0.pauses.borrow(), [250, 500, 1000]);
}

#[test]
fn what_keeps_failing_is_given_up_with_its_reason() {
    let after = |trick, tries| {
        let server = Server::of(50_000).always(trick);
        let fault = block_on(server.open().read(0, 1000)).expect_err("no answer");
        assert_eq!(server.ranges().len(), tries, "{trick:?}");
        fault
    };
    // The last one asks for the whole.
    assert_eq!(after(Trick::Drops, 5), Fault::Unreachable("connection reset".into()));
    assert_eq!(after(Trick::Status(503, None), 4), Fault::Status(503));
    assert_eq!(after(Trick::Status(404, None), 1), Fault::Missing);
    assert_eq!(after(Trick::Status(403, None), 1), Fault::Status(403));
    let Fault::Ranges(RangeFault::Length { told, found }) = after(Trick::CutsBody, 4) else { panic!("lost bytes") };
    assert_eq!((told, found), (16 * KIB, 8 * KIB));
}

#[test]
fn a_server_that_asks_for_time_gets_it_within_reason() {
    let server = Server::of(50_000).first(&[Trick::Status(429, Some(3))]);
    assert!(block_on(server.open().read(0, 1000)).is_ok());
    assert_eq!(*server.0.pauses.borrow(), [3000]);
    let server = Server::of(50_000).first(&[Trick::Status(503, Some(3600))]);
    assert_eq!(block_on(server.open().read(0, 1000)), Err(Fault::Status(503)));
    assert!(server.0.pauses.borrow().is_empty());
}

#[test]
fn a_small_archive_is_read_as_a_whole_where_ranges_are_not_served() {
    use Trick::{Compresses, IgnoresRange, Multipart, Overflows, Shifts};
    for trick in [IgnoresRange, Multipart, Compresses, Shifts, Overflows] {
        let server = Server::of(90_000).always(trick);
        let remote = server.open();
        for offset in [0, 30_000, 80_000] {
            let expected = pattern(90_000, 0)[offset..offset + 5000].to_vec();
            assert_eq!(block_on(remote.read(offset as u64, 5000)), Ok(expected), "{trick:?}");
        }
        assert!(server.ranges().len() <= 2, "{trick:?}: the whole comes once");
    }
    let server = Server::of(90_000).first(&[Trick::Status(416, None)]);
    assert_eq!(block_on(server.open().read(0, 7)), Ok(pattern(90_000, 0)[..7].to_vec()));
    assert_eq!(server.ranges(), [Some((0, 16 * KIB)), None]);
}

#[test]
fn a_small_archive_is_read_as_a_whole_where_ranges_fail_in_silence() {
    let server = Server::of(90_000).always(Trick::DropsRanges);
    assert_eq!(block_on(server.open().read(80_000, 7)), Ok(pattern(90_000, 0)[80_000..80_007].to_vec()));
    assert_eq!(server.ranges().last(), Some(&None));
    // A connection that is lost later is no reason to download everything.
    let server = Server::of(90_000).first(&[Trick::Honest]).always(Trick::DropsRanges);
    let remote = server.open();
    assert!(block_on(remote.read(0, 7)).is_ok());
    assert_eq!(block_on(remote.read(80_000, 7)), Err(Fault::Unreachable("can't be unpacked".into())));
}

#[test]
fn a_server_that_serves_neither_parts_nor_the_whole_is_described() {
    let refusing = [Trick::Multipart, Trick::Status(405, None)];
    let fault = block_on(Server::of(90_000).first(&refusing).open().read(0, 7)).expect_err("neither");
    assert_eq!(fault, Fault::Ranges(RangeFault::Multipart));
    assert!(fault.to_string().contains("multipart/byteranges"), "{fault}");
    let refusing = [Trick::Status(416, None), Trick::Status(416, None)];
    let fault = block_on(Server::of(90_000).first(&refusing).open().read(0, 7)).expect_err("neither");
    assert!(fault.to_string().contains("416"), "{fault}");
}

#[test]
fn an_archive_too_large_to_be_read_as_a_whole_is_not_downloaded() {
    // The head alone says so; a server can say anything.
    struct Huge;
    impl Transport for Huge {
        async fn get(&self, _: Ask, most: &dyn Fn(&Head) -> u64) -> Result<Answer, Failure> {
            let head = Head { status: 200, content_length: Some(3 << 30), ..Head::default() };
            assert_eq!(most(&head), 0);
            Ok(Answer { head, body: Vec::new(), more: true })
        }
        async fn shut_out(&self) -> Option<String> {
            None
        }
        async fn pause(&self, _: u32) {}
        fn chance(&self) -> f64 {
            0.0
        }
    }
    let fault = block_on(Remote::new(Huge, Forget).read(0, 10)).expect_err("too large");
    assert!(matches!(fault, Fault::TooLarge { found: 0xc000_0000, .. }), "{fault:?}");
}

#[test]
fn a_change_of_the_archive_is_noticed() {
    let server = Server::of(100_000);
    let remote = server.open();
    assert!(block_on(remote.read(0, 100)).is_ok());
    server.0.file.replace(pattern(100_000, 7));
    server.0.etag.replace("\"two\"".into());
    assert_eq!(block_on(remote.read(50_000, 100)), Err(Fault::Changed));
    remote.forget();
    assert_eq!(block_on(remote.read(0, 100)), Ok(pattern(100_000, 7)[..100].to_vec()));
    assert!(server.0.asked.borrow().last().is_some_and(|ask| ask.fresh), "past every cache on the way");
    // A server without tags is caught by the length of the archive.
    server.0.etag.replace("\"two\"".into());
    server.0.file.replace(pattern(120_000, 7));
    assert_eq!(block_on(remote.read(50_000, 100)), Err(Fault::Changed));
}

#[test]
fn a_weak_tag_is_the_same_tag() {
    let server = Server::of(100_000);
    let remote = server.open();
    assert!(block_on(remote.read(0, 100)).is_ok());
    server.0.etag.replace("W/\"one\"".into());
    assert!(block_on(remote.read(50_000, 100)).is_ok());
}

#[test]
fn a_second_visit_fetches_the_first_block_alone() {
    let server = Server::of(100_000);
    let shelf = Shelf::default();
    for visit in 0..2 {
        let remote = Remote::new(server.clone(), shelf.clone());
        server.0.asked.borrow_mut().clear();
        assert!(block_on(remote.read(0, 100)).is_ok());
        assert_eq!(block_on(remote.read(40_000, 60_000)), Ok(pattern(100_000, 0)[40_000..].to_vec()));
        assert_eq!(server.ranges().len(), 2 - visit, "the first block tells which version it is");
    }
    server.0.etag.replace("\"two\"".into());
    server.0.file.replace(pattern(100_000, 9));
    let remote = Remote::new(server.clone(), shelf);
    assert!(block_on(remote.read(0, 100)).is_ok());
    assert_eq!(block_on(remote.read(40_000, 10)), Ok(pattern(100_000, 9)[40_000..40_010].to_vec()));
}

#[test]
fn a_damaged_memory_of_the_last_visit_is_fetched_again() {
    let server = Server::of(100_000);
    let shelf = Shelf::default();
    let visit = || {
        let remote = Remote::new(server.clone(), shelf.clone());
        block_on(remote.read(0, 100)).and(block_on(remote.read(40_000, 60_000)))
    };
    assert!(visit().is_ok());
    shelf.0.borrow_mut().values_mut().for_each(|block| block.truncate(99));
    assert_eq!(visit(), Ok(pattern(100_000, 0)[40_000..].to_vec()));
}

#[test]
fn a_server_whose_headers_are_hidden_is_read_all_the_same() {
    let server = Server::of(100_000).always(Trick::Silent);
    let remote = server.open();
    assert_eq!(block_on(remote.read(0, 100)), Ok(pattern(100_000, 0)[..100].to_vec()));
    assert_eq!(block_on(remote.read(99_000, 5_000)), Ok(pattern(100_000, 0)[99_000..].to_vec()));
    assert_eq!(block_on(remote.read(200_000, 10)), Ok(Vec::new()));
}

#[test]
fn a_server_that_shuts_the_page_out_is_told_from_silence() {
    let server = Server::of(1000).always(Trick::Drops);
    server.0.origin.replace(Some("https://page.example".into()));
    let fault = block_on(server.open().read(0, 10)).expect_err("no access");
    assert_eq!(fault, Fault::ShutOut("https://page.example".into()));
    let said = fault.to_string();
    assert!(said.contains("https://page.example") && said.contains("Access-Control-Allow-Origin"), "{said}");
    assert!(said.contains("Range"), "{said}");
}

/// A transport that never answers and notes when it is given up.
struct Never(Rc<Cell<bool>>);

struct Note(Rc<Cell<bool>>);

impl Drop for Note {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

impl Transport for Never {
    async fn get(&self, _: Ask, _: &dyn Fn(&Head) -> u64) -> Result<Answer, Failure> {
        let _note = Note(Rc::clone(&self.0));
        std::future::pending().await
    }
    async fn shut_out(&self) -> Option<String> {
        None
    }
    async fn pause(&self, _: u32) {}
    fn chance(&self) -> f64 {
        0.0
    }
}

#[test]
fn dropping_a_read_stops_its_request() {
    use futures_util::FutureExt;
    let stopped = Rc::new(Cell::new(false));
    let remote = Remote::new(Never(Rc::clone(&stopped)), Forget);
    let mut read = Box::pin(remote.read(0, 10));
    assert!(read.as_mut().now_or_never().is_none());
    assert!(!stopped.get());
    drop(read);
    assert!(stopped.get());
}
