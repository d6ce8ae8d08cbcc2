//! The command line, from outside: maps, statistics, and errors that a user understands.

#[path = "common/tiles.rs"]
mod tiles;

use farfield::geodesy::{LocalFrame, LonLat};
use geo::{MapCoords, Rect, coord};
use glam::DVec2;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use tiles::{Cutting, Feature, Tag};

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
fn a_map_of_how_waves_arrive_has_its_own_unit_and_its_file_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    std::fs::write(at("scenario.json"), r#"{"receivers":{"cell":20.0,"height":1.5}}"#).expect("written");
    let run = ["predict", "--engine", "traced", "--backend", "cpu", "--scenario", &at("scenario.json"), "--json", "-"];
    for (quantity, unit, description) in [
        ("delay-spread", " ns", "RMS delay spread, ns"),
        ("azimuth-of-arrival", "mean ", "azimuth of arrival, degrees"),
    ] {
        let output = farfield(&[&run[..], &["--quantity", quantity, "-o", &at("map.tif")]].concat());
        assert!(output.status.success() && said(&output).contains(unit), "{}", said(&output));
        let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(told["quantity"], quantity);
        let is_direction = quantity == "azimuth-of-arrival";
        assert_eq!(
            (told["statistics"]["spread"].is_null(), told["statistics"]["direction"].is_f64()),
            (is_direction, is_direction)
        );
        let mut decoder =
            tiff::decoder::Decoder::new(std::fs::File::open(at("map.tif")).expect("a file")).expect("a TIFF");
        let tag = decoder.get_tag_ascii_string(tiff::tags::Tag::ImageDescription).expect("a description");
        assert_eq!(tag, description);
    }
    let output = farfield(&["predict", "--engine", "empirical", "--quantity", "delay-spread", "-o", &at("map.tif")]);
    assert!(!output.status.success() && said(&output).contains("only the ray tracer"), "{}", said(&output));
}

