//! Laws of stored paths: their power is that of the paths they were made of, and their derivatives are those of central
//! differences, whatever the scene, the materials and the antennas.

#[path = "common/settings.rs"]
mod settings;

use farfield::antenna::{Pattern, Pointing, ReceiverAntenna};
use farfield::material::Material;
use farfield::trace::field::{Beam, free_space, gain};
use farfield::trace::path::{Candidate, Hints, Kind, Path, through};
use farfield::trace::scene::{SceneBuilder, Surface};
use farfield::trace::store::{Evaluation, ModelError, Parameter, PathStore, SignalModel};
use farfield::units::Hertz;
use glam::Vec3;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use settings::{parameters, settings};

/// Derivative of 10 lg of `power` by a parameter from central differences, and what rounding leaves uncertain of it.
fn central(model: &SignalModel, parameter: Parameter, power: impl Fn(&SignalModel) -> f64) -> (f64, f64) {
    let value = model.value(parameter);
    let step = match parameter {
        Parameter::Conductivity(_) | Parameter::Roughness(_) => 1e-6 * value,
        _ => 1e-5,
    };
    let at = |by: f64| {
        let mut model = *model;
        *model.value_mut(parameter) += by;
        power(&model)
    };
    let (up, down) = (at(step), at(-step));
    (10.0 * (up / down).log10() / (2.0 * step), 1e-13 / step)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn stored_paths_bring_what_they_brought_before(setting in settings()) {
        let scene = setting.scene();
        let paths = setting.paths(&scene);
        let (store, layers, model) = (setting.store(&scene, &paths), setting.layers(&scene), setting.model());
        let evaluation = Evaluation::new(&store, &model).expect("a model");
        prop_assert_eq!((store.receivers(), store.trails().len(), store.left_out()), (1, paths.len(), 0));
        for (i, path) in paths.iter().enumerate() {
            let (ours, theirs) = (evaluation.path(i), f64::from(gain(path, &setting.beam, &layers)));
            let peak = 10f64.powf(0.1 * model.element.peak_dbi);
            let whole = peak * f64::from(free_space(path.length(), setting.frequency));
            prop_assert!((ours - theirs).abs() < 1e-4 * theirs + 2e-6 * whole, "{} {} of {} {:?}", ours, theirs, whole, path);
            let (same, _) = evaluation.path_gradient(i);
            prop_assert!((same - ours).abs() <= 1e-12 * ours);
        }
        let sum: f64 = (0..store.trails().len()).map(|i| evaluation.path(i)).sum();
        prop_assert_eq!(evaluation.power(0), sum);
    }

    #[test]
    fn derivatives_are_those_of_central_differences(setting in settings()) {
        let scene = setting.scene();
        let paths = setting.paths(&scene);
        let store = setting.store(&scene, &paths);
        let model = setting.model_between();
        let evaluation = Evaluation::new(&store, &model).expect("a model");
        let powers = |model: &SignalModel| Evaluation::new(&store, model).expect("a model").power(0);
        let (power, gradient) = evaluation.gradient(0);
        let parameters = parameters(&setting);
        let mut row = vec![f64::NAN; parameters.len()];
        let level = evaluation.row(0, &parameters, &mut row);
        // No path, or one over an edge on whose line an end lies.
        if power == 0.0 {
            prop_assert!(level == f64::NEG_INFINITY && row.iter().all(|v| *v == 0.0));
            return Ok(());
        }
        prop_assert!((level - 10.0 * power.log10()).abs() < 1e-12);
        for (parameter, ours) in parameters.iter().zip(&row) {
            prop_assert_eq!(*ours, gradient.by(*parameter));
            let (theirs, rounding) = central(&model, *parameter, powers);
            prop_assert!((ours - theirs).abs() < 1e-3 * theirs.abs() + rounding, "{:?}: {} {}", parameter, ours, theirs);
        }
        // Each path, weak ones apart, whose decibels are of rounding.
        for (i, path) in paths.iter().enumerate() {
            let (own, gradient) = evaluation.path_gradient(i);
            let whole = f64::from(free_space(path.length(), setting.frequency));
            if own < 1e-9 * whole {
                continue;
            }
            for parameter in &parameters {
                let one = |model: &SignalModel| Evaluation::new(&store, model).expect("a model").path(i);
                let ((theirs, rounding), ours) = (central(&model, *parameter, one), gradient.by(*parameter));
                let rounding = rounding * (1.0 + 1e-3 * whole / own);
                prop_assert!((ours - theirs).abs() < 1e-3 * theirs.abs() + rounding, "{:?} of {:?}: {} {}", parameter, path, ours, theirs);
            }
        }
    }
}

