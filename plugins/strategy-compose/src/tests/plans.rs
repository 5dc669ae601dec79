//! Plans as tables: what runs and what should run in, decisions and steps out. No engine.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::world::{desired, desired_with, shown};
use crate::desired::{Desired, DesiredService, Standing};
use crate::judged;
use crate::plan::{needs_inspection, plan};
use crate::state::{Container, Image, State};

const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

pub(super) fn wanted(text: &str) -> Desired {
    desired("app", &[("front", A), ("back", B)], text).unwrap_or_else(|error| panic!("{error}"))
}

/// The state after everything of `desired` was made.
pub(super) fn running(desired: &Desired) -> State {
    let mut state = images(desired, State::default());
    for service in desired.services.values() {
        let mut made = container(&service.body, &service.container, &service.image.reference);
        made.inspect.as_mut().unwrap()["NetworkSettings"] = settings(service);
        state.containers.push(made);
    }
    for network in desired.networks.values() {
        state.networks.insert(network.name.clone(), network.body.clone());
    }
    for volume in desired.volumes.values() {
        let mut body = volume.body.clone();
        body["Options"] = body["DriverOpts"].clone();
        state.volumes.insert(volume.name.clone(), body);
    }
    state
}

pub(super) fn images(desired: &Desired, mut state: State) -> State {
    for service in desired.services.values() {
        let reference = service.image.reference.clone();
        let image = Image { id: reference.clone(), config: json!({ "Env": ["PATH=/bin"] }), platform: None };
        state.images.insert(reference, Some(image));
    }
    state
}

/// What the engine says of the connections and ports of a service's container that can be reached.
pub(super) fn settings(service: &DesiredService) -> Value {
    let networks: BTreeMap<_, _> = service
        .endpoints
        .iter()
        .map(|endpoint| {
            let mut config = endpoint.config();
            config["EndpointID"] = json!(format!("{}-on-{}", service.container, endpoint.network));
            (&endpoint.network, config)
        })
        .collect();
    json!({ "Networks": networks, "Ports": service.body["HostConfig"]["PortBindings"] })
}

/// A running container that was made from a body.
fn container(body: &Value, name: &str, image: &str) -> Container {
    let mut config = body.clone();
    let environment = config["Env"].as_array_mut().unwrap();
    environment.push(json!("PATH=/bin"));
    let networks = body["NetworkingConfig"]["EndpointsConfig"].clone();
    let inspect = json!({
        "Id": format!("id-of-{name}"), "Name": format!("/{name}"), "Config": config, "HostConfig": body["HostConfig"],
        "State": { "Status": "running", "StartedAt": "2026-01-01T00:00:00Z" }, "NetworkSettings": { "Networks": networks },
    });
    let item = json!({
        "Id": format!("id-of-{name}"), "Names": [format!("/{name}")], "ImageID": image, "Image": image,
        "Labels": body["Labels"], "State": "running",
    });
    Container { inspect: Some(inspect), ..Container::read(&item, "app").unwrap() }
}

pub(super) fn planned(desired: &Desired, state: &State) -> String {
    plan(desired, state).map_or_else(|obstacles| format!("{:?}", obstacles.0), |plan| shown(&plan))
}

const TWO: &str = "services:\n  front: {image: front, depends_on: [back]}\n  back: {image: back}\n";

#[test]
fn a_first_deployment_creates_everything() {
    let desired = wanted(
        "services:\n  front: {image: front, ports: ['80:80'], depends_on: {back: {condition: service_healthy}, job: {condition: service_completed_successfully}}}\n  back: {image: back, volumes: ['data:/d'], healthcheck: {test: [CMD, 'true']}}\n  job: {image: back}\nvolumes: {data: }\n",
    );
    let state = images(&desired, State::default());
    assert_eq!(
        planned(&desired, &state),
        "create network app_default: not there yet\n\
         create volume app_data: not there yet\n\
         create service back: new in this release\n\
         create service front: new in this release\n\
         create service job: new in this release [runs to its end]\n\
         network:app_default\n\
         volume:app_data\n\
         back:create <- network:app_default volume:app_data\n\
         front:create <- network:app_default volume:app_data\n\
         job:create <- network:app_default volume:app_data\n\
         prepared <- network:app_default volume:app_data back:create front:create job:create\n\
         back:start <- prepared\n\
         back:health <- back:start\n\
         job:run <- prepared\n\
         front:start <- prepared back:health job:run\n\
         front:health <- front:start"
    );
}

