//! `farfield predict`: a city, a scenario and an engine to a map in a file.

use super::{inputs, write_json};
use crate::city::City;
use crate::coverage::export::{write_geotiff, write_png};
use crate::coverage::{CoverageMap, Quantity, Statistics};
use crate::empirical::Empirical;
use crate::engine::{Engine, EngineError, Job};
use crate::learn::Learned;
use crate::scenario::{Aspect, Footing, Layer, Receivers, Scenario};
use crate::trace::{Backend, Tracer};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Options of `farfield predict`.
#[derive(Debug, Args)]
pub struct Predict {
    /// Who predicts.
    #[arg(long, value_enum)]
    engine: Kind,
    /// A city that ships with the page, by name, or a `PMTiles` file, of which the part around the first site is read where
    /// it is larger than a city; by default the scenario's.
    #[arg(long, value_name = "NAME|FILE.pmtiles")]
    city: Option<String>,
    /// A JSON file or a link of the page; by default the scenario that the page opens with.
    #[arg(long, value_name = "FILE.json|LINK")]
    scenario: Option<String>,
    /// The network, for the learned engine; by default the scenario's.
    #[arg(long, value_name = "FILE.onnx")]
    model: Option<PathBuf>,
    /// What the tracer runs on; `auto` takes a GPU if there is a real one, `gpu` also one made of software.
    #[arg(long, value_enum, default_value_t = On::Auto)]
    backend: On,
    /// The floor that receivers are on, 0 being the ground floor, instead of their height: 3 m a floor and 1.5 m above it.
    #[arg(long, value_name = "NUMBER")]
    floor: Option<u32>,
    /// Receivers stand on roofs where there are any, whatever the scenario says; only the learned model knows nothing there.
    #[arg(long, conflicts_with = "floor")]
    on_roofs: bool,
    /// What the map is of, in each cell of its strongest sector: the signal by any engine, the deviation by the learned one, how
    /// paths arrive by the ray tracer.
    #[arg(long, value_enum, default_value_t = Of::Signal)]
    quantity: Of,
    /// The map: a picture (.png) or float values with their place (.tif).
    #[arg(short, long, value_name = "MAP.png|MAP.tif")]
    output: PathBuf,
    /// Where to write the statistics as JSON; `-` is the standard output.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// The engines by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The network.
    Learned,
    /// The ray tracer.
    Traced,
    /// The baseline that the scenario names.
    Empirical,
}

/// The quantities by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Of {
    /// RSRP, dBm.
    Signal,
    /// RMS delay spread, ns.
    DelaySpread,
    /// Mean azimuth of arrival, degrees clockwise from north: where the waves come from.
    AzimuthOfArrival,
    /// Azimuth spread of arrival, degrees.
    AzimuthSpread,
    /// Mean elevation of arrival, degrees above the horizon.
    ElevationOfArrival,
    /// Standard deviation of measurements around the signal, dB.
    Deviation,
}

impl From<Kind> for Layer {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Learned => Self::Learned,
            Kind::Traced => Self::Traced,
            Kind::Empirical => Self::Empirical,
        }
    }
}

impl From<Of> for Aspect {
    fn from(of: Of) -> Self {
        match of {
            Of::Signal => Self::Signal,
            Of::DelaySpread => Self::DelaySpread,
            Of::AzimuthOfArrival => Self::AzimuthOfArrival,
            Of::AzimuthSpread => Self::AzimuthSpread,
            Of::ElevationOfArrival => Self::ElevationOfArrival,
            Of::Deviation => Self::Deviation,
        }
    }
}

/// What the tracer runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum On {
    Cpu,
    Gpu,
    Auto,
}

/// The forms of a map's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Picture,
    GeoTiff,
}

/// A map, what made it, and how long that took.
struct Made {
    map: CoverageMap,
    backend: &'static str,
    took: Duration,
}

impl Predict {
    /// Predicts, writes, and says what came out.
    pub fn run(self) -> Result<()> {
        // A wrong name is said before the work, not after it.
        let form = form_of(&self.output)?;
        let aspect = Aspect::from(self.quantity);
        if aspect.on(self.engine.into()) != aspect {
            bail!(
                "only the ray tracer knows how paths arrive, and only the learned engine how far measurements deviate"
            );
        }
        let mut scenario = self.scenario.as_deref().map_or_else(|| Ok(Scenario::default()), inputs::scenario)?;
        if let Some(floor) = self.floor {
            scenario.receivers.height = Receivers::height_on(floor);
        }
        if self.on_roofs {
            scenario.receivers.footing = Footing::Roofs;
        }
        let site = scenario.sites.first().context("the scenario has no site")?.position;
        let city = inputs::city_near(self.city.as_deref().unwrap_or(&scenario.city), site)?;
        let (scenario, city) = (scenario.shown(), city.with_assumed_heights(scenario.assumed_heights));
        let made = pollster::block_on(self.make(&city, &scenario))?;
        self.write(form, &city, &scenario, &made)?;
        self.tell(&made)
    }

