//! Engines against measurements of sectors that they never saw, through the code that ships.

mod common;

use farfield::learn::Network;
use farfield::measured::evaluate::{Evaluation, Question, evaluate};
use farfield::measured::{Knowledge, Predictor, Survey, chengdu, duke};

/// Every how many sectors of the network of Chengdu one is looked at: enough for a test, not for a figure.
const STRIDE: usize = 450;

fn ask(survey: &Survey, predictor: &Predictor, knowledge: Knowledge, adapt: usize) -> Evaluation {
    let every = if survey.sectors.len() > STRIDE { STRIDE } else { 1 };
    let sectors: Vec<usize> = (0..survey.sectors.len()).step_by(every).collect();
    let question = Question { survey, predictor, sectors: &sectors, knowledge, adapt };
    evaluate(&question, || ()).expect("scores")
}

fn shipped() -> Predictor {
    Predictor::Learned(Network::from_onnx(include_bytes!("../models/coverage.onnx")).expect("the shipped model"))
}

#[test]
fn the_shipped_model_beats_distance_and_azimuth() {
    // Some of these sectors it was trained on: what it does on others is measured by folds, and on its card.
    let Some(folder) = common::shared("the_shipped_model_beats_distance_and_azimuth", "data/chengdu") else { return };
    let data = chengdu::open(&folder).expect("the tables");
    let formula = ask(&data, &Predictor::LogDistance, Knowledge::All, 0).score;
    for knowledge in [Knowledge::All, Knowledge::CityArchive] {
        let found = ask(&data, &shipped(), knowledge, 0);
        let told = found.calibration.expect("it tells a spread");
        eprintln!(
            "{knowledge:?}: {:.2} dB where the formula has {:.2}; {told:?}",
            found.score.rmse_db, formula.rmse_db
        );
        assert!(found.score.rmse_db < formula.rmse_db && found.score.n == formula.n);
        assert!((0.4..0.65).contains(&told.within_50) && (0.82..0.97).contains(&told.within_90), "{told:?}");
    }
}

#[test]
fn readings_of_the_sector_itself_make_every_engine_better() {
    let test = "readings_of_the_sector_itself_make_every_engine_better";
    let Some(folder) = common::shared(test, "data/chengdu") else { return };
    let data = chengdu::open(&folder).expect("the tables");
    for engine in [shipped(), Predictor::Empirical, Predictor::LogDistance, Predictor::Constant] {
        let curve = [0, 10, 100].map(|k| ask(&data, &engine, Knowledge::All, k).score.rmse_db);
        eprintln!("{}: {curve:.2?} dB with 0, 10 and 100 readings", engine.name());
        assert!(curve[0] > curve[1] && curve[1] > curve[2], "{}: {curve:?}", engine.name());
    }
}

#[test]
fn a_campus_on_another_continent_is_predicted_better_than_by_its_mean() {
    let test = "a_campus_on_another_continent_is_predicted_better_than_by_its_mean";
    let Some(folder) = common::shared(test, "data/duke") else { return };
    let data = duke::open(&folder).expect("the tables");
    let constant = ask(&data, &Predictor::Constant, Knowledge::All, 0).score;
    for engine in [shipped(), Predictor::LogDistance, Predictor::Traced] {
        let found = ask(&data, &engine, Knowledge::All, 0);
        eprintln!("{}: {:.2} dB where a constant has {:.2}", engine.name(), found.score.rmse_db, constant.rmse_db);
        assert_eq!(found.score.n, constant.n, "no reading is left out");
        // One offset a cell and phone is free, so errors have no mean.
        assert!(found.score.bias_db.abs() < 1e-6);
        let counted: u64 = found.groups.iter().filter(|g| g.by == "distance").map(|g| g.score.n).sum();
        assert_eq!(counted, found.score.n);
        if engine.name() != "traced" {
            assert!(found.score.rmse_db < constant.rmse_db);
        }
    }
}
