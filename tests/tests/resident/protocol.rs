//! The agent's socket as another program uses it: HTTP and JSON, written by hand.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use windlass_tests::{Resident, Small, expect};

fn deploy(small: &Small, reason: &str) -> Value {
    json!({
        "command": "deploy",
        "subject": { "from": "files", "application": small.name },
        "manner": { "reason": reason },
    })
}

/// The lines of an operation's stream, to its end.
fn stream(agent: &Resident, operation: &str, after: usize) -> Result<Vec<Value>> {
    let answered = agent.ask(&format!("GET /v1/operations/{operation}/events?after={after}"), &[], "")?;
    ensure!(answered.status == 200 && answered.headers.contains("application/x-ndjson"), "{answered:?}");
    answered.body.lines().map(|line| serde_json::from_str(line).context(line.to_owned())).collect()
}

#[test]
fn a_command_is_taken_once_and_its_stream_goes_on_from_any_line() -> Result<()> {
    let small = Small::running("streamed")?;
    let agent = Resident::begin(&small)?;
    small.version("2")?;
    let key = [("idempotency-key", "ci-run-17")];
    let operation = agent.send(&deploy(&small, "first"), &key)?;
    let whole = stream(&agent, &operation, 0)?;
    let numbers: Vec<u64> = whole.iter().filter_map(|line| line["sequence"].as_u64()).collect();
    ensure!(numbers == (1..=u64::try_from(whole.len())?).collect::<Vec<_>>(), "{numbers:?}");
    let last = whole.last().context("a last line")?;
    ensure!(last["reply"]["exit"] == 0 && last["reply"]["answer"]["type"] == "ended", "{last}");
    ensure!(
        last["reply"]["answer"]["deployment"]["deployment"] == operation.as_str(),
        "it is the deployment's id: {last}"
    );
    ensure!(stream(&agent, &operation, 5)? == whole[5..], "a reader that comes back");
    ensure!(stream(&agent, &operation, whole.len())?.is_empty(), "after the last line");

    // The same request again is the same operation, also for another agent.
    ensure!(agent.send(&deploy(&small, "first"), &key)? == operation, "it was taken twice");
    let other = agent.ask("POST /v1/operations", &key, &deploy(&small, "second").to_string())?;
    ensure!(other.status == 409 && other.body.contains(&operation), "{other:?}");
    agent.end()?;
    let agent = Resident::start(&small, &[])?;
    ensure!(agent.send(&deploy(&small, "first"), &key)? == operation, "it was taken twice");
    ensure!(stream(&agent, &operation, 0)? == whole, "the stream outlives the agent");
    ensure!(small.history()?.lines().count() == 2, "{}", small.history()?);

    let events = [("accept", "text/event-stream"), ("last-event-id", "2")];
    let events = agent.ask(&format!("GET /v1/operations/{operation}/events"), &events, "")?;
    ensure!(events.headers.contains("text/event-stream") && events.body.starts_with("id: 3\ndata: {"), "{events:?}");
    ensure!(events.body.matches("\n\n").count() == whole.len() - 2, "{}", events.body);
    agent.end().map(drop)
}

#[test]
fn what_is_no_request_is_refused_with_a_reason() -> Result<()> {
    let small = Small::running("unheard-of")?;
    let agent = Resident::begin(&small)?;
    let operation = agent.send(&deploy(&small, "again"), &[])?;
    let lines = stream(&agent, &operation, 0)?.len();
    let events = |after: &str| format!("GET /v1/operations/{operation}/events?after={after}");
    let long = "k".repeat(129);
    let command = "{\"command\":\"status\"}";
    let future = events(&(lines + 1).to_string());
    for (line, headers, body, status, words) in [
        ("GET /v1/nothing", vec![], "", 404, "there is no `GET /v1/nothing`"),
        ("GET /v1/operations/zzzz", vec![], "", 404, "the agent knows no operation `zzzz`"),
        ("GET /v1/operations/..%2f..%2fjournal", vec![], "", 404, "knows no operation"),
        ("POST /v1/operations", vec![], "{", 400, "the body is no command"),
        ("POST /v1/operations", vec![], "{\"command\":\"format-disk\"}", 400, "the body is no command"),
        (
            "POST /v1/operations",
            vec![],
            "{\"command\":\"status\",\"applicatoin\":\"a\"}",
            400,
            "the body is no command",
        ),
        ("POST /v1/operations", vec![("idempotency-key", "a b")], command, 400, "visible characters"),
        ("POST /v1/operations", vec![("idempotency-key", &*long)], command, 400, "visible characters"),
        ("POST /v1/operations", vec![("windlass-api", "99")], command, 426, "upgrade the agent"),
        ("POST /v1/operations", vec![("windlass-api", "0")], command, 426, "upgrade the command line"),
        ("POST /v1/operations", vec![("windlass-api", "x")], command, 400, "is a number"),
        ("POST /v1/operations", vec![("origin", "https://example.org")], command, 403, "web page"),
        ("POST /v1/operations", vec![("referer", "https://example.org/")], command, 403, "web page"),
        ("POST /v1/operations", vec![("windlass-ssh-key", "ci SHA256:short")], command, 400, "is not `NAME SHA256:…`"),
        (&*future, vec![], "", 400, "was asked for"),
        (&*events("-1"), vec![], "", 400, "`after` is the number of a line"),
        (&*events("0"), vec![("last-event-id", "x")], "", 400, "`Last-Event-ID` is the number"),
        (&*format!("POST /v1/operations/{operation}/stop"), vec![], "", 409, "has ended already"),
        (&*format!("POST /v1/operations/{operation}/stop"), vec![], "{\"now\":true}", 400, "no way to stop"),
    ] {
        let answered = agent.ask(line, &headers, body)?;
        ensure!(answered.status == status, "{line} {headers:?} {body}: {answered:?}");
        let error = answered.json()?;
        ensure!(
            error["error"].as_str().is_some_and(|error| error.contains(words)),
            "{line} {headers:?} {body}: {error}"
        );
        ensure!(error["exit"].as_u64().is_some_and(|exit| exit > 0), "{error}");
    }
    let health = agent.ask("GET /v1/health", &[("windlass-api", "99")], "")?;
    ensure!(health.status == 200 && health.json()?["api"] == 1, "who does not fit asks for the version: {health:?}");
    agent.end().map(drop)
}

