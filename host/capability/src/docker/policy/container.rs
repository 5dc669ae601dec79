//! `POST /containers/create` and `/containers/{id}/update`: the container itself and its `HostConfig`.
//!
//! Field names and defaults are those of the Docker Engine API, operations `ContainerCreate` and `ContainerUpdate`.

use serde_json::Value;
use windlass_domain::Failure;

use super::fields::{is_nothing, is_unset, list, object, shown, text, texts, wrong};
use super::known::{
    CHECKED_HOST, DEFAULT_CAPABILITIES, LOG_DRIVERS, MASKED, MASKED_SINCE, READ_ONLY, SAFE, SAFE_HOST, SAFE_UPDATE,
};
use super::{Policy, References};

impl Policy<'_> {
    /// Decides about a body of `POST /containers/create` and says what it refers to.
    pub(crate) fn container(&self, body: &Value) -> Result<References, Failure> {
        let mut references = References::default();
        for (name, value) in object("body", body)? {
            match name.as_str() {
                _ if value.is_null() => {}
                "HostConfig" => self.host_config(value, &mut references)?,
                "NetworkingConfig" => self.networking(value, &mut references)?,
                "Labels" => self.labels("Labels", value)?,
                name if SAFE.contains(&name) => {}
                _ if is_unset(value) => {}
                name => return Err(self.unknown(name, SAFE)),
            }
        }
        Ok(references)
    }

    /// Decides about a body of `POST /containers/{id}/update`.
    pub(crate) fn update(&self, body: &Value) -> Result<(), Failure> {
        for (name, value) in object("body", body)? {
            if is_unset(value) || SAFE_UPDATE.contains(&name.as_str()) {
                continue;
            }
            // A danger that create would refuse is named as such, with the same lines to add.
            self.host_field(name, value, &mut References::default())?;
            return Err(self.unknown(name, SAFE_UPDATE));
        }
        Ok(())
    }

    fn host_config(&self, value: &Value, references: &mut References) -> Result<(), Failure> {
        for (name, value) in object("HostConfig", value)? {
            if SAFE_HOST.contains(&name.as_str()) {
                continue;
            }
            self.host_field(name, value, references)?;
        }
        Ok(())
    }

    fn host_field(&self, name: &str, value: &Value, references: &mut References) -> Result<(), Failure> {
        let field = format!("HostConfig.{name}");
        // An empty list here is not "nothing": it takes the engine's protection away.
        if matches!(name, "MaskedPaths" | "ReadonlyPaths") {
            return self.paths(&field, value, if name == "MaskedPaths" { MASKED } else { READ_ONLY });
        }
        if is_unset(value) || is_nothing(value) && (SAFE_HOST.contains(&name) || CHECKED_HOST.contains(&name)) {
            return Ok(());
        }
        match name {
            "Privileged" => self.require("privileged", &field, &shown(value)),
            "NetworkMode" => self.network_mode(&field, text(&field, value)?, references),
            "PidMode" => self.namespace(&field, text(&field, value)?, "host-pid", &[], references),
            "IpcMode" => {
                self.namespace(&field, text(&field, value)?, "host-ipc", &["none", "private", "shareable"], references)
            }
            "UTSMode" => self.namespace(&field, text(&field, value)?, "host-uts", &[], references),
            "UsernsMode" => self.namespace(&field, text(&field, value)?, "host-userns", &[], references),
            "CgroupnsMode" => self.namespace(&field, text(&field, value)?, "host-cgroupns", &["private"], references),
            "CapAdd" => self.capabilities(&field, &texts(&field, value)?),
            "Devices" => self.devices(&field, list(&field, value)?),
            "DeviceRequests" => self.require("device-requests", &field, &shown(value)),
            "DeviceCgroupRules" => self.require("device-cgroup-rules", &field, &shown(value)),
            "SecurityOpt" => self.security(&field, &texts(&field, value)?),
            "Binds" => self.binds(&texts(&field, value)?, references),
            "Mounts" => self.mounts(list(&field, value)?, references),
            "VolumeDriver" => self.volume_driver(&field, text(&field, value)?),
            "VolumesFrom" => {
                for source in texts(&field, value)? {
                    let container = source.split(':').next().unwrap_or(source);
                    references.containers.insert((container.to_owned(), field.clone()));
                }
                Ok(())
            }
            "Links" => links(&field, value, references),
            "Sysctls" => self.sysctls(&field, value),
            "Runtime" => match text(&field, value)? {
                "runc" | "io.containerd.runc.v2" => Ok(()),
                runtime => self.require(&format!("runtime:{runtime}"), &field, runtime),
            },
            "CgroupParent" | "Cgroup" => self.require("cgroup-parent", &field, &shown(value)),
            "OomScoreAdj" => match value.as_i64() {
                Some(0..) => Ok(()),
                _ => self.require("oom-score-adj", &field, &shown(value)),
            },
            "OomKillDisable" => self.require("oom-kill-disable", &field, &shown(value)),
            "LogConfig" => self.log_config(&field, value),
            "Annotations" => self.annotations(&field, value),
            "StorageOpt" => match object(&field, value)?.keys().find(|key| *key != "size") {
                None => Ok(()),
                Some(key) => self.require(&format!("storage-option:{key}"), &field, &shown(value)),
            },
            "CpuRealtimePeriod" | "CpuRealtimeRuntime" => self.require("cpu-realtime", &field, &shown(value)),
            "Isolation" if value == "default" => Ok(()),
            _ => {
                let known: Vec<&str> = SAFE_HOST.iter().chain(CHECKED_HOST).copied().collect();
                Err(self.unknown(&field, &known))
            }
        }
    }

    fn network_mode(&self, field: &str, mode: &str, references: &mut References) -> Result<(), Failure> {
        match mode {
            "default" | "bridge" | "none" => Ok(()),
            "host" => self.require("host-network", field, mode),
            _ => {
                if let Some(container) = mode.strip_prefix("container:") {
                    references.containers.insert((container.to_owned(), field.to_owned()));
                } else {
                    references.networks.insert(mode.to_owned());
                }
                Ok(())
            }
        }
    }

    fn namespace(
        &self,
        field: &str,
        mode: &str,
        danger: &str,
        harmless: &[&str],
        references: &mut References,
    ) -> Result<(), Failure> {
        if harmless.contains(&mode) {
            return Ok(());
        }
        if let Some(container) = mode.strip_prefix("container:") {
            references.containers.insert((container.to_owned(), field.to_owned()));
            return Ok(());
        }
        self.require(danger, field, mode)
    }

    fn capabilities(&self, field: &str, names: &[&str]) -> Result<(), Failure> {
        for name in names {
            let upper = name.to_ascii_uppercase();
            let name = upper.strip_prefix("CAP_").unwrap_or(&upper);
            if !DEFAULT_CAPABILITIES.contains(&name) {
                self.require(&format!("cap-add:{name}"), field, name)?;
            }
        }
        Ok(())
    }

    fn devices(&self, field: &str, devices: &[Value]) -> Result<(), Failure> {
        for device in devices {
            let path = device
                .get("PathOnHost")
                .and_then(Value::as_str)
                .ok_or_else(|| wrong(&format!("{field}.PathOnHost"), "the path of a device"))?;
            self.require(&format!("device:{path}"), field, path)?;
        }
        Ok(())
    }

    fn security(&self, field: &str, options: &[&str]) -> Result<(), Failure> {
        for option in options {
            // The engine takes `=` and, from before, `:`.
            let option = option.replacen(':', "=", usize::from(!option.contains('=')));
            match option.as_str() {
                "no-new-privileges" | "no-new-privileges=true" | "apparmor=docker-default" | "seccomp=builtin" => {}
                // A profile is a document of its own; a grant names it by kind, not by content.
                custom if custom.starts_with("seccomp={") => {
                    self.require("security-opt:seccomp=custom", field, "seccomp={…}")?;
                }
                other => self.require(&format!("security-opt:{other}"), field, other)?,
            }
        }
        Ok(())
    }

    /// Judges annotations. They reach the runtime, and some runtimes give rights, run programs or write files of the
    /// host because of them.
    fn annotations(&self, field: &str, value: &Value) -> Result<(), Failure> {
        if self.allows("annotations") {
            return Ok(());
        }
        for (name, value) in object(field, value)? {
            self.require(&format!("annotation:{name}"), &format!("{field}.{name}"), &shown(value))?;
        }
        Ok(())
    }

    fn sysctls(&self, field: &str, value: &Value) -> Result<(), Failure> {
        for (name, value) in object(field, value)? {
            // The engine itself refuses these together with the host's own network or IPC namespace.
            let of_the_container = ["net.", "kernel.shm", "kernel.msg", "fs.mqueue."];
            if name == "kernel.sem" || of_the_container.iter().any(|prefix| name.starts_with(prefix)) {
                continue;
            }
            self.require(&format!("sysctl:{name}"), &format!("{field}.{name}"), &shown(value))?;
        }
        Ok(())
    }

    fn log_config(&self, field: &str, value: &Value) -> Result<(), Failure> {
        for (name, value) in object(field, value)? {
            match (name.as_str(), value) {
                ("Type", Value::String(driver)) if !driver.is_empty() && !LOG_DRIVERS.contains(&driver.as_str()) => {
                    self.require(&format!("log-driver:{driver}"), &format!("{field}.Type"), driver)?;
                }
                ("Type" | "Config", _) => {}
                (name, _) => return Err(self.unknown(&format!("{field}.{name}"), &["Type", "Config"])),
            }
        }
        Ok(())
    }

    /// A list of hidden paths replaces the engine's own, and engines hide more with every version: a list that says
    /// nothing of its own is left to the engine, and any other gets what it lacks. `throttles` are those of this host's
    /// CPUs.
    pub(crate) fn hide_as_the_engine_does(&self, body: &mut Value, throttles: &[String]) {
        let Some(host) = body.get_mut("HostConfig").and_then(Value::as_object_mut) else { return };
        if self.allows("unmasked-paths") {
            return;
        }
        let masked: Vec<&str> =
            MASKED.iter().chain(MASKED_SINCE).copied().chain(throttles.iter().map(String::as_str)).collect();
        for (field, hidden) in [("MaskedPaths", masked.as_slice()), ("ReadonlyPaths", READ_ONLY)] {
            let Some(Value::Array(paths)) = host.get_mut(field) else { continue };
            let own = |path: &Value| path.as_str().is_none_or(|path| !hidden.contains(&path) && !is_throttle(path));
            if !paths.iter().any(own) {
                host.remove(field);
                continue;
            }
            let lacking: Vec<Value> =
                hidden.iter().map(|path| Value::from(*path)).filter(|path| !paths.contains(path)).collect();
            paths.extend(lacking);
        }
    }

    fn paths(&self, field: &str, value: &Value, defaults: &[&str]) -> Result<(), Failure> {
        if value.is_null() {
            return Ok(());
        }
        let paths = texts(field, value)?;
        match defaults.iter().find(|path| !paths.contains(path)) {
            None => Ok(()),
            Some(_) => self.require("unmasked-paths", field, &shown(value)),
        }
    }
}

/// Whether a path is what the engine hides of one CPU: `/sys/devices/system/cpu/cpu0/thermal_throttle`.
fn is_throttle(path: &str) -> bool {
    let number =
        path.strip_prefix("/sys/devices/system/cpu/cpu").and_then(|rest| rest.strip_suffix("/thermal_throttle"));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()))
}

/// `CONTAINER:ALIAS` in a list.
pub(super) fn links(field: &str, value: &Value, references: &mut References) -> Result<(), Failure> {
    for link in texts(field, value)? {
        let container = link.split(':').next().unwrap_or(link).trim_start_matches('/');
        references.containers.insert((container.to_owned(), field.to_owned()));
    }
    Ok(())
}
