//! Rings of a multipolygon relation, from member ways in any order and direction.

use std::collections::HashMap;

/// Fewest positions of a ring, the first and the last being the same.
const FEWEST: usize = 4;

/// Closed rings of nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rings {
    /// Each with its first node at the end again.
    pub closed: Vec<Vec<i64>>,
    /// Chains whose ends don't meet.
    pub open: usize,
}

/// Joins `ways`, each a row of nodes, where their ends are the same node.
pub fn join(ways: &[&[i64]]) -> Rings {
    let mut rings = Rings::default();
    let mut ends: HashMap<i64, Vec<usize>> = HashMap::new();
    let mut used = vec![false; ways.len()];
    for (i, way) in ways.iter().enumerate() {
        let (Some(first), Some(last)) = (way.first(), way.last()) else {
            used[i] = true;
            continue;
        };
        if first == last {
            used[i] = true;
            if way.len() >= FEWEST {
                rings.closed.push(way.to_vec());
            }
        } else {
            ends.entry(*first).or_default().push(i);
            ends.entry(*last).or_default().push(i);
        }
    }
    for start in 0..ways.len() {
        if std::mem::replace(&mut used[start], true) {
            continue;
        }
        let mut chain = ways[start].to_vec();
        // Each round uses up a way, or is the last.
        while let Some(&end) = chain.last() {
            if chain.first() == Some(&end) {
                break;
            }
            let Some(waiting) = ends.get_mut(&end) else { break };
            waiting.retain(|i| !used[*i]);
            let Some(&next) = waiting.first() else { break };
            used[next] = true;
            let way = ways[next];
            if way[0] == end {
                chain.extend(&way[1..]);
            } else {
                chain.extend(way.iter().rev().skip(1));
            }
        }
        if chain.first() == chain.last() && chain.len() >= FEWEST {
            rings.closed.push(chain);
        } else {
            rings.open += 1;
        }
    }
    rings
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_does_not_close_is_counted() {
        let rings = join(&[&[1, 2, 3], &[5, 4, 3], &[7, 8, 9, 7], &[1, 1], &[]]);
        assert_eq!(rings, Rings { closed: vec![vec![7, 8, 9, 7]], open: 1 });
    }

    proptest! {
        #[test]
        fn order_and_direction_of_the_ways_make_no_difference(
            cuts in prop::collection::btree_set(1usize..30, 1..8),
            order in any::<prop::sample::Index>(),
            turned in prop::collection::vec(any::<bool>(), 9),
        ) {
            let nodes: Vec<i64> = (0..31).collect();
            let (mut ways, mut from) = (Vec::new(), 0);
            for cut in cuts {
                ways.push(nodes[from..=cut].to_vec());
                from = cut;
            }
            let mut last = nodes[from..].to_vec();
            last.push(0);
            ways.push(last);
            let by = order.index(ways.len());
            ways.rotate_left(by);
            for (way, turn) in ways.iter_mut().zip(turned) {
                if turn {
                    way.reverse();
                }
            }
            let rings = join(&ways.iter().map(Vec::as_slice).collect::<Vec<_>>());
            prop_assert_eq!(rings.open, 0);
            prop_assert_eq!(rings.closed.len(), 1);
            let mut ring = rings.closed[0].clone();
            prop_assert_eq!(ring.pop(), ring.first().copied());
            let zero = ring.iter().position(|n| *n == 0).expect("node 0");
            ring.rotate_left(zero);
            if ring[1] != 1 {
                ring[1..].reverse();
            }
            prop_assert_eq!(ring, nodes);
        }
    }
}
