//! Laws of paths over one edge: equal angles, reciprocity, a field without a jump at shadows and reflections of a house's
//! corner, and an answer to any geometry.

use farfield::antenna::{Pointing, ReceiverAntenna};
use farfield::material::Material;
use farfield::trace::bent::{self, Hints};
use farfield::trace::field::{Beam, Layer, gain, polarisation, transport};
use farfield::trace::path::{Candidate, Kind, Path};
use farfield::trace::scene::{Scene, SceneBuilder, Surface};
use farfield::units::Hertz;
use glam::{DVec3, Vec2, Vec3};
use proptest::prelude::*;
use std::f64::consts::TAU;

const FREQUENCY: Hertz = Hertz(2.1e9);

/// Adds a house with walls, a flat roof and no floor.
fn house(builder: &mut SceneBuilder, [x, y]: [f32; 2], [w, d, h]: [f32; 3], surface: Surface) {
    let ring = [(0.0, 0.0), (w, 0.0), (w, d), (0.0, d)].map(|(u, v)| Vec2::new(x + u, y + v));
    for i in 0..4 {
        let [a, b] = [ring[i], ring[(i + 1) % 4]];
        builder.quad([a.extend(0.0), b.extend(0.0), b.extend(h), a.extend(h)], surface);
    }
    builder.quad(ring.map(|p| p.extend(h)), surface);
}

fn layers(scene: &Scene) -> Vec<Layer> {
    scene.surfaces.iter().map(|s| Layer::of(s, FREQUENCY)).collect()
}

fn over(scene: &Scene, before: &[u32], edge: u32, after: &[u32], from: Vec3, to: Vec3) -> Option<Path> {
    let back: Vec<u32> = after.iter().rev().copied().collect();
    let sides = (Candidate::of(scene, before, from, 0)?, Candidate::of(scene, &back, to, 0)?);
    bent::find(scene, &sides.0, edge, &sides.1, &mut Hints::default())
}

fn length(path: &Path) -> f64 {
    let points: Vec<DVec3> = path.points().map(Vec3::as_dvec3).collect();
    points.windows(2).map(|w| w[0].distance(w[1])).sum()
}

/// The field at the receiver with spreading and phase, as real and imaginary part.
fn field(path: &Path, layers: &[Layer]) -> (DVec3, DVec3) {
    let first = path.interactions().first().map_or(path.to, |m| m.point);
    let (re, im) =
        transport(path, polarisation(&Pointing::ISOTROPIC, (first - path.from).normalize()), layers, FREQUENCY);
    let length = length(path);
    let (sin, cos) = (-TAU * length / FREQUENCY.wavelength()).sin_cos();
    let (re, im) = (re.as_dvec3() / length, im.as_dvec3() / length);
    (re * cos - im * sin, re * sin + im * cos)
}

/// Every path with at most one reflection or diffraction.
fn first_order(scene: &Scene, from: Vec3, to: Vec3) -> Vec<Path> {
    let mirrors = 0..scene.mirrors.len() as u32;
    let single = mirrors.filter_map(|m| farfield::trace::path::find(scene, &[m], from, to));
    let direct = farfield::trace::path::find(scene, &[], from, to);
    let bent = (0..scene.edges().all.len() as u32).filter_map(|e| over(scene, &[], e, &[], from, to));
    direct.into_iter().chain(single).chain(bent).collect()
}

fn street(surface: Surface) -> Scene {
    let mut builder = SceneBuilder::new();
    house(&mut builder, [0.0, 0.0], [20.0, 15.0, 12.0], surface);
    house(&mut builder, [0.0, 30.0], [25.0, 12.0, 18.0], surface);
    house(&mut builder, [-40.0, 5.0], [15.0, 30.0, 9.0], surface);
    let ground = [(-100.0, -100.0), (100.0, -100.0), (100.0, 100.0), (-100.0, 100.0)].map(Vec2::from);
    builder.quad(ground.map(|p| p.extend(0.0)), surface);
    builder.build()
}

