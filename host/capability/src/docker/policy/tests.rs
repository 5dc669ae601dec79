//! Tests of the policy, without an engine: every danger is refused, and allowed by its name alone.

use serde_json::json;

use super::pretended::Pretended;
use super::*;

impl Pretended {
    fn allowing(dangers: &[&str]) -> Self {
        let mut pretended = Self::new();
        pretended.grant.allow = dangers.iter().map(|danger| (*danger).to_owned()).collect();
        pretended
    }

    fn container(&self, body: &Value) -> Result<References, Failure> {
        self.policy().container(body)
    }

    fn host(&self, field: &str, value: &Value) -> Result<References, Failure> {
        self.container(&json!({ "Image": "a", "HostConfig": { field: value } }))
    }
}

fn names(items: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    items.iter().map(|(name, field)| ((*name).to_owned(), (*field).to_owned())).collect()
}

#[test]
fn every_danger_is_refused_by_name_and_allowed_by_name() {
    let custom_profile = r#"seccomp={"defaultAction":"SCMP_ACT_ALLOW"}"#;
    let dangers = [
        ("privileged", "Privileged", json!(true)),
        ("host-network", "NetworkMode", json!("host")),
        ("host-pid", "PidMode", json!("host")),
        ("host-ipc", "IpcMode", json!("host")),
        ("host-uts", "UTSMode", json!("host")),
        ("host-userns", "UsernsMode", json!("host")),
        ("host-cgroupns", "CgroupnsMode", json!("host")),
        ("cap-add:NET_ADMIN", "CapAdd", json!(["NET_ADMIN"])),
        ("cap-add:NET_ADMIN", "CapAdd", json!(["CHOWN", "cap_net_admin"])),
        ("cap-add:ALL", "CapAdd", json!(["all"])),
        ("device:/dev/fuse", "Devices", json!([{ "PathOnHost": "/dev/fuse", "PathInContainer": "/dev/null" }])),
        ("device-requests", "DeviceRequests", json!([{ "Driver": "nvidia", "Count": -1 }])),
        ("device-cgroup-rules", "DeviceCgroupRules", json!(["a *:* rwm"])),
        ("security-opt:seccomp=unconfined", "SecurityOpt", json!(["seccomp=unconfined"])),
        ("security-opt:apparmor=unconfined", "SecurityOpt", json!(["apparmor:unconfined"])),
        ("security-opt:label=disable", "SecurityOpt", json!(["label:disable"])),
        ("security-opt:systempaths=unconfined", "SecurityOpt", json!(["systempaths=unconfined"])),
        ("security-opt:no-new-privileges=false", "SecurityOpt", json!(["no-new-privileges:false"])),
        ("security-opt:seccomp=custom", "SecurityOpt", json!([custom_profile])),
        ("docker-socket", "Binds", json!(["/var/run/docker.sock:/var/run/docker.sock"])),
        ("docker-socket", "Binds", json!(["/var/run/docker.sock:/s:ro"])),
        ("docker-socket", "Mounts", json!([{ "Type": "bind", "Source": "/run/docker.sock", "Target": "/s" }])),
        ("docker-socket", "Binds", json!(["/srv/kudos/sock:/s"])),
        ("mount-propagation", "Binds", json!(["/srv/kudos/a:/a:rshared"])),
        ("relabel", "Binds", json!(["/srv/kudos/a:/a:Z"])),
        (
            "mount-propagation",
            "Mounts",
            json!([{ "Type": "bind", "Source": "/srv/kudos/a", "Target": "/a", "BindOptions": { "Propagation": "shared" } }]),
        ),
        ("mount-type:npipe", "Mounts", json!([{ "Type": "npipe", "Source": "a", "Target": "/a" }])),
        ("volume-driver:rclone", "VolumeDriver", json!("rclone")),
        (
            "volume-driver:rclone",
            "Mounts",
            json!([{ "Type": "volume", "Target": "/a", "VolumeOptions": { "DriverConfig": { "Name": "rclone" } } }]),
        ),
        ("sysctl:kernel.core_pattern", "Sysctls", json!({ "kernel.core_pattern": "|/x" })),
        ("runtime:nvidia", "Runtime", json!("nvidia")),
        ("cgroup-parent", "CgroupParent", json!("/")),
        ("cgroup-parent", "Cgroup", json!("container:x")),
        ("oom-score-adj", "OomScoreAdj", json!(-1000)),
        ("oom-kill-disable", "OomKillDisable", json!(true)),
        ("log-driver:syslog", "LogConfig", json!({ "Type": "syslog", "Config": {} })),
        ("annotation:run.oci.hooks.stderr", "Annotations", json!({ "run.oci.hooks.stderr": "/etc/x" })),
        ("storage-option:dm.basesize", "StorageOpt", json!({ "dm.basesize": "1" })),
        ("unmasked-paths", "MaskedPaths", json!([])),
        ("unmasked-paths", "ReadonlyPaths", json!(["/proc/bus"])),
        ("cpu-realtime", "CpuRealtimeRuntime", json!(950_000)),
    ];
    for (danger, field, value) in dangers {
        let failure = Pretended::new().host(field, &value).unwrap_err();
        assert_eq!(failure.code, "capability-denied", "{field} {value}: {failure:?}");
        for part in ["`strategy-compose`", "`kudos`", field] {
            assert!(failure.message.contains(part), "{part}: {failure:?}");
        }
        let lines = failure.details.unwrap()["grant"].as_str().unwrap().to_owned();
        let quoted = toml::Value::String(danger.to_owned()).to_string();
        assert!(lines.contains(&quoted), "{field} {value}: {lines}");
        assert!(toml::from_str::<toml::Table>(&lines).is_ok(), "{lines}");
        // What the lines say, the operator's file takes.
        danger.parse::<windlass_config::Allowance>().unwrap();
        let allowed = Pretended::allowing(&[danger]).host(field, &value);
        assert!(allowed.is_ok(), "{danger}: {field} {value}: {allowed:?}");
    }
}

