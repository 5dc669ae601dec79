//! A service.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use super::{
    Attachment, Context, Dependency, Deploy, Device, DeviceRequest, Dns, Extension, FileReference, Healthcheck, Hook,
    Link, Logging, Mount, Namespaces, Port, Resources, Restart, Ulimit, VolumesFrom, attachments, build, dependencies,
    deploy, devices, effective, environment, extension, files, health, hooks, keys, labels, links, mounts, names,
    namespaces, ports, process, resources, restart, ulimits,
};
use crate::read::{Fields, duration};
use crate::yaml::{Entry, Mapping, Node, Value};
use crate::{Located, Position};

/// A service, as its files say it. What is none is left to the image or the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other, and named by the specification")]
pub struct Service {
    /// The key in `services`.
    pub name: String,
    /// Where it was written.
    pub position: Position,
    /// The image, as written; none where there is only `build`.
    pub image: Option<Located<String>>,
    /// How the image is built, as [`crate::Application::config`] shows it. A deployment builds nothing.
    pub build: Option<Json>,
    /// What `docker compose watch` would do, likewise.
    pub develop: Option<Json>,
    /// A name of its own for the container.
    pub container_name: Option<String>,
    /// The arguments; an empty list clears the image's.
    pub command: Option<Vec<String>>,
    /// The program; an empty list clears the image's.
    pub entrypoint: Option<Vec<String>>,
    /// Commands that are run before the container starts.
    pub pre_start: Vec<Hook>,
    /// Commands that are run inside when the container has started.
    pub post_start: Vec<Hook>,
    /// Commands that are run inside before the container is stopped.
    pub pre_stop: Vec<Hook>,
    /// Variables; a value is none for one that is named but set nowhere.
    pub environment: BTreeMap<String, Option<String>>,
    /// Published ports.
    pub ports: Vec<Port>,
    /// Ports that are only documented, as written: `80`, `80-81/udp`.
    pub expose: Vec<String>,
    /// Volumes, directories and files.
    pub mounts: Vec<Mount>,
    /// Mounts of other containers.
    pub volumes_from: Vec<VolumesFrom>,
    /// Memory file systems: a path, and perhaps options after a colon.
    pub tmpfs: Vec<String>,
    /// Bytes of `/dev/shm`.
    pub shm_size: Option<i64>,
    /// Options of the container's own file system.
    pub storage_opt: BTreeMap<String, String>,
    /// Networks by key; empty with a `network_mode`.
    pub networks: BTreeMap<String, Attachment>,
    /// Whose namespaces it has.
    pub namespaces: Namespaces,
    /// Names for services of this application.
    pub links: Vec<Link>,
    /// Names for other containers: `container` or `container:alias`.
    pub external_links: Vec<String>,
    /// How it looks names up.
    pub dns: Dns,
    /// Names for addresses: `host:address`.
    pub extra_hosts: Vec<String>,
    /// Its own name as a host.
    pub hostname: Option<String>,
    /// The domain of that name.
    pub domainname: Option<String>,
    /// Its hardware address on the first network.
    pub mac_address: Option<String>,
    /// Services that it needs first, those of its other elements included.
    pub depends_on: BTreeMap<String, Dependency>,
    /// The health check.
    pub healthcheck: Option<Healthcheck>,
    /// The restart policy of the service's own key; see [`Service::effective_restart`].
    pub restart: Option<Restart>,
    /// How many containers, by the service's own key; see [`Service::replicas`].
    pub scale: Option<u32>,
    /// What an orchestrator would be told.
    pub deploy: Option<Deploy>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Hints for the runtime. They need an engine of API 1.43.
    pub annotations: BTreeMap<String, String>,
    /// User, and perhaps group after a colon.
    pub user: Option<String>,
    /// Further groups, by name or number.
    pub group_add: Vec<String>,
    /// Whether an init process runs as the first one.
    pub init: Option<bool>,
    /// Whether its input stays open.
    pub stdin_open: bool,
    /// Whether it has a terminal.
    pub tty: bool,
    /// Whether `docker compose up` shows its output.
    pub attach: Option<bool>,
    /// The working directory.
    pub working_dir: Option<String>,
    /// The signal that asks it to stop.
    pub stop_signal: Option<String>,
    /// How long it may take to stop.
    pub stop_grace_period: Option<Duration>,
    /// Where its output goes.
    pub logging: Option<Logging>,
    /// What it may use, by the service's own keys; see [`Service::effective_resources`].
    pub resources: Resources,
    /// Limits of the kernel.
    pub ulimits: BTreeMap<String, Ulimit>,
    /// Parameters of the kernel.
    pub sysctls: BTreeMap<String, String>,
    /// Devices of the host.
    pub devices: Vec<Device>,
    /// Graphics processors.
    pub gpus: Vec<DeviceRequest>,
    /// Rules for device numbers: `c 1:3 mr`.
    pub device_cgroup_rules: Vec<String>,
    /// Whether it has all rights on the host.
    pub privileged: bool,
    /// Whether its root file system is read-only.
    pub read_only: bool,
    /// Capabilities that are added.
    pub cap_add: Vec<String>,
    /// Capabilities that are taken away.
    pub cap_drop: Vec<String>,
    /// Options of security modules: `no-new-privileges:true`.
    pub security_opt: Vec<String>,
    /// The control group that its own is made in.
    pub cgroup_parent: Option<String>,
    /// The runtime; none for the engine's default.
    pub runtime: Option<String>,
    /// Operating system and processor of the image: `linux/amd64`.
    pub platform: Option<String>,
    /// `default`: others are for Windows.
    pub isolation: Option<String>,
    /// When Docker Compose pulls: `always`, `never`, `missing`, `build`, `refresh`, `daily`, `weekly` or `every_…`.
    pub pull_policy: Option<String>,
    /// Secrets.
    pub secrets: Vec<FileReference>,
    /// Configs.
    pub configs: Vec<FileReference>,
    /// Profiles; empty for always.
    pub profiles: Vec<String>,
    /// How it is replaced.
    pub windlass: Extension,
}

