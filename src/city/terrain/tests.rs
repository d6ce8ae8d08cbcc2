use super::*;
use geo::{coord, polygon};
use proptest::prelude::*;

fn area(side: f64) -> Rect<f64> {
    Rect::new(coord! { x: -side / 2.0, y: -side / 2.0 }, coord! { x: side / 2.0, y: side / 2.0 })
}

/// Hills without end, up to `height` metres, told apart by `seed`.
fn hills(seed: f64, height: f64) -> impl Fn(DVec2) -> f64 {
    move |p| height * ((p.x / 70.0 + seed).sin() * (p.y / 90.0 - seed).cos() + 0.2 * (p.x / 11.0 - p.y / 13.0).sin())
}

fn of(side: f64, spacing: f64, height: impl FnMut(DVec2) -> f64) -> Terrain {
    Terrain::new(area(side), spacing, height).expect("a terrain")
}

#[test]
fn a_plane_is_two_triangles_and_exact_everywhere() {
    let plane = |p: DVec2| 431.25 + 0.2 * p.x - 0.1 * p.y;
    let terrain = of(600.0, 10.0, plane);
    assert_eq!(terrain.triangles().count(), 2);
    for p in [DVec2::ZERO, DVec2::new(-299.0, 17.3), DVec2::new(123.4, -250.0)] {
        let height = f64::from(terrain.at(p.as_vec2())) + terrain.datum();
        assert!((height - plane(p)).abs() < 1e-3, "{height} at {p}");
    }
    assert!(terrain.flattened() < 1e-3);
}

#[test]
fn heights_count_from_the_lowest_ground() {
    let terrain = of(500.0, 10.0, hills(0.3, 20.0));
    let lowest = terrain.heights().iter().copied().fold(f32::INFINITY, f32::min);
    assert!((0.0..1.0).contains(&lowest), "{lowest}");
    assert_eq!(terrain.datum(), terrain.datum().floor());
}

#[test]
fn rough_ground_is_simplified_until_it_fits() {
    let rough = |p: DVec2| (p.x * 12.9898 + p.y * 78.233).sin() * 43758.5453 % 40.0;
    let terrain = of(1400.0, 5.0, rough);
    let count = terrain.triangles().count();
    assert!(count <= MAX_TRIANGLES && count > MAX_TRIANGLES / 10, "{count}");
    assert!(terrain.flattened() > TOLERANCE);
}

#[test]
fn smooth_hills_take_few_triangles_and_stay_within_twice_the_tolerance() {
    let hill = |p: DVec2| 80.0 * (-p.length_squared() / (2.0 * 150.0f64.powi(2))).exp();
    let terrain = of(1000.0, 5.0, hill);
    let all = 2 * (terrain.side() * terrain.side()) as usize;
    assert!(terrain.triangles().count() < all / 20, "{} of {all}", terrain.triangles().count());
    assert!(terrain.flattened() <= 2.0 * TOLERANCE, "{}", terrain.flattened());
}

#[test]
fn heights_that_make_no_sense_are_refused_with_their_place() {
    for wrong in [f64::NAN, f64::INFINITY, -11_000.0] {
        let found = Terrain::new(area(100.0), 10.0, |p| if p.x > 20.0 && p.y > 20.0 { wrong } else { 5.0 });
        let Err(TerrainError::Height { at, height }) = found else { panic!("{found:?}") };
        assert!(at.x > 20.0 && at.y > 20.0);
        assert!(height.total_cmp(&wrong).is_eq());
    }
    let empty = Rect::new(coord! { x: 3.0, y: 3.0 }, coord! { x: 3.0, y: 3.0 });
    assert_eq!(Terrain::new(empty, 10.0, |_| 0.0), Err(TerrainError::Area));
}

#[test]
fn absurd_spacings_give_a_bounded_lattice() {
    for spacing in [f64::NAN, -1.0, 0.0, 1e-9, 1e12, f64::INFINITY] {
        let terrain = of(20_000.0, spacing, |_| 7.5);
        assert!(terrain.side() <= MAX_SIDE, "{spacing}");
        assert_eq!(terrain.at(Vec2::new(9_999.0, -9_999.0)), 0.5);
    }
}

#[test]
fn a_building_stands_on_its_lowest_corner() {
    let terrain = of(400.0, 10.0, |p| 30.0 + 0.25 * p.x);
    let footprint = polygon![(x: 0.0, y: 0.0), (x: 40.0, y: 0.0), (x: 40.0, y: 20.0), (x: 0.0, y: 20.0)];
    let at_corner = terrain.at(Vec2::ZERO);
    assert!((terrain.under(&footprint) - at_corner).abs() < 1e-4);
    let (height_source, wall, roof) = Default::default();
    let building = Building { id: 1, footprint, base: 0.0, top: 12.0, height_source, wall, roof };
    let bridge = Building { base: 5.0, ..building.clone() };
    let mut buildings = [building, bridge];
    terrain.lift(&mut buildings);
    let [building, bridge] = buildings;
    assert!((building.base - at_corner).abs() < 1e-4 && (building.top - at_corner - 12.0).abs() < 1e-4);
    assert!((bridge.base - at_corner - 5.0).abs() < 1e-4);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn the_triangles_tile_the_ground_and_the_heights_lie_on_them(seed in 0.0..6.0f64, height in 0.0..60.0f64, spacing in 6.0..40.0f64) {
        let terrain = of(300.0, spacing, hills(seed, height));
        let width = f64::from(terrain.cell()) * f64::from(terrain.side());
        let mut covered = 0.0;
        for [a, b, c] in terrain.triangles() {
            covered += f64::from((b - a).truncate().perp_dot((c - a).truncate())).abs() / 2.0;
            for (u, v) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.3, 0.3), (0.5, 0.5), (0.1, 0.7)] {
                let p = a + (b - a) * u + (c - a) * v;
                prop_assert!((terrain.at(p.truncate()) - p.z).abs() < 1e-2, "{} and {p}", terrain.at(p.truncate()));
            }
        }
        prop_assert!((covered / (width * width) - 1.0).abs() < 1e-4, "{covered}");
    }

    #[test]
    fn no_lattice_point_of_the_city_moves_further_than_told(seed in 0.0..6.0f64, height in 0.0..60.0f64) {
        let exact = hills(seed, height);
        let terrain = of(300.0, 8.0, &exact);
        let mut worst = 0.0f64;
        for i in 0..=terrain.side() {
            for j in 0..=terrain.side() {
                let p = terrain.origin() + DVec2::new(f64::from(i), f64::from(j)) * f64::from(terrain.cell());
                if p.abs().max_element() <= 150.0 {
                    worst = worst.max((f64::from(terrain.at(p.as_vec2())) + terrain.datum() - exact(p)).abs());
                }
            }
        }
        prop_assert!(worst <= f64::from(terrain.flattened()) + 1e-3, "{worst}");
    }
}
