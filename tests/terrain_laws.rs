//! Laws of ground that is not flat: what is tilted as a whole changes nothing, hills hide what is behind them, and
//! everything stands on the ground.

use farfield::antenna::{Pattern, Pointing, ReceiverAntenna};
use farfield::city::{Building, City, HeightRaster, HeightSource, Terrain};
use farfield::coverage::{CoverageMap, Grid};
use farfield::empirical::{Empirical, knife_edge_loss, rooftop_loss};
use farfield::engine::{Engine, Job};
use farfield::geodesy::{LocalFrame, LonLat};
use farfield::material::Material;
use farfield::scenario::{EmpiricalModel, EngineSettings, Footing, Scenario, Sector, Site};
use farfield::trace::bvh::NO_PLANE;
use farfield::trace::field::{Beam, gain};
use farfield::trace::scene::Scene;
use farfield::trace::task::{Diffraction, Sampling, Task};
use farfield::trace::{Tracer, cpu, path};
use farfield::units::Hertz;
use geo::{Rect, coord, polygon};
use glam::{DVec2, Quat, Vec3};
use pollster::block_on;
use proptest::prelude::*;
use std::sync::Arc;

const SIDE: f64 = 200.0;

fn city(buildings: Vec<Building>, terrain: Option<Terrain>) -> City {
    let mut city = City {
        name: "slope".into(),
        attribution: String::new(),
        frame: LocalFrame::new(LonLat::new(-122.4, 37.8)),
        bounds: area(),
        buildings,
        ground: Material::MediumDryGround,
        terrain: terrain.map(Arc::new),
        woods: Vec::new(),
    };
    if let Some(terrain) = &city.terrain {
        terrain.lift(&mut city.buildings);
    }
    city
}

fn area() -> Rect<f64> {
    Rect::new(coord! { x: -SIDE / 2.0, y: -SIDE / 2.0 }, coord! { x: SIDE / 2.0, y: SIDE / 2.0 })
}

fn terrain(height: impl FnMut(DVec2) -> f64) -> Terrain {
    Terrain::new(area(), 5.0, height).expect("a terrain")
}

fn block(x: f64, y: f64, side: f64, top: f32) -> Building {
    let footprint = polygon![(x: x, y: y), (x: x + side, y: y), (x: x + side, y: y + side), (x: x, y: y + side)];
    let (wall, roof) = (Material::Brick, Material::Metal);
    Building { id: 0, footprint, base: 0.0, top, height_source: HeightSource::Model, wall, roof }
}

fn scenario(city: &City, x: f64, y: f64, height: f64) -> Scenario {
    let sector = Sector { pattern: Pattern::Isotropic, ..Sector::default() };
    let site = Site { position: city.frame.to_lonlat(DVec2::new(x, y)), height, sectors: vec![sector] };
    Scenario { sites: vec![site], ..Scenario::default() }
}

fn traced(city: &City, scenario: &Scenario) -> CoverageMap {
    let mut tracer = Tracer::cpu().with_sampling(Sampling { rays: 1 << 14, samples: 1 });
    block_on(tracer.predict(city, scenario, &mut Job::silent())).expect("a map")
}

fn assert_alike(a: &CoverageMap, b: &CoverageMap, tolerance: f32, share: f64) {
    let differs = |(a, b): &(&f32, &f32)| !((a.is_nan() && b.is_nan()) || (*a - *b).abs() <= tolerance);
    let wrong = a.values.iter().zip(&b.values).filter(differs).count();
    assert!(wrong as f64 <= share * a.values.len() as f64, "{wrong} of {} cells differ", a.values.len());
}

