//! The shaders' uniforms, field by field as in their `Params`.

use crate::antenna::{Pattern, Polarisation};
use crate::city::{Canopy, Terrain};
use crate::trace::discover::{Aim, Net};
use crate::trace::field::Beam;
use crate::trace::task::{Diffraction, Task};
use bytemuck::{Pod, Zeroable};

/// Most beams in one pass.
pub const BEAMS: usize = 4;
/// The direct way pays the loss over the rooftops.
const DIFFRACTION: u32 = 1;

/// `Ground` of `ground.wgsl`; flat where it has no side.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
struct Ground {
    origin: [f32; 2],
    cell: f32,
    side: u32,
}

impl Ground {
    fn of(terrain: Option<&Terrain>) -> Self {
        let flat = Self { origin: [0.0; 2], cell: 1.0, side: 0 };
        terrain.map_or(flat, |t| Self { origin: t.origin().as_vec2().into(), cell: t.cell(), side: t.side() })
    }
}

/// `Params` of `discover.wgsl`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct DiscoverParams {
    transmitter: [f32; 3],
    height: f32,
    origin: [f32; 2],
    side: f32,
    ceiling: f32,
    tiles: [u32; 2],
    reach: f32,
    rays: u32,
    /// First ray of this pass.
    pub first: u32,
    /// Number of rays in this pass.
    pub count: u32,
    depth: u32,
    padding: u32,
    ground: Ground,
}

impl DiscoverParams {
    /// For a task, without rays yet.
    pub fn new(task: &Task<'_>, net: &Net<'_>, aim: &Aim<'_>, depth: u32) -> Self {
        Self {
            transmitter: task.transmitter.into(),
            height: task.height,
            origin: net.tiling.origin.into(),
            side: net.tiling.side,
            ceiling: net.ceiling,
            tiles: net.tiling.count.into(),
            reach: aim.reach,
            rays: aim.rays,
            depth,
            ground: Ground::of(net.level.ground),
            ..Self::zeroed()
        }
    }
}

/// `Beam` of `field.wgsl`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
struct BeamParams {
    right: [f32; 3],
    /// Half-power beamwidth in azimuth, degrees; 0 of an isotropic antenna.
    horizontal: f32,
    ahead: [f32; 3],
    wavelength: f32,
    up: [f32; 3],
    /// Half-power beamwidth in elevation, degrees.
    vertical: f32,
    sent: [f32; 2],
    heard: [f32; 2],
}

impl From<&Beam> for BeamParams {
    fn from(beam: &Beam) -> Self {
        let (sa, ca) = beam.pointing.azimuth_deg.to_radians().sin_cos();
        let (st, ct) = beam.pointing.downtilt_deg.to_radians().sin_cos();
        let [horizontal, vertical] = match beam.pointing.pattern {
            Pattern::Isotropic => [0.0; 2],
            Pattern::Tr38901 => beam.pointing.beamwidths_deg,
        };
        Self {
            right: [ca, -sa, 0.0],
            horizontal,
            ahead: [sa * ct, ca * ct, -st],
            wavelength: beam.frequency.wavelength() as f32,
            up: [sa * st, ca * st, ct],
            vertical,
            sent: beam.pointing.polarisation.parts(),
            heard: beam.receiver.polarisation.map_or([0.0; 2], Polarisation::parts),
        }
    }
}

/// `Params` of `gather.wgsl`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct GatherParams {
    transmitter: [f32; 3],
    depth: u32,
    origin: [f32; 2],
    cell: f32,
    /// First receiver whose height is in the buffer.
    pub base: u32,
    nx: u32,
    /// First receiver of this pass.
    pub first: u32,
    /// Number of receivers in this pass.
    pub count: u32,
    /// Receivers in a cell, at least one.
    pub samples: u32,
    tiles_x: u32,
    tile_cells: u32,
    starts: u32,
    surfaces: u32,
    beams: u32,
    flags: u32,
    raster_size: [u32; 2],
    raster_origin: [f32; 2],
    raster_cell: f32,
    /// Where the receivers' heights begin in the buffer of heights.
    pub stands: u32,
    ground: Ground,
    /// Where the crowns begin there; 0 where there are none.
    pub crowns: u32,
    highest_crown: f32,
    padding: [u32; 2],
    beam: [BeamParams; BEAMS],
}

impl GatherParams {
    /// For a task of at most [`BEAMS`] beams, without receivers yet; `starts` is the number of list beginnings.
    pub fn new(task: &Task<'_>, starts: u32) -> Self {
        let tiling = task.tiling();
        let mut beam = [BeamParams::zeroed(); BEAMS];
        for (to, from) in beam.iter_mut().zip(task.beams) {
            *to = from.into();
        }
        let raster = task.roofs.map(|r| ([r.nx, r.ny], r.origin.as_vec2().into(), r.cell));
        let (raster_size, raster_origin, raster_cell) = raster.unwrap_or(([0, 0], [0.0, 0.0], 1.0));
        let flag = |on: bool, bit: u32| if on { bit } else { 0 };
        Self {
            transmitter: task.transmitter.into(),
            depth: task.depth as u32,
            origin: tiling.origin.into(),
            cell: task.grid.cell as f32,
            nx: task.grid.nx,
            samples: task.samples(),
            tiles_x: tiling.count.x,
            tile_cells: tiling.cells,
            starts,
            surfaces: task.scene.surfaces.len() as u32,
            beams: task.beams.len() as u32,
            flags: flag(task.roofs.is_some() && task.diffraction == Diffraction::Rooftops, DIFFRACTION),
            raster_size,
            raster_origin,
            raster_cell,
            ground: Ground::of(task.level().ground),
            highest_crown: task.woods.map_or(0.0, Canopy::highest),
            beam,
            ..Self::zeroed()
        }
    }
}
