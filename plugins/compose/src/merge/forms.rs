//! One form for each element, before files are merged: short forms and lists that stand for mappings.

use std::collections::{HashMap, HashSet};

use super::place::{Place, Rule};
use super::put;
use super::unique::unique;
use crate::yaml::{Entry, Mapping, Node, Value};
use crate::{Position, Problem};

/// Brings every element of one file into the form in which it is merged.
pub(crate) fn normalise(root: &mut Node, problems: &mut Vec<Problem>) {
    at(root, Place::Root, "", problems);
}

fn at(node: &mut Node, place: Place, key: &str, problems: &mut Vec<Problem>) {
    let rule = place.rule();
    if matches!(rule, Rule::KeyValues | Rule::Names | Rule::Dependencies) && !texts_only(node, key, problems) {
        return;
    }
    if matches!(rule, Rule::Names | Rule::Dependencies) || place == Place::Labels {
        once(node, key, problems);
    }
    match rule {
        Rule::KeyValues => key_values(node),
        Rule::Names => names(node, |position| Node::null(position.clone())),
        Rule::Dependencies => names(node, started),
        Rule::Build => build(node),
        Rule::OneOrMore | Rule::Again | Rule::EnvFiles => one_or_more(node),
        _ => {}
    }
    unique(node, rule);
    // Nothing below a rule has one, except in the places that are named.
    if matches!(place, Place::Field(_)) {
        return;
    }
    match &mut node.value {
        Value::Mapping(mapping) => {
            for entry in &mut mapping.entries {
                at(&mut entry.value, place.child(&entry.key), &entry.key, problems);
            }
        }
        Value::Sequence(items) if place == Place::Hooks => {
            for item in items.iter_mut().filter(|item| item.as_mapping().is_some()) {
                at(item, place, key, problems);
            }
        }
        _ => {}
    }
}

/// Whether a list that stands for a mapping has only texts. Compose takes no numbers here.
fn texts_only(node: &mut Node, key: &str, problems: &mut Vec<Problem>) -> bool {
    let Value::Sequence(items) = &node.value else { return true };
    let is_text = |item: &&Node| matches!(&item.value, Value::Scalar(scalar) if scalar.is_text());
    let Some(odd) = items.iter().find(|item| !is_text(item)) else { return true };
    problems.push(Problem::at(&odd.position, format!("an item of `{key}` must be a text, not {}", odd.kind())));
    node.value = Value::Mapping(Mapping::default());
    false
}

/// Compose takes no name twice here.
fn once(node: &Node, key: &str, problems: &mut Vec<Problem>) {
    let Value::Sequence(items) = &node.value else { return };
    let mut seen = HashSet::new();
    if let Some(again) = written(items).find(|item| !seen.insert(item.as_text())) {
        problems
            .push(Problem::at(&again.position, format!("`{key}` has `{}` twice", again.as_text().unwrap_or_default())));
    }
}

/// What a list says. `!reset` on an item takes back nothing but the item.
fn written(items: &[Node]) -> impl Iterator<Item = &Node> {
    items.iter().filter(|item| item.tag.as_deref() != Some("reset"))
}

/// `[A=1, B]` as `{A: 1, B: }`.
fn key_values(node: &mut Node) {
    let Value::Sequence(items) = &node.value else { return };
    let mut mapping = Mapping { listed: true, ..Mapping::default() };
    let mut places = HashMap::new();
    for item in written(items) {
        let text = item.as_text().unwrap_or_default();
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key.to_owned(), Node::text(value, item.position.clone())),
            None => (text, Node::null(item.position.clone())),
        };
        let value = Node { trace: item.trace.clone(), tag: item.tag.clone(), ..value };
        put(&mut mapping, &mut places, Entry { key, position: item.position.clone(), value });
    }
    node.value = Value::Mapping(mapping);
}

/// `[a, b]` as `{a: …, b: …}`.
fn names(node: &mut Node, value: impl Fn(&Position) -> Node) {
    let Value::Sequence(items) = &node.value else { return };
    let mut mapping = Mapping::default();
    let mut places = HashMap::new();
    for item in written(items) {
        let value = Node { trace: item.trace.clone(), tag: item.tag.clone(), ..value(&item.position) };
        let key = item.as_text().unwrap_or_default();
        put(&mut mapping, &mut places, Entry { key, position: item.position.clone(), value });
    }
    node.value = Value::Mapping(mapping);
}

/// What a service in a list of dependencies means.
fn started(position: &Position) -> Node {
    let entry = |key: &str, value| Entry { key: key.to_owned(), position: position.clone(), value };
    let entries = vec![
        entry("condition", Node::text("service_started", position.clone())),
        entry("required", Node::plain("true", position.clone())),
    ];
    Node::mapping(Mapping { entries, ..Mapping::default() }, position.clone())
}

fn build(node: &mut Node) {
    // What is no text is left for the model to refuse.
    let is_text = matches!(&node.value, Value::Scalar(scalar) if scalar.is_text());
    let Some(context) = node.as_text().filter(|_| is_text) else { return };
    let context = Entry {
        key: "context".to_owned(),
        position: node.position.clone(),
        value: Node { trace: node.trace.clone(), ..Node::text(context, node.position.clone()) },
    };
    node.value = Value::Mapping(Mapping { entries: vec![context], ..Mapping::default() });
}

fn one_or_more(node: &mut Node) {
    if matches!(node.value, Value::Scalar(_)) && !node.is_null() {
        let item = Node { tag: None, ..node.clone() };
        node.value = Value::Sequence(vec![item]);
    }
}

/// `all` as `[{count: all}]`.
pub(super) fn gpus(node: &mut Node) {
    if node.as_text().as_deref() != Some("all") {
        return;
    }
    let value = Node { trace: node.trace.clone(), ..Node::text("all", node.position.clone()) };
    let count = Entry { key: "count".to_owned(), position: node.position.clone(), value };
    let device = Mapping { entries: vec![count], ..Mapping::default() };
    node.value = Value::Sequence(vec![Node::mapping(device, node.position.clone())]);
}

/// `{h: a, i: [b, c]}` as `[h=a, i=b, i=c]`. Only merging needs that: a mapping that stands alone stays one.
pub(super) fn hosts(node: &mut Node) {
    let Value::Mapping(mapping) = &node.value else { return };
    let mut items = Vec::new();
    for entry in &mapping.entries {
        let addresses = match &entry.value.value {
            Value::Sequence(addresses) => addresses.as_slice(),
            _ => std::slice::from_ref(&entry.value),
        };
        for address in addresses {
            let item = match (&address.value, address.as_text()) {
                (_, Some(text)) => Node::text(format!("{}={text}", entry.key), address.position.clone()),
                // As Compose: `{a:1.1.1.1}`, without a blank, is a key of that name.
                (Value::Scalar(_), None) => Node::text(entry.key.clone(), address.position.clone()),
                // Left for the model to refuse.
                _ => return,
            };
            items.push(Node { trace: address.trace.clone(), ..item });
        }
    }
    node.value = Value::Sequence(items);
}
