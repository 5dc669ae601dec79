//! What Compose files may say and this strategy does not do: refused by name, never ignored.

use std::collections::BTreeSet;
use std::path::Component;

use windlass_compose::{Application, Mode, ModeKind, MountKind, Path, Position, Problem, Service, VolumesSource};
use windlass_domain::reference::Reference;

use super::{Platform, mounts, networks};

/// The most containers of one service.
pub(super) const MOST_REPLICAS: u32 = 500;

/// What a service says.
pub(super) fn add(application: &Application, service: &Service, problems: &mut Vec<Problem>) {
    problems.append(&mut application.unsupported_by(service));
    let mut refuse = |position: &Position, key: &str, why: &str| {
        problems.push(Problem::at(position, format!("`services.{}.{key}` {why}", service.name)));
    };
    numbers(service, &mut refuse);
    sharing(application, service, &mut refuse);
    attached(service, &mut refuse);
    twice(service, &mut refuse);
    let shared = |mode: &&Mode| !matches!(&mode.kind, ModeKind::Word(word) if word == "bridge" || word == "default");
    if let Some(mode) = service.namespaces.network.as_ref().filter(shared)
        && service.mac_address.is_some()
    {
        refuse(
            &mode.position,
            "mac_address",
            &format!("needs a network of its own, and `network_mode` is `{}`", mode.kind),
        );
    }
    if let Some(platform) = &service.platform
        && Platform::read(platform).is_none()
    {
        refuse(&service.position, "platform", &format!("is `{platform}`, not `OS/ARCHITECTURE`, `linux/amd64` say"));
    }
}

type Refuse<'a> = dyn FnMut(&Position, &str, &str) + 'a;

fn numbers(service: &Service, refuse: &mut Refuse<'_>) {
    if service.replicas() > 1 {
        let key = if service.scale.is_some() { "scale" } else { "deploy.replicas" };
        let mut refuse = |why: &str| refuse(&service.position, key, &format!("is {}, {why}", service.replicas()));
        if service.replicas() > MOST_REPLICAS {
            refuse(&format!("but at most {MOST_REPLICAS} containers of a service are made"));
        }
        let ports = |(first, last): &(u16, u16)| u32::from(last - first) + 1;
        if let Some((first, last)) = super::replace::ranges(service).find(|range| ports(range) < service.replicas()) {
            refuse(&format!("but {first}-{last} are {} ports, and each container needs one", ports(&(first, last))));
        }
        if let Some(reason) = super::replace::alone(service) {
            refuse(&format!("but the service {reason}, which one container alone can have"));
        }
    }
}

/// What is shared must be there.
fn sharing(application: &Application, service: &Service, refuse: &mut Refuse<'_>) {
    let is_idle = |name: &str| application.services.get(name).is_some_and(|other| other.replicas() == 0);
    for (key, mode) in service.namespaces.given() {
        if let ModeKind::Service(name) = &mode.kind
            && is_idle(name)
        {
            refuse(&mode.position, key, &format!("is `{}`, which has no container", mode.kind));
        }
    }
    for from in &service.volumes_from {
        if let VolumesSource::Service(name) = &from.source
            && is_idle(name)
        {
            refuse(&from.position, "volumes_from", &format!("takes those of `{name}`, which has no container"));
        }
    }
}

/// An image that is mounted at two places: Docker 28 has one place for each image of a container.
fn twice(service: &Service, refuse: &mut Refuse<'_>) {
    let mut seen = BTreeSet::new();
    for mount in &service.mounts {
        if let MountKind::Image { source, .. } = &mount.kind
            && !seen.insert(repository(source))
        {
            let why = format!(
                "mounts `{source}` a second time, which is not supported yet: Docker 28 creates no such container; mount it \
                 once"
            );
            refuse(&mount.position, "volumes.image", &why);
        }
    }
}

/// The repository of an image: all of one are one artifact.
fn repository(image: &str) -> String {
    Reference::parse(image).map_or_else(|_| image.to_owned(), |reference| reference.repository())
}

/// Whether a path is not one inside of what is mounted.
fn leads_out(subpath: &str) -> bool {
    !std::path::Path::new(subpath).components().all(|part| matches!(part, Component::Normal(_)))
}

/// Networks, mounts and devices.
fn attached(service: &Service, refuse: &mut Refuse<'_>) {
    for (key, network) in &service.networks {
        let position = network.position.as_ref().unwrap_or(&service.position);
        if let (Some(address), Some(own)) = (&network.mac_address, &service.mac_address)
            && networks::is_first(service, key)
            && address != own
        {
            let why = format!(
                "is `{address}`, and `mac_address` of the service is `{own}`, which is meant for the same network: \
                 leave out one of the two"
            );
            refuse(position, &format!("networks.{key}.mac_address"), &why);
        }
    }
    for mount in &service.mounts {
        match &mount.kind {
            MountKind::Volume { options: Some(options), .. } if options.subpath.as_deref().is_some_and(leads_out) => {
                let why = "must be a path inside the volume: relative, and without `..`";
                refuse(&mount.position, "volumes.volume.subpath", why);
            }
            MountKind::Image { options: Some(options), .. } if options.subpath.as_deref().is_some_and(leads_out) => {
                let why = "must be a path inside the image: relative, and without `..`";
                refuse(&mount.position, "volumes.image.subpath", why);
            }
            MountKind::Bind { source, options: Some(options) } => {
                if options.selinux.is_some() && mounts::recursion(options).is_some() {
                    let why = "together with `selinux` is nothing that an engine can be told; leave out one of the two";
                    refuse(&mount.position, "volumes.bind.recursive", why);
                }
                if options.selinux.is_some() && matches!(source, Path::Bundle(_)) {
                    let why = "would relabel files of the release, which must not change; leave out `z` or `Z`";
                    refuse(&mount.position, "volumes.bind.selinux", why);
                } else if options.selinux.is_some() && !options.create_host_path {
                    let why = "has an effect only with `create_host_path: true`";
                    refuse(&mount.position, "volumes.bind.selinux", why);
                }
            }
            _ => {}
        }
    }
    for device in service.devices.iter().filter(|device| !device.source.starts_with('/')) {
        refuse(
            &device.position,
            "devices",
            &format!("names `{}`, which is no path; devices of other kinds are not supported yet", device.source),
        );
    }
}
