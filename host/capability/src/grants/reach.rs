//! What a host lets a plugin reach, in words for the operator and as data.
//!
//! Nothing is decided here: a request is decided where it is made.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use windlass_config::{DockerWrite, Grant, HttpGrant};
use windlass_foundation::explain::{list, quoted};
use windlass_foundation::identity::{Ask, Identity, Kind};
use windlass_foundation::words;

use super::{above_kind, lines, matches, same_bytes};
use crate::Scope;

/// One thing that a plugin asks for, and what the operator gives it of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// What it asks for, and why.
    pub ask: Ask,
    /// Why no operator can grant it to this kind of plugin; none where one can.
    pub impossible: Option<&'static str>,
    /// What is granted of it.
    pub granted: Vec<Reached>,
}

/// One thing that a plugin may reach.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reached {
    /// The server, directory, secret, command, registry or address; none where all of a capability is granted.
    pub to: Option<String>,
    /// For a server: secrets that may be sent there.
    pub secrets: Vec<String>,
    /// For a server: addresses of it that are closed unless granted.
    pub addresses: Vec<String>,
    /// For a directory: whether it may write there.
    pub write: bool,
    /// What of it is said besides, after the rest.
    pub more: Vec<String>,
    /// The applications that it is for; empty means all.
    pub applications: Vec<String>,
}

/// What a plugin may reach on a host, for any application.
#[must_use]
pub fn of_host(plugin: &Identity, bundled: bool, kind: Kind, asked: &[Ask], granted: &[Grant]) -> Vec<Reach> {
    let is_its = |grant: &&Grant| grant.plugin == plugin.name && same_bytes(grant, plugin, bundled);
    reach(kind, asked, &granted.iter().filter(is_its).collect::<Vec<_>>())
}

/// What a plugin may reach when it works for an application.
#[must_use]
pub fn of_application(scope: &Scope, asked: &[Ask], granted: &[Grant]) -> Vec<Reach> {
    let bound = scope.about.unbound.is_none();
    let own: Vec<&Grant> = granted.iter().filter(|grant| matches(grant, scope, bound)).collect();
    let mut all = reach(scope.kind, asked, &own);
    for reached in all.iter_mut().flat_map(|reach| &mut reach.granted) {
        reached.applications.clear();
    }
    all
}

/// That a plugin is granted something on a host for other bytes than these alone. A sentence; none where it is not so.
#[must_use]
pub fn of_other_bytes(plugin: &Identity, bundled: bool, granted: &[Grant]) -> Option<String> {
    let own: Vec<&Grant> = granted.iter().filter(|grant| grant.plugin == plugin.name).collect();
    let mut others: Vec<String> = own.iter().filter_map(|grant| grant.digest.clone()).collect();
    others.dedup();
    let is_known = own.iter().any(|grant| same_bytes(grant, plugin, bundled));
    (!is_known && !others.is_empty()).then(|| rebuilt(plugin, bundled, &others))
}

/// That other bytes of the same name are granted something.
pub(super) fn rebuilt(plugin: &Identity, bundled: bool, digests: &[String]) -> String {
    let digests: Vec<String> = digests.iter().map(|digest| words::digest(digest)).collect();
    let this = if bundled { "the one that this agent carries" } else { "this file" };
    let (name, own) = (&plugin.name, words::digest(&plugin.digest));
    format!("`{name}` is granted for digest {}; {this} is {own}: was it rebuilt?", list(&digests))
}

fn reach(kind: Kind, asked: &[Ask], own: &[&Grant]) -> Vec<Reach> {
    let of = |ask: &Ask| {
        let impossible = lines::example(ask).and_then(|permission| above_kind(kind, &permission));
        let granted = match impossible {
            Some(_) => Vec::new(),
            None => own.iter().flat_map(|grant| reached(ask, grant)).collect(),
        };
        Reach { ask: ask.clone(), impossible, granted }
    };
    asked.iter().map(of).collect()
}

