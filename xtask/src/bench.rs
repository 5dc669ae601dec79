//! `cargo xtask bench`: measures the budgets and writes `docs/performance.md`.

use anyhow::{Context as _, Result};
use windlass_stage::Compose;

use crate::agent::{self, Build};
use crate::process;
use crate::setup;

/// Builds everything optimised and measures.
pub(crate) fn run() -> Result<()> {
    setup::ensure(setup::EVERYTHING)?;
    let binary = agent::build(Build::Shipped)?;
    let kudos = agent::kudos()?;
    let compose = setup::docker_compose(Compose::Older).context("no Docker Compose v2 to compare with")?;
    // As it is shipped, so that nothing is built again.
    process::run(
        process::cargo()
            .args(["bench", "--profile", "dist", "--package", "windlass-tests", "--bench", "budgets"])
            .env("WINDLASS_BINARY", &binary)
            .env("KUDOS_BINARY", &kudos)
            .env("DOCKER_COMPOSE", &compose),
    )
}
