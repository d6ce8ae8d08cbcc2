//! `OpenStreetMap` extracts (PBF) to a [`Draft`], in passes over the file: relations, then the ways that they and the map
//! need, then the nodes of those ways. What is kept in memory is what ends up in the city; with an area to cut out, two
//! more passes find first what lies in it, so that a country costs as much as its part.

mod assemble;
mod block;
mod pbf;
mod rings;

use super::draft::{Draft, Feature, Ids, MAX_CORNERS, MAX_FEATURES, Meaning, Shape, meaning};
use super::error::{Fault, ImportError, Progress, Tell};
use super::kinds;
use super::report::Skip;
use super::tags::Tags;
use crate::geodesy::{Area, LonLat};
use block::{Relation, Way};
use geo::Coord;
use pbf::{Pbf, holds};
use std::collections::{HashMap, HashSet};
use std::io::{Read, Seek};
use std::ops::Range;

/// Coastlines this far outside of the area are read too, metres: one that only crosses a corner of it may have no node in
/// it, and both of its sides would go by the next one.
const COAST_MARGIN: f64 = 2_000.0;
/// Most members of all relations that are kept.
const MAX_MEMBERS: usize = 20_000_000;

/// Kinds of elements, as they are told apart in the ids of features.
#[derive(Clone, Copy)]
enum Element {
    Node = 1,
    Way = 2,
    Relation = 3,
}

impl Element {
    /// The id of a feature made of this element: the element's, times ten, plus its kind.
    fn feature(self, id: i64) -> u64 {
        id.unsigned_abs().wrapping_mul(10).wrapping_add(self as u64) & ((1 << 53) - 1)
    }
}

/// A relation that becomes a building or a feature of the map.
struct Wish {
    id: i64,
    /// `None` where the outer ways say what it is.
    meaning: Option<Meaning>,
    /// It only names the outline of a building.
    outline_only: bool,
    /// Ids of the member ways, and whether they bound a hole.
    members: Vec<(i64, bool)>,
}

/// A way that is a feature itself or a member of a wish.
struct Path {
    id: i64,
    meaning: Option<Meaning>,
    /// Its nodes in [`Source::refs`].
    refs: Range<usize>,
}

/// Ids of nodes, ascending.
struct Inside {
    /// Those in the area.
    area: Vec<i64>,
    /// Those in it and its surroundings.
    around: Vec<i64>,
}

/// What the passes gather.
#[derive(Default)]
struct Source {
    wishes: Vec<Wish>,
    paths: Vec<Path>,
    refs: Vec<i64>,
    /// The nodes of coastlines in `refs`.
    coast: Vec<Range<usize>>,
    /// Where in `paths` a member way is.
    members: HashMap<i64, usize>,
    /// Ids of all nodes needed, ascending.
    ids: Vec<i64>,
    /// Their longitudes and latitudes, 1e-7 degrees; `None` where the file lacks them.
    positions: Vec<Option<[i32; 2]>>,
}

/// Reads an extract; `file` is what the user knows it by.
pub fn read(
    reader: impl Read + Seek,
    file: &str,
    area: Option<&Area>,
    tell: &mut Tell<'_>,
) -> Result<Draft, ImportError> {
    read_all(reader, area, tell).map_err(|fault| ImportError { file: file.into(), fault })
}

fn read_all(reader: impl Read + Seek, area: Option<&Area>, tell: &mut Tell<'_>) -> Result<Draft, Fault> {
    let mut pbf = Pbf::open(reader)?;
    let mut draft = Draft { ids: Ids::OpenStreetMap, ..Draft::default() };
    draft.covers = pbf.covers.map(|[west, south, east, north]| (LonLat::new(west, south), LonLat::new(east, north)));
    let inside = match area {
        Some(area) => Some(nodes_inside(&mut pbf, area, tell)?),
        None => None,
    };
    let mut source = Source { wishes: relations(&mut pbf, &mut draft, tell)?, ..Source::default() };
    if let Some(inside) = &inside {
        let touched = ways_inside(&mut pbf, &inside.area, &source.wishes, tell)?;
        source.wishes.retain(|wish| wish.members.iter().any(|(way, _)| touched.contains(way)));
    }
    ways(&mut pbf, &mut source, inside.as_ref(), tell)?;
    drop(inside);
    nodes(&mut pbf, &mut source, &mut draft, area, tell)?;
    tell(Progress { stage: "putting outlines together", done: 0, total: 1 });
    assemble::assemble(source, &mut draft);
    Ok(draft)
}

