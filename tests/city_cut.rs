//! Buildings that other tools cut at tile edges come out once and whole: the same buildings before they were cut and after
//! they were put together again.

#[path = "common/outlines.rs"]
mod outlines;
#[path = "common/tiles.rs"]
mod tiles;

use farfield::city::City;
use farfield::city::archive::Bytes;
use farfield::geodesy::{LocalFrame, LonLat};
use geo::{
    Area, BoundingRect, Centroid, Coord, Distance, Euclidean, Line, LineString, MapCoords, Polygon, Rotate, coord,
    polygon,
};
use glam::DVec2;
use outlines::{difference, walls};
use std::path::Path;
use tiles::{Cutting, Feature, archive, rounded};

/// The largest difference in area and in length of walls.
const SAME: f64 = 0.005;

const ORIGIN: LonLat = LonLat::new(11.57552, 48.13802);
/// What the archives here cover.
const CORNERS: (LonLat, LonLat) = (LonLat::new(11.54, 48.11), LonLat::new(11.62, 48.16));

/// What tiles show beyond their edges, in 4096 units to a side: the customary margin, and the wide one of some tools.
const MARGINS: [f64; 2] = [64.0, 256.0];

/// Local metres to the unit square of the map.
fn to_map(outline: &Polygon<f64>) -> Polygon<f64> {
    let frame = LocalFrame::new(ORIGIN);
    outline.map_coords(|c| frame.to_lonlat(DVec2::new(c.x, c.y)).to_mercator().to_array().into())
}

/// The unit square of the map to local metres.
fn to_local(outline: &Polygon<f64>) -> Polygon<f64> {
    let frame = LocalFrame::new(ORIGIN);
    outline.map_coords(|c| frame.to_local(LonLat::from_mercator(DVec2::new(c.x, c.y))).to_array().into())
}

/// The buildings of the shipped city, local metres; moved a little, because its archive has them on a grid on which every
/// other corner would lie half-way between two units here, and be rounded either way.
fn munich() -> Vec<Polygon<f64>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/cities/munich.pmtiles");
    let bytes = Bytes::from(std::fs::read(path).expect("the shipped city"));
    let city = pollster::block_on(City::open(&bytes, "munich")).expect("a city");
    city.buildings.iter().map(|b| b.footprint.map_coords(|c| c + coord! { x: 0.0373, y: 0.0219 })).collect()
}

