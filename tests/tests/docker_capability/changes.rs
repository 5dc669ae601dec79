//! Every change, each made twice: what is already there or already gone is success.

use std::sync::Arc;

use serde_json::json;
use windlass_domain::Artifact;
use windlass_stage::{BUSYBOX, docker};

use crate::docker_capability::support::{Application, Releases, sleeper, with_host};

#[tokio::test]
async fn containers_live_and_go() {
    let application = Application::new("live");
    let strategy = application.strategy("web:create");
    let (name, renamed) = (application.named("web"), application.named("web-old"));
    let id = strategy.create_container(&name, &sleeper()).await.unwrap();
    assert_eq!(strategy.create_container(&name, &sleeper()).await.unwrap(), id);
    for _ in 0..2 {
        strategy.start_container(&id).await.unwrap();
    }
    let found = strategy.inspect_container(&name).await.unwrap();
    assert_eq!(found["State"]["Running"], true);
    let labels = &found["Config"]["Labels"];
    assert_eq!(labels["windlass.application"], application.name);
    assert_eq!(labels["windlass.environment"], "test");
    assert_eq!(labels["windlass.deployment"], "d1");
    assert_eq!(labels["windlass.release"], "sha256:00");
    assert_eq!(labels["windlass.step"], "web:create");
    for _ in 0..2 {
        strategy.update_container(&id, &json!({ "RestartPolicy": { "Name": "unless-stopped" } })).await.unwrap();
        strategy.rename_container(&name, &renamed).await.unwrap();
    }
    let found = strategy.inspect_container(&renamed).await.unwrap();
    assert_eq!(found["HostConfig"]["RestartPolicy"]["Name"], "unless-stopped");
    for _ in 0..2 {
        strategy.stop_container(&renamed, 200).await.unwrap();
    }
    assert_eq!(strategy.inspect_container(&id).await.unwrap()["State"]["Running"], false);
    for _ in 0..2 {
        strategy.remove_container(&id, false).await.unwrap();
        strategy.stop_container(&id, 0).await.unwrap();
    }
    assert_eq!(strategy.inspect_container(&id).await.unwrap_err().code, "not-found");
    assert_eq!(strategy.start_container(&id).await.unwrap_err().code, "not-found");
    assert_eq!(strategy.list_containers().await.unwrap(), json!([]));
}

#[tokio::test]
async fn a_name_that_another_step_took_is_a_conflict() {
    let application = Application::new("taken");
    let name = application.named("web");
    application.strategy("one").create_container(&name, &sleeper()).await.unwrap();
    let failure = application.strategy("two").create_container(&name, &sleeper()).await.unwrap_err();
    assert_eq!(failure.code, "conflict");
    assert!(failure.message.contains("`one`"), "{failure:?}");
    // The same step of another deployment is another step.
    let scope = application.later("one");
    let failure = application.with(scope, &[]).create_container(&name, &sleeper()).await.unwrap_err();
    assert_eq!(failure.code, "conflict");
}

#[tokio::test]
async fn networks_connect_and_go() {
    let application = Application::new("net");
    let strategy = application.strategy("net");
    let (network, second) = (application.named("front"), application.named("back"));
    let body = json!({ "Name": network, "Labels": { "com.docker.compose.network": "front" }, "CheckDuplicate": true });
    let id = strategy.create_network(&body).await.unwrap();
    assert_eq!(strategy.create_network(&body).await.unwrap(), id);
    strategy.create_network(&json!({ "Name": second })).await.unwrap();
    let mut body = sleeper();
    body["HostConfig"]["NetworkMode"] = json!(network);
    body["NetworkingConfig"] = json!({ "EndpointsConfig": { &network: { "Aliases": ["web"] } } });
    let container = strategy.create_container(&application.named("web"), &body).await.unwrap();
    for _ in 0..2 {
        strategy.connect_network(&second, &container, &json!({ "Aliases": ["db"] })).await.unwrap();
    }
    let found = strategy.inspect_container(&container).await.unwrap();
    let networks = &found["NetworkSettings"]["Networks"];
    assert!(networks[&network]["Aliases"].as_array().unwrap().contains(&json!("web")), "{networks}");
    assert!(networks[&second]["Aliases"].as_array().unwrap().contains(&json!("db")), "{networks}");
    for _ in 0..2 {
        strategy.disconnect_network(&second, &container).await.unwrap();
        strategy.remove_network(&second).await.unwrap();
    }
    strategy.disconnect_network(&second, &container).await.unwrap();
    strategy.remove_container(&container, true).await.unwrap();
    strategy.disconnect_network(&network, &container).await.unwrap();
    strategy.remove_network(&network).await.unwrap();
    assert_eq!(strategy.list_resources().await.unwrap(), json!({ "networks": [], "volumes": [] }));
}

