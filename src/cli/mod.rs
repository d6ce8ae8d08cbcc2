//! The native command line: what the page does, without a browser, and the making of city archives.

mod city;

use anyhow::Result;
use clap::{Parser, Subcommand};

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
}

impl Cli {
    /// Does what was asked.
    pub fn run(self) -> Result<()> {
        match self.command {
            Command::City(command) => command.run(),
        }
    }
}
