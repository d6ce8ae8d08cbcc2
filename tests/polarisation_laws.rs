//! Laws of polarisation at both ends: closed forms, what crossed antennas share, what scattering turns.

mod common;
#[path = "common/tables.rs"]
mod tables;

use farfield::antenna::{Pointing, Polarisation, ReceiverAntenna};
use farfield::coverage::Grid;
use farfield::engine::Job;
use farfield::material::{Finish, Finishes, Material};
use farfield::scenario::Footing;
use farfield::trace::cpu;
use farfield::trace::field::{Beam, Layer, gain};
use farfield::trace::path::{self, Path};
use farfield::trace::scene::{Scene, SceneBuilder, Surface};
use farfield::trace::task::{Diffraction, Sampling, Task};
use farfield::units::Hertz;
use glam::{DVec2, Vec3};
use proptest::prelude::*;
use tables::{number, rows};

use Polarisation::{Horizontal, SlantLeft, SlantRight, Vertical};

fn beam(sent: Polarisation, polarisation: Option<Polarisation>, frequency: Hertz) -> Beam {
    let receiver = ReceiverAntenna { polarisation, ..ReceiverAntenna::ISOTROPIC };
    Beam { pointing: Pointing { polarisation: sent, ..Pointing::ISOTROPIC }, frequency, receiver }
}

fn square(surface: Surface) -> Scene {
    let mut builder = SceneBuilder::new();
    let corners = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
    builder.quad(corners.map(|(x, y)| Vec3::new(x, y, 0.0) * 3000.0), surface);
    builder.build()
}

#[test]
fn two_rays_of_either_polarisation_match_the_closed_form() {
    let test = "two_rays_of_either_polarisation_match_the_closed_form";
    let Some(rows) = rows(test, "oracle/canonical/two_ray.csv") else { return };
    let mut checked = [0; 2];
    for row in rows {
        let number = |column| number(&row, column);
        let frequency = Hertz(number("f_hz"));
        let material = Material::from_name(&row["material"]).expect("a known material");
        let scene = square(Surface { material, thickness: Some(number("slab_thickness_m") as f32) });
        let layers: Vec<Layer> = scene.surfaces.iter().map(|s| Layer::of(s, frequency)).collect();
        let (mast, user) = (Vec3::new(0.0, 0.0, 10.0), Vec3::new(number("dist_m") as f32, 0.0, 1.5));
        let paths = [&[][..], &[0]].map(|s| path::find(&scene, s, mast, user).expect("a path"));
        let level = row["pol"] == "H";
        let (sent, crossed) = if level { (Horizontal, Vertical) } else { (Vertical, Horizontal) };
        let power = |receiver| {
            let beam = beam(sent, receiver, frequency);
            10.0 * f64::from(paths.iter().map(|p| gain(p, &beam, &layers)).sum::<f32>()).log10()
        };
        let expected = number("ref_incoherent_db");
        for receiver in [None, Some(sent)] {
            assert!((power(receiver) - expected).abs() < 0.02, "{receiver:?} {} in {row:?}", power(receiver));
        }
        assert!(power(Some(crossed)) < expected - 60.0, "{row:?}");
        checked[usize::from(level)] += 1;
    }
    assert!(checked[0] > 50 && checked[1] > 50, "{checked:?}");
}

#[test]
fn antennas_that_face_each_other_are_crossed_where_both_lean_the_same_way() {
    let path = Path::direct(Vec3::new(0.0, 0.0, 10.0), Vec3::new(300.0, -40.0, 10.0));
    let share = |sent, receiver| {
        gain(&path, &beam(sent, Some(receiver), Hertz(2e9)), &[]) / gain(&path, &beam(sent, None, Hertz(2e9)), &[])
    };
    for (sent, receiver, expected) in [
        (Vertical, Vertical, 1.0),
        (Horizontal, Horizontal, 1.0),
        (Vertical, Horizontal, 0.0),
        (Horizontal, Vertical, 0.0),
        (SlantRight, SlantRight, 0.0),
        (SlantLeft, SlantLeft, 0.0),
        (SlantRight, SlantLeft, 1.0),
        (Vertical, SlantRight, 0.5),
        (SlantLeft, Horizontal, 0.5),
    ] {
        assert!((share(sent, receiver) - expected).abs() < 1e-5, "{sent:?} {receiver:?} {}", share(sent, receiver));
    }
}

proptest! {
    #[test]
    fn two_crossed_receivers_take_all_that_arrives(
        from in (-50.0..50.0f32, -50.0..50.0f32, 1.0..40.0f32), to in (-50.0..50.0f32, -50.0..50.0f32, 1.0..40.0f32),
        sent in prop::sample::select(vec![Vertical, Horizontal, SlantRight, SlantLeft]),
    ) {
        let frequency = Hertz(3.5e9);
        let scene = square(Surface { material: Material::Brick, thickness: None });
        let layers: Vec<Layer> = scene.surfaces.iter().map(|s| Layer::of(s, frequency)).collect();
        let path = path::find(&scene, &[0], from.into(), to.into()).expect("a reflection");
        let power = |receiver| gain(&path, &beam(sent, receiver, frequency), &layers);
        let all = power(None);
        for [a, b] in [[Vertical, Horizontal], [SlantRight, SlantLeft]] {
            let both = power(Some(a)) + power(Some(b));
            prop_assert!((both / all - 1.0).abs() < 1e-4, "{a:?} {b:?} {both} {all}");
        }
    }
}

#[test]
fn scattering_turns_the_share_of_cross_polarisation() {
    let mut builder = SceneBuilder::new();
    let wall = [(-8.0, 1.0), (8.0, 1.0), (8.0, 9.0), (-8.0, 9.0)].map(|(x, z)| Vec3::new(x, 0.0, z));
    builder.quad(wall, Surface { material: Material::Metal, thickness: None });
    let scene = builder.build();
    let total = |cross_polarisation, receiver| {
        let finishes = Finishes::all(Finish { scattering: 0.5, cross_polarisation, ..Finish::default() });
        let beams = [beam(Vertical, receiver, Hertz(3.5e9))];
        let task = Task {
            scene: &scene,
            roofs: None,
            diffraction: Diffraction::None,
            transmitter: Vec3::new(2.0, -15.0, 6.0),
            beams: &beams,
            grid: Grid { origin: DVec2::new(-30.0, -60.0), cell: 5.0, nx: 12, ny: 12 },
            height: 1.5,
            footing: Footing::Ground,
            depth: 1,
            transmission: false,
            finishes: Some(&finishes),
            woods: None,
            sampling: Sampling { rays: 1 << 16, samples: 1 },
        };
        let mut gains = vec![vec![0.0; task.grid.len()]];
        let rows = 0..task.grid.ny;
        pollster::block_on(cpu::add_scattered(&task, &rows, &mut gains, &mut Job::silent())).expect("a map");
        gains[0].iter().sum::<f32>()
    };
    let all = total(0.0, None);
    for cross in [0.0, 0.3, 1.0] {
        assert!((total(cross, None) / all - 1.0).abs() < 1e-3);
        let (same, turned) = (total(cross, Some(Vertical)) / all, total(cross, Some(Horizontal)) / all);
        assert!((same - (1.0 - cross)).abs() < 1e-3 && (turned - cross).abs() < 1e-3, "{cross} {same} {turned}");
    }
}
