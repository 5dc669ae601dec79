//! `authorized_keys`: the lines that make keys run the gate. They stand between two marks, and everything else in the file stays
//! as it is, byte for byte.
//!
//! This is the text; [`file`] reads and replaces the file itself. What a key may do is not in it.

pub mod file;

use std::path::{Path, PathBuf};

use windlass_foundation::explain::{ExitCode, Explain};
use windlass_foundation::names::{Kind, remote_command};

use crate::key::PublicKey;

/// The line before ours.
pub const BEGIN: &str = "# windlass begin: `windlass ssh-gate` writes the lines from here to the end mark";

/// The line after ours.
pub const END: &str = "# windlass end";

/// The most bytes of a line that sshd reads.
const LONGEST_LINE: usize = 8 * 1024;

/// The words between the program and a key's name in the command of a line.
const GATE: &str = " ssh-gate --key ";

/// Why the lines of keys cannot be read or changed.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum LinesError {
    /// The marks are not one before the other, once each.
    #[error("the marks of the lines that `windlass ssh-gate` writes are not there as a pair")]
    Marks,
    /// Something else stands between them.
    #[error("line {line} is between the marks and is none that `windlass ssh-gate` wrote")]
    Foreign {
        /// Counted from 1.
        line: usize,
    },
    /// Another line has the key.
    #[error("line {line} has this key already, and sshd takes the first line that fits")]
    Taken {
        /// Counted from 1.
        line: usize,
        /// The name of the key in that line, where it is one of ours.
        name: Option<String>,
    },
    /// A line has the name.
    #[error("there is a key with the name `{name}` already")]
    Named {
        /// The name.
        name: String,
    },
    /// No line has the name.
    #[error("there is no key with the name `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// All that there are.
        known: Vec<String>,
    },
    /// Something in the line cannot be written so that sshd and a shell read it as it is.
    #[error("the line cannot be written: {why}")]
    Unwritable {
        /// Why.
        why: String,
    },
}

impl Explain for LinesError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::Marks | Self::Foreign { .. } | Self::Unwritable { .. } => ExitCode::Configuration,
            Self::Taken { .. } | Self::Named { .. } => ExitCode::Refused,
            Self::Unknown { .. } => ExitCode::NotFound,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Marks => Some(format!("each once, in this order:\n\n{BEGIN}\n{END}\n")),
            Self::Foreign { .. } => Some("move it out of there with an editor".to_owned()),
            Self::Taken { name: Some(name), .. } => Some(format!("`windlass ssh-gate revoke {name}` removes it")),
            Self::Taken { name: None, .. } => {
                Some("remove that line with an editor, or take a key of its own for this purpose".to_owned())
            }
            Self::Named { name } => Some(format!("take another name, or first `windlass ssh-gate revoke {name}`")),
            Self::Unknown { known, .. } if known.is_empty() => Some("there are none at all".to_owned()),
            Self::Unknown { known, .. } => Some(format!("there are `{}`", known.join("`, `"))),
            Self::Unwritable { .. } => None,
        }
    }
}

/// A key that runs the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key's name in the records of this host.
    pub name: String,
    /// The key.
    pub key: PublicKey,
    /// The whole line.
    pub line: String,
}

impl Entry {
    /// The line for a key: it runs the gate of this program and nothing else, also what later versions of sshd allow.
    ///
    /// # Errors
    /// When the name or a path cannot be written there.
    pub fn new(name: &str, key: PublicKey, program: &Path, config: Option<&Path>) -> Result<Self, LinesError> {
        let unwritable = |why: String| LinesError::Unwritable { why };
        let name = Kind::Key.parse(name).map_err(unwritable)?;
        let text = |path: &Path| match path.to_str() {
            // `%` is expanded in some lines of sshd.
            Some(text) if path.is_absolute() && !text.contains(|c: char| c.is_control() || c == '%' || c == '\\') => {
                Ok(text.to_owned())
            }
            _ => Err(unwritable(format!("`{}` is no plain absolute path", path.display().to_string().escape_debug()))),
        };
        let program = text(program)?;
        let config = config.map(text).transpose()?;
        let gate = GATE.trim().split(' ');
        let words = [program.as_str()].into_iter().chain(gate).chain([name.as_str()]);
        let config = config.iter().flat_map(|path| ["--config", path.as_str()]);
        let command = remote_command(words.chain(config)).map_err(unwritable)?;
        let line = format!("restrict,command=\"{}\" {key} {name}", command.replace('"', "\\\""));
        if line.len() >= LONGEST_LINE {
            return Err(unwritable(format!("it would have {} bytes, and sshd reads {LONGEST_LINE}", line.len())));
        }
        Ok(Self { name, key, line })
    }

