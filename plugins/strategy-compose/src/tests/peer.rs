//! Side by side with Docker Compose v2: the same file gives the same containers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};
use windlass_domain::Phase;
use windlass_stage::Compose as Version;

use super::flow::Stage;
use super::world::{desired_with, field, ordered, shown};
use crate::apply::apply;
use crate::engine::Engine as _;
use crate::labels;

/// Services that say one thing each, and one that says nothing.
const SERVICES: &[(&str, &str)] = &[
    ("nothing", ""),
    ("command", "command: sh -c 'sleep 100; echo \"a b\"'"),
    ("entrypoint", "entrypoint: [sleep]\n    command: ['100']"),
    ("environment", "environment: {A: 1, B: x, EMPTY: '', UNSET: , FLAG: true, F: 1.50, O: 0600}"),
    ("files", "env_file: [one.env, {path: missing.env, required: false}]\n    environment: [A=mine]"),
    (
        "ports",
        "ports: ['80', '90-91', '127.0.0.1::81/udp', '38000-38005:82', {target: 83, published: '38083', host_ip: 127.0.0.1, protocol: tcp}]\n    expose: ['99', '100/udp']",
    ),
    (
        "volumes",
        "volumes: ['data:/data', 'data:/ro:ro', '/anonymous', './conf:/conf:ro', {type: tmpfs, target: /t, tmpfs: {size: 1m, mode: 0700}}, {type: volume, source: data, target: /n, volume: {nocopy: true}}, {type: bind, source: ./conf, target: /b, read_only: true}]",
    ),
    ("networks", "networks: {default: {aliases: [w, ww]}, back: }"),
    ("network", "networks: [back]"),
    ("health", "healthcheck: {test: 'true', interval: 1m30s, timeout: 1s, retries: 2, start_period: 500ms}"),
    ("unchecked", "healthcheck: {disable: true}"),
    ("always", "restart: always"),
    ("failure", "restart: on-failure:3"),
    ("stopped", "restart: unless-stopped"),
    ("labels", "labels: {a.b: c, n: 1}"),
    ("who", "user: '7:8'\n    working_dir: /bin\n    init: true\n    read_only: true\n    cap_drop: [NET_RAW, CHOWN]"),
    ("stop", "stop_signal: SIGINT\n    stop_grace_period: 1m3s"),
    ("logging", "logging: {driver: json-file, options: {max-size: 1m, max-file: 3}}"),
    (
        "limits",
        "mem_limit: 64m\n    mem_reservation: 32m\n    memswap_limit: 128m\n    cpus: 0.5\n    pids_limit: 50\n    cpu_shares: 512\n    cpuset: '0'",
    ),
    ("deploy", "deploy: {resources: {limits: {cpus: '0.25', memory: 50M, pids: 20}, reservations: {memory: 20M}}}"),
    ("tmpfs", "tmpfs: ['/run', '/var:size=1m,mode=700']"),
    ("hosts", "extra_hosts: ['h:1.2.3.4', 'i=::1']"),
    (
        "given",
        "secrets: [s, {source: s, target: other}, {source: s, target: /abs}]\n    configs: [c, {source: c, target: /etc/c}]",
    ),
    ("named", "container_name: wlc-peer-own-name"),
    (
        "rights",
        "privileged: false\n    cap_add: [NET_ADMIN, SYS_TIME]\n    security_opt: ['no-new-privileges:true']\n    devices: ['/dev/null:/dev/xnull:r', /dev/zero]\n    device_cgroup_rules: ['c 1:3 mr']\n    group_add: [mail, 5]\n    ulimits: {nofile: {soft: 100, hard: 200}, nproc: 500}\n    sysctls: {net.core.somaxconn: 1024}",
    ),
    ("all", "privileged: true\n    security_opt: [systempaths=unconfined]"),
    ("unmasked", "security_opt: [systempaths=unconfined]\n    runtime: runc\n    cgroup: private"),
    ("spaces", "pid: host\n    ipc: shareable\n    uts: host\n    userns_mode: host\n    cgroup: host"),
    ("host", "network_mode: host\n    expose: ['80']"),
    ("none", "network_mode: none"),
    ("bridge", "network_mode: bridge"),
    ("resolver", "dns: 8.8.8.8\n    dns_opt: [use-vc]\n    dns_search: [example.com, a.example.com]"),
    ("terminal", "stdin_open: true\n    tty: true\n    domainname: example.com\n    shm_size: 32m"),
    ("hostname", "hostname: somebody\n    networks: [default, back]"),
    ("linked", "links: ['nothing:other', health]\n    external_links: ['wlc-peer-nothing-1:outside']"),
    (
        "addressed",
        "networks: {pool: {ipv4_address: 10.213.0.5, priority: 5, link_local_ips: [169.254.1.1], aliases: [p]}, default: {priority: 1}}",
    ),
    (
        "scheduled",
        "cpu_period: 100000\n    cpu_quota: 50000\n    mem_swappiness: 10\n    oom_score_adj: 10\n    pids_limit: -1\n    mem_limit: 64m\n    oom_kill_disable: true",
    ),
    (
        "orchestrated",
        "restart: always\n    deploy: {replicas: 1, mode: replicated, labels: {a: b}, endpoint_mode: vip, restart_policy: {condition: on-failure, max_attempts: 3, delay: 5s}, update_config: {order: start-first}, placement: {constraints: [node.role == manager]}}",
    ),
    (
        "anything",
        "expose: ['80-81', '90/udp']\n    ports: ['9000-9001']\n    healthcheck: {test: x, disable: true, interval: 5s}",
    ),
    (
        "mounted",
        "volumes: [{type: bind, source: /dev/shm, target: /a, bind: {propagation: rslave}}, {type: bind, source: /dev/shm, target: /b, read_only: true, bind: {create_host_path: true, propagation: rslave}}, {type: tmpfs, target: /c}, '/dev/shm:/d:ro']",
    ),
    ("needs", "depends_on: {nothing: {condition: service_started}, health: {condition: service_healthy}}"),
];

