//! Which bodies a plugin may send to the engine. Decides only: nothing is asked, read or changed here.
//!
//! Fields are allowed one by one. A field that is not known is refused by name, because the engine grows new ways to
//! reach the host with every version. What is dangerous is allowed by the operator, danger by danger, with
//! `docker-write = { allow = ["…"] }`. Field names are compared exactly, although the engine ignores case: what is
//! sent is the typed body made of the checked one, so an odd spelling never arrives.

mod container;
mod fields;
#[cfg(any(test, fuzzing))]
mod fuzzing;
mod known;
mod lacking;
mod mounts;
mod network;
pub(crate) mod options;
#[cfg(any(test, fuzzing))]
mod pretended;
mod subnets;
mod volume;

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde_json::Value;
use windlass_domain::Failure;
use windlass_foundation::explain::shorten;

use super::failure::hinted;
use super::scope::{ContainerGrant, DockerScope};
use super::walk::Identity;

#[cfg(any(test, fuzzing))]
pub use fuzzing::docker_body;
use lacking::Denial;
pub(crate) use lacking::{Lack, Lacking};
pub(crate) use mounts::{BUNDLE, CONTENT};
pub(crate) use subnets::{Occupied, Wanted, is_in};

/// The label that says which application an object belongs to.
pub(crate) const APPLICATION: &str = "windlass.application";
/// How the labels begin that the agent and its strategies write.
pub(crate) const RESERVED: &str = "windlass.";
/// Compose's own label for the same.
pub(crate) const PROJECT: &str = "com.docker.compose.project";
/// The engine's label of volumes without a name, by which `docker volume prune` finds what it may remove.
const ANONYMOUS: &str = "com.docker.volume.anonymous";
/// The field by which a container takes over another's mounts.
pub(crate) const VOLUMES_FROM: &str = "HostConfig.VolumesFrom";
/// Whether that is the field of a connection's links, which give another container one more name. Links of the container
/// itself hand it the other's variables as well.
pub(crate) fn is_link_of_connection(field: &str) -> bool {
    field.ends_with(".Links") && !field.starts_with("HostConfig.")
}
/// How a secret placeholder begins.
pub(crate) const PLACEHOLDER: &str = "{{windlass.secret:";

/// Follows symbolic links of a host path as far as it exists.
pub(crate) type Resolve<'a> = &'a (dyn Fn(&Path) -> io::Result<PathBuf> + Send + Sync);

/// Opens a host path below a root, neither of which has links any more, so that no link leads out.
pub(crate) type Beneath<'a> = &'a (dyn Fn(&Path, &Path) -> io::Result<()> + Send + Sync);

/// A place of the host that is never mounted because a bind root covers it.
#[derive(Debug, Clone)]
pub(crate) struct Protected {
    /// Where, with symbolic links resolved.
    pub(crate) path: PathBuf,
    /// Which file or directory it is, whatever else it is called.
    pub(crate) identity: Option<Identity>,
    /// Whether it may be mounted read-only: it holds no secret.
    pub(crate) readable: bool,
    /// Whether what is inside is meant as well.
    pub(crate) inside: bool,
    /// What it is, for people: `the Docker socket`.
    pub(crate) what: &'static str,
    /// The danger that allows it; none when nothing does.
    pub(crate) allow: Option<&'static str>,
}

/// Everything that a decision depends on.
#[derive(Clone, Copy)]
pub(crate) struct Policy<'a> {
    /// The plugin that asks, and the application that it works for.
    pub(crate) scope: &'a DockerScope,
    /// What the operator granted.
    pub(crate) grant: &'a ContainerGrant,
    /// Places that a bind root does not open.
    pub(crate) protected: &'a [Protected],
    /// Follows symbolic links.
    pub(crate) resolve: Resolve<'a>,
    /// Opens below a root.
    pub(crate) beneath: Beneath<'a>,
    /// Collects what is not granted, which is then judged as if it were granted. Without it, what is not granted is
    /// refused at once.
    pub(crate) lacking: Option<&'a Lacking>,
}

/// A host path that a container or a volume mounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostMount {
    /// The field that names it.
    pub(crate) field: String,
    /// As it is written.
    pub(crate) source: String,
    /// Where that leads, without links.
    pub(crate) real: PathBuf,
    /// Whether the container can write there.
    pub(crate) writable: bool,
}

impl HostMount {
    fn new(field: &str, source: &str, real: PathBuf, writable: bool) -> Self {
        Self { field: field.to_owned(), source: source.to_owned(), real, writable }
    }
}

/// What a body refers to by name and must belong to the application, or be granted. The caller looks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct References {
    /// Containers whose namespaces, links or volumes are used, with the field that does.
    pub(crate) containers: BTreeSet<(String, String)>,
    /// Networks to join.
    pub(crate) networks: BTreeSet<String>,
    /// Named volumes to mount.
    pub(crate) volumes: BTreeSet<String>,
    /// Fixed addresses: the network, the field, and the address, which must lie in the network.
    pub(crate) addresses: Vec<(String, String, IpAddr)>,
    /// Those of them that are mounted to be written.
    pub(crate) written: BTreeSet<String>,
    /// Paths of the host to mount, what is kept for the release not among them.
    pub(crate) host: Vec<HostMount>,
    /// Images to mount, as the body names them, with the field that does.
    pub(crate) images: BTreeSet<(String, String)>,
}

impl References {
    fn volume(&mut self, name: &str, writable: bool) {
        self.volumes.insert(name.to_owned());
        if writable {
            self.written.insert(name.to_owned());
        }
    }

