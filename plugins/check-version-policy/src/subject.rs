//! What has a version, now and in the release that runs.

use std::collections::BTreeMap;

use windlass_sdk::prelude::*;

use crate::config::{Config, Of};
use crate::policy::Policy;

/// Something with a version, and the rules for it.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// `release`, or the artifact's name: for the ids of findings.
    pub(crate) name: String,
    /// The rules.
    pub(crate) policy: Policy,
    /// As the release to deploy has it.
    pub(crate) new: State,
    /// As the release that runs has it; none when nothing runs or it has no such artifact.
    pub(crate) former: Option<State>,
}

/// A version, and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// The version.
    pub(crate) version: Option<String>,
    /// The release's commit.
    pub(crate) commit: Option<String>,
    /// Images by artifact.
    pub(crate) digests: BTreeMap<String, String>,
    /// What is not images: equal when and only when nothing else differs.
    pub(crate) rest: String,
}

/// All that is looked at: the release first, then artifacts by name.
pub(crate) fn all(config: &Config, release: &Release, running: Option<&Release>) -> Result<Vec<Subject>> {
    let mut subjects = Vec::new();
    if config.version == Of::Release {
        subjects.push(Subject {
            name: "release".to_owned(),
            policy: Policy::of(config)?,
            new: of_release(release),
            former: running.map(of_release),
        });
    }
    for (name, artifact) in &release.artifacts {
        if config.version == Of::Artifacts || config.artifacts.contains_key(name) {
            let former = running.and_then(|running| Some((running, running.artifacts.get(name)?)));
            subjects.push(Subject {
                name: name.clone(),
                policy: Policy::of_artifact(config, name)?,
                new: of_artifact(release, name, artifact),
                former: former.map(|(running, artifact)| of_artifact(running, name, artifact)),
            });
        }
    }
    Ok(subjects)
}

fn of_release(release: &Release) -> State {
    let digests = release.artifacts.iter().map(|(name, artifact)| (name.clone(), artifact.digest.clone()));
    State {
        version: Some(release.version.clone()),
        commit: release.commit.clone(),
        digests: digests.collect(),
        rest: release.id.clone(),
    }
}

fn of_artifact(release: &Release, name: &str, artifact: &Artifact) -> State {
    State {
        version: artifact.tag.clone(),
        commit: release.commit.clone(),
        digests: BTreeMap::from([(name.to_owned(), artifact.digest.clone())]),
        rest: String::new(),
    }
}

impl Subject {
    /// How it is called in a sentence.
    pub(crate) fn title(&self) -> String {
        if self.name == "release" { "the release".to_owned() } else { format!("artifact `{}`", self.name) }
    }

    /// A finding about it.
    pub(crate) fn finding(&self, what: &str, verdict: Verdict, title: impl Into<String>) -> Finding {
        Finding::new(format!("{what}:{}", self.name), verdict, title)
    }
}
