//! All paths over one edge between two points: which edges each end sees, straight and over mirrors, and the pairs of such
//! ways that meet at one edge.
//!
//! Straight ways are tried for every edge. Ways over mirrors are found by rays: of the faces of an edge at least one looks
//! at any point that sees the edge, so the rays that meet this face know its edges.

use super::bent::{self, Hints};
use super::bvh::NO_PLANE;
use super::discover::{Signature, mirrors};
use super::lit::lit;
use super::path::{Candidate, MAX_ORDER, Path};
use super::scene::Scene;
use glam::Vec3;
use std::collections::{BTreeMap, BTreeSet};
use std::f32::consts::TAU;

/// 2³² divided by the golden ratio.
const GOLDEN: u32 = 2_654_435_769;

/// The edges that a point sees, each with the mirrors over which it does.
pub type Seen = BTreeMap<u32, BTreeSet<Signature>>;

/// What `from` sees over up to `depth` mirrors, by so many rays over the whole sphere.
pub fn seen(scene: &Scene, from: Vec3, depth: usize, rays: u32) -> Seen {
    let mut found = Seen::new();
    for (index, edge) in scene.edges().all.iter().enumerate() {
        if !lit(scene, edge, from).is_empty() {
            found.entry(index as u32).or_default().insert([NO_PLANE; MAX_ORDER]);
        }
    }
    for i in 0..rays {
        let z = 1.0 - (2.0 * i as f32 + 1.0) / rays as f32;
        let (sin, cos) = (TAU * (i.wrapping_mul(GOLDEN) >> 8) as f32 / (1u32 << 24) as f32).sin_cos();
        let radius = (1.0 - z * z).max(0.0).sqrt();
        follow(scene, from, Vec3::new(radius * cos, radius * sin, z), depth, &mut found);
    }
    found
}

/// Enters the edges of the facets that one ray meets.
fn follow(scene: &Scene, from: Vec3, along: Vec3, depth: usize, found: &mut Seen) {
    let (mut at, mut along, mut on, mut signature) = (from, along, NO_PLANE, [NO_PLANE; MAX_ORDER]);
    for order in 0..=depth.min(MAX_ORDER - 1) {
        let Some(hit) = scene.first_hit(at, along, f32::INFINITY, on) else { return };
        for edge in scene.edges().of_facet(hit.facet) {
            found.entry(*edge).or_default().insert(signature);
        }
        let plane = scene.facets[hit.facet as usize].plane;
        let normal = Vec3::from(scene.mirrors[plane as usize].normal);
        at += along * hit.t;
        along = (along - 2.0 * along.dot(normal) * normal).normalize_or_zero();
        on = plane;
        signature[order] = plane;
    }
}

/// The paths from `from` over one edge to `to`, with up to `depth` interactions in all; `there` is what `from` sees, and
/// `here` what `to` sees.
pub fn paths(scene: &Scene, [from, to]: [Vec3; 2], [there, here]: [&Seen; 2], depth: usize) -> Vec<Path> {
    let mut found = Vec::new();
    for (edge, before) in there {
        let Some(after) = here.get(edge) else { continue };
        for first in before {
            for second in after {
                if mirrors(first).len() + 1 + mirrors(second).len() > depth.min(MAX_ORDER) {
                    continue;
                }
                let sides =
                    (Candidate::of(scene, mirrors(first), from, 0), Candidate::of(scene, mirrors(second), to, 0));
                let (Some(first), Some(second)) = sides else { continue };
                found.extend(bent::find(scene, &first, *edge, &second, &mut Hints::default()));
            }
        }
    }
    found
}
