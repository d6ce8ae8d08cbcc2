//! One block of an extract: a table of strings and the elements that point into it (PBF format, section "Definition of
//! the `OSMData`").

use super::pbf::holds;
use crate::city::build::tags::Tags;
use crate::city::mvt::{Wire, field, unzigzag, varint};

/// Most strings of a block; usual ones have a few thousand.
const MAX_STRINGS: usize = 1 << 20;
/// Most groups of a block; usual ones have one.
const MAX_GROUPS: usize = 1 << 16;
/// Most tags of an element.
const MAX_TAGS: usize = 4096;
/// Most nodes of a way; the database allows 2000.
const MAX_REFS: usize = 1 << 20;
/// Most members of a relation; the database allows 32,000.
const MAX_MEMBERS: usize = 1 << 17;
/// Units of a position, 1e-7 degrees, in a nanodegree.
const NANO: i64 = 100;

const CUT: &str = "a block is cut short";

/// A block, borrowed from its bytes.
pub struct Block<'a> {
    strings: Vec<&'a [u8]>,
    groups: Vec<&'a [u8]>,
    granularity: i64,
    offset: (i64, i64),
    holds: u8,
}

/// A node.
pub struct Node<'a> {
    /// Its id.
    pub id: i64,
    /// Longitude and latitude, 1e-7 degrees; `None` off the globe.
    pub at: Option<[i32; 2]>,
    /// Its tags.
    pub tags: Tags<'a>,
}

/// A way.
pub struct Way<'a> {
    /// Its id.
    pub id: i64,
    /// Its tags.
    pub tags: Tags<'a>,
    refs: &'a [u8],
}

impl Way<'_> {
    /// Ids of its nodes, added to `into`.
    pub fn nodes(&self, into: &mut Vec<i64>) -> Result<(), &'static str> {
        let (mut rest, mut id) = (self.refs, 0i64);
        let most = into.len() + MAX_REFS;
        while !rest.is_empty() {
            if into.len() == most {
                return Err("a way has too many nodes");
            }
            id = id.wrapping_add(unzigzag(varint(&mut rest).ok_or(CUT)?));
            into.push(id);
        }
        Ok(())
    }
}

/// A relation.
pub struct Relation<'a> {
    /// Its id.
    pub id: i64,
    /// Its tags.
    pub tags: Tags<'a>,
    /// Its members.
    pub members: Vec<Member<'a>>,
}

/// A member of a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// Id of the element.
    pub id: i64,
    /// 0 for a node, 1 for a way, 2 for a relation.
    pub kind: u64,
    /// Its role.
    pub role: &'a str,
}

