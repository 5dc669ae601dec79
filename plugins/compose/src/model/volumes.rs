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
    /// Whether somebody else makes and keeps it.
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
        if let Some(mapping) = context.report.mapping(&entry.value, &path) {
            let mut fields = Fields::new(context.report, mapping, path);
            let name = fields.text("name");
            (volume.external, volume.name) = networks::external(&mut fields, name);
            volume.driver = fields.text("driver");
            volume.driver_opts =
                fields.with("driver_opts", |report, node, path| report.text_pairs(node, path)).unwrap_or_default();
            volume.labels =
                fields.with("labels", |report, node, path| report.text_pairs(node, path)).unwrap_or_default();
            fields.finish(&[]);
        }
        if volume.external && volume.name.is_none() {
            volume.name = Some(entry.key.clone());
        }
        volumes.insert(entry.key.clone(), volume);
    }
    volumes
}
