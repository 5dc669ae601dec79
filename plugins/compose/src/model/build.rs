//! `build` and `develop`: known, shown, and not used by a deployment.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::{Context, Path, names, paths, process, ulimits};
use crate::read::{Fields, bytes, json};
use crate::yaml::{Node, Value};

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
    shown.0.entry("context").or_insert_with(|| json!(mark(context, ".")));
    if !shown.0.contains_key("dockerfile_inline") {
        shown.0.entry("dockerfile").or_insert_with(|| json!("Dockerfile"));
    }
    Some(Json::Object(shown.0))
}

fn elements(context: &Context<'_>, fields: &mut Fields<'_>, path: &str, shown: &mut Shown) {
    if let Some(text) = fields.string("context") {
        shown.put("context", mark(context, &text));
    }
    for key in ["dockerfile", "dockerfile_inline", "network", "target", "isolation"] {
        shown.some(key, fields.string(key));
    }
    for key in ["cache_from", "cache_to", "entitlements", "platforms", "tags"] {
        shown.list(key, fields.strings(key));
    }
    for key in ["no_cache", "privileged", "pull"] {
        shown.some(key, fields.boolean(key).filter(|value| *value));
    }
    for key in ["args", "labels", "ssh"] {
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
    let contexts = fields.pairs("additional_contexts");
    if !contexts.is_empty() {
        let marked = contexts.iter().map(|(name, text)| (name, mark(context, text)));
        shown.put("additional_contexts", marked.collect::<BTreeMap<_, _>>());
    }
    shown.some("shm_size", fields.parsed("shm_size", bytes).map(|size| size.to_string()));
    if let Some(node) = fields.take("extra_hosts") {
        let hosts = names::extra_hosts(context, node, &format!("{path}.extra_hosts"));
        shown.list("extra_hosts", hosts.iter().map(|host| host.replacen(':', "=", 1)).collect());
    }
    if let Some(node) = fields.take("ulimits") {
        let limits = ulimits::read(context, node, &format!("{path}.ulimits"));
        shown.put("ulimits", limits.iter().map(|(name, limit)| (name, limit.shown())).collect::<BTreeMap<_, _>>());
    }
    // Of the secrets, and of what later releases of Docker Compose know.
    for key in ["secrets", "provenance", "sbom"] {
        shown.some(key, fields.with(key, |_, node, _| json(node)));
    }
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
    let position = &node.position;
    let watch = fields.each("watch", |fields| {
        let mut shown = Shown(Map::new());
        let path = fields.string("path");
        let action = fields.word("action", &["rebuild", "sync", "restart", "sync+restart", "sync+exec"]);
        for (key, value) in [("path", &path), ("action", &action)] {
            if value.is_none() && !fields.has(key) {
                fields.require(position, key);
            }
        }
        shown.some("path", path.map(|path| mark(context, &path)));
        shown.some("action", action);
        shown.some("target", fields.string("target"));
        shown.list("ignore", fields.strings("ignore"));
        shown.list("include", fields.strings("include"));
        let command = fields.inner("exec", |fields| {
            fields.boolean("privileged");
            for key in ["user", "working_dir"] {
                fields.string(key);
            }
            fields.pairs("environment");
            fields.with("command", |_, node, path| process::read(context, node, path)).flatten()
        });
        shown.put("exec", json!({ "command": command.flatten() }));
        Some(Json::Object(shown.0))
    });
    fields.finish(&[]);
    Some(json!({ "watch": watch }))
}

/// Where a relative path begins until the project's directory is known.
pub(crate) const DIRECTORY: &str = "\u{0}directory";

/// A path with a mark where the project's directory belongs; addresses stay as they are.
fn mark(context: &Context<'_>, text: &str) -> String {
    if text.contains("://") || text.starts_with("git@") || text.starts_with("github.com/") {
        return text.to_owned();
    }
    match paths::read(text, context.directory) {
        Ok(Path::Bundle(path)) if path.is_empty() => DIRECTORY.to_owned(),
        Ok(Path::Bundle(path)) => format!("{DIRECTORY}/{path}"),
        Ok(Path::Host(path)) => path,
        // Nothing of it is used; what lies outside of the bundle is shown as written.
        Err(_) => text.to_owned(),
    }
}
