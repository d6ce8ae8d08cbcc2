//! From a [`Draft`] to a [`City`]: repair, parts, heights, report. The same for every source.

use super::draft::{Draft, Feature, Ids, MAX_CORNERS, MAX_OUTLINES};
use super::error::Fault;
use super::parts;
use super::repair::Repairer;
use super::report::{Repair, Report, Skip};
use super::sea;
use super::tags::Traits;
use super::trees::under_crowns;
use crate::city::heights::{STOREY, complete};
use crate::city::{Building, City};
use crate::geodesy::{Area, LocalFrame, LonLat};
use crate::material::Material;
use geo::{BoundingRect, Centroid, CoordsIter, Polygon, Rect, coord};
use glam::DVec2;
use std::collections::BTreeMap;

/// Longest side of a city that is imported at once, metres: the local frame is exact to a micrometre in it.
const MAX_SIDE: f64 = 70_000.0;
/// Space around the buildings where the source does not say what it covers, degrees of latitude: 22 m.
const MARGIN: f64 = 2e-4;

/// What no source says of itself.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// Short name.
    pub name: String,
    /// Who must be credited.
    pub attribution: String,
    /// Origin of the local frame; the middle of the city where it is `None`.
    pub origin: Option<LonLat>,
}

/// A city made of a source.
pub struct Imported {
    /// What the engines read.
    pub city: City,
    /// The rest of the map, in degrees.
    pub map: Vec<Feature>,
    /// What became of the source.
    pub report: Report,
}

/// A building on the way: what is known of it, and a footprint in local metres.
#[derive(Clone, Debug)]
pub struct Prism {
    /// Stable id.
    pub id: u64,
    /// What the id is made of.
    pub ids: Ids,
    /// Exterior counter-clockwise.
    pub footprint: Polygon<f64>,
    /// What its tags say.
    pub traits: Traits,
}

impl Prism {
    /// What the report calls it.
    pub fn name(&self) -> String {
        self.ids.name(self.id)
    }
}

/// Makes a city of a draft.
pub fn finish(mut draft: Draft, identity: Identity, area: Option<Area>) -> Result<Imported, Fault> {
    Fault::unless("buildings", draft.outlines.len(), MAX_OUTLINES)?;
    let corners = draft.outlines.iter().map(|o| o.shape.coords_count()).sum();
    Fault::unless("corners of buildings", corners, MAX_CORNERS)?;
    let covers = draft.covers.and_then(|(min, max)| Area::between(min, max));
    // Extracts hold more than the box that they name; nothing is left out unless somebody asks for it.
    let covered = match (area, hull(&draft), covers) {
        (Some(area), ..) => area,
        (None, Some(hull), Some(covers)) => hull.with(covers),
        (None, Some(hull), None) => hull,
        (None, None, _) => return Err(Fault::Empty("in it")),
    };
    let frame = LocalFrame::new(identity.origin.unwrap_or_else(|| covered.middle()));
    let bounds = covered.local(&frame);
    let furthest = [bounds.min(), bounds.max()].iter().map(|c| c.x.abs().max(c.y.abs())).fold(0.0, f64::max);
    Fault::unless("metres across", (2.0 * furthest) as usize, MAX_SIDE as usize)?;

    let mut prisms = Vec::new();
    let mut repairer = Repairer::new(&frame, std::mem::take(&mut draft.log));
    let ids = draft.ids;
    for outline in std::mem::take(&mut draft.outlines) {
        let (id, mut traits) = (outline.id, outline.traits);
        let name = || ids.name(id);
        let log = &mut repairer.log;
        let here = outline.shape.bounding_rect().is_none_or(|around| area.is_none_or(|area| area.touches(around)));
        if !here {
            log.skipped.add(Skip::Outside, name);
            continue;
        }
        log.repairs.add_many(Repair::UnreadableHeight, u64::from(std::mem::take(&mut traits.unreadable)), name);
        log.repairs.add_many(Repair::OtherMaterial, u64::from(std::mem::take(&mut traits.other_materials)), name);
        match repairer.outline(outline.shape, &name) {
            Ok(footprints) => prisms.extend(footprints.into_iter().map(|footprint| Prism {
                id,
                ids,
                footprint,
                traits: traits.clone(),
            })),
            Err(why) => repairer.log.skipped.add(why, name),
        }
    }
    let mut log = repairer.log;
    let prisms = parts::replace(prisms, &mut log);
    let buildings = buildings(prisms, &mut log);
    if buildings.is_empty() {
        return Err(Fault::Empty(if area.is_some() { "in the area asked for" } else { "in it" }));
    }
    let with_crowns = |feature: Feature| match feature.kind.crown {
        Some(width) => Feature { shape: under_crowns(feature.shape, width), ..feature },
        None => feature,
    };
    let mut map: Vec<Feature> = draft.features.into_iter().map(with_crowns).collect();
    if !draft.coast.is_empty() {
        let centres = buildings.iter().filter_map(|b| b.footprint.centroid());
        let centres = centres.map(|c| frame.to_lonlat(DVec2::new(c.x(), c.y())));
        let centres: Vec<_> = centres.map(|at| coord! { x: at.lon, y: at.lat }).collect();
        map.extend(sea::feature(&draft.coast, &covered, &centres, &mut log));
    }
    map.retain(|feature| feature.shape.bounds().is_some_and(|around| covered.touches(around)));
    let mut layers = BTreeMap::new();
    for feature in &map {
        *layers.entry(feature.kind.layer.name()).or_default() += 1;
    }
    let report = Report::of(draft.found, &buildings, layers, log);
    let Identity { name, attribution, .. } = identity;
    // Woods are read from the map, which has them.
    let (ground, terrain, woods) = (Material::MediumDryGround, None, Vec::new());
    let city = City { name, attribution, frame, bounds, buildings, ground, terrain, woods };
    Ok(Imported { city, map, report })
}

