//! How a container differs from what should run, field by field, in the words of Compose files.
//!
//! Used for the diff of every replacement, and to decide whether a container that was started without Windlass, for
//! example by Docker Compose, is already what the release wants. Only what a Compose file can say is compared; what it
//! leaves to the image is compared with the image, what it leaves to the engine is not compared.

mod host;
mod image;
mod mounts;
mod process;
mod view;

use std::collections::BTreeMap;

use serde_json::Value;
use windlass_domain::Difference;

#[cfg(test)]
pub(crate) use process::each_port;

use crate::desired::{Content, DesiredService, NO_PROGRAM, PROGRAM};
use crate::state::{Container, Image};
use view::View;

/// The differences, sorted by field. `images` are those of this host, by the references by which they were asked for.
pub(crate) fn compare(
    desired: &DesiredService,
    container: &Container,
    images: &BTreeMap<String, Option<Image>>,
) -> Vec<Difference> {
    let Some(inspect) = &container.inspect else { return Vec::new() };
    let image = images.get(&desired.image.reference).and_then(Option::as_ref);
    let mut differences = Vec::new();
    if image.is_none_or(|image| image.id != container.image_id) {
        differences.push(Difference {
            field: "image".to_owned(),
            from: Some(container.image.clone()),
            to: Some(desired.image.reference.clone()),
        });
    }
    // With another image, fields that come from it are not the release's change.
    let inherited = image.map(|image| &image.config);
    let mut now = view::of_container(inspect, &container.id);
    let then = view::of_body(desired, inherited);
    view::hardware_addresses(inspect, &then, &mut now);
    mounts::images_by_reference(&mut now, inspect, &then, images);
    mounts::without_those_of_the_image(&mut now, &then, inherited.unwrap_or(&Value::Null));
    fields(&now, &then, inherited.is_some(), &mut differences);
    differences.sort_by(|left, right| left.field.cmp(&right.field));
    differences
}

fn fields(now: &View, then: &View, image_is_known: bool, differences: &mut Vec<Difference>) {
    // Which of the two an engine gives depends on the kernel.
    let cgroup_is_given = then.contains_key("cgroup");
    let logging_is_given = then.keys().any(|key| key.starts_with("logging."));
    for key in now.keys().chain(then.keys().filter(|key| !now.contains_key(*key))) {
        let (from, to) = (now.get(key), then.get(key));
        if from == to || (!image_is_known && to.is_none() && view::may_be_inherited(key)) {
            continue;
        }
        // The engine's default may be any driver.
        if key.starts_with("logging.") && !logging_is_given {
            continue;
        }
        if key == "cgroup" && !cgroup_is_given {
            continue;
        }
        differences.push(Difference { field: key.clone(), from: from.cloned(), to: to.cloned() });
    }
}

/// What changed in files of the release that both containers mount: their content, or who may execute them.
pub(crate) fn files(desired: &BTreeMap<String, Content>, label: Option<&String>) -> Vec<Difference> {
    let before = mounted(label);
    let mut differences = Vec::new();
    for (target, content) in desired {
        let Some(old) = before.get(target) else { continue };
        let new = content.short();
        let ((old, old_mode), (new, new_mode)) = (apart(old), apart(&new));
        if old != new {
            differences.push(Difference {
                field: format!("content of {target}"),
                from: Some(old.to_owned()),
                to: Some(new.to_owned()),
            });
        } else if let (Some(old), Some(new)) = (old_mode, new_mode)
            && old != new
        {
            differences.push(Difference {
                field: format!("mode of {target}"),
                from: Some(told(old).to_owned()),
                to: Some(told(new).to_owned()),
            });
        }
    }
    differences
}

/// Whether the label says who may execute the files: those of earlier versions did not.
pub(crate) fn tells_modes(label: Option<&String>) -> bool {
    mounted(label).values().any(|file| apart(file).1.is_some())
}

fn mounted(label: Option<&String>) -> BTreeMap<String, String> {
    label.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// The digest, and the mode where it is told.
fn apart(file: &str) -> (&str, Option<&str>) {
    file.split_once(' ').map_or((file, None), |(digest, mode)| (digest, Some(mode)))
}

/// A mode for people; that of a directory is a digest.
fn told(mode: &str) -> &str {
    match mode {
        PROGRAM => "executable",
        NO_PROGRAM => "not executable",
        digest => digest,
    }
}

/// What a difference says of a file that is not on the host any more.
const GONE: &str = "gone from this host";

/// The difference for a file that a container mounts and that is not on the host any more.
pub(crate) fn gone(target: &str) -> Difference {
    Difference { field: format!("content of {target}"), from: Some(GONE.to_owned()), to: None }
}

/// Whether a difference is about such a file.
pub(crate) fn is_gone(difference: &Difference) -> bool {
    difference.from.as_deref() == Some(GONE)
}

/// One line of JSON for a diff.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
