//! The lines that would allow what was denied, ready to be pasted.

use std::fmt::Write as _;
use std::net::IpAddr;

use windlass_config::Origin;
use windlass_foundation::identity::Ask;

use super::Permission;
use crate::{Scope, http};

/// Below which a directory for each application's data is proposed.
pub const DATA: &str = "/srv/data";

/// Something for the operator to grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) permission: Permission,
    /// Whether its names are real ones; an operator has to write those of an example.
    pub(super) known: bool,
}

impl From<Permission> for Wish {
    fn from(permission: Permission) -> Self {
        Self { permission, known: true }
    }
}

/// What the operator adds to `agent.toml`. Blocks of the same plugin are added together, so it can go to the end.
pub(super) fn grant(scope: &Scope, wish: impl Into<Wish>) -> String {
    grants(scope, &[wish.into()])
}

/// The same for several requests of one plugin: one block. Without an application it is for all of them.
pub(super) fn grants(scope: &Scope, wishes: &[Wish]) -> String {
    let mut text = format!("[[grants]]\nplugin = {}\n", quoted(&scope.plugin.name));
    if !scope.bundled {
        text.push_str(&digest(scope));
    }
    if !scope.about.application.is_empty() {
        // Writing to a string does not fail.
        let _ = writeln!(text, "applications = [{}]", quoted(&scope.about.application));
    }
    let mut entries: Vec<Entry> = Vec::new();
    for wish in wishes {
        if !entries.iter_mut().any(|entry| entry.add(wish)) {
            entries.push(Entry::of(wish));
        }
    }
    for entry in entries {
        text.push_str(&entry.line());
    }
    text
}

/// The line of a block that says which bytes the plugin has.
pub(super) fn digest(scope: &Scope) -> String {
    format!("digest = {}\n", quoted(&scope.plugin.digest))
}

/// One key of a block with everything that is granted with it.
struct Entry {
    key: &'static str,
    shape: Shape,
    /// What the operator reads behind the line.
    note: Option<&'static str>,
}

enum Shape {
    /// `true`.
    Flag,
    /// A list of texts.
    Names(Vec<String>),
    /// A table that is written out.
    Table(Vec<String>),
    /// Servers.
    Servers(Vec<Server>),
    /// Tables that are written out.
    Tables(Vec<String>),
}

struct Server {
    origin: Origin,
    addresses: Vec<String>,
    secrets: Vec<String>,
}

impl Entry {
    fn of(wish: &Wish) -> Self {
        let (shape, example) = match &wish.permission {
            Permission::DockerRead | Permission::State => (Shape::Flag, None),
            Permission::DockerWrite | Permission::Project(_) | Permission::DataRoot(_) => {
                (Shape::Table(Vec::new()), None)
            }
            Permission::Http(_) | Permission::Address(..) | Permission::SecretTo(..) => {
                (Shape::Servers(Vec::new()), Some("write the address of the server that it asks"))
            }
            Permission::Files(..) => (Shape::Tables(Vec::new()), None),
            Permission::Secret(_) | Permission::Reveal(_) => {
                (Shape::Names(Vec::new()), Some("write the names of `[secrets.NAME]` that it needs"))
            }
            Permission::Exec(_) => {
                (Shape::Names(Vec::new()), Some("write the names of `[commands.NAME]` that it runs"))
            }
            Permission::Registry(_) => (Shape::Names(Vec::new()), Some("write the registries that it asks")),
        };
        let mut entry = Self { key: wish.permission.capability(), shape, note: example.filter(|_| !wish.known) };
        entry.add(wish);
        entry
    }

    /// Adds a request with the same key; no for any other.
    fn add(&mut self, wish: &Wish) -> bool {
        if self.key != wish.permission.capability() {
            return false;
        }
        match (&mut self.shape, &wish.permission) {
            (
                Shape::Names(names),
                Permission::Secret(name)
                | Permission::Reveal(name)
                | Permission::Exec(name)
                | Permission::Registry(name),
            ) => add(names, quoted(name)),
            (Shape::Table(parts), Permission::Project(name)) => add(parts, format!("projects = [{}]", quoted(name))),
            (Shape::Table(parts), Permission::DataRoot(name)) => {
                self.note = Some("a directory of your choice, of this application alone");
                add(parts, format!("data-root = {}", quoted(&format!("{DATA}/{name}"))));
            }
            (Shape::Servers(servers), Permission::Http(origin)) => say(servers, origin, |server| {
                for address in inside(&origin.host) {
                    add(&mut server.addresses, address);
                }
            }),
            (Shape::Servers(servers), Permission::Address(origin, address)) => {
                say(servers, origin, |server| add(&mut server.addresses, quoted(&address.to_string())));
            }
            (Shape::Servers(servers), Permission::SecretTo(name, origin)) => {
                say(servers, origin, |server| add(&mut server.secrets, quoted(name)));
            }
            (Shape::Tables(tables), Permission::Files(root, write)) => {
                let path = quoted(&format!("/srv/{root}"));
                let write = if *write { ", write = true" } else { "" };
                self.note = Some("with the path of your choice");
                add(tables, format!("{{ root = {}, path = {path}{write} }}", quoted(root)));
            }
            _ => {}
        }
        true
    }

    fn line(&self) -> String {
        let value = match &self.shape {
            Shape::Flag => "true".to_owned(),
            Shape::Names(names) => format!("[{}]", names.join(", ")),
            Shape::Table(parts) if parts.is_empty() => "{}".to_owned(),
            Shape::Table(parts) => format!("{{ {} }}", parts.join(", ")),
            Shape::Tables(tables) => format!("[{}]", tables.join(", ")),
            Shape::Servers(servers) => {
                format!("[{}]", servers.iter().map(Server::written).collect::<Vec<_>>().join(", "))
            }
        };
        let note = self.note.map(|note| format!("  # {note}")).unwrap_or_default();
        format!("{} = {value}{note}\n", self.key)
    }
}

impl Server {
    fn written(&self) -> String {
        let lists = [("addresses", &self.addresses), ("secrets", &self.secrets)];
        let mut parts = vec![format!("to = {}", quoted(&self.origin.to_string()))];
        let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
        parts.extend(lists.map(|(key, list)| format!("{key} = [{}]", list.join(", "))));
        format!("{{ {} }}", parts.join(", "))
    }
}

/// Says something of a server in a list, which is added where it is not there.
fn say(servers: &mut Vec<Server>, origin: &Origin, what: impl FnOnce(&mut Server)) {
    if let Some(server) = servers.iter_mut().find(|server| server.origin == *origin) {
        return what(server);
    }
    let mut server = Server { origin: origin.clone(), addresses: Vec::new(), secrets: Vec::new() };
    what(&mut server);
    servers.push(server);
}

fn add(list: &mut Vec<String>, text: String) {
    if !list.contains(&text) {
        list.push(text);
    }
}

/// The addresses that follow from a host's own name, where they must be granted besides it.
fn inside(host: &str) -> Vec<String> {
    if host == "localhost" {
        return vec![quoted("127.0.0.1"), quoted("::1")];
    }
    let address = host.parse::<IpAddr>().ok().filter(|address| !http::is_public(*address));
    address.map(|address| quoted(&address.to_string())).into_iter().collect()
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
