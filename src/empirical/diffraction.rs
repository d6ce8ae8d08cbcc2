//! Diffraction over rooftops and hills in the vertical plane through both ends.
//!
//! The profile's obstacles are reduced to one equivalent knife edge by Bullington's construction (1947). It follows the
//! whole profile, is continuous through the shadow boundary, and is the same in both directions. The edge's own loss is
//! exact for a single roof; ITU-R P.526-15 § 4.5.1 adds what long profiles with many edges lose on the average.
//!
//! Ground that rises and falls is part of the profile too. What even ground would cost is taken off again, as P.526-15
//! § 4.5.3 does with its smooth profile: here that is the straight line between the ground under both ends, and what it
//! does to a link is left to the reflection. So a plane costs nothing, level or tilted, and a ridge costs its edge.

use crate::city::{Crossing, HeightRaster, Terrain};
use glam::Vec3;
use std::cell::Cell;

/// ν below which an edge takes nothing away (ITU-R P.526-15 § 4.1).
const CLEARANCE: f32 = -0.78;

/// How much of the way is looked at roof by roof first, metres: where a low antenna's own street ends.
const NEAR: f32 = 30.0;

/// What a slope must be steeper than that of the straight line to hide for sure, whatever the rounding.
const SURELY: f32 = 1e-4;

/// Loss of a single knife edge, dB: J(ν) of ITU-R P.526-15 eq. 31; 0 for ν ≤ −0.78.
pub fn knife_edge_loss(nu: f32) -> f32 {
    if nu <= CLEARANCE {
        return 0.0;
    }
    let v = nu - 0.1;
    6.9 + 20.0 * ((v * v + 1.0).sqrt() + v).log10()
}

/// What the roofs and hills between two points do to the way from one to the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OverRooftops {
    /// Loss of their equivalent knife edge, dB: 0 where the path has clearance.
    pub loss: f32,
    /// Where Bullington's equivalent edge stands; `None` with line of sight.
    pub edge: Option<Vec3>,
}

impl OverRooftops {
    /// The loss by ITU-R P.526-15 § 4.5.1, dB: the equivalent edge's and its correction for what the other edges of a
    /// profile of `distance` metres take, up to 10 dB.
    pub fn bullington(&self, distance: f32) -> f32 {
        self.loss + (1.0 - (-self.loss / 6.0).exp()) * (10.0 + 0.02 * distance / 1000.0)
    }

    /// Where the way is bent; `None` where nothing is in it.
    pub fn bend(&self) -> Option<Vec3> {
        self.edge.filter(|_| self.loss > 0.0)
    }
}

/// The way from `a` to `b` over roofs and hills. `wavelength` in metres.
pub fn over_rooftops(raster: &HeightRaster, a: Vec3, b: Vec3, wavelength: f32) -> OverRooftops {
    let distance = a.truncate().distance(b.truncate());
    if distance < f32::EPSILON {
        return OverRooftops { loss: 0.0, edge: None };
    }
    let link = Link { a, b, distance, wavelength };
    let (loss, edges) = if let Some(ground) = &raster.ground {
        over_ground(raster, ground, &link)
    } else {
        let edges = roofs(raster, &link);
        (knife_edge_loss(edges.nu(&link)), edges)
    };
    let stands = |da: f32| a.truncate().lerp(b.truncate(), da / distance).extend(a.z + edges.from_a * da);
    // Where lines of sight only graze an edge they meet nowhere between the ends, by rounding.
    let between = |da: &f32| *da > 0.0 && *da < distance;
    OverRooftops { loss, edge: edges.equivalent(&link).filter(between).map(stands) }
}

/// Loss in dB of the equivalent knife edge of the roofs and hills between `a` and `b`, 0 where the path has clearance.
/// `wavelength` in metres.
pub fn rooftop_loss(raster: &HeightRaster, a: Vec3, b: Vec3, wavelength: f32) -> f32 {
    over_rooftops(raster, a, b, wavelength).loss
}

/// Both ends of a path.
struct Link {
    a: Vec3,
    b: Vec3,
    /// Between them along the ground, metres.
    distance: f32,
    wavelength: f32,
}

/// The edges of a profile, as far as Bullington's construction asks: the steepest slopes from both ends, and the highest ν
/// of a single edge.
#[derive(Clone, Copy)]
struct Edges {
    from_a: f32,
    from_b: f32,
    nu_max: f32,
}

impl Edges {
    const NONE: Self = Self { from_a: f32::NEG_INFINITY, from_b: f32::NEG_INFINITY, nu_max: f32::NEG_INFINITY };

    /// Adds an edge at `t` of the way, `top` metres above the local datum.
    fn add(&mut self, link: &Link, t: f32, top: f32) {
        let Link { a, b, distance, wavelength } = link;
        let (da, db) = (t * distance, (1.0 - t) * distance);
        // An edge closer than a wavelength to an end is the end's own roof or wall.
        if da > *wavelength && db > *wavelength {
            self.from_a = self.from_a.max((top - a.z) / da);
            self.from_b = self.from_b.max((top - b.z) / db);
            let excess = top - (a.z + (b.z - a.z) * t);
            self.nu_max = self.nu_max.max(excess * (2.0 * distance / (wavelength * da * db)).sqrt());
        }
    }

