//! Laws that the tracer keeps whatever the city: reciprocity, rows apart are rows together, and an answer to any geometry.

use farfield::antenna::{Pointing, ReceiverAntenna};
use farfield::city::{Building, City, HeightSource};
use farfield::engine::{Cancel, Engine, EngineError, Job, grid_of};
use farfield::geodesy::{LocalFrame, LonLat};
use farfield::material::Material;
use farfield::scenario::{Footing, Scenario, ScenarioError, Site, TraceSettings};
use farfield::trace::discover::mirrors;
use farfield::trace::field::{Beam, Layer, gain, polarisation, transport};
use farfield::trace::scene::{Scene, SceneBuilder, Surface};
use farfield::trace::task::{Diffraction, Sampling, Task};
use farfield::trace::wide::Hint;
use farfield::trace::{Tracer, cpu, path};
use farfield::units::Hertz;
use geo::{LineString, Polygon, Rect, coord, polygon};
use glam::{UVec2, Vec2, Vec3};
use pollster::block_on;
use proptest::prelude::*;

const CONCRETE: Surface = Surface { material: Material::Concrete, thickness: None };

fn city(buildings: Vec<Building>) -> City {
    City {
        name: "blocks".into(),
        attribution: String::new(),
        frame: LocalFrame::new(LonLat::new(11.5, 48.1)),
        bounds: Rect::new(coord! { x: -100.0, y: -80.0 }, coord! { x: 100.0, y: 80.0 }),
        buildings,
        ground: Material::MediumDryGround,
        terrain: None,
        woods: Vec::new(),
    }
}

fn prism(footprint: Polygon<f64>, base: f32, top: f32) -> Building {
    let (wall, roof) = (Material::Brick, Material::Metal);
    Building { id: 0, footprint, base, top, height_source: HeightSource::Model, wall, roof }
}

fn block(x: f64, y: f64, side: f64, top: f32) -> Building {
    let corners = polygon![(x: x, y: y), (x: x + side, y: y), (x: x + side, y: y + side), (x: x, y: y + side)];
    prism(corners, 0.0, top)
}

fn at(city: &City, x: f64, y: f64, height: f64) -> Scenario {
    let site = Site { position: city.frame.to_lonlat(glam::DVec2::new(x, y)), height, ..Site::default() };
    Scenario { sites: vec![site], ..Scenario::default() }
}

/// The field at one end of a path from a vertical antenna at the other, along the polarisation of a vertical antenna.
fn coupling(path: &path::Path, layers: &[Layer]) -> f32 {
    let bounces = path.interactions();
    let first = (bounces[0].point - path.from).normalize();
    let last = (path.to - bounces[bounces.len() - 1].point).normalize();
    let (re, im) = transport(path, polarisation(&Pointing::ISOTROPIC, first), layers, Hertz(2.1e9));
    let ear = polarisation(&Pointing::ISOTROPIC, last);
    re.dot(ear).hypot(im.dot(ear))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_path_there_is_a_path_back_with_the_same_gain(
        spots in prop::collection::vec((-80.0..80.0f64, -70.0..70.0f64, 5.0..25.0f64, 5.0..30.0f32), 1..12),
        a in (-95.0..95.0f32, -75.0..75.0f32, 1.0..40.0f32),
    ) {
        // Inside a house, or between several, there may be no cell's centre.
        let apart = |x: f64, other: f32, side: f64| (x - f64::from(other)).abs() > side;
        prop_assume!(spots.iter().all(|(x, y, side, top)| apart(*x, a.0, *side) || apart(*y, a.1, *side) || a.2 > *top));
        let city = city(spots.into_iter().map(|(x, y, side, top)| block(x, y, side, top)).collect());
        let scene = Scene::of(&city);
        let from = Vec3::from(a);
        let beam = Beam { pointing: Pointing::ISOTROPIC, frequency: Hertz(2.1e9), receiver: ReceiverAntenna::ISOTROPIC };
        let task = Task {
            scene: &scene, roofs: None, diffraction: Diffraction::None, transmitter: from, beams: &[beam],
            grid: farfield::coverage::Grid::covering(city.bounds, 10.0).expect("a grid"),
            height: 1.5, footing: Footing::Ground, depth: 3, transmission: false, finishes: None, woods: None, sampling: Sampling { rays: 2048, samples: 1 },
        };
        let candidates = block_on(cpu::discover(&task, &mut Job::silent())).expect("candidates");
        let layers = task.layers(beam.frequency);
        let cells = (0..task.grid.ny).flat_map(|iy| (0..task.grid.nx).map(move |ix| (ix, iy)));
        let mut found = 0;
        for to in cells.map(|(ix, iy)| task.grid.centre(ix, iy).as_vec2().extend(1.5)) {
            for signature in &candidates.signatures {
                let forth: Vec<u32> = mirrors(signature).to_vec();
                let back: Vec<u32> = forth.iter().rev().copied().collect();
                let ways = (path::find(&scene, &forth, from, to), path::find(&scene, &back, to, from));
                if let (Some(there), Some(here)) = ways {
                    found += 1;
                    prop_assert!((there.length() - here.length()).abs() < 1e-3 * there.length());
                    let (x, y) = (coupling(&there, &layers), coupling(&here, &layers));
                    prop_assert!((x - y).abs() < 1e-3, "{x} {y} over {forth:?}");
                    prop_assert!(gain(&there, &beam, &layers) <= 1.0);
                }
            }
        }
        // What a small house throws may come down between the middles of the cells: such a town says nothing.
        prop_assume!(found > 0);
    }

    #[test]
    fn any_footprint_gives_a_map(
        corners in prop::collection::vec((-90.0..90.0f64, -70.0..70.0f64), 0..7),
        base in -5.0..20.0f32,
        top in prop::sample::select(vec![-3.0f32, 0.0, 12.0, 30.0, f32::NAN, f32::INFINITY]),
        x in -100.0..100.0f64, y in -80.0..80.0f64, height in 0.5..40.0f64,
    ) {
        let city = city(vec![prism(Polygon::new(LineString::from(corners), vec![]), base, top)]);
        let mut tracer = Tracer::cpu().with_sampling(Sampling { rays: 512, samples: 1 });
        let map = block_on(tracer.predict(&city, &at(&city, x, y, height), &mut Job::silent())).expect("a map");
        prop_assert!(map.values.iter().all(|v| v.is_nan() || (-300.0..60.0).contains(v)));
    }
}

