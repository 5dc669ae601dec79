//! What of a Compose file could reach the host, in the engine's words: as much of the bodies as the policy looks at.
//!
//! The strategy makes the whole bodies; these are for a proposal of what to grant, and no engine ever gets them.

use serde_json::{Map, Value, json};
use windlass_capability::docker::Body;
use windlass_compose::{
    Application, FileSource, Mode, ModeKind, MountKind, Network, Path, Service, Volume, VolumesSource,
};

/// The bodies of what is active. `name` is the application's; `mounts` says whether a path of the host is to be asked for.
pub(super) fn bodies(application: &Application, name: &str, mounts: &mut dyn FnMut(&str, &str) -> bool) -> Vec<Body> {
    let body = |kind, about: &str, body| Body { kind, about: about.to_owned(), body };
    let mut all = Vec::new();
    for (key, network) in application.networks.iter().filter(|(_, network)| !network.external) {
        all.push(body("network", &format!("the network {key}"), self::network(key, network)));
    }
    for (key, volume) in application.volumes.iter().filter(|(_, volume)| !volume.external) {
        all.push(body("volume", &format!("the volume {key}"), self::volume(key, volume)));
    }
    for service in application.services.values() {
        all.push(body("container", &service.name, container(application, name, service, mounts)));
    }
    all
}

fn network(key: &str, network: &Network) -> Value {
    let subnets: Vec<Value> = network
        .ipam
        .pools
        .iter()
        .filter_map(|pool| pool.subnet.as_ref())
        .map(|subnet| json!({ "Subnet": subnet }))
        .collect();
    json!({
        "Name": key,
        "Driver": network.driver.as_deref().unwrap_or("bridge"),
        "Options": network.driver_opts,
        "IPAM": { "Driver": network.ipam.driver.as_deref().unwrap_or("default"), "Config": subnets },
    })
}

fn volume(key: &str, volume: &Volume) -> Value {
    json!({ "Name": key, "Driver": volume.driver.as_deref().unwrap_or("local"), "DriverOpts": volume.driver_opts })
}

fn container(
    application: &Application,
    name: &str,
    service: &Service,
    mounts: &mut dyn FnMut(&str, &str) -> bool,
) -> Value {
    let mut host = Map::new();
    let mut set = |key: &str, value: Value| {
        host.insert(key.to_owned(), value);
    };
    let resources = service.effective_resources();
    let spaces = &service.namespaces;
    for (key, mode) in [
        ("NetworkMode", &spaces.network),
        ("PidMode", &spaces.pid),
        ("IpcMode", &spaces.ipc),
        ("UTSMode", &spaces.uts),
        ("UsernsMode", &spaces.user),
        ("CgroupnsMode", &spaces.cgroup),
    ] {
        if let Some(mode) = mode.as_ref().and_then(namespace) {
            set(key, json!(mode));
        }
    }
    // Docker Compose understands this one by itself.
    let unmasked = |option: &&String| option.as_str() == "systempaths=unconfined";
    if service.security_opt.iter().any(|option| unmasked(&option)) {
        set("MaskedPaths", json!([]));
    }
    set("SecurityOpt", service.security_opt.iter().filter(|option| !unmasked(option)).cloned().collect());
    set("Privileged", json!(service.privileged));
    set("CapAdd", json!(service.cap_add));
    set("Annotations", json!(service.annotations));
    set("Sysctls", json!(service.sysctls));
    set("StorageOpt", json!(service.storage_opt));
    set("DeviceCgroupRules", json!(service.device_cgroup_rules));
    set("Devices", service.devices.iter().map(|device| json!({ "PathOnHost": device.source })).collect());
    let reservations = service.deploy.as_ref().and_then(|deploy| deploy.reservations.as_ref());
    if !service.gpus.is_empty() || reservations.is_some_and(|reservations| !reservations.devices.is_empty()) {
        set("DeviceRequests", json!([{}]));
    }
    for (key, text) in [("CgroupParent", &service.cgroup_parent), ("Runtime", &service.runtime)] {
        if let Some(text) = text {
            set(key, json!(text));
        }
    }
    if let Some(driver) = service.logging.as_ref().and_then(|logging| logging.driver.as_ref()) {
        set("LogConfig", json!({ "Type": driver }));
    }
    for (key, number) in [
        ("OomScoreAdj", resources.oom_score_adj),
        ("CpuRealtimePeriod", resources.cpu_rt_period),
        ("CpuRealtimeRuntime", resources.cpu_rt_runtime),
    ] {
        set(key, json!(number.unwrap_or_default()));
    }
    set("OomKillDisable", json!(resources.oom_kill_disable));
    let from = service.volumes_from.iter().filter_map(|from| match &from.source {
        VolumesSource::Container(name) => Some(name.clone()),
        VolumesSource::Service(_) => None,
    });
    set("VolumesFrom", from.collect());
    let (binds, others) = mounted(application, service, mounts);
    set("Binds", json!(binds));
    set("Mounts", json!(others));
    let links: Vec<&String> = service.external_links.iter().filter(|link| !is_own(application, name, link)).collect();
    json!({ "HostConfig": host, "NetworkingConfig": { "EndpointsConfig": { "default": { "Links": links } } } })
}

/// Whether an external link names a container of the application itself.
fn is_own(application: &Application, name: &str, link: &str) -> bool {
    let container = link.split(':').next().unwrap_or_default();
    let project = application.name.as_deref().unwrap_or(name);
    let numbered = |service: &str| {
        let number = [name, project].into_iter().find_map(|project| {
            container.strip_prefix(project)?.strip_prefix('-')?.strip_prefix(service)?.strip_prefix('-')
        });
        number.is_some_and(|number| number.parse::<u32>().is_ok())
    };
    application
        .services
        .values()
        .any(|service| service.container_name.as_deref() == Some(container) || numbered(&service.name))
}

/// The owner of a namespace, where that is not a service of the application.
fn namespace(mode: &Mode) -> Option<String> {
    match &mode.kind {
        ModeKind::Service(_) => None,
        ModeKind::Container(name) => Some(format!("container:{name}")),
        ModeKind::Word(word) => Some(word.clone()),
    }
}

/// Paths of the host in the two forms of the engine.
fn mounted(
    application: &Application,
    service: &Service,
    mounts: &mut dyn FnMut(&str, &str) -> bool,
) -> (Vec<String>, Vec<Value>) {
    let (mut binds, mut others) = (Vec::new(), Vec::new());
    for mount in &service.mounts {
        let MountKind::Bind { source: Path::Host(path), options } = &mount.kind else { continue };
        if !mounts(&service.name, path) {
            continue;
        }
        let options = options.clone().unwrap_or_default();
        // A colon in the path is for the other form alone.
        if options.selinux.is_some() && !path.contains(':') {
            binds.push(format!("{path}:{}:{}", mount.target, options.selinux.unwrap_or_default()));
        }
        others.push(json!({
            "Type": "bind", "Source": path, "Target": mount.target, "ReadOnly": mount.read_only,
            "BindOptions": { "Propagation": options.propagation.unwrap_or_default() },
        }));
    }
    let references = service.secrets.iter().map(|one| (one, &application.secrets));
    for (reference, objects) in references.chain(service.configs.iter().map(|one| (one, &application.configs))) {
        let Some(FileSource::File(Path::Host(path))) = objects.get(&reference.source).map(|object| &object.source)
        else {
            continue;
        };
        if mounts(&service.name, path) {
            others.push(json!({ "Type": "bind", "Source": path, "Target": reference.target, "ReadOnly": true }));
        }
    }
    (binds, others)
}
