//! Binary PLY meshes, as Mitsuba scenes hold them: float positions and polygon faces.

use glam::Vec3;

/// A mesh of triangles.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mesh {
    /// Corners, metres.
    pub vertices: Vec<Vec3>,
    /// Three vertices each.
    pub triangles: Vec<[u32; 3]>,
}

impl Mesh {
    /// The corners of each triangle.
    pub fn corners(&self) -> impl Iterator<Item = [Vec3; 3]> {
        self.triangles.iter().map(|t| t.map(|i| self.vertices[i as usize]))
    }
}

/// Why a file is not such a mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlyError {
    /// No PLY header, or one that never ends.
    #[error("it is not a PLY file")]
    NotPly,
    /// Text or big-endian numbers, or elements and properties of other kinds.
    #[error("only binary little-endian PLY with float positions and lists of faces is read")]
    Unsupported,
    /// Fewer bytes than the header announces.
    #[error("it is cut short")]
    Truncated,
    /// A face has a corner that does not exist, or a position is not finite.
    #[error("its faces or positions make no sense")]
    Damaged,
}

/// A property of the header.
struct Property {
    name: String,
    size: usize,
    /// Size of the count before it, for a list.
    list: Option<usize>,
    kind: String,
}

/// Reads a mesh; faces with more than three corners become fans of triangles.
pub fn parse(bytes: &[u8]) -> Result<Mesh, PlyError> {
    const END: &[u8] = b"end_header\n";
    let end = bytes.windows(END.len()).take(1 << 16).position(|w| w == END).ok_or(PlyError::NotPly)?;
    let header = std::str::from_utf8(&bytes[..end]).map_err(|_| PlyError::NotPly)?;
    let mut body = &bytes[end + END.len()..];
    let mut lines = header.lines().map(str::trim);
    if lines.next() != Some("ply") {
        return Err(PlyError::NotPly);
    }
    let mut elements: Vec<(&str, usize, Vec<Property>)> = Vec::new();
    for line in lines {
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["format", kind, _] if *kind != "binary_little_endian" => return Err(PlyError::Unsupported),
            ["element", name, count] => {
                elements.push((name, count.parse().map_err(|_| PlyError::NotPly)?, Vec::new()));
            }
            ["property", rest @ ..] => {
                let (_, _, properties) = elements.last_mut().ok_or(PlyError::NotPly)?;
                properties.push(property(rest).ok_or(PlyError::Unsupported)?);
            }
            _ => {}
        }
    }
    let mut mesh = Mesh::default();
    for (name, count, properties) in &elements {
        match *name {
            "vertex" => read_vertices(&mut body, *count, properties, &mut mesh)?,
            "face" => read_faces(&mut body, *count, properties, &mut mesh)?,
            _ => return Err(PlyError::Unsupported),
        }
    }
    let count = mesh.vertices.len() as u32;
    let sound = mesh.triangles.iter().flatten().all(|i| *i < count) && mesh.vertices.iter().all(|v| v.is_finite());
    if sound { Ok(mesh) } else { Err(PlyError::Damaged) }
}

fn property(words: &[&str]) -> Option<Property> {
    match words {
        ["list", count, kind, name] => Some(Property {
            name: (*name).into(),
            size: size_of(kind)?,
            list: Some(size_of(count)?),
            kind: (*kind).into(),
        }),
        [kind, name] => Some(Property { name: (*name).into(), size: size_of(kind)?, list: None, kind: (*kind).into() }),
        _ => None,
    }
}

fn size_of(kind: &str) -> Option<usize> {
    match kind {
        "char" | "uchar" | "int8" | "uint8" => Some(1),
        "short" | "ushort" | "int16" | "uint16" => Some(2),
        "int" | "uint" | "float" | "int32" | "uint32" | "float32" => Some(4),
        "double" | "float64" => Some(8),
        _ => None,
    }
}