    /// Reads a line of ours.
    fn read(line: &str) -> Option<Self> {
        if !line.starts_with("restrict,") {
            return None;
        }
        let (_, rest) = line.split_once(GATE)?;
        let name = rest.split([' ', '"']).next().filter(|name| Kind::Key.is(name))?;
        let words: Vec<&str> = line.split(' ').collect();
        let mut keys = words.windows(2).filter_map(|pair| PublicKey::read(&pair.join(" ")).ok());
        Some(Self { name: name.to_owned(), key: keys.next_back()?, line: line.to_owned() })
    }
}

/// The text of a file, line by line. A line is bytes: the comments of others are in any encoding.
struct Lines<'a> {
    all: Vec<&'a [u8]>,
    /// The lines of the two marks, where they are there.
    marks: Option<(usize, usize)>,
}

impl<'a> Lines<'a> {
    fn read(content: &'a [u8]) -> Result<Self, LinesError> {
        let all: Vec<&[u8]> = content.split(|byte| *byte == b'\n').collect();
        let at = |mark: &str| -> Vec<usize> {
            let is_mark = |line: &[u8]| line.trim_ascii_end() == mark.as_bytes();
            all.iter().enumerate().filter(|(_, line)| is_mark(line)).map(|(at, _)| at).collect()
        };
        let marks = match (at(BEGIN).as_slice(), at(END).as_slice()) {
            ([], []) => None,
            ([begin], [end]) if begin < end => Some((*begin, *end)),
            _ => return Err(LinesError::Marks),
        };
        Ok(Self { all, marks })
    }

    /// The lines of ours, each with its place.
    fn entries(&self) -> Result<Vec<(usize, Entry)>, LinesError> {
        let Some((begin, end)) = self.marks else { return Ok(Vec::new()) };
        let between = self.all.iter().enumerate().take(end).skip(begin + 1);
        let entry = |(at, line): (usize, &&[u8])| {
            let entry = std::str::from_utf8(line).ok().and_then(Entry::read);
            entry.map(|entry| (at, entry)).ok_or(LinesError::Foreign { line: at + 1 })
        };
        between.map(entry).collect()
    }

    fn joined(lines: &[&[u8]]) -> Vec<u8> {
        lines.join(&b'\n')
    }
}

/// The keys that run the gate, in the order of the file.
///
/// # Errors
/// When the lines between the marks are not ours.
pub fn entries(content: &[u8]) -> Result<Vec<Entry>, LinesError> {
    Ok(Lines::read(content)?.entries()?.into_iter().map(|(_, entry)| entry).collect())
}

/// The text with one key more.
///
/// # Errors
/// When the key or its name is there, or the lines between the marks are not ours.
pub fn with(content: &[u8], entry: &Entry) -> Result<Vec<u8>, LinesError> {
    let lines = Lines::read(content)?;
    let ours = lines.entries()?;
    // Wherever it stands in a line: a line that sshd would not read is no reason to go on.
    let has = |line: &&&[u8]| {
        let is_comment = line.trim_ascii_start().starts_with(b"#");
        !is_comment && line.split(u8::is_ascii_whitespace).any(|word| entry.key.is(word))
    };
    if let Some(at) = lines.all.iter().position(|line| has(&line)) {
        let name = ours.iter().find(|(place, _)| *place == at).map(|(_, entry)| entry.name.clone());
        return Err(LinesError::Taken { line: at + 1, name });
    }
    if ours.iter().any(|(_, other)| other.name == entry.name) {
        return Err(LinesError::Named { name: entry.name.clone() });
    }
    let mut all = lines.all.clone();
    if let Some((_, end)) = lines.marks {
        all.insert(end, entry.line.as_bytes());
    } else {
        // The last is what follows the last line break: nothing, where the file ends with one.
        if all.last().is_some_and(|last| last.is_empty()) {
            all.pop();
        }
        all.extend([BEGIN.as_bytes(), entry.line.as_bytes(), END.as_bytes(), b""]);
    }
    Ok(Lines::joined(&all))
}

/// The text without one key, and that key. The marks go with the last of them.
///
/// # Errors
/// When there is none with the name, or the lines between the marks are not ours.
pub fn without(content: &[u8], name: &str) -> Result<(Vec<u8>, Entry), LinesError> {
    let lines = Lines::read(content)?;
    let ours = lines.entries()?;
    let Some((at, entry)) = ours.iter().find(|(_, entry)| entry.name == name) else {
        let known = ours.iter().map(|(_, entry)| entry.name.clone()).collect();
        return Err(LinesError::Unknown { name: name.to_owned(), known });
    };
    let mut gone = vec![*at];
    if let (Some((begin, end)), 1) = (lines.marks, ours.len()) {
        gone.extend([begin, end]);
    }
    let kept: Vec<&[u8]> =
        lines.all.iter().enumerate().filter(|(at, _)| !gone.contains(at)).map(|(_, line)| *line).collect();
    Ok((Lines::joined(&kept), entry.clone()))
}

