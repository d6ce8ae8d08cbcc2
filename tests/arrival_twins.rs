//! How paths arrive is the same on both backends: in central Munich, in a street canyon, on hills, and with several receivers
//! a cell. Needs a Vulkan adapter, software will do; without one these tests fail, they do not skip.

use farfield::antenna::{Pattern, Pointing, Polarisation, ReceiverAntenna};
use farfield::city::archive::Bytes;
use farfield::city::{Building, City, HeightRaster, HeightSource, Terrain};
use farfield::coverage::{CoverageMap, Grid, Quantity};
use farfield::engine::Job;
use farfield::geodesy::{LocalFrame, LonLat};
use farfield::material::Material;
use farfield::scenario::{BuildingEntry, Footing, Scenario, Sector, Site};
use farfield::trace::field::Beam;
use farfield::trace::gpu::Gpu;
use farfield::trace::scene::Scene;
use farfield::trace::spread::{Moments, Sum};
use farfield::trace::task::{Diffraction, Sampling, Task};
use farfield::trace::{Backend, Tracer, cpu};
use farfield::units::Hertz;
use geo::{Rect, coord};
use glam::{DVec2, Vec3};
use pollster::block_on;
use std::path::Path;

/// Cells where a path grazes an edge may have it on one backend and not on the other: at most this share.
const GRAZING: f64 = 0.01;
/// All others agree to this, dB.
const TOLERANCE_DB: f32 = 0.02;
/// And to this, ns or degrees, or this share of a spread.
const TOLERANCE: f32 = 0.1;
const SHARE: f32 = 0.01;

fn gpu() -> Gpu {
    block_on(Gpu::open(true)).expect("a Vulkan adapter that answers the probe; install mesa-vulkan-drivers")
}

/// Whether spreads and angles are the same. Where directions cancel, their mean has none.
fn agree(a: [f32; 4], b: [f32; 4]) -> bool {
    let [delay, azimuth, spread, elevation] = std::array::from_fn(|i| (a[i] - b[i]).abs());
    let turn = azimuth.min(360.0 - azimuth);
    let resultant = (-0.5 * a[2].to_radians().powi(2)).exp();
    delay <= TOLERANCE.max(SHARE * a[0])
        && turn * resultant <= TOLERANCE
        && spread <= TOLERANCE.max(SHARE * a[2])
        && elevation <= TOLERANCE
}

fn assert_few(wrong: &[String], all: usize) {
    let told = &wrong[..wrong.len().min(8)];
    assert!(wrong.len() as f64 <= GRAZING * all as f64, "{} of {all} cells differ: {told:#?}", wrong.len());
}

/// Asserts that the GPU keeps the same as the CPU; how many cells have several paths.
fn assert_twins(gpu: &Gpu, task: &Task<'_>) -> usize {
    let (mut job, rows) = (Job::silent(), 0..task.grid.ny);
    let candidates = block_on(cpu::discover(task, &mut job)).expect("candidates");
    let mut right = vec![Vec::<Moments>::new(); task.beams.len()];
    let mut given = right.clone();
    block_on(cpu::collect(task, &candidates, &rows, &mut right, &mut job)).expect("cells");
    block_on(gpu.collect(task, &candidates, &rows, &mut given, &mut job)).expect("cells");
    let powers = block_on(gpu.gather(task, &candidates, rows, &mut job)).expect("a map");
    let (mut spread, mut wrong) = (0, Vec::new());
    for ((right, given), powers) in right.iter().zip(&given).zip(&powers) {
        assert_eq!((right.len(), given.len()), (task.grid.len(), task.grid.len()));
        for (cell, ((right, given), power)) in right.iter().zip(given).zip(powers).enumerate() {
            assert_eq!(power.is_nan(), given.power().is_nan());
            assert!(power.is_nan() || (power - given.power()).abs() <= 1e-6 * power, "{power} without, {given:?}");
            let db = 10.0 * (given.power() / right.power()).log10();
            let told = |m: &Moments| Quantity::ARRIVAL.map(|q| m.get(q).unwrap_or(f32::NAN));
            let (a, b) = (told(right), told(given));
            let nothing = a[0].is_nan() && b[0].is_nan() && right.power().is_nan() == given.power().is_nan();
            let same = nothing || db.abs() <= TOLERANCE_DB && agree(a, b);
            if !same {
                wrong.push(format!("{cell}: {db} dB, {a:?} {b:?}"));
            }
            spread += usize::from(a[0] > 1.0 && a[2] > 1.0);
        }
    }
    assert_few(&wrong, task.grid.len() * task.beams.len());
    spread
}

