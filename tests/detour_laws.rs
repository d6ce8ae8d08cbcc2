//! Ways around corners with mirrors beside them: those that rays find are nearly all that there are, and maps and lists
//! hold them.

use farfield::antenna::{Pointing, ReceiverAntenna};
use farfield::city::{Building, City, HeightSource};
use farfield::coverage::Grid;
use farfield::engine::{Engine, Job};
use farfield::geodesy::{LocalFrame, LonLat};
use farfield::material::Material;
use farfield::scenario::{Footing, Scenario, Site};
use farfield::trace::bent::{self, Hints};
use farfield::trace::cpu;
use farfield::trace::detour;
use farfield::trace::field::{Beam, gain};
use farfield::trace::path::{Candidate, Kind};
use farfield::trace::scene::Scene;
use farfield::trace::task::{Diffraction, Sampling, Task};
use farfield::trace::wide::Hint;
use farfield::trace::{Tracer, path};
use farfield::units::Hertz;
use geo::{Rect, coord};
use glam::{DVec2, Vec3};
use pollster::block_on;

fn block([x, y]: [f64; 2], [width, depth]: [f64; 2], top: f32) -> Building {
    let footprint = Rect::new(coord! { x: x, y: y }, coord! { x: x + width, y: y + depth }).to_polygon();
    let (wall, roof) = (Material::Brick, Material::Concrete);
    Building { id: 0, footprint, base: 0.0, top, height_source: HeightSource::Model, wall, roof }
}

/// Streets that cross, with houses too high to come over.
fn streets() -> City {
    let houses = [
        ([-90.0, -70.0], [78.0, 55.0]),
        ([-90.0, 12.0], [70.0, 50.0]),
        ([14.0, -60.0], [60.0, 48.0]),
        ([11.0, 14.0], [75.0, 40.0]),
    ];
    City {
        name: "streets".into(),
        attribution: String::new(),
        frame: LocalFrame::new(LonLat::new(11.5, 48.1)),
        bounds: Rect::new(coord! { x: -100.0, y: -80.0 }, coord! { x: 100.0, y: 80.0 }),
        buildings: houses
            .into_iter()
            .zip([24.0, 31.0, 27.0, 22.0])
            .map(|((at, size), top)| block(at, size, top))
            .collect(),
        ground: Material::MediumDryGround,
        terrain: None,
        woods: Vec::new(),
    }
}

/// Every way over one edge with a mirror before it, behind it or both, by trying all.
fn by_trying_all(task: &Task<'_>, to: Vec3) -> Vec<path::Path> {
    let scene = task.scene;
    let mirrors: Vec<Option<u32>> = std::iter::once(None).chain((0..scene.mirrors.len() as u32).map(Some)).collect();
    let side = |from: Vec3| -> Vec<Candidate<'_>> {
        mirrors.iter().filter_map(|m| Candidate::bare(scene, m.as_slice(), from)).collect()
    };
    let (before, after) = (side(task.transmitter), side(to));
    let edges =
        (0..scene.edges().all.len() as u32).filter(|e| task.diffraction.bends_at(&scene.edges().all[*e as usize]));
    let mut found = Vec::new();
    for edge in edges {
        for start in &before {
            for end in &after {
                if !(start.mirrors.is_empty() && end.mirrors.is_empty()) {
                    found.extend(bent::find(scene, start, edge, end, &mut Hints::default()));
                }
            }
        }
    }
    found
}

