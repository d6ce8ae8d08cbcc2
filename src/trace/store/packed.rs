//! A store and a signal model as the GPU takes them, in f32.

use super::aim::SLOPES;
use super::evaluate::Evaluation;
use super::model::{MATERIALS, Parameter};
use super::{Bent, BentFace, Meeting, PathStore};
use bytemuck::{Pod, Zeroable};
use num_complex::Complex64;

/// Where an offset's slope, which is 1, is taken from: behind those of materials and of the antenna.
const OFFSET: u32 = (4 * MATERIALS + SLOPES) as u32;
/// A meeting's kind stands above the bits of its index.
const KIND_SHIFT: u32 = 30;

/// `Params` of `evaluate.wgsl`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(in crate::trace) struct Params {
    /// Sine and cosine.
    azimuth: [f32; 2],
    downtilt: [f32; 2],
    sent: [f32; 2],
    /// Zeros where everything is taken in.
    heard: [f32; 2],
    peak: f32,
    /// One over the beamwidths.
    narrowness: [f32; 2],
    front_to_back: f32,
    side_lobes: f32,
    offset: f32,
    /// First receiver of this pass.
    pub first: u32,
    /// Number of receivers in this pass.
    pub count: u32,
    columns: u32,
    padding: u32,
}

/// `Trail` of `evaluate.wgsl`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
struct PackedTrail {
    departure: [f32; 3],
    spread: f32,
    turn: [f32; 2],
    first: u32,
    padding: u32,
}

/// `Meeting` of `evaluate.wgsl`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
struct PackedMeeting {
    what: u32,
    cos: f32,
    turn: [f32; 2],
}

/// `Bent` of `evaluate.wgsl`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
struct PackedBent {
    direct: [f32; 2],
    surfaces: [u32; 2],
    faces: [PackedFace; 2],
}

/// `Face` of `evaluate.wgsl`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
struct PackedFace {
    share: [f32; 2],
    cos: f32,
    padding: f32,
    entering: [f32; 2],
    leaving: [f32; 2],
}

/// `Sheet` of `evaluate.wgsl`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct PackedSheet {
    pub eta: [f32; 2],
    pub eta_by_conductivity: f32,
    /// Negative for a half-space.
    pub thickness: f32,
    pub specular: f32,
    pub log_by_scattering: f32,
    pub roughness: f32,
    pub depth: f32,
    /// Of its material's slopes, the first.
    pub slot: u32,
    pub padding: u32,
}

/// A store as the shader is given it.
pub(in crate::trace) struct PackedStore<'a> {
    starts: &'a [u32],
    trails: Vec<PackedTrail>,
    meetings: Vec<PackedMeeting>,
    bends: Vec<PackedBent>,
}

impl<'a> PackedStore<'a> {
    /// That of a store.
    pub fn of(store: &'a PathStore) -> Self {
        let end = PackedTrail { first: store.meetings.len() as u32, ..PackedTrail::zeroed() };
        let trail = |i: usize| PackedTrail {
            departure: store.trails[i].departure.into(),
            spread: store.spread(i) as f32,
            turn: store.trails[i].turn,
            first: store.trails[i].first,
            padding: 0,
        };
        let meeting =
            |m: &Meeting| PackedMeeting { what: (m.kind as u32) << KIND_SHIFT | m.index, cos: m.cos, turn: m.turn };
        Self {
            starts: &store.starts,
            trails: (0..store.trails.len()).map(trail).chain([end]).collect(),
            meetings: store.meetings.iter().map(meeting).collect(),
            bends: store.bends.iter().map(PackedBent::from).collect(),
        }
    }

    /// The buffers, in the order of their bindings.
    pub fn inputs(&self) -> [&[u8]; 4] {
        [
            bytemuck::cast_slice(self.starts),
            bytemuck::cast_slice(&self.trails),
            bytemuck::cast_slice(&self.meetings),
            bytemuck::cast_slice(&self.bends),
        ]
    }
}

/// A signal model likewise.
pub(in crate::trace) struct PackedModel {
    /// The uniform, without receivers yet.
    pub params: Params,
    sheets: Vec<PackedSheet>,
    columns: Vec<u32>,
}

impl PackedModel {
    /// That of an evaluation, for derivatives by `parameters`.
    pub fn of(evaluation: &Evaluation<'_>, parameters: &[Parameter]) -> Self {
        let aim = &evaluation.aim;
        let narrow = |pair: [f64; 2]| pair.map(|v| v as f32);
        let params = Params {
            azimuth: narrow(aim.azimuth),
            downtilt: narrow(aim.downtilt),
            sent: aim.polarisation.parts(),
            heard: narrow(evaluation.receiver.unwrap_or_default()),
            peak: aim.element.peak_dbi as f32,
            narrowness: narrow([aim.element.horizontal_deg.recip(), aim.element.vertical_deg.recip()]),
            front_to_back: aim.element.front_to_back_db as f32,
            side_lobes: aim.element.side_lobes_db as f32,
            offset: evaluation.offset as f32,
            columns: parameters.len() as u32,
            ..Params::zeroed()
        };
        Self {
            params,
            sheets: evaluation.sheets.iter().map(super::sheet::Sheet::packed).collect(),
            columns: parameters.iter().map(|p| slot(*p)).collect(),
        }
    }

    /// The buffers, in the order of their bindings, behind those of the store.
    pub fn inputs(&self) -> [&[u8]; 2] {
        [bytemuck::cast_slice(&self.sheets), bytemuck::cast_slice(&self.columns)]
    }
}

/// Where the shader sums the slopes by a parameter.
fn slot(parameter: Parameter) -> u32 {
    let antenna = |i: u32| 4 * MATERIALS as u32 + i;
    match parameter {
        Parameter::Relative(m) => 4 * m as u32,
        Parameter::Conductivity(m) => 4 * m as u32 + 1,
        Parameter::Scattering(m) => 4 * m as u32 + 2,
        Parameter::Roughness(m) => 4 * m as u32 + 3,
        Parameter::Peak => antenna(0),
        Parameter::Horizontal => antenna(1),
        Parameter::Vertical => antenna(2),
        Parameter::FrontToBack => antenna(3),
        Parameter::SideLobes => antenna(4),
        Parameter::Azimuth => antenna(5),
        Parameter::Downtilt => antenna(6),
        Parameter::Offset | Parameter::ReceiverOffset => OFFSET,
    }
}

fn complex(z: Complex64) -> [f32; 2] {
    [z.re as f32, z.im as f32]
}

impl From<&Bent> for PackedBent {
    fn from(bent: &Bent) -> Self {
        let face = |f: BentFace| {
            let [entering, leaving] = f.turns.map(|t| t.map(|v| v as f32));
            PackedFace { share: complex(f.share), cos: f.cos as f32, padding: 0.0, entering, leaving }
        };
        Self { direct: complex(bent.direct), surfaces: bent.faces.map(|f| f.surface), faces: bent.faces.map(face) }
    }
}
