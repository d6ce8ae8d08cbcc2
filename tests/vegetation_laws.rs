//! Woods take from paths what the formula says for the metres of leaves on their way, in maps, lists and stores alike; and
//! where there are none, or they are not asked for, nothing changes.

use farfield::city::{Building, Canopy, City, HeightSource, Wood};
use farfield::coverage::CoverageMap;
use farfield::empirical::{foliage_loss, rooftop_loss, rooftops};
use farfield::engine::{Engine, Job};
use farfield::geodesy::{LocalFrame, LonLat};
use farfield::material::{Finish, Material};
use farfield::scenario::{Scenario, Site};
use farfield::trace::{Reception, Tracer};
use farfield::units::Hertz;
use geo::{Polygon, Rect, coord, polygon};
use glam::{DVec2, Vec3};
use pollster::block_on;

fn rectangle(x: f64, y: f64, width: f64, depth: f64) -> Polygon<f64> {
    Rect::new(coord! { x: x, y: y }, coord! { x: x + width, y: y + depth }).to_polygon()
}

fn city(buildings: Vec<Building>, woods: Vec<Wood>) -> City {
    City {
        name: "wood".into(),
        attribution: String::new(),
        frame: LocalFrame::new(LonLat::new(11.5, 48.1)),
        bounds: Rect::new(coord! { x: -150.0, y: -50.0 }, coord! { x: 150.0, y: 50.0 }),
        buildings,
        ground: Material::MediumDryGround,
        terrain: None,
        woods,
    }
}

fn block(x: f64, y: f64, [width, depth]: [f64; 2], top: f32) -> Building {
    let (wall, roof) = (Material::Concrete, Material::Concrete);
    let footprint = rectangle(x, y, width, depth);
    Building { id: 0, footprint, base: 0.0, top, height_source: HeightSource::Model, wall, roof }
}

fn canopy(city: &City) -> Canopy {
    Canopy::of(city, &rooftops(city)).expect("a wood")
}

/// A wood of 60 m between the mast in the west and the east.
fn wood(height: f32) -> Wood {
    Wood { outline: rectangle(-30.0, -50.0, 60.0, 100.0), height }
}

/// Houses, and a wood between two of them.
fn town() -> City {
    let houses = vec![block(-70.0, 10.0, [30.0, 25.0], 18.0), block(40.0, -40.0, [25.0, 60.0], 22.0)];
    city(houses, vec![wood(15.0), Wood { outline: rectangle(80.0, 0.0, 50.0, 40.0), height: 10.0 }])
}

fn scenario(city: &City, height: f64) -> Scenario {
    let position = city.frame.to_lonlat(DVec2::new(-121.0, 1.0));
    Scenario { sites: vec![Site { position, height, ..Site::default() }], ..Scenario::default() }
}

fn map(city: &City, scenario: &Scenario) -> CoverageMap {
    block_on(Tracer::cpu().predict(city, scenario, &mut Job::silent())).expect("a map")
}

fn paths(city: &City, scenario: &Scenario, at: DVec2) -> Reception {
    block_on(Tracer::cpu().paths_at(city, scenario, city.frame.to_lonlat(at), &mut Job::silent())).expect("paths")
}

fn bits(map: &CoverageMap) -> Vec<u32> {
    map.values.iter().map(|v| v.to_bits()).collect()
}