fn beam(azimuth_deg: f32, mhz: f64) -> Beam {
    let pointing = Pointing { pattern: Pattern::Tr38901, azimuth_deg, downtilt_deg: 6.0, ..Pointing::ISOTROPIC };
    Beam { pointing, frequency: Hertz::from_mhz(mhz), receiver: ReceiverAntenna::ISOTROPIC }
}

fn task<'a>(scene: &'a Scene, roofs: &'a HeightRaster, beams: &'a [Beam], grid: Grid) -> Task<'a> {
    Task {
        scene,
        roofs: Some(roofs),
        diffraction: Diffraction::Rooftops,
        transmitter: Vec3::new(0.0, 0.0, 30.0),
        beams,
        grid,
        height: 1.5,
        footing: Footing::Ground,
        depth: 3,
        transmission: false,
        finishes: None,
        woods: None,
        sampling: Sampling { rays: 1 << 14, samples: 1 },
    }
}

#[test]
fn in_munich_cells_keep_the_same() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/cities/munich.pmtiles");
    let bytes = Bytes::from(std::fs::read(path).expect("the city that ships with the page"));
    let city = block_on(City::open(&bytes, "munich")).expect("a city");
    let (scene, roofs) = (Scene::of(&city), HeightRaster::of(&city, 2.0));
    let grid = Grid::covering(city.bounds, 25.0).expect("a grid");
    // More than one submission takes, of two carriers.
    let beams: Vec<Beam> = (0..5u8).map(|i| beam(72.0 * f32::from(i), if i < 3 { 3500.0 } else { 800.0 })).collect();
    let spread = assert_twins(&gpu(), &task(&scene, &roofs, &beams, grid));
    assert!(spread > 250, "{spread} cells with several paths");
}

fn block([x, y]: [f64; 2], [w, d]: [f64; 2], top: f32) -> Building {
    let footprint = Rect::new(coord! { x: x, y: y }, coord! { x: x + w, y: y + d }).to_polygon();
    let (wall, roof) = (Material::Brick, Material::Metal);
    Building { id: 0, footprint, base: 0.0, top, height_source: HeightSource::Model, wall, roof }
}

/// Two streets that cross.
fn canyon() -> City {
    let corners = [([-70.0, -65.0], 18.0), ([-70.0, 12.0], 22.0), ([15.0, -65.0], 25.0), ([15.0, 12.0], 15.0)];
    City {
        name: "streets".into(),
        attribution: String::new(),
        frame: LocalFrame::new(LonLat::new(11.5, 48.1)),
        bounds: Rect::new(coord! { x: -78.0, y: -78.0 }, coord! { x: 78.0, y: 78.0 }),
        buildings: corners.map(|(at, top)| block(at, [52.0, 50.0], top)).to_vec(),
        ground: Material::MediumDryGround,
        terrain: None,
        woods: Vec::new(),
    }
}

#[test]
fn in_a_street_canyon_cells_keep_the_same_over_five_reflections() {
    let city = canyon();
    let (scene, roofs) = (Scene::of(&city), HeightRaster::of(&city, 2.0));
    let receiver = ReceiverAntenna { polarisation: Some(Polarisation::SlantRight), ..ReceiverAntenna::ISOTROPIC };
    let slanted = Beam { receiver, ..beam(30.0, 3500.0) };
    let beams = [slanted, beam(30.0, 28_000.0)];
    let grid = Grid::covering(city.bounds, 3.0).expect("a grid");
    // Off the lattice of the cells, whose centres would lie on shadow boundaries in rows.
    let transmitter = Vec3::new(1.31, -2.17, 8.0);
    for diffraction in [Diffraction::None, Diffraction::Rooftops] {
        let task = Task { transmitter, depth: 5, diffraction, ..task(&scene, &roofs, &beams, grid) };
        let spread = assert_twins(&gpu(), &task);
        assert!(spread > 500, "{spread} cells with several paths");
    }
}

