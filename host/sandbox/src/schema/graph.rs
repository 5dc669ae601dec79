//! What a schema would make the validator do, counted before the validator sees it.
//!
//! A few hundred bytes of references can describe more work, or deeper recursion, than any machine has. The schema is
//! laid out as a graph: its subschemas, with edges to those that look at the same value and to those that look at a
//! part of it. Nothing here calls itself, whatever the schema's shape.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::super::text::beginning;

/// The deepest nesting of a schema or a configuration.
pub(super) const DEPTH: usize = 64;

/// The most JSON values in a schema or a configuration.
pub(super) const VALUES: usize = 50_000;

/// The most subschemas that can be reached.
const SUBSCHEMAS: usize = 5_000;

/// The longest way from the schema through subschemas and references.
const CHAIN: usize = 256;

/// How often subschemas may look at one value.
const LOOKS: u64 = 20_000;

/// The longest regular expression, in bytes.
const PATTERN: usize = 1_000;

/// Why a document is too much: a fragment that goes on "… ".
pub(super) fn measure(document: &Value, most: u64, limit: &str) -> Result<(), String> {
    let (mut values, mut bytes) = (0_usize, 0_usize);
    let mut todo = vec![(document, 1_usize)];
    while let Some((value, depth)) = todo.pop() {
        values += 1;
        bytes += match value {
            Value::String(text) => text.len() + 3,
            Value::Object(fields) => 2 + fields.keys().map(|key| key.len() + 3).sum::<usize>(),
            _ => 3,
        };
        if depth > DEPTH {
            return Err(format!("is nested more than {DEPTH} deep"));
        }
        if bytes as u64 > most {
            return Err(format!("has more than {} (limit `{limit}`)", super::super::limits::bytes(most)));
        }
        if values > VALUES {
            return Err(format!("has more than {VALUES} values"));
        }
        match value {
            Value::Array(items) => todo.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(fields) => todo.extend(fields.values().map(|field| (field, depth + 1))),
            _ => {}
        }
    }
    Ok(())
}

/// One subschema. Numbers are those of other subschemas.
#[derive(Default)]
pub(super) struct Node<'a> {
    /// They look at the same value.
    pub(super) here: Vec<usize>,
    /// They look at the property of the name.
    pub(super) properties: HashMap<&'a str, usize>,
    /// They may look at every property.
    pub(super) any_property: Vec<usize>,
    /// It looks at properties without a name above.
    pub(super) other_property: Option<usize>,
    /// It looks at names of properties.
    pub(super) names: Option<usize>,
    /// They look at the items at their places.
    pub(super) places: Vec<usize>,
    /// They may look at every item.
    pub(super) items: Vec<usize>,
    /// Whether it asks again what the others have looked at: `unevaluatedProperties`, `unevaluatedItems`.
    pub(super) asks_again: bool,
    /// Whether every item is compared with every other one.
    pub(super) compares: bool,
    /// Its own work, in keywords and words that a value is compared with.
    pub(super) weight: u64,
    /// Bytes of its regular expressions.
    pub(super) patterns: u64,
}

impl Node<'_> {
    fn below(&self) -> impl Iterator<Item = usize> {
        let one = self.other_property.iter().chain(&self.names);
        let many = self.any_property.iter().chain(&self.places).chain(&self.items);
        self.properties.values().chain(one).chain(many).copied()
    }
}

/// A schema as a graph; the schema itself is the first node.
pub(super) struct Graph<'a> {
    root: &'a Value,
    pub(super) nodes: Vec<Node<'a>>,
    numbers: HashMap<usize, usize>,
    todo: Vec<(usize, &'a Value)>,
}

impl<'a> Graph<'a> {
    /// Lays a schema out. The error is a fragment: what its schema is, or does.
    pub(super) fn of(root: &'a Value) -> Result<Self, String> {
        let mut graph = Self { root, nodes: Vec::new(), numbers: HashMap::new(), todo: Vec::new() };
        graph.number(root)?;
        while let Some((number, schema)) = graph.todo.pop() {
            if let Value::Object(schema) = schema {
                let node = graph.node(schema, number == 0)?;
                if let Some(place) = graph.nodes.get_mut(number) {
                    *place = node;
                }
            }
        }
        Ok(graph)
    }