/// What a file's copy from before a change is called.
#[must_use]
pub fn copy_of(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".before-windlass");
    file.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5AXcRAKsV9HMmcDVC+CgYYyjELuV0NSIHpbsDs9rPl";
    const B: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFRDpOfZpHDVTQw0pElUXrJW7e0iLhWXK0uEGW9m1mPk";

    fn entry(name: &str, key: &str) -> Entry {
        Entry::new(name, PublicKey::read(key).unwrap(), Path::new("/usr/bin/windlass"), None).unwrap()
    }

    #[test]
    fn a_line_runs_the_gate_and_nothing_else() {
        let line = format!("restrict,command=\"/usr/bin/windlass ssh-gate --key ci-uat\" {A} ci-uat");
        assert_eq!(entry("ci-uat", A).line, line);
        let key = || PublicKey::read(A).unwrap();
        let odd = Entry::new("a", key(), Path::new("/opt/my \"tools\"/windlass"), Some(Path::new("/etc/it's")));
        let odd = odd.unwrap();
        assert_eq!(Entry::read(&odd.line), Some(odd.clone()));
        // What a shell makes of what sshd hands it.
        let command = odd.line.strip_prefix("restrict,command=\"").unwrap().split("\" ssh-").next().unwrap();
        let command = command.replace("\\\"", "\"");
        let shown = std::process::Command::new("sh").args(["-c", &format!("printf '%s|' {command}")]).output().unwrap();
        assert_eq!(
            String::from_utf8(shown.stdout).unwrap(),
            "/opt/my \"tools\"/windlass|ssh-gate|--key|a|--config|/etc/it's|"
        );
        for (name, program) in [
            ("a b", "/w"),
            ("-a", "/w"),
            ("a\"", "/w"),
            ("a", "windlass"),
            ("a", "/w\n/x"),
            ("a", "/%u"),
            ("a", "/a\\"),
            ("a", &format!("/{}", "x".repeat(LONGEST_LINE))),
        ] {
            let wrong = Entry::new(name, key(), Path::new(program), None);
            assert!(matches!(wrong, Err(LinesError::Unwritable { .. })), "{name} {program}");
        }
    }

    #[test]
    fn what_others_wrote_stays_as_it_was_and_so_it_is_again_after_the_last_key() {
        for before in [&b""[..], b"# mine\nssh-rsa AAAA\xff me\n", b"\n\n", b"ssh-rsa BBBB you"] {
            let (one, two) = (entry("one", A), entry("two", B));
            let first = with(before, &one).unwrap();
            let both = with(&first, &two).unwrap();
            assert!(both.starts_with(before));
            assert_eq!(entries(&both).unwrap(), [one.clone(), two.clone()]);
            let tail = format!("{BEGIN}\n{}\n{}\n{END}\n", one.line, two.line);
            assert!(both.ends_with(tail.as_bytes()));
            let (rest, gone) = without(&both, "one").unwrap();
            assert_eq!((gone, entries(&rest).unwrap()), (one, vec![two]));
            let (rest, _) = without(&rest, "two").unwrap();
            assert_eq!(rest.trim_ascii_end(), before.trim_ascii_end());
        }
    }

    #[test]
    fn no_key_is_there_twice_and_no_name() {
        let one = entry("one", A);
        let there = with(b"", &one).unwrap();
        assert_eq!(with(&there, &entry("two", A)), Err(LinesError::Taken { line: 2, name: Some("one".to_owned()) }));
        assert_eq!(with(&there, &entry("one", B)), Err(LinesError::Named { name: "one".to_owned() }));
        for line in [
            A.to_owned(),
            format!("  {A} me"),
            format!("no-pty,command=\"a b\" {A}"),
            format!("cert-authority\t{}", A.replace(' ', "\t")),
        ] {
            let content = format!("# first\n{line}\n");
            assert_eq!(with(content.as_bytes(), &one), Err(LinesError::Taken { line: 2, name: None }), "{line}");
        }
        assert!(with(format!("# {A}\n{B}\n").as_bytes(), &one).is_ok());
        assert_eq!(
            without(&there, "two"),
            Err(LinesError::Unknown { name: "two".to_owned(), known: vec!["one".to_owned()] })
        );
    }

    #[test]
    fn lines_between_the_marks_that_are_not_ours_are_touched_by_nobody() {
        let one = entry("one", A);
        for (content, error) in [
            (format!("{BEGIN}\n{B}\n{END}\n"), LinesError::Foreign { line: 2 }),
            (format!("{BEGIN}\n\n{END}\n"), LinesError::Foreign { line: 2 }),
            (format!("{BEGIN}\n"), LinesError::Marks),
            (format!("{END}\n{BEGIN}\n"), LinesError::Marks),
            (format!("{BEGIN}\n{END}\n{BEGIN}\n{END}\n"), LinesError::Marks),
        ] {
            assert_eq!(with(content.as_bytes(), &one), Err(error.clone()), "{content}");
            assert_eq!(without(content.as_bytes(), "one"), Err(error.clone()));
            assert_eq!(entries(content.as_bytes()), Err(error));
        }
        assert!(with(format!("{BEGIN}\n{END}\n").as_bytes(), &one).is_ok());
    }
}
