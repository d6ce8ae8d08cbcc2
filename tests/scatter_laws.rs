//! Laws of diffuse scattering: what one plate throws is the integral over it, reciprocity, convergence, smooth limits.

use farfield::antenna::{Pointing, ReceiverAntenna};
use farfield::city::{Building, City, HeightSource};
use farfield::coverage::Grid;
use farfield::engine::{Engine, Job};
use farfield::geodesy::{LocalFrame, LonLat};
use farfield::material::{Finish, Finishes, Lobe, Material};
use farfield::scenario::{EngineSettings, Footing, Scenario, Sector, Site, TraceSettings};
use farfield::trace::field::{Beam, Layer, gain};
use farfield::trace::path;
use farfield::trace::scene::{Scene, SceneBuilder, Surface};
use farfield::trace::task::{Diffraction, Sampling, Task};
use farfield::trace::{Tracer, cpu};
use farfield::units::Hertz;
use geo::{Rect, coord, polygon};
use glam::{DVec2, Vec3};
use pollster::block_on;
use std::f32::consts::PI;

const FREQUENCY: Hertz = Hertz(3.5e9);
const BEAMS: [Beam; 1] =
    [Beam { pointing: Pointing::ISOTROPIC, frequency: FREQUENCY, receiver: ReceiverAntenna::ISOTROPIC }];
const METAL: Surface = Surface { material: Material::Metal, thickness: None };
/// The plate: y = 0, from −3 to 3 m along x, from 4 to 8 m up.
const PLATE: [(f32, f32); 2] = [(-3.0, 3.0), (4.0, 8.0)];

fn plate([(west, east), (low, high)]: [(f32, f32); 2]) -> Scene {
    let mut builder = SceneBuilder::new();
    let corners = [(west, low), (east, low), (east, high), (west, high)].map(|(x, z)| Vec3::new(x, 0.0, z));
    builder.quad(corners, METAL);
    builder.build()
}

fn task<'a>(scene: &'a Scene, from: Vec3, finishes: Option<&'a Finishes>, rays: u32) -> Task<'a> {
    Task {
        scene,
        roofs: None,
        diffraction: Diffraction::None,
        transmitter: from,
        beams: &BEAMS,
        grid: Grid { origin: DVec2::new(-60.0, -120.0), cell: 5.0, nx: 24, ny: 23 },
        height: 1.5,
        footing: Footing::Ground,
        depth: 1,
        transmission: false,
        finishes,
        woods: None,
        sampling: Sampling { rays, samples: 1 },
    }
}

/// What surfaces scatter into each cell.
fn scattered(task: &Task<'_>) -> Vec<f32> {
    let mut gains = vec![vec![0.0; task.grid.len()]];
    block_on(cpu::add_scattered(task, &(0..task.grid.ny), &mut gains, &mut Job::silent())).expect("a map");
    gains.remove(0)
}

/// What the plate scatters to a receiver: the integral over it by the midpoint rule. Metal mirrors everything.
fn integral(from: Vec3, to: Vec3, finish: Finish) -> f32 {
    let [(west, east), (low, high)] = PLATE;
    let steps = 40;
    let area = (east - west) * (high - low) / (steps * steps) as f32;
    let part = |i: usize| {
        let along = |k: usize| (k as f32 + 0.5) / steps as f32;
        let at = Vec3::new(west + (east - west) * along(i % steps), 0.0, low + (high - low) * along(i / steps));
        let normal = if from.y > 0.0 { Vec3::Y } else { Vec3::NEG_Y };
        let (come, go) = ((at - from).normalize(), (to - at).normalize());
        let (cos_in, cos_out) = (-come.dot(normal), go.dot(normal));
        if cos_in <= 0.0 || cos_out <= 0.0 {
            return 0.0;
        }
        let mirrored = come + 2.0 * cos_in * normal;
        let lobe = finish.lobe.scale(cos_in) * finish.lobe.height(cos_out, go.dot(mirrored), -go.dot(come));
        area * cos_in * lobe / (from.distance_squared(at) * to.distance_squared(at))
    };
    let wavelength = FREQUENCY.wavelength() as f32;
    let sum: f32 = (0..steps * steps).map(part).sum();
    (wavelength * finish.scattering / (4.0 * PI)).powi(2) * sum
}