/// What one block of grants gives of one thing that is asked for.
fn reached(ask: &Ask, grant: &Grant) -> Vec<Reached> {
    let whole = || Reached { applications: grant.applications.clone(), ..Reached::default() };
    let named = |name: String| Reached { to: Some(name), ..whole() };
    let each = |names: &[String]| names.iter().cloned().map(named).collect();
    let if_granted = |granted: bool| if granted { vec![whole()] } else { Vec::new() };
    match ask.name.as_str() {
        "docker-read" => {
            // A connection is no way to look: alone it gives nothing of this.
            let mut all = if_granted(grant.reads_docker());
            if !all.is_empty() {
                all.extend(grant.probe_tcp.iter().map(|endpoint| named(endpoint.to_string())));
            }
            all
        }
        "docker-write" => {
            grant.docker_write.iter().map(|write| Reached { more: beyond_plain(write), ..whole() }).collect()
        }
        "http" => {
            grant.http.iter().map(|http| Reached { applications: grant.applications.clone(), ..server(http) }).collect()
        }
        "files" => {
            let asked = grant.files.iter().filter(|files| ask.root.as_ref().is_none_or(|root| *root == files.root));
            asked
                .map(|files| Reached { write: files.write && ask.write, ..named(files.path.display().to_string()) })
                .collect()
        }
        "secrets" => each(&grant.secrets),
        "reveal" => each(&grant.reveal),
        "exec" => each(&grant.exec),
        "registry" => each(&grant.registry),
        "state" => if_granted(grant.state),
        _ => Vec::new(),
    }
}

fn server(http: &HttpGrant) -> Reached {
    Reached {
        to: Some(http.to.to_string()),
        secrets: http.secrets.clone(),
        addresses: http.addresses.iter().map(range).collect(),
        ..Reached::default()
    }
}

/// A range of addresses, or the address that it is.
fn range(range: &IpNet) -> String {
    if range.prefix_len() == range.max_prefix_len() { range.addr().to_string() } else { range.to_string() }
}

/// What a strategy may do to the engine beyond plain containers.
fn beyond_plain(write: &DockerWrite) -> Vec<String> {
    let paths = |paths: Vec<String>| quoted(&paths);
    let mut more = Vec::new();
    if !write.bind_roots.is_empty() {
        let roots = write.bind_roots.iter().map(|root| root.display().to_string()).collect();
        more.push(format!("with directories of this host below {}", paths(roots)));
    }
    if let Some(root) = &write.data_root {
        more.push(format!("with data in {}", paths(vec![root.display().to_string()])));
    }
    if !write.allow.is_empty() {
        more.push(format!("with {}", quoted(&write.allow.iter().map(ToString::to_string).collect::<Vec<_>>())));
    }
    if !write.projects.is_empty() {
        more.push(format!("in the Compose projects {} too", quoted(&write.projects)));
    }
    if !write.subnets.is_empty() {
        more.push(format!(
            "with networks in {}",
            quoted(&write.subnets.iter().map(ToString::to_string).collect::<Vec<_>>())
        ));
    }
    more
}

impl Reach {
    /// Whether the operator gives it anything of what it asks for.
    #[must_use]
    pub fn is_granted(&self) -> bool {
        !self.granted.is_empty()
    }

    /// One sentence: what it may reach, or that it asks and is not granted, with its reason. `here` says for whom it is not
    /// granted.
    #[must_use]
    pub fn sentence(&self, here: &str) -> String {
        let because = if self.ask.reason.is_empty() { String::new() } else { format!(": {}", self.ask.reason) };
        if let Some(why) = self.impossible {
            return format!("asks to {}{because}; no operator can grant that: {why}", asked_words(&self.ask));
        }
        if self.granted.is_empty() {
            let optional = if self.ask.optional { "; it can do without" } else { "" };
            return format!("asks to {}{because}; not granted{here}{optional}", asked_words(&self.ask));
        }
        let mut groups: BTreeMap<&[String], Vec<&Reached>> = BTreeMap::new();
        for reached in &self.granted {
            groups.entry(&reached.applications).or_default().push(reached);
        }
        let said: Vec<String> = groups
            .into_iter()
            .map(|(applications, all)| {
                let for_whom =
                    if applications.is_empty() { String::new() } else { format!(" for {}", quoted(applications)) };
                format!("{}{for_whom}", self.granted_words(&all))
            })
            .collect();
        format!("may {}{because}", said.join("; and "))
    }

