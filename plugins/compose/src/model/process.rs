//! `command` and `entrypoint`: a list, or one text that is split as a shell would.

use super::Context;
use crate::yaml::{Node, Value};

/// The words; none for null, empty for an explicitly empty one, which clears the image's.
pub(super) fn read(context: &Context<'_>, node: &Node, path: &dyn std::fmt::Display) -> Option<Vec<String>> {
    match &node.value {
        Value::Sequence(_) => Some(context.report.strings(node, path, false)),
        Value::Scalar(_) if node.is_null() => None,
        Value::Scalar(_) => context.report.parsed_string(node, path, |text| words(text).map_err(str::to_owned)),
        Value::Mapping(_) => {
            context.report.at(&node.position, format!("`{path}` must be a text or a list of texts, not a mapping"));
            None
        }
    }
}

/// Why signs of a shell are refused outside of quotes.
const SHELL: &str = "`;`, `&`, `|`, `<`, `>`, parentheses and backquotes mean something to a shell, but none runs it: put them in \
                     quotes, or write `[sh, -c, \"…\"]`";

/// Splits at blanks, with quotes and backslashes as in a shell; nothing is expanded.
fn words(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (Some('"'), '\\') => match letters.next() {
                Some(next @ ('"' | '\\' | '$' | '`')) => word.get_or_insert_default().push(next),
                Some(next) => word.get_or_insert_default().extend(['\\', next]),
                None => return Err("it ends in a backslash"),
            },
            // Docker Compose drops what follows, or refuses it: it runs no shell.
            (None, ';' | '&' | '|' | '<' | '>' | '(' | ')' | '`') => return Err(SHELL),
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, '\\') => match letters.next() {
                Some(next) => word.get_or_insert_default().push(next),
                None => return Err("it ends in a backslash"),
            },
            (None, letter) if letter.is_whitespace() => words.extend(word.take()),
            (_, letter) => word.get_or_insert_default().push(letter),
        }
    }
    if quote.is_some() {
        return Err("a quote has no end");
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn texts_are_split_as_a_shell_would() {
        let table: &[(&str, &[&str])] = &[
            ("a b  c", &["a", "b", "c"]),
            ("a 'b c' \"d e\"", &["a", "b c", "d e"]),
            ("a\\ b", &["a b"]),
            ("'' x", &["", "x"]),
            (r#"sh -c "echo \"$HOME\" \n""#, &["sh", "-c", "echo \"$HOME\" \\n"]),
            ("", &[]),
        ];
        for (text, expected) in table {
            assert_eq!(words(text).unwrap(), *expected, "{text}");
        }
        assert!(words("'x").is_err());
        assert!(words("x\\").is_err());
    }
}
