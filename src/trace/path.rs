//! Specular paths by the image method: a signature names the mirrors in order, and the path between two points through
//! them is unique.
//!
//! Each point of reflection must lie on a facet of its mirror. What stands between one and the next ends the path, or is
//! gone through where walls may be: straight on, for a layer shifts a ray by less than its thickness. A segment leaves out
//! the planes of both its ends, for coplanar facets lie within a tolerance of their plane.

use super::bvh::NO_PLANE;
use super::cone::Cone;
use super::discover::{Candidates, mirrors};
use super::plane::Mirror;
use super::scene::Scene;
use super::shaft::{self, Shaft};
use super::task::Task;
use super::utd::Wedge;
use super::wide::Hint;
use crate::scenario::MAX_DEPTH;
use glam::Vec3;
use serde::{Deserialize, Serialize};

/// Most interactions of a path.
pub const MAX_ORDER: usize = MAX_DEPTH as usize;

/// So many leaves are asked one by one; more are left to the hierarchy.
const FEW_LEAVES: usize = 40;

/// What a surface does to a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It mirrors.
    #[default]
    Reflection,
    /// The path goes through it.
    Transmission,
    /// The path bends about an edge.
    Diffraction,
}

/// Where a path meets a surface.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Interaction {
    /// What happens.
    pub kind: Kind,
    /// Where, local metres.
    pub point: Vec3,
    /// Unit normal of the surface; unit direction of an edge.
    pub normal: Vec3,
    /// Index of the surface met; of an edge, that of its face 0.
    pub surface: u32,
}

/// The edge that a path bends about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bend {
    /// Where it lies and how its faces stand.
    pub wedge: Wedge,
    /// Surfaces of face 0 and face n.
    pub surfaces: [u32; 2],
}

/// A path from transmitter to receiver.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Path {
    /// The transmitter.
    pub from: Vec3,
    /// The receiver.
    pub to: Vec3,
    /// The edge, where it is diffracted: at one edge at most.
    pub bend: Option<Bend>,
    met: [Interaction; MAX_ORDER],
    count: usize,
}

impl Path {
    /// The straight path, whether or not something stands in it.
    pub fn direct(from: Vec3, to: Vec3) -> Self {
        Self { from, to, bend: None, met: [Interaction::default(); MAX_ORDER], count: 0 }
    }

    /// The path that meets all this, from transmitter to receiver; `None` beyond [`MAX_ORDER`].
    pub fn over(from: Vec3, to: Vec3, met: impl IntoIterator<Item = Interaction>, bend: Option<Bend>) -> Option<Self> {
        let mut path = Self { bend, ..Self::direct(from, to) };
        for interaction in met {
            path.push(interaction)?;
        }
        Some(path)
    }

    /// What it meets from transmitter to receiver.
    pub fn interactions(&self) -> &[Interaction] {
        &self.met[..self.count]
    }

    fn push(&mut self, interaction: Interaction) -> Option<()> {
        *self.met.get_mut(self.count)? = interaction;
        self.count += 1;
        Some(())
    }

    /// The transmitter, where it meets what, the receiver.
    pub fn points(&self) -> impl Iterator<Item = Vec3> {
        let met = self.interactions().iter().map(|i| i.point);
        std::iter::once(self.from).chain(met).chain(std::iter::once(self.to))
    }

    /// Its length, metres.
    pub fn length(&self) -> f32 {
        self.points().zip(self.points().skip(1)).map(|(a, b)| a.distance(b)).sum()
    }
}

/// A signature with the transmitter's image behind each of its mirrors.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    /// The mirrors, from the transmitter on.
    pub mirrors: &'a [u32],
    /// The transmitter, then its image in the first mirror, and so on.
    pub images: [Vec3; MAX_ORDER + 1],
    /// What of space paths over them may reach.
    pub cone: Cone,
    /// Walls that a path may go through.
    pub walls: usize,
}

impl<'a> Candidate<'a> {
    /// Images of `from`; `None` where a mirror isn't there or the order is too high.
    pub fn of(scene: &Scene, signature: &'a [u32], from: Vec3, walls: usize) -> Option<Self> {
        let bare = Self::bare(scene, signature, from)?;
        Some(Self { cone: Cone::of(scene, signature, &bare.images), walls, ..bare })
    }

    /// The same through no walls, and of which it is not known what it may reach.
    pub fn bare(scene: &Scene, signature: &'a [u32], from: Vec3) -> Option<Self> {
        let mut images = [from; MAX_ORDER + 1];
        if signature.len() > MAX_ORDER {
            return None;
        }
        for (i, index) in signature.iter().enumerate() {
            images[i + 1] = scene.mirrors.get(*index as usize)?.image(images[i]);
        }
        Some(Self { mirrors: signature, images, cone: Cone::default(), walls: 0 })
    }

