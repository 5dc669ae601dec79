//! `POST /volumes/create`, and the volume drivers that a container names.
//!
//! The driver `local` mounts whatever its options say, a host path included: such a volume is a bind mount.

use serde_json::Value;
use windlass_documents::Failure;

use super::Policy;
use super::fields::{is_nothing, object, shown, text, wrong};

const FIELDS: &[&str] = &["Name", "Driver", "DriverOpts", "Labels"];

impl Policy<'_> {
    /// Decides about a body of `POST /volumes/create`.
    pub(crate) fn volume(&self, body: &Value) -> Result<(), Failure> {
        let fields = object("body", body)?;
        if let Some((name, _)) =
            fields.iter().find(|(name, value)| !FIELDS.contains(&name.as_str()) && !is_nothing(value))
        {
            return Err(self.unknown(name, FIELDS));
        }
        if let Some(labels) = fields.get("Labels").filter(|labels| !labels.is_null()) {
            self.labels("Labels", labels)?;
        }
        let nothing = Value::Null;
        let driver = fields.get("Driver").unwrap_or(&nothing);
        self.driver("DriverOpts", driver, fields.get("DriverOpts").unwrap_or(&nothing))
    }

    /// `HostConfig.VolumeDriver`.
    pub(super) fn volume_driver(&self, field: &str, driver: &str) -> Result<(), Failure> {
        if driver == "local" { Ok(()) } else { self.require(&format!("volume-driver:{driver}"), field, driver) }
    }

    /// A driver with its options.
    pub(super) fn driver(&self, field: &str, driver: &Value, options: &Value) -> Result<(), Failure> {
        if !is_nothing(driver) {
            self.volume_driver(field, text(field, driver)?)?;
        }
        if is_nothing(options) {
            return Ok(());
        }
        let options = object(field, options)?;
        let option = |name: &str| options.get(name).and_then(Value::as_str).unwrap_or_default();
        if let Some((name, value)) =
            options.iter().find(|(name, _)| !matches!(name.as_str(), "type" | "o" | "device" | "size"))
        {
            self.require(&format!("volume-option:{name}"), &format!("{field}.{name}"), &shown(value))?;
        }
        if options.values().any(|value| !value.is_string()) {
            return Err(wrong(field, "an object of texts"));
        }
        let (kind, flags, device) = (option("type"), option("o"), option("device"));
        let binds = flags.split(',').any(|flag| matches!(flag, "bind" | "rbind"));
        match kind {
            // Memory of the container's own.
            "tmpfs" if !binds && !device.starts_with('/') => Ok(()),
            "" | "none" | "bind" if device.is_empty() && !binds => Ok(()),
            _ if binds && device.starts_with('/') => {
                let read_only = flags.split(',').any(|flag| flag == "ro");
                self.host_path(&format!("{field}.device"), device, read_only)
            }
            other => {
                let kind = if other.is_empty() { "none" } else { other };
                self.require(&format!("volume-type:{kind}"), field, &format!("type={kind},o={flags},device={device}"))
            }
        }
    }
}