#[test]
fn a_plate_scatters_the_integral_over_it() {
    let scene = plate(PLATE);
    let from = Vec3::new(2.0, -6.0, 7.0);
    let lobes = [
        (Lobe::Lambertian, 1.0),
        (Lobe::Directive { exponent: 4 }, 0.5),
        (Lobe::Backscattering { exponent: 8, back: 8, forward_share: 0.6 }, 0.5),
    ];
    for (lobe, scattering) in lobes {
        let finish = Finish { scattering, lobe, cross_polarisation: 0.3, ..Finish::default() };
        let finishes = Finishes::all(finish);
        let task = task(&scene, from, Some(&finishes), 1 << 23);
        let found = scattered(&task);
        let (mut apart, mut sums) = (Vec::new(), [0.0; 2]);
        // Cells before the plate, not so near that a cell's mean is not that of its middle.
        for (ix, iy) in (0..24).flat_map(|ix| (4..19).map(move |iy| (ix, iy))) {
            let right = integral(from, task.centre(ix, iy), finish);
            let given = found[task.grid.index(ix, iy)];
            apart.push((given / right - 1.0).abs());
            sums[0] += right;
            sums[1] += given;
        }
        apart.sort_by(f32::total_cmp);
        let (median, p90) = (apart[apart.len() / 2], apart[apart.len() * 9 / 10]);
        // The cells at the edge share what they hold with stronger ones beyond it.
        assert!((sums[1] / sums[0] - 1.0).abs() < 0.02, "{lobe:?} {sums:?}");
        assert!(median < 0.04 && p90 < 0.1, "{lobe:?} {median} {p90}");
    }
}

#[test]
fn more_rays_come_nearer_to_the_integral() {
    let scene = plate(PLATE);
    let from = Vec3::new(12.0, -30.0, 9.0);
    let finish = Finish { scattering: 1.0, ..Finish::default() };
    let finishes = Finishes::all(finish);
    let error = |rays| {
        let task = task(&scene, from, Some(&finishes), rays);
        let found = scattered(&task);
        let cells = (0..24).flat_map(|ix| (4..20).map(move |iy| (ix, iy)));
        let apart = cells.map(|(ix, iy)| {
            let right = integral(from, task.centre(ix, iy), finish);
            (found[task.grid.index(ix, iy)] / right - 1.0).powi(2)
        });
        apart.sum::<f32>().sqrt()
    };
    let errors = [1 << 16, 1 << 19, 1 << 22].map(error);
    assert!(errors[0] > 1.6 * errors[1] && errors[1] > 1.6 * errors[2], "{errors:?}");
}

#[test]
fn what_a_metal_plate_scatters_there_it_scatters_back() {
    let scene = plate([(-25.0, 25.0), (1.0, 20.0)]);
    let finishes = Finishes::all(Finish { scattering: 0.7, ..Finish::default() });
    let heard = |from: (u32, u32), to: (u32, u32)| {
        let at = task(&scene, Vec3::ZERO, None, 1).centre(from.0, from.1);
        let task = task(&scene, at, Some(&finishes), 1 << 22);
        scattered(&task)[task.grid.index(to.0, to.1)]
    };
    for (a, b) in [((4, 18), (14, 20)), ((8, 17), (20, 14)), ((10, 19), (12, 10))] {
        let (there, back) = (heard(a, b), heard(b, a));
        assert!((there / back - 1.0).abs() < 0.06, "{there} {back}");
    }
}

#[test]
fn surfaces_that_scatter_nothing_give_the_same_map_bit_by_bit() {
    let scene = plate(PLATE);
    let map = |finishes: Option<&Finishes>| {
        let task = task(&scene, Vec3::new(12.0, -30.0, 9.0), finishes, 1 << 14);
        let mut job = Job::silent();
        let candidates = block_on(cpu::discover(&task, &mut job)).expect("candidates");
        let gains = block_on(cpu::gather(&task, &candidates, 0..task.grid.ny, &mut job)).expect("a map");
        gains[0].iter().map(|g| g.to_bits()).collect::<Vec<_>>()
    };
    let directive = Finish { lobe: Lobe::Directive { exponent: 4 }, cross_polarisation: 0.5, ..Finish::default() };
    let before = map(None);
    assert!(before.iter().any(|b| *b != 0));
    assert_eq!(before, map(Some(&Finishes::default())));
    assert_eq!(before, map(Some(&Finishes::all(directive))));
}

