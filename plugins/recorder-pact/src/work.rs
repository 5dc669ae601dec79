//! What is to be recorded and what is to be ended: a pure function of what runs and of what was recorded before.

use windlass_pact::{Pacticipant, Record};
use windlass_sdk::prelude::*;

use crate::config::Config;
use crate::entry::{Earlier, Entry, Instance};

/// What is to be done at the broker.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Work {
    /// Recorded, unless it is already.
    pub(crate) record: Vec<Entry>,
    /// Ended: it was recorded before, and no longer runs.
    pub(crate) end: Vec<Entry>,
    /// Neither, and remembered: whether it runs is not known from here.
    pub(crate) keep: Vec<Entry>,
    /// Recorded at a broker that this one is not told about any more.
    pub(crate) elsewhere: Vec<Entry>,
}

/// What is to be done after a deployment that may have changed what runs.
pub(crate) fn work(config: &Config, event: &Event, earlier: &Earlier) -> Result<Work> {
    let here = earlier.broker.as_ref().is_none_or(|broker| *broker == config.broker.url);
    let back = event.outcome == Outcome::RolledBack;
    let record = match &event.running {
        None => Vec::new(),
        // What was recorded of it runs again; the release that failed may call its parts by other names.
        Some(running) if back && here && earlier.release.as_ref() == Some(&running.id) => earlier.entries.clone(),
        Some(running) => wanted(config, event, running)?,
    };
    let mut work = Work { record, ..Work::default() };
    for old in &earlier.entries {
        let replaced = here && work.record.iter().any(|new| old.is_replaced_by(new));
        // What was released is in use elsewhere, whatever runs here: people end its support.
        if replaced || old.record == Record::Release {
            continue;
        }
        if !here {
            work.elsewhere.push(old.clone());
        } else if back && event.running.is_some() {
            work.keep.push(old.clone());
        } else {
            work.end.push(old.clone());
        }
    }
    Ok(work)
}

