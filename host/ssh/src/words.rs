//! The command that a client asks for, as words: the quotes of POSIX (XCU 2.2), and nothing else of a shell.
//!
//! Nothing is expanded, nothing is a comment, and no word separates commands: `;`, `$`, `*` and `#` are characters. What the words
//! mean is not known here.

use windlass_foundation::explain::{ExitCode, Explain};

/// The most bytes of a command. Names, versions and reasons are far shorter; documents come on standard input.
pub const LIMIT: usize = 8 * 1024;

/// Why a command could not be read as words.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum WordsError {
    /// It is longer than commands are.
    #[error("the command has {bytes} bytes, and at most {LIMIT} are read")]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// It is no text.
    #[error("the command is not UTF-8 from byte {at} on")]
    NotText {
        /// How many bytes are text.
        at: usize,
    },
    /// It has a character that belongs into no command.
    #[error("the command has a control character, `{}`, at byte {at}", character.escape_default())]
    Control {
        /// The character.
        character: char,
        /// Where, from 0.
        at: usize,
    },
    /// A quote was not closed.
    #[error("the command has a `{quote}` at byte {at} that is not closed")]
    Open {
        /// The quote.
        quote: char,
        /// Where, from 0.
        at: usize,
    },
    /// A backslash at its end.
    #[error("the command ends with a `\\` that nothing follows")]
    Dangling,
}

impl Explain for WordsError {
    fn exit(&self) -> ExitCode {
        ExitCode::Usage
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::TooLong { .. } => Some("send a release document on standard input: `--release -`".to_owned()),
            Self::Open { .. } | Self::Dangling => {
                let text = "the shell here takes quotes away before `ssh` sends the command; quote the whole, as in \
                            `ssh HOST \"deploy kudos --reason 'the login'\"`";
                Some(text.to_owned())
            }
            Self::NotText { .. } | Self::Control { .. } => None,
        }
    }
}

/// The words of a command.
///
/// # Errors
/// Why it is none.
pub fn read(command: &[u8]) -> Result<Vec<String>, WordsError> {
    if command.len() > LIMIT {
        return Err(WordsError::TooLong { bytes: command.len() });
    }
    let text = std::str::from_utf8(command).map_err(|error| WordsError::NotText { at: error.valid_up_to() })?;
    if let Some((at, character)) = text.char_indices().find(|(_, character)| character.is_control()) {
        return Err(WordsError::Control { character, at });
    }
    split(text)
}

/// The words of a text without control characters, so that blanks are spaces.
fn split(text: &str) -> Result<Vec<String>, WordsError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        if character == ' ' {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert_default();
        match character {
            '\\' => word.push(characters.next().ok_or(WordsError::Dangling)?.1),
            '\'' => loop {
                match characters.next().ok_or(WordsError::Open { quote: '\'', at })?.1 {
                    '\'' => break,
                    other => word.push(other),
                }
            },
            '"' => loop {
                let open = || WordsError::Open { quote: '"', at };
                match characters.next().ok_or_else(open)?.1 {
                    '"' => break,
                    '\\' => match characters.next().ok_or_else(open)?.1 {
                        // Only these are quoted by it there; before everything else it is itself.
                        special @ ('$' | '`' | '"' | '\\') => word.push(special),
                        other => word.extend(['\\', other]),
                    },
                    other => word.push(other),
                }
            },
            other => word.push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        read(text.as_bytes()).unwrap()
    }

    #[test]
    fn quotes_are_those_of_posix_and_nothing_is_expanded() {
        for (text, expected) in [
            ("", &[][..]),
            ("   ", &[]),
            ("deploy kudos", &["deploy", "kudos"]),
            ("  deploy   kudos  ", &["deploy", "kudos"]),
            (r#"a --reason "two words""#, &["a", "--reason", "two words"]),
            ("a 'two words'", &["a", "two words"]),
            (r"two\ words", &["two words"]),
            (r#"a"b"'c'd"#, &["abcd"]),
            (r#""" ''"#, &["", ""]),
            (r#""\$\`\"\\\a""#, &[r#"$`"\\a"#]),
            (r"'\'", &[r"\"]),
            (r#"'"' "'""#, &["\"", "'"]),
            ("deploy kudos; id", &["deploy", "kudos;", "id"]),
            ("deploy $(id) `id` ${HOME} $HOME", &["deploy", "$(id)", "`id`", "${HOME}", "$HOME"]),
            ("a && b || c | d > e < f &", &["a", "&&", "b", "||", "c", "|", "d", ">", "e", "<", "f", "&"]),
            ("* ? [a] ~ {a,b} !!", &["*", "?", "[a]", "~", "{a,b}", "!!"]),
            ("show #12 # no comment", &["show", "#12", "#", "no", "comment"]),
            ("NAME=value deploy", &["NAME=value", "deploy"]),
            ("zwöi\u{a0}猫", &["zwöi\u{a0}猫"]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_command_is_refused_with_its_place() {
        let long = "a".repeat(LIMIT + 1);
        for (bytes, error) in [
            (&b"a 'b"[..], WordsError::Open { quote: '\'', at: 2 }),
            (b"a \"b\\\"", WordsError::Open { quote: '"', at: 2 }),
            (b"a \"b\\", WordsError::Open { quote: '"', at: 2 }),
            (b"a\\", WordsError::Dangling),
            (b"a\nid", WordsError::Control { character: '\n', at: 1 }),
            (b"a\tb", WordsError::Control { character: '\t', at: 1 }),
            (b"a\0", WordsError::Control { character: '\0', at: 1 }),
            (b"'a\x1b[2J'", WordsError::Control { character: '\u{1b}', at: 2 }),
            ("a\u{9b}2J".as_bytes(), WordsError::Control { character: '\u{9b}', at: 1 }),
            (b"deploy \xff", WordsError::NotText { at: 7 }),
            (long.as_bytes(), WordsError::TooLong { bytes: LIMIT + 1 }),
        ] {
            let found = read(bytes).unwrap_err();
            assert_eq!(found, error);
            assert!(!found.to_string().contains(char::is_control));
            assert_eq!(found.exit(), ExitCode::Usage);
        }
        assert_eq!(words(&long[1..]).len(), 1);
    }

    #[test]
    fn a_shell_finds_the_same_words_where_it_expands_nothing() {
        for text in [r#"a "b c" 'd e' f\ g "\"\\\q" x"y"'z'"#, r"'\' \\ \' '' end", "a   b"] {
            let script = format!("for word in {text}; do printf '%s\\n' \"$word\"; done");
            let output = Command::new("sh").args(["-c", &script]).output().unwrap();
            let shell = String::from_utf8(output.stdout).unwrap();
            assert_eq!(words(text), shell.lines().collect::<Vec<_>>(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_was_quoted_is_read_as_it_was(given in prop::collection::vec("\\PC{0,12}", 0..6)) {
            let joined = shlex::try_join(given.iter().map(String::as_str)).unwrap();
            prop_assert_eq!(read(joined.as_bytes()).unwrap(), given);
        }

        #[test]
        fn another_reader_finds_the_same_where_nothing_is_a_comment(text in "[a-c \\\\'\"$`;]{0,24}") {
            prop_assert_eq!(read(text.as_bytes()).ok(), shlex::split(&text));
        }

        #[test]
        fn nothing_makes_it_fail(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            drop(read(&bytes));
        }
    }
}
