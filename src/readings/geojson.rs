//! `GeoJSON` of points, whose properties are the columns.

use super::columns::Mapping;
use super::table::Taker;
use super::{Outcome, Question, ReadingsError, Reason};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Features whose properties make the columns.
const LOOKED_AT: usize = 1000;
/// Features that are shown to the user.
const SAMPLE: usize = 5;
/// How often the progress is told, features.
const STEP: usize = 1 << 14;

#[derive(Deserialize)]
struct Collection {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    geometry: Option<Geometry>,
    properties: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Geometry {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    coordinates: Value,
}

impl Feature {
    /// Longitude and latitude of a point.
    fn point(&self) -> Option<[String; 2]> {
        let geometry = self.geometry.as_ref().filter(|g| g.kind == "Point")?;
        let degrees = |i: usize| Some(geometry.coordinates.get(i)?.as_f64()?.to_string());
        Some([degrees(0)?, degrees(1)?])
    }

    fn property(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.properties.as_ref()?.get(name)? {
            Value::String(text) => Some(Cow::Borrowed(text)),
            Value::Number(number) => Some(Cow::Owned(number.to_string())),
            Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

/// Reads a `FeatureCollection`.
pub fn read(
    file: &str,
    bytes: &[u8],
    mapping: Option<&Mapping>,
    tell: &mut dyn FnMut(f32),
) -> Result<Outcome, ReadingsError> {
    let no_table = |why: String| ReadingsError::NoTable { file: file.into(), why };
    let collection: Collection = serde_json::from_slice(bytes).map_err(|e| no_table(e.to_string()))?;
    // The place comes first, whatever the properties are called.
    let mut columns = vec!["longitude".to_owned(), "latitude".to_owned()];
    for feature in collection.features.iter().take(LOOKED_AT) {
        for name in feature.properties.iter().flat_map(Map::keys) {
            if !columns.contains(name) {
                columns.push(name.clone());
            }
        }
    }
    let field = |feature: &Feature, point: &[String; 2], column: usize| match column {
        0 | 1 => Some(Cow::Owned(point[column].clone())),
        _ => columns
            .get(column)
            .map(|name| feature.property(name).map_or(Cow::Borrowed(""), |t| Cow::Owned(t.into_owned()))),
    };
    let sample = |feature: &Feature| {
        let point = feature.point()?;
        Some((0..columns.len()).map(|i| field(feature, &point, i).unwrap_or_default().into_owned()).collect())
    };
    let question = Question {
        file: file.into(),
        sample: collection.features.iter().filter_map(sample).take(SAMPLE).collect(),
        guess: Mapping::guess(&columns),
        columns: columns.clone(),
    };
    let Some(mut taker) = Taker::of(&question, mapping) else { return Ok(Outcome::Ask(question)) };
    for (i, feature) in collection.features.iter().enumerate() {
        let line = u32::try_from(i + 1).unwrap_or(u32::MAX);
        match feature.point() {
            Some(point) => taker.take(line, |column| field(feature, &point, column))?,
            None => taker.readings.rejected.add(Reason::NoPoint, line),
        }
        if i % STEP == 0 {
            tell(i as f32 / collection.features.len() as f32);
        }
    }
    taker.finish(question)
}
