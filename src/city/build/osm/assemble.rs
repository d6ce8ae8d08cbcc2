//! The last step: what the passes gathered becomes outlines and features.

use super::rings::join;
use super::{Element, Path, Source, Wish, degrees};
use crate::city::build::coast;
use crate::city::build::draft::{Draft, Feature, Meaning, Outline, Shape};
use crate::city::build::repair::nest;
use crate::city::build::report::{Repair, Skip};
use geo::{Coord, LineString, MultiPolygon, Polygon};

/// Turns relations, then ways, into outlines and features.
pub fn assemble(mut source: Source, draft: &mut Draft) {
    for wish in std::mem::take(&mut source.wishes) {
        relation(&wish, &mut source, draft);
    }
    for i in 0..source.paths.len() {
        if let Some(meaning) = source.paths[i].meaning.take() {
            way(&source, &source.paths[i], meaning, draft);
        }
    }
    draft.coast = coastlines(&source);
}

/// The coastlines, longitudes and latitudes in degrees; where nodes are not in the file, they are cut.
fn coastlines(source: &Source) -> Vec<LineString<f64>> {
    let ways = source.coast.iter().map(|range| &source.refs[range.clone()]);
    let runs: Vec<&[i64]> = ways.flat_map(|way| way.split(|node| source.position(*node).is_none())).collect();
    coast::join(&runs).iter().filter_map(|line| source.line(line)).collect()
}

fn relation(wish: &Wish, source: &mut Source, draft: &mut Draft) {
    let name = || format!("relation/{}", wish.id);
    let outer_paths: Vec<usize> =
        wish.members.iter().filter(|m| !m.1).filter_map(|(id, _)| source.members.get(id).copied()).collect();
    let mut meaning = wish.meaning.clone();
    if meaning.is_none() {
        let tagged = outer_paths.iter().find(|i| is_area(source.paths[**i].meaning.as_ref()));
        let Some(tagged) = tagged else { return };
        meaning = source.paths[*tagged].meaning.take();
        draft.log.repairs.add(Repair::TagsOfOuterWay, name);
    }
    let Some(meaning) = meaning else { return };
    if let Meaning::Building(traits) = &meaning
        && !traits.part
    {
        for i in &outer_paths {
            let told = matches!(&source.paths[*i].meaning, Some(Meaning::Building(t)) if !t.part);
            if told && wish.outline_only {
                return;
            }
            if told {
                source.paths[*i].meaning = None;
                draft.log.repairs.add(Repair::SaidTwice, || format!("way/{}", source.paths[*i].id));
            }
        }
    }
    let missing = wish.members.iter().any(|(id, _)| !source.members.contains_key(id));
    if missing {
        draft.log.repairs.add(Repair::MissingMember, name);
    }
    let mut lost = false;
    let mut open = 0;
    let mut rings = |inner: bool| {
        let members = wish.members.iter().filter(|m| m.1 == inner).filter_map(|m| source.members.get(&m.0));
        let ways: Vec<&[i64]> = members.map(|i| &source.refs[source.paths[*i].refs.clone()]).collect();
        let rings = join(&ways);
        open += rings.open;
        let lines = rings.closed.iter().map(|ring| source.line(ring));
        lines.inspect(|line| lost |= line.is_none()).flatten().collect::<Vec<LineString<f64>>>()
    };
    let (outer, inner) = (rings(false), rings(true));
    if open > 0 || lost {
        draft.log.repairs.add(Repair::OpenRing, name);
    }
    let (shape, stray) = nest(outer, inner);
    draft.log.repairs.add_many(Repair::StrayCourtyard, stray, name);
    let id = Element::Relation.feature(wish.id);
    match meaning {
        Meaning::Building(_) if shape.0.is_empty() => {
            let why = if missing || lost || open > 0 { Skip::MissingNodes } else { Skip::NoOutline };
            draft.skip(why, name);
        }
        Meaning::Building(traits) => {
            draft.found += 1;
            draft.outlines.push(Outline { id, shape, traits });
        }
        Meaning::Skipped(why) => draft.skip(why, name),
        Meaning::Map(kind) if kind.area && !shape.0.is_empty() => {
            draft.features.push(Feature { id, kind, shape: Shape::Area(shape) });
        }
        Meaning::Map(_) => draft.log.repairs.add(Repair::MapLeftOut, name),
    }
}

fn is_area(meaning: Option<&Meaning>) -> bool {
    match meaning {
        Some(Meaning::Building(_) | Meaning::Skipped(_)) => true,
        Some(Meaning::Map(kind)) => kind.area,
        None => false,
    }
}

fn way(source: &Source, path: &Path, meaning: Meaning, draft: &mut Draft) {
    let name = || format!("way/{}", path.id);
    let refs = &source.refs[path.refs.clone()];
    let closed = refs.len() > 3 && refs.first() == refs.last();
    let id = Element::Way.feature(path.id);
    match meaning {
        Meaning::Skipped(why) => draft.skip(why, name),
        Meaning::Building(_) if !closed => draft.skip(Skip::NoOutline, name),
        Meaning::Building(traits) => match source.line(refs) {
            Some(line) => {
                draft.found += 1;
                let shape = MultiPolygon(vec![Polygon::new(line, Vec::new())]);
                draft.outlines.push(Outline { id, shape, traits });
            }
            None => draft.skip(Skip::MissingNodes, name),
        },
        Meaning::Map(kind) if kind.area => match source.line(refs).filter(|_| closed) {
            Some(line) => {
                let shape = Shape::Area(MultiPolygon(vec![Polygon::new(line, Vec::new())]));
                draft.features.push(Feature { id, kind, shape });
            }
            None => draft.log.repairs.add(Repair::MapLeftOut, name),
        },
        Meaning::Map(kind) => {
            let lines = source.lines(refs);
            if lines.is_empty() {
                draft.log.repairs.add(Repair::MapLeftOut, name);
            } else {
                draft.features.push(Feature { id, kind, shape: Shape::Lines(lines) });
            }
        }
    }
}

impl Source {
    pub fn position(&self, node: i64) -> Option<Coord<f64>> {
        let at = degrees(self.positions[self.ids.binary_search(&node).ok()?]?);
        Some(Coord { x: at.lon, y: at.lat })
    }

    /// The line through all nodes; `None` where one is missing.
    pub fn line(&self, nodes: &[i64]) -> Option<LineString<f64>> {
        nodes.iter().map(|node| self.position(*node)).collect::<Option<Vec<_>>>().map(LineString)
    }

    /// The lines through the nodes that are there.
    fn lines(&self, nodes: &[i64]) -> Vec<LineString<f64>> {
        let positions: Vec<_> = nodes.iter().map(|node| self.position(*node)).collect();
        let runs = positions.split(Option::is_none).filter(|run| run.len() > 1);
        runs.map(|run| run.iter().copied().flatten().collect()).collect()
    }
}
