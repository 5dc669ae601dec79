//! Where a value came from: `windlass config --explain`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::load::Loaded;
use crate::trace::{Source, Step, Variable};
use crate::yaml::{Node, Value};
use crate::{Limits, Position};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The whole path: `services.web.environment.LOG_LEVEL`.
    pub path: String,
    /// The value, where it is a text, number or boolean.
    pub value: Option<String>,
    /// Where it is written.
    pub position: Position,
    /// What happened to it, newest first.
    pub steps: Vec<Step>,
    /// Where the parts of a list or mapping came from.
    pub parts: Vec<Origin>,
}

/// Values that stand in no Compose file: those of env files, and variables that are passed on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origins {
    /// By service and variable.
    pub(crate) environment: BTreeMap<String, BTreeMap<String, FromOutside>>,
    /// Variables of env files that are not set.
    pub(crate) unset: BTreeSet<String>,
}

/// A variable of a container whose value is in no Compose file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FromOutside {
    pub(crate) value: Option<String>,
    pub(crate) position: Position,
    /// For one that is passed on.
    pub(crate) variable: Option<Variable>,
}

impl Loaded {
    /// The variables of containers whose value is in an env file: the service, the variable and the file.
    pub fn from_env_files(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.origins.environment.iter().flat_map(|(service, variables)| {
            let plain = variables.iter().filter(|(_, outside)| outside.variable.is_none());
            plain.map(|(name, outside)| (service.as_str(), name.as_str(), &*outside.position.file))
        })
    }

    /// Where the value at a path came from: `web.environment.LOG_LEVEL`, `web.ports`, `web.ports.0`,
    /// `networks.front.driver`. None where no file says anything there.
    #[must_use]
    pub fn explain(&self, path: &str) -> Option<Origin> {
        let below = format!("services.{path}");
        self.at(path).or_else(|| self.at(&below))
    }

    fn at(&self, path: &str) -> Option<Origin> {
        let mut way = Vec::new();
        if let Some(node) = find(&self.tree, path, &mut way) {
            return Some(self.origin(node, &way));
        }
        // A variable of a container that only an env file has.
        let (service, name) = path.strip_prefix("services.")?.split_once(".environment.")?;
        let outside = self.origins.environment.get(service)?.get(name)?;
        Some(self.outside(path.to_owned(), outside))
    }

    fn origin(&self, node: &Node, way: &[String]) -> Origin {
        let path = way.join(".");
        let below = |key: String| way.iter().cloned().chain(std::iter::once(key)).collect::<Vec<_>>();
        let mut parts: Vec<Origin> = match &node.value {
            Value::Scalar(_) => Vec::new(),
            Value::Sequence(items) => {
                items.iter().enumerate().map(|(index, item)| self.origin(item, &below(index.to_string()))).collect()
            }
            Value::Mapping(mapping) => {
                mapping.entries.iter().map(|entry| self.origin(&entry.value, &below(entry.key.clone()))).collect()
            }
        };
        if let [group, service, key] = way
            && (group.as_str(), key.as_str()) == ("services", "environment")
        {
            let written: BTreeSet<String> = parts.iter().map(|part| part.path.clone()).collect();
            for (name, outside) in self.origins.environment.get(service).into_iter().flatten() {
                let path = format!("{path}.{name}");
                if !written.contains(&path) {
                    parts.push(self.outside(path, outside));
                }
            }
        }
        let mut value = node.as_text();
        let mut steps = node.history();
        if let [group, service, key, name] = way
            && (group.as_str(), key.as_str()) == ("services", "environment")
            && node.is_null()
            && let Some(outside) = self.origins.environment.get(service).and_then(|names| names.get(name))
        {
            value.clone_from(&outside.value);
            steps.splice(0..0, passed_on(outside));
        }
        steps.extend(self.includes(&node.position));
        Origin { path, value, position: node.position.clone(), steps, parts }
    }

    fn outside(&self, path: String, outside: &FromOutside) -> Origin {
        let steps = passed_on(outside).into_iter().chain(self.includes(&outside.position)).collect();
        Origin { path, value: outside.value.clone(), position: outside.position.clone(), steps, parts: Vec::new() }
    }

    /// The places that include the file of a value, nearest first.
    fn includes(&self, position: &Position) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut next = self.included.get(&position.file);
        while let Some(position) = next.filter(|_| steps.len() <= Limits::default().include_depth) {
            steps.push(Step::Included { position: position.clone() });
            next = self.included.get(&position.file);
        }
        steps
    }
}

fn passed_on(outside: &FromOutside) -> Option<Step> {
    let variable = outside.variable.clone()?;
    Some(Step::Interpolated { written: variable.name.clone(), variables: vec![variable] })
}

/// The value at a path. Keys may hold dots, so longer keys are tried first.
fn find<'a>(node: &'a Node, path: &str, way: &mut Vec<String>) -> Option<&'a Node> {
    if path.is_empty() {
        return Some(node);
    }
    match &node.value {
        Value::Scalar(_) => None,
        Value::Sequence(items) => {
            let (index, rest) = path.split_once('.').unwrap_or((path, ""));
            let number: usize = index.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
            way.push(number.to_string());
            let found = items.get(number).and_then(|item| find(item, rest, way));
            if found.is_none() {
                way.pop();
            }
            found
        }
        Value::Mapping(mapping) => {
            let mut fitting: Vec<_> = mapping
                .entries
                .iter()
                .filter_map(|entry| {
                    let rest = path.strip_prefix(entry.key.as_str())?;
                    let rest = if rest.is_empty() {
                        rest
                    } else {
                        rest.strip_prefix('.').or(Some(rest).filter(|rest| rest.starts_with('[')))?
                    };
                    Some((entry, rest))
                })
                .collect();
            fitting.sort_by_key(|(_, rest)| rest.len());
            fitting.into_iter().find_map(|(entry, rest)| {
                way.push(entry.key.clone());
                let found = find(&entry.value, rest, way);
                if found.is_none() {
                    way.pop();
                }
                found
            })
        }
    }
}

impl fmt::Display for Origin {
    /// One line for each fact, the value first, parts indented.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(formatter, 0)
    }
}

impl Origin {
    fn write(&self, formatter: &mut fmt::Formatter<'_>, indent: usize) -> fmt::Result {
        let margin = "  ".repeat(indent);
        let value = self.value.as_ref().map(|value| format!(" = {value}")).unwrap_or_default();
        writeln!(formatter, "{margin}{}{value}", self.path)?;
        writeln!(formatter, "{margin}  written at {}", self.position)?;
        for step in &self.steps {
            writeln!(formatter, "{margin}  {step}")?;
        }
        self.parts.iter().try_for_each(|part| part.write(formatter, indent + 1))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interpolated { written, variables } => {
                write!(formatter, "as `{written}`")?;
                variables
                    .iter()
                    .try_for_each(|variable| write!(formatter, ", where `{}` {}", variable.name, variable.source))
            }
            Self::Replaced { position, value: Some(value) } => {
                write!(formatter, "in place of `{value}` at {position}")
            }
            Self::Replaced { position, value: None } => write!(formatter, "in place of what is at {position}"),
            Self::Extended { position } => write!(formatter, "through `extends` at {position}"),
            Self::Included { position } => write!(formatter, "in a file that is included at {position}"),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given => formatter.write_str("is a variable of the release"),
            Self::File(position) => write!(formatter, "is set at {position}"),
            Self::Name => formatter.write_str("is the application's `name`"),
            Self::Default => formatter.write_str("takes what stands after its operator"),
            Self::Unset => formatter.write_str("is not set, and taken as empty"),
        }
    }
}
