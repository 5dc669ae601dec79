//! A container's configuration as flat fields in the words of Compose files, from a create body or from the engine.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{image, shown};
use crate::desired::{DesiredService, Endpoint};
use crate::{json as look, labels, state};

/// Field to value; what is at the engine's default is not there.
pub(super) type View = BTreeMap<String, String>;

/// Whether a field may come from the image.
pub(super) fn may_be_inherited(field: &str) -> bool {
    let group = field.split('.').next().unwrap_or_default();
    matches!(
        group,
        "environment"
            | "labels"
            | "command"
            | "entrypoint"
            | "user"
            | "working_dir"
            | "stop_signal"
            | "healthcheck"
            | "expose"
    )
}

/// Of what should run.
pub(super) fn of_body(desired: &DesiredService, image_config: Option<&Value>) -> View {
    let config = image::merged(&desired.body, image_config.unwrap_or(&Value::Null));
    let mut view = View::new();
    process(&config, &mut view);
    host(config.get("HostConfig").unwrap_or(&Value::Null), &mut view);
    networks(&desired.endpoints, &desired.service.name, &desired.container, &mut view);
    view
}

/// Of a container, from `GET /containers/{id}/json`.
pub(super) fn of_container(inspect: &Value, id: &str) -> View {
    let mut view = View::new();
    process(inspect.get("Config").unwrap_or(&Value::Null), &mut view);
    host(inspect.get("HostConfig").unwrap_or(&Value::Null), &mut view);
    let name = look::text(inspect, "/Name").unwrap_or_default();
    let service = inspect.pointer("/Config/Labels").and_then(|labels| labels.get(labels::SERVICE));
    let service = service.and_then(Value::as_str).unwrap_or_default();
    networks(&state::endpoints(inspect, id), service, name.trim_start_matches('/'), &mut view);
    view
}

fn process(config: &Value, view: &mut View) {
    for (key, field) in [("User", "user"), ("WorkingDir", "working_dir"), ("StopSignal", "stop_signal")] {
        if let Some(text) = look::text(config, &format!("/{key}")) {
            view.insert(field.to_owned(), text);
        }
    }
    for (key, field) in [("Cmd", "command"), ("Entrypoint", "entrypoint")] {
        let words = look::texts(config, &format!("/{key}"));
        if !words.is_empty() {
            view.insert(field.to_owned(), json!(words).to_string());
        }
    }
    if let Some(seconds) = config.get("StopTimeout").and_then(Value::as_i64) {
        view.insert("stop_grace_period".to_owned(), format!("{seconds}s"));
    }
    for variable in look::texts(config, "/Env") {
        // A name without a value unsets the variable and is otherwise nothing.
        if let Some((name, value)) = variable.split_once('=') {
            view.insert(format!("environment.{name}"), value.to_owned());
        }
    }
    for (key, value) in look::pairs(config, "/Labels") {
        if !key.starts_with(labels::COMPOSE) && !key.starts_with(labels::WINDLASS) {
            view.insert(format!("labels.{key}"), value);
        }
    }
    if let Some(ports) = config.get("ExposedPorts").and_then(Value::as_object) {
        for port in ports.keys() {
            let port = if port.contains('/') { port.clone() } else { format!("{port}/tcp") };
            view.insert(format!("expose.{port}"), "yes".to_owned());
        }
    }
    if let Some(check) = config.get("Healthcheck").and_then(Value::as_object) {
        for (key, field) in [
            ("Test", "test"),
            ("Interval", "interval"),
            ("Timeout", "timeout"),
            ("StartPeriod", "start_period"),
            ("Retries", "retries"),
        ] {
            if let Some(value) = check.get(key).filter(|value| value.as_i64() != Some(0) && !value.is_null()) {
                view.insert(format!("healthcheck.{field}"), shown(value));
            }
        }
    }
}

