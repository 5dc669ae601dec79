//! Creating, stopping and starting containers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use windlass_sdk::Result;

use super::{Work, id_of};
use crate::desired;
use crate::engine::or_gone;
use crate::operation::{Operation, Shared};
use crate::{json, labels, wait};

impl Work<'_> {
    /// Makes a container and connects it, without starting it.
    pub(super) fn create(&self, operation: &Operation) -> Result<Value> {
        let Operation::Create { container, temporary, body, endpoints, reference, shares, carried } = operation else {
            return Ok(Value::Null);
        };
        let found = self.find_new(container)?;
        let id = if let Some(found) = &found {
            id_of(found)
        } else {
            let image = self.engine.image(reference)?;
            let mut body = body.clone();
            if let Some(labels) = body.get_mut("Labels").and_then(Value::as_object_mut) {
                labels.insert(labels::IMAGE.to_owned(), image.get("Id").cloned().unwrap_or_default());
            }
            let mut ids = BTreeMap::new();
            for (service, shared) in shares {
                let id = match shared {
                    Shared::New(new) => self.new_id(new)?,
                    Shared::Kept(id) => id.clone(),
                };
                ids.insert(service.clone(), id);
            }
            desired::fill(&mut body, &ids);
            desired::carry(&mut body, carried, Some(image.get("Config").unwrap_or(&Value::Null)));
            let name = if *temporary { container.temporary_name(&self.deployment) } else { container.name.clone() };
            self.engine.create(&name, &body)?
        };
        // An engine of API 1.41 takes one network at creation.
        for endpoint in endpoints.iter().skip(1) {
            self.connect(&id, endpoint)?;
        }
        Ok(json!({ "container": id }))
    }

    /// Stops what gives way. A policy that would start it again after a restart of the engine is taken away first.
    pub(super) fn stop_old(&self) -> Result<Value> {
        for old in self.before.containers.iter().filter(|old| old.running) {
            if may_come_back(&old.restart_policy) {
                or_gone(self.engine.update(&old.id, &json!({ "RestartPolicy": { "Name": "no" } })))?;
            }
            or_gone(self.engine.stop(&old.id, Duration::from_secs(old.grace_seconds)))?;
        }
        Ok(json!({ "stopped": self.before.containers.iter().map(|old| &old.id).collect::<Vec<_>>() }))
    }

    /// Starts again what gave way, with the connections that it had.
    pub(super) fn start_old(&self) -> Result<()> {
        for old in self.before.containers.iter().filter(|old| old.running) {
            // The engine kills a container that it was told to stop when the grace period is over, whichever client
            // told it and whatever was requested since: a container that still runs may have been told so, and nothing
            // says whether it was. One that has ended before it is started is not killed any more.
            or_gone(self.engine.stop(&old.id, Duration::from_secs(old.grace_seconds)))?;
            if may_come_back(&old.restart_policy) {
                self.engine.update(&old.id, &json!({ "RestartPolicy": old.restart_policy }))?;
            }
            self.start(&old.id, &old.endpoints, old.lacked)?;
        }
        Ok(())
    }

    /// Gives what still runs time to finish what it began.
    pub(super) fn drain(&self, time: Duration) -> Result<()> {
        let mut running = false;
        for old in &self.before.containers {
            let found = or_gone(self.engine.container(&old.id))?;
            running |= found
                .is_some_and(|inspect| json::text(&inspect, "/State/Status").is_some_and(|status| status == "running"));
        }
        if running { wait::pass(self.context, time) } else { Ok(()) }
    }
}

/// Whether the engine may start a stopped container when it starts itself: with `always` in any case, with
/// `on-failure` because a container that was stopped rarely ends with exit code 0.
fn may_come_back(policy: &Value) -> bool {
    json::text(policy, "/Name").is_some_and(|name| name == "always" || name == "on-failure")
}