impl Service {
    /// Every port of `expose`, as `80/tcp`.
    #[must_use]
    pub fn exposed(&self) -> Vec<String> {
        self.expose.iter().flat_map(|item| ports::expanded(item).unwrap_or_default()).collect()
    }
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
    let mapping = context.report.mapping(&entry.value, &path)?;
    let mut fields = Fields::new(context.report, mapping, path.clone());
    let mut service = elements(context, &mut fields, entry, mapping, &path);
    fields.finish(&keys::SERVICE);
    networks(context, &mut service, mapping.get("network_mode").is_some());
    dependencies::implicit(&mut service);
    effective::agree(context, &service);
    one_name(context, &service);
    Some(service)
}

fn elements(context: &Context<'_>, fields: &mut Fields<'_>, entry: &Entry, mapping: &Mapping, path: &str) -> Service {
    let at = |key: &str| format!("{path}.{key}");
    let image = image(context, fields, entry, mapping, path);
    Service {
        name: entry.key.clone(),
        position: entry.position.clone(),
        image,
        build: fields.take("build").and_then(|node| {
            build::platforms(context, node, mapping.get("platform"), path);
            build::build(context, node, &at("build"))
        }),
        develop: fields.take("develop").and_then(|node| build::develop(context, node, &at("develop"))),
        container_name: fields.parsed_string("container_name", container_name),
        command: fields.with("command", |_, node, path| process::read(context, node, path)).flatten(),
        entrypoint: fields.with("entrypoint", |_, node, path| process::read(context, node, path)).flatten(),
        pre_start: list(fields, "pre_start", |node| hooks::before_start(context, node, &at("pre_start"))),
        post_start: list(fields, "post_start", |node| hooks::read(context, node, &at("post_start"))),
        pre_stop: list(fields, "pre_stop", |node| hooks::read(context, node, &at("pre_stop"))),
        environment: environment::read(context, fields.take("environment"), fields.take("env_file"), path),
        ports: list(fields, "ports", |node| ports::read(context, node, &at("ports"))),
        expose: list(fields, "expose", |node| ports::exposed(context, node, &at("expose"))),
        mounts: list(fields, "volumes", |node| mounts::read(context, node, &at("volumes"))),
        volumes_from: list(fields, "volumes_from", |node| links::volumes_from(context, node, &at("volumes_from"))),
        tmpfs: fields.one_or_more("tmpfs"),
        shm_size: fields.size("shm_size"),
        storage_opt: list(fields, "storage_opt", |node| storage(context, node, &at("storage_opt"))),
        networks: fields
            .take("networks")
            .map(|node| attachments::read(context, node, &at("networks")))
            .unwrap_or_default(),
        namespaces: namespaces::read(fields),
        links: list(fields, "links", |node| links::links(context, node, &at("links"))),
        external_links: fields.strings("external_links"),
        dns: names::dns(fields),
        extra_hosts: list(fields, "extra_hosts", |node| names::extra_hosts(context, node, &at("extra_hosts"))),
        hostname: fields.text("hostname"),
        domainname: fields.text("domainname"),
        mac_address: fields.parsed_string("mac_address", names::mac_address).filter(|address| !address.is_empty()),
        depends_on: fields
            .take("depends_on")
            .map(|node| dependencies::read(context, node, &at("depends_on")))
            .unwrap_or_default(),
        healthcheck: fields.take("healthcheck").and_then(|node| health::read(context, node, &at("healthcheck"))),
        restart: fields.parsed_string("restart", restart::read).flatten(),
        scale: fields.count("scale").and_then(|count| u32::try_from(count).ok()),
        deploy: fields.take("deploy").and_then(|node| deploy::read(context, node, &at("deploy"))),
        labels: labels::read(context, fields.take("labels"), fields.take("label_file"), path),
        annotations: fields.pairs("annotations"),
        user: fields.text("user"),
        group_add: list(fields, "group_add", |node| {
            let path = at("group_add");
            context.report.unique(node, &path, context.report.texts(node, &path))
        }),
        init: fields.boolean("init"),
        stdin_open: fields.boolean("stdin_open").unwrap_or(false),
        tty: fields.boolean("tty").unwrap_or(false),
        attach: fields.boolean("attach"),
        working_dir: fields.text("working_dir"),
        stop_signal: fields.text("stop_signal"),
        stop_grace_period: fields.parsed_string("stop_grace_period", duration),
        logging: fields.take("logging").and_then(|node| resources::logging(context, node, &at("logging"))),
        resources: resources::read(fields),
        ulimits: fields.take("ulimits").map(|node| ulimits::read(context, node, &at("ulimits"))).unwrap_or_default(),
        sysctls: fields.pairs("sysctls"),
        devices: list(fields, "devices", |node| devices::read(context, node, &at("devices"))),
        gpus: list(fields, "gpus", |node| devices::gpus(context, node, &at("gpus"))),
        device_cgroup_rules: fields.strings("device_cgroup_rules"),
        privileged: fields.boolean("privileged").unwrap_or(false),
        read_only: fields.boolean("read_only").unwrap_or(false),
        cap_add: fields.strings("cap_add"),
        cap_drop: fields.strings("cap_drop"),
        security_opt: fields.strings("security_opt"),
        cgroup_parent: fields.text("cgroup_parent"),
        runtime: fields.text("runtime"),
        platform: fields.text("platform"),
        isolation: isolation(fields),
        pull_policy: pull_policy(fields),
        secrets: list(fields, "secrets", |node| files::referenced(context, node, &at("secrets"), "/run/secrets/")),
        configs: list(fields, "configs", |node| files::referenced(context, node, &at("configs"), "/")),
        profiles: fields.strings("profiles"),
        windlass: mapping
            .get("x-windlass")
            .map(|node| extension::read(context, node, &at("x-windlass")))
            .unwrap_or_default(),
    }
}

