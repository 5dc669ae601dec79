//! The `with` table.

use std::fmt;
use std::str::FromStr;

use windlass_sdk::prelude::*;

/// What must run, for how long, and what must reach what.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// Services that must run. Default: all of the plan and all that have a container.
    pub services: Vec<String>,
    /// How long everything must stay healthy without a restart. Longer than ten seconds finds containers that the
    /// engine restarts.
    pub settle: Period,
    /// Until when everything must have become healthy. The host's own deadline also holds.
    pub deadline: Period,
    /// Connections that must be possible once everything is healthy.
    pub connect: Vec<Connection>,
}

impl Default for Config {
    fn default() -> Self {
        Self { services: Vec::new(), settle: Period::seconds(15), deadline: Period::seconds(120), connect: Vec::new() }
    }
}

/// One TCP connection.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Connection {
    /// The service whose containers connect. Default: the host.
    #[serde(default)]
    pub from: Option<String>,
    /// Where to: a service, one of its network aliases or an address, and the container's port: `backend:8080`.
    pub to: String,
    /// How long one attempt may take.
    #[serde(default = "three_seconds")]
    pub timeout: Period,
}

fn three_seconds() -> Period {
    Period::seconds(3)
}

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// A service, an alias or an address.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl FromStr for Target {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || Error::config(format!("{text:?} is not a place to connect to; write \"service:port\""));
        let (host, port) = text.rsplit_once(':').ok_or_else(bad)?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(bad)?;
        if host.is_empty() || host.contains('/') {
            return Err(bad());
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} → {}", self.from.as_deref().unwrap_or("host"), self.to)
    }
}

impl Config {
    /// What a schema cannot say.
    pub(crate) fn check(&self) -> Result<()> {
        if self.settle.0 >= self.deadline.0 {
            let (settle, deadline) = (self.settle, self.deadline);
            return Err(Error::config(format!("`settle` ({settle}) must be shorter than `deadline` ({deadline})")));
        }
        self.connect.iter().try_for_each(|connection| connection.to.parse::<Target>().map(drop))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_hosts_and_ports() {
        assert_eq!("db:5432".parse::<Target>().unwrap(), Target { host: "db".to_owned(), port: 5432 });
        assert_eq!("[::1]:80".parse::<Target>().unwrap().host, "::1");
        for text in ["db", "db:", "db:0", "db:70000", ":80", "http://db:80/"] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }
}
