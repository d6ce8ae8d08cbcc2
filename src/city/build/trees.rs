//! Trees and rows of trees as areas: the ground that their crowns cover.

use super::draft::Shape;
use crate::geodesy::{LocalFrame, LonLat};
use geo::{Coord, LineString, MultiPolygon, Polygon};
use glam::DVec2;
use std::f64::consts::TAU;

/// Corners of a crown.
const CORNERS: u32 = 6;
/// A piece of a row longer than this is a mistake, metres.
const LONGEST: f64 = 2_000.0;

/// What crowns `width` metres across cover: over a point, or all along lines. Areas stay as they are. Between the corners of a
/// row there are strips, which overlap where it bends. Positions are degrees; those that are not on the
/// earth have no crown.
pub fn under_crowns(shape: Shape, width: f64) -> Shape {
    let cover = match shape {
        Shape::Area(_) => return shape,
        Shape::Point(at) => crown(at, width).into_iter().collect(),
        Shape::Lines(lines) => lines.iter().flat_map(|line| row(line, width)).collect(),
    };
    Shape::Area(MultiPolygon::new(cover))
}

/// A hexagon of the area of a round crown.
fn crown(at: Coord<f64>, width: f64) -> Option<Polygon<f64>> {
    let frame = frame_at(at)?;
    let share = TAU / f64::from(CORNERS);
    let radius = 0.5 * width * (share / share.sin()).sqrt();
    let corner = |i: u32| degrees(&frame, radius * DVec2::from_angle(f64::from(i) * share));
    Some(Polygon::new((0..CORNERS).map(corner).collect(), Vec::new()))
}

/// The strips along a line, one a piece.
fn row(line: &LineString<f64>, width: f64) -> impl Iterator<Item = Polygon<f64>> {
    line.lines().filter_map(move |piece| {
        let (frame, _) = (frame_at(piece.start)?, frame_at(piece.end)?);
        let end = frame.to_local(LonLat::new(piece.end.x, piece.end.y));
        if end.length() > LONGEST {
            return None;
        }
        let aside = 0.5 * width * end.try_normalize()?.perp();
        let corners = [aside, end + aside, end - aside, -aside].map(|p| degrees(&frame, p));
        Some(Polygon::new(LineString::from(corners.to_vec()), Vec::new()))
    })
}

fn frame_at(at: Coord<f64>) -> Option<LocalFrame> {
    // Where metres have no longitude there are no trees.
    let at = Some(LonLat::new(at.x, at.y)).filter(|at| at.is_valid() && at.lat.abs() < 85.0)?;
    Some(LocalFrame::new(at))
}

fn degrees(frame: &LocalFrame, p: DVec2) -> Coord<f64> {
    let at = frame.to_lonlat(p);
    Coord { x: at.lon, y: at.lat }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Area, MapCoords};

    const HERE: Coord<f64> = Coord { x: 24.94, y: 60.17 };

    /// Square metres of what is covered.
    fn area(shape: &Shape) -> f64 {
        let frame = frame_at(HERE).expect("a frame");
        let Shape::Area(cover) = shape else { panic!("no area") };
        cover.map_coords(|c| frame.to_local(LonLat::new(c.x, c.y)).to_array().into()).unsigned_area()
    }

    #[test]
    fn a_crown_covers_the_area_of_its_circle_and_a_row_a_strip() {
        let tree = under_crowns(Shape::Point(HERE), 6.0);
        assert!((area(&tree) - 9.0 * std::f64::consts::PI).abs() < 1e-3, "{}", area(&tree));
        let frame = frame_at(HERE).expect("a frame");
        let line = [[0.0, 0.0], [30.0, 40.0], [30.0, 90.0]].map(|p| degrees(&frame, p.into()));
        let row = under_crowns(Shape::Lines(vec![LineString::from(line.to_vec())]), 4.0);
        assert!((area(&row) - 400.0).abs() < 1e-2, "{}", area(&row));
    }

    #[test]
    fn trees_that_are_nowhere_cover_nothing() {
        for (x, y) in [(f64::NAN, 1.0), (400.0, 1.0), (1.0, 89.9), (1.0, f64::INFINITY)] {
            assert_eq!(area(&under_crowns(Shape::Point(Coord { x, y }), 6.0)), 0.0);
            let line = LineString::from(vec![HERE, HERE, Coord { x, y }]);
            let cover = under_crowns(Shape::Lines(vec![line]), 6.0);
            let Shape::Area(cover) = cover else { panic!("no area") };
            assert!(cover.0.is_empty(), "{cover:?}");
        }
    }
}
