//! The watch after a deployment: the agent goes on asking what the deployment asked. A page that is not there any more is a
//! release that fails.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::Value;
use windlass_stage::docker;
use windlass_tests::{Resident, Small, expect, tells};

/// What the operator grants besides.
fn grants(small: &Small, smoke: bool) -> String {
    let records = small.host.root().join("records");
    let smoke = if smoke {
        format!(
            "[[grants]]\nplugin = \"smoke-http\"\nhttp = [{{ to = \"http://127.0.0.1:{}\", addresses = \
             [\"127.0.0.1/32\"] }}]\n",
            small.port
        )
    } else {
        String::new()
    };
    format!(
        "drift-every = false\nsweep-every = \"0s\"\n\n{smoke}[[grants]]\nplugin = \"recorder-state-file\"\nfiles = [{{ root = \
         \"records\", path = \"{}\", write = true }}]\n",
        records.display()
    )
}

/// A release whose page is asked for, with these lines at the top.
fn release(small: &Small, top: &str) -> Result<()> {
    let smoke = format!(
        "[smoke.page]\nplugin = \"smoke-http\"\nwith = {{ deadline = \"1s\", interval = \"200ms\", requests = [{{ url = \
         \"http://127.0.0.1:{}/index.html\" }}] }}\n\n[recorders.state]\nplugin = \"recorder-state-file\"\n",
        small.port
    );
    small.write("release.toml", format!("{top}\n{}{smoke}", small.release()))
}

/// An application whose version 1 runs and is not watched, and its agent.
fn ready(name: &str) -> Result<(Small, Resident)> {
    let small = Small::set(name)?;
    fs::create_dir_all(small.host.root().join("records"))?;
    Resident::configure(&small, &grants(&small, true))?;
    release(&small, "")?;
    let agent = Resident::start(&small, &[])?;
    small.begin()?;
    Ok((small, agent))
}

/// Deploys a version that is watched like this.
fn watched(small: &Small, version: &str, top: &str) -> Result<()> {
    release(small, top)?;
    small.version(version)?;
    expect(small.deploy(&[])?, 0).map(drop)
}

/// Takes the page away, or puts it back.
fn page(small: &Small, text: Option<&str>) -> Result<()> {
    let script = match text {
        Some(text) => format!("echo -n {text} > /tmp/index.html"),
        None => "rm /tmp/index.html".to_owned(),
    };
    docker(["exec", &format!("{}-web-1", small.name), "sh", "-c", &script]).map(drop)
}

fn status(small: &Small) -> Result<Value> {
    Ok(serde_json::from_str(expect(small.host.run(["status", &small.name, "--json"])?, 0)?.stdout.trim())?)
}

/// What the recorder wrote about the application.
fn recorded(small: &Small) -> Result<Value> {
    let records = small.host.root().join("records");
    for entry in fs::read_dir(records)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let file: Value = serde_json::from_slice(&fs::read(path)?)?;
            return Ok(file["applications"][&small.name].clone());
        }
    }
    Ok(Value::Null)
}

