//! Woods and trees: areas under a canopy, and how much of a straight way lies in their leaves.
//!
//! Archives say where woods are, seldom how high. What counts as woods, over the schemas that publishers use:
//!
//! | | ours | Protomaps, to 3 | Protomaps 4 | `OpenMapTiles` | Overture | Shortbread |
//! |---|---|---|---|---|---|---|
//! | layer | `green` | `natural`, `landuse` | `landuse` | `landcover` | `land`, `land_cover` | `land` |
//! | tag | `class` | `natural`, `landuse`, `pmap:kind` | `kind` | `class`, `subclass` | `subtype`, `class` | `kind` |
//!
//! Of these, `wood` and `forest` are woods; our importers write trees and rows of them as areas under their crowns, of the
//! classes `tree` and `tree_row`. Tiles cut them at their edges and show some ground twice; only the raster of
//! [`Canopy`] looks at them, for which that makes no difference, so they are not joined again.

use super::mvt::Polygons;
use super::{City, HeightRaster};
use geo::Polygon;
use glam::Vec3;

/// Height of a wood of which none is known, metres: that of deciduous and mixed trees in the table of nominal clutter heights
/// of ITU-R P.452-16 (table 4), and of forest in P.1812-6 (table 2) and P.2108-1 (table 3).
pub const DEFAULT_CANOPY: f32 = 15.0;
/// Height of a tree by itself or in a row of which none is known, metres: an assumption, of trees that line streets.
pub const DEFAULT_TREE: f32 = 10.0;
/// No tree is higher, metres; a larger number is a mistake and counts as unknown.
pub const HIGHEST_TREE: f32 = 120.0;

/// An area under trees.
#[derive(Clone, Debug, PartialEq)]
pub struct Wood {
    /// Outline and clearings, local metres. Those of several may overlap.
    pub outline: Polygon<f64>,
    /// Height of the crowns above the ground, metres.
    pub height: f32,
}

/// Whether woods are looked for in a layer of that name.
pub(super) fn is_read(layer: &str) -> bool {
    matches!(layer, "green" | "landuse" | "landcover" | "land" | "land_cover" | "natural")
}

/// The height of the canopy over a feature of such a layer; `None` for what is no wood.
pub(super) fn canopy_of(feature: &Polygons<'_>) -> Option<f32> {
    let kinds = feature.tags.iter().filter(|(key, _)| {
        matches!(*key, "class" | "kind" | "pmap:kind" | "subclass" | "subtype" | "natural" | "landuse")
    });
    let usual = kinds.filter_map(|(_, value)| value.text()).find_map(|kind| match kind {
        "wood" | "forest" => Some(DEFAULT_CANOPY),
        "tree" | "tree_row" => Some(DEFAULT_TREE),
        _ => None,
    });
    let said = feature.tags.iter().find(|(key, _)| *key == "height").and_then(|(_, value)| value.number());
    let sensible = |h: &f32| *h > 0.0 && *h <= HIGHEST_TREE;
    Some(said.map(|h| h as f32).filter(sensible).unwrap_or(usual?))
}

/// The leaves of a city: from the ground up to the crowns of its woods, cell by cell as [`HeightRaster`] has the roofs.
#[derive(Clone, Debug, PartialEq)]
pub struct Canopy {
    /// The crowns above the local datum; 0 where there are none.
    crowns: HeightRaster,
    /// The highest of them.
    highest: f32,
    /// Crowns and roofs, whichever is higher.
    skyline: HeightRaster,
}

impl Canopy {
    /// That of `city` beside its `roofs`, over the same cells; `None` where it has no trees. A cell takes the height of the highest wood over
    /// its centre. Woods whose corners or heights are not finite, or that are not above the ground, are none.
    pub fn of(city: &City, roofs: &HeightRaster) -> Option<Self> {
        if city.woods.is_empty() {
            return None;
        }
        let mut crowns = HeightRaster::over(city.bounds, roofs.cell);
        for wood in city.woods.iter().filter(|wood| wood.height > 0.0) {
            crowns.raise(&wood.outline, wood.height);
        }
        if let Some(terrain) = &city.terrain {
            crowns = crowns.lifted(|centre| terrain.at(centre));
        }
        Self::under(crowns, roofs)
    }

    /// That under `crowns`, which count from the local datum, beside `roofs` over the same cells; `None` where there are none.
    pub fn under(crowns: HeightRaster, roofs: &HeightRaster) -> Option<Self> {
        let highest = crowns.tops().iter().copied().fold(0.0, f32::max);
        let higher = crowns.tops().iter().zip(roofs.tops()).map(|(crown, roof)| crown.max(*roof)).collect();
        let mut skyline = HeightRaster::of_tops(crowns.origin, crowns.cell, [crowns.nx, crowns.ny], higher);
        skyline.ground.clone_from(&roofs.ground);
        (highest > 0.0 && crowns.lies_over(roofs)).then_some(Self { crowns, highest, skyline })
    }

