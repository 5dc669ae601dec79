//! Placeholders that were not filled in yet.

use regex_lite::Regex;
use windlass_sdk::prelude::*;

/// What is looked for unless something else is said: `${NAME}`, `#{NAME}`, `{{ name }}`, `__NAME__`, `%(name)s`,
/// `<your-name>`, and words.
const DEFAULT: [&str; 9] = [
    r"\$\{[^}]*\}",
    r"#\{[^}]*\}",
    r"\{\{[^}]*\}\}",
    r"\b__[A-Z][A-Z0-9_]*__\b",
    r"%\([A-Za-z_][A-Za-z0-9_.]*\)[sd]",
    r"<[A-Za-z][A-Za-z0-9_ .-]*>",
    r"(?i)\bchange[-_ ]?me\b",
    r"(?i)\breplace[-_ ]?me\b",
    r"\b(?:TODO|FIXME)\b",
];

/// Expressions for placeholders.
pub(crate) struct Unresolved {
    expressions: Vec<Regex>,
}

impl Unresolved {
    /// Those that are configured, or the default ones.
    pub(crate) fn new(given: Option<&[String]>) -> Result<Self> {
        let expression = |text: &str| {
            Regex::new(text).map_err(|error| {
                Error::config(format!("`placeholders`: {text:?} is not a regular expression: {error}"))
            })
        };
        let expressions = match given {
            Some(given) => given.iter().map(|text| expression(text)).collect::<Result<_>>()?,
            None => DEFAULT.iter().map(|text| expression(text)).collect::<Result<_>>()?,
        };
        Ok(Self { expressions })
    }

    /// Whether nothing is looked for.
    pub(crate) fn is_nothing(&self) -> bool {
        self.expressions.is_empty()
    }

    /// The first placeholder in a text. It is no value: it stands for one.
    pub(crate) fn find<'a>(&self, text: &'a str) -> Option<&'a str> {
        self.expressions.iter().find_map(|expression| expression.find(text)).map(|found| found.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_values() {
        let unresolved = Unresolved::new(None).unwrap();
        for text in [
            "a ${HOST} b",
            "host=#{Db_Host}",
            "{{ host }}",
            "user=__DB_USER__",
            "%(password)s",
            "<your-key>",
            "CHANGEME",
            "change-me",
            "REPLACE_ME",
            "# TODO: x",
            "FIXME",
        ] {
            assert!(unresolved.find(text).is_some(), "{text}");
        }
        for text in [
            "https://a.example/?x=1",
            "5 < 6 > 4",
            "exchanged",
            "$HOME is {x}",
            "TODOS",
            "a<1>",
            "__init__",
            "#fff",
            "100%",
        ] {
            assert_eq!(unresolved.find(text), None, "{text}");
        }
        let own = Unresolved::new(Some(&["XXX+".to_owned()])).unwrap();
        assert_eq!((own.find("an XXXX"), own.find("TODO")), (Some("XXXX"), None));
        assert!(Unresolved::new(Some(&[])).unwrap().is_nothing());
    }
}