#[test]
fn rays_find_nearly_all_that_comes_around_corners_over_mirrors() {
    let city = streets();
    let scene = Scene::of(&city);
    let beams = [Beam { pointing: Pointing::ISOTROPIC, frequency: Hertz(2.1e9), receiver: ReceiverAntenna::ISOTROPIC }];
    let task = Task {
        scene: &scene,
        roofs: None,
        diffraction: Diffraction::RooftopsAndDetours,
        transmitter: Vec3::new(-60.0, -2.0, 9.0),
        beams: &beams,
        grid: Grid::covering(city.bounds, 4.0).expect("a grid"),
        height: 1.5,
        footing: Footing::Ground,
        depth: 3,
        transmission: false,
        finishes: None,
        woods: None,
        sampling: Sampling { rays: 1 << 15, samples: 1 },
    };
    let candidates = block_on(cpu::discover(&task, &mut Job::silent())).expect("candidates");
    let layers = task.layers(beams[0].frequency);
    let power = |paths: &mut dyn Iterator<Item = path::Path>| paths.map(|p| gain(&p, &beams[0], &layers)).sum::<f32>();
    let (mut lost, mut ways) = (Vec::new(), 0);
    // Around the corner, where nothing shines.
    for (ix, iy) in (0..task.grid.ny).flat_map(|iy| (0..task.grid.nx).map(move |ix| (ix, iy))) {
        let to = task.centre(ix, iy);
        if scene.blocked(task.transmitter, to, [u32::MAX; 2], &mut Hint::default()).is_none() || (ix + iy) % 3 > 0 {
            continue;
        }
        let all = by_trying_all(&task, to);
        let truth = power(&mut all.iter().copied());
        let ours = power(&mut detour::paths(&task, &candidates, to));
        assert!(ours <= truth * 1.001, "{ours} of {truth} at {to}");
        if truth > 1e-12 {
            lost.push(10.0 * (truth / ours).log10());
            ways += all.len();
        }
    }
    lost.sort_by(f32::total_cmp);
    let at = |q: f32| lost[((lost.len() - 1) as f32 * q) as usize];
    assert!(lost.len() > 100 && ways > 1000, "{} places, {ways} ways", lost.len());
    assert!(at(0.5) < 0.01 && at(0.9) < 0.2 && at(0.97) < 1.0, "{} {} {} dB", at(0.5), at(0.9), at(0.97));
}

#[test]
fn maps_hold_what_lists_tell_and_never_less_than_without() {
    let city = streets();
    let position = city.frame.to_lonlat(DVec2::new(-60.0, -2.0));
    let mut scenario =
        Scenario { sites: vec![Site { position, height: 9.0, ..Site::default() }], ..Scenario::default() };
    scenario.engines.trace.corners = true;
    let mut tracer = Tracer::cpu();
    let without = block_on(tracer.predict(&city, &scenario, &mut Job::silent())).expect("a map");
    scenario.engines.trace.detours = true;
    let with = block_on(tracer.predict(&city, &scenario, &mut Job::silent())).expect("a map");
    let mut more = 0;
    for (a, b) in without.values.iter().zip(&with.values).filter(|(a, _)| !a.is_nan()) {
        assert!(b >= &(a - 0.01), "{b} dBm with mirrors, {a} dBm without");
        more += usize::from(*b > a + 1.0);
    }
    assert!(more > 50, "{more} cells have more");
    let mut mirrored = 0;
    for cell in (0..with.values.len()).step_by(7).filter(|cell| !with.values[*cell].is_nan()) {
        let (ix, iy) = (cell as u32 % with.grid.nx, cell as u32 / with.grid.nx);
        let at = city.frame.to_lonlat(with.grid.centre(ix, iy));
        let heard = block_on(tracer.paths_at(&city, &scenario, at, &mut Job::silent())).expect("paths");
        // Maps leave out what is next to nothing beside the rest.
        let (listed, value) = (heard.level.expect("a level"), with.values[cell]);
        assert!((-0.01..1.0).contains(&(listed - value)), "{listed} dBm listed, {value} dBm on the map");
        let both = |kinds: &[Kind]| kinds.contains(&Kind::Diffraction) && kinds.contains(&Kind::Reflection);
        mirrored += heard.paths.iter().filter(|p| both(&p.events.iter().map(|e| e.kind).collect::<Vec<_>>())).count();
    }
    assert!(mirrored > 50, "{mirrored} paths");
}
