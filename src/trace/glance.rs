//! Rays at the facets that evenly spread rays miss: panes of a dome, dormers, a parapet far away. Each gets one through
//! its middle: what a facet throws down is little larger than itself, and a signature serves the tiles around.

use super::bvh::NO_PLANE;
use super::discover::{Aim, Net, Signature, Trail, shoot};
use super::task::Task;
use glam::Vec3;

/// Even rays are not so even that one in the mean is one for sure.
const SURELY: f32 = 2.0;

/// Shoots a ray at facet number `facet`, if those of `aim` are likely to miss it, and tells as [`shoot`] does.
pub fn at_facet(task: &Task<'_>, net: &Net<'_>, aim: &Aim<'_>, facet: u32, tell: impl FnMut(u32, Signature)) {
    let facet = &task.scene.facets[facet as usize];
    let corners = facet.corners();
    // Of a triangle the last corner is the one before, and this is still a point inside.
    let middle = (corners[0] + corners[1] + corners[2] + corners[3]) * 0.25;
    let way = middle - aim.from;
    let along = way.normalize_or_zero();
    let normal = Vec3::from(task.scene.mirrors[facet.plane as usize].normal);
    let area = 0.5 * (corners[2] - corners[0]).cross(corners[3] - corners[1]).length();
    let angle = area * along.dot(normal).abs() / way.length_squared();
    if angle * aim.density(along) > SURELY {
        return;
    }
    let met = task.scene.first_hit(aim.from, along, f32::INFINITY, NO_PLANE);
    if met.is_some_and(|hit| task.scene.facets[hit.facet as usize].plane == facet.plane) {
        shoot(task, net, along, &mut Trail::default(), tell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::Grid;
    use crate::engine::Job;
    use crate::material::Material;
    use crate::scenario::Footing;
    use crate::trace::cpu;
    use crate::trace::path;
    use crate::trace::scene::{SceneBuilder, Surface};
    use crate::trace::task::{Diffraction, Sampling};
    use glam::DVec2;
    use pollster::block_on;

    #[test]
    fn a_pane_too_small_for_even_rays_is_found_where_it_throws_its_light() {
        // Half a metre wide, 200 m away, so tilted that the middle of the pane throws the mast's light onto `lit`.
        let (mast, middle, lit) = (Vec3::new(0.0, 0.0, 30.0), Vec3::new(200.0, 0.0, 45.0), Vec3::new(90.0, 60.0, 1.5));
        let normal = ((mast - middle).normalize() + (lit - middle).normalize()).normalize();
        let (u, v) = normal.any_orthonormal_pair();
        let corner = |a: f32, b: f32| middle + 0.25 * (a * u + b * v);
        let glass = Surface { material: Material::Glass, thickness: None };
        let mut builder = SceneBuilder::new();
        builder.quad([corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)], glass);
        let scene = builder.build();
        let task = Task {
            scene: &scene,
            roofs: None,
            diffraction: Diffraction::None,
            transmitter: mast,
            beams: &[],
            grid: Grid { origin: DVec2::ZERO, cell: 5.0, nx: 60, ny: 40 },
            height: lit.z,
            footing: Footing::Ground,
            depth: 1,
            transmission: false,
            finishes: None,
            woods: None,
            sampling: Sampling { rays: 256, samples: 1 },
        };
        let found = block_on(cpu::discover(&task, &mut Job::silent())).expect("nobody cancels it");
        let net = task.net();
        let tile = net.tiling.at(lit.truncate()).expect("on the map");
        assert_eq!(found.in_tile(tile).count(), 1);
        assert!(path::find(&scene, &[0], mast, lit).is_some());
    }
}
