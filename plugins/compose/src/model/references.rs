//! What the parts of an application say about each other: references, dependencies, and parts that no service uses.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{Application, Context, MountKind, Service, build};
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
        for key in build::secrets(service).filter(|key| !application.secrets.contains_key(*key)) {
            undefined(&service.position, &format!("{}.build", service.name), "secrets", key);
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
pub(super) fn check_dependencies(context: &Context<'_>, application: &Application) {
    let inactive = &application.inactive;
    let known: BTreeSet<String> = application.services.keys().cloned().collect();
    for service in application.services.values() {
        let missing = service.depends_on.iter().filter(|(name, dependency)| {
            !known.contains(*name) && (dependency.required || !inactive.contains_key(*name))
        });
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
    // What needs nothing is free; what needs only what is free is free too. What remains goes round.
    let needs = |service: &Service| service.depends_on.keys().filter(|need| services.contains_key(*need)).count();
    let mut open: BTreeMap<&str, usize> =
        services.iter().map(|(name, service)| (name.as_str(), needs(service))).collect();
    let mut needed_by: HashMap<&str, Vec<&str>> = HashMap::new();
    for (name, service) in services {
        for need in service.depends_on.keys() {
            needed_by.entry(need.as_str()).or_default().push(name);
        }
    }
    let mut free: Vec<&str> = open.iter().filter(|(_, needs)| **needs == 0).map(|(name, _)| *name).collect();
    while let Some(name) = free.pop() {
        open.remove(name);
        for other in needed_by.get(name).into_iter().flatten() {
            if let Some(needs) = open.get_mut(other) {
                *needs -= 1;
                if *needs == 0 {
                    free.push(other);
                }
            }
        }
    }
    let mut path: Vec<&str> = vec![open.keys().next()?];
    let mut places: HashMap<&str, usize> = HashMap::new();
    loop {
        let last = *path.last()?;
        places.insert(last, path.len() - 1);
        let next = services.get(last)?.depends_on.keys().find(|need| open.contains_key(need.as_str()))?.as_str();
        path.push(next);
        if let Some(start) = places.get(next) {
            return Some(path.split_off(*start).into_iter().map(str::to_owned).collect());
        }
    }
}

/// Docker Compose makes only what an active service uses.
pub(super) fn drop_unused(application: &mut Application) {
    let (mut networks, mut volumes, mut secrets, mut configs) =
        (HashSet::new(), HashSet::new(), HashSet::new(), HashSet::new());
    for service in application.services.values() {
        networks.extend(service.networks.keys());
        volumes.extend(service.mounts.iter().filter_map(|mount| match &mount.kind {
            MountKind::Volume { name, .. } => name.as_ref(),
            _ => None,
        }));
        secrets.extend(service.secrets.iter().map(|reference| reference.source.as_str()));
        secrets.extend(build::secrets(service));
        configs.extend(service.configs.iter().map(|reference| &reference.source));
    }
    application.networks.retain(|key, _| networks.contains(key));
    application.volumes.retain(|key, _| volumes.contains(key));
    let secrets: HashSet<String> = secrets.into_iter().map(str::to_owned).collect();
    application.secrets.retain(|key, _| secrets.contains(key));
    application.configs.retain(|key, _| configs.contains(key));
}
