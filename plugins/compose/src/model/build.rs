//! `build` and `develop`: known, shown, and not used by a deployment.

use serde_json::{Map, Value as Json, json};

use super::{Context, Path, paths};
use crate::read::{Fields, Report, json};
use crate::yaml::{Mapping, Node, Value};

/// Keys of `build`.
const KEYS: [&str; 24] = [
    "additional_contexts",
    "args",
    "cache_from",
    "cache_to",
    "context",
    "dockerfile",
    "dockerfile_inline",
    "entitlements",
    "extra_hosts",
    "isolation",
    "labels",
    "network",
    "no_cache",
    "platforms",
    "privileged",
    "provenance",
    "pull",
    "sbom",
    "secrets",
    "shm_size",
    "ssh",
    "tags",
    "target",
    "ulimits",
];

/// What is shown of `build`. Relative contexts keep a mark that [`crate::Application::config`] replaces.
pub(super) fn build(context: &Context<'_>, node: &Node, path: &str) -> Option<Json> {
    let mut shown = Map::new();
    if let Value::Mapping(mapping) = &node.value {
        known(context.report, mapping, path, &KEYS);
        for entry in &mapping.entries {
            let value = match entry.key.as_str() {
                "args" | "labels" | "additional_contexts" => pairs(&entry.value),
                _ => json(&entry.value),
            };
            shown.insert(entry.key.clone(), value);
        }
    } else {
        let text = context.report.string(node, &path)?;
        shown.insert("context".to_owned(), json!(text));
    }
    if let Some(text) = shown.get("context").and_then(Json::as_str) {
        let absolute = mark(context, text);
        shown.insert("context".to_owned(), json!(absolute));
    }
    if !shown.contains_key("dockerfile") && !shown.contains_key("dockerfile_inline") {
        shown.insert("dockerfile".to_owned(), json!("Dockerfile"));
    }
    Some(Json::Object(shown))
}

/// What is shown of `develop`.
pub(super) fn develop(context: &Context<'_>, node: &Node, path: &str) -> Option<Json> {
    if node.is_null() {
        return None;
    }
    let mapping = context.report.mapping(node, &path)?;
    let mut fields = Fields::new(context.report, mapping, path.to_owned());
    let watch = fields.with("watch", |report, node, path| {
        for item in report.items(node, path) {
            if let Some(mapping) = report.mapping(item, path) {
                known(report, mapping, &path.to_string(), &["ignore", "include", "path", "action", "target", "exec"]);
            }
        }
        json(node)
    });
    fields.finish(&[]);
    let mut watch = watch?;
    for item in watch.as_array_mut()?.iter_mut().filter_map(Json::as_object_mut) {
        if let Some(text) = item.get("path").and_then(Json::as_str) {
            let absolute = mark(context, text);
            item.insert("path".to_owned(), json!(absolute));
        }
        item.entry("exec").or_insert_with(|| json!({ "command": null }));
    }
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

fn known(report: &Report, mapping: &Mapping, path: &str, keys: &[&'static str]) {
    let mut fields = Fields::new(report, mapping, path.to_owned());
    for key in keys {
        fields.take(key);
    }
    fields.finish(&[]);
}

/// A mapping or a list of `KEY=value` as a mapping of texts.
fn pairs(node: &Node) -> Json {
    let text = |node: &Node| match &node.value {
        Value::Scalar(scalar) if !node.is_null() => Json::String(scalar.to_text()),
        _ => Json::Null,
    };
    let mut shown = Map::new();
    match &node.value {
        Value::Mapping(mapping) => {
            for entry in &mapping.entries {
                shown.insert(entry.key.clone(), text(&entry.value));
            }
        }
        Value::Sequence(items) => {
            for item in items {
                let Json::String(item) = text(item) else { continue };
                let (key, value) = item.split_once('=').map_or((item.as_str(), Json::Null), |(k, v)| (k, json!(v)));
                shown.insert(key.to_owned(), value);
            }
        }
        Value::Scalar(_) => {}
    }
    Json::Object(shown)
}
