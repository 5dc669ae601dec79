//! `devices`, and requests for devices that a driver gives: `gpus` and `deploy.resources.reservations.devices`.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::{Context, labels};
use crate::Position;
use crate::read::{Fields, Report};
use crate::yaml::{Node, Value};

/// A device of the host in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The path on the host, or the name of a CDI device: `vendor.com/class=name`.
    pub source: String,
    /// The path in the container.
    pub target: String,
    /// `r`, `w` and `m` for reading, writing and making nodes. The long form has none where it gives none.
    pub permissions: String,
    /// Where it was written.
    pub position: Position,
}

/// Devices that a driver of the engine chooses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceRequest {
    /// What they must be able to do: `gpu`. All of these.
    pub capabilities: Vec<String>,
    /// How many; -1 for all. None where they are named.
    pub count: Option<i64>,
    /// Which ones.
    pub ids: Vec<String>,
    /// The driver; none for the engine's choice.
    pub driver: Option<String>,
    /// Options of the driver.
    pub options: BTreeMap<String, String>,
}

pub(super) fn read(context: &Context<'_>, node: &Node, path: &str) -> Vec<Device> {
    let mut devices = Vec::new();
    for item in context.report.items(node, &path) {
        let device = if let Value::Mapping(mapping) = &item.value {
            let mut fields = Fields::new(context.report, mapping, path.to_owned());
            let path = |report: &Report, node: &Node, path: &dyn Display| report.name(node, path);
            let source = fields.with("source", |report, node, key| path(report, node, key)).flatten();
            let target = fields.with("target", |report, node, key| path(report, node, key)).flatten();
            let permissions = fields.parsed_string("permissions", permissions);
            for (key, value) in [("source", &source), ("target", &target)] {
                if value.is_none() && mapping.get(key).is_none() {
                    fields.require(&item.position, key);
                }
            }
            fields.finish(&[]);
            source.zip(target).map(|(source, target)| (source, target, permissions.unwrap_or_default()))
        } else {
            context.report.parsed_string(item, &path, short)
        };
        devices.extend(device.map(|(source, target, permissions)| Device {
            source,
            target,
            permissions,
            position: item.position.clone(),
        }));
    }
    devices
}

type Parts = (String, String, String);

/// `source[:target[:permissions]]`.
fn short(text: &str) -> Result<Parts, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, rights) = match parts.as_slice() {
        [source] => (*source, *source, "rwm".to_owned()),
        [source, target] => (*source, *target, "rwm".to_owned()),
        [source, target, rights] => (*source, *target, permissions(rights)?),
        _ => return Err(format!("`{text}` is not `source:target:permissions`")),
    };
    if source.is_empty() || target.is_empty() {
        return Err(format!("`{text}` has an empty part"));
    }
    Ok((source.to_owned(), target.to_owned(), rights))
}

/// Letters; an empty text, of a variable that is not set, goes to the engine as it is.
fn permissions(text: &str) -> Result<String, String> {
    let known = text.chars().all(|letter| "rwm".contains(letter));
    if known { Ok(text.to_owned()) } else { Err(format!("`{text}` is not made of `r`, `w` and `m`")) }
}

/// `gpus`: `all`, or requests without the capability `gpu`, which they have anyway.
pub(super) fn gpus(context: &Context<'_>, node: &Node, path: &str) -> Vec<DeviceRequest> {
    if let Value::Scalar(_) = &node.value {
        let all = context.report.parsed_string(node, &path, |text| match text {
            "all" => Ok(DeviceRequest { count: Some(-1), ..DeviceRequest::default() }),
            _ => Err(format!("`{text}` is not `all` or a list")),
        });
        return all.into_iter().collect();
    }
    requests(context, node, path)
}

/// `deploy.resources.reservations.devices`.
pub(super) fn reserved(context: &Context<'_>, node: &Node, path: &str) -> Vec<DeviceRequest> {
    for item in context.report.items(node, &path) {
        if item.as_mapping().is_some_and(|mapping| mapping.get("capabilities").is_none()) {
            context.report.at(&item.position, format!("`{path}.capabilities` is missing"));
        }
    }
    requests(context, node, path)
}

fn requests(context: &Context<'_>, node: &Node, path: &str) -> Vec<DeviceRequest> {
    let mut requests = Vec::new();
    for item in context.report.items(node, &path) {
        let Some(mapping) = context.report.mapping(item, &path) else { continue };
        let mut fields = Fields::new(context.report, mapping, path.to_owned());
        let mut request = DeviceRequest {
            capabilities: fields.strings("capabilities"),
            count: fields.parsed("count", count),
            ids: fields.strings("device_ids"),
            driver: fields.text("driver"),
            options: fields
                .with("options", |report, node, path| labels::listed(report, node, path))
                .unwrap_or_default(),
        };
        fields.finish(&[]);
        if request.count.is_some() && !request.ids.is_empty() {
            context.report.at(&item.position, format!("`{path}` can have `count` or `device_ids`, not both"));
        }
        if request.count.is_none() && mapping.get("device_ids").is_none() {
            request.count = Some(-1);
        }
        requests.push(request);
    }
    requests
}

fn count(text: &str) -> Result<i64, String> {
    if text == "all" {
        return Ok(-1);
    }
    text.parse().map_err(|_| format!("`{text}` is not a number or `all`"))
}