    /// The number of the subschema at a place of the document.
    fn number(&mut self, schema: &'a Value) -> Result<usize, String> {
        let address = std::ptr::from_ref(schema).addr();
        if let Some(number) = self.numbers.get(&address) {
            return Ok(*number);
        }
        let number = self.nodes.len();
        if number == SUBSCHEMAS {
            return Err(format!("has more than {SUBSCHEMAS} subschemas"));
        }
        self.numbers.insert(address, number);
        self.nodes.push(Node { weight: 1, ..Node::default() });
        self.todo.push((number, schema));
        Ok(number)
    }

    fn all(&mut self, schemas: Option<&'a Value>) -> Result<Vec<usize>, String> {
        let found: Vec<&Value> = match schemas {
            Some(Value::Array(items)) => items.iter().collect(),
            Some(Value::Object(fields)) => fields.values().filter(|field| is_schema(field)).collect(),
            _ => Vec::new(),
        };
        found.into_iter().map(|schema| self.number(schema)).collect()
    }

    fn one(&mut self, schema: Option<&'a Value>) -> Result<Option<usize>, String> {
        schema.filter(|schema| is_schema(schema)).map(|schema| self.number(schema)).transpose()
    }

    fn node(&mut self, schema: &'a Map<String, Value>, root: bool) -> Result<Node<'a>, String> {
        for word in ["$dynamicRef", "$recursiveRef", "$id", "id"] {
            let used = schema.get(word).is_some_and(Value::is_string);
            if used && !(root && matches!(word, "$id" | "id")) {
                return Err(format!("uses `{word}`, which the schema of a configuration cannot"));
            }
        }
        let mut node = Node { weight: weight(schema), ..Node::default() };
        if let Some(Value::String(reference)) = schema.get("$ref") {
            node.here.push(self.target(reference)?);
        }
        for word in ["allOf", "anyOf", "oneOf", "dependentSchemas", "dependencies"] {
            node.here.extend(self.all(schema.get(word))?);
        }
        for word in ["not", "if", "then", "else"] {
            node.here.extend(self.one(schema.get(word))?);
        }
        if let Some(Value::Object(properties)) = schema.get("properties") {
            for (name, property) in properties {
                node.properties.insert(name, self.number(property)?);
            }
        }
        node.any_property = self.all(schema.get("patternProperties"))?;
        node.any_property.extend(self.one(schema.get("unevaluatedProperties"))?);
        node.other_property = self.one(schema.get("additionalProperties"))?;
        node.names = self.one(schema.get("propertyNames"))?;
        node.places = self.all(schema.get("prefixItems"))?;
        match schema.get("items") {
            Some(items @ Value::Array(_)) => node.places.extend(self.all(Some(items))?),
            items => node.items.extend(self.one(items)?),
        }
        for word in ["additionalItems", "contains", "unevaluatedItems"] {
            node.items.extend(self.one(schema.get(word))?);
        }
        node.asks_again = schema.contains_key("unevaluatedProperties") || schema.contains_key("unevaluatedItems");
        node.compares = schema.get("uniqueItems") == Some(&Value::Bool(true));
        node.patterns = patterns(schema)?;
        Ok(node)
    }

    fn target(&mut self, reference: &str) -> Result<usize, String> {
        let pointer = reference.strip_prefix('#').filter(|pointer| pointer.is_empty() || pointer.starts_with('/'));
        let shown = || beginning(reference, 100);
        let Some(pointer) = pointer else {
            return Err(format!("refers to `{}`; it can refer to itself only: `#/$defs/NAME`", shown()));
        };
        let pointer = percent_decode_str(pointer).decode_utf8_lossy();
        let target =
            self.root.pointer(&pointer).ok_or_else(|| format!("refers to `{}`, which is not there", shown()))?;
        self.number(target)
    }

    /// Whether checking any value against it ends soon. The error is a fragment: what it does.
    pub(super) fn check(&self) -> Result<(), String> {
        let here: Vec<Vec<usize>> = self.nodes.iter().map(|node| node.here.clone()).collect();
        let order = peel(&here);
        if order.len() < self.nodes.len() {
            return Err("refers to itself without going into the value".to_owned());
        }
        let mut looks = vec![(0_u64, 0_u64); self.nodes.len()];
        for number in order.into_iter().rev() {
            let Some(node) = self.nodes.get(number) else { continue };
            let (mut once, mut again) = (node.weight, 1_u64);
            for next in &node.here {
                let (look, mark) = looks.get(*next).copied().unwrap_or_default();
                once = once.saturating_add(look);
                again = again.saturating_add(look).saturating_add(mark);
            }
            if node.asks_again {
                once = once.saturating_add(again);
            }
            if once > LOOKS {
                return Err(format!("looks at one value more than {LOOKS} times"));
            }
            if let Some(place) = looks.get_mut(number) {
                *place = (once, again);
            }
        }
        if self.chain() > CHAIN {
            return Err(format!("has a chain of more than {CHAIN} subschemas and references"));
        }
        Ok(())
    }

    /// At least the longest way through subschemas that doesn't come back to one: those of a cycle all count.
    fn chain(&self) -> usize {
        let edges: Vec<Vec<usize>> =
            self.nodes.iter().map(|node| node.here.iter().copied().chain(node.below()).collect()).collect();
        let down = peel(&edges);
        let mut open = vec![true; edges.len()];
        for number in &down {
            open[*number] = false;
        }
        let mut back = vec![Vec::new(); edges.len()];
        for (from, to) in edges.iter().enumerate() {
            for to in to {
                back[*to].push(from);
            }
        }
        let up = peel(&back);
        let up: Vec<usize> = up.into_iter().filter(|number| open[*number]).collect();
        for number in &up {
            open[*number] = false;
        }
        longest(&down, &edges) + open.iter().filter(|open| **open).count() + longest(&up, &back)
    }
}

/// The nodes of the longest way through an order, in which every node comes before those that it leads to.
fn longest(order: &[usize], edges: &[Vec<usize>]) -> usize {
    let mut lengths = vec![1_usize; edges.len()];
    let mut most = 0;
    for number in order {
        let length = lengths[*number];
        most = most.max(length);
        for next in &edges[*number] {
            lengths[*next] = lengths[*next].max(length + 1);
        }
    }
    most
}

/// The nodes in an order in which each comes before those that it leads to; those in cycles and behind are left out.
fn peel(edges: &[Vec<usize>]) -> Vec<usize> {
    let mut waits = vec![0_usize; edges.len()];
    edges.iter().flatten().for_each(|to| waits[*to] += 1);
    let mut order: Vec<usize> = (0..edges.len()).filter(|number| waits[*number] == 0).collect();
    let mut at = 0;
    while let Some(number) = order.get(at).copied() {
        at += 1;
        for to in &edges[number] {
            waits[*to] -= 1;
            if waits[*to] == 0 {
                order.push(*to);
            }
        }
    }
    order
}

fn is_schema(value: &Value) -> bool {
    matches!(value, Value::Object(_) | Value::Bool(_))
}

/// Keywords, and what is in their lists and tables.
fn weight(schema: &Map<String, Value>) -> u64 {
    let inside = |value: &Value| match value {
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        _ => 0,
    };
    let values = schema.iter().filter(|(word, _)| !matches!(word.as_str(), "$defs" | "definitions" | "examples"));
    1 + values.map(|(_, value)| 1 + inside(value) as u64).sum::<u64>()
}

fn patterns(schema: &Map<String, Value>) -> Result<u64, String> {
    let own = schema.get("pattern").and_then(Value::as_str);
    let named = schema.get("patternProperties").and_then(Value::as_object);
    let mut bytes = 0;
    for pattern in own.into_iter().chain(named.into_iter().flat_map(|named| named.keys().map(String::as_str))) {
        if pattern.len() > PATTERN {
            return Err(format!("has a regular expression of {} bytes; one may have {PATTERN}", pattern.len()));
        }
        bytes += pattern.len() as u64;
    }
    Ok(bytes)
}
