//! Durations and sizes as people write them in `with` tables: `"15s"`, `"256MiB"`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A length of time: digits with `ms`, `s`, `m`, `h` or `d`, also several (`"1m30s"`, `"1m 30s"`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Period(pub Duration);

impl Period {
    /// A period of whole seconds.
    #[must_use]
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

/// A number of bytes: digits with `B`, `KiB`, `MiB`, `GiB`, `TiB` (powers of 1024) or `kB`, `MB`, `GB`, `TB`
/// (powers of 1000).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Size(pub u64);

impl Size {
    /// A size in binary gigabytes.
    #[must_use]
    pub const fn gib(count: u64) -> Self {
        Self(count << 30)
    }
}

const PERIODS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

const SIZES: [(&str, u64); 9] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
];

/// Splits `12ms…` into the number, its unit and the rest.
fn part(text: &str) -> Option<(u64, &str, &str)> {
    let digits = text.find(|character: char| !character.is_ascii_digit())?;
    let (number, rest) = text.split_at(digits);
    let unit = rest.find(|character: char| character.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(unit);
    Some((number.parse().ok()?, unit, rest))
}

fn factor(units: &[(&str, u64)], unit: &str) -> Option<u64> {
    units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor)
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("{text:?} is not a duration like \"15s\", \"2m\" or \"1m30s\"");
        let mut rest = text;
        let mut total = 0_u64;
        let mut largest = u64::MAX;
        loop {
            let (number, unit, after) = part(rest).ok_or_else(bad)?;
            let unit = unit.strip_suffix(' ').filter(|_| !after.is_empty()).unwrap_or(unit);
            let factor = factor(&PERIODS, unit).filter(|factor| *factor < largest).ok_or_else(bad)?;
            total = number.checked_mul(factor).and_then(|value| total.checked_add(value)).ok_or_else(bad)?;
            if after.is_empty() {
                return Ok(Self(Duration::from_millis(total)));
            }
            largest = factor;
            rest = after;
        }
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        part(text)
            .filter(|(_, _, rest)| rest.is_empty())
            .and_then(|(number, unit, _)| number.checked_mul(factor(&SIZES, unit)?))
            .map(Self)
            .ok_or_else(|| format!("{text:?} is not a size like \"512MiB\" or \"2GiB\""))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if rest == 0 {
            return formatter.write_str("0s");
        }
        for (unit, factor) in PERIODS.iter().rev() {
            if rest >= *factor {
                write!(formatter, "{}{unit}", rest / factor)?;
                rest %= factor;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((unit, factor)) = SIZES[..5].iter().rev().find(|(_, factor)| self.0 >= *factor) else {
            return formatter.write_str("0B");
        };
        let tenths = u128::from(self.0) * 10 / u128::from(*factor);
        match tenths % 10 {
            0 => write!(formatter, "{}{unit}", tenths / 10),
            tenth => write!(formatter, "{}.{tenth}{unit}", tenths / 10),
        }
    }
}

/// Both are strings in TOML and JSON.
macro_rules! as_text {
    ($type:ident, $name:literal, $pattern:literal, $description:literal) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "description": $description })
            }
        }
    };
}

as_text!(
    Period,
    "Period",
    "^[0-9]+(ms|s|m|h|d)( ?[0-9]+(ms|s|m|h|d))*$",
    "A duration: \"500ms\", \"15s\", \"2m\", \"1m30s\"."
);
as_text!(Size, "Size", "^[0-9]+(B|KiB|MiB|GiB|TiB|kB|MB|GB|TB)$", "A size: \"512MiB\", \"2GiB\", \"10GB\".");

/// For the contract, which counts waiting in milliseconds of 32 bits; longer waits are cut to 49 days.
pub(crate) fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_read_and_write_alike() {
        for (text, milliseconds) in
            [("0s", 0), ("500ms", 500), ("15s", 15_000), ("1m30s", 90_000), ("1d1h", 90_000_000)]
        {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.0, Duration::from_millis(milliseconds), "{text}");
            assert_eq!(period.to_string(), text);
        }
        assert_eq!("1m 30s".parse(), Ok(Period::seconds(90)));
        for text in ["", "15", "s", "1.5s", "-1s", "1s1m", "1m1m", "15 s", "15s ", "1m  30s", "99999999999999999999s"] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_know_both_families_of_units() {
        for (text, bytes) in [("0B", 0), ("512MiB", 512 << 20), ("2GiB", 2 << 30), ("2GB", 2_000_000_000)] {
            assert_eq!(text.parse::<Size>(), Ok(Size(bytes)), "{text}");
        }
        for text in ["", "2", "2G", "1.5GiB", "2GiB2GiB", "99999999999TiB"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
        assert_eq!(Size(3 << 29).to_string(), "1.5GiB");
    }
}
