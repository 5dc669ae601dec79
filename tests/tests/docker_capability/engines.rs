//! Engines that are not there, and one that goes and comes back.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use windlass_capability::docker::{Engine, Patience};

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

/// What an engine says that does what a real one rarely does: a stand-in for a few requests, in the words of its API.
#[derive(Clone, Default)]
struct Script {
    events: String,
    oldest_api: &'static str,
    newest_api: &'static str,
    /// What its version calls its first part: `Engine` of Docker.
    component: &'static str,
    /// What it says of its security.
    security: &'static [&'static str],
    /// The first line of each request.
    asked: Arc<Mutex<Vec<String>>>,
    /// How many connections were made.
    connections: Arc<AtomicUsize>,
    /// Closes a connection when it has answered once, without a word about it before.
    closes: bool,
}

/// Whether it serves the version that a request names.
fn serves(script: &Script, request: &str) -> bool {
    let minor = |version: &str| version.parse::<u32>().unwrap_or_default();
    let of = |version: &str| minor(version.trim_start_matches("1."));
    let asked =
        request.split_once("/v1.").and_then(|(_, rest)| rest.split_once('/')).map(|(version, _)| minor(version));
    asked.is_none_or(|asked| (of(script.oldest_api)..=of(script.newest_api)).contains(&asked))
}

fn scripted(socket: &Path, script: &Script) {
    let listener = UnixListener::bind(socket).unwrap();
    let script = script.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            script.connections.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(answers(stream, script.clone()));
        }
    });
}

async fn answers(stream: UnixStream, script: Script) {
    let mut stream = BufReader::new(stream);
    while answer(&mut stream, &script).await && !script.closes {}
}

