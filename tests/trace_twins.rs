//! The two backends are twins: the same city and scenario give the same map. Needs a Vulkan adapter, software will do;
//! without one these tests fail, they do not skip.

use farfield::antenna::{Pattern, Pointing, Polarisation, ReceiverAntenna};
use farfield::city::{Building, Canopy, City, HeightRaster, HeightSource, Terrain, Wood};
use farfield::engine::{Engine, EngineError, Job};
use farfield::geodesy::{LocalFrame, LonLat};
use farfield::material::{Finish, Finishes, Material};
use farfield::scenario::{Footing, Scenario, Sector, Site};
use farfield::trace::field::Beam;
use farfield::trace::gpu::Gpu;
use farfield::trace::scene::Scene;
use farfield::trace::task::{Diffraction, Sampling, Task};
use farfield::trace::{Backend, Tracer, cpu};
use farfield::units::Hertz;
use geo::{Rect, coord, polygon};
use glam::{DVec2, Vec3};
use pollster::block_on;
use proptest::prelude::*;

/// Cells where a path grazes an edge may have it on one backend and not on the other: at most this share.
const GRAZING: f64 = 0.01;
/// All others agree to this, dB.
const TOLERANCE_DB: f32 = 0.02;

fn city(buildings: Vec<Building>) -> City {
    City {
        name: "blocks".into(),
        attribution: String::new(),
        frame: LocalFrame::new(LonLat::new(11.5, 48.1)),
        bounds: Rect::new(coord! { x: -100.0, y: -100.0 }, coord! { x: 100.0, y: 100.0 }),
        buildings,
        ground: Material::MediumDryGround,
        terrain: None,
        woods: Vec::new(),
    }
}

/// The city on ground that rises and falls: wavelengths east and north, and height, metres.
fn hilly(mut city: City, waves: Option<(f64, f64, f64)>) -> City {
    let Some((east, north, height)) = waves else { return city };
    let ground = |p: DVec2| height * ((p.x / east).sin() + (p.y / north).cos());
    let terrain = Terrain::new(city.bounds, 5.0, ground).expect("a terrain");
    terrain.lift(&mut city.buildings);
    city.terrain = Some(terrain.into());
    city
}

fn polarisation() -> impl Strategy<Value = Polarisation> {
    use Polarisation::{Horizontal, SlantLeft, SlantRight, Vertical};
    prop::sample::select(vec![Vertical, Horizontal, SlantRight, SlantLeft])
}

prop_compose! {
    fn building()(x in -90.0..90.0f64, y in -90.0..90.0f64, w in 4.0..30.0f64, d in 4.0..30.0f64, turn in 0.0..1.5f64, top in 3.0..40.0f32, wall in 0usize..11, roof in 0usize..11, id in 0u64..u64::MAX) -> Building {
        let at = |u: f64, v: f64| {
            let p = DVec2::from_angle(turn).rotate(DVec2::new(u * w, v * d));
            (x + p.x, y + p.y)
        };
        let footprint = polygon![at(-0.5, -0.5).into(), at(0.5, -0.5).into(), at(0.5, 0.5).into(), at(-0.5, 0.5).into()];
        Building { id, footprint, base: 0.0, top, height_source: HeightSource::Model, wall: Material::ALL[wall], roof: Material::ALL[roof] }
    }
}

prop_compose! {
    fn grove()(x in -110.0..90.0f64, y in -110.0..90.0f64, w in 3.0..80.0f64, d in 3.0..80.0f64, height in 3.0..30.0f32) -> Wood {
        let outline = Rect::new(coord! { x: x, y: y }, coord! { x: x + w, y: y + d }).to_polygon();
        Wood { outline, height }
    }
}

/// Asserts that two maps, as ratios of powers, are twins.
fn assert_twins(a: &[f32], b: &[f32]) {
    assert_eq!(a.len(), b.len());
    let db = |v: f32| 10.0 * v.log10();
    let differ = |a: f32, b: f32| {
        let same = (a.is_nan() && b.is_nan()) || a == b || (db(a) - db(b)).abs() <= TOLERANCE_DB;
        !same
    };
    let wrong: Vec<(usize, f32, f32)> = a
        .iter()
        .zip(b)
        .enumerate()
        .filter(|(_, (a, b))| differ(**a, **b))
        .map(|(i, (a, b))| (i, db(*a), db(*b)))
        .collect();
    assert!(
        wrong.len() as f64 <= GRAZING * a.len() as f64,
        "{} of {} cells differ: {:?}",
        wrong.len(),
        a.len(),
        &wrong[..wrong.len().min(8)]
    );
}

