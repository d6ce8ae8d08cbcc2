//! What a surface does to the two components of a field, and how that changes with its properties.
//!
//! The coefficients are those of [`crate::material`] in f64, ITU-R P.2040-3 eqs. 31, 43 and 44. They are analytic functions
//! of the permittivity η = εr − jσ/(ωε₀), so one complex slope of each serves εr and σ.

use super::model::Properties;
#[cfg(feature = "gpu")]
use super::packed::PackedSheet;
use crate::material::EPSILON_0;
use crate::units::Hertz;
use num_complex::Complex64;
use std::f64::consts::{PI, TAU};

/// Below this the square of the transverse wavenumber, in units of that in vacuum, counts as zero, where its root has no
/// slope: a wave that grazes vacuum.
const NO_ROOT: f64 = 1e-30;
/// Least share 1 − S² of what is mirrored that a slope by S is given for: at S = 1, where nothing is left, it is zero.
const LEAST_LEFT: f64 = 1e-12;

/// A surface at one frequency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sheet {
    /// Its material's discriminant.
    pub material: usize,
    eta: Complex64,
    /// 1/(ωε₀), ohm metres: j ∂η/∂σ.
    pub eta_by_conductivity: f64,
    /// Thickness in wavelengths; `None` for a half-space.
    thickness: Option<f64>,
    /// What scattering leaves of the mirrored wave's amplitude.
    specular: f64,
    log_by_scattering: f64,
    /// Metres.
    roughness: f64,
    /// 4π/λ, per metre.
    depth: f64,
}

/// Coefficients across and along the plane of incidence with their slopes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Response {
    /// The coefficients.
    pub by: [Complex64; 2],
    /// Their derivatives by η.
    pub by_eta: [Complex64; 2],
    /// The derivative of the logarithm of both by S.
    pub log_by_scattering: f64,
    /// The derivative of the logarithm of both by the roughness, per metre.
    pub log_by_roughness: f64,
}

impl Sheet {
    /// A surface of a material number `material` with these properties, `thickness` metres thick.
    pub(super) fn new(material: usize, properties: &Properties, thickness: Option<f64>, frequency: Hertz) -> Self {
        let eta_by_conductivity = 1.0 / (TAU * frequency.0 * EPSILON_0);
        let wavelength = frequency.wavelength();
        let scattering = properties.scattering;
        let share = 1.0 - scattering * scattering;
        Self {
            material,
            eta: Complex64::new(properties.relative, -properties.conductivity * eta_by_conductivity),
            eta_by_conductivity,
            thickness: thickness.map(|t| t / wavelength),
            specular: share.max(0.0).sqrt(),
            log_by_scattering: if share > LEAST_LEFT { -scattering / share } else { 0.0 },
            roughness: properties.roughness,
            depth: 2.0 * TAU / wavelength,
        }
    }

    /// As the GPU takes it.
    #[cfg(feature = "gpu")]
    pub(super) fn packed(&self) -> PackedSheet {
        PackedSheet {
            eta: [self.eta.re as f32, self.eta.im as f32],
            eta_by_conductivity: self.eta_by_conductivity as f32,
            thickness: self.thickness.map_or(-1.0, |t| t as f32),
            specular: self.specular as f32,
            log_by_scattering: self.log_by_scattering as f32,
            roughness: self.roughness as f32,
            depth: self.depth as f32,
            slot: 4 * self.material as u32,
            padding: 0,
        }
    }

    /// Reflection at an angle of incidence of cosine `cos`, less what is scattered and what roughness takes.
    #[inline]
    pub(super) fn reflection(&self, cos: f64) -> Response {
        let face = self.face(cos);
        let [(te, te_by), (tm, tm_by)] = match self.thickness {
            None => [face.te, face.tm],
            Some(thickness) => {
                let (twice, twice_by) = square(face.once(thickness));
                let back = |(r, by): Slope| {
                    let (rr, echo) = (r * r, inverse(1.0 - r * r * twice));
                    let slope = by * (1.0 - twice) * (1.0 + rr * twice) - r * twice_by * (1.0 - rr);
                    (r * (1.0 - twice) * echo, slope * echo * echo)
                };
                [back(face.te), back(face.tm)]
            }
        };
        let depth = self.depth * cos;
        let left = self.specular * (-0.5 * (depth * self.roughness).powi(2)).exp();
        Response {
            by: [te * left, tm * left],
            by_eta: [te_by * left, tm_by * left],
            log_by_scattering: self.log_by_scattering,
            log_by_roughness: -depth * depth * self.roughness,
        }
    }

