//! Random scenes with antennas, and the paths between two points in them: over mirrors, through walls, over edges.

#![allow(dead_code, reason = "each test uses some of these")]

use farfield::antenna::{Pattern, Pointing, Polarisation, ReceiverAntenna};
use farfield::material::{Finish, Finishes, Material};
use farfield::trace::bent;
use farfield::trace::field::{Beam, Layer};
use farfield::trace::path::{Candidate, Hints, Path, through};
use farfield::trace::scene::{Scene, SceneBuilder, Surface};
use farfield::trace::store::{Parameter, PathStore, SignalModel};
use farfield::units::Hertz;
use glam::{Vec2, Vec3};
use proptest::prelude::*;

use Polarisation::{Horizontal, SlantLeft, SlantRight, Vertical};

/// What a scene is made of, and how its antennas stand.
#[derive(Clone, Debug)]
pub struct Setting {
    pub walls: [Surface; 3],
    pub ground: Material,
    pub finish: Finish,
    pub frequency: Hertz,
    pub from: Vec3,
    pub to: Vec3,
    pub beam: Beam,
}

fn house(builder: &mut SceneBuilder, [x, y]: [f32; 2], [w, d, h]: [f32; 3], surface: Surface) {
    let ring = [(0.0, 0.0), (w, 0.0), (w, d), (0.0, d)].map(|(u, v)| Vec2::new(x + u, y + v));
    for i in 0..4 {
        let [a, b] = [ring[i], ring[(i + 1) % 4]];
        builder.quad([a.extend(0.0), b.extend(0.0), b.extend(h), a.extend(h)], surface);
    }
    builder.quad(ring.map(|p| p.extend(h)), surface);
}

impl Setting {
    pub fn scene(&self) -> Scene {
        let mut builder = SceneBuilder::new();
        let [a, b, sheet] = self.walls;
        house(&mut builder, [0.0, 0.0], [20.0, 15.0, 12.0], a);
        house(&mut builder, [-7.0, 30.0], [25.0, 12.0, 18.0], b);
        let corners = [(-30.0, -20.0, 0.0), (-25.0, 25.0, 0.0), (-25.0, 25.0, 9.0), (-30.0, -20.0, 9.0)];
        builder.quad(corners.map(Vec3::from), sheet);
        let square = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
        let ground = Surface { material: self.ground, thickness: None };
        builder.quad(square.map(|(x, y)| Vec3::new(100.0 * x, 100.0 * y, 0.0)), ground);
        builder.build()
    }

    fn finishes(&self) -> Finishes {
        Finishes::all(self.finish)
    }

    pub fn layers(&self, scene: &Scene) -> Vec<Layer> {
        let finish = |s: &Surface| Layer::of(s, self.frequency).finished(self.finish, self.frequency);
        scene.surfaces.iter().map(finish).collect()
    }

    /// All paths with up to two reflections and two walls, and those over one edge and one mirror on either side.
    pub fn paths(&self, scene: &Scene) -> Vec<Path> {
        let mirrors: Vec<u32> = (0..scene.mirrors.len() as u32).collect();
        let single: Vec<Vec<u32>> = mirrors.iter().map(|m| vec![*m]).collect();
        let pairs = mirrors.iter().flat_map(|a| mirrors.iter().map(|b| vec![*a, *b])).filter(|p| p[0] != p[1]);
        let all = std::iter::once(vec![]).chain(single.iter().cloned()).chain(pairs);
        let mut found: Vec<Path> = all
            .filter_map(|s| through(scene, &Candidate::of(scene, &s, self.from, 2)?, self.to, &mut Hints::default()))
            .collect();
        let none = vec![vec![]];
        for (befores, afters) in [(&none, &none), (&single, &none), (&none, &single)] {
            for (before, after) in befores.iter().flat_map(|b| afters.iter().map(move |a| (b, a))) {
                let sides = (Candidate::of(scene, before, self.from, 0), Candidate::of(scene, after, self.to, 0));
                let (Some(there), Some(here)) = sides else { continue };
                let edges = 0..scene.edges().all.len() as u32;
                found.extend(edges.filter_map(|e| bent::find(scene, &there, e, &here, &mut bent::Hints::default())));
            }
        }
        found
    }

    pub fn store(&self, scene: &Scene, paths: &[Path]) -> PathStore {
        let mut store = PathStore::new(self.frequency, &scene.surfaces);
        store.push(paths.iter().map(|p| (p, 1.0)));
        store
    }

    pub fn model(&self) -> SignalModel {
        SignalModel::of(&self.beam, self.frequency, Some(&self.finishes()))
    }

    /// The same with no material at the end of what it can be: permittivities of 1 have no neighbour below, and a metal's
    /// conductivity makes no difference.
    pub fn model_between(&self) -> SignalModel {
        let mut model = self.model();
        for (material, properties) in Material::ALL.iter().zip(&mut model.materials) {
            properties.relative = properties.relative.max(1.2);
            if *material == Material::Metal {
                properties.conductivity = 30.0;
            }
        }
        model
    }
}

/// Any of them.
pub fn settings() -> impl Strategy<Value = Setting> {
    let polarisation = || prop::sample::select(vec![Vertical, Horizontal, SlantRight, SlantLeft]);
    let thickness = prop_oneof![Just(None), (0.02..0.4f32).prop_map(Some)];
    let material = || prop::sample::select(Material::ALL.to_vec());
    let surface = (material(), thickness).prop_map(|(material, thickness)| Surface { material, thickness });
    let pointing = (prop::sample::select(vec![Pattern::Isotropic, Pattern::Tr38901]), 0.0..360.0f32, -20.0..30.0f32)
        .prop_flat_map(move |(pattern, azimuth_deg, downtilt_deg)| {
            polarisation().prop_map(move |polarisation| Pointing {
                pattern,
                azimuth_deg,
                downtilt_deg,
                polarisation,
                beamwidths_deg: [50.0, 80.0],
            })
        });
    (
        prop::array::uniform3(surface),
        material(),
        (0.05..0.9f32, 1e-4..5e-3f32),
        0.4e9..30e9f64,
        ((-60.0..60.0f32, -60.0..60.0f32, 1.0..40.0f32), (-60.0..60.0f32, -60.0..60.0f32, 0.5..20.0f32)),
        (pointing, prop::option::of(polarisation())),
    )
        .prop_map(|(walls, ground, (scattering, roughness), frequency, (from, to), (pointing, polarisation))| {
            let frequency = Hertz(frequency);
            let receiver = ReceiverAntenna { polarisation, ..ReceiverAntenna::ISOTROPIC };
            Setting {
                walls,
                ground,
                finish: Finish { scattering, roughness, ..Finish::default() },
                frequency,
                from: from.into(),
                to: to.into(),
                beam: Beam { pointing, frequency, receiver },
            }
        })
}

/// Those that may make a difference.
pub fn parameters(setting: &Setting) -> Vec<Parameter> {
    let used = |material| setting.ground == material || setting.walls.iter().any(|w| w.material == material);
    let wanted = |p: &Parameter| match p {
        Parameter::Relative(m) | Parameter::Conductivity(m) | Parameter::Scattering(m) | Parameter::Roughness(m) => {
            used(*m)
        }
        Parameter::Horizontal | Parameter::Vertical => setting.beam.pointing.pattern == Pattern::Tr38901,
        _ => true,
    };
    Parameter::all().filter(wanted).collect()
}
