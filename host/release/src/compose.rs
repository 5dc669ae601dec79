//! Compose files read by the agent itself, for the two commands that are about the files alone: `init` and `config`.
//!
//! Deploying them is a plugin's business; it reads them with the same library, in its sandbox.

use std::path::PathBuf;

use windlass_compose::{Files, Loaded, Options, Problem, Problems};
use windlass_foundation::explain::{ExitCode, Explain, Part, Place};

use super::directory::TeamDirectory;

/// The files of a directory. Nothing outside of it is read, whatever a Compose file names.
#[derive(Debug, Clone)]
pub struct Directory {
    path: PathBuf,
    shown: PathBuf,
}

impl Directory {
    /// The files of a directory that people know.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { shown: path.clone(), path }
    }

    /// Files that came with a command, which are called as they are in it.
    #[must_use]
    pub fn sent(path: PathBuf) -> Self {
        Self { path, shown: PathBuf::new() }
    }
}

impl Files for Directory {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        /// More is not a file that a person wrote.
        const LARGEST: u64 = 4 << 20;
        match TeamDirectory::open_as(&self.path, &self.shown).and_then(|team| team.read(path, LARGEST)) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// The Compose files cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{problems}")]
pub struct ComposeError {
    /// All that is wrong with them.
    problems: Problems,
    /// The line of each, where it has one.
    places: Vec<Option<Place>>,
}

impl Explain for ComposeError {
    fn exit(&self) -> ExitCode {
        ExitCode::Configuration
    }

    fn hint(&self) -> Option<String> {
        let hints = self.problems.hints();
        (!hints.is_empty()).then(|| hints.join("\n"))
    }

    fn place(&self) -> Option<Place> {
        self.places.iter().flatten().next().cloned()
    }

    fn parts(&self) -> Vec<Part> {
        let problems = self.problems.0.iter().zip(&self.places);
        let parts = problems.map(|(problem, place)| Part {
            text: problem.message.clone(),
            place: place.clone(),
            hint: problem.hint.clone(),
        });
        // One is the error itself.
        if self.problems.0.len() > 1 { parts.collect() } else { Vec::new() }
    }
}

/// Reads Compose files.
///
/// # Errors
/// Every problem, with its line.
pub fn read(files: &dyn Files, options: &Options) -> Result<Loaded, ComposeError> {
    windlass_compose::load(files, options).map_err(|problems| {
        let place = |problem: &Problem| {
            let position = problem.position.as_ref()?;
            let text = files.read(&position.file).ok()??;
            let text = String::from_utf8_lossy(&text);
            let line = text.lines().nth(position.line - 1).unwrap_or_default().to_owned();
            let (file, line_number, column) = (position.file.to_string(), position.line, position.column);
            Some(Place { file, line: line_number, column, length: 1, text: line })
        };
        let places = problems.0.iter().map(place).collect();
        ComposeError { problems, places }
    })
}
