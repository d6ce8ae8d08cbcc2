//! Power of stored paths, and its derivatives by every parameter at once.

use super::aim::{Aim, SLOPES, Sent};
use super::model::{MATERIALS, ModelError, Parameter, SignalModel};
use super::sheet::{Response, Sheet};
use super::{Bent, Meeting, PathStore};
use crate::trace::path::{Kind, MAX_ORDER};
use crate::trace::scene::Surface;
use num_complex::Complex64;
use std::f64::consts::LN_10;

/// A weaker path brings nothing, −2000 dB: near the least number that there is decibels have no slope.
const LEAST_POWER: f64 = 1e-200;

/// The two components of a field.
type Pair = [Complex64; 2];

/// By εr, σ, S and roughness of a material.
type OfMaterial = [f64; 4];

/// Derivatives of a power by every parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gradient {
    materials: [OfMaterial; MATERIALS],
    antenna: [f64; SLOPES],
    offsets: f64,
}

impl Gradient {
    const ZERO: Self = Self { materials: [[0.0; 4]; MATERIALS], antenna: [0.0; SLOPES], offsets: 0.0 };

    /// By one of them.
    pub fn by(&self, parameter: Parameter) -> f64 {
        let [peak, horizontal, vertical, front_to_back, side_lobes, azimuth, downtilt] = self.antenna;
        match parameter {
            Parameter::Relative(m) => self.materials[m as usize][0],
            Parameter::Conductivity(m) => self.materials[m as usize][1],
            Parameter::Scattering(m) => self.materials[m as usize][2],
            Parameter::Roughness(m) => self.materials[m as usize][3],
            Parameter::Peak => peak,
            Parameter::Horizontal => horizontal,
            Parameter::Vertical => vertical,
            Parameter::FrontToBack => front_to_back,
            Parameter::SideLobes => side_lobes,
            Parameter::Azimuth => azimuth,
            Parameter::Downtilt => downtilt,
            Parameter::Offset | Parameter::ReceiverOffset => self.offsets,
        }
    }

    /// From derivatives of a power to those of its decibels; none where there is no power.
    fn in_decibels(mut self, power: f64) -> Self {
        let scale = if power > 0.0 { 10.0 / (LN_10 * power) } else { 0.0 };
        let all = self.materials.iter_mut().flatten().chain(&mut self.antenna);
        all.for_each(|v| *v *= scale);
        self.offsets = if power > 0.0 { 1.0 } else { 0.0 };
        self
    }
}

/// A store with a signal model: what its paths bring.
#[derive(Clone, Debug)]
pub struct Evaluation<'a> {
    pub(super) store: &'a PathStore,
    pub(super) aim: Aim,
    pub(super) sheets: Vec<Sheet>,
    /// What receivers take in of both components; all where `None`.
    pub(super) receiver: Option<[f64; 2]>,
    /// Both offsets, as a ratio of powers.
    pub(super) offset: f64,
}

/// One interaction on the way.
#[derive(Clone, Copy, Default)]
struct Step {
    /// The field that comes in.
    field: Pair,
    response: Response,
}

impl<'a> Evaluation<'a> {
    /// Of `store` with `model`.
    pub fn new(store: &'a PathStore, model: &SignalModel) -> Result<Self, ModelError> {
        model.check()?;
        let sheet = |surface: &Surface| {
            let material = surface.material as usize;
            Sheet::new(material, &model.materials[material], surface.thickness.map(f64::from), store.frequency)
        };
        Ok(Self {
            store,
            aim: Aim::of(model),
            sheets: store.surfaces.iter().map(sheet).collect(),
            receiver: model.receiver.map(|r| r.parts().map(f64::from)),
            offset: 10f64.powf(0.1 * (model.offset_db + model.receiver_offset_db)),
        })
    }

