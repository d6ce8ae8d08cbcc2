//! The part of space that paths over some mirrors may reach: a cone from the last image of the transmitter through the
//! outlines of all mirrors, and the part of a cell that lies in it.
//!
//! Reflected in all mirrors after it, each mirror's outline is seen from the last image as it is seen on the way: the
//! path unfolds to a straight line. So a point is reached if that line goes through every outline, which is on the inner
//! side of each plane through the image and an edge (beam tracing; Heckbert & Hanrahan, SIGGRAPH 1984).

use super::path::{Candidate, MAX_ORDER, Obstacle};
use super::scene::Scene;
use glam::{Vec2, Vec3};

/// Most corners of a part of a cell. A cut adds one at most.
const MAX_CORNERS: usize = 12;

/// The points p with normal · p ≥ offset.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HalfSpace {
    normal: Vec3,
    offset: f32,
}

impl HalfSpace {
    /// That one.
    pub(super) const fn new(normal: Vec3, offset: f32) -> Self {
        Self { normal, offset }
    }

    /// That with `inside` on the plane through `at`.
    fn towards(normal: Vec3, at: Vec3, inside: Vec3) -> Self {
        let normal = normal * (inside - at).dot(normal).signum();
        Self { normal, offset: normal.dot(at) }
    }

    /// How far inside `p` is; in metres for a unit normal.
    fn depth(&self, p: Vec3) -> f32 {
        self.normal.dot(p) - self.offset
    }
}

/// Most corners of the part of a facet between two mirrors: one more for each.
const MAX_OUTLINE: usize = 6;

/// A facet whose plane is this near to the point that it is seen from is seen edge-on, metres.
const EDGE_ON: f32 = 1e-3;

/// What a facet hides from the last image of a candidate: the points behind it. Sides that there are too many of are
/// nowhere.
pub type Shadow = [HalfSpace; MAX_OUTLINE + 1];

/// The shadow that falls behind what is in the way to the receiver `hidden`.
pub fn shadow(scene: &Scene, candidate: &Candidate<'_>, obstacle: Obstacle, hidden: Vec3) -> Shadow {
    let Candidate { mirrors, images, .. } = candidate;
    let apex = images[mirrors.len()];
    let (mut outline, mut count) = ([Vec3::ZERO; MAX_OUTLINE], 4);
    outline[..4].copy_from_slice(&scene.facets[obstacle.facet as usize].corners());
    // What of it stands beyond the mirrors at the ends of its leg is in no way.
    let from = images[obstacle.leg];
    let mirror = |leg: usize| mirrors.get(leg).map(|index| &scene.mirrors[*index as usize]);
    if let Some(left) = obstacle.leg.checked_sub(1).and_then(mirror) {
        count = before(&mut outline, count, |p| -left.height(p) * left.height(from).signum());
    }
    if let Some(reached) = mirror(obstacle.leg) {
        count = before(&mut outline, count, |p| reached.height(p) * reached.height(from).signum());
    }
    let corners = &mut outline[..count];
    for index in &mirrors[obstacle.leg..] {
        let mirror = &scene.mirrors[*index as usize];
        for corner in corners.iter_mut() {
            *corner = mirror.image(*corner);
        }
    }
    let mut sides = Shadow::default();
    let middle = corners.iter().sum::<Vec3>() / corners.len().max(1) as f32;
    let normal = corners.get(..3).map_or(Vec3::ZERO, |c| (c[1] - c[0]).cross(c[2] - c[0]).normalize_or_zero());
    if normal.dot(middle - apex).abs() < EDGE_ON {
        // Of what is not there, or is seen edge-on, no shadow is known.
        sides[0] = HalfSpace { normal: Vec3::Z, offset: f32::INFINITY };
        return sides;
    }
    for (i, side) in sides.iter_mut().enumerate().take(corners.len()) {
        let normal = (corners[i] - apex).cross(corners[(i + 1) % corners.len()] - apex).normalize_or_zero();
        *side = HalfSpace::towards(normal, apex, middle);
    }
    sides[MAX_OUTLINE] = HalfSpace::towards(normal, middle, hidden);
    sides
}