const METAL: Surface = Surface { material: Material::Metal, thickness: None };
const BRICK: Surface = Surface { material: Material::Brick, thickness: None };

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_path_over_an_edge_is_the_same_both_ways_and_keeps_its_angle(
        a in (-60.0..60.0f32, -60.0..60.0f32, 0.5..30.0f32),
        b in (-60.0..60.0f32, -60.0..60.0f32, 0.5..30.0f32),
    ) {
        let scene = street(METAL);
        // With walls that are no conductors Luebbers' coefficients are not reciprocal, and even a metal's are not quite.
        let conductor = Layer { eta_re: 1.0, eta_im: -1e16, thickness: -1.0, specular: 1.0, roughness: 0.0, padding: 0.0 };
        let layers = vec![conductor; scene.surfaces.len()];
        let beam = Beam { pointing: Pointing::ISOTROPIC, frequency: FREQUENCY, receiver: ReceiverAntenna::ISOTROPIC };
        let (from, to) = (Vec3::from(a), Vec3::from(b));
        let mirrors: Vec<Vec<u32>> =
            std::iter::once(vec![]).chain((0..scene.mirrors.len() as u32).map(|m| vec![m])).collect();
        for edge in 0..scene.edges().all.len() as u32 {
            for before in &mirrors {
                for after in &mirrors {
                    let Some(there) = over(&scene, before, edge, after, from, to) else { continue };
                    let met = there.interactions();
                    prop_assert_eq!(met.len(), before.len() + 1 + after.len());
                    let turn = met.iter().position(|m| m.kind == Kind::Diffraction).expect("an edge");
                    let points: Vec<Vec3> = there.points().collect();
                    let along = |i: usize| (points[i + 1] - points[i]).normalize().dot(met[turn].normal);
                    prop_assert!((along(turn) - along(turn + 1)).abs() < 1e-3);
                    let power = gain(&there, &beam, &layers);
                    prop_assert!(power.is_finite() && power <= 1.0);
                    let Some(back) = over(&scene, after, edge, before, to, from) else {
                        return Err(TestCaseError::fail(format!("no way back over {before:?} {edge} {after:?}")));
                    };
                    prop_assert!((there.length() - back.length()).abs() < 1e-3);
                    let ear = |path: &Path| {
                        let last = path.interactions().last().expect("an edge").point;
                        let ear = polarisation(&Pointing::ISOTROPIC, (path.to - last).normalize()).as_dvec3();
                        let (re, im) = field(path, &layers);
                        re.dot(ear).hypot(im.dot(ear)) * f64::from(path.length())
                    };
                    let (x, y) = (ear(&there), ear(&back));
                    prop_assert!((x - y).abs() < 2e-3, "{} {} over {:?} {} {:?}", x, y, before, edge, after);
                }
            }
        }
    }

    #[test]
    fn degenerate_edges_and_ends_give_defined_answers(
        which in 0usize..12, at in prop::sample::select(vec![0.0f64, 0.3, 1.0, 1.5, -0.5]),
        b in (-60.0..60.0f32, -60.0..60.0f32, 0.0..30.0f32),
        flat in 0.0..1e-3f32,
    ) {
        let mut builder = SceneBuilder::new();
        house(&mut builder, [0.0, 0.0], [20.0, 15.0, 12.0], BRICK);
        builder.triangle([Vec3::new(30.0, 0.0, 0.0), Vec3::new(30.0 + flat, 0.0, 0.0), Vec3::new(30.0, 0.0, 9.0)], BRICK);
        let scene = builder.build();
        let edges = &scene.edges().all;
        let [start, end] = edges[which % edges.len()].wedge.ends();
        let beam = Beam { pointing: Pointing::ISOTROPIC, frequency: FREQUENCY, receiver: ReceiverAntenna::ISOTROPIC };
        let layers = layers(&scene);
        // On an edge, on an edge's line, on a corner, on a face; and the receiver anywhere or there too.
        let mast = start.lerp(end, at).as_vec3();
        for to in [Vec3::from(b), mast, end.as_vec3(), Vec3::NAN] {
            for path in first_order(&scene, mast, to) {
                prop_assert!(gain(&path, &beam, &layers).is_finite());
            }
        }
    }
}

