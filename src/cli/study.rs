//! `farfield study`: the ray tracer beside the network on a measured network, as they are and after they have learned.

use super::learn::{Part, bar, open};
use crate::engine::EngineError;
use crate::learn::Network;
use crate::measured::Predictor;
use crate::measured::study::{CurvePoint, Line, Outcome, curve, lines, study};
use anyhow::{Context, Result};
use clap::Args;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Options of `farfield study`.
#[derive(Debug, Args)]
pub struct Study {
    /// The measured network: the layout of its tables (`chengdu` or `duke`) and their folder.
    #[arg(long, num_args = 2, value_names = ["LAYOUT", "DIR"], required = true)]
    dataset: Vec<PathBuf>,
    /// The model.
    #[arg(long, value_name = "FILE.onnx", default_value = "models/coverage.onnx")]
    model: PathBuf,
    #[command(flatten)]
    part: Part,
    /// Where the result goes. What is done of it is kept beside it, as FILE.part, and gone on with.
    #[arg(long, value_name = "FILE.json")]
    json: PathBuf,
}

#[derive(Serialize)]
struct Document<'a> {
    dataset: &'static str,
    model: String,
    /// Sectors that have too few readings for folds.
    too_few: usize,
    /// Sectors at which an engine failed, and why.
    failed: &'a BTreeMap<String, String>,
    methods: Vec<Line>,
    curve: Vec<CurvePoint>,
    sectors: &'a [Outcome],
}

/// A line of what is done.
#[derive(serde::Serialize, serde::Deserialize)]
enum Done {
    Outcome(Box<Outcome>),
    TooFew(String),
    Failed(String, String),
}

impl Done {
    fn sector(&self) -> &str {
        match self {
            Self::Outcome(outcome) => &outcome.sector,
            Self::TooFew(sector) | Self::Failed(sector, _) => sector,
        }
    }
}

impl Study {
    /// Studies all sectors that are not done, writes the result, and prints its tables.
    pub fn run(self) -> Result<()> {
        let name = self.model.display().to_string();
        let bytes = std::fs::read(&self.model).with_context(|| format!("{name} can't be read"))?;
        let network = Predictor::Learned(Network::from_onnx(&bytes).with_context(|| name.clone())?);
        let survey = open(&self.dataset)?;
        let sectors = self.part.sectors(&survey)?;
        let part = self.json.with_added_extension("part");
        let mut done = read_part(&part)?;
        let known: BTreeSet<String> = done.iter().map(|d| d.sector().to_owned()).collect();
        let left: Vec<usize> = sectors.iter().copied().filter(|i| !known.contains(&survey.sectors[*i].name)).collect();
        let bar = bar("sectors");
        bar.set_length(sectors.len() as u64);
        bar.inc((sectors.len() - left.len()) as u64);
        let file = OpenOptions::new().create(true).append(true).open(&part);
        let file = Mutex::new(file.with_context(|| format!("{} can't be written", part.display()))?);
        let fresh = left.par_iter().map(|index| -> Result<Done> {
            let sector = survey.sectors[*index].name.clone();
            let one = match study(&survey, *index, &network) {
                Ok(Some(outcome)) => Done::Outcome(Box::new(outcome)),
                Ok(None) => Done::TooFew(sector),
                Err(EngineError::Cancelled) => anyhow::bail!("cancelled"),
                Err(error) => Done::Failed(sector, error.to_string()),
            };
            let line = serde_json::to_string(&one)? + "\n";
            let mut file = file.lock().map_err(|_| anyhow::anyhow!("a thread panicked"))?;
            file.write_all(line.as_bytes()).with_context(|| part.display().to_string())?;
            bar.inc(1);
            Ok(one)
        });
        done.extend(fresh.collect::<Result<Vec<Done>>>()?);
        bar.finish_and_clear();
        let wanted: BTreeSet<&str> = sectors.iter().map(|i| survey.sectors[*i].name.as_str()).collect();
        let (mut outcomes, mut too_few, mut failed) = (Vec::new(), 0, BTreeMap::new());
        for one in done.into_iter().filter(|d| wanted.contains(d.sector())) {
            match one {
                Done::Outcome(outcome) => outcomes.push(*outcome),
                Done::TooFew(_) => too_few += 1,
                Done::Failed(sector, why) => _ = failed.insert(sector, why),
            }
        }
        outcomes.sort_by(|a, b| a.sector.cmp(&b.sector));
        let (methods, curve) = (lines(&outcomes), curve(&outcomes));
        print(&methods, &curve);
        println!("{too_few} sectors have too few readings in range, and engines failed at {}", failed.len());
        let document = Document {
            dataset: survey.format,
            model: name,
            too_few,
            failed: &failed,
            methods,
            curve,
            sectors: &outcomes,
        };
        super::write_json(Some(&self.json), &serde_json::to_string_pretty(&document)?)?;
        std::fs::remove_file(&part).with_context(|| part.display().to_string())
    }
}

/// What is done already; a line that was cut short is not.
fn read_part(path: &Path) -> Result<Vec<Done>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let lines = BufReader::new(file).lines().map_while(std::result::Result::ok);
    Ok(lines.filter_map(|line| serde_json::from_str(&line).ok()).collect())
}

fn print(methods: &[Line], curve: &[CurvePoint]) {
    println!(
        "{:14}{:26}{:>8}{:>10}{:>8}{:>8}{:>8}{:>9}{:>9}",
        "", "", "sectors", "n", "RMSE", "MAE", "SD", "best in", "seconds"
    );
    for line in methods {
        let Line { method, environment, sectors, n, rmse_db, mae_db, sd_db, best_in, seconds } = line;
        let environment = environment.as_deref().unwrap_or("all");
        println!(
            "{environment:14}{method:26}{sectors:>8}{n:>10}{rmse_db:>8.2}{mae_db:>8.2}{sd_db:>8.2}{best_in:>9}{seconds:>9.2}"
        );
    }
    println!("\n{:26}{:>14}{:>9}{:>8}", "learned from", "", "sectors", "RMSE");
    for CurvePoint { method, learned_from, sectors, rmse_db } in curve {
        let from = learned_from.map_or("all".into(), |n| n.to_string());
        println!("{method:26}{from:>14}{sectors:>9}{rmse_db:>8.2}");
    }
}
