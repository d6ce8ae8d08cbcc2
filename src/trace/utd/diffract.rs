//! The field beyond an edge.

use super::face::{combine, mirrored, part};
use super::transition::{EIGHTH_TURN, smooth};
use super::{Face, Field, Ray, Wedge};
use glam::DVec3;
use num_complex::Complex64;
use std::f64::consts::{PI, TAU};

/// The four terms of a wedge of `n`π, each as a share of the wave that went on unhindered: over the shadow boundaries seen
/// from face n and from face 0, over the reflection boundary of face n, over that of face 0. At its boundary a term jumps
/// from +½, where its wave is missing, to −½, where that wave is there: so the sum has no jump. On the boundary itself
/// the wave counts as there.
///
/// These are D₁…D₄ of Kouyoumjian and Pathak (1974), Dᵢ = −e^{−jπ/4}/(2n√(2πk) sin β₀) · cot(xᵢ/2n) · F(kLaᵢ) with
/// xᵢ = π ± (φ ∓ φ′), over √L/sin β₀. If xᵢ is taken modulo 2πn into ±nπ, which is what their integers N± do, aᵢ
/// is 2 sin²(xᵢ/2); then F is √(2kL)|sin(xᵢ/2)| times a smooth function, and cot(xᵢ/2n)·|sin(xᵢ/2)| is finite up to the
/// boundary xᵢ = 0, where it goes to ±n. So their limit there needs no case of its own.
pub fn shares(n: f64, phi_in: f64, phi_out: f64, kl: f64) -> [Complex64; 4] {
    let (difference, sum) = (phi_out - phi_in, phi_out + phi_in);
    let front = -EIGHTH_TURN.conj() / (2.0 * n * PI.sqrt());
    [PI + difference, PI - difference, PI + sum, PI - sum].map(|x| {
        let turn = TAU * n;
        let x = x - turn * (x / turn).round();
        let sin = (0.5 * x).sin().abs();
        let wedge = (0.5 * x / n).sin();
        let cot = if wedge == 0.0 { n } else { (0.5 * x / n).cos() * sin / wedge };
        front * cot * smooth((2.0 * kl).sqrt() * sin)
    })
}

/// The field at the end of `ray` over `wedge`, for the field `incident` that arrives at the edge, where it has spread from
/// a point `ray.before` metres away (the image of the antenna, if it was reflected on the way). Spreading from there on is
/// included: E = E′ · D · √(s′/(s(s′ + s))) (Kouyoumjian and Pathak 1974). `faces` are face 0 and face n; `wavelength` is
/// in metres.
///
/// D = D₁ + D₂ + Rₙ D₃ + R₀ D₄ (Luebbers 1984), as vectors: Rᵢ takes the incident field apart across and along the
/// plane of incidence of face i, so that at oblique incidence too the sum joins the reflected wave at its boundary. The
/// reflected field is then turned about the edge from its own direction to the ray's. Both coefficients are those of the
/// incident direction, φ′ to face 0 and nπ − φ′ to face n. With conductors this is the theory's own D, reciprocal; with
/// other materials the heuristic is not reciprocal.
///
/// `None` for a wavelength or a field that is not finite, or no wavelength.
pub fn diffract(wedge: &Wedge, ray: &Ray, wavelength: f64, faces: &[Face; 2], incident: Field) -> Option<Field> {
    if !(wavelength > 0.0 && wavelength.is_finite() && incident.0.is_finite() && incident.1.is_finite()) {
        return None;
    }
    let kl = TAU / wavelength * ray.distance_parameter();
    let [d1, d2, d3, d4] = shares(wedge.n(), ray.phi_in, ray.phi_out, kl);
    let edge = wedge.along();
    let [b, f] = fixed(edge, ray.incoming);
    let mut sum = [b, f].map(|axis| (d1 + d2) * part(incident, axis));
    for ((face, normal), d) in faces.iter().zip(wedge.normals()).zip([d4, d3]) {
        let back = face.reflect(incident, ray.incoming, normal);
        let axes = fixed(edge, mirrored(ray.incoming, normal));
        for (total, axis) in sum.iter_mut().zip(axes) {
            *total += d * part(back, axis);
        }
    }
    // √(s′/(s(s′ + s))) · √L/sin β₀.
    let spread = ray.before / (ray.before + ray.after);
    let [b, f] = fixed(edge, ray.outgoing);
    let field = combine([(sum[0] * spread, b), (sum[1] * spread, f)]);
    (field.0.is_finite() && field.1.is_finite()).then_some(field)
}

/// The axes of edge-fixed coordinates of a wave along `direction`: in the plane of ray and edge, and across it. For an
/// incident wave these are β̂₀′ and φ̂′ of Kouyoumjian and Pathak (1974), for a diffracted one −β̂₀ and −φ̂, which takes
/// in the minus of their dyad.
fn fixed(edge: DVec3, direction: DVec3) -> [DVec3; 2] {
    let across = direction.cross(edge).normalize_or(direction.any_orthonormal_vector());
    [across.cross(direction), across]
}
