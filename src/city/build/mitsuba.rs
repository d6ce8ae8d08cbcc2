//! A Mitsuba scene of a city, as Sionna RT ships them, to a [`City`]: XML with one PLY mesh for the walls and one for the
//! roof of each building.
//!
//! A building becomes a prism: its footprint is the bottom ring of its walls, its top the mean height of its roof,
//! weighted by the area seen from above, so that the prism holds as much as the building (a tower thus raises the whole
//! roof a little instead of standing out).

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
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Largest file of a scene, bytes.
const MAX_FILE: u64 = 256 << 20;
/// A triangle whose normal is flatter than this is a wall.
const ROOF_SLOPE: f32 = 0.1;
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

/// The files of a scene: a folder, or a Python wheel that has scenes in it.
pub enum SceneFiles {
    /// Files beside the scene's XML.
    Folder {
        /// Where they lie.
        folder: PathBuf,
        /// Name of the XML file.
        scene: String,
    },
    /// Files in a zip archive.
    Wheel {
        /// The archive.
        archive: zip::ZipArchive<File>,
        /// The scene's folder in it, with a slash at the end.
        folder: String,
        /// Name of the XML file.
        scene: String,
    },
}

impl SceneFiles {
    /// Opens `SCENE.xml`, or `PACKAGE.whl#SCENE`.
    pub fn open(source: &str) -> Result<Self, SceneError> {
        let failed = |why: String| SceneError::File { file: source.into(), why };
        if let Some((wheel, name)) = source.split_once(".whl#") {
            let file = File::open(format!("{wheel}.whl")).map_err(|e| failed(e.to_string()))?;
            let archive = zip::ZipArchive::new(file).map_err(|e| failed(e.to_string()))?;
            let scene = format!("{name}.xml");
            let end = format!("/{name}/{scene}");
            let path = archive.file_names().find(|n| n.ends_with(&end)).map(str::to_owned);
            let path = path.ok_or_else(|| failed(format!("there is no scene {name} in it")))?;
            let folder = path[..path.len() - scene.len()].to_owned();
            return Ok(Self::Wheel { archive, folder, scene });
        }
        let path = Path::new(source);
        let scene = path.file_name().and_then(|n| n.to_str()).ok_or_else(|| failed("it names no file".into()))?;
        Ok(Self::Folder { folder: path.parent().map(Path::to_owned).unwrap_or_default(), scene: scene.into() })
    }

    fn scene(&mut self) -> Result<Vec<u8>, SceneError> {
        let (Self::Folder { scene, .. } | Self::Wheel { scene, .. }) = self;
        let name = scene.clone();
        self.read(&name)
    }

    /// The file at a path relative to the scene's folder.
    fn read(&mut self, name: &str) -> Result<Vec<u8>, SceneError> {
        let failed = |why: String| SceneError::File { file: name.into(), why };
        let within = Path::new(name).components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
        if !within {
            return Err(failed("it lies outside of the scene's folder".into()));
        }
        let mut bytes = Vec::new();
        let read = match self {
            Self::Folder { folder, .. } => {
                let file = File::open(folder.join(name)).map_err(|e| failed(e.to_string()))?;
                file.take(MAX_FILE).read_to_end(&mut bytes)
            }
            Self::Wheel { archive, folder, .. } => {
                let file = archive.by_name(&format!("{folder}{name}")).map_err(|e| failed(e.to_string()))?;
                file.take(MAX_FILE).read_to_end(&mut bytes)
            }
        };
        read.map_err(|e| failed(e.to_string()))?;
        Ok(bytes)
    }
}

/// A shape of the scene.
struct Shape {
    name: String,
    file: String,
    material: Material,
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
    let shapes = shapes(&String::from_utf8_lossy(&xml))?;
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
    let city = City { name, attribution, frame, bounds, buildings, ground: ground.0, terrain };
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

/// The meshes of one building, told apart.
struct Object<'a> {
    all: Vec<&'a Mesh>,
    walls: Vec<&'a Mesh>,
    wall: Material,
    roof: Material,
}

