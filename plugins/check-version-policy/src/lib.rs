//! Checks that a release has a version that may follow the one that runs, from a commit that may be deployed.
//!
//! Going back is not its business: `windlass rollback` deploys a release that these rules passed once, and must work
//! while the repository cannot be asked. It reads no version out of files: the release has it.

mod ancestry;
mod clone;
mod config;
mod history;
mod order;
mod policy;
mod subject;
mod versions;

use windlass_github::Client;
use windlass_sdk::prelude::*;

use clone::Clone;
pub use config::{Config, Of, Own, Scheme};
use policy::{Policy, Source};
use subject::Subject;

/// The release file's lines that show what it can do.
const EXAMPLE: &str = include_str!("../example.toml");

/// The plugin.
#[derive(Debug)]
pub struct CheckVersionPolicy;

impl Check for CheckVersionPolicy {
    type Config = Config;

    fn validate(config: &Config) -> Result<()> {
        Policy::of(config)?;
        config.artifacts.keys().try_for_each(|name| Policy::of_artifact(config, name).map(drop))
    }

    fn run(context: &Context<'_>, config: &Config) -> Result<Report> {
        if context.purpose() == "rollback" {
            return Ok(Report::pass("going back to a release that was deployed here is not held to versions"));
        }
        let (release, running) = (context.release()?, context.running()?);
        if let Some(name) = config.artifacts.keys().find(|name| !release.artifacts.contains_key(*name)) {
            return Err(Error::config(format!(
                "`artifacts` has rules for `{name}`, which is no artifact of the release"
            )));
        }
        if running.as_ref().is_some_and(|running| running.id == release.id) {
            return Ok(Report::pass(format!("{} is what runs", release.version)));
        }
        let subjects = subject::all(config, &release, running.as_ref())?;
        let mut findings: Vec<Finding> = subjects.iter().flat_map(order::judge).collect();
        let asked = subjects.iter().filter(|subject| subject.policy.asks()).map(ask).collect::<Result<Vec<_>>>();
        match asked {
            Ok(more) => findings.extend(more.into_iter().flatten()),
            // A no that is certain is not hidden behind a question that got no answer.
            Err(error) if findings.iter().any(|finding| finding.verdict == Verdict::Fail) => {
                findings.push(Finding::new("commits", Verdict::Inconclusive, error.to_string()));
            }
            Err(error) => return Err(error),
        }
        Ok(report(findings))
    }
}

fn ask(subject: &Subject) -> Result<Vec<Finding>> {
    match &subject.policy.source {
        Some(Source::GitHub(settings)) => ancestry::judge(subject, &Client::new(settings)?),
        Some(Source::Clone { commands, fetch }) => ancestry::judge(subject, &Clone::open(commands, *fetch)?),
        None => Ok(Vec::new()),
    }
}

fn report(findings: Vec<Finding>) -> Report {
    let mut bad = findings.iter().filter(|finding| !matches!(finding.verdict, Verdict::Pass | Verdict::Warn));
    let summary = match (bad.next(), bad.count()) {
        (None, _) => "versions and commits are as they must be".to_owned(),
        (Some(first), 0) => first.title.clone(),
        (Some(first), more) => format!("{} (and {more} more)", first.title),
    };
    Report::of(findings, summary)
}

windlass_sdk::export!(check CheckVersionPolicy {
    name: "check-version-policy",
    summary: "checks that a release has a version that may follow the one that runs, from a commit that may be deployed",
    example: EXAMPLE,
    capabilities: [
        "http" optional true => "asks GitHub about commits and tags where a repository is named",
        "secrets" optional true => "sends the token of GitHub",
        "exec" optional true => "asks a clone about commits and tags where one is named",
    ],
});

#[cfg(test)]
mod tests;
