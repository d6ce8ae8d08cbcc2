//! The shipped model: that tract computes what training computed, that nothing but such a model is accepted, and that its
//! maps behave.

use farfield::city::archive::Bytes;
use farfield::city::{Building, City};
use farfield::coverage::CoverageMap;
use farfield::empirical::Empirical;
use farfield::engine::{Engine, EngineError, Job};
use farfield::geodesy::LocalFrame;
use farfield::learn::features::{CHANNELS, Window, WindowFeatures};
use farfield::learn::{Learned, Network, RANGE};
use farfield::material::Material;
use farfield::scenario::Scenario;
use geo::{Rect, coord};
use glam::DVec2;
use serde::Deserialize;

const MODEL: &[u8] = include_bytes!("../models/coverage.onnx");
const SIDE: usize = 256;

/// Outputs of the network in `PyTorch` at every `step`th cell of the fixed input of `models/export_onnx.py`.
#[derive(Deserialize)]
struct Parity {
    step: usize,
    shape: [usize; 3],
    correction: Vec<f32>,
}

fn learned() -> Learned {
    Learned::from_onnx(MODEL).expect("the shipped model")
}

fn refusal(bytes: &[u8]) -> String {
    match Network::from_onnx(bytes) {
        Err(EngineError::Model(why)) => why,
        other => panic!("accepted, or another error: {other:?}"),
    }
}

/// A city of `width` × `height` metres around its middle, with square blocks of 40 m every 80 m.
fn blocks(width: f64, height: f64) -> City {
    let block = |i: i32, j: i32| {
        let (x, y) = (f64::from(i) * 80.0 + 20.0, f64::from(j) * 80.0 + 20.0);
        let top = 10.0 + f64::from((i * 5 + j * 3).rem_euclid(4)) as f32 * 6.0;
        let footprint = Rect::new(coord! { x: x, y: y }, coord! { x: x + 40.0, y: y + 40.0 }).to_polygon();
        let (height_source, wall, roof) = Default::default();
        Building { id: 0, footprint, base: 0.0, top, height_source, wall, roof }
    };
    City {
        name: "blocks".into(),
        attribution: String::new(),
        frame: LocalFrame::new(Scenario::default().sites[0].position),
        bounds: Rect::new(coord! { x: -width / 2.0, y: -height / 2.0 }, coord! { x: width / 2.0, y: height / 2.0 }),
        buildings: (-5..5).flat_map(|i| (-3..3).map(move |j| block(i, j))).collect(),
        ground: Material::default(),
        terrain: None,
        woods: Vec::new(),
    }
}

fn predict(engine: &mut impl Engine, city: &City, scenario: &Scenario) -> CoverageMap {
    pollster::block_on(engine.predict(city, scenario, &mut Job::silent())).expect("a map")
}

#[test]
fn tract_computes_what_the_network_computed_in_training() {
    let parity: Parity = serde_json::from_str(include_str!("../models/parity.json")).expect("the fixture");
    let mut input = WindowFeatures::empty(Window { origin: DVec2::ZERO, n: SIDE });
    for k in 0..CHANNELS {
        for y in 0..SIDE {
            for x in 0..SIDE {
                let (k, x, y) = (k as f64, x as f64, y as f64);
                let value = (0.37 * k + 0.05 * x * (1.0 + k / 16.0) + 0.03 * y).sin();
                input.planes[(k as usize * SIDE + y as usize) * SIDE + x as usize] = value as f32;
            }
        }
    }
    let output = Network::from_onnx(MODEL).expect("the shipped model").run(&input).expect("a correction");
    let [planes, rows, columns] = parity.shape;
    assert_eq!((planes, rows * parity.step, columns * parity.step), (2, SIDE, SIDE));
    for (i, expected) in parity.correction.iter().enumerate() {
        let (row, column) = (i / columns % rows * parity.step, i % columns * parity.step);
        let at = row * SIDE + column;
        let found = if i < rows * columns { output.mean[at] } else { output.spread[at].ln() };
        assert!((found - expected).abs() < 1e-3, "number {i}: {found} where PyTorch gives {expected}");
    }
}

#[test]
fn a_file_that_is_no_model_is_refused_in_a_sentence() {
    for bytes in [&b""[..], b"<html>404 Not Found</html>", &MODEL[..1000], &MODEL[..MODEL.len() / 2]] {
        let why = EngineError::Model(refusal(bytes)).to_string();
        assert!(why.starts_with("the model can't be used: "), "{why}");
    }
}

#[test]
fn a_model_with_other_names_is_refused_by_their_name() {
    let renamed = |from: &[u8], to: &[u8]| {
        let mut bytes = MODEL.to_vec();
        for i in 0..=bytes.len() - from.len() {
            if bytes[i..].starts_with(from) {
                bytes[i..i + to.len()].copy_from_slice(to);
            }
        }
        refusal(&bytes)
    };
    assert!(renamed(b"features", b"pictures").contains("no single input called “features”"));
    assert!(renamed(b"correction", b"sentiments").contains("no single output called “correction”"));
}

#[test]
fn a_model_that_computes_no_numbers_is_refused_when_it_runs() {
    let mut bytes = MODEL.to_vec();
    // The last mention of the last layer's bias is the tensor itself: its name, two bytes that announce eight, the eight.
    let name = b"head.bias";
    let at = bytes.windows(name.len()).rposition(|w| w == name).expect("the last layer's bias") + name.len() + 2;
    bytes[at..at + 8].fill(0xff);
    let broken = Network::from_onnx(&bytes);
    let input = WindowFeatures::empty(Window { origin: DVec2::ZERO, n: SIDE });
    let why = broken.and_then(|n| n.run(&input)).expect_err("no numbers").to_string();
    assert!(why.contains("not finite"), "{why}");
}

