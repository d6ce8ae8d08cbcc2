//! Stored paths on the GPU are those on the CPU: power and derivatives. Needs a Vulkan adapter, software will do; without one
//! this fails, it does not skip.

#[path = "common/settings.rs"]
mod settings;

use farfield::engine::{Cancel, EngineError, Job};
use farfield::trace::field::free_space;
use farfield::trace::gpu::Gpu;
use farfield::trace::store::{Evaluation, Parameter, PathStore};
use pollster::block_on;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use settings::settings;

/// What f32 may round of a slope, as a share of the slopes of a receiver's paths.
const ROUNDING: f64 = 1e-3;
/// Paths of which an antenna's polarisation or a wall leaves less than this share are of rounding in f32.
const LEAST: f64 = 1e-4;

#[test]
fn power_and_derivatives_are_those_of_the_cpu() {
    let gpu = block_on(Gpu::open(true)).expect("a Vulkan adapter that answers the probe");
    let evaluator = block_on(gpu.evaluator()).expect("a shader");
    let parameters: Vec<Parameter> = Parameter::all().collect();
    let mut runner = TestRunner::deterministic();
    let (mut checked, mut sloping) = (0, 0);
    for _ in 0..100 {
        let setting = settings().new_tree(&mut runner).expect("a setting").current();
        let scene = setting.scene();
        let paths = setting.paths(&scene);
        // All of them, each alone, and nothing.
        let mut store = PathStore::new(setting.frequency, &scene.surfaces);
        store.push(paths.iter().map(|p| (p, 0.5)));
        for path in &paths {
            store.push([(path, 0.5)]);
        }
        store.push([]);
        let model = setting.model_between();
        let evaluation = Evaluation::new(&store, &model).expect("a model");
        let loaded = evaluator.load(&store).expect("a store");
        let rows = block_on(loaded.rows(&model, &parameters, &mut Job::silent())).expect("rows");
        assert_eq!((rows.powers.len(), rows.slopes.len()), (paths.len() + 2, (paths.len() + 2) * parameters.len()));
        for (receiver, (power, slopes)) in
            rows.powers.iter().zip(rows.slopes.chunks_exact(parameters.len())).enumerate()
        {
            let (theirs, gradient) = evaluation.gradient(receiver);
            let peak = 10f64.powf(0.1 * model.element.peak_dbi);
            let whole =
                |trail: usize| 0.5 * peak * f64::from(free_space(store.trails()[trail].length, setting.frequency));
            let whole: f64 = store.of_receiver(receiver).map(whole).sum();
            assert!((f64::from(*power) - theirs).abs() <= 1e-3 * theirs + 1e-5 * whole, "{power} {theirs} of {whole}");
            if theirs < LEAST * whole {
                continue;
            }
            checked += 1;
            for (parameter, ours) in parameters.iter().zip(slopes) {
                let parts = store.of_receiver(receiver).map(|i| {
                    let (own, gradient) = evaluation.path_gradient(i);
                    own / theirs * gradient.by(*parameter).abs()
                });
                let (ours, expected, parts) = (f64::from(*ours), gradient.by(*parameter), parts.sum::<f64>());
                assert!(
                    (ours - expected).abs() <= ROUNDING * parts + 1e-5,
                    "{parameter:?} of receiver {receiver}: {ours} {expected} of {parts} in {setting:?}"
                );
                sloping += usize::from(expected.abs() > 1e-3);
            }
        }
    }
    assert!(checked > 200 && sloping > 2000, "{checked} {sloping}");
    let store = PathStore::new(farfield::units::Hertz(1e9), &[]);
    let setting = settings().new_tree(&mut runner).expect("a setting").current();
    let loaded = evaluator.load(&store).expect("a store");
    let rows = block_on(loaded.rows(&setting.model(), &[], &mut Job::silent())).expect("rows");
    assert!(rows.powers.is_empty() && rows.slopes.is_empty());
}

#[test]
fn a_store_is_loaded_once_for_many_models_and_anew_when_it_has_changed() {
    let gpu = block_on(Gpu::open(true)).expect("a Vulkan adapter that answers the probe");
    let evaluator = block_on(gpu.evaluator()).expect("a shader");
    let mut runner = TestRunner::deterministic();
    let mut draw = || settings().new_tree(&mut runner).expect("a setting").current();
    let setting = (0..100).map(|_| draw()).find(|s| s.paths(&s.scene()).len() > 2).expect("several paths");
    let scene = setting.scene();
    let paths = setting.paths(&scene);
    let mut store = PathStore::new(setting.frequency, &scene.surfaces);
    store.push(paths.iter().map(|p| (p, 1.0)));
    let all: Vec<Parameter> = Parameter::all().collect();
    let mut louder = setting.model_between();
    louder.offset_db += 10.0;
    let models = [(setting.model_between(), &all[..]), (louder, &all[3..7]), (setting.model_between(), &[])];
    let fresh = |store: &PathStore| {
        models.map(|(model, parameters)| {
            let loaded = evaluator.load(store).expect("a store");
            block_on(loaded.rows(&model, parameters, &mut Job::silent())).expect("rows")
        })
    };
    let once = |store: &PathStore| {
        let loaded = evaluator.load(store).expect("a store");
        models.map(|(model, parameters)| block_on(loaded.rows(&model, parameters, &mut Job::silent())).expect("rows"))
    };
    let before = once(&store);
    assert_eq!(before, fresh(&store));
    let ratio = before[1].powers[0] / before[0].powers[0];
    assert!((ratio - 10.0).abs() < 1e-3, "{ratio} for 10 dB");
    store.push([(&paths[0], 1.0)]);
    let after = once(&store);
    assert_eq!((before[0].powers.len(), after[0].powers.len()), (1, 2));
    assert_eq!(before[0].powers[0], after[0].powers[0]);
    assert!(after[0].powers[1] < after[0].powers[0]);
}

#[test]
fn a_cancelled_job_ends_with_that_error() {
    let gpu = block_on(Gpu::open(true)).expect("a Vulkan adapter that answers the probe");
    let evaluator = block_on(gpu.evaluator()).expect("a shader");
    let mut store = PathStore::new(farfield::units::Hertz(1e9), &[]);
    store.push([]);
    let setting = settings().new_tree(&mut TestRunner::deterministic()).expect("a setting").current();
    let loaded = evaluator.load(&store).expect("a store");
    let cancel = Cancel::default();
    cancel.cancel();
    let mut job = Job { cancel, ..Job::silent() };
    assert_eq!(block_on(loaded.rows(&setting.model(), &[], &mut job)), Err(EngineError::Cancelled));
}
