//! Volumes without a name: mounted by who has them already, kept when their container goes, and never another's.

use serde_json::json;
use windlass_capability::docker::Docker;
use windlass_stage::{BUSYBOX, docker};

use crate::docker_capability::support::{Application, sleeper, with_host};

/// A container with an anonymous volume; returns the volume's name.
async fn with_volume(docker: &Docker, name: &str) -> String {
    let body = with_host(&json!({ "Mounts": [{ "Type": "volume", "Target": "/data" }] }));
    docker.create_container(name, &body).await.unwrap();
    let found = docker.inspect_container(name).await.unwrap();
    found["Mounts"][0]["Name"].as_str().unwrap().to_owned()
}

fn mounting(volume: &str) -> serde_json::Value {
    with_host(&json!({ "Mounts": [{ "Type": "volume", "Target": "/data", "Source": volume }] }))
}

fn is_there(volume: &str) -> bool {
    docker(["volume", "inspect", volume]).is_ok()
}

#[tokio::test]
async fn only_who_has_a_volume_without_a_name_may_mount_it_again() {
    let (other, application) = (Application::new("unnamed-theirs"), Application::new("unnamed-mine"));
    let (theirs, mine) = (other.strategy("s"), application.strategy("s"));
    let foreign = with_volume(&theirs, &other.named("web")).await;
    let own = with_volume(&mine, &application.named("web")).await;
    let next = application.named("next");

    let binds = with_host(&json!({ "Binds": [format!("{foreign}:/data")] }));
    for body in [mounting(&foreign), binds] {
        let failure = mine.create_container(&next, &body).await.unwrap_err();
        assert_eq!(failure.code, "capability-denied", "{failure:?}");
        let planned = mine.permits(&json!([{ "container": body }])).await.unwrap_err();
        assert_eq!(planned.code, "capability-denied", "{planned:?}");
    }
    mine.permits(&json!([{ "container": mounting(&own) }])).await.unwrap();
    mine.create_container(&next, &mounting(&own)).await.unwrap();

    // As soon as another container mounts it too, it is not the application's alone.
    let stranger = application.named("stranger");
    docker(["create", "--name", &stranger, "--volume", &format!("{own}:/x"), BUSYBOX, "true"]).unwrap();
    let failure = mine.create_container(&application.named("third"), &mounting(&own)).await.unwrap_err();
    docker(["rm", &stranger]).unwrap();
    assert_eq!(failure.code, "capability-denied", "{failure:?}");

    // A volume that no container mounts may have belonged to any application.
    let left = docker(["volume", "create"]).unwrap();
    let failure = mine.create_container(&application.named("third"), &mounting(&left)).await.unwrap_err();
    docker(["volume", "rm", &left]).unwrap();
    assert_eq!(failure.code, "capability-denied", "{failure:?}");

    // What was mounted by its name is not the container's own any more.
    for name in ["web", "next"] {
        mine.remove_container(&application.named(name), true).await.unwrap();
    }
    assert!(is_there(&own), "it has been carried over");
    docker(["volume", "rm", &own]).unwrap();
}

#[tokio::test]
async fn data_go_with_what_is_undone_and_stay_with_what_is_replaced() {
    let application = Application::new("unnamed-kept");
    let (first, name) = (application.strategy("s"), application.named("web"));
    let undone = with_volume(&first, &name).await;
    first.remove_container(&name, true).await.unwrap();
    assert!(!is_there(&undone), "this deployment made it");

    let kept = with_volume(&first, &name).await;
    let scope = application.later("s");
    let second = application.with(scope, &[]);
    second.remove_container(&name, true).await.unwrap();
    assert!(is_there(&kept), "another deployment made it");
    docker(["volume", "rm", &kept]).unwrap();

    let mut job = sleeper();
    job["HostConfig"] = json!({ "Mounts": [{ "Type": "volume", "Target": "/data" }] });
    job["Labels"] = json!({ "windlass.volumes": "discard" });
    first.create_container(&name, &job).await.unwrap();
    let found = first.inspect_container(&name).await.unwrap();
    let discarded = found["Mounts"][0]["Name"].as_str().unwrap().to_owned();
    second.remove_container(&name, true).await.unwrap();
    assert!(!is_there(&discarded), "its label says that it goes");
}
