//! The file format of `OpenStreetMap` extracts: a row of blobs, each packed on its own (PBF format, section "File format").
//!
//! A reader of our own on the wire format that the vector tiles use too: it borrows from the unpacked block, so a file
//! costs what the format's limits allow (32 MiB a block), where readers that build an object for every element can be made
//! to take a hundred times as much. The tests hold it against one of them.

use super::block::Block;
use crate::city::build::error::Fault;
use crate::city::mvt::{Wire, field};
use flate2::read::ZlibDecoder;
use std::io::{Read, Seek, SeekFrom};

/// Largest header of a blob, bytes (the format's limit).
const MAX_HEADER: u64 = 64 << 10;
/// Largest blob, packed or not, bytes (the format's limit).
const MAX_BLOB: u64 = 32 << 20;
/// Most blobs: at the usual 8000 elements each, more than the planet has.
const MAX_BLOBS: usize = 4 << 20;
/// What a file may require of its reader.
const UNDERSTOOD: [&str; 3] = ["OsmSchema-V0.6", "DenseNodes", "HistoricalInformation"];

/// Elements that a block holds, as bits.
pub mod holds {
    /// Nodes.
    pub const NODES: u8 = 1;
    /// Ways.
    pub const WAYS: u8 = 2;
    /// Relations.
    pub const RELATIONS: u8 = 4;
    /// Nobody has looked.
    pub const UNKNOWN: u8 = 7;
}

/// A blob with data.
struct Blob {
    offset: u64,
    length: u64,
    holds: u8,
}

/// An open file.
pub struct Pbf<R> {
    reader: R,
    blobs: Vec<Blob>,
    /// What the file says that it covers: west, south, east, north, degrees.
    pub covers: Option<[f64; 4]>,
    packed: Vec<u8>,
    unpacked: Vec<u8>,
}

impl<R: Read + Seek> Pbf<R> {
    /// Finds all blobs and reads the header.
    pub fn open(mut reader: R) -> Result<Self, Fault> {
        let end = reader.seek(SeekFrom::End(0))?;
        let mut file = Self { reader, blobs: Vec::new(), covers: None, packed: Vec::new(), unpacked: Vec::new() };
        let mut at = 0;
        let mut headers = 0;
        while at < end {
            let (is_header, blob) = file.blob_at(at, end)?;
            at = blob.offset + blob.length;
            match is_header {
                Some(true) => {
                    headers += 1;
                    file.unpack(blob.offset, blob.length)?;
                    file.covers = header(&file.unpacked, blob.offset)?;
                }
                Some(false) if headers > 0 => file.blobs.push(blob),
                Some(false) => return Err(Fault::Foreign { wanted: "an OpenStreetMap PBF file" }),
                // Kinds of blobs that nobody has defined yet are to be passed over.
                None => {}
            }
            Fault::unless("blobs", file.blobs.len(), MAX_BLOBS)?;
        }
        if headers == 0 {
            return Err(Fault::Foreign { wanted: "an OpenStreetMap PBF file" });
        }
        Ok(file)
    }

    /// The blob whose length prefix stands at `at`, and whether it is the header, data or neither.
    fn blob_at(&mut self, at: u64, end: u64) -> Result<(Option<bool>, Blob), Fault> {
        let foreign = || Fault::Foreign { wanted: "an OpenStreetMap PBF file" };
        let damaged = |why| if at == 0 { foreign() } else { Fault::Damaged { offset: at, why } };
        self.reader.seek(SeekFrom::Start(at))?;
        let mut prefix = [0; 4];
        let length = if end - at >= 4 {
            self.reader.read_exact(&mut prefix)?;
            u64::from(u32::from_be_bytes(prefix))
        } else {
            return Err(damaged("it is cut short"));
        };
        if length > MAX_HEADER {
            return Err(damaged("the header of a blob is longer than the format allows"));
        }
        let start = at + 4 + length;
        if start > end {
            return Err(damaged("it is cut short"));
        }
        let mut header = vec![0; length as usize];
        self.reader.read_exact(&mut header)?;
        let (mut kind, mut size, mut rest) = (&b""[..], None, header.as_slice());
        while !rest.is_empty() {
            match field(&mut rest).ok_or_else(|| damaged("the header of a blob makes no sense"))? {
                (1, Wire::Bytes(name)) => kind = name,
                (3, Wire::Varint(bytes)) => size = Some(bytes),
                _ => {}
            }
        }
        let length = size.ok_or_else(|| damaged("a blob has no size"))?;
        if length > MAX_BLOB {
            return Err(damaged("a blob is larger than the format allows"));
        }
        if length > end - start {
            return Err(Fault::Damaged { offset: start, why: "it is cut short" });
        }
        let is_header = match kind {
            b"OSMHeader" => Some(true),
            b"OSMData" => Some(false),
            _ if at == 0 => return Err(foreign()),
            _ => None,
        };
        Ok((is_header, Blob { offset: start, length, holds: holds::UNKNOWN }))
    }

