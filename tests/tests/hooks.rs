//! The ports of the agent that stays, with real requests, binary and engine: events that a proxy hands over, and who may look.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use regex::Regex;
use serde_json::Value;
use windlass_stage::{docker, free_port};
use windlass_tests::{Answered, Resident, Small, ask_port, expect, tells};

use crate::triggers::{SECRET, push, signature};

const COMMIT: &str = "1ef921a70000000000000000000000000000abcd";

/// An application whose agent has a port for hooks and one for looking.
struct Hooked {
    small: Small,
    hooks: u16,
    page: u16,
}

impl Hooked {
    fn set(name: &str, more: &str) -> Result<Self> {
        Self::of(Small::set(name)?, more)
    }

    fn of(small: Small, more: &str) -> Result<Self> {
        small.host.secret("webhook", SECRET)?;
        let (hooks, page, name) = (free_port()?, free_port()?, small.name.as_str());
        let more = format!(
            "page = \"127.0.0.1:{page}\"\nhooks = \"127.0.0.1:{hooks}\"\n\
             [secrets.webhook]\nfile = \"{}/secrets/webhook\"\n\
             [triggers.staging]\nfrom = \"github\"\nsecret = \"webhook\"\n\
             when = {{ event = \"push\", branch = \"main\" }}\n\
             run = [\"deploy\", \"{name}\", \"--wait=2m\", \"--reason=commit {{commit}}\"]\n\
             [triggers.contracts]\nfrom = \"pact-broker\"\nsecret = \"webhook\"\nrun = [\"check\", \"{name}\"]\n{more}",
            small.host.root().display(),
        );
        Resident::configure(&small, &more)?;
        Ok(Self { small, hooks, page })
    }

    fn post(&self, hook: &str, headers: &[(&str, &str)], body: &str) -> Result<Answered> {
        let answered = ask_port(self.hooks, &format!("POST /hooks/{hook}"), headers, body)?;
        ensure!(!format!("{answered:?}").contains(SECRET), "the secret is told: {answered:?}");
        Ok(answered)
    }

    /// Hands over a push, signed as GitHub does it.
    fn push(&self, body: &str) -> Result<Answered> {
        let signed = format!("sha256={}", signature(body)?);
        self.post("staging", &[("x-github-event", "push"), ("x-hub-signature-256", &signed)], body)
    }

    /// Waits for the end of an operation.
    fn attach(&self, operation: &str, code: i32) -> Result<()> {
        expect(self.small.host.run(["attach", operation])?, code).map(drop)
    }

    /// All files of the state directory.
    fn state(&self) -> Result<BTreeSet<String>> {
        fn below(directory: &Path, found: &mut BTreeSet<String>) -> Result<()> {
            for entry in fs::read_dir(directory)? {
                let path = entry?.path();
                if path.is_dir() {
                    below(&path, found)?;
                }
                found.insert(path.display().to_string());
            }
            Ok(())
        }
        let mut found = BTreeSet::new();
        below(&self.small.state, &mut found)?;
        Ok(found)
    }
}

fn operation(answered: &Answered, status: u16) -> Result<String> {
    ensure!(answered.status == status, "{answered:?}");
    Ok(answered.json()?["operation"].as_str().with_context(|| format!("{answered:?}"))?.to_owned())
}

fn refused(answered: &Answered, status: u16) -> Result<String> {
    ensure!(answered.status == status, "{answered:?}");
    Ok(answered.json()?["error"].as_str().with_context(|| format!("{answered:?}"))?.to_owned())
}

