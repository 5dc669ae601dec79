//! The battery: what a team, a plugin, or a user at the command line could try, a line for each, with the words that
//! refuse it.
//!
//! An attack that you think of is one more line in one of these tables. Whatever needs more than a line (two containers,
//! a second application, a server) is a test of its own; `docs/security.md` says where.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use windlass_stage::{BUSYBOX, docker};
use windlass_tests::Small;

use crate::docker_capability::support::Application;

/// What a Compose file could ask for: lines of the service `web`, lines of the file, and words of the refusal.
const COMPOSE: &[(&str, &str, &str)] = &[
    // The host itself.
    ("privileged: true", "", "`HostConfig.Privileged`"),
    ("network_mode: host", "", "host-network"),
    ("pid: host", "", "host-pid"),
    ("ipc: host", "", "host-ipc"),
    ("uts: host", "", "host-uts"),
    ("userns_mode: host", "", "host-userns"),
    ("cgroup: host", "", "host-cgroupns"),
    ("cap_add: [SYS_ADMIN]", "", "cap-add:SYS_ADMIN"),
    ("cap_add: [ALL]", "", "cap-add:ALL"),
    ("devices: [/dev/sda]", "", "device:/dev/sda"),
    ("device_cgroup_rules: ['b *:* rwm']", "", "device-cgroup-rules"),
    ("security_opt: ['seccomp=unconfined']", "", "seccomp=unconfined"),
    ("security_opt: ['apparmor=unconfined']", "", "apparmor=unconfined"),
    ("security_opt: ['systempaths=unconfined']", "", "unmasked-paths"),
    ("sysctls: { kernel.core_pattern: '|/x' }", "", "sysctl:kernel.core_pattern"),
    ("cgroup_parent: /", "", "cgroup-parent"),
    ("runtime: evil", "", "runtime:evil"),
    ("oom_score_adj: -1000", "", "oom-score-adj"),
    ("logging: { driver: syslog }", "", "log-driver:syslog"),
    // Its files.
    ("volumes: ['/:/host']", "", "/"),
    ("volumes: ['/etc/shadow:/x:ro']", "", "bind-roots"),
    ("volumes: ['/var/run/docker.sock:/s']", "", "docker-socket"),
    ("volumes: ['/run:/run:ro']", "", "docker-socket"),
    ("volumes: ['/var/lib/docker:/d:ro']", "", "engine's data"),
    ("volumes: ['/proc/1/root:/x']", "", "/proc/1/root"),
    ("volumes: ['../../../../../../etc:/e']", "", "/etc"),
    ("volumes: [{ type: bind, source: /etc, target: /e, bind: { propagation: shared } }]", "", "mount-propagation"),
    ("env_file: [/etc/shadow]", "", "outside"),
    ("env_file: ['../../../../../../etc/shadow']", "", "leaves the release's directory"),
    ("extends: { file: ../../other/compose.yaml, service: web }", "", "leaves the release's directory"),
    ("secrets: [s]", "secrets: { s: { file: /etc/shadow } }", "bind-roots"),
    ("configs: [c]", "configs: { c: { file: ../../../etc/shadow } }", "leaves the release's directory"),
    ("", "include: [../../other/compose.yaml]", "leaves the release's directory"),
    ("volumes: ['vol:/v']", "volumes: { vol: { driver_opts: { type: none, o: bind, device: / } } }", "device"),
    ("volumes: ['vol:/v']", "volumes: { vol: { driver_opts: { type: none, o: 'bind,ro,rw', device: /srv } } }", "`rw`"),
    (
        "volumes: ['vol:/v']",
        "volumes: { vol: { driver_opts: { type: nfs, o: addr=10.0.0.1, device: ':/x' } } }",
        "volume-type:nfs",
    ),
    ("volumes: ['vol:/v']", "volumes: { vol: { driver: evil } }", "volume-driver:evil"),
    (
        "volumes: ['vol:/v']",
        "volumes: { vol: { external: true, name: wlsmall-battery-other } }",
        "wlsmall-battery-other",
    ),
    // Others' addresses.
    ("networks: [n]", "networks: { n: { ipam: { config: [{ subnet: 8.8.8.0/24 }] } } }", "8.8.8.0/24"),
    ("networks: [n]", "networks: { n: { ipam: { config: [{ subnet: 127.0.0.0/8 }] } } }", "127.0.0.0/8"),
    ("networks: [n]", "networks: { n: { ipam: { config: [{ subnet: 169.254.169.0/24 }] } } }", "169.254.169.0/24"),
    ("networks: [n]", "networks: { n: { ipam: { config: [{ subnet: 0.0.0.0/0 }] } } }", "0.0.0.0/0"),
    ("networks: [n]", "networks: { n: { ipam: { config: [{ subnet: 100.64.0.0/16 }] } } }", "100.64.0.0/16"),
    (
        "networks: [n]",
        "networks: { n: { enable_ipv6: true, ipam: { config: [{ subnet: '2001:4860::/64' }] } } }",
        "2001:4860::/64",
    ),
    ("networks: [n]", "networks: { n: { ipam: { config: [{ subnet: 10.77.0.0/24, gateway: 8.8.8.8 }] } } }", "8.8.8.8"),
    ("networks: [n]", "networks: { n: { driver: macvlan, driver_opts: { parent: eth0 } } }", "network-driver:macvlan"),
    ("networks: [n]", "networks: { n: { driver: host } }", "host"),
    ("networks: [n]", "networks: { n: { external: true, name: bridge } }", "bridge"),
    (
        "networks: [n]",
        "networks: { n: { driver_opts: { com.docker.network.bridge.name: docker0 } } }",
        "network-option:",
    ),
    // Others' containers.
    ("network_mode: 'container:wlsmall-battery-foreign'", "", "wlsmall-battery-foreign"),
    ("volumes_from: ['container:wlsmall-battery-foreign']", "", "wlsmall-battery-foreign"),
];

