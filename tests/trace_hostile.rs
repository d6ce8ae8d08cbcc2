//! Bad input to the engines: every city and every mast gets an error that says what is wrong or a map in which every cell
//! has a level or a reason, and soon.

use farfield::antenna::Pattern;
use farfield::city::{Building, City, HeightSource};
use farfield::coverage::{CoverageMap, Gap};
use farfield::empirical::{Empirical, rooftops};
use farfield::engine::{Engine, EngineError, Job};
use farfield::geodesy::{LocalFrame, LonLat};
use farfield::material::Material;
use farfield::scenario::{BuildingEntry, Receivers, Scenario, ScenarioError, Sector, Site};
use farfield::trace::Tracer;
use farfield::trace::task::Sampling;
use farfield::units::{Dbm, Hertz};
use geo::{LineString, Polygon, Rect, coord};
use glam::DVec2;
use pollster::block_on;
use std::f64::consts::TAU;

const FEW: Sampling = Sampling { rays: 1 << 10, samples: 1 };

fn city(buildings: Vec<Building>) -> City {
    City {
        name: "blocks".into(),
        attribution: String::new(),
        frame: LocalFrame::new(LonLat::new(11.5, 48.1)),
        bounds: Rect::new(coord! { x: -60.0, y: -50.0 }, coord! { x: 60.0, y: 50.0 }),
        buildings,
        ground: Material::MediumDryGround,
        terrain: None,
        woods: Vec::new(),
    }
}

fn prism(corners: &[(f64, f64)], base: f32, top: f32) -> Building {
    Building {
        id: 0,
        footprint: Polygon::new(LineString::from(corners.to_vec()), Vec::new()),
        base,
        top,
        height_source: HeightSource::Model,
        wall: Material::Brick,
        roof: Material::Metal,
    }
}

fn house(x: f64, y: f64, side: f64, top: f32) -> Building {
    prism(&[(x, y), (x + side, y), (x + side, y + side), (x, y + side)], 0.0, top)
}

/// Cities that no source should hold, by what is wrong with them.
fn cities() -> Vec<(&'static str, City)> {
    let star = |points: u32, turns: u32| -> Vec<(f64, f64)> {
        let corner = |i: u32| (f64::from(i * turns % points) / f64::from(points) * TAU).sin_cos();
        (0..points).map(|i| (corner(i).0 * 40.0, corner(i).1 * 40.0)).collect()
    };
    let bad = |number: f64| vec![prism(&[(0.0, 0.0), (20.0, number), (20.0, 20.0)], 0.0, 10.0)];
    vec![
        ("no building", city(vec![])),
        ("no corner", city(vec![prism(&[], 0.0, 10.0)])),
        ("one corner", city(vec![prism(&[(5.0, 5.0)], 0.0, 10.0)])),
        ("corners in one place", city(vec![prism(&[(5.0, 5.0); 4], 0.0, 10.0)])),
        ("a wall without thickness", city(vec![prism(&[(-20.0, 3.0), (30.0, 8.0)], 0.0, 15.0)])),
        ("an open outline", city(vec![prism(&[(-20.0, 0.0), (20.0, 0.0), (20.0, 30.0), (-20.0, 30.0)], 0.0, 15.0)])),
        (
            "an outline that crosses itself",
            city(vec![prism(&[(-20.0, -20.0), (20.0, 20.0), (20.0, -20.0), (-20.0, 20.0)], 0.0, 15.0)]),
        ),
        ("an outline that winds about itself", city(vec![prism(&star(101, 50), 0.0, 15.0)])),
        ("an outline of very many corners that crosses itself", city(vec![prism(&star(2_001, 1_000), 0.0, 15.0)])),
        ("the same house many times", city(vec![house(-10.0, -10.0, 25.0, 12.0); 200])),
        (
            "houses that share walls and roofs",
            city(vec![
                house(-30.0, -10.0, 20.0, 12.0),
                house(-10.0, -10.0, 20.0, 12.0),
                house(-10.0, 10.0, 20.0, 12.0),
                house(-20.0, -10.0, 20.0, 12.0),
            ]),
        ),
        ("walls through the middles of cells", city(vec![house(-17.5, -7.5, 30.0, 12.0), house(22.5, 2.5, 5.0, 6.0)])),
        ("a corner that is no number", city(bad(f64::NAN))),
        ("a corner at infinity", city(bad(f64::INFINITY))),
        ("a corner beyond everything", city(bad(1e300))),
        ("a roof that is no number", city(vec![prism(&[(0.0, 0.0), (20.0, 0.0), (20.0, 20.0)], 0.0, f32::NAN)])),
        ("a roof at infinity", city(vec![prism(&[(0.0, 0.0), (20.0, 0.0), (20.0, 20.0)], 0.0, f32::INFINITY)])),
        ("a roof under its floor", city(vec![prism(&[(0.0, 0.0), (20.0, 0.0), (20.0, 20.0)], 12.0, 3.0)])),
        ("a floor that is no number", city(vec![prism(&[(0.0, 0.0), (20.0, 0.0), (20.0, 20.0)], f32::NAN, 10.0)])),
    ]
}

