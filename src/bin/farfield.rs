//! The native command line; see [`farfield::cli`].

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    match farfield::cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("farfield: {error:#}");
            ExitCode::FAILURE
        }
    }
}
