//! Checks that releases may be deployed at this time: allowed hours, holidays and freezes, in time zones.
//!
//! The time is the agent's. Passing over the answer in an emergency (`--break-glass`) is the agent's, too; a freeze that
//! an operator sets by hand is state of the application and not in here.

mod config;
mod judge;
mod rules;

use jiff::Timestamp;
use windlass_sdk::prelude::*;

pub use config::{Config, Freeze, Holiday, Hours};
use rules::Rules;

/// The release file's lines that show what it can do.
const EXAMPLE: &str = include_str!("../example.toml");

/// The plugin.
#[derive(Debug)]
pub struct CheckWindow;

impl Check for CheckWindow {
    type Config = Config;

    fn validate(config: &Config) -> Result<()> {
        Rules::of(config).map(drop)
    }

    fn run(context: &Context<'_>, config: &Config) -> Result<Report> {
        let rules = Rules::of(config)?;
        if context.purpose() == "rollback" && !config.hold_rollbacks {
            return Ok(Report::pass("going back is allowed at any time"));
        }
        let text = context.host()?.time;
        let time: Timestamp =
            text.parse().map_err(|_| Error::internal(format!("the agent's time {text:?} is no RFC 3339 time")))?;
        let answer = judge::judge(&rules, time)?;
        Ok(judge::report(&rules, time, &answer, config.wait))
    }
}

windlass_sdk::export!(check CheckWindow {
    name: "check-window",
    summary: "checks that releases may be deployed at this time: allowed hours, holidays and freezes",
    example: EXAMPLE,
    capabilities: [],
});

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_sdk::{Fixture, Host};

    #[test]
    fn the_reference_names_every_key() {
        let page = include_str!("../../../docs/plugins.md");
        assert_eq!(windlass_sdk::testing::undocumented::<Config>(page, EXAMPLE), [""; 0]);
    }

    #[test]
    fn the_example_is_valid() {
        let config: Config = windlass_sdk::testing::example(EXAMPLE).unwrap();
        CheckWindow::validate(&config).unwrap();
    }

    fn run(purpose: &str, time: &str, config: &Config) -> Result<Report> {
        let host = Host { time: time.to_owned(), ..Host::default() };
        let fixture = Fixture { purpose: purpose.to_owned(), host, ..Fixture::default() };
        CheckWindow::run(&Context::fixture(fixture), config)
    }

    #[test]
    fn a_rollback_is_allowed_at_any_time_unless_it_is_held() {
        let mut config: Config = windlass_sdk::testing::example(EXAMPLE).unwrap();
        let sunday = "2026-11-22T10:00:00Z";
        assert_eq!(run("rollback", sunday, &config).unwrap().verdict, Verdict::Pass);
        assert_eq!(run("deploy", sunday, &config).unwrap().verdict, Verdict::Fail);
        config.hold_rollbacks = true;
        assert_eq!(run("rollback", sunday, &config).unwrap().verdict, Verdict::Fail);
    }

    #[test]
    fn a_host_without_a_time_is_an_error_and_no_answer() {
        let error = run("deploy", "", &Config::default()).unwrap_err();
        assert_eq!(error.code(), "internal");
    }
}
