//! What a container mounts, in the words of Compose files.

use std::collections::BTreeMap;

use serde_json::Value;

use super::view::View;
use crate::desired::RECURSION;
use crate::state::Image;
use crate::{json as look, state};

/// What follows a source that may only be read.
const READ_ONLY: &str = ":ro";

/// Both forms of the engine, as `source:target:options`.
pub(super) fn mounts(host: &Value, view: &mut View) {
    for bind in look::texts(host, "/Binds") {
        let mut parts = bind.splitn(3, ':');
        let (source, target) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let read_only = parts.next().is_some_and(|options| options.split(',').any(|option| option == "ro"));
        view.insert(format!("volumes.{target}"), mount(source, read_only));
    }
    for item in host.get("Mounts").and_then(Value::as_array).into_iter().flatten() {
        let target = look::text(item, "/Target").unwrap_or_default();
        let kind = look::text(item, "/Type").unwrap_or_default();
        let source = look::text(item, "/Source").unwrap_or(if kind == "tmpfs" { "tmpfs" } else { "" }.to_owned());
        // Such a volume is handed on to the next container by that name.
        let source = if kind == "volume" && state::is_made_up(&source) { "" } else { &source };
        let read_only = item.get("ReadOnly").and_then(Value::as_bool) == Some(true);
        view.insert(format!("volumes.{target}"), mount(source, read_only));
        for pointer in ["/VolumeOptions/Subpath", "/ImageOptions/Subpath"] {
            if let Some(subpath) = look::text(item, pointer) {
                view.insert(format!("volumes.{target}.subpath"), subpath);
            }
        }
        let said = |key: &str| item.pointer("/BindOptions").and_then(|options| options.get(key)?.as_bool());
        for (key, word) in RECURSION {
            if said(key) == Some(true) {
                view.insert(format!("volumes.{target}.recursive"), (*word).to_owned());
            }
        }
    }
}

/// Names an image that a container mounts as the release does, where it is the same: the host names it by its id, and
/// Docker Compose as the file does, which counts as what the name means now.
pub(super) fn images_by_reference(
    now: &mut View,
    inspect: &Value,
    then: &View,
    images: &BTreeMap<String, Option<Image>>,
) {
    let id = |reference: &str| match images.get(reference).and_then(Option::as_ref) {
        Some(image) => Some(image.id.clone()),
        None => reference.starts_with("sha256:").then(|| reference.to_owned()),
    };
    for item in inspect.pointer("/HostConfig/Mounts").and_then(Value::as_array).into_iter().flatten() {
        let (Some(source), Some(target)) = (look::mounted_image(item), look::text(item, "/Target")) else { continue };
        let field = format!("volumes.{target}");
        let (Some(mounted), Some(wanted)) = (now.get(&field), then.get(&field)) else { continue };
        let reference = wanted.strip_suffix(READ_ONLY).unwrap_or(wanted);
        if id(&source).is_some() && id(&source) == id(reference) {
            let read_only = mounted.ends_with(READ_ONLY);
            now.insert(field, mount(reference, read_only));
        }
    }
}

/// Takes out volumes that only the image asks for, where they were handed on by name.
pub(super) fn without_those_of_the_image(now: &mut View, then: &View, image: &Value) {
    let Some(declared) = image.get("Volumes").and_then(Value::as_object) else { return };
    now.retain(|field, source| {
        let target = field.strip_prefix("volumes.").unwrap_or_default();
        !source.is_empty() || then.contains_key(field) || !declared.contains_key(target)
    });
}

fn mount(source: &str, read_only: bool) -> String {
    format!("{}{}", source_of_release(source), if read_only { READ_ONLY } else { "" })
}

/// Names the release's own files alike, whether the host has put its path there or not.
fn source_of_release(source: &str) -> String {
    if let Some(rest) = source.strip_prefix(crate::desired::BUNDLE) {
        return format!("release:{}", rest.trim_start_matches('/'));
    }
    if source.starts_with(crate::desired::CONTENT) {
        return "release:content".to_owned();
    }
    if let Some((_, rest)) = source.split_once("/bundles/sha256/") {
        return format!("release:{}", rest.split_once('/').map_or("", |(_, path)| path));
    }
    if source.contains("/secrets/") {
        return "release:content".to_owned();
    }
    source.to_owned()
}
