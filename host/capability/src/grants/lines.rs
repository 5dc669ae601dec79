//! The lines that would allow what was denied, ready to be pasted.

use std::collections::BTreeSet;
use std::net::IpAddr;

use windlass_config::Origin;
use windlass_foundation::identity::Ask;

use super::Permission;
use crate::{Scope, http};

/// Below which a directory for each application's data is proposed.
pub const DATA: &str = "/srv/data";

/// What the operator adds to `agent.toml`. Blocks of the same plugin are added together, so it can go to the end.
pub(super) fn grant(scope: &Scope, permission: &Permission) -> String {
    grants(scope, std::slice::from_ref(permission))
}

/// The same for several requests of one plugin.
pub(super) fn grants(scope: &Scope, permissions: &[Permission]) -> String {
    let plugin = quoted(&scope.plugin.name);
    let application = quoted(&scope.about.application);
    let digest = if scope.bundled { String::new() } else { format!("digest = {}\n", quoted(&scope.plugin.digest)) };
    let head = format!("[[grants]]\nplugin = {plugin}\n{digest}applications = [{application}]\n");
    let (mut text, mut said) = (String::new(), BTreeSet::new());
    for permission in permissions {
        // A key may appear once in a block, so a second request with the same key gets a block of its own.
        if text.is_empty() || !said.insert(permission.capability()) {
            text.push_str(&head);
            said = BTreeSet::from([permission.capability()]);
        }
        text.push_str(&line(permission));
    }
    text
}

/// The line for a request in a block of grants.
fn line(permission: &Permission) -> String {
    match permission {
        Permission::DockerRead => "docker-read = true\n".to_owned(),
        Permission::DockerWrite => "docker-write = {}\n".to_owned(),
        Permission::Project(name) => format!("docker-write = {{ projects = [{}] }}\n", quoted(name)),
        Permission::DataRoot(name) => {
            format!(
                "docker-write = {{ data-root = {} }}  # a directory of your choice, of this application alone\n",
                quoted(&format!("{DATA}/{name}"))
            )
        }
        Permission::Http(origin) => {
            let addresses = inside(&origin.host).map(|inside| format!(", addresses = {inside}")).unwrap_or_default();
            format!("http = [{{ to = {}{addresses} }}]\n", quoted(&origin.to_string()))
        }
        Permission::Address(origin, address) => {
            format!("http = [{{ to = {}, addresses = [\"{address}\"] }}]\n", quoted(&origin.to_string()))
        }
        Permission::SecretTo(name, origin) => {
            format!("http = [{{ to = {}, secrets = [{}] }}]\n", quoted(&origin.to_string()), quoted(name))
        }
        Permission::Files(root, write) => {
            let path = quoted(&format!("/srv/{root}"));
            let write = if *write { ", write = true" } else { "" };
            format!("files = [{{ root = {}, path = {path}{write} }}]  # with the path of your choice\n", quoted(root))
        }
        Permission::Secret(name) => format!("secrets = [{}]\n", quoted(name)),
        Permission::Reveal(name) => format!("reveal = [{}]\n", quoted(name)),
        Permission::Exec(name) => format!("exec = [{}]\n", quoted(name)),
        Permission::Registry(host) => format!("registry = [{}]\n", quoted(host)),
        Permission::State => "state = true\n".to_owned(),
    }
}

/// The addresses that follow from a host's own name, where they must be granted besides it.
fn inside(host: &str) -> Option<String> {
    if host == "localhost" {
        return Some("[\"127.0.0.1\", \"::1\"]".to_owned());
    }
    let address: IpAddr = host.parse().ok()?;
    (!http::is_public(address)).then(|| format!("[\"{address}\"]"))
}

/// What the plugin's author adds to its manifest.
pub(super) fn manifest(permission: &Permission) -> String {
    let entry = match permission {
        Permission::Files(root, write) => {
            serde_json::json!({ "name": "files", "root": root, "write": write, "reason": "…" })
        }
        _ => serde_json::json!({ "name": permission.capability(), "reason": "…" }),
    };
    format!("the plugin's author adds `{entry}` to `capabilities` in its manifest")
}

/// A request that stands for what a manifest's line asks for; none when it asks for something unknown.
pub(super) fn example(ask: &Ask) -> Option<Permission> {
    Some(match ask.name.as_str() {
        "docker-read" => Permission::DockerRead,
        "docker-write" => Permission::DockerWrite,
        "http" => Permission::Http(Origin { scheme: "https".to_owned(), host: "server.example".to_owned(), port: 443 }),
        "files" => Permission::Files(ask.root.clone().unwrap_or_else(|| "name".to_owned()), ask.write),
        "secrets" => Permission::Secret("name".to_owned()),
        "reveal" => Permission::Reveal("name".to_owned()),
        "exec" => Permission::Exec("name".to_owned()),
        "registry" => Permission::Registry("registry.example:5000".to_owned()),
        "state" => Permission::State,
        _ => return None,
    })
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
