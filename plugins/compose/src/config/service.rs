//! A service.

use serde_json::{Value, json};

use super::{Place, Shown, decimal, deploy, duration, group, network, size};
use crate::{
    BindOptions, Dependency, Device, Healthcheck, Hook, ImageOptions, Logging, Mount, MountKind, Port, Resources,
    RestartPolicy, Service, TmpfsOptions, VolumeOptions, VolumesSource,
};

pub(super) fn service(place: &Place<'_>, service: &Service) -> Value {
    let mut shown = Shown::default();
    process(service, &mut shown);
    names(service, &mut shown);
    rights(service, &mut shown);
    resources(&service.resources, &mut shown);
    shown.put("build", service.build.clone());
    shown.put("develop", service.develop.clone());
    shown.some("profiles", json!(service.profiles));
    shown.some("ports", service.ports.iter().map(port).collect());
    shown.some("expose", json!(service.expose));
    shown.some("volumes", service.mounts.iter().map(|one| mount(place, one)).collect());
    let sources = service.volumes_from.iter().map(|from| {
        let source = match &from.source {
            VolumesSource::Service(name) => name.clone(),
            VolumesSource::Container(name) => format!("container:{name}"),
        };
        json!(from.mode.as_ref().map_or(source.clone(), |mode| format!("{source}:{mode}")))
    });
    shown.some("volumes_from", sources.collect());
    shown.some("tmpfs", json!(service.tmpfs));
    shown.put("shm_size", service.shm_size.filter(|bytes| *bytes != 0).map(size));
    shown.some("storage_opt", json!(service.storage_opt));
    shown.some("networks", group::all(&service.networks, |_, one| network::attachment(one)));
    shown.some("depends_on", group::all(&service.depends_on, |_, one| dependency(one)));
    shown.some("secrets", service.secrets.iter().map(|one| group::reference(one, true)).collect());
    shown.some("configs", service.configs.iter().map(|one| group::reference(one, false)).collect());
    shown.put("healthcheck", service.healthcheck.as_ref().map(healthcheck));
    shown.put(
        "restart",
        service.restart.as_ref().map(|restart| match restart.policy {
            RestartPolicy::OnFailure if restart.maximum > 0 => json!(format!("on-failure:{}", restart.maximum)),
            policy => json!(policy.as_str()),
        }),
    );
    shown.put("scale", service.scale.map(|count| json!(count)));
    shown.put("deploy", service.deploy.as_ref().map(|one| deploy::deploy(service, one)));
    shown.put("logging", service.logging.as_ref().map(logging));
    shown.some("labels", json!(service.labels));
    shown.some("annotations", json!(service.annotations));
    shown.put("attach", service.attach.map(Value::Bool));
    shown.put("isolation", service.isolation.clone().map(Value::String));
    shown.put("platform", service.platform.clone().map(Value::String));
    shown.put("pull_policy", service.pull_policy.clone().map(Value::String));
    shown.value()
}

fn process(service: &Service, shown: &mut Shown) {
    shown.put("image", service.image.as_ref().map(|image| json!(image.value)));
    // Shown also where nothing is said.
    shown.put("command", Some(json!(service.command)));
    shown.put("entrypoint", Some(json!(service.entrypoint)));
    shown.some("environment", json!(service.environment));
    shown.put("container_name", service.container_name.clone().map(Value::String));
    shown.put("user", service.user.clone().map(Value::String));
    shown.some("group_add", json!(service.group_add));
    shown.put("init", service.init.map(Value::Bool));
    shown.some("stdin_open", json!(service.stdin_open));
    shown.some("tty", json!(service.tty));
    shown.put("working_dir", service.working_dir.clone().map(Value::String));
    shown.put("stop_signal", service.stop_signal.clone().map(Value::String));
    shown.put("stop_grace_period", service.stop_grace_period.map(duration));
    shown.some("pre_start", service.pre_start.iter().map(hook).collect());
    shown.some("post_start", service.post_start.iter().map(hook).collect());
    shown.some("pre_stop", service.pre_stop.iter().map(hook).collect());
}

