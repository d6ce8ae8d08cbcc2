//! What several test files share.

use std::path::{Path, PathBuf};

/// The reference data at `rel` beside the project (or under `FARFIELD_SHARED`). Says so and gives `None` where it is
/// absent: the test that asked is then skipped by name.
pub fn shared(test: &str, rel: &str) -> Option<PathBuf> {
    let root = std::env::var_os("FARFIELD_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = root.join(rel);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED {test}: no {}", path.display());
    None
}
