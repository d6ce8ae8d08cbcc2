//! Delay spread and angles of arrival: closed forms, symmetries, and the lists of the paths that they are of.

use farfield::antenna::{Pattern, Polarisation};
use farfield::city::{Building, City, HeightSource};
use farfield::coverage::{CoverageMap, Gap, Quantity};
use farfield::engine::{EngineError, Job};
use farfield::geodesy::{LocalFrame, LonLat};
use farfield::material::{Finish, Material, half_space};
use farfield::scenario::{BuildingEntry, Scenario, Sector, Site};
use farfield::trace::Tracer;
use farfield::trace::task::Sampling;
use farfield::units::SPEED_OF_LIGHT;
use geo::{Rect, coord};
use glam::DVec2;
use pollster::block_on;

/// Half of the city's side, metres: an odd number of cells, so that one's centre is in the middle.
const HALF: f64 = 77.5;

fn block([x, y]: [f64; 2], [w, d]: [f64; 2], top: f32) -> Building {
    let footprint = Rect::new(coord! { x: x, y: y }, coord! { x: x + w, y: y + d }).to_polygon();
    let (wall, roof) = (Material::Brick, Material::Metal);
    Building { id: 0, footprint, base: 0.0, top, height_source: HeightSource::Model, wall, roof }
}

fn city(buildings: Vec<Building>) -> City {
    City {
        name: "blocks".into(),
        attribution: String::new(),
        frame: LocalFrame::new(LonLat::new(11.5, 48.1)),
        bounds: Rect::new(coord! { x: -HALF, y: -HALF }, coord! { x: HALF, y: HALF }),
        buildings,
        ground: Material::MediumDryGround,
        terrain: None,
        woods: Vec::new(),
    }
}

fn scenario(city: &City, [x, y]: [f64; 2], height: f64) -> Scenario {
    let position = city.frame.to_lonlat(DVec2::new(x, y));
    // Upright: the field of an antenna that is tilted is turned to its sides.
    let sectors = vec![Sector { pattern: Pattern::Isotropic, downtilt: 0.0, ..Sector::default() }];
    Scenario { sites: vec![Site { position, height, sectors }], ..Scenario::default() }
}

/// The maps of how paths arrive, by quantity.
struct Maps(Vec<CoverageMap>);

impl Maps {
    fn of(tracer: &mut Tracer, city: &City, scenario: &Scenario) -> Self {
        Self(block_on(tracer.predict_arrival(city, scenario, 0..u32::MAX, &mut Job::silent())).expect("maps"))
    }

    fn map(&self, quantity: Quantity) -> &CoverageMap {
        self.0.iter().find(|map| map.quantity == quantity).expect("a map of it")
    }

    /// Of [`Quantity::ARRIVAL`] in a cell.
    fn at(&self, cell: usize) -> Option<[f64; 4]> {
        let values = Quantity::ARRIVAL.map(|q| f64::from(self.map(q).values[cell]));
        let none = values.map(f64::is_nan);
        assert!(none == [none[0]; 4], "{values:?}");
        (!none[0]).then_some(values)
    }
}

fn cells(map: &CoverageMap) -> impl Iterator<Item = (usize, DVec2)> + use<> {
    let grid = map.grid;
    (0..grid.ny).flat_map(move |iy| (0..grid.nx).map(move |ix| (grid.index(ix, iy), grid.centre(ix, iy))))
}

/// The shorter way from one direction to another, degrees.
fn turn(from: f64, to: f64) -> f64 {
    ((to - from + 180.0).rem_euclid(360.0) - 180.0).abs()
}

