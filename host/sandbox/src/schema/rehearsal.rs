//! Checking a configuration, rehearsed: every look of a subschema at a value is counted, and none is taken.
//!
//! What a recursive schema makes of a value depends on the value. The rehearsal counts at least the looks of the
//! validator, because it never stops at a first mistake, and gives up at a number that takes the validator a second
//! or two. It doesn't call itself.

use std::collections::HashMap;

use serde_json::Value;

use super::graph::Graph;

/// The most looks and comparisons.
const MOST: u64 = 200_000;

/// The deepest that the validator may call itself.
const DEEPEST: u32 = 512;

/// How much one byte of text costs a regular expression of so many bytes.
const PATTERN: u64 = 1_024;

/// Bytes of a text that cost as much as one look: lengths are counted, and words compared.
const TEXT: u64 = 256;

/// What a subschema is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ask {
    /// Whether a value is right.
    Right,
    /// Which parts of the value it looks at, for `unevaluatedProperties` and `unevaluatedItems`.
    Parts,
}

/// Whether a configuration can be checked in a bounded time. The error is a fragment: what the check would do.
pub(super) fn rehearse(graph: &Graph<'_>, config: &Value) -> Result<(), String> {
    let too_long = || format!("checking the table would take more than {MOST} comparisons");
    let words = names(config);
    let mut left = MOST;
    let mut todo = vec![(0_usize, config, Ask::Right, 0_u32)];
    while let Some((number, value, ask, depth)) = todo.pop() {
        if depth > DEEPEST {
            return Err(format!("checking the table would go more than {DEEPEST} subschemas deep"));
        }
        let Some(node) = graph.nodes.get(number) else { continue };
        let before = todo.len();
        let deeper = depth + 1;
        for next in &node.here {
            todo.push((*next, value, Ask::Right, deeper));
            if ask == Ask::Parts {
                todo.push((*next, value, Ask::Parts, deeper));
            }
        }
        let mut cost = node.weight;
        let matched = |length: usize| node.patterns.saturating_mul(length as u64) / PATTERN;
        match value {
            Value::String(text) => cost = cost.saturating_add(matched(text.len()) + text.len() as u64 / TEXT),
            Value::Object(fields) => {
                let each = node.any_property.len() + 2;
                cost = cost.saturating_add(fields.len().saturating_mul(each) as u64);
                left = left.checked_sub(cost).ok_or_else(too_long)?;
                cost = 0;
                for (name, field) in fields {
                    cost = cost.saturating_add(matched(name.len()));
                    let named = node.properties.get(name.as_str());
                    let other = node.other_property.as_ref().filter(|_| named.is_none());
                    let all = node.any_property.iter().chain(named).chain(other);
                    todo.extend(all.map(|next| (*next, field, Ask::Right, deeper)));
                    let about = node.names.zip(words.get(name.as_str()));
                    todo.extend(about.map(|(next, name)| (next, name, Ask::Right, deeper)));
                }
            }
            Value::Array(items) => {
                let others = if node.compares { items.len() as u64 } else { 0 };
                let each = node.items.len() as u64 + 1;
                cost = cost.saturating_add((items.len() as u64).saturating_mul(each + others / 64));
                left = left.checked_sub(cost).ok_or_else(too_long)?;
                cost = 0;
                for (place, item) in items.iter().enumerate() {
                    let all = node.items.iter().chain(node.places.get(place));
                    todo.extend(all.map(|next| (*next, item, Ask::Right, deeper)));
                }
            }
            _ => {}
        }
        if node.asks_again && ask == Ask::Right {
            todo.push((number, value, Ask::Parts, deeper));
        }
        cost = cost.saturating_add((todo.len() - before) as u64);
        left = left.checked_sub(cost).ok_or_else(too_long)?;
    }
    Ok(())
}

/// The names of all properties, as the values that they are to `propertyNames`.
fn names(config: &Value) -> HashMap<&str, Value> {
    let mut names = HashMap::new();
    let mut todo = vec![config];
    while let Some(value) = todo.pop() {
        match value {
            Value::Array(items) => todo.extend(items),
            Value::Object(fields) => {
                names.extend(fields.keys().map(|name| (name.as_str(), Value::String(name.clone()))));
                todo.extend(fields.values());
            }
            _ => {}
        }
    }
    names
}
