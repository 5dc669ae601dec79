//! The body of `POST /containers/create`, as Docker Compose sends it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};
use windlass_compose::{Healthcheck, Port, RestartPolicy, Service};

use super::mounts::{BUNDLE, Mounted};
use super::{Endpoint, Pinned, Scope};
use crate::labels;

/// The body with the service's own labels only: what the hash is made of.
pub(super) fn body(service: &Service, image: &Pinned, mounted: &Mounted, endpoints: &[Endpoint]) -> Value {
    let mut body = Map::new();
    let mut set = |key: &str, value: Value| body.insert(key.to_owned(), value);
    set("AttachStdout", json!(true));
    set("AttachStderr", json!(true));
    set("Image", json!(image.reference));
    set("Env", json!(environment(service)));
    if let Some(command) = &service.command {
        set("Cmd", json!(command));
    }
    if let Some(entrypoint) = &service.entrypoint {
        // An empty list clears the image's; leaving it out keeps it.
        set("Entrypoint", json!(entrypoint));
    }
    if let Some(user) = &service.user {
        set("User", json!(user));
    }
    if let Some(directory) = &service.working_dir {
        set("WorkingDir", json!(directory));
    }
    if let Some(signal) = &service.stop_signal {
        set("StopSignal", json!(signal));
    }
    if let Some(grace) = service.stop_grace_period {
        set("StopTimeout", json!(whole_seconds(grace)));
    }
    if let Some(check) = &service.healthcheck {
        set("Healthcheck", healthcheck(check));
    }
    set("ExposedPorts", exposed(service));
    set("Labels", json!(service.labels));
    set("HostConfig", host_config(service, mounted, endpoints));
    if let Some(first) = endpoints.first() {
        let mut connected = Map::new();
        connected.insert(first.network.clone(), first.config());
        set("NetworkingConfig", json!({ "EndpointsConfig": connected }));
    }
    Value::Object(body)
}

/// Adds the labels that tools find the container by.
pub(super) fn label(
    body: &mut Value,
    scope: &Scope<'_>,
    service: &Service,
    image: &Pinned,
    hash: &str,
    files: &BTreeMap<String, String>,
) {
    let Some(all) = body.get_mut("Labels").and_then(Value::as_object_mut) else { return };
    let mut set = |key: &str, value: String| all.insert(key.to_owned(), Value::String(value));
    let depends_on: Vec<String> = service
        .depends_on
        .iter()
        .map(|(name, dependency)| format!("{name}:{}:{}", dependency.condition.as_str(), dependency.restart))
        .collect();
    let config_files: Vec<String> = scope.compose_files.iter().map(|file| format!("{BUNDLE}/{file}")).collect();
    let directory = scope.compose_files.first().and_then(|file| file.rsplit_once('/'));
    set(labels::PROJECT, scope.project.to_owned());
    set(labels::SERVICE, service.name.clone());
    set(labels::NUMBER, "1".to_owned());
    set(labels::ONEOFF, "False".to_owned());
    set(labels::COMPOSE_HASH, hash.to_owned());
    set(labels::CONFIG_FILES, config_files.join(","));
    set(labels::WORKING_DIRECTORY, directory.map_or(BUNDLE.to_owned(), |(path, _)| format!("{BUNDLE}/{path}")));
    set(labels::VERSION, labels::COMPOSE_VERSION.to_owned());
    set(labels::DEPENDS_ON, depends_on.join(","));
    set(labels::HASH, hash.to_owned());
    set(labels::REFERENCE, image.reference.clone());
    set(labels::RELEASE_VERSION, scope.release.version.clone());
    if !files.is_empty() {
        let short: BTreeMap<&str, String> =
            files.iter().map(|(target, digest)| (target.as_str(), super::pin::short(digest))).collect();
        set(labels::FILES, json!(short).to_string());
    }
}

/// `NAME=value`; a name alone for a variable without a value.
fn environment(service: &Service) -> Vec<String> {
    service
        .environment
        .iter()
        .map(|(name, value)| value.as_ref().map_or_else(|| name.clone(), |value| format!("{name}={value}")))
        .collect()
}

