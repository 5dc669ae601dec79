//! The lines that would allow what was denied, ready to be pasted.

use std::collections::BTreeSet;
use std::net::IpAddr;

use windlass_config::Origin;
use windlass_foundation::identity::Ask;

use super::Wish;
use crate::{Scope, http};

/// Below which a directory for each application's data is proposed.
pub const DATA: &str = "/srv/data";

/// What the operator adds to `agent.toml`. Blocks of the same plugin are added together, so it can go to the end.
pub(super) fn grant(scope: &Scope, wish: &Wish) -> String {
    grants(scope, std::slice::from_ref(wish))
}

/// The same for several requests of one plugin.
pub(super) fn grants(scope: &Scope, wishes: &[Wish]) -> String {
    let plugin = quoted(&scope.plugin.name);
    let application = quoted(&scope.application);
    let digest = if scope.bundled { String::new() } else { format!("digest = {}\n", quoted(&scope.plugin.digest)) };
    let head = format!("[[grants]]\nplugin = {plugin}\n{digest}applications = [{application}]\n");
    let (mut text, mut said) = (String::new(), BTreeSet::new());
    for wish in wishes {
        // A key may appear once in a block, so a second request with the same key gets a block of its own.
        if text.is_empty() || !said.insert(wish.capability()) {
            text.push_str(&head);
            said = BTreeSet::from([wish.capability()]);
        }
        text.push_str(&line(wish));
    }
    text
}

/// The line for a request in a block of grants.
fn line(wish: &Wish) -> String {
    match wish {
        Wish::DockerRead => "docker-read = true\n".to_owned(),
        Wish::DockerWrite => "docker-write = {}\n".to_owned(),
        Wish::Project(name) => format!("docker-write = {{ projects = [{}] }}\n", quoted(name)),
        Wish::DataRoot(name) => {
            format!(
                "docker-write = {{ data-root = {} }}  # a directory of your choice, of this application alone\n",
                quoted(&format!("{DATA}/{name}"))
            )
        }
        Wish::Http(origin) => {
            let addresses = inside(&origin.host).map(|inside| format!(", addresses = {inside}")).unwrap_or_default();
            format!("http = [{{ to = {}{addresses} }}]\n", quoted(&origin.to_string()))
        }
        Wish::Address(origin, address) => {
            format!("http = [{{ to = {}, addresses = [\"{address}\"] }}]\n", quoted(&origin.to_string()))
        }
        Wish::SecretTo(name, origin) => {
            format!("http = [{{ to = {}, secrets = [{}] }}]\n", quoted(&origin.to_string()), quoted(name))
        }
        Wish::Files(root, write) => {
            let path = quoted(&format!("/srv/{root}"));
            let write = if *write { ", write = true" } else { "" };
            format!("files = [{{ root = {}, path = {path}{write} }}]  # with the path of your choice\n", quoted(root))
        }
        Wish::Secret(name) => format!("secrets = [{}]\n", quoted(name)),
        Wish::Reveal(name) => format!("reveal = [{}]\n", quoted(name)),
        Wish::Exec(name) => format!("exec = [{}]\n", quoted(name)),
        Wish::Registry(host) => format!("registry = [{}]\n", quoted(host)),
        Wish::State => "state = true\n".to_owned(),
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
pub(super) fn manifest(wish: &Wish) -> String {
    let entry = match wish {
        Wish::Files(root, write) => serde_json::json!({ "name": "files", "root": root, "write": write, "reason": "…" }),
        _ => serde_json::json!({ "name": wish.capability(), "reason": "…" }),
    };
    format!("the plugin's author adds `{entry}` to `capabilities` in its manifest")
}

/// A request that stands for what a manifest's line asks for; none when it asks for something unknown.
pub(super) fn example(ask: &Ask) -> Option<Wish> {
    Some(match ask.name.as_str() {
        "docker-read" => Wish::DockerRead,
        "docker-write" => Wish::DockerWrite,
        "http" => Wish::Http(Origin { scheme: "https".to_owned(), host: "server.example".to_owned(), port: 443 }),
        "files" => Wish::Files(ask.root.clone().unwrap_or_else(|| "name".to_owned()), ask.write),
        "secrets" => Wish::Secret("name".to_owned()),
        "reveal" => Wish::Reveal("name".to_owned()),
        "exec" => Wish::Exec("name".to_owned()),
        "registry" => Wish::Registry("registry.example:5000".to_owned()),
        "state" => Wish::State,
        _ => return None,
    })
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
