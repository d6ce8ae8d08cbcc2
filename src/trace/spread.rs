//! What a cell adds up of the paths that arrive: their power alone, or also how delays and directions spread about their
//! means.
//!
//! Means and squares are kept as they come in (West, "Updating mean and variance estimates", 1979), so nothing cancels in
//! f32: one path has no spread at all, however long it is. Delays count from the straight way to where the path ends: the
//! mean is the mean excess delay of ITU-R P.1407-8 § 2.2, the spread that of the delays themselves.

use super::path::Path;
use crate::coverage::Quantity;
use crate::units::SPEED_OF_LIGHT;
use bytemuck::{Pod, Zeroable};
use glam::{Vec2, Vec3};

/// What a cell keeps of the paths that arrive, in 32-bit numbers: the shader tells it in the same.
pub trait Sum: Pod + Default + Send {
    /// That of a cell under a roof.
    const INDOORS: Self;
    /// Whether it is more than power.
    const ARRIVAL: bool;

    /// Adds a path that brings `power`, of any unit that is the same for all. Only who keeps more than power looks at its
    /// way.
    fn add(&mut self, power: f32, way: impl FnOnce() -> Way);

    /// What several receivers keep, each of which stands for a share of the cell.
    fn mean(receivers: impl ExactSizeIterator<Item = Self>) -> Self;

    /// All power that arrives; NaN under a roof.
    fn power(&self) -> f32;
}

/// How a path comes in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Way {
    /// Metres that it is longer than the straight way.
    excess: f32,
    /// Unit vector towards where it comes from; zero where it has no length.
    towards: Vec3,
}

impl Way {
    /// That of a path.
    pub fn of(path: &Path) -> Self {
        let last = path.interactions().last().map_or(path.from, |met| met.point);
        let excess = (path.length() - path.from.distance(path.to)).max(0.0);
        Self { excess, towards: (last - path.to).normalize_or_zero() }
    }

    /// That of the straight path bent at `edge`, if it is.
    pub fn bent(path: &Path, edge: Option<Vec3>) -> Self {
        let Some(edge) = edge else { return Self::of(path) };
        let length = path.from.distance(edge) + edge.distance(path.to);
        let excess = (length - path.from.distance(path.to)).max(0.0);
        Self { excess, towards: (edge - path.to).normalize_or_zero() }
    }
}

/// Power alone.
impl Sum for f32 {
    const INDOORS: Self = Self::NAN;
    const ARRIVAL: bool = false;

    #[inline]
    fn add(&mut self, power: f32, _: impl FnOnce() -> Way) {
        *self += power;
    }

    fn mean(receivers: impl ExactSizeIterator<Item = Self>) -> Self {
        let count = receivers.len() as f32;
        receivers.sum::<Self>() / count
    }

    fn power(&self) -> f32 {
        *self
    }
}

/// Power, and its distribution over delays and directions of arrival: 32 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Moments {
    power: f32,
    /// Mean excess length, metres, and power times the squared distances from it.
    excess: f32,
    excess_squares: f32,
    /// Mean of the unit vectors of azimuth, east and north, and power times their squared distances from it.
    heading: Vec2,
    heading_squares: f32,
    /// Mean of the unit vectors of elevation, level and up.
    slope: Vec2,
}

impl Sum for Moments {
    const INDOORS: Self = Self {
        power: f32::NAN,
        excess: 0.0,
        excess_squares: 0.0,
        heading: Vec2::ZERO,
        heading_squares: 0.0,
        slope: Vec2::ZERO,
    };
    const ARRIVAL: bool = true;

    fn add(&mut self, power: f32, way: impl FnOnce() -> Way) {
        // Not for NaN either, which would spoil all that came before.
        if power.is_nan() || power <= 0.0 {
            return;
        }
        let Way { excess, towards } = way();
        self.power += power;
        let share = power / self.power;
        let off = excess - self.excess;
        self.excess += share * off;
        self.excess_squares += power * off * (excess - self.excess);
        let level = towards.truncate();
        // Straight from above there is no azimuth: north, as in lists of paths.
        let heading = level.normalize_or(Vec2::Y);
        let off = heading - self.heading;
        self.heading += share * off;
        self.heading_squares += power * off.dot(heading - self.heading);
        self.slope += share * (Vec2::new(level.length(), towards.z) - self.slope);
    }

