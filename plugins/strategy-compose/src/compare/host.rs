//! `HostConfig` in the words of Compose files. What is at the engine's default is left out.

use serde_json::Value;

use super::shown;
use super::view::View;
use crate::json as look;

/// The size that the engine gives `/dev/shm` when no other size is requested.
const SHM_SIZE: i64 = 64 << 20;

pub(super) fn host(host: &Value, view: &mut View) {
    numbers(host, view);
    rights(host, view);
    names(host, view);
    devices(host, view);
    for (path, options) in look::pairs(host, "/Tmpfs") {
        view.insert(format!("tmpfs.{path}"), options);
    }
    restart(host, view);
    if let Some(driver) = look::text(host, "/LogConfig/Type").filter(|driver| driver != "json-file") {
        view.insert("logging.driver".to_owned(), driver);
    }
    for (key, value) in look::pairs(host, "/LogConfig/Config") {
        view.insert(format!("logging.options.{key}"), value);
    }
    if let Some(bindings) = host.get("PortBindings").and_then(Value::as_object) {
        for (port, hosts) in bindings {
            let mut texts: Vec<String> = hosts
                .as_array()
                .into_iter()
                .flatten()
                .map(|host| {
                    let address = look::text(host, "/HostIp").unwrap_or_default();
                    format!("{address}:{}", look::text(host, "/HostPort").unwrap_or_default())
                })
                .collect();
            texts.sort();
            view.insert(format!("ports.{port}"), texts.join(","));
        }
    }
}

fn restart(host: &Value, view: &mut View) {
    let policy = look::text(host, "/RestartPolicy/Name").filter(|policy| policy != "no");
    if let Some(policy) = policy {
        let count = look::number(host, "/RestartPolicy/MaximumRetryCount");
        let text = if count == 0 { policy } else { format!("{policy}:{count}") };
        view.insert("restart".to_owned(), text);
    }
}

fn numbers(host: &Value, view: &mut View) {
    let numbers = [
        ("Memory", "mem_limit"),
        ("MemoryReservation", "mem_reservation"),
        ("NanoCpus", "cpus"),
        ("CpuShares", "cpu_shares"),
        ("CpuPeriod", "cpu_period"),
        ("CpuQuota", "cpu_quota"),
        ("CpuRealtimePeriod", "cpu_rt_period"),
        ("CpuRealtimeRuntime", "cpu_rt_runtime"),
        ("PidsLimit", "pids_limit"),
        ("OomScoreAdj", "oom_score_adj"),
        ("BlkioWeight", "blkio_config.weight"),
    ];
    for (key, field) in numbers {
        let value = look::number(host, &format!("/{key}"));
        // The engine keeps "no limit" as nothing.
        if value != 0 && !(key == "PidsLimit" && value < 0) {
            view.insert(field.to_owned(), value.to_string());
        }
    }
    // The engine sets twice the memory where nothing is said.
    let swap = look::number(host, "/MemorySwap");
    if swap != 0 && swap != look::number(host, "/Memory") * 2 {
        view.insert("memswap_limit".to_owned(), swap.to_string());
    }
    // Engines before API 1.42 say -1 for none.
    let swappiness = look::number(host, "/MemorySwappiness");
    if swappiness > 0 {
        view.insert("mem_swappiness".to_owned(), swappiness.to_string());
    }
    let shm = look::number(host, "/ShmSize");
    if shm != 0 && shm != SHM_SIZE {
        view.insert("shm_size".to_owned(), shm.to_string());
    }
    if let Some(cpus) = look::text(host, "/CpusetCpus") {
        view.insert("cpuset".to_owned(), cpus);
    }
}