#[test]
fn a_signed_event_deploys_once_and_nothing_else_leaves_a_trace() -> Result<()> {
    let hooked = Hooked::set("hooked", "")?;
    let agent = Resident::start(&hooked.small, &[])?;
    let body = push("main", COMMIT);
    let signed = format!("sha256={}", signature(&body)?);
    let before = hooked.state()?;

    // Whoever proves nothing learns nothing.
    let event = ("x-github-event", "push");
    let wrong =
        refused(&hooked.post("staging", &[event, ("x-hub-signature-256", &signed)], &format!("{body} "))?, 403)?;
    for headers in [
        &[event][..],
        &[event, ("x-hub-signature-256", "sha256=")],
        &[event, ("x-hub-signature-256", &signed), ("x-hub-signature-256", &signed)],
    ] {
        ensure!(refused(&hooked.post("staging", headers, &body)?, 403)? == wrong);
    }
    ensure!(!wrong.contains("signature") && !wrong.contains("GitHub"), "{wrong}");
    refused(&hooked.post("nothing", &[event, ("x-hub-signature-256", &signed)], &body)?, 404)?;
    refused(&ask_port(hooked.hooks, "GET /hooks/staging", &[], "")?, 404)?;
    refused(&ask_port(hooked.hooks, "POST /v1/operations", &[], "{\"command\":\"status\"}")?, 404)?;
    let origin = [event, ("x-hub-signature-256", signed.as_str()), ("origin", "http://evil.example")];
    refused(&hooked.post("staging", &origin, &body)?, 403)?;
    let mut stream = TcpStream::connect(("127.0.0.1", hooked.hooks))?;
    write!(stream, "POST /hooks/staging HTTP/1.1\r\nhost: x\r\ncontent-length: 30000000\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    ensure!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    ensure!(hooked.state()? == before, "something was written: {:?}", hooked.state()?);

    // Signed, and not for this trigger.
    let ping = hooked.post("staging", &[("x-github-event", "ping"), ("x-hub-signature-256", &signed)], &body)?;
    ensure!(ping.status == 200 && ping.json()?["ignored"] == "its event is `ping`", "{ping:?}");
    let other = hooked.push(&push("feature", COMMIT))?;
    ensure!(other.status == 200 && other.json()?["ignored"] == "its branch is `feature`", "{other:?}");
    let evil = refused(&hooked.push(&push("main", "--break-glass=x"))?, 422)?;
    ensure!(evil.contains("`commit` is not used"), "{evil}");
    ensure!(hooked.small.world()?.is_empty(), "nothing was deployed");

    let first = operation(&hooked.push(&body)?, 202)?;
    hooked.attach(&first, 0)?;
    hooked.small.serves("1")?;
    let shown: Value =
        serde_json::from_str(expect(hooked.small.host.run(["show", &first, "--json"])?, 0)?.stdout.trim())?;
    ensure!(shown["principal"]["proof"] == "trigger" && shown["reason"] == format!("commit {COMMIT}"), "{shown}");
    let again = hooked.push(&body)?;
    ensure!(operation(&again, 200)? == first && again.body.contains("it was acted on at"), "{again:?}");
    ensure!(hooked.small.history()?.lines().count() == 1, "{}", hooked.small.history()?);
    let left = fs::read_dir(hooked.small.state.join("inbox"))?.count();
    ensure!(left == 0, "{left} events are kept");

    let counted = format!(
        "windlass_deployments_total{{application=\"{}\",environment=\"uat\",outcome=\"succeeded\"}} 1",
        hooked.small.name
    );
    let numbers = numbers(&ask_port(hooked.page, "GET /metrics", &[], "")?)?;
    for line in [
        counted.as_str(),
        "windlass_deployment_duration_seconds_count{phase=\"apply\"} 1",
        "windlass_open_deployments 0",
        "windlass_hook_requests_total{trigger=\"staging\",answer=\"taken\"} 1",
        "windlass_hook_requests_total{trigger=\"staging\",answer=\"again\"} 1",
        "windlass_plugin_denials_total{plugin=\"strategy-compose\"} 0",
    ] {
        ensure!(numbers.iter().any(|found| found == line), "{line}: {numbers:#?}");
    }
    let ended = agent.end()?.stderr;
    // What was deployed is counted on by the next agent.
    let agent = Resident::start(&hooked.small, &[])?;
    let numbers = self::numbers(&agent.ask("GET /v1/metrics", &[], "")?)?;
    ensure!(numbers.contains(&counted), "{numbers:#?}");
    agent.end()?;
    for words in [
        format!("operation {first} began: `trigger`, asked for by trigger staging (GitHub, ada)"),
        format!("operation {first} ended, succeeded: `trigger` of {}", hooked.small.name),
        "the hook `staging` was refused: the event is not from GitHub".to_owned(),
        "an unknown hook was refused".to_owned(),
    ] {
        ensure!(ended.contains(&words), "{words}: {ended}");
    }
    ensure!(!ended.contains(SECRET), "the secret is told: {ended}");
    Ok(())
}

#[test]
fn a_brokers_event_starts_a_check_and_a_mistake_of_a_file_is_told_at_once() -> Result<()> {
    let hooked = Hooked::set("hook-pact", "")?;
    let small = &hooked.small;
    let agent = Resident::start(small, &[])?;
    let body = format!("{{\"consumer\":\"web\",\"provider\":\"{}\"}}", small.name);
    let token = [("x-windlass-token", SECRET)];
    refused(&hooked.post("contracts", &[("x-windlass-token", "guessed")], &body)?, 403)?;
    // Nothing came of it, so the broker may send it again.
    let release = small.release();
    small.write("release.toml", "application = ")?;
    let failed = hooked.post("contracts", &token, &body)?;
    refused(&failed, 503)?;
    ensure!(failed.headers.contains("retry-after: "), "{failed:?}");
    small.write("release.toml", release)?;
    operation(&hooked.post("contracts", &token, &body)?, 202)?;
    let again = hooked.post("contracts", &token, &body)?;
    ensure!(again.status == 200 && again.body.contains("it was acted on at"), "{again:?}");
    agent.end().map(drop)
}

#[test]
fn a_trigger_may_what_the_rules_let_it() -> Result<()> {
    let rule = "[[access]]\ntriggers = [\"contracts\"]\nmay = [\"check\"]\n";
    let hooked = Hooked::set("hook-rules", rule)?;
    let agent = Resident::start(&hooked.small, &[])?;
    refused(&hooked.push(&push("main", COMMIT))?, 403)?;
    ensure!(hooked.small.world()?.is_empty(), "nothing was deployed");
    tells(&agent.end()?, &["may not `deploy` on `wlsmall-hook-rules`"])
}

#[test]
fn a_flood_is_answered_and_what_is_slow_is_cut_off() -> Result<()> {
    let hooked = Hooked::set("hook-flood", "")?;
    let agent = Resident::start(&hooked.small, &[("WINDLASS_TEST_HOOKS", "1")])?;
    // A head that never ends, and many connections that say nothing.
    let begun = Instant::now();
    let mut slow = TcpStream::connect(("127.0.0.1", hooked.hooks))?;
    slow.write_all(b"POST /hooks/staging HTTP/1.1\r\nhost: x\r\nx-slow: ")?;
    let silent = (0..40).map(|_| TcpStream::connect(("127.0.0.1", hooked.hooks))).collect::<Result<Vec<_>, _>>()?;
    slow.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut answer = Vec::new();
    // It may be answered with 408 or just closed.
    slow.read_to_end(&mut answer).ok();
    ensure!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    drop(silent);
    // A head that is too large.
    let large = hooked.post("staging", &[("x-large", &"x".repeat(64 << 10))], "")?;
    ensure!(large.status == 431, "{large:?}");

    // Several at once, of which one in a tenth of a second is judged.
    let flood = || -> Result<Vec<u16>> {
        let one = || {
            let answered = hooked.post("staging", &[("x-hub-signature-256", "sha256=00")], "{}")?;
            ensure!(answered.status != 429 || answered.headers.contains("retry-after: 1"), "{answered:?}");
            Ok(answered.status)
        };
        (0..25).map(|_| one()).collect()
    };
    let statuses: Vec<u16> = std::thread::scope(|scope| -> Result<Vec<u16>> {
        let senders: Vec<_> = (0..8).map(|_| scope.spawn(flood)).collect();
        let all = senders.into_iter().map(|sender| sender.join().map_err(|_| anyhow!("a sender broke"))?);
        Ok(all.collect::<Result<Vec<_>>>()?.concat())
    })?;
    ensure!(statuses.contains(&403) && statuses.contains(&429), "{statuses:?}");
    ensure!(statuses.iter().all(|status| [403, 429].contains(status)), "{statuses:?}");
    // The log is not flooded.
    let told = agent.end()?.stderr.matches("was refused").count();
    ensure!(told < 40, "{told} lines");
    Ok(())
}

/// The samples of an answer in the text format of Prometheus 0.0.4, each of a metric that was described before it.
fn numbers(answered: &Answered) -> Result<Vec<String>> {
    ensure!(answered.status == 200 && answered.headers.contains("text/plain; version=0.0.4"), "{answered:?}");
    let name = "[a-z_][a-z0-9_]*";
    let sample = Regex::new(&format!(
        r#"^({name})(?:\{{(?:{name}="(?:[^"\\\n]|\\[\\"n])*",?)+\}})? (?:[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?)$"#
    ))?;
    let described = Regex::new(&format!("^# (HELP|TYPE) ({name}) (.+)$"))?;
    let (mut help, mut types, mut samples) = (BTreeSet::new(), BTreeMap::new(), BTreeSet::new());
    ensure!(answered.body.ends_with('\n'), "the last line is cut");
    for line in answered.body.lines() {
        if let Some(found) = described.captures(line) {
            let (metric, text) = (found[2].to_owned(), found[3].to_owned());
            let is_new = if &found[1] == "HELP" { help.insert(metric) } else { types.insert(metric, text).is_none() };
            ensure!(is_new, "described twice: {line}");
            continue;
        }
        let metric = sample.captures(line).with_context(|| format!("no sample: {line}"))?[1].to_owned();
        let of_histogram = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| metric.strip_suffix(suffix));
        let family = of_histogram.filter(|family| types.get(*family).is_some_and(|is| is == "histogram"));
        let family = family.unwrap_or(&metric);
        let is = types.get(family).with_context(|| format!("no type: {line}"))?;
        ensure!(help.contains(family) && (is != "counter" || family.ends_with("_total")), "{line} is a {is}");
        ensure!(samples.insert(line.rsplit_once(' ').map(|(series, _)| series.to_owned())), "twice: {line}");
    }
    Ok(answered.body.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect())
}