fn exposed(service: &Service) -> Value {
    let mut ports = Map::new();
    for port in service.ports.iter().map(key).chain(service.expose.iter().cloned()) {
        ports.insert(port, json!({}));
    }
    Value::Object(ports)
}

/// `80/tcp`.
fn key(port: &Port) -> String {
    format!("{}/{}", port.target, port.protocol.as_str())
}

fn healthcheck(check: &Healthcheck) -> Value {
    let mut body = Map::new();
    let mut set = |key: &str, value: Option<Value>| value.map(|value| body.insert(key.to_owned(), value));
    set("Test", check.test.as_ref().map(|test| json!(test)));
    set("Interval", check.interval.map(nanoseconds));
    set("Timeout", check.timeout.map(nanoseconds));
    set("StartPeriod", check.start_period.map(nanoseconds));
    set("Retries", check.retries.map(|retries| json!(retries)));
    Value::Object(body)
}

fn nanoseconds(duration: Duration) -> Value {
    json!(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
}

/// The engine counts this in seconds; a part of one is rounded up, so that nobody gets less time than the file says.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

fn host_config(service: &Service, mounted: &Mounted, endpoints: &[Endpoint]) -> Value {
    let mut host = Map::new();
    let mut set = |key: &str, value: Value| host.insert(key.to_owned(), value);
    if !mounted.binds.is_empty() {
        set("Binds", json!(mounted.binds));
    }
    if !mounted.mounts.is_empty() {
        set("Mounts", json!(mounted.mounts));
    }
    if let Some(first) = endpoints.first() {
        set("NetworkMode", json!(first.network));
    }
    if !service.ports.is_empty() {
        set("PortBindings", bindings(&service.ports));
    }
    set("RestartPolicy", restart(service));
    if let Some(logging) = &service.logging {
        set("LogConfig", json!({ "Type": logging.driver.as_deref().unwrap_or_default(), "Config": logging.options }));
    }
    if !service.cap_drop.is_empty() {
        set("CapDrop", json!(service.cap_drop));
    }
    if !service.extra_hosts.is_empty() {
        set("ExtraHosts", json!(service.extra_hosts));
    }
    if let Some(init) = service.init {
        set("Init", json!(init));
    }
    if service.read_only {
        set("ReadonlyRootfs", json!(true));
    }
    if !service.tmpfs.is_empty() {
        set("Tmpfs", tmpfs(&service.tmpfs));
    }
    let resources = &service.resources;
    let numbers = [
        ("Memory", resources.memory),
        ("MemorySwap", resources.memory_swap),
        ("MemoryReservation", resources.memory_reservation),
        ("NanoCpus", resources.nano_cpus),
        ("CpuShares", resources.cpu_shares),
        ("PidsLimit", resources.pids),
    ];
    for (key, value) in numbers {
        if let Some(value) = value {
            set(key, json!(value));
        }
    }
    if let Some(cpus) = &resources.cpuset {
        set("CpusetCpus", json!(cpus));
    }
    Value::Object(host)
}

fn restart(service: &Service) -> Value {
    match service.restart.policy {
        RestartPolicy::OnFailure => json!({ "Name": "on-failure", "MaximumRetryCount": service.restart.maximum }),
        policy => json!({ "Name": policy.as_str() }),
    }
}

fn bindings(ports: &[Port]) -> Value {
    let mut bindings: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for port in ports {
        let host = match port.published {
            None => String::new(),
            Some((first, last)) if first == last => first.to_string(),
            Some((first, last)) => format!("{first}-{last}"),
        };
        let address = port.address.map(|address| address.to_string()).unwrap_or_default();
        bindings.entry(key(port)).or_default().push(json!({ "HostIp": address, "HostPort": host }));
    }
    json!(bindings)
}

/// `/run:size=10m` as `{"/run": "size=10m"}`.
fn tmpfs(items: &[String]) -> Value {
    let mut mounts = Map::new();
    for item in items {
        let (path, options) = item.split_once(':').unwrap_or((item, ""));
        mounts.insert(path.to_owned(), json!(options));
    }
    Value::Object(mounts)
}
