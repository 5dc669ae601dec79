//! The whole: services, networks, volumes, secrets and configs, and what they say about each other.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::references::{check_dependencies, check_references, drop_unused};
use super::{Context, FileObject, FileSource, Network, Service, Volume, files, keys, networks, service, volumes};
use crate::Problem;
use crate::read::{Fields, json};
use crate::yaml::{Mapping, Node};

/// What a set of Compose files describes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// `name`, where a file gives one.
    pub name: Option<String>,
    /// Services of the active profiles, by key.
    pub services: BTreeMap<String, Service>,
    /// Services of other profiles, each with its own.
    pub inactive: BTreeMap<String, Vec<String>>,
    /// Networks that a service uses, by key; `default` is there when one does not name any.
    pub networks: BTreeMap<String, Network>,
    /// Volumes that a service uses, by key.
    pub volumes: BTreeMap<String, Volume>,
    /// Secrets that a service uses, by key.
    pub secrets: BTreeMap<String, FileObject>,
    /// Configs that a service uses, by key.
    pub configs: BTreeMap<String, FileObject>,
    /// The writer's own fields at the top, by their name: `x-…`.
    pub extensions: BTreeMap<String, Json>,
}

/// Reads the merged tree. `profiles` are the active ones; `*` means all.
pub(crate) fn read(context: &Context<'_>, root: &Node, profiles: &[String]) -> Option<Application> {
    let mapping = context.report.mapping(root, &"the file")?;
    let mut fields = Fields::new(context.report, mapping, String::new());
    let name = fields.string("name");
    // Of the formats before the specification; says nothing any more.
    fields.take("version");
    let group = |fields: &mut Fields<'_>, key: &'static str| -> Mapping {
        fields.with(key, |report, node, path| report.mapping(node, path).cloned()).flatten().unwrap_or_default()
    };
    let mut application = Application {
        name,
        services: BTreeMap::new(),
        inactive: BTreeMap::new(),
        networks: networks::declared(context, &group(&mut fields, "networks")),
        volumes: volumes::declared(context, &group(&mut fields, "volumes")),
        secrets: files::declared(context, &group(&mut fields, "secrets"), "secrets"),
        configs: files::declared(context, &group(&mut fields, "configs"), "configs"),
        extensions: mapping
            .entries
            .iter()
            .filter(|entry| entry.key.starts_with("x-"))
            .map(|entry| (entry.key.clone(), json(&entry.value)))
            .collect(),
    };
    let services = group(&mut fields, "services");
    let most = context.limits.services;
    if services.entries.len() > most {
        context.problem(Problem::at(&root.position, format!("more than {most} services")));
        return None;
    }
    for entry in &services.entries {
        if !service::is_active(entry, profiles) {
            context.report.shapes_only(|| service::read(context, entry));
            application.inactive.insert(entry.key.clone(), service::profiles(entry));
        } else if let Some(service) = service::read(context, entry) {
            application.services.insert(service.name.clone(), service);
        }
    }
    fields.finish(&keys::TOP);
    // Where all are behind profiles, there is something to deploy at another time.
    if application.services.is_empty() && application.inactive.is_empty() {
        context.problem(Problem::at(&root.position, "no service is defined"));
    }
    application.networks.entry("default".to_owned()).or_default();
    check_references(context, &application);
    check_dependencies(context, &application);
    drop_unused(&mut application);
    for (group, objects) in [("secrets", &application.secrets), ("configs", &application.configs)] {
        for (key, object) in objects {
            if let FileSource::Environment { variable, value: None } = &object.source {
                context.report.warn(format!(
                    "`{group}.{key}` is the variable `{variable}`, which is not set: what uses it cannot be deployed"
                ));
            }
        }
    }
    Some(application)
}