#[test]
fn a_map_has_a_level_outdoors_and_none_inside_buildings() {
    let city = blocks(600.0, 400.0);
    let map = predict(&mut learned(), &city, &Scenario::default());
    for iy in 0..map.grid.ny {
        for ix in 0..map.grid.nx {
            let p = map.grid.centre(ix, iy);
            let indoors = |b: &Building| {
                let (min, max) =
                    geo::BoundingRect::bounding_rect(&b.footprint).map(|r| (r.min(), r.max())).expect("a box");
                p.x > min.x && p.x < max.x && p.y > min.y && p.y < max.y
            };
            let level = map.values[map.grid.index(ix, iy)];
            assert_eq!(level.is_nan(), city.buildings.iter().any(indoors), "{p}");
            assert!(level.is_nan() || (-140.0..-30.0).contains(&level), "{level} dBm at {p}");
        }
    }
}

#[test]
fn munich_has_a_level_in_every_street_and_it_falls_with_distance() {
    let bytes = Bytes::from(include_bytes!("../www/cities/munich.pmtiles").to_vec());
    let city = pollster::block_on(City::open(&bytes, "munich")).expect("Munich");
    let scenario = Scenario::default();
    let mast = city.frame.to_local(scenario.sites[0].position);
    let map = predict(&mut learned(), &city, &scenario);
    let baseline = predict(&mut Empirical, &city, &scenario);
    let mut rings = [(0.0, 0); 2];
    for iy in 0..map.grid.ny {
        for ix in 0..map.grid.nx {
            let (i, p) = (map.grid.index(ix, iy), map.grid.centre(ix, iy));
            let level = map.values[i];
            assert_eq!(level.is_nan(), baseline.values[i].is_nan(), "outdoors is the same for both engines, {p}");
            assert!(level.is_nan() || (-140.0..-30.0).contains(&level), "{level} dBm at {p}");
            if !level.is_nan() {
                let ring = &mut rings[usize::from(p.distance(mast) > 300.0)];
                *ring = (ring.0 + f64::from(level), ring.1 + 1);
            }
        }
    }
    let [near, far] = rings.map(|(sum, count)| sum / f64::from(count));
    assert!(near > far + 3.0, "{near:.1} dBm within 300 m, {far:.1} dBm beyond");
}

#[test]
fn the_model_says_something_else_than_the_baseline_and_is_no_constant() {
    let city = blocks(600.0, 400.0);
    let map = predict(&mut learned(), &city, &Scenario::default());
    let baseline = predict(&mut Empirical, &city, &Scenario::default());
    let difference = map.difference(&baseline).expect("one grid");
    let spread = |values: &[f32]| {
        let known: Vec<f64> = values.iter().filter(|v| !v.is_nan()).map(|v| f64::from(*v)).collect();
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        (known.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / known.len() as f64).sqrt()
    };
    assert!(spread(&difference.values) > 2.0, "the correction is more than an offset");
    assert!(spread(&map.values) > 2.0, "the map is more than a constant");
}

#[test]
fn ten_decibels_more_power_raise_every_cell_by_ten() {
    let city = blocks(400.0, 400.0);
    let mut scenario = Scenario::default();
    let before = predict(&mut learned(), &city, &scenario);
    scenario.sites[0].sectors[0].power.0 += 10.0;
    let after = predict(&mut learned(), &city, &scenario);
    let rise = after.difference(&before).expect("one grid");
    assert!(rise.values.iter().all(|d| d.is_nan() || (d - 10.0).abs() < 1e-3));
    assert!(rise.values.iter().any(|d| !d.is_nan()));
}

#[test]
fn a_second_sector_never_weakens_coverage() {
    let city = blocks(400.0, 400.0);
    let mut scenario = Scenario::default();
    let one = predict(&mut learned(), &city, &scenario);
    let mut opposite = scenario.sites[0].sectors[0].clone();
    opposite.azimuth += 180.0;
    scenario.sites[0].sectors.push(opposite);
    let two = predict(&mut learned(), &city, &scenario);
    let gain = two.difference(&one).expect("one grid");
    assert!(gain.values.iter().all(|g| g.is_nan() || *g >= 0.0));
    assert!(gain.values.iter().any(|g| *g > 3.0), "the back of the first sector gets stronger");
}

#[test]
fn nothing_is_said_beyond_the_range_of_the_training() {
    let mut city = blocks(2.0 * RANGE + 800.0, 30.0);
    city.buildings.clear();
    let map = predict(&mut learned(), &city, &Scenario::default());
    for iy in 0..map.grid.ny {
        for ix in 0..map.grid.nx {
            let p = map.grid.centre(ix, iy);
            assert_eq!(map.at(p).is_some(), p.length() <= RANGE, "{p}");
        }
    }
}

#[test]
fn a_cancelled_job_gives_no_map() {
    let mut job = Job::silent();
    job.cancel.cancel();
    let map = pollster::block_on(learned().predict(&blocks(200.0, 200.0), &Scenario::default(), &mut job));
    assert_eq!(map.err(), Some(EngineError::Cancelled));
}