fn hook(hook: &Hook) -> Value {
    let mut shown = Shown::default();
    shown.put("command", Some(json!(hook.command)));
    shown.put("user", hook.user.clone().map(Value::String));
    shown.some("privileged", json!(hook.privileged));
    shown.put("working_dir", hook.working_dir.clone().map(Value::String));
    shown.some("environment", json!(hook.environment));
    shown.value()
}

fn names(service: &Service, shown: &mut Shown) {
    for (key, mode) in service.namespaces.given() {
        shown.put(key, Some(json!(mode.kind.to_string())));
    }
    let links = service.links.iter().map(|link| match &link.alias {
        Some(alias) => json!(format!("{}:{alias}", link.service)),
        None => json!(link.service),
    });
    shown.some("links", links.collect());
    shown.some("external_links", json!(service.external_links));
    shown.some("dns", json!(service.dns.servers));
    shown.some("dns_opt", json!(service.dns.options));
    shown.some("dns_search", json!(service.dns.search));
    let mut hosts: Vec<String> = service.extra_hosts.iter().map(|host| host.replacen(':', "=", 1)).collect();
    hosts.sort();
    shown.some("extra_hosts", json!(hosts));
    shown.put("hostname", service.hostname.clone().map(Value::String));
    shown.put("domainname", service.domainname.clone().map(Value::String));
    shown.put("mac_address", service.mac_address.clone().map(Value::String));
}

fn rights(service: &Service, shown: &mut Shown) {
    shown.some("privileged", json!(service.privileged));
    shown.some("read_only", json!(service.read_only));
    shown.some("cap_add", json!(service.cap_add));
    shown.some("cap_drop", json!(service.cap_drop));
    shown.some("security_opt", json!(service.security_opt));
    shown.put("cgroup_parent", service.cgroup_parent.clone().map(Value::String));
    shown.put("runtime", service.runtime.clone().map(Value::String));
    shown.some("sysctls", json!(service.sysctls));
    shown.some("device_cgroup_rules", json!(service.device_cgroup_rules));
    shown.some("devices", service.devices.iter().map(device).collect());
    shown.some("gpus", deploy::requests(&service.gpus));
    shown.some("ulimits", group::all(&service.ulimits, |_, limit| limit.shown()));
}

fn device(device: &Device) -> Value {
    let mut shown = Shown::default();
    shown.put("source", Some(json!(device.source)));
    shown.put("target", Some(json!(device.target)));
    shown.some("permissions", json!(device.permissions));
    shown.value()
}

fn resources(resources: &Resources, shown: &mut Shown) {
    let sizes = [
        ("mem_limit", resources.memory),
        ("memswap_limit", resources.memory_swap),
        ("mem_swappiness", resources.memory_swappiness),
        ("mem_reservation", resources.memory_reservation),
    ];
    for (key, bytes) in sizes {
        shown.put(key, bytes.filter(|bytes| *bytes != 0).map(size));
    }
    shown.some("cpus", resources.nano_cpus.map_or(Value::Null, decimal));
    let numbers = [
        ("cpu_shares", resources.cpu_shares),
        ("cpu_period", resources.cpu_period),
        ("cpu_quota", resources.cpu_quota),
        ("cpu_rt_period", resources.cpu_rt_period),
        ("cpu_rt_runtime", resources.cpu_rt_runtime),
        ("pids_limit", resources.pids),
        ("oom_score_adj", resources.oom_score_adj),
    ];
    for (key, number) in numbers {
        shown.some(key, json!(number));
    }
    shown.put("cpuset", resources.cpuset.clone().filter(|set| !set.is_empty()).map(Value::String));
    shown.some("oom_kill_disable", json!(resources.oom_kill_disable));
    shown.put("blkio_config", resources.blkio.as_ref().map(deploy::blkio));
}

