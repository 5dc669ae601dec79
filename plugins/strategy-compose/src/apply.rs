//! Making a step true, and putting back what was before.
//!
//! Both look first and do only what is missing, so that each can be done again after a crash at any point.

mod containers;
mod names;
mod network;
mod reach;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize as _;
use serde_json::{Value, json};
use windlass_domain::{Plan, Step};
use windlass_sdk::{Context, Error, Result};

use crate::desired::Platform;
use crate::engine::{Engine, or_gone};
use crate::labels;
use crate::operation::{Before, New, Operation};
use crate::wait::{self, Wish};

pub(crate) use reach::lack;

/// One step with what it needs to be done.
struct Work<'a> {
    context: &'a Context<'a>,
    engine: &'a dyn Engine,
    deployment: String,
    before: Before,
}

/// What a step does, and what it saw.
pub(crate) fn read(step: &Step) -> Result<(Operation, Before)> {
    let unreadable = |error: serde_json::Error| {
        Error::internal(format!("step `{}` is not one that this version of the plugin made: {error}", step.id))
    };
    let operation = Operation::deserialize(&step.details).map_err(unreadable)?;
    let before = if step.before.is_null() {
        Before::default()
    } else {
        Before::deserialize(&step.before).map_err(unreadable)?
    };
    Ok((operation, before))
}

/// The containers that a plan stops while the release is verified.
pub(crate) fn stops_meanwhile(plan: Option<&Plan>) -> BTreeSet<String> {
    let steps = plan.into_iter().flat_map(|plan| &plan.steps).filter(|step| step.is_during_verify());
    let retired = steps.filter_map(|step| match read(step) {
        Ok((Operation::Retire { .. }, before)) => Some(before.containers),
        _ => None,
    });
    retired.flatten().map(|old| old.id).collect()
}

/// Makes a step true. Returns facts for the journal.
pub(crate) fn apply(context: &Context<'_>, engine: &dyn Engine, step: &Step) -> Result<Value> {
    let (operation, before) = read(step)?;
    let work = Work { context, engine, deployment: context.deployment(), before };
    match &operation {
        Operation::Pull { reference, platforms } => {
            let image = engine.pull(reference)?;
            is_for(reference, &image, platforms)?;
            Ok(json!({ "image": image.get("Id") }))
        }
        Operation::CreateNetwork { name, body } => {
            let id = engine.create_network(body)?;
            Ok(json!({ "network": name, "id": id }))
        }
        Operation::CreateVolume { name, body } => {
            engine.create_volume(body)?;
            Ok(json!({ "volume": name }))
        }
        Operation::Create { .. } => work.create(&operation),
        Operation::Gather => Ok(Value::Null),
        Operation::Stop => work.stop_old(),
        Operation::Rename { container } => work.rename(container),
        Operation::Start { container, endpoints, .. } => {
            let id = work.new_id(container)?;
            work.start(&id, endpoints, false)?;
            Ok(json!({ "container": id }))
        }
        Operation::StartAgain { endpoints } => {
            for old in &work.before.containers {
                work.start(&old.id, endpoints, false)?;
            }
            Ok(Value::Null)
        }
        Operation::Connect { endpoints } => work.connect_old(endpoints),
        Operation::Run { container, deadline_seconds, endpoints, .. } => {
            let id = work.new_id(container)?;
            work.attach(&id, endpoints)?;
            let ended = wait::ended(context, engine, &id, Duration::from_secs(*deadline_seconds))?;
            Ok(json!({ "container": id, "finished": ended.pointer("/State/FinishedAt"), "exit-code": 0 }))
        }
        Operation::Await { container, deadline_seconds, settle_milliseconds, endpoints, for_service } => {
            let wish = Wish {
                deadline: Duration::from_secs(*deadline_seconds),
                settle: Duration::from_millis(*settle_milliseconds),
                endpoints,
                for_service: for_service.as_deref(),
            };
            work.healthy(container.as_ref(), &wish)
        }
        Operation::Switch { container, endpoints } => work.switch(container, endpoints),
        Operation::Drain { milliseconds } => {
            work.drain(Duration::from_millis(*milliseconds))?;
            Ok(Value::Null)
        }
        Operation::Retire { drain_milliseconds } => {
            work.drain(Duration::from_millis(*drain_milliseconds))?;
            work.stop_old().map_err(|error| match error.advice() {
                Some(_) => error,
                None => error.hint("it may still run beside the new version; the next deployment stops it"),
            })
        }
        Operation::RemoveContainer { id } => {
            or_gone(engine.remove(id, false))?;
            Ok(Value::Null)
        }
        Operation::RemoveNetwork { name } => {
            or_gone(engine.remove_network(name))?;
            Ok(Value::Null)
        }
    }
}