/// Whether a service takes part. Docker Compose reads the others only as far as to know their shape.
pub(super) fn is_active(entry: &Entry, profiles: &[String]) -> bool {
    let own = self::profiles(entry);
    let has = |profile: &str| own.iter().any(|own| own == profile);
    // Without any profile, the empty one is active.
    own.is_empty() || (profiles.is_empty() && has("")) || profiles.iter().any(|profile| profile == "*" || has(profile))
}

/// The profiles of a service that is not read.
pub(super) fn profiles(entry: &Entry) -> Vec<String> {
    match entry.value.as_mapping().and_then(|service| service.get("profiles")).map(|node| &node.value) {
        Some(Value::Sequence(own)) => own.iter().map(|node| node.as_text().unwrap_or_default()).collect(),
        _ => Vec::new(),
    }
}

fn list<T: Default>(fields: &mut Fields<'_>, key: &'static str, read: impl FnOnce(&Node) -> T) -> T {
    fields.take(key).map(read).unwrap_or_default()
}

/// Options of the container's own file system: texts and whole numbers.
fn storage(context: &Context<'_>, node: &Node, path: &str) -> BTreeMap<String, String> {
    let entries = context.report.mapping(node, &path).map(|mapping| mapping.entries.as_slice()).unwrap_or_default();
    let read = |entry: &Entry| {
        let path = format!("{path}.{}", entry.key);
        let empty = entry.value.is_null().then(String::new);
        let value = empty.or_else(|| context.report.parsed(&entry.value, &path, |text| Ok(text.to_owned())))?;
        Some((entry.key.clone(), value))
    };
    entries.iter().filter_map(read).collect()
}

