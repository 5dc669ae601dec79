//! Volumes without a name of their own, which the engine made for one container. No label names their owner and their
//! names are no secret, so the containers that mount them decide the owner.

use std::collections::HashMap;

use bollard::models::{ContainerInspectResponse, ContainerSummary, Volume};
use windlass_domain::Failure;

use super::Docker;
use super::policy::{APPLICATION, PROJECT, Policy};
use super::prepare::DEPLOYMENT;

/// The label of a container that says what becomes of its anonymous volumes when it is removed.
pub(super) const VOLUMES: &str = "windlass.volumes";
/// They are removed with the container: what a job leaves in them is not used again.
pub(super) const DISCARD: &str = "discard";

impl Docker {
    /// Whether a volume is one that the engine made for a container of the application, and that every container that
    /// mounts it is the application's. False for a volume that no container mounts: it may have belonged to another
    /// application.
    pub(super) async fn is_own_anonymous(&self, policy: &Policy<'_>, volume: &Volume) -> Result<bool, Failure> {
        if !is_made_up(&volume.name) || is_labelled(&volume.labels) {
            return Ok(false);
        }
        let containers = self.all_containers().await?;
        let (own, others): (Vec<_>, Vec<_>) = containers
            .iter()
            .filter(|container| mounts(container, &volume.name))
            .partition(|container| self.owns(container.labels.as_ref()));
        if own.is_empty() || !others.is_empty() {
            return Ok(false);
        }
        // Such a volume can also name a path of the host, and may be older than the current grant.
        if volume.driver == "local" && !volume.options.is_empty() {
            let options = volume.options.iter().map(|(key, value)| (key.clone(), value.clone().into()));
            policy.existing_volume(&options.collect())?;
        }
        Ok(true)
    }

    /// Whether a container's anonymous volumes go with it. Those of a container that this deployment made hold nothing
    /// but what is undone; those of an older one are data, unless its labels say otherwise. What another container
    /// mounts stays in any case.
    pub(super) fn discards_volumes(&self, container: &ContainerInspectResponse) -> bool {
        let labels = container.config.as_ref().and_then(|config| config.labels.as_ref());
        let label = |name: &str| labels.and_then(|labels| labels.get(name));
        let deployment = label(DEPLOYMENT);
        deployment.is_some() && deployment.map(String::as_str) == self.scope.about.in_journal()
            || label(VOLUMES).is_some_and(|word| word == DISCARD)
    }
}

/// Whether a name is like those that the engine makes up.
fn is_made_up(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|letter| letter.is_ascii_hexdigit())
}

/// Whether a volume's labels name its owner.
fn is_labelled(labels: &HashMap<String, String>) -> bool {
    labels.contains_key(APPLICATION) || labels.contains_key(PROJECT)
}

fn mounts(container: &ContainerSummary, volume: &str) -> bool {
    container.mounts.iter().flatten().any(|mount| mount.name.as_deref() == Some(volume))
}