impl<'a> Block<'a> {
    /// Reads the table of strings, and finds the groups.
    pub fn parse(mut bytes: &'a [u8]) -> Result<Self, &'static str> {
        let mut block = Self { strings: Vec::new(), groups: Vec::new(), granularity: 100, offset: (0, 0), holds: 0 };
        while !bytes.is_empty() {
            match field(&mut bytes).ok_or(CUT)? {
                (1, Wire::Bytes(mut table)) => {
                    while !table.is_empty() {
                        if let (1, Wire::Bytes(string)) = field(&mut table).ok_or(CUT)? {
                            block.strings.push(string);
                        }
                        if block.strings.len() > MAX_STRINGS {
                            return Err("a block has too many strings");
                        }
                    }
                }
                (2, Wire::Bytes(group)) => {
                    block.groups.push(group);
                    if block.groups.len() > MAX_GROUPS {
                        return Err("a block has too many groups");
                    }
                    block.holds |= held(group)?;
                }
                (17, Wire::Varint(value)) => block.granularity = value as i64,
                (19, Wire::Varint(value)) => block.offset.1 = value as i64,
                (20, Wire::Varint(value)) => block.offset.0 = value as i64,
                _ => {}
            }
        }
        Ok(block)
    }

    /// Which elements it has, as bits of [`holds`].
    pub fn holds(&self) -> u8 {
        self.holds
    }

    /// Gives each node to `visit`.
    pub fn nodes(&self, mut visit: impl FnMut(Node<'a>)) -> Result<(), &'static str> {
        for mut group in self.groups.iter().copied() {
            while !group.is_empty() {
                match field(&mut group).ok_or(CUT)? {
                    (1, Wire::Bytes(node)) => visit(self.node(node)?),
                    (2, Wire::Bytes(dense)) => self.dense(dense, &mut visit)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Gives each way to `visit`.
    pub fn ways(&self, mut visit: impl FnMut(Way<'a>) -> Result<(), &'static str>) -> Result<(), &'static str> {
        for mut group in self.groups.iter().copied() {
            while !group.is_empty() {
                if let (3, Wire::Bytes(way)) = field(&mut group).ok_or(CUT)? {
                    let element = element(way)?;
                    visit(Way { id: element.id, tags: self.tags(&element)?, refs: element.packed[8] })?;
                }
            }
        }
        Ok(())
    }

    /// Gives each relation to `visit`.
    pub fn relations(&self, mut visit: impl FnMut(Relation<'a>)) -> Result<(), &'static str> {
        for mut group in self.groups.iter().copied() {
            while !group.is_empty() {
                if let (4, Wire::Bytes(relation)) = field(&mut group).ok_or(CUT)? {
                    visit(self.relation(relation)?);
                }
            }
        }
        Ok(())
    }

    fn node(&self, mut bytes: &'a [u8]) -> Result<Node<'a>, &'static str> {
        let (mut lat, mut lon) = (0, 0);
        let element = element(bytes)?;
        while !bytes.is_empty() {
            match field(&mut bytes).ok_or(CUT)? {
                (8, Wire::Varint(value)) => lat = unzigzag(value),
                (9, Wire::Varint(value)) => lon = unzigzag(value),
                _ => {}
            }
        }
        // The id of a node is zigzag-coded, unlike those of ways and relations.
        let id = unzigzag(element.id as u64);
        Ok(Node { id, at: self.position(lon, lat), tags: self.tags(&element)? })
    }

    fn dense(&self, mut bytes: &'a [u8], visit: &mut impl FnMut(Node<'a>)) -> Result<(), &'static str> {
        let [mut ids, mut lats, mut lons, mut tags] = [[].as_slice(); 4];
        while !bytes.is_empty() {
            match field(&mut bytes).ok_or(CUT)? {
                (1, Wire::Bytes(packed)) => ids = packed,
                (8, Wire::Bytes(packed)) => lats = packed,
                (9, Wire::Bytes(packed)) => lons = packed,
                (10, Wire::Bytes(packed)) => tags = packed,
                _ => {}
            }
        }
        let (mut id, mut lat, mut lon) = (0i64, 0i64, 0i64);
        let step = |sum: &mut i64, deltas: &mut &[u8]| {
            *sum = sum.wrapping_add(unzigzag(varint(deltas).ok_or(CUT)?));
            Ok::<_, &'static str>(())
        };
        while !ids.is_empty() {
            step(&mut id, &mut ids)?;
            step(&mut lat, &mut lats)?;
            step(&mut lon, &mut lons)?;
            let mut own = Tags::default();
            // Each node's keys and values end with a 0; where no node has tags, there is nothing at all.
            while !tags.is_empty() {
                let key = varint(&mut tags).ok_or(CUT)?;
                if key == 0 {
                    break;
                }
                let value = varint(&mut tags).ok_or(CUT)?;
                self.push_tag(&mut own, key, value)?;
            }
            visit(Node { id, at: self.position(lon, lat), tags: own });
        }
        Ok(())
    }

    fn relation(&self, bytes: &'a [u8]) -> Result<Relation<'a>, &'static str> {
        let element = element(bytes)?;
        let [mut roles, mut ids, mut kinds] = [8, 9, 10].map(|number: usize| element.packed[number]);
        let (mut members, mut id) = (Vec::new(), 0i64);
        while !ids.is_empty() {
            if members.len() == MAX_MEMBERS {
                return Err("a relation has too many members");
            }
            id = id.wrapping_add(unzigzag(varint(&mut ids).ok_or(CUT)?));
            let role = self.string(varint(&mut roles).ok_or(CUT)?)?;
            members.push(Member { id, kind: varint(&mut kinds).ok_or(CUT)?, role });
        }
        Ok(Relation { id: element.id, tags: self.tags(&element)?, members })
    }

    /// Longitude and latitude of a position in the block's units.
    fn position(&self, lon: i64, lat: i64) -> Option<[i32; 2]> {
        let of = |offset: i64, value: i64, most: i64| {
            let nano = offset.checked_add(self.granularity.checked_mul(value)?)?;
            // Rounded: a granularity finer than ours is a hundredth of a metre at most.
            let units = nano.checked_add(NANO / 2 * nano.signum())? / NANO;
            i32::try_from(units).ok().filter(|v| i64::from(*v).abs() <= most)
        };
        Some([of(self.offset.0, lon, 1_800_000_000)?, of(self.offset.1, lat, 900_000_000)?])
    }

    fn tags(&self, element: &Element<'a>) -> Result<Tags<'a>, &'static str> {
        let (mut keys, mut values) = (element.packed[2], element.packed[3]);
        let mut tags = Tags::default();
        while !keys.is_empty() {
            let key = varint(&mut keys).ok_or(CUT)?;
            let value = varint(&mut values).ok_or(CUT)?;
            self.push_tag(&mut tags, key, value)?;
        }
        Ok(tags)
    }

    fn push_tag(&self, tags: &mut Tags<'a>, key: u64, value: u64) -> Result<(), &'static str> {
        if tags.0.len() == MAX_TAGS {
            return Err("an element has too many tags");
        }
        tags.0.push((self.string(key)?, self.string(value)?));
        Ok(())
    }

    /// A string of the table; empty where it is not UTF-8, which the format asks for and old files don't always keep.
    fn string(&self, index: u64) -> Result<&'a str, &'static str> {
        let string = usize::try_from(index).ok().and_then(|i| self.strings.get(i));
        Ok(std::str::from_utf8(string.ok_or("a string is missing")?).unwrap_or_default())
    }
}

/// What nodes, ways and relations have in common: the id, and packed numbers by their field.
struct Element<'a> {
    id: i64,
    packed: [&'a [u8]; 11],
}

fn element(mut bytes: &[u8]) -> Result<Element<'_>, &'static str> {
    let mut element = Element { id: 0, packed: [&[]; 11] };
    while !bytes.is_empty() {
        match field(&mut bytes).ok_or(CUT)? {
            (1, Wire::Varint(id)) => element.id = id as i64,
            (number, Wire::Bytes(packed)) => {
                if let Some(place) = usize::try_from(number).ok().and_then(|n| element.packed.get_mut(n)) {
                    *place = packed;
                }
            }
            _ => {}
        }
    }
    Ok(element)
}

/// Which elements a group has. A group has only one kind, but looking at its first alone would trust it.
fn held(mut group: &[u8]) -> Result<u8, &'static str> {
    let mut held = 0;
    while !group.is_empty() {
        held |= match field(&mut group).ok_or(CUT)?.0 {
            1 | 2 => holds::NODES,
            3 => holds::WAYS,
            4 => holds::RELATIONS,
            _ => 0,
        };
    }
    Ok(held)
}
