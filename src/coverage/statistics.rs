//! What a map comes to in a few numbers, and how far two maps are apart.

use super::{CoverageMap, Gap};
use serde::Serialize;

/// A map in a few numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Statistics {
    /// Cells of the grid.
    pub cells: usize,
    /// Cells without a prediction.
    pub unpredicted: usize,
    /// Why.
    pub reasons: Reasons,
    /// Least, median and greatest value, in the map's unit. `None` where nothing is predicted, and for directions.
    pub spread: Option<Spread>,
    /// The mean direction, degrees 0–360, of a map of directions: that of the sum of their unit vectors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<f32>,
}

/// Cells without a prediction, by the reason ([`Gap`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reasons {
    /// Nobody asked for them.
    pub not_asked: usize,
    /// Inside buildings.
    pub indoors: usize,
    /// No path arrives.
    pub no_path: usize,
    /// Beyond what the engine says anything about.
    pub too_far: usize,
    /// On roofs of which the engine knows nothing.
    pub on_roof: usize,
}

/// Least, median and greatest value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Least.
    pub min: f32,
    /// The middle one; of an even number, the mean of the two in the middle.
    pub median: f32,
    /// Greatest.
    pub max: f32,
}

impl Statistics {
    /// Those of a map.
    pub fn of(map: &CoverageMap) -> Self {
        let mut values: Vec<f32> = map.values.iter().copied().filter(|v| !v.is_nan()).collect();
        values.sort_unstable_by(f32::total_cmp);
        let half = values.len() / 2;
        let spread = match values.as_slice() {
            [] => None,
            _ if map.quantity.is_cyclic() => None,
            [min, .., max] if values.len().is_multiple_of(2) => {
                Some(Spread { min: *min, median: f32::midpoint(values[half - 1], values[half]), max: *max })
            }
            [min, ..] => Some(Spread { min: *min, median: values[half], max: values[values.len() - 1] }),
        };
        let mut reasons = Reasons::default();
        for gap in (0..map.values.len()).filter_map(|cell| map.gap(cell)) {
            *match gap {
                Gap::NotAsked => &mut reasons.not_asked,
                Gap::Indoors => &mut reasons.indoors,
                Gap::NoPath => &mut reasons.no_path,
                Gap::TooFar => &mut reasons.too_far,
                Gap::OnRoof => &mut reasons.on_roof,
            } += 1;
        }
        let direction = map.quantity.is_cyclic().then(|| mean_direction(&values)).flatten();
        Self { cells: map.values.len(), unpredicted: map.values.len() - values.len(), reasons, spread, direction }
    }
}

/// The direction of the sum of unit vectors, degrees 0–360; `None` for none.
fn mean_direction(degrees: &[f32]) -> Option<f32> {
    let (x, y) = degrees.iter().fold((0.0, 0.0), |(x, y), d| {
        let (sin, cos) = f64::from(*d).to_radians().sin_cos();
        (x + cos, y + sin)
    });
    (!degrees.is_empty()).then(|| y.atan2(x).to_degrees().rem_euclid(360.0) as f32)
}

/// How far a map is from another, over the cells where both have a finite value. Errors are in the maps' unit, first less second; of
/// directions the shorter way round.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Cells compared.
    pub cells: usize,
    /// Cells that only the first map predicts.
    pub only_first: usize,
    /// Cells that only the second map predicts.
    pub only_second: usize,
    /// The errors; `None` where no cell can be compared.
    pub errors: Option<Errors>,
}

/// A set of errors.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Errors {
    /// Mean error.
    pub bias: f64,
    /// Standard deviation about the bias (of the population: divided by n).
    pub sd: f64,
    /// Root mean square: RMSE² = bias² + sd².
    pub rmse: f64,
    /// Mean absolute error.
    pub mae: f64,
}

impl Comparison {
    /// Compares two maps cell by cell. `None` when their grids or their quantities differ.
    pub fn of(first: &CoverageMap, second: &CoverageMap) -> Option<Self> {
        if first.grid != second.grid || first.quantity != second.quantity {
            return None;
        }
        let around =
            |error: f64| if first.quantity.is_cyclic() { (error + 180.0).rem_euclid(360.0) - 180.0 } else { error };
        let (mut only_first, mut only_second, mut errors) = (0, 0, Vec::new());
        for (a, b) in first.values.iter().zip(&second.values) {
            match (a.is_finite(), b.is_finite()) {
                (true, true) => errors.push(around(f64::from(*a) - f64::from(*b))),
                (true, false) => only_first += 1,
                (false, true) => only_second += 1,
                (false, false) => {}
            }
        }
        Some(Self { cells: errors.len(), only_first, only_second, errors: Errors::of(&errors) })
    }
}

