//! A whole deployment by a job template of AWX, with a stand-in for AWX and without a Docker Engine.

use std::fs;

use anyhow::{Result, ensure};
use tempfile::TempDir;
use windlass_awx_stand_in::{Awx, Template};
use windlass_stage::Host;
use windlass_tests::{agent, expect};

const AGENT: &str = r#"environment = "uat"
state-directory = "ROOT/state"
applications-directory = "ROOT/applications"

[docker]
endpoint = "unix:///nonexistent/docker.sock"

[secrets.awx]
file = "ROOT/secrets/awx"

[[grants]]
plugin = "strategy-awx"
http = [{ to = "URL", addresses = ["127.0.0.0/8"], secrets = ["awx"] }]
secrets = ["awx"]
state = true
"#;

const RELEASE: &str = r#"application = "shop"

[strategy]
plugin = "strategy-awx"

[strategy.with]
url = "URL"
template = "deploy shop"
token = "awx"
interval = "100ms"

[strategy.with.variables]
shop_commit = "{commit}"

[environments.uat]
"#;

const FIRST: &str = "1111111111111111111111111111111111111111";
const SECOND: &str = "2222222222222222222222222222222222222222";

/// Commit, the direction, and the end of each job.
fn jobs(awx: &Awx) -> Vec<[String; 3]> {
    let state = awx.state();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let direction = |mark: String| mark.split_once('/').map(|(_, way)| way.to_owned()).unwrap_or_default();
    let job = |job: &windlass_awx_stand_in::Job| {
        let variables = &job.variables;
        let way = direction(text(&variables["windlass_deployment"]));
        [text(&variables["shop_commit"])[..1].to_owned(), way, job.status.clone()]
    };
    state.jobs.iter().map(job).collect()
}

#[test]
fn a_release_is_deployed_by_a_job_and_put_back_by_another() -> Result<()> {
    let awx = Awx::start()?;
    {
        let mut state = awx.state();
        state.templates = vec![Template::new(7, "deploy shop")];
        state.accepted = vec!["Bearer the-value-of-awx".to_owned()];
        state.questions = Some(1);
    }
    let place = TempDir::new()?;
    let root = place.path();
    let host = Host::new(&agent()?, root)?;
    host.has_been_used()?;
    host.secret("awx", "the-value-of-awx")?;
    let filled = |text: &str| text.replace("ROOT", &root.display().to_string()).replace("URL", awx.url());
    fs::write(root.join("agent.toml"), filled(AGENT))?;
    fs::create_dir_all(host.application("shop"))?;
    fs::write(host.application("shop").join("release.toml"), filled(RELEASE))?;

    expect(host.run(["deploy", "shop", "--commit", FIRST])?, 0)?;
    expect(host.run(["deploy", "shop", "--commit", FIRST])?, 0)?;
    let mut expected = vec![["1", "forward", "successful"]];
    assert_eq!(jobs(&awx), expected, "the second time nothing changed");

    awx.state().ends = "failed".to_owned();
    let undone = host.run(["deploy", "shop", "--commit", SECOND])?;
    // The job back fails as well.
    let undone = expect(undone, 12)?;
    assert!(undone.stderr.contains("the port is taken"), "{}", undone.stderr);
    expected.extend([["2", "forward", "failed"], ["1", "back", "failed"]]);
    assert_eq!(jobs(&awx), expected);

    awx.state().ends.clear();
    expect(host.run(["resolve", "shop", "--retry", "--reason", "the port is free"])?, 11)?;
    expected.push(["1", "back", "successful"]);
    assert_eq!(jobs(&awx), expected);
    let shown = expect(host.run(["show", "shop"])?, 0)?;
    ensure!(!format!("{}{}", shown.stdout, shown.stderr).contains("the-value-of-awx"), "a secret is shown");

    expect(host.run(["deploy", "shop", "--commit", SECOND, "--retry"])?, 0)?;
    expected.push(["2", "forward", "successful"]);
    assert_eq!(jobs(&awx), expected);
    expect(host.run(["rollback", "shop"])?, 0)?;
    expected.push(["1", "forward", "successful"]);
    assert_eq!(jobs(&awx), expected);
    Ok(())
}
