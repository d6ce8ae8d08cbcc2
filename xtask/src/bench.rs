//! One table of times and sizes, measured on this machine: natively by criterion, in Chromium by `tests/browser/bench.mjs`.

use crate::bundle::Bundle;
use crate::shell::{cargo, command, farfield, read, root, run, step};
use crate::{imports, setup, size, system};
use anyhow::{Context, Result};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Visits and edits measured in the browser; the table has their median.
const RUNS: &str = "5";

/// How often each case is timed in a tab; the table has the median.
const TAB_RUNS: &str = "15";

/// Who else runs the network in a tab, and the folder of its files in its package.
const PEER: &str = "onnxruntime-web@1.30.0";
const PEER_DIST: &str = "node_modules/onnxruntime-web/dist";

/// The benches that criterion times.
const CRITERION: [&str; 3] = ["city", "store", "trace"];

/// Learned maps timed natively; the table has their median.
const LEARNED_RUNS: usize = 5;

/// Rows of the final table: what was measured, and the result.
pub type Rows = Vec<(String, String)>;

/// Measures everything and prints the table in Markdown.
pub fn run_all() -> Result<()> {
    setup::for_web()?;
    system::for_tests()?;
    Bundle::Web.build()?;
    let mut rows = Rows::new();
    step("weighing the bundle", "bytes a visitor downloads, brotli", || weights(&mut rows))?;
    step("measuring in Chromium", "software WebGPU and WebGL: an ordinary machine is far faster", || {
        browser(&mut rows)
    })?;
    step("measuring what measurements cost the page", "long tasks, a million readings, calibration", || {
        lessons(&mut rows)
    })?;
    step("measuring natively", "criterion, release profile", || native(&mut rows))?;
    step(
        "measuring the tracer in a tab",
        "as its worker is built, alone in Chromium: beside the same natively",
        || tab(&mut rows),
    )?;
    step(
        "measuring the network in a tab",
        "as its worker is built, alone in Chromium: beside onnxruntime-web on the same file",
        || network_in_tab(&mut rows),
    )?;
    let growth = step("measuring how it grows", "a process for each row, release profile", || {
        read(&mut cargo(["bench", "--package", "farfield", "--bench", "scaling"]))
    })?;
    step("measuring imports", "the command line, release profile, a process each", || imports::measure(&mut rows))?;
    println!("\n{}\n\n| measured | |\n|---|---:|", machine());
    for (what, result) in rows {
        println!("| {what} | {result} |");
    }
    println!("\n{growth}");
    Ok(())
}

fn weights(rows: &mut Rows) -> Result<()> {
    for (part, weight) in size::PARTS.iter().zip(size::weigh(&Bundle::Web.folder())?) {
        rows.push((format!("download: {}", part.name), size::kb(weight.brotli)));
    }
    Ok(())
}

fn browser(rows: &mut Rows) -> Result<()> {
    let told = in_chromium(["tests/browser/bench.mjs", RUNS])?;
    let ms = |value: &Value| value.as_f64().map_or_else(|| "not measured".into(), milliseconds);
    for (mark, label) in [
        ("map-interactive", "interactive map"),
        ("first-map-empirical", "first empirical map"),
        ("first-draft-traced", "first coarse traced map"),
        ("first-map-traced", "first traced map"),
        ("first-map-learned", "first learned map"),
    ] {
        rows.push((format!("browser: navigation to {label}"), ms(&told["first"][mark])));
    }
    for (backend, label) in [("cpu", "CPU workers"), ("gpu", "software WebGPU, cells of 20 m")] {
        rows.push((format!("browser: edit to traced map, {label}"), ms(&told[backend]["traced"])));
    }
    rows.push(("browser: coarse traced map while dragging, one CPU worker".into(), ms(&told["dragged"]["took"])));
    rows.push(("browser: from one coarse map to the next".into(), ms(&told["dragged"]["apart"])));
    rows.push(("browser: edit to learned map, beside the tracer".into(), ms(&told["cpu"]["learned"])));
    let large = &told["large"];
    for (i, label) in
        ["2 km square of Florence, cold", "the square beside it", "the first again, from memory"].iter().enumerate()
    {
        let time = large["took"][i].as_f64();
        // Only what comes from memory is decoding and nothing else.
        let bytes = large["unpacked"][i].as_f64().filter(|_| i == 2);
        let speed = time.zip(bytes).map(|(time, bytes)| format!(", {}", throughput(bytes, time)));
        rows.push((format!("browser: archive to city, {label}"), ms(&large["took"][i]) + &speed.unwrap_or_default()));
    }
    if let Some((requests, bytes)) = large["requests"].as_u64().zip(large["bytes"].as_u64()) {
        rows.push(("browser: reading all of these".into(), format!("{requests} requests, {} kB", bytes / 1000)));
    }
    let memories = &large["memories"];
    if let Some((workers, bytes)) = memories["workers"].as_u64().zip(memories["bytes"].as_u64()) {
        let held = format!("{} MB in {workers} workers", bytes / 1_000_000);
        rows.push(("browser: the engines' memory after six moves more".into(), held));
    }
    Ok(())
}

