//! Room on the host: disk, inodes, memory.

use windlass_sdk::prelude::*;

use crate::config::Config;

/// The least free space that is asked for by default, in bytes.
const LEAST_DISK: u64 = 2 << 30;

/// What the engine's `info` says about room.
pub(crate) fn check(info: &Value, config: &Config) -> Vec<Finding> {
    let mut findings = vec![disk(info.get("Disk"), config)];
    findings.extend(inodes(info.get("Disk"), config));
    findings.push(memory(info.get("Memory"), config));
    findings
}

fn number(facts: Option<&Value>, name: &str) -> Option<u64> {
    facts?.get(name)?.as_u64()
}

fn disk(facts: Option<&Value>, config: &Config) -> Finding {
    let (Some(total), Some(available)) = (number(facts, "total"), number(facts, "available")) else {
        return Finding::new("disk", Verdict::Warn, "the space below the engine's data root cannot be seen")
            .remedy("let the agent read the engine's data root, or look at it by hand");
    };
    let path = facts.and_then(|facts| facts.get("path")?.as_str()).unwrap_or("the engine's data root");
    let needed = config.disk.map_or(LEAST_DISK.max(total / 10), |size| size.0);
    let (free, needed) = (Size(available), Size(needed));
    if free >= needed {
        return Finding::new("disk", Verdict::Pass, format!("{free} are free in {path}"));
    }
    Finding::new("disk", Verdict::Fail, format!("{free} are free in {path}, but {needed} are needed"))
        .remedy("make room: `docker image prune`, or ask for less with `disk`")
        .evidence(json!({ "path": path, "total": total, "available": available, "needed": needed.0 }))
}

fn inodes(facts: Option<&Value>, config: &Config) -> Option<Finding> {
    // File systems without a fixed number of inodes say 0.
    let free = number(facts, "inodes-available").filter(|free| *free > 0)?;
    let needed = config.inodes;
    Some(if free >= needed {
        Finding::new("inodes", Verdict::Pass, format!("{free} inodes are free"))
    } else {
        Finding::new("inodes", Verdict::Fail, format!("{free} inodes are free, but {needed} are needed"))
            .remedy("remove files below the engine's data root: `docker image prune`, `docker volume prune`")
    })
}

fn memory(facts: Option<&Value>, config: &Config) -> Finding {
    let Some(available) = number(facts, "available").map(Size) else {
        return Finding::new("memory", Verdict::Pass, "the host does not tell how much memory is available");
    };
    let needed = config.memory;
    if available >= needed {
        return Finding::new("memory", Verdict::Pass, format!("{available} of memory are available"));
    }
    Finding::new("memory", Verdict::Fail, format!("{available} of memory are available, but {needed} are needed"))
        .remedy("stop something, or ask for less with `memory`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(facts: &Value, config: &Config) -> Verdict {
        disk(Some(facts), config).verdict
    }

    #[test]
    fn two_gigabytes_or_a_tenth_are_needed() {
        let config = Config::default();
        assert_eq!(verdict(&json!({ "total": 10_u64 << 30, "available": 3_u64 << 30 }), &config), Verdict::Pass);
        assert_eq!(verdict(&json!({ "total": 10_u64 << 30, "available": 1_u64 << 30 }), &config), Verdict::Fail);
        assert_eq!(verdict(&json!({ "total": 100_u64 << 30, "available": 9_u64 << 30 }), &config), Verdict::Fail);
        let config = Config { disk: Some(Size::gib(1)), ..Config::default() };
        assert_eq!(verdict(&json!({ "total": 100_u64 << 30, "available": 9_u64 << 30 }), &config), Verdict::Pass);
        assert_eq!(verdict(&json!({}), &config), Verdict::Warn);
    }

    #[test]
    fn inodes_count_where_there_are_any() {
        let config = Config::default();
        assert_eq!(inodes(Some(&json!({ "inodes-available": 0 })), &config), None);
        assert_eq!(inodes(Some(&json!({ "inodes-available": 10 })), &config).unwrap().verdict, Verdict::Fail);
    }

    #[test]
    fn memory_must_be_available() {
        let config = Config::default();
        assert_eq!(memory(Some(&json!({ "available": 1 << 20 })), &config).verdict, Verdict::Fail);
        assert_eq!(memory(Some(&json!({ "available": 1 << 30 })), &config).verdict, Verdict::Pass);
    }
}