#[test]
fn one_word_allows_all_annotations_and_another_one_alone() {
    let two = json!({ "org.a": "1", "org.b": "2" });
    let failure = Pretended::allowing(&["annotation:org.a"]).host("Annotations", &two).unwrap_err();
    assert!(failure.message.contains("`HostConfig.Annotations.org.b` = `2`"), "{failure:?}");
    Pretended::allowing(&["annotation:org.a", "annotation:org.b"]).host("Annotations", &two).unwrap();
    Pretended::allowing(&["annotations"]).host("Annotations", &two).unwrap();
}

#[test]
fn the_lines_to_add_are_exact() {
    let mut pretended = Pretended::allowing(&["host-network"]);
    pretended.scope.plugin_digest = Some("sha256:00".to_owned());
    let failure = pretended.host("Privileged", &json!(true)).unwrap_err();
    let lines = "[[grants]]\nplugin = \"strategy-compose\"\ndigest = \"sha256:00\"\napplications = [\"kudos\"]\n\
                 docker-write = { bind-roots = [\"/srv/kudos\"], allow = [\"host-network\", \"privileged\"] }\n";
    assert_eq!(failure.details.unwrap()["grant"], lines);
}

#[test]
fn a_field_that_is_not_known_is_refused_by_name() {
    let failure = Pretended::new().host("Privilegd", &json!(true)).unwrap_err();
    assert!(failure.message.contains("`HostConfig.Privilegd`"), "{failure:?}");
    assert_eq!(failure.details.unwrap()["hint"], "did you mean `Privileged`?");
    // The engine ignores case, so an odd spelling is a way around a list of names.
    for body in [
        json!({ "hostConfig": { "privileged": true } }),
        json!({ "HostConfig": { "privileged": true } }),
        json!({ "HostConfig": { "CpuCount": 2 } }),
        json!({ "HostConfig": { "ContainerIDFile": "/etc/x" } }),
        json!({ "HostConfig": { "Mounts": [{ "Type": "tmpfs", "Target": "/a", "ClusterOptions": { "a": 1 } }] } }),
        json!({ "HostConfig": { "LogConfig": { "type": "syslog" } } }),
        json!({ "NetworkingConfig": { "Other": { "a": 1 } } }),
        json!({ "NetworkingConfig": { "EndpointsConfig": { "a": { "NetworkID": "other" } } } }),
        json!({ "OnBuild": ["RUN x"] }),
    ] {
        assert_eq!(Pretended::new().container(&body).unwrap_err().code, "capability-denied", "{body}");
    }
}

