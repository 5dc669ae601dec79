//! The body of `POST /containers/create`, as Docker Compose sends it: the container itself, its labels and its first
//! connection.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};
use windlass_compose::{Healthcheck, Port, Service};

use super::content::Content;
use super::mounts::{BUNDLE, Mounted};
use super::{Endpoint, Pinned, Scope, host, limits, networks};
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
    let texts = [
        ("User", &service.user),
        ("WorkingDir", &service.working_dir),
        ("StopSignal", &service.stop_signal),
        ("Hostname", &service.hostname),
        ("Domainname", &service.domainname),
        ("MacAddress", &networks::first_address(service).cloned()),
    ];
    for (key, value) in texts {
        if let Some(value) = value {
            set(key, json!(value));
        }
    }
    for (key, value) in [("Tty", service.tty), ("OpenStdin", service.stdin_open)] {
        if value {
            set(key, json!(true));
        }
    }
    if let Some(grace) = service.stop_grace_period {
        set("StopTimeout", json!(whole_seconds(grace)));
    }
    if let Some(check) = &service.healthcheck {
        set("Healthcheck", healthcheck(check));
    }
    set("ExposedPorts", exposed(service));
    set("Labels", json!(service.labels));
    set("HostConfig", host::config(service, mounted, endpoints));
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
    number: u32,
    image: &Pinned,
    hash: &str,
    files: &BTreeMap<String, Content>,
) {
    let asked = limits::asked(body);
    let Some(all) = body.get_mut("Labels").and_then(Value::as_object_mut) else { return };
    let mut set = |key: &str, value: String| all.insert(key.to_owned(), Value::String(value));
    let depends_on: Vec<String> = service
        .depends_on
        .iter()
        // One that no active profile has is not waited for.
        .filter(|(name, _)| scope.application.services.contains_key(*name))
        .map(|(name, dependency)| format!("{name}:{}:{}", dependency.condition.as_str(), dependency.restart))
        .collect();
    let config_files: Vec<String> = scope.compose_files.iter().map(|file| format!("{BUNDLE}/{file}")).collect();
    let directory = scope.compose_files.first().and_then(|file| file.rsplit_once('/'));
    set(labels::PROJECT, scope.project.to_owned());
    set(labels::SERVICE, service.name.clone());
    set(labels::NUMBER, number.to_string());
    set(labels::ONEOFF, "False".to_owned());
    set(labels::COMPOSE_HASH, hash.to_owned());
    set(labels::CONFIG_FILES, config_files.join(","));
    set(labels::WORKING_DIRECTORY, directory.map_or(BUNDLE.to_owned(), |(path, _)| format!("{BUNDLE}/{path}")));
    set(labels::VERSION, labels::COMPOSE_VERSION.to_owned());
    set(labels::DEPENDS_ON, depends_on.join(","));
    set(labels::HASH, hash.to_owned());
    set(labels::REFERENCE, image.reference.clone());
    set(labels::RELEASE_VERSION, scope.release.version.clone());
    if let Some(asked) = asked {
        set(labels::ASKED, asked.to_string());
    }
    if !files.is_empty() {
        let short: BTreeMap<&str, String> =
            files.iter().map(|(target, content)| (target.as_str(), content.short())).collect();
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
    for port in service.ports.iter().map(key).chain(service.exposed()) {
        ports.insert(port, json!({}));
    }
    Value::Object(ports)
}

/// `80/tcp`.
pub(super) fn key(port: &Port) -> String {
    format!("{}/{}", port.target, port.protocol.as_str())
}

fn healthcheck(check: &Healthcheck) -> Value {
    let mut body = Map::new();
    let mut set = |key: &str, value: Option<Value>| value.map(|value| body.insert(key.to_owned(), value));
    let test = if check.disable { Some(vec!["NONE".to_owned()]) } else { check.test.clone() };
    set("Test", test.map(|test| json!(test)));
    set("Interval", check.interval.map(nanoseconds));
    set("Timeout", check.timeout.map(nanoseconds));
    set("StartPeriod", check.start_period.map(nanoseconds));
    set("StartInterval", check.start_interval.map(nanoseconds));
    set("Retries", check.retries.map(|retries| json!(retries)));
    Value::Object(body)
}

fn nanoseconds(duration: Duration) -> Value {
    json!(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
}

/// The engine counts this in seconds; a part of one is rounded up, so that no container gets less time than the file
/// says.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
