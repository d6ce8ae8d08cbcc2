//! San Francisco as it ships: on its own hills, and those where an independent elevation model has them.

mod common;

use farfield::city::archive::FileReader;
use farfield::city::build::elevation::Elevation;
use farfield::city::{City, Terrain};
use farfield::geodesy::LonLat;
use glam::DVec2;
use std::path::Path;

fn city() -> City {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/cities/san-francisco.pmtiles");
    let reader = FileReader::open(&path).expect("the shipped city");
    pollster::block_on(City::open(&reader, "san-francisco")).expect("a city")
}

fn ground(city: &City) -> &Terrain {
    city.terrain.as_deref().expect("terrain")
}

#[test]
fn it_stands_on_its_hills() {
    let city = city();
    let terrain = ground(&city);
    assert!((city.frame.to_local(LonLat::new(-122.41281, 37.80172))).length() < 1e-6);
    // Coit Tower stands on Telegraph Hill, 84 m above the sea by the maps of the city.
    let hill = city.ground_at(city.frame.to_local(LonLat::new(-122.4058, 37.8024)));
    assert!((f64::from(hill) + terrain.datum() - 84.0).abs() < 6.0, "{hill}");
    assert!(terrain.flattened() < 2.0, "{}", terrain.flattened());
    for building in &city.buildings {
        assert!(
            (building.base - terrain.under(&building.footprint)).abs() < 1e-3,
            "on its lowest corner: {building:?}"
        );
        assert!(building.top > building.base, "{building:?}");
    }
}

/// Median and 90th percentile of the difference to the model in metres, one offset fitted, with the city `shift` metres off;
/// and how many points of a lattice of 10 m were compared.
fn difference(city: &City, model: &Elevation, shift: DVec2) -> (f64, f64, usize) {
    let (min, max) = (city.bounds.min(), city.bounds.max());
    let steps = |from: f64, to: f64| (0..).map(move |i| from + 10.0 * f64::from(i)).take_while(move |v| *v < to);
    let points = steps(min.y, max.y).flat_map(|y| steps(min.x, max.x).map(move |x| DVec2::new(x, y)));
    let mut found: Vec<f64> = points
        .filter_map(|p| Some(f64::from(city.ground_at(p)) - model.at(city.frame.to_lonlat(p + shift))?))
        .collect();
    let percentile = |values: &mut Vec<f64>, q: f64| {
        values.sort_by(f64::total_cmp);
        values[((values.len() - 1) as f64 * q) as usize]
    };
    let offset = percentile(&mut found, 0.5);
    let mut apart: Vec<f64> = found.iter().map(|d| (d - offset).abs()).collect();
    (percentile(&mut apart, 0.5), percentile(&mut apart, 0.9), apart.len())
}

#[test]
fn its_ground_and_its_place_are_those_of_an_independent_model() {
    let name = "its_ground_and_its_place_are_those_of_an_independent_model";
    let Some(path) = common::shared(name, "data/terrain/rio-rgbify_elev_SF.tif") else { return };
    let model = Elevation::read(std::fs::File::open(path).expect("a file"), None).expect("a model");
    let city = city();
    let (median, p90, points) = difference(&city, &model, DVec2::ZERO);
    eprintln!("{points} points: median {median:.2} m, 90th percentile {p90:.2} m");
    assert!(points > 3000 && median < 0.7 && p90 < 2.5, "{median} {p90} at {points} points");
    for shift in [DVec2::X, DVec2::NEG_X, DVec2::Y, DVec2::NEG_Y] {
        let off = difference(&city, &model, shift * 30.0).0;
        assert!(off > 1.3 * median, "30 m off the ground fits worse: {off} and {median}");
    }
}
