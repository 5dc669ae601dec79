//! Puts one event into the file. A pure function: events come again after a crash, and late ones change nothing.

use std::collections::BTreeMap;

use serde_json::Map;
use windlass_sdk::documents::ReleaseDocument;
use windlass_sdk::prelude::*;

use crate::layout::{Application, Artifact, Attempt, STATE_FORMAT, StateFile};

/// The new content of the file, or `None` when the event is in it already.
///
/// A file that is not this plugin's, of another environment or of a newer format is left alone, with an error.
pub fn merge(old: Option<&[u8]>, event: &Event, keep: usize) -> Result<Option<StateFile>> {
    let mut file = match old {
        None => StateFile {
            format: STATE_FORMAT,
            environment: event.environment.clone(),
            updated: String::new(),
            applications: BTreeMap::new(),
            others: Map::new(),
        },
        Some(bytes) => read(bytes, event)?,
    };
    let application = file.applications.entry(event.application.clone()).or_default();
    if !take(application, event, keep) {
        return Ok(None);
    }
    file.updated.clone_from(event.found.as_ref().map_or(&event.finished, |found| &found.at));
    Ok(Some(file))
}

fn read(bytes: &[u8], event: &Event) -> Result<StateFile> {
    let left = "it is left as it is; move it away or name another `path`";
    let format = serde_json::from_slice::<Value>(bytes).ok().and_then(|file| file.get("format")?.as_u64());
    if let Some(format) = format.filter(|format| *format > u64::from(STATE_FORMAT)) {
        return Err(Error::new("conflict", format!("the file has format {format}, newer than {STATE_FORMAT}"))
            .hint("update the plugin that writes it"));
    }
    let file: StateFile = serde_json::from_slice(bytes)
        .map_err(|error| Error::new("conflict", format!("the file is not a state file: {error}; {left}")))?;
    if file.environment != event.environment {
        let (theirs, ours) = (&file.environment, &event.environment);
        return Err(Error::new("conflict", format!("the file is of environment `{theirs}`, not `{ours}`; {left}")));
    }
    Ok(file)
}

/// Whether anything changed.
fn take(application: &mut Application, event: &Event, keep: usize) -> bool {
    let known = |attempt: &Attempt| attempt.deployment == event.deployment && attempt.host == event.host;
    if event.found.is_some() {
        // The end of the deployment is told once more because of what was found since: it counts while that runs.
        if application.deployment.as_ref() != Some(&event.deployment) || application.trouble == event.trouble {
            return false;
        }
        application.trouble.clone_from(&event.trouble);
        return true;
    }
    if application.last.as_ref().is_some_and(known) || application.history.iter().any(known) {
        return false;
    }
    let attempt = attempt(event);
    // Newest first. Several hosts may write one file; each one's own order is by sequence.
    let newer = |past: &Attempt| past.host == event.host && past.sequence > event.sequence;
    let place = application.history.iter().rposition(newer).map_or(0, |place| place + 1);
    application.history.insert(place, attempt.clone());
    application.history.truncate(keep);
    if application.last.as_ref().is_some_and(|last| last.host == event.host && last.sequence > event.sequence) {
        return true;
    }
    application.last = Some(attempt);
    running(application, event);
    true
}

fn running(application: &mut Application, event: &Event) {
    let id = event.running.as_ref().map(|release| release.id.clone());
    let proved = ReleaseDocument::of(event);
    if proved.is_some() || application.release != id {
        application.record = proved;
    }
    application.version = event.running.as_ref().map(|release| release.version.clone());
    application.commit = event.running.as_ref().and_then(|release| release.commit.clone());
    application.artifacts = artifacts(event);
    application.trouble.clone_from(&event.trouble);
    if application.release == id && application.deployment.is_some() {
        return;
    }
    let brought = id.is_some();
    application.release = id;
    application.deployment = brought.then(|| event.deployment.clone());
    application.since = brought.then(|| event.finished.clone());
}

fn artifacts(event: &Event) -> BTreeMap<String, Artifact> {
    let of = |(name, artifact): (&String, &windlass_sdk::documents::Artifact)| {
        let (repository, tag) = (artifact.repository.clone(), artifact.tag.clone());
        (name.clone(), Artifact { repository, tag, digest: artifact.digest.clone() })
    };
    event.running.iter().flat_map(|release| &release.artifacts).map(of).collect()
}

/// Whether a file says of the event's application what runs, so that after a deployment that changed nothing there is
/// nothing to repair. A file that cannot be read says nothing.
#[must_use]
pub fn says_what_runs(old: Option<&[u8]>, event: &Event) -> bool {
    let file = old.and_then(|bytes| read(bytes, event).ok());
    let Some(application) = file.as_ref().and_then(|file| file.applications.get(&event.application)) else {
        return false;
    };
    let running = event.running.as_ref();
    application.release.as_ref() == running.map(|release| &release.id)
        && application.version.as_ref() == running.map(|release| &release.version)
        && application.commit.as_ref() == running.and_then(|release| release.commit.as_ref())
        && application.artifacts == artifacts(event)
        && application.trouble == event.trouble
}

