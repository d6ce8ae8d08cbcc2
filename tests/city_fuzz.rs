//! The bodies of the fuzz targets on mutated seeds: no panic, no hang, and no more memory than is stated.

#[path = "common/hostile.rs"]
mod hostile;
#[path = "common/mutate.rs"]
mod mutate;

use farfield::city::archive::{Bytes, each_tile};
use mutate::{run, seeds};
use peak_alloc::PeakAlloc;
use std::path::Path;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

fn munich() -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("www/cities/munich.pmtiles")).expect("the shipped city")
}

/// One test, since all of them share the memory that is counted.
#[test]
fn mutated_archives_directories_and_tiles_end_soon_and_in_bounded_memory() {
    let munich = munich();
    let archives = [munich.clone(), munich[..2000].to_vec(), Vec::new()];
    run(MEMORY, hostile::archive, seeds("archive", &archives), 400);

    let mut many = Vec::new();
    hostile::varint(&mut many, 300);
    for _ in 0..4 * 300 {
        hostile::varint(&mut many, 1);
    }
    let leaf = hostile::one_entry(0, 40);
    let directories = [hostile::one_entry(1 << 40, 40), leaf, many];
    run(MEMORY, hostile::directory, seeds("directory", &directories), 5000);

    let mut tiles = Vec::new();
    let collect = |_, content: &[u8]| tiles.push(content.to_vec());
    pollster::block_on(each_tile(&Bytes::from(munich), collect)).expect("tiles");
    tiles.sort_by_key(Vec::len);
    tiles.truncate(4);
    tiles
        .push(hostile::building(&[(100, 100), (300, 0), (0, 300), (-300, 0)], &[3 << 3 | 1, 0, 0, 0, 0, 0, 0, 40, 64]));
    run(MEMORY, hostile::tile, seeds("tile", &tiles), 3000);

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
        run(MEMORY, hostile::tile, &[tile], 3);
    }
}
