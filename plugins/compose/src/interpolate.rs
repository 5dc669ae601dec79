//! Variables in texts: `$V`, `${V}`, `${V:-default}`, `${V-default}`, `${V:?message}`, `${V?message}`,
//! `${V:+other}`, `${V+other}`, nested, and `$$` for a dollar sign.
//!
//! The rules are those of compose-go's `template` package, also where they surprise: a dollar sign before anything
//! else stands for itself, what stands after an operator is interpolated even where it is not used, and it ends on
//! its own line. A variable that is not set is empty, with a warning.

/// Where the values of variables come from.
pub(crate) trait Lookup {
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
pub(crate) struct InterpolationError {
    /// What is wrong.
    pub(crate) message: String,
    /// Where in the text, in characters from its beginning.
    pub(crate) offset: usize,
}

/// What may be used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowed {
    /// How deep variables may be nested.
    pub(crate) depth: usize,
    /// How many bytes may come out.
    pub(crate) bytes: usize,
    /// Whether a required variable that is not set is taken as its own name, so that the rest can be read.
    pub(crate) assume_required: bool,
}

/// An interpolated text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Interpolated {
    pub(crate) text: String,
    /// The variables in the order of the text.
    pub(crate) used: Vec<Used>,
}

/// A variable of a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Used {
    pub(crate) name: String,
    pub(crate) from: From,
}

/// What a variable's place was filled with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum From {
    /// Its value.
    Value,
    /// What the text says for the case that it is not set, or is.
    Text,
    /// Nothing: it is not set.
    Nothing,
    /// Its own name: it is required and not set.
    Required,
}

/// Replaces the variables of a text.
pub(crate) fn interpolate(
    text: &str,
    lookup: &dyn Lookup,
    allowed: Allowed,
) -> Result<Interpolated, InterpolationError> {
    let mut work = Work { lookup, allowed, used: Vec::new() };
    let text = work.text(text, 0).map_err(|(message, byte)| InterpolationError {
        message,
        offset: text.get(..byte).map_or(0, |before| before.chars().count()),
    })?;
    Ok(Interpolated { text, used: work.used })
}

/// A message and the byte of the text that it is about.
type Failed = (String, usize);

struct Work<'a> {
    lookup: &'a dyn Lookup,
    allowed: Allowed,
    used: Vec<Used>,
}

impl Work<'_> {
    fn text(&mut self, text: &str, depth: usize) -> Result<String, Failed> {
        let mut output = String::with_capacity(text.len());
        let mut line = Line::default();
        let mut position = 0;
        while let Some(rest) = text.get(position..).filter(|rest| !rest.is_empty()) {
            let plain = rest.find('$').unwrap_or(rest.len());
            output.push_str(&rest[..plain]);
            let Some(after) = rest.get(plain + 1..) else { break };
            position += plain;
            let name = name_length(after);
            if after.starts_with('$') {
                output.push('$');
                position += 2;
            } else if name > 0 {
                output.push_str(&self.plain(&after[..name]));
                position += 1 + name;
            } else if after.starts_with('{') {
                let length = braced_length(text, position, &mut line).ok_or_else(|| {
                    (format!("`{}` is not a variable that Compose can read", excerpt(&rest[plain..])), position)
                })?;
                let value = self.braced(&text[position + 2..position + length - 1], position + 2, depth)?;
                output.push_str(&value);
                position += length;
            } else {
                output.push('$');
                position += 1;
            }
            if output.len() > self.allowed.bytes {
                return Err((format!("more than {} bytes with its variables", self.allowed.bytes), position));
            }
        }
        Ok(output)
    }

    /// What stands between `${` and `}`, which begins at a byte of the whole text.
    fn braced(&mut self, inside: &str, start: usize, depth: usize) -> Result<String, Failed> {
        let length = name_length(inside);
        let (name, operation) = inside.split_at(length);
        if operation.is_empty() {
            return Ok(self.plain(name));
        }
        let (colon, operation) = operation.strip_prefix(':').map_or((false, operation), |rest| (true, rest));
        let mut characters = operation.chars();
        let operator = characters.next();
        if depth + 1 >= self.allowed.depth {
            return Err(("variables are nested too deeply".to_owned(), start.saturating_sub(2)));
        }
        let place = self.used.len();
        self.used.push(Used { name: name.to_owned(), from: From::Value });
        let before = start + length + usize::from(colon) + 1;
        // Compose reads it even where it is not used.
        let word = self.text(characters.as_str(), depth + 1).map_err(|(message, byte)| (message, before + byte))?;
        let present = self.lookup.value(name).filter(|value| !colon || !value.is_empty());
        let (text, from) = match (operator, present) {
            (Some('-' | '?'), Some(value)) => (value.to_owned(), From::Value),
            (Some('-'), None) | (Some('+'), Some(_)) => (word, From::Text),
            (Some('?'), None) if self.allowed.assume_required => (name.to_owned(), From::Required),
            (Some('?'), None) => {
                let missing = if colon { "is not set or empty" } else { "is not set" };
                let colon = if word.is_empty() { "" } else { ": " };
                let message = format!("the required variable `{name}` {missing}{colon}{word}");
                return Err((message, start.saturating_sub(2)));
            }
            _ => (String::new(), From::Text),
        };
        if let Some(used) = self.used.get_mut(place) {
            used.from = from;
        }
        Ok(text)
    }

    fn plain(&mut self, name: &str) -> String {
        let value = self.lookup.value(name);
        let from = if value.is_some() { From::Value } else { From::Nothing };
        self.used.push(Used { name: name.to_owned(), from });
        value.unwrap_or_default().to_owned()
    }
}