/// A version that is healthy when the test says so.
fn waiting_version(small: &Small) -> Result<()> {
    let text = small.compose().replace("VERSION: \"1\"", "VERSION: \"2\"").replace("retries: 5", "retries: 300");
    small.write("compose.yaml", text.replace("echo | nc 127.0.0.1 80", "test -e /tmp/told"))
}

fn tell(small: &Small) -> Result<()> {
    docker(["exec", &format!("{}-web-1", small.name), "sh", "-c", ": > /tmp/told"]).map(drop)
}

#[test]
fn what_was_taken_is_done_although_the_agent_is_killed_or_stopped() -> Result<()> {
    let hooked = Hooked::of(Small::running("hook-kill")?, "")?;
    let small = &hooked.small;
    let agent = Resident::start(small, &[])?;
    waiting_version(small)?;
    let first = operation(&hooked.push(&push("main", COMMIT))?, 202)?;
    // It waits for the first one, and has no deployment yet.
    let second = operation(&hooked.push(&push("main", "2ef921a7"))?, 202)?;
    ensure!(fs::read_dir(small.state.join("inbox"))?.count() == 2, "both are kept");
    agent.kill()?;

    let mut agent = Resident::start(small, &[])?;
    agent.ask_to_end()?;
    let refused = hooked.push(&push("main", "3ef921a7"))?;
    ensure!(refused.status == 503 && refused.headers.contains("retry-after: "), "{refused:?}");
    tell(small).ok();
    expect(agent.ended()?, 0)?;

    let agent = Resident::start(small, &[])?;
    tell(small).ok();
    hooked.attach(&first, 0)?;
    hooked.attach(&second, 0)?;
    small.serves("2")?;
    let history = small.history()?;
    ensure!(history.contains(COMMIT) && history.contains("2ef921a7") && !history.contains("3ef921a7"), "{history}");
    ensure!(fs::read_dir(small.state.join("inbox"))?.count() == 0, "something is kept");
    agent.end().map(drop)
}

