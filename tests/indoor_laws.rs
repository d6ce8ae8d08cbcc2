//! Laws of levels inside buildings (ITU-R P.2109), whoever predicts them.

use farfield::city::{Building, City, HeightSource};
use farfield::coverage::CoverageMap;
use farfield::empirical::{Empirical, EntryLoss};
use farfield::engine::{Engine, Job, grid_of};
use farfield::geodesy::{LocalFrame, LonLat};
use farfield::material::{Finish, Finishes, Material};
use farfield::scenario::{BuildingEntry, Construction, Receivers, Scenario, Site};
use farfield::trace::Tracer;
use farfield::trace::task::Sampling;
use geo::{LineString, Polygon, Rect, coord};
use glam::DVec2;
use pollster::block_on;

const FINE: Sampling = Sampling { rays: 1 << 14, samples: 1 };

fn square(x: f64, y: f64, side: f64) -> Polygon<f64> {
    Rect::new(coord! { x: x, y: y }, coord! { x: x + side, y: y + side }).to_polygon()
}

/// A house of 40 m with a courtyard, one of 20 m, and a hall that is more than 100 m deep, around a square.
fn city() -> City {
    let mut yard = square(-90.0, -20.0, 40.0);
    yard.interiors_push(LineString::from(vec![(-75.0, -5.0), (-75.0, 5.0), (-65.0, 5.0), (-65.0, -5.0)]));
    let house = |footprint, top| Building {
        id: 0,
        footprint,
        base: 0.0,
        top,
        height_source: HeightSource::Model,
        wall: Material::Concrete,
        roof: Material::Concrete,
    };
    City {
        name: "blocks".into(),
        attribution: String::new(),
        frame: LocalFrame::new(LonLat::new(11.5, 48.1)),
        bounds: Rect::new(coord! { x: -120.0, y: -160.0 }, coord! { x: 330.0, y: 160.0 }),
        buildings: vec![
            house(yard, 18.0),
            house(square(10.0, 20.0, 20.0), 24.0),
            house(square(60.0, -120.0, 240.0), 9.0),
        ],
        ground: Material::MediumDryGround,
        terrain: None,
        woods: Vec::new(),
    }
}

fn scenario(city: &City, indoors: Option<BuildingEntry>) -> Scenario {
    let site = Site { position: city.frame.to_lonlat(DVec2::new(-20.0, 5.0)), height: 30.0, ..Site::default() };
    Scenario { sites: vec![site], receivers: Receivers { indoors, ..Receivers::default() }, ..Scenario::default() }
}

fn maps(indoors: Option<BuildingEntry>) -> [CoverageMap; 2] {
    let (city, mut job) = (city(), Job::silent());
    let scenario = scenario(&city, indoors);
    let traced = block_on(Tracer::cpu().with_sampling(FINE).predict(&city, &scenario, &mut job)).expect("a map");
    [traced, block_on(Empirical.predict(&city, &scenario, &mut job)).expect("a map")]
}

fn entry(construction: Construction, probability: f64) -> BuildingEntry {
    BuildingEntry { construction, probability }
}

#[test]
fn cells_outdoors_are_the_same_bit_by_bit_and_cells_inside_get_a_level_within_reach_of_a_wall() {
    for (without, with) in maps(None).iter().zip(&maps(Some(entry(Construction::Traditional, 0.5)))) {
        let mut inside = 0;
        for (without, with) in without.values.iter().zip(&with.values) {
            if without.is_nan() {
                inside += usize::from(with.is_finite());
            } else {
                assert_eq!(without.to_bits(), with.to_bits());
            }
        }
        assert!(inside > 1000, "{inside}");
        let at = |x, y| with.at(DVec2::new(x, y));
        assert!(at(20.0, 30.0).is_some() && at(-82.0, 0.0).is_some() && at(80.0, 0.0).is_some());
        assert_eq!(at(180.0, 0.0), None, "120 m from every wall of the hall");
    }
}

#[test]
fn a_cell_inside_has_what_comes_in_through_the_best_wall_around_it() {
    let (city, entry) = (city(), BuildingEntry::default());
    let scenario = scenario(&city, Some(entry));
    let mast = city.frame.to_local(scenario.sites[0].position).extend(30.0);
    let loss = EntryLoss::new(entry, scenario.sites[0].sectors[0].frequency);
    for map in maps(Some(entry)) {
        // The house of 20 m stands on the lattice of cells: 10 … 30 m east, 20 … 40 m north.
        let (row, column) = (27.5, 17.5);
        let walls = [
            (7.5, row),
            (32.5, row),
            (column, 17.5),
            (column, 42.5),
            (7.5, 17.5),
            (7.5, 37.5),
            (32.5, 42.5),
            (27.5, 17.5),
        ];
        let through = walls.map(|(x, y)| {
            let wall = DVec2::new(x, y);
            let up = mast - wall.extend(1.5);
            let elevation = up.z.atan2(up.truncate().length()).to_degrees();
            map.at(wall).map_or(f64::NEG_INFINITY, |level| f64::from(level) - loss.at(elevation))
        });
        let best = through.into_iter().fold(f64::NEG_INFINITY, f64::max);
        let found = f64::from(map.at(DVec2::new(column, row)).expect("a level"));
        assert!((found - best).abs() < 1e-3, "{found} {through:?}");
    }
}

#[test]
fn insulation_and_certainty_cost_what_the_recommendation_says_at_each_cell() {
    let traditional = maps(Some(entry(Construction::Traditional, 0.5)));
    for other in [entry(Construction::ThermallyEfficient, 0.5), entry(Construction::Traditional, 0.9)] {
        for (least, more) in traditional.iter().zip(&maps(Some(other))) {
            let pairs =
                least.values.iter().zip(&more.values).filter(|(a, b)| a.to_bits() != b.to_bits() && !a.is_nan());
            let losses: Vec<f32> = pairs.map(|(a, b)| a - b).collect();
            assert!(losses.len() > 1000 && losses.iter().all(|l| (5.0..25.0).contains(l)), "{}", losses.len());
        }
    }
}

#[test]
fn rows_predicted_apart_are_the_rows_predicted_together_inside_as_well() {
    let city = city();
    let mut scenario = scenario(&city, Some(BuildingEntry::default()));
    for materials in [Finishes::default(), Finishes::all(Finish { scattering: 0.3, ..Finish::default() })] {
        scenario.materials = materials;
        let predict = |rows| {
            let mut tracer = Tracer::cpu().with_sampling(FINE);
            block_on(tracer.predict_rows(&city, &scenario, rows, &mut Job::silent())).expect("rows")
        };
        let grid = grid_of(&city, &scenario).expect("a grid");
        let whole = predict(0..grid.ny);
        for rows in [0..7, 7..8, 8..31, 31..grid.ny] {
            let cells = grid.index(0, rows.start)..grid.index(0, rows.end);
            let part = predict(rows);
            for (i, (part, whole)) in part.values.iter().zip(&whole.values).enumerate() {
                let expected = if cells.contains(&i) { *whole } else { f32::NAN };
                assert_eq!(part.to_bits(), expected.to_bits(), "cell {i}");
            }
        }
    }
}
