//! The process of a container, its names and its ports, in the words of Compose files.

use serde_json::{Value, json};

use super::shown;
use super::view::View;
use crate::{json as look, labels};

/// `unset` is the host name of a container that was given none.
pub(super) fn process(config: &Value, unset: &str, view: &mut View) {
    let texts =
        [("User", "user"), ("WorkingDir", "working_dir"), ("StopSignal", "stop_signal"), ("Domainname", "domainname")];
    for (key, field) in texts {
        if let Some(text) = look::text(config, &format!("/{key}")) {
            view.insert(field.to_owned(), text);
        }
    }
    if let Some(address) = look::text(config, "/MacAddress") {
        view.insert("mac_address".to_owned(), hardware_address(&address));
    }
    if let Some(name) = look::text(config, "/Hostname").filter(|name| name != unset) {
        view.insert("hostname".to_owned(), name);
    }
    for (key, field) in [("Tty", "tty"), ("OpenStdin", "stdin_open")] {
        if config.get(key).and_then(Value::as_bool) == Some(true) {
            view.insert(field.to_owned(), "true".to_owned());
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
        for port in ports.keys().flat_map(|port| each_port(port)) {
            view.insert(format!("expose.{port}"), "yes".to_owned());
        }
    }
    if let Some(check) = config.get("Healthcheck").and_then(Value::as_object) {
        for (key, field) in [
            ("Test", "test"),
            ("Interval", "interval"),
            ("Timeout", "timeout"),
            ("StartPeriod", "start_period"),
            ("StartInterval", "start_interval"),
            ("Retries", "retries"),
        ] {
            if let Some(value) = check.get(key).filter(|value| value.as_i64() != Some(0) && !value.is_null()) {
                view.insert(format!("healthcheck.{field}"), shown(value));
            }
        }
    }
}

/// A hardware address as engines tell it, whichever way it is written.
pub(super) fn hardware_address(address: &str) -> String {
    address.to_ascii_lowercase().replace('-', ":")
}

/// Docker Compose hands ranges and ports without a protocol on as they are.
pub(crate) fn each_port(port: &str) -> Vec<String> {
    let (numbers, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
    let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
    match (first.parse::<u16>(), last.parse::<u16>()) {
        (Ok(first), Ok(last)) => (first..=last).map(|port| format!("{port}/{protocol}")).collect(),
        _ => vec![format!("{numbers}/{protocol}")],
    }
}
