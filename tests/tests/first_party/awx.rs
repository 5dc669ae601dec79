//! `strategy-awx` against a stand-in for AWX, in the sandbox. Nothing here was tried against AWX itself.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use windlass_awx_stand_in::{Awx, Fault, Template};
use windlass_domain::{Failure, Step};
use windlass_sandbox::{Call, Plugin};

use crate::first_party::support::Sandbox;

const VALUE: &str = "the-value-of-awx";

struct Yard {
    awx: Awx,
    sandbox: Sandbox,
    plugin: Plugin,
    with: Value,
}

impl Yard {
    async fn new() -> Self {
        let awx = Awx::start().unwrap();
        {
            let mut state = awx.state();
            state.templates = vec![Template::new(6, "another"), Template::new(7, "deploy kudos")];
            state.accepted = vec![format!("Bearer {VALUE}")];
            state.questions = Some(1);
        }
        let sandbox = Sandbox::new(&format!(
            "[secrets.awx]\nfile = \"DIRECTORY/records/awx\"\n[[grants]]\nplugin = \"strategy-awx\"\nstate = true\n\
             secrets = [\"awx\"]\nhttp = [{{ to = \"{}\", addresses = [\"127.0.0.0/8\"], secrets = [\"awx\"] }}]\n",
            awx.url()
        ));
        let secret = sandbox.records().join("awx");
        fs::write(&secret, VALUE).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        let plugin = sandbox.plugin("strategy-awx").await;
        let with = json!({
            "url": awx.url(), "template": "deploy kudos", "token": "awx", "interval": "100ms", "deadline": "20s",
            "search": "300ms", "variables": { "version": "{version}", "hosts": { "name": "{application}" } },
        });
        Self { awx, sandbox, plugin, with }
    }

    /// A call for version 1 over version 0.9.
    fn call(&self) -> Call {
        let mut call = self.sandbox.call(&self.plugin, self.with.clone(), &json!({}));
        let mut running = (*call.about.release).clone();
        "sha256:r0".clone_into(&mut running.id);
        "0.9".clone_into(&mut running.version);
        Arc::make_mut(&mut call.about).running = Some(running.into());
        call
    }

    async fn step(&self) -> Result<Step, Failure> {
        self.plugin.plan(self.call()).await.map(|mut plan| plan.steps.remove(0))
    }

    async fn apply(&self, step: &Step) -> Result<Value, Failure> {
        self.plugin.apply(self.call(), step).await
    }

    async fn undo(&self, step: &Step) -> Result<(), Failure> {
        self.plugin.undo(self.call(), step, None).await
    }

    /// Version and status of each job.
    fn jobs(&self) -> Vec<(String, String)> {
        let state = self.awx.state();
        let version = |job: &Value| job["version"].as_str().unwrap_or("none").to_owned();
        state.jobs.iter().map(|job| (version(&job.variables), job.status.clone())).collect()
    }

    fn fault(&self, fault: Option<Fault>) {
        self.awx.state().fault = fault;
    }
}

fn job(version: &str, status: &str) -> (String, String) {
    (version.to_owned(), status.to_owned())
}

