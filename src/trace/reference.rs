//! Scenes and radio maps of the reference tracer (Sionna RT), and how far a map of ours is from one.
//!
//! Geometry comes as `.npz` with `vertices`, `triangles`, `tri_material` and `material_names`; maps as `.npz` of int16
//! hundredths of a decibel, −32768 where no path arrived, beside a `.json` that says where the cells and the antennas are.

use super::edge::Edge;
use super::field::Beam;
use super::scene::{Scene, SceneBuilder, Surface};
use super::task::{Diffraction, Sampling, Task};
use crate::antenna::{Pointing, ReceiverAntenna};
use crate::coverage::Grid;
use crate::material::{Finish, Finishes, Material};
use crate::scenario::Footing;
use crate::units::Hertz;
use glam::{DVec2, Vec3};
use npyz::npz::NpzArchive;
use npyz::{Deserialize as Element, NpyFile};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// Why a reference can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// A file is not there or is cut short.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file holds something else than expected.
    #[error("{path}: {what}")]
    Form {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

/// An archive of arrays.
struct Arrays {
    path: PathBuf,
    archive: NpzArchive<BufReader<File>>,
}

impl Arrays {
    fn open(path: &Path) -> Result<Self, ReferenceError> {
        let archive = NpzArchive::open(path).map_err(|source| ReferenceError::Io { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), archive })
    }

    fn form(&self, what: impl Into<String>) -> ReferenceError {
        ReferenceError::Form { path: self.path.clone(), what: what.into() }
    }

    /// The array of that name with its shape.
    fn read<T: Element>(&mut self, name: &str) -> Result<(Vec<u64>, Vec<T>), ReferenceError> {
        let io = |path: &Path, source| ReferenceError::Io { path: path.to_owned(), source };
        let Some(file) = self.archive.by_name(name).map_err(|e| io(&self.path, e))? else {
            return Err(self.form(format!("no array {name}")));
        };
        let shape = file.shape().to_vec();
        let values = NpyFile::into_vec(file).map_err(|e| io(&self.path, e))?;
        Ok((shape, values))
    }
}

/// The scene in `path`, every surface a single layer of `thickness` metres.
pub fn read_scene(path: &Path, thickness: f32) -> Result<Scene, ReferenceError> {
    let mut arrays = Arrays::open(path)?;
    let (_, vertices) = arrays.read::<f32>("vertices")?;
    let (_, triangles) = arrays.read::<u32>("triangles")?;
    let (_, material_of) = arrays.read::<u8>("tri_material")?;
    let (_, names) = arrays.read::<String>("material_names")?;
    let materials: Option<Vec<Material>> = names.iter().map(|n| Material::from_name(n)).collect();
    let materials = materials.ok_or_else(|| arrays.form(format!("unknown material among {names:?}")))?;
    let corner = |i: &u32| vertices.get(3 * *i as usize..3 * *i as usize + 3).map(Vec3::from_slice);
    let mut builder = SceneBuilder::new();
    for (corners, material) in triangles.chunks_exact(3).zip(material_of) {
        let [Some(a), Some(b), Some(c)] = [0, 1, 2].map(|k| corner(&corners[k])) else {
            return Err(arrays.form("a triangle names a vertex that isn't there"));
        };
        let material = *materials
            .get(usize::from(material))
            .ok_or_else(|| arrays.form("a triangle names a material that isn't there"))?;
        builder.triangle([a, b, c], Surface { material, thickness: Some(thickness) });
    }
    Ok(builder.build())
}

/// What a reference map takes into account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Mode {
    /// Line of sight.
    Los,
    /// And specular reflections.
    Refl,
    /// And the way through walls.
    ReflRefr,
    /// Specular and diffuse reflections.
    ReflDiffuse,
    /// Diffraction alone, at wedges.
    DiffrWedge,
    /// Diffraction alone, at wedges and at the edges of sheets.
    DiffrWedgeEdge,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Los, Self::Refl, Self::ReflRefr, Self::ReflDiffuse, Self::DiffrWedge, Self::DiffrWedgeEdge];

    /// Its name in the files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Los => "los",
            Self::Refl => "refl",
            Self::ReflRefr => "refl_refr",
            Self::ReflDiffuse => "refl_diffuse",
            Self::DiffrWedge => "diffr_wedge",
            Self::DiffrWedgeEdge => "diffr_wedge_edge",
        }
    }

    /// Whether an edge diffracts in it. The reference knows the wedge between two faces of one mesh, and with edges also
    /// where a mesh ends: its walls and roofs are meshes of their own, which here differ in what they are made of. Its roofs
    /// are thus half-planes in that mode, and solid here.
    pub fn keeps(self, edge: &Edge) -> bool {
        self != Self::DiffrWedge || (edge.surfaces[0] == edge.surfaces[1] && edge.planes[0] != edge.planes[1])
    }

    /// Path gain above which cells are compared, dB: below it the reference is too noisy.
    pub const fn level(self) -> f32 {
        match self {
            Self::ReflRefr | Self::ReflDiffuse => -110.0,
            _ => -130.0,
        }
    }
}

