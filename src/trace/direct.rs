//! The direct way where it pays for what stands in it: over the rooftops and through leaves, or over the crowns as well.
//!
//! A wood is not opaque, so a wave comes through it and also bends over it, as over roofs. The stronger way counts; both lie
//! in one Fresnel zone where they cost the same, so they are not added up.

use super::task::{Task, left_by_leaves};
use crate::city::HeightRaster;
use crate::empirical::over_rooftops;
use crate::units::Hertz;
use glam::Vec3;

/// Where rooftops take less than this from the direct way it is clear of them: what grazes an edge loses 6 dB, dB.
const GRAZING: f32 = 6.0;

/// What becomes of the direct way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Direct {
    /// Where it is bent; `None` where it is straight.
    pub bend: Option<Vec3>,
    /// What roofs, hills and the crowns that it leads over take of it, dB.
    pub rooftop_loss: f32,
    /// Metres of it in leaves.
    pub leaves: f32,
    /// The share of its power that is left of all that.
    pub left: f32,
}

impl Task<'_> {
    /// Whether what comes straight through walls to `to` is beside the way over the rooftops. Where that is clear, or walls are
    /// met that the profile is too coarse for, both are one wave; inside a building nothing comes over the rooftops.
    pub fn is_beside_rooftops(&self, to: Vec3, frequency: Hertz) -> bool {
        let over = self.roofs.filter(|_| self.pays_for_rooftops() && !self.covers(to));
        over.is_none_or(|roofs| self.direct_over(roofs, to, frequency).rooftop_loss > GRAZING)
    }

    /// The direct way to `to` over `roofs`, and over crowns where that costs less than to come through.
    pub fn direct_over(&self, roofs: &HeightRaster, to: Vec3, frequency: Hertz) -> Direct {
        let (from, wavelength) = (self.transmitter, frequency.wavelength() as f32);
        let over = over_rooftops(roofs, from, to, wavelength);
        let bend = over.bend();
        let leaves = self.in_leaves([Some(from), bend, Some(to)].into_iter().flatten());
        let left = 10f32.powf(-0.1 * over.loss) * left_by_leaves(leaves, frequency);
        let through = Direct { bend, rooftop_loss: over.loss, leaves, left };
        let Some(woods) = self.woods.filter(|_| leaves > 0.0) else { return through };
        let above = over_rooftops(woods.skyline(), from, to, wavelength);
        let left = 10f32.powf(-0.1 * above.loss);
        if left > through.left {
            Direct { bend: above.bend(), rooftop_loss: above.loss, leaves: 0.0, left }
        } else {
            through
        }
    }
}