impl<'a> Object<'a> {
    /// The walls are the steepest mesh, the roof is the flattest of another material.
    fn new(parts: &'a [(Material, Mesh)]) -> Self {
        let all: Vec<&Mesh> = parts.iter().map(|p| &p.1).collect();
        let mut sorted: Vec<&(Material, Mesh)> = parts.iter().collect();
        sorted.sort_by(|a, b| flatness(&a.1).total_cmp(&flatness(&b.1)));
        let (wall, roof) = (sorted[0].0, sorted[sorted.len() - 1].0);
        let of = |material| parts.iter().filter(|p| p.0 == material).map(|p| &p.1).collect::<Vec<_>>();
        let walls = if wall == roof { all.clone() } else { of(wall) };
        Self { all, walls, wall, roof }
    }

    fn lowest(&self) -> f32 {
        self.all.iter().flat_map(|m| &m.vertices).map(|v| v.z).fold(f32::INFINITY, f32::min)
    }

    /// Mean height of what is seen from above, metres, weighted by its area there. Terraces and lower roofs are often
    /// parts of the walls' mesh, so all meshes count.
    fn mean_roof(&self) -> Option<f32> {
        let floor = self.lowest();
        let (mut area, mut moment) = (0.0f64, 0.0f64);
        for [a, b, c] in self.all.iter().flat_map(|m| m.corners()) {
            let normal = (b - a).cross(c - a);
            let mean = (a.z + b.z + c.z) / 3.0;
            if normal.z.abs() > ROOF_SLOPE * normal.length() && mean > floor {
                area += f64::from(normal.z.abs());
                moment += f64::from(normal.z.abs()) * f64::from(mean);
            }
        }
        (area > 0.0).then(|| (moment / area) as f32)
    }
}

/// Area seen from above over area: 0 for walls, 1 for flat roofs.
fn flatness(mesh: &Mesh) -> f32 {
    let normals = mesh.corners().map(|[a, b, c]| (b - a).cross(c - a));
    let (seen, area) = normals.fold((0.0, 0.0), |(s, a), n| (s + n.z.abs(), a + n.length()));
    if area > 0.0 { seen / area } else { 0.0 }
}

fn bounds_of<'a>(meshes: impl Iterator<Item = &'a Mesh>) -> Option<Rect<f64>> {
    let corners = meshes.flat_map(|m| &m.vertices).map(|v| (v.as_dvec3().truncate(), v.as_dvec3().truncate()));
    let (low, high) = corners.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
    Some(Rect::new(coord! { x: low.x, y: low.y }, coord! { x: high.x, y: high.y }))
}