    /// Means and squares of groups (Chan, Golub and `LeVeque`, "Updating formulae and a pairwise algorithm", 1979, eq. 2.1).
    fn mean(receivers: impl ExactSizeIterator<Item = Self>) -> Self {
        let count = receivers.len() as f32;
        let mut all = receivers.filter(Self::arrives).fold(Self::default(), |mut all, one| {
            let before = all.power;
            all.power += one.power;
            let share = one.power / all.power;
            let (off, turn) = (one.excess - all.excess, one.heading - all.heading);
            all.excess += share * off;
            all.excess_squares += one.excess_squares + before * share * off * off;
            all.heading += share * turn;
            all.heading_squares += one.heading_squares + before * share * turn.length_squared();
            all.slope += share * (one.slope - all.slope);
            all
        });
        all.power /= count;
        all.excess_squares /= count;
        all.heading_squares /= count;
        all
    }

    fn power(&self) -> f32 {
        self.power
    }
}

impl Moments {
    /// RMS delay spread, nanoseconds: √(Σ Pᵢ(τᵢ − τ̄)² / Σ Pᵢ) (ITU-R P.1407-8 § 2.2, 3GPP TR 38.901 § 7.7.3).
    pub fn delay_spread(&self) -> Option<f32> {
        let metres = (self.excess_squares / self.power).max(0.0).sqrt();
        self.arrives().then_some(metres * (1e9 / SPEED_OF_LIGHT) as f32)
    }

    /// Mean azimuth of arrival, degrees clockwise from north, 0–360: the direction of Σ Pᵢ e^{jφᵢ}, which points to where
    /// the waves come from. Where directions cancel it is any.
    pub fn azimuth(&self) -> Option<f32> {
        let degrees = self.heading.x.atan2(self.heading.y).to_degrees().rem_euclid(360.0);
        // Just west of north rounds up to a whole turn.
        self.arrives().then_some(if degrees < 360.0 { degrees } else { 0.0 })
    }

    /// Azimuth spread of arrival, degrees: √(−2 ln |Σ Pᵢ e^{jφᵢ} / Σ Pᵢ|) (3GPP TR 38.901 Annex A.1). It has no upper end;
    /// where directions cancel it is told as [`WIDEST`].
    pub fn azimuth_spread(&self) -> Option<f32> {
        // |mean|² = 1 − the mean of the squared distances from it, which is exact where these are small.
        let squares = (self.heading_squares / self.power).max(0.0);
        let degrees = if squares < 1.0 { (-(-squares).ln_1p()).sqrt().to_degrees() } else { WIDEST };
        self.arrives().then_some(degrees.min(WIDEST))
    }

    /// Mean elevation of arrival, degrees above the horizon: the direction of Σ Pᵢ e^{jεᵢ}.
    pub fn elevation(&self) -> Option<f32> {
        self.arrives().then_some(self.slope.y.atan2(self.slope.x).to_degrees())
    }

    /// One of [`Quantity::ARRIVAL`]; `None` for any other, and where nothing arrives.
    pub fn get(&self, quantity: Quantity) -> Option<f32> {
        match quantity {
            Quantity::DelaySpread => self.delay_spread(),
            Quantity::AzimuthOfArrival => self.azimuth(),
            Quantity::AzimuthSpread => self.azimuth_spread(),
            Quantity::ElevationOfArrival => self.elevation(),
            Quantity::PathGain | Quantity::Rsrp | Quantity::Difference | Quantity::Deviation => None,
        }
    }

    fn arrives(&self) -> bool {
        self.power > 0.0
    }
}

/// The greatest azimuth spread that is told, degrees; that of waves from all around at once is without bound.
pub const WIDEST: f32 = 180.0;

#[cfg(test)]
mod tests {
    use super::*;
    use glam::DVec2;
    use proptest::prelude::*;

    fn way(excess: f32, azimuth: f32, elevation: f32) -> Way {
        let ((sa, ca), (se, ce)) = (azimuth.to_radians().sin_cos(), elevation.to_radians().sin_cos());
        Way { excess, towards: Vec3::new(sa * ce, ca * ce, se) }
    }

    fn moments(ways: &[(f32, Way)]) -> Moments {
        let mut moments = Moments::default();
        for (power, way) in ways {
            moments.add(*power, || *way);
        }
        moments
    }

    #[test]
    fn one_path_has_its_own_direction_and_no_spread() {
        let one = moments(&[(3e-14, way(1234.5, 200.0, 30.0))]);
        assert_eq!((one.delay_spread(), one.azimuth_spread()), (Some(0.0), Some(0.0)));
        assert!((one.azimuth().expect("an azimuth") - 200.0).abs() < 1e-4);
        assert!((one.elevation().expect("an elevation") - 30.0).abs() < 1e-4);
        assert_eq!(Quantity::ARRIVAL.map(|q| Moments::default().get(q)), [None; 4], "nothing arrives");
        assert_eq!(Quantity::ARRIVAL.map(|q| Moments::INDOORS.get(q)), [None; 4], "under a roof");
    }

