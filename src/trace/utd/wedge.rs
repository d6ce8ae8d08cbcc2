//! The straight wedge, and the way of a ray over its edge.

use glam::{DVec2, DVec3};
use std::f64::consts::{PI, TAU};

/// Edges shorter, and points nearer to the edge's line than this, metres, diffract nothing: they have no direction.
const LEAST_LENGTH: f64 = 1e-6;
/// How far inside of a face, in radians, a point still counts as on it: rounding of points that lie on a face.
const ON_FACE: f64 = 1e-9;

/// Where two flat faces meet. Angles φ go about the edge from face 0, at φ = 0, through the air to face n, at φ = nπ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wedge {
    start: DVec3,
    along: DVec3,
    length: f64,
    tangent: DVec3,
    normal: DVec3,
    n: f64,
}

/// The way from one point to another over an edge, by Keller's law of equal angles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ray {
    /// Where it meets the edge.
    pub point: DVec3,
    /// Unit direction towards the edge.
    pub incoming: DVec3,
    /// Unit direction away from the edge.
    pub outgoing: DVec3,
    /// s′: metres to the edge.
    pub before: f64,
    /// s: metres from the edge.
    pub after: f64,
    /// sin β₀ of the angle between ray and edge, the same on both sides.
    pub sin_beta: f64,
    /// φ′: angle of where it comes from, radians.
    pub phi_in: f64,
    /// φ: angle of where it goes to, radians.
    pub phi_out: f64,
}

impl Ray {
    /// L = s s′ sin²β₀/(s + s′), the distance parameter of a spherical wave, metres (Kouyoumjian and Pathak 1974).
    pub fn distance_parameter(&self) -> f64 {
        self.before * self.after / (self.before + self.after) * self.sin_beta.powi(2)
    }
}

/// A point as an edge sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beside {
    /// How far along the edge, metres from its start.
    pub along: f64,
    /// How far from the edge's line, metres.
    pub aside: f64,
}

impl Beside {
    /// Where the way between two points over the edge's line meets it, metres from the edge's start: unfolded about the
    /// edge into one plane it is a straight line, which makes the angles on both sides equal (Keller 1962).
    #[inline]
    pub fn crossing(self, other: Self) -> f64 {
        (self.along * other.aside + other.along * self.aside) / (self.aside + other.aside)
    }
}

impl Wedge {
    /// The wedge along the segment `ends` whose face 0 extends from the edge along `tangent` and has the outward
    /// `normal`; both need only roughly be at right angles to the edge and to each other. `n`π is the angle of the air:
    /// 3/2 at a building's corner, 2 at a thin sheet.
    ///
    /// `None` for n outside of 1–2 (an inner corner sends rays on by repeated reflection: the theory of one wedge, whose
    /// optical field has at most one reflection, does not hold), for an edge without length, and for vectors that span no
    /// plane or are not finite.
    pub fn new(ends: [DVec3; 2], tangent: DVec3, normal: DVec3, n: f64) -> Option<Self> {
        let [start, end] = ends;
        let length = start.distance(end);
        if !(length.is_finite() && length > LEAST_LENGTH && (1.0..=2.0).contains(&n)) {
            return None;
        }
        let along = (end - start) / length;
        let tangent = tangent.reject_from_normalized(along).try_normalize()?;
        let normal = normal.reject_from_normalized(along).reject_from_normalized(tangent).try_normalize()?;
        Some(Self { start, along, length, tangent, normal, n })
    }

    /// Angle of the air as a share of π.
    pub fn n(&self) -> f64 {
        self.n
    }

    /// Unit direction of the edge.
    pub fn along(&self) -> DVec3 {
        self.along
    }

    /// Both ends of the edge.
    pub fn ends(&self) -> [DVec3; 2] {
        [self.start, self.start + self.along * self.length]
    }

    /// Unit directions from the edge into face 0 and into face n.
    pub fn tangents(&self) -> [DVec3; 2] {
        let (sin, cos) = (self.n * PI).sin_cos();
        [self.tangent, self.tangent * cos + self.normal * sin]
    }

    /// Unit normals of face 0 and of face n, into the air.
    pub fn normals(&self) -> [DVec3; 2] {
        let (sin, cos) = (self.n * PI).sin_cos();
        [self.normal, self.tangent * sin - self.normal * cos]
    }

    /// Its length, metres.
    pub fn length(&self) -> f64 {
        self.length
    }

    /// The point so many metres from its start.
    pub fn at(&self, along: f64) -> DVec3 {
        self.start + self.along * along
    }

    /// A point as this edge sees it.
    #[inline]
    pub fn beside(&self, point: DVec3) -> Beside {
        let from_start = point - self.start;
        let along = from_start.dot(self.along);
        Beside { along, aside: DVec2::new(from_start.dot(self.tangent), from_start.dot(self.normal)).length() }
    }

    /// Whether `point` is in the air before the wedge, or on a face: not behind both faces.
    #[inline]
    pub fn is_open_to(&self, point: DVec3) -> bool {
        let from_start = point - self.start;
        from_start.dot(self.normal) >= 0.0 || from_start.dot(self.normals()[1]) >= 0.0
    }

