//! A box on the map, in degrees: what an archive covers, or the part of a source that is asked for.

use super::{LocalFrame, LonLat};
use geo::{Rect, coord};
use glam::DVec2;
use serde::{Deserialize, Serialize};

/// Length of a degree of latitude at the equator, where it is shortest, metres (WGS 84).
const METRES_A_DEGREE: f64 = 110_574.0;

/// A box on the map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Area {
    /// South-west corner.
    pub min: LonLat,
    /// North-east corner.
    pub max: LonLat,
}

impl Area {
    /// The box between two corners; `None` where it is empty or lies off the globe.
    pub fn between(min: LonLat, max: LonLat) -> Option<Self> {
        let sound = min.is_valid() && max.is_valid() && min.lon < max.lon && min.lat < max.lat;
        // The poles have no east, so no local frame either.
        (sound && min.lat > -89.0 && max.lat < 89.0).then_some(Self { min, max })
    }

    /// The square of `radius` metres around a position.
    pub fn around(centre: LonLat, radius: f64) -> Option<Self> {
        let frame = LocalFrame::new(centre);
        let sound = centre.is_valid() && centre.lat.abs() < 89.0 && (1.0..=100_000.0).contains(&radius);
        sound.then(|| Self::between(frame.to_lonlat(DVec2::splat(-radius)), frame.to_lonlat(DVec2::splat(radius))))?
    }

    /// Whether a position lies in it.
    pub fn contains(&self, p: LonLat) -> bool {
        p.lon >= self.min.lon && p.lon <= self.max.lon && p.lat >= self.min.lat && p.lat <= self.max.lat
    }

    /// Whether it and a box in degrees have a point in common.
    pub fn touches(&self, other: Rect<f64>) -> bool {
        let (low, high) = (other.min(), other.max());
        low.x <= self.max.lon && high.x >= self.min.lon && low.y <= self.max.lat && high.y >= self.min.lat
    }

    /// The box that holds both.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            min: LonLat::new(self.min.lon.min(other.min.lon), self.min.lat.min(other.min.lat)),
            max: LonLat::new(self.max.lon.max(other.max.lon), self.max.lat.max(other.max.lat)),
        }
    }

    /// The box around it that reaches `metres` further to every side, up to the poles and the date line.
    #[must_use]
    pub fn grown(self, metres: f64) -> Self {
        let north = metres / METRES_A_DEGREE;
        let furthest = self.min.lat.abs().max(self.max.lat.abs());
        let east = north / furthest.to_radians().cos().max(0.01);
        Self {
            min: LonLat::new((self.min.lon - east).max(-180.0), (self.min.lat - north).max(-90.0)),
            max: LonLat::new((self.max.lon + east).min(180.0), (self.max.lat + north).min(90.0)),
        }
    }

    /// Its middle.
    pub fn middle(&self) -> LonLat {
        LonLat::new(f64::midpoint(self.min.lon, self.max.lon), f64::midpoint(self.min.lat, self.max.lat))
    }

    /// The box in local metres that holds its corners.
    pub fn local(&self, frame: &LocalFrame) -> Rect<f64> {
        let (min, max) = (self.min, self.max);
        let corners = [min, max, LonLat::new(min.lon, max.lat), LonLat::new(max.lon, min.lat)];
        let corners = corners.map(|p| frame.to_local(p));
        let low = corners.into_iter().fold(DVec2::INFINITY, DVec2::min);
        let high = corners.into_iter().fold(DVec2::NEG_INFINITY, DVec2::max);
        Rect::new(coord! { x: low.x, y: low.y }, coord! { x: high.x, y: high.y })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_around_a_position_has_the_side_asked_for() {
        let centre = LonLat::new(24.94, 60.17);
        let area = Area::around(centre, 500.0).expect("a square");
        let local = area.local(&LocalFrame::new(centre));
        assert!((local.width() - 1000.0).abs() < 0.2 && (local.height() - 1000.0).abs() < 0.2, "{local:?}");
        assert!(area.contains(centre));
    }

    #[test]
    fn empty_and_impossible_areas_are_refused() {
        let at = LonLat::new;
        assert_eq!(Area::between(at(1.0, 1.0), at(1.0, 2.0)), None);
        assert_eq!(Area::between(at(f64::NAN, 1.0), at(2.0, 2.0)), None);
        assert_eq!(Area::around(at(0.0, 90.0), 100.0), None);
        assert_eq!(Area::around(at(0.0, 0.0), f64::INFINITY), None);
    }
}