#[test]
fn triangles_without_area_or_with_nan_are_left_out_and_counted() {
    let mut builder = SceneBuilder::new();
    builder.triangle([Vec3::ZERO, Vec3::X, Vec3::X * 2.0], CONCRETE);
    builder.triangle([Vec3::ZERO, Vec3::X, Vec3::new(f32::NAN, 1.0, 0.0)], CONCRETE);
    builder.triangle([Vec3::ZERO, Vec3::X * f32::INFINITY, Vec3::Y], CONCRETE);
    builder.triangle([Vec3::ZERO, Vec3::X, Vec3::Y], CONCRETE);
    let scene = builder.build();
    assert_eq!((scene.facets.len(), scene.skipped), (1, 3));
    assert!(
        scene
            .blocked(Vec3::new(0.2, 0.2, 1.0), Vec3::new(0.2, 0.2, -1.0), [u32::MAX; 2], &mut Hint::default())
            .is_some()
    );
}

#[test]
fn a_scene_without_triangles_lets_everything_through() {
    let scene = SceneBuilder::new().build();
    assert!(scene.blocked(Vec3::ZERO, Vec3::X, [u32::MAX; 2], &mut Hint::default()).is_none());
    assert!(path::find(&scene, &[0], Vec3::ZERO, Vec3::X).is_none());
}

#[test]
fn an_empty_city_is_two_rays_over_ground_everywhere() {
    let city = city(Vec::new());
    let scenario = at(&city, 0.0, 0.0, 20.0);
    let map = block_on(Tracer::cpu().predict(&city, &scenario, &mut Job::silent())).expect("a map");
    assert!(map.values.iter().all(|v| v.is_finite()));
    let without = Scenario {
        engines: farfield::scenario::EngineSettings {
            trace: TraceSettings { depth: 0, diffraction: false, ..TraceSettings::default() },
            ..scenario.engines
        },
        ..scenario
    };
    let direct = block_on(Tracer::cpu().predict(&city, &without, &mut Job::silent())).expect("a map");
    for (both, one) in map.values.iter().zip(&direct.values) {
        assert!(
            both > one && both - one < 3.02,
            "the ground adds something, at most as much as the direct way: {both} {one}"
        );
    }
}

#[test]
fn cells_under_a_roof_have_no_prediction_and_those_in_its_shadow_do() {
    let city = city(vec![block(20.0, -20.0, 40.0, 30.0)]);
    let scenario = at(&city, -50.0, 0.0, 10.0);
    let map = block_on(Tracer::cpu().predict(&city, &scenario, &mut Job::silent())).expect("a map");
    assert_eq!(map.at(glam::DVec2::new(40.0, 0.0)), None);
    let (before, behind) =
        (map.at(glam::DVec2::new(15.0, 0.0)).expect("lit"), map.at(glam::DVec2::new(80.0, 0.0)).expect("diffracted"));
    assert!(before - behind > 15.0, "{before} {behind}");
}