    /// Transmission likewise; nothing comes through a half-space.
    #[inline]
    pub(super) fn transmission(&self, cos: f64) -> Response {
        let Some(thickness) = self.thickness else { return Response::default() };
        let face = self.face(cos);
        let (once, once_by) = face.once(thickness);
        let twice = once * once;
        let through = |(r, by): Slope| {
            let (rr, echo) = (r * r, inverse(1.0 - r * r * twice));
            let slope = (1.0 - rr) * (1.0 + rr * twice) * once_by - 2.0 * r * once * (1.0 - twice) * by;
            ((1.0 - rr) * once * echo, slope * echo * echo)
        };
        let [(te, te_by), (tm, tm_by)] = [through(face.te), through(face.tm)];
        Response { by: [te, tm], by_eta: [te_by, tm_by], ..Response::default() }
    }

    #[inline]
    fn face(&self, cos: f64) -> Face {
        let square = Complex64::new((self.eta.re - 1.0) + cos * cos, self.eta.im);
        let root = root(square);
        let per_root = if square.norm_sqr() < NO_ROOT * NO_ROOT { Complex64::default() } else { inverse(root) };
        let (te, tm) = (inverse(root + cos), inverse(self.eta * cos + root));
        Face {
            root_by: per_root * 0.5,
            root,
            te: ((cos - root) * te, -te * te * per_root * cos),
            tm: ((self.eta * cos - root) * tm, (square * 2.0 - self.eta) * per_root * tm * tm * cos),
        }
    }
}

/// A number and its derivative by η.
type Slope = (Complex64, Complex64);

/// The face of a half-space.
struct Face {
    /// √(η − sin²θ).
    root: Complex64,
    root_by: Complex64,
    te: Slope,
    tm: Slope,
}

impl Face {
    /// The phasor of one way through `thickness` wavelengths behind it.
    #[inline]
    fn once(&self, thickness: f64) -> Slope {
        let q = self.root * thickness;
        let (sin, cos) = (TAU * q.re.fract()).sin_cos();
        let decay = (TAU * q.im).exp();
        let phasor = Complex64::new(decay * cos, -decay * sin);
        (phasor, phasor * self.root_by * Complex64::new(0.0, -2.0 * PI * thickness))
    }
}

/// 1/z; 0 for 0, so that a wave that grazes vacuum, or a slab of no thickness, has a defined answer: it is lost.
#[inline]
fn inverse(z: Complex64) -> Complex64 {
    if z == Complex64::default() { z } else { Complex64::new(1.0, 0.0) / z }
}

#[inline]
fn square((value, by): Slope) -> Slope {
    (value * value, value * by * 2.0)
}

