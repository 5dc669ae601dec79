//! Real servers on loopback: what is reached, what is not, and what a server gets to see.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Mutex;

use base64::Engine as _;
use http_body_util::{BodyExt as _, Full};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use windlass_config::SecretSource;
use windlass_foundation::identity::Kind;
use windlass_foundation::redact::Redactor;

use super::*;
use crate::log::LogLimits;
use crate::secrets::{HostKey, Secrets};
use crate::testing::{Seen, config, grants};

mod reflection;
mod tls;

/// A server that answers every request with the same bytes and keeps what it was sent.
struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let (kept, answer) = (Arc::clone(&requests), answer.into());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (kept, answer) = (Arc::clone(&kept), answer.clone());
                tokio::spawn(async move {
                    let mut request = Vec::new();
                    let mut buffer = [0; 4096];
                    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                        request.extend_from_slice(&buffer[..count]);
                        if request.windows(4).any(|end| end == b"\r\n\r\n") {
                            break;
                        }
                    }
                    kept.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
                    let _ = stream.write_all(&answer).await;
                });
            }
        });
        Self { address, requests }
    }

    fn url(&self, host: &str) -> String {
        format!("http://{host}:{}", self.address.port())
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// One call's HTTP, and what its log says.
struct Stage {
    http: Http,
    seen: Arc<Seen>,
    secrets: Secrets,
    _directory: tempfile::TempDir,
}

fn stage(http: &str, limits: HttpLimits) -> Stage {
    stage_of(http, limits, "hunter22")
}

/// With another value of the secret.
fn stage_of(http: &str, limits: HttpLimits, value: &str) -> Stage {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    std::fs::write(&file, value).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let agent = format!(
        "[secrets.token]\nfile = {file:?}\n[secrets.other]\nfile = {file:?}\n\
         [[grants]]\nplugin = \"check-ours\"\nsecrets = [\"token\"]\nhttp = [{http}]"
    );
    let redactor = Redactor::new();
    let sources = BTreeMap::from([("token".to_owned(), SecretSource::File(file))]);
    let secrets = Secrets::resolve_all(&sources, ["token"], &HostKey::from_bytes(&[1; 32]), &redactor).unwrap();
    let grants = grants(Kind::Smoke, &agent);
    let seen = Arc::new(Seen::default());
    let log = Log::new("smoke", LogLimits::default(), seen.clone(), redactor);
    let using = PluginSecrets::new(secrets.clone(), Arc::clone(&grants));
    let http = Http::new(grants, Clients::default(), limits, using, log);
    Stage { http, seen, secrets, _directory: directory }
}

fn open(server: &Server) -> Stage {
    stage(&open_grant(server), HttpLimits::default())
}

fn open_grant(server: &Server) -> String {
    format!("{{ to = \"{}\", addresses = [\"127.0.0.0/8\"], secrets = [\"token\"] }}", server.url("127.0.0.1"))
}

fn get(url: &str) -> Request<Full<Bytes>> {
    Request::get(url).body(Full::default()).unwrap()
}

async fn refused(stage: &Stage, url: &str) -> Failure {
    stage.http.send(get(url), Timeouts::default()).await.unwrap_err()
}

const HELLO: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\nX-Echo: hunter22\r\n\r\nhello";

#[tokio::test]
async fn a_granted_server_is_asked_and_a_line_is_left() {
    let server = Server::answering(HELLO).await;
    let stage = open(&server);
    let url = format!("{}/path?token=abc", server.url("127.0.0.1"));
    let response = stage.http.send(get(&url), Timeouts::default()).await.unwrap();
    assert_eq!(response.status(), 200);
    // A server that echoes a secret in a header does not hand it to the plugin.
    assert_eq!(response.headers()["x-echo"], stage.secrets.placeholder("token").unwrap());
    assert_eq!(response.into_body().read_all().await.unwrap(), "hello");
    let request = server.requests().remove(0);
    assert!(request.starts_with("GET /path?token=abc HTTP/1.1\r\n"), "{request}");
    let line = stage.seen.0.lock().unwrap().remove(0);
    let expected = format!("http GET {}/path -> 200 from 127.0.0.1 5 bytes, ", server.url("127.0.0.1"));
    assert!(line.starts_with(&expected) && line.ends_with(" ms"), "{line}");
}

#[tokio::test]
async fn only_granted_servers_are_asked() {
    let server = Server::answering(HELLO).await;
    let stage = open(&server);
    let port = server.address.port();
    for url in [
        format!("http://127.0.0.2:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{}/", port ^ 1),
        format!("http://localhost:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://example.org/".to_owned(),
    ] {
        let failure = refused(&stage, &url).await;
        assert_eq!(failure.code, "capability-denied", "{url}: {}", failure.message);
        assert!(failure.details.unwrap()["grant"].as_str().unwrap().contains("http = [{ to = "), "{url}");
    }
    assert_eq!(server.requests(), Vec::<String>::new());
    assert_eq!(stage.seen.0.lock().unwrap().len(), 7);
    // Other ways to write the granted address are the granted address.
    for host in ["127.1", "2130706433", "0x7f.0.0.1", "127.0.0.1."] {
        let url = server.url(host);
        assert!(stage.http.send(get(&url), Timeouts::default()).await.is_ok(), "{url}");
    }
}

#[tokio::test]
async fn a_granted_name_that_means_a_closed_address_is_not_dialled() {
    let server = Server::answering(HELLO).await;
    let (name, literal) = (server.url("localhost"), server.url("127.0.0.1"));
    let grant = format!(
        "{{ to = \"{name}\" }}, {{ to = \"{literal}\" }}, {{ to = \"http://169.254.169.254\", addresses = [\"0.0.0.0/0\"] }}"
    );
    let stage = stage(&grant, HttpLimits::default());
    for url in [&name, &literal, "http://169.254.169.254/latest/meta-data/", "http://[::ffff:a9fe:a9fe]/"] {
        let failure = refused(&stage, url).await;
        assert_eq!(failure.code, "capability-denied", "{url}: {}", failure.message);
        let lines = failure.details.unwrap()["grant"].as_str().unwrap().to_owned();
        if !url.contains("ffff") {
            assert!(lines.contains("addresses = ["), "{url}: {lines}");
            // The lines are what is missing.
            assert_eq!(config(&lines).grants[0].http[0].addresses.len(), 1);
        }
    }
    assert_eq!(server.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_name_is_dialled_at_granted_addresses() {
    let server = Server::answering(HELLO).await;
    let grant = format!("{{ to = \"{}\", addresses = [\"127.0.0.1\"] }}", server.url("localhost"));
    let stage = stage(&grant, HttpLimits::default());
    let response = stage.http.send(get(&server.url("LOCALHOST")), Timeouts::default()).await.unwrap();
    assert_eq!(response.into_body().read_all().await.unwrap(), "hello");
}

#[tokio::test]
async fn redirects_are_answers_and_asking_again_is_checked_again() {
    let target = Server::answering(HELLO).await;
    let location = target.url("127.0.0.1");
    let answer =
        format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let server = Server::answering(answer).await;
    let stage = open(&server);
    let response = stage.http.send(get(&server.url("127.0.0.1")), Timeouts::default()).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.headers()["location"].to_str().unwrap()),
        (302, location.as_str())
    );
    assert_eq!(refused(&stage, &location).await.code, "capability-denied");
    assert_eq!(target.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn methods_and_addresses_that_are_not_for_plugins() {
    let server = Server::answering(HELLO).await;
    let stage = open(&server);
    for method in [Method::CONNECT, Method::TRACE] {
        let mut request = get(&server.url("127.0.0.1"));
        *request.method_mut() = method;
        let failure = stage.http.send(request, Timeouts::default()).await.unwrap_err();
        assert_eq!(failure.code, "capability-denied");
    }
    let port = server.address.port();
    let failure = refused(&stage, &format!("http://user:pass-word@127.0.0.1:{port}/")).await;
    assert_eq!(failure.code, "capability-denied");
    assert!(!failure.message.contains("pass-word"));
    assert_eq!(refused(&stage, "ftp://127.0.0.1/").await.code, "capability-denied");
    assert_eq!(refused(&stage, "/relative").await.code, "invalid-argument");
    assert_eq!(server.requests(), Vec::<String>::new());
    assert!(!stage.seen.0.lock().unwrap().join("\n").contains("pass-word"));
}

#[tokio::test]
async fn placeholders_are_replaced_for_granted_servers_only() {
    let server = Server::answering(HELLO).await;
    let stage = open(&server);
    let placeholder = stage.secrets.placeholder("token").unwrap().to_owned();
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("deploy:{placeholder}"));
    let request = |url: &str, authorization: &str| {
        let mut request = get(url);
        request.headers_mut().insert("authorization", authorization.parse().unwrap());
        request.headers_mut().insert("x-token", format!("<{placeholder}>").parse().unwrap());
        request.headers_mut().insert("host", "other.example".parse().unwrap());
        request.headers_mut().insert("connection", "upgrade".parse().unwrap());
        request
    };
    let url = format!("{}/?{}", server.url("127.0.0.1"), "q=1");
    stage.http.send(request(&url, &format!("Bearer {placeholder}")), Timeouts::default()).await.unwrap();
    stage.http.send(request(&url, &format!("Basic {basic}")), Timeouts::default()).await.unwrap();
    let requests = server.requests();
    let expected = base64::engine::general_purpose::STANDARD.encode("deploy:hunter22");
    assert!(
        requests[0].contains("authorization: Bearer hunter22\r\n") && requests[0].contains("x-token: <hunter22>\r\n")
    );
    assert!(requests[1].contains(&format!("authorization: Basic {expected}\r\n")), "{}", requests[1]);
    assert!(requests[1].contains(&format!("host: {}\r\n", server.address)) && !requests[1].contains("upgrade"));

    // The same secret, at a server that is granted without it.
    let other = Server::answering(HELLO).await;
    let grant = format!("{{ to = \"{}\", addresses = [\"127.0.0.1\"] }}", other.url("127.0.0.1"));
    let without = super::tests::stage(&grant, HttpLimits::default());
    for authorization in [format!("Bearer {placeholder}"), format!("Basic {basic}")] {
        let mut request = request(&other.url("127.0.0.1"), &authorization);
        request.headers_mut().remove("x-token");
        let failure = without.http.send(request, Timeouts::default()).await.unwrap_err();
        assert_eq!(failure.code, "capability-denied");
        assert!(failure.details.unwrap()["grant"].as_str().unwrap().contains("secrets = [\"token\"]"));
    }
    assert_eq!(other.requests(), Vec::<String>::new());
    // A secret that is not granted at all.
    let mut request = get(&server.url("127.0.0.1"));
    request.headers_mut().insert("x", placeholder.replace("token", "other").parse().unwrap());
    assert_eq!(stage.http.send(request, Timeouts::default()).await.unwrap_err().code, "capability-denied");
    assert!(!stage.seen.0.lock().unwrap().join("\n").contains("hunter22"));
}

#[tokio::test]
async fn placeholders_in_path_and_query_are_replaced_for_granted_servers_only() {
    let server = Server::answering(HELLO).await;
    let stage = open(&server);
    let placeholder = stage.secrets.placeholder("token").unwrap().to_owned();
    let encoded = placeholder.replace('{', "%7B").replace('}', "%7d");
    let url = server.url("127.0.0.1");
    for address in
        [format!("{url}/hooks/{placeholder}/x?sig={placeholder}"), format!("{url}/hooks/{encoded}/x?sig={encoded}")]
    {
        let answer = stage.http.send(get(&address), Timeouts::default()).await.unwrap();
        assert_eq!(answer.headers()["x-echo"], placeholder.as_str());
    }
    for request in server.requests() {
        assert!(request.starts_with("GET /hooks/hunter22/x?sig=hunter22 HTTP/1.1\r\n"), "{request}");
    }
    let said = stage.seen.0.lock().unwrap().join("\n");
    assert!(said.contains(&format!("http GET {url}/hooks/{placeholder}/x -> 200")), "{said}");
    assert!(!said.contains("hunter22"), "{said}");

    // The same secret, at a server that is granted without it; and one that is not granted at all.
    let other = Server::answering(HELLO).await;
    let grant = format!("{{ to = \"{}\", addresses = [\"127.0.0.1\"] }}", other.url("127.0.0.1"));
    let without = super::tests::stage(&grant, HttpLimits::default());
    let failure = refused(&without, &format!("{}/{placeholder}", other.url("127.0.0.1"))).await;
    assert_eq!(failure.code, "capability-denied");
    assert!(failure.details.unwrap()["grant"].as_str().unwrap().contains("secrets = [\"token\"]"));
    assert_eq!(
        refused(&stage, &format!("{url}/{}", placeholder.replace("token", "other"))).await.code,
        "capability-denied"
    );
    assert_eq!(other.requests(), Vec::<String>::new());
    // A placeholder is no part of a host's name, and one that is not whole is no text to send.
    for address in [format!("http://{placeholder}/"), format!("{url}/{{{{windlass.secret:token")] {
        if let Ok(request) = Request::get(&address).body(Full::<Bytes>::default()) {
            assert!(stage.http.send(request, Timeouts::default()).await.is_err(), "{address}");
        }
    }
}

#[tokio::test]
async fn a_secret_cannot_change_where_a_request_goes() {
    let server = Server::answering(HELLO).await;
    for (value, sent) in [
        ("//127.0.0.2/x", Some("GET ///127.0.0.2/x HTTP/1.1")),
        ("@127.0.0.2/x", Some("GET /@127.0.0.2/x HTTP/1.1")),
        ("a/b?c=d&e=%2F", Some("GET /a/b?c=d&e=%2F HTTP/1.1")),
        ("x#y z", None),
        ("line\r\nx: y", None),
        ("back\\slash", None),
    ] {
        let stage = stage_of(&open_grant(&server), HttpLimits::default(), value);
        let placeholder = stage.secrets.placeholder("token").unwrap().to_owned();
        let before = server.requests().len();
        let answer =
            stage.http.send(get(&format!("{}/{placeholder}", server.url("127.0.0.1"))), Timeouts::default()).await;
        if let Some(line) = sent {
            answer.unwrap();
            let request = server.requests().pop().unwrap();
            assert!(request.starts_with(line), "{value}: {request}");
            assert!(request.contains(&format!("host: {}\r\n", server.address)), "{value}: {request}");
        } else {
            let failure = answer.unwrap_err();
            assert_eq!(failure.code, "invalid-argument", "{value}");
            assert!(!failure.message.contains(value), "{}", failure.message);
            assert_eq!(server.requests().len(), before, "{value}");
        }
    }
}

#[tokio::test]
async fn every_limit_is_named() {
    let grant = |server: &Server| format!("{{ to = \"{}\", addresses = [\"127.0.0.1\"] }}", server.url("127.0.0.1"));
    let tight =
        HttpLimits { requests: 3, request_bytes: 10, response_bytes: 10, header_bytes: 200, ..HttpLimits::default() };
    let large = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", "x".repeat(1_000_000));
    let server = Server::answering(large).await;
    let large = stage(&grant(&server), tight);
    let response = large.http.send(get(&server.url("127.0.0.1")), Timeouts::default()).await.unwrap();
    let failure = response.into_body().read_all().await.unwrap_err();
    assert!(failure.code == "limit-exceeded" && failure.message.contains("`http-response`"), "{}", failure.message);

    let body = Full::new(Bytes::from_static(b"more than ten bytes"));
    let request = Request::post(server.url("127.0.0.1")).body(body).unwrap();
    let failure = large.http.send(request, Timeouts::default()).await.unwrap_err();
    assert!(failure.code == "limit-exceeded" && failure.message.contains("`http-request`"), "{}", failure.message);

    let mut request = get(&server.url("127.0.0.1"));
    request.headers_mut().insert("x", "y".repeat(300).parse().unwrap());
    let failure = large.http.send(request, Timeouts::default()).await.unwrap_err();
    assert!(failure.code == "limit-exceeded" && failure.message.contains("`http-headers`"), "{}", failure.message);
    let failure = refused(&large, &server.url("127.0.0.1")).await;
    assert!(failure.code == "limit-exceeded" && failure.message.contains("`http-requests`"), "{}", failure.message);

    let headers = format!("HTTP/1.1 200 OK\r\nX: {}\r\nConnection: close\r\n\r\n", "x".repeat(300));
    let server = Server::answering(headers).await;
    assert_eq!(refused(&stage(&grant(&server), tight), &server.url("127.0.0.1")).await.code, "limit-exceeded");
}

#[tokio::test]
async fn nothing_hangs() {
    // Accepts and says nothing; begins and stands still; refuses; breaks off.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let timeouts = Timeouts {
        first_byte: Some(Duration::from_millis(200)),
        connect: Some(Duration::from_millis(200)),
        ..Timeouts::default()
    };
    let stage_for =
        |url: &str| stage(&format!("{{ to = \"{url}\", addresses = [\"127.0.0.1\"] }}"), HttpLimits::default());
    let failure = stage_for(&url).http.send(get(&url), timeouts).await.unwrap_err();
    assert_eq!((failure.code.as_str(), failure.retryable), ("timeout", true));
    drop(silent);
    let failure = stage_for(&url).http.send(get(&url), Timeouts::default()).await.unwrap_err();
    assert_eq!((failure.code.as_str(), failure.retryable), ("unavailable", true));

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let holding = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome").await.unwrap();
        stream.flush().await.unwrap();
        std::future::pending::<()>().await;
    });
    let still = Timeouts { between_bytes: Some(Duration::from_millis(200)), ..Timeouts::default() };
    let response = stage_for(&url).http.send(get(&url), still).await.unwrap();
    assert_eq!(response.into_body().read_all().await.unwrap_err().code, "timeout");
    holding.abort();

    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\nsome").await;
    let stage = open(&server);
    let response = stage.http.send(get(&server.url("127.0.0.1")), Timeouts::default()).await.unwrap();
    assert_eq!(response.into_body().read_all().await.unwrap_err().code, "unavailable");
}

#[tokio::test]
async fn an_answer_is_streamed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (go, wait) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfirst").await.unwrap();
        wait.await.unwrap();
        stream.write_all(b"last").await.unwrap();
    });
    let stage = stage(&format!("{{ to = \"{url}\", addresses = [\"127.0.0.1\"] }}"), HttpLimits::default());
    let mut body = stage.http.send(get(&url), Timeouts::default()).await.unwrap().into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "first");
    go.send(()).unwrap();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "last");
    assert!(body.frame().await.is_none());
}