#[test]
fn what_is_as_it_should_be_is_not_touched() {
    let desired = wanted(TWO);
    let state = running(&desired);
    let plan = plan(&desired, &state).unwrap();
    assert!(plan.is_unchanged());
    assert_eq!(
        shown(&plan),
        "keep network app_default: as it should be\nkeep service back: as it should be\nkeep service front: as it should be"
    );
}

#[test]
fn a_service_without_ports_and_data_is_replaced_start_first() {
    let old = wanted(TWO);
    let new = wanted(&TWO.replace("{image: back}", "{image: back, environment: {LEVEL: debug}}"));
    assert_eq!(
        planned(&new, &running(&old)),
        "keep network app_default: as it should be\n\
         replace service back: environment changed [start-first]\n  environment.LEVEL: - -> debug\n\
         keep service front: as it should be\n\
         back:create\n\
         prepared <- back:create\n\
         back:start <- prepared\n\
         back:health <- back:start\n\
         back:switch <- back:health\n\
         back:rename <- back:switch\n\
         ready <- back:switch\n\
         back:retire (meanwhile) <- ready\n\
         back:remove"
    );
}

#[test]
fn a_service_that_cannot_run_twice_is_prepared_and_then_replaced() {
    for (line, reason) in [
        ("ports: ['80:80']", "publishes port 80"),
        ("container_name: one", "has the container_name `one`"),
        ("volumes: ['data:/d']", "writes to volume `data`"),
        ("volumes: ['/srv:/d']", "writes to the host through `/d`"),
        ("x-windlass: {replace: stop-first}", "asked for by x-windlass"),
    ] {
        let text = format!("services:\n  back: {{image: back, {line}}}\nvolumes: {{data: }}\n");
        let old = wanted(&text);
        let new = wanted(&text.replace("image: back,", "image: back, command: x,"));
        let name = old.services["back"].container.clone();
        let plan = planned(&new, &running(&old));
        assert!(plan.contains(&format!("[stop-first: {reason}]")), "{plan}");
        assert!(
            plan.contains(
                "back:create\nprepared <- back:create\nback:stop <- prepared\nback:rename <- back:stop\nback:start <- back:rename"
            ),
            "{name}: {plan}"
        );
    }
    for line in [
        "volumes: ['data:/d:ro']",
        "volumes: ['data:/d'], x-windlass: {replace: start-first}",
        "tmpfs: /d",
        "ports: ['80']",
    ] {
        let text = format!("services:\n  back: {{image: back, {line}}}\nvolumes: {{data: }}\n");
        let new = wanted(&text.replace("image: back,", "image: back, command: x,"));
        let plan = planned(&new, &running(&wanted(&text)));
        assert!(plan.contains("[start-first]"), "{plan}");
    }
}

#[test]
fn what_compose_started_is_adopted_when_it_is_the_same() {
    let desired = wanted(TWO);
    let mut state = running(&desired);
    for container in &mut state.containers {
        container.labels.retain(|key, _| !key.starts_with("windlass."));
    }
    let plan = plan(&desired, &state).unwrap();
    assert!(plan.is_unchanged(), "{}", shown(&plan));
    assert!(shown(&plan).contains("started by Docker Compose with the same configuration"));

    let other = wanted(&TWO.replace("{image: back}", "{image: back, user: '7', command: [a]}"));
    let plan = planned(&other, &state);
    assert!(plan.contains("replace service back: command and user changed [start-first]"), "{plan}");
    assert!(plan.contains("user: - -> 7"), "{plan}");
}

#[test]
fn a_service_that_is_gone_is_removed_when_we_made_it() {
    let state = running(&wanted(TWO));
    let desired = wanted("services:\n  front: {image: front}\n");
    let plan = planned(&desired, &state);
    assert!(plan.contains("remove service back: no longer in the Compose files"), "{plan}");
    assert!(plan.contains("ready\nback:retire <- ready\nback:remove"), "{plan}");

    let mut foreign = state;
    for container in &mut foreign.containers {
        container.labels.retain(|key, _| !key.starts_with("windlass."));
    }
    let plan = plan_of(&desired, &foreign);
    assert!(
        plan.warnings[0].contains("container app-back-1 of service back is in no Compose file"),
        "{:?}",
        plan.warnings
    );
    assert!(plan.steps.is_empty());
}

