//! What a face of a wedge does to a plane wave.

use crate::trace::field::Layer;
use glam::DVec3;
use num_complex::Complex64;

/// A complex vector: real and imaginary part, as [`crate::trace::field::Field`] in double precision.
pub type Field = (DVec3, DVec3);

/// What a face is made of, at one frequency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Face {
    /// A perfect conductor: −1 across the plane of incidence, +1 along it.
    Conductor,
    /// A half-space or a slab. Its coefficients are known to single precision.
    Layer(Layer),
}

impl Face {
    /// The field of the wave that comes back from a face of unit `normal` (either side) for one along the unit vector
    /// `incoming`.
    pub fn reflect(&self, field: Field, incoming: DVec3, normal: DVec3) -> Field {
        let along = incoming.dot(normal);
        let across = incoming.cross(normal);
        // At normal incidence any direction across will do.
        let across = across.try_normalize().unwrap_or_else(|| normal.any_orthonormal_vector());
        let (plane_in, plane_out) = (across.cross(incoming), across.cross(mirrored(incoming, normal)));
        let (te, tm) = self.coefficients(along.abs().min(1.0));
        combine([(te * part(field, across), across), (tm * part(field, plane_in), plane_out)])
    }

    /// Coefficients across and along the plane of incidence, for the cosine of the angle of incidence.
    fn coefficients(&self, cos: f64) -> (Complex64, Complex64) {
        match self {
            Self::Conductor => (Complex64::new(-1.0, 0.0), Complex64::new(1.0, 0.0)),
            Self::Layer(layer) => {
                let r = layer.reflection(cos as f32);
                let wide = |c: crate::material::Complex| Complex64::new(c.re.into(), c.im.into());
                (wide(r.te), wide(r.tm))
            }
        }
    }
}

/// `direction` after a mirror of unit `normal`.
pub(super) fn mirrored(direction: DVec3, normal: DVec3) -> DVec3 {
    direction - 2.0 * direction.dot(normal) * normal
}

/// The component of `field` along `axis`.
pub(super) fn part(field: Field, axis: DVec3) -> Complex64 {
    Complex64::new(field.0.dot(axis), field.1.dot(axis))
}

/// The field of these components along these axes.
pub(super) fn combine(parts: [(Complex64, DVec3); 2]) -> Field {
    let [(a, x), (b, y)] = parts;
    (a.re * x + b.re * y, a.im * x + b.im * y)
}

/// `field` times a complex number.
pub(super) fn scaled(field: Field, by: Complex64) -> Field {
    (field.0 * by.re - field.1 * by.im, field.0 * by.im + field.1 * by.re)
}
