//! Where the bytes of an archive come from: memory, a file, or a server (see [`super::http`]).

use super::Fault;
use std::sync::Arc;

/// Random access to an archive.
pub trait RangeReader {
    /// The `length` bytes from `offset`; fewer only where the archive ends before.
    fn read(&self, offset: u64, length: u64) -> impl Future<Output = Result<Vec<u8>, Fault>>;

    /// The archive that this one calls `name`: an address or a path relative to its own. `None` where this one lies nowhere,
    /// as in memory.
    fn beside(&self, name: &str) -> Result<Option<Self>, Fault>
    where
        Self: Sized,
    {
        let _ = name;
        Ok(None)
    }

    /// Forgets what was read before, because the archive has changed.
    fn forget(&self) {}
}

/// An archive in memory.
#[derive(Clone, Debug)]
pub struct Bytes(pub Arc<[u8]>);

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl Bytes {
    /// The part of the range that exists.
    pub fn slice(&self, offset: u64, length: u64) -> &[u8] {
        let total = self.0.len() as u64;
        // Both fit a `usize`, whatever was asked for.
        let (start, end) = (offset.min(total) as usize, offset.saturating_add(length).min(total) as usize);
        &self.0[start..end]
    }
}

impl RangeReader for Bytes {
    async fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>, Fault> {
        Ok(self.slice(offset, length).to_vec())
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod file {
    use super::{Fault, RangeReader};
    use std::fs::File;
    use std::io::{ErrorKind, Read, Seek, SeekFrom};
    use std::path::{Component, Path, PathBuf};
    use std::sync::{Mutex, PoisonError};

    /// An archive on disk.
    #[derive(Debug)]
    pub struct FileReader {
        file: Mutex<File>,
        path: PathBuf,
    }

    impl FileReader {
        /// Opens the file.
        pub fn open(path: &Path) -> Result<Self, Fault> {
            let file = File::open(path).map_err(|e| fault(&e))?;
            Ok(Self { file: Mutex::new(file), path: path.to_owned() })
        }
    }

    impl RangeReader for FileReader {
        async fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>, Fault> {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(offset)).map_err(|e| fault(&e))?;
            let mut bytes = Vec::new();
            // `take` grows the buffer as bytes arrive: an absurd length costs nothing.
            (&mut *file).take(length).read_to_end(&mut bytes).map_err(|e| fault(&e))?;
            Ok(bytes)
        }

        /// Only files in the same folder or below it: a city from somewhere must not reach anywhere.
        fn beside(&self, name: &str) -> Result<Option<Self>, Fault> {
            let relative = Path::new(name);
            let below = relative.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
            if !below || name.contains("://") {
                return Err(Fault::Unreachable("it does not lie in the folder of the city".into()));
            }
            Self::open(&self.path.with_file_name("").join(relative)).map(Some)
        }
    }

    fn fault(error: &std::io::Error) -> Fault {
        if error.kind() == ErrorKind::NotFound { Fault::Missing } else { Fault::Unreachable(error.to_string()) }
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub use file::FileReader;
