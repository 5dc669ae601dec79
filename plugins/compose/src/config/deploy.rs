//! `deploy`, requests for devices, `blkio_config`.

use serde_json::{Value, json};

use super::{Shown, decimal, duration, size};
use crate::{
    Blkio, Deploy, DeployLimits, DeployReservations, DeployRestart, DeviceRequest, Placement, Service, ThrottleDevice,
    UpdateConfig,
};

pub(super) fn deploy(service: &Service, deploy: &Deploy) -> Value {
    let mut shown = Shown::default();
    shown.put("mode", deploy.mode.clone().map(Value::String));
    shown.put("replicas", deploy.replicas.or(service.scale).map(|count| json!(count)));
    shown.some("labels", json!(deploy.labels));
    shown.put("update_config", deploy.update_config.as_ref().map(update));
    shown.put("rollback_config", deploy.rollback_config.as_ref().map(update));
    let mut resources = Shown::default();
    resources.put("limits", deploy.limits.as_ref().map(limits));
    resources.put("reservations", deploy.reservations.as_ref().map(reservations));
    shown.put("resources", Some(resources.value()));
    shown.put("restart_policy", deploy.restart_policy.as_ref().map(restart));
    shown.put("placement", Some(placement(&deploy.placement)));
    shown.put("endpoint_mode", deploy.endpoint_mode.clone().map(Value::String));
    shown.value()
}

fn update(update: &UpdateConfig) -> Value {
    let mut shown = Shown::default();
    shown.put("parallelism", update.parallelism.map(|count| json!(count)));
    shown.put("delay", update.delay.filter(|delay| !delay.is_zero()).map(duration));
    shown.put("failure_action", update.failure_action.clone().map(Value::String));
    shown.put("monitor", update.monitor.filter(|monitor| !monitor.is_zero()).map(duration));
    shown.some("max_failure_ratio", update.max_failure_ratio.map_or(Value::Null, decimal));
    shown.put("order", update.order.clone().map(Value::String));
    shown.value()
}

fn limits(limits: &DeployLimits) -> Value {
    let mut shown = Shown::default();
    shown.some("cpus", limits.nano_cpus.map_or(Value::Null, decimal));
    shown.put("memory", limits.memory.filter(|memory| *memory != 0).map(size));
    shown.some("pids", json!(limits.pids));
    shown.value()
}

fn reservations(reservations: &DeployReservations) -> Value {
    let mut shown = Shown::default();
    shown.some("cpus", reservations.nano_cpus.map_or(Value::Null, decimal));
    shown.put("memory", reservations.memory.filter(|memory| *memory != 0).map(size));
    shown.some("devices", requests(&reservations.devices));
    let kinds = reservations
        .generic_resources
        .iter()
        .map(|(kind, value)| json!({ "discrete_resource_spec": { "kind": kind, "value": value } }));
    shown.some("generic_resources", kinds.collect());
    shown.value()
}

fn restart(policy: &DeployRestart) -> Value {
    let mut shown = Shown::default();
    shown.put("condition", policy.condition.clone().map(Value::String));
    shown.put("delay", policy.delay.map(duration));
    shown.put("max_attempts", policy.max_attempts.map(|count| json!(count)));
    shown.put("window", policy.window.map(duration));
    shown.value()
}

fn placement(placement: &Placement) -> Value {
    let mut shown = Shown::default();
    shown.some("constraints", json!(placement.constraints));
    shown.some("preferences", placement.spread.iter().map(|spread| json!({ "spread": spread })).collect());
    shown.some("max_replicas_per_node", json!(placement.max_replicas_per_node));
    shown.value()
}

/// `gpus`, or the devices of a reservation.
pub(super) fn requests(requests: &[DeviceRequest]) -> Value {
    requests
        .iter()
        .map(|request| {
            let mut shown = Shown::default();
            shown.some("capabilities", json!(request.capabilities));
            shown.put("driver", request.driver.clone().map(Value::String));
            shown.some("count", json!(request.count));
            shown.some("device_ids", json!(request.ids));
            shown.some("options", json!(request.options));
            shown.value()
        })
        .collect()
}

pub(super) fn blkio(blkio: &Blkio) -> Value {
    let mut shown = Shown::default();
    shown.some("weight", json!(blkio.weight));
    let weights = blkio.weight_device.iter().map(|device| json!({ "Path": device.path, "Weight": device.weight }));
    shown.some("weight_device", weights.collect());
    shown.some("device_read_bps", throttles(&blkio.device_read_bps));
    shown.some("device_read_iops", throttles(&blkio.device_read_iops));
    shown.some("device_write_bps", throttles(&blkio.device_write_bps));
    shown.some("device_write_iops", throttles(&blkio.device_write_iops));
    shown.value()
}

/// Docker Compose writes these keys with capitals in JSON.
fn throttles(devices: &[ThrottleDevice]) -> Value {
    devices.iter().map(|device| json!({ "Path": device.path, "Rate": size(device.rate) })).collect()
}
