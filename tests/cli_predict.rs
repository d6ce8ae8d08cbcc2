//! The command line, from outside: maps, statistics, and errors that a user understands.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn farfield(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_farfield")).args(arguments).output().expect("the command line")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_picture_and_its_statistics_come_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let (map, json) = (folder.path().join("map.png"), folder.path().join("map.json"));
    let (map, json) = (map.to_str().expect("UTF-8"), json.to_str().expect("UTF-8"));
    let output = farfield(&["predict", "--engine", "empirical", "--city", "munich", "-o", map, "--json", json]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("median"), "{}", said(&output));

    let told: Value = serde_json::from_slice(&std::fs::read(json).expect("statistics")).expect("JSON");
    let (nx, ny) = (told["nx"].as_u64().expect("nx"), told["ny"].as_u64().expect("ny"));
    assert_eq!((nx, ny), (296, 242), "cells of 5 m over 1475.5 × 1205.6 m");
    let median = told["statistics"]["spread"]["median"].as_f64().expect("a median");
    assert!(median > -140.0 && median < -60.0, "{median} dBm");

    let file = std::io::BufReader::new(std::fs::File::open(map).expect("a picture"));
    let info = png::Decoder::new(file).read_info().expect("a PNG").info().clone();
    assert_eq!((u64::from(info.width), u64::from(info.height)), (nx, ny));
}

#[test]
fn a_geotiff_holds_the_same_numbers() {
    use tiff::decoder::{Decoder, DecodingResult};
    let folder = tempfile::tempdir().expect("a folder");
    let map = folder.path().join("map.tif");
    let map = map.to_str().expect("UTF-8");
    let output = farfield(&["predict", "--engine", "empirical", "--city", "munich", "-o", map, "--json", "-"]);
    assert!(output.status.success(), "{}", said(&output));
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let mut decoder = Decoder::new(std::fs::File::open(map).expect("a file")).expect("a TIFF");
    let DecodingResult::F32(values) = decoder.read_image().expect("values") else { panic!("not floats") };
    let highest = values.iter().copied().filter(|v| !v.is_nan()).fold(f32::NEG_INFINITY, f32::max);
    let missing = values.iter().filter(|v| v.is_nan()).count();
    assert_eq!(told["statistics"]["spread"]["max"].as_f64().map(|v| v as f32), Some(highest));
    assert_eq!(told["statistics"]["unpredicted"].as_u64(), Some(missing as u64));
}

#[test]
fn a_scenario_file_is_heeded() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = folder.path().join("scenario.json");
    std::fs::write(&scenario, r#"{"receivers":{"cell":20.0,"height":1.5}}"#).expect("written");
    let map = folder.path().join("map.png");
    let paths = [&scenario, &map].map(|p| p.to_str().expect("UTF-8"));
    let output = farfield(&["predict", "--engine", "empirical", "--scenario", paths[0], "-o", paths[1], "--json", "-"]);
    assert!(output.status.success(), "{}", said(&output));
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((told["nx"].as_u64(), told["ny"].as_u64()), (Some(74), Some(61)));
}

#[test]
fn what_goes_wrong_is_said_in_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    std::fs::write(at("page.pmtiles"), "<!doctype html>").expect("written");
    std::fs::write(at("broken.json"), "{").expect("written");
    std::fs::write(at("model.onnx"), "no model").expect("written");
    std::fs::write(at("away.json"), r#"{"sites":[{"position":{"lon":2.35,"lat":48.85}}]}"#).expect("written");
    let cases: [(&[&str], &str); 7] = [
        (&["--engine", "empirical", "--city", "atlantis", "-o", &at("a.png")], "there is no such file"),
        (&["--engine", "empirical", "--city", &at("page.pmtiles"), "-o", &at("a.png")], "a web page"),
        (&["--engine", "empirical", "--scenario", &at("broken.json"), "-o", &at("a.png")], "does not hold a scenario"),
        (&["--engine", "empirical", "--scenario", "#s=9.x", "-o", &at("a.png")], "newer Farfield"),
        (&["--engine", "empirical", "--scenario", &at("away.json"), "-o", &at("a.png")], "outside munich"),
        (&["--engine", "learned", "--model", &at("model.onnx"), "-o", &at("a.png")], "model can't be used"),
        (&["--engine", "empirical", "-o", &at("a.jpg")], ".png or .tif"),
    ];
    for (arguments, expected) in cases {
        let output = farfield(&[&["predict"], arguments].concat());
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let sentence = said(&output);
        assert!(sentence.starts_with("farfield: ") && sentence.contains(expected), "{arguments:?}: {sentence}");
        assert!(!Path::new(&at("a.png")).exists(), "{arguments:?} left a file");
    }
}
