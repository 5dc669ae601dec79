//! Variables in texts: `$V`, `${V}`, `${V:-default}`, `${V-default}`, `${V:?message}`, `${V?message}`,
//! `${V:+other}`, `${V+other}`, nested, and `$$` for a dollar sign.
//!
//! The rules are those of compose-go's `template` package: anything else after a dollar sign is an error, and a
//! variable that is not set is empty, with a warning.

use std::collections::BTreeSet;

/// Where the values of variables come from.
pub trait Lookup {
    /// The value of a variable, or none when it is not set.
    fn value(&self, name: &str) -> Option<&str>;
}

impl<F> Lookup for F
where
    F: for<'a> Fn(&'a str) -> Option<&'static str>,
{
    fn value(&self, name: &str) -> Option<&str> {
        self(name)
    }
}

impl Lookup for std::collections::BTreeMap<String, String> {
    fn value(&self, name: &str) -> Option<&str> {
        self.get(name).map(String::as_str)
    }
}

/// Why a text could not be interpolated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InterpolationError {
    /// What is wrong.
    pub message: String,
    /// Where in the text, in characters from its beginning.
    pub offset: usize,
}

/// Replaces the variables of a text. Names of variables that are not set and have no default go to `unset`.
pub fn interpolate(
    text: &str,
    lookup: &dyn Lookup,
    unset: &mut BTreeSet<String>,
    depth: usize,
) -> Result<String, InterpolationError> {
    let Some(first) = text.find('$') else { return Ok(text.to_owned()) };
    let mut output = String::with_capacity(text.len());
    output.push_str(&text[..first]);
    let mut position = first;
    while let Some(rest) = text.get(position..).filter(|rest| !rest.is_empty()) {
        let Some(after) = rest.strip_prefix('$') else {
            let next = rest.find('$').unwrap_or(rest.len());
            output.push_str(&rest[..next]);
            position += next;
            continue;
        };
        let error = |message: String| InterpolationError { message, offset: text[..position].chars().count() };
        if after.starts_with('$') {
            output.push('$');
            position += 2;
        } else if after.starts_with('{') {
            let Some(length) = braced_length(rest) else {
                return Err(error(format!("`{}` has no closing brace", excerpt(rest))));
            };
            let inside = &rest[2..length - 1];
            if depth == 0 {
                return Err(error("variables are nested too deeply".to_owned()));
            }
            let value = braced(inside, lookup, unset, depth - 1).map_err(|failure| match failure {
                Failed::Here(message) => error(message),
                Failed::Within(inner) => {
                    InterpolationError { offset: text[..position].chars().count() + inner.offset, ..inner }
                }
            })?;
            output.push_str(&value);
            position += length;
        } else {
            let length = name_length(after);
            if length == 0 {
                return Err(error(format!("`{}` is not a variable; write `$$` for a dollar sign", excerpt(rest))));
            }
            output.push_str(&plain(&after[..length], lookup, unset));
            position += 1 + length;
        }
    }
    Ok(output)
}

enum Failed {
    Here(String),
    Within(InterpolationError),
}

/// What stands between `${` and `}`.
fn braced(inside: &str, lookup: &dyn Lookup, unset: &mut BTreeSet<String>, depth: usize) -> Result<String, Failed> {
    let length = name_length(inside);
    let (name, operation) = inside.split_at(length);
    if name.is_empty() {
        return Err(Failed::Here(format!("`${{{}}}` names no variable", excerpt(inside))));
    }
    if operation.is_empty() {
        return Ok(plain(name, lookup, unset));
    }
    let (colon, operation) = operation.strip_prefix(':').map_or((false, operation), |rest| (true, rest));
    let present = lookup.value(name).filter(|value| !colon || !value.is_empty());
    let mut characters = operation.chars();
    let operator = characters.next();
    let word = characters.as_str();
    let mut resolve = || interpolate(word, lookup, unset, depth).map_err(Failed::Within);
    match (operator, present) {
        (Some('-' | '?'), Some(value)) => Ok(value.to_owned()),
        (Some('-'), None) | (Some('+'), Some(_)) => resolve(),
        (Some('+'), None) => Ok(String::new()),
        (Some('?'), None) => {
            let message = resolve()?;
            let missing = if colon { "is not set or empty" } else { "is not set" };
            Err(Failed::Here(if message.is_empty() {
                format!("the required variable `{name}` {missing}")
            } else {
                format!("the required variable `{name}` {missing}: {message}")
            }))
        }
        _ => Err(Failed::Here(format!("`${{{}}}` is not a form of variable that Compose knows", excerpt(inside)))),
    }
}

