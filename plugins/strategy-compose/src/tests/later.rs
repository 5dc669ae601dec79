//! What only newer engines have: refused by name where the engine is older, and what is sent and compared where it is not.
//! No engine.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::plans::running;
use super::world::{desired_in, host, release, shown};
use crate::desired::Desired;
use crate::plan::plan;

const FRONT: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn on(spoken: &str, text: &str) -> Result<Desired, String> {
    let release = release("app", &[("front", FRONT)], &[("compose.yaml", text)]);
    desired_in(spoken, &host(), &BTreeMap::from([("compose.yaml".to_owned(), text.as_bytes().to_vec())]), &release)
}

/// Something that only newer engines have.
struct Case {
    /// A line of a service, and the same without it.
    line: [&'static str; 2],
    refusal: &'static str,
    /// The last API without it, and the first with it.
    apis: [&'static str; 2],
    /// Where it is in the body, and what stands there.
    sent: [&'static str; 2],
    /// What a plan calls it.
    field: &'static str,
}

const CASES: &[Case] = &[
    Case {
        line: [
            "healthcheck: {test: x, start_period: 9s, start_interval: 1s}",
            "healthcheck: {test: x, start_period: 9s}",
        ],
        refusal: "`services.web.healthcheck.start_interval` needs Docker's API 1.44 (Docker 25.0)",
        apis: ["1.43", "1.44"],
        sent: ["/Healthcheck/StartInterval", "1000000000"],
        field: "healthcheck.start_interval",
    },
    Case {
        line: ["annotations: {a: b}", ""],
        refusal: "`services.web.annotations` needs Docker's API 1.43 (Docker 24.0)",
        apis: ["1.42", "1.43"],
        sent: ["/HostConfig/Annotations", r#"{"a":"b"}"#],
        field: "annotations.a",
    },
    Case {
        line: ["networks: {n: {gw_priority: 1}}", "networks: {n: {}}"],
        refusal: "`services.web.networks.n.gw_priority` needs Docker's API 1.48 (Docker 28.0)",
        apis: ["1.47", "1.48"],
        sent: ["/NetworkingConfig/EndpointsConfig/app_n/GwPriority", "1"],
        field: "networks.app_n.gw_priority",
    },
    Case {
        line: [
            "networks: {n: {priority: 1}, o: {mac_address: '02-42-AC-11-65-43'}}",
            "networks: {n: {priority: 1}, o: {}}",
        ],
        refusal: "`services.web.networks.o.mac_address` needs Docker's API 1.44 (Docker 25.0)",
        apis: ["1.43", "1.44"],
        sent: ["/Labels/windlass.hardware-addresses", r#""{\"app_o\":\"02-42-AC-11-65-43\"}""#],
        field: "networks.app_o.mac_address",
    },
    Case {
        line: [
            "volumes: [{type: volume, source: data, target: /d, volume: {subpath: x/y}}]",
            "volumes: [{type: volume, source: data, target: /d}]",
        ],
        refusal: "`services.web.volumes.volume.subpath` needs Docker's API 1.45 (Docker 26.0)",
        apis: ["1.44", "1.45"],
        sent: ["/HostConfig/Mounts/0/VolumeOptions", r#"{"Subpath":"x/y"}"#],
        field: "volumes./d.subpath",
    },
    Case {
        line: [
            "volumes: [{type: bind, source: /d, target: /d, read_only: true, bind: {recursive: readonly}}]",
            "volumes: [{type: bind, source: /d, target: /d, read_only: true}]",
        ],
        refusal: "`services.web.volumes.bind.recursive` needs Docker's API 1.44 (Docker 25.0)",
        apis: ["1.43", "1.44"],
        sent: ["/HostConfig/Mounts/0/BindOptions", r#"{"ReadOnlyForceRecursive":true}"#],
        field: "volumes./d.recursive",
    },
    Case {
        line: [
            "volumes: [{type: bind, source: /d, target: /d, read_only: true, bind: {recursive: writable}}]",
            "volumes: [{type: bind, source: /d, target: /d, read_only: true, bind: {recursive: enabled}}]",
        ],
        refusal: "`services.web.volumes.bind.recursive` needs Docker's API 1.44 (Docker 25.0)",
        apis: ["1.43", "1.44"],
        sent: ["/HostConfig/Mounts/0/BindOptions", r#"{"ReadOnlyNonRecursive":true}"#],
        field: "volumes./d.recursive",
    },
    Case {
        line: ["volumes: [{type: image, source: 'front:v1', target: /m, image: {subpath: x/y}}]", ""],
        refusal: "`services.web.volumes.image` needs Docker's API 1.48 (Docker 28.0)",
        apis: ["1.47", "1.48"],
        sent: [
            "/HostConfig/Mounts/0",
            r#"{"Type":"image","Target":"/m","Source":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","ImageOptions":{"Subpath":"x/y"}}"#,
        ],
        field: "volumes./m.subpath",
    },
    Case {
        line: [
            "volumes: [{type: bind, source: /d, target: /d, bind: {recursive: disabled, create_host_path: true}}]",
            "volumes: [{type: bind, source: /d, target: /d, bind: {create_host_path: true}}]",
        ],
        refusal: "`services.web.volumes.bind.recursive` needs Docker's API 1.42 (Docker 23.0)",
        apis: ["1.41", "1.42"],
        sent: ["/HostConfig/Mounts/0/BindOptions", r#"{"CreateMountpoint":true,"NonRecursive":true}"#],
        field: "volumes./d.recursive",
    },
];

#[test]
fn what_an_engine_does_not_have_is_refused_with_both_versions_and_sent_to_the_next() {
    for Case { line: [line, plain], refusal, apis: [too_old, first], sent: [pointer, expected], field } in CASES {
        let text = |line: &str| {
            format!("services:\n  web:\n    image: front\n    {line}\nnetworks: {{n: , o: }}\nvolumes: {{data: }}\n")
        };
        let error = on(too_old, &text(line)).unwrap_err();
        let engine = format!("; this engine speaks {too_old} (Docker 20.10.24)");
        for part in [refusal, engine.as_str(), "leave it out, or update the engine"] {
            assert!(error.contains(part), "{line}\n{error}");
        }

        let wanted = on(first, &text(line)).unwrap_or_else(|error| panic!("{line}\n{error}"));
        let sent = wanted.services["web"].body.pointer(pointer).unwrap_or(&Value::Null);
        assert_eq!(*sent, serde_json::from_str::<Value>(expected).unwrap(), "{line}");

        // The same again is no change; without it, the change has a name.
        let state = running(&wanted);
        assert!(shown(&plan(&wanted, &state).unwrap()).contains("keep service web"), "{line}");
        let changed = shown(&plan(&on(first, &text(plain)).unwrap(), &state).unwrap());
        assert!(changed.contains(&format!("\n  {field}: ")), "{line}\n{changed}");
    }
}

#[test]
fn a_network_without_ipv4_needs_an_engine_that_has_it() {
    let text =
        "services: {web: {image: front, networks: [n]}}\nnetworks: {n: {enable_ipv4: false, enable_ipv6: true}}\n";
    let error = on("1.47", text).unwrap_err();
    assert!(error.contains("`networks.n.enable_ipv4` needs Docker's API 1.48 (Docker 28.0)"), "{error}");
    let wanted = on("1.48", text).unwrap();
    assert_eq!(wanted.networks["n"].body["EnableIPv4"], json!(false));
    let mut state = running(&wanted);
    assert!(shown(&plan(&wanted, &state).unwrap()).contains("keep network app_n"));
    state.networks.get_mut("app_n").unwrap()["EnableIPv4"] = json!(true);
    let obstacles = plan(&wanted, &state).unwrap_err().0;
    assert!(obstacles[0].0.contains("another enable_ipv4"), "{obstacles:?}");
}
