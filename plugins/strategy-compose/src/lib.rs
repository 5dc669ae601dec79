//! Deploys the services of Compose files on a Docker Engine.
//!
//! `bundle` reads the files, `desired` makes bodies of them, `gather` asks the engine, `plan` compares the two and
//! says what to do (`reach`: whether what runs can be reached), `apply` does and undoes single steps, `verify` looks at the result. Everything but `gather`,
//! `apply`, `wait` and `verify` is pure.
//!
//! `images` says which of them going back lacks, and removes those that no kept release needs.
//!
//! It keeps nothing between calls and removes no volume.

mod apply;
mod bundle;
mod compare;
mod config;
mod desired;
mod engine;
mod gather;
mod health;
mod images;
mod json;
mod judged;
mod labels;
mod observe;
mod operation;
mod plan;
mod reach;
mod state;
#[cfg(test)]
mod tests;
mod verify;
mod wait;

use serde_json::Value;
use windlass_domain::{Observation, Plan, Release, Report, Step};
use windlass_sdk::{Context, Error, Result, Strategy};

pub use config::Config;
use desired::Standing;
use engine::{Engine as _, Host};
use gather::{Detail, gather};

/// The strategy; it has no state.
#[derive(Debug)]
pub struct Compose;

impl Strategy for Compose {
    type Config = Config;

    fn validate(config: &Config) -> Result<()> {
        config.validate()
    }

    fn observe(context: &Context<'_>, config: &Config) -> Result<Observation> {
        let project = config.project_of(&context.application());
        let detail = if context.purpose() == "status" { Detail::All } else { Detail::AllOf(gather::MANY) };
        let state = gather(&Host, &project, None, detail)?;
        Ok(observe::observation(&state))
    }

    fn plan(context: &Context<'_>, config: &Config) -> Result<Plan> {
        let mut desired = bundle::read(context, config)?;
        desired.standing = Standing::of(context)?;
        let state = gather(&Host, &desired.project, Some(&desired), Detail::Decisions)?;
        let plan = planned(&desired, &state)?;
        for part in judged::parts(&desired, &plan)? {
            Host.permits(&part)?;
        }
        Ok(plan)
    }

    fn apply(context: &Context<'_>, _: &Config, step: &Step) -> Result<Value> {
        apply::apply(context, &Host, step)
    }

    fn undo(context: &Context<'_>, _: &Config, step: &Step, _: Option<&Value>) -> Result<()> {
        apply::undo(context, &Host, step)
    }

    fn verify(context: &Context<'_>, config: &Config) -> Result<Report> {
        let mut desired = bundle::read(context, config)?;
        desired.standing = Standing::Runs;
        verify::verify(context, &Host, &desired)
    }

    fn missing(context: &Context<'_>, _: &Config) -> Result<Vec<String>> {
        images::missing(&Host, &context.plan()?.map(|plan| plan.way_back).unwrap_or_default())
    }

    fn prune(_: &Context<'_>, _: &Config, kept: &[Release]) -> Result<Vec<String>> {
        images::prune(&Host, kept)
    }
}

/// The plan, or an error that says what stands in its way.
fn planned(desired: &desired::Desired, state: &state::State) -> Result<Plan> {
    plan::plan(desired, state).map_err(|obstacles| {
        let (messages, hints): (Vec<String>, Vec<String>) = obstacles.0.into_iter().unzip();
        Error::new("invalid-config", messages.join("\n")).hint(hints.join("\n"))
    })
}

windlass_sdk::export!(strategy Compose {
    name: "strategy-compose",
    summary: "deploys the services of Compose files on a Docker Engine",
    example: include_str!("../example.toml"),
    capabilities: [
        "docker-read" => "sees what runs, and waits for its health",
        "docker-write" => "creates, starts, stops and removes containers, networks and volumes of the application",
        "secrets" optional true => "puts placeholders of the release's secrets into containers' environments and files",
    ],
});
