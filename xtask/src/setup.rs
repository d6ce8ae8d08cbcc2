//! What building the page needs beyond a Rust toolchain: the wasm target, Trunk, the `wasm-bindgen` CLI, npm packages.
//!
//! Tools lie in a cache folder outside `target`, one folder a version, so that a clean build or a second clone finds them.

use crate::shell::{already, cargo, command, have, read, root, run, step};
use crate::stamp;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::PathBuf;

const TARGET: &str = "wasm32-unknown-unknown";
/// The last Trunk that Rust 1.95 builds.
const TRUNK_VERSION: &str = "0.21.14";
/// Oldest Node.js with `node:test` as the tests use it.
const NODE_MAJOR: u32 = 20;

/// A command-line program installed by cargo.
struct Tool {
    name: &'static str,
    version: String,
    why: &'static str,
    extra: &'static [&'static str],
    opt_level: &'static str,
}

/// Sets up all that building and serving the page needs; what is there already is left alone.
pub fn for_web() -> Result<()> {
    println!("▸ setting up for the web");
    wasm_target()?;
    for tool in tools()? {
        tool.install()?;
    }
    npm_packages()
}

/// The folders to put on `PATH` for Trunk, so that it downloads nothing itself.
pub fn tool_folders() -> Result<Vec<PathBuf>> {
    let mut folders = vec![root().join("node_modules/.bin")];
    for tool in tools()? {
        folders.push(tool.folder()?.join("bin"));
    }
    Ok(folders)
}

fn tools() -> Result<[Tool; 2]> {
    let trunk = Tool {
        name: "trunk",
        version: TRUNK_VERSION.into(),
        why: "it builds the page and the workers and puts them together",
        extra: &["--no-default-features", "--features", "rustls"],
        opt_level: "0",
    };
    let bindgen = Tool {
        name: "wasm-bindgen-cli",
        version: locked_version("wasm-bindgen")?,
        why: "it writes the JavaScript beside each wasm file, and must be of the very version in Cargo.lock",
        extra: &[],
        opt_level: "1",
    };
    Ok([trunk, bindgen])
}

impl Tool {
    fn folder(&self) -> Result<PathBuf> {
        Ok(cache()?.join("tools").join(format!("{}-{}", self.name, self.version)))
    }

    fn is_installed(&self) -> Result<bool> {
        let program = self.name.strip_suffix("-cli").unwrap_or(self.name);
        let path = self.folder()?.join("bin").join(program);
        let Some(path) = path.to_str() else { bail!("{} is not a readable path", path.display()) };
        Ok(have(path))
    }

    fn install(&self) -> Result<()> {
        let label = format!("{} {}", self.name, self.version);
        if self.is_installed()? {
            already(&label);
            return Ok(());
        }
        step(&format!("installing {label}"), self.why, || {
            let folder = self.folder()?;
            let mut install = cargo(["install", self.name, "--version", &self.version, "--locked", "--root"]);
            install.arg(&folder).args(self.extra);
            // Its own target folder, so that a set CARGO_TARGET_DIR is not filled with a tool's objects.
            install.env("CARGO_TARGET_DIR", folder.join("build"));
            // The tool runs for seconds and would build for many minutes: optimise the building.
            install.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256");
            install.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", self.opt_level).env("CARGO_PROFILE_RELEASE_DEBUG", "false");
            run(&mut install).with_context(|| {
                format!(
                    "{label} could not be installed. It needs a C compiler (Debian: `apt-get install gcc libc6-dev`) and \
                     the crates registry; by hand: `cargo install {} --version {} --locked --root {}`",
                    self.name,
                    self.version,
                    folder.display()
                )
            })?;
            // Best effort: what is left behind is disk space, not an error.
            let _ = fs::remove_dir_all(folder.join("build"));
            Ok(())
        })
    }
}

