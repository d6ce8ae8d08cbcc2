//! What rays meet: facets with the mirror plane each lies in, and the surface each is made of.

use super::bvh::{self, Hit, Node};
use super::edge::Edge;
use super::edges::Edges;
use super::faces::Faces;
use super::facet::{self, Facet, Outline};
use super::plane::{self, Mirror, Planes};
use super::roof;
use super::wide::{Hint, Wide};
use crate::city::City;
use crate::material::Material;
use crate::scenario::{SHEET_THICKNESS, Walls};
use glam::{DVec2, Vec3};
use std::sync::OnceLock;

/// Walls and roofs shorter or narrower than this, metres squared, are left out.
const LEAST_AREA: f32 = 1e-6;
/// Triangles among which partners are looked for, which takes ten times their memory: those of a town. The halves of a wall
/// are always among the same.
const JOINED_AT_ONCE: usize = 1 << 17;
/// How far the ground reaches beyond the city, metres.
const GROUND_MARGIN: f64 = 500.0;

/// What a facet is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Surface {
    /// Its material.
    pub material: Material,
    /// Metres of a single layer in air; `None` for a body so thick that nothing comes back from its far side.
    pub thickness: Option<f32>,
}

/// A scene, ready for rays.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// Facets in the order of the hierarchy.
    pub facets: Vec<Facet>,
    /// The planes that mirror.
    pub mirrors: Vec<Mirror>,
    /// What facets are made of.
    pub surfaces: Vec<Surface>,
    /// The hierarchy; empty when there is no facet.
    pub nodes: Vec<Node>,
    /// The hierarchy for the CPU.
    pub wide: Wide,
    /// The facets of each plane.
    pub faces: Faces,
    /// The corners, in order, of a rectangle around the facets of each plane.
    pub outlines: Vec<[Vec3; 4]>,
    /// Triangles left out because they have no area or a coordinate that is not a number.
    pub skipped: usize,
    /// The edges that diffract, once they have been asked for.
    edges: OnceLock<Edges>,
}

/// Collects triangles for a scene.
#[derive(Debug, Default)]
pub struct SceneBuilder {
    /// Triangles that were not joined yet.
    corners: Vec<([Vec3; 3], u32)>,
    outlines: Vec<(Outline, u32)>,
    surfaces: Vec<Surface>,
    skipped: usize,
}

impl SceneBuilder {
    /// A builder without triangles.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a triangle; one without area or with a coordinate that is not finite is only counted.
    pub fn triangle(&mut self, corners: [Vec3; 3], surface: Surface) {
        let area = (corners[1] - corners[0]).cross(corners[2] - corners[0]).length() * 0.5;
        if !(corners.iter().all(|c| c.is_finite()) && area > LEAST_AREA) {
            self.skipped += 1;
            return;
        }
        let known = self.surfaces.iter().position(|s| *s == surface);
        let index = known.unwrap_or_else(|| {
            self.surfaces.push(surface);
            self.surfaces.len() - 1
        });
        self.corners.push((corners, index as u32));
    }

    /// Adds a parallelogram or any flat quadrilateral, its corners in order.
    pub fn quad(&mut self, [a, b, c, d]: [Vec3; 4], surface: Surface) {
        self.triangle([a, b, c], surface);
        self.triangle([a, c, d], surface);
    }

    /// Joins what was added so far, if it is much; what comes later is joined with what comes later.
    fn settle(&mut self) {
        if self.corners.len() >= JOINED_AT_ONCE {
            self.outlines.extend(facet::join(&self.corners));
            self.corners.clear();
        }
    }

    /// The scene of everything added.
    pub fn build(self) -> Scene {
        let mut planes = Planes::default();
        let mut outlines = self.outlines;
        outlines.extend(facet::join(&self.corners));
        drop(self.corners);
        // The largest facets define the planes, since theirs are known best.
        let size = |(([a, b, c], _), _): &(Outline, u32)| (b - a).cross(c - a).length_squared();
        let mut order: Vec<(f32, u32)> = outlines.iter().map(size).zip(0..).collect();
        order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut facets = Vec::with_capacity(order.len());
        for (_, i) in order {
            let ((corners, span), surface) = outlines[i as usize];
            facets.push(Facet::new(corners, span, planes.place(corners, span), surface));
        }
        drop(outlines);
        let nodes = bvh::build(&mut facets);
        let wide = Wide::of(&nodes, &facets);
        let mirrors = planes.into_mirrors();
        let faces = Faces::of(&facets, mirrors.len());
        let outlines = plane::outlines(&mirrors, &facets);
        let edges = OnceLock::new();
        Scene { facets, mirrors, surfaces: self.surfaces, nodes, wide, faces, outlines, skipped: self.skipped, edges }
    }
}

