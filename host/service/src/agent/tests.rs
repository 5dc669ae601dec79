//! What the flow is told about mistakes in files that only the agent behind it reads, with no plugin and no engine: what a
//! person sees of it, at once and in the journal.

use std::collections::BTreeMap;
use std::path::Path;

use windlass_api::ErrorFact;
use windlass_config::Config;
use windlass_deployment::{BackendError, DeploymentRequest, Ending, Error, Stop, Target, plan_only, run};
use windlass_domain::{Failure, Outcome};
use windlass_foundation::explain::{ExitCode, ExplainedError, failure_place};
use windlass_foundation::names::Instance;
use windlass_foundation::principal::{Principal, Proof};
use windlass_foundation::progress::Unwatched;
use windlass_report::error;

use super::*;

fn kudos() -> Instance {
    Instance::parse("kudos").unwrap()
}

/// A host with one application.
struct Ground(tempfile::TempDir);

impl Ground {
    fn new(agent: &str, release: &str) -> Self {
        let ground = Self(tempfile::tempdir().unwrap());
        let state = ground.0.path().join("state");
        let agent = format!("environment = \"uat\"\nstate-directory = \"{}\"\n{agent}", state.display());
        std::fs::write(ground.0.path().join("agent.toml"), agent).unwrap();
        std::fs::create_dir(ground.team()).unwrap();
        std::fs::write(ground.team().join("release.toml"), release).unwrap();
        ground
    }

    fn team(&self) -> PathBuf {
        self.0.path().join("kudos")
    }

    fn target(&self) -> Target {
        let (set, unbound) = (BTreeMap::new(), Some(String::new()));
        Target::Source(Source { directory: self.team(), set, commit: None, defaults: true, unbound })
    }

    async fn agent(&self) -> Agent {
        let config = Arc::new(Config::read(&self.0.path().join("agent.toml")).unwrap());
        Agent::open(Options { config, mode: Mode::Write, events: Arc::new(Unwatched) }).await.unwrap()
    }

    async fn deploy(&self) -> Ending {
        let request = DeploymentRequest {
            id: None,
            instance: kudos(),
            target: self.target(),
            principal: Principal::new("ada", Proof::LocalUser { uid: 0 }),
            reason: None,
            wait: None,
            retry: false,
            break_glass: None,
            after: None,
        };
        run(&self.agent().await.engine, request, &Stop::new()).await.unwrap()
    }

    /// What a plan fails with, as a person and as a script see it.
    async fn plan(&self) -> (String, ErrorFact) {
        let planned = plan_only(&self.agent().await.engine, &kudos(), &self.target(), &Stop::new()).await;
        let fact = ErrorFact::from(&ExplainedError::from(planned.unwrap_err()));
        (self.shown(&error::page(&fact, 200).render(false)), fact)
    }

