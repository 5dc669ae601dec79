//! A service.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{
    Attachment, Context, Dependency, Extension, FileReference, Healthcheck, Logging, Mount, Port, Resources, Restart,
    dependencies, environment, extension, files, health, keys, mounts, networks, ports, process, resources, restart,
};
use crate::read::{Fields, duration};
use crate::yaml::{Entry, Node};
use crate::{Located, Position, Problem};

/// A service, as its files say it. What is none is left to the image or the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The key in `services`.
    pub name: String,
    /// Where it was written.
    pub position: Position,
    /// The image, as written.
    pub image: Located<String>,
    /// A name of its own for the container.
    pub container_name: Option<String>,
    /// The arguments; an empty list clears the image's.
    pub command: Option<Vec<String>>,
    /// The program; an empty list clears the image's.
    pub entrypoint: Option<Vec<String>>,
    /// Variables; a value is none for one that is named but set nowhere.
    pub environment: BTreeMap<String, Option<String>>,
    /// Published ports.
    pub ports: Vec<Port>,
    /// Ports that are only documented: `80/tcp`.
    pub expose: Vec<String>,
    /// Volumes, directories and files.
    pub mounts: Vec<Mount>,
    /// Memory file systems: a path, and perhaps options after a colon.
    pub tmpfs: Vec<String>,
    /// Networks by key.
    pub networks: BTreeMap<String, Attachment>,
    /// Services that it needs first.
    pub depends_on: BTreeMap<String, Dependency>,
    /// The health check.
    pub healthcheck: Option<Healthcheck>,
    /// The restart policy.
    pub restart: Restart,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// User, and perhaps group after a colon.
    pub user: Option<String>,
    /// Whether an init process runs as the first one.
    pub init: Option<bool>,
    /// The working directory.
    pub working_dir: Option<String>,
    /// The signal that asks it to stop.
    pub stop_signal: Option<String>,
    /// How long it may take to stop.
    pub stop_grace_period: Option<Duration>,
    /// Where its output goes.
    pub logging: Option<Logging>,
    /// What it may use.
    pub resources: Resources,
    /// Whether its root file system is read-only.
    pub read_only: bool,
    /// Capabilities that are taken away.
    pub cap_drop: Vec<String>,
    /// Names for addresses: `host:address`.
    pub extra_hosts: Vec<String>,
    /// Secrets.
    pub secrets: Vec<FileReference>,
    /// Configs.
    pub configs: Vec<FileReference>,
    /// Profiles; empty for always.
    pub profiles: Vec<String>,
    /// How it is replaced.
    pub windlass: Extension,
}