#[test]
fn ground_without_relief_is_flat_ground_wherever_its_datum_lies() {
    let blocks = || vec![block(-60.0, -30.0, 25.0, 20.0), block(10.0, 15.0, 30.0, 35.0)];
    let flat = city(blocks(), None);
    let asked = scenario(&flat, -20.0, 0.0, 25.0);
    let right = traced(&flat, &asked);
    for datum in [0.0, 1234.0, -17.0] {
        let even = city(blocks(), Some(terrain(|_| datum)));
        assert_alike(&right, &traced(&even, &asked), 1e-2, 0.005);
        let models = [EmpiricalModel::FreeSpace, EmpiricalModel::Cost231Hata, EmpiricalModel::Uma];
        for empirical in models {
            let engines = EngineSettings { empirical, ..asked.engines.clone() };
            let asked = Scenario { engines, ..asked.clone() };
            let map = |city: &City| block_on(Empirical.predict(city, &asked, &mut Job::silent())).expect("a map");
            assert_alike(&map(&flat), &map(&even), 1e-3, 0.0);
        }
    }
}

#[test]
fn a_tilted_plane_reflects_as_a_level_one_seen_askew() {
    // East rises by 20 %, so the frame is turned about the north axis; the antenna is turned with it.
    let slope = 0.2f32;
    let tilted = Scene::of(&city(Vec::new(), Some(terrain(|p| 100.0 + f64::from(slope) * p.x))));
    let level = Scene::of(&city(Vec::new(), None));
    let turn = Quat::from_rotation_y(-slope.atan());
    let foot = Vec3::Z * terrain(|p| 100.0 + f64::from(slope) * p.x).at(glam::Vec2::ZERO);
    let beam = |pattern| Beam {
        pointing: Pointing { pattern, ..Pointing::ISOTROPIC },
        frequency: Hertz(3.5e9),
        receiver: ReceiverAntenna::ISOTROPIC,
    };
    let layers = |scene: &Scene, beam: &Beam| -> Vec<_> {
        scene.surfaces.iter().map(|s| farfield::trace::field::Layer::of(s, beam.frequency)).collect()
    };
    for (a, b) in [
        (Vec3::new(-40.0, 10.0, 20.0), Vec3::new(50.0, -30.0, 1.5)),
        (Vec3::new(60.0, 0.0, 30.0), Vec3::new(-70.0, 5.0, 1.5)),
    ] {
        let askew = |p: Vec3| turn * p + foot;
        for signature in [&[][..], &[0][..]] {
            let here = path::find(&level, signature, a, b).expect("a path on level ground");
            let there = path::find(&tilted, signature, askew(a), askew(b)).expect("a path on the slope");
            assert!((here.length() - there.length()).abs() < 1e-3);
            for (h, t) in here.interactions().iter().zip(there.interactions()) {
                assert!((askew(h.point) - t.point).length() < 5e-3, "{} {}", h.point, t.point);
            }
            // The vertical antenna is not turned with the ground, so what the slope reflects is compared in length and place,
            // and what goes straight also in power.
            if signature.is_empty() {
                let beam = beam(Pattern::Isotropic);
                let powers = [(&here, &level), (&there, &tilted)].map(|(p, s)| gain(p, &beam, &layers(s, &beam)));
                assert!((powers[0] / powers[1] - 1.0).abs() < 1e-4, "{powers:?}");
            }
        }
    }
}

#[test]
fn even_ground_costs_nothing_however_it_is_tilted() {
    for (east, north) in [(0.0, 0.0), (0.3, 0.0), (-0.1, 0.25), (0.02, -0.3)] {
        let city = city(Vec::new(), Some(terrain(|p| 50.0 + east * p.x + north * p.y)));
        let raster = HeightRaster::of(&city, 2.0);
        for (x, y) in [(90.0, 90.0), (-95.0, 3.0), (15.0, -80.0)] {
            let at = |p: DVec2, height: f32| p.as_vec2().extend(city.ground_at(p) + height);
            let (mast, user) = (at(DVec2::new(-30.0, 20.0), 12.0), at(DVec2::new(x, y), 1.5));
            assert!(raster.clear(mast, user));
            // At 300 MHz the Fresnel zone reaches deep into the ground: this is what the even ground would cost.
            assert!(rooftop_loss(&raster, mast, user, 1.0) < 0.02, "{east} {north} {x} {y}");
        }
    }
}

