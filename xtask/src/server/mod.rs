//! A small static server, as plain as the storage that Farfield is published on: files by GET and HEAD, byte ranges,
//! entity tags; no compression, no special headers. It serves the developer's browser and the tests alike.
//!
//! It listens on the loopback interface only and serves nothing outside its folder.

mod request;
mod response;

use crate::bundle::Bundle;
use crate::{setup, shell};
use anyhow::{Context, Result, bail};
use request::Request;
use response::Response;
use std::io::{BufReader, ErrorKind, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The port of `serve`, unless said otherwise.
pub const DEFAULT_PORT: u16 = 8080;
/// A connection that is silent for this long is closed.
const IDLE: Duration = Duration::from_secs(30);

/// What `serve` was asked to do.
pub struct Serving {
    /// Port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// Open the page in the user's browser.
    pub open: bool,
    /// Which bundle.
    pub bundle: Bundle,
    /// Build it first.
    pub build: bool,
}

impl Serving {
    /// Sets up, builds and serves, until it is interrupted.
    pub fn run(&self) -> Result<()> {
        if self.build {
            setup::for_web()?;
            self.bundle.build()?;
        }
        // The tests serve altered copies of the bundle.
        let folder = std::env::var_os("FARFIELD_DIST").map_or_else(|| self.bundle.folder(), PathBuf::from);
        if !folder.join("index.html").is_file() {
            bail!("there is no bundle in {}: build it first with `cargo xtask build`", folder.display());
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).with_context(|| {
            format!("port {} is taken: stop what listens there, or choose another with `--port`", self.port)
        })?;
        let address = format!("http://{}/", listener.local_addr()?);
        println!("\nFarfield is at {address}   (Ctrl-C stops it)");
        if self.open {
            let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
            if shell::run(&mut shell::command(opener, [&address])).is_err() {
                println!("  no browser could be opened from here: open {address} yourself");
            }
        }
        serve(&listener, &folder)
    }
}

/// Answers every connection on its own thread; ends only by an error of the listener.
fn serve(listener: &TcpListener, folder: &Path) -> Result<()> {
    let folder: Arc<Path> = folder.canonicalize().with_context(|| folder.display().to_string())?.into();
    for connection in listener.incoming() {
        let Ok(connection) = connection else { continue };
        let folder = Arc::clone(&folder);
        // Browsers abort downloads all the time: a connection that fails ends, and that is all.
        std::thread::spawn(move || converse(&connection, &folder).ok());
    }
    Ok(())
}

/// Answers one request after another until the other side closes, falls silent or talks nonsense.
fn converse(connection: &TcpStream, folder: &Path) -> std::io::Result<()> {
    connection.set_read_timeout(Some(IDLE))?;
    connection.set_nodelay(true)?;
    let mut reader = BufReader::new(connection);
    let mut writer = connection;
    loop {
        let (response, keep) = match Request::read(&mut reader) {
            Ok(None) => return Ok(()),
            Ok(Some(request)) => (Response::to(&request, folder), request.keep_alive),
            Err(error) if error.kind() == ErrorKind::InvalidData => (Response::bad_request(), false),
            Err(error) => return Err(error),
        };
        response.write(&mut writer, keep)?;
        writer.flush()?;
        if !keep {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests;