fn port(port: &Port) -> Value {
    let mut shown = Shown::default();
    shown.put("name", port.name.clone().map(Value::String));
    shown.put("mode", Some(json!(port.mode)).filter(|_| !port.mode.is_empty()));
    shown.put("host_ip", port.address.map(|address| json!(address.to_string())));
    shown.put("target", Some(json!(port.target)));
    shown.put(
        "published",
        port.published.map(
            |(first, last)| {
                if first == last { json!(first.to_string()) } else { json!(format!("{first}-{last}")) }
            },
        ),
    );
    shown.put("protocol", Some(json!(port.protocol.as_str())));
    shown.put("app_protocol", port.app_protocol.clone().map(Value::String));
    shown.value()
}

fn mount(place: &Place<'_>, mount: &Mount) -> Value {
    let mut shown = Shown::default();
    match &mount.kind {
        MountKind::Volume { name, options } => {
            shown.put("type", Some(json!("volume")));
            shown.put("source", name.clone().map(Value::String));
            shown.put("volume", options.as_ref().map(volume_options));
        }
        MountKind::Bind { source, options } => {
            shown.put("type", Some(json!("bind")));
            shown.put("source", Some(place.path(source)));
            shown.put("bind", options.as_ref().map(bind_options));
        }
        MountKind::Tmpfs { options } => {
            shown.put("type", Some(json!("tmpfs")));
            shown.put("tmpfs", options.as_ref().map(tmpfs_options));
        }
        MountKind::Image { source, options } => {
            shown.put("type", Some(json!("image")));
            shown.put("source", Some(json!(source)));
            shown.put("image", options.as_ref().map(image_options));
        }
    }
    // Docker Compose shows it where it shows that of a bind mount.
    if let MountKind::Volume { options: Some(VolumeOptions { selinux: Some(word), .. }), .. } = &mount.kind {
        shown.put("bind", Some(json!({ "selinux": word })));
    }
    for section in &mount.idle {
        shown.put(section, Some(json!({})));
    }
    shown.put("target", Some(json!(mount.target)));
    shown.some("read_only", json!(mount.read_only));
    shown.put("consistency", mount.consistency.clone().map(Value::String));
    shown.value()
}

fn volume_options(options: &VolumeOptions) -> Value {
    let mut shown = Shown::default();
    shown.some("nocopy", json!(options.no_copy));
    shown.put("subpath", options.subpath.clone().map(Value::String));
    shown.some("labels", json!(options.labels));
    shown.value()
}

fn bind_options(options: &BindOptions) -> Value {
    let mut shown = Shown::default();
    shown.some("create_host_path", json!(options.create_host_path));
    shown.put("propagation", options.propagation.clone().map(Value::String));
    shown.put("selinux", options.selinux.clone().map(Value::String));
    shown.put("recursive", options.recursive.clone().map(Value::String));
    shown.value()
}

fn tmpfs_options(options: &TmpfsOptions) -> Value {
    let mut shown = Shown::default();
    shown.put("size", options.size.filter(|bytes| *bytes != 0).map(size));
    shown.some("mode", json!(options.mode));
    shown.value()
}

fn image_options(options: &ImageOptions) -> Value {
    let mut shown = Shown::default();
    shown.put("subpath", options.subpath.clone().map(Value::String));
    shown.value()
}

fn dependency(dependency: &Dependency) -> Value {
    let mut shown = Shown::default();
    shown.put("condition", Some(json!(dependency.condition.as_str())));
    shown.some("restart", json!(dependency.restart));
    shown.put("required", Some(json!(dependency.required)));
    shown.value()
}

fn healthcheck(check: &Healthcheck) -> Value {
    let mut shown = Shown::default();
    shown.some("test", json!(check.test));
    shown.put("timeout", check.timeout.map(duration));
    shown.put("interval", check.interval.map(duration));
    shown.put("retries", check.retries.map(|retries| json!(retries)));
    shown.put("start_period", check.start_period.map(duration));
    shown.put("start_interval", check.start_interval.map(duration));
    shown.some("disable", json!(check.disable));
    shown.value()
}

fn logging(logging: &Logging) -> Value {
    let mut shown = Shown::default();
    shown.put("driver", logging.driver.clone().filter(|driver| !driver.is_empty()).map(Value::String));
    shown.some("options", json!(logging.options));
    shown.value()
}
