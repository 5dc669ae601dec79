//! The words of the TOML library in ours, and what they are about.

use super::{nearest, printable};

/// What is wrong, in our words.
pub(super) struct Reworded {
    pub(super) message: String,
    pub(super) hint: Option<String>,
    pub(super) about: About,
}

/// What kind of mistake it is, as far as it decides how decoding goes on.
pub(super) enum About {
    /// A key that is not known, and the known one that was probably meant.
    UnknownKey(Option<String>),
    /// A key that is missing.
    MissingKey(String),
    /// A word that is not known, and one that is.
    UnknownWord(Option<String>),
    /// Anything else about a value.
    Value,
}

/// serde describes unknown keys in a sentence of a fixed form; its parts are in backticks. Anything else passes as it is.
pub(super) fn reword(message: &str) -> Reworded {
    if let Some(rest) = message.strip_prefix("unknown field `") {
        // The key itself may hold backticks; what follows the last ", expected" is serde's own.
        let (key, known) =
            rest.rsplit_once("`, expected").map_or((rest, Vec::new()), |(key, rest)| (key, quoted(rest)));
        let key = key.trim_end_matches("`, there are no fields");
        let meant = nearest(key, known.iter().copied());
        return Reworded {
            message: format!("unknown key `{}`; the known keys here are {}", printable(key), list(&known)),
            hint: meant.map(|name| format!("did you mean `{name}`?")),
            about: About::UnknownKey(meant.map(str::to_owned)),
        };
    }
    if message.starts_with("missing field `") {
        let key = quoted(message).first().copied().unwrap_or_default();
        let (message, about) = (format!("the key `{key}` is missing"), About::MissingKey(key.to_owned()));
        return Reworded { message, hint: None, about };
    }
    if let Some(rest) = message.strip_prefix("unknown variant `")
        && let Some((word, known)) = rest.rsplit_once("`, expected")
    {
        let known = quoted(known);
        return Reworded {
            message: format!("unknown word `{}`; the known ones are {}", printable(word), list(&known)),
            hint: nearest(word, known.iter().copied()).map(|name| format!("did you mean `{name}`?")),
            about: About::UnknownWord(known.first().copied().map(str::to_owned)),
        };
    }
    Reworded { message: message.to_owned(), hint: None, about: About::Value }
}

/// What stands in backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