#[test]
fn a_wood_between_mast_and_receiver_costs_what_the_formula_says_for_the_way_in_it() {
    let (open, wooded) = (city(Vec::new(), Vec::new()), city(Vec::new(), vec![wood(15.0)]));
    // Level, falling into the crowns, and over them all.
    for height in [8.0, 25.0, 60.0] {
        let mut scenario = scenario(&open, height);
        // Not over the crowns either.
        (scenario.engines.trace.depth, scenario.engines.trace.diffraction) = (0, false);
        scenario.receivers.height = 2.0;
        let (without, with) = (map(&open, &scenario), map(&wooded, &scenario));
        let mut seen = [0, 0];
        let grid = with.grid;
        for (cell, (without, with)) in (0..).zip(without.values.iter().zip(&with.values)) {
            let at = grid.centre(cell % grid.nx, cell / grid.nx).as_vec2();
            let (mast, to) = (Vec3::new(-121.0, 1.0, height as f32), at.extend(2.0));
            // The way is straight: it is in the wood between x = ±30, and below 15 m beyond where it falls so low.
            let x_of = |t: f32| mast.x + (to.x - mast.x) * t;
            let falls = ((15.0 - mast.z) / (to.z - mast.z)).max(0f32);
            let west = (-30f32).max(if height > 15.0 { x_of(falls) } else { mast.x });
            let share = ((to.x.min(30.0) - west) / (to.x - mast.x)).max(0.0);
            let metres = if to.x > -30.0 { share * mast.distance(to) } else { 0.0 };
            let expected = foliage_loss(metres, Hertz(3.5e9));
            let lost = without - with;
            assert!((lost - expected).abs() < 0.03, "{lost} dB for {expected} at {at}, mast at {height} m");
            seen[usize::from(expected > 0.0)] += 1;
        }
        assert!(seen[0] > 300 && seen[1] > 100, "{seen:?}");
    }
    // High enough, and even the receivers behind the wood are in sight over it.
    let mut high = scenario(&open, 200.0);
    high.engines.trace.depth = 0;
    let heard = paths(&wooded, &high, DVec2::new(60.0, 1.0));
    assert_eq!((heard.paths[0].leaves, heard.paths[0].foliage_loss), (0.0, 0.0));
}

#[test]
fn far_behind_a_wood_the_way_over_its_crowns_is_the_better_one() {
    let city = city(Vec::new(), vec![Wood { outline: rectangle(-100.0, -50.0, 140.0, 100.0), height: 15.0 }]);
    let canopy = canopy(&city);
    let mut scenario = scenario(&city, 16.0);
    scenario.engines.trace.depth = 0;
    let (mut through, mut over) = (0, 0);
    for x in (-95..150).step_by(5) {
        let at = DVec2::new(f64::from(x) + 0.5, 1.0);
        let heard = paths(&city, &scenario, at);
        let [path] = heard.paths.as_slice() else { panic!("{} paths", heard.paths.len()) };
        let (mast, to) = (Vec3::new(-121.0, 1.0, 16.0), at.as_vec2().extend(1.5));
        let by_leaves = foliage_loss(canopy.metres(mast, to), Hertz(3.5e9));
        let by_crowns = rooftop_loss(canopy.skyline(), mast, to, Hertz(3.5e9).wavelength() as f32);
        let paid = path.rooftop_loss + path.foliage_loss;
        assert!((paid - by_leaves.min(by_crowns)).abs() < 1e-3, "{paid} dB of {by_leaves} and {by_crowns} at {at}");
        (through, over) = if path.leaves > 0.0 { (through + 1, over) } else { (through, over + 1) };
    }
    assert!(through > 5 && over > 5, "{through} through, {over} over");
}

#[test]
fn each_leg_of_a_path_counts_and_the_list_says_how_much() {
    // A wall beside the way mirrors; the wood stands before it, and the direct way passes it by.
    let shed = block(-60.0, 30.0, [120.0, 15.0], 30.0);
    let with = city(vec![shed.clone()], vec![Wood { outline: rectangle(-10.0, 10.0, 20.0, 20.0), height: 12.0 }]);
    let mut scenario = scenario(&with, 6.0);
    scenario.engines.trace.depth = 1;
    let at = DVec2::new(121.0, 1.0);
    let (with, without) = (paths(&with, &scenario, at), paths(&city(vec![shed], Vec::new()), &scenario, at));
    assert_eq!(with.paths.len(), without.paths.len());
    let mirrored = |r: &Reception| r.paths.iter().find(|p| p.vertices.len() == 3 && p.vertices[1].at.y > 29.0).cloned();
    let (with_wall, without_wall) = (mirrored(&with).expect("a mirror"), mirrored(&without).expect("a mirror"));
    // It crosses twenty metres in x, up to the wall and back.
    let slant = Vec3::new(242.0, 58.0, -4.5).length() / 242.0;
    assert!((with_wall.leaves - 20.0 * slant).abs() < 0.01, "{} m", with_wall.leaves);
    assert!((without_wall.level - with_wall.level - with_wall.foliage_loss).abs() < 1e-3);
    assert!(with_wall.way().ends_with("21 m through leaves (−11.2 dB)"), "{}", with_wall.way());
    let direct = with.paths.iter().find(|p| p.vertices.len() == 2).expect("line of sight");
    assert_eq!((direct.leaves, direct.way().as_str()), (0.0, "line of sight"));
    // What is listed adds up to the level.
    let sum: f64 = with.paths.iter().map(|p| 10f64.powf(0.1 * f64::from(p.level))).sum();
    assert!((10.0 * sum.log10() - f64::from(with.level.expect("a level"))).abs() < 1e-3);
}

