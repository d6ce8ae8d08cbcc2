//! How long it takes from the bytes of an archive to a city: unpacking, decoding, joining, heights. The throughput counts
//! the bytes of the tiles as they are unpacked.
#![expect(missing_docs, reason = "criterion's macro writes a public function")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use farfield::city::archive::{Bytes, each_tile};
use farfield::city::{Around, City};
use farfield::geodesy::LonLat;
use pollster::block_on;
use std::hint::black_box;
use std::path::{Path, PathBuf};

/// Unpacked bytes of the tiles of the highest zoom.
fn unpacked(archive: &Bytes) -> u64 {
    let mut of_zoom = [0u64; 32];
    block_on(each_tile(archive, |tile, content| of_zoom[usize::from(tile.z)] += content.len() as u64)).expect("tiles");
    of_zoom.into_iter().rfind(|bytes| *bytes > 0).unwrap_or_default()
}

fn reading(c: &mut Criterion) {
    let mut group = c.benchmark_group("archive to city");
    group.sample_size(10);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/cities/munich.pmtiles");
    let munich = Bytes::from(std::fs::read(path).expect("the city that ships with the page"));
    group.throughput(Throughput::Bytes(unpacked(&munich)));
    group.bench_function("Munich", |b| b.iter(|| black_box(block_on(City::open(&munich, "munich")).expect("a city"))));

    let shared = std::env::var_os("FARFIELD_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    match std::fs::read(shared.join("data/tiles/protomaps_firenze_ODbL.pmtiles")) {
        Ok(bytes) => {
            let florence = Bytes::from(bytes);
            // All of it, so that the bytes of the tiles are what is counted.
            let around = Around { centre: LonLat::new(11.2415, 43.7798), radius: 10_000.0 };
            group.throughput(Throughput::Bytes(unpacked(&florence)));
            group.bench_function("Florence, 14 × 12 km", |b| {
                b.iter(|| black_box(block_on(City::open_around(&florence, "florence", around)).expect("a city")));
            });
            // What the page opens of it: the same square as in `tests/browser/bench.mjs`.
            let duomo = LonLat::new(11.2558, 43.7731);
            let open = || block_on(City::open_near(&florence, "florence", duomo)).expect("a city");
            group.throughput(Throughput::Bytes(open().unpacked));
            group.bench_function("2 km square of Florence", |b| b.iter(|| black_box(open())));
        }
        Err(error) => eprintln!("no bench of Florence: {error}"),
    }
    group.finish();
}

criterion_group!(benches, reading);
criterion_main!(benches);