    #[test]
    fn two_paths_spread_by_their_distance_times_the_mean_of_their_shares() {
        let two = moments(&[(3e-12, way(0.0, 350.0, 0.0)), (1e-12, way(30.0, 30.0, 0.0))]);
        let spread = 30.0 / 0.299_792_46 * (0.75f32 * 0.25).sqrt();
        assert!((two.delay_spread().expect("a spread") - spread).abs() < 1e-3);
        // |3 + e^{j40°}| / 4
        let mean = (10.0 + 6.0 * 40f32.to_radians().cos()).sqrt() / 4.0;
        let wide = (-2.0 * mean.ln()).sqrt().to_degrees();
        assert!((two.azimuth_spread().expect("a spread") - wide).abs() < 1e-3);
        let turn = (40f32.to_radians().sin() / (3.0 + 40f32.to_radians().cos())).atan().to_degrees();
        assert!((two.azimuth().expect("an azimuth") - (350.0 + turn - 360.0).rem_euclid(360.0)).abs() < 1e-3);
    }

    #[test]
    fn several_receivers_keep_what_one_would_that_hears_a_share_of_each() {
        let ways = [(3e-12, way(0.0, 350.0, 5.0)), (1e-12, way(30.0, 30.0, 40.0)), (2e-12, way(80.0, 100.0, -9.0))];
        let each = [&ways[..1], &ways[1..], &[]].map(moments);
        let (mean, one) = (Moments::mean(each.into_iter()), moments(&ways.map(|(power, way)| (power / 3.0, way))));
        assert!((mean.power() / one.power() - 1.0).abs() < 1e-6);
        for quantity in Quantity::ARRIVAL {
            let (mean, one) = (mean.get(quantity).expect("one"), one.get(quantity).expect("one"));
            assert!((mean - one).abs() < 1e-4 * one.abs(), "{quantity:?}: {mean} for {one}");
        }
        assert_eq!(Moments::mean(each[..1].iter().copied()), each[0]);
    }

    #[test]
    fn directions_that_cancel_are_as_wide_as_is_told() {
        let against = moments(&[(1.0, way(0.0, 90.0, 0.0)), (1.0, way(0.0, 270.0, 0.0))]);
        assert_eq!(against.azimuth_spread(), Some(WIDEST));
    }

    proptest! {
        #[test]
        fn in_single_precision_they_are_those_of_the_definitions_in_double(
            ways in prop::collection::vec((1e-15..1e-9f32, 0.0..3e3f32, 0.0..360.0f32, -80.0..80.0f32), 1..40),
        ) {
            let all: Vec<(f32, Way)> = ways.iter().map(|(p, x, a, e)| (*p, way(*x, *a, *e))).collect();
            let ours = moments(&all);
            let sum: f64 = all.iter().map(|(p, _)| f64::from(*p)).sum();
            let mean = |f: &dyn Fn(&Way) -> f64| all.iter().map(|(p, w)| f64::from(*p) * f(w)).sum::<f64>() / sum;
            let delay = |w: &Way| f64::from(w.excess) / SPEED_OF_LIGHT * 1e9;
            let middle = mean(&delay);
            let spread = mean(&|w| (delay(w) - middle).powi(2)).sqrt();
            prop_assert!((f64::from(ours.delay_spread().expect("a spread")) - spread).abs() < 1e-2 + 1e-4 * spread);
            let heading = |w: &Way| w.towards.as_dvec3().truncate().normalize();
            let vector = DVec2::new(mean(&|w| heading(w).x), mean(&|w| heading(w).y));
            let wide = (-2.0 * vector.length().min(1.0).ln()).sqrt().to_degrees().min(f64::from(WIDEST));
            let told = f64::from(ours.azimuth_spread().expect("a spread"));
            prop_assert!((told - wide).abs() < 1e-2 + 1e-2 * wide * f64::from(u8::from(wide > 100.0)), "{told} {wide}");
            let azimuth = vector.x.atan2(vector.y).to_degrees();
            let off = (f64::from(ours.azimuth().expect("an azimuth")) - azimuth + 180.0).rem_euclid(360.0) - 180.0;
            prop_assert!(off.abs() * vector.length() < 1e-3, "{off}° off {azimuth}°");
        }
    }
}
