//! What a plugin may do: what its manifest asks for ∩ what `agent.toml` grants ∩ what is allowed for its kind.
//!
//! The module computes only: it does no input or output, and no WebAssembly. A denial names the plugin, the capability
//! that it asked for, and the exact lines to add to `agent.toml`.

mod lines;

pub use lines::DATA;

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::json;
use windlass_config::document::printable;
use windlass_config::{Endpoint, FilesGrant, Grant, HttpGrant, Origin};
use windlass_domain::Failure;
use windlass_foundation::identity::{Ask, Kind};

use super::Scope;
use super::docker::{ContainerGrant, DockerGrant};

/// One request of a plugin to use a capability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permission {
    /// Look at the engine.
    DockerRead,
    /// Change the engine.
    DockerWrite,
    /// Work on a Compose project of another name than the application's.
    Project(String),
    /// Let containers of the application, by its name, write below a directory of its own.
    DataRoot(String),
    /// Ask a server.
    Http(Origin),
    /// Ask a server at an address that is closed unless granted.
    Address(Origin, IpAddr),
    /// Have a secret's placeholder replaced in a header to a server.
    SecretTo(String, Origin),
    /// Read below a root, or write.
    Files(String, bool),
    /// Use a secret without seeing it.
    Secret(String),
    /// See a secret.
    Reveal(String),
    /// Run a command.
    Exec(String),
    /// Ask about a registry: `host` or `host:port`.
    Registry(String),
    /// Keep values between calls.
    State,
}

impl Permission {
    /// The name that manifests ask with.
    #[must_use]
    pub fn capability(&self) -> &'static str {
        match self {
            Self::DockerRead => "docker-read",
            Self::DockerWrite | Self::Project(_) | Self::DataRoot(_) => "docker-write",
            Self::Http(_) | Self::Address(..) | Self::SecretTo(..) => "http",
            Self::Files(..) => "files",
            Self::Secret(_) => "secrets",
            Self::Reveal(_) => "reveal",
            Self::Exec(_) => "exec",
            Self::Registry(_) => "registry",
            Self::State => "state",
        }
    }

    /// What the operator reads after "may not".
    fn words(&self) -> String {
        match self {
            Self::DockerRead => "look at the Docker Engine".to_owned(),
            Self::DockerWrite => "change anything in the Docker Engine".to_owned(),
            Self::Project(name) => format!("work on the Compose project `{name}`"),
            Self::DataRoot(name) => format!("use a directory of this host for the data of `{name}`"),
            Self::Http(origin) => format!("ask `{origin}`"),
            Self::Address(origin, address) => {
                format!("ask `{origin}` at {address}, an address that must be granted as a range")
            }
            Self::SecretTo(name, origin) => format!("send the secret `{name}` to `{origin}`"),
            Self::Files(root, false) => format!("read files below the root `{root}`"),
            Self::Files(root, true) => format!("write files below the root `{root}`"),
            Self::Secret(name) => format!("use the secret `{name}`"),
            Self::Reveal(name) => format!("see the value of the secret `{name}`"),
            Self::Exec(name) => format!("run the command `{name}`"),
            Self::Registry(host) => format!("ask about the registry `{host}`"),
            Self::State => "keep values between calls".to_owned(),
        }
    }
}

/// What one plugin may do for one application.
#[derive(Debug, Clone)]
pub struct Grants {
    scope: Scope,
    asked: Vec<Ask>,
    docker_read: bool,
    docker_write: Option<ContainerGrant>,
    projects: BTreeSet<String>,
    http: Vec<HttpGrant>,
    files: Vec<FilesGrant>,
    secrets: BTreeSet<String>,
    reveal: BTreeSet<String>,
    exec: BTreeSet<String>,
    registry: BTreeSet<String>,
    probe_tcp: BTreeSet<Endpoint>,
    state: bool,
    /// The lines that would bind the application to where its release is from, and what would be granted then; none where
    /// it is bound.
    if_bound: Option<(String, Box<Grants>)>,
}

impl Grants {
    /// Decides: every grant of the operator's file that matches the plugin and the application is added together, and
    /// what the manifest does not ask for or the kind may not have is taken away. What is granted to the application by name
    /// is not granted to a release that may not be from where the application is.
    #[must_use]
    pub fn decide(scope: Scope, asked: &[Ask], granted: &[Grant]) -> Self {
        let Some(lines) = scope.about.unbound.clone() else { return Self::add(scope, asked, granted, true) };
        let if_bound = Some((lines, Box::new(Self::add(scope.clone(), asked, granted, true))));
        Self { if_bound, ..Self::add(scope, asked, granted, false) }
    }

