//! `cargo xtask test`: every check and every test, one after another, and a summary of all of them at the end.

mod counts;

use crate::bundle::Bundle;
use crate::shell::{cargo, command, listen, readable, root, run, step};
use crate::{setup, size, system};
use anyhow::{Context, Result, bail};
use counts::Counts;
use std::time::{Duration, Instant};

/// The wasm binaries, each of which has the feature of its name.
const WASM_FEATURES: &str = "page,tracer,learner,importer";

/// One check and how it went.
struct Outcome {
    name: &'static str,
    error: Option<String>,
    counts: Counts,
    time: Duration,
}

/// All checks so far; one that fails doesn't keep the next from running.
#[derive(Default)]
struct Report(Vec<Outcome>);

/// Sets up what is missing and runs everything; `quick` leaves out the web bundle and what needs it.
pub fn run_all(quick: bool) -> Result<()> {
    let start = Instant::now();
    setup::for_web()?;
    setup::rust_components()?;
    system::for_tests()?;

    let bundle = (!quick).then(|| Bundle::Web.build_beside());
    let mut report = Report::default();
    report.check("format", "one layout, so that changes show only what changed", |_| {
        run(&mut cargo(["fmt", "--all", "--check"]))
    });
    report.check("clippy, native", "the agreed lints, warnings are errors", |_| {
        run(&mut cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    });
    report.check("clippy, wasm", "code behind cfg(wasm32) is linted only there", |_| clippy_wasm());
    report.check("rustdoc", "links that lead nowhere are errors", |_| rustdoc());
    report.check("cargo test", "unit, property and reference tests; the GPU tracer on software Vulkan", cargo_test);
    if let Some(bundle) = bundle {
        report.check("web bundle", "what is tested below is what ships", |_| bundle.finish());
        report.check("size budget", "nobody notices a megabyte otherwise", |_| size::check());
        report.check("browser", "the page in Chromium, with WebGPU and without", browser);
    }
    report.print(start.elapsed());
    report.verdict()
}

impl Report {
    fn check(&mut self, name: &'static str, why: &str, work: impl FnOnce(&mut Counts) -> Result<()>) {
        let start = Instant::now();
        let mut counts = Counts::default();
        let result = step(name, why, || work(&mut counts));
        if let Err(error) = &result {
            eprintln!("  {error:#}");
        }
        let error = result.err().map(|error| format!("{:#}", error.root_cause()));
        self.0.push(Outcome { name, error, counts, time: start.elapsed() });
    }

    fn print(&self, total: Duration) {
        println!("\n▸ summary, {} in all", readable(total));
        for outcome in &self.0 {
            let mark = if outcome.error.is_some() { "✗" } else { "✓" };
            println!("  {mark} {:<16} {:>12}   {}", outcome.name, readable(outcome.time), outcome.counts.shown());
            if let Some(error) = &outcome.error {
                println!("      {error}");
            }
        }
        let skipped = self.0.iter().flat_map(|outcome| &outcome.counts.skips);
        for line in skipped {
            println!("  – {line}");
        }
    }

    fn verdict(&self) -> Result<()> {
        let failed: Vec<&str> = self.0.iter().filter(|o| o.error.is_some()).map(|o| o.name).collect();
        let total = self.0.iter().fold(Counts::default(), |sum, outcome| sum.plus(&outcome.counts));
        let word = if failed.is_empty() { "ok" } else { "FAILED" };
        println!("\ntest result: {word}. {}", total.shown());
        if failed.is_empty() { Ok(()) } else { bail!("failed: {}", failed.join(", ")) }
    }
}

/// All wasm binaries and the benches in a tab at once; that each is content with its own feature shows when it is built.
fn clippy_wasm() -> Result<()> {
    let mut clippy = cargo(["clippy", "--target", "wasm32-unknown-unknown", "--no-default-features"]);
    clippy.args(["--features", &format!("{WASM_FEATURES},tab"), "--lib"]);
    clippy.args(["--example", "trace_tab", "--example", "learn_tab"]);
    for binary in WASM_FEATURES.split(',') {
        clippy.args(["--bin", binary]);
    }
    run(clippy.args(["--", "-D", "warnings"]))
}

/// The documentation of all rooms: those behind `web` exist on wasm32 alone.
fn rustdoc() -> Result<()> {
    let native = ["doc", "--package", "farfield", "--lib", "--no-deps"];
    run(cargo(native).env("RUSTDOCFLAGS", "-D warnings"))?;
    let web = ["doc", "--package", "farfield", "--lib", "--no-deps", "--target", "wasm32-unknown-unknown"];
    let features = ["--no-default-features", "--features", WASM_FEATURES];
    run(cargo(web).args(features).env("RUSTDOCFLAGS", "-D warnings"))
}

fn cargo_test(counts: &mut Counts) -> Result<()> {
    // What tests say is shown, so that one that skips for want of its reference data is seen to.
    let mut test = cargo(["test", "--workspace", "--no-fail-fast", "--", "--show-output"]);
    listen(&mut test, |line| counts.hear(line))
}

fn browser(counts: &mut Counts) -> Result<()> {
    let folder = root().join("tests/browser");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .context("tests/browser")?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    files.sort();
    if files.is_empty() {
        bail!("there are no browser tests in {}", folder.display());
    }
    // One file at a time: two cores carry one browser with a software GPU.
    let mut node = command("node", ["--test", "--test-concurrency=1", "--test-reporter=spec"]);
    node.args(files).env("FARFIELD_CHROMIUM", system::chromium()).env("FARFIELD_XTASK", std::env::current_exe()?);
    listen(&mut node, |line| counts.hear(line))
}
