//! Durations and sizes as people write them: `"15s"`, `"1h 30m"`, `"256MiB"`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

/// Why a text is not a duration or a size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Not a duration.
    #[error("`{0}` is not a duration; write `\"500ms\"`, `\"15s\"`, `\"2m\"` or `\"1h 30m\"`")]
    Duration(String),
    /// Not a size.
    #[error("`{0}` is not a size; write `\"512B\"`, `\"64KiB\"`, `\"256MiB\"` or `\"2GiB\"`")]
    Size(String),
}

/// A duration that a person wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let wrong = || UnitError::Duration(super::document::printable(text));
        // jiff also reads ISO 8601; one way of writing is enough for people who read each other's files.
        if !text.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(wrong());
        }
        let signed: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
        Duration::try_from(signed).map(Self).map_err(|_| wrong())
    }
}

impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signed = jiff::SignedDuration::try_from(self.0).unwrap_or(jiff::SignedDuration::MAX);
        write!(formatter, "{signed:#}")
    }
}

/// How often something is done that a person may turn off: a duration, or `false` or `0s` for never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Every(pub Option<Duration>);

impl<'de> Deserialize<'de> for Every {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl serde::de::Visitor<'_> for Reader {
            type Value = Every;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a duration, or `false` for never")
            }

            fn visit_bool<E: serde::de::Error>(self, flag: bool) -> Result<Every, E> {
                if flag { Err(E::invalid_type(serde::de::Unexpected::Bool(flag), &self)) } else { Ok(Every(None)) }
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Every, E> {
                let Span(span) = text.parse().map_err(E::custom)?;
                Ok(Every((!span.is_zero()).then_some(span)))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl JsonSchema for Every {
    fn schema_name() -> Cow<'static, str> {
        "Every".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "How often: a duration, or `false` or `0s` for never.",
            "anyOf": [generator.subschema_for::<Span>(), { "const": false }],
        })
    }
}

/// A number of bytes that a person wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// Units from the largest; the first of equal factors is the one that is written.
const UNITS: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

impl FromStr for Size {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let wrong = || UnitError::Size(super::document::printable(text));
        let (unit, factor) = UNITS.iter().find(|(unit, _)| text.ends_with(unit)).ok_or_else(wrong)?;
        let digits = text.trim_end_matches(unit).trim_end();
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let number: u64 = digits.parse().map_err(|_| wrong())?;
        number.checked_mul(*factor).map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS[..3].iter().find(|(_, factor)| self.0 >= *factor && self.0.is_multiple_of(*factor));
        let (unit, factor) = whole.copied().unwrap_or(("B", 1));
        write!(formatter, "{}{unit}", self.0 / factor)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A duration: `500ms`, `15s`, `2m`, `1h 30m`.",
            "pattern": "^[0-9]",
            "examples": ["15s", "2m"],
        })
    }
}

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A number of bytes: `512B`, `64KiB`, `256MiB`, `2GiB`; `kB`, `MB` and `GB` are powers of ten.",
            "pattern": "^[0-9]+ *(B|kB|MB|GB|KiB|MiB|GiB)$",
            "examples": ["256MiB"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write_and_writes_what_it_reads() {
        for (text, expected) in [("15s", 15_000), ("2m", 120_000), ("500ms", 500), ("1h 30m", 5_400_000), ("0s", 0)] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.0, Duration::from_millis(expected), "{text}");
            assert_eq!(span.to_string(), text);
        }
        for text in ["", "15", "-3s", "PT3S", "1.5.2s", "99999999999999999999h", "soon"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        for (text, expected) in [("512B", 512), ("64KiB", 65_536), ("256MiB", 256 << 20), ("2GiB", 2 << 30)] {
            let size: Size = text.parse().unwrap();
            assert_eq!((size.0, size.to_string()), (expected, text.to_owned()));
        }
        assert_eq!("10 MB".parse(), Ok(Size(10_000_000)));
        for text in ["", "MiB", "12", "-1MiB", "1.5GiB", "99999999999999GiB", "1mib"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