/// Puts back what was before a step.
pub(crate) fn undo(context: &Context<'_>, engine: &dyn Engine, step: &Step) -> Result<()> {
    let (operation, before) = read(step)?;
    let work = Work { context, engine, deployment: context.deployment(), before };
    match &operation {
        // An image that stays does no harm, and saves the next attempt the download. Sweeping is never undone.
        Operation::Pull { .. }
        | Operation::Gather
        | Operation::Await { .. }
        | Operation::Drain { .. }
        | Operation::RemoveContainer { .. }
        | Operation::RemoveNetwork { .. } => Ok(()),
        Operation::CreateNetwork { name, .. } => {
            let found = or_gone(engine.network(name))?;
            if found.is_some_and(|network| work.made(&network, "/Labels")) {
                or_gone(engine.remove_network(name))?;
            }
            Ok(())
        }
        Operation::CreateVolume { name, .. } => {
            let found = or_gone(engine.volume(name))?;
            if found.is_some_and(|volume| work.made(&volume, "/Labels")) {
                or_gone(engine.remove_volume(name))?;
            }
            Ok(())
        }
        Operation::Create { container, .. } => {
            if let Some(found) = work.find_new(container)? {
                or_gone(engine.remove(&id_of(&found), true))?;
            }
            Ok(())
        }
        Operation::Stop | Operation::Retire { .. } => work.start_old(),
        Operation::Rename { container } => work.rename_back(container),
        Operation::Start { container, grace_seconds, .. } | Operation::Run { container, grace_seconds, .. } => {
            if let Some(found) = work.find_new(container)? {
                or_gone(engine.stop(&id_of(&found), Duration::from_secs(*grace_seconds)))?;
            }
            Ok(())
        }
        Operation::StartAgain { .. } => {
            for old in work.before.containers.iter().filter(|old| !old.running) {
                or_gone(engine.stop(&old.id, Duration::from_secs(old.grace_seconds)))?;
            }
            Ok(())
        }
        Operation::Connect { endpoints } => work.disconnect_old(endpoints),
        Operation::Switch { container, endpoints } => work.switch_back(container, endpoints),
    }
}

/// An image that was pulled must be for the platforms that the services ask for.
fn is_for(reference: &str, image: &Value, platforms: &BTreeSet<String>) -> Result<()> {
    let Some(is) = Platform::of_image(image) else { return Ok(()) };
    let missed = platforms.iter().find(|asked| Platform::read(asked).is_some_and(|asked| !asked.is_met_by(&is)));
    missed.map_or(Ok(()), |asked| {
        let message = format!("a service asks for {asked}, but the image `{reference}` is for {is}");
        Err(Error::new("conflict", message).hint("release the digest for that platform, or correct `platform`"))
    })
}

fn id_of(inspect: &Value) -> String {
    crate::json::text(inspect, "/Id").unwrap_or_default()
}

impl Work<'_> {
    /// Whether this deployment made an object.
    fn made(&self, object: &Value, labels: &str) -> bool {
        object
            .pointer(labels)
            .and_then(|labels| labels.get(labels::DEPLOYMENT))
            .and_then(Value::as_str)
            .is_some_and(|deployment| deployment == self.deployment)
    }

    /// The container that this deployment made for a service, under whichever of its two names.
    fn find_new(&self, container: &New) -> Result<Option<Value>> {
        for name in [container.temporary_name(&self.deployment), container.name.clone()] {
            if let Some(found) = or_gone(self.engine.container(&name))?
                && self.made(&found, "/Config/Labels")
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn new_id(&self, container: &New) -> Result<String> {
        let found = self.find_new(container)?.ok_or_else(|| {
            Error::new(
                "not-found",
                format!("the new container of {} is missing: it was removed while it was deployed", container.service),
            )
        })?;
        Ok(id_of(&found))
    }

    fn healthy(&self, container: Option<&New>, wish: &Wish<'_>) -> Result<Value> {
        let ids = match container {
            Some(container) => vec![self.new_id(container)?],
            None => self.before.containers.iter().map(|old| old.id.clone()).collect(),
        };
        for id in &ids {
            wait::healthy(self.context, self.engine, id, wish)?;
        }
        Ok(json!({ "containers": ids }))
    }
}
