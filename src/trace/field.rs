//! The field at the end of a path: spreading, antenna, and the full complex vector through each reflection.
//!
//! A path's gain is (λ/4πd)² · G(departure) · |E|², where E starts as the antenna's unit polarisation vector and each
//! reflection takes it apart into the directions across and along the plane of incidence, scales both by their complex
//! coefficients and puts it together again (ITU-R P.2040-3 § 2.2; Sionna RT technical report § 3). An edge does likewise
//! in the directions along and across itself ([`super::utd`]); its own spreading makes up for the rest of (λ/4πd)², in
//! which d is the length of the whole path. The receiver takes in both polarisations or one, times the gain of its pattern
//! towards where the wave comes from. On maps paths add in power: their phases turn within centimetres, less than any
//! position is known to. [`voltages`] keep them, for those who know it better.

use super::path::{Bend, Kind, Path};
use super::scene::Surface;
use super::utd::{Face, Ray, diffract};
use crate::antenna::{Pointing, ReceiverAntenna};
use crate::material::{Coefficients, Complex, Finish, half_space, slab};
use crate::units::{Hertz, SPEED_OF_LIGHT};
use bytemuck::{Pod, Zeroable};
use glam::Vec3;
use num_complex::Complex64;
use std::f32::consts::PI;
use std::f64::consts::TAU;

/// A complex vector: real and imaginary part.
pub type Field = (Vec3, Vec3);

/// A sector as the tracer sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beam {
    /// Its pattern as pointed.
    pub pointing: Pointing,
    /// Its carrier.
    pub frequency: Hertz,
    /// What receivers listen with.
    pub receiver: ReceiverAntenna,
}

impl Beam {
    /// The power that a receiver takes from a wave that arrives along the unit vector `along`, less its pattern.
    pub fn received(&self, field: Field, along: Vec3) -> f32 {
        if self.receiver.polarisation.is_none() {
            return field.0.length_squared() + field.1.length_squared();
        }
        let [axis, _] = self.axes(along);
        field.0.dot(axis).powi(2) + field.1.dot(axis).powi(2)
    }

    /// What the receivers' antennas take in of a wave that arrives along `along`: the parts along these two vectors, of which
    /// the second is zero where they are polarised. An antenna that looks towards where the wave comes from has the wave's θ̂
    /// and the opposite of its φ̂.
    fn axes(&self, along: Vec3) -> [Vec3; 2] {
        let [theta, phi] = across(&Pointing::ISOTROPIC, along);
        let Some(polarisation) = self.receiver.polarisation else { return [theta, -phi] };
        let [of_theta, of_phi] = polarisation.parts();
        [of_theta * theta - of_phi * phi, Vec3::ZERO]
    }
}

/// A surface at one frequency, 24 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Layer {
    /// Complex relative permittivity, real part.
    pub eta_re: f32,
    /// Complex relative permittivity, imaginary part (negative with losses).
    pub eta_im: f32,
    /// Thickness in wavelengths; negative for a half-space.
    pub thickness: f32,
    /// What scattering leaves of the mirrored wave's amplitude, 0–1.
    pub specular: f32,
    /// Standard deviation of the surface's height, wavelengths.
    pub roughness: f32,
    /// Keeps the size a multiple of 8 bytes.
    pub padding: f32,
}

impl Layer {
    /// A smooth `surface` at `frequency`.
    pub fn of(surface: &Surface, frequency: Hertz) -> Self {
        let eta = surface.material.permittivity(frequency).eta(frequency);
        let wavelengths = |metres: f32| (f64::from(metres) * frequency.0 / SPEED_OF_LIGHT) as f32;
        let thickness = surface.thickness.map_or(-1.0, wavelengths);
        Self { eta_re: eta.re, eta_im: eta.im, thickness, specular: 1.0, roughness: 0.0, padding: 0.0 }
    }

    /// The same as `finish` has it at `frequency`.
    #[must_use]
    pub fn finished(self, finish: Finish, frequency: Hertz) -> Self {
        let roughness = (f64::from(finish.roughness) * frequency.0 / SPEED_OF_LIGHT) as f32;
        let (eta_re, eta_im) = ((self.eta_re * finish.permittivity).max(1.0), self.eta_im * finish.conductivity);
        Self { eta_re, eta_im, specular: finish.specular(), roughness, ..self }
    }

