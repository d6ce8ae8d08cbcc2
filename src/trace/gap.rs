//! What is left of a part of a cell between shadows, where a sliver of light may be.

use super::cone::{Part, Shadow};
use std::mem;

/// Most pieces that are kept; what comes after is given up.
const MOST: usize = 32;
/// The least share of the part that a piece may be.
const LEAST: f32 = 1e-4;

/// Convex pieces of a part that no shadow known so far covers.
#[derive(Debug, Default)]
pub struct Gaps {
    /// With their areas.
    pieces: Vec<(f32, Part)>,
    before: Vec<(f32, Part)>,
    z: f32,
    least: f32,
}

impl Gaps {
    /// Begins with all of a part at height `z`.
    pub fn begin(&mut self, part: &Part, z: f32) {
        let area = part.area();
        (self.z, self.least) = (z, LEAST * area);
        self.pieces.clear();
        self.pieces.push((area, *part));
    }

    /// Takes a shadow away.
    pub fn darken(&mut self, shadow: &Shadow) {
        mem::swap(&mut self.pieces, &mut self.before);
        self.pieces.clear();
        for (_, piece) in &self.before {
            piece.without(shadow, self.z, |piece| {
                let area = piece.area();
                if area > self.least && self.pieces.len() < MOST {
                    self.pieces.push((area, piece));
                }
            });
        }
    }

    /// Takes the largest piece out.
    pub fn largest(&mut self) -> Option<(f32, Part)> {
        let (index, _) = self.pieces.iter().enumerate().max_by(|(_, a), (_, b)| a.0.total_cmp(&b.0))?;
        Some(self.pieces.swap_remove(index))
    }

    /// Puts a piece back.
    pub fn put(&mut self, piece: (f32, Part)) {
        self.pieces.push(piece);
    }

    /// Puts it back in two.
    pub fn put_halves(&mut self, (_, piece): (f32, Part)) {
        for half in piece.halved(self.z) {
            let area = half.area();
            if area > self.least && self.pieces.len() < MOST {
                self.pieces.push((area, half));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::antenna::Pointing;
    use crate::coverage::Grid;
    use crate::engine::Job;
    use crate::material::Material;
    use crate::trace::cpu;
    use crate::trace::discover::Candidates;
    use crate::trace::field::{Beam, free_space};
    use crate::trace::scene::{SceneBuilder, Surface};
    use crate::trace::task::{Diffraction, Sampling, Task};
    use crate::units::Hertz;
    use glam::{DVec2, Vec2, Vec3};
    use pollster::block_on;

    #[test]
    fn light_through_a_slit_lights_every_cell_by_its_share() {
        // A slit of 10 cm in a wall halfway lights 20 cm of each cell of 5 m, a little off its middle.
        let slit = Vec2::new(100.9, 101.0);
        let mut builder = SceneBuilder::new();
        let brick = Surface { material: Material::Brick, thickness: None };
        for (west, east) in [(0.0, slit.x), (slit.y, 300.0)] {
            let corner = |x: f32, z: f32| Vec3::new(x, 50.0, z);
            builder.quad([corner(west, 0.0), corner(east, 0.0), corner(east, 60.0), corner(west, 60.0)], brick);
        }
        let scene = builder.build();
        let transmitter = Vec3::new(100.95, 0.0, 1.5);
        let beams = [Beam { pointing: Pointing::ISOTROPIC, frequency: Hertz(3.5e9), receiver: None }];
        let grid = Grid { origin: DVec2::new(100.0, 100.0), cell: 5.0, nx: 1, ny: 20 };
        let task = Task {
            scene: &scene,
            roofs: None,
            diffraction: Diffraction::None,
            transmitter,
            beams: &beams,
            grid,
            height: 1.5,
            depth: 0,
            transmission: false,
            finishes: None,
            sampling: Sampling { rays: 0, samples: 32 },
        };
        let map = block_on(cpu::gather(&task, &Candidates::default(), 0..grid.ny, &mut Job::silent())).expect("a map");
        for (iy, gain) in map[0].iter().enumerate() {
            let way = 102.5 + 5.0 * iy as f32;
            let share = (slit.y - slit.x) * way / 50.0 / 5.0;
            let expected = free_space(way, beams[0].frequency) * share;
            assert!((gain / expected - 1.0).abs() < 0.35, "{iy}: {gain} {expected}");
        }
    }
}
