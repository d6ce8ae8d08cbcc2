//! What is to be traced: one transmitter over one grid of receivers in a scene, and how finely.

use super::discover::{Aim, Net, Tiling};
use super::edge::Edge;
use super::field::{Beam, Layer};
use super::gather::MAX_SAMPLES;
use super::level::Level;
use super::scene::{Scene, Surface};
use crate::city::{Canopy, HeightRaster};
use crate::coverage::Grid;
use crate::empirical::foliage_loss;
use crate::material::{Finish, Finishes};
use crate::scenario::Footing;
use crate::units::Hertz;
use glam::{UVec2, Vec2, Vec3};

/// The golden section of 1.
const GOLDEN_SHARE: f32 = 0.618_034;

/// Least share of an edge's length that it rises by where it counts as upright.
const UPRIGHT: f64 = 0.7;

/// How finely to trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sampling {
    /// Rays shot to find signatures.
    pub rays: u32,
    /// Receivers in a cell; their powers are averaged. One alone stands in the centre; Fibonacci numbers
    /// spread most evenly. The CPU measures the lit part of a cell wherever there are several, however many.
    pub samples: u32,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { rays: 1 << 17, samples: 1 }
    }
}

/// How waves get to where nothing shines straight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Diffraction {
    /// Not at all.
    #[default]
    None,
    /// The direct way pays a loss over the profile of the rooftops instead of ending at them: any number of roofs, one
    /// after the other, and nothing around corners. It needs [`Task::roofs`], without which nothing is diffracted.
    Rooftops,
    /// As [`Diffraction::Rooftops`], and around the upright edges of the scene, one edge a path.
    RooftopsAndCorners,
    /// As [`Diffraction::RooftopsAndCorners`], with a mirror before the edge, behind it, or both.
    RooftopsAndDetours,
    /// Over the edges of the scene, one edge a path, roofs and corners alike. The direct way ends at what stands in it, so
    /// no roof is counted twice.
    Edges,
    /// Nothing but paths over edges, as in the reference's maps of diffraction.
    EdgesAlone,
}

impl Diffraction {
    /// Whether paths lead over edges.
    pub const fn over_edges(self) -> bool {
        matches!(self, Self::RooftopsAndCorners | Self::RooftopsAndDetours | Self::Edges | Self::EdgesAlone)
    }

    /// Whether the direct way leads over the rooftops.
    pub const fn over_rooftops(self) -> bool {
        matches!(self, Self::Rooftops | Self::RooftopsAndCorners | Self::RooftopsAndDetours)
    }

    /// Whether paths lead over this edge: what lies is a roof's, which the profile reckons with already.
    pub fn bends_at(self, edge: &Edge) -> bool {
        !self.over_rooftops() || edge.wedge.along().z.abs() > UPRIGHT
    }
}

/// The share of a wave's power that `metres` of foliage leave of it.
pub fn left_by_leaves(metres: f32, frequency: Hertz) -> f32 {
    if metres > 0.0 { 10f32.powf(-0.1 * foliage_loss(metres, frequency)) } else { 1.0 }
}

/// One transmitter over one grid of receivers.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// What rays meet.
    pub scene: &'a Scene,
    /// The rooftops and the ground: cells under roofs have no prediction, receivers stand on the ground, and the direct way
    /// leads over both. `None` where the scene is not made of prisms: then every cell is outdoors, the ground is the plane
    /// z = 0, and the direct way is either clear or not there.
    pub roofs: Option<&'a HeightRaster>,
    /// How diffraction is reckoned with.
    pub diffraction: Diffraction,
    /// Where the antennas are, local metres.
    pub transmitter: Vec3,
    /// The antennas there.
    pub beams: &'a [Beam],
    /// The receivers' cells.
    pub grid: Grid,
    /// The receivers' height above what they stand on, metres.
    pub height: f32,
    /// What that is; without [`Task::roofs`] it is the ground.
    pub footing: Footing,
    /// Most interactions of a path.
    pub depth: usize,
    /// Whether paths go through walls that are layers.
    pub transmission: bool,
    /// How rough surfaces are; `None` where all are smooth.
    pub finishes: Option<&'a Finishes>,
    /// What paths come through besides air; `None` where there are no trees.
    pub woods: Option<&'a Canopy>,
    /// How finely.
    pub sampling: Sampling,
}