#[test]
fn the_scenario_s_model_predicts_and_tells_how_far_measurements_deviate() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let medians = ["coverage", "simulated"].map(|model| {
        let text = format!(r#"{{"receivers":{{"cell":20.0}},"engines":{{"model":"{model}"}}}}"#);
        std::fs::write(at("scenario.json"), text).expect("written");
        ["signal", "deviation"].map(|quantity| {
            let scenario = at("scenario.json");
            let run =
                ["predict", "--engine", "learned", "--scenario", &scenario, "--quantity", quantity, "--json", "-"];
            let output = farfield(&[&run[..], &["-o", &at("map.tif")]].concat());
            assert!(output.status.success(), "{}", said(&output));
            let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
            told["statistics"]["spread"]["median"].as_f64().expect("a median")
        })
    });
    let [[measured, around], [simulated, less]] = medians;
    assert!((-140.0..-50.0).contains(&measured) && (-140.0..-50.0).contains(&simulated), "{medians:?}");
    assert!(
        (measured - simulated).abs() > 0.1 && (2.0..15.0).contains(&around) && (1.0..15.0).contains(&less),
        "{medians:?}"
    );
    std::fs::write(at("scenario.json"), r#"{"engines":{"model":"file:mine.onnx"}}"#).expect("written");
    let output =
        farfield(&["predict", "--engine", "learned", "--scenario", &at("scenario.json"), "-o", &at("map.tif")]);
    assert!(!output.status.success() && said(&output).contains("--model"), "{}", said(&output));
}

/// An archive of 40 × 40 km, with a row of houses from its middle eastwards.
fn country() -> Vec<u8> {
    let frame = LocalFrame::new(MIDDLE);
    let house = |i: i32| {
        let west = f64::from(i) * 100.0;
        let square = Rect::new(coord! { x: west, y: 0.0 }, coord! { x: west + 20.0, y: 20.0 }).to_polygon();
        let outline = square.map_coords(|c| frame.to_lonlat(DVec2::new(c.x, c.y)).to_mercator().to_array().into());
        Feature { id: None, layer: "building", tags: vec![("height", Tag::Number(9.0))], outline }
    };
    let houses: Vec<Feature> = (0..150).map(house).collect();
    let corners = (LonLat::new(11.0, 43.6), LonLat::new(11.5, 43.95));
    tiles::archive(&houses, Cutting { zoom: 14, extent: 4096, margin: 64.0 }, corners, "{}")
}

const MIDDLE: LonLat = LonLat::new(11.25, 43.775);

#[test]
fn of_a_large_archive_the_part_around_the_site_is_predicted() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    std::fs::write(at("country.pmtiles"), country()).expect("written");
    let site = LocalFrame::new(MIDDLE).to_lonlat(DVec2::new(9_000.0, 0.0));
    let position = format!(r#"{{"lon":{},"lat":{}}}"#, site.lon, site.lat);
    let scenario = format!(r#"{{"receivers":{{"cell":20.0,"height":1.5}},"sites":[{{"position":{position}}}]}}"#);
    std::fs::write(at("scenario.json"), scenario).expect("written");
    let inputs = ["--city", &at("country.pmtiles"), "--scenario", &at("scenario.json")];
    let run = ["predict", "--engine", "empirical", "-o", &at("map.png"), "--json", "-"];
    let output = farfield(&[&run[..], &inputs].concat());
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("2.0 × 2.0 km around the site"), "{}", said(&output));
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for cells in ["nx", "ny"].map(|side| told[side].as_u64().expect("a count")) {
        // A square on the ground is a hair off one in degrees, so a cell may begin.
        assert!((100..=101).contains(&cells), "{cells} cells of 20 m along 2 km");
    }
    // Twenty houses of one cell each, which have no prediction.
    let inside = told["statistics"]["unpredicted"].as_u64().expect("a count");
    assert!((10..=40).contains(&inside), "{inside} cells inside houses");

    let away = farfield(&[&run[..], &inputs[..2]].concat());
    assert_eq!(away.status.code(), Some(1), "the page's own site is in Munich");
    assert!(said(&away).contains("outside country"), "{}", said(&away));
}

#[test]
fn the_paths_to_a_point_are_listed_with_their_sum() {
    let run = |more: &[&str]| farfield(&[&["paths", "--city", "munich", "--at", "48.1372,11.5755"], more].concat());
    let told: Value = serde_json::from_slice(&run(&["--json", "-"]).stdout).expect("JSON");
    let number = |v: &Value| v.as_f64().expect("a number");
    let paths = told["paths"].as_array().expect("paths");
    let sum: f64 = paths.iter().map(|p| 10f64.powf(0.1 * number(&p["level"]))).sum();
    let level = number(&told["level"]);
    assert!((10.0 * sum.log10() - level).abs() < 1e-3, "{sum} for {level} dBm");
    let table = run(&[]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.starts_with(&format!("{level:.2} dBm over {} paths", paths.len())), "{table}");
    assert_eq!(table.lines().count(), 3 + paths.len(), "{table}");
    for (wrong, expected) in [("48.1375", "latitude and a longitude"), ("95,11", "no place"), ("0,0", "outside munich")]
    {
        let output = farfield(&["paths", "--city", "munich", "--at", wrong]);
        assert!(!output.status.success() && said(&output).contains(expected), "{wrong}: {}", said(&output));
    }
}

#[test]
fn a_list_of_receivers_is_answered_line_by_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("receivers.csv");
    let list = list.to_str().expect("UTF-8");
    std::fs::write(list, "id,lat,lon,height\na,48.1372,11.5755,\nb,48.1372,11.5755,60\nc,0,0,1.5\n").expect("written");
    let output = farfield(&["paths", "--city", "munich", "--points", list]);
    assert!(output.status.success(), "{}", said(&output));
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines.len() == 4 && lines[0].starts_with("latitude,longitude,height_m,level_dbm"), "{table}");
    assert!(
        lines[1].contains(",1.5,-") && lines[2].contains(",60,-") && lines[3].contains("outside munich"),
        "{table}"
    );
    let output = farfield(&["paths", "--city", "munich", "--points", list, "--json", "-"]);
    let told: Vec<Value> =
        output.stdout.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    assert_eq!(told.len(), 3);
    assert!(told[0]["heard"]["paths"][0]["vertices"].as_array().is_some_and(|v| v.len() > 1));
    assert!(told[2]["why_not"].as_str().is_some_and(|why| why.contains("outside munich")));
    // As a spreadsheet saves it: a mark in front, semicolons, lines that end as on Windows, and empty ones.
    std::fs::write(list, "\u{feff}Latitude;Longitude;Name\r\n\r\n48.1372;11.5755;market\r\n").expect("written");
    let again = farfield(&["paths", "--city", "munich", "--points", list]);
    let again = String::from_utf8_lossy(&again.stdout).into_owned();
    assert_eq!(again.lines().collect::<Vec<_>>(), lines[..2], "{again}");
    // The page's own sector sends 18 dBm.
    let cells: Vec<&str> = lines[1].split(',').collect();
    let [level, gain] = [3, 4].map(|i: usize| cells[i].parse::<f64>().expect("a number"));
    assert!((level - 18.0 - gain).abs() < 0.02, "{gain} dB for {level} dBm");
    for (wrong, expected) in [
        ("x,y\n1,2\n", "latitude and longitude"),
        ("", "latitude and longitude"),
        ("lat,lon\n48.1,11.5\nnorth,11\n", "line 3"),
        ("lat,lon\r\n\r\n48.1,11.5\r\n\r\nnorth,11\r\n", "line 5"),
        ("lat,lon\n\"48.1,11.5\n48.1,11.5\n", "line 2"),
    ] {
        std::fs::write(list, wrong).expect("written");
        let output = farfield(&["paths", "--city", "munich", "--points", list]);
        assert!(!output.status.success() && said(&output).contains(expected), "{wrong}: {}", said(&output));
    }
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
