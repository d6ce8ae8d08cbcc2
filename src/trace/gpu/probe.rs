//! The known answer: a small scene with every kind of path, whose gains are known. A device that gets them wrong (a
//! driver's bug, a blocklisted adapter) is not used.

use super::Gpu;
use crate::antenna::{Pattern, Pointing, ReceiverAntenna};
use crate::city::{Canopy, HeightRaster};
use crate::coverage::{Grid, Quantity};
use crate::engine::{EngineError, Job};
use crate::material::Material;
use crate::scenario::Footing;
use crate::trace::cpu;
use crate::trace::field::Beam;
use crate::trace::scene::{Scene, SceneBuilder, Surface};
use crate::trace::spread::{Moments, Sum};
use crate::trace::task::{Diffraction, Sampling, Task};
use crate::units::Hertz;
use glam::{DVec2, Vec3};

/// Largest error of a right answer, dB.
const TOLERANCE_DB: f32 = 0.05;
/// Largest errors of [`Quantity::ARRIVAL`], in their units.
const TOLERANCES: [f32; 4] = [0.1; 4];

/// A street with a ground, a wall, a low house between and a grove behind it.
struct Street {
    scene: Scene,
    roofs: HeightRaster,
    woods: Option<Canopy>,
    beams: [Beam; 2],
}

impl Street {
    fn new() -> Self {
        let solid = |material| Surface { material, thickness: None };
        let sheet = |material| Surface { material, thickness: Some(0.1) };
        let mut builder = SceneBuilder::new();
        let square = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
        builder.quad(square.map(|(x, y)| Vec3::new(x, y, 0.0) * 200.0), solid(Material::MediumDryGround));
        builder.quad(square.map(|(x, z)| Vec3::new(x * 60.0, 30.0, z * 15.0 + 15.0)), solid(Material::Concrete));
        builder.quad(square.map(|(y, z)| Vec3::new(0.5, y * 4.0, z * 2.0 + 2.0)), sheet(Material::Glass));
        let mut tops = vec![0.0; 6400];
        for y in 36..44 {
            tops[y * 80 + 40] = 4.0;
        }
        let mut crowns = vec![0.0; 6400];
        for y in 42..56 {
            crowns[y * 80 + 44..y * 80 + 50].fill(5.0);
        }
        let raster = |tops| HeightRaster::of_tops(DVec2::splat(-40.0), 1.0, [80, 80], tops);
        let roofs = raster(tops);
        let woods = Canopy::under(raster(crowns), &roofs);
        let beam = |pattern, mhz, azimuth_deg| Beam {
            pointing: Pointing { pattern, azimuth_deg, downtilt_deg: 5.0, ..Pointing::ISOTROPIC },
            frequency: Hertz::from_mhz(mhz),
            receiver: ReceiverAntenna::ISOTROPIC,
        };
        let beams = [beam(Pattern::Isotropic, 3500.0, 0.0), beam(Pattern::Tr38901, 900.0, 70.0)];
        Self { scene: builder.build(), roofs, woods, beams }
    }

    fn task(&self) -> Task<'_> {
        Task {
            scene: &self.scene,
            roofs: Some(&self.roofs),
            diffraction: Diffraction::Rooftops,
            transmitter: Vec3::new(-25.3, 1.2, 6.1),
            beams: &self.beams,
            grid: Grid { origin: DVec2::new(-16.0, -16.0), cell: 4.0, nx: 8, ny: 8 },
            height: 1.5,
            footing: Footing::Ground,
            depth: 2,
            transmission: false,
            finishes: None,
            woods: self.woods.as_ref(),
            sampling: Sampling { rays: 512, samples: 1 },
        }
    }
}

/// Lets the GPU trace the street, and compares with its twin on the CPU.
pub async fn check_gains(gpu: &Gpu) -> Result<(), EngineError> {
    let street = Street::new();
    let (task, mut job) = (street.task(), Job::silent());
    let known = cpu::discover(&task, &mut job).await?;
    let found = gpu.discover(&task, &mut job).await?;
    let right = cpu::gather(&task, &known, 0..task.grid.ny, &mut job).await?;
    let given = gpu.gather(&task, &found, 0..task.grid.ny, &mut job).await?;
    let worst = right.iter().flatten().zip(given.iter().flatten()).map(|(r, g)| error_db(*r, *g)).fold(0.0, f32::max);
    if worst <= TOLERANCE_DB {
        return Ok(());
    }
    Err(EngineError::NoAdapter(format!("{} gets a known answer wrong by {worst:.1} dB", gpu.name())))
}

/// The same of how paths arrive, by what collects that.
pub(super) async fn check_arrival(gpu: &Gpu, collector: &wgpu::ComputePipeline) -> Result<(), EngineError> {
    let street = Street::new();
    let (task, mut job) = (street.task(), Job::silent());
    let known = cpu::discover(&task, &mut job).await?;
    let mut right = vec![Vec::<Moments>::new(); task.beams.len()];
    let mut given = right.clone();
    cpu::collect(&task, &known, &(0..task.grid.ny), &mut right, &mut job).await?;
    gpu.collect_with(collector, &task, &known, &(0..task.grid.ny), &mut given, &mut job).await?;
    let wrong = right.iter().flatten().zip(given.iter().flatten()).find_map(|(r, g)| misses(r, g));
    wrong.map_or(Ok(()), |what| {
        Err(EngineError::NoAdapter(format!("{} gets a known answer wrong: {}", gpu.name(), what.name())))
    })
}

/// Which of the arrival's quantities is wrong, if one is, or the power.
fn misses(right: &Moments, given: &Moments) -> Option<Quantity> {
    if error_db(right.power(), given.power()) > TOLERANCE_DB {
        return Some(Quantity::PathGain);
    }
    let misses = |quantity: Quantity, tolerance: f32| match (right.get(quantity), given.get(quantity)) {
        (Some(right), Some(given)) => {
            let error = (given - right).abs();
            let whole_turn = quantity == Quantity::AzimuthOfArrival && error > 180.0;
            let error = if whole_turn { 360.0 - error } else { error };
            error.is_nan() || error > tolerance
        }
        (right, given) => right.is_some() != given.is_some(),
    };
    Quantity::ARRIVAL.into_iter().zip(TOLERANCES).find(|(q, tolerance)| misses(*q, *tolerance)).map(|(q, _)| q)
}

/// How far apart two gains are, dB; infinitely where only one is a number.
fn error_db(right: f32, given: f32) -> f32 {
    if (right.is_nan() && given.is_nan()) || right == given {
        return 0.0;
    }
    let error = (10.0 * (given / right).log10()).abs();
    if error.is_nan() { f32::INFINITY } else { error }
}
