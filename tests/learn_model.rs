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
const SIDE: usize = farfield::learn::SIDE;

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
    let mut input = WindowFeatures::empty(Window::square(DVec2::ZERO, SIDE));
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
    let input = WindowFeatures::empty(Window::square(DVec2::ZERO, SIDE));
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

/// `city` and the scenario's first site moved by `by`, or turned about the origin by 90° to the left.
fn moved(city: &City, scenario: &Scenario, by: DVec2, turn: bool) -> (City, Scenario) {
    let place = |p: DVec2| by + if turn { DVec2::new(-p.y, p.x) } else { p };
    let corner = |c: geo::Coord| {
        let p = place(DVec2::new(c.x, c.y));
        coord! { x: p.x, y: p.y }
    };
    let mut city = city.clone();
    city.bounds = Rect::new(corner(city.bounds.min()), corner(city.bounds.max()));
    for building in &mut city.buildings {
        building.footprint = geo::MapCoords::map_coords(&building.footprint, corner);
    }
    let mut scenario = scenario.clone();
    let site = &mut scenario.sites[0];
    site.position = city.frame.to_lonlat(place(city.frame.to_local(site.position)));
    if turn {
        site.sectors[0].azimuth -= 90.0;
    }
    (city, scenario)
}

#[test]
fn moving_the_scene_moves_the_map_and_turning_it_turns_the_map() {
    // Blocks without symmetry, and a lattice that the turn maps onto itself.
    let mut city = blocks(800.0, 800.0);
    let mut number = 0;
    city.buildings.retain(|_| {
        number += 1;
        number % 7 != 3
    });
    let scenario = Scenario::default();
    let map = predict(&mut learned(), &city, &scenario);
    let against = |by: DVec2, turn: bool| {
        let (city, scenario) = moved(&city, &scenario, by, turn);
        let other = predict(&mut learned(), &city, &scenario);
        let (mut squares, mut count, mut worst) = (0.0, 0.0, 0.0f64);
        for iy in 0..map.grid.ny {
            for ix in 0..map.grid.nx {
                let p = map.grid.centre(ix, iy);
                let q = by + if turn { DVec2::new(-p.y, p.x) } else { p };
                if let (Some(a), Some(b)) = (map.at(p), other.at(q)) {
                    let apart = f64::from(a - b);
                    (squares, count, worst) = (squares + apart * apart, count + 1.0, worst.max(apart.abs()));
                }
            }
        }
        assert!(count > 10_000.0, "{count} cells have a level in both");
        ((squares / count).sqrt(), worst)
    };
    let (_, moved) = against(DVec2::new(35.0, -20.0), false);
    assert!(moved < 0.02, "a moved scene differs by {moved} dB");
    let (turned, worst) = against(DVec2::ZERO, true);
    eprintln!("a turned scene differs by {turned:.2} dB (RMS), {worst:.2} dB at most");
    assert!(turned < 1.5, "a turned scene differs by {turned} dB");
}

#[test]
fn no_seam_shows_where_tiles_meet() {
    // Wider than a tile: columns of tiles meet in the middle.
    let city = blocks(2600.0, 200.0);
    let map = predict(&mut learned(), &city, &Scenario::default());
    let nx = map.grid.nx as usize;
    let step = |ix: usize| {
        let pairs = map.values.chunks(nx).map(|row| f64::from((row[ix + 1] - row[ix]).abs()));
        let (sum, count) = pairs.filter(|d| d.is_finite()).fold((0.0, 0.0), |(s, n), d| (s + d, n + 1.0));
        (count > 10.0).then(|| sum / count)
    };
    let mut steps: Vec<f64> = (0..nx - 1).filter_map(step).collect();
    steps.sort_by(f64::total_cmp);
    let (median, most) = (steps[steps.len() / 2], steps[steps.len() - 1]);
    // The edges of blocks make steps of their own; tiles that did not fade would add several dB.
    eprintln!("from column to column {median:.2} dB in the median, {most:.2} dB at most");
    assert!(most < 6.0 * median.max(0.5), "a step of {most} dB between two columns, {median} dB in the median");
}

#[test]
fn every_shipped_model_tells_levels_and_spreads_over_its_whole_range_of_frequencies() {
    let city = blocks(400.0, 400.0);
    for (name, model) in [("coverage", MODEL), ("simulated", include_bytes!("../models/simulated.onnx"))] {
        let mut engine = Learned::from_onnx(model).expect(name);
        for frequency in [0.6e9, 2.6e9, 6e9] {
            let mut scenario = Scenario::default();
            scenario.sites[0].sectors[0].frequency = farfield::units::Hertz(frequency);
            let mut job = Job::silent();
            let told = engine.predict_with_spread(&city, &scenario, &mut job);
            let [levels, spreads] = pollster::block_on(told).expect("maps");
            for (level, spread) in levels.values.iter().zip(&spreads.values) {
                assert_eq!(level.is_nan(), spread.is_nan());
                assert!(level.is_nan() || (-180.0..0.0).contains(level), "{name}: {level} dBm at {frequency} Hz");
                assert!(spread.is_nan() || (0.2..30.0).contains(spread), "{name}: ±{spread} dB at {frequency} Hz");
            }
        }
    }
}
