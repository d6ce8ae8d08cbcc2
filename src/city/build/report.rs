//! What became of a source: how the heights are known, what was repaired and what was left out, and why.

use crate::city::{Building, HeightSource};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// Names kept of each kind of repair or skip, so that somebody can look them up.
const EXAMPLES: usize = 8;
/// Upper ends of the histogram's classes, metres; the last class is open.
const HISTOGRAM: [f32; 9] = [3.0, 6.0, 9.0, 12.0, 15.0, 20.0, 30.0, 50.0, 100.0];

/// What was changed to make a building of what the source says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Repair {
    /// A corner equal to the one before is taken away.
    RepeatedPoint,
    /// A corner that is no number or lies off the globe is taken away.
    BadCoordinate,
    /// A ring that did not end where it began is closed.
    RingClosed,
    /// An outline that crossed itself is cut into the areas that it encloses an odd number of times.
    CrossedItself,
    /// A part or a courtyard (almost) without area is taken away.
    Sliver,
    /// The outline is made of the parts that cover it.
    ReplacedByParts,
    /// A part has the height of the outline that it stands in, because it has none of its own.
    HeightOfOutline,
    /// A height or a number of storeys that can't be read, or that no building has, counts as unknown.
    UnreadableHeight,
    /// The underside was above the roof; the building stands on the ground.
    BaseAboveTop,
    /// A material that is none of ITU-R P.2040 becomes the default.
    OtherMaterial,
    /// The tags of a relation are those of its outer way.
    TagsOfOuterWay,
    /// A relation has members that the file lacks.
    MissingMember,
    /// Ends of the ways of a relation don't meet; what closes is kept.
    OpenRing,
    /// A way and the relation that it is the outline of are both tagged as the building; the relation counts.
    SaidTwice,
    /// A courtyard outside of its building is taken away.
    StrayCourtyard,
    /// A road or an area of the map is left out, because its corners are not in the file or its outline does not close.
    MapLeftOut,
    /// A coastline ends inland, or runs against the next: no sea is drawn.
    BrokenCoast,
    /// Too many buildings would stand in the sea: none is drawn.
    DrownedTown,
    /// A ring of coastline in the sea with its land outside counts as an island.
    TurnedIsland,
    /// The footprint is the outline from above: the walls don't close at the bottom, or overlap.
    FromAbove,
    /// The walls end above the lowest ground under their corners, and are carried down to it.
    CarriedDown,
}

impl Repair {
    /// What was done, as it stands in the report.
    pub const fn told(self) -> &'static str {
        match self {
            Repair::RepeatedPoint => "repeated corners taken away",
            Repair::BadCoordinate => "corners off the globe taken away",
            Repair::RingClosed => "rings closed",
            Repair::CrossedItself => "outlines that crossed themselves cut apart",
            Repair::Sliver => "parts and courtyards without area taken away",
            Repair::ReplacedByParts => "outlines replaced by the parts that cover them",
            Repair::HeightOfOutline => "parts with the height of their outline",
            Repair::UnreadableHeight => "heights or storeys that can't be read",
            Repair::BaseAboveTop => "undersides above the roof set to the ground",
            Repair::OtherMaterial => "materials that ITU-R P.2040 does not have",
            Repair::TagsOfOuterWay => "relations described by their outer way",
            Repair::MissingMember => "relations with members outside of the file",
            Repair::OpenRing => "relations with rings that don't close",
            Repair::SaidTwice => "buildings told by a way and its relation",
            Repair::StrayCourtyard => "courtyards outside of their building taken away",
            Repair::MapLeftOut => "features of the map left out for lack of corners",
            Repair::BrokenCoast => "coastlines that end inland or face each other, so that no sea is drawn",
            Repair::DrownedTown => "seas that would drown the town, and are not drawn",
            Repair::TurnedIsland => "islands drawn with their land outside",
            Repair::FromAbove => "footprints taken from above",
            Repair::CarriedDown => "walls carried down to the ground",
        }
    }
}

/// Why something that looks like a building is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// It lies below the ground.
    Underground,
    /// It is a roof without walls.
    RoofOnly,
    /// It is planned, being built, or gone.
    NotStanding,
    /// It is a point or a line.
    NoOutline,
    /// Corners of it are not in the file.
    MissingNodes,
    /// Nothing with an area is left of it.
    NoArea,
    /// It has more corners than a building can have.
    TooManyCorners,
    /// It lies outside of the area asked for.
    Outside,
    /// Its geometry can't be read.
    BadGeometry,
}

impl Skip {
    /// Why, as it stands in the report.
    pub const fn told(self) -> &'static str {
        match self {
            Skip::Underground => "below the ground",
            Skip::RoofOnly => "roofs without walls",
            Skip::NotStanding => "planned, being built or gone",
            Skip::NoOutline => "points and open lines",
            Skip::MissingNodes => "corners outside of the file",
            Skip::NoArea => "without area",
            Skip::TooManyCorners => "with more corners than can be read",
            Skip::Outside => "outside of the area asked for",
            Skip::BadGeometry => "with a geometry that can't be read",
        }
    }
}

/// How often something happened, and the names of the first few.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// How often.
    pub count: u64,
    /// Whom it happened to, at most eight.
    pub examples: Vec<String>,
}

/// Counts by kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Tally<K: Ord>(BTreeMap<K, Count>);

impl<K: Ord> Default for Tally<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord + Copy> Tally<K> {
    /// Counts one more.
    pub fn add(&mut self, kind: K, name: impl FnOnce() -> String) {
        self.add_many(kind, 1, name);
    }

