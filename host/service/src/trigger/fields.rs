//! What an event is about: fields by name, taken from its body as the source says.
//!
//! Which fields a source has is data, see [`windlass_config::sources`]. No sender is known here.

use serde_json::Value;
use windlass_config::sources::{Condition, EventName, Field, Is, Source};

use super::{Fields, Message, TriggerError};

/// The event's name, which is a field like all others.
const EVENT: &str = "event";

/// The fields of an event.
pub(super) fn of(source: &Source, message: &Message) -> Result<Fields, TriggerError> {
    let body = json(message)?;
    let mut fields = Fields::new();
    if let Some(name) = event(source, message, &body)? {
        fields.insert(EVENT.to_owned(), name);
    }
    for field in &source.fields {
        if !fields.contains_key(&field.name)
            && let Some(value) = value(field, &body)
        {
            fields.insert(field.name.clone(), value);
        }
    }
    if source.top_level {
        // A name that the source places elsewhere has its value from there, or none.
        let placed = |name: &String| source.fields.iter().any(|field| field.name == *name);
        for (name, value) in body.as_object().into_iter().flatten().filter(|(name, _)| !placed(name)) {
            if let Some(value) = text_or_number(value)
                && !fields.contains_key(name)
            {
                fields.insert(name.clone(), value);
            }
        }
    }
    Ok(fields)
}

fn event(source: &Source, message: &Message, body: &Value) -> Result<Option<String>, TriggerError> {
    let name = match &source.event {
        None => None,
        Some(EventName::Header(header)) => message.header(header)?,
        Some(EventName::Body(pointers)) => {
            let texts = pointers.iter().filter_map(|pointer| pointer.find(body)?.as_str());
            texts.into_iter().find(|text| !text.is_empty())
        }
    };
    Ok(name.filter(|name| !name.is_empty()).map(str::to_owned))
}

/// What one entry of a source's list gives; none when it gives nothing.
fn value(field: &Field, body: &Value) -> Option<String> {
    if !field.when.as_ref().is_none_or(|condition| holds(condition, body)) {
        return None;
    }
    let found = field.pointers.iter().find_map(|pointer| {
        let there = pointer.find(body)?;
        let text = match there {
            Value::String(text) => text.clone(),
            Value::Number(number) if field.numbers => number.to_string(),
            _ => return None,
        };
        let text = text.strip_prefix(&field.prefix)?;
        let is_absent = text.is_empty() || field.absent.as_ref().is_some_and(|absent| absent.is_match(text));
        (!is_absent).then(|| text.to_owned())
    });
    found.or_else(|| field.otherwise.clone())
}

fn holds(condition: &Condition, body: &Value) -> bool {
    let Some(there) = condition.pointer.find(body) else { return false };
    match &condition.is {
        Is::There => true,
        Is::Like(pattern) => match there {
            Value::String(text) => pattern.is_match(text),
            Value::Number(_) | Value::Bool(_) => pattern.is_match(&there.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        },
        // Two that are both not there are not the same.
        Is::SameAs(other) => {
            matches!(there, Value::String(_) | Value::Number(_) | Value::Bool(_)) && other.find(body) == Some(there)
        }
    }
}

fn text_or_number(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn json(message: &Message) -> Result<Value, TriggerError> {
    let wrong = |reason: String| TriggerError::Body { reason };
    if message.header("content-type")?.is_some_and(|kind| kind.contains("x-www-form-urlencoded")) {
        return Err(wrong("it is a form: set the webhook's content type to `application/json`".to_owned()));
    }
    let value: Value = serde_json::from_slice(&message.body).map_err(|error| wrong(format!("not JSON: {error}")))?;
    if value.is_object() { Ok(value) } else { Err(wrong("it is not an object".to_owned())) }
}
