//! The files of the bundle: read within limits, never from anywhere else.

use std::sync::Arc;

use super::Files;
use crate::yaml::{self, Node};
use crate::{Limits, Position, Problem};

/// Reads files and counts what they cost.
pub(super) struct Sources<'a> {
    files: &'a dyn Files,
    limits: &'a Limits,
    documents: usize,
    nodes: usize,
    bytes: usize,
}

impl<'a> Sources<'a> {
    pub(super) fn new(files: &'a dyn Files, limits: &'a Limits) -> Self {
        Self { files, limits, documents: 0, nodes: 0, bytes: 0 }
    }

    pub(super) fn is_there(&self, path: &str) -> Result<bool, Problem> {
        Ok(self.files.read(path).map_err(|why| Problem::nowhere(format!("`{path}`: {why}")))?.is_some())
    }

    /// The text of a file. `asked` is the place that names the file; a file that is not named anywhere may be missing.
    pub(super) fn text(&self, path: &str, asked: Option<&Position>) -> Result<Option<String>, Problem> {
        let problem = |message: String| match asked {
            Some(position) => Problem::at(position, message),
            None => Problem::nowhere(message),
        };
        let bytes = self.files.read(path).map_err(|why| problem(format!("`{path}`: {why}")))?;
        let Some(bytes) = bytes else {
            return match asked {
                Some(_) => Err(problem(format!("the release has no file `{path}`"))
                    .hint("add it to the release; nothing outside the release's directory can be read")),
                None => Ok(None),
            };
        };
        if bytes.len() > self.limits.file_bytes {
            let message = format!("the file has {} bytes; at most {} are read", bytes.len(), self.limits.file_bytes);
            return Err(Problem::at(&Position::start(&Arc::from(path)), message));
        }
        String::from_utf8(bytes).map(Some).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            let before = error.as_bytes().get(..valid).unwrap_or_default();
            let before = String::from_utf8_lossy(before);
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            let position = Position { file: Arc::from(path), line, column };
            Problem::at(&position, "the file is not UTF-8 text from here on")
        })
    }

    /// The documents of a Compose file.
    pub(super) fn documents(&mut self, file: &Arc<str>, asked: Option<&Position>) -> Result<Vec<Node>, Problem> {
        let text = self.text(file, asked)?.ok_or_else(|| {
            Problem::nowhere(format!("the release has no file `{file}`"))
                .hint("name Compose files by their path in the release")
        })?;
        let documents = yaml::parse(&text, file, self.limits)?;
        let start = Position::start(file);
        self.documents = self.documents.saturating_add(documents.len().max(1));
        if self.documents > self.limits.documents {
            let message = format!("more than {} documents in all the files that are read", self.limits.documents);
            return Err(Problem::at(asked.unwrap_or(&start), message));
        }
        for document in &documents {
            self.spend(document, asked.unwrap_or(&start))?;
            if document.as_mapping().is_none() {
                return Err(Problem::at(
                    &document.position,
                    format!("a Compose file must be a mapping, not {}", document.kind()),
                ));
            }
        }
        Ok(documents)
    }

    /// Counts the nodes of a tree that is kept or copied.
    pub(super) fn spend(&mut self, tree: &Node, at: &Position) -> Result<(), Problem> {
        let (nodes, bytes) = tree.weight();
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > self.limits.all_nodes {
            return Err(Problem::at(
                at,
                format!("more than {} values in all files, with what is included and extended", self.limits.all_nodes),
            ));
        }
        self.spend_bytes(bytes, at)
    }

    /// Counts bytes of text that is kept.
    pub(super) fn spend_bytes(&mut self, bytes: usize, at: &Position) -> Result<(), Problem> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.limits.all_bytes {
            let message = format!(
                "more than {} bytes in all files, with their variables and extended services",
                self.limits.all_bytes
            );
            return Err(Problem::at(at, message));
        }
        Ok(())
    }
}