#[test]
fn rows_scattered_apart_are_the_rows_scattered_together() {
    let scene = plate(PLATE);
    let finishes = Finishes::all(Finish { scattering: 0.5, ..Finish::default() });
    let task = task(&scene, Vec3::new(12.0, -30.0, 9.0), Some(&finishes), 1 << 14);
    let whole = scattered(&task);
    let mut joined = Vec::new();
    for rows in [0..3u32, 3..4, 4..10, 10..23] {
        let mut gains = vec![vec![0.0; rows.len() * task.grid.nx as usize]];
        block_on(cpu::add_scattered(&task, &rows, &mut gains, &mut Job::silent())).expect("rows");
        joined.extend(gains.remove(0));
    }
    assert_eq!(whole, joined);
}

#[test]
fn what_is_scattered_is_missing_from_the_mirrored_wave() {
    let scene = plate(PLATE);
    let (from, to) = (Vec3::new(-4.0, -10.0, 6.0), Vec3::new(4.0, -10.0, 5.0));
    let mirrored = path::find(&scene, &[0], from, to).expect("a reflection");
    let power = |finish: Finish| {
        let layers: Vec<Layer> =
            scene.surfaces.iter().map(|s| Layer::of(s, FREQUENCY).finished(finish, FREQUENCY)).collect();
        gain(&mirrored, &BEAMS[0], &layers)
    };
    let smooth = power(Finish::default());
    let scattering = power(Finish { scattering: 0.6, ..Finish::default() });
    assert!((scattering / smooth - (1.0 - 0.36)).abs() < 1e-5);
    // exp(−g²) of the power, g = 4πσ cos θ/λ.
    let roughness = 0.008f64;
    let cos = f64::from((mirrored.interactions()[0].point - from).normalize().y);
    let g = 4.0 * std::f64::consts::PI * roughness * cos / FREQUENCY.wavelength();
    let rough = power(Finish { roughness: roughness as f32, ..Finish::default() });
    assert!((f64::from(rough / smooth) - (-g * g).exp()).abs() < 1e-5);
}

#[test]
fn rough_bricks_light_the_street_behind_the_corner() {
    let block = |x: f64, y: f64| Building {
        id: 0,
        footprint: polygon![(x: x, y: y), (x: x + 60.0, y: y), (x: x + 60.0, y: y + 60.0), (x: x, y: y + 60.0)],
        base: 0.0,
        top: 25.0,
        height_source: HeightSource::Model,
        wall: Material::Brick,
        roof: Material::Metal,
    };
    // Four blocks and the cross of two streets; the mast stands in the one that leads east.
    let city = City {
        name: "cross".into(),
        attribution: String::new(),
        frame: LocalFrame::new(LonLat::new(11.5, 48.1)),
        bounds: Rect::new(coord! { x: -75.0, y: -75.0 }, coord! { x: 75.0, y: 75.0 }),
        buildings: vec![block(-70.0, -70.0), block(10.0, -70.0), block(-70.0, 10.0), block(10.0, 10.0)],
        ground: Material::MediumDryGround,
        terrain: None,
        woods: Vec::new(),
    };
    let at = |x, y| city.frame.to_lonlat(DVec2::new(x, y));
    let site =
        Site { position: at(60.0, 0.0), height: 8.0, sectors: vec![Sector { azimuth: 270.0, ..Sector::default() }] };
    let trace = TraceSettings { depth: 1, diffraction: false, ..TraceSettings::default() };
    let engines = EngineSettings { trace, ..EngineSettings::default() };
    let mut scenario = Scenario { sites: vec![site], engines, ..Scenario::default() };
    let mut tracer = Tracer::cpu();
    let mut map = |scenario: &Scenario| block_on(tracer.predict(&city, scenario, &mut Job::silent())).expect("a map");
    let (smooth, corner, roof) = (map(&scenario), DVec2::new(2.0, 40.0), DVec2::new(40.0, 40.0));
    assert_eq!(smooth.at(corner), None);
    scenario.materials.set(Material::Brick, Finish { scattering: 0.4, ..Finish::default() });
    let rough = map(&scenario);
    assert!(rough.at(corner).is_some_and(|v| (-140.0..-60.0).contains(&v)), "{:?}", rough.at(corner));
    assert_eq!(rough.at(roof), None);
    let sight = DVec2::new(0.0, 0.0);
    let (before, after) = (smooth.at(sight).expect("lit"), rough.at(sight).expect("lit"));
    assert!((before - after).abs() < 1.0, "{before} {after}");
}