    /// The crowns above the local datum, metres; 0 where there are none.
    pub fn crowns(&self) -> &HeightRaster {
        &self.crowns
    }

    /// Crowns and roofs as one, and the ground between them: what a wave bends over that doesn't come through.
    pub fn skyline(&self) -> &HeightRaster {
        &self.skyline
    }

    /// The highest of them.
    pub fn highest(&self) -> f32 {
        self.highest
    }

    /// Metres of the straight way from `a` to `b` that lie in leaves. No more than its length, and the same both ways but for
    /// rounding.
    pub fn metres(&self, a: Vec3, b: Vec3) -> f32 {
        // Most of a way from a mast is above all trees.
        let Some((from, to)) = below(a.z, b.z, self.highest) else { return 0.0 };
        let (start, end) = (a.lerp(b, from), a.lerp(b, to));
        let height = |t: f32| start.z + (end.z - start.z) * t;
        let mut share = 0.0;
        self.crowns.walk_where(
            start.truncate(),
            end.truncate(),
            |block| height(block.from).min(height(block.to)) < block.top,
            |cell| {
                let within = below(height(cell.from), height(cell.to), cell.top).filter(|_| cell.top > 0.0);
                share += within.map_or(0.0, |(from, to)| (to - from) * (cell.to - cell.from));
            },
        );
        if share > 0.0 { share * start.distance(end) } else { 0.0 }
    }
}