    /// Whether a roof that is no higher than `block` says might change the loss, wherever in that part of the way it stands.
    fn may_change(&self, link: &Link, block: Crossing) -> bool {
        let Link { a, b, distance, wavelength } = link;
        let Crossing { from, to, top } = block;
        if top <= 0.0 {
            return false;
        }
        // The steepest slope is that of the nearer end if the roof is above, of the farther end if it is below.
        let steepest = |rise: f32, near: f32, far: f32| rise / if rise > 0.0 { near } else { far };
        if steepest(top - a.z, from * distance, to * distance) > self.from_a
            || steepest(top - b.z, (1.0 - to) * distance, (1.0 - from) * distance) > self.from_b
        {
            return true;
        }
        let slope = (b.z - a.z) / distance;
        if self.from_a > slope + SURELY {
            return false;
        }
        let excess = top - a.z - slope * distance * if slope > 0.0 { from } else { to };
        let spread = |t: f32| t * (1.0 - t);
        let middle = 0.5f32.clamp(from, to);
        let spread = if excess > 0.0 { spread(from).min(spread(to)) } else { spread(middle) };
        excess * (2.0 / (wavelength * distance * spread)).sqrt() > self.nu_max.max(CLEARANCE)
    }

    /// How far from `a` Bullington's equivalent edge stands: where the steepest lines of sight from both ends meet (§ 4.5.1,
    /// with the flat earth of a city). `None` with line of sight.
    fn equivalent(&self, Link { a, b, distance, .. }: &Link) -> Option<f32> {
        let blocked = self.from_a >= (b.z - a.z) / distance;
        blocked.then(|| (b.z - a.z + self.from_b * distance) / (self.from_a + self.from_b))
    }

    /// ν of the equivalent edge, or with line of sight of the edge of the highest ν; −∞ where there is no edge.
    fn nu(&self, link: &Link) -> f32 {
        let Link { a, b, distance, wavelength } = link;
        let Some(da) = self.equivalent(link) else { return self.nu_max };
        let db = distance - da;
        // Lines of sight that only graze an edge meet nowhere between the ends, by rounding.
        if !(self.from_a + self.from_b > 0.0 && da > 0.0 && db > 0.0) {
            return self.nu_max;
        }
        let excess = a.z + self.from_a * da - (a.z * db + b.z * da) / distance;
        excess * (2.0 * distance / (wavelength * da * db)).sqrt()
    }
}

/// The edges of the roofs alone. What decides stands mostly near the ends, so the search begins there; of blocks whose
/// highest roof would change nothing wherever in them it stood, no roof is looked at.
fn roofs(raster: &HeightRaster, link: &Link) -> Edges {
    let edges = Cell::new(Edges::NONE);
    let add = |c: Crossing| {
        if c.top > 0.0 {
            let mut all = edges.get();
            all.add(link, f32::midpoint(c.from, c.to), c.top);
            edges.set(all);
        }
    };
    let (a, b) = (link.a.truncate(), link.b.truncate());
    raster.walk(a, b, |c| {
        add(c);
        c.to * link.distance < NEAR
    });
    let seen_from_a = |c: Crossing| Crossing { from: 1.0 - c.to, to: 1.0 - c.from, ..c };
    raster.walk_where(b, a, |c| edges.get().may_change(link, seen_from_a(c)), |c| add(seen_from_a(c)));
    edges.get()
}

