//! Several files as one: what a later file says goes over what an earlier one said.
//!
//! The rules are those of the Compose specification, section "Merge and override": mappings are merged, lists are
//! appended, texts are replaced; some elements have rules of their own, which [`rule`] lists. `!reset` removes a
//! value of an earlier file, `!override` replaces it whole.

use crate::Position;
use crate::yaml::{Entry, Mapping, Node, Value};

/// How an element of a service is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// The later value stands.
    Override,
    /// `KEY=value` lists become mappings, which are merged by key.
    KeyValues,
    /// Lists of names become mappings without values, which are merged by name.
    Names,
    /// One text is a list of one; lists are appended, texts that were there already dropped.
    Texts,
    /// Lists of mounts and files, one per target: the later one stands.
    Targets,
    /// Mappings that belong together only while `driver` is the same.
    Driver,
    /// Mappings are merged, lists appended, texts replaced.
    Plain,
}

/// The rule of an element, by its path from the top.
fn rule(path: &[&str]) -> Rule {
    match path {
        ["services", _, "command" | "entrypoint"] | ["services", _, "healthcheck", "test"] => Rule::Override,
        ["services", _, "environment" | "labels" | "annotations" | "sysctls"]
        | ["services", _, "deploy" | "build", "labels"]
        | ["services", _, "build", "args"]
        | ["networks" | "volumes" | "secrets" | "configs", _, "labels"] => Rule::KeyValues,
        ["services", _, "networks" | "depends_on"] => Rule::Names,
        [
            "services",
            _,
            "expose" | "tmpfs" | "cap_add" | "cap_drop" | "dns" | "dns_opt" | "dns_search" | "env_file" | "profiles"
            | "group_add" | "security_opt",
        ] => Rule::Texts,
        ["services", _, "volumes" | "secrets" | "configs"] => Rule::Targets,
        ["services", _, "logging"] => Rule::Driver,
        _ => Rule::Plain,
    }
}

/// Brings every element of one file into the form in which it is merged.
pub(crate) fn normalise(node: &mut Node) {
    normalise_at(node, &mut Vec::new());
}

fn normalise_at(node: &mut Node, path: &mut Vec<&'static str>) {
    // Only the shape of the path matters to `rule`, so names are replaced by a mark.
    let Value::Mapping(mapping) = &mut node.value else { return };
    for entry in &mut mapping.entries {
        let Some(name) = step(path, &entry.key) else { continue };
        path.push(name);
        match rule(path) {
            Rule::KeyValues => key_values(&mut entry.value),
            Rule::Names => names(&mut entry.value),
            Rule::Texts => texts(&mut entry.value),
            Rule::Targets => unique(&mut entry.value, &target),
            Rule::Override | Rule::Driver | Rule::Plain => {}
        }
        if path.len() < 4 {
            normalise_at(&mut entry.value, path);
        }
        path.pop();
    }
}

/// The name of a key for [`rule`]: user-given names become `*`, keys that no rule knows are skipped.
fn step(path: &[&str], key: &str) -> Option<&'static str> {
    const TOP: [&str; 5] = ["services", "networks", "volumes", "secrets", "configs"];
    const INNER: [&str; 28] = [
        "command",
        "entrypoint",
        "healthcheck",
        "environment",
        "labels",
        "annotations",
        "sysctls",
        "deploy",
        "build",
        "args",
        "networks",
        "depends_on",
        "expose",
        "tmpfs",
        "cap_add",
        "cap_drop",
        "dns",
        "dns_opt",
        "dns_search",
        "env_file",
        "profiles",
        "group_add",
        "security_opt",
        "volumes",
        "secrets",
        "configs",
        "logging",
        "test",
    ];
    match path.len() {
        0 => TOP.into_iter().find(|name| *name == key),
        1 => Some("*"),
        _ => INNER.into_iter().find(|name| *name == key),
    }
}

/// Puts `over` on top of `base`. Both are normalised.
pub(crate) fn merge(base: &mut Node, over: Node) {
    merge_at(base, over, &mut Vec::new());
}

