//! The agent's status page, with the real agent, engine and browser: what it says of deployments however they end, while
//! they run, and in a file.

mod browsed;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use windlass_stage::{Live, docker, free_port};
use windlass_tests::{Answered, Resident, Small, expect};

/// An agent with a page.
pub(super) struct Paged {
    pub(super) small: Small,
    pub(super) port: u16,
}

impl Paged {
    /// Version 1 runs; the agent is configured, and not started.
    pub(super) fn running(name: &str, more: &str) -> Result<Self> {
        let small = Small::running(name)?;
        let port = free_port()?;
        Resident::configure(&small, &format!("page = \"127.0.0.1:{port}\"\n{more}"))?;
        Ok(Self { small, port })
    }

    /// Where a page is.
    pub(super) fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Sends a request with these header lines besides `Host`.
    fn ask(&self, line: &str, headers: &[(&str, &str)]) -> Result<Answered> {
        let host = format!("127.0.0.1:{}", self.port);
        let host = headers.iter().find(|(name, _)| *name == "host").map_or(host.as_str(), |(_, host)| host);
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        let mut request = format!("{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
        for (name, value) in headers.iter().filter(|(name, _)| *name != "host") {
            request.extend([name, ": ", value, "\r\n"]);
        }
        stream.write_all(format!("{request}\r\n").as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let Some((head, body)) = answer.split_once("\r\n\r\n") else { bail!("no answer: {answer}") };
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("a status")?;
        Ok(Answered { status, headers: head.to_lowercase(), body: body.to_owned() })
    }

    /// A page that is there.
    pub(super) fn get(&self, path: &str) -> Result<String> {
        let answered = self.ask(&format!("GET {path}"), &[])?;
        ensure!(answered.status == 200, "{path}: {answered:?}");
        Ok(answered.body)
    }

    /// The id of the application's last deployment.
    pub(super) fn last(&self) -> Result<String> {
        let history = self.small.history()?;
        let last: Value = serde_json::from_str(history.lines().next().context("a deployment")?)?;
        Ok(last["deployment"].as_str().context("an id")?.to_owned())
    }

    /// Version 2 is deployed, and its step goes on until [`Paged::tell`].
    pub(super) fn begin_waiting(&self) -> Result<Live> {
        let small = &self.small;
        let text = small.compose().replace("VERSION: \"1\"", "VERSION: \"2\"").replace("retries: 5", "retries: 300");
        small.write("compose.yaml", text.replace("echo | nc 127.0.0.1 80", "test -e /tmp/told"))?;
        let mut caller = Live::start(&mut small.host.command(["deploy", &small.name, "--reason", "the sale"]))?;
        caller.wait_for(&["Waiting", "healthy"])?;
        Ok(caller)
    }

    /// Ends that step.
    pub(super) fn tell(&self) -> Result<()> {
        docker(["exec", &format!("{}-web-1", self.small.name), "sh", "-c", ": > /tmp/told"]).map(drop)
    }

    /// A smoke test that the application's page fails, and the grant that it needs.
    pub(super) fn demand(&self) -> Result<()> {
        let url = format!("http://127.0.0.1:{}", self.small.port);
        let more = format!(
            "\n[smoke.front]\nplugin = \"smoke-http\"\nwith.deadline = \"1s\"\n[[smoke.front.with.requests]]\nurl = \"{url}/nothing\"\nexpect = {{ \
             status = 201 }}\n"
        );
        self.small.write("release.toml", format!("{}{more}", self.small.release()))
    }

    /// What the operator grants for that.
    pub(super) fn grant(small_port: u16) -> String {
        format!(
            "\n[[grants]]\nplugin = \"smoke-http\"\nhttp = [{{ to = \"http://127.0.0.1:{small_port}\", addresses = \
             [\"127.0.0.1/32\"] }}]\n"
        )
    }
}

/// Fails unless all of these words are in a page.
fn says(page: &str, words: &[&str]) -> Result<()> {
    words.iter().try_for_each(|word| {
        ensure!(page.contains(word), "`{word}` is not in\n{page}");
        Ok(())
    })
}

#[test]
fn a_deployment_has_a_page_however_it_ended() -> Result<()> {
    let paged = Paged::running("paged", "")?;
    let operator = fs::read_to_string(paged.small.host.root().join("agent.toml"))?;
    fs::write(paged.small.host.root().join("agent.toml"), format!("{operator}{}", Paged::grant(paged.small.port)))?;
    let agent = Resident::start(&paged.small, &[])?;
    let name = paged.small.name.clone();

    paged.small.version("SECRETIVE2")?;
    expect(paged.small.deploy(&["--reason", "faster <script>alert(1)</script>"])?, 0)?;
    let succeeded = paged.last()?;
    let page = paged.get(&format!("/deployments/{succeeded}"))?;
    says(
        &page,
        &["succeeded", "Timeline", "start web", "environment.VERSION", "&lt;script&gt;alert(1)", "root (local user"],
    )?;
    ensure!(!page.contains("SECRETIVE2"), "a variable of a container is on the page\n{page}");

    paged.demand()?;
    paged.small.version("3")?;
    expect(paged.small.deploy(&[])?, 11)?;
    let rolled_back = paged.last()?;
    let page = paged.get(&format!("/deployments/{rolled_back}"))?;
    says(
        &page,
        &["rolled back", "runs as before", "smoke test", ">undo<", "✕", "failed", "answered 404, expected 201"],
    )?;

    expect(paged.small.host.run(["freeze", &name, "--reason", "the sale runs"])?, 0)?;
    expect(paged.small.deploy(&["--retry"])?, 10)?;
    let refused = paged.last()?;
    let page = paged.get(&format!("/deployments/{refused}"))?;
    says(&page, &["refused", "nothing was touched", "is frozen by", "the sale runs", "unfreeze"])?;

    let page = paged.get("/")?;
    says(&page, &["runs as deployed", "1/1 well", "frozen", "quarantined", &succeeded, &rolled_back, &refused])?;
    let page = paged.get(&format!("/applications/{name}"))?;
    says(&page, &["runs as deployed", &format!("{name}-web-1"), "sha256:", "deployments", &succeeded])?;

    let missing = paged.ask("GET /deployments/zzzz", &[])?;
    ensure!(missing.status == 404 && missing.body.contains(&name) && missing.body.contains(&succeeded), "{missing:?}");
    for (line, headers, status) in [
        ("GET /nothing", vec![], 404),
        ("GET /applications/..%2f..%2fetc", vec![], 404),
        ("GET /deployments/%2Fetc%2Fpasswd", vec![], 404),
        ("HEAD /", vec![], 200),
        ("GET /metrics", vec![], 200),
        ("GET /", vec![("host", "evil.example")], 403),
        ("GET /", vec![("origin", "http://evil.example")], 403),
        ("GET /events", vec![("referer", "http://evil.example/")], 403),
        ("GET /events", vec![("sec-fetch-site", "cross-site")], 403),
        ("POST /", vec![], 405),
        ("DELETE /applications/x", vec![], 405),
    ] {
        let answered = paged.ask(line, &headers)?;
        ensure!(answered.status == status, "{line} {headers:?}: {answered:?}");
        ensure!(answered.headers.contains("x-content-type-options: nosniff"), "{line}: {answered:?}");
    }
    let head = paged.ask("GET /", &[])?.headers;
    says(
        &head,
        &[
            "content-security-policy: default-src 'none'; style-src 'sha256-",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
            "content-type: text/html; charset=utf-8",
        ],
    )?;

    // The same page in a file: of the caller, whole, and only for its owner.
    let file = paged.small.host.root().join("report.html");
    let run = expect(paged.small.host.run(["report", &rolled_back, "--out", &file.display().to_string()])?, 0)?;
    says(&run.stdout, &[&rolled_back, "report.html"])?;
    let page = fs::read_to_string(&file)?;
    says(&page, &["rolled back", "answered 404", "http-equiv=\"Content-Security-Policy\""])?;
    ensure!(!page.contains("<script") && !page.contains("href=\"/"), "{page}");
    let printed = expect(paged.small.host.run(["report", &name])?, 0)?.stdout;
    says(&printed, &["<!DOCTYPE html>", "is frozen by"])?;
    let json = expect(paged.small.host.run(["report", &refused, "--json"])?, 0)?.stdout;
    ensure!(json == expect(paged.small.host.run(["show", &refused, "--json"])?, 0)?.stdout, "{json}");
    agent.end().map(drop)
}

/// A stream of changes that a page listens to.
struct Listening {
    stream: TcpStream,
    heard: String,
}

impl Listening {
    fn begin(paged: &Paged) -> Result<Self> {
        let mut stream = TcpStream::connect(("127.0.0.1", paged.port))?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        write!(stream, "GET /events HTTP/1.1\r\nhost: 127.0.0.1:{}\r\n\r\n", paged.port)?;
        let mut listening = Self { stream, heard: String::new() };
        listening.until("retry:")?;
        Ok(listening)
    }

    fn until(&mut self, word: &str) -> Result<()> {
        let mut bytes = [0; 4096];
        while !self.heard.contains(word) {
            let number = self.stream.read(&mut bytes).with_context(|| format!("no {word} in {}", self.heard))?;
            ensure!(number > 0, "it ended without {word}: {}", self.heard);
            self.heard.push_str(&String::from_utf8_lossy(&bytes[..number]));
        }
        Ok(())
    }

    /// Waits for its end.
    fn ended(mut self) -> Result<String> {
        self.stream.read_to_string(&mut self.heard).context("it does not end")?;
        Ok(self.heard)
    }
}

#[test]
fn what_runs_has_a_page_that_waits_for_nothing_and_a_stream_that_ends_with_the_agent() -> Result<()> {
    let paged = Paged::running("paged-live", "")?;
    let mut agent = Resident::start(&paged.small, &[])?;
    let mut listening = Listening::begin(&paged)?;
    let caller = paged.begin_waiting()?;
    let id = paged.last()?;
    listening.until(&format!("data: {{\"deployment\":\"{id}\"}}\n\n"))?;

    let page = paged.get(&format!("/deployments/{id}"))?;
    says(&page, &["running", "start web", "class=\"of-step is-running\"", "the sale", "http-equiv=\"refresh\""])?;
    ensure!(!page.contains("windlass resume"), "it was not interrupted\n{page}");
    says(&paged.get("/")?, &["deploying", &id, "works on it"])?;
    says(&paged.get(&format!("/applications/{}", paged.small.name))?, &["deploying", &id])?;

    // More listeners than there are places for: those who ask for a page are not among those who wait.
    let many: Vec<Listening> = (0..31).map(|_| Listening::begin(&paged)).collect::<Result<_>>()?;
    let refused = paged.ask("GET /events", &[])?;
    ensure!(refused.status == 503 && refused.headers.contains("retry-after"), "{refused:?}");
    paged.get("/")?;
    drop(many);

    agent.ask_to_end()?;
    ensure!(!listening.ended()?.contains("start web"), "a stream says what changed");
    says(&paged.get(&format!("/deployments/{id}"))?, &["The agent is being stopped", "running"])?;
    ensure!(paged.ask("GET /events", &[])?.status == 503, "it listens to nothing any more");
    paged.tell()?;
    expect(agent.ended()?, 0)?;
    ensure!(TcpStream::connect(("127.0.0.1", paged.port)).is_err(), "the port is still there");

    let agent = Resident::start(&paged.small, &[])?;
    expect(caller.end()?, 0)?;
    says(&paged.get(&format!("/deployments/{id}"))?, &["succeeded", "start web"])?;
    agent.end().map(drop)
}
