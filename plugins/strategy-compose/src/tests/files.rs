//! What Compose files say, as far as the bodies of containers, refusals and plans show it. No engine.

use std::collections::BTreeMap;

use serde_json::json;

use super::plans::{images, running, wanted};
use super::world::{config, desired, host, release, shown};
use crate::bundle::read_from;
use crate::desired::{Api, Desired};
use crate::plan::plan;
use crate::state::State;

const FRONT: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn read(text: &str, profiles: &[&str], variables: &[(&str, &str)]) -> Desired {
    let files = BTreeMap::from([("compose.yaml".to_owned(), text.as_bytes().to_vec())]);
    let release = release("app", &[("front", FRONT)], &[("compose.yaml", text)]);
    let mut config = config();
    config.profiles = profiles.iter().map(|&profile| profile.to_owned()).collect();
    let variables = variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    read_from(&files, &release, variables, &config, &host(), &|| Ok(Api::oldest()))
        .unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(text: &str) -> String {
    desired("app", &[("front", FRONT)], text).unwrap_err()
}

#[test]
fn where_every_service_is_behind_a_profile_nothing_is_planned_and_nothing_removed() {
    let text =
        "services:\n  front: {image: front, profiles: [web]}\n  tool: {image: front, profiles: [tools, debug]}\n";
    let asleep = read(text, &[], &[]);
    let plan_now = plan(&asleep, &State::default()).unwrap();
    assert_eq!(
        shown(&plan_now),
        "keep service front: not active; profiles: `web`\nkeep service tool: not active; profiles: `debug`, `tools`"
    );
    assert!(
        plan_now.warnings.iter().any(|warning| warning.starts_with(
            "no service is active: each is behind a profile (`debug`, `tools`, `web`); name the profiles in the strategy's \
             `with` table, such as `profiles = [\"debug\"]`"
        )),
        "{:?}",
        plan_now.warnings
    );

    let awake = read(text, &["web"], &[]);
    let runs = running(&awake);
    let [(message, hint)] = plan(&asleep, &runs).unwrap_err().0.try_into().unwrap();
    assert_eq!(
        message,
        "no service is active: each is behind a profile (`debug`, `tools`, `web`), and this would remove 1 container of \
         `app`"
    );
    assert!(hint.contains("profiles = [") && hint.contains("docker compose -p app down"), "{hint}");

    // With one of them active, all is as ever.
    assert!(shown(&plan(&awake, &images(&awake, State::default())).unwrap()).starts_with("create network app_default"));
}

#[test]
fn the_project_is_named_by_the_release_whatever_a_variable_says() {
    let text = "services: {front: {image: front, container_name: \"${COMPOSE_PROJECT_NAME}-front\", environment: [COMPOSE_PROJECT_NAME]}}";
    let given = read(text, &[], &[("COMPOSE_PROJECT_NAME", "other")]);
    let front = &given.services["front"];
    assert_eq!((given.project.as_str(), front.container.as_str()), ("app", "app-front"));
    assert_eq!(front.body["Env"], json!(["COMPOSE_PROJECT_NAME=app"]));
}

#[test]
fn every_address_of_an_extra_host_reaches_the_container() {
    let body = |hosts: &str| {
        let text = format!("services: {{front: {{image: front, extra_hosts: {hosts}}}}}");
        wanted(&text).services["front"].body["HostConfig"]["ExtraHosts"].clone()
    };
    assert_eq!(body("['db=10.0.0.1,10.0.0.2']"), json!(["db:10.0.0.1", "db:10.0.0.2"]));
    assert_eq!(
        body("{db: [10.0.0.1, '[::1]'], me: host-gateway}"),
        json!(["db:10.0.0.1", "db:::1", "me:host-gateway"])
    );
}

#[test]
fn labels_of_a_mounted_volume_are_those_of_the_one_that_the_engine_makes() {
    let text = "services: {front: {image: front, volumes: [{type: volume, target: /v, volume: {labels: [keep=yes]}}]}}";
    assert_eq!(
        wanted(text).services["front"].body["HostConfig"]["Mounts"],
        json!([{ "Type": "volume", "Target": "/v", "VolumeOptions": { "Labels": { "keep": "yes" } } }])
    );
}

#[test]
fn what_no_container_could_have_is_refused_with_its_place() {
    let table = [
        (
            "services:\n  front: {image: front, secrets: [token]}\nsecrets: {token: {environment: NOT_SET}}\n",
            "compose.yaml:2:35: `services.front.secrets` names `token`, whose variable `NOT_SET` is not set",
        ),
        (
            "services:\n  front: {image: front, configs: [{source: level, target: /l}]}\nconfigs: {level: {environment: NOT_SET}}\n",
            "compose.yaml:2:35: `services.front.configs` names `level`, whose variable `NOT_SET` is not set",
        ),
        (
            "services:\n  front: {image: front, pre_start: [{command: ./prepare}]}\n",
            "compose.yaml:2:37: `services.front.pre_start` is not supported yet",
        ),
        (
            "services:\n  front: {image: front, extra_hosts: {db: '10.0.0.1,10.0.0.2'}}\n",
            "`services.front.extra_hosts` gives `db` the address `10.0.0.1,10.0.0.2`, which is neither an IP address nor \
             `host-gateway`",
        ),
        (
            "services:\n  front: {image: front, network_mode: \"${NONE}\"}\n",
            "`services.front.network_mode` is empty; leave it out, or write `none` for no network at all",
        ),
    ];
    for (text, expected) in table {
        let message = refusal(text);
        assert!(message.contains(expected), "{message}");
    }
    // A secret that no active service uses is missed by none.
    wanted("services:\n  front: {image: front}\nsecrets: {token: {environment: NOT_SET}}\n");
}