fn read_vertices(body: &mut &[u8], count: usize, properties: &[Property], mesh: &mut Mesh) -> Result<(), PlyError> {
    let mut offsets = [None; 3];
    let mut stride = 0;
    for p in properties {
        if p.list.is_some() {
            return Err(PlyError::Unsupported);
        }
        if let Some(axis) = ["x", "y", "z"].iter().position(|a| *a == p.name) {
            offsets[axis] = Some(stride).filter(|_| p.kind == "float" || p.kind == "float32");
        }
        stride += p.size;
    }
    let [Some(x), Some(y), Some(z)] = offsets else { return Err(PlyError::Unsupported) };
    for _ in 0..count {
        let row = take(body, stride)?;
        let float = |at: usize| f32::from_le_bytes([row[at], row[at + 1], row[at + 2], row[at + 3]]);
        mesh.vertices.push(Vec3::new(float(x), float(y), float(z)));
    }
    Ok(())
}

fn read_faces(body: &mut &[u8], count: usize, properties: &[Property], mesh: &mut Mesh) -> Result<(), PlyError> {
    if properties.is_empty() {
        return Err(PlyError::Unsupported);
    }
    for _ in 0..count {
        for p in properties {
            let Some(count_size) = p.list else {
                take(body, p.size)?;
                continue;
            };
            let corners = unsigned(take(body, count_size)?) as usize;
            let content = take(body, corners.checked_mul(p.size).ok_or(PlyError::Truncated)?)?;
            if p.name == "vertex_indices" || p.name == "vertex_index" {
                let indices: Vec<u32> = content.chunks_exact(p.size).map(unsigned).collect();
                for pair in indices.get(1..).unwrap_or_default().windows(2) {
                    mesh.triangles.push([indices[0], pair[0], pair[1]]);
                }
            }
        }
    }
    Ok(())
}

fn take<'a>(body: &mut &'a [u8], length: usize) -> Result<&'a [u8], PlyError> {
    let (content, rest) = body.split_at_checked(length).ok_or(PlyError::Truncated)?;
    *body = rest;
    Ok(content)
}

/// A little-endian whole number of up to four bytes; a negative one becomes an index that does not exist.
fn unsigned(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |n, byte| n << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn square() -> Vec<u8> {
        let mut bytes = b"ply\nformat binary_little_endian 1.0\nelement vertex 4\nproperty float x\nproperty float y\n\
            property float z\nproperty float s\nelement face 1\nproperty list uchar int vertex_indices\nend_header\n"
            .to_vec();
        for corner in [[0.0f32, 0.0, 1.0, 9.0], [2.0, 0.0, 1.0, 9.0], [2.0, 3.0, 1.0, 9.0], [0.0, 3.0, 1.0, 9.0]] {
            bytes.extend(corner.iter().flat_map(|v| v.to_le_bytes()));
        }
        bytes.push(4);
        bytes.extend([0i32, 1, 2, 3].iter().flat_map(|i| i.to_le_bytes()));
        bytes
    }

    #[test]
    fn a_quadrilateral_becomes_two_triangles() {
        let mesh = parse(&square()).expect("a mesh");
        assert_eq!(mesh.vertices[2], Vec3::new(2.0, 3.0, 1.0));
        assert_eq!(mesh.triangles, vec![[0, 1, 2], [0, 2, 3]]);
    }

    #[test]
    fn a_corner_that_does_not_exist_is_an_error() {
        let mut bytes = square();
        let last = bytes.len() - 1;
        bytes[last] = 0xff;
        assert_eq!(parse(&bytes), Err(PlyError::Damaged));
        assert_eq!(parse(&bytes[..last]), Err(PlyError::Truncated));
        assert_eq!(parse(b"solid"), Err(PlyError::NotPly));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(at in 0usize..300, value: u8, cut in 0usize..300) {
            let mut bytes = square();
            if let Some(b) = bytes.get_mut(at) { *b = value; }
            bytes.truncate(cut.max(10));
            let _ = parse(&bytes);
        }
    }
}
