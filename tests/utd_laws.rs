//! Laws that diffraction at one wedge obeys, and the one wedge with an exact solution.

use farfield::trace::field::Layer;
use farfield::trace::utd::total::{Wave, Waves, waves};
use farfield::trace::utd::{Face, Field, Wedge, diffract};
use glam::DVec3;
use num_complex::Complex64;
use proptest::prelude::*;
use std::f64::consts::{FRAC_PI_4, PI, TAU};

fn corner(n: f64) -> Wedge {
    Wedge::new([DVec3::NEG_Z * 1e4, DVec3::Z * 1e4], DVec3::X, DVec3::Y, n).expect("a wedge")
}

fn at(r: f64, phi: f64, z: f64) -> DVec3 {
    DVec3::new(r * phi.cos(), r * phi.sin(), z)
}

fn size(field: Field) -> f64 {
    (field.0.length_squared() + field.1.length_squared()).sqrt()
}

fn along(field: Field, axis: DVec3) -> Complex64 {
    Complex64::new(field.0.dot(axis), field.1.dot(axis))
}

/// Conductors, half-spaces and slabs.
fn any_face() -> impl Strategy<Value = Face> {
    let layer =
        (1.5..30.0f32, 0.0..20.0f32, prop_oneof![Just(-1.0f32), 0.1..5.0f32]).prop_map(|(re, im, thickness)| {
            Face::Layer(Layer { eta_re: re, eta_im: -im, thickness, specular: 1.0, ..Layer::default() })
        });
    prop_oneof![1 => Just(Face::Conductor), 3 => layer]
}

/// Distance from the edge, and height along it.
fn any_place() -> impl Strategy<Value = (f64, f64)> {
    (0.5..200.0f64, -50.0..50.0f64)
}

/// Often on a face, a boundary, the edge's line, or nowhere.
fn any_awkward_point() -> impl Strategy<Value = DVec3> {
    let special = [0.0, -0.0, 1.0, -1.0, 1e30, 1e-300, f64::NAN, f64::INFINITY];
    let one = prop_oneof![prop::sample::select(special.to_vec()), -9.0..9.0f64, -1.0..=1.0f64];
    [one.clone(), one.clone(), one].prop_map(DVec3::from_array)
}

fn any_axis() -> impl Strategy<Value = DVec3> {
    (-1.0..1.0f64, 0.0..TAU).prop_map(|(z, phi)| at((1.0 - z * z).sqrt(), phi, z))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// 10⁻³ of the wave that appears there is 0.01 dB. The step, 10⁻⁹ degrees, is so small that no phase turns on it.
    #[test]
    fn the_total_field_is_continuous_over_every_boundary(
        n in 1.05..2.0f64, share in 0.03..0.97f64, a in any_place(), b in any_place(), dipole in any_axis(),
        wavelength in prop_oneof![Just(0.3), Just(0.0857), Just(0.0107)], faces in [any_face(), any_face()],
    ) {
        const STEP: f64 = 2e-11;
        let (open, phi_in) = (n * PI, share * n * PI);
        let wedge = corner(n);
        let from = at(a.0, phi_in, a.1);
        let total = |phi| waves(&wedge, &faces, wavelength, from, at(b.0, phi, b.1), |k| dipole.reject_from_normalized(k));
        for phi in [phi_in + PI, phi_in - PI, PI - phi_in, 2.0 * open - PI - phi_in] {
            if !(0.02..open - 0.02).contains(&phi) {
                continue;
            }
            let [before, on, after] = [phi - STEP, phi, phi + STEP].map(|phi| total(phi).expect("waves"));
            let lit = |waves: &Waves| waves.iter().count();
            prop_assert!(lit(&before) != lit(&after), "a boundary");
            let unhindered = 1.0 / from.distance(at(b.0, phi, b.1)).max(a.0 + b.0);
            for other in [&before, &after] {
                let (x, y) = (on.sum(), other.sum());
                let jump = size((x.0 - y.0, x.1 - y.1)) / unhindered;
                prop_assert!(jump < 1e-3, "{jump} at {phi} from {phi_in}");
            }
        }
    }

    #[test]
    fn conductors_diffract_the_same_both_ways(
        n in 1.0..2.0f64, x in 0.0..1.0f64, y in 0.0..1.0f64, a in any_place(), b in any_place(),
        sent in any_axis(), heard in any_axis(), wavelength in 0.01..1.0f64,
    ) {
        let wedge = corner(n);
        let ends = [at(a.0, x * n * PI, a.1), at(b.0, y * n * PI, b.1)];
        let through = |from: DVec3, to: DVec3, sent: DVec3, heard: DVec3| {
            let ray = wedge.ray(from, to).expect("a way");
            let incident = (sent.reject_from_normalized(ray.incoming) / ray.before, DVec3::ZERO);
            along(diffract(&wedge, &ray, wavelength, &[Face::Conductor; 2], incident).expect("a field"), heard)
        };
        let (there, back) = (through(ends[0], ends[1], sent, heard), through(ends[1], ends[0], heard, sent));
        let unhindered = 1.0 / (a.0 + b.0);
        prop_assert!((there - back).norm_sqr().sqrt() < 1e-9 * unhindered, "{there} {back}");
    }

    #[test]
    fn a_flat_wall_diffracts_nothing(
        x in 0.01..0.99f64, y in 0.01..0.99f64, a in any_place(), b in any_place(), dipole in any_axis(), face in any_face(),
    ) {
        let wedge = corner(1.0);
        let ray = wedge.ray(at(a.0, x * PI, a.1), at(b.0, y * PI, b.1)).expect("a way");
        let incident = (dipole.reject_from_normalized(ray.incoming), DVec3::ZERO);
        let beyond = diffract(&wedge, &ray, 0.1, &[face; 2], incident).expect("a field");
        prop_assert!(size(beyond) < 1e-5, "{beyond:?}");
    }

    #[test]
    fn no_place_gives_what_is_not_a_number(
        n in prop_oneof![Just(1.0), Just(1.5), Just(2.0), 0.5..2.5f64],
        from in any_awkward_point(), to in any_awkward_point(),
        wavelength in prop_oneof![Just(0.0), Just(-1.0), Just(f64::NAN), Just(1e-300), Just(1e300), Just(0.1)],
        faces in [any_face(), any_face()],
    ) {
        let Some(wedge) = Wedge::new([DVec3::NEG_Z * 5.0, DVec3::Z * 5.0], DVec3::X, DVec3::Y, n) else { return Ok(()) };
        if let Some(waves) = waves(&wedge, &faces, wavelength, from, to, |_| DVec3::Z) {
            prop_assert!(waves.iter().all(|w| w.field.0.is_finite() && w.field.1.is_finite()), "{waves:?}");
        }
    }
}

