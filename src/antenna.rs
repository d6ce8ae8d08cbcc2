//! Antenna patterns and how a sector is pointed.
//!
//! Angles are degrees at the door. Azimuth is clockwise from north; downtilt is positive below the horizon. A pattern is
//! asked for its gain towards a direction given in east-north-up coordinates.

use glam::{DVec3, Vec2, Vec3};
use serde::{Deserialize, Serialize};
use std::f32::consts::FRAC_PI_2;

/// The numbers of a pattern of 3GPP TR 38.901's form (table 7.3-1): its gain at azimuth φ and elevation θ off the boresight
/// is peak − min(min(12 (φ/φ₃)², A) + min(12 (θ/θ₃)², V), A).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Element {
    /// Gain on the boresight, dBi.
    pub peak_dbi: f64,
    /// φ₃, half-power beamwidth in azimuth, degrees; infinite where azimuth makes no difference.
    pub horizontal_deg: f64,
    /// θ₃, half-power beamwidth in elevation, degrees; infinite where elevation makes no difference.
    pub vertical_deg: f64,
    /// A, front-to-back ratio, dB.
    pub front_to_back_db: f64,
    /// V, side-lobe limit in elevation, dB.
    pub side_lobes_db: f64,
}

impl Element {
    /// 0 dBi in every direction.
    pub const ISOTROPIC: Self = Self {
        peak_dbi: 0.0,
        horizontal_deg: f64::INFINITY,
        vertical_deg: f64::INFINITY,
        front_to_back_db: 30.0,
        side_lobes_db: 30.0,
    };
    /// The sector element of 3GPP TR 38.901, table 7.3-1.
    pub const TR_38901: Self =
        Self { peak_dbi: 8.0, horizontal_deg: 65.0, vertical_deg: 65.0, front_to_back_db: 30.0, side_lobes_db: 30.0 };
}

/// Half-power beamwidths of that element in azimuth and elevation, degrees.
pub const BEAMWIDTHS: [f32; 2] = [65.0; 2];

/// What a sector radiates through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pattern {
    /// 0 dBi in every direction.
    Isotropic,
    /// The sector element of 3GPP TR 38.901 (table 7.3-1): 65° × 65° where nothing else is said, 30 dB front to back, 8 dBi.
    #[default]
    Tr38901,
}

/// Which way a linear antenna's field swings, in its own frame: by an angle ζ from θ̂, cos ζ θ̂ + sin ζ φ̂ (3GPP TR 38.901
/// § 7.3.2, model 2). Two antennas with the same slant that face each other are crossed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Polarisation {
    /// Up and down: along θ̂.
    #[default]
    Vertical,
    /// Level: along φ̂.
    Horizontal,
    /// Leaning by 45° to the right, as seen from behind the antenna.
    SlantRight,
    /// Leaning by 45° to the left.
    SlantLeft,
}

impl Polarisation {
    /// cos ζ and sin ζ.
    pub const fn parts(self) -> [f32; 2] {
        const HALF: f32 = std::f32::consts::FRAC_1_SQRT_2;
        match self {
            Self::Vertical => [1.0, 0.0],
            Self::Horizontal => [0.0, 1.0],
            Self::SlantRight => [HALF, HALF],
            Self::SlantLeft => [HALF, -HALF],
        }
    }
}

/// A pattern pointed somewhere: what the engines evaluate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pointing {
    /// The pattern.
    pub pattern: Pattern,
    /// Degrees clockwise from north.
    pub azimuth_deg: f32,
    /// Mechanical downtilt, degrees, positive below the horizon.
    pub downtilt_deg: f32,
    /// Which way its field swings.
    pub polarisation: Polarisation,
    /// Half-power beamwidths of the sector element in azimuth and elevation, degrees; of no meaning to an isotropic antenna.
    pub beamwidths_deg: [f32; 2],
}

impl Pointing {
    /// An isotropic antenna, upright and vertically polarised.
    pub const ISOTROPIC: Self = Self {
        pattern: Pattern::Isotropic,
        azimuth_deg: 0.0,
        downtilt_deg: 0.0,
        polarisation: Polarisation::Vertical,
        beamwidths_deg: BEAMWIDTHS,
    };

    /// Its pattern's numbers.
    pub fn element(&self) -> Element {
        match self.pattern {
            Pattern::Isotropic => Element::ISOTROPIC,
            Pattern::Tr38901 => {
                let [horizontal_deg, vertical_deg] = self.beamwidths_deg.map(f64::from);
                Element { horizontal_deg, vertical_deg, ..Element::TR_38901 }
            }
        }
    }