#[test]
fn over_a_roof_it_is_the_bent_way_that_comes_down_through_leaves() {
    let house = block(-40.0, -50.0, [20.0, 100.0], 25.0);
    let city = city(vec![house], vec![Wood { outline: rectangle(0.0, -50.0, 40.0, 100.0), height: 5.0 }]);
    let mut scenario = scenario(&city, 20.0);
    scenario.engines.trace.depth = 0;
    // In the wood, where the way over its crowns would come down steeply.
    let heard = paths(&city, &scenario, DVec2::new(31.0, 1.0));
    let [over] = heard.paths.as_slice() else { panic!("{} paths", heard.paths.len()) };
    assert!(over.rooftop_loss > 6.0);
    let points: Vec<Vec3> = over.vertices.iter().map(|v| v.at).collect();
    let canopy = canopy(&city);
    let bent: f32 = points.windows(2).map(|leg| canopy.metres(leg[0], leg[1])).sum();
    assert!((over.leaves - bent).abs() < 1e-3 && bent > 1.0, "{} m for {bent}", over.leaves);
    assert!(bent < canopy.metres(points[0], points[2]), "the straight way lies deeper");
}

#[test]
fn mast_and_receiver_may_change_places() {
    let city = town();
    let mast = (DVec2::new(-121.0, 1.0), 9.0);
    let leaves = |(mast, height): (DVec2, f64), (at, above): (DVec2, f64)| {
        let site = Site { position: city.frame.to_lonlat(mast), height, ..Site::default() };
        let mut scenario = Scenario { sites: vec![site], ..Scenario::default() };
        (scenario.engines.trace.depth, scenario.receivers.height) = (0, above);
        paths(&city, &scenario, at).paths.first().map(|p| (p.leaves, p.rooftop_loss)).expect("a path")
    };
    // In sight behind the wood, and in the other one behind a house.
    for (other, over_roofs) in [((DVec2::new(33.0, -30.0), 3.0), false), ((DVec2::new(125.0, 10.0), 2.0), true)] {
        let (there, back) = (leaves(mast, other), leaves(other, mast));
        assert!(there.0 > 10.0 && (there.0 - back.0).abs() < 0.05, "{there:?} there, {back:?} back");
        assert_eq!(there.1 > 6.0, over_roofs, "{there:?}");
    }
}

#[test]
fn rows_apart_are_rows_together_and_a_list_is_its_cell() {
    let city = town();
    let mut scenario = scenario(&city, 20.0);
    scenario.engines.trace.corners = true;
    let whole = map(&city, &scenario);
    let mut tracer = Tracer::cpu();
    for rows in [0..7, 7..8, 8..20] {
        let part = block_on(tracer.predict_rows(&city, &scenario, rows.clone(), &mut Job::silent())).expect("rows");
        let cells = whole.grid.index(0, rows.start)..whole.grid.index(0, rows.end);
        assert_eq!(bits(&whole)[cells.clone()], bits(&part)[cells], "rows {rows:?}");
    }
    scenario.engines.trace.corners = false;
    let whole = map(&city, &scenario);
    for (ix, iy) in [(20, 9), (28, 12), (34, 3), (55, 15)] {
        let heard = paths(&city, &scenario, whole.grid.centre(ix, iy));
        let value = whole.values[whole.grid.index(ix, iy)];
        assert!((heard.level.unwrap_or(f32::NAN) - value).abs() < 2e-3, "{:?} for {value}", heard.level);
    }
}

