//! The keys of a mapping: which are read, which are refused, which are unknown.

use std::collections::BTreeMap;
use std::fmt;

use super::{Report, decimal};
use crate::yaml::{Entry, Mapping, Node};
use crate::{Position, Problem};

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

    /// A text and nothing else.
    pub(crate) fn string(&mut self, key: &'static str) -> Option<String> {
        self.with(key, |report, node, path| report.string(node, path)).flatten()
    }

    /// A text; an empty one says nothing.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<String> {
        self.string(key).filter(|text| !text.is_empty())
    }

    pub(crate) fn boolean(&mut self, key: &'static str) -> Option<bool> {
        self.with(key, |report, node, path| report.boolean(node, path)).flatten()
    }

    /// A boolean and no text: where Compose takes none, not even that of a variable.
    pub(crate) fn truth(&mut self, key: &'static str) -> Option<bool> {
        self.with(key, |report, node, path| report.truth(node, path)).flatten()
    }

    pub(crate) fn integer(&mut self, key: &'static str) -> Option<i64> {
        self.with(key, |report, node, path| report.integer(node, path)).flatten()
    }

    /// A whole number that is not negative.
    pub(crate) fn count(&mut self, key: &'static str) -> Option<u64> {
        self.with(key, |report, node, path| {
            let value = report.integer(node, path)?;
            let count = u64::try_from(value).ok();
            if count.is_none() {
                report.at(&node.position, format!("`{path}` must not be negative, but is `{value}`"));
            }
            count
        })
        .flatten()
    }

    /// A whole number and no text.
    pub(crate) fn number(&mut self, key: &'static str) -> Option<i64> {
        self.with(key, |report, node, path| report.number(node, path)).flatten()
    }

    /// A whole number within bounds, also as text.
    pub(crate) fn between(&mut self, key: &'static str, least: i64, most: i64) -> Option<i64> {
        self.with(key, |report, node, path| {
            let value = report.integer(node, path)?;
            let fits = (least..=most).contains(&value);
            if !fits {
                report.at(&node.position, format!("`{path}`: `{value}` is not a number between {least} and {most}"));
            }
            fits.then_some(value)
        })
        .flatten()
    }

    /// Bytes.
    pub(crate) fn size(&mut self, key: &'static str) -> Option<i64> {
        self.with(key, |report, node, path| report.size(node, path)).flatten()
    }

    /// A number that may have a fraction, in billionths.
    pub(crate) fn decimal(&mut self, key: &'static str) -> Option<i64> {
        self.with(key, |report, node, path| report.decimal(node, path, decimal)).flatten()
    }

    /// A text or a whole number that a function reads.
    pub(crate) fn parsed<T>(&mut self, key: &'static str, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        self.with(key, |report, node, path| report.parsed(node, path, read)).flatten()
    }

    /// A text that a function reads.
    pub(crate) fn parsed_string<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.with(key, |report, node, path| report.parsed_string(node, path, read)).flatten()
    }

    /// One of some words.
    pub(crate) fn word(&mut self, key: &'static str, words: &[&str]) -> Option<String> {
        self.parsed_string(key, |text| {
            if words.contains(&text) { Ok(text.to_owned()) } else { Err(format!("`{text}` is not {}", choice(words))) }
        })
    }

    /// One of some words, or an empty text, which comes from a variable that is not set and says nothing.
    pub(crate) fn word_or_none(&mut self, key: &'static str, words: &[&str]) -> Option<String> {
        if self.mapping.get(key).and_then(Node::as_text).is_some_and(|text| text.is_empty()) {
            return self.text(key);
        }
        self.word(key, words)
    }

    /// A list of texts, in which the same may stand again.
    pub(crate) fn list(&mut self, key: &'static str) -> Vec<String> {
        self.with(key, |report, node, path| report.strings(node, path, false)).unwrap_or_default()
    }

    /// A list of texts.
    pub(crate) fn strings(&mut self, key: &'static str) -> Vec<String> {
        self.with(key, |report, node, path| report.unique(node, path, report.strings(node, path, false)))
            .unwrap_or_default()
    }

    /// A text, or a list of texts.
    pub(crate) fn one_or_more(&mut self, key: &'static str) -> Vec<String> {
        self.with(key, |report, node, path| report.unique(node, path, report.strings(node, path, true)))
            .unwrap_or_default()
    }

    /// A mapping of texts.
    pub(crate) fn pairs(&mut self, key: &'static str) -> BTreeMap<String, String> {
        self.with(key, |report, node, path| report.text_pairs(node, path)).unwrap_or_default()
    }

    /// A mapping of texts and nothing else.
    pub(crate) fn texts(&mut self, key: &'static str) -> BTreeMap<String, String> {
        self.with(key, |report, node, path| {
            let entries = report.mapping(node, path).map(|mapping| mapping.entries.as_slice()).unwrap_or_default();
            let read = |entry: &Entry| {
                let text = report.string(&entry.value, &format!("{path}.{}", entry.key))?;
                Some((entry.key.clone(), text))
            };
            entries.iter().filter_map(read).collect()
        })
        .unwrap_or_default()
    }

    /// A mapping of texts and numbers, options of drivers. With `empty`, one may say nothing.
    pub(crate) fn options(&mut self, key: &'static str, empty: bool) -> BTreeMap<String, String> {
        self.with(key, |report, node, path| {
            let entries = report.mapping(node, path).map(|mapping| mapping.entries.as_slice()).unwrap_or_default();
            let read = |entry: &Entry| {
                let path = format!("{path}.{}", entry.key);
                if empty && entry.value.is_null() {
                    return Some((entry.key.clone(), String::new()));
                }
                Some((entry.key.clone(), report.decimal(&entry.value, &path, |text| Ok(text.to_owned()))?))
            };
            entries.iter().filter_map(read).collect()
        })
        .unwrap_or_default()
    }

    /// Reads the fields of a mapping below this one.
    pub(crate) fn inner<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Fields<'a>) -> T) -> Option<T> {
        let node = self.take(key)?;
        let path = self.path(key).to_string();
        let mapping = self.report.mapping(node, &path)?;
        let mut fields = Fields::new(self.report, mapping, path);
        let value = read(&mut fields);
        fields.finish(&[]);
        Some(value)
    }

    /// Reads every mapping of a list, each with its place.
    pub(crate) fn each<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&mut Fields<'a>, &Position) -> Option<T>,
    ) -> Vec<T> {
        let Some(node) = self.take(key) else { return Vec::new() };
        let path = self.path(key).to_string();
        let mut values = Vec::new();
        for item in self.report.items(node, &path) {
            let Some(mapping) = self.report.mapping(item, &path) else { continue };
            let mut fields = Fields::new(self.report, mapping, path.clone());
            values.extend(read(&mut fields, &item.position));
            fields.finish(&[]);
        }
        values
    }

    /// Whether a key is there, whatever its value.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.mapping.get(key).is_some()
    }

    /// Reports a key that must be there and is not.
    pub(crate) fn require(&self, node: &Position, key: &'static str) {
        self.report.shape(Problem::at(node, format!("`{}` is missing", self.path(key))));
    }

    /// Reports a key that Docker Compose does without and no engine does.
    pub(crate) fn missing(&self, position: &Position, key: &'static str) {
        self.report.at(position, format!("`{}` is missing", self.path(key)));
    }

    /// The problems' collector.
    pub(crate) fn report(&self) -> &'a Report {
        self.report
    }

    /// Refuses every key that was not read: those of `refused` with the reason, others as unknown. `x-` keys are the
    /// writer's own.
    pub(crate) fn finish(self, refused: &[(&'static str, &'static str)]) {
        for entry in &self.mapping.entries {
            let key = entry.key.as_str();
            if self.read.contains(&key) || key.starts_with("x-") {
                continue;
            }
            // Looking for the nearest key takes its time.
            if self.report.is_full() {
                return;
            }
            let path = format!("{}{}{key}", self.path, if self.path.is_empty() { "" } else { "." });
            if let Some((_, why)) = refused.iter().find(|(name, _)| *name == key) {
                self.report.at(&entry.position, format!("`{path}` is refused: {why}"));
                continue;
            }
            let problem = Problem::at(&entry.position, format!("`{path}`: Compose knows no key `{key}` here"));
            let candidates = self.read.iter().copied().chain(refused.iter().map(|(name, _)| *name));
            self.report.shape(match crate::nearest::nearest(key, candidates) {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem,
            });
        }
    }
}

/// ``` `a`, `b` or `c` ```
pub(crate) fn choice(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
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