#[test]
fn a_mast_inside_a_house_still_gets_a_map() {
    let city = city(vec![block(-20.0, -20.0, 40.0, 30.0)]);
    let map = block_on(Tracer::cpu().predict(&city, &at(&city, 0.0, 0.0, 10.0), &mut Job::silent())).expect("a map");
    assert!(map.values.iter().any(|v| v.is_finite()));
    assert!(map.values.iter().all(|v| v.is_nan() || *v < 60.0));
}

#[test]
fn rows_predicted_apart_are_the_rows_predicted_together() {
    let city = city(vec![block(-60.0, -30.0, 25.0, 20.0), block(10.0, 15.0, 30.0, 35.0)]);
    let scenario = at(&city, -20.0, 0.0, 25.0);
    let whole = block_on(Tracer::cpu().predict(&city, &scenario, &mut Job::silent())).expect("a map");
    let grid = grid_of(&city, &scenario).expect("a grid");
    let mut joined = vec![f32::NAN; grid.len()];
    for rows in [0..7, 7..8, 8..grid.ny] {
        let part =
            block_on(Tracer::cpu().predict_rows(&city, &scenario, rows.clone(), &mut Job::silent())).expect("rows");
        let cells = grid.index(0, rows.start)..grid.index(0, rows.end);
        assert!(part.values.iter().enumerate().all(|(i, v)| cells.contains(&i) || v.is_nan()));
        joined[cells.clone()].copy_from_slice(&part.values[cells]);
    }
    let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&whole.values), bits(&joined));
}

#[test]
fn a_cancelled_job_ends_with_that_error_and_the_next_one_runs() {
    let city = city(vec![block(10.0, 15.0, 30.0, 35.0)]);
    let scenario = at(&city, -20.0, 0.0, 25.0);
    let cancel = Cancel::default();
    let mut job = Job { cancel: cancel.clone(), ..Job::silent() };
    job.on_progress = Some(Box::new(move |p| {
        if p.stage == "collecting paths" {
            cancel.cancel();
        }
    }));
    let mut tracer = Tracer::cpu();
    assert_eq!(block_on(tracer.predict(&city, &scenario, &mut job)), Err(EngineError::Cancelled));
    assert!(block_on(tracer.predict(&city, &scenario, &mut Job::silent())).is_ok());
}

#[test]
fn a_mast_outside_the_city_or_under_ground_is_an_error_that_says_so() {
    let city = city(Vec::new());
    let outside = block_on(Tracer::cpu().predict(&city, &at(&city, 500.0, 0.0, 20.0), &mut Job::silent()));
    assert_eq!(outside, Err(EngineError::OutsideCity { city: "blocks".into() }));
    let under = block_on(Tracer::cpu().predict(&city, &at(&city, 0.0, 0.0, -2.0), &mut Job::silent()));
    assert!(matches!(under, Err(EngineError::Scenario(ScenarioError::OutOfRange { .. }))));
}

