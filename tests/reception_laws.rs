//! The paths to a receiver: they are those that the map adds up, and their numbers are those of their geometry.

use farfield::antenna::{Pattern, Polarisation, ReceiverPattern};
use farfield::city::{Building, City, HeightSource};
use farfield::engine::{Engine, EngineError, Job};
use farfield::geodesy::{LocalFrame, LonLat};
use farfield::material::{Finish, Material, half_space, slab};
use farfield::scenario::{BuildingEntry, SHEET_THICKNESS, Scenario, Sector, Site, Walls};
use farfield::trace::listen::Receiver;
use farfield::trace::path::Kind;
use farfield::trace::reception::Arrival;
use farfield::trace::{Reception, Tracer};
use farfield::units::Hertz;
use geo::{Rect, coord};
use glam::{DVec2, Vec3};
use num_complex::Complex64;
use pollster::block_on;

fn block(x: f64, y: f64, side: f64, top: f32) -> Building {
    let footprint = Rect::new(coord! { x: x, y: y }, coord! { x: x + side, y: y + side }).to_polygon();
    let (wall, roof) = (Material::Brick, Material::Metal);
    Building { id: 0, footprint, base: 0.0, top, height_source: HeightSource::Model, wall, roof }
}

fn city(buildings: Vec<Building>) -> City {
    City {
        name: "blocks".into(),
        attribution: String::new(),
        frame: LocalFrame::new(LonLat::new(11.5, 48.1)),
        bounds: Rect::new(coord! { x: -100.0, y: -80.0 }, coord! { x: 100.0, y: 80.0 }),
        buildings,
        ground: Material::MediumDryGround,
        terrain: None,
        woods: Vec::new(),
    }
}

/// Two streets that cross.
fn blocks() -> City {
    let corners = [(-90.0, -70.0), (-90.0, 15.0), (15.0, -70.0), (15.0, 15.0)];
    city(corners.iter().zip([18.0, 22.0, 25.0, 15.0]).map(|((x, y), top)| block(*x, *y, 55.0, top)).collect())
}

fn scenario(city: &City, [x, y]: [f64; 2], height: f64, diffraction: bool) -> Scenario {
    let position = city.frame.to_lonlat(DVec2::new(x, y));
    let mut scenario = Scenario { sites: vec![Site { position, height, ..Site::default() }], ..Scenario::default() };
    scenario.engines.trace.diffraction = diffraction;
    scenario
}

fn paths(tracer: &mut Tracer, city: &City, scenario: &Scenario, at: DVec2) -> Result<Reception, EngineError> {
    block_on(tracer.paths_at(city, scenario, city.frame.to_lonlat(at), &mut Job::silent()))
}

/// Every cell of the map against the paths to its middle.
fn compare_with_map(city: &City, scenario: &Scenario) {
    let mut tracer = Tracer::cpu();
    let map = block_on(tracer.predict(city, scenario, &mut Job::silent())).expect("a map");
    let mut compared = 0;
    for (ix, iy) in (0..map.grid.ny).step_by(2).flat_map(|iy| (0..map.grid.nx).step_by(3).map(move |ix| (ix, iy))) {
        let value = map.values[map.grid.index(ix, iy)];
        match paths(&mut tracer, city, scenario, map.grid.centre(ix, iy)) {
            Ok(heard) => {
                let level = heard.level.unwrap_or(f32::NAN);
                assert!((level - value).abs() < 2e-3 || (level.is_nan() && value.is_nan()), "{level} for {value} dBm");
                let linear = |dbm: f32| 10f64.powf(0.1 * f64::from(dbm));
                let listed: f64 = heard.paths.iter().map(|p| linear(p.level)).sum();
                let sum = 10.0 * (listed + heard.scattered.map_or(0.0, linear)).log10();
                assert!(level.is_nan() || (sum - f64::from(level)).abs() < 1e-3, "{sum} listed, {level} told");
                compared += usize::from(!level.is_nan());
            }
            Err(EngineError::ReceiverIndoors) => assert!(value.is_nan(), "{value} dBm under a roof"),
            Err(error) => panic!("{error}"),
        }
    }
    assert!(compared > 20, "{compared} cells compared");
}

#[test]
fn the_powers_of_the_paths_add_up_to_the_map_in_the_middle_of_its_cells() {
    let city = blocks();
    compare_with_map(&city, &scenario(&city, [0.0, 0.0], 30.0, true));
    compare_with_map(&city, &scenario(&city, [0.0, 0.0], 8.0, false));
}

