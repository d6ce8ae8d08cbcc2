//! The network's input: values worked out by hand, and that only what is relative to the antenna matters.

use farfield::antenna::{Pattern, Pointing};
use farfield::learn::features::{CHANNEL_NAMES, CHANNELS, Link, Window, WindowFeatures};
use farfield::learn::land::{CELL, Cover, Land, LandCell};
use farfield::units::Hertz;
use glam::{DVec2, Vec2};

/// Cells from the antenna to the edge of the test's land.
const HALF: i32 = 30;

/// A square land around (0, 0), of cells given by their column and row from the middle.
fn land(cell: impl Fn(i32, i32) -> LandCell) -> Land {
    let side = 2 * HALF + 1;
    let origin = DVec2::splat(-(f64::from(HALF) + 0.5) * f64::from(CELL));
    let cells = (0..side * side).map(|i| cell(i % side - HALF, i / side - HALF)).collect();
    Land::new(origin, [side as u32; 2], cells)
}

fn open(roof: f32) -> LandCell {
    LandCell { known: true, roof, ..LandCell::default() }
}

fn link(land: &Land, azimuth_deg: f32) -> Link<'_> {
    Link {
        land,
        at: DVec2::ZERO,
        height: 25.0,
        pointing: Pointing { pattern: Pattern::Tr38901, azimuth_deg, ..Pointing::ISOTROPIC },
        frequency: Hertz::from_mhz(3500.0),
        receiver: 1.5,
    }
}

fn channel(name: &str) -> usize {
    CHANNEL_NAMES.iter().position(|n| *n == name).expect("a channel of that name")
}

#[test]
fn an_open_field_on_the_boresight_has_the_features_worked_out_by_hand() {
    let field = land(|_, _| open(0.0));
    let cell = link(&field, 90.0).features(Vec2::new(100.0, 0.0));
    // d = √(100² + 23.5²) = 102.724 m; 13.225° below the horizon; 12 (13.225 / 65)² = 0.4968 dB below the peak;
    // urban macro with sight: 28 + 22 lg 102.724 + 20 lg 3.5 = 83.138 dB.
    let expected = [
        ("known", 1.0),
        ("roof", 0.0),
        ("rise", 0.0),
        ("vegetation", 0.0),
        ("street", 0.0),
        ("profile", 1.0),
        ("distance", -0.28936),
        ("direction_east", -1.0),
        ("direction_north", 0.0),
        ("azimuth", 1.0),
        ("gain", -0.02484),
        ("depression", 0.88165),
        ("base", 0.0),
        ("path_gain", 1.34309),
        ("sight", 1.0),
        ("rooftops", 0.0),
        // ln 1.75 / ln 3.
        ("frequency", 0.50938),
    ];
    assert_eq!(expected.len(), CHANNELS);
    for (name, value) in expected {
        let found = cell.channels[channel(name)];
        assert!((found - value).abs() < 1e-4, "{name}: {found} where {value} was worked out");
    }
    assert!((cell.baseline - (8.0 - 0.4968 - 83.138)).abs() < 1e-3, "{}", cell.baseline);
}

#[test]
fn a_block_in_the_way_takes_sight_and_gives_diffraction() {
    let wall = land(|x, _| open(if (9..=11).contains(&x) { 20.0 } else { 0.0 }));
    let link = link(&wall, 90.0);
    let behind = link.features(Vec2::new(100.0, 0.0)).channels;
    assert_eq!(behind[channel("sight")], 0.0);
    assert!(behind[channel("rooftops")] > 6.0 / 30.0, "more than a grazing edge costs");
    // 13.54 + 39.08 lg 102.724 + 20 lg 3.5 = 103.035 dB.
    assert!((behind[channel("path_gain")] - (110.0 - 103.035) / 20.0).abs() < 1e-3);
    let before = link.features(Vec2::new(20.0, 0.0)).channels;
    assert_eq!((before[channel("sight")], before[channel("rooftops")]), (1.0, 0.0));
    assert_eq!(link.features(Vec2::new(50.0, 0.0)).channels[channel("roof")], 20.0 / 30.0);
}

