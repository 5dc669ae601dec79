//! `host:port`, as the operator grants it. Parses only; whether something is there is not asked.

use std::fmt;
use std::str::FromStr;

use url::Host;

use super::document::printable;

/// A host, by name or address, and a TCP port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// A name in lower case, or an address as `IpAddr` writes it.
    pub host: String,
    /// The port; never 0.
    pub port: u16,
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{}` is not `host:port`", printable(text));
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse::<u16>().ok().filter(|port| *port != 0).ok_or_else(wrong)?;
        let host = match Host::parse(host).map_err(|_| wrong())? {
            Host::Domain(name) => name.to_ascii_lowercase(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        Ok(Self { host, port })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(formatter, "{open}{}{close}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_a_port_that_can_be_connected_to() {
        for (written, meant) in [
            ("db.lan:5432", "db.lan:5432"),
            ("DB.lan:5432", "db.lan:5432"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("0x7f.1:80", "127.0.0.1:80"),
            ("[FD00::1]:80", "[fd00::1]:80"),
        ] {
            assert_eq!(written.parse::<Endpoint>().unwrap().to_string(), meant);
        }
        for wrong in ["db", "db:0", "db:65536", ":80", "fd00::1:80", "a b:80", "http://db:80", "db:80/x"] {
            assert!(wrong.parse::<Endpoint>().is_err(), "{wrong}");
        }
    }
}