/// Buildings turned every way and set apart, local metres: boxes, brackets, and blocks around courtyards, 14 to 60 m; and
/// walls and blocks that reach over several tiles.
fn drawn() -> Vec<Polygon<f64>> {
    let bracket = polygon![
        (x: 0.0, y: 0.0), (x: 30.0, y: 0.0), (x: 30.0, y: 8.0), (x: 9.0, y: 8.0),
        (x: 9.0, y: 22.0), (x: 30.0, y: 22.0), (x: 30.0, y: 31.0), (x: 0.0, y: 31.0),
    ];
    let ring = |w: f64, h: f64, wall: f64| {
        let rect = |x0, y0, x1, y1| LineString::from(vec![(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]);
        Polygon::new(rect(0.0, 0.0, w, h), vec![rect(wall, wall, w - wall, h - wall)])
    };
    let block = |w: f64, h: f64| Polygon::new(ring(w, h, 1.0).exterior().clone(), Vec::new());
    let mut all = Vec::new();
    for row in 0..24 {
        for column in 0..24 {
            let shape = match (row * 5 + column * 3) % 4 {
                0 => block(14.0 + f64::from(column), 18.0),
                1 => bracket.clone(),
                2 => ring(52.0, 44.0, 12.0),
                _ => block(16.0, 16.0 + f64::from(row)),
            };
            let at = coord! { x: -900.0 + 75.0 * f64::from(column), y: -900.0 + 75.0 * f64::from(row) };
            let turned = shape.rotate_around_centroid(f64::from((row * 37 + column * 53) % 90));
            all.push(turned.map_coords(|c| c + at));
        }
    }
    let put = |shape: Polygon<f64>, degrees: f64, x: f64, y: f64| {
        shape.rotate_around_centroid(degrees).map_coords(|c| c + coord! { x: x, y: y })
    };
    all.push(put(block(2600.0, 14.0), 3.0, -1300.0, 1050.0));
    all.push(put(ring(900.0, 500.0, 15.0), 20.0, -400.0, 1350.0));
    all.push(put(block(2000.0, 30.0), 88.0, 450.0, 0.0));
    all
}

struct Rebuilt {
    city: City,
    /// The source on the grid of the tiles, local metres; none where nothing is left of it there.
    grid: Vec<Option<Polygon<f64>>>,
}

/// Cuts the buildings into tiles and reads them again.
fn rebuild(source: &[Polygon<f64>], cutting: Cutting, with_ids: bool) -> Rebuilt {
    let feature = |(i, outline): (usize, &Polygon<f64>)| Feature {
        id: with_ids.then_some(i as u64 + 1),
        layer: "building",
        tags: Vec::new(),
        outline: to_map(outline),
    };
    let features: Vec<Feature> = source.iter().enumerate().map(feature).collect();
    let metadata = format!("{{\"farfield:origin\":[{},{}]}}", ORIGIN.lon, ORIGIN.lat);
    let bytes = archive(&features, cutting, CORNERS, &metadata);
    let city = pollster::block_on(City::open(&Bytes::from(bytes), "cut.pmtiles")).expect("a city");
    let units = cutting.units();
    let grid = |feature: &Feature| {
        rounded(&feature.outline.map_coords(|c| c * units)).map(|p| to_local(&p.map_coords(|c| c / units)))
    };
    Rebuilt { city, grid: features.iter().map(grid).collect() }
}

/// The rebuilt building that stands where `source` stands.
fn find<'a>(city: &'a City, source: &Polygon<f64>) -> &'a Polygon<f64> {
    let centre = source.centroid().expect("an area");
    let away = |p: &Polygon<f64>| {
        let c = p.centroid().expect("an area");
        (c.x() - centre.x()).hypot(c.y() - centre.y()) + (p.unsigned_area() - source.unsigned_area()).abs().sqrt()
    };
    let near = city.buildings.iter().map(|b| &b.footprint);
    near.min_by(|a, b| away(a).total_cmp(&away(b))).expect("buildings")
}

/// Walls that run along a tile's edge or along its margin, and are none of the source's, in metres.
fn false_walls(rebuilt: &Polygon<f64>, grid: &Polygon<f64>, cutting: Cutting) -> f64 {
    let in_units = |p: &Polygon<f64>| {
        let units = cutting.units();
        to_map(p).map_coords(|c| coord! { x: (c.x * units).round(), y: (c.y * units).round() })
    };
    let side = f64::from(cutting.extent);
    let lines = |p: &Polygon<f64>| -> Vec<(Coord<f64>, Coord<f64>)> {
        let rings = std::iter::once(p.exterior()).chain(p.interiors());
        rings.flat_map(LineString::lines).map(|line| (line.start, line.end)).collect()
    };
    let source = lines(&in_units(grid));
    let on = |a: f64, b: f64| {
        let along = |offset: f64| (a + offset).rem_euclid(side) == 0.0;
        a == b && (along(0.0) || along(cutting.margin) || along(-cutting.margin))
    };
    lines(&in_units(rebuilt))
        .into_iter()
        .filter(|(a, b)| on(a.x, b.x) || on(a.y, b.y))
        .filter(|(a, b)| !source.contains(&(*a, *b)) && !source.contains(&(*b, *a)))
        .map(|(a, b)| (a.x - b.x).hypot(a.y - b.y))
        .sum()
}

/// Whether a building reaches over a tile's edge.
fn is_cut(outline: &Polygon<f64>, cutting: Cutting) -> bool {
    let bounds = to_map(outline).map_coords(|c| c * cutting.units() / f64::from(cutting.extent));
    let bounds = bounds.bounding_rect().expect("corners");
    bounds.min().x.floor() != bounds.max().x.floor() || bounds.min().y.floor() != bounds.max().y.floor()
}

