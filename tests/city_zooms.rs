//! Buildings read from one zoom of an archive of ours, 14, 15 or 16, are those that were written: area and length of walls
//! as they were before any corner was rounded, and no wall on a tile's edge.

mod common;
#[path = "common/outlines.rs"]
mod outlines;

use common::shared;
use farfield::city::archive::Bytes;
use farfield::city::build::{Identity, finish, osm, to_pmtiles};
use farfield::city::{Building, City, HeightSource};
use farfield::geodesy::{LocalFrame, LonLat};
use farfield::material::Material;
use geo::{Area, Centroid, Coord, CoordsIter, LineString, MapCoords, Polygon, Rect, Rotate, coord, polygon};
use glam::DVec2;
use outlines::{difference, walls};
use std::collections::BTreeMap;

/// The largest difference in area and in length of walls.
const SAME: f64 = 0.005;
/// What is no wider than this on average, metres, may differ by more: the slats that some towers are drawn with. Six
/// millimetres are 1 % of it.
const THIN: f64 = 0.65;
/// Units around the world of the grid on which corners lie.
const GRID: f64 = 4_294_967_296.0;
/// Where the highest zoom stands in the header (specification, section 3).
const HIGHEST_ZOOM: usize = 101;

/// The city as a reader sees it that knows an archive up to `zoom` only.
fn at_zoom(archive: &[u8], zoom: u8) -> City {
    let mut bytes = archive.to_vec();
    bytes[HIGHEST_ZOOM] = zoom;
    pollster::block_on(City::open(&Bytes::from(bytes), "zoom.pmtiles")).expect("a city")
}

/// The most that rounding can do to an outline, when each corner moves by up to half a unit along each axis: a wall sweeps
/// its length times that way, and is longer or shorter by it at either end.
fn most_by_rounding(outline: &Polygon<f64>, origin: LonLat) -> f64 {
    let circumference = 2.0 * std::f64::consts::PI * 6_378_137.0 * origin.lat.to_radians().cos();
    // Positions are a little off the origin, where a unit is a little longer or shorter.
    let moved = 1.001 * circumference / GRID * 0.5f64.sqrt();
    let corners = outline.coords_count() as f64;
    let swept = walls(outline) * moved + corners * moved * moved;
    (swept / outline.unsigned_area()).max(2.0 * corners * moved / walls(outline))
}

type Wall = [(i64, i64); 2];

/// The walls of a building on the grid of the world.
fn on_grid(frame: &LocalFrame, outline: &Polygon<f64>) -> Vec<Wall> {
    let point = |c: Coord<f64>| {
        let unit = frame.to_lonlat(DVec2::new(c.x, c.y)).to_mercator() * GRID;
        (unit.x.round() as i64, unit.y.round() as i64)
    };
    let rings = std::iter::once(outline.exterior()).chain(outline.interiors());
    rings.flat_map(LineString::lines).map(|line| [point(line.start), point(line.end)]).collect()
}

/// Walls along a tile's edge that the source does not have.
fn walls_on_edges(rebuilt: &[Wall], source: &[Wall], zoom: u8) -> usize {
    let side = 1i64 << (32 - zoom);
    let along = |a: i64, b: i64| a == b && a % side == 0;
    let on_edge = |[a, b]: &&Wall| along(a.0, b.0) || along(a.1, b.1);
    rebuilt.iter().filter(on_edge).filter(|[a, b]| !source.contains(&[*a, *b]) && !source.contains(&[*b, *a])).count()
}

/// Whether a building reaches over a tile's edge.
fn is_over_edge(walls: &[Wall], zoom: u8) -> bool {
    let side = 1i64 << (32 - zoom);
    let tiles = |of: fn(&(i64, i64)) -> i64| {
        let numbers = walls.iter().flatten().map(move |p| of(p) / side);
        numbers.clone().min() != numbers.max()
    };
    tiles(|p| p.0) || tiles(|p| p.1)
}

/// Writes the city, reads it back at each zoom, and compares building by building; gives how many are not the same, the
/// same at each zoom.
fn misses(name: &str, source: &City, archive: &[u8]) -> usize {
    let counts = [14, 15, 16].map(|zoom| {
        let read = at_zoom(archive, zoom);
        assert_eq!(read.buildings.len(), source.buildings.len(), "{name}, zoom {zoom}: each once");
        let mut by_id: BTreeMap<u64, Vec<&Polygon<f64>>> = BTreeMap::new();
        for building in &read.buildings {
            by_id.entry(building.id).or_default().push(&building.footprint);
        }
        let (mut worst, mut missed, mut over) = (0.0f64, 0, 0);
        for Building { id, footprint, .. } in &source.buildings {
            let centre = footprint.centroid().expect("an area");
            let away = |p: &Polygon<f64>| {
                let c = p.centroid().expect("an area");
                (c.x() - centre.x()).hypot(c.y() - centre.y()) + (p.unsigned_area() - footprint.unsigned_area()).abs()
            };
            // Several polygons may share an id.
            let near = by_id[id].iter().min_by(|a, b| away(a).total_cmp(&away(b))).expect("its polygons");
            let off = difference(near, footprint);
            let most = most_by_rounding(footprint, source.frame.origin());
            assert!(off <= most.max(SAME), "{name}, zoom {zoom}, {id}: {off} off, by rounding at most {most}");
            let width = 2.0 * footprint.unsigned_area() / walls(footprint);
            assert!(off < SAME || width < THIN, "{name}, zoom {zoom}, {id}: {off} off, {width} m wide");
            let (before, after) = (on_grid(&source.frame, footprint), on_grid(&read.frame, near));
            assert_eq!(walls_on_edges(&after, &before, zoom), 0, "{name}, zoom {zoom}, {id}");
            over += usize::from(is_over_edge(&before, zoom));
            worst = worst.max(off);
            missed += usize::from(off >= SAME);
        }
        eprintln!(
            "{name}, zoom {zoom}: {} buildings, {over} over tile edges, worst {:.3} %, {missed} not within 0.5 %",
            source.buildings.len(),
            100.0 * worst
        );
        missed
    });
    assert!(counts.iter().all(|count| *count == counts[0]), "{name}: one grid for all zooms, {counts:?}");
    counts[0]
}

