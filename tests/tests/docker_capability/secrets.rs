//! Secret values reach containers and nothing else.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use serde_json::json;
use windlass_capability::docker::Docker;
use windlass_stage::{BUSYBOX, docker};

use crate::docker_capability::support::{Application, Known};

const PLACEHOLDER: &str = "{{windlass.secret:db@0123456789abcdef}}";
const VALUE: &str = "s3cr3t-value-of-the-test";

fn knowing(application: &Application) -> Docker {
    application.redactor.learn(VALUE, PLACEHOLDER);
    let known = Known([(PLACEHOLDER.to_owned(), VALUE.to_owned())].into());
    let mut scope = application.scope("s");
    let bundle = application.state.path().join("bundles/sha256/ab");
    std::fs::create_dir_all(&bundle).unwrap();
    std::fs::write(bundle.join("app.conf"), "from the bundle\n").unwrap();
    scope.bundle = Some(bundle);
    application.with(scope, &[]).with_secrets(Arc::new(known))
}

async fn finished(strategy: &Docker, id: &str) {
    let mut events = strategy.subscribe().await.unwrap();
    strategy.start_container(id).await.unwrap();
    while events.next(60_000).await.unwrap().expect("the container ends")["Action"] != "die" {}
}

#[tokio::test]
async fn a_value_is_in_the_container_and_in_no_answer() {
    let application = Application::new("secret");
    let strategy = knowing(&application);
    let mounts = json!([
        { "Type": "bind", "Source": PLACEHOLDER, "Target": "/run/secrets/db", "ReadOnly": true },
        { "Type": "bind", "Source": "{{windlass.bundle}}/app.conf", "Target": "/app.conf", "ReadOnly": true },
        // `url=` and the placeholder.
        {
            "Type": "bind", "Target": "/url", "ReadOnly": true,
            "Source": "{{windlass.content:dXJsPXt7d2luZGxhc3Muc2VjcmV0OmRiQDAxMjM0NTY3ODlhYmNkZWZ9fQ==}}",
        },
    ]);
    let body = json!({
        "Image": BUSYBOX, "User": "1000", "Env": [format!("PASSWORD={PLACEHOLDER}"), "PATH=/bin"],
        "Labels": { "shown": PLACEHOLDER, "where": "{{windlass.bundle}}/compose.yaml" },
        "Cmd": ["sh", "-c", "env; cat /run/secrets/db /url; echo; cat /app.conf; echo changed > /run/secrets/db"],
        "Healthcheck": { "Test": ["CMD", "test", PLACEHOLDER] },
        "HostConfig": { "NetworkMode": "none", "Mounts": mounts },
    });
    let name = application.named("web");
    let id = strategy.create_container(&name, &body).await.unwrap();
    finished(&strategy, &id).await;

    // The container saw the values …
    let raw = docker(["logs", &id]).unwrap();
    assert!(raw.contains(&format!("PASSWORD={VALUE}")), "{raw}");
    assert!(raw.contains(&format!("{VALUE}url={VALUE}")), "{raw}");
    assert!(raw.contains("from the bundle"), "{raw}");
    // … and the strategy does not.
    let inspected = strategy.inspect_container(&id).await.unwrap();
    assert!(!inspected.to_string().contains(VALUE));
    assert!(inspected["Config"]["Env"].as_array().unwrap().contains(&json!(format!("PASSWORD={PLACEHOLDER}"))));
    assert_eq!(inspected["Config"]["Labels"]["shown"], PLACEHOLDER);
    assert!(inspected["Config"]["Labels"]["where"].as_str().unwrap().ends_with("/sha256/ab/compose.yaml"));
    let lines = strategy.logs(&id, 100).await.unwrap().join("\n");
    assert!(!lines.contains(VALUE) && lines.contains(&format!("PASSWORD={PLACEHOLDER}")), "{lines}");
    assert!(!strategy.list_containers().await.unwrap().to_string().contains(VALUE));

    // Every user in the container can read its files; on the host, only root can open the directory that they are in.
    let files = application.state.path().join("secrets").join(&application.name);
    assert_eq!(std::fs::metadata(&files).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(std::fs::read_dir(&files).unwrap().count(), 2);
    strategy.remove_container(&id, true).await.unwrap();
    assert_eq!(std::fs::read_dir(&files).unwrap().count(), 0);
}

#[tokio::test]
async fn a_file_stays_as_long_as_a_container_mounts_it() {
    let application = Application::new("keep");
    let strategy = knowing(&application);
    let body = json!({
        "Image": BUSYBOX, "Cmd": ["cat", "/run/secrets/db"],
        "HostConfig": {
            "NetworkMode": "none",
            "Mounts": [{ "Type": "bind", "Source": PLACEHOLDER, "Target": "/run/secrets/db", "ReadOnly": true }],
        },
    });
    let old = strategy.create_container(&application.named("old"), &body).await.unwrap();
    let new = strategy.create_container(&application.named("new"), &body).await.unwrap();
    strategy.remove_container(&new, true).await.unwrap();
    finished(&strategy, &old).await;
    assert_eq!(docker(["logs", &old]).unwrap(), VALUE);
}

#[tokio::test]
async fn a_container_that_is_not_made_leaves_no_file_and_no_value() {
    let application = Application::new("fail");
    let strategy = knowing(&application);
    let body = json!({
        "Image": "wlcap-not-there:1", "Cmd": [PLACEHOLDER],
        "HostConfig": {
            "Mounts": [{ "Type": "bind", "Source": PLACEHOLDER, "Target": "/run/secrets/db", "ReadOnly": true }],
        },
    });
    let failure = strategy.create_container(&application.named("web"), &body).await.unwrap_err();
    assert_eq!(failure.code, "not-found");
    let files = application.state.path().join("secrets").join(&application.name);
    assert_eq!(std::fs::read_dir(&files).unwrap().count(), 0);

    // The engine's own words hold the value: a command that is not there.
    let mut body = body;
    body["Image"] = json!(BUSYBOX);
    let id = strategy.create_container(&application.named("web"), &body).await.unwrap();
    let failure = strategy.start_container(&id).await.unwrap_err();
    assert!(!failure.message.contains(VALUE) && failure.message.contains(PLACEHOLDER), "{failure:?}");
}

#[tokio::test]
async fn without_a_grant_there_is_no_value() {
    let application = Application::new("nosecret");
    let body = json!({ "Image": BUSYBOX, "Env": [format!("A={PLACEHOLDER}")] });
    let failure = application.strategy("s").create_container(&application.named("web"), &body).await.unwrap_err();
    assert_eq!(failure.code, "capability-denied");
    assert!(docker(["inspect", &application.named("web")]).is_err());
}

#[test]
fn nothing_listens_to_what_the_docker_library_logs() {
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock")).unwrap();
    for bridge in ["tracing-log", "env_logger", "simple_logger", "fern", "log4rs"] {
        assert!(!lock.contains(&format!("name = \"{bridge}\"")), "{bridge} would show request bodies with secrets");
    }
}

#[tokio::test]
async fn no_tail_of_a_log_begins_in_a_value() {
    let application = Application::new("tail");
    let strategy = knowing(&application);
    let lines = [
        "-----BEGIN KEY-----",
        "AAAAB3NzaC1yc2EAAAADAQABAAAB",
        "BBBBB3NzaC1yc2EAAAADAQABAAAB",
        "CCCC",
        "-----END KEY-----",
    ];
    application.redactor.learn(&lines.join("\n"), "[redacted:key]");
    // Whole, behind something else in each line, in JSON, in base64, and across the pieces of a long line.
    let script = "echo before; echo \"$KEY\"; echo \"$KEY\" | sed 's/^/x: /'; echo \"$KEY\" | base64; \
                  head -c 16370 /dev/zero | tr '\\0' .; echo \"$TOKEN\"; echo after";
    let body = json!({
        "Image": BUSYBOX, "Env": [format!("KEY={}", lines.join("\n")), format!("TOKEN={PLACEHOLDER}")],
        "Cmd": ["sh", "-c", script], "HostConfig": { "NetworkMode": "none" },
    });
    let id = strategy.create_container(&application.named("web"), &body).await.unwrap();
    finished(&strategy, &id).await;
    let raw = docker(["logs", &id]).unwrap();
    assert!(raw.contains(lines[1]) && raw.contains(VALUE), "{raw}");
    for tail in 1..=20 {
        let said = strategy.logs(&id, tail).await.unwrap().join("\n");
        assert!(said.ends_with("after"), "{tail}: {said}");
        let shown: Vec<_> = ["AAAAB3", "BBBBB3", "QUFBQUIz", "s3cr3t", "of-the-test"]
            .iter()
            .filter(|part| said.contains(**part))
            .collect();
        assert!(shown.is_empty(), "{tail}: {shown:?} in {said}");
    }
    strategy.remove_container(&id, true).await.unwrap();
}
