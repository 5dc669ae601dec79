//! Where text leaves the process.

use std::io::IsTerminal as _;

use serde::Serialize;
use windlass_api::error::ErrorFact;
use windlass_api::facts::Fact;

use super::page::{Ink, Line, Page};

/// How much is written to stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    /// Only warnings and errors.
    Quiet,
    /// What happens.
    #[default]
    Normal,
    /// Plugin logs and reasons too.
    Verbose,
}

/// Writes answers to stdout and everything else to stderr. Cheap to copy: it holds only what was decided at start.
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own of the two streams")]
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    json: bool,
    verbosity: Verbosity,
    colour_out: bool,
    colour_err: bool,
    terminal: bool,
    width: usize,
}

impl Printer {
    /// A printer for this process's streams. Colour is off where a stream is not a terminal, where `colour` is
    /// false, and where `NO_COLOR` or `TERM=dumb` say so.
    #[must_use]
    pub fn new(json: bool, verbosity: Verbosity, colour: bool) -> Self {
        let wanted = colour
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let terminal = std::io::stderr().is_terminal();
        Self {
            json,
            verbosity,
            colour_out: wanted && std::io::stdout().is_terminal(),
            colour_err: wanted && terminal,
            terminal: terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
            width: width(),
        }
    }

    /// Whether answers are JSON lines.
    #[must_use]
    pub fn json(&self) -> bool {
        self.json
    }

    /// How much is written to stderr.
    #[must_use]
    pub fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    /// Whether stderr is a terminal that can show bars.
    #[must_use]
    pub fn terminal(&self) -> bool {
        self.terminal
    }

    /// Whether stderr shows colour.
    #[must_use]
    pub fn colour(&self) -> bool {
        self.colour_err
    }

    /// Columns for running text.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Several facts of one kind: a page for people, or a JSON line for each.
    pub fn list<F, S: Serialize>(&self, facts: Vec<F>, line: impl Fn(F) -> S, page: impl FnOnce(&[F]) -> Page) {
        if self.json {
            for fact in facts {
                self.fact(&line(fact));
            }
        } else {
            self.page(&page(&facts));
        }
    }

    /// A JSON line on stdout.
    pub fn fact<F: Serialize>(&self, fact: &F) {
        match serde_json::to_string(fact) {
            Ok(line) => write(std::io::stdout().lock(), &format!("{line}\n")),
            Err(error) => self.warn(&format!("a fact could not be written as JSON: {error}")),
        }
    }

    /// A page on stdout.
    pub fn page(&self, page: &Page) {
        write(std::io::stdout().lock(), &page.render(self.colour_out));
    }

    /// A text on stdout as it is: a schema, a script, a manual page.
    pub fn verbatim(&self, text: &str) {
        write(std::io::stdout().lock(), text);
    }

    /// A line on stderr, unless quiet.
    pub fn status(&self, line: &Line) {
        if self.verbosity >= Verbosity::Normal {
            self.always(line);
        }
    }

    /// A line on stderr, quiet or not.
    pub fn always(&self, line: &Line) {
        write(std::io::stderr().lock(), &format!("{}\n", line.render(self.colour_err)));
    }

    /// A page on stderr, quiet or not.
    pub fn always_page(&self, page: &Page) {
        write(std::io::stderr().lock(), &page.render(self.colour_err));
    }

    /// A warning on stderr.
    pub fn warn(&self, text: &str) {
        let mut page = Page::new();
        super::error::paragraph(&mut page, ("warning:", Ink::Warn), text, self.width);
        self.always_page(&page);
    }

    /// The error that ends the process, on stderr; with `--json` also as the last line of stdout.
    pub fn error(&self, error: &ErrorFact) {
        self.always_page(&super::error::page(error, self.width));
        if self.json {
            self.fact(&Fact::Error(error.clone()));
        }
    }
}

/// The width of the terminal, for wrapping; 100 where there is none. Very wide terminals are not used in full,
/// because long lines are hard to read.
fn width() -> usize {
    rustix::termios::tcgetwinsize(std::io::stderr()).map_or(100, |size| usize::from(size.ws_col)).clamp(60, 120)
}

/// Writes a text. A reader that closed the other end of the pipe (`windlass history | head`) does not need the rest, so
/// an error is dropped.
fn write(mut stream: impl std::io::Write, text: &str) {
    // There is nowhere left to report to when writing to the terminal fails.
    drop(stream.write_all(text.as_bytes()).and_then(|()| stream.flush()));
}