fn merge_at(base: &mut Node, over: Node, path: &mut Vec<&'static str>) {
    if over.tag.as_deref() == Some("override") {
        *base = over;
        return;
    }
    if over.is_null() {
        return;
    }
    let rule = rule(path);
    match (&mut base.value, over.value) {
        (_, value) if rule == Rule::Override => *base = Node { value, ..over },
        (Value::Mapping(ours), Value::Mapping(theirs)) => {
            if rule == Rule::Driver && drivers_differ(ours, &theirs) {
                *base = Node { value: Value::Mapping(theirs), ..over };
                return;
            }
            merge_mappings(ours, theirs, path);
        }
        (Value::Sequence(ours), Value::Sequence(theirs)) => {
            ours.extend(theirs);
            match rule {
                Rule::Texts => unique(base, &written),
                Rule::Targets => unique(base, &target),
                _ => {}
            }
        }
        (_, value) => *base = Node { value, ..over },
    }
}

fn merge_mappings(ours: &mut Mapping, theirs: Mapping, path: &mut Vec<&'static str>) {
    for entry in theirs.entries {
        if entry.value.tag.as_deref() == Some("reset") {
            ours.entries.retain(|existing| existing.key != entry.key);
            continue;
        }
        let known = step(path, &entry.key);
        match ours.get_mut(&entry.key) {
            Some(existing) => {
                path.push(known.unwrap_or("?"));
                merge_at(existing, entry.value, path);
                path.pop();
            }
            None => ours.entries.push(entry),
        }
    }
}

fn drivers_differ(ours: &Mapping, theirs: &Mapping) -> bool {
    match (ours.get("driver").and_then(written), theirs.get("driver").and_then(written)) {
        (Some(ours), Some(theirs)) => ours != theirs,
        _ => false,
    }
}

/// `[A=1, B]` as `{A: 1, B: }`.
fn key_values(node: &mut Node) {
    let Value::Sequence(items) = &node.value else { return };
    let mut mapping = Mapping::default();
    for item in items {
        let Some(text) = written(item) else { return };
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key.to_owned(), Node::text(value, item.position.clone())),
            None => (text, Node::null(item.position.clone())),
        };
        put(&mut mapping, key, item.position.clone(), value);
    }
    node.value = Value::Mapping(mapping);
}

/// `[a, b]` as `{a: , b: }`.
fn names(node: &mut Node) {
    let Value::Sequence(items) = &node.value else { return };
    let mut mapping = Mapping::default();
    for item in items {
        let Some(text) = written(item) else { return };
        put(&mut mapping, text, item.position.clone(), Node::null(item.position.clone()));
    }
    node.value = Value::Mapping(mapping);
}

fn texts(node: &mut Node) {
    if matches!(node.value, Value::Scalar(_)) && !node.is_null() {
        let item = Node { tag: None, ..node.clone() };
        node.value = Value::Sequence(vec![item]);
    }
    unique(node, &written);
}

fn put(mapping: &mut Mapping, key: String, position: Position, value: Node) {
    match mapping.get_mut(&key) {
        Some(existing) => *existing = value,
        None => mapping.entries.push(Entry { key, position, value }),
    }
}

/// Keeps one item per key: the last, in the place of the first. Items without a key are kept for the model to refuse.
fn unique(node: &mut Node, key: &dyn Fn(&Node) -> Option<String>) {
    let Value::Sequence(items) = &mut node.value else { return };
    let mut kept: Vec<Node> = Vec::with_capacity(items.len());
    let mut places = std::collections::HashMap::new();
    for item in items.drain(..) {
        match key(&item).map(|key| (places.get(&key).copied(), key)) {
            Some((Some(place), _)) => {
                if let Some(existing) = kept.get_mut::<usize>(place) {
                    *existing = item;
                }
            }
            Some((None, key)) => {
                places.insert(key, kept.len());
                kept.push(item);
            }
            None => kept.push(item),
        }
    }
    *items = kept;
}

fn written(node: &Node) -> Option<String> {
    if let Value::Scalar(scalar) = &node.value { Some(scalar.to_text()) } else { None }
}

/// The path in the container that a mount, secret or config is for.
fn target(node: &Node) -> Option<String> {
    match &node.value {
        Value::Scalar(scalar) => {
            let text = scalar.to_text();
            let mut parts = text.split(':');
            let first = parts.next().unwrap_or_default().to_owned();
            Some(parts.next().map_or(first, str::to_owned))
        }
        Value::Mapping(mapping) => mapping.get("target").or_else(|| mapping.get("source")).and_then(written),
        Value::Sequence(_) => None,
    }
}
