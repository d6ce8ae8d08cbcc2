//! Laws of points whose paths are kept: a point gets what a cell with a receiver there gets, and what is asked of too many or
//! of nowhere is refused.

use farfield::antenna::{Pattern, Pointing, ReceiverAntenna};
use farfield::city::{Building, Canopy, City, HeightRaster, HeightSource, Wood};
use farfield::coverage::Grid;
use farfield::empirical::RASTER_CELL;
use farfield::engine::{Cancel, EngineError, Job};
use farfield::geodesy::{LocalFrame, LonLat};
use farfield::material::{Finish, Finishes, Material};
use farfield::scenario::Footing;
use farfield::trace::cpu;
use farfield::trace::discover::Candidates;
use farfield::trace::field::Beam;
use farfield::trace::scene::Scene;
use farfield::trace::store::{Evaluation, MOST_POINTS, SignalModel, StoreError, collect};
use farfield::trace::task::{Diffraction, Sampling, Task};
use farfield::units::Hertz;
use geo::{Rect, coord, polygon};
use glam::Vec3;
use pollster::block_on;

const FREQUENCY: Hertz = Hertz(2.6e9);

fn city() -> City {
    let block = |x: f64, y: f64, side: f64, top: f32, wall: Material| Building {
        id: 0,
        footprint: polygon![(x: x, y: y), (x: x + side, y: y), (x: x + side, y: y + side), (x: x, y: y + side)],
        base: 0.0,
        top,
        height_source: HeightSource::Model,
        wall,
        roof: Material::Metal,
    };
    City {
        name: "blocks".into(),
        attribution: String::new(),
        frame: LocalFrame::new(LonLat::new(11.5, 48.1)),
        bounds: Rect::new(coord! { x: -100.0, y: -80.0 }, coord! { x: 100.0, y: 80.0 }),
        buildings: vec![
            block(-60.0, -30.0, 25.0, 20.0, Material::Brick),
            block(10.0, 15.0, 30.0, 35.0, Material::Concrete),
            block(20.0, -50.0, 20.0, 15.0, Material::Glass),
        ],
        ground: Material::MediumDryGround,
        terrain: None,
        woods: vec![Wood {
            outline: polygon![(x: -95.0, y: 10.0), (x: 0.0, y: 10.0), (x: -10.0, y: 60.0), (x: -95.0, y: 75.0)],
            height: 12.0,
        }],
    }
}

