//! Connections that a container lost are made again, and a start is a start only when the container can be reached.
//!
//! After a start that failed, a port was taken say, an engine may have forgotten the container's networks: the next
//! start succeeds, and the container has none.

use std::time::Duration;

use serde_json::Value;
use windlass_sdk::{Error, Result, log};

use super::{Work, id_of};
use crate::desired::Endpoint;
use crate::engine::{Engine, or_gone};
use crate::reach::{self, Lack};
use crate::{json, state};

/// What a container lacks, asking the engine about networks only where that decides.
pub(crate) fn lack(engine: &dyn Engine, inspect: &Value, wanted: &[Endpoint]) -> Lack {
    // A network that cannot be asked about says nothing against the container.
    reach::lack(inspect, wanted, &|name| engine.network(name).ok())
}

impl Work<'_> {
    /// Starts a container with the connections that it should have. `lacked` says that it could not be reached before,
    /// so that these are not all.
    pub(super) fn start(&self, id: &str, endpoints: &[Endpoint], lacked: bool) -> Result<()> {
        self.attach(id, endpoints)?;
        self.engine.start(id)?;
        if lacked { Ok(()) } else { self.reached(id, endpoints) }
    }

    /// Makes the connections that a container has not; their names are not looked at.
    pub(super) fn attach(&self, id: &str, endpoints: &[Endpoint]) -> Result<()> {
        let inspect = self.engine.container(id)?;
        for endpoint in reach::absent(&inspect, endpoints) {
            log::warn(format!(
                "{} has lost its connection to {}; it is made again",
                json::name(&inspect),
                endpoint.network
            ));
            // An entry without a connection is in the way of a new one.
            let id = id_of(&inspect);
            if state::endpoints(&inspect, &id).iter().any(|one| one.network == endpoint.network) {
                self.engine.disconnect(&endpoint.network, &id)?;
            }
            self.engine.connect(&endpoint.network, &id, &endpoint.config())?;
        }
        Ok(())
    }

    /// Looks whether a container that was started can be reached, and repairs it where it cannot. A container that
    /// ended meanwhile is not looked at here.
    fn reached(&self, id: &str, endpoints: &[Endpoint]) -> Result<()> {
        if self.lack(id, endpoints)?.is_nothing() {
            return Ok(());
        }
        self.attach(id, endpoints)?;
        let left = self.lack(id, endpoints)?;
        if left.is_nothing() {
            return Ok(());
        }
        if !left.ports.is_empty() {
            // Ports are published when a container starts. No client reaches this one now, so it can be restarted.
            self.engine.stop(id, Duration::from_secs(10))?;
            self.engine.start(id)?;
        }
        self.is_reached(id, endpoints)
    }

    /// An error when a container that runs cannot be reached. One that is gone is not looked for.
    pub(super) fn is_reached(&self, id: &str, endpoints: &[Endpoint]) -> Result<()> {
        let Some(inspect) = or_gone(self.engine.container(id))? else { return Ok(()) };
        let lack = lack(self.engine, &inspect, endpoints);
        if lack.is_nothing() { Ok(()) } else { Err(unreachable(&inspect, &lack)) }
    }

    /// Connects the containers of `before` as they should be.
    pub(super) fn connect_old(&self, endpoints: &[Endpoint]) -> Result<Value> {
        for old in &self.before.containers {
            let inspect = self.engine.container(&old.id)?;
            let lack = lack(self.engine, &inspect, endpoints);
            for endpoint in endpoints.iter().filter(|one| lack.names.iter().any(|(network, _)| *network == one.network))
            {
                self.connect(&old.id, endpoint)?;
            }
            self.reached(&old.id, endpoints)?;
        }
        Ok(serde_json::json!({ "connected": self.before.containers.iter().map(|old| &old.id).collect::<Vec<_>>() }))
    }

    /// Gives the containers of `before` exactly the connections that they had.
    pub(super) fn disconnect_old(&self, endpoints: &[Endpoint]) -> Result<()> {
        for old in &self.before.containers {
            for endpoint in endpoints {
                match old.endpoints.iter().find(|had| had.network == endpoint.network) {
                    Some(had) => drop(or_gone(self.connect(&old.id, had))?),
                    None => drop(or_gone(self.engine.disconnect(&endpoint.network, &old.id))?),
                }
            }
        }
        Ok(())
    }

    fn lack(&self, id: &str, endpoints: &[Endpoint]) -> Result<Lack> {
        // The names of one that was disconnected come back with its connections.
        let unnamed: Vec<Endpoint> = endpoints.iter().map(Endpoint::unnamed).collect();
        Ok(lack(self.engine, &self.engine.container(id)?, &unnamed))
    }
}

fn unreachable(inspect: &Value, lack: &Lack) -> Error {
    Error::new("plugin:unreachable", format!("{} runs, but {lack}", json::name(inspect)))
}
