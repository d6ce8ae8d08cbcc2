//! An archive on a static server, read by HTTP ranges: the same code in the browser and in the tests.
//!
//! [`Remote`] stands between the archive and a [`Transport`]. It keeps blocks in memory and, through a [`Store`], between
//! visits; it tries again what fails for the moment; it checks every answer against what was asked; it notices when the
//! archive changes under it; and where a server can't serve parts it reads a small archive as a whole. Dropping a future
//! of it stops the request that it waits for.

mod blocks;
#[cfg(feature = "web")]
mod browser;
mod judge;
mod remote;
#[cfg(test)]
mod tests;
mod transport;

#[cfg(feature = "web")]
pub use browser::{CacheStore, Fetch, HttpReader};
pub use judge::RangeFault;
pub use remote::Remote;
pub use transport::{Answer, Ask, Failure, Forget, Head, Store, Transport};