    /// The way from `from` over the edge to `to`, by equal angles ([`Beside::crossing`]).
    ///
    /// `None` where that point is not on the edge, where `from` or `to` lies inside the wedge or on the edge's line, and
    /// for what is not finite.
    pub fn ray(&self, from: DVec3, to: DVec3) -> Option<Ray> {
        let (z_in, r_in, phi_in) = self.cylindrical(from)?;
        let (z_out, r_out, phi_out) = self.cylindrical(to)?;
        let [ahead, behind] = [(z_in, r_in), (z_out, r_out)].map(|(along, aside)| Beside { along, aside });
        let z = ahead.crossing(behind);
        if !(0.0..=self.length).contains(&z) {
            return None;
        }
        let point = self.start + self.along * z;
        let (before, after) = (from.distance(point), to.distance(point));
        let (incoming, outgoing) = ((point - from) / before, (to - point) / after);
        let sin_beta = (r_in + r_out) / (before + after);
        Some(Ray { point, incoming, outgoing, before, after, sin_beta, phi_in, phi_out })
    }

    /// The angle φ at which `point` stands, if it is in the air before the wedge.
    pub fn angle(&self, point: DVec3) -> Option<f64> {
        self.cylindrical(point).map(|(_, _, phi)| phi)
    }

    /// Metres along the edge, metres from its line, and φ within 0–nπ.
    fn cylindrical(&self, point: DVec3) -> Option<(f64, f64, f64)> {
        let from_start = point - self.start;
        let z = from_start.dot(self.along);
        let (x, y) = (from_start.dot(self.tangent), from_start.dot(self.normal));
        let r = x.hypot(y);
        if !(r > LEAST_LENGTH && r.is_finite() && z.is_finite()) {
            return None;
        }
        let phi = y.atan2(x).rem_euclid(TAU);
        let open = self.n * PI;
        if phi <= open {
            Some((z, r, phi))
        } else if phi - open < ON_FACE {
            Some((z, r, open))
        } else {
            (TAU - phi < ON_FACE).then_some((z, r, 0.0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn corner(n: f64) -> Wedge {
        Wedge::new([DVec3::NEG_Z * 50.0, DVec3::Z * 50.0], DVec3::X, DVec3::Y, n).expect("a wedge")
    }

    fn at(r: f64, phi: f64, z: f64) -> DVec3 {
        DVec3::new(r * phi.cos(), r * phi.sin(), z)
    }

    proptest! {
        #[test]
        fn the_way_over_an_edge_keeps_its_angle_and_is_the_shortest(
            a in (0.1..100.0f64, 0.01..1.5f64, -40.0..40.0f64),
            b in (0.1..100.0f64, 0.01..1.5f64, -40.0..40.0f64),
        ) {
            let (from, to) = (at(a.0, a.1 * PI, a.2), at(b.0, b.1 * PI, b.2));
            let ray = corner(1.5).ray(from, to).expect("a way");
            prop_assert!((ray.incoming.z - ray.outgoing.z).abs() < 1e-9);
            prop_assert!((ray.incoming.z.hypot(ray.sin_beta) - 1.0).abs() < 1e-9);
            for z in [-1.0, 1.0] {
                let other = ray.point + DVec3::Z * z * 0.1;
                prop_assert!(from.distance(other) + to.distance(other) > ray.before + ray.after);
            }
            prop_assert!((ray.phi_in - a.1 * PI).abs() < 1e-9 && (ray.phi_out - b.1 * PI).abs() < 1e-9);
        }
    }

    #[test]
    fn what_has_no_way_over_the_edge_has_none() {
        let wedge = corner(1.5);
        let user = at(10.0, 4.0, 0.0);
        let none = |from, to| assert_eq!(wedge.ray(from, to), None);
        none(at(10.0, 1.0, 200.0), user); // past its end
        none(at(10.0, 5.5, 0.0), user); // inside
        none(DVec3::Z, user); // on the edge
        none(user, DVec3::Z * 400.0); // on its line
        none(DVec3::NAN, user);
        none(user, DVec3::INFINITY);
        assert!(wedge.ray(at(10.0, 0.0, 0.0), user).is_some(), "on a face");
        assert!(wedge.ray(user, user).is_some(), "back to where it came from");
    }

    #[test]
    fn what_is_no_wedge_is_refused() {
        let ends = [DVec3::ZERO, DVec3::Z];
        let none = |ends, tangent, normal, n| assert_eq!(Wedge::new(ends, tangent, normal, n), None);
        none([DVec3::ZERO; 2], DVec3::X, DVec3::Y, 1.5);
        none(ends, DVec3::Z, DVec3::Y, 1.5);
        none(ends, DVec3::X, DVec3::X, 1.5);
        none(ends, DVec3::X, DVec3::ZERO, 1.5);
        none(ends, DVec3::NAN, DVec3::Y, 1.5);
        none([DVec3::NAN, DVec3::Z], DVec3::X, DVec3::Y, 1.5);
        for n in [0.5, 2.1, f64::NAN, f64::INFINITY] {
            none(ends, DVec3::X, DVec3::Y, n);
        }
    }

    #[test]
    fn its_faces_look_into_the_air() {
        let wedge = corner(1.5);
        let [_, tangent] = wedge.tangents();
        let [_, normal] = wedge.normals();
        assert!(tangent.distance(DVec3::NEG_Y) < 1e-12 && normal.distance(DVec3::NEG_X) < 1e-12);
    }
}