pub(super) fn read(context: &Context<'_>, entry: &Entry) -> Option<Service> {
    let path = format!("services.{}", entry.key);
    let name_is_valid = entry.key.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter));
    if entry.key.is_empty() || !name_is_valid {
        context.report.at(
            &entry.position,
            format!("`{}` is not a name for a service: letters, digits, `.`, `_` and `-` are", entry.key),
        );
        return None;
    }
    let Some(mapping) = context.report.mapping(&entry.value, &path) else {
        if entry.value.is_null() {
            context.report.at(&entry.position, format!("`{path}` says nothing"));
        }
        return None;
    };
    let mut fields = Fields::new(context.report, mapping, path.clone());
    let build = mapping.get("build");
    if let Some(build) = build {
        fields.take("build");
        context.problem(refused_build(&path, build));
    }
    let image = fields.take("image").and_then(|node| {
        let value = context.report.name(node, &format!("{path}.image"))?;
        Some(Located { value, position: node.position.clone() })
    });
    if mapping.get("image").is_none() && build.is_none() {
        context.report.at(&entry.position, format!("`{path}` has no `image`"));
    }
    let at = |key: &str| format!("{path}.{key}");
    let resources = resources::read(context, &mut fields);
    let service = Service {
        name: entry.key.clone(),
        position: entry.position.clone(),
        container_name: fields.text("container_name"),
        command: fields.with("command", |_, node, path| process::read(context, node, path)).flatten(),
        entrypoint: fields.with("entrypoint", |_, node, path| process::read(context, node, path)).flatten(),
        environment: environment::read(context, fields.take("environment"), fields.take("env_file"), &path),
        ports: fields.take("ports").map(|node| ports::read(context, node, &at("ports"))).unwrap_or_default(),
        expose: fields.take("expose").map(|node| ports::exposed(context, node, &at("expose"))).unwrap_or_default(),
        mounts: fields.take("volumes").map(|node| mounts::read(context, node, &at("volumes"))).unwrap_or_default(),
        tmpfs: fields.texts("tmpfs"),
        networks: networks::attached(context, fields.take("networks"), &at("networks")),
        depends_on: fields
            .take("depends_on")
            .map(|node| dependencies::read(context, node, &at("depends_on")))
            .unwrap_or_default(),
        healthcheck: fields.take("healthcheck").and_then(|node| health::read(context, node, &at("healthcheck"))),
        restart: fields.parsed("restart", restart::read).unwrap_or_default(),
        labels: fields.with("labels", |report, node, path| report.text_pairs(node, path)).unwrap_or_default(),
        user: fields.text("user"),
        init: fields.boolean("init"),
        working_dir: fields.text("working_dir"),
        stop_signal: fields.text("stop_signal"),
        stop_grace_period: fields.parsed("stop_grace_period", duration),
        logging: fields.take("logging").and_then(|node| resources::logging(context, node, &at("logging"))),
        resources,
        read_only: fields.boolean("read_only").unwrap_or(false),
        cap_drop: fields.texts("cap_drop"),
        extra_hosts: fields
            .take("extra_hosts")
            .map(|node| extra_hosts(context, node, &at("extra_hosts")))
            .unwrap_or_default(),
        secrets: fields
            .take("secrets")
            .map(|node| files::referenced(context, node, &at("secrets"), "/run/secrets/"))
            .unwrap_or_default(),
        configs: fields
            .take("configs")
            .map(|node| files::referenced(context, node, &at("configs"), "/"))
            .unwrap_or_default(),
        profiles: fields.texts("profiles"),
        windlass: mapping
            .get("x-windlass")
            .map(|node| extension::read(context, node, &at("x-windlass")))
            .unwrap_or_default(),
        // Reported above where it is missing; the model is then never handed out.
        image: image.unwrap_or_else(|| Located { value: String::new(), position: entry.position.clone() }),
    };
    fields.finish(&keys::SERVICE);
    Some(service)
}

fn refused_build(path: &str, node: &Node) -> Problem {
    Problem::at(&node.position, format!("`{path}.build` is refused: a release deploys images and builds none")).hint(
        "build and push the image before, keep `image:` here, put `build:` into a file of its own for development \
         (compose.override.yaml), and name the image as an artifact in release.toml",
    )
}

/// `host:address` from the list or the mapping, in the form that the engine takes.
fn extra_hosts(context: &Context<'_>, node: &Node, path: &str) -> Vec<String> {
    let mut hosts = Vec::new();
    if let Some(mapping) = node.as_mapping() {
        for entry in &mapping.entries {
            for address in context.report.texts(&entry.value, &format!("{path}.{}", entry.key), true) {
                hosts.push(format!("{}:{}", entry.key, unbracketed(&address)));
            }
        }
        return hosts;
    }
    for item in context.report.items(node, &path) {
        let host = context.report.parsed(item, &path, |text| {
            let (host, address) = text
                .split_once('=')
                .or_else(|| text.split_once(':'))
                .filter(|(host, address)| !host.is_empty() && !address.is_empty())
                .ok_or_else(|| format!("`{text}` is not `host=address`"))?;
            Ok(format!("{host}:{}", unbracketed(address)))
        });
        hosts.extend(host);
    }
    hosts
}

fn unbracketed(address: &str) -> &str {
    address.strip_prefix('[').and_then(|address| address.strip_suffix(']')).unwrap_or(address)
}
