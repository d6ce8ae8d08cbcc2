//! The scene's XML: which meshes there are, of which building and of which material.

use super::SceneError;
use crate::material::Material;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use std::collections::BTreeMap;

/// A shape of the scene.
pub(super) struct Shape {
    /// The building that it is of.
    pub name: String,
    /// Its mesh.
    pub file: String,
    /// What it is made of.
    pub material: Material,
}

/// The shapes of the scene in order, with the materials that they refer to.
pub(super) fn shapes(xml: &str) -> Result<Vec<Shape>, SceneError> {
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
}
