//! Coastlines from pieces in any order: joined end to start, for their direction says where the water is.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// Joins rows of nodes where one ends with the node that another starts with: as long as they get, rings with the first node
/// at the end again.
pub fn join<N: Copy + Eq + Hash>(ways: &[&[N]]) -> Vec<Vec<N>> {
    let ways: Vec<&[N]> = ways.iter().copied().filter(|way| way.len() > 1).collect();
    let mut starts: HashMap<N, Vec<usize>> = HashMap::new();
    for (i, way) in ways.iter().enumerate().rev() {
        starts.entry(way[0]).or_default().push(i);
    }
    let ends: HashSet<N> = ways.iter().map(|way| way[way.len() - 1]).collect();
    let mut used = vec![false; ways.len()];
    let mut lines = Vec::new();
    // First from where nothing leads to; what is left then are rings.
    let (inner, first): (Vec<usize>, Vec<usize>) = (0..ways.len()).partition(|i| ends.contains(&ways[*i][0]));
    for start in first.into_iter().chain(inner) {
        if std::mem::replace(&mut used[start], true) {
            continue;
        }
        let mut line = ways[start].to_vec();
        // Each round uses up a way, or is the last.
        while line.first() != line.last() {
            let Some(waiting) = line.last().and_then(|end| starts.get_mut(end)) else { break };
            waiting.retain(|i| !used[*i]);
            let Some(next) = waiting.pop() else { break };
            used[next] = true;
            line.extend_from_slice(&ways[next][1..]);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_meets_head_on_is_not_joined() {
        assert_eq!(join(&[&[1, 2], &[3, 2], &[3, 4], &[9]]), [vec![1, 2], vec![3, 2], vec![3, 4]]);
    }

    #[test]
    fn a_ring_is_closed_and_ends_there() {
        assert_eq!(join(&[&[3, 4, 1], &[1, 2, 3], &[7, 8, 9, 7]]), [vec![3, 4, 1, 2, 3], vec![7, 8, 9, 7]]);
    }

    proptest! {
        #[test]
        fn a_line_is_whole_again_in_whatever_order_its_ways_come(
            cuts in prop::collection::btree_set(1usize..29, 0..9),
            by in any::<prop::sample::Index>(),
        ) {
            let nodes: Vec<i64> = (0..30).collect();
            let ends: Vec<usize> = cuts.into_iter().chain([29]).collect();
            let starts = std::iter::once(0).chain(ends.iter().copied());
            let mut ways: Vec<&[i64]> = starts.zip(&ends).map(|(from, to)| &nodes[from..=*to]).collect();
            ways.rotate_left(by.index(ends.len()));
            prop_assert_eq!(join(&ways), [nodes.clone()]);
        }
    }
}
