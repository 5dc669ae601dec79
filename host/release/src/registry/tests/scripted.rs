//! Answers that no real registry can be made to give: busy, contradictory, hostile; and token servers.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::thread::{self, JoinHandle};

use super::*;

/// A server that gives prepared answers, one per connection, and tells what it was asked.
pub(super) fn scripted(answers: Vec<String>) -> (SocketAddr, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = thread::spawn(move || {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut connection, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                connection.read_exact(&mut byte).unwrap();
                request.push(byte[0]);
            }
            let text = String::from_utf8(request).unwrap();
            let length =
                text.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
            let mut body = vec![0; length];
            connection.read_exact(&mut body).unwrap();
            let kept = text.lines().filter(|line| {
                line.starts_with("GET") || line.starts_with("POST") || line.starts_with("authorization")
            });
            asked
                .push(kept.map(str::to_owned).chain([String::from_utf8(body).unwrap()]).collect::<Vec<_>>().join("\n"));
            connection.write_all(answer.as_bytes()).unwrap();
        }
        asked
    });
    (address, asked)
}

pub(super) fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
}

fn ok(body: &str) -> String {
    answer("200 OK", "content-type: application/vnd.oci.image.index.v1+json\r\n", body)
}

const EMPTY_INDEX: &str = r#"{"schemaVersion":2,"manifests":[]}"#;

#[tokio::test]
async fn asks_again_when_the_registry_wants_it() {
    let (address, asked) = scripted(vec![
        answer("429 Too Many Requests", "retry-after: 0\r\n", ""),
        answer("503 Service Unavailable", "", "maintenance"),
        ok(EMPTY_INDEX),
    ]);
    let registry = address.to_string();
    let image = plain(&registry, None).resolve(&reference(&format!("{registry}/a:1"))).await.unwrap();
    assert_eq!((image.media_type.as_str(), image.digest), (INDEX, digest(EMPTY_INDEX.as_bytes())));
    assert_eq!(asked.join().unwrap().len(), 3);
}

#[tokio::test]
async fn says_how_long_a_registry_wants_to_be_left_alone() {
    for headers in [
        "retry-after: 3600\r\n",
        "date: Wed, 21 Oct 2015 07:28:00 GMT\r\nretry-after: Wed, 21 Oct 2015 08:28:00 GMT\r\n",
    ] {
        let (address, _) = scripted(vec![answer("429 Too Many Requests", headers, "")]);
        let registry = address.to_string();
        let text = refusal(&plain(&registry, None), &registry, "a:1").await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(text, @"
            error: registry `REGISTRY` limits how often it may be asked: not before 3600 s have passed
            hint: log in to the registry, or use a mirror; then try again
            Unavailable, rate-limited, retryable: true
            ");
        }
    }
}