/// Walks a receiver on `way`, t from 0 to 1, beside a house, and looks at each place where a direct or reflected wave begins
/// or ends: together with the wave over the edge that hides it, which has the same length there, it must not jump. The
/// largest jump in shares of the wave that ends, and how many ended.
fn largest_jump(surface: Surface, way: impl Fn(f64) -> DVec3) -> (f64, usize) {
    /// Facets reach over their rims by a hundred-thousandth of their size: this far from the boundary, metres.
    const BESIDE: f64 = 6e-3;
    let mut builder = SceneBuilder::new();
    house(&mut builder, [0.0, 0.0], [40.0, 40.0, 40.0], surface);
    let scene = builder.build();
    let layers = layers(&scene);
    let from = Vec3::new(-22.3, 9.1, 33.0);
    let at = |t: f64| first_order(&scene, from, way(t).as_vec3());
    let bends = |p: &Path| p.interactions().iter().any(|m| m.kind == Kind::Diffraction);
    let specular = |t: f64| at(t).iter().filter(|p| !bends(p)).count();
    let pace = (way(1.0) - way(0.0)).length();
    let (mut jump, mut changes) = (0.0f64, 0);
    for i in 0..400 {
        let (mut low, mut high) = (f64::from(i) / 400.0, f64::from(i + 1) / 400.0);
        let (first, last) = (specular(low), specular(high));
        if first == last {
            continue;
        }
        while (high - low) * pace > 1e-4 {
            let middle = 0.5 * (low + high);
            if specular(middle) == first { low = middle } else { high = middle }
        }
        let (low, high) = (low - BESIDE / pace, high + BESIDE / pace);
        let (lit, dark) = if first > last { (low, high) } else { (high, low) };
        let normals = |p: &Path| p.interactions().iter().map(|m| m.normal).collect::<Vec<_>>();
        let there: Vec<Vec<Vec3>> = at(dark).iter().filter(|p| !bends(p)).map(normals).collect();
        let ended = at(lit).into_iter().find(|p| !bends(p) && !there.contains(&normals(p))).expect("what ends");
        // With the phase against that of the wave over the edge, which has it from its length.
        let over = |t: f64| {
            let nearest = |p: &Path| (p.length() - ended.length()).abs();
            at(t).into_iter().filter(bends).min_by(|a, b| nearest(a).total_cmp(&nearest(b))).expect("an edge")
        };
        let alone = |p: &Path| {
            let (re, im) = field(p, &layers);
            let (sin, cos) = (TAU * length(p) / FREQUENCY.wavelength()).sin_cos();
            (re * cos - im * sin, re * sin + im * cos)
        };
        let (before, after, wave) = (alone(&over(lit)), alone(&over(dark)), alone(&ended));
        let (re, im) = (before.0 + wave.0 - after.0, before.1 + wave.1 - after.1);
        jump = jump.max(re.length().hypot(im.length()) / wave.0.length().hypot(wave.1.length()));
        changes += 1;
    }
    (jump, changes)
}

#[test]
fn the_whole_field_does_not_jump_where_a_wave_begins_or_ends() {
    for surface in [METAL, BRICK, Surface { material: Material::Concrete, thickness: Some(0.1) }] {
        // Around the corner at the origin: out of the mirror of one wall, then into the shadow.
        let around = |t: f64| DVec3::new(-45.0 + 100.0 * t, -12.0, 21.0);
        let (jump, changes) = largest_jump(surface, around);
        println!("{surface:?}: around {jump:.4} of the direct wave at {changes} boundaries");
        assert!(changes >= 2 && jump < 0.02, "{surface:?} {jump} {changes}");
        // Over the eaves: from above the roof down behind the house.
        let (jump, changes) = largest_jump(surface, |t| DVec3::new(58.0, 19.0, 75.0 - 50.0 * t));
        println!("{surface:?}: over {jump:.4} at {changes}");
        assert!(changes >= 1 && jump < 0.02, "{surface:?} {jump} {changes}");
    }
}
