//! What Compose files may say and this strategy does not do: refused by name, never ignored.

use std::net::IpAddr;
use std::path::Component;

use windlass_compose::{
    Application, FileSource, Mode, ModeKind, MountKind, Path, Position, Problem, Service, VolumesSource,
};

use super::{Platform, mounts};

/// The most containers of one service.
pub(super) const MOST_REPLICAS: u32 = 500;

/// What a service says.
pub(super) fn add(application: &Application, service: &Service, problems: &mut Vec<Problem>) {
    let mut refuse = |position: &Position, key: &str, why: &str| {
        problems.push(Problem::at(position, format!("`services.{}.{key}` {why}", service.name)));
    };
    numbers(service, &mut refuse);
    sharing(application, service, &mut refuse);
    attached(service, &mut refuse);
    files(application, service, &mut refuse);
    let hooks =
        [("pre_start", &service.pre_start), ("post_start", &service.post_start), ("pre_stop", &service.pre_stop)];
    for (key, hooks) in hooks {
        if let Some(hook) = hooks.first() {
            refuse(&hook.position, key, "is not supported yet");
        }
    }
    if service.networks.is_empty() && service.namespaces.network.is_none() {
        refuse(&service.position, "network_mode", "is empty; leave it out, or write `none` for no network at all");
    }
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
    for host in &service.extra_hosts {
        let (name, address) = host.split_once(':').unwrap_or((host, ""));
        if address != "host-gateway" && address.parse::<IpAddr>().is_err() {
            let why =
                format!("gives `{name}` the address `{address}`, which is neither an IP address nor `host-gateway`");
            refuse(&service.position, "extra_hosts", &why);
        }
    }
    for option in &service.security_opt {
        let file = option.strip_prefix("seccomp").and_then(|rest| rest.strip_prefix([':', '=']));
        if let Some(file) = file.filter(|value| !matches!(*value, "unconfined" | "builtin")) {
            refuse(&service.position, "security_opt", &format!("names the file `{file}`, which is not supported yet"));
        }
    }
    if service.pull_policy.as_deref() == Some("build") && service.build.is_none() {
        refuse(&service.position, "pull_policy", "is `build`, and nothing says how the image is built");
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
        if let Some(reason) = super::replace::alone(service) {
            refuse(&format!("but the service {reason}, which one container alone can have"));
        }
    }
    if let Some(deploy) = &service.deploy
        && let Some(mode) = deploy.mode.as_deref().filter(|mode| *mode != "replicated")
    {
        refuse(&deploy.position, "deploy.mode", &format!("is `{mode}`, which is for clusters"));
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

/// Networks, mounts and devices.
fn attached(service: &Service, refuse: &mut Refuse<'_>) {
    for (key, network) in &service.networks {
        let position = network.position.as_ref().unwrap_or(&service.position);
        let first = super::networks::by_priority(service).into_iter().next().map(|(first, _)| first);
        if let Some(address) = &network.mac_address
            && (first != Some(key) || service.mac_address.as_ref().is_some_and(|own| own != address))
        {
            let why =
                "differs from that of the service, or is not that of the first network, which is not supported yet";
            refuse(position, &format!("networks.{key}.mac_address"), why);
        }
    }
    for mount in &service.mounts {
        match &mount.kind {
            MountKind::Volume { options: Some(options), .. } => {
                let subpath = options.subpath.as_deref().map(std::path::Path::new);
                if subpath.is_some_and(|path| !path.components().all(|part| matches!(part, Component::Normal(_)))) {
                    let why = "must be a path inside the volume: relative, and without `..`";
                    refuse(&mount.position, "volumes.volume.subpath", why);
                }
            }
            MountKind::Bind { source, options: Some(options) } => {
                if options.selinux.is_some() && mounts::recursion(options).is_some() {
                    let why = "together with `selinux` is nothing that an engine can be told; leave out one of the two";
                    refuse(&mount.position, "volumes.bind.recursive", why);
                }
                if options.selinux.is_some() && matches!(source, Path::Bundle(_)) {
                    let why = "would label files of the release anew, which nobody changes; leave out `z` or `Z`";
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

fn files(application: &Application, service: &Service, refuse: &mut Refuse<'_>) {
    let groups =
        [("secrets", &service.secrets, &application.secrets), ("configs", &service.configs, &application.configs)];
    for (group, references, objects) in groups {
        for reference in references {
            let Some(object) = objects.get(&reference.source) else { continue };
            let owners = [("uid", &reference.uid), ("gid", &reference.gid)];
            let named = owners
                .into_iter()
                .find_map(|(key, id)| Some((key, id.as_ref().filter(|id| id.parse::<u32>().is_err())?)));
            let special = reference.mode.filter(|mode| *mode > 0o777);
            match &object.source {
                FileSource::External => refuse(
                    &reference.position,
                    group,
                    &format!(
                        "names `{}`, which is external: an engine keeps none; use `file` or `environment`",
                        reference.source
                    ),
                ),
                // Docker Compose heeds them where it writes the file itself, and nowhere else.
                FileSource::Content(_) | FileSource::Environment { .. } => {
                    if let FileSource::Environment { variable, value: None } = &object.source {
                        let why = format!("names `{}`, whose variable `{variable}` is not set", reference.source);
                        refuse(&reference.position, group, &why);
                    }
                    if let Some((key, id)) = named {
                        let why = format!("gives `{}` the {key} `{id}`, which is not a number", reference.source);
                        refuse(&reference.position, group, &why);
                    }
                    if let Some(mode) = special {
                        let why = format!("gives `{}` the mode {mode:o}; bits beyond 0777 are not", reference.source);
                        refuse(&reference.position, group, &format!("{why} those of a text that is read"));
                    }
                }
                FileSource::File(_) => {}
            }
        }
    }
}
