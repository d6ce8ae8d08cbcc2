//! Chance, and the directions in which walls scatter.

use crate::material::Lobe;
use glam::Vec3;
use std::f32::consts::{PI, TAU};

/// Of the rays that a wall would scatter upwards, the share that is turned down, where the receivers are.
const TURNED_DOWN: f32 = 0.6;
/// Normals whose height is less than this are a wall's.
const UPRIGHT: f32 = 1e-3;

/// Numbers without a pattern, the same for the same seed.
#[derive(Clone, Copy, Debug)]
pub struct Chance(u32);

impl Chance {
    /// The numbers of ray `i`.
    pub fn of(i: u32) -> Self {
        Self(i.wrapping_mul(0x9e37_79b9))
    }

    /// A number from 0 to 1, less than 1.
    pub fn draw(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x6d2b_79f5);
        // A mixer of bits (Wellons' lowbias32).
        let mut x = self.0;
        x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
        x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
        ((x ^ (x >> 16)) >> 8) as f32 / (1u32 << 24) as f32
    }
}

/// A direction in which a surface scatters a wave that comes in along `along`, drawn about as its lobe is, and what the
/// power that goes there is to be multiplied by so that the mean is right. `normal` is on the side of the wave. `None` where
/// the draw fell below the surface: then nothing goes there.
pub fn scattered(lobe: Lobe, along: Vec3, normal: Vec3, chance: &mut Chance) -> Option<(Vec3, f32)> {
    let cos = -along.dot(normal);
    let mirrored = along + 2.0 * cos * normal;
    match lobe {
        Lobe::Lambertian => {
            let (up, turn) = (chance.draw(), TAU * chance.draw());
            let cos_out = (1.0 - up).sqrt();
            let mut out = around(normal, cos_out, turn);
            if normal.z.abs() > UPRIGHT {
                return Some((out, 1.0));
            }
            if out.z > 0.0 && chance.draw() < TURNED_DOWN {
                out.z = -out.z;
            }
            Some((out, if out.z > 0.0 { 1.0 / (1.0 - TURNED_DOWN) } else { 1.0 / (1.0 + TURNED_DOWN) }))
        }
        Lobe::Directive { exponent } => within(mirrored, exponent, normal, lobe.scale(cos), chance),
        Lobe::Backscattering { exponent, back, forward_share } => {
            let (axis, exponent) = if chance.draw() < forward_share { (mirrored, exponent) } else { (-along, back) };
            within(axis, exponent, normal, lobe.scale(cos), chance)
        }
    }
}

/// A direction drawn as ((1 + cos ψ)/2)^α is over the whole sphere, ψ the angle to `axis`, with its weight.
fn within(axis: Vec3, exponent: u8, normal: Vec3, scale: f32, chance: &mut Chance) -> Option<(Vec3, f32)> {
    let power = f32::from(exponent) + 1.0;
    let cos = 2.0 * chance.draw().powf(1.0 / power) - 1.0;
    let out = around(axis, cos, TAU * chance.draw());
    (out.dot(normal) > 0.0).then_some((out, scale * 4.0 * PI / power))
}

/// The unit vector at an angle of cosine `cos` to `axis`, turned around it by `turn`.
fn around(axis: Vec3, cos: f32, turn: f32) -> Vec3 {
    let (a, b) = axis.any_orthonormal_pair();
    let sin = (1.0 - cos * cos).max(0.0).sqrt();
    (cos * axis + sin * (turn.cos() * a + turn.sin() * b)).normalize_or(axis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_has_the_means_of_the_lobe() {
        let lobes = [
            Lobe::Lambertian,
            Lobe::Directive { exponent: 3 },
            Lobe::Backscattering { exponent: 6, back: 2, forward_share: 0.7 },
        ];
        let normal = Vec3::Y;
        for (lobe, along) in
            lobes.into_iter().flat_map(|l| [(l, Vec3::new(0.0, -1.0, 0.0)), (l, Vec3::new(0.8, -0.6, 0.0))])
        {
            let cos = -along.dot(normal);
            let mirrored = along + 2.0 * cos * normal;
            // Means of 1, of the height above the surface and of a part along it, by draws and by the midpoint rule.
            let mut chance = Chance::of(7);
            let n = 200_000;
            let mut drawn = [0.0f64; 3];
            for (out, weight) in (0..n).filter_map(|_| scattered(lobe, along, normal, &mut chance)) {
                for (sum, v) in drawn.iter_mut().zip([1.0, out.y, out.x]) {
                    *sum += f64::from(weight * v) / f64::from(n);
                }
            }
            let rule = 300;
            let mut whole = [0.0f64; 3];
            for (i, k) in (0..rule).flat_map(|i| (0..rule).map(move |k| (i, k))) {
                let out = around(normal, (i as f32 + 0.5) / rule as f32, TAU * k as f32 / rule as f32);
                let f = lobe.scale(cos) * lobe.height(out.y, out.dot(mirrored), -out.dot(along));
                for (sum, v) in whole.iter_mut().zip([1.0, out.y, out.x]) {
                    *sum += f64::from(f * v) * f64::from(TAU) / f64::from(rule * rule);
                }
            }
            for (a, b) in drawn.iter().zip(whole) {
                assert!((a - b).abs() < 0.012, "{lobe:?} {drawn:?} {whole:?}");
            }
        }
    }
}