/// Waits for something that becomes true without a line that says so.
fn until(what: &str, mut is_true: impl FnMut() -> Result<bool>) -> Result<()> {
    let since = Instant::now();
    while !is_true()? {
        ensure!(since.elapsed() < Duration::from_mins(1), "{what} does not come about");
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// The agent deploys by itself, and whoever attaches sees it to its end.
fn gone_back(small: &Small, deployments: usize) -> Result<()> {
    until("the deployment", || Ok(small.history()?.lines().count() == deployments))?;
    tells(&expect(small.host.run(["attach", &small.name])?, 0)?, &["succeeded"]).map(drop)
}

#[test]
fn a_watch_of_what_is_well_ends_and_says_nothing() -> Result<()> {
    let (small, agent) = ready("watch-well")?;
    ensure!(status(&small)?["watched-until"].is_null(), "nothing asks for a watch");
    watched(&small, "2", "watch = \"20s\"\nwatch-every = \"1s\"")?;
    ensure!(status(&small)?["watched-until"].is_string(), "{}", status(&small)?);
    until("the end", || Ok(status(&small)?["watched-until"].is_null()))?;
    let shown: Value =
        serde_json::from_str(expect(small.host.run(["show", &small.name, "--json"])?, 0)?.stdout.trim())?;
    ensure!(shown["found"].is_null(), "{shown}");
    let said = agent.end()?;
    ensure!(!said.stderr.contains("watch:"), "{said:?}");
    Ok(())
}

#[test]
fn a_release_that_fails_while_it_is_watched_is_told_once_and_again_when_it_is_well() -> Result<()> {
    let (small, mut agent) = ready("watch-alert")?;
    watched(&small, "2", "watch = \"1h\"\nwatch-every = \"1s\"")?;
    tells(&expect(small.host.run(["verify", &small.name])?, 0)?, &["page", "proved"])?;
    page(&small, None)?;
    agent.says(&[&small.name, "watch: page failed", "404"])?;
    let found = status(&small)?;
    ensure!(found["found"][0]["by"] == "watch" && found["quarantined"] == serde_json::json!([]), "{found}");
    tells(&expect(small.host.run(["status", &small.name])?, 0)?, &["watch: page failed", "watched until"])?;
    tells(&expect(small.host.run(["verify", &small.name])?, 10)?, &["page", "404", "not well"])?;
    until("the record", || Ok(recorded(&small)?["trouble"].as_str().is_some_and(|text| text.contains("page failed"))))?;

    page(&small, Some("2"))?;
    agent.says(&[&small.name, "watch: as it was deployed again"])?;
    until("the record", || Ok(recorded(&small)?["trouble"].is_null()))?;
    ensure!(status(&small)?["found"].is_null(), "{}", status(&small)?);
    tells(
        &expect(small.host.run(["show", &small.name])?, 0)?,
        &["afterwards", "watch: page failed", "watch: as it was deployed again"],
    )?;
    ensure!(small.history()?.lines().count() == 2, "nothing else was done: {}", small.history()?);
    expect(small.host.run(["audit", "verify"])?, 0)?;
    let said = agent.end()?;
    ensure!(said.stderr.matches("watch: page failed").count() == 1, "{said:?}");
    Ok(())
}

#[test]
fn a_release_that_fails_while_it_is_watched_is_rolled_back_where_its_file_says_so() -> Result<()> {
    let (small, mut agent) = ready("watch-back")?;
    let top = "watch = \"1h\"\nwatch-every = \"1s\"\non-watch-failure = \"rollback\"";
    watched(&small, "2", top)?;
    page(&small, None)?;
    agent.says(&[&small.name, "watch: page failed"])?;
    gone_back(&small, 3)?;
    small.serves("1")?;
    let shown: Value =
        serde_json::from_str(expect(small.host.run(["show", &small.name, "--json"])?, 0)?.stdout.trim())?;
    ensure!(shown["rollback"] == true && shown["principal"]["proof"] == "agent", "{shown}");
    let reason = shown["reason"].as_str().unwrap_or_default();
    ensure!(reason.starts_with("watch: page failed: "), "{shown}");
    // It failed here, as after a deployment that failed.
    tells(&expect(small.deploy(&[])?, 10)?, &["quarantine"])?;
    small.serves("1")?;
    agent.end().map(drop)
}

#[test]
fn what_was_gone_back_to_is_not_gone_back_from() -> Result<()> {
    let (small, mut agent) = ready("watch-twice")?;
    let top = "watch = \"1h\"\nwatch-every = \"1s\"\non-watch-failure = \"rollback\"";
    watched(&small, "2", top)?;
    watched(&small, "3", top)?;
    page(&small, None)?;
    agent.says(&["watch: page failed"])?;
    gone_back(&small, 4)?;
    small.serves("2")?;
    page(&small, None)?;
    agent.says(&["it is not rolled back: it is what was gone back to"])?;
    ensure!(small.history()?.lines().count() == 4, "{}", small.history()?);
    agent.end().map(drop)
}

#[test]
fn a_watch_goes_on_after_a_restart_and_a_freeze_keeps_what_runs() -> Result<()> {
    let (small, agent) = ready("watch-again")?;
    watched(&small, "2", "watch = \"1h\"\nwatch-every = \"1s\"\non-watch-failure = \"rollback\"")?;
    agent.end()?;
    page(&small, None)?;
    let mut agent = Resident::start(&small, &[])?;
    agent.says(&["watch: page failed"])?;
    gone_back(&small, 3)?;
    small.serves("1")?;

    watched(&small, "3", "watch = \"1h\"\nwatch-every = \"1s\"\non-watch-failure = \"rollback\"")?;
    expect(small.host.run(["freeze", &small.name, "--reason", "the audit"])?, 0)?;
    page(&small, None)?;
    agent.says(&["it is not rolled back: it is frozen by", "the audit"])?;
    ensure!(status(&small)?["found"][0]["by"] == "watch", "{}", status(&small)?);
    agent.end().map(drop)
}

#[test]
fn a_new_deployment_ends_the_watch_of_the_old() -> Result<()> {
    let (small, mut agent) = ready("watch-new")?;
    watched(&small, "2", "watch = \"1h\"\nwatch-every = \"1s\"")?;
    page(&small, None)?;
    agent.says(&["watch: page failed"])?;
    // Nothing new is deployed, so the watch goes on with what it found.
    expect(small.deploy(&[])?, 0)?;
    ensure!(status(&small)?["found"][0]["by"] == "watch", "{}", status(&small)?);
    watched(&small, "3", "")?;
    let now = status(&small)?;
    ensure!(now["watched-until"].is_null() && now["found"].is_null(), "{now}");
    expect(small.host.run(["audit", "verify"])?, 0)?;
    agent.end().map(drop)
}

#[test]
fn a_test_that_cannot_be_asked_is_told_and_nothing_is_rolled_back() -> Result<()> {
    let (small, mut agent) = ready("watch-error")?;
    watched(&small, "2", "watch = \"1h\"\nwatch-every = \"1s\"\non-watch-failure = \"rollback\"")?;
    Resident::configure(&small, &grants(&small, false))?;
    agent.says(&[&small.name, "watch: page could not be asked"])?;
    Resident::configure(&small, &grants(&small, true))?;
    agent.says(&[&small.name, "watch: as it was deployed again"])?;
    small.serves("2")?;
    ensure!(small.history()?.lines().count() == 2, "{}", small.history()?);
    agent.end().map(drop)
}

#[test]
fn what_a_release_says_about_the_watch_is_within_bounds() -> Result<()> {
    let small = Small::set("watch-bounds")?;
    for (top, words) in [
        ("watch = \"25h\"", "not between `0s` and `24h`"),
        ("watch = true", "watch"),
        ("watch-every = \"0s\"", "not between `1s` and `1h`"),
        ("on-watch-failure = \"shout\"", "on-watch-failure"),
        ("on-drift = \"rollback\"", "on-drift"),
    ] {
        release(&small, top)?;
        tells(&expect(small.host.run(["config", &small.name])?, 3)?, &[words, "release.toml:1:"])?;
    }
    Ok(())
}
