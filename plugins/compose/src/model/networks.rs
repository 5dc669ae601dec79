//! `networks` of the application.

use std::collections::BTreeMap;

use super::Context;
use crate::read::Fields;
use crate::yaml::Mapping;
use crate::{Position, Problem};

/// A network of the application.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Network {
    /// The name in the engine where the file gives one; otherwise it is made of the project's name and the key.
    pub name: Option<String>,
    /// Whether it is made and kept outside of the application.
    pub external: bool,
    /// The driver; none for the engine's default.
    pub driver: Option<String>,
    /// Options of the driver.
    pub driver_opts: BTreeMap<String, String>,
    /// How addresses are given.
    pub ipam: Ipam,
    /// Whether it reaches nothing outside.
    pub internal: bool,
    /// Whether containers that are not part of a service may be attached; of swarm clusters.
    pub attachable: bool,
    /// Whether it has IPv4 addresses. Saying no needs an engine of API 1.48.
    pub enable_ipv4: Option<bool>,
    /// Whether it has IPv6 addresses.
    pub enable_ipv6: Option<bool>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Where it was written; none for the default network when no file writes it.
    pub position: Option<Position>,
}

/// How a network gives addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ipam {
    /// The driver; none for the engine's default.
    pub driver: Option<String>,
    /// Ranges of addresses.
    pub pools: Vec<Pool>,
}

/// A range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pool {
    /// All of it: `10.1.0.0/16`.
    pub subnet: Option<String>,
    /// The part that containers are given.
    pub ip_range: Option<String>,
    /// The address of the host.
    pub gateway: Option<String>,
    /// Addresses that are taken by others, by name.
    pub aux_addresses: BTreeMap<String, String>,
}

pub(super) fn declared(context: &Context<'_>, mapping: &Mapping) -> BTreeMap<String, Network> {
    let mut networks = BTreeMap::new();
    for entry in &mapping.entries {
        let path = format!("networks.{}", entry.key);
        let mut network = Network { position: Some(entry.position.clone()), ..Network::default() };
        if !entry.value.is_null()
            && let Some(mapping) = context.report.mapping(&entry.value, &path)
        {
            let mut fields = Fields::new(context.report, mapping, path.clone());
            let name = fields.with("name", |report, node, path| report.name(node, path)).flatten();
            (network.external, network.name) = external(&mut fields, name);
            named(&fields, network.name.as_ref(), &entry.position);
            network.driver = fields.text("driver");
            network.driver_opts = fields.options("driver_opts", false);
            network.ipam = fields.inner("ipam", ipam).unwrap_or_default();
            network.internal = fields.boolean("internal").unwrap_or(false);
            network.attachable = fields.boolean("attachable").unwrap_or(false);
            network.enable_ipv4 = fields.boolean("enable_ipv4");
            network.enable_ipv6 = fields.boolean("enable_ipv6");
            network.labels = fields.pairs("labels");
            fields.finish(&[]);
        }
        if network.external && network.name.is_none() {
            network.name = Some(entry.key.clone());
        }
        networks.insert(entry.key.clone(), network);
    }
    networks
}

fn ipam(fields: &mut Fields<'_>) -> Ipam {
    // Docker Compose reads them and does not pass them on to the engine.
    if !fields.texts("options").is_empty() {
        fields.report().warn(format!("`{}` has no effect, as with Docker Compose", fields.path("options")));
    }
    Ipam {
        driver: fields.text("driver"),
        pools: fields.each("config", |fields, _| {
            Some(Pool {
                subnet: fields.text("subnet"),
                ip_range: fields.text("ip_range"),
                gateway: fields.text("gateway"),
                aux_addresses: fields.texts("aux_addresses"),
            })
        }),
    }
}

/// `external: true`, or the old form `external: {name: …}`, whose name may not be another than that beside it.
pub(super) fn external(fields: &mut Fields<'_>, name: Option<String>) -> (bool, Option<String>) {
    let old = fields.with("external", |report, node, path| match node.as_mapping() {
        Some(mapping) => {
            let mut inner = Fields::new(report, mapping, path.to_string());
            let own = inner.string("name");
            inner.finish(&[]);
            if let (Some(name), Some(own)) = (&name, &own)
                && name != own
            {
                report.problem(
                    Problem::at(
                        &node.position,
                        format!("`{path}.name` is `{own}`, but the `name` beside it is `{name}`"),
                    )
                    .hint("write the right one as `name`, and `external: true`"),
                );
            }
            (true, own)
        }
        None => (report.boolean(node, path).unwrap_or(false), None),
    });
    match old {
        Some((external, old_name)) => (external, name.or(old_name)),
        None => (false, name),
    }
}

/// Refuses an empty name of the old form: the engine has nothing that is called so.
pub(super) fn named(fields: &Fields<'_>, name: Option<&String>, position: &Position) {
    if name.is_some_and(String::is_empty) {
        fields.report().at(position, format!("`{}.name` must not be empty", fields.path("external")));
    }
}

/// An external network or volume has the properties with which it was created. Docker Compose refuses other properties
/// for volumes; for networks it accepts them, and they have no effect.
pub(super) fn external_says_nothing_else(context: &Context<'_>, external: bool, mapping: &Mapping, path: &str) {
    let other = mapping
        .entries
        .iter()
        .find(|entry| !matches!(entry.key.as_str(), "external" | "name") && !entry.key.starts_with("x-"));
    if let Some(other) = other.filter(|_| external) {
        let message = format!("`{path}` is external, so `{}` cannot be set here", other.key);
        context.report.at(&other.position, message);
    }
}
