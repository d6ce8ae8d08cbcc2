//! `PMTiles` version 3 archives of vector tiles, read by ranges: the same code over HTTP, a file, or memory.
//!
//! Nothing here trusts the bytes. Every length is checked before it is allocated, directories are followed to a bounded
//! depth, and all that is unpacked from one archive counts against one budget, so a hostile archive costs a bounded time
//! and memory and ends in a [`Fault`].

mod directory;
mod error;
mod header;
pub mod http;
mod reader;

pub use error::{ArchiveError, Fault};
pub use header::{Compression, HEADER_LEN, Header, Section, TileKind};
#[cfg(feature = "web")]
pub use http::HttpReader;
#[cfg(not(target_arch = "wasm32"))]
pub use reader::FileReader;
pub use reader::{Bytes, RangeReader};

pub(crate) use directory::tile_id;
#[cfg(feature = "import")]
pub(crate) use directory::{Entry as DirectoryEntry, encode};

use crate::geodesy::{LonLat, Tile};
use directory::{Entry, decode, find};
use flate2::read::GzDecoder;
use futures_util::{StreamExt, stream};
use std::collections::{BTreeSet, HashMap};
use std::io::Read;

/// The header and the root directory lie within the first 16 KiB (specification, section 2).
const FIRST_READ: u64 = 16 << 10;
/// Largest directory, unpacked, bytes.
const MAX_DIRECTORY: u64 = 2 << 20;
/// Largest metadata, unpacked, bytes.
pub(crate) const MAX_METADATA: u64 = 4 << 20;
/// Largest tile, unpacked, bytes.
pub const MAX_TILE: u64 = 8 << 20;
/// Most bytes unpacked from one archive.
pub const MAX_UNPACKED: u64 = 512 << 20;
/// Most bytes fetched as they lie from one archive.
pub const MAX_PACKED: u64 = 256 << 20;
/// Most tiles read at once.
pub const MAX_TILES: u64 = 4096;
/// A root directory, and two levels of leaves.
const MAX_DEPTH: usize = 3;
/// Tiles that lie this close are fetched together: a request costs more than these bytes.
const JOIN_GAP: u64 = 32 << 10;
/// Longest run fetched at once, so that memory stays flat.
const MAX_RUN: u64 = 4 << 20;
/// Requests under way at once: as many as browsers make to one server over HTTP/1.1.
const CONCURRENT: usize = 6;
/// Most entries of all the leaf directories looked at for some tiles: 128 MiB.
const MAX_ENTRIES: u64 = 4 << 20;

/// An open archive.
pub struct Archive<'r, R> {
    reader: &'r R,
    /// Its header.
    pub header: Header,
    root: Vec<Entry>,
    left: Budget,
}

/// What may still be fetched and unpacked.
struct Budget {
    packed: u64,
    unpacked: u64,
}

impl<'r, R: RangeReader> Archive<'r, R> {
    /// Reads the header and the root directory of an archive of vector tiles.
    pub async fn open(reader: &'r R) -> Result<Self, Fault> {
        let archive = Self::open_any(reader).await?;
        match archive.header.kind {
            TileKind::Vector => Ok(archive),
            TileKind::Png => Err(Fault::NotVector("PNG pictures")),
        }
    }

    /// Reads the header and the root directory, whatever the tiles are.
    pub async fn open_any(reader: &'r R) -> Result<Self, Fault> {
        let first = reader.read(0, FIRST_READ).await?;
        let header = Header::parse(&first)?;
        let mut left = Budget { packed: MAX_PACKED, unpacked: MAX_UNPACKED };
        let packed = match part_of(&first, header.root) {
            Some(root) => root.to_vec(),
            None => fetch(reader, header.root, MAX_DIRECTORY, "bytes of directory", &mut left).await?,
        };
        let offset = header.root.offset;
        let bytes = unpack(header.internal, &packed, MAX_DIRECTORY, &mut left)
            .map_err(|e| e.of("root directory", offset, "bytes of directory"))?;
        let root = decode(&bytes).map_err(|why| Fault::Damaged { part: "root directory", offset, why })?;
        Ok(Self { reader, header, root, left })
    }

    /// The JSON metadata; `null` where there is none.
    pub async fn metadata(&mut self) -> Result<serde_json::Value, Fault> {
        if self.header.metadata.length == 0 {
            return Ok(serde_json::Value::Null);
        }
        let what = "bytes of metadata";
        let offset = self.header.metadata.offset;
        let packed = fetch(self.reader, self.header.metadata, MAX_METADATA, what, &mut self.left).await?;
        let bytes = unpack(self.header.internal, &packed, MAX_METADATA, &mut self.left)
            .map_err(|e| e.of("metadata", offset, what))?;
        serde_json::from_slice(&bytes).map_err(|_| Fault::Damaged { part: "metadata", offset, why: "it is not JSON" })
    }

