//! The flat pieces that a scene is made of. Two triangles that make a parallelogram are one piece, which halves the walls.

use bytemuck::{Pod, Zeroable};
use glam::Vec3;
use std::collections::HashMap;

/// How far the corners of two triangles may be off a parallelogram and still be one, metres.
const TOLERANCE: f32 = 1e-3;

/// What a facet's two edges span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u32)]
pub enum Span {
    /// A triangle.
    #[default]
    Triangle = 0,
    /// A parallelogram.
    Parallelogram = 1,
}

/// A triangle or a parallelogram, 48 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Facet {
    /// First corner.
    pub v0: [f32; 3],
    /// Index of its mirror plane.
    pub plane: u32,
    /// From the first corner to the second.
    pub e1: [f32; 3],
    /// Index of its surface.
    pub surface: u32,
    /// From the first corner to the third.
    pub e2: [f32; 3],
    /// Its [`Span`] as a number.
    pub span: u32,
}

impl Facet {
    /// A facet from its first corner and its neighbours.
    pub fn new([a, b, c]: [Vec3; 3], span: Span, plane: u32, surface: u32) -> Self {
        Self { v0: a.into(), e1: (b - a).into(), e2: (c - a).into(), plane, surface, span: span as u32 }
    }

    /// Its corners around its outline; a triangle's last one twice.
    pub fn corners(&self) -> [Vec3; 4] {
        let (v0, e1, e2) = (Vec3::from(self.v0), Vec3::from(self.e1), Vec3::from(self.e2));
        let opposite = if self.span == Span::Triangle as u32 { e2 } else { e1 + e2 };
        [v0, v0 + e1, v0 + opposite, v0 + e2]
    }
}

/// A corner and its neighbours, and what they span.
pub type Outline = ([Vec3; 3], Span);

/// Joins triangles of one kind to parallelograms where two make one; the rest stay as they are. `kind` must be equal for
/// two to be joined.
pub fn join<K: Copy + Eq>(triangles: &[([Vec3; 3], K)]) -> Vec<(Outline, K)> {
    let key = |v: Vec3| v.to_array().map(f32::to_bits);
    let edge = |a: Vec3, b: Vec3| {
        let (a, b) = (key(a), key(b));
        if a < b { [a, b] } else { [b, a] }
    };
    let mut waiting: HashMap<[[u32; 3]; 2], (usize, Vec3)> = HashMap::new();
    let mut joined: Vec<Option<Outline>> = triangles.iter().map(|(t, _)| Some((*t, Span::Triangle))).collect();
    for (i, (corners, kind)) in triangles.iter().enumerate() {
        let around = [0, 1, 2].map(|k| [corners[k], corners[(k + 1) % 3], corners[(k + 2) % 3]]);
        let partner = around.iter().find_map(|[apex, p, q]| {
            let (other, far) = *waiting.get(&edge(*p, *q))?;
            let free = matches!(joined[other], Some((_, Span::Triangle))) && triangles[other].1 == *kind;
            (free && (*p + *q - *apex).distance(far) < TOLERANCE).then_some((other, [*apex, *p, *q]))
        });
        match partner {
            Some((other, outline)) => {
                joined[other] = Some((outline, Span::Parallelogram));
                joined[i] = None;
            }
            None => waiting.extend(around.map(|[apex, p, q]| (edge(p, q), (i, apex)))),
        }
    }
    joined.into_iter().zip(triangles).filter_map(|(outline, (_, kind))| Some((outline?, *kind))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_halves_of_a_wall_are_joined_and_a_gable_is_not() {
        let [a, b, c, d] = [(0.0, 0.0), (10.0, 0.0), (10.0, 5.0), (0.0, 5.0)].map(|(x, z)| Vec3::new(x, 7.0, z));
        let gable = Vec3::new(5.0, 7.0, 8.0);
        let found = join(&[([a, b, c], 0), ([c, d, a], 0), ([d, c, gable], 0)]);
        assert_eq!(found.len(), 2);
        let wall = Facet::new(found[0].0.0, found[0].0.1, 0, 0);
        assert_eq!(found[0].0.1, Span::Parallelogram);
        for corner in [a, b, c, d] {
            assert!(wall.corners().iter().any(|v| v.distance(corner) < 1e-5), "{corner} {:?}", wall.corners());
        }
        assert_eq!(found[1].0, ([d, c, gable], Span::Triangle));
    }

    #[test]
    fn halves_of_different_kinds_stay_apart() {
        let [a, b, c, d] = [(0.0, 0.0), (10.0, 0.0), (10.0, 5.0), (0.0, 5.0)].map(|(x, z)| Vec3::new(x, 7.0, z));
        assert_eq!(join(&[([a, b, c], 0), ([c, d, a], 1)]).len(), 2);
    }
}
