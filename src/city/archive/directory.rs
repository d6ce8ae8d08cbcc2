//! Directories of a `PMTiles` archive: which tile lies where (specification version 3, section 4).

use super::header::Section;
use crate::city::mvt::varint;
use crate::geodesy::Tile;

/// One entry: a run of equal tiles, or, with a run of 0, a leaf directory for the tiles from `id` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Number of its first tile.
    pub id: u64,
    /// How many tiles in a row have this content; 0 for a leaf directory.
    pub run: u64,
    /// Where it lies, from the start of the tiles or of the leaf directories.
    pub section: Section,
}

/// Reads a directory; the entries come out in ascending order of their ids.
pub fn decode(mut bytes: &[u8]) -> Result<Vec<Entry>, &'static str> {
    const CUT: &str = "it is cut short";
    let mut next = || varint(&mut bytes).ok_or(CUT);
    let count = next()?;
    let mut entries = Vec::new();
    let mut id = 0u64;
    // Each entry takes a byte or more of what is left, so a lying count ends at the end of the bytes.
    for i in 0..count {
        let step = next()?;
        if i > 0 && step == 0 {
            return Err("its tiles are out of order");
        }
        id = id.checked_add(step).ok_or("its tile numbers overflow")?;
        entries.push(Entry { id, run: 0, section: Section::default() });
    }
    for entry in &mut entries {
        entry.run = next()?;
    }
    for entry in &mut entries {
        entry.section.length = next()?;
    }
    let mut end = 0u64;
    for (i, entry) in entries.iter_mut().enumerate() {
        let code = next()?;
        entry.section.offset = match code {
            0 if i > 0 => end,
            0 => return Err("its first offset is missing"),
            _ => code - 1,
        };
        end = entry.section.offset.checked_add(entry.section.length).ok_or("its offsets overflow")?;
    }
    Ok(entries)
}

/// Writes a directory; the entries must be in ascending order of their ids.
#[cfg(feature = "import")]
pub fn encode(entries: &[Entry]) -> Vec<u8> {
    use crate::city::mvt::put_varint;
    let mut bytes = Vec::new();
    put_varint(&mut bytes, entries.len() as u64);
    let mut last = 0;
    for entry in entries {
        put_varint(&mut bytes, entry.id - last);
        last = entry.id;
    }
    for entry in entries {
        put_varint(&mut bytes, entry.run);
    }
    for entry in entries {
        put_varint(&mut bytes, entry.section.length);
    }
    let mut end = None;
    for entry in entries {
        let follows = end == Some(entry.section.offset);
        put_varint(&mut bytes, if follows { 0 } else { entry.section.offset + 1 });
        end = Some(entry.section.offset + entry.section.length);
    }
    bytes
}

/// The entry that covers tile `id`, if there is one: a run that holds it, or the leaf where to look further.
pub fn find(entries: &[Entry], id: u64) -> Option<Entry> {
    let after = entries.partition_point(|e| e.id <= id);
    let entry = *entries[..after].last()?;
    (entry.run == 0 || id - entry.id < entry.run).then_some(entry)
}

/// Number of a tile: all tiles of lower zooms first, then along the Hilbert curve of its own zoom.
pub fn tile_id(tile: Tile) -> u64 {
    let z = u32::from(tile.z);
    let below = ((1u64 << (2 * z)) - 1) / 3;
    let (mut x, mut y) = (u64::from(tile.x), u64::from(tile.y));
    let mut along = 0;
    for level in (0..z).rev() {
        let half = 1u64 << level;
        let (rx, ry) = ((x >> level) & 1, (y >> level) & 1);
        along += half * half * ((3 * rx) ^ ry);
        x &= half - 1;
        y &= half - 1;
        if ry == 0 {
            if rx == 1 {
                (x, y) = (half - 1 - x, half - 1 - y);
            }
            (x, y) = (y, x);
        }
    }
    below + along
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn tile_numbers_are_those_of_the_specification() {
        // The table of the specification, version 3, section 4.1.
        for (z, x, y, id) in [(0, 0, 0, 0), (1, 0, 0, 1), (1, 0, 1, 2), (1, 1, 1, 3), (1, 1, 0, 4), (2, 0, 0, 5)] {
            assert_eq!(tile_id(Tile { z, x, y }), id, "{z}/{x}/{y}");
        }
        assert_eq!(tile_id(Tile { z: 12, x: 3423, y: 1763 }), 19_078_479);
    }

    #[test]
    fn each_zoom_is_numbered_without_gaps_along_neighbours() {
        let mut ids = BTreeSet::new();
        for x in 0..16 {
            for y in 0..16 {
                ids.insert((tile_id(Tile { z: 4, x, y }), x, y));
            }
        }
        let ids: Vec<_> = ids.into_iter().collect();
        assert_eq!(ids.len(), 256);
        for pair in ids.windows(2) {
            let ((a, ax, ay), (b, bx, by)) = (pair[0], pair[1]);
            assert_eq!(b, a + 1);
            assert_eq!(ax.abs_diff(bx) + ay.abs_diff(by), 1);
        }
    }

    #[test]
    fn a_lying_count_is_an_error() {
        let mut bytes = Vec::new();
        crate::city::mvt::put_varint(&mut bytes, u64::MAX);
        bytes.extend([1; 100]);
        assert_eq!(decode(&bytes), Err("it is cut short"));
    }

    proptest! {
        #[test]
        fn a_directory_reads_back_as_written(steps in prop::collection::vec((1u64..1000, 0u64..3, 1u64..5000, any::<bool>()), 1..60)) {
            let (mut id, mut end, mut entries) = (0, 0, Vec::new());
            for (step, run, length, gap) in steps {
                let offset = if gap { end + 7 } else { end };
                entries.push(Entry { id, run, section: Section { offset, length } });
                id += step.max(run);
                end = offset + length;
            }
            let read = decode(&encode(&entries)).expect("a directory");
            prop_assert_eq!(&read, &entries);
            for entry in &entries {
                prop_assert_eq!(find(&read, entry.id), Some(*entry));
            }
        }

        #[test]
        fn no_directory_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = decode(&bytes);
        }
    }
}
