//! The web bundle: what Trunk makes of `index.html`, the three wasm binaries and `www/`.

use crate::shell::{already, command, path_with, root, run, run_logged, step};
use crate::{setup, stamp};
use anyhow::{Result, anyhow};
use std::path::PathBuf;
use std::process::Command;
use std::thread::JoinHandle;

/// All that the bundle is made from, relative to the root.
const INPUTS: &[&str] = &[
    ".cargo/config.toml",
    "Cargo.lock",
    "Cargo.toml",
    "Trunk.toml",
    "index.html",
    "models",
    "package-lock.json",
    "rust-toolchain.toml",
    "src",
    "www",
];

/// How the bundle is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bundle {
    /// Small and fast, as it ships: minutes to build.
    Web,
    /// Quick to build, for looking at a change.
    Dev,
}

impl Bundle {
    /// Where it lies.
    pub fn folder(self) -> PathBuf {
        root().join(match self {
            Self::Web => "dist",
            Self::Dev => "target/web-dev",
        })
    }

    fn stamp(self) -> &'static str {
        match self {
            Self::Web => "bundle-web",
            Self::Dev => "bundle-dev",
        }
    }

    fn is_there(self) -> bool {
        self.folder().join("index.html").is_file()
    }

    /// Builds it, unless it was built from these very files before.
    pub fn build(self) -> Result<()> {
        let (what, why) = match self {
            Self::Web => {
                ("building the web bundle, optimised", "each binary in one pass over all of it: minutes the first time")
            }
            Self::Dev => ("building the web bundle, quickly", "for looking at a change; it is large and slow"),
        };
        self.build_with(|trunk| step(what, why, || run(trunk)))
    }

    /// Builds it on a thread of its own, its output going to a log: the last pass over a binary keeps one core busy and
    /// leaves the others to somebody else.
    pub fn build_beside(self) -> BuildBeside {
        let log = root().join("target/xtask/bundle.log");
        println!("\n▸ building the web bundle beside what follows\n  its output goes to {}", log.display());
        BuildBeside(std::thread::spawn(move || self.build_with(|trunk| run_logged(trunk, &log))))
    }

    fn build_with(self, run: impl FnOnce(&mut Command) -> Result<()>) -> Result<()> {
        let inputs = stamp::of(INPUTS)?;
        if self.is_there() && stamp::holds(self.stamp(), &inputs) {
            already("the web bundle is of these very sources");
            return Ok(());
        }
        run(&mut self.trunk()?)?;
        stamp::keep(self.stamp(), &inputs)
    }

    fn trunk(self) -> Result<Command> {
        let mut trunk = command("trunk", ["build", "--dist"]);
        trunk.arg(self.folder());
        if self == Self::Web {
            trunk.arg("--release");
        }
        trunk.env("PATH", path_with(&setup::tool_folders()?)?);
        // Trunk reads this as its own option and stops at the customary value of 1.
        trunk.env_remove("NO_COLOR");
        Ok(trunk)
    }
}

/// A bundle that is being built.
pub struct BuildBeside(JoinHandle<Result<()>>);

impl BuildBeside {
    /// Waits for it.
    pub fn finish(self) -> Result<()> {
        self.0.join().map_err(|_| anyhow!("the thread that built the bundle panicked"))?
    }
}
