//! Connections, and who answers to a service's name.
//!
//! The engine cannot change the names of a connection, so a container is disconnected and connected again. It gets
//! the same address again when no lower one is free, because engines give the lowest; then what it has open lives on,
//! and TCP sends again what was lost meanwhile. Where a lower address is free, an old container keeps its names until
//! it stops, rather than lose what it is answering.
//!
//! TCP doubles its pause each time that it sends again (RFC 6298, section 5.5), so after an absence the next try comes
//! within as long as the absence lasted. That time is waited for before anything is stopped: milliseconds usually,
//! seconds on an engine that is busy.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use windlass_sdk::{Result, log};

use super::{Work, id_of};
use crate::desired::Endpoint;
use crate::engine::or_gone;
use crate::operation::New;
use crate::{json, state, wait};

/// The longest time that is waited for what TCP sends again. Who answers later than this was away for too long.
const LONGEST_RESEND: Duration = Duration::from_secs(15);

impl Work<'_> {
    /// From now on the new container is found by the service's names, and the old ones are not.
    pub(super) fn switch(&self, container: &New, endpoints: &[Endpoint]) -> Result<Value> {
        let id = self.new_id(container)?;
        for endpoint in endpoints {
            self.connect(&id, endpoint)?;
        }
        let mut absence = Duration::ZERO;
        for old in &self.before.containers {
            for endpoint in &old.endpoints {
                if self.keeps_its_address(&old.id, &endpoint.network)? {
                    absence = absence.max(self.connect_if_there(&old.id, &endpoint.unnamed())?);
                } else {
                    log::debug(format!("{} keeps its names on {} until it stops", old.name, endpoint.network));
                }
            }
        }
        wait::pass(self.context, absence.min(LONGEST_RESEND))?;
        self.is_reached(&id, endpoints)?;
        Ok(json!({ "container": id }))
    }

    pub(super) fn switch_back(&self, container: &New, endpoints: &[Endpoint]) -> Result<()> {
        for old in &self.before.containers {
            for endpoint in &old.endpoints {
                self.connect_if_there(&old.id, endpoint)?;
            }
            // A network that is gone meanwhile is no success here.
            if !old.lacked {
                self.is_reached(&old.id, &old.endpoints)?;
            }
        }
        let mut absence = Duration::ZERO;
        if let Some(found) = self.find_new(container)? {
            for endpoint in endpoints {
                absence = absence.max(self.connect_if_there(&id_of(&found), &endpoint.unnamed())?);
            }
        }
        wait::pass(self.context, absence.min(LONGEST_RESEND))
    }

    /// Whether a container would get the same address if it were connected again. Yes for one without an address.
    fn keeps_its_address(&self, container: &str, network: &str) -> Result<bool> {
        let Some(inspect) = or_gone(self.engine.container(container))? else { return Ok(true) };
        let address = inspect.pointer("/NetworkSettings/Networks").and_then(|networks| networks.get(network));
        let address = address.and_then(|endpoint| json::text(endpoint, "/IPAddress"));
        let Some(network) = or_gone(self.engine.network(network))? else { return Ok(true) };
        Ok(address.is_none_or(|address| is_lowest(&address, &network)))
    }

    fn connect_if_there(&self, container: &str, endpoint: &Endpoint) -> Result<Duration> {
        or_gone(self.connect(container, endpoint)).map(Option::unwrap_or_default)
    }

    /// Connects a container with exactly these names. Returns how long it was not connected, when it was before.
    ///
    /// One that ended and waits for the engine to start it again is left as it is: it has no connection now, which it gets
    /// back with its start, and engines that are told to connect it make one that its start then finds in its way.
    pub(super) fn connect(&self, container: &str, endpoint: &Endpoint) -> Result<Duration> {
        let inspect = self.engine.container(container)?;
        let id = id_of(&inspect);
        if is_restarting(&inspect) {
            log::debug(format!("{} is restarted again and again, and keeps its names", json::name(&inspect)));
            return Ok(Duration::ZERO);
        }
        let current = state::endpoints(&inspect, &id).into_iter().find(|one| one.network == endpoint.network);
        if current.as_ref().is_some_and(|current| same_names(&current.aliases, &endpoint.aliases)) {
            return Ok(Duration::ZERO);
        }
        let since = Instant::now();
        if current.is_some()
            && let Err(error) = self.engine.disconnect(&endpoint.network, &id)
        {
            // It may have ended since it was looked at, and may even have been started again: less often each time.
            let now = self.engine.container(&id)?;
            let restarts = |inspect: &Value| json::number(inspect, "/RestartCount");
            return match (is_restarting(&now), restarts(&now) == restarts(&inspect)) {
                (true, _) => Ok(Duration::ZERO),
                (false, true) => Err(error),
                (false, false) => self.connect(&id, endpoint),
            };
        }
        self.engine.connect(&endpoint.network, &id, &endpoint.config())?;
        let absence = current.map_or(Duration::ZERO, |_| since.elapsed());
        let address = |inspect: &Value| {
            let networks = inspect.pointer("/NetworkSettings/Networks")?;
            json::text(networks.get(&endpoint.network)?, "/IPAddress")
        };
        if let Some(before) = address(&inspect) {
            let after = address(&self.engine.container(&id)?);
            if after.as_ref() != Some(&before) {
                log::warn(format!(
                    "{} had the address {before} on {} and now has {}; connections that it had open are lost",
                    json::name(&inspect),
                    endpoint.network,
                    after.unwrap_or_else(|| "none".to_owned()),
                ));
            }
        }
        Ok(absence)
    }
}

