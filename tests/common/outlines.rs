//! How alike the outlines of two buildings are.

use geo::{Area, Euclidean, Length, Polygon};

/// Length of all walls.
pub fn walls(outline: &Polygon<f64>) -> f64 {
    let rings = std::iter::once(outline.exterior()).chain(outline.interiors());
    rings.map(|ring| Euclidean.length(ring)).sum()
}

/// By how much two outlines differ: the greater of the shares in area and in length of walls.
pub fn difference(a: &Polygon<f64>, b: &Polygon<f64>) -> f64 {
    let apart = |x: f64, y: f64| (x / y - 1.0).abs();
    apart(a.unsigned_area(), b.unsigned_area()).max(apart(walls(a), walls(b)))
}