fn hint(failure: &Failure) -> String {
    failure.details.as_ref().unwrap_or(&Value::Null)["hint"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_launched_once_followed_and_undone_with_the_former_versions() {
    let yard = Yard::new().await;
    let step = yard.step().await.unwrap();
    assert_eq!(step.title, "run the job template `deploy kudos` with 1");
    assert_eq!(yard.jobs(), [], "planning launches nothing");
    let facts = yard.apply(&step).await.unwrap();
    assert_eq!(facts["page"], format!("{}/#/jobs/playbook/200/output", yard.awx.url()));
    // The agent died before it could write that down, and asks again.
    yard.apply(&step).await.unwrap();
    assert_eq!(yard.jobs(), [job("1", "successful")]);
    let variables = yard.awx.state().jobs[0].variables.clone();
    assert_eq!(variables["windlass_deployment"], "d1/forward");
    assert_eq!(variables["hosts"]["name"], yard.sandbox.application);
    for _ in 0..2 {
        yard.undo(&step).await.unwrap();
        assert_eq!(yard.jobs(), [job("1", "successful"), job("0.9", "successful")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_template_would_not_use_is_refused_before_and_cancelled_after() {
    let yard = Yard::new().await;
    yard.awx.state().templates[1].ask_variables = false;
    let failure = yard.step().await.unwrap_err();
    assert!(failure.message.contains("does not use what it is given: `Variables`"), "{}", failure.message);
    assert!(hint(&failure).contains("Prompt on launch"), "{failure:?}");
    yard.awx.state().templates[1].ask_variables = true;
    yard.awx.state().templates[1].needed = vec!["ticket".to_owned()];
    let failure = yard.step().await.unwrap_err();
    assert!(failure.message.contains("needs the variables ticket"), "{}", failure.message);
    yard.awx.state().templates[1].needed.clear();

    let step = yard.step().await.unwrap();
    yard.fault(Some(Fault::Drops));
    // Long enough to be cancelled before it begins.
    let failure = yard.apply(&step).await.unwrap_err();
    assert_eq!(failure.code, "plugin:ignored-fields");
    assert!(failure.message.contains("`extra_vars`") && failure.message.contains("cancelled"), "{}", failure.message);
    assert_eq!(yard.jobs(), [job("none", "canceled")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_never_launches_twice() {
    let yard = Yard::new().await;
    let step = yard.step().await.unwrap();
    yard.fault(Some(Fault::Lost));
    yard.apply(&step).await.unwrap();
    yard.apply(&step).await.unwrap();
    assert_eq!(yard.jobs(), [job("1", "successful")]);

    let other = Yard::new().await;
    let step = other.step().await.unwrap();
    other.fault(Some(Fault::Unlaunched));
    for _ in 0..2 {
        let failure = other.apply(&step).await.unwrap_err();
        assert_eq!(failure.code, "plugin:launch-lost", "{}", failure.message);
        assert!(!failure.retryable && failure.message.contains("it is not launched again"), "{}", failure.message);
        assert!(hint(&failure).contains("windlass_deployment: d1/forward"), "{failure:?}");
        other.fault(None);
    }
    assert_eq!(other.jobs(), [], "nobody knows whether the first was launched");
    other.undo(&step).await.unwrap();
    assert_eq!(other.jobs(), [job("0.9", "successful")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_says_why_and_one_that_goes_back_is_tried_once_more_when_asked() {
    let yard = Yard::new().await;
    let step = yard.step().await.unwrap();
    yard.awx.state().ends = "failed".to_owned();
    let failure = yard.apply(&step).await.unwrap_err();
    assert_eq!(failure.code, "plugin:job-failed");
    assert!(failure.message.contains("job 200 ended as failed"), "{}", failure.message);
    assert!(failure.message.ends_with("fatal: [web1]: FAILED! => the port is taken"), "{}", failure.message);
    assert!(hint(&failure).contains("/#/jobs/playbook/200/output"), "{failure:?}");
    yard.awx.state().ends = "error".to_owned();
    let failure = yard.undo(&step).await.unwrap_err();
    assert!(failure.message.contains("ended as error: the project could not be updated"), "{}", failure.message);
    yard.awx.state().ends.clear();
    yard.undo(&step).await.unwrap();
    assert_eq!(yard.jobs(), [job("1", "failed"), job("0.9", "error"), job("0.9", "successful")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_and_running_out_of_time_cancel_the_job() {
    let mut yard = Yard::new().await;
    yard.awx.state().questions = None;
    let step = yard.step().await.unwrap();
    let call = yard.call();
    let asked_to_end = call.cancel.clone();
    let started = async {
        while !yard.awx.state().jobs.first().is_some_and(|job| job.started) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let (applied, ()) = tokio::join!(yard.plugin.apply(call, &step), async {
        tokio::time::timeout(Duration::from_mins(1), started).await.expect("no job is started");
        asked_to_end.cancel();
    });
    assert_eq!(applied.unwrap_err().code, "cancelled");
    yard.awx.state().questions = Some(1);
    yard.undo(&step).await.unwrap();
    assert_eq!(yard.jobs(), [job("1", "canceled"), job("0.9", "successful")]);

    let mut other = Yard::new().await;
    other.with["deadline"] = json!("1s");
    other.awx.state().questions = None;
    let step = other.step().await.unwrap();
    let failure = other.apply(&step).await.unwrap_err();
    assert!(failure.message.contains("did not end within 1 s; it was cancelled"), "{}", failure.message);
    assert_eq!(other.jobs(), [job("1", "canceled")]);
    yard.with["template"] = json!(7);
    yard.step().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_awx_is_told_apart() {
    let mut yard = Yard::new().await;
    for (fault, words) in [
        (Fault::Down, "502"),
        (Fault::Html, "something that is no JSON"),
        (Fault::Forbidden, "refuses /api/v2/job_templates/?name=deploy%20kudos to this user (403)"),
    ] {
        yard.fault(Some(fault));
        let failure = yard.step().await.unwrap_err();
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    yard.fault(None);
    yard.with["template"] = json!("deploy nothing");
    let failure = yard.step().await.unwrap_err();
    assert!(failure.message.contains("shows no job template `deploy nothing`"), "{}", failure.message);
    yard.with["template"] = json!(99);
    assert!(yard.step().await.unwrap_err().message.contains("(404)"));
    yard.with["template"] = json!("deploy kudos");
    yard.awx.state().templates.push(Template::new(8, "deploy kudos"));
    assert!(yard.step().await.unwrap_err().message.contains("2 job templates `deploy kudos`: 7, 8"));
    yard.awx.state().templates.pop();

    yard.awx.state().accepted = vec!["Basic bWU6dGhlLXZhbHVlLW9mLWF3eA==".to_owned()];
    let failure = yard.step().await.unwrap_err();
    assert!(failure.message.contains("does not accept the credentials (401)"), "{}", failure.message);
    assert!(!failure.message.contains(VALUE));
    let table = yard.with.as_object_mut().unwrap();
    table.remove("token");
    table.extend(json!({ "user": "me", "password": "awx" }).as_object().unwrap().clone());
    yard.step().await.unwrap();

    let nobody = yard.awx.url().to_owned();
    yard.awx = Awx::start().unwrap();
    yard.with["url"] = json!(nobody);
    let failure = yard.step().await.unwrap_err();
    assert!(failure.retryable && failure.message.contains("AWX gave no answer"), "{}", failure.message);
}
