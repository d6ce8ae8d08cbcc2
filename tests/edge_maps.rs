//! Maps of what comes over edges hold, in each cell, the mean over its area of every way over one edge.

use farfield::antenna::{Pointing, ReceiverAntenna};
use farfield::coverage::Grid;
use farfield::engine::Job;
use farfield::material::Material;
use farfield::scenario::Footing;
use farfield::trace::bent::{self, Hints};
use farfield::trace::cpu;
use farfield::trace::field::{Beam, gain};
use farfield::trace::path::Candidate;
use farfield::trace::reference::agreement;
use farfield::trace::scene::{Scene, SceneBuilder, Surface};
use farfield::trace::task::{Diffraction, Sampling, Task};
use farfield::units::Hertz;
use glam::{DVec2, Vec2, Vec3};
use pollster::block_on;

const WALL: Surface = Surface { material: Material::Brick, thickness: None };

/// Some houses at odd angles, two of them side by side, on level ground.
fn village() -> Scene {
    let mut builder = SceneBuilder::new();
    let houses = [
        ([0.0, 0.0], [18.0, 11.0, 9.0], 0.2f32),
        ([-6.0, 24.0], [14.0, 12.0, 14.0], -0.4),
        ([24.0, 22.0], [22.0, 9.0, 7.0], 0.05),
        ([46.0, 22.0], [12.0, 9.0, 11.0], 0.05),
        ([-34.0, -4.0], [12.0, 30.0, 8.0], 0.6),
        ([30.0, -24.0], [10.0, 10.0, 21.0], 0.9),
    ];
    for ([x, y], [w, d, h], turn) in houses {
        let at = |u: f32, v: f32| Vec2::new(x, y) + Vec2::from_angle(turn).rotate(Vec2::new(u, v));
        let ring = [at(0.0, 0.0), at(w, 0.0), at(w, d), at(0.0, d)];
        for i in 0..4 {
            let [a, b] = [ring[i], ring[(i + 1) % 4]];
            builder.quad([a.extend(0.0), b.extend(0.0), b.extend(h), a.extend(h)], WALL);
        }
        builder.quad(ring.map(|p| p.extend(h)), WALL);
    }
    let ground = [(-200.0, -200.0), (200.0, -200.0), (200.0, 200.0), (-200.0, 200.0)].map(Vec2::from);
    builder.quad(ground.map(|p| p.extend(0.0)), WALL);
    builder.build()
}

/// What comes over every edge to the mean of `side`² places of each cell, dB; NaN where fewer than a tenth of them get
/// anything, for a sliver so thin is not looked for.
fn by_trying_all(task: &Task<'_>, side: u32) -> Vec<f32> {
    let layers = task.layers(task.beams[0].frequency);
    let scene = task.scene;
    let mast = Candidate::of(scene, &[], task.transmitter, 0).expect("no mirrors");
    let at = |to: Vec3| -> f32 {
        let here = Candidate::of(scene, &[], to, 0).expect("no mirrors");
        let over = |edge: u32| bent::find(scene, &mast, edge, &here, &mut Hints::default());
        (0..scene.edges().all.len() as u32).filter_map(over).map(|path| gain(&path, &task.beams[0], &layers)).sum()
    };
    let cells = (0..task.grid.ny).flat_map(|iy| (0..task.grid.nx).map(move |ix| (ix, iy)));
    let mean = |(ix, iy): (u32, u32)| {
        let places: Vec<f32> = (0..side * side)
            .map(|i| {
                let share = (Vec2::new((i % side) as f32, (i / side) as f32) + 0.5) / side as f32 - 0.5;
                at(task.receiver_at(task.grid.centre(ix, iy).as_vec2() + share * task.grid.cell as f32))
            })
            .collect();
        let lit = places.iter().filter(|gain| **gain > 0.0).count();
        if 10 * lit < places.len() {
            return if lit > 0 { f32::NAN } else { f32::NEG_INFINITY };
        }
        10.0 * (places.iter().sum::<f32>() / places.len() as f32).log10()
    };
    cells.map(mean).collect()
}

#[test]
fn a_cell_holds_the_mean_of_every_way_over_an_edge() {
    let scene = village();
    let beams = [Beam { pointing: Pointing::ISOTROPIC, frequency: Hertz(2.1e9), receiver: ReceiverAntenna::ISOTROPIC }];
    for transmitter in [Vec3::new(12.0, 5.0, 16.0), Vec3::new(5.0, -22.0, 5.0), Vec3::new(-60.0, 40.0, 35.0)] {
        let task = Task {
            scene: &scene,
            roofs: None,
            diffraction: Diffraction::EdgesAlone,
            transmitter,
            beams: &beams,
            grid: Grid { origin: DVec2::new(-61.0, -57.0), cell: 5.0, nx: 26, ny: 24 },
            height: 1.5,
            footing: Footing::Ground,
            depth: 1,
            transmission: false,
            finishes: None,
            woods: None,
            sampling: Sampling { rays: 1, samples: 32 },
        };
        let mut job = Job::silent();
        let candidates = block_on(cpu::discover(&task, &mut job)).expect("candidates");
        let ours = block_on(cpu::gather(&task, &candidates, 0..task.grid.ny, &mut job)).expect("gains");
        let ours: Vec<f32> = ours[0].iter().map(|g| 10.0 * g.log10()).collect();
        let all = by_trying_all(&task, 12);
        let off = agreement(ours.iter().zip(&all), -130.0);
        println!("{transmitter}: {off:?}");
        assert!(off.cells > 300, "{off:?}");
        assert!(off.found > 0.99 && off.median < 0.3 && off.p90 < 1.2, "{off:?}");
        // And nothing where no edge sends anything.
        let stray = ours.iter().zip(&all).filter(|(ours, all)| ours.is_finite() && **all == f32::NEG_INFINITY).count();
        assert!(stray <= ours.len() / 100, "{stray} cells that nothing reaches");
    }
}