#[test]
fn what_rough_walls_scatter_is_told_beside_the_paths() {
    let city = blocks();
    let mut scenario = scenario(&city, [0.0, 0.0], 8.0, true);
    scenario.materials.set(Material::Brick, Finish { scattering: 0.4, ..Finish::default() });
    compare_with_map(&city, &scenario);
    let heard = paths(&mut Tracer::cpu(), &city, &scenario, DVec2::new(0.0, 50.0)).expect("paths");
    assert!(heard.scattered.is_some_and(|s| s < heard.level.expect("a level")), "{:?}", heard.scattered);
}

#[test]
fn the_strongest_of_a_sites_sectors_is_the_one_that_is_listed() {
    let city = blocks();
    let mut scenario = scenario(&city, [0.0, 0.0], 30.0, true);
    let sector = |azimuth| Sector { azimuth, ..Sector::default() };
    scenario.sites[0].sectors = vec![sector(0.0), sector(120.0), sector(240.0)];
    compare_with_map(&city, &scenario);
    let heard = paths(&mut Tracer::cpu(), &city, &scenario, DVec2::new(-70.0, -8.0)).expect("paths");
    assert_eq!(heard.server, (0, 2));
}

#[test]
fn over_a_plane_there_are_the_direct_way_and_the_grounds_with_their_delays_and_angles() {
    let city = city(Vec::new());
    let scenario = scenario(&city, [0.0, -50.0], 20.0, true);
    let heard = paths(&mut Tracer::cpu(), &city, &scenario, DVec2::new(0.0, 40.0)).expect("paths");
    let [direct, ground] = heard.paths.as_slice() else { panic!("{} paths", heard.paths.len()) };
    let close = |a: f32, b: f64| assert!((f64::from(a) - b).abs() < 1e-2, "{a} for {b}");
    let light = 0.299792458; // metres a nanosecond
    close(direct.delay, 90f64.hypot(18.5) / light);
    close(ground.delay, 90f64.hypot(21.5) / light);
    let fall = |rise: f64| rise.atan2(90.0).to_degrees();
    for (path, down, up) in [(direct, -fall(18.5), fall(18.5)), (ground, -fall(21.5), -fall(21.5))] {
        close(path.departure.elevation, down);
        close(path.arrival.elevation, up);
        assert!(path.departure.azimuth.min(360.0 - path.departure.azimuth) < 0.01, "{:?} is not north", path.departure);
        close(path.arrival.azimuth, 180.0);
    }
    assert_eq!((direct.way().as_str(), ground.way().as_str()), ("line of sight", "reflection off medium dry ground"));
    assert!((ground.vertices[1].at - Vec3::new(0.0, -50.0 + 90.0 * 20.0 / 21.5, 0.0)).length() < 1e-2);
    assert!(direct.level > ground.level);
    // Two taps: the spread is their distance times the geometric mean of their shares.
    let share = 1.0 / (1.0 + 10f64.powf(0.1 * f64::from(ground.level - direct.level)));
    let spread = f64::from(ground.delay - direct.delay) * (share * (1.0 - share)).sqrt();
    assert!((heard.delay_spread().expect("a spread") - spread).abs() < 1e-3);
}