    /// Gain in dBi towards `direction`, east-north-up, which need not be a unit vector. A zero vector gives the peak.
    pub fn gain_dbi(&self, direction: Vec3) -> f32 {
        self.aimed().gain_dbi(direction)
    }

    /// The same, ready to be asked for many directions.
    pub fn aimed(&self) -> Aimed {
        let [azimuth, downtilt] =
            [self.azimuth_deg, self.downtilt_deg].map(|angle| Vec2::from_angle(angle.to_radians()));
        Aimed { pattern: self.pattern, beamwidths: self.beamwidths_deg, azimuth, downtilt }
    }

    /// The most that it gains in any direction, dBi.
    pub fn peak_dbi(&self) -> f32 {
        self.element().peak_dbi as f32
    }

    /// The boresight as a unit vector, east-north-up.
    pub fn boresight(&self) -> DVec3 {
        let (sa, ca) = f64::from(self.azimuth_deg).to_radians().sin_cos();
        let (st, ct) = f64::from(self.downtilt_deg).to_radians().sin_cos();
        DVec3::new(sa * ct, ca * ct, -st)
    }
}

/// A [`Pointing`] with its angles worked out: what is asked for many directions.
#[derive(Clone, Copy, Debug)]
pub struct Aimed {
    pattern: Pattern,
    beamwidths: [f32; 2],
    /// Cosine and sine of the azimuth and of the downtilt.
    azimuth: Vec2,
    downtilt: Vec2,
}

impl Aimed {
    /// As [`Pointing::gain_dbi`].
    pub fn gain_dbi(&self, direction: Vec3) -> f32 {
        match self.pattern {
            Pattern::Isotropic => 0.0,
            Pattern::Tr38901 => {
                const ELEMENT: Element = Element::TR_38901;
                const BACK: f32 = ELEMENT.front_to_back_db as f32;
                let (azimuth, elevation) = self.angles(direction);
                let horizontal = (12.0 * (azimuth / self.beamwidths[0]).powi(2)).min(BACK);
                let vertical = 12.0 * (elevation / self.beamwidths[1]).powi(2);
                let vertical = vertical.min(ELEMENT.side_lobes_db as f32);
                ELEMENT.peak_dbi as f32 - (horizontal + vertical).min(BACK)
            }
        }
    }

    /// Azimuth and elevation of `direction` in the antenna's own frame, degrees: both 0 on the boresight.
    pub fn angles(&self, direction: Vec3) -> (f32, f32) {
        let ahead = self.ahead(direction.truncate());
        let right = self.azimuth.x * direction.x - self.azimuth.y * direction.y;
        let along = self.downtilt.x * ahead - self.downtilt.y * direction.z;
        let above = self.downtilt.y * ahead + self.downtilt.x * direction.z;
        (right.atan2(along).to_degrees(), above.atan2(right.hypot(along)).to_degrees())
    }

    /// How far `direction`, east-north, goes along the azimuth.
    pub fn ahead(&self, direction: Vec2) -> f32 {
        self.azimuth.y * direction.x + self.azimuth.x * direction.y
    }
}

/// How the gain of a receiver's antenna depends on where waves come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReceiverPattern {
    /// 0 dBi from every direction.
    #[default]
    Isotropic,
    /// An upright half-wave dipole, 2.15 dBi at the horizon.
    Dipole,
    /// The element of [`Pattern::Tr38901`], which looks straight at the site, as at a fixed subscriber's window.
    AtSite,
}

impl ReceiverPattern {
    /// Its gain, as a ratio of powers, for a wave that comes from the direction `from` while the site is towards `site`; both
    /// east-north-up, of any length but zero.
    pub fn gain(self, from: Vec3, site: Vec3) -> f32 {
        match self {
            Self::Isotropic => 1.0,
            Self::Dipole => {
                // cos(π/2 cos θ) / sin θ with θ from the axis (Balanis, Antenna Theory, § 4.6), 0 along the axis.
                const PEAK: f32 = 1.640_922;
                let across = from.truncate().length() / from.length();
                let along = from.z / from.length();
                if across > 1e-6 { PEAK * ((FRAC_PI_2 * along).cos() / across).powi(2) } else { 0.0 }
            }
            Self::AtSite => {
                let azimuth_deg = site.x.atan2(site.y).to_degrees();
                let downtilt_deg = -site.z.atan2(site.truncate().length()).to_degrees();
                let antenna = Pointing { pattern: Pattern::Tr38901, azimuth_deg, downtilt_deg, ..Pointing::ISOTROPIC };
                10f32.powf(0.1 * antenna.gain_dbi(from))
            }
        }
    }

    /// The most that it may be.
    pub fn peak(self) -> f32 {
        let ahead = match self {
            Self::Isotropic | Self::Dipole => Vec3::X,
            Self::AtSite => Vec3::Y,
        };
        self.gain(ahead, Vec3::Y)
    }
}