/// Buildings turned every way: sheds of 3 m, brackets, blocks around courtyards, and some that reach over several tiles.
fn drawn(origin: LonLat) -> City {
    let block = |w: f64, h: f64| polygon![(x: 0.0, y: 0.0), (x: w, y: 0.0), (x: w, y: h), (x: 0.0, y: h)];
    let bracket = polygon![
        (x: 0.0, y: 0.0), (x: 12.0, y: 0.0), (x: 12.0, y: 3.0), (x: 4.0, y: 3.0),
        (x: 4.0, y: 9.0), (x: 12.0, y: 9.0), (x: 12.0, y: 13.0), (x: 0.0, y: 13.0),
    ];
    let around_yard = |side: f64, wall: f64| {
        let yard = block(side - 2.0 * wall, side - 2.0 * wall).map_coords(|c| c + coord! { x: wall, y: wall });
        Polygon::new(block(side, side).exterior().clone(), vec![yard.exterior().clone()])
    };
    let mut footprints = Vec::new();
    for (row, column) in (0..40).flat_map(|row| (0..40).map(move |column| (row, column))) {
        let size = f64::from(column) / 8.0;
        let shape = match (row * 5 + column * 3) % 4 {
            0 => block(3.0 + size, 3.0 + f64::from(row) / 8.0),
            1 => bracket.clone(),
            2 => around_yard(15.0 + size, 4.0),
            _ => block(5.0 + size, 16.0),
        };
        let at = coord! { x: 43.17 * f64::from(column) - 863.4, y: 43.17 * f64::from(row) - 863.4 };
        let turned = shape.rotate_around_centroid(f64::from((row * 37 + column * 53) % 90) + 0.3);
        footprints.push(turned.map_coords(|c| c + at));
    }
    let long = block(900.0, 14.0).rotate_around_centroid(7.0);
    footprints.push(long.map_coords(|c| c + coord! { x: -450.0, y: 900.0 }));
    let buildings = footprints.into_iter().enumerate().map(|(i, footprint)| Building {
        id: i as u64 + 1,
        footprint,
        base: 0.0,
        top: 10.0,
        height_source: HeightSource::Tag,
        wall: Material::Concrete,
        roof: Material::Concrete,
    });
    City {
        name: "drawn".into(),
        attribution: "nobody".into(),
        frame: LocalFrame::new(origin),
        bounds: Rect::new(coord! { x: -1000.0, y: -1000.0 }, coord! { x: 1000.0, y: 1000.0 }),
        buildings: buildings.collect(),
        ground: Material::MediumDryGround,
        terrain: None,
        woods: Vec::new(),
    }
}

#[test]
fn buildings_of_3_m_and_more_keep_area_and_walls_at_every_zoom_and_latitude() {
    for (name, origin) in [
        ("Singapore", LonLat::new(103.8519, 1.2899)),
        ("Munich", LonLat::new(11.5755, 48.138)),
        ("Tromsø", LonLat::new(18.9553, 69.6492)),
    ] {
        let city = drawn(origin);
        let archive = to_pmtiles(&city, &[]).expect("an archive");
        assert_eq!(misses(name, &city, &archive), 0, "{name}");
    }
}

#[test]
fn buildings_of_real_extracts_keep_area_and_walls_at_every_zoom() {
    // How many slats do not: the towers of downtown San Francisco are drawn with them.
    for (file, slats) in
        [("Helsinki", 0), ("sf-downtown", 132), ("liechtenstein-latest", 0), ("monaco-latest", 0), ("nyc", 0)]
    {
        let test = "buildings_of_real_extracts_keep_area_and_walls_at_every_zoom";
        let Some(path) = shared(test, &format!("data/osm/{file}.osm.pbf")) else { continue };
        let extract = std::fs::File::open(&path).expect("the extract");
        let draft = osm::read(extract, file, None, &mut |_| ()).expect("a draft");
        let imported = finish(draft, Identity::default(), None).expect("a city");
        let archive = to_pmtiles(&imported.city, &imported.map).expect("an archive");
        assert_eq!(misses(file, &imported.city, &archive), slats, "{file}");
    }
}
