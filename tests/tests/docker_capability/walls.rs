//! What a plugin cannot do: every danger is refused before the engine hears of it, and nothing is left behind.

use std::sync::Arc;

use serde_json::{Value, json};
use windlass_capability::docker::{Docker, DockerGrant};
use windlass_domain::Failure;
use windlass_foundation::call::CallPurpose;
use windlass_stage::{BUSYBOX, docker};

use crate::docker_capability::support::{Application, grant_of, sleeper, with_host};

async fn refused(docker: &Docker, body: Value) -> Failure {
    docker.create_container("wlcap-never", &body).await.expect_err(&body.to_string())
}

#[tokio::test]
async fn dangerous_bodies_are_refused_with_the_lines_to_add() {
    let application = Application::new("danger");
    let strategy = application.strategy("s");
    for (danger, host) in [
        ("privileged", json!({ "Privileged": true })),
        ("host-network", json!({ "NetworkMode": "host" })),
        ("host-pid", json!({ "PidMode": "host" })),
        ("docker-socket", json!({ "Binds": ["/var/run/docker.sock:/var/run/docker.sock"] })),
        (
            "docker-socket",
            json!({ "Mounts": [{ "Type": "bind", "Source": "/run", "Target": "/x", "ReadOnly": true }] }),
        ),
        ("bind-roots = [\"/home\"]", json!({ "Binds": ["/home:/host"] })),
        ("cap-add:SYS_ADMIN", json!({ "CapAdd": ["SYS_ADMIN"] })),
        ("device:/dev/sda", json!({ "Devices": [{ "PathOnHost": "/dev/sda", "PathInContainer": "/dev/sda" }] })),
        ("security-opt:seccomp=unconfined", json!({ "SecurityOpt": ["seccomp=unconfined"] })),
    ] {
        let failure = refused(&strategy, with_host(&host)).await;
        assert_eq!(failure.code, "capability-denied", "{failure:?}");
        assert!(failure.message.contains("`strategy-test`"), "{failure:?}");
        assert!(grant_of(&failure).contains(danger), "{danger}: {failure:?}");
    }
    // No grant opens these.
    for source in ["/", "/var/lib/docker", &application.state.path().display().to_string()] {
        let failure = refused(&strategy, with_host(&json!({ "Binds": [format!("{source}:/host")] }))).await;
        assert_eq!(failure.code, "capability-denied", "{failure:?}");
    }
    assert_eq!(refused(&strategy, with_host(&json!({ "Unheard": true }))).await.code, "capability-denied");
    assert!(docker(["inspect", "wlcap-never"]).is_err());
}

#[tokio::test]
async fn what_the_operator_allows_by_name_is_done() {
    let application = Application::new("allow");
    let scope = application.scope("s");
    let strategy = application.with(scope, &["cap-add:NET_ADMIN", "host-network"]);
    let body = with_host(&json!({ "NetworkMode": "host", "CapAdd": ["NET_ADMIN"] }));
    let id = strategy.create_container(&application.named("web"), &body).await.unwrap();
    let found = strategy.inspect_container(&id).await.unwrap();
    assert_eq!(found["HostConfig"]["NetworkMode"], "host");
}