impl Task<'_> {
    /// The tiles of its candidate lists.
    pub fn tiling(&self) -> Tiling {
        Tiling::of(&self.grid)
    }

    /// Where receivers are.
    pub fn level(&self) -> Level<'_> {
        Level {
            ground: self.roofs.and_then(|r| r.ground.as_deref()),
            roofs: self.roofs.filter(|_| self.footing == Footing::Roofs),
            height: self.height,
        }
    }

    /// What rays that look for signatures come through.
    pub fn net(&self) -> Net<'_> {
        let level = self.level();
        Net { tiling: self.tiling(), level, ceiling: level.ceiling() }
    }

    /// Rays to look for signatures with: none where nothing is reflected.
    pub fn rays(&self) -> u32 {
        let reflects = self.depth > 0 && self.diffraction != Diffraction::EdgesAlone;
        if reflects { self.sampling.rays } else { 0 }
    }

    /// Where they are aimed.
    pub fn aim(&self) -> Aim<'_> {
        Aim::new(self.transmitter, self.level(), &self.grid, self.rays())
    }

    /// Whether the cell's centre lies under a roof that nothing comes through.
    pub fn indoors(&self, ix: u32, iy: u32) -> bool {
        !self.transmission && self.covers(self.centre(ix, iy))
    }

    /// Whether a receiver is under a roof.
    pub fn covers(&self, at: Vec3) -> bool {
        self.roofs.is_some_and(|roofs| roofs.covers(at))
    }

    /// Whether the direct way leads over the rooftops and pays for them.
    pub fn pays_for_rooftops(&self) -> bool {
        self.diffraction.over_rooftops() && self.roofs.is_some()
    }

    /// Receivers in a cell; those on roofs, where cells have steps, stand in its centre alone.
    pub fn samples(&self) -> u32 {
        let most = if self.level().roofs.is_some() { 1 } else { MAX_SAMPLES };
        self.sampling.samples.clamp(1, most)
    }

    /// A receiver at `p`.
    pub fn receiver_at(&self, p: Vec2) -> Vec3 {
        p.extend(self.level().at(p))
    }

    /// A receiver in the centre of a cell.
    pub fn centre(&self, ix: u32, iy: u32) -> Vec3 {
        self.receiver_at(self.grid.centre(ix, iy).as_vec2())
    }

    /// A receiver at the south-west corner of a cell.
    pub fn corner(&self, cell: UVec2) -> Vec3 {
        self.receiver_at(self.grid.origin.as_vec2() + cell.as_vec2() * self.grid.cell as f32)
    }

    /// Receiver `i` of a cell: one of a lattice whose columns and rows are all different, so that a sliver of light is hit
    /// whichever way it lies.
    pub fn receiver(&self, ix: u32, iy: u32, i: u32) -> Vec3 {
        let n = self.samples() as f32;
        let column = i as f32 + 0.5;
        let row = (0.5 + (column - n / 2.0) * GOLDEN_SHARE).rem_euclid(1.0);
        let cell = self.grid.cell as f32;
        let corner = self.grid.origin.as_vec2() + Vec2::new(ix as f32, iy as f32) * cell;
        self.receiver_at(corner + Vec2::new(column / n, row) * cell)
    }

    /// Metres of the way over `points` that lie in leaves.
    pub fn in_leaves(&self, mut points: impl Iterator<Item = Vec3>) -> f32 {
        let (Some(woods), Some(mut at)) = (self.woods, points.next()) else { return 0.0 };
        let leg = |to| woods.metres(std::mem::replace(&mut at, to), to);
        points.map(leg).sum()
    }

    /// The scene's surfaces at `frequency`.
    pub fn layers(&self, frequency: Hertz) -> Vec<Layer> {
        let layer = |s: &Surface| {
            let smooth = Layer::of(s, frequency);
            self.finishes.map_or(smooth, |f| smooth.finished(f.of(s.material), frequency))
        };
        self.scene.surfaces.iter().map(layer).collect()
    }

    /// How rough surface number `surface` of the scene is.
    pub fn finish(&self, surface: u32) -> Finish {
        self.finishes.map(|f| f.of(self.scene.surfaces[surface as usize].material)).unwrap_or_default()
    }

    /// Whether any surface scatters and a path may meet it.
    pub fn scatters(&self) -> bool {
        let scatters = |s: &Surface| self.finishes.is_some_and(|f| f.of(s.material).scattering > 0.0);
        self.depth > 0 && self.scene.surfaces.iter().any(scatters)
    }
}
