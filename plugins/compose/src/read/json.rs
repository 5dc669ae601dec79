//! A part of the tree as JSON, for what this library knows but has no types for.

use serde_json::{Map, Number, Value as Json};

use crate::yaml::{Node, Resolved, Value};

/// The types are those that the scalars have by themselves.
pub(crate) fn json(node: &Node) -> Json {
    match &node.value {
        Value::Sequence(items) => Json::Array(items.iter().map(json).collect()),
        Value::Mapping(mapping) => {
            let mut fields = Map::new();
            for entry in &mapping.entries {
                fields.insert(entry.key.clone(), json(&entry.value));
            }
            Json::Object(fields)
        }
        Value::Scalar(scalar) => match scalar.resolve() {
            Resolved::Null => Json::Null,
            Resolved::Boolean(value) => Json::Bool(value),
            Resolved::Integer(value) => Json::Number(value.into()),
            Resolved::Float(value) => {
                Number::from_f64(value).map_or_else(|| Json::String(scalar.to_text()), Json::Number)
            }
            Resolved::Date => Json::String(scalar.to_text()),
            Resolved::Text => Json::String(scalar.written().to_owned()),
        },
    }
}
