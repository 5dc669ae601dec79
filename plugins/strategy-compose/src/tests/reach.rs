//! Containers that run and cannot be reached, on a real engine: found, repaired, and put back as they were.

use std::process::Command;

use windlass_domain::{Phase, Verdict};

use super::flow::{Stage, forth_and_back};
use super::world::{ordered, shown};
use crate::apply::{apply, undo};
use crate::engine::Engine as _;
use crate::gather::{Detail, gather};
use crate::observe::observation;
use crate::verify::verify;

const WEB: &str =
    "services:\n  web: {image: app, init: true, networks: {default: {aliases: [www]}, back: }}\nnetworks: {back: }\n";
/// Holds a port of the host, so that it stops before it is replaced.
fn publishes() -> String {
    let port = windlass_stage::free_port().unwrap();
    format!("services:\n  web: {{image: app, init: true, ports: ['127.0.0.1:{port}:80']}}\n")
}

fn docker(arguments: &[&str]) {
    let output = Command::new("docker").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_container_without_a_network_or_a_name_is_connected_again() {
    let stage = Stage::new("reach", 1);
    let desired = stage.desired(0, WEB);
    stage.deploy("first", &desired);
    let whole = stage.picture();
    let (container, network) = (format!("{}-web-1", stage.project), format!("{}_back", stage.project));
    let engine = stage.engine("look");
    let id = engine.container(&container).unwrap()["Id"].clone();

    for (with_name, cause) in [
        (false, format!("it runs, but is not connected to the network {network}")),
        (true, format!("it runs, but is not found by the name web on the network {network}")),
    ] {
        docker(&["network", "disconnect", &network, &container]);
        if with_name {
            docker(&["network", "connect", &network, &container]);
        }
        let broken = stage.picture();
        assert_ne!(broken, whole);
        let report = verify(&stage.context("v"), &engine, &desired).unwrap();
        assert_eq!(report.verdict, Verdict::Fail);
        assert!(report.summary.contains(&cause), "{}", report.summary);

        let plan = stage.plan(&desired);
        assert!(shown(&plan).contains(&format!("update service web: {cause}")), "{}", shown(&plan));
        let last = ordered(&plan, Phase::Apply).len() - 1;
        forth_and_back(&stage, "back", &plan, last, true).unwrap();
        assert_eq!(stage.picture(), broken, "undo gives what was there before");
        stage.deploy("again", &desired);
        assert_eq!(stage.picture(), whole);
        assert!(stage.plan(&desired).is_unchanged());
        assert_eq!(engine.container(&container).unwrap()["Id"], id, "it is still the same container");
    }
}

#[test]
fn an_old_container_that_lost_its_networks_while_it_was_stopped_gets_them_back() {
    let stage = Stage::new("lost", 2);
    let text = publishes();
    let first = stage.desired(0, &text);
    stage.deploy("first", &first);
    let before = stage.picture();
    let plan = stage.plan(&stage.desired(1, &text));
    let (engine, context) = (stage.engine("lost"), stage.context("lost"));
    let steps = ordered(&plan, Phase::Apply);
    let at = steps.iter().position(|step| step.id == "web:stop").unwrap();
    for step in &steps[..=at] {
        apply(&context, &engine, step).unwrap();
    }
    // As an engine leaves a container whose start failed because its port was taken.
    docker(&["network", "disconnect", &format!("{}_default", stage.project), &format!("{}-web-1", stage.project)]);
    for step in steps[..=at].iter().rev() {
        undo(&context, &engine, step).unwrap();
    }
    assert_eq!(stage.picture(), before);
    let report = verify(&context, &engine, &first).unwrap();
    assert_eq!(report.verdict, Verdict::Pass, "{report:?}");
}

#[test]
fn what_is_not_there_to_connect_to_is_no_success() {
    let stage = Stage::new("nonet", 2);
    let text = publishes();
    let first = stage.desired(0, &text);
    stage.deploy("first", &first);
    let (container, network) = (format!("{}-web-1", stage.project), format!("{}_default", stage.project));
    let (engine, context) = (stage.engine("nonet"), stage.context("nonet"));
    let plan = stage.plan(&stage.desired(1, &text));
    let steps = ordered(&plan, Phase::Apply);
    let stop = steps.iter().find(|step| step.id == "web:stop").unwrap();
    apply(&context, &engine, stop).unwrap();
    docker(&["network", "disconnect", &network, &container]);
    docker(&["network", "rm", &network]);
    undo(&context, &engine, stop).unwrap_err();

    // One that could not be reached before is put back as it was.
    stage.clear();
    stage.deploy("second", &first);
    docker(&["network", "disconnect", &network, &container]);
    let broken = stage.picture();
    let observed = observation(&gather(&engine, &stage.project, None, Detail::All).unwrap());
    let trouble = format!("it runs, but is not connected to the network {network}");
    assert_eq!(observed.parts[0].trouble.as_deref(), Some(trouble.as_str()));
    let plan = stage.plan(&stage.desired(1, &text));
    let last = ordered(&plan, Phase::Apply).len() - 1;
    forth_and_back(&stage, "third", &plan, last, false).unwrap();
    assert_eq!(stage.picture(), broken);
}