/// Two rays over a plane, each with its phase, against the closed form; every way of polarising the receivers.
#[test]
fn two_rays_that_interfere_come_to_the_closed_form() {
    let city = city(Vec::new());
    let mut scenario = scenario(&city, [0.0, -50.0], 20.0, true);
    let sector = &mut scenario.sites[0].sectors[0];
    (sector.pattern, sector.frequency, sector.downtilt) = (Pattern::Isotropic, Hertz(0.9e9), 0.0);
    let (frequency, power) = (sector.frequency, sector.power.0);
    let eta = city.ground.permittivity(frequency).eta(frequency);
    let mut tracer = Tracer::cpu();
    let mut deepest = 0.0f64;
    for (sent, taken) in [
        (Polarisation::Vertical, None),
        (Polarisation::Vertical, Some(Polarisation::Vertical)),
        (Polarisation::Horizontal, None),
        (Polarisation::Horizontal, Some(Polarisation::Horizontal)),
    ] {
        scenario.sites[0].sectors[0].polarisation = sent;
        scenario.receivers.polarisation = taken;
        for step in 0..40 {
            let away = 30.0 + 2.3 * f64::from(step);
            let heard = paths(&mut tracer, &city, &scenario, DVec2::new(0.0, away - 50.0)).expect("paths");
            let [direct, bounced] = [18.5f64, 21.5].map(|rise| away.hypot(rise));
            let by = half_space(eta, (21.5 / bounced) as f32);
            let by = if sent == Polarisation::Vertical { by.tm } else { by.te };
            let by = Complex64::new(by.re.into(), by.im.into());
            let phasor = |d: f64| {
                let k = std::f64::consts::TAU / frequency.wavelength();
                let (sin, cos) = (k * d).sin_cos();
                Complex64::new(cos, -sin) / (2.0 * k * d)
            };
            let sum = phasor(direct) + by * phasor(bounced);
            let expected = power + 10.0 * sum.norm_sqr().log10();
            let powers = power + 10.0 * (phasor(direct).norm_sqr() + (by * phasor(bounced)).norm_sqr()).log10();
            let [coherent, level] = [heard.coherent, heard.level].map(|l| f64::from(l.expect("a level")));
            assert!((level - powers).abs() < 0.01, "{level} dBm for {powers} in power, {away} m away");
            assert!((coherent - expected).abs() < 0.1, "{coherent} dBm for {expected} with phases, {away} m away");
            deepest = deepest.max(powers - expected);
        }
    }
    assert!(deepest > 6.0, "no deep null among them: {deepest} dB");
}

/// Each path is weighed by where it comes from, in lists and on maps; the sum of the powers stays the map's.
#[test]
fn receivers_that_look_somewhere_hear_each_path_as_their_pattern_has_it() {
    let city = blocks();
    let mut scenario = scenario(&city, [0.0, 0.0], 30.0, true);
    let at = DVec2::new(3.0, 52.0);
    let plain = paths(&mut Tracer::cpu(), &city, &scenario, at).expect("paths");
    assert!(plain.paths.len() > 3);
    for pattern in [ReceiverPattern::Dipole, ReceiverPattern::AtSite] {
        scenario.receivers.pattern = pattern;
        compare_with_map(&city, &scenario);
        let heard = paths(&mut Tracer::cpu(), &city, &scenario, at).expect("paths");
        let mut matched = 0;
        for path in &heard.paths {
            let same = |p: &&Arrival| p.vertices == path.vertices && p.events == path.events;
            let before = plain.paths.iter().find(same).expect("the path without a pattern");
            let [from, site] = [1, path.vertices.len() - 1].map(|back| {
                path.vertices[path.vertices.len() - 1 - back].at - path.vertices[path.vertices.len() - 1].at
            });
            let gain = 10.0 * pattern.gain(from, site).log10();
            assert!((path.level - before.level - gain).abs() < 0.01, "{pattern:?}: {path:?} for {before:?}");
            matched += 1;
        }
        assert!(matched > 3, "{matched} paths");
    }
}

#[test]
fn the_way_over_a_roof_is_bent_at_the_edge_that_it_pays_for() {
    let city = city(vec![block(-10.0, -10.0, 20.0, 30.0)]);
    let mut scenario = scenario(&city, [-60.0, 0.0], 25.0, true);
    scenario.engines.trace.depth = 0;
    let heard = paths(&mut Tracer::cpu(), &city, &scenario, DVec2::new(60.0, 0.0)).expect("paths");
    let [over] = heard.paths.as_slice() else { panic!("{} paths", heard.paths.len()) };
    assert_eq!(over.events.iter().map(|e| (e.kind, e.material)).collect::<Vec<_>>(), [(Kind::Diffraction, None)]);
    assert!(over.rooftop_loss > 6.0, "{} dB", over.rooftop_loss);
    let [from, edge, to] = [0, 1, 2].map(|i| over.vertices[i].at);
    // Both legs graze the roof's sides, within a cell of the raster.
    for (end, side) in [(from, -10.0), (to, 10.0)] {
        let at_side = end.lerp(edge, (side - end.x) / (edge.x - end.x));
        assert!((at_side.z - 30.0).abs() < 1.0, "{at_side} beside a roof at 30 m");
    }
    assert!(edge.z >= 30.0 && over.departure.elevation > 0.0);
}

#[test]
fn points_that_nobody_can_stand_at_are_refused_in_words() {
    let city = blocks();
    let scenario = scenario(&city, [0.0, 0.0], 30.0, true);
    let mut tracer = Tracer::cpu();
    let indoors = paths(&mut tracer, &city, &scenario, DVec2::new(40.0, 40.0));
    assert_eq!(indoors, Err(EngineError::ReceiverIndoors));
    for far in [DVec2::new(500.0, 0.0), DVec2::NAN] {
        let outside = paths(&mut tracer, &city, &scenario, far).expect_err("no point of this city");
        assert!(outside.to_string().contains("outside blocks"), "{outside}");
    }
}