    /// What is granted of it, after "may".
    fn granted_words(&self, all: &[&Reached]) -> String {
        let names: BTreeSet<&str> = all.iter().filter_map(|reached| reached.to.as_deref()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let quoted = quoted(&names);
        let one_or = |one: &str, many: &str| format!("{} {quoted}", if names.len() == 1 { one } else { many });
        match self.ask.name.as_str() {
            "docker-read" if names.is_empty() => LOOKS.to_owned(),
            "docker-read" => format!("{LOOKS}, and connect to {quoted}"),
            "docker-write" => {
                let more: Vec<String> = all.iter().flat_map(|reached| reached.more.clone()).collect();
                if more.is_empty() { CHANGES.to_owned() } else { format!("{CHANGES}, {}", list(&more)) }
            }
            "http" => {
                let servers: Vec<String> = all.iter().map(|server| format!("to {}", server.words())).collect();
                format!("send requests {}", list(&servers))
            }
            "files" => {
                let below = |write: bool| -> Vec<&str> {
                    all.iter().filter(|it| it.write == write).filter_map(|it| it.to.as_deref()).collect()
                };
                let said = [(true, "read and write files below"), (false, "read files below")].map(|(write, verb)| {
                    let paths = below(write);
                    (!paths.is_empty()).then(|| format!("{verb} {}", self::quoted(&paths)))
                });
                list(&said.into_iter().flatten().collect::<Vec<_>>())
            }
            "secrets" => {
                format!("{} without seeing {}", one_or("use the secret", "use the secrets"), pronoun(names.len()))
            }
            "reveal" => one_or("see the value of the secret", "see the values of the secrets"),
            "exec" => one_or("run the command", "run the commands"),
            "registry" => one_or("look up images at the registry", "look up images at the registries"),
            "state" => KEEPS.to_owned(),
            other => format!("use `{other}`"),
        }
    }
}

/// What a plugin asks for, after "asks to".
#[must_use]
pub fn asked_words(ask: &Ask) -> String {
    let root = || ask.root.as_ref().map(|root| format!(" below the root `{root}`")).unwrap_or_default();
    match ask.name.as_str() {
        "docker-read" => LOOKS.to_owned(),
        "docker-write" => CHANGES.to_owned(),
        "http" => "send HTTP requests".to_owned(),
        "files" if ask.write => format!("read and write files{}", root()),
        "files" => format!("read files{}", root()),
        "secrets" => "use secrets without seeing them".to_owned(),
        "reveal" => "see the values of secrets".to_owned(),
        "exec" => "run commands of the operator".to_owned(),
        "registry" => "look up images at registries".to_owned(),
        "state" => KEEPS.to_owned(),
        other => format!("use `{other}`"),
    }
}

impl Reached {
    /// A server with what may go to it.
    fn words(&self) -> String {
        let mut said = quoted(self.to.as_slice());
        if !self.addresses.is_empty() {
            said = format!("{said} at {}", list(&self.addresses));
        }
        match self.secrets.len() {
            0 => said,
            1 => format!("{said} with the secret {}", quoted(&self.secrets)),
            _ => format!("{said} with the secrets {}", quoted(&self.secrets)),
        }
    }
}

fn pronoun(count: usize) -> &'static str {
    if count == 1 { "it" } else { "them" }
}

const LOOKS: &str = "look at the application's containers, networks and volumes";
const CHANGES: &str = "create, change and remove the application's containers, networks and volumes";
const KEEPS: &str = "keep values of its own between calls";
