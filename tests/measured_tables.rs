//! The measured network: that broken tables are refused by name, that folds are whole blocks, and that training gets what the
//! engine sees.

mod common;

use farfield::city::City;
use farfield::city::archive::Bytes;
use farfield::learn::features::{CHANNEL_NAMES, CHANNELS};
use farfield::learn::land::CELL;
use farfield::measured::chengdu::{self, FOLDS};
use farfield::measured::export::{SIDE, export};
use farfield::measured::plain::Plain;
use farfield::measured::{DatasetError, Environment, Knowledge, duke, simulate};
use geo::Area;
use glam::DVec2;
use half::f16;
use std::collections::HashMap;
use std::path::Path;

const CELLS: &str = "cell,x_m,y_m,height_m,azimuth_deg,electrical_tilt_deg,mechanical_tilt_deg,frequency_mhz,rs_power_dbm,\
                     ground_altitude_m,building_height_m,clutter\n1,100.0,200.0,20,0,3,3,2585,10,500,0,5\n";

#[test]
fn a_missing_or_broken_table_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let refusal = || chengdu::open(folder.path()).expect_err("refused").to_string();
    assert!(refusal().contains("cells.csv"));
    std::fs::write(folder.path().join("cells.csv"), CELLS.replace("20,0,3", "tall,0,3")).expect("written");
    assert!(refusal().contains("cells.csv is not the table that was expected"), "{}", refusal());
    std::fs::write(folder.path().join("cells.csv"), CELLS).expect("written");
    assert!(
        matches!(chengdu::open(folder.path()), Err(DatasetError::Io { path, .. }) if path.ends_with("ground.parquet"))
    );
    std::fs::write(folder.path().join("ground.parquet"), "PAR1 this is no Parquet PAR1").expect("written");
    assert!(refusal().contains("ground.parquet is not the table that was expected"), "{}", refusal());
}

#[test]
fn a_block_of_two_kilometres_lies_in_one_fold_and_every_fold_has_sectors() {
    let test = "a_block_of_two_kilometres_lies_in_one_fold_and_every_fold_has_sectors";
    let Some(folder) = common::shared(test, "data/chengdu") else { return };
    let data = chengdu::open(&folder).expect("the tables");
    let mut folds = HashMap::new();
    let mut sizes = vec![0; FOLDS as usize];
    for sector in &data.sectors {
        let block = (sector.at / 2000.0).floor().as_i64vec2();
        assert_eq!(*folds.entry(block).or_insert(sector.fold), sector.fold, "block {block}");
        sizes[sector.fold as usize] += 1;
    }
    assert!(sizes.iter().all(|n| *n > data.sectors.len() / 20), "{sizes:?}");
}

/// Of the first sector: its windows' features, and their labels as cell and residual.
struct Exported {
    planes: Vec<f32>,
    windows: Vec<Vec<(usize, f32)>>,
}

fn exported(folder: &Path) -> Exported {
    let read = |name: &str| std::fs::read(folder.join(name)).expect(name);
    let planes = read("features.f16").as_chunks().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect();
    let labels = read("labels.bin");
    let label = |bytes: &[u8; 8]| {
        let [a, b, c, d, e, f, g, h] = *bytes;
        (u32::from_le_bytes([a, b, c, d]) as usize, f32::from_le_bytes([e, f, g, h]))
    };
    let labels: Vec<(usize, f32)> = labels.as_chunks().0.iter().map(label).collect();
    let table = String::from_utf8(read("windows.csv")).expect("text");
    let window = |line: &str| {
        let numbers: Vec<usize> = line.split(',').map(|n| n.parse().expect("a number")).collect();
        labels[numbers[2]..numbers[2] + numbers[3]].to_vec()
    };
    Exported { planes, windows: table.lines().skip(1).map(window).collect() }
}

#[test]
fn exported_windows_hold_the_features_of_the_engine_and_give_the_measured_levels_back() {
    let test = "exported_windows_hold_the_features_of_the_engine_and_give_the_measured_levels_back";
    let Some(folder) = common::shared(test, "data/chengdu") else { return };
    let data = chengdu::open(&folder).expect("the tables");
    let out = tempfile::tempdir().expect("a folder");
    export(&data, out.path(), 1, |_| (), || ()).expect("an export");
    let Exported { planes, windows } = exported(out.path());
    assert_eq!(planes.len(), windows.len() * CHANNELS * SIDE * SIDE);
    let sector = &data.sectors[0];
    let near = data.readings(0).iter().filter(|r| r.at.distance(sector.at) <= 2000.0).count();
    let kept: usize = windows.iter().map(Vec::len).sum();
    assert!(kept <= near && kept * 10 >= near * 8, "{kept} of {near} readings");

    let land = data.land_around(sector, 600, Knowledge::All);
    let link = sector.link(&land);
    let levels: HashMap<_, _> = data.readings(0).iter().map(|r| (r.at.as_i64vec2(), r.rsrp)).collect();
    for (labels, planes) in windows.iter().zip(planes.chunks(CHANNELS * SIDE * SIDE)) {
        // The channels tell where a cell lies: the distance in three dimensions, and the direction of the antenna.
        let place = |at: usize| {
            let [distance, east, north] = [6, 7, 8].map(|channel| f64::from(planes[channel * SIDE * SIDE + at]));
            let away = (200.0 * 10f64.powf(distance)).powi(2) - f64::from(sector.height - 1.5).powi(2);
            sector.at - DVec2::new(east, north) * away.max(0.0).sqrt()
        };
        for (at, residual) in labels.iter().step_by(labels.len() / 20 + 1) {
            let near = (place(*at) / f64::from(CELL)).round() * f64::from(CELL);
            // Half precision leaves a few metres open: one of the cells around is the reading's.
            let shifts = (-3..=3).flat_map(|x| (-3..=3).map(move |y| DVec2::new(f64::from(x), f64::from(y)) * 5.0));
            let fits = shifts.map(|shift| near + shift).any(|p| {
                let features = link.features(p.as_vec2());
                let level = residual + data.power as f32 + features.baseline;
                levels.get(&p.as_i64vec2()).is_some_and(|measured| (level - measured).abs() < 1e-2)
                    && features.channels.iter().enumerate().all(|(channel, value)| {
                        (planes[channel * SIDE * SIDE + at] - value).abs() <= 2e-3 * value.abs().max(1.0)
                    })
            });
            assert!(fits, "cell {at}, near {near}");
        }
    }
}

