//! Whole deployments on a real engine: every step fails, is repeated and undone.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use windlass_domain::{Phase, Plan, Verdict};
use windlass_sdk::{Context, Fixture, Result};

use super::engine::{Real, is_there};
use super::world::{desired, field, ordered};
use crate::apply::{apply, undo};
use crate::desired::Desired;
use crate::engine::Engine as _;
use crate::gather::{Detail, gather};
use crate::verify::verify;
use crate::{labels, planned, state};

/// A project on the engine that is removed in the end.
pub(super) struct Stage {
    pub(super) project: String,
    pub(super) images: Vec<String>,
}

impl Stage {
    pub(super) fn new(name: &str, images: usize) -> Self {
        assert!(is_there(), "these tests need a Docker Engine: `cargo xtask setup`");
        let stage =
            Self { project: format!("wlc-{name}"), images: (0..images).map(|number| image(name, number)).collect() };
        stage.clear();
        stage
    }

    pub(super) fn engine(&self, deployment: &str) -> Real {
        Real { project: self.project.clone(), deployment: deployment.to_owned(), bundle: "/nowhere".to_owned() }
    }

    pub(super) fn context(&self, deployment: &str) -> Context<'static> {
        Context::fixture(Fixture {
            deployment: deployment.to_owned(),
            application: self.project.clone(),
            ..Fixture::default()
        })
    }

    /// The context of a deployment that has a plan.
    pub(super) fn knows(&self, deployment: &str, plan: &Plan) -> Context<'static> {
        Context::fixture(Fixture {
            deployment: deployment.to_owned(),
            application: self.project.clone(),
            plan: Some(plan.clone()),
            ..Fixture::default()
        })
    }

    /// What should run; `version` is the image that `app` means.
    pub(super) fn desired(&self, version: usize, text: &str) -> Desired {
        desired(&self.project, &[("app", &self.images[version])], text).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(super) fn plan(&self, desired: &Desired) -> Plan {
        let engine = self.engine("plan");
        planned(desired, &gather(&engine, &self.project, Some(desired), Detail::Decisions).unwrap()).unwrap()
    }

    /// Gives the first image a name, for tools that know no ids.
    pub(super) fn tag(&self, name: &str) -> Tag {
        let output = Command::new("docker").args(["tag", &self.images[0], name]).output().unwrap();
        assert!(output.status.success());
        Tag(name.to_owned())
    }

    /// Applies, verifies and sweeps.
    pub(super) fn deploy(&self, deployment: &str, desired: &Desired) {
        let (engine, context) = (self.engine(deployment), self.context(deployment));
        let plan = self.plan(desired);
        for step in ordered(&plan, Phase::Apply) {
            apply(&context, &engine, &step).unwrap_or_else(|error| panic!("{}: {error}", step.id));
        }
        let report = verify(&self.knows(deployment, &plan), &engine, desired).unwrap();
        assert_eq!(report.verdict, Verdict::Pass, "{report:?}");
        for step in ordered(&plan, Phase::Sweep) {
            apply(&context, &engine, &step).unwrap_or_else(|error| panic!("{}: {error}", step.id));
        }
    }

    /// Everything that a person could see changed: names, states, policies, connections, networks, volumes.
    pub(super) fn picture(&self) -> BTreeSet<String> {
        let engine = self.engine("look");
        let state = gather(&engine, &self.project, None, Detail::All).unwrap();
        let mut lines: BTreeSet<String> = state
            .containers
            .iter()
            .map(|container| {
                let inspect = container.inspect.as_ref().unwrap();
                let names: Vec<_> = state::endpoints(inspect, &container.id)
                    .into_iter()
                    .map(|mut endpoint| {
                        endpoint.aliases.sort();
                        format!("{}={}", endpoint.network, endpoint.aliases.join(","))
                    })
                    .collect();
                let policy = field(inspect, "/HostConfig/RestartPolicy/Name");
                format!("{} {} {} {policy} {}", container.name, container.image_id, container.state, names.join(" "))
            })
            .collect();
        lines.extend(state.networks.keys().map(|name| format!("network {name}")));
        lines.extend(state.volumes.keys().map(|name| format!("volume {name}")));
        lines
    }

    pub(super) fn clear(&self) {
        let engine = self.engine("clear");
        for container in engine.containers().unwrap_or_default() {
            engine.clear(&container);
        }
        let resources = engine.resources().unwrap_or_default();
        for network in resources["networks"].as_array().into_iter().flatten() {
            // By id: two runs at a time may have left two networks of one name.
            let _ = engine.remove_network(field(network, "/Id"));
        }
        for volume in resources["volumes"].as_array().into_iter().flatten() {
            let _ = engine.remove_volume(field(volume, "/Name"));
        }
    }
}