fn host(host: &Value, view: &mut View) {
    let numbers = [
        ("Memory", "mem_limit"),
        ("MemoryReservation", "mem_reservation"),
        ("NanoCpus", "cpus"),
        ("CpuShares", "cpu_shares"),
        ("PidsLimit", "pids_limit"),
    ];
    for (key, field) in numbers {
        let value = look::number(host, &format!("/{key}"));
        if value != 0 {
            view.insert(field.to_owned(), value.to_string());
        }
    }
    // The engine sets twice the memory where nothing is said.
    let swap = look::number(host, "/MemorySwap");
    if swap != 0 && swap != look::number(host, "/Memory") * 2 {
        view.insert("memswap_limit".to_owned(), swap.to_string());
    }
    if let Some(cpus) = look::text(host, "/CpusetCpus") {
        view.insert("cpuset".to_owned(), cpus);
    }
    for (key, field) in [("Init", "init"), ("ReadonlyRootfs", "read_only")] {
        if host.get(key).and_then(Value::as_bool) == Some(true) {
            view.insert(field.to_owned(), "true".to_owned());
        }
    }
    for (key, field) in [("CapDrop", "cap_drop"), ("ExtraHosts", "extra_hosts")] {
        for item in look::texts(host, &format!("/{key}")) {
            view.insert(format!("{field}.{item}"), "yes".to_owned());
        }
    }
    for (path, options) in look::pairs(host, "/Tmpfs") {
        view.insert(format!("tmpfs.{path}"), options);
    }
    restart(host, view);
    if let Some(driver) = look::text(host, "/LogConfig/Type").filter(|driver| driver != "json-file") {
        view.insert("logging.driver".to_owned(), driver);
    }
    for (key, value) in look::pairs(host, "/LogConfig/Config") {
        view.insert(format!("logging.options.{key}"), value);
    }
    if let Some(bindings) = host.get("PortBindings").and_then(Value::as_object) {
        for (port, hosts) in bindings {
            let mut texts: Vec<String> = hosts
                .as_array()
                .into_iter()
                .flatten()
                .map(|host| {
                    let address = look::text(host, "/HostIp").unwrap_or_default();
                    format!("{address}:{}", look::text(host, "/HostPort").unwrap_or_default())
                })
                .collect();
            texts.sort();
            view.insert(format!("ports.{port}"), texts.join(","));
        }
    }
    mounts(host, view);
}

fn restart(host: &Value, view: &mut View) {
    let policy = look::text(host, "/RestartPolicy/Name").filter(|policy| policy != "no");
    if let Some(policy) = policy {
        let count = look::number(host, "/RestartPolicy/MaximumRetryCount");
        let text = if count == 0 { policy } else { format!("{policy}:{count}") };
        view.insert("restart".to_owned(), text);
    }
}

/// Both forms of the engine, as `source:target:options`.
fn mounts(host: &Value, view: &mut View) {
    for bind in look::texts(host, "/Binds") {
        let mut parts = bind.splitn(3, ':');
        let (source, target) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let read_only = parts.next().is_some_and(|options| options.split(',').any(|option| option == "ro"));
        view.insert(format!("volumes.{target}"), mount(source, read_only));
    }
    for item in host.get("Mounts").and_then(Value::as_array).into_iter().flatten() {
        let target = look::text(item, "/Target").unwrap_or_default();
        let kind = look::text(item, "/Type").unwrap_or_default();
        let source = look::text(item, "/Source").unwrap_or(if kind == "tmpfs" { "tmpfs" } else { "" }.to_owned());
        let read_only = item.get("ReadOnly").and_then(Value::as_bool) == Some(true);
        view.insert(format!("volumes.{target}"), mount(&source, read_only));
    }
}

fn mount(source: &str, read_only: bool) -> String {
    format!("{}{}", source_of_release(source), if read_only { ":ro" } else { "" })
}

/// Names the release's own files alike, whether the host has put its path there or not.
fn source_of_release(source: &str) -> String {
    if let Some(rest) = source.strip_prefix(crate::desired::BUNDLE) {
        return format!("release:{}", rest.trim_start_matches('/'));
    }
    if source.starts_with(crate::desired::CONTENT) {
        return "release:content".to_owned();
    }
    if let Some((_, rest)) = source.split_once("/bundles/sha256/") {
        return format!("release:{}", rest.split_once('/').map_or("", |(_, path)| path));
    }
    if source.contains("/secrets/") {
        return "release:content".to_owned();
    }
    source.to_owned()
}

fn networks(endpoints: &[Endpoint], service: &str, container: &str, view: &mut View) {
    for endpoint in endpoints {
        let mut aliases: Vec<&str> = endpoint
            .aliases
            .iter()
            .map(String::as_str)
            .filter(|alias| *alias != service && *alias != container)
            .collect();
        aliases.sort_unstable();
        aliases.dedup();
        view.insert(format!("networks.{}", endpoint.network), aliases.join(","));
    }
}
