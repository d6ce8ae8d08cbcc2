//! The scenario as a link: `#map=zoom/lat/lon/bearing/pitch&s=<version>.<base64url of JSON>`.
//!
//! JSON, so that an older page reads a newer link of the same version and ignores the fields it doesn't know; the version
//! changes only when a field changes its meaning.

use super::{Scenario, ScenarioError};
use crate::geodesy::LonLat;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;
use std::str::FromStr;

/// The version written into links.
pub const VERSION: u32 = 1;
/// A longer link is refused unread.
const MAX_LENGTH: usize = 1 << 20;

/// The camera of the map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MapView {
    /// Web-Mercator zoom.
    pub zoom: f64,
    /// Centre.
    pub centre: LonLat,
    /// Degrees clockwise from north.
    pub bearing: f64,
    /// Degrees from looking straight down.
    pub pitch: f64,
}

/// Everything the address bar holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Link {
    /// The camera, when the link names one.
    pub map: Option<MapView>,
    /// The scenario, when the link holds one.
    pub scenario: Option<Scenario>,
}

/// Why a link can't be read.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Its version is newer than this page's.
    #[error("this link was made by a newer Farfield (its version is {0}, this page reads up to {VERSION})")]
    Newer(u32),
    /// It is cut short or was changed on the way.
    #[error("this link is damaged: {0}")]
    Damaged(&'static str),
    /// Its numbers make no sense.
    #[error("this link asks for something impossible: {0}")]
    Invalid(#[from] ScenarioError),
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("#")?;
        if let Some(m) = self.map {
            let (lat, lon) = (m.centre.lat, m.centre.lon);
            write!(f, "map={:.2}/{lat:.5}/{lon:.5}/{:.1}/{:.0}", m.zoom, m.bearing, m.pitch)?;
        }
        if let Some(scenario) = &self.scenario {
            let json = serde_json::to_vec(scenario).map_err(|_| fmt::Error)?;
            let and = if self.map.is_some() { "&" } else { "" };
            write!(f, "{and}s={VERSION}.{}", URL_SAFE_NO_PAD.encode(json))?;
        }
        Ok(())
    }
}

impl FromStr for Link {
    type Err = LinkError;

    fn from_str(hash: &str) -> Result<Self, LinkError> {
        if hash.len() > MAX_LENGTH {
            return Err(LinkError::Damaged("it is too long"));
        }
        let mut link = Link::default();
        for part in hash.trim_start_matches('#').split('&').filter(|p| !p.is_empty()) {
            match part.split_once('=') {
                Some(("map", value)) => link.map = Some(parse_view(value)?),
                Some(("s", value)) => link.scenario = Some(parse_scenario(value)?),
                _ => {}
            }
        }
        Ok(link)
    }
}

fn parse_view(value: &str) -> Result<MapView, LinkError> {
    let bad = LinkError::Damaged("its map position is not zoom/latitude/longitude/bearing/pitch");
    let numbers: Vec<f64> = value.split('/').map_while(|n| n.parse().ok()).filter(|n: &f64| n.is_finite()).collect();
    let &[zoom, lat, lon, bearing, pitch] = numbers.as_slice() else { return Err(bad) };
    let centre = LonLat::new(lon, lat);
    let fits = centre.is_valid() && (0.0..=24.0).contains(&zoom) && (0.0..=85.0).contains(&pitch);
    if fits { Ok(MapView { zoom, centre, bearing, pitch }) } else { Err(bad) }
}

fn parse_scenario(value: &str) -> Result<Scenario, LinkError> {
    let (version, payload) = value.split_once('.').ok_or(LinkError::Damaged("it names no version"))?;
    let version: u32 = version.parse().map_err(|_| LinkError::Damaged("it names no version"))?;
    if version > VERSION {
        return Err(LinkError::Newer(version));
    }
    let json = URL_SAFE_NO_PAD.decode(payload).map_err(|_| LinkError::Damaged("its text is incomplete"))?;
    let scenario: Scenario =
        serde_json::from_slice(&json).map_err(|_| LinkError::Damaged("its contents are not a scenario"))?;
    scenario.validate()?;
    Ok(scenario)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::antenna::Polarisation;
    use proptest::prelude::*;

    fn link() -> Link {
        let centre = LonLat::new(11.5755, 48.138);
        Link {
            map: Some(MapView { zoom: 15.5, centre, bearing: -20.0, pitch: 55.0 }),
            scenario: Some(Scenario::default()),
        }
    }

    #[test]
    fn a_link_says_the_same_again() {
        let text = link().to_string();
        assert!(text.starts_with("#map=15.50/48.13800/11.57550/-20.0/55&s=1."), "{text}");
        assert_eq!(text.parse::<Link>().expect("a link"), link());
    }

    #[test]
    fn a_golden_link_of_version_1_still_opens() {
        let text = include_str!("golden_v1.txt").trim();
        let read: Link = text.parse().expect("a golden link");
        let Scenario { sites, receivers, .. } = read.scenario.expect("a scenario");
        let site = &sites[0];
        assert_eq!(site.height, 42.0);
        assert_eq!(site.sectors[0].azimuth, 215.0);
        // Written before sectors had a polarisation.
        assert_eq!(site.sectors[0].polarisation, Polarisation::Vertical);
        // And before anything was predicted inside buildings.
        assert_eq!(receivers.indoors, None);
    }

    #[test]
    fn a_newer_link_is_named_as_such() {
        assert!(matches!("#s=2.e30".parse::<Link>(), Err(LinkError::Newer(2))));
    }

    #[test]
    fn unknown_fields_are_ignored_and_missing_ones_take_defaults() {
        let json = URL_SAFE_NO_PAD.encode(br#"{"city":"florence","tomorrow":[1,2]}"#);
        let read: Link = format!("#s=1.{json}&x=3").parse().expect("a link");
        let scenario = read.scenario.expect("a scenario");
        assert_eq!(scenario.city, "florence");
        assert_eq!(scenario.sites, Scenario::default().sites);
    }

    #[test]
    fn impossible_numbers_are_refused() {
        for text in [
            r#"{"receivers":{"cell":0.0}}"#,
            r#"{"receivers":{"indoors":{"probability":1.0}}}"#,
            r#"{"materials":{"brick":{"scattering":1.5}}}"#,
            r#"{"materials":{"glass":{"lobe":{"directive":{"exponent":0}}}}}"#,
        ] {
            let json = URL_SAFE_NO_PAD.encode(text);
            let read = format!("#s=1.{json}").parse::<Link>();
            assert!(matches!(read, Err(LinkError::Invalid(_))), "{text} {read:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,200}") {
            let _ = text.parse::<Link>();
        }

        #[test]
        fn a_cut_link_is_an_error_or_a_scenario(cut in 0usize..600) {
            let text = link().to_string();
            let _ = text.get(..cut.min(text.len())).unwrap_or_default().parse::<Link>();
        }
    }
}