#[test]
fn all_that_paths_meet_is_met_in_these_tests() {
    let mut counted = [0usize; 3];
    let mut runner = TestRunner::deterministic();
    for _ in 0..100 {
        let setting = settings().new_tree(&mut runner).expect("a setting").current();
        for path in setting.paths(&setting.scene()) {
            path.interactions().iter().for_each(|m| counted[m.kind as usize] += 1);
        }
    }
    let [reflections, transmissions, diffractions] =
        [Kind::Reflection, Kind::Transmission, Kind::Diffraction].map(|k| counted[k as usize]);
    assert!(reflections > 400 && transmissions > 100 && diffractions > 400, "{counted:?}");
}

#[test]
fn behind_an_antenna_nothing_but_its_front_to_back_ratio_tells() {
    let (from, to) = (Vec3::new(0.0, 0.0, 10.0), Vec3::new(0.0, -100.0, 10.0));
    let mut store = PathStore::new(Hertz(2e9), &[]);
    store.push([(&Path::direct(from, to), 0.25)]);
    let pointing = Pointing { pattern: Pattern::Tr38901, ..Pointing::ISOTROPIC };
    let beam = Beam { pointing, frequency: Hertz(2e9), receiver: ReceiverAntenna::ISOTROPIC };
    let mut model = SignalModel::of(&beam, beam.frequency, None);
    model.azimuth_deg = 10.0;
    (model.offset_db, model.receiver_offset_db) = (2.0, -0.5);
    let (power, gradient) = Evaluation::new(&store, &model).expect("a model").gradient(0);
    let expected = f64::from(gain(&Path::direct(from, to), &beam, &[])) * 0.25 * 10f64.powf(0.15);
    assert!((power / expected - 1.0).abs() < 1e-5);
    for parameter in Parameter::all() {
        let expected = match parameter {
            Parameter::Peak | Parameter::Offset | Parameter::ReceiverOffset => 1.0,
            Parameter::FrontToBack => -1.0,
            _ => 0.0,
        };
        assert!((gradient.by(parameter) - expected).abs() < 1e-12, "{parameter:?}");
    }
}

#[test]
fn what_is_left_behind_metres_of_metal_has_no_slope() {
    // 10 cm of a conductor at 1 GHz leave some −2000 to −4000 dB: near the least of all numbers, and below it.
    let surface = Surface { material: Material::Metal, thickness: Some(0.1) };
    let mut builder = SceneBuilder::new();
    let corners = [(-50.0, 0.0), (50.0, 0.0), (50.0, 100.0), (-50.0, 100.0)];
    builder.quad(corners.map(|(x, z)| Vec3::new(x, 10.0, z)), surface);
    let scene = builder.build();
    let (from, to) = (Vec3::new(0.0, 0.0, 10.0), Vec3::new(3.0, 20.0, 10.0));
    let candidate = Candidate::of(&scene, &[], from, 2).expect("the way through the sheet");
    let path = through(&scene, &candidate, to, &mut Hints::default()).expect("a path");
    let beam = Beam { pointing: Pointing::ISOTROPIC, frequency: Hertz(1e9), receiver: ReceiverAntenna::ISOTROPIC };
    let mut store = PathStore::new(beam.frequency, &scene.surfaces);
    store.push([(&path, 1.0)]);
    let mut model = SignalModel::of(&beam, beam.frequency, None);
    let mut weak = 0;
    for step in 0..400 {
        *model.value_mut(Parameter::Conductivity(Material::Metal)) = 10.0 * 1.02f64.powi(step);
        let (power, gradient) = Evaluation::new(&store, &model).expect("a model").gradient(0);
        let slopes: Vec<f64> = Parameter::all().map(|p| gradient.by(p)).collect();
        assert!(slopes.iter().all(|s| s.is_finite()), "{power}");
        assert!(power > 0.0 || slopes.iter().all(|s| *s == 0.0), "{power}");
        weak += usize::from(power == 0.0);
    }
    assert!((20..380).contains(&weak), "{weak} of 400 too weak to be heard");
}

#[test]
fn a_model_that_cannot_be_is_refused_by_name() {
    let store = PathStore::new(Hertz(2e9), &[]);
    let beam = Beam { pointing: Pointing::ISOTROPIC, frequency: Hertz(2e9), receiver: ReceiverAntenna::ISOTROPIC };
    let model = SignalModel::of(&beam, beam.frequency, None);
    assert!(Evaluation::new(&store, &model).is_ok());
    for parameter in Parameter::all() {
        for value in [f64::NAN, f64::NEG_INFINITY] {
            let mut model = model;
            *model.value_mut(parameter) = value;
            let refused = Evaluation::new(&store, &model).err();
            assert!(matches!(refused, Some(ModelError::OutOfRange { parameter: p, .. }) if p == parameter));
        }
    }
}
