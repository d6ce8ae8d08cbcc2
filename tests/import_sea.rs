//! The sea of real extracts: known places in it are wet, and those on land are dry.

mod common;

use common::shared;
use farfield::city::build::draft::{Feature, Layer, Shape, hash};
use farfield::city::build::report::Repair;
use farfield::city::build::{Identity, Imported, finish, osm};
use farfield::geodesy::{Area, LonLat};
use geo::{Centroid, Contains, MultiPolygon, Point};
use glam::DVec2;

fn import(test: &str, file: &str, area: Option<Area>) -> Option<Imported> {
    let path = shared(test, &format!("data/osm/{file}.osm.pbf"))?;
    let extract = std::fs::File::open(&path).expect("the extract");
    let draft = osm::read(extract, file, area.as_ref(), &mut |_| ()).expect("a draft");
    Some(finish(draft, Identity::default(), area).expect("a city"))
}

/// The sea made of coastlines; other water is not asked for.
fn sea(imported: &Imported) -> Option<&MultiPolygon<f64>> {
    let is_sea = |f: &&Feature| f.kind.layer == Layer::Water && f.id == hash(b"sea".iter().copied());
    imported.map.iter().find(is_sea).and_then(|f| if let Shape::Area(area) = &f.shape { Some(area) } else { None })
}

/// Names on the map and where they are.
fn names(imported: &Imported) -> Vec<(&str, Point)> {
    let places = imported.map.iter().filter(|f| f.kind.layer == Layer::Places);
    let point = |f: &Feature| if let Shape::Point(at) = f.shape { Some(Point::from(at)) } else { None };
    places.filter_map(|f| Some((f.kind.name.as_deref()?, point(f)?))).collect()
}

/// Holds the sea against places and names; so many buildings stand in it, on piers and jetties or as house boats.
fn check(imported: &Imported, wet: &[(&str, f64, f64)], dry: &[(&str, f64, f64)], afloat: usize) {
    let water = sea(imported).expect("a sea");
    for (name, lat, lon) in wet {
        assert!(water.contains(&Point::new(*lon, *lat)), "{name} is dry");
    }
    for (name, lat, lon) in dry {
        assert!(!water.contains(&Point::new(*lon, *lat)), "{name} is wet");
    }
    for (name, at) in names(imported) {
        assert_eq!(water.contains(&at), wet.iter().any(|w| w.0 == name), "{name}");
    }
    let city = &imported.city;
    let centre = |b: &farfield::city::Building| {
        let c = b.footprint.centroid().expect("an area");
        city.frame.to_lonlat(DVec2::new(c.x(), c.y()))
    };
    let drowned = city.buildings.iter().map(centre).filter(|p| water.contains(&Point::new(p.lon, p.lat))).count();
    eprintln!("{} names, {drowned} of {} buildings stand in the sea", names(imported).len(), city.buildings.len());
    assert_eq!(drowned, afloat, "buildings in the sea");
    let log = &imported.report.log;
    assert_eq!(log.repairs.of(Repair::BrokenCoast) + log.repairs.of(Repair::DrownedTown), 0);
}

#[test]
fn helsinki_has_its_bay_and_stays_dry() {
    let Some(imported) = import("helsinki_has_its_bay_and_stays_dry", "Helsinki", None) else { return };
    let wet = [("Kaisaniemenlahti", 60.1774, 24.9525)];
    let dry = [
        ("the cathedral", 60.1704, 24.9522),
        ("the railway station", 60.1719, 24.9414),
        ("the botanical garden", 60.1745, 24.9460),
    ];
    check(&imported, &wet, &dry, 3);
}

#[test]
fn san_francisco_has_its_bay_and_stays_dry() {
    let Some(imported) = import("san_francisco_has_its_bay_and_stays_dry", "sf-downtown", None) else { return };
    let wet = [
        ("the bay below the bridge", 37.7900, -122.3830),
        ("off Pier 14", 37.7960, -122.3860),
        ("McCovey Cove", 37.7775, -122.3885),
        ("Mission Creek", 37.7738, -122.3935),
    ];
    let dry = [
        ("Salesforce Tower", 37.7897, -122.3966),
        ("Union Square", 37.7880, -122.4075),
        ("City Hall", 37.7793, -122.4193),
        ("Rincon Hill", 37.7858, -122.3920),
        ("South Park", 37.7816, -122.3939),
    ];
    check(&imported, &wet, &dry, 43);
}

#[test]
fn monaco_has_its_sea_and_stays_dry() {
    let Some(imported) = import("monaco_has_its_sea_and_stays_dry", "monaco-latest", None) else { return };
    let wet = [("Port Hercule", 43.7352, 7.4250), ("off Larvotto", 43.7430, 7.4400)];
    let dry = [("the palace", 43.7314, 7.4203), ("the casino", 43.7392, 7.4283), ("the cathedral", 43.7304, 7.4226)];
    check(&imported, &wet, &dry, 1);
}

#[test]
fn a_part_of_an_extract_has_its_part_of_the_sea() {
    let test = "a_part_of_an_extract_has_its_part_of_the_sea";
    let area = |lat, lon| Area::around(LonLat::new(lon, lat), 400.0);
    // Around the Ferry Building half is water; around Union Square none.
    let Some(shore) = import(test, "sf-downtown", area(37.7955, -122.3937)) else { return };
    check(&shore, &[("the bay", 37.7960, -122.3900)], &[("Embarcadero Plaza", 37.7949, -122.3955)], 18);
    let inland = import(test, "sf-downtown", area(37.7880, -122.4075)).expect("the same file");
    assert!(sea(&inland).is_none());
    let Some(mountains) = import(test, "liechtenstein-latest", None) else { return };
    assert!(sea(&mountains).is_none());
}