/// Where a reference map's cells and antennas are, and what it was made with.
#[derive(Clone, Debug, Deserialize)]
pub struct MapFacts {
    /// Carrier frequency.
    pub frequency_hz: f64,
    /// Height of the receivers, metres.
    pub rx_height_m: f32,
    /// Side of a cell, metres.
    pub cell_m: f64,
    /// Cells from west to east.
    pub nx: u32,
    /// Cells from south to north.
    pub ny: u32,
    /// West edge, metres.
    pub x0: f64,
    /// South edge, metres.
    pub y0: f64,
    /// Positions of the antennas, metres.
    pub tx: Vec<[f32; 3]>,
    /// Thickness of every surface, metres.
    pub thickness_m: f32,
    /// Scattering coefficient of every surface, where surfaces scatter; by Lambert's law.
    #[serde(default, rename = "diffuse_S")]
    scattering: f32,
    /// The same as materials have it.
    #[serde(skip)]
    finishes: Finishes,
    /// What each mode was made with.
    modes: HashMap<String, ModeFacts>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct ModeFacts {
    max_depth: usize,
}

impl MapFacts {
    /// Reads them.
    pub fn read(path: &Path) -> Result<Self, ReferenceError> {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|source| ReferenceError::Io { path: path.to_owned(), source })?;
        let form = |e: serde_json::Error| ReferenceError::Form { path: path.to_owned(), what: e.to_string() };
        let facts: Self = serde_json::from_str(&text).map_err(form)?;
        let finish = Finish { scattering: facts.scattering, ..Finish::default() };
        Ok(Self { finishes: Finishes::all(finish), ..facts })
    }

    /// Its grid.
    pub fn grid(&self) -> Grid {
        Grid { origin: DVec2::new(self.x0, self.y0), cell: self.cell_m, nx: self.nx, ny: self.ny }
    }

    /// Whether there are maps of `mode`.
    pub fn has(&self, mode: Mode) -> bool {
        self.modes.contains_key(mode.name())
    }

    /// Most interactions of a path in `mode`.
    pub fn depth(&self, mode: Mode) -> usize {
        self.modes.get(mode.name()).map_or(0, |m| m.max_depth)
    }

    /// The reference's antenna: isotropic, vertical, upright.
    pub fn beam(&self) -> Beam {
        Beam {
            pointing: Pointing::ISOTROPIC,
            frequency: Hertz(self.frequency_hz),
            receiver: ReceiverAntenna::ISOTROPIC,
        }
    }

    /// What traces the same as the map of `mode` of antenna `tx`, if there is that many.
    pub fn task<'a>(
        &'a self,
        scene: &'a Scene,
        beams: &'a [Beam],
        mode: Mode,
        tx: usize,
        sampling: Sampling,
    ) -> Option<Task<'a>> {
        Some(Task {
            scene,
            roofs: None,
            diffraction: match mode {
                Mode::DiffrWedge | Mode::DiffrWedgeEdge => Diffraction::EdgesAlone,
                _ => Diffraction::None,
            },
            transmitter: Vec3::from(*self.tx.get(tx)?),
            beams,
            grid: self.grid(),
            height: self.rx_height_m,
            footing: Footing::Ground,
            depth: self.depth(mode),
            transmission: mode == Mode::ReflRefr,
            finishes: (mode == Mode::ReflDiffuse).then_some(&self.finishes),
            woods: None,
            sampling,
        })
    }
}

/// The maps of `mode`, one an antenna: path gain in dB, row-major from the south-west, NaN where no path
/// arrived.
pub fn read_maps(path: &Path, mode: Mode) -> Result<Vec<Vec<f32>>, ReferenceError> {
    let mut arrays = Arrays::open(path)?;
    let (shape, values) = arrays.read::<i16>(mode.name())?;
    let [_, ny, nx] = shape[..] else { return Err(arrays.form(format!("{} has not three axes", mode.name()))) };
    let decibels = |v: &i16| if *v == i16::MIN { f32::NAN } else { f32::from(*v) / 100.0 };
    Ok(values.chunks_exact((nx * ny) as usize).map(|map| map.iter().map(decibels).collect()).collect())
}

/// How far a map is from a reference, over the reference's cells above a level.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Agreement {
    /// Cells of the reference above the level.
    pub cells: usize,
    /// Share of them in which ours has a value, 0–1.
    pub found: f64,
    /// Median of |ours − reference| over the found ones, dB.
    pub median: f32,
    /// Its 90th percentile, dB.
    pub p90: f32,
    /// Mean of ours − reference, dB.
    pub bias: f32,
}

/// Compares two maps in dB cell by cell where the reference is above `level` dB.
pub fn agreement<'a>(pairs: impl Iterator<Item = (&'a f32, &'a f32)>, level: f32) -> Agreement {
    let (mut cells, mut errors) = (0usize, Vec::new());
    for (ours, reference) in pairs.filter(|(_, r)| **r > level) {
        cells += 1;
        if ours.is_finite() {
            errors.push(ours - reference);
        }
    }
    if errors.is_empty() {
        return Agreement { cells, ..Agreement::default() };
    }
    let bias = errors.iter().sum::<f32>() / errors.len() as f32;
    let found = errors.len() as f64 / cells as f64;
    let mut sizes: Vec<f32> = errors.into_iter().map(f32::abs).collect();
    sizes.sort_by(f32::total_cmp);
    let at = |q: f32| sizes[((sizes.len() - 1) as f32 * q) as usize];
    Agreement { cells, found, median: at(0.5), p90: at(0.9), bias }
}
