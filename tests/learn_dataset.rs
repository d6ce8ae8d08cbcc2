//! The measured network: that broken tables are refused by name, that folds are whole blocks, and that training gets what the
//! engine sees.

mod common;

use farfield::learn::chengdu::{Dataset, DatasetError, FOLDS, Knowledge, REFERENCE_POWER};
use farfield::learn::export::{SIDE, export};
use farfield::learn::features::CHANNELS;
use farfield::learn::land::CELL;
use glam::DVec2;
use half::f16;
use std::collections::HashMap;

const CELLS: &str = "cell,x_m,y_m,height_m,azimuth_deg,electrical_tilt_deg,mechanical_tilt_deg,frequency_mhz,rs_power_dbm,\
                     ground_altitude_m,building_height_m,clutter\n1,100.0,200.0,20,0,3,3,2585,10,500,0,5\n";

#[test]
fn a_missing_or_broken_table_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let refusal = || Dataset::open(folder.path()).expect_err("refused").to_string();
    assert!(refusal().contains("cells.csv"));
    std::fs::write(folder.path().join("cells.csv"), CELLS.replace("20,0,3", "tall,0,3")).expect("written");
    assert!(refusal().contains("cells.csv is not the table that was expected"), "{}", refusal());
    std::fs::write(folder.path().join("cells.csv"), CELLS).expect("written");
    assert!(
        matches!(Dataset::open(folder.path()), Err(DatasetError::Io { path, .. }) if path.ends_with("ground.parquet"))
    );
    std::fs::write(folder.path().join("ground.parquet"), "PAR1 this is no Parquet PAR1").expect("written");
    assert!(refusal().contains("ground.parquet is not the table that was expected"), "{}", refusal());
}

#[test]
fn a_block_of_two_kilometres_lies_in_one_fold_and_every_fold_has_sectors() {
    let test = "a_block_of_two_kilometres_lies_in_one_fold_and_every_fold_has_sectors";
    let Some(folder) = common::shared(test, "data/chengdu") else { return };
    let data = Dataset::open(&folder).expect("the tables");
    let mut folds = HashMap::new();
    let mut sizes = vec![0; FOLDS as usize];
    for sector in &data.sectors {
        let block = (sector.at() / 2000.0).floor().as_i64vec2();
        assert_eq!(*folds.entry(block).or_insert(sector.fold()), sector.fold(), "block {block}");
        sizes[sector.fold() as usize] += 1;
    }
    assert!(sizes.iter().all(|n| *n > data.sectors.len() / 20), "{sizes:?}");
}

#[test]
fn an_exported_window_holds_the_features_of_the_engine_and_gives_the_measured_levels_back() {
    let test = "an_exported_window_holds_the_features_of_the_engine_and_gives_the_measured_levels_back";
    let Some(folder) = common::shared(test, "data/chengdu") else { return };
    let data = Dataset::open(&folder).expect("the tables");
    let out = tempfile::tempdir().expect("a folder");
    export(&data, out.path(), 1, || {}).expect("an export");
    let planes: Vec<f32> = std::fs::read(out.path().join("features.f16"))
        .expect("features")
        .as_chunks()
        .0
        .iter()
        .map(|b| f16::from_le_bytes(*b).to_f32())
        .collect();
    assert_eq!(planes.len(), CHANNELS * SIDE * SIDE);
    let labels = std::fs::read(out.path().join("labels.bin")).expect("labels");
    let labels = labels.as_chunks::<8>().0;
    assert!(labels.len() > 1000);

    let sector = &data.sectors[0];
    let land = data.land_around(sector, 400, Knowledge::All).expect("land");
    let link = sector.link(&land);
    let levels: HashMap<_, _> = data.readings(sector).iter().map(|r| (r.at.as_i64vec2(), r.rsrp)).collect();
    // The window lies wherever the jitter put it: its first label that is a reading tells where.
    let origin = find_origin(labels, &levels, sector.at(), |p| link.features(p.as_vec2()).baseline);
    for label in labels.iter().step_by(97) {
        let (at, residual) = parse(*label);
        let p = origin + DVec2::new((at % SIDE) as f64, (at / SIDE) as f64) * f64::from(CELL);
        let features = link.features(p.as_vec2());
        let level = residual + REFERENCE_POWER as f32 + features.baseline;
        assert!((level - levels[&p.as_i64vec2()]).abs() < 1e-2, "{p}");
        for (channel, value) in features.channels.into_iter().enumerate() {
            let stored = planes[channel * SIDE * SIDE + at];
            assert!(
                (stored - value).abs() <= 2e-3 * value.abs().max(1.0),
                "channel {channel} at {p}: {stored}, {value}"
            );
        }
    }
}

fn parse(label: [u8; 8]) -> (usize, f32) {
    let [a, b, c, d, e, f, g, h] = label;
    (u32::from_le_bytes([a, b, c, d]) as usize, f32::from_le_bytes([e, f, g, h]))
}

/// Centre of the window's first cell: the one shift within the jitter that fits every label that is looked at.
fn find_origin(
    labels: &[[u8; 8]],
    levels: &HashMap<glam::I64Vec2, f32>,
    site: DVec2,
    baseline: impl Fn(DVec2) -> f32,
) -> DVec2 {
    let half = SIDE as i32 / 2;
    let shifts = (-64..=64).flat_map(|x| (-64..=64).map(move |y| (x, y)));
    let origin = |(x, y): (i32, i32)| site + DVec2::new(f64::from(x - half), f64::from(y - half)) * f64::from(CELL);
    let fits = |o: &DVec2| {
        labels.iter().step_by(labels.len() / 20).all(|label| {
            let (at, residual) = parse(*label);
            let p = *o + DVec2::new((at % SIDE) as f64, (at / SIDE) as f64) * f64::from(CELL);
            let level = levels.get(&p.as_i64vec2());
            level.is_some_and(|l| (residual + REFERENCE_POWER as f32 + baseline(p) - l).abs() < 1e-2)
        })
    };
    shifts.map(origin).find(fits).expect("a shift that fits")
}
