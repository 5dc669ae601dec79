//! Commands as data: what another process sends as JSON is carried out as if it had been typed, and what comes back can be
//! shown elsewhere.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::{Value, json};
use windlass_api::{Command, CommandEvent, ErrorFact};
use windlass_deployment::Stop;
use windlass_foundation::principal::{Principal, Proof};
use windlass_service::{Service, Sink, Ungrammatical};
use windlass_tests::{Small, expect};

/// Another process that asks: it keeps every event as JSON, and asks to stop when a step begins.
#[derive(Default)]
struct Caller {
    events: Mutex<Vec<Value>>,
    stop: Stop,
    stops_at_the_first_step: bool,
}

impl Sink for Caller {
    fn event(&self, event: CommandEvent) {
        let event = serde_json::to_value(event).unwrap_or_else(|error| json!({ "lost": error.to_string() }));
        if self.stops_at_the_first_step && event["value"]["event"] == "step-started" {
            self.stop.ask();
        }
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    fn stop(&self) -> io::Result<Stop> {
        Ok(self.stop.clone())
    }
}

impl Caller {
    /// The events of this kind of progress, each with the application that it is about.
    fn progress(&self, event: &str) -> Vec<String> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |one: &&Value| one["value"]["event"] == event;
        let application = |one: &Value| one["value"]["of"]["application"].as_str().unwrap_or_default().to_owned();
        events.iter().filter(of).map(application).collect()
    }
}

fn service(small: &Small) -> Service {
    let grammar = |_: &[String]| Err(Ungrammatical::Usage("no trigger is asked here".to_owned()));
    Service::new(Some(small.host.root().join("agent.toml")), grammar)
}

/// The key of the caller.
const KEY: &str = "SHA256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// A host whose operator lets the key do this.
fn known(small: Small) -> Result<Small> {
    small.operator(&format!(
        "\n[[access]]\nkeys = [\"{KEY}\"]\nmay = [\"read\", \"deploy\", \"hold\", \"resolve\"]\n"
    ))?;
    Ok(small)
}

fn principal() -> Principal {
    Principal::new("ci", Proof::SshKey { fingerprint: KEY.to_owned(), uid: 1001, certificate: None })
}

/// Sends a command as JSON and reads the reply from JSON.
async fn ask(small: &Small, command: Value, caller: &Arc<Caller>) -> Result<Value, Value> {
    let wrong = |error: serde_json::Error| json!({ "wrong": error.to_string() });
    let command: Command = serde_json::from_value(command).map_err(wrong)?;
    let reply = service(small).execute(&principal(), command, caller.clone()).await;
    match reply {
        Ok(reply) => serde_json::to_value(reply).map_err(wrong),
        Err(fault) => Err(serde_json::to_value(ErrorFact::from(&fault)).map_err(wrong)?),
    }
}

fn deploy(small: &Small) -> Value {
    json!({
        "command": "deploy",
        "subject": { "from": "files", "application": small.name },
        "manner": { "reason": "asked as data" },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_as_data_is_deployed_and_shown_as_if_it_had_been_typed() -> Result<()> {
    let (one, other) = (known(Small::running("asked")?)?, known(Small::running("asked-too")?)?);
    let caller = Arc::new(Caller::default());
    one.version("2")?;
    other.version("2")?;
    let (first, second) = tokio::join!(ask(&one, deploy(&one), &caller), ask(&other, deploy(&other), &caller));
    for (small, reply) in [(&one, first), (&other, second)] {
        let reply = reply.map_err(|error| anyhow!("{error}"))?;
        ensure!(reply["exit"] == 0 && reply["answer"]["type"] == "ended", "{reply}");
        let deployment = &reply["answer"]["deployment"];
        ensure!(deployment["outcome"] == "succeeded" && deployment["actor"] == "ci", "{reply}");
        let sentence = format!("ci (SSH key {KEY}, local user 1001)");
        ensure!(deployment["principal"]["sentence"] == sentence.as_str(), "{reply}");
        ensure!(deployment["reason"] == "asked as data" && !deployment["phases"].is_null(), "{reply}");
        small.serves("2")?;
    }
    // Both were told to the same caller at the same time, and each event says which application it is about.
    let mut settled = caller.progress("settled");
    settled.sort();
    ensure!(settled.len() == 2 && settled[0] != settled[1], "{settled:?}");

    let status = ask(&one, json!({ "command": "status", "application": null }), &caller).await;
    let status = status.map_err(|error| anyhow!("{error}"))?;
    let typed = expect(one.host.run(["status", "--json"])?, 0)?;
    let mut typed: Value = serde_json::from_str(typed.stdout.trim()).context("one line")?;
    typed.as_object_mut().context("an object")?.remove("type");
    ensure!(status["answer"]["applications"] == json!([typed]), "{status} is not {typed}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_can_stop_what_it_asked_for_and_the_old_version_runs_again() -> Result<()> {
    let small = known(Small::running("stopped")?)?;
    small.version("2")?;
    let caller = Arc::new(Caller { stops_at_the_first_step: true, ..Caller::default() });
    let reply = ask(&small, deploy(&small), &caller).await.map_err(|error| anyhow!("{error}"))?;
    ensure!(reply["exit"] == 11 && reply["answer"]["deployment"]["outcome"] == "rolled-back", "{reply}");
    ensure!(reply["answer"]["deployment"]["cancelled"] == true, "{reply}");
    small.serves("1")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_carried_out_is_an_error_with_the_exit_code_of_the_command_line() -> Result<()> {
    let small = known(Small::running("wrong")?)?;
    let caller = Arc::new(Caller::default());
    for (command, exit) in [
        (json!({ "command": "status", "application": "elsewhere" }), 17),
        (json!({ "command": "show", "deployment": "no-such-deployment" }), 17),
        (json!({ "command": "rollback", "application": small.name, "pin": true }), 2),
        (json!({ "command": "resolve", "application": small.name }), 2),
        (json!({ "command": "rollback", "application": small.name, "to": "a\nb" }), 2),
    ] {
        let error = ask(&small, command.clone(), &caller).await.err().context("it was carried out")?;
        ensure!(error["exit"] == exit && error["error"].is_string(), "{command}: {error}");
    }
    small.serves("1")
}