fn plain(name: &str, lookup: &dyn Lookup, unset: &mut BTreeSet<String>) -> String {
    if let Some(value) = lookup.value(name) {
        return value.to_owned();
    }
    unset.insert(name.to_owned());
    String::new()
}

/// Bytes from `${` to the brace that closes it, both included. Every brace in between counts, as for Compose.
fn braced_length(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => open += 1,
            b'}' => {
                open -= 1;
                if open == 0 {
                    return Some(index + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn name_length(text: &str) -> usize {
    let mut length = 0;
    for byte in text.bytes() {
        if byte.is_ascii_alphabetic() || byte == b'_' || (length > 0 && byte.is_ascii_digit()) {
            length += 1;
        } else {
            break;
        }
    }
    length
}

fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> Result<(String, Vec<String>), String> {
        let lookup = |name: &str| match name {
            "SET" => Some("value"),
            "EMPTY" => Some(""),
            "dollar" => Some("$SET"),
            _ => None,
        };
        let mut unset = BTreeSet::new();
        interpolate(text, &lookup, &mut unset, 8)
            .map(|text| (text, unset.into_iter().collect()))
            .map_err(|error| format!("{}@{}", error.message, error.offset))
    }

    #[test]
    fn every_form_gives_what_compose_gives() {
        let table = [
            ("plain", "plain"),
            ("$SET", "value"),
            ("a${SET}b", "avalueb"),
            ("$SET$SET", "valuevalue"),
            ("$SET-x", "value-x"),
            ("$$SET $${SET}", "$SET ${SET}"),
            ("${SET:-d}", "value"),
            ("${EMPTY:-d}", "d"),
            ("${EMPTY-d}", ""),
            ("${NONE-d}", "d"),
            ("${NONE:-}", ""),
            ("${SET:+o}", "o"),
            ("${EMPTY:+o}", ""),
            ("${EMPTY+o}", "o"),
            ("${NONE+o}", ""),
            ("${SET?m}", "value"),
            ("${EMPTY?m}", ""),
            ("${NONE:-${EMPTY:-deep}}", "deep"),
            ("${NONE:-a${SET}b}", "avalueb"),
            ("${NONE:-http://h:80/?a=b}", "http://h:80/?a=b"),
            ("${dollar}", "$SET"),
            ("ünï ${SET}", "ünï value"),
            (r#"${SET:-{"a":{"b":1}}}"#, "value"),
            (r#"${NONE:-{"a":{"b":1}}}"#, r#"{"a":{"b":1}}"#),
        ];
        for (text, expected) in table {
            assert_eq!(run(text), Ok((expected.to_owned(), vec![])), "{text}");
        }
        assert_eq!(run("[$NONE]"), Ok(("[]".to_owned(), vec!["NONE".to_owned()])));
    }

    #[test]
    fn what_is_no_variable_is_refused_with_its_place() {
        let table = [
            ("ab $", "`$` is not a variable; write `$$` for a dollar sign@3"),
            ("$1", "`$1` is not a variable; write `$$` for a dollar sign@0"),
            ("x${SET", "`${SET` has no closing brace@1"),
            ("${}", "`${}` names no variable@0"),
            ("${SET!x}", "`${SET!x}` is not a form of variable that Compose knows@0"),
            ("${NONE?}", "the required variable `NONE` is not set@0"),
            ("${NONE?say $SET}", "the required variable `NONE` is not set: say value@0"),
            ("${EMPTY:?why}", "the required variable `EMPTY` is not set or empty: why@0"),
        ];
        for (text, expected) in table {
            assert_eq!(run(text), Err(expected.to_owned()), "{text}");
        }
        let nested = format!("{}{}", "${N:-".repeat(20), "}".repeat(20));
        assert!(run(&nested).unwrap_err().starts_with("variables are nested too deeply"));
    }
}
