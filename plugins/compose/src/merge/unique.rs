//! Lists that hold one item per name, path or target: the last one stands, in the place of the first.

use std::collections::HashMap;

use super::place::Rule;
use crate::yaml::{Node, Value};

/// Drops what is there again. Items that nothing identifies are kept for the model to refuse.
pub(super) fn unique(node: &mut Node, rule: Rule) {
    let Value::Sequence(items) = &mut node.value else { return };
    let Some(key) = key(rule) else { return };
    let mut kept: Vec<Node> = Vec::with_capacity(items.len());
    let mut places: HashMap<String, usize> = HashMap::new();
    for mut item in items.drain(..) {
        let Some(key) = key(&item) else {
            kept.push(item);
            continue;
        };
        if let Some(existing) = places.get(&key).and_then(|place| kept.get_mut(*place)) {
            item.replaced(existing);
            *existing = item;
        } else {
            places.insert(key, kept.len());
            kept.push(item);
        }
    }
    *items = kept;
}

type Key = fn(&Node) -> Option<String>;

fn key(rule: Rule) -> Option<Key> {
    Some(match rule {
        Rule::Unique | Rule::OneOrMore => name,
        Rule::EnvFiles => |node| field(node, &["path"]).or_else(|| node.as_text()),
        Rule::Mounts => |node| field(node, &["target"]).or_else(|| second(&node.as_text()?)),
        Rule::Devices => |node| field(node, &["target"]).or_else(|| second(&node.as_text()?)),
        Rule::Secrets => |node| file(node, "/run/secrets"),
        Rule::Configs => |node| file(node, ""),
        _ => return None,
    })
}

/// What stands before `=`, as Compose compares lists of texts.
fn name(node: &Node) -> Option<String> {
    let text = node.as_text()?;
    Some(text.split_once('=').map_or(text.as_str(), |(name, _)| name).to_owned())
}

fn field(node: &Node, keys: &[&str]) -> Option<String> {
    let mapping = node.as_mapping()?;
    keys.iter().find_map(|key| mapping.get(key)).and_then(Node::as_text)
}

/// The path in the container of `SOURCE:TARGET` or `TARGET`.
fn second(text: &str) -> Option<String> {
    let mut parts = text.split(':');
    let first = parts.next()?;
    Some(parts.next().unwrap_or(first).to_owned())
}

fn file(node: &Node, directory: &str) -> Option<String> {
    if node.as_mapping().is_some() {
        let target = field(node, &["target"]);
        return target.or_else(|| field(node, &["source"]).map(|source| format!("{directory}/{source}")));
    }
    node.as_text().map(|source| format!("{directory}/{source}"))
}