    /// What is evaluated.
    pub fn store(&self) -> &'a PathStore {
        self.store
    }

    /// What path number `trail` brings, as a ratio of powers: [`crate::trace::field::gain`] with both offsets.
    pub fn path(&self, trail: usize) -> f64 {
        let Some(kept) = self.store.trails.get(trail) else { return 0.0 };
        let sent = self.aim.towards(kept.departure.as_dvec3().normalize());
        let field = self.forth(trail, sent.field, |_, _| ());
        audible(self.scale(trail, &sent) * self.taken(field).0)
    }

    /// What a receiver gets over all its paths, as a ratio of powers: their sum, without phases. 0 where none arrives.
    pub fn power(&self, receiver: usize) -> f64 {
        self.store.of_receiver(receiver).map(|i| self.path(i)).sum()
    }

    /// The gain of a path, as a ratio of powers, and the derivatives of its decibels.
    pub fn path_gradient(&self, trail: usize) -> (f64, Gradient) {
        let mut sum = Gradient::ZERO;
        let power = self.add(trail, &mut sum);
        (power, sum.in_decibels(power))
    }

    /// The gain of a receiver, as a ratio of powers, and the derivatives of its decibels; all 0 where no path arrives.
    pub fn gradient(&self, receiver: usize) -> (f64, Gradient) {
        let mut sum = Gradient::ZERO;
        let power = self.store.of_receiver(receiver).map(|i| self.add(i, &mut sum)).sum();
        (power, sum.in_decibels(power))
    }

    /// The gain of a receiver in dB, and in `row` its derivatives by these parameters: a row of the Jacobian. Where no path
    /// arrives the gain is −∞ and the derivatives are 0.
    pub fn row(&self, receiver: usize, parameters: &[Parameter], row: &mut [f64]) -> f64 {
        let (power, gradient) = self.gradient(receiver);
        row.iter_mut().zip(parameters).for_each(|(entry, parameter)| *entry = gradient.by(*parameter));
        10.0 * power.log10()
    }

    /// All that scales the field's power: spreading, the antenna, both offsets.
    fn scale(&self, trail: usize, sent: &Sent) -> f64 {
        self.store.spread(trail) * self.offset * 10f64.powf(0.1 * sent.gain_dbi)
    }

    /// Carries a field along a path; tells of each interaction what comes in, and what it does where it is a surface.
    #[inline]
    fn forth(&self, trail: usize, start: [f64; 2], mut tell: impl FnMut(usize, Step)) -> Pair {
        let mut field = start.map(Complex64::from);
        for (i, meeting) in self.store.meetings(trail).iter().enumerate() {
            field = turned(field, meeting.turn.map(f64::from));
            let response = self.response(meeting);
            tell(i, Step { field, response });
            field = match meeting.kind {
                Kind::Diffraction => self.bend(&self.store.bends[meeting.index as usize], field),
                _ => [response.by[0] * field[0], response.by[1] * field[1]],
            };
        }
        turned(field, self.store.trails[trail].turn.map(f64::from))
    }

    #[inline]
    fn response(&self, meeting: &Meeting) -> Response {
        match meeting.kind {
            Kind::Reflection => self.sheets[meeting.index as usize].reflection(meeting.cos.into()),
            Kind::Transmission => self.sheets[meeting.index as usize].transmission(meeting.cos.into()),
            Kind::Diffraction => Response::default(),
        }
    }

    fn bend(&self, bent: &Bent, field: Pair) -> Pair {
        let mut beyond = field.map(|c| bent.direct * c);
        for face in &bent.faces {
            let by = self.sheets[face.surface as usize].reflection(face.cos).by;
            let within = turned(field, face.turns[0]);
            let back = turned([by[0] * within[0], by[1] * within[1]], face.turns[1]);
            beyond.iter_mut().zip(back).for_each(|(sum, part)| *sum += face.share * part);
        }
        beyond
    }

    /// The power that a receiver takes from a field, and its adjoint: half the derivative by the field's conjugate.
    fn taken(&self, field: Pair) -> (f64, Pair) {
        match self.receiver {
            None => (field[0].norm_sqr() + field[1].norm_sqr(), field),
            Some([a, b]) => {
                let along = field[0] * a + field[1] * b;
                (along.norm_sqr(), [along * a, along * b])
            }
        }
    }

    /// Adds a path's derivatives to `sum`; its power.
    fn add(&self, trail: usize, sum: &mut Gradient) -> f64 {
        let Some(kept) = self.store.trails.get(trail) else { return 0.0 };
        let sent = self.aim.towards(kept.departure.as_dvec3().normalize());
        let mut steps = [Step::default(); MAX_ORDER];
        let field = self.forth(trail, sent.field, |i, step| {
            if let Some(place) = steps.get_mut(i) {
                *place = step;
            }
        });
        let (taken, adjoint) = self.taken(field);
        let scale = self.scale(trail, &sent);
        let power = audible(scale * taken);
        if power == 0.0 {
            return power;
        }
        let mut adjoint = turned_back(adjoint, kept.turn.map(f64::from));
        for (meeting, step) in self.store.meetings(trail).iter().zip(&steps).rev() {
            adjoint = if meeting.kind == Kind::Diffraction {
                self.bend_back(&self.store.bends[meeting.index as usize], step.field, adjoint, scale, sum)
            } else {
                let sheet = &self.sheets[meeting.index as usize];
                back(sheet, &step.response, step.field, adjoint, scale, sum)
            };
            adjoint = turned_back(adjoint, meeting.turn.map(f64::from));
        }
        for (sum, slope) in sum.antenna.iter_mut().zip(sent.slopes) {
            *sum += power * slope * (LN_10 / 10.0);
        }
        for (sum, turning) in sum.antenna[SLOPES - 2..].iter_mut().zip(sent.turning) {
            *sum += scale * 2.0 * (adjoint[0].re * turning[0] + adjoint[1].re * turning[1]);
        }
        power
    }

    /// Brings the adjoint back over an edge, and adds what its faces tell.
    fn bend_back(&self, bent: &Bent, field: Pair, adjoint: Pair, scale: f64, sum: &mut Gradient) -> Pair {
        let mut before = adjoint.map(|c| bent.direct.conj() * c);
        for face in &bent.faces {
            let sheet = &self.sheets[face.surface as usize];
            let response = sheet.reflection(face.cos);
            let within = turned(field, face.turns[0]);
            let beyond = turned_back(adjoint.map(|c| face.share.conj() * c), face.turns[1]);
            let part = turned_back(back(sheet, &response, within, beyond, scale, sum), face.turns[0]);
            before.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        before
    }
}

