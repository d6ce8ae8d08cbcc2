//! `farfield export` and `farfield evaluate`: windows of a measured network for training, and how well an engine predicts
//! one.

use crate::learn::Network;
use crate::measured::evaluate::{Evaluation, Question, evaluate};
use crate::measured::export::export;
use crate::measured::{Knowledge, Predictor, Survey, chengdu, duke, simulate};
use anyhow::{Context, Result, bail, ensure};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Options of `farfield export`.
#[derive(Debug, Args)]
pub struct Export {
    /// The measured network: the layout of its tables (`chengdu` or `duke`) and their folder.
    #[arg(long, num_args = 2, value_names = ["LAYOUT", "DIR"], required_unless_present = "simulated")]
    dataset: Vec<PathBuf>,
    /// Instead of measurements, the ray tracer's maps of these cities: names of the page's own, or archives.
    #[arg(long, num_args = 1.., value_name = "CITY", conflicts_with = "dataset")]
    simulated: Vec<String>,
    /// Antennas in each of them.
    #[arg(long, value_name = "N", default_value_t = 100)]
    antennas: usize,
    /// The folder to write the windows into: 2.2 MB each, about two a sector.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Only the first sectors.
    #[arg(long, value_name = "SECTORS")]
    limit: Option<usize>,
}

/// Options of `farfield evaluate`.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// Who predicts.
    #[arg(long)]
    engine: EngineName,
    /// The measured network: the layout of its tables (`chengdu` or `duke`) and their folder.
    #[arg(long, num_args = 2, value_names = ["LAYOUT", "DIR"], required = true)]
    dataset: Vec<PathBuf>,
    /// The model.
    #[arg(long, value_name = "FILE.onnx", default_value = "models/coverage.onnx")]
    model: PathBuf,
    #[command(flatten)]
    part: Part,
    /// Adapt the engine to so many readings of each sector first, at most half of them; they are not evaluated.
    #[arg(long, value_name = "K", default_value_t = 0)]
    adapt: usize,
    /// Tell the engine only what a city archive knows: roofs, but neither terrain nor land cover.
    #[arg(long)]
    city_inputs: bool,
    /// Where the result goes.
    #[arg(long, value_name = "FILE.json")]
    json: Option<PathBuf>,
}