/// What roofs and ground cost more than even ground would, and no less than the roofs alone; and the edges of both.
fn over_ground(raster: &HeightRaster, ground: &Terrain, link: &Link) -> (f32, Edges) {
    let (a, b) = (link.a.truncate(), link.b.truncate());
    let (under_a, under_b) = (ground.at(a), ground.at(b));
    let (mut roofs, mut all, mut even) = (Edges::NONE, Edges::NONE, Edges::NONE);
    raster.walk(a, b, |c| {
        let t = f32::midpoint(c.from, c.to);
        let height = ground.at(a.lerp(b, t));
        if c.top > height {
            roofs.add(link, t, c.top);
        }
        all.add(link, t, c.top.max(height));
        even.add(link, t, under_a + (under_b - under_a) * t);
        true
    });
    let [of_roofs, of_all, of_even] = [roofs.nu(link), all.nu(link), even.nu_max].map(knife_edge_loss);
    (of_roofs.max(of_all - of_even), all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::polygon;
    use glam::DVec2;
    use proptest::prelude::*;

    #[test]
    fn grazing_costs_six_decibels() {
        assert!((knife_edge_loss(0.0) - 6.03).abs() < 0.01);
        assert!((knife_edge_loss(1.0) - 13.93).abs() < 0.05);
        assert_eq!(knife_edge_loss(-0.8), 0.0);
    }

    fn street(height: f32) -> HeightRaster {
        let mut r = HeightRaster::level(DVec2::ZERO, 1.0, [200, 20]);
        r.raise(&polygon![(x: 90.0, y: 0.0), (x: 110.0, y: 0.0), (x: 110.0, y: 20.0), (x: 90.0, y: 20.0)], height);
        r
    }

    #[test]
    fn an_open_field_costs_nothing() {
        let r = street(0.0);
        assert_eq!(rooftop_loss(&r, Vec3::new(5.0, 10.0, 20.0), Vec3::new(195.0, 10.0, 1.5), 0.1), 0.0);
    }

    #[test]
    fn one_thin_roof_costs_exactly_its_knife_edge() {
        let mut r = HeightRaster::level(DVec2::ZERO, 1.0, [200, 20]);
        r.raise(&polygon![(x: 100.0, y: 0.0), (x: 101.0, y: 0.0), (x: 101.0, y: 20.0), (x: 100.0, y: 20.0)], 20.0);
        let (a, b) = (Vec3::new(5.5, 10.2, 25.0), Vec3::new(190.5, 10.2, 1.5));
        let (da, db) = (95.0, 90.0);
        let excess = 20.0 - (25.0 * db + 1.5 * da) / 185.0;
        let nu = excess * (2.0f32 * 185.0 / (0.1 * da * db)).sqrt();
        let loss = rooftop_loss(&r, a, b, 0.1);
        assert!((loss - knife_edge_loss(nu)).abs() < 1e-3, "{loss} at ν = {nu}");
        let more = over_rooftops(&r, a, b, 0.1).bullington(a.truncate().distance(b.truncate())) - loss;
        assert!((9.0..10.1).contains(&more), "{more}");
    }

    /// Blocks of roofs of many heights, and streets between them.
    fn town(seed: u32) -> HeightRaster {
        let mut state = seed | 1;
        let mut unit = move || {
            state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
            (state >> 8) as f32 / (1u32 << 24) as f32
        };
        let mut r = HeightRaster::level(DVec2::ZERO, 2.0, [150, 99]);
        for _ in 0..60 {
            let (x, y) = (f64::from(unit()) * 290.0, f64::from(unit()) * 190.0);
            let (w, h) = (f64::from(unit()) * 40.0 + 3.0, f64::from(unit()) * 25.0 + 3.0);
            r.raise(&polygon![(x: x, y: y), (x: x + w, y: y), (x: x + w, y: y + h), (x: x, y: y + h)], unit() * 35.0);
        }
        r
    }

    proptest! {
        #[test]
        fn blocks_that_are_passed_over_change_nothing(seed: u32, ax in -20.0..320.0f32, ay in -20.0..220.0f32, bx in 0.0..300.0f32, by in 0.0..198.0f32, za in 1.5..60.0f32, zb in 1.5..40.0f32) {
            let r = town(seed);
            let (a, b) = (Vec3::new(ax, ay, za), Vec3::new(bx, by, zb));
            let link = Link { a, b, distance: a.truncate().distance(b.truncate()), wavelength: 0.1 };
            prop_assume!(link.distance > 1.0);
            let (mut every, mut grazes) = (Edges::NONE, false);
            r.walk(a.truncate(), b.truncate(), |c| {
                // A way past the corner of a cell may go either side of it, seen from the other end.
                grazes |= (c.to - c.from) * link.distance < 1e-3;
                if c.top > 0.0 {
                    every.add(&link, f32::midpoint(c.from, c.to), c.top);
                }
                true
            });
            prop_assume!(!grazes);
            let (expected, found) = (knife_edge_loss(every.nu(&link)), rooftop_loss(&r, a, b, 0.1));
            prop_assert!((expected - found).abs() < 0.01, "{expected} {found}");
        }

        #[test]
        fn loss_is_reciprocal(h in 0.0..40.0f32, za in 2.0..40.0f32, zb in 1.5..30.0f32) {
            let r = street(h);
            let (a, b) = (Vec3::new(5.5, 10.2, za), Vec3::new(190.5, 10.7, zb));
            let (ab, ba) = (rooftop_loss(&r, a, b, 0.1), rooftop_loss(&r, b, a, 0.1));
            prop_assert!((ab - ba).abs() < 0.05, "{ab} {ba}");
        }

        #[test]
        fn a_higher_roof_never_helps_and_never_jumps(h in 1.0..39.0f32) {
            let (a, b) = (Vec3::new(5.5, 10.2, 25.0), Vec3::new(190.5, 10.7, 1.5));
            let lower = rooftop_loss(&street(h), a, b, 0.1);
            let higher = rooftop_loss(&street(h + 0.02), a, b, 0.1);
            prop_assert!(higher >= lower - 1e-3 && higher - lower < 1.0, "{h}: {lower} {higher}");
        }
    }
}
