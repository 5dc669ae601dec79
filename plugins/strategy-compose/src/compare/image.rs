//! What a container inherits from its image where its own configuration says nothing: the engine's `merge`.

use serde_json::{Map, Value, json};

/// The container configuration that the engine makes of a create body and an image's configuration.
pub(super) fn merged(body: &Value, image: &Value) -> Value {
    let mut config = body.clone();
    let Some(fields) = config.as_object_mut() else { return config };
    for key in ["User", "WorkingDir", "StopSignal"] {
        if is_empty(fields.get(key)) {
            copy(fields, image, key);
        }
    }
    if is_empty(fields.get("Entrypoint")) {
        if is_empty(fields.get("Cmd")) {
            copy(fields, image, "Cmd");
        }
        if fields.get("Entrypoint").is_none_or(Value::is_null) {
            copy(fields, image, "Entrypoint");
        }
    }
    let mut environment = texts(fields.get("Env"));
    for variable in texts(image.get("Env")) {
        let name = variable.split('=').next().unwrap_or_default();
        if !environment.iter().any(|own| own.split('=').next() == Some(name)) {
            environment.push(variable);
        }
    }
    fields.insert("Env".to_owned(), json!(environment));
    for key in ["Labels", "ExposedPorts"] {
        let mut all = image.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
        all.extend(fields.get(key).and_then(Value::as_object).cloned().unwrap_or_default());
        fields.insert(key.to_owned(), Value::Object(all));
    }
    healthcheck(fields, image);
    config
}

fn healthcheck(fields: &mut Map<String, Value>, image: &Value) {
    let Some(inherited) = image.get("Healthcheck").and_then(Value::as_object) else { return };
    let mut own = fields.get("Healthcheck").and_then(Value::as_object).cloned().unwrap_or_default();
    for (key, value) in inherited {
        if own.get(key).is_none_or(|own| is_empty(Some(own)) || own.as_i64() == Some(0)) {
            own.insert(key.clone(), value.clone());
        }
    }
    fields.insert("Healthcheck".to_owned(), Value::Object(own));
}

fn copy(fields: &mut Map<String, Value>, image: &Value, key: &str) {
    if let Some(value) = image.get(key) {
        fields.insert(key.to_owned(), value.clone());
    }
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    value
        .and_then(Value::as_array)
        .map(|items| items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        .unwrap_or_default()
}