    /// Counts `count` more of the same building; nothing for 0.
    pub fn add_many(&mut self, kind: K, count: u64, name: impl FnOnce() -> String) {
        if count == 0 {
            return;
        }
        let entry = self.0.entry(kind).or_default();
        entry.count += count;
        if entry.examples.len() < EXAMPLES {
            let name = name();
            if entry.examples.last() != Some(&name) {
                entry.examples.push(name);
            }
        }
    }

    /// How many of `kind`.
    pub fn of(&self, kind: K) -> u64 {
        self.0.get(&kind).map_or(0, |c| c.count)
    }

    /// All kinds that happened.
    pub fn iter(&self) -> impl Iterator<Item = (K, &Count)> {
        self.0.iter().map(|(kind, count)| (*kind, count))
    }
}

/// Repairs and skips as they happen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Log {
    /// What was changed.
    pub repairs: Tally<Repair>,
    /// What was left out.
    pub skipped: Tally<Skip>,
}

/// One class of the histogram of heights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Class {
    /// Upper end, metres; `None` for the last, which is open.
    pub below: Option<f32>,
    /// Buildings whose roof lies in it.
    pub count: u64,
}

/// What became of a source.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Buildings of the source, before any was left out or replaced.
    pub found: u64,
    /// Prisms of the city.
    pub buildings: u64,
    /// Area that they cover, square metres.
    pub footprint_m2: f64,
    /// How many prisms have their height from where.
    pub by_source: BTreeMap<&'static str, u64>,
    /// Heights of the roofs.
    pub histogram: Vec<Class>,
    /// Roads, water and so on, by the layer's name.
    pub map: BTreeMap<&'static str, u64>,
    /// Repairs and skips.
    #[serde(flatten)]
    pub log: Log,
}

impl Report {
    /// The report of these buildings.
    pub fn of(found: u64, buildings: &[Building], map: BTreeMap<&'static str, u64>, log: Log) -> Self {
        use geo::Area;
        let mut by_source: BTreeMap<_, _> = HeightSource::ALL.iter().map(|s| (s.name(), 0)).collect();
        let mut counts = [0; HISTOGRAM.len() + 1];
        for b in buildings {
            *by_source.entry(b.height_source.name()).or_default() += 1;
            counts[HISTOGRAM.iter().position(|end| b.top < *end).unwrap_or(HISTOGRAM.len())] += 1;
        }
        let ends = HISTOGRAM.into_iter().map(Some).chain([None]);
        let histogram = ends.zip(counts).map(|(below, count)| Class { below, count }).collect();
        let footprint_m2 = buildings.iter().map(|b| b.footprint.unsigned_area()).sum();
        Self { found, buildings: buildings.len() as u64, footprint_m2, by_source, histogram, map, log }
    }
}

impl Report {
    /// The whole in a sentence: how many buildings there are, how many of their heights are known, what was left out.
    pub fn summary(&self) -> String {
        let guessed = [HeightSource::Neighbours, HeightSource::Default].map(|s| self.by_source[s.name()]);
        let known = self.buildings - guessed.iter().sum::<u64>();
        let share = 100.0 * known as f64 / self.buildings.max(1) as f64;
        let left_out: u64 = self.log.skipped.iter().map(|(_, count)| count.count).sum();
        let rest = if left_out == 0 { String::new() } else { format!("; {left_out} outlines are left out") };
        format!("{} buildings, {share:.0} % with a height of their own{rest}", self.buildings)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (found, area) = (self.found, self.footprint_m2);
        writeln!(f, "{found} outlines became {} prisms over {area:.0} m²", self.buildings)?;
        let share = |n: u64| 100.0 * n as f64 / self.buildings.max(1) as f64;
        writeln!(f, "heights from:")?;
        for (source, count) in HeightSource::ALL.iter().map(|s| (s.name(), self.by_source[s.name()])) {
            writeln!(f, "  {source:<12} {count:>7}  {:>5.1} %", share(count))?;
        }
        writeln!(f, "heights of roofs, metres:")?;
        let mut from = 0.0;
        for class in &self.histogram {
            let bar = "█".repeat((share(class.count) / 2.0).round() as usize);
            match class.below {
                Some(to) => writeln!(f, "  {from:>3} – {to:<3}   {:>7}  {bar}", class.count)?,
                None => writeln!(f, "  {from:>3} and up {:>7}  {bar}", class.count)?,
            }
            from = class.below.unwrap_or(from);
        }
        let map: Vec<String> = self.map.iter().map(|(layer, count)| format!("{count} {layer}")).collect();
        if !map.is_empty() {
            writeln!(f, "map: {}", map.join(", "))?;
        }
        told(f, "repaired", self.log.repairs.iter().map(|(kind, count)| (kind.told(), count)))?;
        told(f, "left out", self.log.skipped.iter().map(|(kind, count)| (kind.told(), count)))
    }
}

fn told<'a>(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    counts: impl Iterator<Item = (&'static str, &'a Count)>,
) -> fmt::Result {
    for (i, (what, Count { count, examples })) in counts.enumerate() {
        if i == 0 {
            writeln!(f, "{title}:")?;
        }
        let more = if examples.len() as u64 == *count { "" } else { ", …" };
        writeln!(f, "  {count:>7} {what}: {}{more}", examples.join(", "))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_repair_is_counted_and_the_first_few_are_named() {
        let mut tally = Tally::default();
        for i in 0..100 {
            tally.add(Repair::Sliver, || format!("way {i}"));
        }
        tally.add_many(Repair::RingClosed, 0, || "nobody".into());
        let told: Vec<_> = tally.iter().map(|(k, c)| (k, c.count, c.examples.len())).collect();
        assert_eq!(told, [(Repair::Sliver, 100, EXAMPLES)]);
    }
}
