//! `cargo xtask test`: everything that must hold, in the order in which it fails fastest.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::agent;
use crate::guests;
use crate::paths;
use crate::process;
use crate::setup;

/// What is tested natively, besides the guests. Named and not `--workspace`: a build of other packages beside them would
/// ask their dependencies for other features, and build the sandbox's engine a second time.
const OURS: &[&str] =
    &["windlass", "windlass-tests", "windlass-stage", "windlass-documents", "windlass-compose", "xtask"];

fn selection<S: AsRef<str>>(packages: &[S]) -> Vec<String> {
    packages.iter().flat_map(|package| ["--package".to_owned(), package.as_ref().to_owned()]).collect()
}

/// Sets up, builds plugins, agent and the kudos application, checks form, and runs every test.
pub(crate) fn run(filters: &[String]) -> Result<()> {
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new("cargo");
        command.current_dir(paths::root()).args(arguments);
        command
    };
    say("format");
    process::run(&mut cargo(&["fmt", "--all", "--check"])).context("run `cargo fmt --all`")?;
    say("what the tests need");
    setup::ensure(setup::EVERYTHING)?;
    say("plugins, the agent, the kudos application");
    let binary = agent::build(false)?;
    let kudos = agent::kudos()?;
    let compose = setup::docker_compose().context("no Docker Compose v2 to compare with")?;
    say("tests");
    for packages in [&selection(OURS), &selection(&guests::native()?)] {
        process::run(
            cargo(&["test", "--no-fail-fast"])
                .args(packages)
                .args(filters)
                .env("WINDLASS_BINARY", &binary)
                .env("KUDOS_BINARY", &kudos)
                .env("DOCKER_COMPOSE", &compose)
                // The long tests wait for containers most of the time.
                .env("RUST_TEST_THREADS", "4")
                // Snapshots are read here and written by hand.
                .env("INSTA_UPDATE", "no"),
        )?;
    }
    if filters.is_empty() {
        say("lints");
        process::run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"]))?;
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "chores talk to the person who runs them")]
fn say(what: &str) {
    eprintln!("== {what}");
}
