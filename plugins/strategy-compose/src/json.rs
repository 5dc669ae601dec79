//! Looking into the engine's JSON.

use std::collections::BTreeMap;

use serde_json::Value;

/// The text at a JSON pointer, where there is one that is not empty.
pub(crate) fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The name of a container that was inspected, without the slash that engines put before it.
pub(crate) fn name(inspect: &Value) -> String {
    text(inspect, "/Name").unwrap_or_default().trim_start_matches('/').to_owned()
}

/// The texts of the list at a JSON pointer.
pub(crate) fn texts(value: &Value, pointer: &str) -> Vec<String> {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map(|items| items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        .unwrap_or_default()
}

/// The object of texts at a JSON pointer.
pub(crate) fn pairs(value: &Value, pointer: &str) -> BTreeMap<String, String> {
    value
        .pointer(pointer)
        .and_then(Value::as_object)
        .map(|fields| {
            fields.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
        })
        .unwrap_or_default()
}

/// What a mount calls the image whose files it has; none for a mount of another kind.
pub(crate) fn mounted_image(mount: &Value) -> Option<String> {
    text(mount, "/Source").filter(|_| mount.get("Type").and_then(Value::as_str) == Some("image"))
}

/// The images whose files a container that was inspected mounts, as it calls them.
pub(crate) fn mounted_images(inspect: &Value) -> Vec<String> {
    let mounts = inspect.pointer("/HostConfig/Mounts").and_then(Value::as_array);
    mounts.into_iter().flatten().filter_map(mounted_image).collect()
}

/// The whole number at a JSON pointer; 0 where there is none.
pub(crate) fn number(value: &Value, pointer: &str) -> i64 {
    value.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}