/// The image, which must be there unless it is built.
fn image(
    context: &Context<'_>,
    fields: &mut Fields<'_>,
    entry: &Entry,
    mapping: &Mapping,
    path: &str,
) -> Option<Located<String>> {
    if mapping.get("image").is_none() && mapping.get("build").is_none() {
        context.report.at(&entry.position, format!("`{path}` has no `image`"));
    }
    let node = fields.take("image")?;
    let value = context.report.name(node, &format!("{path}.image"))?;
    Some(Located { value, position: node.position.clone() })
}

/// Those of later releases pull again after some time. A release has one image, which is pulled once.
fn pull_policy(fields: &mut Fields<'_>) -> Option<String> {
    fields.parsed_string("pull_policy", |text| match text {
        "if_not_present" => Ok("missing".to_owned()),
        "always" | "never" | "missing" | "build" | "refresh" | "daily" | "weekly" => Ok(text.to_owned()),
        _ if text.strip_prefix("every_").is_some_and(is_period) => Ok(text.to_owned()),
        _ => Err(format!(
            "`{text}` is not `always`, `never`, `missing`, `if_not_present`, `build`, `refresh`, `daily`, `weekly` or a \
             period such as `every_12h`"
        )),
    })
}

/// `12h`, `1w2d`.
fn is_period(text: &str) -> bool {
    let mut parts = text.split_inclusive(|letter: char| !letter.is_ascii_digit());
    let part = |part: &str| part.len() > 1 && part.ends_with(['w', 'd', 'h', 'm', 's']);
    !text.is_empty() && parts.all(part)
}

fn isolation(fields: &mut Fields<'_>) -> Option<String> {
    fields.with("isolation", |report, node, path| {
        let word = report.string(node, path).filter(|word| !word.is_empty())?;
        if word != "default" {
            report.at(&node.position, format!("`{path}` is refused: it is for Windows containers"));
        }
        Some(word)
    })?
}

/// Without any, a service is in the network `default`, unless it has a `network_mode`.
fn networks(context: &Context<'_>, service: &mut Service, has_mode: bool) {
    match &service.namespaces.network {
        Some(mode) if !service.networks.is_empty() => context
            .report
            .at(&mode.position, format!("`services.{}` can have `network_mode` or `networks`, not both", service.name)),
        // An empty mode, of a variable that is not set, leaves a service without any.
        None if service.networks.is_empty() && !has_mode => {
            let plain = Attachment { is_plain: true, ..Attachment::default() };
            service.networks.insert("default".to_owned(), plain);
        }
        _ => {}
    }
}

/// What the engine takes as a name of a container.
fn container_name(name: &str) -> Result<String, String> {
    let mut letters = name.chars();
    let begins = letters.next().is_some_and(|first| first.is_ascii_alphanumeric());
    let goes_on = letters.all(|letter| letter.is_ascii_alphanumeric() || "_.-".contains(letter));
    if begins && goes_on && name.len() > 1 {
        return Ok(name.to_owned());
    }
    Err(format!(
        "`{name}` cannot be the name of a container: it must be two or more letters, digits, `_`, `.` or `-`, and begin \
         with a letter or digit"
    ))
}

fn one_name(context: &Context<'_>, service: &Service) {
    if let Some(name) = &service.container_name
        && service.replicas() > 1
    {
        context.report.at(
            &service.position,
            format!(
                "`services.{}` has {} containers, which cannot all be named `{name}`",
                service.name,
                service.replicas()
            ),
        );
    }
}