/// Masts where none should stand, by where that is: east, north, above the ground.
const MASTS: [(&str, f64, f64, f64); 8] = [
    ("inside a house", 5.0, 5.0, 4.0),
    ("in a wall", -10.0, 0.0, 6.0),
    ("in a wall that another house has too", 10.0, 5.0, 6.0),
    ("in the corner of a roof", 20.0, 20.0, 12.0),
    ("on a roof, without a mast", 0.0, 0.0, 12.0),
    ("where a receiver is", 32.5, 32.5, 1.5),
    ("at the edge of the city", -59.99, -49.99, 0.5),
    ("above everything", 0.0, 0.0, 1000.0),
];

fn scenario(city: &City, (_, x, y, height): (&str, f64, f64, f64)) -> Scenario {
    let sectors =
        vec![Sector::default(), Sector { pattern: Pattern::Isotropic, frequency: Hertz(0.7e9), ..Sector::default() }];
    let site = Site { position: city.frame.to_lonlat(DVec2::new(x, y)), height, sectors };
    Scenario { sites: vec![site], ..Scenario::default() }
}

/// Whether every cell has a level that could be, or the reason that is true.
fn check(city: &City, map: &CoverageMap, inside: bool, what: &str) {
    let roofs = rooftops(city);
    for iy in 0..map.grid.ny {
        for ix in 0..map.grid.nx {
            let cell = map.grid.index(ix, iy);
            let indoors = roofs.covers(roofs.standing(map.grid.centre(ix, iy).as_vec2(), 1.5));
            match map.gap(cell) {
                // 18 dBm and 8 dBi at the most, and no more than twice the field of the direct way by a few walls.
                None => assert!(
                    (-400.0..32.0).contains(&map.values[cell]) && (inside || !indoors),
                    "{what}: {ix} {iy} {}",
                    map.values[cell]
                ),
                Some(Gap::Indoors) => assert!(indoors, "{what}: {ix} {iy}"),
                Some(Gap::NoPath) => assert!(!indoors, "{what}: {ix} {iy}"),
                gap => panic!("{what}: {gap:?} at {ix} {iy}"),
            }
        }
    }
}

#[test]
fn every_cell_of_any_city_around_any_mast_has_a_level_or_a_reason() {
    for (wrong, city) in cities() {
        for mast in MASTS {
            let mut scenario = scenario(&city, mast);
            for indoors in [None, Some(BuildingEntry::default())] {
                scenario.receivers = Receivers { indoors, ..Receivers::default() };
                let mut tracer = Tracer::cpu().with_sampling(FEW);
                let traced = block_on(tracer.predict(&city, &scenario, &mut Job::silent())).expect("a map");
                check(&city, &traced, indoors.is_some(), &format!("traced, {wrong}, mast {}", mast.0));
                let formula = block_on(Empirical.predict(&city, &scenario, &mut Job::silent())).expect("a map");
                check(&city, &formula, indoors.is_some(), &format!("empirical, {wrong}, mast {}", mast.0));
            }
        }
    }
}

