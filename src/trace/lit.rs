//! Which parts of an edge a point sees.
//!
//! Between two places of an edge that one facet hides nothing is seen: a facet is convex. So an edge is looked at from its
//! ends inwards, and a dark one costs two questions.

use super::bent::CLEARANCE;
use super::bvh::NO_PLANE;
use super::edge::Edge;
use super::scene::Scene;
use super::wide::Hint;
use glam::Vec3;

/// Where two places so near to each other are seen, all between them is, metres.
const RESOLUTION: f64 = 2.0;
/// How closely the ends of what is seen are known, metres.
const BOUNDARY: f64 = 0.1;
/// How often an edge is halved at most: one longer than 2 km is looked at more coarsely.
const HALVINGS: u32 = 14;
/// How far from its ends an edge is looked at, metres, at most a quarter of it: what meets it there may reach over them.
const INSET: f64 = 0.01;

/// A part of an edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// The edge's number.
    pub edge: u32,
    /// From where to where, metres from the edge's start.
    pub ends: [f32; 2],
}

/// The parts of `edge` that `from` sees, metres from its start, in order.
pub fn lit(scene: &Scene, edge: &Edge, from: Vec3) -> Vec<[f64; 2]> {
    if edge.wedge.angle(from.as_dvec3()).is_none() {
        return Vec::new();
    }
    let length = edge.wedge.length();
    let inset = INSET.min(0.25 * length);
    let ends = [inset, length - inset];
    let mut eye = Eye { scene, edge, from, hint: Hint::default(), found: Vec::new() };
    let hidden = ends.map(|along| eye.hidden(along));
    eye.look(ends, hidden, HALVINGS);
    let mut found = eye.found;
    if let Some(first) = found.first_mut().filter(|part| part[0] == ends[0]) {
        first[0] = 0.0;
    }
    if let Some(last) = found.last_mut().filter(|part| part[1] == ends[1]) {
        last[1] = length;
    }
    found
}

/// Looks at an edge.
struct Eye<'a> {
    scene: &'a Scene,
    edge: &'a Edge,
    from: Vec3,
    hint: Hint,
    found: Vec<[f64; 2]>,
}

impl Eye<'_> {
    /// The facet that hides the place so many metres along the edge.
    fn hidden(&mut self, along: f64) -> Option<u32> {
        let start = self.edge.wedge.at(along).as_vec3() + self.edge.air() * CLEARANCE;
        self.scene
            .blocked_again(start, self.from, [NO_PLANE; 2], self.hint)
            .or_else(|| self.scene.blocked(start, self.from, [NO_PLANE; 2], &mut self.hint))
    }

    /// Enters what is seen between two places, of which it is known what hides them.
    fn look(&mut self, [a, b]: [f64; 2], hidden: [Option<u32>; 2], halvings: u32) {
        if hidden[0].is_some() && hidden[0] == hidden[1] {
            return;
        }
        let seen = hidden.map(|by| by.is_none());
        let fine = if seen[0] == seen[1] { RESOLUTION } else { BOUNDARY };
        let middle = 0.5 * (a + b);
        if b - a > fine && halvings > 0 {
            let there = self.hidden(middle);
            self.look([a, middle], [hidden[0], there], halvings - 1);
            self.look([middle, b], [there, hidden[1]], halvings - 1);
            return;
        }
        let part = match seen {
            [true, true] => [a, b],
            [true, false] => [a, middle],
            [false, true] => [middle, b],
            [false, false] => return,
        };
        match self.found.last_mut() {
            Some(last) if last[1] == part[0] => last[1] = part[1],
            _ => self.found.push(part),
        }
    }
}