#[test]
fn what_a_compose_file_asks_for_is_refused_before_anything_is_touched() -> Result<()> {
    let small = Small::running("battery")?;
    let foreign = "wlsmall-battery-foreign";
    docker(["rm", "-f", foreign]).ok();
    docker(["create", "--name", foreign, BUSYBOX, "true"])?;
    let (before, good) = (small.world()?, small.compose());
    let mut wrong = Vec::new();
    for (service, file, words) in COMPOSE {
        small.write("compose.yaml", format!("{good}    {service}\n{file}\n"))?;
        let run = small.deploy(&[])?;
        let said = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        if !matches!(run.code, 3 | 10 | 17) || !said.contains(words) {
            wrong.push(format!("`{service}` `{file}`: exit code {}, and no {words:?} in: {said}", run.code));
        }
        ensure!(small.world()? == before, "`{service}` `{file}` touched something");
    }
    docker(["rm", "-f", foreign])?;
    ensure!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    small.write("compose.yaml", &good)?;
    small.serves("1")
}

/// What a strategy could send to the engine that no Compose file can say: kind, body, and words of the refusal.
fn bodies() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        // Fields that the engine would read in another spelling, and that it may learn.
        ("container", json!({ "Image": "none", "hostconfig": { "Privileged": true } }), "hostconfig"),
        ("container", json!({ "Image": "none", "HostConfig": { "privileged": true } }), "privileged"),
        ("container", json!({ "Image": "none", "HostConfig": { "NewInDocker99": true } }), "NewInDocker99"),
        ("container", json!({ "Image": "none", "HostConfig": { "Privileged": 1 } }), "Privileged"),
        ("container", json!({ "Image": "none", "HostConfig": { "MaskedPaths": [] } }), "MaskedPaths"),
        ("container", json!({ "Image": "none", "HostConfig": { "ReadonlyPaths": null } }), ""),
        ("container", json!({ "Image": "none", "HostConfig": { "Binds": ["/srv/..//etc:/e"] } }), "without `..`"),
        (
            "container",
            json!({ "Image": "none", "HostConfig": { "Binds": ["{{windlass.bundle}}/../../key:/k:ro"] } }),
            "placeholder",
        ),
        (
            "container",
            json!({ "Image": "none", "HostConfig": { "Mounts": [{ "Type": "npipe", "Target": "/x" }] } }),
            "npipe",
        ),
        (
            "container",
            json!({ "Image": "none", "HostConfig": { "Mounts": [{ "Type": "image", "Source": "b", "Target": "/x" }] } }),
            "image",
        ),
        ("container", json!({ "Image": "none", "HostConfig": { "PidMode": "container:other" } }), "other"),
        ("container", json!({ "Image": "none", "Labels": { "com.docker.compose.project": "other" } }), "other"),
        ("network", json!({ "Name": "n", "Driver": "null" }), "network-driver:null"),
        ("network", json!({ "Name": "n", "Scope": "swarm" }), "Scope"),
        ("network", json!({ "Name": "n", "ConfigFrom": { "Network": "x" } }), "ConfigFrom"),
        ("network", json!({ "Name": "n", "IPAM": { "Config": [{ "Subnet": "::ffff:8.8.8.0/120" }] } }), "::ffff:"),
        ("network", json!({ "Name": "n", "IPAM": { "Config": [{ "Subnet": "010.0.0.0/8" }] } }), "010.0.0.0"),
        ("network", json!({ "Name": "n", "IPAM": { "Config": [{ "Subnet": "10.0.0.0/33" }] } }), "10.0.0.0/33"),
        ("network", json!({ "Name": "n", "IPAM": { "Driver": "evil" } }), "ipam-driver:evil"),
        (
            "volume",
            json!({ "Name": "v", "Driver": "local", "DriverOpts": { "o": "bind", "device": "/etc" } }),
            "device",
        ),
        ("volume", json!({ "Name": "v", "DriverOpts": { "type": "ext4", "device": "/dev/sda1" } }), "ext4"),
        ("volume", json!({ "Name": "vol", "ClusterVolumeSpec": {} }), "ClusterVolumeSpec"),
        ("volume", json!({ "Name": "../../etc", "Driver": "local" }), "etc"),
    ]
}

