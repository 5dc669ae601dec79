//! What a container may use, as the keys of a service say it; and `logging`.

use std::collections::BTreeMap;

use super::{Blkio, Context, blkio};
use crate::read::Fields;
use crate::yaml::{Node, Resolved, Value};

/// Limits and reservations; none where the engine decides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resources {
    /// Bytes of memory at most.
    pub memory: Option<i64>,
    /// Bytes of memory and swap together at most; -1 for no limit.
    pub memory_swap: Option<i64>,
    /// How readily its memory is swapped out, 0 to 100.
    pub memory_swappiness: Option<i64>,
    /// Bytes of memory that the container is left with when memory is short.
    pub memory_reservation: Option<i64>,
    /// Processors, in billionths.
    pub nano_cpus: Option<i64>,
    /// Relative weight among containers.
    pub cpu_shares: Option<i64>,
    /// Processors by number: `0-3`.
    pub cpuset: Option<String>,
    /// The length of a period of the scheduler, in microseconds.
    pub cpu_period: Option<i64>,
    /// Microseconds of processor in a period.
    pub cpu_quota: Option<i64>,
    /// The length of a period of the real-time scheduler, in microseconds.
    pub cpu_rt_period: Option<i64>,
    /// Microseconds of real-time processor in a period.
    pub cpu_rt_runtime: Option<i64>,
    /// Processes and threads at most; -1 for no limit.
    pub pids: Option<i64>,
    /// Whether the kernel never ends it when memory is short.
    pub oom_kill_disable: bool,
    /// How readily the kernel ends it when memory is short, -1000 to 1000.
    pub oom_score_adj: Option<i64>,
    /// Block devices.
    pub blkio: Option<Blkio>,
}

/// Where a container's output goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Logging {
    /// The driver; none for the engine's default.
    pub driver: Option<String>,
    /// Options of the driver.
    pub options: BTreeMap<String, String>,
}

pub(super) fn read(service: &mut Fields<'_>) -> Resources {
    Resources {
        memory: service.size("mem_limit"),
        memory_swap: swap(service),
        memory_swappiness: swappiness(service),
        memory_reservation: service.size("mem_reservation"),
        nano_cpus: service.decimal("cpus"),
        cpu_shares: service.integer("cpu_shares"),
        cpuset: service.string("cpuset"),
        cpu_period: service.integer("cpu_period"),
        cpu_quota: service.integer("cpu_quota"),
        cpu_rt_period: service.integer("cpu_rt_period"),
        cpu_rt_runtime: service.integer("cpu_rt_runtime"),
        pids: service.integer("pids_limit"),
        oom_kill_disable: service.boolean("oom_kill_disable").unwrap_or(false),
        oom_score_adj: service.between("oom_score_adj", -1000, 1000),
        blkio: service.inner("blkio_config", blkio::read),
    }
}

/// -1 for no limit, as a number only: Docker Compose takes no text for it.
fn swap(service: &mut Fields<'_>) -> Option<i64> {
    service.with("memswap_limit", |report, node, path| {
        let unlimited = matches!(&node.value, Value::Scalar(scalar) if scalar.resolve() == Resolved::Integer(-1));
        if unlimited { Some(-1) } else { report.size(node, path) }
    })?
}

/// In percent, written as a size, as Docker Compose reads it.
fn swappiness(service: &mut Fields<'_>) -> Option<i64> {
    service.with("mem_swappiness", |report, node, path| {
        let percent = report.size(node, path)?;
        if percent > 100 {
            report.at(&node.position, format!("`{path}`: `{percent}` is not a number between 0 and 100"));
        }
        Some(percent)
    })?
}

pub(super) fn logging(context: &Context<'_>, node: &Node, path: &str) -> Option<Logging> {
    let mapping = context.report.mapping(node, &path)?;
    let mut fields = Fields::new(context.report, mapping, path.to_owned());
    let logging = Logging { driver: fields.string("driver"), options: fields.options("options", true) };
    fields.finish(&[]);
    Some(logging)
}
