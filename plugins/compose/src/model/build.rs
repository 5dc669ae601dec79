//! `build` and `develop`: known, shown, and not used by a deployment.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::{Context, Path, Service, files, hooks, labels, names, paths, process, ulimits};
use crate::config::reference;
use crate::read::Fields;
use crate::yaml::{Entry, Node, Resolved, Value};
use crate::{Position, Problem};

/// What is shown of `build`. Relative paths keep a mark that [`crate::Application::config`] replaces.
pub(super) fn build(context: &Context<'_>, node: &Node, path: &str) -> Option<Json> {
    let mut shown = Shown(Map::new());
    if let Value::Mapping(mapping) = &node.value {
        let mut fields = Fields::new(context.report, mapping, path.to_owned());
        elements(context, &mut fields, path, &mut shown);
        fields.finish(&[]);
    } else {
        let text = context.report.string(node, &path)?;
        shown.put("context", mark(context, &text));
    }
    if node.as_mapping().is_none_or(|build| build.get("context").is_none()) {
        shown.0.entry("context").or_insert_with(|| json!(mark(context, ".")));
    }
    let says = |key: &str| node.as_mapping().is_some_and(|build| build.get(key).is_some());
    if !says("dockerfile") && !says("dockerfile_inline") {
        shown.0.entry("dockerfile").or_insert_with(|| json!("Dockerfile"));
    }
    Some(Json::Object(shown.0))
}

fn elements(context: &Context<'_>, fields: &mut Fields<'_>, path: &str, shown: &mut Shown) {
    if let Some(text) = fields.string("context").filter(|text| !text.is_empty()) {
        shown.put("context", mark(context, &text));
    }
    for key in ["dockerfile", "dockerfile_inline", "network", "target", "isolation"] {
        shown.some(key, fields.text(key));
    }
    for key in ["cache_from", "cache_to", "entitlements", "platforms"] {
        shown.list(key, fields.list(key));
    }
    shown.list("tags", fields.strings("tags"));
    for key in ["no_cache", "privileged", "pull"] {
        shown.some(key, fields.boolean(key).filter(|value| *value));
    }
    shown.list("ssh", fields.with("ssh", |_, node, path| keys(context, node, path)).unwrap_or_default());
    shown.list("no_cache_filter", fields.one_or_more("no_cache_filter"));
    for key in ["args", "labels"] {
        let mut pairs = fields.with(key, |report, node, path| report.pairs(node, path)).unwrap_or_default();
        for (name, value) in &mut pairs {
            // An argument without a value is that of the environment, where it is set there.
            *value = value.take().or_else(|| context.variables.value(name).map(str::to_owned));
        }
        pairs.retain(|_, value| key != "args" || value.is_some());
        if !pairs.is_empty() {
            shown.put(key, pairs.into_iter().map(|(k, v)| (k, v.unwrap_or_default())).collect::<BTreeMap<_, _>>());
        }
    }
    let contexts = fields.with("additional_contexts", |report, node, path| {
        let entries = report.mapping(node, path).map(|mapping| mapping.entries.as_slice()).unwrap_or_default();
        let one = |entry: &Entry| {
            let text = report.string(&entry.value, &format!("{path}.{}", entry.key))?;
            Some((entry.key.clone(), mark(context, &text)))
        };
        entries.iter().filter_map(one).collect::<BTreeMap<_, _>>()
    });
    shown.some("additional_contexts", contexts.filter(|contexts| !contexts.is_empty()));
    shown.some("shm_size", fields.size("shm_size").filter(|size| *size != 0).map(|size| size.to_string()));
    if let Some(node) = fields.take("extra_hosts") {
        let hosts = names::extra_hosts(context, node, &format!("{path}.extra_hosts"));
        shown.list("extra_hosts", hosts.iter().map(|host| host.replacen(':', "=", 1)).collect());
    }
    if let Some(node) = fields.take("ulimits") {
        let limits = ulimits::read(context, node, &format!("{path}.ulimits"));
        let limits: BTreeMap<_, _> = limits.iter().map(|(name, limit)| (name, limit.shown())).collect();
        shown.some("ulimits", Some(limits).filter(|limits| !limits.is_empty()));
    }
    if let Some(node) = fields.take("secrets") {
        let secrets = files::referenced(context, node, &format!("{path}.secrets"), "");
        let secrets: Vec<Json> = secrets.iter().map(|secret| reference(secret, false)).collect();
        shown.some("secrets", Some(secrets).filter(|secrets| !secrets.is_empty()));
    }
    // Of later releases: a text, or a truth that is shown as one.
    for key in ["provenance", "sbom"] {
        let text = fields.with(key, |report, node, path| match &node.value {
            Value::Scalar(scalar) if matches!(scalar.resolve(), Resolved::Boolean(_)) => Some(scalar.to_text()),
            _ => report.string(node, path),
        });
        shown.some(key, text.flatten().filter(|text| !text.is_empty()));
    }
}

