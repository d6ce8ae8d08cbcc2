//! What reaches into a shaft, looked up once for all the rays in it.

use super::search::Any;
use super::{LEAF, WAITING, Wide};
use crate::trace::shaft::Shaft;
use glam::Vec3;

impl Wide {
    /// Puts the leaves that may reach into `shaft` into `leaves`; whether there are `most` of them at most.
    pub fn leaves_in(&self, shaft: &Shaft, most: usize, leaves: &mut Vec<u32>) -> bool {
        leaves.clear();
        let mut waiting = [0u32; WAITING];
        let mut top = usize::from(!self.branches.is_empty());
        while top > 0 {
            top -= 1;
            let branch = &self.branches[waiting[top] as usize];
            let mut met = shaft.touches(&branch.corners);
            while met != 0 {
                let child = branch.children[met.trailing_zeros() as usize];
                met &= met - 1;
                let full = if child & LEAF != 0 { leaves.len() == most } else { top == WAITING };
                if full {
                    return false;
                }
                if child & LEAF != 0 {
                    leaves.push(child & !LEAF);
                } else {
                    waiting[top] = child;
                    top += 1;
                }
            }
        }
        true
    }

    /// As [`Wide::any_hit`], in these leaves alone. That in which a facet was found is put first.
    pub fn any_hit_in(
        &self,
        leaves: &mut [u32],
        origin: Vec3,
        direction: Vec3,
        limit: f32,
        except: [u32; 2],
    ) -> Option<u32> {
        if leaves.is_empty() {
            return None;
        }
        let ray = self.ray(origin, direction, except)?;
        let mut any = Any { limit, facet: None };
        let found = leaves.iter().position(|leaf| self.packs[*leaf as usize].meet(&ray, &mut any))?;
        leaves.swap(0, found);
        any.facet
    }
}