fn attempt(event: &Event) -> Attempt {
    Attempt {
        deployment: event.deployment.clone(),
        sequence: event.sequence,
        host: event.host.clone(),
        outcome: event.outcome,
        cancelled: event.cancelled,
        rollback: event.rollback,
        version: event.release.version.clone(),
        commit: event.release.commit.clone(),
        actor: event.actor.clone(),
        reason: event.reason.clone().or_else(|| event.failure.as_ref().map(|failure| failure.message.clone())),
        started: event.started.clone(),
        finished: event.finished.clone(),
    }
}

#[cfg(test)]
mod tests {
    use windlass_sdk::documents::Found;

    use super::*;

    fn event(number: u64, version: &str, outcome: &str, running: Option<&str>) -> Event {
        let release = |version: &str| {
            json!({
                "format": 1, "id": format!("sha256:{version}"), "application": "kudos", "version": version,
                "artifacts": { "backend": {
                    "repository": "r/backend", "tag": version, "digest": format!("sha256:image-{version}"),
                } },
                "bundle": { "digest": "sha256:b", "files": {} },
            })
        };
        Event::deserialize(json!({
            "format": 1, "idempotency-key": format!("k{number}"), "deployment": format!("d{number}"),
            "sequence": number, "application": "kudos", "environment": "uat", "host": "h", "outcome": outcome,
            "rollback": false, "actor": "me", "release": release(version), "running": running.map(release),
            "started": format!("2026-01-0{number}T00:00:00Z"), "finished": format!("2026-01-0{number}T00:01:00Z"),
        }))
        .unwrap()
    }

    fn bytes(file: &StateFile) -> Vec<u8> {
        serde_json::to_vec(file).unwrap()
    }

    #[test]
    fn the_record_is_of_what_runs_and_says_where_it_was_proved() {
        let mut first = event(1, "v1", "succeeded", Some("v1"));
        let report = json!({ "name": "pages", "report": { "verdict": "pass", "summary": "", "findings": [] } });
        first.smoke = vec![serde_json::from_value(report).unwrap()];
        let file = merge(None, &first, 10).unwrap().unwrap();
        let record = |file: &StateFile| file.applications["kudos"].record.clone();
        let proved = record(&file).unwrap();
        assert_eq!(proved.release.version, "v1");
        assert_eq!(proved.proof.unwrap().smoke["pages"], Verdict::Pass);
        let failed = merge(Some(&bytes(&file)), &event(2, "v2", "rolled-back", Some("v1")), 10).unwrap().unwrap();
        assert_eq!(record(&failed), record(&file), "what runs is what was proved");
        let nothing = merge(Some(&bytes(&failed)), &event(3, "v3", "stuck", None), 10).unwrap().unwrap();
        assert_eq!(record(&nothing), None);
    }

    #[test]
    fn the_digest_is_where_jq_looks() {
        let file = merge(None, &event(1, "v1", "succeeded", Some("v1")), 10).unwrap().unwrap();
        let value = serde_json::to_value(&file).unwrap();
        assert_eq!(value["applications"]["kudos"]["artifacts"]["backend"]["digest"], "sha256:image-v1");
        assert_eq!(value["applications"]["kudos"]["since"], "2026-01-01T00:01:00Z");
        assert_eq!(value["applications"]["kudos"]["last"]["outcome"], "succeeded");
    }

    #[test]
    fn a_failed_deployment_keeps_what_runs() {
        let first = merge(None, &event(1, "v1", "succeeded", Some("v1")), 10).unwrap().unwrap();
        let second = merge(Some(&bytes(&first)), &event(2, "v2", "rolled-back", Some("v1")), 10).unwrap().unwrap();
        let kudos = &second.applications["kudos"];
        assert_eq!((kudos.version.as_deref(), kudos.deployment.as_deref()), (Some("v1"), Some("d1")));
        assert_eq!(kudos.last.as_ref().unwrap().outcome, Outcome::RolledBack);
        assert_eq!(kudos.history.len(), 2);
    }

    #[test]
    fn what_was_found_later_is_written_while_that_runs_and_is_no_attempt() {
        let found = |sequence, what: Option<&str>| {
            let mut event = event(sequence, "v1", "succeeded", Some("v1"));
            let at = "2026-01-02T00:00:00Z".to_owned();
            event.found = Some(Found { by: "watch".to_owned(), what: what.map(str::to_owned), at });
            event.trouble = what.map(str::to_owned);
            event
        };
        let first = merge(None, &event(1, "v1", "succeeded", Some("v1")), 10).unwrap().unwrap();
        let ill = found(1, Some("page failed: 503"));
        let second = merge(Some(&bytes(&first)), &ill, 10).unwrap().unwrap();
        let kudos = &second.applications["kudos"];
        assert_eq!((kudos.trouble.as_deref(), kudos.history.len()), (Some("page failed: 503"), 1));
        assert_eq!(second.updated, "2026-01-02T00:00:00Z");
        assert!(merge(Some(&bytes(&second)), &ill, 10).unwrap().is_none(), "it came twice");
        let third = merge(Some(&bytes(&second)), &found(1, None), 10).unwrap().unwrap();
        assert_eq!(third.applications["kudos"].trouble, None);
        let next = merge(Some(&bytes(&third)), &event(2, "v2", "succeeded", Some("v2")), 10).unwrap().unwrap();
        assert!(merge(Some(&bytes(&next)), &ill, 10).unwrap().is_none(), "something else runs");
    }