/// What the outlines cover, and a little more.
fn hull(draft: &Draft) -> Option<Area> {
    let sound = |r: &Rect<f64>| [r.min(), r.max()].iter().all(|c| LonLat::new(c.x, c.y).is_valid());
    let boxes = draft.outlines.iter().filter_map(|o| o.shape.bounding_rect()).filter(sound);
    let all = boxes.reduce(|a, b| {
        Rect::new(
            coord! { x: a.min().x.min(b.min().x), y: a.min().y.min(b.min().y) },
            coord! { x: a.max().x.max(b.max().x), y: a.max().y.max(b.max().y) },
        )
    })?;
    let east = MARGIN / all.min().y.to_radians().cos().max(0.01);
    let min = LonLat::new((all.min().x - east).max(-180.0), all.min().y - MARGIN);
    Area::between(min, LonLat::new((all.max().x + east).min(180.0), all.max().y + MARGIN))
}

/// Heights by the policy of [`crate::city::heights`], and undersides below them.
fn buildings(prisms: Vec<Prism>, log: &mut super::report::Log) -> Vec<Building> {
    let places: Vec<DVec2> =
        prisms.iter().map(|p| p.footprint.centroid().map_or(DVec2::ZERO, |c| DVec2::new(c.x(), c.y()))).collect();
    let known: Vec<_> = prisms.iter().map(|p| p.traits.known.resolve()).collect();
    let heights = complete(&places, &known);
    let mut buildings = Vec::with_capacity(prisms.len());
    for (prism, (top, height_source)) in prisms.into_iter().zip(heights) {
        let traits = &prism.traits;
        let said = traits.known.height.is_some() || traits.known.levels.is_some();
        if said && traits.known.resolve().is_none() {
            log.repairs.add(Repair::UnreadableHeight, || prism.name());
        }
        let mut base = traits.min_height.or(traits.min_level.map(|n| n * STOREY)).unwrap_or_default();
        if base >= top {
            base = 0.0;
            log.repairs.add(Repair::BaseAboveTop, || prism.name());
        }
        buildings.push(Building {
            id: prism.id,
            base,
            top,
            height_source,
            wall: traits.wall.unwrap_or_default(),
            roof: traits.roof.unwrap_or_default(),
            footprint: prism.footprint,
        });
    }
    buildings
}
