//! What is left of a part of a cell between shadows, where there may be light.

use super::cone::{Part, Shadow};

/// Most pieces that are kept; what comes after is given up.
const MOST: usize = 32;
/// The least share of the part that a piece may be.
const LEAST: f32 = 1e-4;

/// Convex pieces of a part that no shadow known so far covers.
#[derive(Debug, Default)]
pub struct Gaps {
    /// With their areas.
    pieces: Vec<(f32, Part)>,
    /// Those that a shadow falls on, while it does.
    met: Vec<(f32, Part)>,
    z: f32,
    /// The area of the part.
    whole: f32,
}

impl Gaps {
    /// Begins with all of a part at height `z`.
    pub fn begin(&mut self, part: &Part, z: f32) {
        let area = part.area();
        (self.z, self.whole) = (z, area);
        self.pieces.clear();
        self.pieces.push((area, *part));
    }

    /// Takes a shadow away.
    pub fn darken(&mut self, shadow: &Shadow) {
        let z = self.z;
        self.met.extend(self.pieces.extract_if(.., |(_, piece)| !piece.is_clear_of(shadow, z)));
        while let Some((_, piece)) = self.met.pop() {
            piece.without(shadow, z, |piece| self.keep(piece));
        }
    }

    /// Whether shadows have taken all.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Whether they have taken nothing.
    pub fn is_whole(&self) -> bool {
        self.pieces.first().is_some_and(|(area, _)| self.pieces.len() == 1 && *area >= self.whole)
    }

    /// Takes the largest piece out.
    pub fn largest(&mut self) -> Option<(f32, Part)> {
        let (index, _) = self.pieces.iter().enumerate().max_by(|(_, a), (_, b)| a.0.total_cmp(&b.0))?;
        Some(self.pieces.swap_remove(index))
    }

    /// Puts back what a shadow leaves of a piece.
    pub fn put(&mut self, (_, piece): (f32, Part), shadow: &Shadow) {
        piece.without(shadow, self.z, |piece| self.keep(piece));
    }

    /// Puts it back in two.
    pub fn put_halves(&mut self, (_, piece): (f32, Part)) {
        piece.halved(self.z).into_iter().for_each(|half| self.keep(half));
    }

    /// Keeps a piece that is large enough, while there is room.
    fn keep(&mut self, piece: Part) {
        let area = piece.area();
        if area > LEAST * self.whole && self.pieces.len() < MOST {
            self.pieces.push((area, piece));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::antenna::{Pointing, ReceiverAntenna};
    use crate::coverage::Grid;
    use crate::engine::Job;
    use crate::material::Material;
    use crate::scenario::Footing;
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
        let beams =
            [Beam { pointing: Pointing::ISOTROPIC, frequency: Hertz(3.5e9), receiver: ReceiverAntenna::ISOTROPIC }];
        let grid = Grid { origin: DVec2::new(100.0, 100.0), cell: 5.0, nx: 1, ny: 20 };
        let task = Task {
            scene: &scene,
            roofs: None,
            diffraction: Diffraction::None,
            transmitter,
            beams: &beams,
            grid,
            height: 1.5,
            footing: Footing::Ground,
            depth: 0,
            transmission: false,
            finishes: None,
            woods: None,
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