const REST: &str = "networks: {back: {internal: true, labels: {x: y}}, pool: {attachable: true, ipam: {driver: default, config: [{subnet: 10.213.0.0/16, ip_range: 10.213.5.0/24, gateway: 10.213.0.1, aux_addresses: {h: 10.213.0.9}}]}}}\nvolumes: {data: {labels: {q: r}}}\n\
                    secrets: {s: {file: ./one.env}}\nconfigs: {c: {file: ./one.env}}\n";

fn file() -> String {
    let services: Vec<String> =
        SERVICES.iter().map(|(name, lines)| format!("  {name}:\n    image: app\n    {lines}\n")).collect();
    format!("services:\n{}{REST}", services.concat())
}

/// What the engine says about every container of the project, without what differs by nature.
fn containers(stage: &Stage, directory: &Path) -> BTreeMap<String, Value> {
    let engine = stage.engine("look");
    engine
        .containers()
        .unwrap()
        .iter()
        .map(|item| {
            let inspect = engine.container(field(item, "/Id")).unwrap();
            (field(item, "/Names/0").to_owned(), comparable(&inspect, directory))
        })
        .collect()
}

fn comparable(inspect: &Value, directory: &Path) -> Value {
    let id = field(inspect, "/Id");
    let mut config = inspect["Config"].clone();
    // By nature: made of the id; pinned instead of a tag.
    config.as_object_mut().unwrap().remove("Image");
    if id.starts_with(field(&config, "/Hostname")) {
        config.as_object_mut().unwrap().remove("Hostname");
    }
    sort(&mut config["Env"]);
    let ports = config["ExposedPorts"].as_object().cloned().unwrap_or_default();
    // Docker Compose leaves out the protocol in one place, where the engine takes it as tcp, and hands on ranges.
    let ports: Map<String, Value> =
        ports.keys().flat_map(|port| crate::compare::each_port(port)).map(|port| (port, json!({}))).collect();
    config["ExposedPorts"] = Value::Object(ports);
    let labels = config["Labels"].as_object_mut().unwrap();
    for key in [labels::COMPOSE_HASH, labels::CONFIG_FILES, labels::WORKING_DIRECTORY, labels::VERSION] {
        labels.remove(key);
    }
    // Docker Compose writes them in no order.
    let mut needs: Vec<String> =
        field(&Value::Object(labels.clone()), "/com.docker.compose.depends_on").split(',').map(str::to_owned).collect();
    needs.sort();
    labels.insert(labels::DEPENDS_ON.to_owned(), json!(needs));
    labels.retain(|key, _| !key.starts_with(labels::WINDLASS));
    let mut host = inspect["HostConfig"].clone();
    // Two forms for the same mounts; what they give is compared below.
    for key in ["Binds", "Mounts"] {
        host.as_object_mut().unwrap().remove(key);
    }
    // A map of Docker Compose's, which it writes in no order.
    sort(&mut host["ExtraHosts"]);
    sort(&mut host["Ulimits"]);
    name_capabilities(&mut host);
    let mut mounts: Vec<String> = inspect["Mounts"].as_array().unwrap().iter().map(mount).collect();
    mounts.sort();
    let mut networks = inspect["NetworkSettings"]["Networks"].clone();
    for network in networks.as_object_mut().unwrap().values_mut() {
        if let Some(aliases) = network["Aliases"].as_array_mut() {
            aliases.retain(|alias| !id.starts_with(alias.as_str().unwrap()));
        }
        sort(&mut network["Aliases"]);
        // It says some of them twice.
        sort(&mut network["Links"]);
        if let Some(links) = network["Links"].as_array_mut() {
            links.dedup();
        }
        // Nothing has an address before it is started, but the engine shows one that was asked for in a later connection,
        // and the names that it makes of the aliases.
        for key in ["NetworkID", "EndpointID", "IPAddress", "DNSNames"] {
            network.as_object_mut().unwrap().remove(key);
        }
    }
    let text = json!({ "config": config, "host": host, "mounts": mounts, "networks": networks }).to_string();
    serde_json::from_str(&text.replace(&directory.display().to_string(), "DIRECTORY")).unwrap()
}

