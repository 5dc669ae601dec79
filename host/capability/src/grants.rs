//! What a plugin may do: what its manifest asks for ∩ what `agent.toml` grants ∩ what is allowed for its kind.
//!
//! The module computes only: it does no input or output, and no WebAssembly. A denial names the plugin, the capability
//! that it asked for, and the exact lines to add to `agent.toml`.

mod compare;
mod lines;
mod missing;
mod permission;
pub mod reach;
mod wanted;

pub use compare::Asking;
pub use lines::DATA;
pub use missing::{Missing, Unmet, lines_for_all, missing, unmet};
pub use permission::Permission;
pub use wanted::Wanted;

use std::collections::BTreeSet;

use serde_json::json;
use windlass_config::document::printable;
use windlass_config::{Endpoint, FilesGrant, Grant, HttpGrant, Origin};
use windlass_domain::Failure;
use windlass_foundation::identity::{Ask, Identity, Kind};

use super::Scope;
use super::docker::{ContainerGrant, DockerGrant};
use lines::Wish;

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
    /// The digests of other bytes of the same name that are granted something, and what would be granted if they were these;
    /// none where there are none.
    if_rebuilt: Option<(Vec<String>, Box<Grants>)>,
}

impl Grants {
    /// Decides: every grant of the operator's file that matches the plugin and the application is added together, and
    /// what the manifest does not ask for or the kind may not have is taken away. What is granted to the application by name
    /// is not granted to a release that may not be from where the application is.
    #[must_use]
    pub fn decide(scope: Scope, asked: &[Ask], granted: &[Grant]) -> Self {
        let bound = scope.about.unbound.is_none();
        let is_now = |grant: &&Grant| matches(grant, &scope, bound);
        let is_other = |grant: &&Grant| is_other_digest(grant, &scope, bound);
        let with = |all: Vec<&Grant>| Box::new(Self::add(scope.clone(), asked, &all));
        let of_bound = || with(granted.iter().filter(|grant| matches(grant, &scope, true)).collect());
        let if_bound = scope.about.unbound.clone().map(|lines| (lines, of_bound()));
        let mut others: Vec<String> = granted.iter().filter(is_other).filter_map(|it| it.digest.clone()).collect();
        others.dedup();
        let of_rebuilt = || with(granted.iter().filter(|grant| is_now(grant) || is_other(grant)).collect());
        let if_rebuilt = (!others.is_empty()).then(|| (others, of_rebuilt()));
        let now: Vec<&Grant> = granted.iter().filter(is_now).collect();
        Self { if_bound, if_rebuilt, ..Self::add(scope, asked, &now) }
    }