/// What a receiver listens with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReceiverAntenna {
    /// From where it hears how well.
    pub pattern: ReceiverPattern,
    /// What it takes in, standing upright; `None` where that is both polarisations.
    pub polarisation: Option<Polarisation>,
}

impl ReceiverAntenna {
    /// 0 dBi from every direction, in both polarisations.
    pub const ISOTROPIC: Self = Self { pattern: ReceiverPattern::Isotropic, polarisation: None };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sector(azimuth_deg: f32, downtilt_deg: f32) -> Pointing {
        Pointing { pattern: Pattern::Tr38901, azimuth_deg, downtilt_deg, ..Pointing::ISOTROPIC }
    }

    #[test]
    fn the_element_loses_12_db_at_one_beamwidth_and_30_behind() {
        let p = sector(90.0, 0.0);
        let at = |deg: f32| p.gain_dbi(Vec3::new(deg.to_radians().sin(), deg.to_radians().cos(), 0.0));
        assert!((at(90.0) - 8.0).abs() < 1e-4);
        assert!((at(90.0 + 32.5) - 5.0).abs() < 1e-3);
        assert!((at(90.0 - 65.0) + 4.0).abs() < 1e-3);
        assert!((at(270.0) + 22.0).abs() < 1e-3);
    }

    #[test]
    fn a_dipole_gathers_what_an_isotropic_antenna_does() {
        // The mean over the sphere, in even steps of the elevation's sine.
        let steps = 20_000;
        let mean = (0..steps)
            .map(|i| 2.0 * (i as f32 + 0.5) / steps as f32 - 1.0)
            .map(|z| f64::from(ReceiverPattern::Dipole.gain(Vec3::new((1.0 - z * z).sqrt(), 0.0, z), Vec3::X)))
            .sum::<f64>()
            / f64::from(steps);
        assert!((mean - 1.0).abs() < 1e-3, "{mean}");
        let level = 10.0 * ReceiverPattern::Dipole.gain(Vec3::new(3.0, -4.0, 0.0), Vec3::Y).log10();
        assert!((level - 2.15).abs() < 0.01, "{level} dBi at the horizon");
        assert_eq!(ReceiverPattern::Dipole.gain(Vec3::Z, Vec3::Y), 0.0);
    }

    #[test]
    fn what_looks_at_the_site_hears_it_best() {
        let site = Vec3::new(-40.0, 30.0, 20.0);
        let dbi = |from: Vec3| 10.0 * ReceiverPattern::AtSite.gain(from, site).log10();
        assert!((dbi(site) - 8.0).abs() < 1e-3);
        assert!((dbi(-site) + 22.0).abs() < 1e-3);
        assert!((10.0 * ReceiverPattern::AtSite.peak().log10() - 8.0).abs() < 1e-4);
    }

    proptest! {
        #[test]
        fn no_receiver_hears_better_than_at_its_peak(from in (-1.0..1.0f32, -1.0..1.0f32, -1.0..1.0f32), site in (-1.0..1.0f32, -1.0..1.0f32, -1.0..1.0f32)) {
            let (from, site) = (Vec3::from(from), Vec3::from(site));
            prop_assume!(from.length() > 1e-3 && site.length() > 1e-3);
            for pattern in [ReceiverPattern::Isotropic, ReceiverPattern::Dipole, ReceiverPattern::AtSite] {
                let gain = pattern.gain(from, site);
                prop_assert!(gain >= 0.0 && gain <= pattern.peak() * 1.0001, "{pattern:?}: {gain}");
            }
        }

        #[test]
        fn the_boresight_has_the_peak_gain(az in 0.0..360.0f32, tilt in -30.0..30.0f32, x in -1.0..1.0f32, y in -1.0..1.0f32, z in -1.0..1.0f32) {
            let p = sector(az, tilt);
            prop_assert!((p.gain_dbi(p.boresight().as_vec3()) - 8.0).abs() < 1e-2);
            prop_assert!(p.gain_dbi(Vec3::new(x, y, z)) <= 8.0 + 1e-4);
        }

        #[test]
        fn turning_the_antenna_turns_the_pattern(az in 0.0..360.0f32, turn in 0.0..360.0f32, tilt in 0.0..20.0f32, bearing in 0.0..360.0f32) {
            let towards = |deg: f32| Vec3::new(deg.to_radians().sin(), deg.to_radians().cos(), -0.1);
            let a = sector(az, tilt).gain_dbi(towards(bearing));
            let b = sector(az + turn, tilt).gain_dbi(towards(bearing + turn));
            prop_assert!((a - b).abs() < 0.01, "{a} {b}");
        }
    }
}
