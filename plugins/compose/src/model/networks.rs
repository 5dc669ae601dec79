//! `networks`: of the application, and what a service is attached to.

use std::collections::BTreeMap;

use super::{Context, keys};
use crate::Position;
use crate::read::Fields;
use crate::yaml::{Mapping, Node};

/// A network of the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// The name in the engine where the file gives one; otherwise it is made of the project's name and the key.
    pub name: Option<String>,
    /// Whether somebody else makes and keeps it.
    pub external: bool,
    /// The driver; none for the engine's default.
    pub driver: Option<String>,
    /// Options of the driver.
    pub driver_opts: BTreeMap<String, String>,
    /// Whether it reaches nothing outside.
    pub internal: bool,
    /// Whether it has IPv6 addresses.
    pub enable_ipv6: Option<bool>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Where it was written; none for the default network that nobody wrote.
    pub position: Option<Position>,
}

impl Network {
    /// The network that services without `networks` share.
    #[must_use]
    pub(crate) fn undeclared() -> Self {
        Self {
            name: None,
            external: false,
            driver: None,
            driver_opts: BTreeMap::new(),
            internal: false,
            enable_ipv6: None,
            labels: BTreeMap::new(),
            position: None,
        }
    }
}

/// How a service is attached to a network.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attachment {
    /// Further names of the service there.
    pub aliases: Vec<String>,
    /// Where it was written; none for the default network.
    pub position: Option<Position>,
}

pub(super) fn declared(context: &Context<'_>, mapping: &Mapping) -> BTreeMap<String, Network> {
    let mut networks = BTreeMap::new();
    for entry in &mapping.entries {
        let path = format!("networks.{}", entry.key);
        let mut network = Network { position: Some(entry.position.clone()), ..Network::undeclared() };
        if let Some(mapping) = context.report.mapping(&entry.value, &path) {
            let mut fields = Fields::new(context.report, mapping, path);
            network.name = fields.text("name");
            (network.external, network.name) = external(&mut fields, network.name);
            network.driver = fields.text("driver");
            network.driver_opts =
                fields.with("driver_opts", |report, node, path| report.text_pairs(node, path)).unwrap_or_default();
            network.internal = fields.boolean("internal").unwrap_or(false);
            network.enable_ipv6 = fields.boolean("enable_ipv6");
            network.labels =
                fields.with("labels", |report, node, path| report.text_pairs(node, path)).unwrap_or_default();
            fields.finish(&keys::NETWORK);
        }
        if network.external && network.name.is_none() {
            network.name = Some(entry.key.clone());
        }
        networks.insert(entry.key.clone(), network);
    }
    networks
}

/// `external: true`, or the old form `external: {name: …}`.
pub(super) fn external(fields: &mut Fields<'_>, name: Option<String>) -> (bool, Option<String>) {
    let old = fields.with("external", |report, node, path| match node.as_mapping() {
        Some(mapping) => {
            let mut inner = Fields::new(report, mapping, path.to_string());
            let name = inner.text("name");
            inner.finish(&[]);
            (true, name)
        }
        None => (report.boolean(node, path).unwrap_or(false), None),
    });
    match old {
        Some((external, old_name)) => (external, name.or(old_name)),
        None => (false, name),
    }
}

/// The networks of a service; `default` when it names none.
pub(super) fn attached(context: &Context<'_>, node: Option<&Node>, path: &str) -> BTreeMap<String, Attachment> {
    let mut attached = BTreeMap::new();
    if let Some(mapping) = node.and_then(|node| context.report.mapping(node, &path)) {
        for entry in &mapping.entries {
            let path = format!("{path}.{}", entry.key);
            let mut attachment = Attachment { aliases: Vec::new(), position: Some(entry.position.clone()) };
            if let Some(mapping) = context.report.mapping(&entry.value, &path) {
                let mut fields = Fields::new(context.report, mapping, path);
                attachment.aliases = fields.texts("aliases");
                fields.finish(&keys::ATTACHMENT);
            }
            attached.insert(entry.key.clone(), attachment);
        }
    }
    if attached.is_empty() {
        attached.insert("default".to_owned(), Attachment::default());
    }
    attached
}