/// ∫ₓ^∞ e^{−jτ²} dτ, by Simpson's rule from 0.
fn fresnel(x: f64) -> Complex64 {
    let steps = 20_000;
    let h = x / f64::from(steps);
    let value = |i: i32| {
        let (sin, cos) = (f64::from(i) * h).powi(2).sin_cos();
        Complex64::new(cos, -sin)
    };
    let inner: Complex64 = (1..steps).map(|i| value(i) * if i % 2 == 1 { 4.0 } else { 2.0 }).sum();
    let half = Complex64::new(1.0, -1.0) * (PI / 8.0).sqrt();
    half - (value(0) + inner + value(steps)) * (h / 3.0)
}

/// Sommerfeld's solution (1896) for a plane wave from φ′ on a conducting half-plane, as in Born and Wolf, *Principles of Optics*,
/// § 11.5: the field along the edge, electric for `sign` −1 and magnetic for +1.
fn sommerfeld(kr: f64, phi: f64, phi_in: f64, sign: f64) -> Complex64 {
    let part = |angle: f64| {
        let (sin, cos) = (kr * angle.cos() + FRAC_PI_4).sin_cos();
        Complex64::new(cos, sin) * fresnel(-(2.0 * kr).sqrt() * (0.5 * angle).cos()) / PI.sqrt()
    };
    part(phi - phi_in) + part(phi + phi_in) * sign
}

#[test]
fn a_conducting_half_plane_diffracts_as_sommerfeld_found() {
    // So far that its wave is plane, and a whole number of wavelengths.
    let (wavelength, far) = (0.25, 1e7);
    let wedge = corner(2.0);
    let mut worst = 0.0f64;
    for phi_in in [0.1, 0.7, 1.6, 2.5, 3.1, 4.4, 6.0] {
        for wavelengths in [1.0, 2.3, 7.0, 20.0] {
            for step in 1..60 {
                let phi = TAU * f64::from(step) / 60.0 - 0.013;
                let kr = TAU * wavelengths;
                let (from, to) = (at(far, phi_in, 0.0), at(wavelengths * wavelength, phi, 0.0));
                let conductor = [Face::Conductor; 2];
                let soft = waves(&wedge, &conductor, wavelength, from, to, |_| DVec3::Z).expect("waves");
                let hard = waves(&wedge, &conductor, wavelength, from, to, |k| DVec3::Z.cross(k).normalize());
                let electric = along(soft.sum(), DVec3::Z) * far;
                let magnetic: Complex64 = hard
                    .expect("waves")
                    .iter()
                    .map(|w: Wave| along((w.direction.cross(w.field.0), w.direction.cross(w.field.1)), DVec3::Z) * far)
                    .sum();
                for (ours, sign) in [(electric, -1.0), (magnetic, 1.0)] {
                    worst =
                        worst.max((ours.norm_sqr().sqrt() - sommerfeld(kr, phi, phi_in, sign).norm_sqr().sqrt()).abs());
                }
            }
        }
    }
    println!("largest difference of amplitudes {worst:e}");
    assert!(worst < 1e-4, "{worst}");
}
