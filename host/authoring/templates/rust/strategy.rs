//! Deploys by three commands that the operator of the host defined: one tells what runs, one deploys, one removes.

use windlass_sdk::documents::{OBSERVATION_FORMAT, PLAN_FORMAT};
use windlass_sdk::prelude::*;

/// The strategy. It keeps nothing between calls: another process may go on with its work.
pub struct Plugin;

/// Its `with` table. `windlass plugin inspect` shows these texts, and a misspelt key is an error with its place.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The command that prints the version that runs, and nothing where none does.
    pub running: String,
    /// The command that deploys the version that is its only argument.
    pub deploy: String,
    /// The command that removes what runs.
    pub remove: String,
}

impl Strategy for Plugin {
    type Config = Config;

    /// Reads, and changes nothing. The fingerprint changes exactly when something did that a plan depends on.
    fn observe(_: &Context<'_>, config: &Config) -> Result<Observation> {
        let running = running(config)?;
        let part = |version: &String| Part {
            service: "application".to_owned(),
            instance: "application".to_owned(),
            release: None,
            version: Some(version.clone()),
            reference: None,
            state: "running".to_owned(),
            health: None,
            restarts: 0,
            since: None,
            trouble: None,
            finished: false,
        };
        Ok(Observation {
            format: OBSERVATION_FORMAT,
            fingerprint: fingerprint(running.as_deref()),
            parts: running.iter().map(part).collect(),
            basis: Default::default(),
        })
    }

    fn plan(context: &Context<'_>, config: &Config) -> Result<Plan> {
        Ok(plan(
            running(config)?.as_deref(),
            &context.release()?.version,
        ))
    }

    /// Makes a step true. After a crash the same step is applied again.
    fn apply(_: &Context<'_>, config: &Config, step: &Step) -> Result<Value> {
        let version = text(&step.details, "version")
            .ok_or_else(|| Error::internal("the step names no version"))?;
        run(&config.deploy, &[version])?;
        Ok(json!({ "deployed": version }))
    }

    /// Puts back what was there, whether nothing, half or all of the step was done.
    fn undo(_: &Context<'_>, config: &Config, step: &Step, _: Option<&Value>) -> Result<()> {
        match text(&step.before, "version") {
            Some(version) => run(&config.deploy, &[version]).map(drop),
            None => run(&config.remove, &[]).map(drop),
        }
    }

    fn verify(context: &Context<'_>, config: &Config) -> Result<Report> {
        let (running, wanted) = (running(config)?, context.release()?.version);
        if running.as_ref() == Some(&wanted) {
            return Ok(Report::pass(format!("{wanted} runs")));
        }
        Ok(Report::fail(format!(
            "{} runs and not {wanted}",
            running.as_deref().unwrap_or("nothing")
        )))
    }
}

/// The version that runs.
fn running(config: &Config) -> Result<Option<String>> {
    let version = run(&config.running, &[])?;
    Ok(Some(version).filter(|version| !version.is_empty()))
}

/// What a command prints. Another exit code than 0 is an error with what the command said.
fn run(command: &str, arguments: &[&str]) -> Result<String> {
    let output = exec::run(command, arguments, b"")?;
    if output.exit_code == 0 {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::new(
        "plugin:command",
        format!("`{command}` ended with {}: {said}", output.exit_code),
    ))
}

fn fingerprint(running: Option<&str>) -> String {
    running.map_or("nothing".to_owned(), |version| format!("version {version}"))
}

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field)?.as_str()
}

/// The steps from what runs to what is wanted. All that a step and its undoing need is in the step.
fn plan(running: Option<&str>, wanted: &str) -> Plan {
    let (action, cause) = match running {
        Some(running) if running == wanted => {
            (Action::Keep, "this version runs already".to_owned())
        }
        Some(running) => (Action::Update, format!("{running} runs")),
        None => (Action::Create, "nothing runs".to_owned()),
    };
    let step = Step {
        id: "deploy".to_owned(),
        title: format!("deploy {wanted}"),
        phase: Phase::Apply,
        needs: Vec::new(),
        changes: true,
        runs_release: Some(true),
        during_verify: false,
        owner: None,
        subject: Some("application".to_owned()),
        timeout_seconds: None,
        before: json!({ "version": running }),
        details: json!({ "version": wanted }),
    };
    Plan {
        format: PLAN_FORMAT,
        fingerprint: fingerprint(running),
        steps: if action == Action::Keep {
            Vec::new()
        } else {
            vec![step]
        },
        changes: vec![Change {
            subject: "application".to_owned(),
            action,
            cause,
            manner: None,
            differences: Vec::new(),
        }],
        warnings: Vec::new(),
        way_back: Vec::new(),
    }
}

windlass_sdk::export!(strategy Plugin {
    name: "plugin-name",
    summary: "deploys by three commands that the operator defined",
    example: include_str!("../example.toml"),
    capabilities: ["exec" => "runs the three commands"],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_knows_what_was_there_before() {
        let plan = plan(Some("1.9"), "2.0");
        assert_eq!(plan.steps.len(), 1);
        assert_eq!(text(&plan.steps[0].details, "version"), Some("2.0"));
        assert_eq!(text(&plan.steps[0].before, "version"), Some("1.9"));
        assert_eq!(plan.changes[0].action, Action::Update);
    }

    #[test]
    fn what_runs_already_is_kept() {
        assert!(plan(Some("2.0"), "2.0").is_unchanged());
        assert_eq!(text(&plan(None, "2.0").steps[0].before, "version"), None);
    }

    #[test]
    fn without_a_host_there_is_an_error_and_no_plan() {
        let context = Context::fixture(Fixture {
            release: Some(testing::release("kudos", "2.0")),
            ..Fixture::default()
        });
        let config: Config = testing::example(include_str!("../example.toml")).unwrap();
        assert_eq!(
            Plugin::plan(&context, &config).unwrap_err().code(),
            "unsupported"
        );
    }
}