#[test]
fn around_corners_a_street_hears_more_and_every_corner_is_one_of_a_house() {
    let city = blocks();
    let without = scenario(&city, [-60.0, 0.0], 5.0, true);
    let mut with = without.clone();
    with.engines.trace.corners = true;
    let mut tracer = Tracer::cpu();
    let at = DVec2::new(-10.0, 55.0);
    let [more, less] = [&with, &without].map(|scenario| paths(&mut tracer, &city, scenario, at).expect("paths"));
    assert!(more.level > less.level, "{:?} {:?}", more.level, less.level);
    let bent = |heard: &Reception| {
        heard
            .paths
            .iter()
            .filter(|p| p.events.iter().any(|e| e.material.is_some() && e.kind == Kind::Diffraction))
            .count()
    };
    assert_eq!(bent(&less), 0);
    assert!(bent(&more) > 0);
    let is_corner = |p: Vec3| {
        let houses = city.buildings.iter().flat_map(|b| b.footprint.exterior().coords());
        houses.map(|c| Vec3::new(c.x as f32, c.y as f32, p.z)).any(|c| c.distance(p) < 0.05)
    };
    for path in &more.paths {
        for (event, vertex) in path.events.iter().zip(&path.vertices[1..]) {
            assert!(event.kind != Kind::Diffraction || event.material.is_none() || is_corner(vertex.at), "{vertex:?}");
        }
    }
    // The map leaves out what adds next to nothing to a cell.
    let map = block_on(tracer.predict(&city, &with, &mut Job::silent())).expect("a map");
    let mut apart = Vec::new();
    for (ix, iy) in (0..map.grid.ny).step_by(2).flat_map(|iy| (0..map.grid.nx).step_by(3).map(move |ix| (ix, iy))) {
        let heard = paths(&mut tracer, &city, &with, map.grid.centre(ix, iy)).ok().and_then(|heard| heard.level);
        apart.extend(heard.map(|level| (level - map.values[map.grid.index(ix, iy)]).abs()).filter(|d| d.is_finite()));
    }
    apart.sort_by(f32::total_cmp);
    let [median, most] = [apart[apart.len() / 2], apart[apart.len() * 99 / 100]];
    assert!(apart.len() > 100 && median < 0.02 && most < 0.5, "{} cells, {median} {most} dB", apart.len());
}

#[test]
fn each_of_a_list_hears_what_it_hears_alone() {
    let city = blocks();
    let scenario = scenario(&city, [0.0, 0.0], 30.0, true);
    let places = [(0.0, 40.0, 1.5), (5.0, 60.0, 1.5), (-60.0, -40.0, 19.5), (5.0, 60.0, 12.0), (-60.0, -40.0, 1.5)];
    let receiver = |(x, y, height)| Receiver { at: city.frame.to_lonlat(DVec2::new(x, y)), height };
    let list = places.map(receiver);
    let mut tracer = Tracer::cpu();
    let heard = block_on(tracer.paths_to(&city, &scenario, &list, &mut Job::silent())).expect("all sound numbers");
    for (receiver, heard) in list.iter().zip(&heard) {
        let mut alone = scenario.clone();
        alone.receivers.height = receiver.height;
        assert_eq!(heard, &block_on(Tracer::cpu().paths_at(&city, &alone, receiver.at, &mut Job::silent())));
    }
    assert_eq!(heard.iter().filter(|heard| heard.is_ok()).count(), 4);
    assert_eq!(heard[4], Err(EngineError::ReceiverIndoors));
}

#[test]
fn a_receiver_on_a_roof_hears_the_mast_and_its_mirror_in_the_roof() {
    let city = blocks();
    let mut scenario = scenario(&city, [0.0, 0.0], 30.0, false);
    scenario.engines.trace.depth = 1;
    let (at, roof) = (DVec2::new(-60.0, -40.0), 18.0);
    let list = [Receiver { at: city.frame.to_lonlat(at), height: roof + 1.5 }];
    let heard = block_on(Tracer::cpu().paths_to(&city, &scenario, &list, &mut Job::silent())).expect("a sound height");
    let heard = heard[0].as_ref().expect("it stands outdoors");
    let way = |fall: f64| (at.length_squared() + fall * fall).sqrt() / 0.299_792_458;
    let delay = |events: usize| {
        let of = |path: &&Arrival| path.events.len() == events;
        heard.paths.iter().filter(of).map(|path| f64::from(path.delay)).fold(f64::INFINITY, f64::min)
    };
    assert!((delay(0) - way(30.0 - roof - 1.5)).abs() < 0.01, "{heard:?}");
    assert!((delay(1) - way(30.0 - roof + 1.5)).abs() < 0.01, "{heard:?}");
}