/// Keeps what of a convex outline of `count` corners has no negative `height`; the number of its corners then.
fn before(outline: &mut [Vec3; MAX_OUTLINE], count: usize, height: impl Fn(Vec3) -> f32) -> usize {
    let whole = *outline;
    let whole = &whole[..count];
    if whole.iter().all(|p| height(*p) >= 0.0) {
        return count;
    }
    let mut kept = 0;
    for (i, b) in whole.iter().enumerate() {
        let a = whole[(i + count - 1) % count];
        let (from, to) = (height(a), height(*b));
        let crosses = ((from >= 0.0) != (to >= 0.0)).then(|| a.lerp(*b, from / (from - to)));
        for p in crosses.into_iter().chain((to >= 0.0).then_some(*b)) {
            if let Some(free) = outline.get_mut(kept) {
                *free = p;
                kept += 1;
            }
        }
    }
    kept
}

/// What lies on the inner side of every one of some planes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cone {
    sides: Vec<HalfSpace>,
}

impl Cone {
    /// The cone of the path over `mirrors`, in order, whose images of the transmitter are `images`.
    pub fn of(scene: &Scene, mirrors: &[u32], images: &[Vec3; MAX_ORDER + 1]) -> Self {
        let apex = images[mirrors.len()];
        let mut outlines: Vec<[Vec3; 4]> = Vec::with_capacity(mirrors.len());
        for index in mirrors {
            let mirror = &scene.mirrors[*index as usize];
            outlines.iter_mut().flatten().for_each(|corner| *corner = mirror.image(*corner));
            outlines.push(scene.outlines[*index as usize]);
        }
        let mut sides = Vec::with_capacity(4 * mirrors.len() + 1);
        if let Some(last) = mirrors.last() {
            let mirror = &scene.mirrors[*last as usize];
            let before = apex - 2.0 * mirror.height(apex) * Vec3::from(mirror.normal);
            sides.push(HalfSpace::towards(mirror.normal.into(), outlines[outlines.len() - 1][0], before));
        }
        for outline in outlines {
            let middle = (outline[0] + outline[2]) * 0.5;
            for (i, a) in outline.iter().enumerate() {
                let normal = (*a - apex).cross(outline[(i + 1) % 4] - apex).normalize_or_zero();
                sides.push(HalfSpace::towards(normal, apex, middle));
            }
        }
        Self { sides }
    }

    /// The cone inside a box of some `centre` and `half` its size: the sides that part it are put into `within`. Whether
    /// there is anything of the cone in the box.
    pub fn narrow(&self, centre: Vec3, half: Vec3, within: &mut Self) -> bool {
        within.sides.clear();
        for side in &self.sides {
            let (depth, reach) = (side.depth(centre), side.normal.abs().dot(half));
            if depth < -reach {
                return false;
            }
            if depth < reach {
                within.sides.push(*side);
            }
        }
        true
    }

    /// Whether it is all of the space that it was narrowed to.
    pub fn is_everything(&self) -> bool {
        self.sides.is_empty()
    }

    /// The part of a level square around `centre` that lies in it.
    pub fn part(&self, centre: Vec3, half: Vec2) -> Part {
        let mut part = Part::rectangle(centre.truncate(), half);
        for side in &self.sides {
            part.cut(side, centre.z);
        }
        part
    }
}

/// A convex polygon in the plane.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    corners: [Vec2; MAX_CORNERS],
    count: usize,
}

impl Part {
    const NOTHING: Self = Self { corners: [Vec2::ZERO; MAX_CORNERS], count: 0 };

    /// A rectangle.
    pub fn rectangle(centre: Vec2, half: Vec2) -> Self {
        let mut corners = [Vec2::ZERO; MAX_CORNERS];
        for (corner, (x, y)) in corners.iter_mut().zip([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]) {
            *corner = centre + half * Vec2::new(x, y);
        }
        Self { corners, count: 4 }
    }

    /// Its corners, counter-clockwise.
    pub fn corners(&self) -> &[Vec2] {
        &self.corners[..self.count]
    }

    /// The mean of its corners.
    pub fn middle(&self) -> Vec2 {
        self.corners().iter().sum::<Vec2>() / self.count.max(1) as f32
    }

    /// Its area, square metres where its corners are in metres.
    pub fn area(&self) -> f32 {
        self.halves().map(|t| area(&t)).sum()
    }