    fn add(scope: Scope, asked: &[Ask], granted: &[Grant], bound: bool) -> Self {
        let mut grants = Self { asked: asked.to_vec(), ..Self::nothing(scope) };
        for grant in granted.iter().filter(|grant| matches(grant, &grants.scope, bound)) {
            grants.docker_read |= grant.reads_docker();
            if let Some(write) = &grant.docker_write {
                let all = grants.docker_write.get_or_insert_default();
                all.bind_roots.extend(write.bind_roots.iter().cloned());
                // An application has at most one `data-root`: the configuration is checked for that when it is read.
                all.data_root = write.data_root.clone().or(all.data_root.take());
                all.allow.extend(write.allow.iter().map(ToString::to_string));
                all.subnets.extend(write.subnets.iter().copied());
                grants.projects.extend(write.projects.iter().cloned());
            }
            grants.http.extend(grant.http.iter().cloned());
            grants.files.extend(grant.files.iter().cloned());
            grants.secrets.extend(grant.secrets.iter().cloned());
            grants.reveal.extend(grant.reveal.iter().cloned());
            grants.exec.extend(grant.exec.iter().cloned());
            grants.registry.extend(grant.registry.iter().cloned());
            grants.probe_tcp.extend(grant.probe_tcp.iter().cloned());
            grants.state |= grant.state;
        }
        grants
    }

    /// Creates grants for a plugin that is granted nothing.
    #[must_use]
    pub fn nothing(scope: Scope) -> Self {
        Self {
            scope,
            asked: Vec::new(),
            docker_read: false,
            docker_write: None,
            projects: BTreeSet::new(),
            http: Vec::new(),
            files: Vec::new(),
            secrets: BTreeSet::new(),
            reveal: BTreeSet::new(),
            exec: BTreeSet::new(),
            registry: BTreeSet::new(),
            probe_tcp: BTreeSet::new(),
            state: false,
            if_bound: None,
        }
    }

    /// The plugin and the application that the grants are for.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Whether the plugin may. A failure has the code `capability-denied`; where the operator can allow it, its
    /// details hold the exact lines under `grant`.
    pub fn check(&self, permission: &Permission) -> Result<(), Failure> {
        if let Some(why) = above_kind(self.scope.kind, permission) {
            return Err(self.denied(permission, why, None));
        }
        if !self.asked.iter().any(|ask| asks(ask, permission)) {
            let why = "its manifest does not ask for it";
            return Err(self.denied(permission, why, Some(("hint", lines::manifest(permission)))));
        }
        if self.is_granted(permission) {
            return Ok(());
        }
        Err(self.denial(permission))
    }

    /// Whether everything is there that the plugin cannot do without. The failure has the lines for all that is not.
    pub fn check_needs(&self) -> Result<(), Failure> {
        let missing: Vec<(Permission, &Ask)> = self
            .asked
            .iter()
            .filter(|ask| !ask.optional)
            .filter_map(|ask| lines::example(ask).map(|permission| (permission, ask)))
            .filter(|(permission, _)| !self.has_any(permission))
            .collect();
        let Some((first, _)) = missing.first() else { return Ok(()) };
        if let Some((permission, why)) =
            missing.iter().find_map(|(permission, _)| Some((permission, above_kind(self.scope.kind, permission)?)))
        {
            return Err(self.denied(permission, why, None));
        }
        let asked: Vec<String> = missing.iter().map(|(_, ask)| format!("`{}` ({})", ask.name, ask.reason)).collect();
        let mut failure = self.denial(first);
        failure.message =
            printable(&format!("{} needs what the operator has not granted: {}", self.scope.plugin, asked.join(", ")));
        // What would be granted by name needs no other line.
        if let Some(lines) = self.binding_for(|bound| missing.iter().all(|(permission, _)| bound.has_any(permission))) {
            failure.message.push_str("; it is granted to the application by name, and this is not bound to it");
            failure.details = Some(bind(lines));
            return Err(failure);
        }
        let permissions: Vec<Permission> = missing.into_iter().map(|(permission, _)| self.whole(&permission)).collect();
        failure.details = Some(json!({ "grant": self.with_binding(lines::grants(&self.scope, &permissions)) }));
        Err(failure)
    }

