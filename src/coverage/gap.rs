//! Why a cell has no prediction: NaN alone doesn't say.

use serde::{Deserialize, Serialize};

/// Why a cell has no prediction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Gap {
    /// Nobody has asked for it, as for rows that another worker does.
    #[default]
    NotAsked,
    /// It lies inside a building, and either nothing is predicted there or nothing arrives at the walls around.
    Indoors,
    /// No way leads there from any antenna, of those that the engine looks for.
    NoPath,
    /// It is farther from every antenna than the engine says anything about.
    TooFar,
    /// It is on a roof, of which the engine knows nothing.
    OnRoof,
}

impl Gap {
    /// All of them; each stands at its own number.
    pub const ALL: [Gap; 5] = [Gap::NotAsked, Gap::Indoors, Gap::NoPath, Gap::TooFar, Gap::OnRoof];

    /// For the user, after "no prediction: ".
    pub const fn words(self) -> &'static str {
        match self {
            Gap::NotAsked => "not computed",
            Gap::Indoors => "inside a building",
            Gap::NoPath => "no path arrives",
            Gap::TooFar => "too far away",
            Gap::OnRoof => "the learned model knows no receivers on roofs",
        }
    }
}

/// A [`Gap`] for each cell, a byte a piece: maps travel between workers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Gaps(Vec<u8>);

impl Gaps {
    /// So many cells of which nothing is said.
    pub fn unasked(cells: usize) -> Self {
        Self(vec![Gap::NotAsked as u8; cells])
    }

    /// What is said of a cell.
    pub fn of(&self, cell: usize) -> Gap {
        self.0.get(cell).and_then(|number| Gap::ALL.get(usize::from(*number))).copied().unwrap_or_default()
    }

    /// Says it.
    pub fn set(&mut self, cell: usize, gap: Gap) {
        if let Some(number) = self.0.get_mut(cell) {
            *number = gap as u8;
        }
    }
}
