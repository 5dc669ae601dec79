//! A command as a check or a smoke test: its exit code is the verdict, or a small JSON object that it writes.

use windlass_sdk::exec::Output;
use windlass_sdk::prelude::*;
use windlass_strategies::Words;

use super::said::{ending, failed, keep, last_lines, last_of_output};
use super::{Command, Runner};

/// How many of a command's last lines are evidence.
const EVIDENCE: usize = 20;

/// `EX_TEMPFAIL` of `sysexits.h`: not now, ask again.
const NOT_YET: i32 = 75;

/// The `with` table of a check or a smoke test that is a command.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The command. It is given a JSON object about the deployment on standard input.
    pub run: Command,
    /// What decides: the exit code, or the JSON object that the command writes to standard output.
    #[serde(default)]
    pub answer: Answer,
    /// Exit codes that mean `warn`.
    #[serde(default)]
    pub warn: Vec<i32>,
    /// Exit codes that mean `inconclusive`.
    #[serde(default)]
    pub inconclusive: Vec<i32>,
    /// Exit codes that mean `pending`: it is asked again until the deadline.
    #[serde(default = "not_yet")]
    pub pending: Vec<i32>,
}

/// What decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The exit code: 0 is `pass`, and a code that nothing is said about is `fail`.
    #[default]
    ExitCode,
    /// A JSON object on standard output, with the exit code: the worse of both counts.
    Json,
}

fn not_yet() -> Vec<i32> {
    vec![NOT_YET]
}

/// What a command writes that answers in JSON. Everything may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Written {
    verdict: Option<Verdict>,
    summary: Option<String>,
    #[serde(default)]
    findings: Vec<Finding>,
    data: Option<Value>,
}

impl Config {
    /// Whether it makes sense.
    ///
    /// # Errors
    /// When it does not: what, and why.
    pub fn validate(&self) -> Result<()> {
        self.run.check(true).map_err(|error| error.context("`run`"))?;
        let mut codes: Vec<i32> =
            [&self.warn, &self.inconclusive, &self.pending].into_iter().flatten().copied().collect();
        codes.sort_unstable();
        if let Some(code) = codes.iter().find(|code| !(1..=255).contains(*code)) {
            return Err(Error::config(format!("{code} is no exit code that could mean something else than `pass`")));
        }
        match codes.windows(2).find(|two| two[0] == two[1]) {
            Some(two) => Err(Error::config(format!("exit code {} stands in two lists", two[0]))),
            None => Ok(()),
        }
    }

    /// Runs the command and answers.
    ///
    /// # Errors
    /// When it cannot be run, or does not write what it should.
    pub fn ask(&self, context: &Context<'_>, runner: &dyn Runner) -> Result<Report> {
        let command = self.run.filled(&Words::of(context)?)?;
        log::progress(command.words(), None);
        match runner.run(&command, about(context)?.to_string().as_bytes()) {
            Ok(output) => {
                keep(&command, &output);
                self.report(&command, &output)
            }
            // It was waited for as long as the operator lets it run.
            Err(error) if error.code() == "timeout" => Ok(Report::fail(error.message().to_owned())),
            Err(error) => Err(error),
        }
    }

    fn report(&self, command: &Command, output: &Output) -> Result<Report> {
        let code = output.exit_code;
        let by_code = match code {
            0 => Verdict::Pass,
            _ if self.warn.contains(&code) => Verdict::Warn,
            _ if self.pending.contains(&code) => Verdict::Pending,
            _ if self.inconclusive.contains(&code) => Verdict::Inconclusive,
            _ => Verdict::Fail,
        };
        let written = match self.answer {
            Answer::ExitCode => Written::default(),
            Answer::Json => read(command, output)?,
        };
        let found = written.findings.iter().map(|finding| finding.verdict);
        let verdict = Verdict::worst(found.chain(written.verdict).chain([by_code]));
        let summary = written.summary.unwrap_or_else(|| match (by_code, self.answer) {
            (Verdict::Pass, Answer::ExitCode) => {
                let said = last_of_output(output, 1);
                if said.is_empty() { format!("the command `{}` ended with exit code 0", command.command) } else { said }
            }
            (Verdict::Pass, Answer::Json) => format!("the command `{}` says {}", command.command, word(verdict)),
            _ => failed(command, output).message().to_owned(),
        });
        let mut findings = written.findings;
        if by_code != Verdict::Pass {
            let evidence = json!({ "exit-code": code, "said": last_lines(output, EVIDENCE) });
            let title = format!("`{}` ended with {}", command.command, ending(code));
            findings.push(Finding::new("exit-code", by_code, title).evidence(evidence));
        }
        Ok(Report { verdict, summary, findings, data: written.data })
    }
}

