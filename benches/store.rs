//! How long it takes to keep the paths to ten thousand points of central Munich, and of a street with thirty paths to each,
//! and to work out their power and its derivatives, on one thread: what every step of a calibration costs.
#![expect(missing_docs, reason = "criterion's macro writes a public function")]

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use farfield::antenna::{Pattern, Pointing, ReceiverAntenna};
use farfield::city::archive::Bytes;
use farfield::city::{City, HeightRaster};
use farfield::coverage::Grid;
use farfield::empirical::RASTER_CELL;
use farfield::engine::{Job, grid_of};
use farfield::material::Material;
use farfield::scenario::{Footing, Scenario};
use farfield::trace::calibrate::{Observed, On, Reading, Unknown, calibrate};
use farfield::trace::cpu;
use farfield::trace::field::Beam;
use farfield::trace::gpu::{Gpu, Loaded};
use farfield::trace::scene::{Scene, SceneBuilder, Surface};
use farfield::trace::store::{Evaluation, MOST_PATHS, Parameter, PathStore, SignalModel, collect};
use farfield::trace::task::{Diffraction, Sampling, Task};
use farfield::units::Hertz;
use glam::{DVec2, Vec3};
use pollster::block_on;
use std::hint::black_box;
use std::path::Path;

/// Points of a drive test.
const POINTS: usize = 10_000;

fn munich() -> City {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/cities/munich.pmtiles");
    let bytes = Bytes::from(std::fs::read(path).expect("the city that ships with the page"));
    block_on(City::open(&bytes, "munich")).expect("a city")
}

/// Twenty unknowns: three of each of four materials, five of the pattern, azimuth, downtilt, and the sector's offset.
fn unknowns() -> Vec<Parameter> {
    let materials = [Material::Concrete, Material::Brick, Material::MediumDryGround, Material::Metal];
    let of_material = [Parameter::Relative, Parameter::Conductivity, Parameter::Scattering];
    let rest = [
        Parameter::Peak,
        Parameter::Horizontal,
        Parameter::Vertical,
        Parameter::FrontToBack,
        Parameter::SideLobes,
        Parameter::Azimuth,
        Parameter::Downtilt,
        Parameter::Offset,
    ];
    materials.into_iter().flat_map(|m| of_material.map(|p| p(m))).chain(rest).collect()
}

/// Outdoor cells of the grid, evenly spread.
fn points(task: &Task<'_>) -> Vec<Vec3> {
    let cells = (0..task.grid.ny).flat_map(|iy| (0..task.grid.nx).map(move |ix| (ix, iy)));
    let all: Vec<Vec3> = cells.filter(|(ix, iy)| !task.indoors(*ix, *iy)).map(|(ix, iy)| task.centre(ix, iy)).collect();
    (0..POINTS).map(|i| all[i * all.len() / POINTS]).collect()
}

fn jacobian(store: &PathStore, model: &SignalModel, unknowns: &[Parameter], rows: &mut [f64]) -> f64 {
    let evaluation = Evaluation::new(store, model).expect("a model");
    let rows = rows.chunks_exact_mut(unknowns.len()).enumerate();
    rows.map(|(receiver, row)| evaluation.row(receiver, unknowns, row)).filter(|level| level.is_finite()).sum()
}

/// A street of slabs, 60 m long and 15 m wide, between houses 20 m high: many paths to every point.
fn street() -> Scene {
    let mut builder = SceneBuilder::new();
    let wall = |material| Surface { material, thickness: Some(0.3) };
    for (y, material) in [(0.0, Material::Concrete), (15.0, Material::Brick)] {
        for x in [-30.0, -10.0, 10.0] {
            let corners = [(x, 0.0), (x + 18.0, 0.0), (x + 18.0, 20.0), (x, 20.0)];
            builder.quad(corners.map(|(x, z)| Vec3::new(x, y, z)), wall(material));
        }
    }
    let ground = [(-100.0, -100.0), (100.0, -100.0), (100.0, 100.0), (-100.0, 100.0)];
    let surface = Surface { material: Material::MediumDryGround, thickness: None };
    builder.quad(ground.map(|(x, y)| Vec3::new(x, y, 0.0)), surface);
    builder.build()
}

fn measure(c: &mut Criterion, named: &str, task: &Task<'_>, most: usize) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let (points, unknowns) = (points(task), unknowns());
    let candidates = block_on(cpu::discover(task, &mut Job::silent())).expect("candidates");
    let trace = || block_on(collect(task, &candidates, &points, most, &mut Job::silent()));
    let store = pool.install(trace).expect("a store");
    let paths = store.trails().len();
    let met: usize = (0..paths).map(|i| store.meetings(i).len()).sum();
    println!("{named}: {POINTS} points, {paths} paths, {met} interactions, {} kB", store.bytes() / 1000);
    let model = SignalModel::of(&task.beams[0], task.beams[0].frequency, None);
    let mut rows = vec![0.0; POINTS * unknowns.len()];
    let mut group = c.benchmark_group(named);
    group.sample_size(10);
    group.throughput(Throughput::Elements(paths as u64));
    group.bench_function("tracing", |b| b.iter(|| black_box(pool.install(trace))));
    group.bench_function("power", |b| {
        let evaluation = Evaluation::new(&store, &model).expect("a model");
        b.iter(|| black_box((0..POINTS).map(|i| evaluation.power(i)).sum::<f64>()));
    });
    group.bench_function(format!("power and {} derivatives", unknowns.len()), |b| {
        b.iter(|| black_box(jacobian(&store, &model, &unknowns, &mut rows)));
    });
    group.bench_function("calibrating 20 unknowns", |b| {
        let observed = observed(&store, &model, &points);
        let fit = || block_on(calibrate(&observed, &sought(), &On::cores(), &mut Job::silent(), &mut |_| ()));
        let found = pool.install(fit).expect("a calibration");
        println!("{named}: settled in {} steps: {}", found.steps.len() - 1, found.settled);
        b.iter(|| black_box(pool.install(fit)));
    });
    on_gpu(&mut group, &store, &model, &unknowns);
    group.finish();
}

