//! What engines tell of a container in different ways, depending on their version and on the host's kernel. No engine.

use serde_json::{Value, json};

use super::plans::{planned, running, wanted};
use crate::labels;
use crate::state::State;

/// The state as if Docker Compose had made it, with the only container's inspection changed.
fn made(text: &str, change: impl Fn(&mut Value)) -> State {
    let mut state = running(&wanted(text));
    for container in &mut state.containers {
        container.labels.retain(|key, _| !key.starts_with("windlass."));
        change(container.inspect.as_mut().unwrap());
    }
    state
}

const KEPT: &str = "keep service back: started by Docker Compose with the same configuration";

#[test]
fn a_hardware_address_is_the_same_in_the_container_and_in_its_connection() {
    let text = "services:\n  back: {image: back, mac_address: '02-42-AC-11-00-07'}\n";
    let old = |inspect: &mut Value| inspect["Config"]["MacAddress"] = json!("02:42:ac:11:00:07");
    let moved = |address: &'static str| {
        move |inspect: &mut Value| {
            inspect["Config"].as_object_mut().unwrap().remove("MacAddress");
            inspect["NetworkSettings"]["Networks"]["app_default"]["MacAddress"] = json!(address);
        }
    };
    for state in [made(text, old), made(text, moved("02:42:ac:11:00:07"))] {
        let plan = planned(&wanted(text), &state);
        assert!(plan.contains(KEPT), "{plan}");
    }
    let plan = planned(&wanted(text), &made(text, moved("02:42:ac:11:00:08")));
    assert!(plan.contains("mac_address: 02:42:ac:11:00:08 -> 02:42:ac:11:00:07"), "{plan}");
    // Every connection has an address; an address that was not requested is no difference.
    let none = "services:\n  back: {image: back}\n";
    let plan = planned(&wanted(none), &made(none, moved("02:42:ac:11:00:08")));
    assert!(plan.contains(KEPT), "{plan}");
}

#[test]
fn a_sysctl_of_the_interface_is_the_same_in_the_container_and_in_its_connection() {
    let text = "services:\n  back: {image: back, sysctls: {net.ipv4.conf.eth0.forwarding: 1, net.core.somaxconn: 5}}\n";
    let moved = |value: &'static str| {
        move |inspect: &mut Value| {
            let sysctls = inspect["HostConfig"]["Sysctls"].as_object_mut().unwrap();
            sysctls.remove("net.ipv4.conf.eth0.forwarding");
            inspect["NetworkSettings"]["Networks"]["app_default"]["DriverOpts"] = json!({
                "com.docker.network.endpoint.sysctls": format!("net.ipv4.conf.IFNAME.forwarding={value}"),
            });
        }
    };
    let plan = planned(&wanted(text), &made(text, moved("1")));
    assert!(plan.contains(KEPT), "{plan}");
    let plan = planned(&wanted(text), &made(text, moved("0")));
    assert!(
        plan.contains("sysctls changed [stop-first: sets `net.ipv4.conf.eth0.forwarding` of its interface]"),
        "{plan}"
    );
    assert!(plan.contains("  sysctls.net.ipv4.conf.eth0.forwarding: 0 -> 1"), "{plan}");
}

#[test]
fn what_the_engine_discarded_is_compared_as_it_was_asked_for() {
    let text = |level: &str, weight: u32| {
        format!(
            "services:\n  back: {{image: back, command: {level}, mem_swappiness: 10, oom_kill_disable: true, \
             blkio_config: {{weight: {weight}}}}}\n"
        )
    };
    let mut state = running(&wanted(&text("a", 300)));
    let host = state.containers[0].inspect.as_mut().unwrap()["HostConfig"].as_object_mut().unwrap();
    for key in ["MemorySwappiness", "OomKillDisable", "BlkioWeight"] {
        assert!(host.remove(key).is_some(), "{key}");
    }
    let plan = planned(&wanted(&text("b", 300)), &state);
    assert!(plan.contains("replace service back: command changed [start-first]"), "{plan}");
    let plan = planned(&wanted(&text("a", 400)), &state);
    assert!(plan.contains("replace service back: blkio_config changed"), "{plan}");
    assert!(plan.contains("  blkio_config.weight: 300 -> 400"), "{plan}");
    // Only those fields are believed.
    let inspect = state.containers[0].inspect.as_mut().unwrap();
    inspect["Config"]["Labels"][labels::ASKED] = json!("{\"Privileged\":true,\"BlkioWeight\":300}");
    let plan = planned(&wanted(&text("b", 300)), &state);
    assert!(!plan.contains("privileged"), "{plan}");
}
