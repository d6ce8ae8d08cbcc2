//! Runs what a fuzz target runs on mutated seeds, and holds it to time and memory.

use peak_alloc::PeakAlloc;
use std::path::Path;
use std::time::{Duration, Instant};

/// The most memory that reading any input of up to 4 MiB may take, MiB.
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

/// The seeds of the target of this name, as they are; copies go to a folder of its name in that which the environment names
/// `FARFIELD_SEEDS`, for a fuzzer to start from.
pub fn seeds<'a>(name: &str, seeds: &'a [Vec<u8>]) -> &'a [Vec<u8>] {
    if let Some(root) = std::env::var_os("FARFIELD_SEEDS") {
        let folder = Path::new(&root).join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        for (i, seed) in seeds.iter().enumerate() {
            std::fs::write(folder.join(format!("seed_{i}")), seed).expect("a file");
        }
    }
    seeds
}

/// Runs a target on so many mutations of its seeds, in a process that counts its memory by `memory`.
pub fn run(memory: PeakAlloc, target: impl Fn(&[u8]), seeds: &[Vec<u8>], rounds: usize) {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for round in 0..rounds {
        let seed = &seeds[round % seeds.len()];
        // The first round is of the seeds themselves.
        let data = if round < seeds.len() { seed.clone() } else { numbers.mutate(seed) };
        memory.reset_peak_usage();
        let before = memory.current_usage_as_mb();
        let start = Instant::now();
        target(&data);
        assert!(start.elapsed() < LONGEST, "round {round} took {:?}", start.elapsed());
        let taken = memory.peak_usage_as_mb() - before;
        assert!(taken < MOST, "round {round} took {taken} MiB for {} bytes", data.len());
    }
}