#[tokio::test]
async fn gets_a_token_for_a_password_and_for_an_identity() {
    for credentials in [
        Credentials::new("release", "open sesame"),
        Credentials { username: String::new(), password: String::new(), identity_token: Some("r/e".into()) },
    ] {
        let (tokens, asked_tokens) = scripted(vec![answer("200 OK", "", r#"{"access_token":"t0k3n"}"#)]);
        let challenge = format!("www-authenticate: Bearer realm=\"http://{tokens}/token?x=1\",service=\"s v\"\r\n");
        let (address, asked) = scripted(vec![answer("401 Unauthorized", &challenge, ""), ok(EMPTY_INDEX)]);
        let registry = address.to_string();
        plain(&registry, Some(credentials)).resolve(&reference(&format!("{registry}/a/b:1"))).await.unwrap();
        let all = [asked_tokens.join().unwrap(), asked.join().unwrap()].concat().join("\n");
        let form = all.contains("POST");
        if form {
            insta::assert_snapshot!(all, @"
            POST /token?x=1 HTTP/1.1
            grant_type=refresh_token&client_id=windlass&service=s+v&scope=repository%3Aa%2Fb%3Apull&refresh_token=r%2Fe
            GET /v2/a/b/manifests/1 HTTP/1.1

            GET /v2/a/b/manifests/1 HTTP/1.1
            authorization: Bearer t0k3n
            ");
        } else {
            insta::assert_snapshot!(all, @"
            GET /token?x=1&service=s+v&scope=repository%3Aa%2Fb%3Apull HTTP/1.1
            authorization: Basic cmVsZWFzZTpvcGVuIHNlc2FtZQ==

            GET /v2/a/b/manifests/1 HTTP/1.1

            GET /v2/a/b/manifests/1 HTTP/1.1
            authorization: Bearer t0k3n
            ");
        }
    }
}

#[tokio::test]
async fn does_not_believe_an_answer_that_contradicts_itself() {
    let lie = format!("docker-content-digest: sha256:{}\r\n", "a".repeat(64));
    let asked = digest(EMPTY_INDEX.as_bytes());
    let long = format!("{{\"schemaVersion\":2,\"x\":\"{}\"}}", "x".repeat(5 << 20));
    let mut errors = Vec::new();
    for (answer, name) in [
        (answer("200 OK", &lie, EMPTY_INDEX), "a:1".to_owned()),
        (ok(r#"{"schemaVersion":2}"#), format!("a@{asked}")),
        (ok("<html>welcome"), "a:1".to_owned()),
        (ok(r#"{"schemaVersion":1}"#), "a:1".to_owned()),
        (ok(&long), "a:1".to_owned()),
        (answer("418 I'm a teapot", "", "short\u{1b}[2J and stout"), "a:1".to_owned()),
    ] {
        let (address, _) = scripted(vec![answer]);
        let registry = address.to_string();
        errors.push(refusal(&plain(&registry, None), &registry, &name).await);
    }
    insta::assert_snapshot!(errors.join("\n"), @r"
    error: registry `REGISTRY` gives an answer that cannot be used: it says that the digest is sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, and sends sha256:bc5857ac9458293d5111ab85c952172cd7f56bceb4e3014ddc4cafac8927b313
    Unavailable, unavailable, retryable: false
    error: registry `REGISTRY` gives an answer that cannot be used: it answers sha256:bafebd36189ad3688b7b3915ea55d461e0bfcfbdde11e54b0a123999fb6be50f when asked for `REGISTRY/a@sha256:bc5857ac9458293d5111ab85c952172cd7f56bceb4e3014ddc4cafac8927b313`
    Unavailable, unavailable, retryable: false
    error: registry `REGISTRY` gives an answer that cannot be used: its manifest is not valid: expected value at line 1 column 1
    Unavailable, unavailable, retryable: false
    error: registry `REGISTRY` gives an answer that cannot be used: its manifest has schema version 1, not 2
    Unavailable, unavailable, retryable: false
    error: registry `REGISTRY` gives an answer that cannot be used: it is larger than 4194304 bytes
    Unavailable, unavailable, retryable: false
    error: registry `REGISTRY` gives an answer that cannot be used: it answers 418 I'm a teapot: short\u{1b}[2J and stout
    Unavailable, unavailable, retryable: false
    ");
}

#[tokio::test]
async fn nothing_leads_to_a_metadata_service() {
    let metadata = "http://169.254.169.254/latest/meta-data/";
    for leading in [
        answer("307 Temporary Redirect", &format!("location: {metadata}\r\n"), ""),
        answer("302 Found", "location: http://[::ffff:a9fe:a9fe]/\r\n", ""),
        answer("302 Found", "location: http://0xa9fea9fe/\r\n", ""),
        answer("401 Unauthorized", &format!("www-authenticate: Bearer realm=\"{metadata}\"\r\n"), ""),
    ] {
        let (address, asked) = scripted(vec![leading]);
        let registry = address.to_string();
        let text = refusal(&plain(&registry, None), &registry, "a:1").await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(text, @r#"
            error: registry `REGISTRY` leads to 169.254.169.254, where no registry is expected
            hint: an operator who knows that a registry is there adds to agent.toml:
            [registries."REGISTRY"]
            addresses = ["169.254.169.254"]
            Configuration, capability-denied, retryable: false
            "#);
        }
        assert_eq!(asked.join().unwrap().len(), 1);
    }
    let registries = Registries::new(BTreeMap::new(), None);
    for name in
        ["169.254.169.254/x:1", "[fe80::1]:5000/x:1", "0.0.0.0:5000/x:1", "100.100.100.200/x:1", "224.0.0.1/x:1"]
    {
        let error = registries.resolve(&reference(name)).await.unwrap_err();
        assert!(matches!(error, RegistryError::Closed { .. }), "{name}: {error}");
    }
}

#[tokio::test]
async fn a_redirect_to_this_host_is_followed() {
    let (target, _) = scripted(vec![ok(EMPTY_INDEX)]);
    let (address, _) = scripted(vec![answer("307 Temporary Redirect", &format!("location: http://{target}/\r\n"), "")]);
    let registry = address.to_string();
    plain(&registry, None).resolve(&reference(&format!("{registry}/a:1"))).await.unwrap();
}