/// Cuts, rebuilds and compares at zooms 14, 15 and 16.
fn check(name: &str, source: &[Polygon<f64>], extent: u32, margins: &[f64], with_ids: bool) {
    for zoom in [14, 15, 16] {
        for margin in margins {
            let cutting = Cutting { zoom, extent, margin: margin * f64::from(extent) / 4096.0 };
            let Rebuilt { city, grid } = rebuild(source, cutting, with_ids);
            let what = format!("{name}, zoom {zoom}, {extent} units, margin {margin}, ids: {with_ids}");
            let there: Vec<(&Polygon<f64>, &Polygon<f64>)> =
                source.iter().zip(&grid).filter_map(|(s, g)| Some((s, g.as_ref()?))).collect();
            let cut = source.iter().filter(|s| is_cut(s, cutting)).count();
            let (mut worst, mut within, mut wrong, mut narrow) = (0.0f64, 0, Vec::new(), 0);
            for (source, grid) in &there {
                let rebuilt = find(&city, grid);
                let (off, truth) = (difference(rebuilt, grid), difference(rebuilt, source));
                // What rounding a corner by half a unit along each axis can do to the area.
                let rounding = walls(source) * unit(cutting) * 0.5f64.sqrt() / source.unsigned_area();
                let false_walls = false_walls(rebuilt, grid, cutting);
                within += usize::from(truth < SAME);
                let lost = truth >= SAME.max(2.0 * rounding);
                if lost && is_narrow(source, cutting) {
                    narrow += 1;
                }
                worst = worst.max(off);
                if off >= SAME || false_walls > 0.0 || lost && !is_narrow(source, cutting) {
                    wrong.push(format!(
                        "{:.1} m² at {:?}: {off:.5} off its grid, {truth:.5} off the truth, {false_walls} units of false walls",
                        source.unsigned_area(),
                        source.exterior().0[0],
                    ));
                }
            }
            eprintln!(
                "{what}: {} buildings, {cut} cut, {narrow} too narrow for the grid; worst {:.3} % off the grid; \
                 {within} within 0.5 % of the source before rounding",
                there.len(),
                100.0 * worst,
            );
            assert!(wrong.is_empty(), "{what}:\n{}", wrong.join("\n"));
            assert!(narrow <= 1, "{what}: {narrow}");
            assert_eq!(city.buildings.len(), there.len(), "{what}: each once");
        }
    }
}

/// Whether two walls that are no neighbours come nearer to each other than two units, which a grid may close, cut or not:
/// one of Munich's blocks has a courtyard 21 m long and 6 mm wide, which most grids here can't hold.
fn is_narrow(outline: &Polygon<f64>, cutting: Cutting) -> bool {
    let rings = std::iter::once(outline.exterior()).chain(outline.interiors());
    let walls: Vec<Line<f64>> = rings.flat_map(LineString::lines).collect();
    let neighbours = |a: &Line<f64>, b: &Line<f64>| a.start == b.end || a.end == b.start;
    let near = |a: &Line<f64>, b: &Line<f64>| Euclidean.distance(a, b) < 2.0 * unit(cutting);
    walls.iter().enumerate().any(|(i, a)| walls[i + 1..].iter().any(|b| !neighbours(a, b) && near(a, b)))
}

/// Side of a tile unit here, metres.
fn unit(cutting: Cutting) -> f64 {
    let circumference = 2.0 * std::f64::consts::PI * 6_378_137.0;
    circumference * ORIGIN.lat.to_radians().cos() / cutting.units()
}

#[test]
fn munich_cut_by_other_tools_is_whole_again_by_its_ids() {
    check("Munich", &munich(), 4096, &MARGINS, true);
}

#[test]
fn munich_cut_by_other_tools_is_whole_again_without_ids_or_tags() {
    check("Munich", &munich(), 4096, &MARGINS, false);
}

#[test]
fn munich_cut_without_a_margin_is_whole_again_by_its_ids() {
    check("Munich", &munich(), 4096, &[0.0], true);
}

#[test]
fn munich_on_a_fine_grid_is_whole_again() {
    check("Munich", &munich(), 32768, &[0.0, 64.0], true);
}

#[test]
fn buildings_of_every_turn_and_length_are_whole_again() {
    for with_ids in [true, false] {
        check("drawn", &drawn(), 4096, &[0.0, 64.0, 256.0], with_ids);
    }
}