#[tokio::test]
async fn a_volume_goes_only_with_the_deployment_that_made_it() {
    let application = Application::new("vol");
    let strategy = application.strategy("vol");
    let volume = application.named("data");
    for _ in 0..2 {
        strategy.create_volume(&json!({ "Name": volume })).await.unwrap();
    }
    let scope = application.later("vol");
    let later = application.with(scope, &[]);
    later.create_volume(&json!({ "Name": volume })).await.unwrap();
    let failure = later.remove_volume(&volume).await.unwrap_err();
    assert_eq!(failure.code, "capability-denied");
    assert!(docker(["volume", "inspect", &volume]).is_ok());

    let body = with_host(&json!({ "NetworkMode": "none", "Binds": [format!("{volume}:/data")] }));
    let container = strategy.create_container(&application.named("web"), &body).await.unwrap();
    assert_eq!(strategy.remove_volume(&volume).await.unwrap_err().code, "conflict");
    strategy.remove_container(&container, true).await.unwrap();
    for _ in 0..2 {
        strategy.remove_volume(&volume).await.unwrap();
    }
    assert!(docker(["volume", "inspect", &volume]).is_err());
}

/// Images that are tests' own, each unlike any other.
fn imported(application: &Application, reference: &str) -> String {
    let file = application.state.path().join("one.tar");
    std::fs::write(&file, [0_u8; 1024]).unwrap();
    let label = format!("LABEL name={reference}");
    docker(["import", "--change", &label, &file.display().to_string(), reference]).unwrap()
}

fn local(repository: &str, id: &str) -> Artifact {
    let (repository, digest) = (format!("docker.io/{repository}"), id.to_owned());
    Artifact { repository, tag: None, digest, local: true }
}

#[tokio::test]
async fn images_of_its_releases_are_named_and_forgotten() {
    let application = Application::new("img");
    let engine = &application.engine;
    let own = format!("{}/web", application.name);
    let (first, second) = (format!("{own}:1"), format!("{own}:2"));
    let id = imported(&application, &first);
    let releases = Arc::new(Releases { own: vec![local(&own, &id)], ..Releases::default() });
    let strategy = application.strategy("img").with_images(releases.clone());
    let reserved = format!("windlass/{}:kept", application.name);
    for target in [&reserved, &second] {
        for _ in 0..2 {
            strategy.tag_image(&first, target).await.unwrap();
        }
        assert_eq!(engine.image_id(target).await.unwrap(), Some(id.clone()));
    }
    // A name is not taken from another image, unless it is the agent's.
    let other = imported(&application, &format!("{own}:other"));
    assert_eq!(strategy.tag_image(&first, &format!("{own}:other")).await.unwrap_err().code, "conflict");
    docker(["tag", &other, &reserved]).unwrap();
    strategy.tag_image(&first, &reserved).await.unwrap();
    // One that a kept release needs stays.
    let needed = Releases { kept: vec![local(&own, &id)], own: releases.own.clone(), ..Releases::default() };
    application.strategy("img").with_images(Arc::new(needed)).remove_image(&first).await.unwrap();
    assert!(strategy.inspect_image(&first).await.is_ok());
    for name in [&reserved, &second, &first] {
        for _ in 0..2 {
            strategy.remove_image(name).await.unwrap();
        }
        assert_eq!(engine.image_id(name).await.unwrap(), None, "{name}");
    }
    docker(["image", "rm", &other]).unwrap();
}

#[tokio::test]
async fn images_of_others_keep_their_names() {
    let application = Application::new("img2");
    let engine = &application.engine;
    let (own, theirs) = (format!("{}/web", application.name), format!("{}-theirs/web", application.name));
    let (mine, other, nobodys) =
        (format!("{own}:1"), format!("{theirs}:1"), format!("{}-nobody/web:1", application.name));
    let (mine_id, other_id) = (imported(&application, &mine), imported(&application, &other));
    imported(&application, &nobodys);
    // It claims the other's image, which a release file can.
    let claims = vec![local(&own, &mine_id), local(&theirs, &other_id)];
    let known = Releases { own: claims, others: vec![local(&theirs, &other_id)], ..Releases::default() };
    let strategy = application.strategy("img").with_images(Arc::new(known));
    let short = other_id.trim_start_matches("sha256:").get(..12).unwrap();
    for reference in [other.as_str(), &other_id, short, &format!("docker.io/{other}")] {
        strategy.remove_image(reference).await.unwrap();
        assert_eq!(engine.image_id(&other).await.unwrap(), Some(other_id.clone()), "{reference}");
    }
    for reference in [nobodys.as_str(), BUSYBOX] {
        let failure = strategy.remove_image(reference).await.unwrap_err();
        assert_eq!(failure.code, "capability-denied", "{reference}: {failure:?}");
        let failure = strategy.tag_image(reference, &format!("{own}:2")).await.unwrap_err();
        assert_eq!(failure.code, "capability-denied", "{reference}: {failure:?}");
    }
    for target in [format!("{theirs}:2"), nobodys.clone(), "busybox:2".to_owned(), "windlass/else:1".to_owned()] {
        let failure = strategy.tag_image(&mine, &target).await.unwrap_err();
        assert_eq!(failure.code, "capability-denied", "{target}: {failure:?}");
    }
    // A pull moves a name as well.
    let others = vec![local(&theirs, &other_id)];
    let known = Releases { own: vec![local(&own, &mine_id)], others, ..Releases::default() };
    let strategy = application.strategy("img").with_images(Arc::new(known));
    assert_eq!(strategy.pull_image(&other).await.unwrap_err().code, "capability-denied");
    assert_eq!(strategy.remove_image(&other).await.unwrap_err().code, "capability-denied");
    docker(["image", "rm", &mine, &other, &nobodys]).unwrap();
}

