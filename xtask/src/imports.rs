//! What imports cost: seconds, memory and buildings a second, from real extracts and from synthetic `GeoJSON` of one, two
//! and four sizes, which shows how the costs grow.

use crate::bench::Rows;
use crate::shell::{farfield, root, run};
use anyhow::{Context, Result};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Real extracts, where the reference data lie.
const EXTRACTS: [(&str, &str); 2] = [
    ("San Francisco downtown, PBF", "data/osm/sf-downtown.osm.pbf"),
    ("Liechtenstein, PBF", "data/osm/liechtenstein-latest.osm.pbf"),
];
/// Buildings of the smallest synthetic file.
const SYNTHETIC: usize = 100_000;

/// Adds a row for each import.
pub fn measure(rows: &mut Rows) -> Result<()> {
    let folder = root().join("target/xtask/imports");
    fs::create_dir_all(&folder)?;
    let shared = std::env::var_os("FARFIELD_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    for (name, file) in EXTRACTS {
        let path = shared.join(file);
        let told = if path.exists() { import("osm", &path, &folder)? } else { "not measured: no such file".into() };
        rows.push((format!("import: {name}"), told));
    }
    for times in [1, 2, 4] {
        let path = folder.join(format!("synthetic-{times}.geojson"));
        synthetic(&path, times * SYNTHETIC).with_context(|| path.display().to_string())?;
        let size = fs::metadata(&path)?.len() as f64 / 1e6;
        let name = format!("import: GeoJSON, {} k footprints, {size:.0} MB", times * SYNTHETIC / 1000);
        rows.push((name, import("geojson", &path, &folder)?));
        fs::remove_file(&path)?;
    }
    Ok(())
}

/// Seconds, peak memory and buildings a second of one import.
fn import(form: &str, source: &Path, folder: &Path) -> Result<String> {
    let report = folder.join("report.json");
    let mut import = farfield("city");
    import.arg(form).arg(source).args(["--attribution", "nobody", "--output"]).arg(folder.join("city.pmtiles"));
    run(import.arg("--report").arg(&report))?;
    let told: Value = serde_json::from_slice(&fs::read(&report)?).context("the report is no JSON")?;
    let seconds = told["seconds"].as_f64().context("the report has no seconds")?;
    let buildings = told["report"]["buildings"].as_f64().context("the report has no buildings")?;
    let peak = told["peak_memory_bytes"].as_f64().map_or_else(|| "?".into(), |bytes| format!("{:.0}", bytes / 1e6));
    Ok(format!("{seconds:.2} s, {peak} MB at most, {:.0} buildings/s", buildings / seconds))
}

/// A town of so many houses of 10 × 12 m on a square lattice of 40 m.
fn synthetic(path: &Path, count: usize) -> Result<()> {
    let (lat, lon) = (48.0, 11.0);
    let degrees = |metres: f64| metres / 111_200.0;
    let mut file = BufWriter::new(File::create(path)?);
    write!(file, "{{\"type\":\"FeatureCollection\",\"features\":[")?;
    let side = (count as f64).sqrt().ceil() as usize;
    for i in 0..count {
        let (x, y) = (lon + degrees(60.0 * (i % side) as f64), lat + degrees(40.0 * (i / side) as f64));
        let (e, n) = (x + degrees(15.0), y + degrees(12.0));
        let comma = if i == 0 { "" } else { "," };
        write!(
            file,
            "{comma}\n{{\"type\":\"Feature\",\"id\":{},\"properties\":{{\"building\":\"house\",\"height\":{}}},\"geometry\":\
             {{\"type\":\"Polygon\",\"coordinates\":[[[{x:.7},{y:.7}],[{e:.7},{y:.7}],[{e:.7},{n:.7}],[{x:.7},{n:.7}],\
             [{x:.7},{y:.7}]]]}}}}",
            i + 1,
            5 + i % 20,
        )?;
    }
    write!(file, "]}}")?;
    file.flush()?;
    Ok(())
}
