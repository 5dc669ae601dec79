//! `POST /volumes/create`, and the volume drivers that a container names.
//!
//! The driver `local` mounts whatever its options say, a host path included: such a volume is a bind mount.

use serde_json::{Map, Value};
use windlass_domain::Failure;

use super::fields::{is_nothing, is_unset, object, shown, text, wrong};
use super::options::{self, Local};
use super::{HostMount, Policy};

const FIELDS: &[&str] = &["Name", "Driver", "DriverOpts", "Labels"];

impl Policy<'_> {
    /// Decides about a body of `POST /volumes/create`.
    ///
    /// Returns the host path that it mounts, if it does.
    pub(crate) fn volume(&self, body: &Value) -> Result<Option<HostMount>, Failure> {
        let fields = object("body", body)?;
        if let Some((name, _)) =
            fields.iter().find(|(name, value)| !FIELDS.contains(&name.as_str()) && !is_unset(value))
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

    /// Judges the options of a volume that is there.
    pub(crate) fn existing_volume(&self, options: &Map<String, Value>) -> Result<(), Failure> {
        self.driver("DriverOpts", &Value::Null, &Value::Object(options.clone())).map(drop)
    }

    /// `HostConfig.VolumeDriver`.
    pub(super) fn volume_driver(&self, field: &str, driver: &str) -> Result<(), Failure> {
        if driver == "local" { Ok(()) } else { self.require(&format!("volume-driver:{driver}"), field, driver) }
    }

    /// A driver with its options. Returns the host path that they name, if they do.
    pub(super) fn driver(&self, field: &str, driver: &Value, options: &Value) -> Result<Option<HostMount>, Failure> {
        if !is_nothing(driver) {
            self.volume_driver(field, text(field, driver)?)?;
        }
        if is_nothing(options) {
            return Ok(None);
        }
        let options = object(field, options)?;
        if let Some((name, value)) =
            options.iter().find(|(name, _)| !matches!(name.as_str(), "type" | "o" | "device" | "size"))
        {
            self.require(&format!("volume-option:{name}"), &format!("{field}.{name}"), &shown(value))?;
        }
        if options.values().any(|value| !value.is_string()) {
            return Err(wrong(field, "an object of texts"));
        }
        let written = |name: &str| options.get(name).and_then(Value::as_str).unwrap_or_default();
        let meant = options::local(options).map_err(|refusal| {
            self.forbidden(&format!("{field}.{}", refusal.key), written(refusal.key), &refusal.why)
        })?;
        match meant {
            Local::Plain | Local::Memory => Ok(None),
            Local::HostPath { device, read_only, propagation } => {
                if propagation.is_some() {
                    self.require("mount-propagation", &format!("{field}.o"), written("o"))?;
                }
                // Not the release's own files either: a volume outlives its release, and the mount of it is the
                // engine's to make.
                let named = format!("{field}.device");
                let resolved = self.resolved(&named, device)?;
                let path = self.outside_path(&named, device, resolved, read_only)?;
                Ok(Some(HostMount::new(&named, device, path, !read_only)))
            }
            Local::Other { kind } => {
                let shown = format!("type={kind},o={},device={}", written("o"), written("device"));
                self.require(&format!("volume-type:{kind}"), field, &shown)?;
                Ok(None)
            }
        }
    }
}
