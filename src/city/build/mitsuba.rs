//! A Mitsuba scene of a city, as Sionna RT ships them, to a [`City`]: XML with one PLY mesh for the walls and one for the
//! roof of each building.
//!
//! A building becomes a prism: its footprint is the bottom ring of its walls, its top the mean height of its roof,
//! weighted by the area seen from above, so that the prism holds as much as the building (a tower thus raises the whole
//! roof a little instead of standing out).

mod files;
mod object;
mod xml;

pub use files::SceneFiles;

use super::clean::{Repairs, clean};
use super::elevation::Lattice;
use super::finish::Identity;
use super::footprint::{self, Found};
use super::ply::{self, Mesh, PlyError};
use super::report::{Log, Repair, Report, Skip};
use crate::city::terrain::TerrainError;
use crate::city::{Building, City, HeightSource, Terrain};
use crate::geodesy::LocalFrame;
use crate::material::Material;
use geo::orient::Direction;
use geo::{BoundingRect, Orient, Rect, coord};
use object::Object;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A ground whose vertices differ by less than this is level, metres.
const LEVEL: f32 = 0.1;
/// Names of the mesh that is the ground.
const GROUND: [&str; 4] = ["ground", "floor", "plane", "terrain"];

/// Why a scene can't be imported.
#[derive(Debug, thiserror::Error)]
pub enum SceneError {
    /// A file of the scene can't be read.
    #[error("{file} can't be read: {why}")]
    File {
        /// Which file.
        file: String,
        /// What the system says.
        why: String,
    },
    /// The scene file is not well-formed XML.
    #[error("the scene is not well-formed XML: {0}")]
    Xml(#[from] quick_xml::Error),
    /// The scene uses something that is not read here.
    #[error("the scene's shape {shape} {what}")]
    Shape {
        /// Id of the shape.
        shape: String,
        /// What about it.
        what: &'static str,
    },
    /// A mesh can't be used.
    #[error("the mesh {file} can't be used: {why}")]
    Mesh {
        /// Which file.
        file: String,
        /// What is wrong with it.
        why: PlyError,
    },
    /// Its ground makes no sense.
    #[error("the scene's ground can't be used: {0}")]
    Ground(#[from] TerrainError),
    /// Nobody said where the scene lies.
    #[error("the scene has no georeference: the position of its origin is needed (--origin LATITUDE,LONGITUDE)")]
    NoOrigin,
    /// No shape became a building.
    #[error("the scene has no buildings")]
    Empty,
}

/// What became of a scene.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The city, on its terrain where the ground is not level.
    pub city: City,
    /// What was repaired and left out.
    pub report: Report,
    /// The ground where it is not level, as fine as the scene has it, in local metres.
    pub ground: Option<Lattice>,
}

/// Reads the scene; its origin must be known.
///
/// On ground that is not level roofs stay where the scene has them, and walls reach down to the lowest ground under their
/// corners.
pub fn import(files: &mut SceneFiles, identity: Identity) -> Result<Scene, SceneError> {
    let Identity { name, attribution, origin } = identity;
    let origin = origin.ok_or(SceneError::NoOrigin)?;
    let xml = files.scene()?;
    let shapes = xml::shapes(&String::from_utf8_lossy(&xml))?;
    let mut order = Vec::new();
    let mut objects: BTreeMap<String, Vec<(Material, Mesh)>> = BTreeMap::new();
    for shape in shapes {
        let mesh = ply::parse(&files.read(&shape.file)?);
        let mesh = mesh.map_err(|why| SceneError::Mesh { file: shape.file, why })?;
        let parts = objects.entry(shape.name.clone()).or_default();
        if parts.is_empty() {
            order.push(shape.name);
        }
        parts.push((shape.material, mesh));
    }

    let (mut log, mut found) = (Log::default(), 0);
    let mut buildings: Vec<Building> = Vec::new();
    let mut ground = (Material::MediumDryGround, None);
    let uneven = objects.iter().find(|(name, parts)| is_ground(name) && !is_level(parts));
    let relief = uneven.and_then(|(_, parts)| Lattice::of(&parts.iter().map(|p| &p.1).collect::<Vec<_>>()));
    for object_name in order {
        let parts = objects.remove(&object_name).unwrap_or_default();
        let name = || object_name.clone();
        if is_ground(&object_name) {
            ground = (parts[0].0, bounds_of(parts.iter().map(|p| &p.1)));
            continue;
        }
        found += 1;
        let object = Object::new(&parts);
        let (footprint, how) = footprint::of(&object.walls, &object.all);
        if how == Found::FromAbove {
            log.repairs.add(Repair::FromAbove, name);
        }
        let mut repairs = Repairs::default();
        let shapes = clean(footprint, &mut repairs);
        log.repairs.add_many(Repair::RepeatedPoint, repairs.repeated_points as u64, name);
        log.repairs.add_many(Repair::Sliver, repairs.slivers as u64, name);
        let Some(top) = object.mean_roof().filter(|_| !shapes.is_empty()) else {
            log.skipped.add(Skip::NoArea, name);
            continue;
        };
        let base = if relief.is_some() { object.lowest() } else { object.lowest().max(0.0) };
        for footprint in shapes {
            buildings.push(Building {
                id: buildings.len() as u64 + 1,
                footprint: footprint.orient(Direction::Default),
                base,
                top,
                height_source: HeightSource::Model,
                wall: object.wall,
                roof: object.roof,
            });
        }
    }
    let bounds = buildings.iter().filter_map(|b| b.footprint.bounding_rect()).chain(ground.1).reduce(|a, b| {
        Rect::new(
            coord! { x: a.min().x.min(b.min().x), y: a.min().y.min(b.min().y) },
            coord! { x: a.max().x.max(b.max().x), y: a.max().y.max(b.max().y) },
        )
    });
    let bounds = bounds.filter(|_| !buildings.is_empty()).ok_or(SceneError::Empty)?;
    let terrain = relief.as_ref().map(|ground| Terrain::new(bounds, ground.spacing(), |p| ground.at(p))).transpose()?;
    if let Some(terrain) = &terrain {
        buildings.retain_mut(|building| stand(building, terrain, &mut log));
    }
    let report = Report::of(found, &buildings, BTreeMap::new(), log);
    if let Some(terrain) = &terrain {
        terrain.lift(&mut buildings);
    }
    let (frame, terrain) = (LocalFrame::new(origin), terrain.map(Arc::new));
    let city = City { name, attribution, frame, bounds, buildings, ground: ground.0, terrain, woods: Vec::new() };
    Ok(Scene { city, report, ground: relief })
}

/// Counts the heights of a building, which are those of the scene, from the ground under it; tells whether anything of it
/// stands out.
fn stand(building: &mut Building, terrain: &Terrain, log: &mut Log) -> bool {
    let name = building.id.to_string();
    let ground = terrain.under(&building.footprint) + terrain.datum() as f32;
    if building.base > ground + LEVEL {
        log.repairs.add(Repair::CarriedDown, || name.clone());
    }
    (building.base, building.top) = (0.0, building.top - ground);
    let stands_out = building.top > LEVEL;
    if !stands_out {
        log.skipped.add(Skip::Underground, || name);
    }
    stands_out
}

fn is_ground(name: &str) -> bool {
    GROUND.contains(&name.to_lowercase().as_str())
}

/// Whether the ground of a scene is a plane.
fn is_level(parts: &[(Material, Mesh)]) -> bool {
    let heights = || parts.iter().flat_map(|p| &p.1.vertices).map(|v| v.z);
    heights().fold(f32::NEG_INFINITY, f32::max) - heights().fold(f32::INFINITY, f32::min) < LEVEL
}

fn bounds_of<'a>(meshes: impl Iterator<Item = &'a Mesh>) -> Option<Rect<f64>> {
    let corners = meshes.flat_map(|m| &m.vertices).map(|v| (v.as_dvec3().truncate(), v.as_dvec3().truncate()));
    let (low, high) = corners.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
    Some(Rect::new(coord! { x: low.x, y: low.y }, coord! { x: high.x, y: high.y }))
}
