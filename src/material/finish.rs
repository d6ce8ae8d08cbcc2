//! What sets a surface apart from its material: how much of what it reflects it scatters, and where to, and how far its
//! permittivity and conductivity lie from the material's.
//!
//! The effective-roughness model (Degli-Esposti et al. 2007, IEEE Trans. Antennas Propag. 55(1) 143–153; Sionna RT
//! technical report § 5): of the power that a smooth surface would reflect, the share S² is scattered over the hemisphere
//! by a pattern f with ∫ f dΩ = 1, and the amplitude of the mirrored wave is scaled by √(1 − S²). Of the scattered power,
//! the share K turns its polarisation by a right angle.

use super::Material;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::f64::consts::TAU;

/// Narrowest lobe: the exponent of its cosine.
pub const MAX_EXPONENT: u8 = 100;
/// Roughest surface, metres.
pub const MAX_ROUGHNESS: f32 = 1.0;

/// Where a surface scatters to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lobe {
    /// By the cosine of the angle of departure: f = cos θ/π.
    #[default]
    Lambertian,
    /// Around the mirrored direction: f ∝ ((1 + cos ψ)/2)^α, ψ the angle from it.
    Directive {
        /// α.
        exponent: u8,
    },
    /// Around the mirrored direction and back to where the wave came from.
    Backscattering {
        /// α of the lobe around the mirrored direction.
        exponent: u8,
        /// α of the lobe back.
        back: u8,
        /// Share Λ of the lobe around the mirrored direction, 0–1.
        forward_share: f32,
    },
}

/// What a surface is like beside one of ITU-R P.2040's material, which knows no roughness. Without a say it is no different.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Finish {
    /// Its relative permittivity over that of the material; below 1 it is never.
    pub permittivity: f32,
    /// Its conductivity over that of the material.
    pub conductivity: f32,
    /// Scattering coefficient S, 0–1: the share S² of the reflected power is scattered. Measured on walls: 0.2 for smooth
    /// ones to 0.6 for façades with balconies.
    pub scattering: f32,
    /// Where to.
    pub lobe: Lobe,
    /// Share K of the scattered power that changes its polarisation, 0–1.
    pub cross_polarisation: f32,
    /// Standard deviation σ of the surface's height, metres. It weakens the mirrored wave by exp(−g²/2) with
    /// g = 4πσ cos θ/λ (Ament 1953, Proc. IRE 41(1) 142–146) and gives nothing back: S says what is scattered.
    pub roughness: f32,
}

impl Default for Finish {
    fn default() -> Self {
        let lobe = Lobe::default();
        Self { permittivity: 1.0, conductivity: 1.0, scattering: 0.0, lobe, cross_polarisation: 0.0, roughness: 0.0 }
    }
}

impl Finish {
    /// Amplitude of the mirrored wave beside that of a smooth surface, √(1 − S²), before what roughness takes.
    pub fn specular(&self) -> f32 {
        (1.0 - self.scattering * self.scattering).max(0.0).sqrt()
    }
}

impl Lobe {
    /// Its exponents, α forward and back, and Λ; Lambert's lobe has none.
    const fn shape(self) -> Option<(u8, u8, f32)> {
        match self {
            Self::Lambertian => None,
            Self::Directive { exponent } => Some((exponent, 1, 1.0)),
            Self::Backscattering { exponent, back, forward_share } => Some((exponent, back, forward_share)),
        }
    }

    /// What scales the lobe for a wave that comes in at an angle of cosine `cos`, so that it holds all that is scattered.
    pub fn scale(self, cos: f32) -> f32 {
        let Some((forward, back, share)) = self.shape() else { return 1.0 / std::f32::consts::PI };
        let share = f64::from(share);
        let volume = share * lobe_volume(forward, cos) + (1.0 - share) * lobe_volume(back, cos);
        (1.0 / volume) as f32
    }

    /// Its height, to be times [`Lobe::scale`]. `cos_out` is the cosine of the angle of departure, `cos_mirrored` that of
    /// the angle to the mirrored direction, `cos_back` that of the angle to the way back.
    pub fn height(self, cos_out: f32, cos_mirrored: f32, cos_back: f32) -> f32 {
        let Some((forward, back, share)) = self.shape() else { return cos_out };
        let lobe = |cos: f32, exponent: u8| (0.5 * (1.0 + cos)).max(0.0).powi(i32::from(exponent));
        let ahead = share * lobe(cos_mirrored, forward);
        if share < 1.0 { ahead + (1.0 - share) * lobe(cos_back, back) } else { ahead }
    }
}

