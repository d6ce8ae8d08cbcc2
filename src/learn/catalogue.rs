//! The models to choose from, as `models/index.json` lists them: what each was trained on, under which licence, and where it holds.

use crate::scenario::{Scenario, Sector, Site};
use serde::Deserialize;

/// What `models/index.json` holds.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Catalogue {
    /// The models, the one to begin with first.
    pub models: Vec<Model>,
}

/// A model that ships with the page.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Model {
    /// What a scenario calls it: the name of its file without the ending.
    pub name: String,
    /// What the user reads.
    pub title: String,
    /// What it was made from and does, in a sentence.
    pub summary: String,
    /// Licence of the weights, in a sentence.
    pub licence: String,
    /// Its card, beside the list.
    pub card: String,
    /// Where it holds.
    pub valid: Valid,
}

/// The range of a model's training: lower and upper ends.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Valid {
    /// Carrier frequency, MHz.
    pub frequency_mhz: [f64; 2],
    /// Antenna above the ground, metres.
    pub height_m: [f64; 2],
    /// Downtilt, degrees.
    pub downtilt_deg: [f64; 2],
    /// Receivers above the ground, metres.
    pub receiver_m: [f64; 2],
}

impl Valid {
    /// What of a scenario lies outside, in a sentence; `None` where nothing does.
    pub fn misfit(&self, scenario: &Scenario) -> Option<String> {
        let sites = &scenario.sites;
        let of_sites = |value: fn(&Site) -> f64| sites.iter().map(value).collect::<Vec<f64>>();
        let of_sectors =
            |value: fn(&Sector) -> f64| sites.iter().flat_map(|s| &s.sectors).map(value).collect::<Vec<f64>>();
        let aspects = [
            ("frequency", "MHz", self.frequency_mhz, of_sectors(|s| s.frequency.mhz())),
            ("antenna height", "m", self.height_m, of_sites(|s| s.height)),
            ("downtilt", "°", self.downtilt_deg, of_sectors(|s| s.downtilt)),
            ("receivers' height", "m", self.receiver_m, vec![scenario.receivers.height]),
        ];
        let outside = aspects.into_iter().filter_map(|(what, unit, [low, high], values)| {
            let value = values.into_iter().find(|v| !(low..=high).contains(v))?;
            let gap = if unit == "°" { "" } else { " " };
            let value = (value * 1e3).round() / 1e3;
            Some(format!("{what} of {value}{gap}{unit} ({low}–{high}{gap}{unit})"))
        });
        let all: Vec<String> = outside.collect();
        (!all.is_empty()).then(|| format!("Beyond the model's training: {}.", all.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Hertz;

    const SHIPPED: &str = include_str!("../../models/index.json");

    #[test]
    fn the_shipped_list_is_read_and_begins_with_the_scenario_s_own() {
        let catalogue: Catalogue = serde_json::from_str(SHIPPED).expect("a catalogue");
        assert!(catalogue.models.len() >= 2);
        assert_eq!(catalogue.models[0].name, Scenario::default().engines.model);
    }

    #[test]
    fn what_lies_outside_of_the_training_is_named() {
        let valid = Valid {
            frequency_mhz: [2500.0, 2700.0],
            height_m: [10.0, 60.0],
            downtilt_deg: [0.0, 20.0],
            receiver_m: [1.0, 2.0],
        };
        let mut scenario = Scenario::default();
        let sector = &mut scenario.sites[0].sectors[0];
        sector.frequency = Hertz(2.6e9);
        assert_eq!(valid.misfit(&scenario), None);
        scenario.sites[0].sectors[0].frequency = Hertz(7.5e8);
        scenario.receivers.height = 4.5;
        let said = valid.misfit(&scenario).expect("a sentence");
        assert_eq!(
            said,
            "Beyond the model's training: frequency of 750 MHz (2500–2700 MHz), receivers' height of 4.5 m (1–2 m)."
        );
    }
}