#[tokio::test]
async fn removing_images_spares_what_is_used_and_what_a_kept_release_needs() {
    let application = Application::new("prune");
    let image = |name: &str| {
        let reference = format!("{}/{name}", application.name);
        let id = imported(&application, &reference);
        (reference, id)
    };
    let ((old, old_id), (used, used_id), (kept, kept_id)) = (image("app:old"), image("app:used"), image("app:kept"));
    let own = |id: &str| local(&format!("{}/app", application.name), id);
    let pulled = Artifact { local: false, ..own(&format!("sha256:{}", "0".repeat(64))) };
    let releases = Releases {
        own: vec![own(&old_id), own(&used_id), own(&kept_id), pulled.clone()],
        kept: vec![own(&kept_id)],
        ..Releases::default()
    };
    let strategy = application.strategy("s").with_images(Arc::new(releases));
    assert_eq!(strategy.brought_images().unwrap(), [pulled.reference()], "local ones came another way");
    let body = json!({ "Image": used, "Cmd": ["none"], "HostConfig": { "NetworkMode": "none" } });
    strategy.create_container(&application.named("web"), &body).await.unwrap();
    for (reference, goes) in
        [(&old, true), (&old, false), (&used, false), (&kept, false), (&kept_id, false), (&pulled.reference(), false)]
    {
        assert_eq!(strategy.remove_image(reference).await.unwrap(), goes, "{reference}");
    }
    for there in [&used, &kept] {
        assert!(application.engine.image_id(there).await.unwrap().is_some(), "{there}");
    }
    strategy.remove_container(&application.named("web"), true).await.unwrap();
    docker(["image", "rm", &used, &kept]).unwrap();
}

#[tokio::test]
async fn a_port_in_use_says_so() {
    let application = Application::new("port");
    let strategy = application.strategy("port");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let body = json!({
        "Image": BUSYBOX, "Cmd": ["sleep", "600"], "ExposedPorts": { "80/tcp": {} },
        "HostConfig": { "PortBindings": { "80/tcp": [{ "HostIp": "127.0.0.1", "HostPort": port }] } },
    });
    let id = strategy.create_container(&application.named("web"), &body).await.unwrap();
    let failure = strategy.start_container(&id).await.unwrap_err();
    assert_eq!(failure.code, "conflict", "{failure:?}");
    assert!(failure.message.contains(&port), "{failure:?}");
}

#[tokio::test]
async fn images_of_its_releases_alone_are_mounted() {
    let application = Application::new("mnt");
    let (own, theirs) = (format!("{}/web", application.name), format!("{}-theirs/web", application.name));
    let (mine, other) = (format!("{own}:1"), format!("{theirs}:1"));
    let (mine_id, other_id) = (imported(&application, &mine), imported(&application, &other));
    let unpulled = format!("sha256:{}", "0".repeat(64));
    let known = Releases {
        own: vec![local(&own, &mine_id), local(&own, &unpulled)],
        others: vec![local(&theirs, &other_id)],
        ..Releases::default()
    };
    let strategy = application.strategy("mnt").with_images(Arc::new(known));
    let mounting = |image: &str| {
        let mount = json!({ "Type": "image", "Source": image, "Target": "/tmp" });
        with_host(&json!({ "NetworkMode": "none", "Mounts": [mount] }))
    };
    let name = application.named("mounting");
    let nowhere = format!("{own}:nowhere");
    for image in [other.as_str(), &other_id, BUSYBOX, &nowhere] {
        let failure = strategy.create_container(&name, &mounting(image)).await.unwrap_err();
        assert_eq!(failure.code, "capability-denied", "{image}: {failure:?}");
        let failure = strategy.permits(&json!([{ "container": mounting(image) }])).await.unwrap_err();
        assert_eq!(failure.code, "capability-denied", "{image}: {failure:?}");
        assert!(failure.message.contains("it is no image of the application's releases"), "{failure:?}");
    }
    // What a release has is pulled later; before it is there, nothing mounts it.
    strategy.permits(&json!([{ "container": mounting(&unpulled) }, { "container": mounting(&mine) }])).await.unwrap();
    assert_eq!(strategy.create_container(&name, &mounting(&unpulled)).await.unwrap_err().code, "not-found");
    let api = docker(["version", "--format", "{{.Server.APIVersion}}"]).unwrap();
    if api.trim_start_matches("1.").parse::<u32>().unwrap() >= 48 {
        let id = strategy.create_container(&name, &mounting(&mine)).await.unwrap();
        // By its id, whatever the name means later.
        let source = docker(["inspect", "--format", "{{(index .HostConfig.Mounts 0).Source}}", &id]).unwrap();
        assert_eq!(source, mine_id);
        docker(["rm", "-f", &id]).unwrap();
    }
    docker(["image", "rm", &mine, &other]).unwrap();
}
