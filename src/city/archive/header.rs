//! The first 127 bytes of a `PMTiles` archive (specification version 3, section 3).

use super::Fault;
use crate::geodesy::LonLat;

/// Length of the header, bytes.
pub const HEADER_LEN: usize = 127;
const MAGIC: &[u8; 7] = b"PMTiles";
const VERSION: u8 = 3;
/// Highest zoom of a Web-Mercator pyramid whose tile numbers are read.
const MAX_ZOOM: u8 = 22;

/// A run of bytes in the archive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Section {
    /// First byte.
    pub offset: u64,
    /// Number of bytes.
    pub length: u64,
}

/// How a section or the tiles are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As it is.
    None,
    /// gzip.
    Gzip,
}

/// What the tiles are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TileKind {
    /// Mapbox vector tiles.
    Vector,
    /// PNG pictures.
    Png,
}

/// What the header says, as far as it matters for reading vector tiles and terrain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Header {
    /// The root directory.
    pub root: Section,
    /// The JSON metadata.
    pub metadata: Section,
    /// The leaf directories.
    pub leaves: Section,
    /// The tiles.
    pub tiles: Section,
    /// Numbers of addressed tiles, directory entries and distinct tile contents.
    pub counts: [u64; 3],
    /// Packing of directories and metadata.
    pub internal: Compression,
    /// Packing of the tiles.
    pub packing: Compression,
    /// What the tiles are.
    pub kind: TileKind,
    /// Lowest and highest zoom.
    pub zooms: (u8, u8),
    /// South-west corner.
    pub min: LonLat,
    /// North-east corner.
    pub max: LonLat,
    /// Zoom to show first.
    pub centre_zoom: u8,
    /// Position to show first.
    pub centre: LonLat,
}

impl Header {
    /// Reads a header from the first bytes of an archive.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        if !bytes.starts_with(MAGIC) {
            return Err(Fault::NotPmtiles(looks_like(bytes)));
        }
        let Some((bytes, _)) = bytes.split_first_chunk::<HEADER_LEN>() else {
            return Err(Fault::Truncated { offset: 0, needed: HEADER_LEN as u64, found: bytes.len() as u64 });
        };
        if bytes[7] != VERSION {
            return Err(Fault::Version(bytes[7]));
        }
        let number = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(word)
        };
        let degrees = |at: usize| {
            let mut word = [0; 4];
            word.copy_from_slice(&bytes[at..at + 4]);
            f64::from(i32::from_le_bytes(word)) / 1e7
        };
        let section = |at| Section { offset: number(at), length: number(at + 8) };
        let position = |at| LonLat::new(degrees(at), degrees(at + 4));
        let kind = match bytes[99] {
            1 => TileKind::Vector,
            2 => TileKind::Png,
            3 => return Err(Fault::NotVector("JPEG pictures")),
            4 => return Err(Fault::NotVector("WebP pictures")),
            5 => return Err(Fault::NotVector("AVIF pictures")),
            _ => return Err(Fault::NotVector("of an unknown kind")),
        };
        let header = Self {
            root: section(8),
            metadata: section(24),
            leaves: section(40),
            tiles: section(56),
            counts: [number(72), number(80), number(88)],
            internal: compression(bytes[97])?,
            packing: compression(bytes[98])?,
            kind,
            zooms: (bytes[100], bytes[101]),
            min: position(102),
            max: position(110),
            centre_zoom: bytes[118],
            centre: position(119),
        };
        let damaged = |why| Err(Fault::Damaged { part: "header", offset: 0, why });
        if header.zooms.0 > header.zooms.1 || header.zooms.1 > MAX_ZOOM {
            return damaged("its zoom levels make no sense");
        }
        if !(header.min.is_valid() && header.max.is_valid()) {
            return damaged("its bounds lie outside the globe");
        }
        if header.min.lon >= header.max.lon || header.min.lat >= header.max.lat {
            return damaged("its bounds are empty");
        }
        Ok(header)
    }

    /// The header as bytes.
    pub fn to_bytes(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..7].copy_from_slice(MAGIC);
        bytes[7] = VERSION;
        let sections = [self.root, self.metadata, self.leaves, self.tiles];
        let numbers = sections.iter().flat_map(|s| [s.offset, s.length]).chain(self.counts);
        for (slot, number) in bytes[8..96].chunks_exact_mut(8).zip(numbers) {
            slot.copy_from_slice(&number.to_le_bytes());
        }
        bytes[96] = 1; // Clustered: the tiles lie in the order of their numbers.
        bytes[97] = code(self.internal);
        bytes[98] = code(self.packing);
        bytes[99] = match self.kind {
            TileKind::Vector => 1,
            TileKind::Png => 2,
        };
        bytes[100] = self.zooms.0;
        bytes[101] = self.zooms.1;
        bytes[118] = self.centre_zoom;
        for (at, p) in [(102, self.min), (110, self.max), (119, self.centre)] {
            bytes[at..at + 4].copy_from_slice(&((p.lon * 1e7).round() as i32).to_le_bytes());
            bytes[at + 4..at + 8].copy_from_slice(&((p.lat * 1e7).round() as i32).to_le_bytes());
        }
        bytes
    }
}