#[test]
fn what_can_be_no_receiver_is_said_of_it_alone() {
    let city = blocks();
    let scenario = scenario(&city, [0.0, 0.0], 30.0, true);
    let street = city.frame.to_lonlat(DVec2::new(0.0, 40.0));
    let away = LonLat::new(2.35, 48.85);
    let at = |at, height| Receiver { at, height };
    let list = [
        at(street, 1.5),
        at(away, 1.5),
        at(street, f64::NAN),
        at(street, -3.0),
        at(street, 1e9),
        at(LonLat::new(f64::NAN, 48.1), 1.5),
        at(LonLat::new(f64::INFINITY, f64::NEG_INFINITY), 1.5),
    ];
    let heard = block_on(Tracer::cpu().paths_to(&city, &scenario, &list, &mut Job::silent())).expect("answers");
    assert!(heard[0].as_ref().is_ok_and(|heard| heard.level.is_some()));
    assert!(heard[1..].iter().all(Result::is_err), "{heard:?}");
    assert!(heard[2].as_ref().is_err_and(|error| error.to_string().contains("height")), "{:?}", heard[2]);
    assert_eq!(block_on(Tracer::cpu().paths_to(&city, &scenario, &[], &mut Job::silent())), Ok(Vec::new()));
    let mut job = Job::silent();
    job.cancel.cancel();
    assert_eq!(block_on(Tracer::cpu().paths_to(&city, &scenario, &list, &mut job)), Err(EngineError::Cancelled));
}

#[test]
fn each_wall_of_a_hollow_house_takes_what_a_slab_does() {
    // The mast and both receivers stand on a line that meets two walls of the house head on, at one height.
    let (house, field) = (city(vec![block(0.0, -27.5, 55.0, 20.0)]), city(Vec::new()));
    let mut scenario = scenario(&house, [-50.0, 0.0], 1.5, true);
    scenario.engines.trace.walls = Walls::Sheets;
    let frequency = scenario.sites[0].sectors[0].frequency;
    let eta = Material::Brick.permittivity(frequency).eta(frequency);
    let (_, through) = slab(eta, SHEET_THICKNESS / frequency.wavelength() as f32, 1.0);
    let loss = -10.0 * through.te.norm_squared().log10();
    let straight = |city: &City, x: f64, walls: usize| {
        let heard = paths(&mut Tracer::cpu(), city, &scenario, DVec2::new(x, 0.0)).expect("paths");
        let only = |path: &&Arrival| path.events.iter().all(|event| event.kind == Kind::Transmission);
        let found = heard.paths.iter().filter(|path| path.rooftop_loss == 0.0).filter(only);
        let found: Vec<f32> = found.filter(|path| path.events.len() == walls).map(|path| path.level).collect();
        assert_eq!(found.len(), 1, "{heard:?}");
        found[0]
    };
    for (x, walls) in [(20.0, 1), (90.0, 2)] {
        let took = straight(&field, x, 0) - straight(&house, x, walls);
        assert!((took - walls as f32 * loss).abs() < 0.01, "{took} dB through {walls} walls of {loss} dB");
    }
}

#[test]
fn hollow_houses_have_receivers_inside_and_their_map_is_what_those_hear() {
    let city = blocks();
    let mut scenario = scenario(&city, [0.0, 0.0], 30.0, true);
    scenario.receivers.indoors = Some(BuildingEntry::default());
    scenario.engines.trace.walls = Walls::Sheets;
    compare_with_map(&city, &scenario);
    scenario.engines.trace.diffraction = false;
    compare_with_map(&city, &scenario);
    let map = block_on(Tracer::cpu().predict(&city, &scenario, &mut Job::silent())).expect("a map");
    let inside = map.grid.locate(DVec2::new(-60.0, -40.0)).expect("on the map");
    assert!(map.values[map.grid.index(inside.0, inside.1)].is_finite());
}
