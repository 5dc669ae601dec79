//! Images whose files a container mounts: what is sent, pulled, compared and refused. No engine.

use std::collections::BTreeMap;

use serde_json::json;

use super::plans::running;
use super::world::{desired_in, host, release, shown};
use crate::desired::{Desired, Manner};
use crate::plan::plan;
use crate::state::{Image, State};

const FRONT: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const FILES: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const OTHER: &str = "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";
const PINNED: &str = "docker.io/library/files@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// What should run where a service mounts what `mount` says; the artifact `files` comes from a registry.
fn with(digest: &str, mount: &str) -> Result<Desired, String> {
    let text = format!("services:\n  web:\n    image: front\n    volumes: [{mount}]\n");
    let mut release = release("app", &[("front", FRONT), ("files", digest)], &[("compose.yaml", &text)]);
    release.artifacts.get_mut("files").unwrap().local = false;
    desired_in("1.48", &host(), &BTreeMap::from([("compose.yaml".to_owned(), text.into_bytes())]), &release)
}

fn wanted(digest: &str) -> Desired {
    with(digest, "{type: image, source: 'files:v1', target: /m, image: {subpath: html}}").unwrap()
}

/// The state in which `desired` runs, its mounted image among those of the engine, which the container names so.
fn mounting(desired: &Desired, source: &str) -> State {
    let mut state = running(desired);
    let image = Image { id: OTHER.to_owned(), config: json!({}), platform: None };
    state.images.insert(desired.services["web"].mounted_images[0].reference.clone(), Some(image));
    let inspect = state.containers[0].inspect.as_mut().unwrap();
    inspect["HostConfig"]["Mounts"][0]["Source"] = json!(source);
    state
}

/// As Docker Compose would have made it.
fn by_compose(mut state: State) -> State {
    state.containers[0].labels.retain(|key, _| !key.starts_with("windlass."));
    state
}

#[test]
fn it_is_pinned_and_pulled_before_containers_are_made_and_does_not_stop_the_old_first() {
    let desired = wanted(FILES);
    let service = &desired.services["web"];
    assert_eq!(service.body["HostConfig"]["Mounts"][0]["Source"], PINNED);
    assert_eq!(service.manner, Manner::StartFirst);
    assert_eq!(service.images().collect::<Vec<_>>(), [FRONT, PINNED]);
    let state = running(&desired);
    let nothing = State { images: state.images, ..State::default() };
    let plan = plan(&desired, &nothing).unwrap();
    let pull = plan.steps.iter().find(|step| step.id == "pull:files").unwrap();
    assert_eq!(pull.title, "pull files v1");
    let create = plan.steps.iter().find(|step| step.id == "web:create").unwrap();
    assert!(create.needs.contains(&pull.id), "{:?}", create.needs);
    assert!(plan.warnings[0].contains("web mounts the image `files:v1` at /m"), "{:?}", plan.warnings);
}

#[test]
fn a_local_one_that_is_not_there_stands_in_the_way() {
    let mut desired = wanted(FILES);
    desired.services.get_mut("web").unwrap().mounted_images[0].local = true;
    let state = running(&desired);
    let obstacles = plan(&desired, &state).unwrap_err().0;
    assert_eq!(obstacles[0].0, "the local image of artifact `files` is no longer on this host");
}

#[test]
fn another_image_or_another_directory_of_it_replaces_the_container() {
    let desired = wanted(FILES);
    // The host names it by its id.
    let state = mounting(&desired, OTHER);
    assert!(plan(&desired, &state).unwrap().is_unchanged());
    let new = wanted("sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd");
    let text = shown(&plan(&new, &state).unwrap());
    assert!(plan(&new, &state).unwrap().way_back.contains(&OTHER.to_owned()));
    assert!(text.contains("replace service web: volumes changed [start-first]"), "{text}");
    assert!(text.contains(&format!("\n  volumes./m: {OTHER} -> docker.io/library/files@sha256:dddd")), "{text}");
    let moved = with(FILES, "{type: image, source: files, target: /m, image: {subpath: other}}").unwrap();
    let text = shown(&plan(&moved, &state).unwrap());
    assert!(text.contains("replace service web: volumes changed [start-first]"), "{text}");
    assert!(text.contains("\n  volumes./m.subpath: html -> other"), "{text}");
    assert!(!text.contains("\n  volumes./m: "), "{text}");
}

#[test]
fn what_docker_compose_mounts_by_a_name_is_the_same_where_the_name_means_the_image() {
    let desired = wanted(FILES);
    let named = |id: &str| {
        let mut state = by_compose(mounting(&desired, "files:v1"));
        let image = Image { id: id.to_owned(), config: json!({}), platform: None };
        state.images.insert("files:v1".to_owned(), Some(image));
        shown(&plan(&desired, &state).unwrap())
    };
    let same = named(OTHER);
    assert!(same.contains("keep service web: started by Docker Compose with the same configuration"), "{same}");
    let another = named(FRONT);
    assert!(another.contains("replace service web: volumes changed"), "{another}");
    // What the name meant is not there any more.
    let unknown = shown(&plan(&desired, &by_compose(mounting(&desired, "files:v1"))).unwrap());
    assert!(unknown.contains("replace service web: volumes changed"), "{unknown}");
}

#[test]
fn what_is_no_artifact_or_leads_out_is_refused_by_name() {
    let other = format!("registry.example/team/other@{OTHER}");
    for (mount, expected) in [
        (
            "{type: image, source: 'team/other:2', target: /m}".to_owned(),
            "`services.web.volumes.source`: `team/other:2` is not an artifact of the release",
        ),
        (
            "{type: image, source: 'team/other:2', target: /m}".to_owned(),
            "add to release.toml:\n[artifacts.other]\nimage = \"docker.io/team/other\"\ntag = \"2\"",
        ),
        // The release says nothing of it, so it would be pruned.
        (format!("{{type: image, source: '{other}', target: /m}}"), "\ndigest = \"sha256:cccc"),
        ("{type: image, source: 'team/files', target: /m}".to_owned(), "[artifacts.web-files]"),
        ("{type: image, source: 'A b', target: /m}".to_owned(), "`services.web.volumes.source`: "),
        (
            "{type: image, source: files, target: /m, image: {subpath: ../x}}".to_owned(),
            "`services.web.volumes.image.subpath` must be a path inside the image",
        ),
        (
            "{type: image, source: files, target: /m}, {type: image, source: 'files:v2', target: /n}".to_owned(),
            "`services.web.volumes.image` mounts `files:v2` a second time",
        ),
    ] {
        let error = with(FILES, &mount).unwrap_err();
        assert!(error.contains(expected), "{mount}\n{error}");
    }
}
