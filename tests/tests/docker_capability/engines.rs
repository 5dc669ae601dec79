//! Engines that are not there, and one that goes and comes back.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use windlass::capability::docker::Engine;

use crate::docker_capability::support::{Application, sleeper};

#[tokio::test]
async fn an_engine_that_is_not_there_is_said_at_once() {
    let mut application = Application::new("absent");
    application.engine = Arc::new(Engine::new("unix:///nowhere/docker.sock"));
    let failure = application.check().list_containers().await.unwrap_err();
    assert_eq!((failure.code.as_str(), failure.retryable), ("unavailable", true));
    assert!(failure.message.contains("/nowhere/docker.sock"), "{failure:?}");
    assert!(failure.details.unwrap()["hint"].as_str().unwrap().contains("start the engine"));
    assert!(application.engine.ping().await.is_err());
    application.engine = Arc::new(Engine::new("tcp://127.0.0.1:1"));
    assert!(application.engine.ping().await.unwrap_err().message.contains("not a Unix socket"));
}

#[test]
fn a_restart_is_waited_for_and_told() {
    windlass_stage::in_own_network(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(restart());
        Ok(())
    })
    .unwrap();
}

async fn restart() {
    let mut engine = windlass_stage::Engine::start().unwrap();
    let mut application = Application::new("restart");
    application.engine = Arc::new(Engine::new(&format!("unix://{}", engine.socket().display())));
    application.engine.ping().await.unwrap();
    let strategy = application.strategy("s");
    let mut events = strategy.subscribe().await.unwrap();
    let name = application.named("web");
    let id = strategy.create_container(&name, &sleeper()).await.unwrap();
    assert_eq!(events.next(60_000).await.unwrap().unwrap()["Action"], "create");

    engine.down().unwrap();
    let waiting = tokio::spawn({
        let strategy = strategy.clone();
        let name = name.clone();
        async move { strategy.create_container(&name, &sleeper()).await }
    });
    // Let it meet the closed door before that opens.
    tokio::task::yield_now().await;
    let engine = tokio::task::spawn_blocking(move || {
        engine.up().unwrap();
        engine
    })
    .await
    .unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), id);
    let reconnected = json!({ "Type": "windlass", "Action": "reconnected" });
    while events.next(60_000).await.unwrap().expect("the restart is told") != reconnected {}
    strategy.start_container(&id).await.unwrap();
    let started = loop {
        let event = events.next(60_000).await.unwrap().expect("events go on");
        if event["Action"] == "start" {
            break event;
        }
    };
    assert_eq!(started["Actor"]["ID"], id);
    drop(engine);
}

/// An engine that says what a real one rarely does: a stand-in for three requests, in the words of its API.
fn scripted(socket: &Path, events: String) {
    let listener = UnixListener::bind(socket).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, events.clone()));
        }
    });
}

async fn answer(stream: UnixStream, events: String) {
    let mut stream = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or_default() == 0 {
            return;
        }
        if line.trim().is_empty() {
            break;
        }
        lines.push(line);
    }
    let (body, length) = match lines.first().map(String::as_str).unwrap_or_default() {
        line if line.contains("/version") => {
            (json!({ "ApiVersion": "1.41", "MinAPIVersion": "1.12" }).to_string(), true)
        }
        line if line.contains("/info") => (json!({ "SystemTime": "2026-01-01T00:00:00Z" }).to_string(), true),
        // It goes on until the connection ends, which it does not.
        _ => (events, false),
    };
    let length = if length { format!("Content-Length: {}\r\n", body.len()) } else { String::new() };
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{length}\r\n");
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    stream.read_line(&mut String::new()).await.ok();
}

#[tokio::test]
async fn an_event_that_is_told_late_is_not_lost() {
    let mut application = Application::new("late");
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("docker.sock");
    let labels = json!({ "com.docker.compose.project": application.name, "windlass.application": application.name });
    let event = |action: &str, nanoseconds: u64| {
        let at = 1_767_225_600_000_000_000 + nanoseconds;
        json!({ "Type": "container", "Action": action, "Actor": { "ID": "c1", "Attributes": labels },
                "time": at / 1_000_000_000, "timeNano": at })
    };
    // The second one happened before the first, by a little.
    scripted(&socket, format!("{}\n{}\n", event("start", 2_000), event("health_status: healthy", 1_000)));
    application.engine = Arc::new(Engine::new(&format!("unix://{}", socket.display())));
    let mut events = application.strategy("s").subscribe().await.unwrap();
    for expected in ["start", "health_status: healthy"] {
        let told = events.next(10_000).await.unwrap().unwrap_or_else(|| panic!("{expected} was not told"));
        assert_eq!(told["Action"], expected);
    }
}
