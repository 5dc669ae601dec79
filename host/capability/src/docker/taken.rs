//! Names and ports that containers of others have: what a plan cannot have, reported before anything is touched.
//!
//! Only the existence of these containers is reported, nothing else about them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use bollard::models::ContainerSummary;
use serde_json::Value;
use windlass_domain::Failure;

use super::Docker;
use super::failure::hinted;

/// What containers of others have.
#[derive(Debug, Default)]
pub(super) struct Taken {
    names: BTreeSet<String>,
    ports: Vec<Published>,
}

/// A port of the host at which one of them is reached now.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Published {
    /// None where it is every address of the host.
    address: Option<IpAddr>,
    port: u16,
    protocol: String,
}

impl Published {
    /// Whether only one of two can have its port.
    fn is_in_the_way_of(&self, other: &Self) -> bool {
        let both = match (self.address, other.address) {
            (Some(own), Some(others)) => own == others,
            // The engine listens at `0.0.0.0` and at `::` with a socket for each.
            _ => true,
        };
        both && self.port == other.port && self.protocol == other.protocol
    }
}

impl Docker {
    /// What others have now.
    pub(super) async fn taken(&self) -> Result<Taken, Failure> {
        let containers = self.all_containers().await?;
        Ok(Taken::of(containers.iter().filter(|one| !self.owns(one.labels.as_ref()))))
    }
}

impl Taken {
    fn of<'a>(containers: impl Iterator<Item = &'a ContainerSummary>) -> Self {
        let mut taken = Self::default();
        for container in containers {
            let names = container.names.iter().flatten();
            // One with more slashes is how a link calls it.
            taken
                .names
                .extend(names.map(|name| name.trim_start_matches('/').to_owned()).filter(|name| !name.contains('/')));
            for port in container.ports.iter().flatten() {
                let Some(public) = port.public_port else { continue };
                taken.ports.push(Published {
                    address: address(port.ip.as_deref().unwrap_or_default()),
                    port: public,
                    protocol: port.typ.map_or_else(|| "tcp".to_owned(), |kind| kind.to_string()),
                });
            }
        }
        taken
    }

    /// Why a container cannot have its name and its ports; nothing where it can.
    pub(super) fn check(&self, name: Option<&str>, body: &Value, application: &str) -> Vec<Failure> {
        let mut failures = Vec::new();
        if let Some(name) = name.filter(|name| self.names.contains(*name)) {
            failures.push(hinted(
                "conflict",
                format!("a container named `{name}` is there that is not of application `{application}`"),
                &format!(
                    "`docker inspect {name}` shows whose it is: choose another `container_name` in the Compose file, or \
                     remove that container by hand (`docker rm`)"
                ),
            ));
        }
        for wanted in published(body) {
            if self.ports.iter().any(|taken| taken.is_in_the_way_of(&wanted)) {
                let Published { port, protocol, .. } = &wanted;
                failures.push(hinted(
                    "conflict",
                    format!(
                        "the host's port {port}/{protocol} is published by a container that is not of application \
                         `{application}`"
                    ),
                    &format!(
                        "`docker ps --filter publish={port}` shows which: publish another port in the Compose file, or stop \
                         that container"
                    ),
                ));
            }
        }
        failures
    }
}

/// The ports of the host that a body of `POST /containers/create` names. A range is the engine's to choose from, and a
/// body that cannot be read is refused elsewhere.
fn published(body: &Value) -> Vec<Published> {
    let bindings = body.pointer("/HostConfig/PortBindings").and_then(Value::as_object);
    bindings
        .into_iter()
        .flatten()
        .flat_map(|(inside, outside)| {
            let protocol = inside.split_once('/').map_or("tcp", |(_, protocol)| protocol);
            outside.as_array().into_iter().flatten().filter_map(move |one| {
                let port: u16 = one.get("HostPort")?.as_str()?.parse().ok().filter(|port| *port != 0)?;
                let ip = one.get("HostIp").and_then(Value::as_str).unwrap_or_default();
                Some(Published { address: address(ip), port, protocol: protocol.to_owned() })
            })
        })
        .collect()
}

fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok().filter(|address: &IpAddr| !address.is_unspecified())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn others() -> Taken {
        let summary = json!({
            "Names": ["/other-web-1", "/link/alias"],
            "Ports": [
                { "IP": "127.0.0.1", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp" },
                { "IP": "0.0.0.0", "PrivatePort": 53, "PublicPort": 53, "Type": "udp" },
                { "PrivatePort": 9000, "Type": "tcp" },
            ],
        });
        Taken::of(std::iter::once(&serde_json::from_value(summary).unwrap()))
    }

    fn check(name: &str, bindings: &Value) -> Option<String> {
        let body = json!({ "HostConfig": { "PortBindings": bindings } });
        others().check(Some(name), &body, "kudos").pop().map(|failure| failure.message)
    }

    #[test]
    fn a_name_of_others_is_taken() {
        assert_eq!(check("kudos-web-1", &json!({})), None);
        assert_eq!(check("alias", &json!({})), None);
        let taken = check("other-web-1", &json!({})).unwrap();
        assert_eq!(taken, "a container named `other-web-1` is there that is not of application `kudos`");
    }

    #[test]
    fn a_port_of_others_is_taken_where_the_addresses_meet() {
        let bindings = |inside: &str, ip: &str, port: &str| json!({ inside: [{ "HostIp": ip, "HostPort": port }] });
        for (inside, ip, port) in
            [("80/tcp", "127.0.0.1", "8080"), ("80/tcp", "", "8080"), ("5353/udp", "10.0.0.1", "53")]
        {
            assert!(check("kudos", &bindings(inside, ip, port)).is_some(), "{inside} {ip} {port}");
        }
        for (inside, ip, port) in [
            ("80/tcp", "127.0.0.2", "8080"),
            ("80/udp", "127.0.0.1", "8080"),
            ("80/tcp", "", "53"),
            ("80/tcp", "", "9000"),
            ("80/tcp", "", ""),
            ("80/tcp", "", "8080-8090"),
        ] {
            assert_eq!(check("kudos", &bindings(inside, ip, port)), None, "{inside} {ip} {port}");
        }
    }
}
