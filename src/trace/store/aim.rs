//! An antenna towards one direction: its gain and which way its field swings, and how both change with its pattern and as
//! it turns.
//!
//! The axes of a wave are θ̂ of the world and −φ̂ ([`super::record::theta`]). Slopes are per decibel or per degree. Where a
//! pattern has a kink, at a limit, the slope is that on the limit's side; straight behind the antenna, and straight above
//! and below it, where angles jump, it is that of its limits. Along the antenna's own up and down its polarisation has no
//! direction; there too it has one, and a slope, but none that means anything.

use super::model::SignalModel;
use super::record::theta;
use crate::antenna::{Element, Polarisation};
use glam::DVec3;

/// Number of slopes of an antenna's gain.
pub(super) const SLOPES: usize = 7;
/// Nearer to the antenna's axis than this, as a sine, its polarisation and its azimuth are undefined.
const UPRIGHT: f64 = 1e-6;

/// An antenna as it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Aim {
    pub(super) element: Element,
    pub(super) polarisation: Polarisation,
    /// Sine and cosine of its azimuth and of its downtilt.
    pub(super) azimuth: [f64; 2],
    pub(super) downtilt: [f64; 2],
}

/// What it sends along one direction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    /// Gain, dBi.
    pub gain_dbi: f64,
    /// Its slopes by peak, beamwidth in azimuth, in elevation, front-to-back ratio, side-lobe limit, azimuth, downtilt.
    pub slopes: [f64; SLOPES],
    /// The unit field along both axes of the wave.
    pub field: [f64; 2],
    /// The slopes of the field by azimuth and by downtilt.
    pub turning: [[f64; 2]; 2],
}

impl Aim {
    /// The sector of a model.
    pub(super) fn of(model: &SignalModel) -> Self {
        let sin_cos = |degrees: f64| <[f64; 2]>::from(degrees.to_radians().sin_cos());
        let (azimuth, downtilt) = (sin_cos(model.azimuth_deg), sin_cos(model.downtilt_deg));
        Self { element: model.element, polarisation: model.polarisation, azimuth, downtilt }
    }

    /// Towards the unit vector `along`.
    pub(super) fn towards(&self, along: DVec3) -> Sent {
        let [[sa, ca], [st, ct]] = [self.azimuth, self.downtilt];
        // Right of the boresight, ahead of the mast, along the boresight, above it.
        let (right, front) = (ca * along.x - sa * along.y, sa * along.x + ca * along.y);
        let (ahead, above) = (ct * front - st * along.z, st * front + ct * along.z);
        let level = right.hypot(ahead);
        let (azimuth, elevation) = (right.atan2(ahead).to_degrees(), above.atan2(level).to_degrees());
        // Slopes of both angles; degrees by degrees are radians by radians.
        let by = |d_right: f64, d_ahead: f64, d_above: f64| {
            if level < UPRIGHT {
                return [0.0; 2];
            }
            let d_level = (right * d_right + ahead * d_ahead) / level;
            [(ahead * d_right - right * d_ahead) / (level * level), level * d_above - above * d_level]
        };
        let turned = by(-front, ct * right, st * right);
        let tilted = by(0.0, -above, ahead);
        let (gain_dbi, [by_peak, horizontal, vertical, back, side], by_angles) = self.gain(azimuth, elevation);
        let along_angles = |[a, e]: [f64; 2]| by_angles[0] * a + by_angles[1] * e;
        let slopes = [by_peak, horizontal, vertical, back, side, along_angles(turned), along_angles(tilted)];
        let (field, turning) = self.swing(along);
        Sent { gain_dbi, slopes, field, turning }
    }

    /// Gain at these angles, degrees; its slopes by the element's five numbers, and by both angles.
    fn gain(&self, azimuth: f64, elevation: f64) -> (f64, [f64; 5], [f64; 2]) {
        let Element { peak_dbi, horizontal_deg, vertical_deg, front_to_back_db, side_lobes_db } = self.element;
        let across = 12.0 * (azimuth / horizontal_deg).powi(2);
        let upwards = 12.0 * (elevation / vertical_deg).powi(2);
        let limited = upwards >= side_lobes_db;
        let loss = across + upwards.min(side_lobes_db);
        if loss >= front_to_back_db {
            return (peak_dbi - front_to_back_db, [1.0, 0.0, 0.0, -1.0, 0.0], [0.0; 2]);
        }
        // 0 where a beamwidth is infinite, or a receiver lies on the boresight's plane.
        let by = |angle: f64, width: f64| -24.0 * angle / (width * width);
        let (vertical, side, by_elevation) =
            if limited { (0.0, -1.0, 0.0) } else { (2.0 * upwards / vertical_deg, 0.0, by(elevation, vertical_deg)) };
        let slopes = [1.0, 2.0 * across / horizontal_deg, vertical, 0.0, side];
        (peak_dbi - loss, slopes, [by(azimuth, horizontal_deg), by_elevation])
    }

    /// The unit field of a wave along `along`, and its slopes by azimuth and downtilt, per degree.
    fn swing(&self, along: DVec3) -> ([f64; 2], [[f64; 2]; 2]) {
        let [[sa, ca], [st, ct]] = [self.azimuth, self.downtilt];
        let axis = theta(along);
        let axes = [axis, axis.cross(along)];
        let across = |v: DVec3| axes.map(|a| a.dot(v));
        // θ̂ of the antenna lies along what is across the wave of its own down, or of its forward direction.
        let down = (
            DVec3::new(-sa * st, -ca * st, -ct),
            [DVec3::new(-ca * st, sa * st, 0.0), DVec3::new(-sa * ct, -ca * ct, st)],
        );
        let forward = (
            DVec3::new(sa * ct, ca * ct, -st),
            [DVec3::new(ca * ct, -sa * ct, 0.0), DVec3::new(-sa * st, -ca * st, -ct)],
        );
        let seen = across(down.0);
        let upright = seen[0].hypot(seen[1]) < UPRIGHT;
        let (towards, turned) = if upright { forward } else { down };
        let seen = across(towards);
        let length = seen[0].hypot(seen[1]);
        let theta = seen.map(|v| v / length);
        let angle = |by: DVec3| {
            let by = across(by);
            (seen[0] * by[1] - seen[1] * by[0]) / (length * length)
        };
        // φ̂ is θ̂ turned by a right angle, from the second axis to the first.
        let [of_theta, of_phi] = self.polarisation.parts().map(f64::from);
        let mix = |[a, b]: [f64; 2]| [of_theta * a + of_phi * b, of_theta * b - of_phi * a];
        let swing = mix([-theta[1], theta[0]]);
        (mix(theta), turned.map(|by| swing.map(|s| s * angle(by).to_radians())))
    }
}