/// The JSON object that a command wrote.
fn read(command: &Command, output: &Output) -> Result<Written> {
    // A command that failed before it could write says so by its code.
    if output.stdout.trim_ascii().is_empty() && output.exit_code != 0 {
        return Ok(Written::default());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| {
        let cut = if output.truncated { ", and what it wrote was cut at `max-output`" } else { "" };
        let message = format!("the command `{}` does not answer as `answer = \"json\"` asks{cut}: {error}", command.command);
        Error::new("plugin:answer", message).hint(
            "standard output must be one object with `verdict`, `summary`, `findings` or `data`, and nothing else; what \
             people read belongs on standard error",
        )
    })
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "that all is well",
        Verdict::Warn => "that a person should look",
        Verdict::Pending => "that it is not ready yet",
        Verdict::Inconclusive => "that it cannot tell",
        Verdict::Fail => "no",
    }
}

/// What a command is told about the deployment.
fn about(context: &Context<'_>) -> Result<Value> {
    Ok(json!({
        "application": context.application(),
        "environment": context.environment(),
        "deployment": context.deployment(),
        "purpose": context.purpose(),
        "release": context.release()?,
        "running": context.running()?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(with: &Value) -> Config {
        let config = Config::deserialize(with).unwrap();
        config.validate().unwrap();
        config
    }

    fn output(exit_code: i32, stdout: &str, stderr: &str) -> Output {
        let (stdout, stderr) = (stdout.as_bytes().to_vec(), stderr.as_bytes().to_vec());
        Output { exit_code, stdout, stderr, truncated: false }
    }

    #[test]
    fn the_exit_code_is_the_verdict() {
        let config = config(&json!({ "run": { "command": "ours" }, "warn": [3], "inconclusive": [4, 5] }));
        for (code, verdict) in [
            (0, Verdict::Pass),
            (1, Verdict::Fail),
            (3, Verdict::Warn),
            (5, Verdict::Inconclusive),
            (75, Verdict::Pending),
            (137, Verdict::Fail),
        ] {
            let report = config.report(&config.run, &output(code, "first\n12 tests\n", "")).unwrap();
            assert_eq!(report.verdict, verdict, "{code}");
            let summary = if code == 0 { "12 tests" } else { "the command `ours` ended with" };
            assert!(report.summary.contains(summary), "{}", report.summary);
            assert_eq!(report.findings.len(), usize::from(code != 0));
        }
        let killed = config.report(&config.run, &output(137, "", "no\u{1b} space\n")).unwrap();
        assert_eq!(killed.summary, "the command `ours` ended with signal 9 (exit code 137): no space");
        let silent = config.report(&config.run, &output(0, "", "")).unwrap();
        assert_eq!(silent.summary, "the command `ours` ended with exit code 0");
    }

    #[test]
    fn an_object_is_an_answer_and_never_better_than_the_exit_code() {
        let config = config(&json!({ "run": { "command": "ours" }, "answer": "json" }));
        let whole = r#"{ "summary": "2 of 3 pages", "data": { "took": 3 },
            "findings": [{ "id": "a", "verdict": "pass", "title": "a" }, { "id": "b", "verdict": "warn", "title": "b" }] }"#;
        let report = config.report(&config.run, &output(0, whole, "")).unwrap();
        assert_eq!((report.verdict, report.summary.as_str()), (Verdict::Warn, "2 of 3 pages"));
        assert_eq!((report.findings.len(), report.data), (2, Some(json!({ "took": 3 }))));

        let report = config.report(&config.run, &output(1, r#"{"verdict":"pass"}"#, "")).unwrap();
        assert_eq!(report.verdict, Verdict::Fail, "the code says no");
        let report = config.report(&config.run, &output(0, r#"{"verdict":"pending"}"#, "")).unwrap();
        assert_eq!((report.verdict, report.summary.contains("not ready yet")), (Verdict::Pending, true));
        assert_eq!(config.report(&config.run, &output(2, "", "no jq")).unwrap().verdict, Verdict::Fail);
        for wrong in ["", "all is well", r#"{"verdict":"fine"}"#, r#"{"verdit":"pass"}"#, "{}\n{}"] {
            let error = config.report(&config.run, &output(0, wrong, "")).unwrap_err();
            assert_eq!(error.code(), "plugin:answer", "{wrong}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_said_before_anything_is_touched() {
        for (with, word) in [
            (json!({ "run": { "command": "" } }), "no name"),
            (json!({ "run": { "command": "a", "arguments": ["{comit}"] } }), "`run`"),
            (json!({ "run": { "command": "a" }, "warn": [0] }), "0 is no exit code"),
            (json!({ "run": { "command": "a" }, "warn": [256] }), "256 is no exit code"),
            (json!({ "run": { "command": "a" }, "warn": [75] }), "75 stands in two lists"),
        ] {
            let error = Config::deserialize(&with).unwrap().validate().unwrap_err();
            assert!(error.message().contains(word), "{with}: {error}");
        }
    }
}