    /// All of `candidates`, by their number.
    pub fn all(task: &Task<'_>, candidates: &'a Candidates) -> Vec<Option<Self>> {
        candidates.signatures.iter().map(|s| Self::for_task(task, mirrors(s))).collect()
    }

    /// That of a task, which says how many walls a path may go through.
    pub fn for_task(task: &Task<'_>, signature: &'a [u32]) -> Option<Self> {
        let walls = if task.transmission { task.depth.checked_sub(signature.len())? } else { 0 };
        Self::of(task.scene, signature, task.transmitter, walls)
    }

    /// The ends of leg `i` of the path to `to`, and the planes that they lie on.
    #[inline]
    fn leg(&self, reflections: &Reflections, to: Vec3, i: usize) -> ([Vec3; 2], [u32; 2]) {
        let (a, left) = if i == 0 { (self.images[0], NO_PLANE) } else { (reflections[i - 1].0, self.mirrors[i - 1]) };
        let (b, reached) = if i == self.mirrors.len() { (to, NO_PLANE) } else { (reflections[i].0, self.mirrors[i]) };
        ([a, b], [left, reached])
    }

    /// The path to `to` over these reflections.
    fn path(&self, scene: &Scene, reflections: &Reflections, to: Vec3) -> Path {
        let mut path = Path::direct(self.images[0], to);
        path.count = self.mirrors.len();
        for ((met, (point, surface)), mirror) in path.met.iter_mut().zip(reflections).zip(self.mirrors) {
            let normal = scene.mirrors[*mirror as usize].normal.into();
            *met = Interaction { kind: Kind::Reflection, point: *point, normal, surface: *surface };
        }
        path
    }
}

/// The path between two points over the mirrors of `signature`, if it exists in the scene. A signature longer than
/// [`MAX_ORDER`] or with a mirror that isn't there has no path.
pub fn find(scene: &Scene, signature: &[u32], from: Vec3, to: Vec3) -> Option<Path> {
    through(scene, &Candidate::of(scene, signature, from, 0)?, to, &mut Hints::default())
}

/// What is known of what may hide each leg of a candidate's paths.
#[derive(Clone, Debug, Default)]
pub struct Hints {
    /// The leaf that did so last.
    last: [Hint; MAX_ORDER + 1],
    /// The only leaves that may, where they are few.
    only: [Option<Vec<u32>>; MAX_ORDER + 1],
}

impl Hints {
    /// Forgets all.
    pub fn clear(&mut self) {
        self.last = Default::default();
        self.only.fill(None);
    }

    /// Learns what may be in the way of any path to a convex part of the receivers' level, its `corners` in order.
    pub fn look_towards(&mut self, scene: &Scene, candidate: &Candidate<'_>, corners: &[Vec3]) {
        self.clear();
        let Candidate { mirrors, images, .. } = candidate;
        let mut ends: [Vec3; shaft::MAX_CORNERS] = Default::default();
        let Some(ends) = ends.get_mut(..corners.len()).filter(|e| e.len() > 2) else { return };
        ends.copy_from_slice(corners);
        for i in (0..=mirrors.len()).rev() {
            let mut starts = [images[0]; shaft::MAX_CORNERS];
            if let Some(before) = i.checked_sub(1) {
                let mirror = &scene.mirrors[mirrors[before] as usize];
                for (start, end) in starts.iter_mut().zip(ends.iter()) {
                    let Some(point) = between(mirror, images[i], *end) else { return };
                    *start = point;
                }
            }
            let starts = &starts[..corners.len()];
            let mut leaves = Vec::with_capacity(FEW_LEAVES);
            if scene.wide.leaves_in(&Shaft::between(images[i], starts, ends), FEW_LEAVES, &mut leaves) {
                self.only[i] = Some(leaves);
            }
            ends.copy_from_slice(starts);
        }
    }
}

/// Where the way from the image of a point behind a mirror to one before it comes through; `None` if both are on one side.
#[inline]
fn between(mirror: &Mirror, behind: Vec3, before: Vec3) -> Option<Vec3> {
    let (there, here) = (mirror.height(behind), mirror.height(before));
    (there * here < 0.0).then(|| behind.lerp(before, there / (there - here)))
}

/// The path of `candidate` to `to`, if it exists in the scene.
pub fn through(scene: &Scene, candidate: &Candidate<'_>, to: Vec3, hints: &mut Hints) -> Option<Path> {
    let reflections = reflections(scene, candidate, to)?;
    if candidate.walls > 0 {
        return pierced(scene, candidate, &candidate.path(scene, &reflections, to));
    }
    let hidden = obstacle(scene, candidate, &reflections, to, hints).is_some();
    (!hidden).then(|| candidate.path(scene, &reflections, to))
}

