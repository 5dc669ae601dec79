//! `.env` and `env_file` files, as Docker Compose reads them (compose-go's `dotenv` package).
//!
//! `KEY=value`, `KEY: value`, `export KEY=value`; a name alone takes the value of that variable where it is set.
//! Comments begin with `#` at the beginning of a line or after a blank. Single quotes keep everything as it is;
//! double quotes know escapes and variables; both may span lines. Unquoted values know variables.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::interpolate::{Lookup, interpolate};
use crate::{Limits, Position, Problem};

/// The entries of a file in order. A value is none for a name alone that is not set anywhere.
/// Variables in values are looked up in `lookup` first and then among the earlier entries.
pub fn parse(
    text: &str,
    file: &str,
    lookup: &dyn Lookup,
    limits: &Limits,
) -> Result<Vec<(String, Option<String>)>, Problem> {
    let file: Arc<str> = Arc::from(file);
    if text.len() > limits.file_bytes {
        return Err(Problem::at(
            &Position::start(&file),
            format!("the file has {} bytes; at most {} are read", text.len(), limits.file_bytes),
        ));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let mut reader = Reader { file, rest: &text, line: 1 };
    let mut entries: Vec<(String, Option<String>)> = Vec::new();
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    while reader.skip_blank_and_comments() {
        let position = reader.position();
        let (name, assigned) = reader.name()?;
        if !assigned {
            let value = lookup.value(&name).map(str::to_owned);
            entries.push((name, value));
            continue;
        }
        let (raw, expand) = reader.value()?;
        let value = if expand {
            let scope = Scope { outer: lookup, earlier: &known };
            let mut unset = BTreeSet::new();
            interpolate(&raw, &scope, &mut unset, limits.interpolation_depth)
                .map_err(|error| Problem::at(&position, format!("in the value of `{name}`: {error}")))?
        } else {
            raw
        };
        known.insert(name.clone(), value.clone());
        entries.push((name, Some(value)));
    }
    Ok(entries)
}

struct Scope<'a> {
    outer: &'a dyn Lookup,
    earlier: &'a BTreeMap<String, String>,
}

impl Lookup for Scope<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        self.outer.value(name).or_else(|| self.earlier.get(name).map(String::as_str))
    }
}

struct Reader<'a> {
    file: Arc<str>,
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    fn position(&self) -> Position {
        Position { file: Arc::clone(&self.file), line: self.line, column: 1 }
    }

    fn advance(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    /// Whether anything is left.
    fn skip_blank_and_comments(&mut self) -> bool {
        loop {
            let blank = self.rest.len() - self.rest.trim_start().len();
            self.advance(blank);
            if !self.rest.starts_with('#') {
                return !self.rest.is_empty();
            }
            self.advance(self.rest.find('\n').unwrap_or(self.rest.len()));
        }
    }

    /// The name of an entry, and whether a value follows.
    fn name(&mut self) -> Result<(String, bool), Problem> {
        if let Some(after) = self.rest.strip_prefix("export")
            && after.starts_with([' ', '\t'])
        {
            let blank = after.len() - after.trim_start_matches([' ', '\t']).len();
            self.advance("export".len() + blank);
        }
        let position = self.position();
        let end = self.rest.find(['=', ':', '\n']).unwrap_or(self.rest.len());
        let assigned = self.rest[end..].starts_with(['=', ':']);
        let name = self.advance(end).trim();
        if assigned {
            self.advance(1);
        }
        if name.is_empty() {
            return Err(Problem::at(&position, "a value without a name"));
        }
        if let Some(odd) = name.chars().find(|letter| !(letter.is_alphanumeric() || "_.-[]".contains(*letter))) {
            return Err(Problem::at(&position, format!("`{odd}` in the variable name `{name}`"))
                .hint("write `NAME=value`; a comment begins with `#`"));
        }
        Ok((name.to_owned(), assigned))
    }

    /// A value, and whether variables in it are replaced.
    fn value(&mut self) -> Result<(String, bool), Problem> {
        let blank = self.rest.len() - self.rest.trim_start_matches([' ', '\t']).len();
        self.advance(blank);
        if let Some(quote @ ('"' | '\'')) = self.rest.chars().next() {
            return self.quoted(quote);
        }
        let end = self.rest.find('\n').unwrap_or(self.rest.len());
        let line = self.advance(end);
        let mut cut = line.len();
        let mut previous = ' ';
        for (index, letter) in line.char_indices() {
            if letter == '#' && previous.is_whitespace() {
                cut = index;
                break;
            }
            previous = letter;
        }
        Ok((line[..cut].trim().to_owned(), true))
    }

    fn quoted(&mut self, quote: char) -> Result<(String, bool), Problem> {
        let position = self.position();
        let mut escaped = false;
        let body = &self.rest[1..];
        let end = body.char_indices().find_map(|(index, letter)| {
            if escaped {
                escaped = false;
                return None;
            }
            escaped = letter == '\\';
            (letter == quote).then_some(index)
        });
        let Some(end) = end else {
            let start: String = self.rest.lines().next().unwrap_or_default().chars().take(40).collect();
            return Err(Problem::at(&position, format!("the quoted value `{start}` has no end")));
        };
        let raw = &body[..end];
        self.advance(end + 2);
        // What follows on the line is a comment at most, and dropped as Compose drops it.
        self.advance(self.rest.find('\n').unwrap_or(self.rest.len()));
        Ok(if quote == '\'' { (raw.replace("\\'", "'"), false) } else { (unescape(raw), true) })
    }
}

