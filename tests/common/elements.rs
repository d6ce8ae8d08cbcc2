//! Extracts of `OpenStreetMap` that any bytes whatever describe: the file is whole, and what the bytes decide is which
//! elements it has, where they lie, what they refer to and how they are tagged. Bytes that are changed at random so reach
//! what lies behind the format: rings that cross or stay open, relations of missing ways, coastlines, parts, odd tags.

#![allow(dead_code, reason = "each fuzz target and each test uses some of these")]

use super::pbf::{field, file, signed, unsigned};

/// Keys and values that the importer looks at, and some that it can't read. The first is the empty string of the format.
const STRINGS: [&str; 48] = [
    "",
    "building",
    "yes",
    "natural",
    "coastline",
    "type",
    "multipolygon",
    "outer",
    "inner",
    "height",
    "10",
    "building:part",
    "building:levels",
    "3",
    "min_height",
    "4 m",
    "location",
    "underground",
    "building:min_level",
    "-1",
    "roof:height",
    "1e400",
    "NaN",
    "12'6\"",
    "water",
    "waterway",
    "river",
    "landuse",
    "forest",
    "leisure",
    "park",
    "highway",
    "residential",
    "area",
    "no",
    "roof",
    "outline",
    "part",
    "boundary",
    "layer",
    "bridge",
    "railway",
    "rail",
    "building:material",
    "glass",
    "brick;wood",
    "99999999999999999999",
    "0",
];
/// Units of a step between positions, 100 nanodegrees: 1 to 2 cm.
const STEP: i64 = 2000;

/// One element, as these bytes describe it.
#[derive(Clone, Copy, Debug)]
pub enum Element<'a> {
    /// So many steps from the middle, eastwards and northwards.
    Node(i8, i8),
    /// Through the nodes of these numbers, back to the first where it is closed.
    Way { nodes: &'a [u8], closed: bool, tags: &'a [(&'a str, &'a str)] },
    /// Of the ways of these numbers, each with its role.
    Relation { ways: &'a [(u8, &'a str)], tags: &'a [(&'a str, &'a str)] },
}

/// The bytes that describe these elements.
pub fn describe(elements: &[Element]) -> Vec<u8> {
    let string = |s: &str| STRINGS.iter().position(|t| *t == s).expect("one of the strings") as u8;
    let tagged = |bytes: &mut Vec<u8>, tags: &[(&str, &str)]| {
        bytes.push(tags.len() as u8);
        bytes.extend(tags.iter().flat_map(|(key, value)| [string(key), string(value)]));
    };
    let mut bytes = vec![0];
    for element in elements {
        match element {
            Element::Node(x, y) => bytes.extend([0, *x as u8, *y as u8]),
            Element::Way { nodes, closed, tags } => {
                bytes.extend([2, nodes.len() as u8, u8::from(*closed)]);
                bytes.extend(*nodes);
                tagged(&mut bytes, tags);
            }
            Element::Relation { ways, tags } => {
                bytes.extend([3, ways.len() as u8]);
                bytes.extend(ways.iter().flat_map(|(way, role)| [*way, string(role), 1]));
                tagged(&mut bytes, tags);
            }
        }
    }
    bytes
}

/// What is left of the bytes; zeros after their end.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn next(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// Tags as the fields of a way or a relation: indices of keys, and of values.
    fn tags(&mut self) -> Vec<u8> {
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for _ in 0..self.next() % 8 {
            keys.push(self.string());
            values.push(self.string());
        }
        [field(2, &keys), field(3, &values)].concat()
    }

    fn string(&mut self) -> u8 {
        self.next() % STRINGS.len() as u8
    }
}

/// The extract that the bytes describe.
pub fn extract(data: &[u8]) -> Vec<u8> {
    let mut rest = Rest(data);
    let order = rest.next();
    let (mut ids, mut lats, mut lons) = (Vec::new(), Vec::new(), Vec::new());
    let (mut made, mut last) = (0, (0, 0));
    let (mut ways, mut relations) = (Vec::new(), Vec::new());
    let (mut way, mut relation) = (0, 0);
    while !rest.0.is_empty() {
        match rest.next() % 4 {
            kind @ (0 | 1) => {
                let (x, y) = (rest.next() as i8, rest.next() as i8);
                // Some steps finer, so that corners nearly meet.
                let step = if kind == 0 { STEP } else { STEP / 100 };
                let at = (249_400_000 + i64::from(x) * step, 601_700_000 + i64::from(y) * step);
                made += 1;
                signed(&mut ids, 1);
                signed(&mut lons, at.0 - last.0);
                signed(&mut lats, at.1 - last.1);
                last = at;
            }
            2 => {
                way += 1;
                let (count, closed) = (rest.next() % 64, rest.next() % 2 == 1);
                // Nodes count from 1; the last of the numbers is of none.
                let mut nodes: Vec<i64> = (0..count).map(|_| i64::from(rest.next()) % (made + 1) + 1).collect();
                nodes.extend(nodes.first().copied().filter(|_| closed));
                let (mut refs, mut before) = (Vec::new(), 0);
                for node in nodes {
                    signed(&mut refs, node - before);
                    before = node;
                }
                let mut id = vec![1 << 3];
                unsigned(&mut id, way);
                ways.extend(field(3, &[id, rest.tags(), field(8, &refs)].concat()));
            }
            _ => {
                relation += 1;
                let (mut roles, mut members, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
                let mut before = 0;
                for _ in 0..rest.next() % 32 {
                    let member = i64::from(rest.next()) % (way as i64 + 1) + 1;
                    signed(&mut members, member - before);
                    before = member;
                    roles.push(rest.string());
                    kinds.push(rest.next() % 3);
                }
                let mut id = vec![1 << 3];
                unsigned(&mut id, relation);
                let lists = [field(8, &roles), field(9, &members), field(10, &kinds)].concat();
                relations.extend(field(4, &[id, rest.tags(), lists].concat()));
            }
        }
    }
    let nodes = field(2, &[field(1, &ids), field(8, &lats), field(9, &lons)].concat());
    // Most extracts are sorted; not all.
    let groups: [&[u8]; 3] = match order % 3 {
        0 => [&nodes, &ways, &relations],
        1 => [&relations, &ways, &nodes],
        _ => [&ways, &nodes, &relations],
    };
    file(&STRINGS, &groups)
}