    /// The reflection coefficients that it would have if it were smooth, at the angle of incidence whose cosine is `cos`.
    pub fn smooth_reflection(&self, cos: f32) -> Coefficients {
        let eta = Complex::new(self.eta_re, self.eta_im);
        if self.thickness < 0.0 { half_space(eta, cos) } else { slab(eta, self.thickness, cos).0 }
    }

    /// Its reflection coefficients, less what is scattered and what roughness takes.
    pub fn reflection(&self, cos: f32) -> Coefficients {
        let smooth = self.smooth_reflection(cos);
        if self.specular == 1.0 && self.roughness == 0.0 {
            return smooth;
        }
        let depth = 4.0 * PI * self.roughness * cos;
        let left = self.specular * (-0.5 * depth * depth).exp();
        Coefficients { te: smooth.te * left, tm: smooth.tm * left }
    }

    /// Its transmission coefficients likewise; nothing comes through a half-space.
    pub fn transmission(&self, cos: f32) -> Coefficients {
        let eta = Complex::new(self.eta_re, self.eta_im);
        let nothing = Coefficients { te: Complex::from(0.0), tm: Complex::from(0.0) };
        if self.thickness < 0.0 { nothing } else { slab(eta, self.thickness, cos).1 }
    }
}

/// Unit polarisation of a wave that leaves along the unit vector `direction`.
pub fn polarisation(pointing: &Pointing, direction: Vec3) -> Vec3 {
    let [theta, phi] = across(pointing, direction);
    let [of_theta, of_phi] = pointing.polarisation.parts();
    if of_phi == 0.0 { theta } else { of_theta * theta + of_phi * phi }
}

/// The unit vectors across a wave that leaves along the unit vector `direction`, in the frame of an antenna: θ̂, which points
/// down where the direction is level, and φ̂ = direction × θ̂. Straight up or down, where θ̂ is undefined, it is the antenna's
/// forward direction.
pub fn across(pointing: &Pointing, direction: Vec3) -> [Vec3; 2] {
    let (sa, ca) = pointing.azimuth_deg.to_radians().sin_cos();
    let (st, ct) = pointing.downtilt_deg.to_radians().sin_cos();
    let up = Vec3::new(sa * st, ca * st, ct);
    let along = direction.dot(up) * direction - up;
    let length = along.length();
    let theta = if length < 1e-6 { Vec3::new(sa * ct, ca * ct, -st) } else { along / length };
    [theta, direction.cross(theta)]
}

/// The field after reflecting, along the unit vector `incoming`, at a surface of unit `normal` (either side).
pub fn reflect(field: Field, incoming: Vec3, normal: Vec3, layer: &Layer) -> Field {
    let along = incoming.dot(normal);
    let outgoing = incoming - 2.0 * along * normal;
    scale(field, incoming, normal, outgoing, layer.reflection(along.abs().min(1.0)))
}

/// The field after going straight through it.
pub fn transmit(field: Field, incoming: Vec3, normal: Vec3, layer: &Layer) -> Field {
    let along = incoming.dot(normal);
    scale(field, incoming, normal, incoming, layer.transmission(along.abs().min(1.0)))
}

/// Takes the field apart across and along the plane of incidence, scales both parts, and puts it together for a wave that
/// leaves along `outgoing`.
fn scale(field: Field, incoming: Vec3, normal: Vec3, outgoing: Vec3, by: Coefficients) -> Field {
    let across = incoming.cross(normal);
    // At normal incidence any direction across will do.
    let across = if across.length_squared() < 1e-12 { normal.any_orthonormal_vector() } else { across.normalize() };
    let (plane_in, plane_out) = (across.cross(incoming), across.cross(outgoing));
    let part = |axis: Vec3| Complex::new(field.0.dot(axis), field.1.dot(axis));
    let (te, tm) = (by.te * part(across), by.tm * part(plane_in));
    (te.re * across + tm.re * plane_out, te.im * across + tm.im * plane_out)
}

/// The way over an edge at `point`, for a wave that comes along `incoming` from `before` metres away and goes on along
/// `outgoing` for `after` metres, both counted along the path. `None` where no ray leads that way, which is so inside of the
/// wedge and at its ends.
pub(super) fn way_over(edge: &Bend, [point, incoming, outgoing]: [Vec3; 3], [before, after]: [f32; 2]) -> Option<Ray> {
    let wide = Vec3::as_dvec3;
    let from = wide(point) - wide(incoming) * f64::from(before);
    let to = wide(point) + wide(outgoing) * f64::from(after);
    edge.wedge.ray(from, to)
}

