//! Tiles to a `PMTiles` archive: clustered, equal tiles stored once, the same bytes for the same tiles; and new metadata for
//! an archive that exists.

use super::WriteError;
use crate::city::archive::{
    Compression, DirectoryEntry as Entry, Fault, HEADER_LEN, Header, MAX_METADATA, Section, TileKind, encode,
};
use crate::geodesy::LonLat;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;
use std::collections::HashMap;
use std::io::{Read, Write};

/// The root directory must end within the first 16 KiB (specification, section 4).
const MAX_ROOT: usize = (16 << 10) - HEADER_LEN;
/// Entries of a leaf directory.
const LEAF_ENTRIES: usize = 4096;

/// What an archive says of itself in its header.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// What its tiles are.
    pub kind: TileKind,
    /// How they are packed.
    pub packing: Compression,
    /// Lowest and highest zoom.
    pub zooms: (u8, u8),
    /// South-west corner.
    pub min: LonLat,
    /// North-east corner.
    pub max: LonLat,
    /// Zoom to show first.
    pub centre_zoom: u8,
}

/// Tiles on their way into an archive.
#[derive(Debug, Default)]
pub struct Pack {
    tiles: Vec<u8>,
    entries: Vec<Entry>,
    stored: HashMap<Vec<u8>, Section>,
}

impl Pack {
    /// Adds a tile, as it is to lie in the archive; tiles come in the order of their numbers.
    pub fn push(&mut self, id: u64, packed: Vec<u8>) {
        let next = Section { offset: self.tiles.len() as u64, length: packed.len() as u64 };
        let section = *self.stored.entry(packed).or_insert_with_key(|packed| {
            self.tiles.extend(packed);
            next
        });
        match self.entries.last_mut() {
            Some(last) if last.section == section && last.id + last.run == id => last.run += 1,
            _ => self.entries.push(Entry { id, run: 1, section }),
        }
    }

    /// The archive's bytes.
    pub fn into_archive(self, label: Label, metadata: &Value) -> Result<Vec<u8>, WriteError> {
        let Label { kind, packing, zooms, min, max, centre_zoom } = label;
        let (root, leaves) = directories(&self.entries)?;
        let counts = [self.entries.iter().map(|e| e.run).sum(), self.entries.len() as u64, self.stored.len() as u64];
        let nowhere = Section::default();
        let header = Header {
            root: nowhere,
            metadata: nowhere,
            leaves: nowhere,
            tiles: nowhere,
            counts,
            internal: Compression::Gzip,
            packing,
            kind,
            zooms,
            min,
            max,
            centre_zoom,
            centre: LonLat::new(f64::midpoint(min.lon, max.lon), f64::midpoint(min.lat, max.lat)),
        };
        Ok(assemble(header, [&root, &gzip(metadata.to_string().as_bytes())?, &leaves, &self.tiles]))
    }
}

/// Lays the four sections one after another, and says in the header where they are.
fn assemble(mut header: Header, [root, metadata, leaves, tiles]: [&[u8]; 4]) -> Vec<u8> {
    let mut end = HEADER_LEN as u64;
    let mut place = |bytes: &[u8]| {
        let section = Section { offset: end, length: bytes.len() as u64 };
        end += section.length;
        section
    };
    (header.root, header.metadata) = (place(root), place(metadata));
    (header.leaves, header.tiles) = (place(leaves), place(tiles));
    [header.to_bytes().as_slice(), root, metadata, leaves, tiles].concat()
}

/// The same archive with other metadata.
pub fn relabel(archive: &[u8], change: impl FnOnce(&mut Value)) -> Result<Vec<u8>, WriteError> {
    let header = Header::parse(archive)?;
    let part = |section: Section| {
        let cut = Fault::Truncated { offset: section.offset, needed: section.length, found: 0 };
        let end = section.offset.checked_add(section.length);
        let range = end.and_then(|end| Some(usize::try_from(section.offset).ok()?..usize::try_from(end).ok()?));
        range.and_then(|range| archive.get(range)).ok_or(cut)
    };
    let packed = part(header.metadata)?;
    let mut text = Vec::new();
    match header.internal {
        Compression::None => text.extend(packed),
        Compression::Gzip => {
            GzDecoder::new(packed).take(MAX_METADATA).read_to_end(&mut text)?;
        }
    }
    let mut metadata: Value = serde_json::from_slice(&text).unwrap_or_default();
    if !metadata.is_object() {
        metadata = Value::Object(serde_json::Map::default());
    }
    change(&mut metadata);
    let text = metadata.to_string();
    let metadata = match header.internal {
        Compression::None => text.into_bytes(),
        Compression::Gzip => gzip(text.as_bytes())?,
    };
    Ok(assemble(header, [part(header.root)?, &metadata, part(header.leaves)?, part(header.tiles)?]))
}

/// The packed root directory and leaf directories.
fn directories(entries: &[Entry]) -> Result<(Vec<u8>, Vec<u8>), WriteError> {
    let root = gzip(&encode(entries))?;
    if root.len() <= MAX_ROOT {
        return Ok((root, Vec::new()));
    }
    let (mut leaves, mut pointers) = (Vec::new(), Vec::new());
    for chunk in entries.chunks(LEAF_ENTRIES) {
        let leaf = gzip(&encode(chunk))?;
        let section = Section { offset: leaves.len() as u64, length: leaf.len() as u64 };
        pointers.push(Entry { id: chunk[0].id, run: 0, section });
        leaves.extend(leaf);
    }
    Ok((gzip(&encode(&pointers))?, leaves))
}

/// Packs without a time stamp, so that the same input gives the same bytes.
pub fn gzip(bytes: &[u8]) -> Result<Vec<u8>, std::io::Error> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}