    /// The HTTP grants that cover a server, for what they say about addresses, authorities and secrets.
    pub fn http_for(&self, origin: &Origin) -> Result<Vec<&HttpGrant>, Failure> {
        self.check(&Permission::Http(origin.clone()))?;
        Ok(self.covering(origin).collect())
    }

    /// The grant for reading or writing below a root.
    pub fn files_for(&self, root: &str, write: bool) -> Result<&FilesGrant, Failure> {
        let permission = Permission::Files(root.to_owned(), write);
        self.check(&permission)?;
        let mut found = self.files.iter().filter(|files| files.root == root && (files.write || !write));
        found.next().ok_or_else(|| self.denial(&permission))
    }

    /// What the engine's capability is built with.
    #[must_use]
    pub fn docker(&self) -> DockerGrant {
        DockerGrant {
            read: self.check(&Permission::DockerRead).is_ok(),
            write: self.docker_write.clone().filter(|_| self.check(&Permission::DockerWrite).is_ok()),
            probe_tcp: self.probe_tcp.clone(),
        }
    }

    /// Every command that the plugin may run.
    #[must_use]
    pub fn commands(&self) -> &BTreeSet<String> {
        &self.exec
    }

    /// The failure for a request that turned out to be more than what is granted.
    #[must_use]
    pub fn denial(&self, permission: &Permission) -> Failure {
        if let Some(lines) = self.binding_for(|bound| bound.is_granted(permission)) {
            let why = format!(
                "the operator has granted it to `{}` by name, and agent.toml does not bind `{0}` to where this is from",
                self.scope.about.application
            );
            return Failure { details: Some(bind(lines)), ..self.denied(permission, &why, None) };
        }
        let lines = self.with_binding(lines::grant(&self.scope, &self.whole(permission)));
        self.denied(permission, "the operator has not granted it", Some(("grant", lines)))
    }

    /// The lines that bind the application, where that is all that is missing.
    fn binding_for(&self, enough: impl Fn(&Self) -> bool) -> Option<&str> {
        self.if_bound.as_ref().filter(|(_, bound)| enough(bound)).map(|(lines, _)| lines.as_str())
    }

    /// The lines of a grant name the application: where it is not bound, they come with the lines that bind it.
    fn with_binding(&self, lines: String) -> String {
        match &self.if_bound {
            Some((binding, _)) => format!("{binding}{lines}"),
            None => lines,
        }
    }

    /// A plugin that reads before it writes asks for both at once, so that the operator is asked once.
    fn whole(&self, permission: &Permission) -> Permission {
        match permission {
            Permission::Files(root, false) => {
                let writes = self
                    .asked
                    .iter()
                    .any(|ask| ask.root.is_some() && asks(ask, &Permission::Files(root.clone(), true)));
                Permission::Files(root.clone(), writes)
            }
            other => other.clone(),
        }
    }

    /// Every secret that the plugin can use in any way: what must be resolved before anything is touched.
    #[must_use]
    pub fn secret_names(&self) -> BTreeSet<String> {
        let sent = self.http.iter().flat_map(|http| http.secrets.iter());
        self.secrets.iter().chain(&self.reveal).chain(sent).cloned().collect()
    }

    /// Whether the operator's part is there.
    fn is_granted(&self, permission: &Permission) -> bool {
        match permission {
            Permission::DockerRead => self.docker_read,
            Permission::DockerWrite => self.docker_write.is_some(),
            Permission::Project(name) => *name == self.scope.about.application || self.projects.contains(name),
            Permission::DataRoot(_) => self.docker_write.as_ref().is_some_and(|write| write.data_root.is_some()),
            Permission::Http(origin) => self.covering(origin).next().is_some(),
            Permission::Address(origin, address) => {
                self.covering(origin).any(|http| http.addresses.iter().any(|range| range.contains(address)))
            }
            Permission::SecretTo(name, origin) => self.covering(origin).any(|http| http.secrets.contains(name)),
            Permission::Files(root, write) => {
                self.files.iter().any(|files| files.root == *root && (files.write || !write))
            }
            Permission::Secret(name) => self.secrets.contains(name),
            Permission::Reveal(name) => self.reveal.contains(name),
            Permission::Exec(name) => self.exec.contains(name),
            Permission::Registry(host) => self.registry.contains(host),
            Permission::State => self.state,
        }
    }

