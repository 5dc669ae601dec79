//! Events from outside: signed ones start what the operator wrote, once, and nothing else starts anything.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use windlass_stage::Run;
use windlass_tests::{Small, expect};

pub(crate) const SECRET: &str = "a-secret-of-the-webhook";

fn small(name: &str) -> Result<Small> {
    let small = Small::set(name)?;
    small.host.secret("webhook", SECRET)?;
    small.operator(&format!(
        "[secrets.webhook]\nfile = \"{}/secrets/webhook\"\n\
         [triggers.staging]\nfrom = \"github\"\nsecret = \"webhook\"\n\
         when = {{ event = \"push\", branch = \"main\" }}\nrun = [\"deploy\", \"{name}\", \"--reason=commit {{commit}}\"]\n\
         [triggers.contracts]\nfrom = \"pact-broker\"\nsecret = \"webhook\"\nrun = [\"check\", \"{name}\"]\n\
         [triggers.wrong]\nfrom = \"pact-broker\"\nsecret = \"webhook\"\nrun = [\"deploy\", \"--unheard-of\"]\n",
        small.host.root().display(),
        name = small.name,
    ))?;
    Ok(small)
}

/// What GitHub sends of a push.
pub(crate) fn push(branch: &str, commit: &str) -> String {
    format!(
        r#"{{"ref":"refs/heads/{branch}","after":"{commit}","repository":{{"full_name":"acme/kudos"}},"sender":{{"login":"ada"}}}}"#
    )
}

/// The signature as OpenSSL makes it.
pub(crate) fn signature(body: &str) -> Result<String> {
    let mut openssl = Command::new("openssl")
        .args(["dgst", "-sha256", "-hmac", SECRET, "-r"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    openssl.stdin.take().context("no standard input")?.write_all(body.as_bytes())?;
    let output = openssl.wait_with_output()?;
    ensure!(output.status.success(), "openssl failed");
    Ok(String::from_utf8(output.stdout)?.split(' ').next().unwrap_or_default().to_owned())
}

fn trigger(small: &Small, arguments: &[&str], message: &str) -> Result<Run> {
    let mut command = small.host.command(["trigger"].iter().chain(arguments));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // It may have ended without reading.
    child.stdin.take().context("no standard input")?.write_all(message.as_bytes()).ok();
    let run = Run::from(child.wait_with_output()?);
    ensure!(!format!("{run:?}").contains(SECRET), "the secret is told: {run:?}");
    Ok(run)
}

fn signed(body: &str) -> Result<String> {
    Ok(format!("X-GitHub-Event: push\r\nX-Hub-Signature-256: sha256={}\r\n\r\n{body}", signature(body)?))
}

#[test]
fn a_signed_push_deploys_once_and_everything_else_starts_nothing() -> Result<()> {
    let small = small("triggered")?;
    let name = small.name.as_str();
    let body = push("main", "1ef921a70000000000000000000000000000abcd");
    let message = signed(&body)?;

    let forged = expect(trigger(&small, &["staging"], &message.replace("1ef921a7", "2ef921a7"))?, 10)?.stderr;
    assert!(forged.contains("the event is not from GitHub"), "{forged}");
    let unsigned = expect(trigger(&small, &["staging"], &format!("X-GitHub-Event: push\r\n\r\n{body}"))?, 10)?.stderr;
    assert!(unsigned.contains("the event has no `x-hub-signature-256`"), "{unsigned}");
    let other = expect(trigger(&small, &["staging"], &signed(&push("feature", "1ef921a7"))?)?, 0)?.stdout;
    assert_eq!(other, "trigger staging: the event is ignored: its branch is `feature`\n");
    expect(trigger(&small, &["nothing"], &message)?, 17)?;
    expect(trigger(&small, &["staging"], "")?, 2)?;
    let evil = signed(&push("main", "--break-glass=x"))?;
    let evil = expect(trigger(&small, &["staging"], &evil)?, 10)?.stderr;
    assert!(evil.contains("the event's `commit` is not used"), "{evil}");
    assert!(small.world()?.is_empty(), "nothing was deployed");

    expect(trigger(&small, &["staging"], &message)?, 0)?;
    small.serves("1")?;
    let history = expect(small.host.run(["history", name])?, 0)?.stdout;
    assert!(history.contains("trigger staging (GitHub, ada): commit 1ef921a7"), "{history}");
    let before = small.world()?;
    small.version("2")?;
    let again = expect(trigger(&small, &["staging"], &message)?, 0)?.stdout;
    assert!(again.contains("it was acted on at"), "{again}");
    assert_eq!(small.world()?, before, "the same event starts nothing twice");
    expect(trigger(&small, &["staging", "--again"], &message)?, 0)?;
    small.serves("2")
}

#[test]
fn a_brokers_event_starts_a_check_and_one_that_led_to_nothing_may_come_again() -> Result<()> {
    let small = small("contracts")?;
    let name = small.name.as_str();
    let message =
        |token: &str| format!("X-Windlass-Token: {token}\n\n{{\"consumer\":\"web\",\"provider\":\"{name}\"}}");
    let wrong = expect(trigger(&small, &["contracts"], &message("guessed"))?, 10)?.stderr;
    assert!(wrong.contains("not from the Pact Broker"), "{wrong}");

    // The files are wrong at first: nothing came of the event, and the broker may send it again.
    let release = small.release();
    small.write("release.toml", "application = ")?;
    expect(trigger(&small, &["contracts"], &message(SECRET))?, 3)?;
    small.write("release.toml", release)?;
    let checked = expect(trigger(&small, &["contracts"], &message(SECRET))?, 0)?;
    assert!(checked.stderr.contains(&format!("windlass check {name}")), "{}", checked.stderr);
    let again = expect(trigger(&small, &["contracts"], &message(SECRET))?, 0)?.stdout;
    assert!(again.contains("it was acted on at") && again.contains("for 1 h"), "{again}");
    let command = expect(trigger(&small, &["wrong"], &message(SECRET))?, 3)?.stderr;
    assert!(command.contains("`run` of the trigger `wrong` is not a command"), "{command}");
    Ok(())
}

#[test]
fn two_events_of_a_broker_in_the_same_words_are_two_when_the_first_is_long_ago() -> Result<()> {
    let small = small("repeated")?;
    let body = |more: &str| format!("{{\"consumer\":\"web\"{more}}}");
    let at = |time: &str, body: &str| -> Result<String> {
        let message = format!("X-Windlass-Token: {SECRET}\n\n{body}");
        let mut command = small.host.command(["trigger", "contracts"]);
        command.env("WINDLASS_TEST_TIME", time);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        child.stdin.take().context("no standard input")?.write_all(message.as_bytes())?;
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let ignored = |told: &str| told.contains("the event is ignored");
    assert!(!ignored(&at("2026-01-01T10:00:00Z", &body(""))?));
    // The broker sends what was not taken for 38 minutes.
    assert!(ignored(&at("2026-01-01T10:40:00Z", &body(""))?));
    assert!(!ignored(&at("2026-01-01T11:30:00Z", &body(""))?), "the same words, another verification");
    assert!(ignored(&at("2026-01-01T11:40:00Z", &body(""))?));
    // What names its verification is another event at once, and the same for weeks.
    let named = |number: u32| body(&format!(",\"verification-result-url\":\"http://broker/results/{number}\""));
    assert!(!ignored(&at("2026-01-01T11:41:00Z", &named(1))?));
    assert!(!ignored(&at("2026-01-01T11:42:00Z", &named(2))?));
    assert!(ignored(&at("2026-01-20T12:00:00Z", &named(1))?));
    Ok(())
}
