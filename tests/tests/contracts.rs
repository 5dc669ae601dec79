//! Deployments between a Pact Broker's word before and its records after, with the agent as people run it. The broker is a
//! stand-in that answers as a real one was seen to.

use anyhow::{Result, ensure};
use windlass_pact_stand_in::{Broker, Fault};
use windlass_stage::docker;
use windlass_tests::{Small, expect};

const CONTRACTS: &str = r#"
[checks.contracts]
plugin = "check-pact"
interval = "100ms"
deadline = "2m"

[checks.contracts.with]
broker = { url = "BROKER", username = "pact-user", password = "pact-password" }
pacticipants = { web = "Web" }
webhook = "verify"

[recorders.contracts]
plugin = "recorder-pact"

[recorders.contracts.with]
broker = { url = "BROKER", username = "pact-user", password = "pact-password" }
pacticipants = { web = "Web" }
"#;

const SECRETS: &str = r#"
[secrets.pact-user]
file = "DIRECTORY/secrets/pact-user"

[secrets.pact-password]
file = "DIRECTORY/secrets/pact-password"
"#;

const GRANT: &str = r#"
[[grants]]
plugin = "PLUGIN"
secrets = ["pact-user", "pact-password"]
http = [{ to = "BROKER", addresses = ["127.0.0.0/8"], secrets = ["pact-user", "pact-password"] }]
"#;

/// The values of the secrets, which no output may hold.
const USER: &str = "THEUSER-c2Vj";
const PASSWORD: &str = "THEPASSWORD-bm9u";

/// Versions 1 and 2 of Web have contracts with API 1, which runs in `uat` and verified that of 1.
fn broker() -> Result<Broker> {
    let broker = Broker::start()?;
    {
        let mut state = broker.state();
        state.environment("uat");
        state.deploy("API", "1", "uat", None);
        for (version, content) in [("1", "one"), ("2", "two")] {
            state.publish(("Web", version), "API", content);
        }
        state.verify(("Web", "1"), ("API", "1"), true);
        state.webhooks.insert("verify".to_owned(), 0);
        state.writer = Some((USER.to_owned(), PASSWORD.to_owned()));
    }
    Ok(broker)
}

/// The operator's and the team's files for a version.
fn lay_out(small: &Small, broker: &Broker, version: &str) -> Result<()> {
    let grants: String = ["check-pact", "recorder-pact"]
        .iter()
        .map(|plugin| GRANT.replace("PLUGIN", plugin).replace("BROKER", broker.url()))
        .collect();
    small.operator(&format!("{}{grants}", SECRETS.replace("DIRECTORY", &small.host.root().display().to_string())))?;
    docker(["tag", &format!("windlass-test/{}:1", small.name), &format!("windlass-test/{}:{version}", small.name)])?;
    let release = small.release().replace("tag = \"1\"", &format!("tag = \"{version}\""));
    small.write("release.toml", format!("{release}{}", CONTRACTS.replace("BROKER", broker.url())))?;
    small.version(version)
}

/// The versions of Web that the broker takes for live.
fn live(broker: &Broker) -> Vec<String> {
    let state = broker.state();
    let web = state.deployed.iter().filter(|record| record.live && record.pacticipant == "Web");
    web.map(|record| record.version.clone()).collect()
}

#[test]
fn a_release_waits_for_its_verification_and_is_recorded_after_it_runs() -> Result<()> {
    let broker = broker()?;
    let small = Small::set("contracts")?;
    small.host.secret("pact-user", USER)?;
    small.host.secret("pact-password", PASSWORD)?;
    lay_out(&small, &broker, "1")?;
    small.begin()?;
    assert_eq!(live(&broker), ["1"]);

    // The provider breaks the changed contract, which it says as soon as it is asked to look.
    broker.state().when_sent.push((("Web", "2"), ("API", "1"), false));
    lay_out(&small, &broker, "2")?;
    let before = small.world()?;
    let refused = expect(small.deploy(&[])?, 10)?;
    assert!(refused.stderr.contains("API 1 broke the contract of Web 2"), "{}", refused.stderr);
    assert_eq!((small.world()?, live(&broker)), (before, vec!["1".to_owned()]), "nothing was touched");
    assert_eq!(broker.state().webhooks["verify"], 1);

    // It is mended and verified; the broker is away when it is to be told, which fails nothing and loses nothing.
    broker.state().verify(("Web", "2"), ("API", "1"), true);
    broker.state().write_faults.push_back(Fault::Broken);
    let deployed = expect(small.deploy(&[])?, 0)?;
    small.serves("2")?;
    assert_eq!(live(&broker), ["1"]);
    let waiting = expect(small.host.run(["outbox", "list"])?, 0)?;
    assert!(waiting.stdout.contains("the broker answered 500 to POST"), "{}", waiting.stdout);
    let flushed = expect(small.host.run(["outbox", "flush", &small.name])?, 0)?;
    assert_eq!(live(&broker), ["2"]);

    // Going back is recorded as well.
    let back = expect(small.host.run(["rollback", &small.name])?, 0)?;
    small.serves("1")?;
    assert_eq!(live(&broker), ["1"]);

    for run in [refused, deployed, waiting, flushed, back, small.host.run(["history", &small.name])?] {
        for text in [&run.stdout, &run.stderr] {
            assert!(!text.contains(USER) && !text.contains(PASSWORD), "{text}");
        }
    }
    Ok(())
}