#[test]
fn the_gpu_and_the_cpu_make_the_same_map_of_any_blocks() {
    let gpu = block_on(Gpu::open(true)).expect("a Vulkan adapter that answers the probe; install mesa-vulkan-drivers");
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 8, ..ProptestConfig::default() });
    let strategy = (
        prop::collection::vec(building(), 0..25),
        (-95.0..95.0f32, -95.0..95.0f32, 2.0..60.0f32),
        (0usize..=4, any::<bool>()),
        (polarisation(), prop::option::of(polarisation())),
        (0.0..360.0f32, 0.0..15.0f32, 400.0..40_000.0f64),
        (prop::option::of((20.0..80.0f64, 20.0..80.0f64, 1.0..25.0f64)), prop::collection::vec(grove(), 0..4)),
    );
    let run = runner.run(&strategy, |(buildings, (x, y, z), (depth, diffraction), (polarisation, taken), (azimuth_deg, downtilt_deg, mhz), (hills, woods))| {
        let city = hilly(City { woods, ..city(buildings) }, hills);
        let (scene, roofs) = (Scene::of(&city), HeightRaster::of(&city, 2.0));
        let woods = Canopy::of(&city, &roofs);
        let receiver = ReceiverAntenna { polarisation: taken, ..ReceiverAntenna::ISOTROPIC };
        let beam = |pattern, mhz| Beam { pointing: Pointing { pattern, azimuth_deg, downtilt_deg, polarisation, beamwidths_deg: [70.0, 40.0] }, frequency: Hertz::from_mhz(mhz), receiver };
        let beams: Vec<Beam> = (0..5).map(|i| beam(if i % 2 == 0 { Pattern::Tr38901 } else { Pattern::Isotropic }, mhz + 100.0 * f64::from(i))).collect();
        let rough = Finishes::all(Finish { scattering: 0.4, roughness: 0.004, ..Finish::default() });
        let task = Task {
            scene: &scene,
            roofs: Some(&roofs),
            diffraction: if diffraction { Diffraction::Rooftops } else { Diffraction::None },
            transmitter: Vec3::new(x, y, z + city.ground_at(DVec2::new(x.into(), y.into()))),
            beams: &beams,
            grid: farfield::coverage::Grid::covering(city.bounds, 5.0).expect("a grid"),
            height: 1.5,
            footing: Footing::Ground,
            depth,
            transmission: false,
            finishes: diffraction.then_some(&rough),
            woods: woods.as_ref(),
            sampling: Sampling { rays: 4096, samples: 1 },
        };
        let mut job = Job::silent();
        let candidates = block_on(cpu::discover(&task, &mut job)).expect("candidates");
        let right = block_on(cpu::gather(&task, &candidates, 3..37, &mut job)).expect("a map");
        let given = block_on(gpu.gather(&task, &candidates, 3..37, &mut job)).expect("a map");
        prop_assert_eq!(right.len(), given.len());
        for (right, given) in right.iter().zip(&given) {
            assert_twins(right, given);
        }
        let found = block_on(gpu.discover(&task, &mut job)).expect("candidates");
        let pairs = |c: &farfield::trace::discover::Candidates| -> std::collections::HashSet<(usize, farfield::trace::discover::Signature)> {
            (0..c.starts.len() - 1).flat_map(|t| c.entries[c.starts[t] as usize..c.starts[t + 1] as usize].iter().map(move |e| (t, c.signatures[*e as usize]))).collect()
        };
        let (ours, theirs) = (pairs(&candidates), pairs(&found));
        let differ = ours.symmetric_difference(&theirs).count();
        prop_assert!(differ as f64 <= 0.02 * ours.len() as f64 + 10.0, "{} of {} candidates differ", differ, ours.len());
        Ok(())
    });
    run.expect("twins");
}