#[test]
fn on_hills_and_with_several_receivers_a_cell_they_keep_the_same() {
    let mut city = canyon();
    let ground = |p: DVec2| 9.0 * ((p.x / 40.0).sin() + (p.y / 60.0).cos());
    let terrain = Terrain::new(city.bounds, 5.0, ground).expect("a terrain");
    terrain.lift(&mut city.buildings);
    city.terrain = Some(terrain.into());
    let (scene, roofs) = (Scene::of(&city), HeightRaster::of(&city, 2.0));
    let beams = [beam(200.0, 3500.0)];
    let gpu = gpu();
    let grid = Grid::covering(city.bounds, 4.0).expect("a grid");
    let spread = assert_twins(&gpu, &task(&scene, &roofs, &beams, grid));
    assert!(spread > 200, "{spread} cells with several paths");

    // What several receivers keep is what the single ones of a finer grid do.
    let half = Grid { origin: grid.origin, cell: 12.0, nx: 12, ny: 12 };
    let several = Task { sampling: Sampling { rays: 1 << 14, samples: 5 }, ..task(&scene, &roofs, &beams, half) };
    let mut job = Job::silent();
    let candidates = block_on(cpu::discover(&several, &mut job)).expect("candidates");
    let mut cells = vec![Vec::<Moments>::new()];
    block_on(gpu.collect(&several, &candidates, &(0..12), &mut cells, &mut job)).expect("cells");
    let plain = block_on(gpu.gather(&several, &candidates, 0..12, &mut job)).expect("a map");
    let mut spread = 0;
    for (cell, power) in cells[0].iter().zip(&plain[0]) {
        assert_eq!(cell.power().is_nan(), power.is_nan());
        assert!(power.is_nan() || (cell.power() - power).abs() <= 1e-5 * power);
        spread += usize::from(cell.delay_spread().is_some_and(|ns| ns > 1.0));
    }
    assert!(spread > 30, "{spread} cells with several paths");
}

#[test]
fn the_tracer_tells_the_same_on_both() {
    let city = canyon();
    let site = |x: f64, y: f64, height| Site {
        position: city.frame.to_lonlat(DVec2::new(x, y)),
        height,
        sectors: [0.0, 120.0, 240.0].map(|azimuth| Sector { azimuth, ..Sector::default() }).to_vec(),
    };
    let mut scenario = Scenario { sites: vec![site(0.0, 1.0, 8.0), site(-3.0, 65.0, 30.0)], ..Scenario::default() };
    scenario.receivers.indoors = Some(BuildingEntry::default());
    let mut on_gpu = block_on(Tracer::gpu(true)).expect("a Vulkan adapter that answers the probe");
    let told = |tracer: &mut Tracer| {
        block_on(tracer.predict_arrival(&city, &scenario, 0..u32::MAX, &mut Job::silent())).expect("maps")
    };
    let (right, given) = (told(&mut Tracer::cpu()), told(&mut on_gpu));
    assert_eq!(on_gpu.backend(), Backend::Gpu);
    let values = |maps: &[CoverageMap], cell: usize| [1, 2, 3, 4].map(|i| maps[i].values[cell]);
    let (mut compared, mut wrong) = (0, Vec::new());
    for cell in 0..right[0].values.len() {
        assert!(right.iter().zip(&given).all(|(a, b)| a.quantity == b.quantity && a.gap(cell) == b.gap(cell)));
        let (a, b) = (values(&right, cell), values(&given, cell));
        if a[0].is_nan() && b[0].is_nan() {
            continue;
        }
        compared += 1;
        let same = (right[0].values[cell] - given[0].values[cell]).abs() <= TOLERANCE_DB && agree(a, b);
        if !same {
            wrong.push(format!("{cell}: {a:?} {b:?}"));
        }
    }
    assert!(compared > 400, "{compared} cells");
    assert_few(&wrong, compared);
}
