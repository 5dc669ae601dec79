//! The keys of a mapping: which are read, which are refused, which nobody knows.

use std::fmt;

use super::Report;
use crate::Problem;
use crate::yaml::{Mapping, Node};

/// The fields of one mapping while it is read.
pub(crate) struct Fields<'a> {
    report: &'a Report,
    mapping: &'a Mapping,
    path: String,
    read: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// `path` names the mapping in errors: `services.web`.
    pub(crate) fn new(report: &'a Report, mapping: &'a Mapping, path: String) -> Self {
        Self { report, mapping, path, read: Vec::new() }
    }

    /// The value of a key, which is known from now on.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<&'a Node> {
        self.read.push(key);
        self.mapping.get(key)
    }

    /// The path of a key.
    pub(crate) fn path(&self, key: &'static str) -> Path<'_> {
        Path { parent: &self.path, key }
    }

    /// Reads a key where it is there.
    pub(crate) fn with<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Report, &'a Node, &Path<'_>) -> T,
    ) -> Option<T> {
        let node = self.take(key)?;
        Some(read(self.report, node, &Path { parent: &self.path, key }))
    }

    pub(crate) fn text(&mut self, key: &'static str) -> Option<String> {
        self.with(key, |report, node, path| report.text(node, path)).flatten()
    }

    pub(crate) fn boolean(&mut self, key: &'static str) -> Option<bool> {
        self.with(key, |report, node, path| report.boolean(node, path)).flatten()
    }

    pub(crate) fn parsed<T>(&mut self, key: &'static str, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        self.with(key, |report, node, path| report.parsed(node, path, read)).flatten()
    }

    pub(crate) fn texts(&mut self, key: &'static str) -> Vec<String> {
        self.with(key, |report, node, path| report.texts(node, path, true)).unwrap_or_default()
    }

    /// Refuses every key that was not read: those of `known` as not supported yet, others as unknown.
    /// `x-` keys are the writer's own.
    pub(crate) fn finish(self, known: &[&'static str]) {
        for entry in &self.mapping.entries {
            let key = entry.key.as_str();
            if self.read.contains(&key) || key.starts_with("x-") {
                continue;
            }
            let path = format!("{}{}{key}", self.path, if self.path.is_empty() { "" } else { "." });
            if known.contains(&key) {
                self.report.at(&entry.position, format!("`{path}` is not supported yet"));
                continue;
            }
            let problem = Problem::at(&entry.position, format!("`{path}`: Compose knows no key `{key}` here"));
            let candidates = self.read.iter().chain(known);
            self.report.problem(match nearest(key, candidates) {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem,
            });
        }
    }
}

/// The known key that a mistyped one is most like.
fn nearest<'a>(key: &str, candidates: impl Iterator<Item = &'a &'static str>) -> Option<&'static str> {
    candidates
        .map(|candidate| (strsim::jaro_winkler(key, candidate), *candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, candidate)| candidate)
}

/// The path of a key, written only when an error needs it.
pub(crate) struct Path<'a> {
    parent: &'a str,
    key: &'static str,
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.parent.is_empty() {
            formatter.write_str(self.key)
        } else {
            write!(formatter, "{}.{}", self.parent, self.key)
        }
    }
}