#[test]
fn both_tracers_predict_the_same_sectors() {
    let tower = |x: f64, top: f32| Building {
        id: 1,
        footprint: polygon![(x: x, y: -20.0), (x: x + 15.0, y: -20.0), (x: x + 15.0, y: 30.0), (x: x, y: 30.0)],
        base: 0.0,
        top,
        height_source: HeightSource::Model,
        wall: Material::Brick,
        roof: Material::Metal,
    };
    let mut city = city(vec![tower(20.0, 25.0), tower(-50.0, 18.0)]);
    city.bounds = Rect::new(coord! { x: -100.3, y: -100.7 }, coord! { x: 99.7, y: 99.3 });
    let sector = |azimuth| Sector { azimuth, ..Sector::default() };
    let site = Site { position: city.frame.origin(), height: 22.0, sectors: [0.0, 120.0, 240.0].map(sector).to_vec() };
    let mut scenario = Scenario { sites: vec![site], ..Scenario::default() };
    let mut on_gpu = block_on(Tracer::gpu(true)).expect("a Vulkan adapter that answers the probe");
    assert_eq!(on_gpu.backend(), Backend::Gpu);
    assert!(on_gpu.adapter().is_some_and(|name| !name.is_empty()));
    let linear = |map: &farfield::coverage::CoverageMap| -> Vec<f32> {
        map.values.iter().map(|v| 10f32.powf(v / 10.0)).collect()
    };
    // The centres of cells of 20 m lie on borders of the roofs' raster.
    for cell in [5.0, 20.0] {
        scenario.receivers.cell = cell;
        let right = block_on(Tracer::cpu().predict(&city, &scenario, &mut Job::silent())).expect("a map");
        let given = block_on(on_gpu.predict(&city, &scenario, &mut Job::silent())).expect("a map");
        let outdoors =
            |map: &farfield::coverage::CoverageMap| -> Vec<bool> { map.values.iter().map(|v| v.is_finite()).collect() };
        assert_eq!(outdoors(&right), outdoors(&given), "cells of {cell} m");
        assert!(outdoors(&right).into_iter().filter(|o| *o).count() > 60);
        assert_twins(&linear(&right), &linear(&given));
    }
}

#[test]
fn both_tracers_predict_the_same_slope() {
    let house = |x: f64, y: f64, top: f32| Building {
        id: 1,
        footprint: polygon![(x: x, y: y), (x: x + 15.0, y: y), (x: x + 15.0, y: y + 20.0), (x: x, y: y + 20.0)],
        base: 0.0,
        top,
        height_source: HeightSource::Model,
        wall: Material::Brick,
        roof: Material::Metal,
    };
    let flat = city(vec![house(20.0, -20.0, 25.0), house(-50.0, 10.0, 9.0), house(-20.0, 60.0, 6.0)]);
    let city = hilly(flat, Some((45.0, 70.0, 15.0)));
    let sector = |azimuth| Sector { azimuth, ..Sector::default() };
    let site = Site { position: city.frame.origin(), height: 18.0, sectors: [0.0, 180.0].map(sector).to_vec() };
    let scenario = Scenario { sites: vec![site], ..Scenario::default() };
    let map = |mut tracer: Tracer| block_on(tracer.predict(&city, &scenario, &mut Job::silent())).expect("a map");
    let right = map(Tracer::cpu());
    let given = map(block_on(Tracer::gpu(true)).expect("a Vulkan adapter that answers the probe"));
    let linear = |map: &farfield::coverage::CoverageMap| -> Vec<f32> {
        map.values.iter().map(|v| 10f32.powf(v / 10.0)).collect()
    };
    assert!(right.values.iter().filter(|v| v.is_finite()).count() > 1000);
    assert_twins(&linear(&right), &linear(&given));
}

#[test]
fn a_map_tells_what_it_was_made_on() {
    let city = city(Vec::new());
    let site = Site { position: city.frame.origin(), height: 18.0, sectors: vec![Sector::default()] };
    let mut scenario = Scenario { sites: vec![site], ..Scenario::default() };
    scenario.receivers.cell = 40.0;
    let mut on_gpu = block_on(Tracer::gpu(true)).expect("a Vulkan adapter that answers the probe");
    let mut told = |scenario: &Scenario| {
        block_on(on_gpu.predict(&city, scenario, &mut Job::silent())).expect("a map");
        on_gpu.made_on().clone()
    };
    let plain = told(&scenario);
    assert!(plain.backend == Backend::Gpu && plain.told.starts_with("On the GPU ("), "{plain:?}");
    scenario.engines.trace.corners = true;
    let around = told(&scenario);
    assert_eq!((around.backend, &*around.told), (Backend::Cpu, "On the CPU: corners are not traced on the GPU yet"));
    scenario.engines.trace.corners = false;
    scenario.materials.set(city.ground, Finish { scattering: 0.4, ..Finish::default() });
    let scattered = told(&scenario);
    assert_eq!(scattered.told, format!("{}, what walls scatter on the CPU", plain.told));
    let mut on_cpu = Tracer::cpu();
    block_on(on_cpu.predict(&city, &scenario, &mut Job::silent())).expect("a map");
    assert_eq!((on_cpu.made_on().backend, &*on_cpu.made_on().told), (Backend::Cpu, "On the CPU"));
}

#[test]
fn a_software_adapter_is_refused_unless_allowed() {
    // The machines that run this have either a software adapter, which is refused, or a real one, which is taken.
    match block_on(Tracer::gpu(false)) {
        Ok(tracer) => assert_eq!(tracer.backend(), Backend::Gpu),
        Err(error) => assert!(matches!(error, EngineError::NoAdapter(why) if why.contains("software"))),
    }
}
