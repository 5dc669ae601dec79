//! Facts of a deployment by name, as they stand in braces in `with` tables.

use std::collections::BTreeMap;

use windlass_sdk::prelude::*;

/// Facts that every event has a place for; some are absent in some events.
const NAMES: [&str; 25] = [
    "summary",
    "application",
    "environment",
    "host",
    "deployment",
    "sequence",
    "key",
    "outcome",
    "cancelled",
    "rollback",
    "actor",
    "reason",
    "failure",
    "started",
    "finished",
    "version",
    "commit",
    "release",
    "running.version",
    "running.commit",
    "running.release",
    "previous.version",
    "previous.commit",
    "previous.release",
    "event",
];

/// What is known of each artifact that runs.
const PARTS: [&str; 5] = ["image", "version", "tag", "digest", "reference"];

/// The facts of one event.
#[derive(Debug, Clone)]
pub struct Facts {
    values: BTreeMap<String, Value>,
    runs: bool,
}

impl Facts {
    /// Those of an event. `artifacts.NAME.*` and `running.*` are of what runs now, which after a rollback is the old
    /// release; `version`, `commit` and `release` are of what was asked for.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        let mut values: BTreeMap<String, Value> = BTreeMap::new();
        let mut put = |name: &str, value: Value| values.insert(name.to_owned(), value);
        put("summary", json!(summary(event)));
        put("application", json!(event.application));
        put("environment", json!(event.environment));
        put("host", json!(event.host));
        put("deployment", json!(event.deployment));
        put("sequence", json!(event.sequence));
        put("key", json!(event.idempotency_key));
        put("outcome", json!(event.outcome));
        put("cancelled", json!(event.cancelled));
        put("rollback", json!(event.rollback));
        put("actor", json!(event.actor));
        put("reason", json!(event.reason));
        put("failure", json!(event.failure.as_ref().map(|failure| &failure.message)));
        put("started", json!(event.started));
        put("finished", json!(event.finished));
        put("event", json!(event));
        let of = |release: Option<&Release>| {
            (
                json!(release.map(|release| &release.version)),
                json!(release.and_then(|release| release.commit.as_ref())),
                json!(release.map(|release| &release.id)),
            )
        };
        let releases =
            [("", Some(&event.release)), ("running.", event.running.as_ref()), ("previous.", event.previous.as_ref())];
        for (whose, release) in releases {
            let (version, commit, id) = of(release);
            put(&format!("{whose}version"), version);
            put(&format!("{whose}commit"), commit);
            put(&format!("{whose}release"), id);
        }
        for (name, artifact) in event.running.iter().flat_map(|release| &release.artifacts) {
            let mut part = |part: &str, value: Value| put(&format!("artifacts.{name}.{part}"), value);
            part("image", json!(artifact.repository));
            part("version", json!(artifact.tag.as_ref().unwrap_or(&artifact.digest)));
            part("tag", json!(artifact.tag));
            part("digest", json!(artifact.digest));
            part("reference", json!(artifact.reference()));
        }
        Self { values, runs: event.running.is_some() }
    }

    /// A fact; null when the event does not have it. An unknown name is an error that lists the known ones.
    pub fn get(&self, name: &str) -> Result<&Value> {
        if let Some(value) = self.values.get(name) {
            return Ok(value);
        }
        if is_artifact(name) && !self.runs {
            return Ok(&Value::Null);
        }
        let artifacts: Vec<&str> = self.values.keys().map(String::as_str).filter(|name| is_artifact(name)).collect();
        let known = if is_artifact(name) { artifacts.join(", ") } else { NAMES.join(", ") };
        Err(Error::config(format!("nothing is known as `{{{name}}}` of this release; what is known: {known}")))
    }

    /// Whether a fact is absent because nothing runs.
    pub(crate) fn is_gone(&self, name: &str) -> bool {
        !self.runs && (is_artifact(name) || name.starts_with("running."))
    }
}

/// Whether a name can be one of a fact, before there is an event.
pub(crate) fn check_name(name: &str) -> Result<()> {
    if NAMES.contains(&name) || is_artifact(name) {
        return Ok(());
    }
    let parts = PARTS.map(|part| format!("artifacts.NAME.{part}")).join(", ");
    Err(Error::config(format!("`{{{name}}}` is unknown; what can stand in braces: {}, {parts}", NAMES.join(", ")))
        .hint("`{{` and `}}` are braces themselves"))
}

fn is_artifact(name: &str) -> bool {
    let inside = name.strip_prefix("artifacts.").and_then(|rest| rest.rsplit_once('.'));
    inside.is_some_and(|(artifact, part)| !artifact.is_empty() && PARTS.contains(&part))
}

/// One sentence for people: what became of it.
fn summary(event: &Event) -> String {
    let (application, environment, version) = (&event.application, &event.environment, &event.release.version);
    let runs = || match (&event.running, &event.trouble) {
        (Some(release), None) => format!("{} runs", release.version),
        (Some(release), Some(trouble)) => format!("{} runs, but is not well: {trouble}", release.version),
        (None, _) => "nothing runs".to_owned(),
    };
    if let Some(found) = &event.found {
        return match &found.what {
            Some(what) => format!("{application} {version} is not well in {environment} ({}): {what}", found.by),
            None => format!("{application} {version} is well again in {environment} ({})", found.by),
        };
    }
    match (event.outcome, event.rollback) {
        (Outcome::Succeeded, false) => format!("{application} {version} was deployed to {environment}"),
        (Outcome::Succeeded, true) => format!("{application} went back to {version} in {environment}"),
        (Outcome::Unchanged, _) => format!("{application} {version} already ran in {environment}"),
        (Outcome::Refused, _) if event.cancelled => {
            format!("{application} {version} was stopped in {environment} before anything was touched: {}", runs())
        }
        (Outcome::RolledBack, _) if event.cancelled => {
            format!("{application} {version} was stopped in {environment} and taken back: {}", runs())
        }
        (Outcome::Refused, _) => format!("{application} {version} was refused in {environment}: {}", runs()),
        (Outcome::RolledBack, _) => {
            format!("{application} {version} failed in {environment} and was rolled back: {}", runs())
        }
        (Outcome::Stuck, _) => format!("{application} {version} is stuck in {environment}: a person must correct it"),
    }
}
