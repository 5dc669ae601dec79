//! The page with the results: `docs/performance.md`.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::measure::shown;

/// One line of the table.
pub(crate) struct Row {
    what: String,
    budget: String,
    measured: String,
    peer: String,
    met: Option<bool>,
}

impl Row {
    /// A duration against a limit.
    pub(crate) fn within(what: &str, limit: Duration, measured: Duration) -> Self {
        Self {
            what: what.to_owned(),
            budget: format!("≤ {}", shown(limit)),
            measured: shown(measured),
            peer: String::new(),
            met: Some(measured <= limit),
        }
    }

    /// A duration that no budget is set for.
    pub(crate) fn told(what: &str, measured: Duration) -> Self {
        Self { what: what.to_owned(), budget: String::new(), measured: shown(measured), peer: String::new(), met: None }
    }

    /// A number that no budget is set for.
    pub(crate) fn number(what: &str, measured: u64) -> Self {
        Self {
            what: what.to_owned(),
            budget: String::new(),
            measured: measured.to_string(),
            peer: String::new(),
            met: None,
        }
    }

    /// A duration against that of Docker Compose.
    pub(crate) fn ratio(what: &str, limit: f64, ours: Duration, peer: Duration) -> Self {
        let ratio = ours.as_secs_f64() / peer.as_secs_f64().max(f64::EPSILON);
        Self {
            what: what.to_owned(),
            budget: format!("≤ {limit} ×"),
            measured: format!("{ratio:.2} × ({})", shown(ours)),
            peer: shown(peer),
            met: Some(ratio <= limit),
        }
    }

    /// Memory in KiB against a limit in MiB.
    pub(crate) fn memory(what: &str, limit: u64, kib: u64) -> Self {
        Self {
            what: what.to_owned(),
            budget: format!("≤ {limit} MiB"),
            measured: format!("{} MiB", kib / 1024),
            peer: String::new(),
            met: Some(kib <= limit * 1024),
        }
    }

    /// A count against a limit.
    pub(crate) fn count(what: &str, limit: u64, measured: u64, of: u64) -> Self {
        Self {
            what: what.to_owned(),
            budget: format!("{limit}"),
            measured: format!("{measured} of {of}"),
            peer: String::new(),
            met: Some(measured <= limit),
        }
    }

    /// A number against a limit.
    pub(crate) fn counted(what: &str, limit: usize, measured: usize) -> Self {
        Self {
            what: what.to_owned(),
            budget: format!("≤ {limit}"),
            measured: measured.to_string(),
            peer: String::new(),
            met: Some(measured <= limit),
        }
    }

    /// A case that could not be measured.
    pub(crate) fn failed(what: &str, error: &anyhow::Error) -> Self {
        let reason = format!("{error:#}").lines().next().unwrap_or_default().replace('|', "/");
        Self {
            what: what.to_owned(),
            budget: String::new(),
            measured: format!("not measured: {reason}"),
            peer: String::new(),
            met: None,
        }
    }
}

const BEGIN: &str = "<!-- measured: begin -->";
const END: &str = "<!-- measured: end -->";

/// Replaces the table in the page and leaves the words around it.
pub(crate) fn write(rows: &[Row]) -> Result<()> {
    let path = windlass_tests::root().join("docs/performance.md");
    let page = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let (before, rest) = page.split_once(BEGIN).context("the page has no place for the table")?;
    let (_, after) = rest.split_once(END).context("the page has no end of the table")?;
    let mut table =
        String::from("| what | budget | measured | Docker Compose | met |\n| --- | --- | --- | --- | --- |\n");
    for row in rows {
        let met = match row.met {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "",
        };
        writeln!(table, "| {} | {} | {} | {} | {met} |", row.what, row.budget, row.measured, row.peer)?;
    }
    std::fs::write(&path, format!("{before}{BEGIN}\n{}\n\n{table}{END}{after}", machine()?))?;
    Ok(())
}

/// What it was measured on.
fn machine() -> Result<String> {
    let cpu = std::fs::read_to_string("/proc/cpuinfo")?;
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let model = model.trim_start_matches(['\t', ' ', ':']);
    let cores = std::thread::available_parallelism()?;
    let engine = windlass_stage::docker(["version", "--format", "{{.Server.Version}}"])?;
    Ok(format!("Measured on {cores} cores ({model}), Docker Engine {engine}, optimised build."))
}
