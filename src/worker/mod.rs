//! The two web workers: the messages they exchange with the page, and the loop that runs an engine while staying ready to
//! hear a cancellation. Knows nothing of the page's components.

mod host;
mod pause;
pub mod protocol;

#[cfg(feature = "onnx")]
mod learner;
#[cfg(feature = "gpu")]
mod tracer;

pub use host::{Absent, Desk, Host, serve};
#[cfg(feature = "onnx")]
pub use learner::LearnerDesk;
pub use pause::yielder;
#[cfg(feature = "gpu")]
pub use tracer::TracerDesk;

/// Reads the city that a worker is opened with.
#[cfg(any(feature = "gpu", feature = "onnx"))]
async fn read_city(open: &protocol::Open) -> Result<crate::city::City, protocol::Trouble> {
    if let Some(file) = open.city_url.strip_prefix("file:") {
        let message =
            format!("this city is the file {file}, which is not part of a link: open the file on this page again");
        return Err(protocol::Trouble { fault: protocol::Fault::City, message });
    }
    let reader = crate::city::archive::HttpReader::at(&open.city_url);
    crate::city::City::open(&reader, &open.name)
        .await
        .map_err(|e| protocol::Trouble { fault: protocol::Fault::City, message: e.to_string() })
}
