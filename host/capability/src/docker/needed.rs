//! The grants that an operator would have to give for request bodies that are not sent yet: the policy's own judgement,
//! made for a proposal. The engine is not asked. So what depends on it (which application owns a name, which addresses
//! are free) is not here.

use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde_json::Value;
use windlass_foundation::call::CallContext;

use super::guard::{self, SOCKETS};
use super::policy::{Lack, Lacking, Policy, Protected, is_link_of_connection};
use super::scope::{ContainerGrant, DockerScope};
use super::walk;

/// What would have to be granted, each once, with what asks for it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Needed {
    /// Dangers by name: `cap-add:NET_ADMIN`.
    pub dangers: Vec<(String, String)>,
    /// Directories and files of the host that are mounted.
    pub roots: Vec<(PathBuf, String)>,
    /// Ranges of addresses that are not private.
    pub subnets: Vec<(IpNet, String)>,
    /// What no grant allows, in sentences.
    pub refused: Vec<String>,
}

/// A body that a strategy would send.
#[derive(Debug)]
pub struct Body {
    /// `container`, `network` or `volume`.
    pub kind: &'static str,
    /// What asks for it, for people: `web`.
    pub about: String,
    /// As the engine takes it.
    pub body: Value,
}

/// Judges the bodies as though nothing were granted.
#[must_use]
pub fn needed(application: &str, bodies: &[Body]) -> Needed {
    let scope = DockerScope {
        plugin: "strategy-compose".to_owned(),
        about: CallContext { application: application.to_owned(), ..CallContext::default() }.into(),
        projects: std::iter::once(application.to_owned()).collect(),
        ..DockerScope::default()
    };
    let grant = ContainerGrant::default();
    let protected: Vec<Protected> = SOCKETS.iter().map(|socket| engine_socket(Path::new(socket))).collect();
    let lacking = Lacking::default();
    let policy = Policy {
        scope: &scope,
        grant: &grant,
        protected: &protected,
        resolve: &guard::resolve,
        beneath: &|_, _| Ok(()),
        lacking: Some(&lacking),
    };
    let mut needed = Needed::default();
    for Body { kind, about, body } in bodies {
        lacking.about(about.clone());
        let judged = match *kind {
            "network" => policy.network(body).map(drop),
            "volume" => policy.volume(body).map(drop),
            _ => policy.container(body).map(|references| {
                for network in references.networks {
                    add(&mut needed.dangers, format!("network:{network}"), about.clone());
                }
                for (container, field) in references.containers {
                    if is_link_of_connection(&field) {
                        add(&mut needed.dangers, format!("link:{container}"), about.clone());
                    } else {
                        needed.refused.push(format!(
                            "`{about}` uses the container `{container}` (`{field}`), which is not of this application: no grant allows that"
                        ));
                    }
                }
            }),
        };
        needed.refused.extend(judged.err().map(|failure| format!("`{about}`: {}", failure.message)));
    }
    for (about, lack) in lacking.found() {
        match lack {
            Lack::Danger(danger) => add(&mut needed.dangers, danger, about),
            Lack::Root(root) => add(&mut needed.roots, root, about),
            Lack::Subnet(range) => add(&mut needed.subnets, range, about),
        }
    }
    needed
}

/// Adds a grant with the name of the body that needs it. Where the grant is listed already, only the name is added.
fn add<T: PartialEq>(all: &mut Vec<(T, String)>, what: T, about: String) {
    match all.iter_mut().find(|(known, _)| *known == what) {
        Some((_, who)) if who.split(", ").any(|one| one == about) => {}
        Some((_, who)) => *who = format!("{who}, {about}"),
        None => all.push((what, about)),
    }
}

fn engine_socket(path: &Path) -> Protected {
    let path = guard::resolve(path).unwrap_or_else(|_| path.to_owned());
    let (identity, what) = (walk::identity(&path), "the engine's socket");
    Protected { identity, path, what, allow: Some("docker-socket"), readable: false, inside: true }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_policy_would_refuse_is_needed_and_nothing_else() {
        let container = |about: &str, host: Value| Body {
            kind: "container",
            about: about.to_owned(),
            body: json!({ "HostConfig": host }),
        };
        let bodies = [
            container("web", json!({ "CapAdd": ["CHOWN", "CAP_NET_ADMIN"], "Sysctls": { "net.core.somaxconn": "1" } })),
            container(
                "db",
                json!({ "CapAdd": ["NET_ADMIN"], "Binds": ["/srv/nowhere:/data", "/var/run/docker.sock:/s:ro"] }),
            ),
            container("odd", json!({ "Unheard": true })),
            Body {
                kind: "container",
                about: "old".to_owned(),
                body: json!({
                    "HostConfig": { "PidMode": "container:theirs" },
                    "NetworkingConfig": { "EndpointsConfig": { "default": { "Links": ["theirs:db"] } } },
                }),
            },
            Body {
                kind: "volume",
                about: "files".to_owned(),
                body: json!({ "Name": "files", "DriverOpts": { "type": "nfs", "o": "addr=nas", "device": ":/files" } }),
            },
            Body {
                kind: "network",
                about: "wide".to_owned(),
                body: json!({ "Name": "wide", "Driver": "macvlan", "IPAM": { "Config": [{ "Subnet": "203.0.113.0/24" }] } }),
            },
        ];
        let needed = needed("kudos", &bodies);
        let pair = |what: &str, who: &str| (what.to_owned(), who.to_owned());
        assert_eq!(
            needed.dangers,
            [
                pair("link:theirs", "old"),
                pair("cap-add:NET_ADMIN", "web, db"),
                pair("docker-socket", "db"),
                pair("volume-type:nfs", "files"),
                pair("network-driver:macvlan", "wide"),
            ]
        );
        assert_eq!(needed.roots, [(PathBuf::from("/srv/nowhere"), "db".to_owned())]);
        assert_eq!(needed.subnets, [("203.0.113.0/24".parse().unwrap(), "wide".to_owned())]);
        assert!(needed.refused[0].contains("`HostConfig.Unheard`"), "{:?}", needed.refused);
        assert!(needed.refused[1].contains("the container `theirs` (`HostConfig.PidMode`)"), "{:?}", needed.refused);
        assert_eq!(needed.refused.len(), 2, "{:?}", needed.refused);
    }
}
