//! The size budget: what a visitor downloads, part by part, and the most each part may weigh.

use crate::bundle::Bundle;
use crate::shell::{command, read, root, step};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::Path;

/// A part of the bundle that is downloaded by itself, and its budget.
pub struct Part {
    /// Its name, as `sizes.mjs` sorts the files.
    pub name: &'static str,
    /// What belongs to it.
    pub what: &'static str,
    /// Most it may weigh compressed by brotli, bytes.
    pub budget: u64,
}

/// The budgets, the only place where they stand. A part that grows past its own needs a reason and a new number here.
pub const PARTS: [Part; 6] = [
    Part {
        name: "page",
        what: "HTML, styles, icons, MapLibre and the page's wasm: all before the map is interactive",
        budget: 860_000,
    },
    Part {
        name: "tracer",
        what: "the tracer worker: wgpu's WebGPU side, shaders, CPU twin, calibration",
        budget: 580_000,
    },
    Part { name: "learner", what: "the learner worker: tract and features", budget: 1_850_000 },
    Part { name: "importer", what: "the importer worker, for dropped files alone", budget: 500_000 },
    Part { name: "models", what: "all networks and their cards, of which a visitor reads one", budget: 1_000_000 },
    Part {
        name: "cities",
        what: "all city archives and their pictures, of which a visitor reads parts",
        budget: 6_000_000,
    },
];

/// What a part weighs, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// As it lies on the disk.
    pub raw: u64,
    /// The least that brotli makes of its files.
    pub brotli: u64,
}

/// Weighs the optimised bundle and prints the table; over budget is an error.
pub fn check() -> Result<()> {
    let weights = step("weighing the bundle", "every byte is downloaded by somebody", || weigh(&Bundle::Web.folder()))?;
    println!("\n| part | raw | brotli | budget | |\n|---|---:|---:|---:|---|");
    let mut over = Vec::new();
    for (part, weight) in PARTS.iter().zip(&weights) {
        let verdict = verdict(part, *weight);
        println!("| {} | {} | {} | {} | {verdict} |", part.name, kb(weight.raw), kb(weight.brotli), kb(part.budget));
        if verdict != "ok" {
            over.push(format!("{} ({}): {verdict}", part.name, part.what));
        }
    }
    if over.is_empty() { Ok(()) } else { bail!("the size budget is not kept:\n  {}", over.join("\n  ")) }
}

fn verdict(part: &Part, weight: Weight) -> &'static str {
    match weight.brotli {
        0 => "missing from the bundle",
        brotli if brotli > part.budget => "over budget",
        _ => "ok",
    }
}

/// The weight of each of [`PARTS`].
pub fn weigh(folder: &Path) -> Result<Vec<Weight>> {
    let mut script = command("node", [root().join("xtask/src/sizes.mjs")]);
    let told: Value = serde_json::from_str(&read(script.arg(folder))?).context("sizes.mjs told no JSON")?;
    let number = |part: &Part, key: &str| told[part.name][key].as_u64().unwrap_or_default();
    Ok(PARTS.iter().map(|part| Weight { raw: number(part, "raw"), brotli: number(part, "brotli") }).collect())
}

/// Bytes as "1 234 kB".
pub fn kb(bytes: u64) -> String {
    let kilobytes = bytes.div_ceil(1000);
    if kilobytes < 1000 { format!("{kilobytes} kB") } else { format!("{:.2} MB", bytes as f64 / 1e6) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_is_missing_or_too_heavy_fails() {
        let part = Part { name: "x", what: "", budget: 100 };
        let of = |brotli| verdict(&part, Weight { raw: 0, brotli });
        assert_eq!((of(100), of(101), of(0)), ("ok", "over budget", "missing from the bundle"));
    }

    #[test]
    fn sizes_read_as_in_a_table() {
        assert_eq!(kb(999_000), "999 kB");
        assert_eq!(kb(1), "1 kB");
        assert_eq!(kb(1_530_000), "1.53 MB");
    }
}
