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
    /// Between two checks during the start period. Needs an engine of API 1.44.
    pub start_interval: Option<Duration>,
    /// Failures in a row until it is unhealthy.
    pub retries: Option<i64>,
    /// Whether it was switched off by `disable`, whatever `test` says.
    pub disable: bool,
}

impl Healthcheck {
    /// Whether there is none, whatever the image says.
    #[must_use]
    pub fn is_disabled(&self) -> bool {
        self.disable || self.test.as_ref().is_some_and(|test| test.first().is_some_and(|word| word == "NONE"))
    }
}

pub(super) fn read(context: &Context<'_>, node: &Node, path: &str) -> Option<Healthcheck> {
    let mapping = context.report.mapping(node, &path)?;
    let mut fields = Fields::new(context.report, mapping, path.to_owned());
    let healthcheck = Healthcheck {
        test: fields.with("test", |_, node, path| test(context, node, path)).flatten(),
        interval: fields.parsed_string("interval", duration),
        timeout: fields.parsed_string("timeout", duration),
        start_period: fields.parsed_string("start_period", duration),
        start_interval: fields.parsed_string("start_interval", duration),
        retries: fields.count("retries").and_then(|retries| i64::try_from(retries).ok()),
        disable: fields.boolean("disable").unwrap_or(false),
    };
    fields.finish(&[]);
    Some(healthcheck)
}

fn test(context: &Context<'_>, node: &Node, path: &dyn std::fmt::Display) -> Option<Vec<String>> {
    if let Value::Scalar(_) = &node.value {
        return context.report.string(node, path).map(|command| vec!["CMD-SHELL".to_owned(), command]);
    }
    let words = context.report.strings(node, path, false);
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
