//! Releases, files and plans for the tests.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use windlass_domain::{Artifact, Bundle, Phase, Plan, RELEASE_FORMAT, Release, Step};
use windlass_sdk::Host;
use windlass_sdk::units::Period;

use crate::Config;
use crate::bundle::read_from;
use crate::desired::{Api, Desired};

/// A release with local images as artifacts.
pub(super) fn release(application: &str, images: &[(&str, &str)], files: &[(&str, &str)]) -> Release {
    let artifacts = images
        .iter()
        .map(|(name, id)| {
            let artifact = Artifact {
                repository: format!("docker.io/library/{name}"),
                tag: Some("v1".to_owned()),
                digest: (*id).to_owned(),
                local: true,
            };
            ((*name).to_owned(), artifact)
        })
        .collect();
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), format!("sha256:{:064x}", text.len()))).collect();
    Release {
        format: RELEASE_FORMAT,
        id: "sha256:00".to_owned(),
        application: application.to_owned(),
        version: "v1".to_owned(),
        commit: None,
        artifacts,
        inputs: BTreeMap::new(),
        bundle: Bundle { digest: "sha256:00".to_owned(), files, programs: Some(BTreeSet::new()) },
        migration: None,
    }
}

/// A host on which the operator granted a directory for data.
pub(super) fn host() -> Host {
    Host { data_root: Some("/srv/data/kudos".to_owned()), ..Host::default() }
}

pub(super) fn config() -> Config {
    Config {
        settle: Period(Duration::from_millis(300)),
        drain: Period(Duration::ZERO),
        health_timeout: Period(Duration::from_secs(20)),
        ..Config::default()
    }
}

/// What should run because of one Compose file and perhaps others.
pub(super) fn desired(application: &str, images: &[(&str, &str)], text: &str) -> Result<Desired, String> {
    desired_with(application, images, &[("compose.yaml", text)])
}

pub(super) fn desired_with(
    application: &str,
    images: &[(&str, &str)],
    files: &[(&str, &str)],
) -> Result<Desired, String> {
    let contents: BTreeMap<String, Vec<u8>> =
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    let release = release(application, images, files);
    desired_on(&host(), &contents, &release)
}

/// The same on another host.
pub(super) fn desired_on(host: &Host, files: &BTreeMap<String, Vec<u8>>, release: &Release) -> Result<Desired, String> {
    desired_in("1.41", host, files, release)
}

/// The same on an engine that is spoken to in that API.
pub(super) fn desired_in(
    spoken: &str,
    host: &Host,
    files: &BTreeMap<String, Vec<u8>>,
    release: &Release,
) -> Result<Desired, String> {
    let api = || Ok(Api::read(&json!({ "Version": "20.10.24", "Spoken": spoken })));
    read_from(files, release, BTreeMap::new(), &config(), host, &api).map_err(|error| {
        format!("{error}\n{}", error.details().and_then(|details| details["hint"].as_str()).unwrap_or_default())
    })
}

/// Steps of a phase in an order in which each comes after what it needs.
pub(super) fn ordered(plan: &Plan, phase: Phase) -> Vec<Step> {
    let mut left: Vec<&Step> = plan.steps.iter().filter(|step| step.phase == phase).collect();
    let mut done: Vec<Step> = Vec::new();
    while !left.is_empty() {
        let at = left
            .iter()
            .position(|step| step.needs.iter().all(|need| done.iter().any(|done| done.id == *need)))
            .unwrap_or_else(|| panic!("steps need each other or what is not there: {left:?}"));
        done.push(left.remove(at).clone());
    }
    done
}

/// A plan as lines, for comparing: changes, then steps in order.
pub(super) fn shown(plan: &Plan) -> String {
    let mut lines = Vec::new();
    for change in &plan.changes {
        let action = serde_json::to_value(change.action).unwrap();
        let manner = change.manner.as_ref().map(|manner| format!(" [{manner}]")).unwrap_or_default();
        lines.push(format!("{} {}: {}{manner}", action.as_str().unwrap(), change.subject, change.cause));
        for difference in &change.differences {
            let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
            lines.push(format!("  {}: {} -> {}", difference.field, value(&difference.from), value(&difference.to)));
        }
    }
    for phase in [Phase::Apply, Phase::Sweep] {
        for step in ordered(plan, phase) {
            let when = if step.is_during_verify() { " (meanwhile)" } else { "" };
            lines.push(format!("{}{when} <- {}", step.id, step.needs.join(" ")).trim_end_matches(" <- ").to_owned());
        }
    }
    lines.join("\n")
}

pub(super) fn field<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
