//! Knowing without building that nothing has changed: a hash over the content of every file a result is made from.

use crate::shell::root;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};

/// The hash of the files and folders named, relative to the project's root. What doesn't exist counts as absent.
pub fn of(inputs: &[&str]) -> Result<String> {
    let mut files = BTreeSet::new();
    for input in inputs {
        collect(&root().join(input), &mut files)?;
    }
    let mut hasher = DefaultHasher::new();
    for file in &files {
        let content = fs::read(file).with_context(|| file.display().to_string())?;
        hasher.write(file.strip_prefix(root()).unwrap_or(file).as_os_str().as_encoded_bytes());
        hasher.write_usize(content.len());
        hasher.write(&content);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// All regular files at or below `path`, hidden ones and those made by tools left out.
fn collect(path: &Path, files: &mut BTreeSet<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.insert(path.to_owned());
    } else if path.is_dir() {
        for entry in fs::read_dir(path).with_context(|| path.display().to_string())? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if !name.starts_with('.') && name != "__pycache__" && !entry.file_type()?.is_symlink() {
                collect(&entry.path(), files)?;
            }
        }
    }
    Ok(())
}

/// Where the stamp called `name` is kept.
fn file(name: &str) -> PathBuf {
    root().join("target/xtask").join(name)
}

/// Whether the stamp called `name` holds `value`.
pub fn holds(name: &str, value: &str) -> bool {
    fs::read_to_string(file(name)).is_ok_and(|kept| kept == value)
}

/// Keeps `value` under `name`.
pub fn keep(name: &str, value: &str) -> Result<()> {
    let file = file(name);
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&file, value).with_context(|| file.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_changes_with_the_content_and_not_with_the_time() {
        let folder = root().join(format!("target/xtask/stamp-test-{}", std::process::id()));
        fs::create_dir_all(folder.join("inner")).expect("a folder");
        let name = folder.strip_prefix(root()).expect("inside").to_str().expect("utf-8").to_owned();
        let write = |text: &str| fs::write(folder.join("inner/a.rs"), text).expect("a file");
        write("one");
        let first = of(&[&name]).expect("a stamp");
        write("one");
        let again = of(&[&name]).expect("a stamp");
        write("two");
        let changed = of(&[&name]).expect("a stamp");
        fs::remove_dir_all(&folder).expect("removed");
        assert_eq!(first, again);
        assert_ne!(first, changed);
        assert_ne!(first, of(&[&name]).expect("a stamp of nothing"));
    }
}
