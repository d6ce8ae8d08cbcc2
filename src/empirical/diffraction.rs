//! Diffraction over rooftops in the vertical plane through both ends.
//!
//! The profile's obstacles are reduced to one equivalent knife edge by Bullington's construction (1947). It follows the
//! whole profile, is continuous through the shadow boundary, and is the same in both directions. The edge's own loss is
//! exact for a single roof; ITU-R P.526-15 § 4.5.1 adds what long profiles with many edges lose on the average.

use crate::city::HeightRaster;
use glam::Vec3;

/// ν below which an edge takes nothing away (ITU-R P.526-15 § 4.1).
const CLEARANCE: f32 = -0.78;

/// Loss of a single knife edge, dB: J(ν) of ITU-R P.526-15 eq. 31; 0 for ν ≤ −0.78.
pub fn knife_edge_loss(nu: f32) -> f32 {
    if nu <= CLEARANCE {
        return 0.0;
    }
    let v = nu - 0.1;
    6.9 + 20.0 * ((v * v + 1.0).sqrt() + v).log10()
}

/// Loss in dB of the equivalent knife edge of the roofs between `a` and `b`, 0 where the path has clearance.
/// `wavelength` in metres.
pub fn rooftop_loss(raster: &HeightRaster, a: Vec3, b: Vec3, wavelength: f32) -> f32 {
    knife_edge_loss(equivalent_edge(raster, a, b, wavelength))
}

/// Loss in dB over the roofs between `a` and `b` by ITU-R P.526-15 § 4.5.1: the equivalent edge's and its correction for
/// what the other edges of the profile take, up to 10 dB. `wavelength` in metres.
pub fn bullington_loss(raster: &HeightRaster, a: Vec3, b: Vec3, wavelength: f32) -> f32 {
    let edge = rooftop_loss(raster, a, b, wavelength);
    let kilometres = a.truncate().distance(b.truncate()) / 1000.0;
    edge + (1.0 - (-edge / 6.0).exp()) * (10.0 + 0.02 * kilometres)
}

/// ν of Bullington's equivalent edge between `a` and `b`; −∞ where there is no roof.
///
/// It stands where the steepest lines of sight from both ends meet (§ 4.5.1, with the flat earth of a city). With line
/// of sight the edge of the highest ν counts instead.
fn equivalent_edge(raster: &HeightRaster, a: Vec3, b: Vec3, wavelength: f32) -> f32 {
    let distance = a.truncate().distance(b.truncate());
    if distance < f32::EPSILON {
        return f32::NEG_INFINITY;
    }
    let (mut from_a, mut from_b, mut nu_max) = (f32::NEG_INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY);
    raster.walk(a.truncate(), b.truncate(), |c| {
        let t = f32::midpoint(c.from, c.to);
        let (da, db) = (t * distance, (1.0 - t) * distance);
        // An edge closer than a wavelength to an end is the end's own roof or wall.
        if c.top > 0.0 && da > wavelength && db > wavelength {
            from_a = from_a.max((c.top - a.z) / da);
            from_b = from_b.max((c.top - b.z) / db);
            let excess = c.top - (a.z + (b.z - a.z) * t);
            nu_max = nu_max.max(excess * (2.0 * distance / (wavelength * da * db)).sqrt());
        }
        true
    });
    if from_a < (b.z - a.z) / distance {
        return nu_max;
    }
    let da = (b.z - a.z + from_b * distance) / (from_a + from_b);
    let db = distance - da;
    let excess = a.z + from_a * da - (a.z * db + b.z * da) / distance;
    excess * (2.0 * distance / (wavelength * da * db)).sqrt()
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
        let mut r = HeightRaster { origin: DVec2::ZERO, cell: 1.0, nx: 200, ny: 20, top: vec![0.0; 4000] };
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
        let mut r = HeightRaster { origin: DVec2::ZERO, cell: 1.0, nx: 200, ny: 20, top: vec![0.0; 4000] };
        r.raise(&polygon![(x: 100.0, y: 0.0), (x: 101.0, y: 0.0), (x: 101.0, y: 20.0), (x: 100.0, y: 20.0)], 20.0);
        let (a, b) = (Vec3::new(5.5, 10.2, 25.0), Vec3::new(190.5, 10.2, 1.5));
        let (da, db) = (95.0, 90.0);
        let excess = 20.0 - (25.0 * db + 1.5 * da) / 185.0;
        let nu = excess * (2.0f32 * 185.0 / (0.1 * da * db)).sqrt();
        let loss = rooftop_loss(&r, a, b, 0.1);
        assert!((loss - knife_edge_loss(nu)).abs() < 1e-3, "{loss} at ν = {nu}");
        let more = bullington_loss(&r, a, b, 0.1) - loss;
        assert!((9.0..10.1).contains(&more), "{more}");
    }

    proptest! {
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