    /// The triangles between its middle and its sides.
    pub fn fan(&self) -> impl Iterator<Item = Triangle> {
        let (corners, middle) = (self.corners(), self.middle());
        (0..corners.len()).map(move |i| [middle, corners[i], corners[(i + 1) % corners.len()]])
    }

    /// The triangles between one of its corners and its sides: fewer.
    pub fn halves(&self) -> impl Iterator<Item = Triangle> {
        let corners = self.corners();
        (2..corners.len()).map(move |i| [corners[0], corners[i - 1], corners[i]])
    }

    /// Its parts on both sides of its middle, across the way from its first corner to the farthest.
    pub fn halved(&self, z: f32) -> [Self; 2] {
        let [middle, first] = [self.middle(), self.corners().first().copied().unwrap_or_default()];
        let far =
            self.corners().iter().map(|c| *c - first).max_by(|a, b| a.length_squared().total_cmp(&b.length_squared()));
        let along = far.unwrap_or_default().normalize_or(Vec2::X).extend(0.0);
        let side = HalfSpace { normal: along, offset: along.dot(middle.extend(z)) };
        let mut halves = [*self, Self::NOTHING];
        self.divide(&side, z, &mut halves);
        halves
    }

    /// Whether all of it, at height `z`, is beyond one side of the shadow.
    pub fn is_clear_of(&self, shadow: &Shadow, z: f32) -> bool {
        let beyond = |side: &HalfSpace| self.corners().iter().all(|corner| side.depth(corner.extend(z)) < 0.0);
        shadow.iter().any(|side| side.normal != Vec3::ZERO && beyond(side))
    }

    /// Tells of the convex pieces, at height `z`, that are outside of the shadow.
    pub fn without(&self, shadow: &Shadow, z: f32, mut tell: impl FnMut(Self)) {
        let (mut rest, mut parts) = (*self, [Self::NOTHING; 2]);
        for side in shadow.iter().filter(|side| side.normal != Vec3::ZERO) {
            match rest.divide(side, z, &mut parts) {
                Divided::Inside => {}
                Divided::Outside => return tell(rest),
                Divided::Both => {
                    tell(parts[1]);
                    rest = parts[0];
                }
            }
        }
    }

    /// Keeps what of it, at height `z`, is inside; whether anything was not.
    pub(super) fn cut(&mut self, side: &HalfSpace, z: f32) -> bool {
        let mut parts = [Self::NOTHING; 2];
        match self.divide(side, z, &mut parts) {
            Divided::Inside => return false,
            Divided::Outside => self.count = 0,
            Divided::Both => *self = parts[0],
        }
        true
    }

    /// On which sides it is, at height `z` (Sutherland & Hodgman 1974). Where on both, what is inside and what is outside are
    /// put into `parts`; one that would have too many corners is all of it.
    fn divide(&self, side: &HalfSpace, z: f32, parts: &mut [Self; 2]) -> Divided {
        let mut depths = [0.0; MAX_CORNERS];
        let (mut all, mut none) = (true, true);
        for (depth, corner) in depths.iter_mut().zip(self.corners()) {
            *depth = side.depth(corner.extend(z));
            all &= *depth >= 0.0;
            none &= *depth < 0.0;
        }
        if all {
            return Divided::Inside;
        }
        if none {
            return Divided::Outside;
        }
        let corners = self.corners();
        for part in &mut *parts {
            part.count = 0;
        }
        let mut before = corners.len() - 1;
        for i in 0..corners.len() {
            let (a, b, da, db) = (corners[before], corners[i], depths[before], depths[i]);
            let here = usize::from(db < 0.0);
            if usize::from(da < 0.0) != here {
                let between = a.lerp(b, da / (da - db));
                for part in &mut *parts {
                    part.push(between);
                }
            }
            parts[here].push(b);
            before = i;
        }
        parts.iter_mut().filter(|part| part.count > MAX_CORNERS).for_each(|part| *part = *self);
        Divided::Both
    }

    /// Adds a corner; without room for it, it is only counted.
    fn push(&mut self, corner: Vec2) {
        if let Some(free) = self.corners.get_mut(self.count) {
            *free = corner;
        }
        self.count += 1;
    }
}

/// On which sides of a plane a polygon is.
enum Divided {
    Inside,
    Outside,
    Both,
}

