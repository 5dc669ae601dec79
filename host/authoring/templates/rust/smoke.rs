//! Proves that the application answers with the version that was deployed.

use windlass_sdk::prelude::*;

/// The smoke test; it keeps nothing between calls.
pub struct Plugin;

/// Its `with` table. `windlass plugin inspect` shows these texts, and a misspelt key is an error with its place.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Where the application tells its version, as text.
    pub url: String,
}

impl Smoke for Plugin {
    type Config = Config;

    /// What the types cannot say. It is asked before anything is touched.
    fn validate(config: &Config) -> Result<()> {
        http::Request::get(&config.url).check()
    }

    /// A `fail` puts the old version back, and so does an error.
    fn run(context: &Context<'_>, config: &Config) -> Result<Report> {
        let response = http::Request::get(&config.url).send()?;
        Ok(judge(
            &context.release()?.version,
            response.status,
            &response.text(),
        ))
    }
}

/// What the answer means. The application may still be starting: `pending` is asked again until the test's deadline.
fn judge(version: &str, status: u16, text: &str) -> Report {
    match status {
        200 if text.trim() == version => Report::pass(format!("it answers as {version}")),
        200 => Report::fail(format!(
            "it answers as {:?} and not as {version}",
            text.trim()
        )),
        502..=504 => Report::new(
            Verdict::Pending,
            format!("it does not answer yet ({status})"),
        ),
        _ => Report::fail(format!("it answers {status}")),
    }
}

windlass_sdk::export!(smoke Plugin {
    name: "plugin-name",
    summary: "proves that the application answers with the version that was deployed",
    example: include_str!("../example.toml"),
    capabilities: ["http" => "asks the application which version it is"],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_fails_and_one_that_starts_is_waited_for() {
        assert_eq!(judge("2.0", 200, "2.0\n").verdict, Verdict::Pass);
        assert_eq!(judge("2.0", 503, "").verdict, Verdict::Pending);
        let report = judge("2.0", 200, "1.9");
        assert_eq!(report.verdict, Verdict::Fail);
        assert_eq!(report.summary, "it answers as \"1.9\" and not as 2.0");
    }

    #[test]
    fn without_a_host_there_is_an_error_and_no_verdict() {
        let context = Context::fixture(Fixture {
            release: Some(testing::release("kudos", "2.0")),
            ..Fixture::default()
        });
        let config: Config = testing::example(include_str!("../example.toml")).unwrap();
        Plugin::validate(&config).unwrap();
        assert_eq!(
            Plugin::run(&context, &config).unwrap_err().code(),
            "unsupported"
        );
    }
}
