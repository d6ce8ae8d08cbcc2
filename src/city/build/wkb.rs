//! Well-known binary geometry (OGC 06-103r4, section 8; and `PostGIS`'s flags for z, m and SRID): points, lines and areas.

use super::collect::Geometry;
use super::draft::MAX_OUTLINE_CORNERS;
use geo::{Coord, LineString, MultiPolygon, Polygon};

/// The geometry of some bytes; `None` for one that means nothing here.
pub fn geometry(mut bytes: &[u8]) -> Option<Geometry> {
    // A corner takes 16 bytes or more, so this bounds everything below.
    if bytes.len() > 24 * MAX_OUTLINE_CORNERS {
        return Some(Geometry::TooManyCorners);
    }
    match read(&mut bytes) {
        Ok(geometry) => geometry,
        Err(Broken) => Some(Geometry::Unreadable),
    }
}

/// It is cut short, or not what it says.
struct Broken;

/// Byte order and dimensions of one geometry.
#[derive(Clone, Copy)]
struct Form {
    little: bool,
    dimensions: usize,
}

fn read(bytes: &mut &[u8]) -> Result<Option<Geometry>, Broken> {
    let (kind, form) = head(bytes)?;
    let mut closed = 0;
    Ok(Some(match kind {
        1 => Geometry::Point(form.position(bytes)?),
        2 => Geometry::Lines(vec![form.row(bytes)?]),
        3 => Geometry::Areas(MultiPolygon(form.polygon(bytes, &mut closed)?.into_iter().collect()), closed),
        5 => Geometry::Lines(members(bytes, form, 2, |form, bytes| form.row(bytes).map(Some))?),
        6 => {
            let polygons = members(bytes, form, 3, |form, bytes| form.polygon(bytes, &mut closed))?;
            Geometry::Areas(MultiPolygon(polygons), closed)
        }
        _ => return Ok(None),
    }))
}

/// The members of a multi-geometry, each with a head of its own.
fn members<T>(
    bytes: &mut &[u8],
    form: Form,
    wanted: u32,
    mut read: impl FnMut(Form, &mut &[u8]) -> Result<Option<T>, Broken>,
) -> Result<Vec<T>, Broken> {
    let mut all = Vec::new();
    // Each member takes nine bytes or more, so a lying count ends at the end of the bytes.
    for _ in 0..form.count(bytes)? {
        let (kind, form) = head(bytes)?;
        if kind != wanted {
            return Err(Broken);
        }
        all.extend(read(form, bytes)?);
    }
    Ok(all)
}

/// Kind and form of the geometry that begins here.
fn head(bytes: &mut &[u8]) -> Result<(u32, Form), Broken> {
    const Z: u32 = 1 << 31;
    const M: u32 = 1 << 30;
    const SRID: u32 = 1 << 29;
    let little = match take(bytes)? {
        [0] => false,
        [1] => true,
        _ => return Err(Broken),
    };
    let mut form = Form { little, dimensions: 2 };
    let code = form.count(bytes)?;
    if code & SRID != 0 {
        form.count(bytes)?;
    }
    let plain = code & !(Z | M | SRID);
    let more = match plain / 1000 {
        0 => 0,
        1 | 2 => 1,
        3 => 2,
        _ => return Err(Broken),
    };
    form.dimensions += more + usize::from(code & Z != 0) + usize::from(code & M != 0);
    Ok((plain % 1000, form))
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], Broken> {
    let (&taken, rest) = bytes.split_first_chunk().ok_or(Broken)?;
    *bytes = rest;
    Ok(taken)
}

impl Form {
    fn count(self, bytes: &mut &[u8]) -> Result<u32, Broken> {
        take(bytes).map(if self.little { u32::from_le_bytes } else { u32::from_be_bytes })
    }

    fn position(self, bytes: &mut &[u8]) -> Result<Coord<f64>, Broken> {
        let mut number = || take(bytes).map(if self.little { f64::from_le_bytes } else { f64::from_be_bytes });
        let at = Coord { x: number()?, y: number()? };
        for _ in 2..self.dimensions {
            number()?;
        }
        Ok(at)
    }

    fn row(self, bytes: &mut &[u8]) -> Result<LineString<f64>, Broken> {
        let count = self.count(bytes)?;
        (0..count).map(|_| self.position(bytes)).collect::<Result<Vec<_>, _>>().map(LineString)
    }

    /// The polygon here, and how many of its rings don't close; `None` without rings.
    fn polygon(self, bytes: &mut &[u8], closed: &mut u64) -> Result<Option<Polygon<f64>>, Broken> {
        let mut rings = Vec::new();
        for _ in 0..self.count(bytes)? {
            let ring = self.row(bytes)?;
            *closed += u64::from(!ring.is_closed());
            rings.push(ring);
        }
        let mut rings = rings.into_iter();
        Ok(rings.next().map(|exterior| Polygon::new(exterior, rings.collect())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SQUARE: [(f64, f64); 4] = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0)];

    /// A polygon of one ring, with a code and what comes after each position.
    fn polygon(code: u32, srid: &[u8], more: &[u8]) -> Vec<u8> {
        let mut bytes = vec![1];
        bytes.extend(code.to_le_bytes());
        bytes.extend(srid);
        bytes.extend(1u32.to_le_bytes());
        bytes.extend(4u32.to_le_bytes());
        for (x, y) in SQUARE {
            bytes.extend(f64::to_le_bytes(x));
            bytes.extend(f64::to_le_bytes(y));
            bytes.extend(more);
        }
        bytes
    }

    fn square() -> MultiPolygon<f64> {
        MultiPolygon(vec![Polygon::new(SQUARE.to_vec().into(), Vec::new())])
    }

    #[test]
    fn all_dialects_say_the_same_polygon() {
        for bytes in [
            polygon(3, &[], &[]),
            polygon(1003, &[], &[0; 8]),
            polygon(2003, &[], &[0; 8]),
            polygon(3003, &[], &[0; 16]),
            polygon(3 | 1 << 31, &[], &[0; 8]),
            polygon(3 | 1 << 29, &4326u32.to_le_bytes(), &[]),
        ] {
            assert_eq!(geometry(&bytes), Some(Geometry::Areas(square(), 0)));
        }
        let mut multi = vec![0];
        multi.extend(6u32.to_be_bytes());
        multi.extend(1u32.to_be_bytes());
        multi.extend(polygon(3, &[], &[]));
        assert_eq!(geometry(&multi), Some(Geometry::Areas(square(), 0)), "byte orders may be mixed");
    }

    #[test]
    fn what_is_cut_or_lies_can_not_be_read() {
        let whole = polygon(3, &[], &[]);
        for end in 0..whole.len() {
            assert_eq!(geometry(&whole[..end]), Some(Geometry::Unreadable), "{end}");
        }
        let mut lying = whole.clone();
        lying[5..9].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(geometry(&lying), Some(Geometry::Unreadable));
        let many = vec![1; 24 * MAX_OUTLINE_CORNERS + 1];
        assert_eq!(geometry(&many), Some(Geometry::TooManyCorners));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = geometry(&bytes);
        }
    }
}