/// What a script that runs the page tells in its last line.
fn in_chromium<'a>(script: impl IntoIterator<Item = &'a str>) -> Result<Value> {
    let mut bench = command("node", script);
    bench.env("FARFIELD_CHROMIUM", system::chromium()).env("FARFIELD_XTASK", std::env::current_exe()?);
    let told = read(&mut bench)?;
    serde_json::from_str(told.lines().last().unwrap_or_default()).context("the page's bench told no JSON")
}

/// What measurements cost the page, and what calibration takes there.
fn lessons(rows: &mut Rows) -> Result<()> {
    let told = in_chromium(["tests/browser/bench-lessons.mjs"])?;
    let ms = |value: &Value| value.as_f64().map_or_else(|| "not measured".into(), milliseconds);
    // Browsers tell of tasks from 50 ms on.
    let longest = |value: &Value| match value.as_f64() {
        Some(0.0) => "under 50 ms".into(),
        _ => ms(value),
    };
    rows.push(("browser: longest task while the learned map follows five edits".into(), longest(&told["following"])));
    let (many, calibration) = (&told["many"], &told["calibration"]);
    rows.push(("browser: a million readings until they are told of".into(), ms(&many["read"])));
    rows.push(("browser: a million readings until they are judged".into(), ms(&many["judged"])));
    rows.push(("browser: longest task meanwhile".into(), longest(&many["longest"])));
    let counts = [&calibration["unknowns"], &calibration["readings"], &calibration["steps"]].map(Value::to_string);
    let [unknowns, readings, steps] = counts;
    rows.push((
        format!("browser: calibrating {unknowns} unknowns on {readings} readings, {steps} steps, one CPU worker"),
        ms(&calibration["took"]),
    ));
    let adaptation = &told["adaptation"];
    rows.push((
        format!("browser: adapting the network to {} readings, until its map stands", adaptation["readings"]),
        ms(&adaptation["took"]),
    ));
    Ok(())
}

fn native(rows: &mut Rows) -> Result<()> {
    let benches = CRITERION.iter().flat_map(|bench| ["--bench", bench]);
    run(&mut cargo(["bench", "--package", "farfield"].into_iter().chain(benches)))?;
    let mut estimates = Vec::new();
    find_estimates(&root().join("target/criterion"), &mut estimates)?;
    estimates.sort();
    rows.push(("native: learned map of Munich, 1 thread".into(), milliseconds(learned()?)));
    for file in estimates {
        let time = median(&file)?;
        let speed = bytes_of(&file).map(|bytes| format!(", {}", throughput(bytes, time)));
        rows.push((format!("native: {}", name_of(&file)), milliseconds(time) + &speed.unwrap_or_default()));
    }
    Ok(())
}

/// The tracer in a tab that does nothing else, and how much longer it takes than natively on one thread.
fn tab(rows: &mut Rows) -> Result<()> {
    let told = in_tab("trace_tab", "web-fast", "tab")?;
    for (export, case) in [("moved", "1 thread"), ("turned", "1 thread, turned"), ("draft", "1 thread, draft")] {
        let time = told[export].as_f64().with_context(|| format!("bench-tab.mjs told nothing of {export}"))?;
        let natively = root().join(format!("target/criterion/traced map of Munich/CPU, {case}/new/estimates.json"));
        let ratio = time / median(&natively)?;
        let case = case.replace("thread", "worker");
        rows.push((
            format!("tab: traced map of Munich, {case}"),
            format!("{}, {ratio:.2} × native", milliseconds(time)),
        ));
    }
    Ok(())
}

/// The network and its maps in a tab that does nothing else, and how long another takes for the same network there.
fn network_in_tab(rows: &mut Rows) -> Result<()> {
    let told = in_tab("learn_tab", "web-fast", "tab,onnx")?;
    let time = |export: &str| told[export].as_f64().with_context(|| format!("bench-tab.mjs told nothing of {export}"));
    let folder = root().join("target/xtask/peer");
    fs::create_dir_all(&folder)?;
    run(command("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"])
        .arg(&folder)
        .arg(PEER))?;
    let mut bench = command("node", ["tests/browser/bench-peer.mjs", "models/coverage.onnx", TAB_RUNS]);
    let peer = read(bench.arg(folder.join(PEER_DIST)).env("FARFIELD_CHROMIUM", system::chromium()))?;
    let peer: f64 = peer.trim().parse().context("bench-peer.mjs told no number")?;
    let network = time("network")?;
    for (export, case) in [
        ("map_256", "learned map of 256 × 256 cells"),
        ("map_512", "learned map of 512 × 512 cells"),
        ("features", "the network's input, 256 × 256 cells"),
    ] {
        rows.push((format!("tab: {case}, 1 worker"), milliseconds(time(export)?)));
    }
    let ratio = network / peer;
    rows.push((
        "tab: the network alone, 256 × 256 cells, 1 worker".into(),
        format!("{}, {ratio:.2} × onnxruntime-web ({})", milliseconds(network), milliseconds(peer)),
    ));
    Ok(())
}

