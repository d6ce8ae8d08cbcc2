//! The web bundle: what Trunk makes of `index.html`, the three wasm binaries and `www/`.

use crate::shell::{already, command, path_with, root, run, step};
use crate::{setup, stamp};
use anyhow::Result;
use std::path::PathBuf;

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
        let inputs = stamp::of(INPUTS)?;
        if self.is_there() && stamp::holds(self.stamp(), &inputs) {
            already("the bundle is of these very sources");
            return Ok(());
        }
        let (what, why) = match self {
            Self::Web => (
                "building the web bundle, optimised",
                "one pass over all of each binary: 5 to 12 min on 2 cores the first time",
            ),
            Self::Dev => ("building the web bundle, quickly", "for looking at a change; it is large and slow"),
        };
        step(what, why, || {
            let mut trunk = command("trunk", ["build", "--dist"]);
            trunk.arg(self.folder());
            if self == Self::Web {
                trunk.args(["--release", "--cargo-profile", "web"]);
            }
            trunk.env("PATH", path_with(&setup::tool_folders()?)?);
            // Trunk reads this as its own option and stops at the customary value of 1.
            trunk.env_remove("NO_COLOR");
            run(&mut trunk)
        })?;
        stamp::keep(self.stamp(), &inputs)
    }
}
