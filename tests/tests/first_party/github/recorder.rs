//! `recorder-github` and GitHub.

use serde_json::{Value, json};
use windlass_domain::{Event, Failure, Outcome};
use windlass_github_stand_in::Fault;

use super::{Hub, hint, release, sha};

const NAME: &str = "recorder-github";

/// The deployment of `new`, before which `old` ran.
fn event(number: u64, outcome: &str, old: Option<u32>, new: u32) -> Event {
    let of = |commit: u32| release(&format!("1.0.{commit}"), commit);
    let running = if outcome == "succeeded" { Some(of(new)) } else { old.map(of) };
    serde_json::from_value(json!({
        "format": 1, "idempotency-key": number.to_string(), "deployment": format!("d{number}"), "sequence": number,
        "application": "kudos", "environment": "production", "host": "h", "outcome": outcome, "rollback": false,
        "actor": "@ada", "release": of(new), "previous": old.map(of), "running": running,
        "started": "2026-01-01T00:00:00Z", "finished": "2026-01-01T00:01:00Z",
    }))
    .unwrap()
}

impl Hub {
    async fn record(&self, with: Value, event: &Event) -> Result<Value, Failure> {
        let mut with = self.with(with);
        with["repository"] = json!("kudos/stack");
        let plugin = self.sandbox.plugin(NAME).await;
        plugin.validate_config(&with).await?;
        let call = self.sandbox.call(&plugin, with, &json!({}));
        let answer = plugin.deliver(call, event).await;
        assert!(!format!("{answer:?}").contains("THETOKEN"), "{answer:?}");
        Ok(answer?.unwrap())
    }