/// Milliseconds of each export of an example, built with a profile and features, in a tab of its own.
fn in_tab(example: &str, profile: &str, features: &str) -> Result<Value> {
    let build = ["build", "--profile", profile, "--target", "wasm32-unknown-unknown", "--no-default-features"];
    run(&mut cargo(build.into_iter().chain(["--features", features, "--example", example])))?;
    let wasm = format!("target/wasm32-unknown-unknown/{profile}/examples/{example}.wasm");
    let mut bench = command("node", ["tests/browser/bench-tab.mjs", wasm.as_str(), TAB_RUNS]);
    let told = read(bench.env("FARFIELD_CHROMIUM", system::chromium()))?;
    serde_json::from_str(&told).context("bench-tab.mjs told no JSON")
}

/// Milliseconds of the median iteration, of criterion's estimates.
fn median(estimates: &Path) -> Result<f64> {
    let text = fs::read_to_string(estimates).with_context(|| estimates.display().to_string())?;
    let told: Value = serde_json::from_str(&text).with_context(|| estimates.display().to_string())?;
    let nanoseconds = told["median"]["point_estimate"].as_f64();
    Ok(nanoseconds.with_context(|| format!("{} tells no median", estimates.display()))? / 1e6)
}

/// Milliseconds of a learned map by the command line, the model's loading left out: the median of some runs.
fn learned() -> Result<f64> {
    let map = root().join("target/xtask/learned.png");
    let mut times = Vec::new();
    for _ in 0..LEARNED_RUNS {
        let mut predict = farfield("predict");
        predict.args(["--engine", "learned", "--city", "munich", "--json", "-", "--output"]).arg(&map);
        let told: Value = serde_json::from_str(&read(&mut predict)?).context("farfield predict told no JSON")?;
        times.push(told["milliseconds"].as_f64().context("farfield predict told no milliseconds")?);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[LEARNED_RUNS / 2])
}

/// The newest estimates that criterion left, wherever they lie below `folder`.
fn find_estimates(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.ends_with("new/estimates.json") {
            found.push(path);
        } else if path.is_dir() {
            find_estimates(&path, found)?;
        }
    }
    Ok(())
}

/// The bytes that one iteration of a case works on, where it says so.
fn bytes_of(estimates: &Path) -> Option<f64> {
    let told: Value =
        serde_json::from_str(&fs::read_to_string(estimates.with_file_name("benchmark.json")).ok()?).ok()?;
    told["throughput"]["Bytes"].as_f64()
}

/// `bytes` in so many milliseconds, as a speed.
fn throughput(bytes: f64, ms: f64) -> String {
    format!("{:.0} MB/s unpacked", bytes / 1e3 / ms)
}

/// `…/criterion/traced map/cpu, 2 threads/new/estimates.json` → "traced map, cpu, 2 threads".
fn name_of(estimates: &Path) -> String {
    let parts = estimates.iter().map(|part| part.to_string_lossy().into_owned());
    let parts: Vec<String> = parts.skip_while(|part| part != "criterion").skip(1).collect();
    parts[..parts.len().saturating_sub(2)].join(", ")
}

fn milliseconds(value: f64) -> String {
    match value {
        v if v < 10.0 => format!("{v:.2} ms"),
        v if v < 1000.0 => format!("{v:.0} ms"),
        v => format!("{:.2} s", v / 1000.0),
    }
}

/// The machine in a line, as numbers mean nothing without it.
fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map(|rest| rest.trim_start_matches([' ', '\t', ':']));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{}, {threads} threads, {} {}",
        model.unwrap_or("unknown processor"),
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_named_by_its_group_and_case() {
        let path = Path::new("/x/target/criterion/traced map/cpu, 2 threads/new/estimates.json");
        assert_eq!(name_of(path), "traced map, cpu, 2 threads");
    }

    #[test]
    fn times_keep_three_figures_or_so() {
        assert_eq!(milliseconds(1.234), "1.23 ms");
        assert_eq!(milliseconds(123.4), "123 ms");
        assert_eq!(milliseconds(1534.0), "1.53 s");
        assert_eq!(throughput(5_020_245.0, 115.0), "44 MB/s unpacked");
    }
}
