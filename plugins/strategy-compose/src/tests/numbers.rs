//! Services with several containers or none, services that are gone, and containers that belong to no service.

use std::process::Command;

use serde_json::json;
use windlass_domain::Phase;

use super::flow::Stage;
use super::plans::{images, planned, running, wanted};
use super::world::{ordered, shown};
use crate::desired::Platform;
use crate::labels;
use crate::state::State;

const THREE: &str = "services:\n  front: {image: front, depends_on: {back: {condition: service_healthy}}}\n  back: {image: back, scale: 3, healthcheck: {test: [CMD, 'true']}}\n";

#[test]
fn who_waits_for_a_service_waits_for_all_its_containers() {
    let desired = wanted(THREE);
    assert_eq!(
        planned(&desired, &images(&desired, State::default())),
        "create network app_default: not there yet\n\
         create service back: new in this release\n\
         create service back#2: new in this release\n\
         create service back#3: new in this release\n\
         create service front: new in this release\n\
         network:app_default\n\
         back:create <- network:app_default\n\
         back#2:create <- network:app_default\n\
         back#3:create <- network:app_default\n\
         front:create <- network:app_default\n\
         prepared <- network:app_default back:create back#2:create back#3:create front:create\n\
         back:start <- prepared\n\
         back:health <- back:start\n\
         back#2:start <- prepared\n\
         back#2:health <- back#2:start\n\
         back#3:start <- prepared\n\
         back#3:health <- back#3:start\n\
         front:start <- prepared back:health back#2:health back#3:health\n\
         front:health <- front:start"
    );
}

#[test]
fn fewer_containers_are_wanted() {
    let state = running(&wanted(THREE));
    assert_eq!(
        planned(&wanted(&THREE.replace("scale: 3", "scale: 2")), &state),
        "keep network app_default: as it should be\n\
         update service back: as it should be; removed besides: app-back-3\n\
         keep service back#2: as it should be\n\
         keep service front: as it should be\n\
         ready\n\
         back:retire <- ready\n\
         back:remove"
    );
    assert_eq!(
        planned(&wanted(&THREE.replace("scale: 3", "deploy: {replicas: 0}")), &state),
        "keep network app_default: as it should be\n\
         remove service back: it should have no container\n\
         keep service front: as it should be\n\
         ready\n\
         back:retire <- ready\n\
         back:retire~2 <- ready\n\
         back:retire~3 <- ready\n\
         back:remove\n\
         back:remove~2\n\
         back:remove~3"
    );
}

#[test]
fn an_old_container_that_could_not_be_stopped_is_stopped_by_the_next_plan() {
    let desired = wanted("services: {back: {image: back}}\n");
    let mut state = running(&desired);
    let mut old = state.containers[0].clone();
    (old.id, old.name) = ("old".to_owned(), "app-back-1-windlass-old-d1".to_owned());
    state.containers.push(old);
    assert_eq!(
        planned(&desired, &state),
        "keep network app_default: as it should be\n\
         update service back: as it should be; removed besides: app-back-1-windlass-old-d1\n\
         ready\n\
         back:retire <- ready\n\
         back:remove"
    );
}

#[test]
fn containers_that_cannot_run_beside_their_replacement_give_way_one_after_the_other() {
    let text = "services: {back: {image: back, scale: 2, volumes: ['data:/d']}}\nvolumes: {data: }\n";
    let plan = planned(&wanted(&text.replace("scale", "command: x, scale")), &running(&wanted(text)));
    assert!(plan.contains("back:stop <- prepared\n"), "{plan}");
    assert!(plan.contains("back#2:stop <- prepared back:health\n"), "{plan}");
}

#[test]
fn a_service_that_got_another_name_gives_its_port_back_first() {
    let text = "services: {front: {image: front, ports: ['8080:80']}, back: {image: back}}\n";
    let plan = planned(&wanted(&text.replace("front:", "entry:")), &running(&wanted(text)));
    assert!(plan.contains("remove service front: no longer in the Compose files\n"), "{plan}");
    assert!(plan.contains("front:stop <- prepared\nentry:start <- prepared front:stop\n"), "{plan}");
    assert!(!plan.contains("front:retire"), "{plan}");
    // An old container that blocks no new one serves until all new ones are there.
    let plan = planned(&wanted(&text.replace("front:", "entry:").replace("8080", "8081")), &running(&wanted(text)));
    assert!(plan.contains("front:retire <- ready"), "{plan}");
}

#[test]
fn what_docker_compose_made_and_the_files_do_not_have_goes_only_when_told_so() {
    let mut state = running(&wanted("services: {front: {image: front}, back: {image: back}}\n"));
    for container in &mut state.containers {
        container.labels.retain(|key, _| !key.starts_with(labels::WINDLASS));
    }
    let mut desired = wanted("services: {front: {image: front}}\n");
    let plan = crate::plan::plan(&desired, &state).unwrap();
    assert!(plan.is_unchanged(), "{}", shown(&plan));
    assert!(plan.warnings[0].contains("app-back-1 of service back is in no Compose file"), "{:?}", plan.warnings);
    desired.remove_orphans = true;
    let plan = crate::plan::plan(&desired, &state).unwrap();
    assert!(shown(&plan).contains("remove service back: no longer in the Compose files"), "{}", shown(&plan));
    assert!(plan.warnings.is_empty(), "{:?}", plan.warnings);
}