#[test]
fn a_broker_that_is_away_refuses_and_is_no_no() -> Result<()> {
    let broker = broker()?;
    let small = Small::set("brokerless")?;
    small.host.secret("pact-user", USER)?;
    small.host.secret("pact-password", PASSWORD)?;
    lay_out(&small, &broker, "1")?;
    let release = std::fs::read_to_string(small.directory().join("release.toml"))?;
    small.write("release.toml", release.replace("deadline = \"2m\"", "deadline = \"3s\""))?;
    broker.state().fault = Some(Fault::Down);
    let refused = expect(small.deploy(&[])?, 10)?;
    assert!(refused.stderr.contains("the broker answered 502 to GET /"), "{}", refused.stderr);
    assert!(small.world()?.is_empty(), "nothing was touched");
    // Who cannot wait says why.
    expect(small.deploy(&["--break-glass", "the broker is away"])?, 0)?;
    small.serves("1")?;
    assert!(live(&broker).is_empty());
    broker.state().fault = None;
    expect(small.host.run(["outbox", "flush", &small.name])?, 0)?;
    assert_eq!(live(&broker), ["1"]);
    Ok(())
}

#[test]
fn what_the_broker_lost_is_recorded_again_and_what_it_never_knew_holds_nothing_up() -> Result<()> {
    let broker = broker()?;
    let small = Small::set("repaired")?;
    small.host.secret("pact-user", USER)?;
    small.host.secret("pact-password", PASSWORD)?;
    lay_out(&small, &broker, "1")?;
    small.begin()?;
    broker.state().deployed.retain(|record| record.pacticipant != "Web");
    let again = expect(small.deploy(&[])?, 0)?;
    assert!(again.stdout.contains("unchanged"), "{}", again.stdout);
    assert!(again.stderr.contains("recorded again Web 1 in uat: the broker had lost it"), "{}", again.stderr);
    assert_eq!(live(&broker), ["1"]);

    // Version 3 was not published; it is deployed all the same, and runs.
    lay_out(&small, &broker, "3")?;
    let unknown = expect(small.deploy(&["--break-glass", "nobody published it"])?, 0)?;
    let said = unknown.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("NOT TOLD") && said.contains("the broker knows no version 3 of `Web`"), "{said}");
    assert_eq!(live(&broker), ["1"]);
    // Once it is published, the running release is deployed again, and the recorder looks.
    broker.state().publish(("Web", "3"), "API", "one");
    expect(small.deploy(&["--break-glass", "published since"])?, 0)?;
    assert_eq!(live(&broker), ["3"]);
    let status = expect(small.host.run(["status", &small.name])?, 0)?.stdout;
    assert!(status.contains("not recorded:"), "until somebody says that they saw it: {status}");
    Ok(())
}

#[test]
fn a_user_whose_name_is_short_is_a_secret_like_others() -> Result<()> {
    let broker = broker()?;
    broker.state().writer = Some(("ci".to_owned(), PASSWORD.to_owned()));
    let small = Small::set("short")?;
    small.host.secret("pact-user", "ci")?;
    small.host.secret("pact-password", PASSWORD)?;
    lay_out(&small, &broker, "1")?;
    let planned = expect(small.host.run(["check", &small.name])?, 0)?;
    let said = planned.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(said.matches("the secret `pact-user` is too short").count(), 1, "{said}");
    small.begin()?;
    assert_eq!(live(&broker), ["1"]);
    let doctor = small.host.run(["doctor"])?.stdout;
    assert!(doctor.contains("the value of `pact-user` is too short to be kept out of logs"), "{doctor}");
    small.host.secret("pact-user", "")?;
    let refused = small.deploy(&[])?;
    ensure!(refused.code != 0 && refused.stderr.contains("its value is empty"), "{}", refused.stderr);
    Ok(())
}