fn rights(host: &Value, view: &mut View) {
    let flags = [
        ("Init", "init"),
        ("ReadonlyRootfs", "read_only"),
        ("Privileged", "privileged"),
        ("OomKillDisable", "oom_kill_disable"),
    ];
    for (key, field) in flags {
        if host.get(key).and_then(Value::as_bool) == Some(true) {
            view.insert(field.to_owned(), "true".to_owned());
        }
    }
    for (key, field) in [("CapAdd", "cap_add"), ("CapDrop", "cap_drop")] {
        for item in look::texts(host, &format!("/{key}")) {
            // The engine takes `CAP_NET_ADMIN` and `net_admin` for the same, and keeps what it was given.
            let name = item.to_ascii_uppercase();
            view.insert(format!("{field}.{}", name.strip_prefix("CAP_").unwrap_or(&name)), "yes".to_owned());
        }
    }
    for item in look::texts(host, "/DeviceCgroupRules") {
        view.insert(format!("device_cgroup_rules.{item}"), "yes".to_owned());
    }
    // The engine adds this one by itself where a container shares what labels would keep apart.
    for option in look::texts(host, "/SecurityOpt").iter().filter(|option| *option != "label=disable") {
        view.insert(format!("security_opt.{option}"), "yes".to_owned());
    }
    for (key, field) in [("Annotations", "annotations"), ("Sysctls", "sysctls"), ("StorageOpt", "storage_opt")] {
        for (name, value) in look::pairs(host, &format!("/{key}")) {
            view.insert(format!("{field}.{name}"), value);
        }
    }
    if let Some(parent) = look::text(host, "/CgroupParent") {
        view.insert("cgroup_parent".to_owned(), parent);
    }
    if let Some(runtime) = look::text(host, "/Runtime").filter(|runtime| runtime != "runc") {
        view.insert("runtime".to_owned(), runtime);
    }
    // Privileged containers have none in any case.
    let unmasked = host.get("MaskedPaths").and_then(Value::as_array).is_some_and(Vec::is_empty);
    if unmasked && host.get("Privileged").and_then(Value::as_bool) != Some(true) {
        view.insert("security_opt.systempaths=unconfined".to_owned(), "yes".to_owned());
    }
}

fn names(host: &Value, view: &mut View) {
    let network = look::text(host, "/NetworkMode");
    let is_shared = |mode: &String| matches!(mode.as_str(), "host" | "none" | "bridge") || mode.contains(':');
    if let Some(mode) = network.filter(is_shared) {
        view.insert("network_mode".to_owned(), mode);
    }
    // What an engine gives where nothing is said depends on it; only what differs from every default is told.
    let modes = [
        ("PidMode", "pid", ""),
        ("IpcMode", "ipc", "private"),
        ("UTSMode", "uts", ""),
        ("UsernsMode", "userns_mode", ""),
    ];
    for (key, field, default) in modes {
        if let Some(mode) = look::text(host, &format!("/{key}")).filter(|mode| mode != default) {
            view.insert(field.to_owned(), mode);
        }
    }
    if let Some(mode) = look::text(host, "/CgroupnsMode") {
        view.insert("cgroup".to_owned(), mode);
    }
    for (key, field) in [("ExtraHosts", "extra_hosts"), ("GroupAdd", "group_add"), ("VolumesFrom", "volumes_from")] {
        for item in look::texts(host, &format!("/{key}")) {
            view.insert(format!("{field}.{item}"), "yes".to_owned());
        }
    }
    // Here the order says which is asked first.
    for (key, field) in [("Dns", "dns"), ("DnsOptions", "dns_opt"), ("DnsSearch", "dns_search")] {
        let items = look::texts(host, &format!("/{key}"));
        if !items.is_empty() {
            view.insert(field.to_owned(), items.join(","));
        }
    }
}

fn devices(host: &Value, view: &mut View) {
    let items = |key: &str| host.get(key).and_then(Value::as_array).into_iter().flatten().cloned();
    for device in items("Devices") {
        let target = look::text(&device, "/PathInContainer").unwrap_or_default();
        let source = look::text(&device, "/PathOnHost").unwrap_or_default();
        let rights = look::text(&device, "/CgroupPermissions").unwrap_or_default();
        view.insert(format!("devices.{target}"), format!("{source}:{rights}"));
    }
    for limit in items("Ulimits") {
        let name = look::text(&limit, "/Name").unwrap_or_default();
        let (soft, hard) = (look::number(&limit, "/Soft"), look::number(&limit, "/Hard"));
        view.insert(format!("ulimits.{name}"), format!("{soft}:{hard}"));
    }
    let requests: Vec<String> = items("DeviceRequests").map(|request| request.to_string()).collect();
    if !requests.is_empty() {
        view.insert("gpus".to_owned(), requests.join(","));
    }
    let throttles = [
        ("BlkioWeightDevice", "weight_device"),
        ("BlkioDeviceReadBps", "device_read_bps"),
        ("BlkioDeviceReadIOps", "device_read_iops"),
        ("BlkioDeviceWriteBps", "device_write_bps"),
        ("BlkioDeviceWriteIOps", "device_write_iops"),
    ];
    for (key, field) in throttles {
        for device in items(key) {
            let path = look::text(&device, "/Path").unwrap_or_default();
            let value = device.get("Rate").or_else(|| device.get("Weight")).map(shown).unwrap_or_default();
            view.insert(format!("blkio_config.{field}.{path}"), value);
        }
    }
}
