//! `.env` and `env_file` files, as Docker Compose reads them (compose-go's `dotenv` package).
//!
//! `KEY=value`, `KEY: value`, `export KEY=value`; a name alone takes the value of that variable where it is set.
//! Comments begin with `#` at the beginning of a statement, or after a blank in a value without quotes. Single quotes
//! keep what is in them; double quotes know escapes and variables; both may span lines. Values without quotes know
//! variables. What follows a closing quote is the next statement.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::interpolate::{Allowed, From, Lookup, interpolate};
use crate::{Limits, Position, Problem};

/// What a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EnvFile {
    /// Its statements in order. A name alone that is not set anywhere is not there.
    pub(crate) entries: Vec<Assignment>,
    /// Variables that are not set and were taken as empty.
    pub(crate) unset: Vec<String>,
}

/// A variable of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) position: Position,
}

/// Reads a file. Variables in values are looked up in `lookup` first and then among the earlier statements.
pub(crate) fn parse(text: &str, file: &str, lookup: &dyn Lookup, limits: &Limits) -> Result<EnvFile, Problem> {
    let (file, text) = prepared(text, file, limits)?;
    let mut reader = Reader { file, rest: text, line: 1, column: 1 };
    let mut read = EnvFile::default();
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let mut bytes = 0_usize;
    while reader.skip_blank_and_comments() {
        let position = reader.position();
        let (name, assigned) = reader.name()?;
        let value = if assigned {
            let (raw, expand) = reader.value()?;
            if expand { expanded(&raw, &name, lookup, &known, limits, &position, &mut read.unset)? } else { raw }
        } else {
            let Some(value) = lookup.value(&name) else { continue };
            value.to_owned()
        };
        bytes = bytes.saturating_add(value.len());
        if bytes > limits.expanded_bytes {
            return Err(Problem::at(&position, format!("values of more than {} bytes", limits.expanded_bytes)));
        }
        known.insert(name.clone(), value.clone());
        read.entries.push(Assignment { name, value, position });
    }
    Ok(read)
}

/// Reads a file of the format `raw`: every line is `KEY=value`, and nothing in the value means anything.
pub(crate) fn parse_raw(text: &str, file: &str, lookup: &dyn Lookup, limits: &Limits) -> Result<EnvFile, Problem> {
    let (file, text) = prepared(text, file, limits)?;
    let mut read = EnvFile::default();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let position = Position { file: Arc::clone(&file), line: index + 1, column: 1 };
        let (name, value) = line.split_once('=').map_or((line, None), |(name, value)| (name, Some(value)));
        if name.is_empty() {
            return Err(Problem::at(&position, "a value without a name"));
        }
        if name.contains(char::is_whitespace) {
            return Err(Problem::at(&position, format!("the variable name `{name}` contains a blank")));
        }
        let value = value.or_else(|| lookup.value(name));
        if let Some(value) = value {
            read.entries.push(Assignment { name: name.to_owned(), value: value.to_owned(), position });
        }
    }
    Ok(read)
}

fn prepared<'a>(text: &'a str, file: &str, limits: &Limits) -> Result<(Arc<str>, &'a str), Problem> {
    let file: Arc<str> = Arc::from(file);
    if text.len() > limits.file_bytes {
        let message = format!("the file has {} bytes; at most {} are read", text.len(), limits.file_bytes);
        return Err(Problem::at(&Position::start(&file), message));
    }
    Ok((file, text.strip_prefix('\u{feff}').unwrap_or(text)))
}