impl Scene {
    /// The edges that diffract, found when they are first asked for.
    pub fn edges(&self) -> &Edges {
        self.edges.get_or_init(|| Edges::of(&self.facets, |_| true))
    }

    /// The scene in which only those edges diffract that `keep` says so of.
    #[must_use]
    pub fn with_edges(self, keep: impl Fn(&Edge) -> bool) -> Self {
        let edges = OnceLock::from(Edges::of(&self.facets, keep));
        Self { edges, ..self }
    }

    /// The buildings of `city` as solid prisms with flat roofs on its terrain, or on the flat ground z = 0.
    pub fn of(city: &City) -> Self {
        Self::with_walls(city, Walls::Solid)
    }

    /// The same with such walls and roofs; the ground is solid.
    pub fn with_walls(city: &City, walls: Walls) -> Self {
        let mut builder = SceneBuilder::new();
        let solid = |material| Surface { material, thickness: None };
        let wall_of = |material| Surface { material, thickness: (walls == Walls::Sheets).then_some(SHEET_THICKNESS) };
        match &city.terrain {
            Some(terrain) => terrain.triangles().for_each(|t| builder.triangle(t, solid(city.ground))),
            None => builder.quad(flat_ground(city), solid(city.ground)),
        }
        for building in &city.buildings {
            let (base, top) = (building.base, building.top);
            let (rises, floats) = (top > base, base > city.ground_under(&building.footprint));
            if !rises {
                builder.skipped += 1;
                continue;
            }
            let footprint = &building.footprint;
            for ring in std::iter::once(footprint.exterior()).chain(footprint.interiors()) {
                for line in ring.lines() {
                    let [a, b] = [line.start, line.end].map(|c| DVec2::new(c.x, c.y).as_vec2());
                    let wall = [a.extend(base), b.extend(base), b.extend(top), a.extend(top)];
                    builder.quad(wall, wall_of(building.wall));
                }
            }
            for corners in roof::triangles(footprint) {
                let at = |z: f32| corners.map(|c| c.as_vec2().extend(z));
                builder.triangle(at(top), wall_of(building.roof));
                if floats {
                    builder.triangle(at(base), wall_of(building.wall));
                }
            }
            builder.settle();
        }
        builder.build()
    }

    /// The first facet on the way `origin + t·direction`, 0 < t < `limit`, that is not of plane `except`.
    pub fn first_hit(&self, origin: Vec3, direction: Vec3, limit: f32, except: u32) -> Option<Hit> {
        self.wide.first_hit(origin, direction, limit, except, &mut Hint::default())
    }

    /// The same, looked for first where `hint` says that the ray before met something; where it is found is put there.
    pub fn first_hit_near(
        &self,
        origin: Vec3,
        direction: Vec3,
        limit: f32,
        except: u32,
        hint: &mut Hint,
    ) -> Option<Hit> {
        self.wide.first_hit(origin, direction, limit, except, hint)
    }

    /// A facet between `a` and `b` that is of neither plane of `except`. Where it was found is put into `hint`.
    pub fn blocked(&self, a: Vec3, b: Vec3, except: [u32; 2], hint: &mut Hint) -> Option<u32> {
        self.wide.any_hit(a, b - a, 1.0, except, hint)
    }

    /// The same, but only where one was found before: what hides one receiver hides its neighbours.
    pub fn blocked_again(&self, a: Vec3, b: Vec3, except: [u32; 2], hint: Hint) -> Option<u32> {
        self.wide.hit_again(a, b - a, 1.0, except, hint)
    }
}

/// The corners of the plane z = 0 below and around a city.
fn flat_ground(city: &City) -> [Vec3; 4] {
    let (min, max) = (city.bounds.min(), city.bounds.max());
    let corner = |x: f64, y: f64| DVec2::new(x, y).as_vec2().extend(0.0);
    let (west, east) = (min.x - GROUND_MARGIN, max.x + GROUND_MARGIN);
    let (south, north) = (min.y - GROUND_MARGIN, max.y + GROUND_MARGIN);
    [corner(west, south), corner(east, south), corner(east, north), corner(west, north)]
}
