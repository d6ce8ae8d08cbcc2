//! The coordinate systems that elevation models come in, and the way from and to longitude and latitude.
//!
//! Transverse Mercator by Krüger's series to the sixth order in the third flattening (Karney 2011, eq. 7–14 and 35–36),
//! which is exact to nanometres within the zones used here.

use crate::geodesy::LonLat;
use glam::DVec2;
use std::f64::consts::PI;

/// WGS-84 semi-major axis, metres (EPSG:7030).
const SEMI_MAJOR: f64 = 6_378_137.0;
/// WGS-84 flattening (EPSG:7030).
const FLATTENING: f64 = 1.0 / 298.257_223_563;
/// Scale on the central meridian of a UTM zone.
const SCALE: f64 = 0.9996;
/// Easting of the central meridian, metres.
const FALSE_EASTING: f64 = 500_000.0;
/// Northing of the equator in southern zones, metres.
const FALSE_NORTHING: f64 = 10_000_000.0;

/// A coordinate system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crs {
    /// Longitude and latitude in degrees.
    Geographic,
    /// Spherical Mercator of WGS-84 coordinates, metres (EPSG:3857).
    WebMercator,
    /// Universal Transverse Mercator, metres.
    Utm {
        /// 1–60.
        zone: u8,
        /// Whether northings count from 10,000 km south of the equator.
        south: bool,
    },
}

impl Crs {
    /// The system of an EPSG code. ETRS89 and NAD83 count as WGS-84, from which they differ by at most two metres: less
    /// than a cell of any elevation model that is read here.
    pub fn from_epsg(code: u16) -> Option<Self> {
        let utm = |zone: u16, south| Some(Self::Utm { zone: zone as u8, south });
        match code {
            4326 | 4258 | 4269 => Some(Self::Geographic),
            3857 => Some(Self::WebMercator),
            32601..=32660 => utm(code - 32600, false),
            32701..=32760 => utm(code - 32700, true),
            25828..=25838 => utm(code - 25800, false),
            26901..=26923 => utm(code - 26900, false),
            _ => None,
        }
    }

    /// East and north (degrees or metres) of a position.
    pub fn from_lonlat(self, p: LonLat) -> DVec2 {
        match self {
            Self::Geographic => DVec2::new(p.lon, p.lat),
            Self::WebMercator => {
                let unit = p.to_mercator();
                DVec2::new(unit.x - 0.5, 0.5 - unit.y) * 2.0 * PI * SEMI_MAJOR
            }
            Self::Utm { zone, south } => {
                let lon = wrapped(p.lon - central_meridian(zone));
                let on_plane = Kruger::new().forward(lon.to_radians(), p.lat.to_radians());
                on_plane * SCALE + false_origin(south)
            }
        }
    }

    /// The position of coordinates in this system.
    pub fn to_lonlat(self, at: DVec2) -> LonLat {
        match self {
            Self::Geographic => LonLat::new(at.x, at.y),
            Self::WebMercator => {
                let unit = at / (2.0 * PI * SEMI_MAJOR);
                LonLat::from_mercator(DVec2::new(unit.x + 0.5, 0.5 - unit.y))
            }
            Self::Utm { zone, south } => {
                let (lon, lat) = Kruger::new().inverse((at - false_origin(south)) / SCALE);
                LonLat::new(wrapped(lon.to_degrees() + central_meridian(zone)), lat.to_degrees())
            }
        }
    }
}

fn central_meridian(zone: u8) -> f64 {
    f64::from(zone) * 6.0 - 183.0
}

fn false_origin(south: bool) -> DVec2 {
    DVec2::new(FALSE_EASTING, if south { FALSE_NORTHING } else { 0.0 })
}

/// Degrees within ±180.
fn wrapped(degrees: f64) -> f64 {
    (degrees + 180.0).rem_euclid(360.0) - 180.0
}

/// Krüger's series about the central meridian and the equator, at scale 1.
struct Kruger {
    /// Radius of the rectifying sphere, metres.
    radius: f64,
    /// First eccentricity.
    eccentricity: f64,
    alpha: [f64; 6],
    beta: [f64; 6],
}

impl Kruger {
    fn new() -> Self {
        let n = FLATTENING / (2.0 - FLATTENING);
        let powers = [n, n.powi(2), n.powi(3), n.powi(4), n.powi(5), n.powi(6)];
        let series = |c: &[f64]| c.iter().zip(powers.iter().skip(6 - c.len())).map(|(c, p)| c * p).sum::<f64>();
        let alpha = [
            series(&[1.0 / 2.0, -2.0 / 3.0, 5.0 / 16.0, 41.0 / 180.0, -127.0 / 288.0, 7891.0 / 37800.0]),
            series(&[13.0 / 48.0, -3.0 / 5.0, 557.0 / 1440.0, 281.0 / 630.0, -1_983_433.0 / 1_935_360.0]),
            series(&[61.0 / 240.0, -103.0 / 140.0, 15061.0 / 26880.0, 167_603.0 / 181_440.0]),
            series(&[49561.0 / 161_280.0, -179.0 / 168.0, 6_601_661.0 / 7_257_600.0]),
            series(&[34729.0 / 80640.0, -3_418_889.0 / 1_995_840.0]),
            series(&[212_378_941.0 / 319_334_400.0]),
        ];
        let beta = [
            series(&[1.0 / 2.0, -2.0 / 3.0, 37.0 / 96.0, -1.0 / 360.0, -81.0 / 512.0, 96199.0 / 604_800.0]),
            series(&[1.0 / 48.0, 1.0 / 15.0, -437.0 / 1440.0, 46.0 / 105.0, -1_118_711.0 / 3_870_720.0]),
            series(&[17.0 / 480.0, -37.0 / 840.0, -209.0 / 4480.0, 5569.0 / 90720.0]),
            series(&[4397.0 / 161_280.0, -11.0 / 504.0, -830_251.0 / 7_257_600.0]),
            series(&[4583.0 / 161_280.0, -108_847.0 / 3_991_680.0]),
            series(&[20_648_693.0 / 638_668_800.0]),
        ];
        let radius = SEMI_MAJOR / (1.0 + n) * (1.0 + n.powi(2) / 4.0 + n.powi(4) / 64.0 + n.powi(6) / 256.0);
        Self { radius, eccentricity: (FLATTENING * (2.0 - FLATTENING)).sqrt(), alpha, beta }
    }