/// A path's power, or none where it is weaker than [`LEAST_POWER`].
fn audible(power: f64) -> f64 {
    if power < LEAST_POWER { 0.0 } else { power }
}

/// Brings the adjoint back through a surface, and adds what that tells of its material.
#[inline]
fn back(sheet: &Sheet, response: &Response, field: Pair, adjoint: Pair, scale: f64, sum: &mut Gradient) -> Pair {
    let along = |by: &Pair| adjoint[0].conj() * by[0] * field[0] + adjoint[1].conj() * by[1] * field[1];
    let (by_eta, whole) = (along(&response.by_eta), along(&response.by).re);
    let [relative, conductivity, scattering, roughness] = &mut sum.materials[sheet.material];
    *relative += 2.0 * scale * by_eta.re;
    *conductivity += 2.0 * scale * by_eta.im * sheet.eta_by_conductivity;
    *scattering += 2.0 * scale * whole * response.log_by_scattering;
    *roughness += 2.0 * scale * whole * response.log_by_roughness;
    [response.by[0].conj() * adjoint[0], response.by[1].conj() * adjoint[1]]
}

/// A field in axes that stand by this angle from its own.
#[inline]
fn turned([a, b]: Pair, [cos, sin]: [f64; 2]) -> Pair {
    [a * cos + b * sin, b * cos - a * sin]
}

/// And back.
#[inline]
fn turned_back([a, b]: Pair, [cos, sin]: [f64; 2]) -> Pair {
    [a * cos - b * sin, b * cos + a * sin]
}