/// A listener for one pass.
fn stage<'a, 't>(tell: &'a mut Tell<'t>, stage: &'static str) -> impl FnMut(u64, u64) + use<'a, 't> {
    move |done, total| tell(Progress { stage, done, total })
}

/// A fault whose place the caller knows.
fn damaged(why: &'static str) -> Fault {
    Fault::Damaged { offset: 0, why }
}

/// Ids of the nodes in the area and around it.
fn nodes_inside(pbf: &mut Pbf<impl Read + Seek>, area: &Area, tell: &mut Tell<'_>) -> Result<Inside, Fault> {
    let (mut inside, surroundings) = (Inside { area: Vec::new(), around: Vec::new() }, area.grown(COAST_MARGIN));
    pbf.blocks(holds::NODES, stage(tell, "looking for the area"), |block| {
        block
            .nodes(|node| {
                let Some(at) = node.at.map(degrees).filter(|at| surroundings.contains(*at)) else { return };
                inside.around.push(node.id);
                inside.area.extend(area.contains(at).then_some(node.id));
            })
            .map_err(damaged)?;
        Fault::unless("nodes", inside.around.len(), MAX_CORNERS)
    })?;
    inside.area.sort_unstable();
    inside.around.sort_unstable();
    Ok(inside)
}

fn degrees(at: [i32; 2]) -> LonLat {
    LonLat::new(f64::from(at[0]) / 1e7, f64::from(at[1]) / 1e7)
}

/// Relations that may become something.
fn relations(pbf: &mut Pbf<impl Read + Seek>, draft: &mut Draft, tell: &mut Tell<'_>) -> Result<Vec<Wish>, Fault> {
    let (mut wishes, mut members) = (Vec::new(), 0);
    pbf.blocks(holds::RELATIONS, stage(tell, "reading relations"), |block| {
        let mut take = |relation: Relation<'_>| match wish(&relation) {
            Some(Ok(wish)) => {
                members += wish.members.len();
                wishes.push(wish);
            }
            Some(Err(why)) => draft.skip(why, || format!("relation/{}", relation.id)),
            None => {}
        };
        block.relations(&mut take).map_err(damaged)?;
        Fault::unless("members of relations", members, MAX_MEMBERS)
    })?;
    Ok(wishes)
}

fn wish(relation: &Relation<'_>) -> Option<Result<Wish, Skip>> {
    const WAY: u64 = 1;
    let kind = relation.tags.get("type");
    let meaning = meaning(&relation.tags);
    let outline_only = kind == Some("building");
    let meaning = match (kind, meaning) {
        (_, Some(Meaning::Skipped(why))) => return Some(Err(why)),
        (Some("multipolygon" | "building"), Some(meaning)) => Some(meaning),
        // Before 2013 the tags stood on the outer way.
        (Some("multipolygon"), None) if is_untagged(&relation.tags) => None,
        (_, Some(Meaning::Building(_))) => return Some(Err(Skip::NoOutline)),
        _ => return None,
    };
    let ways = relation.members.iter().filter(|m| m.kind == WAY && (!outline_only || m.role == "outline"));
    let members: Vec<_> = ways.map(|m| (m.id, m.role == "inner")).collect();
    // A relation of type "building" without an outline is told by its parts.
    (!outline_only || !members.is_empty()).then_some(Ok(Wish { id: relation.id, meaning, outline_only, members }))
}

/// Whether nothing is said but that it is a multipolygon, and by whom.
fn is_untagged(tags: &Tags<'_>) -> bool {
    tags.0.iter().all(|(key, _)| matches!(*key, "type" | "source" | "created_by" | "note"))
}

