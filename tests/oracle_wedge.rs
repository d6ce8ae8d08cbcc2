//! Diffraction against closed forms computed elsewhere: a right-angled wedge and a half-plane.

mod common;
#[path = "common/tables.rs"]
mod tables;

use farfield::material::Material;
use farfield::trace::field::Layer;
use farfield::trace::scene::Surface;
use farfield::trace::utd::total::waves;
use farfield::trace::utd::{Face, Wedge, diffract};
use farfield::units::Hertz;
use glam::DVec3;
use num_complex::Complex64;
use std::collections::HashMap;
use std::f64::consts::{PI, TAU};
use tables::{Row, number, rows};

fn face(row: &Row, frequency: Hertz) -> Face {
    let material = Material::from_name(&row["material"]).expect("a known material");
    Face::Layer(Layer::of(&Surface { material, thickness: Some(0.1) }, frequency))
}

/// θ̂ for V, φ̂ for H, of a wave along `k`; z is up.
fn axis(polarised: &str, k: DVec3) -> DVec3 {
    let across = DVec3::Z.cross(k).normalize();
    if polarised == "V" { across.cross(k) } else { across }
}

fn decibels(ratio: f64) -> f64 {
    10.0 * ratio.log10()
}

/// The table's columns hold nine digits, and its reflection coefficients were made in double precision.
#[test]
fn a_right_angled_wedge_diffracts_as_luebbers_formula() {
    let Some(rows) = rows("a_right_angled_wedge_diffracts_as_luebbers_formula", "oracle/canonical/wedge.csv") else {
        return;
    };
    assert!(rows.len() > 1000);
    let wedge = Wedge::new([DVec3::NEG_Z * 15.0, DVec3::Z * 15.0], DVec3::X, DVec3::Y, 1.5).expect("a wedge");
    let (mut errors, mut seen) = (Vec::new(), HashMap::<_, usize>::new());
    for row in &rows {
        let frequency = Hertz(number(row, "f_hz"));
        let wavelength = frequency.wavelength();
        let at = |r: &str, phi: &str| {
            let (sin, cos) = number(row, phi).to_radians().sin_cos();
            DVec3::new(cos, sin, 0.0) * number(row, r)
        };
        let ray = wedge.ray(at("s_tx_m", "phi_tx_deg"), at("s_rx_m", "phi_rx_deg")).expect("a way");
        let faces = [face(row, frequency); 2];
        let incident = (axis(&row["pol"], ray.incoming) * wavelength / (2.0 * TAU * ray.before), DVec3::ZERO);
        let field = diffract(&wedge, &ray, wavelength, &faces, incident).expect("a field");
        // The receiver's axes are those of a wave that it would send.
        let heard = axis(&row["pol"], -ray.outgoing);
        let ours = Complex64::new(field.0.dot(heard), field.1.dot(heard));
        let expected = Complex64::new(number(row, "ref_luebbers_re"), number(row, "ref_luebbers_im"));
        let incident = wavelength / (2.0 * TAU * (ray.before + ray.after));
        let size = expected.norm_sqr().sqrt();
        // Where its terms cancel to less than a thousandth of the direct wave, what is left of them is measured by that.
        let error = (ours - expected).norm_sqr().sqrt() / size.max(1e-3 * incident);
        assert!(error < 1e-4, "{ours} but {expected} ({error:e}) in {row:?}");
        errors.push(error);
        *seen.entry((row["material"].clone(), row["pol"].clone())).or_default() += 1;
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
    errors.sort_by(f64::total_cmp);
    println!("relative error: median {:.1e}, largest {:.1e}", errors[errors.len() / 2], errors[errors.len() - 1]);
}

/// 20 lg |(1 + j)/2 ∫_ν^∞ e^{−jπt²/2} dt| (ITU-R P.526-15 § 4.1), by Simpson's rule.
fn knife_edge(nu: f64) -> f64 {
    let steps = 20_000;
    let h = nu / f64::from(steps);
    let value = |i: i32| {
        let (sin, cos) = (0.5 * PI * (f64::from(i) * h).powi(2)).sin_cos();
        Complex64::new(cos, -sin)
    };
    let inner: Complex64 = (1..steps).map(|i| value(i) * if i % 2 == 1 { 4.0 } else { 2.0 }).sum();
    let rest = Complex64::new(0.5, -0.5) - (value(0) + inner + value(steps)) * (h / 3.0);
    decibels(rest.norm_sqr() / 2.0)
}

#[test]
fn a_half_plane_is_a_knife_edge_in_the_mean_of_both_polarisations() {
    let Some(rows) =
        rows("a_half_plane_is_a_knife_edge_in_the_mean_of_both_polarisations", "oracle/canonical/knife_edge.csv")
    else {
        return;
    };
    // The sheet hangs down from an edge along y. The antenna stands 100 m before it and 2 m below it, the user 60 m behind.
    let edge = [DVec3::NEG_Y * 200.0, DVec3::Y * 200.0];
    let wedge = Wedge::new(edge, DVec3::NEG_Z, DVec3::NEG_X, 2.0).expect("a sheet");
    let from = DVec3::new(-100.0, 0.0, -2.0);
    let mut worst = 0.0f64;
    for row in rows.iter().filter(|r| r["pol"] == "V") {
        let frequency = Hertz(number(row, "f_hz"));
        let h = number(row, "h_obstruction_m");
        let to = DVec3::new(60.0, 0.0, (120.0 - 160.0 * h) / 100.0);
        assert!((to.distance(from) - number(row, "d_direct_m")).abs() < 1e-3, "{row:?}");
        let exact = number(row, "fresnel_knife_edge_db");
        assert!((knife_edge(number(row, "nu")) - exact).abs() < 1e-3, "{row:?}");
        let faces = [face(row, frequency); 2];
        // The knife edge knows no polarisation: it is the mean of what both carry.
        let power = |pol: &str| {
            let all = waves(&wedge, &faces, frequency.wavelength(), from, to, |k| axis(pol, k)).expect("waves").sum();
            (all.0.length_squared() + all.1.length_squared()) * to.distance_squared(from)
        };
        let ours = decibels(f64::midpoint(power("V"), power("H")));
        assert!((ours - exact).abs() < 0.3, "{ours} but {exact} in {row:?}");
        worst = worst.max((ours - exact).abs());
    }
    println!("largest difference {worst:.3} dB");
}
