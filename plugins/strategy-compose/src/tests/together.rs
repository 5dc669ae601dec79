//! Services that live on another one's container, or restart with it.

use std::process::Command;

use serde_json::{Value, json};
use windlass_domain::Phase;
use windlass_stage::Compose;

use super::flow::{Stage, forth_and_back};
use super::peer::Directory;
use super::plans::{planned, running, wanted};
use super::world::{field, ordered, shown};
use crate::engine::Engine as _;
use crate::gather::{Detail, gather};

const RESTARTS: &str = "services:\n  back: {image: back, healthcheck: {test: [CMD, 'true']}}\n  front: {image: front, depends_on: {back: {condition: service_healthy, restart: true}}}\n  last: {image: front, depends_on: {front: {condition: service_started, restart: true}}}\n";

#[test]
fn what_restarts_with_another_goes_before_it_and_comes_after_it() {
    let changed = |text: &str| planned(&wanted(text), &running(&wanted(RESTARTS)));
    assert_eq!(
        changed(&RESTARTS.replace("image: back", "command: x, image: back")),
        "keep network app_default: as it should be\n\
         replace service back: command changed [start-first]\n  command: - -> [\"x\"]\n\
         replace service front: restarts with back [stop-first: restarts with `back`]\n\
         replace service last: restarts with front [stop-first: restarts with `front`]\n\
         back:create\n\
         front:create\n\
         last:create\n\
         prepared <- back:create front:create last:create\n\
         back:start <- prepared\n\
         back:health <- back:start\n\
         last:stop <- back:health\n\
         front:stop <- back:health last:stop\n\
         back:switch <- front:stop back:health\n\
         back:rename <- back:switch\n\
         front:rename <- prepared back:switch front:stop\n\
         front:start <- front:rename\n\
         front:health <- front:start\n\
         last:rename <- prepared front:start last:stop\n\
         last:start <- last:rename\n\
         last:health <- last:start\n\
         ready <- back:switch front:health last:health\n\
         back:retire (meanwhile) <- ready\n\
         back:remove\n\
         front:remove\n\
         last:remove"
    );
    // What others do not restart with is replaced alone, and without a gap.
    let last = changed(&RESTARTS.replace("last: {image", "last: {command: x, image"));
    assert!(last.contains("replace service last: command changed [start-first]"), "{last}");
    assert!(last.contains("keep service front") && last.contains("keep service back"), "{last}");
    // Where the first one stops first, all that restarts with it stops before.
    let text = RESTARTS.replace("{image: back,", "{image: back, hostname: h,");
    let plan = planned(&wanted(&text.replace("hostname: h", "hostname: i")), &running(&wanted(&text)));
    for line in ["last:stop <- prepared\n", "front:stop <- prepared last:stop\n", "back:stop <- prepared front:stop\n"]
    {
        assert!(plan.contains(line), "{plan}");
    }
    // A job that ended well is not run again.
    let text = RESTARTS.replace("last:", "init:")
        + "  user: {image: back, depends_on: {init: {condition: service_completed_successfully}}}\n";
    let mut state = running(&wanted(&text));
    let job = state.containers.iter_mut().find(|container| container.service == "init").unwrap();
    job.state = "exited".to_owned();
    job.inspect.as_mut().unwrap()["State"]["ExitCode"] = json!(0);
    let plan = planned(&wanted(&text.replace("back: {image: back,", "back: {image: back, command: x,")), &state);
    assert!(plan.contains("replace service front: restarts with back"), "{plan}");
    assert!(plan.contains("keep service init: ran before with the same configuration"), "{plan}");
}

const SIDECARS: &str = "services:\n  side: {image: front, network_mode: service:back, volumes_from: ['back:ro']}\n  back: {image: back, volumes: ['data:/d']}\nvolumes: {data: }\n";

#[test]
fn what_lives_on_a_container_is_made_after_it_and_goes_with_it() {
    let desired = wanted(SIDECARS);
    let plan = crate::plan::plan(&desired, &super::plans::images(&desired, crate::state::State::default())).unwrap();
    assert!(
        shown(&plan).contains("side:create <- network:app_default volume:app_data back:create\n"),
        "{}",
        shown(&plan)
    );
    let create = plan.steps.iter().find(|step| step.id == "side:create").unwrap();
    assert_eq!(create.details["shares"], json!({ "back": { "new": { "service": "back", "name": "app-back-1" } } }));

    // It lives where it should, on what stays; its own change does not touch that.
    let state = running(&desired);
    assert!(crate::plan::plan(&desired, &state).unwrap().is_unchanged());
    let own = crate::plan::plan(&wanted(&SIDECARS.replace("{image: front", "{command: x, image: front")), &state);
    let own = own.unwrap();
    assert!(shown(&own).contains("keep service back"), "{}", shown(&own));
    let create = own.steps.iter().find(|step| step.id == "side:create").unwrap();
    assert_eq!(create.details["shares"], json!({ "back": { "kept": "id-of-app-back-1" } }));

    // The other container was made again by a person, or it stopped and takes its network with it.
    let mut elsewhere = state.clone();
    let side = elsewhere.containers.iter_mut().find(|container| container.service == "side").unwrap();
    side.inspect.as_mut().unwrap()["HostConfig"]["NetworkMode"] = json!("container:gone");
    let text = planned(&desired, &elsewhere);
    assert!(text.contains("replace service side: network_mode changed [stop-first"), "{text}");
    assert!(text.contains("network_mode: container:gone -> service:back"), "{text}");
    let mut stopped = state;
    stopped.containers.iter_mut().find(|container| container.service == "back").unwrap().state = "exited".to_owned();
    let text = planned(&desired, &stopped);
    assert!(text.contains("update service back: does not run: exited"), "{text}");
    assert!(text.contains("replace service side: restarts with back"), "{text}");
}