/// Member ways with a node in the area.
fn ways_inside(
    pbf: &mut Pbf<impl Read + Seek>,
    inside: &[i64],
    wishes: &[Wish],
    tell: &mut Tell<'_>,
) -> Result<HashSet<i64>, Fault> {
    let members: HashSet<i64> = wishes.iter().flat_map(|w| &w.members).map(|m| m.0).collect();
    let (mut touched, mut refs) = (HashSet::new(), Vec::new());
    pbf.blocks(holds::WAYS, stage(tell, "looking for relations in the area"), |block| {
        let take = |way: Way<'_>| {
            if members.contains(&way.id) {
                refs.clear();
                way.nodes(&mut refs)?;
                if refs.iter().any(|id| inside.binary_search(id).is_ok()) {
                    touched.insert(way.id);
                }
            }
            Ok(())
        };
        block.ways(take).map_err(damaged)
    })?;
    Ok(touched)
}

/// Ways that are wanted for themselves or for a relation.
fn ways(
    pbf: &mut Pbf<impl Read + Seek>,
    source: &mut Source,
    inside: Option<&Inside>,
    tell: &mut Tell<'_>,
) -> Result<(), Fault> {
    let members: HashSet<i64> = source.wishes.iter().flat_map(|w| &w.members).map(|m| m.0).collect();
    pbf.blocks(holds::WAYS, stage(tell, "reading ways"), |block| {
        let take = |way: Way<'_>| {
            let (meaning, member) = (meaning(&way.tags), members.contains(&way.id));
            let coast = way.tags.get("natural") == Some("coastline");
            if meaning.is_none() && !member && !coast {
                return Ok(());
            }
            let from = source.refs.len();
            way.nodes(&mut source.refs)?;
            let nodes = &source.refs[from..];
            let any_in = |ids: &[i64]| nodes.iter().any(|id| ids.binary_search(id).is_ok());
            let here = inside.is_none_or(|inside| any_in(&inside.area));
            if coast && inside.is_none_or(|inside| any_in(&inside.around)) {
                source.coast.push(from..source.refs.len());
            } else if !here && !member {
                source.refs.truncate(from);
                return Ok(());
            }
            if member {
                source.members.insert(way.id, source.paths.len());
            }
            let meaning = meaning.filter(|_| here);
            source.paths.push(Path { id: way.id, meaning, refs: from..source.refs.len() });
            Ok(())
        };
        block.ways(take).map_err(damaged)?;
        Fault::unless("ways", source.paths.len(), MAX_FEATURES)?;
        Fault::unless("nodes of ways", source.refs.len(), MAX_CORNERS)
    })?;
    source.ids = source.refs.clone();
    source.ids.sort_unstable();
    source.ids.dedup();
    source.positions = vec![None; source.ids.len()];
    Ok(())
}

/// Positions of the nodes that the ways need, the names of places, and trees.
fn nodes(
    pbf: &mut Pbf<impl Read + Seek>,
    source: &mut Source,
    draft: &mut Draft,
    area: Option<&Area>,
    tell: &mut Tell<'_>,
) -> Result<(), Fault> {
    pbf.blocks(holds::NODES, stage(tell, "reading nodes"), |block| {
        block
            .nodes(|node| {
                if let Ok(i) = source.ids.binary_search(&node.id) {
                    source.positions[i] = node.at;
                }
                let here = node.at.map(degrees).filter(|at| area.is_none_or(|area| area.contains(*at)));
                let Some(at) = here.filter(|_| !node.tags.0.is_empty()) else { return };
                if let Some(kind) = kinds::point(&node.tags) {
                    let shape = Shape::Point(Coord { x: at.lon, y: at.lat });
                    draft.features.push(Feature { id: Element::Node.feature(node.id), kind, shape });
                } else if matches!(meaning(&node.tags), Some(Meaning::Building(_))) {
                    draft.skip(Skip::NoOutline, || format!("node/{}", node.id));
                }
            })
            .map_err(damaged)?;
        Fault::unless("places and trees", draft.features.len(), MAX_FEATURES)
    })
}
