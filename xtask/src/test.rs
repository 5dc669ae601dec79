//! `cargo xtask test`: everything that must hold, in the order in which it fails fastest.
//!
//! The code is compiled once, by Clippy's own compiler, so that the lints cost no second build. The tests are run by
//! cargo-nextest, each in a process of its own; `.config/nextest.toml` says how many at once. What several tests share
//! is made once for each run: see [`shared`].

mod build;
mod elsewhere;
pub(crate) mod packages;
mod phases;
mod shared;
mod slowest;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result};
use clap::Args;

use crate::agent::{self, Build};
use crate::guests;
use crate::paths;
use crate::process;
use crate::setup::other_engines::Other;
use crate::setup::{self, Need};
use packages::{Package, Wish};
use phases::{Phases, say};

/// What is to be tested.
#[derive(Args)]
pub(crate) struct Order {
    /// Only tests whose names contain one of these; only what they need is built, and lints do not fail the run.
    filters: Vec<String>,
    /// Only tests of this package, such as `windlass-journal` or `journal`; may be given several times.
    #[arg(long, short)]
    package: Vec<String>,
    /// Only tests that need no engine: an answer in two minutes after a small change.
    #[arg(long, conflicts_with = "package")]
    quick: bool,
    /// On another engine than this machine's, of Debian's bookworm, trixie or sid: the tests of whole deployments, Compose
    /// files and the Docker capability, where no filter is given. Needs root.
    #[arg(long, conflicts_with = "quick")]
    engine: Option<Other>,
    /// Run the tests so many times, to find those that fail now and then.
    #[arg(long, default_value_t = 1)]
    rounds: u32,
    /// Keep one processor busy meanwhile, as on a machine that has other work.
    #[arg(long)]
    busy: bool,
}

impl Order {
    fn is_everything(&self) -> bool {
        self.filters.is_empty() && self.package.is_empty() && !self.quick && self.engine.is_none()
    }

    /// What the names of the tests must contain.
    fn filters(&self) -> Vec<String> {
        if self.filters.is_empty() && self.package.is_empty() && self.engine.is_some() {
            return elsewhere::FILTERS.iter().map(|&filter| filter.to_owned()).collect();
        }
        self.filters.clone()
    }

    /// The packages to build and test; `None` for the whole workspace.
    fn packages(&self) -> Result<Option<Vec<Package>>> {
        if !self.package.is_empty() {
            return packages::named(&self.package).map(Some);
        }
        let filters = self.filters();
        if !filters.is_empty() {
            return packages::with_tests(&filters).map(Some);
        }
        if self.quick {
            let mut all = packages::all()?;
            all.retain(|package| !package.wishes.contains(&Wish::Agent));
            return Ok(Some(all));
        }
        Ok(None)
    }
}

/// Sets up, builds, checks form, and runs the tests.
pub(crate) fn run(order: &Order) -> Result<()> {
    let mut phases = Phases::default();
    let outcome = match order.engine {
        Some(_) if elsewhere::is_here() => run_here(order, &mut phases),
        _ => run_phases(order, &mut phases),
    };
    phases.summary();
    outcome
}

fn run_phases(order: &Order, phases: &mut Phases) -> Result<()> {
    let selected = order.packages()?;
    let wishes = wishes(selected.as_deref(), order)?;
    if order.is_everything() {
        phases.run("format", || {
            process::run(&mut cargo(&["fmt", "--all", "--check"])).context("run `cargo fmt --all`")
        })?;
    }
    phases.run("setup", || setup::ensure(&needs(&wishes, order)))?;
    if order.is_everything() {
        // Not the advisories: their list has to be fetched, and an old one would say that all is well.
        phases.run("dependencies", || {
            let checks = ["deny", "--locked", "check", "licenses", "bans", "sources"];
            process::run(&mut cargo(&checks)).context("`deny.toml` says what may be built in")
        })?;
    }
    let plugins = wishes.contains(&Wish::Agent);
    if plugins {
        phases.run("plugins", || guests::build(&guests::packages()?, Build::Tried).map(drop))?;
    }
    let scope = scope(selected.as_deref());
    if order.is_everything() {
        phases.run("build and lints", build::everything)?;
    } else if plugins {
        phases.run("agent", || build::agent(&scope))?;
    }
    if let Some(engine) = order.engine {
        phases.run("the engine", || engine.ensure())?;
        phases.run("build of the tests", || {
            let mut list = cargo(&["nextest", "list"]);
            build::environment(list.args(&scope));
            elsewhere::build(engine, &mut list, &mut cargo(&[]))?;
            if plugins { agent::kudos().map(drop) } else { Ok(()) }
        })?;
        return phases.run("tests on that engine", || elsewhere::again(engine));
    }
    run_tests(order, phases, &wishes, &scope)
}