#[test]
fn simulated_windows_are_of_the_streets_alone_and_the_same_every_time() {
    let bytes = Bytes::from(include_bytes!("../www/cities/munich.pmtiles").to_vec());
    let city = pollster::block_on(City::open(&bytes, "munich")).expect("Munich");
    let export = || {
        let out = tempfile::tempdir().expect("a folder");
        simulate::export(std::slice::from_ref(&city), 2, out.path(), |n| assert_eq!(n, 2), || ()).expect("an export");
        exported(out.path())
    };
    let (once, again) = (export(), export());
    assert!(once.planes == again.planes && once.windows == again.windows);
    assert_eq!(once.planes.len(), 2 * CHANNELS * SIDE * SIDE);
    for (labels, planes) in once.windows.iter().zip(once.planes.chunks(CHANNELS * SIDE * SIDE)) {
        let of = |channel: &str, at: usize| {
            let number = CHANNEL_NAMES.iter().position(|name| *name == channel).expect("a channel");
            planes[number * SIDE * SIDE + at]
        };
        assert!(labels.len() > 10_000, "{} cells", labels.len());
        assert!(labels.iter().all(|(at, residual)| of("known", *at) == 1.0 && residual.abs() <= 40.0));
        // Where a wall cuts a cell, the finer raster of the tracer may call its middle outdoors.
        let covered = labels.iter().filter(|(at, _)| of("roof", *at) > 0.0).count();
        assert!(covered * 25 < labels.len(), "{covered} of {} levels lie under roofs", labels.len());
    }
}

#[test]
fn a_raster_of_heights_becomes_prisms_that_hold_the_same_volume() {
    let test = "a_raster_of_heights_becomes_prisms_that_hold_the_same_volume";
    let Some(folder) = common::shared(test, "data/chengdu") else { return };
    let data = chengdu::open(&folder).expect("the tables");
    for sector in data.sectors.iter().step_by(700) {
        let (city, mast) = data.city_around(sector, 300.0);
        assert_eq!(mast, DVec2::ZERO);
        let land = data.land_around(sector, 70, Knowledge::All);
        let prisms: f64 = city.buildings.iter().map(|b| b.footprint.unsigned_area() * f64::from(b.top)).sum();
        let cells = (-60..=60).flat_map(|x| (-60..=60).map(move |y| DVec2::new(f64::from(x), f64::from(y)) * 5.0));
        let cells: f64 = cells.map(|p| 25.0 * f64::from(land.at((sector.at + p).as_vec2()).roof)).sum();
        assert!((prisms - cells).abs() <= 1e-6 * cells, "{}: {prisms} m³ where the cells have {cells}", sector.name);
    }
}

#[test]
fn the_campus_has_four_cells_two_phones_and_buildings() {
    let Some(folder) = common::shared("the_campus_has_four_cells_two_phones_and_buildings", "data/duke") else {
        return;
    };
    let data = duke::open(&folder).expect("the tables");
    assert_eq!((data.sectors.len(), data.devices.len()), (4, 2));
    let readings: usize = (0..4).map(|i| data.readings(i).len()).sum();
    // 21,063 lines, less those beyond 650 m.
    assert!((20_000..21_063).contains(&readings), "{readings}");
    let land = data.land_around(&data.sectors[0], 100, Knowledge::All);
    assert_eq!(Environment::around(data.sectors[0].at, &land), Environment::Suburban);
    let broken = tempfile::tempdir().expect("a folder");
    std::fs::write(broken.path().join("cells.csv"), "pci,lat,lon,height_m,azimuth_deg,freq_ghz\nA,99,0,24,0,3.6\n")
        .expect("written");
    std::fs::write(broken.path().join("measurements.csv"), "pci,lat,lon,device,rsrp_dbm\n").expect("written");
    let refusal = duke::open(broken.path()).expect_err("refused").to_string();
    assert!(refusal.contains("cells.csv") && refusal.contains("99, 0 is no place on earth"), "{refusal}");
}

#[test]
fn what_stands_in_where_no_other_sector_is_known_was_fitted_on_the_network_of_chengdu() {
    let test = "what_stands_in_where_no_other_sector_is_known_was_fitted_on_the_network_of_chengdu";
    let Some(folder) = common::shared(test, "data/chengdu") else { return };
    let data = chengdu::open(&folder).expect("the tables");
    let every: Vec<usize> = (0..data.sectors.len()).collect();
    let (fitted, kept) = (Plain::fit(&data, &every), Plain::fit(&data, &[]));
    let numbers = |p: &Plain| [p.constant, p.beyond, p.formula.0[0], p.formula.0[1], p.formula.0[2]];
    for (fitted, kept) in numbers(&fitted).into_iter().zip(numbers(&kept)) {
        assert!((fitted - kept).abs() < 5e-3, "{fitted} where {kept} is kept");
    }
}
