//! The web workers: the messages they exchange with the page, and the loop that runs an engine while staying ready to
//! hear a cancellation. Knows nothing of the page's components.

mod host;
pub mod importer;
mod pause;
pub mod protocol;

#[cfg(feature = "onnx")]
mod learner;
#[cfg(feature = "gpu")]
mod tracer;

pub use host::{Absent, Desk, Host, serve};
#[cfg(feature = "import")]
pub use importer::Importers;
pub use importer::serve_imports;
#[cfg(feature = "onnx")]
pub use learner::LearnerDesk;
pub use pause::{turn, yielder};
#[cfg(feature = "gpu")]
pub use tracer::TracerDesk;

/// Reads the city that a worker is opened with.
#[cfg(any(feature = "gpu", feature = "onnx"))]
async fn read_city(open: &protocol::Open) -> Result<crate::city::Opened, protocol::Trouble> {
    if let Some(file) = open.source.url.strip_prefix("file:") {
        let message =
            format!("this city is the file {file}, which is not part of a link: open the file on this page again");
        return Err(protocol::Trouble { fault: protocol::Fault::City, message });
    }
    let reader = reader_of(&open.source);
    let clock = clock();
    let start = clock.as_ref().map_or(0.0, web_sys::Performance::now);
    let opened = crate::city::City::open_near(&*reader, &open.name, open.site)
        .await
        .map_err(|e| protocol::Trouble { fault: protocol::Fault::City, message: e.to_string() })?;
    if let Some(clock) = clock {
        let took = clock.now() - start;
        // What can't be noted is missed by a bench only.
        let _ = clock.mark(&format!("city-read:{took:.1}:{}", opened.unpacked));
    }
    Ok(opened)
}

/// The clock of this worker.
#[cfg(any(feature = "gpu", feature = "onnx"))]
fn clock() -> Option<web_sys::Performance> {
    use wasm_bindgen::JsCast;
    js_sys::global().dyn_into::<web_sys::WorkerGlobalScope>().ok()?.performance()
}

/// The reader of an archive: the last one, with what it remembers, where another part of the same is opened.
#[cfg(any(feature = "gpu", feature = "onnx"))]
fn reader_of(source: &protocol::Source) -> std::rc::Rc<crate::city::archive::HttpReader> {
    use crate::city::archive::HttpReader;
    use std::cell::RefCell;
    use std::rc::Rc;
    thread_local! {
        static LAST: RefCell<Option<(protocol::Source, Rc<HttpReader>)>> = const { RefCell::new(None) };
    }
    LAST.with_borrow_mut(|last| {
        if let Some((known, reader)) = last
            && known == source
        {
            return Rc::clone(reader);
        }
        let reader = Rc::new(HttpReader::at(&source.url, &source.beside));
        *last = Some((source.clone(), Rc::clone(&reader)));
        reader
    })
}