/// The field after bending about an edge on such a way, which is point, direction before and behind it, and metres. Spreading
/// as over an unbent way of that length is left out, so that it can be taken of the whole path. Zero where no ray leads that
/// way.
pub fn bend(field: Field, bend: &Bend, way: [Vec3; 3], metres: [f32; 2], layers: &[Layer], frequency: Hertz) -> Field {
    let wide = Vec3::as_dvec3;
    let faces = bend.surfaces.map(|s| Face::Layer(layers[s as usize]));
    let beyond = way_over(bend, way, metres).and_then(|ray| {
        let (re, im) = diffract(&bend.wedge, &ray, frequency.wavelength(), &faces, (wide(field.0), wide(field.1)))?;
        let unspread = (ray.before + ray.after) / ray.before;
        Some(((re * unspread).as_vec3(), (im * unspread).as_vec3()))
    });
    beyond.unwrap_or_default()
}

/// The field vector at the receiver for a unit field at the antenna, without spreading and without the phase of the
/// way. `layers` are the scene's surfaces at `frequency`.
pub fn transport(path: &Path, start: Vec3, layers: &[Layer], frequency: Hertz) -> Field {
    let mut field = (start, Vec3::ZERO);
    let (mut at, mut behind) = (path.from, 0.0);
    let mut ahead = path.points().skip(2);
    for met in path.interactions() {
        let incoming = (met.point - at).normalize_or_zero();
        let layer = &layers[met.surface as usize];
        behind += met.point.distance(at);
        let next = ahead.next().unwrap_or(path.to);
        field = match (met.kind, &path.bend) {
            (Kind::Reflection, _) => reflect(field, incoming, met.normal, layer),
            (Kind::Transmission, _) => transmit(field, incoming, met.normal, layer),
            (Kind::Diffraction, Some(edge)) => {
                let way = [met.point, incoming, (next - met.point).normalize_or_zero()];
                bend(field, edge, way, [behind, path.length() - behind], layers, frequency)
            }
            (Kind::Diffraction, None) => Field::default(),
        };
        at = met.point;
    }
    field
}

/// Path gain as a ratio of powers, antenna included. `layers` are the scene's surfaces at the beam's frequency.
pub fn gain(path: &Path, beam: &Beam, layers: &[Layer]) -> f32 {
    let (scale, field, along) = arriving(path, beam, layers);
    scale * beam.received(field, along)
}

/// What a path brings to both of the receiver's ports, one for each polarisation: amplitudes whose squares add up to
/// [`gain`], with the phase of all that the path meets and of a way of `metres`, e^{−j2πd/λ}. The second is 0 where
/// receivers are polarised. Sums of them over paths are what interferes.
pub fn voltages(path: &Path, metres: f64, beam: &Beam, layers: &[Layer]) -> [Complex64; 2] {
    let (scale, field, along) = arriving(path, beam, layers);
    let (sin, cos) = (-TAU * (metres / beam.frequency.wavelength()).fract()).sin_cos();
    let way = f64::from(scale).sqrt() * Complex64::new(cos, sin);
    beam.axes(along).map(|axis| way * Complex64::new(field.0.dot(axis).into(), field.1.dot(axis).into()))
}

/// The unit vector towards where a path comes from, as seen by the receiver.
pub(super) fn came_from(path: &Path) -> Vec3 {
    let last = path.interactions().last().map_or(path.from, |b| b.point);
    (last - path.to).normalize_or(Vec3::NEG_X)
}

/// Spreading and both antennas, the field without them, and where it heads as it arrives.
fn arriving(path: &Path, beam: &Beam, layers: &[Layer]) -> (f32, Field, Vec3) {
    let first = path.interactions().first().map_or(path.to, |b| b.point);
    let departure = (first - path.from).normalize_or(Vec3::X);
    let field = transport(path, polarisation(&beam.pointing, departure), layers, beam.frequency);
    let antenna = 10f32.powf(0.1 * beam.pointing.gain_dbi(departure));
    let from = came_from(path);
    let heard = beam.receiver.pattern.gain(from, path.from - path.to);
    (free_space(path.length(), beam.frequency) * antenna * heard, field, -from)
}

/// (λ/4πd)², at no less than one wavelength, where the far field begins.
pub fn free_space(distance: f32, frequency: Hertz) -> f32 {
    let wavelength = frequency.wavelength() as f32;
    (wavelength / (4.0 * PI * distance.max(wavelength))).powi(2)
}