    /// The path that a judged host path leads to.
    pub(crate) fn real(&self, source: &str) -> Option<&Path> {
        self.host.iter().find(|mount| mount.source == source).map(|mount| mount.real.as_path())
    }
}

impl References {
    /// Adds what another body refers to.
    pub(crate) fn extend(&mut self, other: Self) {
        self.containers.extend(other.containers);
        self.networks.extend(other.networks);
        self.volumes.extend(other.volumes);
        self.written.extend(other.written);
        self.host.extend(other.host);
        self.addresses.extend(other.addresses);
        self.images.extend(other.images);
    }
}

impl Policy<'_> {
    /// Whether the operator allowed a danger by name.
    fn allows(&self, danger: &str) -> bool {
        self.grant.allow.contains(danger)
    }

    /// Refuses a danger unless the operator allowed it.
    pub(crate) fn require(&self, danger: &str, field: &str, value: &str) -> Result<(), Failure> {
        if self.allows(danger) { Ok(()) } else { self.lacks(field, value, None, Lack::Danger(danger.to_owned())) }
    }

    /// Refuses what another bind root would allow.
    fn require_root(&self, field: &str, root: &Path) -> Result<(), Failure> {
        self.lacks(field, &root.display().to_string(), None, Lack::Root(root.to_owned()))
    }

    /// Refuses what a granted range of addresses would allow.
    fn require_subnet(&self, field: &str, range: IpNet, why: &str) -> Result<(), Failure> {
        let shown =
            if range.prefix_len() == range.max_prefix_len() { range.addr().to_string() } else { range.to_string() };
        self.lacks(field, &shown, Some(why), Lack::Subnet(range))
    }

    /// The failure for a missing grant. It names the plugin, the field, the value and the lines to add. While a whole
    /// plan is judged, the grant is only noted.
    fn lacks(&self, field: &str, value: &str, why: Option<&str>, lack: Lack) -> Result<(), Failure> {
        if let Some(lacking) = self.lacking {
            lacking.add(Denial { field: field.to_owned(), value: value.to_owned(), why: why.map(str::to_owned), lack });
            return Ok(());
        }
        let mut wanted = self.grant.clone();
        lack.add_to(&mut wanted);
        Err(lacking::denied(self.scope, may_not(self.scope, field, value, why), &wanted))
    }

    /// The failure for what no grant allows.
    fn forbidden(&self, field: &str, value: &str, why: &str) -> Failure {
        hinted("capability-denied", may_not(self.scope, field, value, Some(why)), "no grant allows this")
    }

    /// The failure for a field that this version does not know to be safe.
    fn unknown(&self, field: &str, known: &[&str]) -> Failure {
        let nearest = field
            .rsplit('.')
            .next()
            .and_then(|name| known.iter().min_by_key(|known| strsim::damerau_levenshtein(name, known)));
        let message = format!(
            "plugin `{}` may not create with the field `{field}`: this version does not know it to be safe",
            self.scope.plugin
        );
        hinted(
            "capability-denied",
            message,
            &nearest.map_or_else(|| "leave it out".to_owned(), |nearest| format!("did you mean `{nearest}`?")),
        )
    }

    /// A label must not place the object in another application, nor among what is cleaned up without asking.
    fn labels(&self, field: &str, labels: &Value) -> Result<(), Failure> {
        let labels = fields::object(field, labels)?;
        for (key, value) in labels {
            let value = value.as_str().ok_or_else(|| fields::wrong(&format!("{field}.{key}"), "a text"))?;
            if key == ANONYMOUS {
                let why = "the engine says so itself of volumes that have no name, and removes them";
                return Err(self.forbidden(&format!("{field}.{key}"), value, why));
            }
            if key == PROJECT && !self.scope.projects.contains(value) {
                return Err(self.forbidden(
                    &format!("{field}.{key}"),
                    value,
                    "it is not a project of this application",
                ));
            }
        }
        Ok(())
    }
}

/// What is refused, in a sentence.
fn may_not(scope: &DockerScope, field: &str, value: &str, why: Option<&str>) -> String {
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    format!(
        "plugin `{}` may not create with `{field}` = `{}` for application `{}`{why}",
        scope.plugin,
        shorten(value),
        scope.about.application
    )
}

/// The lines of `agent.toml` that would allow it, in full, so that they can replace what is there.
pub(crate) fn grant_lines(scope: &DockerScope, wanted: &ContainerGrant) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let list = |items: Vec<String>| items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(", ");
    let mut lines = vec!["[[grants]]".to_owned(), format!("plugin = {}", quoted(&scope.plugin))];
    if let Some(digest) = &scope.plugin_digest {
        lines.push(format!("digest = {}", quoted(digest)));
    }
    lines.push(format!("applications = [{}]", quoted(&scope.about.application)));
    let mut parts = Vec::new();
    if !wanted.bind_roots.is_empty() {
        let roots = wanted.bind_roots.iter().map(|root| root.display().to_string()).collect();
        parts.push(format!("bind-roots = [{}]", list(roots)));
    }
    if let Some(root) = &wanted.data_root {
        parts.push(format!("data-root = {}", quoted(&root.display().to_string())));
    }
    if !wanted.allow.is_empty() {
        parts.push(format!("allow = [{}]", list(wanted.allow.iter().cloned().collect())));
    }
    if !wanted.subnets.is_empty() {
        parts.push(format!("subnets = [{}]", list(wanted.subnets.iter().map(ToString::to_string).collect())));
    }
    let body = if parts.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", parts.join(", ")) };
    lines.push(format!("docker-write = {body}\n"));
    lines.join("\n")
}

#[cfg(test)]
mod tests;
