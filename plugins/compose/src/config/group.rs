//! Groups by key; secrets and configs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Place, Shown};
use crate::{FileObject, FileReference, FileSource};

/// Every element of a group.
pub(super) fn all<T>(elements: &BTreeMap<String, T>, show: impl Fn(&str, &T) -> Value) -> Value {
    elements.iter().map(|(key, element)| (key.clone(), show(key, element))).collect()
}

/// A secret or a config of the application.
pub(super) fn file(place: &Place<'_>, key: &str, object: &FileObject) -> Value {
    let mut shown = Shown::default();
    match &object.source {
        FileSource::File(path) => shown.put("file", Some(place.path(path))),
        FileSource::Environment { variable, .. } => shown.put("environment", Some(json!(variable))),
        FileSource::Content(text) => shown.put("content", Some(json!(text))),
        FileSource::External => shown.put("external", Some(json!(true))),
    }
    let is_external = object.source == FileSource::External;
    let name = if is_external { object.name.clone().unwrap_or_else(|| key.to_owned()).into() } else { None };
    // An empty one is not shown, as with Docker Compose. It names nothing: an engine has no such objects.
    shown.some("name", place.name(name.as_ref().or(object.name.as_ref()), key));
    shown.some("labels", json!(object.labels));
    shown.value()
}

/// A secret or a config of a service. Secrets have a target in any case.
pub(crate) fn reference(reference: &FileReference, is_secret: bool) -> Value {
    let mut shown = Shown::default();
    shown.put("source", Some(json!(reference.source)));
    let default = is_secret.then(|| reference.target.clone());
    let target = reference.written.clone().or(default).filter(|target| !target.is_empty());
    shown.put("target", target.map(Value::String));
    shown.put("uid", reference.uid.clone().map(Value::String));
    shown.put("gid", reference.gid.clone().map(Value::String));
    shown.put("mode", reference.mode.map(|mode| json!(mode)));
    shown.value()
}