/// A name of an image, while it is needed.
pub(super) struct Tag(String);

impl Drop for Tag {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["image", "rm", &self.0]).output();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.clear();
        for image in &self.images {
            let _ = Command::new("docker").args(["image", "rm", "--force", image]).output();
        }
    }
}

/// An image with a shell and nothing else, different from all others.
fn image(name: &str, number: usize) -> String {
    let script = "set -e; d=$(mktemp -d); trap 'rm -r $d' EXIT; mkdir $d/bin; cp /bin/busybox $d/bin/; \
                  for a in sh sleep true false cat echo kill; do ln -s busybox $d/bin/$a; done; echo $0 > $d/version; \
                  tar -C $d -c . | docker import -c 'ENV PATH=/bin' -c 'CMD [\"sleep\", \"600\"]' -";
    let output = Command::new("sh").args(["-c", script, &format!("{name}-{number}")]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Runs `steps` up to `last`, then undoes them newest first. With `twice`, everything is done twice.
pub(super) fn forth_and_back(stage: &Stage, deployment: &str, plan: &Plan, last: usize, twice: bool) -> Result<()> {
    let (engine, context) = (stage.engine(deployment), stage.context(deployment));
    let steps = ordered(plan, Phase::Apply);
    let times = if twice { 2 } else { 1 };
    for step in &steps[..=last] {
        for _ in 0..times {
            apply(&context, &engine, step)?;
        }
    }
    // The step after the last one was begun and has done nothing.
    let begun = steps.get(last + 1).into_iter();
    for step in begun.chain(steps[..=last].iter().rev()) {
        for _ in 0..times {
            undo(&context, &engine, step)?;
        }
    }
    Ok(())
}

const STACK: &str = "
services:
  web:
    image: app
    init: true
    restart: always
    depends_on: {data: {condition: service_healthy}, job: {condition: service_completed_successfully}}
    networks: {default: {aliases: [www]}, back: }
  data:
    image: app
    init: true
    restart: always
    volumes: ['data:/data']
    networks: [back]
    healthcheck: {test: [CMD, 'true'], interval: 1s}
  job:
    image: app
    command: ['true']
    networks: [back]
networks: {back: }
volumes: {data: }
";

#[test]
fn every_step_of_a_first_deployment_can_fail_and_be_repeated_and_nothing_is_left() {
    let stage = Stage::new("first", 1);
    let first = stage.desired(0, STACK);
    let empty = stage.picture();
    let plan = stage.plan(&first);
    for last in 0..ordered(&plan, Phase::Apply).len() {
        forth_and_back(&stage, &format!("c{last}"), &plan, last, last % 2 == 1)
            .unwrap_or_else(|error| panic!("{last}: {error}"));
        assert_eq!(stage.picture(), empty, "after step {last} of a first deployment");
    }
}

#[test]
fn every_step_of_an_update_can_fail_and_be_repeated_and_everything_is_as_before() {
    let stage = Stage::new("steps", 2);
    let first = stage.desired(0, STACK);
    stage.deploy("first", &first);
    assert!(stage.plan(&first).is_unchanged());

    let second = stage.desired(1, STACK);
    let before = stage.picture();
    let steps = ordered(&stage.plan(&second), Phase::Apply).len();
    for last in 0..steps {
        // Starting an old container again is a change that a plan sees, so each turn has its own.
        let plan = stage.plan(&second);
        forth_and_back(&stage, &format!("u{last}"), &plan, last, last % 2 == 0)
            .unwrap_or_else(|error| panic!("{last}: {error}"));
        assert_eq!(stage.picture(), before, "after step {last} of an update");
    }
    stage.deploy("second", &second);
    assert!(stage.plan(&second).is_unchanged());
    let picture = stage.picture();
    assert_eq!(picture.iter().filter(|line| line.contains(&stage.images[1])).count(), 3, "{picture:?}");
    assert!(!picture.iter().any(|line| line.contains("windlass")), "{picture:?}");
}

#[test]
fn a_container_that_is_just_being_stopped_runs_and_goes_on_running_when_that_is_undone() {
    const STUBBORN: &str = "services:\n  app:\n    image: app\n    stop_grace_period: 2s\n    \
                            x-windlass: {replace: stop-first}\n    \
                            command: [sh, -c, \"trap '' TERM; while :; do sleep 1; done\"]\n";
    let stage = Stage::new("stopping", 2);
    stage.deploy("first", &stage.desired(0, STUBBORN));
    let before = stage.picture();
    let plan = stage.plan(&stage.desired(1, STUBBORN));
    let steps = ordered(&plan, Phase::Apply);
    let at = steps.iter().position(|step| step.id == "app:stop").unwrap();
    let (engine, context) = (stage.engine("second"), stage.context("second"));
    let events = engine.subscribe().unwrap();
    for step in &steps[..at] {
        apply(&context, &engine, step).unwrap();
    }
    std::thread::scope(|scope| {
        // As when the agent ends in the middle of it: the engine goes on with what it was told.
        let stopping = scope.spawn(|| apply(&stage.context("second"), &stage.engine("second"), &steps[at]));
        while events.next(Duration::from_mins(1)).unwrap().expect("the engine sends a signal")["Action"] != "kill" {}
        for step in steps[..=at].iter().rev() {
            undo(&context, &engine, step).unwrap();
        }
        stopping.join().unwrap().unwrap();
    });
    assert_eq!(stage.picture(), before);
}

#[test]
fn the_old_version_ends_while_the_new_one_is_verified_and_only_whoever_knows_the_plan_expects_it() {
    const PLAIN: &str = "services:\n  app: {image: app, init: true, x-windlass: {drain: 1s}}\n";
    let stage = Stage::new("meanwhile", 2);
    stage.deploy("first", &stage.desired(0, PLAIN));
    let (before, engine) = (stage.picture(), stage.engine("second"));
    let name = format!("{}-app-1", stage.project);
    let began = |container: &str| {
        let inspect = engine.container(container).unwrap();
        (field(&inspect, "/State/StartedAt").to_owned(), field(&inspect, "/Id").to_owned())
    };
    let (since, old) = began(&name);

    let second = stage.desired(1, PLAIN);
    let plan = stage.plan(&second);
    let context = stage.knows("second", &plan);
    let (meanwhile, steps): (Vec<_>, Vec<_>) =
        ordered(&plan, Phase::Apply).into_iter().partition(windlass_domain::Step::is_during_verify);
    for step in &steps {
        apply(&context, &engine, step).unwrap();
    }
    // The new one has the name, and the old one still runs.
    assert_ne!(began(&name).1, old);
    assert_eq!(began(&old).0, since);
    assert_eq!(verify(&context, &engine, &second).unwrap().verdict, Verdict::Pass);
    let unexpected = verify(&stage.context("second"), &engine, &second).unwrap();
    assert_eq!(unexpected.verdict, Verdict::Fail);
    assert!(unexpected.summary.contains("runs besides what the release wants"), "{unexpected:?}");
    // Going back before it was told to stop does not touch it, and going back after that starts it again.
    let drain = steps.iter().find(|step| step.id == "app:drain").unwrap();
    undo(&context, &engine, drain).unwrap();
    assert_eq!(began(&old).0, since);
    for step in &meanwhile {
        apply(&context, &engine, step).unwrap();
    }
    for step in steps.iter().chain(&meanwhile).rev() {
        undo(&context, &engine, step).unwrap();
    }
    assert_eq!((stage.picture(), began(&name).1), (before, old));
}

#[test]
fn what_is_not_well_fails_fast_with_its_last_lines() {
    let stage = Stage::new("sick", 1);
    for (lines, expected) in [
        ("command: [sh, -c, 'echo broken pipe; exit 3']", "ended with exit code 3"),
        ("command: [sh, -c, 'echo broken pipe; exit 3'], restart: always", "restarted by the engine"),
        (
            "command: [sh, -c, 'echo broken pipe; exec sleep 600'], init: true, healthcheck: {test: [CMD, 'false'], interval: 1s, retries: 1}",
            "its health check fails: exit code 1",
        ),
    ] {
        let sick = stage.desired(0, &format!("services:\n  app: {{image: app, {lines}}}\n"));
        let plan = stage.plan(&sick);
        let (engine, context) = (stage.engine("sick"), stage.context("sick"));
        let steps = ordered(&plan, Phase::Apply);
        let mut failure = None;
        for step in &steps {
            if let Err(error) = apply(&context, &engine, step) {
                failure = Some(error);
                break;
            }
        }
        let message = match failure {
            Some(error) => {
                assert_eq!(error.details().unwrap()["logs"][0], "broken pipe");
                assert!(error.message().contains("its last line: broken pipe"), "{error}");
                error.message().to_owned()
            }
            // It ended after the first look; the settling window finds it.
            None => verify(&context, &engine, &sick).unwrap().summary,
        };
        assert!(message.contains(expected), "{message}");
        for step in steps.iter().rev() {
            undo(&context, &engine, step).unwrap();
        }
        assert!(stage.picture().is_empty());
    }
}

#[test]
fn a_job_that_fails_blocks_what_waits_for_it() {
    let stage = Stage::new("job", 1);
    let desired =
        stage.desired(0, &STACK.replace("command: ['true']", "command: [sh, -c, 'echo no such table; exit 4']"));
    let plan = stage.plan(&desired);
    let (engine, context) = (stage.engine("job"), stage.context("job"));
    let steps = ordered(&plan, Phase::Apply);
    let at = steps.iter().position(|step| step.id == "job:run").unwrap();
    for step in &steps[..at] {
        apply(&context, &engine, step).unwrap();
    }
    let error = apply(&context, &engine, &steps[at]).unwrap_err();
    assert_eq!(error.message(), "job is not well: it ended with exit code 4; its last line: no such table");
    assert!(steps[at..].iter().any(|step| step.id == "web:start"));
    for step in steps[..=at].iter().rev() {
        undo(&context, &engine, step).unwrap();
    }
    assert!(stage.picture().is_empty());
}

#[test]
fn what_compose_made_is_adopted_on_the_engine() {
    let stage = Stage::new("adopt", 1);
    let mut desired = stage.desired(0, STACK);
    let whole = desired.clone();
    // As Docker Compose would have made it: without the labels of the agent.
    for service in desired.services.values_mut() {
        let own = service.body["Labels"].as_object_mut().unwrap();
        own.retain(|key, _| !key.starts_with(labels::WINDLASS));
    }
    let (engine, context) = (stage.engine("compose"), stage.context("compose"));
    for step in ordered(&stage.plan(&desired), Phase::Apply) {
        apply(&context, &engine, &step).unwrap();
    }
    let plan = stage.plan(&whole);
    assert!(plan.is_unchanged(), "{}", super::world::shown(&plan));
    assert!(plan.changes.iter().any(|change| change.cause.contains("started by Docker Compose")));
    let report = verify(&context, &engine, &whole).unwrap();
    assert_eq!(report.verdict, Verdict::Pass, "{report:?}");
    let observed = crate::observe::observation(&gather(&engine, &stage.project, None, Detail::All).unwrap());
    assert_eq!(observed.parts.len(), 3);
    assert_eq!(observed.fingerprint, plan_fingerprint(&stage, &whole));
}

fn plan_fingerprint(stage: &Stage, desired: &Desired) -> String {
    stage.plan(desired).fingerprint
}

#[test]
fn bodies_are_the_ones_that_the_engine_keeps() {
    let stage = Stage::new("body", 1);
    let desired = stage.desired(
        0,
        "services:\n  app:\n    image: app\n    command: sleep 100\n    init: true\n    user: '0:0'\n    working_dir: /bin\n    environment: {A: 1, B: , C: x}\n    labels: {a.b: c}\n    expose: ['99']\n    ports: ['127.0.0.1::81/udp', '90-91']\n    volumes: ['data:/data', '/anon', {type: tmpfs, target: /t, tmpfs: {size: 1m, mode: 0700}}]\n    tmpfs: ['/run:size=10m']\n    healthcheck: {test: 'true', interval: 10s, timeout: 1s, retries: 2, start_period: 1s}\n    restart: on-failure:3\n    stop_signal: SIGINT\n    stop_grace_period: 3s\n    logging: {driver: json-file, options: {max-size: 1m}}\n    mem_limit: 64m\n    cpus: 0.5\n    pids_limit: 50\n    cap_drop: [ALL]\n    extra_hosts: ['h:1.2.3.4']\nvolumes: {data: }\n",
    );
    stage.deploy("body", &desired);
    assert!(stage.plan(&desired).is_unchanged());
    // Without its own labels it must still be recognised, field by field.
    let engine = stage.engine("body");
    let mut found = gather(&engine, &stage.project, Some(&desired), Detail::All).unwrap();
    for container in &mut found.containers {
        container.labels.remove(labels::HASH);
    }
    let decision = crate::plan::decide(&desired, &desired.services["app"], &found);
    assert!(decision.differences.is_empty(), "{:?}", decision.differences);
}