/// A ridge along the north axis, `height` metres over the plane, sloping off within `width` metres on both sides.
fn ridge(height: f64, width: f64) -> Terrain {
    terrain(move |p| (height * (1.0 - p.x.abs() / width)).max(0.0))
}

#[test]
fn a_thin_ridge_costs_exactly_its_knife_edge() {
    let city = city(Vec::new(), Some(ridge(40.0, 5.0)));
    // Cells that have the crest in their middle.
    let mut raster = HeightRaster::of(&city, 1.0);
    raster.origin.x -= 0.5;
    let (a, b) = (Vec3::new(-80.0, 3.3, 20.0), Vec3::new(60.0, 3.3, 1.5));
    assert!(!raster.clear(a, b));
    let (da, db, wavelength) = (80.0f32, 60.0f32, 0.0857);
    let excess = 40.0 - (20.0 * db + 1.5 * da) / (da + db);
    let nu = excess * (2.0 * (da + db) / (wavelength * da * db)).sqrt();
    let loss = rooftop_loss(&raster, a, b, wavelength);
    assert!((loss - knife_edge_loss(nu)).abs() < 0.02, "{loss} and {}", knife_edge_loss(nu));
    assert!((rooftop_loss(&raster, b, a, wavelength) - loss).abs() < 0.02);
}

#[test]
fn a_hill_hides_what_is_behind_it_from_every_engine() {
    let (hill, plain) = (city(Vec::new(), Some(ridge(40.0, 30.0))), city(Vec::new(), None));
    let asked = scenario(&plain, -80.0, 0.0, 10.0);
    let empirical = |city: &City| block_on(Empirical.predict(city, &asked, &mut Job::silent())).expect("a map");
    for (with, without) in [(traced(&hill, &asked), traced(&plain, &asked)), (empirical(&hill), empirical(&plain))] {
        let at = |x: f64, y: f64| {
            let p = DVec2::new(x, y);
            (with.at(p).expect("outdoors"), without.at(p).expect("outdoors"))
        };
        let (behind, open) = at(60.0, 0.0);
        assert!(behind < open - 10.0, "{behind} and {open}");
        let (before, open) = at(-60.0, 20.0);
        assert!((before - open).abs() < 1.5, "{before} and {open}");
    }
}