/// The part of a way that rises evenly from one height to another and lies below `top`.
fn below(from: f32, to: f32, top: f32) -> Option<(f32, f32)> {
    let meets = (top - from) / (to - from);
    match (from < top, to < top) {
        (true, true) => Some((0.0, 1.0)),
        (true, false) => Some((0.0, meets)),
        (false, true) => Some((meets, 1.0)),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::city::mvt::Value;
    use crate::geodesy::{LocalFrame, LonLat};
    use crate::material::Material;
    use geo::{Rect, coord, polygon};
    use proptest::prelude::*;

    fn rectangle(x: f64, y: f64, width: f64, depth: f64) -> Polygon<f64> {
        Rect::new(coord! { x: x, y: y }, coord! { x: x + width, y: y + depth }).to_polygon()
    }

    fn city(woods: Vec<Wood>) -> City {
        City {
            name: "wood".into(),
            attribution: String::new(),
            frame: LocalFrame::new(LonLat::new(11.5, 48.1)),
            bounds: Rect::new(coord! { x: -100.0, y: -100.0 }, coord! { x: 100.0, y: 100.0 }),
            buildings: Vec::new(),
            ground: Material::MediumDryGround,
            terrain: None,
            woods,
        }
    }

    fn canopy_over(city: &City) -> Option<Canopy> {
        Canopy::of(city, &HeightRaster::of(city, 2.0))
    }

    /// One wood, 40 m wide, in the middle.
    fn canopy(height: f32) -> Option<Canopy> {
        canopy_over(&city(vec![Wood { outline: rectangle(-20.0, -60.0, 40.0, 120.0), height }]))
    }

    fn metres(canopy: &Canopy, a: [f32; 3], b: [f32; 3]) -> f32 {
        canopy.metres(a.into(), b.into())
    }

    #[test]
    fn a_way_through_a_wood_is_as_long_as_it_is_in_the_crowns() {
        let wood = canopy(15.0).expect("a wood");
        let near = |found: f32, expected: f32| assert!((found - expected).abs() < 1e-3, "{found} m for {expected}");
        near(metres(&wood, [-80.0, 1.0, 1.5], [80.0, 1.0, 1.5]), 40.0);
        // From within, out of it, along it and past it.
        near(metres(&wood, [0.0, 1.0, 1.5], [80.0, 1.0, 1.5]), 20.0);
        near(metres(&wood, [0.0, -40.0, 1.5], [0.0, 40.0, 1.5]), 80.0);
        near(metres(&wood, [-80.0, 80.0, 1.5], [80.0, 80.0, 1.5]), 0.0);
        // Aslant, it falls by 40 m over 160: it comes below 15 m at x = 10, and leaves the wood 10 m later.
        near(metres(&wood, [-80.0, 1.0, 37.5], [80.0, 1.0, -2.5]), 10.0 * (1.0f32 + 1.0 / 16.0).sqrt());
        // Diagonally in the plane.
        near(metres(&wood, [-50.0, -50.0, 5.0], [50.0, 50.0, 5.0]), 40.0 * 2f32.sqrt());
        // Straight up from its floor, and above the crowns.
        near(metres(&wood, [1.0, 1.0, 1.5], [1.0, 1.0, 60.0]), 13.5);
        near(metres(&wood, [-80.0, 1.0, 15.0], [80.0, 1.0, 15.0]), 0.0);
        near(metres(&wood, [3.0, 3.0, 4.0], [3.0, 3.0, 4.0]), 0.0);
    }

    #[test]
    fn woods_of_no_sensible_shape_or_height_have_no_leaves() {
        for height in [f32::NAN, f32::INFINITY, 0.0, -5.0] {
            assert_eq!(canopy(height), None, "{height}");
        }
        let lost = polygon![(x: 0.0, y: 0.0), (x: f64::NAN, y: 0.0), (x: 10.0, y: 10.0)];
        let far = rectangle(5_000.0, 0.0, 40.0, 40.0);
        for outline in [lost, far, Polygon::new(geo::LineString::new(Vec::new()), Vec::new())] {
            assert_eq!(canopy_over(&city(vec![Wood { outline, height: 15.0 }])), None);
        }
    }

    #[test]
    fn a_self_crossing_outline_holds_what_the_even_odd_rule_says() {
        let bow = polygon![(x: -40.0, y: -40.0), (x: 40.0, y: 40.0), (x: 40.0, y: -40.0), (x: -40.0, y: 40.0)];
        let canopy = canopy_over(&city(vec![Wood { outline: bow, height: 15.0 }])).expect("two triangles");
        let upwards = |x: f32| metres(&canopy, [x, -90.0, 5.0], [x, 90.0, 5.0]);
        assert!((upwards(31.0) - 62.0).abs() < 5.0 && (upwards(-31.0) - 62.0).abs() < 5.0, "{}", upwards(31.0));
    }

    #[test]
    fn overlapping_woods_count_once_and_the_higher_one_decides() {
        let wood = |x, height| Wood { outline: rectangle(x, -60.0, 40.0, 120.0), height };
        let both = canopy_over(&city(vec![wood(-20.0, 10.0), wood(0.0, 20.0)])).expect("woods");
        let through = |z: f32| metres(&both, [-80.0, 1.0, z], [80.0, 1.0, z]);
        assert!((through(5.0) - 60.0).abs() < 1e-3 && (through(15.0) - 40.0).abs() < 1e-3);
    }

    #[test]
    fn a_hundred_thousand_trees_are_a_canopy() {
        let tree = |i: i32| {
            let (x, y) = (f64::from(i % 400) * 0.5 - 100.0, f64::from(i / 400) * 0.5 - 100.0);
            Wood { outline: rectangle(x, y, 3.0, 3.0), height: 6.0 + (i % 7) as f32 }
        };
        let canopy = canopy_over(&city((0..100_000).map(tree).collect())).expect("trees");
        assert!((metres(&canopy, [-90.0, -91.0, 1.5], [90.0, -91.0, 1.5]) - 180.0).abs() < 1e-2);
    }

    #[test]
    fn each_schema_says_wood_in_its_own_way() {
        let of = |tags: &[(&'static str, Value<'static>)]| {
            canopy_of(&Polygons { id: None, tags: tags.to_vec(), parts: Vec::new() })
        };
        for tag in ["class", "kind", "pmap:kind", "subclass", "subtype", "natural", "landuse"] {
            assert_eq!(of(&[(tag, Value::Text("wood"))]), Some(DEFAULT_CANOPY));
            assert_eq!(of(&[(tag, Value::Text("forest")), ("height", Value::Text("22 m"))]), Some(22.0));
            assert_eq!(of(&[(tag, Value::Text("park"))]), None);
        }
        assert_eq!(of(&[("class", Value::Text("tree"))]), Some(DEFAULT_TREE));
        for height in [0.0, -3.0, 4_000.0, f64::NAN] {
            assert_eq!(of(&[("kind", Value::Text("wood")), ("height", Value::Number(height))]), Some(DEFAULT_CANOPY));
        }
        assert_eq!(of(&[("height", Value::Number(12.0))]), None);
    }

    proptest! {
        #[test]
        fn leaves_are_no_more_than_the_way_and_the_same_both_ways(
            ax in -120.0..120.0f32, ay in -120.0..120.0f32, az in 0.5..60.0f32,
            bx in -120.0..120.0f32, by in -120.0..120.0f32, bz in 0.5..60.0f32, height in 1.0..40.0f32,
        ) {
            let wood = canopy(height).expect("a wood");
            let (a, b) = (Vec3::new(ax, ay, az), Vec3::new(bx, by, bz));
            let (there, back) = (wood.metres(a, b), wood.metres(b, a));
            prop_assert!((there - back).abs() < 0.02, "{there} m there, {back} m back");
            prop_assert!(there <= a.distance(b) * 1.001);
            // Over a box the part of a way is known exactly.
            let (mut from, mut to) = (0.0f32, 1.0f32);
            for (p, q, low, high) in [(ax, bx, -20.0, 20.0), (ay, by, -60.0, 60.0), (az, bz, -1.0, height)] {
                let (s, e) = ((low - p) / (q - p), (high - p) / (q - p));
                from = from.max(s.min(e));
                to = to.min(s.max(e));
            }
            let expected = (to - from).max(0.0) * a.distance(b);
            prop_assert!((there - expected).abs() < 0.02, "{there} m for {expected}");
        }
    }
}
