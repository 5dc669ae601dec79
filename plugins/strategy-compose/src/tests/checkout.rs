//! What lies in a checkout and not in a release: data that containers write, and images that are built.

use std::collections::BTreeMap;

use serde_json::json;
use windlass_sdk::Host;

use super::world::{desired, desired_on, desired_with, field, release};

const A: &str = "sha256:aa";

#[test]
fn data_are_mounted_from_the_directory_that_was_granted() {
    let text = "services:\n  db: {image: front, volumes: ['./data:/d', './conf:/c:ro', {type: bind, source: ./more, \
                target: /m}]}\n  job: {image: front, volumes: ['./data:/d:ro']}\n";
    let files = [("compose.yaml", text), ("conf/a", "a")];
    let wanted = desired_with("kudos", &[("front", A)], &files).unwrap();
    let host_config = |service: &str, key: &str| wanted.services[service].body["HostConfig"][key].clone();
    assert_eq!(host_config("db", "Binds"), json!(["/srv/data/kudos/data:/d:rw"]));
    assert_eq!(host_config("job", "Binds"), json!(["/srv/data/kudos/data:/d:ro"]));
    let mounts = host_config("db", "Mounts");
    let sources: Vec<&str> = mounts.as_array().unwrap().iter().map(|mount| field(mount, "/Source")).collect();
    assert_eq!(sources, ["{{windlass.bundle}}/conf", "/srv/data/kudos/more"]);
    // One of them below another that is written could be led elsewhere.
    let nested = "services:\n  db: {image: front, volumes: ['./data:/d', './data/x:/x']}\n";
    let error = desired("kudos", &[("front", A)], nested).unwrap_err();
    assert!(error.contains("`/srv/data/kudos/data/x` is inside `/srv/data/kudos/data`"), "{error}");
}

#[test]
fn without_a_directory_the_lines_that_grant_one_are_told() {
    let text = "services:\n  db:\n    image: front\n    volumes: ['./data:/d']\n";
    let files = BTreeMap::from([("compose.yaml".to_owned(), text.as_bytes().to_vec())]);
    let release = release("kudos", &[("front", A)], &[("compose.yaml", text)]);
    let lines = "[[grants]]\ndocker-write = { data-root = \"/srv/data/kudos\" }\n";
    let host = Host { data_root_grant: Some(lines.to_owned()), ..Host::default() };
    let error = desired_on(&host, &files, &release).unwrap_err();
    assert!(error.contains("compose.yaml:4:15: `services.db.volumes`: the container may write to `data`"), "{error}");
    assert!(error.contains(lines) && error.contains("use a named volume"), "{error}");
}

#[test]
fn what_comes_with_the_release_is_never_written() {
    let text = "services:\n  db: {image: front, volumes: ['./conf:/c']}\n";
    for file in ["conf", "conf/a"] {
        let error = desired_with("kudos", &[("front", A)], &[("compose.yaml", text), (file, "a")]).unwrap_err();
        assert!(error.contains("`conf` comes with the release, which no container may change"), "{error}");
        assert!(error.contains("`:ro`") && error.contains(".windlassignore"), "{error}");
    }
    desired_with("kudos", &[("front", A)], &[("compose.yaml", text), ("conf-too", "a")]).unwrap();
}

#[test]
fn what_is_built_is_the_artifact_of_the_services_name_or_of_the_name_that_compose_gives() {
    let text = "services:\n  web: {build: ., pull_policy: build}\n";
    for (artifact, found) in [("web", "web"), ("kudos-web", "kudos-web")] {
        let wanted = desired("kudos", &[("other", "sha256:bb"), (artifact, A)], text).unwrap();
        let image = &wanted.services["web"].image;
        assert_eq!((image.name.as_str(), image.reference.as_str(), image.local), (found, A, true));
    }
    let error = desired("kudos", &[("other", A)], text).unwrap_err();
    for words in ["`services.web.build`", "[artifacts.web]", "image = \"kudos-web\"", "release create --build"] {
        assert!(error.contains(words), "{words}: {error}");
    }
    // With an image, that is what says which artifact it is.
    let error = desired("kudos", &[("web", A)], "services:\n  web: {build: ., image: another}\n").unwrap_err();
    assert!(error.contains("neither an artifact of the release nor pinned"), "{error}");
}