/// What becomes of a candidate at one receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A path arrives.
    Clear,
    /// A facet is in the way.
    Hidden(Obstacle),
    /// There is no such way: it misses a mirror's facets.
    Nowhere,
}

/// What is in the way of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// Which leg it hides, from 0 at the transmitter.
    pub leg: usize,
    /// The facet.
    pub facet: u32,
}

/// What becomes of a candidate that goes through no walls at the receiver `to`.
pub fn ask(scene: &Scene, candidate: &Candidate<'_>, to: Vec3, hints: &mut Hints) -> Answer {
    let Some(reflections) = reflections(scene, candidate, to) else { return Answer::Nowhere };
    obstacle(scene, candidate, &reflections, to, hints).map_or(Answer::Clear, Answer::Hidden)
}

/// The path over the candidate's mirrors, whatever stands in its way.
pub fn mirrored(scene: &Scene, candidate: &Candidate<'_>, to: Vec3) -> Option<Path> {
    reflections(scene, candidate, to).map(|reflections| candidate.path(scene, &reflections, to))
}

/// Where a path meets each of its mirrors, and the surface there.
type Reflections = [(Vec3, u32); MAX_ORDER];

/// Those of the path to `to`, if each is on a facet of its mirror.
#[inline]
fn reflections(scene: &Scene, candidate: &Candidate<'_>, to: Vec3) -> Option<Reflections> {
    let Candidate { mirrors, images, .. } = candidate;
    let mut reflections = [(Vec3::ZERO, 0); MAX_ORDER];
    let mut target = to;
    for i in (0..mirrors.len()).rev() {
        let mirror = &scene.mirrors[mirrors[i] as usize];
        let point = between(mirror, images[i + 1], target)?;
        if !mirror.near(point) {
            return None;
        }
        reflections[i] = (point, scene.faces.surface_at(mirrors[i], point)?);
        target = point;
    }
    Some(reflections)
}

/// A facet in the way of a path; where one was found before is looked at first.
fn obstacle(
    scene: &Scene,
    candidate: &Candidate<'_>,
    reflections: &Reflections,
    to: Vec3,
    hints: &mut Hints,
) -> Option<Obstacle> {
    let last = candidate.mirrors.len();
    let known = |i: usize| {
        if hints.only[i].is_some() {
            return None;
        }
        let ([a, b], planes) = candidate.leg(reflections, to, i);
        let facet = scene.blocked_again(a, b, planes, hints.last[i])?;
        Some(Obstacle { leg: i, facet })
    };
    if let Some(found) = (0..=last).find_map(known) {
        return Some(found);
    }
    // The street end is hidden most often, so it is looked at first.
    (0..=last).rev().find_map(|i| {
        let ([a, b], planes) = candidate.leg(reflections, to, i);
        let facet = match &mut hints.only[i] {
            Some(leaves) => scene.wide.any_hit_in(leaves, a, b - a, 1.0, planes),
            None => scene.blocked(a, b, planes, &mut hints.last[i]),
        };
        facet.map(|facet| Obstacle { leg: i, facet })
    })
}

/// A path over mirrors with the walls that it goes through; `None` where one lets nothing through, or there are too many.
fn pierced(scene: &Scene, candidate: &Candidate<'_>, mirrored: &Path) -> Option<Path> {
    let mut path = Path::direct(mirrored.from, mirrored.to);
    let mut walls = candidate.walls;
    for (i, reflection) in mirrored.interactions().iter().map(Some).chain([None]).enumerate() {
        let before = i.checked_sub(1).map(|i| &mirrored.met[i]);
        let a = before.map_or(mirrored.from, |r| r.point);
        let b = reflection.map_or(mirrored.to, |r| r.point);
        let plane = |i: Option<usize>| i.and_then(|i| candidate.mirrors.get(i)).copied().unwrap_or(NO_PLANE);
        let planes = [plane(i.checked_sub(1)), plane(Some(i))];
        for hit in scene.wide.all_hits(a, b - a, 1.0, planes, walls)? {
            let facet = &scene.facets[hit.facet as usize];
            scene.surfaces[facet.surface as usize].thickness?;
            let normal = scene.mirrors[facet.plane as usize].normal.into();
            let point = a.lerp(b, hit.t);
            path.push(Interaction { kind: Kind::Transmission, point, normal, surface: facet.surface })?;
            walls -= 1;
        }
        if let Some(reflection) = reflection {
            path.push(*reflection)?;
        }
    }
    Some(path)
}
