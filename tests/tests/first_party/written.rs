//! `recorder-state-file` with real files.

use serde_json::{Value, json};
use windlass_domain::Event;

use crate::first_party::support::Sandbox;

fn event(application: &str, number: u64) -> Event {
    let release = json!({
        "format": 1, "id": format!("sha256:{number}"), "application": application, "version": number.to_string(),
        "artifacts": { "backend": { "repository": "r/backend", "tag": "1", "digest": format!("sha256:image-{number}") } },
        "bundle": { "digest": "sha256:b", "files": {} },
    });
    serde_json::from_value(json!({
        "format": 1, "idempotency-key": number.to_string(), "deployment": format!("d{number}"), "sequence": number,
        "application": application, "environment": "test", "host": "h", "outcome": "succeeded", "rollback": false,
        "actor": "me", "release": release.clone(), "running": release, "started": "2026-01-01T00:00:00Z",
        "finished": "2026-01-01T00:01:00Z",
    }))
    .unwrap()
}

const GRANT: &str = "[[grants]]\nplugin = \"recorder-state-file\"\nfiles = [{ root = \"records\", path = \"DIRECTORY/records\", write = true }]\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_ci_job_finds_the_digest_that_runs() {
    let sandbox = Sandbox::new(GRANT);
    let plugin = sandbox.plugin("recorder-state-file").await;
    for (number, again) in [(1, false), (2, false), (2, true)] {
        let call = sandbox.call(&plugin, json!({}), &json!({}));
        let facts = plugin.deliver(call, &event("kudos", number)).await.unwrap().unwrap();
        assert_eq!(facts.get("unchanged").is_some(), again, "{facts}");
    }
    let file: Value = serde_json::from_slice(&std::fs::read(sandbox.records().join("test.json")).unwrap()).unwrap();
    let kudos = &file["applications"]["kudos"];
    assert_eq!(kudos["artifacts"]["backend"]["digest"], "sha256:image-2");
    assert_eq!(kudos["history"].as_array().unwrap().len(), 2);
    let names: Vec<_> = std::fs::read_dir(sandbox.records()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["test.json"], "something is left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_grant_the_operator_is_told_what_to_write() {
    let sandbox = Sandbox::new("");
    let plugin = sandbox.plugin("recorder-state-file").await;
    let call = sandbox.call(&plugin, json!({}), &json!({}));
    let failure = plugin.deliver(call, &event("kudos", 1)).await.unwrap_err();
    assert_eq!(failure.code, "capability-denied");
    let grant = failure.details.as_ref().and_then(|details| details["grant"].as_str()).unwrap_or_default();
    assert!(grant.contains("records") && grant.contains("write = true"), "{failure:?}");
}