/// Whether two containers have the same namespace of the kernel.
fn same(stage: &Stage, kind: &str, one: &str, other: &str) -> bool {
    let engine = stage.engine("look");
    let space = |service: &str| {
        let inspect = engine.container(&format!("{}-{service}-1", stage.project)).unwrap();
        let process = inspect["State"]["Pid"].as_i64().unwrap();
        std::fs::read_link(format!("/proc/{process}/ns/{kind}")).unwrap()
    };
    space(one) == space(other)
}

const STACK: &str = "
services:
  app: {image: app, init: true, ipc: shareable, volumes: ['/own']}
  net: {image: app, init: true, network_mode: 'service:app', restart: always}
  spaces: {image: app, init: true, pid: 'service:app', ipc: 'service:app', volumes_from: ['app:ro']}
  user: {image: app, init: true, depends_on: {net: {condition: service_started, restart: true}}}
";

fn at_home(stage: &Stage) {
    assert!(
        same(stage, "net", "net", "app") && same(stage, "pid", "spaces", "app") && same(stage, "ipc", "spaces", "app")
    );
    let volume = |service: &str| {
        let inspect = stage.engine("look").container(&format!("{}-{service}-1", stage.project)).unwrap();
        let mounts = inspect["Mounts"].as_array().unwrap().clone();
        let own = mounts.into_iter().find(|mount| mount["Destination"] == "/own").unwrap_or(Value::Null);
        (field(&own, "/Name").to_owned(), own["RW"].clone())
    };
    let (theirs, ours) = (volume("app"), volume("spaces"));
    assert_eq!((&theirs.0, theirs.1, ours.1), (&ours.0, json!(true), json!(false)));
}

#[test]
fn every_step_of_replacing_what_others_live_on_can_fail() {
    let stage = Stage::new("together", 2);
    let first = stage.desired(0, STACK);
    stage.deploy("first", &first);
    at_home(&stage);
    assert!(stage.plan(&first).is_unchanged(), "{}", shown(&stage.plan(&first)));

    let before = stage.picture();
    // Only what the others live on changes.
    let second = stage.desired(0, &STACK.replace("app: {image: app,", "app: {image: app, command: sleep 500,"));
    for last in 0..ordered(&stage.plan(&second), Phase::Apply).len() {
        let plan = stage.plan(&second);
        forth_and_back(&stage, &format!("t{last}"), &plan, last, last % 2 == 0)
            .unwrap_or_else(|error| panic!("{last}: {error}"));
        assert_eq!(stage.picture(), before, "after step {last}");
        at_home(&stage);
    }
    stage.deploy("second", &second);
    at_home(&stage);
    assert!(stage.plan(&second).is_unchanged(), "{}", shown(&stage.plan(&second)));
    let left = gather(&stage.engine("look"), &stage.project, None, Detail::AllOf(0)).unwrap();
    assert_eq!(left.containers.len(), 4, "nothing old is left");
}

#[test]
fn what_docker_compose_lets_live_together_is_adopted_and_found_when_it_is_moved() {
    let stage = Stage::new("moved", 1);
    let text = STACK.replace("image: app", "image: wlc-moved-app");
    let directory = Directory::new("moved", &[("compose.yaml", &text)]);
    let tag = stage.tag("wlc-moved-app");
    let compose = |arguments: &[&str]| {
        let mut command = Command::new(Compose::Newer.program().unwrap());
        command.current_dir(&directory.0).args(["-p", &stage.project]).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    compose(&["up", "-d"]);
    let desired = stage.desired(0, &STACK.replace("['app:ro']", "[app]"));
    let plan = stage.plan(&desired);
    assert!(plan.is_unchanged(), "{}", shown(&plan));

    // Docker Compose makes the one anew; what it leaves behind is brought back to it.
    compose(&["up", "-d", "--force-recreate", "--no-deps", "app"]);
    drop(tag);
    let plan = shown(&stage.plan(&desired));
    assert!(plan.contains("replace service spaces: "), "{plan}");
    assert!(plan.contains("keep service app"), "{plan}");
    stage.deploy("third", &desired);
    assert!(same(&stage, "net", "net", "app") && same(&stage, "pid", "spaces", "app"));
    assert!(stage.plan(&desired).is_unchanged());
}