    /// Unpacks those of `tiles` that the archive has and gives each to `visit`, in the archive's order: where it lies, and
    /// what is in it. Runs of tiles are fetched several at once.
    pub async fn read_tiles(
        &mut self,
        tiles: &[Tile],
        mut visit: impl FnMut(Place, &[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut found = self.locate(tiles).await?;
        found.sort_by_key(|(tile, section)| (section.offset, tile_id(*tile)));
        let mut runs = Vec::new();
        let mut rest = found.as_slice();
        while !rest.is_empty() {
            let (taken, run) = first_run(rest);
            let run = absolute(self.header.tiles, run)?;
            allow(run, MAX_RUN.max(MAX_TILE), "bytes of tile", &mut self.left)?;
            runs.push((&rest[..taken], run));
            rest = &rest[taken..];
        }
        let reader = self.reader;
        let get = |(tiles, run)| async move { exactly(reader, run).await.map(|bytes| (tiles, run, bytes)) };
        let mut fetched = stream::iter(runs.into_iter().map(get)).buffered(CONCURRENT);
        while let Some(next) = fetched.next().await {
            let (tiles, run, bytes): (&[(Tile, Section)], Section, Vec<u8>) = next?;
            for (tile, section) in tiles {
                // Within the run, so it can't overflow either.
                let place = Place { tile: *tile, offset: self.header.tiles.offset + section.offset };
                let start = (place.offset - run.offset) as usize;
                let packed = &bytes[start..start + section.length as usize];
                let unpacked = unpack(self.header.packing, packed, MAX_TILE, &mut self.left)
                    .map_err(|e| e.of_tile(place.tile, place.offset))?;
                visit(place, &unpacked)?;
            }
        }
        Ok(())
    }

    /// Where the existing ones of `tiles` lie, relative to the section of tiles: one level of directories at a time.
    async fn locate(&mut self, tiles: &[Tile]) -> Result<Vec<(Tile, Section)>, Fault> {
        let mut found = Vec::new();
        let mut step = |entry: Option<Entry>, id, tile| match entry {
            Some(leaf) if leaf.run == 0 => Some((id, tile, leaf.section)),
            Some(entry) if entry.section.length > 0 => {
                found.push((tile, entry.section));
                None
            }
            _ => None,
        };
        let ids = tiles.iter().map(|tile| (tile_id(*tile), *tile));
        let mut pending: Vec<_> = ids.filter_map(|(id, tile)| step(find(&self.root, id), id, tile)).collect();
        for _ in 0..MAX_DEPTH {
            if pending.is_empty() {
                return Ok(found);
            }
            let wanted: BTreeSet<Section> = pending.iter().map(|(_, _, leaf)| *leaf).collect();
            let leaves = self.leaves(wanted).await?;
            let deeper = |(id, tile, leaf): &(u64, Tile, Section)| {
                step(leaves.get(leaf).and_then(|entries| find(entries, *id)), *id, *tile)
            };
            pending = pending.iter().filter_map(deeper).collect();
        }
        let Some((_, _, leaf)) = pending.first() else { return Ok(found) };
        let offset = absolute(self.header.leaves, *leaf)?.offset;
        Err(Fault::Damaged { part: "directory", offset, why: "its leaves lie too deep" })
    }

    async fn leaves(&mut self, wanted: BTreeSet<Section>) -> Result<HashMap<Section, Vec<Entry>>, Fault> {
        let what = "bytes of directory";
        let mut sections = Vec::new();
        for leaf in wanted {
            let at = absolute(self.header.leaves, leaf)?;
            allow(at, MAX_DIRECTORY, what, &mut self.left)?;
            sections.push((leaf, at));
        }
        let reader = self.reader;
        let get = |(leaf, at)| async move { exactly(reader, at).await.map(|packed| (leaf, at, packed)) };
        let mut fetched = stream::iter(sections.into_iter().map(get)).buffered(CONCURRENT);
        let (mut leaves, mut entries) = (HashMap::new(), 0);
        while let Some(next) = fetched.next().await {
            let (leaf, at, packed): (Section, Section, Vec<u8>) = next?;
            let part = "leaf directory";
            let bytes = unpack(self.header.internal, &packed, MAX_DIRECTORY, &mut self.left)
                .map_err(|e| e.of(part, at.offset, what))?;
            let decoded = decode(&bytes).map_err(|why| Fault::Damaged { part, offset: at.offset, why })?;
            entries += decoded.len() as u64;
            if entries > MAX_ENTRIES {
                return Err(Fault::TooLarge { what: "entries of directories", found: entries, limit: MAX_ENTRIES });
            }
            leaves.insert(leaf, decoded);
        }
        Ok(leaves)
    }
}

/// Where a tile lies on the map and in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which tile.
    pub tile: Tile,
    /// Its first byte.
    pub offset: u64,
}

impl Place {
    /// What is wrong with the tile here.
    pub(crate) fn damaged(self, why: &'static str) -> Fault {
        Fault::DamagedTile { tile: self.tile, offset: self.offset, why }
    }
}

/// Unpacks every tile of an archive of one city and gives it to `visit`: for checks and conversions.
pub async fn each_tile(reader: &impl RangeReader, mut visit: impl FnMut(Tile, &[u8])) -> Result<(), Fault> {
    let mut archive = Archive::open_any(reader).await?;
    for zoom in archive.header.zooms.0..=archive.header.zooms.1 {
        let tiles = tiles_between(archive.header.min, archive.header.max, zoom)?;
        let mut give = |place: Place, content: &[u8]| {
            visit(place.tile, content);
            Ok(())
        };
        archive.read_tiles(&tiles, &mut give).await?;
    }
    Ok(())
}

/// The tiles of `zoom` between a south-west and a north-east corner.
pub fn tiles_between(min: LonLat, max: LonLat, zoom: u8) -> Result<Vec<Tile>, Fault> {
    let (south_west, north_east) = (Tile::containing(min, zoom), Tile::containing(max, zoom));
    let (columns, rows) = (south_west.x..=north_east.x, north_east.y..=south_west.y);
    let found = u64::from(north_east.x - south_west.x + 1) * u64::from(south_west.y - north_east.y + 1);
    if found > MAX_TILES {
        return Err(Fault::TooLarge { what: "tiles", found, limit: MAX_TILES });
    }
    Ok(columns.flat_map(|x| rows.clone().map(move |y| Tile { z: zoom, x, y })).collect())
}

/// The first tiles of `found` that one request can fetch: how many they are, and from where to where.
fn first_run(found: &[(Tile, Section)]) -> (usize, Section) {
    let mut run = found[0].1;
    let mut taken = 1;
    for (_, section) in &found[1..] {
        let end = run.offset + run.length;
        let length = section.offset.saturating_add(section.length).saturating_sub(run.offset).max(run.length);
        if section.offset > end.saturating_add(JOIN_GAP) || length > MAX_RUN {
            break;
        }
        run.length = length;
        taken += 1;
    }
    (taken, run)
}

/// The whole of `section`, if `bytes`, which start the archive, hold it.
fn part_of(bytes: &[u8], section: Section) -> Option<&[u8]> {
    let end = usize::try_from(section.offset.checked_add(section.length)?).ok()?;
    bytes.get(usize::try_from(section.offset).ok()?..end)
}

/// A run given from the start of `within`, from the start of the archive.
fn absolute(within: Section, run: Section) -> Result<Section, Fault> {
    let offset = within.offset.checked_add(run.offset).filter(|offset| offset.checked_add(run.length).is_some());
    let overflow = Fault::Damaged { part: "directory", offset: within.offset, why: "its offsets overflow" };
    let offset = offset.ok_or(overflow)?;
    Ok(Section { offset, length: run.length })
}

/// Exactly the bytes of `section`, if they are within the limits.
async fn fetch(
    reader: &impl RangeReader,
    section: Section,
    limit: u64,
    what: &'static str,
    left: &mut Budget,
) -> Result<Vec<u8>, Fault> {
    allow(section, limit, what, left)?;
    exactly(reader, section).await
}

/// Takes the bytes of `section` off the budget.
fn allow(section: Section, limit: u64, what: &'static str, left: &mut Budget) -> Result<(), Fault> {
    let found = section.length;
    if found > limit {
        return Err(Fault::TooLarge { what, found, limit });
    }
    if found > left.packed {
        return Err(Fault::TooLarge { what: "bytes in all", found, limit: MAX_PACKED });
    }
    left.packed -= found;
    Ok(())
}

async fn exactly(reader: &impl RangeReader, section: Section) -> Result<Vec<u8>, Fault> {
    let Section { offset, length } = section;
    let bytes = reader.read(offset, length).await?;
    let found = bytes.len() as u64;
    if found == length { Ok(bytes) } else { Err(Fault::Truncated { offset, needed: length, found }) }
}

/// Why something can't be unpacked.
enum Unpack {
    Broken,
    Large { found: u64, limit: u64 },
}

impl Unpack {
    fn of(self, part: &'static str, offset: u64, what: &'static str) -> Fault {
        match self {
            Unpack::Broken => Fault::Damaged { part, offset, why: "it can't be unpacked" },
            Unpack::Large { found, limit } => Fault::TooLarge { what, found, limit },
        }
    }

    fn of_tile(self, tile: Tile, offset: u64) -> Fault {
        match self {
            Unpack::Broken => Fault::DamagedTile { tile, offset, why: "it can't be unpacked" },
            Unpack::Large { found, limit } => Fault::TooLarge { what: "bytes in a tile", found, limit },
        }
    }
}

fn unpack(packing: Compression, packed: &[u8], limit: u64, left: &mut Budget) -> Result<Vec<u8>, Unpack> {
    let most = limit.min(left.unpacked);
    let mut bytes = Vec::new();
    let read = match packing {
        Compression::None => (&mut &*packed).take(most + 1).read_to_end(&mut bytes),
        Compression::Gzip => GzDecoder::new(packed).take(most + 1).read_to_end(&mut bytes),
    };
    let found = bytes.len() as u64;
    if found > most {
        return Err(Unpack::Large { found, limit: most });
    }
    read.map_err(|_| Unpack::Broken)?;
    left.unpacked -= found;
    Ok(bytes)
}