    #[test]
    fn what_was_seen_is_written_and_what_did_not_begin_anew_keeps_its_time() {
        let first = merge(None, &event(1, "v1", "succeeded", Some("v1")), 10).unwrap().unwrap();
        let mut ill = event(2, "v2", "rolled-back", Some("v1"));
        ill.trouble = Some("web does not run: exited".to_owned());
        let second = merge(Some(&bytes(&first)), &ill, 10).unwrap().unwrap();
        let kudos = &second.applications["kudos"];
        assert_eq!(kudos.trouble.as_deref(), Some("web does not run: exited"));
        assert_eq!(kudos.since, first.applications["kudos"].since);
        let again = event(3, "v1", "unchanged", Some("v1"));
        assert!(!says_what_runs(Some(&bytes(&second)), &again), "it is well again");
        let third = merge(Some(&bytes(&second)), &again, 10).unwrap().unwrap();
        assert_eq!(third.applications["kudos"].trouble, None);
        assert_eq!(third.applications["kudos"].since, first.applications["kudos"].since);
        let gone = merge(Some(&bytes(&third)), &event(4, "v2", "rolled-back", None), 10).unwrap().unwrap();
        let kudos = &gone.applications["kudos"];
        assert_eq!((&kudos.version, &kudos.since, &kudos.deployment), (&None, &None, &None));
    }

    #[test]
    fn an_event_that_comes_again_or_late_changes_nothing_that_is_newer() {
        let first = event(1, "v1", "succeeded", Some("v1"));
        let newer = merge(None, &event(2, "v2", "succeeded", Some("v2")), 10).unwrap().unwrap();
        let late = merge(Some(&bytes(&newer)), &first, 10).unwrap().unwrap();
        assert_eq!(late.applications["kudos"].version.as_deref(), Some("v2"));
        assert_eq!(late.applications["kudos"].history[1].deployment, "d1");
        assert_eq!(merge(Some(&bytes(&late)), &first, 10).unwrap(), None);
    }

    #[test]
    fn what_others_wrote_is_kept() {
        let old = r#"{"format":1,"environment":"uat","updated":"","team":"a",
            "applications":{"other":{"version":"7","note":"x"}}}"#;
        let file = merge(Some(old.as_bytes()), &event(1, "v1", "succeeded", Some("v1")), 10).unwrap().unwrap();
        let value = serde_json::to_value(&file).unwrap();
        assert_eq!((&value["team"], &value["applications"]["other"]["note"]), (&json!("a"), &json!("x")));
    }

    #[test]
    fn a_foreign_file_is_left_alone() {
        let first = event(1, "v1", "succeeded", Some("v1"));
        for (old, word) in [
            ("not json", "not a state file"),
            (r#"{"format":2,"x":1}"#, "newer"),
            (r#"{"format":1,"environment":"production","updated":"","applications":{}}"#, "`production`"),
        ] {
            let error = merge(Some(old.as_bytes()), &first, 10).unwrap_err();
            assert!(error.message().contains(word), "{error}");
            assert_eq!(error.code(), "conflict");
        }
    }

    #[test]
    fn a_file_that_is_lost_or_says_something_else_is_known_and_set_right() {
        let first = event(1, "v1", "succeeded", Some("v1"));
        let again = event(2, "v1", "unchanged", Some("v1"));
        let mut file = merge(None, &first, 10).unwrap().unwrap();
        assert!(says_what_runs(Some(&bytes(&file)), &again));
        assert!(!says_what_runs(None, &again) && !says_what_runs(Some(b"x"), &again));
        file.applications.get_mut("kudos").unwrap().artifacts.get_mut("backend").unwrap().digest.clear();
        assert!(!says_what_runs(Some(&bytes(&file)), &again));
        let mended = merge(Some(&bytes(&file)), &again, 10).unwrap().unwrap();
        assert!(says_what_runs(Some(&bytes(&mended)), &again));
        assert_eq!(mended.applications["kudos"].deployment.as_deref(), Some("d1"), "it was there since then");
    }

    #[test]
    fn history_is_cut() {
        let mut file = merge(None, &event(1, "v1", "succeeded", Some("v1")), 2).unwrap().unwrap();
        for number in 2..5 {
            file = merge(Some(&bytes(&file)), &event(number, "v1", "unchanged", Some("v1")), 2).unwrap().unwrap();
        }
        let kept: Vec<&str> = file.applications["kudos"].history.iter().map(|past| past.deployment.as_str()).collect();
        assert_eq!(kept, ["d4", "d3"]);
    }
}