/// The square root with a non-negative real part, as [`crate::material::Complex::sqrt`].
#[inline]
fn root(z: Complex64) -> Complex64 {
    let larger = (0.5 * (z.norm_sqr().sqrt() + z.re.abs())).sqrt();
    if larger == 0.0 {
        Complex64::default()
    } else if z.re >= 0.0 {
        Complex64::new(larger, 0.5 * z.im / larger)
    } else {
        Complex64::new(0.5 * z.im.abs() / larger, larger.copysign(z.im))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::material::{Complex, half_space, slab};
    use proptest::prelude::*;

    const FREQUENCY: Hertz = Hertz(3.5e9);

    fn sheet(relative: f64, conductivity: f64, thickness: Option<f64>, finish: (f64, f64)) -> Sheet {
        let (scattering, roughness) = finish;
        Sheet::new(0, &Properties { relative, conductivity, scattering, roughness }, thickness, FREQUENCY)
    }

    fn near(ours: Complex64, theirs: Complex) -> bool {
        (ours - Complex64::new(theirs.re.into(), theirs.im.into())).norm_sqr().sqrt() < 2e-4
    }

    proptest! {
        #[test]
        fn coefficients_are_those_of_maps(
            relative in 1.0..30.0f64, conductivity in 0.0..10.0f64, cos in 0.01..1.0f64, thickness in 0.01..0.5f64,
        ) {
            let eta = sheet(relative, conductivity, None, (0.0, 0.0)).eta;
            let eta = Complex::new(eta.re as f32, eta.im as f32);
            let solid = sheet(relative, conductivity, None, (0.0, 0.0)).reflection(cos).by;
            let theirs = half_space(eta, cos as f32);
            prop_assert!(near(solid[0], theirs.te) && near(solid[1], theirs.tm));
            let wavelengths = thickness / FREQUENCY.wavelength();
            let ours = sheet(relative, conductivity, Some(thickness), (0.0, 0.0));
            let theirs = slab(eta, wavelengths as f32, cos as f32);
            let (back, through) = (ours.reflection(cos).by, ours.transmission(cos).by);
            prop_assert!(near(back[0], theirs.0.te) && near(back[1], theirs.0.tm));
            prop_assert!(near(through[0], theirs.1.te) && near(through[1], theirs.1.tm));
        }

        #[test]
        fn slopes_are_those_of_central_differences(
            relative in 1.2..30.0f64, conductivity in 0.0..10.0f64, cos in 0.0..1.0f64, thickness in 0.01..0.5f64,
            scattering in 0.0..0.95f64, roughness in 0.0..0.02f64, solid: bool,
        ) {
            let thickness = (!solid).then_some(thickness);
            let at = |relative, conductivity, scattering, roughness| {
                let sheet = sheet(relative, conductivity, thickness, (scattering, roughness));
                let (back, through) = (sheet.reflection(cos), sheet.transmission(cos));
                [back.by[0], back.by[1], through.by[0], through.by[1]]
            };
            let h = 1e-6;
            let slope = |up: [Complex64; 4], down: [Complex64; 4]| [0, 1, 2, 3].map(|i| (up[i] - down[i]) / (2.0 * h));
            let same = |ours: Complex64, theirs: Complex64| {
                let apart = (ours - theirs).norm_sqr().sqrt();
                apart < 1e-5 * theirs.norm_sqr().sqrt() + 1e-8
            };
            let ours = sheet(relative, conductivity, thickness, (scattering, roughness));
            let (back, through) = (ours.reflection(cos), ours.transmission(cos));
            let by_eta = [back.by_eta[0], back.by_eta[1], through.by_eta[0], through.by_eta[1]];
            let by = slope(at(relative + h, conductivity, scattering, roughness), at(relative - h, conductivity, scattering, roughness));
            prop_assert!((0..4).all(|i| same(by_eta[i], by[i])), "εr {by_eta:?} {by:?}");
            let by = slope(at(relative, conductivity + h, scattering, roughness), at(relative, conductivity - h, scattering, roughness));
            let ohm = Complex64::new(0.0, -ours.eta_by_conductivity);
            prop_assert!((0..4).all(|i| same(by_eta[i] * ohm, by[i])), "σ {by_eta:?} {by:?}");
            let by = slope(at(relative, conductivity, scattering + h, roughness), at(relative, conductivity, scattering - h, roughness));
            prop_assert!((0..2).all(|i| same(back.by[i] * back.log_by_scattering, by[i])));
            let by = slope(at(relative, conductivity, scattering, roughness + h), at(relative, conductivity, scattering, roughness - h));
            prop_assert!((0..2).all(|i| same(back.by[i] * back.log_by_roughness, by[i])));
        }

        #[test]
        fn nothing_at_the_edge_of_what_is_possible_is_not_a_number(
            relative in prop::sample::select(vec![1.0, 1.5, 80.0]), conductivity in prop::sample::select(vec![0.0, 1e-300, 1e7]),
            cos in prop::sample::select(vec![0.0, 1e-30, 1.0]), thickness in prop::sample::select(vec![None, Some(1e-30), Some(0.1), Some(1e4)]),
            scattering in prop::sample::select(vec![0.0, 1.0]),
        ) {
            let sheet = sheet(relative, conductivity, thickness, (scattering, 1.0));
            for response in [sheet.reflection(cos), sheet.transmission(cos)] {
                let numbers = response.by.into_iter().chain(response.by_eta).flat_map(|c| [c.re, c.im]);
                prop_assert!(numbers.chain([response.log_by_scattering, response.log_by_roughness]).all(f64::is_finite), "{response:?}");
            }
        }
    }
}
