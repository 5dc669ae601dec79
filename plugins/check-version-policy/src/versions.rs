//! How versions are written, and which of two is the greater.

use std::cmp::Ordering;

use regex_lite::Regex;
use windlass_sdk::prelude::*;

use crate::config::Scheme;

/// The calendar's words, with the digits that each may have and its greatest number.
const WORDS: [(&str, &str, u64); 5] = [
    ("YEAR", "[0-9]{4}", 9_999),
    ("MONTH", "[0-9]{1,2}", 12),
    ("WEEK", "[0-9]{1,2}", 53),
    ("DAY", "[0-9]{1,2}", 31),
    ("ITERATION", "[0-9]{1,9}", u64::MAX),
];

/// How versions are written.
#[derive(Debug, Clone)]
pub(crate) enum Versions {
    /// In any way, without an order.
    Any,
    /// Semantic versions.
    Semver,
    /// Numbers of the calendar: where they are, and the words that they stand for.
    Calver { pattern: String, expression: Regex, words: Vec<&'static str> },
    /// What an expression matches.
    Regex { pattern: String, expression: Regex },
}

/// A version that can be compared with another of the same kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Version {
    /// Equal or not.
    Text(String),
    /// By the rules of Semantic Versioning.
    Semver(semver::Version),
    /// The first difference decides.
    Parts(Vec<Part>),
}

/// A part of a version. Numbers are less than words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// Compared as a number.
    Number(u64),
    /// Compared letter by letter.
    Word(String),
}

impl Versions {
    pub(crate) fn of(scheme: Option<Scheme>, pattern: Option<&str>) -> Result<Self> {
        match (scheme, pattern) {
            (None, None) => Ok(Self::Any),
            (None, Some(_)) => Err(Error::config("`pattern` needs a `scheme`: `calver` or `regex`")),
            (Some(Scheme::Semver), None) => Ok(Self::Semver),
            (Some(Scheme::Semver), Some(_)) => Err(Error::config("`pattern` is not for `scheme = \"semver\"`")),
            (Some(Scheme::Calver), pattern) => calver(pattern.unwrap_or("YEAR.MONTH.ITERATION")),
            (Some(Scheme::Regex), None) => Err(Error::config("`scheme = \"regex\"` needs a `pattern`")),
            (Some(Scheme::Regex), Some(pattern)) => {
                let expression = whole(pattern)?;
                Ok(Self::Regex { pattern: pattern.to_owned(), expression })
            }
        }
    }

    /// Reads a version; none when it is written in another way.
    pub(crate) fn read(&self, text: &str) -> Option<Version> {
        match self {
            Self::Any => Some(Version::Text(text.to_owned())),
            Self::Semver => semver::Version::parse(text.strip_prefix('v').unwrap_or(text)).ok().map(Version::Semver),
            Self::Calver { expression, words, .. } => {
                let found = expression.captures(text)?;
                let numbers = words.iter().zip(found.iter().skip(1).flatten()).map(|(word, number)| {
                    let number: u64 = number.as_str().parse().ok()?;
                    let (_, _, most) = WORDS.iter().find(|(known, _, _)| known == word)?;
                    // Months, weeks and days begin with 1.
                    let least = u64::from(*word != "ITERATION" && *word != "YEAR");
                    (least..=*most).contains(&number).then_some(Part::Number(number))
                });
                numbers.collect::<Option<Vec<_>>>().map(Version::Parts)
            }
            Self::Regex { expression, .. } => {
                let found = expression.captures(text)?;
                if found.len() == 1 {
                    return Some(Version::Text(text.to_owned()));
                }
                // A group that took no part is an empty word.
                let part = |text: &str| match text.parse() {
                    Ok(number) => Part::Number(number),
                    Err(_) => Part::Word(text.to_owned()),
                };
                Some(Version::Parts(
                    found.iter().skip(1).map(|group| part(group.map_or("", |group| group.as_str()))).collect(),
                ))
            }
        }
    }

    /// How versions should be written, as a fragment.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Any => "any text".to_owned(),
            Self::Semver => "a semantic version such as `1.4.2`".to_owned(),
            Self::Calver { pattern, .. } => format!("of the form `{pattern}`"),
            Self::Regex { pattern, .. } => format!("what `{pattern}` matches"),
        }
    }
}

