//! One step: the job. AWX shows no versions, so the release that the journal says runs is what is compared with.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use windlass_sdk::documents::{OBSERVATION_FORMAT, PLAN_FORMAT};
use windlass_sdk::prelude::*;
use windlass_strategies::Words;

use crate::client::Client;
use crate::config::Config;
use crate::template;

/// The step's id.
const STEP: &str = "job";

/// What the journal says runs.
pub(crate) fn observation(words: &Words) -> Observation {
    let part = |release: &Release| Part {
        service: release.application.clone(),
        instance: release.application.clone(),
        release: Some(release.id.clone()),
        version: Some(release.version.clone()),
        reference: release.commit.clone(),
        state: "running".to_owned(),
        health: None,
        restarts: 0,
        since: None,
        trouble: None,
        finished: false,
    };
    Observation {
        format: OBSERVATION_FORMAT,
        fingerprint: fingerprint(words),
        parts: words.running().map(part).into_iter().collect(),
        basis: words
            .running()
            .map(|release| {
                ("the release that runs".to_owned(), BTreeMap::from([("id".to_owned(), release.id.clone())]))
            })
            .into_iter()
            .collect(),
    }
}

fn fingerprint(words: &Words) -> String {
    let running = words.running().map_or("nothing", |release| release.id.as_str());
    format!("sha256:{}", hex::encode(Sha256::digest(running)))
}

/// The plan. The template is asked whether it takes what it will be given.
pub(crate) fn plan(config: &Config, words: &Words) -> Result<Plan> {
    let body = config.launch(words)?;
    let before = words.backwards().map(|before| config.launch(&before)).transpose();
    let before = before.map_err(|error| error.context("for going back"))?;
    let subject = format!("job template {}", config.template);
    let mut plan = Plan {
        format: PLAN_FORMAT,
        fingerprint: fingerprint(words),
        changes: vec![Change {
            subject: subject.clone(),
            action: Action::Keep,
            cause: "the release runs already".to_owned(),
            manner: None,
            differences: Vec::new(),
        }],
        steps: Vec::new(),
        warnings: Vec::new(),
        way_back: Vec::new(),
    };
    if words.running().is_some_and(|running| running.id == words.release().id) {
        return Ok(plan);
    }
    let client = Client::new(config)?;
    let found = template::find(&client, config)?;
    template::check(&client, &found, &body)?;
    if before.is_none() {
        let warning = "nothing ran before: what a job that fails has done is left as it is";
        plan.warnings.push(warning.to_owned());
    }
    for change in &mut plan.changes {
        change.action = if before.is_some() { Action::Update } else { Action::Create };
        change.cause = match words.running() {
            Some(running) => format!("the release changed: {} runs", running.version),
            None => "nothing runs yet".to_owned(),
        };
        change.differences = differences(before.as_ref(), &body);
    }
    plan.steps.push(Step {
        id: STEP.to_owned(),
        title: format!("run the job template `{}` with {}", found.name, words.release().version),
        phase: Phase::Apply,
        needs: Vec::new(),
        changes: true,
        runs_release: Some(true),
        during_verify: false,
        owner: None,
        subject: Some(subject),
        // Launching, looking for a lost job, and cancelling come on top.
        timeout_seconds: Some(config.deadline.0.as_secs() + config.search.0.as_secs() + 120),
        before: json!({ "launch": before }),
        details: json!({ "launch": body }),
    });
    Ok(plan)
}

fn differences(before: Option<&Value>, body: &Value) -> Vec<Difference> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let old = |name: &str| before.and_then(|before| before["extra_vars"].get(name)).map(text);
    let variables = body["extra_vars"].as_object().into_iter().flatten();
    variables
        .map(|(name, value)| Difference { field: format!("extra_vars.{name}"), from: old(name), to: Some(text(value)) })
        .filter(|difference| difference.from != difference.to)
        .collect()
}