/// Whether a container ended and the engine is about to start it again.
fn is_restarting(inspect: &Value) -> bool {
    json::text(inspect, "/State/Status").as_deref() == Some("restarting")
}

/// Whether every address of the network below this one is taken. No where that cannot be told.
fn is_lowest(address: &str, network: &Value) -> bool {
    let number = |text: &str| text.parse::<Ipv4Addr>().ok().map(u32::from);
    let subnet = json::text(network, "/IPAM/Config/0/Subnet");
    let first = subnet.as_deref().and_then(|subnet| subnet.split('/').next()).and_then(number);
    let (Some(address), Some(first)) = (number(address), first) else { return false };
    let gateway = json::text(network, "/IPAM/Config/0/Gateway");
    let containers = network.get("Containers").and_then(Value::as_object).into_iter().flatten();
    let taken: BTreeSet<u32> = containers
        .filter_map(|(_, container)| json::text(container, "/IPv4Address"))
        .chain(gateway)
        .filter_map(|text| number(text.split('/').next().unwrap_or_default()))
        .filter(|taken| (first + 1..address).contains(taken))
        .collect();
    u32::try_from(taken.len()).is_ok_and(|count| count == address.saturating_sub(first + 1))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_comes_back_when_all_below_it_are_taken() {
        let network = |addresses: &[&str]| {
            let containers: serde_json::Map<String, Value> = addresses
                .iter()
                .map(|address| ((*address).to_owned(), json!({ "IPv4Address": format!("{address}/16") })))
                .collect();
            json!({ "IPAM": { "Config": [{ "Subnet": "172.20.0.0/16", "Gateway": "172.20.0.1" }] }, "Containers": containers })
        };
        let table: &[(&str, &[&str], bool)] = &[
            ("172.20.0.2", &["172.20.0.2"], true),
            ("172.20.0.3", &["172.20.0.2", "172.20.0.3"], true),
            ("172.20.0.3", &["172.20.0.3"], false),
            ("172.20.0.4", &["172.20.0.2", "172.20.0.4", "172.20.0.5"], false),
            ("fd00::2", &[], false),
        ];
        for (address, taken, expected) in table {
            assert_eq!(is_lowest(address, &network(taken)), *expected, "{address} {taken:?}");
        }
    }
}
