//! Traced paths kept for a list of receivers: their power, and its exact derivatives, without tracing again.
//!
//! What a path goes through does not depend on materials, patterns or powers. So it is traced once and kept as little more
//! than angles; the field along it is then two complex numbers, which every interaction scales and every leg turns:
//!
//! E = T̂ₙ₊₁ Dₙ T̂ₙ … D₁ T̂₁ p, gain = (λ/4πd)² · G(departure) · |E|² (or |w·E|² of a polarised receiver),
//!
//! with T̂ a turn between one pair of axes across a leg and the next, D the coefficients of ITU-R P.2040 (or the dyad of an
//! edge) in the axes of the interaction, and p the antenna's polarisation in the axes of the departure. It is the field of
//! [`super::field`], to rounding. Paths add in power, as on maps.
//!
//! Derivatives are of the same formula: the field goes forth, its adjoint comes back, and each interaction gives the slope
//! of its own coefficients. A whole gradient costs about twice the power itself, whatever the number of unknowns.
//!
//! A store is of one transmitter and one carrier: the share of a wave that an edge bends, and the losses over rooftops and in
//! leaves, are of the wavelength and kept as constants of the path. What is *not* in it: what rough walls scatter, which paths do not
//! carry (the scattering coefficient here takes from mirrored waves and gives nothing back), and all that moves geometry.
//! Derivatives by the position and the height of the mast are finite differences over traces of their own.
//!
//! | file | what lives there |
//! |---|---|
//! | this | [`PathStore`] and what it keeps |
//! | `record` | a path as turns and angles |
//! | `collect` | [`collect`]: a list of points, traced |
//! | `model` | [`SignalModel`]: all that power depends on besides paths; [`Parameter`] |
//! | `sheet` | coefficients of a surface and their slopes |
//! | `aim` | gain and polarisation of an antenna towards a direction, and their slopes |
//! | `evaluate` | [`Evaluation`]: power and gradients |
//! | `packed` | both as the GPU takes them |

mod aim;
mod collect;
mod evaluate;
mod model;
#[cfg(feature = "gpu")]
pub(super) mod packed;
mod record;
mod sheet;

pub use collect::{MOST_PATHS, MOST_POINTS, StoreError, collect};
pub use evaluate::{Evaluation, Gradient};
pub use model::{ModelError, Parameter, Properties, SignalModel};

use super::path::{Kind, Path};
use super::scene::Surface;
use crate::material::Material;
use crate::units::{Hertz, SPEED_OF_LIGHT};
use glam::Vec3;
use num_complex::Complex64;
use std::f64::consts::PI;
use std::ops::Range;

/// Cosine and sine of the angle by which one pair of axes across a leg stands from the next. A pair is a unit vector e and
/// e × k, for a wave along k.
pub(crate) type Turn = [f32; 2];

/// Where a path meets something, 20 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Meeting {
    /// What happens.
    pub kind: Kind,
    /// The surface met; of an edge, its number among the store's bends.
    pub index: u32,
    /// Cosine of the angle of incidence; 0 at an edge.
    pub cos: f32,
    /// From the axes before to those of this interaction.
    turn: Turn,
}

/// What an edge does to the wave of one path: M = direct · 1 + Σ share · T̂′ D T̂ over its two faces, from the edge's axes
/// before to those behind it ([`super::utd`]).
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bent {
    /// D₁ + D₂, the terms of the shadow boundaries.
    direct: Complex64,
    faces: [BentFace; 2],
}

/// A face of an edge that a path bends about. In f64: near grazing incidence the terms cancel to a thousandth of each.
#[derive(Clone, Copy, Debug, PartialEq)]
struct BentFace {
    surface: u32,
    /// D₄ of face 0, D₃ of face n.
    share: Complex64,
    cos: f64,
    /// From the edge's axes to those of the plane of incidence, and from there to the edge's axes of the mirrored wave.
    turns: [[f64; 2]; 2],
}

/// A path as kept, 48 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trail {
    /// Metres from transmitter to receiver along the path.
    pub length: f32,
    /// What is left of its power behind obstacles that no surface stands for: 1, or less over rooftops and in leaves.
    pub left: f32,
    /// Unit direction at the transmitter.
    pub departure: Vec3,
    /// Unit direction at the receiver, onwards.
    pub arrival: Vec3,
    /// From the axes of its last interaction to those of the world at the receiver.
    turn: Turn,
    /// Its first interaction.
    first: u32,
}

impl Trail {
    /// Seconds that a wave takes along it.
    pub fn delay(&self) -> f64 {
        f64::from(self.length) / SPEED_OF_LIGHT
    }
}