fn plan_of(desired: &Desired, state: &State) -> windlass_domain::Plan {
    plan(desired, state).unwrap()
}

#[test]
fn jobs_run_once_for_each_configuration() {
    let text = "services:\n  front: {image: front, depends_on: {job: {condition: service_completed_successfully}}}\n  job: {image: back}\n";
    let desired = wanted(text);
    let mut state = running(&desired);
    let job = state.containers.iter_mut().find(|container| container.service == "job").unwrap();
    job.state = "exited".to_owned();
    job.inspect.as_mut().unwrap()["State"] =
        json!({ "Status": "exited", "ExitCode": 0, "StartedAt": "2026-01-01T00:00:00Z" });
    let plan = planned(&desired, &state);
    assert!(plan.contains("keep service job: ran before with the same configuration"), "{plan}");
    assert!(!plan.contains("job:run"));

    let changed = wanted(&text.replace("job: {image: back}", "job: {image: back, command: up}"));
    let plan = planned(&changed, &state);
    assert!(
        plan.contains("job:create\nprepared <- job:create\njob:rename <- prepared\njob:run <- job:rename\njob:remove"),
        "{plan}"
    );
}

#[test]
fn changed_content_of_a_mounted_file_replaces_the_container() {
    let compose = "services:\n  front: {image: front, volumes: ['./conf:/conf:ro']}\n";
    let wanted =
        |content| desired_with("app", &[("front", A)], &[("compose.yaml", compose), ("conf/a.conf", content)]).unwrap();
    let state = running(&wanted("one"));
    assert!(plan_of(&wanted("one"), &state).is_unchanged());
    let plan = planned(&wanted("three"), &state);
    assert!(plan.contains("replace service front: content of mounted files changed [start-first]"), "{plan}");
    assert!(plan.contains("  content of /conf: "), "{plan}");
}

#[test]
fn definitions_that_changed_are_refused_with_the_way_out() {
    let text = "services:\n  front: {image: front, networks: [n], volumes: ['data:/d']}\nnetworks: {n: {internal: false}}\nvolumes: {data: {driver_opts: {type: tmpfs}}}\n";
    let state = running(&wanted(text));
    for (from, to, expected) in [
        ("internal: false", "internal: true", "the network `app_n` is there with another internal"),
        ("type: tmpfs", "type: nfs", "the volume `app_data` is there with another driver_opts"),
        ("{n: {internal: false}}", "{n: {external: true, name: other}}", "the external network `other` is not there"),
    ] {
        let plan = planned(&wanted(&text.replace(from, to)), &state);
        assert!(plan.contains(expected), "{plan}");
    }
    let mut strange = state;
    strange.volumes.get_mut("app_data").unwrap()["Labels"] = json!({});
    let plan = planned(&wanted(text), &strange);
    assert!(plan.contains("the volume `app_data` exists already and belongs to another owner"), "{plan}");
}