#[test]
fn two_rays_over_ground_spread_by_their_distance_and_their_shares() {
    let city = city(Vec::new());
    let scenario = scenario(&city, [2.0, 1.0], 20.0);
    let maps = Maps::of(&mut Tracer::cpu(), &city, &scenario);
    let frequency = scenario.sites[0].sectors[0].frequency;
    let eta = city.ground.permittivity(frequency).eta(frequency);
    for (cell, at) in cells(&maps.0[0]) {
        let off = DVec2::new(2.0, 1.0) - at;
        let (direct, ground) = (off.length().hypot(18.5), off.length().hypot(21.5));
        // A vertical field lies in the plane of incidence, and spreads as the square of the way.
        let mirror = f64::from(half_space(eta, (21.5 / ground) as f32).tm.norm_squared());
        let share = mirror / ground.powi(2) / (mirror / ground.powi(2) + 1.0 / direct.powi(2));
        let delay = (ground - direct) / SPEED_OF_LIGHT * 1e9 * (share * (1.0 - share)).sqrt();
        let fall = |rise: f64| rise.atan2(off.length());
        let up = (1.0 - share) * fall(18.5).sin() - share * fall(21.5).sin();
        let level = (1.0 - share) * fall(18.5).cos() + share * fall(21.5).cos();
        let [delay_spread, azimuth, azimuth_spread, elevation] = maps.at(cell).expect("two rays");
        assert!((delay_spread - delay).abs() < 2e-3 + 1e-3 * delay, "{at}: {delay_spread} for {delay} ns");
        assert!(turn(azimuth, off.x.atan2(off.y).to_degrees()) < 0.01, "{at}: {azimuth}°");
        assert!(azimuth_spread < 0.02, "{at}: {azimuth_spread}°");
        let mean = up.atan2(level).to_degrees();
        assert!((elevation - mean).abs() < 0.02, "{at}: {elevation}° for {mean}°");
    }
}

#[test]
fn one_path_has_no_spread_and_comes_from_the_mast() {
    let city = city(vec![block([10.0, 10.0], [20.0, 20.0], 30.0)]);
    let mut scenario = scenario(&city, [0.0, 0.0], 20.0);
    scenario.engines.trace.depth = 0;
    scenario.engines.trace.diffraction = false;
    let maps = Maps::of(&mut Tracer::cpu(), &city, &scenario);
    let (mut lit, mut dark) = (0, 0);
    for (cell, at) in cells(&maps.0[0]) {
        let rsrp = maps.0[0].values[cell];
        let Some([delay_spread, azimuth, azimuth_spread, elevation]) = maps.at(cell) else {
            assert!(rsrp.is_nan());
            assert!(Quantity::ARRIVAL.iter().all(|q| maps.map(*q).gap(cell) == maps.0[0].gap(cell)));
            dark += usize::from(maps.0[0].gap(cell) == Some(Gap::NoPath));
            continue;
        };
        lit += 1;
        assert_eq!((delay_spread, azimuth_spread), (0.0, 0.0), "{at}");
        if at.length() > 1.0 {
            assert!(turn(azimuth, (-at.x).atan2(-at.y).to_degrees()) < 0.01, "{at}: {azimuth}°");
        }
        assert!((elevation - 18.5f64.atan2(at.length()).to_degrees()).abs() < 0.01, "{at}: {elevation}°");
    }
    assert!(lit > 500 && dark > 20, "{lit} lit, {dark} in the shadow");
}

#[test]
fn between_equal_walls_waves_come_along_the_street() {
    let walls = vec![block([-37.5, -70.0], [30.0, 140.0], 40.0), block([7.5, -70.0], [30.0, 140.0], 40.0)];
    let city = city(walls);
    let maps = Maps::of(&mut Tracer::cpu(), &city, &scenario(&city, [0.0, -60.0], 10.0));
    let mut widths = Vec::new();
    for (cell, at) in cells(&maps.0[0]).filter(|(_, at)| at.x.abs() < 0.1 && at.y > -40.0 && at.y < 65.0) {
        let [delay_spread, azimuth, azimuth_spread, _] = maps.at(cell).expect("a street");
        assert!(turn(azimuth, 180.0) < 0.05, "{at}: {azimuth}°");
        assert!(delay_spread > 0.3 && azimuth_spread > 1.0, "{at}: {delay_spread} ns, {azimuth_spread}°");
        widths.push(azimuth_spread);
    }
    assert!(widths.len() > 15 && widths.is_sorted_by(|a, b| a > b), "narrower the farther: {widths:?}");
}