    /// The only issue's, as it was written.
    fn body(&self) -> String {
        let mut state = self.github.state();
        let issues = &state.repository("kudos/stack").issues;
        assert_eq!(issues.len(), 1, "{issues:#?}");
        issues[0]["body"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_is_written_once_with_its_status_whatever_is_lost() {
    let hub = Hub::new(NAME);
    hub.history();
    let first = event(1, "succeeded", None, 1);
    hub.github.state().fault = Some(Fault::Lost);
    assert_eq!(hub.record(json!({}), &first).await.unwrap_err().code, "unavailable");
    hub.github.state().fault = None;
    for _ in 0..2 {
        hub.record(json!({}), &first).await.unwrap();
    }
    let mut failed = event(2, "rolled-back", Some(1), 2);
    failed.failure = Some(serde_json::from_value(json!({ "code": "x", "message": "x".repeat(500) })).unwrap());
    hub.record(json!({ "announce": "release" }), &failed).await.unwrap();
    let mut back = event(3, "succeeded", Some(2), 1);
    back.rollback = true;
    hub.record(json!({ "announce": "release" }), &back).await.unwrap();
    let refused = Event { outcome: Outcome::Refused, ..event(4, "succeeded", None, 1) };
    assert_eq!(hub.record(json!({}), &refused).await.unwrap()["skipped"], "refused");

    let mut state = hub.github.state();
    let stack = state.repository("kudos/stack");
    assert_eq!((stack.deployments.len(), stack.releases.len()), (3, 0), "{:#?}", stack.deployments);
    let told: Vec<&Value> = stack.deployment_statuses.values().flatten().collect();
    let words: Vec<&str> = told.iter().map(|status| status["state"].as_str().unwrap()).collect();
    assert_eq!(words, ["success", "inactive", "failure", "success"]);
    assert!(told[2]["description"].as_str().unwrap().starts_with("rolled back, 1.0.1 runs: xxx"), "{}", told[2]);
    assert_eq!(told[3]["description"], "went back to it");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_application_on_a_host_one_deployment_is_active() {
    let hub = Hub::new(NAME);
    hub.history();
    // Deployments of another host, of another application, and of another program.
    let other_host = Event { host: "h2".to_owned(), ..event(91, "succeeded", None, 1) };
    let other_application = Event { application: "shop".to_owned(), ..event(92, "succeeded", None, 1) };
    for event in [other_host, other_application] {
        hub.record(json!({}), &event).await.unwrap();
    }
    {
        let mut state = hub.github.state();
        let stack = state.repository("kudos/stack");
        stack.deployments.push(json!({ "id": 3, "environment": "production", "ref": "main", "payload": "" }));
        stack.deployment_statuses.insert(3, vec![json!({ "state": "success" })]);
    }
    hub.record(json!({}), &event(1, "succeeded", None, 1)).await.unwrap();
    hub.record(json!({}), &event(2, "succeeded", Some(1), 2)).await.unwrap();
    let stopped = Event { cancelled: true, ..event(3, "rolled-back", Some(2), 3) };
    hub.record(json!({}), &stopped).await.unwrap();
    let newest = |hub: &Hub| -> Vec<String> {
        let mut state = hub.github.state();
        let statuses = &state.repository("kudos/stack").deployment_statuses;
        statuses.values().map(|all| all.last().unwrap()["state"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(newest(&hub), ["success", "success", "success", "inactive", "success", "inactive"]);
    // A rollback is the deployment that is active, and what it went back from is not. It is told again after a loss.
    let back = Event { rollback: true, ..event(4, "succeeded", Some(2), 1) };
    for _ in 0..2 {
        hub.record(json!({}), &back).await.unwrap();
    }
    assert_eq!(newest(&hub), ["success", "success", "success", "inactive", "inactive", "inactive", "success"]);
    let mut state = hub.github.state();
    let statuses = &state.repository("kudos/stack").deployment_statuses;
    assert_eq!(statuses.values().map(Vec::len).sum::<usize>(), 9, "nothing is said twice: {statuses:#?}");
    assert!(statuses.values().flatten().skip(3).all(|status| status["auto_inactive"] == false), "{statuses:#?}");
    assert_eq!(statuses[&5][1]["description"], "kudos 1.0.1 runs now");
    assert!(statuses[&6][0]["description"].as_str().unwrap().starts_with("cancelled, 1.0.2 runs"), "{statuses:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_has_one_bullet_for_each_change_and_does_nothing_else() {
    let hub = Hub::new(NAME);
    hub.history();
    {
        let mut state = hub.github.state();
        let stack = state.repository("kudos/stack");
        stack.issue("somebody else's", "text");
        stack.message(&sha(2), "Mend the door (#1), not #99\n\nwhy");
        stack.message(&sha(3), "<img src=x> @everyone ![x](https://a.example/x.png) -->");
        stack.people.insert("ada".to_owned());
    }
    let with =
        json!({ "deployments": false, "announce": "issue", "assignees": ["ada", "nobody"], "labels": ["release"] });
    let event = event(1, "succeeded", Some(1), 3);
    hub.github.state().fault = Some(Fault::Lost);
    hub.record(with.clone(), &event).await.unwrap_err();
    hub.github.state().fault = None;
    let facts = hub.record(with, &event).await.unwrap();
    assert_eq!((&facts["announcement"]["issue"], &facts["announcement"]["there-already"]), (&json!(2), &json!(true)));
    let mut state = hub.github.state();
    let issue = state.repository("kudos/stack").issues.pop().unwrap();
    assert_eq!((&issue["title"], &issue["assignees"]), (&json!("Release 1.0.3"), &json!([{ "login": "ada" }])));
    let body = issue["body"].as_str().unwrap();
    assert_eq!(body.matches("\n- ").count(), 2, "{body}");
    assert!(body.contains("- Mend the door \\(#1\\), not \\#\u{200b}99\n"), "{body}");
    for active in ["<img", "@everyone", "@ada", "![", "](https://", "https://"] {
        assert!(!body.contains(active), "{active}: {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_of_ten_megabytes_are_cut_and_say_so() {
    let with = json!({ "deployments": false, "announce": "issue" });
    for (commits, length) in [(1_000_u32, 10_000), (2, 10_000_000)] {
        let hub = Hub::new(NAME);
        {
            let names: Vec<String> = (1..=commits).map(sha).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let mut state = hub.github.state();
            let stack = state.repository("kudos/stack");
            stack.line("main", &names);
            for name in &names {
                stack.message(name, &"x".repeat(length));
            }
        }
        hub.record(with.clone(), &event(1, "succeeded", Some(1), commits)).await.unwrap();
        let body = hub.body();
        assert!(body.contains("The notes are cut: ") && body.len() < 65_536, "{} {}", body.len(), &body[..300]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_made_of_the_tag_and_one_that_is_there_is_left() {
    let hub = Hub::new(NAME);
    hub.history();
    let with = json!({ "deployments": false, "announce": "release", "tag": "v{version}" });
    for _ in 0..2 {
        hub.record(with.clone(), &event(1, "succeeded", Some(1), 2)).await.unwrap();
    }
    let mut state = hub.github.state();
    let stack = state.repository("kudos/stack");
    assert_eq!((stack.releases.len(), stack.tags["v1.0.2"].commit.as_str()), (1, sha(2).as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_is_an_error_that_says_whether_waiting_helps() {
    let hub = Hub::new(NAME);
    hub.history();
    let failure = hub.record(json!({}), &event(1, "succeeded", None, 0xff)).await.unwrap_err();
    assert!(failure.message.contains("No ref found for") && hint(&failure).contains("outbox retry"), "{failure:?}");
    assert!(!failure.retryable, "{failure:?}");
    hub.github.state().fault = Some(Fault::SecondaryLimit);
    let failure = hub.record(json!({}), &event(1, "succeeded", None, 1)).await.unwrap_err();
    assert_eq!(failure.details.as_ref().unwrap()["retry-after"], 60, "{failure:?}");
    hub.github.state().fault = None;
    hub.github.state().repository("kudos/stack").no_issues = true;
    let with = json!({ "deployments": false, "announce": "issue" });
    let failure = hub.record(with, &event(1, "succeeded", None, 1)).await.unwrap_err();
    assert_eq!(failure.message, "kudos/stack has no issues");
    hub.token("ghp_expired-THETOKEN");
    assert_eq!(hub.record(json!({}), &event(1, "succeeded", None, 1)).await.unwrap_err().code, "unauthorized");
}
