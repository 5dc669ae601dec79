//! `depends_on`.

use std::collections::BTreeMap;

use super::{Context, ModeKind, Service, VolumesSource};
use crate::Position;
use crate::read::Fields;
use crate::yaml::Node;

/// That a service needs another one first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// What must be true of the other one.
    pub condition: Condition,
    /// Whether a dependency that is not part of the deployment is an error.
    pub required: bool,
    /// Whether Docker Compose restarts this service when it restarts the other one.
    pub restart: bool,
    /// Whether another element says it: a link, a namespace, mounts.
    pub implied: bool,
    /// Where it was written.
    pub position: Position,
}

/// What must be true of a service before another one starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// It was started.
    Started,
    /// Its health check says so.
    Healthy,
    /// It ended, with exit code 0.
    Completed,
}

impl Condition {
    /// The word of the Compose specification.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "service_started",
            Self::Healthy => "service_healthy",
            Self::Completed => "service_completed_successfully",
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        [Self::Started, Self::Healthy, Self::Completed]
            .into_iter()
            .find(|condition| condition.as_str() == text)
            .ok_or_else(|| {
                format!(
                    "`{text}` is not a condition; write `service_started`, `service_healthy` or \
                     `service_completed_successfully`"
                )
            })
    }
}

pub(super) fn read(context: &Context<'_>, node: &Node, path: &str) -> BTreeMap<String, Dependency> {
    let mut dependencies = BTreeMap::new();
    let Some(mapping) = context.report.mapping(node, &path) else { return dependencies };
    for entry in &mapping.entries {
        let path = format!("{path}.{}", entry.key);
        let mut dependency = Dependency {
            condition: Condition::Started,
            required: true,
            restart: false,
            implied: false,
            position: entry.position.clone(),
        };
        if let Some(mapping) = context.report.mapping(&entry.value, &path) {
            let mut fields = Fields::new(context.report, mapping, path);
            if mapping.get("condition").is_none() {
                fields.require(&entry.position, "condition");
            }
            if let Some(condition) = fields.parsed_string("condition", Condition::read) {
                dependency.condition = condition;
            }
            dependency.required = fields.truth("required").unwrap_or(true);
            dependency.restart = fields.boolean("restart").unwrap_or(false);
            fields.finish(&[]);
        }
        dependencies.insert(entry.key.clone(), dependency);
    }
    dependencies
}

/// Services that a service needs because of its other elements. What `depends_on` says of them stands.
pub(super) fn implicit(service: &mut Service) {
    let mut found: Vec<(String, bool, Position)> = Vec::new();
    for link in &service.links {
        found.push((link.service.clone(), true, link.position.clone()));
    }
    for (_, mode) in service.namespaces.given() {
        if let ModeKind::Service(name) = &mode.kind {
            found.push((name.clone(), true, mode.position.clone()));
        }
    }
    for source in &service.volumes_from {
        if let VolumesSource::Service(name) = &source.source {
            found.push((name.clone(), false, source.position.clone()));
        }
    }
    for (name, restart, position) in found {
        service.depends_on.entry(name).or_insert(Dependency {
            condition: Condition::Started,
            required: true,
            restart,
            implied: true,
            position,
        });
    }
}