#[test]
fn the_gpu_gives_every_cell_of_any_city_a_level_or_the_reason_that_the_cpu_gives() {
    let mut on_gpu = block_on(Tracer::gpu(true)).expect("a Vulkan adapter that answers the probe").with_sampling(FEW);
    for (wrong, city) in cities() {
        let mut on_cpu = Tracer::cpu().with_sampling(FEW);
        for mast in MASTS {
            let scenario = scenario(&city, mast);
            let what = format!("{wrong}, mast {}", mast.0);
            let given = block_on(on_gpu.predict(&city, &scenario, &mut Job::silent())).expect("a map");
            check(&city, &given, false, &what);
            let right = block_on(on_cpu.predict(&city, &scenario, &mut Job::silent())).expect("a map");
            for cell in 0..right.values.len() {
                assert_eq!(given.gap(cell), right.gap(cell), "{what}: cell {cell}");
            }
        }
    }
    assert_eq!(on_gpu.lost(), None);
}

#[test]
fn what_is_no_number_makes_nobody_be_indoors() {
    for (wrong, city) in cities() {
        if ["a corner that is no number", "a corner at infinity", "a roof at infinity"].contains(&wrong) {
            assert!(rooftops(&city).tops().iter().all(|top| *top == 0.0), "{wrong}");
        }
    }
}

type Change = Box<dyn Fn(&mut Scenario, f64)>;

#[test]
fn numbers_that_make_no_scenario_are_refused_by_name_before_anything_runs() {
    let city = city(vec![]);
    let sane = scenario(&city, MASTS[7]);
    let sector = |change: fn(&mut Sector, f64)| move |s: &mut Scenario, v: f64| change(&mut s.sites[0].sectors[0], v);
    let changes: Vec<(&str, Change)> = vec![
        ("frequency", Box::new(sector(|s, v| s.frequency = Hertz(v)))),
        ("power", Box::new(sector(|s, v| s.power = Dbm(if v == 0.0 { 1e9 } else { v })))),
        ("azimuth", Box::new(sector(|s, v| s.azimuth = if v == 0.0 { 1e9 } else { v }))),
        ("downtilt", Box::new(sector(|s, v| s.downtilt = if v == 0.0 { 91.0 } else { v }))),
        ("site's height", Box::new(|s, v| s.sites[0].height = v)),
        ("longitude", Box::new(|s, v| s.sites[0].position.lon = if v == 0.0 { 181.0 } else { v })),
        ("latitude", Box::new(|s, v| s.sites[0].position.lat = if v == 0.0 { 90.0 } else { v })),
        ("cell size", Box::new(|s, v| s.receivers.cell = v)),
        ("receivers' height", Box::new(|s, v| s.receivers.height = v)),
        (
            "share of places",
            Box::new(|s, v| {
                s.receivers.indoors = Some(BuildingEntry { probability: v, ..BuildingEntry::default() });
            }),
        ),
        ("reflection depth", Box::new(|s, _| s.engines.trace.depth = 9)),
    ];
    for (name, change) in changes {
        for value in [0.0, -1e12, 1e300, f64::INFINITY, f64::NAN] {
            let mut scenario = sane.clone();
            change(&mut scenario, value);
            let traced = block_on(Tracer::cpu().predict(&city, &scenario, &mut Job::silent()));
            let formula = block_on(Empirical.predict(&city, &scenario, &mut Job::silent()));
            for refused in [traced, formula] {
                match refused {
                    Err(EngineError::Scenario(ScenarioError::OutOfRange { what, .. })) => {
                        assert!(what.contains(name), "{name} {value}: {what}");
                    }
                    other => panic!("{name} {value}: {other:?}"),
                }
            }
        }
    }
}

#[test]
fn a_city_without_an_extent_is_an_error() {
    let corners = [
        (0.0, 0.0, 0.0, 0.0),
        (f64::NAN, 0.0, 10.0, 10.0),
        (-f64::INFINITY, 0.0, f64::INFINITY, 9.0),
        (-1e12, -1e12, 1e12, 1e12),
    ];
    for (west, south, east, north) in corners {
        let mut city = city(vec![house(0.0, 0.0, 5.0, 9.0)]);
        let scenario = scenario(&city, MASTS[7]);
        city.bounds = Rect::new(coord! { x: west, y: south }, coord! { x: east, y: north });
        for map in [
            block_on(Tracer::cpu().predict(&city, &scenario, &mut Job::silent())),
            block_on(Empirical.predict(&city, &scenario, &mut Job::silent())),
        ] {
            assert!(matches!(map, Err(EngineError::Grid { .. } | EngineError::OutsideCity { .. })), "{map:?}");
        }
    }
}