    /// Whether anything of the request's kind is granted, where its name is only an example.
    fn has_any(&self, permission: &Permission) -> bool {
        match permission {
            Permission::Http(_) | Permission::Address(..) | Permission::SecretTo(..) => !self.http.is_empty(),
            Permission::Secret(_) => !self.secrets.is_empty(),
            Permission::Reveal(_) => !self.reveal.is_empty(),
            Permission::Exec(_) => !self.exec.is_empty(),
            Permission::Registry(_) => !self.registry.is_empty(),
            Permission::DockerRead
            | Permission::DockerWrite
            | Permission::Project(_)
            | Permission::DataRoot(_)
            | Permission::Files(..)
            | Permission::State => self.is_granted(permission),
        }
    }

    fn covering(&self, origin: &Origin) -> impl Iterator<Item = &HttpGrant> {
        self.http.iter().filter(|http| http.to.covers(&origin.scheme, &origin.host, origin.port))
    }

    fn denied(&self, permission: &Permission, why: &str, detail: Option<(&str, String)>) -> Failure {
        let message = printable(&format!("{} may not {}: {why}", self.scope.plugin, permission.words()));
        Failure {
            code: "capability-denied".to_owned(),
            message,
            retryable: false,
            details: detail.map(|(key, text)| json!({ key: text })),
        }
    }
}

/// Something that a plugin asks for and that the operator did not grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What it asks for and why.
    pub ask: Ask,
    /// Why no operator can grant it to this kind of plugin; none where one can.
    pub impossible: Option<&'static str>,
    /// The lines for `agent.toml`; values in them that only the operator knows are examples.
    pub lines: String,
}

/// What a plugin asks for and does not have at all, for admission and `windlass plugin grants`.
#[must_use]
pub fn missing(scope: &Scope, asked: &[Ask], granted: &[Grant]) -> Vec<Missing> {
    let have = Grants::decide(scope.clone(), asked, granted);
    let mut missing = Vec::new();
    for ask in asked {
        let Some(permission) = lines::example(ask) else { continue };
        let impossible = above_kind(scope.kind, &permission);
        if !have.has_any(&permission) || impossible.is_some() {
            let binding = have.binding_for(|bound| bound.has_any(&permission)).map(str::to_owned);
            let lines = binding.unwrap_or_else(|| have.with_binding(lines::grant(scope, &permission)));
            missing.push(Missing { ask: ask.clone(), impossible, lines });
        }
    }
    missing
}

/// The details of a denial that a binding would lift.
fn bind(lines: &str) -> serde_json::Value {
    json!({ "hint": "where this may be that application, the operator says so in agent.toml:", "grant": lines })
}

/// Whether a grant is for this plugin and application. One that names applications is for those alone that come from
/// where the operator said that they are. A grant without a digest trusts the name, and only the agent's
/// own plugins cannot borrow one.
fn matches(grant: &Grant, scope: &Scope, bound: bool) -> bool {
    let same_bytes = match &grant.digest {
        Some(digest) => *digest == scope.plugin.digest,
        None => scope.bundled,
    };
    grant.plugin == scope.plugin.name
        && same_bytes
        && (grant.applications.is_empty() || bound && grant.applications.contains(&scope.about.application))
}

/// Why a kind of plugin can never have something.
fn above_kind(kind: Kind, permission: &Permission) -> Option<&'static str> {
    match (kind, permission) {
        (Kind::Strategy, _) => None,
        (_, Permission::DockerWrite | Permission::Project(_) | Permission::DataRoot(_)) => Some("only a strategy can"),
        (Kind::Check, Permission::Files(_, true)) => Some("a check changes nothing"),
        (Kind::Recorder, Permission::DockerRead) => Some("a recorder cannot"),
        (Kind::Smoke | Kind::Recorder, Permission::Registry(_)) => Some("only checks and strategies can"),
        _ => None,
    }
}

/// Whether a line of the manifest covers a request.
fn asks(ask: &Ask, permission: &Permission) -> bool {
    match permission {
        Permission::Files(root, write) => {
            ask.name == "files" && ask.root.as_ref().is_none_or(|asked| asked == root) && (ask.write || !write)
        }
        // A plugin that may change the engine may read it as well.
        Permission::DockerRead => matches!(ask.name.as_str(), "docker-read" | "docker-write"),
        _ => ask.name == permission.capability(),
    }
}

#[cfg(test)]
mod tests;
