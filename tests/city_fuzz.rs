//! The bodies of the fuzz targets on mutated seeds: no panic, no hang, and no more memory than is stated.

#[path = "common/hostile.rs"]
mod hostile;

use farfield::city::archive::{Bytes, each_tile};
use peak_alloc::PeakAlloc;
use std::path::Path;
use std::time::{Duration, Instant};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The most memory that reading any archive of up to 4 MiB may take, MiB.
const MOST: f32 = 512.0;
/// Longest time for one of them: a machine may be busy, a hang takes longer.
const LONGEST: Duration = Duration::from_secs(30);

/// Numbers by a rule (Marsaglia's xorshift), so that what fails fails again.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    /// The seed with some bytes changed, cut out, repeated, or set to what numbers break on.
    fn mutate(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.below(6) {
            let at = self.below(bytes.len());
            match self.below(6) {
                0 | 1 => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = self.below(256) as u8;
                    }
                }
                2 => bytes.truncate(at),
                3 => {
                    let end = (at + self.below(40)).min(bytes.len());
                    let again = bytes[at..end].to_vec();
                    bytes.splice(at..at, again);
                }
                4 => {
                    let end = (at + 1 + self.below(9)).min(bytes.len());
                    bytes.splice(at.min(end)..end, [0xff; 9]);
                }
                _ => bytes.insert(at, [0, 1, 0x7f, 0x80, 0xff][self.below(5)]),
            }
        }
        bytes
    }
}

fn munich() -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("www/cities/munich.pmtiles")).expect("the shipped city")
}

/// Runs a target on so many mutations of its seeds.
fn run(target: fn(&[u8]), seeds: &[Vec<u8>], rounds: usize) {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for round in 0..rounds {
        let seed = &seeds[round % seeds.len()];
        // The first round is of the seeds themselves.
        let data = if round < seeds.len() { seed.clone() } else { numbers.mutate(seed) };
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage_as_mb();
        let start = Instant::now();
        target(&data);
        assert!(start.elapsed() < LONGEST, "round {round} took {:?}", start.elapsed());
        let taken = MEMORY.peak_usage_as_mb() - before;
        assert!(taken < MOST, "round {round} took {taken} MiB for {} bytes", data.len());
    }
}

/// One test, since all of them share the memory that is counted.
#[test]
fn mutated_archives_directories_and_tiles_end_soon_and_in_bounded_memory() {
    let munich = munich();
    run(hostile::archive, &[munich.clone(), munich[..2000].to_vec(), Vec::new()], 400);

    let mut many = Vec::new();
    hostile::varint(&mut many, 300);
    for _ in 0..4 * 300 {
        hostile::varint(&mut many, 1);
    }
    let leaf = hostile::one_entry(0, 40);
    run(hostile::directory, &[hostile::one_entry(1 << 40, 40), leaf, many], 5000);

    let mut tiles = Vec::new();
    let collect = |_, content: &[u8]| tiles.push(content.to_vec());
    pollster::block_on(each_tile(&Bytes::from(munich), collect)).expect("tiles");
    tiles.sort_by_key(Vec::len);
    tiles.truncate(4);
    tiles
        .push(hostile::building(&[(100, 100), (300, 0), (0, 300), (-300, 0)], &[3 << 3 | 1, 0, 0, 0, 0, 0, 0, 40, 64]));
    run(hostile::tile, &tiles, 3000);

    // A corner more for every two bytes: 10⁶ of them, around a saw of teeth one unit high, within the tile and across it.
    for start in [100, -1500] {
        let mut teeth = vec![(start, 100), (3000, 0), (0, 1000)];
        let steps = 1_000_000;
        teeth.extend((0..steps).map(|i| if i % 2 == 0 { (0, 1) } else { (-i64::from(i % 667 == 1), -1) }));
        let tile = hostile::building(&teeth, &[5 << 3, 10]);
        assert!(tile.len() > 2_000_000);
        let whole = hostile::archive_of(&hostile::one_entry(1 << 40, tile.len()), &[], &tile);
        let city = hostile::open(whole).expect("a city of one building");
        assert!(city.buildings[0].footprint.exterior().0.len() > 1_000_000);
        run(hostile::tile, &[tile], 3);
    }
}