/// A triangle in the plane.
pub type Triangle = [Vec2; 3];

/// Its area, square metres where its corners are in metres.
pub fn area([a, b, c]: &Triangle) -> f32 {
    0.5 * (*b - *a).perp_dot(*c - *a).abs()
}

/// Its centroid.
pub fn middle([a, b, c]: &Triangle) -> Vec2 {
    (*a + *b + *c) / 3.0
}

/// The four equal triangles that it is made of, the middle one first.
pub fn quarters([a, b, c]: Triangle) -> [Triangle; 4] {
    let [ab, bc, ca] = [a.midpoint(b), b.midpoint(c), c.midpoint(a)];
    [[ab, bc, ca], [a, ab, ca], [ab, b, bc], [ca, bc, c]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::material::Material;
    use crate::trace::path;
    use crate::trace::scene::{SceneBuilder, Surface};
    use proptest::prelude::*;

    fn wall(builder: &mut SceneBuilder, from: Vec2, to: Vec2, top: f32) {
        let surface = Surface { material: Material::Concrete, thickness: None };
        builder.quad([from.extend(0.0), to.extend(0.0), to.extend(top), from.extend(top)], surface);
    }

    fn square() -> Part {
        Part::rectangle(Vec2::new(10.0, 20.0), Vec2::splat(2.0))
    }

    fn cut(mut part: Part, side: &HalfSpace) -> Part {
        part.cut(side, 1.5);
        part
    }

    /// How far inside of a shadow `p` is, metres.
    fn depth_in(shadow: &Shadow, p: Vec3) -> f32 {
        let sides = shadow.iter().filter(|side| side.normal != Vec3::ZERO);
        sides.map(|side| side.depth(p)).fold(f32::INFINITY, f32::min)
    }

    fn total(triangles: impl Iterator<Item = Triangle>) -> f32 {
        triangles.map(|t| area(&t)).sum()
    }

    #[test]
    fn triangles_add_up_to_the_whole() {
        let side = HalfSpace::towards(Vec3::new(0.6, 0.8, 0.0), Vec3::new(10.0, 20.5, 0.0), Vec3::ZERO);
        for part in [square(), cut(square(), &side)] {
            let sums = [total(part.fan()), total(part.halves()), total(part.fan().flat_map(quarters))];
            assert!(sums.iter().all(|s| (s - sums[0]).abs() < 1e-4 && *s > 8.0), "{sums:?}");
        }
    }

    proptest! {
        #[test]
        fn two_sides_of_a_cut_add_up_to_the_whole(nx in -1.0..1.0f32, ny in -1.0..1.0f32, nz in -1.0..1.0f32, at in -3.0..3.0f32) {
            let normal = Vec3::new(nx, ny, nz).normalize_or(Vec3::X);
            let through = Vec3::new(10.0, 20.0, 1.5) + normal * at;
            let parts = [-1.0, 1.0].map(|s| cut(square(), &HalfSpace::towards(normal, through, through + s * normal)));
            let sum: f32 = parts.iter().map(|p| total(p.fan())).sum();
            prop_assert!((sum - 16.0).abs() < 1e-2, "{sum}");
        }

        #[test]
        fn what_a_shadow_covers_and_what_it_leaves_add_up_to_the_whole(turn in 0.0..6.3f32, at in -3.0..3.0f32, width in 0.05..4.0f32) {
            // A strip that runs from the south-west across the square, and the degenerate side of a triangle.
            let along = Vec2::from_angle(turn).extend(0.0);
            let normal = Vec3::new(-along.y, along.x, 0.0);
            let middle = Vec3::new(10.0, 20.0, 1.5) + at * normal;
            let side = |offset: f32, towards: f32| {
                let on = middle + offset * normal;
                HalfSpace::towards(normal, on, on + towards * normal)
            };
            let end = HalfSpace::towards(along, middle, middle + along);
            let mut shadow = Shadow::default();
            shadow[1..4].copy_from_slice(&[side(-width, 1.0), side(width, -1.0), end]);
            let covered = shadow.iter().fold(square(), cut).area();
            let mut left = 0.0;
            square().without(&shadow, 1.5, |piece| left += piece.area());
            prop_assert!((covered + left - 16.0).abs() < 1e-2, "{covered} {left}");
        }

        /// In a court of three walls, wherever there is a path over two of them it lies in the cone, and nowhere else.
        #[test]
        fn a_point_is_reached_if_it_is_in_the_cone(tx in 2.0..28.0f32, ty in -8.0..8.0f32, x in 1.0..29.0f32, y in -9.0..9.0f32, tz in 2.0..9.0f32) {
            let mut builder = SceneBuilder::new();
            wall(&mut builder, Vec2::new(3.0, 10.0), Vec2::new(17.0, 10.0), 12.0);
            wall(&mut builder, Vec2::new(30.0, -9.0), Vec2::new(30.0, 4.0), 9.0);
            wall(&mut builder, Vec2::new(12.0, -10.0), Vec2::new(26.0, -10.0), 7.0);
            let scene = builder.build();
            let (from, to) = (Vec3::new(tx, ty, tz), Vec3::new(x, y, 1.5));
            for signature in [[0, 1], [1, 0], [1, 2], [2, 1], [0, 2], [2, 0]] {
                let candidate = Candidate::of(&scene, &signature, from, 0).expect("images");
                let depth = candidate.cone.sides.iter().map(|s| s.depth(to)).fold(f32::INFINITY, f32::min);
                let found = path::find(&scene, &signature, from, to).is_some();
                prop_assert!(found == (depth > 0.0) || depth.abs() < 0.02, "{signature:?} {depth} {found}");
            }
        }

        #[test]
        fn what_a_facet_hides_is_its_shadow(x in 12.0..40.0f32, y in -20.0..20.0f32, z in 0.5..8.0f32, gable: bool) {
            let mut builder = SceneBuilder::new();
            if gable {
                let corners = [Vec3::new(10.0, -5.0, 0.0), Vec3::new(11.0, 6.0, 0.0), Vec3::new(10.5, 1.0, 7.5)];
                builder.triangle(corners, Surface { material: Material::Concrete, thickness: None });
            } else {
                wall(&mut builder, Vec2::new(10.0, -5.0), Vec2::new(11.0, 6.0), 6.0);
            }
            let scene = builder.build();
            let from = Vec3::new(0.0, 0.0, 8.0);
            let candidate = Candidate::of(&scene, &[], from, 0).expect("the direct way");
            let hints = &mut path::Hints::default();
            let under = Vec3::new(14.0, 1.0, 1.5);
            let path::Answer::Hidden(obstacle) = path::ask(&scene, &candidate, under, hints) else {
                return Err(TestCaseError::fail("the wall hides what is behind it"));
            };
            let shadow = shadow(&scene, &candidate, obstacle, under);
            let to = Vec3::new(x, y, z);
            let depth = depth_in(&shadow, to);
            let hidden = path::ask(&scene, &candidate, to, hints) != path::Answer::Clear;
            prop_assert!(hidden == (depth > 0.0) || depth.abs() < 0.01, "{depth} {hidden}");
        }
    }

    #[test]
    fn what_stands_behind_a_mirror_casts_no_shadow_before_it() {
        // A wall along y = 30 mirrors the mast; one along x = 20 runs through it, from 10 m before to 30 m behind.
        let mut builder = SceneBuilder::new();
        wall(&mut builder, Vec2::new(-50.0, 30.0), Vec2::new(50.0, 30.0), 20.0);
        wall(&mut builder, Vec2::new(20.0, 20.0), Vec2::new(20.0, 60.0), 20.0);
        let scene = builder.build();
        let candidate = Candidate::of(&scene, &[0], Vec3::new(0.0, 0.0, 10.0), 0).expect("an image");
        let ask = |to: Vec3| path::ask(&scene, &candidate, to, &mut path::Hints::default());
        // Mirrored at x = 25, beyond the second wall, and at x = 12.9, before it.
        let [hidden, lit] = [Vec3::new(30.0, 24.0, 1.5), Vec3::new(25.0, 2.0, 1.5)];
        let path::Answer::Hidden(obstacle) = ask(hidden) else { panic!("the second wall hides it") };
        assert_eq!((obstacle.leg, ask(lit)), (0, path::Answer::Clear));
        let shadow = shadow(&scene, &candidate, obstacle, hidden);
        assert!(depth_in(&shadow, hidden) > 0.0);
        assert!(depth_in(&shadow, lit) < 0.0);
    }
}