/// `work` with a task over that city that diffracts so.
fn with_task<R>(diffraction: Diffraction, finishes: Option<&Finishes>, work: impl FnOnce(&Task<'_>) -> R) -> R {
    let city = city();
    let (scene, roofs) = (Scene::of(&city), HeightRaster::of(&city, RASTER_CELL));
    let woods = Canopy::of(&city, &roofs);
    let pointing = Pointing { pattern: Pattern::Tr38901, azimuth_deg: 40.0, downtilt_deg: 6.0, ..Pointing::ISOTROPIC };
    work(&Task {
        scene: &scene,
        roofs: Some(&roofs),
        diffraction,
        transmitter: Vec3::new(-20.0, 0.0, 25.0),
        beams: &[Beam { pointing, frequency: FREQUENCY, receiver: ReceiverAntenna::ISOTROPIC }],
        grid: Grid::covering(city.bounds, 5.0).expect("a grid"),
        height: 1.5,
        footing: Footing::Ground,
        depth: 3,
        transmission: false,
        finishes,
        woods: woods.as_ref(),
        sampling: Sampling { rays: 1 << 14, samples: 1 },
    })
}

fn centres(task: &Task<'_>) -> Vec<Vec3> {
    let cells = (0..task.grid.ny).flat_map(|iy| (0..task.grid.nx).map(move |ix| (ix, iy)));
    cells.map(|(ix, iy)| task.centre(ix, iy)).collect()
}

#[test]
fn a_point_gets_what_a_cell_with_one_receiver_gets() {
    // Rough, but nothing is scattered: that part of a map is not made of paths.
    let rough = Finishes::all(Finish { roughness: 4e-3, ..Finish::default() });
    // Maps leave out edges that add less than a thousandth each.
    for (diffraction, tolerance) in
        [(Diffraction::None, 1e-4), (Diffraction::Rooftops, 1e-4), (Diffraction::Edges, 0.01)]
    {
        with_task(diffraction, Some(&rough), |task| {
            let job = &mut Job::silent();
            let candidates = block_on(cpu::discover(task, job)).expect("candidates");
            let map = block_on(cpu::gather(task, &candidates, 0..task.grid.ny, job)).expect("a map");
            let store = block_on(collect(task, &candidates, &centres(task), usize::MAX, job)).expect("a store");
            assert_eq!((store.receivers(), store.left_out()), (task.grid.len(), 0));
            let model = SignalModel::of(&task.beams[0], FREQUENCY, task.finishes);
            let evaluation = Evaluation::new(&store, &model).expect("a model");
            let mut lit = 0;
            for (cell, theirs) in map[0].iter().enumerate().filter(|(_, g)| !g.is_nan()) {
                let (ours, theirs) = (evaluation.power(cell), f64::from(*theirs));
                assert!((ours - theirs).abs() <= tolerance * theirs, "{diffraction:?} in cell {cell}: {ours} {theirs}");
                lit += usize::from(theirs > 0.0);
            }
            assert!(lit > 500, "{lit}");
        });
    }
}

#[test]
fn of_too_many_paths_the_strongest_are_kept() {
    with_task(Diffraction::Edges, None, |task| {
        let job = &mut Job::silent();
        let candidates = block_on(cpu::discover(task, job)).expect("candidates");
        let points = centres(task);
        let store = |most| block_on(collect(task, &candidates, &points, most, job)).expect("a store");
        let (all, few) = ([usize::MAX, 2]).map(store).into();
        let isotropic = Beam { pointing: Pointing::ISOTROPIC, ..task.beams[0] };
        let model = SignalModel::of(&isotropic, FREQUENCY, None);
        let [all_of, few_of] = [&all, &few].map(|s| Evaluation::new(s, &model).expect("a model"));
        assert_eq!(few.trails().len() + few.left_out(), all.trails().len());
        assert!(few.left_out() > 500);
        for receiver in 0..all.receivers() {
            let mut powers: Vec<f64> = all.of_receiver(receiver).map(|i| all_of.path(i)).collect();
            powers.sort_by(|a, b| b.total_cmp(a));
            let best: f64 = powers.iter().take(2).sum();
            assert!(
                (few_of.power(receiver) - best).abs() <= 1e-6 * best,
                "{receiver}: {} {powers:?}",
                few_of.power(receiver)
            );
        }
    });
}

#[test]
fn what_cannot_be_traced_is_an_error_that_says_so() {
    with_task(Diffraction::None, None, |task| {
        let none = Candidates::default();
        let refused = |task: &Task<'_>, points: &[Vec3], job: &mut Job| {
            block_on(collect(task, &none, points, 8, job)).expect_err("an error")
        };
        let job = &mut Job::silent();
        assert_eq!(refused(&Task { beams: &[], ..*task }, &[], job), StoreError::NoBeam);
        let many = vec![Vec3::ZERO; MOST_POINTS + 1];
        assert_eq!(refused(task, &many, job), StoreError::TooManyPoints(MOST_POINTS + 1));
        for bad in [f32::NAN, f32::INFINITY] {
            assert_eq!(refused(task, &[Vec3::ONE, Vec3::splat(bad)], job), StoreError::NotFinite(1));
        }
        let cancel = Cancel::default();
        cancel.cancel();
        let mut job = Job { cancel, ..Job::silent() };
        assert_eq!(refused(task, &[Vec3::ONE], &mut job), StoreError::Engine(EngineError::Cancelled));
    });
}

#[test]
fn points_anywhere_get_numbers() {
    with_task(Diffraction::Edges, None, |task| {
        let job = &mut Job::silent();
        let candidates = block_on(cpu::discover(task, job)).expect("candidates");
        // On the mast, under it, on a wall, on a corner, in a house, far away, at the end of the numbers.
        let mast = task.transmitter;
        let points = [
            mast,
            mast - Vec3::Z,
            mast + Vec3::Z * 30.0,
            Vec3::new(10.0, 20.0, 5.0),
            Vec3::new(10.0, 15.0, 35.0),
            Vec3::new(25.0, 30.0, 5.0),
            Vec3::new(1e6, -1e6, 0.0),
            Vec3::splat(f32::MAX),
        ];
        let store = block_on(collect(task, &candidates, &points, 16, job)).expect("a store");
        let model = SignalModel::of(&task.beams[0], FREQUENCY, None);
        let evaluation = Evaluation::new(&store, &model).expect("a model");
        for receiver in 0..points.len() {
            let (power, gradient) = evaluation.gradient(receiver);
            assert!(power.is_finite(), "{receiver}: {power}");
            for parameter in farfield::trace::store::Parameter::all() {
                assert!(gradient.by(parameter).is_finite(), "{receiver}: {parameter:?}");
            }
        }
    });
}