/// The part of a measured network that is looked at. The sectors that are not named by file or fold fit the plain formulas
/// and the mean that stands in where an engine says nothing.
#[derive(Debug, Args)]
pub(super) struct Part {
    /// Only these sectors, one name a line.
    #[arg(long, value_name = "FILE")]
    cells: Option<PathBuf>,
    /// Only the sectors of this fold of 2 km blocks, 0 to 4.
    #[arg(long, value_name = "FOLD", conflicts_with = "cells")]
    fold: Option<u64>,
    /// Only every so-manieth of these sectors; the rest is left out altogether.
    #[arg(long, value_name = "N", default_value_t = 1)]
    every: usize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum EngineName {
    /// The network.
    Learned,
    /// The ray tracer.
    Traced,
    /// The urban-macro baseline of TR 38.901.
    Empirical,
    /// The logarithm of the distance and a parabola of the azimuth.
    LogDistance,
    /// A mean.
    Constant,
}

impl Export {
    /// Exports.
    pub fn run(self) -> Result<()> {
        let bar = bar("windows");
        let begin = |windows: usize| bar.set_length(windows as u64);
        let done = || bar.inc(1);
        let written = if self.simulated.is_empty() {
            let survey = open(&self.dataset)?;
            export(&survey, &self.output, self.limit.unwrap_or(usize::MAX), begin, done)
        } else {
            let cities = self.simulated.iter().map(|named| super::inputs::city(named)).collect::<Result<Vec<_>>>()?;
            simulate::export(&cities, self.antennas, &self.output, begin, done)
        };
        written.with_context(|| format!("{} can't be written", self.output.display()))?;
        bar.finish();
        Ok(())
    }
}

impl Evaluate {
    /// Evaluates, writes the result, and prints it as a table.
    pub fn run(self) -> Result<()> {
        let (predictor, model) = match self.engine {
            EngineName::Traced => (Predictor::Traced, None),
            EngineName::Empirical => (Predictor::Empirical, None),
            EngineName::LogDistance => (Predictor::LogDistance, None),
            EngineName::Constant => (Predictor::Constant, None),
            EngineName::Learned => {
                let name = self.model.display().to_string();
                let bytes = std::fs::read(&self.model).with_context(|| format!("{name} can't be read"))?;
                (Predictor::Learned(Network::from_onnx(&bytes).with_context(|| name.clone())?), Some(name))
            }
        };
        let survey = open(&self.dataset)?;
        let sectors = self.part.sectors(&survey)?;
        let bar = bar("sectors");
        bar.set_length(sectors.len() as u64);
        let knowledge = if self.city_inputs { Knowledge::CityArchive } else { Knowledge::All };
        let question =
            Question { survey: &survey, predictor: &predictor, sectors: &sectors, knowledge, adapt: self.adapt };
        let result = evaluate(&question, || bar.inc(1))?;
        bar.finish_and_clear();
        if let Some(path) = &self.json {
            let mut document = serde_json::to_value(&result)?;
            document["engine"] = predictor.name().into();
            document["model"] = model.into();
            document["dataset"] = survey.format.into();
            document["city_inputs"] = self.city_inputs.into();
            std::fs::write(path, serde_json::to_string_pretty(&document)?)
                .with_context(|| format!("{} can't be written", path.display()))?;
        }
        print(predictor.name(), &result);
        Ok(())
    }
}

impl Part {
    /// The indices of its sectors.
    pub(super) fn sectors(&self, survey: &Survey) -> Result<Vec<usize>> {
        let named = self.cells.as_deref().map(read_names).transpose()?;
        if let Some(names) = &named {
            let known: BTreeSet<&str> = survey.sectors.iter().map(|s| s.name.as_str()).collect();
            let unknown: Vec<&str> = names.iter().map(String::as_str).filter(|n| !known.contains(n)).collect();
            ensure!(unknown.is_empty(), "no sector of the data set is called {}", unknown.join(", "));
        }
        let chosen = survey.sectors.iter().enumerate().filter(|(_, sector)| {
            named.as_ref().is_none_or(|names| names.contains(&sector.name))
                && self.fold.is_none_or(|fold| sector.fold == fold)
        });
        let sectors: Vec<usize> = chosen.map(|(i, _)| i).step_by(self.every.max(1)).collect();
        ensure!(!sectors.is_empty(), "no sector of the data set is left");
        Ok(sectors)
    }
}

/// Reads a data set as it is named on the command line.
pub(super) fn open(dataset: &[PathBuf]) -> Result<Survey> {
    let [layout, folder] = dataset else { bail!("--dataset needs a layout and a folder") };
    match layout.to_str() {
        Some("chengdu") => Ok(chengdu::open(folder)?),
        Some("duke") => Ok(duke::open(folder)?),
        _ => bail!("{} is no layout of measured networks that is known: chengdu and duke are", layout.display()),
    }
}

/// The names in a file, one a line.
fn read_names(path: &Path) -> Result<BTreeSet<String>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))?;
    Ok(text.lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_owned).collect())
}

/// A bar that counts so many of these.
pub(super) fn bar(what: &str) -> ProgressBar {
    let template = format!("{{bar:30}} {{pos}} of {{len}} {what}, {{elapsed}}, {{eta}} left");
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style)
}

fn print(engine: &str, result: &Evaluation) {
    let Evaluation { sectors, score, n_no_prediction, adapt, .. } = result;
    println!("{engine}: {sectors} sectors, {} readings, {n_no_prediction} of them without a prediction", score.n);
    if *adapt > 0 {
        println!("adapted to {adapt} readings of each sector, or half of what it has");
    }
    println!("{:32}{:>10}{:>8}{:>8}{:>8}{:>8}", "", "n", "RMSE", "MAE", "bias", "sd");
    let row = |name: &str, s: &crate::readings::Score| {
        println!("{name:32}{:>10}{:>8.2}{:>8.2}{:>8.2}{:>8.2}", s.n, s.rmse_db, s.mae_db, s.bias_db, s.sd_db);
    };
    row("all", score);
    for group in &result.groups {
        row(&format!("{} {}", group.by, group.name), &group.score);
    }
    if let Some(told) = &result.calibration {
        let (half, most) = (100.0 * told.within_50, 100.0 * told.within_90);
        println!("{half:.1} % within the middle 50 % of what was predicted, {most:.1} % within the middle 90 %");
    }
}
