//! `volumes` of the application.

use std::collections::BTreeMap;

use super::{Context, networks};
use crate::Position;
use crate::read::Fields;
use crate::yaml::Mapping;

/// A named volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// The name in the engine where the file gives one; otherwise it is made of the project's name and the key.
    pub name: Option<String>,
    /// Whether it is made and kept outside of the application.
    pub external: bool,
    /// The driver; none for the engine's default.
    pub driver: Option<String>,
    /// Options of the driver.
    pub driver_opts: BTreeMap<String, String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Where it was written.
    pub position: Position,
}

pub(super) fn declared(context: &Context<'_>, mapping: &Mapping) -> BTreeMap<String, Volume> {
    let mut volumes = BTreeMap::new();
    for entry in &mapping.entries {
        let path = format!("volumes.{}", entry.key);
        let mut volume = Volume {
            name: None,
            external: false,
            driver: None,
            driver_opts: BTreeMap::new(),
            labels: BTreeMap::new(),
            position: entry.position.clone(),
        };
        if !entry.value.is_null()
            && let Some(mapping) = context.report.mapping(&entry.value, &path)
        {
            let mut fields = Fields::new(context.report, mapping, path.clone());
            let name = fields.with("name", |report, node, path| report.name(node, path)).flatten();
            (volume.external, volume.name) = networks::external(&mut fields, name);
            networks::named(&fields, volume.name.as_ref(), &entry.position);
            volume.driver = fields.text("driver");
            volume.driver_opts = fields.options("driver_opts", false);
            volume.labels = fields.pairs("labels");
            fields.finish(&[]);
            networks::external_says_nothing_else(context, volume.external, mapping, &path);
        }
        let is_bind = volume.driver_opts.get("o").is_some_and(|words| words.split(',').any(|word| word == "bind"));
        if let Some(device) = volume.driver_opts.get("device").filter(|device| is_bind && !device.starts_with('/')) {
            context.report.at(
                &entry.position,
                format!("`volumes.{}`: `{device}` is part of the release, which no container may change", entry.key),
            );
        }
        if volume.external && volume.name.is_none() {
            volume.name = Some(entry.key.clone());
        }
        volumes.insert(entry.key.clone(), volume);
    }
    volumes
}
