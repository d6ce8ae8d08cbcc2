//! All that the power of stored paths depends on besides the paths.

use crate::antenna::{Element, Polarisation};
use crate::material::{Finishes, Material};
use crate::trace::field::Beam;
use crate::units::Hertz;

/// Number of materials.
pub(super) const MATERIALS: usize = Material::ALL.len();

/// What a material is like at the store's carrier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Properties {
    /// Relative permittivity εr.
    pub relative: f64,
    /// Conductivity σ, S/m.
    pub conductivity: f64,
    /// Scattering coefficient S, 0–1, which takes the share S² of a mirrored wave's power.
    pub scattering: f64,
    /// Standard deviation of the surface's height, metres.
    pub roughness: f64,
}

/// One number of a [`SignalModel`]: what a calibration may look for.
///
/// Of a material, εr and σ are the values at the store's carrier, not the coefficients of ITU-R P.2040's power laws; by
/// ln εr or ln σ the derivative is that by εr or σ times εr or σ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Parameter {
    /// εr of a material.
    Relative(Material),
    /// σ of a material, S/m.
    Conductivity(Material),
    /// S of a material.
    Scattering(Material),
    /// Roughness of a material, metres.
    Roughness(Material),
    /// Gain on the boresight, dBi.
    Peak,
    /// Half-power beamwidth in azimuth, degrees.
    Horizontal,
    /// Half-power beamwidth in elevation, degrees.
    Vertical,
    /// Front-to-back ratio, dB.
    FrontToBack,
    /// Side-lobe limit in elevation, dB.
    SideLobes,
    /// Azimuth of the boresight, degrees.
    Azimuth,
    /// Downtilt, degrees.
    Downtilt,
    /// What the sector radiates more than is known, dB.
    Offset,
    /// What the receivers measure more than arrives, dB.
    ReceiverOffset,
}

impl Parameter {
    /// Every parameter.
    pub fn all() -> impl Iterator<Item = Self> {
        let of_material = [Self::Relative, Self::Conductivity, Self::Scattering, Self::Roughness];
        let materials = Material::ALL.into_iter().flat_map(move |m| of_material.map(|p| p(m)));
        let rest = [
            Self::Peak,
            Self::Horizontal,
            Self::Vertical,
            Self::FrontToBack,
            Self::SideLobes,
            Self::Azimuth,
            Self::Downtilt,
            Self::Offset,
            Self::ReceiverOffset,
        ];
        materials.chain(rest)
    }
}

/// A sector, its receivers and the materials between them, in f64: what [`Beam`] and its layers are to maps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SignalModel {
    /// The materials, by their discriminant.
    pub materials: [Properties; MATERIALS],
    /// The sector's pattern.
    pub element: Element,
    /// Azimuth of its boresight, degrees clockwise from north.
    pub azimuth_deg: f64,
    /// Its downtilt, degrees, positive below the horizon.
    pub downtilt_deg: f64,
    /// Which way its field swings.
    pub polarisation: Polarisation,
    /// What it radiates more than is known, dB.
    pub offset_db: f64,
    /// What receivers take in, as [`Beam::receiver`]; their pattern is in the stored paths.
    pub receiver: Option<Polarisation>,
    /// What receivers measure more than arrives, dB.
    pub receiver_offset_db: f64,
}

/// Why nothing can be computed with a model. Each message is a sentence for the user.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// A parameter is not a number, or outside of what it can be.
    #[error("{parameter:?} can't be {value}")]
    OutOfRange {
        /// Which.
        parameter: Parameter,
        /// Its value.
        value: f64,
    },
}

impl SignalModel {
    /// That of a beam among materials as ITU-R P.2040 has them at `frequency`, as rough as `finishes` say, without offsets.
    pub fn of(beam: &Beam, frequency: Hertz, finishes: Option<&Finishes>) -> Self {
        let materials = Material::ALL.map(|material| {
            let permittivity = material.permittivity(frequency);
            let finish = finishes.map(|f| f.of(material)).unwrap_or_default();
            Properties {
                relative: (permittivity.relative * f64::from(finish.permittivity)).max(1.0),
                conductivity: permittivity.conductivity * f64::from(finish.conductivity),
                scattering: finish.scattering.into(),
                roughness: finish.roughness.into(),
            }
        });
        Self {
            materials,
            element: beam.pointing.element(),
            azimuth_deg: beam.pointing.azimuth_deg.into(),
            downtilt_deg: beam.pointing.downtilt_deg.into(),
            polarisation: beam.pointing.polarisation,
            offset_db: 0.0,
            receiver: beam.receiver.polarisation,
            receiver_offset_db: 0.0,
        }
    }

    /// The value of a parameter.
    pub fn value(&self, parameter: Parameter) -> f64 {
        let mut model = *self;
        *model.value_mut(parameter)
    }

    /// The place of a parameter.
    pub fn value_mut(&mut self, parameter: Parameter) -> &mut f64 {
        match parameter {
            Parameter::Relative(m) => &mut self.materials[m as usize].relative,
            Parameter::Conductivity(m) => &mut self.materials[m as usize].conductivity,
            Parameter::Scattering(m) => &mut self.materials[m as usize].scattering,
            Parameter::Roughness(m) => &mut self.materials[m as usize].roughness,
            Parameter::Peak => &mut self.element.peak_dbi,
            Parameter::Horizontal => &mut self.element.horizontal_deg,
            Parameter::Vertical => &mut self.element.vertical_deg,
            Parameter::FrontToBack => &mut self.element.front_to_back_db,
            Parameter::SideLobes => &mut self.element.side_lobes_db,
            Parameter::Azimuth => &mut self.azimuth_deg,
            Parameter::Downtilt => &mut self.downtilt_deg,
            Parameter::Offset => &mut self.offset_db,
            Parameter::ReceiverOffset => &mut self.receiver_offset_db,
        }
    }

    /// Whether every parameter is what it can be: finite (beamwidths may be infinite), εr at least 1, nothing else of a
    /// material negative, S at most 1, beamwidths above 0, limits not below it.
    pub fn check(&self) -> Result<(), ModelError> {
        for parameter in Parameter::all() {
            let value = self.value(parameter);
            let possible = match parameter {
                Parameter::Relative(_) => value.is_finite() && value >= 1.0,
                Parameter::Scattering(_) => (0.0..=1.0).contains(&value),
                Parameter::Horizontal | Parameter::Vertical => value > 0.0,
                Parameter::Conductivity(_)
                | Parameter::Roughness(_)
                | Parameter::FrontToBack
                | Parameter::SideLobes => value.is_finite() && value >= 0.0,
                _ => value.is_finite(),
            };
            if !possible {
                return Err(ModelError::OutOfRange { parameter, value });
            }
        }
        Ok(())
    }
}
