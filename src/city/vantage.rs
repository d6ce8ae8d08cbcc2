//! Where a first antenna may stand in a city that nobody has looked at yet.

use super::{Building, City};
use crate::geodesy::LonLat;
use geo::{Area, InteriorPoint, Point};
use glam::DVec2;

/// Roofs smaller than this carry no mast, square metres.
const LEAST_ROOF: f64 = 150.0;
/// The share of roofs that are higher than the one chosen, about: above its neighbours, yet no lone tower.
const HIGHER: f64 = 0.1;
/// Height of the antenna above the roof, metres.
const ABOVE: f64 = 3.0;

impl City {
    /// A high roof near the middle, and the height of an antenna on it above the ground, metres. `None` where no roof
    /// is large enough.
    pub fn vantage(&self) -> Option<(LonLat, f64)> {
        let centre = DVec2::new(self.bounds.center().x, self.bounds.center().y);
        let mut roofs: Vec<(&Building, DVec2)> = self
            .buildings
            .iter()
            .filter(|b| b.base <= self.ground_under(&b.footprint) && b.footprint.unsigned_area() >= LEAST_ROOF)
            .filter_map(|b| b.footprint.interior_point().map(|p: Point<f64>| (b, DVec2::new(p.x(), p.y()))))
            .collect();
        let height = |b: &Building| b.top - self.ground_under(&b.footprint);
        roofs.sort_by(|(a, _), (b, _)| height(b).total_cmp(&height(a)));
        let high = roofs.len().min(1 + (roofs.len() as f64 * HIGHER) as usize);
        let near = roofs[..high].iter().min_by(|(_, p), (_, q)| p.distance(centre).total_cmp(&q.distance(centre)))?;
        Some((self.frame.to_lonlat(near.1), f64::from(near.0.top - self.ground_at(near.1)) + ABOVE))
    }
}

#[cfg(test)]
mod tests {
    use crate::city::{Building, City, HeightSource};
    use crate::geodesy::{LocalFrame, LonLat};
    use crate::material::Material;
    use geo::{Contains, Rect, coord, point};

    fn city(roofs: &[(f64, f64, f64, f32)]) -> City {
        let building = |(i, &(x, y, side, top)): (usize, &(f64, f64, f64, f32))| Building {
            id: i as u64,
            footprint: Rect::new(coord! { x: x, y: y }, coord! { x: x + side, y: y + side }).to_polygon(),
            base: 0.0,
            top,
            height_source: HeightSource::Tag,
            wall: Material::Concrete,
            roof: Material::Concrete,
        };
        City {
            name: "test".into(),
            attribution: String::new(),
            frame: LocalFrame::new(LonLat::new(11.0, 48.0)),
            bounds: Rect::new(coord! { x: -500.0, y: -500.0 }, coord! { x: 500.0, y: 500.0 }),
            buildings: roofs.iter().enumerate().map(building).collect(),
            ground: Material::Concrete,
            terrain: None,
            woods: Vec::new(),
        }
    }

    #[test]
    fn a_first_antenna_stands_on_a_high_roof_and_not_on_a_shed() {
        let mut roofs = vec![(0.0, 0.0, 5.0, 90.0), (10.0, 10.0, 20.0, 30.0)];
        roofs.extend((0..20).map(|i| (-400.0 + 30.0 * f64::from(i), 200.0, 20.0, 12.0)));
        let city = city(&roofs);
        let (at, height) = city.vantage().expect("a roof");
        let local = city.frame.to_local(at);
        assert!(city.buildings[1].footprint.contains(&point! { x: local.x, y: local.y }), "{local}");
        assert_eq!(height, 33.0);
    }

    #[test]
    fn without_a_roof_there_is_no_vantage() {
        assert_eq!(city(&[(0.0, 0.0, 4.0, 9.0)]).vantage(), None);
    }
}
