//! Why a file could not be used: it cannot be read, or one or several things in it are wrong.
//!
//! How mistakes are found is not known here.

use std::io;
use std::ops::Range;
use std::path::PathBuf;

use windlass_foundation::explain::{self, ExitCode, Explain, Part};

use super::{Document, Place, printable};

/// Why a file could not be used. Every text names the file, and the line and column where there is one.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The file could not be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The path names a directory, a pipe or a device.
    #[error("`{}` is not a regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file is larger than a person would write.
    #[error("`{}` is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// The content is wrong: all that was found, in the order of the file.
    #[error("{}", texts(.0))]
    Wrong(Vec<Mistake>),
}

/// One thing that is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct Mistake {
    /// Where.
    pub place: Place,
    /// What is wrong, in lower case.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The line and the part of it that is wrong, to be shown under the message.
    shown: explain::Place,
}

impl Mistake {
    /// A mistake in the bytes `span` of a document.
    pub(super) fn new(document: &Document, span: Range<usize>, message: &str, hint: Option<String>) -> Self {
        let name = document.path.display().to_string();
        let shown = explain::Place::of_span(&name, &document.text, span.start, span.end);
        Self { place: document.place(span.start), message: printable(message), hint, shown }
    }

    /// The same without its line, for one that is only counted: lines can be long.
    pub(super) fn without_line(mut self) -> Self {
        self.shown.text = String::new();
        self
    }
}

/// One line for each.
fn texts(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl Explain for DocumentError {
    fn exit(&self) -> ExitCode {
        ExitCode::Configuration
    }

    fn hint(&self) -> Option<String> {
        let mut hints: Vec<&str> = Vec::new();
        for hint in self.mistakes().iter().filter_map(|mistake| mistake.hint.as_deref()) {
            if !hints.contains(&hint) {
                hints.push(hint);
            }
        }
        (!hints.is_empty()).then(|| hints.join("\n"))
    }

    fn place(&self) -> Option<explain::Place> {
        self.mistakes().first().map(|mistake| mistake.shown.clone())
    }

    fn parts(&self) -> Vec<Part> {
        let parts = self.mistakes().iter().map(|mistake| Part {
            text: mistake.message.clone(),
            place: Some(mistake.shown.clone()),
            hint: mistake.hint.clone(),
        });
        // One is the error itself.
        if self.mistakes().len() > 1 { parts.collect() } else { Vec::new() }
    }
}

impl DocumentError {
    fn mistakes(&self) -> &[Mistake] {
        match self {
            Self::Wrong(mistakes) => mistakes,
            Self::Unreadable { .. } | Self::NotAFile { .. } | Self::TooLarge { .. } => &[],
        }
    }
}
