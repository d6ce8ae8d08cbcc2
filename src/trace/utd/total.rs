//! All waves of a point source beside one wedge alone, which is what laws of continuity and exact solutions speak of.

use super::face::{mirrored, scaled};
use super::{Face, Field, Wedge, diffract};
use glam::DVec3;
use num_complex::Complex64;
use std::f64::consts::{PI, TAU};

/// A wave at the observer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wave {
    /// Unit direction in which it goes.
    pub direction: DVec3,
    /// Its field, with the phase of its way; 1 at a metre from the source.
    pub field: Field,
}

/// What arrives, by the kind of its way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waves {
    /// Straight, where the wedge does not stand between.
    pub direct: Option<Wave>,
    /// From face 0 and from face n, where they mirror the source.
    pub reflected: [Option<Wave>; 2],
    /// Over the edge.
    pub diffracted: Wave,
}

impl Waves {
    /// Each that is there.
    pub fn iter(&self) -> impl Iterator<Item = Wave> {
        let [a, b] = self.reflected;
        [self.direct, a, b, Some(self.diffracted)].into_iter().flatten()
    }

    /// Their sum.
    pub fn sum(&self) -> Field {
        self.iter().fold(Field::default(), |sum, wave| (sum.0 + wave.field.0, sum.1 + wave.field.1))
    }
}

/// The waves from a source at `from` that sends the unit field `polarisation(direction)` in each unit direction, at `to`.
/// The faces are as large as need be. `None` where no ray goes over the edge ([`Wedge::ray`]), where `from` and `to` are
/// one point, and where [`diffract`] has no answer.
pub fn waves(
    wedge: &Wedge,
    faces: &[Face; 2],
    wavelength: f64,
    from: DVec3,
    to: DVec3,
    polarisation: impl Fn(DVec3) -> DVec3,
) -> Option<Waves> {
    let ray = wedge.ray(from, to)?;
    let sent = |direction: DVec3| (polarisation(direction), DVec3::ZERO);
    let (spread, sum) = (ray.phi_out - ray.phi_in, ray.phi_out + ray.phi_in);
    let n = wedge.n();
    let at_edge = scaled(sent(ray.incoming), Complex64::new(1.0 / ray.before, 0.0));
    let beyond = diffract(wedge, &ray, wavelength, faces, at_edge)?;
    let diffracted = Wave { direction: ray.outgoing, field: scaled(beyond, delay(ray.before + ray.after, wavelength)) };
    let direct = if spread.abs() <= PI {
        let (direction, distance) = (to - from).try_normalize().map(|d| (d, to.distance(from)))?;
        Some(Wave { direction, field: scaled(sent(direction), delay(distance, wavelength) / distance) })
    } else {
        None
    };
    let mut reflected = [None; 2];
    // As `shares` rounds it, so that both agree on which side of the boundary a point lies.
    for (i, lit) in [PI - sum >= 0.0, PI + sum - TAU * n >= 0.0].into_iter().enumerate() {
        if lit {
            let normal = wedge.normals()[i];
            let image = from - 2.0 * (from - ray.point).dot(normal) * normal;
            let distance = to.distance(image);
            let direction = (to - image).try_normalize()?;
            let incoming = mirrored(direction, normal);
            let field = faces[i].reflect(sent(incoming), incoming, normal);
            reflected[i] = Some(Wave { direction, field: scaled(field, delay(distance, wavelength) / distance) });
        }
    }
    let waves = Waves { direct, reflected, diffracted };
    // Ways of more wavelengths than there are numbers have no phase.
    waves.iter().all(|w| w.field.0.is_finite() && w.field.1.is_finite()).then_some(waves)
}

/// e^{−jkd}, with whole turns taken out first.
fn delay(distance: f64, wavelength: f64) -> Complex64 {
    let (sin, cos) = (TAU * (distance / wavelength).fract()).sin_cos();
    Complex64::new(cos, -sin)
}