fn compression(code: u8) -> Result<Compression, Fault> {
    match code {
        1 => Ok(Compression::None),
        2 => Ok(Compression::Gzip),
        3 => Err(Fault::Compression("Brotli")),
        4 => Err(Fault::Compression("Zstandard")),
        _ => Err(Fault::Compression("an unknown method")),
    }
}

fn code(compression: Compression) -> u8 {
    match compression {
        Compression::None => 1,
        Compression::Gzip => 2,
    }
}

/// What a file without the magic number probably is.
fn looks_like(bytes: &[u8]) -> &'static str {
    let head: Vec<u8> = bytes.iter().take(256).map(u8::to_ascii_lowercase).collect();
    let text = head.trim_ascii_start();
    if text.is_empty() {
        "an empty file"
    } else if text.starts_with(b"<!doctype html") || text.starts_with(b"<html") {
        "a web page"
    } else if text.starts_with(b"{") || text.starts_with(b"[") {
        "JSON text"
    } else if text.starts_with(b"sqlite format 3") {
        "an SQLite file (MBTiles?)"
    } else if text.starts_with(b"pk") {
        "a zip file"
    } else {
        "something else"
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn example() -> Header {
        let section = |offset, length| Section { offset, length };
        Header {
            root: section(127, 50),
            metadata: section(177, 20),
            leaves: section(197, 0),
            tiles: section(197, 1000),
            counts: [3, 2, 1],
            internal: Compression::Gzip,
            packing: Compression::None,
            kind: TileKind::Vector,
            zooms: (13, 15),
            min: LonLat::new(11.5, 48.1),
            max: LonLat::new(11.6, 48.2),
            centre_zoom: 15,
            centre: LonLat::new(11.55, 48.15),
        }
    }

    #[test]
    fn a_header_reads_back_as_written() {
        assert_eq!(Header::parse(&example().to_bytes()), Ok(example()));
    }

    #[test]
    fn what_is_no_archive_is_named() {
        assert_eq!(Header::parse(b"\n<!DOCTYPE html><p>404"), Err(Fault::NotPmtiles("a web page")));
        assert_eq!(Header::parse(b""), Err(Fault::NotPmtiles("an empty file")));
        assert_eq!(Header::parse(b"{\"type\":"), Err(Fault::NotPmtiles("JSON text")));
    }

    #[test]
    fn other_versions_kinds_and_packings_are_refused_by_name() {
        let with = |at: usize, value: u8| {
            let mut bytes = example().to_bytes();
            bytes[at] = value;
            Header::parse(&bytes)
        };
        assert_eq!(with(7, 2), Err(Fault::Version(2)));
        assert_eq!(with(98, 4), Err(Fault::Compression("Zstandard")));
        assert_eq!(with(99, 4), Err(Fault::NotVector("WebP pictures")));
        assert_eq!(with(99, 2).map(|h| h.kind), Ok(TileKind::Png));
        assert!(matches!(with(100, 16), Err(Fault::Damaged { part: "header", .. })));
    }

    proptest! {
        #[test]
        fn no_header_panics(at in 0usize..127, value: u8, cut in 0usize..=127) {
            let mut bytes = example().to_bytes();
            bytes[at] = value;
            let _ = Header::parse(&bytes[..cut]);
        }
    }
}