/// Twenty unknowns of a calibration: three of each of three materials, five of the sector, six devices.
fn sought() -> Vec<Unknown> {
    let materials = [Material::Concrete, Material::Brick, Material::MediumDryGround];
    let of_material = [Unknown::Permittivity, Unknown::Conductivity, Unknown::Scattering];
    let of_sector = [Unknown::Power, Unknown::Azimuth, Unknown::Downtilt, Unknown::Horizontal, Unknown::Vertical];
    let devices = (1..7).map(Unknown::Device);
    let materials = materials.into_iter().flat_map(|m| of_material.map(|u| u(m)));
    materials.chain(of_sector.map(|u| u(0))).chain(devices).collect()
}

/// Readings of a sector that is 4 dB stronger and turned by 8 degrees, by seven devices, some dB off.
fn observed<'a>(store: &'a PathStore, model: &SignalModel, points: &[Vec3]) -> Vec<Observed<'a>> {
    let truth = SignalModel { offset_db: 4.0, azimuth_deg: model.azimuth_deg + 8.0, ..*model };
    let evaluation = Evaluation::new(store, &truth).expect("a model");
    let reading = |(i, point): (usize, &Vec3)| {
        let device = i as u32 % 7;
        // As if by chance, ±5 dB.
        let noise = ((i as f64 * 0.618_034).fract() - 0.5) * 10.0;
        let level = 10.0 * evaluation.power(i).log10() + f64::from(device) + noise;
        level.is_finite().then_some(Reading { receiver: i as u32, level, device, at: point.truncate() })
    };
    let readings = points.iter().enumerate().filter_map(reading).collect();
    vec![Observed { sector: 0, store, model: *model, power: 0.0, readings }]
}

/// The same on a GPU, if there is one: a store that is loaded for each model, and one that stays.
fn on_gpu(group: &mut BenchmarkGroup<'_, WallTime>, store: &PathStore, model: &SignalModel, unknowns: &[Parameter]) {
    let gpu = match block_on(Gpu::open(true)) {
        Ok(gpu) => gpu,
        Err(error) => return eprintln!("no GPU bench: {error}"),
    };
    let name = gpu.name().replace('/', " ");
    let evaluator = block_on(gpu.evaluator()).expect("a shader");
    let rows = |loaded: &Loaded<'_>| block_on(loaded.rows(model, unknowns, &mut Job::silent())).expect("rows");
    // Criterion cuts long names at their end.
    let row = |what: &str| format!("GPU, {what}, power and {} derivatives, {name}", unknowns.len());
    group.bench_function(row("loading"), |b| {
        b.iter(|| black_box(rows(&evaluator.load(store).expect("a store"))));
    });
    let loaded = evaluator.load(store).expect("a store");
    group.bench_function(row("loaded"), |b| b.iter(|| black_box(rows(&loaded))));
}

fn stores(c: &mut Criterion) {
    let city = munich();
    let (munich, street, roofs) = (Scene::of(&city), street(), HeightRaster::of(&city, RASTER_CELL));
    let pointing = Pointing { pattern: Pattern::Tr38901, azimuth_deg: 30.0, downtilt_deg: 6.0, ..Pointing::ISOTROPIC };
    let beams = [Beam { pointing, frequency: Hertz(3.5e9), receiver: ReceiverAntenna::ISOTROPIC }];
    let task = Task {
        scene: &munich,
        roofs: Some(&roofs),
        diffraction: Diffraction::Rooftops,
        transmitter: Vec3::new(0.0, 0.0, 30.0),
        beams: &beams,
        grid: grid_of(&city, &Scenario::default()).expect("a grid"),
        height: 1.5,
        footing: Footing::Ground,
        depth: 3,
        transmission: false,
        finishes: None,
        woods: None,
        sampling: Sampling::default(),
    };
    measure(c, "Munich over rooftops", &task, MOST_PATHS);
    measure(c, "Munich over single edges", &Task { diffraction: Diffraction::Edges, ..task }, MOST_PATHS);
    let grid = Grid { origin: DVec2::new(-30.0, 1.0), cell: 0.25, nx: 240, ny: 52 };
    let transmitter = Vec3::new(-22.0, 6.0, 9.0);
    let task =
        Task { scene: &street, roofs: None, diffraction: Diffraction::Edges, transmitter, grid, depth: 8, ..task };
    measure(c, "a street, at most 30 paths a point", &task, 30);
}

criterion_group!(benches, stores);
criterion_main!(benches);
