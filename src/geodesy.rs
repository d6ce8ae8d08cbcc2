//! Where things are: WGS-84 longitude and latitude, local east-north-up metres, and Web-Mercator tiles.
//!
//! Local coordinates are those of the tangent plane at a reference point (an exact ellipsoidal projection through
//! earth-centred coordinates), so a distance of 3 km is right to well under 0.1 m.

mod area;

pub use area::Area;

use geo::Rect;
use glam::{DVec2, DVec3};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// WGS-84 semi-major axis, metres (EPSG:7030).
const SEMI_MAJOR: f64 = 6_378_137.0;
/// WGS-84 flattening (EPSG:7030).
const FLATTENING: f64 = 1.0 / 298.257_223_563;
/// First eccentricity squared.
const ECC2: f64 = FLATTENING * (2.0 - FLATTENING);
/// The latitude at which Web Mercator becomes a square, degrees.
pub const MERCATOR_MAX_LAT: f64 = 85.051_128_779_806_59;

/// A position on the WGS-84 ellipsoid, in degrees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LonLat {
    /// Longitude, degrees east.
    pub lon: f64,
    /// Latitude, degrees north.
    pub lat: f64,
}

impl LonLat {
    /// A position from longitude and latitude in degrees.
    pub const fn new(lon: f64, lat: f64) -> Self {
        Self { lon, lat }
    }

    /// Whether both numbers are finite and within the range of the globe.
    pub fn is_valid(self) -> bool {
        self.lon.is_finite() && self.lat.is_finite() && self.lon.abs() <= 180.0 && self.lat.abs() <= 90.0
    }

    /// Web-Mercator position in the unit square: x east from the antimeridian, y south from the north edge.
    pub fn to_mercator(self) -> DVec2 {
        let lat = self.lat.clamp(-MERCATOR_MAX_LAT, MERCATOR_MAX_LAT).to_radians();
        DVec2::new((self.lon + 180.0) / 360.0, 0.5 - (PI / 4.0 + lat / 2.0).tan().ln() / (2.0 * PI))
    }

    /// The inverse of [`LonLat::to_mercator`].
    pub fn from_mercator(unit: DVec2) -> Self {
        let lat = 2.0 * ((0.5 - unit.y) * 2.0 * PI).exp().atan() - PI / 2.0;
        Self::new(unit.x * 360.0 - 180.0, lat.to_degrees())
    }

    /// Earth-centred, earth-fixed metres of the point `height` metres above the ellipsoid.
    fn to_ecef(self, height: f64) -> DVec3 {
        let (lat, lon) = (self.lat.to_radians(), self.lon.to_radians());
        let n = SEMI_MAJOR / (1.0 - ECC2 * lat.sin().powi(2)).sqrt();
        DVec3::new(
            (n + height) * lat.cos() * lon.cos(),
            (n + height) * lat.cos() * lon.sin(),
            (n * (1.0 - ECC2) + height) * lat.sin(),
        )
    }
}

/// A Web-Mercator tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    /// Zoom level.
    pub z: u8,
    /// Column, eastwards.
    pub x: u32,
    /// Row, southwards.
    pub y: u32,
}

impl Tile {
    /// The tile at zoom `z` that holds `p`.
    pub fn containing(p: LonLat, z: u8) -> Self {
        let n = f64::from(1u32 << z);
        let m = p.to_mercator() * n;
        let last = (1u32 << z) - 1;
        Self { z, x: (m.x.max(0.0) as u32).min(last), y: (m.y.max(0.0) as u32).min(last) }
    }

    /// The position of a point of this tile, given as fractions east and south of its north-west corner.
    pub fn to_lonlat(self, east: f64, south: f64) -> LonLat {
        let n = f64::from(1u32 << self.z);
        LonLat::from_mercator(DVec2::new((f64::from(self.x) + east) / n, (f64::from(self.y) + south) / n))
    }

    /// Where `p` lies in this tile, as fractions east and south of its north-west corner (outside 0–1 when beyond it).
    pub fn fraction(self, p: LonLat) -> DVec2 {
        let n = f64::from(1u32 << self.z);
        p.to_mercator() * n - DVec2::new(f64::from(self.x), f64::from(self.y))
    }
}

