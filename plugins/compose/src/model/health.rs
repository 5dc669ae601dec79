//! `healthcheck`.

use std::time::Duration;

use super::Context;
use crate::read::{Fields, duration};
use crate::yaml::{Node, Value};

/// How the engine asks a container whether it is well. What is none is left to the image or the engine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Healthcheck {
    /// `["CMD", …]`, `["CMD-SHELL", "…"]`, or `["NONE"]` to turn the image's own off.
    pub test: Option<Vec<String>>,
    /// Between two checks.
    pub interval: Option<Duration>,
    /// For one check.
    pub timeout: Option<Duration>,
    /// During which failures do not count.
    pub start_period: Option<Duration>,
    /// Failures in a row until it is unhealthy.
    pub retries: Option<i64>,
}

impl Healthcheck {
    /// Whether there is none, whatever the image says.
    #[must_use]
    pub fn is_disabled(&self) -> bool {
        self.test.as_ref().is_some_and(|test| test.first().is_some_and(|word| word == "NONE"))
    }
}

pub(super) fn read(context: &Context<'_>, node: &Node, path: &str) -> Option<Healthcheck> {
    let mapping = context.report.mapping(node, &path)?;
    let mut fields = Fields::new(context.report, mapping, path.to_owned());
    let mut healthcheck = Healthcheck {
        test: fields.with("test", |_, node, path| test(context, node, path)).flatten(),
        interval: fields.parsed("interval", duration),
        timeout: fields.parsed("timeout", duration),
        start_period: fields.parsed("start_period", duration),
        retries: fields.with("retries", |report, node, path| report.integer(node, path)).flatten(),
    };
    if fields.boolean("disable") == Some(true) {
        healthcheck.test = Some(vec!["NONE".to_owned()]);
    }
    fields.finish(&["start_interval"]);
    Some(healthcheck)
}

fn test(context: &Context<'_>, node: &Node, path: &dyn std::fmt::Display) -> Option<Vec<String>> {
    if let Value::Scalar(_) = &node.value {
        return context.report.text(node, path).map(|command| vec!["CMD-SHELL".to_owned(), command]);
    }
    let words = context.report.texts(node, path, false);
    match words.first().map(String::as_str) {
        Some("NONE" | "CMD" | "CMD-SHELL") => Some(words),
        Some(other) => {
            context
                .report
                .at(&node.position, format!("`{path}` must begin with `CMD`, `CMD-SHELL` or `NONE`, not `{other}`"));
            None
        }
        None => None,
    }
}