/// The tests on the engine of this place, all built.
fn run_here(order: &Order, phases: &mut Phases) -> Result<()> {
    let selected = order.packages()?;
    let wishes = wishes(selected.as_deref(), order)?;
    let engine = phases.run("start of the engine", elsewhere::start)?;
    let outcome = run_tests(order, phases, &wishes, &scope(selected.as_deref()));
    drop(engine);
    outcome
}

fn run_tests(order: &Order, phases: &mut Phases, wishes: &[Wish], scope: &[String]) -> Result<()> {
    let shared = phases.run("what the tests share", || shared::Shared::make(wishes))?;
    let busy = order.busy.then(Busy::begin);
    let mut outcome = Ok(());
    for round in 1..=order.rounds {
        if order.rounds > 1 {
            say(&format!("== round {round} of {}", order.rounds));
        }
        let ran = phases.run("tests", || process::run(&mut nextest(order, scope, &shared)?));
        outcome = outcome.and(ran);
    }
    drop(busy);
    drop(shared);
    let profile = if order.quick { "quick" } else { "default" };
    say("== the slowest tests");
    for line in slowest::lines(&paths::root().join("target/nextest").join(profile).join("junit.xml"))? {
        say(&line);
    }
    outcome
}

/// What the tests of these packages need.
fn wishes(selected: Option<&[Package]>, order: &Order) -> Result<Vec<Wish>> {
    if order.quick {
        return Ok(Vec::new());
    }
    let wishes = |packages: &[Package]| packages.iter().flat_map(|package| package.wishes.clone()).collect();
    selected.map_or_else(|| packages::all().map(|all| wishes(&all)), |selected| Ok(wishes(selected)))
}

fn needs(wishes: &[Wish], order: &Order) -> Vec<Need> {
    let mut needs = vec![Need::Nextest];
    if order.is_everything() {
        needs.push(Need::Deny);
    }
    for need in wishes.iter().flat_map(|wish| wish.needs()) {
        if !needs.contains(need) {
            needs.push(*need);
        }
    }
    needs
}

/// Cargo's arguments for what is built.
fn scope(selected: Option<&[Package]>) -> Vec<String> {
    match selected {
        None => vec!["--workspace".to_owned()],
        Some(packages) => {
            let names = packages.iter().flat_map(|package| ["--package", &package.name]);
            let is_of_the_agent = packages.iter().any(|package| package.is_below("host"));
            let whole = if is_of_the_agent { &agent::WHOLE[..] } else { &[] };
            names.chain(whole.iter().copied()).chain(agent::BESIDE).map(str::to_owned).collect()
        }
    }
}

fn nextest(order: &Order, scope: &[String], shared: &shared::Shared) -> Result<Command> {
    let mut command = cargo(&["nextest", "run"]);
    match order.engine {
        Some(engine) => {
            command.arg("--binaries-metadata").arg(engine.binaries());
            command.arg("--cargo-metadata").arg(engine.metadata());
        }
        None => {
            command.args(scope);
        }
    }
    command.args(order.filters());
    if !order.package.is_empty() {
        // What is built beside them has tests as well.
        let named = packages::named(&order.package)?;
        let these: Vec<_> = named.iter().map(|package| format!("package(={})", package.name)).collect();
        command.args(["-E", &these.join(" | ")]);
    }
    if order.quick {
        command.args(["--profile", "quick"]);
    }
    build::environment(&mut command);
    shared.tell(&mut command);
    // Snapshots are read here and written by hand.
    command.env("INSTA_UPDATE", "no");
    Ok(command)
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = process::cargo();
    command.args(arguments);
    command
}

/// One processor that has other work, until this is dropped.
struct Busy(Arc<AtomicBool>);

impl Busy {
    fn begin() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let worker = Arc::clone(&over);
        std::thread::spawn(move || {
            while !worker.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        Self(over)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