/// Answers one request; whether another one may follow.
async fn answer(stream: &mut BufReader<UnixStream>, script: &Script) -> bool {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or_default() == 0 {
            return false;
        }
        if line.trim().is_empty() {
            break;
        }
        lines.push(line);
    }
    let first = lines.first().map(|line| line.trim().to_owned()).unwrap_or_default();
    script.asked.lock().unwrap().push(first.clone());
    if first.contains("/images/create") {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
        let stands = json!({ "id": "1a2b3c", "status": "Downloading", "progressDetail": { "current": 5, "total": 9 } });
        let mut told = format!("{head}{stands}\r\n");
        while stream.write_all(told.as_bytes()).await.is_ok() {
            told = format!("{stands}\r\n");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        return false;
    }
    let (status, body) = match first.as_str() {
        line if !serves(script, line) => {
            ("400 Bad Request", json!({ "message": "that version is not served" }).to_string())
        }
        line if line.contains("/_ping") => ("200 OK", "OK".to_owned()),
        line if line.contains("/version") => {
            let components = json!([{ "Name": script.component, "Version": "5.4.2" }]);
            let apis = (script.newest_api, script.oldest_api);
            let version = json!({ "ApiVersion": apis.0, "MinAPIVersion": apis.1, "Components": components });
            ("200 OK", version.to_string())
        }
        line if line.contains("/containers/json") => ("200 OK", "[]".to_owned()),
        line if line.contains("/info") => {
            let info = json!({ "SystemTime": "2026-01-01T00:00:00Z", "SecurityOptions": script.security });
            ("200 OK", info.to_string())
        }
        _ => {
            // It goes on until the connection ends, which it does not.
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
            stream.write_all(format!("{head}{}", script.events).as_bytes()).await.unwrap();
            stream.read_line(&mut String::new()).await.ok();
            return false;
        }
    };
    let length = body.len();
    let server = if script.component.starts_with("Podman") { "Libpod/5.4.2 (linux)" } else { "Docker/1.0 (linux)" };
    let head = format!(
        "HTTP/1.1 {status}\r\nServer: {server}\r\nApi-Version: {}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n",
        script.newest_api
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.is_ok()
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
    let events = format!("{}\n{}\n", event("start", 2_000), event("health_status: healthy", 1_000));
    scripted(&socket, &Script { events, oldest_api: "1.12", newest_api: "1.41", ..Script::default() });
    application.engine = Arc::new(Engine::new(&format!("unix://{}", socket.display())));
    let mut events = application.strategy("s").subscribe().await.unwrap();
    for expected in ["start", "health_status: healthy"] {
        let told = events.next(10_000).await.unwrap().unwrap_or_else(|| panic!("{expected} was not told"));
        assert_eq!(told["Action"], expected);
    }
}

#[tokio::test]
async fn every_request_names_the_newest_api_that_both_speak() {
    for (oldest_api, newest_api, spoken) in
        [("1.12", "1.41", "1.41"), ("1.24", "1.45", "1.45"), ("1.44", "1.99", "1.51"), ("1.60", "1.99", "1.60")]
    {
        let script = Script { oldest_api, newest_api, ..Script::default() };
        let (application, _directory) = beside(&script);
        application.check().list_containers().await.unwrap();
        assert_eq!(application.check().version().await.unwrap()["Spoken"], spoken);
        let asked = script.asked.lock().unwrap().clone();
        let questions = ["GET /_ping HTTP/1.1", "GET /version HTTP/1.1"];
        // Only an engine that is newer than what is known is asked for all the versions that it serves.
        let (begun, rest) = asked.split_at(if newest_api == "1.99" { 2 } else { 1 });
        assert_eq!(begun, &questions[..begun.len()]);
        let prefix = format!("GET /v{spoken}/");
        assert!(!rest.is_empty() && rest.iter().all(|line| line.starts_with(&prefix)), "{rest:?}");
    }
    let (application, _directory) = beside(&Script { oldest_api: "1.12", newest_api: "1.40", ..Script::default() });
    let failure = application.check().list_containers().await.unwrap_err();
    assert!(failure.message.contains("is too old: it speaks API 1.40, and 1.41 is needed"), "{failure:?}");
}

#[tokio::test]
async fn a_connection_to_the_engine_is_used_again_and_one_that_was_closed_is_replaced() {
    for closes in [false, true] {
        let script = Script { oldest_api: "1.24", newest_api: "1.41", closes, ..Script::default() };
        let (application, _directory) = beside(&script);
        let docker = application.check();
        for _ in 0..5 {
            docker.list_containers().await.unwrap();
        }
        let asked = script.asked.lock().unwrap().len();
        let connections = script.connections.load(Ordering::Relaxed);
        assert_eq!(connections, if closes { asked } else { 1 }, "{asked} requests");
    }
}

#[tokio::test]
async fn what_the_engine_says_of_itself_is_asked_once_and_ahead() {
    let script = Script { oldest_api: "1.24", newest_api: "1.41", ..Script::default() };
    let (application, _directory) = beside(&script);
    let asked = |question: &str| {
        let asked = script.asked.lock().unwrap();
        asked.iter().filter(|line| line.contains(question)).count()
    };
    // Two checks of one release, and a strategy that needs to know where the engine's data are.
    application.engine.foresee();
    application.engine.foresee();
    for docker in [application.check(), application.check()] {
        assert_eq!(docker.info().await.unwrap()["SystemTime"], "2026-01-01T00:00:00Z");
        assert_eq!(docker.version().await.unwrap()["SystemTime"], "2026-01-01T00:00:00Z");
    }
    application.engine.can_deploy().await.unwrap();
    assert_eq!((asked("/version"), asked("/info")), (1, 1));
}

/// An application whose engine follows a script, and the directory of its socket.
fn beside(script: &Script) -> (Application, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("docker.sock");
    scripted(&socket, script);
    let mut application = Application::new("scripted");
    application.engine = Arc::new(Engine::new(&format!("unix://{}", socket.display())));
    (application, directory)
}

#[tokio::test]
async fn engines_that_are_not_deployed_on_are_refused_with_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    let mut application = Application::new("unsupported");
    let mut engine = |name: &str, script: Script| {
        let socket = directory.path().join(name);
        scripted(&socket, &Script { oldest_api: "1.24", newest_api: "1.44", ..script });
        application.engine = Arc::new(Engine::new(&format!("unix://{}", socket.display())));
        (application.strategy("s"), Arc::clone(&application.engine))
    };
    // Nothing at all is done with Podman.
    let script = Script { component: "Podman Engine", ..Script::default() };
    let asked = Arc::clone(&script.asked);
    let (strategy, podman) = engine("podman", script);
    for failure in [strategy.list_containers().await.map(drop), podman.ping().await, podman.can_deploy().await] {
        let failure = failure.unwrap_err();
        assert_eq!((failure.code.as_str(), failure.retryable), ("unsupported", false));
        assert!(failure.message.contains("is Podman 5.4.2"), "{failure:?}");
        assert!(failure.details.unwrap()["hint"].as_str().unwrap().contains("install the Docker Engine"));
    }
    assert!(
        asked
            .lock()
            .unwrap()
            .iter()
            .all(|line| ["GET /_ping HTTP/1.1", "GET /version HTTP/1.1"].contains(&line.as_str())),
        "{asked:?}"
    );
    // What runs without root may be looked at. Nothing is made there, and a plan is not let through.
    let script = Script {
        component: "Engine",
        security: &["name=seccomp,profile=builtin", "name=rootless"],
        ..Script::default()
    };
    let (strategy, rootless) = engine("rootless", script);
    strategy.list_containers().await.unwrap();
    let planned = strategy.permits(&json!([])).await;
    let made = strategy.create_container("x", &sleeper()).await.map(drop);
    for failure in [planned, made, rootless.can_deploy().await] {
        let failure = failure.unwrap_err();
        assert_eq!(failure.code, "unsupported");
        assert!(failure.message.contains("is rootless"), "{failure:?}");
    }
}

#[tokio::test]
async fn a_pull_that_is_where_it_was_again_and_again_stands_still() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("docker.sock");
    scripted(&socket, &Script { oldest_api: "1.24", newest_api: "1.48", ..Script::default() });
    let mut application = Application::new("standing");
    let patience = Patience {
        pull_stall: Duration::from_millis(500),
        // Too short for another attempt.
        pull: Duration::from_secs(2),
        ..Patience::default()
    };
    let endpoint = format!("unix://{}", socket.display());
    application.engine = Arc::new(Engine::new(&endpoint).with_patience(patience));
    let failure = application.strategy("s").pull_image("registry.example/web:1").await.unwrap_err();
    assert_eq!(failure.code, "timeout");
    assert!(failure.message.contains("made no progress"), "{failure:?}");
}