impl Version {
    /// How it compares; none where there is no order.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Semver(one), Self::Semver(other)) => Some(one.cmp_precedence(other)),
            (Self::Parts(one), Self::Parts(other)) => Some(one.cmp(other)),
            (Self::Text(one), Self::Text(other)) if one == other => Some(Ordering::Equal),
            _ => None,
        }
    }
}

fn whole(pattern: &str) -> Result<Regex> {
    // Compiled alone first, so that a parenthesis too many cannot end the group around it.
    Regex::new(pattern)
        .and_then(|_| Regex::new(&format!("^(?:{pattern})$")))
        .map_err(|error| Error::config(format!("`pattern` is not a regular expression: {error}")))
}

fn calver(pattern: &str) -> Result<Versions> {
    let (mut expression, mut words, mut rest) = (String::new(), Vec::new(), pattern);
    while let Some(letter) = rest.chars().next() {
        let word = WORDS.iter().find(|(word, _, _)| rest.starts_with(word));
        if let Some((word, digits, _)) = word {
            expression.extend(["(", digits, ")"]);
            words.push(*word);
            rest = rest.get(word.len()..).unwrap_or_default();
        } else {
            expression.push_str(&regex_lite::escape(&letter.to_string()));
            rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        }
    }
    if words.is_empty() {
        return Err(Error::config(format!(
            "`pattern` is {pattern:?}, but has none of `YEAR`, `MONTH`, `WEEK`, `DAY` and `ITERATION`"
        )));
    }
    Ok(Versions::Calver { pattern: pattern.to_owned(), expression: whole(&expression)?, words })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(versions: &Versions, one: &str, other: &str) -> Option<Ordering> {
        versions.read(one).unwrap().compare(&versions.read(other).unwrap())
    }

    #[test]
    fn semantic_versions_follow_their_rules() {
        let versions = Versions::of(Some(Scheme::Semver), None).unwrap();
        for (one, other, order) in [
            ("1.10.0", "1.9.9", Ordering::Greater),
            ("v2.0.0", "1.9.9", Ordering::Greater),
            ("1.0.0-rc.1", "1.0.0", Ordering::Less),
            ("1.0.0-rc.10", "1.0.0-rc.9", Ordering::Greater),
            ("1.0.0+b2", "1.0.0+b1", Ordering::Equal),
        ] {
            assert_eq!(compare(&versions, one, other), Some(order), "{one} {other}");
        }
        for text in ["1.0", "latest", "", "01.0.0", "vv1.0.0"] {
            assert_eq!(versions.read(text), None, "{text}");
        }
    }

    #[test]
    fn three_numbers_of_the_calendar_and_nothing_else() {
        let versions = Versions::of(Some(Scheme::Calver), None).unwrap();
        assert_eq!(compare(&versions, "2026.02.1", "2026.2.1"), Some(Ordering::Equal));
        assert_eq!(compare(&versions, "2026.02.10", "2026.02.9"), Some(Ordering::Greater));
        assert_eq!(compare(&versions, "2026.12.9", "2027.01.1"), Some(Ordering::Less));
        for text in
            ["2026.13.1", "2026.0.1", "2026.02", "2026.02.1.1", "2026.02.1-rc1", "v2026.02.1", "26.02.1", "2026x02x1"]
        {
            assert_eq!(versions.read(text), None, "{text}");
        }
        let versions = Versions::of(Some(Scheme::Calver), Some("vYEAR-wWEEK")).unwrap();
        assert_eq!(compare(&versions, "v2026-w10", "v2026-w9"), Some(Ordering::Greater));
    }

    #[test]
    fn groups_of_an_expression_are_compared_in_their_order() {
        let versions = Versions::of(Some(Scheme::Regex), Some("r([0-9]+)([a-z]?)")).unwrap();
        assert_eq!(compare(&versions, "r10", "r9z"), Some(Ordering::Greater));
        assert_eq!(compare(&versions, "r9b", "r9a"), Some(Ordering::Greater));
        assert_eq!(versions.read("xr9"), None);
        let unordered = Versions::of(Some(Scheme::Regex), Some("a|b")).unwrap();
        assert_eq!(compare(&unordered, "a", "b"), None);
        assert_eq!(unordered.read("ab"), None);
    }
}
