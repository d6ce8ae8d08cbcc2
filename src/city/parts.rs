//! Buildings whose parts are given too: the parts stand for the outline, which would hide them.

use super::schema::{Role, Traits};
use geo::{Area, BoundingRect, Contains, CoordsIter, InteriorPoint, Point, Polygon};

/// An outline that doesn't say whether it has parts gives way to them where they cover this much of it.
const COVERED: f64 = 0.9;
/// Most corners of outlines looked at for all parts together.
const MAX_LOOKS: u64 = 200_000_000;

/// There are too many parts in too many outlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooComplex;

struct Part {
    inside: Point<f64>,
    /// The ground it covers; none where it doesn't stand on it.
    area: f64,
}

/// All but the outlines whose parts stand for them. An outline whose parts the archive lacks stays.
pub fn replace_outlines(whole: Vec<(Traits, Polygon<f64>)>) -> Result<Vec<(Traits, Polygon<f64>)>, TooComplex> {
    let mut parts: Vec<Part> = whole
        .iter()
        .filter(|(traits, _)| traits.role == Role::Part)
        .filter_map(|(traits, outline)| {
            let area = if traits.base() > 0.0 { 0.0 } else { outline.unsigned_area() };
            Some(Part { inside: outline.interior_point()?, area })
        })
        .collect();
    if parts.is_empty() {
        return Ok(whole);
    }
    parts.sort_by(|a, b| a.inside.x().total_cmp(&b.inside.x()));
    let mut looks = 0u64;
    let mut kept = Vec::with_capacity(whole.len());
    for (traits, outline) in whole {
        if !is_replaced(&traits, &outline, &parts, &mut looks)? {
            kept.push((traits, outline));
        }
    }
    Ok(kept)
}

fn is_replaced(traits: &Traits, outline: &Polygon<f64>, parts: &[Part], looks: &mut u64) -> Result<bool, TooComplex> {
    let Some(bounds) = outline.bounding_rect().filter(|_| traits.role != Role::Part) else { return Ok(false) };
    let from = parts.partition_point(|part| part.inside.x() < bounds.min().x);
    let to = parts.partition_point(|part| part.inside.x() <= bounds.max().x);
    let corners = outline.coords_count() as u64;
    let (mut found, mut covered) = (false, 0.0);
    for part in &parts[from..to.max(from)] {
        *looks += 1;
        let y = part.inside.y();
        if y >= bounds.min().y && y <= bounds.max().y {
            *looks += corners;
            if outline.contains(&part.inside) {
                found = true;
                covered += part.area;
            }
        }
        if *looks > MAX_LOOKS {
            return Err(TooComplex);
        }
    }
    Ok(found && (traits.role == Role::Outline || covered >= COVERED * outline.unsigned_area()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Rect, coord};

    fn square(x: f64, y: f64, side: f64, role: Role) -> (Traits, Polygon<f64>) {
        let outline = Rect::new(coord! { x: x, y: y }, coord! { x: x + side, y: y + side }).to_polygon();
        (Traits::with_role(role), outline)
    }

    fn roles(all: Vec<(Traits, Polygon<f64>)>) -> Vec<Role> {
        replace_outlines(all).expect("few").into_iter().map(|(traits, _)| traits.role).collect()
    }

    #[test]
    fn an_outline_that_says_so_gives_way_to_its_parts() {
        let all = vec![square(0.0, 0.0, 10.0, Role::Outline), square(1.0, 1.0, 3.0, Role::Part)];
        assert_eq!(roles(all), [Role::Part]);
    }

    #[test]
    fn an_outline_stays_where_its_parts_are_missing() {
        let all = vec![square(0.0, 0.0, 10.0, Role::Outline), square(50.0, 1.0, 3.0, Role::Part)];
        assert_eq!(roles(all), [Role::Outline, Role::Part]);
    }

    #[test]
    fn a_building_that_says_nothing_gives_way_only_to_parts_that_cover_it() {
        let tower = vec![square(0.0, 0.0, 10.0, Role::Whole), square(1.0, 1.0, 3.0, Role::Part)];
        assert_eq!(roles(tower), [Role::Whole, Role::Part]);
        let covered = vec![square(0.0, 0.0, 10.0, Role::Whole), square(0.2, 0.2, 9.6, Role::Part)];
        assert_eq!(roles(covered), [Role::Part]);
    }

    #[test]
    fn endless_pairs_are_refused() {
        let outline = |i: u32| square(0.0, f64::from(i) * 1e-6, 10.0, Role::Whole);
        let part = |i: u32| square(1.0 + f64::from(i) * 1e-6, 1.0, 0.1, Role::Part);
        let all = (0..20_000).map(outline).chain((0..20_000).map(part)).collect();
        assert_eq!(replace_outlines(all), Err(TooComplex));
    }
}
