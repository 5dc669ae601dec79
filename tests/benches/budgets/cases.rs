//! One function for each line of the design's table.

use std::time::Duration;

use anyhow::{Result, ensure};
use windlass_stage::Load;

use crate::application::{Application, Manner};
use crate::measure::{median, median_of, peak_memory, time, until};
use crate::page::Row;
use crate::{call, history, idle, many};

type Case = fn() -> Result<Vec<Row>>;

/// Every case, by what it measures.
pub(crate) const ALL: &[(&str, Case)] = &[
    ("one plugin call", one_call),
    ("one plugin, whole process", one_plugin),
    ("unchanged redeploy", unchanged),
    ("update of containers that ignore SIGTERM", stubborn),
    ("requests lost in an update", lost),
    ("memory of a deployment of ten services", memory),
    ("1,000 services planned", plan),
    ("500 services with 1,500 containers", many_containers),
    ("100,000 deployments in history", long_history),
    ("the agent that stays", idle::measure),
];

/// The sandbox alone: no process, no host work.
fn one_call() -> Result<Vec<Row>> {
    let (call, load) = call::measure()?;
    Ok(vec![
        Row::within("one call of a plugin, fresh store", Duration::from_micros(100), call),
        Row::told("load of a precompiled plugin (file, digest, link)", load),
    ])
}

/// The agent's whole life with one plugin: start, load, instantiate, call, end.
fn one_plugin() -> Result<Vec<Row>> {
    let application = Application::new("bench-plugin", 1, Manner::Polite)?;
    let inspect = median_of(20, || application.host.command(["plugin", "inspect", "check-readiness"]))?;
    let check = median_of(20, || application.windlass("check", &[]))?;
    let counter = many::Counter::start(application.host.root())?;
    application.through(&counter.socket)?;
    time(&mut application.windlass("check", &[]))?;
    let asked = counter.take();
    let answers = median((0..20).map(|_| many::answers(&asked)).collect::<Result<_>>()?);
    Ok(vec![
        Row::within("`windlass plugin inspect` (one precompiled plugin loaded and called)", ms(15), inspect),
        Row::within(
            "`windlass check` (the engine's own answers, one after the other, and 15 ms)",
            answers + ms(15),
            check,
        ),
        Row::told("the engine's own answers to that check", answers),
    ])
}

fn unchanged() -> Result<Vec<Row>> {
    let application = Application::new("bench-unchanged", 3, Manner::Polite)?;
    time(&mut application.windlass("deploy", &[]))?;
    time(&mut application.compose("1", &["up", "-d", "--wait"])?)?;
    let (mut ours, mut peer) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        ours.push(time(&mut application.windlass("deploy", &[]))?);
        peer.push(time(&mut application.compose("1", &["up", "-d", "--wait"])?)?);
    }
    Ok(vec![Row::ratio("unchanged redeploy, three services", 0.12, median(ours), median(peer))])
}

fn stubborn() -> Result<Vec<Row>> {
    let application = Application::new("bench-stubborn", 3, Manner::StubbornTiers)?;
    time(&mut application.windlass("deploy", &[]))?;
    let (told, whole) = until(&mut application.windlass("deploy", &["--set", "shell=2"]), "Succeeded")?;
    time(&mut application.compose("1", &["up", "-d", "--wait"])?)?;
    let peer = time(&mut application.compose("2", &["up", "-d", "--wait"])?)?;
    Ok(vec![
        Row::ratio("update of three tiers whose containers ignore SIGTERM, until success is told", 0.25, told, peer),
        Row::told("the same, until the old containers are stopped and removed", whole),
    ])
}

fn lost() -> Result<Vec<Row>> {
    let kudos = windlass_tests::example("bench-lost")?;
    time(&mut kudos.host.command(["deploy", "bench-lost"]))?;
    let load = Load::start(&kudos.page());
    ensure!(load.wait_for(40, Duration::from_secs(30)), "the page does not answer under load");
    // Only the page: the service that can be replaced start-first.
    time(&mut kudos.host.command(["deploy", "bench-lost", "--set", "web=2"]))?;
    let served = load.stop();
    Ok(vec![Row::count("requests lost while a replaceable service is updated", 0, served.failed, served.good)])
}

fn memory() -> Result<Vec<Row>> {
    let application = Application::new("bench-memory", 10, Manner::Polite)?;
    // Compiling a plugin is done once, by a process of its own, which is not the agent.
    time(&mut application.windlass("plan", &[]))?;
    let kib = peak_memory(&application.windlass("deploy", &[]))?;
    Ok(vec![Row::memory("peak memory of a deployment of ten services", 32, kib)])
}

fn plan() -> Result<Vec<Row>> {
    let application = Application::new("bench-plan", 1_000, Manner::Polite)?;
    let took = median_of(5, || application.windlass("plan", &[]))?;
    Ok(vec![Row::within("plan of 1,000 services", Duration::from_secs(1), took)])
}

/// The loader alone (`config`, native code), the loader in its sandbox with the plan, and Docker Compose on the same.
fn many_containers() -> Result<Vec<Row>> {
    let application = Application::new("bench-many", 500, Manner::Threefold)?;
    let ours = median_of(5, || application.windlass("config", &[]))?;
    let compose = || application.compose_here(&["config", "--quiet"]);
    time(&mut compose()?)?;
    let peer = median((0..5).map(|_| time(&mut compose()?)).collect::<Result<_>>()?);
    let file = application.host.root().join("bench.plan");
    time(&mut application.windlass("plan", &["--out", &file.display().to_string()]))?;
    let made = many::make(&file, "bench-many")?;
    ensure!(made == 1_500, "{made} containers instead of 1,500");
    let counter = many::Counter::start(application.host.root())?;
    application.through(&counter.socket)?;
    let plan = median_of(5, || application.windlass("plan", &[]))?;
    counter.take();
    time(&mut application.windlass("plan", &[]))?;
    let asked = counter.take().len();
    let dry = time(&mut application.compose_here(&["up", "--dry-run", "--detach"])?)?;
    Ok(vec![
        Row::ratio("500 services resolved (`config`)", 1.0, ours, peer),
        Row::ratio(
            "500 services planned in the sandbox against 1,500 containers (Compose: `up --dry-run`)",
            1.0,
            plan,
            dry,
        ),
        Row::within("the same plan", Duration::from_secs(1), plan),
        Row::counted("requests to the engine for that plan", 20, asked),
    ])
}

fn long_history() -> Result<Vec<Row>> {
    // In memory, because writing 300,000 durable lines is not what is measured; reading comes from memory either way.
    let directory = tempfile::Builder::new().tempdir_in("/dev/shm")?;
    let application = Application::below(directory, "bench-history", 1, Manner::Polite)?;
    time(&mut application.windlass("deploy", &[]))?;
    history::add(&application.host.root().join("state"), 100_000)?;
    let status = median_of(10, || application.windlass("status", &[]))?;
    let all = median_of(10, || application.host.command(["status"]))?;
    let newest = median_of(10, || application.host.command(["history"]))?;
    let one = median_of(10, || application.host.command(["history", "app-7"]))?;
    let verify = median_of(3, || application.host.command(["audit", "verify"]))?;
    Ok(vec![
        Row::within("`windlass status APP` with 100,000 deployments in the journal", ms(25), status),
        Row::within("`windlass status` (eleven applications)", ms(25), all),
        Row::within("`windlass history`", ms(50), newest),
        Row::within("`windlass history APP`", ms(50), one),
        Row::told("`windlass audit verify` (300,000 lines)", verify),
    ])
}

fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}
