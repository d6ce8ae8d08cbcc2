//! How well the heights of a city are known: the share of its buildings by the source of their height, in words.

use super::heights::DEFAULT_HEIGHT;
use super::{Building, HeightSource};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How many buildings have their height from which source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeightShares([u32; HeightSource::ALL.len()]);

impl HeightShares {
    /// Counts buildings.
    pub fn of(buildings: &[Building]) -> Self {
        let mut shares = Self::default();
        for building in buildings {
            shares.0[place(building.height_source)] += 1;
        }
        shares
    }

    /// Buildings whose height comes from `source`.
    pub fn count(&self, source: HeightSource) -> u32 {
        self.0[place(source)]
    }

    /// All buildings.
    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }

    /// Buildings whose heights are assumed.
    pub fn assumed(&self) -> u32 {
        HeightSource::ALL.into_iter().filter(|source| source.is_assumed()).map(|source| self.count(source)).sum()
    }

    /// Whether more than half of the heights are guesses: a neighbourhood's, or the default.
    pub fn mostly_assumed(&self) -> bool {
        2 * u64::from(self.assumed()) > u64::from(self.total())
    }
}

/// `62 % from a 3D model, 30 % from storeys, 8 % assumed 8 m`; what no building has is left out.
impl fmt::Display for HeightShares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for source in HeightSource::ALL.into_iter().filter(|s| self.count(*s) > 0) {
            let (count, total) = (self.count(source), self.total());
            // Neither a few nor all but a few are rounded away.
            match (100.0 * f64::from(count) / f64::from(total)).round() as u32 {
                0 => write!(f, "{comma}under 1 % ")?,
                100 if count < total => write!(f, "{comma}over 99 % ")?,
                share => write!(f, "{comma}{share} % ")?,
            }
            match source {
                HeightSource::Model => write!(f, "from a 3D model")?,
                HeightSource::Tag => write!(f, "as mapped")?,
                HeightSource::Levels => write!(f, "from storeys")?,
                HeightSource::Neighbours => write!(f, "guessed from neighbours")?,
                HeightSource::Default => write!(f, "assumed {DEFAULT_HEIGHT} m")?,
            }
            comma = ", ";
        }
        Ok(())
    }
}

fn place(source: HeightSource) -> usize {
    HeightSource::ALL.iter().position(|s| *s == source).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::polygon;

    fn shares(counts: [u32; 5]) -> HeightShares {
        HeightShares(counts)
    }

    #[test]
    fn each_building_counts_for_the_source_of_its_height() {
        let with = |height_source| Building {
            id: 1,
            footprint: polygon![(x: 0.0, y: 0.0), (x: 9.0, y: 0.0), (x: 9.0, y: 9.0)],
            base: 0.0,
            top: 9.0,
            height_source,
            wall: crate::material::Material::Brick,
            roof: crate::material::Material::Brick,
        };
        let buildings =
            [HeightSource::Levels, HeightSource::Tag, HeightSource::Levels, HeightSource::Default].map(with);
        let shares = HeightShares::of(&buildings);
        assert_eq!(HeightSource::ALL.map(|s| shares.count(s)), [0, 1, 2, 0, 1]);
        assert_eq!(shares.total(), 4);
    }

    #[test]
    fn the_sentence_names_what_there_is_best_first() {
        assert_eq!(shares([7, 0, 0, 0, 0]).to_string(), "100 % from a 3D model");
        assert_eq!(shares([0, 62, 30, 0, 8]).to_string(), "62 % as mapped, 30 % from storeys, 8 % assumed 8 m");
        assert_eq!(shares([0; 5]).to_string(), "");
    }

    #[test]
    fn a_few_known_among_many_guesses_are_not_rounded_away() {
        let few = shares([0, 3, 0, 0, 60_000]);
        assert_eq!(few.to_string(), "under 1 % as mapped, over 99 % assumed 8 m");
        assert!(few.mostly_assumed());
        assert!(!shares([0, 1, 1, 1, 1]).mostly_assumed(), "half is not most");
    }
}
