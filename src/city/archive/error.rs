//! Why a city can't be opened, in sentences for the user.

use super::http::RangeFault;
use crate::geodesy::{LonLat, Tile};

/// A city archive that can't be used: which file, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the city archive {file} can't be opened: {fault}")]
pub struct ArchiveError {
    /// The name or address that the user knows it by.
    pub file: String,
    /// What is wrong.
    #[source]
    pub fault: Fault,
}

/// What is wrong with a city archive.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Fault {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// The server answered with a status that is neither the file nor its absence.
    #[error("the server answered with HTTP status {0}")]
    Status(u16),
    /// The server serves no parts of it, and the whole can't be had either.
    #[error("its server can't serve parts of it: {0}")]
    Ranges(RangeFault),
    /// A browser keeps the answers of such a server from the page.
    #[error(
        "its server does not let pages of {0} read it: it must send Access-Control-Allow-Origin, and allow the header Range"
    )]
    ShutOut(String),
    /// It changed, and changed again when it was read anew.
    #[error("it changed on its server while it was being read; try again")]
    Changed,
    /// Nothing answered, or the disk failed.
    #[error("it could not be fetched ({0}); check the connection and try again")]
    Unreachable(String),
    /// Something else lies at that address.
    #[error("it is not a PMTiles archive but {0}")]
    NotPmtiles(&'static str),
    /// Another version of the format.
    #[error("it is written in version {0} of PMTiles, and only version 3 can be read")]
    Version(u8),
    /// Fewer bytes than the archive says it has.
    #[error("it is cut short: {needed} bytes are needed at offset {offset}, and only {found} are there")]
    Truncated {
        /// Where the bytes should start.
        offset: u64,
        /// How many there should be.
        needed: u64,
        /// How many there are.
        found: u64,
    },
    /// A compression nobody unpacks here.
    #[error("it is compressed with {0}, and only gzip can be unpacked")]
    Compression(&'static str),
    /// Pictures instead of vectors.
    #[error("its tiles are {0}, not vector tiles")]
    NotVector(&'static str),
    /// It holds no terrain that can be read.
    #[error("it is no terrain that can be read: {0}")]
    NotTerrain(&'static str),
    /// The archive of the terrain that it names can't be used.
    #[error("its terrain {file} can't be read: {fault}")]
    Terrain {
        /// How the city archive calls it.
        file: String,
        /// What is wrong.
        fault: Box<Fault>,
    },
    /// A part that all tiles depend on makes no sense.
    #[error("its {part} at offset {offset} is damaged ({why})")]
    Damaged {
        /// Which part.
        part: &'static str,
        /// Where it starts, bytes from the start of the archive.
        offset: u64,
        /// What about it.
        why: &'static str,
    },
    /// One tile makes no sense.
    #[error("its tile {}/{}/{} at offset {offset} is damaged ({why})", .tile.z, .tile.x, .tile.y)]
    DamagedTile {
        /// Which tile.
        tile: Tile,
        /// Where it starts, bytes from the start of the archive.
        offset: u64,
        /// What about it.
        why: &'static str,
    },
    /// The buildings of its tiles can't be put together.
    #[error("its buildings are too entangled to be joined across their tiles")]
    Entangled,
    /// It is sound, but reaches neither the site nor anything near.
    #[error("it holds nothing around {:.4}, {:.4} (latitude, longitude)", .0.lat, .0.lon)]
    Outside(LonLat),
    /// It is sound, but holds no building.
    #[error("it holds no buildings: a layer named buildings or building is needed")]
    NoBuildings,
    /// More than a tab can hold.
    #[error("it is too large: {found} {what}, and the most is {limit}; cut out a smaller area")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much of it.
        found: u64,
        /// The most that is read.
        limit: u64,
    },
}
