//! Text for people, as lines of inked spans, so that nothing from outside reaches a terminal unfiltered.
//!
//! Every text is cleaned as it enters a [`Line`]: escape sequences and control characters of an application's log
//! must not move the operator's cursor. Colour is added last and never carries meaning of its own.
//! It does not print; [`super::Printer`] does.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

/// How a span looks where colour is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ink {
    /// As the terminal shows text.
    #[default]
    Plain,
    /// A heading, a name.
    Bold,
    /// What can be skipped.
    Dim,
    /// Success, and what is added.
    Good,
    /// A person should look, and what is changed.
    Warn,
    /// Failure, and what is removed.
    Bad,
    /// What can be typed, and places.
    Accent,
}

impl Ink {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Bold => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Good => AnsiColor::Green.on_default().bold(),
            Self::Warn => AnsiColor::Yellow.on_default().bold(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Accent => AnsiColor::Cyan.on_default(),
        }
    }
}

/// One line: spans of text, each with its ink.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    spans: Vec<(Ink, String)>,
}

impl Line {
    /// An empty line.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A line of plain text.
    #[must_use]
    pub fn plain(text: impl AsRef<str>) -> Self {
        Self::new().text(text)
    }

    /// Adds plain text.
    #[must_use]
    pub fn text(self, text: impl AsRef<str>) -> Self {
        self.ink(Ink::Plain, text)
    }

    /// Adds text in `ink`. Line breaks become spaces.
    #[must_use]
    pub fn ink(mut self, ink: Ink, text: impl AsRef<str>) -> Self {
        let text = clean(text.as_ref());
        if !text.is_empty() {
            self.spans.push((ink, text));
        }
        self
    }

    /// Adds the spans of another line.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        self.spans.extend(other.spans);
        self
    }

    /// The spans that begin in the first `columns`.
    #[must_use]
    pub fn cut(&self, columns: usize) -> Self {
        let mut used = 0;
        let mut cut = Self::new();
        for (ink, text) in &self.spans {
            if used >= columns {
                break;
            }
            used += text.width();
            cut.spans.push((*ink, text.clone()));
        }
        cut
    }

    /// Whether there is nothing to see.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Columns on a terminal.
    #[must_use]
    pub fn width(&self) -> usize {
        self.spans.iter().map(|(_, text)| text.width()).sum()
    }

    /// The text, with escape sequences for ink when `colour`. Spaces at the end are dropped.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let mut rendered = String::new();
        for (ink, text) in &self.spans {
            if colour && *ink != Ink::Plain {
                let style = ink.style();
                // Writing to a string does not fail.
                let _ = write!(rendered, "{style}{text}{style:#}");
            } else {
                rendered.push_str(text);
            }
        }
        rendered.truncate(rendered.trim_end().len());
        rendered
    }
}

/// Several lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    lines: Vec<Line>,
}

impl Page {
    /// Creates an empty page.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A page of a text that has lines already.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        Self { lines: text.lines().map(Line::plain).collect() }
    }

    /// Adds a line.
    pub fn push(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Adds an empty line, unless there is one already or nothing above.
    pub fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(Line::new());
        }
    }

    /// Adds each line of a text behind `prefix`, such as spaces.
    pub fn block(&mut self, prefix: &str, ink: Ink, text: &str) {
        for line in text.lines() {
            self.push(Line::plain(prefix).ink(ink, line));
        }
    }

    /// Adds a paragraph of words behind `prefix`, broken at `width` columns; lines after the first are indented as
    /// far as the first one's text.
    pub fn wrapped(&mut self, prefix: Line, ink: Ink, text: &str, width: usize) {
        let indent = " ".repeat(prefix.width());
        let room = width.saturating_sub(indent.len()).max(20);
        let mut line = prefix;
        let mut used = 0;
        for word in clean(text).split_whitespace() {
            let needed = word.width();
            if used > 0 && used + 1 + needed > room {
                self.push(std::mem::replace(&mut line, Line::plain(&indent)));
                used = 0;
            }
            if used > 0 {
                line = line.ink(ink, " ");
                used += 1;
            }
            line = line.ink(ink, word);
            used += needed;
        }
        self.push(line);
    }

    /// Adds all lines of another page.
    pub fn append(&mut self, other: Self) {
        self.lines.extend(other.lines);
    }

    /// Adds all lines of another page, each behind `prefix`; empty lines stay empty.
    pub fn indented(&mut self, prefix: &str, other: Self) {
        for line in other.lines {
            self.push(if line.is_empty() { line } else { Line::plain(prefix).join(line) });
        }
    }

    /// The lines.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The text, each line ended by a line break.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let mut rendered = String::new();
        for line in &self.lines {
            rendered.push_str(&line.render(colour));
            rendered.push('\n');
        }
        rendered
    }
}

/// The text without what could control a terminal or fool its reader: escape sequences, control characters and
/// characters that reverse the direction of writing. Tabs and line breaks become spaces.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\n' | '\t' => cleaned.push(' '),
            '\u{1b}' => skip_escape(&mut characters),
            '\u{9b}' => skip_control_sequence(&mut characters),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => {}
            other if other.is_control() => {}
            other => cleaned.push(other),
        }
    }
    cleaned
}

/// Skips what follows an escape character: a control sequence, an operating system command, or one character.
fn skip_escape(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match characters.peek() {
        Some('[') => {
            characters.next();
            skip_control_sequence(characters);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            // Ends with BEL or ESC \. One that never ends swallows the rest, as a terminal would.
            while let Some(character) = characters.next() {
                if character == '\u{7}' || character == '\u{9c}' {
                    break;
                }
                if character == '\u{1b}' {
                    characters.next_if_eq(&'\\');
                    break;
                }
            }
        }
        Some(_) => {
            characters.next();
        }
        None => {}
    }
}

/// Skips the parameters and the final byte of a control sequence (ECMA-48, 5.4).
fn skip_control_sequence(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while characters.next_if(|character| matches!(character, '\u{20}'..='\u{3f}')).is_some() {}
    characters.next_if(|character| matches!(character, '\u{40}'..='\u{7e}'));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_from_outside_cannot_control_the_terminal() {
        for (text, cleaned) in [
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}after", "after"),
            ("\u{1b}]8;;http://x\u{1b}\\link", "link"),
            ("a\rb\u{8}c\u{0}\u{7f}", "abc"),
            ("\u{9b}2Jx", "x"),
            ("one\ntwo\tthree", "one two three"),
            ("exe.\u{202e}gpj", "exe.gpj"),
            ("zwöi ✓ 猫", "zwöi ✓ 猫"),
        ] {
            assert_eq!(clean(text), cleaned, "{text:?}");
        }
    }

    #[test]
    fn ink_is_seen_only_where_colour_is_on() {
        let line = Line::new().ink(Ink::Bad, "error:").text(" it broke  ");
        assert_eq!(line.render(false), "error: it broke");
        assert_eq!(line.render(true), "\u{1b}[1m\u{1b}[31merror:\u{1b}[0m it broke");
    }

    #[test]
    fn long_text_wraps_under_its_own_beginning() {
        let mut page = Page::new();
        page.wrapped(Line::plain("hint: "), Ink::Plain, "one two three four five six seven eight nine", 30);
        insta::assert_snapshot!(page.render(false), @r"
        hint: one two three four five
              six seven eight nine
        ");
    }
}