#[tokio::test]
async fn what_a_strategy_sends_to_the_engine_is_refused_by_name() {
    let application = Application::new("battery");
    let strategy = application.strategy("s");
    let mut wrong = Vec::new();
    for (kind, body, words) in bodies() {
        let answer = match kind {
            "network" => strategy.create_network(&body).await.map(drop),
            "volume" => strategy.create_volume(&body).await,
            _ => strategy.create_container("wlcap-battery-never", &body).await.map(drop),
        };
        match answer {
            Ok(()) => wrong.push(format!("{kind} {body} was made")),
            Err(failure) if format!("{} {:?}", failure.message, failure.details).contains(words) => {}
            Err(failure) => wrong.push(format!("{kind} {body}: no {words:?} in {failure:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Names that mean something to a shell, a path, an option or a terminal.
const NAMES: &[&str] = &[
    "kudos;id",
    "kudos id",
    "$(id)",
    "`id`",
    "a|b",
    "a&b",
    "a>b",
    "a\nb",
    "../kudos",
    "/etc",
    "a/b",
    ".",
    "..",
    "",
    "KUDOS",
    "a'b",
    "a\"b",
    "a\\b",
    "kudos\u{1b}[2J",
    "\u{202e}kudos",
    "a*",
    "{a,b}",
    "~root",
    "%2e%2e",
];

/// Commands that take an application, with `NAME` where it stands.
const COMMANDS: &[&[&str]] = &[
    &["deploy", "NAME"],
    &["plan", "NAME"],
    &["check", "NAME"],
    &["config", "NAME"],
    &["rollback", "NAME"],
    &["resume", "NAME"],
    &["history", "NAME"],
    &["status", "NAME"],
    &["promote", "NAME", "--from", "staging"],
    &["freeze", "NAME", "--reason", "x"],
    &["unfreeze", "NAME"],
    &["pin", "NAME", "--reason", "x"],
    &["quarantine", "NAME", "1", "--reason", "x"],
    &["outbox", "list", "NAME"],
    &["release", "create", "NAME"],
];

#[test]
fn a_name_is_a_name_in_every_command() -> Result<()> {
    let small = Small::set("battery-names")?;
    let mut wrong = Vec::new();
    for command in COMMANDS {
        for name in NAMES {
            let arguments: Vec<&str> = command.iter().map(|word| if *word == "NAME" { *name } else { word }).collect();
            let run = small.host.run(&arguments)?;
            // 2: it is no name. 17: what has a `/` in it is a path, and no application is there.
            if !matches!(run.code, 2 | 17) || run.stderr.contains('\u{1b}') || run.stderr.contains('\u{202e}') {
                wrong.push(format!("{arguments:?}: exit code {}: {}", run.code, run.stderr.escape_debug()));
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    ensure!(!small.host.root().join("id").exists());
    Ok(())
}