fn expanded(
    raw: &str,
    name: &str,
    outer: &dyn Lookup,
    earlier: &BTreeMap<String, String>,
    limits: &Limits,
    position: &Position,
    unset: &mut Vec<String>,
) -> Result<String, Problem> {
    let allowed = Allowed { depth: limits.interpolation_depth, bytes: limits.scalar_bytes, assume_required: false };
    let done = interpolate(raw, &Scope { outer, earlier }, allowed)
        .map_err(|error| Problem::at(position, format!("in the value of `{name}`: {error}")))?;
    unset.extend(done.used.into_iter().filter(|used| used.from == From::Nothing).map(|used| used.name));
    Ok(done.text)
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

/// Blanks that do not end a line.
fn is_blank(letter: char) -> bool {
    matches!(letter, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

struct Reader<'a> {
    file: Arc<str>,
    rest: &'a str,
    line: usize,
    column: usize,
}

impl<'a> Reader<'a> {
    fn position(&self) -> Position {
        Position { file: Arc::clone(&self.file), line: self.line, column: self.column }
    }

    fn advance(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        match taken.rsplit_once('\n') {
            Some((before, last)) => {
                self.line += before.matches('\n').count() + 1;
                self.column = last.chars().count() + 1;
            }
            None => self.column += taken.chars().count(),
        }
        self.rest = rest;
        taken
    }

    fn skip_while(&mut self, skip: impl Fn(char) -> bool) {
        let length = self.rest.len() - self.rest.trim_start_matches(skip).len();
        self.advance(length);
    }

    /// Whether anything is left.
    fn skip_blank_and_comments(&mut self) -> bool {
        loop {
            self.skip_while(char::is_whitespace);
            if !self.rest.starts_with('#') {
                return !self.rest.is_empty();
            }
            self.advance(self.rest.find('\n').unwrap_or(self.rest.len()));
        }
    }

    /// The name of a statement, and whether a value follows.
    fn name(&mut self) -> Result<(String, bool), Problem> {
        if self.rest.strip_prefix("export").is_some_and(|after| after.starts_with(char::is_whitespace)) {
            self.advance("export".len());
            self.skip_while(char::is_whitespace);
        }
        let position = self.position();
        let end = self.rest.find(['=', ':', '\n']);
        let name = self.advance(end.unwrap_or(self.rest.len())).trim_end();
        if let Some(odd) = name.chars().find(|letter| !is_blank(*letter) && !is_of_a_name(*letter)) {
            return Err(Problem::at(&position, format!("`{odd}` in the variable name `{}`", excerpt(name)))
                .hint("write `NAME=value`; a comment begins with `#`"));
        }
        if name.contains(is_blank) {
            return Err(Problem::at(&position, format!("a blank in the variable name `{}`", excerpt(name))));
        }
        let assigned = self.rest.starts_with(['=', ':']);
        if end.is_none() && !name.is_empty() {
            // Compose takes it for the value of a variable without a name, which no container can be given.
            return Err(Problem::at(&position, format!("the last line, `{}`, has no value and no end", excerpt(name)))
                .hint("write `NAME=value`, or end the file with a new line"));
        }
        if assigned || !self.rest.is_empty() {
            self.advance(1);
        }
        if name.is_empty() {
            return Err(Problem::at(&position, "a value without a name"));
        }
        Ok((name.to_owned(), assigned))
    }

    /// A value, and whether variables in it are replaced.
    fn value(&mut self) -> Result<(String, bool), Problem> {
        self.skip_while(is_blank);
        if let Some(quote @ ('"' | '\'')) = self.rest.chars().next() {
            return self.quoted(quote);
        }
        let line = self.advance(self.rest.find('\n').unwrap_or(self.rest.len()));
        let value = line.split_once(" #").map_or(line, |(value, _)| value);
        Ok((value.trim_end().to_owned(), true))
    }

    fn quoted(&mut self, quote: char) -> Result<(String, bool), Problem> {
        let position = self.position();
        let body = &self.rest[1..];
        let mut value = String::new();
        let mut escaped = false;
        for (index, letter) in body.char_indices() {
            if letter == quote && !escaped {
                self.advance(index + 2);
                let double = quote == '"';
                return Ok((if double { unescape(&value) } else { value }, double));
            }
            if letter == '\\' && !escaped {
                escaped = true;
                continue;
            }
            // Only the quote itself loses its backslash here.
            if escaped && letter != quote {
                value.push('\\');
            }
            escaped = false;
            value.push(letter);
        }
        let start: String = self.rest.lines().next().unwrap_or_default().chars().take(40).collect();
        Err(Problem::at(&position, format!("the quoted value `{start}` has no end")))
    }
}

fn is_of_a_name(letter: char) -> bool {
    letter.is_alphanumeric() || "_.-[]".contains(letter)
}

fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Escapes of a double-quoted value. `\$` becomes `$$`, which interpolation turns into a dollar sign. `\0` begins an
/// octal number of three digits; escapes that Compose does not know stay as they are.
fn unescape(raw: &str) -> String {
    let mut output = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(slash) = rest.find('\\') {
        output.push_str(&rest[..slash]);
        rest = &rest[slash + 1..];
        let Some(letter) = rest.chars().next() else {
            output.push('\\');
            break;
        };
        rest = &rest[letter.len_utf8()..];
        match letter {
            'a' => output.push('\u{7}'),
            'b' => output.push('\u{8}'),
            'f' => output.push('\u{c}'),
            'n' => output.push('\n'),
            'r' => output.push('\r'),
            't' => output.push('\t'),
            'v' => output.push('\u{b}'),
            '$' => output.push_str("$$"),
            '"' | '\\' => output.push(letter),
            '0' => {
                let digits: String = rest.chars().take(3).take_while(char::is_ascii_digit).collect();
                rest = &rest[digits.len()..];
                match u8::from_str_radix(&digits, 8) {
                    Ok(code) if digits.len() == 3 => output.push(char::from(code)),
                    _ => {
                        output.push('\\');
                        output.push_str(&digits);
                    }
                }
            }
            other => output.extend(['\\', other]),
        }
    }
    output.push_str(rest);
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<&'static str> {
        (name == "OUTER").then_some("outer")
    }

    fn read(text: &str) -> Result<String, String> {
        parse(text, ".env", &lookup, &Limits::default()).map(|file| shown(&file)).map_err(|problem| problem.to_string())
    }

    fn shown(file: &EnvFile) -> String {
        let entries: Vec<_> = file.entries.iter().map(|entry| format!("{}={}", entry.name, entry.value)).collect();
        entries.join("|")
    }

    #[test]
    fn values_are_read_as_compose_reads_them() {
        let table = [
            ("A=1\nB = two words \n", "A=1|B=two words"),
            ("export A=1\nexportC=2", "A=1|exportC=2"),
            ("A : 1\nB: 2", "A=1|B=2"),
            ("# c\n\nA=1 # comment\nB=x#y\n", "A=1|B=x#y"),
            ("A= # c\n", "A=# c"),
            ("A=x\t# c\n", "A=x\t# c"),
            ("A='$X \\n \\'q\\''", "A=$X \\n 'q'"),
            ("A=\"l1\\nl2 \\$X \\\"q\\\" \\x \\\\\"", "A=l1\nl2 $X \"q\" \\x \\"),
            ("A=\"\\0101 \\01 \\0\"", "A=A \\1 \\"),
            ("A=\"l1\nl2\"\nB=2", "A=l1\nl2|B=2"),
            ("A=\"x\" # c\nB='y' C=3", "A=x|B=y|C=3"),
            ("A='x'y\nB=1\n", "A=x|B=1"),
            ("A=x\nB=${A}y", "A=x|B=xy"),
            ("B=$OUTER $$ $1", "B=outer $ $1"),
            ("OUTER\nNOWHERE\n", "OUTER=outer"),
            ("A=\nB=''", "A=|B="),
            ("A=a=b", "A=a=b"),
            ("A=1\r\nB=2\r\n", "A=1|B=2"),
            ("A=\"1\r\n2\"\r\n", "A=1\r\n2"),
            ("A-b.c[0]=1\né=2\n1A=3", "A-b.c[0]=1|é=2|1A=3"),
            ("A=it's", "A=it's"),
            ("\u{feff}A=1", "A=1"),
        ];
        for (text, expected) in table {
            assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn raw_values_are_kept() {
        let text = " A=\"$X\" # c \n# d\n\nOUTER\nNOWHERE\nB=\n";
        let read = parse_raw(text, "raw.env", &lookup, &Limits::default()).unwrap();
        assert_eq!(read.entries[0].position.to_string(), "raw.env:1:1");
        assert_eq!(shown(&read), "A=\"$X\" # c |OUTER=outer|B=");
        for broken in ["=1", "A B=1", "A =1"] {
            parse_raw(broken, "raw.env", &lookup, &Limits::default()).unwrap_err();
        }
    }

    #[test]
    fn broken_lines_are_refused_with_their_place() {
        let table = [
            ("A=1\nB\tC=2", ".env:2:1: a blank in the variable name `B\tC`"),
            ("A=1\n  A!=2", ".env:2:3: `!` in the variable name `A!`"),
            ("A=1\n\n=2", ".env:3:1: a value without a name"),
            ("A='x", ".env:1:3: the quoted value `'x` has no end"),
            ("A=${", ".env:1:1: in the value of `A`: `${` is not a variable"),
            ("A=${X:?no}", ".env:1:1: in the value of `A`: the required variable `X` is not set or empty: no"),
            ("A=1\nFOO", ".env:2:1: the last line, `FOO`, has no value and no end"),
        ];
        for (text, expected) in table {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
