//! `smoke-http` against a real server.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use serde_json::json;
use windlass_domain::Verdict;

use crate::first_party::support::{Sandbox, titles};

/// A server with a few pages; ends with the process.
struct Server {
    address: String,
    asked: Arc<AtomicU32>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicU32::new(0));
        // Both pages of the pair answer when both were asked, which sequential requests would never see.
        let pair = Arc::new(Barrier::new(2));
        let counter = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (counter, pair) = (Arc::clone(&counter), Arc::clone(&pair));
                thread::spawn(move || answer(&stream, &counter, &pair));
            }
        });
        Self { address, asked }
    }

    fn sandbox(&self) -> Sandbox {
        Sandbox::new(&format!(
            "[[grants]]\nplugin = \"smoke-http\"\nhttp = [{{ to = \"{}\", addresses = [\"127.0.0.0/8\"] }}]\n",
            self.address
        ))
    }
}

fn answer(stream: &TcpStream, asked: &AtomicU32, pair: &Barrier) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let (mut length, mut line) = (0, String::new());
    while reader.read_line(&mut line).ok()? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        line.clear();
    }
    let mut body = vec![0; length];
    std::io::Read::read_exact(&mut reader, &mut body).ok()?;
    let path = first.split(' ').nth(1)?;
    let (status, headers, body) = match path {
        "/health" => ("200 OK", "content-type: application/json\r\n", r#"{"status":"up","version":"1"}"#.to_owned()),
        "/old" => ("301 Moved Permanently", "location: /new\r\n", String::new()),
        "/echo" => ("200 OK", "", format!("{first}{}", String::from_utf8_lossy(&body))),
        "/later" if asked.fetch_add(1, Ordering::SeqCst) < 2 => ("503 Service Unavailable", "", "try later".to_owned()),
        "/large" => ("200 OK", "", format!("{}end", "x".repeat(3 << 20))),
        "/pair/a" | "/pair/b" => {
            pair.wait();
            ("200 OK", "", "both".to_owned())
        }
        "/never" => {
            thread::park();
            return None;
        }
        _ => ("200 OK", "", "fine".to_owned()),
    };
    let length = body.len();
    let mut stream = stream;
    write!(stream, "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}").ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_answered_as_expected() {
    let server = Server::start();
    let with = json!({ "base": server.address, "requests": [
        { "path": "/health", "expect": { "json": { "/status": "up", "/version": "${WINDLASS_VERSION}" } } },
        { "path": "/old", "expect": { "status": [301, 308], "location": "/new" } },
        { "path": "/echo", "method": "post", "json": { "a": 1 }, "expect": { "contains": ["POST /echo", "{\"a\":1}"] } },
        { "path": "/large", "expect": { "contains": "xxx" } },
        { "path": "/pair/a" }, { "path": "/pair/b" },
    ] });
    let report = server.sandbox().ask("smoke-http", with, json!({})).await.unwrap();
    assert_eq!(titles(&report, Verdict::Fail), Vec::<String>::new());
    assert_eq!(report.summary, "all 6 requests are answered as expected");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_sent_again_until_it_is_answered_as_expected() {
    let server = Server::start();
    let with = json!({ "base": server.address, "interval": "10ms", "requests": [{ "path": "/later" }] });
    let report = server.sandbox().ask("smoke-http", with, json!({})).await.unwrap();
    assert_eq!((report.verdict, server.asked.load(Ordering::SeqCst)), (Verdict::Pass, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_shows_what_was_expected_and_what_came() {
    let server = Server::start();
    let with = json!({ "base": server.address, "deadline": "300ms", "interval": "100ms", "requests": [
        { "path": "/health", "expect": { "json": { "/status": "down" } } },
        { "name": "silence", "path": "/never", "expect": { "within": "100ms" } },
    ] });
    let report = server.sandbox().ask("smoke-http", with, json!({})).await.unwrap();
    assert_eq!(report.verdict, Verdict::Fail);
    let titles = titles(&report, Verdict::Fail);
    assert_eq!(titles[0], "GET /health has \"up\" at `/status`, expected \"down\"");
    assert!(titles[1].starts_with("silence was not answered: "), "{titles:?}");
    let evidence = report.findings[0].evidence.as_ref().unwrap();
    assert_eq!(evidence["response"]["body"], r#"{"status":"up","version":"1"}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_without_a_grant_ends_in_the_lines_to_add() {
    let server = Server::start();
    let with = json!({ "requests": [{ "url": "http://127.0.0.1:9/" }] });
    let failure = server.sandbox().ask("smoke-http", with, json!({})).await.unwrap_err();
    assert_eq!(failure.code, "capability-denied", "{failure:?}");
    let grant = failure.details.as_ref().and_then(|details| details["grant"].as_str()).unwrap_or_default();
    assert!(grant.contains("http://127.0.0.1:9"), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_is_a_failed_proof() {
    let server = Server::start();
    let free = format!("127.0.0.1:{}", windlass_stage::free_port().unwrap());
    let sandbox = Sandbox::new(&format!(
        "[[grants]]\nplugin = \"smoke-http\"\nhttp = [{{ to = \"http://{free}\", addresses = [\"127.0.0.0/8\"] }}]\n"
    ));
    drop(server);
    let with = json!({ "base": format!("http://{free}"), "deadline": "100ms", "interval": "50ms", "requests": [{}] });
    let report = sandbox.ask("smoke-http", with, json!({})).await.unwrap();
    assert_eq!(report.verdict, Verdict::Fail, "{report:?}");
    assert!(report.summary.contains("GET / was not answered"), "{}", report.summary);
}
