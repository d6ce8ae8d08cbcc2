//! Radio materials: what a wall, a roof or the ground does to a wave. Knows nothing of geometry.

mod complex;
pub mod finish;
mod fresnel;
mod p2040;

pub use complex::Complex;
pub use finish::{Finish, Finishes, Lobe};
pub use fresnel::{Coefficients, half_space, slab};
pub(crate) use p2040::EPSILON_0;
pub use p2040::Permittivity;

use serde::{Deserialize, Serialize};

/// A material of ITU-R P.2040-3, table 3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Material {
    /// Concrete.
    #[default]
    Concrete,
    /// Brick.
    Brick,
    /// Plasterboard.
    Plasterboard,
    /// Wood.
    Wood,
    /// Glass.
    Glass,
    /// Ceiling board.
    CeilingBoard,
    /// Chipboard.
    Chipboard,
    /// Plywood.
    Plywood,
    /// Marble.
    Marble,
    /// Floorboard.
    Floorboard,
    /// Metal.
    Metal,
    /// Very dry ground.
    VeryDryGround,
    /// Medium dry ground.
    MediumDryGround,
    /// Wet ground.
    WetGround,
}

impl Material {
    /// Every material, in the order of its discriminant.
    pub const ALL: [Material; 14] = [
        Material::Concrete,
        Material::Brick,
        Material::Plasterboard,
        Material::Wood,
        Material::Glass,
        Material::CeilingBoard,
        Material::Chipboard,
        Material::Plywood,
        Material::Marble,
        Material::Floorboard,
        Material::Metal,
        Material::VeryDryGround,
        Material::MediumDryGround,
        Material::WetGround,
    ];

    /// The name used in city archives and scene files, such as `medium_dry_ground`.
    pub const fn name(self) -> &'static str {
        match self {
            Material::Concrete => "concrete",
            Material::Brick => "brick",
            Material::Plasterboard => "plasterboard",
            Material::Wood => "wood",
            Material::Glass => "glass",
            Material::CeilingBoard => "ceiling_board",
            Material::Chipboard => "chipboard",
            Material::Plywood => "plywood",
            Material::Marble => "marble",
            Material::Floorboard => "floorboard",
            Material::Metal => "metal",
            Material::VeryDryGround => "very_dry_ground",
            Material::MediumDryGround => "medium_dry_ground",
            Material::WetGround => "wet_ground",
        }
    }

    /// The material of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.name() == name)
    }
}