    fn add(scope: Scope, asked: &[Ask], granted: &[&Grant]) -> Self {
        let mut grants = Self { asked: asked.to_vec(), ..Self::nothing(scope) };
        for grant in granted {
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
            if_rebuilt: None,
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

    /// Whether everything is there that the plugin cannot do without. The failure has the lines for all that is not, with the
    /// names that are `wanted`, which is asked for then alone.
    pub fn check_needs(&self, wanted: impl FnOnce() -> Wanted) -> Result<(), Failure> {
        let lacks = |ask: &&Ask| lines::example(ask).is_some_and(|permission| !self.has_any(&permission));
        let missing: Vec<&Ask> = self.asked.iter().filter(|ask| !ask.optional).filter(lacks).collect();
        let permissions: Vec<Permission> = missing.iter().filter_map(|ask| lines::example(ask)).collect();
        let Some(first) = permissions.first() else { return Ok(()) };
        if let Some((permission, why)) =
            permissions.iter().find_map(|permission| Some((permission, above_kind(self.scope.kind, permission)?)))
        {
            return Err(self.denied(permission, why, None));
        }
        let asked: Vec<String> = missing.iter().map(|ask| format!("`{}` ({})", ask.name, ask.reason)).collect();
        let mut failure = self.denial(first);
        failure.message =
            printable(&format!("{} needs what the operator has not granted: {}", self.scope.plugin, asked.join(", ")));
        let enough = |other: &Self| permissions.iter().all(|permission| other.has_any(permission));
        // What would be granted by name, or to other bytes, needs no other line.
        if let Some(lines) = self.binding_for(enough) {
            failure.message.push_str("; it is granted to the application by name, and this is not bound to it");
            failure.details = Some(bind(lines));
            return Err(failure);
        }
        if let Some(rebuilt) = self.rebuilt_for(enough) {
            failure.message = format!("{}; {rebuilt}", failure.message);
            failure.details = Some(self.change_digest());
            return Err(failure);
        }
        // What it can do without and is configured to use is granted at once.
        let wanted = wanted();
        let used = self.asked.iter().filter(|ask| ask.optional && !wanted.known(ask).is_empty()).filter(lacks);
        let wishes: Vec<Wish> = missing.iter().copied().chain(used).flat_map(|ask| wanted.wishes(ask)).collect();
        let wishes: Vec<Wish> =
            wishes.into_iter().map(|wish| Wish { permission: self.whole(&wish.permission), ..wish }).collect();
        failure.details = Some(json!({ "grant": self.with_binding(lines::grants(&self.scope, &wishes)) }));
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
        if let Some(rebuilt) = self.rebuilt_for(|rebuilt| rebuilt.is_granted(permission)) {
            return Failure { details: Some(self.change_digest()), ..self.denied(permission, &rebuilt, None) };
        }
        let lines = self.with_binding(lines::grant(&self.scope, self.whole(permission)));
        self.denied(permission, "the operator has not granted it", Some(("grant", lines)))
    }

    /// The lines that bind the application, where that is all that is missing.
    fn binding_for(&self, enough: impl Fn(&Self) -> bool) -> Option<&str> {
        self.if_bound.as_ref().filter(|(_, bound)| enough(bound)).map(|(lines, _)| lines.as_str())
    }

    /// That other bytes of the same name were granted, where that is all that is missing.
    fn rebuilt_for(&self, enough: impl Fn(&Self) -> bool) -> Option<String> {
        let (digests, _) = self.if_rebuilt.as_ref().filter(|(_, rebuilt)| enough(rebuilt))?;
        Some(reach::rebuilt(&self.scope.plugin, self.scope.bundled, digests))
    }

    /// The details of a denial that another digest would lift.
    fn change_digest(&self) -> serde_json::Value {
        let hint = "where it was, and you trust what it is now, the operator changes the line in its `[[grants]]` of agent.toml to:";
        json!({ "hint": hint, "grant": lines::digest(&self.scope) })
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

/// The details of a denial that a binding would lift.
fn bind(lines: &str) -> serde_json::Value {
    json!({ "hint": "where this may be that application, the operator says so in agent.toml:", "grant": lines })
}

/// Whether a grant is for this plugin and application. One that names applications is for those alone that come from
/// where the operator said that they are. A grant without a digest trusts the name, and only the agent's
/// own plugins cannot borrow one.
fn matches(grant: &Grant, scope: &Scope, bound: bool) -> bool {
    is_for(grant, scope, bound) && same_bytes(grant, &scope.plugin, scope.bundled)
}

/// Whether a grant would be for this plugin and application if the plugin were the one of its digest.
fn is_other_digest(grant: &Grant, scope: &Scope, bound: bool) -> bool {
    is_for(grant, scope, bound) && grant.digest.as_ref().is_some_and(|digest| *digest != scope.plugin.digest)
}

/// Whether a grant is for a plugin of this name and for the application.
fn is_for(grant: &Grant, scope: &Scope, bound: bool) -> bool {
    grant.plugin == scope.plugin.name
        && (grant.applications.is_empty() || bound && grant.applications.contains(&scope.about.application))
}

/// Whether a grant is for these bytes: those of its digest, or else those that the agent carries.
fn same_bytes(grant: &Grant, plugin: &Identity, bundled: bool) -> bool {
    match &grant.digest {
        Some(digest) => *digest == plugin.digest,
        None => bundled,
    }
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
#[cfg(test)]
mod told_tests;