    /// Gives each block that may hold any of `wanted` (bits of [`holds`]) to `visit`; `tell` hears of bytes done and in all.
    pub fn blocks(
        &mut self,
        wanted: u8,
        mut tell: impl FnMut(u64, u64),
        mut visit: impl FnMut(&Block<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let relevant = |blob: &Blob| blob.holds & wanted != 0;
        let total = self.blobs.iter().filter(|b| relevant(b)).map(|b| b.length).sum();
        let mut done = 0;
        for i in 0..self.blobs.len() {
            let Blob { offset, length, .. } = self.blobs[i];
            if !relevant(&self.blobs[i]) {
                continue;
            }
            tell(done, total);
            self.unpack(offset, length)?;
            let block = Block::parse(&self.unpacked).map_err(|why| Fault::Damaged { offset, why })?;
            self.blobs[i].holds = block.holds();
            if block.holds() & wanted != 0 {
                visit(&block).map_err(|fault| match fault {
                    // A block knows where it lies only here.
                    Fault::Damaged { why, .. } => Fault::Damaged { offset, why },
                    other => other,
                })?;
            }
            done += length;
        }
        tell(total, total);
        Ok(())
    }

    /// Unpacks the blob there into `self.unpacked`.
    fn unpack(&mut self, offset: u64, length: u64) -> Result<(), Fault> {
        let damaged = |why| Fault::Damaged { offset, why };
        self.reader.seek(SeekFrom::Start(offset))?;
        self.packed.clear();
        self.reader.by_ref().take(length).read_to_end(&mut self.packed)?;
        self.unpacked.clear();
        let mut rest = self.packed.as_slice();
        let mut raw = None;
        while !rest.is_empty() {
            let (number, content) = field(&mut rest).ok_or_else(|| damaged("a blob makes no sense"))?;
            match (number, content) {
                (1, Wire::Bytes(bytes)) => raw = Some((bytes, false)),
                (3, Wire::Bytes(bytes)) => raw = Some((bytes, true)),
                (4, _) => return Err(Fault::Unsupported("unpacking by LZMA".into())),
                (5, _) => return Err(Fault::Unsupported("unpacking by bzip2".into())),
                (6, _) => return Err(Fault::Unsupported("unpacking by LZ4".into())),
                (7, _) => return Err(Fault::Unsupported("unpacking by Zstandard".into())),
                _ => {}
            }
        }
        match raw {
            Some((bytes, false)) => self.unpacked.extend_from_slice(bytes),
            Some((bytes, true)) => {
                let read = ZlibDecoder::new(bytes).take(MAX_BLOB + 1).read_to_end(&mut self.unpacked);
                read.map_err(|_| damaged("a blob can't be unpacked"))?;
            }
            None => return Err(damaged("a blob is empty")),
        }
        if self.unpacked.len() as u64 > MAX_BLOB {
            return Err(damaged("a blob unpacks to more than the format allows"));
        }
        Ok(())
    }
}

/// Checks what the file requires of its reader; tells what it covers.
fn header(mut bytes: &[u8], offset: u64) -> Result<Option<[f64; 4]>, Fault> {
    let damaged = || Fault::Damaged { offset, why: "the header makes no sense" };
    let mut covers = None;
    while !bytes.is_empty() {
        match field(&mut bytes).ok_or_else(damaged)? {
            (1, Wire::Bytes(bounds)) => covers = Some(bounding_box(bounds).ok_or_else(damaged)?),
            (4, Wire::Bytes(feature)) => {
                let feature = String::from_utf8_lossy(feature);
                if !UNDERSTOOD.contains(&feature.as_ref()) {
                    return Err(Fault::Unsupported(feature.chars().take(80).collect()));
                }
            }
            _ => {}
        }
    }
    let sensible = |b: &[f64; 4]| b[0] < b[2] && b[1] < b[3] && b[0] >= -180.0 && b[2] <= 180.0 && b[1] >= -90.0;
    Ok(covers.filter(|b| sensible(b) && b[3] <= 90.0))
}

/// West, south, east and north ends, degrees; the message has them in nanodegrees as left, right, top and bottom.
fn bounding_box(mut bytes: &[u8]) -> Option<[f64; 4]> {
    let mut ends = [0.0; 4];
    while !bytes.is_empty() {
        if let (number, Wire::Varint(value)) = field(&mut bytes)? {
            let degrees = crate::city::mvt::unzigzag(value) as f64 * 1e-9;
            match number {
                1 => ends[0] = degrees,
                2 => ends[2] = degrees,
                3 => ends[3] = degrees,
                4 => ends[1] = degrees,
                _ => {}
            }
        }
    }
    Some(ends)
}
