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
    let parts = those(&whole, |role| role == Role::Part);
    // Where an outline says that it has parts, they need not say that they are some.
    let says_so = whole.iter().any(|(traits, _)| traits.role == Role::Outline);
    let others = if says_so { those(&whole, |role| role != Role::Outline) } else { Vec::new() };
    let mut looks = 0u64;
    let mut kept = Vec::with_capacity(whole.len());
    for (traits, outline) in whole {
        let is_replaced = match traits.role {
            Role::Part => false,
            Role::Outline => covered(&outline, &others, &mut looks)?.is_some(),
            Role::Whole => {
                covered(&outline, &parts, &mut looks)?.is_some_and(|area| area >= COVERED * outline.unsigned_area())
            }
        };
        if !is_replaced {
            kept.push((traits, outline));
        }
    }
    Ok(kept)
}

/// The buildings of some roles, from west to east.
fn those(whole: &[(Traits, Polygon<f64>)], wanted: impl Fn(Role) -> bool) -> Vec<Part> {
    let part = |(traits, outline): &(Traits, Polygon<f64>)| {
        let area = if traits.base() > 0.0 { 0.0 } else { outline.unsigned_area() };
        Some(Part { inside: outline.interior_point()?, area })
    };
    let mut parts: Vec<Part> = whole.iter().filter(|(traits, _)| wanted(traits.role)).filter_map(part).collect();
    parts.sort_by(|a, b| a.inside.x().total_cmp(&b.inside.x()));
    parts
}

/// The ground that `parts` cover in `outline`; `None` where none of them lies in it.
fn covered(outline: &Polygon<f64>, parts: &[Part], looks: &mut u64) -> Result<Option<f64>, TooComplex> {
    let Some(bounds) = outline.bounding_rect() else { return Ok(None) };
    let from = parts.partition_point(|part| part.inside.x() < bounds.min().x);
    let to = parts.partition_point(|part| part.inside.x() <= bounds.max().x);
    let corners = outline.coords_count() as u64;
    let mut covered = None;
    for part in &parts[from..to.max(from)] {
        *looks += 1;
        let y = part.inside.y();
        if y >= bounds.min().y && y <= bounds.max().y {
            *looks += corners;
            if outline.contains(&part.inside) {
                covered = Some(covered.unwrap_or(0.0) + part.area);
            }
        }
        if *looks > MAX_LOOKS {
            return Err(TooComplex);
        }
    }
    Ok(covered)
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
    fn its_parts_need_not_say_that_they_are_some() {
        let all = vec![square(0.0, 0.0, 10.0, Role::Outline), square(1.0, 1.0, 3.0, Role::Whole)];
        assert_eq!(roles(all), [Role::Whole]);
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
