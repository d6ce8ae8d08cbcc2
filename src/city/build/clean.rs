//! The simplest repairs, which outlines and meshes share: repeated corners, and rings without area.

use geo::{Area, LineString, MultiPolygon, Polygon};

/// Corners closer than this are one, metres.
const NEAR: f64 = 1e-3;
/// A courtyard or a part of a building smaller than this is an artefact, square metres.
const LEAST_AREA: f64 = 0.05;

/// What [`clean`] took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repairs {
    /// Corners equal to the one before.
    pub repeated_points: usize,
    /// Parts and courtyards (almost) without area.
    pub slivers: usize,
}

/// Drops corners equal to the one before.
pub fn without_repeated(mut line: LineString<f64>, repairs: &mut Repairs) -> LineString<f64> {
    let before = line.0.len();
    line.0.dedup_by(|a, b| (a.x - b.x).hypot(a.y - b.y) < NEAR);
    repairs.repeated_points += before - line.0.len();
    line
}

/// Drops repeated corners, parts and courtyards without area.
pub fn clean(shape: MultiPolygon<f64>, repairs: &mut Repairs) -> Vec<Polygon<f64>> {
    let mut ring = |line: LineString<f64>| {
        let line = without_repeated(line, repairs);
        let large = Polygon::new(line.clone(), Vec::new()).unsigned_area() > LEAST_AREA;
        repairs.slivers += usize::from(!large);
        large.then_some(line)
    };
    let mut parts = Vec::new();
    for polygon in shape {
        let (exterior, holes) = polygon.into_inner();
        if let Some(exterior) = ring(exterior) {
            parts.push(Polygon::new(exterior, holes.into_iter().filter_map(&mut ring).collect()));
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repairs_are_counted() {
        let line = LineString::from(vec![(0.0, 0.0), (4.0, 0.0), (4.0, 0.0), (4.0, 4.0)]);
        let sliver = LineString::from(vec![(0.0, 0.0), (1.0, 0.0), (2.0, 1e-9)]);
        let mut repairs = Repairs::default();
        let parts = clean(MultiPolygon(vec![Polygon::new(line, vec![]), Polygon::new(sliver, vec![])]), &mut repairs);
        assert_eq!(parts.len(), 1);
        assert_eq!(repairs, Repairs { repeated_points: 1, slivers: 1 });
    }
}
