//! Relative paths of a file in another directory, written as if they stood in the including or extending file.
//!
//! Paths on the host and named volumes stay as they are; whether a path may be used is decided where it is read.

use crate::yaml::{Mapping, Node, Scalar, Value};

/// Rewrites every relative path of a whole file. `prefix` leads from the one directory to the other.
pub(crate) fn relocate(root: &mut Node, prefix: &str) {
    if prefix.is_empty() {
        return;
    }
    let Some(root) = root.as_mapping_mut() else { return };
    for entry in &mut root.entries {
        let Some(elements) = entry.value.as_mapping_mut() else { continue };
        for element in elements.entries.iter_mut().filter_map(|entry| entry.value.as_mapping_mut()) {
            match entry.key.as_str() {
                "services" => service(element, prefix),
                "secrets" | "configs" => each(element.get_mut("file"), prefix),
                "volumes" => volume(element, prefix),
                _ => {}
            }
        }
    }
}

fn service(service: &mut Mapping, prefix: &str) {
    for entry in &mut service.entries {
        let node = &mut entry.value;
        match entry.key.as_str() {
            "label_file" => each(Some(node), prefix),
            "env_file" => below(node, "path", prefix),
            "extends" => each(node.as_mapping_mut().and_then(|extends| extends.get_mut("file")), prefix),
            "build" => {
                let Some(build) = node.as_mapping_mut() else { continue };
                each(build.get_mut("context"), prefix);
                each(build.get_mut("additional_contexts"), prefix);
            }
            "develop" => {
                let watch = node.as_mapping_mut().and_then(|develop| develop.get_mut("watch"));
                if let Some(watch) = watch {
                    below(watch, "path", prefix);
                }
            }
            "volumes" => {
                if let Value::Sequence(items) = &mut node.value {
                    for item in items {
                        mount(item, prefix);
                    }
                }
            }
            _ => {}
        }
    }
}

/// A key of every mapping in a list; texts of the list itself are paths too.
fn below(node: &mut Node, key: &str, prefix: &str) {
    match &mut node.value {
        Value::Sequence(items) => items.iter_mut().for_each(|item| below(item, key, prefix)),
        Value::Mapping(mapping) => each(mapping.get_mut(key), prefix),
        Value::Scalar(_) => each(Some(node), prefix),
    }
}

fn mount(node: &mut Node, prefix: &str) {
    if let Some(mapping) = node.as_mapping_mut() {
        if mapping.get("type").and_then(Node::as_text).as_deref() == Some("bind") {
            each(mapping.get_mut("source"), prefix);
        }
        return;
    }
    let Some(text) = node.as_text() else { return };
    if let Some((source, rest)) = text.split_once(':')
        && source.starts_with('.')
    {
        node.value = Value::Scalar(Scalar::text(format!("{}:{rest}", moved(source, prefix))));
    }
}

/// The directory of a local volume that is a bind mount.
fn volume(volume: &mut Mapping, prefix: &str) {
    let Some(options) = volume.get_mut("driver_opts").and_then(Node::as_mapping_mut) else { return };
    let is_bind = options.get("o").and_then(Node::as_text).is_some_and(|o| o.split(',').any(|word| word == "bind"));
    if is_bind {
        each(options.get_mut("device"), prefix);
    }
}

/// A path, or every path of a list or mapping.
fn each(node: Option<&mut Node>, prefix: &str) {
    let Some(node) = node else { return };
    match &mut node.value {
        Value::Sequence(items) => items.iter_mut().for_each(|item| each(Some(item), prefix)),
        Value::Mapping(mapping) => {
            mapping.entries.iter_mut().for_each(|entry| each(Some(&mut entry.value), prefix));
        }
        Value::Scalar(_) => {
            if let Some(text) = node.as_text().filter(|text| is_relative(text)) {
                node.value = Value::Scalar(Scalar::text(moved(&text, prefix)));
            }
        }
    }
}

fn is_relative(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(['/', '~']) && !text.contains("://") && !text.starts_with("git@")
}

fn moved(text: &str, prefix: &str) -> String {
    let rest = text.strip_prefix("./").unwrap_or(text);
    let dot = if prefix.starts_with("..") { "" } else { "./" };
    if rest == "." || rest.is_empty() { format!("{dot}{prefix}") } else { format!("{dot}{prefix}/{rest}") }
}
