//! What is known of a building's height, and what is assumed where nothing is: height tag → storeys → the median of the
//! neighbours → a default. The source is kept, so that a guess never looks like a measurement.

use super::HeightSource;
use glam::DVec2;
use std::collections::BTreeMap;

/// Height of a storey, metres.
pub const STOREY: f32 = 3.2;
/// What a roof of unknown height adds to the storeys, metres.
pub const ROOF: f32 = 1.0;
/// Height of a building of which nothing is known, nor of its neighbours, metres.
pub const DEFAULT_HEIGHT: f32 = 8.0;
/// Neighbours are the buildings in the same and the eight surrounding squares of this side, metres.
pub const NEIGHBOURHOOD: f64 = 150.0;
/// Fewer neighbours than this say nothing.
pub const FEWEST_NEIGHBOURS: usize = 3;
/// Neighbours looked at in each square, which bounds the work over a dense or hostile city.
const MOST_PER_SQUARE: usize = 64;
/// No building is higher, metres; a larger number is a mistake and counts as unknown.
pub const HIGHEST: f32 = 1000.0;

/// What the tags of a building say about its height.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Known {
    /// Height of the roof, metres.
    pub height: Option<f32>,
    /// Storeys below the roof.
    pub levels: Option<f32>,
    /// What the roof adds to the storeys, metres.
    pub roof: Option<f32>,
    /// Where the archive says that the height comes from.
    pub source: Option<HeightSource>,
}

impl Known {
    /// The height and its source, if the tags say anything sensible.
    pub fn resolve(&self) -> Option<(f32, HeightSource)> {
        let sensible = |h: &f32| *h > 0.0 && *h <= HIGHEST;
        let tagged = self.height.filter(sensible).map(|h| (h, self.source.unwrap_or(HeightSource::Tag)));
        let roof = self.roof.filter(|h| (0.0..=HIGHEST).contains(h)).unwrap_or(ROOF);
        let storeys = self.levels.filter(|n| *n > 0.0).map(|n| n * STOREY + roof).filter(sensible);
        tagged.or(storeys.map(|h| (h, HeightSource::Levels)))
    }
}

/// Heights and sources of buildings at `places` (metres), of which `known` are known.
pub fn complete(places: &[DVec2], known: &[Option<(f32, HeightSource)>]) -> Vec<(f32, HeightSource)> {
    let square = |p: DVec2| ((p.x / NEIGHBOURHOOD).floor() as i64, (p.y / NEIGHBOURHOOD).floor() as i64);
    let mut squares: BTreeMap<(i64, i64), Vec<f32>> = BTreeMap::new();
    for (place, height) in places.iter().zip(known) {
        // A height that is itself a guess says nothing about its neighbours.
        if let Some((height, HeightSource::Model | HeightSource::Tag | HeightSource::Levels)) = height {
            let heights = squares.entry(square(*place)).or_default();
            if heights.len() < MOST_PER_SQUARE {
                heights.push(*height);
            }
        }
    }
    let mut medians = BTreeMap::new();
    let mut median_at = |at: (i64, i64)| {
        *medians.entry(at).or_insert_with(|| {
            let around = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (at.0 + dx, at.1 + dy)));
            let mut heights: Vec<f32> = around.filter_map(|s| squares.get(&s)).flatten().copied().collect();
            heights.sort_by(f32::total_cmp);
            (heights.len() >= FEWEST_NEIGHBOURS).then(|| heights[heights.len() / 2])
        })
    };
    let guess = |place: &DVec2| match median_at(square(*place)) {
        Some(median) => (median, HeightSource::Neighbours),
        None => (DEFAULT_HEIGHT, HeightSource::Default),
    };
    let mut guess = guess;
    places.iter().zip(known).map(|(place, height)| height.unwrap_or_else(|| guess(place))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_height_beats_storeys_and_storeys_beat_nothing() {
        let both = Known { height: Some(20.0), levels: Some(3.0), ..Known::default() };
        assert_eq!(both.resolve(), Some((20.0, HeightSource::Tag)));
        let storeys = Known { levels: Some(5.0), ..Known::default() };
        assert_eq!(storeys.resolve(), Some((17.0, HeightSource::Levels)));
        let gabled = Known { roof: Some(4.5), ..storeys };
        assert_eq!(gabled.resolve(), Some((20.5, HeightSource::Levels)));
        assert_eq!(Known::default().resolve(), None);
    }

    #[test]
    fn an_absurd_height_counts_as_unknown() {
        for height in [0.0, -3.0, 1e6, f32::INFINITY, f32::NAN] {
            let known = Known { height: Some(height), ..Known::default() };
            assert_eq!(known.resolve(), None, "{height}");
        }
    }

    #[test]
    fn neighbours_lend_their_median_and_strangers_nothing() {
        let at = |x: f64| DVec2::new(x, 10.0);
        let tagged = |h| Some((h, HeightSource::Tag));
        let places = [at(10.0), at(20.0), at(30.0), at(40.0), at(5000.0)];
        let known = [tagged(10.0), tagged(12.0), tagged(40.0), None, None];
        let complete = complete(&places, &known);
        assert_eq!(complete[3], (12.0, HeightSource::Neighbours));
        assert_eq!(complete[4], (DEFAULT_HEIGHT, HeightSource::Default));
        assert_eq!(complete[2], (40.0, HeightSource::Tag));
    }

    #[test]
    fn a_guess_is_no_neighbour() {
        let places = [DVec2::ZERO; 4];
        let guessed = Some((30.0, HeightSource::Default));
        assert_eq!(complete(&places, &[guessed, guessed, guessed, None])[3].1, HeightSource::Default);
    }
}
