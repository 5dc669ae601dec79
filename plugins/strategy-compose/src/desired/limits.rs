//! What a container may use: the resources of `HostConfig`.

use serde_json::{Map, Value, json};
use windlass_compose::{Blkio, DeviceRequest, Service, ThrottleDevice};

pub(super) fn add(service: &Service, host: &mut Map<String, Value>) {
    let resources = service.effective_resources();
    let mut set = |key: &str, value: Value| host.insert(key.to_owned(), value);
    let numbers = [
        ("Memory", resources.memory),
        ("MemorySwap", resources.memory_swap),
        ("MemoryReservation", resources.memory_reservation),
        ("MemorySwappiness", resources.memory_swappiness.filter(|value| *value != 0)),
        ("NanoCpus", resources.nano_cpus),
        ("CpuShares", resources.cpu_shares),
        ("CpuPeriod", resources.cpu_period),
        ("CpuQuota", resources.cpu_quota),
        ("CpuRealtimePeriod", resources.cpu_rt_period),
        ("CpuRealtimeRuntime", resources.cpu_rt_runtime),
        ("PidsLimit", resources.pids),
        ("OomScoreAdj", resources.oom_score_adj.filter(|value| *value != 0)),
    ];
    for (key, value) in numbers {
        if let Some(value) = value {
            set(key, json!(value));
        }
    }
    if let Some(cpus) = &resources.cpuset {
        set("CpusetCpus", json!(cpus));
    }
    if resources.oom_kill_disable {
        set("OomKillDisable", json!(true));
    }
    if !service.ulimits.is_empty() {
        let limits = service.ulimits.iter();
        let limits: Vec<Value> =
            limits.map(|(name, limit)| json!({ "Name": name, "Soft": limit.soft, "Hard": limit.hard })).collect();
        set("Ulimits", json!(limits));
    }
    if !service.devices.is_empty() {
        let devices = service.devices.iter().map(|device| {
            json!({
                "PathOnHost": device.source,
                "PathInContainer": device.target,
                "CgroupPermissions": device.permissions,
            })
        });
        set("Devices", devices.collect());
    }
    let requests = requests(service);
    if !requests.is_empty() {
        set("DeviceRequests", json!(requests));
    }
    if let Some(blkio) = &resources.blkio {
        for (key, value) in self::blkio(blkio) {
            set(key, value);
        }
    }
}

/// Fields that an engine discards with a warning where the host's kernel cannot do it, cgroup v2 for one.
const DISCARDED: &[&str] = &[
    "MemorySwappiness",
    "MemorySwap",
    "OomKillDisable",
    "CpuRealtimePeriod",
    "CpuRealtimeRuntime",
    "BlkioWeight",
    "BlkioWeightDevice",
    "BlkioDeviceReadBps",
    "BlkioDeviceReadIOps",
    "BlkioDeviceWriteBps",
    "BlkioDeviceWriteIOps",
];

/// What a body asks for of those fields; none where it asks for nothing of them.
pub(super) fn asked(body: &Value) -> Option<Value> {
    let host = body.get("HostConfig").and_then(Value::as_object)?;
    let asked: Map<String, Value> =
        DISCARDED.iter().filter_map(|key| Some(((*key).to_owned(), host.get(*key)?.clone()))).collect();
    (!asked.is_empty()).then_some(Value::Object(asked))
}

/// The `HostConfig` of a container as it was asked for, where its label tells that.
pub(crate) fn as_asked(host: &Value, label: Option<&str>) -> Value {
    let mut host = host.clone();
    let asked = label.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok()).unwrap_or_default();
    if let Some(host) = host.as_object_mut() {
        host.extend(asked.into_iter().filter(|(key, _)| DISCARDED.contains(&key.as_str())));
    }
    host
}

/// Reserved devices as they are, and graphics processors, which have their capability anyway.
fn requests(service: &Service) -> Vec<Value> {
    let request = |request: &DeviceRequest, capabilities: Vec<String>| {
        json!({
            "Driver": request.driver.clone().unwrap_or_default(),
            "Count": request.count.unwrap_or(0),
            "DeviceIDs": request.ids,
            "Capabilities": [capabilities],
            "Options": request.options,
        })
    };
    let reservations = service.deploy.as_ref().and_then(|deploy| deploy.reservations.as_ref());
    let reserved = reservations.iter().flat_map(|reservations| &reservations.devices);
    let mut all: Vec<Value> = reserved.map(|one| request(one, one.capabilities.clone())).collect();
    all.extend(service.gpus.iter().map(|one| {
        let mut capabilities = one.capabilities.clone();
        if !capabilities.iter().any(|capability| capability == "gpu") {
            capabilities.push("gpu".to_owned());
        }
        request(one, capabilities)
    }));
    all
}

fn blkio(blkio: &Blkio) -> Vec<(&'static str, Value)> {
    let throttles = |devices: &[ThrottleDevice]| -> Value {
        devices.iter().map(|device| json!({ "Path": device.path, "Rate": device.rate })).collect()
    };
    let weights = blkio.weight_device.iter().map(|device| json!({ "Path": device.path, "Weight": device.weight }));
    let mut fields = vec![
        ("BlkioWeightDevice", weights.collect()),
        ("BlkioDeviceReadBps", throttles(&blkio.device_read_bps)),
        ("BlkioDeviceReadIOps", throttles(&blkio.device_read_iops)),
        ("BlkioDeviceWriteBps", throttles(&blkio.device_write_bps)),
        ("BlkioDeviceWriteIOps", throttles(&blkio.device_write_iops)),
    ];
    fields.retain(|(_, value): &(_, Value)| value.as_array().is_some_and(|devices| !devices.is_empty()));
    fields.extend(blkio.weight.filter(|weight| *weight != 0).map(|weight| ("BlkioWeight", json!(weight))));
    fields
}
