//! The commit's message, and how a commit says which deployment it is of.

use windlass_records::{Facts, fill};
use windlass_sdk::prelude::*;

use crate::config::Config;

/// The longest fact that is put into a message, in characters.
const LONGEST: usize = 500;

/// The whole message: the template, then facts for machines as trailers (git-interpret-trailers(1)).
pub(crate) fn message(config: &Config, event: &Event, path: &str) -> Result<String> {
    let text = fill(&config.message, &Facts::of(event), &line)?;
    let mut trailers = vec![
        ("Application", event.application.clone()),
        ("Environment", event.environment.clone()),
        ("Version", event.release.version.clone()),
        ("Commit", event.release.commit.clone().unwrap_or_default()),
        ("Outcome", json!(event.outcome).as_str().unwrap_or_default().to_owned()),
        ("Cancelled", if event.cancelled { "true".to_owned() } else { String::new() }),
        ("Running", event.running.as_ref().map(|release| release.version.clone()).unwrap_or_default()),
    ];
    trailers.retain(|(_, value)| !value.is_empty());
    let trailers = trailers.iter().map(|(name, value)| format!("Windlass-{name}: {}", line(value)));
    let lines: Vec<String> = trailers.chain(marks(event, path)).collect();
    let message = format!("{}\n\n{}\n", text.trim(), lines.join("\n"));
    Ok(message)
}

/// Whether a commit, as git stores it, says that it is of this deployment and file.
pub(crate) fn is_of(commit: &[u8], event: &Event, path: &str) -> bool {
    let text = String::from_utf8_lossy(commit);
    let Some((_, message)) = text.split_once("\n\n") else { return false };
    let last = message.trim_end().rsplit("\n\n").next().unwrap_or_default();
    marks(event, path).iter().all(|mark| last.lines().any(|line| line == mark))
}

fn marks(event: &Event, path: &str) -> [String; 2] {
    [format!("Windlass-File: {}", line(path)), format!("Windlass-Deployment: {}", line(&event.deployment))]
}

/// A fact on one line: a reason with line breaks cannot pretend to be a trailer.
fn line(text: &str) -> String {
    let clean = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let mut line: String = clean.take(LONGEST).collect();
    if text.chars().nth(LONGEST).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn event(deployment: &str, version: &str, outcome: &str) -> Event {
        let release = json!({
            "format": 1, "id": format!("sha256:{version}"), "application": "kudos", "version": version,
            "bundle": { "digest": "b", "files": {} }, "artifacts": { "backend": {
                "repository": "r/backend", "tag": version, "digest": format!("sha256:image-{version}"),
            } },
        });
        Event::deserialize(json!({
            "format": 1, "idempotency-key": "k", "deployment": deployment, "sequence": 1, "application": "kudos",
            "environment": "uat", "host": "h", "outcome": outcome, "rollback": false, "actor": "me",
            "reason": "because\nWindlass-Deployment: d9", "release": release, "running": release,
            "started": "2026-01-01T00:00:00Z", "finished": "2026-01-01T00:01:00Z",
        }))
        .unwrap()
    }

    #[test]
    fn a_commit_says_what_it_is_of() {
        let event = event("d1", "2", "succeeded");
        let config = Config { message: "{summary}\n\n{reason}".to_owned(), ..Config::default() };
        let message = message(&config, &event, "uat.json").unwrap();
        assert!(message.starts_with("kudos 2 was deployed to uat\n\nbecause Windlass-Deployment: d9\n\nWindlass-"));
        assert!(message.contains("\nWindlass-Outcome: succeeded\n"), "{message}");
        let commit = format!("tree x\nauthor y\n\n{message}");
        assert!(is_of(commit.as_bytes(), &event, "uat.json"));
        assert!(!is_of(commit.as_bytes(), &event, "other.json"));
        for other in ["d9", "d11", "d"] {
            let other = Event { deployment: other.to_owned(), ..event.clone() };
            assert!(!is_of(commit.as_bytes(), &other, "uat.json"));
        }
    }
}