#[test]
fn what_is_unknown_reads_as_zero_and_shortens_the_known_profile() {
    let half_known = land(|x, _| {
        let known = LandCell { ground: 7.0, cover: Cover::Street, ..open(0.0) };
        if x <= 0 { known } else { LandCell::default() }
    });
    let features = link(&half_known, 90.0).features(Vec2::new(100.0, 0.0)).channels;
    for name in ["known", "roof", "rise", "vegetation", "street"] {
        assert_eq!(features[channel(name)], 0.0, "{name}");
    }
    // Half a cell of the twenty on the way is known: the antenna's own.
    assert!((features[channel("profile")] - 0.5 / 20.0).abs() < 1e-4);
    let west = link(&half_known, 90.0).features(Vec2::new(-100.0, 0.0)).channels;
    assert_eq!((west[channel("profile")], west[channel("street")], west[channel("rise")]), (1.0, 1.0, 0.0));
}

#[test]
fn turning_the_scene_by_a_quarter_turns_the_features_with_it() {
    // Blocks of various heights; (x, y) → (y, −x) is a quarter clockwise.
    let roof = |x: i32, y: i32| ((x.div_euclid(4) * 31 + y.div_euclid(4) * 17).rem_euclid(7) - 3).max(0) as f32 * 9.0;
    let upright = land(|x, y| open(roof(x, y)));
    let turned = land(|x, y| open(roof(-y, x)));
    for azimuth in [0.0, 40.0, 215.0] {
        let (before, after) = (link(&upright, azimuth), link(&turned, azimuth + 90.0));
        for i in 0..200 {
            // Spots off the cells' centres, so that no ray passes exactly through a corner.
            let p = Vec2::new((i * 37 % 281) as f32 - 140.3, (i * 53 % 279) as f32 - 139.1);
            let (a, b) = (before.features(p), after.features(Vec2::new(p.y, -p.x)));
            let mut expected = a.channels;
            let (east, north) = (channel("direction_east"), channel("direction_north"));
            (expected[east], expected[north]) = (a.channels[north], -a.channels[east]);
            for (name, (e, f)) in CHANNEL_NAMES.iter().zip(expected.iter().zip(b.channels)) {
                assert!((e - f).abs() < 2e-3, "{name} at {p}: {e} becomes {f}");
            }
            assert!((a.baseline - b.baseline).abs() < 1e-2);
        }
    }
}

#[test]
fn an_isotropic_antenna_looks_the_same_in_every_direction() {
    let field = land(|_, _| open(0.0));
    let mut link = link(&field, 0.0);
    link.pointing.pattern = Pattern::Isotropic;
    let (ahead, behind) = (link.features(Vec2::new(0.0, 80.0)), link.features(Vec2::new(0.0, -80.0)));
    assert_eq!(ahead.baseline, behind.baseline);
    for name in ["azimuth", "gain", "depression", "distance"] {
        assert_eq!(ahead.channels[channel(name)], behind.channels[channel(name)], "{name}");
    }
}

#[test]
fn a_window_holds_the_features_of_its_cells_channel_by_channel() {
    let field = land(|x, y| open(if x > y { 12.0 } else { 0.0 }));
    let link = link(&field, 120.0);
    let window = Window::around(DVec2::new(10.0, -15.0), 16);
    assert_eq!(window.locate(DVec2::new(10.0, -15.0)), Some(8 * 16 + 8));
    let features = WindowFeatures::of(&link, window);
    for (ix, iy) in [(0, 0), (3, 11), (15, 2)] {
        let cell = link.features(window.centre(ix, iy).as_vec2());
        assert_eq!(features.baseline[iy * 16 + ix], cell.baseline);
        for (c, value) in cell.channels.into_iter().enumerate() {
            assert_eq!(features.planes[c * 256 + iy * 16 + ix], value);
        }
    }
}

#[test]
fn every_feature_is_finite_and_of_order_one_even_at_the_antenna_and_far_outside() {
    let field = land(|x, _| LandCell { ground: -480.0, ..open(if x == 3 { 400.0 } else { 0.0 }) });
    let mut link = link(&field, 10.0);
    for (height, frequency) in [(0.5, 0.4e9), (1000.0, 60e9), (25.0, 3.5e9)] {
        (link.height, link.frequency) = (height, Hertz(frequency));
        for p in [Vec2::ZERO, Vec2::new(15.0, 0.0), Vec2::new(1e-3, 0.0), Vec2::new(9e3, -9e3)] {
            let cell = link.features(p);
            assert!(cell.baseline.is_finite(), "{p}");
            assert!(cell.channels.iter().all(|v| v.abs() <= 4.0), "{p}: {:?}", cell.channels);
        }
    }
}
