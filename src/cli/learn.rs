//! `farfield export` and `farfield evaluate`: windows of a measured network for training, and how well an engine predicts
//! one.

use crate::learn::Network;
use crate::learn::chengdu::{Dataset, Knowledge};
use crate::learn::evaluate::{Evaluation, Predictor, evaluate};
use crate::learn::export::export;
use crate::learn::score::Score;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Options of `farfield export`.
#[derive(Debug, Args)]
pub struct Export {
    /// The measured network: its format (`chengdu`) and its folder.
    #[arg(long, num_args = 2, value_names = ["FORMAT", "DIR"])]
    dataset: Vec<PathBuf>,
    /// The folder to write the windows into: about 2.1 MB a sector.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Only the first sectors.
    #[arg(long, value_name = "SECTORS")]
    limit: Option<usize>,
}

/// Options of `farfield evaluate`.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// The engine.
    #[arg(long)]
    engine: EngineName,
    /// The measured network: its format (`chengdu`) and its folder.
    #[arg(long, num_args = 2, value_names = ["FORMAT", "DIR"])]
    dataset: Vec<PathBuf>,
    /// The model.
    #[arg(long, value_name = "FILE.onnx", default_value = "models/coverage.onnx")]
    model: PathBuf,
    /// The sectors to evaluate, one number a line; without it the held-out fold. The others fit the plain formulas.
    #[arg(long, value_name = "FILE")]
    cells: Option<PathBuf>,
    /// Tell the engine only what a city archive knows: roofs, but neither terrain nor land cover.
    #[arg(long)]
    city_inputs: bool,
    /// Where the result goes.
    #[arg(long, value_name = "FILE.json")]
    json: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum EngineName {
    Learned,
    Empirical,
}

impl Export {
    /// Exports.
    pub fn run(self) -> Result<()> {
        let data = open(&self.dataset)?;
        let limit = self.limit.unwrap_or(usize::MAX);
        let bar = bar(limit.min(data.sectors.len()));
        export(&data, &self.output, limit, || bar.inc(1))
            .with_context(|| format!("{} can't be written", self.output.display()))?;
        bar.finish();
        Ok(())
    }
}

impl Evaluate {
    /// Evaluates, writes the result, and prints it as a table.
    pub fn run(self) -> Result<()> {
        let predictor = match self.engine {
            EngineName::Empirical => Predictor::Empirical,
            EngineName::Learned => {
                let name = self.model.display();
                let bytes = std::fs::read(&self.model).with_context(|| format!("{name} can't be read"))?;
                Predictor::Learned(Network::from_onnx(&bytes).with_context(|| name.to_string())?)
            }
        };
        let cells = self.cells.as_deref().map(read_cells).transpose()?;
        let knowledge = if self.city_inputs { Knowledge::CityArchive } else { Knowledge::All };
        let data = open(&self.dataset)?;
        let bar = bar(0);
        let result = evaluate(&data, &predictor, cells.as_ref(), knowledge, || bar.inc(1))?;
        bar.finish_and_clear();
        let engine = match predictor {
            Predictor::Learned(_) => "learned",
            Predictor::Empirical => "empirical",
        };
        let document = serde_json::json!({ "engine": engine, "city_inputs": self.city_inputs, "result": &result });
        std::fs::write(&self.json, serde_json::to_string_pretty(&document)?)
            .with_context(|| format!("{} can't be written", self.json.display()))?;
        print(engine, &result);
        Ok(())
    }
}

fn open(dataset: &[PathBuf]) -> Result<Dataset> {
    match dataset {
        [format, folder] if format == Path::new("chengdu") => Ok(Dataset::open(folder)?),
        [format, _] => bail!("{} is no format of measured networks that is known: chengdu is", format.display()),
        _ => bail!("--dataset needs a format and a folder"),
    }
}

fn read_cells(path: &Path) -> Result<BTreeSet<i32>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))?;
    let number =
        |line: &str| line.parse().with_context(|| format!("{}: “{line}” is no sector's number", path.display()));
    text.lines().map(str::trim).filter(|l| !l.is_empty()).map(number).collect()
}

fn bar(length: usize) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{pos} sectors, {elapsed}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length as u64).with_style(style)
}

fn print(engine: &str, result: &Evaluation) {
    let figures = |score: Option<Score>| score.map_or("–".into(), |s| format!("{:.2} / {:.2}", s.rmse, s.mae));
    println!("{} sectors, {} readings; RMSE / MAE in dB", result.sectors, result.readings);
    println!("{:24}{:>16}{:>16}{:>16}", "", "within 2 km", "beyond", "all");
    let reports = [
        (engine, result.engine),
        ("constant", result.constant),
        ("log distance, azimuth", result.log_distance_azimuth),
        ("… fitted within 2 km", result.log_distance_azimuth_within),
    ];
    for (name, report) in reports {
        let [within, beyond, all] = [report.within, report.beyond, report.all].map(figures);
        println!("{name:24}{within:>16}{beyond:>16}{all:>16}");
    }
}
