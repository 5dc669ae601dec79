//! What the agent that stays costs when nothing goes on: memory, and how often it wakes.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};
use windlass_stage::Live;

use crate::application::{Application, Manner};
use crate::measure::time;
use crate::page::Row;

/// How long it is watched. What it does by itself every five minutes is in it twice.
const WATCHED: Duration = Duration::from_mins(10);

/// Deployments before memory is compared with that after [`MANY`].
const FEW: u32 = 10;
/// As many as the budget names.
const MANY: u32 = 100;

/// Measures one agent from its start.
pub(crate) fn measure() -> Result<Vec<Row>> {
    let application = Application::new("bench-idle", 3, Manner::Polite)?;
    application.with_agent(&application.host.root().join("agent.sock"))?;
    // Compiled by a process of its own, so that the first deployment is like the others.
    time(&mut application.windlass("check", &[]))?;
    let mut agent = Live::start(&mut application.host.command(["agent"]))?;
    agent.wait_for(&["takes commands"])?;
    let process = Process(agent.id());
    let mut rows = vec![Row::memory("memory of the agent that stays, at its start", 20, process.memory("VmRSS")?)];
    let mut after_few = 0;
    for number in 1..=MANY {
        let version = format!("shell={}", 1 + number % 2);
        time(&mut application.windlass("deploy", &["--set", &version]))?;
        if number == FEW {
            after_few = process.memory("VmRSS")?;
        }
    }
    let after_many = process.memory("VmRSS")?;
    let own = process.memory("RssAnon")?;
    rows.push(Row::memory("the same after 100 deployments", 20, after_many));
    rows.push(Row::memory("of it not the program's own file, which the kernel can drop", 20, own));
    rows.push(Row::memory("what it grew between the 10th and the 100th", 1, after_many.saturating_sub(after_few)));
    let before = process.wakes()?;
    std::thread::sleep(WATCHED);
    let wakes = process.wakes()?.saturating_sub(before);
    rows.push(Row::number("how often a thread of it woke in the ten minutes that followed", wakes));
    agent.signal("TERM")?;
    agent.end()?;
    Ok(rows)
}

/// A process, by what the kernel tells of it.
struct Process(u32);

impl Process {
    /// A line of its status, in KiB.
    fn memory(&self, name: &str) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0))?;
        field(&status, name)
    }

    /// How often its threads gave the processor away because they had nothing to do, so as often as they woke.
    fn wakes(&self) -> Result<u64> {
        let mut all = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.0))? {
            all += field(&fs::read_to_string(thread?.path().join("status"))?, "voluntary_ctxt_switches")?;
        }
        Ok(all)
    }
}

/// The number behind a name.
fn field(status: &str, name: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|line| line.split_whitespace().next()).with_context(|| format!("no {name}"))?;
    Ok(number.parse()?)
}
