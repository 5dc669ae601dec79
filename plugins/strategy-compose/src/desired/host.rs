//! `HostConfig`, as Docker Compose sends it: names, ports, rights, namespaces.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use windlass_compose::{Mode, ModeKind, Port, RestartPolicy, Service, VolumesSource};

use super::body::key;
use super::mounts::Mounted;
use super::shared::SERVICE;
use super::{Endpoint, limits};

pub(super) fn config(service: &Service, mounted: &Mounted, endpoints: &[Endpoint]) -> Value {
    let mut host = Map::new();
    let mut set = |key: &str, value: Value| host.insert(key.to_owned(), value);
    match (&service.namespaces.network, endpoints.first()) {
        (Some(mode), _) => set("NetworkMode", namespace(mode)),
        (None, Some(first)) => set("NetworkMode", json!(first.network)),
        (None, None) => None,
    };
    if !service.ports.is_empty() {
        set("PortBindings", bindings(&service.ports));
    }
    set("RestartPolicy", restart(service));
    if let Some(logging) = &service.logging {
        set("LogConfig", json!({ "Type": logging.driver.as_deref().unwrap_or_default(), "Config": logging.options }));
    }
    if let Some(init) = service.init {
        set("Init", json!(init));
    }
    let lists = [
        ("Binds", &mounted.binds),
        ("CapAdd", &service.cap_add),
        ("CapDrop", &service.cap_drop),
        ("Dns", &service.dns.servers),
        ("DnsOptions", &service.dns.options),
        ("DnsSearch", &service.dns.search),
        ("ExtraHosts", &service.extra_hosts),
        ("GroupAdd", &service.group_add),
        ("DeviceCgroupRules", &service.device_cgroup_rules),
        ("SecurityOpt", &security(service)),
        ("VolumesFrom", &volumes_from(service)),
    ];
    for (key, list) in lists {
        if !list.is_empty() {
            set(key, json!(list));
        }
    }
    if !mounted.mounts.is_empty() {
        set("Mounts", json!(mounted.mounts));
    }
    for (key, value) in [("ReadonlyRootfs", service.read_only), ("Privileged", service.privileged)] {
        if value {
            set(key, json!(true));
        }
    }
    if !service.tmpfs.is_empty() {
        set("Tmpfs", tmpfs(&service.tmpfs));
    }
    if let Some(bytes) = service.shm_size.filter(|bytes| *bytes != 0) {
        set("ShmSize", json!(bytes));
    }
    let pairs =
        [("Annotations", &service.annotations), ("Sysctls", &service.sysctls), ("StorageOpt", &service.storage_opt)];
    for (key, pairs) in pairs {
        if !pairs.is_empty() {
            set(key, json!(pairs));
        }
    }
    for (key, text) in [("CgroupParent", &service.cgroup_parent), ("Runtime", &service.runtime)] {
        if let Some(text) = text {
            set(key, json!(text));
        }
    }
    let modes = [
        ("PidMode", &service.namespaces.pid),
        ("IpcMode", &service.namespaces.ipc),
        ("UTSMode", &service.namespaces.uts),
        ("UsernsMode", &service.namespaces.user),
        ("CgroupnsMode", &service.namespaces.cgroup),
    ];
    for (key, mode) in modes {
        if let Some(mode) = mode {
            set(key, namespace(mode));
        }
    }
    if unmasked(service) {
        // Empty, not left out: that takes the engine's protection away.
        set("MaskedPaths", json!([]));
        set("ReadonlyPaths", json!([]));
    }
    limits::add(service, &mut host);
    Value::Object(host)
}

fn namespace(mode: &Mode) -> Value {
    match &mode.kind {
        ModeKind::Service(name) => json!(format!("{SERVICE}{name}")),
        ModeKind::Container(name) => json!(format!("container:{name}")),
        ModeKind::Word(word) => json!(word),
    }
}

/// What Docker Compose understands by itself, and does not hand on.
const UNMASKED: &str = "systempaths=unconfined";

fn unmasked(service: &Service) -> bool {
    service.security_opt.iter().any(|option| option == UNMASKED)
}

fn security(service: &Service) -> Vec<String> {
    service.security_opt.iter().filter(|option| *option != UNMASKED).cloned().collect()
}

fn volumes_from(service: &Service) -> Vec<String> {
    service
        .volumes_from
        .iter()
        .map(|from| {
            let name = match &from.source {
                VolumesSource::Service(name) => format!("{SERVICE}{name}"),
                VolumesSource::Container(name) => name.clone(),
            };
            from.mode.as_ref().map_or_else(|| name.clone(), |mode| format!("{name}:{mode}"))
        })
        .collect()
}

fn restart(service: &Service) -> Value {
    let restart = service.effective_restart();
    match restart.policy {
        RestartPolicy::OnFailure => json!({ "Name": "on-failure", "MaximumRetryCount": restart.maximum }),
        policy => json!({ "Name": policy.as_str() }),
    }
}

fn bindings(ports: &[Port]) -> Value {
    let mut bindings: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for port in ports {
        let host = match port.published {
            None => String::new(),
            Some((first, last)) if first == last => first.to_string(),
            Some((first, last)) => format!("{first}-{last}"),
        };
        let address = port.address.map(|address| address.to_string()).unwrap_or_default();
        bindings.entry(key(port)).or_default().push(json!({ "HostIp": address, "HostPort": host }));
    }
    json!(bindings)
}

/// `/run:size=10m` as `{"/run": "size=10m"}`.
fn tmpfs(items: &[String]) -> Value {
    let mut mounts = Map::new();
    for item in items {
        let (path, options) = item.split_once(':').unwrap_or((item, ""));
        mounts.insert(path.to_owned(), json!(options));
    }
    Value::Object(mounts)
}
