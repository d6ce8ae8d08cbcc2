//! The shipped model against measurements of sectors that its training never saw, through the code that ships.

mod common;

use farfield::learn::Network;
use farfield::learn::chengdu::{Dataset, HELD_OUT, Knowledge};
use farfield::learn::evaluate::{Predictor, Report, evaluate};

/// Every how many held-out sectors one is looked at: enough for a test, not for a figure.
const STRIDE: usize = 90;

#[test]
fn the_model_beats_distance_and_azimuth_on_held_out_blocks() {
    let Some(folder) = common::shared("the_model_beats_distance_and_azimuth_on_held_out_blocks", "data/chengdu") else {
        return;
    };
    let data = Dataset::open(&folder).expect("the tables");
    let held_out = data.sectors.iter().filter(|s| s.fold() == HELD_OUT).step_by(STRIDE);
    let cells = held_out.map(|s| s.cell).collect();
    let network = Network::from_onnx(include_bytes!("../models/coverage.onnx")).expect("the shipped model");
    for knowledge in [Knowledge::All, Knowledge::CityArchive] {
        let found =
            evaluate(&data, &Predictor::Learned(network.clone()), Some(&cells), knowledge, || {}).expect("scores");
        let rmse = |r: Report| r.within.expect("readings within range").rmse;
        let (model, formula) = (rmse(found.engine), rmse(found.log_distance_azimuth_within));
        eprintln!(
            "{knowledge:?}: model {model:.2} dB, distance and azimuth {formula:.2} dB, {} readings",
            found.readings
        );
        assert!(model < formula, "{knowledge:?}: {model} dB where the formula has {formula} dB");
    }
}