/// Paths from one transmitter to a list of receivers, at one carrier.
#[derive(Clone, Debug, PartialEq)]
pub struct PathStore {
    frequency: Hertz,
    surfaces: Vec<Surface>,
    /// Paths of receiver `i` are `starts[i]..starts[i + 1]`.
    starts: Vec<u32>,
    trails: Vec<Trail>,
    meetings: Vec<Meeting>,
    bends: Vec<Bent>,
    left_out: usize,
}

impl PathStore {
    /// A store without receivers, for paths that meet `surfaces` at `frequency`.
    pub fn new(frequency: Hertz, surfaces: &[Surface]) -> Self {
        let surfaces = surfaces.to_vec();
        let (trails, meetings, bends) = (Vec::new(), Vec::new(), Vec::new());
        Self { frequency, surfaces, starts: vec![0], trails, meetings, bends, left_out: 0 }
    }

    /// Adds a receiver and its paths, each with the share of its power that is left behind what no surface stands for (1, or
    /// less over rooftops). A path that meets a surface which is not among the store's is left out and counted.
    pub fn push<'a>(&mut self, paths: impl IntoIterator<Item = (&'a Path, f32)>) {
        for (path, left) in paths {
            let bent = path.bend.iter().flat_map(|b| b.surfaces);
            let mut met = path.interactions().iter().map(|m| m.surface).chain(bent);
            if met.all(|surface| (surface as usize) < self.surfaces.len()) {
                self.record(path, left);
            } else {
                self.left_out += 1;
            }
        }
        self.starts.push(self.trails.len() as u32);
    }

    /// Adds the receivers of `other` behind its own.
    fn append(&mut self, other: &Self) {
        let [trails, meetings, bends] = [self.trails.len(), self.meetings.len(), self.bends.len()].map(|n| n as u32);
        self.starts.extend(other.starts[1..].iter().map(|s| s + trails));
        self.trails.extend(other.trails.iter().map(|t| Trail { first: t.first + meetings, ..*t }));
        self.meetings.extend(other.meetings.iter().map(|m| {
            let shift = if m.kind == Kind::Diffraction { bends } else { 0 };
            Meeting { index: m.index + shift, ..*m }
        }));
        self.bends.extend(&other.bends);
        self.left_out += other.left_out;
    }

    /// The carrier.
    pub fn frequency(&self) -> Hertz {
        self.frequency
    }

    /// What paths meet.
    pub fn surfaces(&self) -> &[Surface] {
        &self.surfaces
    }

    /// Number of receivers.
    pub fn receivers(&self) -> usize {
        self.starts.len() - 1
    }

    /// The paths, receiver after receiver.
    pub fn trails(&self) -> &[Trail] {
        &self.trails
    }

    /// Which of them are a receiver's; none where there is no such receiver.
    pub fn of_receiver(&self, receiver: usize) -> Range<usize> {
        let bounds = self.starts.get(receiver..=receiver.saturating_add(1));
        bounds.map_or(0..0, |b| b[0] as usize..b[1] as usize)
    }

    /// What path number `trail` meets, from the transmitter on.
    pub fn meetings(&self, trail: usize) -> &[Meeting] {
        let start = |i: usize| self.trails.get(i).map_or(self.meetings.len(), |t| t.first as usize);
        &self.meetings[start(trail)..start(trail.saturating_add(1))]
    }

    /// The materials of the surfaces that paths meet or bend about, each as often as they do.
    pub fn met(&self) -> impl Iterator<Item = Material> {
        let of = |meeting: &Meeting| match meeting.kind {
            Kind::Diffraction => self.bends[meeting.index as usize].faces.map(|face| face.surface),
            _ => [meeting.index; 2],
        };
        let surfaces = self.meetings.iter().flat_map(of);
        surfaces.filter_map(|surface| self.surfaces.get(surface as usize)).map(|surface| surface.material)
    }

    /// Spreading along path number `trail`, and what is left of its power behind rooftops and leaves.
    fn spread(&self, trail: usize) -> f64 {
        let (kept, wavelength) = (&self.trails[trail], self.frequency.wavelength());
        (wavelength / (4.0 * PI * f64::from(kept.length).max(wavelength))).powi(2) * f64::from(kept.left)
    }

    /// Paths that were left out, mostly weak ones of a receiver with too many.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.trails)
            + size_of_val(&*self.meetings)
            + size_of_val(&*self.bends)
            + size_of_val(&*self.starts)
            + size_of_val(&*self.surfaces)
    }
}