#[tokio::test]
async fn another_applications_objects_cannot_be_used_or_changed() {
    // Dropped in reverse: what uses the other's volume goes before it.
    let (other, application) = (Application::new("theirs"), Application::new("mine"));
    let theirs = other.strategy("s");
    let container = other.named("web");
    theirs.create_container(&container, &sleeper()).await.unwrap();
    theirs.start_container(&container).await.unwrap();
    let (network, volume) = (other.named("net"), other.named("vol"));
    theirs.create_network(&json!({ "Name": network })).await.unwrap();
    theirs.create_volume(&json!({ "Name": volume })).await.unwrap();

    let mine = application.strategy("s");
    let own = application.named("own");
    mine.create_container(&own, &sleeper()).await.unwrap();
    for failure in [
        mine.start_container(&container).await.unwrap_err(),
        mine.stop_container(&container, 0).await.unwrap_err(),
        mine.rename_container(&container, "wlcap-stolen").await.unwrap_err(),
        mine.update_container(&container, &json!({ "Memory": 1 << 24 })).await.unwrap_err(),
        mine.remove_container(&container, true).await.unwrap_err(),
        mine.disconnect_network(&network, &container).await.unwrap_err(),
        mine.remove_network(&network).await.unwrap_err(),
        mine.remove_volume(&volume).await.unwrap_err(),
        refused(&mine, with_host(&json!({ "NetworkMode": format!("container:{container}") }))).await,
        refused(&mine, with_host(&json!({ "PidMode": format!("container:{container}") }))).await,
        refused(&mine, with_host(&json!({ "VolumesFrom": [container] }))).await,
    ] {
        assert_eq!(failure.code, "not-found", "{failure:?}");
        assert!(failure.message.contains(&application.name), "{failure:?}");
    }
    for (danger, failure) in [
        (format!("network:{network}"), refused(&mine, with_host(&json!({ "NetworkMode": network }))).await),
        (format!("network:{network}"), mine.connect_network(&network, &own, &json!(null)).await.unwrap_err()),
        (format!("volume:{volume}"), refused(&mine, with_host(&json!({ "Binds": [format!("{volume}:/d")] }))).await),
        (
            format!("volume:{volume}"),
            refused(&mine, with_host(&json!({ "Mounts": [{ "Type": "volume", "Source": volume, "Target": "/d" }] })))
                .await,
        ),
    ] {
        assert_eq!(failure.code, "capability-denied", "{failure:?}");
        assert!(grant_of(&failure).contains(&danger), "{failure:?}");
    }
    // Names are not taken over either.
    assert_eq!(mine.create_container(&container, &sleeper()).await.unwrap_err().code, "conflict");
    assert_eq!(mine.rename_container(&own, &container).await.unwrap_err().code, "conflict");
    assert_eq!(mine.create_network(&json!({ "Name": network })).await.unwrap_err().code, "conflict");
    assert_eq!(mine.create_volume(&json!({ "Name": volume })).await.unwrap_err().code, "conflict");
    assert_eq!(theirs.inspect_container(&container).await.unwrap()["State"]["Running"], true);

    // What the operator shares by name is shared.
    let shared =
        application.with(application.scope("s"), &[&format!("network:{network}"), &format!("volume:{volume}")]);
    let body = with_host(&json!({ "NetworkMode": network, "Binds": [format!("{volume}:/d:ro")] }));
    shared.create_container(&application.named("shared"), &body).await.unwrap();
}

#[tokio::test]
async fn a_volume_that_is_not_there_is_not_made_in_passing() {
    let application = Application::new("novol");
    let volume = application.named("data");
    let body = with_host(&json!({ "Binds": [format!("{volume}:/data")] }));
    assert_eq!(refused(&application.strategy("s"), body).await.code, "not-found");
    assert!(docker(["volume", "inspect", &volume]).is_err());
}

#[tokio::test]
async fn a_check_changes_nothing_and_no_grant_shows_nothing() {
    let application = Application::new("check");
    let check = application.check();
    for failure in [
        check.create_container("wlcap-never", &sleeper()).await.unwrap_err(),
        check.remove_container("x", true).await.unwrap_err(),
        check.create_network(&json!({ "Name": "wlcap-never" })).await.unwrap_err(),
        check.create_volume(&json!({ "Name": "wlcap-never" })).await.unwrap_err(),
        check.pull_image(BUSYBOX).await.unwrap_err(),
        check.remove_image(BUSYBOX).await.unwrap_err(),
        check.tag_image(BUSYBOX, "wlcap-never:1").await.unwrap_err(),
    ] {
        assert_eq!(failure.code, "capability-denied");
        assert!(grant_of(&failure).contains("docker-write = {}"), "{failure:?}");
    }
    let blind = Docker::new(
        application.engine.clone(),
        application.scope("check"),
        DockerGrant::default(),
        application.redactor.clone(),
    );
    let failure = blind.list_containers().await.unwrap_err();
    assert_eq!(failure.code, "capability-denied");
    assert!(grant_of(&failure).contains("docker-read = true"), "{failure:?}");
    assert!(blind.subscribe().await.is_err());
}

#[tokio::test]
async fn outside_a_deployment_nothing_is_made() {
    let application = Application::new("outside");
    let mut scope = application.scope("s");
    Arc::make_mut(&mut scope.about).purpose = CallPurpose::Plan;
    let planning = application.with(scope, &[]);
    assert_eq!(refused(&planning, sleeper()).await.code, "capability-denied");
}
