//! What is planned, undone and refused, with commands that say what a test wants. No program is started here.

use std::cell::RefCell;
use std::collections::BTreeMap;

use windlass_commands::{Command, Runner};
use windlass_sdk::Fixture;
use windlass_sdk::exec::Output;
use windlass_sdk::prelude::*;
use windlass_strategies::Words;

use crate::config::Config;
use crate::{EXAMPLE, StrategyCommand, observe, plan, verify};

/// Commands that say what a test wants.
#[derive(Default)]
struct Fake {
    says: BTreeMap<&'static str, (i32, &'static str)>,
    denied: Option<&'static str>,
    ran: RefCell<Vec<String>>,
}

impl Runner for Fake {
    fn run(&self, command: &Command, _: &[u8]) -> Result<Output> {
        if self.denied == Some(command.command.as_str()) {
            return Err(Error::new("capability-denied", "not granted").detail("grant", json!("exec = […]")));
        }
        if command.arguments.iter().any(|argument| argument.contains('\0')) {
            return Err(Error::new("capability-denied", "does not match"));
        }
        self.ran.borrow_mut().push(command.words());
        let (exit_code, text) = self.says.get(command.command.as_str()).copied().unwrap_or((0, ""));
        Ok(Output { exit_code, stdout: text.as_bytes().to_vec(), stderr: Vec::new(), truncated: false })
    }
}

fn release(commit: &str) -> Release {
    serde_json::from_value(json!({
        "format": 1, "id": format!("sha256:{commit}"), "application": "kudos", "version": commit, "commit": commit,
        "artifacts": {}, "bundle": { "digest": "sha256:b", "files": {} },
    }))
    .unwrap()
}

fn words(commit: &str, running: Option<&str>) -> Words {
    Words::of(&Context::fixture(Fixture {
        application: "kudos".to_owned(),
        release: Some(release(commit)),
        running: running.map(release),
        ..Fixture::default()
    }))
    .unwrap()
}

fn config() -> Config {
    let config: Config = windlass_sdk::testing::example(EXAMPLE).unwrap();
    StrategyCommand::validate(&config).unwrap();
    config
}

fn at(revision: &'static str) -> Fake {
    Fake { says: BTreeMap::from([("kudos-revision", (0, revision))]), ..Fake::default() }
}

#[test]
fn the_reference_names_every_key() {
    let page = include_str!("../../../docs/plugins.md");
    assert_eq!(windlass_sdk::testing::undocumented::<Config>(page, EXAMPLE), [""; 0]);
}

#[test]
fn a_step_holds_what_it_and_its_undoing_need() {
    let plan = plan::plan(&at("old\n"), &config(), &words("new", Some("old"))).unwrap();
    let ids: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(ids, ["fetch", "checkout", "start"]);
    assert_eq!(plan.steps[1].needs, ["fetch"]);
    assert_eq!(plan.steps[2].title, "start new with make");
    assert_eq!(plan.steps[2].timeout_seconds, Some(180));
    let checkout = |commit: &str| json!({ "command": "kudos-checkout", "arguments": [commit] });
    assert_eq!(plan.steps[1].details["commands"], json!([checkout("new")]));
    let start = json!({ "command": "kudos-start", "arguments": [] });
    assert_eq!(plan.steps[2].before["commands"], json!([checkout("old"), start]));
}

#[test]
fn the_same_release_is_unchanged_unless_something_else_is_there() {
    let fake = at("one");
    let unchanged = plan::plan(&fake, &config(), &words("one", Some("one"))).unwrap();
    assert!(unchanged.is_unchanged() && unchanged.changes.len() == 3);
    assert_eq!(*fake.ran.borrow(), ["kudos-revision"], "planning runs nothing else");

    let drifted = plan::plan(&at("two"), &config(), &words("one", Some("one"))).unwrap();
    let ids: Vec<&str> = drifted.steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(ids, ["checkout", "start"], "what comes after what changes is done again");
    assert!(drifted.steps[0].needs.is_empty());
    assert_ne!(drifted.fingerprint, unchanged.fingerprint);
}

#[test]
fn before_the_first_deployment_there_is_nothing_to_go_back_to() {
    let fake = Fake { says: BTreeMap::from([("kudos-revision", (128, ""))]), ..Fake::default() };
    let plan = plan::plan(&fake, &config(), &words("one", None)).unwrap();
    assert_eq!(plan.steps[1].before["commands"], json!([]));
    assert_eq!(plan.steps[2].before["commands"][0]["command"], "kudos-stop");
    assert!(plan.warnings.len() == 1 && plan.warnings[0].contains("`checkout`"), "{:?}", plan.warnings);
    let observation = observe::observation(&fake, &config(), &words("one", None)).unwrap();
    assert_eq!((observation.fingerprint, observation.parts), (plan.fingerprint, Vec::new()));
}

#[test]
fn a_command_that_may_not_run_is_found_out_before_anything_runs() {
    let fake = Fake { denied: Some("kudos-stop"), ..at("old") };
    let error = plan::plan(&fake, &config(), &words("new", Some("old"))).unwrap_err();
    assert_eq!(error.code(), "capability-denied");
    assert_eq!(fake.ran.borrow().len(), 0);
}

#[test]
fn what_is_not_well_or_not_there_is_told_with_the_commands_own_words() {
    let context = Context::fixture(Fixture::default());
    let mut fake = at("one");
    let fine = verify::verify(&context, &fake, &config(), &words("one", None)).unwrap();
    assert_eq!(fine.verdict, Verdict::Pass);
    fake.says.insert("kudos-answers", (7, "a\nconnection refused\n"));
    let ill = verify::verify(&context, &fake, &config(), &words("one", None)).unwrap();
    assert!(ill.summary.contains("exit code 7: a\nconnection refused"), "{}", ill.summary);
    let other = verify::verify(&context, &fake, &config(), &words("two", None)).unwrap();
    assert!(other.summary.contains("one is there, not two") && other.findings.len() == 1, "{}", other.summary);
}

#[test]
fn tables_that_make_no_sense_are_refused() {
    let step = |more: Value| {
        let mut step = json!({ "name": "a", "run": { "command": "x" } });
        step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "steps": [step] })
    };
    for (table, word) in [
        (json!({ "steps": [] }), "0 entries"),
        (step(json!({ "name": "A b" })), "lower-case"),
        (step(json!({ "run": [] })), "no command"),
        (step(json!({ "run": { "command": "x", "arguments": ["{comit}"] } })), "is not known here"),
        (step(json!({ "undo-first": { "command": "x", "arguments": ["{running.commit}"] } })), "has no place here"),
        (step(json!({ "current": { "command": "x" } })), "needs `expect`"),
        (step(json!({ "needs": ["a"] })), "no step before it"),
        (step(json!({ "deadline": "10ms" })), "shorter than a second"),
    ] {
        let config: Config = serde_json::from_value(table).unwrap();
        let error = StrategyCommand::validate(&config).unwrap_err();
        assert!(error.message().contains(word), "{error}");
    }
}