/// `default`, or `id=path`.
fn keys(context: &Context<'_>, node: &Node, path: &dyn std::fmt::Display) -> Vec<String> {
    if let Value::Sequence(items) = &node.value {
        let texts = items.iter().filter_map(Node::as_text);
        if let Some(wrong) = texts.into_iter().find(|text| text != "default" && !text.contains('=')) {
            context.report.at(&node.position, format!("`{path}`: `{wrong}` is not `default` or `id=path`"));
        }
    }
    let shown = |(id, path): (&String, &String)| {
        if path.is_empty() { id.clone() } else { format!("{id}={}", mark(context, path)) }
    };
    labels::listed(context.report, node, path).iter().map(shown).collect()
}

/// A service's `platform` must be among those that its image is built for.
pub(super) fn platforms(context: &Context<'_>, build: &Node, platform: Option<&Node>, service: &str) {
    let Some(platforms) = build.as_mapping().and_then(|build| build.get("platforms")) else { return };
    let Value::Sequence(items) = &platforms.value else { return };
    let Some(platform) = platform.and_then(Node::as_text).filter(|platform| !platform.is_empty()) else { return };
    if !items.is_empty() && !items.iter().any(|item| item.as_text().as_ref() == Some(&platform)) {
        let message = format!("`{service}.build.platforms` must have `{platform}`, which is the service's `platform`");
        context.problem(Problem::at(&platforms.position, message));
    }
}

/// The secrets that building uses.
pub(super) fn secrets(service: &Service) -> impl Iterator<Item = &str> {
    let used = service.build.as_ref().and_then(|build| build.get("secrets")?.as_array());
    used.into_iter().flatten().filter_map(|secret| secret.get("source")?.as_str())
}

/// An object while it is made.
struct Shown(Map<String, Json>);

impl Shown {
    fn put(&mut self, key: &str, value: impl serde::Serialize) {
        self.0.insert(key.to_owned(), json!(value));
    }

    fn some(&mut self, key: &str, value: Option<impl serde::Serialize>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    fn list(&mut self, key: &str, items: Vec<String>) {
        if !items.is_empty() {
            self.put(key, items);
        }
    }
}

/// What is shown of `develop`.
pub(super) fn develop(context: &Context<'_>, node: &Node, path: &str) -> Option<Json> {
    if node.is_null() {
        return None;
    }
    let mapping = context.report.mapping(node, &path)?;
    let mut fields = Fields::new(context.report, mapping, path.to_owned());
    let watch = fields.each("watch", |fields, position| {
        let mut shown = Shown(Map::new());
        let path = fields.with("path", |report, node, path| report.name(node, &path)).flatten();
        let action = fields.word("action", &["rebuild", "sync", "restart", "sync+restart", "sync+exec"]);
        for (key, value) in [("path", &path), ("action", &action)] {
            if value.is_none() && !fields.has(key) {
                fields.require(position, key);
            }
        }
        let target = fields.text("target");
        if target.is_none() && action.as_deref().is_some_and(|action| action.starts_with("sync")) {
            fields.missing(position, "target");
        }
        shown.some("path", path.map(|path| mark(context, &path)));
        shown.some("action", action);
        shown.some("target", target);
        shown.list("ignore", fields.one_or_more("ignore"));
        shown.list("include", fields.one_or_more("include"));
        shown.some("initial_sync", fields.truth("initial_sync").filter(|value| *value));
        let hook = fields.inner("exec", |fields| exec(context, fields, position));
        shown.put("exec", hook.unwrap_or_else(|| json!({ "command": null })));
        Some(Json::Object(shown.0))
    });
    fields.finish(&[]);
    Some(if watch.is_empty() { json!({}) } else { json!({ "watch": watch }) })
}

/// What is run in the container when files have changed.
fn exec(context: &Context<'_>, fields: &mut Fields<'_>, position: &Position) -> Json {
    if !fields.has("command") {
        fields.require(position, "command");
    }
    let mut shown = Shown(Map::new());
    shown.put("command", fields.with("command", |_, node, path| process::read(context, node, path)).flatten());
    for key in ["user", "working_dir"] {
        shown.some(key, fields.text(key));
    }
    shown.some("privileged", fields.boolean("privileged").filter(|value| *value));
    let variables = fields.with("environment", |_, node, path| hooks::written(context, node, path));
    shown.some("environment", variables.filter(|variables| !variables.is_empty()));
    Json::Object(shown.0)
}

/// Where a relative path begins until the project's directory is known.
pub(crate) const DIRECTORY: &str = "\u{0}directory";

/// A path with a mark where the project's directory belongs; addresses stay as they are.
fn mark(context: &Context<'_>, text: &str) -> String {
    let elsewhere = ["git@", "github.com/", "service:"];
    if text.contains("://") || elsewhere.iter().any(|prefix| text.starts_with(prefix)) {
        return text.to_owned();
    }
    // What looks like a path of Windows is none here.
    let read = if text.starts_with(['/', '~']) {
        paths::read(text, context.directory)
    } else {
        paths::bundle(text, context.directory).map(Path::Bundle)
    };
    match read {
        Ok(Path::Bundle(path)) if path.is_empty() => DIRECTORY.to_owned(),
        Ok(Path::Bundle(path)) => format!("{DIRECTORY}/{path}"),
        Ok(Path::Host(path)) => path,
        // Nothing of it is used; what lies outside of the bundle is shown as written.
        Err(_) => text.to_owned(),
    }
}
