//! Rays that several workers share, and the coarse map that goes ahead of a fine one.
#![expect(clippy::expect_used, reason = "tests")]

use farfield::city::City;
use farfield::city::archive::Bytes;
use farfield::coverage::CoverageMap;
use farfield::engine::{Engine, Job};
use farfield::scenario::Scenario;
use farfield::trace::Tracer;
use farfield::trace::discover::Share;
use farfield::trace::scout::Findings;
use farfield::trace::task::Sampling;
use pollster::block_on;
use std::path::Path;

const FEW: Sampling = Sampling { rays: 1 << 15, samples: 1 };

fn munich() -> City {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/cities/munich.pmtiles");
    let bytes = Bytes::from(std::fs::read(path).expect("the city that ships with the page"));
    block_on(City::open(&bytes, "munich")).expect("a city")
}

fn scenario(cell: f64) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.receivers.cell = cell;
    scenario
}

fn tracer() -> Tracer {
    Tracer::cpu().with_sampling(FEW)
}

fn bits(map: &CoverageMap) -> Vec<u32> {
    map.values.iter().map(|v| v.to_bits()).collect()
}

fn scout(tracer: &mut Tracer, city: &City, scenario: &Scenario, number: u32, of: u32) -> Option<Findings> {
    block_on(tracer.scout(city, scenario, Share { number, of }, &mut Job::silent())).expect("rays")
}

#[test]
fn a_map_from_rays_that_were_shared_is_the_map_from_all_of_them() {
    let (city, scenario) = (munich(), scenario(20.0));
    let alone = block_on(tracer().predict(&city, &scenario, &mut Job::silent())).expect("a map");
    let found: Vec<Findings> =
        (0..3).map(|number| scout(&mut tracer(), &city, &scenario, number, 3).expect("signatures")).collect();
    assert!(found.iter().all(|share| share.len() == 1 && !share[0].is_empty()));
    let mut together = tracer();
    together.brief(&city, &scenario, &found);
    assert_eq!(scout(&mut together, &city, &scenario, 0, 3), None, "what it was told it knows");
    let map = block_on(together.predict(&city, &scenario, &mut Job::silent())).expect("a map");
    assert!(bits(&map) == bits(&alone));
    // Without two of the shares it is another map, so the first comparison says something.
    let mut less = tracer();
    less.brief(&city, &scenario, &found[..1]);
    let map = block_on(less.predict(&city, &scenario, &mut Job::silent())).expect("a map");
    assert!(bits(&map) != bits(&alone));
}

#[test]
fn what_was_told_of_another_scenario_is_left_out() {
    let (city, mut scenario) = (munich(), scenario(20.0));
    let nonsense = vec![vec![vec![u32::MAX; 11], vec![7; 3]], vec![], vec![vec![u32::MAX - 1, 3, u32::MAX, 1]]];
    let mut tracer = tracer();
    tracer.brief(&city, &scenario, &nonsense);
    let map = block_on(tracer.predict(&city, &scenario, &mut Job::silent())).expect("a map");
    assert!(map.values.iter().any(|v| v.is_finite()));
    scenario.sites.clear();
    tracer.brief(&city, &scenario, &nonsense);
}

#[test]
fn a_draft_is_the_map_of_a_cell_for_each_tile() {
    let (city, scenario) = (munich(), scenario(5.0));
    let mut tracer = tracer();
    let draft = block_on(tracer.draft(&city, &scenario, &mut Job::silent())).expect("a draft");
    let whole = block_on(tracer.predict(&city, &scenario, &mut Job::silent())).expect("a map");
    assert_eq!(draft.grid.cell, 20.0);
    let finer = (0..draft.grid.ny).flat_map(|iy| (0..draft.grid.nx).map(move |ix| (ix, iy))).filter_map(|(ix, iy)| {
        let at = draft.grid.centre(ix, iy);
        // The middle of a coarse cell is a corner of four fine ones.
        Some((draft.values[draft.grid.index(ix, iy)] - whole.at(at)?).abs())
    });
    let mut apart: Vec<f32> = finer.filter(|d| d.is_finite()).collect();
    apart.sort_by(f32::total_cmp);
    assert!(apart.len() > 1000, "{}", apart.len());
    let median = apart[apart.len() / 2];
    assert!(median < 3.0, "{median} dB");
    // With the signatures of the fine map at hand it is what all rays give, but for those at the map's rim.
    let draft = block_on(tracer.draft(&city, &scenario, &mut Job::silent())).expect("a draft");
    let coarse = Scenario { receivers: self::scenario(20.0).receivers, ..scenario };
    let expected = block_on(self::tracer().predict(&city, &coarse, &mut Job::silent())).expect("a map");
    let same =
        draft.values.iter().zip(&expected.values).filter(|(a, b)| (*a - *b).abs() < 0.1 || a.is_nan() && b.is_nan());
    assert!(same.count() * 100 > draft.values.len() * 99);
}
