//! What the tests of a run share: one engine, one registry, one agent, and a host on which all its plugins were used.
//!
//! A test finds each by a variable. Run without it, by hand, a test makes its own.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};
use windlass_stage::{Compose, Host, REGISTRY, Registry, USED_HOST, docker, import_busybox};

use super::packages::Wish;
use crate::agent::{self, Build};
use crate::dist::deb::{self, Effort};
use crate::paths;
use crate::process;
use crate::setup::{debian_tree, docker_compose};

/// What lives as long as the run.
#[derive(Default)]
pub(crate) struct Shared {
    variables: Vec<(&'static str, OsString)>,
    registry: Option<Registry>,
}

impl Shared {
    /// Makes what these wishes are about.
    pub(crate) fn make(wishes: &[Wish]) -> Result<Self> {
        let mut shared = Self::default();
        if wishes.contains(&Wish::Engine) {
            import_busybox(|arguments| docker(arguments))?;
        }
        if wishes.contains(&Wish::Compose) {
            for peer in Compose::BOTH {
                let compose = docker_compose(peer).context("no Docker Compose v2 to compare with")?;
                shared.variables.push((peer.variable(), compose.into()));
            }
        }
        if wishes.contains(&Wish::Registry) {
            shared.registry = Some(Registry::start()?);
        }
        if wishes.contains(&Wish::Agent) {
            shared.variables.push(("WINDLASS_BINARY", agent::binary(Build::Tried).into()));
            shared.variables.push(("KUDOS_BINARY", agent::kudos()?.into()));
            shared.variables.push((USED_HOST, used_host()?.into()));
        }
        if wishes.contains(&Wish::Package) {
            let place = paths::target().join("tests/package");
            // With what tests that were ended by force left there.
            let _ = fs::remove_dir_all(&place);
            let package = deb::pack(&agent::binary(Build::Tried), &place, Effort::Fast)?;
            shared.variables.push(("WINDLASS_PACKAGE", package.into()));
            shared.variables.push(("WINDLASS_DEBIAN_TREE", debian_tree::place()?.into()));
        }
        Ok(shared)
    }

    /// Tells a command where all of it is.
    pub(crate) fn tell(&self, command: &mut Command) {
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        if let Some(registry) = &self.registry {
            command.env(REGISTRY, registry.address());
        }
    }
}

/// A host on which each plugin that the agent carries is compiled; what did not change since the last run still is.
fn used_host() -> Result<PathBuf> {
    let root = paths::target().join("tests/host");
    fs::create_dir_all(&root)?;
    let host = Host::new(&agent::binary(Build::Tried), &root)?;
    host.configure("environment = \"uat\"\nstate-directory = \"/var/lib/windlass\"\n")?;
    process::run_quietly(&mut host.command(["plugin", "list"]))?;
    Ok(root)
}