/// Where a line ends and where its last closing brace is, kept so that no line is searched twice.
#[derive(Default)]
struct Line {
    end: usize,
    last_brace: Option<usize>,
}

impl Line {
    fn last_brace(&mut self, text: &str, position: usize) -> Option<usize> {
        if position >= self.end {
            let rest = text.get(position..)?;
            let length = rest.find('\n').unwrap_or(rest.len());
            self.last_brace = rest[..length].rfind('}').map(|brace| position + brace);
            self.end = position + length;
        }
        self.last_brace.filter(|brace| *brace > position)
    }
}

/// Bytes from the `${` at `position` to the brace that closes it, both included; none where it is no variable.
fn braced_length(text: &str, position: usize, line: &mut Line) -> Option<usize> {
    let inside = text.get(position + 2..)?;
    let name = name_length(inside);
    let after = &inside[name..];
    if name == 0 {
        return None;
    }
    if after.starts_with('}') {
        return Some(name + 3);
    }
    let operation = after.strip_prefix(':').unwrap_or(after);
    if !operation.starts_with(['-', '+', '?']) {
        return None;
    }
    let last = line.last_brace(text, position)?;
    let candidate = &text.as_bytes()[position..=last];
    // As Compose counts: what follows an opening brace is not looked at, and where the braces do not balance, the
    // last one of the line closes.
    let mut open = 0_usize;
    let mut index = 0;
    while let Some(byte) = candidate.get(index) {
        match byte {
            b'}' => {
                open = open.saturating_sub(1);
                if open == 0 {
                    return Some(index + 1);
                }
            }
            b'{' => {
                open += 1;
                index += 1;
            }
            _ => {}
        }
        index += 1;
    }
    Some(candidate.len())
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
    text.chars().take(40).take_while(|letter| *letter != '\n').collect()
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
        interpolate(text, &lookup, Allowed { depth: 8, bytes: 1000, assume_required: false })
            .map(|done| {
                let unset = done.used.into_iter().filter(|used| used.from == From::Nothing).map(|used| used.name);
                (done.text, unset.collect())
            })
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
            ("$$SET $${SET} $$$SET", "$SET ${SET} $value"),
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
            ("ünï ${SET}é$SETé", "ünï valueévalueé"),
            (r#"${SET:-{"a":{"b":1}}}"#, "value"),
            (r#"${NONE:-{"a":{"b":1}}}"#, r#"{"a":{"b":1}}"#),
            // A dollar sign before anything else.
            ("$", "$"),
            ("a$ b$1 $-", "a$ b$1 $-"),
            ("${NONE:-a$}", "a$"),
            // Braces.
            ("${NONE:-a}b}", "ab}"),
            ("${SET}}", "value}"),
            ("${NONE:-{a}}", "{a}"),
            ("${NONE:-{}}", "{}"),
            ("${SET:+x}${NONE:-y}z", "xyz"),
            // The first operator counts.
            ("${SET:?x:-y}", "value"),
            ("${NONE:-x?y}", "x?y"),
            ("${NONE-x:-y}", "x:-y"),
            ("${NONE:-$$SET}", "$SET"),
        ];
        for (text, expected) in table {
            assert_eq!(run(text), Ok((expected.to_owned(), vec![])), "{text}");
        }
        assert_eq!(run("[$NONE]"), Ok(("[]".to_owned(), vec!["NONE".to_owned()])));
        assert_eq!(run("${SET:-$NONE}"), Ok(("value".to_owned(), vec!["NONE".to_owned()])));
    }

    #[test]
    fn what_is_no_variable_is_refused_with_its_place() {
        let table = [
            ("x${SET", "`${SET` is not a variable that Compose can read@1"),
            ("${}", "`${}` is not a variable that Compose can read@0"),
            ("é${1}", "`${1}` is not a variable that Compose can read@1"),
            ("${SET!x}", "`${SET!x}` is not a variable that Compose can read@0"),
            ("${SET:x}", "`${SET:x}` is not a variable that Compose can read@0"),
            ("${NONE:-a\nb}", "`${NONE:-a` is not a variable that Compose can read@0"),
            ("${N$SET}", "`${N$SET}` is not a variable that Compose can read@0"),
            ("a ${NONE:-${M}", "`${M` is not a variable that Compose can read@10"),
            ("${NONE?}", "the required variable `NONE` is not set@0"),
            ("${NONE?say $SET}", "the required variable `NONE` is not set: say value@0"),
            ("${EMPTY:?why}", "the required variable `EMPTY` is not set or empty: why@0"),
            ("${SET:-${NONE:?boom}}", "the required variable `NONE` is not set or empty: boom@7"),
        ];
        for (text, expected) in table {
            assert_eq!(run(text), Err(expected.to_owned()), "{text}");
        }
        let nested = format!("{}{}", "${N:-".repeat(20), "}".repeat(20));
        assert!(run(&nested).unwrap_err().starts_with("variables are nested too deeply"));
        assert!(run(&"$SET".repeat(300)).unwrap_err().starts_with("more than 1000 bytes with its variables"));
    }
}
