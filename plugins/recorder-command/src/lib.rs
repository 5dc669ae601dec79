//! Tells a command of the operator what happened: a script is a recorder.
//!
//! The command is given the event on standard input. What its exit code means for the event is here; how often an event is
//! tried is the host's.

use windlass_commands::said::{failed, keep, last_of_output};
use windlass_commands::{Command, Host, Runner};
use windlass_records::{Facts, check, fill};
use windlass_sdk::exec::Output;
use windlass_sdk::prelude::*;

/// The release file's lines that show what it can do.
const EXAMPLE: &str = include_str!("../example.toml");

/// `EX_TEMPFAIL` of `sysexits.h`: not now, try again.
const LATER: i32 = 75;

/// The `with` table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The command. It is given the event as JSON on standard input.
    pub run: Command,
    /// Which outcomes it is told; all when nothing is listed.
    #[serde(default)]
    pub on: Vec<Outcome>,
    /// Exit codes that mean that the event is told again later. Another one than 0 sets it aside for a person.
    #[serde(default = "later")]
    pub again: Vec<i32>,
}

fn later() -> Vec<i32> {
    vec![LATER]
}

/// The plugin.
#[derive(Debug)]
pub struct RecorderCommand;

impl Recorder for RecorderCommand {
    type Config = Config;

    fn validate(config: &Config) -> Result<()> {
        config.run.check_with(|argument| check(argument, false)).map_err(|error| error.context("`run`"))
    }

    fn deliver(_: &Context<'_>, config: &Config, event: &Event) -> Result<Option<Value>> {
        deliver(&Host, config, event).map(Some)
    }
}

fn deliver(runner: &dyn Runner, config: &Config, event: &Event) -> Result<Value> {
    if !config.on.is_empty() && !config.on.contains(&event.outcome) {
        return Ok(json!({ "skipped": event.outcome }));
    }
    let facts = Facts::of(event);
    let command = config.run.filled_with(|argument| fill(argument, &facts, &str::to_owned))?;
    let output = runner.run(&command, json!(event).to_string().as_bytes())?;
    keep(&command, &output);
    match output.exit_code {
        0 => Ok(taken(&command, &output)),
        code if config.again.contains(&code) => Err(failed(&command, &output).retryable()),
        _ => Err(failed(&command, &output)),
    }
}

/// What is kept of an event that was taken: the JSON object that the command wrote, or its last line.
fn taken(command: &Command, output: &Output) -> Value {
    if let Ok(Value::Object(facts)) = serde_json::from_slice(&output.stdout) {
        return facts.into();
    }
    let said = last_of_output(output, 1);
    json!({ "summary": if said.is_empty() { format!("told `{}`", command.command) } else { said } })
}

windlass_sdk::export!(recorder RecorderCommand {
    name: "recorder-command",
    summary: "tells a command that the operator defined what happened",
    example: EXAMPLE,
    capabilities: ["exec" => "tells the command that the operator defined"],
});

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// A command that ends with a code and writes a text.
    struct Fake(i32, &'static str, RefCell<Vec<(String, Value)>>);

    impl Runner for Fake {
        fn run(&self, command: &Command, input: &[u8]) -> Result<Output> {
            self.2.borrow_mut().push((command.words(), serde_json::from_slice(input).unwrap()));
            let (stdout, stderr) = (self.1.as_bytes().to_vec(), Vec::new());
            Ok(Output { exit_code: self.0, stdout, stderr, truncated: false })
        }
    }

    fn event(outcome: &str) -> Event {
        serde_json::from_value(json!({
            "format": 1, "idempotency-key": "k1", "application": "kudos", "environment": "uat", "host": "h",
            "deployment": "d", "sequence": 1, "outcome": outcome, "rollback": false, "actor": "root",
            "started": "2026-11-29T10:00:00Z", "finished": "2026-11-29T10:01:00Z",
            "release": {
                "format": 1, "id": "sha256:r", "application": "kudos", "version": "2", "commit": null, "artifacts": {},
                "bundle": { "digest": "sha256:b", "files": {} },
            },
        }))
        .unwrap()
    }

    #[test]
    fn the_reference_names_every_key() {
        let page = include_str!("../../../docs/plugins.md");
        assert_eq!(windlass_sdk::testing::undocumented::<Config>(page, EXAMPLE), [""; 0]);
    }

    #[test]
    fn the_command_is_given_the_event_and_its_code_says_what_becomes_of_it() {
        let config: Config = windlass_sdk::testing::example(EXAMPLE).unwrap();
        RecorderCommand::validate(&config).unwrap();
        let fake = Fake(0, "a line\ntold 12 people\n", RefCell::default());
        let told = deliver(&fake, &config, &event("succeeded")).unwrap();
        assert_eq!(told, json!({ "summary": "told 12 people" }));
        assert_eq!(fake.2.borrow()[0].0, "kudos-announce 2 succeeded");
        assert_eq!(fake.2.borrow()[0].1["idempotency-key"], "k1");
        let facts = Fake(0, r#"{"summary":"told","issue":7}"#, RefCell::default());
        assert_eq!(deliver(&facts, &config, &event("succeeded")).unwrap()["issue"], 7);

        let skipped = deliver(&fake, &config, &event("refused")).unwrap();
        assert_eq!((skipped, fake.2.borrow().len()), (json!({ "skipped": "refused" }), 1));
        for (code, again) in [(75, true), (1, false)] {
            let error = deliver(&Fake(code, "no", RefCell::default()), &config, &event("succeeded")).unwrap_err();
            assert_eq!(error.is_retryable(), again, "{error}");
        }
    }

    #[test]
    fn what_is_no_fact_is_refused_before_anything_is_told() {
        let config = Config::deserialize(json!({ "run": { "command": "a", "arguments": ["{verson}"] } })).unwrap();
        assert!(RecorderCommand::validate(&config).unwrap_err().message().contains("`run`"));
    }
}