/// `$XDG_CACHE_HOME/farfield` or `~/.cache/farfield`.
fn cache() -> Result<PathBuf> {
    let folder = match (std::env::var_os("XDG_CACHE_HOME"), std::env::var_os("HOME")) {
        (Some(cache), _) if !cache.is_empty() => PathBuf::from(cache),
        (_, Some(home)) => PathBuf::from(home).join(".cache"),
        _ => bail!("neither XDG_CACHE_HOME nor HOME is set: there is no place to keep the tools"),
    };
    Ok(folder.join("farfield"))
}

/// The version of a crate in `Cargo.lock`.
fn locked_version(name: &str) -> Result<String> {
    let lock = fs::read_to_string(root().join("Cargo.lock")).context("Cargo.lock")?;
    version_in(&lock, name).with_context(|| format!("Cargo.lock names no {name}"))
}

fn version_in(lock: &str, name: &str) -> Option<String> {
    let package = format!("name = \"{name}\"");
    let version = lock.lines().skip_while(|line| line.trim() != package).nth(1)?;
    Some(version.trim().strip_prefix("version = \"")?.strip_suffix('"')?.to_owned())
}

fn wasm_target() -> Result<()> {
    let sysroot = read(&mut command("rustc", ["--print", "sysroot"]))?;
    if PathBuf::from(sysroot.trim()).join("lib/rustlib").join(TARGET).join("lib").is_dir() {
        already(TARGET);
        return Ok(());
    }
    step("installing the wasm32 standard library", "the page and the workers are WebAssembly", || {
        run(&mut command("rustup", ["target", "add", TARGET])).with_context(|| {
            format!(
                "the standard library of {TARGET} is missing and rustup could not add it. With rustup: `rustup target add \
                 {TARGET}`; with a distribution's Rust: its wasm32 package (Debian: `libstd-rust-dev-wasm32`)"
            )
        })
    })
}

/// rustfmt and clippy, which the checks need and a minimal toolchain lacks.
pub fn rust_components() -> Result<()> {
    let mut missing = Vec::new();
    for (component, program) in [("rustfmt", "cargo-fmt"), ("clippy", "cargo-clippy")] {
        if have(program) {
            already(component);
        } else {
            missing.push(component);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    step(&format!("installing {}", missing.join(" and ")), "the checks format and lint with them", || {
        run(command("rustup", ["component", "add"]).args(&missing))
            .with_context(|| format!("by hand: `rustup component add {}`", missing.join(" ")))
    })
}

/// `MapLibre`, the `PMTiles` reader, wasm-opt and the tests' browser driver, as `package-lock.json` fixes them.
fn npm_packages() -> Result<()> {
    let node = read(&mut command("node", ["--version"]))
        .with_context(|| format!("Node.js {NODE_MAJOR} or newer is needed (Debian: `apt-get install nodejs npm`)"))?;
    let major = node.trim().trim_start_matches('v').split('.').next().and_then(|n| n.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MAJOR) {
        bail!("Node.js {NODE_MAJOR} or newer is needed, this is {}: install a newer one from nodejs.org", node.trim());
    }
    let wanted = stamp::of(&["package.json", "package-lock.json"])?;
    if stamp::holds("npm", &wanted) && root().join("node_modules/.package-lock.json").is_file() {
        already("npm packages");
        return Ok(());
    }
    step(
        "installing the npm packages",
        "MapLibre draws the map, binaryen shrinks the wasm, Playwright drives the tests",
        || {
            run(&mut command("npm", ["ci", "--no-audit", "--no-fund"]))
                .context("npm could not install the packages of package-lock.json: is the npm registry reachable?")?;
            stamp::keep("npm", &wanted)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_the_package_of_that_very_name() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"9.9.9\"\n\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.129\"\n";
        assert_eq!(version_in(lock, "wasm-bindgen").as_deref(), Some("0.2.129"));
        assert_eq!(version_in(lock, "trunk"), None);
    }

    #[test]
    fn the_projects_own_lock_names_wasm_bindgen() {
        assert!(locked_version("wasm-bindgen").is_ok());
    }
}
