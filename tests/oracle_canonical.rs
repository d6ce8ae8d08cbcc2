//! The tracer in scenes with a closed form: free space, two rays over ground, one wall.

mod common;
#[path = "common/tables.rs"]
mod tables;

use farfield::antenna::{Pointing, ReceiverAntenna};
use farfield::material::Material;
use farfield::trace::field::{Beam, Layer, gain, polarisation, transport};
use farfield::trace::path::{self, Path};
use farfield::trace::scene::{Scene, SceneBuilder, Surface};
use farfield::units::{Hertz, SPEED_OF_LIGHT};
use glam::{DVec2, DVec3, Vec3};
use std::f64::consts::TAU;
use tables::{Row, number, rows};

/// θ̂ for V, φ̂ for H, of a wave along `k`.
fn axis(polarised: &str, k: Vec3) -> Vec3 {
    if polarised == "V" { polarisation(&Pointing::ISOTROPIC, k) } else { Vec3::Z.cross(k).normalize() }
}

/// Complex amplitude, as real and imaginary part, from an antenna of one polarisation to one of another, without the phase
/// of the way; and the length of the way.
fn amplitude(path: &Path, layers: &[Layer], frequency: Hertz, sent: &str, heard: &str) -> (DVec2, f64) {
    let points: Vec<DVec3> = path.points().map(Vec3::as_dvec3).collect();
    let length: f64 = points.windows(2).map(|w| w[0].distance(w[1])).sum();
    let leg = |a: usize| (points[a + 1] - points[a]).normalize().as_vec3();
    let (re, im) = transport(path, axis(sent, leg(0)), layers, frequency);
    let at = axis(heard, leg(points.len() - 2));
    let spread = frequency.wavelength() / (2.0 * TAU * length);
    (DVec2::new(f64::from(re.dot(at)), f64::from(im.dot(at))) * spread, length)
}

/// The scene of one large slab through the origin, and its layer at `frequency`.
fn slab(corners: [Vec3; 4], row: &Row, frequency: Hertz) -> (Scene, Vec<Layer>) {
    let material = Material::from_name(&row["material"]).expect("a known material");
    let mut builder = SceneBuilder::new();
    builder.quad(corners, Surface { material, thickness: Some(number(row, "slab_thickness_m") as f32) });
    let scene = builder.build();
    let layers = scene.surfaces.iter().map(|s| Layer::of(s, frequency)).collect();
    (scene, layers)
}

fn decibels(ratio: f64) -> f64 {
    10.0 * ratio.log10()
}

#[test]
fn free_space_matches_friis_to_0_01_db() {
    let Some(rows) = rows("free_space_matches_friis_to_0_01_db", "oracle/canonical/free_space.csv") else { return };
    assert!(rows.len() > 10);
    for row in rows {
        let beam = Beam {
            pointing: Pointing::ISOTROPIC,
            frequency: Hertz(number(&row, "f_hz")),
            receiver: ReceiverAntenna::ISOTROPIC,
        };
        let direct = Path::direct(Vec3::ZERO, Vec3::X * number(&row, "dist_m") as f32);
        let ours = decibels(f64::from(gain(&direct, &beam, &[])));
        assert!((ours - number(&row, "friis_gain_db")).abs() < 0.01, "{ours} in {row:?}");
    }
}

#[test]
fn two_rays_over_ground_match_the_closed_form() {
    let Some(rows) = rows("two_rays_over_ground_match_the_closed_form", "oracle/canonical/two_ray.csv") else { return };
    let mut coherent_checked = 0;
    for row in &rows {
        let frequency = Hertz(number(row, "f_hz"));
        let reach = 3000.0;
        let corners = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)].map(|(x, y)| Vec3::new(x, y, 0.0) * reach);
        let (scene, layers) = slab(corners, row, frequency);
        let (mast, user) = (Vec3::new(0.0, 0.0, 10.0), Vec3::new(number(row, "dist_m") as f32, 0.0, 1.5));
        let direct = path::find(&scene, &[], mast, user).expect("line of sight");
        let reflected = path::find(&scene, &[0], mast, user).expect("a reflection");
        let pol = row["pol"].as_str();
        let (a, d) = amplitude(&direct, &layers, frequency, pol, pol);
        let (b, e) = amplitude(&reflected, &layers, frequency, pol, pol);
        assert!(
            (d - number(row, "d_los_m")).abs() < 1e-3 && (e - number(row, "d_refl_m")).abs() < 1e-3,
            "{d} {e} {row:?}"
        );
        let incoherent = decibels(a.length_squared() + b.length_squared());
        assert!((incoherent - number(row, "ref_incoherent_db")).abs() < 0.02, "{incoherent} in {row:?}");
        let turn = |v: DVec2, metres: f64| DVec2::from_angle(-TAU * metres * frequency.0 / SPEED_OF_LIGHT).rotate(v);
        let coherent = decibels((turn(a, d) + turn(b, e)).length_squared());
        let expected = number(row, "ref_coherent_db");
        if expected > number(row, "ref_incoherent_db") - 10.0 {
            assert!((coherent - expected).abs() < 0.3, "{coherent} in {row:?}");
            coherent_checked += 1;
        }
    }
    assert!(coherent_checked * 10 > rows.len() * 8, "{coherent_checked} of {}", rows.len());
}

#[test]
fn a_wall_reflects_each_polarisation_as_its_closed_form() {
    let Some(rows) =
        rows("a_wall_reflects_each_polarisation_as_its_closed_form", "oracle/canonical/wall_reflection.csv")
    else {
        return;
    };
    assert!(rows.len() > 1000);
    for row in rows {
        let frequency = Hertz(number(&row, "f_hz"));
        let corners = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)].map(|(y, z)| Vec3::new(0.0, y, z) * 200.0);
        let (scene, layers) = slab(corners, &row, frequency);
        let (sin, cos) = (number(&row, "theta_i_deg").to_radians() as f32).sin_cos();
        let at = |side: f32| Vec3::new(50.0 * cos, side * 50.0 * sin, 1.0);
        let path = path::find(&scene, &[0], at(-1.0), at(1.0)).expect("a reflection");
        let pols = &row["pol_txrx"];
        let (a, length) = amplitude(&path, &layers, frequency, &pols[..1], &pols[1..]);
        let ours = a * (2.0 * TAU * length / frequency.wavelength());
        let expected = DVec2::new(number(&row, "ref_coef_re"), number(&row, "ref_coef_im"));
        assert!((ours - expected).length() < 2e-4, "{ours} in {row:?}");
        if expected.length() > 0.03 {
            assert!(decibels(ours.length_squared() / expected.length_squared()).abs() < 0.3, "{ours} in {row:?}");
        }
    }
}
