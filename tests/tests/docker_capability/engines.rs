//! Engines that are not there, and one that goes and comes back.

use std::sync::Arc;

use serde_json::json;
use windlass::capability::docker::Engine;
use windlass_stage::import_busybox;

use crate::support::{Application, sleeper};

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

#[tokio::test]
async fn a_restart_is_waited_for_and_told() {
    let mut application = Application::new("restart");
    let mut engine = windlass_stage::Engine::start(7).unwrap();
    import_busybox(|arguments| engine.docker(arguments.iter().copied())).unwrap();
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