#[test]
fn everyone_on_the_ground_is_outdoors_and_everyone_under_a_roof_is_not() {
    // The slope rises 60 m, far above every roof at its foot.
    let slope = || terrain(|p| 0.3 * (p.x + 100.0));
    let city = city(vec![block(-20.0, -20.0, 20.0, 9.0)], Some(slope()));
    let map = traced(&city, &scenario(&city, -60.0, 40.0, 15.0));
    let raster = HeightRaster::of(&city, 1.0);
    let mut indoors = 0;
    for iy in 0..map.grid.ny {
        for ix in 0..map.grid.nx {
            let p = map.grid.centre(ix, iy);
            let under = p.x > -20.0 && p.x < 0.0 && p.y > -20.0 && p.y < 0.0;
            assert_eq!(raster.covers(raster.standing(p.as_vec2(), 1.5)), under, "{p}");
            if under {
                assert!(map.at(p).is_none());
                indoors += 1;
            }
        }
    }
    assert_eq!(indoors, 16);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn receivers_stand_their_height_above_the_traced_ground(
        waves in (20.0..60.0f64, 20.0..60.0f64, 0.0..30.0f64),
        samples in 1u32..4,
        height in 0.5..3.0f32,
    ) {
        let (wx, wy, h) = waves;
        let city = city(Vec::new(), Some(terrain(|p| h * ((p.x / wx).sin() + (p.y / wy).cos()))));
        let (scene, roofs) = (Scene::of(&city), HeightRaster::of(&city, 2.0));
        let task = Task {
            scene: &scene, roofs: Some(&roofs), diffraction: Diffraction::Rooftops, transmitter: Vec3::Z * 200.0, beams: &[],
            grid: Grid::covering(city.bounds, 9.0).expect("a grid"),
            height, footing: Footing::Ground, depth: 0, transmission: false, finishes: None, woods: None, sampling: Sampling { rays: 1, samples },
        };
        for (ix, iy) in (0..task.grid.ny).flat_map(|iy| (0..task.grid.nx).map(move |ix| (ix, iy))) {
            for receiver in (0..task.samples()).map(|i| task.receiver(ix, iy, i)) {
                let hit = scene.first_hit(receiver, Vec3::NEG_Z, f32::INFINITY, NO_PLANE).expect("ground");
                prop_assert!((hit.t - height).abs() < 2e-3, "{} over the ground at {receiver}", hit.t);
            }
        }
    }

    #[test]
    fn loss_over_hills_is_the_same_both_ways(
        waves in (15.0..60.0f64, 15.0..60.0f64, 0.0..30.0f64),
        a in (-95.0..95.0f64, -95.0..95.0f64, 1.0..30.0f32),
        b in (-95.0..95.0f64, -95.0..95.0f64, 1.0..30.0f32),
    ) {
        let (wx, wy, h) = waves;
        let city = city(vec![block(-10.0, -10.0, 20.0, 12.0)], Some(terrain(|p| h * ((p.x / wx).sin() + (p.y / wy).cos()))));
        let raster = HeightRaster::of(&city, 2.0);
        let end = |(x, y, up): (f64, f64, f32)| {
            let p = DVec2::new(x, y);
            p.as_vec2().extend(city.ground_at(p) + up)
        };
        let (a, b) = (end(a), end(b));
        // Rays that graze a cell's corner may go either side of it; stay clear of those.
        let mut grazes = false;
        raster.walk(a.truncate(), b.truncate(), |c| { grazes |= c.to - c.from < 1e-3; true });
        prop_assume!(!grazes);
        let (there, back) = (rooftop_loss(&raster, a, b, 0.1), rooftop_loss(&raster, b, a, 0.1));
        prop_assert!((there - back).abs() < 0.1, "{there} {back}");
        prop_assert!(there >= 0.0);
    }
}

/// Reflections off the ground are found on a slope as on the level: with them every cell of an empty slope gets more than
/// by the direct way, and no more than twice as much.
#[test]
fn rays_find_the_reflection_off_a_slope_for_every_receiver() {
    let city = city(Vec::new(), Some(terrain(|p| 0.25 * p.x + 0.1 * p.y)));
    let (scene, roofs) = (Scene::of(&city), HeightRaster::of(&city, 2.0));
    let beams = [Beam { pointing: Pointing::ISOTROPIC, frequency: Hertz(2e9), receiver: ReceiverAntenna::ISOTROPIC }];
    let task = Task {
        scene: &scene,
        roofs: Some(&roofs),
        diffraction: Diffraction::None,
        transmitter: Vec3::new(10.0, -20.0, city.ground_at(DVec2::new(10.0, -20.0)) + 20.0),
        beams: &beams,
        grid: Grid::covering(city.bounds, 5.0).expect("a grid"),
        height: 1.5,
        footing: Footing::Ground,
        depth: 1,
        transmission: false,
        finishes: None,
        woods: None,
        sampling: Sampling { rays: 1 << 14, samples: 1 },
    };
    let mut job = Job::silent();
    let candidates = block_on(cpu::discover(&task, &mut job)).expect("candidates");
    let tiling = task.tiling();
    for tile in 0..tiling.len() as u32 {
        assert_eq!(candidates.in_tile(tile).count(), 1, "the ground in tile {tile}");
    }
}
