//! The files that a scene is made of: beside its XML in a folder, or in a Python wheel.

use super::SceneError;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// Largest file of a scene, bytes.
const MAX_FILE: u64 = 256 << 20;

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

    /// The scene's XML.
    pub(super) fn scene(&mut self) -> Result<Vec<u8>, SceneError> {
        let (Self::Folder { scene, .. } | Self::Wheel { scene, .. }) = self;
        let name = scene.clone();
        self.read(&name)
    }

    /// The file at a path relative to the scene's folder.
    pub(super) fn read(&mut self, name: &str) -> Result<Vec<u8>, SceneError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_outside_of_the_scene_are_refused() {
        let mut files = SceneFiles::Folder { folder: "/nowhere".into(), scene: "a.xml".into() };
        let error = files.read("../secret").expect_err("outside");
        assert!(error.to_string().contains("outside"), "{error}");
    }
}