#[test]
fn a_wrong_type_is_never_taken_for_nothing() {
    for (field, value) in [
        ("Privileged", json!("true")),
        ("CapAdd", json!("SYS_ADMIN")),
        ("Binds", json!("/:/host")),
        ("Mounts", json!({ "Type": "bind" })),
        ("Mounts", json!([{ "Source": "/" }])),
        ("NetworkMode", json!(["host"])),
        ("Devices", json!([{}])),
        ("SecurityOpt", json!([1])),
        ("OomScoreAdj", json!("-1000")),
    ] {
        assert!(Pretended::new().host(field, &value).is_err(), "{field} {value}");
    }
    for body in [json!([]), json!("x"), json!({ "HostConfig": [] }), json!({ "Labels": { "a": 1 } })] {
        assert_eq!(Pretended::new().container(&body).unwrap_err().code, "invalid-argument", "{body}");
    }
}

#[test]
fn an_ordinary_service_is_allowed() {
    let body = json!({
        "Image": "web@sha256:00", "Env": ["A={{windlass.secret:db@00}}"], "Cmd": ["serve"], "User": "1000",
        "Labels": { "com.docker.compose.project": "kudos", "com.docker.compose.service": "web" },
        "ExposedPorts": { "80/tcp": {} }, "StopSignal": "SIGTERM", "StopTimeout": 10, "MacAddress": "",
        "Healthcheck": { "Test": ["CMD", "true"] },
        "HostConfig": {
            "PortBindings": { "80/tcp": [{ "HostPort": "8080" }] }, "RestartPolicy": { "Name": "always" },
            "NetworkMode": "kudos_default", "CapDrop": ["ALL"], "CapAdd": ["NET_BIND_SERVICE", "CAP_CHOWN"],
            "SecurityOpt": ["no-new-privileges:true"], "ReadonlyRootfs": true, "Tmpfs": { "/tmp": "" },
            "Sysctls": { "net.core.somaxconn": "1024" }, "LogConfig": { "Type": "json-file", "Config": {} },
            "IpcMode": "private", "PidMode": "", "Privileged": false, "Devices": [], "OomScoreAdj": 500,
            "Binds": ["data:/data", "/srv/kudos/files:/files:ro", "/srv/kudos:/all"],
            "Mounts": [
                { "Type": "volume", "Source": "cache", "Target": "/cache", "VolumeOptions": { "NoCopy": true } },
                { "Type": "bind", "Source": "{{windlass.bundle}}/conf/a.conf", "Target": "/a.conf", "ReadOnly": true },
                { "Type": "bind", "Source": "{{windlass.secret:db@00}}", "Target": "/run/secrets/db", "ReadOnly": true },
                { "Type": "bind", "Source": "{{windlass.content:aGk=}}", "Target": "/hi", "ReadOnly": true },
                { "Type": "tmpfs", "Target": "/run" },
            ],
        },
        "NetworkingConfig": { "EndpointsConfig": { "kudos_default": { "Aliases": ["web"] } } },
    });
    let references = Pretended::new().container(&body).unwrap();
    assert_eq!(references.networks, BTreeSet::from(["kudos_default".to_owned()]));
    assert_eq!(references.volumes, BTreeSet::from(["cache".to_owned(), "data".to_owned()]));
    assert_eq!(references.containers, BTreeSet::new());
}

#[test]
fn what_the_engine_fills_in_itself_is_allowed() {
    let body = json!({ "HostConfig": {
        "MaskedPaths": ["/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
            "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/more"],
        "ReadonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        "Runtime": "runc", "Cgroup": "", "CpuCount": 0, "Isolation": "", "ContainerIDFile": "", "Links": null,
    } });
    Pretended::new().container(&body).unwrap();
}