/// The shapes of the scene in order, with the materials that they refer to.
fn shapes(xml: &str) -> Result<Vec<Shape>, SceneError> {
    let mut reader = Reader::from_str(xml);
    let mut materials: BTreeMap<String, Material> = BTreeMap::new();
    let mut shapes = Vec::new();
    let mut bsdf: Option<String> = None;
    let mut shape: Option<(String, Option<String>, Option<String>)> = None;
    let failed = |shape: &str, what| SceneError::Shape { shape: shape.into(), what };
    loop {
        match reader.read_event()? {
            Event::Eof => return Ok(shapes),
            Event::Start(tag) | Event::Empty(tag) => match tag.name().as_ref() {
                "bsdf" => bsdf = attribute(&tag, "id"),
                "shape" => {
                    let id = attribute(&tag, "id").unwrap_or_default();
                    if attribute(&tag, "type").as_deref() != Some("ply") {
                        return Err(failed(&id, "is not a PLY mesh, and only those are read"));
                    }
                    shape = Some((id, None, None));
                }
                "transform" => {
                    let id = shape.as_ref().map(|s| s.0.as_str()).unwrap_or_default();
                    return Err(failed(id, "is moved by a transform, which is not read"));
                }
                "string" => match (attribute(&tag, "name").as_deref(), &bsdf, &mut shape) {
                    (Some("filename"), _, Some(shape)) => shape.1 = attribute(&tag, "value"),
                    (Some("type"), Some(id), None) => {
                        let material = attribute(&tag, "value").as_deref().and_then(Material::from_name);
                        materials.extend(material.map(|m| (id.clone(), m)));
                    }
                    _ => {}
                },
                "ref" => {
                    if let Some(shape) = &mut shape {
                        shape.2 = attribute(&tag, "id");
                    }
                }
                _ => {}
            },
            Event::End(tag) => match tag.name().as_ref() {
                "bsdf" => bsdf = None,
                "shape" => {
                    if let Some((id, file, material)) = shape.take() {
                        let file = file.ok_or_else(|| failed(&id, "names no file"))?;
                        let material = material.and_then(|m| material_of(&m, &materials));
                        let material = material.ok_or_else(|| failed(&id, "has no ITU material"))?;
                        shapes.push(Shape { name: object_name(&id).into(), file, material });
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }
}

/// The material that a reference means: one the scene defines, or one named like `itu_marble`.
fn material_of(reference: &str, defined: &BTreeMap<String, Material>) -> Option<Material> {
    let name = reference.trim_start_matches("mat-").trim_start_matches("itu_");
    defined.get(reference).copied().or_else(|| Material::from_name(name))
}

/// `mesh-Altes_Rathaus-itu_marble` → `Altes_Rathaus`; scenes name their meshes by material, by `wall` and `roof`, or by a
/// colour.
fn object_name(id: &str) -> &str {
    let id = id.strip_prefix("mesh-").unwrap_or(id);
    let colour = |end: &str| end.len() == 6 && end.bytes().all(|b| b.is_ascii_hexdigit());
    match (id.split_once("-itu_"), id.rsplit_once('-')) {
        (Some((name, _)), _) => name,
        (None, Some((name, end))) if end == "wall" || end == "roof" || colour(end) => name,
        _ => id,
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = tag.try_get_attribute(name).ok()??;
    Some(attribute.value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCENE: &str = r#"<scene><bsdf type="itu-radio-material" id="m1"><string name="type" value="brick"/></bsdf>
        <shape type="ply" id="mesh-a_b-itu_brick"><string name="filename" value="meshes/a.ply"/><ref id="m1" name="bsdf"/></shape>
        </scene>"#;

    #[test]
    fn a_shape_has_its_object_file_and_material() {
        let shapes = shapes(SCENE).expect("a scene");
        assert_eq!(shapes.len(), 1);
        assert_eq!((shapes[0].name.as_str(), shapes[0].file.as_str()), ("a_b", "meshes/a.ply"));
        assert_eq!(shapes[0].material, Material::Brick);
    }

    #[test]
    fn walls_and_roof_are_of_one_object() {
        for (id, name) in [
            ("mesh-Altes_Rathaus-itu_marble", "Altes_Rathaus"),
            ("mesh-Fisher-Library-wall", "Fisher-Library"),
            ("mesh-Coit_Tower-e0e0e0", "Coit_Tower"),
            ("mesh-element_1084", "element_1084"),
            ("mesh-Saint-Roch", "Saint-Roch"),
        ] {
            assert_eq!(object_name(id), name);
        }
    }

    #[test]
    fn what_is_not_read_is_refused_by_name() {
        for (from, to) in [("type=\"ply\"", "type=\"cube\""), ("id=\"m1\" name", "id=\"m2\" name"), ("</scene>", "<")] {
            assert!(shapes(&SCENE.replace(from, to)).is_err(), "{to}");
        }
    }

    #[test]
    fn files_outside_of_the_scene_are_refused() {
        let mut files = SceneFiles::Folder { folder: "/nowhere".into(), scene: "a.xml".into() };
        let error = files.read("../secret").expect_err("outside");
        assert!(error.to_string().contains("outside"), "{error}");
    }
}
