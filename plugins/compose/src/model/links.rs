//! `links`, `external_links` and `volumes_from`: what a container takes from others.

use super::Context;
use crate::Position;
use crate::yaml::{Node, Value};

/// Another name for a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The service.
    pub service: String,
    /// The other name, where one is given.
    pub alias: Option<String>,
    /// Where it was written.
    pub position: Position,
}

/// Mounts that are taken from another container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumesFrom {
    /// From whom.
    pub source: VolumesSource,
    /// `ro` or `rw`, where it is given.
    pub mode: Option<String>,
    /// Where it was written.
    pub position: Position,
}

/// Whose mounts are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VolumesSource {
    /// A service of this application.
    Service(String),
    /// Another container, by its name or id.
    Container(String),
}

/// `service` or `service:alias`.
pub(super) fn links(context: &Context<'_>, node: &Node, path: &str) -> Vec<Link> {
    let read = |item: &Node| {
        let (service, alias) = context.report.parsed_string(item, &path, |text| match text.split_once(':') {
            Some((service, alias)) if !service.is_empty() && !alias.is_empty() && !alias.contains(':') => {
                Ok((service.to_owned(), Some(alias.to_owned())))
            }
            None if !text.is_empty() => Ok((text.to_owned(), None)),
            _ => Err(format!("`{text}` is not `service` or `service:alias`")),
        })?;
        Some(Link { service, alias, position: item.position.clone() })
    };
    context.report.items(node, &path).iter().filter_map(read).collect()
}

/// `service[:ro|rw]` or `container:name[:ro|rw]`.
pub(super) fn volumes_from(context: &Context<'_>, node: &Node, path: &str) -> Vec<VolumesFrom> {
    if let Value::Sequence(items) = &node.value {
        context.report.unique(node, &path, items.iter().filter_map(Node::as_text).collect());
    }
    let read = |item: &Node| {
        let (source, mode) = context.report.parsed_string(item, &path, |text| {
            let parts: Vec<&str> = text.split(':').collect();
            let (source, mode) = match parts.as_slice() {
                ["container", name] => (VolumesSource::Container((*name).to_owned()), None),
                ["container", name, mode] => (VolumesSource::Container((*name).to_owned()), Some(*mode)),
                [name] if !name.is_empty() => (VolumesSource::Service((*name).to_owned()), None),
                [name, mode] if !name.is_empty() => (VolumesSource::Service((*name).to_owned()), Some(*mode)),
                _ => return Err(format!("`{text}` is not `service:mode` or `container:name:mode`")),
            };
            if mode.is_some_and(|mode| !matches!(mode, "ro" | "rw")) {
                return Err(format!("`{text}` must end in `ro` or `rw`"));
            }
            Ok((source, mode.map(str::to_owned)))
        })?;
        Some(VolumesFrom { source, mode, position: item.position.clone() })
    };
    context.report.items(node, &path).iter().filter_map(read).collect()
}
