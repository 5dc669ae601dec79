//! How much one call of a plugin may use.

use std::time::Duration;

/// How much one call of a plugin may use. Every number is the operator's to change, in `[limits]` of `agent.toml`,
/// and every failure because of one names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// `memory`: all linear memories together, in bytes.
    pub memory: usize,
    /// `table-elements`: all tables together.
    pub table_elements: usize,
    /// `instances`: core instances in one component.
    pub instances: usize,
    /// `handles`: resources that the host holds for the plugin, and component handles.
    pub handles: usize,
    /// `cpu`: time that the plugin itself computes; the host's own work for it does not count.
    pub cpu: Duration,
    /// `wall`: the longest that a call may take, where the caller gives no deadline of its own.
    pub wall: Duration,
    /// `host-call-bytes`: what one host call may hand over, in bytes.
    pub host_call_bytes: usize,
    /// `host-calls`: how often a call may ask the host for anything.
    pub host_calls: u64,
    /// `output`: standard output and standard error, each, in bytes.
    pub output: usize,
    /// `log`: all log lines together, in bytes.
    pub log: usize,
    /// `log-line`: one log line, in bytes.
    pub log_line: usize,
    /// `answer`: what a call may return, in bytes.
    pub answer: usize,
    /// `http-requests`: how many in one call.
    pub http_requests: u64,
    /// `http-bytes`: all request and response bodies together, in bytes.
    pub http_bytes: u64,
    /// `plan-steps`: steps in one plan.
    pub plan_steps: usize,
    /// `compile-memory`: address space of the process that compiles a plugin, in bytes.
    pub compile_memory: u64,
    /// `compile-time`: how long compiling may take.
    pub compile_time: Duration,
    /// `plugin-size`: a plugin's file, in bytes.
    pub plugin_size: u64,
}

const MIB: usize = 1 << 20;

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 256 * MIB,
            table_elements: 200_000,
            instances: 64,
            handles: 1_000,
            cpu: Duration::from_secs(30),
            wall: Duration::from_secs(600),
            host_call_bytes: 16 * MIB,
            host_calls: 100_000,
            output: MIB,
            log: 8 * MIB,
            log_line: 64 << 10,
            answer: 16 * MIB,
            http_requests: 200,
            http_bytes: 64 << 20,
            plan_steps: 2_000,
            compile_memory: 4 << 30,
            compile_time: Duration::from_secs(120),
            plugin_size: 64 << 20,
        }
    }
}