#[test]
fn a_body_never_shortens_what_the_engine_hides() {
    let throttle = "/sys/devices/system/cpu/cpu0/thermal_throttle";
    let sent = |pretended: &Pretended, masked: &Value| {
        let mut body = json!({ "HostConfig": { "MaskedPaths": masked, "ReadonlyPaths": known::READ_ONLY } });
        pretended.container(&body).unwrap();
        pretended.policy().hide_as_the_engine_does(&mut body, &[throttle.to_owned()]);
        body["HostConfig"].as_object().unwrap().clone()
    };
    // What an engine filled in, old or new, is left to the engine that gets it.
    let newer: Vec<&str> = known::MASKED.iter().chain(known::MASKED_SINCE).copied().chain([throttle]).collect();
    for masked in [json!(known::MASKED), json!(newer)] {
        let host = sent(&Pretended::new(), &masked);
        assert!(host.is_empty(), "{host:?}");
    }
    // More than that is kept, with everything else that engines hide.
    let more: Vec<&str> = known::MASKED.iter().copied().chain(["/more"]).collect();
    let host = sent(&Pretended::new(), &json!(more));
    let hidden: Vec<&str> = host["MaskedPaths"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for path in newer.iter().chain(&["/more"]) {
        assert!(hidden.contains(path), "{path}: {hidden:?}");
    }
    // The operator's word opens it as it is written.
    let host = sent(&Pretended::allowing(&["unmasked-paths"]), &json!(["/proc/kcore"]));
    assert_eq!(host["MaskedPaths"], json!(["/proc/kcore"]));
    for missing in known::MASKED {
        let fewer: Vec<&&str> = newer.iter().filter(|path| *path != missing).collect();
        assert!(Pretended::new().host("MaskedPaths", &json!(fewer)).is_err(), "{missing}");
    }
}

#[test]
fn other_containers_are_named_for_the_caller_to_look_at() {
    for (field, value) in [
        ("NetworkMode", json!("container:other")),
        ("PidMode", json!("container:other")),
        ("IpcMode", json!("container:other")),
        ("VolumesFrom", json!(["other:ro"])),
        ("Links", json!(["/other:alias"])),
    ] {
        let references = Pretended::new().host(field, &value).unwrap();
        assert_eq!(references.containers, names(&[("other", &format!("HostConfig.{field}"))]));
    }
    let body = json!({ "NetworkingConfig": { "EndpointsConfig": { "host": {}, "bridge": {} } } });
    assert_eq!(Pretended::new().container(&body).unwrap().networks, BTreeSet::from(["host".to_owned()]));
}

#[test]
fn an_object_cannot_be_put_into_another_application() {
    let labels = json!({ "com.docker.compose.project": "other" });
    let pretended = Pretended::new();
    assert!(pretended.container(&json!({ "Labels": labels })).is_err());
    assert!(pretended.policy().network(&json!({ "Name": "n", "Labels": labels })).is_err());
    assert!(pretended.policy().volume(&json!({ "Name": "v", "Labels": labels })).is_err());
    // A mount makes a volume as well, and the host writes none of its own labels there.
    for labels in [
        labels,
        json!({ "windlass.application": "other" }),
        json!({ "windlass.application": "kudos" }),
        json!({ "windlass.deployment": "d1" }),
        json!({ "windlass.anything": "" }),
        json!({ "com.docker.volume.anonymous": "" }),
        json!({ "a": 1 }),
    ] {
        for source in ["", "data"] {
            let mount =
                json!([{ "Type": "volume", "Source": source, "Target": "/t", "VolumeOptions": { "Labels": labels } }]);
            assert!(pretended.host("Mounts", &mount).is_err(), "{labels}");
        }
    }
    assert!(
        pretended.policy().volume(&json!({ "Name": "v", "Labels": { "com.docker.volume.anonymous": "" } })).is_err()
    );
    let harmless = json!([{ "Type": "volume", "Target": "/t", "VolumeOptions": { "Labels": {
        "team": "a", "com.docker.compose.project": "kudos" } } }]);
    pretended.host("Mounts", &harmless).unwrap();
}

#[test]
fn updates_change_limits_and_restarts_alone() {
    let pretended = Pretended::allowing(&["privileged"]);
    let policy = pretended.policy();
    policy.update(&json!({ "RestartPolicy": { "Name": "no" }, "Memory": 1, "NanoCpus": 1 })).unwrap();
    for body in [
        json!({ "Privileged": true }),
        json!({ "Devices": [{ "PathOnHost": "/dev/sda" }] }),
        json!({ "DeviceCgroupRules": ["a *:* rwm"] }),
        json!({ "CgroupParent": "/" }),
        json!({ "Unheard": 1 }),
    ] {
        assert_eq!(policy.update(&body).unwrap_err().code, "capability-denied", "{body}");
    }
}

#[test]
fn what_stays_within_a_container_needs_no_word() {
    let body = json!({
        "Image": "a", "Hostname": "h", "Domainname": "d", "MacAddress": "02:42:ac:11:65:43", "Tty": true, "OpenStdin": true,
        "StopTimeout": 3, "Healthcheck": { "Test": ["NONE"], "Interval": 5 },
        "HostConfig": {
            "NetworkMode": "kudos_n", "IpcMode": "shareable", "CgroupnsMode": "private", "Runtime": "runc",
            "Ulimits": [{ "Name": "nofile", "Soft": 1, "Hard": 2 }], "Sysctls": { "net.core.somaxconn": "1024" },
            "ShmSize": 1, "Dns": ["8.8.8.8"], "DnsOptions": ["use-vc"], "DnsSearch": ["a"], "GroupAdd": ["5"],
            "OomScoreAdj": 10, "CpuPeriod": 1, "CpuQuota": 1, "MemorySwappiness": 1, "BlkioWeight": 300,
            "BlkioDeviceReadBps": [{ "Path": "/dev/a", "Rate": 1 }], "StorageOpt": { "size": "1G" },
            "SecurityOpt": ["no-new-privileges:true"], "CapDrop": ["ALL"], "CapAdd": ["CHOWN"],
        },
        "NetworkingConfig": { "EndpointsConfig": { "kudos_n": {
            "Aliases": ["web"],
            "IPAMConfig": { "IPv4Address": "10.9.0.5", "IPv6Address": "fd00::5" },
        } } },
    });
    let references = Pretended::new().container(&body).unwrap();
    assert_eq!(references.networks, BTreeSet::from(["kudos_n".to_owned()]));
}

#[test]
fn sysctls_of_a_connection_are_those_of_its_interface() {
    let connection = |sysctls: &str| {
        let options = json!({ "com.docker.network.endpoint.sysctls": sysctls });
        json!({ "NetworkingConfig": { "EndpointsConfig": { "front": { "DriverOpts": options } } } })
    };
    Pretended::new().container(&connection("net.ipv4.conf.IFNAME.forwarding=1")).unwrap();
    for wrong in [
        "",
        "kernel.core_pattern=x",
        "net.ipv4.ip_forward=1",
        "net.ipv4.conf.IFNAME.forwarding=1,kernel.core_pattern=x",
    ] {
        assert!(Pretended::new().container(&connection(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn networks_are_bridges_of_this_host() {
    let body = json!({
        "Name": "kudos_default", "Driver": "bridge", "CheckDuplicate": true, "Internal": true, "Attachable": false,
        "IPAM": { "Driver": "default", "Config": [{ "Subnet": "10.9.0.0/24", "Gateway": "10.9.0.1" }] },
        "Options": { "com.docker.network.driver.mtu": "1400" }, "Labels": { "com.docker.compose.network": "default" },
    });
    Pretended::new().policy().network(&body).unwrap();
    for (danger, body) in [
        ("network-driver:host", json!({ "Driver": "host" })),
        ("network-driver:macvlan", json!({ "Driver": "macvlan" })),
        ("network-driver:ipvlan", json!({ "Driver": "ipvlan" })),
        ("network-driver:overlay", json!({ "Driver": "overlay" })),
        (
            "network-option:com.docker.network.bridge.name",
            json!({ "Options": { "com.docker.network.bridge.name": "docker0" } }),
        ),
        ("network-option:parent", json!({ "Options": { "parent": "eth0" } })),
        ("ipam-driver:dhcp", json!({ "IPAM": { "Driver": "dhcp" } })),
    ] {
        let failure = Pretended::new().policy().network(&body).unwrap_err();
        assert!(failure.details.unwrap()["grant"].as_str().unwrap().contains(danger), "{body}");
        danger.parse::<windlass_config::Allowance>().unwrap();
        Pretended::allowing(&[danger]).policy().network(&body).unwrap();
    }
    for body in [json!({ "Ingress": true }), json!({ "ConfigOnly": true }), json!({ "Scope": "swarm" })] {
        assert!(Pretended::new().policy().network(&body).is_err(), "{body}");
    }
    let mut references = References::default();
    let endpoint = json!({ "Aliases": ["web"], "Links": ["other:db"] });
    Pretended::new().policy().endpoint("EndpointConfig", "kudos_n", &endpoint, &mut references).unwrap();
    assert_eq!(references.containers, names(&[("other", "EndpointConfig.Links")]));
    let endpoint = json!({ "DriverOpts": { "com.docker.network.endpoint.sysctls": "net.ipv4.ip_forward=1" } });
    assert!(Pretended::new().policy().endpoint("EndpointConfig", "kudos_n", &endpoint, &mut references).is_err());
}

mod mounts;
