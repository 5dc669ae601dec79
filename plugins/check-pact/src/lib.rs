//! Checks with a Pact Broker that a release keeps its contracts with everything that is live in the environment.
//!
//! It asks and changes nothing, but for a webhook of the broker that it may be told to have sent. Verifying contracts is
//! the builds' work.

mod ask;
mod config;
mod gather;
mod judge;
mod nothing;
mod webhook;
mod words;

use windlass_pact::{Client, Pacticipant};
use windlass_sdk::prelude::*;

pub use config::{Config, Policy};
use judge::Question;

/// The release file's lines that show what it can do.
const EXAMPLE: &str = include_str!("../example.toml");

/// The plugin.
#[derive(Debug)]
pub struct CheckPact;

impl Check for CheckPact {
    type Config = Config;

    fn validate(config: &Config) -> Result<()> {
        config.check()
    }

    fn run(context: &Context<'_>, config: &Config) -> Result<Report> {
        let pacticipants = Pacticipant::of_release(&context.release()?, &config.pacticipants, &config.version)?;
        let environment = config.environment.clone().unwrap_or_else(|| context.environment());
        let answer = Client::new(&config.broker, context.remaining()).and_then(|client| {
            let question = Question { config, pacticipants: &pacticipants, environment: &environment };
            ask::ask(&client, &question, context.attempt() == 1)
        });
        if config.dry_run { dry(answer) } else { answer }
    }
}

/// Everything is told and nothing is refused; what only the operator can mend still is an error.
fn dry(answer: Result<Report>) -> Result<Report> {
    let mut report = match answer {
        Err(error) if matches!(error.code(), "capability-denied" | "invalid-config" | "cancelled") => {
            return Err(error);
        }
        Err(error) => {
            Report::of(vec![Finding::new("broker", Verdict::Fail, error.message())], error.message().to_owned())
        }
        Ok(report) => report,
    };
    let worse = |verdict: Verdict| !matches!(verdict, Verdict::Pass | Verdict::Warn);
    if worse(report.verdict) {
        report.verdict = Verdict::Warn;
        report.summary = format!("dry run, would not pass: {}", report.summary);
    }
    for finding in report.findings.iter_mut().filter(|finding| worse(finding.verdict)) {
        finding.verdict = Verdict::Warn;
    }
    Ok(report)
}

windlass_sdk::export!(check CheckPact {
    name: "check-pact",
    summary: "asks a Pact Broker whether the release may be deployed to the environment",
    example: EXAMPLE,
    capabilities: [
        "http" => "asks the broker that the release file names",
        "secrets" optional true => "the user and password or the token for the broker",
    ],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_names_every_key() {
        let page = include_str!("../../../docs/plugins.md");
        assert_eq!(windlass_sdk::testing::undocumented::<Config>(page, EXAMPLE), [""; 0]);
    }

    #[test]
    fn the_example_is_valid() {
        let config: Config = windlass_sdk::testing::example(EXAMPLE).unwrap();
        CheckPact::validate(&config).unwrap();
        assert!(config.retry && config.nothing_to_check == Policy::Inconclusive);
    }

    #[test]
    fn a_dry_run_tells_a_no_and_refuses_nothing() {
        let finding = Finding::new("pact:a/b", Verdict::Fail, "b broke the contract of a");
        let report = dry(Ok(Report::of(vec![finding], "no"))).unwrap();
        assert_eq!((report.verdict, report.findings[0].verdict), (Verdict::Warn, Verdict::Warn));
        assert_eq!(report.summary, "dry run, would not pass: no");
        let down = dry(Err(Error::new("unavailable", "the broker is away"))).unwrap();
        assert!(down.verdict == Verdict::Warn && down.summary.contains("the broker is away"));
        assert!(dry(Err(Error::new("capability-denied", "no grant"))).is_err());
    }
}