/// The records of what runs, as the release file orders them.
fn wanted(config: &Config, event: &Event, running: &Release) -> Result<Vec<Entry>> {
    // An earlier release to which a rollback went may lack what this one has.
    let mut table = config.pacticipants.clone();
    table.retain(|name, _| running.artifacts.contains_key(name) || !event.release.artifacts.contains_key(name));
    let entry = |pacticipant| Entry {
        pacticipant,
        environment: config.environment.clone().unwrap_or_else(|| event.environment.clone()),
        instance: Instance::of(config.instance.as_deref()),
        record: config.record,
        address: None,
    };
    Ok(Pacticipant::of_release(running, &table, &config.version)?.into_iter().map(entry).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(version: &str, artifacts: &[&str]) -> Value {
        let image = json!({ "repository": "r/x", "tag": version, "digest": "sha256:1" });
        let artifacts: std::collections::BTreeMap<&str, &Value> =
            artifacts.iter().map(|name| (*name, &image)).collect();
        json!({
            "format": 1, "id": format!("sha256:{version}"), "application": "shop", "version": version,
            "bundle": { "digest": "b", "files": {} }, "artifacts": artifacts,
        })
    }

    fn event(outcome: &str, release: &Value, running: Option<&Value>) -> Event {
        Event::deserialize(json!({
            "format": 1, "idempotency-key": "k", "deployment": "d1", "sequence": 1, "application": "shop",
            "environment": "uat", "host": "h", "outcome": outcome, "rollback": false, "actor": "me",
            "release": release, "running": running, "started": "2026-01-01T00:00:00Z",
            "finished": "2026-01-01T00:01:00Z",
        }))
        .unwrap()
    }

    fn config(pacticipants: &Value, more: &Value) -> Config {
        let mut with = json!({ "broker": { "url": "http://b" }, "pacticipants": pacticipants });
        for (key, value) in more.as_object().unwrap() {
            with[key] = value.clone();
        }
        Config::deserialize(with).unwrap()
    }

    fn earlier(more: &Value) -> Earlier {
        let mut facts = json!({
            "broker": "http://b", "release": "sha256:1", "environment": "uat", "record": "deployment", "recorded": [
                { "pacticipant": "API", "version": "1", "instance": null },
                { "pacticipant": "Web", "version": "1", "instance": null },
            ],
        });
        for (key, value) in more.as_object().unwrap() {
            facts[key] = value.clone();
        }
        Earlier::of(&[facts])
    }

    fn names(entries: &[Entry]) -> Vec<String> {
        entries.iter().map(|entry| format!("{entry} in {}", entry.environment)).collect()
    }

    #[test]
    fn what_no_longer_runs_is_ended_and_nothing_else() {
        let both = || json!({ "api": "API", "web": "Web" });
        let (old, new) = (release("1", &["api", "web"]), release("2", &["api", "web"]));
        let without = release("2", &["web"]);
        for (what, with, told, was, record, end) in [
            (
                "the same names",
                config(&both(), &json!({})),
                event("succeeded", &new, Some(&new)),
                json!({}),
                vec!["API 2 in uat", "Web 2 in uat"],
                vec![],
            ),
            (
                "no back end",
                config(&json!({ "web": "Web" }), &json!({})),
                event("succeeded", &without, Some(&without)),
                json!({}),
                vec!["Web 2 in uat"],
                vec!["API 1 in uat"],
            ),
            (
                "another name",
                config(&json!({ "api": "API", "web": "Shop" }), &json!({})),
                event("unchanged", &old, Some(&old)),
                json!({}),
                vec!["API 1 in uat", "Shop 1 in uat"],
                vec!["Web 1 in uat"],
            ),
            (
                "an instance",
                config(&json!({ "web": "Web" }), &json!({ "instance": "blue" })),
                event("succeeded", &new, Some(&new)),
                json!({}),
                vec!["Web 2 (blue) in uat"],
                vec!["API 1 in uat", "Web 1 in uat"],
            ),
            (
                "another environment",
                config(&both(), &json!({ "environment": "test" })),
                event("succeeded", &new, Some(&new)),
                json!({}),
                vec!["API 2 in test", "Web 2 in test"],
                vec!["API 1 in uat", "Web 1 in uat"],
            ),
            (
                "nothing runs",
                config(&both(), &json!({})),
                event("rolled-back", &new, None),
                json!({}),
                vec![],
                vec!["API 1 in uat", "Web 1 in uat"],
            ),
            (
                "a release stays supported",
                config(&json!({ "web": "Web" }), &json!({ "record": "release" })),
                event("succeeded", &new, Some(&new)),
                json!({ "record": "release" }),
                vec!["Web 2 in uat"],
                vec![],
            ),
            (
                "no deployment any more",
                config(&json!({ "web": "Web" }), &json!({ "record": "release" })),
                event("succeeded", &new, Some(&new)),
                json!({}),
                vec!["Web 2 in uat"],
                vec!["API 1 in uat", "Web 1 in uat"],
            ),
        ] {
            let work = work(&with, &told, &earlier(&was)).unwrap();
            assert_eq!(
                (names(&work.record), names(&work.end)),
                (record.iter().map(ToString::to_string).collect(), end.iter().map(ToString::to_string).collect(),),
                "{what}"
            );
            assert!(work.keep.is_empty() && work.elsewhere.is_empty(), "{what}");
        }
    }

    #[test]
    fn what_was_put_back_keeps_the_names_that_it_was_recorded_by() {
        let (old, new) = (release("1", &["api", "web"]), release("2", &["web"]));
        let with = config(&json!({ "web": "Shop" }), &json!({}));
        let told = event("rolled-back", &new, Some(&old));
        let restored = work(&with, &told, &earlier(&json!({}))).unwrap();
        assert_eq!(names(&restored.record), ["API 1 in uat", "Web 1 in uat"]);
        assert!(restored.end.is_empty() && restored.keep.is_empty());
        // Facts of earlier versions do not say of which release they are: nothing of them is ended.
        let unsure = work(&with, &told, &earlier(&json!({ "release": null }))).unwrap();
        assert_eq!(
            (names(&unsure.record), names(&unsure.keep)),
            (vec!["Shop 1 in uat".to_owned()], vec!["API 1 in uat".to_owned(), "Web 1 in uat".to_owned()],)
        );
        assert!(unsure.end.is_empty());
    }

    #[test]
    fn another_broker_is_not_asked_about_the_first_ones_records() {
        let new = release("2", &["web"]);
        let with = config(&json!({ "web": "Web" }), &json!({}));
        let was = earlier(&json!({ "broker": "http://old" }));
        let work = work(&with, &event("succeeded", &new, Some(&new)), &was).unwrap();
        assert_eq!(names(&work.elsewhere), ["API 1 in uat", "Web 1 in uat"]);
        assert!(work.end.is_empty());
    }
}