/// The tangent plane at a reference point: east, north (and up) in metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocalFrame {
    origin: LonLat,
    origin_ecef: DVec3,
    east: DVec3,
    north: DVec3,
}

impl LocalFrame {
    /// The frame whose (0, 0) is `origin`.
    pub fn new(origin: LonLat) -> Self {
        let (lat, lon) = (origin.lat.to_radians(), origin.lon.to_radians());
        Self {
            origin,
            origin_ecef: origin.to_ecef(0.0),
            east: DVec3::new(-lon.sin(), lon.cos(), 0.0),
            north: DVec3::new(-lat.sin() * lon.cos(), -lat.sin() * lon.sin(), lat.cos()),
        }
    }

    /// The reference point.
    pub fn origin(&self) -> LonLat {
        self.origin
    }

    /// Metres east and north of the reference point, in its tangent plane.
    pub fn to_local(&self, p: LonLat) -> DVec2 {
        let d = p.to_ecef(0.0) - self.origin_ecef;
        DVec2::new(d.dot(self.east), d.dot(self.north))
    }

    /// Whether `p` lies in a rectangle of local metres.
    pub fn is_within(&self, bounds: Rect<f64>, p: LonLat) -> bool {
        let (low, high) = (bounds.min(), bounds.max());
        let local = self.to_local(p);
        local.x >= low.x && local.x <= high.x && local.y >= low.y && local.y <= high.y
    }

    /// The position on the ellipsoid whose tangent-plane coordinates are `local`: the inverse of
    /// [`LocalFrame::to_local`], within a micrometre for distances up to 50 km.
    pub fn to_lonlat(&self, local: DVec2) -> LonLat {
        let lat0 = self.origin.lat.to_radians();
        let w2 = 1.0 - ECC2 * lat0.sin().powi(2);
        let prime_vertical = SEMI_MAJOR / w2.sqrt();
        let meridional = SEMI_MAJOR * (1.0 - ECC2) / w2.powf(1.5);
        let mut p = self.origin;
        // Newton's method with the derivative at the origin: each round gains several digits at city scale.
        for _ in 0..6 {
            let miss = local - self.to_local(p);
            p.lon += (miss.x / (prime_vertical * lat0.cos())).to_degrees();
            p.lat += (miss.y / meridional).to_degrees();
        }
        p
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MUNICH: LonLat = LonLat::new(11.57552, 48.13802);

    #[test]
    fn a_minute_of_latitude_is_a_nautical_mile_in_munich() {
        // Meridional radius at 48.138° is 6,371,0xx m: one minute of arc = 1853.2 m.
        let frame = LocalFrame::new(MUNICH);
        let north = frame.to_local(LonLat::new(MUNICH.lon, MUNICH.lat + 1.0 / 60.0));
        assert!((north.y - 1853.2).abs() < 0.5, "{north}");
        assert!(north.x.abs() < 1e-6);
    }

    #[test]
    fn the_origin_tile_of_munich_is_known() {
        // Slippy-map tile of Marienplatz at z14.
        assert_eq!(Tile::containing(MUNICH, 14), Tile { z: 14, x: 8718, y: 5685 });
    }

    proptest! {
        #[test]
        fn local_metres_round_trip(x in -20_000.0..20_000.0f64, y in -20_000.0..20_000.0f64, lat in -80.0..80.0f64) {
            let frame = LocalFrame::new(LonLat::new(11.5, lat));
            let back = frame.to_local(frame.to_lonlat(DVec2::new(x, y)));
            prop_assert!((back - DVec2::new(x, y)).length() < 1e-3, "{back}");
        }

        #[test]
        fn mercator_round_trips(lon in -179.9..179.9f64, lat in -85.0..85.0f64) {
            let p = LonLat::new(lon, lat);
            let back = LonLat::from_mercator(p.to_mercator());
            prop_assert!((back.lon - lon).abs() < 1e-9 && (back.lat - lat).abs() < 1e-9);
        }
    }
}