#[test]
fn in_a_city_turned_by_a_quarter_waves_come_from_a_quarter_farther() {
    let blocks =
        [([-60.0, 15.0], [30.0, 25.0], 18.0), ([12.0, -55.0], [22.0, 40.0], 25.0), ([15.0, 20.0], [40.0, 12.0], 9.0)];
    let straight = city(blocks.iter().map(|(at, size, top)| block(*at, *size, *top)).collect());
    // East to south: (x, y) to (y, −x).
    let turned = city(blocks.iter().map(|([x, y], [w, d], top)| block([*y, -x - w], [*d, *w], *top)).collect());
    let sampling = Sampling { rays: 1 << 16, samples: 1 };
    let maps = [(&straight, [-3.0, 4.0]), (&turned, [4.0, 3.0])].map(|(city, at)| {
        let mut scenario = scenario(city, at, 12.0);
        // The raster of the rooftops is not turned with them.
        scenario.engines.trace.diffraction = false;
        Maps::of(&mut Tracer::cpu().with_sampling(sampling), city, &scenario)
    });
    let grid = maps[0].0[0].grid;
    let (mut compared, mut differ) = (0, 0);
    for (cell, at) in cells(&maps[0].0[0]) {
        let (ix, iy) = grid.locate(DVec2::new(at.y, -at.x)).expect("a cell");
        let (Some(here), Some(there)) = (maps[0].at(cell), maps[1].at(grid.index(ix, iy))) else { continue };
        compared += 1;
        let same = (here[0] - there[0]).abs() < 0.05
            && (turn(here[1] + 90.0, there[1]) < 0.05)
            && (here[2] - there[2]).abs() < 0.05
            && (here[3] - there[3]).abs() < 0.05;
        differ += usize::from(!same);
    }
    // At the edge of light a cell may have a path more.
    assert!(compared > 500 && differ * 50 < compared, "{differ} of {compared}");
}

/// Every few cells of the maps against the list of the paths to its middle.
fn compare_with_lists(city: &City, scenario: &Scenario) {
    let mut tracer = Tracer::cpu();
    let maps = Maps::of(&mut tracer, city, scenario);
    let mut compared = 0;
    for (cell, at) in cells(&maps.0[0]).step_by(7) {
        let point = city.frame.to_lonlat(at);
        let heard = match block_on(tracer.paths_at(city, scenario, point, &mut Job::silent())) {
            Err(EngineError::ReceiverIndoors) => {
                assert!(maps.at(cell).is_none() && maps.map(Quantity::DelaySpread).gap(cell) == Some(Gap::Indoors));
                continue;
            }
            heard => heard.expect("paths"),
        };
        let Some([delay_spread, azimuth, azimuth_spread, elevation]) = maps.at(cell) else {
            assert!(heard.paths.is_empty());
            continue;
        };
        let power = |level: f32| 10f64.powf(0.1 * f64::from(level));
        let sum: f64 = heard.paths.iter().map(|p| power(p.level)).sum();
        let listed = heard.delay_spread().expect("a spread");
        assert!((delay_spread - listed).abs() < 2e-3 + 1e-3 * listed, "{at}: {delay_spread} for {listed} ns");
        let mean = |angle: &dyn Fn(f64, f64) -> f64| {
            let each = heard.paths.iter().map(|p| {
                power(p.level)
                    * angle(f64::from(p.arrival.azimuth).to_radians(), f64::from(p.arrival.elevation).to_radians())
            });
            each.sum::<f64>() / sum
        };
        let (north, east) = (mean(&|a, _| a.cos()), mean(&|a, _| a.sin()));
        let length = north.hypot(east);
        assert!(turn(azimuth, east.atan2(north).to_degrees()) * length < 0.02, "{at}: {azimuth}°");
        let wide = (-2.0 * length.min(1.0).ln()).sqrt().to_degrees().min(180.0);
        assert!((azimuth_spread - wide).abs() < 0.05 + 1e-3 * wide, "{at}: {azimuth_spread}° for {wide}°");
        let up = mean(&|_, e| e.sin()).atan2(mean(&|_, e| e.cos())).to_degrees();
        assert!((elevation - up).abs() < 0.02, "{at}: {elevation}° for {up}°");
        compared += 1;
    }
    assert!(compared > 50, "{compared} cells compared");
}

