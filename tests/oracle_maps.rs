//! Whole maps against the reference tracer's: the same mesh, the same antennas, isotropic and vertical, every surface a
//! sheet as there, power averaged over each cell as there.

mod common;

use farfield::engine::Job;
use farfield::trace::cpu;
use farfield::trace::reference::{Agreement, MapFacts, Mode, agreement, read_maps, read_scene};
use farfield::trace::task::Sampling;

/// Our agreement with each of the maps of `city` and `mode`, at each level.
fn compare<const N: usize>(test: &str, city: &str, mode: Mode, levels: [f32; N]) -> Vec<[Agreement; N]> {
    let file = |rel: String| common::shared(test, &rel);
    let paths = (
        file(format!("oracle/maps/{city}.json")),
        file(format!("oracle/maps/{city}.npz")),
        file(format!("oracle/geometry/{city}.npz")),
    );
    let (Some(facts), Some(maps), Some(geometry)) = paths else { return Vec::new() };
    let facts = MapFacts::read(&facts).expect("facts");
    let scene = read_scene(&geometry, facts.thickness_m).expect("a scene").with_edges(|edge| mode.keeps(edge));
    let beams = [facts.beam()];
    let references = read_maps(&maps, mode).expect("maps");
    assert_eq!(references.len(), facts.tx.len());
    let sampling = Sampling { rays: 1 << 17, samples: 32 };
    let one = |(tx, reference): (usize, &Vec<f32>)| {
        let task = facts.task(&scene, &beams, mode, tx, sampling).expect("an antenna");
        let ours = pollster::block_on(async {
            let candidates = cpu::discover(&task, &mut Job::silent()).await?;
            cpu::gather(&task, &candidates, 0..task.grid.ny, &mut Job::silent()).await
        });
        let ours: Vec<f32> = ours.expect("a map")[0].iter().map(|g| 10.0 * g.log10()).collect();
        levels.map(|level| agreement(ours.iter().zip(reference), level))
    };
    references.iter().enumerate().map(one).collect()
}

fn check(city: &str, mode: Mode) {
    let test = format!("{city}_{}", mode.name());
    for (tx, [strong, all]) in compare(&test, city, mode, [-110.0, -130.0]).into_iter().enumerate() {
        println!("{test} tx{tx}\n  above -110 dB {strong:?}\n  above -130 dB {all:?}");
        assert!(strong.cells > 100);
        assert!(strong.found >= 0.97, "tx{tx} {strong:?}");
        assert!(strong.median <= 0.3 && strong.p90 <= 1.5, "tx{tx} {strong:?}");
        assert!(all.found >= 0.97, "tx{tx} {all:?}");
        assert!(all.median <= 0.3 && all.p90 <= 1.5, "tx{tx} {all:?}");
    }
}

#[test]
fn line_of_sight_over_munich_is_the_references() {
    check("munich", Mode::Los);
}

#[test]
fn reflections_over_munich_are_the_references() {
    check("munich", Mode::Refl);
}

#[test]
fn line_of_sight_over_florence_is_the_references() {
    check("florence", Mode::Los);
}

#[test]
fn reflections_over_florence_are_the_references() {
    check("florence", Mode::Refl);
}

/// Beyond walls the reference's own noise grows: compared where it is stronger than -110 dB.
fn check_through_walls(city: &str) {
    let test = format!("{city}_through_walls");
    for (tx, [strong]) in compare(&test, city, Mode::ReflRefr, [Mode::ReflRefr.level()]).into_iter().enumerate() {
        println!("{test} tx{tx} {strong:?}");
        assert!(strong.cells > 100 && strong.found >= 0.97, "tx{tx} {strong:?}");
        assert!(strong.median <= 0.7 && strong.p90 <= 3.0, "tx{tx} {strong:?}");
    }
}

/// Maps of single diffraction are compared loosely: the reference's terms for reflected waves have a wrong sign, and its own
/// noise is 1–8 dB (median) and 4–48 dB (90th percentile) by its account.
#[test]
fn what_comes_over_munichs_wedges_is_like_the_references() {
    let test = "what_comes_over_munichs_wedges_is_like_the_references";
    for (tx, [all]) in compare(test, "munich", Mode::DiffrWedge, [Mode::DiffrWedge.level()]).into_iter().enumerate() {
        println!("{test} tx{tx} {all:?}");
        assert!(all.cells > 1000 && all.found >= 0.8, "tx{tx} {all:?}");
        assert!(all.median <= 4.5 && all.bias.abs() <= 4.0, "tx{tx} {all:?}");
    }
}

/// Scattered light is compared where the reference is sure of it as well.
fn check_scattering(city: &str) {
    let test = format!("{city}_scattering");
    for (tx, [strong]) in compare(&test, city, Mode::ReflDiffuse, [Mode::ReflDiffuse.level()]).into_iter().enumerate() {
        println!("{test} tx{tx} {strong:?}");
        assert!(strong.cells > 1000 && strong.found >= 0.97, "tx{tx} {strong:?}");
        assert!(strong.median <= 0.7 && strong.p90 <= 3.0, "tx{tx} {strong:?}");
    }
}

#[test]
fn what_munichs_walls_scatter_is_the_references() {
    check_scattering("munich");
}

#[test]
fn what_florences_walls_scatter_is_the_references() {
    check_scattering("florence");
}

#[test]
fn ways_through_munichs_walls_are_the_references() {
    check_through_walls("munich");
}

#[test]
fn ways_through_florences_walls_are_the_references() {
    check_through_walls("florence");
}