#[test]
fn images_must_be_pinned_and_other_impossible_wishes_are_named() {
    for (text, expected) in [
        ("services: {web: {image: 'other:1'}}", "`other:1` is neither an artifact of the release nor pinned by digest"),
        ("services: {web: {image: 'other:1'}}", "[artifacts.web]\nimage = \"docker.io/library/other\"\ntag = \"1\""),
        (
            "services: {web: {image: back, ports: ['80:80'], x-windlass: {replace: start-first}}}",
            "cannot be replaced start-first: it publishes port 80",
        ),
        ("services: {web: {image: back, volumes: ['./none:/x:ro']}}", "the release has no file or directory `none`"),
        (
            "services:\n  web: {image: back, depends_on: {job: {condition: service_completed_successfully}}}\n  job: {image: back, restart: always}\n",
            "`restart: always` never lets it end",
        ),
    ] {
        let error = desired("app", &[("back", B)], text).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    let digest = format!("sha256:{}", "c".repeat(64));
    assert_eq!(
        desired("app", &[], &format!("services: {{web: {{image: 'other@{digest}'}}}}")).unwrap().services["web"]
            .image
            .reference,
        format!("docker.io/library/other@{digest}")
    );
    for (image, expected) in [
        ("other@sha256:cc", "a sha256 digest has 64 lower-case hexadecimal digits"),
        ("docker.io/Team/other", "the repository `Team/other` has upper-case letters"),
        ("https://registry.example/other", "leave out `https://`"),
    ] {
        let error = desired("app", &[], &format!("services: {{web: {{image: '{image}'}}}}")).unwrap_err();
        assert!(error.starts_with("compose.yaml:1:25: `services.web.image`: ") && error.contains(expected), "{error}");
    }
}

#[test]
fn every_element_that_changes_is_noticed_by_its_name() {
    let base = "services:\n  front: {image: front}\n  back: {image: back}\n";
    let state = running(&wanted(base));
    for (element, field) in [
        ("cap_add: [NET_ADMIN]", "cap_add.NET_ADMIN"),
        ("privileged: true", "privileged"),
        ("security_opt: ['no-new-privileges:true']", "security_opt.no-new-privileges:true"),
        ("security_opt: [systempaths=unconfined]", "security_opt.systempaths=unconfined"),
        ("devices: ['/dev/a:/dev/b:r']", "devices./dev/b"),
        ("device_cgroup_rules: ['c 1:3 mr']", "device_cgroup_rules.c 1:3 mr"),
        ("gpus: all", "gpus"),
        ("group_add: [5]", "group_add.5"),
        ("ulimits: {nofile: 5}", "ulimits.nofile"),
        ("sysctls: {net.core.somaxconn: 5}", "sysctls.net.core.somaxconn"),
        ("storage_opt: {size: 1g}", "storage_opt.size"),
        ("shm_size: 32m", "shm_size"),
        ("pid: host", "pid"),
        ("ipc: shareable", "ipc"),
        ("uts: host", "uts"),
        ("userns_mode: host", "userns_mode"),
        ("cgroup: private", "cgroup"),
        ("cgroup_parent: m", "cgroup_parent"),
        ("runtime: other", "runtime"),
        ("network_mode: host", "network_mode"),
        ("dns: 8.8.8.8", "dns"),
        ("dns_opt: [use-vc]", "dns_opt"),
        ("dns_search: a.b", "dns_search"),
        ("hostname: h", "hostname"),
        ("domainname: d", "domainname"),
        ("mac_address: '02:42:ac:11:65:43'", "mac_address"),
        ("stdin_open: true", "stdin_open"),
        ("tty: true", "tty"),
        ("links: [back]", "networks.app_default.links"),
        ("external_links: [other]", "networks.app_default.links"),
        ("networks: {default: {ipv4_address: 10.0.0.5}}", "networks.app_default.ipv4_address"),
        ("networks: {default: {ipv6_address: 'fd00::5'}}", "networks.app_default.ipv6_address"),
        ("networks: {default: {link_local_ips: [169.254.1.1]}}", "networks.app_default.link_local_ips"),
        ("networks: {default: {driver_opts: {a: b}}}", "networks.app_default.driver_opts.a"),
        ("volumes_from: ['container:other:ro']", "volumes_from.other:ro"),
        ("mem_swappiness: 10", "mem_swappiness"),
        ("oom_score_adj: 10", "oom_score_adj"),
        ("oom_kill_disable: true", "oom_kill_disable"),
        ("cpu_period: 10000", "cpu_period"),
        ("cpu_quota: 5000", "cpu_quota"),
        ("cpu_rt_period: 1400", "cpu_rt_period"),
        ("cpu_rt_runtime: 400", "cpu_rt_runtime"),
        ("blkio_config: {weight: 300}", "blkio_config.weight"),
        ("blkio_config: {device_read_bps: [{path: /dev/a, rate: 1m}]}", "blkio_config.device_read_bps./dev/a"),
        ("deploy: {restart_policy: {condition: any}}", "restart"),
        ("deploy: {resources: {reservations: {devices: [{capabilities: [tpu], count: 1}]}}}", "gpus"),
    ] {
        let changed = wanted(&base.replace("{image: front}", &format!("{{image: front, {element}}}")));
        let plan = planned(&changed, &state);
        assert!(plan.contains(&format!("\n  {field}: - -> ")), "{element}\n{plan}");
    }
}

#[test]
fn what_is_not_done_yet_is_refused_by_name() {
    let rest = "  none: {image: front, scale: 0}\nnetworks: {n: }\nvolumes: {data: }\nsecrets: {s: {external: true}}\nconfigs: {c: {content: x}}\n";
    for (element, expected) in [
        (
            "scale: 2, ports: ['80:80']",
            "`services.web.scale` is 2, but the service publishes port 80, which one container alone can have",
        ),
        ("scale: 4, ports: ['8080-8082:80']", "is 4, but 8080-8082 are 3 ports, and each container needs one"),
        ("deploy: {replicas: 501}", "`services.web.deploy.replicas` is 501, but at most 500 containers"),
        ("deploy: {mode: global}", "`services.web.deploy.mode` is `global`, which is for clusters"),
        ("post_start: [{command: x}]", "`services.web.post_start` is not supported yet"),
        ("pre_stop: [{command: x}]", "`services.web.pre_stop` is not supported yet"),
        ("network_mode: service:none", "`services.web.network_mode` is `service:none`, which has no container"),
        ("pid: service:none", "`services.web.pid` is `service:none`"),
        ("volumes_from: [none]", "`services.web.volumes_from` takes those of `none`, which has no container"),
        (
            "mac_address: '02:42:ac:11:65:42', networks: {n: {mac_address: '02:42:ac:11:65:43'}}",
            "`services.web.networks.n.mac_address` is `02:42:ac:11:65:43`, and `mac_address` of the service is \
             `02:42:ac:11:65:42`",
        ),
        (
            "volumes: [{type: volume, source: data, target: /d, volume: {subpath: ../x}}]",
            "`services.web.volumes.volume.subpath` must be a path inside the volume",
        ),
        (
            "volumes: [{type: bind, source: /d, target: /d, bind: {create_host_path: true, selinux: z, recursive: disabled}}]",
            "`services.web.volumes.bind.recursive` together with `selinux`",
        ),
        (
            "healthcheck: {test: x, start_interval: 1s}",
            "`services.web.healthcheck.start_interval` needs a `start_period` beside it",
        ),
        ("platform: linux amd64", "`services.web.platform` is `linux amd64`, not `OS/ARCHITECTURE`"),
        ("pull_policy: build", "`services.web.pull_policy` is `build`"),
        ("secrets: [s]", "`services.web.secrets` names `s`, which is external"),
        ("configs: [{source: c, mode: 04755}]", "`services.web.configs` gives `c` the mode 4755; bits beyond 0777"),
        ("configs: [{source: c, uid: www}]", "`services.web.configs` gives `c` the uid `www`, which is not a number"),
        ("security_opt: ['seccomp=profile.json']", "names the file `profile.json`, which is not supported yet"),
        ("devices: [vendor.com/a=b]", "names `vendor.com/a=b`, which is no path"),
    ] {
        let text = format!("services:\n  web: {{image: front, {element}}}\n{rest}");
        let error = desired("app", &[("front", A)], &text).unwrap_err();
        assert!(error.contains(expected), "{element}\n{error}");
    }
}

#[test]
fn two_containers_that_cannot_be_there_at_once_are_replaced_one_after_the_other() {
    for (element, reason) in [
        ("hostname: h", "has the host name `h`"),
        ("mac_address: '02:42:ac:11:65:43'", "has a hardware address of its own"),
        ("networks: {default: {ipv4_address: 10.0.0.5}}", "has the address 10.0.0.5"),
        ("network_mode: host", "shares the network of `host`"),
        ("ports: ['8080-8082:80'], scale: 2", "publishes ports of 8080-8082, which are too few for old and new"),
    ] {
        let text = format!("services: {{front: {{image: front, {element}}}}}");
        let manner = format!("{:?}", wanted(&text).services["front"].manner);
        assert!(manner.contains(reason), "{element}: {manner}");
    }
}

#[test]
fn a_container_that_crashes_again_and_again_is_stopped_before_the_new_one_starts() {
    let text = |command: &str| format!("services: {{front: {{image: front, restart: always, command: {command}}}}}");
    let (old, new) = (wanted(&text("a")), wanted(&text("b")));
    for (state, young, restarts, stops_first) in [
        ("restarting", false, 0, true),
        ("running", true, 3, true),
        // Started by a person a moment ago; restarted once, long ago.
        ("running", true, 0, false),
        ("running", false, 3, false),
    ] {
        let mut running = running(&old);
        let container = &mut running.containers[0];
        container.state = state.to_owned();
        container.is_young = young;
        container.inspect.as_mut().unwrap()["RestartCount"] = json!(restarts);
        let plan = planned(&new, &running);
        let expected = if stops_first {
            "[stop-first: ends and is restarted by the engine again and again]"
        } else {
            "[start-first]"
        };
        assert!(plan.contains(expected), "{state} {young} {restarts}\n{plan}");
    }
}

#[test]
fn a_network_is_made_and_compared_with_its_addresses() {
    let text = "services: {front: {image: front, networks: [n]}}\nnetworks: {n: {attachable: true, ipam: {config: [{subnet: 10.9.0.0/16, gateway: 10.9.0.1}]}}}\n";
    let desired = wanted(text);
    assert_eq!(
        desired.networks["n"].body["IPAM"],
        json!({ "Driver": "default", "Config": [{ "Subnet": "10.9.0.0/16", "Gateway": "10.9.0.1" }] })
    );
    let state = running(&desired);
    let moved = planned(&wanted(&text.replace("10.9.0.1}", "10.9.0.2}")), &state);
    assert!(moved.contains("the network `app_n` is there with another ipam.config"), "{moved}");
    assert!(planned(&desired, &state).starts_with("keep network app_n"));
}

#[test]
fn the_host_is_asked_about_everything_that_a_plan_would_make() {
    let text = "services:
  front: {image: front, network_mode: 'service:back', volumes: ['data:/d']}
  back: {image: back, networks: {n: {ipv4_address: 10.9.0.7}, m: {ipv4_address: 10.8.0.7}}}
networks: {n: {ipam: {config: [{subnet: 10.9.0.0/16}]}}, m: {external: true, name: proxy}}
volumes: {data: {}}
";
    let desired = wanted(text);
    let mut state = images(&desired, State::default());
    state.networks.insert("proxy".to_owned(), json!({ "Name": "proxy" }));
    let [part] = judged::parts(&desired, &plan_of(&desired, &state)).unwrap().try_into().unwrap();
    let kinds: Vec<&str> =
        part.iter().flat_map(|object| object.as_object().unwrap().keys().map(String::as_str)).collect();
    assert_eq!(kinds, ["network", "network", "volume", "container", "name", "container", "name"]);
    let names: Vec<&Value> = part.iter().filter_map(|object| object.get("name")).collect();
    assert_eq!(names, [&json!("app-back-1"), &json!("app-front-1")]);
    let containers: Vec<&Value> = part.iter().filter_map(|object| object.get("container")).collect();
    let address = |network: &str| {
        let pointer = format!("/NetworkingConfig/EndpointsConfig/{network}/IPAMConfig/IPv4Address");
        containers.iter().find_map(|body| body.pointer(&pointer)).cloned()
    };
    assert_eq!((address("app_n"), address("proxy")), (Some(json!("10.9.0.7")), Some(json!("10.8.0.7"))));
    assert!(
        containers.iter().any(|body| body["HostConfig"]["NetworkMode"] == "container:app-back-1"),
        "{containers:?}"
    );
    // Where nothing is to be done, the networks are where they are all the same.
    let state = running(&desired);
    let parts = judged::parts(&desired, &plan_of(&desired, &state)).unwrap();
    assert!(parts.len() == 1 && parts[0].iter().any(|object| object.get("network").is_some()), "{parts:?}");
}

#[test]
fn hashes_depend_on_what_matters_only() {
    let hash = |text: &str| wanted(text).services["front"].hash.clone();
    let base = hash("services: {front: {image: front, environment: {A: 1, B: 2}}}");
    assert_eq!(base, hash("services: {front: {environment: [B=2, A=1], image: 'front:v9'}}"));
    assert_ne!(base, hash("services: {front: {image: front, environment: {A: 1, B: 3}}}"));
    assert_ne!(base, hash("services: {front: {image: back, environment: {A: 1, B: 2}}}"));
}

#[test]
fn waiting_for_the_health_of_what_has_no_check_is_refused_unless_it_ran() {
    let text = |check: &str| {
        format!(
            "services:\n  front: {{image: front, depends_on: {{back: {{condition: service_healthy}}}}}}\n  back: {{image: back{check}}}\n"
        )
    };
    let refused = |check: &str, image: Value| {
        let desired = wanted(&text(check));
        let mut state = images(&desired, State::default());
        let back = &desired.services["back"].image.reference;
        state.images.get_mut(back).unwrap().as_mut().unwrap().config = json!({ "Healthcheck": image });
        plan(&desired, &state).err().map(|obstacles| obstacles.0[0].0.clone())
    };
    let none = "service front waits until back is healthy (`condition: service_healthy`), which has no health check: neither \
                the Compose file nor the image gives one";
    let off =
        "service front waits until back is healthy (`condition: service_healthy`), whose health check is switched off";
    let of_image = || json!({ "Test": ["CMD", "true"] });
    assert_eq!(refused("", Value::Null).as_deref(), Some(none));
    assert_eq!(refused("", json!({ "Test": ["NONE"] })).as_deref(), Some(none));
    assert_eq!(refused("", of_image()), None);
    assert_eq!(refused(", healthcheck: {interval: 3s}", of_image()), None);
    assert_eq!(refused(", healthcheck: {interval: 3s}", Value::Null).as_deref(), Some(none));
    assert_eq!(refused(", healthcheck: {test: [CMD, 'true']}", Value::Null), None);
    for disabled in [", healthcheck: {disable: true}", ", healthcheck: {test: [NONE]}"] {
        assert_eq!(refused(disabled, of_image()).as_deref(), Some(off));
    }

    // Its files cannot be corrected any more.
    let mut desired = wanted(&text(""));
    let state = images(&desired, State::default());
    for standing in [Standing::Runs, Standing::Back] {
        desired.standing = standing;
        assert_eq!(plan(&desired, &state).unwrap().warnings, [format!("{none}; that it runs is taken for healthy")]);
    }

    // An image that is not here says it later.
    desired.standing = Standing::First;
    let mut state = state;
    state.images.insert(desired.services["back"].image.reference.clone(), None);
    desired.services.values_mut().for_each(|service| service.image.local = false);
    let plan = plan(&desired, &state).unwrap();
    let health = plan.steps.iter().find(|step| step.id == "back:health").unwrap();
    assert_eq!(health.details["for-service"], "front");
}

#[test]
fn a_container_that_is_missing_is_not_new() {
    let mut desired = wanted(TWO);
    let mut state = running(&desired);
    state.containers.retain(|container| container.service != "back");
    for (standing, cause) in [
        (Standing::First, "new in this release"),
        (Standing::Runs, "its container is missing: it was removed by hand"),
        (Standing::Other, "there is no container of it"),
        (Standing::Back, "there is no container of it"),
    ] {
        desired.standing = standing;
        let shown = planned(&desired, &state);
        assert!(shown.contains(&format!("create service back: {cause}\n")), "{shown}");
    }
}

#[test]
fn an_application_of_many_containers_is_looked_into_where_the_list_says_that_a_network_is_missing() {
    let desired = wanted("services:\n  front: {image: front, scale: 101}\n");
    let mut state = running(&desired);
    let networks = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    for container in &mut state.containers {
        container.networks = networks(&["app_default"]);
    }
    assert_eq!(needs_inspection(&desired, &state).count(), 0);
    state.containers[7].networks = networks(&[]);
    assert_eq!(needs_inspection(&desired, &state).collect::<Vec<_>>(), [state.containers[7].id.as_str()]);
    state.containers.truncate(3);
    assert_eq!(needs_inspection(&desired, &state).count(), 3);
}

#[test]
fn ports_that_are_not_published_need_another_container() {
    let desired = wanted("services:\n  front: {image: front, ports: ['80:80']}\n");
    let mut state = running(&desired);
    state.containers[0].inspect.as_mut().unwrap()["NetworkSettings"]["Ports"] = json!({});
    let shown = planned(&desired, &state);
    let line = "replace service front: it runs, but does not publish its port 80/tcp [stop-first: ";
    assert!(shown.contains(line), "{shown}");
}
