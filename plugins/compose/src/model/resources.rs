//! What a container may use: the keys of a service and `deploy.resources`; and `logging`.

use std::collections::BTreeMap;

use super::{Context, keys};
use crate::read::{Fields, bytes, decimal};
use crate::yaml::Node;

/// Limits and reservations; none where the engine decides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resources {
    /// Bytes of memory at most.
    pub memory: Option<i64>,
    /// Bytes of memory and swap together at most; -1 for no limit.
    pub memory_swap: Option<i64>,
    /// Bytes of memory that the container is left with when memory is short.
    pub memory_reservation: Option<i64>,
    /// Processors, in billionths.
    pub nano_cpus: Option<i64>,
    /// Relative weight among containers.
    pub cpu_shares: Option<i64>,
    /// Processors by number: `0-3`.
    pub cpuset: Option<String>,
    /// Processes and threads at most.
    pub pids: Option<i64>,
}

/// Where a container's output goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Logging {
    /// The driver; none for the engine's default.
    pub driver: Option<String>,
    /// Options of the driver.
    pub options: BTreeMap<String, String>,
}

/// Reads the keys of a service; `deploy` is read and checked as well.
pub(super) fn read(context: &Context<'_>, service: &mut Fields<'_>) -> Resources {
    let mut resources = Resources {
        memory: service.parsed("mem_limit", bytes),
        memory_swap: service.parsed("memswap_limit", |text| if text == "-1" { Ok(-1) } else { bytes(text) }),
        memory_reservation: service.parsed("mem_reservation", bytes),
        nano_cpus: service.parsed("cpus", decimal),
        cpu_shares: integer(service, "cpu_shares"),
        cpuset: service.text("cpuset"),
        pids: integer(service, "pids_limit"),
    };
    service.with("deploy", |_, node, path| {
        if let Some(mapping) = context.report.mapping(node, path) {
            deploy(context, Fields::new(context.report, mapping, path.to_string()), &mut resources);
        }
    });
    resources
}

fn integer(fields: &mut Fields<'_>, key: &'static str) -> Option<i64> {
    fields.with(key, |report, node, path| report.integer(node, path)).flatten()
}

fn deploy(context: &Context<'_>, mut fields: Fields<'_>, resources: &mut Resources) {
    let report = context.report;
    fields.with("replicas", |report, node, path| {
        if report.integer(node, path).is_some_and(|count| count != 1) {
            report.at(&node.position, format!("`{path}` other than 1 is not supported yet"));
        }
    });
    fields.with("mode", |report, node, path| {
        if report.text(node, path).is_some_and(|mode| mode != "replicated") {
            report.at(&node.position, format!("`{path}` other than `replicated` is not supported yet"));
        }
    });
    fields.with("resources", |_, node, path| {
        let Some(mapping) = report.mapping(node, path) else { return };
        let mut inner = Fields::new(report, mapping, path.to_string());
        inner.with("limits", |_, node, path| limits(context, node, path, resources));
        inner.with("reservations", |_, node, path| {
            let Some(mapping) = report.mapping(node, path) else { return };
            let mut inner = Fields::new(report, mapping, path.to_string());
            // Docker Compose gives an engine nothing for reserved processors either.
            inner.parsed("cpus", decimal);
            let memory = inner.parsed("memory", bytes);
            agree(context, node, path, "mem_reservation", resources.memory_reservation, memory);
            resources.memory_reservation = resources.memory_reservation.or(memory);
            inner.finish(&["pids", "devices", "generic_resources"]);
        });
        inner.finish(&[]);
    });
    fields.finish(&keys::DEPLOY);
}

fn limits(context: &Context<'_>, node: &Node, path: &dyn std::fmt::Display, resources: &mut Resources) {
    let Some(mapping) = context.report.mapping(node, path) else { return };
    let mut fields = Fields::new(context.report, mapping, path.to_string());
    let cpus = fields.parsed("cpus", decimal);
    let memory = fields.parsed("memory", bytes);
    let pids = integer(&mut fields, "pids");
    agree(context, node, path, "cpus", resources.nano_cpus, cpus);
    agree(context, node, path, "mem_limit", resources.memory, memory);
    agree(context, node, path, "pids_limit", resources.pids, pids);
    resources.nano_cpus = resources.nano_cpus.or(cpus);
    resources.memory = resources.memory.or(memory);
    resources.pids = resources.pids.or(pids);
    fields.finish(&["devices", "generic_resources"]);
}

/// A limit that is given in both places must be the same in both, as Docker Compose demands.
fn agree(
    context: &Context<'_>,
    node: &Node,
    path: &dyn std::fmt::Display,
    key: &str,
    service: Option<i64>,
    deploy: Option<i64>,
) {
    if service.is_some() && service != deploy {
        context.report.at(&node.position, format!("`{path}` and the service's `{key}` must say the same"));
    }
}

pub(super) fn logging(context: &Context<'_>, node: &Node, path: &str) -> Option<Logging> {
    let mapping = context.report.mapping(node, &path)?;
    let mut fields = Fields::new(context.report, mapping, path.to_owned());
    let logging = Logging {
        driver: fields.text("driver"),
        options: fields.with("options", |report, node, path| report.text_pairs(node, path)).unwrap_or_default(),
    };
    fields.finish(&[]);
    Some(logging)
}
