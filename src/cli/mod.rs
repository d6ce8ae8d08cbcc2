//! The native command line: what the page does, without a browser, and the making of city archives.

mod city;
mod compare;
mod inputs;
mod learn;
mod paths;
mod picture;
mod points;
mod predict;
mod study;
mod terrain;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use std::path::Path;

/// Radio coverage of real cities: a learned model beside a ray tracer.
#[derive(Debug, Parser)]
#[command(name = "farfield", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a city archive.
    #[command(subcommand)]
    City(city::Command),
    /// Draw a city, as the page shows it to choose from.
    Picture(picture::Picture),
    /// Predict coverage and write it as a picture or a `GeoTIFF`.
    Predict(predict::Predict),
    /// List the paths that a receiver hears, or what each of a list does.
    Paths(paths::Paths),
    /// Export windows of a measured network for training.
    Export(learn::Export),
    /// Tell how well an engine predicts a measured network.
    Evaluate(learn::Evaluate),
    /// Compare the ray tracer and the network on a measured network, as they are and after they have learned from it.
    Study(study::Study),
    /// Compare traced maps with those of a reference tracer.
    CompareReference(compare::CompareReference),
}

impl Cli {
    /// Does what was asked.
    pub fn run(self) -> Result<()> {
        match self.command {
            Command::City(command) => command.run(),
            Command::Picture(options) => options.run(),
            Command::Predict(command) => command.run(),
            Command::Paths(options) => options.run(),
            Command::Export(options) => options.run(),
            Command::Evaluate(options) => options.run(),
            Command::Study(options) => options.run(),
            Command::CompareReference(options) => options.run(),
        }
    }
}

/// Writes `json` where it was asked for, if it was; `-` is the standard output.
fn write_json(to: Option<&Path>, json: &str) -> Result<()> {
    match to {
        Some(path) if path == Path::new("-") => println!("{json}"),
        Some(path) => std::fs::write(path, format!("{json}\n")).with_context(|| path.display().to_string())?,
        None => {}
    }
    Ok(())
}
