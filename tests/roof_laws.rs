//! Laws of receivers on roofs: a roof is to them what the ground is to others.

use farfield::antenna::{Pattern, Pointing, ReceiverAntenna};
use farfield::city::{Building, City, HeightSource};
use farfield::coverage::CoverageMap;
use farfield::empirical::{Empirical, rooftops};
use farfield::engine::{Engine, Job, grid_of};
use farfield::geodesy::{LocalFrame, LonLat};
use farfield::material::Material;
use farfield::scenario::{Footing, Scenario, Sector, Site};
use farfield::trace::field::{Beam, gain};
use farfield::trace::scene::Scene;
use farfield::trace::{Tracer, path};
use farfield::units::Dbm;
use geo::{Rect, coord};
use glam::DVec2;
use pollster::block_on;

const GROUND: Material = Material::MediumDryGround;

fn block([x, y]: [f64; 2], [width, depth]: [f64; 2], top: f32, roof: Material) -> Building {
    let footprint = Rect::new(coord! { x: x, y: y }, coord! { x: x + width, y: y + depth }).to_polygon();
    Building { id: 0, footprint, base: 0.0, top, height_source: HeightSource::Model, wall: Material::Brick, roof }
}

fn city(buildings: Vec<Building>) -> City {
    City {
        name: "roofs".into(),
        attribution: String::new(),
        frame: LocalFrame::new(LonLat::new(11.5, 48.1)),
        bounds: Rect::new(coord! { x: -120.0, y: -100.0 }, coord! { x: 120.0, y: 100.0 }),
        buildings,
        ground: GROUND,
        terrain: None,
        woods: Vec::new(),
    }
}

/// Low houses with a tower among them, all of them `raised` by so much; `more` stands around.
fn town(raised: f32, more: Vec<Building>) -> City {
    let houses = [([-80.0, -70.0], 12.0), ([-80.0, 20.0], 15.0), ([20.0, -70.0], 9.0), ([60.0, 30.0], 45.0)];
    let houses = houses.into_iter().map(|(at, top)| block(at, [45.0, 40.0], top + raised, Material::Concrete));
    city(houses.chain(more).collect())
}

fn scenario(city: &City, height: f64, footing: Footing) -> Scenario {
    let position = city.frame.to_lonlat(DVec2::new(0.0, 0.0));
    let mut scenario = Scenario { sites: vec![Site { position, height, ..Site::default() }], ..Scenario::default() };
    scenario.receivers.footing = footing;
    scenario
}

fn traced(city: &City, scenario: &Scenario) -> CoverageMap {
    block_on(Tracer::cpu().predict(city, scenario, &mut Job::silent())).expect("a map")
}

/// Where both maps have a value, the share of the cells in which these are within `decibels` of each other.
fn alike(a: &CoverageMap, b: &CoverageMap, decibels: f32) -> f64 {
    let pairs = a.values.iter().zip(&b.values);
    let same = |(a, b): &(&f32, &f32)| (*a - *b).abs() < decibels || (a.is_nan() && b.is_nan());
    pairs.filter(same).count() as f64 / a.values.len() as f64
}

#[test]
fn in_the_streets_nothing_changes_and_roofs_have_values() {
    let city = town(0.0, Vec::new());
    let [below, above] = [Footing::Ground, Footing::Roofs].map(|on| traced(&city, &scenario(&city, 30.0, on)));
    let roofs = rooftops(&city);
    let (mut streets, mut changed, mut open) = (0, 0, 0);
    for (cell, (below, above)) in below.values.iter().zip(&above.values).enumerate() {
        let at = above_cell(&city, cell);
        if roofs.top_at(at.as_vec2()) > 0.0 {
            assert!(below.is_nan() && !above.is_nan(), "{below} dBm inside, {above} dBm on the roof at {at}");
            open += 1;
        } else {
            streets += 1;
            changed += usize::from((below - above).abs() > 0.01);
        }
    }
    assert!(open > 200 && streets > 800, "{open} cells on roofs, {streets} in streets");
    // Rays are aimed at roofs too, so a weak way is found by one of them here and there.
    assert!(changed * 100 < streets, "{changed} of {streets} cells changed");
}

fn above_cell(city: &City, cell: usize) -> DVec2 {
    let grid = grid_of(city, &Scenario::default()).expect("a grid");
    grid.centre(cell as u32 % grid.nx, cell as u32 / grid.nx)
}

#[test]
fn a_town_on_a_roof_is_the_town_on_the_ground() {
    let low = town(0.0, Vec::new());
    let slab = block([-120.0, -100.0], [240.0, 200.0], 10.0, GROUND);
    let high = town(10.0, vec![slab]);
    let [low, high] =
        [(low, 30.0), (high, 40.0)].map(|(city, mast)| traced(&city, &scenario(&city, mast, Footing::Roofs)));
    let share = alike(&low, &high, 0.05);
    assert!(share > 0.99, "{share} of the cells are alike");
}

#[test]
fn every_single_reflection_onto_a_roof_is_found() {
    // A long wall that throws light onto the roofs before it.
    let city = town(0.0, vec![block([-110.0, 75.0], [220.0, 10.0], 60.0, Material::Concrete)]);
    let mut scenario = scenario(&city, 55.0, Footing::Roofs);
    scenario.engines.trace.depth = 1;
    scenario.engines.trace.diffraction = false;
    let sector = &mut scenario.sites[0].sectors[0];
    *sector = Sector { power: Dbm(0.0), pattern: Pattern::Isotropic, downtilt: 0.0, ..sector.clone() };
    let frequency = sector.frequency;
    let map = traced(&city, &scenario);
    let (scene, roofs) = (Scene::of(&city), rooftops(&city));
    let beam = Beam { pointing: Pointing::ISOTROPIC, frequency, receiver: ReceiverAntenna::ISOTROPIC };
    let layers: Vec<_> = scene.surfaces.iter().map(|s| farfield::trace::field::Layer::of(s, frequency)).collect();
    let from = glam::Vec3::new(0.0, 0.0, 55.0);
    let (mut compared, mut several) = (0, 0);
    for (cell, value) in map.values.iter().enumerate() {
        let to = roofs.standing_on_top(above_cell(&city, cell).as_vec2(), 1.5);
        if to.z < 2.0 {
            continue;
        }
        let single = (0..scene.mirrors.len() as u32).filter_map(|i| path::find(&scene, &[i], from, to));
        let paths: Vec<_> = path::find(&scene, &[], from, to).into_iter().chain(single).collect();
        let expected = 10.0 * paths.iter().map(|p| gain(p, &beam, &layers)).sum::<f32>().log10();
        assert!((value - expected).abs() < 0.01, "{value} dBm for {expected} over {} paths to {to}", paths.len());
        (compared, several) = (compared + 1, several + usize::from(paths.len() > 2));
    }
    assert!(compared > 200 && several > 20, "{compared} cells compared, {several} with more than the roof below");
}

#[test]
fn the_formulas_know_roofs_too() {
    let city = town(0.0, Vec::new());
    let mut scenario = scenario(&city, 30.0, Footing::Roofs);
    scenario.engines.empirical = farfield::scenario::EmpiricalModel::FreeSpace;
    let map = block_on(Empirical.predict(&city, &scenario, &mut Job::silent())).expect("a map");
    assert!(map.values.iter().all(|v| v.is_finite()));
}
