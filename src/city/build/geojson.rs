//! `GeoJSON` (RFC 7946) to a [`Draft`], feature by feature as the bytes come: a `FeatureCollection`, or one feature a line.
//!
//! Nothing of a feature is kept but its outline and what its properties say of a building: the whole import, tiles
//! included, takes about three times the memory of the text (`cargo xtask bench` measures it).

mod shape;
mod value;

use super::collect::{Collector, Geometry};
use super::draft::Draft;
use super::error::{Fault, ImportError, Progress, Tell};
use super::tags::Tags;
use crate::geodesy::Area;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::io::{BufReader, Read};
use value::Property;

/// Most properties of a feature that are looked at.
const MAX_PROPERTIES: usize = 256;
/// How often the progress is told, bytes.
const STEP: u64 = 1 << 20;

/// Reads `GeoJSON` of `total` bytes; `file` is what the user knows it by.
pub fn read(
    reader: impl Read,
    file: &str,
    total: u64,
    area: Option<&Area>,
    tell: &mut Tell<'_>,
) -> Result<Draft, ImportError> {
    let offset = Cell::new(0);
    let counted = Counted { inner: BufReader::with_capacity(1 << 16, reader), offset: &offset };
    let collector = Collector::new(area.copied());
    let mut sink = Sink { collector, offset: &offset, told: 0, total, tell, fault: None };
    let mut values = serde_json::Deserializer::from_reader(counted);
    let mut result = Ok(());
    // One value for a collection, one a line for a sequence of features; the end of the bytes ends it.
    while result.is_ok() && values.end().is_err() {
        result = Top(&mut sink).deserialize(&mut values);
    }
    let why = match (sink.fault.take(), result) {
        (Some(fault), _) => Some(fault),
        (None, Err(error)) if error.is_io() => Some(Fault::Read(error.into())),
        (None, Err(error)) => Some(Fault::Json { offset: offset.get(), why: error.to_string() }),
        (None, Ok(())) => None,
    };
    match why {
        Some(fault) => Err(ImportError { file: file.into(), fault }),
        None => Ok(sink.collector.finish()),
    }
}

/// Knows how many bytes were read.
struct Counted<'a, R> {
    inner: BufReader<R>,
    offset: &'a Cell<u64>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.offset.set(self.offset.get() + read as u64);
        Ok(read)
    }
}

/// Where the features go.
struct Sink<'a, 't> {
    collector: Collector,
    offset: &'a Cell<u64>,
    told: u64,
    total: u64,
    tell: &'a mut Tell<'t>,
    /// What stopped the reading, if it was not the parser.
    fault: Option<Fault>,
}

/// A feature as it is read.
#[derive(Default)]
struct Raw {
    id: Option<Property>,
    properties: Vec<(String, Property)>,
    geometry: Option<Geometry>,
}

impl Sink<'_, '_> {
    fn take(&mut self, raw: Raw) -> Result<(), Fault> {
        let done = self.offset.get();
        if done >= self.told + STEP {
            self.told = done;
            (self.tell)(Progress { stage: "reading features", done, total: self.total });
        }
        let text: Vec<(&str, Cow<'_, str>)> =
            raw.properties.iter().filter_map(|(key, value)| Some((key.as_str(), value.text()?))).collect();
        let tags = Tags(text.iter().map(|(key, value)| (*key, value.as_ref())).collect());
        let id = raw.id.as_ref().and_then(Property::text);
        self.collector.take(id.as_deref(), &tags, raw.geometry)
    }
}

/// A value at the top: a collection or a feature.
struct Top<'s, 'a, 't>(&'s mut Sink<'a, 't>);

impl<'de> DeserializeSeed<'de> for Top<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Top<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a GeoJSON FeatureCollection or Feature")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut raw, mut kind) = (Raw::default(), None);
        let mut collection = false;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "type" => kind = map.next_value::<Property>()?.text().map(Cow::into_owned),
                "features" => {
                    collection = true;
                    map.next_value_seed(Features(&mut *self.0))?;
                }
                "properties" => raw.properties = map.next_value_seed(value::Properties(MAX_PROPERTIES))?,
                "geometry" => raw.geometry = map.next_value::<shape::Maybe>()?.0,
                "id" => raw.id = Some(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        match kind.as_deref() {
            Some("FeatureCollection") if collection => Ok(()),
            Some("Feature") => self.0.take(raw).map_err(|fault| {
                self.0.fault = Some(fault);
                serde::de::Error::custom("stopped")
            }),
            _ => Err(serde::de::Error::custom("this is no GeoJSON FeatureCollection or Feature")),
        }
    }
}

/// The array of features.
struct Features<'s, 'a, 't>(&'s mut Sink<'a, 't>);

impl<'de> DeserializeSeed<'de> for Features<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Features<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of features")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Top(&mut *self.0))?.is_some() {}
        Ok(())
    }
}
