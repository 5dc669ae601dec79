//! Volumes without a name that a container takes over of another one: how they come into a body.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// Puts volumes into a body, each at its path, where the body or the image has a volume without a name. Without an
/// image all of them are put there.
pub(crate) fn carry(body: &mut Value, volumes: &BTreeMap<String, String>, image: Option<&Value>) {
    if volumes.is_empty() {
        return;
    }
    let of_image = image.map(declared);
    let Some(host) = body.get_mut("HostConfig").and_then(Value::as_object_mut) else { return };
    let mounts = host.entry("Mounts").or_insert_with(|| json!([]));
    if mounts.is_null() {
        *mounts = json!([]);
    }
    let Some(mounts) = mounts.as_array_mut() else { return };
    for (target, volume) in volumes {
        let at =
            |mount: &&mut Value| mount.get("Target").and_then(Value::as_str).is_some_and(|it| cleaned(it) == *target);
        match mounts.iter_mut().find(at).and_then(Value::as_object_mut) {
            Some(mount) => name(mount, volume),
            None if of_image.as_ref().is_none_or(|declared| declared.contains(target)) => {
                mounts.push(json!({ "Type": "volume", "Target": target, "Source": volume }));
            }
            None => {}
        }
    }
}

/// Names the volume of a mount that has none.
fn name(mount: &mut Map<String, Value>, volume: &str) {
    let is_unnamed = mount.get("Source").and_then(Value::as_str).is_none_or(str::is_empty);
    if is_unnamed && mount.get("Type").and_then(Value::as_str) == Some("volume") {
        mount.insert("Source".to_owned(), json!(volume));
        // They are for a volume that the engine makes, and this one is there.
        if let Some(options) = mount.get_mut("VolumeOptions").and_then(Value::as_object_mut) {
            options.remove("Labels");
        }
    }
}

/// Where an image asks for volumes.
pub(crate) fn declared(config: &Value) -> BTreeSet<String> {
    let volumes = config.get("Volumes").and_then(Value::as_object);
    volumes.into_iter().flatten().map(|(target, _)| cleaned(target)).collect()
}

/// A path in a container as the engine tells it: without a slash at its end, and without doubled ones.
pub(crate) fn cleaned(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_are_named_where_the_files_or_the_image_ask_for_them() {
        let volumes = BTreeMap::from([
            ("/data".to_owned(), "a".to_owned()),
            ("/image".to_owned(), "b".to_owned()),
            ("/gone".to_owned(), "c".to_owned()),
            ("/named".to_owned(), "d".to_owned()),
        ]);
        let body = json!({ "HostConfig": { "Mounts": [
            { "Type": "volume", "Target": "/data/", "ReadOnly": true, "VolumeOptions": { "NoCopy": true, "Labels": {} } },
            { "Type": "volume", "Target": "/named", "Source": "n" },
        ] } });
        let mut carried = body.clone();
        carry(&mut carried, &volumes, Some(&json!({ "Volumes": { "/image/": {} } })));
        assert_eq!(
            carried["HostConfig"]["Mounts"],
            json!([
                { "Type": "volume", "Target": "/data/", "ReadOnly": true, "Source": "a", "VolumeOptions": { "NoCopy": true } },
                { "Type": "volume", "Target": "/named", "Source": "n" },
                { "Type": "volume", "Target": "/image", "Source": "b" },
            ])
        );
        // Where the image is not known yet, all that could be mounted is judged.
        let mut judged = json!({ "HostConfig": {} });
        carry(&mut judged, &volumes, None);
        assert_eq!(judged["HostConfig"]["Mounts"].as_array().unwrap().len(), 4);
        let mut untouched = body.clone();
        carry(&mut untouched, &BTreeMap::new(), None);
        assert_eq!(untouched, body);
    }
}