    async fn make(&self, city: &City, scenario: &Scenario) -> Result<Made> {
        let quantity = Quantity::from(Aspect::from(self.quantity));
        let asked = |maps: Vec<CoverageMap>| {
            let asked = maps.into_iter().find(|map| map.quantity == quantity);
            asked.ok_or_else(|| EngineError::Failed(format!("there is no map of the {}", quantity.name())))
        };
        match self.engine {
            Kind::Empirical => timed("cpu", async |job| Empirical.predict(city, scenario, job).await).await,
            Kind::Learned => {
                let path = self.model.clone().map_or_else(|| inputs::model(&scenario.engines.model), Ok)?;
                let bytes = fs::read(&path).with_context(|| format!("the model {} can't be read", path.display()))?;
                let mut learned = Learned::from_onnx(&bytes)?;
                timed("cpu", async |job| asked(learned.predict_with_spread(city, scenario, job).await?.into())).await
            }
            Kind::Traced => {
                let mut tracer = self.tracer().await?;
                let trace = async |job: &mut Job| {
                    if quantity == Quantity::Rsrp {
                        return tracer.predict(city, scenario, job).await;
                    }
                    asked(tracer.predict_arrival(city, scenario, 0..u32::MAX, job).await?)
                };
                let made = timed("cpu", trace).await?;
                let backend = match tracer.made_on().backend {
                    Backend::Cpu => "cpu",
                    Backend::Gpu => "gpu",
                };
                Ok(Made { backend, ..made })
            }
        }
    }

    async fn tracer(&self) -> Result<Tracer> {
        match self.backend {
            On::Cpu => Ok(Tracer::cpu()),
            On::Gpu => Ok(Tracer::gpu(true).await?),
            On::Auto => match Tracer::gpu(false).await {
                Ok(tracer) => Ok(tracer),
                Err(EngineError::NoAdapter(why)) => {
                    eprintln!("tracing on the CPU: {why}");
                    Ok(Tracer::cpu())
                }
                Err(error) => Err(error.into()),
            },
        }
    }

    fn write(&self, form: Form, city: &City, scenario: &Scenario, made: &Made) -> Result<()> {
        let cannot = || format!("{} can't be written", self.output.display());
        let file = BufWriter::new(File::create(&self.output).with_context(cannot)?);
        let (map, range) = (&made.map, scenario.view.ends(self.quantity.into()));
        match form {
            Form::Picture => write_png(file, map, range, map.quantity.scale(), 1.0),
            Form::GeoTiff => write_geotiff(file, map, city.frame.origin()),
        }
        .with_context(cannot)
    }

    fn tell(&self, made: &Made) -> Result<()> {
        let statistics = Statistics::of(&made.map);
        let ms = made.took.as_secs_f64() * 1e3;
        let name = self.engine.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default();
        let json = json!({
            "engine": name,
            "quantity": made.map.quantity,
            "backend": made.backend,
            "milliseconds": ms,
            "nx": made.map.grid.nx,
            "ny": made.map.grid.ny,
            "cell": made.map.grid.cell,
            "statistics": statistics,
        });
        write_json(self.json.as_deref(), &json.to_string())?;
        let predicted = statistics.cells - statistics.unpredicted;
        let quantity = made.map.quantity;
        let spread = match (statistics.spread, statistics.direction) {
            (Some(s), _) => format!("min {:.1}, median {:.1}, max {}", s.min, s.median, quantity.tell(s.max)),
            (None, Some(direction)) => format!("mean {}", quantity.tell(direction)),
            (None, None) => "nothing predicted".into(),
        };
        // Beside JSON on the standard output, words would be in the way.
        eprintln!("{name} ({}): {spread}; {predicted} of {} cells in {ms:.0} ms", made.backend, statistics.cells);
        Ok(())
    }
}

/// Runs an engine under a progress bar.
async fn timed(
    backend: &'static str,
    predict: impl AsyncFnOnce(&mut Job) -> Result<CoverageMap, EngineError>,
) -> Result<Made> {
    let bar = ProgressBar::new(1000);
    bar.set_style(ProgressStyle::with_template("{bar:40} {percent:>3} % {msg}")?);
    let shown = bar.clone();
    let mut job = Job::silent();
    job.on_progress = Some(Box::new(move |progress| {
        shown.set_position((progress.fraction * 1000.0) as u64);
        shown.set_message(progress.stage);
    }));
    let start = Instant::now();
    let map = predict(&mut job).await;
    bar.finish_and_clear();
    Ok(Made { map: map?, backend, took: start.elapsed() })
}

fn form_of(path: &Path) -> Result<Form> {
    match path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("png") => Ok(Form::Picture),
        Some("tif" | "tiff") => Ok(Form::GeoTiff),
        _ => bail!("{}: a map is written as .png or .tif", path.display()),
    }
}
