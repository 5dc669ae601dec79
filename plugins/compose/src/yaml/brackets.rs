//! Closing brackets that stand as far left as the key of what they close, or further:
//!
//! ```yaml
//! command: [
//!   "serve",
//! ]
//! ```
//!
//! YAML wants them further right, and so does the scanner; Docker Compose takes them, and people write them. Such a line
//! is moved to the right, and the text is read once more; what is moved must then turn out to be what closes a list or
//! mapping. Positions are told as the file has them.

use std::collections::BTreeMap;

use crate::Problem;
use crate::yaml::Node;

/// How many bytes are read again in all for the sake of brackets.
const MOST_BYTES: usize = 16 << 20;

/// Why a text was not read.
pub(super) enum Failed {
    /// A line is too far left; `line` counts from 1, `column` from 0.
    Indentation { line: usize, column: usize, problem: Problem },
    /// For any other reason.
    For(Problem),
}

/// Lines that were moved.
#[derive(Debug, Default)]
pub(super) struct Moved {
    /// By line: the column of its bracket now, by how much it was moved, and whether it closes something.
    lines: BTreeMap<usize, (usize, usize, bool)>,
}

impl Moved {
    /// By how much a line was moved.
    pub(super) fn of(&self, line: usize) -> usize {
        self.lines.get(&line).map_or(0, |(_, by, _)| *by)
    }

    /// A list or mapping ends there.
    pub(super) fn ends(&mut self, line: usize, at: usize) {
        if let Some((column, _, closes)) = self.lines.get_mut(&line) {
            *closes |= *column == at;
        }
    }
}

/// Reads a text, and again for each bracket that is too far left.
pub(super) fn parse(
    text: &str,
    mut attempt: impl FnMut(&str, &mut Moved) -> Result<Vec<Node>, Failed>,
) -> Result<Vec<Node>, Problem> {
    let mut moved = Moved::default();
    let mut first = None;
    let mut now = text.to_owned();
    let mut left = MOST_BYTES;
    loop {
        let (line, column, problem) = match attempt(&now, &mut moved) {
            Ok(documents) => {
                let all_close = moved.lines.values().all(|(.., closes)| *closes);
                return first.filter(|_| !all_close).map_or(Ok(documents), Err);
            }
            Err(Failed::For(problem)) => return Err(first.unwrap_or(problem)),
            Err(Failed::Indentation { line, column, problem }) => (line, column, problem),
        };
        let again = left.checked_sub(now.len()).filter(|_| !moved.lines.contains_key(&line));
        let next = again.and_then(|rest| Some((rest, with_moved(&now, line, column)?)));
        let Some((rest, (text, by))) = next else { return Err(first.unwrap_or(problem)) };
        (left, now) = (rest, text);
        moved.lines.insert(line, (column + by, by, false));
        first.get_or_insert(problem);
    }
}

/// The text with a line moved to the right of all before it, where that line begins with a closing bracket.
fn with_moved(text: &str, line: usize, column: usize) -> Option<(String, usize)> {
    /// What is further right opens nothing that people write.
    const FURTHEST: usize = 200;
    let mut lines = text.split_inclusive('\n');
    let before: Vec<&str> = lines.by_ref().take(line.checked_sub(1)?).collect();
    let this = lines.next()?;
    let blank = this.chars().take(column).all(|letter| letter == ' ');
    if !blank || !matches!(this.chars().nth(column), Some(']' | '}')) {
        return None;
    }
    let by = before.iter().map(|line| line.len()).max().unwrap_or_default().clamp(1, FURTHEST);
    let mut moved = before.concat();
    moved.push_str(&" ".repeat(by));
    moved.push_str(this);
    moved.extend(lines);
    Some((moved, by))
}