/// ∫ ((1 + cos ψ)/2)^α dΩ over the hemisphere, ψ the angle to a direction at an angle of cosine `cos` from the normal.
/// The binomial's terms are ∫ cosʲψ dΩ = 2π/(j + 1), for odd j times cos θ Σ C(2w, w) (sin θ/2)^2w, w ≤ (j − 1)/2.
fn lobe_volume(exponent: u8, cos: f32) -> f64 {
    let cos = f64::from(cos.clamp(0.0, 1.0));
    let quarter = 0.25 * (1.0 - cos * cos);
    // C(α, j)/2^α; C(2w, w) (sin θ/2)^2w and the sum of it up to w.
    let (mut binomial, mut term, mut odd) = (0.5f64.powi(i32::from(exponent)), 1.0, 1.0);
    let mut volume = 0.0;
    for j in 0..=exponent {
        let order = f64::from(j);
        if j >= 3 && j % 2 == 1 {
            let w = (order - 1.0) / 2.0;
            term *= quarter * 2.0 * (2.0 * w - 1.0) / w;
            odd += term;
        }
        let share = if j % 2 == 1 { cos * odd } else { 1.0 };
        volume += binomial * share * TAU / (order + 1.0);
        binomial *= (f64::from(exponent) - order) / (order + 1.0);
    }
    volume
}

/// What the surfaces of each material are like; one that is not named is smooth and as ITU-R P.2040 has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Finishes(BTreeMap<Material, Finish>);

impl Finishes {
    /// The same on every material.
    pub fn all(finish: Finish) -> Self {
        Self(Material::ALL.into_iter().map(|m| (m, finish)).collect())
    }

    /// That of `material`.
    pub fn of(&self, material: Material) -> Finish {
        self.0.get(&material).copied().unwrap_or_default()
    }

    /// Makes it that of `material`.
    pub fn set(&mut self, material: Material, finish: Finish) {
        self.0.insert(material, finish);
    }

    /// Those that are named.
    pub fn iter(&self) -> impl Iterator<Item = (Material, Finish)> {
        self.0.iter().map(|(m, f)| (*m, *f))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glam::Vec3;
    use proptest::prelude::*;

    /// ∫ f dΩ over the hemisphere by the midpoint rule.
    fn volume(lobe: Lobe, cos: f32) -> f64 {
        let sin = (1.0 - cos * cos).sqrt();
        let (mirrored, back) = (Vec3::new(sin, 0.0, cos), Vec3::new(-sin, 0.0, cos));
        let (rings, spokes) = (400, 400);
        let mut sum = 0.0;
        for i in 0..rings {
            let z = (i as f32 + 0.5) / rings as f32;
            let radius = (1.0 - z * z).sqrt();
            for k in 0..spokes {
                let (s, c) = (std::f32::consts::TAU * k as f32 / spokes as f32).sin_cos();
                let out = Vec3::new(radius * c, radius * s, z);
                sum += f64::from(lobe.height(z, out.dot(mirrored), out.dot(back)));
            }
        }
        sum * TAU / f64::from(rings * spokes) * f64::from(lobe.scale(cos))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        #[test]
        fn every_lobe_holds_all_that_is_scattered(
            exponent in 1..40u8, back in 1..40u8, forward_share in 0.0..1.0f32, cos in 0.01..1.0f32,
        ) {
            let lobes = [Lobe::Lambertian, Lobe::Directive { exponent }, Lobe::Backscattering { exponent, back, forward_share }];
            for lobe in lobes {
                let volume = volume(lobe, cos);
                prop_assert!((volume - 1.0).abs() < 2e-3, "{lobe:?} {volume}");
            }
        }
    }

    #[test]
    fn a_narrower_lobe_is_higher_ahead() {
        let ahead = |exponent| {
            let lobe = Lobe::Directive { exponent };
            lobe.height(0.5, 1.0, 0.0) * lobe.scale(0.5)
        };
        assert!(ahead(2) < ahead(8) && ahead(8) < ahead(MAX_EXPONENT));
    }

    #[test]
    fn finishes_are_written_by_the_names_of_materials_and_default_to_smooth() {
        let json = r#"{"brick":{"scattering":0.3,"lobe":{"directive":{"exponent":4}}}}"#;
        let finishes: Finishes = serde_json::from_str(json).expect("finishes");
        let brick = finishes.of(Material::Brick);
        assert_eq!((brick.scattering, brick.lobe), (0.3, Lobe::Directive { exponent: 4 }));
        assert_eq!(finishes.of(Material::Glass), Finish::default());
        assert_eq!(Finish::default().specular(), 1.0);
        let again = serde_json::to_string(&finishes).expect("JSON");
        assert_eq!(serde_json::from_str::<Finishes>(&again).expect("finishes"), finishes);
    }
}
