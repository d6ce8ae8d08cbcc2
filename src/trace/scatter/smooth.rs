//! What neighbours that see each other found, shared between them.

use super::lattice::Lattice;
use crate::trace::bvh::NO_PLANE;
use crate::trace::task::Task;
use crate::trace::wide::Hint;
use glam::{UVec2, Vec3};

/// How often every block takes its share of its neighbours.
pub const PASSES: usize = 12;
/// The share between two blocks of which nothing is known.
const SHARE: f32 = 0.2;
/// Two blocks share half as much when so many rays were counted in them together.
const ENOUGH: f32 = 8.0;

/// How much neighbours share in each pass, between which `rays` were counted, all of the same strength: as many as make
/// the noise that they have.
pub fn conductance(rays: f32) -> f32 {
    SHARE * ENOUGH / (ENOUGH + rays)
}

/// Whether each block's middle sees that of the block to the east, and to the north. `asked` says which are worth asking.
pub fn sights(task: &Task<'_>, lattice: &Lattice, block: UVec2, asked: impl Fn(UVec2) -> bool) -> [bool; 2] {
    let mut here = None;
    [UVec2::X, UVec2::Y].map(|step| {
        let next = block + step;
        if !next.cmplt(lattice.count).all() || !(asked(block) || asked(next)) {
            return false;
        }
        let here = *here.get_or_insert_with(|| middle(task, lattice, block));
        let ends = here.zip(middle(task, lattice, next));
        ends.is_some_and(|(a, b)| task.scene.blocked(a, b, [NO_PLANE; 2], &mut Hint::default()).is_none())
    })
}

/// The receiver outdoors that is nearest to the middle of a block.
fn middle(task: &Task<'_>, lattice: &Lattice, block: UVec2) -> Option<Vec3> {
    let centre = (block * lattice.cells).as_vec2() + 0.5 * (lattice.cells - 1) as f32;
    let away = |c: &UVec2| c.as_vec2().distance_squared(centre);
    let outdoors = lattice.cells_of(block).filter(|c| !task.indoors(c.x, c.y));
    outdoors.min_by(|a, b| away(a).total_cmp(&away(b))).map(|c| task.centre(c.x, c.y))
}

/// Shares what blocks hold, `width` of them a row, with those to the east and to the north as their conductances say. All
/// of it stays.
pub fn share(values: &mut [f32], conductances: &[[f32; 2]], width: usize) {
    let mut last = values.to_vec();
    for _ in 0..PASSES {
        last.copy_from_slice(values);
        for (i, conductances) in conductances.iter().enumerate() {
            for (conductance, step) in conductances.iter().zip([1, width]) {
                if *conductance > 0.0 && i + step < last.len() {
                    let flow = conductance * (last[i + step] - last[i]);
                    values[i] += flow;
                    values[i + step] -= flow;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sharing_keeps_the_sum_and_stops_at_walls() {
        let (width, height) = (8, 5);
        let mut values = vec![0.0; width * height];
        values[2 * width + 1] = 10.0;
        // A wall between the fourth and the fifth column.
        let open = |i: usize| [i % width != 3 && i % width != width - 1, i / width + 1 < height];
        let sees: Vec<[f32; 2]> = (0..width * height).map(|i| open(i).map(|o| if o { 0.2 } else { 0.0 })).collect();
        share(&mut values, &sees, width);
        assert!((values.iter().sum::<f32>() - 10.0).abs() < 1e-4);
        let beyond = values.iter().enumerate().filter(|(i, _)| i % width > 3);
        assert!(beyond.into_iter().all(|(_, v)| *v == 0.0));
        assert!(values[2 * width] > 0.5 && values[2 * width + 3] > 0.05 && values.iter().all(|v| *v >= 0.0));
    }
}