#[test]
fn a_cell_takes_the_mean_of_its_receivers_whether_all_or_few_are_asked() {
    let surface = |material| Surface { material, thickness: None };
    let mut builder = SceneBuilder::new();
    let square = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
    builder.quad(square.map(|(x, y)| Vec3::new(x, y, 0.0) * 200.0), surface(Material::MediumDryGround));
    for (x, y, w, h) in
        [(20.0, 3.0, 6.0, 12.0), (-30.0, 25.0, 15.0, 20.0), (5.0, -35.0, 9.0, 8.0), (45.0, -20.0, 4.0, 30.0)]
    {
        let corners = square.map(|(u, v)| Vec3::new(x + w * u + 0.3 * v, y + w * v - 0.3 * u, 0.0));
        for i in 0..4 {
            let (a, b) = (corners[i], corners[(i + 1) % 4]);
            builder.quad([a, b, b + Vec3::Z * h, a + Vec3::Z * h], surface(Material::Concrete));
        }
        builder.quad(corners.map(|c| c + Vec3::Z * h), surface(Material::Concrete));
    }
    let scene = builder.build();
    let beams = [Beam { pointing: Pointing::ISOTROPIC, frequency: Hertz(3.5e9), receiver: ReceiverAntenna::ISOTROPIC }];
    let task = Task {
        scene: &scene,
        roofs: None,
        diffraction: Diffraction::None,
        transmitter: Vec3::new(1.3, -2.1, 15.0),
        beams: &beams,
        grid: farfield::coverage::Grid { origin: glam::DVec2::splat(-60.0), cell: 5.0, nx: 24, ny: 24 },
        height: 1.5,
        footing: Footing::Ground,
        depth: 2,
        transmission: false,
        finishes: None,
        woods: None,
        sampling: Sampling { rays: 1 << 15, samples: 64 },
    };
    let mut job = Job::silent();
    let candidates = block_on(cpu::discover(&task, &mut job)).expect("candidates");
    let found = block_on(cpu::gather(&task, &candidates, 0..24, &mut job)).expect("a map");
    let layers = task.layers(beams[0].frequency);
    let asked = |ix: u32, iy: u32| {
        let tile = task.tiling().at(task.centre(ix, iy).truncate()).expect("a tile");
        let signatures = candidates.in_tile(tile).map(|i| mirrors(&candidates.signatures[i as usize]));
        let all: Vec<&[u32]> = std::iter::once(&[][..]).chain(signatures).collect();
        let power = |r: Vec3| {
            all.iter()
                .filter_map(|s| path::find(&scene, s, task.transmitter, r))
                .map(|p| gain(&p, &beams[0], &layers))
                .sum::<f32>()
        };
        let side = 32;
        let places =
            (0..side * side).map(|i| Vec2::new((i % side) as f32 + 0.5, (i / side) as f32 + 0.5) / side as f32);
        let corner = task.corner(UVec2::new(ix, iy)).truncate();
        places.map(|p| power(task.receiver_at(corner + p * 5.0))).sum::<f32>() / (side * side) as f32
    };
    let mut apart = Vec::new();
    for (i, ours) in found[0].iter().enumerate() {
        let truth = asked(i as u32 % 24, i as u32 / 24);
        if truth > 0.0 {
            assert!(*ours > 0.0 || truth < 1e-10, "cell {i} is dark, and has {truth}");
            apart.push((10.0 * (ours / truth).log10()).abs());
        }
    }
    apart.sort_by(f32::total_cmp);
    let at = |q: f32| apart[((apart.len() - 1) as f32 * q) as usize];
    assert!(apart.len() > 300 && at(0.5) < 0.05 && at(0.95) < 0.5, "{} cells: {} {}", apart.len(), at(0.5), at(0.95));
}

#[test]
fn a_way_through_walls_pays_for_each_of_them_and_ends_at_solid_ones() {
    let frequency = Hertz(3.5e9);
    let scene = |thickness| {
        let mut builder = SceneBuilder::new();
        for x in [10.0, 20.0] {
            let wall = [(-50.0, 0.0), (50.0, 0.0), (50.0, 30.0), (-50.0, 30.0)].map(|(y, z)| Vec3::new(x, y, z));
            builder.quad(wall, Surface { material: Material::Concrete, thickness });
        }
        builder.build()
    };
    let (from, to) = (Vec3::new(0.0, 0.0, 10.0), Vec3::new(30.0, 5.0, 12.0));
    let beam = Beam { pointing: Pointing::ISOTROPIC, frequency, receiver: ReceiverAntenna::ISOTROPIC };
    let grid = farfield::coverage::Grid { origin: glam::DVec2::splat(-50.0), cell: 5.0, nx: 20, ny: 20 };
    let found = |scene: &Scene, depth| {
        let task = Task {
            scene,
            roofs: None,
            diffraction: Diffraction::None,
            transmitter: from,
            beams: &[beam],
            grid,
            height: 12.0,
            footing: Footing::Ground,
            depth,
            transmission: true,
            finishes: None,
            woods: None,
            sampling: Sampling { rays: 1 << 10, samples: 1 },
        };
        let candidates = block_on(cpu::discover(&task, &mut Job::silent())).expect("candidates");
        let layers = task.layers(frequency);
        let paths = farfield::trace::gather::paths(&task, &candidates, to);
        let straight = paths.into_iter().find(|p| p.length() < from.distance(to) * 1.0001)?;
        Some((
            straight.interactions().len(),
            gain(&straight, &beam, &layers) / gain(&path::Path::direct(from, to), &beam, &layers),
        ))
    };
    let sheets = scene(Some(0.1));
    assert_eq!(found(&sheets, 1), None);
    let (walls, ratio) = found(&sheets, 2).expect("a way through");
    let cos = (to - from).normalize().x;
    let through = Layer::of(&sheets.surfaces[0], frequency).transmission(cos);
    let [te, tm] = [through.te, through.tm].map(|t| t.norm_squared().powi(2));
    assert_eq!(walls, 2);
    assert!(ratio > te.min(tm) * 0.999 && ratio < te.max(tm) * 1.001, "{te} {tm} {ratio}");
    assert_eq!(found(&scene(None), 2), None);
}
