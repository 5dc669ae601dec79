//! Servers that give a secret back: none of it reaches the plugin. A new way is a line of a table.

use super::*;

/// What a plugin that shows the secret to the server reads of its answer: head, body and trailers.
async fn read(answer: &str) -> Result<String, Failure> {
    let server = Server::answering(answer).await;
    let stage = open(&server);
    let placeholder = stage.secrets.placeholder("token").unwrap().to_owned();
    let mut request = get(&server.url("127.0.0.1"));
    request.headers_mut().insert("authorization", format!("Bearer {placeholder}").parse().unwrap());
    let response = stage.http.send(request, Timeouts::default()).await?;
    let head = format!("{:?}", response.headers());
    let body = response.into_body().collect().await?;
    let trailers = format!("{:?}", body.trailers());
    let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    assert!(server.requests()[0].contains("accept-encoding: identity\r\n"), "{}", server.requests()[0]);
    Ok(format!("{head}\n{body}\n{trailers}").replace(&placeholder, "SECRET"))
}

fn whole(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// In pieces of so many bytes, with a trailer.
fn chunked(body: &str, size: usize, trailer: &str) -> String {
    let chunks: Vec<_> = body
        .as_bytes()
        .chunks(size)
        .map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk)))
        .collect();
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Last\r\nConnection: close\r\n\r\n";
    format!("{head}{}0\r\n{trailer}\r\n\r\n", chunks.concat())
}

#[tokio::test]
async fn a_secret_that_a_server_reflects_is_redacted() {
    for (name, answer) in [
        ("body", whole("authorization: Bearer hunter22")),
        ("JSON", whole(r#"{"headers":{"authorization":"Bearer hunter22"}}"#)),
        ("escaped", whole("h\\u0075nter22 and %68unter22 and &#104;unter22")),
        ("base64", whole("dXNlcjpodW50ZXIyMg== and aHVudGVyMjI=")),
        ("hexadecimal", whole("68756e7465723232")),
        ("capitals", whole("HUNTER22")),
        ("pieces", chunked("before hunter22 after", 1, "X-Last: none")),
        ("other pieces", chunked("before hunter22", 10, "X-Last: none")),
        ("trailer", chunked("nothing", 3, "X-Last: hunter22")),
        (
            "header",
            "HTTP/1.1 200 OK\r\nX-Echo: a=hunter22\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".to_owned(),
        ),
        ("name", "HTTP/1.1 200 OK\r\nX-Hunter22: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".to_owned()),
        (
            "not ASCII",
            "HTTP/1.1 200 OK\r\nX-Echo: \u{e9}hunter22\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".to_owned(),
        ),
        (
            "redirect",
            "HTTP/1.1 302 Found\r\nLocation: /?q=hunter22\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(),
        ),
        ("error", "HTTP/1.1 500 No\r\nContent-Length: 8\r\nConnection: close\r\n\r\nhunter22".to_owned()),
    ] {
        let read = read(&answer).await.unwrap_or_else(|failure| panic!("{name}: {}", failure.message));
        let small = read.to_lowercase();
        for part in ["hunter", "nter22", "h\\u0075", "%68", "#104", "hvudgvy", "podw50", "68756e"] {
            assert!(!small.contains(part), "{name}: {read}");
        }
    }
}

#[tokio::test]
async fn the_rest_of_an_answer_comes_as_it_is() {
    let text = "aé\0b\r\n{\"x\":\"hunter2\"} hunt";
    assert_eq!(read(&whole(text)).await.unwrap().split_once('\n').unwrap().1, format!("{text}\nNone"));
    let text = read(&chunked("<hunter22>", 4, "X-Last: 1")).await.unwrap();
    assert!(text.ends_with("\n<SECRET>\nSome({\"x-last\": \"1\"})"), "{text}");
    // A length that is not right any more is not told.
    assert!(!read(&whole("hunter22")).await.unwrap().contains("content-length"));
}

#[tokio::test]
async fn an_answer_that_cannot_be_searched_is_refused() {
    for (answer, what) in [
        (
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/8\r\nContent-Length: 4\r\nConnection: close\r\n\r\nhunt",
            "206",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\nConnection: close\r\n\r\nhunt",
            "content-encoding: gzip",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Encoding: identity, br\r\nContent-Length: 4\r\nConnection: close\r\n\r\nhunt",
            "identity, br",
        ),
    ] {
        let failure = read(answer).await.unwrap_err();
        assert!(failure.code == "unavailable" && failure.message.contains(what), "{}", failure.message);
    }
}

#[tokio::test]
async fn no_request_asks_for_what_hides_a_secret() {
    let server = Server::answering(HELLO).await;
    // Also without the secret: what it was shown before, the server may still know.
    let stage = open(&server);
    let mut request = get(&server.url("127.0.0.1"));
    for (name, value) in [("range", "bytes=0-3"), ("if-range", "x"), ("accept-encoding", "gzip"), ("a-im", "gzip")] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    stage.http.send(request, Timeouts::default()).await.unwrap();
    let sent = server.requests().remove(0);
    assert!(!sent.contains("range") && !sent.contains("gzip"), "{sent}");
    // A server without a secret is asked as the plugin wishes.
    let grant = format!("{{ to = \"{}\", addresses = [\"127.0.0.1\"] }}", server.url("127.0.0.1"));
    let without = super::stage(&grant, HttpLimits::default());
    let mut request = get(&server.url("127.0.0.1"));
    request.headers_mut().insert("range", "bytes=0-3".parse().unwrap());
    request.headers_mut().insert("accept-encoding", "gzip".parse().unwrap());
    without.http.send(request, Timeouts::default()).await.unwrap();
    let sent = server.requests().remove(1);
    assert!(sent.contains("range: bytes=0-3") && sent.contains("accept-encoding: gzip"), "{sent}");
}
