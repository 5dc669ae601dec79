//! What a plugin will ask for by name, as far as that is known before it asks: the release's configuration of it says it.
//!
//! It makes the lines for the operator real ones. It grants nothing, and nothing is refused because of it.

use std::collections::BTreeSet;

use url::{Host, Url};
use windlass_config::Origin;
use windlass_foundation::identity::Ask;

use super::Permission;
use super::lines::{self, Wish};

/// Names that a plugin's configuration says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Servers.
    pub servers: BTreeSet<Origin>,
    /// Whether the servers are only addresses that stand in its configuration, and nothing says that it asks them.
    pub servers_are_guessed: bool,
    /// Secrets that it uses without seeing them.
    pub secrets: BTreeSet<String>,
    /// Secrets that it sees.
    pub revealed: BTreeSet<String>,
    /// Commands of the operator.
    pub commands: BTreeSet<String>,
    /// Registries, as `host` or `host:port`.
    pub registries: BTreeSet<String>,
}

impl Wanted {
    /// Adds the server of an address; nothing where it is none that plugins can ask.
    pub fn add_server(&mut self, address: &str) {
        let Ok(url) = Url::parse(address) else { return };
        let host = match url.host() {
            Some(Host::Domain(name)) => name.strip_suffix('.').unwrap_or(name).to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => return,
        };
        if let ("http" | "https", Some(port)) = (url.scheme(), url.port_or_known_default()) {
            self.servers.insert(Origin { scheme: url.scheme().to_owned(), host, port });
        }
    }

    /// What would grant one thing that a plugin asks for; an example where nothing says what it needs, and nothing where the
    /// capability is not known.
    pub(super) fn wishes(&self, ask: &Ask) -> Vec<Wish> {
        let known = self.known(ask);
        if !known.is_empty() {
            return known.into_iter().map(Wish::from).collect();
        }
        let is_name = matches!(ask.name.as_str(), "http" | "secrets" | "reveal" | "exec" | "registry");
        lines::example(ask).map(|permission| Wish { permission, known: !is_name }).into_iter().collect()
    }

    /// The requests that are known of one thing that a plugin asks for.
    pub(super) fn known(&self, ask: &Ask) -> Vec<Permission> {
        let each =
            |names: &BTreeSet<String>, request: fn(String) -> Permission| names.iter().cloned().map(request).collect();
        match ask.name.as_str() {
            "http" => self.requests(),
            "secrets" => each(&self.secrets, Permission::Secret),
            "reveal" => each(&self.revealed, Permission::Reveal),
            "exec" => each(&self.commands, Permission::Exec),
            "registry" => each(&self.registries, Permission::Registry),
            _ => Vec::new(),
        }
    }

    /// Which secret goes to which of several servers is not known: then the first request that sends one says it.
    fn requests(&self) -> Vec<Permission> {
        let mut requests: Vec<Permission> = self.servers.iter().cloned().map(Permission::Http).collect();
        if let Some(server) = self.servers.first().filter(|_| self.servers.len() == 1) {
            requests.extend(self.secrets.iter().map(|name| Permission::SecretTo(name.clone(), server.clone())));
        }
        requests
    }
}
