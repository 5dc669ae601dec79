//! Checks that the continuous integration of a release's commit succeeded: combined status and check runs.
//!
//! It starts nothing and repeats nothing; what still runs is waited for until the check's deadline. Going back is not
//! its business: a release that ran here passed it once, and going back must work while GitHub cannot be asked.

mod config;
mod judge;
mod signals;

use windlass_github::Client;
use windlass_sdk::prelude::*;

use config::Wanted;
pub use config::{Config, Own, Provider};

/// The release file's lines that show what it can do.
const EXAMPLE: &str = include_str!("../example.toml");

/// The plugin.
#[derive(Debug)]
pub struct CheckCiStatus;

impl Check for CheckCiStatus {
    type Config = Config;

    fn validate(config: &Config) -> Result<()> {
        config.wanted().map(drop)
    }

    fn run(context: &Context<'_>, config: &Config) -> Result<Report> {
        if context.purpose() == "rollback" {
            return Ok(Report::pass("going back to a release that was deployed here needs no continuous integration"));
        }
        let release = context.release()?;
        let mut findings = Vec::new();
        for wanted in config.wanted()? {
            context.stop_if_cancelled()?;
            findings.extend(ask(&wanted, &release, &Client::new(&wanted.settings)?)?);
        }
        Ok(judge::report(findings))
    }
}

fn ask(wanted: &Wanted, release: &Release, client: &Client<'_>) -> Result<Vec<Finding>> {
    let unknown = |message: String| {
        let finding = Finding::new(format!("ci:{}", wanted.name), Verdict::Fail, message);
        Ok(vec![finding.remedy("push the commit and its tag, and correct `repository` and `tag`")])
    };
    let repository = client.repository();
    let Some(commit) = commit(wanted, release, client)? else {
        return unknown(format!("{repository} has no commit for the version of {}", wanted.title()));
    };
    let (Some(statuses), Some(runs)) = (client.statuses(&commit)?, client.check_runs(&commit)?) else {
        return unknown(format!("the commit {commit} of {} is not known to {repository}", wanted.title()));
    };
    let statuses = statuses.iter().map(signals::status);
    let signals = statuses.chain(runs.iter().map(signals::check_run)).collect::<Result<Vec<_>>>()?;
    Ok(judge::judge(wanted, &signals))
}

fn commit(wanted: &Wanted, release: &Release, client: &Client<'_>) -> Result<Option<String>> {
    if wanted.name == "release" {
        return match &release.commit {
            Some(commit) => Ok(Some(commit.clone())),
            None => client.commit_of_version(&release.version, &wanted.tag),
        };
    }
    let artifact = release.artifacts.get(&wanted.name).ok_or_else(|| {
        Error::config(format!("`artifacts` names `{}`, which is no artifact of the release", wanted.name))
    })?;
    match &artifact.tag {
        Some(tag) => client.commit_of_version(tag, &wanted.tag),
        None => Ok(None),
    }
}

windlass_sdk::export!(check CheckCiStatus {
    name: "check-ci-status",
    summary: "checks that the continuous integration of the release's commit succeeded",
    example: EXAMPLE,
    capabilities: [
        "http" => "asks GitHub about the commit",
        "secrets" optional true => "sends the token of GitHub",
    ],
});

#[cfg(test)]
mod tests;
