//! The diffracting edges of a scene, and which of them a facet has.

use super::edge::{Edge, Polygon, bounding};
use super::facet::Facet;
use glam::Vec3;

/// A wall whose both ends are lower than this, metres, stands on the ground, and its foot diffracts nothing.
const FOOT: f32 = 0.05;

/// All diffracting edges of a scene.
#[derive(Clone, Debug, Default)]
pub struct Edges {
    /// The edges.
    pub all: Vec<Edge>,
    /// Facet `i` has the edges `entries[starts[i]..starts[i + 1]]`.
    starts: Vec<u32>,
    entries: Vec<u32>,
}

impl Edges {
    /// Those of `facets` that `keep` says so of.
    pub fn of(facets: &[Facet], keep: impl Fn(&Edge) -> bool) -> Self {
        let polygons = facets.iter().map(|facet| {
            let mut corners = facet.corners().to_vec();
            corners.dedup();
            Polygon { corners, plane: facet.plane, surface: facet.surface }
        });
        let on_ground = |p: Vec3| p.z < FOOT;
        let mut edges = Self { starts: vec![0; facets.len() + 1], ..Self::default() };
        let mut pairs = Vec::new();
        for (edge, around) in bounding(polygons, on_ground).into_iter().filter(|(edge, _)| keep(edge)) {
            pairs.extend(around.into_iter().map(|facet| (facet, edges.all.len() as u32)));
            edges.all.push(edge);
        }
        pairs.sort_unstable();
        for (facet, _) in &pairs {
            edges.starts[*facet as usize + 1] += 1;
        }
        for i in 0..facets.len() {
            edges.starts[i + 1] += edges.starts[i];
        }
        edges.entries = pairs.into_iter().map(|(_, edge)| edge).collect();
        edges
    }

    /// The edges of a facet. Of the two faces of an edge at least one looks at any point of the air around it: where no
    /// facet is seen, none of its edges is.
    pub fn of_facet(&self, facet: u32) -> &[u32] {
        let bounds = self.starts.get(facet as usize..facet as usize + 2);
        &self.entries[bounds.map_or(0..0, |s| s[0] as usize..s[1] as usize)]
    }
}