/// Two streets that cross.
fn blocks() -> City {
    let corners = [([-70.0, -65.0], 18.0), ([-70.0, 12.0], 22.0), ([15.0, -65.0], 25.0), ([15.0, 12.0], 15.0)];
    city(corners.iter().map(|(at, top)| block(*at, [52.0, 50.0], *top)).collect())
}

#[test]
fn they_are_those_of_the_listed_paths() {
    let city = blocks();
    compare_with_lists(&city, &scenario(&city, [0.0, 0.0], 30.0));
    let mut low = scenario(&city, [0.0, 0.0], 8.0);
    low.engines.trace.diffraction = false;
    low.receivers.polarisation = Some(Polarisation::SlantRight);
    compare_with_lists(&city, &low);
}

#[test]
fn they_are_of_the_strongest_of_all_sectors_and_sites() {
    let city = blocks();
    let mut scenario = scenario(&city, [0.0, 0.0], 30.0);
    let sector = |azimuth| Sector { azimuth, ..Sector::default() };
    scenario.sites[0].sectors = vec![sector(0.0), sector(120.0), sector(240.0)];
    scenario.sites.push(Site { position: city.frame.to_lonlat(DVec2::new(-5.0, 65.0)), ..scenario.sites[0].clone() });
    compare_with_lists(&city, &scenario);
}

#[test]
fn the_signal_beside_them_is_that_of_the_plain_map() {
    let city = blocks();
    let mut scenario = scenario(&city, [0.0, 0.0], 8.0);
    scenario.receivers.indoors = Some(BuildingEntry::default());
    scenario.materials.set(Material::Brick, Finish { scattering: 0.4, ..Finish::default() });
    for samples in [1, 13] {
        let mut tracer = Tracer::cpu().with_sampling(Sampling { rays: 1 << 14, samples });
        let plain = block_on(tracer.predict_rows(&city, &scenario, 0..u32::MAX, &mut Job::silent())).expect("a map");
        let maps = Maps::of(&mut tracer, &city, &scenario);
        let bits = |map: &CoverageMap| map.values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&plain), bits(&maps.0[0]));
        assert_eq!(maps.0.len(), 1 + Quantity::ARRIVAL.len());
        // Inside, levels come from the walls around, and nothing is said of how.
        let inside = (0..plain.values.len()).filter(|c| maps.map(Quantity::DelaySpread).gap(*c) == Some(Gap::Indoors));
        assert!(inside.filter(|c| !plain.values[*c].is_nan()).count() > 100);
    }
}

#[test]
fn rows_apart_are_rows_together() {
    let city = blocks();
    let scenario = scenario(&city, [0.0, 0.0], 30.0);
    let whole = Maps::of(&mut Tracer::cpu(), &city, &scenario);
    let rows =
        |rows| block_on(Tracer::cpu().predict_arrival(&city, &scenario, rows, &mut Job::silent())).expect("rows");
    let mut joined = rows(0..11);
    for (whole, part) in joined.iter_mut().zip(rows(11..u32::MAX)) {
        whole.take_rows(11..part.grid.ny, &part);
    }
    for (a, b) in joined.iter().zip(&whole.0) {
        let bits = |map: &CoverageMap| map.values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(a), bits(b), "{:?}", a.quantity);
        assert!((0..a.values.len()).all(|cell| a.gap(cell) == b.gap(cell)));
    }
}
