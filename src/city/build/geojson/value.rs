//! Properties of a feature: short scalars are kept, anything else is passed over.

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Longest text kept, bytes.
const LONGEST: usize = 1024;

/// The value of a property.
#[derive(Clone, Debug, PartialEq)]
pub enum Property {
    /// Text.
    Text(String),
    /// A number.
    Number(f64),
    /// A whole number.
    Whole(u64),
    /// Yes or no.
    Flag(bool),
    /// Nothing, or something that is not kept.
    Other,
}

impl Property {
    /// As a tag would have it.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Property::Text(text) => Some(Cow::Borrowed(text)),
            Property::Number(number) => Some(Cow::Owned(number.to_string())),
            Property::Whole(number) => Some(Cow::Owned(number.to_string())),
            Property::Flag(flag) => Some(Cow::Borrowed(if *flag { "yes" } else { "no" })),
            Property::Other => None,
        }
    }
}

impl<'de> Deserialize<'de> for Property {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Property;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Property, E> {
        Ok(if text.len() <= LONGEST { Property::Text(text.to_owned()) } else { Property::Other })
    }

    fn visit_f64<E>(self, number: f64) -> Result<Property, E> {
        Ok(Property::Number(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Property, E> {
        Ok(Property::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Property, E> {
        Ok(Property::Whole(number))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Property, E> {
        Ok(Property::Flag(flag))
    }

    fn visit_unit<E>(self) -> Result<Property, E> {
        Ok(Property::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Property, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Property::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Property, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Property::Other)
    }
}

/// The properties of a feature, at most so many of them; `null` for none.
pub struct Properties(pub usize);

impl<'de> DeserializeSeed<'de> for Properties {
    type Value = Vec<(String, Property)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Properties {
    type Value = Vec<(String, Property)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of properties, or null")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut properties = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, Property>()? {
            if properties.len() < self.0 && key.len() <= LONGEST && value != Property::Other {
                properties.push((key, value));
            }
        }
        Ok(properties)
    }
}
