//! Receivers at the points of a list hear what the map and the card of a single point tell.

use farfield::city::{Building, City, HeightSource};
use farfield::coverage::Quantity;
use farfield::engine::{EngineError, Job};
use farfield::geodesy::{LocalFrame, LonLat};
use farfield::material::{Finish, Material};
use farfield::scenario::{Scenario, Sector, Site};
use farfield::trace::listen::Receiver;
use farfield::trace::{Reception, Tracer};
use geo::{Rect, coord};
use glam::DVec2;
use pollster::block_on;
use proptest::prelude::*;

fn block(x: f64, y: f64, side: f64, top: f32) -> Building {
    let footprint = Rect::new(coord! { x: x, y: y }, coord! { x: x + side, y: y + side }).to_polygon();
    let (wall, roof) = (Material::Brick, Material::Metal);
    Building { id: 0, footprint, base: 0.0, top, height_source: HeightSource::Model, wall, roof }
}

/// Two streets that cross.
fn blocks() -> City {
    let corners = [(-90.0, -70.0), (-90.0, 15.0), (15.0, -70.0), (15.0, 15.0)];
    City {
        name: "blocks".into(),
        attribution: String::new(),
        frame: LocalFrame::new(LonLat::new(11.5, 48.1)),
        bounds: Rect::new(coord! { x: -100.0, y: -80.0 }, coord! { x: 100.0, y: 80.0 }),
        buildings: corners.iter().zip([18.0, 22.0, 25.0, 15.0]).map(|((x, y), top)| block(*x, *y, 55.0, top)).collect(),
        ground: Material::MediumDryGround,
        terrain: None,
        woods: Vec::new(),
    }
}

/// Two masts, one with two sectors.
fn scenario(city: &City) -> Scenario {
    let at = |x, y| city.frame.to_lonlat(DVec2::new(x, y));
    let sector = |azimuth| Sector { azimuth, ..Sector::default() };
    let corner = Site { position: at(0.0, 0.0), height: 30.0, sectors: vec![sector(20.0), sector(200.0)] };
    let street = Site { position: at(-95.0, 0.0), height: 8.0, sectors: vec![sector(90.0)] };
    Scenario { sites: vec![corner, street], ..Scenario::default() }
}

fn listen(city: &City, scenario: &Scenario, points: &[Receiver]) -> Vec<Result<Reception, EngineError>> {
    block_on(Tracer::cpu().paths_to(city, scenario, points, &mut Job::silent())).expect("answers")
}

#[test]
fn in_the_middle_of_a_cell_a_point_hears_what_the_maps_tell() {
    let city = blocks();
    let mut scenario = scenario(&city);
    scenario.receivers.height = 2.0;
    scenario.materials.set(Material::Brick, Finish { scattering: 0.2, ..Finish::default() });
    let maps =
        block_on(Tracer::cpu().predict_arrival(&city, &scenario, 0..u32::MAX, &mut Job::silent())).expect("maps");
    let grid = maps[0].grid;
    let cells: Vec<(u32, u32)> =
        (0..grid.ny).flat_map(|iy| (iy % 3..grid.nx).step_by(3).map(move |ix| (ix, iy))).collect();
    let points: Vec<Receiver> = cells
        .iter()
        .map(|(ix, iy)| Receiver { at: city.frame.to_lonlat(grid.centre(*ix, *iy)), height: 2.0 })
        .collect();
    let heard = listen(&city, &scenario, &points);
    let (mut outdoors, mut servers) = (0, Vec::new());
    for ((ix, iy), heard) in cells.iter().zip(&heard) {
        let told = |quantity| maps.iter().find(|m| m.quantity == quantity).expect("a map").values[grid.index(*ix, *iy)];
        let level = told(Quantity::Rsrp);
        let Ok(heard) = heard else {
            assert!(level.is_nan() && *heard == Err(EngineError::ReceiverIndoors), "{heard:?} for {level} dBm");
            continue;
        };
        let ours = heard.level.unwrap_or(f32::NAN);
        assert!((ours - level).abs() < 2e-3 || (ours.is_nan() && level.is_nan()), "{ours} for {level} dBm");
        if let (Some(direction), Some(spread)) = (heard.direction(), heard.delay_spread()) {
            let near = |a: f32, b: f32, most: f32| assert!((a - b).abs() < most, "{a} for {b} at {ix}, {iy}");
            near(spread as f32, told(Quantity::DelaySpread), 0.05);
            near((direction.azimuth - told(Quantity::AzimuthOfArrival) + 180.0).rem_euclid(360.0), 180.0, 0.05);
            near(direction.elevation, told(Quantity::ElevationOfArrival), 0.05);
            outdoors += 1;
            servers.push(heard.server);
        }
    }
    servers.sort_unstable();
    servers.dedup();
    assert!(outdoors > 100 && servers.len() == 3, "{outdoors} points served by {servers:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_point_has_a_finite_level_or_a_reason(
        x in prop_oneof![-120.0..120.0, Just(f64::NAN), Just(f64::INFINITY), Just(-90.0), Just(15.0)],
        y in prop_oneof![-100.0..100.0, Just(-70.0), Just(15.0), Just(1e300)],
        height in prop_oneof![-5.0..400.0, Just(f64::NAN), Just(0.0), Just(1.5)],
        degrees in prop::bool::ANY,
    ) {
        let city = blocks();
        let mut scenario = scenario(&city);
        scenario.engines.trace.depth = 1;
        let at = if degrees { LonLat::new(x, y) } else { city.frame.to_lonlat(DVec2::new(x, y)) };
        let heard = listen(&city, &scenario, &[Receiver { at, height }]).pop().expect("an answer");
        match heard {
            Ok(heard) => {
                prop_assert!(heard.level.is_none_or(f32::is_finite));
                prop_assert!(heard.paths.iter().all(|p| p.level.is_finite() && p.vertices.iter().all(|v| v.at.is_finite())));
            }
            Err(error) => prop_assert!(!error.to_string().is_empty() && error != EngineError::Cancelled),
        }
    }
}