#[test]
fn every_route_of_the_description_is_there() -> Result<()> {
    let small = Small::set("described")?;
    let agent = Resident::begin(&small)?;
    let description = agent.ask("GET /v1/openapi.json", &[], "")?.json()?;
    ensure!(
        description == serde_json::from_str::<Value>(&expect(small.host.run(["schema", "agent-api"])?, 0)?.stdout)?
    );
    let paths = description["paths"].as_object().context("paths")?;
    for (path, methods) in paths {
        for method in ["get", "post", "put", "delete"] {
            let line = format!("{} {}", method.to_uppercase(), path.replace("{id}", "zzzz"));
            let answered = agent.ask(&line, &[], "")?;
            ensure!(answered.body.contains("there is no `") != methods.get(method).is_some(), "{line}: {answered:?}");
            ensure!(answered.headers.contains("windlass-version: "), "{line}: {answered:?}");
        }
    }
    agent.end().map(drop)
}

#[test]
fn a_key_is_said_by_those_who_may_say_it_and_judged_by_the_rules_for_keys() -> Result<()> {
    let small = Small::running("keyed")?;
    let fingerprint = format!("SHA256:{}", "k".repeat(43));
    let rule = format!(
        "\n[[access]]\nkeys = [\"{fingerprint}\"]\nmay = [\"read\", \"deploy\"]\napplications = [\"{}\"]\n",
        small.name
    );
    Resident::configure(&small, &rule)?;
    let agent = Resident::start(&small, &[])?;
    let known = format!("ci {fingerprint}");
    let other = format!("ci SHA256:{}", "o".repeat(43));
    let reply = |key: &str, command: &Value| -> Result<Value> {
        let operation = agent.send(command, &[("windlass-ssh-key", key)])?;
        stream(&agent, &operation, 0)?.pop().context("a last line")
    };
    let allowed = reply(&known, &deploy(&small, "by a key"))?;
    ensure!(allowed["reply"]["exit"] == 0, "{allowed}");
    let denied = reply(&other, &deploy(&small, "by another key"))?;
    ensure!(
        denied["error"]["exit"] == 10
            && denied["error"]["error"].as_str().is_some_and(|text| text.contains("may not `deploy`")),
        "{denied}"
    );
    let all = reply(&known, &json!({ "command": "status" }))?;
    ensure!(all["error"]["exit"] == 10, "the rule is about one application: {all}");
    let path = json!({ "command": "config", "application": small.directory(), "environment": null, "explain": null });
    let path = reply(&known, &path)?;
    ensure!(
        path["error"]["error"].as_str().is_some_and(|text| text.contains("reads files with its own rights")),
        "{path}"
    );
    let operation = agent.send(&deploy(&small, "once more"), &[("windlass-ssh-key", &*known)])?;
    stream(&agent, &operation, 0)?;
    let foreign = agent.ask(&format!("GET /v1/operations/{operation}"), &[("windlass-ssh-key", &*other)], "")?;
    ensure!(foreign.status == 403, "another key looks at it: {foreign:?}");
    // A certificate is said beside its key, or not at all.
    for (said, status) in [("alice@ci", 400), ("SHA256:a alice@ci", 400), (&fingerprint, 200), ("", 400)] {
        let headers = [("windlass-ssh-key", &*known), ("windlass-ssh-certificate", said)];
        let answered = agent.ask("GET /v1/operations", &headers, "")?;
        ensure!(answered.status == status, "{said}: {answered:?}");
    }
    let shown = expect(small.host.run(["show", &small.name])?, 0)?.stdout;
    ensure!(shown.contains(&fingerprint), "{shown}");
    agent.end().map(drop)
}
