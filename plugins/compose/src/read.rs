//! Reading typed values out of the tree, collecting every problem on the way.
//!
//! A value that is wrong is reported once, with its path and place, and reading goes on without it.

mod fields;
mod json;
mod units;

pub(crate) use fields::{Fields, choice};
pub(crate) use json::json;
pub(crate) use units::{bytes, decimal, duration, go_duration};

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::fmt::Display;

use crate::yaml::{Mapping, Node, Resolved, Value};
use crate::{Limits, Position, Problem};

/// Collects problems and warnings.
#[derive(Debug)]
pub(crate) struct Report {
    problems: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<String>>,
    /// Whether only shapes count: types and keys.
    shapes_only: Cell<bool>,
    limit: usize,
}

impl Report {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            problems: RefCell::default(),
            warnings: RefCell::default(),
            shapes_only: Cell::default(),
            limit: limits.problems,
        }
    }

    /// While `read` runs, only types and keys are checked, and not what a value says. Docker Compose reads services of
    /// inactive profiles like that.
    pub(crate) fn shapes_only<T>(&self, read: impl FnOnce() -> T) -> T {
        let before = self.shapes_only.replace(true);
        let value = read();
        self.shapes_only.set(before);
        value
    }

    pub(crate) fn problem(&self, problem: Problem) {
        if !self.shapes_only.get() {
            self.shape(problem);
        }
    }

    /// Whether there are so many problems that further ones are not kept.
    pub(crate) fn is_full(&self) -> bool {
        self.problems.borrow().len() >= self.limit
    }

    /// A wrong type, an unknown or a missing key.
    pub(crate) fn shape(&self, problem: Problem) {
        let mut problems = self.problems.borrow_mut();
        if problems.len() < self.limit {
            problems.push(problem);
        }
    }

    pub(crate) fn at(&self, position: &Position, message: impl Into<String>) {
        self.problem(Problem::at(position, message));
    }

    pub(crate) fn warn(&self, warning: String) {
        if self.shapes_only.get() {
            return;
        }
        let mut warnings = self.warnings.borrow_mut();
        if warnings.len() < self.limit && !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    /// The problems until now.
    pub(crate) fn taken(&self) -> Vec<Problem> {
        self.problems.take()
    }

    pub(crate) fn finish(self) -> (Vec<Problem>, Vec<String>) {
        (self.problems.into_inner(), self.warnings.into_inner())
    }

    fn wrong_type(&self, node: &Node, path: &dyn Display, expected: &str) {
        self.shape(Problem::at(&node.position, format!("`{path}` must be {expected}, not {}", node.kind())));
    }

    /// A text, number or boolean as text; nothing for null.
    pub(crate) fn text(&self, node: &Node, path: &dyn Display) -> Option<String> {
        match &node.value {
            Value::Scalar(_) if node.is_null() => None,
            Value::Scalar(scalar) if scalar.resolve() != Resolved::Date => Some(scalar.to_text()),
            _ => {
                self.no_text(node, path);
                None
            }
        }
    }

    fn no_text(&self, node: &Node, path: &dyn Display) {
        let problem = Problem::at(&node.position, format!("`{path}` must be a text, not {}", node.kind()));
        self.shape(match &node.value {
            Value::Scalar(scalar) if !node.is_null() => problem.hint(format!("write `\"{}\"`", scalar.written())),
            _ => problem,
        });
    }

    /// A text and nothing else: where Compose takes no number and no boolean.
    pub(crate) fn string(&self, node: &Node, path: &dyn Display) -> Option<String> {
        match &node.value {
            Value::Scalar(scalar) if scalar.resolve() == Resolved::Text => Some(scalar.written().to_owned()),
            _ => {
                self.no_text(node, path);
                None
            }
        }
    }

    /// A text that is not empty.
    pub(crate) fn name(&self, node: &Node, path: &dyn Display) -> Option<String> {
        let text = self.string(node, path)?;
        if text.is_empty() {
            self.at(&node.position, format!("`{path}` must not be empty"));
            return None;
        }
        Some(text)
    }

    /// A boolean; texts as Compose reads them after interpolation.
    pub(crate) fn boolean(&self, node: &Node, path: &dyn Display) -> Option<bool> {
        if let Value::Scalar(scalar) = &node.value {
            match scalar.resolve() {
                Resolved::Boolean(value) => return Some(value),
                Resolved::Null | Resolved::Integer(_) | Resolved::Float(_) | Resolved::Date => {
                    self.wrong_type(node, path, "`true` or `false`");
                    return None;
                }
                Resolved::Text => {}
            }
            match scalar.written().to_ascii_lowercase().as_str() {
                "true" | "y" | "yes" | "on" => return Some(true),
                "false" | "n" | "no" | "off" => return Some(false),
                other => {
                    self.at(&node.position, format!("`{path}` must be `true` or `false`, not `{other}`"));
                    return None;
                }
            }
        }
        self.wrong_type(node, path, "`true` or `false`");
        None
    }

    /// A boolean and no text.
    pub(crate) fn truth(&self, node: &Node, path: &dyn Display) -> Option<bool> {
        if matches!(&node.value, Value::Scalar(scalar) if scalar.is_text()) {
            self.wrong_type(node, path, "`true` or `false`");
            return None;
        }
        self.boolean(node, path)
    }

    /// A whole number, also as text. `1.0` is one; Docker Compose would cut `1.5` to 1 without a word.
    pub(crate) fn integer(&self, node: &Node, path: &dyn Display) -> Option<i64> {
        if let Value::Scalar(scalar) = &node.value {
            match scalar.resolve() {
                Resolved::Integer(value) => return Some(value),
                Resolved::Null | Resolved::Boolean(_) | Resolved::Date => {
                    self.wrong_type(node, path, "a whole number");
                    return None;
                }
                Resolved::Float(value) => {
                    let whole = whole(value);
                    if whole.is_none() {
                        let written = scalar.written();
                        self.at(&node.position, format!("`{path}` must be a whole number, not `{written}`"));
                    }
                    return whole;
                }
                Resolved::Text => {}
            }
            let value = scalar.written().parse().ok();
            if value.is_none() {
                let written = scalar.written();
                self.at(&node.position, format!("`{path}` must be a whole number, not `{written}`"));
            }
            return value;
        }
        self.wrong_type(node, path, "a whole number");
        None
    }

    /// A whole number that is written as one, also as text: where Compose takes no `1.0`.
    pub(crate) fn plain_integer(&self, node: &Node, path: &dyn Display) -> Option<i64> {
        if matches!(&node.value, Value::Scalar(scalar) if matches!(scalar.resolve(), Resolved::Float(_))) {
            self.wrong_type(node, path, "a whole number");
            return None;
        }
        self.integer(node, path)
    }

    /// A whole number and no text: where Compose takes none, not even that of a variable.
    pub(crate) fn number(&self, node: &Node, path: &dyn Display) -> Option<i64> {
        if matches!(&node.value, Value::Scalar(scalar) if scalar.resolve() == Resolved::Text) {
            self.wrong_type(node, path, "a number");
            return None;
        }
        self.integer(node, path)
    }

    /// Bytes: a whole number of them, or a text with a unit. A number with a fraction is refused: Docker Compose
    /// takes it as 0, which for a limit is none at all.
    pub(crate) fn size(&self, node: &Node, path: &dyn Display) -> Option<i64> {
        let Value::Scalar(scalar) = &node.value else {
            self.wrong_type(node, path, "a size");
            return None;
        };
        match scalar.resolve() {
            Resolved::Integer(value) if value >= 0 => Some(value),
            Resolved::Text => self.understood(node, path, scalar.written(), bytes),
            Resolved::Null | Resolved::Boolean(_) | Resolved::Date => {
                self.wrong_type(node, path, "a size");
                None
            }
            Resolved::Integer(_) | Resolved::Float(_) => {
                let written = scalar.written();
                let problem = Problem::at(&node.position, format!("`{path}`: `{written}` is not a number of bytes"));
                self.problem(problem.hint("write a whole number of bytes, or a text with a unit such as `\"1.5g\"`"));
                None
            }
        }
    }

    /// A value that a function reads from a text or a number, which may have a fraction.
    pub(crate) fn decimal<T>(
        &self,
        node: &Node,
        path: &dyn Display,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let wrong = |value| matches!(value, Resolved::Null | Resolved::Boolean(_));
        self.text_unless(node, path, wrong, "a text or a number", read)
    }

    /// A value that a function reads from a text or a whole number.
    pub(crate) fn parsed<T>(
        &self,
        node: &Node,
        path: &dyn Display,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let wrong = |value| matches!(value, Resolved::Null | Resolved::Boolean(_) | Resolved::Float(_));
        self.text_unless(node, path, wrong, "a text or a whole number", read)
    }

    fn text_unless<T>(
        &self,
        node: &Node,
        path: &dyn Display,
        wrong: impl Fn(Resolved) -> bool,
        wanted: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        if let Value::Scalar(scalar) = &node.value
            && wrong(scalar.resolve())
        {
            self.wrong_type(node, path, wanted);
            return None;
        }
        self.understood(node, path, &self.text(node, path)?, read)
    }

    /// A value that a function reads from a text only.
    pub(crate) fn parsed_string<T>(
        &self,
        node: &Node,
        path: &dyn Display,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.understood(node, path, &self.string(node, path)?, read)
    }

    fn understood<T>(
        &self,
        node: &Node,
        path: &dyn Display,
        text: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        match read(text) {
            Ok(value) => Some(value),
            Err(why) => {
                self.at(&node.position, format!("`{path}`: {why}"));
                None
            }
        }
    }

    /// A list of texts; with `one`, a single text is a list of one.
    pub(crate) fn strings(&self, node: &Node, path: &dyn Display, one: bool) -> Vec<String> {
        match &node.value {
            Value::Sequence(items) => items.iter().filter_map(|item| self.string(item, path)).collect(),
            Value::Scalar(_) if one && !node.is_null() => self.string(node, path).into_iter().collect(),
            _ => {
                self.wrong_type(node, path, if one { "a text or a list of texts" } else { "a list of texts" });
                Vec::new()
            }
        }
    }

    /// The same list, in which nothing may be there twice.
    pub(crate) fn unique(&self, node: &Node, path: &dyn Display, list: Vec<String>) -> Vec<String> {
        let mut seen = HashSet::new();
        if let Some(item) = list.iter().find(|item| !seen.insert(item.as_str())) {
            self.shape(Problem::at(&node.position, format!("`{path}` has `{item}` twice")));
        }
        list
    }

    /// A list of texts and whole numbers.
    pub(crate) fn texts(&self, node: &Node, path: &dyn Display) -> Vec<String> {
        let read = |item: &Node| self.parsed(item, path, |text| Ok(text.to_owned()));
        self.items(node, path).iter().filter_map(read).collect()
    }

    /// The items of a list.
    pub(crate) fn items<'a>(&self, node: &'a Node, path: &dyn Display) -> &'a [Node] {
        if let Value::Sequence(items) = &node.value {
            return items;
        }
        self.wrong_type(node, path, "a list");
        &[]
    }

    /// A mapping.
    pub(crate) fn mapping<'a>(&self, node: &'a Node, path: &dyn Display) -> Option<&'a Mapping> {
        if let Value::Mapping(mapping) = &node.value {
            return Some(mapping);
        }
        self.wrong_type(node, path, "a mapping");
        None
    }

    /// A mapping of texts, numbers and booleans; a value is none for null.
    pub(crate) fn pairs(&self, node: &Node, path: &dyn Display) -> BTreeMap<String, Option<String>> {
        let Some(mapping) = self.mapping(node, path) else { return BTreeMap::new() };
        let mut pairs = BTreeMap::new();
        for entry in &mapping.entries {
            if entry.key.is_empty() {
                self.at(&entry.position, format!("`{path}` has a value without a name"));
                continue;
            }
            let value = self.text(&entry.value, &format!("{path}.{}", entry.key));
            pairs.insert(entry.key.clone(), value);
        }
        pairs
    }

    /// A mapping of texts in which null is the empty text.
    pub(crate) fn text_pairs(&self, node: &Node, path: &dyn Display) -> BTreeMap<String, String> {
        self.pairs(node, path).into_iter().map(|(key, value)| (key, value.unwrap_or_default())).collect()
    }
}

/// The whole number that a number with a point is, where it is one.
fn whole(value: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be far below 2^63")]
    (value.fract() == 0.0 && value.abs() < 9e15).then_some(value as i64)
}