#[test]
fn without_woods_or_with_the_switch_off_maps_are_what_they_were() {
    let wooded = town();
    let bare = City { woods: Vec::new(), ..wooded.clone() };
    for corners in [false, true] {
        let mut scenario = scenario(&wooded, 20.0);
        scenario.engines.trace.corners = corners;
        let with = map(&wooded, &scenario);
        let without = map(&bare, &scenario);
        scenario.engines.trace.vegetation = false;
        assert_eq!(bits(&map(&wooded, &scenario)), bits(&without));
        assert_eq!(bits(&map(&bare, &scenario)), bits(&without));
        let darker = with.values.iter().zip(&without.values).filter(|(a, b)| *a < *b).count();
        let brighter = with.values.iter().zip(&without.values).filter(|(a, b)| *a > *b).count();
        assert!(darker > 200 && brighter == 0, "{darker} darker, {brighter} brighter");
    }
}

#[test]
fn a_city_that_gets_trees_is_another_city() {
    let (bare, mut tracer) = (city(Vec::new(), Vec::new()), Tracer::cpu());
    let scenario = scenario(&bare, 8.0);
    let mut levels = Vec::new();
    for woods in [Vec::new(), vec![wood(15.0)], vec![wood(4.0)]] {
        let city = City { woods, ..bare.clone() };
        let at = city.frame.to_lonlat(DVec2::new(100.0, 1.0));
        let heard = block_on(tracer.paths_at(&city, &scenario, at, &mut Job::silent())).expect("paths");
        levels.push(heard.level.expect("a level"));
    }
    assert!(levels[0] > levels[2] && levels[2] > levels[1], "{levels:?}");
}

#[test]
fn what_rough_walls_scatter_goes_through_leaves_too() {
    let wall = block(-60.0, 30.0, [120.0, 15.0], 30.0);
    let with = city(vec![wall.clone()], vec![wood(15.0)]);
    let without = city(vec![wall], Vec::new());
    let mut scenario = scenario(&with, 12.0);
    scenario.materials.set(Material::Concrete, Finish { scattering: 0.5, ..Finish::default() });
    let scattered = |city| paths(city, &scenario, DVec2::new(50.0, -20.0)).scattered.expect("something");
    let (with, without) = (scattered(&with), scattered(&without));
    assert!(without - with > 3.0, "{with} dBm for {without}");
}

#[test]
fn hostile_woods_give_defined_maps() {
    let lost = polygon![(x: 0.0, y: 0.0), (x: f64::NAN, y: 0.0), (x: 10.0, y: f64::INFINITY)];
    let bow = polygon![(x: -40.0, y: -40.0), (x: 40.0, y: 40.0), (x: 40.0, y: -40.0), (x: -40.0, y: 40.0)];
    let tree = |i: i32| {
        let (x, y) = (f64::from(i % 500) * 0.6 - 150.0, f64::from(i / 500) * 0.5 - 50.0);
        Wood { outline: rectangle(x, y, 2.0, 2.0), height: 4.0 + (i % 9) as f32 }
    };
    let bare = map(&city(Vec::new(), Vec::new()), &scenario(&town(), 20.0));
    let nothing = [f32::NAN, f32::NEG_INFINITY, f32::INFINITY, 0.0, -4.0]
        .map(wood)
        .into_iter()
        .chain([Wood { outline: lost, height: 15.0 }])
        .collect();
    let everything = (0..100_000).map(tree).chain([Wood { outline: bow, height: 15.0 }]).collect();
    for (woods, changes) in [(nothing, false), (everything, true), (vec![wood(1e30)], true)] {
        let city = city(Vec::new(), woods);
        let map = map(&city, &scenario(&city, 20.0));
        assert!(map.values.iter().all(|v| v.is_finite()));
        assert_eq!(bits(&map) != bits(&bare), changes);
    }
}
