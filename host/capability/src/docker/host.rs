//! Facts about the host that the engine does not provide: disk, memory and processors.
//!
//! What cannot be read is left out, never guessed.

use std::fs;

use serde_json::{Value, json};

/// Space of the file system below a path: `{"path", "total", "available", "inodes-available"}`, in bytes.
pub(super) fn disk(path: &str) -> Option<Value> {
    let facts = rustix::fs::statvfs(path).ok()?;
    Some(json!({
        "path": path,
        "total": facts.f_blocks.saturating_mul(facts.f_frsize),
        "available": facts.f_bavail.saturating_mul(facts.f_frsize),
        "inodes-available": facts.f_favail,
    }))
}

/// The host's memory: `{"total", "available"}`, in bytes.
pub(super) fn memory() -> Option<Value> {
    parse_memory(&fs::read_to_string("/proc/meminfo").ok()?)
}

/// `/proc/meminfo`, whose numbers are in KiB (`man 5 proc_meminfo`).
fn parse_memory(text: &str) -> Option<Value> {
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
    };
    Some(json!({ "total": field("MemTotal")?, "available": field("MemAvailable")? }))
}

/// What engines hide of each CPU: `/sys/devices/system/cpu/cpu0/thermal_throttle`, where the host has it.
pub(super) fn throttles() -> Vec<String> {
    let cpus = fs::read_dir("/sys/devices/system/cpu").into_iter().flatten().flatten();
    let throttle = cpus.map(|cpu| cpu.path().join("thermal_throttle")).filter(|path| path.is_dir());
    throttle.filter_map(|path| path.to_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_in_bytes() {
        let text = "MemTotal:       24686724 kB\nMemFree: 1 kB\nMemAvailable:   20000000 kB\n";
        assert_eq!(
            parse_memory(text).unwrap(),
            json!({ "total": 25_279_205_376_u64, "available": 20_480_000_000_u64 })
        );
        assert_eq!(parse_memory("MemTotal: many"), None);
    }
}