    /// tan of the conformal latitude from tan of the geographic one (eq. 7–9).
    fn conformal(&self, tau: f64) -> f64 {
        let e = self.eccentricity;
        let sigma = (e * (e * tau / (1.0 + tau * tau).sqrt()).atanh()).sinh();
        tau * (1.0 + sigma * sigma).sqrt() - sigma * (1.0 + tau * tau).sqrt()
    }

    /// East and north, metres, of radians.
    fn forward(&self, lon: f64, lat: f64) -> DVec2 {
        let tau = self.conformal(lat.tan());
        let xi = tau.atan2(lon.cos());
        let eta = (lon.sin() / tau.hypot(lon.cos())).asinh();
        let (mut north, mut east) = (xi, eta);
        for (j, a) in (1..).zip(self.alpha) {
            let k = 2.0 * f64::from(j);
            north += a * (k * xi).sin() * (k * eta).cosh();
            east += a * (k * xi).cos() * (k * eta).sinh();
        }
        DVec2::new(east, north) * self.radius
    }

    /// Longitude and latitude, radians, of east and north, metres.
    fn inverse(&self, at: DVec2) -> (f64, f64) {
        let at = at / self.radius;
        let (mut xi, mut eta) = (at.y, at.x);
        for (j, b) in (1..).zip(self.beta) {
            let k = 2.0 * f64::from(j);
            xi -= b * (k * at.y).sin() * (k * at.x).cosh();
            eta -= b * (k * at.y).cos() * (k * at.x).sinh();
        }
        let conformal = xi.sin() / eta.sinh().hypot(xi.cos());
        let lon = eta.sinh().atan2(xi.cos());
        let (e2, mut tau) = (self.eccentricity.powi(2), conformal);
        // Newton's method (eq. 19–21); two rounds suffice for doubles.
        for _ in 0..5 {
            let miss = conformal - self.conformal(tau);
            let slope = (1.0 + (1.0 - e2) * tau * tau)
                / ((1.0 - e2) * (1.0 + self.conformal(tau).powi(2)).sqrt() * (1.0 + tau * tau).sqrt());
            tau += miss * slope;
        }
        (lon, tau.atan())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Coordinates by PROJ.
    const KNOWN: &[(u16, f64, f64, f64, f64)] = &[
        (32610, -122.41281, 37.80172, 551692.4377, 4183978.1713),
        (32632, 11.57552, 48.13802, 691602.2115, 5334848.9853),
        (32631, 2.29676, 48.87345, 448433.2363, 5413626.3563),
        (32719, -70.6483, -33.4569, 346812.8539, 6296844.2246),
        (32701, -179.9, -10.5, 182543.5116, 8837839.9017),
        (32660, 179.99, 70.25, 612724.3386, 7796521.9129),
        (25835, 24.9384, 60.1699, 385611.3167, 6672118.3802),
        (26910, -123.9, 40.0, 423175.7147, 4428145.0790),
        (3857, -122.41281, 37.80172, -13626931.6758, 4551453.2415),
        (32633, 12.0, 0.0, 166021.4431, 0.0000),
    ];

    #[test]
    fn coordinates_are_those_of_proj_to_a_millimetre() {
        for (code, lon, lat, east, north) in KNOWN {
            let crs = Crs::from_epsg(*code).expect("a known system");
            let found = crs.from_lonlat(LonLat::new(*lon, *lat));
            assert!((found - DVec2::new(*east, *north)).length() < 1e-3, "{found} in {code}");
        }
    }

    #[test]
    fn systems_that_are_not_read_are_no_system() {
        for code in [0, 2056, 27700, 31468, 32600, 32661, 32700, 32761, 32767] {
            assert_eq!(Crs::from_epsg(code), None, "{code}");
        }
    }

    proptest! {
        #[test]
        fn coordinates_lead_back_to_their_position(zone in 1u8..=60, east in -3.5..3.5f64, lat in -80.0..84.0f64, south: bool) {
            let lon = central_meridian(zone) + east;
            for crs in [Crs::Utm { zone, south }, Crs::WebMercator, Crs::Geographic] {
                let back = crs.to_lonlat(crs.from_lonlat(LonLat::new(wrapped(lon), lat)));
                prop_assert!(wrapped(back.lon - lon).abs() < 1e-9 && (back.lat - lat).abs() < 1e-9, "{back:?}");
            }
        }

        #[test]
        fn no_coordinates_are_too_absurd(code in 0u16..=u16::MAX, x: f64, y: f64) {
            if let Some(crs) = Crs::from_epsg(code) {
                let _ = crs.to_lonlat(DVec2::new(x, y));
                let _ = crs.from_lonlat(LonLat::new(x, y));
            }
        }
    }
}
