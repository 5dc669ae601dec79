//! `x-windlass`: how a service is replaced. Docker Compose ignores it.

use std::time::Duration;

use super::Context;
use crate::read::{Fields, duration};
use crate::yaml::Node;

/// What a service says about being replaced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extension {
    /// Which of old and new gives way first; none lets the strategy decide.
    pub replace: Option<Replace>,
    /// How long the old container may finish what it began after the new one has taken over.
    pub drain: Option<Duration>,
    /// How long the service may take to become healthy, or a job to end.
    pub deadline: Option<Duration>,
}

/// Which of old and new gives way first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replace {
    /// The new container runs before the old one stops.
    StartFirst,
    /// The old container stops before the new one starts.
    StopFirst,
}

pub(super) fn read(context: &Context<'_>, node: &Node, path: &str) -> Extension {
    let Some(mapping) = context.report.mapping(node, &path) else { return Extension::default() };
    let mut fields = Fields::new(context.report, mapping, path.to_owned());
    let extension = Extension {
        replace: fields.parsed("replace", |text| match text {
            "start-first" => Ok(Replace::StartFirst),
            "stop-first" => Ok(Replace::StopFirst),
            _ => Err(format!("`{text}` is not `start-first` or `stop-first`")),
        }),
        drain: fields.parsed("drain", duration),
        deadline: fields.parsed("deadline", duration),
    };
    fields.finish(&[]);
    extension
}