impl Errors {
    /// Those of a list of errors; `None` for an empty one.
    pub fn of(errors: &[f64]) -> Option<Self> {
        let mean = |f: &dyn Fn(f64) -> f64| errors.iter().map(|e| f(*e)).sum::<f64>() / errors.len() as f64;
        let bias = mean(&|e| e);
        let errors = Self {
            bias,
            sd: mean(&|e| (e - bias).powi(2)).sqrt(),
            rmse: mean(&|e| e * e).sqrt(),
            mae: mean(&f64::abs),
        };
        (!errors.bias.is_nan()).then_some(errors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::{Grid, Quantity};
    use glam::DVec2;
    use proptest::prelude::*;

    fn map(values: Vec<f32>) -> CoverageMap {
        let grid = Grid { origin: DVec2::ZERO, cell: 1.0, nx: values.len() as u32, ny: 1 };
        CoverageMap::of(grid, Quantity::Rsrp, values)
    }

    #[test]
    fn cells_without_a_prediction_are_counted_and_left_out() {
        let mut five = map(vec![-90.0, f32::NAN, -70.0, -100.0, -80.0]);
        five.explain(1, Gap::Indoors);
        five.explain(2, Gap::NoPath);
        let s = Statistics::of(&five);
        assert_eq!((s.cells, s.unpredicted), (5, 1));
        assert_eq!(s.reasons, Reasons { indoors: 1, ..Reasons::default() });
        assert_eq!(s.spread, Some(Spread { min: -100.0, median: -85.0, max: -70.0 }));
        assert_eq!(Statistics::of(&map(vec![f32::NAN])).spread, None);
        assert_eq!(Statistics::of(&map(vec![3.0])).spread, Some(Spread { min: 3.0, median: 3.0, max: 3.0 }));
    }

    #[test]
    fn errors_are_first_less_second_over_common_cells() {
        let a = map(vec![-80.0, -70.0, f32::NAN, -60.0]);
        let b = map(vec![-82.0, -66.0, -50.0, f32::NAN]);
        let c = Comparison::of(&a, &b).expect("same grid");
        assert_eq!((c.cells, c.only_first, c.only_second), (2, 1, 1));
        let e = c.errors.expect("two cells");
        assert_eq!((e.bias, e.mae, e.sd), (-1.0, 3.0, 3.0));
        assert!((e.rmse - 10f64.sqrt()).abs() < 1e-12);
        assert_eq!(Comparison::of(&a, &map(vec![0.0])), None);
    }

    #[test]
    fn directions_around_north_have_their_mean_and_their_errors_there() {
        let of = |values| CoverageMap { quantity: Quantity::AzimuthOfArrival, ..map(values) };
        let s = Statistics::of(&of(vec![350.0, f32::NAN, 20.0]));
        assert_eq!((s.spread, s.unpredicted), (None, 1));
        assert!((s.direction.expect("a mean") - 5.0).abs() < 1e-3, "{:?}", s.direction);
        let errors = Comparison::of(&of(vec![350.0, 10.0]), &of(vec![10.0, 350.0])).and_then(|c| c.errors);
        assert_eq!(errors.map(|e| (e.bias, e.mae)), Some((0.0, 20.0)));
        assert_eq!(Comparison::of(&of(vec![1.0]), &map(vec![1.0])), None, "degrees and dBm");
    }

    proptest! {
        #[test]
        fn mean_square_is_bias_square_plus_variance(errors in prop::collection::vec(-60.0..60.0f64, 1..50)) {
            let e = Errors::of(&errors).expect("errors");
            prop_assert!((e.rmse.powi(2) - e.bias.powi(2) - e.sd.powi(2)).abs() < 1e-8);
            prop_assert!(e.mae <= e.rmse + 1e-9 && e.mae + 1e-9 >= e.bias.abs());
        }
    }
}
