//! What the parts of an application say about each other: references, dependencies, and what nobody uses.

use std::collections::{BTreeMap, BTreeSet};

use super::{Application, Context, MountKind, Service};
use crate::Position;

pub(super) fn check_references(context: &Context<'_>, application: &Application) {
    let undefined = |position: &Position, service: &str, group: &str, key: &str| {
        context.report.at(position, format!("`services.{service}` uses `{group}.{key}`, which no file defines"));
    };
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for service in application.services.values() {
        for (key, attachment) in &service.networks {
            if !application.networks.contains_key(key) {
                undefined(attachment.position.as_ref().unwrap_or(&service.position), &service.name, "networks", key);
            }
        }
        for mount in &service.mounts {
            if let MountKind::Volume { name: Some(key), .. } = &mount.kind
                && !application.volumes.contains_key(key)
            {
                undefined(&mount.position, &service.name, "volumes", key);
            }
        }
        for (group, references, known) in
            [("secrets", &service.secrets, &application.secrets), ("configs", &service.configs, &application.configs)]
        {
            for reference in references.iter().filter(|reference| !known.contains_key(&reference.source)) {
                undefined(&reference.position, &service.name, group, &reference.source);
            }
        }
        if let Some(name) = &service.container_name
            && let Some(other) = names.insert(name, &service.name)
        {
            context.report.at(
                &service.position,
                format!("`services.{}` and `services.{other}` have the same container_name `{name}`", service.name),
            );
        }
    }
}

/// Dependencies that do not exist and cycles are refused. Optional ones of inactive profiles stay, and say nothing.
pub(super) fn check_dependencies(context: &Context<'_>, application: &Application, inactive: &BTreeSet<String>) {
    let known: BTreeSet<String> = application.services.keys().cloned().collect();
    for service in application.services.values() {
        let missing = service
            .depends_on
            .iter()
            .filter(|(name, dependency)| !known.contains(*name) && (dependency.required || !inactive.contains(*name)));
        for (name, dependency) in missing {
            context.report.at(
                &dependency.position,
                format!(
                    "`services.{}` depends on `{name}`, which is not a service of the active profiles",
                    service.name
                ),
            );
        }
    }
    if let Some(cycle) = cycle(&application.services)
        && let Some(service) = cycle.first().and_then(|name| application.services.get(name))
    {
        let position = cycle.get(1).and_then(|next| service.depends_on.get(next)).map(|next| &next.position);
        context.report.at(
            position.unwrap_or(&service.position),
            format!("services depend on each other in a circle: {}", cycle.join(" → ")),
        );
    }
}

/// The names on a circle, the first one repeated at the end.
fn cycle(services: &BTreeMap<String, Service>) -> Option<Vec<String>> {
    let mut remaining: BTreeMap<&str, BTreeSet<&str>> = services
        .iter()
        .map(|(name, service)| {
            let needs = service.depends_on.keys().filter(|need| services.contains_key(*need));
            (name.as_str(), needs.map(String::as_str).collect())
        })
        .collect();
    loop {
        let free: Vec<&str> = remaining.iter().filter(|(_, needs)| needs.is_empty()).map(|(name, _)| *name).collect();
        if free.is_empty() {
            break;
        }
        for name in &free {
            remaining.remove(name);
        }
        for needs in remaining.values_mut() {
            needs.retain(|need| !free.contains(need));
        }
    }
    let mut path: Vec<&str> = vec![remaining.keys().next()?];
    loop {
        let next = remaining.get(path.last()?)?.iter().next()?;
        if let Some(start) = path.iter().position(|name| name == next) {
            path.push(next);
            return Some(path.split_off(start).into_iter().map(str::to_owned).collect());
        }
        path.push(next);
    }
}

/// Docker Compose makes only what an active service uses.
pub(super) fn drop_unused(application: &mut Application) {
    let services = &application.services;
    application.networks.retain(|key, _| services.values().any(|service| service.networks.contains_key(key)));
    application.volumes.retain(|key, _| {
        services
            .values()
            .flat_map(|service| &service.mounts)
            .any(|mount| matches!(&mount.kind, MountKind::Volume { name: Some(name), .. } if name == key))
    });
    application
        .secrets
        .retain(|key, _| services.values().flat_map(|service| &service.secrets).any(|used| used.source == *key));
    application
        .configs
        .retain(|key, _| services.values().flat_map(|service| &service.configs).any(|used| used.source == *key));
}
