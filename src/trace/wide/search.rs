//! Walks through the hierarchy that look for the first facet on a ray, for any, or for all.

use super::super::bvh::Hit;
use super::lanes::Ray;
use super::{LEAF, NONE, WAITING, Wide};
use glam::Vec3;

/// Most facets that a search for all of them gives.
pub const MAX_HITS: usize = 8;

/// What a walk looks for.
pub trait Search {
    /// Whether boxes are walked from near to far.
    const NEAREST_FIRST: bool;
    /// How far to look.
    fn limit(&self) -> f32;
    /// Hears which leaf is looked into next.
    fn enter(&mut self, _: u32) {}
    /// Hears of a facet that is met before the limit; whether that ends the search.
    fn hear(&mut self, hit: Hit, plane: u32) -> bool;
}

/// Looks for the first facet.
struct Nearest {
    limit: f32,
    hit: Option<Hit>,
    /// The leaf that is looked into, and that of the hit.
    leaf: u32,
    found_in: u32,
}

impl Search for Nearest {
    const NEAREST_FIRST: bool = true;

    fn limit(&self) -> f32 {
        self.limit
    }

    fn enter(&mut self, leaf: u32) {
        self.leaf = leaf;
    }

    fn hear(&mut self, hit: Hit, _: u32) -> bool {
        if hit.t < self.limit {
            self.limit = hit.t;
            self.hit = Some(hit);
            self.found_in = self.leaf;
        }
        false
    }
}

/// Looks for any facet.
pub struct Any {
    pub limit: f32,
    pub facet: Option<u32>,
}

impl Search for Any {
    const NEAREST_FIRST: bool = false;

    fn limit(&self) -> f32 {
        self.limit
    }

    fn hear(&mut self, hit: Hit, _: u32) -> bool {
        self.facet = Some(hit.facet);
        true
    }
}

/// Looks for every facet, up to so many. Facets of one plane are one wall: a ray comes through a plane once.
struct All {
    limit: f32,
    most: usize,
    hits: [(Hit, u32); MAX_HITS],
    count: usize,
}

impl Search for All {
    const NEAREST_FIRST: bool = false;

    fn limit(&self) -> f32 {
        self.limit
    }

    fn hear(&mut self, hit: Hit, plane: u32) -> bool {
        if self.hits[..self.count].iter().any(|(_, p)| *p == plane) {
            return false;
        }
        if self.count == self.most.min(MAX_HITS) {
            return true;
        }
        self.hits[self.count] = (hit, plane);
        self.count += 1;
        false
    }
}

/// The leaf that hid something last.
#[derive(Clone, Copy, Debug)]
pub struct Hint(u32);

impl Default for Hint {
    fn default() -> Self {
        Self(NONE)
    }
}

impl Wide {
    /// The first facet with 0 < t < `limit` along `origin + t·direction` that is not of the plane `except`.
    pub fn first_hit(&self, origin: Vec3, direction: Vec3, limit: f32, except: u32, hint: &mut Hint) -> Option<Hit> {
        let ray = self.ray(origin, direction, [except; 2])?;
        let mut nearest = Nearest { limit, hit: None, leaf: hint.0, found_in: hint.0 };
        if let Some(pack) = self.packs.get(hint.0 as usize) {
            pack.meet(&ray, &mut nearest);
        }
        self.walk(&ray, 0, &mut nearest);
        *hint = Hint(nearest.found_in);
        nearest.hit
    }

    /// Any facet that is of neither plane of `except`. The leaf in which it was found is put into `hint`.
    pub fn any_hit(&self, origin: Vec3, direction: Vec3, limit: f32, except: [u32; 2], hint: &mut Hint) -> Option<u32> {
        let mut any = Any { limit, facet: None };
        *hint = Hint(self.walk(&self.ray(origin, direction, except)?, 0, &mut any)?);
        any.facet
    }

    /// The same, but only where one was found before.
    pub fn hit_again(&self, origin: Vec3, direction: Vec3, limit: f32, except: [u32; 2], hint: Hint) -> Option<u32> {
        let mut any = Any { limit, facet: None };
        let pack = self.packs.get(hint.0 as usize)?;
        pack.meet(&self.ray(origin, direction, except)?, &mut any);
        any.facet
    }

    /// A facet of each plane that is met, but for the planes of `except`, in order; `None` where there are more than `most`.
    pub fn all_hits(
        &self,
        origin: Vec3,
        direction: Vec3,
        limit: f32,
        except: [u32; 2],
        most: usize,
    ) -> Option<impl Iterator<Item = Hit>> {
        let nowhere = (Hit { t: 0.0, facet: NONE }, NONE);
        let mut all = All { limit, most, hits: [nowhere; MAX_HITS], count: 0 };
        let too_many = self.ray(origin, direction, except).is_some_and(|ray| self.walk(&ray, 0, &mut all).is_some());
        let All { mut hits, count, .. } = all;
        hits[..count].sort_unstable_by(|a, b| a.0.t.total_cmp(&b.0.t));
        (!too_many).then(|| hits.into_iter().take(count).map(|(hit, _)| hit))
    }

    /// A ray made ready; `None` where there is nothing to meet. Comparisons take a number that is none for one that fits,
    /// so there is no such ray.
    pub(super) fn ray(&self, origin: Vec3, direction: Vec3, except: [u32; 2]) -> Option<Ray> {
        let sound = !self.branches.is_empty() && origin.is_finite() && direction.is_finite();
        sound.then(|| Ray::new(origin, direction, except))
    }

    /// Walks the part below `start`; the leaf in which the search ended before its time.
    fn walk<S: Search>(&self, ray: &Ray, start: u32, search: &mut S) -> Option<u32> {
        let mut waiting = [(0u32, 0.0f32); WAITING];
        let mut top = 0;
        let mut next = Some(start);
        while let Some(index) = next {
            next = None;
            if index & LEAF != 0 {
                let pack = index & !LEAF;
                search.enter(pack);
                if self.packs[pack as usize].meet(ray, search) {
                    return Some(pack);
                }
            } else {
                let branch = &self.branches[index as usize];
                let (near, mut met) = branch.enter(ray, search.limit());
                let near = near.to_array();
                let from = top;
                while met != 0 {
                    let lane = met.trailing_zeros() as usize;
                    met &= met - 1;
                    if top == WAITING {
                        let ended = self.walk(ray, branch.children[lane], search);
                        if ended.is_some() {
                            return ended;
                        }
                        continue;
                    }
                    // The nearest comes last, to be taken first.
                    let mut at = top;
                    while S::NEAREST_FIRST && at > from && waiting[at - 1].1 < near[lane] {
                        waiting[at] = waiting[at - 1];
                        at -= 1;
                    }
                    waiting[at] = (branch.children[lane], near[lane]);
                    top += 1;
                }
            }
            while next.is_none() && top > 0 {
                top -= 1;
                let (index, near) = waiting[top];
                if !S::NEAREST_FIRST || near < search.limit() {
                    next = Some(index);
                }
            }
        }
        None
    }
}
