//! `deploy`: how many containers, what they may use, and what an orchestrator would do with them.
//!
//! On an engine, Docker Compose honours `replicas`, `resources`, `restart_policy` and nothing else: the rest is kept
//! for [`crate::Application::config`].

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Context, DeviceRequest, devices};
use crate::Position;
use crate::read::{Fields, bytes, duration};
use crate::yaml::Node;

/// `deploy` of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deploy {
    /// `replicated`, `global`, …
    pub mode: Option<String>,
    /// How many containers; `scale` is taken where this is not given.
    pub replicas: Option<u32>,
    /// Labels of the service, not of its containers.
    pub labels: BTreeMap<String, String>,
    /// How an orchestrator updates.
    pub update_config: Option<UpdateConfig>,
    /// How an orchestrator rolls back.
    pub rollback_config: Option<UpdateConfig>,
    /// At most.
    pub limits: Option<DeployLimits>,
    /// At least.
    pub reservations: Option<DeployReservations>,
    /// What happens when a container ends; goes before `restart`.
    pub restart_policy: Option<DeployRestart>,
    /// Where an orchestrator runs it.
    pub placement: Placement,
    /// `vip` or `dnsrr`.
    pub endpoint_mode: Option<String>,
    /// Where it was written.
    pub position: Position,
}

/// How an orchestrator updates or rolls back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UpdateConfig {
    /// How many at once; 0 for all.
    pub parallelism: Option<u64>,
    /// Between two groups.
    pub delay: Option<Duration>,
    /// `continue`, `pause` or `rollback`.
    pub failure_action: Option<String>,
    /// How long each is watched.
    pub monitor: Option<Duration>,
    /// Which part may fail, in billionths.
    pub max_failure_ratio: Option<i64>,
    /// `start-first` or `stop-first`.
    pub order: Option<String>,
}

/// `resources.limits`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeployLimits {
    /// Processors, in billionths.
    pub nano_cpus: Option<i64>,
    /// Bytes of memory.
    pub memory: Option<i64>,
    /// Processes and threads.
    pub pids: Option<i64>,
}

/// `resources.reservations`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeployReservations {
    /// Processors, in billionths; an engine does nothing with it.
    pub nano_cpus: Option<i64>,
    /// Bytes of memory.
    pub memory: Option<i64>,
    /// Devices.
    pub devices: Vec<DeviceRequest>,
    /// Kind and count of what an orchestrator counts; an engine does nothing with it.
    pub generic_resources: Vec<(String, i64)>,
}

/// `restart_policy`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeployRestart {
    /// `none`, `on-failure`, `any` or `unless-stopped`.
    pub condition: Option<String>,
    /// Before each restart; an engine does nothing with it.
    pub delay: Option<Duration>,
    /// How often at most.
    pub max_attempts: Option<u64>,
    /// How long until a restart counts as good; an engine does nothing with it.
    pub window: Option<Duration>,
    /// Where it was written.
    pub position: Option<Position>,
}

/// `placement`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Placement {
    /// Conditions on nodes.
    pub constraints: Vec<String>,
    /// What containers are spread over.
    pub spread: Vec<String>,
    /// At most, per node.
    pub max_replicas_per_node: Option<u64>,
}

pub(super) fn read(context: &Context<'_>, node: &Node, path: &str) -> Option<Deploy> {
    if node.is_null() {
        return None;
    }
    let mapping = context.report.mapping(node, &path)?;
    let mut fields = Fields::new(context.report, mapping, path.to_owned());
    let mut resources = (None, None);
    let deploy = Deploy {
        mode: fields.text("mode"),
        replicas: fields.count("replicas").and_then(|count| u32::try_from(count).ok()),
        labels: fields.pairs("labels"),
        update_config: fields.inner("update_config", update),
        rollback_config: fields.inner("rollback_config", update),
        restart_policy: restart_policy(&mut fields),
        placement: fields.inner("placement", placement).unwrap_or_default(),
        endpoint_mode: fields.text("endpoint_mode"),
        position: node.position.clone(),
        limits: {
            fields.inner("resources", |fields| {
                resources = (fields.inner("limits", limits), reservations(context, fields));
            });
            resources.0
        },
        reservations: resources.1,
    };
    fields.finish(&[]);
    Some(deploy)
}

fn update(fields: &mut Fields<'_>) -> UpdateConfig {
    UpdateConfig {
        parallelism: fields.count("parallelism"),
        delay: fields.parsed_string("delay", duration),
        failure_action: fields.word_or_none("failure_action", &["continue", "pause", "rollback"]),
        monitor: fields.parsed_string("monitor", duration),
        max_failure_ratio: fields.decimal("max_failure_ratio"),
        order: fields.word("order", &["start-first", "stop-first"]),
    }
}

fn limits(fields: &mut Fields<'_>) -> DeployLimits {
    DeployLimits {
        nano_cpus: fields.decimal("cpus"),
        memory: fields.parsed_string("memory", bytes),
        pids: fields.integer("pids"),
    }
}

fn reservations(context: &Context<'_>, fields: &mut Fields<'_>) -> Option<DeployReservations> {
    fields.inner("reservations", |fields| {
        let path = fields.path("devices").to_string();
        DeployReservations {
            nano_cpus: fields.decimal("cpus"),
            memory: fields.parsed_string("memory", bytes),
            devices: fields.take("devices").map(|node| devices::reserved(context, node, &path)).unwrap_or_default(),
            generic_resources: fields
                .each("generic_resources", |fields, _| {
                    fields.inner("discrete_resource_spec", |fields| {
                        let (kind, value) = (fields.string("kind"), fields.integer("value"));
                        Some((kind?, value?))
                    })
                })
                .into_iter()
                .flatten()
                .collect(),
        }
    })
}

fn restart_policy(fields: &mut Fields<'_>) -> Option<DeployRestart> {
    let position = fields.take("restart_policy").map(|node| node.position.clone());
    fields.inner("restart_policy", |fields| DeployRestart {
        condition: fields.word_or_none("condition", &["none", "on-failure", "any", "always", "unless-stopped", "no"]),
        delay: fields.parsed_string("delay", duration),
        max_attempts: fields.count("max_attempts"),
        window: fields.parsed_string("window", duration),
        position,
    })
}

fn placement(fields: &mut Fields<'_>) -> Placement {
    Placement {
        constraints: fields.list("constraints"),
        spread: fields.each("preferences", |fields, _| fields.string("spread")),
        max_replicas_per_node: fields.count("max_replicas_per_node"),
    }
}
