//! Deploys by launching a job template of AWX with the release's versions as extra variables, and following the job to
//! its end.
//!
//! `plan` makes one step, `launch` launches exactly once, `follow` waits, `intent` remembers. What AWX's jobs do is
//! not known here.

mod client;
mod config;
mod follow;
mod intent;
mod launch;
mod plan;
mod template;
#[cfg(test)]
mod tests;

use windlass_sdk::prelude::*;
use windlass_strategies::Words;

use client::Client;
pub use config::{Config, Template};
use intent::{Intent, Way};
use launch::Launch;

/// The release file's lines that show what it can do.
const EXAMPLE: &str = include_str!("../example.toml");

/// The strategy; it has no state but what was launched.
#[derive(Debug)]
pub struct StrategyAwx;

impl Strategy for StrategyAwx {
    type Config = Config;

    fn validate(config: &Config) -> Result<()> {
        config.validate()
    }

    fn observe(context: &Context<'_>, _: &Config) -> Result<Observation> {
        Ok(plan::observation(&Words::of(context)?))
    }

    fn plan(context: &Context<'_>, config: &Config) -> Result<Plan> {
        plan::plan(config, &Words::of(context)?)
    }

    fn apply(context: &Context<'_>, config: &Config, step: &Step) -> Result<Value> {
        let client = Client::new(config)?;
        let template = template::find(&client, config)?;
        let launch = Launch { context, config, client: &client, template: &template, way: Way::Forward };
        let address = launch.job(&step.details["launch"])?;
        let job = follow::to_end(context, config, &client, &address)?;
        follow::judge(&client, &job)
    }

    fn undo(context: &Context<'_>, config: &Config, step: &Step, _: Option<&Value>) -> Result<()> {
        undo(context, config, step)
    }

    fn verify(_: &Context<'_>, _: &Config) -> Result<Report> {
        Ok(Report::pass("AWX's job succeeded; smoke tests tell whether what it deployed works"))
    }
}

/// Ends the job that is under way, if there was one, and launches what ran before.
fn undo(context: &Context<'_>, config: &Config, step: &Step) -> Result<()> {
    let deployment = context.deployment();
    let (forward, _) = intent::read(Way::Forward, &deployment)?;
    let Some(forward) = forward else {
        log::info("no job was launched: there is nothing to undo");
        return Ok(());
    };
    let client = Client::new(config)?;
    let template = template::find(&client, config)?;
    let way = |way| Launch { context, config, client: &client, template: &template, way };
    let job = match forward {
        Intent { job: Some(job), .. } => Some(job),
        Intent { job: None, .. } => way(Way::Forward).find()?,
    };
    if let Some(job) = job {
        follow::cancel(context, config, &client, &job)?;
    }
    let before = &step.before["launch"];
    if before.is_null() {
        log::warn("nothing ran before: what the job did is left as it is");
        return Ok(());
    }
    let back = way(Way::Back);
    // A job back that failed in an earlier attempt is no reason not to try once more.
    if let (Some(Intent { job: Some(job), .. }), Some(revision)) = intent::read(Way::Back, &deployment)? {
        let job = client.get_at(&job)?;
        if follow::has_ended(&job) && job["status"] != "successful" {
            intent::forget(Way::Back, revision)?;
        }
    }
    let address = back.job(before)?;
    let job = follow::to_end(context, config, &client, &address)?;
    follow::judge(&client, &job).map(drop)
}

windlass_sdk::export!(strategy StrategyAwx {
    name: "strategy-awx",
    summary: "deploys by a job template of AWX",
    example: EXAMPLE,
    capabilities: [
        "http" => "launches the job and follows it",
        "state" => "remembers what was launched, so that nothing is launched twice",
        "secrets" optional true => "shows AWX a token or a password",
    ],
});
