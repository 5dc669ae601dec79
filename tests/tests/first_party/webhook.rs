//! `recorder-webhook` against a real server.

use std::fs;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use windlass_domain::{Event, Failure};

use crate::first_party::support::Sandbox;

const PATH: &str = "T0/B0/hunter22-hook";
const TOKEN: &str = "correct-horse-battery";
const KEY: &str = "a-key-that-signs";

/// A request as it came.
#[derive(Clone)]
struct Seen {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A server that answers as the path says and remembers what it was asked; ends with the process.
struct Server {
    address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let all = Arc::clone(&all);
                thread::spawn(move || answer(&stream, &all));
            }
        });
        Self { address, seen }
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn answer(stream: &TcpStream, all: &Mutex<Vec<Seen>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let (mut headers, mut header) = (Vec::new(), String::new());
    while reader.read_line(&mut header).ok()? > 2 {
        let (name, value) = header.trim().split_once(':')?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        header.clear();
    }
    let seen = Seen { line: line.trim().to_owned(), headers, body: Vec::new() };
    let mut body = vec![0; seen.header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    all.lock().unwrap().push(Seen { body, ..seen });
    let (status, extra, body) = match path.split('?').next()? {
        "/busy" => ("429 Too Many Requests", "retry-after: 61\r\n", "slow down"),
        "/away" => (
            "503 Service Unavailable",
            "date: Wed, 21 Oct 2015 07:28:00 GMT\r\nretry-after: Wed, 21 Oct 2015 07:30:00 GMT\r\n",
            "",
        ),
        "/moved" => ("302 Found", "location: /elsewhere\r\n", ""),
        "/never" => {
            thread::park();
            return None;
        }
        gone if gone.starts_with("/gone/") => ("404 Not Found", "", gone),
        _ => ("200 OK", "", "ok"),
    };
    let mut stream = stream;
    write!(stream, "HTTP/1.1 {status}\r\n{extra}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).ok()
}

/// A server, and a sandbox whose operator grants the secrets `hook` and `token` for it, and `key` to sign with.
struct Yard {
    server: Server,
    sandbox: Sandbox,
    _secrets: TempDir,
}

impl Yard {
    fn new(reveal: &str) -> Self {
        let server = Server::start();
        let secrets = TempDir::new().unwrap();
        let mut agent = Vec::new();
        for (name, value) in [("hook", PATH), ("token", TOKEN), ("key", KEY)] {
            let path = secrets.path().join(name);
            fs::write(&path, value).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            agent.push(format!("[secrets.{name}]\nfile = \"{}\"\n", path.display()));
        }
        agent.push(format!(
            "[[grants]]\nplugin = \"recorder-webhook\"\nsecrets = [\"hook\", \"token\"]\n{reveal}\
             http = [{{ to = \"{}\", addresses = [\"127.0.0.0/8\"], secrets = [\"hook\", \"token\"] }}]\n",
            server.address
        ));
        Self { sandbox: Sandbox::new(&agent.concat()), server, _secrets: secrets }
    }

    /// Tells an event; whatever comes of it, no secret's value is in it.
    async fn deliver(&self, mut with: Value, event: &Event) -> Result<Value, Failure> {
        let url = with["url"].as_str().unwrap().replace("SERVER", &self.server.address);
        with["url"] = json!(url);
        let plugin = self.sandbox.plugin("recorder-webhook").await;
        plugin.validate_config(&with).await?;
        let told = plugin.deliver(self.sandbox.call(&plugin, with, &json!({})), event).await;
        let text = format!("{told:?}");
        for value in [PATH, TOKEN, KEY] {
            assert!(!text.contains(value), "{text}");
        }
        told.map(|facts| facts.unwrap())
    }
}

fn event(outcome: &str) -> Event {
    let release = |version: &str| {
        json!({
            "format": 1, "id": format!("sha256:{version}"), "application": "kudos", "version": version,
            "bundle": { "digest": "sha256:b", "files": {} },
            "artifacts": { "backend": { "repository": "r/backend", "tag": version, "digest": "sha256:i" } },
        })
    };
    serde_json::from_value(json!({
        "format": 1, "idempotency-key": "k1", "deployment": "d1", "sequence": 7, "application": "kudos",
        "environment": "uat", "host": "uat1", "outcome": outcome, "rollback": false, "actor": "o\"me\\ <!here>",
        "release": release("2"), "running": release("1"), "started": "2026-01-01T00:00:00Z",
        "finished": "2026-01-01T00:01:00Z",
    }))
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn chats_are_told_at_an_address_that_is_a_secret() {
    let yard = Yard::new("");
    for template in ["slack", "teams", "mattermost"] {
        let with = json!({ "url": "SERVER/services/{secret:hook}?by={actor}", "template": template });
        yard.deliver(with, &event("rolled-back")).await.unwrap();
    }
    let seen = yard.server.seen();
    for request in &seen {
        let line = format!("POST /services/{PATH}?by=o%22me%5C%20%3C%21here%3E HTTP/1.1");
        assert_eq!((request.line.as_str(), request.header("idempotency-key")), (line.as_str(), "k1"));
        assert_eq!(request.header("content-type"), "application/json");
        assert!(String::from_utf8_lossy(&request.body).contains("kudos 2 failed in uat and was rolled back: 1 runs"));
    }
    assert_eq!(seen[0].json()["blocks"][1]["fields"][5]["text"], "By: o\"me\\ <!here>");
    assert_eq!(seen[1].json()["attachments"][0]["content"]["type"], "AdaptiveCard");
    assert_eq!(seen[2].json()["attachments"][0]["fields"][0]["value"], "kudos");
}

/// HMAC-SHA256 with a key of less than a block (RFC 2104).
fn signature(body: &[u8]) -> String {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(KEY.bytes()).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(body).finalize();
    hex::encode(Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_ones_own_is_sent_and_signed() {
    let with = json!({
        "url": "SERVER/deployments/{application}", "method": "put",
        "headers": { "Authorization": "Bearer {secret:token}", "X-Environment": "{environment}" },
        "sign": { "secret": "key", "header": "X-Hub-Signature-256" },
        "body": { "what": "{summary} by {actor}", "number": "{sequence}", "commit": "{commit}",
            "images": ["{artifacts.backend.image}:{artifacts.backend.version}"] },
    });
    let yard = Yard::new("reveal = [\"key\"]\n");
    let facts = yard.deliver(with.clone(), &event("succeeded")).await.unwrap();
    let summary = format!("sent to {}, which answered 200", yard.server.address);
    assert_eq!(facts, json!({ "server": yard.server.address, "status": 200, "summary": summary }));
    let seen = &yard.server.seen()[0];
    assert_eq!(seen.line, "PUT /deployments/kudos HTTP/1.1");
    assert_eq!(seen.header("authorization"), format!("Bearer {TOKEN}"));
    assert_eq!(seen.header("x-environment"), "uat");
    assert_eq!(seen.header("x-hub-signature-256"), format!("sha256={}", signature(&seen.body)));
    let expected = json!({ "what": "kudos 2 was deployed to uat by o\"me\\ <!here>", "number": 7, "commit": null,
        "images": ["r/backend:1"] });
    assert_eq!(seen.json(), expected);

    // A signature needs the value, which a plugin does not get without a grant.
    let yard = Yard::new("");
    let failure = yard.deliver(with, &event("succeeded")).await.unwrap_err();
    assert_eq!(failure.code, "capability-denied");
    assert!(failure.details.unwrap()["grant"].as_str().unwrap().contains("reveal = [\"key\"]"));
    assert!(yard.server.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_event_goes_out_for_the_outcomes_that_are_asked_for() {
    let yard = Yard::new("");
    let with = json!({ "url": "SERVER/events", "on": ["succeeded", "stuck"], "idempotency-header": "" });
    yard.deliver(with.clone(), &event("refused")).await.unwrap();
    yard.deliver(with, &event("succeeded")).await.unwrap();
    let seen = yard.server.seen();
    assert_eq!((seen.len(), seen[0].header("idempotency-key")), (1, ""));
    let told: Event = serde_json::from_value(seen[0].json()).unwrap();
    assert_eq!(told, event("succeeded"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_work_later_is_told_apart_from_a_no() {
    let yard = Yard::new("");
    let tell = async |url: &str| {
        // Only a server that never answers has to be given up.
        let timeout = if url.ends_with("/never") { "300ms" } else { "30s" };
        let with = json!({ "url": url, "timeout": timeout });
        yard.deliver(with, &event("succeeded")).await.unwrap_err()
    };
    let later = |failure: &Failure| failure.details.as_ref().and_then(|details| details["retry-after"].as_u64());
    for (path, seconds) in [("/busy", 61), ("/away", 120)] {
        let failure = tell(&format!("SERVER{path}")).await;
        assert_eq!((failure.retryable, later(&failure)), (true, Some(seconds)), "{failure:?}");
    }
    let failure = tell("SERVER/never").await;
    assert_eq!((failure.code.as_str(), failure.retryable), ("timeout", true), "{failure:?}");
    let failure = tell("SERVER/moved").await;
    assert!(!failure.retryable && failure.message.contains("redirects are not followed"), "{failure:?}");
    // A server that repeats the address with the secret in it.
    let failure = tell("SERVER/gone/{secret:hook}").await;
    assert!(!failure.retryable && failure.message.contains("refuses the event with 404: /gone/"), "{failure:?}");
    assert!(failure.message.contains("{{windlass.secret:hook@"), "{failure:?}");
    let failure = tell("http://127.0.0.1:9/{secret:hook}").await;
    assert_eq!(failure.code, "capability-denied", "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_is_told_later() {
    let free = format!("127.0.0.1:{}", windlass_stage::free_port().unwrap());
    let sandbox = Sandbox::new(&format!(
        "[[grants]]\nplugin = \"recorder-webhook\"\nhttp = [{{ to = \"http://{free}\", addresses = [\"127.0.0.0/8\"] }}]\n"
    ));
    let plugin = sandbox.plugin("recorder-webhook").await;
    let call = sandbox.call(&plugin, json!({ "url": format!("http://{free}/x") }), &json!({}));
    let failure = plugin.deliver(call, &event("succeeded")).await.unwrap_err();
    assert_eq!((failure.code.as_str(), failure.retryable), ("unavailable", true), "{failure:?}");
    assert!(failure.message.contains(&free), "{failure:?}");
}