#[test]
fn several_containers_are_made_replaced_and_reduced_on_the_engine() {
    let stage = Stage::new("numbers", 2);
    let text = "services:\n  app: {image: app, init: true, scale: 3}\n  other: {image: app, init: true}\n";
    let first = stage.desired(0, text);
    stage.deploy("first", &first);
    assert!(stage.plan(&first).is_unchanged());
    // A one-off container belongs to no service: it is neither counted nor removed.
    let label = |key: &str, value: &str| format!("{key}={value}");
    let one_off = Command::new("docker")
        .args(["run", "-d", "--init", "--name", &format!("{}-app-run-1", stage.project)])
        .args(["--label", &label(labels::PROJECT, &stage.project), "--label", &label(labels::SERVICE, "app")])
        .args(["--label", &label(labels::ONEOFF, "True"), &stage.images[0]])
        .output()
        .unwrap();
    assert!(one_off.status.success(), "{}", String::from_utf8_lossy(&one_off.stderr));

    let second = stage.desired(1, &text.replace("scale: 3", "scale: 2").replace("other:", "renamed:"));
    stage.deploy("second", &second);
    assert!(stage.plan(&second).is_unchanged());
    let names: Vec<String> =
        stage.picture().iter().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    let own = |name: &str| format!("{}-{name}", stage.project);
    assert_eq!(names, ["network".to_owned(), own("app-1"), own("app-2"), own("renamed-1")]);
    let still = Command::new("docker").args(["inspect", "-f", "{{.State.Running}}", &own("app-run-1")]).output();
    assert_eq!(String::from_utf8_lossy(&still.unwrap().stdout).trim(), "true");
}

#[test]
fn every_step_of_a_change_of_numbers_can_fail() {
    let stage = Stage::new("numbersback", 1);
    let port = windlass_stage::free_port().unwrap();
    let text = format!(
        "services:\n  app: {{image: app, init: true, scale: 3}}\n  gone: {{image: app, init: true, ports: ['127.0.0.1:{port}:80']}}\n"
    );
    stage.deploy("first", &stage.desired(0, &text));
    let before = stage.picture();
    let second = stage.desired(0, &text.replace("scale: 3", "command: sleep 500, scale: 2").replace("gone:", "new:"));
    for last in 0..ordered(&stage.plan(&second), Phase::Apply).len() {
        let plan = stage.plan(&second);
        super::flow::forth_and_back(&stage, &format!("n{last}"), &plan, last, last % 2 == 0).unwrap();
        assert_eq!(stage.picture(), before, "after step {last}");
    }
}

#[test]
fn an_image_that_must_not_be_pulled_must_be_here() {
    let mut desired = wanted("services:\n  front: {image: front, pull_policy: never}\n");
    desired.services.get_mut("front").unwrap().image.local = false;
    let missing = planned(&desired, &State::default());
    assert!(
        missing.contains("service front must not pull its image") && missing.contains("pull_policy: never"),
        "{missing}"
    );
    let here = planned(&desired, &images(&desired, State::default()));
    assert!(here.contains("create service front: new in this release"), "{here}");
    assert!(!here.contains("pull:"), "{here}");
}

#[test]
fn an_image_must_be_for_the_platform_that_the_file_asks_for() {
    let desired = wanted("services:\n  front: {image: front, platform: linux/arm64}\n");
    let with = |architecture: &str| {
        let mut state = images(&desired, State::default());
        for image in state.images.values_mut().flatten() {
            image.platform = Platform::of_image(&json!({ "Os": "linux", "Architecture": architecture }));
        }
        planned(&desired, &state)
    };
    let wrong = with("amd64");
    assert!(
        wrong.contains("service front asks for linux/arm64, but its image (front v1) is for linux/amd64"),
        "{wrong}"
    );
    assert!(with("arm64").contains("create service front: new in this release"));
    // One that is not here is looked at when it has been pulled.
    let mut absent = desired.clone();
    absent.services.get_mut("front").unwrap().image.local = false;
    let plan = crate::plan::plan(&absent, &State::default()).unwrap();
    assert_eq!(plan.steps[0].details["platforms"], json!(["linux/arm64"]));
    let stage = Stage::new("platform", 1);
    let mut pull = plan.steps[0].clone();
    pull.details["reference"] = json!(stage.images[0]);
    let error = crate::apply::apply(&stage.context("x"), &stage.engine("x"), &pull).unwrap_err();
    assert!(error.message().contains("a service asks for linux/arm64, but the image `sha256:"), "{error}");
}
