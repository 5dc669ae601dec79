//! Kudos: people thank each other on a small page.
//!
//! One binary, three services. `backend` keeps thanks in SQLite and migrates its schema when it starts; `web` shows
//! the page; `edge` holds the host's port and passes requests on, as Caddy or HAProxy would. `health` is the
//! containers' health check. The version comes from the image, in `KUDOS_VERSION`, and so do its faults.
//!
//! It is an application to be released, not an example of how to write one.
#![expect(clippy::print_stdout, reason = "containers log to standard output")]

mod backend;
mod edge;
mod server;
mod web;

use std::env;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// Where every service listens inside its container.
const PORT: u16 = 8080;

fn main() -> Result<()> {
    match env::args().nth(1).as_deref() {
        Some("backend") => backend::serve(),
        Some("migrate") => backend::migrate(),
        Some("web") => web::serve(),
        Some("edge") => edge::serve(),
        Some("health") => health(),
        _ => bail!("say which service to run: backend, migrate, web, edge or health"),
    }
}

/// The version that the image carries.
fn version() -> String {
    env::var("KUDOS_VERSION").unwrap_or_else(|_| "unknown".to_owned())
}

/// A fault that the image carries on purpose: `unhealthy`, `crash`, `migration`; none in a good version.
fn fault() -> String {
    env::var("KUDOS_FAULT").unwrap_or_default()
}

/// The health check: asks the service in this container.
fn health() -> Result<()> {
    let agent: ureq::Agent = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(2))).build().into();
    let response =
        agent.get(format!("http://127.0.0.1:{PORT}/health")).call().context("the service does not answer")?;
    println!("{}", response.status());
    Ok(())
}
