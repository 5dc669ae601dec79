//! `strategy-command` with real programs: what it makes of arguments, ends and outputs, in the sandbox.

use std::fs;
use std::sync::Arc;

use serde_json::{Value, json};
use windlass_domain::Verdict;
use windlass_sandbox::{Call, Plugin};

use crate::first_party::support::Sandbox;

/// `place` is written by `write`, read by `read`; `fail` says why not; `slow` takes too long.
const AGENT: &str = r#"
[[grants]]
plugin = "strategy-command"
exec = ["write", "read", "fail", "slow"]

[commands.write]
path = "/bin/sh"
arguments = ["-c", 'echo "$0" > DIRECTORY/place', "{1}"]
allow-arguments = ["[0-9.]+"]

[commands.read]
path = "/bin/cat"
arguments = ["DIRECTORY/place"]

[commands.fail]
path = "/bin/sh"
arguments = ["-c", "echo one >&2; echo the port is taken >&2; kill -9 $$"]

[commands.slow]
path = "/bin/sleep"
arguments = ["600"]
timeout = "200ms"
"#;

struct Yard {
    sandbox: Sandbox,
    plugin: Plugin,
}

fn with(run: &Value) -> Value {
    json!({ "steps": [{
        "name": "write", "run": run,
        "undo": { "command": "write", "arguments": ["{running.version}"] },
        "current": { "command": "read" }, "expect": "{version}",
    }] })
}

fn writing() -> Value {
    json!({ "command": "write", "arguments": ["{version}"] })
}

impl Yard {
    async fn new() -> Self {
        let sandbox = Sandbox::new(AGENT);
        let plugin = sandbox.plugin("strategy-command").await;
        Self { sandbox, plugin }
    }

    /// A call for version 1 over version 0.9.
    fn call(&self, with: &Value) -> Call {
        let mut call = self.sandbox.call(&self.plugin, with.clone(), &json!({}));
        let mut running = (*call.about.release).clone();
        "sha256:r0".clone_into(&mut running.id);
        "0.9".clone_into(&mut running.version);
        Arc::make_mut(&mut call.about).running = Some(running.into());
        call
    }

    fn place(&self) -> String {
        let path = self.sandbox.records().parent().unwrap().join("place");
        fs::read_to_string(path).unwrap_or_default().trim().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_is_done_seen_proved_and_undone_and_each_of_it_twice() {
    let yard = Yard::new().await;
    let with = with(&writing());
    let before = yard.plugin.observe(yard.call(&with)).await.unwrap();
    let plan = yard.plugin.plan(yard.call(&with)).await.unwrap();
    assert_eq!(plan.fingerprint, before.fingerprint);
    let step = &plan.steps[0];
    assert_eq!(step.title, "write: write 1");
    for _ in 0..2 {
        yard.plugin.apply(yard.call(&with), step).await.unwrap();
        assert_eq!(yard.place(), "1");
    }
    let report = yard.plugin.verify(yard.call(&with)).await.unwrap();
    assert_eq!(report.verdict, Verdict::Pass, "{}", report.summary);
    let after = yard.plugin.observe(yard.call(&with)).await.unwrap();
    assert_ne!(after.fingerprint, before.fingerprint);
    for _ in 0..2 {
        yard.plugin.undo(yard.call(&with), step, None).await.unwrap();
        assert_eq!(yard.place(), "0.9");
    }
    let report = yard.plugin.verify(yard.call(&with)).await.unwrap();
    assert_eq!(report.verdict, Verdict::Fail);
    assert!(report.summary.contains("0.9 is there, not 1"), "{}", report.summary);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_fails_says_how_it_ended_and_what_it_said() {
    let yard = Yard::new().await;
    for (command, words) in [
        ("fail", vec!["the command `fail` ended with signal 9", "the port is taken"]),
        ("slow", vec!["`slow` was killed", "200ms"]),
    ] {
        let with = with(&json!({ "command": command }));
        let plan = yard.plugin.plan(yard.call(&with)).await.unwrap();
        let failure = yard.plugin.apply(yard.call(&with), &plan.steps[0]).await.unwrap_err();
        for word in words {
            assert!(failure.message.contains(word), "{}", failure.message);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_granted_not_allowed_or_not_known_is_refused_by_name() {
    let yard = Yard::new().await;
    let denied = yard.plugin.plan(yard.call(&with(&json!({ "command": "reboot" })))).await.unwrap_err();
    assert_eq!(denied.code, "capability-denied");
    assert!(denied.message.contains("`reboot`"), "{}", denied.message);
    assert_eq!(yard.place(), "", "nothing ran");

    let strange = with(&json!({ "command": "write", "arguments": ["$(id)"] }));
    let plan = yard.plugin.plan(yard.call(&strange)).await.unwrap();
    let failure = yard.plugin.apply(yard.call(&strange), &plan.steps[0]).await.unwrap_err();
    assert!(failure.message.contains("`allow-arguments` does not match"), "{}", failure.message);

    let none = with(&json!({ "command": "write", "arguments": ["{commit}"] }));
    let failure = yard.plugin.plan(yard.call(&none)).await.unwrap_err();
    assert!(failure.message.contains("`{commit}` stands for nothing"), "{}", failure.message);
    let unknown = with(&json!({ "command": "write", "arguments": ["{comit}"] }));
    let failure = yard.plugin.validate_config(&unknown).await.unwrap_err();
    assert!(failure.message.contains("`{comit}` is not known"), "{}", failure.message);
}
