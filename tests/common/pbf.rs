//! Extracts of `OpenStreetMap` written byte by byte.

#![allow(dead_code, reason = "each test uses some of these")]

/// A field of a protocol-buffer message.
pub fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    unsigned(&mut bytes, content.len() as u64);
    bytes.extend(content);
    bytes
}

/// A blob of a kind with this content, not packed.
pub fn blob(kind: &str, content: &[u8]) -> Vec<u8> {
    let data = field(1, content);
    let mut header = field(1, kind.as_bytes());
    header.push(3 << 3);
    unsigned(&mut header, data.len() as u64);
    [(header.len() as u32).to_be_bytes().to_vec(), header, data].concat()
}

/// A file of one block: a string table and groups, each of one kind of element.
pub fn file(strings: &[&str], groups: &[&[u8]]) -> Vec<u8> {
    let table: Vec<u8> = strings.iter().flat_map(|s| field(1, s.as_bytes())).collect();
    let groups: Vec<u8> = groups.iter().flat_map(|group| field(2, group)).collect();
    let block = [field(1, &table), groups].concat();
    [blob("OSMHeader", &field(4, b"OsmSchema-V0.6")), blob("OSMData", &block)].concat()
}

/// A number as sint64.
pub fn signed(into: &mut Vec<u8>, value: i64) {
    unsigned(into, (value << 1 ^ value >> 63) as u64);
}

/// A number as uint64.
pub fn unsigned(into: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

/// One building of ten metres whose corners are these, in units of 100 nanodegrees from 24.94° east, 60.17° north.
pub fn building(corners: &[(i64, i64)]) -> Vec<u8> {
    let (mut ids, mut lats, mut lons, mut refs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut last = (0, 0);
    for (x, y) in corners {
        let at = (249_400_000 + x, 601_700_000 + y);
        signed(&mut ids, 1);
        signed(&mut lons, at.0 - last.0);
        signed(&mut lats, at.1 - last.1);
        signed(&mut refs, 1);
        last = at;
    }
    // Back to the first corner.
    signed(&mut refs, 1 - corners.len() as i64);
    let nodes = field(2, &[field(1, &ids), field(8, &lats), field(9, &lons)].concat());
    let way = field(3, &[vec![1 << 3, 5], field(2, &[1, 3]), field(3, &[2, 4]), field(8, &refs)].concat());
    file(&["", "building", "yes", "height", "10"], &[&nodes, &way])
}