#[test]
fn the_page_answers_this_host_alone_and_changes_nothing() -> Result<()> {
    let hooked = Hooked::set("hook-page", "")?;
    let (page, own) = (hooked.page, format!("http://localhost:{}", hooked.page));
    let agent = Resident::start(&hooked.small, &[])?;
    let local = format!("localhost:{page}");
    for headers in [&[][..], &[("host", local.as_str())], &[("host", &local), ("origin", &own)]] {
        let answered = ask_port(page, "GET /metrics", headers, "")?;
        ensure!(answered.status == 200 && answered.body.contains("windlass_build_info{version="), "{answered:?}");
        ensure!(answered.headers.contains("content-type: text/plain; version=0.0.4"), "{answered:?}");
    }
    for headers in [
        &[("host", "evil.example")][..],
        &[("origin", "http://evil.example")],
        &[("referer", "http://evil.example/")],
        &[("sec-fetch-site", "cross-site")],
    ] {
        refused(&ask_port(page, "GET /metrics", headers, "")?, 403)?;
    }
    refused(&ask_port(page, "POST /metrics", &[], "")?, 405)?;
    refused(&ask_port(page, "POST /v1/operations", &[], "{}")?, 405)?;
    let none = ask_port(page, "GET /v1/operations", &[], "")?;
    ensure!(none.status == 404 && none.body.starts_with("<!DOCTYPE html>"), "{none:?}");

    // A port that is taken is named, and nothing is begun.
    let state = tempfile::tempdir()?;
    let text = fs::read_to_string(hooked.small.host.root().join("agent.toml"))?;
    let text = text.replace(&hooked.small.state.display().to_string(), &state.path().display().to_string());
    let other = hooked.small.host.root().join("other.toml");
    fs::write(&other, text.replace("agent.sock", "other.sock"))?;
    let taken = expect(hooked.small.host.run(["--config", &other.display().to_string(), "agent"])?, 13)?;
    tells(&taken, &["`page` of `[agent]`", &format!("127.0.0.1:{page}"), "write another `page`"])?;
    agent.end()?;
    ensure!(TcpStream::connect(("127.0.0.1", page)).is_err(), "the port is still open");
    Ok(())
}