    /// With the directories left out.
    fn shown(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.0.path().display()), "")
    }

    /// Whether the failure of a deployment names the place in the journal, and nothing of the line.
    async fn journaled(&self, line: &str) -> String {
        let ending = self.deploy().await;
        assert_eq!((ending.outcome, ending.exit()), (Outcome::Refused, ExitCode::Configuration));
        let journal = self.agent().await.journal;
        let failure = journal.deployment_state(&ending.state.id).unwrap().failure.unwrap();
        assert_eq!(Some(&failure), ending.state.failure.as_ref());
        let place = failure_place(&failure).unwrap();
        assert_eq!(place.text, "");
        assert!(!serde_json::to_string(&failure).unwrap().contains(line), "{failure:?}");
        self.shown(&error::failure(&failure, 200).render(false))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_the_release_file() {
    let release =
        "application = \"kudos\"\n[strategy]\nplugin = \"strategy-compose\" # hunter2\nstep-deadline = \"soon\"\n";
    let ground = Ground::new("", release);
    insta::assert_snapshot!(ground.journaled("step-deadline").await, @r#"
    error: `soon` is not a duration; write `"500ms"`, `"15s"`, `"2m"` or `"1h 30m"`
     --> kudos/release.toml:4:17
    "#);
    let (page, fact) = ground.plan().await;
    insta::assert_snapshot!(page, @r#"
    error: `soon` is not a duration; write `"500ms"`, `"15s"`, `"2m"` or `"1h 30m"`
     --> kudos/release.toml:4:17
      |
    4 | step-deadline = "soon"
      |                 ^^^^^^
    "#);
    let place = fact.place.unwrap();
    assert_eq!((place.line, place.column, fact.exit), (4, 17, 3));
    assert_eq!(Path::new(&place.file), ground.team().join("release.toml"));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_mistakes_in_the_release_file() {
    let release = "application = \"kudos\"\n[strategy]\nplugin = 5\nstep-deadline = \"soon\"\n";
    let ground = Ground::new("", release);
    let (page, fact) = ground.plan().await;
    insta::assert_snapshot!(page, @r#"
    error: invalid type: integer `5`, expected a string
     --> kudos/release.toml:3:10
      |
    3 | plugin = 5
      |          ^
    error: `soon` is not a duration; write `"500ms"`, `"15s"`, `"2m"` or `"1h 30m"`
     --> kudos/release.toml:4:17
      |
    4 | step-deadline = "soon"
      |                 ^^^^^^
    "#);
    assert_eq!((fact.problems.len(), fact.exit), (2, 3));
    let ending = ground.deploy().await;
    let failure: Failure = ending.state.failure.unwrap();
    insta::assert_snapshot!(ground.shown(&error::failure(&failure, 200).render(false)), @r#"
    error: invalid type: integer `5`, expected a string
     --> kudos/release.toml:3:10
    error: `soon` is not a duration; write `"500ms"`, `"15s"`, `"2m"` or `"1h 30m"`
     --> kudos/release.toml:4:17
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_the_operators_file_that_a_registry_needs() {
    let agent = "[secrets.registry]\nfile = \"/nowhere/password\"\n\n[registries.\"registry.example\"]\nusername = \"ada\"\n\
                 password-secret = \"registry\"\n";
    let release = "application = \"kudos\"\n[strategy]\nplugin = \"strategy-compose\"\n";
    let ground = Ground::new(agent, release);
    insta::assert_snapshot!(ground.journaled("[secrets.registry]").await, @"
    error: the secret `registry` cannot be used: cannot read `/nowhere/password`: No such file or directory (os error 2)
     --> agent.toml:3:1
    hint: make it with `install -m 0600 /dev/null /nowhere/password` and write the value into it, or correct the secret's `file` in `agent.toml`
    ");
    let (page, fact) = ground.plan().await;
    insta::assert_snapshot!(page, @"
    error: the secret `registry` cannot be used
     --> agent.toml:3:1
      |
    3 | [secrets.registry]
      | ^^^^^^^^^^^^^^^^^^
    caused by: cannot read `/nowhere/password`
    caused by: No such file or directory (os error 2)
    hint: make it with `install -m 0600 /dev/null /nowhere/password` and write the value into it, or correct the secret's `file` in `agent.toml`
    ");
    assert_eq!(fact.place.unwrap().line, 3);
}

#[test]
fn an_error_of_the_agent_is_the_failure_that_it_always_was() {
    let directory = PathBuf::from("/nowhere/at/all");
    let error = windlass_release::directory::TeamDirectory::open(&directory).unwrap_err();
    let failure = Failure::from(BackendError::of(&error));
    assert_eq!((failure.code.as_str(), failure.retryable), ("invalid-config", false));
    assert!(failure.message.contains("/nowhere/at/all") && failure.message.contains("No such file"), "{failure:?}");
    assert!(matches!(Error::from(BackendError::of(&error)), Error::Failed(_)));
}
