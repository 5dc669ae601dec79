//! Connections, and who answers to a service's name.
//!
//! The engine cannot change the names of a connection, so a container is disconnected and connected again. It gets
//! the same address again, because engines give the lowest that is free, and what it has open lives on: TCP sends
//! again what was lost in those milliseconds.

use serde_json::{Value, json};
use windlass_sdk::{Result, log};

use super::{Work, id_of};
use crate::desired::Endpoint;
use crate::engine::or_gone;
use crate::operation::New;
use crate::{json, state};

impl Work<'_> {
    /// From now on the new container is found by the service's names, and the old ones are not.
    pub(super) fn switch(&self, container: &New, endpoints: &[Endpoint]) -> Result<Value> {
        let id = self.new_id(container)?;
        for endpoint in endpoints {
            self.connect(&id, endpoint)?;
        }
        for old in &self.before.containers {
            for endpoint in &old.endpoints {
                self.connect_if_there(&old.id, &endpoint.unnamed())?;
            }
        }
        Ok(json!({ "container": id }))
    }

    pub(super) fn switch_back(&self, container: &New, endpoints: &[Endpoint]) -> Result<()> {
        for old in &self.before.containers {
            for endpoint in &old.endpoints {
                self.connect_if_there(&old.id, endpoint)?;
            }
        }
        if let Some(found) = self.find_new(container)? {
            for endpoint in endpoints {
                self.connect_if_there(&id_of(&found), &endpoint.unnamed())?;
            }
        }
        Ok(())
    }

    fn connect_if_there(&self, container: &str, endpoint: &Endpoint) -> Result<()> {
        or_gone(self.connect(container, endpoint)).map(drop)
    }

    /// Connects a container with exactly these names.
    pub(super) fn connect(&self, container: &str, endpoint: &Endpoint) -> Result<()> {
        let inspect = self.engine.container(container)?;
        let id = id_of(&inspect);
        let current = state::endpoints(&inspect, &id).into_iter().find(|one| one.network == endpoint.network);
        if let Some(current) = &current {
            if same_names(&current.aliases, &endpoint.aliases) {
                return Ok(());
            }
            self.engine.disconnect(&endpoint.network, &id)?;
        }
        self.engine.connect(&endpoint.network, &id, &endpoint.config())?;
        let address = |inspect: &Value| {
            let networks = inspect.pointer("/NetworkSettings/Networks")?;
            json::text(networks.get(&endpoint.network)?, "/IPAddress")
        };
        if let Some(before) = address(&inspect) {
            let after = address(&self.engine.container(&id)?);
            if after.as_ref() != Some(&before) {
                log::warn(format!(
                    "{} had the address {before} on {} and now has {}; connections that it had open are lost",
                    json::text(&inspect, "/Name").unwrap_or_default().trim_start_matches('/'),
                    endpoint.network,
                    after.unwrap_or_else(|| "none".to_owned()),
                ));
            }
        }
        Ok(())
    }
}

fn same_names(left: &[String], right: &[String]) -> bool {
    let sorted = |names: &[String]| {
        let mut names = names.to_vec();
        names.sort();
        names.dedup();
        names
    };
    sorted(left) == sorted(right)
}
