//! How long a traced map of central Munich takes: cells of 5 m, three reflections, diffraction, one sector, as the page
//! asks for it by default. Each run moves the mast by a centimetre, so that nothing of the last is remembered; "turned"
//! only turns the sector.
#![expect(missing_docs, reason = "criterion's macro writes a public function")]

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use farfield::antenna::{Pointing, ReceiverAntenna};
use farfield::city::City;
use farfield::city::archive::Bytes;
use farfield::engine::{Engine, Job, grid_of};
use farfield::scenario::{Footing, Scenario};
use farfield::trace::discover::{Aim, Candidates, Search, Trail, shoot};
use farfield::trace::field::Beam;
use farfield::trace::gpu::Gpu;
use farfield::trace::scene::Scene;
use farfield::trace::task::{Diffraction, Sampling, Task};
use farfield::trace::{Tracer, cpu};
use farfield::units::Hertz;
use glam::Vec3;
use pollster::block_on;
use std::hint::black_box;
use std::path::Path;

fn munich() -> City {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/cities/munich.pmtiles");
    let bytes = Bytes::from(std::fs::read(path).expect("the city that ships with the page"));
    block_on(City::open(&bytes, "munich")).expect("a city")
}

/// On so many threads.
fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads")
}

fn maps(c: &mut Criterion) {
    let city = munich();
    let mut group = c.benchmark_group("traced map of Munich");
    group.sample_size(10);
    let mut scenario = Scenario::default();
    let mut predict = |tracer: &mut Tracer, move_by: f64, turn_by: f64| {
        scenario.sites[0].height += move_by;
        scenario.sites[0].sectors[0].azimuth = (scenario.sites[0].sectors[0].azimuth + turn_by) % 360.0;
        black_box(block_on(tracer.predict(&city, &scenario, &mut Job::silent())).expect("a map"));
    };
    for (threads, named) in [(1, "1 thread"), (2, "2 threads")] {
        let pool = pool(threads);
        let mut tracer = Tracer::cpu();
        let mut map = |move_by, turn_by| pool.install(|| predict(&mut tracer, move_by, turn_by));
        group.bench_function(format!("CPU, {named}"), |b| b.iter(|| map(0.01, 0.0)));
        group.bench_function(format!("CPU, {named}, turned"), |b| b.iter(|| map(0.0, 1.0)));
    }
    let pool = pool(1);
    let (mut tracer, mut dragged) = (Tracer::cpu(), Scenario::default());
    let mut draft = || {
        dragged.sites[0].height += 0.01;
        black_box(block_on(tracer.draft(&city, &dragged, &mut Job::silent())).expect("a draft"));
    };
    group.bench_function("CPU, 1 thread, draft", |b| b.iter(|| pool.install(&mut draft)));
    match block_on(Tracer::gpu(true)) {
        Ok(mut tracer) => {
            let name = tracer.adapter().unwrap_or_default().replace('/', " ");
            group.bench_function(format!("GPU, {name}"), |b| b.iter(|| predict(&mut tracer, 0.01, 0.0)));
            group.bench_function(format!("GPU, {name}, turned"), |b| b.iter(|| predict(&mut tracer, 0.0, 1.0)));
        }
        Err(error) => eprintln!("no GPU bench: {error}"),
    }
    group.finish();
}

fn rays(c: &mut Criterion) {
    let city = munich();
    let scenario = Scenario::default();
    let scene = Scene::of(&city);
    let beam = Beam { pointing: Pointing::ISOTROPIC, frequency: Hertz(3.5e9), receiver: ReceiverAntenna::ISOTROPIC };
    let task = Task {
        scene: &scene,
        roofs: None,
        diffraction: Diffraction::None,
        transmitter: Vec3::new(0.0, 0.0, 30.0),
        beams: &[beam],
        grid: grid_of(&city, &scenario).expect("a grid"),
        height: 1.5,
        footing: Footing::Ground,
        depth: 3,
        transmission: false,
        finishes: None,
        woods: None,
        sampling: Sampling::default(),
    };
    let mut group = c.benchmark_group("tracer's parts");
    group.sample_size(10);
    group.bench_function("scene and hierarchy of Munich", |b| b.iter(|| black_box(Scene::of(&city))));
    let aim = Aim::new(task.transmitter, task.level(), &task.grid, task.sampling.rays);
    let net = task.net();
    group.throughput(Throughput::Elements(u64::from(aim.rays)));
    group.bench_function(format!("{} rays of three reflections, 1 thread", aim.rays), |b| {
        b.iter(|| {
            let (mut told, mut trail) = (0u32, Trail::default());
            for i in 0..aim.rays {
                shoot(&task, &net, aim.direction(i), &mut trail, |_, _| told += 1);
            }
            told
        });
    });
    let pool = pool(1);
    let candidates = block_on(cpu::discover(&task, &mut Job::silent())).expect("candidates");
    let gather = || block_on(cpu::gather(&task, &candidates, 0..task.grid.ny, &mut Job::silent()));
    group.throughput(Throughput::Elements(task.grid.len() as u64));
    group.bench_function("receivers collecting paths, 1 thread", |b| b.iter(|| black_box(pool.install(gather))));
    rays_on_gpu(&mut group, &task, &candidates);
    group.throughput(Throughput::Elements(task.grid.len() as u64));
    let over = Task { diffraction: Diffraction::Edges, ..task };
    let whole = || {
        let candidates = block_on(cpu::discover(&over, &mut Job::silent())).expect("candidates");
        block_on(cpu::gather(&over, &candidates, 0..over.grid.ny, &mut Job::silent()))
    };
    // The edges are the scene's, found once.
    let edges = scene.edges().all.len();
    group.bench_function(format!("the whole map with three reflections and {edges} edges, 1 thread"), |b| {
        b.iter(|| black_box(pool.install(whole)));
    });
    group.finish();
}

/// The same two on a GPU, if there is one, with its submissions and answers.
fn rays_on_gpu(group: &mut BenchmarkGroup<'_, WallTime>, task: &Task<'_>, candidates: &Candidates) {
    let gpu = match block_on(Gpu::open(true)) {
        Ok(gpu) => gpu,
        Err(error) => return eprintln!("no GPU bench: {error}"),
    };
    let (name, rays) = (gpu.name().replace('/', " "), task.rays());
    let cast = || block_on(gpu.cast(task, &mut Search::default(), &mut Job::silent()));
    group.throughput(Throughput::Elements(u64::from(rays)));
    group.bench_function(format!("{rays} rays of three reflections, GPU, {name}"), |b| b.iter(|| black_box(cast())));
    let gather = || block_on(gpu.gather(task, candidates, 0..task.grid.ny, &mut Job::silent()));
    group.throughput(Throughput::Elements(task.grid.len() as u64));
    group.bench_function(format!("receivers collecting paths, GPU, {name}"), |b| b.iter(|| black_box(gather())));
}

criterion_group!(benches, maps, rays);
criterion_main!(benches);
