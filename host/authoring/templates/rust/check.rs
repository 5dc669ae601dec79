//! Refuses a release while the release calendar says that the environment is closed.

use windlass_sdk::prelude::*;

/// The check; it keeps nothing between calls.
pub struct Plugin;

/// Its `with` table. `windlass plugin inspect` shows these texts, and a misspelt key is an error with its place.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The calendar. It is told `environment` and `version`, and answers `{"open": true}`.
    pub url: String,
}

/// What the calendar answers.
#[derive(Deserialize)]
struct Answer {
    open: bool,
    /// Why, where it is closed.
    reason: Option<String>,
}

impl Check for Plugin {
    type Config = Config;

    /// What the types cannot say. It is asked before anything is touched.
    fn validate(config: &Config) -> Result<()> {
        http::Request::get(&config.url).check()
    }

    /// An `Err` is no verdict: a calendar that is down is an error, one that says no is a `fail`.
    fn run(context: &Context<'_>, config: &Config) -> Result<Report> {
        let answer = question(context, config)?
            .send()?
            .expect_success()?
            .json()?;
        Ok(judge(&context.environment(), answer))
    }
}

/// What the calendar is asked.
fn question(context: &Context<'_>, config: &Config) -> Result<http::Request> {
    let (environment, version) = (context.environment(), context.release()?.version);
    let query = format!(
        "environment={}&version={}",
        http::encode(&environment),
        http::encode(&version)
    );
    Ok(http::Request::get(format!("{}?{query}", config.url)).header("accept", "application/json"))
}

/// What the answer means.
fn judge(environment: &str, answer: Answer) -> Report {
    if answer.open {
        return Report::pass(format!("{environment} is open for releases"));
    }
    let reason = answer
        .reason
        .unwrap_or_else(|| "the calendar gives no reason".to_owned());
    Report::fail(format!("{environment} is closed for releases: {reason}"))
}

windlass_sdk::export!(check Plugin {
    name: "plugin-name",
    summary: "refuses a release while the release calendar says that the environment is closed",
    example: include_str!("../example.toml"),
    capabilities: ["http" => "asks the release calendar"],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_is_asked_about_this_environment_and_version() {
        let context = Context::fixture(Fixture {
            environment: "uat".to_owned(),
            release: Some(testing::release("kudos", "2.0 beta")),
            ..Fixture::default()
        });
        let config = Config {
            url: "https://calendar.example/open".to_owned(),
        };
        let request = question(&context, &config).unwrap();
        assert_eq!(
            request.url(),
            "https://calendar.example/open?environment=uat&version=2.0%20beta"
        );
    }

    #[test]
    fn a_closed_environment_is_refused_with_the_reason() {
        let answer = Answer::deserialize(json!({ "open": false, "reason": "holidays" })).unwrap();
        let report = judge("uat", answer);
        assert_eq!(report.verdict, Verdict::Fail);
        assert_eq!(report.summary, "uat is closed for releases: holidays");
        assert_eq!(
            judge(
                "uat",
                Answer {
                    open: true,
                    reason: None
                }
            )
            .verdict,
            Verdict::Pass
        );
    }

    #[test]
    fn the_example_fits_and_an_address_that_is_none_does_not() {
        let config: Config = testing::example(include_str!("../example.toml")).unwrap();
        Plugin::validate(&config).unwrap();
        assert!(
            Plugin::validate(&Config {
                url: "calendar".to_owned()
            })
            .is_err()
        );
    }
}