/// Escapes of a double-quoted value. `\$` becomes `$$`, which interpolation turns into a dollar sign.
fn unescape(raw: &str) -> String {
    let mut output = String::with_capacity(raw.len());
    let mut letters = raw.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            output.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => output.push('\n'),
            Some('r') => output.push('\r'),
            Some('t') => output.push('\t'),
            Some('$') => output.push_str("$$"),
            Some(other @ ('"' | '\\')) => output.push(other),
            Some(other) => output.extend(['\\', other]),
            None => output.push('\\'),
        }
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, Option<String>)>, String> {
        let lookup = |name: &str| (name == "OUTER").then_some("outer");
        parse(text, ".env", &lookup, &Limits::default()).map_err(|problem| problem.to_string())
    }

    #[test]
    fn values_are_read_as_compose_reads_them() {
        type Entries = &'static [(&'static str, Option<&'static str>)];
        let table: &[(&str, Entries)] = &[
            ("A=1\nB = two words \n", &[("A", Some("1")), ("B", Some("two words"))]),
            ("export A=1", &[("A", Some("1"))]),
            ("A: 1", &[("A", Some("1"))]),
            ("# c\n\nA=1 # comment\nB=x#y\n", &[("A", Some("1")), ("B", Some("x#y"))]),
            ("A='$X \\n'", &[("A", Some("$X \\n"))]),
            ("A=\"l1\\nl2 \\$X\"", &[("A", Some("l1\nl2 $X"))]),
            ("A=\"l1\nl2\"\nB=2", &[("A", Some("l1\nl2")), ("B", Some("2"))]),
            ("A=x\nB=${A}y", &[("A", Some("x")), ("B", Some("xy"))]),
            ("B=$OUTER", &[("B", Some("outer"))]),
            ("OUTER\nNOWHERE", &[("OUTER", Some("outer")), ("NOWHERE", None)]),
            ("A=\nB=''", &[("A", Some("")), ("B", Some(""))]),
            ("A=a=b", &[("A", Some("a=b"))]),
            ("A=1\r\nB=2\r\n", &[("A", Some("1")), ("B", Some("2"))]),
        ];
        for (text, expected) in table {
            let expected: Vec<_> =
                expected.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect();
            assert_eq!(read(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn broken_lines_are_refused_with_their_place() {
        let table = [
            ("A=1\nB\tC=2", ".env:2:1: `\t` in the variable name"),
            ("A=1\n\n=2", ".env:3:1: a value without a name"),
            ("A='x", ".env:1:1: the quoted value `'x` has no end"),
            ("A=$", ".env:1:1: in the value of `A`: `$` is not a variable"),
        ];
        for (text, expected) in table {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