fn mount(mount: &Value) -> String {
    let anonymous = field(mount, "/Name").len() == 64;
    let source = if anonymous { "anonymous" } else { field(mount, "/Source") };
    format!("{} {source} {} {}", field(mount, "/Destination"), field(mount, "/Type"), mount["RW"])
}

pub(super) fn sort(value: &mut Value) {
    if let Some(items) = value.as_array_mut() {
        items.sort_by_key(Value::to_string);
    }
}

/// Where two values differ, as lines.
pub(super) fn differences(path: &str, left: &Value, right: &Value, lines: &mut Vec<String>) {
    match (left, right) {
        (Value::Object(one), Value::Object(two)) if !one.is_empty() || !two.is_empty() => {
            for key in one.keys().chain(two.keys().filter(|key| !one.contains_key(*key))) {
                differences(
                    &format!("{path}/{key}"),
                    one.get(key).unwrap_or(&Value::Null),
                    two.get(key).unwrap_or(&Value::Null),
                    lines,
                );
            }
        }
        _ if left == right || (says_nothing(left) && says_nothing(right)) => {}
        _ => lines.push(format!("{path}: {left} with Docker Compose, {right} with us")),
    }
}

/// Nothing is written in several ways; for a restart policy, `no` is one.
pub(super) fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty() || text == "no",
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// Capabilities as the newer Docker Compose writes them. The engine takes their names in either form and any order.
pub(super) fn name_capabilities(host: &mut Value) {
    for key in ["CapAdd", "CapDrop"] {
        for item in host[key].as_array_mut().into_iter().flatten() {
            let name = item.as_str().unwrap().to_ascii_uppercase();
            *item = json!(if name.starts_with("CAP_") || name == "ALL" { name } else { format!("CAP_{name}") });
        }
        sort(&mut host[key]);
    }
}

pub(super) struct Directory(pub(super) PathBuf);

impl Directory {
    pub(super) fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let path = std::env::temp_dir().join(format!("wlc-{name}-{}", std::process::id()));
        for (name, text) in files {
            let file = path.join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_same_file_gives_the_same_containers_and_what_compose_made_is_adopted() {
    let stage = Stage::new("peer", 1);
    let text = file();
    let files = [("compose.yaml", text.as_str()), ("one.env", "A=1\nC=3\nB=\"${C} 2\"\n"), ("conf/a", "a\n")];
    let directory = Directory::new("peer", &files);
    let tagged = stage.tag("app");
    let compose = |version: Version, arguments: &[&str]| {
        let output = Command::new(version.program().unwrap())
            .args(["-p", &stage.project, "-f"])
            .arg(directory.0.join("compose.yaml"))
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let desired = desired_with(&stage.project, &[("app", &stage.images[0])], &files).unwrap();
    let theirs = Version::BOTH.map(|version| {
        compose(version, &["up", "--no-start"]);
        let theirs = containers(&stage, &directory.0);
        let plan = stage.plan(&desired);
        // A container that mounts files of the release is replaced, because it is not known which files Docker Compose
        // mounted.
        let replaced: Vec<&str> = plan
            .changes
            .iter()
            .filter(|change| change.action == windlass_domain::Action::Replace)
            .map(|change| change.subject.as_str())
            .collect();
        assert_eq!(replaced, ["service given", "service volumes"], "{version:?}: {}", shown(&plan));
        compose(version, &["down", "--volumes"]);
        theirs
    });
    let engine = super::engine::Real { bundle: directory.0.display().to_string(), ..stage.engine("peer") };
    let context = stage.context("peer");
    for step in ordered(&stage.plan(&desired), Phase::Apply) {
        if step.id.ends_with(":create") || step.id.contains(":wlc-peer") {
            apply(&context, &engine, &step).unwrap_or_else(|error| panic!("{}: {error}", step.id));
        }
    }
    let ours = containers(&stage, &directory.0);
    let mut lines = Vec::new();
    for (version, theirs) in Version::BOTH.iter().zip(&theirs) {
        differences(&format!("{version:?}"), &json!(theirs), &json!(ours), &mut lines);
    }
    drop(tagged);
    assert_eq!(lines, Vec::<String>::new(), "{}", lines.join("\n"));
}
